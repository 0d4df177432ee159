"""Time to the first groups, of a decision, and of the threshold slider, on invented runs of many groups.

    python bench/review.py 100000 400000

Milliseconds are those of the server's answer, without the browser.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))


def build(path: str, groups: int) -> None:
    """A run of that many groups, and as many images without duplicates."""
    from synthetic_run import make_run

    make_run(Path(path), groups=groups, alone=groups, features=True)


def ask(path: str, groups: int) -> None:
    """Open the run as the server does and print what its answers take."""
    from rfdedup.review.listing import Filter
    from rfdedup.review.session import Session

    def unused(_run: Path, _threshold: float | None) -> None:
        raise AssertionError

    def milliseconds(run: Callable[[], object], times: int = 1) -> float:
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            json.dumps(run())
            taken.append(1000 * (time.perf_counter() - began))
        return sorted(taken)[times // 2]

    began = time.perf_counter()
    session = Session(Path(path), unused)
    session.summary()
    first = session.groups(Filter(), "margin", 0, 20)
    opened = 1000 * (time.perf_counter() - began)
    snapshot = session.state.snapshot
    row = first["items"][0]["subjects"][0]["row"]
    lines = {
        "open the run, first 20 groups": opened,
        "page 1000 of groups": milliseconds(lambda: session.groups(Filter(), "margin", 20_000, 20), 5),
        "groups of one tier by size": milliseconds(lambda: session.groups(Filter(tier="semantic"), "size", 0, 20), 5),
        "groups by a text in the path": milliseconds(
            lambda: session.groups(Filter(path="photo 0001"), "path", 0, 20), 5
        ),
        "first threshold preview": milliseconds(lambda: session.preview(0.65)),
        "threshold preview": milliseconds(lambda: session.preview(0.7), 9),
        "threshold preview, lower": milliseconds(lambda: session.preview(0.5), 9),
        "first decision and its summary": milliseconds(
            lambda: (session.decide("keep", [row], []), session.summary())  # type: ignore[func-returns-value]
        ),
        "decision and its summary": milliseconds(
            lambda: (session.decide("drop", [row], []), session.summary()),  # type: ignore[func-returns-value]
            3,
        ),
    }
    print(f"{groups} groups, {snapshot.n} images, {len(snapshot.links)} links")
    for name, value in lines.items():
        print(f"  {name:32} {value:8.0f} ms")


def main() -> None:
    context = multiprocessing.get_context("spawn")
    for groups in map(int, sys.argv[1:] or ["100000"]):
        with tempfile.TemporaryDirectory() as folder:
            for target in (build, ask):
                process = context.Process(target=target, args=(f"{folder}/run", groups))
                process.start()
                process.join()
                if process.exitcode:
                    sys.exit(f"{target.__name__} failed")


if __name__ == "__main__":
    main()
