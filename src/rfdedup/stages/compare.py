"""Comparison of one proposed pair: both pictures are decoded again and laid over each other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from rfdedup.comparison import VIEW_SIDE, ChangeLimits, View, compare, make_view
from rfdedup.features.settings import feature_key
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError
from rfdedup.model.evidence import Evidence
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.sources.reading import read_stable

VERSION: Final = 10
"""Raise when a comparison may come out differently: what older versions compared is then compared again."""
_HELD: Final = 24
"""Views that a worker holds: pairs that share a picture come after each other."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a pair could not be compared: the ``end`` (0 or 1) that could not be read again, and its fault."""

    end: int
    fault: Fault


@dataclass(frozen=True)
class CompareTask:
    """Read both files of a pair, decode them as large as differences show, and compare them."""

    limits: DecodeLimits
    bounds: ChangeLimits

    def __call__(self, pair: tuple[Item, Item]) -> Evidence | Unreadable:
        views: list[View] = []
        for end, file in enumerate(pair):
            try:
                views.append(view_of(file, self.limits))
            except ImageError as error:
                return Unreadable(end, (error.kind, error.detail))
        return compare(views[0], views[1], limits=self.bounds)


@lru_cache(maxsize=_HELD)
def view_of(file: Item, limits: DecodeLimits) -> View:
    """What is compared of a file.

    Raises:
        ImageError: it cannot be read or decoded, or has changed since the scan.
    """
    picture = decode(read_stable(file, limits), at_least=VIEW_SIDE, limits=limits)
    return make_view(picture.rgb, picture.width, picture.height, picture.jpeg_quality)


def change_limits(config: RunConfig) -> ChangeLimits:
    """The limits of change that a configuration asks for."""
    usual = ChangeLimits()
    names = ("max_change", "least_max_change", "max_change_alone", "max_change_crowd")
    return replace(usual, **{name: getattr(usual, name) * config.compare.max_change for name in names})


def comparison_key(config: RunConfig) -> str:
    """Identity of what decides a comparison: decoder, version and limits."""
    return f"{feature_key(config)} comparison {VERSION} {change_limits(config)}"
