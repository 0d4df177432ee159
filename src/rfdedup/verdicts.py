"""Verdicts: one row per file from what the tiers found. The invariant of the project is asserted here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.imaging.suffix import suffix_fits
from rfdedup.inventory import Inventory
from rfdedup.linking import TIER_ORDER, Links
from rfdedup.records import LINKS, VERDICTS, Tier, Verdict
from rfdedup.tiers.judgement import Judgement

Rows = npt.NDArray[np.int64]
REASONS = {Tier.EXACT: "sha256", Tier.PERCEPTUAL: "dhash+phash", Tier.SEMANTIC: "cosine"}
EXACT_SCORE = 1.0
"""Bit-identical files: score and threshold of a SHA-256 match."""


@dataclass(frozen=True)
class Duplicates:
    """What tiers 2 and 3 decided over n rows.

    Attributes:
        king: (n,) int64; a row's own number unless it duplicates that row.
        tier: (n,) int8 index into ``TIER_ORDER`` of the deciding link, -1 for kings.
        score: (n,) float64 of the deciding link, NaN for kings.
        thresholds: bound of each tier, in the unit of its score.
    """

    king: Rows
    tier: npt.NDArray[np.int8]
    score: npt.NDArray[np.float64]
    thresholds: dict[Tier, float]


def settle(
    king: Rows, representative: Rows, links: Links, protected: npt.NDArray[np.bool_], thresholds: dict[Tier, float]
) -> Duplicates:
    """Give every subject the link that proves it.

    Args:
        king: (n,) the king of each representative, from ``crown``.
        representative: (n,) the row with the same bytes that was compared in this row's place; itself for most.
        links: all links between representatives.
        protected: (n,) rows that stay whatever they duplicate.
        thresholds: bound of each tier.
    """
    n = len(king)
    rows = np.arange(n)
    lord = king[representative]
    lord = np.where(protected, rows, lord)
    # a copy with the same bytes as its king is proved by SHA-256, otherwise by the link of its representative
    same_bytes = (lord == representative) & (lord != rows)
    linked = (lord != rows) & ~same_bytes
    tier = np.full(n, -1, np.int8)
    score = np.full(n, np.nan)
    tier[same_bytes], score[same_bytes] = TIER_ORDER.index(Tier.EXACT), EXACT_SCORE
    at = np.flatnonzero(linked)
    link = _find(links, representative[at], lord[at], n)
    tier[at], score[at] = links.tier[link], links.score[link]
    return Duplicates(lord, tier, score, {Tier.EXACT: EXACT_SCORE, **thresholds})


def _find(links: Links, one: Rows, other: Rows, n: int) -> Rows:
    """Position of the link of each pair; of several, the cheapest tier. ``links`` are sorted by (a, b, tier)."""
    key = links.a * np.int64(n) + links.b
    wanted = np.minimum(one, other) * np.int64(n) + np.maximum(one, other)
    position = np.searchsorted(key, wanted, side="left")
    inside = np.minimum(position, max(len(key) - 1, 0))
    if len(wanted) and (not len(key) or bool((key[inside] != wanted).any())):
        raise AssertionError("a subject has no measured link to its king")
    return np.asarray(position, np.int64)


def verdict_table(
    features: pa.Table,
    faults: Sequence[tuple[str, str] | None],
    quality: Judgement,
    flags: Sequence[Sequence[str]],
    duplicates: Duplicates,
) -> pa.Table:
    """The table of ``records.VERDICTS``.

    Args:
        features: n rows in canonical order, columns of ``records.FEATURES``.
        faults: error kind and detail of rows that could not be used.
        quality: reason, score and threshold of tier 1.
        flags: observations of each row.
        duplicates: outcome of tiers 2 and 3.
    """
    n = features.num_rows
    king, rows = duplicates.king, np.arange(n)
    fault = np.array([f is not None for f in faults], np.bool_)
    poor = quality.dropped & ~fault
    subject = king != rows
    verdict = np.full(n, str(Verdict.KEEP), object)
    verdict[poor | subject] = str(Verdict.DROP)
    verdict[fault] = str(Verdict.ERROR)
    _assert_proven(verdict, subject, fault | poor, duplicates)

    tier = np.full(n, None, object)
    reason = np.full(n, None, object)
    score, threshold = np.full(n, np.nan), np.full(n, np.nan)
    tier[poor], reason[poor] = str(Tier.QUALITY), quality.reason[poor]
    score[poor], threshold[poor] = quality.score[poor], quality.threshold[poor]
    for number, name in enumerate(TIER_ORDER):
        at = duplicates.tier == number
        tier[at], reason[at] = str(name), REASONS[name]
        score[at] = duplicates.score[at]
        threshold[at] = duplicates.thresholds.get(name, np.nan)
    for row, cause in enumerate(faults):
        if cause is not None:
            reason[row] = cause[0]

    group = _groups(king, subject)
    paths, roots = (features[name].to_numpy(zero_copy_only=False) for name in ("path", "root"))
    raw_paths = features["path_bytes"].to_numpy(zero_copy_only=False)

    def of_king(values: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
        named = values[king]
        named[~subject] = None
        return named

    def nullable(values: npt.NDArray[np.float64]) -> pa.Array:
        return pa.array(values, pa.float64(), mask=np.isnan(values))

    columns: dict[str, object] = {name: features[name] for name in VERDICTS.names if name in features.column_names}
    columns |= {
        "verdict": verdict,
        "tier": tier,
        "reason": reason,
        "king": of_king(paths),
        "king_root": of_king(roots),
        "king_path_bytes": of_king(raw_paths),
        "score": nullable(score),
        "threshold": nullable(threshold),
        "group": pa.array(group, pa.int64(), mask=group < 0),
        "flags": [list(names) for names in flags],
        "dhash": _hex(features["dhash"]),
        "phash": _hex(features["phash"]),
        "error_detail": [f[1] if f else None for f in faults],
    }
    arrays = [
        value.cast(field.type) if isinstance(value, pa.ChunkedArray) else pa.array(value, field.type)
        for field, value in ((field, columns[field.name]) for field in VERDICTS)
    ]
    return pa.Table.from_arrays([_one_chunk(a) for a in arrays], schema=VERDICTS)


def observed_flags(
    stock: Inventory, checks: Sequence[Sequence[str]], protected: npt.NDArray[np.bool_]
) -> list[list[str]]:
    """Flags of each row, sorted: what the decoder saw, what tier 1 saw, and what the file system says."""
    flags = []
    measured = stock.features["flags"].to_pylist()
    formats = stock.features["format"].to_pylist()
    for file, seen, met, kind, safe in zip(stock.files, measured, checks, formats, protected.tolist(), strict=True):
        names = [*seen, *met]
        if safe:
            names.append("protected")
        if file.links > 1:
            names.append("hardlink")
        if kind is not None and not suffix_fits(file.path, kind):
            names.append("suffix_mismatch")
        flags.append(sorted(set(names)) if names else names)
    return flags


def link_table(links: Links) -> pa.Table:
    """The table of ``records.LINKS``."""
    names = np.array([str(tier) for tier in TIER_ORDER], object)
    return pa.table({"a": links.a, "b": links.b, "tier": names[links.tier], "score": links.score}, schema=LINKS)


def _assert_proven(
    verdict: npt.NDArray[np.object_],
    subject: npt.NDArray[np.bool_],
    unusable: npt.NDArray[np.bool_],
    duplicates: Duplicates,
) -> None:
    """Every dropped duplicate names a kept image to which a link within the bound was measured directly."""
    kings = duplicates.king[subject]
    if bool((verdict[kings] != str(Verdict.KEEP)).any()):
        raise AssertionError("a king is not kept")
    if bool((unusable & subject).any()):
        raise AssertionError("an image that failed an earlier tier was compared in a later one")
    tier, score = duplicates.tier[subject], duplicates.score[subject]
    if bool((tier < 0).any()):
        raise AssertionError("a subject has no tier")
    bound = np.array([duplicates.thresholds.get(name, np.nan) for name in TIER_ORDER])[tier]
    distance = tier == TIER_ORDER.index(Tier.PERCEPTUAL)
    if not bool(np.where(distance, score <= bound, score >= bound).all()):
        raise AssertionError("a link misses its threshold")


def _groups(king: Rows, subject: npt.NDArray[np.bool_]) -> Rows:
    """Number of the group of each row, in the order of kings; -1 for images without duplicates."""
    kings = np.unique(king[subject])
    group = np.full(len(king), -1, np.int64)
    number = np.searchsorted(kings, king)
    member = subject.copy()
    member[kings] = True
    group[member] = number[member]
    return group


def _hex(codes: pa.ChunkedArray) -> pa.Array:
    return pa.array([None if code is None else f"{code:016x}" for code in codes.to_pylist()], pa.string())


def _one_chunk(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
