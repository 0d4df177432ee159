"""Calibration on a user's own images: their unrelated pairs, and edited copies of a sample of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder, ModelCard
from rfdedup.metric.calibration import (
    Calibration,
    Estimate,
    Recall,
    UnsupportedError,
    calibrate,
    estimate,
    pair_rate,
    recall_at,
    unrelated_pairs,
)
from rfdedup.metric.descriptor import Matrix
from rfdedup.metric.whitening import WhiteningChoice, one_of_each
from rfdedup.model.config import RunConfig
from rfdedup.model.items import Item
from rfdedup.pipeline.edited_copies import KINDS, embed_copies
from rfdedup.runtime.progress import Watch

FALSE_PAIRS = 100.0
"""Wrong pairs per million images that a calibrated threshold allows unless asked otherwise."""
SAMPLE = 2000
"""Images that are looked at."""
ORIGINALS = 24
"""Images that copies are made of, eleven each."""
CEILING_SHARE = 0.1
"""Pairs above this quantile of true copies may be natural duplicates; unrelated ones are looked for below it."""
_LEAST_COPIES = 40


@dataclass(frozen=True)
class CopyScores:
    """Similarities of edited copies to their originals, (m,) float64, and the kind of each as a number in ``KINDS``."""

    kind: npt.NDArray[np.int64]
    score: npt.NDArray[np.float64]

    @property
    def ceiling(self) -> float:
        """Where true copies begin to be common.

        Raises:
            UnsupportedError: too few copies could be made.
        """
        if len(self.score) < _LEAST_COPIES:
            raise UnsupportedError(
                f"only {len(self.score)} copies could be made of these images, which are tiny or few"
            )
        return float(np.quantile(self.score, CEILING_SHARE))

    def recall(self, threshold: float) -> dict[str, Recall]:
        """Copies at or above the threshold, by kind; kinds without copies are left out."""
        return {
            name: recall_at(threshold, self.score[self.kind == number])
            for number, name in enumerate(KINDS)
            if (self.kind == number).any()
        }


def score_copies(
    files: Sequence[Item],
    embeddings: npt.NDArray[np.floating],
    describe: Callable[[npt.NDArray[Any]], Matrix],
    encoder: Encoder,
    config: RunConfig,
    watch: Watch,
    originals: int = ORIGINALS,
) -> CopyScores:
    """Make copies of ``originals`` of the files, evenly chosen, and compare them with their originals.

    Args:
        files, embeddings: the images and what the encoder made of them, row by row.
        describe: embeddings to descriptors.
    """
    chosen = np.unique(np.linspace(0, len(files) - 1, min(originals, len(files))).astype(np.int64))
    at, kind, vectors = embed_copies([files[i] for i in chosen], encoder, config, watch)
    mine, theirs = describe(vectors), describe(embeddings[chosen[at]])
    return CopyScores(kind, np.einsum("nd,nd->n", mine, theirs, dtype=np.float64))


def default_threshold(card: ModelCard, choice: WhiteningChoice) -> tuple[float, str] | None:
    """The encoder's threshold for embeddings compared as ``choice`` says, and why it is that; None where it has none.

    Where a prior stays that puts all images of the set close together, one scene for example, it is raised as far as
    they are close, on the scale of artanh: a wrong drop is worse than a copy that stays.
    """
    known = card.thresholds.get(choice.descriptor)
    if known is None:
        return None
    if choice.level == 0:
        return known.value, f"the default of {card.name} ({known.data})"
    raised = math.tanh(math.atanh(known.value) + math.atanh(min(choice.level, 0.999)))
    value = min(math.ceil(raised * 1e4) / 1e4, 0.999)
    return (
        value,
        f"the default {known.value}, raised because nearly all pairs reach {choice.level:.2f}: {choice.reason}",
    )


def calibrate_choice(
    files: Sequence[Item],
    embeddings: npt.NDArray[np.floating],
    describe: Callable[[npt.NDArray[Any]], Matrix],
    encoder: Encoder,
    config: RunConfig,
    watch: Watch,
    *,
    images: int,
    false_pairs: float,
) -> tuple[CopyScores, Calibration | UnsupportedError]:
    """What ``files`` tell of a threshold: the copies of some, and the measurement or why there is none.

    Args:
        files, embeddings: images that the transform has not seen, in an order that depends on their contents alone.
        describe: see ``whitening.held_out``.
        encoder: that made the embeddings.
        images, false_pairs: see ``measure_threshold``.
    """
    descriptors = describe(embeddings)
    copies = score_copies(files, embeddings, describe, encoder, config, watch)
    try:
        return copies, measure_threshold(descriptors, copies, images=images, false_pairs=false_pairs)
    except UnsupportedError as error:
        return copies, error


def estimate_threshold(parts: Sequence[Matrix], *, ceiling: float, images: int) -> Estimate:
    """The threshold for a set of ``images`` like these that leaves about ``FALSE_PAIRS`` wrong pairs a million.

    Args:
        parts: descriptors (n, d) of samples, by transforms that were not fitted on them (``whitening.parts``).
        ceiling: what links copies elsewhere: pairs at or above it may be copies here.

    Raises:
        UnsupportedError: the data cannot support the claim.
    """
    told = []
    for part in parts:
        distinct = one_of_each(part, ceiling)
        if len(distinct) < len(part) / 2:
            raise UnsupportedError(f"only {len(distinct)} of {len(part)} images are less alike than {ceiling:.2f}")
        told.append((len(distinct), unrelated_pairs(part[distinct])[2]))
    return estimate(told, rate=pair_rate(FALSE_PAIRS, images), ceiling=ceiling)


def measure_threshold(
    descriptors: Matrix, copies: CopyScores, *, images: int, false_pairs: float = FALSE_PAIRS
) -> Calibration:
    """The threshold for a set of ``images`` like these that leaves ``false_pairs`` wrong pairs per million images.

    Args:
        descriptors: (n, d) of a sample, by a transform that was not fitted on it (``whitening.held_out``), in an
            order that depends on the contents alone.
        copies: of images of that sample.

    Raises:
        UnsupportedError: the data cannot support the claim.
    """
    ceiling = copies.ceiling
    distinct = one_of_each(descriptors, ceiling)
    if len(distinct) < len(descriptors) / 2:
        raise UnsupportedError(
            f"only {len(distinct)} of {len(descriptors)} images are distinct (none as alike as copies, {ceiling:.2f}): "
            "the set is mostly duplicates or shows one scene, and its pairs do not tell which are unrelated"
        )
    return calibrate(descriptors[distinct], rate=pair_rate(false_pairs, images), ceiling=ceiling)
