"""How long work tells how far it is. The library calls it, the edges draw it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol


class Progress(Protocol):
    """Receives the state of the stage at work. Calls come from one thread."""

    def start(self, stage: str, total: int | None) -> None:
        """A stage begins; ``total`` images are ahead, None while unknown."""

    def advance(self, count: int) -> None:
        """So many more images are done."""

    def finish(self) -> None:
        """The stage is over."""


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
class Watch:
    """Times the stages and reports them to a ``Progress``."""

    progress: Progress
    stages: list[Stage] = field(default_factory=list)
    worker_peak: int = 0
    """Largest resident memory of a worker so far, bytes."""

    @contextmanager
    def stage(self, name: str, total: int | None) -> Iterator[Watch]:
        """Time a stage; stages of one name add up."""
        stage = next((s for s in self.stages if s.name == name), None)
        if stage is None:
            stage = Stage(name)
            self.stages.append(stage)
        began = time.perf_counter()
        self._current = stage
        self.progress.start(name, total)
        try:
            yield self
        finally:
            stage.seconds += time.perf_counter() - began
            self.progress.finish()

    def advance(self, count: int) -> None:
        self._current.images += count
        self.progress.advance(count)
