"""Apply from start to end: settle what an interrupted call left, plan, execute, rewrite data-set files, sum up."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rfdedup.apply.bonds import Pairs
from rfdedup.apply.entries import Entry, Session, SessionState, State
from rfdedup.apply.execute import Executor, settle_open
from rfdedup.apply.folders import note_times
from rfdedup.apply.fsops import FsOps
from rfdedup.apply.journal import JOURNAL_FILE, Journal
from rfdedup.apply.labels import Labels
from rfdedup.apply.plan import Action, Held, OnConflict, Options, Planner, Unit, not_a_king
from rfdedup.apply.relist import Relister, Rewritten
from rfdedup.apply.sidecars import DEFAULT_RULES, parse_rules
from rfdedup.apply.steps import LOST
from rfdedup.apply.survey import DiskSurvey
from rfdedup.apply.undo import UndoSummary, undo_entries
from rfdedup.apply.verdicts import Catalog, read_rows
from rfdedup.errors import CheckFailedError, ConfigError
from rfdedup.records import Tier
from rfdedup.review.decision_log import pending
from rfdedup.run_folder import RunFolder

POLICY_REASONS = frozenset(
    ("label-conflict", "protected", "companion", "sidecar-stays", "image-stays", "pair-stays", "shared")
)
"""Why an image stays although all went as asked."""

MAX_LISTED = 10_000
_KINDS = 1000
"""Texts of decoders that are counted, at most: some name places in their file."""


@dataclass(frozen=True)
class Request:
    """What a user asks of apply, as the command line gives it."""

    action: Action
    target: Path | None = None
    only: frozenset[Tier] = frozenset()
    min_score: float | None = None
    sidecars: tuple[str, ...] = DEFAULT_RULES
    on_conflict: OnConflict = OnConflict.KEEP
    class_folders: bool = False
    datasets: tuple[Path, ...] = ()
    dataset_images: Path | None = None
    path_column: str | None = None
    label_column: str | None = None
    pairs: Pairs = Pairs.KEEP

    def command(self) -> dict[str, Any]:
        """Everything that decides what is done; an interrupted session goes on only under the same command."""
        return {
            "action": self.action,
            "target": None if self.target is None else os.fsencode(os.path.realpath(self.target)).hex(),
            "only": sorted(self.only),
            "min_score": self.min_score,
            "sidecars": list(self.sidecars),
            "on_conflict": self.on_conflict,
            "class_folders": self.class_folders,
            "pairs": self.pairs,
        }


@dataclass(slots=True)
class Count:
    """Files and bytes of one reason, or in one state."""

    files: int = 0
    bytes: int = 0

    def add(self, size: int, files: int = 1) -> None:
        self.files += files
        self.bytes += size


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was not handled as its verdict says."""

    path: str
    state: str
    reason: str
    detail: str


@dataclass
class ApplySummary:
    """What was planned and, unless it was a dry run, what came of it."""

    action: Action
    dry_run: bool
    session: int | None = None
    planned: dict[str, Count] = field(default_factory=dict)
    """By tier, for quality by reason; ``kept`` for the clean trees."""
    done: dict[str, Count] = field(default_factory=dict)
    sidecars: Count = field(default_factory=Count)
    held: dict[str, Count] = field(default_factory=dict)
    already: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    """Why files could not be read that a clean tree leaves out, each with the number of files."""
    lost: Counter[str] = field(default_factory=Counter)
    """Attributes that moves to another volume could not take along, each with the number of files."""
    failures: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    datasets: list[Rewritten] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    decisions_pending: bool = False
    """Reviewers decided something that the verdicts do not show, because the run was not made again."""

    @property
    def planned_total(self) -> Count:
        return _sum(self.planned.values())

    @property
    def done_total(self) -> Count:
        return _sum(self.done.values())


def apply_run(
    run: Path,
    request: Request,
    *,
    dry_run: bool = False,
    fs: FsOps | None = None,
    show: Callable[[Unit | Held], None] = lambda _: None,
    progress: Callable[[int], None] = lambda _: None,
) -> ApplySummary:
    """Act on the verdicts of a finished run.

    Args:
        show: called with each planned unit, in order; in a dry run this is all that happens.
        progress: called with the number of images of each finished group.

    Raises:
        ConfigError: the request does not fit the run.
        RunFolderError: the run folder is damaged, unfinished or in use.
        CheckFailedError: ``on_conflict`` is ``report`` and there are label conflicts.
        ApplyStoppedError: the journal cannot be written; the same command goes on later.
    """
    fs = fs or FsOps()
    folder = RunFolder(run)
    # a folder that is no run folder must not get a lock file
    folder.info()
    with folder.lock():
        RunFolder.open(run)
        with Catalog.build(run) as catalog:
            summary = ApplySummary(request.action, dry_run, decisions_pending=pending(folder))
            call = _Call(run, request, fs, catalog, show, progress, summary)
            if not dry_run or (run / JOURNAL_FILE).exists():
                with Journal.open(run, create=True) as journal:
                    call.start(journal, dry_run)
            else:
                call.start(None, dry_run)
            return call.summary


@dataclass
class _Call:
    run: Path
    request: Request
    fs: FsOps
    catalog: Catalog
    show: Callable[[Unit | Held], None]
    progress: Callable[[int], None]
    summary: ApplySummary

    def start(self, journal: Journal | None, dry_run: bool) -> None:
        options = make_options(self.request, self.catalog.roots, self.fs)
        images = self.request.dataset_images
        relister = Relister(
            *(self.fs, self.catalog, options, None if images is None else os.path.realpath(images)),
            *(self.request.path_column, self.request.label_column),
        )
        files = [os.path.realpath(file) for file in self.request.datasets]
        relister.check(files)
        survey = DiskSurvey(self.fs, folds_names=options.folds_names)
        planner = Planner(
            *(options, self.catalog),
            # who names patterns or wants none has said which files belong to an image by rule; companions are known
            Labels(survey, options.rules, options.class_folders, relister.labels(files), bool(options.rules)),
            handled=lambda base, name: self._handled(journal, options, base, name),
        )
        if options.on_conflict == OnConflict.REPORT:
            self._report_conflicts(planner, dry_run)
        if dry_run or journal is None:
            for _ in self._counted(planner):
                continue
            return
        self._execute(journal, planner, relister, files)

    def _execute(self, journal: Journal, planner: Planner, relister: Relister, files: list[str]) -> None:
        wrong = self.catalog.unkept_king(read_rows(self.run))
        if wrong is not None:
            raise not_a_king(wrong)
        settle_open(self.fs, journal)
        since = journal.next_id
        for earlier in journal.sessions():
            self._finish_units(journal, earlier, planner.options)
        session = self._session(journal)
        self.summary.session = session.id
        executor = Executor(self.fs, journal, session.id, planner.options, self.progress)
        executor.run(self._counted(planner))
        for file in files:
            relister.rewrite(file, executor, journal)
        self.summary.datasets = relister.written
        note_times(self.fs, journal, session.id)
        journal.set_session(session.id, SessionState.FINISHED)
        self._sum_up(journal, session, since)

    def _finish_units(self, journal: Journal, session: Session, options: Options) -> None:
        """Bring images and sidecars together again that the death of a process parted."""
        if session.state == SessionState.RUNNING:
            behind = journal.split_units(session.id, State.DONE, State.CANCELLED)
            Executor(self.fs, journal, session.id, options, self.progress).finish(behind)
        elif session.state == SessionState.UNDOING:
            left = journal.split_units(session.id, State.UNDONE, State.DONE)
            undo_entries(self.fs, journal, left, UndoSummary())

    def _session(self, journal: Journal) -> Session:
        """The interrupted session of the same command, or a new one."""
        command = self.request.command()
        for session in journal.sessions():
            if session.state != SessionState.RUNNING:
                continue
            if session.command == command:
                return session
            note_times(self.fs, journal, session.id)
            journal.set_session(session.id, SessionState.FINISHED)
        return journal.begin_session(command)

    def _handled(self, journal: Journal | None, options: Options, base: str, name: bytes) -> bool:
        if journal is None:
            return False
        kinds = (Action.MOVE, Action.DELETE) if options.action.takes_away else (Action.COPY, Action.LINK)
        return journal.handled(base, name, kinds, None if options.action.takes_away else options.target)

    def _counted(self, planner: Planner) -> Iterator[Unit | Held]:
        summary = self.summary
        for planned in planner.plan(read_rows(self.run)):
            self.show(planned)
            if isinstance(planned, Held):
                summary.held.setdefault(planned.reason, Count()).add(planned.size)
                if planned.reason == "unreadable" and (
                    planned.detail in summary.unreadable or len(summary.unreadable) < _KINDS
                ):
                    summary.unreadable[planned.detail] += 1
                if planned.reason == "image-stays":
                    # one for each mask of each image that stays; the plan lists them
                    continue
            else:
                for part in planned.parts:
                    key = _label(part.tier, part.reason)
                    summary.planned.setdefault(key, Count()).add(part.image.size or 0)
                    if part.stays is not None:
                        summary.held.setdefault(part.stays.reason, Count()).add(part.image.size or 0)
                    if summary.dry_run:
                        summary.sidecars.files += len(part.sidecars)
            yield planned
        summary.already = planner.already

    def _report_conflicts(self, planner: Planner, dry_run: bool) -> None:
        found = Counter(why for _, _, why in planner.conflicts(read_rows(self.run)))
        if found and not dry_run:
            examples = "; ".join(why for why, _ in found.most_common(3))
            raise CheckFailedError(
                f"{found.total()} dropped images have labels that their kings do not have ({examples}); nothing was "
                "touched. --dry-run lists them; go on with --on-label-conflict keep or drop"
            )

    def _sum_up(self, journal: Journal, session: Session, since: int) -> None:
        summary = self.summary
        for role, _, state, tier, reason, files, size in journal.totals(session.id, since):
            if state == State.FAILED or (state == State.SKIPPED and reason not in POLICY_REASONS):
                summary.failures += files
            if state != State.DONE:
                continue
            if role == "image":
                summary.done.setdefault(tier or "kept", Count()).add(size, files)
            elif role == "sidecar":
                summary.sidecars.add(size, files)
        for entry in journal.problems(session.id, since):
            if entry.reason == LOST:
                summary.lost[entry.detail or ""] += 1
                continue
            summary.problem_count += 1
            if len(summary.problems) < MAX_LISTED:
                summary.problems.append(_problem(entry))
        if self.request.class_folders and self.request.action.takes_away:
            summary.emptied = [path for path, *_ in journal.folders(session.id) if self._is_empty(path)]

    def _is_empty(self, path: str) -> bool:
        try:
            return not self.fs.names(path)
        except OSError:
            return False


def make_options(request: Request, roots: list[str], fs: FsOps) -> Options:
    """The request, checked against the inputs of the run.

    Raises:
        ConfigError: the target folder is missing, inside an input, or is a file.
    """
    target = None if request.target is None else os.path.realpath(request.target)
    if (target is None) != (request.action == Action.DELETE):
        raise ConfigError("name one of --move DIR, --copy-kept DIR, --hardlink-kept DIR and --delete")
    if target is not None:
        if os.path.lexists(target) and not os.path.isdir(target):
            raise ConfigError(f"{target} is a file; name a folder")
        for root in roots:
            if target == root or target.startswith(root.rstrip(os.sep) + os.sep):
                raise ConfigError(
                    f"{target} lies inside the input {root}, so the next run would scan it: name a folder outside"
                )
    return Options(
        *(request.action, target, request.only, request.min_score, parse_rules(request.sidecars)),
        on_conflict=request.on_conflict,
        class_folders=request.class_folders,
        folds_names=target is not None and fs.ignores_case(target),
        pairs=request.pairs,
    )


def _label(tier: str | None, reason: str | None) -> str:
    return (reason if tier == Tier.QUALITY else tier) or "kept"


def _problem(entry: Entry) -> Problem:
    moved = entry.state == State.DONE and entry.target is not None
    return Problem(*(entry.target_path if moved else entry.path, entry.state, entry.reason or "", entry.detail or ""))


def _sum(counts: Iterable[Count]) -> Count:
    counts = list(counts)
    return Count(sum(count.files for count in counts), sum(count.bytes for count in counts))
