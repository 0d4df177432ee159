"""RAW masters of cameras, by LibRaw where the extra ``raw`` is installed. Embedded previews are never looked at."""

from __future__ import annotations

import io
import posixpath
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.imaging.limits import CORRUPT, TOO_LARGE, TRUNCATED, UNSUPPORTED_FORMAT
from rfdedup.model.errors import ImageError, MissingExtraError

SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        *("3fr", "ari", "arw", "cr2", "cr3", "crw", "dcr", "dcs", "dng", "drf", "erf", "fff", "gpr", "iiq", "k25"),
        *("kdc", "mef", "mos", "mrw", "nef", "nrw", "orf", "pef", "ptx", "raf", "raw", "rw2", "rwl", "sr2", "srf"),
        *("srw", "x3f"),
    )
)
"""Names of RAW masters. Content decides; a name decides only where a TIFF leaves it open."""

_AXES_SWAPPED: Final = 4
"""Bit of LibRaw's ``flip``."""


def named_raw(path: str) -> bool:
    """Whether the suffix of ``path`` is that of a RAW master."""
    return posixpath.splitext(path)[1].lower() in SUFFIXES


@dataclass(frozen=True)
class RawFile:
    """An opened RAW master: LibRaw's handle, and width and height of the upright picture."""

    handle: Any
    width: int
    height: int


def open_raw(data: bytes) -> RawFile:
    """Read the header.

    Raises:
        ImageError: ``unsupported-format``, also where the extra is missing, ``truncated`` or ``corrupt``.
    """
    try:
        import rawpy
    except ImportError:
        missing = MissingExtraError("rawpy", "raw", "reading RAW masters (NEF, DNG, CR2, ARW and others)")
        raise ImageError(UNSUPPORTED_FORMAT, str(missing)) from None
    try:
        handle = rawpy.imread(io.BytesIO(data))
        sizes = handle.sizes
    except rawpy.LibRawError as error:
        raise _as_image_error(error) from None
    width, height = int(sizes.width), int(sizes.height)
    return RawFile(handle, *((height, width) if int(sizes.flip) & _AXES_SWAPPED else (width, height)))


def develop(raw: RawFile, factor: int) -> U8:
    """Upright RGB (h, w, 3) uint8 in sRGB with the camera's white balance, sides divided by ``factor``, rounded up.

    Reduced pictures are averaged from whole cells of the colour filter, without demosaicing.

    Raises:
        ImageError: LibRaw cannot decode what the header announces.
    """
    import rawpy

    try:
        rgb = raw.handle.postprocess(
            use_camera_wb=True,
            half_size=factor > 1,
            output_bps=8,
            demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,
            user_flip=None,
        )
    except rawpy.LibRawError as error:
        raise _as_image_error(error) from None
    finally:
        raw.handle.close()
    width, height = -(-raw.width // factor), -(-raw.height // factor)
    pixels = np.ascontiguousarray(rgb, np.uint8)
    return pixels if pixels.shape == (height, width, 3) else area_resize(pixels, width, height)


def _as_image_error(error: Exception) -> ImageError:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said or type(error).__name__)
    lowered = text.lower()
    if "memory" in lowered or "too big" in lowered:
        return ImageError(TOO_LARGE, f"LibRaw: {text}")
    if "input/output" in lowered or "end of file" in lowered:
        return ImageError(TRUNCATED, f"LibRaw: {text}")
    if "unsupported" in lowered or "not raw" in lowered:
        return ImageError(UNSUPPORTED_FORMAT, f"LibRaw cannot read this RAW master: {text}")
    return ImageError(CORRUPT, f"LibRaw: {text}")
