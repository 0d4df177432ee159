"""JPEG by libjpeg-turbo: header, estimated quality, and decoding at full size or 1/2, 1/4, 1/8 of it."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import cv2
import numpy as np
import simplejpeg

from rfdedup.imaging.arrays import U8
from rfdedup.imaging.exif import orientation_of
from rfdedup.imaging.limits import CORRUPT, TOO_LARGE, TRUNCATED, UNSUPPORTED_FORMAT, DecodeLimits
from rfdedup.imaging.repair import mend
from rfdedup.model.errors import ImageError

_SOI, _EOI, _SOS, _DQT, _APP1 = 0xD8, 0xD9, 0xDA, 0xDB, 0xE1
_FRAMES: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD9)})

# ITU-T T.81, table K.1, summed: what quality 50 of the IJG library quantises luminance by.
_LUMA_50: Final = np.array(
    (
        *(16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99),
    )
)

# Stray bytes that some cameras leave before a marker. A picture that lost its place leaves far more of them.
_STRAY: Final = re.compile(r"(\d+) extraneous bytes before marker")
_STRAY_BYTES: Final = 64
_STRAY_SHARE: Final = 0.01
_HARMLESS: Final = ("Invalid SOS parameters", "unknown JFIF revision", "Unknown Adobe color transform")
# what may be wrong with a picture that shows whole: its end, or the number of a restart marker
_MENDABLE: Final = re.compile(r"premature end|found marker 0x[0-9a-f]{2} instead of RST", re.IGNORECASE)
# libjpeg-turbo's newer API refuses unusual sampling factors that its library can decode
_ODD_SAMPLING: Final = "subsampling"


def _luma_sums() -> tuple[int, ...]:
    """Sum of the IJG luminance table at quality 1..100 (``jpeg_quality_scaling`` and ``jpeg_add_quant_table``)."""
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    tables = np.clip((_LUMA_50[None, :] * scale[:, None] + 50) // 100, 1, 255)
    return tuple(int(total) for total in tables.sum(axis=1))


_SUMS: Final = np.array(_luma_sums()[::-1], dtype=np.float64)


@dataclass(frozen=True)
class JpegHeader:
    """What the segments before the first scan say."""

    width: int
    height: int
    components: int
    orientation: int
    quality: float | None


def quality_of(table_sum: int) -> float:
    """Quality 1-100 whose IJG luminance table sums to ``table_sum``, interpolated between whole qualities.

    Exact for files of the IJG library and its kin; for other encoders the quality of equal coarseness.
    """
    return float(np.interp(table_sum, _SUMS, np.arange(100.0, 0.0, -1.0)))


def read_header(data: bytes, limits: DecodeLimits) -> JpegHeader:
    """Walk the segments up to the first scan.

    Raises:
        ImageError: ``truncated``, ``corrupt``, or ``too-large`` for a file of too many scans.
    """
    size: tuple[int, int, int] | None = None
    orientation = 1
    quality: float | None = None
    progressive = False
    at = 2
    try:
        while True:
            at = data.index(b"\xff", at) + 1
            marker = data[at]
            while marker == 0xFF:
                at += 1
                marker = data[at]
            at += 1
            if marker in _BARE or marker == 0:
                continue
            if marker in (_SOS, _EOI):
                break
            (length,) = struct.unpack_from(">H", data, at)
            if marker in _FRAMES:
                precision, height, width, components = struct.unpack_from(">BHHB", data, at + 2)
                if precision != 8:
                    raise ImageError(UNSUPPORTED_FORMAT, f"JPEG of {precision} bits a sample")
                size = (width, height, components)
                progressive = marker in _PROGRESSIVE
            elif marker == _APP1 and data[at + 2 : at + 6] == b"Exif":
                orientation = orientation_of(data[at + 2 : at + length])
            elif marker == _DQT and quality is None:
                quality = _luma_quality(data[at + 2 : at + length])
            at += max(length, 2)
    except (ValueError, IndexError, struct.error):
        raise ImageError(TRUNCATED, "the JPEG ends inside its header") from None
    if size is None:
        raise ImageError(CORRUPT, "the JPEG has no frame header")
    # a sequential JPEG whose first scan holds all components has no other
    one_scan = not progressive and data[at + 2 : at + 3] == bytes((size[2] & 0xFF,))
    scans = 1 if one_scan else data.count(b"\xff\xda", at - 2)
    if scans > limits.max_scans:
        raise ImageError(TOO_LARGE, f"the JPEG has {scans} scans; the limit is {limits.max_scans}")
    return JpegHeader(*size, orientation, quality)


@lru_cache(maxsize=256)
def _luma_quality(tables: bytes) -> float | None:
    """Quality by quantisation table 0, which encoders give to luminance."""
    if not tables or tables[0] & 0x0F:
        return None
    if tables[0] >> 4:
        values = np.frombuffer(tables[1:129], dtype=">u2")
    else:
        values = np.frombuffer(tables[1:65], dtype=np.uint8)
    return quality_of(int(values.sum())) if values.size == 64 else None


def decode_turbo(data: bytes, header: JpegHeader, factor: int) -> tuple[U8 | None, tuple[str, ...]]:
    """Pixels as stored, (h, w) for grey pictures, else (h, w, 3) RGB; None for sampling that only libjpeg decodes.

    Sides are those of the file divided by ``factor`` (1, 2, 4 or 8), rounded up, by DCT scaling. Four components
    are CMYK as Adobe stores it, inverted: each colour is its ink times the black, over 255; no profile is applied.
    The second value names what had to be amended, as ``repair`` has it; empty for nearly all files.

    Raises:
        ImageError: ``truncated``, ``corrupt`` or ``unsupported-format``.
    """
    colorspace = {1: "GRAY", 3: "RGB", 4: "CMYK"}.get(header.components)
    if colorspace is None:
        raise ImageError(UNSUPPORTED_FORMAT, f"JPEG of {header.components} components")
    repairs: tuple[str, ...] = ()
    try:
        pixels = _turbo(data, header, colorspace, factor, strict=True)
    except ValueError as error:
        message = " ".join(str(error).split())
        if _ODD_SAMPLING in message:
            return None, ()
        if not _harmless(message, len(data)):
            mended = mend(data, partial(_whole, header, colorspace)) if _MENDABLE.search(message) else None
            if mended is None:
                raise image_error(message) from None
            data, repairs = mended.data, mended.flags
        # a second look without the first warning would be without all warnings; what must be there is the end
        if b"\xff\xd9" not in data[-_STRAY_BYTES - 2 :]:
            raise ImageError(TRUNCATED, "the JPEG has no end marker") from None
        try:
            pixels = _turbo(data, header, colorspace, factor, strict=False)
        except ValueError as second:
            raise image_error(str(second)) from None
    if colorspace == "GRAY":
        return np.ascontiguousarray(pixels[:, :, 0]), repairs
    return (_ink_times_black(pixels) if colorspace == "CMYK" else pixels), repairs


def _whole(header: JpegHeader, colorspace: str, data: bytes, strict: bool) -> U8:
    """Pixels at full size. Raises ``ValueError``."""
    return _turbo(data, header, colorspace, 1, strict=strict)


def image_error(message: str) -> ImageError:
    """The failure that a message of libjpeg describes."""
    if "premature end" in message.lower():
        return ImageError(TRUNCATED, message)
    return ImageError(UNSUPPORTED_FORMAT if "nsupported" in message else CORRUPT, message)


def _turbo(data: bytes, header: JpegHeader, colorspace: str, factor: int, *, strict: bool) -> U8:
    pixels: U8 = simplejpeg.decode_jpeg(
        data,
        colorspace=colorspace,
        min_height=-(-header.height // factor),
        min_width=-(-header.width // factor),
        strict=strict,
    )
    return pixels


def _harmless(message: str, size: int) -> bool:
    """True for warnings on pictures that are complete."""
    stray = _STRAY.search(message)
    if stray:
        return int(stray[1]) <= max(_STRAY_BYTES, _STRAY_SHARE * size)
    return any(known in message for known in _HARMLESS)


def _ink_times_black(inverted: U8) -> U8:
    """RGB of (h, w, 4) CMYK whose inks are inverted: 255 is none."""
    planes = cv2.split(inverted)
    return cv2.merge([cv2.multiply(ink, planes[3], scale=1 / 255) for ink in planes[:3]])  # type: ignore[return-value]
