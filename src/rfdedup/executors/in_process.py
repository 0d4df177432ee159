"""The executor without processes: each shard is done when it is asked for. What others yield is held against it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType

import numpy as np

from rfdedup.executors.base import BlockSpec, Done, Input, Result, Stage, Tag


class InProcessExecutor:
    """Runs stages in this process and thread, one item after the other. Nothing protects it from an item."""

    peak_rss_bytes = 0

    def run(
        self,
        stage: Stage[Result],
        shards: Iterable[tuple[Tag, list[Input]]],
        *,
        items: int,  # noqa: ARG002  there is nothing to start
        block: BlockSpec | None = None,
    ) -> Iterator[Done[Tag, Result]]:
        """See ``Executor.run``: in the order of the shards, each once."""
        for tag, some in shards:
            if block is None:
                yield Done(tag, [stage(item) for item in some], {})
            else:
                out = np.zeros(block.shape, np.uint8)[: len(some)]
                yield Done(tag, [stage(item, view) for item, view in zip(some, out, strict=True)], {}, out)

    def __enter__(self) -> InProcessExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
