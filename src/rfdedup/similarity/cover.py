"""Kings straight from embeddings, without the links between all pairs: for input as dense as video frames.

Images are taken in rank order, a block at a time. Each that an earlier king covers is its subject; among the
others of the block the first becomes a king and covers whatever of them is near enough, and so on. The verdicts
are those of ``kings.crown`` on all links, with N x kings products instead of N x N, and memory for N rows.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rfdedup.kings import priority_order
from rfdedup.similarity.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.similarity.components import check_links
from rfdedup.similarity.cosine import fit_products
from rfdedup.similarity.products import TILE, Codes, Products, in_threads, thread_count
from rfdedup.similarity.vectors import (
    Rows,
    Scores,
    check_matrix,
    check_threshold,
    normalise,
    pair_scores,
    row_scores,
)


def cover(
    x: npt.ArrayLike,
    threshold: float,
    rank: npt.ArrayLike,
    *,
    forced: npt.ArrayLike | None = None,
    a: npt.ArrayLike = (),
    b: npt.ArrayLike = (),
) -> tuple[Rows, Scores]:
    """Choose kings among embeddings as ``crown`` does on ``cosine_links`` and further links together.

    Args:
        x: (N, d) floats, as for ``cosine_links``.
        threshold: cosine similarity above 0, at most 1.
        rank: (N,) numbers, lower is better; ties go to the smaller index.
        forced: (N,) bool, images that are never subjects; see ``crown``.
        a, b: (L,) row numbers of links that other tiers measured.

    Returns:
        king: (N,) int64, ``king[i] == i`` for kings. score: (N,) float32, the cosine similarity of a subject and
        its king where that reaches the threshold; NaN for kings and for subjects that only a further link joins.

    Raises:
        DataError: arrays that do not fit together, or NaN.
    """
    matrix = check_matrix(x)
    threshold = check_threshold(threshold)
    n = matrix.shape[0]
    order, mask = priority_order(n, rank, forced)
    one, other = check_links(n, np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64))
    king = np.arange(n, dtype=np.int64)
    score = np.full(n, np.nan, dtype=np.float32)
    if n == 0:
        return king, score
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    further = _Further(np.minimum(place[one], place[other]), np.maximum(place[one], place[other]))
    court = _Court(matrix, order, encode(matrix, fit_projection(matrix, threshold), order), threshold)
    lord = court.settle(mask[order], further)
    king[order] = order[lord]
    subjects = np.flatnonzero(king != np.arange(n))
    measured = pair_scores(matrix, subjects, king[subjects])
    near = measured.astype(np.float64) >= threshold
    score[subjects[near]] = measured[near]
    return king, score


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

    def __init__(self, x: npt.NDArray[np.floating], order: Rows, codes: ByteCodes, threshold: float) -> None:
        self._x, self._order, self._codes, self._threshold = x, order, codes, threshold
        self._threads = thread_count()
        self._products: Products = fit_products(codes, threshold, self._threads)
        self._tiles: list[Codes] = []
        self._errors: list[float] = []
        self._kings = np.empty(0, dtype=np.int64)

    def settle(self, forced: npt.NDArray[np.bool_], further: _Further) -> Rows:
        """The king of every place, (N,) int64; kings are their own."""
        n = self._codes.rows
        lord = np.arange(n)
        with ThreadPoolExecutor(self._threads) as pool:
            for number in range(self._codes.errors.size):
                begin, end = number * TILE, min((number + 1) * TILE, n)
                free = ~forced[begin:end]
                best = np.full(end - begin, n)
                earlier, later = further.ending_in(begin, end)
                old = (earlier < begin) & (lord[earlier] == earlier) & free[later - begin]
                np.minimum.at(best, later[old] - begin, earlier[old])
                self._cover(pool, number, best, free)
                inner = (earlier >= begin) & (earlier < later)
                self._crown(number, best, free, earlier[inner] - begin, later[inner] - begin)
                lord[begin:end] = best
                self._admit(number, np.flatnonzero(best == np.arange(begin, end)))
        return lord

    def _cover(self, pool: ThreadPoolExecutor, number: int, best: Rows, free: npt.NDArray[np.bool_]) -> None:
        """Lower ``best`` to the first earlier king within the threshold of each free row of a block."""

        def search(tile: int) -> tuple[Rows, Rows]:
            i, j = self._near(number, self._codes.tile(number), self._tiles[tile], self._errors[tile])
            j += tile * TILE
            inside = (i < best.size) & (j < self._kings.size)
            return i[inside], j[inside]

        found = list(in_threads(pool, search, range(len(self._tiles)), ahead=4 * self._threads))
        if not found:
            return
        row, king = (np.concatenate([part[side] for part in found]) for side in (0, 1))
        king = self._kings[king]
        # tiles come in the order of their kings, so a stable sort leaves each row's kings best first
        sorting = np.argsort(row, kind="stable")
        row, king = row[sorting], king[sorting]
        turn = np.arange(row.size) - np.searchsorted(row, row)
        wave, width = 0, 1
        while (turn >= wave).any():
            now = (turn >= wave) & (turn < wave + width) & free[row] & (king < best[row])
            near = self._measure(number * TILE + row[now], king[now])
            np.minimum.at(best, row[now][near], king[now][near])
            wave, width = wave + width, 2 * width

    def _crown(self, number: int, best: Rows, free: npt.NDArray[np.bool_], earlier: Rows, later: Rows) -> None:
        """Crown the rows of a block that are left, first come first served, and assign their subjects."""
        begin, none = number * TILE, self._codes.rows
        i, j = self._near(number, self._codes.tile(number), self._codes.tile(number), self._codes.errors[number])
        keep = (i < j) & (j < best.size)
        i, j = i[keep], j[keep]
        keep = (best[i] == none) & (best[j] == none) & free[j]
        lords, vassals = np.concatenate([i[keep], earlier]), np.concatenate([j[keep], later])
        given = np.arange(lords.size) >= np.count_nonzero(keep)
        sorting = np.argsort(lords, kind="stable")
        lords, vassals, given = lords[sorting], vassals[sorting], given[sorting]
        which, starts = np.unique(lords, return_index=True)
        if which.size:
            rows = np.unique(np.concatenate([lords, vassals]))
            names = self._order[begin + rows]
            unit = normalise(self._x[names], names).astype(np.float64)
            at = np.searchsorted(rows, np.arange(best.size))
        for lord, first, last in zip(which, starts, np.append(starts, lords.size)[1:], strict=True):
            if best[lord] != none:
                continue
            open_ = (best[vassals[first:last]] == none) & free[vassals[first:last]]
            vassal, sure = vassals[first:last][open_], given[first:last][open_]
            near = row_scores(unit[at[vassal]], unit[np.full(vassal.size, at[lord])]).astype(np.float64)
            best[vassal[sure | (near >= self._threshold)]] = begin + lord
        left = np.flatnonzero(best == none)
        best[left] = begin + left

    def _admit(self, number: int, rows: Rows) -> None:
        """Add the new kings of a block to the tiles that later blocks are compared with."""
        error = float(self._codes.errors[number])
        while rows.size:
            filled = self._kings.size % TILE
            if filled == 0:
                self._tiles.append(np.zeros((TILE, self._codes.codes.shape[1]), dtype=np.int8))
                self._errors.append(0.0)
            now, rows = rows[: TILE - filled], rows[TILE - filled :]
            self._tiles[-1][filled : filled + now.size] = self._codes.tile(number)[now]
            self._errors[-1] = max(self._errors[-1], error)
            self._kings = np.append(self._kings, number * TILE + now)

    def _near(self, number: int, block: Codes, others: Codes, error: float) -> tuple[Rows, Rows]:
        bound = product_bound(self._threshold, self._codes.projection, self._codes.errors[number], error)
        return self._products.above(block, others, bound)

    def _measure(self, one: Rows, other: Rows) -> npt.NDArray[np.bool_]:
        score = pair_scores(self._x, self._order[one], self._order[other])
        return np.asarray(score.astype(np.float64) >= self._threshold)
