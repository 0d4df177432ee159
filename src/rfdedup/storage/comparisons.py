"""Compared pairs that a run remembers, by the content of both pictures, so that none is compared twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.evidence import Evidence, Kind, Side, fields_of
from rfdedup.model.schemas import EVIDENCE_FIELDS, TABLE_ERRORS
from rfdedup.storage.files import atomic_write
from rfdedup.storage.tables import open_table

Pair = tuple[str, str]
"""SHA-256 of the bytes of two files, the smaller first."""

_SCHEMA: Final = pa.schema(
    [
        pa.field("one", pa.string(), nullable=False),
        pa.field("other", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("kind_in_series", pa.string(), nullable=False),
        *EVIDENCE_FIELDS,
        pa.field("pasted", pa.string(), nullable=False),
    ]
)
_CHECKSUM: Final = b"checksum"
_KEY: Final = b"key"


class ComparisonStore:
    """Reads and extends ``compared_NNNN.parquet``. One process writes at a time."""

    def __init__(self, folder: Path, key: str) -> None:
        """Read what was compared under ``key``; files that are torn, damaged or of another key are left out.

        Args:
            folder: ``RUN/features``.
            key: identity of decoder, limits and version of the comparison.
        """
        self._folder, self._key = folder, key.encode()
        self._next = 0
        self.damaged: list[str] = []
        self.known: dict[Pair, Evidence] = {}
        for path in sorted(folder.glob("compared_*.parquet")):
            digits = path.stem.removeprefix("compared_")
            if digits.isdecimal():
                self._next = max(self._next, int(digits) + 1)
                self._read(path)

    def add(self, found: dict[Pair, Evidence]) -> None:
        """Remember further pairs: durable when this returns."""
        if not found:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        table = pa.Table.from_pylist([_row(pair, evidence) for pair, evidence in found.items()], schema=_SCHEMA)
        whole = table.replace_schema_metadata({_KEY: self._key, _CHECKSUM: _checksum(table.to_pylist())})
        with atomic_write(self._folder / f"compared_{self._next:04d}.parquet") as stream:
            pq.write_table(whole, stream, compression="zstd")
        self._next += 1
        self.known |= found

    def _read(self, path: Path) -> None:
        try:
            with open_table(path) as file:
                table = file.read()
        except TABLE_ERRORS:
            self.damaged.append(path.name)
            return
        facts = table.schema.metadata or {}
        plain = table.replace_schema_metadata(None)
        rows = plain.to_pylist() if plain.schema.equals(_SCHEMA) else None
        if rows is None or facts.get(_CHECKSUM) != _checksum(rows):
            self.damaged.append(path.name)
        elif facts.get(_KEY) == self._key:
            self.known |= {(row["one"], row["other"]): evidence_of(row) for row in rows}


def remembered_kinds(folder: Path, key: str) -> list[tuple[str, str, str]]:
    """Both digests and the kind of every pair that a run remembers to have compared under ``key``."""
    store = ComparisonStore(folder, key)
    return [(one, other, str(found.kind)) for (one, other), found in store.known.items()]


def evidence_of(row: dict[str, object]) -> Evidence:
    """The evidence in a row that has ``kind``, ``kind_in_series`` and ``schemas.EVIDENCE_FIELDS``."""
    values = {name: row[name] for name in Evidence.__dataclass_fields__ if name in row}
    values |= {
        "kind": Kind(str(row["kind"])),
        "kind_in_series": Kind(str(row["kind_in_series"])),
        "side": Side(str(row["side"])),
        "pasted": Side(str(row.get("pasted", Side.NONE))),
        "transform": tuple(_numbers(row["transform"])),
    }
    return Evidence(**values)  # type: ignore[arg-type]


def _numbers(value: object) -> Iterable[float]:
    return [float(number) for number in value] if isinstance(value, Sequence) else []


def _row(pair: Pair, evidence: Evidence) -> dict[str, object]:
    return {"one": pair[0], "other": pair[1], **fields_of(evidence)}


def _checksum(rows: list[dict[str, Any]]) -> bytes:
    """SHA-256 over the values: how Arrow lays them out in memory differs between what is written and what is read."""
    return hashlib.sha256(json.dumps(rows, sort_keys=True).encode()).hexdigest().encode()
