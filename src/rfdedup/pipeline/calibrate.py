"""What ``rfdedup calibrate`` does: a sample of the input through the cheap tiers, embedded, and its threshold."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.executors.choice import open_executor
from rfdedup.metric.calibration import CONFIDENCE, Calibration, Recall, UnsupportedError, wilson
from rfdedup.metric.whitening import RAW, WhiteningChoice, choose, full_prior_of, held_out
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ConfigError, InputError
from rfdedup.model.items import Item, identity_of
from rfdedup.model.version import __version__
from rfdedup.pipeline.edited_copies import KINDS
from rfdedup.pipeline.embedding import embed_files
from rfdedup.pipeline.given_embeddings import refused_here
from rfdedup.pipeline.inputs import Inputs, as_names
from rfdedup.pipeline.run import refine
from rfdedup.pipeline.threshold_estimate import FALSE_PAIRS, SAMPLE, CopyScores, calibrate_choice, default_threshold
from rfdedup.runtime.progress import Progress, Silent, Watch


@dataclass(frozen=True)
class Calibrated:
    """A threshold for the input, and what it rests on.

    Attributes:
        encoder: its name. threshold: the one to use.
        calibration: the measurement, or None where the data cannot support one; ``why_not`` then says why, and the
            threshold is the encoder's default.
        false_pairs: wrong pairs per million images that were allowed. images: expected to reach tier 3.
        looked_at: distinct files that were embedded. choice: how they were compared.
        copies: similarities of edited copies. unrelated: (n,) float32 similarities of other pairs, for the plot.
    """

    encoder: str
    threshold: float
    calibration: Calibration | None
    why_not: str | None
    false_pairs: float
    images: int
    looked_at: int
    choice: WhiteningChoice
    copies: CopyScores
    unrelated: npt.NDArray[np.float32]

    @property
    def recall(self) -> dict[str, Recall]:
        """Edited copies found at the threshold, by kind."""
        return self.copies.recall(self.threshold)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        tail = self.calibration
        return {
            "encoder": self.encoder,
            "descriptor": self.choice.descriptor,
            "whitening": self.choice.as_dict(),
            "threshold": self.threshold,
            "supported": tail is not None,
            "why_not": self.why_not,
            "max_false_pairs_per_million_images": self.false_pairs,
            "images": self.images,
            "looked_at": self.looked_at,
            "unrelated": None
            if tail is None
            else {
                "pairs": tail.pairs,
                "peaks": tail.peaks,
                "highest": tail.highest,
                "rate": tail.rate,
                "interval": [tail.low, tail.threshold],
                "confidence": CONFIDENCE,
                "tail": vars(tail.tail),
            },
            "recall": {
                kind: {"found": one.found, "total": one.total, "value": one.value, "interval": list(one.interval)}
                for kind, one in self.recall.items()
            },
        }

    def as_toml(self) -> str:
        """A configuration file for ``rfdedup run --config``, with what the threshold was measured on."""
        lines = [f"rfdedup {__version__} calibrate: {self.looked_at} images looked at, {self.images} to compare"]
        if self.calibration is None:
            lines.append(f"not measured, the encoder's default: {self.why_not}")
        else:
            lines.append(
                f"at most {self.false_pairs:g} wrong pairs per million images of a set of this size, with "
                f"{CONFIDENCE:.0%} confidence, from {self.calibration.pairs} pairs of distinct images"
            )
        found = sum(one.found for one in self.recall.values())
        total = sum(one.total for one in self.recall.values())
        low, high = wilson(found, total)
        lines.append(f"finds {found} of {total} edited copies ({low:.3f} to {high:.3f}); {self.choice.reason}")
        comment = "".join(f"# {line}\n" for line in lines)
        # JSON strings are TOML basic strings
        return (
            # a threshold decides only where nobody compares pictures
            f'{comment}\nsame = "meaning"\n'
            f"\n[semantic]\nencoder = {json.dumps(self.encoder)}\n"
            f'descriptor = "{self.choice.descriptor}"\nthreshold = {self.threshold:.4f}\n'
        )


def calibrate_input(
    inputs: Sequence[str | os.PathLike[str]],
    config: RunConfig,
    *,
    progress: Progress | None = None,
) -> Calibrated:
    """Measure a threshold on the images below ``inputs``, which are only read.

    ``config.sample`` images, or ``SAMPLE``, go through tiers 1 and 2; those that are kept are embedded.

    Raises:
        InputError: no image is left to compare.
        ConfigError: the data cannot support a threshold, and the encoder has no default.
    """
    watch = Watch(progress if progress is not None else Silent())
    refused_here(config, "calibrate")
    wanted = config.semantic
    settings = config.model_copy(update={"sample": config.sample or SAMPLE, "tiers": ("quality", "hash")})
    encoder = RunEncoder(wanted)()
    with tempfile.TemporaryDirectory(prefix="rfdedup-calibrate-") as scratch:
        run = refine(list(inputs), Path(scratch) / "run", config=settings, progress=progress)
        kept = run.verdicts.filter(np.asarray(run.verdicts["verdict"]) == "keep").select(
            ["root", "path_bytes", "sha256"]
        )
        files = {file.identity: file for file in Inputs(as_names(inputs)).scan().files}
        measured = run.verdicts.num_rows
    # by content, so that neither names nor folders decide
    rows = sorted(kept.to_pylist(), key=lambda row: row["sha256"])
    chosen = [files[name] for name in map(identity_of, rows) if name in files]
    embeddings, chosen = _embed(chosen, encoder, config, watch)
    if not chosen:
        raise InputError(f"none of {measured} images is left to compare")
    prior = full_prior_of(encoder.card)
    choice = RAW if wanted.descriptor == "raw" else choose(embeddings, prior)
    describe, unseen = held_out(choice, embeddings, prior)
    images = round(len(chosen) * max(len(files) / max(measured, 1), 1.0))
    false_pairs = FALSE_PAIRS if wanted.max_false_pairs is None else wanted.max_false_pairs
    copies, outcome = calibrate_choice(
        [chosen[i] for i in unseen],
        embeddings[unseen],
        describe,
        encoder,
        config,
        watch,
        images=images,
        false_pairs=false_pairs,
    )
    calibration, why_not = (None, str(outcome)) if isinstance(outcome, UnsupportedError) else (outcome, None)
    if calibration is not None:
        threshold = math.ceil(calibration.threshold * 1e4) / 1e4
    else:
        known = default_threshold(encoder.card, choice)
        if known is None:
            raise ConfigError(
                f"no threshold can be calibrated: {why_not}; encoder {encoder.card.name} has no default for "
                f"{choice.descriptor} descriptors, so give --threshold to run"
            )
        threshold = known[0]
        why_not = f"{why_not}; {known[1]}"
    some = describe(embeddings[unseen[:1000]])
    unrelated = (some @ some.T)[np.triu_indices(len(some), 1)]
    return Calibrated(
        wanted.encoder,
        threshold,
        calibration,
        why_not,
        false_pairs,
        images,
        len(chosen),
        choice,
        copies,
        unrelated,
    )


def _embed(
    files: list[Item], encoder: Any, config: RunConfig, watch: Watch
) -> tuple[npt.NDArray[np.float32], list[Item]]:
    """Embeddings of the files that can be read again, and these files."""
    vectors = np.zeros((len(files), encoder.dim), np.float32)
    good = np.zeros(len(files), np.bool_)
    with watch.stage("embed", len(files)), open_executor(config) as executor:
        for at, values, _ in embed_files(executor, files, encoder, config, watch):
            vectors[at] = values
            good[at] = True
    return vectors[good], [file for file, fine in zip(files, good, strict=True) if fine]


def chart(result: Calibrated) -> dict[str, Any]:
    """The distributions as plain lists: shares of unrelated pairs (log scale) and of copies found, by similarity."""
    edges = np.linspace(-0.2, 1.0, 121)
    counts, _ = np.histogram(np.clip(result.unrelated, -0.2, 1.0), edges)
    found = {
        kind: [float((result.copies.score[result.copies.kind == number] >= edge).mean()) for edge in edges]
        for number, kind in enumerate(KINDS)
        if (result.copies.kind == number).any()
    }
    return {
        "edges": [round(float(edge), 3) for edge in edges],
        "unrelated": [int(count) for count in counts],
        "found": found,
        "threshold": result.threshold,
    }
