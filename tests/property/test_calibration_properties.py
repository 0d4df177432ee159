"""Calibration: monotone in what is asked for, and independent of the order of the images."""

from __future__ import annotations

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rfdedup.metric.calibration import Tail, UnsupportedError, calibrate, wilson
from rfdedup.metric.descriptor import unit

tails = st.builds(
    Tail,
    start=st.floats(0.0, 0.6),
    share=st.floats(1e-4, 1e-2),
    scale=st.floats(0.01, 0.2),
    shape=st.sampled_from([0.0, 0.1, 0.3]),
)


@given(tails, st.floats(1e-12, 1e-2), st.floats(1e-12, 1e-2))
@example(Tail(0.5, 0.01, 0.125, 0.0), 0.0078125, 0.009999999999999998)
def test_rarer_is_higher(tail: Tail, one: float, other: float) -> None:
    low, high = sorted((one, other), reverse=True)
    assert tail.start <= tail.threshold(low) <= tail.threshold(high) <= 1.0
    assert tail.rate(tail.threshold(low)) >= tail.rate(tail.threshold(high)) * (1 - 1e-9)


@given(st.integers(0, 500), st.integers(1, 500))
def test_intervals_hold_the_share(hits: int, total: int) -> None:
    hits = min(hits, total)
    low, high = wilson(hits, total)
    assert 0.0 <= low <= hits / total <= high <= 1.0
    assert high - low > 0


@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(8, 64), st.floats(1e-8, 1e-4))
def test_calibration_of_any_cloud(seed: int, dim: int, rate: float) -> None:
    random = np.random.default_rng(seed)
    x = unit(random.standard_normal((220, dim)))
    try:
        found = calibrate(x, rate=rate, ceiling=0.97)
    except UnsupportedError:
        return
    assert found.low <= found.threshold < 1.0
    assert found.tail.start <= found.highest < 0.97
    assert found.tail.rate(found.threshold) <= rate * (1 + 1e-6)
    turned = calibrate(x[random.permutation(len(x))], rate=rate, ceiling=0.97)
    assert abs(turned.tail.threshold(rate) - found.tail.threshold(rate)) < 1e-4
