"""Containers as a source: tar files, zip files and Parquet files, each read by its own kind."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError
from rfdedup.model.items import Item
from rfdedup.sources.members import Contents
from rfdedup.sources.plan import cut
from rfdedup.sources.reading import FileReader

KINDS: Final = {".tar": "tar", ".zip": "zip", ".cbz": "zip", ".parquet": "parquet", ".pq": "parquet"}
"""Suffixes of containers that are read."""
_PACKED_TAR: Final = re.compile(r"\.(tar\.(gz|bz2|xz|zst|lz4|Z)|tgz|tbz2?|txz|tzst)$", re.IGNORECASE)
_RANGE: Final = re.compile(r"\{(\d{1,9})\.\.(\d{1,9})\}")
_MOST_SHARDS: Final = 1_000_000


def container_kind(path: str) -> str | None:
    """What kind of container a file is by its name: tar, zip, parquet, or None.

    Raises:
        InputError: it is a compressed tar, in which nothing can be read by its place.
    """
    if _PACKED_TAR.search(path):
        raise InputError(
            f"INPUT {path!r} is a compressed tar, so no member can be read by its place: decompress it first"
        )
    return KINDS.get(os.path.splitext(path)[1].lower())


def braces(path: str) -> list[str]:
    """What a range such as ``shards/{000..099}.tar`` stands for, several ranges too; a name without one is itself.

    Raises:
        InputError: a range goes backwards or is too long.
    """
    found = _RANGE.search(path)
    if found is None or os.path.lexists(path):
        return [path]
    first, last = found.groups()
    count = int(last) - int(first) + 1
    if not 0 < count <= _MOST_SHARDS:
        raise InputError(f"INPUT {path!r}: {{{first}..{last}}} is no range of 1 to {_MOST_SHARDS:,} numbers")
    # as shells have it: padded where one end has a leading zero
    width = max(len(first), len(last)) if first.startswith("0") or last.startswith("0") else 0
    if width == 1:
        width = 0
    whole = [f"{path[: found.start()]}{n:0{width}d}{path[found.end() :]}" for n in range(int(first), int(last) + 1)]
    return [name for one in whole for name in braces(one)]


@dataclass(frozen=True)
class ShardSource:
    """The images inside containers.

    Attributes:
        paths: absolute paths of tar, zip and Parquet files.
        limits: what one image may cost.
        image_column: of Parquet files; None where each has one candidate.
    """

    paths: tuple[str, ...]
    limits: DecodeLimits = DecodeLimits()  # noqa: RUF009  frozen
    image_column: str | None = None

    def contents(self, progress: Callable[[int], None] | None = None) -> Iterator[tuple[str, Contents]]:
        """What each container holds, with its kind.

        Raises:
            InputError: one of them cannot be used.
        """
        for path in self.paths:
            kind = container_kind(path)
            if kind == "tar":
                from rfdedup.sources.tar import plan_tar

                found = plan_tar(path)
            elif kind == "zip":
                from rfdedup.sources.zip import plan_zip

                found = plan_zip(path)
            elif kind == "parquet":
                from rfdedup.sources.table import plan_parquet

                found = plan_parquet(path, self.image_column)
            else:
                raise InputError(f"INPUT {path!r} is no container that is read here: tar, zip or Parquet")
            if progress is not None:
                progress(len(found.items))
            yield str(kind), found

    def plan(self) -> list[list[Item]]:
        """See ``Source.plan``."""
        items = sorted((item for _, found in self.contents() for item in found.items), key=lambda item: item.sort_key)
        return cut(items, np.ones(len(items), np.bool_))

    def open(self) -> FileReader:
        """See ``Source.open``."""
        return FileReader(self.limits)


def understood(contents: Sequence[tuple[str, Contents]]) -> list[str]:
    """What containers were taken for, in words: ``12 tar shards, webdataset, 43,210 images``."""
    files = Counter(kind for kind, _ in contents)
    words = []
    for kind, count in files.items():
        images = sum(len(found.items) for k, found in contents if k == kind)
        layout = ", webdataset" if kind == "tar" and any(found.labelled for k, found in contents if k == kind) else ""
        name = {"parquet": "Parquet"}.get(kind, kind)
        words.append(f"{count:,} {name} {'shard' if count == 1 else 'shards'}{layout}, {images:,} images")
    return words
