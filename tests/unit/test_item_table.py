"""Items in columns are the same items."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item, Place
from rfdedup.sources.folder import scan


def some_items() -> list[Item]:
    odd = os.fsdecode(b"b/\xff.jpg")
    return [
        Item("/one", "a.jpg", 1, -5, (1 << 64) - 1, 2, 3),
        Item("/two", odd, 1 << 40, (1 << 63) - 1, 0, (1 << 64) - 1, 1),
        Item("/", "c.tar", 0, 0, 0, 0, 1, "v1", Place(512, 9), "train", "cat", 4, 0.5),
        Item("/one", "", 7, 8, 9, 10, 11, split="val"),
    ]


def test_a_table_gives_the_items_it_was_made_of() -> None:
    items = some_items()
    table = ItemTable.of(iter(items))
    assert list(table) == items
    assert table == items
    assert [table[i] for i in range(-4, 4)] == [items[i] for i in range(-4, 4)]
    assert table[np.int64(2)] == items[2]
    assert (table[1:3], table[::-2]) == (items[1:3], items[::-2])
    assert table.take(np.array([3, 1])) == [items[3], items[1]]
    assert list(table.sort_keys()) == [item.sort_key for item in items]
    assert table.root_column().to_pylist() == [item.root for item in items]
    assert table.keys.to_pylist() == [item.key_bytes for item in items]
    assert ItemTable.of(table) is table
    with pytest.raises(IndexError):
        table[4]


def test_a_table_of_nothing() -> None:
    table = ItemTable.of([])
    assert (len(table), list(table), table.root_column().to_pylist()) == (0, [], [])


def test_what_no_item_says_takes_no_room(tmp_path: Path) -> None:
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(b"x")
    files = scan([tmp_path]).files
    assert isinstance(files, ItemTable)
    assert files.said == {}
    assert set(ItemTable.of(some_items()).said) == {"version", "place", "split", "label", "frame", "time"}
