"""Re-kings in rounds gives what ``crown`` gives, and decisions are demands that always hold."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rfdedup.keepers.constraints import Constraints
from rfdedup.keepers.crown import crown
from rfdedup.model.links import Links
from rfdedup.model.schemas import Tier
from rfdedup.outputs.review.kings import KingsByThreshold

N = 12


def free(n: int = N) -> Constraints:
    none = np.zeros(n, np.bool_)
    return Constraints(none, none, np.empty((0, 2), np.int64), np.zeros(n, np.int64))


pairs = st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.integers(50, 99)), max_size=30)
ranks = st.permutations(range(N)).map(np.array)
masks = st.lists(st.booleans(), min_size=N, max_size=N).map(lambda values: np.array(values, np.bool_))


def semantic(found: list[tuple[int, int, int]]) -> Links:
    kept = [(a, b, score / 100) for a, b, score in found if a != b]
    a, b, score = zip(*kept, strict=True) if kept else ((), (), ())
    return Links.make(a, b, Tier.SEMANTIC, score)


@given(found=pairs, rank=ranks, threshold=st.integers(50, 99))
def test_without_decisions_it_is_crown(found: Any, rank: Any, threshold: int) -> None:
    links = semantic(found)
    bound = threshold / 100
    active = links.score >= bound
    kings = KingsByThreshold(np.ones(N, np.bool_), links, rank, free()).at(bound)
    expected = crown(N, links.a[active], links.b[active], links.score[active], rank)
    assert kings.king.tolist() == expected.tolist()


@given(length=st.integers(2, 400), seed=st.integers(0, 9))
def test_long_chains_are_crown_too(length: int, seed: int) -> None:
    rank = np.arange(length) if seed == 0 else np.random.default_rng(seed).permutation(length)
    a = np.arange(length - 1)
    links = Links.make(a, a + 1, Tier.SEMANTIC, np.full(length - 1, 0.9))
    kings = KingsByThreshold(np.ones(length, np.bool_), links, rank, free(length)).at(0.8)
    assert kings.king.tolist() == crown(length, links.a, links.b, links.score, rank).tolist()


@given(found=pairs, rank=ranks, usable=masks, keep=masks, drop=masks, chosen=st.permutations(range(N)), apart=pairs)
def test_decisions_hold(found: Any, rank: Any, usable: Any, keep: Any, drop: Any, chosen: Any, apart: Any) -> None:
    drop = drop & ~keep
    preference = np.full(N, 2, np.int64)
    preference[list(chosen[:2])] = [0, 1]
    listed = sorted({(min(a, b), max(a, b)) for a, b, _ in apart if a != b})
    demands = Constraints(keep, drop, np.array(listed, np.int64).reshape(-1, 2), preference)
    links = semantic(found)
    king = KingsByThreshold(usable, links, rank, demands).at(0.7).king
    rows = np.arange(N)
    assert (king[keep] == rows[keep]).all()
    assert (king[drop] == -1).all()
    outside = ~(usable | keep | (preference < 2)) | drop
    assert ((king == -1) == outside).all()
    measured = {
        (a, b)
        for a, b, score in zip(links.a.tolist(), links.b.tolist(), links.score.tolist(), strict=True)
        if score >= 0.7
    }
    for row in np.flatnonzero((king != rows) & (king >= 0)).tolist():
        its_king = int(king[row])
        assert king[its_king] == its_king
        pair = (min(row, its_king), max(row, its_king))
        assert pair in measured
        assert pair not in listed
    first = chosen[0]
    assert drop[first] or king[first] == first


@given(found=pairs, rank=ranks, row=st.integers(0, N - 1))
def test_keeping_one_image_takes_nothing_from_better_ones(found: Any, rank: Any, row: int) -> None:
    links, usable = semantic(found), np.ones(N, np.bool_)
    before = KingsByThreshold(usable, links, rank, free()).at(0.7)
    keep = np.arange(N) == row
    demands = Constraints(keep, np.zeros(N, np.bool_), np.empty((0, 2), np.int64), np.zeros(N, np.int64))
    after = KingsByThreshold(usable, links, rank, demands).at(0.7)
    better = before.kept & (rank < rank[row])
    assert after.kept[better].all()
    assert after.kept[row]


def test_copies_of_one_content_follow_the_row_that_stands_for_them() -> None:
    # 1 and 2 have the bytes of 0; 0 duplicates 3, which is better
    links = Links.join(Links.make([0, 0], [1, 2], Tier.EXACT, [1.0, 1.0]), Links.make([0], [3], Tier.SEMANTIC, [0.8]))
    rank = np.array([1, 2, 3, 0])
    usable = np.ones(4, np.bool_)
    assert KingsByThreshold(usable, links, rank, free(4)).at(0.7).king.tolist() == [3, 3, 3, 3]
    assert KingsByThreshold(usable, links, rank, free(4)).at(0.9).king.tolist() == [0, 0, 0, 3]
    # where 0 is rejected, 1 stands for the content
    drop = np.array([True, False, False, False])
    demands = Constraints(np.zeros(4, np.bool_), drop, np.empty((0, 2), np.int64), np.zeros(4, np.int64))
    assert KingsByThreshold(usable, links, rank, demands).at(0.7).king.tolist() == [-1, 3, 3, 3]
    assert KingsByThreshold(usable, links, rank, demands).at(0.9).king.tolist() == [-1, 1, 1, 3]


def test_perceptual_links_hold_at_any_cosine_threshold() -> None:
    links = Links.make([0], [1], Tier.PERCEPTUAL, [3.0])
    assert KingsByThreshold(np.ones(2, np.bool_), links, np.arange(2), free(2)).at(0.99).king.tolist() == [0, 0]
