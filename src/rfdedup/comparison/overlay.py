"""Whether what changed was laid over one of the pictures: a watermark, a caption, a banner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from rfdedup.comparison.canvas import Canvas
from rfdedup.comparison.change import Change, deviation
from rfdedup.comparison.colour import Colour
from rfdedup.comparison.model import F32, ChangeLimits
from rfdedup.imaging.arrays import U8

_SMOOTH: Final = 9.0
_LEAST_NOISE: Final = 0.7
_SAMPLES: Final = 6000
_OPACITIES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_LAYER_LEVELS: Final = 4
_CORE: Final = np.ones((5, 5), np.uint8)
_LEAST_CORE: Final = 15
_ACROSS: Final = 0.95
_MOST_BANNER: Final = 0.5
_PLAIN: Final = 0.4
_PLAINER: Final = 0.6
_PART: Final = 256


@dataclass(frozen=True, slots=True)
class Overlay:
    """What the changed places are like.

    Attributes:
        weaker_sign: share of the energy of the change that goes the other way: brighter against darker.
        layer: share of the changed places in which one picture is one colour, opaque or not, over the other.
        structure: fine structure of the base in the changed places over that of the other.
        banner: whether it is a bar of one colour right across.
        on_base: whether the base is the picture that such a bar was laid over; None without one.
    """

    weaker_sign: float
    layer: float
    structure: float
    banner: bool
    on_base: bool | None


@dataclass(frozen=True, slots=True)
class Grain:
    """The finest structure in smooth places.

    Attributes:
        likeness: correlation, near 1 in copies and near 0 in another exposure; None where too few places are smooth
            and yet alive.
        alive: share of the smooth places that have any structure: little on paper, drawings and screens.
    """

    likeness: float | None
    alive: float


def find_grain(canvas: Canvas, limits: ChangeLimits, whole: bool) -> Grain:
    """The grain of ``canvas``: of all of it, or else of its middle."""
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
    quiet = int(np.count_nonzero(places))
    dead = int(np.count_nonzero((np.maximum(*spread) < _LEAST_NOISE) & (canvas.mask[part] > 0)))
    alive = round(quiet / (quiet + dead), 3) if quiet + dead else 1.0
    if quiet <= limits.least_grain_pixels:
        return Grain(None, alive)
    one, two = (_fine(grey)[places] for grey in greys)
    likeness = float((one * two).mean() / np.sqrt((one * one).mean() * (two * two).mean() + 1e-6))
    return Grain(round(likeness, 3), alive)


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


def _find_banner(change: Change, colour: Colour, canvas: Canvas) -> bool | None:
    """Whether the base has a bar along an edge, most of it of one flat colour, in which all that changed lies.

    False where the other picture has it, None where there is none.
    """
    left, top, wide, tall = change.box
    if colour.largest:
        # red on grey of the same brightness: seen by its hue alone
        right, bottom = max(left + wide, colour.box[2]), max(top + tall, colour.box[3])
        left, top = min(left, colour.box[0]), min(top, colour.box[1])
        wide, tall = right - left, bottom - top
    height, width = change.regions.shape
    across, along = wide >= _ACROSS * width, tall >= _ACROSS * height
    rim_y, rim_x = (1 - _ACROSS) * height, (1 - _ACROSS) * width
    at_edge = (across and (top <= rim_y or top + tall >= height - rim_y)) or (
        along and (left <= rim_x or left + wide >= width - rim_x)
    )
    if not at_edge or wide * tall > _MOST_BANNER * width * height:
        return None
    inside = np.s_[top : top + tall, left : left + wide]
    plain = []
    for rgb in (canvas.base, canvas.other):
        colours = cv2.cvtColor(np.ascontiguousarray(rgb[inside]), cv2.COLOR_RGB2YCrCb).reshape(-1, 3)
        middle = np.array([np.bincount(colours[:, channel], minlength=256).argmax() for channel in range(3)])
        plain.append(float((np.abs(colours.astype(np.int16) - middle).max(axis=1) <= _LAYER_LEVELS).mean()))
    if max(plain) < _PLAIN or min(plain) >= _PLAINER * max(plain):
        return None
    return plain[0] > plain[1]


def describe(change: Change, colour: Colour, canvas: Canvas) -> Overlay:
    """Looks at the changed places of ``canvas``; ``change`` must have some."""
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
    layer = 0.0
    ours, theirs = (np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
                    for rgb in (canvas.base, canvas.other))  # fmt: skip
    amount = change.difference[changed]
    strong = changed & (change.difference > max(10.0, 0.35 * float(np.quantile(amount, 0.95))))
    for under, over in ((ours, theirs), (theirs, ours)):
        # the middle of strokes, where an edge does not blend the layer with what is below
        bright = cv2.subtract(cv2.dilate(over, _CORE), over) <= np.uint8(_LAYER_LEVELS)
        dark = cv2.subtract(over, cv2.erode(over, _CORE)) <= np.uint8(_LAYER_LEVELS)
        core = strong & np.where(over > under, bright, dark)
        if np.count_nonzero(core) > _LEAST_CORE:
            layer = max(layer, _layer_share(under[core], over[core]))
    # a half transparent layer explains either picture by the other: only a bar tells what it was laid over
    banner = _find_banner(change, colour, canvas)
    return Overlay(weaker, layer, structure, banner is not None, banner)
