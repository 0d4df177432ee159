"""Time, size and peak memory of the report for runs of growing size (invented tables, previews of real size).

    python bench/report.py 10000 1000000

Each run is built in one process and rendered in another, so the peak is that of the rendering.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))


def build(path: str, images: int) -> None:
    """A run in which half of the images are alone and the others lie in groups of two to five."""
    from synthetic_run import make_run

    make_run(Path(path), groups=images // 7, alone=images // 2, poor=images // 50, broken=images // 200)


def render(path: str, answer: Any) -> None:
    """Write the report; answer with images, seconds, bytes of the page and beside it, and peak memory."""
    from rfdedup.report import write_report
    from rfdedup.run_folder import RunFolder
    from synthetic_run import previews

    folder = RunFolder(Path(path))
    pictures = 0.0

    def timed(rows: Any) -> list[bytes | None]:
        nonlocal pictures
        began = time.perf_counter()
        out = previews(rows)
        pictures += time.perf_counter() - began
        return out

    began = time.perf_counter()
    page = write_report(folder, timed)
    seconds = time.perf_counter() - began - pictures
    beside = sum(file.stat().st_size for file in folder.path.glob("report_previews/*"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer.put((folder.verdicts().num_rows, seconds, page.stat().st_size / 1e6, beside / 1e6, peak))


def main() -> None:
    context = multiprocessing.get_context("spawn")
    print("images     seconds  page MB  beside MB  peak MiB")
    for images in map(int, sys.argv[1:] or ["10000"]):
        with tempfile.TemporaryDirectory() as folder:
            answer: Any = context.Queue()
            for target, extra in ((build, images), (render, answer)):
                process = context.Process(target=target, args=(f"{folder}/run", extra))
                process.start()
                process.join()
                if process.exitcode:
                    sys.exit(f"{target.__name__} of {images} images failed")
            count, seconds, page, beside, peak = answer.get()
            print(f"{count:<10} {seconds:7.2f} {page:8.1f} {beside:10.1f} {peak:9.0f}")


if __name__ == "__main__":
    main()
