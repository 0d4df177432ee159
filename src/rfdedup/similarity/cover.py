"""Kings straight from embeddings, without the links between all pairs: for input as dense as video frames.

Images are taken in rank order, a block at a time. Each that an earlier king covers is its subject; among the
others of the block the first becomes a king and covers whatever of them is near enough, and so on. The verdicts
are those of ``kings.crown`` on all links, with N x kings products instead of N x N, and memory for N rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.errors import DataError
from rfdedup.kings import priority_order
from rfdedup.similarity.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.similarity.components import check_links
from rfdedup.similarity.cosine import fit_products
from rfdedup.similarity.products import TILE, Codes, Mask, Products, in_threads, thread_count
from rfdedup.similarity.vectors import (
    Rows,
    Scores,
    check_matrix,
    check_threshold,
    let_go,
    normalise,
    pair_scores,
    row_scores,
)

_JUDGED = 16
"""Candidates of each row of a block, on average, that are judged all at once."""

Decide = Callable[[Scores, Rows, Rows], Mask]
"""Given scores, kings and rows of (L,) pairs, says which of the pairs are links."""


@dataclass(frozen=True)
class Cover:
    """Kings, and what they rest on.

    Attributes:
        king: (N,) int64, ``king[i] == i`` for kings.
        doubtful: (N,) bool, images of the pairs that decided with a score nearer to the threshold than the margin.
    """

    king: Rows
    doubtful: Mask


def cover(
    x: npt.ArrayLike,
    threshold: float,
    rank: npt.ArrayLike,
    *,
    vector: npt.ArrayLike | None = None,
    rows: npt.ArrayLike | None = None,
    forced: npt.ArrayLike | None = None,
    stay: npt.ArrayLike | None = None,
    a: npt.ArrayLike = (),
    b: npt.ArrayLike = (),
    margin: float = 0.0,
    least: float | None = None,
    decide: Decide | None = None,
    codes: ByteCodes | None = None,
) -> Cover:
    """Choose kings among embeddings as ``crown`` does on ``cosine_links`` and further links together.

    Args:
        x: (M, d) floats, as for ``cosine_links``.
        threshold: cosine similarity above 0, at most 1.
        rank: (N,) numbers, lower is better; ties go to the smaller index.
        vector: (N,) row of ``x`` that each image has, -1 for images without; default: image i has row i.
        rows: images that take part, the others stay; default all.
        forced: (N,) bool, images that are never subjects; see ``crown``.
        stay: (N,) bool, images that are never subjects, but keep their place in the order.
        a, b: (L,) images, links that other tiers measured and that may make the worse end a subject.
        margin: bound of the error of a score.
        least: score of the least similar pairs that ``decide`` is asked about; default ``threshold - margin``.
        decide: says which pairs are links; it must not depend on which are asked about together. Default: those at or
            above the threshold.
        codes: codes of the rows of ``x``, where there are some already.

    Raises:
        DataError: arrays that do not fit together, or NaN.
    """
    matrix = check_matrix(x)
    threshold = check_threshold(threshold)
    n = np.size(rank) if vector is not None else matrix.shape[0]
    order, mask = priority_order(n, rank, forced)
    at = np.arange(n) if vector is None else np.asarray(vector, dtype=np.int64)
    held = np.zeros(n, np.bool_) if stay is None else np.asarray(stay, dtype=np.bool_)
    if at.shape != (n,) or held.shape != (n,):
        raise DataError(f"vector and stay need one entry for each of {n} images, got {at.shape} and {held.shape}")
    one, other = check_links(n, np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64))
    if rows is not None:
        part = np.zeros(n, np.bool_)
        part[np.asarray(rows, dtype=np.int64)] = True
        order = order[part[order]]
        inside = part[one] & part[other]
        one, other = one[inside], other[inside]
    king, doubtful = np.arange(n, dtype=np.int64), np.zeros(n, np.bool_)
    if order.size:
        place = np.full(n, n, dtype=np.int64)
        place[order] = np.arange(order.size)
        further = _Further(np.minimum(place[one], place[other]), np.maximum(place[one], place[other]))
        lowest = check_threshold(max(threshold - margin, 1e-6) if least is None else least)
        known = encode(matrix, fit_projection(matrix, lowest)) if codes is None else codes
        court = _Court(matrix, known, order, at[order], threshold, margin, lowest, decide)
        king[order] = order[court.settle((mask | held)[order], further)]
        doubtful[order] = court.doubtful
    return Cover(king, doubtful)


class _Further:
    """Links given from outside, as places in rank order, found by their later end."""

    def __init__(self, earlier: Rows, later: Rows) -> None:
        sorting = np.argsort(later, kind="stable")
        self._earlier, self._later = earlier[sorting], later[sorting]

    def ending_in(self, begin: int, end: int) -> tuple[Rows, Rows]:
        first, last = np.searchsorted(self._later, [begin, end])
        return self._earlier[first:last], self._later[first:last]


class _Court:
    """The kings so far. Everything here is numbered by place in rank order."""

    def __init__(
        self,
        x: npt.NDArray[np.floating],
        codes: ByteCodes,
        order: Rows,
        vector: Rows,
        threshold: float,
        margin: float,
        least: float,
        decide: Decide | None,
    ) -> None:
        self._x, self._order, self._vector = x, order, vector
        self._threshold, self._margin = threshold, margin
        self._decide = decide or (lambda score, _, __: score.astype(np.float64) >= threshold)
        self._least = least
        self._codes = codes
        self._threads = thread_count()
        self._products: Products = fit_products(codes, self._least, self._threads)
        self._tiles: list[Codes] = []
        self._errors: list[float] = []
        self._kings = np.empty(0, dtype=np.int64)
        self.doubtful = np.zeros(order.size, np.bool_)

    def settle(self, fixed: Mask, further: _Further) -> Rows:
        """The king of every place, (N,) int64; kings are their own. ``fixed`` places are never subjects."""
        n = self._order.size
        lord = np.arange(n)
        with ThreadPoolExecutor(self._threads) as pool:
            for begin in range(0, n, TILE):
                number, end = begin // TILE, min(begin + TILE, n)
                self._block = self._gathered(begin, end)
                free = ~fixed[begin:end]
                best = np.full(end - begin, n)
                earlier, later = further.ending_in(begin, end)
                old = (earlier < begin) & (lord[earlier] == earlier) & free[later - begin]
                np.minimum.at(best, later[old] - begin, earlier[old])
                self._cover(pool, number, best, free)
                inner = (earlier >= begin) & (earlier < later)
                self._crown(number, best, free, earlier[inner] - begin, later[inner] - begin)
                lord[begin:end] = best
                self._admit(number, np.flatnonzero(best == np.arange(begin, end)))
                let_go(self._x)
        return lord

    def _cover(self, pool: ThreadPoolExecutor, number: int, best: Rows, free: Mask) -> None:
        """Lower ``best`` to the first earlier king within the threshold of each free row of a block."""
        batch = 4 * self._threads
        for first in range(0, len(self._tiles), batch):
            # kings come in rank order: what these tiles hold is too late for rows that have a better one
            done = np.ones(TILE, np.bool_)
            done[: best.size] = ~free | (best < self._kings[first * TILE])
            if done.all():
                return

            def search(tile: int, done: Mask = done) -> tuple[Rows, Rows]:
                others = self._tiles[tile], self._errors[tile]
                i, j = self._near(number, *others, [(done, np.ones(TILE, np.bool_), np.inf)])
                j += tile * TILE
                inside = (i < best.size) & (j < self._kings.size)
                return i[inside], j[inside]

            tiles = range(first, min(first + batch, len(self._tiles)))
            found = list(in_threads(pool, search, tiles, ahead=batch))
            row, king = (np.concatenate([part[side] for part in found]) for side in (0, 1))
            self._subdue(number, best, row, self._kings[king])

    def _subdue(self, number: int, best: Rows, row: Rows, king: Rows) -> None:
        """Lower ``best`` by candidates: rows of a block, and kings in rank order."""
        # a stable sort leaves each row's kings best first
        sorting = np.argsort(row, kind="stable")
        row, king = row[sorting], king[sorting]
        turn = np.arange(row.size) - np.searchsorted(row, row)
        close: list[tuple[Rows, Rows]] = []
        wave, width = 0, 1
        while (turn >= wave).any():
            now = (turn >= wave) & (turn < wave + width) & (king < best[row])
            i, k = row[now], king[now]
            score = pair_scores(self._x, self._vector[number * TILE + i], self._vector[k])
            near = score.astype(np.float64) >= self._least
            i, k, score = i[near], k[near], score[near]
            linked = self._decide(score, self._order[k], self._order[number * TILE + i])
            np.minimum.at(best, i[linked], k[linked])
            unsure = self._unsure(score)
            close.append((i[unsure], k[unsure]))
            wave, width = wave + width, 2 * width
        for i, k in close:
            decisive = k <= best[i]
            self.doubtful[number * TILE + i[decisive]] = True
            self.doubtful[k[decisive]] = True

    def _crown(self, number: int, best: Rows, free: Mask, earlier: Rows, later: Rows) -> None:
        """Crown the rows of a block that are left, first come first served, and assign their subjects."""
        begin, none = number * TILE, self._order.size
        if (best != none).all():
            return
        open_ = np.zeros(TILE, np.bool_)
        open_[: best.size] = (best == none) & (self._vector[begin : begin + best.size] >= 0)
        spare = [(~open_, np.ones(TILE, np.bool_), np.inf), (np.ones(TILE, np.bool_), ~open_, np.inf)]
        i, j = self._near(number, *self._block, spare)
        keep = (i < j) & (j < best.size)
        i, j = i[keep], j[keep]
        i, j = i[free[j]], j[free[j]]
        sorting = np.argsort(earlier, kind="stable")
        earlier, later = earlier[sorting], later[sorting]
        used = np.zeros(best.size, np.bool_)
        used[i], used[j] = True, True
        names = self._vector[begin + np.flatnonzero(used)]
        unit, at = normalise(self._x[names], names), np.cumsum(used) - 1

        def judged(lord: Rows, vassal: Rows) -> tuple[Rows, Rows, Scores, Mask]:
            """Pairs that are near, their scores, and which of them are links."""
            score = row_scores(unit, at[vassal], unit, at[lord])
            near = score.astype(np.float64) >= self._least
            lord, vassal, score = lord[near], vassal[near], score[near]
            linked = self._decide(score, self._order[begin + lord], self._order[begin + vassal])
            return lord, vassal, score, linked

        # judging all candidates at once costs less than those of each king, unless these are the few of a crowd
        early = i.size <= _JUDGED * TILE
        scores, links = np.empty(0, np.float32), np.empty(0, np.bool_)
        if early:
            i, j, scores, links = judged(i, j)
        lords = used.copy()
        lords[earlier] = True
        for lord in np.flatnonzero(lords):
            if best[lord] != none:
                continue
            first, last = np.searchsorted(earlier, [lord, lord + 1])
            given = later[first:last]
            best[given[(best[given] == none) & free[given]]] = begin + lord
            pairs = slice(*np.searchsorted(i, [lord, lord + 1]))
            open_ = best[j[pairs]] == none
            vassal = j[pairs][open_]
            if vassal.size == 0:
                continue
            if early:
                score, linked = scores[pairs][open_], links[pairs][open_]
            else:
                _, vassal, score, linked = judged(np.full(vassal.size, lord), vassal)
            best[vassal[linked]] = begin + lord
            unsure = self._unsure(score)
            if unsure.any():
                self.doubtful[begin + vassal[unsure]] = True
                self.doubtful[begin + lord] = True
        left = np.flatnonzero(best == none)
        best[left] = begin + left

    def _admit(self, number: int, rows: Rows) -> None:
        """Add the new kings of a block to the tiles that later blocks are compared with."""
        codes, error = self._block
        rows = rows[self._vector[number * TILE + rows] >= 0]
        while rows.size:
            filled = self._kings.size % TILE
            if filled == 0:
                self._tiles.append(np.zeros_like(codes))
                self._errors.append(0.0)
            now, rows = rows[: TILE - filled], rows[TILE - filled :]
            self._tiles[-1][filled : filled + now.size] = codes[now]
            self._errors[-1] = max(self._errors[-1], error)
            self._kings = np.append(self._kings, number * TILE + now)

    def _near(
        self, number: int, others: Codes, error: float, stricter: Sequence[tuple[Mask, Mask, float]]
    ) -> tuple[Rows, Rows]:
        """Candidates between a block, without its places that have no vector, and other codes."""
        codes, own = self._block
        bound = product_bound(self._least, self._codes.projection, own, error)
        silent = np.zeros(TILE, np.bool_)
        vector = self._vector[number * TILE : (number + 1) * TILE]
        silent[: vector.size] = vector < 0
        return self._products.above(codes, others, bound, [*stricter, (silent, np.ones(TILE, np.bool_), np.inf)])

    def _gathered(self, begin: int, end: int) -> tuple[Codes, float]:
        """Codes of places in rank order, a tile of them, with the longest remainder of any; zeros for no vector."""
        vector = self._vector[begin:end]
        there = np.flatnonzero(vector >= 0)
        codes = np.zeros((TILE, self._codes.codes.shape[1]), np.int8)
        codes[there] = self._codes.codes[vector[there]]
        return codes, float(self._codes.errors[vector[there] // TILE].max(initial=0.0))

    def _unsure(self, score: Scores) -> Mask:
        return np.asarray(np.abs(score.astype(np.float64) - self._threshold) <= self._margin) & (self._margin > 0)
