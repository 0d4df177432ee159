"""Deep samples of PNG, TIFF and PNM files: what each says of them, and colours of which Pillow keeps the high byte."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFile

from rfdedup.imaging import tiff
from rfdedup.imaging.arrays import U8
from rfdedup.imaging.depth import SampleRange, to_8bit

_WHITE: Final = 65535
_BRIGHT: Final = 128
_BRIGHT_SHARE: Final = 1e-4
"""Share of high bytes in the upper half from which on a picture uses all of its 16 bits."""
_OTHER_BYTE: Final = {"16B": "16L", "16L": "16B"}
_PNG_HEAD: Final = 4096


def is_deep(image: ImageFile.ImageFile, name: str) -> bool:
    """True where samples of more than 8 bits are cut to 8 by the decoder itself."""
    if name == "tiff":
        bits = image.tag_v2.get(tiff.BITS, (8,))  # type: ignore[attr-defined]
        return bool(max(bits if isinstance(bits, tuple) else (bits,)) > 8)
    if name == "png":
        return any("16" in str(tile[3]) for tile in image.tile)
    return int(image.info.get("bit_depth", 8)) > 8


def said_of(image: ImageFile.ImageFile, name: str, data: bytes) -> SampleRange:
    """What the file says of the grey samples of an opened picture; call it before the pixels are loaded."""
    if not (image.mode.startswith("I") or image.mode == "F"):
        return SampleRange()
    if name == "tiff":
        return _said_by_tiff(image.tag_v2)  # type: ignore[attr-defined]
    if name == "png":
        head = data[:_PNG_HEAD]
        at = head.find(b"\0\0\0\1sBIT")
        bits = head[at + 8] if 0 < at < len(head) - 8 and at < (head.find(b"IDAT") % _PNG_HEAD) else 16
        return SampleRange(high=float((1 << bits) - 1)) if 8 < bits < 16 else SampleRange()
    if name == "ppm" and image.mode == "I":
        # Pillow scales to 16 bits by the greatest value that the header names
        given = [tile[3] for tile in image.tile if isinstance(tile[3], tuple)]
        return SampleRange(high=float(_WHITE)) if given and int(given[0][1]) != _WHITE else SampleRange()
    return SampleRange()


def _said_by_tiff(tags: Any) -> SampleRange:
    bits = _number(tags, tiff.BITS) or 8.0
    inverted = _number(tags, tiff.PHOTOMETRIC) == 0.0
    nothing = _number(tags, tiff.NO_DATA)
    for least, most in ((tiff.S_MIN_SAMPLE, tiff.S_MAX_SAMPLE), (tiff.MIN_SAMPLE, tiff.MAX_SAMPLE)):
        low, high = _number(tags, least) or 0.0, _number(tags, most)
        # the greatest value of the type, which many writers put there, says nothing
        if high is not None and low < high < 2.0 ** (bits - 1) - 1:
            return SampleRange(low, high, nothing, inverted)
    return SampleRange(0.0, 2.0**bits - 1 if bits < 16 else None, nothing, inverted)


def _number(tags: Any, tag: int) -> float | None:
    value = tags.get(tag)
    value = value[0] if isinstance(value, tuple) and value else value
    try:
        number = float(value.strip(" \0") if isinstance(value, str) else value)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) else None


def whole_colours(image: Image.Image, other: ImageFile.ImageFile) -> Image.Image:
    """A loaded picture of 16-bit colours, by the bits that it uses; ``image`` itself where it uses them all.

    Args:
        image: loaded, RGB or RGBA, holding the high bytes. other: the same file, opened and not loaded.
    """
    high = np.asarray(image)
    colours = high[..., :3]
    if np.count_nonzero(colours >= _BRIGHT) > _BRIGHT_SHARE * colours.size:
        return image
    low = _low_bytes(other)
    if low is None:
        return image
    levels = to_8bit(colours.astype(np.uint16) << 8 | low)
    if high.shape[2] == 4:
        levels = np.concatenate((levels, high[..., 3:]), axis=2)
    return Image.fromarray(levels)


def _low_bytes(image: ImageFile.ImageFile) -> U8 | None:
    """Low bytes of the colours of a 16-bit picture, (h, w, 3) or (h, w, 1) for grey; None for layouts not known.

    Read in the other order of bytes, what Pillow keeps is the low one.
    """
    tiles = []
    grey = False
    for tile in image.tile:
        rawmode = str(tile[3][0] if isinstance(tile[3], tuple) else tile[3])
        # grey and alpha take four bytes, the second of which is the low one of grey
        grey = rawmode == "LA;16B"
        swapped = "RGBA" if grey else _swapped(rawmode)
        if swapped is None:
            return None
        args: Any = (swapped, *tile[3][1:]) if isinstance(tile[3], tuple) else swapped
        tiles.append(tile._replace(args=args))
    image.tile = tiles
    image.load()
    read: U8 = np.asarray(image)
    return read[..., 1:2] if grey else read[..., :3]


def _swapped(rawmode: str) -> str | None:
    colours, _, order = rawmode.partition(";")
    if order == "16N":
        order = "16L" if np.little_endian else "16B"
    return f"{colours};{_OTHER_BYTE[order]}" if colours in ("RGB", "RGBA", "RGBX") and order in _OTHER_BYTE else None
