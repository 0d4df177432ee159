"""How long work tells how far it is. The library calls it, the edges draw it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


class Progress(Protocol):
    """Receives the state of the stage at work. Calls come from one thread."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` images are ahead, None while unknown."""

    def advance(self, count: int) -> None:
        """So many more images are done."""

    def finish(self) -> None:
        """The stage is over."""


@runtime_checkable
class Warned(Protocol):
    """A ``Progress`` that also shows, at once, what the user should know before the work goes on."""

    def warn(self, text: str) -> None:
        """One line."""


@runtime_checkable
class Told(Protocol):
    """A ``Progress`` that also shows what is going to be worked on."""

    def tell(self, text: str) -> None:
        """One line."""


class Silent:
    """Progress that nobody watches."""

    def start(self, stage: str, total: int | None) -> None:
        pass

    def advance(self, count: int) -> None:
        pass

    def finish(self) -> None:
        pass


@dataclass
class Stage:
    """One stage's share of the work, as ``run.json`` records it."""

    name: str
    images: int = 0
    seconds: float = 0.0

    def as_dict(self) -> dict[str, object]:
        rate = round(self.images / self.seconds, 1) if self.seconds > 0 else None
        return {"name": self.name, "images": self.images, "seconds": round(self.seconds, 3), "images_per_second": rate}


@dataclass
class _Open:
    """A stage that has not ended, what is left of it, and since when it is at work."""

    stage: Stage
    left: int | None
    since: float = 0.0


@dataclass
class Watch:
    """Times the stages and reports them to a ``Progress``."""

    progress: Progress
    stages: list[Stage] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    worker_peak: int = 0
    """Largest resident memory of a worker so far, bytes."""
    _open: list[_Open] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Watch]:
        """Time a stage; stages of one name add up. A stage within another one interrupts it."""
        stage = next((s for s in self.stages if s.name == name), None)
        if stage is None:
            stage = Stage(name)
            self.stages.append(stage)
        if self._open:
            self._pause()
        self._open.append(_Open(stage, total))
        self._go_on()
        try:
            yield self
        finally:
            self._pause()
            self._open.pop()
            if self._open:
                self._go_on()

    def advance(self, count: int) -> None:
        at_work = self._open[-1]
        at_work.stage.images += count
        if at_work.left is not None:
            at_work.left = max(at_work.left - count, 0)
        self.progress.advance(count)

    def warn(self, text: str) -> None:
        """Tell something in one line, and keep it for ``run.json``."""
        self.warnings.append(text)
        if isinstance(self.progress, Warned):
            self.progress.warn(text)

    def tell(self, text: str) -> None:
        """Say something in one line, where somebody watches."""
        if isinstance(self.progress, Told):
            self.progress.tell(text)

    def _pause(self) -> None:
        at_work = self._open[-1]
        at_work.stage.seconds += time.perf_counter() - at_work.since
        self.progress.finish()

    def _go_on(self) -> None:
        at_work = self._open[-1]
        at_work.since = time.perf_counter()
        self.progress.start(at_work.stage.name, at_work.left)
