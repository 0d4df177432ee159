"""What another cosine threshold or another ``--same`` would change, told from what the run stored. Writes nothing."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rfdedup.model.errors import DataError
from rfdedup.outputs.review.describing import describe_images
from rfdedup.outputs.review.kings import SEMANTIC
from rfdedup.outputs.review.snapshot import Rows, Snapshot
from rfdedup.outputs.review.state import ReviewState
from rfdedup.outputs.review.switching import switched

_SAMPLED: Final = 2_000
_SHOWN_CHANGES: Final = 12
_BINS: Final = 60


def at_threshold(state: ReviewState, threshold: float) -> dict[str, Any]:
    """What another cosine threshold would do, from the stored links.

    Raises:
        DataError: the run has no such threshold, or the value lies below the stored links.
    """
    current, floor = state.snapshot.semantic_threshold, state.snapshot.floor
    if current is None or floor is None:
        raise DataError("this run has no tier 3, so there is no similarity threshold to move")
    if not floor <= threshold <= 1:
        raise DataError(f"threshold {threshold} is outside {floor} to 1, the range of the stored links")
    before, kept_before, subjects_before = state.baseline
    after = state.kings_by_threshold.at(threshold)
    kept, subjects = after.kept, after.subjects
    leads = np.zeros(state.snapshot.n, np.bool_)
    leads[after.king[subjects]] = True
    falls, rises = np.flatnonzero(kept_before & subjects), np.flatnonzero(subjects_before & kept)
    return {
        "revision": state.revision,
        "threshold": threshold,
        "kept": int(kept.sum()),
        "dropped": int(subjects.sum()),
        "kept_before": int(kept_before.sum()),
        "dropped_before": int(subjects_before.sum()),
        "groups": int(leads.sum()),
        "falls": _changes(state, falls, after.king, after.stand_in, threshold),
        "rises": _changes(state, rises, before.king, before.stand_in, threshold),
    }


def with_same(state: ReviewState, same: str) -> dict[str, Any]:
    """What another ``--same`` would do, from the pairs that the run compared.

    ``unsure`` images more may be dropped: a run would compare them with others first. Unless it is ``exact``, a run
    may come out a little differently.

    Raises:
        DataError: the run compared no pictures, or ``same`` is unknown.
    """
    before, kept_before, subjects_before = state.baseline
    found = switched(state, same)
    after = found.kings
    kept, subjects = after.kept, after.subjects
    falls, rises = np.flatnonzero(kept_before & subjects), np.flatnonzero(subjects_before & kept)
    return {
        "revision": state.revision,
        "same": same,
        "unsure": found.unsure,
        "exact": found.exact,
        "kept": int(kept.sum()),
        "dropped": int(subjects.sum()),
        "kept_before": int(kept_before.sum()),
        "dropped_before": int(subjects_before.sum()),
        "falls": _changes(state, falls, after.king, after.stand_in, None),
        "rises": _changes(state, rises, before.king, before.stand_in, None),
    }


def similarities(snapshot: Snapshot) -> dict[str, Any]:
    """How many stored tier 3 links have which cosine similarity, from the floor up; empty without tier 3."""
    if snapshot.floor is None:
        return {"edges": [], "counts": []}
    edges = np.linspace(snapshot.floor, 1.0, _BINS + 1)
    counts, _ = np.histogram(snapshot.links.score[snapshot.links.tier == SEMANTIC], edges)
    return {"edges": edges.round(5).tolist(), "counts": counts.tolist()}


def _changes(state: ReviewState, rows: Rows, king: Rows, stand_in: Rows, threshold: float | None) -> dict[str, Any]:
    """Some rows that would change, each with its king then or before; those closest to the threshold, if any."""
    some = rows[:: max(1, len(rows) // _SAMPLED)]
    at = state.snapshot.find_links(stand_in[some], king[some])
    score = np.where(at >= 0, state.snapshot.links.score[at], np.inf) if len(some) else np.empty(0)
    distance = np.abs(score - threshold) if threshold is not None else state.snapshot.margin[some]
    chosen = np.argsort(distance, kind="stable")[:_SHOWN_CHANGES]
    images = describe_images(state, [*some[chosen].tolist(), *king[some[chosen]].tolist()])
    items = [
        {
            "image": images[int(some[i])],
            "king": images[int(king[some[i]])],
            "score": float(score[i]) if threshold is not None and np.isfinite(score[i]) else None,
        }
        for i in chosen
    ]
    return {"total": len(rows), "items": items}
