"""What proves a drop, judged on measurements of the two files. Pure functions; None means proved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from rfdedup.features.quality import REJECTED, check_quality
from rfdedup.model.config import QualityConfig
from rfdedup.model.evidence import Evidence
from rfdedup.model.faults import Fault
from rfdedup.model.schemas import FEATURES
from rfdedup.outputs.verification.drops import RecordedDrop
from rfdedup.stages.perceptual import find_perceptual_links
from rfdedup.stages.verdicts import EXACT_SCORE

Facts = dict[str, Any]
"""Measured columns of one file, by the names of ``schemas.FEATURES``."""

EVIDENCE_TOLERANCE = {"overlap": 0.03, "matched": 0.03, "changed_share": 0.02}
"""What a comparison may measure differently on another processor, where the kind is the same."""
MOST_SHIFT = 0.02
"""How far apart two transforms may put a corner, in parts of the longer side."""
TOLERANCE = 1e-6
"""Relative difference of a measurement between two machines that is no difference."""


def disprove_quality(drop: RecordedDrop, mine: Facts, config: QualityConfig) -> Fault | None:
    """Why tier 1 would not drop the file for the reason, score and bound that the run noted."""
    if drop.reason == REJECTED:
        # a person's word is its own proof
        return None
    row = {name: mine.get(name) for name in FEATURES.names} | {"flags": list(mine["flags"])}
    found = check_quality(pa.Table.from_pylist([row], schema=_MEASURED), config)
    if not found.dropped[0]:
        return "not-proven", f"it passes tier 1, the run noted {drop.reason}"
    if found.reason[0] != drop.reason:
        return "not-proven", f"tier 1 calls it {found.reason[0]}, the run noted {drop.reason}"
    return _compared(drop, float(found.score[0]), float(found.threshold[0]))


def disprove_exact(drop: RecordedDrop, mine: Facts, theirs: Facts) -> Fault | None:
    """Why two files are not the same bytes."""
    if mine["sha256"] != theirs["sha256"]:
        return "not-proven", "its bytes differ from those of its king"
    return _compared(drop, EXACT_SCORE, EXACT_SCORE)


def disprove_perceptual(drop: RecordedDrop, mine: Facts, theirs: Facts, radius: int) -> Fault | None:
    """Why two files are not linked by hashes that their thumbnails corroborate."""
    pair = (mine, theirs)
    thumbs = np.stack([np.frombuffer(facts["thumb"], np.uint8) for facts in pair])
    links = find_perceptual_links(
        np.arange(2),
        np.array([facts["dhash"] for facts in pair], np.uint64),
        np.array([facts["phash"] for facts in pair], np.uint64),
        np.array([facts["contrast"] for facts in pair]),
        lambda rows: thumbs[rows],
        radius,
        most=2,
    ).links
    if not len(links):
        apart = [(mine[name] ^ theirs[name]).bit_count() for name in ("dhash", "phash")]
        return "not-proven", f"dHash differs in {apart[0]} bits, pHash in {apart[1]}, or the thumbnails do"
    return _compared(drop, float(links.score[0]), float(radius))


def disprove_comparison(drop: RecordedDrop, found: Evidence, size: tuple[int, int]) -> Fault | None:
    """Why two pictures do not show what the run noted.

    Args:
        drop: the drop, with its evidence.
        found: the same comparison, made again.
        size: width and height of the file to drop, by the pixels of which a transform is judged.
    """
    noted = drop.evidence or {}
    if found.kind != drop.same or noted["same"] != drop.same:
        return (
            "not-proven",
            f"compared again, its king shows it as {found.kind} ({found.reason}), noted as {drop.same}",
        )
    for name, tolerance in EVIDENCE_TOLERANCE.items():
        value = getattr(found, name)
        # what is no number agrees with nothing
        if not abs(value - noted[name]) <= tolerance:
            return "evidence", f"{name} {value:.4g}, the run noted {noted[name]:.4g}"
    if found.mirrored != noted["mirrored"]:
        return (
            "evidence",
            "one of them is mirrored, the run noted otherwise" if found.mirrored else "neither is mirrored",
        )
    corners = np.array([[x, y, 1.0] for x in (0, size[0]) for y in (0, size[1])])
    shift = corners @ (np.reshape(found.transform, (2, 3)) - np.reshape(noted["transform"], (2, 3))).T
    scale = np.sqrt(abs(np.linalg.det(np.reshape(found.transform, (2, 3))[:, :2])))
    if not np.abs(shift).max() <= MOST_SHIFT * max(size) * max(scale, 1e-6):
        return "evidence", "the run noted that it lies elsewhere on its king"
    return None


def _compared(drop: RecordedDrop, score: float, threshold: float) -> Fault | None:
    if drop.threshold != threshold:
        return "threshold", f"noted with the bound {drop.threshold}, the run's is {threshold}"
    # a noted score that is no number agrees with nothing
    if not abs(score - drop.score) <= TOLERANCE * max(1.0, abs(score)):
        return "score", f"measured {score:.6g}, the run noted {drop.score:.6g}"
    return None


_MEASURED = pa.schema([field.with_nullable(True) for field in FEATURES])
