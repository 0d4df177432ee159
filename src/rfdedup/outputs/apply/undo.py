"""Takes sessions back, the last action first. What is occupied or edited is refused and listed, never overwritten."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rfdedup.model.errors import RunFolderError
from rfdedup.outputs.apply.allowed_places import check_journal
from rfdedup.outputs.apply.database import JOURNAL_FILE
from rfdedup.outputs.apply.entries import ApplySession, EntryState, JournalEntry, SessionState
from rfdedup.outputs.apply.execute import settle_open
from rfdedup.outputs.apply.folders import mark_restorable, put_back, sync_all
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import Action
from rfdedup.outputs.apply.recheck import ProblemError, Recheck
from rfdedup.outputs.apply.steps import revert, settle
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import confirmed

MAX_LISTED = 10_000


@dataclass
class UndoSummary:
    """What undo did. ``refused`` holds (path now, reason, detail), the first ``MAX_LISTED`` of them."""

    sessions: list[int] = field(default_factory=list)
    restored: int = 0
    restored_bytes: int = 0
    deleted: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """Attributes that files could not get back, each with the number of files."""
    refused_count: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)

    def refuse(self, path: str, reason: str, detail: str) -> None:
        self.refused_count += 1
        if len(self.refused) < MAX_LISTED:
            self.refused.append((path, reason, detail))

    @property
    def complete(self) -> bool:
        return not self.refused_count and not self.deleted


def undo_run(
    run: Path,
    *,
    everything: bool = False,
    roots: Sequence[str | os.PathLike[str]] = (),
    fs: FsOps | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> UndoSummary:
    """Take back the last session of ``apply`` that did something and is not undone yet, or all of them.

    A session of which nothing could be taken back twice is told of again, and the one before it is taken back.

    Args:
        roots: folders that hold everything the journal may touch, for a run folder that is not the user's own here.

    Raises:
        RunFolderError: there is nothing to undo, or the journal is damaged or names files in other places.
        ApplyStoppedError: the journal cannot be written; the same command goes on later.
    """
    fs = fs or FsOps()
    folder = RunFolder(run)
    # a folder that is no run folder must not get a lock file
    note = confirmed(folder, folder.info(), roots)
    with folder.lock(), Journal.open(run, create=False) as journal:
        check_journal(folder, journal, note)
        settle_open(fs, journal)
        waiting = [session for session in reversed(journal.sessions()) if session.state != SessionState.UNDONE]
        if not waiting:
            raise RunFolderError(f"nothing to undo: nothing was applied from {run}, or all of it is undone already")
        summary = UndoSummary()
        for session in waiting:
            # a command that was given twice did nothing the second time
            did_something = next(journal.done_backwards(session.id), None) is not None
            stuck = did_something and journal.refused_before(session.id)
            summary.sessions.append(session.id)
            restored = _undo_session(fs, journal, session, summary, progress)
            if did_something and not everything and (restored or not stuck):
                break
        return summary


def last_applied(run: Path) -> str:
    """When the last apply that is not undone began, as ISO 8601; empty where there is none.

    Raises:
        RunFolderError: the journal is damaged or in use.
    """
    if not (run / JOURNAL_FILE).exists():
        return ""
    with RunFolder(run).lock(), Journal.open(run, create=False) as journal:
        started = [session.started for session in journal.sessions() if session.state != SessionState.UNDONE]
    return max(started, default="")


def _undo_session(
    fs: FsOps, journal: Journal, session: ApplySession, summary: UndoSummary, progress: Callable[[int], None]
) -> bool:
    """Returns whether anything came back."""
    if session.state != SessionState.UNDOING:
        mark_restorable(fs, journal, session.id)
        journal.set_session(session.id, SessionState.UNDOING)
    refused_before = summary.refused_count
    restored = False
    for page in journal.done_backwards(session.id):
        undo_entries(fs, journal, page, summary)
        restored |= any(entry.state == EntryState.UNDONE for entry in page)
        progress(len(page))
    left = summary.refused_count > refused_before
    for path, error, again in put_back(fs, journal, session.id):
        summary.refuse(path, *explain(error))
        left |= again
    journal.set_session(session.id, SessionState.FINISHED if left else SessionState.UNDONE)
    return restored


def undo_entries(fs: FsOps, journal: Journal, page: list[JournalEntry], summary: UndoSummary) -> None:
    """Take back a group of actions. Where an image cannot go back, its sidecars stay with it."""
    recheck = Recheck(fs)
    back = [entry for entry in page if entry.kind != Action.DELETE]
    summary.deleted += len(page) - len(back)
    for entry in back:
        entry.state, entry.reason, entry.detail = EntryState.UNDOING, None, None
    with journal.transaction():
        journal.update(back)
    refused: set[int] = set()
    for entry in back:
        if entry.unit in refused:
            entry.state, entry.reason, entry.detail = (
                EntryState.DONE,
                "unit-stays",
                "what it belongs to could not go back",
            )
            continue
        _undo(fs, recheck, entry, summary)
        if entry.state != EntryState.UNDONE and entry.role == "image":
            refused.add(entry.unit)
    sync_all(fs, back)
    with journal.transaction():
        journal.update(back)


def _undo(fs: FsOps, recheck: Recheck, entry: JournalEntry, summary: UndoSummary) -> None:
    try:
        if entry.kind == Action.MOVE:
            _make_folders(fs, entry)
            recheck.folders(entry.base, entry.name)
        recheck.folders(*entry.target_place)
        lost = revert(fs, entry)
        if lost:
            summary.lost[", ".join(lost)] += 1
    except ProblemError as problem:
        entry.state, entry.reason, entry.detail = EntryState.DONE, problem.reason, problem.detail
        summary.refuse(entry.target_path, problem.reason, problem.detail)
        return
    except OSError as error:
        entry.reason, entry.detail = explain(error)
        # an error may come after the file went back: the disk tells; if it cannot, the entry stays open
        with contextlib.suppress(OSError):
            entry.state = EntryState.DONE if isinstance(error, FileExistsError) else settle(fs, entry)
        if entry.state != EntryState.UNDONE:
            summary.refuse(entry.target_path, entry.reason, entry.detail)
            return
    entry.state, entry.reason, entry.detail = EntryState.UNDONE, None, None
    if entry.role == "image":
        summary.restored += 1
        summary.restored_bytes += entry.size or 0


def _make_folders(fs: FsOps, entry: JournalEntry) -> None:
    """Make the old folder of a file again where somebody removed it, empty as it was."""
    missing = []
    folder = entry.name.rpartition(b"/")[0]
    while True:
        path = local(entry.base, folder) if folder else entry.base
        try:
            fs.lstat(path)
            break
        except FileNotFoundError:
            missing.append(path)
        if not folder:
            if not os.path.isdir(os.path.dirname(entry.base)):
                raise ProblemError("missing", f"the folder {entry.base} is gone")
            break
        folder = folder.rpartition(b"/")[0]
    for path in reversed(missing):
        fs.mkdir(path)
