"""The only decoder: bytes in, upright RGB pixels or one ``ImageError`` out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image, ImageFile

from rfdedup.imaging import jpeg, raster, raw, tiff
from rfdedup.imaging.arrays import U8, area_resize, fit, shrink_factor, to_grey
from rfdedup.imaging.deep import is_deep, said_of, whole_colours
from rfdedup.imaging.exif import orientation_of, swaps_axes, upright
from rfdedup.imaging.frames import STILL, Frames, survey
from rfdedup.imaging.limits import EMPTY, NOT_AN_IMAGE, TOO_LARGE, UNSUPPORTED_FORMAT, DecodeLimits, check_size
from rfdedup.imaging.sniff import BLANKS, MOST_BLANKS, SNIFF_BYTES, SUPPORTED, sniff
from rfdedup.model.errors import ImageError

_ANIMATED: Final = frozenset({"gif", "webp", "png", "avif"})
_LOOKED_AT: Final = 160
"""Longer side, pixels, that frames are reduced to, and no further, while one is chosen."""
FLAGS: Final = (
    *("animated", "multi_page", "alpha", "cmyk", "sixteen_bit"),
    *("repaired", "leading_bytes", "no_end_marker", "tail_lost", "restart_marker"),
)
"""What :func:`decode` may note about a picture: one frame stands for others (``animated``, or ``multi_page`` for TIFF
and HEIF), transparency was laid over white, CMYK was converted, samples were cut to 8 bits; ``repaired`` and what it
was: bytes before the picture, or a JPEG without its end marker, without its last few blocks, or with a restart marker
that counts wrongly."""


@dataclass(frozen=True)
class Header:
    """What a file says about its picture before any pixel is decoded.

    Attributes:
        format: one of ``SUPPORTED``.
        width, height: as stored, before the orientation is applied.
        frames: pictures that the file announces; reduced copies and masks among the pages of a TIFF do not count.
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
        frames: of all that the file has, as ``frames`` looked at them.
    """

    rgb: U8
    width: int
    height: int
    format: str
    flags: tuple[str, ...] = ()
    jpeg_quality: float | None = None
    factor: int = 1
    frames: Frames = STILL

    @cached_property
    def half(self) -> U8:
        """``rgb`` averaged by two in both directions, sides rounded up; made once."""
        height, width = self.rgb.shape[:2]
        return area_resize(self.rgb, -(-width // 2), -(-height // 2))

    def grey(self) -> U8:
        """Grey levels (h, w) uint8, ITU-R BT.601."""
        return to_grey(self.rgb)


def probe(data: bytes, limits: DecodeLimits | None = None) -> Header:
    """Read the header only.

    Raises:
        ImageError: of a kind in ``ERROR_KINDS``; ``too-large`` before any memory is taken for pixels.
    """
    return _open(_without_blanks(data), limits or DecodeLimits())[0]


def decode(
    data: bytes,
    *,
    longest: int | None = None,
    at_least: int | None = None,
    sides: tuple[int, int] = (1, 1),
    limits: DecodeLimits | None = None,
) -> Picture:
    """Decode the picture of a file, upright, whole and in RGB.

    EXIF orientation is applied. Transparency is laid over a canvas that shows what is opaque; samples of more than 8
    bits are scaled as ``depth`` has it; palettes are resolved; grey pictures have three equal channels; CMYK is
    converted without a profile; colour profiles are ignored. Of animations and files of several pages it is the first
    frame with nearly as much to see as the best, in the size of the first: not the black one of a fade-in, nor a blank
    cover. RAW masters are developed with the camera's white balance; what they hold as a preview is not looked at.

    Args:
        data: the bytes of the file. Its name plays no part.
        longest: reduce so that the longer side is exactly this many pixels; smaller pictures stay as they are.
        at_least: allow any reduction that leaves this longer side. Sides are then those of the file divided by 1, 2,
            4 or 8, rounded up.
        sides: width and height of the upright picture that a reduction must leave as well.
        limits: bounds on the header, and on frames.

    Raises:
        ImageError: of a kind in ``ERROR_KINDS``, also where a decoder would return half a picture.
    """
    limits = limits or DecodeLimits()
    whole = len(data)
    data = _without_blanks(data)
    header, opened = _open(data, limits)
    wanted = longest if at_least is None else at_least
    factor = 1 if wanted is None else shrink_factor(*header.oriented_size, wanted, sides)
    flags = ["repaired", "leading_bytes"] if len(data) < whole else []
    frames = STILL
    if header.frames > 1:
        flags.append("animated" if header.format in _ANIMATED else "multi_page")
    if isinstance(opened, jpeg.JpegHeader):
        pixels, repairs = _decode_jpeg(data, opened, factor)
        if repairs:
            flags = [*dict.fromkeys([*flags, "repaired", *repairs])]
        if opened.components == 4:
            flags.append("cmyk")
    elif isinstance(opened, raw.RawFile):
        with raster.foreign_failures(header.format):
            pixels = raw.develop(opened, factor)
    else:
        raster.check_complete(data, header.format)
        with raster.foreign_failures(header.format):
            if header.frames > 1:
                frames = _survey(data, header, limits)
                opened.seek(frames.best)
            pixels, noted = _pixels(opened, header.format, data, factor)
        flags += noted
        size = -(-header.width // factor), -(-header.height // factor)
        if header.frames > 1 and pixels.shape[1::-1] != size:
            pixels = area_resize(pixels, *size)
    if pixels.ndim == 2:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    if longest is not None:
        pixels = fit(pixels, longest, (header.width, header.height))
    width, height = header.oriented_size
    rgb = np.ascontiguousarray(upright(pixels, header.orientation))
    return Picture(rgb, width, height, header.format, tuple(flags), header.jpeg_quality, factor, frames)


def _without_blanks(data: bytes) -> bytes:
    """``data`` without the ``BLANKS`` before it, where only this shows what it is."""
    if data[:1] and data[:1] in BLANKS and sniff(data) is None:
        head = data[: MOST_BLANKS + 1]
        blanks = len(head) - len(head.lstrip(BLANKS))
        if blanks <= MOST_BLANKS and sniff(data[blanks : blanks + SNIFF_BYTES]) is not None:
            return data[blanks:]
    return data


def _open(data: bytes, limits: DecodeLimits) -> tuple[Header, jpeg.JpegHeader | raw.RawFile | ImageFile.ImageFile]:
    if not data:
        raise ImageError(EMPTY, "the file is empty")
    if len(data) > limits.max_bytes:
        raise ImageError(TOO_LARGE, f"{len(data)} bytes; the limit is {limits.max_bytes}")
    name = sniff(data)
    if name is None:
        raise ImageError(NOT_AN_IMAGE, "the content is no known image format")
    found = list(tiff.directories(data)) if name == "tiff" else []
    if name == "tiff" and tiff.is_raw(found, data):
        name = "raw"
    if name not in SUPPORTED:
        raise ImageError(UNSUPPORTED_FORMAT, f"{name} is not read; convert it to JPEG, PNG or WebP")
    if name == "jpeg":
        head = jpeg.read_header(data, limits)
        check_size(head.width, head.height, len(data), limits)
        return Header(name, head.width, head.height, 1, head.orientation, head.quality), head
    if name == "raw":
        with raster.foreign_failures(name):
            master = raw.open_raw(data)
        check_size(master.width, master.height, len(data), limits)
        return Header(name, master.width, master.height), master
    if name == "webp" and (size := raster.webp_size(data)):
        check_size(*size, len(data), limits)
    try:
        with raster.foreign_failures(name):
            image = raster.open_raster(data, name)
            header = _raster_header(image, name, data, len(tiff.pages(found)))
    except ImageError:
        raster.check_complete(data, name)  # a file cut short says so, rather than that it makes no sense
        raise
    check_size(header.width, header.height, len(data), limits)
    return header, image


def _raster_header(image: ImageFile.ImageFile, name: str, data: bytes, pages: int) -> Header:
    if name == "tiff":
        # Pillow itself turns the pixels upright when it loads a TIFF
        return Header(name, *image.size, max(1, pages), 1)
    frames = _count_gif(data) if name == "gif" else int(getattr(image, "n_frames", 1))
    orientation = 1 if name == "heif" else orientation_of(_exif(image.info))
    return Header(name, *image.size, max(1, frames), orientation)


def _exif(info: dict[Any, Any]) -> bytes:
    exif = info.get("exif", b"")
    return exif if isinstance(exif, bytes) else b""


def _count_gif(data: bytes) -> int:
    """Pictures that are complete; a GIF that breaks later on is judged when it is decoded."""
    count = 0
    try:
        for _ in raster.gif_frames(data):
            count += 1
    except ImageError:
        return max(count, 1)
    return max(count, 1)


def _survey(data: bytes, header: Header, limits: DecodeLimits) -> Frames:
    places: Sequence[int] = range(header.frames)
    if header.format == "tiff":
        places = tiff.pages(list(tiff.directories(data)))

    def show(image: ImageFile.ImageFile) -> U8:
        return _pixels(image, header.format, data, shrink_factor(*image.size, _LOOKED_AT))[0]

    image = raster.open_raster(data, header.format)
    return survey(image, places, len(data), limits, show)


def _pixels(image: ImageFile.ImageFile, name: str, data: bytes, factor: int) -> tuple[U8, list[str]]:
    """Pixels of the frame at which an opened file stands, and what was done to get them; see ``raster.to_rgb``."""
    deep = is_deep(image, name)
    said = said_of(image, name, data)
    # of animations, which Pillow composes in 8 bits, there is no other byte to read
    still = not getattr(image, "is_animated", False) or name == "tiff"
    image.load()
    shown: Image.Image = image
    if deep and still and image.mode in ("RGB", "RGBA"):
        other = raster.open_raster(data, name)
        other.seek(image.tell())
        shown = whole_colours(image, other)
    pixels, noted = raster.to_rgb(shown, factor, said)
    return pixels, noted if not deep or "sixteen_bit" in noted else [*noted, "sixteen_bit"]


def _decode_jpeg(data: bytes, header: jpeg.JpegHeader, factor: int) -> tuple[U8, tuple[str, ...]]:
    pixels, repairs = jpeg.decode_turbo(data, header, factor)
    if pixels is not None:
        return pixels, repairs
    with raster.foreign_failures("jpeg"):
        image: Image.Image = raster.open_raster(data, "jpeg")
        image.load()
        return raster.to_rgb(image, factor)[0], ()
