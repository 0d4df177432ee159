"""Whole sets of pictures that are alike and not the same: what each tool drops of them.

    python bench/alike.py [FOLDER]... [--tools rfdedup,fastdup] [--json FILE]

Without a folder the shared sets are used, where they exist. A folder with ``pairs.csv`` (a, b, same: 1 the same, -1
not) has a truth: drops whose king the truth calls another picture are counted as wrong. Of other folders the drops are
counted, and of those of other tools how many ``rfdedup.comparison`` does not confirm; look at them before you believe
either. Rivals are installed as by ``bench/quality.py``.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from platformdirs import user_cache_path

import rfdedup
from quality import OURS, RIVALS, SUFFIXES, UnavailableError, run_rival
from rfdedup.comparison import VIEW_SIDE, View, compare, make_view
from rfdedup.imaging import decode
from rfdedup.model.errors import ImageError
from rfdedup.model.evidence import Kind

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("alike", "scenes", "fixed_camera")


def dropped(tool: str, folder: Path, environments: Path) -> dict[str, str | None]:
    """What a tool drops, with the picture that it keeps in its place; None where it calls it junk."""
    if tool != OURS:
        # rivals know base names only
        with tempfile.TemporaryDirectory() as scratch:
            flat = Path(scratch) / "flat"
            flat.mkdir()
            names = {}
            for file in sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES):
                path = file.relative_to(folder).as_posix()
                names[path.replace("/", "__")] = path
                shutil.copy2(file, flat / path.replace("/", "__"))
            planted = SimpleNamespace(images=flat, rows=[])
            found, _ = run_rival(RIVALS[tool], planted, environments)  # type: ignore[arg-type]
        drops = {**dict.fromkeys(found["junk"]), **found["king"]}
        return {names[name]: names.get(king or "") for name, king in drops.items()}
    with tempfile.TemporaryDirectory() as scratch:
        table = rfdedup.refine(folder, Path(scratch) / "run").verdicts
    rows = table.select(["path", "verdict", "king"]).to_pylist()
    return {row["path"]: row["king"] for row in rows if row["verdict"] == "drop"}


def truth_of(folder: Path) -> dict[frozenset[str], int] | None:
    pairs = folder / "pairs.csv"
    if not pairs.is_file():
        return None
    with pairs.open(encoding="utf-8", newline="") as stream:
        return {frozenset((row["a"], row["b"])): int(row["same"]) for row in csv.DictReader(stream)}


def view(path: Path) -> View:
    picture = decode(path.read_bytes(), at_least=VIEW_SIDE)
    return make_view(picture.rgb, picture.width, picture.height, picture.jpeg_quality)


def confirmed(folder: Path, drops: dict[str, str | None]) -> int:
    """Drops for a king that comparison holds for the same."""
    count = 0
    for path, king in drops.items():
        try:
            count += king is not None and compare(view(folder / path), view(folder / king)).kind != Kind.DIFFERENT
        except ImageError:
            continue
    return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--tools", default="", help="comma-separated beginnings of names; default: all")
    parser.add_argument("--environments", type=Path, default=user_cache_path("rfdedup") / "bench")
    parser.add_argument("--json", type=Path, help="write all counts to this file")
    options = parser.parse_args()
    wanted = tuple(name for name in options.tools.split(",") if name) or ("",)
    results: list[dict[str, Any]] = []
    for folder in options.folders or [SHARED / name for name in SETS if (SHARED / name).is_dir()]:
        truth = truth_of(folder)
        for tool in (name for name in (OURS, *RIVALS) if name.startswith(wanted)):
            try:
                drops = dropped(tool, folder, options.environments)
            except UnavailableError as error:
                print(f"{folder.name}: {tool}: left out: {error}")
                continue
            counts: dict[str, int] = {"dropped": len(drops), "as junk": sum(king is None for king in drops.values())}
            if truth is not None:
                known = [truth.get(frozenset((path, king))) for path, king in drops.items() if king is not None]
                counts |= {"wrong": known.count(-1), "right": known.count(1)}
            elif tool != OURS:
                counts["not confirmed"] = len(drops) - counts["as junk"] - confirmed(folder, drops)
            results.append({"set": folder.name, "tool": tool, **counts})
            print(
                f"{folder.name}: {tool}: " + ", ".join(f"{value} {name}" for name, value in counts.items()), flush=True
            )
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
