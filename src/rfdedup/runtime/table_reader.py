"""Parquet files behind streams of Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq


class TableReader(pq.ParquetFile):  # type: ignore[misc]
    """A Parquet file behind a Python stream, which the calling thread alone reads.

    Threads of Arrow let go of the buffers of Python when they like: where the interpreter ends at that moment, the
    process aborts ("terminate called without an active exception") after all of its work.
    """

    def __init__(self, stream: BinaryIO, **options: Any) -> None:
        super().__init__(stream, pre_buffer=False, **options)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        return super().read(columns, use_threads=False)

    def read_row_group(self, number: int, columns: Sequence[str] | None = None) -> pa.Table:
        return super().read_row_group(number, columns, use_threads=False)

    def iter_batches(
        self, rows: int = 65536, row_groups: Sequence[int] | None = None, columns: Sequence[str] | None = None
    ) -> Iterator[pa.RecordBatch]:
        yield from super().iter_batches(rows, row_groups, columns, use_threads=False)
