"""What a container holds, as its kind of source finds it: names that are safe, and what was passed over."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedReader
from typing import Any

from rfdedup.model.errors import InputError
from rfdedup.model.items import Item, Place, storable_time, version_of
from rfdedup.storage.files import open_regular

SIDECAR_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("json", "jsonl", "txt", "text", "cls", "cls2", "index", "id", "caption", "transcript", "xml", "csv", "tsv"),
        *("yaml", "yml", "toml", "md", "html", "npy", "npz", "pyd", "pkl", "pickle", "pth", "pt", "parquet", "ten"),
        *("safetensors", "mp4", "mov", "avi", "mkv", "webm", "mp3", "wav", "flac", "xmp", "aae", "thm", "url", "log"),
        *("tar", "zip", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"),
    )
)
"""Members with one of these names are no images, so they are not read; archives inside archives are not followed."""
_LABELS = frozenset((".json", ".txt", ".cls"))
_UP = "__"
"""What stands for ``..`` in a key: keys are names, and never lead anywhere."""


@dataclass
class Contents:
    """What one container holds.

    Attributes:
        items: its images, in the order in which they lie there.
        labelled: it has sidecars beside them, as webdataset and img2dataset write them.
        others: members that are no images by their names. hidden, links: members passed over.
        frames: of a film, all that it has.
        notes: what is wrong with it, in lines for people.
    """

    root: str
    status: os.stat_result
    items: list[Item] = field(default_factory=list)
    labelled: bool = False
    others: int = 0
    hidden: int = 0
    links: int = 0
    frames: int = 0
    notes: list[str] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)

    def takes(self, key: str) -> bool:
        """Whether a member with such a key may be an image; counts it where not."""
        parts = key.split("/")
        suffix = os.path.splitext(parts[-1])[1].lower()
        if any(part.startswith(".") for part in parts) or parts[0] == "__MACOSX":
            self.hidden += 1
        elif suffix in SIDECAR_SUFFIXES or not key:
            self.labelled = self.labelled or suffix in _LABELS
            self.others += 1
        else:
            return True
        return False

    def add(self, key: str, size: int, place: Place, time_ns: int | None = None, **said: Any) -> Item:
        """Make an item of a member; one of several with the same name gets a number. ``said`` are fields of items."""
        unique, (stem, suffix), number = key, os.path.splitext(key), 1
        while unique in self._names:
            number += 1
            unique = f"{stem}#{number}{suffix}"
        self._names.add(unique)
        status = self.status
        time_ns = storable_time(status) if time_ns is None else max(-(1 << 63), min(time_ns, (1 << 63) - 1))
        version = version_of(status)
        identity = status.st_ino, status.st_dev, 1
        self.items.append(Item(self.root, unique, size, time_ns, *identity, version=version, place=place, **said))
        return self.items[-1]


def safe_key(name: str) -> str:
    """A member's name as a key: relative, without ``.`` and empty parts, and with ``..`` as a plain name."""
    return "/".join(_UP if part == ".." else part for part in name.split("/") if part not in ("", ".")).replace(
        "\0", ""
    )


@contextmanager
def opened(root: str) -> Iterator[tuple[BufferedReader, Contents]]:
    """A container for a plan, open, and its contents, still empty.

    Raises:
        InputError: it cannot be read; the message names it.
    """
    try:
        with open_regular(root) as stream:
            yield stream, Contents(root, os.fstat(stream.fileno()))
    except OSError as error:
        raise InputError(f"INPUT {root!r} cannot be read: {error.strerror or error}") from None
