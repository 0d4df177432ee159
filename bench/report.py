"""Time, size and peak memory of the report for runs of growing size (invented tables, previews of real size).

    python bench/report.py 10000 1000000

Each run is built in one process and rendered in another, so the peak is that of the rendering. Previews are read as in
a real run. Results go to ``bench/results/report.json``.
"""

from __future__ import annotations

import multiprocessing
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import harness

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))


def build(path: str, images: int) -> None:
    """A run in which half of the images are alone and the others lie in groups of two to five."""
    from synthetic_run import make_run

    make_run(Path(path), groups=images // 7, alone=images // 2, poor=images // 50, broken=images // 200, features=True)


def render(path: str, answer: Any) -> None:
    """Write the report; answer with images, seconds, bytes of the page and beside it, peak memory and previews
    that found no room."""
    from functools import partial

    from rfdedup.outputs.report import write_report
    from rfdedup.storage.feature_store import previews_of
    from rfdedup.storage.run_folder import RunFolder

    folder = RunFolder(Path(path))
    began = time.perf_counter()
    page = write_report(folder, partial(previews_of, folder.path))
    seconds, peak = time.perf_counter() - began, harness.peak_mib()
    data = re.search(r'"previews":\{.*?"left_out":(\d+)', page.read_text(encoding="utf-8"))
    assert data is not None
    beside = sum(file.stat().st_size for file in folder.path.glob("report_previews/*"))
    answer.put((folder.verdicts().num_rows, seconds, page.stat().st_size / 1e6, beside / 1e6, peak, int(data[1])))


def main() -> None:
    context = multiprocessing.get_context("spawn")
    where, rows = harness.machine("pyarrow", "jinja2"), []
    for images in map(int, sys.argv[1:] or ["10000"]):
        with tempfile.TemporaryDirectory() as folder:
            answer: Any = context.Queue()
            for target, extra in ((build, images), (render, answer)):
                process = context.Process(target=target, args=(f"{folder}/run", extra))
                process.start()
                process.join()
                if process.exitcode:
                    sys.exit(f"{target.__name__} of {images} images failed")
            count, seconds, page, beside, peak, left_out = answer.get()
            rows.append(
                {
                    "images": count,
                    "seconds": round(seconds, 2),
                    "page_mb": round(page, 1),
                    "beside_mb": round(beside, 1),
                    "peak_mib": round(peak),
                    "previews_left_out": left_out,
                }
            )
    harness.show("Report", rows)
    harness.write(ROOT / "bench/results/report.json", where, rows)


if __name__ == "__main__":
    main()
