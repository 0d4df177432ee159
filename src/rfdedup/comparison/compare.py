"""Decides whether two pictures show the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.align import Alignment, by_keypoints, by_panels, whole_forms
from rfdedup.comparison.canvas import Canvas, lay, refine, shift_together
from rfdedup.comparison.change import find_change
from rfdedup.comparison.colour import UNCHANGED, Colour, find_colour
from rfdedup.comparison.decision import Decision, Measures, another_hue, changed, decide
from rfdedup.comparison.model import ROUGH_SIDE, VIEW_SIDE, ChangeLimits, View
from rfdedup.comparison.overlay import Grain, describe, find_grain
from rfdedup.comparison.pasted import pasted
from rfdedup.comparison.tone import Toned, equalise
from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.model.evidence import Evidence, Kind, Side

_DEFAULTS: Final = ChangeLimits()
_SAME_GAIN: Final = 0.03
_SAME_OFFSET: Final = 3.0
_SAME_STRUCTURE: Final = 2.0
_TURNED: Final = 0.3
_SCALED: Final = 0.02
_CROPPED: Final = 0.9
_TONED: Final = 0.07


@dataclass(frozen=True, slots=True, eq=False)
class Finding:
    """One alignment of two pictures and what it showed. Colours are not looked at before they can decide anything."""

    alignment: Alignment
    canvas: Canvas
    toned: Toned
    measures: Measures
    verdict: Decision


def _edited(alignment: Alignment, coverage: float, gain: float) -> bool:
    matrix = alignment.matrix
    turn = abs(math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])))
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:2, :2]))))
    return (
        alignment.mirrored
        or round(turn, 3) > _TURNED
        or round(abs(scale - 1), 4) > _SCALED
        or round(coverage, 4) < _CROPPED
        or abs(gain - 1) > _TONED
    )


def _measure(base: View, other: View, alignment: Alignment, canvas: Canvas, limits: ChangeLimits) -> Finding:
    toned = equalise(canvas.base, canvas.other, canvas.mask)
    change = find_change(toned, canvas.mask, limits)
    measures = Measures(
        area=canvas.area,
        canvas=canvas.mask.size,
        change=change,
        colour=UNCHANGED,
        overlay=None,
        grain=Grain(None, 1.0),
        gain=toned.gain,
        offset=toned.offset,
        greyed=toned.greyed,
        inliers=alignment.inliers,
        supported=alignment.inliers > 0 or canvas.tracked * canvas.corners >= limits.sure_inliers,
        edited=_edited(alignment, canvas.coverage(base, other)[0], toned.gain),
        tracked=canvas.tracked,
        corners=canvas.corners,
    )
    if not changed(measures, limits):
        measures = replace(measures, colour=_colour(canvas, toned, limits))
    return Finding(alignment, canvas, toned, measures, decide(measures, limits))


def _colour(canvas: Canvas, toned: Toned, limits: ChangeLimits) -> Colour:
    return find_colour(canvas.base, canvas.other, toned, canvas.mask, limits)


def _settled(finding: Finding, limits: ChangeLimits) -> bool:
    """Whether a whole form shows no change, and had the structure to show one."""
    measures = finding.measures
    if changed(measures, limits) or another_hue(measures, limits) or finding.verdict.reason == "grey-of-another-tone":
        return False
    return measures.change.peak < limits.max_change_alone or measures.change.textured >= limits.least_textured


def find(base: View, other: View, limits: ChangeLimits) -> Finding | None:
    """The alignment that explains most, cheapest first; None where the pictures cannot be laid over each other."""
    whole: Finding | None = None
    rejected: Alignment | None = None
    for _, alignment in whole_forms(base, other, limits):
        if _clearly_changed(base, other, alignment, limits):
            rejected = rejected or alignment
            continue
        canvas = lay(base, other, alignment, VIEW_SIDE)
        if canvas is None:
            continue
        finding = _measure(base, other, alignment, canvas, limits)
        if _settled(finding, limits):
            return finding
        whole = whole or finding
    few = _aligned(base, other, by_keypoints(base, other, limits, few=True), limits)
    # a coarse alignment may make a change look like a layer, but never hides a clear one
    if (
        few is not None
        and few.alignment.inliers >= limits.many_inliers
        and (_settled(few, limits) or _surely_different(few, limits))
    ):
        return few
    found = _aligned(base, other, by_keypoints(base, other, limits), limits)
    if found is None or (found.alignment.inliers < limits.many_inliers and not _settled(found, limits)):
        panel = _aligned(base, other, by_panels(base, other, limits), limits)
        if panel is not None and _settled(panel, limits):
            return panel
    if found is not None:
        return found
    if whole is None and rejected is not None:
        canvas = lay(base, other, rejected, VIEW_SIDE)
        whole = None if canvas is None else _measure(base, other, rejected, canvas, limits)
    return whole and _shaken(base, other, whole, limits)


def _surely_different(finding: Finding, limits: ChangeLimits) -> bool:
    """Whether a clear change makes two pictures different whatever it is like."""
    clear = finding.measures.change.peak >= limits.clear_change
    return clear and _with_details(finding, limits).verdict.kind == Kind.DIFFERENT


def _aligned(base: View, other: View, alignment: Alignment | None, limits: ChangeLimits) -> Finding | None:
    """What an alignment by keypoints shows; None where there is none, or it leaves too little to compare."""
    canvas = None if alignment is None else lay(base, other, alignment, VIEW_SIDE)
    if alignment is None or canvas is None or canvas.area < limits.least_area:
        return None
    return _measure(base, other, alignment, refine(canvas), limits)


def _clearly_changed(base: View, other: View, alignment: Alignment, limits: ChangeLimits) -> bool:
    """Whether even a small canvas shows a change: saves the look at a large one."""
    if min(max(base.rgb.shape), max(other.rgb.shape)) < 2 * ROUGH_SIDE:
        return False
    canvas = lay(base.rough, other.rough, alignment, ROUGH_SIDE)
    if canvas is None:
        return False
    change = find_change(equalise(canvas.base, canvas.other, canvas.mask), canvas.mask, limits)
    return change.peak >= limits.clear_change


def _shaken(base: View, other: View, whole: Finding, limits: ChangeLimits) -> Finding:
    """``whole`` with the shake of a camera taken out, where that leaves less change: for pictures of few keypoints."""
    steady = refine(shift_together(whole.canvas))
    if steady is whole.canvas:
        return whole
    finding = _measure(base, other, whole.alignment, steady, limits)
    return finding if finding.measures.change.peak < whole.measures.change.peak else whole


def _with_details(finding: Finding, limits: ChangeLimits) -> Finding:
    """``finding`` with grain, and with what the change is like, judged again."""
    measures = finding.measures
    has_change = changed(measures, limits)
    if has_change:
        measures = replace(measures, colour=_colour(finding.canvas, finding.toned, limits))
    measures = replace(
        measures,
        grain=find_grain(finding.canvas, limits, whole=has_change),
        overlay=describe(measures.change, measures.colour, finding.canvas) if has_change else None,
        supported=measures.supported or _settled(finding, limits),
    )
    return Finding(finding.alignment, finding.canvas, finding.toned, measures, decide(measures, limits))


def _side(finding: Finding, subject_is_base: bool) -> Side:
    if not finding.verdict.changed:
        return Side.NONE
    measures = finding.measures
    overlay = measures.overlay
    if overlay is not None and finding.verdict.reason == "overlay":
        # where light was changed, what is cut off at black or white looks laid over as well
        relit = abs(measures.gain - 1) > _SAME_GAIN or abs(measures.offset) > _SAME_OFFSET
        if overlay.on_base is None or relit:
            return Side.BOTH
        return Side.SUBJECT if overlay.on_base == subject_is_base else Side.KING
    if overlay is None or 1 / _SAME_STRUCTURE < overlay.structure < _SAME_STRUCTURE:
        return Side.BOTH
    return Side.SUBJECT if (overlay.structure >= _SAME_STRUCTURE) == subject_is_base else Side.KING


def _rounded(matrix: NDArray[np.floating]) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (float(value) for value in matrix[:2].ravel())
    return round(a, 5), round(b, 5), round(c, 2), round(d, 5), round(e, 5), round(f, 2)


def compare(subject: View, king: View, limits: ChangeLimits = _DEFAULTS) -> Evidence:
    """What ``subject`` is to ``king``: the same kinds whichever is called which."""
    subject_is_base = subject.order > king.order
    base, other = (subject, king) if subject_is_base else (king, subject)
    finding = find(base, other, limits)
    if finding is None:
        zeros = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        return Evidence(
            Kind.DIFFERENT, Kind.DIFFERENT, zeros, False, 0, 0.0, 0.0, 0, 0.0, Side.BOTH, False, 0, "not-aligned"
        )
    finding = _with_details(finding, limits)
    verdict, measures, canvas = finding.verdict, finding.measures, finding.canvas
    # the canvas may have shifted the other picture since it was aligned
    matrix = np.linalg.inv(canvas.base_to_canvas) @ canvas.to_canvas
    change = measures.change
    transform = _rounded(np.linalg.inv(matrix) if subject_is_base else matrix)
    return Evidence(
        kind=verdict.kind,
        kind_in_series=verdict.kind_in_series,
        transform=transform,
        mirrored=finding.alignment.mirrored,
        inliers=finding.alignment.inliers,
        overlap=round(canvas.coverage(base, other)[1], 4),
        matched=round(1.0 - min(1.0, change.area / max(1, measures.area)), 4) if verdict.changed else 1.0,
        changed_area=change.largest if verdict.changed else 0,
        changed_share=round(change.largest / measures.canvas, 5) if verdict.changed else 0.0,
        side=_side(finding, subject_is_base),
        colour_changed=verdict.colour_changed,
        resolution=max(canvas.mask.shape),
        reason=verdict.reason,
        pasted=Side.NONE if verdict.kind == Kind.DIFFERENT else pasted(transform, subject, king),
    )


def change_map(subject: View, king: View, limits: ChangeLimits = _DEFAULTS) -> tuple[U8, U8, U8]:
    """For people to see: both pictures (h, w, 3) uint8 laid over each other, and what changed, (h, w) uint8, 0 or 255.

    Pictures that cannot be aligned come as they are, the subject brought to the king's size, all of it changed.
    """
    subject_is_base = subject.order > king.order
    base, other = (subject, king) if subject_is_base else (king, subject)
    finding = find(base, other, limits)
    if finding is None:
        height, width = king.rgb.shape[:2]
        return area_resize(subject.rgb, width, height), king.rgb, np.full((height, width), 255, np.uint8)
    canvas = finding.canvas
    pair = (canvas.base, canvas.other) if subject_is_base else (canvas.other, canvas.base)
    return *pair, finding.measures.change.regions * np.uint8(255)
