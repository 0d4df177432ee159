"""One worker process as the supervisor sees it: its pipe, the jobs sent to it, how it ended."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from queue import SimpleQueue
from typing import Any

import psutil

from rfdedup.executors.base import FailureKind
from rfdedup.executors.local import child

SPAWN = multiprocessing.get_context("spawn")
KILLED_OUTSIDE = -9
"""Exit code of a worker that got a SIGKILL (POSIX). When we did not send it, the system did, or a person."""

MISSING: Any = object()
_main_lock = threading.Lock()
_environment_lock = threading.Lock()


@dataclass(slots=True, eq=False)
class Chunk:
    """A chunk on its way. ``block`` is the number of its shared block once it has one."""

    tag: Any
    items: list[Any]
    results: list[Any] = field(init=False)
    missing: int = field(init=False)
    warnings: dict[int, str] = field(default_factory=dict)
    deaths: dict[int, int] = field(default_factory=dict)
    block: int | None = None

    def __post_init__(self) -> None:
        self.results = [MISSING] * len(self.items)
        self.missing = len(self.items)

    def fill(self, row: int, result: Any) -> None:
        self.results[row] = result
        self.missing -= 1


@dataclass(slots=True, eq=False)
class Job:
    """Rows of a chunk that one worker does. ``alone``: the second chance of an item that killed a worker."""

    chunk: Chunk
    rows: list[int]
    alone: bool = False
    serial: int = 0


PROGRESS_SECONDS = 0.02
"""Processor time that counts as progress: systems report it in steps of 10 to 16 ms."""


@dataclass(frozen=True, slots=True)
class ItemTime:
    """Seconds on one item: of the processor, by the clock, and by the clock since the processor was last used."""

    cpu: float = 0.0
    wall: float = 0.0
    still: float = 0.0


@dataclass(frozen=True, slots=True)
class Termination:
    """Why we killed a worker, and its heartbeat at that moment."""

    kind: FailureKind
    detail: str
    beat: int


class WorkerProcess:
    """A running worker. ``jobs`` are those sent and not answered: the first is what it works on."""

    def __init__(self, number: int, beats: Any, memory: Any, setup: child.WorkerSetup) -> None:
        self.conn, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(
            target=child.serve,
            args=(theirs, number, beats, memory, setup),
            name=f"rfdedup-worker-{number}",
            daemon=True,
        )
        with _main_not_imported(), _environment_of_workers():
            self.process.start()
        theirs.close()
        self.jobs: deque[Job] = deque()
        self.killed: Termination | None = None
        self.started = time.monotonic()
        self.ready = False
        self.cpu_seconds = 0.0
        self.beat = child.IDLE
        self.beat_since = self.started
        self._cpu_at_beat = 0.0
        self._cpu_seen = 0.0
        self._cpu_since = self.started
        self._watch = psutil.Process(self.process.pid)
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        # a thread of its own, because sending to a worker that hangs may block
        self._sender = threading.Thread(target=self._send_all, daemon=True)
        self._sender.start()

    def send(self, job: Job) -> None:
        items = [(row, job.chunk.items[row]) for row in job.rows]
        self._outbox.put(pickle.dumps((job.serial, job.chunk.block, items), pickle.HIGHEST_PROTOCOL))
        self.jobs.append(job)

    def time_on_item(self, beat: int, now: float) -> ItemTime:
        """What the worker has been seen to spend on the item that ``beat`` stands for."""
        if beat == child.IDLE:
            self.beat = beat
            return ItemTime()
        cpu = self._cpu_time()
        if beat != self.beat:
            self.beat, self.beat_since = beat, now
            self._cpu_at_beat = self._cpu_seen = cpu
            self._cpu_since = now
        elif cpu - self._cpu_seen >= PROGRESS_SECONDS:
            self._cpu_seen, self._cpu_since = cpu, now
        return ItemTime(cpu - self._cpu_at_beat, now - self.beat_since, now - self._cpu_since)

    def _cpu_time(self) -> float:
        """Processor time of all its threads, seconds; what was seen last when it died just now."""
        try:
            times = self._watch.cpu_times()
        except psutil.Error:
            return self._cpu_seen
        return float(times.user + times.system)

    def rss(self) -> int:
        """Resident memory in bytes; 0 when it died just now."""
        try:
            return int(self._watch.memory_info().rss)
        except psutil.Error:
            return 0

    def has_message(self) -> bool:
        try:
            return self.conn.poll()
        except OSError:
            return False

    def kill(self, why: Termination) -> None:
        self.killed = why
        self.process.kill()

    def cause_of_death(self, gave_up: int) -> tuple[FailureKind, str]:
        """What ended the process, as a failure kind and words that follow "the worker"."""
        if self.killed is not None:
            return self.killed.kind, self.killed.detail
        if gave_up == child.RAN_OUT_OF_MEMORY:
            return "out-of-memory", "ran out of memory (MemoryError)"
        code = self.process.exitcode
        if code == KILLED_OUTSIDE:
            return "out-of-memory", "was killed from outside, probably by the system for lack of memory"
        if code is not None and code < 0:
            return "decoder-crash", f"was killed by {_signal_name(-code)}"
        # Windows reports an access violation and the like as a large number that is known in hexadecimal
        shown = code if code is None or code < 0x40000000 else f"0x{code:08X}"
        return "decoder-crash", f"ended with exit code {shown}"

    def close(self) -> None:
        """Close the pipe, upon which an idle worker leaves by itself."""
        self._outbox.put(None)
        self._sender.join(1)
        self.conn.close()

    def _send_all(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                self.conn.send_bytes(message)
            except OSError:
                return  # the worker is dead


def shield_from_ctrl_c() -> None:
    """Block SIGINT in this thread: processes that it starts do not see Ctrl-C even before their first line."""
    if sys.platform != "win32":
        from multiprocessing import resource_tracker

        resource_tracker.ensure_running()  # unblocks SIGINT, so it must come first
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})


_MATH_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Read by numerical libraries when they load. Workers are the parallelism; threads inside them would only fight."""
_GLIBC = "GLIBC_TUNABLES"
_HUGE_PAGES = "glibc.malloc.hugetlb=1"
"""Lets glibc ask for huge pages where the system leaves that to programs: pass 1 takes 8 % less time with them."""


@contextmanager
def _environment_of_workers() -> Iterator[None]:
    """Start a process with what libraries read when they load, leaving this one's environment as it was."""
    settings = dict.fromkeys(_MATH_THREADS, "1")
    if sys.platform == "linux":
        given = os.environ.get(_GLIBC)
        # of a setting that is given twice glibc takes the last: what the user set stays
        settings[_GLIBC] = f"{_HUGE_PAGES}:{given}" if given else _HUGE_PAGES
    with _environment_lock:
        before = {name: os.environ.get(name) for name in settings}
        os.environ.update(settings)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


@contextmanager
def _main_not_imported() -> Iterator[None]:
    """Start a process that does not run the user's script again, so it needs no ``if __name__ == ...`` guard.

    ``multiprocessing.spawn`` imports no main module whose name ends in ``.__main__``.
    """
    main = sys.modules["__main__"]
    with _main_lock:
        spec = main.__spec__
        main.__spec__ = ModuleSpec("rfdedup.__main__", None)
        try:
            yield
        finally:
            main.__spec__ = spec


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
