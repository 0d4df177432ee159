"""Feature shards: what is written is found again, and damage is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfdedup.model.constants import THUMB_SIDE
from rfdedup.storage.feature_store import FeatureStore, previews_of
from rfdedup.storage.second_looks import REMEASURED_FILE, remember, remembered

THUMB = THUMB_SIDE * THUMB_SIDE * 3


def _row(name: str) -> dict[str, Any]:
    return {
        "root": "/in",
        "path": name,
        "path_bytes": name.encode(),
        "mtime_ns": 1,
        "inode": 2,
        "device": 3,
        "flags": [],
        "bytes": 10,
        "sha256": name,
        "thumb": bytes([len(name)]) * THUMB,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = FeatureStore(tmp_path / "features", feature_key="k")
    store.append([_row("a"), _row("bb")], [b"A", None])
    store.append([_row("ccc")], [b"C"])
    store.set_embeddings(0, "enc", np.array([1]), np.full((1, 4), 2, np.float16))
    return tmp_path / "features"


def test_what_was_written_is_found_again(folder: Path) -> None:
    store = FeatureStore(folder, feature_key="k")
    table = store.metadata()
    assert table["path"].to_pylist() == ["a", "bb", "ccc"]
    shard, row = table["shard"].to_numpy(), table["row"].to_numpy()
    store.place_rows(shard, row)
    assert previews_of(folder.parent, [2, 1, 0]) == [b"C", None, b"A"]
    assert store.thumbs(shard, row)[:, 0].tolist() == [1, 2, 3]
    assert store.embedded(0, "enc").tolist() == [False, True]
    assert store.embedded(1, "enc").tolist() == [False]
    assert store.gather(np.array([0], np.int32), np.array([1], np.int32), 4).tolist() == [[2, 2, 2, 2]]


def test_thumbnails_come_in_the_order_asked_for_and_are_dark_where_there_are_none(tmp_path: Path) -> None:
    store = FeatureStore(tmp_path / "features", feature_key="k")
    store.append([_row("a"), _row("bb") | {"thumb": None}, _row("ccc")], [None] * 3)
    store.append([_row("dddd") | {"thumb": None}], [None])
    wanted = np.array([[0, 2], [1, 0], [0, 1], [0, 0], [0, 2]], np.int32)
    thumbs = store.thumbs(wanted[:, 0], wanted[:, 1])
    assert thumbs.shape == (5, THUMB)
    assert thumbs.min(axis=1).tolist() == thumbs.max(axis=1).tolist() == [3, 0, 0, 1, 3]


def test_embeddings_of_another_encoder_are_never_used_or_mixed(folder: Path) -> None:
    store = FeatureStore(folder, feature_key="k")
    assert not store.embedded(0, "other").any()
    store.set_embeddings(0, "other", np.array([0]), np.ones((1, 3), np.float16))
    again = FeatureStore(folder, feature_key="k")
    assert again.embedded(0, "other").tolist() == [True, False]
    assert not again.embedded(0, "enc").any()


def test_embeddings_add_up(folder: Path) -> None:
    store = FeatureStore(folder, feature_key="k")
    store.set_embeddings(0, "enc", np.array([0]), np.ones((1, 4), np.float16))
    assert store.embeddings(0).tolist() == [[1] * 4, [2] * 4]


def test_features_of_other_code_are_left_out(folder: Path) -> None:
    store = FeatureStore(folder, feature_key="new code")
    assert store.metadata().num_rows == 0
    assert store.append([_row("x")], [None]) == 2, "shards of other code are not overwritten"


@pytest.mark.parametrize("name", ["metadata_0000.parquet", "preview_0000.parquet", "shard_0000.json"])
def test_a_flipped_bit_costs_the_shard(folder: Path, name: str) -> None:
    _flip(folder / name)
    store = FeatureStore(folder, feature_key="k")
    assert store.metadata()["path"].to_pylist() == ["ccc"]
    assert store.damaged


def test_a_flipped_bit_in_embeddings_costs_only_them(folder: Path) -> None:
    _flip(folder / "img_emb_0000.npy")
    store = FeatureStore(folder, feature_key="k")
    assert store.metadata().num_rows == 3
    assert not store.embedded(0, "enc").any()


def test_a_shard_without_its_marker_does_not_exist(folder: Path) -> None:
    (folder / "shard_0001.json").unlink()
    assert FeatureStore(folder, feature_key="k").metadata()["path"].to_pylist() == ["a", "bb"]


def test_leftovers_of_a_killed_writer_are_removed(folder: Path) -> None:
    (folder / "metadata_0007.parquet.99.tmp").write_bytes(b"half")
    FeatureStore(folder, feature_key="k")
    assert not list(folder.glob("*.tmp"))


def test_exact_embeddings_belong_to_one_encoder(folder: Path) -> None:
    store = FeatureStore(folder, feature_key="k")
    remember(store, REMEASURED_FILE, "enc", {"sha": np.arange(3, dtype=np.float32)})
    assert remembered(FeatureStore(folder, feature_key="k"), REMEASURED_FILE, "enc", 3)["sha"].tolist() == [0, 1, 2]
    assert remembered(store, REMEASURED_FILE, "other", 3) == {}
    assert remembered(FeatureStore(folder, feature_key="newer"), REMEASURED_FILE, "enc", 3) == {}


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0x40
    path.write_bytes(bytes(data))
