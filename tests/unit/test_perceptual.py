"""Tier 2: hashes that their thumbnails corroborate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.links import Links
from rfdedup.neighbors.thumbnails import thumb_rms
from rfdedup.stages import perceptual
from rfdedup.stages.perceptual import find_perceptual_links, luminance

CODE = 0x0123_4567_89AB_CDEF


def pair(dbits: int = 0, pbits: int = 0, contrast: float = 40.0, change: int = 0) -> Links:
    """Links of two pictures whose hashes differ in so many bits and whose thumbnails differ so much."""
    rng = np.random.default_rng(0)
    thumb = rng.integers(40, 200, (1, THUMB_SIDE * THUMB_SIDE * 3)).astype(np.uint8)
    sign = np.where(np.arange(thumb.size) // 3 % 2, 1, -1)
    thumbs = np.concatenate([thumb, (thumb.astype(int) + change * sign).astype(np.uint8)])
    codes = [np.array([CODE, CODE ^ ((1 << bits) - 1)], np.uint64) for bits in (dbits, pbits)]
    return find_perceptual_links(np.arange(2), *codes, np.full(2, contrast), lambda rows: thumbs[rows], 8, 2).links


@pytest.mark.parametrize(
    ("options", "linked"),
    [
        ({}, True),
        ({"dbits": 8}, True),
        ({"dbits": 9}, False),
        ({"pbits": 8}, True),
        ({"pbits": 9}, False),
        ({"contrast": perceptual.MIN_CONTRAST}, True),
        ({"contrast": perceptual.MIN_CONTRAST - 0.1}, False),
        ({"change": 15}, True),
        ({"change": 18}, False),
    ],
)
def test_a_hash_link_needs_both_hashes_information_and_the_thumbnail(options: dict[str, int], linked: bool) -> None:
    assert len(pair(**options)) == int(linked)


def test_the_score_is_the_larger_distance() -> None:
    assert pair(dbits=2, pbits=5).score.tolist() == [5.0]
    assert pair(dbits=6, pbits=1).score.tolist() == [6.0]


def test_a_change_of_brightness_is_no_difference() -> None:
    thumbs = np.random.default_rng(1).integers(40, 180, (1, THUMB_SIDE * THUMB_SIDE * 3)).astype(np.uint8)
    both = luminance(np.concatenate([thumbs, thumbs + 50]))
    one, other = np.array([0]), np.array([1])
    assert thumb_rms(both, one, other)[0] == pytest.approx(50, abs=0.01)
    assert thumb_rms(both, one, other, centred=True)[0] == pytest.approx(0, abs=0.01)


def test_rows_are_those_of_the_caller() -> None:
    rows: npt.NDArray[np.int64] = np.array([3, 7, 9])
    codes = np.zeros(10, np.uint64)
    codes[rows] = [CODE, ~np.uint64(CODE), CODE]
    thumbs = np.zeros((10, THUMB_SIDE * THUMB_SIDE * 3), np.uint8)
    links = find_perceptual_links(rows, codes, codes, np.full(10, 50.0), lambda wanted: thumbs[wanted], 8, 3).links
    assert (links.a.tolist(), links.b.tolist()) == ([3], [9])
