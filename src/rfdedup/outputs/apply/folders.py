"""Folders that apply makes and changes: made on demand, noted first, synced afterwards, put back by undo."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field

from rfdedup.model.errors import ApplyStoppedError
from rfdedup.outputs.apply.entries import EntryState, JournalEntry
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.plan import Action
from rfdedup.outputs.apply.recheck import ProblemError

_KNOWN = 50_000


@dataclass
class Changes:
    """Folders that a group of files needs: ``noted`` as (path, to be made, mtime before) for the journal."""

    noted: list[tuple[str, bool, int | None]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)


class Folders:
    """Finds, makes and remembers the folders that change. What it remembers is bounded."""

    def __init__(self, fs: FsOps) -> None:
        self._fs = fs
        self._known: set[str] = set()
        self._checked: set[str] = set()
        self._problems: dict[str, ProblemError] = {}

    def changes(self, entries: Iterable[JournalEntry]) -> Changes:
        """What must be noted and made before ``entries`` are performed. Changes nothing."""
        if len(self._known) + len(self._checked) > _KNOWN:
            self._known.clear()
            self._checked.clear()
        self._problems.clear()
        found = Changes()
        for entry in entries:
            if entry.kind.takes_away:
                self._note(os.path.dirname(entry.path), found)
            if entry.kind != Action.DELETE:
                self._need(os.path.dirname(entry.target_path), entry.target_place[0], found)
        return found

    def make(self, changes: Changes) -> None:
        """Make the missing folders; the files of one that cannot be made fail later, by ``check``."""
        for path in changes.missing:
            above = self._problems.get(os.path.dirname(path))
            try:
                if above is None:
                    self._fs.mkdir(path)
            except FileExistsError:
                continue
            except OSError as error:
                above = ProblemError(*explain(error))
            if above is not None:
                self._problems[path] = above
                self._known.discard(path)
                self._checked.discard(path)

    def check(self, entry: JournalEntry) -> None:
        """Raises:
        ProblemError: the folder that the file goes to is not there or leads elsewhere.
        """
        source = os.path.dirname(entry.path)
        if entry.kind.takes_away and source in self._problems:
            raise self._problems[source]
        if entry.kind == Action.DELETE:
            return
        folder = os.path.dirname(entry.target_path)
        while self._problems:
            if folder in self._problems:
                raise self._problems[folder]
            folder, below = os.path.split(folder)
            if not below:
                return

    def _note(self, path: str, found: Changes) -> None:
        if path in self._known:
            return
        self._known.add(path)
        try:
            found.noted.append((path, False, self._fs.lstat(path).st_mtime_ns))
        except OSError as error:
            self._known.discard(path)
            self._problems[path] = ProblemError(*explain(error))

    def _need(self, path: str, base: str, found: Changes) -> None:
        """Note the missing part of ``path`` and the folder it hangs in. A link below ``base`` leads elsewhere."""
        missing: list[str] = []
        existing: list[str] = []
        current = path
        while current not in self._checked:
            try:
                status = self._fs.lstat(current)
            except OSError as error:
                if error.errno not in (errno.ENOENT, errno.ENOTDIR):
                    self._problems[path] = ProblemError(*explain(error))
                    return
                missing.append(current)
            else:
                if not stat.S_ISDIR(status.st_mode):
                    self._problems[path] = ProblemError("occupied", f"{current} is no folder")
                    return
                existing.append(current)
                if len(current) <= len(base):
                    break
            current = os.path.dirname(current)
        self._checked.update(existing)
        self._note(existing[0] if existing else current, found)
        for folder in reversed(missing):
            self._checked.add(folder)
            self._known.add(folder)
            found.noted.append((folder, True, None))
            found.missing.append(folder)


def sync_all(fs: FsOps, entries: Iterable[JournalEntry]) -> None:
    """Make the moves of ``entries`` durable: new places first, so that no order of crashes loses a name.

    Raises:
        ApplyStoppedError: the disk refuses.
    """
    new: dict[str, None] = {}
    old: dict[str, None] = {}
    for entry in entries:
        if entry.state in (EntryState.SKIPPED, EntryState.FAILED):
            continue
        if entry.target is not None:
            new[os.path.dirname(entry.target_path)] = None
        if entry.kind.takes_away:
            old[os.path.dirname(entry.path)] = None
    for folder in {**new, **old}:
        try:
            fs.sync_folder(folder)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise ApplyStoppedError(
                f"stopped: the folder {folder} cannot be made durable: {explain(error)[1]}. Nothing is lost; run "
                "the same command again"
            ) from None


def note_times(fs: FsOps, journal: Journal, session: int) -> None:
    """Journal the mtimes of the changed folders, so that undo knows whether others changed them since."""
    journal.set_folders(
        session,
        "after_ns",
        ((path, found) for path, *_ in journal.folders(session) if (found := _mtime(fs, path)) is not None),
    )


def mark_restorable(fs: FsOps, journal: Journal, session: int) -> None:
    """Journal which folders nobody else changed since: undo gives them their mtimes back.

    A session that was killed has no times to compare with; its folders are taken as its own. What an earlier
    attempt to undo found is not asked again.
    """
    journal.set_folders(
        session,
        "restore",
        (
            (path, int(after is None or _mtime(fs, path) == after))
            for path, _, _, after, restore in journal.folders(session)
            if restore is None
        ),
    )


def put_back(fs: FsOps, journal: Journal, session: int) -> list[tuple[str, OSError, bool]]:
    """Remove the folders that the session made, where empty, and give the others their mtimes back.

    Returns:
        Folders for which the system refused, with the error, and whether it may do so another time: the times of a
        folder are for its owner to set.
    """
    refused: list[tuple[str, OSError, bool]] = []
    parents: dict[str, None] = {}
    for path, created, *_ in journal.folders(session):
        if created:
            try:
                fs.rmdir(path)
                parents[os.path.dirname(path)] = None
            except OSError as error:
                if error.errno not in _NOT_EMPTY:
                    refused.append((path, error, True))
    for parent in parents:
        with contextlib.suppress(OSError):
            fs.sync_folder(parent)
    for path, created, before, _, restore in journal.folders(session):
        if restore and not created and before is not None:
            try:
                # where nothing was done there is nothing to put back, and no right to
                if fs.lstat(path).st_mtime_ns != before:
                    fs.set_mtime(path, before)
            except FileNotFoundError:
                continue
            except OSError as error:
                refused.append((path, error, error.errno != errno.EPERM))
    return refused


_NOT_EMPTY = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT, errno.ENOTDIR)
"""Folders that others filled stay; those that are gone need no removal."""


def _mtime(fs: FsOps, path: str) -> int | None:
    try:
        return fs.lstat(path).st_mtime_ns
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ApplyStoppedError(
            f"stopped: cannot look at the folder {path}: {explain(error)[1]}; then run the same command again"
        ) from None
