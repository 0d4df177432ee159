"""Every format but JPEG, by Pillow's decoders: each is called by name, so no other can be reached."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import numpy as np
from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from rfdedup.imaging.arrays import U8
from rfdedup.imaging.depth import SampleRange, to_8bit
from rfdedup.imaging.limits import CORRUPT, TOO_LARGE, TRUNCATED, UNSUPPORTED_FORMAT
from rfdedup.model.errors import ImageError, MissingExtraError

Opener = Callable[[io.BytesIO], ImageFile.ImageFile]

_OPENERS: Final[dict[str, Opener]] = {
    "jpeg": JpegImagePlugin.JpegImageFile,
    "png": PngImagePlugin.PngImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
    "avif": AvifImagePlugin.AvifImageFile,
    "tiff": TiffImagePlugin.TiffImageFile,
    "bmp": BmpImagePlugin.BmpImageFile,
    "gif": GifImagePlugin.GifImageFile,
    "ppm": PpmImagePlugin.PpmImageFile,
}
_OPAQUE: Final = 128
"""Alpha from which on a pixel counts when the canvas is chosen."""
_HIDDEN: Final = 86
"""Grey levels by which a pixel must differ from the canvas to be seen on it,"""
_MOST_HIDDEN: Final = 0.75
"""and the share of pixels that may not be on white, the canvas of browsers and of most exports."""
_TRUNCATION_WORDS: Final = ("truncated", "unexpected end", "end of file", "not enough", "premature", "no more data")
_SIZE_WORDS: Final = ("too large", "too much memory", "decompression bomb", "exceeds limit")
_UNSUPPORTED_WORDS: Final = ("unsupported", "not supported", "unknown raw mode", "cannot decode")


@contextmanager
def foreign_failures(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises into an ``ImageError``, and keep its warnings off the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except ImageError:
            raise
        except MemoryError:
            raise ImageError(TOO_LARGE, f"not enough memory to decode this {name}") from None
        except Exception as error:
            raise _as_image_error(error, name) from error


def _as_image_error(error: Exception, name: str) -> ImageError:
    text = " ".join(str(error).split()) or type(error).__name__
    lowered = text.lower()
    if isinstance(error, Image.DecompressionBombError) or any(word in lowered for word in _SIZE_WORDS):
        return ImageError(TOO_LARGE, f"{name}: {text}")
    if isinstance(error, EOFError) or any(word in lowered for word in _TRUNCATION_WORDS):
        return ImageError(TRUNCATED, f"{name}: {text}")
    if isinstance(error, NotImplementedError) or any(word in lowered for word in _UNSUPPORTED_WORDS):
        return ImageError(UNSUPPORTED_FORMAT, f"{name}: {text}")
    return ImageError(CORRUPT, f"{name}: {text}")


def open_raster(data: bytes, name: str) -> ImageFile.ImageFile:
    """Parse the header of a file of format ``name``. Pixels are not decoded. Call inside ``foreign_failures``."""
    opener = _heif_opener() if name == "heif" else _OPENERS[name]
    return opener(io.BytesIO(data))


def _heif_opener() -> Opener:
    try:
        from pillow_heif import HeifImageFile
    except ImportError:
        raise ImageError(
            UNSUPPORTED_FORMAT, str(MissingExtraError("pillow-heif", "heif", "reading HEIC and HEIF"))
        ) from None
    opener: Opener = HeifImageFile
    return opener


def check_complete(data: bytes, name: str) -> None:
    """Raise ``ImageError`` for what the decoders let pass: files cut short, and PNG chunks with a wrong checksum."""
    if name == "png":
        _check_png(data)
    elif name == "gif":
        _check_gif(data)
    elif name in ("avif", "heif"):
        _check_boxes(data)
    elif name == "webp" and int.from_bytes(data[4:8], "little") > len(data) - 8:
        raise ImageError(TRUNCATED, "the WebP ends before the length that it announces")
    elif name == "tiff" and data[2:3] in b"*\0" and data[3:4] in b"*\0":
        _check_tiff(data)


def _check_tiff(data: bytes) -> None:
    """The first directory and its strips or tiles must lie inside the file (TIFF 6.0, section 2)."""
    order = "<" if data[:2] == b"II" else ">"
    ends, counts = [0], [0]
    try:
        (at,) = struct.unpack_from(order + "I", data, 4)
        (entries,) = struct.unpack_from(order + "H", data, at)
        for entry in range(entries):
            tag, kind, count = struct.unpack_from(order + "HHI", data, at + 2 + 12 * entry)
            if tag in (273, 279, 324, 325) and kind in (3, 4) and count <= len(data):
                size = 2 if kind == 3 else 4
                where = at + 10 + 12 * entry
                if count * size > 4:
                    (where,) = struct.unpack_from(order + "I", data, where)
                numbers = struct.unpack_from(f"{order}{count}{'H' if kind == 3 else 'I'}", data, where)
                if tag in (273, 324):
                    ends = list(numbers)
                else:
                    counts = list(numbers)
    except struct.error:
        raise ImageError(TRUNCATED, "the TIFF ends before its directory does") from None
    if max((end + count for end, count in zip(ends, counts, strict=False)), default=0) > len(data):
        raise ImageError(TRUNCATED, "the TIFF ends before its pixels do")


def _check_png(data: bytes) -> None:
    """Checksums of all chunks up to the last one (PNG specification, 5.3)."""
    view = memoryview(data)
    at = 8
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if end > len(data):
            break
        if zlib.crc32(view[at + 4 : end - 4]) != int.from_bytes(view[end - 4 : end], "big"):
            raise ImageError(CORRUPT, f"wrong checksum of a PNG chunk {kind.decode('latin-1')!r}")
        if kind == b"IEND":
            return
        at = end
    raise ImageError(TRUNCATED, "the PNG ends before its IEND chunk")


def _check_gif(data: bytes) -> None:
    frames = 0
    try:
        for _ in gif_frames(data):
            frames += 1
    except ImageError as error:
        # junk behind a complete picture does it no harm
        if not frames or error.kind == TRUNCATED:
            raise
    if not frames:
        raise ImageError(TRUNCATED, "the GIF ends before its first picture does")


def gif_frames(data: bytes) -> Iterator[int]:
    """Offsets of the pictures of a GIF that are complete (GIF89a, section 15 and appendix A).

    Raises:
        ImageError: ``truncated`` where the file ends inside a block, ``corrupt`` where no block can start.
    """
    try:
        at = 13 + _gif_palette(data[10])
        while at < len(data):
            introducer = data[at]
            if introducer == 0x3B:
                return
            start = at
            if introducer == 0x2C:
                at += 10 + _gif_palette(data[at + 9]) + 1
            elif introducer == 0x21:
                at += 2
            elif introducer == 0:
                at += 1
                continue
            else:
                raise ImageError(CORRUPT, f"a GIF block cannot start with byte {introducer:#04x}")
            while data[at]:
                at += 1 + data[at]
            at += 1
            if introducer == 0x2C:
                yield start
    except IndexError:
        raise ImageError(TRUNCATED, "the GIF ends inside a block") from None


def _gif_palette(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _check_boxes(data: bytes) -> None:
    """Top-level boxes of an ISO base media file (ISO/IEC 14496-12, 4.2) must lie inside it."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(data[at + 8 : at + 16], "big")
        if size == 0:
            return
        if size < 8:
            raise ImageError(CORRUPT, f"a box of {size} bytes")
        at += size
    if at > len(data):
        raise ImageError(TRUNCATED, "the file ends inside a box")


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Canvas size of a WebP (RFC 9649), read here because the decoder allocates the canvas when it is opened."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 " and len(data) >= 30:
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    return None


_UNSAID: Final = SampleRange()


def to_rgb(image: Image.Image, factor: int, said: SampleRange = _UNSAID) -> tuple[U8, list[str]]:
    """Pixels (h, w) grey or (h, w, 3) RGB of a loaded picture, and what was done to get them.

    Transparent pixels are laid over white, as browsers and most exports show them, or, where most of the picture would
    be white on white, over the one of black and mid-grey that hides less. Samples of more than 8 bits are scaled as
    ``depth`` has it; CMYK is converted without a profile. Sides are divided by ``factor``, rounded up, by averaging.
    """
    flags = []
    if image.mode.startswith("I") or image.mode == "F":
        flags.append("sixteen_bit")
        image = Image.fromarray(to_8bit(np.asarray(image), said))
    elif image.mode == "CMYK":
        flags.append("cmyk")
    elif image.mode == "LAB":
        raise ImageError(UNSUPPORTED_FORMAT, "Lab colour")
    if image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info:
        image = image.convert("RGBA")
        least = image.getchannel("A").getextrema()[0]
        if isinstance(least, int | float) and least < 255:
            flags.append("alpha")
            canvas = Image.new("RGB", image.size, (_canvas(image),) * 3)
            canvas.paste(image, mask=image)
            image = canvas
    if image.mode != "L":
        image = image.convert("L" if image.mode == "1" else "RGB")
    if factor > 1:
        image = image.reduce(factor)
    return np.array(image), flags


def _canvas(image: Image.Image) -> int:
    """Grey level of the canvas that shows an RGBA picture: 255, 0 or 128."""
    opaque = image.getchannel("A").point([255 * (alpha >= _OPAQUE) for alpha in range(256)])
    counts = np.array(image.convert("RGB").convert("L").histogram(opaque), np.int64)
    hidden = {level: int(counts[max(0, level - _HIDDEN + 1) : level + _HIDDEN].sum()) for level in (255, 0, 128)}
    return 255 if hidden[255] <= _MOST_HIDDEN * counts.sum() else min((0, 128), key=hidden.__getitem__)
