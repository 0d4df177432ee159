"""64-bit Hamming self-join: ``hamming_links`` against a search of all pairs by faiss, with peak memory.

    python bench/hamming.py             1M codes at radius 7, 10M at radius 3, 50,000 equal codes

Each case runs in a process of its own. faiss (IndexBinaryFlat) answers a sample of the queries and its time is
scaled up; random codes, a hundredth of them planted within the radius of another.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

import harness

CASES = [(1_000_000, 7, "random"), (10_000_000, 3, "random"), (50_000, 8, "equal")]
_QUERIES = 500


def codes(n: int, radius: int, kind: str) -> np.ndarray:
    if kind == "equal":
        return np.zeros(n, dtype=np.uint64)
    rng = np.random.default_rng(0)
    values = rng.integers(0, 2**64, n, dtype=np.uint64)
    target, source = rng.integers(0, n, (2, n // 100))
    planted = values[source]
    for _ in range(radius):
        planted ^= np.uint64(1) << rng.integers(0, 64, n // 100).astype(np.uint64)
    values[target] = planted
    return values


def one(n: int, radius: int, kind: str, side: str) -> dict[str, Any]:
    values = codes(n, radius, kind)
    before = harness.peak_mib()
    if side == "ours":
        from rfdedup.neighbors.hamming import hamming_groups

        found: list[int] = []
        seconds = harness.timed(lambda: found.append(hamming_groups(values, radius).a.size))
        return {"seconds": seconds, "links": found[0], "peak": harness.peak_mib(), "before": before}
    import faiss

    index = faiss.IndexBinaryFlat(64)
    rows = values.view(np.uint8).reshape(n, 8)
    index.add(rows)
    queries = rows[:: max(n // _QUERIES, 1)]
    seconds = harness.timed(lambda: index.range_search(queries, radius + 1))
    return {"seconds": seconds * n / queries.shape[0] / 2, "peak": harness.peak_mib()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--case", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=Path("bench/results/hamming.json"))
    given = parser.parse_args()
    if given.case:
        n, radius, kind, side = given.case
        print(json.dumps(one(int(n), int(radius), kind, side)))
        return
    where = harness.machine("numpy", "faiss-cpu")
    rows = []
    for case in CASES:
        name = [str(part) for part in case]
        sides = ("ours", "faiss") if case[2] == "random" else ("ours",)
        kept: dict[str, list[dict[str, Any]]] = {side: [] for side in sides}
        for _ in range(given.repeats):
            for side in sides:
                kept[side].append(harness.in_process(__file__, "--case", *name, side))
        ours = [result["seconds"] for result in kept["ours"]]
        theirs = [result["seconds"] for result in kept.get("faiss", [])]
        ratio = harness.ratios(theirs, ours) if theirs else {}
        rows.append(
            {
                "codes": case[0],
                "radius": case[1],
                "kind": case[2],
                "seconds": float(np.median(ours)),
                "slowest": max(ours),
                "peak MiB": max(result["peak"] for result in kept["ours"]),
                "links of distinct codes": kept["ours"][0]["links"],
                "all pairs by faiss, scaled s": float(np.median(theirs)) if theirs else "",
                "ratio": ratio.get("median", ""),
                "least": ratio.get("least", ""),
                "most": ratio.get("most", ""),
                "repeats": given.repeats,
            }
        )
    harness.show("Exact Hamming join", rows)
    harness.write(given.out, where, rows)


if __name__ == "__main__":
    main()
