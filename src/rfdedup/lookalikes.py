"""Tier 2: images that their hashes hold for one picture, where the thumbnails agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rfdedup.court import Court, few_pairs
from rfdedup.cpus import thread_count
from rfdedup.linking import Links, distinct
from rfdedup.records import Tier
from rfdedup.similarity.cover_codes import cover_codes
from rfdedup.similarity.hamming import CodePairs, cross_links
from rfdedup.similarity.sparse_codes import sparse_code_links
from rfdedup.thumbs import thumb_rms

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

MIN_CONTRAST = 4.0
"""Standard deviation of grey levels below which both hashes describe noise."""
MIN_DHASH_BITS = 6
"""A dHash with fewer bits set (or unset) comes from a gradient or a flat picture and says nothing."""
MAX_THUMB_DISTANCE = 16.0
"""Root mean square difference of two thumbnails, in levels, up to which they corroborate equal hashes."""


@dataclass(frozen=True)
class Lookalikes:
    """What tier 2 says of n rows: pairs whose dHash and pHash both differ in few bits and whose thumbnails agree.

    Attributes:
        dhash, phash: (n,) uint64 of all rows.
        radius: bits.
        links: all links with at least one end that is not crowded; the score is the larger of the two distances.
        crowded: (n,) bool.
        pictured: rows whose thumbnails were looked at, ascending.
        pictures: (len(pictured), pixels) uint8, their grey levels.
    """

    dhash: npt.NDArray[np.uint64]
    phash: npt.NDArray[np.uint64]
    radius: int
    links: Links
    crowded: Mask
    pictured: Rows
    pictures: npt.NDArray[np.uint8]

    @classmethod
    def none(cls, n: int) -> Lookalikes:
        nothing, empty = np.zeros(n, np.uint64), np.empty(0, np.int64)
        return cls(nothing, nothing, 0, Links.none(), np.zeros(n, np.bool_), empty, np.empty((0, 1), np.uint8))

    def evidence(self, court: Court, compared: Rows) -> Links:
        """Links to rank by: all of them but in crowds, where O(n) are chosen."""
        crowd = np.flatnonzero(self.crowded)
        if not len(crowd):
            return self.links
        blank = court.blank(compared)
        king = self._cover(crowd, blank, self._agree)
        a, b = few_pairs(crowd, king)
        agree = self._near(a, b) & self._agree(a, b)
        return Links.join(self.links, self._links(a[agree], b[agree]))

    def kings(self, court: Court, place: Rows) -> Rows:
        """The king of each row by tier 2 alone."""
        return court.kings(self.links, place, self.crowded, lambda rows, _: self._crown(rows, court, place))

    def thinned(self, rows: Rows, court: Court, place: Rows) -> Rows:
        """``rows`` without the crowded ones that are subjects of one another."""
        crowd = rows[self.crowded[rows]]
        king = self._crown(crowd, court, place)
        return np.asarray(rows[king[rows] == rows])

    def known(self, kings: Rows) -> Links:
        """All links but those between two crowded rows neither of which is among ``kings``."""
        lords, crowd = kings[self.crowded[kings]], np.flatnonzero(self.crowded)
        if not len(lords):
            return self.links
        one, other = (CodePairs(self.dhash[some], self.phash[some]) for some in (lords, crowd))
        k, r, _ = cross_links(one, other, self.radius)
        a, b = lords[k], crowd[r]
        agree = (a != b) & self._agree(a, b)
        return Links.join(self.links, self._links(a[agree], b[agree]))

    def _crown(self, rows: Rows, court: Court, place: Rows) -> Rows:
        def linked(kings: Rows, subjects: Rows) -> Mask:
            return self._agree(kings, subjects) & court.permits(kings, subjects, place)

        king = np.arange(len(place))
        forced, stay = court.protected[rows], court.demands.keep[rows]
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


def find_lookalikes(
    rows: Rows,
    dhash: npt.NDArray[np.uint64],
    phash: npt.NDArray[np.uint64],
    contrast: npt.NDArray[np.float64],
    thumbs: Callable[[Rows], npt.NDArray[np.uint8]],
    radius: int,
    most: int,
) -> Lookalikes:
    """Compare the hashes of rows, then the thumbnails of those that are near.

    Args:
        rows: row numbers of images to compare.
        dhash, phash: (n,) codes of all rows.
        contrast: (n,) standard deviation of grey levels.
        thumbs: gives (m, bytes) uint8 thumbnails of some rows; called once, for candidates.
        radius: bits.
        most: rows with more candidates are crowded.
    """
    bits = np.bitwise_count(dhash[rows])
    informative = (contrast[rows] >= MIN_CONTRAST) & (bits >= MIN_DHASH_BITS) & (bits <= 64 - MIN_DHASH_BITS)
    rows = rows[informative]
    found = sparse_code_links(dhash[rows], phash[rows], radius, most)
    a, b = rows[found.a], rows[found.b]
    crowded = np.zeros(len(dhash), np.bool_)
    crowded[rows[found.crowded]] = True
    pictured = distinct(np.concatenate([a, b, np.flatnonzero(crowded)]))
    pictures = luminance(thumbs(pictured))
    tier2 = Lookalikes(dhash, phash, radius, Links.none(), crowded, pictured, pictures)
    agree = tier2._agree(a, b)
    return replace(tier2, links=tier2._links(a[agree], b[agree]))


def luminance(thumbs: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Grey levels (n, pixels) of RGB thumbnails (n, pixels * 3): a grey copy is still a copy. ITU-R BT.601."""
    import cv2

    cv2.setNumThreads(thread_count())
    pixels = thumbs.reshape(len(thumbs), thumbs.shape[1] // 3, 3)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)) if len(pixels) else pixels[:, :, 0]
