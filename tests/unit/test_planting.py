"""The planter: what it writes is what it says, and the same seed writes the same bytes."""

from __future__ import annotations

import io
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps, UnidentifiedImageError

from rfdedup.demo.edits import COPY_KINDS, STYLES, make_broken, make_copy, make_junk
from rfdedup.demo.planting import DEFAULT_KINDS, PHOTOS, plant, shipped_photos
from rfdedup.model.errors import InputError
from rfdedup.outputs.truth import PLANTED_BROKEN, PLANTED_JUNK, read_truth


def rgb(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def difference(a: np.ndarray, b: np.ndarray) -> float:
    """Mean absolute difference of grey levels, both reduced to 64 x 64."""
    small = [cv2.resize(cv2.cvtColor(x, cv2.COLOR_RGB2GRAY), (64, 64), interpolation=cv2.INTER_AREA) for x in (a, b)]
    return float(np.abs(small[0].astype(float) - small[1]).mean())


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return rgb((PHOTOS / "moose.jpg").read_bytes())


def test_shipped_photos_are_small_licensed_and_pass_the_quality_defaults() -> None:
    photos = shipped_photos()
    licences = (PHOTOS / "LICENSES.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\S+\.jpg) \|", licences, re.MULTILINE)
    assert sorted(listed) == [photo.name for photo in photos]
    assert 30 <= len(photos) <= 60
    assert sum(photo.stat().st_size for photo in photos) <= 3_000_000
    for photo in photos:
        grey = cv2.cvtColor(rgb(photo.read_bytes()), cv2.COLOR_RGB2GRAY)
        assert max(grey.shape) <= 640, photo.name
        assert cv2.Laplacian(grey, cv2.CV_64F).var() >= 50, photo.name
        assert 10 <= grey.mean() <= 220, photo.name


def test_shipped_photos_are_distinct() -> None:
    photos = [rgb(photo.read_bytes()) for photo in shipped_photos()]
    closest = min(difference(a, b) for i, a in enumerate(photos) for b in photos[:i])
    assert closest > 15


def test_truth_describes_exactly_the_files_written(tmp_path: Path) -> None:
    planted = plant(shipped_photos()[:9], tmp_path, junk_every=1)
    rows = read_truth(planted.truth)
    assert tuple(rows) == planted.rows
    assert sorted(row.path for row in rows) == sorted(file.name for file in planted.images.iterdir())
    groups = {row.group for row in rows if row.group}
    assert len(groups) == 9
    assert {row.kind for row in rows} == {"original", *DEFAULT_KINDS, *PLANTED_JUNK, *PLANTED_BROKEN}
    for row in rows:
        assert (row.group is None) == (row.kind in PLANTED_JUNK + PLANTED_BROKEN)
        assert row.original is not None
    by_kind = {(row.group, row.kind): planted.images / row.path for row in rows}
    for group, source in zip(sorted(groups), shipped_photos(), strict=False):
        assert by_kind[group, "original"].read_bytes() == source.read_bytes()
        assert by_kind[group, "exact"].read_bytes() == source.read_bytes()


@pytest.mark.parametrize("style", sorted(STYLES))
def test_same_seed_same_bytes_other_seed_other_bytes(tmp_path: Path, style: str) -> None:
    kinds = ("crop10", "watermark", "noise")
    first, again, other = (
        plant(shipped_photos()[:2], tmp_path / name, seed=seed, style=style, kinds=kinds)
        for name, seed in (("first", 5), ("again", 5), ("other", 6))
    )
    for row in first.rows:
        content = (first.images / row.path).read_bytes()
        assert content == (again.images / row.path).read_bytes()
        if row.kind in kinds:
            assert content != (other.images / row.path).read_bytes()


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("kind", [kind for kind in COPY_KINDS if kind not in ("exact", "flip")])
def test_every_copy_differs_in_bytes_and_resembles_its_original(photo: np.ndarray, style: str, kind: str) -> None:
    data, form = make_copy(kind, photo, np.random.default_rng(1), STYLES[style])
    assert Image.open(io.BytesIO(data)).format == {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[form]
    copy = rgb(data)
    # pixels move in crops, borders and turns; those and changes of light may differ more
    moved = kind in ("crop10", "crop", "border", "rotate2", "caption", "brighter", "darker", "contrast", "gamma")
    assert difference(copy, photo) < (45 if moved else 12)


@pytest.mark.parametrize("style", sorted(STYLES))
def test_edits_do_what_their_names_say(photo: np.ndarray, style: str) -> None:
    def copy(kind: str) -> np.ndarray:
        return rgb(make_copy(kind, photo, np.random.default_rng(3), STYLES[style])[0])

    height, width = photo.shape[:2]
    assert copy("half").shape[1] < 0.6 * width
    assert copy("upscale").shape[1] > 1.2 * width
    assert 0.85 * width < copy("crop10").shape[1] < 0.95 * width
    assert copy("border").shape[0] > height
    assert copy("brighter").mean() > 1.08 * photo.mean()
    assert copy("darker").mean() < 0.9 * photo.mean()
    assert np.ptp(copy("grey").astype(int), axis=2).max() <= 8
    assert difference(copy("flip")[:, ::-1], photo) < 2
    assert difference(copy("exif"), photo) < 2


@pytest.mark.parametrize("style", sorted(STYLES))
@pytest.mark.parametrize("kind", PLANTED_JUNK)
def test_junk_is_junk(style: str, kind: str) -> None:
    for number, source in enumerate(shipped_photos()[::10]):
        pixels = rgb(source.read_bytes())
        spoilt = rgb(make_junk(kind, pixels, np.random.default_rng(number), STYLES[style]))
        grey = cv2.cvtColor(spoilt, cv2.COLOR_RGB2GRAY)
        if kind == "dark":
            assert grey.mean() < 10
        elif kind == "bright":
            assert grey.mean() > 220
        else:
            before = cv2.Laplacian(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()
            assert cv2.Laplacian(grey, cv2.CV_64F).var() < before / 5


@pytest.mark.parametrize("kind", PLANTED_BROKEN)
def test_broken_files_cannot_be_decoded(photo: np.ndarray, kind: str) -> None:
    data = make_broken(kind, photo, np.random.default_rng(0), STYLES["default"])
    with pytest.raises((UnidentifiedImageError, OSError)), Image.open(io.BytesIO(data)) as image:
        image.load()


def test_fewer_kinds_for_each_source_on_request(tmp_path: Path) -> None:
    planted = plant(shipped_photos()[:8], tmp_path, per_source=3, junk_every=0)
    assert len(planted.rows) == 8 * 4
    assert len({row.kind for row in planted.rows}) > 4


def test_wrong_requests_name_what_is_known(tmp_path: Path) -> None:
    photos = shipped_photos()[:1]
    with pytest.raises(InputError, match="no photos"):
        plant([], tmp_path)
    with pytest.raises(InputError, match=r"unknown style 'gimp'.*opencv"):
        plant(photos, tmp_path, style="gimp")
    with pytest.raises(InputError, match=r"unknown kind of copy 'sepia'.*q30"):
        plant(photos, tmp_path, kinds=["sepia"])
    with pytest.raises(InputError, match="cannot plant copies of"):
        plant([PHOTOS / "LICENSES.md"], tmp_path / "a")
    plant(photos, tmp_path / "b", kinds=["exact"])
    with pytest.raises(InputError, match="new folder"):
        plant(photos, tmp_path / "b", kinds=["exact"])


def test_neutral_names_do_not_tell_the_kind(tmp_path: Path) -> None:
    planted = plant(shipped_photos()[:2], tmp_path, neutral_names=True, junk_every=1)
    names = [row.path for row in planted.rows]
    assert len(set(names)) == len(names)
    assert not any(row.kind in row.path for row in planted.rows)
    assert all((planted.images / name).is_file() for name in names)
