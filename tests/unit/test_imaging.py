from __future__ import annotations

import io
import zlib

import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from image_samples import HEIGHT, WIDTH, png_of_size, samples, saved, scene
from rfdedup.imaging import ERROR_KINDS, FLAGS, SUPPORTED, DecodeLimits, decode, fit, probe, sniff
from rfdedup.model.errors import ImageError

SAMPLES = samples()
LOSSLESS = {"png", "webp-lossless", "tiff", "tiff-lzw", "bmp", "ppm"}


def kind_of(data: bytes, **options: object) -> str:
    with pytest.raises(ImageError) as caught:
        decode(data, **options)
    assert caught.value.kind in ERROR_KINDS
    return caught.value.kind


def difference(picture: np.ndarray, image: Image.Image) -> float:
    return float(np.abs(picture.astype(int) - np.asarray(image.convert("RGB"), dtype=int)).mean())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_format_is_known_by_content_and_decodes_to_its_picture(name: str) -> None:
    data = SAMPLES[name]
    assert sniff(data[:64]) == name.split("-")[0]
    header = probe(data)
    assert (header.format, header.width, header.height) == (name.split("-")[0], WIDTH, HEIGHT)
    picture = decode(data)
    assert picture.rgb.shape == (HEIGHT, WIDTH, 3)
    assert picture.rgb.dtype == np.uint8
    assert picture.rgb.flags.c_contiguous
    assert difference(picture.rgb, scene()) <= (0 if name in LOSSLESS else 12)
    assert ("animated" in picture.flags) == name.endswith("animated")
    assert (header.frames > 1) == name.endswith("animated")
    assert set(picture.flags) <= set(FLAGS)


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize(
    "options", [{}, {"longest": 24}, {"at_least": 20, "sides": (20, 20)}], ids=["whole", "longest", "at_least"]
)
def test_no_truncated_file_decodes(name: str, options: dict[str, int]) -> None:
    data = SAMPLES[name]
    for cut in [*range(0, len(data) - 2, max(1, len(data) // 40)), len(data) - 2]:
        if name.startswith("gif") and cut == len(data) - 1:
            continue  # only the trailer byte is missing
        if name.startswith("jpeg") and cut >= len(data) - 2:
            continue  # only the end marker is missing
        assert kind_of(data[:cut], **options) in ({"empty"} if cut == 0 else {"truncated", "corrupt", "not-an-image"})


def test_truncated_files_are_called_so() -> None:
    for name, data in SAMPLES.items():
        if name != "tiff-lzw":
            assert kind_of(data[: len(data) * 2 // 3]) == "truncated", name


def test_half_a_jpeg_with_an_end_marker_is_truncated() -> None:
    data = SAMPLES["jpeg"]
    assert kind_of(data[: len(data) // 2] + b"\xff\xd9") == "truncated"
    assert kind_of(data[: len(data) // 2] + b"\xff\xd9", longest=24) == "truncated"


def test_png_with_a_flipped_bit_is_corrupt() -> None:
    data = bytearray(SAMPLES["png"])
    data[len(data) // 2] ^= 1
    assert kind_of(bytes(data)) == "corrupt"


def test_png_with_a_wrong_checksum_of_its_pixels_is_corrupt() -> None:
    data = bytearray(SAMPLES["png"])
    data[-14] ^= 1  # the IEND chunk is 12 bytes, before it ends the IDAT chunk
    assert kind_of(bytes(data)) == "corrupt"


def test_png_without_its_end_chunk_is_truncated() -> None:
    assert kind_of(SAMPLES["png"][:-12]) == "truncated"


@pytest.mark.parametrize("stray", [b"abcdefg", b"\0" * 40])
def test_stray_bytes_before_the_end_marker_of_a_whole_jpeg_are_harmless(stray: bytes) -> None:
    data = SAMPLES["jpeg"]
    padded = data[:-2] + stray + data[-2:]
    np.testing.assert_array_equal(decode(padded).rgb, decode(data).rgb)
    assert decode(padded, longest=24).rgb.shape == (16, 24, 3)


def test_many_stray_bytes_mean_a_picture_that_lost_its_place() -> None:
    data = SAMPLES["jpeg"]
    assert kind_of(data[:-2] + b"abcdefg" * 40 + data[-2:]) == "corrupt"


def test_bytes_after_the_picture_are_harmless() -> None:
    for name in ("jpeg", "png", "gif", "bmp"):
        np.testing.assert_array_equal(decode(SAMPLES[name] + b"trailing junk").rgb, decode(SAMPLES[name]).rgb)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "empty"),
        (b"hello, I am a text file\n" * 9, "not-an-image"),
        (b"BMW is a car, and this is prose about it.\n" * 9, "not-an-image"),
        (b"P5 is the name of a play; not a picture", "not-an-image"),
        (b"%PDF-1.7\n", "not-an-image"),
        (b"\0" * 100, "not-an-image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "unsupported-format"),
        (b"\xc5\xd0\xd3\xc6" + b"\0" * 60, "unsupported-format"),
        (b"8BPS\0\1" + b"\0" * 60, "unsupported-format"),
        (b"\0\0\0\x0cjP  \r\n\x87\n" + b"\0" * 60, "unsupported-format"),
        (b"II*\0\x10\0\0\0CR\2\0" + b"\0" * 60, "unsupported-format"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (b"GIF89a", "truncated"),
        (b"\xff\xd8\xff\xd9", "corrupt"),
    ],
)
def test_what_is_no_picture_says_why(data: bytes, kind: str) -> None:
    assert kind_of(data) == kind
    with pytest.raises(ImageError) as caught:
        probe(data)
    assert caught.value.kind == kind


def test_refused_formats_are_recognised_without_being_supported() -> None:
    assert sniff(b"8BPS\0\1") == "psd"
    assert sniff(b"%!PS-Adobe") == "eps"
    assert not {"psd", "eps", "pdf"} & SUPPORTED
    assert sniff(b"") is None


def test_heif_without_its_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    heif = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + b"\0" * 40
    with pytest.raises(ImageError, match=r"pip install 'resnet-faiss-dedup\[heif\]'") as caught:
        decode(heif)
    assert caught.value.kind == "unsupported-format"


@pytest.mark.parametrize(("width", "height"), [(13_100, 13_000), (20_000, 20_000), (1, 250_000)])
def test_decompression_bombs_are_refused_from_the_header(
    width: int, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", refuse)
    assert kind_of(png_of_size(width, height, zlib.compress(bytes(5_000_000)))) == "too-large"


def test_limits_are_the_callers() -> None:
    data = SAMPLES["jpeg"]
    assert kind_of(data, limits=DecodeLimits(max_pixels=WIDTH * HEIGHT - 1)) == "too-large"
    assert kind_of(data, limits=DecodeLimits(max_bytes=len(data) - 1)) == "too-large"
    assert kind_of(SAMPLES["jpeg-progressive"], limits=DecodeLimits(max_scans=3)) == "too-large"
    assert decode(data, limits=DecodeLimits(max_pixels=WIDTH * HEIGHT, max_scans=1)).width == WIDTH


@pytest.mark.parametrize("name", ["webp", "gif", "bmp", "tiff", "avif", "ppm", "png"])
def test_limits_hold_for_every_format(name: str) -> None:
    assert kind_of(SAMPLES[name], limits=DecodeLimits(max_pixels=WIDTH * HEIGHT - 1)) == "too-large"


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_orientation_is_applied_as_pillow_does(orientation: int, kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {"quality": 95} if kind == "JPEG" else {}
    data = saved(scene(), kind, exif=exif, **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    picture = decode(data)
    assert (picture.width, picture.height) == upright.size
    assert probe(data).oriented_size == upright.size
    assert difference(picture.rgb, upright) < 2
    small = decode(data, longest=48)
    assert max(small.rgb.shape[:2]) == 48
    assert (small.rgb.shape[1] > small.rgb.shape[0]) == (upright.width > upright.height)
    tall = decode(data, at_least=1, sides=(10, 30))
    assert tall.rgb.shape[1] >= 10
    assert tall.rgb.shape[0] >= 30


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"x"]
)
def test_broken_exif_does_not_break_a_picture(exif: bytes) -> None:
    data = SAMPLES["jpeg"]
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    np.testing.assert_array_equal(decode(data[:2] + segment + data[2:]).rgb, decode(data).rgb)


def test_transparency_is_laid_over_white() -> None:
    rgba = scene().convert("RGBA")
    alpha = np.zeros((HEIGHT, WIDTH), np.uint8)
    alpha[:, WIDTH // 2 :] = 255
    rgba.putalpha(Image.fromarray(alpha))
    for kind, options in (("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        picture = decode(saved(rgba, kind, **options))
        assert picture.flags == ("alpha",)
        assert (picture.rgb[:, : WIDTH // 2] == 255).all()
        assert difference(picture.rgb[:, WIDTH // 2 :], scene().crop((WIDTH // 2, 0, WIDTH, HEIGHT))) == 0


def test_an_opaque_alpha_channel_changes_nothing() -> None:
    picture = decode(saved(scene().convert("RGBA"), "PNG"))
    assert picture.flags == ()
    assert difference(picture.rgb, scene()) == 0


def test_palettes_are_resolved_and_their_transparency_too() -> None:
    flat = Image.new("P", (8, 8), 1)
    flat.putpalette([0, 0, 0, 200, 100, 50])
    assert (decode(saved(flat, "PNG")).rgb == (200, 100, 50)).all()
    seen = decode(saved(flat, "PNG", transparency=1))
    assert (seen.rgb == 255).all()
    assert seen.flags == ("alpha",)


def test_sixteen_bit_grey_is_scaled_to_8() -> None:
    ramp = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    for kind in ("PNG", "TIFF"):
        picture = decode(saved(Image.fromarray(ramp), kind))
        assert picture.flags == ("sixteen_bit",)
        np.testing.assert_array_equal(picture.grey(), np.round(ramp / 257).astype(np.uint8))


def test_floats_are_read_as_shares_or_stretched() -> None:
    shares = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)
    np.testing.assert_array_equal(decode(saved(Image.fromarray(shares), "TIFF")).grey(), np.round(shares * 255))
    stretched = decode(saved(Image.fromarray(shares * 9000 - 7), "TIFF")).grey()
    np.testing.assert_allclose(stretched, shares * 255, atol=1)


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_converted_and_noted(kind: str) -> None:
    cmyk = scene().convert("CMYK")
    data = saved(cmyk, kind, **({"quality": 100, "subsampling": 0} if kind == "JPEG" else {}))
    picture = decode(data)
    assert picture.flags == ("cmyk",)
    assert difference(picture.rgb, scene()) < 3
    assert decode(data, longest=24).rgb.shape == (16, 24, 3)


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_pictures_have_three_equal_channels(mode: str) -> None:
    picture = decode(saved(scene().convert(mode), "PNG"))
    assert difference(picture.rgb, scene().convert(mode)) == 0
    np.testing.assert_array_equal(picture.grey(), picture.rgb[:, :, 1])


def test_grey_jpeg() -> None:
    picture = decode(saved(scene().convert("L"), "JPEG", quality=95))
    assert (picture.rgb[:, :, 0] == picture.rgb[:, :, 2]).all()
    assert difference(picture.rgb, scene().convert("L")) < 3


@pytest.mark.parametrize("size", [(1300, 900), (900, 1301), (641, 640), (640, 480), (700, 1), (3, 2)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_longest_is_exact_and_never_enlarges(size: tuple[int, int], kind: str) -> None:
    picture = decode(saved(scene(*size), kind), longest=640)
    assert (picture.width, picture.height) == size
    ratio = min(1.0, 640 / max(size))
    assert picture.rgb.shape == (max(1, round(size[1] * ratio)), max(1, round(size[0] * ratio)), 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_at_least_reduces_by_halves_and_never_below(kind: str) -> None:
    data = saved(scene(501, 333), kind)
    assert decode(data, at_least=1, sides=(100, 80)).rgb.shape == (84, 126, 3)
    assert decode(data, at_least=1, sides=(127, 80)).rgb.shape == (167, 251, 3)
    assert decode(data, at_least=1, sides=(300, 10)).rgb.shape == (333, 501, 3)
    assert decode(data, at_least=1, sides=(900, 900)).rgb.shape == (333, 501, 3)
    assert decode(data, at_least=126).rgb.shape == (84, 126, 3)
    assert decode(data, at_least=126, sides=(1, 85)).rgb.shape == (167, 251, 3)
    assert decode(data, at_least=127, sides=(100, 80)).factor == 2


def test_reduced_jpeg_looks_like_the_reduced_picture() -> None:
    image = scene(800, 600)
    picture = decode(saved(image, "JPEG", quality=95), at_least=100, sides=(100, 75))
    assert difference(picture.rgb, image.reduce(8)) < 4


@pytest.mark.parametrize("quality", [1, 10, 30, 49, 50, 75, 90, 95, 100])
def test_jpeg_quality_is_read_from_the_tables(quality: int) -> None:
    picture = decode(saved(scene(), "JPEG", quality=quality))
    # the coarsest tables are clipped at 255 and so alike
    assert picture.jpeg_quality == pytest.approx(quality, abs=0.51 if quality > 1 else 3)


def test_other_formats_have_no_jpeg_quality() -> None:
    assert decode(SAMPLES["png"]).jpeg_quality is None


def test_fit_returns_what_already_fits() -> None:
    pixels = np.zeros((3, 5, 3), np.uint8)
    assert fit(pixels, 5) is pixels
    assert fit(pixels, 2).shape == (1, 2, 3)


def test_decoding_does_not_warn(recwarn: pytest.WarningsRecorder) -> None:
    cut = SAMPLES["tiff"][:-40]
    for data in (*SAMPLES.values(), cut):
        try:
            decode(data)
        except ImageError:
            continue
    assert not list(recwarn)
