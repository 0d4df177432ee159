"""From a decoded image to the fixed-size array that an encoder takes. Needs no model, so workers can run it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.imaging.resampling import resize

Rgb = npt.NDArray[np.uint8]

RESIZE_FILTERS = ("bilinear", "bicubic")


@dataclass(frozen=True)
class InputSpec:
    """What an encoder takes: an RGB image squashed to ``height`` x ``width`` pixels.

    ``resize`` names a Pillow filter. Both filters widen their support when they shrink (antialiasing), so that
    an image and its smaller or larger copies come out alike.
    """

    height: int
    width: int
    resize: str = "bilinear"

    def __post_init__(self) -> None:
        if self.resize not in RESIZE_FILTERS:
            raise ValueError(f"resize = {self.resize!r}; known filters: {', '.join(RESIZE_FILTERS)}")
        if not (1 <= self.height <= 4096 and 1 <= self.width <= 4096):
            raise ValueError(f"input size {self.height}x{self.width} is not within 1 to 4096 pixels")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one prepared image, (height, width, 3)."""
        return self.height, self.width, 3


def prepare(rgb: Rgb, spec: InputSpec, out: Rgb | None = None) -> Rgb:
    """Resize ``rgb`` (h, w, 3) uint8 to what ``spec`` says. No normalisation: that is inside the network.

    Args:
        rgb: an image of any size.
        spec: the encoder's input.
        out: array of ``spec.shape`` to write into, for example in shared memory.

    Returns:
        ``out``, or a new array of ``spec.shape``, uint8.
    """
    resized = rgb if rgb.shape == spec.shape else resize(rgb, spec.width, spec.height, spec.resize)
    if out is None:
        return np.ascontiguousarray(resized)
    np.copyto(out, resized)
    return out
