"""Verdicts as ``apply`` reads them: in batches, with nothing believed that was not checked."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from rfdedup.model.config import QUALITY_CHECKS
from rfdedup.model.errors import RunFolderError
from rfdedup.model.items import Identity
from rfdedup.model.schemas import TABLE_ERRORS, VERDICTS, Tier, Verdict
from rfdedup.outputs.apply.names import check_absolute, decode_text, forbidden, root_path
from rfdedup.storage.run_folder import VERDICTS_FILE
from rfdedup.storage.tables import has_first_columns

BATCH_ROWS = 4096
COLUMNS = [
    *("root", "path_bytes", "verdict", "tier", "reason", "king_root", "king_path_bytes"),
    *("score", "bytes", "mtime_ns", "sha256"),
]
_CHECKS = pa.array([name.encode() for name in QUALITY_CHECKS])
_SHA256 = r"\A[0-9a-f]{64}\z"
_REASON = r"\A[a-z0-9][a-z0-9_+-]{0,63}\z"


class Row(NamedTuple):
    """One input file. ``name`` is relative to ``root``, bytes; ``sha256`` is None for errors only."""

    root: str
    name: bytes
    verdict: str
    tier: str | None
    reason: str | None
    king_root: str | None
    king_name: bytes | None
    score: float | None
    size: int
    mtime_ns: int
    sha256: str | None
    protected: bool
    hardlink: bool
    error: str | None = None
    """What kept a file from being read, in words; of errors only."""


class Known(NamedTuple):
    """What the run found out about a file that others refer to."""

    root: str
    name: bytes
    verdict: str
    size: int
    mtime_ns: int
    sha256: str


def read_rows(run: Path, *, files_only: bool = False) -> Iterator[list[Row]]:
    """The verdicts in batches of at most ``BATCH_ROWS`` checked rows.

    Args:
        run: the run folder.
        files_only: leave out what lies inside containers or is remote.

    Raises:
        RunFolderError: the file is missing, damaged or of another version, or holds a value that no run writes.
    """
    file = run / VERDICTS_FILE
    try:
        with pq.ParquetFile(file) as parquet:
            columns = parquet.schema_arrow
            if not has_first_columns(columns, VERDICTS) or "error_detail" not in columns.names:
                raise RunFolderError(f"{file} does not have the expected columns: it is not of this version")
            # one row group after the other: a reader keeps the buffers of all that it was given
            for group in range(parquet.num_row_groups):
                place = ["source"] if files_only and "source" in columns.names else []
                names = [*COLUMNS, "flags", "error_detail", *place]
                for batch in parquet.iter_batches(BATCH_ROWS, [group], columns=names):
                    yield _checked(_files(batch) if files_only else batch, file)
    except FileNotFoundError:
        raise RunFolderError(f"{file} is missing: run the same `rfdedup run` command again") from None
    except TABLE_ERRORS as error:
        raise RunFolderError(f"{file} is damaged ({error}): run the same `rfdedup run` command again") from None


def _files(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows that are files of folders, without those whose kings are remote."""
    for name in ("root", "king_root"):
        batch = batch.filter(pc.invert(pc.fill_null(pc.match_substring(batch.column(name), "://"), False)))
    return batch.filter(pc.is_null(batch.column("source"))) if "source" in batch.schema.names else batch


def _checked(batch: pa.RecordBatch, file: Path) -> list[Row]:
    def refuse(mask: pa.Array, column: str, why: str) -> None:
        found = pc.index(pc.fill_null(mask, False), True).as_py()
        if found >= 0:
            value = batch.column(column)[found]
            shown = value.as_buffer().to_pybytes() if pa.types.is_string(value.type) and value.is_valid else value
            raise RunFolderError(f"{file}: {column} = {shown}: {why}; nothing was touched")

    def column(name: str) -> pa.Array:
        return batch.column(batch.schema.get_field_index(name))

    verdict, tier = column("verdict").cast(pa.binary()), column("tier").cast(pa.binary())
    dropped = pc.equal(verdict, Verdict.DROP.encode())
    judged = pc.not_equal(verdict, Verdict.ERROR.encode())
    by_king = pc.and_(dropped, pc.not_equal(tier, Tier.QUALITY.encode()))
    no_king = pc.or_(pc.is_null(column("king_path_bytes")), pc.is_null(column("king_root")))

    refuse(pc.invert(pc.is_in(verdict, pa.array([v.encode() for v in Verdict]))), "verdict", "unknown")
    refuse(pc.and_(dropped, pc.invert(pc.is_in(tier, pa.array([t.encode() for t in Tier])))), "tier", "unknown")
    reason = column("reason").cast(pa.binary())
    plain = pc.fill_null(pc.match_substring_regex(reason, _REASON), False)
    refuse(pc.and_(dropped, pc.invert(plain)), "reason", "not a reason")
    poor = pc.and_(dropped, pc.equal(tier, Tier.QUALITY.encode()))
    refuse(pc.and_(poor, pc.invert(pc.is_in(reason, _CHECKS))), "reason", "no check of the quality tier")
    refuse(forbidden(column("path_bytes")), "path_bytes", "leaves its folder")
    refuse(forbidden(column("king_path_bytes")), "king_path_bytes", "leaves its folder")
    refuse(pc.and_(by_king, no_king), "king_path_bytes", "a duplicate without a king")
    refuse(pc.and_(judged, pc.is_null(column("bytes"))), "bytes", "missing")
    refuse(pc.less(column("bytes"), 0), "bytes", "negative")
    hashed = pc.match_substring_regex(column("sha256").cast(pa.binary()), _SHA256)
    refuse(pc.and_(judged, pc.invert(pc.fill_null(hashed, False))), "sha256", "not a SHA-256")
    refuse(
        pc.and_(
            pc.and_(by_king, pc.equal(column("king_path_bytes"), column("path_bytes"))),
            pc.equal(column("king_root"), column("root")),
        ),
        "king_path_bytes",
        "its own king",
    )
    roots = {
        raw: check_absolute(root_path(raw), str(file))
        for name in ("root", "king_root")
        for raw in pc.unique(column(name).cast(pa.binary())).to_pylist()
        if raw is not None
    }
    lists: list[list[Any]] = []
    for name in COLUMNS:
        if name in ("root", "king_root"):
            lists.append([roots.get(raw) for raw in column(name).cast(pa.binary()).to_pylist()])
        else:
            lists.append(column(name).to_pylist())
    lists.extend(_flagged(column("flags"), flag) for flag in ("protected", "hardlink"))
    details = column("error_detail").cast(pa.binary()).to_pylist()
    lists.append([None if raw is None else decode_text(raw) for raw in details])
    return list(map(Row._make, zip(*lists, strict=True)))


def _flagged(flags: pa.Array, flag: str) -> list[bool]:
    """Which rows have ``flag``; most have none, so their lists are not made into Python objects."""
    found = [False] * len(flags)
    hits = pc.list_parent_indices(flags).filter(pc.equal(pc.list_flatten(flags).cast(pa.binary()), flag.encode()))
    for row in hits.to_pylist():
        found[row] = True
    return found


class Catalog:
    """Looks up rows by root and name. Lives in a temporary file on disk, so memory does not grow with the rows."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._roots: dict[str, int] = {}
        database.execute("pragma cache_size = -16384")
        database.execute("pragma synchronous = off")
        database.execute("pragma journal_mode = off")
        database.execute(
            "create table row (root integer, name blob, verdict text, size integer, mtime_ns integer, sha256 text,"
            " tier text, reason text, king_root integer, king_name blob, score real, protected integer,"
            " hardlink integer, primary key (root, name)) without rowid"
        )
        # one transaction for ever: the file is temporary, and a commit for each row would write it out each time
        database.execute("begin")
        database.execute("create table taken (name blob primary key, origin blob) without rowid")

    @classmethod
    @contextmanager
    def build(cls, run: Path) -> Iterator[Catalog]:
        """A catalog of all rows of ``run``.

        Raises:
            RunFolderError: as ``read_rows``; also when a file is listed twice.
        """
        with cls.build_of(read_rows(run)) as catalog:
            yield catalog

    @classmethod
    @contextmanager
    def build_of(cls, batches: Iterable[list[Row]]) -> Iterator[Catalog]:
        """A catalog of some rows; raises ``RunFolderError`` as ``build`` does."""
        with closing(sqlite3.connect("", isolation_level=None)) as database:
            catalog = cls(database)
            for rows in batches:
                catalog.add(rows)
            yield catalog

    @property
    def roots(self) -> list[str]:
        return list(self._roots)

    def add(self, rows: list[Row]) -> None:
        number = self._roots.setdefault
        try:
            self._database.executemany(
                "insert into row values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        *(number(r.root, len(self._roots)), r.name, r.verdict, r.size, r.mtime_ns, r.sha256),
                        *(r.tier, r.reason, None if r.king_root is None else number(r.king_root, len(self._roots))),
                        *(r.king_name, r.score, r.protected, r.hardlink),
                    )
                    for r in rows
                ),
            )
        except sqlite3.IntegrityError:
            raise RunFolderError(
                f"{VERDICTS_FILE} lists a file twice: run the same `rfdedup run` command again"
            ) from None

    def find(self, root: str, name: bytes) -> Known | None:
        found = self._database.execute(
            "select verdict, size, mtime_ns, sha256 from row where root = ? and name = ? and sha256 is not null",
            (self._roots.get(root), name),
        ).fetchone()
        return None if found is None else Known(root, name, *found)

    def row(self, root: str, name: bytes) -> Row | None:
        """The whole row of a file; None if it is not one of the run."""
        found = self._database.execute(
            "select verdict, tier, reason, king_root, king_name, score, size, mtime_ns, sha256, protected, hardlink"
            " from row where root = ? and name = ?",
            (self._roots.get(root), name),
        ).fetchone()
        if found is None:
            return None
        verdict, tier, reason, king_root, king_name, score, size, mtime_ns, sha256, protected, hardlink = found
        king = None if king_root is None else self.roots[king_root]
        return Row(
            *(root, name, verdict, tier, reason, king, king_name, score, size, mtime_ns, sha256),
            *(bool(protected), bool(hardlink)),
        )

    def row_at(self, path: str) -> Row | None:
        """The row of an absolute, normalised path; inputs may lie inside each other, so each is tried."""
        for root in self._roots:
            top = root.rstrip(os.sep) + os.sep
            if path.startswith(top):
                row = self.row(root, os.fsencode(path[len(top) :].replace(os.sep, "/")))
                if row is not None:
                    return row
        return None

    def false_claim(self, batches: Iterable[list[Row]]) -> str | None:
        """What is wrong with a drop, if one names a king that is not kept, or the same bytes where they differ."""
        run = self._database.execute
        run("create table king (root integer, name blob, sha256 text, primary key (root, name, sha256)) without rowid")
        for rows in batches:
            self._database.executemany(
                "insert or ignore into king values (?, ?, ?)",
                {
                    (self._roots.get(r.king_root or "", -1), r.king_name, r.sha256 if r.tier == Tier.EXACT else "")
                    for r in rows
                    if r.tier != Tier.QUALITY and r.king_name
                },
            )
        found = run(
            "select king.name, row.verdict is not 'keep' from king"
            " left join row on row.root = king.root and row.name = king.name"
            " where row.verdict is not 'keep' or (king.sha256 <> '' and king.sha256 is not row.sha256) limit 1"
        ).fetchone()
        run("drop table king")
        if found is None:
            return None
        if found[1]:
            return f"the verdicts name the king {bytes(found[0])!r}, which they do not keep"
        return (
            f"the verdicts give an image as a copy of {bytes(found[0])!r} with the same bytes, and its SHA-256 differs"
        )

    def with_stem(self, root: str, stem: bytes) -> dict[bytes, str]:
        """Verdicts of the files that are called ``stem`` plus one suffix, ``stem`` with its folder, by name."""
        rows = self._database.execute(
            "select name, verdict from row where root = ? and name >= ? and name < ?",
            (self._roots.get(root), stem + b".", stem + b"/"),
        )
        start = len(stem) + 1
        return {name: verdict for name, verdict in rows if not {46, 47} & set(name[start:])}

    def is_folder(self, name: bytes) -> bool:
        """Whether ``name`` is that of a folder below one of the roots."""
        found = "select 1 from row where root = ? and name >= ? and name < ? limit 1"
        inside = name + b"/", name + b"0"  # the byte after the slash
        return any(self._database.execute(found, (root, *inside)).fetchone() for root in self._roots.values())

    def locate(self, path: str) -> Identity | None:
        """Root and name of an absolute, normalised path if it lies below a root; the innermost root wins."""
        for root in sorted(self._roots, key=len, reverse=True):
            if path.startswith(root.rstrip(os.sep) + os.sep):
                relative = path[len(root.rstrip(os.sep)) + 1 :]
                return root, os.fsencode(relative.replace(os.sep, "/"))
        return None

    def reserved(self, name: bytes) -> bool:
        """Whether ``reserve`` took the name for anybody."""
        return self._database.execute("select 1 from taken where name = ?", (name,)).fetchone() is not None

    def reserve(self, name: bytes, origin: str) -> str | None:
        """Take the new name ``name`` for ``origin``; returns whose it is already, or None."""
        key = os.fsencode(origin)
        cursor = self._database.execute("insert or ignore into taken values (?, ?)", (name, key))
        if cursor.rowcount:
            return None
        held = self._database.execute("select origin from taken where name = ?", (name,)).fetchone()
        return os.fsdecode(held[0])
