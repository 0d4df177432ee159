"""What ``cover`` holds of a block of places in rank order, and of the links that were given to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rfdedup.neighbors.products import Codes, Mask
from rfdedup.neighbors.vectors import Matrix, Rows, Scores


class GivenLinks:
    """Links given from outside, as places in rank order, found by their later end."""

    def __init__(self, earlier: Rows, later: Rows) -> None:
        sorting = np.argsort(later, kind="stable")
        self._earlier, self._later = earlier[sorting], later[sorting]

    def ending_in(self, begin: int, end: int) -> tuple[Rows, Rows]:
        first, last = np.searchsorted(self._later, [begin, end])
        return self._earlier[first:last], self._later[first:last]


@dataclass(frozen=True)
class PairsWithin:
    """Candidates within a block: those ``i`` and ``j``, (P,), of which the earlier may be the king of the later.

    Attributes:
        unit, at: rows of unit length, and where that of each place is.
        scores, links: (P,) of the pairs, where these are so few that they were judged at once; else None.
    """

    i: Rows
    j: Rows
    unit: Matrix
    at: Rows
    scores: Scores | None
    links: Mask | None


@dataclass
class Block:
    """A tile of places in rank order, numbered within it, but for kings, and what is known of them so far.

    Attributes:
        number: of the block. size: places in it.
        codes, error: a tile of codes of the places, and the longest remainder of any.
        free: (size,) bool, places that may be subjects.
        best: (size,) king of each place, in rank order; the number of places where there is none yet.
        within: pairs of places without a king.
    """

    number: int
    size: int
    codes: Codes
    error: float
    free: Mask
    best: Rows
    within: PairsWithin | None = None
