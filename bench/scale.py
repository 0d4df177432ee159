"""What grows with the number of images: the exact join on disk, dense input, cells, the funnel after the passes, kings.

    python bench/scale.py                       everything (about half an hour)
    python bench/scale.py million dense         some of it

Every case runs in a process of its own, so its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import harness

THRESHOLD = 0.6


def on_disk(folder: str, n: int, d: int = 512) -> np.ndarray:
    """Random directions with a twentieth planted near others, float16, memory-mapped."""
    rng = np.random.default_rng(0)
    file = Path(folder) / "embeddings.npy"
    x = np.lib.format.open_memmap(file, mode="w+", dtype=np.float16, shape=(n, d))
    for begin in range(0, n, 50_000):
        block = rng.standard_normal((min(50_000, n - begin), d), dtype=np.float32)
        near = block.shape[0] // 20
        block[-near:] = block[:near] + 0.4 * block[-near:]
        x[begin : begin + block.shape[0]] = block
    x.flush()
    return np.load(file, mmap_mode="r")


def million(n: int = 1_000_000) -> dict[str, Any]:
    from rfdedup.neighbors.cosine import cosine_links

    with tempfile.TemporaryDirectory() as folder:
        x = on_disk(folder, n)
        start = time.perf_counter()
        links = cosine_links(x, THRESHOLD)[0].size
        return {"rows": n, "seconds": time.perf_counter() - start, "result": f"{links:,} links"}


def cells(n: int = 1_000_000) -> dict[str, Any]:
    from cells import cosine_links_cells

    with tempfile.TemporaryDirectory() as folder:
        x = on_disk(folder, n)
        start = time.perf_counter()
        found = cosine_links_cells(x, THRESHOLD)
        seconds = time.perf_counter() - start
        told = f"recall {found.recall:.4f} on {found.sampled_links:,} links of a sample"
        told += f", {found.nearest} nearest of {found.cells} cells, largest {found.largest:,}, {found.a.size:,} links"
        return {"rows": n, "seconds": seconds, "result": told}


def _covered(x: np.ndarray) -> dict[str, Any]:
    from rfdedup.keepers.greedy_cover import cover

    start = time.perf_counter()
    king = cover(x, THRESHOLD, np.arange(x.shape[0])).king
    return {"rows": x.shape[0], "seconds": time.perf_counter() - start, "result": f"{np.unique(king).size:,} kings"}


def unrelated(n: int = 200_000) -> dict[str, Any]:
    return _covered(np.random.default_rng(0).standard_normal((n, 512), dtype=np.float32))


def dense(n: int = 200_000) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    x = 0.2 * rng.standard_normal((n, 512), dtype=np.float32)
    x += rng.standard_normal((500, 512), dtype=np.float32)[np.arange(n) * 500 // n]
    return _covered(x)


def _codes(values: np.ndarray) -> dict[str, Any]:
    from rfdedup.keepers.greedy_cover_codes import cover_codes

    start = time.perf_counter()
    king = cover_codes(values, 8, np.arange(values.size))
    return {"rows": values.size, "seconds": time.perf_counter() - start, "result": f"{np.unique(king).size:,} kings"}


def unrelated_codes(n: int = 200_000) -> dict[str, Any]:
    return _codes(np.random.default_rng(0).integers(0, 2**64, n, dtype=np.uint64))


def dense_codes(n: int = 200_000) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2**64, 500, dtype=np.uint64)[np.arange(n) * 500 // n]
    for _ in range(3):
        values ^= np.uint64(1) << rng.integers(0, 64, n).astype(np.uint64)
    return _codes(values)


def graph(n: int = 10_000_000, links: int = 5_000_000) -> dict[str, Any]:
    from rfdedup.keepers.components import components
    from rfdedup.keepers.crown import crown

    rng = np.random.default_rng(0)
    a, b = rng.integers(0, n, (2, links))
    rank = rng.permutation(n)
    start = time.perf_counter()
    components(n, a, b)
    middle = time.perf_counter()
    king = crown(n, a, b, np.ones(links, dtype=np.float32), rank)
    end = time.perf_counter()
    told = f"{links:,} links; components {middle - start:.1f} s, kings {end - middle:.1f} s"
    return {"rows": n, "seconds": end - start, "result": f"{told}, {np.count_nonzero(king == np.arange(n)):,} kept"}


def _funnel(n: int, kind: str, tiers: tuple[str, ...], same: str = "meaning") -> dict[str, Any]:
    """Everything after the passes, over a run folder that another process filled."""
    import invented

    with tempfile.TemporaryDirectory() as folder:
        filling = multiprocessing.get_context("spawn").Process(
            target=invented.fill, args=(Path(folder), n, kind, tiers, same)
        )
        filling.start()
        filling.join()
        if filling.exitcode:
            raise SystemExit(f"no run folder of {n} images: exit {filling.exitcode}")
        with harness.OwnMemory() as memory:
            seconds, summary = invented.run(Path(folder), n, tiers, same, memory)
    joined = seconds.get("link", 0.0)
    told = f"{summary['kept']:,} kept; join {joined:.1f} s, all else {seconds['whole'] - joined:.1f} s; {memory.told}"
    return {"rows": n, "seconds": seconds["whole"], "result": told}


def funnel(n: int = 1_000_000) -> dict[str, Any]:
    return _funnel(n, "mixed", ("quality", "hash", "semantic"))


def funnel_pictures(n: int = 1_000_000) -> dict[str, Any]:
    """As ``funnel`` where pictures decide: what comparing them would find is invented too."""
    return _funnel(n, "mixed", ("quality", "hash", "semantic"), "moment")


def funnel_unrelated(n: int = 200_000) -> dict[str, Any]:
    return _funnel(n, "unrelated", ("semantic",))


def funnel_dense(n: int = 200_000) -> dict[str, Any]:
    return _funnel(n, "dense", ("semantic",))


def funnel_unrelated_hashes(n: int = 200_000) -> dict[str, Any]:
    return _funnel(n, "unrelated", ("hash",))


def funnel_dense_hashes(n: int = 200_000) -> dict[str, Any]:
    return _funnel(n, "dense_hashes", ("hash",))


CASES: dict[str, Callable[..., dict[str, Any]]] = {
    work.__name__: work
    for work in (
        million,
        cells,
        unrelated,
        dense,
        unrelated_codes,
        dense_codes,
        funnel,
        funnel_pictures,
        funnel_unrelated,
        funnel_dense,
        funnel_unrelated_hashes,
        funnel_dense_hashes,
        graph,
    )
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}; default all")
    parser.add_argument("--rows", type=int, help="rows of each case; default as above")
    parser.add_argument("--one", choices=list(CASES), help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("bench/results/scale.json"))
    given = parser.parse_args()
    if given.one:
        some = () if given.rows is None else (given.rows,)
        print(json.dumps(CASES[given.one](*some) | {"peak MiB": harness.peak_mib()}))
        return
    if unknown := set(given.cases) - set(CASES):
        parser.error(f"unknown case {', '.join(sorted(unknown))}")
    where = harness.machine("numpy", "faiss-cpu", "openvino", "scipy")
    rows = []
    for name in given.cases or CASES:
        size = () if given.rows is None else ("--rows", str(given.rows))
        rows.append({"case": name} | harness.in_process(__file__, "--one", name, *size))
        harness.show("Scale", rows[-1:])
    harness.show("Scale", rows)
    harness.write(given.out, where, rows)


if __name__ == "__main__":
    main()
