"""Pairs that are never held for the same, whatever they show: RAW and JPEG of one shot, stills and animations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.imaging.frames import same_frames
from rfdedup.sources.assets import paired_assets

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

FrameHashes = Callable[[Rows], list[bytes | None]]
"""What the frames of some rows look like; see ``imaging.frames``."""


@dataclass
class Compatible:
    """Says of pairs of n rows whether they may be held for the same, if their pictures show it.

    A RAW master is never dropped for a developed picture nor the other way; what the camera wrote beside it is one
    asset with it. Animations and files of several pages are the same only where number, order and content of all
    frames agree.
    """

    raw: Mask
    asset: Rows
    frames: Rows
    frame_hashes: FrameHashes
    _codes: dict[int, bytes | None] = field(default_factory=dict)

    @classmethod
    def of(cls, features: pa.Table, frame_hashes: FrameHashes) -> Compatible:
        """Of n rows with columns of ``schemas.FEATURES``."""
        whole = pc.binary_join_element_wise(features["root"].cast(pa.binary()), features["path_bytes"], b"/")
        raw = pc.fill_null(pc.equal(features["format"], "raw"), False).to_numpy(zero_copy_only=False)
        frames = features["frames"].fill_null(1).to_numpy().astype(np.int64)
        return cls(np.asarray(raw, np.bool_), paired_assets(whole, features["format"]), frames, frame_hashes)

    def __call__(self, a: Rows, b: Rows) -> Mask:
        """(L,) bool for pairs of rows (L,) and (L,)."""
        allowed = (self.raw[a] == self.raw[b]) & (self.asset[a] != self.asset[b]) & (self.frames[a] == self.frames[b])
        moving = np.flatnonzero(allowed & (self.frames[a] > 1))
        self._look(np.unique(np.concatenate([a[moving], b[moving]])))
        for at in moving.tolist():
            one, other = int(a[at]), int(b[at])
            count = int(self.frames[one])
            allowed[at] = same_frames(count, self._codes[one], count, self._codes[other])
        return np.asarray(allowed)

    def _look(self, rows: Rows) -> None:
        new = np.array([row for row in rows.tolist() if row not in self._codes], np.int64)
        if len(new):
            self._codes |= dict(zip(new.tolist(), self.frame_hashes(new), strict=True))
