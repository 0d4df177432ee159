"""What goes along with an image, wherever that is: files beside it, members of its container, columns of its row."""

from __future__ import annotations

import json
import os
import zipfile
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa

from rfdedup.model.items import version_of
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.outputs.apply.fsops import FsOps
from rfdedup.outputs.apply.names import local, split_suffix
from rfdedup.outputs.materialize.owners import Owners
from rfdedup.outputs.materialize.rows import RunRows, key_of
from rfdedup.outputs.materialize.same_tar import images_of, members_of
from rfdedup.outputs.materialize.selection import Selection
from rfdedup.runtime.table_reader import TableReader
from rfdedup.sources.containers import PARQUET
from rfdedup.sources.members import safe_key
from rfdedup.sources.zip import ZIP_ERRORS
from rfdedup.storage.files import open_regular

COLUMNS: Final = ".json"
"""What the other columns of a row of a table are written as, beside an image."""
MOST_BYTES: Final = 1 << 28
"""Bytes of one sidecar that are read at most."""


@dataclass
class Sidecars:
    """Finds and reads what goes along. A container is looked through once, when the first of its images is asked for.

    Everything is called by what stands behind the name of its image: ``.json``, ``.seg.png``.
    """

    rows: RunRows
    selection: Selection
    _root: str | None = None
    _found: dict[int, dict[str, Any]] = field(default_factory=dict)
    _table: pa.Table | None = None
    _fs: FsOps = field(default_factory=FsOps)

    def of(self, facts: dict[str, Any]) -> list[str]:
        """What goes along with an image, sorted."""
        if facts["source"] is None:
            return sorted(self._beside(facts))
        self._look(facts)
        return sorted(self._found.get(facts["row"], ()))

    def read(self, facts: dict[str, Any], ending: str) -> bytes:
        """The bytes of one of them.

        Raises:
            OSError: it cannot be read any more.
        """
        if facts["source"] is None:
            return self._fs.read(self._beside(facts)[ending], MOST_BYTES)
        self._look(facts)
        place = self._found[facts["row"]][ending]
        if isinstance(place, bytes):
            return place
        with open_regular(facts["root"]) as stream:
            if isinstance(place, zipfile.ZipInfo):
                try:
                    with zipfile.ZipFile(stream) as archive:
                        return archive.read(place)
                except (*ZIP_ERRORS, RuntimeError, EOFError, KeyError) as error:
                    raise OSError(5, f"it is damaged in its container ({error})", place.filename) from None
            stream.seek(place[0])
            return stream.read(place[1])

    def _beside(self, facts: dict[str, Any]) -> dict[str, str]:
        """Paths of files beside a file of a folder, by what stands behind its stem, or else by their suffix."""
        found: dict[str, str] = {}
        stem = split_suffix(facts["path_bytes"].rpartition(b"/")[2])[0]
        for beside in self.selection.beside.get(facts["row"], ()):
            leaf = beside.name.rpartition(b"/")[2]
            ending = leaf[len(stem) :] if leaf.startswith(stem) and leaf != stem else split_suffix(leaf)[1]
            found.setdefault(os.fsdecode(ending), local(beside.base, beside.name))
        return found

    def columns(self, facts: dict[str, Any]) -> tuple[pa.Table, int] | None:
        """The other columns of the table in which an image lies, and its row there; None for other images."""
        if not (facts["source"] or "").startswith(PARQUET):
            return None
        self._look(facts)
        return None if self._table is None else (self._table, facts["offset"])

    def _look(self, facts: dict[str, Any]) -> None:
        if facts["root"] == self._root:
            # the rows of a table are too many to make them all beforehand
            if self._table is not None and facts["row"] not in self._found:
                self._found = {facts["row"]: self._as_json(facts)}
            return
        self._root, self._found, self._table = facts["root"], {}, None
        if "://" in facts["root"]:
            return
        every = self.rows.places(self.rows.of_root(facts["root"]))
        try:
            with open_regular(facts["root"]) as stream:
                if version_of(os.fstat(stream.fileno())) != facts["version"]:
                    return
                if facts["source"].startswith(PARQUET):
                    self._table = other_columns(stream, facts["source"].removeprefix(PARQUET))
                    self._found = {facts["row"]: self._as_json(facts)}
                elif facts["source"] == "tar":
                    self._found = _in_tar(stream, every)
                else:
                    self._found = _in_zip(stream, every)
        except OSError:
            # its images are refused when they are read
            return

    def _as_json(self, facts: dict[str, Any]) -> dict[str, bytes]:
        if self._table is None or not self._table.num_columns:
            return {}
        row = self._table.slice(facts["offset"], 1).to_pylist()[0]
        return {COLUMNS: json.dumps(row, default=str, sort_keys=True).encode("ascii")}


def other_columns(stream: Any, column: str) -> pa.Table | None:
    """The columns of a table beside that of images, without those of bytes; None where it is damaged."""
    try:
        with TableReader(stream) as table:
            top = column.split(".")[0]
            names = [f.name for f in table.schema_arrow if f.name != top and not _holds_bytes(f.type)]
            return table.read(columns=names)
    except TABLE_ERRORS:
        return None


def features_of(schema: pa.Schema) -> dict[str, Any]:
    """What Hugging Face wrote of the columns of a table, by name."""
    try:
        value = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) and all(isinstance(one, dict) for one in value.values()) else {}


def _holds_bytes(kind: pa.DataType) -> bool:
    if pa.types.is_struct(kind):
        return any(_holds_bytes(kind.field(i).type) for i in range(kind.num_fields))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _holds_bytes(kind.value_type)
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _in_tar(stream: Any, every: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    members = list(members_of(stream))
    images = images_of(members, every)
    owners = Owners({key_of(row): row["row"] for row in every})
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    for place, member in enumerate(members):
        if place not in images and member.plain:
            rows, ending = owners.of(member.key)
            for row in rows:
                found[row].setdefault(ending, (member.data, member.info.size))
    return found


def _in_zip(stream: Any, every: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    keys = {key_of(row): row["row"] for row in every}
    owners = Owners(keys)
    found: dict[int, dict[str, Any]] = defaultdict(dict)
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
    except (*ZIP_ERRORS, OverflowError, EOFError, IndexError, KeyError):
        return found
    for member in members:
        key = safe_key(member.filename)
        if not key or member.is_dir() or key in keys:
            continue
        rows, ending = owners.of(key)
        for row in rows:
            found[row].setdefault(ending, member)
    return found
