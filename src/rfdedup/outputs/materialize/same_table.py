"""A Parquet file without the rows that were dropped: schema, metadata, columns and order of row groups stay."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.items import version_of
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.outputs.materialize.pieces import Refusal
from rfdedup.outputs.materialize.rows import checked
from rfdedup.outputs.materialize.same_tar import CHANGED
from rfdedup.outputs.materialize.target import Sink
from rfdedup.runtime.table_reader import TableReader
from rfdedup.sources.containers import PARQUET
from rfdedup.storage.files import open_regular

_BATCH_ROWS: Final = 64
_BUFFER: Final = 1 << 20
_PACKINGS: Final = {"UNCOMPRESSED": "NONE", **{name: name for name in ("SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4")}}
"""How the packings of columns are called when they are written; others are packed by zstd."""


def write_table(
    root: str, version: str | None, facts: list[dict[str, Any]], goes: set[int], sink: Sink
) -> list[Refusal]:
    """Write the Parquet file ``root`` without the rows that do not go; see ``same_tar.write_tar``."""
    with open_regular(root) as stream:
        if version_of(os.fstat(stream.fileno())) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        refused = {row["row"]: Refusal(row["row"], *CHANGED) for row in facts if row["row"] in goes}
        wanted = {row["offset"]: row for row in facts if row["row"] in goes}
        column = facts[0]["source"].removeprefix(PARQUET) if facts else ""
        try:
            with TableReader(stream, buffer_size=_BUFFER) as table:
                options = _options(table)
                with pq.ParquetWriter(sink, table.schema_arrow, **options) as writer:
                    for group in _groups(table, column, wanted, refused):
                        writer.write_table(group, row_group_size=max(group.num_rows, 1))
        except TABLE_ERRORS as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        if version_of(os.stat(root)) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        return [refused[row] for row in sorted(refused)]


def _groups(
    table: TableReader, column: str, wanted: dict[int, dict[str, Any]], refused: dict[int, Refusal]
) -> Iterator[pa.Table]:
    """What stays of each row group; those of which nothing stays go."""
    number = 0
    for group in range(table.num_row_groups):
        parts = []
        for batch in table.iter_batches(_BATCH_ROWS, row_groups=[group]):
            keep = []
            for at in range(batch.num_rows):
                image = wanted.get(number + at)
                keep.append(image is not None and _take(batch, at, column, image, refused))
            if any(keep):
                parts.append(batch.filter(pa.array(keep, pa.bool_())))
            number += batch.num_rows
        if parts:
            yield pa.Table.from_batches(parts, schema=table.schema_arrow)


def _take(batch: pa.RecordBatch, at: int, column: str, image: dict[str, Any], refused: dict[int, Refusal]) -> bool:
    names = column.split(".")
    value = batch.column(names[0])[at].as_py()
    for name in names[1:]:
        value = None if value is None else value[name]
    if not isinstance(value, bytes):
        return False
    data = checked(value, image)
    if isinstance(data, tuple):
        refused[image["row"]] = Refusal(image["row"], *data)
        return False
    refused.pop(image["row"], None)
    return True


def _options(table: TableReader) -> dict[str, Any]:
    """How the columns of a file are packed, as its first row group tells."""
    about = table.metadata
    if not about.num_row_groups:
        return {"compression": "zstd"}
    group = about.row_group(0)
    packed = {}
    for i in range(group.num_columns):
        column = group.column(i)
        packed[column.path_in_schema] = _PACKINGS.get(column.compression, "ZSTD")
    return {"compression": packed, "write_page_index": False}
