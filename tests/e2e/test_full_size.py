"""Copies of different sizes whose first decode was reduced are compared at full size, once, and only those."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import rfdedup
from rfdedup.pipeline import full_size
from rfdedup.storage.second_looks import FULLSCALE_FILE


def jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """An original of 1,000 pixels with fine structure and its enlargement, which is decoded at half size."""
    rng = np.random.default_rng(4)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)).resize(
        (1000, 750), Image.Resampling.BICUBIC
    )
    grain = rng.normal(0, 12, (750, 1000, 1))
    original = Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8))
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "b_original.jpg").write_bytes(jpeg(original))
    (folder / "a_enlarged.jpg").write_bytes(jpeg(original.resize((1500, 1125), Image.Resampling.BICUBIC)))
    return folder


def test_an_enlarged_copy_loses_whatever_its_name_and_age(photos: Path, tmp_path: Path) -> None:
    run = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash"))
    verdicts = {row["path"]: row for row in run.verdicts.to_pylist()}
    assert verdicts["a_enlarged.jpg"]["king"] == "b_original.jpg"
    assert pq.read_table(tmp_path / "run" / "features" / FULLSCALE_FILE).num_rows == 1


def test_a_second_run_does_not_look_again(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash")).verdicts
    monkeypatch.setattr(full_size, "look_again", lambda *_: pytest.fail("looked again"))
    # another option of the rank, so that the run is judged again
    again = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash"), keep={"protect": ["nothing"]})
    assert again.verdicts.equals(first)


def test_a_damaged_memory_is_made_again(photos: Path, tmp_path: Path) -> None:
    first = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash")).verdicts
    memory = tmp_path / "run" / "features" / FULLSCALE_FILE
    memory.write_bytes(memory.read_bytes()[:-40])
    again = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash"), keep={"protect": ["nothing"]})
    assert again.verdicts.equals(first)
    assert pq.read_table(memory).num_rows == 1


def test_a_file_that_is_gone_by_then_is_an_error(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = full_size.look_again

    def gone(*arguments: Any) -> Iterator[Any]:
        (photos / "a_enlarged.jpg").unlink(missing_ok=True)
        yield from real(*arguments)

    monkeypatch.setattr(full_size, "look_again", gone)
    run = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash"))
    verdicts = {row["path"]: row for row in run.verdicts.to_pylist()}
    assert (verdicts["a_enlarged.jpg"]["verdict"], verdicts["a_enlarged.jpg"]["reason"]) == ("error", "unreadable")
    assert verdicts["b_original.jpg"]["verdict"] == "keep"


def test_input_order_needs_no_second_look(photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_size, "look_again", lambda *_: pytest.fail("looked again"))
    run = rfdedup.refine(photos, out=tmp_path / "run", tiers=("quality", "hash"), keep={"rule": "first"})
    verdicts = {row["path"]: row for row in run.verdicts.to_pylist()}
    assert verdicts["b_original.jpg"]["king"] == "a_enlarged.jpg"
