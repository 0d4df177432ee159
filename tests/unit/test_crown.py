"""Kings and subjects: the cases that the rule was made for, and errors."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.keepers import crown as kings
from rfdedup.keepers.crown import crown
from rfdedup.model.errors import DataError


def test_similarity_is_not_inherited_through_a_chain() -> None:
    king = crown(5, [0, 1, 2, 3], [1, 2, 3, 4], [0.9] * 4, range(5))
    assert king.tolist() == [0, 0, 2, 2, 4]


def test_a_subject_belongs_to_the_best_ranked_king_that_it_links_to() -> None:
    king = crown(3, [2, 2], [0, 1], [0.99, 0.91], [5, 1, 9])
    assert king.tolist() == [0, 1, 1]


def test_ties_go_to_the_smaller_index() -> None:
    assert crown(2, [0], [1], [0.9], [3, 3]).tolist() == [0, 0]


def test_forced_images_are_kings_and_come_first() -> None:
    king = crown(4, [0, 0, 1, 2], [1, 2, 2, 3], [0.9] * 4, [0, 1, 2, 3], forced=[False, True, True, False])
    assert king.tolist() == [1, 1, 2, 2]


def test_no_links_and_no_images() -> None:
    assert crown(0, [], [], [], []).tolist() == []
    assert crown(2, [], [], [], [0, 1]).tolist() == [0, 1]


def test_chunks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    (a, b), rank = rng.integers(0, 200, (2, 600)), rng.permutation(200)
    whole = crown(200, a, b, np.ones(600), rank)
    monkeypatch.setattr(kings, "_CHUNK", 7)
    assert crown(200, a, b, np.ones(600), rank).tolist() == whole.tolist()


@pytest.mark.parametrize(
    ("score", "rank", "message"),
    [
        ([0.9, 0.9], [0, 1], "length"),
        ([float("nan")], [0, 1], "NaN"),
        ([0.9], [0], "rank"),
        ([0.9], [0.0, float("nan")], "NaN"),
    ],
)
def test_arrays_that_do_not_fit(score: list[float], rank: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        crown(2, [0], [1], score, rank)
