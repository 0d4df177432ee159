"""Pixel arrays: their type, reduction and grey levels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.imaging import kernels

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
    """``pixels`` (h, w) or (h, w, 3) uint8 brought to the given size by area averaging."""
    if pixels.shape == (2 * height, 2 * width, 3):
        half = kernels.halve(pixels)
        if half is not None:
            return half
    return cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


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
