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

from rfdedup.about import about_run, fingerprint, passed_over, peak_memory, scan_counts
from rfdedup.ahead import SampleViews
from rfdedup.companions import companion_counts
from rfdedup.config import RunConfig, make_config
from rfdedup.court import Court, most_links
from rfdedup.cpus import at_most
from rfdedup.encoders.base import Encoder
from rfdedup.errors import InputError
from rfdedup.execution import TRANSIENT, measure_files
from rfdedup.fullscale import FullScale
from rfdedup.globs import matches, without_match
from rfdedup.inventory import Inventory, assemble, feature_key, take_stock
from rfdedup.keepers.compatible import Compatible
from rfdedup.keepers.confirmed import Compared
from rfdedup.linking import Links, exact_representatives, with_exact, worth_keeping
from rfdedup.lookalikes import Lookalikes, find_lookalikes
from rfdedup.passes import Fault, FilesLost
from rfdedup.pipeline.duplicates import Search, about_comparison
from rfdedup.progress import Progress, Silent, Watch
from rfdedup.records import Tier
from rfdedup.results import Run
from rfdedup.review.decision_log import DecisionLog
from rfdedup.review.decisions import Constraints, constraints, digest
from rfdedup.run_encoder import RunEncoder
from rfdedup.run_folder import RunFolder
from rfdedup.sources.folder import Scan, SourceFile, sample, scan
from rfdedup.store import FeatureStore
from rfdedup.tiers.judgement import Judgement
from rfdedup.tiers.judgement import judge as judge_quality
from rfdedup.tiers.semantic import SemanticTier
from rfdedup.tiers.yardstick import looked_at, refuse_early
from rfdedup.trust import ID, is_own, note_run, own_id
from rfdedup.verdicts import Duplicates, evidence_table, link_table, observed_flags, settle, verdict_table
from rfdedup.whitening import still_frozen

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
    quality: Judgement
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
        scanned = scan(roots, exclude=Path(out), progress=watch.advance)
    if not scanned.files:
        raise InputError(f"no file to look at below {', '.join(map(str, roots))}: {passed_over(scanned)}")
    folder = RunFolder.create(Path(out))
    warn_of_globs(scanned, settings, watch)
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
    from rfdedup.report import report_run

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
    files: list[SourceFile],
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

    known, at = take_stock(files, store)
    new = [files[i] for i in np.flatnonzero(at < 0).tolist()]
    transient: dict[SourceFile, Fault] = {}
    encoder = RunEncoder(config.semantic, given) if "semantic" in config.tiers else None
    views = None
    if new:
        ahead = encoder() if encoder is not None else None
        if ahead is not None and config.same == "meaning":
            refuse_early(config, ahead.card, len(files))
            views = SampleViews(looked_at(config, ahead.card, len(files)), ahead.card.input)
        with watch.stage("quality + hash" if ahead is None else "quality + hash + embed", len(new)):
            transient = measure_files(new, store, config, watch, ahead, views)
        known, at = take_stock(files, store)
    stock = assemble(files, known, at, transient)
    del known
    if not stock.files:
        raise InputError(f"no image below {', '.join(scanned.roots)}: {len(files)} other files, {passed_over(scanned)}")

    decisions = DecisionLog(folder.path).decisions()
    demands = constraints(decisions, stock.features)
    findings = judge(stock, store, config, encoder, views, demands, watch, companions_of(stock.files, scanned.files))
    linked = findings.linked
    with watch.stage("verdicts", len(stock.files)):
        table = verdict_table(stock.features, findings.faults, findings.quality, findings.flags, findings.duplicates)
        folder.write_info({**about, "status": "running"})
        proofs = evidence_table(findings.duplicates, linked.representative, linked.compared)
        tables = folder.write_tables(table, link_table(linked.links, linked.compared), proofs)
        store.place_rows(stock.shard, stock.row, linked.rank)
        watch.advance(len(stock.files))
    about |= {
        "status": "complete",
        # a file that could not be read this time may be readable next time
        "fingerprint": None if any(fault is not None and fault[0] in TRANSIENT for fault in findings.faults) else state,
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "decisions": digest(decisions),
        "scan": scan_counts(scanned, stock),
        "warnings": watch.warnings,
        "encoder": linked.encoder,
        "comparison": about_comparison(config) if linked.compared is not None else None,
        "tables": tables,
        "damaged_shards": store.damaged,
        "stages": [stage.as_dict() for stage in watch.stages],
        "peak_rss_bytes": {"main": peak_memory(), "worker": watch.worker_peak},
    }
    folder.write_info(about)
    return len(stock.files)


def judge(
    stock: Inventory,
    store: FeatureStore,
    config: RunConfig,
    encoder: RunEncoder | None,
    views: SampleViews | None,
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
            stock.features["error"].to_pylist(), stock.features["error_detail"].to_pylist(), strict=True
        )
    ]
    verdict = judge_quality(stock.features, config.quality, active="quality" in config.tiers)
    protected = matches(stock.features, config.keep.protect)
    # what a reviewer says comes before what a pattern says
    verdict = verdict.overruled(demands.keep | (protected & ~demands.drop), demands.drop)
    full_size = FullScale(stock, store, config, watch)
    # in input order nobody asks which copy was enlarged
    refine = full_size.refined if config.keep.rule != "first" else None
    compatible = Compatible.of(stock.features, lambda rows: store.frame_hashes(stock.shard[rows], stock.row[rows]))
    thumbs = stock.thumbs_from(store)
    court = Court(stock.features, config.keep, thumbs, protected, demands, refine, compatible, companions)
    flags = observed_flags(stock, verdict.flags, protected)
    if config.same == "meaning":
        found = by_meaning(faults, verdict, stock, store, config, court, encoder, views, watch)
    else:
        found = by_pictures(faults, verdict, stock, store, config, court, encoder, watch)
    stays = protected | demands.keep
    duplicates = settle(found.king, found.representative, found.links, stays, found.thresholds, found.compared)
    return Findings(found.faults, verdict, flags, duplicates, found)


def companions_of(files: Sequence[SourceFile], scanned: Sequence[SourceFile]) -> Rows:
    """How many of all ``scanned`` files belong to each of ``files`` by their names, (n,) int64."""
    counts = companion_counts([os.fsencode(f"{file.root}/{file.path}") for file in scanned])
    found = {scanned[i]: int(counts[i]) for i in np.flatnonzero(counts).tolist()}
    return np.array([found.get(file, 0) for file in files], np.int64)


def by_pictures(
    faults: list[Fault | None],
    verdict: Judgement,
    stock: Inventory,
    store: FeatureStore,
    config: RunConfig,
    court: Court,
    encoder: RunEncoder | None,
    watch: Watch,
) -> Linked:
    """Duplicates where hashes and embeddings propose pairs, and comparisons of the pictures decide."""
    while True:
        rows = np.flatnonzero(np.array([fault is None for fault in faults], np.bool_) & ~verdict.dropped)
        representative = exact_groups(rows, stock, config, court)
        search = Search(stock, store, config, court, watch, encoder)
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
    verdict: Judgement,
    stock: Inventory,
    store: FeatureStore,
    config: RunConfig,
    court: Court,
    encoder: RunEncoder | None,
    views: SampleViews | None,
    watch: Watch,
) -> Linked:
    """Duplicates where hashes and a cosine similarity decide alone, and nobody compares pictures."""
    tier3 = SemanticTier(config, stock, store, watch, encoder, views) if encoder is not None else None
    # tier 3 lets go of them when it has settled how to compare, long before the memory that kings take
    del views
    thresholds = {Tier.PERCEPTUAL: float(config.hash.radius)}
    while True:
        rows = np.flatnonzero(np.array([fault is None for fault in faults], np.bool_) & ~verdict.dropped)
        representative, tier2 = compare_hashes(rows, stock, config, court)
        distinct = np.unique(representative[rows])
        try:
            place = court.place(tier2.evidence(court, distinct), distinct)
            king = tier2.kings(court, place)
            if tier3 is None:
                links = tier2.known(distinct[king[distinct] == distinct])
                break
            found = tier3.crown(distinct, tier2, king, court)
            thresholds[Tier.SEMANTIC] = tier3.yardstick.threshold.value
            king, place, links = found.king, found.place, found.links
            break
        except FilesLost as lost:
            for row, fault in lost.faults.items():
                faults[row] = fault
    about = tier3.about() if tier3 is not None else None
    kept = worth_keeping(links, king, representative)
    return Linked(faults, representative, king, place, kept, thresholds, None, about)


def exact_groups(rows: Rows, stock: Inventory, config: RunConfig, court: Court) -> Rows:
    """The row that stands for each content among usable rows, (n,) int64; rows stand for themselves elsewhere."""
    representative = np.arange(stock.features.num_rows)
    if "hash" in config.tiers and config.hash.exact:
        rank = court.place(Links.none(), rows)
        representative[rows] = exact_representatives(stock.features["sha256"], rows, rank)
    return representative


def compare_hashes(rows: Rows, stock: Inventory, config: RunConfig, court: Court) -> tuple[Rows, Lookalikes]:
    """Tier 2: the row that stands for each content, (n,) int64, and what hashes say of those rows."""
    features = stock.features
    representative = exact_groups(rows, stock, config, court)
    if "hash" not in config.tiers or not config.hash.perceptual:
        return representative, Lookalikes.none(features.num_rows)
    distinct = np.unique(representative[rows])
    tier2 = find_lookalikes(
        distinct,
        features["dhash"].fill_null(0).to_numpy(),
        features["phash"].fill_null(0).to_numpy(),
        features["contrast"].fill_null(0.0).to_numpy(),
        court.thumbs,
        config.hash.radius,
        most_links(len(distinct)),
    )
    return representative, tier2
