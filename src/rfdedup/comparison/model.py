"""What is compared, what comes out, and every number that decides."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rfdedup.comparison.keypoints import FEW_KEYPOINTS, FEW_SIDE, Keypoints, detect
from rfdedup.imaging.arrays import U8, area_resize, fit
from rfdedup.imaging.panels import Box, find_panels

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

VIEW_SIDE: Final = 768
"""Pixels of the longer side at which a picture is compared."""

ROUGH_SIDE: Final = 192
"""Pixels of the longer side at which a change is looked for first."""

FORM_SIDE: Final = 32
"""Pixels of both sides of the thumbnail by which the eight forms of a whole picture are told apart."""


@dataclass(frozen=True, slots=True)
class ChangeLimits:
    """Every constant that decides. Lengths are pixels of the canvas, levels are grey levels of 255."""

    # alignment
    least_inliers: int = 8
    sure_inliers: int = 16
    many_inliers: int = 48
    unmirrored_inliers: int = 40
    whole_correlation: float = 0.9
    whole_shape: float = 0.04
    # change of brightness
    noise_floor: float = 7.0
    texture_share: float = 0.3
    max_change: float = 2.6
    least_max_change: float = 1.4
    change_per_disagreement: float = 20.0
    max_change_alone: float = 1.2
    max_change_crowd: float = 1.5
    clear_change: float = 5.0
    least_region: int = 12
    max_disagreement: float = 0.4
    max_unsure_disagreement: float = 0.2
    max_unsure_change: float = 1.5
    least_unsure_area: int = 2048
    least_structure: float = 1.0
    least_tracked: float = 0.2
    least_area: int = 150
    least_textured: float = 0.05
    # change on paper and drawings, which have places of no structure at all
    paper: float = 0.15
    fine_floor: float = 3.0
    fine_share: float = 0.05
    max_fine_change: float = 2.5
    max_outstanding: float = 4.5
    # colour
    max_hue: float = 14.0
    max_hue_share: float = 0.004
    max_hue_area: int = 150
    # overlays
    one_sided: float = 0.002
    nearly_one_sided: float = 0.01
    least_layer: float = 0.5
    overlay_grain: float = 0.25
    least_overlay_share: float = 0.01
    sure_grain: float = 0.7
    least_alive: float = 0.25
    max_overlay_disagreement: float = 0.1
    banner_grain: float = 0.5
    equal_grain: float = 0.8
    copy_grain: float = 0.6
    least_grain_pixels: int = 400


@dataclass(frozen=True, eq=False)
class View:
    """One picture as it is compared.

    Attributes:
        rgb: (h, w, 3) uint8, upright, transparency composited; not longer than ``VIEW_SIDE``.
        width: pixels of the upright picture at full size.
        height: the same.
        quality: estimated JPEG quality, 0 to 100, or None.
    """

    rgb: U8
    width: int
    height: int
    quality: float | None = None

    @cached_property
    def keypoints(self) -> Keypoints:
        """Found when first asked for: most copies are settled without."""
        return detect(self.grey)

    @cached_property
    def few_keypoints(self) -> Keypoints:
        """Those of a smaller picture, which cost a quarter."""
        return detect(self.grey, FEW_SIDE, FEW_KEYPOINTS)

    @cached_property
    def grey(self) -> U8:
        """(h, w) uint8."""
        return np.asarray(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), dtype=np.uint8)

    @cached_property
    def thumb(self) -> U8:
        """(FORM_SIDE, FORM_SIDE) uint8 grey, whatever the shape of the picture."""
        return area_resize(self.grey, FORM_SIDE, FORM_SIDE)

    @cached_property
    def panels(self) -> list[Box]:
        """What seams cut the picture into; see ``imaging.panels``."""
        return find_panels(self.grey)

    @cached_property
    def rough(self) -> View:
        """The same picture at ``ROUGH_SIDE``, at which most that changed can be seen."""
        return View(fit(self.rgb, ROUGH_SIDE), self.width, self.height, self.quality)

    @cached_property
    def order(self) -> tuple[int, int, bytes, int]:
        """By what one of two pictures is chosen to be laid under the other: its size, then its content."""
        return self.width * self.height, self.width, self.thumb.tobytes(), zlib.crc32(self.rgb.tobytes())


def make_view(
    rgb: U8, width: int, height: int, quality: float | None = None, keypoints: Keypoints | None = None
) -> View:
    """The view of a picture of ``width`` by ``height`` pixels that was decoded as ``rgb`` (h, w, 3) uint8.

    Reduces ``rgb`` to ``VIEW_SIDE`` where it is larger. ``keypoints`` of an earlier view save their detection.
    """
    small = np.ascontiguousarray(fit(rgb, VIEW_SIDE, (width, height)))
    small.flags.writeable = False
    view = View(small, width, height, quality)
    if keypoints is not None:
        view.__dict__["keypoints"] = keypoints
    return view
