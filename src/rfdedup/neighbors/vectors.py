"""Embeddings as arrays: what is accepted, unit length, and the definition of a score."""

from __future__ import annotations

import mmap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError
from rfdedup.neighbors import coding
from rfdedup.runtime import native
from rfdedup.runtime.cpus import thread_count

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

_PAIRS = 4096
"""Pairs whose rows are normalised at a time."""
_CACHED_ROWS = 256
"""Rows that are normalised at a time, for the same reasons as the next."""
_CACHED_PAIRS = 128
"""Pairs whose rows are gathered at a time: they stay in a core's second-level cache, which is eight times as fast,
and are enough that threads do not wait for each other's Python. Their memory is taken once: the system gives it to
one thread at a time."""


def check_matrix(x: npt.ArrayLike) -> npt.NDArray[np.floating]:
    """Return ``x`` as a 2-d array of floats without copying it.

    Raises:
        DataError: it is something else.
    """
    matrix = np.asarray(x)
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.floating):
        raise DataError(f"embeddings must be an (N, d) array of floats, got {matrix.shape} of {matrix.dtype}")
    return matrix


def let_go(x: npt.NDArray[np.floating]) -> None:
    """Take the pages of a memory map out of this process, whose size they count to, where ``x`` is an ``np.memmap`` for
    reading: others may hold what is nowhere else.

    They come back from the file, or rather from the system's cache of it, when they are read again. Where the
    operating system is not told such things (Windows), nothing happens.
    """
    base: object = x
    of_a_file = False
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            if base.mode != "r":
                return
            of_a_file = True
        base = base.base
    if of_a_file and isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def check_threshold(threshold: float) -> float:
    """Return a cosine similarity above 0 and at most 1, or raise DataError."""
    if not 0 < threshold <= 1:
        raise DataError(f"threshold = {threshold}: must be above 0 and at most 1")
    return float(threshold)


def normalise(rows: npt.NDArray[np.floating], names: Rows | None = None) -> Matrix:
    """Scale rows to unit length: computed in float64, returned as (n, d) float32. Zero rows stay zero.

    Args:
        rows: (n, d) floats of any size, also beyond the range of their squares.
        names: (n,) row numbers for the message; default 0, 1, ...

    Raises:
        DataError: a row holds NaN or infinity.
    """
    unit = np.empty(rows.shape, np.float32)
    memory = np.empty((min(_CACHED_ROWS, rows.shape[0]), rows.shape[1]))
    for begin in range(0, rows.shape[0], _CACHED_ROWS):
        part = rows[begin : begin + _CACHED_ROWS]
        wide = memory[: part.shape[0]]
        wide[:] = part
        largest = np.maximum(wide.max(axis=1, initial=0.0), -wide.min(axis=1, initial=0.0))
        bad = np.flatnonzero(~np.isfinite(largest))
        if bad.size:
            name = begin + int(bad[0]) if names is None else int(names[begin + bad[0]])
            raise DataError(f"embedding {name} holds NaN or infinity: leave that image out or compute it again")
        wide /= np.where(largest > 0, largest, 1.0)[:, None]
        norm = np.sqrt(np.einsum("ij,ij->i", wide, wide))
        wide /= np.where(norm > 0, norm, 1.0)[:, None]
        unit[begin : begin + _CACHED_ROWS] = wide
    return unit


def unit_rows(rows: npt.NDArray[np.floating], names: Rows) -> Matrix:
    """Like ``normalise`` within a relative error of (d + 4) 2^-24, and faster: for bounds, not for scores."""
    if native.available():
        unit, undone = coding.unit_rows(rows)
    else:
        unit = rows.astype(np.float32)
        square = np.einsum("ij,ij->i", unit, unit)
        undone = ~((square > 1e-20) & (square < 1e30))
        unit *= (1 / np.sqrt(np.where(undone, 1, square)))[:, None]
    odd = np.flatnonzero(undone)
    if odd.size:
        unit[odd] = normalise(rows[odd], names[odd])
    return unit


def pair_scores(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Scores:
    """Cosine similarity of given pairs of rows: the definition that every link obeys.

    Rows are normalised in float64 and rounded to float32; their products are summed in float64, and the sum
    is cut to [-1, 1] and rounded to float32.

    Args:
        x: (N, d) float16, float32 or float64, an array or a memory map.
        a, b: (L,) row numbers.

    Returns:
        (L,) float32; 0 where either row is all zeros.

    Raises:
        DataError: x is not a 2-d array of floats, or a row holds NaN or infinity.
    """
    matrix = check_matrix(x)
    one, other = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    score = np.empty(one.size, dtype=np.float32)

    def measure(begin: int) -> None:
        ends = np.concatenate([one[begin : begin + _PAIRS], other[begin : begin + _PAIRS]])
        names, place = np.unique(ends, return_inverse=True)
        half = ends.size // 2
        unit: npt.NDArray[np.floating] = normalise(matrix[names], names)
        if 2 * names.size <= half:
            # rows of a dense set are in several pairs each
            unit = unit.astype(np.float64)
        score[begin : begin + half] = row_scores(unit, place[:half], unit, place[half:])

    if one.size <= _PAIRS:
        measure(0)
        return score
    with ThreadPoolExecutor(thread_count()) as pool:
        for _ in pool.map(measure, range(0, one.size, _PAIRS)):
            let_go(matrix)
    return score


def row_scores(one: npt.NDArray[np.floating], a: Rows, other: npt.NDArray[np.floating], b: Rows) -> Scores:
    """Scores, (L,) float32, of pairs of rows that ``normalise`` made: places a, (L,), in ``one`` and b in ``other``.

    Both may be float64, which is quicker where rows are in many pairs.
    """
    score = np.empty(a.size, dtype=np.float32)
    left, right = (np.empty((min(_CACHED_PAIRS, a.size), rows.shape[1])) for rows in (one, other))
    for begin in range(0, a.size, _CACHED_PAIRS):
        at = slice(begin, begin + _CACHED_PAIRS)
        product = np.einsum("ij,ij->i", _taken(one, a[at], left), _taken(other, b[at], right))
        score[at] = np.clip(product, -1.0, 1.0)
    return score


def _taken(rows: npt.NDArray[np.floating], at: Rows, memory: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Rows at some places, in float64."""
    taken = memory[: at.size]
    if rows.dtype == np.float64:
        # clipping needs no memory of its own, and nothing is outside
        np.take(rows, at, axis=0, out=taken, mode="clip")
    else:
        taken[:] = rows[at]
    return taken
