"""Links among tens of millions of embeddings: an exact join inside cells that overlap.

Each row goes to the cells of its nearest centroids, as many as it takes for the wanted recall; two rows are
compared when they share a cell. Recall is not assumed: the links of a sample of rows are found exactly first. What
``bench/scale.py`` holds against the exact join.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError
from rfdedup.neighbors.bounds import ByteCodes, encode, fit_projection, product_bound
from rfdedup.neighbors.cosine import cosine_links, fit_products
from rfdedup.neighbors.products import SWEEP, TILE, in_threads
from rfdedup.neighbors.vectors import Rows, Scores, check_matrix, check_threshold, pair_scores, unit_rows
from rfdedup.runtime.cpus import thread_count

CELL_ROWS = 50_000
"""Rows that a cell should hold; bounds the memory of its join."""
MOST_NEAREST = 8
"""Cells that a row may belong to, at most."""
_SAMPLE = 8192
_FIT_ROWS = 64
"""Rows for each centroid that k-means is fitted on."""
_BLOCK = 16 * TILE


@dataclass(frozen=True)
class CellLinks:
    """Links found in cells, and how sure one may be of them.

    Attributes:
        a, b: (L,) int64 row numbers, ``a < b``, sorted. score: (L,) float32.
        recall: share of the sampled rows' true links that were found; NaN when the sample has no links.
        sampled_links: number of links that ``recall`` rests on.
        nearest: cells that each row went to.
        cells: number of cells. largest: rows of the largest.
    """

    a: Rows
    b: Rows
    score: Scores
    recall: float
    sampled_links: int
    nearest: int
    cells: int
    largest: int


def cosine_links_cells(
    x: npt.ArrayLike, threshold: float, *, recall: float = 0.995, cell_rows: int = CELL_ROWS
) -> CellLinks:
    """Find nearly all pairs of rows at or above ``threshold``; scores and links given are exact.

    Args:
        x: (N, d) floats, as for ``cosine_links``, preferably a memory map.
        threshold: cosine similarity above 0, at most 1.
        recall: share of links to aim for; the number of cells of each row grows up to ``MOST_NEAREST`` for it.
        cell_rows: rows that a cell should hold. Larger cells are split.

    Raises:
        DataError: as for ``cosine_links``; or recall or cell_rows out of range.
    """
    matrix = check_matrix(x)
    threshold = check_threshold(threshold)
    if not 0 < recall <= 1 or cell_rows < 2:
        raise DataError(f"recall = {recall} must be in (0, 1] and cell_rows = {cell_rows} at least 2")
    n = matrix.shape[0]
    if n <= cell_rows:
        a, b, score = cosine_links(matrix, threshold)
        return CellLinks(a, b, score, 1.0, a.size, 1, 1, n)
    near = _nearest_cells(matrix, -(-2 * n // cell_rows))
    one, other = sampled_links(matrix, threshold)
    shared = _first_shared(near[one], near[other])
    reached = [float((shared < count).mean()) if one.size else float("nan") for count in range(1, near.shape[1] + 1)]
    enough = [count for count, share in enumerate(reached, start=1) if share >= recall]
    nearest = enough[0] if enough else near.shape[1] if one.size else min(3, near.shape[1])
    sizes, parts = [], []
    for rows in _members(near[:, :nearest]):
        for cell in _split(matrix, rows, cell_rows):
            i, j, score = cosine_links(matrix[cell], threshold)
            parts.append((cell[i], cell[j], score))
            sizes.append(cell.size)
    a, b, score = (np.concatenate([part[side] for part in parts]) for side in range(3))
    keys, first = np.unique(a * np.int64(n) + b, return_index=True)
    found = np.isin(np.minimum(one, other) * np.int64(n) + np.maximum(one, other), keys)
    return CellLinks(
        a[first],
        b[first],
        score[first],
        float(found.mean()) if one.size else float("nan"),
        one.size,
        nearest,
        len(sizes),
        max(sizes),
    )


def sampled_links(x: npt.NDArray[np.floating], threshold: float) -> tuple[Rows, Rows]:
    """All links, exactly, of a fixed random sample of rows: (L,) sampled rows and (L,) others."""
    n = x.shape[0]
    rows = np.sort(np.random.default_rng(1).choice(n, size=min(n, _SAMPLE), replace=False))
    projection = fit_projection(x, threshold)
    sample = encode(x, projection, rows)
    threads = thread_count()
    products = fit_products(sample, threshold, threads, room=1.5)
    parts = [(np.empty(0, np.int64), np.empty(0, np.int64))]
    with ThreadPoolExecutor(threads) as pool:
        for begin in range(0, n, _BLOCK):
            block = encode(x, projection, np.arange(begin, min(begin + _BLOCK, n)))
            tiles = block.errors.size
            runs = [
                (one, range(first, min(first + SWEEP, tiles)))
                for one in range(sample.errors.size)
                for first in range(0, tiles, SWEEP)
            ]

            def search(run: tuple[int, range], begin: int = begin, block: ByteCodes = block) -> tuple[Rows, Rows]:
                number, others = run
                bounds = [product_bound(threshold, projection, sample.errors[number], block.errors[k]) for k in others]
                second = block.codes[others.start * TILE : others.stop * TILE]
                found = [(np.empty(0, np.int64), np.empty(0, np.int64))]
                for i, j in products.sweep(sample.tile(number), second, bounds):
                    i, j = i + number * TILE, j + others.start * TILE
                    inside = (i < sample.rows) & (j < block.rows)
                    one, other = rows[i[inside]], begin + j[inside]
                    one, other = one[one != other], other[one != other]
                    linked = pair_scores(x, one, other).astype(np.float64) >= threshold
                    found.append((one[linked], other[linked]))
                return np.concatenate([part[0] for part in found]), np.concatenate([part[1] for part in found])

            parts.extend(in_threads(pool, search, runs, ahead=2 * threads))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])


def _nearest_cells(x: npt.NDArray[np.floating], cells: int) -> npt.NDArray[np.int32]:
    """The nearest centroids of each row, nearest first: (N, up to MOST_NEAREST) int32."""
    import faiss

    n, d = x.shape
    rng = np.random.default_rng(2)
    chosen = np.sort(rng.choice(n, size=min(n, cells * _FIT_ROWS), replace=False))
    faiss.omp_set_num_threads(thread_count())
    means = faiss.Kmeans(d, cells, niter=8, spherical=True, seed=1, max_points_per_centroid=_FIT_ROWS)
    means.train(unit_rows(x[chosen], chosen))
    index = faiss.IndexFlatIP(d)
    centroids = np.asarray(means.centroids, dtype=np.float32).reshape(-1, d)
    index.add(np.nan_to_num(centroids))
    near = np.empty((n, min(cells, MOST_NEAREST)), dtype=np.int32)
    for begin in range(0, n, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, n))
        near[rows] = index.search(unit_rows(x[begin : begin + _BLOCK], rows), near.shape[1])[1]
    return near


def _first_shared(one: npt.NDArray[np.int32], other: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """For pairs of rows, the smallest p such that their first p + 1 cells have one in common."""
    count = one.shape[1]
    shared = np.full(one.shape[0], count, dtype=np.int64)
    for i in range(count):
        for j in range(count):
            np.minimum(shared, np.where(one[:, i] == other[:, j], max(i, j), count), out=shared)
    return shared


def _members(near: npt.NDArray[np.int32]) -> list[Rows]:
    """Rows of each cell, ascending."""
    flat = near.ravel()
    order = np.argsort(flat, kind="stable")
    ends = np.flatnonzero(np.diff(flat[order])) + 1
    return [part // near.shape[1] for part in np.split(order, ends)]


def _split(x: npt.NDArray[np.floating], rows: Rows, cell_rows: int) -> list[Rows]:
    """Cut a cell of more than twice ``cell_rows`` rows into cells that overlap; give up when that does not help."""
    if rows.size <= 2 * cell_rows:
        return [rows]
    near = _nearest_cells(x[rows], -(-4 * rows.size // cell_rows))[:, :MOST_NEAREST]
    parts = [rows[part] for part in _members(near)]
    if max(part.size for part in parts) > 0.8 * rows.size:
        return [rows]
    return [small for part in parts for small in _split(x, part, cell_rows)]
