"""Orders of rows that must respect more than sort keys: rows that belong together, and pairs known to be one way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

Rows = npt.NDArray[np.int64]
Keys = Sequence[npt.NDArray[np.generic]]


def placed(order: Rows) -> Rows:
    """Place of each row, (n,) int64, from the rows in order."""
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


def gathered(place: Rows, group: Rows, keys: Keys) -> Rows:
    """Places when the rows of each group stand together where its best one stood, ordered by ``keys`` among themselves.

    Args:
        place: (n,) a permutation.
        group: (n,) number of the group of each row; most are alone in theirs.
        keys: (n,) each, most important first; lower is better. ``place`` decides last.
    """
    _, number = np.unique(group, return_inverse=True)
    best = np.full(int(number.max(initial=-1)) + 1, len(place), np.int64)
    np.minimum.at(best, number, place)
    return placed(np.lexsort([place, *keys[::-1], best[number]]))


def classes(order: Rows, keys: Keys) -> Rows:
    """Number of the class of each row, (n,) int64; rows in one have equal ``keys``, by which ``order`` is sorted."""
    changed = np.zeros(len(order), np.bool_)
    for key in keys:
        changed[1:] |= key[order[1:]] != key[order[:-1]]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(changed)
    return number


def demoted(place: Rows, better: Rows, worse: Rows) -> Rows:
    """Places when no row of ``worse`` comes before the one of ``better`` beside it; others keep their order.

    A row that came too early goes to right behind the last one that is better. Pairs that contradict each other, over
    any number of steps, are left out. Takes time in proportion to the pairs, and their order plays no part.

    Args:
        place: (n,) a permutation.
        better, worse: (L,) rows.
    """
    rows, ends = np.unique(np.concatenate([better, worse]), return_inverse=True)
    above, below = ends[: len(better)], ends[len(better) :]
    edges = csr_matrix((np.ones(len(above), np.bool_), (above, below)), shape=(len(rows), len(rows)))
    _, circle = connected_components(edges, directed=True, connection="strong")
    sound = circle[above] != circle[below]
    if not sound.any():
        return place
    above, below = above[sound], below[sound]
    by_better = np.argsort(above, kind="stable")
    starts = np.searchsorted(above[by_better], np.arange(len(rows) + 1)).tolist()
    follows, waits = below[by_better].tolist(), np.bincount(below, minlength=len(rows)).tolist()
    # where each row goes, and how many of those that go there are better
    goes, depth = place[rows].tolist(), [0] * len(rows)
    ready = [row for row, number in enumerate(waits) if not number]
    while ready:
        row = ready.pop()
        for other in follows[starts[row] : starts[row + 1]]:
            behind = goes[row], depth[row] + 1
            if behind > (goes[other], depth[other]):
                goes[other], depth[other] = behind
            waits[other] -= 1
            if not waits[other]:
                ready.append(other)
    target, step = place.copy(), np.zeros(len(place), np.int64)
    target[rows], step[rows] = goes, depth
    return placed(np.lexsort([place, step, target]))
