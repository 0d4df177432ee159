"""Images that share parts, by visual words (Sivic and Zisserman 2003): as in text search, with local features rounded.

A word is a pair of centres, one for each half of a descriptor (product quantisation, Jegou 2011), so that a vocabulary
of 262,144 words is 16 kB. A feature gives its ``_WORDS`` nearest words: what lies between two words finds both.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from rfdedup.neighbors.local_match import nearest_rows

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
U8 = npt.NDArray[np.uint8]

CENTRES: Final = 512
"""Of each half."""
HALF: Final = 16
_NEAR: Final = 2
"""Centres of each half that are looked at."""
COMMON: Final = 64
"""Images that a word may be in before it tells too little, or a twentieth of all, up to ``MOST_COMMON``."""
MOST_COMMON: Final = 256
_BLOCK: Final = 512
"""Images whose candidates are in memory at a time."""


@cache
def centres() -> npt.NDArray[np.uint8]:
    """(2, CENTRES, HALF) uint8, made by ``scripts/fit_words.py``."""
    data = files("rfdedup.neighbors").joinpath("data", "words.bin").read_bytes()
    return np.frombuffer(data, np.uint8).reshape(2, CENTRES, HALF)


def words_of(descriptors: U8) -> npt.NDArray[np.int32]:
    """Sorted distinct words of the local features of an image.

    Args:
        descriptors: (n, 32) uint8.
    """
    if not len(descriptors):
        return np.empty(0, np.int32)
    halves = (np.ascontiguousarray(descriptors[:, half * HALF : (half + 1) * HALF]) for half in range(2))
    (_, one), (_, other) = (nearest_rows(part, known, _NEAR) for part, known in zip(halves, centres(), strict=True))
    return np.unique(one[:, :, None] * np.int32(CENTRES) + other[:, None, :])


def sharing_parts(words: Iterable[npt.NDArray[np.int32]], count: int, most: int) -> tuple[Rows, Rows]:
    """The images that share most words with each, weighted by how rare a word is: places ``a < b`` of pairs, each once.

    Args:
        words: sorted distinct words of each image.
        count: of images.
        most: images that each is paired with.

    Returns:
        (L,) and (L,) int64, sorted; L is at most ``count * most``.
    """
    table = _incidence(words, count)
    inside = np.bincount(table.indices, minlength=table.shape[1])
    limit = min(max(COMMON, count // 20), MOST_COMMON)
    weight = np.where((inside > 1) & (inside <= limit), np.log(count / np.maximum(inside, 1)) ** 2, 0.0)
    keep = weight[table.indices] > 0
    starts = np.concatenate([[0], np.cumsum(keep)])[table.indptr]
    telling = sp.csr_array((np.ones(int(starts[-1]), np.float32), table.indices[keep], starts), shape=table.shape)
    lists = telling.T.tocsr()
    lists.data = np.round(weight * 16).astype(np.float32)[np.repeat(np.arange(lists.shape[0]), np.diff(lists.indptr))]
    size = np.sqrt(np.maximum(np.diff(telling.indptr), 1))
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for begin in range(0, count, _BLOCK):
        found = (telling[begin : begin + _BLOCK] @ lists).tocsr()
        found.sort_indices()
        row = begin + np.repeat(np.arange(found.shape[0]), np.diff(found.indptr))
        score = found.data / size[found.indices]
        apart = row != found.indices
        row, place, score = row[apart], found.indices[apart].astype(np.int64), score[apart]
        order = np.lexsort((place, -score, row))
        row, place = row[order], place[order]
        best = np.arange(len(row)) - np.searchsorted(row, row) < most
        one.append(row[best])
        other.append(place[best])
    a, b = np.concatenate(one), np.concatenate(other)
    key = np.unique(np.minimum(a, b) * np.int64(count) + np.maximum(a, b))
    return key // count, key % count


def _incidence(words: Iterable[npt.NDArray[np.int32]], count: int) -> sp.csr_array:
    """(count, words) with a 1 for each word of each image."""
    lists = list(words)
    starts = np.concatenate([[0], np.cumsum([len(one) for one in lists], dtype=np.int64)])
    indices = np.concatenate(lists) if lists else np.empty(0, np.int32)
    del lists
    ones = np.ones(len(indices), np.float32)
    return sp.csr_array((ones, indices, starts), shape=(count, CENTRES * CENTRES))
