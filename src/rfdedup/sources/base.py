"""What a source of images is: it plans what there is, and hands out readers that workers open.

``folder`` is one. Archives, tables, buckets and films are others: their items name a place inside a container, and a
reader is asked for many items at once, in the order of the plan, so that it can go through a container once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Protocol

from rfdedup.model.faults import Fault
from rfdedup.model.items import Item


class Reader(Protocol):
    """Reads items, in the process that opened it. A context manager: what it holds open ends with it."""

    def fetch(self, items: Sequence[Item]) -> Iterator[bytes | Fault]:
        """The bytes of each item in turn, or why there are none: an item that fails costs itself alone.

        An item that has changed since it was planned is the fault ``unstable``.
        """
        ...

    def __enter__(self) -> Any: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Source(Protocol):
    """Where images come from. Picklable; every implementation passes ``tests/contract/sources.py``."""

    def plan(self) -> list[list[Item]]:
        """Shards of items in the order of the rows: the same for the same content, on every machine.

        Raises:
            InputError: what the user named cannot be used.
        """
        ...

    def open(self) -> Reader:
        """A reader, for the process that calls this."""
        ...
