"""Why an image was kept or dropped, and why two are or are not held for the same: every tier, every bound."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.features.quality import CHECKED, looked_at
from rfdedup.keepers.constraints import Constraints, constraints
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError, InputError, RfdedupError, RunFolderError
from rfdedup.model.evidence import Evidence
from rfdedup.model.links import TIER_ORDER
from rfdedup.model.schemas import FEATURES, TABLE_ERRORS, Tier
from rfdedup.model.text import printable
from rfdedup.outputs.alike import AlikeSearch
from rfdedup.outputs.report.notebook import Cell, cells_html
from rfdedup.outputs.report.sentences import told
from rfdedup.outputs.review.pair_evidence import PairEvidence
from rfdedup.outputs.review.row_names import row_named
from rfdedup.outputs.review.snapshot import DROP, ERROR, KEEP, VERDICT_ORDER, Snapshot
from rfdedup.stages.compare import comparison_key
from rfdedup.storage.comparisons import ComparisonStore
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.feature_store import ROWS_FILE
from rfdedup.storage.files import ARRAY_ERRORS
from rfdedup.storage.shard_files import LIGHT_COLUMNS
from rfdedup.storage.tables import map_array, open_table

Rows = npt.NDArray[np.int64]

_ABOVE: Final = frozenset({"bright", "odd_aspect"})
_YES_OR_NO: Final = frozenset({"animated"})
_LISTED: Final = 8
_NUMBERS: Final = {
    "inliers": "keypoints that agree",
    "overlap": "share compared",
    "matched": "share unchanged",
    "changed_area": "largest change in pixels",
    "changed_share": "as a share",
    "side": "who shows more",
    "colour_changed": "hue changed",
    "mirrored": "mirrored",
    "transform": "transform",
    "resolution": "compared at pixels",
    "reason": "reason",
}
_KINDS: Final = {
    "copy": "a copy",
    "moment": "the same moment",
    "meaning": "alike; nobody compared the pictures",
    "different": "different",
    "identical": "identical",
}


@dataclass(repr=False)
class Explanation:
    """Lines for people, and the same as plain values."""

    lines: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    pictures: list[Cell] = field(default_factory=list, compare=False)
    """Those that it speaks of, for notebooks."""

    def __repr__(self) -> str:
        return "\n".join(self.lines)

    def _repr_html_(self) -> str:
        title, *rest = self.lines or [""]
        return cells_html(title, self.pictures, text="\n".join(rest))


class Explainer:
    """Explains rows of a finished run.

    Raises:
        RunFolderError: the run is not finished or damaged.
        ConfigError: it was made with a configuration that this version does not know.
    """

    def __init__(self, run: Path) -> None:
        self.snapshot = Snapshot(run)
        self._config: RunConfig = self.snapshot.config
        self._demands: Constraints = constraints(DecisionLog(run).decisions(), self.snapshot.table)
        self._pair_evidence = PairEvidence(self.snapshot)

    def image(self, row: int) -> Explanation:
        """Why one image was kept or dropped."""
        snapshot, facts = self.snapshot, self._facts(row)
        out = Explanation()
        verdict = str(VERDICT_ORDER[snapshot.verdict[row]])
        out.facts = {
            **{name: facts[name] for name in ("verdict", "tier", "reason", "score", "threshold", "same", "flags")},
            "path": self._path(row),
            "king": self._path(int(snapshot.king[row])) if snapshot.verdict[row] == DROP and facts["king"] else None,
        }
        word = {"keep": "kept", "drop": "dropped", "error": "neither kept nor dropped"}[verdict]
        out.lines.append(f"{self._path(row)}: {word}")
        if snapshot.verdict[row] == ERROR:
            out.lines.append(f"  it could not be read: {facts['reason']}, {printable(facts['error_detail'] or '')}")
            return out
        self._say_verdict(out, row, facts)
        self._say_decisions(out, row)
        self._say_quality(out, row, facts)
        self._say_duplicates(out, row, facts)
        return out

    def pair(self, one: int, other: int) -> Explanation:
        """Why two images are, or are not, held for the same. The first is looked at as the subject."""
        snapshot = self.snapshot
        facts = {row: self._facts(row) for row in (one, other)}
        turned = snapshot.king[other] == one and snapshot.verdict[other] == DROP
        king, subject = (one, other) if turned else (other, one)
        out = Explanation(facts={"subject": self._path(subject), "king": self._path(king)})
        out.lines.append(f"{self._path(subject)} and {self._path(king)}")
        dropped_for = snapshot.verdict[subject] == DROP and snapshot.king[subject] == king
        out.facts["dropped_for"] = bool(dropped_for)
        out.lines.append(f"  the first is {'dropped for the second' if dropped_for else 'not dropped for the second'}")
        for row in (subject, king):
            state = str(VERDICT_ORDER[snapshot.verdict[row]])
            reason = f", {facts[row]['tier']}: {facts[row]['reason']}" if facts[row]["reason"] else ""
            if snapshot.verdict[row] == DROP and snapshot.king[row] >= 0:
                reason += f", for {self._path(int(snapshot.king[row]))}"
            out.lines.append(f"  {self._path(row)}: {state}{reason}")
        if self._are_apart(one, other):
            out.lines.append("  a reviewer said that they are no duplicates")
        if ERROR in (snapshot.verdict[one], snapshot.verdict[other]):
            out.lines.append("  what cannot be read is not compared")
            return out
        self._say_hashes(out, facts[subject], facts[king])
        at = np.flatnonzero((snapshot.links.a == min(one, other)) & (snapshot.links.b == max(one, other)))
        for i in at.tolist():
            tier, score = TIER_ORDER[snapshot.links.tier[i]], float(snapshot.links.score[i])
            unit = "bits" if tier == Tier.PERCEPTUAL else "cosine similarity" if tier == Tier.SEMANTIC else "same bytes"
            out.lines.append(f"  stored link, {tier}: {score:.5g} ({unit})")
        if not len(at):
            out.lines.append("  no link between them is stored")
        out.lines.append(f"  embeddings: {self._bound_of_tier_3()}; {self._similarity(out, one, other)}")
        try:
            found = self._pair_evidence.evidence(king, subject)
        except ImageError as error:
            out.lines.append(f"  the pictures cannot be compared now: {error}")
            return out
        out.facts["evidence"] = found
        self._say_evidence(out, found)
        return out

    def shown(self, told: Explanation, rows: Sequence[int]) -> Explanation:
        """The same with the small pictures of some rows, as far as there are any."""
        pictures: list[bytes | None] = [None] * len(rows)
        with suppress(RunFolderError):
            pictures = [self.snapshot.features.preview(row) for row in rows]
        told.pictures = [Cell([self._path(row)], jpeg) for row, jpeg in zip(rows, pictures, strict=True)]
        return told

    # ---- parts

    def _say_verdict(self, out: Explanation, row: int, facts: dict[str, Any]) -> None:
        snapshot = self.snapshot
        if snapshot.verdict[row] == KEEP:
            subjects = np.flatnonzero((snapshot.king == row) & (snapshot.verdict == DROP))
            if len(subjects):
                out.lines.append(f"  it stands for {len(subjects):,} dropped images (its subjects):")
                out.lines += [f"    {self._path(int(subject))}" for subject in subjects[:_LISTED]]
                if len(subjects) > _LISTED:
                    out.lines.append(f"    and {len(subjects) - _LISTED:,} more")
            else:
                out.lines.append("  no kept image was found the same")
            if "protected" in facts["flags"]:
                out.lines.append("  it is protected (--protect), so it is never dropped")
            return
        if facts["tier"] == Tier.QUALITY:
            out.lines.append(f"  tier 1 calls it {facts['reason']}{_versus(facts)}")
            return
        king = int(snapshot.king[row])
        out.lines.append(f"  for {self._path(king)}, which is kept")
        kind = "identical" if facts["tier"] == Tier.EXACT else facts["same"] or "meaning"
        out.lines.append(f"  it is to that image: {_KINDS.get(kind, kind)}")
        if facts["tier"] == Tier.EXACT:
            return
        if not snapshot.compares:
            out.lines.append(f"  decided by {facts['reason']}{_versus(facts)}")
            return
        out.lines.append(f"  proposed by {facts['reason']}{_versus(facts)}; the pictures then decided")
        found = snapshot.evidence_of(np.array([row]))
        if found.num_rows:
            evidence = self._pair_evidence.evidence(king, row)
            out.facts["evidence"] = evidence
            self._say_evidence(out, evidence)
            if found["crowd"][0].as_py():
                out.lines.append("  many images share this background, so a patch would have counted as content")

    def _say_decisions(self, out: Explanation, row: int) -> None:
        demands = self._demands
        said = [
            word
            for word, holds in (
                ("keep it", demands.keep[row]),
                ("drop it", demands.drop[row]),
                ("make it king", demands.preference[row] < demands.preference.max(initial=0)),
            )
            if holds
        ]
        if said:
            out.lines.append(f"  a reviewer said: {', '.join(said)}")
            out.facts["reviewer"] = said

    def _say_quality(self, out: Explanation, row: int, facts: dict[str, Any]) -> None:
        if "quality" not in self._config.tiers:
            out.lines.append("tier 1, quality: not run")
            return
        measured = self._measured(row, facts)
        checks = looked_at(measured, self._config.quality)
        out.lines.append("tier 1, quality:")
        out.facts["quality"] = {}
        for name, (hit, value, bound) in checks.items():
            effect = "drops" if name in self._config.quality.drop else "flags"
            if math.isnan(value):
                line = "not measured"
            elif name in _YES_OR_NO:
                line = f"{'yes' if value else 'no'} ({effect} if yes)"
            else:
                line = f"{value:.4g}, {effect} {'above' if name in _ABOVE else 'below'} {bound:g}"
            out.lines.append(f"  {name:<16} {line}{'  <- met' if hit else ''}")
            value_ = None if math.isnan(value) else value
            out.facts["quality"][name] = {"met": hit, "value": value_, "bound": bound, "effect": effect}
        names = [f.name for f in FEATURES if pa.types.is_floating(f.type)]
        values = {name: measured[name][0].as_py() for name in names}
        shown = ", ".join(f"{name} {value:.4g}" for name, value in values.items() if value is not None)
        if shown:
            out.lines.append(f"  measured: {shown}")

    def _say_duplicates(self, out: Explanation, row: int, facts: dict[str, Any]) -> None:
        snapshot = self.snapshot
        fell = facts["tier"] if snapshot.verdict[row] == DROP else None
        if fell == Tier.QUALITY:
            out.lines.append("tiers 2 and 3: not reached")
            return
        if "hash" in self._config.tiers:
            same = pc.equal(snapshot.table["sha256"], facts["sha256"]).to_numpy(zero_copy_only=False)
            twins = int(np.count_nonzero(same.astype(bool))) - 1
            out.lines.append(f"tier 2, hashes: SHA-256 {str(facts['sha256'])[:16]}…, {twins:,} other files identical")
            out.lines.append(
                f"  dHash {facts['dhash']}, pHash {facts['phash']}; pairs up to {self._config.hash.radius} bits apart "
                f"{'are compared' if snapshot.compares else 'and alike as thumbnails are duplicates'}"
            )
        else:
            out.lines.append("tier 2, hashes: not run")
        out.lines.append(f"tier 3, embeddings: {self._bound_of_tier_3()}")
        if snapshot.compares:
            self._say_others(out, row, str(facts["sha256"]))

    def _say_others(self, out: Explanation, row: int, sha256: str) -> None:
        """What else the image was compared with, the likest first."""
        snapshot = self.snapshot
        store = ComparisonStore(snapshot.run / "features", comparison_key(self._config))
        others = {
            (other if one == sha256 else one): found
            for (one, other), found in store.known.items()
            if sha256 in (one, other)
        }
        digests = snapshot.table["sha256"].combine_chunks()
        at = pc.index_in(pa.array(list(others), pa.string()), value_set=digests).to_pylist()
        here = [
            (other, found)
            for other, found in zip(at, others.values(), strict=True)
            if other is not None and other != snapshot.king[row]
        ]
        here.sort(key=lambda pair: (-_likeness(pair[1]), pair[0]))
        out.facts["compared_with"] = [{"path": self._path(other), "kind": str(found.kind)} for other, found in here]
        if not here:
            return
        out.lines.append(f"pictures: compared with {len(here):,} other images")
        for other, found in here[:_LISTED]:
            out.lines.append(
                f"  {self._path(other)}: {_KINDS[str(found.kind)]} ({found.reason}; unchanged {found.matched:.3g}, "
                f"largest change {100 * found.changed_share:.3g} %)"
            )
        if len(here) > _LISTED:
            out.lines.append(f"  and {len(here) - _LISTED:,} more")

    def _say_hashes(self, out: Explanation, one: dict[str, Any], other: dict[str, Any]) -> None:
        radius = self._config.hash.radius
        for name in ("dhash", "phash"):
            if one[name] is not None and other[name] is not None:
                bits = (int(one[name], 16) ^ int(other[name], 16)).bit_count()
                out.facts[f"{name}_bits"] = bits
                effect = "near enough to be proposed" if bits <= radius else "too far to be proposed by it"
                out.lines.append(f"  {name}: {bits} of 64 bits differ, the bound is {radius}: {effect}")

    def _say_evidence(self, out: Explanation, found: dict[str, Any]) -> None:
        source = {"run": "the run compared the pictures", "now": "compared now", "bytes": "same SHA-256"}[found["from"]]
        out.lines.append(f"  {source}: {_KINDS[found['kind']]}")
        out.lines.append(f"  {told(found['says'])}")
        for name, value in found["measured"].items():
            shown = ", ".join(f"{part:.5g}" for part in value) if isinstance(value, list) else value
            out.lines.append(f"    {_NUMBERS.get(name, name):<24} {shown}")
        if found["from"] == "now" and found["kind"] == "moment" and self.snapshot.same == "copy":
            out.lines.append("  with --same copy, pictures of one moment are not the same")

    def _bound_of_tier_3(self) -> str:
        encoder = self.snapshot.info.get("encoder")
        if not isinstance(encoder, dict):
            return "not run"
        what = "pairs are compared" if self.snapshot.compares else "pairs are duplicates"
        name = f"{encoder.get('name')}, {encoder.get('descriptor')}"
        return f"{name}; from cosine similarity {encoder['threshold']:g} {what}"

    def _similarity(self, out: Explanation, one: int, other: int) -> str:
        """The cosine similarity of two rows in words, where both were embedded."""
        snapshot = self.snapshot
        try:
            cosine = AlikeSearch(snapshot.run, snapshot.info, snapshot.features).similarity(one, other)
        except RfdedupError as error:
            return f"theirs cannot be told ({error})"
        out.facts["cosine"] = cosine
        return "not both were embedded" if cosine is None else f"theirs is {cosine:.4f}"

    def _are_apart(self, one: int, other: int) -> bool:
        pair = [min(one, other), max(one, other)]
        return bool((self._demands.apart == pair).all(axis=1).any())

    # ---- rows

    def _facts(self, row: int) -> dict[str, Any]:
        facts: dict[str, Any] = self.snapshot.table.slice(row, 1).to_pylist()[0]
        return facts

    def _measured(self, row: int, facts: dict[str, Any]) -> pa.Table:
        """What pass 1 measured of a row; what the verdicts hold of it where the features are gone."""
        schema = pa.schema([f.with_nullable(True) for f in FEATURES if f.name in LIGHT_COLUMNS])
        folder = self.snapshot.run / "features"
        try:
            number, at = map_array(folder / ROWS_FILE)[row, :2].tolist()
            with open_table(folder / f"metadata_{number:04d}.parquet") as file:
                known = file.read(columns=LIGHT_COLUMNS).slice(at, 1)
            if known.num_rows == 1:
                return known
        except (*ARRAY_ERRORS, *TABLE_ERRORS, IndexError):
            pass
        return pa.Table.from_pylist([{name: facts.get(name) for name in CHECKED}], schema=schema)

    def _path(self, row: int) -> str:
        return printable(os.fsdecode(self.snapshot.table["path_bytes"][row].as_py()))


def explain(run: str | os.PathLike[str], names: str | Sequence[str]) -> Explanation:
    """Why an image of a run was kept or dropped, or why two of them are or are not held for the same.

    Args:
        run: a finished run or its folder.
        names: one path or two, as in ``verdicts``, as they are here, or their ends.

    Raises:
        InputError: a path is no image of the run, or may be several.
        RfdedupError: the run folder cannot be used.
    """
    names = [names] if isinstance(names, str) else names
    if len(names) not in (1, 2):
        raise InputError(f"{len(names)} paths: name one image, or two")
    explainer = Explainer(Path(run))
    rows = [row_named(explainer.snapshot, name) for name in names]
    if len(rows) == 1:
        king = int(explainer.snapshot.king[rows[0]])
        shown = [rows[0], king] if king >= 0 and king != rows[0] else rows
        return explainer.shown(explainer.image(rows[0]), shown)
    if rows[0] == rows[1]:
        raise InputError(f"both paths name the same image, {printable(names[0])}")
    return explainer.shown(explainer.pair(rows[0], rows[1]), rows)


def _versus(facts: dict[str, Any]) -> str:
    score, bound = facts["score"], facts["threshold"]
    if score is None:
        return ""
    return f": {score:.5g}" + ("" if bound is None else f", the bound is {bound:g}")


def _likeness(found: Evidence) -> float:
    return found.overlap * found.matched
