"""What supervision costs on clean input: pass 1 by the pool against bare processes that nobody watches.

    python bench/isolation.py [--photos DIR]... [--files 4000] [--workers N] [--repeats 5]

Both sides have as many processes, started by spawn with numerical libraries on one thread (which workers have and bare
processes have not: without it they are three times slower), run one task over the same JPEGs of 640x640 and bring all
results home. Time counts from when every process has done its first files. Bare processes get equal static parts, and
send their results at the end. The ratio is pool over bare in seconds: 1.03 means that supervision costs 3 %.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import harness
from plan import jpeg640, sources
from rfdedup.executors.choice import open_executor
from rfdedup.executors.worker_setup import set_up_worker
from rfdedup.features.file_tasks import MeasureTask
from rfdedup.features.settings import limits_of
from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.items import Item
from rfdedup.pipeline.measuring import CHUNK
from rfdedup.runtime.cpus import usable_cpus
from rfdedup.sources.folder import scan

WANTED = 1.03
WARM_UP = 128
"""Files that each process does before time counts."""
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def bare_worker(task: MeasureTask, files: Sequence[Item], line: Connection) -> None:
    """Entry point of a bare process: warm up, say so, wait for the word, measure, send."""
    set_up_worker()
    for file in files[:WARM_UP]:
        task(file)
    line.send(None)
    line.recv()
    line.send([task(file) for file in files])


def bare(task: MeasureTask, files: Sequence[Item], workers: int) -> float:
    """Seconds of bare processes."""
    context = multiprocessing.get_context("spawn")
    started = []
    for number in range(workers):
        line, away = context.Pipe()
        process = context.Process(target=bare_worker, args=(task, files[number::workers], away))
        process.start()
        started.append((process, line))
    for _, line in started:
        line.recv()
    began = time.perf_counter()
    for _, line in started:
        line.send(None)
    checked([result for _, line in started for result in line.recv()], len(files))
    seconds = time.perf_counter() - began
    for process, _ in started:
        process.join()
    return seconds


def supervised(task: MeasureTask, files: Sequence[Item], config: RunConfig) -> float:
    """Seconds of the pool."""
    count = len(files)
    with open_executor(config) as executor:
        for _ in executor.run(task, chunks(files[: WARM_UP * (config.workers or 1)], WARM_UP // 4), items=count):
            pass
        began = time.perf_counter()
        shards = executor.run(task, chunks(files, CHUNK), items=count)
        checked([result for done in shards for result in done.results], count)
        return time.perf_counter() - began


def chunks(files: Sequence[Item], size: int) -> Iterator[tuple[None, list[Item]]]:
    return ((None, list(files[at : at + size])) for at in range(0, len(files), size))


def checked(results: list[Any], expected: int) -> None:
    """Only measured images count: a task that fails is fast."""
    if len(results) != expected or not all(isinstance(result, dict) for result in results):
        raise SystemExit(f"{sum(isinstance(r, dict) for r in results)} images measured of {expected}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, action="append", default=[])
    parser.add_argument("--files", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=usable_cpus())
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("bench/results/isolation.json"))
    given = parser.parse_args()
    config = make_config({"workers": given.workers})
    task = MeasureTask(limits_of(config), config.quality.scale)
    where = harness.machine("opencv-python-headless", "simplejpeg", "numpy")
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    with tempfile.TemporaryDirectory() as folder:
        photos = sources(given.photos)[: -(-given.files // 2)]
        images = scan([jpeg640(photos, Path(folder) / "images")]).files
        files = list(itertools.islice(itertools.cycle(images), given.files))
        seconds = harness.interleaved(
            {
                "bare": lambda: bare(task, files, given.workers),
                "pool": lambda: supervised(task, files, config),
            },
            given.repeats,
        )
    cost = harness.ratios(seconds["pool"], seconds["bare"])
    row = {
        "files": len(files),
        "different": min(len(images), len(files)),
        "workers": given.workers,
        "bare images/s": len(files) / statistics.median(seconds["bare"]),
        "pool images/s": len(files) / statistics.median(seconds["pool"]),
        "pool/bare": cost["median"],
        "least": cost["least"],
        "most": cost["most"],
    }
    shown = {name: f"{value:.3f}" if isinstance(value, float) else value for name, value in row.items()}
    harness.show(f"Supervision (wanted: below {WANTED})", [shown])
    harness.write(given.out, where, [{**row, "seconds": seconds}])


if __name__ == "__main__":
    main()
