"""How good a run's verdicts are, measured against known groups (`rfdedup.outputs.truth`)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.model.errors import InputError
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.outputs.truth import BROKEN_KINDS, GENUINE_KINDS, JUNK_KINDS, TruthRow


@dataclass(frozen=True)
class Ratio:
    """``hits`` of ``total``."""

    hits: int
    total: int

    @property
    def value(self) -> float | None:
        """The share, or None when there was nothing to count."""
        return self.hits / self.total if self.total else None

    def as_dict(self) -> dict[str, Any]:
        return {"value": self.value, "hits": self.hits, "total": self.total}

    def __str__(self) -> str:
        return "–" if self.value is None else f"{self.value:.4f} ({self.hits}/{self.total})"


@dataclass(frozen=True)
class CurvePoint:
    """What the semantic links at or above one cosine similarity say on their own.

    ``right`` counts the links that join files of one group. ``joined`` counts the copies that a link of any
    tier joins directly to a file of their group.
    """

    threshold: float
    right: Ratio
    joined: Ratio

    def as_dict(self) -> dict[str, Any]:
        return {"threshold": self.threshold, "right": self.right.as_dict(), "joined": self.joined.as_dict()}


@dataclass(frozen=True)
class Evaluation:
    """Scores of a run.

    Attributes:
        files: files that truth and run both name.
        unknown: files of the run that the truth does not name; they count nowhere.
        absent: files of the truth that the run does not name.
        precision: of the files dropped as duplicates, those that show the picture of their king.
        recall: of the copies, those *found*: dropped naming a king of their own group, or kept as the king
            that the original or an exact copy of it was dropped for. A copy dropped for its quality is not
            found. Where the truth has no kinds, each group of n files counts n - 1 copies.
        recall_by_kind: the same by kind of copy.
        pair_precision, pair_recall: of pairs of files in one group of the run, and of the truth.
        group_precision: of the run's groups, those whose files all show one picture.
        group_recall: of the truth's groups of two and more, those found whole: one file is kept and all
            others are its subjects.
        sources: groups of the truth with at least one file in the run.
        sources_lost: groups of which no file was kept.
        sources_called_junk: lost groups of which every file was dropped for quality or unreadable.
        kings: of the groups of two and more whose original is known, those where it or an exact copy is kept.
        junk, junk_by_kind: junk that is not kept.
        broken: broken files whose verdict is ``error``.
        good_called_junk: of the files that belong to a group, those dropped for quality.
        originals_called_junk: the same among originals.
        curve: see `CurvePoint`; empty without links.
        wrong: (path, king) of wrong drops. missed: paths of copies not found. wrong_kings: originals not
            kept, with the file that was kept instead. false_junk: (path, reason).
    """

    files: int
    unknown: int
    absent: int
    precision: Ratio
    recall: Ratio
    recall_by_kind: Mapping[str, Ratio]
    pair_precision: Ratio
    pair_recall: Ratio
    group_precision: Ratio
    group_recall: Ratio
    sources: int
    sources_lost: int
    sources_called_junk: int
    kings: Ratio
    junk: Ratio
    junk_by_kind: Mapping[str, Ratio]
    broken: Ratio
    good_called_junk: Ratio
    originals_called_junk: Ratio
    curve: tuple[CurvePoint, ...]
    wrong: tuple[tuple[str, str], ...]
    missed: tuple[str, ...]
    wrong_kings: tuple[tuple[str, str], ...]
    false_junk: tuple[tuple[str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        out: dict[str, Any] = {}
        for name, value in vars(self).items():
            if isinstance(value, Ratio):
                out[name] = value.as_dict()
            elif isinstance(value, Mapping):
                out[name] = {kind: ratio.as_dict() for kind, ratio in value.items()}
            elif name == "curve":
                out[name] = [point.as_dict() for point in value]
            else:
                out[name] = value
        return out


@dataclass(frozen=True)
class _Matched:
    """Truth and verdicts of the same files, row by row. ``shows`` numbers the picture that a file shows."""

    rows: Sequence[TruthRow]
    shows: npt.NDArray[np.int64]
    grouped: npt.NDArray[np.bool_]
    verdict: Sequence[str]
    tier: Sequence[str | None]
    reason: Sequence[str | None]
    king: npt.NDArray[np.int64]
    duplicate: npt.NDArray[np.bool_]
    genuine: npt.NDArray[np.bool_]
    row_of_verdict: npt.NDArray[np.int64]

    @property
    def cluster(self) -> npt.NDArray[np.int64]:
        """Row of the king for subjects, the own row for the others."""
        return np.where(self.duplicate & (self.king >= 0), self.king, np.arange(len(self.rows)))


def evaluate(truth: Sequence[TruthRow], verdicts: pa.Table, links: pa.Table | None = None) -> Evaluation:
    """Score verdicts (columns of ``schemas.VERDICTS``) and links (``schemas.LINKS``) against the truth.

    Raises:
        InputError: no file of the truth is in the run, or a path of it is there more than once.
    """
    m, absent = _match(truth, verdicts)
    usable = np.array([row.kind not in BROKEN_KINDS for row in m.rows], dtype=bool)
    junk = np.array([row.kind in JUNK_KINDS for row in m.rows], dtype=bool)
    king_shows = np.where(m.king >= 0, m.shows[m.king], -1)
    right = m.duplicate & usable & (king_shows == m.shows)
    members: dict[int, list[int]] = defaultdict(list)
    for i in _rows(m.grouped):
        members[int(m.shows[i])].append(i)
    families = {group: rows for group, rows in members.items() if len(rows) > 1}

    found = _found(m, right)
    original = np.array([row.kind == "original" for row in m.rows], dtype=bool)
    copies = m.grouped & ~original
    known = any(row.kind for row in m.rows)
    if known:
        recall = Ratio(int((found & copies).sum()), int(copies.sum()))
    else:
        hits = sum(min(int(right[rows].sum()), len(rows) - 1) for rows in families.values())
        recall = Ratio(hits, sum(len(rows) - 1 for rows in families.values()))
    kept = np.array([verdict == Verdict.KEEP for verdict in m.verdict], dtype=bool)
    lost = [rows for rows in members.values() if not kept[rows].any()]
    spoilt = np.array([tier == Tier.QUALITY for tier in m.tier], dtype=bool)
    failed = np.array([verdict == Verdict.ERROR for verdict in m.verdict], dtype=bool)
    kept_original = [(rows, kept[rows] & m.genuine[rows]) for rows in families.values() if original[rows].any()]
    return Evaluation(
        files=len(m.rows),
        unknown=verdicts.num_rows - len(m.rows),
        absent=absent,
        precision=Ratio(int(right.sum()), int(m.duplicate.sum())),
        recall=recall,
        recall_by_kind=_by_kind(m, found, copies) if known else {},
        **_clusters(m, families, kept),
        sources=len(members),
        sources_lost=len(lost),
        sources_called_junk=sum(bool((spoilt | failed)[rows].all()) for rows in lost),
        kings=Ratio(sum(bool(good.any()) for _, good in kept_original), len(kept_original)),
        junk=Ratio(int((junk & ~kept).sum()), int(junk.sum())),
        junk_by_kind=_by_kind(m, ~kept, junk | ~usable),
        broken=Ratio(int((failed & ~usable).sum()), int((~usable).sum())),
        good_called_junk=Ratio(int((spoilt & m.grouped).sum()), int(m.grouped.sum())),
        originals_called_junk=Ratio(int((spoilt & original).sum()), int(original.sum())),
        curve=() if links is None else _curve(m, copies, links),
        wrong=tuple(
            (m.rows[i].path, m.rows[m.king[i]].path if m.king[i] >= 0 else "?") for i in _rows(m.duplicate & ~right)
        ),
        missed=tuple(m.rows[i].path for i in _rows(copies & ~found)) if known else (),
        wrong_kings=tuple(_kept_instead(m, kept_original, original, kept)),
        false_junk=tuple((m.rows[i].path, str(m.reason[i])) for i in _rows(spoilt & m.grouped)),
    )


def _match(truth: Sequence[TruthRow], verdicts: pa.Table) -> tuple[_Matched, int]:
    place: dict[str, int] = {}
    wanted = {row.path for row in truth}
    table = {
        name: verdicts[name].to_pylist() for name in ("path", "root", "verdict", "tier", "reason", "king", "king_root")
    }
    for i, path in enumerate(table["path"]):
        if path in wanted and place.setdefault(path, i) != i:
            raise InputError(f"{path} is in two of the run's inputs; evaluate a run with one input")
    rows = [row for row in truth if row.path in place]
    if not rows:
        raise InputError(
            f"no file of the truth is in the run: truth names {truth[0].path!r}, the run {table['path'][:1]}"
        )
    at = np.array([place[row.path] for row in rows], dtype=np.int64)
    row_of_verdict = np.full(verdicts.num_rows, -1, dtype=np.int64)
    row_of_verdict[at] = np.arange(len(rows))
    file_of = {(root, path): i for i, (root, path) in enumerate(zip(table["root"], table["path"], strict=True))}
    king = np.full(len(rows), -1, dtype=np.int64)
    for row, i in enumerate(at.tolist()):
        if table["king"][i] is not None:
            king[row] = row_of_verdict[file_of[table["king_root"][i], table["king"][i]]]
    return (
        _Matched(
            rows=rows,
            shows=_pictures(rows),
            grouped=np.array([_belongs(row) for row in rows], dtype=bool),
            verdict=[table["verdict"][i] for i in at],
            tier=[table["tier"][i] for i in at],
            reason=[table["reason"][i] for i in at],
            king=king,
            duplicate=np.array(
                [table["verdict"][i] == Verdict.DROP and table["tier"][i] != Tier.QUALITY for i in at], dtype=bool
            ),
            genuine=np.array([row.kind in GENUINE_KINDS for row in rows], dtype=bool),
            row_of_verdict=row_of_verdict,
        ),
        len(truth) - len(rows),
    )


def _rows(mask: npt.NDArray[np.bool_]) -> list[int]:
    return [int(row) for row in np.flatnonzero(mask)]


def _belongs(row: TruthRow) -> bool:
    return row.group is not None and row.kind not in JUNK_KINDS + BROKEN_KINDS


def _pictures(rows: Sequence[TruthRow]) -> npt.NDArray[np.int64]:
    """Number of the picture that each file shows: that of its group, else of its original, else its own."""
    group_of = {row.path: row.group for row in rows}
    numbers: dict[tuple[str, str], int] = {}

    def key(row: TruthRow) -> tuple[str, str]:
        group = row.group or group_of.get(row.original or "")
        return ("group", group) if group else ("file", row.path)

    return np.array([numbers.setdefault(key(row), len(numbers)) for row in rows], dtype=np.int64)


def _found(m: _Matched, right: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    found = right & m.grouped
    # the king of the original stands for it
    kept_original = m.king[right & m.genuine]
    found[kept_original[kept_original >= 0]] = True
    return found


def _by_kind(m: _Matched, hit: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> dict[str, Ratio]:
    total = Counter(m.rows[i].kind for i in _rows(among))
    hits = Counter(m.rows[i].kind for i in _rows(among & hit))
    return {kind: Ratio(hits[kind], count) for kind, count in total.items()}


def _pairs(labels: Iterable[Any]) -> int:
    return sum(count * (count - 1) // 2 for count in Counter(labels).values())


def _clusters(m: _Matched, families: Mapping[int, list[int]], kept: npt.NDArray[np.bool_]) -> dict[str, Ratio]:
    cluster, shows = m.cluster, m.shows
    told = _rows(kept | m.duplicate)
    both = _pairs(zip(cluster[told].tolist(), shows[told].tolist(), strict=True))
    among_truth = [row for rows in families.values() for row in rows]
    both_grouped = _pairs(zip(cluster[among_truth].tolist(), shows[among_truth].tolist(), strict=True))
    pictures: dict[int, set[int]] = defaultdict(set)
    for row in _rows(m.duplicate):
        # a king outside the truth (-1) is a picture of its own
        king = int(m.king[row])
        pictures[king if king >= 0 else -2 - row] |= {int(shows[row]), int(shows[king]) if king >= 0 else -1}
    whole = sum(len(set(cluster[rows].tolist())) == 1 and int(kept[rows].sum()) == 1 for rows in families.values())
    return {
        "pair_precision": Ratio(both, _pairs(cluster[told].tolist())),
        "pair_recall": Ratio(both_grouped, _pairs(shows[among_truth].tolist())),
        "group_precision": Ratio(sum(len(seen) == 1 for seen in pictures.values()), len(pictures)),
        "group_recall": Ratio(whole, len(families)),
    }


def _kept_instead(
    m: _Matched,
    kept_original: Iterable[tuple[list[int], npt.NDArray[np.bool_]]],
    original: npt.NDArray[np.bool_],
    kept: npt.NDArray[np.bool_],
) -> Iterable[tuple[str, str]]:
    for rows, good in kept_original:
        if good.any():
            continue
        first = next(row for row in rows if original[row])
        king = int(m.king[first])
        others = [m.rows[row].path for row in rows if kept[row]]
        yield m.rows[first].path, m.rows[king].path if king >= 0 else ", ".join(others)


def _curve(m: _Matched, copies: npt.NDArray[np.bool_], links: pa.Table) -> tuple[CurvePoint, ...]:
    a = m.row_of_verdict[links["a"].to_numpy()]
    b = m.row_of_verdict[links["b"].to_numpy()]
    score = links["score"].to_numpy()
    semantic = np.array([tier == Tier.SEMANTIC for tier in links["tier"].to_pylist()], dtype=bool)
    both = (a >= 0) & (b >= 0)
    a, b, score, semantic = a[both], b[both], score[both], semantic[both]
    if not semantic.any():
        return ()
    same = m.shows[a] == m.shows[b]
    lowest = np.floor(float(score[semantic].min()) * 50) / 50
    points = []
    for threshold in np.arange(max(0.0, lowest), 1.0, 0.02):
        above = semantic & (score >= threshold)
        joined = np.zeros(len(m.rows), dtype=bool)
        counted = same & (above | ~semantic)
        joined[a[counted]] = True
        joined[b[counted]] = True
        points.append(
            CurvePoint(
                round(float(threshold), 4),
                Ratio(int((above & same).sum()), int(above.sum())),
                Ratio(int((joined & copies).sum()), int(copies.sum())),
            )
        )
    return tuple(points)
