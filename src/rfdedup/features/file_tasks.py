"""What a worker does with one file in each pass. Picklable tasks; the same in every executor.

Each worker imports this module: what only the main process needs is elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.preprocess import InputSpec
from rfdedup.features import light_and_detail
from rfdedup.features.encoder_input import decode_for, serves, write_input
from rfdedup.features.measurement import at_least, measure_picture
from rfdedup.imaging import DecodeLimits, decode, raw, tiff
from rfdedup.model.errors import ImageError
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.sources.reading import read_stable


@dataclass(frozen=True)
class MeasureTask:
    """Pass 1: read once, decode once, measure quality and hashes.

    With ``parts``, its local features too. With ``spec``, the same pixels become the encoder's input, written into
    shared memory. ``prepared`` in the result says whether they did: few pictures have to be decoded larger for the
    encoder than for the rest.
    """

    limits: DecodeLimits
    scale: Literal["640", "native"]
    spec: InputSpec | None = None
    parts: bool = False

    def __call__(self, file: Item, out: npt.NDArray[np.uint8] | None = None) -> dict[str, Any] | Fault:
        try:
            data = read_stable(file, self.limits)
            picture = decode(data, at_least=at_least(self.scale), limits=self.limits)
            if picture.format == "tiff":
                refuse_masters(file, data)
            measured, grey = measure_picture(data, picture, scale=self.scale, parts=self.parts)
            prepared = False
            if self.spec is not None and out is not None and serves(picture, self.spec):
                write_input(picture, self.spec, out, grey)
                prepared = True
        except ImageError as error:
            return error.kind, error.detail
        return {**vars(measured), "prepared": prepared}


@dataclass(frozen=True, slots=True)
class FullSize:
    """Measurements of ``Measurement`` by the same names, of a picture decoded whole."""

    fineness: float
    content: float


@dataclass(frozen=True)
class FullSizeTask:
    """Third look, at the few pictures whose size is in doubt."""

    limits: DecodeLimits

    def __call__(self, file: Item) -> FullSize | Fault:
        try:
            grey = decode(read_stable(file, self.limits), limits=self.limits).grey()
        except ImageError as error:
            return error.kind, error.detail
        inside, content = light_and_detail.inside_borders(grey)
        return FullSize(light_and_detail.fineness(light_and_detail.spectrum(inside)), content)


@dataclass(frozen=True)
class PrepareTask:
    """Pass 2, for what pass 1 did not prepare: read again, decode, write the encoder's input into shared memory."""

    limits: DecodeLimits
    spec: InputSpec

    def __call__(self, file: Item, out: npt.NDArray[np.uint8]) -> Fault | None:
        try:
            write_input(decode_for(read_stable(file, self.limits), self.spec, self.limits), self.spec, out)
        except ImageError as error:
            return error.kind, error.detail
        return None


def refuse_masters(file: Item, data: bytes) -> None:
    """Raise ``ImageError`` for a TIFF that is named as a RAW master where its tags leave open whether it is one."""
    if raw.named_raw(file.key) and tiff.may_be_raw(data):
        raise ImageError(
            "unsupported-format", "named as a RAW master, which its tags leave open: rename it to .tif if it is none"
        )
