"""A sample through the real passes in a scratch folder, and the parts that a sample is too small to show."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.encoders.base import Encoder
from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.executors.choice import open_executor
from rfdedup.features.quality import check_quality
from rfdedup.features.settings import feature_key
from rfdedup.keepers.selection import KingSelection, most_links
from rfdedup.metric.margins import FLOOR_BELOW
from rfdedup.metric.whitening import describe_as
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import InputError
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Identity, Item, identity_of
from rfdedup.model.schemas import Tier
from rfdedup.neighbors.cosine import sparse_links
from rfdedup.outputs.report.contents import PageLimits, contents
from rfdedup.pipeline.embedding import embed_files
from rfdedup.pipeline.judging import compare_hashes
from rfdedup.pipeline.measuring import measure_files
from rfdedup.pipeline.metric_choice import looked_at
from rfdedup.pipeline.planning.forecast import JoinCost, Pace
from rfdedup.pipeline.planning.recording import Recorder, Window
from rfdedup.pipeline.planning.row_cost import no_demands, row_seconds
from rfdedup.pipeline.planning.sampling import sample_by_size
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run import refine_scan
from rfdedup.runtime.memory import peak_memory, resident_memory
from rfdedup.runtime.progress import Watch
from rfdedup.sources.folder import Scan
from rfdedup.sources.plan import cut
from rfdedup.storage.feature_store import FeatureStore, previews_of
from rfdedup.storage.known_features import assemble, look_up
from rfdedup.storage.run_folder import FEATURES_FOLDER, LINKS_FILE, VERDICTS_FILE, RunFolder

Rows = npt.NDArray[np.int64]
Matrix = npt.NDArray[np.float32]

FIRST = ("quality + hash", "quality + hash + embed")
"""What pass 1 is called, without tier 3 and with it."""
PACED = (*FIRST, "embed", "adapt", "re-measure", "compare")
"""Stages whose time is start-up and pace."""
WIDER = 3
"""Further files that go through pass 1 alone, for each of the sample: they tell how many copies there are."""
WIDER_SECONDS = 6.0
"""What those may take."""
PROBE = 64
"""Images that are embedded by themselves, and in full precision, to learn the pace of both."""
JOIN_ROWS = (8_000, 16_000)
"""Rows of the invented embeddings that tell what the join costs."""
BIGGER = 1.5
"""A file so many times the largest of the sample is measured as well, for the memory of a worker."""


@dataclass(frozen=True)
class Tiers:
    """What tiers 1 and 2 say of measured rows.

    Attributes:
        errors, poor: rows that cannot be read, and that tier 1 drops.
        usable: rows that reach tier 2. mates: (len(usable),) perceptual links of each to other contents.
        distinct: rows that reach tier 3: kings of tier 2, one per content.
    """

    errors: int
    poor: int
    usable: Rows
    mates: Rows
    distinct: Rows


@dataclass(frozen=True)
class EmbedCost:
    """What tier 3 measured on the sample.

    Attributes:
        dim, compared: length of an embedding and of what is compared. bytes_each: of both in memory, for one image.
        images: that were embedded. mates, close: (images,) links of each at the threshold, and within the margin of it.
        missed: share of the images that pass 1 had not embedded.
        view_bytes: of what the encoder is shown of an image, where some are held for an adaptation; else 0.
        alone, exact: pace of embedding after pass 1, and in full precision.
        load, load_bytes: seconds to load the encoder for that, and resident memory that it then takes.
        join: cost of the comparison.
    """

    dim: int
    compared: int
    images: int
    mates: Rows
    close: Rows
    missed: float
    view_bytes: int
    alone: Pace
    exact: Pace
    load: float
    load_bytes: int
    join: JoinCost

    @property
    def bytes_each(self) -> int:
        """float16 as described, one byte a dimension as code."""
        return 3 * self.compared


@dataclass(frozen=True)
class Measured:
    """What the sample took: seconds, bytes and what the tiers let through.

    Attributes:
        files: the sample. images: those of them that are rows of the verdicts.
        wide: the sample and further files that went through pass 1 only. usable: those of ``wide`` that reach tier 2.
        tiers: over ``wide``.
        seconds: of the whole run over the sample. windows: its main stages. first: pace of pass 1.
        row_seconds: judging, verdicts and tables for one more row; preview_seconds: looking for its preview.
        main_peak, worker_peak: resident memory, bytes.
        features_bytes: of the feature files for each row, tables_bytes of the other tables.
        preview_bytes, page_bytes: one preview, and the report without any.
        pairs: comparisons of pictures. wasted: those of an image that proved nothing, on average.
    """

    files: list[Item]
    images: int
    wide: list[Item]
    usable: list[Item]
    tiers: Tiers
    seconds: float
    windows: dict[str, Window]
    first: Pace
    row_seconds: float
    preview_seconds: float
    main_peak: int
    worker_peak: int
    features_bytes: float
    tables_bytes: float
    preview_bytes: float
    page_bytes: float
    embedded: EmbedCost | None
    pairs: int
    wasted: float


def measure_sample(
    chosen: list[Item], population: Sequence[Item], config: RunConfig, scratch: Path, recorder: Recorder
) -> Measured:
    """Run the funnel over ``chosen`` in ``scratch`` and measure what it took; then pass 1 over more files.

    Raises:
        InputError: the sample holds no image.
    """
    watch = Watch(recorder)
    roots = sorted({file.root for file in chosen})
    began = time.perf_counter()
    try:
        run = refine_scan(Scan(chosen, roots), RunFolder.create(scratch / "run"), config, watch, [], None)
    except InputError:
        raise InputError(
            f"none of the {len(chosen)} files that were looked at below {', '.join(roots)} is an image; "
            "look at more with --measure"
        ) from None
    seconds = time.perf_counter() - began
    found = {name: recorder.main_window(name) for name in PACED}
    windows = {name: window for name, window in found.items() if window is not None}
    store = FeatureStore(run.path / FEATURES_FOLDER, feature_key=feature_key(config))
    image_set = image_set_of(chosen, store)
    n = len(image_set.files)
    features_bytes = sum(file.stat().st_size for file in store.folder.glob("[mp]*_*.parquet")) / n
    pairs = sum(window.images for window in recorder.windows if window.stage == "compare")
    proved = run.evidence.num_rows
    # what follows loads the encoder once more in each precision, which a run does not
    main_peak = peak_memory()
    embedded = _embedded(run, store, image_set, config, recorder) if "semantic" in config.tiers else None

    name = next(name for name in FIRST if name in windows)
    first = windows[name].pace
    more = min(WIDER * len(chosen), int(WIDER_SECONDS / max(first.each, 1e-6)), len(population) - len(chosen))
    wide = chosen if more <= 0 else _widened(chosen, population, more)
    if more > 0:
        known = set(chosen)
        with watch.stage(name, more):
            early_encoder = RunEncoder(config.semantic)() if "semantic" in config.tiers else None
            further = [file for file in wide if file not in known]
            measure_files(cut(further, np.ones(len(further), np.bool_)), store, config, watch, early_encoder)
        again = recorder.windows[-1].pace
        if recorder.windows[-1].images > len(chosen):
            first = Pace(first.startup, again.each, again.unsteady)
    largest = max(population, key=lambda file: file.size)
    if largest.size > BIGGER * max(file.size for file in wide):
        with watch.stage("largest file", 1):
            measure_files([[largest]], store, config, watch)
    everything = image_set_of(wide, store)
    tiers = tiers_of(everything, store, config)
    looked = time.perf_counter()
    shown = [len(jpeg) for jpeg in previews_of(run.path, np.arange(n)) if jpeg is not None]
    looked = time.perf_counter() - looked
    mean_preview = sum(shown) / max(len(shown), 1)
    page = contents(run.verdicts, run.links, run.info, PageLimits())
    on_page = sum(1 + len(group["subjects"]) for group in page["groups"]["items"]) + len(page["quality"]["items"])
    report = RunFolder(run.path).report.stat().st_size
    return Measured(
        files=chosen,
        images=n,
        wide=wide,
        usable=[everything.files[i] for i in tiers.usable.tolist()],
        tiers=tiers,
        seconds=seconds,
        windows=windows,
        first=first,
        row_seconds=row_seconds(image_set, store, config, scratch),
        preview_seconds=looked / n,
        main_peak=main_peak,
        worker_peak=watch.worker_peak,
        features_bytes=features_bytes,
        tables_bytes=sum((run.path / name).stat().st_size for name in (VERDICTS_FILE, LINKS_FILE)) / n,
        preview_bytes=mean_preview,
        page_bytes=max(report - on_page * mean_preview * 4 / 3, 0.0),
        embedded=embedded,
        pairs=pairs,
        wasted=max(pairs - proved, 0) / n,
    )


def _widened(chosen: list[Item], population: Sequence[Item], more: int) -> list[Item]:
    known = set(chosen)
    return chosen + sample_by_size([file for file in population if file not in known], more)


def tiers_of(image_set: ImageSet, store: FeatureStore, config: RunConfig) -> Tiers:
    """Tiers 1 and 2 over measured rows, as ``funnel.check_quality`` applies them before anything is embedded."""
    n = len(image_set.files)
    broken = np.array([kind is not None for kind in image_set.features["error"].to_pylist()], np.bool_)
    poor = check_quality(image_set.features, config.quality, active="quality" in config.tiers).dropped & ~broken
    rows = np.flatnonzero(~broken & ~poor)
    selection = KingSelection(
        image_set.features, config.keep, image_set.thumbs_from(store), np.zeros(n, np.bool_), no_demands(image_set)
    )
    representative, tier2 = compare_hashes(rows, image_set, config, selection)
    one_each = np.unique(representative[rows])
    evidence = tier2.evidence(selection, one_each)
    king = tier2.kings(selection, selection.place(evidence, one_each))
    degree = np.bincount(np.concatenate([evidence.a, evidence.b]), minlength=n)
    return Tiers(
        errors=int(broken.sum()),
        poor=int(poor.sum()),
        usable=rows,
        mates=degree[representative[rows]],
        distinct=one_each[king[one_each] == one_each],
    )


def image_set_of(files: Sequence[Item], store: FeatureStore) -> ImageSet:
    """Those of ``files`` that the store knows, with their features."""
    known, at = look_up(files, store)
    there = np.flatnonzero(at >= 0)
    return assemble([files[i] for i in there.tolist()], known, at[there])


def not_embedded(image_set: ImageSet, store: FeatureStore, rows: Rows, key: str) -> int:
    """How many of ``rows`` have no embedding under ``key``."""
    lacking = 0
    for number in np.unique(image_set.shard[rows]).tolist():
        at = rows[image_set.shard[rows] == number]
        lacking += int((~store.embedded(number, key)[image_set.row[at]]).sum())
    return lacking


def _embedded(
    run: Run, store: FeatureStore, image_set: ImageSet, config: RunConfig, recorder: Recorder
) -> EmbedCost | None:
    facts = run.info["encoder"]
    place = {name: i for i, name in enumerate(_named(run.verdicts))}
    mine = np.array([place[name] for name in _named(image_set.features)], np.int64)
    reached = (np.asarray(run.verdicts["verdict"]) == "keep") | (np.asarray(run.verdicts["tier"]) == Tier.SEMANTIC)
    rows = np.flatnonzero(reached[mine])
    if not rows.size:
        return None
    encoder = RunEncoder(config.semantic)
    files = [image_set.files[i] for i in rows[:PROBE].tolist()]
    alone = _pace_of(encoder(), files, config, recorder)
    before, began = resident_memory(), time.perf_counter()
    exact = encoder("fp32")
    load = time.perf_counter() - began
    in_full = _pace_of(exact, files, config, recorder)
    load_bytes = max(resident_memory() - before, 0)
    describe = describe_as(run.path / FEATURES_FOLDER, facts, exact.card)
    stored = store.gather(image_set.shard[rows], image_set.row[rows], facts["dim"])
    described = describe(stored)
    threshold = float(facts["threshold"])
    # where pictures decide, nothing below the floor of proposals is looked at, and nothing is measured again
    decides = config.same == "meaning"
    floor, margin = (max(threshold - FLOOR_BELOW, 0.05), float(facts["margin"])) if decides else (threshold, 0.0)
    links = run.links.filter(pc.equal(run.links["tier"], str(Tier.SEMANTIC)))
    a, b, score = (links[name].to_numpy() for name in ("a", "b", "score"))

    def ends(chosen: npt.NDArray[np.bool_]) -> Rows:
        counts = np.bincount(np.concatenate([a[chosen], b[chosen]]), minlength=run.verdicts.num_rows)
        return counts[mine[rows]]

    late = recorder.main_window("embed")
    return EmbedCost(
        dim=int(facts["dim"]),
        compared=described.shape[1],
        images=len(rows),
        mates=ends(score >= threshold),
        close=ends((np.abs(score - threshold) <= margin) & decides),
        missed=late.images / len(rows) if late is not None else 0.0,
        view_bytes=math.prod(exact.card.input.shape) if looked_at(config, exact.card, len(rows)) else 0,
        alone=alone,
        exact=in_full,
        load=load,
        load_bytes=load_bytes,
        join=join_cost(described, max(threshold - margin, floor), floor),
    )


def _pace_of(encoder: Encoder, files: list[Item], config: RunConfig, recorder: Recorder) -> Pace:
    probe = Recorder(recorder.inner)
    watch = Watch(probe)
    with watch.stage("embed", len(files)), open_executor(config) as executor:
        for _ in embed_files(executor, files, encoder, config, watch):
            pass
    window = probe.main_window("embed")
    return window.pace if window is not None else Pace(0.0, 0.0)


def _named(table: pa.Table) -> list[Identity]:
    return [identity_of(row) for row in table.select(["root", "path_bytes"]).to_pylist()]


def join_cost(described: Matrix, near: float, floor: float) -> JoinCost:
    """Cost of comparing descriptors like ``described`` (n, d), told from invented ones of their mean and covariance.

    Compared as a run compares, by which crowds are thinned out: ``near`` and ``floor`` are its bounds.
    """
    rng = np.random.default_rng(0)
    mean = described.mean(axis=0)
    spread = (described - mean) / np.float32(np.sqrt(len(described)))

    def seconds(n: int) -> float:
        invented = mean + rng.standard_normal((n, len(spread)), dtype=np.float32) @ spread
        began = time.perf_counter()
        sparse_links(invented, near, most_links(n), floor=floor)
        return time.perf_counter() - began

    few, many = JOIN_ROWS
    seconds(few)
    return JoinCost.fitted((few, seconds(few)), (many, seconds(many)))
