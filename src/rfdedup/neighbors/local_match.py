"""How many local features of two pictures agree on one shift, turn and scale: a look at a pair without its files."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from rfdedup.model.constants import LOCAL_FEATURE_BYTES

U8 = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.int64]

LEAST_AGREEING: Final = 3
"""Two matches always agree on some shift, turn and scale: the third is the first that says something."""
RATIO: Final = 0.85  # squared: 289 / 400
"""How much nearer the nearest descriptor must be than the next (Lowe's ratio test)."""
TOLERANCE: Final = 2.0
"""Pixels, of the larger of both scales, by which a matched feature may lie off."""
_LEAST_APART: Final = 8.0
"""Pixels between the two features that tell a shift, a turn and a scale."""
_SCALE_FACTOR: Final = math.sqrt(2.0)
_COS_TURN: Final = math.cos(math.radians(20))
"""How far the size and the angle of a feature may disagree with the scale and the turn."""
_MOST: Final = 40
"""Matches that are looked at, of the strongest features."""
_SAME_PLACE: Final = 1.5
"""Pixels within which two features of one picture count once: one corner may have several angles."""

# half sizes and angles by their byte: tables are equal on every processor, vector functions are not
_SIZES: Final = np.array([2.0 ** (i / 16) for i in range(256)])
_TURNS: Final = np.array(
    [complex(math.cos(2 * math.pi * i / 256), math.sin(2 * math.pi * i / 256)) for i in range(256)]
)
# 2 x 2 cells of 8 orientations: in the mirror their rows are reversed and their orientations negated
_MIRRORED: Final = 4 + np.arange(32).reshape(2, 2, 8)[::-1][:, :, (-np.arange(8)) % 8].reshape(-1)


def unpacked(packed: bytes | None) -> U8:
    """(n, 36) uint8 of what ``features.local_features`` gives; n = 0 where there is none."""
    return np.frombuffer(packed or b"", np.uint8).reshape(-1, LOCAL_FEATURE_BYTES)


def in_mirror(features: U8) -> U8:
    """Features of the picture reversed from left to right."""
    out = features.copy()
    out[:, 0] = 255 - features[:, 0]
    out[:, 3] = 128 - features[:, 3]
    out[:, 4:] = features[:, _MIRRORED]
    return out


def agreeing(one: U8, others: Sequence[U8]) -> Rows:
    """Features of one picture that agree with those of each other picture on one shift, turn and scale.

    Two matches tell a similarity, and it counts how many others it carries along. Two of anything agree, so 3 is the
    least that says something: of pictures that only look alike 1 in 90 reaches it (``bench/proposals.py``).

    Args:
        one: (m, 36). others: (n, 36) each.

    Returns:
        (len(others),) int64.
    """
    return np.array([_consistent(*_matched(one, other)) for other in others], np.int64)


def _matched(one: U8, other: U8) -> tuple[U8, U8]:
    """Features of both that are each other's nearest and clearly nearer than the next; at most ``_MOST``."""
    if len(one) < 2 or len(other) < 2:
        return one[:0], other[:0]
    apart, there = nearest_rows(one[:, 4:], other[:, 4:], 2)
    _, back = nearest_rows(other[:, 4:], one[:, 4:], 1)
    rows = np.arange(len(one))
    # whole numbers: RATIO squared is 289 / 400
    clear = apart[:, 0] * 400 < apart[:, 1] * 289
    mutual = np.flatnonzero(clear & (back[there[:, 0], 0] == rows))[:_MOST]
    return one[mutual], other[there[mutual, 0]]


def nearest_rows(of: U8, among: U8, count: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Squared distances to the ``count`` nearest rows, and their numbers, (n, count) int32 each, nearest first."""
    distance, number = cv2.batchDistance(of, among, cv2.CV_32S, normType=cv2.NORM_L2SQR, K=count)
    return np.asarray(distance, np.int32), np.asarray(number, np.int32)


def _consistent(one: U8, other: U8) -> int:
    """The most matched features, (m, 36) each, that one similarity carries onto each other."""
    if len(one) < 3:
        return len(one)
    a, b = (_points(side) for side in (one, other))
    distinct = _first_of_each(a)
    distinct = distinct[_first_of_each(b[distinct])]
    a, b, one, other = a[distinct], b[distinct], one[distinct], other[distinct]
    if len(a) < 3:
        return len(a)
    scale = np.asarray(_SIZES[other[:, 2]] / _SIZES[one[:, 2]])
    turn = _TURNS[other[:, 3]] * np.conj(_TURNS[one[:, 3]])
    i, j = np.triu_indices(len(a), 1)
    base = a[j] - a[i]
    wide = np.abs(base) >= _LEAST_APART
    i, j, base = i[wide], j[wide], base[wide]
    map_ = (b[j] - b[i]) / base
    told = _fits(map_, scale[i], turn[i]) & _fits(map_, scale[j], turn[j])
    i, map_ = i[told], map_[told]
    if not len(i):
        return 1
    size = np.abs(map_)
    off = np.abs(b[i][:, None] + map_[:, None] * (a[None] - a[i][:, None]) - b[None])
    good = (off <= TOLERANCE * np.maximum(size, 1.0)[:, None]) & _fits(
        np.asarray(map_[:, None]), scale[None], turn[None]
    )
    return int(good.sum(axis=1).max())


def _fits(
    map_: npt.NDArray[np.complex128], scale: npt.NDArray[np.float64], turn: npt.NDArray[np.complex128]
) -> npt.NDArray[np.bool_]:
    size = np.abs(map_)
    near = (size < _SCALE_FACTOR * scale) & (size * _SCALE_FACTOR > scale)
    return np.asarray(near & ((map_ * np.conj(turn)).real >= _COS_TURN * size))


def _points(features: U8) -> npt.NDArray[np.complex128]:
    return np.asarray((features[:, 0] + 1j * features[:, 1]) / 2, np.complex128)


def _first_of_each(place: npt.NDArray[np.complex128]) -> Rows:
    """Of features in one place the first, in order."""
    _, first = np.unique(np.round(place / _SAME_PLACE), return_index=True)
    return np.sort(first)
