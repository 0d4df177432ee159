"""Whether hues changed, beyond what saturation, white balance and toning explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.model import F32, ChangeLimits
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
_TINTED: Final = (50, 215)
_LEAST_TINTED: Final = 0.6
_OPPOSED: Final = 0.6
_OPPOSITE: Final = 99.0
_TURNED: Final = 28.0
_TONED_MUCH: Final = 0.1


@dataclass(frozen=True, slots=True)
class Colour:
    """What became of the colours.

    Attributes:
        largest: pixels of the canvas of the largest region with another hue.
        box: left, top, right and bottom of what holds all such regions, pixels of the canvas.
        flipped: share of the canvas where both are colourful and point apart.
    """

    largest: int
    box: tuple[int, int, int, int]
    flipped: float


UNCHANGED: Final = Colour(0, (0, 0, 0, 0), 0.0)


def _chroma(rgb: U8) -> F32:
    chroma = np.ascontiguousarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., 1:])
    return np.asarray(cv2.GaussianBlur(chroma, (7, 7), 1.2).astype(np.float32) - np.float32(128))


def _larger(chroma: F32) -> F32:
    """(...) float32: the larger of both channels' amounts; far quicker than a reduction over an axis of two."""
    return np.asarray(np.maximum(np.abs(chroma[..., 0]), np.abs(chroma[..., 1])), dtype=np.float32)


def _saturation(ours: F32, theirs: F32) -> tuple[float, F32, F32]:
    """One factor and a cast for both channels, from the share of the places that agrees best: one object cannot."""
    step = max(1, len(ours) // 8000)
    one, two = ours[::step], theirs[::step]
    error = _larger(one - two)
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
        error = _larger(one - mean - np.float32(factor) * (two - level))
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
    """Whether every place is tinted and the tint follows from the brightness alone, as in sepia."""
    grey = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    # black and white have no room for a tint
    places = (inside > 0) & (grey >= _TINTED[0]) & (grey <= _TINTED[1])
    tint, level = chroma[places], grey[places] >> 3
    if (
        len(tint) < _LEAST_TINTED * np.count_nonzero(inside)
        or float((np.abs(tint).max(axis=1) > _VIVID).mean()) < _ALL_COLOURED
    ):
        return False
    count = np.bincount(level, minlength=32) + 1e-3
    means = np.stack([np.bincount(level, tint[:, channel], 32) / count for channel in range(2)], axis=1)
    return round(float(np.quantile(np.abs(tint - means[level]).max(axis=1), 0.9)), 2) < _TINT_SPREAD


def _across(one: F32, two: F32) -> F32:
    """(h, w) float32: what saturation leaves, the part of one hue that is across the other."""
    first, second = np.sqrt((one * one).sum(axis=2)), np.sqrt((two * two).sum(axis=2))
    across = np.abs(one[..., 0] * two[..., 1] - one[..., 1] * two[..., 0])
    across /= np.maximum(first, second) + np.float32(1e-3)
    across[((one * two).sum(axis=2) < 0) | (np.minimum(first, second) < _VIVID)] = _OPPOSITE
    return np.asarray(across, dtype=np.float32)


def _turned_before(base: U8, other: U8) -> NDArray[np.bool_]:
    """(h, w): where hues differ before the tones were made equal, which may have clipped them away."""
    one, two = _chroma(base), _chroma(other)
    vivid = np.minimum(_larger(one), _larger(two)) > _STRONG
    unclipped = (brightest(base) < 250) & (brightest(other) < 250)
    return np.asarray((_across(one, two) > _TURNED) & vivid & unclipped)


def find_colour(base: U8, other: U8, toned: Toned, mask: U8, limits: ChangeLimits) -> Colour:
    """Compares the colours of ``toned`` pictures at half size where ``mask`` (h, w) uint8 is set.

    ``base`` and ``other`` are the same (h, w, 3) uint8 pictures before they were toned.
    """
    height, width = mask.shape
    size = (max(8, width // 2), max(8, height // 2))
    ours, theirs = area_resize(toned.base, *size), area_resize(toned.other, *size)
    inside = np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    one, two = _chroma(ours), _chroma(theirs)
    places = inside > 0
    limit = limits.max_hue * toned.amplified
    toned_much = abs(toned.gain - 1) > _TONED_MUCH and not toned.greyed
    turned = _turned_before(area_resize(base, *size), area_resize(other, *size)) & places if toned_much else None
    if turned is None and not _specks_taken_off(_apart(one, two, limit) & places).any():
        # what follows explains some of it, and never adds any
        return UNCHANGED
    changed = _changed(one, two, ours, theirs, inside, limit)
    if toned.unknown is not None:
        changed[cv2.resize(toned.unknown, size, interpolation=cv2.INTER_NEAREST) > 0] = False
    if changed.any() and (_toned(one, ours, inside) or _toned(two, theirs, inside)):
        return UNCHANGED
    if turned is not None:
        changed |= turned
    regions = _specks_taken_off(changed)
    if not regions.any():
        return UNCHANGED
    _, _, stats, _ = cv2.connectedComponentsWithStats(regions)
    across, down = width / size[0], height / size[1]
    left, top, wide, tall = (int(value) for value in cv2.boundingRect(regions))
    box = (round(left * across), round(top * down), round((left + wide) * across), round((top + tall) * down))
    first, second = np.sqrt((one * one).sum(axis=2)), np.sqrt((two * two).sum(axis=2))
    apart = (np.minimum(first, second) > _STRONG) & ((one * two).sum(axis=2) < _OPPOSED * first * second) & places
    flipped = float(np.count_nonzero(apart)) / max(1, int(np.count_nonzero(places)))
    return Colour(round(int(stats[1:, cv2.CC_STAT_AREA].max()) * across * down), box, round(flipped, 4))


def _apart(one: F32, two: F32, limit: float) -> NDArray[np.bool_]:
    """(h, w): where chroma differs by more than ``limit``, also across the other's hue."""
    apart = _larger(one - two) > limit
    return apart & (_across(one, two) > limit) if apart.any() else apart


def _specks_taken_off(changed: NDArray[np.bool_]) -> U8:
    return np.asarray(cv2.erode(changed.astype(np.uint8), np.ones((3, 3), np.uint8)), dtype=np.uint8)


def _changed(one: F32, two: F32, ours: U8, theirs: U8, inside: U8, limit: float) -> NDArray[np.bool_]:
    """(h, w): where neither saturation with a cast nor white balance explains the chroma."""
    places = inside > 0
    nowhere = np.zeros(places.shape, bool)
    plain = _larger(one - two)
    coloured = [float((_larger(chroma) > _VIVID)[places].mean()) for chroma in (one, two)]
    if min(coloured) <= _LEAST_COLOURED or not (plain > limit)[places].any():
        return nowhere
    factor, mean, level = _saturation(one[places], two[places])
    error = np.minimum(plain, _larger(one - mean - np.float32(factor) * (two - level)))
    error = np.minimum(error, _across(one, two))
    if (error > limit)[places].any():
        balanced = _balanced(ours, theirs, inside)
        if balanced is not None:
            error = np.minimum(error, _larger(one - _chroma(balanced)))
    return np.asarray((error > limit) & places)
