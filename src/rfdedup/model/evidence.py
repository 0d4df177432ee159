"""What a comparison of two pictures measured, and what it decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What two pictures are to each other."""

    COPY = "copy"
    MOMENT = "moment"
    DIFFERENT = "different"


class Side(StrEnum):
    """Which picture shows something that the other does not."""

    NONE = "none"
    SUBJECT = "subject"
    KING = "king"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the comparison of a subject with a king found; the numbers are rounded as they were judged.

    Attributes:
        kind: what the pair is when nothing else is known.
        kind_in_series: what it is where many images share this background.
        transform: (a, b, c, d, e, f) maps subject to king pixels at full size, x' = a x + b y + c and
            y' = d x + e y + f, from the outer corner of the first pixel, mirror included; zeros where not aligned.
        mirrored: whether one is the mirror image of the other.
        inliers: keypoints that agree on the transform; 0 where it came without keypoints.
        overlap: share of the area of the picture that shows less that was compared.
        matched: share of what was compared that did not change.
        changed_area: pixels of the largest changed region on the canvas.
        changed_share: the same as a share of the canvas.
        side: which picture shows something that the other does not.
        colour_changed: whether hues changed.
        resolution: pixels of the longer side of the canvas; 0 where not aligned.
        reason: one word for why.
        pasted: which picture has the other pasted into it, as a collage has.
    """

    kind: Kind
    kind_in_series: Kind
    transform: tuple[float, float, float, float, float, float]
    mirrored: bool
    inliers: int
    overlap: float
    matched: float
    changed_area: int
    changed_share: float
    side: Side
    colour_changed: bool
    resolution: int
    reason: str
    pasted: Side = Side.NONE


_OTHER_SIDE: Final = {Side.SUBJECT: Side.KING, Side.KING: Side.SUBJECT}


def fields_of(evidence: Evidence) -> dict[str, object]:
    """Plain values of an evidence by the names of its fields."""
    return {
        name: str(value) if isinstance(value, Kind | Side) else list(value) if isinstance(value, tuple) else value
        for name, value in ((name, getattr(evidence, name)) for name in Evidence.__dataclass_fields__)
    }


def swapped(evidence: Evidence) -> Evidence:
    """The same evidence with the king as subject and the subject as king."""
    a, b, c, d, e, f = evidence.transform
    determinant = a * e - b * d
    inverse = evidence.transform
    if determinant:
        p, q, r, s = e / determinant, -b / determinant, -d / determinant, a / determinant
        inverse = (p, q, -(p * c + q * f), r, s, -(r * c + s * f))
    side, pasted = (_OTHER_SIDE.get(side, side) for side in (evidence.side, evidence.pasted))
    return replace(evidence, transform=inverse, side=side, pasted=pasted)
