"""All pairs of embeddings whose cosine similarity reaches a threshold, exactly.

Pairs that upper bounds rule out (``bounds``) are never looked at; the others are measured one by one
(``vectors.pair_scores``). So the result is the same on every processor, and no tile of it needs memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rfdedup.similarity.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.similarity.products import TILE, Products, in_threads, thread_count
from rfdedup.similarity.vectors import Rows, Scores, check_matrix, check_threshold, normalise, pair_scores

_SMALL = 4_000_000_000
"""Below this many multiply-adds a plain float32 product is done before the integer one is set up."""

Links = tuple[Rows, Rows, Scores]


def cosine_links(x: npt.ArrayLike, threshold: float) -> Links:
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
    matrix = check_matrix(x)
    threshold = check_threshold(threshold)
    n, d = matrix.shape
    small = n * n * d / 2 < _SMALL
    parts = list(_plain_links(matrix, threshold) if small else _coded_links(matrix, threshold))
    a, b, score = (np.concatenate([part[i] for part in parts]) for i in range(3))
    order = np.argsort(a * np.int64(n) + b)
    return a[order], b[order], score[order]


def _plain_links(x: npt.NDArray[np.floating], threshold: float) -> Iterator[Links]:
    """Candidates from float32 products; their worst rounding error (see ``bounds``) is the margin."""
    unit = normalise(x)
    margin = 2 * (x.shape[1] + 2) * 2.0**-24
    for top in range(0, max(unit.shape[0], 1), TILE):
        i, j = np.nonzero(unit[top : top + TILE] @ unit[top:].T >= threshold - margin)
        yield _measured(x, i + top, j + top, threshold)


def _coded_links(x: npt.NDArray[np.floating], threshold: float) -> Iterator[Links]:
    codes = encode(x, fit_projection(x, threshold))
    threads = thread_count()
    products = fit_products(codes, threshold, threads)

    def search(tile: tuple[int, int]) -> Links:
        bound = product_bound(threshold, codes.projection, codes.errors[tile[0]], codes.errors[tile[1]])
        i, j = products.above(codes.tile(tile[0]), codes.tile(tile[1]), bound)
        return _measured(x, i + tile[0] * TILE, j + tile[1] * TILE, threshold)

    tiles = ((i, j) for i in range(codes.errors.size) for j in range(i, codes.errors.size))
    with ThreadPoolExecutor(threads) as pool:
        for links in in_threads(pool, search, tiles, ahead=4 * threads):
            if links[0].size:
                yield links
    yield _measured(x, np.empty(0, np.int64), np.empty(0, np.int64), threshold)


def fit_products(codes: ByteCodes, threshold: float, threads: int, *, room: float = 1.0) -> Products:
    """Products whose levels reach from the bound of the worst tile to that of an exact code.

    ``room`` is how much worse tiles may come that are not in ``codes``; beyond it they are only slower.
    """
    worst = room * float(codes.errors.max(initial=0.0))
    least = product_bound(threshold, codes.projection, worst, worst)
    most = product_bound(threshold, codes.projection, 0.0, 0.0)
    step = max((most - least) / 200, 1.0)
    return Products(TILE, TILE, codes.codes.shape[1], least - 2 * step, step, threads)


def _measured(x: npt.NDArray[np.floating], i: Rows, j: Rows, threshold: float) -> Links:
    inside = (i < j) & (j < x.shape[0])
    i, j = i[inside], j[inside]
    score = pair_scores(x, i, j)
    near = score.astype(np.float64) >= threshold
    return i[near], j[near], score[near]
