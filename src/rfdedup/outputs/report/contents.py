"""What the report shows, computed from the tables of a run. Pure: tables in, plain values out.

Everything that grows with the number of images is counted with arrays; only the rows that the page will show become
Python objects, and ``PageLimits`` bounds those.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.features.heavy_bounds import heavy_bounds
from rfdedup.model.schemas import EVIDENCE, MEANING, Tier, Verdict
from rfdedup.model.text import printable
from rfdedup.outputs.report.certainty import certainties
from rfdedup.outputs.report.sentences import compared
from rfdedup.storage.run_folder import sameness

_CONFIG_TIER = {Tier.QUALITY: "quality", Tier.EXACT: "hash", Tier.PERCEPTUAL: "hash", Tier.SEMANTIC: "semantic"}
_BINS = 48

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PageLimits:
    """How much of a run the page holds. The tables of the run folder hold all of it."""

    groups: int = 2_000
    subjects_of_a_group: int = 24
    quality_drops: int = 1_000
    errors: int = 500


def contents(
    verdicts: pa.Table, links: pa.Table, info: dict[str, Any], limits: PageLimits, evidence: pa.Table | None = None
) -> dict[str, Any]:
    """Everything that the page shows except the previews, as JSON-able values.

    Args:
        verdicts: columns of ``schemas.VERDICTS``.
        links: columns of ``schemas.LINKS``.
        info: ``run.json``.
        limits: how many groups, drops and errors become rows of the page.
        evidence: columns of ``schemas.EVIDENCE``; None for runs that compared no pictures.

    Returns:
        A dict; images appear in it as lists in the order of ``image_fields``.
    """
    config = info.get("config") or {}
    proofs = EVIDENCE.empty_table() if evidence is None else evidence
    sure = certainties(verdicts, proofs)
    counted = _counted(verdicts)
    several_roots = pc.count_distinct(verdicts["root"]).as_py() > 1
    group_rows, groups = _groups(verdicts, sure, limits)
    quality_rows, quality_total = _quality_drops(verdicts, sure, limits)
    error_rows = np.flatnonzero(_equal(verdicts, "verdict", Verdict.ERROR))
    shown = np.unique(np.concatenate([group_rows, quality_rows, error_rows[: limits.errors]]))
    images = _images(verdicts, proofs, shown, with_root=several_roots)
    for group in groups["items"]:
        group["king"] = images[group["king"]]
        group["subjects"] = [images[row] for row in group["subjects"]]
    return {
        "same": sameness(info),
        "kinds": _kinds(verdicts),
        "counts": {
            "images": verdicts.num_rows,
            "kept": counted[str(Verdict.KEEP)],
            "dropped": counted[str(Verdict.DROP)],
            "errors": counted[str(Verdict.ERROR)],
        },
        "bytes": {
            "all": int(pc.sum(verdicts["bytes"]).as_py() or 0),
            "dropped": _bytes_of(verdicts, Verdict.DROP),
        },
        "tiers": _tiers(verdicts, config),
        "heavy": _heavy(verdicts, config.get("quality") or {}),
        "errors_by_kind": _reasons(verdicts, Verdict.ERROR, None),
        "flags": _flags(verdicts),
        "histograms": _histograms(verdicts, links, info),
        "groups": groups,
        "quality": {"total": quality_total, "items": [images[row] for row in quality_rows.tolist()]},
        "errors": {
            "total": int(error_rows.size),
            "items": [images[row] for row in error_rows[: limits.errors].tolist()],
        },
    }


image_fields = (
    *("row", "path", "width", "height", "bytes", "tier", "reason", "score", "threshold", "detail"),
    *("same", "says"),
)
"""Order of the values of one image in ``contents``. ``path`` is escaped for display; ``says``: ``sentences.parts``."""


_FIRST = 4
"""Subjects of each group whose previews come before those of longer groups."""


def shown_rows(page: dict[str, Any]) -> Rows:
    """Verdict rows of all images on the page that have a preview of their own, those that deserve a look first.

    An exact copy looks like its king, so it needs none.
    """
    order: dict[int, None] = {}
    groups = [
        [group["king"][0], *(image[0] for image in group["subjects"] if image[5] != Tier.EXACT)]
        for group in page["groups"]["items"]
    ]
    quality = [image[0] for image in page["quality"]["items"]]
    for rows in (*(rows[: 1 + _FIRST] for rows in groups), quality, *(rows[1 + _FIRST :] for rows in groups)):
        order.update(dict.fromkeys(rows))
    return np.fromiter(order, np.int64, len(order))


def shown_drops(page: dict[str, Any]) -> list[int]:
    """Verdict rows of all drops on the page that rest on a comparison, the least certain group first."""
    return [image[0] for group in page["groups"]["items"] for image in group["subjects"] if image[11] is not None]


def _column(table: pa.Table, name: str) -> npt.NDArray[Any]:
    return table[name].to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _numbers(table: pa.Table, name: str) -> Floats:
    return np.asarray(_column(table, name), dtype=np.float64)


def _equal(table: pa.Table, name: str, value: str) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(pc.equal(table[name], str(value)), False).to_numpy(zero_copy_only=False), dtype=bool)


def _counted(verdicts: pa.Table) -> Counter[str]:
    return Counter({str(e["values"]): e["counts"] for e in pc.value_counts(verdicts["verdict"]).to_pylist()})


def _bytes_of(verdicts: pa.Table, verdict: Verdict) -> int:
    return int(pc.sum(verdicts["bytes"].filter(pc.equal(verdicts["verdict"], str(verdict)))).as_py() or 0)


def _reasons(verdicts: pa.Table, verdict: Verdict, tier: Tier | None) -> list[tuple[str, int]]:
    mask = pc.equal(verdicts["verdict"], str(verdict))
    if tier is not None:
        mask = pc.and_(mask, pc.equal(verdicts["tier"], str(tier)))
    counted = pc.value_counts(verdicts["reason"].filter(mask)).to_pylist()
    return sorted(((str(e["values"]), int(e["counts"])) for e in counted), key=lambda item: (-item[1], item[0]))


def _heavy(verdicts: pa.Table, quality: dict[str, Any]) -> list[dict[str, Any]]:
    drops = dict(_reasons(verdicts, Verdict.DROP, Tier.QUALITY))
    return [
        {"check": told.check, "count": told.count, "images": told.images, "options": list(told.options)}
        for told in heavy_bounds(drops, verdicts.num_rows, quality)
    ]


def _flags(verdicts: pa.Table) -> list[tuple[str, int]]:
    counted = pc.value_counts(pc.list_flatten(verdicts["flags"])).to_pylist()
    return sorted(((str(e["values"]), int(e["counts"])) for e in counted), key=lambda item: (-item[1], item[0]))


def _tiers(verdicts: pa.Table, config: dict[str, Any]) -> list[dict[str, Any]]:
    """Each tier with the images that came in, fell and went on; the errors fell before the first."""
    asked = config.get("tiers") or sorted(set(_CONFIG_TIER.values()))
    hashing = config.get("hash") or {}
    remaining = verdicts.num_rows - int(_equal(verdicts, "verdict", Verdict.ERROR).sum())
    out = []
    for tier in Tier:
        reasons = _reasons(verdicts, Verdict.DROP, tier)
        dropped = sum(count for _, count in reasons)
        ran = _CONFIG_TIER[tier] in asked and hashing.get(str(tier), True)
        out.append(
            {
                "tier": str(tier),
                "ran": bool(ran),
                "in": remaining,
                "dropped": dropped,
                "out": remaining - dropped,
                "reasons": reasons,
            }
        )
        remaining -= dropped
    return out


def _histograms(verdicts: pa.Table, links: pa.Table, info: dict[str, Any]) -> list[dict[str, Any]]:
    config = info.get("config") or {}
    quality = config.get("quality") or {}
    semantic = links.filter(pc.equal(links["tier"], str(Tier.SEMANTIC)))
    hashed = links.filter(pc.equal(links["tier"], str(Tier.PERCEPTUAL)))
    similarity = _numbers(semantic, "score")
    threshold = (info.get("encoder") or {}).get("threshold")
    cosine = "cosine" if sameness(info) == MEANING else "proposed"
    charts = [
        *_judged_charts(verdicts, classic=quality.get("rule") != "information"),
        _histogram("similarity", similarity, low=float(similarity.min()) if similarity.size else 0.0, high=1.0),
        _histogram("distance", _numbers(hashed, "score"), whole=True),
    ]
    bounds = {
        "sharpness": [("blurry", quality.get("blurry"), "below")],
        "brightness": [("dark", quality.get("dark"), "below"), ("bright", quality.get("bright"), "above")],
        "crispness": [("blurry", quality.get("blurry"), "below")],
        "light": [("dark", quality.get("dark"), "below")],
        "shade": [("bright", quality.get("bright"), "above")],
        "similarity": [(cosine, threshold, "above")],
        "distance": [("hash", (config.get("hash") or {}).get("radius"), "below")],
    }
    for chart in charts:
        chart["bounds"] = [
            {"name": name, "value": float(value), "drops": drops}
            for name, value, drops in bounds[chart["name"]]
            if value is not None
        ]
    return [chart for chart in charts if chart["total"]]


def _judged_charts(verdicts: pa.Table, *, classic: bool) -> list[dict[str, Any]]:
    """Histograms of what decided in tier 1."""
    if classic:
        return [
            _log_histogram("sharpness", _numbers(verdicts, "sharpness")),
            _histogram("brightness", _numbers(verdicts, "brightness"), low=0.0, high=255.0),
        ]
    return [
        _log_histogram("crispness", _numbers(verdicts, "crispness"), least=0.001),
        _histogram("light", _numbers(verdicts, "light"), low=0.0, high=255.0),
        _histogram("shade", _numbers(verdicts, "shade"), low=0.0, high=255.0),
    ]


def _log_histogram(name: str, values: Floats, least: float = 0.1) -> dict[str, Any]:
    """Histogram of the base-10 logarithm over whole decades; values below ``least`` are counted there."""
    powers = np.log10(np.maximum(values[np.isfinite(values)], least))
    low, high = (np.floor(powers.min()), np.ceil(powers.max())) if powers.size else (0.0, 1.0)
    return _histogram(name, powers, scale="log", low=float(low), high=float(high))


def _histogram(
    name: str,
    values: Floats,
    *,
    scale: str = "linear",
    low: float | None = None,
    high: float | None = None,
    whole: bool = False,
) -> dict[str, Any]:
    values = values[np.isfinite(values)]
    low = float(values.min()) if low is None and values.size else low or 0.0
    high = float(values.max()) if high is None and values.size else high or 1.0
    if whole:
        edges = np.arange(np.floor(low), np.floor(high) + 2) - 0.5
    else:
        edges = np.linspace(low, high if high > low else low + 1.0, _BINS + 1)
    counts, _ = np.histogram(values, bins=edges)
    return {
        "name": name,
        "scale": scale,
        "total": int(values.size),
        "edges": [round(float(edge), 6) for edge in edges],
        "counts": counts.tolist(),
    }


def _groups(verdicts: pa.Table, sure: Floats, limits: PageLimits) -> tuple[Rows, dict[str, Any]]:
    """Groups with the least certain drop first: rows on the page, and the groups with rows in place of images."""
    group = np.asarray(pc.fill_null(verdicts["group"], -1).to_numpy(zero_copy_only=False), dtype=np.int64)
    members = np.flatnonzero(group >= 0)
    # king first, then subjects, group after group
    is_subject = _equal(verdicts, "verdict", Verdict.DROP)[members]
    members = members[np.lexsort((members, is_subject, group[members]))]
    starts = np.flatnonzero(np.diff(group[members], prepend=-1)) if members.size else np.empty(0, np.int64)
    sizes = np.diff(np.append(starts, members.size))
    whole = np.flatnonzero(sizes > 1)
    if not whole.size:
        return np.empty(0, np.int64), {"total": 0, "members": 0, "items": []}
    margin = sure[members]
    closest = np.minimum.reduceat(margin, starts)
    order = whole[np.lexsort((whole, closest[whole]))][: limits.groups]
    items: list[dict[str, Any]] = []
    rows: list[int] = []
    for number in order.tolist():
        begin, size = int(starts[number]), int(sizes[number])
        king, subjects = int(members[begin]), members[begin + 1 : begin + size]
        ranked = np.argsort(margin[begin + 1 : begin + size], kind="stable")[: limits.subjects_of_a_group]
        listed = subjects[ranked].tolist()
        items.append(
            {
                "number": int(group[king]),
                "king": king,
                "subjects": listed,
                "size": size - 1,
                "margin": round(float(closest[number]), 4),
            }
        )
        rows.extend([king, *listed])
    return np.asarray(rows, np.int64), {
        "total": int(whole.size),
        "members": int(sizes[whole].sum()),
        "items": items,
    }


def _quality_drops(verdicts: pa.Table, sure: Floats, limits: PageLimits) -> tuple[Rows, int]:
    """Quality drops closest to their threshold first, an equal share for each reason."""
    rows = np.flatnonzero(_equal(verdicts, "tier", Tier.QUALITY) & _equal(verdicts, "verdict", Verdict.DROP))
    if not rows.size:
        return rows.astype(np.int64), 0
    reason = _column(verdicts.select(["reason"]).take(rows), "reason").astype(str)
    margin = sure[rows]
    kinds = np.unique(reason)
    share = -(-limits.quality_drops // len(kinds))
    chosen = []
    for kind in kinds:
        at = np.flatnonzero(reason == kind)
        chosen.append(rows[at[np.argsort(margin[at], kind="stable")[:share]]])
    return np.concatenate(chosen).astype(np.int64), int(rows.size)


def _kinds(verdicts: pa.Table) -> dict[str, int]:
    """How many drops are copies, of one moment, or alike by their meaning; runs of older versions say nothing."""
    counted = pc.value_counts(verdicts["same"].drop_null()).to_pylist()
    return {str(entry["values"]): int(entry["counts"]) for entry in sorted(counted, key=lambda e: str(e["values"]))}


def _images(verdicts: pa.Table, evidence: pa.Table, rows: Rows, *, with_root: bool) -> dict[int, list[Any]]:
    columns = [
        "root",
        "path_bytes",
        "width",
        "height",
        "bytes",
        "tier",
        "reason",
        "score",
        "threshold",
        "error_detail",
        "same",
    ]
    said = compared(evidence.filter(pc.is_in(evidence["row"], pa.array(rows, pa.int64()))), verdicts)
    out: dict[int, list[Any]] = {}
    for row, image in zip(rows.tolist(), verdicts.select(columns).take(rows).to_pylist(), strict=True):
        path = os.fsdecode(image["path_bytes"])
        if with_root:
            path = f"{image['root'].rstrip('/')}/{path}" if path else image["root"]
        out[row] = [
            row,
            printable(path or image["root"]),
            *(image[name] for name in ("width", "height", "bytes", "tier", "reason")),
            _rounded(image["score"]),
            _rounded(image["threshold"]),
            None if image["error_detail"] is None else printable(image["error_detail"]),
            image["same"],
            said[row][1] if row in said else None,
        ]
    return out


def _rounded(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(value, 4)
