"""Compiled loops over pixels give what the libraries give that they stand in for."""

from __future__ import annotations

import subprocess
import sys
import weakref
from contextlib import AbstractContextManager, ExitStack, nullcontext
from types import SimpleNamespace
from typing import Any
from unittest import mock

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rfdedup.encoders.preprocess import InputSpec
from rfdedup.features import hashes, light_and_detail
from rfdedup.features.encoder_input import write_input
from rfdedup.features.measurement import measure_picture
from rfdedup.imaging import Picture, decode, kernels, resampling
from rfdedup.imaging.arrays import area_resize
from rfdedup.runtime import native

needs_compiler = pytest.mark.skipif(not native.available(), reason="no loops were compiled for this machine")
needs_vnni = pytest.mark.skipif(
    not native.supports(*kernels.VNNI), reason="needs a processor with AVX-512 VNNI and VBMI"
)
both_programs = pytest.mark.parametrize("vnni", [False, pytest.param(True, marks=needs_vnni)])


def program(vnni: bool) -> AbstractContextManager[object]:
    """Loops with the special instructions, where there are any, or those for any processor."""
    return nullcontext() if vnni else mock.patch.object(native, "supports", return_value=False)


@st.composite
def pictures(draw: st.DrawFn) -> npt.NDArray[np.uint8]:
    """(h, w, 3) of any content, sometimes a view of a larger one."""
    height, width = draw(st.integers(1, 400)), draw(st.integers(1, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    low, high = draw(st.sampled_from([(0, 256), (0, 2), (254, 256), (100, 101)]))
    pixels = random.integers(low, high, (height, width, 3), dtype=np.uint8)
    top, left = draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1))
    return pixels[top:, left:] if draw(st.booleans()) else pixels


@st.composite
def framed(draw: st.DrawFn) -> npt.NDArray[np.uint8]:
    """Pictures some of which have uniform borders."""
    pixels = draw(pictures()).copy()
    across, down = (draw(st.integers(0, side)) for side in pixels.shape[:2])
    pixels[:across], pixels[:, :down] = draw(st.integers(0, 255)), draw(st.integers(0, 255))
    return pixels


@needs_compiler
@both_programs
@given(pictures(), st.integers(1, 300), st.integers(1, 300), st.sampled_from(sorted(resampling.FILTERS)))
def test_resize_is_pillows(vnni: bool, rgb: npt.NDArray[np.uint8], width: int, height: int, name: str) -> None:
    expected = Image.fromarray(rgb).resize((width, height), resampling.FILTERS[name].pillow)
    with program(vnni):
        np.testing.assert_array_equal(resampling.resize(rgb, width, height, name), np.asarray(expected))


@needs_vnni
@given(pictures())
def test_grey_levels_are_opencvs(rgb: npt.NDArray[np.uint8]) -> None:
    picture = Picture(rgb, rgb.shape[1], rgb.shape[0], "png")
    np.testing.assert_array_equal(picture.grey(), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


def covered(outputs: int, size: int) -> npt.NDArray[np.int64]:
    """(outputs, size): ``outputs`` times how much of each value an output covers."""
    end, of = np.arange(1, outputs + 1)[:, None] * size, np.arange(1, size + 1) * outputs
    return np.maximum(np.minimum(end, of) - np.maximum(end - size, of - outputs), 0)


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_compiler), False])
@both_programs
@given(pictures(), st.data())
def test_means_of_areas_are_exact(compiled: bool, vnni: bool, rgb: npt.NDArray[np.uint8], data: st.DataObject) -> None:
    """And near those of OpenCV, which rounds sums of floats."""
    rows, columns = rgb.shape[:2]
    halves = rows % 2 == columns % 2 == 0 and data.draw(st.booleans())
    height, width = (side // 2 if halves else data.draw(st.integers(1, side)) for side in (rows, columns))
    pixels = rgb if data.draw(st.booleans()) else rgb[:, :, data.draw(st.integers(0, 2))]
    total = rows * columns
    sums = np.einsum("yi,xj,ij...->yx...", covered(height, rows), covered(width, columns), pixels, optimize=True)
    with program(vnni), mock.patch.object(native, "available", return_value=compiled):
        found = area_resize(pixels, width, height)
    np.testing.assert_array_equal(found, (2 * sums + total) // (2 * total))
    opencv = cv2.resize(np.ascontiguousarray(pixels), (width, height), interpolation=cv2.INTER_AREA)
    assert np.abs(found.astype(int) - opencv).max() <= 1


@pytest.mark.parametrize("compiled", [pytest.param(True, marks=needs_compiler), False])
def test_means_of_long_lines_are_exact(compiled: bool) -> None:
    white = np.full((3, 70_000), 255, np.uint8)
    with mock.patch.object(native, "available", return_value=compiled):
        for pixels in (white, white.T):
            assert (area_resize(pixels, 1, 1) == 255).all()
            assert (area_resize(pixels, *(np.minimum(pixels.shape[::-1], 2).tolist())) == 255).all()


@given(pictures())
def test_light_is_that_of_opencv_but_for_the_last_bit(rgb: npt.NDArray[np.uint8]) -> None:
    grey = np.ascontiguousarray(rgb[:, :, 0])
    mean, deviation = (float(each[0, 0]) for each in cv2.meanStdDev(grey))
    assert light_and_detail.brightness_and_contrast(grey) == pytest.approx((mean, deviation), rel=1e-12, abs=1e-6)


@needs_vnni
def test_grey_levels_of_all_colours_are_opencvs() -> None:
    colour = np.arange(2**24, dtype=np.uint32)
    rgb = np.stack([colour & 255, colour >> 8 & 255, colour >> 16], axis=-1).astype(np.uint8).reshape(4096, 4096, 3)
    np.testing.assert_array_equal(kernels.grey(rgb), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


@needs_compiler
@given(framed())
def test_numbers_of_a_picture_are_those_without_compiled_loops(rgb: npt.NDArray[np.uint8]) -> None:
    grey = np.ascontiguousarray(rgb[:, :, 0])

    def numbers() -> tuple[object, ...]:
        spectrum = light_and_detail.spectrum(grey)
        return (
            None if spectrum is None else spectrum.tolist(),
            light_and_detail.entropy(grey),
            light_and_detail.colorfulness(rgb),
            light_and_detail.local_sharpness(grey),
            light_and_detail.borders(grey),
            hashes.hashes(grey),
        )

    compiled = numbers()
    with mock.patch.object(native, "available", return_value=False):
        assert compiled == numbers()


@needs_compiler
@given(pictures())
def test_light_and_sharpness_are_those_without_compiled_loops(rgb: npt.NDArray[np.uint8]) -> None:
    grey = np.ascontiguousarray(rgb[:, :, 0])
    expected = (
        *light_and_detail.brightness_and_contrast(grey),
        light_and_detail.sharpness(light_and_detail.laplacian(grey)),
    )
    assert light_and_detail.light_and_sharpness(grey) == expected


@needs_compiler
def test_long_rows_of_the_strongest_edges_do_not_overflow() -> None:
    grey = (np.indices((6, 5000)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert light_and_detail.light_and_sharpness(grey)[2] == light_and_detail.sharpness(light_and_detail.laplacian(grey))


@needs_compiler
@both_programs
@pytest.mark.parametrize("shape", [(480, 640), (641, 640), (1200, 90), (300, 2000), (2, 20_000)])
def test_hashes_are_those_without_compiled_loops(shape: tuple[int, int], vnni: bool) -> None:
    grey = np.random.default_rng(5).integers(0, 256, shape, dtype=np.uint8)
    sizes = [(9, 8), (32, 32)]
    with program(vnni):
        compiled = hashes.lanczos(grey, sizes)
    with mock.patch.object(native, "available", return_value=False):
        plain = hashes.lanczos(grey, sizes)
    for one, other, size in zip(compiled, plain, sizes, strict=True):
        np.testing.assert_array_equal(one, other)
        np.testing.assert_array_equal(one, np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS)))


@needs_compiler
def test_coefficients_that_only_rounding_tells_apart_are_rounded_alike() -> None:
    # of a picture that is its own transpose they come in equal pairs; the first three seeds have one at the median
    for seed in (3526857982463155513, 1613942194076382, 1118450109505725719, *range(200)):
        half = np.triu(np.random.default_rng(seed).integers(0, 256, (32, 32), dtype=np.uint8))
        grey = half + np.triu(half, 1).T
        compiled = hashes.hashes(grey)
        with mock.patch.object(native, "available", return_value=False):
            assert hashes.hashes(grey) == compiled, seed


@needs_vnni
def test_weights_in_use_are_held_by_whoever_uses_them(monkeypatch: pytest.MonkeyPatch) -> None:
    by = hashes._taps(640, 32, kernels.grey_taps())
    assert by is not None
    made = type(by).__dict__["grey_digits"].func
    last: list[weakref.ref[Any]] = []
    held: list[bool] = []

    def anew(weights: Any) -> Any:
        # as in Python 3.12, where a second thread may replace what the first one made
        digits = made(weights)
        last.append(weakref.ref(digits))
        return digits

    monkeypatch.setattr(type(by), "grey_digits", property(anew))
    program = SimpleNamespace(narrow_grey=lambda *_: held.append(last[-1]() is not None))
    monkeypatch.setattr(kernels, "_compiled_vnni", lambda: program)
    kernels.narrow_grey(np.zeros((64, 640), np.uint8), by)
    assert held == [True]


@needs_compiler
@both_programs
def test_every_measurement_is_the_same_without_compiled_loops(vnni: bool) -> None:
    random = np.random.default_rng(7)
    smooth = Image.fromarray(random.integers(0, 256, (60, 90, 3), dtype=np.uint8)).resize((1400, 900))
    data = simplejpeg.encode_jpeg(np.asarray(smooth), quality=90)
    with program(vnni):
        compiled = measure_picture(data, decode(data, at_least=640))
    with mock.patch.object(native, "available", return_value=False):
        plain = measure_picture(data, decode(data, at_least=640))
    assert compiled[0] == plain[0]


@needs_compiler
@both_programs
def test_measuring_and_showing_a_photo_go_through_every_loop(vnni: bool) -> None:
    random = np.random.default_rng(7)
    data = simplejpeg.encode_jpeg(random.integers(0, 256, (640, 640, 3), dtype=np.uint8), quality=90)
    out = np.empty((224, 224, 3), np.uint8)
    loops = ("narrow_grey", "narrow_rgb", "lower", "sums", "tiles", "varied", "spread", "bits", "spectrum", "counts")
    special = {name: mock.Mock(wraps=loop) for name, loop in vars(kernels._compiled_vnni()).items()} if vnni else {}
    with ExitStack() as stack:
        stack.enter_context(program(vnni))
        stack.enter_context(mock.patch.object(kernels, "_compiled_vnni", return_value=SimpleNamespace(**special)))
        calls = {
            name: stack.enter_context(mock.patch.object(kernels, name, wraps=getattr(kernels, name))) for name in loops
        }
        picture = decode(data, at_least=640)
        _, grey = measure_picture(data, picture)
        write_input(picture, InputSpec(224, 224), out, grey)
        # asked for where a picture is soft
        light_and_detail.local_sharpness(grey)
    assert {name: call.call_count for name, call in calls.items()} == {
        # dHash and pHash
        "narrow_grey": 2,
        "narrow_rgb": 1,
        # these, and the encoder's input
        "lower": 3,
        "sums": 1,
        "tiles": 1,
        # two sides, for the measurements and for the encoder's input
        "varied": 4,
        "spread": 1,
        "bits": 1,
        "spectrum": 1,
        "counts": 2,
    }
    expected = {"narrow_grey": 2, "narrow_rgb": 1, "grey": 1, "halve": 2} if vnni else {}
    assert {name: loop.call_count for name, loop in special.items()} == expected


@needs_compiler
def test_threads_that_need_the_loops_first_all_get_them() -> None:
    """In a process of its own: code that goes while another thread runs it ends the process."""
    done = subprocess.run([sys.executable, "-c", _FIRST_USE], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stdout.strip()) == (0, "equal"), done.stderr


_FIRST_USE = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np

from rfdedup.imaging import kernels, resampling

rgb = np.random.default_rng(0).integers(0, 256, (640, 640, 3), dtype=np.uint8)
expected = resampling.resize(rgb, 224, 224, "bilinear")
for _ in range(20):
    kernels._compiled.cache_clear()
    together = Barrier(8)

    def first(_):
        together.wait()
        return all((resampling.resize(rgb, 224, 224, "bilinear") == expected).all() for _ in range(20))

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(first, range(8)))
print("equal")
"""


def test_long_thin_pictures_take_no_memory_for_their_weights() -> None:
    with mock.patch.object(resampling, "fixed_point", side_effect=AssertionError):
        assert resampling.resize(np.zeros((2, 100_000, 3), np.uint8), 16, 16, "bilinear").shape == (16, 16, 3)
