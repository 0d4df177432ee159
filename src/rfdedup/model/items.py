"""The identity of a file that was found: where it lies and what tells that it changed."""

from __future__ import annotations

import os
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One regular file. ``path`` is relative to ``root``, ``/``-separated, surrogate-escaped."""

    root: str
    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    links: int

    @property
    def absolute(self) -> str:
        """Path for the operating system."""
        return os.path.join(self.root, *self.path.split("/")) if self.path else self.root

    @property
    def sort_key(self) -> bytes:
        """Bytes of the whole ``/``-separated path: the same order however the input is split into roots."""
        return os.fsencode(f"{self.root.replace(os.sep, '/').rstrip('/')}/{self.path}")

    @property
    def named_as_image(self) -> bool:
        name = self.path.rsplit("/", 1)[-1]
        return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def storable_time(status: os.stat_result) -> int:
    """Time of the last change in nanoseconds, within 64 bits: some volumes hold times after the year 2262."""
    return max(-(1 << 63), min(status.st_mtime_ns, (1 << 63) - 1))
