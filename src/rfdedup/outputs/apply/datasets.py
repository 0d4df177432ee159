"""Files that list images: COCO JSON, YOLO data.yaml and list files, CSV and Parquet, rewritten without dropped ones.

Each function takes the bytes of a file and a question, and returns the bytes of the new file. The question is asked
of every image as the file spells it: the answer is how the new file spells it, or None where the image is dropped.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

from rfdedup.model.errors import ConfigError, MissingExtraError
from rfdedup.outputs.apply.sidecars import Signature
from rfdedup.runtime.table_reader import TableReader

Ask = Callable[[str], str | None]

PATH_COLUMNS = (
    *("path", "filepath", "file_path", "image_path", "img_path"),
    *("file_name", "filename", "image", "img", "file"),
)
YOLO_SPLITS = ("train", "val", "test", "minival")


def rewrite_coco(data: bytes, ask: Ask, where: str) -> bytes:
    """COCO JSON: images and their annotations filtered, ids and everything else as they are."""
    value = _coco(data, where)
    images = []
    for image in value["images"]:
        new = ask(image["file_name"])
        if new is not None:
            images.append({**image, "file_name": new})
    kept = {image["id"] for image in images}
    annotations = [item for item in value.get("annotations", []) if item.get("image_id") in kept]
    changed = {**value, "images": images}
    if "annotations" in value:
        changed["annotations"] = annotations
    return json.dumps(changed, ensure_ascii=True).encode("ascii")


def coco_labels(data: bytes, where: str) -> dict[str, Signature]:
    """Category names of each image's annotations, by ``file_name``; an image without any has an empty count."""
    value = _coco(data, where)
    names = {item["id"]: str(item.get("name", item["id"])) for item in value.get("categories", []) if "id" in item}
    by_id: dict[Any, Counter[str]] = {image["id"]: Counter() for image in value["images"]}
    for item in value.get("annotations", []):
        if item.get("image_id") in by_id and "category_id" in item:
            by_id[item["image_id"]][names.get(item["category_id"], str(item["category_id"]))] += 1
    return {image["file_name"]: {"coco": by_id[image["id"]]} for image in value["images"]}


def _coco(data: bytes, where: str) -> dict[str, Any]:
    try:
        value = json.loads(data)
        fine = all(isinstance(image["file_name"], str) and "id" in image for image in value["images"])
    except (ValueError, KeyError, TypeError, RecursionError):
        fine = False
    if not fine:
        raise ConfigError(f"{where} is no COCO file: it needs images, each with an id and a file_name")
    return dict(value)


def rewrite_list(data: bytes, ask: Ask) -> bytes:
    """A text file with one image a line; blank lines and line ends stay."""
    out = []
    for line in data.splitlines(keepends=True):
        text = line.rstrip(b"\r\n")
        new = ask(os.fsdecode(text)) if text.strip() else ""
        if new is not None:
            out.append(os.fsencode(new) + line[len(text) :] if text.strip() else line)
    return b"".join(out)


def rewrite_csv(data: bytes, ask: Ask, column: str | None, where: str) -> bytes:
    """CSV or TSV with a header and a path column; rows of dropped images go."""
    rows, at = _csv(data, column, where)
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=_delimiter(data), lineterminator="\r\n" if b"\r\n" in data else "\n")
    writer.writerow(rows[0])
    for row in rows[1:]:
        new = ask(row[at]) if len(row) > at else ""
        if new is not None:
            writer.writerow([*row[:at], new, *row[at + 1 :]] if len(row) > at else row)
    return out.getvalue().encode("utf-8", "surrogateescape")


def csv_labels(data: bytes, column: str | None, label_column: str, where: str) -> dict[str, Signature]:
    """Values of the label column, by path."""
    rows, at = _csv(data, column, where)
    if label_column not in rows[0]:
        raise ConfigError(f"{where} has no column {label_column!r}; it has {', '.join(rows[0])}")
    label = rows[0].index(label_column)
    found: dict[str, Counter[str]] = {}
    for row in rows[1:]:
        if len(row) > max(at, label):
            found.setdefault(row[at], Counter())[row[label]] += 1
    return {path: {"csv": classes} for path, classes in found.items()}


def _csv(data: bytes, column: str | None, where: str) -> tuple[list[list[str]], int]:
    text = data.decode("utf-8", "surrogateescape")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(data)))
    except csv.Error as error:
        raise ConfigError(f"{where} is no CSV file: {error}") from None
    return rows, (rows[0].index(_path_column(rows[0], column, where)) if rows else _no_header(where))


def _no_header(where: str) -> int:
    raise ConfigError(f"{where} is empty; a CSV file needs a header with a path column")


def _delimiter(data: bytes) -> str:
    header = data.split(b"\n", 1)[0]
    return max(",\t;", key=lambda mark: header.count(mark.encode()))


def _path_column(names: list[str], column: str | None, where: str) -> str:
    plain = {name.lstrip("\ufeff").strip().lower(): name for name in names}
    for wanted in [column.lower()] if column else PATH_COLUMNS:
        if wanted in plain:
            return plain[wanted]
    raise ConfigError(
        f"{where} has no column {column!r}"
        if column
        else f"{where} has no path column that is known; name it with --path-column; it has {', '.join(names)}"
    )


def rewrite_parquet(data: bytes, ask: Ask, column: str | None, where: str) -> bytes:
    """Parquet with a string column of paths; schema and metadata stay."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        parquet = TableReader(io.BytesIO(data))
        schema = parquet.schema_arrow
        name = _path_column(schema.names, column, where)
        if not (pa.types.is_string(schema.field(name).type) or pa.types.is_large_string(schema.field(name).type)):
            raise ConfigError(f"{where}: column {name!r} holds {schema.field(name).type}, not paths as text")
        out = io.BytesIO()
        with pq.ParquetWriter(out, schema) as writer:
            for batch in parquet.iter_batches():
                writer.write_batch(_filter_batch(batch, name, ask))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{where} is no Parquet file that can be read: {error}") from None
    return out.getvalue()


def _filter_batch(batch: Any, name: str, ask: Ask) -> Any:
    import pyarrow as pa

    at = batch.schema.get_field_index(name)
    answers = ["" if value is None else ask(value) for value in batch.column(at).to_pylist()]
    kept = batch.filter(pa.array([answer is not None for answer in answers]))
    values = [
        None if old is None else answer
        for old, answer in zip(batch.column(at).to_pylist(), answers, strict=True)
        if answer is not None
    ]
    return kept.set_column(at, batch.schema.field(at), pa.array(values, batch.schema.field(at).type))


def read_yolo(data: bytes, where: str) -> dict[str, Any]:
    """A YOLO ``data.yaml``.

    Raises:
        MissingExtraError: PyYAML is not installed.
        ConfigError: the file is no mapping with at least one split.
    """
    try:
        import yaml
    except ImportError:
        raise MissingExtraError("PyYAML", "labels", f"reading {where}") from None
    try:
        value = yaml.safe_load(data)
    except yaml.YAMLError as error:
        raise ConfigError(f"{where} is no YAML file: {error}") from None
    if not isinstance(value, dict) or not any(split in value for split in YOLO_SPLITS):
        raise ConfigError(f"{where} is no YOLO data file: it names none of {', '.join(YOLO_SPLITS)}")
    return value


def write_yolo(value: dict[str, Any]) -> bytes:
    """The YAML text of a changed ``data.yaml``."""
    import yaml

    text: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    return text.encode()


def yolo_lists(value: dict[str, Any]) -> list[str]:
    """List files (``.txt``) that a ``data.yaml`` names; folders of images need no rewriting."""
    entries = [value.get(split) for split in YOLO_SPLITS]
    flat = [item for entry in entries for item in (entry if isinstance(entry, list) else [entry])]
    return [item for item in flat if isinstance(item, str) and item.endswith(".txt")]


def rename_lists(value: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A ``data.yaml`` with its list files called by their new names."""

    def new(item: Any) -> Any:
        return names.get(item, item) if isinstance(item, str) else item

    return {
        key: ([new(item) for item in entry] if isinstance(entry, list) else new(entry)) if key in YOLO_SPLITS else entry
        for key, entry in value.items()
    }
