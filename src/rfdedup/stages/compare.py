"""Comparison: proposed pairs are decoded again and laid over each other by workers; each comes back with evidence."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import TracebackType
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.comparison import VIEW_SIDE, ChangeLimits, View, compare, make_view
from rfdedup.executors.files import FLUSH_SECONDS, file_pool, limits_of
from rfdedup.executors.local import Failure, Pool
from rfdedup.imaging import DecodeLimits, decode
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError
from rfdedup.model.evidence import Evidence
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import SourceFile
from rfdedup.runtime.progress import Watch
from rfdedup.sources.reading import read_stable
from rfdedup.storage.comparisons import ComparisonStore, Pair, swapped
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.known_features import feature_key

Rows = npt.NDArray[np.int64]

VERSION: Final = 5
"""Raise when a comparison may come out differently: what older versions compared is then compared again."""
CHUNK: Final = 8
"""Pairs that travel to a worker together."""
_HELD: Final = 24
"""Views that a worker holds: pairs that share a picture come after each other."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why a pair could not be compared: the ``end`` (0 or 1) that could not be read again, and its fault."""

    end: int
    fault: Fault


@dataclass(frozen=True)
class CompareTask:
    """Read both files of a pair, decode them as large as differences show, and compare them."""

    limits: DecodeLimits
    bounds: ChangeLimits

    def __call__(self, pair: tuple[SourceFile, SourceFile]) -> Evidence | Unreadable:
        views: list[View] = []
        for end, file in enumerate(pair):
            try:
                views.append(view_of(file, self.limits))
            except ImageError as error:
                return Unreadable(end, (error.kind, error.detail))
        return compare(views[0], views[1], limits=self.bounds)


@lru_cache(maxsize=_HELD)
def view_of(file: SourceFile, limits: DecodeLimits) -> View:
    """What is compared of a file.

    Raises:
        ImageError: it cannot be read or decoded, or has changed since the scan.
    """
    picture = decode(read_stable(file, limits), at_least=VIEW_SIDE, limits=limits)
    return make_view(picture.rgb, picture.width, picture.height, picture.jpeg_quality)


def change_limits(config: RunConfig) -> ChangeLimits:
    """The limits of change that a configuration asks for."""
    usual = ChangeLimits()
    names = ("max_change", "least_max_change", "max_change_alone", "max_change_crowd")
    return replace(usual, **{name: getattr(usual, name) * config.compare.max_change for name in names})


def comparison_key(config: RunConfig) -> str:
    """Identity of what decides a comparison: decoder, version and limits."""
    return f"{feature_key(config)} comparison {VERSION} {change_limits(config)}"


@dataclass
class Comparer:
    """Compares rows of one run; what its folder remembers is not compared again.

    A context manager: its workers start with the first pair and stay, since pairs come a few at a time.
    """

    image_set: ImageSet
    config: RunConfig
    watch: Watch
    memory: ComparisonStore
    _open: ExitStack = field(default_factory=ExitStack)
    _workers: Pool[tuple[SourceFile, SourceFile], Evidence | Unreadable] | None = None

    def __enter__(self) -> Comparer:
        self._open.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self.watch.worker_peak = max(self.watch.worker_peak, self._workers.stats.peak_rss_bytes)
        self._workers = None
        self._open.__exit__(kind, error, trace)

    def _pool(self) -> Pool[tuple[SourceFile, SourceFile], Evidence | Unreadable]:
        if self._workers is None:
            task = CompareTask(limits_of(self.config), change_limits(self.config))
            self._workers = self._open.enter_context(file_pool(task, len(self.image_set.files), self.config))
        return self._workers

    @classmethod
    def of(cls, image_set: ImageSet, store: FeatureStore, config: RunConfig, watch: Watch) -> Comparer:
        memory = ComparisonStore(store.folder, comparison_key(config))
        store.damaged += memory.damaged
        return cls(image_set, config, watch, memory)

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
        faults: dict[int, Fault] = {}
        fresh: dict[Pair, Evidence] = {}
        since = time.monotonic()
        with self.watch.stage("compare", len(wanted)):
            try:
                for done in self._pool().run(self._chunks(wanted)):
                    for (key, rows), result in zip(done.tag, done.results, strict=True):
                        if isinstance(result, Evidence):
                            fresh[key] = result
                        elif isinstance(result, Unreadable):
                            faults[rows[result.end]] = result.fault
                        elif not isinstance(result, Failure):
                            raise TypeError(f"a comparison gave {result!r}")
                    self.watch.advance(len(done.results))
                    if time.monotonic() - since > FLUSH_SECONDS:
                        self.memory.add(fresh)
                        fresh, since = {}, time.monotonic()
            finally:
                self.memory.add(fresh)
        return faults

    def _chunks(
        self, wanted: dict[Pair, tuple[int, int]]
    ) -> Iterator[tuple[Sequence[tuple[Pair, tuple[int, int]]], list[tuple[SourceFile, SourceFile]]]]:
        """Pairs in order of their lower row, so that a worker decodes what they share once."""
        ordered = sorted(wanted.items(), key=lambda item: (min(item[1]), max(item[1])))
        for begin in range(0, len(ordered), CHUNK):
            part = ordered[begin : begin + CHUNK]
            yield part, [(self.image_set.files[one], self.image_set.files[other]) for _, (one, other) in part]
