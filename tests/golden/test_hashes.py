"""dHash and pHash against the ``imagehash`` package, bit for bit."""

from __future__ import annotations

from pathlib import Path

import imagehash
import numpy as np
import pytest
from PIL import Image

from rfdedup.features.hashes import dhash, hashes, lanczos, phash
from rfdedup.imaging import decode, resampling

DEMO_PHOTOS = Path(__file__).parents[2] / "src" / "rfdedup" / "demo" / "photos"


def assert_golden(grey: np.ndarray) -> None:
    image = Image.fromarray(grey)
    assert f"{dhash(grey):016x}" == str(imagehash.dhash(image))
    assert f"{phash(grey):016x}" == str(imagehash.phash(image))
    assert hashes(grey) == (dhash(grey), phash(grey))


def test_shipped_photos() -> None:
    photos = sorted(p for p in DEMO_PHOTOS.iterdir() if p.suffix in {".jpg", ".jpeg", ".png", ".webp"})
    assert photos
    for photo in photos:
        assert_golden(decode(photo.read_bytes(), longest=640).grey())


def test_photos(shared_data: Path) -> None:
    for photo in sorted((shared_data / "photos").iterdir())[::5]:
        assert_golden(decode(photo.read_bytes(), longest=640).grey())


@pytest.mark.parametrize("seed", range(40))
def test_noise_of_any_shape(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 260, 2)
    assert_golden(rng.integers(0, 256, (height, width), dtype=np.uint8))


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (8, 9), (32, 32), (33, 32), (640, 480), (480, 640), (31, 640)])
def test_awkward_shapes_and_extreme_levels(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    for grey in (
        np.zeros(shape, np.uint8),
        np.full(shape, 255, np.uint8),
        rng.choice(np.array([0, 255], np.uint8), shape),
    ):
        assert_golden(grey)


@pytest.mark.parametrize("shape", [(700, 1), (700, 9), (40, 33), (640, 31), (1300, 640), (60, 16)])
def test_tall_shapes(shape: tuple[int, int]) -> None:
    assert_golden(np.random.default_rng(2).integers(0, 256, shape, dtype=np.uint8))


@pytest.mark.parametrize("size", [(9, 8), (32, 32), (5, 70), (100, 3)])
def test_lanczos_is_pillows(size: tuple[int, int]) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (90, 130), dtype=np.uint8)
    np.testing.assert_array_equal(
        lanczos(grey, [size])[0], np.asarray(Image.fromarray(grey).resize(size, Image.LANCZOS))
    )


@pytest.mark.parametrize(("source", "target"), [(640, 32), (640, 9), (427, 32), (31, 32), (7, 9), (1, 8), (1999, 8)])
def test_weights_by_arrays_are_those_of_plain_floats(source: int, target: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near a rounding edge weights are taken again one by one; taking all of them again changes none."""
    by_arrays = resampling.fixed_point(source, target, "lanczos")
    monkeypatch.setattr(resampling, "_UNCERTAIN", 1.0)
    one_by_one = resampling.fixed_point(source, target, "lanczos")
    for array, expected in zip(by_arrays, one_by_one, strict=True):
        np.testing.assert_array_equal(array, expected)
