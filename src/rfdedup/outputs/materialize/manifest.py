"""``manifest.parquet``: every row of the run, where it comes from and where it went."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.text import path_text
from rfdedup.outputs.materialize.pieces import Refusal
from rfdedup.outputs.materialize.rows import RunRows, uri_of
from rfdedup.outputs.materialize.target import Sink

SCHEMA: Final = pa.schema(
    [
        # URI of the file, or of the container; the name below the input, which is the member of a container
        pa.field("source", pa.string(), nullable=False),
        pa.field("key", pa.string(), nullable=False),
        # name below the copy, and inside of that: the member, or the row of a table. Null where it did not go
        pa.field("target", pa.string()),
        pa.field("member", pa.string()),
        pa.field("sha256", pa.string()),
        pa.field("verdict", pa.string(), nullable=False),
        pa.field("tier", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("king", pa.string()),
        pa.field("king_root", pa.string()),
        # why a kept image did not go, or a dropped one did
        pa.field("note", pa.string()),
        pa.field("split", pa.string()),
        pa.field("label", pa.string()),
    ]
)
_BATCH_ROWS: Final = 8192


def write_manifest(
    rows: RunRows,
    place: Callable[[int], tuple[str, str | None] | None],
    note: Callable[[int], str | None],
    sink: Sink,
) -> list[Refusal]:
    """Write the table.

    Args:
        rows: of the run. place: target and member of a row, None where it did not go. note: why.
        sink: gets the bytes.
    """
    with pq.ParquetWriter(sink, SCHEMA, compression="zstd") as writer:
        for begin in range(0, max(len(rows), 1), _BATCH_ROWS):
            some = np.arange(begin, min(begin + _BATCH_ROWS, len(rows)))
            found = [_row(facts, place(facts["row"]), note(facts["row"])) for facts in rows.facts(some)]
            writer.write_table(pa.Table.from_pylist(found, schema=SCHEMA))
    return []


def _row(facts: dict[str, Any], place: tuple[str, str | None] | None, note: str | None) -> dict[str, Any]:
    target, member = place or (None, None)
    return {
        "source": path_text(uri_of(facts["root"], facts)),
        "key": facts["path"],
        "target": None if target is None else path_text(target),
        "member": None if member is None else path_text(member),
        "note": note,
        "label": facts.get("label"),
        **{name: facts[name] for name in ("sha256", "verdict", "tier", "reason", "king", "king_root", "split")},
    }
