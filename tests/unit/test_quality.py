from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from PIL import Image, ImageFilter

from image_samples import saved, scene
from rfdedup.features import light_and_detail, quality
from rfdedup.model.config import QUALITY_CHECKS, QualityConfig

GOOD = {
    "brightness": 120.0,
    "sharpness": 400.0,
    "entropy": 7.0,
    "colorfulness": 30.0,
    "width": 640,
    "height": 480,
    "flags": [],
    "light": 250,
    "shade": 5,
    "texture": 900.0,
    "crispness": 0.3,
}
CLASSIC = QualityConfig(rule="classic")


def table(*rows: dict[str, object]) -> pa.Table:
    return pa.Table.from_pylist(
        [GOOD | row for row in rows],
        schema=pa.schema(
            [
                ("brightness", pa.float64()),
                ("sharpness", pa.float64()),
                ("local_sharpness", pa.float64()),
                ("entropy", pa.float64()),
                ("colorfulness", pa.float64()),
                ("width", pa.int32()),
                ("height", pa.int32()),
                ("flags", pa.list_(pa.string())),
                ("light", pa.int32()),
                ("shade", pa.int32()),
                ("texture", pa.float64()),
                ("crispness", pa.float64()),
            ]
        ),
    )


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (2, 2), (63, 41), (480, 640)])
@pytest.mark.parametrize("source", ["noise", "flat", "checkers"])
def test_sharpness_is_the_variance_of_the_laplacian(shape: tuple[int, int], source: str) -> None:
    if source == "noise":
        grey = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    elif source == "flat":
        grey = np.full(shape, 130, np.uint8)
    else:
        grey = (np.indices(shape).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert light_and_detail.sharpness(light_and_detail.laplacian(grey)) == pytest.approx(
        cv2.Laplacian(grey, cv2.CV_64F).var(), rel=1e-9, abs=1e-6
    )


def test_brightness_and_contrast_are_mean_and_deviation() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (50, 70), dtype=np.uint8)
    assert light_and_detail.brightness_and_contrast(grey) == pytest.approx((grey.mean(), grey.std()), rel=1e-12)


def test_entropy_of_known_distributions() -> None:
    assert light_and_detail.entropy(np.zeros((4, 4), np.uint8)) == 0.0
    assert light_and_detail.entropy(np.tile(np.array([0, 255], np.uint8), (4, 2))) == pytest.approx(1.0)
    assert light_and_detail.entropy(np.arange(256, dtype=np.uint8).reshape(16, 16)) == pytest.approx(8.0)
    every_other = np.arange(512, dtype=np.uint16).astype(np.uint8).reshape(32, 16)[::2]
    assert light_and_detail.entropy(every_other) == pytest.approx(7.0)


def test_colorfulness_is_the_mean_spread_of_channels() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert light_and_detail.colorfulness(rgb) == pytest.approx(np.ptp(rgb, axis=2).mean())
    assert light_and_detail.colorfulness(np.repeat(rgb[:, :, :1], 3, axis=2)) == 0.0


def detail_of(image: Image.Image) -> float:
    inside, content = light_and_detail.inside_borders(np.asarray(image.convert("L")))
    return light_and_detail.detail(light_and_detail.spectrum(inside), *image.size, content)


def textured(width: int = 480, height: int = 360) -> Image.Image:
    """White noise up to the last frequency, on top of soft shapes with a 1/f amplitude: as sharp as a photo can be."""
    rng = np.random.default_rng(5)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(width) * width, np.fft.fftfreq(height) * height))
    spectrum = np.fft.fft2(rng.normal(size=(height, width))) / np.maximum(frequency, 1)
    field = np.fft.ifft2(spectrum).real
    return Image.fromarray(np.clip(128 + field / field.std() * 45, 0, 255).astype(np.uint8))


def recompressed(image: Image.Image, quality_level: int) -> Image.Image:
    return Image.open(io.BytesIO(saved(image, "JPEG", quality=quality_level))).convert("L")


def test_detail_prefers_the_original_to_copies_that_lost_some() -> None:
    original = textured()
    best = detail_of(original)
    width, height = original.size
    assert best == pytest.approx(np.sqrt(width * height), rel=0.1)
    assert detail_of(original.resize((width // 2, height // 2), Image.LANCZOS)) < 0.6 * best
    assert detail_of(recompressed(original, 10)) < 0.9 * best
    assert detail_of(original.filter(ImageFilter.GaussianBlur(1.5))) < 0.6 * best
    assert detail_of(original.crop((24, 18, width - 24, height - 18))) < 0.95 * best


@pytest.mark.parametrize("factor", [1.5, 2.0])
@pytest.mark.parametrize("kernel", [Image.BILINEAR, Image.BICUBIC, Image.LANCZOS])
def test_enlarging_adds_hardly_any_detail(factor: float, kernel: int) -> None:
    original = textured()
    # eight frequencies tell where a spectrum ends to a tenth
    large = original.resize((round(original.width * factor), round(original.height * factor)), kernel)
    assert detail_of(large) <= detail_of(original) * 1.1


@pytest.mark.parametrize("factor", [1.25, 1.5, 2.0])
@pytest.mark.parametrize("kernel", [Image.BILINEAR, Image.BICUBIC, Image.LANCZOS])
def test_enlarging_takes_fineness_and_reducing_does_not(factor: float, kernel: int) -> None:
    def fineness(image: Image.Image) -> float:
        return light_and_detail.fineness(light_and_detail.spectrum(np.asarray(image)))

    original = textured()
    large = original.resize((round(original.width * factor), round(original.height * factor)), kernel)
    small = original.resize((round(original.width / factor), round(original.height / factor)), Image.LANCZOS)
    assert fineness(large) < fineness(original) - 0.6 * np.log2(factor)
    assert fineness(original) > fineness(small) - 0.6 * np.log2(factor)


def test_a_plain_border_adds_no_detail() -> None:
    original = textured()
    framed = Image.new("L", (original.width + 60, original.height + 60), 255)
    framed.paste(original, (30, 30))
    assert detail_of(framed) <= detail_of(original) * 1.02


def test_detail_ignores_gain_and_offset() -> None:
    soft = Image.eval(textured(), lambda level: 40 + level // 2)
    assert detail_of(soft) == pytest.approx(detail_of(textured()), rel=0.03)


@pytest.mark.parametrize("shape", [(1, 1), (7, 300), (8, 8), (9, 2000)])
def test_detail_of_odd_shapes_is_finite(shape: tuple[int, int]) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    assert 0 <= detail_of(noise) <= np.sqrt(shape[0] * shape[1]) + 0.01
    assert detail_of(Image.new("L", (shape[1], shape[0]), 9)) == 0.0


def flagged(found: quality.QualityChecks) -> list[list[str]]:
    return [[name for name, mask in found.flags.items() if mask[row]] for row in range(found.dropped.size)]


def test_reasons_name_the_cause_and_the_measure_that_decided() -> None:
    found = quality.check_quality(
        table(
            {},
            {"light": 31, "shade": 0, "crispness": 0.01},
            {"shade": 171, "crispness": 0.01},
            {"crispness": 0.0349},
            {"crispness": 0.035},
            {"light": 32},
            {"shade": 170},
            {"light": 105, "shade": 100},
            {"light": 106, "shade": 100},
            {"brightness": 3.0, "sharpness": 1.0},
            {"crispness": None, "texture": 3.0},
        ),
        QualityConfig(),
    )
    nothing = np.nan
    assert found.reason.tolist() == [None, "dark", "bright", "blurry", None, None, None, "blank", None, None, None]
    np.testing.assert_array_equal(found.score[:8], [nothing, 31, 171, 0.0349, nothing, nothing, nothing, 5])
    np.testing.assert_array_equal(found.threshold[:8], [nothing, 32, 170, 0.035, nothing, nothing, nothing, 6])
    assert flagged(found) == [[]] * 10 + [["low_texture"]]


def test_label_maps_are_neither_dark_nor_blank() -> None:
    found = quality.check_quality(
        table(*({"light": 3, "shade": 0, "flags": flags} for flags in (["label_map"], []))), QualityConfig()
    )
    assert found.reason.tolist() == [None, "dark"]


def test_the_classic_rule_looks_at_means() -> None:
    found = quality.check_quality(
        table(
            {},
            {"brightness": 3.0, "sharpness": 1.0},
            {"brightness": 240.0, "sharpness": 1.0},
            {"sharpness": 49.9},
            {"sharpness": 50.0},
            {"brightness": 10.0},
            {"brightness": 220.0},
        ),
        CLASSIC,
    )
    assert found.reason.tolist() == [None, "dark", "bright", "blurry", None, None, None]
    assert found.dropped.tolist() == [False, True, True, True, False, False, False]
    np.testing.assert_array_equal(found.score, [np.nan, 3.0, 240.0, 49.9, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(found.threshold, [np.nan, 10.0, 220.0, 50.0, np.nan, np.nan, np.nan])
    assert flagged(found) == [[]] * 7


ODD = (
    ({"entropy": 2.9}, "low_information", 2.9, 3.0),
    ({"colorfulness": 0.4}, "grayscale", 0.4, quality.GRAYSCALE),
    ({"width": 31}, "tiny", 31, 32),
    ({"height": 100}, "odd_aspect", 6.4, 4.0),
    ({"flags": ["alpha", "animated"]}, "animated", 1.0, 1.0),
)


def test_other_checks_only_flag() -> None:
    found = quality.check_quality(table(*(row for row, *_ in ODD)), QualityConfig(odd_aspect=5.0))
    assert not found.dropped.any()
    expected = [[name] for _, name, *_ in ODD]
    expected[2] = ["tiny", "odd_aspect"]
    assert flagged(found) == expected


def test_every_check_drops_when_asked_and_blurry_comes_last() -> None:
    rows = [row | {"crispness": 0.01} for row, *_ in ODD]
    rows[2]["height"] = 40
    found = quality.check_quality(table(*rows), QualityConfig(drop=QUALITY_CHECKS))
    assert found.reason.tolist() == [name for _, name, *_ in ODD]
    np.testing.assert_allclose(found.score, [score for *_, score, _ in ODD])
    np.testing.assert_allclose(found.threshold, [threshold for *_, threshold in ODD])
    assert flagged(found) == [[]] * len(ODD)


def test_nothing_drops_when_the_tier_is_off() -> None:
    found = quality.check_quality(table({"light": 3, "shade": 1, "crispness": 0.01}), QualityConfig(), active=False)
    assert not found.dropped.any()
    assert flagged(found) == [["dark", "blank", "blurry"]]


def test_rows_without_measurements_pass() -> None:
    nothing = dict.fromkeys(GOOD) | {"flags": []}
    found = quality.check_quality(table(nothing, {"light": 9}), QualityConfig(drop=QUALITY_CHECKS))
    assert found.reason.tolist() == [None, "dark"]
    assert flagged(found) == [[], []]


def test_no_rows() -> None:
    found = quality.check_quality(table(), QualityConfig())
    assert found.dropped.shape == found.reason.shape == (0,)


def test_chunked_columns() -> None:
    found = quality.check_quality(
        pa.concat_tables([table({"flags": ["animated"]}), table({}, {"flags": ["animated"]})]), QualityConfig()
    )
    assert flagged(found) == [["animated"], [], ["animated"]]


def test_real_scene_is_neither_flat_nor_grey() -> None:
    rgb = np.asarray(scene(300, 200))
    assert light_and_detail.colorfulness(rgb) > 20
    assert light_and_detail.entropy(np.ascontiguousarray(rgb[:, :, 1])) > 6


def test_a_sharp_spot_saves_a_soft_picture_from_the_classic_rule() -> None:
    found = quality.check_quality(
        table({"sharpness": 30.0, "local_sharpness": 200.0}, {"sharpness": 30.0, "local_sharpness": 60.0}),
        CLASSIC,
    )
    assert found.reason.tolist() == [None, "blurry"]


def test_local_sharpness_is_that_of_the_sharpest_sixteenth() -> None:
    grey = np.full((640, 640), 128, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (160, 160), dtype=np.uint8)
    assert light_and_detail.local_sharpness(grey) == 0.0
    grey[:160, :160] = noise
    assert light_and_detail.local_sharpness(grey) > 0.8 * light_and_detail.sharpness(light_and_detail.laplacian(noise))
    assert light_and_detail.sharpness(light_and_detail.laplacian(grey)) < 0.1 * light_and_detail.local_sharpness(grey)


@pytest.mark.parametrize("shape", [(1, 1), (1, 900), (5, 7), (63, 65)])
def test_local_sharpness_of_pictures_with_fewer_pixels_than_tiles(shape: tuple[int, int]) -> None:
    assert light_and_detail.local_sharpness(np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)) >= 0.0


def framed(picture: npt.NDArray[np.uint8], across: int, down: int, colour: int = 255) -> npt.NDArray[np.uint8]:
    whole = np.full((picture.shape[0] + 2 * down, picture.shape[1] + 2 * across, 3), colour, np.uint8)
    whole[down : down + picture.shape[0], across : across + picture.shape[1]] = picture
    return whole


def noise(height: int, width: int) -> npt.NDArray[np.uint8]:
    return np.random.default_rng(5).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize(("across", "down"), [(20, 20), (0, 30), (15, 0)], ids=["frame", "letterbox", "pillars"])
@pytest.mark.parametrize("colour", [0, 255])
def test_frames_are_taken_off_before_a_picture_is_compared(across: int, down: int, colour: int) -> None:
    picture = noise(240, 320)
    inside = light_and_detail.without_borders(framed(picture, across, down, colour))
    assert 0 <= picture.shape[0] - inside.shape[0] <= 8
    assert 0 <= picture.shape[1] - inside.shape[1] <= 8
    assert inside.std() > 60


def test_empty_ground_around_a_thing_is_part_of_the_picture() -> None:
    lonely = framed(noise(60, 60), 100, 100)
    assert light_and_detail.without_borders(lonely) is lonely
    flat = np.full((50, 60, 3), 90, np.uint8)
    assert light_and_detail.without_borders(flat) is flat
    plain = noise(100, 100)
    assert light_and_detail.without_borders(plain) is plain


def test_the_spectrum_is_that_of_an_exact_dct() -> None:
    grey = np.random.default_rng(3).integers(0, 256, (64, 96), dtype=np.uint8)
    position, frequency = np.arange(8), np.arange(8)[:, None]
    basis = 0.5 * np.cos((2 * position + 1) * frequency * np.pi / 16)
    basis[0] = np.sqrt(1 / 8)
    blocks = grey.reshape(8, 8, 12, 8).swapaxes(1, 2) - 128.0
    energy = np.square(basis @ blocks @ basis.T).mean(axis=(0, 1))
    ring = np.maximum(*np.indices((8, 8)))
    expected = [energy[ring == k].mean() * k**2 for k in range(1, 8)]
    np.testing.assert_allclose(light_and_detail.spectrum(grey), expected, rtol=1e-3)
