"""Kings and subjects again and again, from the stored links: for another threshold, or other decisions.

The answer is that of ``keepers.crown`` on the links at or above the threshold, computed in rounds over arrays, so
that a million links take a fraction of a second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.components import components
from rfdedup.keepers.constraints import Constraints, permitted, ranked
from rfdedup.keepers.crown import crown
from rfdedup.model.links import TIER_ORDER, Links
from rfdedup.model.schemas import Tier

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
EXACT, SEMANTIC = TIER_ORDER.index(Tier.EXACT), TIER_ORDER.index(Tier.SEMANTIC)
_MOST_ROUNDS = 40
"""A long chain of links would need a round for each image; beyond this the sequential rule takes over."""


@dataclass(frozen=True)
class Kings:
    """Who is kept.

    Attributes:
        king: (n,) itself for kept rows, -1 for rows that take no part (errors, junk, rejected).
        stand_in: (n,) the row with the same bytes that was compared in this row's place; itself for most.
    """

    king: Rows
    stand_in: Rows

    @property
    def kept(self) -> Mask:
        return np.asarray(self.king == np.arange(len(self.king)))

    @property
    def subjects(self) -> Mask:
        return (self.king >= 0) & ~self.kept


class KingsByThreshold:
    """Crowns the rows of one run under given decisions. Thresholds then cost milliseconds.

    Files with the same bytes count as one image, which the best of them stands for, as in the funnel.
    """

    def __init__(self, usable: Mask, links: Links, rank: Rows, demands: Constraints) -> None:
        """
        Args:
            usable: (n,) rows that took part in the tiers for duplicates.
            links: stored links of all tiers between rows.
            rank: (n,) lower is better, no ties.
            demands: what reviewers decided.
        """
        n = len(usable)
        self._n = n
        taking_part = (usable | demands.keep | (demands.preference < demands.preference.max(initial=0))) & ~demands.drop
        place = ranked(rank, demands)
        order = np.argsort(place)
        exact = links.tier == EXACT
        content = components(n, links.a[exact], links.b[exact])
        best = np.full(n, n, np.int64)
        np.minimum.at(best, content, np.where(taking_part, place, n))
        present = best < n
        self._outside = np.flatnonzero(~taking_part)
        self._kept_anyway = np.flatnonzero(demands.keep & taking_part)
        # the row that stands for each row's content; rows that take no part stand for no one
        stand_in = np.where(present[content], order[np.minimum(best[content], n - 1)], np.arange(n))
        self._stand_in = stand_in
        self._copies = np.flatnonzero(stand_in != np.arange(n))
        self._originals = stand_in[self._copies]
        one, other = stand_in[links.a], stand_in[links.b]
        # links of other tiers hold whatever the cosine threshold
        score = np.where(links.tier == SEMANTIC, links.score, np.inf)
        wanted = ~exact & (one != other) & taking_part[one] & taking_part[other]
        one, other, score = one[wanted], other[wanted], score[wanted]
        allowed = permitted(one, other, place, demands.keep, stand_in[demands.apart])
        one, other, score = place[one[allowed]], place[other[allowed]], score[allowed]
        strongest_first = np.argsort(-score, kind="stable")
        self._better = np.minimum(one, other)[strongest_first].astype(np.int32)
        self._worse = np.maximum(one, other)[strongest_first].astype(np.int32)
        self._falling = -score[strongest_first]
        self._order = order

    def at(self, threshold: float) -> Kings:
        """Kings and subjects with a cosine threshold, which must not lie below the floor of the stored links."""
        active = int(np.searchsorted(self._falling, -threshold, side="right"))
        subject, king_place = _subjects_in_place_order(self._n, self._better[:active], self._worse[:active])
        king = np.arange(self._n)
        king[self._order[subject]] = self._order[king_place]
        king[self._copies] = king[self._originals]
        king[self._kept_anyway] = self._kept_anyway
        king[self._outside] = -1
        return Kings(king, self._stand_in)


def _subjects_in_place_order(
    n: int, better: npt.NDArray[np.int32], worse: npt.NDArray[np.int32]
) -> tuple[Rows, npt.NDArray[np.int32]]:
    """Places of subjects and the places of their kings. Each link goes from a better place to a worse one."""
    subject, blocked = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    upper, lower = better, worse
    for _ in range(_MOST_ROUNDS):
        if not len(upper):
            break
        blocked[lower] = True
        is_king = ~blocked[upper]
        blocked[lower] = False
        subject[lower[is_king]] = True
        undecided = ~(subject[upper] | subject[lower])
        # a link of a new king only tells what its subject is, which is known by now
        upper, lower = upper[undecided], lower[undecided]
    if len(upper):
        rest = crown(n, upper, lower, np.zeros(len(upper)), np.arange(n))
        subject |= rest != np.arange(n)
    proven = np.flatnonzero(~subject[better])
    best = np.full(n, n, np.int32)
    np.minimum.at(best, worse[proven], better[proven])
    places = np.flatnonzero(subject)
    return places, best[places]
