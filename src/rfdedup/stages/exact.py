"""Files with the same bytes: one row stands for all of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Rows = npt.NDArray[np.int64]


def exact_representatives(sha256: pa.ChunkedArray, rows: Rows, rank: Rows) -> Rows:
    """For each of ``rows`` the best-ranked row with the same SHA-256, (len(rows),) int64."""
    digests = sha256.take(pa.array(rows)).combine_chunks().dictionary_encode()
    content: Rows = digests.indices.to_numpy()
    best = np.empty(len(digests.dictionary), np.int64)
    # the last write wins: worst rank first leaves the best
    order = np.argsort(rank[rows])[::-1]
    best[content[order]] = rows[order]
    return np.asarray(best[content])


def first_of_each(sha256: pa.ChunkedArray) -> Rows:
    """The first row with each digest, in the order of the digests, (distinct,) int64."""
    order = pc.sort_indices(sha256).to_numpy().astype(np.int64)
    ordered = sha256.take(pa.array(order)).combine_chunks()
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = pc.not_equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    # equal digests come in any order
    return np.minimum.reduceat(order, np.flatnonzero(fresh)) if len(order) else order
