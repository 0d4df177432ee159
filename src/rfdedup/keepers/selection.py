"""Kings of one run: how rows are ranked and kings chosen, as far as reviewers leave it to the measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.keepers.components import components
from rfdedup.keepers.constraints import Constraints, permitted, ranked
from rfdedup.keepers.crown import crown
from rfdedup.keepers.rank import Pairs, rank
from rfdedup.model.config import KeepConfig
from rfdedup.model.faults import Faults
from rfdedup.model.links import Links, sorted_unique

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST_DENSE = 32
"""Rows with at most this many links keep all of them, however large the input."""
FREE_LINKS = 2_000_000
"""Links that any input may have before a row with more than ``LEAST_DENSE`` of them is dense."""
STRIDES = (1, 2, 4, 8, 16, 32)
"""Distances, within a dense set in path order, of the rows that are measured against each other to rank them."""


def most_links(n: int) -> int:
    """Number of links beyond which one of n rows is dense."""
    return max(LEAST_DENSE, FREE_LINKS // max(n, 1))


@dataclass(frozen=True)
class KingSelection:
    """What kings are chosen by.

    Attributes:
        features: n rows, columns of ``schemas.FEATURES``.
        keep: rule and globs.
        thumbs: gives thumbnails of some rows.
        protected: (n,) bool, rows that are never subjects and come before all others.
        demands: what reviewers decided.
        refine: gives the features as the rank should see them beside some links.
        compatible: says which pairs may be held for the same at all; see ``keepers.compatible``.
        companions: (n,) how many files beside each image belong to it.
        look_again: reads again what ``refine`` needs for some links; gives the faults of files that are gone.
    """

    features: pa.Table
    keep: KeepConfig
    thumbs: Callable[[Rows], npt.NDArray[np.uint8]]
    protected: Mask
    demands: Constraints
    refine: Callable[[Links], pa.Table] | None = None
    compatible: Callable[[Rows, Rows], Mask] | None = None
    companions: Rows | None = None
    look_again: Callable[[Links], Faults] | None = None

    def lost(self, evidence: Links) -> Faults:
        """Files that ``place`` would have to read again and that are gone: no link that it is given may have them."""
        return {} if self.look_again is None else self.look_again(evidence)

    def place(
        self, evidence: Links, compared: Rows, worse_than: Pairs | None = None, turned: Pairs | None = None
    ) -> Rows:
        """Final place of each row, (n,) int64; see ``rank.rank`` and ``constraints.ranked``."""
        features = self.features if self.refine is None else self.refine(evidence)
        places = rank(
            features,
            self.keep,
            evidence,
            self.thumbs,
            first=compared,
            companions=self.companions,
            worse_than=worse_than,
            turned=turned,
        )
        return ranked(places, self.demands)

    def blank(self, compared: Rows) -> Rows:
        """Place of each row before anything is linked or decided: dense sets are thinned out by it."""
        return rank(self.features, self.keep, Links.none(), self.thumbs, first=compared, companions=self.companions)

    def permits(self, a: Rows, b: Rows, place: Rows) -> Mask:
        """Which links may make a subject; see ``constraints.permitted``."""
        return permitted(a, b, place, self.demands.keep, self.demands.apart) & self.may_be_same(a, b)

    def may_be_same(self, a: Rows, b: Rows) -> Mask:
        """Which pairs may be held for the same, whatever they show, (L,) bool."""
        return np.ones(len(a), np.bool_) if self.compatible is None else self.compatible(a, b)

    def kings(self, links: Links, place: Rows, dense: Mask, cover: Callable[[Rows, Links], Rows]) -> Rows:
        """The king of each row: as ``crown`` says over all links, also those between dense rows.

        Args:
            links: all links with at least one end that is not dense.
            place: (n,) from ``place``.
            dense: (n,) bool.
            cover: gives kings (n,) of the named rows, which no link leaves, by those links and others it measures.
        """
        n = len(place)
        links = links.take(self.permits(links.a, links.b, place))
        king = crown(n, links.a, links.b, links.score, place, forced=self.protected)
        if dense.any():
            rows = _reached(n, links, dense)
            king[rows] = cover(rows, links)[rows]
        return king


def _reached(n: int, links: Links, dense: Mask) -> Rows:
    """Rows that links join, over any number of steps, with a dense one; ascending."""
    family = components(n, links.a, links.b)
    with_dense = np.zeros(n, np.bool_)
    with_dense[family[dense]] = True
    return np.flatnonzero(with_dense[family])


def few_pairs(rows: Rows, king: Rows) -> tuple[Rows, Rows]:
    """O(n) pairs by which a dense set is ranked: each row with its king and with a few rows of the same king.

    Args:
        rows: (m,) ascending.
        king: (m,) provisional king of each.

    Returns:
        (L,) and (L,) rows, the smaller first, each pair once.
    """
    n = np.int64(max(rows.max(initial=0), king.max(initial=0)) + 1)
    group_king, member = np.divmod(np.sort(king * n + rows), n)
    first = np.searchsorted(group_king, group_king, side="left")
    size = np.searchsorted(group_king, group_king, side="right") - first
    turn = np.arange(len(member)) - first
    one, other = [member], [group_king]
    for stride in STRIDES:
        far = size > stride
        one.append(member[far])
        other.append(member[(first + (turn + stride) % np.maximum(size, 1))[far]])
    a, b = np.concatenate(one), np.concatenate(other)
    low, high = np.divmod(sorted_unique(np.minimum(a, b)[a != b] * n + np.maximum(a, b)[a != b]), n)
    return low, high
