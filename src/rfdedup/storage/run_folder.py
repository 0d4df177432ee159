"""The run folder: who may use it, what it says about itself, and its tables."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from rfdedup.model.errors import RunFolderError
from rfdedup.model.schemas import EVIDENCE, LINKS, MEANING, SCHEMA_VERSION, TABLE_ERRORS, VERDICTS
from rfdedup.storage.files import (
    TEMPORARY_SUFFIX,
    NotRegularError,
    atomic_write,
    check_regular,
    explain,
    parse_json,
    read_regular,
    sha256_file,
    write_json,
)
from rfdedup.storage.tables import check_evidence, check_links, check_verdicts, open_table

RUN_JSON = "run.json"
VERDICTS_FILE = "verdicts.parquet"
LINKS_FILE = "links.parquet"
EVIDENCE_FILE = "evidence.parquet"
TABLES = (VERDICTS_FILE, LINKS_FILE, EVIDENCE_FILE)
REPORT_FILE = "report.html"
LOCK_FILE = ".lock"
REVIEWS_FILE = "reviews.sqlite"
"""Decisions that reviewers made on this run."""
FEATURES_FOLDER = "features"
CHECKSUM = "checksum"
BESIDE_DATABASE: Final = ("-journal", "-wal", "-shm")
"""What SQLite appends to the name of a database for the files beside it."""
_ROWS_A_PART: Final = 1 << 17
"""Rows of a row group of a table."""


class RunFolder:
    """Paths and tables of one RUN. Opening it touches nothing but reads ``run.json``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def features(self) -> Path:
        return self.path / FEATURES_FOLDER

    @property
    def report(self) -> Path:
        return self.path / REPORT_FILE

    @classmethod
    def create(cls, path: Path) -> RunFolder:
        """Make the folder, or take it again where an earlier run of ours left it.

        Raises:
            RunFolderError: it is a file, cannot be written, or holds files that are not a run's.
        """
        try:
            if path.exists() and not path.is_dir():
                raise RunFolderError(f"--out {path} is a file; name a folder")
            path.mkdir(parents=True, exist_ok=True)
            ours = (path / RUN_JSON).exists() or not any(_foreign(path))
        except OSError as error:
            raise RunFolderError(f"cannot use --out {path}: {explain(error)}") from None
        if not ours:
            raise RunFolderError(
                f"--out {path} holds files that no run wrote; name a new or empty folder, nothing was changed"
            )
        _refuse_strange(path)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A folder that a finished run left.

        Raises:
            RunFolderError: there is no finished run in it, or its tables are not the ones that the run wrote.
        """
        folder = cls(path)
        info = folder.info()
        _refuse_strange(path)
        if info.get("status") != "complete":
            raise RunFolderError(f"the run in {path} is not finished: run the same `rfdedup run` command again")
        digests = info.get("tables", {})
        for name in TABLES:
            try:
                damaged = name in digests and sha256_file(path / name) != digests[name]
            except FileNotFoundError:
                # whoever needs it says so
                continue
            except OSError as error:
                raise RunFolderError(f"{path / name} cannot be read: {explain(error)}") from None
            if damaged:
                raise RunFolderError(f"{path / name} is damaged: run the same `rfdedup run` command again")
        return folder

    def is_complete(self) -> bool:
        """Whether a finished run lies here, which a new one may replace at its end."""
        try:
            return bool(self.info().get("status") == "complete")
        except RunFolderError:
            return False

    def still_holds(self, fingerprint: str) -> bool:
        """Whether a finished run with this fingerprint lies here, whole."""
        try:
            about = RunFolder.open(self.path).info()
            self.verdicts()
            self.links()
            self.evidence()
        except RunFolderError:
            return False
        return about.get("fingerprint") == fingerprint and self.report.is_file()

    def info(self) -> dict[str, Any]:
        """What ``run.json`` holds.

        Raises:
            RunFolderError: it is missing, damaged or from a newer version.
        """
        file = self.path / RUN_JSON
        try:
            value = parse_json(read_regular(file).decode("utf-8"))
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} is not a run folder: it has no {RUN_JSON}") from None
        except NotRegularError as error:
            raise RunFolderError(f"{file}: {error.strerror}; remove it") from None
        except OSError as error:
            raise RunFolderError(f"{file} cannot be read: {explain(error)}") from None
        except ValueError as error:
            raise RunFolderError(f"{file} cannot be read ({error}); run the same command again") from None
        if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
            raise RunFolderError(f"{file} is not a description of a run")
        if value["schema"] > SCHEMA_VERSION:
            raise RunFolderError(
                f"{file} has schema {value['schema']}, this version reads up to {SCHEMA_VERSION}: update rfdedup"
            )
        if value.pop(CHECKSUM, None) not in (None, checksum(value)):
            raise RunFolderError(f"{file} is damaged; run the same command again")
        if (odd := _odd(value)) is not None:
            raise RunFolderError(f"{file} is damaged: {odd} is not what a run writes; run the same command again")
        return value

    def write_info(self, value: dict[str, Any]) -> None:
        """Replace ``run.json``; schema and checksum are added."""
        whole = {"schema": SCHEMA_VERSION, **value}
        write_json(self.path / RUN_JSON, {**whole, CHECKSUM: checksum(whole)})

    def verdicts(self) -> pa.Table:
        """The verdicts, checked for values that no run writes.

        Raises:
            RunFolderError: the table is missing or damaged.
        """
        table = _read_table(self.path / VERDICTS_FILE, VERDICTS)
        try:
            check_verdicts(table, table.num_rows)
        except TABLE_ERRORS as error:
            raise RunFolderError(f"{self.path / VERDICTS_FILE} is damaged: {error}") from None
        return table

    def links(self) -> pa.Table:
        """Measured links between rows of the verdicts.

        Raises:
            RunFolderError: the table is missing or damaged.
        """
        table = _read_table(self.path / LINKS_FILE, LINKS)
        try:
            with suppress(FileNotFoundError), open_table(self.path / VERDICTS_FILE) as verdicts:
                check_links(table, verdicts.metadata.num_rows)
        except TABLE_ERRORS as error:
            raise RunFolderError(f"{self.path / LINKS_FILE} is damaged: {error}") from None
        return table

    def evidence(self) -> pa.Table:
        """What comparisons measured for each drop; empty where none was made, as in runs of older versions.

        Raises:
            RunFolderError: the table is damaged, or the run wrote one and it is missing.
        """
        path = self.path / EVIDENCE_FILE
        if not path.exists() and EVIDENCE_FILE not in self.info().get("tables", {}):
            return EVIDENCE.empty_table()
        table = _read_table(path, EVIDENCE)
        if any(table[name].null_count for name in EVIDENCE.names if not EVIDENCE.field(name).nullable):
            raise RunFolderError(f"{path} is damaged (it lacks values): run the same `rfdedup run` command again")
        try:
            with suppress(FileNotFoundError), open_table(self.path / VERDICTS_FILE) as verdicts:
                check_evidence(table, verdicts.metadata.num_rows)
        except TABLE_ERRORS as error:
            raise RunFolderError(f"{path} is damaged: {error}") from None
        return table

    def write_tables(self, verdicts: pa.Table, links: pa.Table, evidence: pa.Table | None = None) -> dict[str, str]:
        """Replace all tables. Returns the SHA-256 of each file by name, for ``tables`` in ``run.json``."""
        proofs = EVIDENCE.empty_table() if evidence is None else evidence
        tables = {EVIDENCE_FILE: proofs, LINKS_FILE: links, VERDICTS_FILE: verdicts}
        for name, table in tables.items():
            with atomic_write(self.path / name) as stream:
                _write_in_parts(table, stream)
        return {name: sha256_file(self.path / name) for name in tables}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process. The operating system frees the lock when the process dies.

        Raises:
            RunFolderError: another live process holds it, or the folder cannot be written.
        """
        lock = FileLock(self.path / LOCK_FILE, timeout=0)
        try:
            with suppress(FileNotFoundError):
                check_regular(self.path / LOCK_FILE)
            lock.acquire()
        except Timeout:
            raise RunFolderError(f"another rfdedup process is using {self.path}; wait for it or stop it") from None
        except NotRegularError as error:
            raise RunFolderError(f"{self.path / LOCK_FILE} cannot be used: {error.strerror}; remove it") from None
        except OSError as error:
            raise RunFolderError(f"cannot write to {self.path}: {explain(error)}") from None
        try:
            for name in (RUN_JSON, *TABLES, REPORT_FILE):
                for leftover in self.path.glob(f"{name}.*{TEMPORARY_SUFFIX}"):
                    leftover.unlink(missing_ok=True)
            yield
        finally:
            lock.release()


def _write_in_parts(table: pa.Table, stream: IO[bytes]) -> None:
    """Write a table, one row group at a time: the same bytes however its columns lie in memory, and little of it."""
    with pq.ParquetWriter(stream, table.schema, compression="zstd") as writer:
        for begin in range(0, max(table.num_rows, 1), _ROWS_A_PART):
            writer.write_table(table.slice(begin, _ROWS_A_PART).combine_chunks())


def sameness(info: dict[str, Any]) -> str:
    """What made a duplicate in a run, from its ``run.json``: ``copy``, ``moment`` or ``meaning``.

    Runs of versions that compared no pictures are of the last kind.
    """
    config = info.get("config")
    same = config.get("same") if isinstance(config, dict) else None
    return same if same in ("copy", "moment") else MEANING


def _refuse_strange(path: Path) -> None:
    """A link, pipe, device or folder in the place of a file of the run is neither opened nor followed.

    Raises:
        RunFolderError: there is one.
    """
    reviews = (REVIEWS_FILE + end for end in ("", *BESIDE_DATABASE))
    for name in (RUN_JSON, *TABLES, LOCK_FILE, *reviews):
        try:
            check_regular(path / name)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunFolderError(f"{path / name} cannot be used: {explain(error)}; remove it") from None
    if (path / FEATURES_FOLDER).is_symlink():
        raise RunFolderError(f"{path / FEATURES_FOLDER} is a symbolic link, which is not followed: remove it")


def _strings(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _stages(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, dict)
        and isinstance(one.get("name", ""), str)
        and all(_number(one.get(name), none=True) for name in ("images", "seconds", "images_per_second"))
        for one in value
    )


def _config(value: Any) -> bool:
    sections = ("quality", "hash", "semantic", "limits", "keep")
    if not isinstance(value, dict) or any(not isinstance(value.get(name, {}), dict) for name in sections):
        return False
    quality, bits = value.get("quality", {}), value.get("hash", {})
    return all(_number(quality.get(name), none=True) for name in ("blurry", "dark", "bright")) and _number(
        bits.get("radius"), none=True
    )


def _encoder(value: Any) -> bool:
    kinds = {"key": str, "precision": str, "descriptor": str, "name": str, "whitening": dict, "threshold_told_by": dict}
    return value is None or (
        isinstance(value, dict)
        and all(isinstance(value.get(name, kind()), kind) for name, kind in kinds.items())
        and _number(value.get("threshold", 0.0))
    )


def _number(value: Any, *, none: bool = False) -> bool:
    return (none and value is None) or (
        isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300
    )


def _table_of(kind: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(isinstance(one, kind) for one in value.values())


_FACTS: Final[dict[str, Callable[[Any], bool]]] = {
    "tables": _table_of(str),
    "config": _config,
    "inputs": _strings,
    "given": lambda value: value is None or isinstance(value, dict),
    "command": _strings,
    "scan": lambda value: isinstance(value, dict),
    "encoder": _encoder,
    "stages": _stages,
    "warnings": _strings,
    "peak_rss_bytes": _table_of(int),
    "status": lambda value: isinstance(value, str),
    "version": lambda value: isinstance(value, str),
}
"""What ``run.json`` may hold under a name, where it holds it."""


def _odd(info: dict[str, Any]) -> str | None:
    """The first name in ``run.json`` under which something else lies than any run writes."""
    for name, fits in _FACTS.items():
        if name in info and not fits(info[name]):
            return repr(name)
    return None


def checksum(info: dict[str, Any]) -> str:
    """SHA-256 over what ``run.json`` says, but for the status, which changes as the run goes on."""
    facts = {name: value for name, value in info.items() if name not in (CHECKSUM, "status")}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode("ascii")).hexdigest()


def _foreign(path: Path) -> Iterator[str]:
    """Names in a folder without ``run.json`` that did not come from a run killed at its very start."""
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.name != LOCK_FILE and not (entry.name.startswith(RUN_JSON) and entry.name.endswith(".tmp")):
                yield entry.name


def _read_table(file: Path, schema: pa.Schema) -> pa.Table:
    try:
        # half the start-up time of read_table, which loads the data set machinery
        with open_table(file) as stream:
            table = stream.read()
    except FileNotFoundError:
        raise RunFolderError(f"{file} is missing: run the same `rfdedup run` command again") from None
    except TABLE_ERRORS as error:
        raise RunFolderError(f"{file} is damaged ({error}): run the same `rfdedup run` command again") from None
    known = len(table.column_names)
    if known > len(schema) or not table.schema.equals(pa.schema(list(schema)[:known]), check_metadata=False):
        raise RunFolderError(f"{file} does not have the expected columns: it is not of this version")
    for field in list(schema)[known:]:
        # an older version did not write it
        if not field.nullable:
            raise RunFolderError(f"{file} lacks the column {field.name}: run the same `rfdedup run` command again")
        table = table.append_column(field, pa.nulls(table.num_rows, field.type))
    return table
