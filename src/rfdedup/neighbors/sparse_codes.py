"""Links of 64-bit codes without those between two dense rows: O(N) of them however dense the input.

``cover_codes`` does without the links that are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.neighbors.hamming import CodePairs, Codes, Distances, Rows, cross_links, hamming_links

_TURNS = (0, 16, 32, 48)
"""Rotations of the codes by which rows are sorted: a dense set shares at least one quarter of its codes' bits."""

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class SparseCodeLinks:
    """Links with at least one end outside the dense sets.

    Attributes:
        a, b: (L,) int64 row numbers, ``a < b``, sorted. distance: (L,) uint8, bits of the first codes.
        dense: (N,) bool.
    """

    a: Rows
    b: Rows
    distance: Distances
    dense: Mask


def sparse_code_links(codes: npt.ArrayLike, also: npt.ArrayLike, radius: int, most: int) -> SparseCodeLinks:
    """Like ``hamming_links`` with second codes, without the links between two dense rows.

    Args:
        codes, also: (N,) uint64 each.
        radius: bits, of either.
        most: rows that seem to have more links are dense; see ``dense_rows``.

    Raises:
        DataError: as for ``hamming_links``.
    """
    both = CodePairs.make(codes, also, radius)
    dense = dense_rows(both, radius, most)
    outside, inside = np.flatnonzero(~dense), np.flatnonzero(dense)
    some = both.take(outside)
    i, j, distance = hamming_links(some.codes, radius, also=some.also)
    a, b = outside[i], outside[j]
    if inside.size:
        k, r, further = cross_links(both.take(inside), some, radius)
        one, other = inside[k], outside[r]
        a = np.concatenate([a, np.minimum(one, other)])
        b = np.concatenate([b, np.maximum(one, other)])
        distance = np.concatenate([distance, further])
    order = np.argsort(a * np.int64(dense.size) + b)
    return SparseCodeLinks(a[order], b[order], distance[order], dense)


def dense_rows(codes: CodePairs, radius: int, most: int) -> Mask:
    """Rows that have more than ``most`` links among their neighbours in one of a few orders, (N,) bool.

    Never true of a row with fewer links; true of nearly all that have several times as many. It depends on the codes
    and on the numbers of rows with equal codes only.
    """
    n = codes.codes.size
    dense = np.zeros(n, np.bool_)
    if n <= most + 1:
        return dense
    for turn in _TURNS:
        order = CodePairs(_turned(codes.codes, turn), codes.also).order
        ordered = codes.take(order)
        found = np.zeros(n, np.int64)
        # a dense set's last row has all of its neighbours on one side
        for step in range(1, min(most + 2, n)):
            near = np.bitwise_count(ordered.codes[step:] ^ ordered.codes[:-step]) <= radius
            if ordered.also is not None:
                near &= np.bitwise_count(ordered.also[step:] ^ ordered.also[:-step]) <= radius
            found[step:] += near
            found[:-step] += near
        dense[order[found > most]] = True
    return dense


def _turned(codes: Codes, bits: int) -> Codes:
    if bits == 0:
        return codes
    return (codes << np.uint64(bits)) | (codes >> np.uint64(64 - bits))
