"""Images that a list names: lines of text, or a column of a CSV or Parquet file."""

from __future__ import annotations

import csv
import os
import stat
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from rfdedup.model.errors import InputError
from rfdedup.model.items import Item, storable_time
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.runtime.table_reader import TableReader
from rfdedup.storage.files import open_regular

STANDARD_INPUT: Final = "-"
_COLUMNS: Final = ("path", "file", "file_path", "filepath", "file_name", "filename", "image", "image_path")
"""Columns that hold paths, the first that is there."""
_BATCH_ROWS: Final = 65_536


@dataclass(frozen=True)
class Listed:
    """The files that a list names.

    Attributes:
        items: each once, in the order of rows.
        roots: the folders that they are said to lie in: one for each first part of their paths.
        notes: what was left out, in lines for people.
    """

    items: list[Item]
    roots: list[str]
    notes: list[str]


def read_list(name: str, *, null: bool = False, column: str | None = None) -> Iterator[str]:
    """The paths that a list holds, in its order; surrogate-escaped where they are not UTF-8.

    Args:
        name: a text file, a CSV or Parquet file by its suffix, or ``-`` for the standard input.
        null: paths of a text end with a NUL byte, as ``find -print0`` writes them, else with a line break.
        column: of a CSV or Parquet file; None where it has a column of a usual name.

    Raises:
        InputError: it cannot be read, or does not have the column.
    """
    suffix = os.path.splitext(name)[1].lower()
    table = {".csv": _csv, ".tsv": _csv, ".parquet": _parquet, ".pq": _parquet}.get(suffix)
    if column is not None and table is None:
        raise InputError(f"--path-column is for CSV and Parquet files; --files-from {name!r} is neither by its suffix")
    try:
        if table is not None and name != STANDARD_INPUT:
            yield from table(name, column)
            return
        if name == STANDARD_INPUT:
            data = sys.stdin.buffer.read()
        else:
            with open_regular(name, follow=True) as stream:
                data = stream.read()
    except OSError as error:
        raise InputError(f"--files-from {name!r} cannot be read: {error.strerror or error}") from None
    for line in data.split(b"\0" if null else b"\n"):
        path = line if null else line.removesuffix(b"\r")
        if path:
            yield os.fsdecode(path)


def listed_files(paths: Iterable[str], what: str) -> Listed:
    """Look at the files of a list. What is no file is told; one that is named twice is there once.

    Args:
        paths: relative ones are below the current folder.
        what: the list, for messages.

    Raises:
        InputError: one of them is a URI: what is remote is not read.
    """
    found: dict[str, os.stat_result] = {}
    missing: list[str] = []
    for path in paths:
        if "://" in path and not os.path.exists(path):
            raise InputError(f"{what} names {path!r}: only files of this machine are read")
        real = os.path.realpath(path) if "\0" not in path else ""
        try:
            status = os.lstat(real)
        except (OSError, ValueError):
            missing.append(path)
            continue
        if stat.S_ISREG(status.st_mode):
            found[real] = status
        else:
            missing.append(path)
    notes = []
    if missing:
        first = os.fsencode(missing[0]).decode("utf-8", "backslashreplace")
        notes.append(f"{what}: {len(missing):,} names are no files and are left out, the first is {first!r}")
    items, roots = [], []
    for root, files in _by_root(found).items():
        if not root.isprintable() and any("\udc80" <= c <= "\udcff" for c in root):
            raise InputError(f"{what}: the folder {root!r} has a name that is not UTF-8")
        roots.append(root)
        for real in files:
            key = os.path.relpath(real, root).replace(os.sep, "/")
            status = found[real]
            identity = status.st_ino, status.st_dev, status.st_nlink
            items.append(Item(root, key, status.st_size, storable_time(status), *identity))
    return Listed(sorted(items, key=lambda item: item.sort_key), sorted(roots), notes)


def _by_root(files: Iterable[str]) -> dict[str, list[str]]:
    """Files by the folder that they all lie below, one for each first part of a path: never the whole machine."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files:
        drive, rest = os.path.splitdrive(file)
        first, _, below = rest.lstrip(os.sep).partition(os.sep)
        groups[drive, first if below else ""].append(file)
    return {os.path.commonpath([os.path.dirname(file) for file in some]): some for some in groups.values()}


def _csv(name: str, column: str | None) -> Iterator[str]:
    # a delimiter of its own: sniffing guesses wrongly on lists of one column
    delimiter = "\t" if name.lower().endswith(".tsv") else ","
    with (
        open_regular(name, follow=True) as raw,
        open(raw.fileno(), encoding="utf-8-sig", errors="surrogateescape", newline="", closefd=False) as stream,
    ):
        try:
            rows = csv.reader(stream, delimiter=delimiter)
            header = next(rows, [])
            at = header.index(_chosen(name, header, column))
            for row in rows:
                if len(row) > at and row[at]:
                    yield row[at]
        except csv.Error as error:
            raise InputError(f"--files-from {name!r} is no CSV file: {error}") from None


def _parquet(name: str, column: str | None) -> Iterator[str]:
    with open_regular(name, follow=True) as stream:
        try:
            with TableReader(stream) as table:
                chosen = _chosen(name, table.schema_arrow.names, column)
                for batch in table.iter_batches(_BATCH_ROWS, columns=[chosen]):
                    for value in batch.column(0).to_pylist():
                        if isinstance(value, dict):
                            value = value.get("path")
                        if isinstance(value, str) and value:
                            yield value
        except (*TABLE_ERRORS, KeyError, IndexError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            why = " ".join(str(error).split())
            raise InputError(f"--files-from {name!r} is no Parquet file, or a damaged one: {why}") from None


def _chosen(name: str, columns: list[str], wanted: str | None) -> str:
    found = wanted if wanted is not None else next((c for c in _COLUMNS if c in columns), None)
    if found is None or found not in columns:
        missing = "a usual name" if wanted is None else f"the name {wanted!r}"
        raise InputError(
            f"--files-from {name!r} has no column of {missing}: say --path-column with one of {', '.join(columns[:20])}"
        )
    return found
