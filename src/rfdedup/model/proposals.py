"""Pairs of images that are worth comparing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


UNKNOWN_BITS: Final = 255
"""In place of a number of bits where no hash proposed the pair."""

_NEAR_BY_PARTS: Final = 32.0
"""Distance of what local features proposed, in bits."""


@dataclass(frozen=True)
class Proposals:
    """Pairs of rows, each once, sorted by (a, b); all arrays are (L,).

    Attributes:
        a, b: row numbers, ``a < b``.
        bits: uint8, the larger of the distances of dHash and pHash, or that of the turned hash; ``UNKNOWN_BITS``.
        turned: bool, whether a mirrored or turned form of one is what resembles the other.
        cosine: float64, similarity of the embeddings, NaN where it is unknown.
        agreeing: uint8, details that agree, where they are what proposed the pair: local features on one place, or bits
            of the hashes of a panel and of a picture; else 0.
    """

    a: Rows
    b: Rows
    bits: npt.NDArray[np.uint8]
    turned: Mask
    cosine: Floats
    agreeing: npt.NDArray[np.uint8]

    @classmethod
    def make(
        cls,
        a: npt.ArrayLike,
        b: npt.ArrayLike,
        *,
        bits: npt.ArrayLike | None = None,
        turned: bool = False,
        cosine: npt.ArrayLike | None = None,
        agreeing: npt.ArrayLike | None = None,
    ) -> Proposals:
        """Proposals of one kind from unordered pairs, which may be given more than once; the nearest counts."""
        one, other = np.asarray(a, np.int64), np.asarray(b, np.int64)
        low, high = np.minimum(one, other), np.maximum(one, other)
        n = len(low)
        distance = np.full(n, UNKNOWN_BITS, np.uint8) if bits is None else np.asarray(bits, np.uint8)
        similarity = np.full(n, np.nan) if cosine is None else np.asarray(cosine, np.float64)
        parts = np.zeros(n, np.uint8) if agreeing is None else np.minimum(agreeing, 255).astype(np.uint8)
        return cls.join(cls(low, high, distance, np.full(n, turned and n > 0, np.bool_), similarity, parts))

    @classmethod
    def none(cls) -> Proposals:
        return cls.make([], [])

    @classmethod
    def join(cls, *parts: Proposals) -> Proposals:
        """All of them, each pair once: with the fewest bits, upright before turned, and with its cosine."""
        names = ("a", "b", "bits", "turned", "cosine", "agreeing")
        a, b, bits, turned, cosine, agreeing = (np.concatenate([getattr(p, name) for p in parts]) for name in names)
        order = np.lexsort((turned, bits, b, a))
        a, b, bits, turned = a[order], b[order], bits[order], turned[order]
        cosine, agreeing = cosine[order], agreeing[order]
        fresh = np.ones(len(a), np.bool_)
        fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1])
        starts = np.flatnonzero(fresh)
        if len(starts):
            cosine, agreeing = np.fmax.reduceat(cosine, starts), np.maximum.reduceat(agreeing, starts)
        return cls(a[fresh], b[fresh], bits[fresh], turned[fresh], cosine, agreeing)

    def take(self, chosen: Mask | Rows) -> Proposals:
        return Proposals(
            self.a[chosen],
            self.b[chosen],
            self.bits[chosen],
            self.turned[chosen],
            self.cosine[chosen],
            self.agreeing[chosen],
        )

    def renamed(self, now: Rows) -> Proposals:
        """The same between the rows that ``now`` (n,) puts in place of these; -1 for none, and its pairs go."""
        a, b = now[self.a], now[self.b]
        moved = replace(self, a=np.minimum(a, b), b=np.maximum(a, b))
        return Proposals.join(moved.take((a >= 0) & (b >= 0)))

    def nearness(self) -> Rows:
        """Place of each pair among those of either end, the nearest first: the lower of the two, (L,) int64 from 0."""
        distance = np.minimum(self.bits.astype(np.float64), 64.0 * (1.0 - np.nan_to_num(self.cosine, nan=-1.0)))
        # what shares a part is hardly like the whole
        distance = np.where(self.agreeing > 0, np.minimum(distance, _NEAR_BY_PARTS - self.agreeing / 256), distance)
        return pair_places(self.a, self.b, distance)

    def __len__(self) -> int:
        return len(self.a)


def pair_places(a: Rows, b: Rows, distance: npt.NDArray[np.floating]) -> Rows:
    """Place of each pair among all pairs of an end, nearest first, the lower of both ends; of equal ones by row."""
    n = len(a)
    end, far = np.concatenate([a, b]), np.concatenate([b, a])
    order = np.lexsort((far, np.tile(distance, 2), end))
    ordered = end[order]
    place = np.empty(2 * n, np.int64)
    place[order] = np.arange(2 * n) - np.searchsorted(ordered, ordered)
    return np.minimum(place[:n], place[n:])
