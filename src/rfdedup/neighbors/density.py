"""Rows that certainly have many links, by lower bounds of their similarities: dense sets, before anything is measured.

The codes of ``bounds`` give lower bounds too. ``g(x) = x W + t(x) m``, and with the reflection R = I - 2 m m',
Cauchy-Schwarz on the tail gives ``x.y >= (x W).(y W) - t(x) t(y) = g(x).R g(y)``. R leaves lengths as they are, so a
reflected code is as near to R g as the code is to g, but for its own rounding, which is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors.bounds import ByteCodes, Projection
from rfdedup.neighbors.products import TILE, Codes, fast_products, in_threads, largest_code

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

_STEPS = 200
"""Levels between the bound of an exact code and that of the worst tile."""
_NEIGHBOURS = 3
"""Tiles, their own in the middle, that rows are compared with first, and of whose rows one in so many is taken."""
_SWEEP = 8
"""Tiles that one is multiplied with in turn: it is reflected once for all of them."""
_WORTHWHILE = 0.125
"""Sure links that a band of tiles finds for each row that is not dense yet; with fewer, searching ends."""


def surely_dense(codes: ByteCodes, threshold: float, most: int, threads: int) -> Mask:
    """Rows that have more than ``most`` links, (rows,) bool: never true of another, true of most in tight dense sets.

    Rows are compared with a sample of their neighbours first, as dense sets are often neighbours in order. Then tiles
    are multiplied in bands, those next to the diagonal first, and only while that finds dense sets: where there are
    none, one band has been in vain.

    Args:
        codes: codes of the rows.
        threshold: cosine similarity from which on two rows are linked.
        most: number of links.
        threads: how many products are computed at a time.
    """
    tiles = -(-codes.rows // TILE)
    counts = np.zeros(tiles * TILE, np.int64)
    search = _Search(codes, threshold, threads)
    with ThreadPoolExecutor(threads) as pool:
        for tile, i in in_threads(pool, search.among_neighbours, range(tiles), most_waiting=4 * threads):
            counts[tile * TILE : (tile + 1) * TILE] = np.bincount(i, minlength=TILE)
        counts[codes.rows :] = most + 1
        # what is not dense yet is counted anew: the sample is among the rows of the bands
        counts[counts <= most] = 0
        for bands in _bands(tiles):
            lacking: Mask = np.asarray(counts <= most)
            open_: Mask = np.asarray(lacking.reshape(tiles, TILE).any(axis=1))
            found = 0
            for parts in in_threads(pool, search.between, _sweeps(open_, bands), most_waiting=2 * threads):
                for tile, links in parts:
                    at = slice(tile * TILE, (tile + 1) * TILE)
                    counts[at] += links
                    found += int(links[lacking[at]].sum())
            if found < _WORTHWHILE * len(bands) * np.count_nonzero(lacking):
                break
    return np.asarray(counts[: codes.rows] > most)


def _bands(tiles: int) -> Iterator[range]:
    """Distances of tiles from the diagonal, a few at a time; at first its own."""
    yield range(1)
    for begin in range(1, tiles, _SWEEP):
        yield range(begin, min(begin + _SWEEP, tiles))


def _sweeps(open_: Mask, bands: range) -> Iterator[tuple[int, list[int]]]:
    """A tile, and those before it at the distances of ``bands``, as far as one of two has rows that may be dense."""
    for other in range(bands.start, open_.size):
        rows = [other - band for band in bands if band <= other and (open_[other] or open_[other - band])]
        if rows:
            yield other, rows


class _Search:
    """Pairs of rows of two tiles whose similarity reaches the threshold for certain."""

    def __init__(self, codes: ByteCodes, threshold: float, threads: int) -> None:
        self._codes, self._threshold = codes, threshold
        self._reflects = bool(codes.projection.tail.any())
        worst = float(codes.errors.max(initial=0.0))
        rounding = np.sqrt(codes.codes.shape[1]) / 2 * codes.projection.scale if self._reflects else 0.0
        least = sure_product(threshold, codes.projection, 0.0, 0.0)
        most = sure_product(threshold, codes.projection, worst, worst + rounding)
        self._step = max((most - least) / _STEPS, 1.0)
        self._top = most + 4 * self._step
        self._products = fast_products(codes.codes.shape[1], least - 2 * self._step, self._step, threads)

    def between(self, sweep: tuple[int, list[int]]) -> list[tuple[int, Rows]]:
        """Links, as far as they are certain, of a tile with some others: tiles, and (TILE,) how many each row has."""
        other, rows = sweep
        codes, errors = self._codes, self._codes.errors
        mirrored = self._reflected(codes.tile(other))
        parts = []
        for one in rows:
            i, j = self._near(codes.tile(one), errors[one], *mirrored, errors[other])
            if one == other:
                i, j = i[i < j], j[i < j]
            if i.size:
                parts += [(tile, np.bincount(end, minlength=TILE)) for tile, end in ((one, i), (other, j))]
        return parts

    def among_neighbours(self, tile: int) -> tuple[int, Rows]:
        """A tile, and the places of its rows, once for each neighbour out of a sample: every few rows of some tiles."""
        codes, first = self._codes, max(tile - _NEIGHBOURS // 2, 0)
        group = codes.codes[first * TILE : (first + _NEIGHBOURS) * TILE : _NEIGHBOURS]
        sample = np.zeros((TILE, group.shape[1]), np.int8)
        sample[: len(group)] = group
        error = float(codes.errors[first : first + _NEIGHBOURS].max())
        i, j = self._near(codes.tile(tile), codes.errors[tile], *self._reflected(sample), error)
        itself = i + (tile - first) * TILE == j * _NEIGHBOURS
        return tile, i[~itself]

    def _near(
        self, one: Codes, one_error: float, mirrored: Codes, rounding: float, other_error: float
    ) -> tuple[Rows, Rows]:
        """Places in two tiles, in any order, of pairs whose similarity reaches the threshold for certain."""
        bound = sure_product(self._threshold, self._codes.projection, one_error, other_error + rounding)
        # ``above`` lets through what lies up to a level below
        bound += 1.05 * self._step
        if bound > self._top:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        parts = [(np.empty(0, np.int64), np.empty(0, np.int64)), *self._products.sweep(one, mirrored, [bound])]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def _reflected(self, codes: Codes) -> tuple[Codes, float]:
        """Codes of reflected rows, and the longest remainder that their rounding adds."""
        if not self._reflects:
            return codes, 0.0
        axis = self._codes.projection.tail
        exact = codes.astype(np.float32)
        exact -= 2 * (exact @ axis)[:, None] * axis
        limit = largest_code()
        q = np.clip(np.rint(exact), -limit, limit)
        exact -= q
        longest = float(np.sqrt(np.einsum("ij,ij->i", exact, exact).max(initial=0.0)))
        return q.astype(np.int8), longest * self._codes.projection.scale * 1.001 + 1e-6


def sure_product(threshold: float, projection: Projection, one: float, other: float) -> float:
    """Integer product from which on a pair reaches ``threshold`` for certain, given the remainders of both sides."""
    length = 1 + projection.slack
    margin = length * (one + other) + one * other + 2 * projection.slack
    return (threshold + margin) / projection.scale**2
