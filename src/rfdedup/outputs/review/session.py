"""What the page asks and does, without HTTP: one run, its reviewers' log, and everything derived from both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from rfdedup.features.quality import REJECTED
from rfdedup.keepers.constraints import constraints
from rfdedup.model.decisions import ABOUT_PAIRS, Choice, Decision, Image, digest, export, parse
from rfdedup.model.errors import DataError, RfdedupError
from rfdedup.model.schemas import Tier
from rfdedup.model.text import printable
from rfdedup.outputs.alike import Alike, AlikeSearch
from rfdedup.outputs.report.sentences import Part, compared
from rfdedup.outputs.review.embedding_map import EmbeddingMap
from rfdedup.outputs.review.kings import SEMANTIC
from rfdedup.outputs.review.labels import LabelSource, RunLabels
from rfdedup.outputs.review.listing import GROUP_SORTS, IMAGE_SORTS, SHOWS, Filter, find_images
from rfdedup.outputs.review.proofs import Proofs
from rfdedup.outputs.review.snapshot import DROP, ERROR, KEEP, VERDICTS, Rows, Snapshot, stamp
from rfdedup.outputs.review.state import State
from rfdedup.outputs.review.switching import switched
from rfdedup.storage.decision_log import DecisionLog

MOST_ROWS = 10_000
"""Rows that one decision may name."""
MOST_SUBJECTS = 60
"""Subjects of a group that a page carries; the others come page by page through the list of images."""
_SAMPLED = 2_000
_SHOWN_CHANGES = 12
_BINS = 60

Recompute = Callable[[Path, float | None, str | None], None]
"""Runs the funnel again on the inputs of a run, with another cosine threshold and another ``--same``, or as it was."""


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
        self._recompute = recompute
        self._lock = threading.RLock()
        # a map takes seconds, in which the lists still answer
        self._mapping = threading.Lock()
        self._snapshot = Snapshot(run)
        self._encoder = encoder
        self._map = EmbeddingMap(self._snapshot)
        self._alike: AlikeSearch | None = None
        self._proofs: Proofs | None = None
        self._labels = self._labels_of(self._snapshot)
        self._state: State | None = None
        self._trouble = ""
        self._job: threading.Thread | None = None
        self._job_failed = ""

    def close(self) -> None:
        """End the process that makes maps."""
        self._map.close()

    # ---- state

    def warm(self) -> None:
        """Compute what the first page shows before it is asked for."""
        with suppress(RfdedupError):
            self.summary()
            self.groups(Filter(), "margin", 0, 1)

    @property
    def state(self) -> State:
        """The run and the decisions as they are on disk now. A run in the making leaves the last finished one."""
        with self._lock:
            if stamp(self.run) != self._snapshot.stamp:
                self._reload()
            decisions = self.log.decisions()
            revision = digest(decisions)[:12] + "-" + "-".join(str(time) for time, _, _ in self._snapshot.stamp)
            if self._state is None or self._state.revision != revision:
                demands = constraints(decisions, self._snapshot.table)
                self._state = State(self._snapshot, decisions, demands, revision)
            return self._state

    def _reload(self) -> None:
        try:
            snapshot = Snapshot(self.run)
            labels = self._labels_of(snapshot)
        except RfdedupError as error:
            self._trouble = str(error)
            return
        self._trouble = ""
        self._map.close()
        self._snapshot, self._map, self._labels = snapshot, EmbeddingMap(snapshot), labels
        self._alike = self._proofs = None

    def _labels_of(self, snapshot: Snapshot) -> RunLabels:
        return RunLabels(snapshot, self._source, self._source.check(self.run))

    def pulse(self) -> dict[str, Any]:
        """The little that open tabs ask for again and again."""
        state = self.state
        running = self._job is not None and self._job.is_alive()
        return {
            "revision": state.revision,
            "trouble": "" if running else self._trouble,
            "job": "running" if running else "failed" if self._job_failed else "idle",
            "job_failed": self._job_failed,
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
            "counts": {str(name): int((now.verdict == code).sum()) for code, name in enumerate(VERDICTS)},
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

    def groups(self, wanted: Filter, sort: str, offset: int, limit: int) -> dict[str, Any]:
        """One page of groups.

        Raises:
            DataError: the order is unknown.
        """
        if sort not in GROUP_SORTS:
            raise DataError(f"groups are not sorted by {sort!r}; known: {', '.join(GROUP_SORTS)}")
        state = self.state
        found = state.groups.find(wanted, sort, self._labels)
        page = found[offset : offset + limit].tolist()
        members = {number: state.groups.members(number)[:MOST_SUBJECTS].tolist() for number in page}
        kings = {number: int(state.groups.kings[number]) for number in page}
        images = self._images(state, [*kings.values(), *(row for rows in members.values() for row in rows)])
        for image in images.values():
            if image["king"] is not None:
                image["conflict"] = self._labels.why(image["row"], image["king"])
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

    def images(self, show: str, wanted: Filter, sort: str, offset: int, limit: int) -> dict[str, Any]:
        """One page of single images.

        Raises:
            DataError: the order or the kind of images is unknown.
        """
        if show not in SHOWS or sort not in IMAGE_SORTS:
            raise DataError(f"no list of {show!r} by {sort!r}; known: {', '.join(SHOWS)}; {', '.join(IMAGE_SORTS)}")
        state = self.state
        found = find_images(state.snapshot, state.now, show, wanted, sort)
        page = found[offset : offset + limit].tolist()
        images = self._images(state, page)
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
        return self._images(state, [row])[row]

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
            "labels": [self._labels.shown(row) for row in (one, other)],
        }

    def evidence(self, king: int, subject: int) -> dict[str, Any]:
        """What holds two rows for the same or tells them apart; see ``Proofs.evidence``."""
        return self._proofs_of(king, subject).evidence(king, subject)

    def proof(self, king: int, subject: int) -> tuple[bytes, bytes]:
        """The overlay and the change map of two rows as JPEGs; see ``Proofs.pictures``."""
        return self._proofs_of(king, subject).pictures(king, subject)

    def _proofs_of(self, *rows: int) -> Proofs:
        state = self.state
        for row in rows:
            self.check_row(row, state)
        with self._lock:
            if self._proofs is None or self._snapshot is not state.snapshot:
                self._proofs = Proofs(state.snapshot)
            return self._proofs

    def check_row(self, row: int, state: State | None = None) -> int:
        """``row`` if it is one.

        Raises:
            LookupError: it is not.
        """
        if not 0 <= row < (state or self.state).snapshot.n:
            raise LookupError(f"there is no row {row}")
        return row

    def _images(self, state: State, rows: list[int]) -> dict[int, dict[str, Any]]:
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
                "verdict": str(VERDICTS[now.verdict[row]]),
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

    def _contents(self, state: State, rows: list[int]) -> dict[int, Image]:
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

    # ---- threshold

    def preview(self, threshold: float) -> dict[str, Any]:
        """What another cosine threshold would do, from the stored links.

        Raises:
            DataError: the run has no such threshold, or the value lies below the stored links.
        """
        state = self.state
        current, floor = state.snapshot.semantic_threshold, state.snapshot.floor
        if current is None or floor is None:
            raise DataError("this run has no tier 3, so there is no similarity threshold to move")
        if not floor <= threshold <= 1:
            raise DataError(f"threshold {threshold} is outside {floor} to 1, the range of the stored links")
        before, kept_before, subjects_before = state.baseline
        after = state.crowner.at(threshold)
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
            "falls": self._changes(state, falls, after.king, after.stand_in, threshold),
            "rises": self._changes(state, rises, before.king, before.stand_in, threshold),
        }

    def preview_same(self, same: str) -> dict[str, Any]:
        """What another ``--same`` would do, from the pairs that the run compared.

        ``unsure`` images more may be dropped: a run would compare them with others first. Unless it is ``exact``, a run
        may come out a little differently.

        Raises:
            DataError: the run compared no pictures, or ``same`` is unknown.
        """
        state = self.state
        before, kept_before, subjects_before = state.baseline
        found = switched(state, same)
        after = found.crowning
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
            "falls": self._changes(state, falls, after.king, after.stand_in, None),
            "rises": self._changes(state, rises, before.king, before.stand_in, None),
        }

    def similarities(self) -> dict[str, Any]:
        """How many stored tier 3 links have which cosine similarity, from the floor up; empty without tier 3."""
        snapshot = self.state.snapshot
        if snapshot.floor is None:
            return {"edges": [], "counts": []}
        edges = np.linspace(snapshot.floor, 1.0, _BINS + 1)
        counts, _ = np.histogram(snapshot.links.score[snapshot.links.tier == SEMANTIC], edges)
        return {"edges": edges.round(5).tolist(), "counts": counts.tolist()}

    def _changes(self, state: State, rows: Rows, king: Rows, stand_in: Rows, threshold: float | None) -> dict[str, Any]:
        """Some rows that would change, each with its king then or before; those closest to the threshold, if any."""
        some = rows[:: max(1, len(rows) // _SAMPLED)]
        at = state.snapshot.find_links(stand_in[some], king[some])
        score = np.where(at >= 0, state.snapshot.links.score[at], np.inf) if len(some) else np.empty(0)
        distance = np.abs(score - threshold) if threshold is not None else state.snapshot.margin[some]
        chosen = np.argsort(distance, kind="stable")[:_SHOWN_CHANGES]
        images = self._images(state, [*some[chosen].tolist(), *king[some[chosen]].tolist()])
        items = [
            {
                "image": images[int(some[i])],
                "king": images[int(king[some[i]])],
                "score": float(score[i]) if threshold is not None and np.isfinite(score[i]) else None,
            }
            for i in chosen
        ]
        return {"total": len(rows), "items": items}

    def start_recompute(self, threshold: float | None, same: str | None = None) -> None:
        """Run the funnel again in the background; the page sees the new verdicts when they are there.

        Raises:
            DataError: it is running already, the threshold is out of range, or ``same`` is unknown.
        """
        if same not in (None, "copy", "moment"):
            raise DataError(f"--same {same!r} is unknown; known here: copy, moment")
        if threshold is not None and not 0 < threshold < 1:
            raise DataError(f"threshold {threshold} is not between 0 and 1")
        with self._lock:
            if self._job is not None and self._job.is_alive():
                raise DataError("the funnel is running already")
            self._job_failed = ""
            self._job = threading.Thread(target=self._work, args=(threshold, same), daemon=True)
            self._job.start()

    def _work(self, threshold: float | None, same: str | None) -> None:
        try:
            self._recompute(self.run, threshold, same)
        except RfdedupError as error:
            self._job_failed = str(error)

    # ---- embeddings

    def like_row(self, row: int, most: int) -> dict[str, Any]:
        """The images most similar to one of the run, best first, and how many were searched."""
        state = self.state
        self.check_row(row, state)
        return self._found(state, self._alike_of(state).like_row(row, most, lambda: state.snapshot.file_bytes(row)))

    def like_picture(self, data: bytes, most: int) -> dict[str, Any]:
        """The images of the run most similar to a picture that was dropped onto the page."""
        state = self.state
        return self._found(state, self._alike_of(state).like_picture(data, most))

    def _found(self, state: State, alike: Alike) -> dict[str, Any]:
        images = self._images(state, [row for row, _ in alike.found])
        items = [{"image": images[row], "score": score} for row, score in alike.found]
        return {"items": items, "searched": alike.searched, "images": state.snapshot.n}

    def _alike_of(self, state: State) -> AlikeSearch:
        with self._lock:
            if self._alike is None or self._snapshot is not state.snapshot:
                snapshot = state.snapshot
                self._alike = AlikeSearch(snapshot.run, snapshot.info, snapshot.features, self._encoder)
            return self._alike

    def map(self) -> tuple[dict[str, Any], bytes]:
        """The map: how it was made, and for each point x, y (float32), row and verdict (int32), little-endian."""
        state = self.state
        with self._lock:
            shown = self._map if self._snapshot is state.snapshot else EmbeddingMap(state.snapshot)
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
        images = self._images(state, list(dict.fromkeys(rows)))
        return [images[row] for row in images]


def _kind(state: State, row: int, said: dict[int, tuple[str, list[Part]]]) -> dict[str, Any]:
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
