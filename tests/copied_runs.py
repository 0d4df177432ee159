"""Small runs to copy from: a few pictures, exact copies of some, and labels beside them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from rfdedup.outputs.materialize import CopyRequest, CopySummary, Kind, materialize_run
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run import refine

KEPT = ("cat/a.jpg", "cat/b.jpg", "dog/c.jpg", "dog/d.jpg")
"""Pictures that a run keeps; each has a copy ``x (1).jpg`` that it drops."""


def picture(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8))
    stream = io.BytesIO()
    small.resize((320, 240), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=90)
    return stream.getvalue()


def pictures(first: int = 0) -> dict[str, bytes]:
    """Pictures by name: what is kept, and a dropped copy of each; others for each ``first``."""
    found = {}
    for seed, name in enumerate(KEPT, first):
        found[name] = picture(seed)
        found[name.replace(".jpg", " (1).jpg")] = found[name]
    return found


def with_labels(members: Mapping[str, bytes], *endings: str) -> dict[str, bytes]:
    """Members with a label behind each: its name in braces."""
    found = {}
    for name, data in members.items():
        found[name] = data
        for ending in endings:
            found[name[:-4] + ending] = b'{"of": "%s"}' % name.encode()
    return found


def put(folder: Path, members: Mapping[str, bytes]) -> Path:
    for name, data in members.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def run_of(inputs: Any, out: Path, **options: Any) -> Run:
    """A run that only looks for equal bytes."""
    return refine(inputs, out, tiers=["hash"], workers=1, **options)


def copied(run: Run, dest: Path, kind: str, **options: Any) -> CopySummary:
    return materialize_run(run.path, CopyRequest(dest, Kind(kind), **options))


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder by their names."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(dest: Path) -> list[dict[str, Any]]:
    return pq.read_table(dest / "manifest.parquet").to_pylist()
