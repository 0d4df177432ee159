"""Panels: what seams cut a picture into, and how pictures are found that look like one."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

import rfdedup.demo
from rfdedup.comparison import ChangeLimits, compare, make_view
from rfdedup.comparison.align import by_keypoints, by_panels
from rfdedup.features.panels import panels
from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.imaging.panels import MOST_PANELS, Box, find_panels
from rfdedup.model.constants import PANEL_BYTES, THUMB_SIDE
from rfdedup.model.evidence import Kind, Side
from rfdedup.stages.propose import by_panels as propose_panels

PHOTOS = sorted((Path(rfdedup.demo.__file__).parent / "photos").glob("*.jpg"))


def photo(number: int) -> U8:
    return np.asarray(Image.open(PHOTOS[number]).convert("RGB"))


def grey(rgb: U8) -> U8:
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), np.uint8)


def grid(columns: int, rows: int, gap: int, first: int = 0) -> tuple[U8, list[Box]]:
    """Photos beside and below each other, white gaps between them, and where they lie."""
    width, height = 240, 180
    out = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    boxes = []
    for number in range(columns * rows):
        x, y = gap + number % columns * (width + gap), gap + number // columns * (height + gap)
        out[y : y + height, x : x + width] = area_resize(photo(first + number), width, height)
        boxes.append((x, y, x + width, y + height))
    coded = cv2.imencode(".jpg", out[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1]), boxes


def off(one: Box, other: Box) -> int:
    return int(np.abs(np.subtract(one, other)).max())


@pytest.mark.parametrize("gap", [0, 6])
@pytest.mark.parametrize(("columns", "rows"), [(2, 1), (2, 2), (3, 2)])
def test_nearly_each_picture_of_a_grid_is_a_panel(columns: int, rows: int, gap: int) -> None:
    """A brick wall has clearer edges than its own frame, and a white wall has none at a white gap."""
    missed, shown = [], 0
    for first in range(0, 44, 4):
        picture, boxes = grid(columns, rows, gap, first)
        found = find_panels(grey(picture))
        assert len(found) <= MOST_PANELS
        # seams are found to a pixel of 256
        near = 3 * max(picture.shape) / 256
        missed += [(first, box) for box in boxes if not any(off(box, one) <= near for one in found)]
        shown += len(boxes)
    assert len(missed) <= 0.1 * shown, missed


def test_few_photos_have_panels_and_a_plain_picture_has_none() -> None:
    with_panels = [path.name for number, path in enumerate(PHOTOS) if find_panels(grey(photo(number)))]
    assert len(with_panels) < len(PHOTOS) / 3
    assert find_panels(np.full((400, 600), 128, np.uint8)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (23, 23), (48, 48)])
def test_small_and_thin_pictures_are_looked_at_without_harm(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert len(panels(noise)) % PANEL_BYTES == 0


def test_a_collage_is_proposed_with_each_picture_in_it_and_with_nothing_else() -> None:
    shown = [photo(number) for number in range(30)]
    shown.append(grid(2, 2, 0, first=4)[0])
    packed = [panels(grey(rgb)) for rgb in shown]
    small = np.stack([area_resize(grey(rgb), THUMB_SIDE, THUMB_SIDE).ravel() for rgb in shown])

    def thumbs(rows: npt.NDArray[np.int64]) -> U8:
        return small[rows]

    found = propose_panels(np.arange(31), lambda rows: [packed[row] for row in rows.tolist()], thumbs, 9)
    assert set(zip(found.a.tolist(), found.b.tolist(), strict=True)) == {(i, 30) for i in range(4, 8)}
    assert found.agreeing.min() >= 56


def test_a_squeezed_picture_in_a_collage_is_found_where_keypoints_do_not_agree() -> None:
    """Keypoints agree on one scale in both directions: a picture that was squeezed has two."""
    limits = ChangeLimits()
    tall = np.ascontiguousarray(photo(5)[:, 60:260])
    others = [area_resize(photo(number), 240, 180) for number in (6, 7, 8)]
    parts = [area_resize(tall, 240, 180), *others]
    collage = np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])
    one, whole = (make_view(rgb, rgb.shape[1], rgb.shape[0]) for rgb in (tall, collage))
    aligned = by_keypoints(whole, one, limits)
    assert aligned is None or aligned.inliers < limits.sure_inliers
    assert by_panels(whole, one, limits) is not None
    found = compare(one, whole)
    assert (found.kind, found.reason, found.pasted) == (Kind.COPY, "edited", Side.KING)
    # the picture covers the first quarter
    assert np.allclose(
        np.reshape(found.transform, (2, 3))[:, :2].diagonal(), (240 / 200, 180 / tall.shape[0]), rtol=0.03
    )


def test_a_panel_in_which_something_changed_is_no_copy() -> None:
    tall = np.ascontiguousarray(photo(5)[:, 60:260])
    changed = tall.copy()
    changed[120:150, 80:110] = 255 - changed[120:150, 80:110]
    parts = [area_resize(changed, 240, 180), *(area_resize(photo(number), 240, 180) for number in (6, 7, 8))]
    collage = np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])
    views = [make_view(rgb, rgb.shape[1], rgb.shape[0]) for rgb in (tall, collage)]
    assert compare(*views).kind == Kind.DIFFERENT
