"""Tier 2 alone: links between distinct photos (none is right), and recall of planted copies by kind of edit.

    python bench/perceptual.py [--photos DIR]... [--sources 150] [--json FILE]

Without --photos the folders are the shared photos and cars where they exist, else the photos that ship with rfdedup.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import rfdedup
from harness import machine, show, write
from quality import find_sources
from rfdedup.demo.edits import COPY_KINDS, STYLES
from rfdedup.demo.planting import plant
from rfdedup.outputs.evaluation import evaluate

TIERS = ("quality", "hash")
KINDS = tuple(kind for kind in COPY_KINDS if kind != "flip")


def between_distinct(photos: list[Path]) -> dict[str, Any]:
    """Links of tier 2 among photos that all show something else."""
    with tempfile.TemporaryDirectory() as folder:
        images = Path(folder) / "images"
        images.mkdir()
        for number, photo in enumerate(photos):
            (images / f"{number:05d}{photo.suffix}").write_bytes(photo.read_bytes())
        run = rfdedup.refine(images, out=Path(folder) / "run", tiers=TIERS)
        n = run.verdicts.num_rows
        return {"distinct photos": n, "pairs": n * (n - 1) // 2, "links": run.links.num_rows}


def recall(photos: list[Path], style: str, seed: int) -> dict[str, Any]:
    """Recall of tier 2 by kind, and wrong drops, on one planted set."""
    with tempfile.TemporaryDirectory() as folder:
        planted = plant(photos, Path(folder), seed=seed, style=style, kinds=KINDS, neutral_names=True)
        run = rfdedup.refine(planted.images, out=Path(folder) / "run", tiers=TIERS)
        scores = evaluate(planted.rows, run.verdicts, run.links)
    by_kind = {kind: f"{ratio.value:.3f}" for kind, ratio in scores.recall_by_kind.items() if ratio.value is not None}
    return {"style": style, "files": scores.files, "wrong drops": len(scores.wrong), **by_kind}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of distinct photos")
    parser.add_argument("--sources", type=int, default=150, help="how many photos get copies")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    distinct = between_distinct(find_sources(given.photos, np.iinfo(np.int32).max, given.seed))
    show("Tier 2 between distinct photos", [distinct])
    sources = find_sources(given.photos, given.sources, given.seed)
    rows = [recall(sources, style, given.seed) for style in STYLES]
    kinds = [{"kind": key, **{row["style"]: row.get(key, "–") for row in rows}} for key in rows[0] if key != "style"]
    show(f"Tier 2, copies of {len(sources)} photos: recall by kind, in three ways of planting", kinds)
    if given.json:
        write(given.json, machine("opencv-python-headless", "numpy"), [distinct, *rows])


if __name__ == "__main__":
    main()
