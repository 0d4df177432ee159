"""The cover: dense input, limits and errors."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.keepers.greedy_cover import cover
from rfdedup.keepers.greedy_cover_codes import cover_codes
from rfdedup.model.errors import DataError


def test_tight_clusters_each_keep_their_best() -> None:
    rng = np.random.default_rng(2)
    centres = rng.standard_normal((30, 64))
    label = rng.integers(0, 30, 4000)
    x = (centres[label] + 0.05 * rng.standard_normal((4000, 64))).astype(np.float32)
    rank = rng.permutation(4000)
    king = cover(x, 0.9, rank).king
    best = np.array([np.flatnonzero(label == k)[np.argmin(rank[label == k])] for k in range(30)])
    assert king.tolist() == best[label].tolist()


@pytest.mark.parametrize("n", [0, 1])
def test_nothing_to_cover(n: int) -> None:
    assert cover(np.ones((n, 8), dtype=np.float32), 0.9, np.arange(n)).king.tolist() == list(range(n))


def test_zero_rows_stay() -> None:
    assert cover(np.zeros((3, 8), dtype=np.float32), 0.9, [0, 1, 2]).king.tolist() == [0, 1, 2]


def test_rows_without_a_dimension_stay() -> None:
    assert cover(np.zeros((5, 0), np.float32), 0.9, np.zeros(5)).king.tolist() == [0, 1, 2, 3, 4]


def test_rank_of_another_length() -> None:
    with pytest.raises(DataError, match="rank"):
        cover(np.ones((3, 8), dtype=np.float32), 0.9, [0, 1])


def test_nan_names_the_row() -> None:
    x = np.ones((3, 8), dtype=np.float32)
    x[2] = np.nan
    with pytest.raises(DataError, match="embedding 2 "):
        cover(x, 0.9, [0, 1, 2])


def test_one_code_shared_by_many_has_one_king() -> None:
    king = cover_codes(np.zeros(50_000, dtype=np.uint64), 8, np.arange(50_000)[::-1])
    assert (king == 49_999).all()


def test_codes_without_confirmation_stay() -> None:
    king = cover_codes(np.zeros(5, dtype=np.uint64), 8, np.arange(5), confirm=lambda i, j: np.zeros(i.size, bool))
    assert king.tolist() == list(range(5))
