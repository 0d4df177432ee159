"""Pairs that a run remembers to have compared are found again, unless their file is damaged or of another key."""

from __future__ import annotations

from pathlib import Path

from rfdedup.model.evidence import Evidence, Kind, Side
from rfdedup.storage.comparisons import ComparisonStore, remembered_kinds


def found(kind: Kind) -> Evidence:
    return Evidence(kind, kind, (1.0, 0.1, 2.0, -0.1, 1.0, 3.25), True, 9, 0.9, 0.8, 7, 0.01, Side.KING, True, 64, "x")


def test_what_was_compared_is_known_to_the_next_run(tmp_path: Path) -> None:
    first = {("a" * 64, f"{i:064x}"): found(kind) for i, kind in enumerate(Kind)}
    ComparisonStore(tmp_path, "key").add(first)
    second = {("b" * 64, "c" * 64): found(Kind.MOMENT)}
    ComparisonStore(tmp_path, "key").add(second)
    again = ComparisonStore(tmp_path, "key")
    assert again.damaged == []
    assert again.known == first | second
    assert ("b" * 64, "c" * 64, "moment") in remembered_kinds(tmp_path, "key")


def test_another_key_and_damaged_files_are_left_out(tmp_path: Path) -> None:
    ComparisonStore(tmp_path, "key").add({("a" * 64, "b" * 64): found(Kind.COPY)})
    assert ComparisonStore(tmp_path, "other").known == {}
    file = tmp_path / "compared_0000.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    damaged = ComparisonStore(tmp_path, "key")
    assert (damaged.known, damaged.damaged) == ({}, [file.name])
