"""Links: representatives of equal bytes, corroborated hashes, and which links are kept."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup import linking
from rfdedup.linking import Links, exact_representatives, luminance, perceptual_links, strongest, thumb_rms
from rfdedup.records import Tier
from rfdedup.tiers import THUMB_SIDE

CODE = 0x0123_4567_89AB_CDEF


def pair(dbits: int = 0, pbits: int = 0, contrast: float = 40.0, change: int = 0) -> Links:
    """Links of two pictures whose hashes differ in so many bits and whose thumbnails differ so much."""
    rng = np.random.default_rng(0)
    thumb = rng.integers(40, 200, (1, THUMB_SIDE * THUMB_SIDE * 3)).astype(np.uint8)
    sign = np.where(np.arange(thumb.size) // 3 % 2, 1, -1)
    thumbs = np.concatenate([thumb, (thumb.astype(int) + change * sign).astype(np.uint8)])
    codes = [np.array([CODE, CODE ^ ((1 << bits) - 1)], np.uint64) for bits in (dbits, pbits)]
    return perceptual_links(np.arange(2), *codes, np.full(2, contrast), lambda rows: thumbs[rows], 8)


@pytest.mark.parametrize(
    ("options", "linked"),
    [
        ({}, True),
        ({"dbits": 8}, True),
        ({"dbits": 9}, False),
        ({"pbits": 8}, True),
        ({"pbits": 9}, False),
        ({"contrast": linking.MIN_CONTRAST}, True),
        ({"contrast": linking.MIN_CONTRAST - 0.1}, False),
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


def test_slices_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    thumbs = rng.integers(0, 255, (9, 12)).astype(np.uint8)
    i, j = rng.integers(0, 9, (2, 50))
    whole = thumb_rms(thumbs, i, j)
    monkeypatch.setattr(linking, "_SLICE", 7)
    assert np.array_equal(thumb_rms(thumbs, i, j), whole)


def test_rows_are_those_of_the_caller() -> None:
    rows: npt.NDArray[np.int64] = np.array([3, 7, 9])
    codes = np.zeros(10, np.uint64)
    codes[rows] = [CODE, ~np.uint64(CODE), CODE]
    thumbs = np.zeros((10, THUMB_SIDE * THUMB_SIDE * 3), np.uint8)
    links = perceptual_links(rows, codes, codes, np.full(10, 50.0), lambda wanted: thumbs[wanted], 8)
    assert (links.a.tolist(), links.b.tolist()) == ([3], [9])


def test_the_best_ranked_row_stands_for_its_content() -> None:
    sha256 = np.array(["x", "y", "x", "x", "y"], object)
    rank = np.array([4, 1, 0, 2, 3])
    assert exact_representatives(sha256, np.arange(5), rank).tolist() == [2, 1, 2, 2, 1]
    assert exact_representatives(sha256, np.array([0, 3]), rank).tolist() == [3, 3]


def test_links_are_ordered_whatever_their_parts() -> None:
    one = Links.make([5, 1], [2, 0], Tier.SEMANTIC, [0.9, 0.8])
    other = Links.make([2], [5], Tier.PERCEPTUAL, [3])
    for joined in (Links.join(one, other), Links.join(other, one)):
        assert list(zip(joined.a.tolist(), joined.b.tolist(), joined.tier.tolist(), strict=True)) == [
            (0, 1, 2),
            (2, 5, 1),
            (2, 5, 2),
        ]


def test_the_strongest_links_of_each_end_are_kept() -> None:
    star = Links.make([0] * 5, range(1, 6), Tier.SEMANTIC, [0.5, 0.9, 0.7, 0.6, 0.8])
    # the others have no better link than that to the hub, so all stay; the hub alone would keep two
    assert strongest(star, 6, 2).all()
    triangle = Links.make([0, 0, 1], [1, 2, 2], Tier.SEMANTIC, [0.9, 0.5, 0.6])
    assert strongest(triangle, 3, 1).tolist() == [True, False, True]
