"""What the journal's database may hold: SQLite takes any type in any column, and any file for a database."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rfdedup.model.errors import RunFolderError
from rfdedup.model.text import path_text
from rfdedup.outputs.apply.plan import REPLACED, Action

TABLES = """
create table session (
  id integer primary key, started text not null, version text not null, command text not null, state text not null
);
create table base (id integer primary key, path blob not null unique);
create table action (
  id integer primary key, session integer not null, unit integer not null, role text not null, kind text not null,
  state text not null, reason text, detail text,
  base integer not null, name blob not null, target_base integer, target blob,
  size integer, mtime_ns integer, mode integer, sha256 text, device integer, inode integer, links integer, tier text
);
create index action_open on action (id) where state in ('pending', 'undoing');
create index action_source on action (base, name);
create index action_session on action (session, state, id);
create index action_unit on action (session, unit, state);
create index action_inode on action (device, inode) where kind = 'delete' and links > 1;
create table folder (
  session integer not null, path blob not null, created integer not null, before_ns integer, after_ns integer,
  restore integer, primary key (session, path)
) without rowid;
create index folder_depth on folder (session, length(path), path);
"""

FIELDS = (
    "id, session, unit, role, kind, state, base, name, target_base, target, size, mtime_ns, mode, sha256, device,"
    " inode, links, tier, reason, detail"
)
"""Columns of an action, in the order of ``JournalEntry``."""

_ROLES = ("image", "sidecar", "dataset", REPLACED)
_INTEGER, _BYTES, _TEXT, _WHOLE = (int, type(None)), (bytes, type(None)), (str, type(None)), (int,)
_TYPES = (
    *(_WHOLE, _WHOLE, _WHOLE, (str,), (str,), (str,), _WHOLE, (bytes,), _INTEGER, _BYTES),
    *(_INTEGER, _INTEGER, _INTEGER, _TEXT, _INTEGER, _INTEGER, _INTEGER, _TEXT, _TEXT, _TEXT),
)
"""Of the columns of an action, in the order of ``JournalEntry``."""


def check_types(row: Sequence[Any]) -> None:
    """Raises:
    ValueError: a value of an action is of another type than its column.
    """
    if not all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True)):
        raise ValueError("a value of the wrong type")


def check_role(role: str, kind: Action) -> None:
    """Raises:
    ValueError: no apply gives a file this role in an action of this kind.
    """
    if role not in _ROLES or (role == "dataset") != (kind == Action.WRITE):
        raise ValueError(f"{kind} of a {role}")


def text(detail: str | None) -> str | None:
    """Words that SQLite can hold: names that are not UTF-8 occur in them."""
    return None if detail is None else path_text(detail)


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
