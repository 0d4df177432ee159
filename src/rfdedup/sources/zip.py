"""Zip files: the directory is read once; members later by their place, plain or deflated."""

from __future__ import annotations

import calendar
import struct
import zipfile
from io import BufferedReader
from typing import Final

from rfdedup.model.errors import InputError
from rfdedup.model.items import Place
from rfdedup.sources.containers import DEFLATED
from rfdedup.sources.members import Contents, opened, safe_key

ZIP_ERRORS: Final = (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, struct.error, ValueError)
"""What zipfile raises for a damaged directory, beside ``OSError``. ``ValueError`` includes names that are no text."""
_MORE_ZIP_ERRORS: Final = (OverflowError, EOFError, IndexError, KeyError)
_LOCAL: Final = struct.Struct("<4s22xHH")
"""Signature, and the lengths of name and extra field, of the header before a member."""
_ENCRYPTED: Final = 1
_METHODS: Final = {zipfile.ZIP_STORED: "zip", zipfile.ZIP_DEFLATED: DEFLATED}
_SYMLINK: Final = 0o120000
_KIND: Final = 0o170000
_MOST_BYTES: Final = 1 << 60
_BILLION: Final = 1_000_000_000


def plan_zip(root: str) -> Contents:
    """The images of a zip file. Members that are encrypted or packed in rare ways become errors when they are read.

    Raises:
        InputError: it cannot be read, or its directory is damaged or cut off.
    """
    with opened(root) as (stream, contents):
        try:
            with zipfile.ZipFile(stream) as archive:
                members = archive.infolist()
        except (*ZIP_ERRORS, *_MORE_ZIP_ERRORS) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            raise InputError(f"INPUT {root!r} is no zip file, or a damaged or truncated one: {why}") from None
        damaged = 0
        for member in sorted(members, key=lambda info: info.header_offset):
            key = safe_key(member.filename)
            if not key or member.is_dir():
                continue
            if member.external_attr >> 16 & _KIND == _SYMLINK:
                contents.links += 1
                continue
            if not contents.takes(key):
                continue
            offset = data_of(stream, member.header_offset)
            lies = member.file_size > _MOST_BYTES
            if lies or offset is None or offset + member.compress_size > contents.status.st_size:
                damaged += 1
                continue
            contents.add(key, member.file_size, Place(offset, member.compress_size, _source(member)), _time(member))
        if damaged:
            contents.notes.append(f"{root}: {damaged:,} members are not where its directory says and are left out")
        return contents


def _source(member: zipfile.ZipInfo) -> str:
    if member.flag_bits & _ENCRYPTED:
        return "zip encrypted"
    source = _METHODS.get(member.compress_type, f"zip method {member.compress_type}")
    if source == "zip" and member.compress_size != member.file_size:
        return "zip of contradictory sizes"
    return source


def data_of(stream: BufferedReader, header: int) -> int | None:
    """Where the data of a member begin; None where its header is not there."""
    if header < 0:
        return None
    stream.seek(header)
    raw = stream.read(_LOCAL.size)
    if len(raw) != _LOCAL.size:
        return None
    signature, name, extra = _LOCAL.unpack(raw)
    return header + _LOCAL.size + name + extra if signature == b"PK\3\4" else None


def _time(member: zipfile.ZipInfo) -> int:
    """The time that a member notes, which has no zone, as if it were UTC: the order of times is what counts."""
    year, month, day, *rest = member.date_time
    return calendar.timegm((year, min(max(month, 1), 12), max(day, 1), *rest)) * _BILLION
