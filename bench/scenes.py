"""Frames of fixed cameras against a truth of pairs: how many are told apart, and how many are joined.

python bench/scenes.py [SHARED/data/scenes]
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import rfdedup

SCENES = Path(__file__).resolve().parents[2] / "shared" / "data" / "scenes"


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SCENES
    if not folder.is_dir():
        sys.exit(f"{folder} is not a folder of frames with pairs.csv")
    with (folder / "pairs.csv").open(encoding="utf-8", newline="") as stream:
        truth = {frozenset((row["a"], row["b"])): int(row["same"]) for row in csv.DictReader(stream)}
    with tempfile.TemporaryDirectory(prefix="rfdedup-scenes-") as scratch:
        rows = rfdedup.refine(folder, Path(scratch) / "run").verdicts.to_pylist()
    king = {row["path"]: row["king"] or row["path"] for row in rows}
    joined = {pair: len({king[path] for path in pair}) == 1 for pair in truth}
    asked = ((-1, "told apart where something changed", False), (1, "joined where nothing did", True))
    for same, name, wanted in asked:
        pairs = [pair for pair, value in truth.items() if value == same]
        right = sum(joined[pair] is wanted for pair in pairs)
        print(f"{name}: {right} of {len(pairs)} = {right / len(pairs):.3f}")
    wrong = [row["path"] for row in rows if row["king"] and truth.get(frozenset((row["path"], row["king"]))) == -1]
    print(f"frames dropped for one that the truth calls changed: {len(wrong)} of {len(rows)}")


if __name__ == "__main__":
    main()
