"""The journal of apply: what is about to be done before it is done, and what came of it afterwards.

The promise: at any moment, whatever kills the process or the machine, each file is whole at its old or at its new
place, and the journal names both. It holds because an action is on disk as ``pending`` before the first call that
changes a file, and becomes ``done`` only after the folders that changed were synced.

Group commit does not weaken it. Intents of many files are committed in one synced transaction, the files are moved,
their folders synced, and the results committed in one more. A crash in between leaves ``pending`` actions for files
at either place; which one is seen on the disk itself, because a rename is one step and never overwrites, and a copy
has a name of its own until it is complete. So a batch may leave more questions to settle than a single file would,
but none without an answer. What batching gives up is only how many results may have to be looked up again.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rfdedup.model.errors import RunFolderError
from rfdedup.model.version import __version__
from rfdedup.outputs.apply.cells import FIELDS, check_role, check_types, signed, text, unsigned
from rfdedup.outputs.apply.database import JournalDatabase
from rfdedup.outputs.apply.entries import APPLIED, ApplySession, EntryState, JournalEntry, SessionState
from rfdedup.outputs.apply.names import check_relative
from rfdedup.outputs.apply.plan import Action

_PAGE = 512

_ALIVE = "('pending', 'undoing', 'done', 'cancelled')"


class Journal(JournalDatabase):
    """Sessions, actions and folders of apply, written and found again."""

    def __init__(self, database: sqlite3.Connection, file: Path) -> None:
        super().__init__(database, file)
        self.may_touch: Callable[[str], bool] = lambda _: True
        """Which folders ``folders`` gives."""

    # sessions

    def sessions(self) -> list[ApplySession]:
        """All sessions, oldest first."""
        with self._errors():
            rows = self._database.execute("select id, started, command, state from session order by id").fetchall()
            try:
                return [ApplySession(i, at, json.loads(command), SessionState(state)) for i, at, command, state in rows]
            except (ValueError, TypeError, RecursionError) as error:
                raise RunFolderError(f"{self._file} is damaged ({error})") from None

    def begin_session(self, command: dict[str, Any]) -> ApplySession:
        started = datetime.now(UTC).isoformat(timespec="seconds")
        with self.transaction():
            cursor = self._database.execute(
                "insert into session (started, version, command, state) values (?, ?, ?, ?)",
                (started, __version__, json.dumps(command, sort_keys=True), SessionState.RUNNING),
            )
        return ApplySession(int(cursor.lastrowid or 0), started, command, SessionState.RUNNING)

    def set_session(self, session: int, state: SessionState) -> None:
        with self.transaction():
            self._database.execute("update session set state = ? where id = ?", (state, session))

    # actions

    def new_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def insert(self, entries: Iterable[JournalEntry]) -> None:
        """Write new entries; call inside ``transaction``."""
        self._database.executemany(
            f"insert into action ({FIELDS}) values ({', '.join('?' * 20)})",  # noqa: S608
            (
                (
                    *(e.id, e.session, e.unit, e.role, e.kind, e.state, self._base(e.base), e.name),
                    *(None if e.target_base is None else self._base(e.target_base), e.target, e.size, e.mtime_ns),
                    *(e.mode, e.sha256, signed(e.device), signed(e.inode), e.links, e.tier, e.reason, text(e.detail)),
                )
                for e in entries
            ),
        )

    def update(self, entries: Iterable[JournalEntry]) -> None:
        """Write state, reason and detail of entries; call inside ``transaction``."""
        self._database.executemany(
            "update action set state = ?, reason = ?, detail = ? where id = ?",
            ((e.state, e.reason, text(e.detail), e.id) for e in entries),
        )

    def _entries(self, where: str, values: Sequence[Any]) -> list[JournalEntry]:
        with self._errors():
            rows = self._database.execute(f"select {FIELDS} from action where {where}", values).fetchall()  # noqa: S608
        return [self._entry(row) for row in rows]

    def _entry(self, row: Sequence[Any]) -> JournalEntry:
        try:
            entry = JournalEntry(*row)
            check_types(row)
            entry.kind, entry.state = Action(entry.kind), EntryState(entry.state)
            entry.base = self._base_paths[row[6]]
            entry.inode, entry.device = unsigned(entry.inode), unsigned(entry.device)
            check_role(entry.role, entry.kind)
            check_relative(entry.name, str(self._file))
            if entry.target is not None:
                entry.target_base = self._base_paths[row[8]]
                check_relative(entry.target, str(self._file))
            elif entry.kind != Action.DELETE and entry.state not in (EntryState.SKIPPED, EntryState.FAILED):
                raise ValueError("no target")
        except (KeyError, ValueError, TypeError) as error:
            raise RunFolderError(f"{self._file} is damaged ({error!r}): nothing was touched") from None
        return entry

    @property
    def next_id(self) -> int:
        """The number that the next entry gets."""
        return self._next_id

    def split_units(self, session: int, image: EntryState, other: EntryState) -> list[JournalEntry]:
        """Files in state ``other`` that go with an image in state ``image``: a process died between the two."""
        return self._entries(
            "session = ? and id <> unit and state = ? and unit in"
            " (select id from action where session = ? and role = 'image' and state = ?)"
            " order by role = 'replaced', id",
            (session, other, session, image),
        )

    def open_entries(self) -> Iterator[list[JournalEntry]]:
        """Pages of entries that a killed process left pending or undoing. Settle each page before the next."""
        last = 0
        while page := self._entries("state in ('pending', 'undoing') and id > ? order by id limit ?", (last, _PAGE)):
            yield page
            last = page[-1].id

    def done_backwards(self, session: int) -> Iterator[list[JournalEntry]]:
        """Pages of what a session did, the last images first, each before its sidecars and on one page with them.

        What made way for an image comes after it, whenever its sidecars followed.
        """
        last = self._next_id
        while page := self._entries(
            "session = ? and state = 'done' and unit < ? order by unit desc, role = 'replaced', id limit ?",
            (session, last, _PAGE),
        ):
            last = page[-1].unit
            whole = [entry for entry in page if entry.unit != last]
            yield whole + self._entries(
                "session = ? and state = 'done' and unit = ? order by role = 'replaced', id", (session, last)
            )

    def places(self) -> list[tuple[Action, str, str, str | None]]:
        """Each kind, role, folder and new folder of the actions that could still be gone on with or taken back."""
        with self._errors():
            rows = self._database.execute(
                f"select distinct kind, role, base, target_base from action where state in {_ALIVE}"  # noqa: S608
            ).fetchall()
        try:
            return [
                (Action(kind), str(role), self._base_paths[base], None if to is None else self._base_paths[to])
                for kind, role, base, to in rows
            ]
        except (KeyError, ValueError, TypeError) as error:
            raise RunFolderError(f"{self._file} is damaged ({error!r}): nothing was touched") from None

    def entries_at(self, kind: Action, role: str, base: str, target_base: str | None) -> Iterator[list[JournalEntry]]:
        """Pages of the actions that ``places`` gave."""
        last = -1
        numbers = self._bases[base], None if target_base is None else self._bases[target_base]
        while page := self._entries(
            f"kind = ? and role = ? and base = ? and target_base is ? and state in {_ALIVE} and id > ?"
            " order by id limit ?",
            (kind, role, *numbers, last, _PAGE),
        ):
            yield page
            last = page[-1].id

    def refused_before(self, session: int) -> bool:
        """Whether an earlier undo refused everything that is left of a session. Sidecars stay with their images."""
        return not self._entries(
            "session = ? and state = 'done' and role <> 'sidecar' and kind <> 'delete'"
            f" and (reason is null or reason in ({', '.join('?' * len(APPLIED))})) limit 1",
            (session, *APPLIED),
        )

    def problems(self, session: int, since: int) -> Iterator[JournalEntry]:
        """Entries from number ``since`` on that were not done as planned, with the reason."""
        last = since - 1
        while page := self._entries(
            "session = ? and reason is not null and state in ('failed', 'skipped', 'done') and id > ?"
            " order by id limit ?",
            (session, last, _PAGE),
        ):
            yield from page
            last = page[-1].id

    def went(self, base: str, name: bytes, sha256: str) -> bool:
        """Whether a file with these bytes was moved from here or deleted, and that was not undone."""
        return bool(
            self._entries(
                "base = ? and name = ? and sha256 = ? and state = 'done' and kind in ('move', 'delete') limit 1",
                (self._bases.get(base), name, sha256),
            )
        )

    def copies(self, base: str, name: bytes, target: str) -> list[JournalEntry]:
        """The copies and links of a file that were made for the folder ``target``, the last one first.

        Masks of the images in it may lie beside ``target``.
        """
        return self._entries(
            "base = ? and name = ? and state = 'done' and kind in ('copy', 'link') and session in"
            " (select id from session where json_extract(command, '$.target') = ?) order by id desc",
            (self._bases.get(base), name, os.fsencode(target).hex()),
        )

    def unit(self, session: int, unit: int) -> list[JournalEntry]:
        """What was done with one image: the image and its sidecars."""
        return self._entries("session = ? and state = 'done' and unit = ? order by id", (session, unit))

    def taken_away(self, base: str, name: bytes) -> JournalEntry | None:
        """The move or deletion of an image that was done and not undone; None if there is none."""
        found = self._entries(
            "base = ? and name = ? and state = 'done' and role = 'image' and kind in ('move', 'delete')"
            " order by id desc limit 1",
            (self._bases.get(base), name),
        )
        return found[0] if found else None

    def lost_names(self, session: int, device: int | None, inode: int | None) -> int:
        """How many names of a hard-linked file a session deleted."""
        with self._errors():
            found = self._database.execute(
                "select count(*) from action where device = ? and inode = ? and kind = 'delete' and links > 1"
                " and session = ? and state = 'done'",
                (signed(device), signed(inode), session),
            ).fetchone()
        return int(found[0])

    def totals(self, session: int, since: int) -> list[tuple[str, str, str, str | None, str | None, int, int]]:
        """Rows of role, kind, state, tier, reason, number of files, bytes."""
        with self._errors():
            return self._database.execute(
                "select role, kind, state, tier, reason, count(*), coalesce(sum(size), 0) from action"
                " where session = ? and id >= ? group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5",
                (session, since),
            ).fetchall()

    # folders

    def insert_folders(self, session: int, folders: Iterable[tuple[str, bool, int | None]]) -> None:
        """Note folders as (path, whether it is about to be made, mtime before); call inside ``transaction``."""
        self._database.executemany(
            "insert or ignore into folder (session, path, created, before_ns) values (?, ?, ?, ?)",
            ((session, os.fsencode(path), made, before) for path, made, before in folders),
        )

    def folders(self, session: int) -> Iterator[tuple[str, bool, int | None, int | None, int | None]]:
        """Folders that a session changed, the deepest first: path, created, mtime before and after, restore."""
        last: tuple[int, bytes] | None = None
        while True:
            with self._errors():
                rows = self._database.execute(
                    "select path, created, before_ns, after_ns, restore, length(path) from folder"
                    " where session = ? and (? or (length(path), path) < (?, ?))"
                    " order by length(path) desc, path desc limit ?",
                    (session, last is None, *(last or (0, b"")), _PAGE),
                ).fetchall()
            for raw, created, before, after, restore, _ in rows:
                path = self._folder(raw)
                if self.may_touch(path):
                    yield path, bool(created), before, after, restore
            if len(rows) < _PAGE:
                return
            last = rows[-1][5], rows[-1][0]

    def folder_paths(self) -> Iterator[str]:
        """All folders that any session made or changed."""
        with self._errors():
            rows = self._database.execute("select distinct path from folder").fetchall()
        for (raw,) in rows:
            yield self._folder(raw)

    def set_folders(self, session: int, column: str, values: Iterable[tuple[str, int]]) -> None:
        """Set ``after_ns`` or ``restore`` of folders in one transaction."""
        with self.transaction():
            self._database.executemany(
                f"update folder set {column} = ? where session = ? and path = ?",  # noqa: S608
                ((value, session, os.fsencode(path)) for path, value in values),
            )
