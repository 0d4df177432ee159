"""Whitening, its statistics, and which one a set of images gets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders.efficientnet_lite0 import model_card
from rfdedup.metric.descriptor import Whitening, fit_whitening, unit, whiten
from rfdedup.metric.statistics import mean_similarity, pooled, statistics, statistics_of
from rfdedup.metric.whitening import (
    FILE,
    LEAST_POOLED,
    RAW,
    Prior,
    WhiteningChoice,
    choose,
    describe_as,
    fit,
    full_prior_of,
    held_out,
    key_of,
    load,
    save,
    still_frozen,
)
from rfdedup.model.errors import RunFolderError

Floats = npt.NDArray[np.float32]
D = 96


def kind(seed: int, n: int, centre: float = 0.0) -> Floats:
    """Embeddings of one kind of images; ``centre`` moves all of them in one direction, as a narrow domain does."""
    shared = np.random.default_rng(1).standard_normal((D, D))
    random = np.random.default_rng(seed)
    away = np.random.default_rng(2).standard_normal(D)
    return np.asarray(random.standard_normal((n, D)) @ shared + centre * away, np.float32)


@pytest.fixture(scope="module")
def prior() -> Prior:
    return Prior(fit_whitening(kind(0, 1500), dim=64, shrinkage=1e-3), 1500, 1e-3)


def test_whitened_vectors_are_uncorrelated_and_of_length_one() -> None:
    x = kind(0, 3000)
    whitening = fit_whitening(x, dim=D, shrinkage=0.0)
    flat = (unit(x).astype(np.float64) - whitening.mean) @ whitening.projection
    np.testing.assert_allclose(np.cov(flat, rowvar=False), np.eye(D), atol=0.02)
    np.testing.assert_allclose(np.linalg.norm(whitening.apply(x), axis=1), 1.0, atol=1e-5)
    np.testing.assert_array_equal(whitening.apply(x[:3]), whitening.apply(2 * x[:3]))


def test_pooled_statistics_are_those_of_the_images_together() -> None:
    a, b = kind(3, 400), kind(4, 300, 2.0)
    together, both = pooled(statistics(a), statistics(b)), statistics(np.concatenate([a, b]))
    np.testing.assert_allclose(together.mean, both.mean, atol=1e-12)
    # the parts divide by n - 1 each
    np.testing.assert_allclose(together.covariance, both.covariance, atol=1e-4)
    thrice = pooled(statistics(a), statistics(b), 3.0)
    repeated = statistics(np.concatenate([a, b, b, b]))
    np.testing.assert_allclose(thrice.covariance, repeated.covariance, atol=1e-4)


def test_few_images_and_many_dimensions_are_fitted_as_exactly_by_the_smaller_product() -> None:
    prior = Prior(fit_whitening(kind(0, 1500), dim=24, shrinkage=1e-3), 1500, 1e-3)
    both = pooled(statistics_of(prior.whitening, prior.images, prior.shrinkage), statistics(kind(7, 40, 8.0)), 4.0)
    assert both.factor.shape[1] < D
    made = whiten(both.mean, both.factor, both.floor, dim=24, shrinkage=1e-3)
    values, vectors = np.linalg.eigh(both.covariance)
    values, vectors = values[::-1][:24], vectors[:, ::-1][:, :24]
    expected = vectors / np.sqrt(values + 1e-3 * values[0])
    x = kind(8, 50, 8.0)
    plain = unit((unit(x) - both.mean.astype(np.float32)) @ expected)
    np.testing.assert_allclose(made.apply(x) @ made.apply(x).T, plain @ plain.T, atol=2e-6)
    # fewer images than dimensions to give: all are given, though some of them say nothing
    assert fit_whitening(kind(7, 20), dim=24, shrinkage=1e-3).dim == 24


def test_a_transform_gives_back_what_it_was_made_from() -> None:
    x = kind(5, 1500)
    made = statistics(x)
    whole = statistics_of(fit_whitening(x, dim=D, shrinkage=1e-3), 1500, 1e-3)
    np.testing.assert_allclose(whole.covariance, made.covariance, atol=2e-5)
    cut = statistics_of(fit_whitening(x, dim=64, shrinkage=1e-3), 1500, 1e-3)
    assert np.trace(cut.covariance) == pytest.approx(1 - made.mean @ made.mean, abs=1e-5)


def test_images_that_the_prior_knows_keep_it(prior: Prior) -> None:
    choice = choose(kind(6, 400), prior)
    assert (choice.source, choice.whitening) == ("prior", prior.whitening)


def test_images_unlike_the_prior_are_pooled_with_it(prior: Prior) -> None:
    x, later = kind(7, 500, 8.0), kind(8, 400, 8.0)
    choice = choose(x, prior)
    assert choice.source == "pooled"
    before, after = (mean_similarity(apply(later)) for apply in (prior.whitening.apply, choice.describe))
    assert before > 0.3
    assert after < before / 2


def test_the_more_exact_embeddings_make_the_fit(prior: Prior) -> None:
    x = kind(7, 300, 8.0)
    rough = x.astype(np.float16)
    exact = choose(x, prior)
    again = choose(rough, prior, again=lambda rows: x[rows])
    assert exact.whitening is not None
    assert again.whitening is not None
    np.testing.assert_array_equal(exact.whitening.projection, again.whitening.projection)


def test_too_few_of_their_own_leave_the_prior(prior: Prior) -> None:
    choice = choose(kind(7, LEAST_POOLED - 1, 8.0), prior)
    assert choice.source == "prior"
    assert "too few" in choice.reason


def test_frames_of_few_scenes_do_not_bend_the_fit(prior: Prior) -> None:
    scenes = kind(9, 12, 8.0)
    noise = np.random.default_rng(0).standard_normal((600, D)).astype(np.float32)
    frames = np.repeat(scenes, 50, axis=0) + 0.5 * noise
    assert choose(frames, prior).source == "prior"
    assert choose(frames, None).source == "none"


def test_repeats_do_not_change_a_fit(prior: Prior) -> None:
    x = kind(7, 300, 8.0)
    once, often = choose(x, prior), choose(np.concatenate([x, x[:50], x[:50]]), prior)
    assert once.images == often.images
    assert once.whitening is not None
    assert often.whitening is not None
    np.testing.assert_array_equal(once.whitening.projection, often.whitening.projection)


def test_without_a_prior_many_images_make_their_own() -> None:
    few, many = choose(kind(10, 1999), None), choose(kind(10, 2000), None)
    assert (few.source, few.descriptor) == ("none", "raw")
    assert "1999 distinct images" in few.reason
    assert (many.source, many.images) == ("own", 2000)
    assert many.whitening is not None
    np.testing.assert_array_equal(many.whitening.projection, fit(statistics(kind(10, 2000))).projection)


def test_thresholds_are_told_from_images_that_the_fit_has_not_seen(prior: Prior) -> None:
    x = kind(7, 300, 8.0)
    choice = choose(x, prior)
    assert choice.source == "pooled"
    half = fit(pooled(statistics_of(prior.whitening, prior.images, prior.shrinkage), statistics(x[::2]), 4.0))
    describe, unseen = held_out(choice, x, prior)
    assert unseen.tolist() == list(range(1, 300, 2))
    np.testing.assert_allclose(describe(x[unseen]), half.apply(x[1::2]), atol=1e-5)
    describe, unseen = held_out(RAW, x, prior)
    np.testing.assert_array_equal(describe(x[unseen]), unit(x))


@pytest.mark.parametrize("source", ["own", "pooled", "prior", "none"])
def test_frozen_choices_come_back(tmp_path: Path, prior: Prior, source: str) -> None:
    made = {
        "own": lambda: choose(kind(10, 2000), None),
        "pooled": lambda: choose(kind(7, 300, 8.0), prior),
        "prior": lambda: choose(kind(6, 300), prior),
        "none": lambda: RAW,
    }[source]()
    assert made.source == source
    file = tmp_path / FILE
    save(file, "some-encoder/whitened", made, {"threshold": 0.7})
    found = load(file, "some-encoder/whitened", prior if source in ("pooled", "prior") else None, D)
    assert found is not None
    choice, notes = found
    assert notes == {"threshold": 0.7}
    assert choice.as_dict() == made.as_dict()
    assert choice.settled == made.settled
    x = kind(11, 20)
    np.testing.assert_array_equal(choice.describe(x), made.describe(x))
    assert load(file, "other-encoder/whitened", prior, D) is None


def test_damaged_and_missing_files(tmp_path: Path, prior: Prior) -> None:
    file = tmp_path / FILE
    assert load(file, "key", prior, D) is None
    save(file, "key", choose(kind(10, 2000), None), {})
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(RunFolderError, match="damaged"):
        load(file, "key", None, D)
    with pytest.raises(RunFolderError):
        Whitening.load(file)


def test_a_finished_run_is_compared_as_it_was(tmp_path: Path) -> None:
    card = model_card()
    shipped = full_prior_of(card)
    assert shipped is not None
    x = np.random.default_rng(0).standard_normal((8, card.dim)).astype(np.float32)
    assert describe_as(tmp_path, {"descriptor": "raw"}, card) is unit
    known = describe_as(tmp_path, {"descriptor": "whitened", "whitening": {"source": "prior"}}, card)
    np.testing.assert_array_equal(known(x), shipped.whitening.apply(x))

    own = WhiteningChoice("own", fit_whitening(x, dim=4, shrinkage=0.1), 8, "")
    facts = {"descriptor": "whitened", "key": "k", "whitening": own.as_dict()}
    with pytest.raises(RunFolderError, match="run it again"):
        describe_as(tmp_path, facts, card)
    assert not still_frozen(tmp_path, facts)
    save(tmp_path / FILE, key_of("k", "auto"), own, {})
    np.testing.assert_array_equal(describe_as(tmp_path, facts, card)(x), own.describe(x))
    assert still_frozen(tmp_path, facts)

    # another transform, whole as it may be, is not the one of the run
    save(
        tmp_path / FILE,
        key_of("k", "auto"),
        WhiteningChoice("own", fit_whitening(2 - x, dim=4, shrinkage=0.1), 8, ""),
        {},
    )
    with pytest.raises(RunFolderError, match="run it again"):
        describe_as(tmp_path, facts, card)
    assert not still_frozen(tmp_path, facts)
