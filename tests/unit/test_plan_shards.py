"""Shards are cut by the plan, and made once."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfdedup.model.items import Item
from rfdedup.pipeline.early_embedding import GrowingShard
from rfdedup.sources import plan
from rfdedup.sources.plan import cut
from rfdedup.storage import feature_store, files
from rfdedup.storage.feature_store import Embedded, FeatureStore
from rfdedup.storage.known_features import TRANSIENT, look_up


def items(count: int, size: int = 10) -> list[Item]:
    return [Item("/in", f"{i:05d}.jpg", size, 1, i, 3, 1) for i in range(count)]


def everything(found: list[Item]) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.ones(len(found), np.bool_)


def test_a_shard_has_a_fixed_number_of_rows() -> None:
    found = items(2 * plan.SHARD_ROWS + 5)
    shards = cut(found, everything(found))
    assert [len(shard) for shard in shards] == [plan.SHARD_ROWS, plan.SHARD_ROWS, 5]
    assert [item for shard in shards for item in shard] == found


def test_large_files_make_small_shards_and_the_largest_one_of_its_own() -> None:
    found = items(4, plan.SHARD_BYTES // 2) + items(1, 3 * plan.SHARD_BYTES) + items(3)
    assert [len(shard) for shard in cut(found, everything(found))] == [2, 2, 1, 3]


@pytest.mark.parametrize("sizes", [1, plan.SHARD_BYTES // 5])
def test_after_a_crash_what_is_missing_is_cut_as_before(sizes: int) -> None:
    found = items(2 * plan.SHARD_ROWS + 7, sizes)
    whole = cut(found, everything(found))
    missing = [shard for number, shard in enumerate(whole) if number % 3]
    wanted = {item for shard in missing for item in shard}
    assert cut(found, np.array([item in wanted for item in found])) == missing


def test_few_new_files_among_many_make_few_shards() -> None:
    found = items(9 * plan.SHARD_ROWS)
    new = np.zeros(len(found), np.bool_)
    new[:: plan.SHARD_ROWS // 2] = True
    assert cut(found, new) == [[item for item, one in zip(found, new, strict=True) if one]]


def row(name: str, error: str | None = None) -> dict[str, Any]:
    number = int(name)
    return {
        "root": "/in",
        "path": f"{number:05d}.jpg",
        "path_bytes": f"{number:05d}.jpg".encode(),
        "mtime_ns": 1,
        "inode": number,
        "device": 3,
        "flags": [],
        "bytes": 10,
        "error": error,
    }


def state(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_attempt_that_comes_late_changes_nothing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, feature_key="k")
    vectors = Embedded("enc", np.array([1]), np.ones((1, 4), np.float16))
    assert store.append([row("0"), row("1")], [b"A", None], vectors, 0) == 0
    before = state(tmp_path)
    assert store.append([row("1"), row("0")], [None, b"other"], None, 0) == 0
    assert state(tmp_path) == before
    # nor where the other attempt was at work at the same time and the marker came meanwhile
    late = FeatureStore(tmp_path, feature_key="k")
    late._path("shard", 0).rename(tmp_path / "away")
    real = feature_store.create_once

    def meanwhile(path: Path, data: bytes) -> bool:
        (tmp_path / "away").rename(path)
        return real(path, data)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feature_store, "create_once", meanwhile)
        late.append([row("1"), row("0")], [None, b"other"], None, 0)
    again = FeatureStore(tmp_path, feature_key="k")
    assert again.metadata()["inode"].to_pylist() == [0, 1]
    assert state(tmp_path) == before
    assert not again.damaged


@pytest.mark.parametrize("point", range(12))
def test_an_attempt_that_is_cut_off_anywhere_leaves_a_whole_shard_or_none(tmp_path: Path, point: int) -> None:
    """Killed at each write to the disk in turn: between objects, marker and names."""
    rows = [row("0"), row("1")]
    vectors = Embedded("enc", np.array([1]), np.ones((1, 4), np.float16))
    calls = 0
    sync = os.fsync

    class Killed(BaseException):
        pass

    def count(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > point:
            raise Killed
        sync(handle)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files.os, "fsync", count)
        with contextlib.suppress(Killed):
            FeatureStore(tmp_path, feature_key="k").append(rows, [b"A", None], vectors, 0)
    store = FeatureStore(tmp_path, feature_key="k")
    assert not store.damaged
    assert not list(tmp_path.glob("*.object"))
    assert store.metadata().num_rows in (0, 2)
    # the next attempt, with other embeddings, or none
    store.append(rows, [b"A", None], None, 0)
    again = FeatureStore(tmp_path, feature_key="k")
    assert not again.damaged
    assert again.metadata()["inode"].to_pylist() == [0, 1]
    assert sorted(path.name for path in tmp_path.iterdir())[-3:] == [
        "metadata_0000.parquet",
        "preview_0000.parquet",
        "shard_0000.json",
    ]


def test_a_marker_whose_objects_have_no_names_yet_is_made_good(tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureStore, "_name_objects", lambda *_: None)
        FeatureStore(tmp_path, feature_key="k").append([row("0")], [b"A"], None, 0)
    assert len(list(tmp_path.glob("*.object"))) == 2
    assert FeatureStore(tmp_path, feature_key="k").metadata().num_rows == 1
    assert not list(tmp_path.glob("*.object"))


def test_embeddings_that_are_added_never_cost_those_that_were_there(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, feature_key="k")
    store.append([row("0"), row("1")], [None, None], Embedded("enc", np.array([0]), np.ones((1, 2), np.float16)), 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FeatureStore, "_name_objects", lambda *_: None)
        store.set_embeddings(0, "enc", np.array([1]), np.ones((1, 2), np.float16))
    again = FeatureStore(tmp_path, feature_key="k")
    assert again.embedded(0, "enc").tolist() == [True, True]
    assert not again.damaged


def test_numbers_go_on_where_shards_are_missing(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, feature_key="k")
    for number in (0, 2):
        store.append([row(str(number))], [None], None, number)
    assert FeatureStore(tmp_path, feature_key="k").free_numbers(3) == [1, 3, 4]


def test_a_shard_without_hard_links_is_made_once_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "not supported")

    monkeypatch.setattr(files.os, "link", refuse)
    store = FeatureStore(tmp_path, feature_key="k")
    store.append([row("0")], [b"A"], None, 0)
    assert not files.create_once(tmp_path / "shard_0000.json", b"other")
    assert json.loads((tmp_path / "shard_0000.json").read_bytes())["rows"] == 1
    assert not list(tmp_path.glob("*.tmp"))


def test_a_fault_that_may_be_gone_is_a_row_and_the_file_is_looked_at_again(tmp_path: Path) -> None:
    found = items(3)
    store = FeatureStore(tmp_path, feature_key="k")
    fault = sorted(TRANSIENT)[0]
    store.append([row("0"), row("1", fault), row("2", "truncated")], [None] * 3, None, 1)
    assert look_up(found, store)[1].tolist() == [0, 1, 2]
    assert look_up(found, store, retry=True)[1].tolist() == [0, -1, 2]
    # what is found now counts, though its shard has a smaller number
    store.append([row("1")], [None], None, 0)
    store = FeatureStore(tmp_path, feature_key="k")
    known, at = look_up(found, store, retry=True)
    assert known["error"].take(at).to_pylist() == [None, None, "truncated"]


def test_a_file_that_changed_is_new_whatever_other_shards_hold(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path, feature_key="k")
    store.append([row("0")], [None], None, 1)
    (changed,) = items(1, 11)
    assert look_up([changed], store)[1].tolist() == [-1]
    store.append([row("0") | {"bytes": 11}], [None], None, 0)
    assert look_up([changed], FeatureStore(tmp_path, feature_key="k"))[1].tolist() == [0]


def test_a_file_that_stays_unreadable_makes_no_new_shard_each_time(tmp_path: Path) -> None:
    def attempt(error: str) -> int:
        store = FeatureStore(tmp_path, feature_key="k")
        shard = GrowingShard(store, store.free_numbers(1)[0], 1, None)
        shard.add(0, [row("0", error)])
        assert shard.ready
        shard.write()
        return len(FeatureStore(tmp_path, feature_key="k").shards)

    assert [attempt(error) for error in ("unreadable", "unreadable", "stalled", "unreadable")] == [1, 1, 2, 2]
