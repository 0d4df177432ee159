"""The cover gives the verdicts of ``crown`` on all links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.kings import crown
from rfdedup.similarity import bounds, cosine, cover, cover_codes, hamming, products


def clusters(rng: np.random.Generator, n: int, d: int, kinds: int, noise: float) -> np.ndarray:
    centres = rng.standard_normal((kinds, d))
    x = centres[rng.integers(0, kinds, n)] + noise * rng.standard_normal((n, d))
    return x.astype(np.float32)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 150),
    kinds=st.integers(1, 30),
    noise=st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    protect=st.sampled_from([0.0, 0.2]),
    further=st.integers(0, 60),
)
def test_equals_crown_on_all_links(seed: int, n: int, kinds: int, noise: float, protect: float, further: int) -> None:
    rng = np.random.default_rng(seed)
    x = clusters(rng, n, 24, kinds, noise)
    rank = rng.integers(0, max(n // 2, 1), n)
    forced = rng.random(n) < protect
    ends = rng.integers(0, max(n, 1), (2, further if n else 0))
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounds, cosine, cover, products):
            patch.setattr(module, "TILE", 32)
        king, score = cover.cover(x, 0.8, rank, forced=forced, a=ends[0], b=ends[1])
    a, b, s = cosine.cosine_links(x, 0.8)
    every = np.concatenate([s, np.ones(ends.shape[1])])
    expected = crown(n, np.append(a, ends[0]), np.append(b, ends[1]), every, rank, forced=forced)
    assert king.tolist() == expected.tolist()
    known = {(i, j): v for i, j, v in zip(a.tolist(), b.tolist(), s.tolist(), strict=True)}
    for i, lord in enumerate(king.tolist()):
        pair = (min(i, lord), max(i, lord))
        assert np.isnan(score[i]) if pair not in known else score[i] == np.float32(known[pair])


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 120),
    kinds=st.integers(1, 20),
    radius=st.integers(0, 12),
    protect=st.sampled_from([0.0, 0.2]),
    small=st.booleans(),
)
def test_codes_equal_crown_on_confirmed_links(
    seed: int, n: int, kinds: int, radius: int, protect: float, small: bool
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**64, kinds, dtype=np.uint64)[rng.integers(0, kinds, n)]
    for _ in range(int(rng.integers(0, 9))):
        codes = codes ^ (rng.integers(0, 2, n).astype(np.uint64) << rng.integers(0, 64, n).astype(np.uint64))
    rank, forced, colour = rng.integers(0, max(n, 1), n), rng.random(n) < protect, rng.integers(0, 3, n)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cover_codes, "_LEAF", 12)
        if not small:
            patch.setattr(hamming, "_SMALL", 0)
        king = cover_codes.cover_codes(
            codes, radius, rank, forced=forced, confirm=lambda i, j: colour[i] + colour[j] != 3
        )
    a, b, distance = hamming.hamming_links(codes, radius)
    kept = colour[a] + colour[b] != 3
    expected = crown(n, a[kept], b[kept], distance[kept], rank, forced=forced)
    assert king.tolist() == expected.tolist()
