"""The embedded encoder: rows that depend on their image alone, and the errors of its loader."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders import Encoder, load_encoder
from rfdedup.model.errors import EncoderError, InputError

Images = npt.NDArray[np.uint8]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0")


@pytest.fixture(scope="module")
def images() -> Images:
    return np.random.default_rng(3).integers(0, 256, (9, 224, 224, 3), dtype=np.uint8)


def test_rows_do_not_depend_on_batch_place_or_thread(encoder: Encoder, images: Images) -> None:
    together = encoder.embed(images)
    alone = np.concatenate([encoder.embed(images[i : i + 1]) for i in range(len(images))])
    reversed_ = encoder.embed(images[::-1])[::-1]
    with ThreadPoolExecutor(4) as threads:
        concurrent = list(threads.map(lambda _: encoder.embed(images), range(6)))
    for other in (alone, reversed_, *concurrent):
        np.testing.assert_array_equal(together, other)


def test_two_loads_return_the_same_bits(encoder: Encoder, images: Images) -> None:
    np.testing.assert_array_equal(load_encoder("efficientnet-lite0").embed(images[:2]), encoder.embed(images[:2]))


def test_encode_takes_any_sizes_and_equals_embed_of_prepared_images(encoder: Encoder) -> None:
    rng = np.random.default_rng(0)
    sizes = [(224, 224), (1, 1), (7, 900), (300, 200), *[(40, 50)] * 20]
    images = [rng.integers(0, 256, (h, w, 3), dtype=np.uint8) for h, w in sizes]
    vectors = encoder.encode(images)
    assert vectors.shape == (24, encoder.dim)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors[0], encoder.embed(images[0][None])[0])
    np.testing.assert_array_equal(vectors[3], encoder.encode([images[3]])[0])


def test_nothing_in_nothing_out(encoder: Encoder) -> None:
    assert encoder.encode([]).shape == (0, 1280)
    assert encoder.embed(np.zeros((0, 224, 224, 3), np.uint8)).shape == (0, 1280)


def test_the_result_stays_when_the_next_batch_comes(encoder: Encoder, images: Images) -> None:
    first = encoder.embed(images[:1])
    copy = first.copy()
    encoder.embed(images[1:2])
    np.testing.assert_array_equal(first, copy)


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros((1, 224, 224, 3), np.float32),
        np.zeros((1, 3, 224, 224), np.uint8),
        np.zeros((224, 224, 3), np.uint8),
    ],
)
def test_embed_refuses_other_shapes_and_types(encoder: Encoder, bad: npt.NDArray[np.generic]) -> None:
    with pytest.raises(EncoderError, match=r"takes uint8 \(n, 224, 224, 3\)"):
        encoder.embed(bad)  # type: ignore[arg-type]


def test_encode_names_the_bad_image(encoder: Encoder) -> None:
    good = np.zeros((10, 10, 3), np.uint8)
    with pytest.raises(InputError, match=r"image 1 is uint8 \(10, 10\)"):
        encoder.encode([good, good[..., 0]])


def test_errors_of_the_loader(tmp_path: Path) -> None:
    with pytest.raises(EncoderError, match=r"'resnet' is unknown; known: efficientnet-lite0.*onnx:FILE"):
        load_encoder("resnet")
    with pytest.raises(EncoderError, match="device 'tpu' is unknown"):
        load_encoder("efficientnet-lite0", device="tpu")
    with pytest.raises(EncoderError, match="precision 'fp64' is unknown"):
        load_encoder("efficientnet-lite0", precision="fp64")
    with pytest.raises(EncoderError, match="carries its own weights"):
        load_encoder("efficientnet-lite0", weights=tmp_path / "w.pth")


def test_an_object_with_the_protocol_is_an_encoder(encoder: Encoder) -> None:
    assert load_encoder(encoder) is encoder
    with pytest.raises(EncoderError, match="int has no card, dim, key"):
        load_encoder(3)  # type: ignore[arg-type]


def test_key_is_that_of_the_weights_and_not_of_the_precision(encoder: Encoder) -> None:
    assert encoder.card.weights_sha256[:16] in encoder.key
    assert load_encoder("efficientnet-lite0", precision="fp32").key == encoder.key
