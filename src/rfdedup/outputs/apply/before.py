"""What earlier calls of apply did, told by content: a name may have been given to another picture since."""

from __future__ import annotations

from dataclasses import dataclass

from rfdedup.model.items import Identity
from rfdedup.outputs.apply.catalog import Known, Row
from rfdedup.outputs.apply.entries import JournalEntry
from rfdedup.outputs.apply.fsops import FsOps, is_regular, same_file
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import REPLACED, Earlier, Options, PlannedFile


@dataclass
class Before:
    """Answers from the journal and the disk. Without a journal nothing was done before."""

    fs: FsOps
    journal: Journal | None
    options: Options

    def handled(self, row: Row | Known) -> bool:
        """Whether the action was done to the file of this row already.

        A file that lies where the verdicts saw it was put there after its like had gone.
        """
        if self.journal is None:
            return False
        if row.sha256 is None:
            takes_away = self.options.action.takes_away
            return self.left(row.root, row.name) if takes_away else self.copied(row.root, row.name)
        if not self.options.action.takes_away:
            return self.new_place(row) is not None
        return self.journal.went(row.root, row.name, row.sha256) and not self._is_there(row)

    def copied(self, base: str, name: bytes) -> bool:
        """Whether what a file is now, whatever the run says of it, was copied or linked into the target."""
        entry = self._copy(base, name)
        if entry is None:
            return False
        try:
            return self._one_file(entry) or self.fs.digest(entry.path) == entry.sha256
        except OSError:
            return False

    def left(self, root: str, name: bytes) -> bool:
        """Whether a file of this name, whichever it was, was taken away, and no other is there now."""
        if self.journal is None or self.journal.taken_away(root, name) is None:
            return False
        return not self._is_taken(local(root, name))

    def new_place(self, row: Row | Known) -> str | None:
        """Where the copy or link of this row's picture is in the target; None if there is none."""
        entry = self._copy(row.root, row.name)
        if entry is None or not (entry.sha256 == row.sha256 or self._one_file(entry)):
            return None
        return entry.target_path

    def earlier(self, row: Row) -> Earlier:
        """What copies of the picture as it was, and of its sidecars, lie in the target."""
        entry = self._copy(row.root, row.name)
        found = Earlier()
        if self.journal is None or entry is None:
            return found
        found.place = entry.target_place
        if not self._as_made(entry) and self._is_taken(entry.target_path):
            # a copy that was edited stays, and so does what belongs to it
            return found
        if self._as_made(entry):
            found.aside.append(_aside(entry))
        for made in self._sidecars(row):
            if self._is_same(made):
                found.same.add((made.base, made.name))
            elif self._as_made(made):
                found.aside.append(_aside(made))
        return found

    def _sidecars(self, row: Row) -> list[JournalEntry]:
        """The last copies of what went with a picture, with any of its copies: what was as before did not go again.

        Other pictures that went with it have a say of their own. What lies beside several is that of the first.
        """
        if self.journal is None or self.options.target is None:
            return []
        last: dict[Identity, JournalEntry] = {}
        for entry in self.journal.copies(row.root, row.name, self.options.target):
            if entry.id == entry.unit:
                for made in self.journal.unit(entry.session, entry.unit):
                    if made.role == "sidecar":
                        last.setdefault((made.base, made.name), made)
        return list(last.values())

    def _copy(self, base: str, name: bytes) -> JournalEntry | None:
        """The last copy or link of a file of this name; earlier ones made way for it."""
        if self.journal is None or self.options.target is None:
            return None
        return next(iter(self.journal.copies(base, name, self.options.target)), None)

    def _is_taken(self, path: str) -> bool:
        try:
            self.fs.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        return True

    def _is_there(self, row: Row | Known) -> bool:
        try:
            status = self.fs.lstat(local(row.root, row.name))
        except (FileNotFoundError, NotADirectoryError):
            return False
        return is_regular(status) and (status.st_size, status.st_mtime_ns) == (row.size, row.mtime_ns)

    def _as_made(self, entry: JournalEntry) -> bool:
        """Whether what apply put into the target lies there as it was made."""
        try:
            status = self.fs.lstat(entry.target_path)
            same_size = is_regular(status) and status.st_size == entry.size
            return same_size and self.fs.digest(entry.target_path) == entry.sha256
        except OSError:
            return False

    def _is_same(self, entry: JournalEntry) -> bool:
        """Whether a copy that apply made still holds what its original holds."""
        try:
            return self._one_file(entry) or self.fs.digest(entry.target_path) == self.fs.digest(entry.path)
        except OSError:
            return False

    def _one_file(self, entry: JournalEntry) -> bool:
        """A picture that was edited in place shows the same in each of its hard links."""
        try:
            return same_file(self.fs.lstat(entry.path), self.fs.lstat(entry.target_path))
        except OSError:
            return False


def _aside(entry: JournalEntry) -> PlannedFile:
    return PlannedFile(REPLACED, *entry.target_place, size=entry.size, sha256=entry.sha256)
