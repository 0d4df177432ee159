"""The file of the journal: opened with care, written durably, and what SQLite says in words."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from rfdedup.model.errors import ApplyStoppedError, RunFolderError
from rfdedup.outputs.apply.cells import TABLES, only_files
from rfdedup.outputs.apply.names import check_absolute
from rfdedup.storage.files import sync_folder

JOURNAL_FILE = "journal.sqlite"
SCHEMA = 1


class JournalDatabase:
    """``RUN/journal.sqlite``. One process at a time; every commit is on disk when it returns."""

    def __init__(self, database: sqlite3.Connection, file: Path) -> None:
        self._database = database
        self._file = file
        self._bases: dict[str, int] = {}
        self._base_paths: dict[int, str] = {}
        self._next_id = 0

    @classmethod
    @contextmanager
    def open(cls, run: Path, *, create: bool) -> Iterator[Self]:
        """Open the journal of a run folder, which the caller has locked.

        Raises:
            RunFolderError: it is damaged, no regular file, or missing and not to be created.
            ApplyStoppedError: it cannot be written.
        """
        file = run / JOURNAL_FILE
        existed = only_files(file)
        if not existed and not create:
            raise RunFolderError(f"{run} has no {JOURNAL_FILE}: nothing was applied from it")
        try:
            database = sqlite3.connect(file, isolation_level=None, timeout=2)
        except sqlite3.Error as error:
            raise ApplyStoppedError(f"cannot open {file}: {error}") from None
        journal = cls(database, file)
        try:
            with journal._errors():
                journal._prepare()
            if not existed:
                sync_folder(run)
            yield journal
        finally:
            database.close()

    def _prepare(self) -> None:
        run = self._database.execute
        version = run("pragma user_version").fetchone()[0]
        if version == 0 and run("select count(*) from sqlite_master").fetchone()[0]:
            raise RunFolderError(f"{self._file} is a database of another program: nothing was touched; remove it")
        # EXCLUSIVE before WAL: no shared memory file, so it works on network volumes too
        run("pragma locking_mode = exclusive")
        wal = run("pragma journal_mode = wal").fetchone()[0] == "wal"
        run(f"pragma synchronous = {'full' if wal else 'extra'}")
        run("pragma fullfsync = on")
        run("pragma trusted_schema = off")
        run("pragma wal_autocheckpoint = 8000")
        if run("pragma quick_check(1)").fetchone()[0] != "ok":
            raise sqlite3.DatabaseError("its pages do not fit together")
        if version == 0:
            run("begin immediate")
            for statement in TABLES.split(";"):
                run(statement)
            run(f"pragma user_version = {SCHEMA}")
            run("commit")
        elif version != SCHEMA:
            raise RunFolderError(f"{self._file} has schema {version}, this version reads {SCHEMA}")
        for number, path in run("select id, path from base").fetchall():
            self._remember(number, self._folder(path))
        self._next_id = run("select coalesce(max(id), 0) + 1 from action").fetchone()[0]

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turn what SQLite says into words. A transaction that failed is rolled back: no half of it stays."""
        try:
            yield
        except sqlite3.OperationalError as error:
            self._roll_back()
            if "malformed" in str(error) or "no such" in str(error):
                raise self._damaged(error) from None
            raise ApplyStoppedError(
                f"stopped: {self._file} cannot be written ({error}). Nothing is lost; make room or make the run "
                "folder writable, then run the same command again"
            ) from None
        except sqlite3.Error as error:
            self._roll_back()
            raise self._damaged(error) from None

    def _damaged(self, error: sqlite3.Error) -> RunFolderError:
        return RunFolderError(
            f"{self._file} is damaged ({error}): nothing was touched; keep it, it says where files went"
        )

    def _roll_back(self) -> None:
        if self._database.in_transaction:
            self._database.execute("rollback")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside reaches the disk together, synced, or not at all."""
        with self._errors():
            self._database.execute("begin immediate")
            try:
                yield
                self._database.execute("commit")
            finally:
                self._roll_back()

    def _remember(self, number: int, path: str) -> None:
        self._bases[path] = number
        self._base_paths[number] = path

    def _base(self, path: str) -> int:
        number = self._bases.get(path)
        if number is None:
            cursor = self._database.execute("insert into base (path) values (?)", (os.fsencode(path),))
            number = int(cursor.lastrowid or 0)
            self._remember(number, path)
        return number

    def _folder(self, raw: Any) -> str:
        if not isinstance(raw, bytes):
            raise RunFolderError(f"{self._file} is damaged (a folder that is no path): nothing was touched")
        return check_absolute(os.fsdecode(raw), str(self._file))
