"""Tables are read by the calling thread alone: a thread that outlives its caller aborts a process that ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfdedup.runtime.table_reader import TableReader

READ = """
import os, sys
from rfdedup.runtime.table_reader import TableReader
began = len(os.listdir("/proc/self/task"))
for read in (
    lambda table: table.read(),
    lambda table: table.read(["b"]),
    lambda table: table.read_row_group(1),
    lambda table: list(table.iter_batches(7, [0, 2], ["a"])),
):
    with open(sys.argv[1], "rb") as stream, TableReader(stream) as table:
        read(table)
print(len(os.listdir("/proc/self/task")) - began)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "table.parquet"
    names = [f"column {n}" for n in range(20)]
    table = pa.table({"a": range(90), "b": [str(n) for n in range(90)], **{name: [0.5] * 90 for name in names}})
    pq.write_table(table, path, row_group_size=30)
    return path


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="counts threads by /proc, which Linux has")
def test_reading_starts_no_thread(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", READ, str(file)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "0"), done.stderr


def test_it_reads_what_a_parquet_file_reads(file: Path) -> None:
    with file.open("rb") as stream, TableReader(stream) as table:
        assert table.read() == pq.read_table(file)
        assert table.read(["b"]) == pq.read_table(file, columns=["b"])
        assert table.read_row_group(2, ["a"])["a"].to_pylist() == list(range(60, 90))
        batches = list(table.iter_batches(20, [1], ["a"]))
    assert [batch.num_rows for batch in batches] == [20, 10]
