"""A tar file without what was dropped: the others keep their headers, bytes and order."""

from __future__ import annotations

import copy
import os
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Final

from rfdedup.model.items import version_of
from rfdedup.outputs.materialize.owners import Owners
from rfdedup.outputs.materialize.pieces import Refusal
from rfdedup.outputs.materialize.rows import checked, key_of
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.members import safe_key
from rfdedup.sources.tar import TAR_ERRORS
from rfdedup.storage.files import open_regular

CHANGED: Final = "changed", "its container changed since the run; run `rfdedup run` again"
_BLOCK: Final = tarfile.BLOCKSIZE
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its name as it is written, where its headers begin, and where its data are and end, padded."""

    info: tarfile.TarInfo
    begin: int
    data: int
    end: int

    @property
    def key(self) -> str:
        return safe_key(self.info.name)

    @property
    def plain(self) -> bool:
        return self.info.isreg() and self.info.sparse is None


def members_of(stream: BufferedReader) -> Iterator[Member]:
    """The members of a tar file that are whole, in order; what follows damage is left out, as the run left it out."""
    size = os.fstat(stream.fileno()).st_size
    try:
        with tarfile.open(fileobj=stream, mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            while (info := archive.next()) is not None:
                # it would keep a record of every member
                archive.members = []  # type: ignore[attr-defined]
                if archive.offset > size:
                    return
                yield Member(info, info.offset, info.offset_data, archive.offset)
    except TAR_ERRORS:
        return


def images_of(members: list[Member], facts: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    """Which members are the images of which rows: place among ``members`` to the facts of the row."""
    by_offset: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in facts:
        by_offset[row["offset"]].append(row)
    data = {member.info.name: member.data for member in members if member.plain}
    found: dict[int, dict[str, Any]] = {}
    for place, member in enumerate(members):
        offset = data.get(member.info.linkname, -1) if member.info.islnk() else member.data if member.plain else -1
        for row in by_offset.get(offset, ()):
            if _is_key(key_of(row), member.key):
                found[place] = row
                by_offset[offset].remove(row)
                break
    return found


def _is_key(key: str, name: str) -> bool:
    """Whether a row has the name of a member, with a number where several have it."""
    if key == name:
        return True
    stem, suffix = os.path.splitext(name)
    return key.startswith(f"{stem}#") and key.endswith(suffix) and key[len(stem) + 1 : len(key) - len(suffix)].isdigit()


def write_tar(root: str, version: str | None, facts: list[dict[str, Any]], goes: set[int], sink: Sink) -> list[Refusal]:
    """Write the tar file ``root`` without the images that do not go, and without what belongs to these alone.

    Args:
        root: its path. version: of it, as the run saw it.
        facts: all its rows. goes: rows that go.
        sink: gets the bytes.

    Returns:
        Images that should go and are not what the run looked at.
    """
    with open_regular(root) as stream:
        if version_of(os.fstat(stream.fileno())) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        members = list(members_of(stream))
        images = images_of(members, facts)
        owners = Owners({key_of(row): row["row"] for row in facts})
        refused: dict[int, Refusal] = {row["row"]: Refusal(row["row"], *CHANGED) for row in facts if row["row"] in goes}
        for row in images.values():
            refused.pop(row["row"], None)
        kept = {row["row"] for row in images.values()} & goes
        position = 0
        written: set[int] = set()
        for place, member in enumerate(members):
            # headers that are for all members that follow
            pass_on(stream, sink, position, member.begin)
            position = member.end
            image = images.get(place)
            if image is None:
                rows, _ = owners.of(member.key) if member.plain or member.info.islnk() else ([], "")
                if not rows or kept.intersection(rows):
                    pass_on(stream, sink, member.begin, member.end)
                continue
            if image["row"] not in goes:
                continue
            data = checked(_read(stream, image["offset"], image["length"]), image)
            if isinstance(data, tuple):
                refused[image["row"]] = Refusal(image["row"], *data)
            elif member.info.islnk() and image["offset"] not in written:
                _write_plain(sink, member.info, data)
                written.add(image["offset"])
            else:
                pass_on(stream, sink, member.begin, member.end)
                written.add(image["offset"])
        sink.write(bytes(2 * _BLOCK))
        sink.write(bytes(-sink.size % tarfile.RECORDSIZE))
        if version_of(os.fstat(stream.fileno())) != version or version_of(os.stat(root)) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        return [refused[row] for row in sorted(refused)]


def _write_plain(sink: Sink, info: tarfile.TarInfo, data: bytes) -> None:
    """A hard link whose file does not go, as a file of its own."""
    info = copy.copy(info)
    info.type, info.size, info.linkname = tarfile.REGTYPE, len(data), ""
    sink.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
    sink.write(data)
    sink.write(bytes(-len(data) % _BLOCK))


def _read(stream: BufferedReader, offset: int, length: int) -> bytes:
    stream.seek(offset)
    return stream.read(length)


def pass_on(stream: BufferedReader, sink: Sink, begin: int, end: int) -> None:
    """Write bytes of a container as they are."""
    stream.seek(begin)
    left = end - begin
    while left > 0:
        data = stream.read(min(left, _CHUNK))
        if not data:
            return
        sink.write(data)
        left -= len(data)
