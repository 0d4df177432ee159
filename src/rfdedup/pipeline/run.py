"""The whole funnel, from input folders to verdicts: read ``refine`` first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.encoders.base import Encoder
from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.features.quality import QualityChecks, check_quality
from rfdedup.features.settings import feature_key, limits_of
from rfdedup.keepers.compatible import Compatible
from rfdedup.keepers.confirmed import Compared
from rfdedup.keepers.constraints import Constraints, constraints
from rfdedup.keepers.globs import matches, without_match
from rfdedup.keepers.selection import KingSelection, most_links
from rfdedup.metric.whitening import still_frozen
from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.decisions import digest
from rfdedup.model.errors import InputError
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.model.links import Links, with_exact
from rfdedup.model.schemas import Tier
from rfdedup.pipeline.duplicates import Search, about_comparison
from rfdedup.pipeline.early_embedding import SampleInputs
from rfdedup.pipeline.full_size import FullScale
from rfdedup.pipeline.measuring import measure_files
from rfdedup.pipeline.metric_choice import looked_at, refuse_early
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run_info import about_run, fingerprint, passed_over, scan_counts
from rfdedup.pipeline.semantic import SemanticKings, SemanticTier
from rfdedup.runtime.cpus import at_most
from rfdedup.runtime.memory import peak_memory
from rfdedup.runtime.progress import Progress, Silent, Watch
from rfdedup.sources.companions import companion_counts
from rfdedup.sources.folder import FolderSource, Scan, sample
from rfdedup.sources.plan import cut
from rfdedup.stages.exact import exact_representatives
from rfdedup.stages.perceptual import PerceptualLinks, find_perceptual_links
from rfdedup.stages.stored_links import worth_keeping
from rfdedup.stages.verdicts import Duplicates, evidence_table, link_table, observed_flags, settle, verdict_table
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.known_features import TRANSIENT, assemble, look_up
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import ID, is_own, note_run, own_id

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Linked:
    """What tiers 2 and 3 say of n rows.

    Attributes:
        faults: of each row, also of those that could not be read again.
        representative: (n,) the row with the same bytes that was compared in each row's place.
        king: (n,) of representatives. rank: (n,) places by which kings were chosen.
        links: those that are written down. thresholds: bound of each tier.
        compared: the pairs of pictures that were compared; None where a cosine similarity decides.
        encoder: what ``run.json`` says of the encoder, None where there is none.
    """

    faults: list[Fault | None]
    representative: Rows
    king: Rows
    rank: Rows
    links: Links
    thresholds: dict[Tier, float]
    compared: Compared | None
    encoder: dict[str, Any] | None


@dataclass(frozen=True)
class Findings:
    """What the tiers say of each row."""

    faults: list[Fault | None]
    quality: QualityChecks
    flags: pa.Array
    duplicates: Duplicates
    linked: Linked


def refine(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    config: RunConfig | None = None,
    progress: Progress | None = None,
    command: Sequence[str] = (),
    named: bool = True,
    **options: Any,
) -> Run:
    """Find junk and duplicates below ``inputs`` and write the verdicts to ``out``. The inputs are only read.

    Running again with the same ``out`` resumes: what is known of unchanged files is not computed again.

    Args:
        inputs: a folder or several.
        out: the run folder, made where it does not exist.
        config: a validated configuration; or give its keys as keyword ``options`` (nested ones as dicts;
            ``encoder``, ``weights``, ``threshold``, ``device``, ``precision`` and ``descriptor`` directly).
            ``encoder`` may also be an object with the ``Encoder`` protocol.
        progress: is told how far the work is.
        command: what the user typed, for ``run.json``.
        named: the user named ``inputs``; False where an earlier run of this folder did, which may be a stranger's.

    Raises:
        RfdedupError: the input, the options or the run folder cannot be used; the message says what to do.
    """
    roots = [inputs] if isinstance(inputs, str | os.PathLike) else list(inputs)
    given = options.pop("encoder") if not isinstance(options.get("encoder", ""), str) else None
    settings = config if config is not None else make_config(nest_options(options))
    watch = Watch(progress if progress is not None else Silent())
    with watch.stage("scan", None):
        source = FolderSource(tuple(os.fspath(root) for root in roots), limits_of(settings), exclude=Path(out))
        scanned = source.scan(watch.advance)
    if not scanned.files:
        raise InputError(f"no file to look at below {', '.join(map(str, roots))}: {passed_over(scanned)}")
    folder = RunFolder.create(Path(out))
    warn_of_globs(scanned, settings, watch)
    if settings.same != "meaning" and settings.semantic.threshold != "auto":
        watch.warn(
            f"--threshold {settings.semantic.threshold:g} decides nothing with --same {settings.same}: pictures are "
            "compared; say --same meaning to drop what is alike, or --floor to compare fewer pairs"
        )
    with folder.lock(), at_most(settings.workers):
        run = refine_scan(scanned, folder, settings, watch, list(command), given)
        note_run(folder, scanned.roots, named=named)
        return run


def nest_options(options: dict[str, Any]) -> dict[str, Any]:
    """Move the tier 3 options that users give directly to where the configuration holds them."""
    direct = ("encoder", "weights", "threshold", "device", "precision", "descriptor")
    semantic = {name: options[name] for name in direct if name in options}
    rest = {name: value for name, value in options.items() if name not in direct}
    return {**rest, "semantic": {**rest.get("semantic", {}), **semantic}} if semantic else rest


def refine_scan(
    scanned: Scan, folder: RunFolder, config: RunConfig, watch: Watch, command: list[str], given: Encoder | None
) -> Run:
    """The funnel where anything changed since the last run, and the report on what it wrote."""
    about = {ID: own_id(folder), **about_run(scanned, config, command)}
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
    # a run that finds nothing new needs no templates
    from rfdedup.outputs.report import report_run

    with watch.stage("report", images):
        report_run(folder)
    return Run(folder.path)


def warn_of_globs(scanned: Scan, config: RunConfig, watch: Watch) -> None:
    """Tell of globs that no file matches: whoever wrote one to protect images must hear that it protects none."""
    for option, globs in (("--protect", config.keep.protect), ("--prefer", config.keep.prefer)):
        for glob in without_match(scanned.files, globs):
            watch.warn(
                f"{option} {glob!r} matches no file: a glob is held against the path below each input, that with the "
                "input's own name in front, and the absolute path"
            )


def decide(
    scanned: Scan,
    files: list[Item],
    folder: RunFolder,
    config: RunConfig,
    watch: Watch,
    about: dict[str, Any],
    state: str | None,
    given: Encoder | None,
) -> int:
    """The funnel in order: stock, pass 1, quality, hashes, embeddings, kings, verdicts.

    Args:
        scanned: what the scan found.
        files: those of ``scanned`` that the run looks at.
        folder: gets features, tables and ``run.json``.
        config: the validated configuration.
        watch: is told how far the work is.
        about: what ``run.json`` says of the run from its start.
        state: fingerprint by which the next run knows that nothing changed.
        given: an encoder in place of the configured one.

    Returns:
        How many images have a verdict.
    """
    store = FeatureStore(folder.features, feature_key=feature_key(config))
    if not folder.is_complete():
        folder.write_info({**about, "status": "running"})

    known, at = look_up(files, store, retry=True)
    new = cut(files, at < 0)
    encoder = RunEncoder(config.semantic, given) if "semantic" in config.tiers else None
    held_inputs = None
    if new:
        ahead = encoder() if encoder is not None else None
        if ahead is not None and config.same == "meaning":
            refuse_early(config, ahead.card, len(files))
            held_inputs = SampleInputs(looked_at(config, ahead.card, len(files)), ahead.card.input)
        with watch.stage("quality + hash" if ahead is None else "quality + hash + embed", sum(map(len, new))):
            measure_files(new, store, config, watch, ahead, held_inputs)
        known, at = look_up(files, store)
    image_set = assemble(files, known, at)
    del known
    if not image_set.files:
        raise InputError(f"no image below {', '.join(scanned.roots)}: {len(files)} other files, {passed_over(scanned)}")

    decisions = DecisionLog(folder.path).decisions()
    demands = constraints(decisions, image_set.features)
    tier3 = None
    if config.same == "meaning" and encoder is not None:
        tier3 = SemanticTier(config, image_set, store, watch, encoder, held_inputs)
    # tier 3 lets go of them when it has settled how to compare, long before the memory that kings take
    del held_inputs
    companions = companions_of(image_set.files, scanned.files)
    findings = judge(image_set, store, config, encoder, tier3, demands, watch, companions)
    linked = findings.linked
    with watch.stage("verdicts", len(image_set.files)):
        table = verdict_table(
            image_set.features, findings.faults, findings.quality, findings.flags, findings.duplicates
        )
        folder.write_info({**about, "status": "running"})
        proofs = evidence_table(findings.duplicates, linked.representative, linked.compared)
        tables = folder.write_tables(table, link_table(linked.links, linked.compared), proofs)
        store.place_rows(image_set.shard, image_set.row, linked.rank)
        watch.advance(len(image_set.files))
    about |= {
        "status": "complete",
        # a file that could not be read this time may be readable next time
        "fingerprint": None if any(fault is not None and fault[0] in TRANSIENT for fault in findings.faults) else state,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "decisions": digest(decisions),
        "scan": scan_counts(scanned, image_set),
        "warnings": watch.warnings,
        "encoder": linked.encoder,
        "comparison": about_comparison(config) if linked.compared is not None else None,
        "tables": tables,
        "damaged_shards": store.damaged,
        "stages": [stage.as_dict() for stage in watch.stages],
        "peak_rss_bytes": {"main": peak_memory(), "worker": watch.worker_peak},
    }
    folder.write_info(about)
    return len(image_set.files)


def judge(
    image_set: ImageSet,
    store: FeatureStore,
    config: RunConfig,
    encoder: RunEncoder | None,
    tier3: SemanticTier | None,
    demands: Constraints,
    watch: Watch,
    companions: Rows | None = None,
) -> Findings:
    """Tiers 1 to 3 over measured rows, as far as reviewers leave it to them. ``companions`` are files beside each.

    Files that turn out unreadable on the way are errors, never paired.
    """
    faults = [
        (kind, detail) if kind is not None else None
        for kind, detail in zip(
            image_set.features["error"].to_pylist(), image_set.features["error_detail"].to_pylist(), strict=True
        )
    ]
    verdict = check_quality(image_set.features, config.quality, active="quality" in config.tiers)
    protected = matches(image_set.features, config.keep.protect)
    # what a reviewer says comes before what a pattern says
    verdict = verdict.overruled(demands.keep | (protected & ~demands.drop), demands.drop)
    full_size = FullScale(image_set, store, config, watch)
    # in input order nobody asks which copy was enlarged
    refine, look = (full_size.refined, full_size.look) if config.keep.rule != "first" else (None, None)
    compatible = Compatible.of(
        image_set.features, lambda rows: store.frame_hashes(image_set.shard[rows], image_set.row[rows])
    )
    thumbs = image_set.thumbs_from(store)
    selection = KingSelection(
        image_set.features, config.keep, thumbs, protected, demands, refine, compatible, companions, look
    )
    flags = observed_flags(image_set, verdict.flags, protected)
    if config.same == "meaning":
        found = by_meaning(faults, verdict, image_set, config, selection, tier3)
    else:
        found = by_pictures(faults, verdict, image_set, store, config, selection, encoder, watch)
    stays = protected | demands.keep
    duplicates = settle(found.king, found.representative, found.links, stays, found.thresholds, found.compared)
    return Findings(found.faults, verdict, flags, duplicates, found)


def companions_of(files: Sequence[Item], scanned: Sequence[Item]) -> Rows:
    """How many of all ``scanned`` files belong to each of ``files`` by their names, (n,) int64."""
    counts = companion_counts([os.fsencode(f"{file.root}/{file.key}") for file in scanned])
    found = {scanned[i]: int(counts[i]) for i in np.flatnonzero(counts).tolist()}
    return np.array([found.get(file, 0) for file in files], np.int64)


def by_pictures(
    faults: list[Fault | None],
    verdict: QualityChecks,
    image_set: ImageSet,
    store: FeatureStore,
    config: RunConfig,
    selection: KingSelection,
    encoder: RunEncoder | None,
    watch: Watch,
) -> Linked:
    """Duplicates where hashes and embeddings propose pairs, and comparisons of the pictures decide."""
    while True:
        rows = usable(faults, verdict)
        representative = exact_groups(rows, image_set, config, selection)
        search = Search(image_set, store, config, selection, watch, encoder)
        king, place, links, compared = search.run(np.unique(representative[rows]))
        for row, fault in search.faults.items():
            faults[row] = fault
        standing = np.bincount(representative[rows], minlength=len(faults)) > 1
        if not any(standing[row] for row in search.faults):
            break
        # another file stands for the same bytes; what was compared is remembered by content
    thresholds = {Tier.PERCEPTUAL: float(config.hash.radius), Tier.SEMANTIC: search.floor}
    return Linked(
        faults, representative, king, place, with_exact(links, representative), thresholds, compared, search.about()
    )


def by_meaning(
    faults: list[Fault | None],
    verdict: QualityChecks,
    image_set: ImageSet,
    config: RunConfig,
    selection: KingSelection,
    tier3: SemanticTier | None,
) -> Linked:
    """Duplicates where hashes and a cosine similarity decide alone, and nobody compares pictures."""
    thresholds = {Tier.PERCEPTUAL: float(config.hash.radius)}
    while True:
        representative, found = kings_by_meaning(usable(faults, verdict), image_set, config, selection, tier3)
        if not found.lost:
            break
        # facts from now on: the round is made once more without these files
        for row, fault in found.lost.items():
            faults[row] = fault
    king, place, links = found.king, found.place, found.links
    if tier3 is not None:
        thresholds[Tier.SEMANTIC] = tier3.metric.threshold.value
    about = tier3.about() if tier3 is not None else None
    kept = worth_keeping(links, king, representative)
    return Linked(faults, representative, king, place, kept, thresholds, None, about)


def kings_by_meaning(
    rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection, tier3: SemanticTier | None
) -> tuple[Rows, SemanticKings]:
    """Representatives, (n,), and kings by hashes and a cosine similarity among usable ``rows``."""
    representative, tier2 = compare_hashes(rows, image_set, config, selection)
    distinct = np.unique(representative[rows])
    evidence = tier2.evidence(selection, distinct)
    if lost := selection.lost(evidence):
        return representative, SemanticKings(representative, representative, Links.none(), lost)
    place = selection.place(evidence, distinct)
    king = tier2.kings(selection, place)
    if tier3 is None:
        return representative, SemanticKings(king, place, tier2.known(distinct[king[distinct] == distinct]))
    return representative, tier3.crown(distinct, tier2, king, selection)


def usable(faults: list[Fault | None], verdict: QualityChecks) -> Rows:
    """Rows without a fault that are no junk, ascending."""
    return np.flatnonzero(np.array([fault is None for fault in faults], np.bool_) & ~verdict.dropped)


def exact_groups(rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection) -> Rows:
    """The row that stands for each content among usable rows, (n,) int64; rows stand for themselves elsewhere."""
    representative = np.arange(image_set.features.num_rows)
    if "hash" in config.tiers and config.hash.exact:
        rank = selection.place(Links.none(), rows)
        representative[rows] = exact_representatives(image_set.features["sha256"], rows, rank)
    return representative


def compare_hashes(
    rows: Rows, image_set: ImageSet, config: RunConfig, selection: KingSelection
) -> tuple[Rows, PerceptualLinks]:
    """Tier 2: the row that stands for each content, (n,) int64, and what hashes say of those rows."""
    features = image_set.features
    representative = exact_groups(rows, image_set, config, selection)
    if "hash" not in config.tiers or not config.hash.perceptual:
        return representative, PerceptualLinks.none(features.num_rows)
    distinct = np.unique(representative[rows])
    tier2 = find_perceptual_links(
        distinct,
        features["dhash"].fill_null(0).to_numpy(),
        features["phash"].fill_null(0).to_numpy(),
        features["contrast"].fill_null(0.0).to_numpy(),
        selection.thumbs,
        config.hash.radius,
        most_links(len(distinct)),
    )
    return representative, tier2
