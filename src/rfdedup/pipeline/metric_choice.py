"""How the embeddings of a run are compared: the descriptor and the threshold, chosen once and frozen in its folder."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder, ModelCard
from rfdedup.metric.calibration import MIN_IMAGES, UnsupportedError, recall_at
from rfdedup.metric.descriptor import Matrix
from rfdedup.metric.whitening import (
    FILE,
    MOST,
    RAW,
    SAMPLE,
    Prior,
    WhiteningChoice,
    choose,
    full_prior_of,
    held_out,
    key_of,
    least_own,
    load,
    look_at,
    parts,
    sample_sizes,
    save,
)
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.model.faults import Faults
from rfdedup.model.items import Item
from rfdedup.pipeline.threshold_estimate import FALSE_PAIRS, calibrate_choice, default_threshold, estimate_threshold
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]
LEAST_RECALL = 0.5
"""A measured threshold that finds a smaller share of edited copies is no use."""
Origin = Literal["given", "encoder", "raised", "measured", "unmeasured"]


@dataclass(frozen=True)
class LinkThreshold:
    """The cosine similarity that links.

    Attributes:
        origin: ``given`` by the user; the ``encoder``'s, where it applies; that ``raised`` for images that are all
            alike; ``measured`` on the images of the run; or ``unmeasured``: the encoder's where these tell none.
        reason: in words.
        facts: of a measurement, in plain values: what it rests on, and the expected recall by kind of edit where
            copies were made for it.
    """

    value: float
    origin: Origin
    reason: str
    facts: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"origin": self.origin, "reason": self.reason, **(self.facts or {})}


@dataclass(frozen=True)
class RunMetric:
    """How the embeddings of a run are compared."""

    choice: WhiteningChoice
    threshold: LinkThreshold

    def about(self) -> dict[str, Any]:
        """What ``run.json`` says of it."""
        return {
            "descriptor": self.choice.descriptor,
            "whitening": self.choice.as_dict(),
            "threshold": self.threshold.value,
            "threshold_told_by": self.threshold.as_dict(),
        }


@dataclass(frozen=True)
class MetricSample:
    """What a metric is chosen from.

    Attributes:
        rows: (n,) those that are compared, one for each content, in the order of their SHA-256: neither names nor
            folders nor the order of the work decide anything.
        files: (n,) in that order.
        embeddings: gives those of the first so many, as the run made them, (m, d).
        exact: gives embeddings in float32 of rows; of a file that is lost, what the run made, and notes it in ``lost``.
        encoder, exact_encoder: in the precision of the run, and in float32.
        lost: faults by row of files that could not be read again. What is chosen where there are any holds for nothing.
    """

    rows: Rows
    files: Sequence[Item]
    embeddings: Callable[[int], npt.NDArray[np.floating]]
    exact: Callable[[Rows], Matrix]
    encoder: Encoder
    exact_encoder: Callable[[], Encoder]
    lost: Faults = field(default_factory=dict)

    def exact_of(self, at: Rows) -> Matrix:
        """Embeddings in float32 of the images at positions ``at``, (m, d)."""
        return self.exact(self.rows[at])


def refuse_early(config: RunConfig, card: ModelCard, images: int) -> None:
    """Say before anything is embedded what so few images cannot give.

    Raises:
        ConfigError: whitening or a threshold was asked for that neither the encoder nor the images can tell.
    """
    wanted = config.semantic
    prior = full_prior_of(card)
    if wanted.descriptor == "whitened" and prior is None and images < least_own(card.dim):
        raise ConfigError(
            f"no whitening is known for encoder {card.name}, and {images} images are too few to fit one "
            f"({least_own(card.dim)}); use --descriptor raw"
        )
    raw = wanted.descriptor == "raw" or prior is None
    if wanted.threshold == "auto" and images < MIN_IMAGES and ("raw" if raw else "whitened") not in card.thresholds:
        raise ConfigError(_no_threshold(card, "raw" if raw else "whitened", f"{images} images are too few to tell one"))


def looked_at(config: RunConfig, card: ModelCard, images: int) -> int:
    """How many of ``images`` are embedded in float32 to see whether the encoder's prior fits.

    They have the smallest SHA-256. More follow where few are distinct; none are wanted where nothing can adapt.
    """
    if config.semantic.descriptor == "raw" or full_prior_of(card) is None:
        return 0
    return sample_sizes(images)[0]


def settle_metric(config: RunConfig, material: MetricSample, store: FeatureStore, watch: Watch) -> RunMetric:
    """The frozen metric of the run folder; where there is none, or it was provisional, one is chosen and frozen.

    A transform that was fitted, or that fits, stays when images are added, and so does a measured threshold: old and
    new images compare. What was chosen for want of images is chosen again.

    Raises:
        ConfigError: neither the user nor the encoder nor the images tell a threshold.
    """
    card, wanted = material.encoder.card, config.semantic
    prior = full_prior_of(card)
    key = key_of(material.encoder.key, wanted.descriptor)
    path = store.folder / FILE
    try:
        frozen = load(path, key, prior, card.dim)
    except RunFolderError:
        # as with shards: it is made again, by the same images the same
        store.damaged.append(FILE)
        frozen = None
    choice, notes = frozen if frozen is not None else (None, {})
    if choice is None or not choice.settled:
        choice = _chosen(config, material, prior)
        notes = {}
    if wanted.descriptor == "whitened" and choice.source == "none":
        raise ConfigError(f"no whitening is known for encoder {card.name}: {choice.reason}; use --descriptor raw")
    threshold = _threshold(config, material, prior, choice, notes, watch)
    remembered = _note(threshold, wanted.max_false_pairs) if threshold.origin == "measured" else notes
    if not material.lost and (frozen is None or choice is not frozen[0] or remembered != frozen[1]):
        save(path, key, choice, remembered)
    return RunMetric(choice, threshold)


def _chosen(config: RunConfig, material: MetricSample, prior: Prior | None) -> WhiteningChoice:
    if config.semantic.descriptor == "raw":
        return RAW
    first = material.embeddings(SAMPLE if prior is not None else MOST)
    return choose(first, prior, images=len(material.rows), again=material.exact_of)


def _threshold(
    config: RunConfig,
    material: MetricSample,
    prior: Prior | None,
    choice: WhiteningChoice,
    notes: dict[str, Any],
    watch: Watch,
) -> LinkThreshold:
    wanted, card = config.semantic, material.encoder.card
    if wanted.threshold != "auto":
        return LinkThreshold(wanted.threshold, "given", "given by the user")
    known = default_threshold(card, choice)
    # what was measured for the encoder says nothing of a transform that was fitted here
    applies = choice.source in ("prior", "none")
    if known is not None and applies and wanted.max_false_pairs is None:
        return LinkThreshold(known[0], "raised" if choice.level else "encoder", known[1])
    remembered = _remembered(notes, wanted.max_false_pairs)
    if remembered is not None:
        return remembered
    try:
        if prior is not None and known is not None and wanted.max_false_pairs is None:
            return _estimated(material, prior, choice, known[0])
        return _measured(config, material, prior, choice, watch)
    except UnsupportedError as error:
        if known is None:
            raise ConfigError(_no_threshold(card, choice.descriptor, str(error))) from None
        return LinkThreshold(known[0], "unmeasured", f"{known[1]}; these images tell none: {error}")


def _estimated(material: MetricSample, prior: Prior, choice: WhiteningChoice, known: float) -> LinkThreshold:
    """The encoder's threshold, raised as far as the unrelated pairs of the set reach by a transform that adapted to it.

    Told in float32, like the transform: the same in every precision.
    """
    n = len(material.rows)
    seen = look_at(prior, sample_sizes(n), material.exact_of).embeddings
    found = estimate_threshold(parts(choice, seen, prior), ceiling=known, images=n)
    value = max(known, math.ceil(found.threshold * 1e4) / 1e4)
    reason = (
        f"the default {known}, {'raised' if value > known else 'enough'} for about {FALSE_PAIRS:g} wrong pairs per "
        f"million images, as told by {found.pairs} pairs of {found.images} distinct images of this set"
    )
    return LinkThreshold(value, "measured", reason, {"max_false_pairs": FALSE_PAIRS, "images": n, "pairs": found.pairs})


def _measured(
    config: RunConfig, material: MetricSample, prior: Prior | None, choice: WhiteningChoice, watch: Watch
) -> LinkThreshold:
    """Told by images that the transform has not seen, embedded in float32: the same in every precision."""
    n = len(material.rows)
    if choice.source == "own":
        # thousands of images: the mean of their errors is nothing
        fitted_on = material.embeddings(MOST)
        describe, unseen = held_out(choice, fitted_on, prior)
    else:
        fitted_on = material.exact_of(np.arange(min(n, SAMPLE)))
        describe, unseen = held_out(choice, fitted_on, prior)
    at = unseen[:SAMPLE]
    if len(at) < MIN_IMAGES:
        raise UnsupportedError(f"{len(at)} images that no fit has seen are too few; it takes {MIN_IMAGES}")
    embeddings = material.exact_of(at) if choice.source == "own" else fitted_on[at]
    allowed = FALSE_PAIRS if config.semantic.max_false_pairs is None else config.semantic.max_false_pairs
    copies, outcome = calibrate_choice(
        [material.files[i] for i in at],
        embeddings,
        describe,
        material.exact_encoder(),
        config,
        watch,
        images=n,
        false_pairs=allowed,
    )
    if isinstance(outcome, UnsupportedError):
        raise outcome
    value = math.ceil(outcome.threshold * 1e4) / 1e4
    found = recall_at(value, copies.score).value
    if found < LEAST_RECALL:
        raise UnsupportedError(
            f"{value} would keep the rate and find {found:.0%} of edited copies: the images are alike, or hold many "
            "duplicates that look like unrelated pairs"
        )
    recall = {kind: {"found": one.found, "total": one.total} for kind, one in copies.recall(value).items()}
    reason = (
        f"measured on {outcome.images} distinct images of this set: at most {allowed:g} wrong pairs per million images"
    )
    facts = {"max_false_pairs": allowed, "images": n, "pairs": outcome.pairs, "recall": recall}
    return LinkThreshold(value, "measured", reason, facts)


def _note(threshold: LinkThreshold, asked: float | None) -> dict[str, Any]:
    return {"asked": asked, "value": threshold.value, "reason": threshold.reason, "facts": threshold.facts}


def _remembered(notes: dict[str, Any], asked: float | None) -> LinkThreshold | None:
    """The measured threshold that was frozen, where it answers the same question."""
    value, facts = notes.get("value"), notes.get("facts")
    if not isinstance(value, float) or not 0 < value < 1 or not isinstance(facts, dict) or notes.get("asked") != asked:
        return None
    return LinkThreshold(value, "measured", str(notes.get("reason")), facts)


def _no_threshold(card: ModelCard, descriptor: str, why: str) -> str:
    return (
        f"no threshold is calibrated for encoder {card.name} with {descriptor} descriptors ({why}); "
        "give one, for example --threshold 0.9"
    )
