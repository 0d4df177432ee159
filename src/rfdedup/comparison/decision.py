"""From what was measured to what the pair is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rfdedup.comparison.change import Change, is_fine_change
from rfdedup.comparison.colour import Colour
from rfdedup.comparison.model import ChangeLimits
from rfdedup.comparison.overlay import Grain, Overlay
from rfdedup.model.evidence import Kind

_GREY_GAINS: Final = (0.8, 1.25)
_GREY_OFFSET: Final = 40.0
_LEAST_CORNERS: Final = 40
_FLIPPED: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """All that the decision looks at.

    Attributes:
        area: pixels compared.
        canvas: pixels of the canvas.
        change: brightness.
        colour: hues.
        overlay: what the change is like; None where nothing changed.
        grain: the finest structure.
        gain, offset: of the tone.
        greyed: whether only one picture has colours.
        inliers: keypoints that agree on the alignment.
        supported: whether keypoints, corners or structure speak for the alignment.
        edited: whether the alignment is more than the camera's shake: a mirror, a turn, another size, a crop.
        tracked, corners: of the refinement.
    """

    area: int
    canvas: int
    change: Change
    colour: Colour
    overlay: Overlay | None
    grain: Grain
    gain: float
    offset: float
    greyed: bool
    inliers: int
    supported: bool
    edited: bool
    tracked: float
    corners: int


@dataclass(frozen=True, slots=True)
class Decision:
    kind: Kind
    kind_in_series: Kind
    reason: str
    changed: bool
    colour_changed: bool


def _different(reason: str, changed: bool = True, colour_changed: bool = False) -> Decision:
    return Decision(Kind.DIFFERENT, Kind.DIFFERENT, reason, changed, colour_changed)


def changed(measures: Measures, limits: ChangeLimits) -> bool:
    """Whether brightness changed somewhere by more than noise."""
    change = measures.change
    if is_fine_change(change.fine_peak, change.outstanding, limits):
        return True
    # where all the rest agrees, little is much
    limit = min(limits.max_change, limits.least_max_change + limits.change_per_disagreement * change.disagreement)
    return change.peak >= limit and change.largest >= limits.least_region


def another_hue(measures: Measures, limits: ChangeLimits) -> bool:
    """Whether hues changed over more than a speck."""
    return measures.colour.largest >= max(limits.max_hue_area, limits.max_hue_share * measures.canvas)


def _overlay(measures: Measures, limits: ChangeLimits) -> bool:
    """Whether what changed was laid over a copy: of one colour, over a photo whose grain is the same elsewhere."""
    overlay, likeness, alive = measures.overlay, measures.grain.likeness, measures.grain.alive
    if overlay is None or alive < limits.least_alive:
        return False
    if measures.change.disagreement >= limits.max_overlay_disagreement:
        return False
    if overlay.banner:
        return likeness is not None and likeness >= limits.banner_grain
    if overlay.layer < limits.least_layer:
        return False
    # a small thing may be a far person: then the grain must leave no doubt
    large = measures.change.area >= limits.least_overlay_share * measures.area
    if large and overlay.weaker_sign <= limits.one_sided:
        return likeness is None or likeness >= limits.overlay_grain
    if measures.change.peak < limits.max_change:
        return False
    return overlay.weaker_sign <= limits.nearly_one_sided and likeness is not None and likeness >= limits.sure_grain


def _hue_within(measures: Measures) -> bool:
    """Whether another hue is that of a coloured layer."""
    return measures.overlay is not None and (measures.overlay.banner or measures.colour.flipped < _FLIPPED)


def decide(measures: Measures, limits: ChangeLimits) -> Decision:
    """What a pair is, alone and in a crowd."""
    change = measures.change
    if measures.area < limits.least_area or change.structure < limits.least_structure:
        return _different("little-support")
    if not measures.supported and change.peak >= limits.max_change_alone:
        return _different("changed-unsupported")
    unsure = 0 < measures.inliers < limits.sure_inliers
    # a few keypoints of a tiny picture agree by chance, and too few pixels are left to contradict them
    if unsure and (
        change.disagreement >= limits.max_unsure_disagreement
        or change.peak >= limits.max_unsure_change
        or measures.area < limits.least_unsure_area
    ):
        return _different("hardly-aligned")
    if measures.greyed and not (
        _GREY_GAINS[0] <= measures.gain <= _GREY_GAINS[1] and abs(measures.offset) <= _GREY_OFFSET
    ):
        return _different("grey-of-another-tone")
    has_change, has_hue = changed(measures, limits), another_hue(measures, limits)
    layered = has_change and _overlay(measures, limits)
    if has_hue and not (layered and _hue_within(measures)):
        return _different("colour", has_change, colour_changed=True)
    likeness = measures.grain.likeness
    same_grain = likeness is not None and likeness >= limits.equal_grain
    if not has_change:
        if measures.edited:
            return Decision(Kind.COPY, Kind.COPY, "edited", False, False)
        kind = Kind.MOMENT if likeness is not None and likeness < limits.copy_grain else Kind.COPY
        # a small thing that moved leaves no more than compression does: where things move, that is too much
        kind_in_series = kind if change.peak < limits.max_change_crowd else Kind.DIFFERENT
        return Decision(kind, kind_in_series, "unchanged", False, False)
    if change.disagreement >= limits.max_disagreement or (
        measures.corners >= _LEAST_CORNERS and measures.tracked < limits.least_tracked
    ):
        return _different("hardly-aligned")
    if not layered:
        return _different("changed")
    return Decision(Kind.COPY, Kind.COPY if same_grain else Kind.DIFFERENT, "overlay", True, has_hue)
