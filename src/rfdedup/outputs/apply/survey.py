"""What the folders hold, for the plan: names are read a folder at a time and forgotten again."""

from __future__ import annotations

import os
from collections import OrderedDict

from rfdedup.outputs.apply.fsops import FsOps
from rfdedup.outputs.apply.names import fold, local
from rfdedup.outputs.apply.sidecars import MAX_LABEL_BYTES

_MAX_NAMES = 400_000
"""Names held at a time, the current folder apart."""


class DiskSurvey:
    """Answers from the disk. A folder that is not there holds nothing; one that cannot be read raises OSError.

    ``folds_names``: the volume where new names go takes ``a`` and ``A`` for one.
    """

    def __init__(self, fs: FsOps, *, folds_names: bool = False) -> None:
        self._fs = fs
        self._folds_names = folds_names
        self._folders: OrderedDict[str, frozenset[bytes]] = OrderedDict()
        self._names = 0
        self._last: tuple[str, bytes, frozenset[bytes]] = ("", b"", frozenset())

    def has(self, base: str, name: bytes) -> bool:
        folder, _, leaf = name.rpartition(b"/")
        # names come sorted, so the same folder is asked for again and again
        last_base, last_folder, found = self._last
        if folder != last_folder or base != last_base:
            found = self._listing(local(base, folder) if folder else base)
            self._last = (base, folder, found)
        return leaf in found

    def any_ends_with(self, base: str, folder: bytes, ending: bytes) -> bool:
        """Whether any name in a folder has this ending."""
        return any(name.endswith(ending) for name in self._listing(local(base, folder) if folder else base))

    def names(self, base: str, folder: bytes) -> frozenset[bytes]:
        """All names in a folder."""
        return self._listing(local(base, folder) if folder else base)

    def size(self, base: str, name: bytes) -> int:
        """Bytes of a file."""
        return self._fs.lstat(local(base, name)).st_size

    def taken(self, base: str, name: bytes) -> bool:
        """Whether something has the new name ``name`` already."""
        if not self._folds_names:
            return self.has(base, name)
        folder, _, leaf = name.rpartition(b"/")
        return fold(leaf) in map(fold, self._listing(local(base, folder) if folder else base))

    def read(self, base: str, name: bytes) -> bytes:
        """A label file."""
        return self._fs.read(local(base, name), MAX_LABEL_BYTES)

    def _listing(self, folder: str) -> frozenset[bytes]:
        found = self._folders.get(folder)
        if found is not None:
            self._folders.move_to_end(folder)
            return found
        try:
            found = frozenset(map(os.fsencode, self._fs.names(folder)))
        except (FileNotFoundError, NotADirectoryError):
            found = frozenset()
        self._folders[folder] = found
        self._names += len(found) + 1
        while self._names > _MAX_NAMES and len(self._folders) > 1:
            self._names -= len(self._folders.popitem(last=False)[1]) + 1
        return found
