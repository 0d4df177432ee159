"""Damaged films: a plan gives frames and notes or one line, and each frame pixels or one fault, the same every time."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from damage import damaged
from films import moving_square, photo, write_film
from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import InputError
from rfdedup.model.items import Item
from rfdedup.sources import containers
from rfdedup.sources.film import FrameChoice, plan_film
from rfdedup.sources.reading import FileReader

INPUTS = int(os.environ.get("RFDEDUP_FUZZ_INPUTS", "25"))
"""Damaged films a format."""
FROM = int(os.environ.get("RFDEDUP_FUZZ_FROM", "0"))
"""The first seed."""
FOUND = (25, 474)
"""Seeds of what went wrong once: an unknown codec, and damage that a decoder hides by what it decoded before."""
FORMATS: dict[str, dict[str, Any]] = {
    "x.mp4": {},
    "x.mkv": {},
    "x.avi": {"codec": "mpeg4"},
    "x.ts": {},
    "x.mpg": {"codec": "mpeg2video"},
}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("ends", [False, True])
def test_a_damaged_film(name: str, ends: bool, tmp_path: Path) -> None:
    path = write_film(tmp_path / name, moving_square(24, photo(0, 96, 64)), gop=8, **FORMATS[name])
    whole = path.read_bytes()
    reader = FileReader(DecodeLimits())
    for seed in sorted({*range(FROM, FROM + INPUTS), *FOUND}):
        rng = random.Random(f"{name} {ends} {seed}")
        # half of them at one end, where headers and indices are
        head = rng.randrange(600) if ends and rng.random() < 0.5 else 0
        tail = len(whole) - rng.randrange(min(len(whole), 1500)) if ends and not head else 0
        some = damaged(whole[tail:], rng) if not head else damaged(whole[:head], rng) + whole[head:]
        path.write_bytes(whole[:tail] + some)
        items: list[Item] = []
        told = str(path)
        try:
            items = plan_film(str(path), FrameChoice.parse("every=2"), DecodeLimits()).items
        except InputError as error:
            told = str(error)
        assert len(told.splitlines()) == 1
        assert str(path) in told
        if not items:
            continue
        assert len({item.key for item in items}) == len(items)
        found = list(reader.fetch(items))
        for item, one in zip(items, found, strict=True):
            assert isinstance(one, bytes) or one[0] == "corrupt", one
            assert not isinstance(one, bytes) or len(one) == item.size
        at = rng.randrange(len(items))
        containers._films._open.clear()
        assert next(reader.fetch([items[at]])) == found[at], f"{name} {ends} {seed}"
