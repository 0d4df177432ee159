"""The funnel run again from the review page, in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from rfdedup.model.errors import DataError, RfdedupError

Recompute = Callable[[Path, float | None, str | None], None]
"""Runs the funnel again on the inputs of a run, with another cosine threshold and another ``--same``, or as it was."""


class Recomputing:
    """At most one such run at a time; ``failed`` is why the last one failed, or empty."""

    def __init__(self, run: Path, recompute: Recompute) -> None:
        self.failed = ""
        self._run, self._recompute = run, recompute
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self, threshold: float | None, same: str | None = None) -> None:
        """Begin; the page sees the new verdicts when they are there.

        Raises:
            DataError: it is running already, the threshold is out of range, or ``same`` is unknown.
        """
        if same not in (None, "copy", "moment"):
            raise DataError(f"--same {same!r} is unknown; known here: copy, moment")
        if threshold is not None and not 0 < threshold < 1:
            raise DataError(f"threshold {threshold} is not between 0 and 1")
        with self._lock:
            if self.running:
                raise DataError("the funnel is running already")
            self.failed = ""
            self._thread = threading.Thread(target=self._work, args=(threshold, same), daemon=True)
            self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, so long at most."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _work(self, threshold: float | None, same: str | None) -> None:
        try:
            self._recompute(self._run, threshold, same)
        except RfdedupError as error:
            self.failed = str(error)
