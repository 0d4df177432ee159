"""Tier 3, one round: the descriptors of some rows against each other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.greedy_cover import cover
from rfdedup.keepers.selection import KingSelection, few_pairs, most_links
from rfdedup.metric.descriptor import Matrix
from rfdedup.metric.margins import Bounds
from rfdedup.model.links import Links
from rfdedup.model.schemas import Tier
from rfdedup.neighbors.cosine import SparseLinks, sparse_links
from rfdedup.neighbors.vectors import pair_scores, row_scores

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass
class CosineLinks:
    """Links among some of n rows.

    A pair whose stored score is within the margin of the threshold has the score of its descriptors in fp32.

    Attributes:
        links: pairs down to the floor with at least one end that is not dense.
        dense: (n,) bool, rows with too many pairs that may be links.
        found: links as stored embeddings have them, by place in ``vectors``.
    """

    vectors: npt.NDArray[np.float16]
    bounds: Bounds
    measure_again: Callable[[Rows], Matrix]
    at: Rows
    dense: Mask
    found: SparseLinks
    links: Links = field(default_factory=Links.none)
    _exact: list[Matrix] = field(default_factory=list)
    _exact_at: Rows = field(default_factory=lambda: np.empty(0, np.int64))

    @classmethod
    def make(
        cls,
        rows: Rows,
        n: int,
        vectors: npt.NDArray[np.float16],
        bounds: Bounds,
        measure_again: Callable[[Rows], Matrix],
        before: CosineLinks | None = None,
    ) -> CosineLinks:
        """Compare ``rows`` with each other.

        Args:
            rows: (m,) row numbers. vectors: (m, k) their descriptors.
            bounds: see there.
            measure_again: gives descriptors in fp32 of some rows.
            before: comparison of the first of ``rows``: what it measured is not measured again.
        """
        known = None if before is None else before.found
        found = sparse_links(vectors, bounds.near, most_links(n), floor=bounds.floor, before=known, room=n)
        at, dense = np.full(n, -1), np.zeros(n, np.bool_)
        at[rows], dense[rows] = np.arange(len(rows)), found.dense
        made = cls(vectors, bounds, measure_again, at, dense, found, _exact_at=np.full(n, -1))
        if before is not None:
            made._exact, made._exact_at = before._exact, before._exact_at
        a, b = rows[found.a], rows[found.b]
        made.links = Links.make(a, b, Tier.SEMANTIC, made._settled(a, b, found.score.astype(np.float64)))
        return made

    @property
    def threshold(self) -> float:
        return self.bounds.threshold

    def evidence(self, selection: KingSelection, compared: Rows) -> Links:
        """Pairs of dense rows to rank by: O(n), as far as they reach the floor."""
        dense_at = np.flatnonzero(self.dense)
        if not len(dense_at):
            return Links.none()
        king = self._cover(dense_at, selection.blank(compared))
        return self._pairs(*few_pairs(dense_at, king[dense_at]))

    def kings(self, selection: KingSelection, place: Rows, known: Links) -> Rows:
        """The king of each row by ``known`` links and those between dense rows."""

        def dense_kings(rows: Rows, links: Links) -> Rows:
            return self._cover(
                rows,
                place,
                forced=selection.protected,
                stay=selection.demands.keep,
                links=links,
                permits=lambda one, other: selection.permits(one, other, place),
            )

        return selection.kings(known, place, self.dense, dense_kings)

    def proofs(self, king: Rows) -> Links:
        """The links between dense subjects and dense kings."""
        subject = np.flatnonzero(self.dense & self.dense[king] & (king != np.arange(len(king))))
        return self._pairs(subject, king[subject])

    def _cover(
        self,
        rows: Rows,
        place: Rows,
        *,
        forced: Mask | None = None,
        stay: Mask | None = None,
        links: Links | None = None,
        permits: Callable[[Rows, Rows], Mask] | None = None,
    ) -> Rows:
        """Kings (n,) of the named rows; pairs on which they rest are measured again where that may matter."""

        def linked(score: npt.NDArray[np.float32], one: Rows, other: Rows) -> Mask:
            value = score.astype(np.float64)
            sure = self._close(value) & (self._exact_at[one] >= 0) & (self._exact_at[other] >= 0)
            value[sure] = self._exact_scores(one[sure], other[sure])
            mask = value >= self.threshold
            return mask if permits is None else mask & permits(one, other)

        while True:
            found = cover(
                self.vectors,
                self.threshold,
                place,
                vector=self.at,
                rows=rows,
                forced=forced,
                stay=stay,
                a=() if links is None else links.a,
                b=() if links is None else links.b,
                margin=self.bounds.margin,
                least=self.bounds.near,
                decide=linked,
                codes=self.found.codes,
            )
            unknown = np.flatnonzero(found.doubtful & (self._exact_at < 0))
            if not len(unknown):
                return found.king
            self._look_again(unknown)

    def _pairs(self, a: Rows, b: Rows) -> Links:
        """Links of pairs of rows, as far as they reach the floor."""
        stored = pair_scores(self.vectors, self.at[a], self.at[b]).astype(np.float64)
        reach = stored >= self.bounds.floor
        a, b = a[reach], b[reach]
        return Links.make(a, b, Tier.SEMANTIC, self._settled(a, b, stored[reach]))

    def _close(self, score: Floats) -> Mask:
        return np.asarray(np.abs(score - self.threshold) <= self.bounds.margin)

    def _settled(self, a: Rows, b: Rows, score: Floats) -> Floats:
        """Scores with close calls measured again."""
        close = self._close(score)
        a, b = a[close], b[close]
        ends = np.unique(np.concatenate([a, b]))
        self._look_again(ends[self._exact_at[ends] < 0])
        score[close] = self._exact_scores(a, b)
        return score

    def _look_again(self, rows: Rows) -> None:
        if len(rows):
            known = sum(len(part) for part in self._exact)
            self._exact.append(self.measure_again(rows))
            self._exact_at[rows] = known + np.arange(len(rows))

    def _exact_scores(self, a: Rows, b: Rows) -> Floats:
        if not len(a):
            return np.empty(0)
        if len(self._exact) > 1:
            # threads that come here together all make the same
            self._exact = [np.concatenate(self._exact)]
        exact = self._exact[0]
        return row_scores(exact, self._exact_at[a], exact, self._exact_at[b]).astype(np.float64)
