"""A paste has seams where it ends, a crop has none."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import rfdedup.demo
from rfdedup.comparison import View, make_view
from rfdedup.comparison.pasted import pasted
from rfdedup.imaging.arrays import U8
from rfdedup.model.evidence import Side

PHOTOS = sorted((Path(rfdedup.demo.__file__).parent / "photos").glob("*.jpg"))


@cache
def photo(number: int) -> U8:
    return np.asarray(Image.open(PHOTOS[number]).convert("RGB").resize((400, 300)))


def view(rgb: U8) -> View:
    return make_view(np.ascontiguousarray(rgb), rgb.shape[1], rgb.shape[0], None)


def test_a_collage_has_what_was_pasted_into_it() -> None:
    found = []
    for first in range(8):
        parts = [cv2.resize(photo(first + i), (200, 150), interpolation=cv2.INTER_AREA) for i in range(4)]
        whole = np.vstack([np.hstack(parts[:2]), np.hstack(parts[2:])])
        found.append(pasted((0.5, 0.0, 200.0, 0.0, 0.5, 0.0), view(photo(first + 1)), view(whole)))
    assert found == [Side.KING] * 8


def test_the_side_follows_the_collage() -> None:
    whole = np.hstack([photo(0), photo(1)])
    assert pasted((1.0, 0.0, 0.0, 0.0, 1.0, 0.0), view(whole), view(photo(0))) == Side.SUBJECT


def test_a_crop_was_not_pasted() -> None:
    found = []
    for number in range(20):
        part = photo(number)[60:240, 90:330]
        found.append(pasted((1.0, 0.0, 90.0, 0.0, 1.0, 60.0), view(part), view(photo(number))))
    assert found.count(Side.NONE) >= 19


@pytest.mark.parametrize("transform", [(1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.0,) * 6])
def test_the_same_picture_was_not_pasted(transform: tuple[float, ...]) -> None:
    assert pasted(transform, view(photo(0)), view(photo(0))) == Side.NONE


def test_a_poster_that_cuts_off_one_side_has_the_photo_pasted_into_it() -> None:
    poster = np.full((400, 480, 3), 10, np.uint8)
    poster[40:320, 40:440] = photo(2)[:280]
    assert pasted((1.0, 0.0, 40.0, 0.0, 1.0, 40.0), view(photo(2)), view(poster)) == Side.KING
