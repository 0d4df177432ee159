"""Junk by information: what a picture holds decides, and not its mean."""

from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from PIL import Image, ImageDraw

from image_samples import saved
from rfdedup.demo.planting import shipped_photos
from rfdedup.features import heavy_bounds, information
from rfdedup.features.measurement import measure
from rfdedup.features.quality import CHECKED, check_quality
from rfdedup.imaging import decode
from rfdedup.model.config import QualityConfig, make_config
from rfdedup.model.errors import ConfigError
from rfdedup.model.schemas import FEATURES

RNG = np.random.default_rng(3)
Grey = npt.NDArray[np.uint8]


def reason(image: Image.Image | npt.NDArray[np.generic], kind: str = "PNG", rule: str = "information") -> str | None:
    if not isinstance(image, Image.Image):
        image = Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))
    row = asdict(measure(saved(image, kind, quality=88) if kind == "JPEG" else saved(image, kind)))
    table = pa.Table.from_pylist([row], schema=pa.schema([FEATURES.field(name) for name in CHECKED]))
    found: str | None = check_quality(table, make_config({"quality": {"rule": rule}}).quality).reason[0]
    return found


def stars() -> Image.Image:
    sky = RNG.normal(2, 1, (400, 600)).clip(0, 255)
    for x, y in RNG.integers(5, 395, (120, 2)):
        sky[x : x + 2, y : y + 2] = RNG.integers(120, 255)
    return Image.fromarray(sky.astype(np.uint8)).convert("RGB")


def page() -> Image.Image:
    image = Image.new("RGB", (850, 1100), "white")
    pen = ImageDraw.Draw(image)
    for line in range(8):
        pen.text((90, 130 + 27 * line), "a few lines of text on an otherwise empty page", fill=(20, 20, 20))
    return image


def drawing() -> Image.Image:
    image = Image.new("L", (900, 700), 255)
    ImageDraw.Draw(image).arc((200, 150, 700, 600), 0, 300, fill=0, width=2)
    return image


def clouds(deviation: float) -> npt.NDArray[np.float64]:
    """Noise whose amplitude falls with the square of frequency: as smooth at every size, with grain of a level."""
    down, across = np.fft.fftfreq(480)[:, None], np.fft.rfftfreq(640)[None]
    frequency = np.hypot(down, across)
    frequency[0, 0] = 1.0
    phase = np.exp(2j * np.pi * np.random.default_rng(1).random(frequency.shape))
    field = np.fft.irfft2(phase / frequency**2, (480, 640))
    return np.asarray(field / field.std() * deviation + 150 + RNG.normal(0, 1.5, field.shape))


def ship_on_plain_sea() -> npt.NDArray[np.float64]:
    sea = RNG.normal(48, 3, (256, 256))
    sea[170:176, 150:164] = 230
    return sea


def asphalt() -> npt.NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(RNG.normal(110, 16, (480, 640)), (0, 0), 0.8))


def film() -> npt.NDArray[np.float64]:
    """Soft bright shapes with fine grain on them, as in an X-ray."""
    soft = cv2.GaussianBlur((RNG.random((600, 500)) > 0.5) * 255.0, (0, 0), 14)
    return np.asarray((soft - soft.mean()) * 6 + 120 + cv2.GaussianBlur(RNG.normal(0, 14, soft.shape), (0, 0), 1.0))


GOOD = {
    "stars": stars(),
    "page": page(),
    "drawing": drawing(),
    "faint clouds": clouds(8.0),
    "clouds": clouds(25.0),
    "ship": ship_on_plain_sea(),
    "asphalt": asphalt(),
    "film": film(),
}


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_pictures_that_means_misjudge_are_kept(name: str, kind: str) -> None:
    assert reason(GOOD[name], kind) is None


@pytest.mark.parametrize(("name", "mistaken_for"), [("stars", "dark"), ("page", "bright"), ("clouds", "blurry")])
def test_the_classic_rule_still_drops_them(name: str, mistaken_for: str) -> None:
    assert reason(GOOD[name], rule="classic") == mistaken_for


def photos() -> list[Grey]:
    return [decode(file.read_bytes(), at_least=640).rgb for file in shipped_photos()[::5]]


def blurred(image: Grey, sigma: float) -> Grey:
    return cv2.GaussianBlur(image, (0, 0), sigma * max(image.shape) / 640)  # type: ignore[return-value]


@pytest.mark.parametrize("sigma", [4, 8, 16])
def test_blurred_photos_are_blurry(sigma: float) -> None:
    found = [reason(blurred(image, sigma), "JPEG") for image in photos()]
    # of a bridge in fog little is left to be blurred by a twentieth of the picture
    assert found.count("blurry") >= len(found) - (sigma == 16)


def test_photos_that_were_moved_are_blurry() -> None:
    """Along the movement nothing is sharp, across it everything is."""
    line = np.zeros((25, 25), np.float32)
    line[12] = 1 / 25
    moved = [reason(cv2.filter2D(image, -1, line), "JPEG") for image in photos()]
    assert moved.count("blurry") >= 0.6 * len(moved)


def test_dark_and_bright_photos_are_junk_and_the_photos_are_not() -> None:
    for image in photos():
        assert reason(image) is None
        assert reason(image * 0.02) == reason(image * 0.02, "JPEG") == "dark"
        assert reason(255 - (255 - image.astype(float)) * 0.12, "JPEG") == "bright"


def test_frames_without_a_picture_are_junk() -> None:
    noise = RNG.normal(0, 3, (480, 640, 3))
    assert reason(noise + 2, "JPEG") == "dark"
    assert reason(np.zeros((480, 640, 3))) == "dark"
    assert reason(noise + 252, "JPEG") == "bright"
    assert reason(np.full((480, 640, 3), 90.0), "JPEG") == "blank"


def test_masks_are_label_maps_and_kept() -> None:
    mask = np.zeros((400, 500), np.uint8)
    cv2.circle(mask, (200, 200), 90, 1, -1)
    cv2.rectangle(mask, (300, 100), (450, 350), 7, -1)
    lines = (cv2.Canny(photos()[0], 100, 200) > 0).astype(np.uint8)
    for labels in (mask, mask > 0, np.zeros_like(mask), lines):
        found = measure(saved(Image.fromarray(labels.astype(np.uint8)), "PNG"))
        assert "label_map" in found.flags
        assert reason(labels.astype(np.uint8)) is None


def test_dark_photos_are_no_label_maps() -> None:
    for image in photos():
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        for factor in (0.01, 0.02, 0.04):
            assert reason(Image.fromarray(np.rint(grey * factor).astype(np.uint8))) == "dark"


def logo(level: int) -> Image.Image:
    image = Image.new("RGBA", (400, 200), (255, 255, 255, 0))
    ImageDraw.Draw(image).ellipse((60, 30, 340, 170), fill=(level, level, level, 255))
    return image


@pytest.mark.parametrize(("level", "canvas"), [(255, 0), (240, 0), (0, 255), (120, 255), (200, 0)])
def test_transparency_is_laid_over_what_shows_the_picture(level: int, canvas: int) -> None:
    """A white logo on white holds nothing, and was called bright for it."""
    pixels = decode(saved(logo(level), "PNG")).rgb
    assert pixels[0, 0, 0] == canvas
    assert pixels[100, 200, 0] == level
    assert reason(logo(level)) is None


def test_a_picture_in_black_and_white_parts_keeps_its_white_canvas() -> None:
    image = logo(255)
    ImageDraw.Draw(image).rectangle((150, 60, 250, 140), fill=(0, 0, 0, 255))
    assert decode(saved(image, "PNG")).rgb[0, 0, 0] == 255
    assert decode(saved(Image.new("RGBA", (9, 9), (0, 0, 0, 0)), "PNG")).rgb[0, 0, 0] == 255


def test_extent_passes_over_dust_and_not_over_stars() -> None:
    grey = np.full((480, 640), 10, np.uint8)
    grey.ravel()[:74] = 200
    assert information.extent(grey) == (10, 10)
    grey.ravel()[:75] = 200
    assert information.extent(grey) == (10, 200)
    assert information.extent(255 - grey) == (55, 245)
    assert information.extent(np.array([[7]], np.uint8)) == (7, 7)


@pytest.mark.parametrize("shape", [(1, 1), (95, 95), (23, 640), (640, 23), (24, 640), (96, 24), (97, 101), (480, 640)])
def test_structure_of_odd_shapes(shape: tuple[int, int]) -> None:
    found = information.structure(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert (found.crispness is None) == (max(shape) < 96 or min(shape) * 320 // max(max(shape), 320) < 24)
    assert found.crispness is None or found.crispness > 1
    flat = information.structure(np.full(shape, 90, np.uint8))
    assert flat.crispness is None
    assert flat.texture in (None, 0.0)


def test_energies_are_those_of_whole_numbers() -> None:
    grid = np.random.default_rng(0).integers(0, 2, (120, 160)) * 255
    edges = information._edges(120, 160), information._edges(160, 160)
    found = information._energies(grid.astype(np.float32), edges, 1)
    change = np.abs(grid[1:-1, 2:] + grid[1:-1, :-2] - 2 * grid[1:-1, 1:-1]).astype(np.int64) ** 2
    (top, bottom), (left, right) = (8 * along[2:4] - 1 for along in edges)
    assert found[0, 2, 2] == change[top:bottom, left:right].mean()


def test_pictures_that_are_sharp_are_not_looked_at_twice() -> None:
    found = measure(shipped_photos()[2].read_bytes())
    assert (found.crispness is None) == (found.sharpness >= 500)


def test_bounds_are_those_of_the_rule() -> None:
    assert (QualityConfig().blurry, QualityConfig().dark, QualityConfig().bright) == (0.035, 32, 170)
    classic = QualityConfig(rule="classic", dark=12)
    assert (classic.blurry, classic.dark, classic.bright) == (50, 12, 220)


def test_a_bound_of_the_other_rule_is_refused() -> None:
    with pytest.raises(ConfigError, match="--quality classic"):
        make_config({"quality": {"blurry": 80}})
    assert make_config({"quality": {"blurry": 80, "rule": "classic"}}).quality.blurry == 80


def test_a_bound_that_takes_much_is_told_with_what_changes_it() -> None:
    quality = make_config({}).model_dump()["quality"]
    (told,) = heavy_bounds.heavy_bounds({"blurry": 70, "dark": 3}, 300, quality)
    assert told.options == ("--drop dark,bright,blank", "--blurry 0.0175", "--quality classic")
    assert "blurry (bound 0.035) took 70 of 300 images, 23 %" in told.sentence()
    assert not heavy_bounds.heavy_bounds({"blurry": 60}, 300, quality)
    assert not heavy_bounds.heavy_bounds({"blurry": 19}, 20, quality)
    assert not heavy_bounds.heavy_bounds({"rejected": 200}, 300, quality)
    (tiny,) = heavy_bounds.heavy_bounds({"tiny": 200}, 300, {"drop": ["tiny"]})
    assert tiny.options == ("--tiers hash,semantic",)


@pytest.mark.parametrize("name", ["white-background", "night-sky", "masks-folder", "smooth-blurry", "water-tiles"])
def test_no_picture_of_the_shared_cases_is_junk(name: str) -> None:
    folder = Path(__file__).parents[3] / "shared" / "cases" / name / "in"
    if not folder.is_dir():
        pytest.skip(f"shared case {name} is not here")
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    assert {file.name: why for file in files if (why := reason(Image.open(io.BytesIO(file.read_bytes()))))} == {}
