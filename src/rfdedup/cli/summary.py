"""The table that ends a run."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
from rich.table import Table

from rfdedup.features.heavy_bounds import heavy_bounds
from rfdedup.model.schemas import MEANING
from rfdedup.outputs.apply.names import decode_text
from rfdedup.pipeline.results import Run

_KINDS = 5
"""Ways to get files read that are shown, the most frequent first."""

TIER_TITLES = {
    "quality": "1 quality",
    "exact": "2 exact",
    "perceptual": "2 perceptual",
    "semantic": "3 semantic",
}
KIND_NAMES = {"copy": "copies", "moment": "of the same moment"}


def summary_table(run: Run) -> Table:
    """Kept, dropped by tier and reason, errors by kind, and images per second by stage."""
    facts = run.summary()
    table = Table(title=f"{facts['images']:,} images", title_justify="left", show_edge=False, pad_edge=False)
    table.add_column("verdict")
    table.add_column("tier")
    table.add_column("reason")
    table.add_column("images", justify="right")
    table.add_column("share", justify="right")

    def add(verdict: str, tier: str, reason: str, count: int, style: str = "") -> None:
        share = f"{100 * count / max(facts['images'], 1):.1f} %"
        table.add_row(verdict, tier, reason, f"{count:,}", share, style=style)

    add("keep", "", "", facts["kept"], "green")
    for tier, title in TIER_TITLES.items():
        for reason, count in facts["dropped_by"].get(tier, {}).items():
            add("drop", title, reason, count)
    for reason, count in facts["errors_by"].items():
        add("error", "", reason, count, "red")
    return table


def stage_table(stages: list[dict[str, Any]]) -> Table:
    """Time and speed of each stage that had work."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("stage")
    for name in ("images", "seconds", "images/s"):
        table.add_column(name, justify="right")
    for stage in stages:
        if stage["images"]:
            rate = stage["images_per_second"]
            table.add_row(
                stage["name"], f"{stage['images']:,}", f"{stage['seconds']:.2f}", "" if rate is None else f"{rate:,.0f}"
            )
    return table


def comparison_lines(facts: dict[str, Any]) -> list[str]:
    """What made a duplicate, and how tier 3 looked for pairs, each with its reason.

    Args:
        facts: ``same``, ``drops_by_kind`` and ``encoder`` of ``Run.summary``.
    """
    lines = []
    by_kind, encoder = facts["drops_by_kind"], facts["encoder"]
    if facts["same"] == MEANING:
        if facts["tiers_for_duplicates"]:
            lines.append("nobody compared pictures (--same meaning): hashes and a cosine similarity decided alone")
    elif by_kind:
        told = ", ".join(f"{count:,} {KIND_NAMES.get(kind, kind)}" for kind, count in by_kind.items())
        lines.append(f"dropped for another image, by comparing the pictures: {told}")
    if encoder is not None:
        whitening, told_by = encoder["whitening"], encoder["threshold_told_by"]
        lines += [
            f"threshold {encoder['threshold']:g} ({told_by['origin']}): {told_by['reason']}",
            f"{encoder['descriptor']} descriptors ({whitening['source']}): {whitening['reason']}",
        ]
    return lines


def error_lines(run: Run) -> list[str]:
    """How many files got no verdict because they could not be read, and how to get them read; empty where all were."""
    errors = run.errors
    if not errors.num_rows:
        return []
    why = errors["error_detail"].combine_chunks().fill_null("").cast("binary")
    unsupported = pc.equal(errors["reason"], "unsupported-format").combine_chunks().fill_null(False)
    counted = pc.value_counts(why.filter(unsupported)).to_pylist()
    counted.sort(key=lambda entry: (-entry["counts"], entry["values"]))
    shown = [f"  {entry['counts']:,}: {decode_text(entry['values'])}" for entry in counted[:_KINDS] if entry["values"]]
    return [
        f"{errors.num_rows:,} files could not be read and have no verdict: apply leaves them in place, and out of "
        "clean trees",
        *shown,
    ]


def bound_lines(facts: dict[str, Any], quality: dict[str, Any]) -> list[str]:
    """What is said above all else: bounds of tier 1 that took a large part of the images."""
    drops = facts["dropped_by"].get("quality", {})
    return [bound.sentence() for bound in heavy_bounds(drops, facts["images"], quality)]


def passed_over_line(scan: dict[str, Any]) -> str:
    """What the scan did not take, in one line; empty when nothing was left out."""
    names = {"others": "other files", "hidden": "hidden", "symlinks": "symlinks", "special": "special files"}
    parts = [f"{scan[key]:,} {name}" for key, name in names.items() if scan.get(key)]
    if scan.get("overlapping"):
        parts.append(f"{scan['overlapping']:,} reached twice")
    if scan.get("unreadable_folders"):
        parts.append(f"{len(scan['unreadable_folders']):,} folders that cannot be listed")
    return f"passed over: {', '.join(parts)}" if parts else ""
