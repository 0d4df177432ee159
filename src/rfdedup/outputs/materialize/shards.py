"""``webdataset``: tar shards in which what belongs together follows each other and has one name up to its first dot."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from rfdedup.outputs.materialize.labels import class_in, split_of
from rfdedup.outputs.materialize.names import Names, portable
from rfdedup.outputs.materialize.pieces import Piece, Refusal
from rfdedup.outputs.materialize.rows import Images, Rows, RunRows, suffixed
from rfdedup.outputs.materialize.sidecars import Sidecars
from rfdedup.outputs.materialize.target import Sink

CLASSES: Final = "classes.json"
"""Numbers of the classes that ``.cls`` members give."""
_BILLION: Final = 1_000_000_000
_OVERHEAD: Final = 4096


@dataclass(frozen=True)
class ShardLayout:
    """Images in reading order, split by split, a new shard when one is full.

    Attributes:
        rows: of the run. going: rows that go. images, sidecars: read them and what belongs to them.
        shard_bytes: bytes of the images of a shard at most, unless one alone has more.
    """

    rows: RunRows
    going: Rows
    images: Images
    sidecars: Sidecars
    shard_bytes: int

    def pieces(self) -> Iterator[Piece]:
        names = Names(by_stem=True)
        classes = class_numbers(self.rows, self.going)
        for split, shards in by_split(self.rows, self.going, self.shard_bytes):
            for number, some in enumerate(shards):
                members = [names.take(_member(facts), f"{facts['root']}/{facts['path']}") for facts in self.facts(some)]
                write = partial(self._write, some, members, classes)
                size = int(self.rows.size[some].sum()) + _OVERHEAD * len(some)
                rows = tuple(some.tolist())
                yield Piece(f"{split or 'shard'}-{number:06d}.tar", size, rows, write, tuple(members))
        if classes:
            data = json.dumps(classes, indent=2).encode("ascii") + b"\n"
            yield Piece(CLASSES, len(data), (), partial(write_bytes, data))

    def facts(self, some: Rows) -> Iterator[dict[str, Any]]:
        return self.rows.facts(some)

    def _write(self, some: Rows, members: Sequence[str], classes: dict[str, int], sink: Sink) -> list[Refusal]:
        refused = []
        for (facts, data), name in zip(self.images.read(some), members, strict=True):
            if isinstance(data, tuple):
                refused.append(Refusal(facts["row"], *data))
                continue
            time = facts["mtime_ns"] // _BILLION
            stem = os.path.splitext(name)[0]
            _add(sink, name, data, time)
            endings = self.sidecars.of(facts)
            for ending in endings:
                if ending != os.path.splitext(name)[1]:
                    _add(sink, stem + ending, self.sidecars.read(facts, ending), time)
            if ".cls" not in endings and facts.get("label") in classes:
                _add(sink, f"{stem}.cls", str(classes[facts["label"]]).encode("ascii"), time)
        sink.write(bytes(2 * tarfile.BLOCKSIZE))
        sink.write(bytes(-sink.size % tarfile.RECORDSIZE))
        return refused


def _member(facts: dict[str, Any]) -> str:
    """Name of an image in a shard: without a dot before its suffix, which is in lower case."""
    stem, suffix = os.path.splitext(portable(suffixed(facts)))
    folder, slash, leaf = stem.rpartition("/")
    return f"{folder}{slash}{leaf.replace('.', '_')}{suffix.lower() or '.img'}"


def _add(sink: Sink, name: str, data: bytes, time: int) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), max(time, 0), 0o644
    sink.write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
    sink.write(data)
    sink.write(bytes(-len(data) % tarfile.BLOCKSIZE))


def write_bytes(data: bytes, sink: Sink) -> list[Refusal]:
    """Write what is known beforehand."""
    with io.BytesIO(data) as stream:
        sink.write(stream.getbuffer())
    return []


def class_numbers(rows: RunRows, going: Rows) -> dict[str, int]:
    """Classes that the run noted of images that go, numbered by name; empty where it noted none."""
    if "label" not in rows.table.column_names:
        return {}
    names = {name for name in map(class_in, rows.table["label"].take(going).to_pylist()) if name}
    return {name: number for number, name in enumerate(sorted(names))}


def by_split(rows: RunRows, going: Rows, shard_bytes: int) -> Iterator[tuple[str | None, list[Rows]]]:
    """The splits of rows, each with its shards: rows in reading order, by the bytes of their images."""
    splits = np.array([split_of({"split": value}) or "" for value in rows.table["split"].take(going).to_pylist()], str)
    for split in sorted(set(splits.tolist())):
        some = going[splits == split]
        shards: list[Rows] = []
        begin = weight = 0
        for place, size in enumerate(rows.size[some].tolist()):
            if place > begin and weight + size > shard_bytes:
                shards.append(some[begin:place])
                begin, weight = place, 0
            weight += size
        if len(some):
            shards.append(some[begin:])
        yield split or None, shards
