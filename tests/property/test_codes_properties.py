"""Codes of embeddings: compiled loops and numpy agree, and what they say is left of a row is not too little."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.neighbors import bounds, coding
from rfdedup.neighbors.bounds import ByteCodes, Projection, encode, fit_projection
from rfdedup.neighbors.vectors import normalise, unit_rows
from rfdedup.runtime import native

needs_compiler = pytest.mark.skipif(not native.available(), reason="no loops were compiled for this machine")


@st.composite
def rows(draw: st.DrawFn) -> np.ndarray:
    """(n, d) floats, some rows zero or of extreme length, sometimes a view of a larger array or backwards."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, d = draw(st.integers(0, 60)), draw(st.integers(1, 300))
    dtype = draw(st.sampled_from([np.float16, np.float32, np.float64, ">f4"]))
    x = rng.standard_normal((2 * n, d + 3))
    if dtype != np.float16:
        x *= 10.0 ** rng.choice([0, 0, 0, 18, -9, -18, -20, -25], (2 * n, 1))
    x[rng.random(2 * n) < 0.05] = 0
    x = x.astype(dtype)
    views = [x[:n, :d].copy(), x[::2, 2 : d + 2], x[::-2, 1 : d + 1], np.asfortranarray(x[:n, :d]), x[:n, ::2]]
    return views[draw(st.integers(0, len(views) - 1))]


def projections(rng: np.random.Generator, d: int, kind: str) -> Projection:
    """One that keeps some coordinates, or turns them, with or without a tail; codes reach the limit now and then."""
    k = 64 * int(rng.integers(1, 1 + -(-d // 64)))
    tail = np.zeros(k, np.float32)
    spread = int(rng.integers(1, 17))
    if kind == "turned":
        tail[-spread:] = spread**-0.5
        turn = np.linalg.qr(rng.standard_normal((max(d, k), max(d, k))))[0]
        basis = (turn[:d, :k] * (1 - 1e-4)).astype(np.float32)
        # the tail is to be orthogonal to what is kept
        basis[:, -spread:] = 0
    elif kind == "kept":
        tail[-spread:] = spread**-0.5
        basis = np.sort(rng.choice(d, min(d, k - spread), replace=False))
    else:
        k = -(-d // 64) * 64
        tail, basis = np.zeros(k, np.float32), np.arange(d)
    return Projection(d, basis, tail, float(rng.choice([0.3, 1.0])) / 127 * float(rng.uniform(0.2, 1.5)))


def remainders(x: np.ndarray, codes: ByteCodes) -> np.ndarray:
    """|g - s q| of every row, in float64."""
    p = codes.projection
    unit = normalise(x).astype(np.float64)
    inside = np.zeros((len(x), p.tail.size))
    if p.basis.ndim == 1:
        inside[:, : p.basis.size] = unit[:, p.basis]
    else:
        inside = unit @ p.basis.astype(np.float64)
    tail = np.sqrt(np.maximum(1 - (inside**2).sum(axis=1), 0) + bounds._extra(p))
    g = inside + tail[:, None] * p.tail
    return np.sqrt(((g - p.scale * codes.codes[: len(x)]) ** 2).sum(axis=1))


@needs_compiler
@settings(max_examples=60)
@given(x=rows(), seed=st.integers(0, 2**32), kind=st.sampled_from(["kept", "turned", "whole"]), limit=st.booleans())
def test_compiled_codes_are_those_of_numpy_and_neither_hides_a_remainder(
    x: np.ndarray, seed: int, kind: str, limit: bool
) -> None:
    projection = projections(np.random.default_rng(seed), x.shape[1], kind)
    with pytest.MonkeyPatch.context() as patch:
        if limit:
            patch.setattr(bounds, "largest_code", lambda: 63)
        fast = encode(x, projection)
        patch.setattr(native, "available", lambda: False)
        plain = encode(x, projection)
    difference = np.abs(fast.codes.astype(np.int64) - plain.codes)
    # a coordinate in the middle between two codes may go to either
    assert difference.max(initial=0) <= 1
    assert np.count_nonzero(difference) <= 2 + 1e-3 * difference.size
    np.testing.assert_allclose(fast.errors, plain.errors, rtol=2e-3, atol=1e-5)
    for codes in (fast, plain):
        assert np.abs(codes.codes.astype(np.int64)).max(initial=0) <= (63 if limit else 127)
        assert not codes.codes[len(x) :].any()
        # what float32 does to g itself is in the slack of the bound
        assert remainders(x, codes).max(initial=0) <= codes.errors.max(initial=0) + projection.rounding + 1e-6


@needs_compiler
@settings(max_examples=60)
@given(x=rows())
def test_rows_of_unit_length_are_those_of_numpy(x: np.ndarray) -> None:
    names = np.arange(len(x))
    fast = unit_rows(x, names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "available", lambda: False)
        plain = unit_rows(x, names)
    for unit in (fast, plain):
        assert unit.dtype == np.float32
        np.testing.assert_allclose(unit, normalise(x), rtol=(x.shape[1] + 8) * 2.0**-24, atol=1e-30)


@needs_compiler
def test_every_half_is_read_as_what_it_is() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(-1, 64)
    unit, undone = coding.unit_rows(halves)
    wide = coding.unit_rows(halves.astype(np.float32))
    np.testing.assert_array_equal(undone, wide[1])
    np.testing.assert_array_equal(undone, ~np.isfinite(halves.astype(np.float32)).all(axis=1))
    np.testing.assert_array_equal(unit[~undone].view(np.uint32), wide[0][~undone].view(np.uint32))


@pytest.mark.parametrize("threads", [2, 5])
def test_codes_do_not_depend_on_the_number_of_threads(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).standard_normal((6000, 256), dtype=np.float32)
    found = []
    for count in (1, threads):
        monkeypatch.setattr(bounds, "thread_count", lambda count=count: count)
        found.append(encode(x, fit_projection(x, 0.7)))
    one, other = found
    assert one.codes.tobytes() == other.codes.tobytes()
    assert one.errors.tolist() == other.errors.tolist()


@pytest.mark.parametrize("begin", [0, 1, 1500, 2048, 3000])
def test_codes_that_are_added_to_are_those_of_all_rows(begin: int) -> None:
    x = np.random.default_rng(0).standard_normal((3000, 100), dtype=np.float32)
    projection = fit_projection(x, 0.7)
    whole, order = encode(x, projection), np.random.default_rng(1).permutation(3000)
    first = encode(x[:begin], projection, room=3000)
    grown = encode(x, projection, before=first)
    assert grown.codes.tobytes() == whole.codes.tobytes()
    assert grown.errors.tolist() == whole.errors.tolist()
    mixed = encode(x, projection, order)
    np.testing.assert_array_equal(mixed.codes[:3000], whole.codes[order])
