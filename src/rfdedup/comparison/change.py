"""Where two aligned pictures of one tone differ by more than noise, blur and a pixel of shift explain."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.model import F32, ChangeLimits
from rfdedup.comparison.tone import Toned, sampled
from rfdedup.imaging.arrays import U8

_CROSS: Final = np.ones((3, 3), np.uint8)
_CLOSE: Final = np.ones((5, 5), np.uint8)
_BLURS: Final = (0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.5, 2.0, 2.8, 4.0)
_BLUR_SIDE: Final = 288
_TEXTURE: Final = 8.0
_FLAT: Final = 0.7
_SMALL_PAGE: Final = 512


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """What changed on a canvas.

    Attributes:
        base: (h, w) uint8 grey as compared.
        other: the same.
        difference: (h, w) uint8, what a pixel of shift does not explain.
        regions: (h, w) uint8, 1 where changed.
        peak: the greatest change in units of what would be explained.
        largest: pixels of the largest region.
        area: pixels of all regions.
        box: left, top, width and height of what holds all regions.
        disagreement: median of change over structure where there is structure.
        textured: share of the canvas with structure.
        structure: greatest deviation of a place in the picture of which less is seen.
        flat: share of the canvas with none at all in either, as paper and drawings have.
        fine_peak: the greatest change in units of what noise explains where the rest of a page is the same.
        outstanding: how far that stands out of the rest.
    """

    base: U8
    other: U8
    difference: U8
    regions: U8
    peak: float
    largest: int
    area: int
    box: tuple[int, int, int, int]
    disagreement: float
    textured: float
    structure: float
    flat: float
    fine_peak: float
    outstanding: float


def deviation(grey: U8 | F32, side: int) -> F32:
    """(h, w) float32 standard deviation of ``grey`` (h, w) in windows of ``side`` pixels."""
    mean = cv2.boxFilter(grey, cv2.CV_32F, (side, side))
    square = cv2.sqrBoxFilter(grey, cv2.CV_32F, (side, side))
    cv2.multiply(mean, mean, mean)
    cv2.subtract(square, mean, square)
    # rounding may leave it below nothing
    cv2.threshold(square, 0.0, 0.0, cv2.THRESH_TOZERO, square)
    return np.asarray(cv2.sqrt(square, square), dtype=np.float32)


def smooth(grey: U8, sigma: float) -> U8:
    """(h, w) uint8 Gaussian blur."""
    side = 2 * max(1, math.ceil(2.5 * sigma)) + 1
    return np.asarray(cv2.GaussianBlur(grey, (side, side), sigma), dtype=np.uint8)


def _fineness(grey: F32, mask: U8) -> float:
    fine = cv2.subtract(grey, cv2.GaussianBlur(grey, (7, 7), 1.0))
    return math.sqrt(cv2.mean(cv2.multiply(fine, fine), mask=mask)[0])


def equally_sharp(base: U8, other: U8, mask: U8) -> tuple[U8, U8]:
    """The sharper of two grey pictures blurred until both hold the same fine structure."""
    height, width = mask.shape
    tall, wide = min(height, _BLUR_SIDE), min(width, _BLUR_SIDE)
    part = np.s_[(height - tall) // 2 : (height + tall) // 2, (width - wide) // 2 : (width + wide) // 2]
    if np.count_nonzero(mask[part]) < 500:
        part = np.s_[:, :]
    inside = np.ascontiguousarray(mask[part])
    ours, theirs = base[part].astype(np.float32), other[part].astype(np.float32)
    fine = _fineness(ours, inside), _fineness(theirs, inside)
    if min(fine) <= 0.2 or max(fine) <= 1.05 * min(fine):
        return base, other
    sharp = ours if fine[0] > fine[1] else theirs
    low, high = 0, len(_BLURS) - 1
    while low < high:
        middle = (low + high) // 2
        blurred = np.asarray(cv2.GaussianBlur(sharp, (0, 0), _BLURS[middle]), dtype=np.float32)
        if _fineness(blurred, inside) <= min(fine) * 1.05:
            high = middle
        else:
            low = middle + 1
    sigma = _BLURS[low]
    return (smooth(base, sigma), other) if fine[0] > fine[1] else (base, smooth(other, sigma))


def beyond_a_pixel(base: U8, other: U8) -> U8:
    """(h, w) uint8: how far either lies outside what the other shows within one pixel."""
    above = cv2.subtract(cv2.erode(other, _CROSS), base)
    above = cv2.max(above, cv2.subtract(base, cv2.dilate(other, _CROSS)))
    above = cv2.max(above, cv2.subtract(cv2.erode(base, _CROSS), other))
    return np.asarray(cv2.max(above, cv2.subtract(other, cv2.dilate(base, _CROSS))), dtype=np.uint8)


def find_change(toned: Toned, mask: U8, limits: ChangeLimits) -> Change:
    """Regions in which ``toned`` pictures differ, of the places where ``mask`` (h, w) uint8 is set.

    A small page is looked at again enlarged: a pixel of shift is much of a glyph there, and half a pixel is enough
    where the rest agrees.
    """
    change = _find(toned, mask, limits)
    height, width = mask.shape
    if change.flat < limits.paper or max(height, width) > _SMALL_PAGE or change.peak >= limits.max_change:
        return change
    twice = (2 * width, 2 * height)
    larger = replace(
        toned,
        base=np.asarray(cv2.resize(toned.base, twice, interpolation=cv2.INTER_CUBIC), dtype=np.uint8),
        other=np.asarray(cv2.resize(toned.other, twice, interpolation=cv2.INTER_CUBIC), dtype=np.uint8),
        unknown=None if toned.unknown is None else _doubled(toned.unknown),
    )
    fine = _find(larger, _doubled(mask), replace(limits, paper=0.0))
    if not is_fine_change(fine.fine_peak, fine.outstanding, limits):
        return change
    left, top, wide, tall = fine.box
    return replace(
        change,
        regions=np.ascontiguousarray(fine.regions[::2, ::2]),
        largest=fine.largest // 4,
        area=fine.area // 4,
        box=(left // 2, top // 2, (wide + 1) // 2, (tall + 1) // 2),
        fine_peak=fine.fine_peak,
        outstanding=fine.outstanding,
    )


def _doubled(mask: U8) -> U8:
    return np.repeat(np.repeat(mask, 2, axis=0), 2, axis=1)


def _find(toned: Toned, mask: U8, limits: ChangeLimits) -> Change:
    base = np.asarray(cv2.cvtColor(toned.base, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    other = np.asarray(cv2.cvtColor(toned.other, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
    base, other = equally_sharp(base, other, mask)
    base, other = smooth(base, 0.7), smooth(other, 0.7)
    difference = beyond_a_pixel(base, other)
    cv2.bitwise_and(difference, mask, difference)
    if toned.unknown is not None:
        difference[toned.unknown > 0] = 0
    strength = np.asarray(cv2.sqrt(cv2.sqrBoxFilter(difference, cv2.CV_32F, (7, 7))), dtype=np.float32)
    of_base, of_other = deviation(base, 15), deviation(other, 15)
    structure = np.asarray(cv2.min(of_base, of_other), dtype=np.float32)
    # the difference and the structure are both of the steeper picture: divided alike
    amplified = toned.amplified
    excess = _excess(strength, structure, limits.noise_floor * amplified, limits.texture_share)
    peak = _highest(excess, mask)
    grid = sampled(mask, 20000)
    inside = mask[grid] > 0
    some, around = strength[grid][inside] / amplified, structure[grid][inside] / amplified
    textured = around > _TEXTURE
    disagreement = float(np.median(some[textured] / around[textured])) if np.count_nonzero(textured) > 100 else 0.0
    flat = round(_share(np.maximum(of_base[grid], of_other[grid])[inside] < _FLAT), 4)
    fine_peak, outstanding, limit = 0.0, 0.0, 1.0
    if flat >= limits.paper:
        fine = _excess(strength, structure, limits.fine_floor * amplified, limits.fine_share)
        fine_peak = _highest(fine, mask)
        usual = np.partition(fine[grid][inside], -max(1, round(0.01 * len(some))))[-max(1, round(0.01 * len(some)))]
        outstanding = round(fine_peak / (float(usual) + 0.1), 2)
        if is_fine_change(fine_peak, outstanding, limits):
            excess, limit = fine, fine_peak / 2
    regions, largest, area, box = _regions(excess, mask, limit)
    return Change(
        base, other, difference, regions, peak, largest, area, box, round(disagreement, 4), round(_share(textured), 4),
        _highest(structure, mask), flat, fine_peak, outstanding,
    )  # fmt: skip


def is_fine_change(fine_peak: float, outstanding: float, limits: ChangeLimits) -> bool:
    """Whether a glyph of a page is another one: little for a photo, much where all the rest agrees."""
    return fine_peak >= limits.max_fine_change and outstanding >= limits.max_outstanding


def _excess(strength: F32, structure: F32, floor: float, share: float) -> F32:
    explained = cv2.addWeighted(structure, share, structure, 0.0, floor)
    return np.asarray(cv2.divide(strength, explained), dtype=np.float32)


def _highest(values: F32, mask: U8) -> float:
    return round(float(cv2.minMaxLoc(values, mask)[1]), 3)


def _share(chosen: NDArray[np.bool_]) -> float:
    return float(np.count_nonzero(chosen) / max(1, len(chosen)))


def _regions(excess: F32, mask: U8, limit: float) -> tuple[U8, int, int, tuple[int, int, int, int]]:
    """(h, w) uint8 of 0 and 1 where ``excess`` is above ``limit``; pixels of the largest region, of all; their box."""
    regions = np.zeros(mask.shape, np.uint8)
    over = np.asarray(cv2.inRange(excess, limit, np.inf), dtype=np.uint8) & mask
    if not over.any():
        return regions, 0, 0, (0, 0, 0, 0)
    regions = np.asarray(cv2.morphologyEx(over, cv2.MORPH_CLOSE, _CLOSE), dtype=np.uint8) & np.uint8(1)
    _, _, stats, _ = cv2.connectedComponentsWithStats(regions)
    sizes = stats[1:, cv2.CC_STAT_AREA]
    left, top, width, height = (int(value) for value in cv2.boundingRect(regions))
    return regions, int(sizes.max()), int(sizes.sum()), (left, top, width, height)
