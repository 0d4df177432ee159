"""Rows that certainly have many links, by lower bounds of their similarities: crowds, before anything is measured.

The codes of ``bounds`` give lower bounds too. ``g(x) = x W + t(x) m``, and with the reflection R = I - 2 m m',
Cauchy-Schwarz on the tail gives ``x.y >= (x W).(y W) - t(x) t(y) = g(x).R g(y)``. R leaves lengths as they are, so a
reflected code is as near to R g as the code is to g, but for its own rounding, which is measured.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rfdedup.similarity.bounds import ByteCodes, Projection
from rfdedup.similarity.products import TILE, Codes, fast_products, in_threads, largest_code

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]

_STEPS = 200
"""Levels between the bound of an exact code and that of the worst tile."""
_WORTHWHILE = 0.125
"""Sure links that a band of tiles finds for each row that is not crowded yet; with fewer, searching ends."""


def surely_crowded(codes: ByteCodes, threshold: float, most: int, threads: int) -> Mask:
    """Rows that have more than ``most`` links, (rows,) bool: never true of another, true of most in tight crowds.

    Tiles are multiplied in bands, those next to the diagonal first, and only while that finds crowds: where there are
    none, one band has been in vain.

    Args:
        codes: codes of the rows.
        threshold: cosine similarity from which on two rows are linked.
        most: number of links.
        threads: how many products are computed at a time.
    """
    tiles = -(-codes.rows // TILE)
    counts = np.zeros(tiles * TILE, np.int64)
    counts[codes.rows :] = most + 1
    search = _Search(codes, threshold, threads)
    with ThreadPoolExecutor(threads) as pool:
        for band in range(tiles):
            lacking: Mask = np.asarray(counts <= most)
            open_: Mask = np.asarray(lacking.reshape(tiles, TILE).any(axis=1))
            pairs = (pair for pair in _band(tiles, band) if open_[pair[0]] or open_[pair[1]])
            found = 0
            for (one, other), i, j in in_threads(pool, search.near, pairs, ahead=4 * threads):
                for number, end in ((one, i), (other, j)):
                    at = slice(number * TILE, (number + 1) * TILE)
                    counts[at] += np.bincount(end, minlength=TILE)
                    found += int(np.count_nonzero(lacking[at][end]))
            if found < _WORTHWHILE * np.count_nonzero(lacking):
                break
    return np.asarray(counts[: codes.rows] > most)


def _band(tiles: int, band: int) -> Iterator[tuple[int, int]]:
    return ((row, row + band) for row in range(tiles - band))


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

    def near(self, pair: tuple[int, int]) -> tuple[tuple[int, int], Rows, Rows]:
        """The pair of tiles, and places of pairs of rows in them."""
        one, other = pair
        mirrored, rounding = self._reflected(self._codes.tile(other))
        errors = self._codes.errors
        bound = sure_product(self._threshold, self._codes.projection, errors[one], errors[other] + rounding)
        # ``above`` lets through what lies up to a level below
        bound += 1.05 * self._step
        if bound > self._top:
            return pair, np.empty(0, np.int64), np.empty(0, np.int64)
        i, j = self._products.above(self._codes.tile(one), mirrored, bound)
        inside = (j + other * TILE < self._codes.rows) & (i + one * TILE < j + other * TILE)
        return pair, i[inside], j[inside]

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
