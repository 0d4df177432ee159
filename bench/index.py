"""The index of a run's vectors: cost of building it, size, time of a query, and what faiss's cells would give instead.

python bench/index.py                       200,000 rows of 512
python bench/index.py --rows 1000000
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import numpy as np

import harness

DIM = 512
BLOCK = 16_384
CENTRES = 2_000
MOST = 60
"""Images that the review page shows."""
CELLS, VISITED = 1_024, 8


def blocks(rows: int, dim: int) -> Iterator[np.ndarray]:
    """Unit vectors around some centres, as images of a few kinds are."""
    rng = np.random.default_rng(1)
    centres = rng.standard_normal((CENTRES, dim), dtype=np.float32)
    for begin in range(0, rows, BLOCK):
        size = min(BLOCK, rows - begin)
        made = centres[rng.integers(0, CENTRES, size)] + 0.7 * rng.standard_normal((size, dim), dtype=np.float32)
        yield made / np.linalg.norm(made, axis=1, keepdims=True)


def row(
    what: str, build: float, search: Callable[[np.ndarray], np.ndarray], truth: np.ndarray | None
) -> dict[str, Any]:
    asked = next(blocks(BLOCK, DIM))[:32]
    best, found = np.inf, []
    for one in asked:
        began = time.perf_counter()
        found.append(search(one[None])[0])
        best = min(best, time.perf_counter() - began)
    recall = 1.0 if truth is None else float(np.mean([np.isin(a, b).mean() for a, b in zip(found, truth, strict=True)]))
    return {
        "index": what,
        "CPU s to build": build,
        "ms a query": 1e3 * best,
        "recall": recall,
        "found": np.array(found),
    }


def measured(rows: int) -> list[dict[str, Any]]:
    from rfdedup.neighbors.index import index_of, write_index

    with tempfile.TemporaryDirectory() as name:
        folder, numbers = Path(name), np.arange(rows)
        began = time.process_time()
        for _ in blocks(rows, DIM):
            pass
        making = time.process_time() - began
        began = time.process_time()
        write_index(folder, "key", numbers, blocks(rows, DIM))
        build = time.process_time() - began - making
        index = index_of(folder, "key", rows, lambda: numbers, lambda _: blocks(rows, DIM))
        size = index.path.stat().st_size / rows
        ours = row(f"ours, {size:,.0f} bytes a row", build, lambda one: index.search(one, MOST)[1], None)
        truth = ours.pop("found")
        began = time.process_time()
        cells = faiss.IndexIVFScalarQuantizer(
            faiss.IndexFlatIP(DIM), DIM, CELLS, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        )
        cells.train(np.concatenate([block for block, _ in zip(blocks(rows, DIM), range(4), strict=False)]))
        for block in blocks(rows, DIM):
            cells.add(block)
        build = time.process_time() - began - making
        cells.nprobe = VISITED
        other = row(f"faiss, {VISITED} of {CELLS} cells", build, lambda one: cells.search(one, MOST)[1], truth)
        other.pop("found")
        return [ours, other]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--out", type=Path, default=Path("bench/results/index.json"))
    given = parser.parse_args()
    where = harness.machine("numpy", "faiss-cpu")
    faiss.omp_set_num_threads(1)
    rows = measured(given.rows)
    harness.show(f"{given.rows:,} vectors of {DIM}", rows)
    harness.write(given.out, where, rows)
    print(json.dumps({"peak MiB": harness.peak_mib()}))


if __name__ == "__main__":
    main()
