from __future__ import annotations

import numpy as np

from image_samples import scene
from rfdedup.features.hashes import dhash, hashes, phash, sha256, thumb


def grey() -> np.ndarray:
    return np.asarray(scene(300, 200).convert("L"))


def distance(one: int, other: int) -> int:
    return (one ^ other).bit_count()


def test_sha256_is_the_known_digest() -> None:
    assert sha256(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_hashes_stay_close_under_recompression_like_changes_and_far_for_another_picture() -> None:
    base = grey()
    near = np.clip(base.astype(int) + np.random.default_rng(0).integers(-3, 4, base.shape) + 5, 0, 255).astype(np.uint8)
    other = np.asarray(scene(300, 200, seed=9).convert("L"))
    for hashing in (dhash, phash):
        assert distance(hashing(base), hashing(near)) <= 4
        assert distance(hashing(base), hashing(other)) > 16


def test_solid_colour_carries_no_information() -> None:
    dark, light = (hashes(np.full((40, 50), level, np.uint8)) for level in (3, 200))
    assert dark[0] == light[0] == 0
    assert dark[1] == light[1]


def test_thumb_is_the_mean_of_each_cell() -> None:
    rgb = np.asarray(scene(64, 32))
    cells = rgb.reshape(16, 2, 16, 4, 3).mean(axis=(1, 3))
    got = np.frombuffer(thumb(rgb), np.uint8).reshape(16, 16, 3)
    np.testing.assert_allclose(got, cells, atol=0.51)


def test_thumb_of_a_picture_smaller_than_itself() -> None:
    assert thumb(np.full((1, 2, 3), 7, np.uint8)) == bytes([7]) * 768
