"""Distances of thumbnails, by a loop that is compiled where it can be (``thumbs.c``), else by numpy: equal results."""

from __future__ import annotations

import functools
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.runtime import native
from rfdedup.runtime.cpus import thread_count

Rows = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Sums = npt.NDArray[np.float32]

_SLICE = 512
"""Pairs whose differences are in memory at a time: few megabytes, and few enough calls for threads to help."""
_SHARE = 1 << 15
"""Pairs that a thread takes at a time."""
_MANY = 1 << 12
"""Pairs from which on a compiled loop pays."""
_LONGEST: Final = 1 << 15
"""Most values of a picture of which the compiled loop can sum the squares."""
_EXACT: Final = 2.0**24
"""Whole numbers below this are exact in float32, and so is every sum that stays below it."""


def thumb_rms(thumbs: U8, i: Rows, j: Rows, *, centred: bool = False) -> npt.NDArray[np.float64]:
    """Root mean square difference of pairs of thumbnails, in levels.

    Args:
        thumbs: (n, values) pictures, uint8.
        i, j: (L,) rows of the pairs.
        centred: take out a change of brightness that all pixels share.

    Returns:
        (L,) float64, rounded to float32; computed in slices, so memory does not grow with L x values.
    """
    out, values = np.empty(len(i)), np.float32(thumbs.shape[1])
    compiled = len(i) >= _MANY and thumbs.shape[1] <= _LONGEST and native.available()
    sums = _compiled_sums if compiled else _plain_sums

    def measure(begin: int) -> None:
        at = slice(begin, begin + _SHARE)
        levels, squares = sums(thumbs, i[at], j[at])
        square = squares / values
        if centred:
            square -= (levels / values) ** 2
        out[at] = np.sqrt(np.maximum(square, 0))

    if len(i) <= _SHARE:
        measure(0)
        return out
    with ThreadPoolExecutor(thread_count()) as pool:
        for _ in pool.map(measure, range(0, len(i), _SHARE)):
            pass
    return out


def _plain_sums(thumbs: U8, i: Rows, j: Rows) -> tuple[Sums, Sums]:
    """Sums over pairs of pictures of their differences, and of the squares of these, (L,) each, rounded once."""
    levels, squares = np.empty(len(i), np.float32), np.empty(len(i), np.float32)
    ones = np.ones(thumbs.shape[1], np.float32)
    for begin in range(0, len(i), _SLICE):
        at = slice(begin, begin + _SLICE)
        difference = np.subtract(thumbs[i[at]], thumbs[j[at]], dtype=np.int16)
        exact = difference.astype(np.float32)
        square = np.einsum("ij,ij->i", exact, exact)
        large = square >= _EXACT
        if large.any():
            whole = difference[large].astype(np.int64)
            square[large] = np.einsum("ij,ij->i", whole, whole)
        levels[at], squares[at] = exact @ ones, square
    return levels, squares


def _compiled_sums(thumbs: U8, i: Rows, j: Rows) -> tuple[Sums, Sums]:
    """The same by the compiled loop."""
    pictures, one, other = np.ascontiguousarray(thumbs), np.ascontiguousarray(i), np.ascontiguousarray(j)
    if min(one.min(), other.min()) < 0 or max(one.max(), other.max()) >= len(pictures):
        raise IndexError("a pair names a picture that is not there")
    levels, squares = np.empty(len(i), np.int32), np.empty(len(i), np.int32)
    _apart()(
        pictures.ctypes.data,
        pictures.shape[1],
        len(one),
        one.ctypes.data,
        other.ctypes.data,
        levels.ctypes.data,
        squares.ctypes.data,
    )
    return levels.astype(np.float32), squares.astype(np.float32)


@functools.cache
def _apart() -> Any:
    return native.function("apart", "pnnpppp")
