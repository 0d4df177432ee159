"""Pillow's resampling of 8-bit pictures: its weights, and its result to the last bit by compiled loops.

Pillow weighs pixels with 22-bit integers and rounds to 8 bits after each of its two passes (Resample.c). Its
horizontal pass comes first, unless the height shrinks by more than twice what the width does; before version 13 it
always came first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from rfdedup.imaging import kernels
from rfdedup.imaging.arrays import U8
from rfdedup.runtime import native

Floats = npt.NDArray[np.float64]

PRECISION_BITS: Final = 22
"""Pillow's fixed point for 8-bit pictures (``PRECISION_BITS`` in Resample.c)."""
_LONGEST: Final = 4096
"""Pixels of a side up to which loops are compiled: the weights of longer ones are not worth their memory."""
_UNCERTAIN: Final = 1e-6
"""Fixed-point weights this close to a rounding edge, while sines of different libraries move them by 1e-8."""


@dataclass(frozen=True)
class _Filter:
    """``radius`` in pixels; ``of`` maps distances to weights; ``pillow`` is its name there."""

    radius: float
    of: Callable[[Floats], Floats]
    pillow: Image.Resampling


def resize(rgb: U8, width: int, height: int, name: str) -> U8:
    """(h, w, 3) uint8 to (height, width, 3) as ``Image.resize`` does, ``name`` being one of ``FILTERS``."""
    rows, columns = rgb.shape[:2]
    if max(rows, columns) <= _LONGEST and rgb.strides[1:] == (3, 1) and native.available():
        across, down = (_taps(*sides, name) for sides in ((columns, width), (rows, height)))
        if across is not None and down is not None:
            if horizontal_first(rows, columns, width, height):
                return kernels.lower(kernels.narrow_rgb(rgb, across), down)
            return kernels.narrow_rgb(kernels.lower(rgb, down), across)
    return np.asarray(Image.fromarray(rgb).resize((width, height), FILTERS[name].pillow))


def horizontal_first(rows: int, columns: int, width: int, height: int) -> bool:
    """Which pass Pillow makes first when it brings (rows, columns) to (height, width)."""
    return rows - height <= 2 * max(columns - width, 0)


@lru_cache(maxsize=256)
def _taps(source: int, target: int, name: str) -> kernels.Weights | None:
    return kernels.weights(*fixed_point(source, target, name), source, kernels.LINE_TAPS)


def fixed_point(source: int, target: int, name: str) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Weights in fixed point: ``precompute_coeffs`` and ``normalize_coeffs_8bpc`` of Pillow.

    Returns:
        first: (target,) int64, the pixel that the first tap lies on. whole: (target, taps) int32, 2^22 times the
        weights; 0 beyond the last tap, which may lie beyond ``source``.
    """
    filter_ = FILTERS[name]
    scale = source / target
    stretch = max(scale, 1.0)
    support = filter_.radius * stretch
    center = (np.arange(target)[:, None] + 0.5) * scale
    first = np.maximum(center - support + 0.5, 0.0).astype(np.int64)
    last = np.minimum(center + support + 0.5, source).astype(np.int64)
    x = first + np.arange((last - first).max())
    inside = x < last
    taps = np.where(inside, filter_.of((x - center + 0.5) * (1.0 / stretch)), 0.0)
    fixed = _over_their_sum(taps)
    if name == "lanczos":
        # sines differ between libraries by their last bit; near a rounding edge those of C decide
        for at in np.flatnonzero((np.abs(fixed - np.floor(fixed) - 0.5) < _UNCERTAIN).any(axis=1)).tolist():
            near = x[at, inside[at]].tolist()
            taps[at, inside[at]] = [_lanczos3_of_c((i - float(center[at, 0]) + 0.5) * (1.0 / stretch)) for i in near]
            fixed[at] = _over_their_sum(taps[at : at + 1])
    return first[:, 0], np.where(inside, np.trunc(fixed + np.copysign(0.5, fixed)), 0.0).astype(np.int32)


def _over_their_sum(taps: Floats) -> Floats:
    """Shares of (n, w) taps in their sum, which is taken in order as in C, as fixed-point numbers before rounding."""
    total = np.add.accumulate(taps, axis=1)[:, -1:]
    return np.asarray(taps / np.where(total == 0.0, 1.0, total) * (1 << PRECISION_BITS))


def _triangle(x: Floats) -> Floats:
    return np.maximum(1.0 - np.abs(x), 0.0)


def _cubic(x: Floats) -> Floats:
    """Keys' cubic with a = -1/2, in Pillow's order of operations."""
    a, x = -0.5, np.abs(x)
    near = ((a + 2.0) * x - (a + 3.0)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x < 1.0, near, np.where(x < 2.0, far, 0.0))


def _lanczos3(x: Floats) -> Floats:
    return np.where((x >= -3.0) & (x < 3.0), np.sinc(x) * np.sinc(x / 3), 0.0)


def _lanczos3_of_c(x: float) -> float:
    return _sinc_of_c(x) * _sinc_of_c(x / 3) if -3.0 <= x < 3.0 else 0.0


def _sinc_of_c(x: float) -> float:
    if x == 0.0:
        return 1.0
    x *= math.pi
    return math.sin(x) / x


FILTERS: Final = {
    "bilinear": _Filter(1.0, _triangle, Image.Resampling.BILINEAR),
    "bicubic": _Filter(2.0, _cubic, Image.Resampling.BICUBIC),
    "lanczos": _Filter(3.0, _lanczos3, Image.Resampling.LANCZOS),
}
