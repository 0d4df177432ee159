"""How sure each drop is, from what was measured: the least certain ones deserve a look first. Pure functions."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.evidence import Kind
from rfdedup.model.schemas import Tier

Floats = npt.NDArray[np.float64]

_OVERLAY: Final = 0.0
_MOMENT: Final = 0.25
_ALIGNED: Final = 0.5
_WHOLE: Final = 0.75
_STEP: Final = 0.25
_HALF_SURE: Final = 16.0
"""Keypoints that agree at which an alignment counts half."""


def certainty(evidence: pa.Table) -> Floats:
    """How sure each comparison is, (n,) 0 (least) to 1.

    Least sure is a pair of which one shows a patch that the other lacks, then two pictures of one moment, then an edit
    that was found by keypoints; most a whole picture over another. Within each of these, the larger the part of both
    that was compared and did not change, and the more keypoints agree, the surer.

    Args:
        evidence: columns ``same``, ``inliers``, ``overlap``, ``matched`` and ``reason`` of ``schemas.EVIDENCE``.
    """
    inliers = _numbers(evidence, "inliers")
    overlaid = _equal(evidence, "reason", "overlay")
    moment = _equal(evidence, "same", str(Kind.MOMENT))
    base = np.select([overlaid, moment, inliers > 0], [_OVERLAY, _MOMENT, _ALIGNED], _WHOLE)
    support = np.where(inliers > 0, inliers / (inliers + _HALF_SURE), 1.0)
    strength = np.clip(_numbers(evidence, "matched") * _numbers(evidence, "overlap") * support, 0.0, 1.0)
    return np.asarray(base + _STEP * strength)


def margins(drops: pa.Table) -> Floats:
    """How far each drop lies from its threshold: 0 at the bound, 1 at the other end of the scale.

    Cosine similarity ends at 1, brightness at 0 and 255, a count of differing bits and sharpness at 0. Exact copies
    are at 1. Rows without a score get NaN.

    Args:
        drops: columns ``tier``, ``reason``, ``score`` and ``threshold`` of the verdicts.
    """
    score, threshold = _numbers(drops, "score"), _numbers(drops, "threshold")
    with np.errstate(invalid="ignore", divide="ignore"):
        margin = (threshold - score) / threshold
        semantic = _equal(drops, "tier", Tier.SEMANTIC)
        margin[semantic] = ((score - threshold) / (1 - threshold))[semantic]
        bright = _equal(drops, "reason", "bright")
        margin[bright] = ((score - threshold) / (255 - threshold))[bright]
    margin[_equal(drops, "tier", Tier.EXACT)] = 1.0
    return np.clip(margin, 0.0, 1.0)


def certainties(verdicts: pa.Table, evidence: pa.Table) -> Floats:
    """How sure the verdict on each image is, (n,) 0 to 1; 1 where nothing was measured.

    That of the comparison where pictures were compared, and else the distance from the threshold.

    Args:
        verdicts: all n rows, columns of ``margins``.
        evidence: columns ``row`` and those of ``certainty``, of drops among them.
    """
    values = margins(verdicts)
    values[np.isnan(values)] = 1.0
    values[evidence["row"].to_numpy()] = certainty(evidence)
    return values


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.asarray(table[name].to_numpy(zero_copy_only=False), dtype=np.float64)


def _equal(table: pa.Table, name: str, value: str) -> npt.NDArray[Any]:
    return np.asarray(pc.fill_null(pc.equal(table[name], str(value)), False).to_numpy(zero_copy_only=False), dtype=bool)
