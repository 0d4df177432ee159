"""Verdicts: one row per file from what the tiers found. The invariant of the project is asserted here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.features.quality import QualityChecks
from rfdedup.imaging.suffix import suffix_fits
from rfdedup.keepers.confirmed import Compared, proposed_by_hash
from rfdedup.model.evidence import Kind, fields_of, swapped
from rfdedup.model.image_set import ImageSet
from rfdedup.model.item_table import ItemTable
from rfdedup.model.links import TIER_ORDER, Links
from rfdedup.model.schemas import EVIDENCE, EVIDENCE_FIELDS, LINKS, MEANING, VERDICTS, Tier, Verdict
from rfdedup.neighbors.local_match import LEAST_AGREEING

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SEMANTIC = TIER_ORDER.index(Tier.SEMANTIC)
PARTS: Final = "parts"
"""Reason of a drop that local features proposed, where the embeddings of the whole pictures are not alike."""
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
        same: (n,) object, ``copy``, ``moment`` or ``meaning`` for subjects, else None.
        compared: (n,) int64, place in the compared pairs of the comparison that decided; -1 for others.
        agreeing: (n,) uint8, local features that agree, where these alone proposed the pair; else 0.
    """

    king: Rows
    tier: npt.NDArray[np.int8]
    score: npt.NDArray[np.float64]
    thresholds: dict[Tier, float]
    same: npt.NDArray[np.object_]
    compared: Rows
    agreeing: npt.NDArray[np.uint8]


def settle(
    king: Rows,
    representative: Rows,
    links: Links,
    protected: npt.NDArray[np.bool_],
    thresholds: dict[Tier, float],
    compared: Compared | None = None,
) -> Duplicates:
    """Give every subject the link that proves it.

    Args:
        king: (n,) the king of each representative, from ``crown``.
        representative: (n,) the row with the same bytes that was compared in this row's place; itself for most.
        links: all links between representatives.
        protected: (n,) rows that stay whatever they duplicate.
        thresholds: bound of each tier.
        compared: the pairs that comparisons confirmed, where pictures were compared.
    """
    n = len(king)
    rows = np.arange(n)
    final_king = king[representative]
    final_king = np.where(protected, rows, final_king)
    # a copy with the same bytes as its king is proved by SHA-256, otherwise by the link of its representative
    same_bytes = (final_king == representative) & (final_king != rows)
    linked = (final_king != rows) & ~same_bytes
    tier = np.full(n, -1, np.int8)
    score = np.full(n, np.nan)
    tier[same_bytes], score[same_bytes] = TIER_ORDER.index(Tier.EXACT), EXACT_SCORE
    at = np.flatnonzero(linked)
    link = _find(links, representative[at], final_king[at], n)
    tier[at], score[at] = links.tier[link], links.score[link]
    same = np.full(n, None, object)
    same[same_bytes] = str(Kind.COPY)
    place, agreeing = np.full(n, -1), np.zeros(n, np.uint8)
    if compared is None:
        same[at] = MEANING
    else:
        place[at] = compared.find(representative[at], final_king[at])
        same[at] = compared.kinds()[place[at]]
        agreeing[at] = compared.pairs.agreeing[place[at]]
        agreeing[~((tier == _SEMANTIC) & (score < thresholds.get(Tier.SEMANTIC, 0.0)))] = 0
    return Duplicates(final_king, tier, score, {Tier.EXACT: EXACT_SCORE, **thresholds}, same, place, agreeing)


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
    quality: QualityChecks,
    flags: pa.Array,
    duplicates: Duplicates,
) -> pa.Table:
    """The table of ``schemas.VERDICTS``.

    Args:
        features: n rows in canonical order, columns of ``schemas.FEATURES``.
        faults: error kind and detail of rows that could not be used.
        quality: reason, score and threshold of tier 1.
        flags: observations of each row, lists of strings.
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
    parts = duplicates.agreeing > 0
    reason[parts], score[parts], threshold[parts] = PARTS, duplicates.agreeing[parts], LEAST_AGREEING
    for row, cause in enumerate(faults):
        if cause is not None:
            reason[row] = cause[0]

    group = _groups(king, subject)
    final_king = pa.array(king, mask=~subject)

    def nullable(values: npt.NDArray[np.float64]) -> pa.Array:
        return pa.array(values, pa.float64(), mask=np.isnan(values))

    columns: dict[str, object] = {name: features[name] for name in VERDICTS.names if name in features.column_names}
    columns |= {
        "verdict": verdict,
        "tier": tier,
        "reason": reason,
        "king": features["path"].take(final_king),
        "king_root": features["root"].take(final_king),
        "king_path_bytes": features["path_bytes"].take(final_king),
        "king_row": final_king,
        "same": duplicates.same,
        "score": nullable(score),
        "threshold": nullable(threshold),
        "group": pa.array(group, pa.int64(), mask=group < 0),
        "flags": flags,
        "dhash": _hex(features["dhash"]),
        "phash": _hex(features["phash"]),
        "error_detail": [f[1] if f else None for f in faults],
    }
    arrays = [
        value.cast(field.type) if isinstance(value, pa.Array | pa.ChunkedArray) else pa.array(value, field.type)
        for field, value in ((field, columns[field.name]) for field in VERDICTS)
    ]
    # what is taken over as it is stays in the pieces it has: a copy of all would take as much again
    return pa.Table.from_arrays(arrays, schema=VERDICTS)


def observed_flags(image_set: ImageSet, checks: dict[str, Mask], protected: Mask) -> pa.Array:
    """Flags of each row, sorted lists of strings: what the decoder saw, what tier 1 saw, what the file system says.

    Args:
        image_set: n files with their features.
        checks: (n,) bool for each check of tier 1 that only flags.
        protected: (n,) bool.
    """
    seen = image_set.features["flags"].combine_chunks()
    linked = ItemTable.of(image_set.files).links > 1
    misnamed = _misnamed(image_set.features["path"], image_set.features["format"])
    masks = {**checks, "protected": protected, "hardlink": linked, "suffix_mismatch": misnamed}
    inside, parents = pc.list_flatten(seen), pc.list_parent_indices(seen)
    names = sorted({*masks, *inside.unique().to_pylist()})
    rows, which = [parents.to_numpy()], [pc.index_in(inside, pa.array(names, pa.string())).to_numpy()]
    for name, mask in masks.items():
        rows.append(np.flatnonzero(mask))
        which.append(np.full(len(rows[-1]), names.index(name)))
    key = np.unique(np.concatenate(rows).astype(np.int64) * len(names) + np.concatenate(which))
    starts = np.searchsorted(key, np.arange(len(image_set.files) + 1) * len(names)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(starts), pa.array(names, pa.string()).take(pa.array(key % len(names))))


def _misnamed(paths: pa.ChunkedArray, formats: pa.ChunkedArray) -> Mask:
    """Which names have a suffix of another format than was found, (n,) bool. There are few suffixes."""
    suffixes = pc.fill_null(pc.struct_field(pc.extract_regex(paths, r"(?P<suffix>\.[^./]*)$"), "suffix"), "")
    pair = pc.binary_join_element_wise(suffixes, formats, "/").combine_chunks().dictionary_encode()
    wrong = [not suffix_fits(f"x{suffix}", kind) for suffix, kind in (both.split("/") for both in _texts(pair))]
    code = pair.indices.fill_null(len(wrong)).to_numpy(zero_copy_only=False)
    return np.asarray(np.array([*wrong, False], np.bool_)[code])


def _texts(values: pa.DictionaryArray) -> list[str]:
    texts: list[str] = values.dictionary.to_pylist()
    return texts


def link_table(links: Links, compared: Compared | None = None) -> pa.Table:
    """The table of ``schemas.LINKS``.

    Args:
        links: what is written. compared: the comparisons that confirmed them, where pictures were compared.
    """
    names = np.array([str(tier) for tier in TIER_ORDER], object)
    same = np.full(len(links), MEANING, object)
    if compared is not None:
        at = compared.find(links.a, links.b)
        same[at >= 0] = compared.kinds()[at[at >= 0]]
    same[links.tier == TIER_ORDER.index(Tier.EXACT)] = str(Kind.COPY)
    columns = {"a": links.a, "b": links.b, "tier": names[links.tier], "score": links.score, "same": same}
    return pa.table(columns, schema=LINKS)


def evidence_table(duplicates: Duplicates, representative: Rows, compared: Compared | None) -> pa.Table:
    """The table of ``schemas.EVIDENCE``: what each drop that is not identical rests on, by row."""
    if compared is None:
        return EVIDENCE.empty_table()
    by_hash = proposed_by_hash(compared.pairs)
    rows = []
    for row in np.flatnonzero(duplicates.compared >= 0).tolist():
        at = int(duplicates.compared[row])
        found = compared.evidence[at]
        if found is None:
            raise AssertionError("a subject has no evidence")
        king = int(duplicates.king[row])
        # evidence is kept with the lower row as subject
        mine = found if int(representative[row]) == int(compared.pairs.a[at]) else swapped(found)
        bits, cosine = int(compared.pairs.bits[at]), float(compared.pairs.cosine[at])
        facts = {
            "row": row,
            "king_row": king,
            "same": str(duplicates.same[row]),
            "crowd": found.kind_in_series != found.kind,
            "proposed_by": "parts" if duplicates.agreeing[row] else _proposer(compared, at, bool(by_hash[at])),
            "proposal_score": float(bits) if by_hash[at] else float(duplicates.agreeing[row]) or cosine,
        }
        measured = fields_of(mine)
        facts["others"] = compared.others.get(int(representative[row]))
        rows.append({**facts, **{field.name: measured[field.name] for field in EVIDENCE_FIELDS}})
    return pa.Table.from_pylist(rows, schema=EVIDENCE)


def _proposer(compared: Compared, at: int, by_hash: bool) -> str:
    if not by_hash:
        return "embeddings"
    return "turned hashes" if compared.pairs.turned[at] else "hashes"


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
    parts = duplicates.agreeing[subject]
    enough = np.where(parts > 0, parts >= LEAST_AGREEING, np.where(distance, score <= bound, score >= bound))
    if not bool(enough.all()):
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
    """Each code as 16 hexadecimal digits."""
    whole = codes.combine_chunks()
    bytes_ = whole.fill_null(0).to_numpy(zero_copy_only=False).astype(">u8").view(np.uint8)
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)[np.stack([bytes_ >> 4, bytes_ & 15], axis=1)]
    ends = np.arange(len(whole) + 1, dtype=np.int32) * 16
    text = pa.StringArray.from_buffers(len(whole), pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(digits)))
    return pc.if_else(whole.is_valid(), text, None)
