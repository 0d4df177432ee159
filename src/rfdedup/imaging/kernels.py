"""Loops over pixels that no library does in one pass, compiled for the processor at hand when first needed.

``kernels.c`` is their source and ``kernels.ll`` what clang makes of it, from which ``jit`` compiles. Where that cannot
be had, callers do the same with numpy, OpenCV and Pillow, more slowly and with equal results.
"""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup import jit
from rfdedup.imaging.arrays import U8

GREY_TAPS: Final = 32
LINE_TAPS: Final = 4
"""Numbers of taps are multiples of these in ``narrow_grey`` and ``lower``."""
_POINTER, _SIZE = ctypes.c_void_p, ctypes.c_int64


@dataclass(frozen=True)
class Weights:
    """One pass of a resampling filter.

    Attributes:
        first: (outputs,) int32, the pixel that the first tap of each output lies on; all taps lie inside.
        whole: (outputs, taps) int32, 2^22 times the weight.
    """

    first: npt.NDArray[np.int32]
    whole: npt.NDArray[np.int32]

    @property
    def arguments(self) -> tuple[int, int, int, int]:
        """What every loop is given of them."""
        return self.first.ctypes.data, self.whole.ctypes.data, self.whole.shape[1], len(self.first)


def weights(first: npt.NDArray[np.int64], whole: npt.NDArray[np.int32], pixels: int, multiple: int) -> Weights | None:
    """``whole`` (outputs, taps) from the pixels ``first`` (outputs,) on, with taps made up to a ``multiple``.

    None where so many do not fit into a line of ``pixels``.
    """
    given = whole.shape[1]
    taps = -(-given // multiple) * multiple
    if taps > pixels:
        return None
    begin = np.minimum(first, pixels - taps)
    at = np.arange(taps) - (first - begin)[:, None]
    moved = np.take_along_axis(whole, np.clip(at, 0, given - 1), axis=1)
    return Weights(begin.astype(np.int32), np.where((at >= 0) & (at < given), moved, np.int32(0)))


def narrow_grey(grey: U8, by: Weights) -> U8:
    """Weighted sums along the rows of (h, w) uint8 with adjacent columns, rounded: (h, outputs) uint8."""
    out = np.empty((grey.shape[0], len(by.first)), np.uint8)
    _compiled().narrow_grey(
        grey.ctypes.data,
        grey.strides[0],
        grey.shape[0],
        *by.arguments,
        out.ctypes.data,
    )
    return out


def narrow_rgb(rgb: U8, by: Weights) -> U8:
    """The same of (h, w, 3) uint8 with adjacent pixels: (h, outputs, 3)."""
    height, width = rgb.shape[:2]
    # one byte more, see kernels.c
    out = np.empty(height * len(by.first) * 3 + 1, np.uint8)
    line = np.empty(width * 3 + 1, np.uint8)
    _compiled().narrow_rgb(
        rgb.ctypes.data,
        rgb.strides[0],
        height,
        width,
        *by.arguments,
        line.ctypes.data,
        out.ctypes.data,
    )
    return out[:-1].reshape(height, len(by.first), 3)


def lower(rgb: U8, by: Weights) -> U8:
    """Weighted sums along the columns of (h, w, 3) uint8 with adjacent pixels: (outputs, w, 3)."""
    width = rgb.shape[1] * 3
    out = np.empty((len(by.first), rgb.shape[1], 3), np.uint8)
    line = np.empty(width, np.int32)
    _compiled().lower(
        rgb.ctypes.data,
        rgb.strides[0],
        width,
        *by.arguments,
        line.ctypes.data,
        out.ctypes.data,
    )
    return out


def sums(grey: U8) -> tuple[int, int, int, int]:
    """Sums over (h, w) uint8, both at least 2, with adjacent columns.

    Returns:
        sums of levels, of their squares, of the Laplacian (edges mirrored about the outermost pixels), of its squares.
    """
    out = np.empty(4, np.int64)
    _compiled().sums(grey.ctypes.data, grey.strides[0], *grey.shape, out.ctypes.data)
    light, light2, edge, edge2 = out.tolist()
    return light, light2, edge, edge2


@dataclass(frozen=True)
class _Compiled:
    narrow_grey: Any
    narrow_rgb: Any
    lower: Any
    sums: Any


@functools.cache
def _compiled() -> _Compiled:
    program = files("rfdedup.imaging").joinpath("kernels.ll").read_text("utf-8")
    engine = jit.compile_program(program, optimise=True)

    def function(name: str, kinds: str) -> Any:
        arguments = [_POINTER if kind == "p" else _SIZE for kind in kinds]
        # called without Python's lock, as every foreign function
        return ctypes.CFUNCTYPE(None, *arguments)(engine.get_function_address(name))

    return _Compiled(
        narrow_grey=function("narrow_grey", "pnnppnnp"),
        narrow_rgb=function("narrow_rgb", "pnnnppnnpp"),
        lower=function("lower", "pnnppnnpp"),
        sums=function("sums", "pnnnp"),
    )
