"""The cosine join against the definition evaluated on all pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.similarity.cosine import cosine_links, pair_scores


def brute(x: np.ndarray, threshold: float) -> tuple[list[int], list[int], list[float]]:
    a, b = np.triu_indices(x.shape[0], 1)
    score = pair_scores(x, a, b)
    near = score.astype(np.float64) >= threshold
    return a[near].tolist(), b[near].tolist(), score[near].tolist()


@st.composite
def embeddings(draw: st.DrawFn) -> np.ndarray:
    """Random rows with near and exact copies, zero rows, and a spectrum from flat to steep."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d = draw(st.integers(0, 80)), draw(st.integers(1, 160))
    x = rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -draw(st.sampled_from([0.0, 0.5, 2.0]))
    if draw(st.booleans()):
        x = np.abs(x)
    if n:
        source = rng.integers(0, n, n // 2)
        target = rng.integers(0, n, n // 2)
        x[target] = x[source] + rng.standard_normal((n // 2, d)) * draw(st.sampled_from([0.0, 0.01, 0.3]))
        x *= 10.0 ** rng.uniform(-3, 3, (n, 1))
        x[rng.integers(0, n, draw(st.integers(0, 3)))] = 0
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64]))
    return np.clip(x, -6e4, 6e4).astype(dtype)


@settings(max_examples=120, deadline=None)
@given(x=embeddings(), threshold=st.floats(0.05, 1.0), edge=st.booleans())
def test_equals_brute_force(x: np.ndarray, threshold: float, edge: bool) -> None:
    if edge and x.shape[0] > 2:
        # a threshold that one pair meets exactly
        score = float(pair_scores(x, [0], [1])[0])
        threshold = score if score > 0 else threshold
    a, b, score32 = cosine_links(x, threshold)
    assert (a.dtype, b.dtype, score32.dtype) == (np.int64, np.int64, np.float32)
    assert (a.tolist(), b.tolist(), score32.tolist()) == brute(x, threshold)
