"""``parquet`` and ``hf``: tables with the bytes of images, the second as a folder that ``load_dataset`` opens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.outputs.materialize.pieces import Piece, Refusal
from rfdedup.outputs.materialize.rows import Images, Rows, RunRows, suffixed
from rfdedup.outputs.materialize.shards import by_split, class_numbers, write_bytes
from rfdedup.outputs.materialize.sidecars import Sidecars, features_of
from rfdedup.outputs.materialize.target import Sink
from rfdedup.sources.containers import PARQUET

_IMAGE: Final = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
_GROUP_ROWS: Final = 100
_GROUP_BYTES: Final = 32 << 20
_OVERHEAD: Final = 512
_TEXTS: Final = {".txt": "text", ".cls": "cls", ".json": "json", ".xml": "xml"}
"""Columns of what goes along as text."""
_VALUES: Final = {
    pa.string(): "string",
    pa.large_string(): "large_string",
    pa.bool_(): "bool",
    pa.int8(): "int8",
    pa.int16(): "int16",
    pa.int32(): "int32",
    pa.int64(): "int64",
    pa.uint8(): "uint8",
    pa.uint16(): "uint16",
    pa.uint32(): "uint32",
    pa.uint64(): "uint64",
    pa.float32(): "float32",
    pa.float64(): "float64",
}
"""What Hugging Face calls types."""


@dataclass
class TableLayout:
    """Images in reading order, split by split; row groups of 100 images, or of 32 MiB.

    Attributes:
        rows: of the run. going: rows that go. images, sidecars: read them and what belongs to them.
        shard_bytes: bytes of the images of a file at most, unless one alone has more.
        hugging_face: named and described as Hugging Face data sets are.
    """

    rows: RunRows
    going: Rows
    images: Images
    sidecars: Sidecars
    shard_bytes: int
    hugging_face: bool

    def pieces(self) -> Iterator[Piece]:
        files: dict[str, str] = {}
        for split, shards in by_split(self.rows, self.going, self.shard_bytes):
            for number, some in enumerate(shards):
                if self.hugging_face:
                    # load_dataset knows it by this name
                    name = "validation" if split == "val" else split or "train"
                    files[name] = f"data/{name}-*"
                    file = f"data/{name}-{number:05d}-of-{len(shards):05d}.parquet"
                else:
                    # in a folder of their own, so that whoever opens that opens no other table
                    file = f"data/{split or 'part'}-{number:05d}.parquet"
                rows = tuple(some.tolist())
                size = int(self.rows.size[some].sum()) + _OVERHEAD * len(some)
                yield Piece(file, size, rows, partial(self._write, some), tuple(map(str, range(len(rows)))))
        if self.hugging_face:
            data = _card(files)
            yield Piece("README.md", len(data), (), partial(write_bytes, data))

    @cached_property
    def taken_over(self) -> pa.Schema | None:
        """The other columns of the tables that all images come from, where these agree on them."""
        found: pa.Schema | None = None
        for root in sorted(set(self.rows.root[self.going].tolist())):
            some = self.going[self.rows.root[self.going] == root][:1]
            for facts in self.rows.facts(some):
                columns = self.sidecars.columns(facts)
                if columns is None or (found is not None and not found.equals(columns[0].schema)):
                    return None
                found = columns[0].schema
        return found

    @cached_property
    def image_column(self) -> str:
        """The name that the column of images has in the tables that they come from."""
        sources = set(self.rows.table["source"].take(self.going).unique().to_pylist())
        tops = {s.removeprefix(PARQUET).split(".")[0] for s in sources if s}
        return tops.pop() if self.taken_over is not None and len(tops) == 1 else "image"

    @cached_property
    def classes(self) -> dict[str, int]:
        return class_numbers(self.rows, self.going)

    @cached_property
    def schema(self) -> pa.Schema:
        """Columns, with the description of Hugging Face."""
        image = pa.field(self.image_column, _IMAGE)
        features: dict[str, Any] = {self.image_column: {"_type": "Image"}}
        known: dict[str, Any] = {}
        fields = []
        if self.taken_over is not None:
            # what cannot be told to Hugging Face otherwise is JSON
            known = features_of(self.taken_over)
            for column in self.taken_over:
                fine = column.type in _VALUES or column.name in known
                fields.append(pa.field(column.name, column.type if fine else pa.string()))
        else:
            fields = [pa.field("path", pa.string()), pa.field("sha256", pa.string())]
            if self.classes:
                fields.append(pa.field("label", pa.int64() if self.hugging_face else pa.string()))
            present = {ending for facts in self.rows.facts(self.going) for ending in self.sidecars.of(facts)}
            fields += [pa.field(name, pa.string()) for ending, name in _TEXTS.items() if ending in present]
        for column in fields:
            value = known.get(column.name)
            features[column.name] = value or {"dtype": _VALUES.get(column.type, "string"), "_type": "Value"}
        if self.classes and self.taken_over is None:
            features["label"] = {"names": list(self.classes), "_type": "ClassLabel"}
        about = {"huggingface": json.dumps({"info": {"features": features}})} if self.hugging_face else None
        return pa.schema([image, *fields], metadata=about)

    def _write(self, some: Rows, sink: Sink) -> list[Refusal]:
        refused = []
        pending: list[dict[str, Any]] = []
        weight = 0
        with pq.ParquetWriter(sink, self.schema, compression="zstd", compression_level=3) as writer:
            for facts, data in self.images.read(some):
                if isinstance(data, tuple):
                    refused.append(Refusal(facts["row"], *data))
                    continue
                pending.append(self._row(facts, data))
                weight += len(data)
                if len(pending) == _GROUP_ROWS or weight > _GROUP_BYTES:
                    writer.write_table(pa.Table.from_pylist(pending, schema=self.schema))
                    pending, weight = [], 0
            if pending:
                writer.write_table(pa.Table.from_pylist(pending, schema=self.schema))
        return refused

    def _row(self, facts: dict[str, Any], data: bytes) -> dict[str, Any]:
        name = _text(suffixed(facts))
        row: dict[str, Any] = {self.image_column: {"bytes": data, "path": name}}
        columns = self.sidecars.columns(facts) if self.taken_over is not None else None
        if columns is not None:
            found = columns[0].slice(columns[1], 1).to_pylist()[0]
            for field in self.schema:
                if field.name in found and field.name != self.image_column:
                    value = found[field.name]
                    as_text = field.type != columns[0].schema.field(field.name).type and value is not None
                    row[field.name] = json.dumps(value, default=str) if as_text else value
            return row
        row |= {"path": name, "sha256": facts["sha256"]}
        if self.classes and facts["label"]:
            row["label"] = self.classes[facts["label"]] if self.hugging_face else facts["label"]
        for ending, column in _TEXTS.items():
            if column in self.schema.names and ending in self.sidecars.of(facts):
                row[column] = self.sidecars.read(facts, ending).decode("utf-8", "replace")
        return row


def _text(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def _card(files: dict[str, str]) -> bytes:
    """The card of a data set, which tells where its splits are."""
    lines = ["---", "configs:", "- config_name: default", "  data_files:"]
    for split, pattern in sorted(files.items()):
        lines += [f"  - split: {json.dumps(split)}", f"    path: {json.dumps(pattern)}"]
    return "\n".join([*lines, "---", ""]).encode("utf-8")
