"""Where a copy goes. A local folder is one such place; a bucket can be another with the same few calls."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from rfdedup.outputs.apply.fsops import FsOps, is_regular, native
from rfdedup.storage.files import sync_folder

PARTIAL: Final = ".rfdedup-partial"
"""Folder of what is being written, inside of the target; it is gone when the copy is whole."""


_SYNCS: Final = 32
"""Files that are made durable at a time."""


class WriteError(OSError):
    """The target could not be written, not a source read."""


class Sink(io.RawIOBase):
    """A file that is written from start to end; counts and hashes what goes in."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        try:
            self._stream.write(view)
        except OSError as error:
            raise WriteError(error.errno, error.strerror) from error
        self._hash.update(view)
        self.size += len(view)
        return len(view)

    def tell(self) -> int:
        return self.size

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Only to where it is: what was hashed is not written again."""
        if (whence, offset) not in ((os.SEEK_SET, self.size), (os.SEEK_CUR, 0), (os.SEEK_END, 0)):
            raise io.UnsupportedOperation("it is written in order")
        return self.size

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


@dataclass(frozen=True)
class Staged:
    """An output that is whole, but has no name yet.

    Attributes:
        place: where the target keeps it. size: bytes. sha256: hex.
        result: what its writer returned.
    """

    place: str
    size: int
    sha256: str
    result: Any


class Target(Protocol):
    """A place for outputs. Names are relative and ``/``-separated."""

    def prepare(self) -> None:
        """Make it ready, and clear what an interrupted copy left half written."""

    def names(self) -> Iterator[str]:
        """What is there, in any order."""
        ...

    def size(self, name: str) -> int | None:
        """Bytes of an output; None where there is none."""
        ...

    def digest(self, name: str) -> str | None:
        """SHA-256 of an output; None where there is none, or something else in its place."""
        ...

    def stage(self, write: Callable[[Sink], Any], mtime_ns: int | None) -> Staged:
        """Write an output under no name yet."""
        ...

    def publish(self, outputs: Sequence[tuple[Staged, str, bool]]) -> None:
        """Make outputs durable, then give them their names, durably.

        The flag says that an output may take the place of an earlier one of ours.
        """

    def discard(self, staged: Staged) -> None:
        """Forget an output that was not published."""

    def remove(self, name: str) -> None:
        """Take an output away, and the folders that are empty then."""

    def prune(self, name: str) -> None:
        """Take away the folders of an output, as far as they are empty."""

    def finish(self) -> None:
        """Leave nothing but outputs."""

    def free(self) -> int | None:
        """Bytes that there is room for; None where nobody knows."""
        ...


class LocalTarget:
    """A folder of this machine. ``folder`` is absolute, without links."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._partial = os.path.join(folder, PARTIAL)
        self._number = 0
        self._known: set[str] = set()
        self._fs = FsOps()

    def prepare(self) -> None:
        os.makedirs(native(self.folder), exist_ok=True)
        self.finish()
        os.mkdir(native(self._partial))

    def names(self) -> Iterator[str]:
        pending = [""]
        while pending:
            below = pending.pop()
            try:
                entries = sorted(os.scandir(native(self._path(below) if below else self.folder)), key=lambda e: e.name)
            except (FileNotFoundError, NotADirectoryError):
                continue
            for entry in entries:
                name = f"{below}/{entry.name}" if below else entry.name
                if entry.is_dir(follow_symlinks=False):
                    if name != PARTIAL:
                        pending.append(name)
                else:
                    yield name

    def size(self, name: str) -> int | None:
        try:
            status = self._fs.lstat(self._path(name))
        except (FileNotFoundError, NotADirectoryError):
            return None
        return status.st_size if is_regular(status) else None

    def digest(self, name: str) -> str | None:
        if self.size(name) is None or not self._straight(name):
            return None
        return self._fs.digest(self._path(name))

    def stage(self, write: Callable[[Sink], Any], mtime_ns: int | None) -> Staged:
        self._number += 1
        place = os.path.join(self._partial, f"{self._number:09d}")
        with open(native(place), "xb") as stream:
            sink = Sink(stream)
            result = write(sink)
        if mtime_ns is not None:
            os.utime(native(place), ns=(mtime_ns, mtime_ns))
        return Staged(place, sink.size, sink.sha256, result)

    def publish(self, outputs: Sequence[tuple[Staged, str, bool]]) -> None:
        # many at once: a file system then waits for its disk once for all of them
        with ThreadPoolExecutor(min(_SYNCS, len(outputs))) as pool:
            for _ in pool.map(sync_file, [staged.place for staged, _, _ in outputs]):
                pass
        folders = set()
        for staged, name, replace in outputs:
            path = self._path(name)
            folders |= self._make_folders(name)
            if replace:
                os.replace(native(staged.place), native(path))
            else:
                self._fs.rename(staged.place, path)
            folders.add(os.path.dirname(path))
        for folder in sorted(folders):
            sync_folder_at(folder)

    def discard(self, staged: Staged) -> None:
        with suppress(FileNotFoundError):
            os.unlink(native(staged.place))

    def remove(self, name: str) -> None:
        self._fs.unlink(self._path(name))
        self.prune(name)

    def prune(self, name: str) -> None:
        folders = []
        path = self.folder
        for part in name.split("/")[:-1]:
            path = os.path.join(path, part)
            try:
                if not stat.S_ISDIR(self._fs.lstat(path).st_mode):
                    break
            except OSError:
                break
            folders.append(path)
        with suppress(OSError):
            for folder in reversed(folders):
                self._fs.rmdir(folder)

    def finish(self) -> None:
        if os.path.islink(native(self._partial)):
            raise FileExistsError(17, "a symbolic link is where its own folder should be", self._partial)
        if os.path.isdir(native(self._partial)):
            shutil.rmtree(native(self._partial))

    def free(self) -> int | None:
        folder = self.folder
        while not os.path.isdir(native(folder)):
            folder = os.path.dirname(folder)
        return shutil.disk_usage(folder).free

    def _path(self, name: str) -> str:
        return os.path.join(self.folder, *name.split("/"))

    def _straight(self, name: str) -> bool:
        """Whether no link is on the way to an output."""
        path = self.folder
        for part in name.split("/")[:-1]:
            path = os.path.join(path, part)
            if path in self._known:
                continue
            try:
                if not stat.S_ISDIR(self._fs.lstat(path).st_mode):
                    return False
            except OSError:
                return False
        return True

    def _make_folders(self, name: str) -> set[str]:
        """Make the folders of an output; returns those in which one was made."""
        changed = set()
        path = self.folder
        for part in name.split("/")[:-1]:
            above, path = path, os.path.join(path, part)
            if path in self._known:
                continue
            try:
                os.mkdir(native(path))
                changed.add(above)
            except FileExistsError:
                if not stat.S_ISDIR(self._fs.lstat(path).st_mode):
                    raise
            self._known.add(path)
        return changed


def sync_file(path: str) -> None:
    """Make the bytes and times of a file durable."""
    handle = os.open(native(path), os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder_at(folder: str) -> None:
    """Make renames in a folder durable."""
    from pathlib import Path

    sync_folder(Path(folder))
