"""Run folders of before a column was appended still open: nulls stand for what they lack."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.items import Item, Place
from rfdedup.model.schemas import FEATURES, VERDICTS, row_of
from rfdedup.outputs.apply.catalog import read_rows
from rfdedup.storage.feature_store import FeatureStore
from rfdedup.storage.known_features import look_up
from rfdedup.storage.tables import has_first_columns, with_columns

PLACE = FEATURES.get_field_index("source")


def items(place: Place | None = None, version: str | None = None) -> list[Item]:
    return [Item("/in", f"{n}.jpg", 10, 5, n, 1, 1, version=version, place=place) for n in range(3)]


def older(folder: Path) -> None:
    """Write the shard of a store anew as the version before wrote it."""
    path = folder / "metadata_0000.parquet"
    table = pq.read_table(path)
    pq.write_table(table.select(FEATURES.names[:PLACE]).cast(pa.schema(list(FEATURES)[:PLACE])), path)
    marker = folder / "shard_0000.json"
    record = json.loads(marker.read_text())
    marker.write_text(json.dumps({**record, "metadata": hashlib.sha256(path.read_bytes()).hexdigest()}))


def test_features_of_before_are_not_measured_again(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, feature_key="key")
    store.append([row_of(item, ("corrupt", "x")) for item in items()], [None] * 3)
    older(tmp_path)
    store = FeatureStore(tmp_path, feature_key="key")
    assert store.damaged == []
    assert store.metadata()["source"].null_count == 3
    assert look_up(items(), store)[1].tolist() == [0, 1, 2]


def test_a_member_is_known_by_its_container_and_its_place(tmp_path: Path) -> None:
    def known(*what: Any) -> list[int]:
        found: list[int] = look_up(items(*what), store)[1].tolist()
        return found

    store = FeatureStore(tmp_path, feature_key="key")
    store.append([row_of(item, ("corrupt", "x")) for item in items(Place(512, 10), "v1")], [None] * 3)
    assert known(Place(512, 10), "v1") == [0, 1, 2]
    for other in ((Place(512, 10), "v2"), (Place(513, 10), "v1"), (Place(512, 10, "zip"), "v1"), (None, None)):
        assert known(*other) == [-1, -1, -1]


def test_verdicts_of_before_are_read(tmp_path: Path) -> None:
    first = VERDICTS.get_field_index("source")
    old = pa.schema(list(VERDICTS)[:first])
    assert has_first_columns(old, VERDICTS)
    assert not has_first_columns(pa.schema(list(VERDICTS)[:5]), VERDICTS)
    assert not has_first_columns(pa.schema(list(VERDICTS)[1:]), VERDICTS)
    row = {"path": "a", "root": "/in", "verdict": "keep", "flags": [], "path_bytes": b"a", "bytes": 1}
    row |= {"sha256": "0" * 64, "mtime_ns": 1, "inode": 1, "device": 1}
    table = pa.Table.from_pylist([row], schema=old)
    pq.write_table(table, tmp_path / "verdicts.parquet")
    assert [entry.name for batch in read_rows(tmp_path) for entry in batch] == [b"a"]
    assert with_columns(table.to_batches()[0], VERDICTS)["version"].null_count == 1
    assert np.array_equal(with_columns(table.to_batches()[0], VERDICTS)["bytes"], table["bytes"])
