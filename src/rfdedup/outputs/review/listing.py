"""What the page lists: groups and single images, filtered, sorted and cut into pages. Arrays in, row numbers out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from rfdedup.model.schemas import Tier
from rfdedup.outputs.review.labels import RunLabels
from rfdedup.outputs.review.snapshot import DROP, ERROR, KEEP, Mask, ReviewedVerdicts, Rows, Snapshot

GROUP_SORTS = ("margin", "size", "bytes", "time", "path")
IMAGE_SORTS = ("margin", "bytes", "time", "path")
CONFLICTS = ("labels", "folders")
KINDS = ("copy", "moment", "meaning")
SHOWS = ("quality", "rejected", "kept", "dropped", "errors", "changed", "all")


@dataclass(frozen=True)
class ListFilter:
    """What a reviewer asked to see. Empty values do not filter; the range is of scores.

    ``conflict`` is one of ``CONFLICTS``: images whose labels, or whose folder, are not those of their king.
    """

    tier: str = ""
    same: str = ""
    reason: str = ""
    low: float | None = None
    high: float | None = None
    folder: str = ""
    path: str = ""
    conflict: str = ""
    changed: bool = False


class ListedGroups:
    """Kings with their subjects under the decisions of one moment, as slices of one array."""

    def __init__(self, snapshot: Snapshot, now: ReviewedVerdicts) -> None:
        self._snapshot, self._now = snapshot, now
        rows = np.flatnonzero((now.verdict == DROP) & (now.king >= 0) & (now.king != np.arange(snapshot.n)))
        self.subjects = rows[np.argsort(now.king[rows], kind="stable")]
        king = now.king[self.subjects]
        self.starts = np.flatnonzero(np.diff(king, prepend=-1)) if len(king) else np.empty(0, np.int64)
        self.kings = king[self.starts]
        self.sizes = np.diff(np.append(self.starts, len(king)))

    def __len__(self) -> int:
        return len(self.kings)

    def members(self, number: int) -> Rows:
        """Subjects of one group, the least certain first."""
        begin = self.starts[number]
        rows = self.subjects[begin : begin + self.sizes[number]]
        return rows[np.argsort(self._snapshot.margin[rows], kind="stable")]

    def find(self, wanted: ListFilter, sort: str, labels: RunLabels) -> Rows:
        """Numbers of the groups that hold a fitting subject, in the order asked for."""
        if not len(self):
            return np.empty(0, np.int64)
        now, snapshot, rows = self._now, self._snapshot, self.subjects
        fits = _measured_as(snapshot, now, rows, wanted)
        shown = self._any(fits)
        place = _placed_as(snapshot, wanted)
        if place is not None:
            shown &= self._any(place[rows]) | place[self.kings]
        if wanted.changed:
            shown &= self._any(now.changed[rows]) | now.changed[self.kings]
        if wanted.conflict:
            # labels are on disk, so only those that could be shown are read
            left = np.repeat(shown, self.sizes)
            differ = np.zeros(len(rows), np.bool_)
            differ[left] = _conflicting(labels, rows[left], np.repeat(self.kings, self.sizes)[left], wanted.conflict)
            shown &= self._any(differ)
        return _sorted(np.flatnonzero(shown), self._key(sort))

    def _any(self, mask: Mask) -> Mask:
        return np.logical_or.reduceat(mask, self.starts)

    def _key(self, sort: str) -> npt.NDArray[np.float64]:
        snapshot = self._snapshot
        if sort == "size":
            return -self.sizes.astype(np.float64)
        if sort == "bytes":
            return -np.add.reduceat(snapshot.size[self.subjects], self.starts).astype(np.float64)
        if sort == "time":
            return -np.maximum.reduceat(snapshot.mtime[self.subjects], self.starts).astype(np.float64)
        if sort == "path":
            return self.kings.astype(np.float64)
        return np.minimum.reduceat(snapshot.margin[self.subjects], self.starts)


def find_images(snapshot: Snapshot, now: ReviewedVerdicts, show: str, wanted: ListFilter, sort: str) -> Rows:
    """Rows of single images that fit."""
    alone = now.king < 0
    mask = {
        "quality": (now.verdict == DROP) & alone & ~now.rejected,
        "rejected": now.rejected,
        "kept": now.verdict == KEEP,
        "dropped": now.verdict == DROP,
        "errors": now.verdict == ERROR,
        "changed": now.changed,
        "all": np.ones(snapshot.n, np.bool_),
    }[show]
    rows = np.flatnonzero(mask)
    rows = rows[_measured_as(snapshot, now, rows, wanted)]
    place = _placed_as(snapshot, wanted)
    if place is not None:
        rows = rows[place[rows]]
    keys = {
        "margin": snapshot.margin,
        "bytes": -snapshot.size.astype(np.float64),
        "time": -snapshot.mtime.astype(np.float64),
        "path": np.arange(snapshot.n, dtype=np.float64),
    }
    return _sorted(rows, keys[sort])


def _conflicting(labels: RunLabels, rows: Rows, kings: Rows, what: str) -> Mask:
    if what == "folders":
        return np.asarray(labels.folders[rows] != labels.folders[kings])
    return labels.conflicts(rows, kings)


def _measured_as(snapshot: Snapshot, now: ReviewedVerdicts, rows: Rows, wanted: ListFilter) -> Mask:
    fits = np.ones(len(rows), np.bool_)
    if wanted.tier:
        fits &= now.tier[rows] == [str(tier) for tier in Tier].index(wanted.tier)
    if wanted.same:
        of_kind = pc.fill_null(pc.equal(snapshot.table["same"], wanted.same), False)
        fits &= np.asarray(of_kind.to_numpy(zero_copy_only=False), dtype=bool)[rows]
    if wanted.reason:
        of_reason = pc.fill_null(pc.equal(snapshot.table["reason"], wanted.reason), False)
        fits &= np.asarray(of_reason.to_numpy(zero_copy_only=False), dtype=bool)[rows]
    with np.errstate(invalid="ignore"):
        if wanted.low is not None:
            fits &= now.score[rows] >= wanted.low
        if wanted.high is not None:
            fits &= now.score[rows] <= wanted.high
    return fits


def _placed_as(snapshot: Snapshot, wanted: ListFilter) -> Mask | None:
    mask = None
    if wanted.path:
        mask = snapshot.matching(wanted.path)
    if wanted.folder:
        below = snapshot.below(wanted.folder)
        mask = below if mask is None else mask & below
    return mask


def _sorted(numbers: Rows, key: npt.NDArray[np.float64]) -> Rows:
    return numbers[np.argsort(key[numbers], kind="stable")]
