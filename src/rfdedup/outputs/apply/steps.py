"""One action on one file: doing it, taking it back, and finding out whether it happened."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable

from rfdedup.outputs.apply import attributes
from rfdedup.outputs.apply.entries import EntryState, JournalEntry
from rfdedup.outputs.apply.fsops import FsOps, crosses_devices, inode_of, is_regular, same_file
from rfdedup.outputs.apply.plan import REPLACED, Action
from rfdedup.outputs.apply.recheck import ProblemError

LOST = "attributes"
"""Reason of a file that moved to another volume and could not take all of its attributes along."""
_PERMISSIONS = 0o777


def perform(fs: FsOps, entry: JournalEntry, data: bytes = b"") -> None:
    """Do what the journal announced. Either the whole action happens or nothing is left of it.

    Args:
        data: content of the file for ``write``.

    Raises:
        ProblemError: the file is no longer the one that was checked.
        OSError: the system refused.
    """
    if entry.kind == Action.WRITE:
        _through_temporary(fs, entry.temporary, entry.target_path, lambda: fs.write(entry.temporary, data))
        return
    _same_as_checked(fs, entry)
    match entry.kind:
        case Action.MOVE:
            try:
                fs.rename(entry.path, entry.target_path)
            except OSError as error:
                if not crosses_devices(error):
                    raise
                if fs.lstat(entry.path).st_nlink > 1:
                    raise ProblemError(
                        "hard-link",
                        "it has other hard links, which a copy on another volume would break; name a DIR on its volume",
                    ) from None
                lost = _move_across(fs, entry, entry.path, entry.target_path, entry.temporary)
                if lost and entry.reason is None:
                    entry.reason, entry.detail = LOST, ", ".join(lost)
                elif lost:
                    entry.detail = f"{entry.detail}; without its {', '.join(lost)}"
            else:
                _moved_the_right_file(fs, entry)
        case Action.COPY:
            _copy(fs, entry, entry.path, entry.target_path, entry.temporary)
        case Action.LINK:
            fs.link(entry.path, entry.target_path)
        case Action.DELETE:
            fs.unlink(entry.path)


def revert(fs: FsOps, entry: JournalEntry) -> tuple[str, ...]:
    """Take back one action that was done. Afterwards all is as before, or nothing has changed.

    Returns:
        What the file lost for good, as ``FsOps.copy`` says it.

    Raises:
        ProblemError: what was made has been edited, or its old place is taken.
        OSError: the system refused.
    """
    match entry.kind:
        case Action.MOVE:
            if not _exists(fs, entry.target_path) and _holds(fs, entry, entry.path):
                # somebody brought it back, or a later apply moved it to the same place and was undone
                return _restore_facts(fs, entry)
            _unedited(fs, entry, entry.target_path)
            if _exists(fs, entry.path):
                raise ProblemError("occupied", "something else is at its old place")
            try:
                fs.rename(entry.target_path, entry.path)
            except OSError as error:
                if not crosses_devices(error):
                    raise
                lost = _move_across(fs, entry, entry.target_path, entry.path, entry.undo_temporary)
            else:
                lost = ()
            return _restore_facts(fs, entry, lost)
        case Action.COPY:
            _unedited(fs, entry, entry.target_path)
            try:
                _unedited(fs, entry, entry.path)
            except (ProblemError, OSError):
                raise ProblemError("last-copy", "the original is gone or edited; this copy stays") from None
            fs.unlink(entry.target_path)
        case Action.LINK:
            if not _one_file(fs, entry.path, entry.target_path):
                raise ProblemError("last-copy", "it is no longer a second name of its original; it stays")
            fs.unlink(entry.target_path)
        case Action.WRITE:
            _unedited(fs, entry, entry.target_path)
            fs.unlink(entry.target_path)
        case Action.DELETE:
            raise ProblemError("deleted", "a deleted file cannot be brought back")
    return ()


def settle(fs: FsOps, entry: JournalEntry) -> EntryState:
    """The state of an action that was open when the process died, as the disk tells; half copies are removed.

    Raises:
        OSError: the disk cannot tell now; the entry stays open.
    """
    if entry.state == EntryState.UNDOING:
        return _settle_undo(fs, entry)
    if entry.kind == Action.DELETE:
        return EntryState.CANCELLED if _exists(fs, entry.path) else EntryState.DONE
    _remove(fs, entry.temporary)
    if entry.role == REPLACED and _holds(fs, entry, entry.target_path) and not _holds(fs, entry, entry.path):
        # what it made way for is at its old place
        return EntryState.DONE
    if entry.kind == Action.MOVE:
        return _settle_move(fs, entry, entry.path, entry.target_path, (EntryState.CANCELLED, EntryState.DONE))
    if entry.kind == Action.LINK:
        return EntryState.DONE if _one_file(fs, entry.path, entry.target_path) else EntryState.CANCELLED
    return EntryState.DONE if _holds(fs, entry, entry.target_path) else EntryState.CANCELLED


def seen_from_afar(entry: JournalEntry) -> EntryState:
    """As ``settle``, where a folder on the way has become a symbolic link: nothing is removed behind it."""
    made = entry.target is not None and os.path.lexists(entry.target_path)
    if entry.state == EntryState.UNDOING:
        return EntryState.DONE if made else EntryState.UNDONE
    if entry.kind == Action.DELETE or (entry.kind == Action.MOVE and made):
        return EntryState.CANCELLED if os.path.lexists(entry.path) else EntryState.DONE
    return EntryState.DONE if made else EntryState.CANCELLED


def _settle_undo(fs: FsOps, entry: JournalEntry) -> EntryState:
    if entry.kind == Action.MOVE:
        _remove(fs, entry.undo_temporary)
        state = _settle_move(fs, entry, entry.target_path, entry.path, (EntryState.DONE, EntryState.UNDONE))
        if state == EntryState.UNDONE:
            _restore_facts(fs, entry)
        return state
    # what made way for it may be at its place again
    there = (
        _one_file(fs, entry.path, entry.target_path)
        if entry.kind == Action.LINK
        else _holds(fs, entry, entry.target_path)
    )
    return EntryState.DONE if there else EntryState.UNDONE


def _settle_move(
    fs: FsOps, entry: JournalEntry, source: str, target: str, outcome: tuple[EntryState, EntryState]
) -> EntryState:
    """``outcome`` for a file found at ``source`` and at ``target``. A move stopped between its last two steps
    has left it at both: then the source goes."""
    not_moved, moved = outcome
    at_source, at_target = _exists(fs, source), _holds(fs, entry, target)
    if not at_source:
        return moved if _exists(fs, target) else EntryState.FAILED
    if not at_target:
        return not_moved
    if _one_file(fs, source, target):
        if fs.lstat(source).st_nlink < 2:
            return not_moved
    elif not _holds(fs, entry, source):
        return not_moved
    fs.unlink(source)
    return moved


def _same_as_checked(fs: FsOps, entry: JournalEntry) -> None:
    status = fs.lstat(entry.path)
    if not (
        is_regular(status)
        and inode_of(status) == entry.inode
        and status.st_size == entry.size
        and status.st_mtime_ns == entry.mtime_ns
    ):
        raise ProblemError("changed", "it changed while its turn came")


def _moved_the_right_file(fs: FsOps, entry: JournalEntry) -> None:
    """A rename goes by name; should the file have been replaced in that instant, put the newcomer back."""
    if inode_of(fs.lstat(entry.target_path)) != entry.inode:
        fs.rename(entry.target_path, entry.path)
        raise ProblemError("changed", "it was replaced while it was moved")


def _move_across(fs: FsOps, entry: JournalEntry, source: str, target: str, temporary: str) -> tuple[str, ...]:
    """Copy, sync, verify, rename, sync the folder, and only then remove the source.

    Returns:
        What the copy does not have, as ``FsOps.copy`` says it.
    """
    lost = _copy(fs, entry, source, target, temporary, whole=True)
    try:
        fs.sync_folder(os.path.dirname(target))
        if not _holds(fs, entry, source):
            raise ProblemError("changed", "it changed while it was copied")
        fs.unlink(source)
    except (OSError, ProblemError):
        if _exists(fs, source):
            fs.unlink(target)
        raise
    return lost


def _copy(
    fs: FsOps, entry: JournalEntry, source: str, target: str, temporary: str, *, whole: bool = False
) -> tuple[str, ...]:
    lost: tuple[str, ...] = ()

    def make() -> None:
        nonlocal lost
        lost = fs.copy(source, temporary, whole)
        if fs.digest(temporary) != entry.sha256:
            raise ProblemError("changed", "its copy does not have the bytes that were checked")

    _through_temporary(fs, temporary, target, make)
    return lost


def _through_temporary(fs: FsOps, temporary: str, target: str, make: Callable[[], None]) -> None:
    try:
        make()
        fs.rename(temporary, target)
    except (OSError, ProblemError):
        _remove(fs, temporary)
        raise


def _restore_facts(fs: FsOps, entry: JournalEntry, lost: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Give a file its mode and time back; what it lost is returned, with what cannot be given back.

    Setuid, setgid and sticky bits are never set for what a journal says: the file may have another owner than the one
    who set them, and the journal another writer.
    """
    status = fs.lstat(entry.path)
    special = stat.S_IMODE(status.st_mode) & ~_PERMISSIONS
    if entry.mode is not None:
        mode = special | (entry.mode & _PERMISSIONS)
        if stat.S_IMODE(status.st_mode) != mode:
            fs.chmod(entry.path, mode)
        if entry.mode & ~mode and attributes.SPECIAL_BITS not in lost:
            lost = (*lost, attributes.SPECIAL_BITS)
    if entry.mtime_ns is not None and status.st_mtime_ns != entry.mtime_ns:
        fs.set_mtime(entry.path, entry.mtime_ns)
    return lost


def _unedited(fs: FsOps, entry: JournalEntry, path: str) -> None:
    if not _exists(fs, path):
        raise ProblemError("missing", f"{path} is gone")
    if not _holds(fs, entry, path):
        raise ProblemError("edited", f"{path} was edited")


def _holds(fs: FsOps, entry: JournalEntry, path: str) -> bool:
    """Whether a regular file at ``path`` has the bytes that the journal noted."""
    try:
        status = fs.lstat(path)
        return is_regular(status) and status.st_size == entry.size and fs.digest(path) == entry.sha256
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise


def _exists(fs: FsOps, path: str) -> bool:
    try:
        fs.lstat(path)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise
    return True


def _one_file(fs: FsOps, a: str, b: str) -> bool:
    try:
        return same_file(fs.lstat(a), fs.lstat(b))
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return False
        raise


def _remove(fs: FsOps, path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        fs.unlink(path)
