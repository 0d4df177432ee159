"""Photos of 12 to 24 megapixels: what each step costs, and runs with reduced against runs with full decoding.

    python bench/large.py steps [--sample 6] [--repeats 3]
    python bench/large.py runs [--count 500] [--repeats 2]

``steps``: processor milliseconds of one process for a picture, the least of some repeats, averaged over a sample of
each size and of progressive pictures. "work" is all that rfdedup does to a picture before the encoder: reading,
SHA-256, decoding, measurements, hashes, the encoder's input. Beside it stand the same work on a picture that is decoded
whole, once or once for the measurements and once for the encoder, and decoding alone.

``runs``: seconds of whole runs with the embedded encoder, in turn, from cold start to the last file written: as they
are, with every picture decoded whole (``full_decoding.py``), and of as many processes that call ``cv2.imread`` and no
more.

The pictures are those of ``pictures.py --large``: like photos of cameras in detail, noise, quality and bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import simplejpeg

from full_decoding import decode_whole
from harness import interleaved, machine, ratios, show, timed, write
from isolation import ONE_THREAD
from pictures import default_sources, make, photos_below
from rfdedup.encoders.preprocess import InputSpec
from rfdedup.executors.worker_setup import set_up_worker
from rfdedup.features.file_tasks import MeasureTask, PrepareTask
from rfdedup.imaging import DecodeLimits, probe
from rfdedup.model.items import Item
from rfdedup.runtime.cpus import usable_cpus
from rfdedup.sources.folder import scan
from rfdedup.sources.reading import read_stable

HERE = Path(__file__).resolve().parent
WANTED = 3.0
SIDE = 224
"""Pixels of the encoder's input."""
WORK = "work"
WAYS = {WORK: None, "work, whole once": "once", "work, whole twice": "twice"}
OURS, DECODING = "as it is", "cv2.imread only"
RUNS = {
    OURS: ("-m", "rfdedup"),
    "decoded whole once": (str(HERE / "full_decoding.py"), "once"),
    "decoded whole twice": (str(HERE / "full_decoding.py"), "twice"),
}


def steps(folder: Path, sample: int, repeats: int) -> list[dict[str, Any]]:
    """One row for each size, and one for progressive pictures."""
    groups: dict[str, list[Item]] = {}
    for file in sorted(scan([folder]).files, key=lambda file: file.key):
        group = groups.setdefault(kind_of(Path(file.absolute).read_bytes()), [])
        if len(group) < sample:
            group.append(file)
    rows = []
    # a process with numerical libraries on one thread, as workers have them
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with multiprocessing.get_context("spawn").Pool(1, set_up_worker) as pool:
        measured = {name: pool.map(partial(costs, repeats=repeats), files) for name, files in groups.items()}
    for name, each in sorted(measured.items()):
        row: dict[str, Any] = {"pictures": name, "n": len(each)}
        row |= {step: statistics.fmean(cost[step] for cost in each) for step in each[0]}
        row |= {f"{name} / {WORK}": row[name] / row[WORK] for name in (*list(WAYS)[1:], "1/1", "cv2.imdecode")}
        rows.append(row)
    return rows


def kind_of(data: bytes) -> str:
    header = probe(data)
    return "progressive" if b"\xff\xc2" in data[:2048] else f"{header.width * header.height / 1e6:.0f} MP"


def costs(file: Item, repeats: int) -> dict[str, float]:
    """Milliseconds of each step on one picture."""
    limits = DecodeLimits()
    data = read_stable(file, limits)
    header = probe(data)

    def reduced(factor: int, colorspace: str = "RGB") -> Callable[[], Any]:
        sides = {"min_height": -(-header.height // factor), "min_width": -(-header.width // factor)}
        return lambda: simplejpeg.decode_jpeg(data, colorspace=colorspace, **sides)

    works: dict[str, Callable[[], Any]] = {
        "read": lambda: read_stable(file, limits),
        "SHA-256": lambda: hashlib.sha256(data).digest(),
        "cv2.imdecode": lambda: cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR),
        **{f"1/{factor}": reduced(factor) for factor in (1, 2, 4, 8)},
        "1/4 grey": reduced(4, "GRAY"),
    }
    found = {"MB": len(data) / 1e6, **{name: least(work, repeats) for name, work in works.items()}}
    for name, way in WAYS.items():
        with decoding(way):
            found[name] = least(lambda: whole_work(file, limits), repeats)
    return found


def whole_work(file: Item, limits: DecodeLimits) -> None:
    """All that workers do to a picture."""
    spec = InputSpec(SIDE, SIDE)
    out = np.empty(spec.shape, np.uint8)
    measured = MeasureTask(limits, "640", spec)(file, out)
    assert isinstance(measured, dict), measured
    if not measured["prepared"]:
        fault = PrepareTask(limits, spec)(file, out)
        assert fault is None, fault


@contextmanager
def decoding(way: str | None) -> Iterator[None]:
    undo = decode_whole(way) if way else None
    try:
        yield
    finally:
        if undo:
            undo()


def least(work: Callable[[], Any], repeats: int) -> float:
    """Processor milliseconds, the least of some repeats after one that warms up."""
    work()
    return 1000 * min(processor_seconds(work) for _ in range(repeats))


def processor_seconds(work: Callable[[], Any]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def runs(folder: Path, repeats: int) -> list[dict[str, Any]]:
    count = len(photos_below(folder))
    works = {name: lambda words=words: run(words, folder) for name, words in RUNS.items()}
    seconds = interleaved({**works, DECODING: lambda: timed(lambda: decode_only(folder))}, repeats)
    rows = []
    for name, each in seconds.items():
        ratio = ratios(each, seconds[OURS])
        rate = count / statistics.median(each)
        rows.append({"run": name, "images": count, "seconds": each, "images/s": rate, "slower than ours": ratio})
    return rows


def run(words: tuple[str, ...], folder: Path) -> float:
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, *words, "run", str(folder), "--out", f"{out}/run", "--quiet"]
        return timed(lambda: subprocess.run(command, check=True, capture_output=True))


def decode_only(folder: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(usable_cpus(), set_up_worker) as pool:
        assert all(pool.imap_unordered(decoded, photos_below(folder)))


def decoded(file: Path) -> bool:
    return cv2.imread(str(file)) is not None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=("steps", "runs"))
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--sample", type=int, default=6, help="pictures of each kind whose steps are measured")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=Path, help="keep the pictures here, or use those that are there")
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of photos to mix")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.images or Path(temporary) / "images"
        if not folder.is_dir():
            sources = [file for root in options.photos for file in photos_below(root)] or default_sources()
            make(folder, options.count, sources=sources, large=True)
        where = machine("opencv-python-headless", "simplejpeg", "numpy", "openvino")
        if options.table == "steps":
            rows = steps(folder, options.sample, options.repeats)
        else:
            rows = runs(folder, options.repeats)
    show(f"Large pictures: {options.table} (wanted: {WANTED} times full decoding)", shown(options.table, rows))
    write(options.json or HERE / "results" / f"large_{options.table}.json", where, rows)


def shown(table: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows for people: kinds of pictures side by side, spreads as text."""
    if table == "steps":
        return [{"": step, **{str(row["pictures"]): row[step] for row in rows}} for step in list(rows[0])[1:]]
    flat = []
    for row in rows:
        spread = row["slower than ours"]
        text = f"{spread['median']:.2f} ({spread['least']:.2f}–{spread['most']:.2f})"
        flat.append({**row, "seconds": ", ".join(f"{one:.1f}" for one in row["seconds"]), "slower than ours": text})
    return flat


if __name__ == "__main__":
    main()
