"""Compare the verdicts of rfdedup with those of other tools on the same planted sets.

    python bench/quality.py [--photos DIR]... [--tools rfdedup,fastdup] [--json FILE]

Each rival runs in a virtual environment of its own, which is made on first use; one that cannot be installed
is named and left out. Without --photos the sources are the shared photos and cars where they exist, else the
photos that ship with rfdedup.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from platformdirs import user_cache_path
from rich.console import Console
from rich.table import Table

import rfdedup
from rfdedup.demo.edits import STYLES
from rfdedup.demo.planting import Planted, plant, shipped_photos
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.evaluation import Evaluation, evaluate

HERE = Path(__file__).resolve().parent
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


@dataclass(frozen=True)
class Rival:
    """``package`` is what pip installs, ``script`` the file in rivals/ and ``arguments`` its settings."""

    package: str
    script: str
    arguments: tuple[str, ...] = ()


RIVALS = {
    "fastdup 0.90": Rival("fastdup", "run_fastdup.py", ("0.9",)),
    "fastdup 0.96": Rival("fastdup", "run_fastdup.py", ("0.96",)),
    "imagededup dHash 10": Rival("imagededup", "run_imagededup.py", ("DHash", "10")),
    "imagededup pHash 10": Rival("imagededup", "run_imagededup.py", ("PHash", "10")),
    "cleanvision": Rival("cleanvision", "run_cleanvision.py"),
}
OURS = "rfdedup"


class UnavailableError(Exception):
    """A rival cannot be installed or does not finish here."""


def environment(package: str, folder: Path) -> Path:
    """Python of a virtual environment that has ``package``; made where it does not exist."""
    home = folder / package
    python = home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    marker = home / "installed"
    if not marker.exists():
        venv.create(home, with_pip=True, clear=True)
        done = subprocess.run([python, "-m", "pip", "install", "-q", package], capture_output=True, text=True)
        if done.returncode:
            raise UnavailableError(f"pip install {package} failed: {_last_line(done.stderr)}")
        marker.touch()
    return python


def run_rival(rival: Rival, planted: Planted, environments: Path) -> tuple[dict[str, Any], str]:
    """What a rival found, and a note: it runs again without the broken files when they stop it."""
    python = environment(rival.package, environments)
    note = ""
    with tempfile.TemporaryDirectory() as folder:
        result, images = Path(folder) / "result.json", planted.images
        for attempt in (1, 2):
            done = subprocess.run(
                [python, HERE / "rivals" / rival.script, images, result, *rival.arguments],
                capture_output=True,
                text=True,
                cwd=folder,
            )
            if done.returncode == 0 and result.exists():
                return json.loads(result.read_text()), note
            if attempt == 1:
                images = Path(folder) / "without_broken"
                images.mkdir()
                for row in planted.rows:
                    if row.kind not in ("truncated", "zeros", "text", "empty"):
                        shutil.copy2(planted.images / row.path, images / row.path)
                note = f"stopped on the broken files ({_last_line(done.stderr)}); without them"
    raise UnavailableError(_last_line(done.stderr))


def as_verdicts(found: dict[str, Any], planted: Planted) -> pa.Table:
    """A rival's findings in the columns of a run."""
    errors = set(found["errors"])
    rows = []
    for row in sorted(planted.rows, key=lambda row: row.path):
        junk, king = found["junk"].get(row.path), found["king"].get(row.path)
        verdict = "error" if row.path in errors else "drop" if junk or king else "keep"
        rows.append(
            {
                "path": row.path,
                "root": "",
                "verdict": verdict,
                "tier": "quality" if junk else "semantic" if king else None,
                "reason": junk,
                "king": None if junk else king,
                "king_root": None if junk or not king else "",
                "flags": [],
                "path_bytes": os.fsencode(row.path),
                "mtime_ns": 0,
                "inode": 0,
                "device": 0,
            }
        )
    return pa.Table.from_pylist(rows, schema=VERDICTS)


def run_ours(planted: Planted) -> tuple[Evaluation, float]:
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        run = rfdedup.refine(planted.images, out=Path(folder) / "run")
        seconds = time.perf_counter() - began
        return evaluate(planted.rows, run.verdicts, run.links), seconds


def find_sources(folders: Sequence[Path], number: int, seed: int) -> list[Path]:
    """``number`` photos drawn from the folders (all of them where they hold fewer), in a fixed order."""
    if not folders:
        shared = Path(os.environ.get("RFDEDUP_SHARED", HERE.parents[1] / "shared")) / "data"
        folders = [folder for folder in (shared / "photos", shared / "cars") if folder.is_dir()]
    photos = [
        file
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() in SUFFIXES and file.is_file()
    ] or shipped_photos()
    drawn = np.random.default_rng(seed).permutation(len(photos))[:number]
    return [photos[i] for i in sorted(drawn)]


def line(name: str, scores: Evaluation, seconds: float, note: str) -> dict[str, Any]:
    return {"tool": name, "note": note, "images_per_second": scores.files / seconds, **scores.as_dict()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of distinct photos")
    parser.add_argument("--sources", type=int, default=230, help="how many photos get copies")
    parser.add_argument("--per-source", type=int, default=4, help="copies of each, of kinds drawn at random")
    parser.add_argument("--styles", default=",".join(STYLES), help="planters to use")
    parser.add_argument("--tools", default="", help="comma-separated beginnings of names; default: all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--environments", type=Path, default=user_cache_path("rfdedup") / "bench", help="rivals live here"
    )
    parser.add_argument("--json", type=Path, help="write all scores to this file")
    options = parser.parse_args()
    console, results = Console(width=None if sys.stdout.isatty() else 150), []
    wanted = tuple(name for name in options.tools.split(",") if name) or ("",)
    tools = [name for name in (OURS, *RIVALS) if name.startswith(wanted)]
    sources = find_sources(options.photos, options.sources, options.seed)
    for style in options.styles.split(","):
        with tempfile.TemporaryDirectory() as folder:
            planted = plant(
                sources, Path(folder), seed=options.seed, style=style, per_source=options.per_source, neutral_names=True
            )
            lines = []
            for name in tools:
                try:
                    if name == OURS:
                        scores, seconds = run_ours(planted)
                        note = ""
                    else:
                        found, note = run_rival(RIVALS[name], planted, options.environments)
                        scores, seconds = evaluate(planted.rows, as_verdicts(found, planted)), found["seconds"]
                except UnavailableError as error:
                    console.print(f"{name}: left out: {error}")
                    continue
                lines.append(line(name, scores, seconds, note))
        console.print(table(f"{style}: {len(planted.rows)} files of {len(sources)} photos", lines))
        results.append({"style": style, "files": len(planted.rows), "seed": options.seed, "tools": lines})
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


def table(title: str, lines: Sequence[dict[str, Any]]) -> Table:
    shown = Table(title=title, title_justify="left")
    for column in (
        "tool",
        "precision",
        "recall",
        "pictures lost",
        "original kept",
        "junk dropped",
        "good called junk",
        "images/s",
        "note",
    ):
        shown.add_column(column, justify="left" if column in ("tool", "note") else "right")
    for entry in lines:
        shares = [entry[key]["value"] for key in ("precision", "recall")]
        later = [entry[key]["value"] for key in ("kings", "junk", "good_called_junk")]
        shown.add_row(
            entry["tool"],
            *("–" if share is None else f"{share:.4f}" for share in shares),
            str(entry["sources_lost"]),
            *("–" if share is None else f"{share:.3f}" for share in later),
            f"{entry['images_per_second']:.0f}",
            entry["note"],
        )
    return shown


def _last_line(text: str) -> str:
    lines = [one.strip() for one in text.splitlines() if one.strip() and not one.startswith("WARNING")]
    return lines[-1][:200] if lines else "no message"


if __name__ == "__main__":
    main()
