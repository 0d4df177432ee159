"""How much of a picture its king shows: what no kept picture shows would be lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.keepers.confirmed import Compared
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.evidence import Side
from rfdedup.model.proposals import Proposals

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
U8 = npt.NDArray[np.uint8]

LEAST_SHOWN: Final = 0.7
"""Share of a picture that its king must show; the rest may be plain, such as a frame or the corners of a turn."""
TOGETHER: Final = 0.9
"""Share of a collage that kept pictures must show together."""
PLAIN: Final = 12
"""Levels around their median within which nearly all of what is not shown must lie to be plain."""
_NEARLY_ALL: Final = 0.9
_GRID: Final = 4 * THUMB_SIDE
_ALL: Final = b""
"""A picture of which all is shown, as most are, in place of its grid in bits."""
_BLOCK: Final = 1 << 16
"""Pairs whose thumbnails are in memory at a time."""


@dataclass
class Coverage:
    """Which parts of pictures others show, by confirmed comparisons.

    Attributes:
        features: n rows with ``width`` and ``height``. thumbs: RGB thumbnails of rows, (m, 768) uint8.
    """

    features: pa.Table
    thumbs: Callable[[Rows], U8]
    _known: dict[tuple[int, int], tuple[bytes, bytes]] = field(default_factory=dict)

    def enough(self, compared: Compared, subject: Rows, king: Rows) -> Mask:
        """Of pairs, whether the king shows enough of the subject; true where they were not compared. (L,) bool."""
        parts = self.parts(compared, subject, king)
        shown = (part is None or bool(part.mean() >= LEAST_SHOWN) for part in parts)
        return np.fromiter(shown, np.bool_, len(subject))

    def collages(self, compared: Compared) -> Mask:
        """Rows into which a picture was pasted that is a part of what they show, (n,) bool."""
        out = np.zeros(compared.n, np.bool_)
        good, _ = compared.accepted()
        for at in np.flatnonzero(good).tolist():
            found = compared.evidence[at]
            if found is None or found.pasted == Side.NONE:
                continue
            ends = compared.pairs.a[at : at + 1], compared.pairs.b[at : at + 1]
            # evidence has the lower row as subject
            whole, part = ends if found.pasted == Side.SUBJECT else ends[::-1]
            out[whole] |= ~self.enough(compared, whole, part)
        return out

    def parts(self, compared: Compared, subject: Rows, king: Rows) -> Iterator[Mask | None]:
        """Of each pair, what the king shows of the subject or is plain, as a grid; None where nothing was compared."""
        self._look(compared, subject, king)
        for one, other in zip(subject.tolist(), king.tolist(), strict=True):
            both = self._known.get((min(one, other), max(one, other)))
            yield None if both is None else _unpacked(both[0 if one < other else 1])

    def _look(self, compared: Compared, subject: Rows, king: Rows) -> None:
        pairs = np.unique(np.stack([np.minimum(subject, king), np.maximum(subject, king)], axis=1), axis=0)
        new = np.array([pair not in self._known for pair in map(tuple, pairs.tolist())], np.bool_)
        pairs = pairs[new]
        at = compared.find(pairs[:, 0], pairs[:, 1])
        pairs, at = pairs[at >= 0], at[at >= 0]
        for begin in range(0, len(pairs), _BLOCK):
            self._look_at(compared, pairs[begin : begin + _BLOCK], at[begin : begin + _BLOCK])

    def _look_at(self, compared: Compared, pairs: Rows, at: Rows) -> None:
        rows = np.unique(pairs)
        pictures = self.thumbs(rows).reshape(-1, THUMB_SIDE, THUMB_SIDE, 3)
        size = {
            row: (w, h)
            for row, w, h in zip(
                rows.tolist(),
                self.features["width"].take(pa.array(rows)).to_pylist(),
                self.features["height"].take(pa.array(rows)).to_pylist(),
                strict=True,
            )
        }
        for (one, other), place in zip(pairs.tolist(), at.tolist(), strict=True):
            found = compared.evidence[place]
            if found is None or None in size[one] or None in size[other]:
                continue
            matrix = np.vstack([np.reshape(found.transform, (2, 3)), [0.0, 0.0, 1.0]])
            if not np.linalg.det(matrix):
                continue
            back = np.linalg.inv(matrix)
            thumbs = [pictures[int(np.searchsorted(rows, row))] for row in (one, other)]
            self._known[one, other] = (
                _packed(_or_plain(shown_in(back, size[other], size[one]), thumbs[0])),
                _packed(_or_plain(shown_in(matrix, size[one], size[other]), thumbs[1])),
            )


def _packed(grid: Mask) -> bytes:
    return _ALL if grid.all() else np.packbits(grid).tobytes()


def _unpacked(octets: bytes) -> Mask:
    if octets == _ALL:
        return np.ones((_GRID, _GRID), np.bool_)
    return np.unpackbits(np.frombuffer(octets, np.uint8)).astype(np.bool_).reshape(_GRID, _GRID)


def shown_in(matrix: npt.NDArray[np.float64], of: tuple[int, int], within: tuple[int, int]) -> Mask:
    """Where a picture of size ``of`` lies in one of size ``within``, by (3, 3) ``matrix``, on a grid."""
    width, height = of
    corners = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1]], np.float64) @ matrix.T
    scaled = corners[:, :2] * _GRID / np.array(within, np.float64)
    grid = np.zeros((_GRID, _GRID), np.uint8)
    # sixteenths of a cell; the centre of the first is half a cell in
    cv2.fillConvexPoly(grid, np.round((scaled - 0.5) * 16).astype(np.int32), 1, shift=4)
    return grid.astype(np.bool_)


def _or_plain(shown: Mask, thumb: U8) -> Mask:
    """``shown``, and the rest where it is plain."""
    if shown.all():
        return shown
    # cells that the edge crosses are of both
    outside = cv2.dilate(shown.astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    rest = np.kron(thumb, np.ones((4, 4, 1), np.uint8))[outside].astype(np.int32)
    if not len(rest):
        return np.ones_like(shown)
    near = np.abs(rest - np.median(rest, axis=0)).max(axis=1) <= PLAIN
    return np.ones_like(shown) if near.mean() >= _NEARLY_ALL else shown


def parts_of_collages(coverage: Coverage, compared: Compared, king: Rows) -> Proposals:
    """Collages that nobody covers, each with the kings of what was proposed as a part of it, as far as not compared.

    Args:
        king: (n,) so far.
    """
    parts = compared.pairs.take(compared.pairs.agreeing > 0)
    one, other, at = _in_collages(coverage, compared, king, parts)
    found = Proposals.make(one, king[other], agreeing=parts.agreeing[at])
    return compared.fresh(found.take(found.a != found.b))


def _in_collages(coverage: Coverage, compared: Compared, king: Rows, pairs: Proposals) -> tuple[Rows, Rows, Rows]:
    """Of pairs, collages that nobody covers, pictures that are no collages, and places of the pairs; (L,) each."""
    one, other = np.concatenate([pairs.a, pairs.b]), np.concatenate([pairs.b, pairs.a])
    collage = coverage.collages(compared)
    wanted = np.flatnonzero(collage[one] & (king[one] == one) & ~collage[other])
    return one[wanted], other[wanted], wanted % max(len(pairs), 1)


def shown_together(coverage: Coverage, compared: Compared, king: Rows, may_go: Mask) -> dict[int, list[int]]:
    """Collages all of which several kept pictures show, none of them enough.

    Args:
        king: (n,) so far. may_go: (n,) rows that nobody protects.

    Returns:
        row of each collage and its kings, the one that shows most first.
    """
    good, _ = compared.accepted()
    one, other, _ = _in_collages(coverage, compared, king, compared.pairs.take(good))
    wanted = may_go[one] & (king[other] == other)
    out: dict[int, list[int]] = {}
    one, other = one[wanted], other[wanted]
    for row in np.unique(one).tolist():
        kings = other[one == row]
        parts = coverage.parts(compared, np.full(len(kings), row), kings)
        known = [(k, part) for k, part in zip(kings.tolist(), parts, strict=True) if part is not None]
        if len(known) > 1 and np.logical_or.reduce([part for _, part in known]).mean() >= TOGETHER:
            known.sort(key=lambda item: (-int(item[1].sum()), item[0]))
            out[row] = [k for k, _ in known]
    return out
