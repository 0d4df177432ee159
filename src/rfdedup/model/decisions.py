"""What reviewers decided, tied to the content of images, and what it demands of kings and subjects.

Everything here is pure. A decision names an image by the SHA-256 of its bytes, so it survives re-runs, new images and
other thresholds; the path only tells apart files with the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError

Rows = npt.NDArray[np.int64]
EXPORT_FORMAT = "rfdedup-reviews"
EXPORT_VERSION = 1
_HEX = frozenset("0123456789abcdef")


class Choice(StrEnum):
    """What may be decided: of one image, or (the last two) of a pair."""

    KEEP = "keep"
    DROP = "drop"
    KING = "king"
    RESET = "reset"
    DISTINCT = "distinct"
    SAME = "same"


ABOUT_PAIRS = (Choice.DISTINCT, Choice.SAME)


@dataclass(frozen=True, order=True)
class Image:
    """An image by content. ``path`` is relative to its INPUT, as in the verdicts."""

    sha256: str
    path: str


@dataclass(frozen=True)
class Decision:
    """One choice. ``other`` is set for choices about pairs only."""

    choice: Choice
    image: Image
    other: Image | None = None


@dataclass(frozen=True)
class Decisions:
    """All that holds at one time.

    Attributes:
        images: keep, drop or king by image; kings in the order in which they were chosen, the latest last.
        distinct: pairs that are no duplicates, each sorted.
    """

    images: dict[Image, Choice] = field(default_factory=dict)
    distinct: frozenset[tuple[Image, Image]] = frozenset()

    def __len__(self) -> int:
        return len(self.images) + len(self.distinct)


def settle(log: Iterable[Decision]) -> Decisions:
    """What holds after all decisions of a log, the first one first."""
    images: dict[Image, Choice] = {}
    distinct: set[tuple[Image, Image]] = set()
    for decision in log:
        if decision.other is not None:
            pair = _pair(decision.image, decision.other)
            if decision.choice is Choice.DISTINCT:
                distinct.add(pair)
            else:
                distinct = {known for known in distinct if not _same_content(known, pair)}
            continue
        images.pop(decision.image, None)
        if decision.choice is not Choice.RESET:
            images[decision.image] = decision.choice
    return Decisions(images, frozenset(distinct))


def export(decisions: Decisions) -> dict[str, Any]:
    """A JSON-able value that ``parse`` reads."""
    return {
        "format": EXPORT_FORMAT,
        "version": EXPORT_VERSION,
        "images": [
            {"sha256": image.sha256, "path": image.path, "decision": str(choice)}
            for image, choice in decisions.images.items()
        ],
        "distinct": [
            [{"sha256": image.sha256, "path": image.path} for image in pair] for pair in sorted(decisions.distinct)
        ],
    }


def parse(value: Any) -> list[Decision]:
    """The decisions of an exported value.

    Raises:
        DataError: it is not what ``export`` makes; the message names the entry.
    """
    if not isinstance(value, dict) or value.get("format") != EXPORT_FORMAT:
        raise DataError(f'not an export of reviews: it lacks "format": "{EXPORT_FORMAT}"')
    if value.get("version") != EXPORT_VERSION:
        raise DataError(f"reviews of version {value.get('version')!r}; this version reads {EXPORT_VERSION}")
    images, distinct = value.get("images"), value.get("distinct")
    if not isinstance(images, list) or not isinstance(distinct, list):
        raise DataError("an export of reviews holds the lists images and distinct")
    out = []
    for number, entry in enumerate(images):
        where = f"images[{number}]"
        choice = entry.get("decision") if isinstance(entry, dict) else None
        if choice not in (Choice.KEEP, Choice.DROP, Choice.KING):
            raise DataError(f"{where} has the decision {choice!r}; known: keep, drop, king")
        out.append(Decision(Choice(choice), _image(entry, where)))
    for number, pair in enumerate(distinct):
        where = f"distinct[{number}]"
        if not isinstance(pair, list) or len(pair) != 2:
            raise DataError(f"{where} is not a pair of images")
        one, other = (_image(entry, where) for entry in pair)
        if one.sha256 == other.sha256:
            raise DataError(f"{where} is a pair of identical files")
        out.append(Decision(Choice.DISTINCT, one, other))
    return out


def digest(decisions: Decisions) -> str:
    """Tells whether two sets of decisions demand the same; kept in ``run.json`` beside the verdicts they shaped."""
    if not len(decisions):
        return ""
    text = json.dumps(export(decisions), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _pair(one: Image, other: Image) -> tuple[Image, Image]:
    return (one, other) if one <= other else (other, one)


def _same_content(one: tuple[Image, Image], other: tuple[Image, Image]) -> bool:
    return {image.sha256 for image in one} == {image.sha256 for image in other}


def _image(entry: Any, where: str) -> Image:
    sha256, path = (entry.get(name) if isinstance(entry, dict) else None for name in ("sha256", "path"))
    if not isinstance(sha256, str) or len(sha256) != 64 or not _HEX.issuperset(sha256):
        raise DataError(f"{where} has the sha256 {sha256!r}; 64 hex digits name an image")
    if not isinstance(path, str):
        raise DataError(f"{where} has no path")
    return Image(sha256, path)
