"""Damaged containers: a plan gives images and notes or one line, and each image bytes or one fault."""

from __future__ import annotations

import os
import random
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from containers import write_parquet, write_tar, write_zip
from damage import damaged
from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError
from rfdedup.model.items import Item
from rfdedup.sources.lists import listed_files, read_list
from rfdedup.sources.reading import FileReader
from rfdedup.sources.shards import ShardSource

INPUTS = int(os.environ.get("RFDEDUP_FUZZ_INPUTS", "40"))
"""Damaged files a reader."""
FROM = int(os.environ.get("RFDEDUP_FUZZ_FROM", "0"))
"""The first seed."""
MEMBERS = {f"folder/{n}.jpg": random.Random(n).randbytes(300 + n) for n in range(9)}
WRITERS: dict[str, Callable[[Path], Path]] = {
    "x.tar": lambda path: write_tar(path, MEMBERS),
    "x.zip": lambda path: write_zip(path, MEMBERS),
    "y.zip": lambda path: write_zip(path, MEMBERS, zipfile.ZIP_DEFLATED),
    "x.parquet": lambda path: write_parquet(path, MEMBERS, rows=4),
}


def assert_one_line(told: str) -> None:
    assert "\n" not in told


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("ends", [False, True])
def test_a_damaged_container(name: str, ends: bool, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path / name)
    whole = path.read_bytes()
    reader = FileReader(DecodeLimits())
    for seed in range(FROM, FROM + INPUTS):
        rng = random.Random(f"{name} {ends} {seed}")
        # flips where the structure is: headers and directories are small beside members
        tail = len(whole) - rng.randrange(min(len(whole), 1500)) if ends else 0
        path.write_bytes(whole[:tail] + damaged(whole[tail:], rng))
        items: list[Item] = []
        try:
            items = [item for shard in ShardSource((str(path),)).plan() for item in shard]
        except InputError as error:
            told = str(error)
        else:
            told = str(path)
        assert_one_line(told)
        assert str(path) in told
        assert len({item.key for item in items}) == len(items)
        for item, found in zip(items, reader.fetch(items), strict=True):
            assert isinstance(found, bytes) or found[0] in ("corrupt", "truncated", "unsupported-format", "too-large")
            assert not isinstance(found, bytes) or len(found) == item.size
            assert b"\n" not in item.key_bytes or isinstance(found, bytes | tuple)


@pytest.mark.parametrize("name", ["x.txt", "x.csv", "x.parquet"])
def test_a_damaged_list(name: str, tmp_path: Path) -> None:
    images = [tmp_path / f"{n}.jpg" for n in range(5)]
    for image in images:
        image.write_bytes(b"x")
    path = tmp_path / name
    if name == "x.parquet":
        write_parquet(path, {str(image): b"x" for image in images})
    else:
        path.write_bytes("\n".join(["path", *map(str, images)]).encode())
    whole = path.read_bytes()
    for seed in range(FROM, FROM + INPUTS):
        path.write_bytes(damaged(whole, random.Random(f"{name} {seed}")))
        try:
            found = listed_files(read_list(str(path)), str(path))
        except InputError as error:
            assert_one_line(str(error))
        else:
            assert {Path(item.absolute) for item in found.items} <= {*images, path}
