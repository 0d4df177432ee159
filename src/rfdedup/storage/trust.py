"""Which run folders are the user's own, and which folders ``apply`` and ``undo`` may touch for them.

Whatever lies in RUN may have been written by somebody else, who may also know of an earlier state of it. So the folders
that a run stands for are noted outside, in a file of the user's own state folder: the inputs when ``run`` is given
them, the targets when ``apply`` is. RUN holds the random id under which the note is kept, so it may be moved and
renamed. A folder without a note, of another user or another machine, is believed as far as the user names its roots.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import re
import secrets
import shlex
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import platformdirs

from rfdedup.model.errors import RunFolderError
from rfdedup.storage.files import atomic_write
from rfdedup.storage.run_folder import RunFolder, checksum

ID = "id"
"""Key of ``run.json`` under which the random id of the run folder stands."""

_MAX_NOTE = 16 << 20
_LISTED = 8


@dataclass
class Note:
    """What is known of a run folder outside of it. Paths are absolute.

    Attributes:
        inputs: folders whose files the run judged.
        targets: folders that files were moved, copied or linked into.
        places: single files and folders that apply made or changed beside these.
        verdicts: checksum of the ``run.json`` that the run wrote, which holds those of its tables.
    """

    inputs: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    verdicts: str | None = None

    def add(self, *, inputs: Iterable[str] = (), targets: Iterable[str] = (), places: Iterable[str] = ()) -> None:
        for mine, new in ((self.inputs, inputs), (self.targets, targets), (self.places, places)):
            mine.extend(path for path in dict.fromkeys(new) if path not in mine)


def below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def identity(folder: RunFolder, info: dict[str, Any]) -> str:
    """The id that ``run.json`` gives; for folders of earlier versions that of the folder itself."""
    given = info.get(ID)
    if isinstance(given, str) and re.fullmatch(r"[0-9a-f]{32}", given):
        return given
    status = folder.path.stat()
    return f"{status.st_dev}:{status.st_ino}:{os.path.realpath(folder.path)}"


def own_id(folder: RunFolder) -> str:
    """The id for a run that is about to be written: that of the user's own earlier run in this folder, or a new one."""
    with contextlib.suppress(RunFolderError, OSError):
        info = folder.info()
        if ID in info and recall(folder, info) is not None:
            return identity(folder, info)
    return secrets.token_hex(16)


def recall(folder: RunFolder, info: dict[str, Any]) -> Note | None:
    """The note of a run folder; None where this user made none on this machine."""
    for home in _homes():
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
            if not _is_private(home):
                continue
            value = json.loads(_read(home / _name(folder, info)))
            lists = {name: value[name] for name in ("inputs", "targets", "places")}
            if all(isinstance(path, str) for paths in lists.values() for path in paths):
                return Note(**lists, verdicts=value["verdicts"])
    return None


def is_own(folder: RunFolder) -> bool:
    """Whether the finished run in a folder is one that this user made here, unchanged since."""
    info = folder.info()
    note = recall(folder, info)
    return note is not None and note.verdicts == checksum(info)


def note_run(folder: RunFolder, inputs: Sequence[str], *, named: bool) -> None:
    """Note what a run that is finished wrote, and its inputs.

    Args:
        folder: the run folder.
        inputs: absolute folders.
        named: the user named them. Where they come from an earlier run, they are noted only if they are known.
    """
    info = folder.info()
    note = recall(folder, info)
    if not named and (note is None or not all(below(path, note.inputs) for path in inputs)):
        return
    note = note or Note()
    changed = note.verdicts != checksum(info) or not set(inputs) <= set(note.inputs)
    note.add(inputs=inputs)
    note.verdicts = checksum(info)
    if changed:
        save(folder, info, note)


def save(folder: RunFolder, info: dict[str, Any], note: Note) -> None:
    """Keep a note. Where no folder can hold it, the user names the roots when they are asked for."""
    value = {"run": os.path.realpath(folder.path), **vars(note)}
    for home in _homes():
        with contextlib.suppress(OSError, RunFolderError):
            home.parent.parent.mkdir(parents=True, exist_ok=True)
            for part in (home.parent, home):
                part.mkdir(mode=0o700, exist_ok=True)
            if not _is_private(home):
                continue
            with atomic_write(home / _name(folder, info)) as stream:
                stream.write(json.dumps(value, indent=2).encode("ascii"))
            return


def confirmed(folder: RunFolder, info: dict[str, Any], roots: Sequence[str | os.PathLike[str]]) -> Note:
    """The note of a run folder, with the roots that the user names with the command added."""
    note = recall(folder, info) or Note()
    named = [os.path.realpath(root) for root in roots]
    note.add(inputs=named, targets=named)
    return note


def check_verdicts(
    folder: RunFolder,
    info: dict[str, Any],
    note: Note,
    judged: Iterable[str],
    roots: Sequence[str | os.PathLike[str]],
) -> None:
    """Check that the verdicts are those of the user's own run, or lie below roots that the user names.

    Args:
        folder: the run folder.
        info: its ``run.json``.
        note: what is known of it.
        judged: the input folders that the verdicts name.
        roots: folders that the user named with the command.

    Raises:
        RunFolderError: they do not.
    """
    believed = note.inputs if note.verdicts == checksum(info) else [os.path.realpath(root) for root in roots]
    outside = [path for path in judged if not below(path, believed) and not below(os.path.realpath(path), believed)]
    if outside:
        raise refusal(folder, outside)


def refusal(folder: RunFolder, outside: Iterable[str]) -> RunFolderError:
    """What to say of a run folder that names files in places which the user did not confirm."""
    places = _outermost(outside)
    shown = ", ".join(places[:_LISTED]) + (f" and {len(places) - _LISTED} more" if len(places) > _LISTED else "")
    options = " ".join(f"--root {shlex.quote(place)}" for place in places[:_LISTED])
    return RunFolderError(
        f"{folder.path} names files below {shown}, which no run or apply of yours on this machine gave it (it was made "
        "elsewhere, by an earlier version or by somebody else, or it was changed): nothing was touched; if they are "
        f"meant, give the same command with {options}"
    )


def _outermost(paths: Iterable[str]) -> list[str]:
    found: list[str] = []
    for path in sorted(set(paths)):
        if not below(path, found):
            found.append(path)
    return found


def _homes() -> list[Path]:
    """Folders for notes, the first that can be used holds new ones."""
    given = os.environ.get("RFDEDUP_STATE")
    state = Path(given) if given else platformdirs.user_state_path("rfdedup", appauthor=False)
    homes = [state / "runs"]
    if os.name != "nt":
        # a user without a home of their own
        homes.append(Path("/var/tmp") / f"rfdedup-{os.geteuid()}" / "runs")  # noqa: S108
    return homes


def _is_private(home: Path) -> bool:
    """Whether only this user can have written what lies in a folder for notes."""
    if os.name == "nt":
        return home.is_dir()
    for folder in (home, home.parent):
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
            return False
    return True


def _name(folder: RunFolder, info: dict[str, Any]) -> str:
    text = f"{_machine()}\0{identity(folder, info)}"
    return f"{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def _machine() -> str:
    with contextlib.suppress(OSError, ValueError):
        text = Path("/etc/machine-id").read_text(encoding="ascii").strip()
        if text:
            return text
    return platform.node()


def _read(file: Path) -> bytes:
    handle = os.open(file, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as stream:
        return stream.read(_MAX_NOTE)
