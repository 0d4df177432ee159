"""The executor of one machine: supervised worker processes, which stay until it is left."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from rfdedup.executors.base import BlockSpec, Done, Input, Result, Stage, Tag
from rfdedup.executors.local.contract import WorkerLimits
from rfdedup.executors.local.pool import Pool
from rfdedup.executors.worker_setup import set_up_worker
from rfdedup.model.errors import WorkerError

ITEMS_A_WORKER: Final = 32
"""Fewer items than this do not pay for the start of a further worker."""


class LocalExecutor:
    """Runs each stage in worker processes of its own, which start with its first run and end with the executor."""

    def __init__(self, workers: int, limits: WorkerLimits) -> None:
        self._workers, self._limits = workers, limits
        self._open = ExitStack()
        self._pools: dict[tuple[Any, BlockSpec | None], Pool[Any, Any]] = {}
        self._peak = 0

    @property
    def peak_rss_bytes(self) -> int:
        return max([self._peak, *(pool.stats.peak_rss_bytes for pool in self._pools.values())])

    def run(
        self,
        stage: Stage[Result],
        shards: Iterable[tuple[Tag, list[Input]]],
        *,
        items: int,
        block: BlockSpec | None = None,
    ) -> Iterator[Done[Tag, Result]]:
        """See ``Executor.run``; raises ``WorkerError`` also where the system says nothing of processes."""
        key = stage, block
        if key not in self._pools:
            self._pools[key] = self._open.enter_context(self._pool(stage, items, block))
        return self._pools[key].run(shards)

    def __enter__(self) -> LocalExecutor:
        self._open.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._peak = self.peak_rss_bytes
        self._pools.clear()
        self._open.__exit__(kind, error, trace)

    def _pool(self, stage: Stage[Result], items: int, block: BlockSpec | None) -> Pool[Any, Result]:
        if sys.platform == "linux" and not Path("/proc/self/stat").exists():
            raise WorkerError("worker processes are watched by what /proc says of them, and it is not mounted")
        size = ITEMS_A_WORKER if block is None else block.batch
        workers = min(self._workers, max(1, -(-items // size)))
        return Pool(stage, workers, self._limits, block=block, initializer=set_up_worker)
