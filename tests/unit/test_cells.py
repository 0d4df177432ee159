"""Joins in cells: exact scores, measured recall, skewed cells."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.model.errors import DataError
from rfdedup.neighbors.cells import cosine_links_cells, sampled_links
from rfdedup.neighbors.cosine import cosine_links


def planted(n: int, crowd: int = 0) -> np.ndarray:
    rng = np.random.default_rng(8)
    x = rng.standard_normal((n, 32), dtype=np.float32)
    x[n // 2 : n // 2 + n // 10] = x[: n // 10] + 0.15 * rng.standard_normal((n // 10, 32), dtype=np.float32)
    x[n - crowd :] = x[n - 1] + 0.9 * rng.standard_normal((crowd, 32), dtype=np.float32)
    return x


def test_recall_is_that_of_the_exact_join() -> None:
    x = planted(6000)
    found = cosine_links_cells(x, 0.95, cell_rows=1000)
    a, b, score = cosine_links(x, 0.95)
    exact = dict(zip(zip(a.tolist(), b.tolist(), strict=True), score.tolist(), strict=True))
    ours = dict(zip(zip(found.a.tolist(), found.b.tolist(), strict=True), found.score.tolist(), strict=True))
    assert ours.items() <= exact.items()
    assert len(ours) == found.a.size
    assert found.recall >= 0.995
    # the sample holds every row here, so the recall told is the true one
    assert len(ours) / len(exact) == found.recall
    assert found.sampled_links == 2 * len(exact)
    assert found.cells > 5


def test_a_crowded_cell_is_split() -> None:
    found = cosine_links_cells(planted(4000, crowd=3000), 0.97, cell_rows=300)
    assert found.largest < 2400


def test_small_input_is_joined_exactly() -> None:
    x = planted(500)
    found = cosine_links_cells(x, 0.9)
    for ours, theirs in zip((found.a, found.b, found.score), cosine_links(x, 0.9), strict=True):
        assert np.array_equal(ours, theirs)
    assert (found.recall, found.cells) == (1.0, 1)


def test_sampled_links_are_exact() -> None:
    x = planted(3000)
    one, other = sampled_links(x, 0.9)
    a, b, _ = cosine_links(x, 0.9)
    both = set(zip(a.tolist(), b.tolist(), strict=True)) | set(zip(b.tolist(), a.tolist(), strict=True))
    assert set(zip(one.tolist(), other.tolist(), strict=True)) == both


@pytest.mark.parametrize(("recall", "cell_rows"), [(0.0, 100), (1.1, 100), (0.9, 1)])
def test_arguments_out_of_range(recall: float, cell_rows: int) -> None:
    with pytest.raises(DataError, match="recall"):
        cosine_links_cells(planted(200), 0.9, recall=recall, cell_rows=cell_rows)
