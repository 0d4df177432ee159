"""From what was measured to what the pair is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rfdedup.comparison.change import Change
from rfdedup.comparison.colour import Colour
from rfdedup.comparison.model import Kind, Limits
from rfdedup.comparison.overlay import Overlay

_GREY: Final = 0.01
_COLOURED: Final = 0.05
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
        grain: correlation of the finest structure, None where it cannot be measured.
        gain, offset: of the tone.
        supported: whether keypoints agreed on the alignment.
        edited: whether the alignment is more than the camera's shake: a mirror, a turn, another size, a crop.
        tracked, corners: of the refinement.
    """

    area: int
    canvas: int
    change: Change
    colour: Colour
    overlay: Overlay | None
    grain: float | None
    gain: float
    offset: float
    supported: bool
    edited: bool
    tracked: float
    corners: int


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Kind
    crowd_kind: Kind
    reason: str
    changed: bool
    colour_changed: bool


def _different(reason: str, changed: bool = True, colour_changed: bool = False) -> Verdict:
    return Verdict(Kind.DIFFERENT, Kind.DIFFERENT, reason, changed, colour_changed)


def changed(measures: Measures, limits: Limits) -> bool:
    """Whether brightness changed somewhere by more than noise."""
    change = measures.change
    return change.peak >= limits.max_change and change.largest >= limits.least_region


def another_hue(measures: Measures, limits: Limits) -> bool:
    """Whether hues changed over more than a speck."""
    return measures.colour.largest >= max(limits.max_hue_area, limits.max_hue_share * measures.canvas)


def decide(measures: Measures, limits: Limits) -> Verdict:
    """What a pair is, alone and in a crowd."""
    change, colour, overlay = measures.change, measures.colour, measures.overlay
    if measures.area < limits.least_area:
        return _different("little-support")
    same_grain = measures.grain is not None and measures.grain >= limits.equal_grain
    if not measures.supported and change.peak >= limits.max_change_alone:
        return _different("changed-unsupported")
    shares = sorted((colour.base, colour.other))
    if shares[0] < _GREY and shares[1] > _COLOURED and not (
        _GREY_GAINS[0] <= measures.gain <= _GREY_GAINS[1] and abs(measures.offset) <= _GREY_OFFSET
    ):  # fmt: skip
        return _different("grey-of-another-tone")
    has_change, has_hue = changed(measures, limits), another_hue(measures, limits)
    layered = False
    if has_change and overlay is not None:
        layered = overlay.weaker_sign <= limits.one_sided or (
            overlay.weaker_sign <= limits.nearly_one_sided
            and min(overlay.base_layer, overlay.other_layer) <= limits.max_layer_error
            and same_grain
        )
    if has_hue and not (has_change and layered and colour.flipped < _FLIPPED):
        return _different("colour", has_change, colour_changed=True)
    if not has_change:
        if measures.edited:
            return Verdict(Kind.COPY, Kind.COPY, "edited", False, False)
        kind = Kind.MOMENT if measures.grain is not None and not same_grain else Kind.COPY
        return Verdict(kind, kind, "unchanged", False, False)
    if change.disagreement > limits.max_disagreement or (
        measures.corners >= _LEAST_CORNERS and measures.tracked < limits.least_tracked
    ):
        return _different("hardly-aligned")
    if not layered:
        return _different("changed")
    return Verdict(Kind.COPY, Kind.COPY if same_grain else Kind.DIFFERENT, "overlay", True, has_hue)
