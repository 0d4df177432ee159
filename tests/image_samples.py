"""Small valid pictures of every format, made in memory."""

from __future__ import annotations

import contextlib
import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 96, 64


@cache
def scene(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Image.Image:
    """A colourful picture with soft shapes and fine texture."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (5, 7, 3), dtype=np.uint8)).resize((width, height), Image.BICUBIC)
    grain = rng.normal(0, 12, (height, width, 1))
    return Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    if kind == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def samples() -> dict[str, bytes]:
    """Name of a variant -> bytes; the format is the name up to a dash."""
    image = scene()
    other = scene(seed=1)
    files = {
        "jpeg": saved(image, "JPEG", quality=90),
        "jpeg-progressive": saved(image, "JPEG", quality=90, progressive=True),
        "png": saved(image, "PNG"),
        "webp": saved(image, "WEBP", quality=90),
        "webp-lossless": saved(image, "WEBP", lossless=True),
        "webp-animated": saved(image, "WEBP", save_all=True, append_images=[other], quality=90),
        "gif": saved(image, "GIF"),
        "gif-animated": saved(image, "GIF", save_all=True, append_images=[other]),
        "tiff": saved(image, "TIFF"),
        "tiff-lzw": saved(image, "TIFF", compression="tiff_lzw"),
        "bmp": saved(image, "BMP"),
        "ppm": saved(image, "PPM"),
        "avif": saved(image, "AVIF", quality=90),
    }
    with contextlib.suppress(ImportError):
        files["heif"] = saved(image, "HEIF", quality=90)
    return files


def png_of_size(width: int, height: int, pixels: bytes = b"") -> bytes:
    """An 8-bit grey PNG that announces a size, with whatever compressed ``pixels``."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
