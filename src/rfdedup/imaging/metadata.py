"""What a file says of its picture beside the pixels. Read from the bytes; broken metadata says nothing."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

_LOSSLESS: Final = frozenset({"png", "gif", "bmp", "tiff", "ppm"})
_ORIENTATION, _RATING, _EXIF, _GPS = 0x0112, 0x4746, 0x8769, 0x8825
_TAKEN, _MAKER_NOTE = 0x9003, 0x927C
_MAX_ENTRIES: Final = 512
_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_XMP_RATING: Final = re.compile(rb"""xmp:Rating\s*(?:=\s*["']|>\s*)(-?\d)""")
_VIDEO: Final = re.compile(rb"\0\0\0.ftyp[ -~]{4}", re.DOTALL)
"""First box of an MP4 or QuickTime video (ISO/IEC 14496-12, 4.3): what phones put behind a JPEG."""
_EXIF_MARK: Final = b"Exif\0\0"
_SAMPLES_PER_PIXEL: Final = 277


class Metadata(IntFlag):
    """What there is. Nothing of it can be had from pixels, so who loses it is a copy."""

    EXIF = 1
    TAKEN = 2
    GPS = 4
    RATING = 8
    XMP = 16
    MAKER_NOTE = 32
    MOTION = 64
    PROFILE = 128


@dataclass(frozen=True)
class FileFacts:
    """What a file says.

    Attributes:
        says: all that there is.
        orientation: EXIF orientation 1-8, 0 where none is named.
        lossless: the format keeps every level.
        single_channel: the picture is stored as one channel, or by a palette.
    """

    says: Metadata
    orientation: int
    lossless: bool
    single_channel: bool


def said(data: bytes, name: str) -> FileFacts:
    """What a file of format ``name`` says, which was decoded before, so its structure is sound up to the pixels."""
    says, orientation = Metadata(0), 0
    for kind, block in _blocks(data, name):
        if kind in ("exif", "tiff"):
            found, turned = _exif_says(block)
            says |= found if kind == "exif" or found & ~Metadata.EXIF else Metadata(0)
            orientation = orientation or turned
        elif kind == "xmp":
            rating = _XMP_RATING.search(block)
            rated = rating and rating[1] not in (b"0", b"-")
            says |= Metadata.XMP | (Metadata.RATING if rated else Metadata(0))
        else:
            says |= Metadata.PROFILE
    if name == "jpeg" and _has_video(data):
        says |= Metadata.MOTION
    return FileFacts(says, orientation, name in _LOSSLESS, _is_single(data, name))


def _blocks(data: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Blocks of metadata: ``exif`` as a TIFF structure, ``xmp``, ``profile``."""
    if name == "tiff":
        # its own directory describes the pixels; a camera's says more
        yield "tiff", data
    elif name == "jpeg":
        yield from _jpeg_blocks(data)
    elif name in ("png", "webp"):
        for kind, block in _png_chunks(data) if name == "png" else _riff_chunks(data):
            if kind in (b"eXIf", b"EXIF"):
                yield "exif", block.removeprefix(_EXIF_MARK)
            elif kind == b"XMP " or (kind == b"iTXt" and block.startswith(b"XML:com.adobe.xmp\0")):
                yield "xmp", block
            elif kind in (b"iCCP", b"ICCP"):
                yield "profile", b""
    elif name in ("heif", "avif"):
        at = data.find(_EXIF_MARK)
        if at >= 0:
            yield "exif", data[at + len(_EXIF_MARK) :]


def _jpeg_blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        block = data[at + 4 : at + 2 + length]
        if marker == 0xE1 and block.startswith(_EXIF_MARK):
            yield "exif", block[len(_EXIF_MARK) :]
        elif marker == 0xE1 and block.startswith(_XMP):
            yield "xmp", block
        elif marker == 0xE2 and block.startswith(b"ICC_PROFILE\0"):
            yield "profile", b""
        at += 2 + max(length, 2)


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        # what is not read is not copied either
        yield kind, b"" if kind == b"IDAT" else data[at + 8 : at + 8 + length]
        at += 12 + length


def _riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        kind = data[at : at + 4]
        yield kind, data[at + 8 : at + 8 + length] if kind in (b"EXIF", b"XMP ") else b""
        at += 8 + length + length % 2


def _exif_says(block: bytes) -> tuple[Metadata, int]:
    """What a TIFF structure says, and its orientation."""
    order = {b"II": "<", b"MM": ">"}.get(block[:2])
    if order is None:
        return Metadata(0), 0
    try:
        first = _directory(block, order, struct.unpack_from(order + "I", block, 4)[0])
        inner = _directory(block, order, first[_EXIF]) if _EXIF in first else {}
        gps = _directory(block, order, first[_GPS]) if _GPS in first else {}
    except struct.error:
        return Metadata(0), 0
    says = Metadata.EXIF if first or inner else Metadata(0)
    says |= Metadata.TAKEN if _TAKEN in inner else Metadata(0)
    says |= Metadata.MAKER_NOTE if _MAKER_NOTE in inner else Metadata(0)
    # a directory with a version alone names no place
    says |= Metadata.GPS if len(gps) > 1 else Metadata(0)
    says |= Metadata.RATING if first.get(_RATING) else Metadata(0)
    orientation = first.get(_ORIENTATION, 0)
    return says, orientation if 1 <= orientation <= 8 else 0


def _directory(block: bytes, order: str, offset: int) -> dict[int, int]:
    """Tags of a directory (TIFF 6.0, section 2), with their first value where it is a short or long one, else 1."""
    (count,) = struct.unpack_from(order + "H", block, offset)
    tags = {}
    for entry in range(min(count, _MAX_ENTRIES)):
        at = offset + 2 + 12 * entry
        tag, kind, _ = struct.unpack_from(order + "HHI", block, at)
        form = {3: "H", 4: "I"}.get(kind)
        tags[tag] = struct.unpack_from(order + form, block, at + 8)[0] if form else 1
    return tags


def _has_video(data: bytes) -> bool:
    """Whether a JPEG carries a video behind its picture, as motion photos of several makers do."""
    at = data.find(b"ftyp")
    while at >= 0:
        if _VIDEO.match(data, max(at - 4, 0)):
            return True
        at = data.find(b"ftyp", at + 4)
    return False


def _is_single(data: bytes, name: str) -> bool:
    if name == "png":
        return data[25:26] in (b"\0", b"\3")
    if name == "bmp":
        return int.from_bytes(data[28:30], "little") <= 8
    if name == "ppm":
        return data[:2] in (b"P1", b"P2", b"P4", b"P5")
    if name == "tiff":
        order = "<" if data[:2] == b"II" else ">"
        try:
            first = _directory(data, order, struct.unpack_from(order + "I", data, 4)[0])
        except struct.error:
            return False
        return first.get(_SAMPLES_PER_PIXEL, 1) == 1
    return name == "gif"
