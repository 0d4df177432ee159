"""What a stage writes into shared memory goes through a network here, while the executor goes on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rfdedup.executors.base import BlockSpec, Done, Executor, Failure, Input, Stage
from rfdedup.model.faults import Fault

Rows = npt.NDArray[np.int64]
Embeddings = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


class Network(Protocol):
    """What is asked of an encoder here; see ``encoders.base.Encoder``."""

    @property
    def dim(self) -> int: ...

    @property
    def streams(self) -> int: ...

    @property
    def batch(self) -> int: ...

    def embed(self, batch: Pixels) -> Embeddings: ...


def block_of(network: Network, shape: tuple[int, ...], workers: int) -> BlockSpec:
    """Shared memory for images of ``shape`` (height, width, 3) that keeps workers and network busy."""
    return BlockSpec(network.batch, shape[0], shape[1], count=2 * workers + 2 * network.streams)


def embed_items(
    executor: Executor,
    stage: Stage[Fault | None],
    items: Sequence[Input],
    network: Network,
    block: BlockSpec,
    most: int,
) -> Iterator[tuple[list[int], Embeddings, dict[int, Fault]]]:
    """Let ``stage`` write each item's image, and embed what it wrote.

    Args:
        executor: runs the stage. most: how many items it is to be ready for, in this run and later ones.
        stage: gives None where it wrote the image, else the fault.
        items: in batches of the network.

    Yields:
        positions in ``items`` of one batch, their embeddings (n, dim), and the faults by position; rows of faulty
        items are not among the positions.
    """
    places = list(range(len(items)))
    step = network.batch
    shards = ((places[i : i + step], list(items[i : i + step])) for i in range(0, len(items), step))
    with ThreadPoolExecutor(network.streams) as threads:
        pending: list[Future[tuple[list[int], Embeddings, dict[int, Fault]]]] = []
        for done in executor.run(stage, shards, items=most, block=block):
            pending.append(threads.submit(_embed, network, done))
            while pending and (pending[0].done() or len(pending) > 2 * network.streams):
                yield pending.pop(0).result()
        for future in pending:
            yield future.result()


def embed_inputs(images: Pixels, places: Rows, network: Network) -> Iterator[tuple[Rows, Embeddings]]:
    """Embed some of ``images`` that are prepared already.

    Yields:
        positions in ``places`` of one batch, and their embeddings (n, dim).
    """
    batches = [np.arange(i, min(i + network.batch, len(places))) for i in range(0, len(places), network.batch)]
    with ThreadPoolExecutor(network.streams) as threads:
        vectors = threads.map(lambda batch: network.embed(images[places[batch]]), batches)
        yield from zip(batches, vectors, strict=True)


def embed_some(network: Network, done: Done[Any, Any], images: Rows) -> Embeddings:
    """Embed those of a shard's images, (n, dim), and hand its block back."""
    try:
        if done.block is None or not len(images):
            return np.zeros((0, network.dim), np.float32)
        return network.embed(done.block if len(images) == len(done.block) else done.block[images])
    finally:
        done.release()


def _embed(network: Network, done: Done[list[int], Fault | None]) -> tuple[list[int], Embeddings, dict[int, Fault]]:
    faults: dict[int, Fault] = {}
    good = []
    for i, result in enumerate(done.results):
        if isinstance(result, Failure):
            faults[done.tag[i]] = result.kind, result.detail
        elif result is not None:
            faults[done.tag[i]] = result
        else:
            good.append(i)
    vectors = embed_some(network, done, np.array(good, np.int64))
    return [done.tag[i] for i in good], vectors, faults
