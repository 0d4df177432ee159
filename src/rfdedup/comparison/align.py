"""Where one picture lies on another."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.keypoints import Keypoints, match
from rfdedup.comparison.model import F64, FORM_SIDE, ChangeLimits, View
from rfdedup.imaging.arrays import U8, area_resize

_NEARLY_AS_GOOD: Final = 0.02
_MOST_FORMS: Final = 2


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """``matrix`` (3, 3) float64 maps full-size pixels of the other picture to those of the base.

    Coordinates are counted from the outer corner of the first pixel. ``form`` is (quarter turns, mirrored first) where
    one whole picture lies on the other, else None.
    """

    matrix: F64
    mirrored: bool
    inliers: int
    form: tuple[int, bool] | None = None


def in_form(pixels: U8, form: tuple[int, bool]) -> U8:
    """``pixels`` mirrored from left to right first where ``form`` says so, then turned counter-clockwise."""
    turns, mirrored = form
    return np.ascontiguousarray(np.rot90(pixels[:, ::-1] if mirrored else pixels, turns))


def _form_matrix(form: tuple[int, bool], base: View, other: View) -> F64:
    turns, mirrored = form
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    unit = np.linalg.matrix_power(turn, turns) @ np.diag([-1.0 if mirrored else 1.0, 1.0])
    matrix = np.eye(3)
    matrix[:2, :2] = np.diag([base.width, base.height]) @ unit @ np.diag([1 / other.width, 1 / other.height])
    centre = np.array([base.width / 2, base.height / 2])
    matrix[:2, 2] = centre - matrix[:2, :2] @ np.array([other.width / 2, other.height / 2])
    return matrix


def _correlation(one: NDArray[np.float64], two: NDArray[np.float64]) -> float:
    one, two = one - one.mean(), two - two.mean()
    spread = float(np.sqrt((one * one).sum() * (two * two).sum()))
    return round(float((one * two).sum()) / spread, 4) if spread > 0 else 1.0


def whole_forms(base: View, other: View, limits: ChangeLimits) -> Iterator[tuple[float, Alignment]]:
    """The forms in which the whole of one picture may lie on the other, likeliest first, with their correlation."""
    shape = math.log(other.width / other.height)
    target = base.thumb.astype(np.float64)
    found = []
    for turns in range(4):
        turned = -shape if turns % 2 else shape
        if abs(math.log(base.width / base.height) - turned) > limits.whole_shape + 0.5 / min(
            base.width, base.height, other.width, other.height
        ):
            continue
        for mirrored in (False, True):
            form = (turns, mirrored)
            found.append((_correlation(target, in_form(other.thumb, form).astype(np.float64)), form))
    # the forms in their own order where correlations are equal
    found.sort(key=lambda one: -one[0])
    for correlation, form in found[:_MOST_FORMS]:
        if correlation >= limits.whole_correlation and correlation >= found[0][0] - _NEARLY_AS_GOOD:
            yield correlation, Alignment(_form_matrix(form, base, other), form[1], 0, form)


def by_panels(base: View, other: View, limits: ChangeLimits) -> Alignment | None:
    """One picture as a panel of the other, as in a collage; None where no panel looks like it."""
    found: list[tuple[float, F64]] = []
    for outer, inner in ((base, other), (other, base)):
        target = inner.thumb.astype(np.float64)
        across, down = outer.width / outer.grey.shape[1], outer.height / outer.grey.shape[0]
        for left, top, right, bottom in outer.panels:
            if min(right - left, bottom - top) < FORM_SIDE:
                continue
            panel = area_resize(np.ascontiguousarray(outer.grey[top:bottom, left:right]), FORM_SIDE, FORM_SIDE)
            place = np.diag([(right - left) * across / inner.width, (bottom - top) * down / inner.height, 1.0])
            place[:2, 2] = left * across, top * down
            matrix = place if outer is base else np.linalg.inv(place)
            found.append((_correlation(target, panel.astype(np.float64)), matrix))
    best = max(found, key=lambda one: one[0], default=None)
    return None if best is None or best[0] < limits.whole_correlation else Alignment(best[1], False, 0)


def _keypoint_scale(view: View, points: Keypoints) -> F64:
    """(3, 3) from pixels of the keypoint picture to full-size pixels."""
    return np.diag([view.width / points.width, view.height / points.height, 1.0])


def by_keypoints(base: View, other: View, limits: ChangeLimits, *, few: bool = False) -> Alignment | None:
    """The transform on which keypoints agree, mirror included; None where too few do.

    With ``few``, the keypoints of small pictures only, of which more must agree.
    """
    ours, theirs = (base.few_keypoints, other.few_keypoints) if few else (base.keypoints, other.keypoints)
    least = limits.sure_inliers if few else limits.least_inliers
    inliers, matrix = match(ours, theirs)
    mirrored = False
    if inliers < limits.unmirrored_inliers:
        again, reflected = match(ours, theirs.mirrored())
        if reflected is not None and again > inliers and again >= least:
            mirror = np.array([[-1.0, 0.0, theirs.width], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
            inliers, matrix, mirrored = again, reflected @ mirror, True
    if matrix is None or inliers < least:
        return None
    full = _keypoint_scale(base, ours) @ matrix @ np.linalg.inv(_keypoint_scale(other, theirs))
    return Alignment(full, mirrored, inliers)
