"""Passes over rows of embeddings that numpy makes one operation at a time, in C: ``coding.c``.

Where compiled loops cannot be had, callers do the same with numpy, more slowly; the results differ by rounding, within
the same bounds.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.runtime import native

Floats = npt.NDArray[np.float32]

_LANES: Final = 64
"""Numbers that the loops work on at a time."""


@dataclass(frozen=True)
class Steps:
    """What makes codes of coordinates.

    Attributes:
        tail: (k,) float32, contiguous, k a multiple of 64: the direction that what is lost of unit length goes to.
        extra: what is added to the square of that.
        scale: length of a step. limit: largest code.
    """

    tail: Floats
    extra: float
    scale: float
    limit: int

    @property
    def _arguments(self) -> tuple[int, float, float, float]:
        return self.tail.ctypes.data, self.extra, self.scale, self.limit


def unit_rows(rows: npt.NDArray[np.floating]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Rows (n, d) scaled to unit length, float32, and which of them, (n,), are left undone.

    Those are rows that hold NaN or infinity, or whose squares are beyond the range of float32, and zeros.
    """
    rows = _readable(rows)
    n, d = rows.shape
    unit, length = np.empty((n, d), np.float32), np.empty(n, np.float32)
    line = np.empty(_whole(d), np.float32)
    _compiled().unit_rows(*_where(rows), n, d, line.ctypes.data, unit.ctypes.data, length.ctypes.data)
    return unit, np.asarray(length < 0)


def codes(inside: Floats, steps: Steps, out: npt.NDArray[np.int8]) -> Floats:
    """Codes of rows of coordinates, (n, k) float32, written to ``out``, (n, k), both contiguous.

    Returns:
        (n,) float32, the length of what they leave of each row.
    """
    n, k = inside.shape
    left = np.empty(n, np.float32)
    _compiled().codes(inside.ctypes.data, n, k, *steps._arguments, out.ctypes.data, left.ctypes.data)
    return left


def kept_codes(
    rows: npt.NDArray[np.floating], kept: npt.NDArray[np.int32], steps: Steps, out: npt.NDArray[np.int8]
) -> Floats:
    """The same of ``kept`` coordinates, (k or fewer,), of rows (n, d) that are scaled to unit length first.

    Returns:
        (n,) float32, the length of what the codes leave; -1 for rows that ``unit_rows`` leaves undone.
    """
    rows = _readable(rows)
    (n, d), k = rows.shape, steps.tail.size
    left, line = np.empty(n, np.float32), np.empty(_whole(d) + k, np.float32)
    _compiled().kept_codes(
        *_where(rows),
        n,
        d,
        kept.ctypes.data,
        kept.size,
        k,
        *steps._arguments,
        line.ctypes.data,
        out.ctypes.data,
        left.ctypes.data,
    )
    return left


def _readable(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Rows of float16 or float32 whose numbers lie side by side."""
    if rows.dtype in (np.float16, np.float32) and (rows.strides[1] == rows.itemsize or rows.shape[1] < 2):
        return rows
    return np.ascontiguousarray(rows, dtype=np.float32)


def _where(rows: npt.NDArray[np.floating]) -> tuple[int, int, int]:
    return rows.ctypes.data, rows.strides[0], rows.itemsize


def _whole(numbers: int) -> int:
    return -(-numbers // _LANES) * _LANES


@dataclass(frozen=True)
class _Compiled:
    unit_rows: Any
    codes: Any
    kept_codes: Any


@functools.cache
def _compiled() -> _Compiled:
    return _Compiled(
        unit_rows=native.function("unit_rows", "pnnnnppp"),
        codes=native.function("codes", "pnnpfffpp"),
        kept_codes=native.function("kept_codes", "pnnnnpnnpfffppp"),
    )
