"""Is a file still what the run saw? Asked just before anything happens to it, of the file and of its king."""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass

from rfdedup.model.items import Identity
from rfdedup.outputs.apply.catalog import Known
from rfdedup.outputs.apply.fsops import FsOps, explain, inode_of, is_regular, same_file
from rfdedup.outputs.apply.names import fold, local
from rfdedup.outputs.apply.plan import PlannedFile, Unit

_KINGS = 4096


@dataclass(frozen=True, slots=True)
class Seen:
    """A file as it was found: facts that must still hold at the moment of the action."""

    size: int
    mtime_ns: int
    mode: int
    device: int
    inode: int
    links: int
    sha256: str

    def still(self, status: os.stat_result) -> bool:
        """Whether ``status`` is of the same file, untouched since."""
        return (
            inode_of(status) == self.inode
            and status.st_size == self.size
            and status.st_mtime_ns == self.mtime_ns
            and is_regular(status)
        )


class ProblemError(Exception):
    """A file that must not be acted on: ``reason`` for machines, ``detail`` for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class Recheck:
    """Checks against the disk. Kings are hashed once and their stat compared at every later use."""

    def __init__(self, fs: FsOps) -> None:
        self._fs = fs
        self._folders: dict[str, str | None] = {}
        self._kings: OrderedDict[Identity, tuple[Seen | None, str]] = OrderedDict()

    def forget_folders(self) -> None:
        """Look at folders anew; called for each group of files."""
        self._folders.clear()

    def image(self, unit: Unit) -> Seen:
        """Check an image and its king.

        Raises:
            ProblemError: one of them is not what the run saw.
        """
        seen = self.item(unit.image)
        if unit.king is not None:
            self._king(unit.king, unit.image, seen)
        return seen

    def item(self, item: PlannedFile) -> Seen:
        """Check one file: it lies where its name says, has the size, mtime and SHA-256 of ``item`` where known.

        Raises:
            ProblemError: it does not.
        """
        self.folders(item.base, item.name)
        try:
            status = self._fs.lstat(item.path)
            if not is_regular(status):
                raise ProblemError("changed", "it is no regular file any more")
            if item.size is not None and status.st_size != item.size:
                raise ProblemError("changed", f"its size was {item.size} bytes, now {status.st_size}")
            if item.mtime_ns is not None and status.st_mtime_ns != item.mtime_ns:
                raise ProblemError("changed", "it was modified after the run")
            digest = self._fs.digest(item.path)
        except OSError as error:
            raise ProblemError(*explain(error)) from None
        if item.sha256 is not None and digest != item.sha256:
            raise ProblemError("changed", "its bytes changed after the run, with the same size and time")
        return Seen(
            size=status.st_size,
            mtime_ns=status.st_mtime_ns,
            mode=status.st_mode & 0o7777,
            device=status.st_dev,
            inode=inode_of(status),
            links=status.st_nlink,
            sha256=digest,
        )

    def folders(self, base: str, name: bytes) -> None:
        """Check that no folder between ``base`` and the file is a symbolic link.

        Raises:
            ProblemError: one is, or is missing.
        """
        folder, slash, _ = name.rpartition(b"/")
        while slash:
            path = local(base, folder)
            if path not in self._folders:
                try:
                    status = self._fs.lstat(path)
                    self._folders[path] = None if not _is_link(status) else "is a symbolic link"
                except OSError as error:
                    self._folders[path] = explain(error)[0]
            problem = self._folders[path]
            if problem is not None:
                reason = "missing" if problem == "missing" else "changed"
                raise ProblemError(reason, f"its folder {path} {problem}")
            folder, slash, _ = folder.rpartition(b"/")

    def _king(self, king: Known, image: PlannedFile, seen: Seen) -> None:
        key = (king.root, king.name)
        checked = self._kings.get(key)
        if checked is None or (checked[0] is not None and not self._unchanged(king, checked[0])):
            checked = self._kings[key] = self._look_at_king(king)
            while len(self._kings) > _KINGS:
                self._kings.popitem(last=False)
        found, problem = checked
        if found is None:
            raise ProblemError("king-changed", f"its king {local(king.root, king.name)}: {problem}")
        if found.inode == seen.inode and found.device == seen.device:
            self._distinct_names(king, image, seen)

    def _unchanged(self, king: Known, seen: Seen) -> bool:
        try:
            return seen.still(self._fs.lstat(local(king.root, king.name)))
        except OSError:
            return False

    def _look_at_king(self, king: Known) -> tuple[Seen | None, str]:
        try:
            # the mtime of a king may change as long as its bytes do not
            return self.item(PlannedFile("king", king.root, king.name, size=king.size, sha256=king.sha256)), ""
        except ProblemError as problem:
            return None, problem.detail

    def _distinct_names(self, king: Known, image: PlannedFile, seen: Seen) -> None:
        """Two hard links are two names; one name reached twice (letter case, bind mount) is not.

        Raises:
            ProblemError: image and king are one and the same directory entry.
        """
        king_folder, king_leaf = os.path.split(local(king.root, king.name))
        folder, leaf = os.path.split(image.path)
        try:
            same_folder = same_file(self._fs.lstat(king_folder), self._fs.lstat(folder))
        except OSError as error:
            raise ProblemError(*explain(error)) from None
        same_leaf = fold(os.fsencode(king_leaf)) == fold(os.fsencode(leaf))
        if seen.links < 2 or (same_folder and same_leaf):
            raise ProblemError("same-file", "it is its own king under another spelling of its path")


def _is_link(status: os.stat_result) -> bool:
    return (status.st_mode & 0o170000) == 0o120000 or bool(getattr(status, "st_reparse_tag", 0) == 0xA0000003)
