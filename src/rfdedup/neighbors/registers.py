"""Integer products of codes that are compared where they leave the registers, in C.

A library's matrix product writes every entry; here nearly all of them are only compared with a bound. So a block of
products is compared in registers, and only blocks that hold one at or above the bound are written. ``products.h`` has
the loops that are shared, ``products_*.c`` what each kind of processor multiplies with. Where there is none,
``products`` does the same with OpenVINO.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from rfdedup.runtime import native

ALIGNMENT: Final = 64
PROGRAMS: Final = {
    "amx": ("v4", "amx"),
    "vnni": ("v4", "vnni"),
    "avxvnni": ("v3", "avxvnni"),
    "avx2": ("v3",),
    "dotprod": ("dotprod",),
}
"""Names in C, the fastest first, and what they use of a processor."""
_BEFORE: Final = 8192
"""Bytes of scratch memory before the codes of a block's columns."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """What compares, and its blocks.

    Attributes:
        name: of ``PROGRAMS``.
        reach: called with the addresses of rows and columns, the number of codes, of rows and of columns, then the
            addresses of the bounds, of the places and bits that it writes, and of scratch memory; gives the number of
            blocks written. A place is a block's number by rows, times 2^16, plus its number by columns.
        rows, columns: of a block, whose product is a power of two; columns of a block share a bound.
        largest: magnitude of a code up to which products are exact.
    """

    name: str
    reach: Callable[..., int]
    rows: int
    columns: int
    largest: int


def programs() -> tuple[str, ...]:
    """Those of ``PROGRAMS`` that this processor runs, the fastest first."""
    return tuple(name for name, features in PROGRAMS.items() if native.supports(*features))


@functools.cache
def kernel(name: str) -> Kernel:
    """One of ``programs``."""
    reach = native.function(f"reach_{name}", "ppnnnpppp", ctypes.c_int64)
    return Kernel(name, reach, *native.numbers(f"shape_{name}", 3))


class Registers:
    """A kernel with memory for one caller at a time.

    Args:
        kernel: what compares.
        rows, columns: most rows and columns of a product, multiples of those of a block; at most 2048 rows.
        k: codes of each, a multiple of 64, at most 4096.
    """

    def __init__(self, kernel: Kernel, rows: int, columns: int, k: int) -> None:
        self._kernel = kernel
        self._places = np.empty(rows // kernel.rows * columns // kernel.columns, np.uint32)
        self._bits = np.empty((self._places.size, kernel.rows * kernel.columns // 8), np.uint8)
        first = _BEFORE + kernel.columns * k
        memory = np.zeros(first + rows * k + ALIGNMENT, np.uint8)
        self._scratch = memory[-memory.ctypes.data % ALIGNMENT :]
        self._rows = self._scratch[first : first + rows * k].view(np.int8).reshape(rows, k)

    def reach(
        self, a: npt.NDArray[np.int8], b: npt.NDArray[np.int8], bounds: npt.NDArray[np.int32]
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        """Rows and columns of products that reach the bound of their columns, at most rows^2 at a time.

        Args:
            a: (rows, k) int8, contiguous. b: (columns, k).
            bounds: (columns / columns of a block,) int32, one for the columns of each block.
        """
        if a.ctypes.data % ALIGNMENT:
            self._rows[: a.shape[0]] = a
            a = self._rows[: a.shape[0]]
        kernel = self._kernel
        found = kernel.reach(
            a.ctypes.data,
            b.ctypes.data,
            a.shape[1],
            a.shape[0],
            b.shape[0],
            bounds.ctypes.data,
            self._places.ctypes.data,
            self._bits.ctypes.data,
            self._scratch.ctypes.data,
        )
        size = kernel.rows * kernel.columns
        shift, most = size.bit_length() - 1, a.shape[0] ** 2 // size
        for begin in range(0, found, most):
            some = slice(begin, min(begin + most, found))
            inside = np.flatnonzero(np.unpackbits(self._bits[some], bitorder="little"))
            block, at = self._places[some][inside >> shift].astype(np.int64), inside & (size - 1)
            row, column = np.divmod(at, kernel.columns)
            yield (block >> 16) * kernel.rows + row, (block & 0xFFFF) * kernel.columns + column
