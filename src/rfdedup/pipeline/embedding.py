"""Pass 2: embedding of rows that pass 1 did not embed; what the store holds is not computed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from types import TracebackType

import numpy as np
import numpy.typing as npt

from rfdedup.encoders.base import Encoder, cache_key
from rfdedup.encoders.run_encoder import RunEncoder
from rfdedup.executors.base import Executor
from rfdedup.executors.choice import open_executor, worker_count
from rfdedup.executors.embedding import block_of, embed_items
from rfdedup.features.file_tasks import PrepareTask
from rfdedup.features.settings import limits_of
from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.pipeline.given_embeddings import lacking_vectors
from rfdedup.runtime.progress import Watch
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]

Batch = tuple[list[int], npt.NDArray[np.float32], dict[int, Fault]]
"""Positions of one batch, their embeddings (n, dim), and the faults by position; see ``embed_items``."""


def embed_files(
    executor: Executor,
    files: Sequence[Item],
    encoder: Encoder,
    config: RunConfig,
    watch: Watch,
    most: int | None = None,
) -> Iterator[Batch]:
    """Decode ``files`` reduced by ``executor``, ready for ``most`` of them in all its runs, and embed them here."""
    spec = encoder.card.input
    block = block_of(encoder, spec.shape, worker_count(config))
    task = PrepareTask(limits_of(config), spec)
    for at, vectors, faults in embed_items(executor, task, files, encoder, block, most or len(files)):
        watch.advance(len(at) + len(faults))
        yield at, vectors, faults
    watch.worker_peak = max(watch.worker_peak, executor.peak_rss_bytes)


class Embedder:
    """Embeds rows of one run into its store. A context manager: leaving it ends its executor.

    What is embedded late or again is a few images at a time, and workers take a while to start: so they stay. Those of
    one precision serve the others.
    """

    def __init__(
        self, config: RunConfig, image_set: ImageSet, store: FeatureStore, watch: Watch, encoder: RunEncoder
    ) -> None:
        self._config, self._image_set, self._store, self._watch = config, image_set, store, watch
        self._encoder = encoder
        self._executor = open_executor(config)

    def __enter__(self) -> Embedder:
        self._executor.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.__exit__(kind, error, trace)

    def embed(self, rows: Rows) -> dict[int, Fault]:
        """Embed those of ``rows`` that the store does not hold yet; faults of those that could not be read."""
        encoder = self._encoder()
        key = cache_key(encoder)
        have = np.zeros(len(rows), np.bool_)
        shard, row = self._image_set.shard[rows], self._image_set.row[rows]
        for number in np.unique(shard):
            at = shard == number
            have[at] = self._store.embedded(int(number), key)[row[at]]
        missing = rows[~have]
        faults: dict[int, Fault] = {}
        if not len(missing) or not self._encoder.sees_pictures:
            return faults
        writer = _ShardWriter(self._store, key, self._image_set, missing)
        order = missing[np.lexsort((self._image_set.row[missing], self._image_set.shard[missing]))]
        with self._watch.stage("embed", len(order)):
            try:
                files = [self._image_set.files[i] for i in order]
                for at, vectors, broken in self.embed_again(files, encoder):
                    faults |= {int(order[i]): fault for i, fault in broken.items()}
                    writer.add(order[at], vectors)
            finally:
                writer.flush()
        return faults

    def have(self, rows: Rows) -> Rows:
        """Those of ``rows`` that can have an embedding: all, but where vectors were handed over for some of them."""
        if self._encoder.sees_pictures:
            return rows
        return rows[~self._lacking[rows]]

    @cached_property
    def _lacking(self) -> npt.NDArray[np.bool_]:
        """Rows without a vector, (n,) bool: those that there are were in the store before."""
        everything = np.arange(len(self._image_set.files))
        return lacking_vectors(self._image_set, self._store, cache_key(self._encoder()), everything)

    def embed_again(self, files: Sequence[Item], encoder: Encoder) -> Iterator[Batch]:
        """Embed files of the run, whatever the store holds."""
        most = len(self._image_set.files)
        return embed_files(self._executor, files, encoder, self._config, self._watch, most)


class _ShardWriter:
    """Collects embeddings and writes a shard's when all that are expected have come."""

    def __init__(self, store: FeatureStore, key: str, image_set: ImageSet, missing: Rows) -> None:
        self.store = store
        self.key = key
        self.image_set = image_set
        numbers, counts = np.unique(image_set.shard[missing], return_counts=True)
        self.expected = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
        self.pending: dict[int, list[tuple[npt.NDArray[np.int32], npt.NDArray[np.float16]]]] = {}

    def add(self, rows: Rows, vectors: npt.NDArray[np.float32]) -> None:
        shard, row = self.image_set.shard[rows], self.image_set.row[rows]
        for number in np.unique(shard).tolist():
            at = shard == number
            self.pending.setdefault(number, []).append((row[at], vectors[at].astype(np.float16)))
            self.expected[number] -= int(at.sum())
            if self.expected[number] == 0:
                self._write(number)

    def flush(self) -> None:
        """Write what came of shards that are not complete."""
        for number in list(self.pending):
            self._write(number)

    def _write(self, number: int) -> None:
        parts = self.pending.pop(number)
        rows = np.concatenate([rows for rows, _ in parts]).astype(np.int64)
        self.store.set_embeddings(number, self.key, rows, np.concatenate([values for _, values in parts]))
