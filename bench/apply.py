"""Throughput of apply and undo on small files, and of planning a million rows: ``python bench/apply.py``."""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.schemas import SCHEMA_VERSION, VERDICTS
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run

_EMPTY = dict.fromkeys(VERDICTS.names)


def make_run(folder: Path, files: int, *, real: bool, sidecars: bool = False) -> Path:
    """A run of ``files`` images in folders of 1,000, three in four dropped; with files of 2 KB unless not ``real``."""
    root, run = folder / "photos", folder / "run"
    run.mkdir()
    with pq.ParquetWriter(run / "verdicts.parquet", VERDICTS) as writer:
        for start in range(0, files, 10_000):
            rows = [
                _row(root, number, real=real, sidecars=sidecars) for number in range(start, min(start + 10_000, files))
            ]
            writer.write_table(pa.Table.from_pylist(rows, schema=VERDICTS))
    (run / "run.json").write_text(json.dumps({"schema": SCHEMA_VERSION, "status": "complete"}))
    return run


def _row(root: Path, number: int, *, real: bool, sidecars: bool) -> dict[str, object]:
    name, king = (f"{n // 1000:05d}/{n:08d}.jpg" for n in (number, number - number % 4))
    data = b"%08d" % number * 256
    size, mtime_ns = len(data), 1_700_000_000_000_000_000
    if real:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        mtime_ns = path.stat().st_mtime_ns
        if sidecars:
            path.with_suffix(".txt").write_text("0 0.5 0.5 1 1\n")
    facts: dict[str, object] = {
        **_EMPTY,
        "path": name,
        "path_bytes": name.encode(),
        "root": str(root),
        "verdict": "keep",
        "flags": [],
        "bytes": size,
        "mtime_ns": mtime_ns,
        "inode": number,
        "device": 1,
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    if number % 4:
        facts |= {"verdict": "drop", "tier": "perceptual", "reason": "dhash", "king": king, "king_root": str(root)}
        facts["king_path_bytes"] = king.encode()
    return facts


def _timed(name: str, count: int, act: Callable[[], object]) -> None:
    start = time.perf_counter()
    act()
    seconds = time.perf_counter() - start
    print(f"{name}: {count:,} files in {seconds:.1f} s = {count / seconds:,.0f} files/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--plan-rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None, help="where to work; default: the temporary folder")
    options = parser.parse_args()
    work = Path(tempfile.mkdtemp(dir=options.folder))
    try:
        for sidecars in (False, True):
            place = work / ("labelled" if sidecars else "plain")
            place.mkdir()
            run = make_run(place, options.files, real=True, sidecars=sidecars)
            dropped = options.files * 3 // 4
            kind = "images with a label each" if sidecars else "images"
            _timed(f"move {kind}", dropped, lambda: apply_run(run, Request(Action.MOVE, place / "out", roots=(place,))))  # noqa: B023
            _timed(f"undo {kind}", dropped, lambda: undo_run(run, roots=(place,)))  # noqa: B023
        _timed(
            "hardlink kept",
            options.files // 4,
            lambda: apply_run(run, Request(Action.LINK, place / "kept", roots=(place,))),
        )
        _timed(
            "copy kept",
            options.files // 4,
            lambda: apply_run(run, Request(Action.COPY, place / "copied", roots=(place,))),
        )
        for rows in (options.plan_rows // 10, options.plan_rows):
            place = work / f"plan{rows}"
            place.mkdir()
            run = make_run(place, rows, real=False)
            request = Request(Action.MOVE, place / "out", roots=(place,))
            _timed("dry run", rows, lambda: apply_run(run, request, dry_run=True))  # noqa: B023
            print(f"  peak memory so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
