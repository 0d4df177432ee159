"""Thumbnails of the panels of a picture, by which the pictures of a collage are found."""

from __future__ import annotations

import numpy as np

from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.imaging.panels import find_panels
from rfdedup.model.constants import THUMB_SIDE


def panels(grey: U8) -> bytes:
    """16 x 16 grey levels, row by row, of each of ``imaging.panels``; empty for most pictures.

    Args:
        grey: (h, w) uint8.
    """
    thumbs: dict[bytes, None] = {}
    for left, top, right, bottom in find_panels(grey):
        if min(right - left, bottom - top) >= THUMB_SIDE:
            panel = np.ascontiguousarray(grey[top:bottom, left:right])
            thumbs.setdefault(area_resize(panel, THUMB_SIDE, THUMB_SIDE).tobytes())
    return b"".join(thumbs)
