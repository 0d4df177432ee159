"""The tail of unrelated pairs, what it promises, and when it refuses to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binom, genpareto

from rfdedup.metric.calibration import (
    MIN_IMAGES,
    Recall,
    Tail,
    UnsupportedError,
    calibrate,
    estimate,
    pair_rate,
    recall_at,
    unrelated_pairs,
    wilson,
)
from rfdedup.metric.descriptor import Matrix, unit
from rfdedup.metric.whitening import one_of_each
from rfdedup.pipeline.threshold_estimate import CopyScores, estimate_threshold, measure_threshold


def scattered(n: int, seed: int, dim: int = 48) -> Matrix:
    return unit(np.random.default_rng(seed).standard_normal((n, dim)))


def copies_of(x: Matrix, seed: int, noise: float = 0.05) -> Matrix:
    return unit(x + noise * np.random.default_rng(seed).standard_normal(x.shape).astype(np.float32))


def scores(x: Matrix, noise: float = 0.05) -> CopyScores:
    value = np.einsum("nd,nd->n", x, copies_of(x, 99, noise)).astype(np.float64)
    return CopyScores(np.zeros(len(x), np.int64), value)


def test_rate_counts_wrong_pairs_of_the_whole_set() -> None:
    # 100 per million images in 1,001: 0.1001 expected wrong pairs among 1001 * 1000 / 2
    rate = pair_rate(100, 1001)
    assert rate * 1001 * 1000 / 2 == pytest.approx(100 * 1001 / 1e6)
    assert pair_rate(100, 2001) == pytest.approx(rate / 2)


@pytest.mark.parametrize("shape", [0.0, 0.1, 0.3])
def test_tail_is_the_generalised_pareto_distribution_in_z(shape: float) -> None:
    tail = Tail(start=0.3, share=0.002, scale=0.05, shape=shape)
    for threshold in (0.3, 0.5, 0.8):
        excess = math.atanh(threshold) - math.atanh(0.3)
        assert tail.rate(threshold) == pytest.approx(0.002 * genpareto.sf(excess, shape, scale=0.05))
        assert tail.threshold(tail.rate(threshold)) == pytest.approx(threshold)
    assert tail.threshold(0.5) == 0.3


def test_threshold_holds_on_images_that_the_fit_has_not_seen() -> None:
    fitted, other = scattered(600, 0), scattered(2000, 1)
    rate = 1e-5
    found = calibrate(fitted, rate=rate, ceiling=0.95)
    similarity = (other @ other.T)[np.triu_indices(len(other), 1)]
    # the model, where it can be counted, and the promise
    counted = (similarity >= found.tail.threshold(1e-4)).mean() / 1e-4
    assert 0.5 < counted < 2
    assert (similarity >= found.threshold).sum() <= binom.ppf(0.999, similarity.size, rate)
    assert found.low <= found.tail.threshold(rate) <= found.threshold < 0.9


def test_natural_duplicates_do_not_move_the_threshold() -> None:
    x = scattered(500, 2)
    # closer than the worst tenth of the edited copies, which are the ceiling
    mixed = np.concatenate([x, copies_of(x[:60], 3, noise=0.02)])
    plain = measure_threshold(x, scores(x), images=500)
    with_copies = measure_threshold(mixed, scores(x), images=500)
    assert with_copies.images == plain.images
    assert with_copies.threshold == pytest.approx(plain.threshold, abs=1e-6)
    # also where they are not taken out before
    truncated = calibrate(mixed, rate=plain.rate, ceiling=scores(x).ceiling)
    assert truncated.left_out == 60
    assert truncated.threshold == pytest.approx(plain.threshold, abs=0.03)


def test_hidden_duplicates_never_lower_the_threshold() -> None:
    x = scattered(500, 2)
    hidden = np.concatenate([x, copies_of(x[:60], 3, noise=0.15)])
    with pytest.raises(UnsupportedError, match="reach too far"):
        measure_threshold(hidden, scores(x), images=500)
    allowed = measure_threshold(hidden, scores(x), images=500, false_pairs=1e5)
    assert allowed.threshold > measure_threshold(x, scores(x), images=500, false_pairs=1e5).threshold


def test_fewer_false_pairs_and_larger_sets_need_higher_thresholds() -> None:
    x = scattered(600, 0)
    few, many = (measure_threshold(x, scores(x), images=n, false_pairs=1000).threshold for n in (600, 6000))
    stricter = measure_threshold(x, scores(x), images=600, false_pairs=100).threshold
    assert few < many
    assert many == pytest.approx(stricter, abs=1e-3)


def test_order_does_not_matter() -> None:
    x = scattered(400, 5)
    a, b, score = unrelated_pairs(x, 300)
    turned = np.random.default_rng(0).permutation(len(x))
    c, d, again = unrelated_pairs(x[turned], 300)
    brute = np.sort((x @ x.T)[np.triu_indices(len(x), 1)])[::-1]
    np.testing.assert_allclose(np.sort(score)[::-1][:300], brute[:300], atol=1e-6)
    np.testing.assert_allclose(np.sort(again)[::-1][:300], brute[:300], atol=1e-6)
    assert (a < b).all()
    assert (c < d).all()


def test_too_few_images() -> None:
    x = scattered(MIN_IMAGES - 1, 6)
    with pytest.raises(UnsupportedError, match="199 distinct images"):
        calibrate(x, rate=1e-5, ceiling=0.9)


def test_nearly_all_duplicates() -> None:
    x = copies_of(np.repeat(scattered(40, 7), 10, axis=0), 8, noise=0.02)
    with pytest.raises(UnsupportedError, match=r"only 40 of 400 images are distinct"):
        measure_threshold(x, scores(x), images=400)


def test_one_scene() -> None:
    x = copies_of(np.repeat(scattered(1, 9), 400, axis=0), 10, noise=0.12)
    with pytest.raises(UnsupportedError, match="shows one scene"):
        calibrate(x, rate=1e-5, ceiling=0.4)


def test_unrelated_images_as_alike_as_copies() -> None:
    x = unit(scattered(400, 16) + np.float32(0.6))
    with pytest.raises(UnsupportedError, match="unrelated images of this set are as alike as copies"):
        calibrate(x, rate=1e-5, ceiling=float(np.quantile(x @ x.T, 0.996)))


def test_rates_beyond_the_data_are_refused() -> None:
    with pytest.raises(UnsupportedError, match="cannot be judged"):
        calibrate(scattered(300, 11), rate=1e-12, ceiling=0.9)


def test_too_few_copies() -> None:
    with pytest.raises(UnsupportedError, match="only 3 copies"):
        measure_threshold(scattered(300, 12), scores(scattered(3, 13)), images=300)


@pytest.mark.parametrize(("start", "scale"), [(0.2, 0.05), (0.45, 0.06), (0.5, 0.1)])
def test_an_exponential_tail_is_told_from_what_lies_below_the_ceiling(start: float, scale: float) -> None:
    n, rate, wide = 2000, 1e-8, []
    for seed in range(20):
        excess = np.random.default_rng(seed).exponential(scale, 2500)
        part = np.tanh(math.atanh(start) + excess)
        wide.append(estimate([(n, part)], rate=rate, ceiling=0.62).threshold)
    share = 2500 / (n * (n - 1) / 2)
    truth = math.tanh(math.atanh(start) + scale * math.log(share / rate))
    assert np.median(wide) == pytest.approx(truth, abs=0.02)


def test_estimates_hold_on_images_to_come() -> None:
    parts, other = [scattered(150, 0), scattered(150, 1)], scattered(2000, 2)
    found = estimate_threshold(parts, ceiling=0.9, images=1000)
    assert (unrelated_pairs(other)[2] >= found.threshold).sum() <= 10
    assert (found.images, found.pairs) == (300, 150 * 149)
    # copies above the ceiling, and their number, change nothing
    more = [np.concatenate([part, copies_of(part[:60], 5, 0.01)]) for part in parts]
    assert estimate_threshold(more, ceiling=0.9, images=1000).threshold == pytest.approx(found.threshold, abs=1e-6)
    assert estimate_threshold(parts, ceiling=0.9, images=100_000).threshold > found.threshold


def test_estimates_are_refused_where_they_mean_nothing() -> None:
    with pytest.raises(UnsupportedError, match="198 distinct images"):
        estimate_threshold([scattered(99, 0), scattered(99, 1)], ceiling=0.9, images=1000)
    with pytest.raises(UnsupportedError, match=r"cannot be judged from the 2\.2e\+04 pairs of 300 images"):
        estimate_threshold([scattered(150, 0), scattered(150, 1)], ceiling=0.9, images=10_000_000)
    scene = unit(scattered(1, 0) + 0.5 * scattered(300, 1))
    with pytest.raises(UnsupportedError, match=r"only 1 of 300 images are less alike than 0\.50"):
        estimate_threshold([scene, scene], ceiling=0.5, images=1000)
    with pytest.raises(UnsupportedError, match="as alike as copies"):
        estimate([(300, np.full(400, 0.889))], rate=1e-6, ceiling=0.9)


def test_one_of_each_takes_one_frame_of_a_scene() -> None:
    scenes = scattered(5, 14)
    frames = copies_of(np.repeat(scenes, 30, axis=0), 15, noise=0.02)
    assert one_of_each(frames, 0.8).tolist() == [0, 30, 60, 90, 120]


def test_recall_is_inclusive_and_its_interval_is_wilsons() -> None:
    assert recall_at(0.5, [0.4, 0.5, 0.6]) == Recall(2, 3)
    # Newcombe 1998, table I, method 3
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson(1, 29) == pytest.approx((0.0061, 0.1718), abs=5e-5)
    assert wilson(0, 0) == (0.0, 1.0)
