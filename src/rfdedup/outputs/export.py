"""Kept or dropped images of a run as lists in the forms that other tools read. Rows stream; files land whole."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ConfigError, ImageError, RunFolderError
from rfdedup.model.schemas import TABLE_ERRORS, VERDICTS, Verdict
from rfdedup.model.text import path_text
from rfdedup.outputs.apply.database import JOURNAL_FILE
from rfdedup.outputs.apply.names import local, root_path
from rfdedup.sources.finding import member_at
from rfdedup.sources.reading import read_stable
from rfdedup.storage.files import atomic_write, explain, read_regular
from rfdedup.storage.run_folder import (
    FEATURES_FOLDER,
    LINKS_FILE,
    LOCK_FILE,
    REPORT_FILE,
    REVIEWS_FILE,
    RUN_JSON,
    VERDICTS_FILE,
    RunFolder,
)
from rfdedup.storage.tables import check_verdicts, has_first_columns, open_table, with_columns

_STATE = (RUN_JSON, VERDICTS_FILE, LINKS_FILE, REPORT_FILE, LOCK_FILE, REVIEWS_FILE, JOURNAL_FILE)
_BATCH_ROWS = 8192
_GROUP_BYTES = 64 << 20


class Format(StrEnum):
    CSV = "csv"
    JSON = "json"
    TXT = "txt"
    PARQUET = "parquet"
    FIFTYONE = "fiftyone"
    HF = "hf"
    COCO = "coco"

    @property
    def streams(self) -> bool:
        """Whether it may go to the terminal or a pipe."""
        return self in (Format.CSV, Format.JSON, Format.TXT)


@dataclass(frozen=True)
class Export:
    """What to write. ``embed`` puts the bytes of the images into ``hf`` files; ``null`` ends ``txt`` lines with NUL."""

    format: Format
    dropped: bool = False
    null: bool = False
    embed: bool = False


def export_run(run: Path, export: Export, output: Path | None, stream: BinaryIO | None = None) -> int:
    """Write the kept (or dropped) images of a finished run and return how many there are.

    Args:
        output: file to write; for ``fiftyone`` a folder that gets two files. None writes to ``stream``.

    Raises:
        RunFolderError: there is no finished run, or the output cannot be written.
        ConfigError: the format needs a file, or a name cannot be written in it.
    """
    RunFolder.open(run)
    if output is not None:
        _refuse_to_overwrite(run, output)
    if output is None and (stream is None or not export.format.streams):
        raise ConfigError(f"--format {export.format} needs --output")
    wanted = Verdict.DROP if export.dropped else Verdict.KEEP
    if export.format == Format.FIFTYONE and output is not None:
        return _write_fiftyone(run, wanted, output)
    with _sink(output, stream) as sink:
        match export.format:
            case Format.TXT:
                return _write_txt(_rows(run, wanted), sink, null=export.null)
            case Format.CSV:
                return _write_csv(_rows(run, wanted), sink)
            case Format.JSON:
                return _write_json(_rows(run, wanted), sink)
            case Format.PARQUET:
                return _write_parquet(run, wanted, sink)
            case Format.HF:
                return _write_hf(run, wanted, sink, embed=export.embed)
            case _:
                return _write_coco(run, wanted, sink)


def _refuse_to_overwrite(run: Path, output: Path) -> None:
    """A list may replace an older list, never an image that was scanned or what the run folder rests on.

    Raises:
        ConfigError: it would.
    """
    if not output.name:
        raise ConfigError(f"--output {os.fspath(output)!r} is no file name")
    target, folder = output.resolve(), run.resolve()
    name = target.name.casefold()
    # names that differ in case alone, and the journals of the databases, are the run's as well
    state = name.startswith(_STATE) and target.parent.is_dir() and target.parent.samefile(folder)
    if state or target.is_relative_to(folder / FEATURES_FOLDER):
        raise ConfigError(f"--output {output} belongs to the run folder; choose another name")
    if target.is_file():
        for verdict in Verdict:
            for row in _rows(run, verdict):
                place = row["file"] if row["source"] is None else row["root"]
                if place.casefold().endswith(name) and Path(place).exists() and target.samefile(place):
                    raise ConfigError(f"--output {output} is one of the images that were scanned; choose another name")


@contextmanager
def _sink(output: Path | None, stream: BinaryIO | None) -> Iterator[BinaryIO]:
    if output is not None:
        with atomic_write(output) as file:
            yield file
    elif stream is not None:
        yield stream


def _batches(run: Path, wanted: Verdict) -> Iterator[pa.RecordBatch]:
    file = run / VERDICTS_FILE
    try:
        with open_table(file) as parquet:
            if not has_first_columns(parquet.schema_arrow, VERDICTS):
                raise RunFolderError(f"{file} does not have the expected columns: it is not of this version")
            rows = parquet.metadata.num_rows
            for batch in parquet.iter_batches(_BATCH_ROWS):
                check_verdicts(batch, rows)
                chosen = batch.filter(pc.equal(batch.column("verdict"), str(wanted)))
                if chosen.num_rows:
                    yield with_columns(chosen, VERDICTS)
    except TABLE_ERRORS as error:
        raise RunFolderError(f"{file} is damaged ({error}): run the same `rfdedup run` command again") from None


def local_paths(verdicts: pa.Table) -> Iterator[str]:
    """The path of each row for the operating system; in a container, the container's with the name inside it.

    Args:
        verdicts: columns ``root`` and ``path_bytes``.
    """
    roots: dict[str, str] = {}
    for root, name in zip(verdicts["root"].to_pylist(), verdicts["path_bytes"].to_pylist(), strict=True):
        if root not in roots:
            roots[root] = root_path(root.encode())
        yield local(roots[root], name)


def _rows(run: Path, wanted: Verdict) -> Iterator[dict[str, Any]]:
    """Rows with ``file``: the absolute path for the operating system."""
    roots: dict[str, str] = {}
    for batch in _batches(run, wanted):
        for row in batch.to_pylist():
            root = row["root"]
            if root not in roots:
                roots[root] = root_path(root.encode())
            row["file"] = local(roots[root], row["path_bytes"])
            yield row


def _write_txt(rows: Iterable[dict[str, Any]], sink: BinaryIO, *, null: bool) -> int:
    count = 0
    for row in rows:
        name = os.fsencode(row["file"])
        if b"\n" in name and not null:
            raise ConfigError(f"the name {path_text(row['file'])!r} has a line break; use --null, or --format json")
        sink.write(name + (b"\0" if null else b"\n"))
        count += 1
    return count


_TABLE = (
    *("root", "path", "verdict", "tier", "reason", "king_root", "king", "score", "threshold", "group"),
    *("flags", "width", "height", "bytes", "format", "sha256", "dhash", "phash"),
    *("sharpness", "brightness", "detail"),
)


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a formula begins with in one spreadsheet or another."""


def _record(row: dict[str, Any]) -> dict[str, Any]:
    """A row for text formats: ``file`` first; ``path_hex`` holds the exact name where it is not UTF-8."""
    raw = row["path_bytes"]
    exact = "" if os.fsencode(row["path"]) == raw else raw.hex()
    return {"file": path_text(row["file"]), **{name: row[name] for name in _TABLE}, "path_hex": exact}


def _no_formula(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: text that begins like one gets an apostrophe before it, as OWASP
    advises. Numbers stay, and so do absolute paths: the column ``file`` is always exact.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_csv(rows: Iterable[dict[str, Any]], sink: BinaryIO) -> int:
    text = io.TextIOWrapper(sink, encoding="utf-8", newline="", write_through=True)
    writer = csv.DictWriter(text, ["file", *_TABLE, "path_hex"], lineterminator="\n")
    writer.writeheader()
    count = 0
    for row in rows:
        record = _record({**row, "flags": " ".join(row["flags"])})
        cells = {name: _no_formula(value) for name, value in record.items()}
        if cells["path"] != record["path"]:
            cells["path_hex"] = row["path_bytes"].hex()
        writer.writerow(cells)
        count += 1
    text.detach()
    return count


def _write_json(rows: Iterable[dict[str, Any]], sink: BinaryIO) -> int:
    count = 0
    for row in rows:
        sink.write((b"[\n" if count == 0 else b",\n") + json.dumps(_record(row)).encode("ascii"))
        count += 1
    sink.write(b"[]\n" if count == 0 else b"\n]\n")
    return count


def _write_parquet(run: Path, wanted: Verdict, sink: BinaryIO) -> int:
    count = 0
    with pq.ParquetWriter(sink, VERDICTS, compression="zstd") as writer:
        for batch in _batches(run, wanted):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


_HF_FEATURES: dict[str, Any] = {
    "image": {"_type": "Image"},
    "path": {"dtype": "string", "_type": "Value"},
    "verdict": {"dtype": "string", "_type": "Value"},
    "reason": {"dtype": "string", "_type": "Value"},
    "sha256": {"dtype": "string", "_type": "Value"},
}


def _write_hf(run: Path, wanted: Verdict, sink: BinaryIO, *, embed: bool) -> int:
    """Parquet that ``datasets.load_dataset("parquet", ...)`` reads with an image column.

    Images are referred to by path, so the file is for the machine that it was written on, unless ``embed``.
    """
    image = pa.struct([pa.field("bytes", pa.binary()), pa.field("path", pa.string())])
    others = [pa.field(name, pa.string()) for name in list(_HF_FEATURES)[1:]]
    metadata = {"huggingface": json.dumps({"info": {"features": _HF_FEATURES}})}
    schema = pa.schema([pa.field("image", image), *others], metadata=metadata)
    count = 0
    with pq.ParquetWriter(sink, schema) as writer:
        pending: list[dict[str, Any]] = []
        weight = 0
        for row in _rows(run, wanted):
            values = _hf_row(row, embed=embed)
            pending.append(values)
            count += 1
            weight += len(values["image"]["bytes"] or b"")
            if len(pending) == _BATCH_ROWS or weight > _GROUP_BYTES:
                writer.write_table(pa.Table.from_pylist(pending, schema=schema))
                pending, weight = [], 0
        writer.write_table(pa.Table.from_pylist(pending, schema=schema))
    return count


def _hf_row(row: dict[str, Any], *, embed: bool) -> dict[str, Any]:
    file = row["file"]
    if path_text(file) != file and not embed:
        raise ConfigError(f"{path_text(file)}: a name that is not UTF-8 cannot be referred to; use --embed")
    if row["source"] is not None and not embed:
        raise ConfigError(f"{path_text(file)} lies inside a container and cannot be referred to; use --embed")
    image = {"bytes": _read(row), "path": row["path"]} if embed else {"bytes": None, "path": file}
    return {"image": image, **{name: row[name] for name in list(_HF_FEATURES)[1:]}}


def _read(row: dict[str, Any]) -> bytes:
    file = row["file"]
    try:
        member = member_at(row["root"], row["path_bytes"], row)
        return read_regular(file) if member is None else read_stable(member, DecodeLimits())
    except ImageError as error:
        raise RunFolderError(f"cannot read {path_text(file)}: {error.detail}") from None
    except OSError as error:
        raise RunFolderError(f"cannot read {path_text(file)}: {explain(error)}") from None


def _write_coco(run: Path, wanted: Verdict, sink: BinaryIO) -> int:
    """COCO JSON without annotations; ``file_name`` is relative to the input, absolute where there are several."""
    roots = {row for batch in _batches(run, wanted) for row in batch.column("root").to_pylist()}
    sink.write(b'{"info": {"description": "images of a rfdedup run"}, "licenses": [], "categories": [],\n')
    sink.write(b'"annotations": [],\n"images": [')
    count = 0
    for row in _rows(run, wanted):
        count += 1
        image = {
            "id": count,
            "file_name": path_text(row["file"]) if len(roots) > 1 else row["path"],
            "width": row["width"],
            "height": row["height"],
            "verdict": row["verdict"],
            "reason": row["reason"],
        }
        sink.write((b"\n" if count == 1 else b",\n") + json.dumps(image).encode("ascii"))
    sink.write(b"\n]}\n")
    return count


def _write_fiftyone(run: Path, wanted: Verdict, folder: Path) -> int:
    """A ``FiftyOneImageClassificationDataset``: ``data.json`` says where each image is, ``labels.json`` why it is.

    ``fiftyone.Dataset.from_dir(dataset_dir=..., dataset_type=..., data_path="data.json")`` reads it in place.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RunFolderError(f"cannot write {folder}: {explain(error)}") from None
    classes: dict[str, int] = {}
    count = 0
    with atomic_write(folder / "data.json") as data, atomic_write(folder / "labels.json") as labels:
        data.write(b"{")
        labels.write(b'{"labels": {')
        for row in _rows(run, wanted):
            if row["source"] is not None:
                raise ConfigError(
                    f"{path_text(row['file'])} lies inside a container, where FiftyOne opens no image; "
                    "--format hf --embed writes a file with the images"
                )
            key = json.dumps(f"{count:09d}")
            label = classes.setdefault(row["reason"] or str(wanted), len(classes))
            comma = b",\n" if count else b"\n"
            data.write(comma + f"{key}: {json.dumps(row['file'])}".encode("ascii"))
            labels.write(comma + f"{key}: {label}".encode("ascii"))
            count += 1
        data.write(b"\n}\n")
        labels.write(f'\n}}, "classes": {json.dumps(list(classes))}}}\n'.encode("ascii"))
    return count
