"""Local features: what they find of a picture again, and what they say of pictures that only look alike."""

from __future__ import annotations

import itertools
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import rfdedup.demo
from rfdedup.features.local_features import SIDE, local_features
from rfdedup.imaging.arrays import U8
from rfdedup.model.constants import LOCAL_FEATURE_BYTES, LOCAL_FEATURES
from rfdedup.neighbors.local_match import LEAST_AGREEING, agreeing, in_mirror, nearest_rows, unpacked
from rfdedup.neighbors.visual_words import CENTRES, HALF, centres, sharing_parts, words_of

PHOTOS = sorted((Path(rfdedup.demo.__file__).parent / "photos").glob("*.jpg"))[:12]


@cache
def photo(number: int) -> U8:
    return np.asarray(Image.open(PHOTOS[number]).convert("L"))


def features(grey: U8) -> U8:
    return unpacked(local_features(np.ascontiguousarray(grey)))


def quarter(grey: U8) -> U8:
    height, width = grey.shape
    return grey[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4]


def collage(numbers: tuple[int, int, int, int]) -> U8:
    parts = [cv2.resize(photo(number), (400, 300), interpolation=cv2.INTER_AREA) for number in numbers]
    return np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])


def test_records_are_the_keypoints_of_opencv() -> None:
    grey = photo(0)
    height, width = grey.shape
    scale = SIDE / max(height, width)
    small = cv2.resize(grey, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA)
    points, descriptors = cv2.SIFT.create(nfeatures=128, contrastThreshold=0.02).detectAndCompute(small, None)
    best = max(range(len(points)), key=lambda i: points[i].response)
    mine = features(grey)[0].astype(float)
    assert mine[:2] / 2 == pytest.approx(points[best].pt, abs=0.3)
    assert 2 ** (mine[2] / 16) == pytest.approx(points[best].size, rel=0.03)
    # 2 x 2 cells of what OpenCV has in 4 x 4
    cells = descriptors[best].reshape(2, 2, 2, 2, 8).sum(axis=(1, 3)).reshape(-1)
    assert mine[4:] == pytest.approx(np.sqrt(cells / cells.sum()) * 400, abs=1.0)


def test_they_are_few_and_the_same_each_time() -> None:
    packed = local_features(photo(1))
    assert packed == local_features(photo(1).copy())
    assert len(packed) <= LOCAL_FEATURES * LOCAL_FEATURE_BYTES
    assert local_features(np.full((300, 400), 90, np.uint8)) == b""


def test_a_quarter_agrees_with_its_picture_and_with_no_other() -> None:
    whole = [features(photo(number)) for number in range(12)]
    found = np.stack([agreeing(features(quarter(photo(number))), whole) for number in range(12)])
    own = np.diag(found)
    # bricks are all alike: no corner of one is clearly nearer than the next
    assert (own >= LEAST_AGREEING).sum() >= 10
    assert (found[~np.eye(12, dtype=bool)] >= LEAST_AGREEING).sum() <= 2


def test_the_mirror_image_agrees_in_the_mirror_alone() -> None:
    for number in range(6):
        one, other = features(photo(number)), features(photo(number)[:, ::-1])
        assert agreeing(in_mirror(one), [other])[0] > 3 * agreeing(one, [other])[0]


def test_two_features_agree_on_anything_and_say_nothing() -> None:
    one = features(photo(0))
    assert agreeing(one[:0], [one]).tolist() == [0]
    assert agreeing(one, [one[:0], one[:1]]).tolist() == [0, 0]
    assert agreeing(one[:2], [one[:2]])[0] < LEAST_AGREEING


def test_nearest_rows_are_those_of_all_distances() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (9, 32), np.uint8), rng.integers(0, 256, (20, 32), np.uint8)
    apart = np.square(one[:, None].astype(int) - other[None]).sum(axis=2)
    distance, number = nearest_rows(one, other, 2)
    assert distance.tolist() == np.sort(apart, axis=1)[:, :2].tolist()
    assert np.take_along_axis(apart, number.astype(int), axis=1).tolist() == distance.tolist()


def test_words_are_the_nearest_centres_of_both_halves() -> None:
    descriptors = features(photo(2))[:5, 4:]
    wanted = set()
    for one in descriptors.astype(int):
        near = [
            np.square(centres()[half].astype(int) - one[half * HALF : (half + 1) * HALF]).sum(axis=1).argsort()[:2]
            for half in range(2)
        ]
        wanted |= {int(a) * CENTRES + int(b) for a, b in itertools.product(*near)}
    assert set(words_of(descriptors).tolist()) == wanted
    assert len(words_of(descriptors[:0])) == 0


def test_parts_and_collages_share_words_with_what_they_show() -> None:
    pictures = [*(photo(n) for n in range(12)), *(quarter(photo(n)) for n in range(12)), collage((0, 1, 2, 3))]
    words = [words_of(features(grey)[:, 4:]) for grey in pictures]
    one, other = sharing_parts(words, len(words), 3)
    found = set(zip(one.tolist(), other.tolist(), strict=True))
    assert sum((n, 12 + n) in found for n in range(12)) >= 11
    assert any((n, 24) in found for n in range(4))
    assert len(found) <= 3 * len(words)
    assert all(a < b for a, b in found)


def test_what_everybody_has_tells_nothing() -> None:
    # far more images than a word may be in: nobody is paired by it
    everywhere = [np.array([7, 1000 + i], np.int32) for i in range(300)]
    assert len(sharing_parts(everywhere, 300, 4)[0]) == 0
