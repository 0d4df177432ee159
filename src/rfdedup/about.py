"""What ``run.json`` tells about a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import psutil

from rfdedup import __version__
from rfdedup.config import RunConfig
from rfdedup.inventory import Inventory
from rfdedup.sources.folder import Scan


def about_run(scanned: Scan, config: RunConfig, command: Sequence[str]) -> dict[str, Any]:
    """What is known before the work begins."""
    return {
        "version": __version__,
        "command": list(command),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": scanned.roots,
        "config": config.model_dump(mode="json"),
        "platform": f"{sys.platform}, Python {sys.version.split()[0]}",
    }


def scan_counts(scanned: Scan, stock: Inventory) -> dict[str, Any]:
    """How many files became rows, and what was passed over."""
    return {
        "files": len(scanned.files),
        "images": len(stock.files),
        "others": stock.others,
        "hidden": scanned.hidden,
        "symlinks": scanned.symlinks,
        "special": scanned.special,
        "overlapping": scanned.overlapping,
        "unreadable_folders": [list(entry) for entry in scanned.unreadable],
    }


def passed_over(scanned: Scan) -> str:
    """The files that a scan left out, in words."""
    counts = {
        "hidden": scanned.hidden,
        "symlinks": scanned.symlinks,
        "special": scanned.special,
        "unreadable folders": len(scanned.unreadable),
    }
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing else there"


def peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
