"""Proposed pairs go to an executor, and what it finds into the memory of the run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.executors.base import Executor, Failure
from rfdedup.executors.choice import open_executor
from rfdedup.features.settings import limits_of
from rfdedup.model.config import RunConfig
from rfdedup.model.evidence import Evidence, swapped
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.runtime.progress import Watch
from rfdedup.stages.compare import CompareTask, Unreadable, change_limits, comparison_key
from rfdedup.storage.comparisons import ComparisonStore, Pair
from rfdedup.storage.feature_store import FeatureStore

Rows = npt.NDArray[np.int64]

PAIRS_A_SHARD: Final = 8
"""Pairs that travel to a worker together."""
PAIRS_KEPT_TOGETHER: Final = 512
"""Pairs that are written together, and that a crash can cost."""


@dataclass
class Comparer:
    """Compares rows of one run; what its folder remembers is not compared again.

    A context manager: what its executor starts with the first pair stays, since pairs come a few at a time.
    """

    image_set: ImageSet
    config: RunConfig
    watch: Watch
    memory: ComparisonStore
    executor: Executor

    def __enter__(self) -> Comparer:
        self.executor.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.executor.__exit__(kind, error, trace)
        self.watch.worker_peak = max(self.watch.worker_peak, self.executor.peak_rss_bytes)

    @classmethod
    def of(cls, image_set: ImageSet, store: FeatureStore, config: RunConfig, watch: Watch) -> Comparer:
        memory = ComparisonStore(store.folder, comparison_key(config))
        store.damaged += memory.damaged
        return cls(image_set, config, watch, memory, open_executor(config))

    def compare(self, a: Rows, b: Rows) -> tuple[list[Evidence | None], dict[int, Fault]]:
        """Evidence of each pair, with the first of the pair as subject and the second as king; faults by row.

        Pairs that touch a row with a fault have None, and so have pairs that a worker died of: they stay unproved.
        """
        digests = self.image_set.features["sha256"]
        ends = [digests.take(pa.array(rows)).to_pylist() for rows in (a, b)]
        pairs = list(zip(*ends, strict=True))
        keys: list[Pair] = [(min(pair), max(pair)) for pair in pairs]
        wanted: dict[Pair, tuple[int, int]] = {}
        for key, one, other in zip(keys, a.tolist(), b.tolist(), strict=True):
            if key not in self.memory.known:
                wanted.setdefault(key, (one, other) if digests[one].as_py() == key[0] else (other, one))
        faults = self._run(wanted) if wanted else {}
        found: list[Evidence | None] = []
        for key, pair in zip(keys, pairs, strict=True):
            evidence = self.memory.known.get(key)
            found.append(evidence if evidence is None or pair == key else swapped(evidence))
        return found, faults

    def _run(self, wanted: dict[Pair, tuple[int, int]]) -> dict[int, Fault]:
        """Compare ``wanted`` pairs. What is remembered together is cut by their order, not by the clock."""
        faults: dict[int, Fault] = {}
        # in order of the lower row, so that a worker decodes what they share once
        ordered = sorted(wanted.items(), key=lambda item: (min(item[1]), max(item[1])))
        parts = _Parts(len(ordered), self.memory)
        task = CompareTask(limits_of(self.config), change_limits(self.config))
        most = len(self.image_set.files)
        with self.watch.stage("compare", len(ordered)), parts:
            for done in self.executor.run(task, self._shards(ordered), items=most):
                found: dict[Pair, Evidence] = {}
                for (pair, rows), result in zip(ordered[done.tag :], done.results, strict=False):
                    if isinstance(result, Evidence):
                        found[pair] = result
                    elif isinstance(result, Unreadable):
                        faults[rows[result.end]] = result.fault
                    elif not isinstance(result, Failure):
                        raise TypeError(f"a comparison gave {result!r}")
                parts.add(done.tag, len(done.results), found)
                self.watch.advance(len(done.results))
        return faults

    def _shards(self, ordered: list[tuple[Pair, tuple[int, int]]]) -> Iterator[tuple[int, list[tuple[Item, Item]]]]:
        """Pairs that travel to a worker together, with the place of the first."""
        for begin in range(0, len(ordered), PAIRS_A_SHARD):
            part = ordered[begin : begin + PAIRS_A_SHARD]
            yield begin, [(self.image_set.files[one], self.image_set.files[other]) for _, (one, other) in part]


class _Parts:
    """Pairs that were compared, remembered in parts of ``PAIRS_KEPT_TOGETHER`` by their place, each when it is whole.

    A context manager: what came of the others is remembered when it is left. A shard that comes twice changes nothing.
    """

    def __init__(self, pairs: int, memory: ComparisonStore) -> None:
        self._memory = memory
        self._come = np.zeros(pairs, np.bool_)
        self._found: dict[int, dict[Pair, Evidence]] = {}

    def add(self, at: int, count: int, found: dict[Pair, Evidence]) -> None:
        """``count`` pairs from place ``at`` on are done; all of them are of one part."""
        if self._come[at]:
            return
        self._come[at : at + count] = True
        begin = at - at % PAIRS_KEPT_TOGETHER
        self._found.setdefault(begin, {}).update(found)
        if self._come[begin : begin + PAIRS_KEPT_TOGETHER].all():
            self._memory.add(self._found.pop(begin))

    def __enter__(self) -> _Parts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for begin in sorted(self._found):
            self._memory.add(self._found.pop(begin))
