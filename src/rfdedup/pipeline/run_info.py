"""What ``run.json`` tells about a run."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from rfdedup.encoders import efficientnet_lite0
from rfdedup.keepers.globs import GLOB_RULES
from rfdedup.metric.priors import prior_facts
from rfdedup.model.config import RunConfig
from rfdedup.model.image_set import ImageSet
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item
from rfdedup.model.version import __version__
from rfdedup.sources.folder import Scan
from rfdedup.stages.compare import comparison_key
from rfdedup.storage.run_folder import REVIEWS_FILE


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


def fingerprint(files: Sequence[Item], config: RunConfig, run: Path) -> str | None:
    """Identity of everything that verdicts depend on, as hex: files, configuration, code, weights and reviews.

    Where it is unchanged, the verdicts are, and no table needs to be computed again. None where the encoder cannot be
    told without loading it: only the embedded one can.
    """
    encoder = ""
    if "semantic" in config.tiers:
        if config.semantic.encoder != efficientnet_lite0.NAME:
            return None
        encoder = f"{efficientnet_lite0.model_card()} {prior_facts(efficientnet_lite0.NAME)}"
    digest = hashlib.sha256(
        f"{__version__} {comparison_key(config)} {GLOB_RULES} {config.model_dump_json()} {encoder}".encode()
    )
    if (run / REVIEWS_FILE).exists():
        status = (run / REVIEWS_FILE).stat()
        digest.update(f" {status.st_size} {status.st_mtime_ns} {status.st_ino}".encode())
    items = ItemTable.of(files)
    lengths = np.array([len(root) for root in items.roots], np.int64)[items.root]
    for key, *told in zip(items.sort_keys(), lengths, items.size, items.mtime_ns, items.inode, strict=True):
        digest.update(key + "\0{} {} {} {}\0".format(*told).encode())
    for version, place in zip(items.said.get("version", ()), items.said.get("place", ()), strict=False):
        digest.update(f"{version} {place}\0".encode())
    return digest.hexdigest()


def scan_counts(scanned: Scan, image_set: ImageSet) -> dict[str, Any]:
    """How many files became rows, and what was passed over."""
    return {
        "files": len(scanned.files),
        "images": len(image_set.files),
        "others": image_set.others + scanned.inside,
        "understood": scanned.understood,
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
