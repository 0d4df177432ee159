"""Where an image of 640 x 640 spends its time, on one core, with compiled loops over pixels and without them.

    python bench/steps.py [--count 200] [--repeats 5]

Wall milliseconds for an image, each step alone over all images in a process whose libraries have one thread, as in a
worker. Steps with compiled loops and without them are timed in turn; the network is the embedded encoder's, one image
at a time on one stream.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from harness import interleaved, machine, ratios, show, timed, write
from isolation import ONE_THREAD
from pictures import default_sources, make, photos_below
from rfdedup.encoders import efficientnet_lite0
from rfdedup.encoders.preprocess import prepare
from rfdedup.executors.worker_setup import set_up_worker
from rfdedup.features import hashes, light_and_detail
from rfdedup.features.measurement import LONGEST, measure_picture
from rfdedup.imaging import decode
from rfdedup.runtime import native

HERE = Path(__file__).resolve().parent
LOOPS = ("all measurements", "of these dHash and pHash", "of these light and sharpness", "encoder's input")
"""Steps that have compiled loops."""


def steps(files: list[Path], repeats: int) -> list[dict[str, Any]]:
    """One row for each step; runs in a process of its own."""
    spec = efficientnet_lite0.INPUT
    data = [file.read_bytes() for file in files]
    pictures = [decode(each, at_least=LONGEST) for each in data]
    greys, halves = [picture.grey() for picture in pictures], [picture.half for picture in pictures]
    views = np.stack([prepare(half, spec) for half in halves])
    encoder = efficientnet_lite0.load(weights=None, device="cpu", precision="auto")
    works: dict[str, Callable[[int], Any]] = {
        "decode": lambda i: decode(data[i], at_least=LONGEST),
        # a copy of the record, which does not remember its half
        "all measurements": lambda i: measure_picture(data[i], replace(pictures[i])),
        "of these dHash and pHash": lambda i: hashes.hashes(greys[i]),
        "of these light and sharpness": lambda i: light_and_detail.light_and_sharpness(greys[i]),
        "of these grey levels": lambda i: pictures[i].grey(),
        "encoder's input": lambda i: prepare(halves[i], spec),
        f"network ({encoder.precision})": lambda i: encoder.embed(views[i : i + 1]),
    }
    return [row(name, work, len(files), repeats) for name, work in works.items()]


def row(name: str, work: Callable[[int], Any], images: int, repeats: int) -> dict[str, Any]:
    def all_images() -> float:
        return timed(lambda: [work(i) for i in range(images)]) * 1000 / images

    def without_loops() -> float:
        with mock.patch.object(native, "available", return_value=False):
            return all_images()

    all_images()
    ways = {"with": all_images, "without": without_loops} if name in LOOPS else {"with": all_images}
    found = interleaved(ways, repeats)
    told: dict[str, Any] = {"step": name, "ms": statistics.median(found["with"]), "without loops ms": "", "ratio": ""}
    if "without" in found:
        ratio = ratios(found["without"], found["with"])
        told["without loops ms"] = statistics.median(found["without"])
        told["ratio"] = f"{ratio['median']:.1f} ({ratio['least']:.1f}–{ratio['most']:.1f})"
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--photos", type=Path, action="append", default=[], help="folder of photos to mix")
    parser.add_argument("--json", type=Path, default=HERE / "results" / "steps.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sources = [file for root in options.photos for file in photos_below(root)] or default_sources()
        make(Path(folder), options.count, sources=sources)
        where = machine("opencv-python-headless", "simplejpeg", "pillow", "numpy", "openvino")
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        with multiprocessing.get_context("spawn").Pool(1, set_up_worker) as pool:
            rows = pool.apply(steps, (photos_below(Path(folder)), options.repeats))
    show(f"Milliseconds for an image, {options.count} JPEGs of 640 x 640, one core", rows)
    write(options.json, {**where, "images": options.count, "repeats": options.repeats}, rows)


if __name__ == "__main__":
    main()
