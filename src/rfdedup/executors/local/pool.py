"""The pool as its user sees it: chunks in, finished chunks out."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from queue import Empty
from types import TracebackType
from typing import Any, Generic

import numpy as np

from rfdedup.executors.base import BlockSpec, Done, Input, Result, Tag
from rfdedup.executors.local.child import WorkerSetup
from rfdedup.executors.local.contract import PoolStats, WorkerLimits
from rfdedup.executors.local.process import SPAWN, Chunk
from rfdedup.executors.local.supervisor import Supervisor


class Pool(Generic[Input, Result]):
    """Worker processes that survive their items. A context manager; leaving it ends all workers.

    ``task(item)``, or ``task(item, out)`` when ``block`` is given, runs in the workers. It is pickled once and
    unpickled once a worker, so it must come from an importable module (not ``__main__``). ``out`` is a view
    (height, width, 3) of uint8 in shared memory; its old content is undefined. ``initializer()`` runs first
    in each worker.

    An item whose worker crashes, exceeds ``limits`` or raises MemoryError is tried once more, alone, in a
    fresh worker, and is a :class:`Failure` if that one dies as well. The other items of its chunk are done
    again. Any other exception of the task is a bug and ends the run as a WorkerError.

    ``most_waiting`` bounds the chunks that are taken from the input and not yet yielded (default: eight a worker,
    or the number of blocks).
    """

    def __init__(
        self,
        task: Callable[..., Result],
        workers: int,
        limits: WorkerLimits = WorkerLimits(),  # noqa: B008  frozen
        *,
        block: BlockSpec | None = None,
        initializer: Callable[[], None] | None = None,
        most_waiting: int | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"workers = {workers}: must be at least 1")
        self._batch = None if block is None else block.batch
        self._blocks: np.ndarray[Any, np.dtype[np.uint8]] | None = None
        memory = None
        count = 0
        if block is not None:
            count = block.count or 2 * workers + 2
            # RawArray: memory without a name, so that nothing is left behind however the processes end
            memory = SPAWN.RawArray("B", count * int(np.prod(block.shape)))
            self._blocks = np.frombuffer(memory, np.uint8).reshape(count, *block.shape)
        self._most_waiting = most_waiting or count or 8 * workers
        self._log_folder = tempfile.TemporaryDirectory(prefix="rfdedup-workers-", ignore_cleanup_errors=True)
        setup = WorkerSetup(
            pickle.dumps(task),
            pickle.dumps(initializer),
            limits.file_seconds,
            Path(self._log_folder.name),
            None if block is None else block.shape,
        )
        self._supervisor = Supervisor(workers, limits, setup, memory, count)
        self._open = False
        self._outstanding = 0

    @property
    def stats(self) -> PoolStats:
        return self._supervisor.stats

    def __enter__(self) -> Pool[Input, Result]:
        self._supervisor.start()
        self._open = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        self._supervisor.stop(gently=error is None and self._outstanding == 0)
        self._log_folder.cleanup()

    def run(self, chunks: Iterable[tuple[Tag, list[Input]]]) -> Iterator[Done[Tag, Result]]:
        """Yield each chunk when it is finished, in any order. ``chunks`` is read lazily, in this thread.

        With blocks, the consumer must ``release()`` what it is given: workers wait when all blocks are out.

        Raises:
            WorkerError: workers die without an item to blame, cannot start, or the task has a bug.
        """
        if not self._open or self._outstanding:
            raise RuntimeError("the pool is closed, or an earlier run was abandoned")
        source = iter(chunks)
        exhausted = False
        while True:
            if not exhausted and self._outstanding < self._most_waiting:
                following = next(source, None)
                if following is None:
                    exhausted = True
                else:
                    self._submit(*following)
            if exhausted and self._outstanding == 0:
                return
            done = self._take(wait=exhausted or self._outstanding >= self._most_waiting)
            if done is not None:
                self._outstanding -= 1
                yield self._deliver(done)

    def _submit(self, tag: Any, items: list[Input]) -> None:
        if self._batch is not None and len(items) > self._batch:
            raise ValueError(f"a chunk of {len(items)} items does not fit a block of {self._batch}")
        self._outstanding += 1
        chunk = Chunk(tag, items)
        if items:
            self._supervisor.submit(chunk)
        else:
            self._supervisor.finished.put(chunk)

    def _take(self, *, wait: bool) -> Chunk | None:
        while True:
            try:
                # short waits, because on Windows Ctrl-C does not interrupt one
                done = self._supervisor.finished.get(block=wait, timeout=0.2)
            except Empty:
                if not wait:
                    return None
                continue
            if isinstance(done, BaseException):
                raise done
            return done

    def _deliver(self, chunk: Chunk) -> Done[Any, Result]:
        if self._blocks is None:
            return Done(chunk.tag, chunk.results, chunk.warnings)
        if chunk.block is None:  # an empty chunk
            return Done(chunk.tag, chunk.results, chunk.warnings, self._blocks[0, :0])
        view = self._blocks[chunk.block, : len(chunk.items)]
        give_back = partial(self._supervisor.free_block, chunk.block)
        return Done(chunk.tag, chunk.results, chunk.warnings, view, give_back)
