"""The two passes over files, by supervised workers; what they yield goes to the store as it comes."""

from __future__ import annotations

import itertools
import re
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder
from rfdedup.encoders.preprocess import Rgb
from rfdedup.executors.early_embedding import GrowingShard, LikelySurvivors, SampleInputs
from rfdedup.executors.local import BlockSpec, Done, Failure, Pool, WorkerLimits
from rfdedup.executors.worker_setup import set_up_worker
from rfdedup.features.file_tasks import FullSize, FullSizeTask, MeasureTask, PrepareTask
from rfdedup.imaging import DecodeLimits
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import WorkerError
from rfdedup.model.faults import Fault
from rfdedup.model.items import SourceFile
from rfdedup.model.schemas import row_of
from rfdedup.runtime.cpus import thread_count
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]

CHUNK = 32
"""Files that travel to a worker together."""
SHARD_ROWS = 2048
FLUSH_SECONDS = 15.0
"""A shard is written when it is full, and at least this often: what a crash can cost."""
MOST_WORDS = 500
"""Characters of a decoder's output that the ledger keeps of a file."""
TRANSIENT = frozenset({"unstable", "unreadable", "stalled"})
"""Faults that may be gone on the next run; they are not remembered."""


def worker_count(config: RunConfig) -> int:
    """Worker processes: what was asked for, else the CPUs that this process may use."""
    return config.workers if config.workers is not None else thread_count()


def limits_of(config: RunConfig) -> DecodeLimits:
    return DecodeLimits(max_pixels=int(config.limits.max_megapixels * 1_000_000))


def measure_files(
    files: Sequence[SourceFile],
    store: FeatureStore,
    config: RunConfig,
    watch: Watch,
    encoder: Encoder | None = None,
    held_inputs: SampleInputs | None = None,
) -> dict[SourceFile, Fault]:
    """Pass 1: measure ``files`` and append them to the store. Returns the transient faults.

    With ``encoder``, what will likely reach tier 3 is embedded from the same decode. Which images that are depends on
    the order in which files are done, and decides nothing: tier 3 embeds what it lacks, and asks for no more.
    ``held_inputs`` is offered what the encoder is shown.
    """
    spec = encoder.card.input if encoder is not None else None
    task = MeasureTask(limits_of(config), config.quality.scale, spec, config.looks_for_parts)
    size, block, streams = CHUNK, None, 1
    if encoder is not None:
        size, block, streams = min(CHUNK, encoder.batch), block_of(encoder, config), encoder.streams
    shard = GrowingShard(store, encoder)
    survivors = LikelySurvivors(config)
    transient: dict[SourceFile, Fault] = {}
    with file_pool(task, len(files), config, block) as pool, ThreadPoolExecutor(streams) as threads:
        try:
            for done in pool.run(_chunks(files, size)):
                rows = []
                for i, (file, result) in enumerate(zip(done.tag, done.results, strict=True)):
                    row = {**_row(file, result), "decoder_warnings": plain_words(done.warnings.get(i))}
                    if row["error"] in TRANSIENT:
                        transient[file] = row["error"], row["error_detail"]
                    else:
                        rows.append((i, row))
                prepared = [row.pop("prepared", False) for _, row in rows]
                at = shard.add([row for _, row in rows])
                if encoder is None or done.block is None:
                    done.release()
                else:
                    chosen = np.flatnonzero(survivors.reach_tier3([row for _, row in rows]) & prepared)
                    images = np.array([i for i, _ in rows], np.int64)[chosen]
                    if held_inputs is not None:
                        held_inputs.offer([rows[i][1]["sha256"] for i in chosen], (done.block[i] for i in images))
                    shard.await_vectors(at + chosen, threads.submit(_embed_some, encoder, done, images))
                shard.collect(all_but=2 * streams)
                watch.advance(len(done.results))
                if len(shard) >= SHARD_ROWS or time.monotonic() - shard.since > FLUSH_SECONDS:
                    # a failure of the encoder ends the run; what is written on the way out leaves it out
                    shard.collect()
                    shard.write()
            shard.collect()
        finally:
            shard.write()
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
    files: Sequence[SourceFile],
    encoder: Encoder,
    config: RunConfig,
    watch: Watch,
    workers: Pool[SourceFile, Fault | None] | None = None,
) -> Iterator[tuple[list[int], npt.NDArray[np.float32], dict[int, Fault]]]:
    """Pass 2: decode ``files`` reduced in workers and embed them here, overlapped.

    Args:
        workers: an open ``prepare_pool`` of the encoder, which stays open; else one is opened for these files.

    Yields:
        positions in ``files`` of one batch, their embeddings (n, dim) float32, and the faults by position;
        rows of faulty images are not among the positions.
    """
    positions = list(range(len(files)))
    chunks = (
        (positions[i : i + encoder.batch], list(files[i : i + encoder.batch]))
        for i in range(0, len(files), encoder.batch)
    )
    opened = prepare_pool(len(files), encoder, config) if workers is None else nullcontext(workers)
    with opened as pool, ThreadPoolExecutor(encoder.streams) as threads:
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


def embed_inputs(
    images: Rgb, places: Rows, encoder: Encoder, watch: Watch
) -> Iterator[tuple[Rows, npt.NDArray[np.float32]]]:
    """Embed some of ``images`` that are prepared already.

    Yields:
        positions in ``places`` of one batch, and their embeddings (n, dim) float32.
    """
    batches = [np.arange(i, min(i + encoder.batch, len(places))) for i in range(0, len(places), encoder.batch)]
    with ThreadPoolExecutor(encoder.streams) as threads:
        vectors = threads.map(lambda batch: encoder.embed(images[places[batch]]), batches)
        for batch, found in zip(batches, vectors, strict=True):
            watch.advance(len(batch))
            yield batch, found


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
    vectors = _embed_some(encoder, done, np.array(good, np.int64))
    return [done.tag[i] for i in good], vectors, faults


def _embed_some(encoder: Encoder, done: Done[Any, Any], images: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
    """Embed those of a chunk's images, (n, dim), and hand its block back."""
    try:
        if done.block is None or not len(images):
            return np.zeros((0, encoder.dim), np.float32)
        return encoder.embed(done.block if len(images) == len(done.block) else done.block[images])
    finally:
        done.release()


def prepare_pool(files: int, encoder: Encoder, config: RunConfig) -> Pool[SourceFile, Fault | None]:
    """Workers that prepare so many files for an encoder."""
    return file_pool(PrepareTask(limits_of(config), encoder.card.input), files, config, block_of(encoder, config))


def block_of(encoder: Encoder, config: RunConfig) -> BlockSpec:
    """Shared memory that keeps workers and encoder busy."""
    spec = encoder.card.input
    return BlockSpec(encoder.batch, spec.height, spec.width, count=2 * worker_count(config) + 2 * encoder.streams)


def file_pool(task: Any, files: int, config: RunConfig, block: BlockSpec | None = None) -> Pool[Any, Any]:
    """Supervised workers for a task over so many files, within the limits of the configuration.

    Raises:
        WorkerError: the operating system says nothing of processes.
    """
    if sys.platform == "linux" and not Path("/proc/self/stat").exists():
        raise WorkerError("worker processes are watched by what /proc says of them, and it is not mounted")
    limits = WorkerLimits(file_seconds=config.limits.file_seconds, memory_mb=config.limits.worker_memory_mb)
    size = CHUNK if block is None else block.batch
    workers = min(worker_count(config), max(1, -(-files // size)))
    return Pool(task, workers, limits, block=block, initializer=set_up_worker)


def _chunks(files: Iterable[SourceFile], size: int) -> Iterator[tuple[list[SourceFile], list[SourceFile]]]:
    source = iter(files)
    while chunk := list(itertools.islice(source, size)):
        yield chunk, chunk
