"""Damaged files of our own: each reader returns what a sound file may hold, or one line of the project's errors."""

from __future__ import annotations

import io
import os
import random
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rfdedup.apply.journal import Journal
from rfdedup.config import load_config
from rfdedup.descriptor import Whitening
from rfdedup.errors import RfdedupError
from rfdedup.records import LINKS, VERDICTS
from rfdedup.review.decision_log import DecisionLog
from rfdedup.review.decisions import Choice, Decision, Image
from rfdedup.run_folder import LINKS_FILE, VERDICTS_FILE, RunFolder
from rfdedup.store import ROWS_FILE, previews_of
from rfdedup.truth import TruthRow, read_truth, write_truth

INPUTS = int(os.environ.get("RFDEDUP_FUZZ_INPUTS", "40"))
"""Damaged files a reader."""
PIECES = (b"", b"\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\n", b'"', b"../", b"[[", b"1e999", b"null", b"\xed\xb3\xbf")


def _table(schema: pa.Schema) -> bytes:
    rows = [{f.name: None for f in schema if f.nullable} | _filled(schema, n) for n in range(20)]
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer, compression="zstd")
    return buffer.getvalue()


def _filled(schema: pa.Schema, number: int) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column in schema:
        if pa.types.is_string(column.type):
            values[column.name] = f"{column.name} {number}"
        elif pa.types.is_integer(column.type):
            values[column.name] = number
        elif pa.types.is_floating(column.type):
            values[column.name] = number / 2
        elif pa.types.is_binary(column.type):
            values[column.name] = b"%d" % number
        else:
            values[column.name] = []
    return values


def _verdicts(folder: Path) -> Path:
    (folder / VERDICTS_FILE).write_bytes(_table(VERDICTS))
    return folder / VERDICTS_FILE


def _links(folder: Path) -> Path:
    (folder / LINKS_FILE).write_bytes(_table(LINKS))
    return folder / LINKS_FILE


def _info(folder: Path) -> Path:
    RunFolder(folder).write_info({"status": "complete", "config": {"hash": {"radius": 8}}, "tables": {}})
    return folder / "run.json"


def _config(folder: Path) -> Path:
    file = folder / "config.toml"
    file.write_text('tiers = ["hash"]\n[quality]\nblurry = 40.0\n[keep]\nprefer = ["a/*"]\n')
    return file


def _whitening(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    Whitening(rng.random(4, np.float32), rng.random((4, 3), np.float32)).save(folder / "w.npz")
    return folder / "w.npz"


def _truth(folder: Path) -> Path:
    write_truth(folder / "truth.csv", [TruthRow(f"a{n}.jpg", str(n // 2), "exact", "a0.jpg") for n in range(8)])
    return folder / "truth.csv"


def _places(folder: Path) -> Path:
    (folder / "features").mkdir()
    pq.write_table(pa.table({"preview": [b"jpeg"] * 4}), folder / "features" / "preview_0000.parquet")
    places = np.stack([np.zeros(4), np.arange(4), np.arange(4)], axis=1).astype(np.int32)
    np.save(folder / "features" / ROWS_FILE, places)
    return folder / "features" / ROWS_FILE


def _reviews(folder: Path) -> Path:
    DecisionLog(folder).add([Decision(next(iter(Choice)), Image("ab" * 32, "a.jpg"), Image("cd" * 32, "b.jpg"))])
    return DecisionLog(folder).path


def _journal(folder: Path) -> Path:
    with Journal.open(folder, create=True) as journal:
        journal.begin_session({"action": "move"})
    with sqlite3.connect(folder / "journal.sqlite") as database:
        database.execute("pragma journal_mode = delete")
    return folder / "journal.sqlite"


def _read_journal(folder: Path) -> None:
    with Journal.open(folder, create=False) as journal:
        journal.sessions()
        for _ in journal.open_entries():
            pass


READERS: dict[str, tuple[Callable[[Path], Path], Callable[[Path], Any]]] = {
    "verdicts": (_verdicts, lambda folder: RunFolder(folder).verdicts()),
    "links": (_links, lambda folder: RunFolder(folder).links()),
    "run.json": (_info, lambda folder: RunFolder.open(folder).info()),
    "config": (_config, lambda folder: load_config(folder / "config.toml", {})),
    "whitening": (_whitening, lambda folder: Whitening.load(folder / "w.npz")),
    "truth": (_truth, lambda folder: read_truth(folder / "truth.csv")),
    "rows": (_places, lambda folder: previews_of(folder, np.arange(4))),
    "reviews": (_reviews, lambda folder: DecisionLog(folder).decisions()),
    "journal": (_journal, _read_journal),
}


def damaged(whole: bytes, rng: random.Random) -> bytes:
    data = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at : at + rng.randint(0, 8)] = rng.choice(PIECES)
            case _:
                data[at:at] = data[rng.randrange(len(data) + 1) :][:16]
    return bytes(data)


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, read = READERS[name]
    file = make(tmp_path)
    whole = file.read_bytes()
    read(tmp_path)
    messages: list[str] = []
    for seed in range(INPUTS):
        file.write_bytes(damaged(whole, random.Random(f"{name} {seed}")))
        for leftover in tmp_path.glob("*-wal"):
            leftover.unlink()
        try:
            read(tmp_path)
        except RfdedupError as error:
            messages.append(str(error))
        except Exception as error:
            error.add_note(f"{name}, input {seed}")
            raise
    assert messages
    assert all(message.splitlines() == [message] for message in messages)


def test_a_header_of_rows_that_is_no_literal_is_refused(tmp_path: Path) -> None:
    file = _places(tmp_path)
    data = file.read_bytes()
    file.write_bytes(data[:10] + b"{'descr': (" + b" " * 106 + b"\n" + data[128:])
    with pytest.raises(RfdedupError, match="damaged"):
        previews_of(tmp_path, np.arange(4))
