"""Which files stand for all, and how often the bytes of each occur among all."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rfdedup.imaging import DecodeLimits
from rfdedup.model.errors import ImageError
from rfdedup.model.items import Item
from rfdedup.sources.reading import read_stable

MOST_OF_ONE_SIZE = 64
"""Files of one size whose bytes are compared; of more, as raw formats have, the sample itself tells the copies."""
OF_A_STRETCH = 12
"""Files that are chosen of each stretch of the files in the order of their sizes."""


def sample_by_size(files: Sequence[Item], count: int) -> list[Item]:
    """``count`` files whose sizes are spread as those of all, in the order of ``files``.

    Each stretch by size gives its share, chosen by a digest of the path. Stretches are not so short that two copies of
    about one size could not both be chosen: what is seen of copies tells how many there are.
    """
    n = len(files)
    if count >= n:
        return list(files)
    order = sorted(range(n), key=lambda i: (files[i].size, _digest(files[i].key)))
    stretches = max(count // OF_A_STRETCH, 1)
    chosen: list[int] = []
    for k in range(stretches):
        stretch = order[n * k // stretches : n * (k + 1) // stretches]
        share = count * (k + 1) // stretches - count * k // stretches
        if k < stretches - 1:
            chosen += sorted(stretch, key=lambda i: _digest(files[i].key))[:share]
        else:
            # the largest differ by orders of magnitude and take most of the time: evenly by size
            chosen += [stretch[(2 * j + 1) * len(stretch) // (2 * share)] for j in range(share)]
    return [files[i] for i in sorted(chosen)]


def _digest(path: str) -> bytes:
    return hashlib.blake2b(os.fsencode(path), digest_size=8).digest()


def copies_of(sampled: Sequence[Item], files: Sequence[Item]) -> npt.NDArray[np.int64]:
    """How many of ``files`` have the very bytes of each sampled one, itself among them, (n,) int64.

    Only files of the same size are read. Where those are more than ``MOST_OF_ONE_SIZE``, the answer is 1.
    """
    wanted = {file.size for file in sampled}
    by_size: dict[int, list[Item]] = defaultdict(list)
    for file in files:
        if file.size in wanted:
            by_size[file.size].append(file)
    digests: dict[Item, str | None] = {}

    def digest(file: Item) -> str | None:
        if file not in digests:
            try:
                digests[file] = hashlib.sha256(read_stable(file, DecodeLimits())).hexdigest()
            except ImageError:
                digests[file] = None
        return digests[file]

    counts = []
    for file in sampled:
        alike = by_size[file.size]
        if len(alike) == 1 or len(alike) > MOST_OF_ONE_SIZE or digest(file) is None:
            counts.append(1)
        else:
            counts.append(sum(digest(other) == digest(file) for other in alike))
    return np.array(counts, np.int64)
