"""Reading members of containers: opened once in each process and kept, a few at a time.

A member is read where the plan found it, as long as the container is the one that was planned: its version, that is
size, time and inode, is looked at after each read.
"""

from __future__ import annotations

import os
import threading
import zlib
from abc import ABC, abstractmethod
from collections import OrderedDict
from io import BufferedReader
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final, Protocol

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ImageError
from rfdedup.model.items import Item, Place, version_of
from rfdedup.sources.film_reading import FILM, FilmFrames
from rfdedup.storage.files import NotRegularError, open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW: Final = frozenset({"tar", "zip"})
"""Sources whose members lie in the container as they are."""
DEFLATED: Final = "zip deflated"
PARQUET: Final = "parquet "
"""What a source begins with whose members are values of a column; its path follows."""
HELD: Final = 8
"""Containers that a process holds open."""
HELD_FILMS: Final = 2
"""Films that a process holds open: each holds up to 16 decoded frames that others refer to."""
_BATCH_ROWS: Final = 16
"""Rows of a table that are decoded together: pictures of a few MB each must fit into a worker."""
_BUFFER: Final = 1 << 20
_AWAY = "the container changed while the run was reading it; run again when it is at rest"


def read_member(item: Item, place: Place, limits: DecodeLimits) -> bytes:
    """Bytes of an item that lies inside its root.

    Raises:
        ImageError: ``unreadable`` and ``unstable`` as for files, both of the container; ``unsupported-format`` where
            it is stored in a way that is not read; ``truncated`` and ``corrupt`` where it is damaged.
    """
    if place.source not in (*RAW, DEFLATED, FILM) and not place.source.startswith(PARQUET):
        raise ImageError("unsupported-format", f"stored in a way that is not read: {place.source}")
    if place.length > limits.max_bytes and place.source != FILM:
        raise ImageError("too-large", f"{place.length} bytes; the limit is {limits.max_bytes}")
    try:
        data = (_films if place.source == FILM else _held).get(item, place).read(item, place)
        if version_of(os.stat(item.root)) != item.version:
            raise ImageError("unstable", _AWAY)
    except NotRegularError as error:
        raise ImageError("unstable", f"{error.strerror} any more; run again when it is at rest") from None
    except OSError as error:
        raise ImageError("unreadable", error.strerror or str(error)) from None
    return data


class _Opened(Protocol):
    """A container that is open. Any thread may read."""

    def read(self, item: Item, place: Place) -> bytes: ...


class _Container(ABC):
    """A container whose members are bytes."""

    def __init__(self, stream: BufferedReader) -> None:
        self.stream = stream
        self.lock = threading.Lock()

    @abstractmethod
    def read(self, item: Item, place: Place) -> bytes:
        """The bytes of one member; raises ``ImageError`` where they are damaged."""


class _Bytes(_Container):
    """Members lie one after the other, plain or deflated."""

    def read(self, item: Item, place: Place) -> bytes:
        with self.lock:
            self.stream.seek(place.offset)
            data = self.stream.read(place.length)
        if len(data) != place.length:
            raise ImageError("truncated", "its container ends before it does")
        if place.source != DEFLATED:
            return data
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        try:
            # one byte more than it says: a bomb is not unpacked
            data = inflater.decompress(data, item.size + 1)
        except zlib.error as error:
            raise ImageError("corrupt", f"its container holds it damaged ({error})") from None
        if len(data) != item.size:
            raise ImageError("corrupt", "its container holds another number of bytes than it says")
        return data


class _Rows(_Container):
    """A column of a Parquet file. Goes forward through a row group, and holds the rows that it is at."""

    def __init__(self, stream: BufferedReader, column: str) -> None:
        from rfdedup.runtime.table_reader import TableReader

        super().__init__(stream)
        self.column = column
        self.file = TableReader(stream, buffer_size=_BUFFER)
        about = self.file.metadata
        self.ends = list(accumulate(about.row_group(i).num_rows for i in range(about.num_row_groups)))
        self.batches: Iterator[Any] = iter(())
        self.group, self.begin, self.held = -1, 0, None

    def read(self, item: Item, place: Place) -> bytes:
        from rfdedup.model.schemas import TABLE_ERRORS

        with self.lock:
            try:
                value = self._value(place.offset)
            except TABLE_ERRORS as error:
                self.group, self.held = -1, None
                if isinstance(error, OSError) and error.errno is not None:
                    raise
                raise ImageError("corrupt", f"its table is damaged ({' '.join(str(error).split())})") from None
        if value is None or len(value) != item.size:
            raise ImageError("corrupt", "its table holds another number of bytes than it says")
        return value

    def _value(self, row: int) -> bytes | None:
        group = next((i for i, end in enumerate(self.ends) if row < end), -1)
        if group < 0:
            return None
        if group != self.group or row < self.begin:
            self.group, self.held = group, None
            self.begin = self.ends[group - 1] if group else 0
            self.batches = self.file.iter_batches(_BATCH_ROWS, row_groups=[group], columns=[self.column])
        while self.held is None or row >= self.begin + len(self.held):
            self.begin += 0 if self.held is None else len(self.held)
            batch = next(self.batches, None)
            if batch is None:
                self.group = -1
                return None
            self.held = leaf(batch.column(0))
        value: bytes | None = self.held[row - self.begin].as_py()
        return value


def leaf(column: Any) -> Any:
    """The values below the structs that a column read by its path comes in."""
    import pyarrow as pa
    import pyarrow.compute as pc

    while pa.types.is_struct(column.type):
        column = pc.struct_field(column, [0])
    return column


class _Held:
    """The containers that this process read last, ``most`` of them."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open: OrderedDict[tuple[str, str | None, str], _Opened] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, item: Item, place: Place) -> _Opened:
        """The container of an item, open. One that is let go is closed when nobody reads it any more."""
        key = item.root, item.version, place.source if place.source.startswith(PARQUET) else ""
        with self._lock:
            if key in self._open:
                self._open.move_to_end(key)
                return self._open[key]
        opened = self._opened(item, place)
        with self._lock:
            self._open[key] = opened
            while len(self._open) > self._most:
                self._open.popitem(last=False)
        return opened

    def _opened(self, item: Item, place: Place) -> _Opened:
        from rfdedup.model.schemas import TABLE_ERRORS

        stream = open_regular(item.root)
        try:
            if version_of(os.fstat(stream.fileno())) != item.version:
                raise ImageError("unstable", _AWAY)
            if place.source == FILM:
                return FilmFrames(stream)
            if not place.source.startswith(PARQUET):
                return _Bytes(stream)
            return _Rows(stream, place.source.removeprefix(PARQUET))
        except ImageError:
            stream.close()
            raise
        except TABLE_ERRORS as error:
            stream.close()
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise ImageError("corrupt", f"its table is damaged ({' '.join(str(error).split())})") from None


_held, _films = _Held(HELD), _Held(HELD_FILMS)
