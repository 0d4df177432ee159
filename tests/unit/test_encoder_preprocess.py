"""Resizing to an encoder's input."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from rfdedup.encoders.preprocess import InputSpec, prepare


def test_shape_type_and_out() -> None:
    spec = InputSpec(24, 16)
    rgb = np.random.default_rng(0).integers(0, 256, (50, 40, 3), dtype=np.uint8)
    out = np.zeros(spec.shape, np.uint8)
    assert prepare(rgb, spec, out) is out
    np.testing.assert_array_equal(out, prepare(rgb, spec))
    assert out.shape == (24, 16, 3)
    assert out.dtype == np.uint8


def test_an_image_of_the_right_size_is_not_touched() -> None:
    spec = InputSpec(8, 8)
    rgb = np.random.default_rng(0).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(prepare(rgb, spec), rgb)


@pytest.mark.parametrize("resize", ["bilinear", "bicubic"])
def test_shrinking_is_antialiased(resize: str) -> None:
    """One-pixel stripes average to grey; a filter without antialiasing would return stripes."""
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::2] = 255
    small = prepare(stripes, InputSpec(16, 16, resize))[4:-4, 4:-4].astype(int)
    assert abs(small - 127).max() < 16


def test_a_transposed_view_is_read_correctly() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (30, 20, 3), dtype=np.uint8)
    view = rgb.transpose(1, 0, 2)
    np.testing.assert_array_equal(prepare(view, InputSpec(10, 10)), prepare(view.copy(), InputSpec(10, 10)))


def test_spec_travels_to_workers_and_checks_itself() -> None:
    spec = InputSpec(224, 224)
    assert pickle.loads(pickle.dumps(spec)) == spec
    with pytest.raises(ValueError, match="known filters: bilinear, bicubic"):
        InputSpec(10, 10, "nearest")
    with pytest.raises(ValueError, match="not within 1 to 4096"):
        InputSpec(0, 10)
