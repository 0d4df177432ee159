"""Damaged pictures: the decoder returns one whole picture within its limits, or one ``ImageError``, and nothing else.

``RFDEDUP_FUZZ_INPUTS`` sets the number of inputs a picture; ``RFDEDUP_FUZZ_FROM`` the first seed, for further ones.
"""

from __future__ import annotations

import io
import os
import random
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from damage import damaged
from image_samples import samples, saved, scene
from rfdedup.imaging import ERROR_KINDS, DecodeLimits, decode
from rfdedup.model.errors import ImageError

INPUTS = int(os.environ.get("RFDEDUP_FUZZ_INPUTS", "40"))
"""Damaged files a picture."""
FROM = int(os.environ.get("RFDEDUP_FUZZ_FROM", "0"))
LIMITS = DecodeLimits(max_pixels=1_000_000, max_side=20_000)
FORMATS = ("jpeg", "png", "webp", "gif", "tiff", "bmp")
LONGEST = 32


def pictures() -> dict[str, bytes]:
    """Small pictures of the formats that photos come in, and of the variants that take other paths."""
    image = scene(40, 24)
    exif = Image.Exif()
    exif[0x0112] = 6
    made = {name: data for name, data in samples().items() if name.split("-")[0] in FORMATS}
    return made | {
        "jpeg-cmyk": saved(image.convert("CMYK"), "JPEG"),
        "jpeg-grey": saved(image.convert("L"), "JPEG", quality=30),
        "jpeg-exif": saved(image, "JPEG", exif=exif.tobytes()),
        "png-palette": saved(image.convert("P"), "PNG", transparency=3),
        "png-alpha": saved(image.convert("RGBA"), "PNG", exif=exif.tobytes()),
        "png-deep": saved(Image.fromarray(np.arange(960, dtype=np.uint16).reshape(24, 40) * 60), "PNG"),
        "webp-alpha": saved(image.convert("RGBA"), "WEBP", exif=exif.tobytes()),
        "tiff-deflate": saved(image, "TIFF", compression="tiff_deflate"),
        "tiff-jpeg": saved(image, "TIFF", compression="jpeg"),
        "tiff-fax": saved(image.convert("1"), "TIFF", compression="group4"),
        "tiff-float": saved(Image.fromarray(np.linspace(0, 1, 960, dtype=np.float32).reshape(24, 40)), "TIFF"),
        "bmp-palette": saved(image.convert("P"), "BMP"),
    }


PICTURES = pictures()


def resealed(data: bytes) -> bytes:
    """A damaged PNG with checksums that fit, so that the damage reaches what lies behind them."""
    out, at = bytearray(data[:8]), 8
    while at + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 8 + length]
        if at + 12 + length > len(data):
            break
        out += struct.pack(">I", length) + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return bytes(out + data[at:])


def damaged_picture(name: str, seed: int) -> bytes:
    rng = random.Random(f"{name} {seed}")
    data = damaged(PICTURES[name], rng)
    return resealed(data) if name.startswith("png") and rng.random() < 0.7 else data


def check(data: bytes) -> str:
    """Decode whole and reduced; the kind of the error, or of the picture."""
    kinds = set()
    refused: list[ImageError] = []
    for longest in (None, LONGEST):
        try:
            picture = decode(data, longest=longest, limits=LIMITS)
        except ImageError as error:
            refused.append(error)
            continue
        height, width, channels = picture.rgb.shape
        assert channels == 3
        assert picture.rgb.dtype == np.uint8
        assert 1 <= picture.width * picture.height <= LIMITS.max_pixels
        assert max(picture.width, picture.height) <= LIMITS.max_side
        if longest is None:
            assert (width, height) == (picture.width, picture.height)
        else:
            assert max(width, height) == min(longest, max(picture.width, picture.height))
        kinds.add("picture")
    for error in refused:
        assert error.kind in ERROR_KINDS
        assert len(str(error).splitlines()) == 1
        kinds.add(error.kind)
    return " and ".join(sorted(kinds))


@pytest.mark.parametrize("name", PICTURES)
def test_a_damaged_picture_is_decoded_or_refused(name: str, tmp_path: Path) -> None:
    assert check(PICTURES[name]) == "picture"
    seen = set()
    with warnings.catch_warnings():
        # what libraries say of odd pictures; workers keep it with the file
        warnings.simplefilter("ignore")
        for seed in range(FROM, FROM + INPUTS):
            data = damaged_picture(name, seed)
            (tmp_path / "input").write_bytes(data)  # what is left if the decoder takes this process with it
            try:
                seen.add(check(data))
            except Exception as error:
                error.add_note(f"{name}, seed {seed}")
                raise
    assert seen - {"picture"}


def test_pictures_are_of_their_formats() -> None:
    for name, data in PICTURES.items():
        with Image.open(io.BytesIO(data)) as image:
            assert (image.format or "").lower() == name.split("-")[0]
