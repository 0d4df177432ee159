"""Pixel arrays: their type, reduction and grey levels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.imaging import kernels
from rfdedup.runtime import native

U8 = NDArray[np.uint8]


def to_grey(rgb: U8) -> U8:
    """Grey levels (h, w) uint8 of ``rgb`` (h, w, 3) uint8: ITU-R BT.601 luma as ``cv2.cvtColor`` rounds it."""
    grey = kernels.grey(rgb)
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if grey is None else grey  # type: ignore[return-value]


def fit(pixels: U8, longest: int, whole: tuple[int, int] | None = None) -> U8:
    """``pixels`` reduced by area averaging so that the longer side is exactly ``longest``; never enlarged.

    Args:
        pixels: (h, w) or (h, w, 3) uint8.
        longest: pixels, at least 1.
        whole: (width, height) of the picture that ``pixels`` are a reduction of; the shorter side is rounded from it.
    """
    height, width = pixels.shape[:2]
    if max(height, width) <= longest:
        return pixels
    true_width, true_height = whole or (width, height)
    longer = max(true_width, true_height)
    size = (max(1, round(true_width * longest / longer)), max(1, round(true_height * longest / longer)))
    return area_resize(pixels, *size)


def area_resize(pixels: U8, width: int, height: int) -> U8:
    """``pixels`` (h, w) or (h, w, 3) uint8 brought to the given size by area averaging.

    Means are exact and rounded once, halves upwards, so that they are the same on every processor. Where a side grows
    OpenCV does it.
    """
    rows, columns = pixels.shape[:2]
    halves = (rows, columns) == (2 * height, 2 * width)
    half = kernels.halve(pixels) if halves and pixels.ndim == 3 else None
    if half is not None:
        return half
    # means of four levels are whole numbers in OpenCV, too
    if halves or height > rows or width > columns or pixels.dtype != np.uint8 or pixels.shape[2:] not in ((), (3,)):
        return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]
    if not native.available():
        return _plain_area(pixels, width, height)
    beside = (3, 1) if pixels.ndim == 3 else (1,)
    return kernels.area(pixels if pixels.strides[1:] == beside else np.ascontiguousarray(pixels), width, height)


def _plain_area(pixels: U8, width: int, height: int) -> U8:
    """The same in numpy, where no side grows."""
    rows, columns = pixels.shape[:2]
    sums = _covered(_covered(pixels, 0, height), 1, width)
    total = rows * columns
    return np.asarray((2 * sums + total) // (2 * total), np.uint8)


def _covered(values: NDArray[np.integer], axis: int, outputs: int) -> NDArray[np.int64]:
    """Sums over what each output covers of an axis, each value times how much of it, in parts of 1 / ``outputs``."""
    size = values.shape[axis]
    first, rest = np.divmod(np.arange(outputs + 1) * size, outputs)
    # 32 bits hold the levels of any line, and are faster
    wide = np.uint32 if values.dtype == np.uint8 else np.int64
    whole = np.add.reduceat(values, first[:-1], axis=axis, dtype=wide).astype(np.int64) * outputs
    # of the value that an edge lies in, what is before the edge is not covered, or is covered as well
    shape = [1] * values.ndim
    shape[axis] = -1
    at_edges = np.take(values, np.minimum(first, size - 1), axis=axis).astype(np.int64) * rest.reshape(shape)
    return np.asarray(whole + np.diff(at_edges, axis=axis), np.int64)


def shrink_factor(width: int, height: int, longer: int, sides: tuple[int, int] = (1, 1)) -> int:
    """Largest of 8, 4, 2, 1 that leaves a ``longer`` side and (width, height) of ``sides`` at least.

    Both sides are divided by it, rounding up. These are the factors at which a JPEG decodes faster; other formats are
    box-averaged by the same, so that copies of one picture are treated alike.
    """
    for factor in (8, 4, 2):
        small = (-(-width // factor), -(-height // factor))
        if max(small) >= longer and small[0] >= sides[0] and small[1] >= sides[1]:
            return factor
    return 1
