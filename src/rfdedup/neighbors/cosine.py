"""All pairs of embeddings whose cosine similarity reaches a threshold, exactly.

Pairs that upper bounds rule out (``bounds``) are never looked at; the others are measured one by one
(``vectors.pair_scores``). So the result is the same on every processor, and no tile of it needs memory.

Dense input, a fixed camera for example, has more links than fit anywhere. ``sparse_links`` leaves out those between
two dense rows, which is what they all are there; ``cover`` does without them.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError
from rfdedup.neighbors.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.neighbors.density import surely_dense
from rfdedup.neighbors.products import SWEEP, TILE, Mask, Products, Stricter, fast_products, in_threads
from rfdedup.neighbors.vectors import (
    Matrix,
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

_SMALL = 4_000_000_000
"""Below this many multiply-adds a plain float32 product is done before the integer one is set up."""
_CHUNK = 16 * 1024
"""Pairs of one tile that are measured before looking which rows are dense by now."""
_PRUNE = 4_000_000
"""Links that are held before those between dense rows are thrown out."""
_LET_GO = 256 // SWEEP
"""Sweeps after which the pages of a memory map are let go: each has brought in a few."""


@dataclass(frozen=True)
class SparseLinks:
    """Links with at least one end that has few of them.

    Attributes:
        a, b: (L,) int64 row numbers, ``a < b``, sorted. score: (L,) float32.
        dense: (N,) bool, rows with more than the given number of links at or above the threshold.
        counts: (2, N) int64, links of each row at or above the threshold, and at or above the floor; those of rows with
            more than the given number are incomplete.
        codes: codes of the rows, where the join made any.
    """

    a: Rows
    b: Rows
    score: Scores
    dense: Mask
    counts: Rows
    codes: ByteCodes | None = None


def cosine_links(x: npt.ArrayLike, threshold: float) -> tuple[Rows, Rows, Scores]:
    """Find every pair of rows whose cosine similarity, as ``pair_scores`` measures it, is at least ``threshold``.

    Memory: N bytes for each dimension kept (at most d rounded up to 64), a few tiles, and the links.

    Args:
        x: (N, d) float16, float32 or float64, an array or a memory map. Rows need not be normalised; a row of
            zeros links with nothing.
        threshold: cosine similarity above 0, at most 1.

    Returns:
        a, b: (L,) int64 row numbers, ``a < b``, sorted by (a, b). score: (L,) float32.

    Raises:
        DataError: x is not a 2-d array of floats, holds NaN or infinity, or the threshold is out of range.
    """
    found = sparse_links(x, threshold, None)
    return found.a, found.b, found.score


def sparse_links(
    x: npt.ArrayLike,
    threshold: float,
    most: int | None,
    *,
    floor: float | None = None,
    before: SparseLinks | None = None,
    room: int = 0,
) -> SparseLinks:
    """Like ``cosine_links`` without the links between two dense rows: O(N) of them, sooner the denser the input.

    Args:
        x: as for ``cosine_links``.
        threshold: cosine similarity above 0, at most 1.
        most: a row with more links is dense; None for no bound.
        floor: pairs from here up to the threshold are given too, unless both rows have more than ``most`` pairs at or
            above the floor. Default: the threshold.
        before: what this function said, with the same bounds, of the first rows of ``x`` alone. Only pairs with a
            later row are measured then; the answer is the same. Its codes are extended in place.
        room: rows that later calls, given this answer, may come with.

    Raises:
        DataError: as for ``cosine_links``; or a floor above the threshold.
    """
    matrix = check_matrix(x)
    threshold = check_threshold(threshold)
    floor = threshold if floor is None else check_threshold(floor)
    if floor > threshold:
        raise DataError(f"floor = {floor} is above the threshold, {threshold}")
    return _Join(matrix, threshold, floor, most, before, room).run()


class _Join:
    """One join. ``counts`` is monotone, so a worker that sees an old state measures more than it must, never less."""

    def __init__(
        self,
        x: npt.NDArray[np.floating],
        threshold: float,
        floor: float,
        most: int | None,
        before: SparseLinks | None,
        room: int,
    ) -> None:
        n, d = x.shape
        self._x, self._threshold, self._floor = x, threshold, floor
        self._most = n if most is None else most
        self._bounded = most is not None
        self._tiles = -(-n // TILE)
        small = n * n * d / 2 < _SMALL
        self._threads = thread_count()
        # not a method of this object: in a cycle its codes would stay until the garbage is collected
        self._unit = lru_cache(2 * SWEEP + self._threads)(partial(_unit_rows, x))
        known = None if before is None else before.codes
        self._candidates = _Plain(x) if small else _Coded(x, threshold, floor, self._threads, room, known)
        # pairs of each row at or above the threshold, and at or above the floor; rows of the padding are dense
        self._counts = np.zeros((2, self._tiles * TILE), np.int64)
        self._counts[:, n:] = self._most + 1
        self._before, self._done = before, 0
        if before is not None:
            self._done = before.dense.size
            self._counts[:, : self._done] = before.counts
        elif isinstance(self._candidates, _Coded) and most is not None:
            dense = surely_dense(self._candidates.codes, threshold, most, self._threads)
            self._counts[:, :n][:, dense] = most + 1

    def run(self) -> SparseLinks:
        n = self._x.shape[0]
        held = [_NONE if self._before is None else (self._before.a, self._before.b, self._before.score)]
        size, allowed = 0, _PRUNE
        with ThreadPoolExecutor(self._threads) as pool:
            found = in_threads(pool, self._search, self._order(), most_waiting=2 * self._threads)
            for number, (a, b, score) in enumerate(found):
                if number % _LET_GO == 0:
                    let_go(self._x)
                if a.size == 0:
                    continue
                if self._bounded:
                    self._count(self._counts, a, b, score)
                held.append((a, b, score))
                size += a.size
                if size > allowed:
                    held = [self._kept(held)]
                    size = held[0][0].size
                    allowed = size + max(size, _PRUNE)
        a, b, score = self._kept(held)
        order = np.argsort(a * np.int64(n) + b)
        counts = self._counts[:, :n]
        codes = self._candidates.codes
        return SparseLinks(a[order], b[order], score[order], counts[0] > self._most, counts, codes)

    def _order(self) -> Iterator[tuple[int, range]]:
        """A tile, and those that it is compared with. Near the diagonal first: dense sets are often neighbours in
        order.
        """
        for band in range(0, self._tiles, SWEEP):
            for row in range(self._tiles - band):
                first = max(row + band, self._done // TILE)
                columns = range(first, min(row + band + SWEEP, self._tiles))
                if columns:
                    yield row, columns

    def _search(self, tiles: tuple[int, range]) -> tuple[Rows, Rows, Scores]:
        row, columns = tiles
        if not self._bounded:
            return self._sweep(row, columns, self._floor)
        one = self._counts[:, row * TILE : (row + 1) * TILE].max(axis=1)
        others = self._counts[:, columns.start * TILE : columns.stop * TILE].reshape(2, len(columns), TILE).max(axis=2)
        # tiles without a pair of dense rows, at either bound, need no account of who is dense
        dense: Mask = np.asarray((np.minimum(one[:, None], others) > self._most).any(axis=0))
        parts = [_NONE]
        for is_dense, group in groupby(columns, lambda number: bool(dense[number - columns.start])):
            run = list(group)
            if is_dense:
                parts += [self._search_tile((row, number)) for number in run]
            else:
                parts.append(self._sweep(row, range(run[0], run[-1] + 1), self._floor))
        return _joined(parts)

    def _sweep(self, row: int, columns: range, lowest: float) -> tuple[Rows, Rows, Scores]:
        """Links of one tile with some others, wherever they reach ``lowest``."""
        parts = [_NONE]
        for i, j in self._candidates.sweep(row, columns, lowest):
            tile = j // TILE
            counts = np.bincount(tile, minlength=len(columns))
            few = counts[tile] <= TILE // 2
            for number in np.flatnonzero(counts > TILE // 2):
                inside = tile == number
                parts.append(self._measured((row, columns.start + int(number)), i[inside], j[inside] % TILE, lowest))
            a, b = self._inside(i[few] + row * TILE, j[few] + columns.start * TILE)
            parts.append(self._linked(a, b, pair_scores(self._x, a, b), lowest))
        return _joined(parts)

    def _search_tile(self, tile: tuple[int, int]) -> tuple[Rows, Rows, Scores]:
        one, other = (slice(number * TILE, (number + 1) * TILE) for number in tile)
        near_one, far_one = self._counts[:, one] > self._most
        near_other, far_other = self._counts[:, other] > self._most
        if near_one.all() and near_other.all():
            return _NONE
        lowest = self._threshold if far_one.all() and far_other.all() else self._floor
        stricter = [
            (rows, columns, bound)
            for rows, columns, bound in ((far_one, far_other, self._threshold), (near_one, near_other, np.inf))
            if bound > lowest and rows.any() and columns.any()
        ]
        return self._measured(tile, *self._candidates.near(tile, lowest, stricter), lowest)

    def _measured(self, tile: tuple[int, int], i: Rows, j: Rows, lowest: float) -> tuple[Rows, Rows, Scores]:
        """The links among candidates of one tile."""
        a, b = self._inside(i + tile[0] * TILE, j + tile[1] * TILE)
        i, j = a - tile[0] * TILE, b - tile[1] * TILE
        if i.size > 4 * _CHUNK:
            return self._many(tile, i, j, lowest)
        if i.size > TILE // 2:
            score = row_scores(self._unit(tile[0]), i, self._unit(tile[1]), j)
        else:
            score = pair_scores(self._x, a, b)
        return self._linked(a, b, score, lowest)

    def _inside(self, a: Rows, b: Rows) -> tuple[Rows, Rows]:
        """Pairs of the upper triangle that are wanted."""
        inside = (a < b) & (b < self._x.shape[0]) & (b >= self._done)
        return a[inside], b[inside]

    def _linked(self, a: Rows, b: Rows, score: Scores, lowest: float) -> tuple[Rows, Rows, Scores]:
        linked = score.astype(np.float64) >= lowest
        return a[linked], b[linked], score[linked]

    def _many(self, tile: tuple[int, int], i: Rows, j: Rows, lowest: float) -> tuple[Rows, Rows, Scores]:
        """The links among many candidates of one tile, without those that turn out to be between dense rows."""
        one, other = (self._unit(number) for number in tile)
        counts = self._counts.copy()
        # a stripe of diagonals holds pairs of every row and column; in a dense set the first one is enough
        diagonal = ((j - i) % TILE).astype(np.uint16)
        parts, strong = [_NONE], None
        begin, end = 0, max(self._most // 2 + 2, _CHUNK // TILE)
        while begin < TILE:
            inside = np.flatnonzero((diagonal >= begin) & (diagonal < end))
            for at in range(0, inside.size, _CHUNK):
                k, m = i[inside[at : at + _CHUNK]], j[inside[at : at + _CHUNK]]
                a, b = k + tile[0] * TILE, m + tile[1] * TILE
                near, far = (counts[:, a] > self._most) & (counts[:, b] > self._most)
                if lowest < self._threshold and (far & ~near).any():
                    strong = self._strong(tile) if strong is None else strong
                    near |= far & ~strong[k, m]
                k, m, a, b = k[~near], m[~near], a[~near], b[~near]
                score = row_scores(one, k, other, m)
                linked = score.astype(np.float64) >= lowest
                parts.append((a[linked], b[linked], score[linked]))
                if self._bounded:
                    self._count(counts, *parts[-1])
            begin, end = end, 2 * end
            if all((counts[0, number * TILE : (number + 1) * TILE] > self._most).all() for number in tile):
                break
        return _joined(parts)

    def _strong(self, tile: tuple[int, int]) -> Mask:
        """Pairs of a tile that may reach the threshold, (TILE, TILE) bool."""
        strong = np.zeros((TILE, TILE), np.bool_)
        strong[self._candidates.near(tile, self._threshold, ())] = True
        return strong

    def _count(self, counts: Rows, a: Rows, b: Rows, score: Scores) -> None:
        near = score.astype(np.float64) >= self._threshold
        for level, (i, j) in enumerate(((a[near], b[near]), (a, b))):
            for end in (i, j):
                if end.size:
                    low = int(end.min())
                    found = np.bincount(end - low)
                    counts[level, low : low + found.size] += found

    def _kept(self, held: list[tuple[Rows, Rows, Scores]]) -> tuple[Rows, Rows, Scores]:
        a, b, score = _joined(held)
        if not self._bounded:
            return a, b, score
        near, far = self._counts > self._most
        both_dense = np.where(score.astype(np.float64) >= self._threshold, near[a] & near[b], far[a] & far[b])
        return a[~both_dense], b[~both_dense], score[~both_dense]


def _unit_rows(x: npt.NDArray[np.floating], number: int) -> Matrix:
    """Rows of one tile, of unit length."""
    names = np.arange(number * TILE, min((number + 1) * TILE, x.shape[0]))
    return normalise(x[names], names)


_NONE = (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))


def _joined(parts: list[tuple[Rows, Rows, Scores]]) -> tuple[Rows, Rows, Scores]:
    a, b, score = (np.concatenate([part[side] for part in parts]) for side in range(3))
    return a, b, score


class _Plain:
    """Candidates from float32 products; their worst rounding error (see ``bounds``) is the margin."""

    codes: ByteCodes | None = None

    def __init__(self, x: npt.NDArray[np.floating]) -> None:
        self._unit = normalise(x)
        self._margin = 2 * (x.shape[1] + 2) * 2.0**-24

    def near(self, tile: tuple[int, int], bound: float, stricter: Stricter) -> tuple[Rows, Rows]:
        one, other = (self._unit[number * TILE : (number + 1) * TILE] for number in tile)
        product = one @ other.T
        wanted = product >= bound - self._margin
        for rows, columns, higher in stricter:
            both = rows[: one.shape[0], None] & columns[: other.shape[0]]
            wanted &= ~both | (product >= higher - self._margin)
        i, j = np.nonzero(wanted)
        return i, j

    def sweep(self, row: int, columns: range, bound: float) -> Iterator[tuple[Rows, Rows]]:
        for number, column in enumerate(columns):
            i, j = self.near((row, column), bound, ())
            yield i, j + number * TILE


class _Coded:
    """Candidates from products of 8-bit codes."""

    def __init__(
        self,
        x: npt.NDArray[np.floating],
        threshold: float,
        floor: float,
        threads: int,
        room: int,
        before: ByteCodes | None,
    ) -> None:
        projection = fit_projection(x, floor) if before is None else before.projection
        self.codes = encode(x, projection, room=room, before=before)
        self._products = fit_products(self.codes, floor, threads, most=threshold)

    def near(self, tile: tuple[int, int], bound: float, stricter: Stricter) -> tuple[Rows, Rows]:
        one, other = tile
        errors = self.codes.errors[one], self.codes.errors[other]
        bounds = [
            (rows, columns, higher if np.isinf(higher) else product_bound(higher, self.codes.projection, *errors))
            for rows, columns, higher in stricter
        ]
        least = product_bound(bound, self.codes.projection, *errors)
        return self._products.above(self.codes.tile(one), self.codes.tile(other), least, bounds)

    def sweep(self, row: int, columns: range, bound: float) -> Iterator[tuple[Rows, Rows]]:
        errors = self.codes.errors
        least = [product_bound(bound, self.codes.projection, errors[row], errors[column]) for column in columns]
        others = self.codes.codes[columns.start * TILE : columns.stop * TILE]
        return self._products.sweep(self.codes.tile(row), others, least)


def fit_products(
    codes: ByteCodes, threshold: float, threads: int, *, room: float = 1.0, most: float | None = None
) -> Products:
    """Products whose levels reach from the bound of the worst tile to that of an exact code.

    ``room`` is how much worse tiles may come that are not in ``codes``; beyond it they are only slower. ``most`` is
    the highest threshold that is asked for; default: the only one.
    """
    worst = room * float(codes.errors.max(initial=0.0))
    least = product_bound(threshold, codes.projection, worst, worst)
    top = product_bound(threshold if most is None else most, codes.projection, 0.0, 0.0)
    step = max((top - least) / 200, 1.0)
    return fast_products(codes.codes.shape[1], least - 2 * step, step, threads)
