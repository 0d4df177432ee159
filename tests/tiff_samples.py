"""TIFF files written by hand: pages, SubIFDs and RAW masters as cameras lay them out."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

import numpy as np

SHORT, LONG, ASCII, BYTE = 3, 4, 2, 1
_SIZES = {SHORT: "H", LONG: "I", BYTE: "B", ASCII: "B"}


@dataclass
class Page:
    """One directory: its pixels, further tags (number -> type and values) and what lies in its SubIFDs."""

    pixels: np.ndarray
    photometric: int = 2
    tags: dict[int, tuple[int, tuple[int, ...] | bytes]] = field(default_factory=dict)
    below: list[Page] = field(default_factory=list)


def tiff(*pages: Page) -> bytes:
    """A little-endian TIFF of pages in a chain, uncompressed, one strip each."""
    out = bytearray(b"II*\0" + bytes(4))
    slot = 4
    for page in pages:
        start, slot_of_next = _append(out, page)
        struct.pack_into("<I", out, slot, start)
        slot = slot_of_next
    return bytes(out)


def _append(out: bytearray, page: Page) -> tuple[int, int]:
    """Offsets of the directory and of its link to the next one."""
    below = [_append(out, each)[0] for each in page.below]
    height, width = page.pixels.shape[:2]
    channels = page.pixels.shape[2] if page.pixels.ndim == 3 else 1
    bits = page.pixels.dtype.itemsize * 8
    strip = len(out)
    out += page.pixels.astype(page.pixels.dtype.newbyteorder("<")).tobytes()
    out += bytes(len(out) % 2)
    tags: dict[int, tuple[int, tuple[int, ...] | bytes]] = {
        256: (LONG, (width,)),
        257: (LONG, (height,)),
        258: (SHORT, (bits,) * channels),
        259: (SHORT, (1,)),
        262: (SHORT, (page.photometric,)),
        273: (LONG, (strip,)),
        277: (SHORT, (channels,)),
        278: (LONG, (height,)),
        279: (LONG, (page.pixels.nbytes,)),
        **({330: (LONG, tuple(below))} if below else {}),
        **page.tags,
    }
    entries = []
    for tag in sorted(tags):
        kind, values = tags[tag]
        packed = bytes(values) if isinstance(values, bytes) else struct.pack(f"<{len(values)}{_SIZES[kind]}", *values)
        if len(packed) > 4:
            where = struct.pack("<I", len(out))
            out += packed + bytes(len(packed) % 2)
            packed = where
        entries.append(struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0"))
    start = len(out)
    out += struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return start, len(out) - 4


def master(scene: np.ndarray, preview: np.ndarray, *, dng: bool = False, make: bytes = b"NIKON CORPORATION\0") -> bytes:
    """A RAW master as NEF, ARW and DNG lay it out: a small preview first, 16-bit sensor data of ``scene`` below.

    ``scene`` and ``preview`` are (h, w, 3) uint8; the sides of ``scene`` are even.
    """
    height, width = scene.shape[:2]
    mosaic = np.empty((height, width), np.uint16)
    for (row, column), channel in {(0, 0): 0, (0, 1): 1, (1, 0): 1, (1, 1): 2}.items():
        mosaic[row::2, column::2] = scene[row::2, column::2, channel].astype(np.uint16) * 257
    sensor = Page(
        mosaic,
        32803,
        {254: (LONG, (0,)), 33421: (SHORT, (2, 2)), 33422: (BYTE, b"\0\1\1\2")},
    )
    tags: dict[int, tuple[int, tuple[int, ...] | bytes]] = {
        254: (LONG, (1,)),
        271: (ASCII, make),
        272: (ASCII, b"Z 6\0"),
    }
    if dng:
        tags[50706] = (BYTE, b"\1\4\0\0")
    return tiff(Page(preview, 2, tags, [sensor]))
