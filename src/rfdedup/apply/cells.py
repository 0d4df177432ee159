"""What the journal's database may hold: SQLite takes any type in any column, and any file for a database."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rfdedup.errors import RunFolderError

_INTEGER, _BYTES, _TEXT, _WHOLE = (int, type(None)), (bytes, type(None)), (str, type(None)), (int,)
_TYPES = (
    *(_WHOLE, _WHOLE, _WHOLE, (str,), (str,), (str,), _WHOLE, (bytes,), _INTEGER, _BYTES),
    *(_INTEGER, _INTEGER, _INTEGER, _TEXT, _INTEGER, _INTEGER, _INTEGER, _TEXT, _TEXT, _TEXT),
)
"""Of the columns of an action, in the order of ``Entry``."""


def check_types(row: Sequence[Any]) -> None:
    """Raises:
    ValueError: a value of an action is of another type than its column.
    """
    if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
        raise ValueError("a value of the wrong type")


def signed(value: int | None) -> int | None:
    """SQLite integers are signed; inodes and devices use all 64 bits, and 128 on some Windows volumes."""
    if value is None:
        return None
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


def unsigned(value: int | None) -> int | None:
    return None if value is None else value & ((1 << 64) - 1)


def only_files(file: Path) -> bool:
    """Whether there is a journal. SQLite would follow a link and wait for a pipe.

    Raises:
        RunFolderError: the journal, or a file that SQLite keeps beside it, is no regular file.
    """
    for ending in ("", "-wal", "-shm", "-journal"):
        beside = file.with_name(file.name + ending)
        try:
            status = beside.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunFolderError(f"cannot look at {beside}: {error.strerror}") from None
        if not stat.S_ISREG(status.st_mode):
            kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else "no regular file"
            raise RunFolderError(f"{beside} is {kind}, which no apply made: nothing was touched; remove it")
    return os.path.lexists(file)
