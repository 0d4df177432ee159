"""Links without those between dense rows, against their definition on all pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.keepers import greedy_cover as cover
from rfdedup.neighbors import bounds, cosine, density, hamming, products
from rfdedup.neighbors.hamming import CodePairs, hamming_links
from rfdedup.neighbors.products import largest_code
from rfdedup.neighbors.sparse_codes import dense_rows, sparse_code_links


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 200),
    kinds=st.integers(1, 40),
    noise=st.sampled_from([0.0, 0.3, 0.6, 1.0]),
    most=st.integers(0, 12),
    floor=st.sampled_from([0.4, 0.6, 0.8]),
    coded=st.booleans(),
    chunk=st.sampled_from([16, 10_000]),
    known=st.sampled_from([0.0, 0.5, 0.9, 1.0]),
)
def test_every_row_outside_the_crowds_keeps_all_of_its_links(
    seed: int, n: int, kinds: int, noise: float, most: int, floor: float, coded: bool, chunk: int, known: float
) -> None:
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal((kinds, 20))[rng.integers(0, kinds, n)] + noise * rng.standard_normal((n, 20))).astype(
        "f4"
    )
    a, b, score = cosine.cosine_links(x, floor)
    near = score.astype(np.float64) >= 0.8
    degree = [np.bincount(np.append(a[level], b[level]), minlength=n) for level in (near, slice(None))]
    dense, spread = (count > most for count in degree)
    kept = np.where(near, ~(dense[a] & dense[b]), ~(spread[a] & spread[b]))
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounds, cosine, cover, density, products):
            patch.setattr(module, "TILE", 32)
        patch.setattr(cosine, "_CHUNK", chunk)
        patch.setattr(cosine, "_PRUNE", 50)
        if coded and known * n > 1:
            patch.setattr(cosine, "_SMALL", 0)
        before = cosine.sparse_links(x[: int(known * n)], 0.8, most, floor=floor)
        found = cosine.sparse_links(x, 0.8, most, floor=floor, before=before)
    assert found.dense.tolist() == dense.tolist()
    assert found.a.tolist() == a[kept].tolist()
    assert found.b.tolist() == b[kept].tolist()
    assert found.score.tolist() == score[kept].tolist()


@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(0, 150),
    kinds=st.integers(1, 20),
    radius=st.integers(0, 12),
    most=st.integers(0, 8),
    small=st.booleans(),
)
def test_codes_outside_the_crowds_keep_all_of_their_links(
    seed: int, n: int, kinds: int, radius: int, most: int, small: bool
) -> None:
    rng = np.random.default_rng(seed)
    codes, also = rng.integers(0, 2**64, (2, kinds), dtype=np.uint64)[:, rng.integers(0, kinds, n)]
    for _ in range(int(rng.integers(0, 6))):
        codes = codes ^ (rng.integers(0, 2, n).astype(np.uint64) << rng.integers(0, 64, n).astype(np.uint64))
    a, b, distance = hamming_links(codes, radius)
    both = np.bitwise_count(also[a] ^ also[b]) <= radius
    a, b, distance = a[both], b[both], distance[both]
    with pytest.MonkeyPatch.context() as patch:
        if not small:
            patch.setattr(hamming, "_SMALL", 0)
        found = sparse_code_links(codes, also, radius, most)
    assert not (found.dense & (np.bincount(np.append(a, b), minlength=n) <= most)).any()
    kept = ~(found.dense[a] & found.dense[b])
    assert found.a.tolist() == a[kept].tolist()
    assert found.b.tolist() == b[kept].tolist()
    assert found.distance.tolist() == distance[kept].tolist()


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32), pairs=st.integers(1, 60), size=st.sampled_from([64, 128, 192]))
def test_sure_crowds_have_links(seed: int, pairs: int, size: int) -> None:
    """Pairs on both sides of the threshold, and codes of ``size`` of 192 dimensions, which leave more or less out."""
    rng = np.random.default_rng(seed)
    one, other = np.linalg.qr(rng.standard_normal((192, 192)))[0][: 2 * pairs].reshape(pairs, 2, 192).transpose(1, 0, 2)
    score = rng.uniform(0.7, 1.0, (pairs, 1))
    x = np.stack([one, score * one + np.sqrt(1 - score**2) * other], axis=1).reshape(2 * pairs, 192)
    a, b, _ = cosine.cosine_links(x, 0.8)
    linked = np.bincount(np.append(a, b), minlength=2 * pairs) > 0
    with pytest.MonkeyPatch.context() as patch:
        for module in (bounds, density, products):
            patch.setattr(module, "TILE", 32)
        patch.setattr(bounds, "_cheapest", lambda *_: size)
        sure = density.surely_dense(bounds.encode(x, bounds.fit_projection(x, 0.8)), 0.8, 0, 2)
    assert not (sure & ~linked).any()
    if size == 192:
        # half the range of codes leaves twice as much in doubt
        assert sure[np.repeat(score[:, 0] > (0.9 if largest_code() == 127 else 0.95), 2)].all()


def test_tight_crowds_are_seen_wherever_they_lie() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((20, 96))[rng.permutation(4000) % 20] + 0.1 * rng.standard_normal((4000, 96))
    codes = bounds.encode(x, bounds.fit_projection(x, 0.8))
    assert density.surely_dense(codes, 0.8, 150, 2).all()
    assert not density.surely_dense(codes, 0.8, 250, 2).any()


def test_nearly_all_of_a_crowd_is_seen() -> None:
    rng = np.random.default_rng(3)
    crowd = np.full(2000, rng.integers(0, 2**64, dtype=np.uint64))
    for _ in range(3):
        crowd ^= np.uint64(1) << rng.integers(0, 64, 2000).astype(np.uint64)
    codes = np.concatenate([crowd, rng.integers(0, 2**64, 2000, dtype=np.uint64)])[rng.permutation(4000)]
    dense = dense_rows(CodePairs(codes), 8, 32)
    assert dense.sum() > 1990
    assert dense_rows(CodePairs(np.zeros(100, np.uint64)), 8, 32).all()
