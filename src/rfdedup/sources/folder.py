"""Scan: which files lie below the INPUT folders, in one deterministic order. Reads names and stat, never content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item, storable_time
from rfdedup.sources.plan import cut
from rfdedup.sources.reading import FileReader

TELL_FILES = 1000
"""Progress is told each time so many more files were found, also inside one folder."""


@dataclass(frozen=True)
class Scan:
    """Files in canonical order, and what was passed over."""

    files: Sequence[Item]
    roots: list[str]
    hidden: int = 0
    symlinks: int = 0
    special: int = 0
    overlapping: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    """Folders that could not be listed, each with the reason."""
    understood: str = ""
    """What the input was taken for, in words, where it is more than folders."""
    notes: list[str] = field(default_factory=list)
    """What is wrong with parts of the input, in lines for people."""
    inside: int = 0
    """Members of containers that are no images by their names."""


def scan(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    exclude: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """List every regular file below ``inputs``.

    Symlinks are not followed, hidden files and folders are counted and passed over, ``exclude`` (the run folder)
    is left out, and a file reached twice through overlapping inputs or bind mounts is listed once. Hard links are
    different names of one file and stay separate. ``progress`` is told how many more files were found.

    Raises:
        InputError: an input does not exist or is no folder.
    """
    roots = [_resolve(path) for path in inputs]
    if not roots:
        raise InputError("no INPUT given: name at least one folder of images")
    skip = None
    if exclude is not None:
        # one that is not there, or cannot be, lies below no input; whoever writes to it says what is wrong with it
        with suppress(OSError):
            skip = _identity(exclude)
    walk = _Walk(skip=skip, progress=progress)
    for root in dict.fromkeys(roots):
        walk.root(root)
    files = _once_each(sorted(walk.files, key=lambda file: (file.sort_key, file.root)))
    return Scan(
        files=ItemTable.of(files),
        roots=sorted(set(roots)),
        hidden=walk.hidden,
        symlinks=walk.symlinks,
        special=walk.special,
        overlapping=len(walk.files) - len(files),
        unreadable=walk.unreadable,
    )


@dataclass(frozen=True)
class FolderSource:
    """The images below some folders.

    Attributes:
        inputs: the folders, as the user named them.
        limits: what one file may cost.
        exclude: the run folder, where it lies below one of them.
    """

    inputs: tuple[str, ...]
    limits: DecodeLimits = DecodeLimits()  # noqa: RUF009  frozen
    exclude: Path | None = None

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """What there is, and what was passed over; raises ``InputError`` as ``scan`` does."""
        return scan(self.inputs, exclude=self.exclude, progress=progress)

    def plan(self) -> list[list[Item]]:
        """See ``Source.plan``."""
        files = self.scan().files
        return cut(files, np.ones(len(files), np.bool_))

    def open(self) -> FileReader:
        """See ``Source.open``."""
        return FileReader(self.limits)


def sample(files: Sequence[Item], count: int) -> list[Item]:
    """The ``count`` files whose relative paths have the smallest BLAKE2 digests, in the order of ``files``.

    A file's chance does not depend on the others, so a larger sample contains a smaller one.
    """
    if count >= len(files):
        return list(files)
    order = sorted(
        range(len(files)),
        key=lambda i: (
            hashlib.blake2b(files[i].key_bytes, digest_size=8).digest(),
            files[i].sort_key,
        ),
    )
    return [files[i] for i in sorted(order[:count])]


def resolve(path: str | os.PathLike[str]) -> str:
    """The absolute path of something that the user named, without links.

    Raises:
        InputError: it does not exist, or its name is not UTF-8.
    """
    given = os.fspath(path)
    try:
        resolved = os.path.realpath(given, strict=True)
    except FileNotFoundError:
        raise InputError(f"INPUT {given!r} does not exist") from None
    except OSError as error:
        raise InputError(f"INPUT {given!r} cannot be read: {error.strerror}") from None
    if not resolved.isprintable() and any("\udc80" <= c <= "\udcff" for c in resolved):
        raise InputError(f"INPUT {given!r} has a name that is not UTF-8: give the folder above it instead")
    return resolved


def _resolve(path: str | os.PathLike[str]) -> str:
    given, resolved = os.fspath(path), resolve(path)
    if not os.path.isdir(resolved):
        raise InputError(f"INPUT {given!r} is not a folder: name the folder that holds the images")
    return resolved


def _is_junction(entry: os.DirEntry[str]) -> bool:
    """Windows junctions are links too; Python 3.12 and later tell."""
    return os.name == "nt" and bool(getattr(entry, "is_junction", lambda: False)())


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


class _Walk:
    """Depth-first walk without recursion, so that depth is bounded by the file system alone."""

    def __init__(self, *, skip: tuple[int, int] | None, progress: Callable[[int], None] | None) -> None:
        self.skip = skip
        self.progress = progress
        self.files: list[Item] = []
        self.hidden = self.symlinks = self.special = self.told = 0
        self.unreadable: list[tuple[str, str]] = []

    def root(self, root: str) -> None:
        pending = [(root, "")]
        while pending:
            folder, prefix = pending.pop()
            try:
                entries = list(os.scandir(folder))
                if self.skip is not None and _identity(Path(folder)) == self.skip:
                    continue
            except OSError as error:
                if not prefix:
                    raise InputError(f"INPUT {root!r} cannot be listed: {error.strerror}") from None
                self.unreadable.append((folder, error.strerror or str(error)))
                continue
            for entry in entries:
                self._entry(entry, root, prefix, pending)
                if len(self.files) - self.told >= TELL_FILES:
                    self._tell()
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(len(self.files) - self.told)
        self.told = len(self.files)

    def _entry(self, entry: os.DirEntry[str], root: str, prefix: str, pending: list[tuple[str, str]]) -> None:
        if entry.name.startswith("."):
            self.hidden += 1
            return
        path = prefix + entry.name
        try:
            if entry.is_symlink() or _is_junction(entry):
                self.symlinks += 1
            elif entry.is_dir(follow_symlinks=False):
                pending.append((entry.path, path + "/"))
            elif not entry.is_file(follow_symlinks=False):
                self.special += 1
            else:
                # DirEntry.stat leaves inode, device and link count at zero on Windows
                status = os.lstat(entry.path) if os.name == "nt" else entry.stat(follow_symlinks=False)
                identity = (status.st_ino, status.st_dev, status.st_nlink)
                self.files.append(Item(root, path, status.st_size, storable_time(status), *identity))
        except OSError as error:
            self.unreadable.append((entry.path, error.strerror or str(error)))


def _once_each(files: list[Item]) -> list[Item]:
    """Drop later sightings of one directory entry. ``files`` are sorted; hard links are kept."""
    seen: dict[tuple[int, int], list[str]] = {}
    kept: list[Item] = []
    last_key: bytes | None = None
    for file in files:
        key = file.sort_key
        if key == last_key:
            continue
        last_key = key
        if file.inode:
            names = seen.setdefault((file.device, file.inode), [])
            if len(names) >= file.links:
                continue
            names.append(file.key)
        kept.append(file)
    return kept
