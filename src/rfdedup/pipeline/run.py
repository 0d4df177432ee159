"""The whole funnel, from input folders to verdicts: read ``refine`` first."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.encoders.base import Encoder
from rfdedup.encoders.given_vectors import GivenVectors
from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.features.settings import feature_key, limits_of
from rfdedup.keepers.constraints import constraints
from rfdedup.keepers.globs import without_match
from rfdedup.metric.whitening import still_frozen
from rfdedup.model.config import RunConfig
from rfdedup.model.decisions import digest
from rfdedup.model.errors import InputError
from rfdedup.model.image_set import ImageSet
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.pipeline.early_embedding import SampleInputs
from rfdedup.pipeline.given_embeddings import place_vectors
from rfdedup.pipeline.inputs import InputOptions, Inputs, in_reading_order
from rfdedup.pipeline.judging import Findings, judge
from rfdedup.pipeline.measuring import measure_files
from rfdedup.pipeline.metric_choice import looked_at, refuse_early
from rfdedup.pipeline.options import settled
from rfdedup.pipeline.proposal_settings import about_comparison
from rfdedup.pipeline.python_inputs import inputs_from
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run_info import about_run, fingerprint, passed_over, scan_counts
from rfdedup.pipeline.semantic import SemanticTier
from rfdedup.runtime.cpus import at_most
from rfdedup.runtime.drawn_progress import TerminalProgress
from rfdedup.runtime.memory import peak_memory, return_freed
from rfdedup.runtime.progress import Progress, Silent, Watch
from rfdedup.sources.companions import companion_counts
from rfdedup.sources.folder import Scan, sample
from rfdedup.sources.plan import cut
from rfdedup.stages.verdicts import evidence_table, link_table, verdict_table
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.known_features import TRANSIENT, assemble, look_up
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import ID, is_own, note_run, own_id

Rows = npt.NDArray[np.int64]


def refine(
    inputs: Inputs | str | os.PathLike[str] | Iterable[Any],
    out: str | os.PathLike[str],
    *,
    config: RunConfig | None = None,
    progress: Progress | bool | None = None,
    command: Sequence[str] = (),
    named: bool = True,
    **options: Any,
) -> Run:
    """Find junk and duplicates below ``inputs`` and write the verdicts to ``out``. The inputs are only read.

    Running again with the same ``out`` resumes: what is known of unchanged files is not computed again.

    Args:
        inputs: folders, images, tar, zip and Parquet files, one or several; see ``docs/inputs.md``. A column of pandas,
            polars or pyarrow may hold them. Or images of memory, see ``docs/python.md``: a list or any iterable of
            bytes, PIL images or uint8 arrays (h, w, 3) in RGB; of pairs ``(key, image)``; a dict of them; a column of
            bytes; a ``datasets.Dataset``. They are written once, as they come, to Parquet files in ``out/images``, and
            these are what every later command reads: bytes as they are, pixels as PNG without loss. Keys are the
            column ``path``, and have to be unique; where there are none, places count from ``000000000``.
        out: the run folder, made where it does not exist.
        config: a validated configuration; or give its keys as keyword ``options`` (nested ones as dicts;
            ``encoder``, ``weights``, ``threshold``, ``device``, ``precision`` and ``descriptor`` directly).
            ``encoder`` may also be an object with the ``Encoder`` protocol, or a function from images (n, 224, 224, 3)
            uint8 in RGB to embeddings (n, d), which is called in this process; see ``as_encoder``. ``files_from``,
            ``null``, ``path_column``, ``image_column`` and ``exclude`` say how the input is read, as on the command
            line. ``embeddings`` are vectors in place of an encoder: a path as ``--embeddings`` takes it, with ``key``
            for the column of keys; or ``(keys, array)`` with an (n, d) array of floats; or a dict of vectors by key.
        progress: is told how far the work is; True draws it, in notebooks too.
        command: what the user typed, for ``run.json``.
        named: the user named ``inputs``; False where an earlier run of this folder did, which may be a stranger's.

    Raises:
        RfdedupError: the input, the options or the run folder cannot be used; the message says what to do.
    """
    if isinstance(progress, bool):
        if not progress:
            return refine(inputs, out, config=config, command=command, named=named, **options)
        with TerminalProgress() as drawn:
            return refine(inputs, out, config=config, progress=drawn, command=command, named=named, **options)
    reading = InputOptions.taken_from(options)
    settings, given, wanted = settled(config, options)
    watch = Watch(progress if progress is not None else Silent())
    taken = inputs if isinstance(inputs, Inputs) else inputs_from(inputs, reading, Path(out), watch)
    with watch.stage("scan", None):
        source = replace(taken, limits=limits_of(settings), without=Path(out))
        scanned = source.scan(watch.advance)
    if not scanned.files:
        raise InputError(f"no file to look at below {', '.join(scanned.roots)}: {passed_over(scanned)}")
    if scanned.understood:
        watch.tell(f"input: {scanned.understood}")
    for note in scanned.notes:
        watch.warn(note)
    folder = RunFolder.create(Path(out))
    warn_of_globs(scanned, settings, watch)
    if settings.same != "meaning" and settings.semantic.threshold != "auto":
        watch.warn(
            f"--threshold {settings.semantic.threshold:g} decides nothing with --same {settings.same}: pictures are "
            "compared; say --same meaning to drop what is alike, or --floor to compare fewer pairs"
        )
    with folder.lock(), at_most(settings.workers):
        brought = given if wanted is None else wanted.load(folder.path)
        run = refine_scan(scanned, folder, settings, watch, list(command), brought, source.given())
        note_run(folder, scanned.roots, named=named)
        return run


def refine_scan(
    scanned: Scan,
    folder: RunFolder,
    config: RunConfig,
    watch: Watch,
    command: list[str],
    given: Encoder | GivenVectors | None,
    read: dict[str, Any] | None = None,
) -> Run:
    """The funnel where anything changed since the last run, and the report on what it wrote."""
    about = {ID: own_id(folder), **about_run(scanned, config, command), "given": read}
    files = scanned.files if config.sample is None else sample(scanned.files, config.sample)
    state = fingerprint(files, config, folder.path) if given is None else None
    if (
        state is not None
        and folder.still_holds(state)
        and is_own(folder)
        and still_frozen(folder.features, folder.info()["encoder"])
    ):
        return Run(folder.path)
    # a call of its own: features, links and verdicts are gone before the report reads the tables
    images = decide(scanned, files, folder, config, watch, about, state, given)
    return_freed()
    # a run that finds nothing new needs no templates
    from rfdedup.outputs.report import report_run

    with watch.stage("report", images):
        report_run(folder)
    return Run(folder.path, None if isinstance(given, GivenVectors) else given)


def warn_of_globs(scanned: Scan, config: RunConfig, watch: Watch) -> None:
    """Tell of globs that no file matches: whoever wrote one to protect images must hear that it protects none."""
    for option, globs in (("--protect", config.keep.protect), ("--prefer", config.keep.prefer)):
        for glob in without_match(scanned.files, globs):
            watch.warn(
                f"{option} {glob!r} matches no file: a glob is held against the path below each input, that with the "
                "input's own name in front, and the absolute path"
            )


def companions_of(files: Sequence[Item], scanned: Sequence[Item]) -> Rows:
    """How many of all ``scanned`` files belong to each of ``files`` by their names, (n,) int64."""
    everything, some = ItemTable.of(scanned), ItemTable.of(files)
    names = list(everything.sort_keys())
    counts = companion_counts(names)
    found = {names[i]: int(counts[i]) for i in np.flatnonzero(counts).tolist()}
    del names
    return np.array([found.get(name, 0) for name in some.sort_keys()] if found else np.zeros(len(some)), np.int64)


def decide(
    scanned: Scan,
    files: Sequence[Item],
    folder: RunFolder,
    config: RunConfig,
    watch: Watch,
    about: dict[str, Any],
    state: str | None,
    given: Encoder | GivenVectors | None,
) -> int:
    """The funnel in order: ``measure`` what is new, ``judge`` all images, write the tables.

    Args:
        scanned: what the scan found.
        files: those of ``scanned`` that the run looks at.
        folder: gets features, tables and ``run.json``.
        config: the validated configuration.
        watch: is told how far the work is.
        about: what ``run.json`` says of the run from its start.
        state: fingerprint by which the next run knows that nothing changed.
        given: an encoder, or vectors, in place of the configured one.

    Returns:
        How many images have a verdict.
    """
    store = FeatureStore(folder.features, feature_key=feature_key(config))
    if not folder.is_complete():
        folder.write_info({**about, "status": "running"})

    vectors = given if isinstance(given, GivenVectors) else None
    given = given.encoder if isinstance(given, GivenVectors) else given
    encoder = RunEncoder(config.semantic, given) if "semantic" in config.tiers else None
    image_set, held_inputs = measure(files, store, config, watch, encoder)
    if not image_set.files:
        raise InputError(f"no image below {', '.join(scanned.roots)}: {len(files)} other files, {passed_over(scanned)}")
    if vectors is not None:
        place_vectors(vectors, image_set, store, watch)
    decisions = DecisionLog(folder.path).decisions()
    demands = constraints(decisions, image_set.features)
    tier3 = None
    if config.same == "meaning" and encoder is not None:
        tier3 = SemanticTier(config, image_set, store, watch, encoder, held_inputs)
    # tier 3 lets go of them when it has settled how to compare, long before the memory that kings take
    del held_inputs
    return_freed()
    companions = companions_of(image_set.files, scanned.files)
    findings = judge(image_set, store, config, encoder, tier3, demands, watch, companions)
    del tier3, companions
    return_freed()
    images = len(image_set.files)
    with watch.stage("verdicts", images):
        folder.write_info({**about, "status": "running"})
        tables = folder.write_tables(*tables_of(image_set, findings))
        store.place_rows(image_set.shard, image_set.row, findings.linked.rank)
        watch.advance(images)
    about |= {
        "status": "complete",
        # a file that could not be read this time may be readable next time
        "fingerprint": None if any(fault is not None and fault[0] in TRANSIENT for fault in findings.faults) else state,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "decisions": digest(decisions),
        "scan": scan_counts(scanned, image_set),
        "warnings": watch.warnings,
        "encoder": findings.linked.encoder,
        "comparison": about_comparison(config) if findings.linked.compared is not None else None,
        "tables": tables,
        "damaged_shards": store.damaged,
        "stages": [stage.as_dict() for stage in watch.stages],
        "peak_rss_bytes": {"main": peak_memory(), "worker": watch.worker_peak},
    }
    folder.write_info(about)
    return images


def measure(
    files: Sequence[Item], store: FeatureStore, config: RunConfig, watch: Watch, encoder: RunEncoder | None
) -> tuple[ImageSet, SampleInputs | None]:
    """Pass 1 over files that the store does not know: one decode gives measurements, previews and embeddings.

    Returns:
        all images, and what the encoder was shown of new ones, as far as a metric may be fitted to it.
    """
    # containers are read in their order, whatever that of names is
    reading = in_reading_order(files)
    known, at = look_up(reading, store, retry=True)
    new, held_inputs = cut(reading, at < 0), None
    if not new:
        return assemble(files, *((known, at) if reading is files else look_up(files, store))), None
    del known
    early_encoder = encoder() if encoder is not None and encoder.sees_pictures else None
    if early_encoder is not None and config.same == "meaning":
        refuse_early(config, early_encoder.card, len(files))
        held_inputs = SampleInputs(looked_at(config, early_encoder.card, len(files)), early_encoder.card.input)
    with watch.stage("quality + hash" if early_encoder is None else "quality + hash + embed", sum(map(len, new))):
        measure_files(new, store, config, watch, early_encoder, held_inputs)
    return assemble(files, *look_up(files, store)), held_inputs


def tables_of(image_set: ImageSet, findings: Findings) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Verdicts, links and evidence."""
    linked = findings.linked
    return (
        verdict_table(image_set.features, findings.faults, findings.quality, findings.flags, findings.duplicates),
        link_table(linked.links, linked.compared),
        evidence_table(findings.duplicates, linked.representative, linked.compared),
    )
