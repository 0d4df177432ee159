"""One state of a run in memory: its tables as arrays, with groups, filters and pages over them. Read-only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.features.quality import REJECTED
from rfdedup.imaging import DecodeLimits
from rfdedup.keepers.components import components
from rfdedup.keepers.constraints import Constraints
from rfdedup.model.config import RunConfig, make_config
from rfdedup.model.errors import ImageError
from rfdedup.model.links import TIER_ORDER, Links
from rfdedup.model.schemas import MEANING, Tier, Verdict
from rfdedup.model.text import printable
from rfdedup.outputs.review.kings import SEMANTIC, Kings, KingsByThreshold
from rfdedup.outputs.review.pictures import read_file
from rfdedup.outputs.run_features import RunFeatures
from rfdedup.sources.finding import PLACE_COLUMNS, member_at
from rfdedup.sources.reading import read_stable
from rfdedup.storage.run_folder import LINKS_FILE, RUN_JSON, VERDICTS_FILE, RunFolder, sameness

Rows = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
VERDICT_ORDER = tuple(Verdict)
KEEP, DROP, ERROR = range(3)


def stamp(run: Path) -> tuple[tuple[int, int, int], ...]:
    """Changes when a file of the run that a snapshot was made of is replaced. Missing files count as zeros."""
    out = []
    for name in (RUN_JSON, VERDICTS_FILE, LINKS_FILE):
        try:
            status = (run / name).stat()
        except OSError:
            out.append((0, 0, 0))
        else:
            out.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(out)


class Snapshot:
    """The tables of a finished run.

    Raises:
        RunFolderError: the run is not finished, or its tables are damaged.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.stamp = stamp(run)
        folder = RunFolder.open(run)
        self.info = folder.info()
        self.same = sameness(self.info)
        self.table = folder.verdicts().combine_chunks()
        self.n = self.table.num_rows
        self.verdict = _codes(self.table["verdict"], [str(v) for v in VERDICT_ORDER])
        self.tier = _codes(self.table["tier"], [str(t) for t in Tier])
        self.score = _floats(self.table["score"])
        self.threshold = _floats(self.table["threshold"])
        self.king = self._kings()
        self._folder = folder

    def _kings(self) -> Rows:
        """The king of each subject, itself for other rows, -1 for errors and quality drops."""
        group = self.table["group"].fill_null(-1).to_numpy(zero_copy_only=False)
        king = np.arange(self.n)
        king[self.verdict != KEEP] = -1
        member = group >= 0
        if member.any():
            of_group = np.full(int(group.max()) + 1, -1, np.int64)
            group_kings = np.flatnonzero(member & (self.verdict == KEEP))
            of_group[group[group_kings]] = group_kings
            king[member] = of_group[group[member]]
        # a protected image keeps its place in the group of its like, but is dropped for no one
        king[self.verdict == KEEP] = np.flatnonzero(self.verdict == KEEP)
        return king

    @cached_property
    def links(self) -> Links:
        table = self._folder.links().combine_chunks()
        tier = _codes(table["tier"], [str(t) for t in TIER_ORDER])
        return Links(
            table["a"].to_numpy(zero_copy_only=False),
            table["b"].to_numpy(zero_copy_only=False),
            tier,
            table["score"].to_numpy(zero_copy_only=False),
        )

    @cached_property
    def link_kinds(self) -> npt.NDArray[np.object_]:
        """What makes both ends of each of ``links`` the same, (L,); None in runs of older versions."""
        return self._folder.links()["same"].to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    @cached_property
    def config(self) -> RunConfig:
        """Limits and bounds of the run. No encoder is loaded by it: that is for ``run_encoder`` alone.

        Raises:
            ConfigError: this version does not know what it says.
        """
        return make_config(self.info.get("config") or {})

    @property
    def compares(self) -> bool:
        """Whether every link but those of identical files is a pair whose pictures were compared."""
        return self.same != MEANING

    @cached_property
    def evidence(self) -> pa.Table:
        """``schemas.EVIDENCE``, by row."""
        return self._folder.evidence().combine_chunks()

    @cached_property
    def _evidence_rows(self) -> Rows:
        return self.evidence["row"].to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    def evidence_of(self, rows: Rows) -> pa.Table:
        """The evidence of those of ``rows`` that have any, one row each."""
        some = np.unique(rows)
        at = np.minimum(np.searchsorted(self._evidence_rows, some), max(len(self._evidence_rows) - 1, 0))
        found = at[self._evidence_rows[at] == some] if len(self._evidence_rows) else at[:0]
        return self.evidence.take(pa.array(found, pa.int64()))

    @cached_property
    def _link_order(self) -> tuple[Rows, Rows]:
        keys = self.links.a * np.int64(self.n) + self.links.b
        order = np.argsort(keys, kind="stable")
        return keys[order], order

    def find_links(self, one: Rows, other: Rows) -> Rows:
        """Position in ``links`` of each pair, the cheapest tier first; -1 where no link is stored."""
        keys, order = self._link_order
        if not len(keys) or not len(one):
            return np.full(len(one), -1, np.int64)
        wanted = np.minimum(one, other) * np.int64(self.n) + np.maximum(one, other)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[at] == wanted, order[at], -1)

    @cached_property
    def families(self) -> Rows:
        """Connected component of each row over the links that the verdicts rest on."""
        links, bound = self.links, self.semantic_threshold
        if self.compares:
            return components(self.n, links.a, links.b)
        binding = (links.tier != SEMANTIC) | (links.score >= (np.inf if bound is None else bound))
        return components(self.n, links.a[binding], links.b[binding])

    @cached_property
    def features(self) -> RunFeatures:
        return RunFeatures.of(self.run, self.info, self.n)

    @cached_property
    def rank(self) -> Rows:
        """The order of the funnel; where it was not recorded, kings and then the larger files come first."""
        known = self.features.rank()
        if known is not None:
            return known
        rank = np.empty(self.n, np.int64)
        rank[np.lexsort((-self.size, self.verdict != KEEP))] = np.arange(self.n)
        return rank

    @property
    def semantic_threshold(self) -> float | None:
        """The cosine threshold that the verdicts were made with; None without tier 3, and where pictures decided."""
        if self.compares:
            return None
        value = (self.info.get("encoder") or {}).get("threshold")
        return None if value is None else float(value)

    @property
    def floor(self) -> float | None:
        """Links below this cosine similarity are not stored."""
        from rfdedup.metric.margins import FLOOR_BELOW

        threshold = self.semantic_threshold
        return None if threshold is None else round(max(threshold - FLOOR_BELOW, 0.05), 4)

    @cached_property
    def size(self) -> Rows:
        return self.table["bytes"].fill_null(0).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    @cached_property
    def mtime(self) -> Rows:
        return self.table["mtime_ns"].to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]

    @cached_property
    def margin(self) -> Floats:
        """How sure each drop is, 0 to 1; see ``report.certainty``."""
        from rfdedup.outputs.report.certainty import certainties

        return certainties(self.table, self.evidence)

    @cached_property
    def usable(self) -> Mask:
        """Rows that took part in the search for duplicates: neither fallen to tier 1 nor unreadable."""
        by_person = pc.fill_null(pc.equal(self.table["reason"], REJECTED), False).to_numpy(zero_copy_only=False)
        fell = (self.verdict == DROP) & (self.tier == list(Tier).index(Tier.QUALITY)) & ~np.asarray(by_person, bool)
        return np.asarray((self.verdict != ERROR) & ~fell)

    def kings_by_threshold(self, demands: Constraints, links: Links | None = None) -> KingsByThreshold:
        """Kings under decisions, from the links of the run or others."""
        return KingsByThreshold(self.usable, self.links if links is None else links, self.rank, demands)

    def file_bytes(self, row: int) -> bytes:
        """The file of a row as it is now.

        Raises:
            ImageError: it is gone, cannot be read, or could not be decoded in the run.
        """
        if self.verdict[row] == ERROR:
            raise ImageError(str(self.table["reason"][row]), "the run could not read it")
        facts = {name: self.table[name][row].as_py() for name in ("root", "path_bytes", *PLACE_COLUMNS)}
        member = member_at(facts["root"], facts["path_bytes"], facts)
        if member is not None:
            return read_stable(member, DecodeLimits())
        return read_file(facts["root"], facts["path_bytes"])

    def matching(self, text: str) -> Mask:
        """Rows whose path contains a text, whatever the case."""
        found = pc.match_substring(self.table["path"], text, ignore_case=True)
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)

    def below(self, folder: str) -> Mask:
        """Rows whose path lies below a folder."""
        found = pc.starts_with(self.table["path"], folder.strip("/") + "/")
        return np.asarray(found.to_numpy(zero_copy_only=False), dtype=bool)

    def describe(self, rows: list[int]) -> dict[int, dict[str, Any]]:
        """What the page shows of some rows. Paths are escaped for display."""
        names = ["root", "path_bytes", "width", "height", "bytes", "format", "sharpness", "brightness"]
        table = self.table.select([*names, "flags", "mtime_ns", "reason"]).take(np.asarray(rows, np.int64))
        out = {}
        for row, image in zip(rows, table.to_pylist(), strict=True):
            path = os.fsdecode(image.pop("path_bytes"))
            image["path"] = printable(path)
            image["root"] = printable(image["root"])
            image["flags"] = [printable(flag) for flag in image["flags"]]
            # a number of nanoseconds is beyond what JavaScript counts exactly
            image["mtime"] = image.pop("mtime_ns") / 1e9
            out[row] = {"row": row, **image}
        return out


@dataclass(frozen=True)
class ReviewedVerdicts:
    """Verdicts with the reviewers' decisions laid over them, until the funnel runs again.

    Attributes:
        verdict: (n,) index into ``VERDICT_ORDER``.
        king: (n,) as in ``Kings``.
        tier, reason: of drops; tier indexes ``Tier``, -1 for none. ``rejected`` is the reason of a reviewer's drop.
        score: of drops.
        changed: (n,) rows whose verdict or king is not that of the tables.
    """

    verdict: npt.NDArray[np.int8]
    king: Rows
    tier: npt.NDArray[np.int8]
    score: Floats
    rejected: Mask
    changed: Mask


def reviewed_verdicts(
    snapshot: Snapshot, demands: Constraints, kings: Kings | None, touched: Mask | None
) -> ReviewedVerdicts:
    """Lay decisions over the verdicts.

    Args:
        snapshot: the run.
        demands: decisions as constraints.
        kings: kings under these constraints; None where there are none.
        touched: rows whose kings may have changed; the others stand as the tables say.
    """
    verdict, king = snapshot.verdict.copy(), snapshot.king.copy()
    tier, score = snapshot.tier.copy(), snapshot.score.copy()
    if kings is not None and touched is not None:
        rows = np.flatnonzero(touched & (snapshot.verdict != ERROR))
        king[rows] = kings.king[rows]
        group_kings = rows[king[rows] == rows]
        verdict[group_kings] = KEEP
        verdict[rows[(king[rows] != rows) & (king[rows] >= 0)]] = DROP
        _prove(snapshot, king, kings.stand_in, tier, score, rows)
    rejected = demands.drop & (snapshot.verdict != ERROR)
    verdict[rejected] = DROP
    changed = (verdict != snapshot.verdict) | ((king != snapshot.king) & (verdict == DROP))
    tier[rejected | (verdict == KEEP)] = -1
    return ReviewedVerdicts(verdict, king, tier, score, rejected, changed)


def _prove(
    snapshot: Snapshot, king: Rows, stand_in: Rows, tier: npt.NDArray[np.int8], score: Floats, rows: Rows
) -> None:
    """Give the subjects among ``rows`` that have a new king the tier and score of their link to it."""
    moved = rows[(king[rows] != snapshot.king[rows]) & (king[rows] != rows) & (king[rows] >= 0)]
    at = snapshot.find_links(stand_in[moved], king[moved])
    found = at >= 0
    names = np.array([list(Tier).index(name) for name in TIER_ORDER], np.int8)
    tier[moved[found]] = names[snapshot.links.tier[at[found]]]
    score[moved[found]] = snapshot.links.score[at[found]]
    # a copy of its king's bytes needs no other link
    tier[moved[~found]], score[moved[~found]] = list(Tier).index(Tier.EXACT), 1.0


def _codes(column: pa.ChunkedArray, names: list[str]) -> npt.NDArray[np.int8]:
    found = pc.index_in(column, value_set=pa.array(names, pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int8)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(zero_copy_only=False), np.float64)
