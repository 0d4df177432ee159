"""Parquet files that hold images: a column of bytes, or of ``{bytes, path}`` as Hugging Face writes them."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import InputError
from rfdedup.model.items import Place
from rfdedup.model.schemas import TABLE_ERRORS
from rfdedup.runtime.table_reader import TableReader
from rfdedup.sources.containers import PARQUET, leaf
from rfdedup.sources.members import Contents, opened, safe_key

_NAMES: Final = ("__key__", "key", "file_name", "filename", "path", "image_path", "image_id", "id")
"""Columns of text or numbers that name an image, the first that is there."""
_BATCH_ROWS: Final = 64
_BUFFER: Final = 1 << 20


def plan_parquet(root: str, image_column: str | None = None) -> Contents:
    """The images of a Parquet file. Rows that are null are left out and told.

    Names are those that the column holds beside the bytes, or of a column that names them, or row numbers. The column
    of images is read once for the lengths of its values.

    Args:
        root: absolute path. image_column: its name; None where there is one candidate.

    Raises:
        InputError: it cannot be read, is damaged, or does not tell which column holds the images.
    """
    with opened(root) as (stream, contents):
        try:
            with TableReader(stream, buffer_size=_BUFFER) as table:
                _read(table, contents, image_column)
        except (*TABLE_ERRORS, KeyError, IndexError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            why = " ".join(str(error).split())
            raise InputError(f"INPUT {root!r} is no Parquet file, or a damaged one: {why}") from None
        return contents


def _read(table: TableReader, contents: Contents, wanted: str | None) -> None:
    schema = table.schema_arrow
    column, path = _column(schema, contents.root, wanted)
    name = None
    if path is None:
        name = next((n for n in _NAMES if n in schema.names and _is_name(schema.field(n).type)), None)
    empty = row = 0
    columns = [column, *([path] if path else []), *([name] if name else [])]
    for batch in table.iter_batches(_BATCH_ROWS, columns=columns):
        images, names = _parts(batch, column, path, name)
        sizes = pc.binary_length(images).to_pylist()
        for size, text in zip(sizes, names, strict=True):
            if size is None:
                empty += 1
            else:
                key = safe_key(str(text)) if text is not None else ""
                contents.add(key or f"{row:09d}", size, Place(row, 1, PARQUET + column))
            row += 1
    if empty:
        contents.notes.append(f"{contents.root}: {empty:,} of {row:,} rows hold no image and are left out")


def _parts(batch: pa.RecordBatch, column: str, path: str | None, name: str | None) -> tuple[pa.Array, list[Any]]:
    top = batch.column(column.split(".")[0])
    if path is None:
        return leaf(top), [None] * batch.num_rows if name is None else batch.column(name).to_pylist()
    inner = column.split(".")[1]
    return pc.struct_field(top, inner), pc.struct_field(top, path.split(".")[1]).to_pylist()


def _column(schema: pa.Schema, root: str, wanted: str | None) -> tuple[str, str | None]:
    """Path of the column of bytes, and of that of names inside the same struct."""
    found: dict[str, tuple[str, str | None]] = {}
    for field in schema:
        if _is_bytes(field.type):
            found[field.name] = field.name, None
        elif pa.types.is_struct(field.type):
            inner = {field.type.field(i).name: field.type.field(i).type for i in range(field.type.num_fields)}
            if "bytes" in inner and _is_bytes(inner["bytes"]):
                named = "path" in inner and pa.types.is_string(inner["path"])
                found[field.name] = f"{field.name}.bytes", f"{field.name}.path" if named else None
    if wanted is not None:
        if wanted not in found:
            raise InputError(f"INPUT {root!r} has no column {wanted!r} of image bytes; it has {_listed(found, schema)}")
        return found[wanted]
    if len(found) != 1:
        raise InputError(
            f"INPUT {root!r}: say which column holds the images by --image-column; {_listed(found, schema)}"
        )
    return next(iter(found.values()))


def _listed(found: dict[str, Any], schema: pa.Schema) -> str:
    if found:
        return f"columns of bytes: {', '.join(sorted(found))}"
    return (
        f"no column of bytes among {', '.join(schema.names[:20])}; for a column of paths give the file to "
        "--files-from, with --path-column"
    )


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_name(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_integer(kind))
