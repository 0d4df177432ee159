"""The cosine join: limits and errors."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest

from rfdedup.model.errors import DataError
from rfdedup.neighbors import bounds, products, registers
from rfdedup.neighbors.cosine import cosine_links, sparse_links
from rfdedup.neighbors.vectors import normalise, pair_scores


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_rows_for_a_pair(n: int) -> None:
    a, b, score = cosine_links(np.ones((n, 4), dtype=np.float32), 0.5)
    assert a.size == b.size == score.size == 0


def test_zero_rows_never_link() -> None:
    x = np.array([[0, 0], [0, 0], [1, 0], [2, 0]], dtype=np.float32)
    a, b, score = cosine_links(x, 0.9)
    assert (a.tolist(), b.tolist(), score.tolist()) == ([2], [3], [1.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_numbers_name_the_row(bad: float) -> None:
    x = np.ones((5, 3), dtype=np.float32)
    x[3, 1] = bad
    with pytest.raises(DataError, match="embedding 3 "):
        cosine_links(x, 0.9)


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.01, float("nan")])
def test_threshold_out_of_range(threshold: float) -> None:
    with pytest.raises(DataError, match="threshold"):
        cosine_links(np.ones((2, 2), dtype=np.float32), threshold)


@pytest.mark.parametrize("x", [np.ones(3, dtype=np.float32), np.ones((3, 3), dtype=np.int64)])
def test_other_arrays_are_refused(x: np.ndarray) -> None:
    with pytest.raises(DataError, match="floats"):
        cosine_links(x, 0.9)


def test_scores_are_cosines() -> None:
    x = np.array([[3, 0], [1, 1], [-2, 0]], dtype=np.float32)
    assert pair_scores(x, [0, 0], [1, 2]).tolist() == pytest.approx([2**-0.5, -1.0])


def test_a_memory_map_of_float16(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((300, 48)).astype(np.float16)
    x[200] = x[10] * np.float16(2)
    np.save(tmp_path / "x.npy", x)
    a, b, score = cosine_links(np.load(tmp_path / "x.npy", mmap_mode="r"), 0.99)
    assert (a.tolist(), b.tolist()) == ([10], [200])
    assert score[0] == pytest.approx(1.0, abs=1e-3)


def test_scores_do_not_depend_on_the_neighbours() -> None:
    rng = np.random.default_rng(1)
    base = rng.standard_normal((40, 100))
    x = np.repeat(base, 5, axis=0) + 0.2 * rng.standard_normal((200, 100))
    a, b, score = cosine_links(x, 0.9)
    assert a.size > 100
    half = cosine_links(x[100:], 0.9)
    inside = a >= 100
    assert score[inside].tolist() == half[2].tolist()
    assert pair_scores(x, a[-1:], b[-1:])[0] == score[-1]


def test_a_large_join_finds_what_was_planted() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((6000, 256), dtype=np.float32)
    x[3000:3050] = x[:50] + 0.3 * rng.standard_normal((50, 256), dtype=np.float32)
    a, b, score = cosine_links(x, 0.85)
    assert (a.tolist(), b.tolist()) == (list(range(50)), list(range(3000, 3050)))
    assert score.tolist() == pair_scores(x, a, b).tolist()


def test_a_large_join_is_the_same_by_whatever_multiplies(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((9 * products.TILE + 5, 128), dtype=np.float32)
    x[-60:] = x[:60] + 0.5 * rng.standard_normal((60, 128), dtype=np.float32)
    first = cosine_links(x, 0.8)
    assert first[0].size >= 60
    names = registers.programs()
    try:
        for lacking in range(1, len(names) + 1):
            monkeypatch.setattr(registers, "programs", lambda lacking=lacking: names[lacking:])
            products.largest_code.cache_clear()
            second = cosine_links(x, 0.8)
            assert all(one.tolist() == other.tolist() for one, other in zip(first, second, strict=True))
    finally:
        products.largest_code.cache_clear()


def test_a_row_that_is_not_a_number_stops_a_large_join() -> None:
    x = np.random.default_rng(4).standard_normal((6000, 256), dtype=np.float32)
    x[5999, 3] = np.nan
    with pytest.raises(DataError, match="embedding 5999 "):
        cosine_links(x, 0.85)


def test_values_far_outside_the_range_of_their_squares() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((6000, 256)).astype(np.float32)
    x[1] = x[0] * np.float32(1e30)
    x[2] = x[0] * np.float32(1e-30)
    a, b, _ = cosine_links(x, 0.99)
    assert (a.tolist(), b.tolist()) == ([0, 0, 1], [1, 2, 2])


def test_processors_that_saturate_get_half_the_range(monkeypatch: pytest.MonkeyPatch) -> None:
    class Saturating:
        def __init__(self, *_: object) -> None:
            pass

        def above(
            self, a: np.ndarray, b: np.ndarray, bound: float, stricter: object = ()
        ) -> tuple[np.ndarray, np.ndarray]:
            shifted = a[:2].astype(np.int64) + 128
            pairs = shifted[:, None, :] * b[None, :2].astype(np.int64)
            pairs = np.clip(pairs[..., ::2] + pairs[..., 1::2], -(2**15), 2**15 - 1).sum(axis=2)
            return np.nonzero(pairs - 128 * b[:2].astype(np.int64).sum(axis=1) >= bound)

    monkeypatch.setattr(registers, "programs", tuple)
    monkeypatch.setattr(products, "LevelProducts", Saturating)
    assert products.largest_code.__wrapped__() == 63


def test_results_of_threads_keep_their_order() -> None:
    with products.ThreadPoolExecutor(2) as pool:
        assert list(products.in_threads(pool, lambda i: i * i, range(23), most_waiting=4)) == [i * i for i in range(23)]
        assert list(products.in_threads(pool, abs, [-1], most_waiting=4)) == [1]


def test_a_finished_join_leaves_no_garbage_behind() -> None:
    x = np.random.default_rng(0).standard_normal((5000, 512)).astype(np.float32)
    gc.collect()
    gc.disable()
    try:
        codes = sparse_links(x, 0.8, 5).codes
        assert codes is not None
        seen = weakref.ref(codes)
        del codes
        assert seen() is None
    finally:
        gc.enable()


def test_scattered_rows_of_a_memory_map_are_read_a_part_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).standard_normal((2000, 8)).astype(np.float16)
    np.save(tmp_path / "x.npy", x)
    stored = np.load(tmp_path / "x.npy", mmap_mode="r")
    rows = np.arange(0, 2000, 2)
    let_go = []
    monkeypatch.setattr(bounds, "let_go", let_go.append)
    mixed = np.random.default_rng(1).permutation(rows)
    np.testing.assert_allclose(bounds._sample(stored, mixed), normalise(x[mixed]), rtol=1e-6, atol=1e-7)
    assert len(let_go) == -(-rows.size // bounds._SCATTERED) > 1
