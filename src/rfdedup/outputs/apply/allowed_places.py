"""Where a journal may act: each action has its kind of place, and no other is touched, whatever the journal says."""

from __future__ import annotations

import os
from collections.abc import Iterator

from rfdedup.outputs.apply.entries import JournalEntry
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import REPLACED, Action
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import Note, below, refusal

_LISTED = 1000


class AllowedPlaces:
    """The places of a note, with the symbolic links on their way resolved once."""

    def __init__(self, note: Note) -> None:
        self._note = note
        self._real = {folder: os.path.realpath(folder) for folder in (*note.inputs, *note.targets, *note.places)}

    def source(self, base: str, path: str) -> bool:
        """Whether a file may be taken from, or brought back to, ``path``, which lies below ``base``."""
        return self._inside(base, path, self._note.inputs)

    def target(self, base: str, path: str) -> bool:
        """Whether a file may have been moved or copied to ``path``."""
        return self._inside(base, path, self._note.targets)

    def written(self, base: str, path: str) -> bool:
        """Whether a data-set file may have been written to ``path``."""
        return self.target(base, path) or (path in self._note.places and self._straight(path))

    def folder(self, path: str) -> bool:
        """Whether a folder may be removed where it is empty, or get its old time back."""
        known = [*self._note.inputs, *self._note.targets]
        return self._inside(path, path, known) or (path in self._note.places and self._straight(path))

    def above(self, path: str) -> bool:
        """Whether a folder holds one of the places."""
        return any(below(folder, [path]) for folder in (*self._note.inputs, *self._note.targets))

    def _inside(self, base: str, path: str, folders: list[str]) -> bool:
        if not below(path, folders):
            return False
        # what lies between a base and its files is looked at when their turn comes
        start = base if below(base, folders) else path
        return below(os.path.realpath(start), [self._real[folder] for folder in folders])

    def _straight(self, path: str) -> bool:
        return os.path.realpath(path) == self._real[path]


def check_journal(folder: RunFolder, journal: Journal, note: Note) -> None:
    """Check that a journal stays within the places that are known or named, before anything is done.

    Raises:
        RunFolderError: it does not, or it is damaged.
    """
    allowed = AllowedPlaces(note)
    found: list[str] = []
    for path in _outside(journal, allowed):
        if not below(path, found):
            found.append(path)
        if len(found) >= _LISTED:
            break
    for path in journal.folder_paths():
        known = allowed.folder(path) or allowed.above(path) or below(path, found)
        # those above the new places were made or changed for them
        if not known and not any(below(place, [path]) for place in found):
            found.append(path)
        if len(found) >= _LISTED:
            break
    if found:
        raise refusal(folder, found)
    # an empty folder above a named root stays where it is
    journal.may_touch = allowed.folder


def _outside(journal: Journal, allowed: AllowedPlaces) -> Iterator[str]:
    for kind, role, base, target_base in journal.places():
        if (
            kind != Action.WRITE
            and allowed.source(base, base)
            and (target_base is None or allowed.target(target_base, target_base))
        ):
            continue
        for page in journal.entries_at(kind, role, base, target_base):
            for entry in page:
                yield from _outside_of(entry, allowed)


def _outside_of(entry: JournalEntry, allowed: AllowedPlaces) -> Iterator[str]:
    if entry.kind == Action.WRITE:
        if not allowed.written(entry.target_place[0], entry.target_path):
            yield entry.target_path
        return
    taken = allowed.target if entry.role == REPLACED else allowed.source
    if not taken(entry.base, entry.path):
        yield _place(entry, entry.base, entry.name)
    if entry.target is not None and not allowed.target(entry.target_place[0], entry.target_path):
        yield _place(entry, *entry.target_place)


def _place(entry: JournalEntry, base: str, name: bytes) -> str:
    """What the user would name as a root: a folder of images, or one beside it that holds their sidecars."""
    first, slash, _ = name.partition(b"/")
    return local(base, first) if slash and entry.role == "sidecar" else base
