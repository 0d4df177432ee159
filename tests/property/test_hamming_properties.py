"""The Hamming join against brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.neighbors import hamming


def brute(codes: np.ndarray, radius: int) -> list[tuple[int, int, int]]:
    distance = np.bitwise_count(codes[:, None] ^ codes[None, :])
    a, b = np.nonzero(np.triu(distance <= radius, 1))
    return list(zip(a.tolist(), b.tolist(), distance[a, b].tolist(), strict=True))


@st.composite
def code_sets(draw: st.DrawFn) -> np.ndarray:
    """Random codes, with planted neighbours at every distance and repeats."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    base = rng.integers(0, 2**64, draw(st.integers(0, 60)), dtype=np.uint64)
    if draw(st.booleans()):
        base &= np.uint64(0x00FF00FF0000FFFF)
    near = []
    for code in base[: draw(st.integers(0, 40))]:
        flipped = rng.choice(64, size=int(rng.integers(0, 20)), replace=False)
        near.append(code ^ np.uint64(sum(1 << int(bit) for bit in flipped)))
    return rng.permutation(np.concatenate([base, np.array(near, dtype=np.uint64)]))


@settings(max_examples=80)
@given(codes=code_sets(), radius=st.integers(0, 20), small=st.booleans())
def test_equals_brute_force(codes: np.ndarray, radius: int, small: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if not small:
            patch.setattr(hamming, "_SMALL", 0)
            patch.setattr(hamming, "_CANDIDATES", 16)
        a, b, distance = hamming.hamming_links(codes, radius)
    assert list(zip(a.tolist(), b.tolist(), distance.tolist(), strict=True)) == brute(codes, radius)
    assert (a.dtype, b.dtype, distance.dtype) == (np.int64, np.int64, np.uint8)


@settings(max_examples=60)
@given(codes=code_sets(), radius=st.integers(0, 20), doubled=st.booleans(), few=st.booleans(), share=st.floats(0, 1))
def test_two_sets_are_compared_as_by_brute_force(
    codes: np.ndarray, radius: int, doubled: bool, few: bool, share: float
) -> None:
    also = np.roll(codes, 1) if doubled else None
    both = hamming.CodePairs.make(codes, also, radius)
    cut = int(share * codes.size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hamming, "_TABLE", 64)
        if not few:
            patch.setattr(hamming, "_FEW", 0)
            patch.setattr(hamming, "_SMALL", 0)
            patch.setattr(hamming, "_CANDIDATES", 16)
        k, r, distance = hamming.cross_links(both.take(np.arange(cut)), both.take(np.arange(cut, codes.size)), radius)
    apart = np.bitwise_count(codes[:cut, None] ^ codes[None, cut:])
    near = apart <= radius
    if also is not None:
        near &= np.bitwise_count(also[:cut, None] ^ also[None, cut:]) <= radius
    one, other = np.nonzero(near)
    assert sorted(zip(k.tolist(), r.tolist(), distance.tolist(), strict=True)) == list(
        zip(one.tolist(), other.tolist(), apart[one, other].tolist(), strict=True)
    )
    assert (k.dtype, r.dtype, distance.dtype) == (np.int64, np.int64, np.uint8)


@pytest.mark.parametrize(("tables", "radius"), [(3, 3), (3, 7), (4, 7), (5, 8), (8, 16)])
def test_every_split_of_flips_finds_each_pair_once(tables: int, radius: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(radius)
    base = rng.integers(0, 2**64, 300, dtype=np.uint64)
    flips = [rng.choice(64, size=radius, replace=False) for _ in base]
    codes = np.concatenate([base, base ^ np.array([sum(1 << int(i) for i in f) for f in flips], np.uint64)])
    parts = [tuple(range(first, 64, tables)) for first in range(tables)]
    spread = [(radius + 1 - t + tables - 1) // tables - 1 for t in range(tables)]
    assert sum(f + 1 for f in spread) == radius + 1
    plan = [hamming._Table(part, f) for part, f in zip(parts, spread, strict=True)]
    monkeypatch.setattr(hamming, "_plan", lambda *_: plan)
    a, b, distance = hamming.hamming_links(codes, radius)
    assert list(zip(a.tolist(), b.tolist(), distance.tolist(), strict=True)) == brute(codes, radius)
