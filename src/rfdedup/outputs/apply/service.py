"""Apply from start to end: settle what an interrupted call left, plan, execute, rewrite data-set files, sum up."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from rfdedup.model.errors import CheckFailedError, ConfigError
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.outputs.apply.allowed_places import check_journal
from rfdedup.outputs.apply.before import Before
from rfdedup.outputs.apply.bundles import Pairs
from rfdedup.outputs.apply.catalog import Catalog, read_rows
from rfdedup.outputs.apply.database import JOURNAL_FILE
from rfdedup.outputs.apply.entries import ApplySession, EntryState, JournalEntry, SessionState
from rfdedup.outputs.apply.execute import Executor, settle_open
from rfdedup.outputs.apply.folders import note_times
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import (
    REPLACED,
    Action,
    Held,
    OnConflict,
    Options,
    Planner,
    Unit,
    folder_of_replaced,
    not_believed,
)
from rfdedup.outputs.apply.relist import Relister
from rfdedup.outputs.apply.sidecars import DEFAULT_RULES, IMAGE_TREES, Rule, parse_rules
from rfdedup.outputs.apply.steps import LOST
from rfdedup.outputs.apply.summary import ApplySummary, Count, Problem
from rfdedup.outputs.apply.survey import DiskSurvey
from rfdedup.outputs.apply.undo import UndoSummary, undo_entries
from rfdedup.storage.decision_log import pending
from rfdedup.storage.run_folder import RunFolder, checksum
from rfdedup.storage.trust import Note, check_verdicts, confirmed, save

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
    roots: tuple[Path, ...] = ()
    """Folders that hold everything that may be touched, for a run folder that is not the user's own here."""

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
        RunFolderError: the run folder is damaged, unfinished or in use, or was not made by this user on this machine
            and names files outside of ``request.roots``.
        CheckFailedError: ``on_conflict`` is ``report`` and there are label conflicts.
        ApplyStoppedError: the journal cannot be written; the same command goes on later.
    """
    fs = fs or FsOps()
    folder = RunFolder(run)
    # a folder that is no run folder must not get a lock file
    folder.info()
    with folder.lock():
        info = RunFolder.open(run).info()
        refuse_containers(folder)
        with Catalog.build(run) as catalog:
            note = confirmed(folder, info, request.roots)
            check_verdicts(folder, info, note, catalog.roots, request.roots)
            summary = ApplySummary(request.action, dry_run, decisions_pending=pending(folder))
            call = _Call(folder, request, fs, catalog, show, progress, summary, note)
            if not dry_run or (run / JOURNAL_FILE).exists():
                with Journal.open(run, create=True) as journal:
                    call.start(journal, dry_run)
            else:
                call.start(None, dry_run)
            return call.summary


def refuse_containers(folder: RunFolder) -> None:
    """Refuse to act on images that lie inside containers, before anything happens.

    Raises:
        ConfigError: some of the run do.
    """
    table = folder.verdicts()
    inside = pc.is_valid(table["source"]).combine_chunks()
    if pc.any(inside).as_py():
        root = table["root"].filter(inside)[0].as_py()
        raise ConfigError(
            f"apply works on folders only, and INPUT {root} is none: write a clean copy by "
            f"`rfdedup materialize {shlex.quote(str(folder.path))} --to DEST`"
        )


@dataclass
class _Call:
    folder: RunFolder
    request: Request
    fs: FsOps
    catalog: Catalog
    show: Callable[[Unit | Held], None]
    progress: Callable[[int], None]
    summary: ApplySummary
    note: Note

    @property
    def run(self) -> Path:
        return self.folder.path

    def start(self, journal: Journal | None, dry_run: bool) -> None:
        options = make_options(self.request, self.catalog.roots, self.fs)
        self._note_places(options)
        if journal is not None:
            check_journal(self.folder, journal, self.note)
        before = Before(self.fs, journal, options)
        images = self.request.dataset_images
        relister = Relister(
            *(self.fs, self.catalog, options, None if images is None else os.path.realpath(images)),
            *(self.request.path_column, self.request.label_column, self._remember),
        )
        files = [os.path.realpath(file) for file in self.request.datasets]
        relister.check(files)
        survey = DiskSurvey(self.fs, folds_names=options.folds_names)
        planner = Planner(
            *(options, self.catalog),
            # who names patterns or wants none has said which files belong to an image by rule; companions are known
            Labels(survey, options.rules, options.class_folders, relister.labels(files), bool(options.rules)),
            handled=before.handled,
            copied=before.copied,
            earlier=before.earlier,
        )
        wrong = self.catalog.false_claim(read_rows(self.run))
        if wrong is not None:
            raise not_believed(wrong)
        if options.on_conflict == OnConflict.REPORT:
            self._report_conflicts(planner, dry_run)
        if dry_run or journal is None:
            for _ in self._counted(planner):
                continue
            return
        self._remember()
        self._execute(journal, planner, relister, files, before)

    def _note_places(self, options: Options) -> None:
        """The verdicts are believed now, and the target is named: what lies below them may be touched."""
        self.note.add(
            inputs=(*self.catalog.roots, *(tree for root in self.catalog.roots for tree in _trees(root, options.rules)))
        )
        if options.target is not None:
            aside = folder_of_replaced(options.target)
            self.note.add(
                targets=(options.target, aside, *_trees(options.target, options.rules)),
                places=[*self._above(options.target), os.path.dirname(options.target)],
            )

    def _remember(self, *written: str) -> None:
        """Note outside of RUN what is about to be touched, so that undo believes the journal as far as that."""
        self.note.add(places=(place for file in written for place in (file, *self._above(os.path.dirname(file)))))
        info = self.folder.info()
        self.note.verdicts = checksum(info)
        save(self.folder, info, self.note)

    def _above(self, path: str) -> list[str]:
        """The folder ``path`` and those above it up to one that is there: what is made, and what it is made in."""
        found = [path]
        while not os.path.lexists(found[-1]) and os.path.dirname(found[-1]) != found[-1]:
            found.append(os.path.dirname(found[-1]))
        return found

    def _execute(
        self, journal: Journal, planner: Planner, relister: Relister, files: list[str], before: Before
    ) -> None:
        settle_open(self.fs, journal)
        since = journal.next_id
        for earlier in journal.sessions():
            self._finish_units(journal, earlier, planner.options)
        session = self._session(journal)
        self.summary.session = session.id
        executor = Executor(self.fs, journal, session.id, planner.options, self.progress)
        executor.run(self._counted(planner))
        for file in files:
            relister.rewrite(file, executor, before)
        self.summary.datasets = relister.written
        note_times(self.fs, journal, session.id)
        journal.set_session(session.id, SessionState.FINISHED)
        self._sum_up(journal, session, since)

    def _finish_units(self, journal: Journal, session: ApplySession, options: Options) -> None:
        """Bring images and sidecars together again that the death of a process parted."""
        if session.state == SessionState.RUNNING:
            behind = [
                entry
                for entry in journal.split_units(session.id, EntryState.DONE, EntryState.CANCELLED)
                if self._may_finish(entry)
            ]
            Executor(self.fs, journal, session.id, options, self.progress).finish(behind)
        elif session.state == SessionState.UNDOING:
            left = journal.split_units(session.id, EntryState.UNDONE, EntryState.DONE)
            undo_entries(self.fs, journal, left, UndoSummary())

    def _may_finish(self, entry: JournalEntry) -> bool:
        """A sidecar goes as this command says; none that is an image which the run keeps."""
        if entry.role != "sidecar":
            return False
        known = self.catalog.find(entry.base, entry.name)
        if known is not None and known.verdict == Verdict.KEEP and entry.kind.takes_away:
            return False
        return entry.kind != Action.DELETE or self.request.action == Action.DELETE

    def _session(self, journal: Journal) -> ApplySession:
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
                        summary.replaced.files += len(part.replaced)
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

    def _sum_up(self, journal: Journal, session: ApplySession, since: int) -> None:
        summary = self.summary
        for role, _, state, tier, reason, files, size in journal.totals(session.id, since):
            if state == EntryState.FAILED or (state == EntryState.SKIPPED and reason not in POLICY_REASONS):
                summary.failures += files
            if state != EntryState.DONE:
                continue
            if role == "image":
                summary.done.setdefault(tier or "kept", Count()).add(size, files)
            elif role == "sidecar":
                summary.sidecars.add(size, files)
            elif role == REPLACED:
                summary.replaced.add(size, files)
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
        ConfigError: the target folder is missing, inside an input, is a file, or cannot be made.
    """
    target = None if request.target is None else os.path.realpath(request.target)
    if (target is None) != (request.action == Action.DELETE):
        raise ConfigError("name one of --move DIR, --copy-kept DIR, --hardlink-kept DIR and --delete")
    if target is not None:
        if os.path.lexists(target) and not os.path.isdir(target):
            raise ConfigError(f"{target} is a file; name a folder")
        try:
            fs.lstat(target)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise ConfigError(f"cannot use {target}: {explain(error)[1]}") from None
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


def _trees(root: str, rules: Iterable[Rule]) -> list[str]:
    """Folders beside a folder of images that hold its sidecars."""
    if os.fsencode(os.path.basename(root)) not in IMAGE_TREES:
        return []
    return [local(os.path.dirname(root), rule.tree) for rule in rules if rule.tree]


def _label(tier: str | None, reason: str | None) -> str:
    return (reason if tier == Tier.QUALITY else tier) or "kept"


def _problem(entry: JournalEntry) -> Problem:
    moved = entry.state == EntryState.DONE and entry.target is not None
    return Problem(*(entry.target_path if moved else entry.path, entry.state, entry.reason or "", entry.detail or ""))
