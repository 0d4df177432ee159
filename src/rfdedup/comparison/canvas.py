"""Two pictures laid over each other at one resolution."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from rfdedup.comparison.align import Alignment, in_form
from rfdedup.comparison.model import F64, View
from rfdedup.comparison.tone import gain_and_offset
from rfdedup.imaging.arrays import U8, area_resize

_EDGE: Final = np.ones((7, 7), np.uint8)
_REDUCE_BELOW: Final = 0.8
_LEAST_SIDE: Final = 12
_SEED: Final = 1
_TRACK_SIDE: Final = 400
_CORNERS: Final = 300
_LEAST_CORNERS: Final = 12
_LEAST_RESPONSE: Final = 0.05
_LEAST_SHIFT: Final = 0.15
_MOST_SHIFT: Final = 20.0


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What both pictures show, at one resolution.

    Attributes:
        base: (h, w, 3) uint8.
        other: (h, w, 3) uint8.
        mask: (h, w) uint8, 255 where both have pixels, the rim left out.
        base_to_canvas: (3, 3) float64, full-size pixels of the base to pixels of the canvas.
        to_canvas: (3, 3) float64, full-size pixels of the other to pixels of the canvas.
        tracked: share of the corners that could be followed from one to the other; 1 where none were tried.
        corners: how many were tried.
    """

    base: U8
    other: U8
    mask: U8
    base_to_canvas: F64
    to_canvas: F64
    tracked: float = 1.0
    corners: int = 0

    @property
    def area(self) -> int:
        return int(np.count_nonzero(self.mask))

    def coverage(self, base: View, other: View) -> tuple[float, float]:
        """Compared shares of both pictures, the lesser first."""
        of_base = self.area / (base.width * base.height * abs(float(np.linalg.det(self.base_to_canvas[:2, :2]))))
        of_other = self.area / (other.width * other.height * abs(float(np.linalg.det(self.to_canvas[:2, :2]))))
        return min(1.0, of_base, of_other), min(1.0, max(of_base, of_other))


def _centred(matrix: F64) -> F64:
    """``matrix`` of coordinates from outer corners as one from the middle of pixels, as OpenCV counts."""
    shift = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    return np.asarray(np.linalg.inv(shift) @ matrix @ shift)


def _warp(pixels: U8, matrix: F64, size: tuple[int, int]) -> U8:
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    if scale < _REDUCE_BELOW:
        height, width = pixels.shape[:2]
        small = (max(8, round(width * scale)), max(8, round(height * scale)))
        matrix = matrix @ np.diag([width / small[0], height / small[1], 1.0])
        pixels = area_resize(pixels, *small)
    centred = _centred(matrix)[:2]
    if np.abs(centred - np.eye(3)[:2]).max() < 1e-3 and pixels.shape[1::-1] == size:
        return pixels
    return np.asarray(
        cv2.warpAffine(pixels, centred, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8
    )


def lay(base: View, other: View, alignment: Alignment, longest: int) -> Canvas | None:
    """Both pictures over the box that they share, at the lower of their densities; None where they share too little."""
    if alignment.form is not None:
        return _lay_whole(base, other, alignment, alignment.form, longest)
    matrix = alignment.matrix
    rim = np.array([[0, 0, 1], [other.width, 0, 1], [other.width, other.height, 1], [0, other.height, 1]], np.float64)
    quad = rim @ matrix[:2].T
    left, top = np.maximum(quad.min(axis=0), 0.0)
    right, bottom = np.minimum(quad.max(axis=0), [base.width, base.height])
    if right - left <= 0 or bottom - top <= 0:
        return None
    spread = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    base_scale, other_scale = base.rgb.shape[1] / base.width, other.rgb.shape[1] / other.width
    scale = min(base_scale, other_scale / spread, longest / max(right - left, bottom - top))
    width, height = round((right - left) * scale), round((bottom - top) * scale)
    if min(width, height) < _LEAST_SIDE:
        return None
    to_canvas = np.array([[scale, 0, -left * scale], [0, scale, -top * scale], [0, 0, 1.0]])
    moved = to_canvas @ matrix
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.rint((rim @ moved[:2].T) * 16 - 8).astype(np.int32), 255, shift=4)
    mask = np.asarray(cv2.erode(mask, _EDGE, borderType=cv2.BORDER_CONSTANT, borderValue=0), dtype=np.uint8)
    return Canvas(
        _warp(base.rgb, to_canvas @ np.diag([base.width / base.rgb.shape[1], base.height / base.rgb.shape[0], 1.0]),
              (width, height)),
        _warp(other.rgb, moved @ np.diag([other.width / other.rgb.shape[1], other.height / other.rgb.shape[0], 1.0]),
              (width, height)),
        mask,
        to_canvas,
        moved,
    )  # fmt: skip


def _lay_whole(base: View, other: View, alignment: Alignment, form: tuple[int, bool], longest: int) -> Canvas | None:
    turned = in_form(other.rgb, form)
    if base.rgb.shape[0] * base.rgb.shape[1] <= turned.shape[0] * turned.shape[1]:
        height, width = base.rgb.shape[:2]
    else:
        height, width = turned.shape[:2]
    if max(width, height) > longest:
        width, height = round(width * longest / max(width, height)), round(height * longest / max(width, height))
    if min(width, height) < _LEAST_SIDE:
        return None
    pair = [
        pixels if pixels.shape[:2] == (height, width) else area_resize(pixels, width, height)
        for pixels in (base.rgb, turned)
    ]
    to_canvas = np.diag([width / base.width, height / base.height, 1.0])
    mask = np.full((height, width), 255, np.uint8)
    return Canvas(pair[0], pair[1], mask, to_canvas, to_canvas @ alignment.matrix)


def shift_together(canvas: Canvas) -> Canvas:
    """``canvas`` with the other picture shifted as a whole to where it correlates best."""
    height, width = canvas.mask.shape
    factor = max(1.0, max(height, width) / _TRACK_SIDE)
    small = (round(width / factor), round(height / factor))
    greys = []
    for rgb in (canvas.base, canvas.other):
        grey = area_resize(np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8), *small)
        exact = grey.astype(np.float32)
        # without shades, and without a few bright places that would outweigh the rest
        greys.append(np.clip(exact - cv2.GaussianBlur(exact, (0, 0), 4.0), -20.0, 20.0))
    window = cv2.createHanningWindow(small, cv2.CV_32F)
    (across, down), response = cv2.phaseCorrelate(greys[1], greys[0], window)
    shift = np.round([across * width / small[0], down * height / small[1]], 2)
    if response < _LEAST_RESPONSE or not _LEAST_SHIFT < np.abs(shift).max() < _MOST_SHIFT * factor:
        return canvas
    matrix = np.eye(3)
    matrix[:2, 2] = shift
    return _moved(canvas, matrix, 1.0, 0)


def _moved(canvas: Canvas, matrix: F64, tracked: float, corners: int) -> Canvas:
    """``canvas`` with the other picture brought elsewhere by ``matrix`` (3, 3) of its pixels."""
    size = canvas.mask.shape[1::-1]
    centred = _centred(matrix)[:2]
    other = cv2.warpAffine(canvas.other, centred, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(canvas.mask, centred, size, flags=cv2.INTER_NEAREST)
    mask = np.asarray(cv2.bitwise_and(canvas.mask, seen), dtype=np.uint8)
    return _with(canvas, np.asarray(other, dtype=np.uint8), mask, matrix @ canvas.to_canvas, tracked, corners)


def refine(canvas: Canvas) -> Canvas:
    """``canvas`` with the other picture shifted by what corners followed from one to the other say."""
    base, other = cv2.cvtColor(canvas.base, cv2.COLOR_RGB2GRAY), cv2.cvtColor(canvas.other, cv2.COLOR_RGB2GRAY)
    mask = canvas.mask
    height, width = mask.shape
    factor = max(1.0, max(height, width) / _TRACK_SIDE)
    small = (round(width / factor), round(height / factor))
    if factor > 1:
        base, other = area_resize(np.asarray(base), *small), area_resize(np.asarray(other), *small)
        mask = np.asarray(cv2.resize(mask, small, interpolation=cv2.INTER_NEAREST), dtype=np.uint8)
    step = max(1, math.isqrt(mask.size // 10000))
    one, two, inside = base[::step, ::step], other[::step, ::step], mask[::step, ::step] > 0
    usable = inside & (one > 6) & (one < 248) & (two > 6) & (two < 248)
    if np.count_nonzero(usable) > 200:
        gain, offset = gain_and_offset(two[usable].astype(np.float32), one[usable].astype(np.float32))
        if abs(gain - 1) > 0.05 or abs(offset) > 3:
            table = np.clip(np.rint(gain * np.arange(256) + offset), 0, 255).astype(np.uint8)
            other = cv2.LUT(other, table)
    points = cv2.goodFeaturesToTrack(base, _CORNERS, 0.01, 6, mask=mask)
    if points is None or len(points) < _LEAST_CORNERS:
        return canvas
    followed, status, _ = cv2.calcOpticalFlowPyrLK(
        base, other, points, np.zeros_like(points), winSize=(17, 17), maxLevel=2, criteria=(3, 15, 0.02)
    )
    near = (status.ravel() > 0) & (np.abs(followed - points).reshape(-1, 2).max(axis=1) < 12)
    count = len(points)
    if np.count_nonzero(near) < _LEAST_CORNERS:
        return _with(canvas, canvas.other, canvas.mask, canvas.to_canvas, 0.0, count)
    cv2.setRNGSeed(_SEED)
    matrix, inside_fit = cv2.estimateAffine2D(
        followed[near], points[near], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=300, confidence=0.99
    )
    agreed = 0 if matrix is None else int(inside_fit.sum())
    if matrix is None or agreed < _LEAST_CORNERS or agreed <= 0.25 * count:
        return _with(canvas, canvas.other, canvas.mask, canvas.to_canvas, agreed / count, count)
    full = np.vstack([matrix, [0.0, 0.0, 1.0]])
    grow = np.diag([width / small[0], height / small[1], 1.0])
    full = grow @ _uncentred(full) @ np.linalg.inv(grow)
    rim = np.array([[0, 0, 1], [width, 0, 1], [0, height, 1], [width, height, 1]], np.float64)
    shift = float(np.abs(rim @ full[:2].T - rim[:, :2]).max())
    if not _LEAST_SHIFT < shift < _MOST_SHIFT * factor:
        return _with(canvas, canvas.other, canvas.mask, canvas.to_canvas, agreed / count, count)
    return _moved(canvas, full, agreed / count, count)


def _uncentred(matrix: F64) -> F64:
    shift = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5], [0.0, 0.0, 1.0]])
    return np.asarray(shift @ matrix @ np.linalg.inv(shift))


def _with(canvas: Canvas, other: U8, mask: U8, to_canvas: F64, tracked: float, corners: int) -> Canvas:
    return Canvas(canvas.base, other, mask, canvas.base_to_canvas, to_canvas, round(tracked, 4), corners)
