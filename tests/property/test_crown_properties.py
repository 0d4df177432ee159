"""Kings and subjects against the rule as it is written down."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.keepers.crown import crown


def naive(n: int, links: set[tuple[int, int]], rank: list[int], forced: list[bool]) -> list[int]:
    near = {i: {b for a, b in links if a == i} | {a for a, b in links if b == i} for i in range(n)}
    order = sorted(range(n), key=lambda i: (not forced[i], rank[i], i))
    king = list(range(n))
    verdict = set()
    for image in order:
        if image in verdict:
            continue
        verdict.add(image)
        for other in near[image] - verdict:
            if not forced[other]:
                king[other] = image
                verdict.add(other)
    return king


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, list[tuple[int, int]], list[int], list[bool]]:
    n = draw(st.integers(1, 25))
    ends = st.integers(0, n - 1)
    links = draw(st.lists(st.tuples(ends, ends).filter(lambda link: link[0] != link[1]), max_size=60))
    rank = draw(st.lists(st.integers(0, n), min_size=n, max_size=n))
    forced = draw(st.one_of(st.just([False] * n), st.lists(st.booleans(), min_size=n, max_size=n)))
    return n, links, rank, forced


@settings(max_examples=300)
@given(graph=graphs())
def test_equals_the_written_rule(graph: tuple[int, list[tuple[int, int]], list[int], list[bool]]) -> None:
    n, links, rank, forced = graph
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    king = crown(n, ends[:, 0], ends[:, 1], np.ones(len(links)), np.array(rank), forced=np.array(forced))
    assert king.tolist() == naive(n, set(links), rank, forced)
    linked = set(links) | {(b, a) for a, b in links}
    for image, its_king in enumerate(king.tolist()):
        assert king[its_king] == its_king
        assert its_king == image or (image, its_king) in linked
        assert not forced[image] or its_king == image
    kings = [i for i in range(n) if king[i] == i]
    assert not [(i, j) for i in kings for j in kings if (i, j) in linked and not (forced[i] and forced[j])]


@settings(max_examples=50)
@given(graph=graphs(), seed=st.integers(0, 1000))
def test_order_of_links_does_not_matter(
    graph: tuple[int, list[tuple[int, int]], list[int], list[bool]], seed: int
) -> None:
    n, links, rank, _ = graph
    ends = np.array(links, dtype=np.int64).reshape(-1, 2)
    shuffled = np.random.default_rng(seed).permutation(ends)[:, ::-1]
    score = np.ones(len(links))
    one = crown(n, ends[:, 0], ends[:, 1], score, rank)
    other = crown(n, shuffled[:, 0], shuffled[:, 1], score, rank)
    assert one.tolist() == other.tolist()
