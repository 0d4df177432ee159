"""Keypoints, views, sentences and the change map."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rfdedup.comparison
import rfdedup.demo
from rfdedup.comparison import VIEW_SIDE, ChangeLimits, Keypoints, View, change_map, compare, make_view, sentence
from rfdedup.imaging.arrays import U8
from rfdedup.model.evidence import Kind

PHOTOS = Path(rfdedup.demo.__file__).parent / "photos"


@pytest.fixture(scope="module")
def koala() -> U8:
    picture = Image.open(PHOTOS / "koala.jpg").convert("RGB")
    picture.thumbnail((480, 480))
    return np.asarray(picture)


def view(rgb: U8) -> View:
    return make_view(rgb, rgb.shape[1], rgb.shape[0], None)


def test_keypoints_survive_their_bytes(koala: U8) -> None:
    found = view(koala).keypoints
    again = Keypoints.from_bytes(found.to_bytes())
    assert len(found) > 50
    assert len(found.to_bytes()) <= 4 + 400 * 132
    assert (again.width, again.height) == (found.width, found.height)
    np.testing.assert_array_equal(again.positions, found.positions)
    np.testing.assert_array_equal(again.descriptors, found.descriptors)


@pytest.mark.parametrize("data", [b"", b"123", bytes(4 + 131)])
def test_bytes_that_are_no_keypoints_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="no keypoints"):
        Keypoints.from_bytes(data)


def test_mirrored_keypoints_need_no_second_detection(koala: U8) -> None:
    found = view(koala).keypoints
    twice = found.mirrored().mirrored()
    np.testing.assert_array_equal(twice.positions, found.positions)
    np.testing.assert_array_equal(twice.descriptors, found.descriptors)


def test_a_view_is_reduced_read_only_and_can_be_pickled(koala: U8) -> None:
    large = np.repeat(np.repeat(koala, 3, axis=0), 3, axis=1)
    made = view(large)
    assert max(made.rgb.shape) == VIEW_SIDE
    assert (made.width, made.height) == (large.shape[1], large.shape[0])
    assert not made.rgb.flags.writeable
    assert compare(pickle.loads(pickle.dumps(made)), view(koala)).kind is Kind.COPY


def test_kept_keypoints_are_used(koala: U8) -> None:
    kept = view(koala).keypoints
    assert make_view(koala, koala.shape[1], koala.shape[0], None, keypoints=kept).keypoints is kept


def test_a_picture_of_which_the_view_is_a_reduction_is_aligned_at_full_size(koala: U8) -> None:
    height, width = koala.shape[:2]
    evidence = compare(make_view(koala, 4 * width, 4 * height, None), view(koala))
    assert evidence.kind is Kind.COPY
    assert evidence.transform == pytest.approx((0.25, 0, 0, 0, 0.25, 0), abs=1e-3)


def test_stricter_limits_are_obeyed(koala: U8) -> None:
    altered = koala.copy()
    altered[100:130, 200:240] = altered[100:130, 200:240][::-1]
    assert (
        compare(view(koala), view(altered), ChangeLimits(max_change=99.0, least_max_change=99.0)).kind
        is not Kind.DIFFERENT
    )
    assert compare(view(koala), view(altered), ChangeLimits(max_change=0.5)).kind is Kind.DIFFERENT


def test_the_change_map_shows_what_changed_where(koala: U8) -> None:
    altered = koala.copy()
    altered[100:150, 200:260] = 255 - altered[100:150, 200:260]
    subject, king, mask = change_map(view(altered), view(koala))
    assert subject.shape == king.shape == (*mask.shape, 3)
    assert set(np.unique(mask)) == {0, 255}
    rows, columns = np.nonzero(mask)
    assert 90 <= rows.mean() <= 160
    assert 190 <= columns.mean() <= 270
    assert np.abs(subject[110:140, 210:250].astype(int) - king[110:140, 210:250]).mean() > 20


def test_a_change_map_of_unlike_pictures_is_all_changed(koala: U8) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (100, 130, 3), dtype=np.uint8)
    subject, king, mask = change_map(view(noise), view(koala))
    assert subject.shape == king.shape
    assert (mask == 255).all()


def test_sentences(koala: U8) -> None:
    def told(rgb: U8) -> str:
        size = rgb.shape[1], rgb.shape[0]
        return sentence(compare(view(rgb), view(koala)), size, (koala.shape[1], koala.shape[0]))

    height, width = koala.shape[:2]
    assert told(koala.copy()) == "the same picture, nothing changed"
    cut = told(koala[: height * 4 // 5, : width * 4 // 5].copy())
    assert cut == "the same picture, cut to 64 %, nothing changed"
    assert "mirrored" in told(koala[:, ::-1].copy())
    assert "turned by 90 degrees" in told(np.rot90(koala).copy())
    altered = koala.copy()
    altered[100:150, 200:260] = 255 - altered[100:150, 200:260]
    assert told(altered).startswith("the same view, something came, went or moved: ") or "hue" in told(altered)
    noise = np.random.default_rng(1).integers(0, 255, (100, 130, 3), dtype=np.uint8)
    assert told(noise) == "the pictures cannot be laid over each other"


ALLOWED = (
    *("from rfdedup.comparison", "from rfdedup.imaging.arrays", "from rfdedup.imaging.panels"),
    "from rfdedup.model.",
)


def test_the_package_stands_alone() -> None:
    folder = Path(rfdedup.comparison.__file__).parent
    for source in folder.glob("*.py"):
        for line in source.read_text(encoding="utf-8").splitlines():
            if line.startswith("from rfdedup"):
                assert line.startswith(ALLOWED), source
