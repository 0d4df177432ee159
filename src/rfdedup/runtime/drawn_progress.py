"""Progress on the terminal or in a notebook: tier, count, rate and time left."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from importlib.util import find_spec

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from rfdedup.model.text import printable
from rfdedup.runtime.progress import Silent

STAGE_TITLES = {
    "keep": "images into the run folder",
    "scan": "scan",
    "join": "tier 3 of 3  vectors by key",
    "quality + hash": "tier 1+2 of 3  quality and hashes",
    "quality + hash + embed": "tiers 1 to 3  quality, hashes and embedding",
    "embed": "tier 3 of 3  embedding",
    "adapt": "tier 3 of 3  adapting to these images",
    "link": "tier 3 of 3  linking",
    "re-measure": "tier 3 of 3  close calls in full precision",
    "verdicts": "verdicts",
}
PLAIN_SECONDS = 10.0
FIRST_SECONDS = 2.0
"""The first line of a stage comes sooner: nobody should wonder whether it began."""


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        return Text("" if speed is None else f"{speed:,.0f} images/s", style="cyan")


class WarningsOnly(Silent):
    """Draws nothing, but a warning is for everybody."""

    def warn(self, text: str) -> None:
        # nobody may be there to read it; the work goes on
        with suppress(OSError):
            click.echo(f"warning: {printable(text)}", err=True)


class TerminalProgress(WarningsOnly):
    """A ``Progress`` drawn by rich, in notebooks too where ipywidgets are installed.

    Where nothing can be drawn, a line after two seconds, then every ten.
    """

    def __init__(self) -> None:
        console = Console(stderr=True)
        widgets = console.is_jupyter and find_spec("ipywidgets") is not None
        self._live = console.is_terminal or widgets
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not self._live,
        )
        self._task: int | None = None
        self._title = ""
        self._total: int | None = None
        self._done = 0
        self._said = 0.0

    def __enter__(self) -> TerminalProgress:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def start(self, stage: str, total: int | None) -> None:
        self._title, self._total, self._done = STAGE_TITLES.get(stage, stage), total, 0
        self._began = time.monotonic()
        self._said = self._began - PLAIN_SECONDS + FIRST_SECONDS
        self._task = self._bar.add_task(self._title, total=total)

    def advance(self, count: int) -> None:
        self._done += count
        if self._task is not None:
            self._bar.advance(self._task, count)  # type: ignore[arg-type]
        now = time.monotonic()
        if not self._live and now - self._said >= PLAIN_SECONDS:
            self._said = now
            rate = self._done / (now - self._began)
            left = "" if self._total is None else f", {(self._total - self._done) / max(rate, 1e-9):,.0f} s left"
            of = "" if self._total is None else f" of {self._total:,}"
            with suppress(OSError):
                sys.stderr.write(f"{self._title}: {self._done:,}{of}, {rate:,.0f}/s{left}\n")

    def tell(self, text: str) -> None:
        with suppress(OSError):
            click.echo(printable(text), err=True)

    def finish(self) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)  # type: ignore[arg-type]
            self._task = None
