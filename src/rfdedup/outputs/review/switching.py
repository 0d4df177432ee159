"""What another ``--same`` would change, from pairs that a run compared: edits only, or also pictures of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.keepers.components import components
from rfdedup.model.errors import DataError
from rfdedup.model.evidence import Kind
from rfdedup.model.links import Links
from rfdedup.model.schemas import Tier
from rfdedup.outputs.review.kings import Kings
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.review.state import ReviewState
from rfdedup.stages.compare import comparison_key
from rfdedup.storage.comparisons import remembered_kinds
from rfdedup.storage.run_folder import FEATURES_FOLDER

Rows = npt.NDArray[np.int64]

_MOST_MEMBERS: Final = 256
"""Images of one family whose pairs are looked at one by one; any two of a larger one may turn out to be the same."""
_PAIRS: Final = 1 << 20
"""Pairs that are in memory at a time."""


@dataclass(frozen=True)
class Switched:
    """The outcome of another ``--same``.

    Attributes:
        kings: who is kept, by the pairs that were compared and the ranks of the run.
        unsure: how many kept images more a run may drop: it would compare pairs that nobody has compared yet.
        exact: whether a run cannot come out differently. Else it may also rank images differently, beside others.
    """

    kings: Kings
    unsure: int
    exact: bool


def switched(state: ReviewState, same: str) -> Switched:
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
    kings = snapshot.kings_by_threshold(state.demands, links).at(-np.inf)
    if same == snapshot.same:
        return Switched(kings, 0, exact=True)
    every = Links.join(snapshot.links, links)
    moments = np.concatenate([snapshot.links.a[snapshot.link_kinds == str(Kind.MOMENT)], a[kind == str(Kind.MOMENT)]])
    family = components(snapshot.n, every.a, every.b)
    # a remembered pair that counts now and is no link may become one
    apart = (kind == str(Kind.DIFFERENT)) | ((kind == str(Kind.MOMENT)) & (same == Kind.COPY))
    known = np.concatenate([every.a, a[apart]]), np.concatenate([every.b, b[apart]])
    return Switched(kings, *_sureness(kings, family, family[moments], links, known))


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


def _sureness(kings: Kings, family: Rows, changed: Rows, links: Links, known: tuple[Rows, Rows]) -> tuple[int, bool]:
    """How many images fewer may be kept, and whether none can be, whatever their ranks.

    Each component of what is linked, or may turn out to be, keeps one image at least. A family without pictures of one
    moment is as it was.

    Args:
        kings: who is kept. family: (n,) of each row. changed: families with pictures of one moment.
        links: those that count now. known: ends of all pairs of which it is known whether they count.
    """
    n, stand_in = np.int64(len(family)), kings.stand_in
    rows = np.arange(n)
    touched = np.zeros(len(family), np.bool_)
    touched[changed] = True
    members = np.flatnonzero(touched[family] & (stand_in == rows) & (kings.king >= 0))
    members = members[np.argsort(family[members], kind="stable")]
    compared = _keys(stand_in[known[0]], stand_in[known[1]], n)
    one, other = _pairs_within(members, family)
    unknown = ~np.isin(_keys_in_order(one, other, n), compared)
    a, b = stand_in[links.a], stand_in[links.b]
    may = components(len(family), np.concatenate([a, one[unknown]]), np.concatenate([b, other[unknown]]))
    unsure = int(kings.kept[members].sum()) - len(np.unique(may[members]))
    linked = components(len(family), a, b)
    _, sizes = np.unique(linked[members], return_counts=True)
    inside = touched[family[a]] & (a != b) & np.isin(a, members) & np.isin(b, members)
    cliques = len(_keys(a[inside], b[inside], n)) == int((sizes * (sizes - 1) // 2).sum())
    return unsure, unsure == 0 and cliques


def _pairs_within(members: Rows, family: Rows) -> tuple[Rows, Rows]:
    """All pairs of rows of one family; of a large one as many as join all of its rows. ``members`` by family."""
    starts = np.flatnonzero(np.diff(family[members], prepend=-1))
    sizes = np.diff(np.append(starts, len(members)))
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for size in np.unique(sizes[sizes > 1]).tolist():
        at = starts[sizes == size]
        if size > _MOST_MEMBERS:
            better, worse = np.arange(size - 1), np.arange(1, size)
        else:
            better, worse = np.triu_indices(size, 1)
        step = max(1, _PAIRS // len(better))
        for begin in range(0, len(at), step):
            rows = members[at[begin : begin + step, None] + np.arange(size)]
            one.append(rows[:, better].ravel())
            other.append(rows[:, worse].ravel())
    return np.concatenate(one), np.concatenate(other)


def _keys_in_order(a: Rows, b: Rows, n: np.int64) -> Rows:
    return np.asarray(np.minimum(a, b) * n + np.maximum(a, b))


def _keys(a: Rows, b: Rows, n: np.int64) -> Rows:
    """One number for each pair, each once, ascending."""
    return np.unique(_keys_in_order(a, b, n))
