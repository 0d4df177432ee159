"""All pairs of embeddings whose cosine similarity reaches a threshold, exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfdedup.errors import DataError

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float32]

_BLOCK = 2048
_CHUNK_BYTES = 1 << 25


def cosine_links(x: npt.ArrayLike, threshold: float) -> tuple[Rows, Rows, Scores]:
    """Find every pair of rows whose cosine similarity is at least ``threshold``.

    The score of a pair is the one of ``pair_scores``; candidates found by faster arithmetic are checked with
    it, so the result does not depend on the processor.

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
    if not 0 < threshold <= 1:
        raise DataError(f"threshold = {threshold}: must be above 0 and at most 1")
    unit = normalise(matrix)
    parts = []
    for top in range(0, unit.shape[0], _BLOCK):
        for left in range(top, unit.shape[0], _BLOCK):
            product = unit[top : top + _BLOCK] @ unit[left : left + _BLOCK].T
            i, j = np.nonzero(product >= threshold - 1e-5)
            i, j = i + top, j + left
            parts.append((i[i < j], j[i < j]))
    a = np.concatenate([part[0] for part in parts] or [np.empty(0, np.int64)])
    b = np.concatenate([part[1] for part in parts] or [np.empty(0, np.int64)])
    score = pair_scores(matrix, a, b)
    near = score.astype(np.float64) >= threshold
    a, b, score = a[near], b[near], score[near]
    order = np.lexsort((b, a))
    return a[order], b[order], score[order]


def pair_scores(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Scores:
    """Cosine similarity of given pairs of rows: the definition that every link obeys.

    Rows are normalised in float64 and rounded to float32; their products are summed in float64, and the sum
    is cut to [-1, 1] and rounded to float32.

    Args:
        x: (N, d) floats, as for ``cosine_links``.
        a, b: (L,) row numbers.

    Returns:
        (L,) float32; 0 where either row is all zeros.
    """
    matrix = check_matrix(x)
    one, other = np.asarray(a), np.asarray(b)
    score = np.empty(one.size, dtype=np.float32)
    step = max(_CHUNK_BYTES // (8 * max(matrix.shape[1], 1)), 1)
    for begin in range(0, one.size, step):
        chunk = slice(begin, begin + step)
        left = normalise(matrix[one[chunk]]).astype(np.float64)
        right = normalise(matrix[other[chunk]]).astype(np.float64)
        score[chunk] = np.clip(np.einsum("ij,ij->i", left, right), -1.0, 1.0)
    return score


def check_matrix(x: npt.ArrayLike) -> npt.NDArray[np.floating]:
    """Return ``x`` as a 2-d array of floats without copying it.

    Raises:
        DataError: it is something else.
    """
    matrix = np.asarray(x)
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.floating):
        raise DataError(f"embeddings must be an (N, d) array of floats, got {matrix.shape} of {matrix.dtype}")
    return matrix


def normalise(rows: npt.NDArray[np.floating], *, first: int = 0) -> Matrix:
    """Scale rows to unit length: computed in float64, returned as (n, d) float32. Zero rows stay zero.

    ``first`` is the number of the first row, for the message.

    Raises:
        DataError: a row holds NaN or infinity.
    """
    wide = rows.astype(np.float64)
    # a first scaling by the largest value keeps squares of tiny and huge numbers within range
    largest = np.abs(wide).max(axis=1, initial=0.0)
    if not np.isfinite(largest).all():
        row = first + int(np.flatnonzero(~np.isfinite(largest))[0])
        raise DataError(f"embedding {row} holds NaN or infinity: leave that image out or compute it again")
    wide /= np.where(largest > 0, largest, 1.0)[:, None]
    norm = np.sqrt(np.einsum("ij,ij->i", wide, wide))
    wide /= np.where(norm > 0, norm, 1.0)[:, None]
    return wide.astype(np.float32)
