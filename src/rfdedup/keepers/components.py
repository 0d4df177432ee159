"""Connected components of a graph of links."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfdedup.model.errors import DataError


def check_links(n: int, a: npt.ArrayLike, b: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the two ends as int64 arrays.

    Raises:
        DataError: the arrays differ in length, are not integers, or name a node outside ``0 .. n - 1``.
    """
    ends = [np.asarray(a), np.asarray(b)]
    if ends[0].ndim != 1 or ends[0].shape != ends[1].shape:
        raise DataError(f"links need two 1-d arrays of one length, got shapes {ends[0].shape} and {ends[1].shape}")
    for end in ends:
        if end.size and not np.issubdtype(end.dtype, np.integer):
            raise DataError(f"links are pairs of row numbers, got dtype {end.dtype}")
        if end.size and (int(end.min()) < 0 or int(end.max()) >= n):
            raise DataError(f"a link names row {int(end.min())} or {int(end.max())}, but there are only {n} rows")
    return ends[0].astype(np.int64, copy=False), ends[1].astype(np.int64, copy=False)


def components(n: int, a: npt.ArrayLike, b: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """Label the connected components of ``n`` nodes joined by the links ``a[i] - b[i]``.

    Args:
        n: number of nodes.
        a: (L,) integers, one end of each link.
        b: (L,) integers, the other end.

    Returns:
        (n,) int64; the label of a component is its smallest member, so unlinked nodes label themselves.

    Raises:
        DataError: a link names a node that does not exist.
    """
    one, other = check_links(n, a, b)
    if one.size == 0:
        return np.arange(n, dtype=np.int64)

    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    matrix = coo_matrix((np.ones(one.size, dtype=bool), (one, other)), shape=(n, n))
    count, number = connected_components(matrix, directed=False)
    smallest = np.empty(count, dtype=np.int64)
    # the last write wins: going backwards leaves the smallest member of each component
    smallest[number[::-1]] = np.arange(n - 1, -1, -1, dtype=np.int64)
    label: npt.NDArray[np.int64] = smallest[number]
    return label
