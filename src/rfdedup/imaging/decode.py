"""The only decoder: bytes in, upright RGB pixels or one ``ImageError`` out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageFile

from rfdedup.errors import ImageError
from rfdedup.imaging import jpeg, raster
from rfdedup.imaging.arrays import U8, area_resize, fit, shrink_factor, to_grey
from rfdedup.imaging.exif import orientation_of, swaps_axes, upright
from rfdedup.imaging.limits import EMPTY, NOT_AN_IMAGE, TOO_LARGE, UNSUPPORTED_FORMAT, Limits, check_size
from rfdedup.imaging.sniff import SUPPORTED, sniff

_ANIMATED: Final = frozenset({"gif", "webp", "png", "avif"})
_TIFF_BITS: Final = 258
FLAGS: Final = ("animated", "multi_page", "alpha", "cmyk", "sixteen_bit")
"""What :func:`decode` may note about a picture: further frames were left out (``animated``, or ``multi_page`` for
TIFF and HEIF), transparency was laid over white, CMYK was converted, samples were cut to 8 bits."""


@dataclass(frozen=True)
class Header:
    """What a file says about its picture before any pixel is decoded.

    Attributes:
        format: one of ``SUPPORTED``.
        width, height: as stored, before the orientation is applied.
        frames: pictures in the file; for GIF and TIFF, 2 stands for any number above one.
        orientation: EXIF orientation, 1-8.
        jpeg_quality: 1-100 by its quantisation table, None for other formats.
    """

    format: str
    width: int
    height: int
    frames: int = 1
    orientation: int = 1
    jpeg_quality: float | None = None

    @property
    def oriented_size(self) -> tuple[int, int]:
        """Width and height of the upright picture."""
        return (self.height, self.width) if swaps_axes(self.orientation) else (self.width, self.height)


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Attributes:
        rgb: (h, w, 3) uint8, C-contiguous, upright.
        width, height: of the whole upright picture, which ``rgb`` may be a reduction of.
        format: one of ``SUPPORTED``.
        flags: some of ``FLAGS``.
        jpeg_quality: 1-100 by its quantisation table, None for other formats.
        factor: 1, 2, 4 or 8, by which it was reduced when it was decoded.
    """

    rgb: U8
    width: int
    height: int
    format: str
    flags: tuple[str, ...] = ()
    jpeg_quality: float | None = None
    factor: int = 1

    @cached_property
    def half(self) -> U8:
        """``rgb`` averaged by two in both directions, sides rounded up; made once."""
        height, width = self.rgb.shape[:2]
        return area_resize(self.rgb, -(-width // 2), -(-height // 2))

    def grey(self) -> U8:
        """Grey levels (h, w) uint8, ITU-R BT.601."""
        return to_grey(self.rgb)


def probe(data: bytes, limits: Limits | None = None) -> Header:
    """Read the header only.

    Raises:
        ImageError: of a kind in ``ERROR_KINDS``; ``too-large`` before any memory is taken for pixels.
    """
    return _open(data, limits or Limits())[0]


def decode(
    data: bytes,
    *,
    longest: int | None = None,
    at_least: int | None = None,
    sides: tuple[int, int] = (1, 1),
    limits: Limits | None = None,
) -> Picture:
    """Decode the first picture of a file, upright, whole and in RGB.

    EXIF orientation is applied. Transparency is laid over white; 16-bit samples keep their high byte; palettes are
    resolved; grey pictures have three equal channels; CMYK is converted without a profile; colour profiles are
    ignored. Of animations and multi-page files the first picture is taken.

    Args:
        data: the bytes of the file. Its name plays no part.
        longest: reduce so that the longer side is exactly this many pixels; smaller pictures stay as they are.
        at_least: allow any reduction that leaves this longer side. Sides are then those of the file divided by 1, 2,
            4 or 8, rounded up.
        sides: width and height of the upright picture that a reduction must leave as well.
        limits: bounds on the header.

    Raises:
        ImageError: of a kind in ``ERROR_KINDS``, also where a decoder would return half a picture.
    """
    header, opened = _open(data, limits or Limits())
    wanted = longest if at_least is None else at_least
    factor = 1 if wanted is None else shrink_factor(*header.oriented_size, wanted, sides)
    flags = []
    if header.frames > 1:
        flags.append("animated" if header.format in _ANIMATED else "multi_page")
    if isinstance(opened, jpeg.JpegHeader):
        pixels = _decode_jpeg(data, opened, factor)
        if opened.components == 4:
            flags.append("cmyk")
    else:
        raster.check_complete(data, header.format)
        with raster.foreign_failures(header.format):
            deep = _is_deep(opened, header.format)
            opened.load()
            pixels, noted = raster.to_rgb(opened, factor)
        flags += noted if not deep or "sixteen_bit" in noted else [*noted, "sixteen_bit"]
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    if longest is not None:
        pixels = fit(pixels, longest, (header.width, header.height))
    width, height = header.oriented_size
    rgb = np.ascontiguousarray(upright(pixels, header.orientation))
    return Picture(rgb, width, height, header.format, tuple(flags), header.jpeg_quality, factor)


def _open(data: bytes, limits: Limits) -> tuple[Header, jpeg.JpegHeader | ImageFile.ImageFile]:
    if not data:
        raise ImageError(EMPTY, "the file is empty")
    if len(data) > limits.max_bytes:
        raise ImageError(TOO_LARGE, f"{len(data)} bytes; the limit is {limits.max_bytes}")
    name = sniff(data)
    if name is None:
        raise ImageError(NOT_AN_IMAGE, "the content is no known image format")
    if name not in SUPPORTED:
        raise ImageError(UNSUPPORTED_FORMAT, f"{name} is not read; convert it to JPEG, PNG or WebP")
    if name == "jpeg":
        head = jpeg.read_header(data, limits)
        check_size(head.width, head.height, len(data), limits)
        return Header(name, head.width, head.height, 1, head.orientation, head.quality), head
    if name == "webp" and (size := raster.webp_size(data)):
        check_size(*size, len(data), limits)
    try:
        with raster.foreign_failures(name):
            image = raster.open_raster(data, name)
            header = _raster_header(image, name, data)
    except ImageError:
        raster.check_complete(data, name)  # a file cut short says so, rather than that it makes no sense
        raise
    check_size(header.width, header.height, len(data), limits)
    return header, image


def _raster_header(image: ImageFile.ImageFile, name: str, data: bytes) -> Header:
    if name == "tiff":
        # Pillow itself turns the pixels upright when it loads a TIFF
        return Header(name, *image.size, _count_tiff(image), 1)
    frames = _count_gif(data) if name == "gif" else int(getattr(image, "n_frames", 1))
    orientation = 1 if name == "heif" else orientation_of(_exif(image.info))
    return Header(name, *image.size, frames, orientation)


def _exif(info: dict[Any, Any]) -> bytes:
    exif = info.get("exif", b"")
    return exif if isinstance(exif, bytes) else b""


def _count_gif(data: bytes) -> int:
    """1 or 2; a GIF that breaks later on is judged when it is decoded."""
    count = 0
    try:
        for _ in raster.gif_frames(data):
            count += 1
            if count == 2:
                break
    except ImageError:
        return max(count, 1)
    return max(count, 1)


def _count_tiff(image: ImageFile.ImageFile) -> int:
    return 2 if getattr(image, "_TiffImageFile__next", 0) else 1


def _is_deep(image: ImageFile.ImageFile, name: str) -> bool:
    """True where samples of more than 8 bits are cut to 8 by the decoder itself."""
    if name == "tiff":
        bits = image.tag_v2.get(_TIFF_BITS, (8,))  # type: ignore[attr-defined]
        return bool(max(bits if isinstance(bits, tuple) else (bits,)) > 8)
    if name == "png":
        return any("16" in str(tile[3]) for tile in image.tile)
    return int(image.info.get("bit_depth", 8)) > 8


def _decode_jpeg(data: bytes, header: jpeg.JpegHeader, factor: int) -> U8:
    pixels = jpeg.decode_turbo(data, header, factor)
    if pixels is not None:
        return pixels
    with raster.foreign_failures("jpeg"):
        image: Image.Image = raster.open_raster(data, "jpeg")
        image.load()
        return raster.to_rgb(image, factor)[0]
