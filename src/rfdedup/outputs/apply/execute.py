"""Walks the plan: check a group of files, journal what will be done, do it, sync, journal what came of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from rfdedup.model.errors import ApplyStoppedError
from rfdedup.outputs.apply.entries import EntryState, JournalEntry
from rfdedup.outputs.apply.folders import Folders, sync_all
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import REPLACED, Action, Held, Options, PlannedFile, Unit
from rfdedup.outputs.apply.recheck import ProblemError, Recheck, Seen
from rfdedup.outputs.apply.steps import perform, revert, seen_from_afar, settle

GROUP_FILES = 512
GROUP_BYTES = 256 << 20
"""Files that share the two synced transactions of the journal."""


class Executor:
    """Acts on units in groups. One broken file is an entry with a reason; the others go on."""

    def __init__(
        self, fs: FsOps, journal: Journal, session: int, options: Options, progress: Callable[[int], None]
    ) -> None:
        self._fs = fs
        self._journal = journal
        self._session = session
        self._options = options
        self._progress = progress
        self._recheck = Recheck(fs)
        self._folders = Folders(fs)

    def run(self, units: Iterable[Unit | Held]) -> None:
        """Act on all units; what is held back is noted with its reason.

        Raises:
            ApplyStoppedError: the journal or a folder cannot be made durable. What was begun can be resumed.
        """
        for group in _groups(units):
            self._recheck.forget_folders()
            self._act(
                [self._hold(unit) if isinstance(unit, Held) else self._check(unit) for unit in group],
                [unit for unit in group if isinstance(unit, Unit)],
            )
            self._progress(len(group))

    def write(self, base: str, name: bytes, target: str, data: bytes) -> None:
        """Make a new file below the folder ``target``, in the name of the file ``name`` below ``base``."""
        entry = self._entry(PlannedFile("dataset", base, name), Action.WRITE)
        entry.target_base, leaf = os.path.split(target)
        entry.target, entry.size, entry.sha256 = os.fsencode(leaf), len(data), hashlib.sha256(data).hexdigest()
        self._act([[entry]], [], data)

    def finish(self, entries: list[JournalEntry]) -> None:
        """Act on sidecars whose images were acted on before the process died."""
        fresh = [
            replace(entry, id=self._journal.new_id(), state=EntryState.PENDING, reason=None, detail=None)
            for entry in entries
        ]
        for entry in fresh:
            try:
                self._recheck.item(PlannedFile("sidecar", entry.base, entry.name, size=entry.size, sha256=entry.sha256))
            except ProblemError as problem:
                _close(entry, problem)
        if fresh:
            self._act([[entry] for entry in fresh], [])

    def _hold(self, held: Held) -> list[JournalEntry]:
        entry = self._entry(PlannedFile("image", held.base, held.name, size=held.size), self._options.action)
        entry.state, entry.reason, entry.detail = (
            EntryState.FAILED if held.failed else EntryState.SKIPPED,
            held.reason,
            held.detail,
        )
        return [entry]

    def _check(self, unit: Unit) -> list[JournalEntry]:
        entries: list[JournalEntry] = []
        for part in unit.parts:
            entry = self._entry(part.image, self._options.action, part, entries[0].id if entries else None)
            try:
                _note(entry, self._recheck.image(part))
            except ProblemError as problem:
                if entries:
                    problem = ProblemError(problem.reason, f"{part.image.path} goes with it: {problem.detail}")
                return self._refuse(entries or [entry], problem)
            if part.conflict is not None:
                entry.reason, entry.detail = "label-conflict", part.conflict
            elif part.stays is not None:
                entry.reason, entry.detail = part.stays
            entries.append(entry)
        for part in unit.parts:
            for item in part.sidecars:
                entry = self._entry(item, self._options.action, part, entries[0].id)
                try:
                    _note(entry, self._recheck.item(item))
                except ProblemError as problem:
                    if problem.reason == "missing":
                        continue
                    named = ProblemError(problem.reason, f"its sidecar {item.path}: {problem.detail}")
                    return self._refuse(entries, named)
                entries.append(entry)
        for part in unit.parts:
            for item in part.replaced:
                entry = self._entry(item, Action.MOVE, part, entries[0].id)
                try:
                    _note(entry, self._recheck.item(item))
                except ProblemError as problem:
                    way = ProblemError("occupied", f"what it takes the place of, {item.path}: {problem.detail}")
                    return self._refuse(entries, way)
                entries.append(entry)
        return entries

    def _refuse(self, entries: list[JournalEntry], problem: ProblemError) -> list[JournalEntry]:
        _close(entries[0], problem)
        return entries[:1]

    def _entry(
        self, item: PlannedFile, action: Action, unit: Unit | None = None, image: int | None = None
    ) -> JournalEntry:
        number = self._journal.new_id()
        return JournalEntry(
            *(number, self._session, number if image is None else image, item.role, action, EntryState.PENDING),
            *(item.base, item.name, item.target_base, item.target, item.size, item.mtime_ns),
            sha256=item.sha256,
            tier=None if unit is None else unit.tier,
        )

    def _act(self, units: list[list[JournalEntry]], planned: list[Unit], data: bytes = b"") -> None:
        open_units = [entries for entries in units if entries[0].state == EntryState.PENDING]
        changes = self._folders.changes(entry for entries in open_units for entry in entries)
        with self._journal.transaction():
            self._journal.insert(entry for entries in units for entry in entries)
            self._journal.insert_folders(self._session, changes.noted)
        self._folders.make(changes)
        parts = [part for unit in planned for part in unit.parts]
        claims = {
            item.path: [local(part.image.base, name) for name in item.claimants]
            for part in parts
            for item in part.sidecars
            if item.claimants
        }
        hardlinks = {part.image.path for part in parts if part.hardlink}
        for entries in open_units:
            self._unit(entries, claims, hardlinks, data)
        sync_all(self._fs, [entry for entries in open_units for entry in entries])
        with self._journal.transaction():
            self._journal.update(entry for entries in open_units for entry in entries)

    def _unit(
        self, entries: list[JournalEntry], claims: dict[str, list[str]], hardlinks: set[str], data: bytes
    ) -> None:
        done: list[JournalEntry] = []
        # numbers give the way back: what makes way goes first, and comes back last
        ordered = sorted(entries, key=lambda entry: entry.role != REPLACED)
        for i, entry in enumerate(ordered):
            try:
                if self._claimed(claims.get(entry.path, ())):
                    entry.state, entry.reason = EntryState.SKIPPED, "shared"
                    entry.detail = "another image that stays has the same sidecar"
                    continue
                self._folders.check(entry)
                self._keep_last_name(entry, entry.path in hardlinks)
                perform(self._fs, entry, data)
            except (ProblemError, OSError) as error:
                _close(entry, error)
                if isinstance(error, OSError) and not isinstance(error, FileExistsError):
                    self._look(entry)
                if entry.state == EntryState.DONE:
                    done.append(entry)
                    continue
                self._take_back(done)
                for rest in ordered[i + 1 :]:
                    rest.state = EntryState.CANCELLED
                return
            entry.state = EntryState.DONE
            done.append(entry)

    def _claimed(self, claimants: Sequence[str]) -> bool:
        """Whether another image with this sidecar is still at its place."""
        if not self._options.action.takes_away:
            return False
        for path in claimants:
            try:
                self._fs.lstat(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                return True
            return True
        return False

    def _keep_last_name(self, entry: JournalEntry, flagged: bool) -> None:
        """A hard-linked file never loses its last name to ``--delete``.

        Raises:
            ProblemError: this is the last one.
        """
        if entry.kind != Action.DELETE or entry.role != "image" or self._fs.lstat(entry.path).st_nlink > 1:
            return
        if flagged or (entry.links or 0) > 1 or self._journal.lost_names(self._session, entry.device, entry.inode):
            raise ProblemError("last-name", "its other hard links are gone; this is the last name of the file")

    def _look(self, entry: JournalEntry) -> None:
        """An error may come after the file went. The disk tells; if it cannot, the entry stays open."""
        reported, entry.state = entry.state, EntryState.PENDING
        with contextlib.suppress(OSError):
            settled = settle(self._fs, entry)
            if settled == EntryState.DONE:
                entry.state, entry.reason, entry.detail = EntryState.DONE, None, None
            else:
                entry.state = reported

    def _take_back(self, done: list[JournalEntry]) -> None:
        """An image whose sidecar could not follow goes back, so that nothing is half done."""
        for entry in reversed(done):
            if entry.kind == Action.DELETE:
                continue
            try:
                revert(self._fs, entry)
                entry.state = EntryState.CANCELLED
            except (ProblemError, OSError) as error:
                entry.reason, entry.detail = "without-sidecar", f"it could not go back either: {error}"


def settle_open(fs: FsOps, journal: Journal) -> None:
    """Ask the disk about every action that a killed process left open, and journal the answers.

    Raises:
        ApplyStoppedError: the disk does not answer.
    """
    for page in journal.open_entries():
        recheck = Recheck(fs)
        for entry in page:
            try:
                _no_links(recheck, entry)
                entry.state = settle(fs, entry)
            except ProblemError:
                entry.state = seen_from_afar(entry)
            except OSError as error:
                raise ApplyStoppedError(
                    f"cannot tell what became of {entry.path}: {explain(error)[1]}; then run the same command again"
                ) from None
            if entry.state == EntryState.FAILED:
                entry.reason, entry.detail = "missing", "it is neither at its old nor at its new place"
        sync_all(fs, page)
        with journal.transaction():
            journal.update(page)


def _no_links(recheck: Recheck, entry: JournalEntry) -> None:
    """Raises:
    ProblemError: a folder on the way to the old or the new place is a symbolic link.
    """
    places = [] if entry.kind == Action.WRITE else [(entry.base, entry.name)]
    for place in places + ([] if entry.target is None else [entry.target_place]):
        try:
            recheck.folders(*place)
        except ProblemError as problem:
            if problem.reason != "missing":
                raise


def _groups(units: Iterable[Unit | Held]) -> Iterator[list[Unit | Held]]:
    group: list[Unit | Held] = []
    total = 0
    for unit in units:
        group.append(unit)
        total += (unit.image.size or 0) if isinstance(unit, Unit) else 0
        if len(group) >= GROUP_FILES or total >= GROUP_BYTES:
            yield group
            group, total = [], 0
    if group:
        yield group


def _note(entry: JournalEntry, seen: Seen) -> None:
    entry.size, entry.mtime_ns, entry.mode, entry.sha256 = seen.size, seen.mtime_ns, seen.mode, seen.sha256
    entry.device, entry.inode, entry.links = seen.device, seen.inode, seen.links


_SKIPS = ("changed", "king-changed", "same-file", "missing", "last-name", "symlink")
"""Reasons that lie in the files; the others lie in the system and are failures."""


def _close(entry: JournalEntry, error: ProblemError | OSError) -> None:
    if isinstance(error, ProblemError):
        entry.reason, entry.detail = error.reason, error.detail
    else:
        entry.reason, entry.detail = explain(error)
    entry.state = EntryState.SKIPPED if entry.reason in _SKIPS else EntryState.FAILED
