"""Descriptors in half precision: in memory while they are few, else in a file, whose pages come and go."""

from __future__ import annotations

import mmap
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from rfdedup.neighbors.vectors import let_go
from rfdedup.storage import half_precision
from rfdedup.storage.half_precision import HalfPrecision


@pytest.mark.parametrize("limit", [0, 600, 1 << 20])
def test_rows_may_become_more_wherever_they_lie(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(half_precision, "_IN_MEMORY", limit)
    x = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    stored = HalfPrecision(tmp_path)
    assert len(stored.rows) == 0
    for begin, middle, end in ((0, 10, 30), (30, 30, 30), (30, 45, 60)):
        stored.extend([x[begin:middle], x[middle:end]] if end > begin else [], end - begin)
        assert stored.rows.tolist() == x[:end].astype(np.float16).tolist()
    assert isinstance(stored.rows, np.memmap) == (limit < 60 * 16)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell the size of mapped pages otherwise")
def test_pages_that_are_let_go_leave_the_process_and_keep_their_content(tmp_path: Path) -> None:
    size = 64 << 20
    np.save(tmp_path / "x.npy", np.full((size // 2048, 1024), 0.5, np.float16))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    view = np.asarray(x)[5:]
    before = psutil.Process().memory_info().rss
    assert view.sum(dtype=np.float64) == view.size / 2
    assert psutil.Process().memory_info().rss - before > size // 2
    let_go(view)
    assert psutil.Process().memory_info().rss - before < size // 4
    assert view[-1, -1] == 0.5
    changed = np.load(tmp_path / "x.npy", mmap_mode="c")
    changed[0, 0] = 7
    let_go(changed)
    assert changed[0, 0] == 7


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX memory maps")
def test_memory_that_is_not_of_a_file_is_left_alone() -> None:
    # pages that the system lets go would come back as zeros
    memory = mmap.mmap(-1, 4 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    numbers = np.ndarray(mmap.PAGESIZE, np.float32, buffer=memory)
    numbers[:] = 1.5
    let_go(numbers)
    assert (numbers == 1.5).all()
