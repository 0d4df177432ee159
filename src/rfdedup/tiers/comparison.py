"""Tier 3, one round: the descriptors of some rows against each other."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from rfdedup.court import Court, few_pairs, most_links
from rfdedup.descriptor import Matrix
from rfdedup.linking import Links
from rfdedup.records import Tier
from rfdedup.similarity.cosine import SparseLinks, sparse_links
from rfdedup.similarity.cover import cover
from rfdedup.similarity.vectors import pair_scores, row_scores

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_IN_MEMORY = 64 << 20
"""Bytes of descriptors beyond which they lie in a file."""


@dataclass(frozen=True)
class Bounds:
    """Cosine similarities: what links, the least that is of interest, and the error of the stored embeddings."""

    threshold: float
    floor: float
    margin: float

    @property
    def near(self) -> float:
        """The least stored similarity of a pair that may be a link."""
        # the subtraction is rounded; a pair more is no harm
        return max(self.threshold - self.margin - 1e-9, self.floor)


@dataclass
class Comparison:
    """Links among some of n rows.

    A pair whose stored score is within the margin of the threshold has the score of its descriptors in fp32.

    Attributes:
        links: pairs down to the floor with at least one end that is not crowded.
        crowded: (n,) bool, rows with too many pairs that may be links.
        found: links as stored embeddings have them, by place in ``vectors``.
    """

    vectors: npt.NDArray[np.float16]
    bounds: Bounds
    measure_again: Callable[[Rows], Matrix]
    at: Rows
    crowded: Mask
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
        before: Comparison | None = None,
    ) -> Comparison:
        """Compare ``rows`` with each other.

        Args:
            rows: (m,) row numbers. vectors: (m, k) their descriptors.
            bounds: see there.
            measure_again: gives descriptors in fp32 of some rows.
            before: comparison of the first of ``rows``: what it measured is not measured again.
        """
        known = None if before is None else before.found
        found = sparse_links(vectors, bounds.near, most_links(n), floor=bounds.floor, before=known, room=n)
        at, crowded = np.full(n, -1), np.zeros(n, np.bool_)
        at[rows], crowded[rows] = np.arange(len(rows)), found.crowded
        made = cls(vectors, bounds, measure_again, at, crowded, found, _exact_at=np.full(n, -1))
        if before is not None:
            made._exact, made._exact_at = before._exact, before._exact_at
        a, b = rows[found.a], rows[found.b]
        made.links = Links.make(a, b, Tier.SEMANTIC, made._settled(a, b, found.score.astype(np.float64)))
        return made

    @property
    def threshold(self) -> float:
        return self.bounds.threshold

    def evidence(self, court: Court, compared: Rows) -> Links:
        """Pairs of crowded rows to rank by: O(n), as far as they reach the floor."""
        crowd = np.flatnonzero(self.crowded)
        if not len(crowd):
            return Links.none()
        king = self._cover(crowd, court.blank(compared))
        return self._pairs(*few_pairs(crowd, king[crowd]))

    def kings(self, court: Court, place: Rows, known: Links) -> Rows:
        """The king of each row by ``known`` links and those between crowded rows."""

        def crowd_kings(rows: Rows, links: Links) -> Rows:
            return self._cover(
                rows,
                place,
                forced=court.protected,
                stay=court.demands.keep,
                links=links,
                permits=lambda one, other: court.permits(one, other, place),
            )

        return court.kings(known, place, self.crowded, crowd_kings)

    def proofs(self, king: Rows) -> Links:
        """The links between crowded subjects and crowded kings."""
        subject = np.flatnonzero(self.crowded & self.crowded[king] & (king != np.arange(len(king))))
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


class HalfPrecision:
    """Rows of descriptors, (n, k) float16, that may become more: in memory, or in a file where there are many."""

    def __init__(self, folder: Path) -> None:
        """Nothing yet; a file would lie in ``folder``, without a name."""
        self.rows: npt.NDArray[np.float16] = np.empty((0, 1), np.float16)
        self._folder = folder
        self._file: IO[bytes] | None = None

    def extend(self, blocks: Iterable[Matrix], count: int) -> None:
        """Add ``count`` rows, which come in blocks."""
        held, parts, rows, dim = len(self.rows), [], len(self.rows) + count, self.rows.shape[1]
        for block in blocks:
            dim = block.shape[1]
            if self._file is None and rows * dim * np.float16().nbytes > _IN_MEMORY:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - as long as this object
                weakref.finalize(self, self._file.close)
                self._file.write(self.rows.tobytes())
            if self._file is None:
                parts.append(block.astype(np.float16))
            else:
                self._file.write(block.astype(np.float16).tobytes())
        if self._file is not None:
            self._file.flush()
            self.rows = np.memmap(self._file, np.float16, "r", shape=(rows, dim))
        elif parts:
            self.rows = np.concatenate([self.rows, *parts] if held else parts)
