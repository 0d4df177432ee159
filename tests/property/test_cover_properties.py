"""The cover gives the verdicts of ``crown`` on all links."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.keepers import greedy_cover as cover
from rfdedup.keepers import greedy_cover_codes as cover_codes
from rfdedup.keepers.crown import crown
from rfdedup.neighbors import bounds, cosine, density, hamming, products


def clusters(rng: np.random.Generator, n: int, d: int, kinds: int, noise: float) -> np.ndarray:
    centres = rng.standard_normal((kinds, d))
    x = centres[rng.integers(0, kinds, n)] + noise * rng.standard_normal((n, d))
    return x.astype(np.float32)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 150),
    kinds=st.integers(1, 30),
    noise=st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    protect=st.sampled_from([0.0, 0.2]),
    further=st.integers(0, 60),
    absent=st.sampled_from([0.0, 0.3]),
    margin=st.sampled_from([0.0, 0.1]),
    threads=st.sampled_from([1, 3]),
)
def test_equals_crown_on_all_links(
    seed: int,
    n: int,
    kinds: int,
    noise: float,
    protect: float,
    further: int,
    absent: float,
    margin: float,
    threads: int,
) -> None:
    rng = np.random.default_rng(seed)
    x = clusters(rng, n, 24, kinds, noise)
    rank = rng.integers(0, max(n // 2, 1), n)
    forced, stay = rng.random(n) < protect, rng.random(n) < protect
    vector = np.where(rng.random(n) < absent, -1, rng.permutation(n))
    rows = np.flatnonzero(rng.random(n) >= absent / 2)
    exact = rng.uniform(-0.05, 0.05, n)

    def linked(score: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """What a better measurement of close calls says."""
        doubt = exact[one] * exact[other] * 20 if margin else 0.0
        return score + np.where(np.abs(score - 0.8) <= margin, doubt, 0.0) >= 0.8

    order = np.lexsort((rank, ~forced))
    place = np.argsort(order)

    def permitted(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        inside = np.isin(a, rows) & np.isin(b, rows)
        return inside & ~stay[np.where(place[a] > place[b], a, b)]

    ends = rng.integers(0, max(n, 1), (2, further if n else 0))
    ends = ends[:, permitted(*ends)]
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounds, cosine, cover, density, products):
            patch.setattr(module, "TILE", 32)
        patch.setattr(cover, "_MOST_WAITING", 1)
        patch.setattr(cover, "thread_count", lambda: threads)
        found = cover.cover(
            x, 0.8, rank, vector=vector, rows=rows, forced=forced, stay=stay,
            a=ends[0], b=ends[1], margin=margin, decide=linked,
        )  # fmt: skip
    image = np.full(n, -1)
    image[vector[vector >= 0]] = np.flatnonzero(vector >= 0)
    i, j, s = cosine.cosine_links(x, 0.8 - margin)
    i, j = image[i], image[j]
    known = (i >= 0) & (j >= 0)
    i, j, s = i[known], j[known], s[known].astype(np.float64)
    held = linked(s, i, j) & permitted(i, j)
    a, b = np.append(i[held], ends[0]), np.append(j[held], ends[1])
    king = crown(n, a, b, np.ones(a.size), rank, forced=forced)
    assert found.king.tolist() == king.tolist()
    close = (np.abs(s - 0.8) <= margin) & (margin > 0)
    deciding = close & ((king[i] == j) | (king[j] == i))
    sure = set(zip(np.append(ends[0], ends[1]).tolist(), np.append(ends[1], ends[0]).tolist(), strict=True))
    for one, other in zip(i[deciding].tolist(), j[deciding].tolist(), strict=True):
        assert (one, other) in sure or (found.doubtful[one] and found.doubtful[other])
    assert not found.doubtful[np.setdiff1d(np.arange(n), np.append(i[close], j[close]))].any()


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 120),
    kinds=st.integers(1, 20),
    radius=st.integers(0, 12),
    protect=st.sampled_from([0.0, 0.2]),
    small=st.booleans(),
    second=st.booleans(),
)
def test_codes_equal_crown_on_confirmed_links(
    seed: int, n: int, kinds: int, radius: int, protect: float, small: bool, second: bool
) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 2**64, kinds, dtype=np.uint64)[rng.integers(0, kinds, n)]
    for _ in range(int(rng.integers(0, 9))):
        codes = codes ^ (rng.integers(0, 2, n).astype(np.uint64) << rng.integers(0, 64, n).astype(np.uint64))
    also = rng.integers(0, 2**64, 3, dtype=np.uint64)[rng.integers(0, 3, n)] if second else None
    rank, forced, colour = rng.integers(0, max(n, 1), n), rng.random(n) < protect, rng.integers(0, 3, n)
    stay = rng.random(n) < protect
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cover_codes, "_LEAF", 12)
        patch.setattr(cover_codes, "_FIRST_KINGS", 3)
        patch.setattr(cover_codes, "_MORE_KINGS", 2)
        if not small:
            patch.setattr(hamming, "_SMALL", 0)
            patch.setattr(hamming, "_FEW", 0)
        king = cover_codes.cover_codes(
            codes, radius, rank, also=also, forced=forced, stay=stay, confirm=lambda i, j: colour[i] + colour[j] != 3
        )
    a, b, distance = hamming.hamming_links(codes, radius)
    place = np.argsort(np.lexsort((rank, ~forced)))
    kept = (colour[a] + colour[b] != 3) & ~stay[np.where(place[a] > place[b], a, b)]
    if also is not None:
        kept &= np.bitwise_count(also[a] ^ also[b]) <= radius
    expected = crown(n, a[kept], b[kept], distance[kept], rank, forced=forced)
    assert king.tolist() == expected.tolist()
