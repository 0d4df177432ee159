"""Whatever the vectors: the index gives what holding each of them against the query gives."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.neighbors.index import index_of, open_index


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 60),
    dim=st.integers(1, 40),
    most=st.integers(1, 70),
    block=st.integers(1, 60),
    few=st.booleans(),
)
def test_a_search_is_brute_force(seed: int, n: int, dim: int, most: int, block: int, few: bool) -> None:
    rng = np.random.default_rng(seed)
    # few values make many equal scores
    vectors = (rng.integers(-1, 2, (n, dim)) if few else rng.standard_normal((n, dim))).astype(np.float32)
    rows = np.sort(rng.choice(10 * n, n, replace=False)).astype(np.int64)
    queries = vectors[rng.integers(0, n, 5)]
    with tempfile.TemporaryDirectory() as folder:
        made = index_of(
            Path(folder),
            "key",
            10 * n,
            lambda: rows,
            lambda some: (vectors[at : at + block] for at in range(0, len(some), block)),
        )
        assert open_index(Path(folder), "key", 10 * n) is not None
        score, found = made.search(queries, most)
    np.testing.assert_array_equal(made.rows, rows)
    exact = queries.astype(np.float64) @ vectors.astype(np.float16).astype(np.float64).T
    best = -np.sort(-exact, axis=1)[:, :most]
    assert score.shape == found.shape == best.shape
    np.testing.assert_allclose(score, best, atol=1e-4)
    at = np.searchsorted(rows, found)
    np.testing.assert_allclose(np.take_along_axis(exact, at, axis=1), score, atol=1e-4)
    for line in found:
        assert len(set(line.tolist())) == len(line)
