"""The review page in Chromium on an invented run: first groups, threshold slider, decisions, map.

    python bench/review.py                  100,000 groups, 1,000,000 links, 100,000 points on the map
    python bench/review.py 400000 4000000 100000

The server runs in a process of its own, as ``rfdedup review`` does; times are those of the browser unless a line says
that they are the server's. Results go to ``bench/results/review.json``.
"""

from __future__ import annotations

import json
import multiprocessing
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import harness

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

DIM = 1280
CLUSTERS = 3000
REPEATS = 5
FIRST_GROUPS = """
new MutationObserver((_, self) => {
    if (!document.querySelector('#view .group img')) return;
    self.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.firstGroups = performance.now(); }));
}).observe(document, { childList: true, subtree: true });
"""
"""Notes when the first groups were painted, milliseconds from the start of the navigation."""
PAINTED = """new Promise(done => {
    const look = () => (window.firstGroups ? done(window.firstGroups) : setTimeout(look, 5));
    look();
})"""


def build(path: str, groups: int, links: int) -> None:
    """A run of that many groups and as many images without duplicates, with links between neighbours up to ``links``.

    One in ten of those links lies above the threshold, so that groups are no stars and moving it changes many.
    """
    import pyarrow as pa

    from rfdedup.model.schemas import LINKS
    from synthetic_run import SEMANTIC_THRESHOLD, make_run

    folder = make_run(Path(path), groups=groups, alone=groups, features=True)
    known, n = folder.links(), folder.verdicts().num_rows
    rng = np.random.default_rng(1)
    count = max(0, links - known.num_rows)
    a = rng.integers(0, n - 60, count)
    score = np.where(rng.random(count) < 0.1, rng.uniform(SEMANTIC_THRESHOLD, 1, count), rng.uniform(0.45, 0.6, count))
    tier = pa.array(np.full(count, "semantic"))
    more = pa.table([pa.array(a), pa.array(a + rng.integers(1, 60, count)), tier, pa.array(score)], names=LINKS.names)
    folder.write_tables(folder.verdicts(), pa.concat_tables([known, more.cast(LINKS)]))


def build_map(path: str, points: int) -> None:
    """A run with ``points`` embeddings of the usual length, in clusters."""
    from synthetic_run import make_run

    folder = make_run(Path(path), groups=10, alone=points, features=True)
    rng = np.random.default_rng(2)
    centres = rng.normal(size=(CLUSTERS, DIM)).astype(np.float32)
    for file in folder.features.glob("img_emb_*.npy"):
        rows = len(np.load(file, mmap_mode="r"))
        vectors = centres[rng.integers(0, CLUSTERS, rows)] + 0.5 * rng.normal(size=(rows, DIM))
        np.save(file, vectors.astype(np.float16))


def serve(path: str, answer: Any) -> None:
    from rfdedup.outputs.review.server import ReviewServer
    from rfdedup.pipeline.rerun import recompute

    began = time.perf_counter()
    server = ReviewServer(Path(path), recompute=recompute)
    server.serve(lambda: answer.put((server.link, time.perf_counter() - began)))


def ask(path: str, answer: Any) -> None:
    """What the server's own answers take, without HTTP."""
    from rfdedup.outputs.review.alternatives import at_threshold
    from rfdedup.outputs.review.listing import ListFilter
    from rfdedup.outputs.review.session import ReviewSession

    def unused(_run: Path, _threshold: float | None) -> None:
        raise AssertionError

    session = ReviewSession(Path(path), unused)
    row = session.groups(ListFilter(), "margin", 0, 20)["items"][0]["subjects"][0]["row"]

    def decided(choice: str) -> object:
        session.decide(choice, [row], [])
        return session.summary()

    at_threshold(session.state, 0.65)
    answer.put(
        [
            line("server: page 1,000 of groups", lambda: session.groups(ListFilter(), "margin", 20_000, 20)),
            line(
                "server: groups by a text in the path", lambda: session.groups(ListFilter(path="0001"), "path", 0, 20)
            ),
            line("server: threshold preview, higher", lambda: at_threshold(session.state, 0.7)),
            line("server: threshold preview, lower", lambda: at_threshold(session.state, 0.5)),
            line("server: two decisions and their summaries", lambda: (decided("keep"), decided("drop"))),
        ]
    )


def line(name: str, run: Callable[[], object]) -> dict[str, Any]:
    taken = []
    for _ in range(2 * REPEATS):
        began = time.perf_counter()
        json.dumps(run())
        taken.append(1000 * (time.perf_counter() - began))
    return spread(name, taken)


def spread(name: str, milliseconds: list[float]) -> dict[str, Any]:
    return {
        "what": name,
        "median_ms": round(statistics.median(milliseconds), 1),
        "most_ms": round(max(milliseconds), 1),
    }


def first_groups(browser: Browser, link: str) -> dict[str, Any]:
    """From the click on the link to the painted first groups, each time in a fresh browser profile."""
    taken = []
    for _ in range(REPEATS):
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.add_init_script(FIRST_GROUPS)
        page.goto(link)
        # the policy of the page forbids what wait_for_function does
        taken.append(page.evaluate(PAINTED))
        context.close()
    return spread("link opened to first groups painted", taken)


def slider(page: Page, link: str) -> dict[str, Any]:
    """From the move of the slider to the drawn answer."""
    page.goto(link + "#threshold")
    answer = page.locator("#threshold-answer[data-ms]")
    answer.wait_for()
    taken = []
    for value in np.linspace(0.5, 0.9, 20).round(3).tolist():
        answer.evaluate("node => delete node.dataset.ms")
        page.locator("#slider").evaluate(
            "(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", value
        )
        answer.wait_for()
        taken.append(float(answer.get_attribute("data-ms") or 0))
    return spread("threshold slider moved to preview drawn", taken)


def turn_pages(page: Page, link: str) -> dict[str, Any]:
    """From the key to the next page of groups."""
    page.goto(link + "#groups")
    page.locator(".group").first.wait_for()
    taken = []
    for _ in range(20):
        # a person looks at a page for longer than that
        page.wait_for_timeout(300)
        taken.append(
            page.evaluate(
                """() => new Promise(done => {
                    const began = performance.now();
                    const seen = new MutationObserver(() => { seen.disconnect(); done(performance.now() - began); });
                    seen.observe(document.getElementById('list'), { childList: true });
                    document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'PageDown', bubbles: true }));
                })"""
            )
        )
    return spread("next page of groups", taken)


def map_of(page: Page, link: str) -> list[dict[str, Any]]:
    began = time.perf_counter()
    page.goto(link + "#map")
    page.locator("canvas[data-points]").wait_for(timeout=120_000)
    first = 1000 * (time.perf_counter() - began)
    lists = [
        1000
        * page.evaluate(
            "() => { const t = performance.now(); return fetch('/api/groups?limit=20')"
            ".then(answer => answer.text()).then(() => (performance.now() - t) / 1000); }"
        )
        for _ in range(REPEATS)
    ]
    frames = moved(page)
    page.locator("#map-method", has_text="UMAP").filter(has_not_text="…").wait_for(timeout=600_000)
    whole = 1000 * (time.perf_counter() - began)
    return [
        {"what": "map opened to principal components drawn", "median_ms": round(first, 1), "most_ms": round(first, 1)},
        {"what": "map opened to UMAP drawn", "median_ms": round(whole, 1), "most_ms": round(whole, 1)},
        spread("groups answered while UMAP is made", lists),
        spread("one frame of the map, moving, while UMAP is made", frames),
        spread("one frame of the map, moving", moved(page)),
    ]


def moved(page: Page) -> list[float]:
    """Milliseconds that each frame of a dragged map takes to draw."""
    canvas = page.locator("canvas[data-points]")
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 300)
    page.mouse.down()
    taken = []
    for step in range(30):
        page.mouse.move(box["x"] + 300 + 5 * step, box["y"] + 300 + 3 * step)
        page.evaluate("new Promise(requestAnimationFrame)")
        taken.append(float(canvas.get_attribute("data-ms") or 0))
    page.mouse.up()
    return taken


def in_process(target: Callable[..., None], *arguments: Any) -> None:
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{target.__name__} failed")


def answered(target: Callable[..., None], path: str) -> Any:
    """What ``target`` puts into its queue."""
    answer: Any = multiprocessing.get_context("spawn").Queue()
    worker = threading.Thread(target=in_process, args=(target, path, answer))
    worker.start()
    found = answer.get()
    worker.join()
    return found


def served(path: str, look: Callable[[Browser, str, float], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    from browser import chromium

    context = multiprocessing.get_context("spawn")
    answer: Any = context.Queue()
    process = context.Process(target=serve, args=(path, answer))
    process.start()
    link, seconds = answer.get()
    try:
        with chromium() as browser:
            return look(browser, link, seconds)
    finally:
        process.terminate()
        process.join()


def main() -> None:
    groups, links, points = map(int, sys.argv[1:] or ["100000", "1000000", "100000"])

    def lists(browser: Browser, link: str, seconds: float) -> list[dict[str, Any]]:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start = {"what": "run opened to server ready", "median_ms": round(1000 * seconds, 1), "most_ms": None}
        return [start, first_groups(browser, link), turn_pages(page, link), slider(page, link)]

    def mapped(browser: Browser, link: str, _seconds: float) -> list[dict[str, Any]]:
        return map_of(browser.new_page(viewport={"width": 1280, "height": 900}), link)

    where = harness.machine("numpy", "umap-learn", "playwright")
    with tempfile.TemporaryDirectory() as folder:
        in_process(build, f"{folder}/run", groups, links)
        in_process(build_map, f"{folder}/map", points)
        rows = [
            *served(f"{folder}/run", lists),
            *answered(ask, f"{folder}/run"),
            *served(f"{folder}/map", mapped),
        ]
    harness.show(f"{groups:,} groups, {links:,} links; map of {points:,} points", rows)
    harness.write(
        ROOT / "bench/results/review.json", {**where, "groups": groups, "links": links, "points": points}, rows
    )


if __name__ == "__main__":
    main()
