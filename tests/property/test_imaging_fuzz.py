"""Damaged files: whatever happens to the bytes, the decoder returns a picture or one ``ImageError``."""

from __future__ import annotations

import contextlib
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image_samples import saved, scene
from rfdedup.features.measurement import measure
from rfdedup.imaging import ERROR_KINDS, FLAGS, DecodeLimits, decode, probe, sniff
from rfdedup.model.errors import ImageError

LIMITS = DecodeLimits(max_pixels=2_000_000)
EXAMPLES = int(os.environ.get("RFDEDUP_FUZZ_EXAMPLES", "60"))


def _seeds() -> dict[str, bytes]:
    image, other = scene(40, 28), scene(40, 28, seed=1)
    seeds = {
        "jpeg": saved(image, "JPEG", quality=80),
        "progressive": saved(image, "JPEG", quality=80, progressive=True),
        "cmyk": saved(image.convert("CMYK"), "JPEG", quality=60),
        "png": saved(image, "PNG"),
        "palette": saved(image.quantize(16), "PNG", transparency=3),
        "webp": saved(image, "WEBP", quality=60),
        "animation": saved(image, "WEBP", save_all=True, append_images=[other], quality=50),
        "gif": saved(image, "GIF", save_all=True, append_images=[other]),
        "tiff": saved(image, "TIFF"),
        "deflate": saved(image, "TIFF", compression="tiff_adobe_deflate"),
        "pages": saved(image, "TIFF", save_all=True, append_images=[other]),
        "deep": saved(image.convert("I;16"), "PNG"),
        "units": saved(image.convert("I"), "TIFF"),
        "restarts": saved(image, "JPEG", quality=80, restart_marker_blocks=2),
        "bmp": saved(image, "BMP"),
        "ppm": saved(image, "PPM"),
        "avif": saved(image, "AVIF", quality=50),
    }
    with contextlib.suppress(ImportError):
        seeds["heif"] = saved(image, "HEIF", quality=50)
    return seeds


SEEDS = _seeds()


def failure_of(data: bytes, **options: object) -> ImageError | None:
    """What decoding raises; None where it returns a picture, which is looked at."""
    try:
        picture = decode(data, limits=LIMITS, **options)
    except ImageError as error:
        return error
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.ndim == 3
    assert picture.rgb.shape[2] == 3
    assert min(picture.rgb.shape) >= 1
    assert set(picture.flags) <= set(FLAGS)
    assert (picture.width, picture.height) == probe(data, LIMITS).oriented_size
    assert picture.width * picture.height <= LIMITS.max_pixels
    return None


def survives(data: bytes) -> None:
    failures = [failure_of(data, **options) for options in ({}, {"longest": 16}, {"at_least": 8, "sides": (8, 8)})]
    for error in failures:
        if error is not None:
            assert error.kind in ERROR_KINDS
            assert "\n" not in error.detail
            assert " at 0x" not in error.detail
    # a reduced decode is no more forgiving than a whole one
    assert len({error is None for error in failures}) == 1


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=EXAMPLES)
@given(data=st.data())
def test_damaged_files(name: str, data: st.DataObject) -> None:
    broken = bytearray(SEEDS[name])
    for _ in range(data.draw(st.integers(1, 6))):
        # damage near the start hits headers, which decoders trust most
        where = data.draw(st.one_of(st.integers(0, min(200, len(broken) - 1)), st.integers(0, len(broken) - 1)))
        change = data.draw(st.sampled_from(["flip", "set", "cut", "repeat", "remove"]))
        if change == "flip":
            broken[where] ^= 1 << data.draw(st.integers(0, 7))
        elif change == "set":
            broken[where : where + 4] = data.draw(
                st.sampled_from([b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff", b"\x80"])
            )
        elif change == "cut":
            del broken[max(where, 1) :]
        elif change == "repeat":
            broken[where:where] = broken[where : where + 16]
        else:
            del broken[where : where + data.draw(st.integers(1, 32))]
        if not broken:
            break
    survives(bytes(broken))


@settings(max_examples=EXAMPLES * 3)
@given(
    prefix=st.sampled_from([b"", *sorted({seed[:n] for seed in SEEDS.values() for n in (4, 16, 40)})]), tail=st.binary()
)
def test_magic_numbers_before_noise(prefix: bytes, tail: bytes) -> None:
    survives(prefix + tail)


@settings(max_examples=300)
@given(st.binary(max_size=80))
def test_sniff_never_fails(data: bytes) -> None:
    found = sniff(data)
    assert found is None or found == sniff(data[:64])


@settings(max_examples=EXAMPLES)
@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 3))
def test_any_size_is_measured(width: int, height: int, kind: str, seed: int) -> None:
    found = measure(saved(scene(width, height, seed), kind))
    assert (found.width, found.height) == (width, height)
    assert 0 <= found.detail <= np.sqrt(width * height) + 0.01
    assert 0 <= found.entropy <= 8
