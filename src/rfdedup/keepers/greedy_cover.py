"""Kings straight from embeddings, without the links between all pairs: for input as dense as video frames.

Images are taken in rank order, a block at a time. Each that an earlier king covers is its subject; among the
others of the block the first becomes a king and covers whatever of them is near enough, and so on. The verdicts
are those of ``crown.crown`` on all links, with N x kings products instead of N x N, and memory for N rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.components import check_links
from rfdedup.keepers.crown import priority_order
from rfdedup.keepers.greedy_cover_blocks import Block, GivenLinks, PairsWithin
from rfdedup.model.errors import DataError
from rfdedup.neighbors.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.neighbors.cosine import fit_products
from rfdedup.neighbors.products import TILE, Codes, Mask, Products, in_threads
from rfdedup.neighbors.vectors import (
    Rows,
    Scores,
    check_matrix,
    check_threshold,
    let_go,
    normalise,
    pair_scores,
    row_scores,
)
from rfdedup.runtime.cpus import thread_count

_MOST_WAITING = 2
"""Blocks for each thread that are begun before their turn."""
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
        decide: says which pairs are links, in several threads at once; it must not depend on which are asked about
            together. Default: those at or above the threshold.
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
        further = GivenLinks(np.minimum(place[one], place[other]), np.maximum(place[one], place[other]))
        lowest = check_threshold(max(threshold - margin, 1e-6) if least is None else least)
        known = encode(matrix, fit_projection(matrix, lowest)) if codes is None else codes
        assignment = _Assignment(matrix, known, order, at[order], threshold, margin, lowest, decide)
        king[order] = order[assignment.settle((mask | held)[order], further)]
        doubtful[order] = assignment.doubtful
    return Cover(king, doubtful)


class _Assignment:
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

    def settle(self, fixed: Mask, further: GivenLinks) -> Rows:
        """The king of every place, (N,) int64; kings are their own. ``fixed`` places are never subjects.

        Threads compare the next few blocks with the kings that there are so far, and each with itself. When its turn
        comes, a block is compared with the kings that came meanwhile.
        """
        n = self._order.size
        king, settled = np.arange(n), 0

        def tasks() -> Iterator[tuple[int, int, Rows]]:
            for number in range(-(-n // TILE)):
                yield number, settled, self._kings

        def begun(task: tuple[int, int, Rows]) -> tuple[Block, int, int]:
            number, before, kings = task
            block = self._begun(number, fixed)
            self._inherit(block, further, king, 0, before)
            self._cover(block, kings, 0)
            block.within = self._paired(block)
            return block, before, kings.size

        with ThreadPoolExecutor(self._threads) as pool:
            for block, before, known in in_threads(pool, begun, tasks(), most_waiting=_MOST_WAITING * self._threads):
                end = settled + block.size
                self._inherit(block, further, king, before, settled)
                self._cover(block, self._kings, known)
                earlier, later = further.ending_in(settled, end)
                inner = (earlier >= settled) & (earlier < later)
                self._choose_kings(block, earlier[inner] - settled, later[inner] - settled)
                king[settled:end] = block.best
                self._admit(block, np.flatnonzero(block.best == np.arange(settled, end)))
                settled = end
                let_go(self._x)
        return king

    def _begun(self, number: int, fixed: Mask) -> Block:
        """A block of which nothing is known."""
        begin, end = number * TILE, min((number + 1) * TILE, self._order.size)
        return Block(
            number, end - begin, *self._gathered(begin, end), ~fixed[begin:end], np.full(end - begin, self._order.size)
        )

    def _inherit(self, block: Block, further: GivenLinks, king: Rows, first: int, last: int) -> None:
        """Lower ``best`` by links from outside to kings among the places from ``first`` to ``last``."""
        begin = block.number * TILE
        earlier, later = further.ending_in(begin, begin + block.size)
        old = (earlier >= first) & (earlier < last) & (king[earlier] == earlier) & block.free[later - begin]
        np.minimum.at(block.best, later[old] - begin, earlier[old])

    def _cover(self, block: Block, kings: Rows, since: int) -> None:
        """Lower ``best`` to the first king, from number ``since`` on, within the threshold of each free row."""
        best, batch = block.best, 4 * self._threads
        for first in range(since // TILE, -(-kings.size // TILE), batch):
            at = max(first * TILE, since)
            if at == kings.size:
                return
            # kings come in rank order: what these tiles hold is too late for rows that have a better one
            done = np.ones(TILE, np.bool_)
            done[: best.size] = ~block.free | (best < kings[at])
            if done.all():
                return
            rows, candidates = [], []
            for tile in range(first, min(first + batch, -(-kings.size // TILE))):
                i, j = self._near(block, self._tiles[tile], self._errors[tile], done)
                j += tile * TILE
                inside = (i < best.size) & (j < kings.size) & (j >= since)
                rows.append(i[inside])
                candidates.append(kings[j[inside]])
            self._assign(block, np.concatenate(rows), np.concatenate(candidates))

    def _assign(self, block: Block, row: Rows, king: Rows) -> None:
        """Lower ``best`` by candidates: rows of a block, and kings in rank order."""
        best, begin = block.best, block.number * TILE
        # a stable sort leaves each row's kings best first
        sorting = np.argsort(row, kind="stable")
        row, king = row[sorting], king[sorting]
        turn = np.arange(row.size) - np.searchsorted(row, row)
        close: list[tuple[Rows, Rows]] = []
        wave, width = 0, 1
        while (turn >= wave).any():
            now = (turn >= wave) & (turn < wave + width) & (king < best[row])
            i, k = row[now], king[now]
            score = pair_scores(self._x, self._vector[begin + i], self._vector[k])
            near = score.astype(np.float64) >= self._least
            i, k, score = i[near], k[near], score[near]
            linked = self._decide(score, self._order[k], self._order[begin + i])
            np.minimum.at(best, i[linked], k[linked])
            unsure = self._unsure(score)
            close.append((i[unsure], k[unsure]))
            wave, width = wave + width, 2 * width
        for i, k in close:
            decisive = k <= best[i]
            self.doubtful[begin + i[decisive]] = True
            self.doubtful[k[decisive]] = True

    def _open(self, block: Block) -> Mask:
        """Places without a king that have a vector, (TILE,) bool."""
        open_ = np.zeros(TILE, np.bool_)
        begin = block.number * TILE
        open_[: block.size] = (block.best == self._order.size) & (self._vector[begin : begin + block.size] >= 0)
        return open_

    def _paired(self, block: Block) -> PairsWithin | None:
        """The candidates among the places of a block that have no king yet; None without such places."""
        open_, begin = self._open(block), block.number * TILE
        if not open_.any():
            return None
        # in a dense set these are many: a table sorts and thins them out sooner than arrays of places
        near = np.zeros((TILE, TILE), np.bool_)
        for i, j in self._products.sweep(block.codes, block.codes, [self._bound(block, block.error)]):
            near.reshape(-1)[i * TILE + j] = True
        near[~open_] = False
        near[:, ~open_] = False
        near[:, : block.size][:, ~block.free] = False
        i, j = np.divmod(np.flatnonzero(np.triu(near, 1)), TILE)
        used = np.zeros(block.size, np.bool_)
        used[i], used[j] = True, True
        names = self._vector[begin + np.flatnonzero(used)]
        within = PairsWithin(i, j, normalise(self._x[names], names), np.cumsum(used) - 1, None, None)
        # judging all candidates at once costs less than those of each king, unless these are the few of a dense set
        if i.size > _JUDGED * TILE:
            return within
        i, j, scores, links = self._judged(block, within, i, j)
        return replace(within, i=i, j=j, scores=scores, links=links)

    def _judged(self, block: Block, within: PairsWithin, king: Rows, subject: Rows) -> tuple[Rows, Rows, Scores, Mask]:
        """Pairs of a block that are near, their scores, and which of them are links."""
        unit, at, begin = within.unit, within.at, block.number * TILE
        score = row_scores(unit, at[subject], unit, at[king])
        near = score.astype(np.float64) >= self._least
        king, subject, score = king[near], subject[near], score[near]
        return king, subject, score, self._decide(score, self._order[begin + king], self._order[begin + subject])

    def _choose_kings(self, block: Block, earlier: Rows, later: Rows) -> None:
        """Crown the rows of a block that are left, first come first served, and assign their subjects."""
        begin, none = block.number * TILE, self._order.size
        best, free, within = block.best, block.free, block.within
        if (best != none).all():
            return
        sorting = np.argsort(earlier, kind="stable")
        earlier, later = earlier[sorting], later[sorting]
        candidates = np.zeros(best.size, np.bool_)
        candidates[earlier] = True
        given = np.searchsorted(earlier, np.arange(best.size + 1))
        if within is not None:
            candidates[within.i] = True
            pairs = np.searchsorted(within.i, np.arange(best.size + 1))
        for king in np.flatnonzero(candidates).tolist():
            if best[king] != none:
                continue
            subject = later[given[king] : given[king + 1]]
            best[subject[(best[subject] == none) & free[subject]]] = begin + king
            if within is None:
                continue
            at = slice(pairs[king], pairs[king + 1])
            left = best[within.j[at]] == none
            subject = within.j[at][left]
            if subject.size == 0:
                continue
            if within.scores is not None and within.links is not None:
                score, linked = within.scores[at][left], within.links[at][left]
            else:
                _, subject, score, linked = self._judged(block, within, np.full(subject.size, king), subject)
            best[subject[linked]] = begin + king
            unsure = self._unsure(score)
            if unsure.any():
                self.doubtful[begin + subject[unsure]] = True
                self.doubtful[begin + king] = True
        alone = np.flatnonzero(best == none)
        best[alone] = begin + alone

    def _admit(self, block: Block, rows: Rows) -> None:
        """Add the new kings of a block to the tiles that later blocks are compared with."""
        begin = block.number * TILE
        rows = rows[self._vector[begin + rows] >= 0]
        while rows.size:
            filled = self._kings.size % TILE
            if filled == 0:
                self._tiles.append(np.zeros_like(block.codes))
                self._errors.append(0.0)
            now, rows = rows[: TILE - filled], rows[TILE - filled :]
            self._tiles[-1][filled : filled + now.size] = block.codes[now]
            self._errors[-1] = max(self._errors[-1], block.error)
            self._kings = np.append(self._kings, begin + now)

    def _near(self, block: Block, others: Codes, error: float, done: Mask) -> tuple[Rows, Rows]:
        """Candidates between a block, without its places that are ``done`` or have no vector, and other codes."""
        silent = done.copy()
        silent[: block.size] |= self._vector[block.number * TILE :][: block.size] < 0
        spare = [(silent, np.ones(TILE, np.bool_), np.inf)]
        return self._products.above(block.codes, others, self._bound(block, error), spare)

    def _bound(self, block: Block, error: float) -> float:
        return product_bound(self._least, self._codes.projection, block.error, error)

    def _gathered(self, begin: int, end: int) -> tuple[Codes, float]:
        """Codes of places in rank order, a tile of them, with the longest remainder of any; zeros for no vector."""
        vector = self._vector[begin:end]
        there = np.flatnonzero(vector >= 0)
        codes = np.zeros((TILE, self._codes.codes.shape[1]), np.int8)
        codes[there] = self._codes.codes[vector[there]]
        return codes, float(self._codes.errors[vector[there] // TILE].max(initial=0.0))

    def _unsure(self, score: Scores) -> Mask:
        return np.asarray(np.abs(score.astype(np.float64) - self._threshold) <= self._margin) & (self._margin > 0)
