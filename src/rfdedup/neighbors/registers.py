"""Integer products of codes that are compared where they leave the registers, by a program compiled when first needed.

A library's matrix product writes every entry; here nearly all of them are only compared with a bound. So a block of
products is compared in registers, and only blocks that hold one at or above the bound are written. The programs are in
``amx`` and ``vnni``; elsewhere, and without llvmlite, ``products`` does the same with OpenVINO.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.runtime import jit

ALIGNMENT = 64
PANEL = 8192
"""Where the scratch memory holds the codes of a block's columns, in the order that the program wants; what lies before
is the program's own."""


@dataclass(frozen=True, eq=False)
class Kernel:
    """A compiled program, and the blocks that it compares.

    Attributes:
        reach: called with the addresses of rows and columns, the number of codes, of rows and of columns, then the
            addresses of the bounds, of the places and bits that it writes, and of scratch memory; gives the number of
            blocks written. A place is a block's number by rows, times 2^16, plus its number by columns.
        row, column: (rows times columns of a block, a power of two) int64, where in a block each of its bits lies.
        start: what the scratch memory must begin with.
    """

    reach: Callable[..., int]
    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    start: bytes = b""

    @property
    def rows(self) -> int:
        """Rows of a block."""
        return int(self.row.max()) + 1

    @property
    def columns(self) -> int:
        """Columns of a block, which share a bound."""
        return int(self.column.max()) + 1


def compiled(program: str) -> Callable[..., int]:
    """``reach`` of an LLVM program."""
    engine = jit.compile_program(program, optimise=False)
    pointer, size = ctypes.c_void_p, ctypes.c_int64
    # called without Python's lock, as every foreign function
    kind = ctypes.CFUNCTYPE(size, pointer, pointer, size, size, size, pointer, pointer, pointer, pointer)
    return kind(engine.get_function_address("reach"))


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
        self._bits = np.empty((self._places.size, kernel.row.size // 8), np.uint8)
        first = PANEL + kernel.columns * k
        memory = np.zeros(first + rows * k + ALIGNMENT, np.uint8)
        self._scratch = memory[-memory.ctypes.data % ALIGNMENT :]
        self._scratch[: len(kernel.start)] = np.frombuffer(kernel.start, np.uint8)
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
        size = kernel.row.size
        shift, most = size.bit_length() - 1, a.shape[0] ** 2 // size
        for begin in range(0, found, most):
            some = slice(begin, min(begin + most, found))
            inside = np.flatnonzero(np.unpackbits(self._bits[some], bitorder="little"))
            block, at = self._places[some][inside >> shift].astype(np.int64), inside & (size - 1)
            row = (block >> 16) * kernel.rows + kernel.row[at]
            yield row, (block & 0xFFFF) * kernel.columns + kernel.column[at]


def transposed(source: str, target: str, stride: str, *, apart: int = 64, unsigned: bool = False) -> str:
    """LLVM code that reads 16 rows of 16 words at ``source``.0, and writes them as columns.

    Args:
        source, target: names of addresses.
        stride: name of the bytes from row to row.
        apart: bytes from column to column.
        unsigned: add 128 to every code.
    """
    code = []
    read = "%signed" if unsigned else "%w.1"
    for r in range(16):
        if r:
            code.append(f"{source}.{r} = getelementptr i8, ptr {source}.{r - 1}, i64 {stride}")
        code.append(f"{read}.{r} = load <16 x i32>, ptr {source}.{r}, align 1")
        if unsigned:
            code.append(f"%w.1.{r} = xor <16 x i32> {read}.{r}, splat (i32 {FOUR_TIMES_128})")
    for bit in (1, 2, 4, 8):
        for r in range(16):
            one, other = r & ~bit, r | bit
            picked = [16 * bool(c & bit) + (c & ~bit | r & bit) for c in range(16)]
            mask = ", ".join(f"i32 {c}" for c in picked)
            code.append(
                f"%w.{2 * bit}.{r} = shufflevector <16 x i32> %w.{bit}.{one}, <16 x i32> %w.{bit}.{other}, "
                f"<16 x i32> <{mask}>"
            )
    for r in range(16):
        code.append(f"{target}.{r} = getelementptr i8, ptr {target}, i64 {apart * r}")
        code.append(f"store <16 x i32> %w.16.{r}, ptr {target}.{r}, align 64")
    return lines(code)


FOUR_TIMES_128 = 0x80808080 - 2**32
"""Four bytes of 128, as a signed word."""


def lines(code: list[str]) -> str:
    return "\n  ".join(code)
