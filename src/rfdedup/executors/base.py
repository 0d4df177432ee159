"""What an executor is: it runs a stage over shards, wherever that may be, and yields results as they come.

A **stage** is a pure function of one item and a frozen context: a picklable, hashable object that is called with the
item, and with a view of shared memory where pixels come back. It knows no store, no pool and no executor. A **shard**
is a tag and a list of items that travel together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Tag = TypeVar("Tag")
Input = TypeVar("Input")
Result = TypeVar("Result")

Stage = Callable[..., Result]
"""``stage(item)``, or ``stage(item, out)`` where a run has blocks; ``out`` is (height, width, 3) uint8."""

FailureKind = Literal["decoder-crash", "timeout", "stalled", "out-of-memory"]


@dataclass(frozen=True, slots=True)
class BlockSpec:
    """Shared memory for results: ``count`` blocks of uint8, each (batch, height, width, 3).

    A shard may hold at most ``batch`` items. ``count`` bounds the memory; None means two blocks a worker
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
    """A finished shard.

    ``results`` is aligned with the shard's items. ``warnings`` holds what was written to stderr or stdout
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


class Executor(Protocol):
    """Runs stages. A context manager: what it holds for them, such as workers, lasts until it is left.

    Every implementation passes ``tests/contract/executors.py``.
    """

    @property
    def peak_rss_bytes(self) -> int:
        """Largest resident memory of a worker so far; 0 where nobody can tell."""
        ...

    def run(
        self,
        stage: Stage[Result],
        shards: Iterable[tuple[Tag, list[Input]]],
        *,
        items: int,
        block: BlockSpec | None = None,
    ) -> Iterator[Done[Tag, Result]]:
        """Yield each shard when it is done, in any order and **at least once**.

        Args:
            stage: see above. Runs of an equal stage and block share what was started for the first of them.
            shards: read lazily, in this thread. What is taken and not yet yielded is bounded.
            items: about how many there will be, in all runs of this stage: no more workers start than they need.
            block: memory for what the stage writes; the consumer must ``release()`` what it is given.

        Raises:
            WorkerError: the work cannot go on, or the stage has a bug.
        """
        ...

    def __enter__(self) -> Any: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
