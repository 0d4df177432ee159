"""Tier 1, the judgement: which measured images are dropped, and for what reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.config import QualityConfig

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

GRAYSCALE: Final = 1.0
"""Colour spread in levels below which a picture counts as grey; what JPEG leaves in a grey picture is less."""
_CAUSES: Final = (
    *("dark", "bright", "blank", "low_information", "grayscale", "tiny", "odd_aspect", "animated"),
    *("low_texture", "blurry"),
)
"""Order in which a reason is looked for: a black frame is dark, though it also lacks sharpness."""

CHECKED: Final = (
    "brightness",
    "sharpness",
    "local_sharpness",
    "entropy",
    "colorfulness",
    "width",
    "height",
    "flags",
    "light",
    "shade",
    "texture",
    "crispness",
)
"""Columns of ``schemas.FEATURES`` that ``check_quality`` looks at."""

REJECTED: Final = "rejected"
"""Reason of an image that a reviewer dropped."""

SHARP_SPOT: Final = 2.5
"""A picture whose sharpest sixteenth is this many times as sharp as the bound has a soft background: not blurry."""


@dataclass(frozen=True)
class QualityChecks:
    """What tier 1 says of n images.

    Attributes:
        dropped: (n,) bool, whether the row has a reason.
        reason: (n,) object, the first cause in ``QUALITY_CHECKS`` order with blurry last, None where a row passes.
        score: (n,) float64, the measured value that decided, NaN where a row passes.
        threshold: (n,) float64, the bound that it met, NaN where a row passes.
        flags: (n,) bool of each check that does not drop: the rows that met it.
    """

    dropped: Mask
    reason: npt.NDArray[np.object_]
    score: Floats
    threshold: Floats
    flags: dict[str, Mask]

    def overruled(self, keep: Mask, drop: Mask) -> QualityChecks:
        """The same with reviewers' decisions: (n,) rows that pass whatever was measured, and rows that fall."""
        decided = keep | drop
        if not decided.any():
            return self
        reason = self.reason.copy()
        reason[keep], reason[drop] = None, REJECTED
        return QualityChecks(
            dropped=(self.dropped & ~keep) | drop,
            reason=reason,
            score=np.where(decided, np.nan, self.score),
            threshold=np.where(decided, np.nan, self.threshold),
            flags=self.flags,
        )


def check_quality(features: pa.Table, config: QualityConfig, *, active: bool = True) -> QualityChecks:
    """Apply the thresholds to measured columns. Rows without measurements (errors) pass and carry no flag.

    Args:
        features: columns ``CHECKED`` of ``schemas.FEATURES``.
        config: thresholds, and the checks that drop.
        active: False turns every check into a flag.
    """
    n = features.num_rows
    dropped = np.zeros(n, np.bool_)
    reason: npt.NDArray[np.object_] = np.full(n, None, object)
    score, threshold = np.full(n, np.nan), np.full(n, np.nan)
    flags: dict[str, Mask] = {}
    checks = _checks(features, config)
    for name in _CAUSES:
        hit, value, bound = checks[name]
        if active and name in config.drop:
            first = hit & ~dropped
            dropped |= first
            reason[first], score[first], threshold[first] = name, value[first], bound
        else:
            flags[name] = hit
    return QualityChecks(dropped, reason, score, threshold, flags)


def _checks(features: pa.Table, config: QualityConfig) -> dict[str, tuple[Mask, Floats, float]]:
    """Of each check: the rows that meet it, the value that it looks at, and its bound."""

    def column(name: str) -> Floats:
        values: Floats = features[name].cast(pa.float64()).to_numpy()
        return values

    width, height = column("width"), column("height")
    spread, bits = column("colorfulness"), column("entropy")
    shorter, longer = np.minimum(width, height), np.maximum(width, height)
    with np.errstate(invalid="ignore", divide="ignore"):
        aspect = longer / shorter
    animated = _has_flag(features, "animated")
    # comparisons with NaN are false: rows without measurements meet no check
    light, shade, texture = column("light"), column("shade"), column("texture")
    reach = light - shade
    if config.rule == "classic":
        grey, sharp, spot = column("brightness"), column("sharpness"), column("local_sharpness")
        decided = {
            "dark": (grey < config.dark, grey, config.dark),
            "bright": (grey > config.bright, grey, config.bright),
            "blurry": ((sharp < config.blurry) & ~(spot >= SHARP_SPOT * config.blurry), sharp, config.blurry),
            "blank": (np.zeros(len(grey), np.bool_), reach, float(config.blank)),
        }
    else:
        crisp = column("crispness")
        # the classes of a label map are no light: most of them are near 0, and one may be all there is
        picture = ~_has_flag(features, "label_map")
        decided = {
            "dark": ((light < config.dark) & picture, light, config.dark),
            "bright": (shade > config.bright, shade, config.bright),
            "blurry": (crisp < config.blurry, crisp, config.blurry),
            "blank": ((reach < config.blank) & picture, reach, float(config.blank)),
        }
    return {
        **decided,
        "low_texture": (texture < config.low_texture, texture, config.low_texture),
        "low_information": (bits < config.low_information, bits, config.low_information),
        "grayscale": (spread < GRAYSCALE, spread, GRAYSCALE),
        "tiny": (shorter < config.tiny, shorter, float(config.tiny)),
        "odd_aspect": (aspect > config.odd_aspect, aspect, config.odd_aspect),
        "animated": (animated, animated.astype(np.float64), 1.0),
    }


def _has_flag(features: pa.Table, flag: str) -> Mask:
    """Rows whose list of flags holds ``flag``."""
    flags = features["flags"].combine_chunks()
    parents = pc.list_parent_indices(flags)
    mask = np.zeros(features.num_rows, np.bool_)
    mask[parents.filter(pc.equal(pc.list_flatten(flags), flag)).to_numpy()] = True
    return mask


def looked_at(features: pa.Table, config: QualityConfig) -> dict[str, tuple[bool, float, float]]:
    """Of the only row and each check: whether it meets it, the value that it looks at (NaN: none), and its bound."""
    return {
        name: (bool(hit[0]), float(value[0]), float(bound))
        for name, (hit, value, bound) in _checks(features, config).items()
    }
