"""Evidence as a sentence."""

from __future__ import annotations

import math
from typing import Final

from rfdedup.model.evidence import Evidence, Kind, Side

_WHOLE: Final = 0.97
# the rim of what is shared is not compared
_NEARLY_ALL: Final = 0.85


def sentence(evidence: Evidence, subject_size: tuple[int, int], king_size: tuple[int, int]) -> str:
    """What ``evidence`` says of a subject and a king of these (width, height), for people."""
    if evidence.resolution == 0:
        return "the pictures cannot be laid over each other"
    how = _how(evidence, subject_size, king_size)
    if evidence.kind is Kind.DIFFERENT:
        start = "another picture" if not how else "the same view"
    elif evidence.kind is Kind.MOMENT:
        start = "the same moment"
    else:
        start = "the same picture"
    return ", ".join([start, *how, _what(evidence)])


def _how(evidence: Evidence, subject_size: tuple[int, int], king_size: tuple[int, int]) -> list[str]:
    a, b, _, d, e, _ = evidence.transform
    scale = math.sqrt(abs(a * e - b * d))
    words = []
    if evidence.mirrored:
        words.append("mirrored")
    turn = math.degrees(math.atan2(d, -a if evidence.mirrored else a))
    if abs(turn) >= 0.5:
        words.append(f"turned by {abs(turn):.0f} degrees")
    subject_share = scale * scale * subject_size[0] * subject_size[1] / (king_size[0] * king_size[1])
    if subject_share < _WHOLE and evidence.overlap >= _NEARLY_ALL:
        words.append(f"cut to {100 * subject_share:.0f} %")
    elif subject_share > 1 / _WHOLE:
        words.append(f"with more around it: the other is {100 / subject_share:.0f} % of it")
    elif evidence.overlap < _NEARLY_ALL:
        words.append(f"{100 * evidence.overlap:.0f} % of it shared")
    if scale > 0 and abs(scale - 1) > 0.02:
        words.append(f"at {100 / scale:.0f} % of the size")
    return words


def _what(evidence: Evidence) -> str:
    if evidence.colour_changed and evidence.kind is Kind.DIFFERENT:
        return "another hue"
    if evidence.side is Side.NONE:
        return "nothing changed"
    share = f"{100 * evidence.changed_share:.2g} % of the picture"
    if evidence.reason == "overlay":
        where = {Side.SUBJECT: "on it", Side.KING: "on the other"}.get(evidence.side, "on one of them")
        return f"something laid {where}: {share}"
    return f"something came, went or moved: {share}"
