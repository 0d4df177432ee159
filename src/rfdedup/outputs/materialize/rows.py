"""The rows of a run as a copy needs them: where each image is, whether it goes, and its bytes, checked."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.imaging import DecodeLimits
from rfdedup.model.faults import Fault
from rfdedup.model.items import Item
from rfdedup.model.schemas import Verdict
from rfdedup.outputs.apply.names import root_path
from rfdedup.sources.containers import PARQUET
from rfdedup.sources.film_reading import as_jpeg
from rfdedup.sources.finding import look_at, member_at
from rfdedup.sources.reading import FileReader

Rows = npt.NDArray[np.int64]
_BLOCK: Final = 4096
_AT_ONCE: Final = 256
"""Images that a reader is asked for at once; it hands them out one after the other."""
_MEASURED: Final = frozenset(
    (
        *("flags", "dhash", "phash", "sharpness", "brightness", "detail", "decoder_warnings", "score", "threshold"),
        *("light", "shade", "texture", "crispness", "group", "inode", "device", "king_path_bytes", "king_row", "same"),
    )
)
_SUFFIXES: Final = {
    "jpeg": ".jpg",
    "png": ".png",
    "webp": ".webp",
    "gif": ".gif",
    "tiff": ".tif",
    "bmp": ".bmp",
    "heif": ".heic",
    "avif": ".avif",
    "jpeg2000": ".jp2",
}
"""Suffix of images whose names have none, by their format."""


class RunRows:
    """The verdicts of a run, n rows.

    Attributes:
        table: the verdicts.
        roots: all inputs that they name, absolute paths or URIs, in order.
        root: (n,) place in ``roots``. offset: (n,) place in a container, -1 for files of folders.
        kept: (n,) whether the verdict is to keep it.
    """

    def __init__(self, table: pa.Table) -> None:
        # rows are taken one by one, and most columns are measurements
        self.table = table = table.select([name for name in table.column_names if name not in _MEASURED])
        names = table["root"].combine_chunks().dictionary_encode()
        spelled = names.dictionary.cast(pa.binary()).to_pylist()
        order = np.argsort(np.array([os.fsencode(root_path(raw)) for raw in spelled], object), kind="stable")
        self.roots = [root_path(spelled[i]) for i in order]
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        self.root: Rows = rank[names.indices.to_numpy()] if len(names) else np.empty(0, np.int64)
        self.in_container = pc.is_valid(table["source"]).to_numpy()
        self.offset: Rows = np.where(self.in_container, pc.fill_null(table["offset"], 0).to_numpy(), -1)
        self.size: Rows = pc.fill_null(table["bytes"], 0).to_numpy()
        self.kept: npt.NDArray[np.bool_] = pc.equal(table["verdict"], str(Verdict.KEEP)).to_numpy()

    def __len__(self) -> int:
        return len(self.root)

    def reading_order(self, rows: Rows) -> Rows:
        """Rows as they are best read: a container from start to end, folders by name."""
        return rows[np.lexsort((rows, self.offset[rows], self.root[rows]))]

    def facts(self, rows: Sequence[int] | Rows) -> Iterator[dict[str, Any]]:
        """What the verdicts say of some rows, with ``row`` and the spelled-out ``root``, in their order."""
        for begin in range(0, len(rows), _BLOCK):
            some = rows[begin : begin + _BLOCK]
            found = self.table.take(pa.array(some, pa.int64())).to_pylist()
            for row, facts in zip(some, found, strict=True):
                facts["row"] = int(row)
                facts["root"] = self.roots[self.root[row]]
                yield facts

    def places(self, rows: Rows) -> list[dict[str, Any]]:
        """The facts by which images are found and checked in a container, which may hold very many."""
        names = ["path_bytes", "bytes", "sha256", "offset", "length", "source"]
        found: list[dict[str, Any]] = self.table.select(names).take(pa.array(rows, pa.int64())).to_pylist()
        for row, facts in zip(rows.tolist(), found, strict=True):
            facts["row"], facts["source"] = row, sys.intern(facts["source"])
        return found

    def containers(self) -> list[str]:
        """The inputs that hold images inside, in order."""
        return [self.roots[i] for i in np.unique(self.root[self.in_container]).tolist()]

    def folders(self) -> list[str]:
        """The inputs that are folders of files, in order."""
        return [self.roots[i] for i in np.unique(self.root[~self.in_container]).tolist()]

    def of_root(self, root: str) -> Rows:
        """The rows of an input, in reading order."""
        if root not in self.roots:
            return np.empty(0, np.int64)
        return self.reading_order(np.flatnonzero(self.root == self.roots.index(root)))


def key_of(facts: dict[str, Any]) -> str:
    """Name of an image below its root, surrogate-escaped."""
    return os.fsdecode(facts["path_bytes"])


def suffixed(facts: dict[str, Any]) -> str:
    """The name of an image with a suffix: rows of tables often have names without one."""
    key = key_of(facts)
    if facts.get("frame") is not None:
        # a frame of a film, which has a time where others have a suffix
        return f"{key}.jpg"
    known = os.path.splitext(key)[1]
    if known and len(known) <= 6 and not (facts["source"] or "").startswith(PARQUET):
        return key
    suffix = _SUFFIXES.get(facts["format"] or "", f".{facts['format']}" if facts["format"] else "")
    return key if known.lower() in (suffix, ".jpeg" if suffix == ".jpg" else suffix) else key + suffix


def uri_of(root: str, facts: dict[str, Any]) -> str:
    """Where an image comes from: the URI of its file, or of its container."""
    if "://" in root:
        return root
    path = root if facts["source"] is not None else os.path.join(root, *key_of(facts).split("/"))
    return "file://" + quote(os.fsencode(path.replace(os.sep, "/")))


class Images:
    """Reads images back from where they are, by the readers of the sources, and checks that they are the same."""

    def __init__(self, rows: RunRows) -> None:
        self._rows = rows
        # the run had its limits; what it kept is read whole
        self._reader = FileReader(replace(DecodeLimits(), max_bytes=1 << 60))

    def read(self, rows: Sequence[int] | Rows) -> Iterator[tuple[dict[str, Any], bytes | Fault]]:
        """The facts of each row with its bytes, or why they cannot be had: one that fails costs itself alone."""
        for begin in range(0, len(rows), _AT_ONCE):
            some = list(self._rows.facts(rows[begin : begin + _AT_ONCE]))
            yield from zip(some, self.of(some), strict=True)

    def of(self, some: Sequence[dict[str, Any]]) -> Iterator[bytes | Fault]:
        """The same of rows whose facts are known."""
        where = [item_of(facts) for facts in some]
        with self._reader as reader:
            fetched = iter(reader.fetch([found for found in where if isinstance(found, Item)]))
            for facts, found in zip(some, where, strict=True):
                data: bytes | Fault = next(fetched) if isinstance(found, Item) else found
                yield data if isinstance(data, tuple) else _as_written(data, facts)


def item_of(facts: dict[str, Any]) -> Item | Fault:
    """The item of a row as it is now, or why there is none."""
    member = member_at(facts["root"], facts["path_bytes"], facts)
    if member is not None:
        return member
    found = look_at(facts["root"], facts["path_bytes"])
    return found.problem if found.file is None else found.file


def _as_written(data: bytes, facts: dict[str, Any]) -> bytes | Fault:
    """An image that was checked, as a copy holds it: frames of films are read as pixels and written as JPEG."""
    found = checked(data, facts)
    return found if isinstance(found, tuple) or facts.get("frame") is None else as_jpeg(found)


def checked(data: bytes, facts: dict[str, Any]) -> bytes | Fault:
    """The bytes of an image if they are those that the run judged."""
    if facts["sha256"] is None or hashlib.sha256(data).hexdigest() == facts["sha256"]:
        return data
    return "changed", "it is not what the run looked at; run `rfdedup run` again"
