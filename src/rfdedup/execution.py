"""The two passes over files, by supervised workers; what they yield goes to the store as it comes."""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.config import RunConfig
from rfdedup.encoders.base import Encoder
from rfdedup.imaging import Limits
from rfdedup.passes import Fault, FullSize, FullSizeTask, MeasureTask, PrepareTask, row_of, set_up_worker
from rfdedup.progress import Watch
from rfdedup.sources.folder import SourceFile
from rfdedup.store import FeatureStore
from rfdedup.workers import BlockSpec, Done, Failure, Pool, WorkerLimits

CHUNK = 32
"""Files that travel to a worker together."""
SHARD_ROWS = 2048
FLUSH_SECONDS = 15.0
"""A shard is written when it is full, and at least this often: what a crash can cost."""
MOST_WORDS = 500
"""Characters of a decoder's output that the ledger keeps of a file."""
TRANSIENT = frozenset({"unstable", "unreadable"})
"""Faults that may be gone on the next run; they are not remembered."""


def worker_count(config: RunConfig) -> int:
    """Worker processes: what was asked for, else the CPUs that this process may use."""
    return config.workers if config.workers is not None else usable_cpus()


def usable_cpus() -> int:
    """CPUs that this process may use."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return available or 1


def limits_of(config: RunConfig) -> Limits:
    return Limits(max_pixels=int(config.limits.max_megapixels * 1_000_000))


def measure_files(
    files: Sequence[SourceFile], store: FeatureStore, config: RunConfig, watch: Watch
) -> dict[SourceFile, Fault]:
    """Pass 1: measure ``files`` and append them to the store. Returns the transient faults."""
    transient: dict[SourceFile, Fault] = {}
    rows: list[dict[str, Any]] = []
    previews: list[bytes | None] = []

    def flush() -> None:
        if rows:
            store.append(rows, previews)
            rows.clear()
            previews.clear()

    task = MeasureTask(limits_of(config), config.quality.scale)
    flushed = time.monotonic()
    with file_pool(task, len(files), config) as pool:
        try:
            for done in pool.run(_chunks(files)):
                for i, (file, result) in enumerate(zip(done.tag, done.results, strict=True)):
                    row = {**_row(file, result), "decoder_warnings": plain_words(done.warnings.get(i))}
                    if row["error"] in TRANSIENT:
                        transient[file] = row["error"], row["error_detail"]
                    else:
                        previews.append(row.pop("preview", None))
                        rows.append(row)
                watch.advance(len(done.results))
                if len(rows) >= SHARD_ROWS or time.monotonic() - flushed > FLUSH_SECONDS:
                    flush()
                    flushed = time.monotonic()
        finally:
            flush()
            watch.worker_peak = max(watch.worker_peak, pool.stats.peak_rss_bytes)
    return transient


def plain_words(output: str | None) -> str | None:
    """What a decoder printed about a file as one line; times and addresses, which differ each time, are left out."""
    if not output:
        return None
    words = re.sub(r"0x[0-9a-fA-F]{4,}", "0x…", re.sub(r"@\d+\.\d+", "", output))
    # the last characters: a crash is told at the end
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[-MOST_WORDS:] or None


def look_again(files: Sequence[SourceFile], config: RunConfig, watch: Watch) -> Iterator[tuple[int, FullSize | Fault]]:
    """What is measured at full size, or the fault, of each of ``files``, by position, as they come."""
    numbered = enumerate(files)
    chunks = iter(lambda: list(itertools.islice(numbered, CHUNK)), [])
    with file_pool(FullSizeTask(limits_of(config)), len(files), config) as pool:
        for done in pool.run(([at for at, _ in chunk], [file for _, file in chunk]) for chunk in chunks):
            for at, result in zip(done.tag, done.results, strict=True):
                yield at, (result.kind, result.detail) if isinstance(result, Failure) else result
            watch.advance(len(done.results))


def _row(file: SourceFile, result: dict[str, Any] | Fault | Failure) -> dict[str, Any]:
    if isinstance(result, dict):
        return {**row_of(file), **result, "flags": list(result["flags"])}
    return row_of(file, (result.kind, result.detail) if isinstance(result, Failure) else result)


def embed_files(
    files: Sequence[SourceFile], encoder: Encoder, config: RunConfig, watch: Watch
) -> Iterator[tuple[list[int], npt.NDArray[np.float32], dict[int, Fault]]]:
    """Pass 2: decode ``files`` reduced in workers and embed them here, overlapped.

    Yields:
        positions in ``files`` of one batch, their embeddings (n, dim) float32, and the faults by position;
        rows of faulty images are not among the positions.
    """
    spec = encoder.card.input
    workers = worker_count(config)
    block = BlockSpec(encoder.batch, spec.height, spec.width, count=2 * workers + 2 * encoder.streams)
    task = PrepareTask(limits_of(config), spec)
    positions = list(range(len(files)))
    chunks = (
        (positions[i : i + encoder.batch], list(files[i : i + encoder.batch]))
        for i in range(0, len(files), encoder.batch)
    )
    with file_pool(task, len(files), config, block) as pool, ThreadPoolExecutor(encoder.streams) as threads:
        pending: list[Future[Any]] = []
        for done in pool.run(chunks):
            pending.append(threads.submit(_embed, encoder, done))
            while pending and (pending[0].done() or len(pending) > 2 * encoder.streams):
                at, vectors, faults = pending.pop(0).result()
                watch.advance(len(at) + len(faults))
                yield at, vectors, faults
        for future in pending:
            at, vectors, faults = future.result()
            watch.advance(len(at) + len(faults))
            yield at, vectors, faults
        watch.worker_peak = max(watch.worker_peak, pool.stats.peak_rss_bytes)


def _embed(encoder: Encoder, done: Done[list[int], Any]) -> tuple[list[int], npt.NDArray[np.float32], dict[int, Fault]]:
    faults: dict[int, Fault] = {}
    good = []
    for i, result in enumerate(done.results):
        if isinstance(result, Failure):
            faults[done.tag[i]] = result.kind, result.detail
        elif result is not None:
            faults[done.tag[i]] = result
        else:
            good.append(i)
    try:
        if done.block is None or not good:
            return [], np.zeros((0, encoder.dim), np.float32), faults
        vectors = encoder.embed(done.block if len(good) == len(done.results) else done.block[good])
    finally:
        done.release()
    return [done.tag[i] for i in good], vectors, faults


def file_pool(task: Any, files: int, config: RunConfig, block: BlockSpec | None = None) -> Pool[Any, Any]:
    """Supervised workers for a task over so many files, within the limits of the configuration."""
    limits = WorkerLimits(file_seconds=config.limits.file_seconds, memory_mb=config.limits.worker_memory_mb)
    size = CHUNK if block is None else block.batch
    workers = min(worker_count(config), max(1, -(-files // size)))
    return Pool(task, workers, limits, block=block, initializer=set_up_worker)


def _chunks(files: Iterable[SourceFile]) -> Iterator[tuple[list[SourceFile], list[SourceFile]]]:
    source = iter(files)
    while chunk := list(itertools.islice(source, CHUNK)):
        yield chunk, chunk
