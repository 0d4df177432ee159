"""What goes into a pool of workers and what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tag = TypeVar("Tag")
Item = TypeVar("Item")
Result = TypeVar("Result")

FailureKind = Literal["decoder-crash", "timeout", "stalled", "out-of-memory"]


MOST_STALLS = 10
"""A worker that does next to nothing for so many times ``stall_seconds`` hangs as well."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a worker may take before it is killed.

    ``file_seconds``: processor time of the worker on one item: a machine under load takes as long as it takes.
    ``stall_seconds``: wall time on one item without processor time, as when a disk or a network hangs; times
    ``MOST_STALLS``, wall time on one item whatever it does. ``memory_mb``: resident memory (MiB) besides the shared
    blocks. ``start_seconds``: time from the start of the process until it can take work.
    """

    file_seconds: float = 20.0
    stall_seconds: float = 120.0
    memory_mb: int = 2048
    start_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """Shared memory for results: ``count`` blocks of uint8, each (batch, height, width, 3).

    A chunk may hold at most ``batch`` items. ``count`` bounds the memory; None means two blocks a worker
    (one filled, one next) and two for the consumer.
    """

    batch: int
    height: int
    width: int
    count: int | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        return self.batch, self.height, self.width, 3


@dataclass(frozen=True, slots=True)
class Failure:
    """Stands in for the result of an item that broke its worker, also when it was tried again alone."""

    kind: FailureKind
    detail: str


@dataclass(slots=True, eq=False)
class Done(Generic[Tag, Result]):
    """A finished chunk.

    ``results`` is aligned with the chunk's items. ``warnings`` holds what was written to stderr or stdout
    (by C libraries, mostly) by item index, the last 2 KB of each. ``block`` is a view (items, height, width,
    3) of shared memory, row i written by item i; the row of a Failure is zero. It is valid until
    ``release()``, which hands the block back to the workers and may be called from any thread, repeatedly.
    """

    tag: Tag
    results: list[Result | Failure]
    warnings: dict[int, str]
    block: NDArray[np.uint8] | None = None
    _give_back: Callable[[], None] | None = field(default=None, repr=False)

    def release(self) -> None:
        give_back, self._give_back = self._give_back, None
        self.block = None
        if give_back is not None:
            give_back()


@dataclass(slots=True)
class PoolStats:
    """What the workers took so far. Peak memory is sampled every 50 ms; CPU as reported with each chunk."""

    starts: int = 0
    restarts: int = 0
    peak_rss_bytes: int = 0
    cpu_seconds: float = 0.0
