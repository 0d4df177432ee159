"""Pass 1: new files go to an executor in shards of the plan, and what it measures and embeds into the store."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder
from rfdedup.executors.base import Failure
from rfdedup.executors.choice import open_executor, worker_count
from rfdedup.executors.embedding import block_of, embed_some
from rfdedup.features.file_tasks import MeasureTask
from rfdedup.features.settings import limits_of
from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.model.schemas import row_of
from rfdedup.pipeline.early_embedding import GrowingShard, LikelySurvivors, SampleInputs
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore

CHUNK = 32
"""Files that travel to a worker together."""
MOST_WORDS: Final = 500
"""Characters of a decoder's output that the ledger keeps of a file."""


def measure_files(
    shards: Sequence[Sequence[Item]],
    store: FeatureStore,
    config: RunConfig,
    watch: Watch,
    encoder: Encoder | None = None,
    held_inputs: SampleInputs | None = None,
) -> None:
    """Pass 1: measure files, and write each of ``shards`` when all of its files are done.

    With ``encoder``, what will likely reach tier 3 is embedded from the same decode. Which images that are depends on
    the order in which files are done, and decides nothing: tier 3 embeds what it lacks, and asks for no more.
    ``held_inputs`` is offered what the encoder is shown.
    """
    spec = encoder.card.input if encoder is not None else None
    task = MeasureTask(limits_of(config), config.quality.scale, spec, config.looks_for_parts)
    size, block, streams = CHUNK, None, 1
    if encoder is not None:
        size, streams = min(CHUNK, encoder.batch), encoder.streams
        block = block_of(encoder, encoder.card.input.shape, worker_count(config))
    growing = {
        place: GrowingShard(store, number, len(files), encoder)
        for place, (number, files) in enumerate(zip(store.free_numbers(len(shards)), shards, strict=True))
    }
    survivors = LikelySurvivors(config)
    pending: deque[Future[npt.NDArray[np.float32]]] = deque()
    begun: set[int] = set()
    count = sum(map(len, shards))
    with open_executor(config) as executor, ThreadPoolExecutor(streams) as threads:
        try:
            for done in executor.run(task, _chunks(shards, size), items=count, block=block):
                place, begin = done.tag
                shard = growing.get(place)
                if shard is None or shard.has(begin):
                    # done twice: the first counts
                    done.release()
                    continue
                rows = [
                    {**_row(file, result), "decoder_warnings": plain_words(done.warnings.get(i))}
                    for i, (file, result) in enumerate(zip(shards[place][begin:], done.results, strict=False))
                ]
                prepared = np.array([row.pop("prepared", False) for row in rows], np.bool_)
                shard.add(begin, rows)
                begun.add(place)
                if encoder is None or done.block is None:
                    done.release()
                else:
                    chosen = np.flatnonzero(survivors.reach_tier3(rows) & prepared)
                    if held_inputs is not None:
                        held_inputs.offer([rows[i]["sha256"] for i in chosen], (done.block[i] for i in chosen))
                    pending.append(threads.submit(embed_some, encoder, done, chosen))
                    shard.await_vectors(begin + chosen, pending[-1])
                watch.advance(len(done.results))
                while pending and (pending[0].done() or len(pending) > 2 * streams):
                    # a failure of the encoder ends the run; what is written on the way out leaves it out
                    pending.popleft().result()
                for ready in [number for number in begun if growing[number].ready]:
                    begun.remove(ready)
                    growing.pop(ready).write()
            for future in pending:
                future.result()
        finally:
            for shard in growing.values():
                if shard.whole:
                    shard.write()
            watch.worker_peak = max(watch.worker_peak, executor.peak_rss_bytes)


def _chunks(shards: Sequence[Sequence[Item]], size: int) -> Iterator[tuple[tuple[int, int], list[Item]]]:
    """Files that travel together, with the shard that they are of and the place of the first in it."""
    for place, files in enumerate(shards):
        for begin in range(0, len(files), size):
            yield (place, begin), list(files[begin : begin + size])


def plain_words(output: str | None) -> str | None:
    """What a decoder printed about a file as one line; times and addresses, which differ each time, are left out."""
    if not output:
        return None
    words = re.sub(r"0x[0-9a-fA-F]{4,}", "0x…", re.sub(r"@\d+\.\d+", "", output))
    # the last characters: a crash is told at the end
    return " ".join("".join(c if c.isprintable() else " " for c in words).split())[-MOST_WORDS:] or None


def _row(file: Item, result: dict[str, Any] | Fault | Failure) -> dict[str, Any]:
    if isinstance(result, dict):
        return {**row_of(file), **result, "flags": list(result["flags"])}
    return row_of(file, (result.kind, result.detail) if isinstance(result, Failure) else result)
