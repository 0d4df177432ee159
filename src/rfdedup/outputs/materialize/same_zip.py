"""A zip file without what was dropped: the others keep headers, order and packed bytes, as they lie in the file."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader
from typing import Any, Final

from rfdedup.model.faults import Fault
from rfdedup.model.items import version_of
from rfdedup.outputs.materialize.owners import Owners
from rfdedup.outputs.materialize.pieces import Refusal
from rfdedup.outputs.materialize.rows import checked, key_of
from rfdedup.outputs.materialize.same_tar import CHANGED, pass_on
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.containers import DEFLATED
from rfdedup.sources.members import safe_key
from rfdedup.sources.zip import ZIP_ERRORS, data_of
from rfdedup.storage.files import open_regular

DAMAGE: Final = (*ZIP_ERRORS, OverflowError, EOFError, IndexError, KeyError)
_RECORD: Final = struct.Struct("<4s16xLLHHH8xL")
"""Of the directory: signature, packed and unpacked size, lengths of name, extra field and comment, offset."""
_OFFSET_AT: Final = 42
_EXTRA: Final = struct.Struct("<HH")
_LONG: Final = struct.Struct("<Q")
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64: Final = struct.Struct("<4sLQL")
_MOST, _MOST_MEMBERS = 0xFFFFFFFF, 0xFFFF
_ZIP_64: Final = 1
_VERSION_64: Final = 45


@dataclass(frozen=True, slots=True)
class _Member:
    """A member, its record of the directory, where its header begins and where the next one does."""

    info: zipfile.ZipInfo
    record: bytes
    begin: int
    end: int


def write_zip(root: str, version: str | None, facts: list[dict[str, Any]], goes: set[int], sink: Sink) -> list[Refusal]:
    """Write the zip file ``root`` without the images that do not go; see ``same_tar.write_tar``."""
    with open_regular(root) as stream:
        if version_of(os.fstat(stream.fileno())) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        try:
            with zipfile.ZipFile(stream) as archive:
                comment, members = archive.comment, list(_members(stream, archive))
        except DAMAGE:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        refused = _write(stream, members, comment, facts, goes, sink)
        if version_of(os.stat(root)) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        return refused


def _write(
    stream: BufferedReader,
    members: list[_Member],
    comment: bytes,
    facts: list[dict[str, Any]],
    goes: set[int],
    sink: Sink,
) -> list[Refusal]:
    rows = {row["offset"]: row for row in facts}
    owners = Owners({key_of(row): row["row"] for row in facts})
    refused = {row["row"]: Refusal(row["row"], *CHANGED) for row in facts if row["row"] in goes}
    offsets: dict[int, int] = {}
    for member in sorted(members, key=lambda member: member.begin):
        offset = data_of(stream, member.begin)
        if offset is None:
            # it is not where the directory says, so the run has not seen it either
            continue
        image = rows.get(offset)
        if image is None:
            key = safe_key(member.info.filename)
            belongs, _ = owners.of(key) if key and not member.info.is_dir() else ([], "")
            if belongs and not goes.intersection(belongs):
                continue
        elif image["row"] not in goes:
            continue
        else:
            data = checked_member(stream, image)
            if isinstance(data, tuple):
                refused[image["row"]] = Refusal(image["row"], *data)
                continue
            refused.pop(image["row"], None)
        offsets[member.begin] = sink.size
        pass_on(stream, sink, member.begin, member.end)
    _write_directory(sink, [(m.record, offsets[m.begin]) for m in members if m.begin in offsets], comment)
    return [refused[row] for row in sorted(refused)]


def checked_member(stream: BufferedReader, image: dict[str, Any]) -> bytes | Fault:
    """The bytes of an image, unpacked, if they are those that the run judged."""
    stream.seek(image["offset"])
    data = stream.read(image["length"])
    if image["source"] == DEFLATED:
        try:
            data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, image["bytes"] + 1)
        except zlib.error as error:
            return "corrupt", f"its container holds it damaged ({error})"
    return checked(data, image)


def _members(stream: BufferedReader, archive: zipfile.ZipFile) -> Iterator[_Member]:
    """The members in the order of the directory."""
    infos = archive.infolist()
    starts = sorted({info.header_offset for info in infos} | {archive.start_dir})
    after = dict(zip(starts, [*starts[1:], starts[-1]], strict=True))
    position = archive.start_dir
    for info in infos:
        stream.seek(position)
        record = stream.read(_RECORD.size)
        _, _, _, name, extra, comment, _ = _RECORD.unpack(record)
        record += stream.read(name + extra + comment)
        position += len(record)
        yield _Member(info, record, info.header_offset, after[info.header_offset])


def _write_directory(sink: Sink, records: list[tuple[bytes, int]], comment: bytes) -> None:
    """The directory of what was written: the records as they were, with the offsets that are true now."""
    begin = sink.size
    for record, offset in records:
        sink.write(_moved(record, offset))
    size, count = sink.size - begin, len(records)
    if count >= _MOST_MEMBERS or begin >= _MOST or size >= _MOST:
        end = sink.size
        rest = _END_64.size - 12
        sink.write(_END_64.pack(b"PK\6\6", rest, _VERSION_64, _VERSION_64, 0, 0, count, count, size, begin))
        sink.write(_LOCATOR_64.pack(b"PK\6\7", 0, end, 1))
    count, size, begin = min(count, _MOST_MEMBERS), min(size, _MOST), min(begin, _MOST)
    sink.write(_END.pack(b"PK\5\6", 0, 0, count, count, size, begin, len(comment)))
    sink.write(comment)


def _moved(record: bytes, offset: int) -> bytes:
    """A record with another offset, which is not beyond the one that it had: where that is has room for it."""
    changed = bytearray(record)
    _, packed, unpacked, name, extra, _, old = _RECORD.unpack_from(record)
    if old != _MOST:
        struct.pack_into("<L", changed, _OFFSET_AT, offset)
        return bytes(changed)
    place, end = _RECORD.size + name, _RECORD.size + name + extra
    while place + _EXTRA.size <= end:
        kind, length = _EXTRA.unpack_from(record, place)
        place += _EXTRA.size
        if kind == _ZIP_64:
            # sizes that do not fit come before it
            _LONG.pack_into(changed, place + _LONG.size * ((unpacked == _MOST) + (packed == _MOST)), offset)
            break
        place += length
    return bytes(changed)
