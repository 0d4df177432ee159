"""What one file may cost, and the kinds of failure that decoding can report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from rfdedup.model.errors import ImageError

EMPTY: Final = "empty"
"""The file holds no bytes."""
NOT_AN_IMAGE: Final = "not-an-image"
"""The content starts like no image format that is known here."""
UNSUPPORTED_FORMAT: Final = "unsupported-format"
"""An image, but of a format or variant that is never opened, or that needs an extra."""
TRUNCATED: Final = "truncated"
"""The file ends before its picture does."""
CORRUPT: Final = "corrupt"
"""The content contradicts its own format."""
TOO_LARGE: Final = "too-large"
"""The header announces more than :class:`Limits` allows."""

ERROR_KINDS: Final = (EMPTY, NOT_AN_IMAGE, UNSUPPORTED_FORMAT, TRUNCATED, CORRUPT, TOO_LARGE)
"""Every ``ImageError.kind`` that this package raises."""


@dataclass(frozen=True)
class DecodeLimits:
    """Bounds that are checked on the header, before any pixel is decoded.

    Attributes:
        max_pixels: width x height.
        max_side: the longer of the two.
        max_bytes: of the file itself.
        max_scans: passes of a progressive JPEG: a few kilobytes can ask for thousands.
        max_pixels_per_byte: of pictures above ``bomb_pixels``. Photographs have 2 to 20, a deflate bomb hundreds.
        bomb_pixels: smaller pictures cannot hurt, however well they compress.
        max_frames, max_frame_pixels: of an animation or a file of pages that are looked at; of files with more, the
            first ones are, and they are never taken for the same as another.
    """

    max_pixels: int = 300_000_000
    max_side: int = 200_000
    max_bytes: int = 2_000_000_000
    max_scans: int = 500
    max_pixels_per_byte: int = 200
    bomb_pixels: int = 50_000_000
    max_frames: int = 1024
    max_frame_pixels: int = 200_000_000


def check_size(width: int, height: int, file_bytes: int, limits: DecodeLimits) -> None:
    """Raise ``ImageError`` for a size that is empty or beyond ``limits``."""
    pixels = width * height
    if width < 1 or height < 1:
        raise ImageError(CORRUPT, f"the header announces {width} x {height} pixels")
    if pixels > limits.max_pixels or max(width, height) > limits.max_side:
        raise ImageError(
            TOO_LARGE,
            f"{width} x {height} pixels ({pixels / 1e6:.0f} Mpx); "
            f"the limit is {limits.max_pixels / 1e6:g} Mpx and {limits.max_side} pixels a side",
        )
    if pixels > limits.bomb_pixels and pixels > limits.max_pixels_per_byte * file_bytes:
        raise ImageError(
            TOO_LARGE,
            f"{width} x {height} pixels ({pixels / 1e6:.0f} Mpx) from {file_bytes} bytes: a decompression bomb",
        )
