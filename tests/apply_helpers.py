"""Small trees with verdicts, snapshots to compare, and a file system that fails or crashes at a chosen call."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from rfdedup.model.schemas import SCHEMA_VERSION, VERDICTS
from rfdedup.model.text import path_text
from rfdedup.outputs.apply import Action, Request, UndoSummary
from rfdedup.outputs.apply.fsops import FsOps
from rfdedup.outputs.apply.names import root_path
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import note_run

OLD = 1_600_000_000_123_456_789


@dataclass
class Tree:
    """An input folder and the run folder that judged it."""

    root: Path
    run: Path
    rows: list[dict[str, Any]] = field(default_factory=list)

    def put(self, name: str, data: bytes = b"", *, mode: int = 0o644, mtime_ns: int = OLD) -> str:
        """Write a file below the root."""
        path = os.path.join(os.fspath(self.root), name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as stream:
            stream.write(data)
        os.chmod(path, mode)
        os.utime(path, ns=(mtime_ns, mtime_ns))
        return path

    def keep(self, name: str, data: bytes | None = None, **facts: Any) -> None:
        self._judge(name, data, {"verdict": "keep"}, facts)

    def drop(
        self,
        name: str,
        king: str | None = None,
        data: bytes | None = None,
        *,
        tier: str | None = None,
        reason: str | None = None,
        score: float | None = None,
        flags: tuple[str, ...] = (),
        root: Path | None = None,
        king_root: Path | None = None,
        **facts: Any,
    ) -> None:
        if king is None:
            tier = "quality"
        elif tier is None:
            tier = self._tier(name, data, root, king, king_root)
        values: dict[str, Any] = {
            "verdict": "drop",
            "tier": tier,
            "reason": reason or {"quality": "blurry", "exact": "sha256", "perceptual": "dhash"}.get(tier, "cosine"),
            "score": score,
            "flags": list(flags),
            "king": None if king is None else path_text(king),
            "king_root": None if king is None else os.fspath(king_root or root or self.root),
            "king_path_bytes": None if king is None else os.fsencode(king),
        }
        self._judge(name, data, values, facts, root)

    def _tier(self, name: str, data: bytes | None, root: Path | None, king: str, king_root: Path | None) -> str:
        """``exact`` where the bytes are those of the king, as a run would have it."""
        path = (root or self.root) / name
        mine = data if data is not None else path.read_bytes() if path.exists() else os.fsencode(name)
        return "exact" if mine == ((king_root or root or self.root) / king).read_bytes() else "perceptual"

    def error(self, name: str, data: bytes | None = None) -> None:
        self._judge(name, data, {"verdict": "error", "reason": "corrupt"}, {})

    def _judge(
        self,
        name: str,
        data: bytes | None,
        values: dict[str, Any],
        facts: dict[str, Any],
        root: Path | None = None,
    ) -> None:
        base = root or self.root
        path = os.path.join(os.fspath(base), name)
        if data is not None or not os.path.lexists(path):
            data = name.encode("utf-8", "surrogateescape") if data is None else data
            Tree(base, self.run).put(name, data, **facts)
        status = os.lstat(path)
        row = dict.fromkeys(VERDICTS.names)
        row.update(
            path=path_text(name),
            path_bytes=os.fsencode(name),
            root=path_text(os.fspath(base)),
            bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            inode=status.st_ino,
            device=status.st_dev,
            flags=[],
            sha256=hashlib.sha256(Path(path).read_bytes()).hexdigest(),
        )
        row.update(values)
        self.rows.append(row)

    def save(self) -> Path:
        """Write the run folder."""
        self.run.mkdir(exist_ok=True)
        rows = sorted(self.rows, key=lambda row: (row["root"], row["path_bytes"]))
        pq.write_table(pa.Table.from_pylist(rows, schema=VERDICTS), self.run / "verdicts.parquet")
        (self.run / "run.json").write_text(json.dumps({"schema": SCHEMA_VERSION, "status": "complete"}))
        judged = {root_path(row["root"].encode()) for row in self.rows}
        note_run(RunFolder(self.run), sorted({os.fspath(self.root), *judged}), named=True)
        return self.run


def make_tree(folder: Path) -> Tree:
    folder.mkdir(exist_ok=True)
    root = folder / "photos"
    root.mkdir()
    return Tree(root, folder / "run")


def move(target: Path, **options: Any) -> Request:
    return Request(Action.MOVE, target, **options)


@dataclass(frozen=True)
class Fact:
    """What must be the same again after undo."""

    kind: str
    mode: int
    mtime_ns: int
    content: bytes
    twin: str
    """The first of the names that the file has, empty where it has one."""


def snapshot(*folders: Path, times: bool = True) -> dict[str, Fact]:
    """Every entry below the folders: kind, bits, mtime, bytes, and which names are hard links of each other."""
    found: dict[str, Fact] = {}
    for top in folders:
        pending = [os.fspath(top)] if top.exists() else []
        while pending:
            path = pending.pop()
            status = os.lstat(path)
            content = b""
            if stat.S_ISDIR(status.st_mode):
                kind = "folder"
                pending.extend(entry.path for entry in os.scandir(path))
            elif stat.S_ISLNK(status.st_mode):
                kind, content = "link", os.fsencode(os.readlink(path))
            else:
                kind = "file"
                with open(path, "rb") as stream:
                    content = stream.read()
            found[path] = Fact(kind, status.st_mode, status.st_mtime_ns if times else 0, content, "")
    names = sorted(found)
    first: dict[int, str] = {}
    for path in names:
        status = os.lstat(path)
        if status.st_nlink > 1 and found[path].kind == "file":
            twin = first.setdefault(status.st_ino, path)
            fact = found[path]
            found[path] = Fact(fact.kind, fact.mode, fact.mtime_ns, fact.content, twin)
    return found


def contents(*folders: Path) -> list[bytes]:
    """Bytes of all regular files, sorted: nothing may ever be missing from it."""
    return sorted(fact.content for fact in snapshot(*folders).values() if fact.kind == "file")


def files(folder: Path) -> dict[str, bytes]:
    """Relative name to bytes of the regular files below a folder."""
    top = os.fspath(folder)
    return {os.path.relpath(path, top): fact.content for path, fact in snapshot(folder).items() if fact.kind == "file"}


def reasons_of(undone: UndoSummary) -> list[str]:
    """Why undo refused, in order."""
    return [reason for _, reason, _ in undone.refused]


class CrashError(BaseException):
    """Stands for the death of the process: nothing after it runs but the unwinding of Python."""


CALLS = (
    *("lstat", "names", "read", "digest", "rename", "link", "unlink", "mkdir", "rmdir", "copy", "write"),
    *("sync_folder", "sync_file", "set_mtime", "chmod"),
)


class FaultyFs(FsOps):
    """Counts its calls and runs ``fault`` before, and ``after`` after each, as ``fault(number, name, args)``."""

    def __init__(
        self,
        fault: Callable[[int, str, tuple[Any, ...]], None] = lambda number, name, args: None,
        after: Callable[[int, str, tuple[Any, ...]], None] = lambda number, name, args: None,
    ) -> None:
        self.calls = 0
        self.log: list[str] = []
        for name in CALLS:
            setattr(self, name, self._wrap(name, getattr(super(), name), fault, after))

    def _wrap(self, name: str, call: Callable[..., Any], fault: Any, after: Any) -> Callable[..., Any]:
        def wrapped(*args: Any) -> Any:
            self.calls += 1
            number = self.calls
            self.log.append(name)
            fault(number, name, args)
            try:
                return call(*args)
            finally:
                after(number, name, args)

        return wrapped


def other_device(fs: FaultyFs, folder: Path) -> FaultyFs:
    """Make renames and links into and out of ``folder`` fail as if it were on another volume."""
    inside = os.fspath(folder) + os.sep

    def apart(call: Callable[..., None]) -> Callable[[str, str], None]:
        def wrapped(source: str, target: str) -> None:
            if source.startswith(inside) != target.startswith(inside):
                raise OSError(errno.EXDEV, "Invalid cross-device link")
            call(source, target)

        return wrapped

    fs.rename = apart(fs.rename)  # type: ignore[method-assign]
    fs.link = apart(fs.link)  # type: ignore[method-assign]
    return fs
