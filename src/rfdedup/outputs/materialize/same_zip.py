"""A zip file without what was dropped: the others keep their headers, their order and their packed bytes."""

from __future__ import annotations

import copy
import os
import zipfile
import zlib
from io import BufferedReader
from typing import Any, Final

from rfdedup.model.faults import Fault
from rfdedup.model.items import version_of
from rfdedup.outputs.materialize.owners import Owners
from rfdedup.outputs.materialize.pieces import Refusal
from rfdedup.outputs.materialize.rows import checked, key_of
from rfdedup.outputs.materialize.same_tar import CHANGED
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.containers import DEFLATED
from rfdedup.sources.members import safe_key
from rfdedup.sources.zip import ZIP_ERRORS, data_of
from rfdedup.storage.files import open_regular

_CHUNK: Final = 1 << 20
_DESCRIPTOR: Final = 0x08
"""Flag of members whose sizes stand behind them; ours stand in front."""


def write_zip(root: str, version: str | None, facts: list[dict[str, Any]], goes: set[int], sink: Sink) -> list[Refusal]:
    """Write the zip file ``root`` without the images that do not go; see ``same_tar.write_tar``."""
    with open_regular(root) as stream:
        if version_of(os.fstat(stream.fileno())) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        rows = {row["offset"]: row for row in facts}
        owners = Owners({key_of(row): row["row"] for row in facts})
        refused = {row["row"]: Refusal(row["row"], *CHANGED) for row in facts if row["row"] in goes}
        try:
            with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(sink, "w") as out:
                out.comment = archive.comment
                for info in sorted(archive.infolist(), key=lambda info: info.header_offset):
                    offset = data_of(stream, info.header_offset)
                    if offset is None:
                        continue
                    image = rows.get(offset)
                    if image is None:
                        belongs, _ = ([], "") if info.is_dir() else owners.of(safe_key(info.filename))
                        if not belongs or goes.intersection(belongs):
                            _pass_on(stream, out, sink, info, offset)
                        continue
                    if image["row"] not in goes:
                        continue
                    data = checked_member(stream, image)
                    if isinstance(data, tuple):
                        refused[image["row"]] = Refusal(image["row"], *data)
                        continue
                    refused.pop(image["row"], None)
                    _pass_on(stream, out, sink, info, offset)
        except (*ZIP_ERRORS, OverflowError, EOFError, IndexError, KeyError):
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
        if version_of(os.stat(root)) != version:
            return [Refusal(row, *CHANGED) for row in sorted(goes)]
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


def _pass_on(stream: BufferedReader, out: zipfile.ZipFile, sink: Sink, info: zipfile.ZipInfo, offset: int) -> None:
    """Write a member with its header and its packed bytes."""
    info = copy.copy(info)
    info.flag_bits &= ~_DESCRIPTOR
    info.header_offset = sink.size
    sink.write(info.FileHeader())
    stream.seek(offset)
    left = info.compress_size
    while left > 0:
        data = stream.read(min(left, _CHUNK))
        if not data:
            raise EOFError("a member ends before it should")
        sink.write(data)
        left -= len(data)
    # what writestr does when it packed the bytes itself
    out.filelist.append(info)
    out.NameToInfo[info.filename] = info
    out.start_dir = sink.size
    out._didModify = True  # type: ignore[attr-defined]
