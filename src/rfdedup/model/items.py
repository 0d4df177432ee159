"""The identity of an image: where it lies, what tells that it changed, and what its data set says of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IMAGE_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "avif", "tif", "tiff", "bmp", "dib", "gif"),
        *("heic", "heif", "hif", "jp2", "j2k", "jpx", "jxl", "ico", "ppm", "pgm", "pbm", "pnm", "tga", "psd"),
        *("eps", "svg", "exr", "hdr", "dng", "cr2", "cr3", "nef", "arw", "orf", "rw2", "raf", "nrw", "pef", "srw"),
        *("iiq", "3fr", "fff", "rwl", "srf", "sr2", "kdc", "dcr", "mef", "mos", "mrw", "erf", "x3f", "crw", "gpr"),
    )
)
"""A file with one of these names is a row of the verdicts whatever it holds; others only if they hold an image."""


Identity = tuple[str, bytes]
"""Root and key of an item, as all tables name it: their columns ``root`` and ``path_bytes``."""


def identity_of(row: Mapping[str, Any], prefix: str = "") -> Identity:
    """The identity in a row of a table; with the prefix ``king_``, that of its king."""
    return row[f"{prefix}root"], row[f"{prefix}path_bytes"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item lies inside a container.

    Attributes:
        offset, length: of its bytes as they are stored; in a table, its row and 1; in a film, when it is shown and how
            long before that its keyframe is, in ticks of the stream.
        source: how they are stored, the column ``source`` of all tables: ``tar``, ``zip``, ``zip deflated``,
            ``zip encrypted`` and other ways that are not read, ``parquet`` with the path of a column, or ``film``.
    """

    offset: int
    length: int
    source: str = "tar"


@dataclass(frozen=True, slots=True)
class Item:
    """One image of a data set, the same from scan to undo: a file or a part of one. A row is its position in the plan.

    Attributes:
        root: the INPUT that it came from, a folder or a container.
        key: its name below ``root``, ``/``-separated, surrogate-escaped; the column ``path`` of all tables.
        size: bytes.
        mtime_ns, inode, device, links: what the file system says of it. The first two tell that it changed. In a
            container: the time that it notes, or its own, and its inode and device.
        version: what tells that it changed where there is no file system: an ETag, the version of a container.
        place: inside a container; None for a file.
        split, label: what the data set says of it.
        frame, time: number in its film from 0 in the order in which frames are shown, and seconds since the first.
    """

    root: str
    key: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    links: int
    version: str | None = None
    place: Place | None = None
    split: str | None = None
    label: str | None = None
    frame: int | None = None
    time: float | None = None

    @property
    def absolute(self) -> str:
        """Path for the operating system."""
        return os.path.join(self.root, *self.key.split("/")) if self.key else self.root

    @property
    def key_bytes(self) -> bytes:
        """The name below ``root`` as the file system has it; the column ``path_bytes`` of all tables."""
        return os.fsencode(self.key)

    @property
    def identity(self) -> Identity:
        return self.root, self.key_bytes

    @property
    def sort_key(self) -> bytes:
        """Bytes of the whole ``/``-separated path: the same order however the input is split into roots."""
        return os.fsencode(f"{self.root.replace(os.sep, '/').rstrip('/')}/{self.key}")

    @property
    def camera(self) -> str | None:
        """Name of the film that it is a frame of; the root is its whole path."""
        return None if self.frame is None else os.path.basename(self.root)

    @property
    def named_as_image(self) -> bool:
        if self.place is not None and self.place.source.startswith(("parquet", "film")):
            # the column of a table says what it holds, and a film holds frames
            return True
        name = self.key.rsplit("/", 1)[-1]
        return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def version_of(status: os.stat_result) -> str:
    """The version of a container: size, time and, where a file keeps it, inode."""
    # Windows numbers a file differently through a name and through a handle on some volumes
    inode = 0 if os.name == "nt" else status.st_ino
    return f"{status.st_size} {storable_time(status)} {inode}"


def storable_time(status: os.stat_result) -> int:
    """Time of the last change in nanoseconds, within 64 bits: some volumes hold times after the year 2262."""
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))
