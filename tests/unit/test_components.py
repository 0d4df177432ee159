"""Components: empty graphs and links that do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from rfdedup.keepers.components import components
from rfdedup.model.errors import DataError


@pytest.mark.parametrize("n", [0, 1, 3])
def test_without_links_each_node_is_its_own(n: int) -> None:
    assert components(n, [], []).tolist() == list(range(n))


def test_a_chain_is_one_component() -> None:
    assert components(5, [3, 1, 2], [4, 2, 3]).tolist() == [0, 1, 1, 1, 1]


def test_a_link_to_a_missing_node() -> None:
    with pytest.raises(DataError, match="only 3 rows"):
        components(3, [0], [3])


def test_ends_of_different_length() -> None:
    with pytest.raises(DataError, match="one length"):
        components(3, [0, 1], [2])


def test_ends_that_are_not_integers() -> None:
    with pytest.raises(DataError, match="row numbers"):
        components(3, np.array([0.0]), np.array([1.0]))
