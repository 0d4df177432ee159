"""The Hamming join: limits, shapes and errors."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.model.errors import DataError
from rfdedup.neighbors.hamming import expand_groups, hamming_groups, hamming_links


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_codes_for_a_pair(n: int) -> None:
    a, b, distance = hamming_links(np.zeros(n, dtype=np.uint64), 8)
    assert a.size == b.size == distance.size == 0


def test_distance_is_counted_over_all_bits() -> None:
    codes = np.array([0, 2**64 - 1, 1 << 63], dtype=np.uint64)
    a, b, distance = hamming_links(codes, 64)
    assert [a.tolist(), b.tolist(), distance.tolist()] == [[0, 0, 1], [1, 2, 2], [64, 1, 63]]


def test_radius_is_inclusive() -> None:
    codes = np.array([0, 0b11111111], dtype=np.uint64)
    assert hamming_links(codes, 7)[0].size == 0
    assert hamming_links(codes, 8)[2].tolist() == [8]


def test_one_code_shared_by_many_stays_one_group() -> None:
    codes = np.zeros(50_000, dtype=np.uint64)
    codes[7] = 1
    groups = hamming_groups(codes, 8)
    assert groups.codes.tolist() == [0, 1]
    assert groups.starts.tolist() == [0, 49_999, 50_000]
    assert (groups.a.tolist(), groups.b.tolist(), groups.distance.tolist()) == ([0], [1], [1])
    assert groups.members[-1] == 7
    assert np.array_equal(np.sort(groups.members), np.arange(50_000))


def test_expanding_groups_gives_the_links() -> None:
    codes = np.array([5, 4, 5, 1 << 40, 4, 5], dtype=np.uint64)
    groups = hamming_groups(codes, 1)
    for ours, theirs in zip(expand_groups(groups), hamming_links(codes, 1), strict=True):
        assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("codes", [np.zeros(3, dtype=np.int64), np.zeros((2, 2), dtype=np.uint64)])
def test_other_arrays_are_refused(codes: np.ndarray) -> None:
    with pytest.raises(DataError, match="uint64"):
        hamming_links(codes, 1)


@pytest.mark.parametrize("radius", [-1, 65])
def test_radius_out_of_range(radius: int) -> None:
    with pytest.raises(DataError, match=str(radius)):
        hamming_links(np.zeros(2, dtype=np.uint64), radius)
