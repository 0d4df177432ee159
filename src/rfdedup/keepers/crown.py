"""Kings and subjects: which images are kept, and which kept image each dropped one duplicates."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.components import check_links
from rfdedup.model.errors import DataError

_CHUNK = 1 << 20
"""Links that are turned into Python integers at a time; bounds the memory of the sequential pass."""


def priority_order(
    n: int, rank: npt.ArrayLike, forced: npt.ArrayLike | None = None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Order in which images are considered for kingship.

    Args:
        n: number of images.
        rank: (n,) numbers; lower is better, ties go to the smaller index.
        forced: (n,) bool, images that may never be dropped; they precede all others.

    Returns:
        (n,) int64 image numbers, best first, and the (n,) bool mask of forced images.

    Raises:
        DataError: wrong length, or a rank that is not a number.
    """
    keys = np.asarray(rank)
    mask = np.zeros(n, dtype=bool) if forced is None else np.asarray(forced, dtype=bool)
    if keys.shape != (n,) or mask.shape != (n,):
        raise DataError(f"rank and forced need one entry for each of {n} images, got {keys.shape} and {mask.shape}")
    if np.issubdtype(keys.dtype, np.floating) and bool(np.isnan(keys).any()):
        raise DataError("rank holds NaN: every image needs a place in the order")
    order = np.argsort(keys, kind="stable")
    if mask.any():
        order = np.concatenate([order[mask[order]], order[~mask[order]]])
    return order.astype(np.int64, copy=False), mask


def crown(
    n: int,
    a: npt.ArrayLike,
    b: npt.ArrayLike,
    score: npt.ArrayLike,
    rank: npt.ArrayLike,
    *,
    forced: npt.ArrayLike | None = None,
) -> npt.NDArray[np.int64]:
    """Choose kings among linked images.

    Images are taken best rank first; each that no earlier king links to becomes a king, the others
    become subjects of the best-ranked king that links to them *directly*. Similarity is never inherited
    through a chain. This is greedy maximal independent set in rank order: no two kings are linked, unless
    both are forced.

    Args:
        n: number of images.
        a: (L,) integers, one end of each link. Order and repetition of links do not matter.
        b: (L,) integers, the other end.
        score: (L,) numbers, the measured similarity or distance. Every link given counts; a link without
            a measured score proves nothing and is refused.
        rank: (n,) numbers, lower is better; ties go to the smaller index.
        forced: (n,) bool, images that are never subjects. They come before all others, and are kings
            even when linked to each other.

    Returns:
        (n,) int64: the king of each image; ``king[i] == i`` for kings and unlinked images.

    Raises:
        DataError: arrays that do not fit together, or NaN.
    """
    one, other = check_links(n, a, b)
    if np.shape(score) != one.shape:
        raise DataError(f"links and scores differ in length: {one.shape} and {np.shape(score)}")
    if bool(np.isnan(np.asarray(score)).any()):
        raise DataError("a link has the score NaN: measure it or leave it out")
    order, mask = priority_order(n, rank, forced)
    king = np.arange(n, dtype=np.int64)
    if one.size == 0:
        return king
    place = np.empty(n, dtype=np.int64)
    place[order] = np.arange(n)
    first, second = place[one], place[other]
    better, worse = np.minimum(first, second), np.maximum(first, second)
    wanted = (better != worse) & ~mask[order[worse]]
    # one number for each link, so that sorting is one pass over integers: better end first, then the worse
    links = better[wanted] * np.int64(n) + worse[wanted]
    links.sort()
    subject = bytearray(n)
    for start in range(0, links.size, _CHUNK):
        better, worse = np.divmod(links[start : start + _CHUNK], n)
        taken = []
        # in this order an image's own verdict is final before any link that it begins is seen
        for i, (upper, lower) in enumerate(zip(better.tolist(), worse.tolist(), strict=True)):
            if not subject[lower] and not subject[upper]:
                subject[lower] = 1
                taken.append(i)
        king[order[worse[taken]]] = order[better[taken]]
    return king
