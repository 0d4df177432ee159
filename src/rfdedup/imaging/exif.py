"""The one EXIF tag that changes a picture: its orientation."""

from __future__ import annotations

import struct
from typing import Final

import cv2

from rfdedup.imaging.arrays import U8

_ORIENTATION: Final = 0x0112
_SHORT: Final = 3
_LONG: Final = 4
_MAX_ENTRIES: Final = 512


def orientation_of(exif: bytes) -> int:
    """Orientation 1-8 from an EXIF block (a TIFF structure, with or without the ``Exif`` prefix).

    1 where the tag is absent, out of range or unreadable: broken metadata does not make a broken picture.
    Source: EXIF 2.32, tag 274.
    """
    block = exif[6:] if exif[:4] == b"Exif" else exif
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return 1
    try:
        (offset,) = struct.unpack_from(order + "I", block, 4)
        (count,) = struct.unpack_from(order + "H", block, offset)
        for entry in range(min(count, _MAX_ENTRIES)):
            at = offset + 2 + 12 * entry
            tag, kind = struct.unpack_from(order + "HH", block, at)
            if tag == _ORIENTATION:
                if kind not in (_SHORT, _LONG):
                    return 1
                (value,) = struct.unpack_from(order + ("H" if kind == _SHORT else "I"), block, at + 8)
                return value if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


def swaps_axes(orientation: int) -> bool:
    """True where the upright picture is as wide as the stored one is high."""
    return orientation >= 5


def upright(pixels: U8, orientation: int) -> U8:
    """``pixels`` (h, w, 3) as the camera held them, turned and mirrored to stand upright; C-contiguous."""
    if orientation == 2:
        return cv2.flip(pixels, 1)  # type: ignore[return-value]
    if orientation == 3:
        return cv2.rotate(pixels, cv2.ROTATE_180)  # type: ignore[return-value]
    if orientation == 4:
        return cv2.flip(pixels, 0)  # type: ignore[return-value]
    if orientation == 5:
        return cv2.transpose(pixels)  # type: ignore[return-value]
    if orientation == 6:
        return cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)  # type: ignore[return-value]
    if orientation == 7:
        return cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)  # type: ignore[return-value]
    if orientation == 8:
        return cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)  # type: ignore[return-value]
    return pixels
