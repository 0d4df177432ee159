"""What reviewers' decisions demand of kings and subjects, as masks and pairs of rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.decisions import Choice, Decisions

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Constraints:
    """Decisions as demands on the rows of a table.

    Attributes:
        keep: (n,) bool, rows that are never dropped.
        drop: (n,) bool, rows that are never kept, whatever they resemble.
        apart: (m, 2) int64, pairs of rows, first < second, that are never dropped for each other.
        preference: (n,) int64, precedes the rank: 0 for the king chosen last, then 1, ...; the number of chosen kings
            for all other rows.
    """

    keep: npt.NDArray[np.bool_]
    drop: npt.NDArray[np.bool_]
    apart: Rows
    preference: Rows

    @property
    def empty(self) -> bool:
        return not (self.keep.any() or self.drop.any() or len(self.apart) or self.preference.any())


def constraints(decisions: Decisions, table: pa.Table) -> Constraints:
    """Find the decided images among the rows of a table.

    An image that lies where it lay is that row alone. One that was moved or renamed is found by its content: every
    row of that content is dropped, the first one is kept or becomes king.

    Args:
        decisions: what holds.
        table: columns ``sha256`` and ``path``; verdicts or features.
    """
    n = table.num_rows
    keep, drop = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    found = _rows_by_content(decisions, table)
    chosen: list[int] = []
    for image, choice in decisions.images.items():
        rows = found.get(image.sha256, {})
        here = [row for row, path in rows.items() if path == image.path]
        if choice is Choice.DROP:
            drop[here or list(rows)] = True
        elif rows:
            row = (here or list(rows))[0]
            if choice is Choice.KEEP:
                keep[row] = True
            else:
                chosen.append(row)
    drop &= ~keep
    latest_first = list(dict.fromkeys(reversed(chosen)))
    preference = np.full(n, len(latest_first), np.int64)
    preference[latest_first] = np.arange(len(latest_first))
    apart = {
        (min(a, b), max(a, b))
        for one, other in decisions.distinct
        for a in found.get(one.sha256, {})
        for b in found.get(other.sha256, {})
        if a != b
    }
    return Constraints(keep, drop, np.array(sorted(apart), np.int64).reshape(-1, 2), preference)


def ranked(rank: npt.ArrayLike, demands: Constraints) -> Rows:
    """The rank with chosen kings before all others, (n,) int64 places without ties."""
    order = np.lexsort((np.asarray(rank), demands.preference))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return place


def permitted(
    a: npt.ArrayLike, b: npt.ArrayLike, rank: Rows, keep: npt.NDArray[np.bool_], apart: Rows
) -> npt.NDArray[np.bool_]:
    """Which links may make the worse-ranked end a subject of the better one; ``crown`` then gets only those.

    Args:
        a, b: (L,) ends of links.
        rank: (n,) places, lower is better.
        keep: (n,) rows that must stay: none of their links to better rows counts.
        apart: (m, 2) pairs that are no duplicates.
    """
    one, other = np.asarray(a, np.int64), np.asarray(b, np.int64)
    worse = np.where(rank[one] > rank[other], one, other)
    allowed = ~keep[worse]
    if len(apart):
        n = np.int64(len(rank))
        listed = apart.min(axis=1) * n + apart.max(axis=1)
        allowed &= ~np.isin(np.minimum(one, other) * n + np.maximum(one, other), listed)
    return np.asarray(allowed)


def _rows_by_content(decisions: Decisions, table: pa.Table) -> dict[str, dict[int, str]]:
    """Rows, with their paths, of every content that a decision names."""
    wanted = {image.sha256 for image in decisions.images}
    wanted |= {image.sha256 for pair in decisions.distinct for image in pair}
    if not wanted:
        return {}
    mask = pc.is_in(table["sha256"], value_set=pa.array(sorted(wanted), pa.string()))
    rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
    some = table.select(["sha256", "path"]).take(rows)
    out: dict[str, dict[int, str]] = {}
    for row, sha256, path in zip(rows.tolist(), some["sha256"].to_pylist(), some["path"].to_pylist(), strict=True):
        out.setdefault(sha256, {})[row] = path
    return out
