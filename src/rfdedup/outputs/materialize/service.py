"""Materialize from start to end: check, choose, plan, write, and the table of all rows last."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from rfdedup.model.errors import ConfigError
from rfdedup.model.schemas import Verdict
from rfdedup.model.text import path_text
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.materialize.execute import Execution
from rfdedup.outputs.materialize.labels import Boxes, dataset_files
from rfdedup.outputs.materialize.log import FORMAT, CopyLog, log_file, read_log
from rfdedup.outputs.materialize.manifest import write_manifest
from rfdedup.outputs.materialize.pieces import MANIFEST, Kind, Layout, Piece
from rfdedup.outputs.materialize.rows import Images, Rows, RunRows, key_of
from rfdedup.outputs.materialize.same import SameLayout
from rfdedup.outputs.materialize.same_datasets import DatasetFiles
from rfdedup.outputs.materialize.selection import Selection, place_of_inputs, select
from rfdedup.outputs.materialize.shards import ShardLayout
from rfdedup.outputs.materialize.sidecars import Sidecars
from rfdedup.outputs.materialize.tables import TableLayout
from rfdedup.outputs.materialize.target import LocalTarget, Sink
from rfdedup.outputs.materialize.trees import ClassLayout, CocoLayout, FilesLayout, YoloLayout
from rfdedup.runtime.progress import Progress, Silent, Watch
from rfdedup.sources.shards import KINDS
from rfdedup.storage.decision_log import pending
from rfdedup.storage.run_folder import RunFolder, checksum
from rfdedup.storage.trust import check_verdicts, confirmed, save

SHARD_BYTES: Final = 512 << 20
"""Bytes of the images of a shard, unless the user says otherwise."""
MAX_LISTED: Final = 10_000
_SPARE: Final = 1 << 20
_A_ROW: Final = 200
"""Bytes of a row in the table of all rows, at most."""


@dataclass(frozen=True)
class CopyRequest:
    """What a user asks of materialize.

    Attributes:
        to: folder of the copy. kind: what it is written as.
        shard_bytes: of the images of a shard. datasets: COCO and YOLO files with labels of the images.
        roots: folders that hold everything that may be read, for a run folder that is not the user's own here.
    """

    to: Path
    kind: Kind
    shard_bytes: int = SHARD_BYTES
    datasets: tuple[Path, ...] = ()
    roots: tuple[Path, ...] = ()


@dataclass
class CopySummary:
    """What a copy holds.

    Attributes:
        dest: where it is. kind: as what. images: how many it holds. planned: how many it should hold.
        bytes: of all its outputs, in a dry run at most so many. outputs: how many there are, with the table.
        written, there: outputs of this call, and of earlier ones.
        stays: images in it that were dropped, because they belong to kept ones or have labels of their own.
        unread: images that the run could not read, so that they are not in it.
        refused: path, reason and detail of images that should be in it, the first ``MAX_LISTED``; ``refused_count``.
        lost: files beside images that could not be written, with the reason.
        decisions_pending: reviewers decided after the run.
    """

    dest: str
    kind: Kind
    dry_run: bool
    images: int = 0
    planned: int = 0
    bytes: int = 0
    outputs: int = 0
    written: int = 0
    there: int = 0
    stays: int = 0
    unread: int = 0
    refused_count: int = 0
    refused: list[tuple[str, str, str]] = field(default_factory=list)
    lost: list[tuple[str, str]] = field(default_factory=list)
    decisions_pending: bool = False

    @property
    def complete(self) -> bool:
        """Whether everything is there that should be."""
        return not (self.refused_count or self.lost or self.unread)


def materialize_run(
    run: Path,
    request: CopyRequest,
    *,
    dry_run: bool = False,
    show: Callable[[Piece], None] = lambda _: None,
    progress: Progress | None = None,
) -> CopySummary:
    """Write the images that a finished run keeps to a new place. Its inputs are only read.

    A call that was cut off goes on where it stopped; what is there is not written again. Every image is checked
    against the SHA-256 that the run saw; one that changed is refused, and the others are written.

    Args:
        run: the run folder. request: what to write, and where.
        dry_run: only plan. show: called with each planned output, in order. progress: is told how far the work is.

    Raises:
        ConfigError: the target or a combination of options cannot be used; there is too little room.
        RunFolderError: the run folder is damaged, unfinished or in use, or not the user's own.
        CheckFailedError: the target cannot be written; the same command goes on later.
    """
    folder = RunFolder(run)
    # a folder that is no run folder must not get a lock file
    folder.info()
    watch = Watch(progress if progress is not None else Silent())
    with folder.lock():
        info = RunFolder.open(run).info()
        rows = RunRows(folder.verdicts())
        note = confirmed(folder, info, request.roots)
        check_verdicts(folder, info, note, rows.roots, request.roots)
        dest = os.path.realpath(request.to)
        _check_place(dest, run, rows, info)
        call = _Call(run, info, rows, request, dest, watch)
        target = LocalTarget(dest)
        log = call.log(target)
        _check_empty(target, log)
        with watch.stage("choose", None):
            layout = call.layout()
        call.preflight(layout, log, target, show)
        if not dry_run:
            note.add(targets=(dest,))
            note.verdicts = checksum(info)
            save(folder, info, note)
            if not log.entries:
                log.begin()
            call.execute(layout, log, target)
        call.summary.decisions_pending = pending(folder)
        call.summary.dry_run = dry_run
        return call.summary


class _Call:
    def __init__(
        self, run: Path, info: dict[str, Any], rows: RunRows, request: CopyRequest, dest: str, watch: Watch
    ) -> None:
        self.run, self.info, self.rows, self.request, self.dest, self.watch = run, info, rows, request, dest, watch
        self.summary = CopySummary(dest, request.kind, False)
        self.summary.unread = int((np.array(rows.table["verdict"].to_pylist(), object) == Verdict.ERROR).sum())
        self.selection = Selection(rows.kept)
        self.refused: set[int] = set()

    def log(self, target: LocalTarget) -> CopyLog:
        """The log of an earlier call of the same command, or a new one where nothing of that is left.

        Raises:
            ConfigError: another copy is in the target.
        """
        file = log_file(self.run, self.dest)
        options: dict[str, Any] = {"datasets": [os.path.abspath(path) for path in self.request.datasets]}
        if self.request.kind in (Kind.WEBDATASET, Kind.PARQUET, Kind.HF):
            options["shard_bytes"] = self.request.shard_bytes
        header = {
            "format": FORMAT,
            "dest": self.dest,
            "as": str(self.request.kind),
            "options": options,
            "verdicts": checksum(self.info),
        }
        found = read_log(file)
        if found is None or next(target.names(), None) is None:
            started = datetime.now(UTC).isoformat(timespec="milliseconds")
            return CopyLog(file, {**header, "started": started})
        if any(found.header.get(name) != value for name, value in header.items()):
            raise ConfigError(
                f"{path_text(self.dest)} holds a copy as {found.header.get('as')} of an earlier run or with other "
                "options: name another folder, or take it back first by `rfdedup undo`"
            )
        return found

    def layout(self) -> Layout:
        """How the copy is laid out.

        Raises:
            ConfigError: the inputs cannot be written so.
        """
        rows, kind = self.rows, self.request.kind
        images = Images(rows)
        containers = self._containers()
        places = place_of_inputs([root for root in rows.folders() if root not in containers], containers)
        self.selection = select(self.run, rows, self.dest, places)
        going: Rows = rows.reading_order(np.flatnonzero(self.selection.included))
        self.summary.planned = len(going)
        # a RAW that nobody read goes with its picture
        self.summary.unread -= rows.table["sha256"].take(going).null_count
        self.summary.stays = len(self.selection.stays)
        sidecars = Sidecars(rows, self.selection)
        shards = rows, going, images, sidecars, self.request.shard_bytes
        match kind:
            case Kind.SAME:
                datasets = DatasetFiles(rows, self.selection, self.refused, places, self._files())
                return SameLayout(rows, self.selection, images, places, containers, datasets)
            case Kind.WEBDATASET:
                return ShardLayout(*shards)
            case Kind.PARQUET | Kind.HF:
                return TableLayout(*shards, kind == Kind.HF)
            case Kind.FILES:
                return FilesLayout(rows, going, images, sidecars)
            case Kind.IMAGEFOLDER:
                return ClassLayout(rows, going, images, sidecars)
            case Kind.MANIFEST:
                self.summary.planned = 0
                return _Nothing()
        boxes = Boxes.read(rows, sidecars, self._files())
        if kind == Kind.YOLO:
            return YoloLayout(rows, going, images, sidecars, boxes)
        return CocoLayout(rows, going, images, sidecars, boxes, self.refused)

    def _files(self) -> tuple[str, ...]:
        return dataset_files(self.info, self.request.datasets, self.rows.folders())

    def _containers(self) -> tuple[str, ...]:
        """Containers of the run, those without images too: shards stay as many as they are."""
        given = [name for name in self.info.get("inputs", []) if os.path.splitext(name)[1].lower() in KINDS]
        return tuple(sorted({*self.rows.containers(), *given}, key=os.fsencode))

    def preflight(self, layout: Layout, log: CopyLog, target: LocalTarget, show: Callable[[Piece], None]) -> None:
        """Plan everything once: what it takes, and that there is room for it.

        Raises:
            ConfigError: there is not.
        """
        missing = 0
        for piece in layout.pieces():
            show(piece)
            self.summary.outputs += 1
            self.summary.bytes += piece.size
            entry = log.entries.get(piece.name)
            if entry is None or target.size(piece.name) != entry.size:
                missing += piece.size
        table = Piece(MANIFEST, _A_ROW * len(self.rows), (), lambda _: [], of_all=True)
        show(table)
        self.summary.outputs += 1
        self.summary.bytes += table.size
        free = target.free()
        if free is not None and missing + table.size + _SPARE > free:
            raise ConfigError(
                f"{path_text(self.dest)} has {free >> 20:,} MB of room, and the copy takes up to "
                f"{(missing + table.size) >> 20:,} MB more: free some space or name another volume"
            )

    def execute(self, layout: Layout, log: CopyLog, target: LocalTarget) -> None:
        target.prepare()
        with self.watch.stage("copy", self.summary.planned):
            execution = Execution(target, log, self.watch.advance, refused_rows=self.refused)
            execution.run(layout.pieces())
            execution.run(self._table(execution))
            if not execution.refused and not execution.lost:
                log.finish()
            target.finish()
        summary = self.summary
        summary.images, summary.written, summary.there = len(execution.places), execution.written, execution.there
        summary.outputs = summary.written + summary.there
        summary.bytes = execution.size
        summary.lost = execution.lost
        failed = [(path, "not-reachable", why) for path, why in self.selection.failed]
        refused = [execution.refused[row] for row in sorted(execution.refused)]
        summary.refused_count = len(failed) + len(refused)
        facts = self.rows.facts([refusal.row for refusal in refused[:MAX_LISTED]])
        for refusal, row in zip(refused, facts, strict=False):
            failed.append((_path(row), refusal.kind, refusal.detail))
        summary.refused = failed[:MAX_LISTED]

    def _table(self, execution: Execution) -> Iterator[Piece]:
        def note(row: int) -> str | None:
            refusal = execution.refused.get(row)
            return self.selection.stays.get(row) if refusal is None else f"{refusal.kind}: {refusal.detail}"

        write: Callable[[Sink], list[Any]] = partial(write_manifest, self.rows, execution.places.get, note)
        yield Piece(MANIFEST, 0, (), write, of_all=True)


class _Nothing:
    """``manifest``: the table alone."""

    def pieces(self) -> Iterator[Piece]:
        return iter(())


def _path(facts: dict[str, Any]) -> str:
    root = facts["root"]
    return f"{root.rstrip('/')}/{key_of(facts)}" if "://" in root else local(root, facts["path_bytes"])


def _check_place(dest: str, run: Path, rows: RunRows, info: dict[str, Any]) -> None:
    """Refuse a target inside of an input or of the run folder, and one that is a file.

    Raises:
        ConfigError: it is one of these.
    """
    shown = path_text(dest)
    if os.path.lexists(dest) and not os.path.isdir(dest):
        raise ConfigError(f"--to {shown} is a file: name a folder")
    here = os.path.realpath(run)
    if _inside(dest, here) or _inside(here, dest):
        raise ConfigError(f"--to {shown} and the run folder lie inside each other: name another folder")
    for root in _named_folders(rows, info):
        if _inside(dest, root):
            raise ConfigError(f"--to {shown} lies inside the input {path_text(root)}: name a folder outside")


def _named_folders(rows: RunRows, info: dict[str, Any]) -> Sequence[str]:
    """The folders that were INPUT. Files of a list only lie below one, which may hold much else."""
    roots = [*rows.folders(), *info.get("inputs", [])]
    given = info.get("given")
    if not isinstance(given, dict) or not isinstance(given.get("named"), list):
        return roots
    named = {os.path.realpath(str(name)) for name in given["named"]}
    listed = given.get("files_from") is not None or any(os.path.isfile(name) for name in named)
    return [root for root in roots if not listed or os.path.realpath(root) in named]


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _check_empty(target: LocalTarget, log: CopyLog) -> None:
    """Refuse a target that holds anything that this copy did not write.

    Raises:
        ConfigError: it does.
    """
    for name in target.names():
        if name not in log.entries:
            raise ConfigError(
                f"--to {path_text(target.folder)} is not empty, and {path_text(name)} is not of this copy: "
                "name a new folder"
            )
