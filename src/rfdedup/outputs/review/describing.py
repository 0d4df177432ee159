"""Images under review in plain values: what the run measured and decided, with the decisions of reviewers over it."""

from __future__ import annotations

from typing import Any

import numpy as np

from rfdedup.features.quality import REJECTED
from rfdedup.model.schemas import Tier
from rfdedup.outputs.report.sentences import Part, compared
from rfdedup.outputs.review.snapshot import DROP, KEEP, VERDICT_ORDER
from rfdedup.outputs.review.state import ReviewState


def describe_images(state: ReviewState, rows: list[int]) -> dict[int, dict[str, Any]]:
    """What the page shows of some rows under the decisions that hold, by row."""
    now, snapshot = state.now, state.snapshot
    images = snapshot.describe(rows)
    choices = {(image.sha256, image.path): str(choice) for image, choice in state.decisions.images.items()}
    names = snapshot.table.select(["sha256", "path"]).take(np.asarray(rows, np.int64)).to_pylist()
    tiers = [str(tier) for tier in Tier]
    said = compared(snapshot.evidence_of(np.asarray(rows, np.int64)), snapshot.table)
    for row, name in zip(rows, names, strict=True):
        code, king = int(now.tier[row]), int(now.king[row])
        fell = now.verdict[row] == DROP
        score = float(now.score[row]) if fell and code >= 0 and np.isfinite(now.score[row]) else None
        same = now.tier[row] == snapshot.tier[row] and np.isfinite(snapshot.threshold[row])
        images[row] |= {
            "verdict": str(VERDICT_ORDER[now.verdict[row]]),
            "tier": tiers[code] if fell and code >= 0 else None,
            "score": score,
            "threshold": float(snapshot.threshold[row]) if fell and same else None,
            "king": king if fell and king >= 0 and king != row else None,
            **_kind(state, row, said),
            "decision": choices.get((name["sha256"], name["path"])),
            "changed": bool(now.changed[row]),
        }
        if now.rejected[row]:
            images[row]["reason"] = REJECTED
        elif now.verdict[row] == KEEP:
            images[row]["reason"] = None
    return images


def _kind(state: ReviewState, row: int, said: dict[int, tuple[str, list[Part]]]) -> dict[str, Any]:
    """What makes a dropped row and its king the same, and the sentence of their comparison if that is the one known."""
    now, snapshot = state.now, state.snapshot
    king = int(now.king[row])
    if now.verdict[row] != DROP or king < 0 or king == row:
        return {"same": None, "says": None}
    if king == snapshot.king[row]:
        same, says = said.get(row, (snapshot.table["same"][row].as_py(), None))
        return {"same": same, "says": says}
    at = int(snapshot.find_links(np.array([row]), np.array([king]))[0])
    return {"same": snapshot.link_kinds[at] if at >= 0 else None, "says": None}
