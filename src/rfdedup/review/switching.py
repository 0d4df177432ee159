"""What another ``--same`` would change, from pairs that a run compared: edits only, or also pictures of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.comparison import Kind
from rfdedup.errors import DataError
from rfdedup.linking import Links
from rfdedup.records import Tier
from rfdedup.review.crowning import Crowning
from rfdedup.review.snapshot import Snapshot
from rfdedup.review.state import State
from rfdedup.run_folder import FEATURES_FOLDER
from rfdedup.similarity.components import components
from rfdedup.stages.compare import comparison_key
from rfdedup.storage.comparisons import remembered_kinds

Rows = npt.NDArray[np.int64]

_MOST_MEMBERS: Final = 256
"""Kept images of one family whose pairs are looked at one by one; of larger ones all but the best count as open."""
_PAIRS: Final = 1 << 20
"""Pairs that are in memory at a time."""


@dataclass(frozen=True)
class Switched:
    """The outcome of another ``--same``.

    Attributes:
        crowning: who is kept, by the pairs that were compared.
        unsure: kept images that a run would compare with others of their family, which nobody has done yet. It may drop
            them: so many more at most.
    """

    crowning: Crowning
    unsure: int


def switched(state: State, same: str) -> Switched:
    """What a run with ``same`` would keep, under the decisions that hold.

    Raises:
        DataError: the run compared no pictures, or ``same`` is neither ``copy`` nor ``moment``.
    """
    snapshot = state.snapshot
    if not snapshot.compares:
        raise DataError("this run compared no pictures: run it with --same moment or --same copy")
    if same not in (Kind.COPY, Kind.MOMENT):
        raise DataError(f"--same {same!r} cannot be told from compared pairs; known here: copy, moment")
    links = snapshot.links.take(snapshot.link_kinds != str(Kind.MOMENT)) if same == Kind.COPY else snapshot.links
    a, b, kind = _remembered(snapshot)
    if same == Kind.MOMENT and snapshot.same == Kind.COPY:
        moments = kind == str(Kind.MOMENT)
        links = Links.join(links, Links.make(a[moments], b[moments], Tier.SEMANTIC, np.ones(int(moments.sum()))))
    crowning = snapshot.crowner(state.demands, links).at(-np.inf)
    if same == snapshot.same:
        return Switched(crowning, 0)
    every = Links.join(snapshot.links, links)
    one = np.concatenate([every.a, a])
    other = np.concatenate([every.b, b])
    return Switched(crowning, _unsure(snapshot, crowning, every, one, other))


def _remembered(snapshot: Snapshot) -> tuple[Rows, Rows, npt.NDArray[np.object_]]:
    """Rows and kind of the pairs that ``RUN/features`` remembers: of each content the first row."""
    key = comparison_key(snapshot.config)
    known = remembered_kinds(snapshot.run / FEATURES_FOLDER, key)
    digests = snapshot.table["sha256"]
    ends = [
        pc.index_in(pa.array([pair[end] for pair in known], pa.string()), value_set=digests.combine_chunks())
        .fill_null(-1)
        .to_numpy(zero_copy_only=False)
        .astype(np.int64)
        for end in (0, 1)
    ]
    here = (ends[0] >= 0) & (ends[1] >= 0)
    kinds = np.array([pair[2] for pair in known], object)
    usable = snapshot.usable
    here[here] &= usable[ends[0][here]] & usable[ends[1][here]]
    return ends[0][here], ends[1][here], kinds[here]


def _unsure(snapshot: Snapshot, crowning: Crowning, links: Links, one: Rows, other: Rows) -> int:
    """Kept rows that lie in one family with a better kept row that they were not compared with."""
    n = np.int64(snapshot.n)
    family = components(snapshot.n, links.a, links.b)
    stand_in = crowning.stand_in
    one, other = stand_in[one], stand_in[other]
    compared = np.unique(np.minimum(one, other) * n + np.maximum(one, other))
    kept = np.flatnonzero(crowning.kept & (np.bincount(family, minlength=snapshot.n)[family] > 1))
    kept = kept[np.lexsort((snapshot.rank[kept], family[kept]))]
    starts = np.flatnonzero(np.diff(family[kept], prepend=-1))
    sizes = np.diff(np.append(starts, len(kept)))
    large = sizes > _MOST_MEMBERS
    total = int((sizes[large] - 1).sum())
    for size in np.unique(sizes[~large & (sizes > 1)]).tolist():
        better, worse = np.triu_indices(size, 1)
        at = starts[sizes == size]
        slice_ = max(1, _PAIRS // len(better))
        for begin in range(0, len(at), slice_):
            members = kept[at[begin : begin + slice_, None] + np.arange(size)]
            one, other = members[:, better], members[:, worse]
            key = np.minimum(one, other) * n + np.maximum(one, other)
            place = np.minimum(np.searchsorted(compared, key), max(len(compared) - 1, 0))
            known = compared[place] == key if len(compared) else np.zeros(key.shape, np.bool_)
            total += len(np.unique(other[~known]))
    return total
