"""Exact all-pairs join: ``cosine_links`` against ``faiss.IndexFlatIP.range_search``, in one process, in turn.

    python bench/join.py                       50,000 rows, 2048 and 512 dimensions (about half an hour)
    python bench/join.py --queries 5000        faiss answers a tenth of its queries, its time is scaled up

The data are random directions with a twentieth of the rows planted near another one. "flat" is the spectrum of
whitened embeddings, the hardest case for pruning; "decaying" falls off as raw ones do.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import harness
from rfdedup.neighbors.cosine import cosine_links

CASES = [(512, 0.0, 0.6), (2048, 0.0, 0.6), (2048, 0.5, 0.9)]
"""Dimensions, exponent of the spectrum, threshold."""


def embeddings(n: int, d: int, exponent: float) -> np.ndarray:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, d), dtype=np.float32)
    if exponent:
        # turned at random: the coordinates of raw embeddings are no principal directions
        x *= (np.arange(1, d + 1) ** -exponent).astype(np.float32)
        x = x @ np.linalg.qr(rng.standard_normal((d, d), dtype=np.float32))[0]
    target, source = rng.integers(0, n, (2, n // 20))
    x[target] = x[source] + 0.3 * x[rng.integers(0, n, n // 20)]
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def compare(n: int, d: int, exponent: float, threshold: float, queries: int, repeats: int) -> dict[str, Any]:
    import faiss

    x = embeddings(n, d, exponent)
    cosine_links(x[:6000], threshold)
    kept: dict[str, Any] = {}

    def ours() -> None:
        kept["ours"] = cosine_links(x, threshold)

    def theirs() -> None:
        index = faiss.IndexFlatIP(d)
        index.add(x)
        kept["theirs"] = index.range_search(x[:queries], threshold)

    seconds = harness.interleaved(
        {"ours": lambda: harness.timed(ours), "faiss": lambda: harness.timed(theirs) * n / queries}, repeats
    )
    limits, score, other = kept["theirs"]
    row = np.repeat(np.arange(queries), np.diff(limits.astype(np.int64)))
    upper = row < other
    a, b, exact = kept["ours"]
    a, b, exact = a[a < queries], b[a < queries], exact[a < queries]
    mine = dict(zip(zip(a, b, strict=True), exact, strict=True))
    faiss_links = dict(zip(zip(row[upper], other[upper], strict=True), score[upper], strict=True))
    edge = list(mine.keys() ^ faiss_links.keys())
    values = [mine.get(pair, faiss_links.get(pair, 0.0)) for pair in edge]
    ratio = harness.ratios(seconds["faiss"], seconds["ours"])
    return {
        "rows": n,
        "d": d,
        "spectrum": "flat" if exponent == 0 else f"i^-{exponent}",
        "threshold": threshold,
        "ours s": float(np.median(seconds["ours"])),
        "faiss s": float(np.median(seconds["faiss"])),
        "ratio": ratio["median"],
        "least": ratio["least"],
        "most": ratio["most"],
        "links": len(mine),
        "differ": len(edge),
        "differ by rounding at the edge": sum(abs(value - threshold) < 1e-6 for value in values),
        "faiss queries": queries,
        "repeats": repeats,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--queries", type=int, help="rows that faiss searches; default all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench/results/join.json"))
    given = parser.parse_args()
    where = harness.machine("numpy", "faiss-cpu", "openvino")
    rows = [compare(given.rows, *case, given.queries or given.rows, given.repeats) for case in CASES]
    harness.show("Exact all-pairs join", rows)
    harness.write(given.out, where, rows)


if __name__ == "__main__":
    main()
