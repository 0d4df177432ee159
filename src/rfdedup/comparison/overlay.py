"""Whether what changed was laid over one of the pictures: a watermark, a caption, a banner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from rfdedup.comparison.canvas import Canvas
from rfdedup.comparison.change import Change, deviation
from rfdedup.comparison.model import F32, Limits
from rfdedup.imaging.arrays import U8

_SMOOTH: Final = 9.0
_LEAST_NOISE: Final = 0.7
_SAMPLES: Final = 6000
_OPACITIES: Final = (0.0, 0.35, 0.6, 0.8)
_NO_LAYER: Final = 99.0
_PART: Final = 320


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the changed places are like.

    Attributes:
        weaker_sign: share of the energy of the change that goes the other way: brighter against darker.
        base_layer: levels by which the base's changed places miss being one colour over what the other shows.
        other_layer: the same of the other.
        structure: fine structure of the base in the changed places over that of the other.
    """

    weaker_sign: float
    base_layer: float
    other_layer: float
    structure: float


def grain(canvas: Canvas, limits: Limits, whole: bool) -> float | None:
    """Correlation of the finest structure in smooth places: near 1 in copies, near 0 in another exposure.

    ``whole`` looks at all of the canvas, else at its middle. None where too little of it is smooth and alive.
    """
    height, width = canvas.mask.shape
    part = np.s_[:, :]
    if not whole and max(height, width) > _PART:
        tall, wide = min(height, _PART), min(width, _PART)
        part = np.s_[(height - tall) // 2 : (height + tall) // 2, (width - wide) // 2 : (width + wide) // 2]
    greys = [np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb[part]), cv2.COLOR_RGB2GRAY), dtype=np.uint8)
             for rgb in (canvas.base, canvas.other)]  # fmt: skip
    spread = [deviation(grey, 9) for grey in greys]
    quiet = cv2.inRange(cv2.max(*spread), 0.0, _SMOOTH) & cv2.inRange(cv2.min(*spread), _LEAST_NOISE, _SMOOTH)
    for grey in greys:
        quiet &= cv2.inRange(grey, 8, 247)
    quiet &= canvas.mask[part]
    places = quiet > 0
    if np.count_nonzero(places) <= limits.least_grain_pixels:
        return None
    one, two = (_fine(grey)[places] for grey in greys)
    return round(float((one * two).mean() / np.sqrt((one * one).mean() * (two * two).mean() + 1e-6)), 3)


def _fine(grey: U8) -> F32:
    exact = grey.astype(np.float32)
    return np.asarray(exact - cv2.GaussianBlur(exact, (7, 7), 1.0), dtype=np.float32)


def _layer_error(under: F32, over: F32) -> float:
    """Levels by which ``over`` misses ``opacity * under + colour``: the 70 % quantile for the best of both."""
    step = max(1, len(under) // _SAMPLES)
    under, over = under[::step], over[::step]
    best = _NO_LAYER
    for start in _OPACITIES:
        factor = start
        kept = np.ones(len(over), bool)
        rest = over
        for turn in range(3):
            rest = over - np.float32(factor) * under
            error = np.abs(rest - np.median(rest[kept]))
            kept = error <= max(2.0, float(np.quantile(error, 0.7)))
            if turn < 2:
                spread = under[kept] - under[kept].mean()
                square = float((spread * spread).mean())
                factor = start
                if square > 20:
                    factor = float(np.clip((spread * (over[kept] - over[kept].mean())).mean() / square, 0.0, 0.95))
        rest = over - np.float32(factor) * under
        best = min(best, float(np.quantile(np.abs(rest - np.median(rest[kept])), 0.7)))
    return round(best, 2)


def describe(change: Change) -> Overlay:
    """Looks at the changed places of ``change``; it must have some."""
    changed = change.regions > 0
    ours, theirs = change.base[changed].astype(np.float32), change.other[changed].astype(np.float32)
    signed = theirs - ours
    brighter, darker = float((signed[signed > 0] ** 2).sum()), float((signed[signed < 0] ** 2).sum())
    weaker = round(min(brighter, darker) / (brighter + darker + 1e-6), 4)
    energy = []
    for grey in (change.base, change.other):
        exact = grey.astype(np.float32)
        fine = (exact - cv2.GaussianBlur(exact, (0, 0), 2.5))[changed]
        energy.append(float((fine * fine).mean()))
    structure = round((energy[0] + 0.1) / (energy[1] + 0.1), 3)
    amount = change.difference[changed].astype(np.float32)
    strong = amount > max(10.0, 0.35 * float(np.quantile(amount, 0.95)))
    base_layer = other_layer = _NO_LAYER
    if np.count_nonzero(strong) > 15:
        base_layer = _layer_error(theirs[strong], ours[strong])
        other_layer = _layer_error(ours[strong], theirs[strong])
    return Overlay(weaker, base_layer, other_layer, structure)
