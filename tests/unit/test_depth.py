"""Deep samples are scaled by what the file says or by their range, alike for equal content, and never black."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from image_samples import saved, scene
from rfdedup.features.measurement import measure
from rfdedup.imaging import decode
from rfdedup.imaging.depth import SampleRange, to_8bit
from tiff_samples import SHORT, Page, tiff

EIGHT = np.asarray(scene(128, 96).convert("L"))
FULL = EIGHT.astype(np.uint16) * 257
TWELVE = (EIGHT.astype(np.uint16) << 4) | (EIGHT >> 4)


def grey(data: bytes) -> np.ndarray:
    return decode(data).grey().astype(int)


def pgm(samples: np.ndarray, most: int) -> bytes:
    return b"P5\n%d %d\n%d\n" % (samples.shape[1], samples.shape[0], most) + samples.astype(">u2").tobytes()


def tiff_of(samples: np.ndarray, **tags: object) -> bytes:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number, value in tags.items():
        info[int(number.removeprefix("t"))] = value
    return saved(Image.fromarray(samples), "TIFF", tiffinfo=info)


def png16(samples: np.ndarray) -> bytes:
    """A PNG of 16-bit samples (h, w, 2) grey and alpha, (h, w, 3) or (h, w, 4) uint16, which Pillow does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[samples.shape[2]], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


TWELVE_BITS = {
    "png": saved(Image.fromarray(TWELVE), "PNG"),
    "tiff": saved(Image.fromarray(TWELVE), "TIFF"),
    "pgm of 4095": pgm(TWELVE, 4095),
    "pgm of 65535": pgm(TWELVE, 65535),
    "int32": saved(Image.fromarray(TWELVE.astype(np.int32)), "TIFF"),
    "float": saved(Image.fromarray(TWELVE.astype(np.float32)), "TIFF"),
    "shares": saved(Image.fromarray((TWELVE / 4095).astype(np.float32)), "TIFF"),
}


@pytest.mark.parametrize("name", TWELVE_BITS)
def test_twelve_bits_in_a_deeper_file_look_like_their_8_bit_copy(name: str) -> None:
    assert np.abs(grey(TWELVE_BITS[name]) - EIGHT).max() <= 1
    assert "sixteen_bit" in decode(TWELVE_BITS[name]).flags


@pytest.mark.parametrize("bits", range(9, 17))
def test_every_depth_uses_all_levels(bits: int) -> None:
    samples = np.round(EIGHT / 255 * ((1 << bits) - 1)).astype(np.uint16)
    assert np.abs(to_8bit(samples).astype(int) - EIGHT).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PGM"])
def test_a_full_picture_of_16_bits_is_its_8_bit_copy(kind: str) -> None:
    data = pgm(FULL, 65535) if kind == "PGM" else saved(Image.fromarray(FULL), kind)
    np.testing.assert_array_equal(grey(data), EIGHT)
    deep, plain = measure(data), measure(saved(Image.fromarray(EIGHT), "PNG"))
    assert (deep.dhash, deep.phash, deep.brightness) == (plain.dhash, plain.phash, plain.brightness)


def test_whole_numbers_up_to_255_stay_as_they_are() -> None:
    for kind in (np.uint16, np.int32):
        np.testing.assert_array_equal(to_8bit(EIGHT.astype(kind)), EIGHT)


def test_signed_and_floating_samples_are_stretched_over_their_range() -> None:
    """Hounsfield units and heights: what is negative is no black."""
    units = np.linspace(-1000, 3000, EIGHT.size).reshape(EIGHT.shape)
    wanted = np.linspace(0, 255, EIGHT.size).reshape(EIGHT.shape)
    for data in (
        saved(Image.fromarray(units.astype(np.int32)), "TIFF"),
        saved(Image.fromarray(units.astype(np.float32)), "TIFF"),
        tiff(Page(units.astype(np.int16), 1, {339: (SHORT, (2,))})),
    ):
        assert np.abs(grey(data) - wanted).max() <= 1


def test_nan_and_infinity_and_missing_samples_spoil_nothing() -> None:
    depth = np.linspace(0.5, 9.0, EIGHT.size, dtype=np.float32).reshape(EIGHT.shape)
    clean = to_8bit(depth).astype(int)
    for odd in (np.nan, np.inf, -np.inf, -9999.0, 3.4e38):
        spoiled = depth.copy()
        spoiled[:20, :20] = odd
        levels = to_8bit(spoiled).astype(int)
        assert np.abs(levels[20:] - clean[20:]).max() <= 2
        assert set(np.unique(levels[:20, :20])) <= {0, 255}
    assert to_8bit(np.full((4, 4), np.nan, np.float32)).max() == 0


def test_sentinels_and_defective_pixels_of_whole_numbers_spoil_nothing() -> None:
    for odd in (65535, 60_000):
        spoiled = TWELVE.copy()
        spoiled[0, 0] = odd
        assert np.abs(to_8bit(spoiled).astype(int)[1:] - EIGHT[1:]).max() <= 1
    hounsfield = np.linspace(-1000, 1000, EIGHT.size).reshape(EIGHT.shape).astype(np.int32)
    outside = hounsfield.copy()
    outside[:30] = -32768
    assert (
        np.abs(to_8bit(outside)[40:].astype(int) - np.linspace(0, 255, EIGHT.size).reshape(EIGHT.shape)[40:]).max() < 90
    )
    assert to_8bit(outside)[40:].std() > 20


def test_a_narrow_range_far_from_zero_is_stretched() -> None:
    """Thermal cameras count from 29,000 to 31,000: eight levels of 256."""
    thermal = (29_000 + EIGHT.astype(np.uint16) * 7).astype(np.uint16)
    assert to_8bit(thermal).std() == pytest.approx(EIGHT.std() / np.ptp(EIGHT) * 255, rel=0.05)
    kelvin = (280 + EIGHT / 25.5).astype(np.float32)
    assert to_8bit(kelvin).std() > 30


def test_a_solid_picture_with_noise_stays_solid() -> None:
    noise = EIGHT.astype(np.uint16) % 4 + 30_000
    assert to_8bit(noise).std() < 1
    assert to_8bit(np.full((8, 8), 1000, np.uint16)).std() == 0


def test_what_the_file_says_comes_first() -> None:
    dark = (EIGHT.astype(np.uint16) * 8).clip(0, 1000)
    assert np.abs(grey(tiff_of(dark, t281=4000)) - dark * (255 / 4000)).max() <= 1
    assert np.abs(grey(pgm(dark, 4000)) - dark * (255 / 4000)).max() <= 1
    np.testing.assert_array_equal(to_8bit(FULL, SampleRange(inverted=True)), 255 - EIGHT)
    missing = TWELVE.astype(np.int32)
    missing[:10] = -9999
    read = grey(tiff_of(missing, t42113="-9999"))
    assert np.abs(read[10:] - EIGHT[10:]).max() <= 1
    assert read[:10].max() == 0


@pytest.mark.parametrize("kind", ["png", "tiff"])
def test_deep_colours_of_twelve_bits_are_not_black(kind: str) -> None:
    colours = np.asarray(scene(64, 48))
    for samples in ((colours.astype(np.uint16) << 4) | (colours >> 4), colours.astype(np.uint16) * 257):
        data = png16(samples) if kind == "png" else tiff(Page(samples))
        picture = decode(data)
        assert picture.flags == ("sixteen_bit",)
        assert np.abs(picture.rgb.astype(int) - colours).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_deep_pictures_with_transparency_are_not_black(channels: int) -> None:
    colours = np.asarray(scene(64, 48))[..., :channels]
    deep = (colours.astype(np.uint16) << 4) | (colours >> 4)
    alpha = np.full((48, 64, 1), 65535, np.uint16)
    alpha[:10] = 0
    picture = decode(png16(np.concatenate((deep, alpha), axis=2)))
    assert set(picture.flags) == {"alpha", "sixteen_bit"}
    assert (picture.rgb[:10] == 255).all()
    assert np.abs(picture.rgb[10:].astype(int) - colours[10:]).max() <= 1


def test_significant_bits_of_a_png_are_its_white() -> None:
    dark = EIGHT.astype(np.uint16)
    data = saved(Image.fromarray(dark * 3), "PNG")
    body = b"sBIT" + bytes([12])
    at = data.index(b"IDAT") - 4
    said = data[:at] + struct.pack(">I", 1) + body + struct.pack(">I", zlib.crc32(body)) + data[at:]
    assert np.abs(grey(said) - dark * 3 * (255 / 4095)).max() <= 1
    assert np.abs(grey(data) - dark * 3 * (255 / 1023)).max() <= 1


def test_equal_samples_give_equal_levels_in_every_reduction() -> None:
    large = np.asarray(scene(1400, 1000).convert("L")).astype(np.uint16) << 4
    data = [saved(Image.fromarray(large), kind) for kind in ("PNG", "TIFF")]
    for options in ({}, {"at_least": 640}, {"longest": 200}):
        one, other = (decode(each, **options) for each in data)
        np.testing.assert_array_equal(one.rgb, other.rgb)
    assert Image.open(io.BytesIO(data[0])).mode == "I;16"
