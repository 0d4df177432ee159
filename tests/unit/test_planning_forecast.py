"""The arithmetic of ``plan`` against cases whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from rfdedup.pipeline.planning import measuring, planner
from rfdedup.pipeline.planning.forecast import (
    LEAST_SPREAD,
    JoinCost,
    Pace,
    Range,
    copy_counts,
    distinct_share,
    pace,
    size_mismatch,
    touched_share,
)


def test_a_pace_is_told_apart_from_its_start_up() -> None:
    advances = [(10.0 + 3.0 + 0.5 * batch, 20) for batch in range(1, 21)]
    found = pace(10.0, 23.25, advances)
    assert found.each == pytest.approx(0.5 / 20)
    assert found.startup == pytest.approx(3.25)
    assert found.unsteady == pytest.approx(0.0)
    assert found.seconds(Range.exactly(10_000)).likely == pytest.approx(3.25 + 250)


def test_a_stage_that_slows_down_has_a_wide_range() -> None:
    times = np.cumsum([0.1] * 10 + [0.3] * 10)
    found = pace(0.0, 4.0, [(float(at), 10) for at in times])
    assert found.unsteady > 0.3
    told = found.seconds(Range.exactly(1000))
    assert told.high / told.likely - 1 == pytest.approx(found.unsteady)


def test_stages_without_work_and_of_one_batch() -> None:
    assert pace(1.0, 3.0, []) == Pace(2.0, 0.0)
    assert pace(1.0, 3.0, [(2.0, 8)]) == Pace(0.0, 0.25)
    assert Pace(5.0, 1.0).seconds(Range.exactly(0)) == Range(0.0, 0.0, 0.0)


def test_ranges() -> None:
    assert Range.of(3, 1, 2) == Range(1, 2, 3)
    assert Range(1, 2, 3) + Range.exactly(10) == Range(11, 12, 13)
    assert Range(1, 2, 4).scaled(2).widened(0.5) == Range(1.0, 4, 12.0)
    assert Range(1, 2, 4).at_most(3) == Range(1, 2, 3)
    assert Range(1.26, 2.5, 4).as_dict() == {"low": 1, "likely": 2, "high": 4}
    assert Range.exactly(1.26).as_dict(1)["low"] == 1.3


def sampled(groups: list[int], count: int, seed: int) -> tuple[np.ndarray, float, int]:
    """Copies of each sampled member of groups of these sizes in the sample, the share of that, and the total."""
    member = np.repeat(np.arange(len(groups)), groups)
    chosen = np.random.default_rng(seed).choice(member.size, count, replace=False)
    seen = np.bincount(member[chosen], minlength=len(groups))
    return seen[member[chosen]] - 1, count / member.size, member.size


@pytest.mark.parametrize(
    ("groups", "near"),
    [
        ([1] * 6000, 0.02),
        ([12] * 500, 0.1),
        ([2] * 3000, 0.15),
        ([12] * 250 + [1] * 3000, 0.2),
        ([3] * 700 + [40] * 50 + [1] * 2000, 0.2),
    ],
    ids=["distinct", "dozens", "pairs", "half", "mixture"],
)
def test_the_share_of_distinct_images_is_found_again(groups: list[int], near: float) -> None:
    told = []
    for seed in range(5):
        seen, share, total = sampled(groups, 1500, seed)
        found = distinct_share(np.ones(seen.size, np.int64), seen, share, total - 1)
        assert found.low <= found.likely <= found.high
        assert found.low <= len(groups) / total <= found.high + 1e-9
        told.append(found.likely)
    assert np.mean(told) == pytest.approx(len(groups) / total, rel=near)


def test_nothing_seen_in_a_small_sample_is_no_proof() -> None:
    none = np.zeros(400, np.int64)
    found = distinct_share(np.ones(400, np.int64), none, 400 / 100_000, 99_999)
    assert found.likely == pytest.approx(1.0, abs=0.01)
    assert found.high == 1.0
    assert found.low < 0.5
    touched = touched_share(none, 400 / 100_000, 99_999)
    assert touched.likely == pytest.approx(0.0, abs=0.01)
    assert touched.high > 0.5


def test_when_all_is_sampled_all_is_known() -> None:
    seen = np.array([0, 1, 1, 2, 2, 2])
    found = distinct_share(np.ones(6, np.int64), seen, 1.0, 5)
    assert found.low == found.likely == found.high == pytest.approx(0.5)
    assert touched_share(seen, 1.0, 5).likely == pytest.approx(5 / 6)


def test_known_copies_count_whatever_the_sample_shows() -> None:
    alike = np.array([1, 2, 2, 4])
    found = distinct_share(alike, np.zeros(4, np.int64), 1.0, 3)
    assert found.likely == pytest.approx((1 + 0.5 + 0.5 + 0.25) / 4)
    nobody = np.zeros(0, np.int64)
    assert distinct_share(nobody, nobody, 0.1, 10) == Range.exactly(1.0)
    assert touched_share(nobody, 0.1, 10) == Range.exactly(0.0)


def test_mates_seen_beyond_what_is_possible_are_taken_as_the_most() -> None:
    found = copy_counts(np.array([0, 0, 9]), 0.5, most=4)
    assert found.sizes[-1] == 4
    assert found.given(np.array([9])).tolist() == [[0.0] * 4 + [1.0]]


def test_the_share_with_a_close_call_grows_with_the_set() -> None:
    seen, share, total = sampled([2] * 1000 + [1] * 2000, 1000, 0)
    found = touched_share(seen, share, total - 1)
    assert found.likely == pytest.approx(0.5, abs=0.1)
    assert found.low < (seen > 0).mean() + 1e-9 < found.likely <= found.high


def test_a_join_grows_with_the_square() -> None:
    cost = JoinCost.fitted((1000, 1000 * 1e-4 + 1e6 * 1e-7), (4000, 4000 * 1e-4 + 16e6 * 1e-7))
    assert cost.each == pytest.approx(1e-4)
    assert cost.pair == pytest.approx(1e-7)
    assert cost.seconds(100_000) == pytest.approx(10 + 1000)
    # where the larger was not slower for its size, it is linear
    assert JoinCost.fitted((1000, 1.0), (2000, 1.5)).pair == 0.0


def test_the_size_of_the_sample_is_compared_with_all() -> None:
    assert size_mismatch([10, 20], [15, 15, 15]) == 0.0
    assert size_mismatch([30], [15]) == 1.0
    assert size_mismatch([0], [0]) == 0.0


def test_every_time_has_some_room() -> None:
    told = Pace(0.0, 1.0).seconds(Range.exactly(10))
    assert told.low == pytest.approx(10 * (1 - LEAST_SPREAD))
    assert told.high == pytest.approx(10 * (1 + LEAST_SPREAD))


def test_the_likelihood_is_the_binomial_distribution() -> None:
    from scipy.stats import binom

    from rfdedup.pipeline.planning.forecast import _likelihood

    seen, sizes = np.arange(6), np.array([0, 1, 3, 5, 40])
    for share in (0.001, 0.3, 1.0):
        expected = binom.pmf(seen[:, None], sizes[None, :], share)
        np.testing.assert_allclose(_likelihood(seen, sizes, share), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("stages", "close", "loads"),
    [
        ({}, Range(0.0, 0.4, 30.0), Range(0.0, 0.0, 1.0)),
        ({}, Range(2.0, 20.0, 30.0), Range(1.0, 1.0, 1.0)),
        ({"re-measure": None}, Range(2.0, 20.0, 30.0), Range(0.0, 0.0, 0.0)),
        ({"adapt": None}, Range(2.0, 20.0, 30.0), Range(0.0, 0.0, 0.0)),
    ],
)
def test_full_precision_is_loaded_for_close_calls_unless_the_sample_did(
    stages: dict[str, None], close: Range, loads: Range
) -> None:
    assert planner._first_loads(SimpleNamespace(windows=stages), close) == loads  # type: ignore[arg-type]


def test_the_join_of_images_that_are_all_alike_is_measured_without_all_their_links(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measuring, "JOIN_ROWS", (3000, 4000))
    found: list[tuple[int, int]] = []
    join = measuring.sparse_links

    def counted(x: Any, *arguments: Any, **options: Any) -> Any:
        links = join(x, *arguments, **options)
        found.append((len(x), len(links.a)))
        return links

    monkeypatch.setattr(measuring, "sparse_links", counted)
    frames = 1 + 0.05 * np.random.default_rng(0).standard_normal((50, 64), dtype=np.float32)
    measuring.join_cost(frames, 0.59, 0.47)
    assert [n for n, _ in found] == [3000, 3000, 4000]
    assert all(links <= n * measuring.most_links(n) for n, links in found)
