"""How a run compares: chosen from its own images, the same in every precision, frozen, and safe where they are few."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rfdedup.encoders.base import ModelCard, Threshold
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.metric import whitening
from rfdedup.metric.calibration import UnsupportedError
from rfdedup.metric.descriptor import fit_whitening
from rfdedup.metric.whitening import FILE, LEAST_OWN, LEAST_POOLED, Prior
from rfdedup.model.config import make_config
from rfdedup.model.errors import ConfigError
from rfdedup.pipeline import metric_choice
from rfdedup.pipeline.edited_copies import KINDS
from rfdedup.pipeline.metric_choice import MetricSample, RunMetric, refuse_early, settle_metric
from rfdedup.pipeline.threshold_estimate import CopyScores, measure_threshold
from rfdedup.runtime.progress import Silent, Watch
from rfdedup.storage.feature_store import FeatureStore

Floats = npt.NDArray[np.float32]
D = 96
DEFAULTS = {"whitened": Threshold(0.62, "other images"), "raw": Threshold(0.92, "other images")}


def kind(seed: int, n: int, centre: float = 0.0) -> Floats:
    """Embeddings of one kind of images; ``centre`` moves all of them in one direction, as a narrow domain does."""
    shared = np.random.default_rng(1).standard_normal((D, D))
    away = np.random.default_rng(2).standard_normal(D)
    return np.asarray(np.random.default_rng(seed).standard_normal((n, D)) @ shared + centre * away, np.float32)


PRIOR = Prior(fit_whitening(kind(0, 1500), dim=64, shrinkage=1e-3), 1500, 1e-3)


@pytest.fixture(autouse=True)
def synthetic(monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder with a prior, and copies that are embeddings with noise in place of edited files."""
    monkeypatch.setattr(metric_choice, "full_prior_of", lambda card: PRIOR if card.name == "with prior" else None)

    def calibrate_choice(
        _files: Any, embeddings: Floats, describe: Any, _encoder: Any, _config: Any, _watch: Any, **wanted: Any
    ) -> Any:
        noise = np.random.default_rng(3).standard_normal(embeddings[:66].shape).astype(np.float32)
        score = np.einsum("nd,nd->n", describe(embeddings[:66]), describe(embeddings[:66] + noise))
        copies = CopyScores(np.arange(66) % len(KINDS), score.astype(np.float64))
        try:
            return copies, measure_threshold(describe(embeddings), copies, **wanted)
        except UnsupportedError as error:
            return copies, error

    monkeypatch.setattr(metric_choice, "calibrate_choice", calibrate_choice)


def settled(
    folder: Path,
    x: Floats,
    *,
    prior: bool = True,
    thresholds: Any = DEFAULTS,
    rough: float = 0.0,
    store: FeatureStore | None = None,
    **semantic: Any,
) -> RunMetric:
    """What a run of images with embeddings ``x`` settles on; ``rough`` is the error of its precision."""
    spec = InputSpec(8, 8, "bilinear")
    card = ModelCard("with prior" if prior else "without", D, spec, "", "", "", "", thresholds)
    encoder: Any = SimpleNamespace(card=card, key=f"{card.name}-1", dim=D)
    stored = x + rough * np.random.default_rng(9).standard_normal(x.shape).astype(np.float32)
    material = MetricSample(
        np.arange(len(x)),
        [None] * len(x),  # type: ignore[list-item]
        lambda most: stored[:most],
        lambda rows: x[rows],
        encoder,
        lambda: encoder,
    )
    config = make_config({"semantic": semantic})
    refuse_early(config, card, len(x))
    return settle_metric(config, material, store or FeatureStore(folder, feature_key="k"), Watch(Silent()))


def digest(made: RunMetric) -> Any:
    return made.choice.as_dict()["transform"]


def test_images_that_the_prior_knows_keep_its_threshold(tmp_path: Path) -> None:
    made = settled(tmp_path, kind(6, 400))
    assert (made.choice.source, made.threshold.value, made.threshold.origin) == ("prior", 0.62, "encoder")
    assert "other images" in made.threshold.reason


def test_a_fitted_transform_gets_a_threshold_of_its_own(tmp_path: Path) -> None:
    made = settled(tmp_path, kind(7, 900, 8.0))
    assert (made.choice.source, made.threshold.origin) == ("pooled", "measured")
    facts = made.about()["threshold_told_by"]
    assert facts["images"] == 900
    assert facts["pairs"] == 4 * 128 * 127 // 2
    unrelated = made.choice.describe(kind(8, 900, 8.0))
    pairs = (unrelated @ unrelated.T)[np.triu_indices(900, 1)]
    assert (pairs >= made.threshold.value).sum() == 0


@pytest.mark.parametrize(("n", "centre"), [(900, 8.0), (300, 8.0), (60, 8.0), (400, 0.0)])
def test_the_precision_of_the_run_changes_nothing(tmp_path: Path, n: int, centre: float) -> None:
    x = kind(7, n, centre)
    one, other = settled(tmp_path / "fp32", x), settled(tmp_path / "bf16", x, rough=0.1)
    assert one.about() == other.about()


def test_what_was_fitted_stays_when_images_are_added(tmp_path: Path) -> None:
    x = kind(7, 1500, 8.0)
    first, later = settled(tmp_path, x[:220]), settled(tmp_path, x)
    assert later.about() == first.about()
    assert digest(first) is not None
    assert digest(settled(tmp_path / "anew", x)) != digest(first)


def test_a_prior_that_fits_stays_when_images_are_added(tmp_path: Path) -> None:
    known, unlike = kind(6, 200), kind(7, 800, 8.0)
    assert settled(tmp_path, known).choice.source == "prior"
    assert settled(tmp_path, np.concatenate([unlike, known])).choice.source == "prior"
    assert settled(tmp_path / "anew", np.concatenate([unlike, known])).choice.source == "pooled"


def test_what_was_chosen_for_want_of_images_is_chosen_again(tmp_path: Path) -> None:
    x = kind(7, 900, 8.0)
    few = settled(tmp_path, x[: LEAST_POOLED - 1])
    assert (few.choice.source, few.choice.settled) == ("prior", False)
    assert "too few" in few.choice.reason
    fitted = settled(tmp_path, x[:100])
    assert (fitted.choice.source, fitted.threshold.origin, fitted.threshold.value) == ("pooled", "unmeasured", 0.62)
    # the transform stays, the threshold that it could not tell comes
    more = settled(tmp_path, x)
    assert digest(more) == digest(fitted)
    assert more.threshold.origin == "measured"


def test_one_scene_raises_the_default(tmp_path: Path) -> None:
    scenes = kind(9, 6, 14.0)
    noise = np.random.default_rng(0).standard_normal((240, D)).astype(np.float32)
    made = settled(tmp_path, np.repeat(scenes, 40, axis=0) + 0.5 * noise)
    assert (made.choice.source, made.threshold.origin) == ("prior", "raised")
    assert made.choice.level > 0.3
    assert made.threshold.value == pytest.approx(math.tanh(math.atanh(0.62) + math.atanh(made.choice.level)), abs=1e-4)
    assert "raised" in made.threshold.reason


def test_copies_of_a_few_different_images_do_not_raise_it(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).standard_normal((200, D)).astype(np.float32)
    made = settled(tmp_path, np.repeat(kind(6, 5), 40, axis=0) + 0.5 * noise)
    assert (made.threshold.value, made.threshold.origin) == (0.62, "encoder")


def test_near_duplicates_do_not_bend_the_fit(tmp_path: Path) -> None:
    x, later = kind(7, 300, 8.0), kind(8, 400, 8.0)
    noise = 0.05 * np.random.default_rng(0).standard_normal((600, D)).astype(np.float32)
    # a film: six hundred frames of one of the scenes
    rich = np.concatenate([x, x[:1] + noise])
    plain, mixed = settled(tmp_path / "plain", x), settled(tmp_path / "rich", rich)
    assert mixed.choice.images == plain.choice.images
    np.testing.assert_array_equal(mixed.choice.describe(later), plain.choice.describe(later))


def test_things_that_are_alike_raise_the_threshold_that_others_keep(tmp_path: Path) -> None:
    # pairs of one of sixty models are more alike than others, and no copies
    models = np.repeat(kind(11, 60, 8.0), 15, axis=0)
    alike = np.asarray(0.55 * models + 0.8 * kind(12, 900, 8.0), np.float32)
    far, near = settled(tmp_path / "far", kind(7, 900, 8.0)), settled(tmp_path / "near", alike)
    assert (far.threshold.value, near.threshold.origin) == (0.62, "measured")
    assert 0.66 < near.threshold.value < 0.95
    assert "raised" in near.threshold.reason
    unrelated = near.choice.describe(alike)
    pairs = (unrelated @ unrelated.T)[np.triu_indices(900, 1)]
    assert (pairs >= near.threshold.value).mean() < 1e-5
    # frozen with the transform
    later = settled(tmp_path / "near", np.concatenate([alike, alike[:300] + kind(13, 300)]))
    assert later.about() == near.about()


def test_of_a_film_more_is_looked_at(tmp_path: Path) -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal((700, D)).astype(np.float32)
    mixed = np.concatenate([kind(7, 500, 8.0), kind(8, 1, 8.0) + noise])
    mixed = mixed[np.random.default_rng(1).permutation(len(mixed))]
    made = settled(tmp_path / "fp32", mixed)
    # of 256 images, 107 would be distinct
    assert (made.choice.source, 200 < made.choice.images < 230) == ("pooled", True)
    assert settled(tmp_path / "bf16", mixed, rough=0.02).about() == made.about()


def test_asked_for_a_rate_the_threshold_is_measured_where_the_default_applies_too(tmp_path: Path) -> None:
    x = kind(6, 900)
    loose, strict = (settled(tmp_path, x, max_false_pairs=rate).threshold for rate in (5000.0, 50.0))
    assert (loose.origin, strict.origin) == ("measured", "measured")
    assert loose.value < strict.value
    assert loose.facts is not None
    assert set(loose.facts["recall"]) == set(KINDS)
    assert settled(tmp_path, x).threshold.origin == "encoder"


def test_given_thresholds_are_taken_as_they_are(tmp_path: Path) -> None:
    made = settled(tmp_path, kind(7, 900, 8.0), threshold=0.7)
    assert (made.threshold.value, made.threshold.origin) == (0.7, "given")
    assert settled(tmp_path, kind(7, 900, 8.0)).threshold.origin == "measured"


def test_an_encoder_without_a_prior_and_without_a_threshold(tmp_path: Path) -> None:
    measured = settled(tmp_path / "many", kind(10, 600), prior=False, thresholds={})
    assert (measured.choice.source, measured.threshold.origin) == ("none", "measured")
    assert settled(tmp_path / "few", kind(10, 20), prior=False, thresholds={}, threshold=0.9).threshold.value == 0.9
    with pytest.raises(ConfigError, match=r"199 images are too few to tell one\); give one, for example --threshold"):
        settled(tmp_path / "few", kind(10, 199), prior=False, thresholds={})
    with pytest.raises(ConfigError, match=r"no whitening is known .* 600 images are too few to fit one \(2000\)"):
        settled(tmp_path / "none", kind(10, 600), prior=False, descriptor="whitened")
    # enough files, but they show the same few things
    noise = np.random.default_rng(0).standard_normal((600, D)).astype(np.float32)
    alike = np.repeat(kind(10, 30), 20, axis=0) + 0.2 * noise
    with pytest.raises(ConfigError, match=r"only 30 of 600 images are distinct.*give one, for example --threshold"):
        settled(tmp_path / "alike", alike, prior=False, thresholds={})


def test_an_encoder_without_a_prior_is_whitened_by_many_images(tmp_path: Path) -> None:
    made = settled(tmp_path, kind(10, LEAST_OWN + 200), prior=False, thresholds={})
    assert (made.choice.source, made.choice.descriptor, made.threshold.origin) == ("own", "whitened", "measured")
    again = settled(tmp_path, kind(10, LEAST_OWN + 900), prior=False, thresholds={})
    assert again.about() == made.about()


@pytest.mark.parametrize("cut", [0, 60, -700])
def test_damaged_files_are_made_again_and_said(tmp_path: Path, cut: int) -> None:
    x = kind(7, 900, 8.0)
    first = settled(tmp_path, x)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:cut])
    store = FeatureStore(tmp_path, feature_key="k")
    again = settled(tmp_path, x, store=store)
    assert again.about() == first.about()
    assert store.damaged == [FILE]
    assert settled(tmp_path, x, store=(whole := FeatureStore(tmp_path, feature_key="k"))).about() == first.about()
    assert whole.damaged == []


def test_bit_flips_are_found(tmp_path: Path) -> None:
    x = kind(7, 300, 8.0)
    first = settled(tmp_path, x)
    file = tmp_path / FILE
    whole = file.read_bytes()
    for at in np.random.default_rng(4).integers(0, len(whole), 40).tolist():
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 16]) + whole[at + 1 :])
        assert settled(tmp_path, x).about() == first.about()


def test_notes_that_mean_nothing_are_not_believed(tmp_path: Path) -> None:
    x = kind(7, 900, 8.0)
    first = settled(tmp_path, x)
    key = whitening.key_of("with prior-1", "auto")
    for value in (2.0, -1.0, "0.1", None, float("nan")):
        whitening.save(tmp_path / FILE, key, first.choice, {"asked": None, "value": value, "facts": {}})
        assert settled(tmp_path, x).threshold.value == first.threshold.value


def test_a_run_of_another_encoder_starts_anew(tmp_path: Path) -> None:
    assert settled(tmp_path, kind(7, 900, 8.0)).choice.source == "pooled"
    assert settled(tmp_path, kind(7, 900, 8.0), prior=False).choice.source == "none"
