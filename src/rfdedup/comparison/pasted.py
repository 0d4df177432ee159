"""Whether a picture was pasted into another, as in a collage, or cut out of it: a paste has seams, a cut has none."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.model import View
from rfdedup.model.evidence import Side

_BESIDE: Final = 6
"""Steps of brightness that are looked at on either side of a line."""
_OFF: Final = 2
"""Pixels by which a line may lie off."""
_CLEARER: Final = 2.0
_LEVELS: Final = 6.0
"""A seam is a step this many times as high as the usual one beside it, and as many levels more."""
_LEAST_SHARE: Final = 0.5
"""Of the length of each line inside the picture that must be a seam."""
_CLEAR_SHARE: Final = 0.9
_AT_FRAME: Final = 0.02
"""Share of a side within which a line is the edge of the picture."""
_STRAIGHT: Final = 0.02
"""How far a line may lean, in parts of its length."""
_LEAST_LENGTH: Final = 16


def pasted(transform: tuple[float, ...], subject: View, king: View) -> Side:
    """Which of two pictures has the other pasted into it; ``Side.NONE`` for neither.

    Args:
        transform: maps pixels of the subject to those of the king at full size; see ``Evidence``.
    """
    matrix = np.vstack([np.reshape(transform, (2, 3)), [0.0, 0.0, 1.0]])
    if not np.linalg.det(matrix):
        return Side.NONE
    if _has_seams(king, _corners(subject) @ matrix.T):
        return Side.KING
    if _has_seams(subject, _corners(king) @ np.linalg.inv(matrix).T):
        return Side.SUBJECT
    return Side.NONE


def _corners(view: View) -> NDArray[np.float64]:
    return np.array([[0, 0, 1], [view.width, 0, 1], [view.width, view.height, 1], [0, view.height, 1]], np.float64)


def _has_seams(view: View, corners: NDArray[np.float64]) -> bool:
    """Whether the edges of a quadrilateral, (4, 3) at full size, are steps wherever they lie inside the picture."""
    height, width = view.grey.shape
    points = corners[:, :2] * (width / view.width, height / view.height)
    shares = []
    for at in range(4):
        (x0, y0), (x1, y1) = points[at], points[(at + 1) % 4]
        upright = abs(x1 - x0) < abs(y1 - y0)
        # a line from left to right is one from top to bottom of the picture on its side
        grey = view.grey if upright else cv2.transpose(view.grey)
        line = (x0, y0, x1, y1) if upright else (y0, x0, y1, x1)
        shares.append(_steps(np.asarray(grey, np.uint8), *line))
    inside = sorted((share for share in shares if share is not None), reverse=True)
    # a poster may cut off a little of one side: then the other three are clear
    return bool(inside) and (inside[-1] >= _LEAST_SHARE or (len(inside) > 3 and inside[2] >= _CLEAR_SHARE))


def _steps(grey: NDArray[np.uint8], x0: float, y0: float, x1: float, y1: float) -> float | None:
    """Share of a nearly upright line at which brightness steps; None where it lies at the edge of the picture."""
    height, width = grey.shape
    top, bottom = sorted((y0, y1))
    first, last = max(0, round(top) + 2), min(height, round(bottom) - 2)
    if last - first < _LEAST_LENGTH or abs(x1 - x0) > max(_STRAIGHT * abs(y1 - y0), 1.0):
        return None
    at = round((x0 + x1) / 2)
    reach = _BESIDE + _OFF
    if at < max(reach, _AT_FRAME * width) or at > width - max(reach, _AT_FRAME * width):
        return None
    strip = grey[first:last, at - reach : at + reach].astype(np.int16)
    step = np.abs(np.diff(strip, axis=1))
    middle = slice(reach - 1 - _OFF, reach + _OFF)
    beside = np.median(np.delete(step, np.r_[middle], axis=1), axis=1)
    return float((step[:, middle].max(axis=1) > _CLEARER * beside + _LEVELS).mean())
