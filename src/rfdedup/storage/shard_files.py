"""Files of one feature shard: its marker, and whether its tables and arrays hold what their checksum claims."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from rfdedup.model.schemas import FEATURES, TABLE_ERRORS
from rfdedup.storage.files import ARRAY_ERRORS, parse_json, read_regular, sha256_file
from rfdedup.storage.tables import map_array, open_table

HEAVY_COLUMNS = ("thumb", "frame_hashes", "local_features", "panels")
"""Columns that are read for chosen rows only: a million of them do not belong in memory."""
OBJECT_SUFFIX: Final = ".object"
LIGHT_COLUMNS = [name for name in FEATURES.names if name not in HEAVY_COLUMNS]


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Some columns of a shard; nulls for those that a shard of before lacks. Raises what ``open_table`` does."""
    # half the time of read_table, which loads the data set machinery
    with open_table(path) as file:
        table = file.read(columns=columns)
    for name in columns:
        # a shard of before the column was appended
        if name not in table.column_names and name in FEATURES.names:
            table = table.append_column(FEATURES.field(name), pa.nulls(table.num_rows, FEATURES.field(name).type))
    return table


def _known_schema(found: pa.Schema) -> bool:
    """Whether a shard has the columns of today, or the first of them: columns are appended."""
    first = pa.schema(list(FEATURES)[: len(found)])
    return len(found) >= FEATURES.get_field_index("source") and bool(found.equals(first))


def number_of(marker: Path) -> int | None:
    """Number of the shard that a marker is of, by its name; None where the name is none of ours."""
    digits = marker.stem.removeprefix("shard_")
    return int(digits) if digits.isdecimal() else None


def read_marker(marker: Path) -> dict[str, Any] | None:
    """What a marker says; None where it is torn or damaged."""
    try:
        record = parse_json(read_regular(marker))
    except (OSError, ValueError):
        return None
    kinds: dict[str, type | tuple[type, ...]] = {
        "feature_key": str,
        "rows": int,
        "metadata": str,
        "preview": str,
        "embedding_key": (str, type(None)),
        "img_emb": (str, type(None)),
    }
    if not isinstance(record, dict) or any(k not in record or not isinstance(record[k], t) for k, t in kinds.items()):
        return None
    return record


def sound_metadata(metadata: Path, rows: int) -> bool:
    """Whether a file whose checksum fits holds what we write: whoever writes the checksum can write anything."""
    try:
        with open_table(metadata) as file:
            if file.metadata.num_rows != rows or not _known_schema(file.schema_arrow):
                return False
            found = 0
            for batch in file.iter_batches(4096, columns=[n for n in LIGHT_COLUMNS if n in file.schema_arrow.names]):
                batch.validate(full=True)
                found += batch.num_rows
    except TABLE_ERRORS:
        return False
    # row groups may announce other numbers than the file
    return found == rows


def sound_vectors(path: Path, rows: int) -> bool:
    """Whether a file whose checksum fits is a float16 matrix of so many rows."""
    try:
        vectors = map_array(path)
    except ARRAY_ERRORS:
        return False
    return (
        isinstance(vectors, np.ndarray) and vectors.dtype == np.float16 and vectors.ndim == 2 and len(vectors) == rows
    )


def intact(path: Path, digest: str) -> bool:
    """Whether a file has this SHA-256; not where it cannot be read."""
    try:
        return sha256_file(path) == digest
    except OSError:
        return False
