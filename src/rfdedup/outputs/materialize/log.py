"""What a copy wrote, noted in the run folder before an output gets its name: so it resumes, and undo knows its own."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rfdedup.model.errors import RunFolderError
from rfdedup.outputs.apply.names import check_absolute, check_relative
from rfdedup.storage.files import atomic_write, explain, open_regular, sync_folder

LOGS: Final = "materialized"
"""Folder in RUN with one log for each target."""
FORMAT: Final = 1
_SUFFIX: Final = ".jsonl"


@dataclass(frozen=True)
class Entry:
    """One output: name below the target, bytes, SHA-256, and the rows that it should hold and does not."""

    name: str
    size: int
    sha256: str
    refused: tuple[int, ...] = ()


@dataclass
class CopyLog:
    """The log of one target.

    Attributes:
        file: where it is.
        header: what was asked: ``dest``, ``as``, ``options``, ``verdicts`` (checksum of the run), ``started``.
        entries: the last entry of each output.
        finished: the copy was whole once.
    """

    file: Path
    header: dict[str, Any]
    entries: dict[str, Entry] = field(default_factory=dict)
    finished: bool = False

    @property
    def dest(self) -> str:
        return str(self.header["dest"])

    @property
    def started(self) -> str:
        """When it was begun, as ISO 8601."""
        return str(self.header.get("started", ""))

    def begin(self) -> None:
        """Make the log, durable, before anything is written to its target."""
        folder = self.file.parent
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise RunFolderError(f"cannot write {folder}: {explain(error)}") from None
        self._rewrite()

    def add(self, entries: Sequence[Entry]) -> None:
        """Note outputs, durably, before they get their names."""
        self._append([_line(entry) for entry in entries])
        self.entries.update({entry.name: entry for entry in entries})

    def finish(self) -> None:
        if not self.finished:
            self._append([json.dumps({"finished": True})])
            self.finished = True

    def keep(self, names: Sequence[str]) -> None:
        """Forget all outputs but some; without any, the log goes."""
        self.entries = {name: self.entries[name] for name in names}
        try:
            if names:
                self._rewrite()
            else:
                self.file.unlink(missing_ok=True)
        except OSError as error:
            raise RunFolderError(f"cannot write {self.file}: {explain(error)}") from None

    def _rewrite(self) -> None:
        lines = [json.dumps(self.header, sort_keys=True), *map(_line, self.entries.values())]
        with atomic_write(self.file) as stream:
            stream.write("".join(f"{line}\n" for line in lines).encode("ascii"))

    def _append(self, lines: list[str]) -> None:
        try:
            with self.file.open("ab") as stream:
                stream.write("".join(f"{line}\n" for line in lines).encode("ascii"))
                stream.flush()
                os.fsync(stream.fileno())
        except OSError as error:
            raise RunFolderError(f"cannot write {self.file}: {explain(error)}") from None


def log_file(run: Path, dest: str) -> Path:
    """Where the log of a target is."""
    return run / LOGS / f"{hashlib.sha256(os.fsencode(dest)).hexdigest()[:24]}{_SUFFIX}"


def read_log(file: Path) -> CopyLog | None:
    """A log; None where there is none. A last line that a crash cut off is taken away: its output got no name.

    Raises:
        RunFolderError: it is damaged, or names something outside of its target.
    """
    if file.parent.is_symlink():
        raise RunFolderError(f"{file.parent} is a symbolic link, which is not followed: remove it")
    try:
        with open_regular(file) as stream:
            data = stream.read()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RunFolderError(f"{file} cannot be read: {explain(error)}") from None
    whole, _, cut = data.rpartition(b"\n")
    if cut:
        try:
            os.truncate(file, len(data) - len(cut))
        except OSError as error:
            raise RunFolderError(f"cannot write {file}: {explain(error)}") from None
    try:
        values = [json.loads(line) for line in whole.split(b"\n") if line]
        log = CopyLog(file, dict(values[0]))
        if log.header["format"] != FORMAT:
            raise RunFolderError(f"{file} is of another version of rfdedup")
        check_absolute(log.dest, str(file))
        for value in values[1:]:
            if "finished" in value:
                log.finished = True
                continue
            entry = Entry(str(value["name"]), int(value["size"]), str(value["sha256"]), tuple(value.get("refused", ())))
            check_relative(os.fsencode(entry.name), str(file))
            log.entries[entry.name] = entry
    except (ValueError, KeyError, TypeError, IndexError, RecursionError, UnicodeError):
        raise RunFolderError(f"{file} is damaged: nothing was touched") from None
    return log


def logs_of(run: Path) -> Iterator[CopyLog]:
    """The logs of all targets of a run, the last one begun first."""
    folder = run / LOGS
    if folder.is_symlink() or not folder.is_dir():
        return
    found = [log for file in sorted(folder.glob(f"*{_SUFFIX}")) if (log := read_log(file)) is not None]
    yield from sorted(found, key=lambda log: log.started, reverse=True)


def _line(entry: Entry) -> str:
    value: dict[str, Any] = {"name": entry.name, "size": entry.size, "sha256": entry.sha256}
    if entry.refused:
        value["refused"] = list(entry.refused)
    return json.dumps(value)
