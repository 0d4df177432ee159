"""Kings straight from 64-bit hashes, without the links between all pairs; ``cover`` for tier 2.

The images, in rank order, are halved: the first half is settled, its kings take their subjects in the second
half, and what is left of that is settled in turn. Each step joins kings with rows, never rows with rows, but for
the smallest parts, where a table of distances is quick.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.crown import priority_order
from rfdedup.neighbors.hamming import CodePairs, Rows, cross_links

_LEAF = 1024
"""Images that are compared all with all at a time."""
_ASKED = 16
"""Candidates of each image of a leaf, on average, that are confirmed all at once."""
_FIRST_KINGS, _MORE_KINGS = 1024, 32
"""Kings that are looked at first, and by how much their number grows after that."""

Confirm = Callable[[Rows, Rows], npt.NDArray[np.bool_]]


def cover_codes(
    codes: npt.ArrayLike,
    radius: int,
    rank: npt.ArrayLike,
    *,
    also: npt.ArrayLike | None = None,
    forced: npt.ArrayLike | None = None,
    stay: npt.ArrayLike | None = None,
    confirm: Confirm | None = None,
) -> Rows:
    """Choose kings among codes as ``crown`` does on the confirmed ``hamming_links``.

    Args:
        codes: (N,) uint64.
        radius: 0 to 64 bits.
        rank: (N,) numbers, lower is better; ties go to the smaller index.
        also: (N,) uint64, second codes, which must lie within the radius as well.
        forced: (N,) bool, images that are never subjects; see ``crown``.
        stay: (N,) bool, images that are never subjects, but keep their place in the order.
        confirm: given (L,) row numbers of kings and (L,) of rows within the radius, says which of the pairs are
            links. It is asked about candidates only, and must not depend on which are asked together.

    Returns:
        (N,) int64, the king of each image; kings are their own.

    Raises:
        DataError: arrays that do not fit together, or a radius out of range.
    """
    both = CodePairs.make(codes, also, radius)
    n = both.codes.size
    order, mask = priority_order(n, rank, forced)
    fixed = mask if stay is None else mask | np.asarray(stay, dtype=np.bool_)
    king = np.full(n, -1, dtype=np.int64)
    assignment = _Assignment(both, radius, confirm or (lambda kings, _: np.ones(kings.size, dtype=bool)), fixed, king)
    assignment.settle(order)
    return king


class _Assignment:
    """Assigns kings, rows numbered as the caller does; ``king`` is -1 where there is no verdict yet."""

    def __init__(
        self, codes: CodePairs, radius: int, confirm: Confirm, fixed: npt.NDArray[np.bool_], king: Rows
    ) -> None:
        self._codes, self._radius, self._confirm = codes, radius, confirm
        self._fixed, self._king = fixed, king

    def settle(self, rows: Rows) -> Rows:
        """Give each of ``rows``, best rank first and none with a verdict, its king; return the new kings."""
        if rows.size <= _LEAF:
            return self._settle_leaf(rows)
        half = rows.size // 2
        first = self.settle(rows[:half])
        self._assign(first, rows[half:])
        second = self.settle(rows[half:][self._king[rows[half:]] < 0])
        return np.concatenate([first, second])

    def _settle_leaf(self, rows: Rows) -> Rows:
        codes = self._codes.take(rows)
        near = np.bitwise_count(codes.codes[:, None] ^ codes.codes[None, :]) <= self._radius
        if codes.also is not None:
            near &= np.bitwise_count(codes.also[:, None] ^ codes.also[None, :]) <= self._radius
        np.fill_diagonal(near, val=False)
        near[:, self._fixed[rows]] = False
        lonely = ~near.any(axis=1)
        # asking once for all costs less than once for each king, unless these are the few of a dense set
        asked = np.count_nonzero(near) <= _ASKED * rows.size
        if asked:
            one, other = np.nonzero(np.triu(near))
            near[one, other] = self._confirm(rows[one], rows[other])
        kings = []
        for i, row in enumerate(rows.tolist()):
            if self._king[row] >= 0:
                continue
            self._king[row] = row
            kings.append(row)
            if not lonely[i]:
                others = rows[i + 1 :][near[i, i + 1 :]]
                others = others[self._king[others] < 0]
                if not asked:
                    others = others[self._confirm(np.full(others.size, row, dtype=np.int64), others)]
                self._king[others] = row
        return np.array(kings, dtype=np.int64)

    def _assign(self, kings: Rows, rows: Rows) -> None:
        """Give each of ``rows`` that a king links to the best-ranked such king."""
        rows = rows[~self._fixed[rows]]
        first, count = 0, _FIRST_KINGS
        # the first kings of a dense set take most of it, so that few rows meet many kings
        while first < kings.size and rows.size:
            some = kings[first : first + count]
            k, r, _ = cross_links(self._codes.take(some), self._codes.take(rows), self._radius)
            linked = self._confirm(some[k], rows[r])
            best = np.full(rows.size, some.size)
            np.minimum.at(best, r[linked], k[linked])
            found = best < some.size
            self._king[rows[found]] = some[best[found]]
            rows = rows[~found]
            first, count = first + count, count * _MORE_KINGS
