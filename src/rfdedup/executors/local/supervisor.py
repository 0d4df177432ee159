"""The thread that feeds the workers, watches them, and finds out which item killed one."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing import connection
from queue import SimpleQueue
from typing import Any, Literal

from rfdedup.executors.base import Failure
from rfdedup.executors.local import child
from rfdedup.executors.local.contract import MOST_STALLS, PoolStats, WorkerLimits
from rfdedup.executors.local.process import (
    KILLED_OUTSIDE,
    SPAWN,
    Chunk,
    Job,
    Termination,
    WorkerProcess,
    shield_from_ctrl_c,
)
from rfdedup.model.errors import WorkerError

POLL_SECONDS = 0.05
MAX_IDLE_DEATHS = 5
"""Deaths in a row, of one worker, that no item can be blamed for."""

RETRIES = 1
RETRIES_KILLED_OUTSIDE = 3
"""No decoder sends itself SIGKILL; the file may be innocent, so it gets more chances."""


@dataclass(slots=True, eq=False)
class _Slot:
    """The place of a worker, whose process may be replaced. ``retry`` is what the next one does first."""

    number: int
    worker: WorkerProcess | None = None
    retry: Job | None = None
    idle_deaths: int = 0


class Supervisor(threading.Thread):
    """Starts workers as work appears, hands each its current and its next job, replaces those that die.

    Finished chunks, and in the end perhaps an exception, go to ``finished``. Memory, times and deaths are
    looked after in this thread, so a consumer that is busy does not delay them.
    ``memory`` is the shared array of ``blocks`` blocks, or None.
    """

    def __init__(self, workers: int, limits: WorkerLimits, setup: child.WorkerSetup, memory: Any, blocks: int) -> None:
        super().__init__(name="rfdedup-supervisor", daemon=True)
        self.finished: SimpleQueue[Chunk | BaseException] = SimpleQueue()
        self.stats = PoolStats()
        self._limits = limits
        self._setup = setup
        self._memory = memory
        self._memory_limit = (limits.memory_mb << 20) + (0 if memory is None else len(memory))
        self._free_blocks: deque[int] = deque(range(blocks))
        self._beats = SPAWN.RawArray("q", workers * child.BEAT_CELLS)
        self._slots = [_Slot(number) for number in range(workers)]
        self._pending: deque[Job] = deque()
        self._serial = 0
        self._past_cpu_seconds = 0.0
        self._stop_wish: Literal["", "gently", "now"] = ""
        self._bell, self._bell_rope = SPAWN.Pipe(duplex=False)
        self._bell_lock = threading.Lock()

    def submit(self, chunk: Chunk) -> None:
        self._pending.append(Job(chunk, list(range(len(chunk.items)))))
        self._ring()

    def free_block(self, block: int) -> None:
        self._free_blocks.append(block)
        self._ring()

    def stop(self, *, gently: bool) -> None:
        """End all workers; ``gently`` lets them leave by themselves (they must be idle)."""
        self._stop_wish = "gently" if gently else "now"
        self._ring()
        self.join()

    def run(self) -> None:
        try:
            shield_from_ctrl_c()
            next_check = 0.0
            while not self._stop_wish:
                self._hand_out()
                self._listen()
                now = time.monotonic()
                if now >= next_check:
                    next_check = now + POLL_SECONDS
                    self._enforce_limits(now)
        except BaseException as error:  # noqa: BLE001  raised again in the consumer's thread
            self._stop_wish = "now"
            self.finished.put(error)
        finally:
            self._end_workers(gently=self._stop_wish == "gently")

    def _ring(self) -> None:
        with self._bell_lock:
            if self.is_alive():
                self._bell_rope.send_bytes(b"!")

    def _hand_out(self) -> None:
        for slot in self._slots:
            if slot.retry is not None and slot.worker is None:
                job, slot.retry = slot.retry, None
                self._send(slot, job)
        # a job for everyone, running workers first; then each one's next, so that no worker waits for us
        running_first = sorted(self._slots, key=lambda slot: slot.worker is None)
        for depth in (0, 1):
            for slot in running_first:
                if (0 if slot.worker is None else len(slot.worker.jobs)) == depth:
                    next_job = self._next_job()
                    if next_job is None:
                        return
                    self._send(slot, next_job)

    def _next_job(self) -> Job | None:
        if not self._pending:
            return None
        chunk = self._pending[0].chunk
        if self._memory is not None and chunk.block is None:
            if not self._free_blocks:
                return None
            chunk.block = self._free_blocks.popleft()
        return self._pending.popleft()

    def _send(self, slot: _Slot, job: Job) -> None:
        if slot.worker is None:
            cell = slot.number * child.BEAT_CELLS
            self._beats[cell : cell + child.BEAT_CELLS] = [child.IDLE] * child.BEAT_CELLS
            slot.worker = WorkerProcess(slot.number, self._beats, self._memory, self._setup)
            self.stats.starts += 1
        self._serial += 1
        job.serial = self._serial
        slot.worker.send(job)

    def _listen(self) -> None:
        """Take in messages and deaths; wait for the first of them, at most until the next check."""
        sources: dict[Any, tuple[_Slot, WorkerProcess] | None] = {self._bell: None}
        for slot in self._slots:
            if slot.worker is not None:
                sources[slot.worker.conn] = sources[slot.worker.process.sentinel] = slot, slot.worker
        for ready in connection.wait(list(sources), POLL_SECONDS):
            source = sources[ready]
            if source is None:
                while self._bell.poll():
                    self._bell.recv_bytes()
            elif ready is source[1].conn:
                self._read(*source)
            else:
                self._bury(*source)

    def _read(self, slot: _Slot, worker: WorkerProcess) -> bool:
        """Take one message. False when there are no more: the worker is dead or dying."""
        if worker.conn.closed:
            return False
        try:
            message = worker.conn.recv()
        except (EOFError, OSError):
            worker.process.join(1)
            return False
        match message:
            case ("done", results, warnings, cpu_seconds):
                job = worker.jobs.popleft()
                worker.cpu_seconds = cpu_seconds
                slot.idle_deaths = 0
                job.chunk.warnings |= warnings
                for row, result in zip(job.rows, results, strict=True):
                    job.chunk.fill(row, result)
                self._finish_if_complete(job.chunk)
            case ("ready", cpu_seconds):
                worker.ready, worker.cpu_seconds = True, cpu_seconds
            case ("bug", row, trace):
                where = "" if row is None else f" on {worker.jobs[0].chunk.items[row]!r}"
                raise WorkerError(f"a worker failed{where} (a bug, please report it):\n{trace}")
            case ("broken", trace):
                raise WorkerError(f"a worker process cannot start:\n{trace}")
        return True

    def _finish_if_complete(self, chunk: Chunk) -> None:
        if chunk.missing == 0:
            self.finished.put(chunk)

    def _enforce_limits(self, now: float) -> None:
        limits = self._limits
        cpu_seconds = self._past_cpu_seconds
        for slot in self._slots:
            worker = slot.worker
            if worker is None:
                continue
            cpu_seconds += worker.cpu_seconds
            if worker.killed is not None:
                continue
            if not worker.ready and now - worker.started > limits.start_seconds:
                raise WorkerError(
                    f"a worker process was not ready {limits.start_seconds:g} s after its start"
                    f"{self._last_words(slot)}; is the machine overloaded?"
                )
            beat = self._beats[slot.number * child.BEAT_CELLS]
            rss = worker.rss()
            self.stats.peak_rss_bytes = max(self.stats.peak_rss_bytes, rss)
            spent = worker.time_on_item(beat, now)
            if spent.cpu > limits.file_seconds:
                worker.kill(Termination("timeout", f"took more than {limits.file_seconds:g} s of processor time", beat))
            elif spent.still > limits.stall_seconds:
                detail = f"waited longer than {limits.stall_seconds:g} s; does the disk or the network answer?"
                worker.kill(Termination("stalled", detail, beat))
            elif spent.wall > MOST_STALLS * limits.stall_seconds:
                worker.kill(Termination("stalled", f"was not done after {spent.wall:.0f} s of waiting", beat))
            elif rss > self._memory_limit:
                worker.kill(Termination("out-of-memory", f"took more than {limits.memory_mb} MB of memory", beat))
        self.stats.cpu_seconds = cpu_seconds

    def _bury(self, slot: _Slot, worker: WorkerProcess) -> None:
        """Find the item that a dead worker was on, and see to its jobs."""
        worker.process.join()
        while worker.has_message() and self._read(slot, worker):
            pass
        self._dismiss(slot, worker)
        self.stats.restarts += 1
        beat, gave_up = self._beats[slot.number * child.BEAT_CELLS :][: child.BEAT_CELLS]
        if worker.killed is not None:
            beat = worker.killed.beat
        serial, position = child.read_beat(beat)
        kind, detail = worker.cause_of_death(gave_up)
        if beat != child.IDLE and worker.jobs and worker.jobs[0].serial == serial:
            outside = worker.killed is None and worker.process.exitcode == KILLED_OUTSIDE
            retries = RETRIES_KILLED_OUTSIDE if outside else RETRIES
            rest = self._blame(slot, worker.jobs.popleft(), position, Failure(kind, detail), retries)
        else:
            rest = None
            slot.idle_deaths += 1
            if slot.idle_deaths >= MAX_IDLE_DEATHS:
                raise WorkerError(
                    f"a worker process died {slot.idle_deaths} times in a row without being on a file: "
                    f"it {detail}{self._last_words(slot)}"
                )
        for job in reversed(worker.jobs):
            if job.alone:
                slot.retry = job
            else:
                self._pending.appendleft(job)
        if rest is not None:
            self._pending.appendleft(rest)

    def _blame(self, slot: _Slot, job: Job, position: int, failure: Failure, retries: int) -> Job | None:
        """See to an item that killed its worker; returns what else its job held."""
        chunk, culprit = job.chunk, job.rows[position]
        deaths = chunk.deaths[culprit] = chunk.deaths.get(culprit, 0) + 1
        if deaths <= retries:
            slot.retry = Job(chunk, [culprit], alone=True)
        else:
            if chunk.block is not None:
                self._clear_row(chunk.block, culprit)
            words = self._read_log(slot)
            if words:
                chunk.warnings[culprit] = words
            chunk.fill(culprit, Failure(failure.kind, f"the worker {failure.detail}, {deaths} times"))
            self._finish_if_complete(chunk)
        rest = job.rows[:position] + job.rows[position + 1 :]
        return Job(chunk, rest) if rest else None

    def _clear_row(self, block: int, row: int) -> None:
        batch, *shape = self._setup.block_shape or ()
        size = math.prod(shape)
        start = (block * batch + row) * size
        memoryview(self._memory).cast("B")[start : start + size] = bytes(size)

    def _read_log(self, slot: _Slot) -> str:
        file = child.log_file(self._setup.log_folder, slot.number)
        try:
            with file.open("rb") as log:
                log.seek(max(0, file.stat().st_size - child.WARNING_BYTES))
                return log.read(child.WARNING_BYTES).decode("utf-8", "replace")
        except OSError:
            return ""

    def _last_words(self, slot: _Slot) -> str:
        text = self._read_log(slot).strip()
        return f"; its last words: {text}" if text else ""

    def _dismiss(self, slot: _Slot, worker: WorkerProcess) -> None:
        worker.close()
        self._past_cpu_seconds += worker.cpu_seconds
        slot.worker = None

    def _end_workers(self, *, gently: bool) -> None:
        live = [(slot, slot.worker) for slot in self._slots if slot.worker is not None]
        for _, worker in live:
            if gently:
                worker.close()
            else:
                worker.process.kill()
        deadline = time.monotonic() + 2
        for slot, worker in live:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.exitcode is None:
                worker.process.kill()
                worker.process.join(5)
            self._dismiss(slot, worker)
        self.stats.cpu_seconds = self._past_cpu_seconds
