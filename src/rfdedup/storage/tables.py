"""Arrays and tables of a run folder, opened as regular files only: what lies there may be somebody else's."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfdedup.model.schemas import Verdict
from rfdedup.runtime.table_reader import TableReader
from rfdedup.storage.files import open_regular


@contextmanager
def open_table(path: str | os.PathLike[str], about: pq.FileMetaData | None = None) -> Iterator[TableReader]:
    """A Parquet file, with its metadata where that was read before.

    Raises:
        OSError: it is missing, or a link, pipe, device or folder is in its place.
        ValueError, ArrowException: it is damaged; the same may come of what is read from it.
    """
    with open_regular(path) as stream, TableReader(stream, metadata=about) as table:
        yield table


def has_first_columns(found: pa.Schema, schema: pa.Schema) -> bool:
    """Whether a table has the columns of ``schema``, or the first of them where the others may be null.

    Columns are appended, so this is what an older version wrote.
    """
    known = len(found)
    first = pa.schema(list(schema)[:known])
    return found.equals(first, check_metadata=False) and all(field.nullable for field in list(schema)[known:])


def with_columns(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """A batch with the columns of ``schema``, null where it is of an older version."""
    missing = [pa.nulls(batch.num_rows, field.type) for field in list(schema)[batch.num_columns :]]
    return pa.RecordBatch.from_arrays([*batch.columns, *missing], schema=schema)


def map_array(path: str | os.PathLike[str]) -> npt.NDArray[Any]:
    """An ``.npy`` file as a read-only memory map; raises one of ``ARRAY_ERRORS`` where it is damaged or no file."""
    with open_regular(path) as stream:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("its version is not ours")
        shape, fortran, kind = np.lib.format.read_array_header_1_0(stream)
        if kind.hasobject:
            raise ValueError("it holds objects")
        if 0 in shape:
            return np.empty(shape, kind)
        return np.memmap(stream, kind, "r", stream.tell(), shape, "F" if fortran else "C")


def check_verdicts(verdicts: pa.RecordBatch | pa.Table, rows: int) -> None:
    """Refuse values that no run writes, in all or some rows of a table of ``rows``.

    Raises:
        ValueError: a verdict is unknown, a group has a number beyond the rows, a size or a path cannot be one, or a
            score is not a number.
    """
    known = pa.array([str(verdict) for verdict in Verdict])
    if not _all(pc.is_in(verdicts["verdict"], value_set=known)):
        raise ValueError("a verdict is neither keep, drop nor error")
    if not _within(verdicts["group"], 0, rows - 1):
        raise ValueError("a group has a number that no group can have")
    if not (
        _within(verdicts["bytes"], 0, 1 << 60) and _within(verdicts["width"], 0) and _within(verdicts["height"], 0)
    ):
        raise ValueError("a size is not that of a file")
    for name in ("root", "king_root", "path"):
        if not _all(pc.invert(pc.match_substring(verdicts[name], "\0"))):
            raise ValueError("a path holds a zero byte")
    for name in ("score", "threshold"):
        if not _all(pc.is_finite(verdicts[name])):
            raise ValueError(f"a {name} is not a number")


def check_links(links: pa.Table, rows: int) -> None:
    """Refuse links that are not between two of so many rows.

    Raises:
        ValueError: there is one.
    """
    if not (_within(links["a"], 0, rows - 1) and _within(links["b"], 0, rows - 1)):
        raise ValueError("a link names a row that does not exist")


def check_evidence(evidence: pa.Table, rows: int) -> None:
    """Refuse evidence that no comparison of two of so many rows gives.

    Raises:
        ValueError: it names rows that do not exist, twice or out of order, unknown kinds, or what is no number.
    """
    if not (_within(evidence["row"], 0, rows - 1) and _within(evidence["king_row"], 0, rows - 1)):
        raise ValueError("evidence names a row that does not exist")
    if (np.diff(evidence["row"].to_numpy(zero_copy_only=False)) <= 0).any():
        raise ValueError("rows of evidence are not in order")
    for name, known in (("same", ("copy", "moment")), ("side", ("none", "subject", "king", "both"))):
        if not _all(pc.is_in(evidence[name], value_set=pa.array(known))):
            raise ValueError(f"{name} is not what a comparison finds")
    for field in evidence.schema:
        values = evidence[field.name]
        values = pc.list_flatten(values) if pa.types.is_fixed_size_list(field.type) else values
        if pa.types.is_floating(values.type) and not _all(pc.is_finite(values)):
            raise ValueError(f"a {field.name} is not a number")


def _within(column: Any, low: int, high: int | None = None) -> bool:
    ends = pc.min_max(column)
    least, most = ends["min"].as_py(), ends["max"].as_py()
    return least is None or (least >= low and (high is None or most <= high))


def _all(column: Any) -> bool:
    """Whether all values are true; nulls count as true."""
    return bool(pc.all(pc.fill_null(column, True)).as_py() is not False)
