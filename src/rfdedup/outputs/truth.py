"""Files whose duplicates are known: the truth that a run is measured against.

A CSV file with the columns ``path,group`` and optionally ``kind`` and ``original``. Files of one group show one
picture; files without a group have no duplicate, or are junk. ``kind`` says how a file came about: ``original``,
``exact``, the name of an edit, or one of the kinds of junk; ``original`` is the path of what it was made from.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rfdedup.model.errors import InputError
from rfdedup.storage.files import open_regular

PLANTED_JUNK = ("blurred", "motion", "dark", "bright", "solid")
PLANTED_BROKEN = ("truncated", "zeros", "text", "empty")
JUNK_KINDS = ("junk", *PLANTED_JUNK)
BROKEN_KINDS = ("broken", *PLANTED_BROKEN)
GENUINE_KINDS = ("original", "exact")

_COLUMNS = ("path", "group", "kind", "original")


@dataclass(frozen=True)
class TruthRow:
    """What is known of one file. ``group`` is None for junk and for pictures without a duplicate."""

    path: str
    group: str | None
    kind: str = ""
    original: str | None = None


def write_truth(file: Path, rows: Iterable[TruthRow]) -> None:
    """Write the rows as CSV, UTF-8; bytes of names that are not UTF-8 come back as they were."""
    with file.open("w", encoding="utf-8", errors="surrogateescape", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(_COLUMNS)
        writer.writerows((row.path, row.group or "", row.kind, row.original or "") for row in rows)


def read_truth(file: Path) -> list[TruthRow]:
    """Read a truth file.

    Raises:
        InputError: it cannot be read, lacks a column, or names a path twice.
    """
    try:
        with (
            open_regular(file, follow=True) as stream,
            io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as lines,
        ):
            table = csv.DictReader(lines)
            for column in _COLUMNS[:2]:
                if column not in (table.fieldnames or ()):
                    raise InputError(f"{file} has no column {column!r}; it needs path,group[,kind,original]")
            rows = [
                TruthRow(
                    (entry["path"] or "").replace("\\", "/").removeprefix("./"),
                    entry["group"] or None,
                    entry.get("kind") or "",
                    entry.get("original") or None,
                )
                for entry in table
            ]
    except (OSError, csv.Error) as error:
        raise InputError(f"cannot read the truth file {file}: {error}") from None
    if not rows:
        raise InputError(f"{file} names no files")
    (path, times), *_ = Counter(row.path for row in rows).most_common(1)
    if times > 1:
        raise InputError(f"{file} names {path} {times} times")
    return rows
