"""Damaged files of our own: each reader returns what a sound file may hold, or one line of the project's errors."""

from __future__ import annotations

import io
import json
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

from damage import damaged
from rfdedup.metric import whitening
from rfdedup.metric.descriptor import Whitening
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.model.decisions import Choice, Decision, Image
from rfdedup.model.errors import RfdedupError, RunFolderError
from rfdedup.model.schemas import FEATURES, LINKS, VERDICTS
from rfdedup.outputs.apply.catalog import read_rows
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.truth import TruthRow, read_truth, write_truth
from rfdedup.storage.config_file import load_config
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.feature_store import ROWS_FILE, FeatureStore, previews_of
from rfdedup.storage.files import sha256_file
from rfdedup.storage.run_folder import LINKS_FILE, VERDICTS_FILE, RunFolder
from rfdedup.storage.second_looks import FULLSCALE_FILE, REMEASURED_FILE, remember, remembered

INPUTS = int(os.environ.get("RFDEDUP_FUZZ_INPUTS", "40"))
"""Damaged files a reader."""
FROM = int(os.environ.get("RFDEDUP_FUZZ_FROM", "0"))
"""The first seed."""
DIM = 8


def _table(schema: pa.Schema, **values: Any) -> bytes:
    rows = [{f.name: None for f in schema if f.nullable} | _filled(schema, n) | values for n in range(20)]
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
    (folder / VERDICTS_FILE).write_bytes(_table(VERDICTS, verdict="keep"))
    return folder / VERDICTS_FILE


def _kept(folder: Path) -> Path:
    """Verdicts as strict readers want them."""
    nothing = {f.name: None for f in VERDICTS if f.nullable}
    (folder / VERDICTS_FILE).write_bytes(
        _table(
            VERDICTS,
            **nothing | {"root": str(folder), "verdict": "keep", "bytes": 9, "mtime_ns": 1, "sha256": "ab" * 32},
        )
    )
    return folder / VERDICTS_FILE


def _links(folder: Path) -> Path:
    (folder / LINKS_FILE).write_bytes(_table(LINKS))
    return folder / LINKS_FILE


def _info(folder: Path) -> Path:
    RunFolder(folder).write_info({"status": "complete", "config": {"hash": {"radius": 8}}, "tables": {}})
    return folder / "run.json"


def _config(folder: Path) -> Path:
    file = folder / "config.toml"
    file.write_text('tiers = ["hash"]\n[quality]\nrule = "classic"\nblurry = 40.0\n[keep]\nprefer = ["a/*"]\n')
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


def _shard(folder: Path) -> FeatureStore:
    """Six rows, five of them embedded."""
    rows = [{f.name: None for f in FEATURES if f.nullable} | _filled(FEATURES, n) for n in range(6)]
    thumb = bytes(range(256)) * 12
    store = FeatureStore(folder, feature_key="f")
    for row in rows:
        row["thumb"] = thumb[: THUMB_SIDE * THUMB_SIDE * 3]
    number = store.append(rows, [b"jpeg"] * 6)
    vectors = np.random.default_rng(0).random((5, DIM)).astype(np.float16)
    store.set_embeddings(number, "e", np.arange(5), vectors)
    return store


def _metadata(folder: Path) -> Path:
    _shard(folder)
    return folder / "metadata_0000.parquet"


def _vectors(folder: Path) -> Path:
    _shard(folder)
    return folder / "img_emb_0000.npy"


def _marker(folder: Path) -> Path:
    _shard(folder)
    return folder / "shard_0000.json"


def _believed(folder: Path, kind: str, file: str) -> None:
    """Read a shard after its marker was forged to fit the damage."""
    marker = folder / "shard_0000.json"
    record = json.loads(marker.read_text())
    record[kind] = sha256_file(folder / file)
    marker.write_text(json.dumps(record))
    _read_shard(folder)


def _read_shard(folder: Path) -> None:
    """All that a run reads of its shards; a shard that is left out, to be made again, counts as refused."""
    store = FeatureStore(folder, feature_key="f")
    table = store.metadata()
    place = np.zeros(table.num_rows, np.int32), np.arange(table.num_rows, dtype=np.int32)
    for column in table.columns:
        column.to_pylist()
    assert store.thumbs(*place).shape == (table.num_rows, THUMB_SIDE * THUMB_SIDE * 3)
    for number in store.shards:
        if store.embedded(number, "e").any():
            assert store.gather(*place, DIM).shape == (table.num_rows, DIM)
    _refused(store)


def _refused(store: FeatureStore) -> None:
    if store.damaged:
        raise RunFolderError(f"damaged: {store.damaged}")


def _remembered(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        known = {f"{n:064x}": np.full(DIM, n, np.float32) for n in range(5)}
        remember(FeatureStore(folder, feature_key="f"), name, "k", known)
        return folder / name

    return make


def _read_remembered(name: str) -> Callable[[Path], None]:
    def read(folder: Path) -> None:
        store = FeatureStore(folder, feature_key="f")
        found = remembered(store, name, "k", DIM)
        assert all(np.array_equal(found[f"{n:064x}"], np.full(DIM, n)) for n in range(5) if found)
        _refused(store)

    return read


def _choice(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    made = Whitening(rng.random(4, np.float32), rng.random((4, 3), np.float32))
    whitening.save(
        folder / whitening.FILE, "e", whitening.WhiteningChoice("own", made, 9, "fitted"), {"threshold": 0.5}
    )
    return folder / whitening.FILE


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
    "verdicts, by apply": (_kept, lambda folder: list(read_rows(folder))),
    "links": (_links, lambda folder: RunFolder(folder).links()),
    "run.json": (_info, lambda folder: RunFolder.open(folder).info()),
    "config": (_config, lambda folder: load_config(folder / "config.toml", {})),
    "whitening": (_whitening, lambda folder: Whitening.load(folder / "w.npz")),
    "choice of whitening": (_choice, lambda folder: whitening.load(folder / whitening.FILE, "e", None, 4)),
    "shard": (_marker, _read_shard),
    "metadata": (_metadata, _read_shard),
    "metadata, forged": (_metadata, lambda folder: _believed(folder, "metadata", "metadata_0000.parquet")),
    "embeddings": (_vectors, _read_shard),
    "embeddings, forged": (_vectors, lambda folder: _believed(folder, "img_emb", "img_emb_0000.npy")),
    "remeasured": (_remembered(REMEASURED_FILE), _read_remembered(REMEASURED_FILE)),
    "fullscale": (_remembered(FULLSCALE_FILE), _read_remembered(FULLSCALE_FILE)),
    "truth": (_truth, lambda folder: read_truth(folder / "truth.csv")),
    "rows": (_places, lambda folder: previews_of(folder, np.arange(4))),
    "reviews": (_reviews, lambda folder: DecisionLog(folder).decisions()),
    "journal": (_journal, _read_journal),
}


@pytest.mark.parametrize("name", READERS)
def test_a_damaged_file_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    make, read = READERS[name]
    file = make(tmp_path)
    whole = file.read_bytes()
    read(tmp_path)
    messages: list[str] = []
    for seed in range(FROM, FROM + INPUTS):
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


def test_thumbnails_under_a_forged_checksum_are_refused(tmp_path: Path) -> None:
    file = _metadata(tmp_path)
    columns = pq.read_metadata(file).row_group(0)
    page = columns.column(FEATURES.names.index("thumb"))
    data = bytearray(file.read_bytes())
    start = page.data_page_offset
    data[start : start + 16] = b"\xff" * 16
    file.write_bytes(data)
    with pytest.raises(RfdedupError, match=r"metadata_0000\.parquet is damaged"):
        _believed(tmp_path, "metadata", file.name)


def test_a_row_group_of_another_length_than_its_file_is_not_believed(tmp_path: Path) -> None:
    file = _metadata(tmp_path)
    whole = file.read_bytes()
    six, none = b"\x16\x0c", b"\x16\x00"  # a 64-bit number in the footer's encoding, with its type
    footer = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    at = footer
    while (at := whole.find(six, at + 1)) >= 0:
        file.write_bytes(whole[:at] + none + whole[at + 2 :])
        facts = pq.read_metadata(file)
        if (facts.num_rows, facts.row_group(0).num_rows) == (6, 0):
            break
    assert at > footer
    with pytest.raises(RfdedupError, match="damaged"):
        _believed(tmp_path, "metadata", file.name)


@pytest.mark.parametrize("name", ["verdicts", "verdicts, by apply", "links"])
def test_a_column_whose_name_is_not_utf8_is_refused(name: str, tmp_path: Path) -> None:
    make, read = READERS[name]
    file = make(tmp_path)
    column = pq.read_schema(file).names[0].encode()
    file.write_bytes(file.read_bytes().replace(column, b"\xff" * len(column)))
    with pytest.raises(RfdedupError, match="is damaged"):
        read(tmp_path)
