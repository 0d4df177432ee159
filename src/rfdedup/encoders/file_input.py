"""The input of networks that users bring: size, layout and normalisation, from the file or from options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rfdedup.encoders.preprocess import RESIZE_FILTERS, InputSpec
from rfdedup.model.errors import EncoderError

Triple = tuple[float, float, float]

NORMALISATIONS: dict[str, tuple[Triple, Triple]] = {
    "none": ((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255)),
    "unit": ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    "signed": ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "clip": ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)),
}
"""Mean and standard deviation of RGB in 0-1, as torchvision writes them. ``none`` leaves 0-255."""

OPTIONS = ("size", "layout", "normalisation", "resize")
"""Options of ``onnx:`` and ``torchscript:`` encoders. In a file's metadata their keys begin with ``rfdedup.``."""


@dataclass(frozen=True)
class FileInput:
    """What was said about an input; None where nothing was.

    Attributes:
        size: (height, width), pixels.
        layout: ``nhwc`` or ``nchw``.
        mean, std: of RGB in 0-255.
        resize: filter of ``InputSpec``.
    """

    size: tuple[int, int] | None = None
    layout: str | None = None
    mean: Triple | None = None
    std: Triple | None = None
    resize: str = "bilinear"

    def spec(self, size: tuple[int, int]) -> InputSpec:
        return InputSpec(size[0], size[1], self.resize)


def parse_input(options: Mapping[str, Any], metadata: Mapping[str, str], where: str) -> FileInput:
    """Options, and where they are silent, ``rfdedup.*`` entries of the file's metadata.

    Raises:
        EncoderError: an option is unknown or cannot be understood.
    """
    unknown = sorted(set(options) - set(OPTIONS))
    if unknown:
        raise EncoderError(f"{where}: option {unknown[0]!r} is unknown; known: {', '.join(OPTIONS)}")
    said = {key: str(metadata[f"rfdedup.{key}"]) for key in OPTIONS if f"rfdedup.{key}" in metadata}
    said |= {key: str(value) for key, value in options.items()}
    resize = said.get("resize", "bilinear")
    if resize not in RESIZE_FILTERS:
        raise EncoderError(f"{where}: resize = {resize!r}; known: {', '.join(RESIZE_FILTERS)}")
    layout = said.get("layout")
    if layout not in (None, "nhwc", "nchw"):
        raise EncoderError(f"{where}: layout = {layout!r}; known: nhwc, nchw")
    mean, std = _normalisation(said.get("normalisation"), where)
    return FileInput(_size(said.get("size"), where), layout, mean, std, resize)


def _size(text: str | None, where: str) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,4})(?:x(\d{1,4}))?", text.strip())
    if match is None or int(match[1]) == 0 or int(match[2] or 1) == 0:
        raise EncoderError(f"{where}: size = {text!r}; write pixels, such as 288 or HEIGHTxWIDTH such as 256x128")
    return int(match[1]), int(match[2] or match[1])


def _normalisation(text: str | None, where: str) -> tuple[Triple | None, Triple | None]:
    if text is None:
        return None, None
    if text in NORMALISATIONS:
        mean, std = NORMALISATIONS[text]
    else:
        try:
            mean, std = (_triple(part) for part in text.split("/"))
        except ValueError:
            raise EncoderError(
                f"{where}: normalisation = {text!r}; known: {', '.join(NORMALISATIONS)}, or mean/std of RGB in 0-1 "
                "such as 0.5,0.5,0.5/0.25,0.25,0.25"
            ) from None
    return _times_255(mean), _times_255(std)


def _triple(text: str) -> Triple:
    red, green, blue = (float(part) for part in text.split(","))
    if not all(abs(part) < 1e6 for part in (red, green, blue)):
        raise ValueError(text)
    return red, green, blue


def _times_255(values: Triple) -> Triple:
    return values[0] * 255, values[1] * 255, values[2] * 255


def describe(mean: Triple | None, std: Triple | None) -> str:
    """The normalisation in words, for a model card."""
    if mean is None or std is None:
        return "inside the network"
    means, stds = (", ".join(f"{value:.4g}" for value in values) for values in (mean, std))
    return f"(x - ({means})) / ({stds})"
