"""Links: representatives of equal bytes, and which links are kept."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from rfdedup.model.links import Links
from rfdedup.model.schemas import Tier
from rfdedup.stages.exact import exact_representatives, first_of_each
from rfdedup.stages.stored_links import strongest


def test_the_best_ranked_row_stands_for_its_content() -> None:
    sha256 = pa.chunked_array([["x", "y"], ["x", "x", "y"]])
    rank = np.array([4, 1, 0, 2, 3])
    assert exact_representatives(sha256, np.arange(5), rank).tolist() == [2, 1, 2, 2, 1]
    assert exact_representatives(sha256, np.array([0, 3]), rank).tolist() == [3, 3]


def test_the_first_row_of_each_content_is_found_in_the_order_of_contents() -> None:
    assert first_of_each(pa.chunked_array([["b", "c", "b"], ["a", "c"]])).tolist() == [3, 0, 1]
    assert first_of_each(pa.chunked_array([[]], pa.string())).tolist() == []


def test_links_are_ordered_whatever_their_parts() -> None:
    one = Links.make([5, 1], [2, 0], Tier.SEMANTIC, [0.9, 0.8])
    other = Links.make([2], [5], Tier.PERCEPTUAL, [3])
    for joined in (Links.join(one, other), Links.join(other, one)):
        assert list(zip(joined.a.tolist(), joined.b.tolist(), joined.tier.tolist(), strict=True)) == [
            (0, 1, 2),
            (2, 5, 1),
            (2, 5, 2),
        ]


def test_a_pair_that_was_measured_twice_is_one_link() -> None:
    one = Links.make([1, 0], [2, 3], Tier.SEMANTIC, [0.9, 0.8])
    joined = Links.join(one, one, Links.make([2], [1], Tier.PERCEPTUAL, [4]))
    assert list(zip(joined.a.tolist(), joined.tier.tolist(), joined.score.tolist(), strict=True)) == [
        (0, 2, 0.8),
        (1, 1, 4.0),
        (1, 2, 0.9),
    ]


def test_the_strongest_links_of_each_end_are_kept() -> None:
    star = Links.make([0] * 5, range(1, 6), Tier.SEMANTIC, [0.5, 0.9, 0.7, 0.6, 0.8])
    # the others have no better link than that to the hub, so all stay; the hub alone would keep two
    assert strongest(star, 6, 2).all()
    triangle = Links.make([0, 0, 1], [1, 2, 2], Tier.SEMANTIC, [0.9, 0.5, 0.6])
    assert strongest(triangle, 3, 1).tolist() == [True, False, True]
