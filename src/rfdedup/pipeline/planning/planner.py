"""``plan_run``: what a run over the input will take, with what remains to be done in a run folder taken off."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rfdedup.encoders.base import cache_key
from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.features.settings import feature_key
from rfdedup.metric.whitening import SAMPLE, sample_sizes
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import InputError, RunFolderError
from rfdedup.model.items import Item
from rfdedup.outputs.report.contents import PageLimits
from rfdedup.outputs.report.render import PageSize
from rfdedup.pipeline.early_embedding import SampleInputs
from rfdedup.pipeline.edited_copies import KINDS
from rfdedup.pipeline.given_embeddings import refused_here
from rfdedup.pipeline.inputs import Inputs, as_names
from rfdedup.pipeline.metric_choice import refuse_early
from rfdedup.pipeline.planning.forecast import LEAST_SPREAD, Range, distinct_share, plain, size_mismatch, touched_share
from rfdedup.pipeline.planning.measuring import (
    JOIN_ROWS,
    Measured,
    image_set_of,
    measure_sample,
    not_embedded,
    tiers_of,
)
from rfdedup.pipeline.planning.recording import Recorder
from rfdedup.pipeline.planning.sampling import copies_of, sample_by_size
from rfdedup.pipeline.run import warn_of_globs
from rfdedup.pipeline.run_info import fingerprint, passed_over
from rfdedup.pipeline.threshold_estimate import ORIGINALS
from rfdedup.runtime.cpus import at_most
from rfdedup.runtime.progress import Progress, Silent, Watch
from rfdedup.sources.folder import sample
from rfdedup.sources.plan import SHARD_ROWS
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.known_features import look_up
from rfdedup.storage.run_folder import FEATURES_FOLDER, RunFolder

IMAGES = 400
"""Files that are measured unless the caller says otherwise."""
ROW_BYTES = 2_000
"""Memory of the main process for one more file, besides its embedding: 1,550 (``bench/plan.py rows``) and the scan."""
PLACE_BYTES = 12
"""Of a row in ``rows.npy``."""
WORKER_ROOM = 1.3
"""What a worker may take over the most that was seen: no sample holds every picture."""
ANY_THRESHOLD = 0.9
"""For a sample that is too small to tell one; what it finds alike decides little of what a run takes."""
JOIN_TRUSTED = 1_000_000
"""Images from which on the extrapolated time of the join deserves a note."""


@dataclass(frozen=True)
class Plan:
    """A forecast of ``rfdedup run``.

    Attributes:
        files, bytes: below the input, as far as a run looks at them.
        to_measure: files that pass 1 still has to read; to_embed: images that still have to be embedded.
        measured: files of the sample. took: seconds that the plan took.
        seconds: from the start of the command to the report; stages: its parts.
        passing: images left after each tier, in the order of the funnel.
        memory: bytes, of the main process and of a worker. disk: bytes that RUN grows by.
        notes: what was assumed.
    """

    files: int
    bytes: int
    to_measure: int
    to_embed: Range
    measured: int
    took: float
    seconds: Range
    stages: dict[str, Range]
    passing: dict[str, Range]
    memory: dict[str, Range]
    disk: Range
    notes: tuple[str, ...]

    @property
    def images_per_second(self) -> Range:
        """Files of the input over the seconds of the run."""
        times = (self.seconds.low, self.seconds.likely, self.seconds.high)
        return Range.of(*(self.files / seconds if seconds > 0 else 0.0 for seconds in times))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "files": self.files,
            "bytes": self.bytes,
            "to_measure": self.to_measure,
            "to_embed": self.to_embed.as_dict(),
            "measured": self.measured,
            "took_seconds": round(self.took, 2),
            "seconds": self.seconds.as_dict(2),
            "images_per_second": self.images_per_second.as_dict(1),
            "stages": plain(self.stages, 2),
            "passing": plain(self.passing),
            "memory_bytes": plain(self.memory),
            "disk_bytes": self.disk.as_dict(),
            "notes": list(self.notes),
        }


@dataclass(frozen=True)
class _Work:
    """What a run still has to do, and of what the sample is drawn."""

    files: Sequence[Item]
    unread: Sequence[Item]
    known_to_embed: int
    known_distinct: int
    population: Sequence[Item]


def plan_run(
    inputs: Sequence[str | os.PathLike[str]] | Inputs,
    config: RunConfig,
    *,
    out: str | os.PathLike[str] | None = None,
    measure: int = IMAGES,
    progress: Progress | None = None,
    started: float = 0.0,
) -> Plan:
    """Forecast ``rfdedup run`` over ``inputs``, which are only read; so is ``out``.

    Args:
        inputs: see ``refine``. config: of the run.
        out: its run folder; what it holds already is not counted.
        measure: files that go through the passes now, in a temporary folder.
        progress: is told how far this is.
        started: seconds that the command took before this call and that a run will take as well.

    Raises:
        RfdedupError: what ``run`` would raise for the same input and options.
    """
    refused_here(config, "plan")
    began = time.perf_counter()
    place = Path(out) if out is not None else None
    named = inputs if isinstance(inputs, Inputs) else Inputs(as_names(inputs))
    scanned = replace(named, without=place).scan()
    if not scanned.files:
        raise InputError(f"no file to look at below {', '.join(scanned.roots)}: {passed_over(scanned)}")
    files = scanned.files if config.sample is None else sample(scanned.files, config.sample)
    warn_of_globs(scanned, config, Watch(progress if progress is not None else Silent()))
    scan_seconds = time.perf_counter() - began
    if place is not None and _answers_already(files, config, place):
        return _nothing_to_do(files, time.perf_counter() - began, scan_seconds + started)
    work = _work(files, config, place)
    if not work.population:
        return _nothing_to_do(files, time.perf_counter() - began, scan_seconds + started)
    chosen = sample_by_size(work.population, measure)
    recorder = Recorder(progress if progress is not None else Silent())
    settings = config.model_copy(update={"sample": None})
    told = 0
    if "semantic" in config.tiers:
        # what an encoder keeps for the next time is not counted, and a wrong one is told before anything is measured
        card = RunEncoder(config.semantic)().card
        if config.same == "meaning":
            refuse_early(config, card, len(files))
        if config.same == "meaning" and config.semantic.threshold == "auto" and not card.thresholds:
            told = SAMPLE + ORIGINALS * len(KINDS)
            anything = config.semantic.model_copy(update={"threshold": ANY_THRESHOLD, "descriptor": "raw"})
            settings = settings.model_copy(update={"semantic": anything})
    with (
        at_most(config.workers),
        tempfile.TemporaryDirectory(prefix="rfdedup-plan-", ignore_cleanup_errors=True) as scratch,
    ):
        measured = measure_sample(chosen, work.population, settings, Path(scratch), recorder)
    held = _folder_bytes(place) if place is not None else 0
    return _forecast(work, measured, config, told, scan_seconds + started, held, began)


def _answers_already(files: Sequence[Item], config: RunConfig, place: Path) -> bool:
    state = fingerprint(files, config, place)
    return state is not None and RunFolder(place).still_holds(state)


def _work(files: Sequence[Item], config: RunConfig, place: Path | None) -> _Work:
    features = place / FEATURES_FOLDER if place is not None else None
    if place is not None and place.exists() and not place.is_dir():
        raise RunFolderError(f"--out {place} is a file; name a folder")
    if features is None or not features.is_dir():
        return _Work(files, files, 0, 0, files)
    store = FeatureStore(features, feature_key=feature_key(config), read_only=True)
    _, at = look_up(files, store, retry=True)
    unread = [files[i] for i in range(len(files)) if at[i] < 0]
    image_set = image_set_of(files, store)
    if not image_set.files or "semantic" not in config.tiers:
        return _Work(files, unread, 0, 0, unread)
    distinct = tiers_of(image_set, store, config).distinct
    encoder = RunEncoder(config.semantic)()
    lacking = not_embedded(image_set, store, distinct, cache_key(encoder))
    population = unread or ([image_set.files[i] for i in distinct.tolist()] if lacking else [])
    return _Work(files, unread, lacking, len(distinct), population)


def _nothing_to_do(files: Sequence[Item], took: float, seconds: float) -> Plan:
    size = sum(file.size for file in files)
    nothing = Range.exactly(0.0)
    return Plan(
        files=len(files),
        bytes=size,
        to_measure=0,
        to_embed=nothing,
        measured=0,
        took=took,
        seconds=Range.exactly(seconds),
        stages={"start-up": Range.exactly(seconds)},
        passing={},
        memory={},
        disk=nothing,
        notes=("nothing has to be measured or embedded: RUN knows all of these files",),
    )


def _forecast(
    work: _Work, measured: Measured, config: RunConfig, told: int, before: float, held: int, began: float
) -> Plan:
    n, m, w = len(work.files), len(measured.files), len(measured.wide)
    tiers, embedded = measured.tiers, measured.embedded
    usable, rows = n * len(tiers.usable) / w, n * measured.images / m
    passing = {"read": Range.exactly(rows - n * tiers.errors / w), "quality": Range.exactly(usable)}
    unread = Range.exactly(len(work.unread))
    left = _left_by_hashes(work, measured, config)
    fresh = left.scaled(len(work.unread) * len(tiers.usable) / w)
    compared = Range.exactly(work.known_distinct) + fresh
    if "hash" in config.tiers:
        passing["hash"] = compared
    kept, to_embed, late, close, adapted = compared, *[Range.exactly(0.0)] * 3, 0
    if embedded is not None:
        to_embed = Range.exactly(work.known_to_embed) + fresh
        late = Range.exactly(work.known_to_embed) + fresh.scaled(embedded.missed)
        third, most = min(embedded.images / max(compared.likely, 1.0), 1.0), max(round(compared.likely) - 1, 1)
        ones = np.ones(embedded.images, np.int64)
        alone = distinct_share(ones, embedded.mates, third, most)
        kept = Range(*(compared.likely * part for part in (alone.low, alone.likely, alone.high)))
        passing["semantic"] = kept
        anew = round(to_embed.likely)
        adapted = min(sample_sizes(round(compared.likely))[0], anew) if "adapt" in measured.windows else 0
        told = min(told, anew - adapted)
        close = touched_share(embedded.close, third, most).scaled(anew - adapted - told) + Range.exactly(told)
    stages = _stages(work, measured, before, rows, unread, late, compared, close, adapted)
    if "compare" in measured.windows:
        # one for each image that is dropped for a king, and those in vain
        guesses = (kept.low, kept.likely, kept.high)
        pairs = Range.of(*(max(usable - stay, 0.0) + measured.wasted * usable for stay in guesses))
        stages["comparing pictures"] = measured.windows["compare"].pace.seconds(pairs)
    seconds = sum(stages.values(), Range.exactly(0.0))
    notes = [
        f"{m:,} of {len(work.population):,} files went through all tiers and {w - m:,} more through the first two",
        "exact copies are those of the same size among all files; near copies are as many as explain those that were "
        f"seen in {w / len(work.population):.1%} of the files: more with --measure",
    ]
    if embedded is not None and compared.likely > JOIN_TRUSTED:
        notes.append(f"the comparison of all pairs was measured on {JOIN_ROWS[-1]:,} images and grows with the square")
    return Plan(
        files=n,
        bytes=sum(file.size for file in work.files),
        to_measure=len(work.unread),
        to_embed=to_embed,
        measured=m,
        took=time.perf_counter() - began,
        seconds=seconds,
        stages=stages,
        passing=passing,
        memory=_memory(measured, config, rows, compared, close),
        disk=_disk(measured, rows, kept, close + Range.exactly(adapted), usable, held),
        notes=tuple(notes),
    )


def _left_by_hashes(work: _Work, measured: Measured, config: RunConfig) -> Range:
    """Part of the usable images that tier 2 leaves."""
    if "hash" not in config.tiers or not measured.usable:
        return Range.exactly(1.0)
    alike = np.ones(len(measured.usable), np.int64)
    if config.hash.exact:
        alike = copies_of(measured.usable, work.files)
    if not config.hash.perceptual:
        return Range.exactly(float((1.0 / alike).mean()))
    share = len(measured.wide) / len(work.population)
    return distinct_share(alike, measured.tiers.mates, share, len(work.files) - 1)


def _stages(
    work: _Work,
    measured: Measured,
    before: float,
    rows: float,
    unread: Range,
    late: Range,
    compared: Range,
    close: Range,
    adapted: int,
) -> dict[str, Range]:
    windows, embedded = measured.windows, measured.embedded
    fixed = measured.seconds - sum(window.seconds for window in windows.values())
    fixed -= measured.row_seconds * measured.images
    mismatch = size_mismatch([file.size for file in measured.files], [file.size for file in work.population])
    first = measured.first.seconds(unread).widened(mismatch)
    stages = {"quality and hashes" if embedded is None else "quality, hashes and embedding": first}
    if embedded is not None:
        fixed -= embedded.join.seconds(embedded.images)
        again = embedded.exact.seconds(close)
        again += _first_loads(measured, close).scaled(embedded.load)
        join = (embedded.join.seconds(images) for images in (compared.low, compared.likely, compared.high))
        stages |= {
            "embedding of the rest": embedded.alone.seconds(late).widened(mismatch),
            "adaptation": windows["adapt"].pace.seconds(Range.exactly(adapted)) if adapted else Range.exactly(0.0),
            "linking": Range.of(*join).widened(LEAST_SPREAD),
            "close calls": again,
        }
    after = (measured.row_seconds + measured.preview_seconds) * rows
    stages["verdicts and report"] = Range.exactly(after).widened(LEAST_SPREAD)
    return {"start-up": Range.exactly(max(fixed, 0.0) + before).widened(LEAST_SPREAD), **stages}


def _first_loads(measured: Measured, close: Range) -> Range:
    """1 where the run loads the encoder in full precision and the sample's run did not, else 0."""
    if {"adapt", "re-measure"} & measured.windows.keys():
        return Range.exactly(0.0)
    return Range(*(float(images >= 1) for images in (close.low, close.likely, close.high)))


def _memory(measured: Measured, config: RunConfig, rows: float, compared: Range, close: Range) -> dict[str, Range]:
    main = Range.exactly(measured.main_peak + ROW_BYTES * max(rows - measured.images, 0.0))
    embedded = measured.embedded
    if embedded is not None:
        main += compared.scaled(embedded.bytes_each)
        main += _first_loads(measured, close).scaled(embedded.load_bytes)
        main += Range.exactly(min(rows, SHARD_ROWS) * embedded.dim * 6)
        held_inputs = SampleInputs.room(sample_sizes(round(rows))[0]) - SampleInputs.room(
            sample_sizes(measured.images)[0]
        )
        main += Range.exactly(max(held_inputs, 0) * embedded.view_bytes)
    worker = measured.worker_peak
    most = config.limits.worker_memory_mb * 2**20
    return {
        "main": main.widened(LEAST_SPREAD),
        "worker": Range(worker, worker, worker * WORKER_ROOM).at_most(max(most, worker)),
    }


def _disk(measured: Measured, rows: float, kept: Range, close: Range, usable: float, held: int) -> Range:
    """Bytes that RUN grows by: feature shards, tables, and the report with as many previews as it shows."""
    embedded = measured.embedded
    each = measured.features_bytes + measured.tables_bytes + PLACE_BYTES
    total = Range.exactly(rows * (each + (2 * embedded.dim if embedded is not None else 0)) + measured.page_bytes)
    if embedded is not None:
        total += close.scaled(4 * embedded.dim)
    limits, size = PageLimits(), PageSize()
    subjects = max(usable - kept.likely, 0.0)
    groups = min(kept.likely, subjects, limits.groups)
    shown = groups + min(subjects, groups * limits.subjects_of_a_group)
    shown += min(rows * measured.tiers.poor / len(measured.wide), limits.quality_drops)
    previews = shown * measured.preview_bytes
    inside = min(previews, size.inside)
    total += Range.exactly(inside * 4 / 3 + min(previews - inside, size.beside)).widened(0.5)
    return Range(*(max(value - held, 0.0) for value in (total.low, total.likely, total.high))).widened(LEAST_SPREAD)


def _folder_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
