"""Links: pairs of images that one measurement holds for duplicates. Pure functions over arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rfdedup.model.schemas import Tier

Rows = npt.NDArray[np.int64]

TIER_ORDER = (Tier.EXACT, Tier.PERCEPTUAL, Tier.SEMANTIC)
"""Cheapest proof first: where two tiers link one pair, the earlier is the one reported."""


@dataclass(frozen=True)
class Links:
    """Measured links. ``a < b`` are row numbers, ``tier`` indexes ``TIER_ORDER``, all arrays are (L,)."""

    a: Rows
    b: Rows
    tier: npt.NDArray[np.int8]
    score: npt.NDArray[np.float64]

    @classmethod
    def make(cls, a: npt.ArrayLike, b: npt.ArrayLike, tier: Tier, score: npt.ArrayLike) -> Links:
        """Links of one tier from unordered pairs."""
        one, other = np.asarray(a, np.int64), np.asarray(b, np.int64)
        number = np.full(one.shape, TIER_ORDER.index(tier), np.int8)
        return cls(np.minimum(one, other), np.maximum(one, other), number, np.asarray(score, np.float64))

    @classmethod
    def none(cls) -> Links:
        return cls.make([], [], Tier.EXACT, [])

    @classmethod
    def join(cls, *parts: Links) -> Links:
        """All links of several measurements, each once, sorted by (a, b, tier), so that their order tells nothing."""
        a, b, tier, score = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("a", "b", "tier", "score")
        )
        n = np.int64(max(a.max(initial=0), b.max(initial=0)) + 1)
        order = np.argsort((a * n + b) * len(TIER_ORDER) + tier, kind="stable")
        a, b, tier, score = a[order], b[order], tier[order], score[order]
        fresh = np.ones(len(a), np.bool_)
        fresh[1:] = (a[1:] != a[:-1]) | (b[1:] != b[:-1]) | (tier[1:] != tier[:-1])
        return cls(a, b, tier, score) if fresh.all() else cls(a[fresh], b[fresh], tier[fresh], score[fresh])

    def take(self, mask: npt.NDArray[np.bool_]) -> Links:
        return Links(self.a[mask], self.b[mask], self.tier[mask], self.score[mask])

    def renamed(self, now: Rows) -> Links:
        """The same between the rows that ``now`` (n,) puts in place of these; -1 for none, and its links go."""
        a, b = now[self.a], now[self.b]
        kept = (a >= 0) & (b >= 0)
        return Links.join(Links(np.minimum(a, b), np.maximum(a, b), self.tier, self.score).take(kept))

    def __len__(self) -> int:
        return len(self.a)


def with_exact(links: Links, representative: Rows) -> Links:
    """Links between representatives, and those of each row to the one with the same bytes that stands for it."""
    rows = np.arange(len(representative))
    same_bytes = representative != rows
    exact = Links.make(rows[same_bytes], representative[same_bytes], Tier.EXACT, np.ones(int(same_bytes.sum())))
    return Links.join(exact, links)


def sorted_unique(values: Rows) -> Rows:
    """Each of the values once, ascending; ``np.unique`` hashes long arrays, which takes ten times as long."""
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]
