"""Run folders as large as one likes with invented features, and the funnel over them without a file to read.

Shards of metadata, thumbnails and float16 embeddings lie as a run leaves them, so everything after the passes is the
real thing: stock, hashes, links, kings, verdicts, tables and report.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rfdedup.encoders.base import ModelCard
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.features.settings import feature_key
from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.evidence import Evidence, Kind, Side
from rfdedup.model.faults import Fault
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.pipeline import duplicates
from rfdedup.pipeline.comparing import PAIRS_KEPT_TOGETHER, Comparer
from rfdedup.pipeline.run import refine_scan
from rfdedup.runtime.progress import Progress, Watch
from rfdedup.sources.folder import Scan
from rfdedup.sources.plan import SHARD_ROWS
from rfdedup.storage.comparisons import Pair
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.run_folder import FEATURES_FOLDER, RunFolder

DIM = 512
THRESHOLD = 0.6
CLUSTERS = 500
ROOT = "/pictures"
MADE_OF = "made_of.npy"
"""In the features folder: for each image the one that it is a copy of, or itself."""
COPIES = {"exact": 0.04, "hash": 0.04, "near": 0.08}
"""Shares of a mixed set: the same bytes, hashes of few different bits, and embeddings that alone are near."""


class Invented:
    """An encoder whose embeddings are all there already."""

    card = ModelCard("invented", DIM, InputSpec(224, 224), "none", "none", "0" * 64, "invented")
    dim = DIM
    key = "invented"
    device = "cpu"
    precision = "fp32"
    streams = 1
    batch = 1

    def embed(self, _: Any) -> Any:
        raise AssertionError("nothing is left to embed")

    encode = embed


class InventedComparer(Comparer):
    """Finds those the same that ``fill`` made of one image, and reads no picture."""

    made_of: ClassVar[np.ndarray]

    def _run(self, wanted: dict[Pair, tuple[int, int]]) -> dict[int, Fault]:
        identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        fresh = {}
        for place, (pair, (one, other)) in enumerate(wanted.items(), 1):
            kind = Kind.COPY if self.made_of[one] == self.made_of[other] else Kind.DIFFERENT
            matched = 1.0 if kind == Kind.COPY else 0.1
            fresh[pair] = Evidence(
                kind,
                kind,
                identity,
                False,
                60,
                1.0,
                matched,
                0,
                0.0,
                Side.NONE,
                False,
                640,
                "told",
            )
            if place % PAIRS_KEPT_TOGETHER == 0 or place == len(wanted):
                self.memory.add(fresh)
                fresh = {}
        return {}


def config(tiers: tuple[str, ...], same: str) -> RunConfig:
    return make_config({"tiers": tiers, "same": same, "semantic": {"threshold": THRESHOLD, "descriptor": "raw"}})


def files(n: int) -> ItemTable:
    return ItemTable.of(
        Item(ROOT, _path(i), 100_000 + i % 977, 1_700_000_000_000_000_000 + i, i, 1, 1) for i in range(n)
    )


def _path(i: int) -> str:
    return f"album_{i // 1000:05d}/photo_{i:08d}.jpg"


def fill(out: Path, n: int, kind: str, tiers: tuple[str, ...], same: str) -> None:
    """Write the features of ``n`` images, as a run with these ``tiers`` measures them; local features are left out.

    ``kind``: ``mixed`` has copies of all tiers, few of each; ``unrelated`` none; in ``dense`` all embeddings lie in
    ``CLUSTERS`` tight clusters, in ``dense_hashes`` all hashes and thumbnails do.
    """
    RunFolder.create(out).write_info({"status": "running"})
    store = FeatureStore(out / FEATURES_FOLDER, feature_key=feature_key(config(tiers, same)))
    key = f"{Invented.key}/{Invented.precision}"
    made_of = np.arange(n)
    for begin, columns, vectors in _shards(n, kind, made_of):
        rows = [
            {name: values[i] for name, values in columns.items()}
            | {"root": ROOT, "path": _path(begin + i), "path_bytes": _path(begin + i).encode(), "device": 1}
            | {"bytes": 100_000 + (begin + i) % 977, "mtime_ns": 1_700_000_000_000_000_000 + begin + i}
            | {"inode": begin + i, "flags": [], "format": "jpeg", "width": 640, "height": 480, "content": 1.0}
            | {"brightness": 120.0, "local_sharpness": 900.0, "contrast": 50.0, "entropy": 7.0, "colorfulness": 30.0}
            | {"error": None, "error_detail": None, "jpeg_quality": 90.0}
            for i in range(len(vectors))
        ]
        number = store.append(rows, [None] * len(rows))
        store.set_embeddings(number, key, np.arange(len(rows)), vectors.astype(np.float16))
    np.save(out / FEATURES_FOLDER / MADE_OF, made_of)


def _shards(n: int, kind: str, made_of: np.ndarray) -> Iterator[tuple[int, dict[str, list[Any]], np.ndarray]]:
    rng = np.random.default_rng(0)
    pixels = THUMB_SIDE * THUMB_SIDE * 3
    centres = rng.standard_normal((CLUSTERS, DIM), dtype=np.float32)
    codes = rng.integers(0, 2**64, (2, CLUSTERS), dtype=np.uint64)
    pictures = rng.integers(30, 220, (CLUSTERS, pixels)).astype(np.uint8)
    for begin in range(0, n, SHARD_ROWS):
        size = min(SHARD_ROWS, n - begin)
        number = np.arange(begin, begin + size)
        vectors = rng.standard_normal((size, DIM), dtype=np.float32)
        hashes = rng.integers(0, 2**64, (2, size), dtype=np.uint64)
        thumbs = rng.integers(30, 220, (size, pixels)).astype(np.uint8)
        content = number.copy()
        if kind == "dense":
            vectors = centres[number * CLUSTERS // n] + 0.2 * vectors
        elif kind == "dense_hashes":
            hashes, thumbs = codes[:, number * CLUSTERS // n], pictures[number * CLUSTERS // n]
            for _ in range(3):
                hashes = hashes ^ (np.uint64(1) << rng.integers(0, 64, hashes.shape).astype(np.uint64))
        elif kind == "mixed":
            end = size
            for copy, share in COPIES.items():
                rows = np.arange(end - int(share * size), end)
                end -= rows.size
                source = rng.integers(0, max(size // 10, 1), rows.size)
                vectors[rows] = vectors[source] + 0.3 * vectors[rows]
                made_of[begin + rows] = made_of[begin + source]
                if copy == "exact":
                    content[rows] = content[source]
                if copy != "near":
                    hashes[:, rows] = hashes[:, source] ^ np.uint64(copy == "hash")
                    thumbs[rows] = thumbs[source]
        columns = {
            "sha256": [f"{value:064x}" for value in content.tolist()],
            "dhash": hashes[0].tolist(),
            "phash": hashes[1].tolist(),
            "thumb": [thumb.tobytes() for thumb in thumbs],
            "sharpness": rng.lognormal(6, 0.7, size).tolist(),
            "detail": rng.uniform(1, 3, size).tolist(),
            "fineness": rng.normal(0, 0.1, size).tolist(),
        }
        yield begin, columns, vectors


def run(
    out: Path, n: int, tiers: tuple[str, ...], same: str, progress: Progress
) -> tuple[dict[str, float], dict[str, Any]]:
    """The whole funnel over what ``fill`` wrote: seconds of the stages that took any, and of all, and the summary.

    Args:
        progress: is told of the stages.
        same: ``meaning``, or a rule by which pictures decide: then ``InventedComparer`` stands for those.
    """
    InventedComparer.made_of = np.load(out / FEATURES_FOLDER / MADE_OF)
    duplicates.Comparer = InventedComparer  # type: ignore[misc]
    watch = Watch(progress)
    folder = RunFolder.create(out)
    scanned = Scan(files=files(n), roots=[ROOT])
    began = time.perf_counter()
    done = refine_scan(scanned, folder, config(tiers, same), watch, ["rfdedup", "run"], Invented())
    seconds = {"whole": time.perf_counter() - began}
    for stage in watch.stages:
        seconds[stage.name] = seconds.get(stage.name, 0.0) + stage.seconds
    return seconds, done.summary()
