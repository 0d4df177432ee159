"""Pairs that comparisons confirmed: what counts as the same, also where many images share a background."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from rfdedup.keepers.components import components
from rfdedup.model.evidence import Evidence, Kind, Side, swapped
from rfdedup.model.links import Links
from rfdedup.model.proposals import UNKNOWN_BITS, Proposals
from rfdedup.model.schemas import Tier

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

LEAST_SHARING: Final = 2
"""Further pictures that share the background of a pair and differ from it: from here on a patch is content."""
MOST_FAILED: Final = 4
"""Kings that an image is compared with in vain, beyond its proposals, before it stays."""


@dataclass
class Compared:
    """All pairs of n rows that were compared so far.

    Attributes:
        same: what counts: edits of one picture, or also one scene in which nothing changed.
        pairs: sorted by (a, b). evidence: of each, the first row as subject; None where none could be had.
        others: of each collage, the kept pictures that show what its king does not.
    """

    n: int
    same: Literal["copy", "moment"]
    pairs: Proposals = field(default_factory=Proposals.none)
    evidence: list[Evidence | None] = field(default_factory=list)
    others: dict[int, list[int]] = field(default_factory=dict)
    _accepted: tuple[Mask, Mask] | None = None

    def add(self, pairs: Proposals, evidence: list[Evidence | None]) -> None:
        """Add pairs that were not compared before."""
        known = dict(zip(self.keys(self.pairs), self.evidence, strict=True))
        known |= dict(zip(self.keys(pairs), evidence, strict=True))
        self.pairs = Proposals.join(self.pairs, pairs)
        self.evidence = [known[key] for key in self.keys(self.pairs)]
        self._accepted = None

    def rename(self, now: Rows) -> None:
        """Put other rows with the same bytes in place of rows that turned out to be unreadable.

        Args:
            now: (n,) who has the place of each row; -1 for nobody: its pairs go, and so do pairs of the others for
                which no evidence could be had.
        """
        a, b = now[self.pairs.a], now[self.pairs.b]
        kept = (a >= 0) & (b >= 0)
        moved = (a != self.pairs.a) | (b != self.pairs.b)
        kept &= ~moved | np.array([found is not None for found in self.evidence], np.bool_)
        found: dict[int, Evidence | None] = {}
        for at in np.flatnonzero(kept).tolist():
            low, high, evidence = int(min(a[at], b[at])), int(max(a[at], b[at])), self.evidence[at]
            # evidence has the lower row as subject
            found[low * self.n + high] = swapped(evidence) if evidence is not None and a[at] > b[at] else evidence
        self.pairs = self.pairs.take(kept).renamed(now)
        self.evidence = [found[key] for key in self.keys(self.pairs)]
        self._accepted = None

    def fresh(self, pairs: Proposals) -> Proposals:
        """Those of ``pairs`` that were not compared yet."""
        return pairs.take(~np.isin(self._numbers(pairs), self._numbers(self.pairs)))

    def find(self, a: Rows, b: Rows) -> Rows:
        """Places of compared pairs, (L,) int64; -1 for others. The order of the two does not matter."""
        wanted = np.minimum(a, b) * np.int64(self.n) + np.maximum(a, b)
        known = self._numbers(self.pairs)
        at = np.minimum(np.searchsorted(known, wanted), max(len(known) - 1, 0))
        return np.where(known[at] == wanted, at, -1) if len(known) else np.full(len(wanted), -1)

    def accepted(self) -> tuple[Mask, Mask]:
        """Which pairs show the same, and for which a patch counted as content; (L,) bool each.

        A pair that differs by a patch which only one picture has, an overlay when looked at alone, is no copy where
        at least ``LEAST_SHARING`` further pictures line up with either and differ too: there patches are what the
        pictures are about. Pictures that are copies of each other for certain count once, those of the pair not at all.
        """
        if self._accepted is None:
            self._accepted = self._judged()
        return self._accepted

    def _judged(self) -> tuple[Mask, Mask]:
        alone = np.array(
            [_counts(found.kind if found is not None else None, self.same) for found in self.evidence], np.bool_
        )
        anyway = np.array(
            [_counts(found.kind_in_series if found is not None else None, self.same) for found in self.evidence],
            np.bool_,
        )
        differ = np.array([_lines_up(found) for found in self.evidence], np.bool_) & ~(alone & anyway)
        doubtful = np.flatnonzero(alone & ~anyway)
        shared_background = np.zeros(len(self.evidence), np.bool_)
        if len(doubtful):
            scene = self.scenes()
            others = self._scenes_around(differ, scene)
            for i in doubtful.tolist():
                one, other = int(self.pairs.a[i]), int(self.pairs.b[i])
                around = (others[one] | others[other]) - {int(scene[one]), int(scene[other])}
                shared_background[i] = len(around) >= LEAST_SHARING
        return alone & ~shared_background, shared_background

    def certain(self) -> Links:
        """What shows the same also before a shared background: no later comparison can take that back.

        A collage joins nothing: what it was made of is of several scenes.
        """
        sure = np.array([found is not None and self._surely(found) for found in self.evidence], np.bool_)
        return as_links(self.pairs.take(sure))

    def _surely(self, found: Evidence) -> bool:
        same = _counts(found.kind, self.same) and _counts(found.kind_in_series, self.same)
        return same and found.pasted == Side.NONE

    def scenes(self) -> Rows:
        """Component of each row by certain links, (n,) int64."""
        return self.families(self.certain())

    def kinds(self) -> npt.NDArray[np.object_]:
        """What each pair shows as text, (L,) object; None where there is no evidence."""
        return np.array([None if found is None else str(found.kind) for found in self.evidence], object)

    def links(self) -> Links:
        """What shows the same as links of the tier that proposed each, sorted."""
        chosen, _ = self.accepted()
        return as_links(self.pairs.take(chosen))

    def families(self, links: Links) -> Rows:
        """Component of each row, (n,) int64."""
        return components(self.n, links.a, links.b)

    def _scenes_around(self, mask: Mask, scene: Rows) -> dict[int, set[int]]:
        """Of each row, the scenes of the rows that it is paired with where ``mask`` holds."""
        out: dict[int, set[int]] = defaultdict(set)
        for one, other in zip(self.pairs.a[mask].tolist(), self.pairs.b[mask].tolist(), strict=True):
            out[one].add(int(scene[other]))
            out[other].add(int(scene[one]))
        return out

    def _numbers(self, pairs: Proposals) -> Rows:
        return np.asarray(pairs.a * np.int64(self.n) + pairs.b)

    def keys(self, pairs: Proposals) -> list[int]:
        numbers: list[int] = self._numbers(pairs).tolist()
        return numbers


def _counts(kind: Kind | None, same: str) -> bool:
    return kind == Kind.COPY or (kind == Kind.MOMENT and same == "moment")


def _lines_up(found: Evidence | None) -> bool:
    """Whether two pictures could be laid over each other, and differ in places."""
    return found is not None and found.overlap > 0 and found.changed_area > 0


def as_links(pairs: Proposals) -> Links:
    """Pairs as links of the tier that proposed them: bits for hashes, the cosine for embeddings."""
    hashed = proposed_by_hash(pairs)
    rest = ~hashed
    return Links.join(
        Links.make(pairs.a[hashed], pairs.b[hashed], Tier.PERCEPTUAL, pairs.bits[hashed]),
        Links.make(pairs.a[rest], pairs.b[rest], Tier.SEMANTIC, pairs.cosine[rest]),
    )


def proposed_by_hash(pairs: Proposals) -> Mask:
    """Which pairs hashes proposed, (L,) bool."""
    return np.asarray(pairs.bits != UNKNOWN_BITS)


def pairs_of_families(family: Rows, largest: int) -> tuple[Rows, Rows]:
    """All pairs of rows of one component, of components with at most ``largest`` members: O(n) of them.

    Args:
        family: (n,) component of each row, by its smallest member.
    """
    order = np.argsort(family, kind="stable")
    ordered = family[order]
    sizes = np.bincount(family, minlength=len(family))[ordered]
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for step in range(1, largest):
        at = np.flatnonzero((ordered[step:] == ordered[:-step]) & (sizes[step:] <= largest))
        if not len(at):
            break
        one.append(order[at])
        other.append(order[at + step])
    return np.concatenate(one), np.concatenate(other)


def further_kings(compared: Compared, links: Links, king: Rows, place: Rows, failed: Rows) -> tuple[Rows, Rows]:
    """Pairs worth comparing next: images that nobody covers, with better kings of their component.

    The likeliest are the best image of the component and the kings of the images that an image is linked to. What
    fails is not tried for ever.

    Args:
        compared: the pairs so far. links: those of them that show the same, as far as they are permitted.
        king: (n,) by these. place: (n,) rank, lower is better.
        failed: (n,) comparisons beyond the proposals that each row made in vain.

    Returns:
        (L,) images and (L,) kings, each pair once.
    """
    n = compared.n
    rows = np.arange(n)
    family = compared.families(links)
    order = np.argsort(place)
    best = np.full(n, -1)
    # the last write wins: worst rank first leaves the best
    best[family[order[::-1]]] = order[::-1]
    open_ = (king == rows) & (best[family] != rows) & (failed < MOST_FAILED)
    one = np.concatenate([links.a, links.b, rows])
    other = np.concatenate([king[links.b], king[links.a], best[family]])
    wanted = open_[one] & (king[other] == other) & (place[other] < place[one])
    one, other = one[wanted], other[wanted]
    key = np.unique(one * np.int64(n) + other)
    one, other = np.divmod(key, n)
    new = compared.find(one, other) < 0
    one, other = one[new], other[new]
    # each tries its few best kings at a time
    turn = np.lexsort((place[other], one))
    one, other = one[turn], other[turn]
    first = np.arange(len(one)) - np.searchsorted(one, one) < MOST_FAILED
    return one[first], other[first]
