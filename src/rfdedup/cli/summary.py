"""The table that ends a run."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc
from rich.table import Table

from rfdedup.apply.names import decode_text
from rfdedup.results import Run

_KINDS = 5
"""Ways to get files read that are shown, the most frequent first."""

TIER_TITLES = {
    "quality": "1 quality",
    "exact": "2 exact",
    "perceptual": "2 perceptual",
    "semantic": "3 semantic",
}


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


def comparison_lines(encoder: dict[str, Any] | None) -> list[str]:
    """How tier 3 compared: descriptor and threshold, each with its reason. Empty where it did not run."""
    if encoder is None:
        return []
    whitening, told = encoder["whitening"], encoder["threshold_told_by"]
    return [
        f"threshold {encoder['threshold']:g} ({told['origin']}): {told['reason']}",
        f"{encoder['descriptor']} descriptors ({whitening['source']}): {whitening['reason']}",
    ]


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


def passed_over_line(scan: dict[str, Any]) -> str:
    """What the scan did not take, in one line; empty when nothing was left out."""
    names = {"others": "other files", "hidden": "hidden", "symlinks": "symlinks", "special": "special files"}
    parts = [f"{scan[key]:,} {name}" for key, name in names.items() if scan.get(key)]
    if scan.get("overlapping"):
        parts.append(f"{scan['overlapping']:,} reached twice")
    if scan.get("unreadable_folders"):
        parts.append(f"{len(scan['unreadable_folders']):,} folders that cannot be listed")
    return f"passed over: {', '.join(parts)}" if parts else ""
