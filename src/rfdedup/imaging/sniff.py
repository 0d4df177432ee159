"""Format by magic number. The name of a file is never asked."""

from __future__ import annotations

import re
from typing import Final

SNIFF_BYTES: Final = 64
"""How many leading bytes :func:`sniff` looks at."""

SUPPORTED: Final = frozenset({"jpeg", "png", "webp", "avif", "tiff", "bmp", "gif", "ppm", "heif", "raw"})
"""Formats that are decoded; ``heif`` and ``raw`` need the extras of these names. All others are refused unopened."""

BLANKS: Final = b"\0\t\n\r \xef\xbb\xbf"
"""Bytes that copying and text tools leave before a picture: white space, zeros, and the mark of UTF-8."""
MOST_BLANKS: Final = 64

_MAGIC: Final = (
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),
    (b"MM\0+", "tiff"),
    (b"8BPS", "psd"),
    (b"%!PS", "eps"),
    (b"\xc5\xd0\xd3\xc6", "eps"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "jp2"),
    (b"\xff\x4f\xff\x51", "jp2"),
    (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "jxl"),
    (b"\0\0\1\0", "ico"),
    (b"DDS ", "dds"),
    (b"v/1\1", "exr"),
    (b"#?RADIANCE", "hdr"),
    (b"qoif", "qoi"),
    (b"FUJIFILMCCD-RAW", "raw"),
    (b"IIU\0", "raw"),
    (b"IIRO", "raw"),
    (b"IIRS", "raw"),
    (b"MMOR", "raw"),
    (b"FOVb", "raw"),
    (b"\0MRM", "raw"),
    (b"II\x1a\0\0\0HEAPCCDR", "raw"),
)
_BMP_HEADER_SIZES: Final = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_PNM: Final = re.compile(rb"P[1-6][ \t\r\n]+[#0-9]")
_HEIF_BRANDS: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})


def sniff(first_bytes: bytes) -> str | None:
    """Name of the image format that these bytes (the first 64 of a file, or more) start, else None.

    Besides :data:`SUPPORTED` it knows formats that are images but are never opened (``psd``, ``eps``,
    ``jp2``, ``jxl``, ``ico``, ``dds``, ``exr``, ``hdr``, ``qoi``). RAW masters that are TIFF files are ``tiff`` here:
    ``tiff.is_raw`` tells them by their tags. Formats without a magic number, such as TGA, are None.
    """
    head = bytes(first_bytes[:SNIFF_BYTES])
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return "raw" if name == "tiff" and head[8:10] == b"CR" else name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _iso_brand(head)
    if head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return "bmp"
    if _PNM.match(head):
        return "ppm"
    return None


def _iso_brand(head: bytes) -> str | None:
    """HEIF and AVIF share a container: the brands tell them apart, and from video."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[8:12], *(head[i : i + 4] for i in range(16, end - 3, 4))}
    if brands & {b"avif", b"avis"}:
        return "avif"
    if head[8:11] == b"crx":
        return "raw"
    return "heif" if brands & _HEIF_BRANDS else None
