"""Which of the measured links a run folder keeps."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfdedup.model.links import Links, with_exact

Rows = npt.NDArray[np.int64]


MOST_LINKS = 8
"""Semantic links that are kept for each image besides the one to its king."""


def worth_keeping(links: Links, king: Rows, representative: Rows) -> Links:
    """The links that ``links.parquet`` holds: O(n), every king's to its subjects and each image's strongest others.

    Args:
        links: all measured links between representatives, sorted.
        king: (n,) final king of each row.
        representative: (n,) row compared in each row's place.
    """
    to_king = (king[links.a] == links.b) | (king[links.b] == links.a)
    return with_exact(links.take(to_king | strongest(links, len(king), MOST_LINKS)), representative)


def strongest(links: Links, n: int, most: int) -> npt.NDArray[np.bool_]:
    """Mask of the links that are among the ``most`` best-scoring semantic ones of either end."""
    kept = np.zeros(len(links), np.bool_)
    for end in (links.a, links.b):
        many = np.bincount(end, minlength=n)[end] > most
        kept[~many] = True
        some = np.flatnonzero(many)
        order = some[np.lexsort((-links.score[some], end[some]))]
        ordered = end[order]
        kept[order[np.arange(len(order)) - np.searchsorted(ordered, ordered) < most]] = True
    return kept
