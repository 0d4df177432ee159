"""When each stage of a run began, advanced and ended; passed on to whoever watches."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from rfdedup.pipeline.planning.forecast import Pace, pace
from rfdedup.runtime.progress import Progress, Warned


@dataclass
class Window:
    """One stretch of a stage, in seconds of ``time.perf_counter``."""

    stage: str
    began: float
    ended: float = 0.0
    advances: list[tuple[float, int]] = field(default_factory=list)

    @property
    def images(self) -> int:
        return sum(count for _, count in self.advances)

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def pace(self) -> Pace:
        return pace(self.began, self.ended, self.advances)


class Recorder:
    """A ``Progress`` that remembers and passes on."""

    def __init__(self, inner: Progress) -> None:
        self.inner = inner
        self.windows: list[Window] = []

    def start(self, stage: str, total: int | None) -> None:
        self.windows.append(Window(stage, time.perf_counter()))
        self.inner.start(stage, total)

    def advance(self, count: int) -> None:
        if count:
            self.windows[-1].advances.append((time.perf_counter(), count))
        self.inner.advance(count)

    def finish(self) -> None:
        self.windows[-1].ended = time.perf_counter()
        self.inner.finish()

    def warn(self, text: str) -> None:
        if isinstance(self.inner, Warned):
            self.inner.warn(text)

    def main_window(self, stage: str) -> Window | None:
        """The stretch of a stage that had the most images; None where none had any."""
        found = [window for window in self.windows if window.stage == stage and window.images]
        return max(found, key=lambda window: window.images, default=None)
