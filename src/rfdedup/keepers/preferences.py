"""What comparisons tell of the better of two pictures: the whole before its crop, no overlay before an overlay."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.keepers.confirmed import Compared
from rfdedup.model.evidence import Evidence, Side

Rows = npt.NDArray[np.int64]
Pairs = tuple[Rows, Rows]

CROPPED: Final = 0.9
"""Share of a picture, below which a copy that lies wholly inside it is a crop of it."""
INSIDE: Final = 0.96
"""Share of a copy that must lie inside the other picture."""
DENSER: Final = 1.4
"""Pixels of a part for one of the whole, in each direction, from which on the part may show more."""
FINER: Final = 0.6
"""Fineness that a part loses each time an enlargement doubles its side; see ``features.light_and_detail.fineness``."""


def preferences(compared: Compared, features: pa.Table) -> tuple[Pairs, Pairs]:
    """Better and worse rows of pairs that show the same, and pairs that are turned or mirrored against each other.

    Args:
        compared: the pairs so far.
        features: n rows with columns ``width``, ``height``, ``content`` and ``fineness`` of ``schemas.FEATURES``.
    """
    good, _ = compared.accepted()
    width, height = (features[name].fill_null(1).to_numpy() for name in ("width", "height"))
    content = features["content"].fill_null(1.0).to_numpy()
    fineness = features["fineness"].fill_null(0.0).to_numpy()
    better: list[int] = []
    worse: list[int] = []
    turned: list[tuple[int, int]] = []
    for at in np.flatnonzero(good).tolist():
        found = compared.evidence[at]
        if found is None:
            continue
        subject, king = int(compared.pairs.a[at]), int(compared.pairs.b[at])
        order = _overlaid(found) or _cropped(found, (subject, king), width, height, content, fineness)
        if order:
            first, second = (king, subject) if order > 0 else (subject, king)
            better.append(first)
            worse.append(second)
        if found.mirrored or abs(found.transform[1]) > abs(found.transform[0]) or found.transform[0] < 0:
            turned.append((subject, king))
    one, other = np.array(turned, np.int64).reshape(-1, 2).T
    return (np.array(better, np.int64), np.array(worse, np.int64)), (one, other)


def _overlaid(found: Evidence) -> int:
    """1 where the subject alone has something over it, -1 where the king has, else 0."""
    if found.reason != "overlay":
        return 0
    return {Side.SUBJECT: 1, Side.KING: -1}.get(found.side, 0)


def _cropped(
    found: Evidence,
    rows: tuple[int, int],
    width: npt.NDArray[np.int32],
    height: npt.NDArray[np.int32],
    content: npt.NDArray[np.float64],
    fineness: npt.NDArray[np.float64],
) -> int:
    """1 where the subject is a part of the king, or a collage with the king in it; -1 the other way round, else 0."""
    matrix = np.reshape(found.transform, (2, 3))
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if not scale:
        return 0
    quads = []
    for row in rows:
        w, h = float(width[row]), float(height[row])
        quads.append(np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float64))
    mapped = (quads[0] @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    shared, _ = cv2.intersectConvexConvex(mapped, quads[1].astype(np.float32))
    of_subject = shared / max(cv2.contourArea(mapped), 1e-6)
    of_king = shared / (quads[1][2, 0] * quads[1][2, 1])
    if found.pasted != Side.NONE:
        return 1 if found.pasted == Side.SUBJECT else -1
    lost = float(fineness[rows[1]] - fineness[rows[0]])
    # what is around a copy inside uniform borders is a frame, and no picture
    if of_subject >= INSIDE and of_king < CROPPED * content[rows[1]] ** 2:
        return _whole_or_part(1 / scale, lost)
    if of_king >= INSIDE and of_subject < CROPPED * content[rows[0]] ** 2:
        return -_whole_or_part(scale, -lost)
    return 0


def _whole_or_part(denser: float, lost: float) -> int:
    """1 where the whole is better than a picture of a part of it, -1 where the part is.

    Args:
        denser: pixels of the part for one of the whole, in each direction.
        lost: fineness of the whole less that of the part.
    """
    # the whole may be a smaller copy of what the part was cut from
    return -1 if denser > DENSER and lost < FINER * math.log2(denser) else 1
