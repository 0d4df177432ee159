"""What the page asks and does, without HTTP: the lists, the decisions and the searches of one run under review."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from rfdedup.keepers.constraints import constraints
from rfdedup.model.decisions import ABOUT_PAIRS, Choice, Decision, Image, digest, export, parse
from rfdedup.model.errors import DataError, RfdedupError
from rfdedup.model.schemas import Tier
from rfdedup.model.text import printable
from rfdedup.outputs.alike import Alike, AlikeSearch
from rfdedup.outputs.review.describing import describe_images
from rfdedup.outputs.review.embedding_map import EmbeddingMap
from rfdedup.outputs.review.labels import LabelSource, RunLabels
from rfdedup.outputs.review.listing import GROUP_SORTS, IMAGE_SORTS, SHOWS, ListFilter, find_images
from rfdedup.outputs.review.pair_evidence import PairEvidence
from rfdedup.outputs.review.recomputing import Recompute, Recomputing
from rfdedup.outputs.review.snapshot import DROP, ERROR, VERDICT_ORDER, Snapshot, stamp
from rfdedup.outputs.review.state import ReviewState
from rfdedup.storage.decision_log import DecisionLog

MOST_ROWS = 10_000
"""Rows that one decision may name."""
MOST_SUBJECTS = 60
"""Subjects of a group that a page carries; the others come page by page through the list of images."""


@dataclass
class _Opened:
    """A snapshot with what is computed from it when it is first asked for."""

    snapshot: Snapshot
    encoder: str | None
    labels: RunLabels

    def __post_init__(self) -> None:
        self.map = EmbeddingMap(self.snapshot)

    @cached_property
    def alike(self) -> AlikeSearch:
        snapshot = self.snapshot
        return AlikeSearch(snapshot.run, snapshot.info, snapshot.features, self.encoder)

    @cached_property
    def pair_evidence(self) -> PairEvidence:
        return PairEvidence(self.snapshot)


class ReviewSession:
    """Answers for one run folder. Safe to call from several threads; reads the folder again when it changed."""

    def __init__(
        self, run: Path, recompute: Recompute, source: LabelSource | None = None, encoder: str | None = None
    ) -> None:
        """
        Args:
            run: the run folder.
            recompute: runs the funnel again.
            source: where labels come from; None for sidecars of the usual names.
            encoder: that the user named, in place of the one that the run names.

        Raises:
            RunFolderError: there is no finished run in ``run``.
            ConfigError: the labels cannot be read.
        """
        self.run = run
        self._source = source or LabelSource()
        self.log = DecisionLog(run)
        self.recomputing = Recomputing(run, recompute)
        self._lock = threading.RLock()
        # a map takes seconds, in which the lists still answer
        self._mapping = threading.Lock()
        self._encoder = encoder
        self._opened = self._open(Snapshot(run))
        self._state: ReviewState | None = None
        self._damage = ""

    def close(self) -> None:
        """End the process that makes maps."""
        self._opened.map.close()

    # ---- state

    def warm(self) -> None:
        """Compute what the first page shows before it is asked for."""
        with suppress(RfdedupError):
            self.summary()
            self.groups(ListFilter(), "margin", 0, 1)

    @property
    def state(self) -> ReviewState:
        """The run and the decisions as they are on disk now. A run in the making leaves the last finished one."""
        with self._lock:
            if stamp(self.run) != self._opened.snapshot.stamp:
                self._reload()
            snapshot, decisions = self._opened.snapshot, self.log.decisions()
            revision = digest(decisions)[:12] + "-" + "-".join(str(time) for time, _, _ in snapshot.stamp)
            if self._state is None or self._state.revision != revision:
                demands = constraints(decisions, snapshot.table)
                self._state = ReviewState(snapshot, decisions, demands, revision)
            return self._state

    def _reload(self) -> None:
        try:
            opened = self._open(Snapshot(self.run))
        except RfdedupError as error:
            self._damage = str(error)
            return
        self._damage = ""
        self._opened.map.close()
        self._opened = opened

    def _open(self, snapshot: Snapshot) -> _Opened:
        return _Opened(snapshot, self._encoder, RunLabels(snapshot, self._source, self._source.check(self.run)))

    def _of(self, state: ReviewState) -> _Opened:
        """What belongs to a state, which may be older than the run folder is by now."""
        opened = self._opened
        return opened if opened.snapshot is state.snapshot else self._open(state.snapshot)

    def pulse(self) -> dict[str, Any]:
        """The little that open tabs ask for again and again."""
        state = self.state
        running, failed = self.recomputing.running, self.recomputing.failed
        return {
            "revision": state.revision,
            "trouble": "" if running else self._damage,
            "job": "running" if running else "failed" if failed else "idle",
            "job_failed": failed,
        }

    def summary(self) -> dict[str, Any]:
        """Counts, the choices of the filters, and what can be undone."""
        state = self.state
        now, snapshot = state.now, state.snapshot
        undo, redo = self.log.steps()
        dropped = now.verdict == DROP
        reasons = snapshot.table.group_by(["tier", "reason"]).aggregate([]).to_pylist()
        return {
            **self.pulse(),
            "name": printable(self.run.resolve().name),
            "counts": {str(name): int((now.verdict == code).sum()) for code, name in enumerate(VERDICT_ORDER)},
            "groups": len(state.groups),
            "tiers": {str(tier): int((dropped & (now.tier == code)).sum()) for code, tier in enumerate(Tier)},
            "reasons": sorted({printable(entry["reason"]) for entry in reasons if entry["tier"]}),
            "same": snapshot.same,
            "threshold": snapshot.semantic_threshold,
            "floor": snapshot.floor,
            "decisions": len(state.decisions),
            "pending": state.pending,
            "undo": undo,
            "redo": redo,
        }

    # ---- lists

    def groups(self, wanted: ListFilter, sort: str, offset: int, limit: int) -> dict[str, Any]:
        """One page of groups.

        Raises:
            DataError: the order is unknown.
        """
        if sort not in GROUP_SORTS:
            raise DataError(f"groups are not sorted by {sort!r}; known: {', '.join(GROUP_SORTS)}")
        state = self.state
        found = state.groups.find(wanted, sort, self._of(state).labels)
        page = found[offset : offset + limit].tolist()
        members = {number: state.groups.members(number)[:MOST_SUBJECTS].tolist() for number in page}
        kings = {number: int(state.groups.kings[number]) for number in page}
        images = describe_images(state, [*kings.values(), *(row for rows in members.values() for row in rows)])
        for image in images.values():
            if image["king"] is not None:
                image["conflict"] = self._of(state).labels.why(image["row"], image["king"])
        return {
            "revision": state.revision,
            "total": len(found),
            "offset": offset,
            "items": [
                {
                    "king": images[kings[number]],
                    "subjects": [images[row] for row in members[number]],
                    "size": int(state.groups.sizes[number]),
                }
                for number in page
            ],
        }

    def images(self, show: str, wanted: ListFilter, sort: str, offset: int, limit: int) -> dict[str, Any]:
        """One page of single images.

        Raises:
            DataError: the order or the kind of images is unknown.
        """
        if show not in SHOWS or sort not in IMAGE_SORTS:
            raise DataError(f"no list of {show!r} by {sort!r}; known: {', '.join(SHOWS)}; {', '.join(IMAGE_SORTS)}")
        state = self.state
        found = find_images(state.snapshot, state.now, show, wanted, sort)
        page = found[offset : offset + limit].tolist()
        images = describe_images(state, page)
        return {
            "revision": state.revision,
            "total": len(found),
            "offset": offset,
            "items": [images[row] for row in page],
        }

    def image(self, row: int) -> dict[str, Any]:
        """All that is known of one image."""
        state = self.state
        self.check_row(row, state)
        return describe_images(state, [row])[row]

    def pair(self, one: int, other: int) -> dict[str, Any]:
        """The stored links between two rows, and the labels of both in words."""
        state = self.state
        for row in (one, other):
            self.check_row(row, state)
        links = state.snapshot.links
        at = np.flatnonzero((links.a == min(one, other)) & (links.b == max(one, other)))
        names = ("exact", "perceptual", "semantic")
        return {
            "links": [{"tier": names[links.tier[i]], "score": float(links.score[i])} for i in at],
            "labels": [self._of(state).labels.shown(row) for row in (one, other)],
        }

    def evidence(self, king: int, subject: int) -> dict[str, Any]:
        """What holds two rows for the same or tells them apart; see ``PairEvidence.evidence``."""
        return self._pair_evidence(king, subject).evidence(king, subject)

    def proof(self, king: int, subject: int) -> tuple[bytes, bytes]:
        """The overlay and the change map of two rows as JPEGs; see ``PairEvidence.pictures``."""
        return self._pair_evidence(king, subject).pictures(king, subject)

    def _pair_evidence(self, *rows: int) -> PairEvidence:
        state = self.state
        for row in rows:
            self.check_row(row, state)
        with self._lock:
            return self._of(state).pair_evidence

    def check_row(self, row: int, state: ReviewState | None = None) -> int:
        """``row`` if it is one.

        Raises:
            LookupError: it is not.
        """
        if not 0 <= row < (state or self.state).snapshot.n:
            raise LookupError(f"there is no row {row}")
        return row

    # ---- decisions

    def decide(
        self, choice: str, rows: Sequence[int], pairs: Sequence[Sequence[int]], group: int | None = None
    ) -> None:
        """Save one step: a choice for several images, for several pairs, or for a whole group by its king.

        Raises:
            DataError: the choice is unknown or does not fit what it names.
            LookupError: a row or group does not exist.
        """
        if choice not in tuple(Choice):
            raise DataError(f"the choice {choice!r} is unknown; known: {', '.join(Choice)}")
        wanted = Choice(choice)
        if group is not None:
            rows, pairs = self._whole(group)
        named = [row for pair in pairs for row in pair] if wanted in ABOUT_PAIRS else list(rows)
        if not named or len(named) > MOST_ROWS or any(len(pair) != 2 for pair in pairs):
            raise DataError(f"{choice} names {len(named)} rows; 1 to {MOST_ROWS} are possible")
        state = self.state
        images = self._contents(state, named)
        if wanted in ABOUT_PAIRS:
            couples = [(images[a], images[b]) for a, b in pairs]
            if any(one.sha256 == other.sha256 for one, other in couples):
                raise DataError("these files are identical, byte for byte; mark one of them with keep instead")
            self.log.add([Decision(wanted, one, other) for one, other in couples])
        else:
            self.log.add([Decision(wanted, images[row]) for row in named])

    def _whole(self, king: int) -> tuple[list[int], list[list[int]]]:
        """Members of a group, and its pairs that are not identical anyway."""
        state = self.state
        at = np.flatnonzero(state.groups.kings == king)
        if not len(at):
            raise LookupError(f"row {king} is the king of no group")
        members = state.groups.members(int(at[0]))
        content = state.snapshot.table["sha256"].take(np.array([king, *members.tolist()])).to_pylist()
        different = [int(row) for row, sha256 in zip(members, content[1:], strict=True) if sha256 != content[0]]
        return [king, *members.tolist()], [[king, row] for row in different]

    def _contents(self, state: ReviewState, rows: list[int]) -> dict[int, Image]:
        for row in rows:
            self.check_row(row, state)
            if state.snapshot.verdict[row] == ERROR:
                raise DataError("a file that could not be read is neither kept nor dropped")
        table = state.snapshot.table.select(["sha256", "path"]).take(np.asarray(rows, np.int64)).to_pylist()
        if any(entry["sha256"] is None for entry in table):
            raise DataError("this run has no content hashes, which decisions are tied to: run it again")
        return {row: Image(entry["sha256"], entry["path"]) for row, entry in zip(rows, table, strict=True)}

    def undo(self) -> bool:
        return self.log.undo()

    def redo(self) -> bool:
        return self.log.redo()

    def exported(self) -> dict[str, Any]:
        return export(self.state.decisions)

    def take_in(self, value: Any) -> int:
        """Add exported decisions as one step, which wins over what was decided here; how many there were.

        Raises:
            DataError: it is not an export.
        """
        decisions = parse(value)
        if decisions:
            self.log.add(decisions)
        return len(decisions)

    # ---- embeddings

    def like_row(self, row: int, most: int) -> dict[str, Any]:
        """The images most similar to one of the run, best first, and how many were searched."""
        state = self.state
        self.check_row(row, state)
        return self._found(state, self._of(state).alike.like_row(row, most, lambda: state.snapshot.file_bytes(row)))

    def like_picture(self, data: bytes, most: int) -> dict[str, Any]:
        """The images of the run most similar to a picture that was dropped onto the page."""
        state = self.state
        return self._found(state, self._of(state).alike.like_picture(data, most))

    def _found(self, state: ReviewState, alike: Alike) -> dict[str, Any]:
        images = describe_images(state, [row for row, _ in alike.found])
        items = [{"image": images[row], "score": score} for row, score in alike.found]
        return {"items": items, "searched": alike.searched, "images": state.snapshot.n}

    def map(self) -> tuple[dict[str, Any], bytes]:
        """The map: how it was made, and for each point x, y (float32), row and verdict (int32), little-endian."""
        state = self.state
        shown = self._of(state).map
        with self._mapping:
            layout = shown.layout()
        rows, points = shown.rows, layout.points
        packed = np.empty(len(rows), [("x", "<f4"), ("y", "<f4"), ("row", "<i4"), ("verdict", "<i4")])
        packed["x"], packed["y"], packed["row"] = points[:, 0], points[:, 1], rows
        packed["verdict"] = state.now.verdict[rows]
        about = {
            "revision": state.revision,
            "method": layout.method,
            "coming": layout.coming,
            "trouble": layout.trouble,
            "seconds": round(layout.seconds),
            "total": len(shown.mapped),
            "shown": len(rows),
        }
        return about, packed.tobytes()

    def some(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Some images, in the order asked for."""
        state = self.state
        for row in rows[:MOST_ROWS]:
            self.check_row(row, state)
        images = describe_images(state, list(dict.fromkeys(rows)))
        return [images[row] for row in images]
