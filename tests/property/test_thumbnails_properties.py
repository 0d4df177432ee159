"""Distances of thumbnails against whole numbers of any size."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rfdedup.neighbors import thumbnails
from rfdedup.neighbors.thumbnails import thumb_rms
from rfdedup.runtime import native


@pytest.mark.parametrize(
    "compiled",
    [pytest.param(True, marks=pytest.mark.skipif(not native.available(), reason="no loops were compiled")), False],
)
@settings(max_examples=60)
@given(
    seed=st.integers(0, 2**32),
    pairs=st.integers(0, 60),
    values=st.sampled_from([1, 12, 256, 768, 1500]),
    levels=st.sampled_from([(0, 256), (100, 103), (0, 2)]),
    opposite=st.booleans(),
    centred=st.booleans(),
    view=st.booleans(),
)
def test_equals_exact_sums(
    compiled: bool,
    seed: int,
    pairs: int,
    values: int,
    levels: tuple[int, int],
    opposite: bool,
    centred: bool,
    view: bool,
) -> None:
    rng = np.random.default_rng(seed)
    pictures = rng.integers(*levels, (9, 2 * values)).astype(np.uint8)[:, :: 2 if view else 1][:, :values]
    if opposite:
        # the squares of these sum to more than float32 holds exactly
        pictures[:4], pictures[4:] = pictures[:4] // 16, 240 + pictures[4:] // 16
    i, j = rng.integers(0, 9, (2, pairs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thumbnails, "_MANY", 0 if compiled and pairs else pairs + 1)
        patch.setattr(thumbnails, "_SHARE", 13)
        patch.setattr(thumbnails, "_SLICE", 5)
        found = thumb_rms(pictures, i, j, centred=centred)
    difference = pictures[i].astype(np.int64) - pictures[j]
    square = (difference**2).sum(axis=1).astype(np.float32) / np.float32(values)
    if centred:
        square -= (difference.sum(axis=1).astype(np.float32) / np.float32(values)) ** 2
    np.testing.assert_array_equal(found, np.sqrt(np.maximum(square, 0)))
    assert found.dtype == np.float64


@pytest.mark.skipif(not native.available(), reason="no loops were compiled for this machine")
@pytest.mark.parametrize("place", [-1, 3])
def test_the_compiled_loop_reads_no_picture_that_is_not_there(place: int) -> None:
    with mock.patch.object(thumbnails, "_MANY", 0), pytest.raises(IndexError):
        thumb_rms(np.zeros((3, 12), np.uint8), np.array([0, place]), np.array([1, 2]))


@pytest.mark.parametrize("available", [True, False])
def test_long_pictures_and_few_pairs_are_left_to_numpy(available: bool) -> None:
    with (
        mock.patch.object(thumbnails, "_apart", side_effect=AssertionError),
        mock.patch.object(native, "available", return_value=available),
        mock.patch.object(thumbnails, "_LONGEST", 100),
    ):
        assert thumb_rms(np.zeros((2, 12), np.uint8), np.array([0]), np.array([1])).tolist() == [0.0]
        many = np.zeros(thumbnails._MANY, np.int64)
        assert not thumb_rms(np.zeros((2, 101), np.uint8), many, many + 1).any()
