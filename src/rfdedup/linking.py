"""Links: pairs of images that one measurement holds for duplicates. Pure functions over arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.records import Tier

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

    def __len__(self) -> int:
        return len(self.a)


def exact_representatives(sha256: pa.ChunkedArray, rows: Rows, rank: Rows) -> Rows:
    """For each of ``rows`` the best-ranked row with the same SHA-256, (len(rows),) int64."""
    digests = sha256.take(pa.array(rows)).combine_chunks().dictionary_encode()
    content: Rows = digests.indices.to_numpy()
    best = np.empty(len(digests.dictionary), np.int64)
    # the last write wins: worst rank first leaves the best
    order = np.argsort(rank[rows])[::-1]
    best[content[order]] = rows[order]
    return np.asarray(best[content])


def first_of_each(sha256: pa.ChunkedArray) -> Rows:
    """The first row with each digest, in the order of the digests, (distinct,) int64."""
    order = pc.sort_indices(sha256).to_numpy().astype(np.int64)
    ordered = sha256.take(pa.array(order)).combine_chunks()
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = pc.not_equal(ordered[1:], ordered[:-1]).to_numpy(zero_copy_only=False)
    # equal digests come in any order
    return np.minimum.reduceat(order, np.flatnonzero(fresh)) if len(order) else order


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


def with_exact(links: Links, representative: Rows) -> Links:
    """Links between representatives, and those of each row to the one with the same bytes that stands for it."""
    rows = np.arange(len(representative))
    same_bytes = representative != rows
    exact = Links.make(rows[same_bytes], representative[same_bytes], Tier.EXACT, np.ones(int(same_bytes.sum())))
    return Links.join(exact, links)


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


def distinct(values: Rows) -> Rows:
    """Each of the values once, ascending; ``np.unique`` hashes long arrays, which takes ten times as long."""
    ordered = np.sort(values)
    fresh = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=fresh[1:])
    return ordered[fresh]
