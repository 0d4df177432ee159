"""Panels of a picture: rectangles that straight edges from side to side cut it into, as in a collage.

A picture laid beside others has as few pixels as its share of them, and local features of the whole find it seldom. The
seams between pictures are seen easily, and a panel has hashes as any picture has. A wrong panel costs a look at it.
"""

from __future__ import annotations

from collections import deque
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from rfdedup.imaging.arrays import U8, fit

SIDE: Final = 256
"""Longer side, pixels, at which seams are looked for."""
MOST_PANELS: Final = 64
_LEAST_SEAM: Final = 0.6
"""Share of a line that must be an edge; 1 in 10 photos has such a line."""
_REGULAR: Final = (1 / 2, 1 / 3, 2 / 3, 1 / 4, 3 / 4)
_REGULAR_COUNTS: Final = 0.15
"""By which less a line at a regular place may be an edge."""
_STEP: Final = 6
"""Levels by which an edge exceeds what is beside it."""
_BESIDE: Final = 3
"""Pixels beside an edge at which there is none."""
_MARGIN: Final = 0.12
"""Share of a side that is no panel."""
_NEAR: Final = 0.06
"""Share of a panel's side within which its edge may be: seams are found to a pixel, and gaps are narrow."""
_LEAST_SIDE: Final = 24
_PLAIN: Final = 10
"""Levels within which a line is plain: a gap between panels."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom; pixels."""


def find_panels(grey: U8) -> list[Box]:
    """The panels of a picture (h, w) uint8, at most ``MOST_PANELS``, those of the first cuts first; none for most.

    A panel inside gaps comes with them and without them.
    """
    small = fit(grey, SIDE)
    found: dict[Box, None] = {}
    waiting: deque[Box] = deque([(0, 0, small.shape[1], small.shape[0])])
    while waiting and len(found) < MOST_PANELS:
        for part in _cut(small, waiting.popleft()):
            if part not in found:
                waiting.append(part)
                found[part] = None
                found.setdefault(_without_gaps(small, part))
    across, down = grey.shape[1] / small.shape[1], grey.shape[0] / small.shape[0]
    return [
        (round(left * across), round(top * down), round(right * across), round(bottom * down))
        for left, top, right, bottom in list(found)[:MOST_PANELS]
    ]


def _cut(small: U8, box: Box) -> list[Box]:
    """Both sides of the clearest seam of a box in each direction."""
    left, top, right, bottom = box
    inside = small[top:bottom, left:right]
    out: list[Box] = []
    if (at := _seam(np.ascontiguousarray(inside))) is not None:
        out += [(left, top, left + at, bottom), (left + at, top, right, bottom)]
    if (at := _seam(np.ascontiguousarray(inside.T))) is not None:
        out += [(left, top, right, top + at), (left, top + at, right, bottom)]
    return [part for part in out if min(part[2] - part[0], part[3] - part[1]) >= _LEAST_SIDE]


def _seam(part: U8) -> int | None:
    """Column left of which a picture ends and another begins."""
    height, width = part.shape
    first = max(round(width * _MARGIN), 2 * _BESIDE)
    if height < _LEAST_SIDE or width < 2 * max(first, _LEAST_SIDE):
        return None
    # an edge between two pixels, and one within a pixel, both are a step over two
    step = cv2.absdiff(part[:, 2:], part[:, :-2])
    beside = cv2.max(step[:, 2 * _BESIDE :], step[:, : -2 * _BESIDE])
    stands = cv2.subtract(step[:, _BESIDE:-_BESIDE], beside) >= _STEP
    share = np.count_nonzero(stands, axis=0) / height
    columns = np.arange(len(share)) + _BESIDE + 1
    regular = np.abs(columns[:, None] - np.array(_REGULAR) * width).min(axis=1) <= 1.5
    share = share + np.where(regular, _REGULAR_COUNTS, 0.0)
    share[(columns < first) | (columns > width - first)] = 0.0
    best = int(share.argmax())
    return int(columns[best]) if share[best] >= _LEAST_SEAM else None


def _without_gaps(small: U8, box: Box) -> Box:
    """A panel without what plain lines near its edges part from it."""
    left, top, right, bottom = box
    part = small[top:bottom, left:right]
    plain = [part.max(axis=axis).astype(np.int64) - part.min(axis=axis) <= _PLAIN for axis in (1, 0)]
    (first_row, last_row), (first_column, last_column) = (_inside(lines) for lines in plain)
    return left + first_column, top + first_row, left + last_column, top + last_row


def _inside(plain: npt.NDArray[np.bool_]) -> tuple[int, int]:
    near = max(round(len(plain) * _NEAR), 1)
    first, last = np.flatnonzero(plain[:near]), np.flatnonzero(plain[::-1][:near])
    return (int(first[-1]) + 1 if len(first) else 0), len(plain) - (int(last[-1]) + 1 if len(last) else 0)
