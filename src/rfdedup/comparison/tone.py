"""What brightness and contrast of one picture became in the other."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.imaging.arrays import U8

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

_SAMPLES: Final = 8000
_NEARLY_SAME: Final = 6.0
_GAMMAS: Final = (0.45, 0.55, 0.65, 0.75, 0.85, 1.18, 1.33, 1.54, 1.8, 2.2)
_GAINS: Final = (0.3, 3.3)
_CAP: Final = 25.0
_IDENTITY_BONUS: Final = 0.2
_LEAST_RANGE: Final = 96
_MOST_STRETCH: Final = 24.0
_MOST_AMPLIFIED: Final = 3.0
_GREY_SPREAD: Final = 12
_GREY_SHARE: Final = 0.005
_COLOURED_SHARE: Final = 0.05
# BT.601, the mean of the channels, BT.709
_GREYS: Final = ((0.299, 0.587, 0.114), (1 / 3, 1 / 3, 1 / 3), (0.2126, 0.7152, 0.0722))


@dataclass(frozen=True, slots=True, eq=False)
class Toned:
    """Two pictures of one tone.

    Attributes:
        base: (h, w, 3) uint8.
        other: (h, w, 3) uint8.
        unknown: (h, w) uint8, 255 where one is clipped and nothing can be said; None where there is no such place.
        gain: contrast of the base over that of the other, as found.
        offset: levels.
        amplified: by how much the noise of the flatter one grew.
        greyed: whether colours were taken from one, as the other has none.
    """

    base: U8
    other: U8
    unknown: U8 | None
    gain: float
    offset: float
    amplified: float
    greyed: bool


def gain_and_offset(source: F32, target: F32) -> tuple[float, float]:
    """``target = gain * source + offset``, from the three quarters that agree best."""
    kept = np.ones(len(source), bool)
    gain, offset = 1.0, 0.0
    if len(source) <= 100:
        return gain, offset
    for _ in range(5):
        chosen, wanted = source[kept], target[kept]
        mean, level = chosen.mean(), wanted.mean()
        spread = chosen - mean
        gain = float(np.clip((spread * (wanted - level)).mean() / ((spread * spread).mean() + 1e-3), *_GAINS))
        offset = float(level - gain * mean)
        error = np.abs(gain * source + offset - target)
        kept = error <= max(float(np.partition(error, 3 * len(error) // 4)[3 * len(error) // 4]), 2.0)
    return gain, offset


def sampled(mask: U8, most: int = _SAMPLES) -> tuple[slice, slice]:
    """A grid over ``mask`` with at most about ``most`` places."""
    step = max(1, math.isqrt(mask.size // most))
    return slice(None, None, step), slice(None, None, step)


def brightest(rgb: U8) -> U8:
    """(...) uint8: the highest channel."""
    return np.asarray(np.maximum(np.maximum(rgb[..., 0], rgb[..., 1]), rgb[..., 2]))


def _unexplained(found: F32, wanted: F32, source: F32) -> float:
    """Capped mean error; clipped pixels are explained by whatever lies beyond the clip."""
    error = np.abs(np.clip(found, 0, 255) - wanted)
    error[((wanted >= 250) & (source >= 250)) | ((wanted <= 5) & (source <= 5))] = 0
    error[((source >= 252) & (wanted >= found)) | ((source <= 3) & (wanted <= found))] = 0
    return float(np.minimum(error, _CAP).mean())


def _curve(gain: float, offset: float, gamma: float) -> F64:
    return np.asarray(gain * 255.0 * (np.arange(256) / 255.0) ** gamma + offset)


def _fit(base: U8, other: U8, mask: U8) -> tuple[float, float, float]:
    """Gain, offset and gamma that carry ``other`` to ``base``, (h, w, 3) uint8 each."""
    grid = sampled(mask)
    # smoothed before it is sampled, so that edges of slightly different sharpness do not pull
    ours = cv2.GaussianBlur(cv2.cvtColor(base, cv2.COLOR_RGB2GRAY), (3, 3), 0.8)[grid]
    theirs = cv2.GaussianBlur(cv2.cvtColor(other, cv2.COLOR_RGB2GRAY), (3, 3), 0.8)[grid]
    inside = mask[grid] > 0
    plain = ours[inside].astype(np.float32), theirs[inside].astype(np.float32)
    unchanged = _unexplained(plain[1].copy(), plain[0], plain[1])
    means, spreads = (float(plain[0].mean()), float(plain[1].mean())), (float(plain[0].std()), float(plain[1].std()))
    if unchanged < _NEARLY_SAME and abs(means[0] - means[1]) < 0.5 and abs(spreads[0] - spreads[1]) < 0.02 * spreads[0]:
        return 1.0, 0.0, 1.0
    usable = inside & (brightest(base[grid]) < 250) & (brightest(other[grid]) < 250) & (ours > 6) & (theirs > 6)
    if np.count_nonzero(usable) < 0.05 * np.count_nonzero(inside):
        usable = inside
    target, source = ours[usable].astype(np.float32), theirs[usable].astype(np.float32)
    gain, offset = gain_and_offset(source, target)
    gamma = 1.0
    rest = float(np.quantile(np.abs(gain * source + offset - target), 0.75))
    if rest > 1.5:
        tried = []
        for power in _GAMMAS:
            curved = (np.float32(255.0) * (source / np.float32(255.0)) ** np.float32(power)).astype(np.float32)
            curved_gain, curved_offset = gain_and_offset(curved, target)
            error = float(np.quantile(np.abs(curved_gain * curved + curved_offset - target), 0.75))
            tried.append((round(error, 3), power, curved_gain, curved_offset))
        best = min(tried)
        if best[0] < 0.7 * rest:
            gamma, gain, offset = best[1:]
    on_all = gain_and_offset(plain[1], plain[0])
    choices = [(round(unchanged - _IDENTITY_BONUS, 3), (1.0, 0.0, 1.0))]
    for candidate in ((gain, offset, gamma), (*on_all, 1.0)):
        mapped = _curve(*candidate).astype(np.float32)[plain[1].astype(np.uint8)]
        choices.append((round(_unexplained(mapped, plain[0], plain[1]), 3), candidate))
    return min(choices, key=lambda choice: choice[0])[1]


def _table(levels: NDArray[np.floating]) -> U8:
    return np.asarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def equalise(base: U8, other: U8, mask: U8) -> Toned:
    """Both pictures with one brightness and contrast: the flatter one is steepened, each channel clipped as editors do.

    Pictures of few levels, such as index masks and night skies, are stretched alike, so that their content counts.
    """
    base, other, greyed = _equally_grey(base, other, mask)
    gain, offset, gamma = _fit(base, other, mask)
    levels = np.arange(256, dtype=np.float64)
    curve = _curve(gain, offset, gamma)
    if gamma != 1.0:
        # how steep it is where the picture is
        values = np.sort(cv2.cvtColor(other, cv2.COLOR_RGB2GRAY)[sampled(mask)][mask[sampled(mask)] > 0])
        low, high = int(values[len(values) // 10]), int(values[len(values) * 9 // 10])
        if high > low + 4:
            gain = float((curve[high] - curve[low]) / (high - low))
            offset = float(curve[low] - gain * low)
    gain, offset = round(gain, 3), round(offset, 2)
    amplified, unknown = 1.0, None
    ours, theirs = base, other
    if abs(gain - 1) > 0.01 or abs(offset) > 0.5 or gamma != 1.0:
        if gain < 1:
            inverse = np.interp(levels, curve, levels)
            ours = np.asarray(cv2.LUT(base, _table(inverse)))
            theirs = np.asarray(cv2.LUT(other, _table(np.clip(levels, inverse[0], inverse[255]))))
        else:
            theirs = np.asarray(cv2.LUT(other, _table(curve)))
            ends = np.clip([curve[0], curve[255]], 0, 255)
            ours = np.asarray(cv2.LUT(base, _table(np.clip(levels, *ends))))
        if abs(gain - 1) > 0.01:
            amplified = min(max(gain, 1 / gain), _MOST_AMPLIFIED)
        if abs(gain - 1) > 0.03 or abs(offset) > 3:
            unknown = _clipped(base, other, gain, offset)
    stretch = _stretch(ours, theirs, mask)
    if stretch is not None:
        ours, theirs = np.asarray(cv2.LUT(ours, stretch)), np.asarray(cv2.LUT(theirs, stretch))
    return Toned(ours, theirs, unknown, gain, offset, amplified, greyed)


def _equally_grey(base: U8, other: U8, mask: U8) -> tuple[U8, U8, bool]:
    """Where one picture is grey and the other is not: that one made grey too, by the recipe that comes closest."""
    grid = sampled(mask)
    inside = mask[grid] > 0
    ours, theirs = (rgb[grid][inside].astype(np.int16) for rgb in (base, other))
    coloured_share = [float((np.ptp(pixels, axis=1) > _GREY_SPREAD).mean()) for pixels in (ours, theirs)]
    grey = [share < _GREY_SHARE for share in coloured_share]
    if grey[0] == grey[1] or max(coloured_share) < _COLOURED_SHARE:
        return base, other, False
    wanted, coloured = (ours[:, 1], theirs) if grey[0] else (theirs[:, 1], ours)
    errors = []
    for recipe in _GREYS:
        error = coloured @ np.array(recipe) - wanted
        errors.append((round(float(np.abs(error - np.median(error)).mean()), 3), recipe))
    weights = np.array(min(errors)[1], np.float32)
    flat = cv2.transform(other if grey[0] else base, weights[np.newaxis])
    made = np.asarray(cv2.cvtColor(flat, cv2.COLOR_GRAY2RGB), dtype=np.uint8)
    return (base, made, True) if grey[0] else (made, other, True)


def _clipped(base: U8, other: U8, gain: float, offset: float) -> U8 | None:
    """Where the brighter one is saturated and the darker one is bright."""
    if gain * 200 + offset < 200:
        bright, dark, level = other, base, gain * 255 + offset
    else:
        bright, dark, level = base, other, (255 - offset) / gain
    where = (brightest(bright) >= 247) & (brightest(dark) >= 0.75 * min(level, 255.0))
    if not where.any():
        return None
    return np.asarray(cv2.dilate(where.astype(np.uint8) * 255, np.ones((5, 5), np.uint8)), dtype=np.uint8)


def _stretch(base: U8, other: U8, mask: U8) -> U8 | None:
    """A table that widens the few levels that both pictures use; None where they use enough."""
    # sparse lights on black count, so the extremes are looked for everywhere
    whole = np.ascontiguousarray(mask)
    counts = np.zeros(256)
    for rgb in (base, other):
        for channel in range(3):
            counts += cv2.calcHist([rgb], [channel], whole, [256], [0, 256]).ravel()
    rising = np.cumsum(counts)
    low, high = (int(np.searchsorted(rising, share * rising[-1])) for share in (0.002, 0.998))
    if high - low >= _LEAST_RANGE:
        return None
    factor = min(_MOST_STRETCH, _LEAST_RANGE / max(1, high - low))
    return _table((np.arange(256) - low) * factor + (255 - (high - low) * factor) / 2)
