"""Tier 2: images that their hashes hold for one picture, where the thumbnails agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.greedy_cover_codes import cover_codes
from rfdedup.keepers.selection import KingSelection, few_pairs
from rfdedup.model.links import Links, sorted_unique
from rfdedup.model.schemas import Tier
from rfdedup.neighbors.hamming import CodePairs, cross_links
from rfdedup.neighbors.sparse_codes import sparse_code_links
from rfdedup.neighbors.thumbnails import thumb_rms
from rfdedup.runtime.cpus import thread_count

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MIN_CONTRAST = 4.0
"""Standard deviation of grey levels below which both hashes describe noise."""
MIN_DHASH_BITS = 6
"""A dHash with fewer bits set (or unset) comes from a gradient or a flat picture and says nothing."""
MAX_THUMB_DISTANCE = 16.0
"""Root mean square difference of two thumbnails, in levels, up to which they corroborate equal hashes."""


@dataclass(frozen=True)
class PerceptualLinks:
    """What tier 2 says of n rows: pairs whose dHash and pHash both differ in few bits and whose thumbnails agree.

    Attributes:
        dhash, phash: (n,) uint64 of all rows.
        radius: bits.
        links: all links with at least one end that is not dense; the score is the larger of the two distances.
        dense: (n,) bool.
        pictured: rows whose thumbnails were looked at, ascending.
        pictures: (len(pictured), pixels) uint8, their grey levels.
    """

    dhash: npt.NDArray[np.uint64]
    phash: npt.NDArray[np.uint64]
    radius: int
    links: Links
    dense: Mask
    pictured: Rows
    pictures: npt.NDArray[np.uint8]

    @classmethod
    def none(cls, n: int) -> PerceptualLinks:
        nothing, empty = np.zeros(n, np.uint64), np.empty(0, np.int64)
        return cls(nothing, nothing, 0, Links.none(), np.zeros(n, np.bool_), empty, np.empty((0, 1), np.uint8))

    def evidence(self, selection: KingSelection, compared: Rows) -> Links:
        """Links to rank by: all of them but in dense sets, where O(n) are chosen."""
        dense_at = np.flatnonzero(self.dense)
        if not len(dense_at):
            return self.links
        blank = selection.blank(compared)
        king = self._cover(dense_at, blank, self._agree)
        a, b = few_pairs(dense_at, king)
        agree = self._near(a, b) & self._agree(a, b)
        return Links.join(self.links, self._links(a[agree], b[agree]))

    def kings(self, selection: KingSelection, place: Rows) -> Rows:
        """The king of each row by tier 2 alone."""
        return selection.kings(self.links, place, self.dense, lambda rows, _: self._crown(rows, selection, place))

    def thinned(self, rows: Rows, selection: KingSelection, place: Rows) -> Rows:
        """``rows`` without the dense ones that are subjects of one another."""
        dense_at = rows[self.dense[rows]]
        king = self._crown(dense_at, selection, place)
        return np.asarray(rows[king[rows] == rows])

    def known(self, kings: Rows) -> Links:
        """All links but those between two dense rows neither of which is among ``kings``."""
        dense_kings, dense_at = kings[self.dense[kings]], np.flatnonzero(self.dense)
        if not len(dense_kings):
            return self.links
        one, other = (CodePairs(self.dhash[some], self.phash[some]) for some in (dense_kings, dense_at))
        k, r, _ = cross_links(one, other, self.radius)
        a, b = dense_kings[k], dense_at[r]
        agree = (a != b) & self._agree(a, b)
        return Links.join(self.links, self._links(a[agree], b[agree]))

    def _crown(self, rows: Rows, selection: KingSelection, place: Rows) -> Rows:
        def linked(kings: Rows, subjects: Rows) -> Mask:
            return self._agree(kings, subjects) & selection.permits(kings, subjects, place)

        king = np.arange(len(place))
        forced, stay = selection.protected[rows], selection.demands.keep[rows]
        king[rows] = self._cover(rows, place, linked, forced=forced, stay=stay)
        return king

    def _cover(
        self,
        rows: Rows,
        place: Rows,
        linked: Callable[[Rows, Rows], Mask],
        forced: Mask | None = None,
        stay: Mask | None = None,
    ) -> Rows:
        """Kings (m,) of the named rows (m,)."""
        king = cover_codes(
            self.dhash[rows],
            self.radius,
            place[rows],
            also=self.phash[rows],
            forced=forced,
            stay=stay,
            confirm=lambda one, other: linked(rows[one], rows[other]),
        )
        return np.asarray(rows[king])

    def _distance(self, a: Rows, b: Rows) -> npt.NDArray[np.uint8]:
        one, other = (np.bitwise_count(codes[a] ^ codes[b]) for codes in (self.dhash, self.phash))
        return np.asarray(np.maximum(one, other))

    def _near(self, a: Rows, b: Rows) -> Mask:
        return np.asarray(self._distance(a, b) <= self.radius)

    def _agree(self, a: Rows, b: Rows) -> Mask:
        """Whether the thumbnails of pairs of near hashes corroborate them, (L,) bool."""
        i, j = np.searchsorted(self.pictured, a), np.searchsorted(self.pictured, b)
        return np.asarray(thumb_rms(self.pictures, i, j, centred=True) <= MAX_THUMB_DISTANCE)

    def _links(self, a: Rows, b: Rows) -> Links:
        return Links.make(a, b, Tier.PERCEPTUAL, self._distance(a, b))


def find_perceptual_links(
    rows: Rows,
    dhash: npt.NDArray[np.uint64],
    phash: npt.NDArray[np.uint64],
    contrast: npt.NDArray[np.float64],
    thumbs: Callable[[Rows], npt.NDArray[np.uint8]],
    radius: int,
    most: int,
) -> PerceptualLinks:
    """Compare the hashes of rows, then the thumbnails of those that are near.

    Args:
        rows: row numbers of images to compare.
        dhash, phash: (n,) codes of all rows.
        contrast: (n,) standard deviation of grey levels.
        thumbs: gives (m, bytes) uint8 thumbnails of some rows; called once, for candidates.
        radius: bits.
        most: rows with more candidates are dense.
    """
    bits = np.bitwise_count(dhash[rows])
    informative = (contrast[rows] >= MIN_CONTRAST) & (bits >= MIN_DHASH_BITS) & (bits <= 64 - MIN_DHASH_BITS)
    rows = rows[informative]
    found = sparse_code_links(dhash[rows], phash[rows], radius, most)
    a, b = rows[found.a], rows[found.b]
    dense = np.zeros(len(dhash), np.bool_)
    dense[rows[found.dense]] = True
    pictured = sorted_unique(np.concatenate([a, b, np.flatnonzero(dense)]))
    pictures = luminance(thumbs(pictured))
    tier2 = PerceptualLinks(dhash, phash, radius, Links.none(), dense, pictured, pictures)
    agree = tier2._agree(a, b)
    return replace(tier2, links=tier2._links(a[agree], b[agree]))


def luminance(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Grey levels (n, pixels) of RGB thumbnails (n, pixels * 3): a grey copy is still a copy. ITU-R BT.601."""
    import cv2

    cv2.setNumThreads(thread_count())
    pixels = thumbs.reshape(len(thumbs), thumbs.shape[1] // 3, 3)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) if len(pixels) else pixels[:, :, 0]
