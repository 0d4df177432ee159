"""What one more row costs after the passes: judging and writing, told from invented rows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from rfdedup.keepers.constraints import Constraints, constraints
from rfdedup.model.config import RunConfig
from rfdedup.model.decisions import Decisions
from rfdedup.model.image_set import ImageSet
from rfdedup.outputs.report.contents import PageLimits, contents
from rfdedup.pipeline.judging import judge
from rfdedup.runtime.progress import Silent, Watch
from rfdedup.stages.verdicts import link_table, verdict_table
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.run_folder import RunFolder

TABLE_ROWS = (2_000, 10_000)
"""Rows of the invented tables that tell what judging and writing costs."""


def no_demands(image_set: ImageSet) -> Constraints:
    return constraints(Decisions(), image_set.features)


def invented(image_set: ImageSet, n: int) -> ImageSet:
    """``n`` readable rows like those of ``image_set`` that are no copies of each other by content, hash or name."""
    readable = np.flatnonzero([kind is None for kind in image_set.features["error"].to_pylist()])
    rows = readable[np.arange(n) % readable.size]
    rng = np.random.default_rng(0)
    table = image_set.features.take(pa.array(rows))
    for name, values in (
        ("sha256", pa.array([f"{i:064x}" for i in range(n)])),
        ("dhash", pa.array(rng.integers(0, 2**64, n, dtype=np.uint64))),
        ("phash", pa.array(rng.integers(0, 2**64, n, dtype=np.uint64))),
        ("path", pa.array([f"{i}" for i in range(n)])),
        ("path_bytes", pa.array([b"%d" % i for i in range(n)], pa.binary())),
    ):
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), values)
    return ImageSet([replace(image_set.files[row], key=f"{i}") for i, row in enumerate(rows.tolist())], table)


def judged(image_set: ImageSet, store: FeatureStore, config: RunConfig, folder: RunFolder) -> None:
    """What a run does with measured rows besides comparing embeddings and drawing the report."""
    found = judge(image_set, store, config, None, None, no_demands(image_set), Watch(Silent()))
    verdicts = verdict_table(image_set.features, found.faults, found.quality, found.flags, found.duplicates)
    links = link_table(found.linked.links, found.linked.compared)
    folder.write_tables(verdicts, links)
    contents(verdicts, links, {}, PageLimits())


def row_seconds(image_set: ImageSet, store: FeatureStore, config: RunConfig, scratch: Path) -> float:
    """Seconds for one more row after the passes, told from invented rows."""
    if image_set.features["error"].null_count == 0:
        return 0.0
    folder = RunFolder.create(scratch / "rows")

    def seconds(n: int) -> float:
        many = invented(image_set, n)
        began = time.perf_counter()
        judged(many, store, config, folder)
        return time.perf_counter() - began

    few, many = TABLE_ROWS
    return max((seconds(many) - seconds(few)) / (many - few), 0.0)
