"""Loops over pixels that no library does in one pass, in C: ``kernels.c``.

``kernels_vnni.c`` is for processors with AVX-512 VNNI and VBMI. Where there are no compiled loops (``runtime.native``),
callers do the same with numpy, OpenCV and Pillow, more slowly and with equal results.
"""

from __future__ import annotations

import ctypes
import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.runtime import native

if TYPE_CHECKING:
    from rfdedup.imaging.arrays import U8

LINE_TAPS: Final = 4
"""The number of taps is a multiple of this in ``lower``."""
_TAPS, _VNNI_TAPS, _VNNI_ROWS = 32, 64, 4
VNNI: Final = ("v4", "vbmi", "vnni")
"""What ``kernels_vnni.c`` uses of a processor."""
_GROUP, _WINDOW = 5, 64
_GREY_WIDTH, _HALF_WIDTH = 22, 22
"""Columns that ``grey`` and ``halve`` need; see ``kernels_vnni.c``."""
_PLACE: Final = np.arange(64)
_BY_PIXEL: Final = (_PLACE // 4 * 3 + _PLACE % 4 % 3).astype(np.int8)
_BY_FOUR: Final = (_PLACE // 12 % 5 * 6 + _PLACE // 4 % 3 + (_PLACE & 1) * 3 + (_PLACE & 2) * 32).astype(np.int8)
"""In which order they want the bytes of pixels."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Groups:
    """Outputs in groups of five.

    Attributes:
        first: (groups,) int32, byte of a row that the first tap of the first output lies on.
        begin: (groups,) int32, the first output.
        tables: (groups, taps / 4, 4, 16, 4) int8: for each place and four taps which bytes, and three digits.
    """

    first: npt.NDArray[np.int32]
    begin: npt.NDArray[np.int32]
    tables: npt.NDArray[np.int8]


@dataclass(frozen=True)
class Weights:
    """One pass of a resampling filter.

    Attributes:
        first: (outputs,) int32, the pixel that the first tap of each output lies on; all taps lie inside.
        whole: (outputs, taps) int32, 2^22 times the weight.
    """

    first: npt.NDArray[np.int32]
    whole: npt.NDArray[np.int32]

    @functools.cached_property
    def digits(self) -> npt.NDArray[np.int8]:
        """(outputs, 3, taps) int8 with ``whole`` = d0 + 2^8 d1 + 2^16 d2."""
        found, left = [], self.whole
        for _ in range(3):
            found.append((left & 255).astype(np.uint8).view(np.int8))
            left = (left - found[-1]) >> 8
        return np.stack(found, axis=1)

    @functools.cached_property
    def grey_digits(self) -> npt.NDArray[np.int8]:
        """``digits`` as (outputs, taps / 64, 3, 64)."""
        return np.ascontiguousarray(self.digits.reshape(len(self.first), 3, -1, _VNNI_TAPS).swapaxes(1, 2))

    @functools.cached_property
    def rgb_groups(self) -> _Groups | None:
        """What ``kernels_vnni.c`` wants for RGB; None where the pixels of a group do not lie near one another."""
        outputs, taps = self.whole.shape
        if taps % LINE_TAPS or outputs < _GROUP:
            return None
        # the last group overlaps the one before
        begin = np.minimum(np.arange(0, outputs, _GROUP), outputs - _GROUP)
        member = begin[:, None] + np.arange(_GROUP)
        away = self.first[member] - self.first[begin][:, None]
        if 3 * (int(away.max()) + LINE_TAPS) > _WINDOW:
            return None
        tables = np.zeros((len(begin), taps // LINE_TAPS, 4, 16, LINE_TAPS), np.int8)
        byte = 3 * (away[:, :, None, None] + np.arange(LINE_TAPS)) + np.arange(3)[:, None]
        tables[:, :, 0, :15] = byte.reshape(len(begin), 1, 15, LINE_TAPS)
        each = self.digits[member].reshape(len(begin), _GROUP, 3, -1, LINE_TAPS).transpose(0, 3, 2, 1, 4)
        tables[:, :, 1:, :15] = each.repeat(3, axis=3)
        return _Groups((3 * self.first[begin]).astype(np.int32), begin.astype(np.int32), tables)

    @functools.cached_property
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


def grey_taps() -> int:
    """What the number of taps is a multiple of in ``narrow_grey``."""
    return _VNNI_TAPS if native.supports(*VNNI) else _TAPS


def narrow_grey(grey: U8, by: Weights) -> U8:
    """Weighted sums along the rows of (h, w) uint8 with adjacent columns, rounded: (h, outputs) uint8."""
    height = grey.shape[0]
    out = np.empty((height, len(by.first)), np.uint8)
    if height >= _VNNI_ROWS and native.supports(*VNNI):
        first, _, taps, outputs = by.arguments
        # held by this call: of two threads that both make it, the second replaces that of the first
        digits = by.grey_digits
        _compiled_vnni().narrow_grey(
            grey.ctypes.data, grey.strides[0], height, first, digits.ctypes.data, taps, outputs, out.ctypes.data
        )
    else:
        _compiled().narrow_grey(grey.ctypes.data, grey.strides[0], height, *by.arguments, out.ctypes.data)
    return out


def narrow_rgb(rgb: U8, by: Weights) -> U8:
    """The same of (h, w, 3) uint8 with adjacent pixels: (h, outputs, 3)."""
    height, width = rgb.shape[:2]
    outputs = len(by.first)
    groups = by.rgb_groups if height >= _VNNI_ROWS and native.supports(*VNNI) else None
    if groups is not None:
        out = np.empty((height, outputs, 3), np.uint8)
        line = np.empty((_VNNI_ROWS, width * 3 + _WINDOW), np.uint8)
        _compiled_vnni().narrow_rgb(
            rgb.ctypes.data,
            rgb.strides[0],
            height,
            width * 3,
            groups.first.ctypes.data,
            groups.begin.ctypes.data,
            groups.tables.ctypes.data,
            by.whole.shape[1],
            len(groups.first),
            outputs,
            line.ctypes.data,
            line.shape[1],
            out.ctypes.data,
        )
        return out
    # one byte more, see kernels.c
    more = np.empty(height * outputs * 3 + 1, np.uint8)
    line = np.empty(width * 3 + 1, np.uint8)
    _compiled().narrow_rgb(
        rgb.ctypes.data,
        rgb.strides[0],
        height,
        width,
        *by.arguments,
        line.ctypes.data,
        more.ctypes.data,
    )
    return more[:-1].reshape(height, outputs, 3)


def lower(pixels: U8, by: Weights) -> U8:
    """Weighted sums along the columns of (h, w) or (h, w, 3) uint8 with adjacent pixels: (outputs, w) or (…, 3)."""
    width = math.prod(pixels.shape[1:])
    out = np.empty((len(by.first), *pixels.shape[1:]), np.uint8)
    line = np.empty(width, np.int32)
    _compiled().lower(
        pixels.ctypes.data,
        pixels.strides[0],
        width,
        *by.arguments,
        line.ctypes.data,
        out.ctypes.data,
    )
    return out


def grey(rgb: U8) -> U8 | None:
    """ITU-R BT.601 luma of (h, w, 3) uint8, as OpenCV rounds it: (h, w); None where no loop does it here."""
    if rgb.shape[1] < _GREY_WIDTH or rgb.strides[1:] != (3, 1) or not native.supports(*VNNI):
        return None
    out = np.empty(rgb.shape[:2], np.uint8)
    _compiled_vnni().grey(rgb.ctypes.data, rgb.strides[0], *rgb.shape[:2], _BY_PIXEL.ctypes.data, out.ctypes.data)
    return out


def halve(rgb: U8) -> U8 | None:
    """(h, w, 3) uint8 of even sides averaged by two in both, (h / 2, w / 2, 3); None where no loop does it here."""
    height, width = rgb.shape[:2]
    if height % 2 or width % 2 or width < _HALF_WIDTH or rgb.strides[1:] != (3, 1) or not native.supports(*VNNI):
        return None
    out = np.empty((height // 2, width // 2, 3), np.uint8)
    _compiled_vnni().halve(rgb.ctypes.data, rgb.strides[0], *out.shape[:2], _BY_FOUR.ctypes.data, out.ctypes.data)
    return out


def area(pixels: U8, width: int, height: int) -> U8:
    """Means of areas of (h, w) or (h, w, 3) uint8 with adjacent pixels, not more of them: (height, width) or (…, 3).

    A mean is exact and rounded once, halves upwards.
    """
    rows, columns, *colours = pixels.shape
    channels = math.prod(colours)
    out = np.empty((height, width, *colours), np.uint8)
    line, whole = np.empty(columns * channels, np.uint32), np.empty(columns * channels, np.uint16)
    _compiled().area(
        pixels.ctypes.data,
        pixels.strides[0],
        rows,
        columns,
        channels,
        height,
        width,
        line.ctypes.data,
        whole.ctypes.data,
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


def tiles(grey: U8, below: npt.NDArray[np.int32], right: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    """Sums of the Laplacian and of its squares over tiles of (h, w) uint8, both at least 2, with adjacent columns.

    Args:
        below, right: (n,) and (m,) int32, ends of the rows and columns of the tiles.

    Returns:
        (n, m, 2) int64.
    """
    out = np.zeros((below.size, right.size, 2), np.int64)
    _compiled().tiles(
        grey.ctypes.data,
        grey.strides[0],
        *grey.shape,
        below.ctypes.data,
        below.size,
        right.ctypes.data,
        right.size,
        out.ctypes.data,
    )
    return out


def varied(lines: U8, spread: int) -> npt.NDArray[np.bool_]:
    """Which rows of (n, m) uint8, a view with any strides, have a standard deviation above ``spread``: (n,)."""
    out = np.empty(lines.shape[0], np.bool_)
    (stride, step), (number, size) = lines.strides, lines.shape
    _compiled().varied(lines.ctypes.data, stride, number, step, size, spread, out.ctypes.data)
    return out


def spread(rgb: U8) -> int:
    """Sum of max(R, G, B) - min(R, G, B) over (h, w, 3) uint8, contiguous."""
    found: int = _compiled().spread(rgb.ctypes.data, rgb.size // 3)
    return found


def bits(nine: U8, levels: U8, dct: Floats) -> tuple[int, int]:
    """dHash of (8, 9) uint8 and pHash of (32, 32) uint8, both contiguous, with (8, 32) float64 rows of the DCT."""
    out = np.empty(2, np.uint64)
    _compiled().bits(nine.ctypes.data, levels.ctypes.data, dct.ctypes.data, out.ctypes.data)
    difference, perceptual = out.tolist()
    return difference, perceptual


def spectrum(grey: U8, blocks: tuple[int, int], step: int, weights: npt.NDArray[np.float32]) -> Floats:
    """Sums of squared 8 x 8 DCT coefficients over every ``step``-th of (rows, columns) blocks of (h, w) uint8.

    Args:
        grey: with adjacent columns.
        weights: (4, 16, 16) float32, 2^14 times the weights of 16 inputs for 16 frequencies, see ``kernels.c``.

    Returns:
        (4, 16) float64, whole: squares of 2^8 times the coefficients.
    """
    out = np.empty((4, 16), np.float64)
    _compiled().spectrum(grey.ctypes.data, grey.strides[0], *blocks, step, weights.ctypes.data, out.ctypes.data)
    return out


def counts(grey: U8) -> npt.NDArray[np.int32]:
    """How often each level occurs in (h, w) uint8 with adjacent columns: (256,) int32."""
    out = np.zeros(256, np.int32)
    _compiled().counts(grey.ctypes.data, grey.strides[0], *grey.shape, out.ctypes.data)
    return out


@dataclass(frozen=True)
class _Compiled:
    narrow_grey: Any
    narrow_rgb: Any
    lower: Any
    area: Any
    sums: Any
    tiles: Any
    varied: Any
    spread: Any
    bits: Any
    spectrum: Any
    counts: Any


@functools.cache
def _compiled() -> _Compiled:
    return _Compiled(
        narrow_grey=native.function("narrow_grey", "pnnppnnp"),
        narrow_rgb=native.function("narrow_rgb", "pnnnppnnpp"),
        lower=native.function("lower", "pnnppnnpp"),
        area=native.function("area", "pnnnnnnppp"),
        sums=native.function("sums", "pnnnp"),
        tiles=native.function("tiles", "pnnnpnpnp"),
        varied=native.function("varied", "pnnnnnp"),
        spread=native.function("spread", "pn", ctypes.c_int64),
        bits=native.function("bits", "pppp"),
        spectrum=native.function("spectrum", "pnnnnpp"),
        counts=native.function("counts", "pnnnp"),
    )


@dataclass(frozen=True)
class _CompiledVnni:
    narrow_grey: Any
    narrow_rgb: Any
    grey: Any
    halve: Any


@functools.cache
def _compiled_vnni() -> _CompiledVnni:
    return _CompiledVnni(
        narrow_grey=native.function("narrow_grey_vnni", "pnnppnnp"),
        narrow_rgb=native.function("narrow_rgb_vnni", "pnnnpppnnnpnp"),
        grey=native.function("grey_vnni", "pnnnpp"),
        halve=native.function("halve_vnni", "pnnnpp"),
    )
