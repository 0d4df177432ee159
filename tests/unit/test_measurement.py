from __future__ import annotations

import hashlib
import io
from dataclasses import asdict

import cv2
import numpy as np
import pytest
from PIL import Image

from image_samples import samples, saved, scene
from rfdedup.features import hashes
from rfdedup.features import measurement as module
from rfdedup.features.measurement import measure
from rfdedup.imaging import DecodeLimits, decode, fit
from rfdedup.model.errors import ImageError
from rfdedup.model.schemas import FEATURES

IDENTITY = {
    *("root", "path", "path_bytes", "mtime_ns", "inode", "device", "error", "error_detail", "decoder_warnings"),
    *("source", "offset", "length", "version", "split", "camera", "frame", "pts_seconds"),
}


def test_fields_are_the_measured_columns() -> None:
    assert set(asdict(measure(samples()["jpeg"]))) == set(FEATURES.names) - IDENTITY | {"preview"}


def test_small_jpeg_agrees_with_the_references() -> None:
    data = saved(scene(320, 240), "JPEG", quality=85)
    found = measure(data)
    grey = decode(data).grey()
    assert (found.width, found.height, found.bytes, found.format) == (320, 240, len(data), "jpeg")
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    assert (found.dhash, found.phash) == hashes.hashes(grey)
    assert found.sharpness == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var(), rel=1e-9)
    assert found.brightness == pytest.approx(grey.mean())
    assert found.contrast == pytest.approx(grey.std())
    assert found.jpeg_quality == pytest.approx(85)
    assert found.flags == ()


def test_large_pictures_are_measured_at_640() -> None:
    image = scene(1700, 1000)
    data = saved(image, "JPEG", quality=92)
    found = measure(data)
    grey = fit(decode(data, at_least=640).grey(), 640, (1700, 1000))
    assert grey.shape == (376, 640)
    assert (found.width, found.height) == (1700, 1000)
    assert found.sharpness == pytest.approx(cv2.Laplacian(grey, cv2.CV_64F).var(), rel=1e-9)
    assert (found.dhash, found.phash) == hashes.hashes(grey)


def test_native_scale_changes_sharpness_only() -> None:
    data = saved(scene(1000, 700), "PNG")
    reduced, native = asdict(measure(data)), asdict(measure(data, scale="native"))
    assert native["sharpness"] == pytest.approx(cv2.Laplacian(decode(data).grey(), cv2.CV_64F).var(), rel=1e-9)
    assert {name for name in reduced if reduced[name] != native[name]} <= {"sharpness", "local_sharpness"}


def test_one_decode_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(module, "decode", lambda data, **options: calls.append(options) or decode(data, **options))
    measure(samples()["png"])
    assert len(calls) == 1


def test_thumb_and_preview_show_the_picture() -> None:
    image = scene(900, 500)
    found = measure(saved(image, "PNG"))
    thumb = np.frombuffer(found.thumb, np.uint8).reshape(16, 16, 3)
    np.testing.assert_allclose(thumb, np.asarray(image.resize((16, 16), Image.BOX)), atol=3)
    preview = Image.open(io.BytesIO(found.preview))
    assert preview.size == (160, 89)
    assert np.abs(np.asarray(preview, int) - np.asarray(image.resize((160, 89), Image.BOX), int)).mean() < 8


@pytest.mark.parametrize("name", samples())
def test_every_format_is_measured_alike(name: str) -> None:
    found, base = measure(samples()[name]), measure(samples()["png"])
    assert (found.dhash ^ base.dhash).bit_count() <= 4
    assert (found.phash ^ base.phash).bit_count() <= 6
    assert found.brightness == pytest.approx(base.brightness, abs=3)
    assert (found.jpeg_quality is not None) == name.startswith("jpeg")


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (2, 2), (17, 16), (161, 3)])
def test_odd_sizes(size: tuple[int, int]) -> None:
    found = measure(saved(scene(50, 50).resize(size), "PNG"))
    assert (found.width, found.height) == size
    assert len(found.thumb) == 768


def test_a_solid_picture_has_no_contrast_and_no_entropy() -> None:
    found = measure(saved(Image.new("RGB", (90, 60), (10, 200, 30)), "PNG"))
    assert found.contrast == 0
    assert found.entropy == 0
    assert found.detail == 0
    assert found.dhash == 0


def test_grey_pictures_have_no_colour_even_as_jpeg() -> None:
    assert measure(saved(scene().convert("L").convert("RGB"), "JPEG", quality=80)).colorfulness < 0.5


def test_failures_come_through() -> None:
    with pytest.raises(ImageError, match="truncated"):
        measure(samples()["jpeg"][:-200])
    with pytest.raises(ImageError, match="too-large"):
        measure(samples()["jpeg"], limits=DecodeLimits(max_pixels=10))


def test_measuring_twice_gives_the_same() -> None:
    data = samples()["jpeg-progressive"]
    assert measure(data) == measure(data)
