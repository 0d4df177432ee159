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
_OPACITIES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_LAYER_LEVELS: Final = 4
_ACROSS: Final = 0.95
_FILLED: Final = 0.8
_PLAIN: Final = 0.4
_PART: Final = 256


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the changed places are like.

    Attributes:
        weaker_sign: share of the energy of the change that goes the other way: brighter against darker.
        layer: share of the changed places in which one picture is one colour, opaque or not, over the other.
        structure: fine structure of the base in the changed places over that of the other.
        banner: whether it is a bar of one colour right across.
    """

    weaker_sign: float
    layer: float
    structure: float
    banner: bool


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
    places = (np.maximum(*spread) <= _SMOOTH) & (np.minimum(*spread) >= _LEAST_NOISE) & (canvas.mask[part] > 0)
    for grey in greys:
        places &= (grey >= 8) & (grey <= 247)
    if np.count_nonzero(places) <= limits.least_grain_pixels:
        return None
    one, two = (_fine(grey)[places] for grey in greys)
    return round(float((one * two).mean() / np.sqrt((one * one).mean() * (two * two).mean() + 1e-6)), 3)


def _fine(grey: U8) -> F32:
    exact = grey.astype(np.float32)
    return np.asarray(exact - cv2.GaussianBlur(exact, (7, 7), 1.0), dtype=np.float32)


def _layer_share(under: U8, over: U8) -> float:
    """Share of the places where ``over`` is ``opacity * under + colour``, for the best opacity and colour."""
    step = max(1, len(under) // _SAMPLES)
    below, above = under[::step].astype(np.float32), over[::step].astype(np.float32)
    window = np.ones(2 * _LAYER_LEVELS + 1, np.int64)
    best = 0
    for opacity in _OPACITIES:
        levels = np.rint(above - np.float32(opacity) * below).astype(np.int64) + 256
        best = max(best, int(np.convolve(np.bincount(levels, minlength=512), window).max()))
    return round(best / max(1, len(below)), 3)


def _is_banner(change: Change) -> bool:
    """Whether the largest region is a bar right across the canvas that is mostly of one colour in one picture only."""
    left, top, wide, tall = change.box
    height, width = change.regions.shape
    if wide < _ACROSS * width and tall < _ACROSS * height:
        return False
    if change.largest < _FILLED * wide * tall:
        return False
    inside = np.s_[top : top + tall, left : left + wide]
    plain = [int(np.convolve(np.bincount(grey[inside].ravel(), minlength=256), np.ones(9, np.int64)).max())
             for grey in (change.base, change.other)]  # fmt: skip
    return max(plain) >= _PLAIN * wide * tall and min(plain) < 0.5 * max(plain)


def describe(change: Change) -> Overlay:
    """Looks at the changed places of ``change``; it must have some."""
    changed = change.regions > 0
    ours, theirs = change.base[changed], change.other[changed]
    signed = theirs.astype(np.float32) - ours.astype(np.float32)
    brighter, darker = float((signed[signed > 0] ** 2).sum()), float((signed[signed < 0] ** 2).sum())
    weaker = round(min(brighter, darker) / (brighter + darker + 1e-6), 4)
    energy = []
    for grey in (change.base, change.other):
        exact = grey.astype(np.float32)
        fine = (exact - cv2.GaussianBlur(exact, (15, 15), 2.5))[changed]
        energy.append(float((fine * fine).mean()))
    structure = round((energy[0] + 0.1) / (energy[1] + 0.1), 3)
    amount = change.difference[changed]
    strong = amount > max(10.0, 0.35 * float(np.quantile(amount, 0.95)))
    layer = 0.0
    if np.count_nonzero(strong) > 15:
        layer = max(_layer_share(theirs[strong], ours[strong]), _layer_share(ours[strong], theirs[strong]))
    return Overlay(weaker, layer, structure, _is_banner(change))
