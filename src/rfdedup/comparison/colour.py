"""Whether hues changed, beyond what saturation, white balance and toning explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from rfdedup.comparison.model import F32, Limits
from rfdedup.comparison.tone import Toned, brightest, gain_and_offset
from rfdedup.imaging.arrays import U8, area_resize

_VIVID: Final = 6.0
_STRONG: Final = 14.0
_AGREEING: Final = 0.6
_BALANCE_GAINS: Final = (0.75, 1.33)
_BALANCE_OFFSET: Final = 30.0
_LEAST_COLOURED: Final = 0.01
_ALL_COLOURED: Final = 0.93
_TINT_SPREAD: Final = 5.0
_OPPOSED: Final = 0.6


@dataclass(frozen=True, slots=True)
class Colour:
    """What became of the colours.

    Attributes:
        largest: pixels of the canvas of the largest region with another hue.
        flipped: share of the canvas where both are colourful and point apart.
    """

    largest: int
    flipped: float


def _chroma(rgb: U8) -> F32:
    chroma = np.ascontiguousarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., 1:])
    return np.asarray(cv2.GaussianBlur(chroma, (7, 7), 1.2).astype(np.float32) - np.float32(128))


def _saturation(ours: F32, theirs: F32) -> tuple[float, F32, F32]:
    """One factor and a cast for both channels, from the share of the places that agrees best: one object cannot."""
    step = max(1, len(ours) // 8000)
    one, two = ours[::step], theirs[::step]
    error = np.abs(one - two).max(axis=1)
    factor, mean, level = 1.0, one.mean(axis=0), two.mean(axis=0)
    for _ in range(6):
        rank = int(_AGREEING * (len(error) - 1))
        kept = error <= max(float(np.partition(error, rank)[rank]), 2.0)
        mean, level = one[kept].mean(axis=0), two[kept].mean(axis=0)
        spread = two[kept] - level
        square = float((spread * spread).sum())
        factor = 1.0
        if square > 2 * len(spread):
            factor = float(np.clip(((one[kept] - mean) * spread).sum() / square, 0.0, 2.5))
        error = np.abs(one - mean - np.float32(factor) * (two - level)).max(axis=1)
    return round(factor, 3), np.round(mean, 2), np.round(level, 2)


def _balanced(ours: U8, theirs: U8, inside: U8) -> U8 | None:
    """``theirs`` with the gain and offset of each channel, where these are an editor's; else None."""
    kept = (brightest(ours) < 250) & (brightest(theirs) < 250) & (inside > 0)
    if np.count_nonzero(kept) <= 200:
        kept = inside > 0
    step = max(1, int(np.count_nonzero(kept)) // 6000)
    target, source = ours[kept][::step].astype(np.float32), theirs[kept][::step].astype(np.float32)
    tables = []
    for channel in range(3):
        gain, offset = gain_and_offset(source[:, channel], target[:, channel])
        if not (_BALANCE_GAINS[0] <= gain <= _BALANCE_GAINS[1] and abs(offset) <= _BALANCE_OFFSET):
            return None
        tables.append(np.clip(np.rint(gain * np.arange(256) + offset), 0, 255).astype(np.uint8))
    return np.asarray(cv2.LUT(theirs, np.stack(tables, axis=1).reshape(256, 1, 3)), dtype=np.uint8)


def _toned(chroma: F32, rgb: U8, inside: U8) -> bool:
    """Whether the tint follows from the brightness alone, as in sepia."""
    places = inside > 0
    level = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)[places] >> 4
    tint = chroma[places]
    count = np.bincount(level, minlength=16) + 1e-3
    means = np.stack([np.bincount(level, tint[:, channel], 16) / count for channel in range(2)], axis=1)
    return float(np.quantile(np.abs(tint - means[level]).max(axis=1), 0.9)) < _TINT_SPREAD


def find_colour(toned: Toned, mask: U8, limits: Limits) -> Colour:
    """Compares the colours of ``toned`` pictures at half size where ``mask`` (h, w) uint8 is set."""
    height, width = mask.shape
    size = (max(8, width // 2), max(8, height // 2))
    ours, theirs = area_resize(toned.base, *size), area_resize(toned.other, *size)
    inside = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    one, two = _chroma(ours), _chroma(theirs)
    places = inside > 0
    coloured = [float((np.abs(chroma).max(axis=2) > _VIVID)[places].mean()) for chroma in (one, two)]
    nothing = Colour(0, 0.0)
    limit = limits.max_hue * toned.amplified
    plain = np.abs(one - two).max(axis=2)
    if min(coloured) <= _LEAST_COLOURED or not (plain > limit)[places].any():
        return nothing
    factor, mean, level = _saturation(one[places], two[places])
    error = np.minimum(plain, np.abs(one - mean - np.float32(factor) * (two - level)).max(axis=2))
    first, second = np.sqrt((one * one).sum(axis=2)), np.sqrt((two * two).sum(axis=2))
    lesser, greater, along = np.minimum(first, second), np.maximum(first, second), (one * two).sum(axis=2)
    # what saturation leaves: the part of one hue that is across the other
    across = np.abs(one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0]) / (greater + np.float32(1e-3))
    across[(along < 0) | (lesser < _VIVID)] = 99.0
    error = np.minimum(error, across)
    if (error > limit)[places].any():
        balanced = _balanced(ours, theirs, inside)
        if balanced is not None:
            error = np.minimum(error, np.abs(one - _chroma(balanced)).max(axis=2))
    changed = ((error > limit) & places).astype(np.uint8)
    if toned.unknown is not None:
        changed[cv2.resize(toned.unknown, size, interpolation=cv2.INTER_NEAREST) > 0] = 0
    changed = np.asarray(cv2.erode(changed, np.ones((3, 3), np.uint8)), dtype=np.uint8)
    if not changed.any():
        return nothing
    for chroma, rgb, share in ((one, ours, coloured[0]), (two, theirs, coloured[1])):
        if share > _ALL_COLOURED and _toned(chroma, rgb, inside):
            return nothing
    _, _, stats, _ = cv2.connectedComponentsWithStats(changed)
    largest = int(stats[1:, cv2.CC_STAT_AREA].max()) * width * height / (size[0] * size[1])
    apart = (lesser > _STRONG) & (along < _OPPOSED * first * second) & places
    return Colour(round(largest), round(float(np.count_nonzero(apart)) / max(1, int(np.count_nonzero(places))), 4))
