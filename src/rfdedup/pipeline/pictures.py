"""One image hashed, or two held against each other, without a run."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rfdedup.comparison import ChangeLimits, Evidence, View, change_map, sentence
from rfdedup.comparison import compare as compare_views
from rfdedup.features.hashes import hashes as hash_codes
from rfdedup.features.hashes import sha256
from rfdedup.features.measurement import LONGEST
from rfdedup.imaging import DecodeLimits, decode, fit
from rfdedup.model.config import make_config
from rfdedup.model.errors import ImageError, InputError
from rfdedup.outputs.alike import read_image
from rfdedup.outputs.report.drawn_proofs import draw, jpeg, view_of_bytes
from rfdedup.outputs.report.notebook import Cell, cells_html
from rfdedup.sources.kept_images import encoded
from rfdedup.stages.compare import change_limits

Pixels = npt.NDArray[np.uint8]


class Hashes(NamedTuple):
    """What tier 2 measures of an image, as the columns of ``verdicts`` have it.

    Attributes:
        sha256: of the file, 64 hex digits; of PIL images and arrays, that of the PNG that a run would keep.
        dhash, phash: 64 bits as 16 hex digits.
    """

    sha256: str
    dhash: str
    phash: str


@dataclass(frozen=True)
class PictureComparison:
    """What two images are to each other. The first is held against the second: transform and words are from it.

    Attributes:
        kind: ``identical`` where the bytes are, else ``copy``, ``moment`` or ``different``.
        sentence: in words.
        evidence: all that was measured.
    """

    kind: str
    sentence: str
    evidence: Evidence = field(repr=False)
    _views: tuple[View, View] = field(repr=False, compare=False)
    _limits: ChangeLimits = field(repr=False, compare=False)

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """(a, b, c, d, e, f) maps pixels of the first to those of the second: x' = a x + b y + c, y' = d x + e y + f,
        at full size, from the outer corner of the first pixel, mirror included; zeros where they cannot be aligned."""
        return self.evidence.transform

    @property
    def mirrored(self) -> bool:
        return self.evidence.mirrored

    @property
    def overlap(self) -> float:
        """Share of the picture that shows less that was compared, 0 to 1."""
        return self.evidence.overlap

    @property
    def matched(self) -> float:
        """Share of what was compared that did not change, 0 to 1."""
        return self.evidence.matched

    @property
    def change_map(self) -> Pixels:
        """What changed, (h, w) uint8, 0 or 255, on the pictures as they are laid over each other."""
        return self._laid[2]

    @property
    def laid_over(self) -> tuple[Pixels, Pixels]:
        """Both pictures laid over each other, (h, w, 3) uint8 each, not longer than 768 pixels."""
        return self._laid[:2]

    @cached_property
    def _laid(self) -> tuple[Pixels, Pixels, Pixels]:
        return change_map(*self._views, self._limits)

    def _repr_html_(self) -> str:
        overlay, change = draw(*self._views, self._limits)
        one, other = (jpeg(fit(view.rgb, 2 * _SHOWN)) for view in self._views)
        cells = [Cell(["first"], one), Cell(["second"], other), Cell(["laid over each other"], overlay)]
        return cells_html(f"{self.kind}: {self.sentence}", [*cells, Cell(["what changed"], change)], side=_SHOWN)


_SHOWN = 200
"""Pixels of a picture in a notebook."""


def hashes(image: Any) -> Hashes:
    """SHA-256, dHash and pHash of one image, as a run measures them.

    Args:
        image: a path, bytes of a file, a PIL image, or an array of uint8 (h, w), (h, w, 3) or (h, w, 4) in RGB.

    Raises:
        ImageError: it cannot be read or decoded.
        InputError: it is no image.
    """
    data = bytes_of(image)
    picture = decode(data, at_least=LONGEST, limits=DecodeLimits())
    grey = fit(picture.grey(), LONGEST, (picture.width, picture.height))
    difference, perceptual = hash_codes(grey)
    return Hashes(sha256(data), f"{difference:016x}", f"{perceptual:016x}")


def compare(a: Any, b: Any, *, max_change: float = 1.0) -> PictureComparison:
    """Hold two images against each other, as a run does before it drops one.

    Args:
        a, b: see ``hashes``.
        max_change: how much change is overlooked, as a multiple of what usually is.

    Raises:
        ImageError: one cannot be read or decoded.
        InputError: one is no image.
        ConfigError: ``max_change`` is out of range.
    """
    limits = change_limits(make_config({"compare": {"max_change": max_change}}))
    data = bytes_of(a), bytes_of(b)
    one, other = (view_of_bytes(some, DecodeLimits()) for some in data)
    found = compare_views(one, other, limits)
    kind = "identical" if data[0] == data[1] else str(found.kind)
    words = sentence(found, (one.width, one.height), (other.width, other.height))
    return PictureComparison(kind, words, found, (one, other), limits)


def bytes_of(image: Any) -> bytes:
    """The bytes of a file that holds an image; see ``hashes``.

    Raises:
        ImageError: a file cannot be read.
        InputError: it is no image.
    """
    if isinstance(image, str | os.PathLike):
        return read_image(image, follow=True)
    data = encoded("image", image)
    if data is None:
        raise InputError("there is no image: it is missing")
    if not data:
        raise ImageError("unreadable", "the picture cannot be read")
    return data
