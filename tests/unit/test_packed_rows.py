"""Rows of octets, in memory and in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rfdedup.storage import packed_rows
from rfdedup.storage.packed_rows import PackedRows


@pytest.mark.parametrize("limit", [1 << 20, 10])
def test_rows_are_read_as_they_were_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(packed_rows, "_IN_MEMORY", limit)
    rows = PackedRows(tmp_path)
    rows.extend([[b"abc", None], [b""], [b"0123456789" * 3]])
    assert rows.take(np.array([3, 0, 1, 2])) == [b"0123456789" * 3, b"abc", b"", b""]
    rows.extend(iter([[b"later"], [b"x" * 50]]))
    assert len(rows) == 6
    assert rows.take(np.array([4, 5, 0])) == [b"later", b"x" * 50, b"abc"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_added_is_nothing(tmp_path: Path) -> None:
    rows = PackedRows(tmp_path)
    rows.extend([])
    assert len(rows) == 0
