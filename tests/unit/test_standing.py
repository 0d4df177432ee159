"""Who stands for a content when files go away."""

from __future__ import annotations

import numpy as np

from rfdedup.model.links import Links
from rfdedup.model.schemas import Tier
from rfdedup.pipeline.standing import Standing

GONE = ("unreadable", "it is not there")


def test_the_best_of_those_with_the_same_bytes_takes_the_place_and_then_nobody() -> None:
    standing = Standing(np.array([0, 0, 0, 3, 4]), np.arange(4), lambda: np.array([0, 2, 1, 3, 4]))
    assert standing.distinct.tolist() == [0, 3]
    assert standing.lose({0: GONE}).tolist() == [2, 1, 2, 3, 4]
    assert (standing.of.tolist(), standing.distinct.tolist()) == ([0, 2, 2, 3, 4], [2, 3])
    assert standing.lose({2: GONE, 3: GONE}).tolist() == [0, 1, 1, -1, 4]
    assert (standing.of.tolist(), standing.distinct.tolist()) == ([0, 1, 2, 3, 4], [1])
    assert standing.now.tolist() == [1, 1, 1, -1, 4]
    assert standing.lose({1: GONE})[1] == -1
    assert standing.distinct.tolist() == []
    assert sorted(standing.faults) == [0, 1, 2, 3]


def test_links_follow_and_links_of_nobody_go() -> None:
    links = Links.make([0, 0, 1], [1, 2, 3], Tier.PERCEPTUAL, [4.0, 5.0, 6.0])
    moved = links.renamed(np.array([9, 1, -1, 3]))
    assert list(zip(moved.a.tolist(), moved.b.tolist(), moved.score.tolist(), strict=True)) == [
        (1, 3, 6.0),
        (1, 9, 4.0),
    ]
