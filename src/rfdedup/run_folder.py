"""The run folder: who may use it, what it says about itself, and its tables."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from rfdedup.errors import RunFolderError
from rfdedup.files import TEMPORARY_SUFFIX, atomic_write, explain, sha256_file, write_json
from rfdedup.records import EVIDENCE, LINKS, SCHEMA_VERSION, TABLE_ERRORS, VERDICTS

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
            linked = [name for name in (LOCK_FILE, FEATURES_FOLDER) if (path / name).is_symlink()]
        except OSError as error:
            raise RunFolderError(f"cannot use --out {path}: {explain(error)}") from None
        if not ours:
            raise RunFolderError(
                f"--out {path} holds files that no run wrote; name a new or empty folder, nothing was changed"
            )
        if linked:
            raise RunFolderError(f"{path / linked[0]} is a symbolic link, which a run does not follow: remove it")
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """A folder that a finished run left.

        Raises:
            RunFolderError: there is no finished run in it, or its tables are not the ones that the run wrote.
        """
        folder = cls(path)
        info = folder.info()
        if info.get("status") != "complete":
            raise RunFolderError(f"the run in {path} is not finished: run the same `rfdedup run` command again")
        digests = info.get("tables", {})
        for name in TABLES:
            if name in digests and (path / name).is_file() and sha256_file(path / name) != digests[name]:
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
            value = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise RunFolderError(f"{self.path} is not a run folder: it has no {RUN_JSON}") from None
        except (OSError, ValueError) as error:
            raise RunFolderError(f"{file} cannot be read ({error}); run the same command again") from None
        if not isinstance(value, dict) or not isinstance(value.get("schema"), int):
            raise RunFolderError(f"{file} is not a description of a run")
        if value["schema"] > SCHEMA_VERSION:
            raise RunFolderError(
                f"{file} has schema {value['schema']}, this version reads up to {SCHEMA_VERSION}: update rfdedup"
            )
        if value.pop(CHECKSUM, None) not in (None, _checksum(value)) or not isinstance(value.get("tables", {}), dict):
            raise RunFolderError(f"{file} is damaged; run the same command again")
        return value

    def write_info(self, value: dict[str, Any]) -> None:
        """Replace ``run.json``; schema and checksum are added."""
        whole = {"schema": SCHEMA_VERSION, **value}
        write_json(self.path / RUN_JSON, {**whole, CHECKSUM: _checksum(whole)})

    def verdicts(self) -> pa.Table:
        return _read_table(self.path / VERDICTS_FILE, VERDICTS)

    def links(self) -> pa.Table:
        return _read_table(self.path / LINKS_FILE, LINKS)

    def evidence(self) -> pa.Table:
        """What comparisons measured for each drop; empty where none was made, as in runs of older versions."""
        if not (self.path / EVIDENCE_FILE).exists():
            return EVIDENCE.empty_table()
        return _read_table(self.path / EVIDENCE_FILE, EVIDENCE)

    def write_tables(self, verdicts: pa.Table, links: pa.Table, evidence: pa.Table | None = None) -> dict[str, str]:
        """Replace all tables. Returns the SHA-256 of each file by name, for ``tables`` in ``run.json``."""
        proofs = EVIDENCE.empty_table() if evidence is None else evidence
        tables = {EVIDENCE_FILE: proofs, LINKS_FILE: links, VERDICTS_FILE: verdicts}
        for name, table in tables.items():
            with atomic_write(self.path / name) as stream:
                pq.write_table(table, stream, compression="zstd")
        return {name: sha256_file(self.path / name) for name in tables}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the folder for this process. The operating system frees the lock when the process dies.

        Raises:
            RunFolderError: another live process holds it, or the folder cannot be written.
        """
        lock = FileLock(self.path / LOCK_FILE, timeout=0)
        try:
            lock.acquire()
        except Timeout:
            raise RunFolderError(f"another rfdedup process is using {self.path}; wait for it or stop it") from None
        except OSError as error:
            raise RunFolderError(f"cannot write to {self.path}: {explain(error)}") from None
        try:
            for name in (RUN_JSON, *TABLES, REPORT_FILE):
                for leftover in self.path.glob(f"{name}.*{TEMPORARY_SUFFIX}"):
                    leftover.unlink(missing_ok=True)
            yield
        finally:
            lock.release()


MEANING = "meaning"
"""Runs in which a similarity decided alone, and nobody compared pictures."""


def sameness(info: dict[str, Any]) -> str:
    """What made a duplicate in a run, from its ``run.json``: ``copy``, ``moment`` or ``meaning``.

    Runs of versions that compared no pictures are of the last kind.
    """
    config = info.get("config")
    same = config.get("same") if isinstance(config, dict) else None
    return same if same in ("copy", "moment") else MEANING


def _checksum(info: dict[str, Any]) -> str:
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
        with pq.ParquetFile(file) as stream:
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
