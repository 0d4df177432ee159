"""What every executor keeps to. Subclass ``ExecutorContract`` for a new one; see ``test_executors.py``."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
import pytest

import worker_tasks
from rfdedup.executors.base import BlockSpec, Done, Executor, Failure
from rfdedup.executors.in_process import InProcessExecutor

BLOCK = BlockSpec(4, 2, 3)


class Contrary:
    """Does the work of the oracle as badly as an executor may: backwards, some of it twice, and later once more."""

    peak_rss_bytes = 0

    def __init__(self, seed: int = 0) -> None:
        self._rng = random.Random(seed)

    def run(self, stage: Any, shards: Iterable[Any], *, items: int, block: BlockSpec | None = None) -> Iterator[Any]:
        wanted = list(shards)
        twice = wanted + [shard for shard in wanted if self._rng.random() < 0.5]
        self._rng.shuffle(twice)
        return InProcessExecutor().run(stage, [*twice, *wanted[:1]], items=items, block=block)

    def __enter__(self) -> Contrary:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class ExecutorContract:
    """``opened`` gives an executor, entered for the test."""

    isolates = True
    """Whether an item that crashes its process costs itself alone."""

    @pytest.fixture
    def executor(self) -> Iterator[Executor]:
        with self.opened() as executor:
            yield executor

    def opened(self) -> AbstractContextManager[Executor]:
        raise NotImplementedError

    def results(self, executor: Executor, stage: Callable[..., Any], shards: list[Any]) -> dict[Any, list[Any]]:
        found: dict[Any, list[Any]] = {}
        for done in executor.run(stage, shards, items=sum(len(items) for _, items in shards)):
            # a shard that comes twice says the same
            assert found.setdefault(done.tag, done.results) == done.results
        return found

    def test_every_shard_comes_with_all_its_results_in_their_places(self, executor: Executor) -> None:
        shards = [(tag, list(range(tag, tag * 2))) for tag in range(9)]
        found = self.results(executor, worker_tasks.square, shards)
        assert found == {tag: [item * item for item in items] for tag, items in shards}

    def test_it_runs_further_stages_and_the_same_again(self, executor: Executor) -> None:
        for _ in range(2):
            assert self.results(executor, worker_tasks.square, [("a", [2, 3])]) == {"a": [4, 9]}
            assert self.results(executor, abs, [("b", [-1])]) == {"b": [1]}
        assert self.results(executor, worker_tasks.square, []) == {}

    def test_it_takes_shards_as_they_are_needed(self, executor: Executor) -> None:
        if isinstance(executor, Contrary):
            pytest.skip("takes all at once, to shuffle them")
        taken = itertools.count()
        shards = ((number, [number]) for number in taken)
        run = executor.run(worker_tasks.square, shards, items=100)
        first = next(run)
        assert first.results == [first.tag**2]
        assert next(taken) < 1000

    def test_pixels_come_back_in_blocks_that_are_given_back(self, executor: Executor) -> None:
        shards = [(tag, [tag + 1] * (tag % 4 + 1)) for tag in range(30)]
        seen = {}
        for done in executor.run(worker_tasks.paint, shards, items=30, block=BLOCK):
            assert done.block is not None
            assert done.block.shape == (len(done.results), 2, 3, 3)
            seen[done.tag] = np.unique(done.block).tolist()
            done.release()
            done.release()
        assert seen == {tag: items[:1] for tag, items in shards}

    def test_an_item_that_breaks_its_process_costs_itself(self, executor: Executor) -> None:
        if not self.isolates:
            pytest.skip("has no processes")
        items = [("ok", 1), ("abort", 0), ("ok", 2)]
        (done,) = executor.run(worker_tasks.obey, [("x", items)], items=3)
        assert isinstance(done, Done)
        assert (done.results[0], done.results[2]) == (1, 2)
        assert isinstance(done.results[1], Failure)
        assert done.results[1].kind == "decoder-crash"
