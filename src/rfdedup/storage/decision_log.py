"""The reviewers' log on disk: ``RUN/reviews.sqlite``. Every change is one committed step that can be undone."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from rfdedup.model.decisions import Choice, Decision, Decisions, Image, digest, settle
from rfdedup.model.errors import RunFolderError
from rfdedup.storage.files import check_regular, explain, parse_json
from rfdedup.storage.run_folder import BESIDE_DATABASE, REVIEWS_FILE, RunFolder

_VERSION = 1
_PATIENCE = 10.0
"""Seconds to wait for another writer."""
_TABLE = """
CREATE TABLE IF NOT EXISTS steps (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    decisions TEXT NOT NULL,
    undone INTEGER NOT NULL DEFAULT 0
)
"""


class DecisionLog:
    """Steps of one or more decisions. A new step forgets the undone ones after it, as in any editor.

    Every call opens the file for itself, so tabs, servers and threads may share it.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / REVIEWS_FILE

    def decisions(self) -> Decisions:
        """What holds now; nothing where no one has reviewed.

        Raises:
            RunFolderError: the file is not a log of reviews, or was made by a newer version.
        """
        return settle(decision for step in self._active() for decision in step)

    def add(self, decisions: Sequence[Decision]) -> None:
        """Save one step.

        Raises:
            RunFolderError: the file cannot be written.
        """
        text = json.dumps([_to_json(decision) for decision in decisions])
        with closing(self._writer()) as connection, _explained(self.path), connection:
            connection.execute("DELETE FROM steps WHERE undone")
            connection.execute(
                "INSERT INTO steps (at, decisions) VALUES (?, ?)",
                (datetime.now(UTC).isoformat(timespec="milliseconds"), text),
            )

    def undo(self) -> bool:
        """Take the last step back. False where there is none."""
        return self._mark("UPDATE steps SET undone = 1 WHERE number = (SELECT MAX(number) FROM steps WHERE NOT undone)")

    def redo(self) -> bool:
        """Do the step again that was taken back last. False where there is none."""
        return self._mark("UPDATE steps SET undone = 0 WHERE number = (SELECT MIN(number) FROM steps WHERE undone)")

    def steps(self) -> tuple[int, int]:
        """How many steps can be undone, and how many redone."""
        connection = self._reader()
        if connection is None:
            return 0, 0
        with closing(connection), _explained(self.path):
            undone, done = connection.execute("SELECT COALESCE(SUM(undone), 0), COUNT(*) FROM steps").fetchone()
        return done - undone, undone

    def _active(self) -> list[list[Decision]]:
        connection = self._reader()
        if connection is None:
            return []
        with closing(connection), _explained(self.path):
            found = connection.execute("SELECT decisions FROM steps WHERE NOT undone ORDER BY number").fetchall()
        try:
            return [[_from_json(entry) for entry in parse_json(text)] for (text,) in found]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RunFolderError(f"{self.path} is damaged ({error}); move it away to start without reviews") from None

    def _is_there(self) -> bool:
        """Whether there is a log.

        Raises:
            RunFolderError: something else than a file is in its place, or in that of one that SQLite keeps beside it.
        """
        try:
            for end in BESIDE_DATABASE:
                with suppress(FileNotFoundError):
                    check_regular(self.path.with_name(REVIEWS_FILE + end))
            check_regular(self.path)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise RunFolderError(f"cannot use {self.path}: {explain(error)}; remove it") from None
        return True

    def _mark(self, statement: str) -> bool:
        if not self._is_there():
            return False
        with closing(self._writer()) as connection, _explained(self.path), connection:
            return connection.execute(statement).rowcount > 0

    def _reader(self) -> sqlite3.Connection | None:
        """A connection that cannot write, so that looking at reviews never touches their file; None without reviews."""
        if not self._is_there():
            return None
        with _explained(self.path):
            connection = sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=ro", uri=True, timeout=_PATIENCE)
        if self._version(connection) == 0:
            connection.close()
            return None
        return connection

    def _writer(self) -> sqlite3.Connection:
        self._is_there()
        with _explained(self.path):
            connection = sqlite3.connect(self.path, timeout=_PATIENCE)
        if self._version(connection) == 0:
            with _explained(self.path), connection:
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
        return connection

    def _version(self, connection: sqlite3.Connection) -> int:
        """Version of the file, 0 where nothing was written yet. Closes the connection where it is not ours."""
        try:
            with _explained(self.path):
                version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version not in (0, _VERSION):
                raise RunFolderError(f"{self.path} has version {version}, this rfdedup reads {_VERSION}: update it")
        except RunFolderError:
            connection.close()
            raise
        return version


def pending(folder: RunFolder) -> bool:
    """Whether reviewers decided something that the verdicts of a finished run do not show, or took it back.

    Raises:
        RunFolderError: the run or the log cannot be read.
    """
    return digest(DecisionLog(folder.path).decisions()) != str(folder.info().get("decisions", ""))


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turns an error of SQLite into one line for the user."""
    try:
        yield
    except sqlite3.Error as error:
        raise RunFolderError(f"cannot use {path}: {error}") from error


def _to_json(decision: Decision) -> dict[str, object]:
    images = [decision.image] if decision.other is None else [decision.image, decision.other]
    return {"choice": str(decision.choice), "images": [[image.sha256, image.path] for image in images]}


def _from_json(value: dict[str, list[list[str]]]) -> Decision:
    images = [Image(sha256, path) for sha256, path in value["images"]]
    return Decision(Choice(str(value["choice"])), *images)
