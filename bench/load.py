"""Scan of many small files: files a second, what a second scan adds to memory, time to the first sign of life.

    python bench/load.py [--files 200000] [--at DIR]

Each layout has a process of its own. `first` is the scan right after the files were made; the caches of the system are
not dropped, so it is cold for rfdedup only. `warm` are the scans after it. The files are deleted afterwards.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

import harness
from rfdedup.sources.folder import scan

WANTED = 50_000
"""Files a second that a warm scan is to reach."""
REPEATS = 3
LAYOUTS = {"one folder": None, "ten files a folder": 10}
"""How many files lie in each folder; None: all in one."""


def make(root: Path, files: int, layout: str) -> int:
    """Make ``files`` files of one byte below ``root`` and return the number of folders."""
    each = LAYOUTS[layout]
    folders = 1 if each is None else files // each
    for number in range(folders):
        folder = root / f"{number % 100:02d}" / f"{number:05d}"
        folder.mkdir(parents=True)
        for name in range(number, files, folders):
            (folder / f"{name:06d}.jpg").write_bytes(b"x")
    return folders


def memory_mib() -> float:
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def measured(layout: str, files: int, at: Path | None) -> dict[str, Any]:
    """Scans of one layout, in this process."""
    with tempfile.TemporaryDirectory(dir=at) as folder:
        folders = make(Path(folder), files, layout)
        seconds, memory, lives = [], [memory_mib()], []
        for _ in range(1 + REPEATS):
            calls: list[float] = []
            began = time.perf_counter()
            found = len(scan([folder], progress=lambda _, calls=calls: calls.append(time.perf_counter())).files)
            seconds.append(time.perf_counter() - began)
            if found != files:
                raise SystemExit(f"{found} files found of {files}")
            memory.append(memory_mib())
            lives.append(calls[0] - began)
    warm = [files / s for s in seconds[1:]]
    return {
        "layout": layout,
        "files": files,
        "folders": folders,
        "first files/s": files / seconds[0],
        "warm best": max(warm),
        "warm median": statistics.median(warm),
        "MiB after first": memory[1] - memory[0],
        "MiB second adds": memory[2] - memory[1],
        "MiB last adds": memory[-1] - memory[-2],
        "first call s": max(lives),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--at", type=Path, help="folder on the disk to measure; default the temporary folder")
    parser.add_argument("--out", type=Path, default=Path("bench/results/load.json"))
    parser.add_argument("--layout", choices=LAYOUTS, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.layout:
        print(json.dumps(measured(given.layout, given.files, given.at)))
        return
    where = harness.machine()
    place = ["--at", str(given.at)] if given.at else []
    rows = [harness.in_process(__file__, "--layout", layout, "--files", str(given.files), *place) for layout in LAYOUTS]
    harness.show(f"Scan (wanted: {WANTED:,} files/s warm)", rows)
    harness.write(given.out, where, rows)


if __name__ == "__main__":
    main()
