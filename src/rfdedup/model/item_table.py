"""Many items in columns: a million of them take 85 MiB with their names, and 330 MiB as objects."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, repeat
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.model.items import Item

_NUMBERS: Final[dict[str, type[np.generic]]] = {
    "size": np.int64,
    "mtime_ns": np.int64,
    "inode": np.uint64,
    "device": np.uint64,
    "links": np.int64,
}
_SAID: Final = ("version", "place", "split", "label", "frame", "time")
"""What few data sets say of their items: no column where none does."""
_BLOCK: Final = 1 << 14
"""Items that are taken in, or made, at a time."""


class ItemTable(Sequence[Item]):
    """Items in an order, held as columns; an ``Item`` is made when one is asked for.

    Attributes:
        keys: (n,) binary, the column ``path_bytes`` of all tables.
        roots: of all items, each once. root: (n,) int32, place in ``roots``.
        size, mtime_ns: (n,) int64. inode, device: (n,) uint64. links: (n,) int64. See ``Item``.
        said: what data sets say, (n,) object by name; names that no item has a value of are left out.
    """

    def __init__(
        self,
        keys: pa.Array,
        roots: list[str],
        root: npt.NDArray[np.int32],
        numbers: dict[str, npt.NDArray[Any]],
        said: dict[str, npt.NDArray[np.object_]],
    ) -> None:
        self.keys, self.roots, self.root, self.said = keys, roots, root, said
        self._numbers = numbers
        self.size, self.mtime_ns = numbers["size"], numbers["mtime_ns"]
        self.inode, self.device, self.links = numbers["inode"], numbers["device"], numbers["links"]

    @classmethod
    def of(cls, items: Iterable[Item]) -> ItemTable:
        """Take items in, in their order. A table stays as it is."""
        if isinstance(items, cls):
            return items
        codes: dict[str, int] = {}
        parts: list[ItemTable] = []
        left = iter(items)
        while some := list(islice(left, _BLOCK)):
            root = np.array([codes.setdefault(item.root, len(codes)) for item in some], np.int32)
            numbers = {name: np.array([getattr(item, name) for item in some], kind) for name, kind in _NUMBERS.items()}
            said = {name: _objects([getattr(item, name) for item in some]) for name in _SAID}
            said = {name: values for name, values in said.items() if any(value is not None for value in values)}
            parts.append(cls(pa.array([item.key_bytes for item in some], pa.binary()), [], root, numbers, said))
        return cls._joined(parts, list(codes))

    @classmethod
    def _joined(cls, parts: list[ItemTable], roots: list[str]) -> ItemTable:
        if not parts:
            numbers = {name: np.empty(0, kind) for name, kind in _NUMBERS.items()}
            return cls(pa.array([], pa.binary()), roots, np.empty(0, np.int32), numbers, {})
        names = [name for name in _SAID if any(name in part.said for part in parts)]
        return cls(
            pa.concat_arrays([part.keys for part in parts]),
            roots,
            np.concatenate([part.root for part in parts]),
            {name: np.concatenate([part._numbers[name] for part in parts]) for name in parts[0]._numbers},
            {
                name: np.concatenate([part.said.get(name, np.full(len(part), None, object)) for part in parts])
                for name in names
            },
        )

    def take(self, rows: npt.NDArray[np.int64]) -> ItemTable:
        """The items at some places, in that order."""
        return ItemTable(
            self.keys.take(pa.array(rows)),
            self.roots,
            self.root[rows],
            {name: values[rows] for name, values in self._numbers.items()},
            {name: values[rows] for name, values in self.said.items()},
        )

    def __len__(self) -> int:
        return len(self.root)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> list[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | list[Item]:
        if isinstance(at, slice):
            begin, end, step = at.indices(len(self))
            return list(self._items(begin, end)) if step == 1 else [self[i] for i in range(begin, end, step)]
        place = range(len(self))[at]
        return next(self._items(place, place + 1))

    def __iter__(self) -> Iterator[Item]:
        for begin in range(0, len(self), _BLOCK):
            yield from self._items(begin, min(begin + _BLOCK, len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ItemTable | list):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def _items(self, begin: int, end: int) -> Iterator[Item]:
        said = (self.said[name][begin:end] if name in self.said else repeat(None) for name in _SAID)
        columns = zip(
            self.root[begin:end].tolist(),
            self.keys[begin:end].to_pylist(),
            *(values[begin:end].tolist() for values in self._numbers.values()),
            *said,
            strict=False,
        )
        for root, key, *rest in columns:
            yield Item(self.roots[root], os.fsdecode(key), *rest)

    def sort_keys(self) -> Iterator[bytes]:
        """``Item.sort_key`` of each."""
        folders = [Item(root, "", 0, 0, 0, 0, 0).sort_key for root in self.roots]
        for begin in range(0, len(self), _BLOCK):
            codes = self.root[begin : begin + _BLOCK].tolist()
            for code, key in zip(codes, self.keys[begin : begin + _BLOCK].to_pylist(), strict=True):
                yield folders[code] + key

    def root_column(self) -> pa.Array:
        """``root`` of each as text, for tables."""
        return pa.DictionaryArray.from_arrays(pa.array(self.root), pa.array(self.roots, pa.string())).cast(pa.string())


def _objects(values: list[Any]) -> npt.NDArray[np.object_]:
    """A column of whatever, also of what numpy would take for an array."""
    column = np.empty(len(values), object)
    column[:] = values
    return column
