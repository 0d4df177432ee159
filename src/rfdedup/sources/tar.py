"""Tar files, as webdataset and img2dataset write them: the headers are read once, members later by their place."""

from __future__ import annotations

import tarfile
from io import BufferedReader
from typing import Final

from rfdedup.model.errors import InputError
from rfdedup.model.items import Place
from rfdedup.sources.members import Contents, opened, safe_key

TAR_ERRORS: Final = (tarfile.TarError, ValueError, OverflowError, EOFError, IndexError, KeyError, RecursionError)
"""What tarfile raises for damaged headers, beside ``OSError``."""
_COMPRESSED: Final = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
_BILLION: Final = 1_000_000_000
_BLOCK: Final = 512


def plan_tar(root: str) -> Contents:
    """The images of a tar file. What follows a damaged header, and a member that is cut off, is left out and told.

    Raises:
        InputError: it cannot be read, is no tar file or is a compressed one.
    """
    with opened(root) as (stream, contents):
        start = stream.read(8)
        stream.seek(0)
        for magic, name in _COMPRESSED.items():
            if start.startswith(magic):
                raise InputError(
                    f"INPUT {root!r} is compressed ({name}), so no member can be read by its place: decompress it first"
                )
        size = contents.status.st_size
        problem = None
        places: dict[str, tuple[int, int]] = {}
        try:
            with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
                while problem is None and (member := archive.next()) is not None:
                    # it would keep a record of every member
                    archive.members = []  # type: ignore[attr-defined]
                    problem = _take(member, contents, places, size)
                if problem is None and not _ends(stream, archive.offset, size):
                    problem = f"it is damaged at byte {archive.offset:,}"
        except TAR_ERRORS as error:
            if not contents.items and not contents.others:
                raise InputError(f"INPUT {root!r} is no tar file, or a damaged one: {_line(error)}") from None
            problem = f"it is damaged or cut off ({_line(error)})"
        if problem is not None:
            contents.notes.append(f"{root}: {problem}; its {len(contents.items):,} images before that are used")
        return contents


def _take(member: tarfile.TarInfo, contents: Contents, places: dict[str, tuple[int, int]], size: int) -> str | None:
    """Add a member where it is an image; what is wrong if the rest cannot be used."""
    if member.isdir():
        return None
    place = member.offset_data, member.size
    if member.islnk():
        # another name of an earlier member
        place = places.get(member.linkname, (-1, 0))
    elif not member.isreg() or member.sparse is not None:
        contents.links += 1
        return None
    if place[0] < 0:
        contents.links += 1
        return None
    if place[1] < 0 or sum(place) > size:
        return f"it ends inside of {member.name!r}"
    key = safe_key(member.name)
    if contents.takes(key):
        places[member.name] = place
        contents.add(key, place[1], Place(*place, "tar"), round(member.mtime * _BILLION))
    return None


def _ends(stream: BufferedReader, offset: int, size: int) -> bool:
    """Whether a tar file ends where the last header was looked for: by zeros, or with the file."""
    if offset >= size:
        return True
    stream.seek(offset)
    return not any(stream.read(_BLOCK))


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
