"""The worker process: takes jobs from a pipe, says which item it is on, sends results back."""

from __future__ import annotations

import faulthandler
import os
import pickle
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WARNING_BYTES = 2048
IDLE = 0
RAN_OUT_OF_MEMORY = 1
BEAT_CELLS = 2
"""Cells of 64 bits that a worker has in shared memory: what it is on, and why it gave up."""

_POSITION_BITS = 32
_LOAD = 20
"""Wall time that processor time may take on a machine under load, as a multiple."""


@dataclass(frozen=True)
class WorkerSetup:
    """All that a worker is told at its start. ``task`` and ``initializer`` are pickled."""

    task: bytes
    initializer: bytes
    file_seconds: float
    log_folder: Path
    block_shape: tuple[int, ...] | None


def beat_of(serial: int, position: int) -> int:
    """The heartbeat of item number ``position`` of job ``serial``: never IDLE, different for each item."""
    return serial << _POSITION_BITS | position + 1


def read_beat(beat: int) -> tuple[int, int]:
    """Job and position of a heartbeat that is not IDLE."""
    return beat >> _POSITION_BITS, (beat & (1 << _POSITION_BITS) - 1) - 1


def log_file(folder: Path, slot: int) -> Path:
    return folder / f"worker-{slot}.log"


def serve(conn: Connection, slot: int, beats: Any, memory: Any, setup: WorkerSetup) -> None:
    """Entry point of a worker process. Returns when the pipe closes.

    Messages out: ("ready", cpu), ("broken", traceback), ("bug", row, traceback) and
    ("done", results, warnings by row, cpu); cpu in seconds. Message in: (serial, block or None, [(row, item)]).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, where the parent cannot block it
    _collect_output(log_file(setup.log_folder, slot))
    threading.Thread(target=_die_with_parent, args=(setup.log_folder,), daemon=True).start()
    try:
        initializer = pickle.loads(setup.initializer)  # noqa: S301  from the parent process, as all here
        if initializer is not None:
            initializer()
        task = pickle.loads(setup.task)  # noqa: S301
        blocks = _view(memory, setup.block_shape)
    except Exception:  # noqa: BLE001  whatever it is, the parent raises it
        conn.send(("broken", traceback.format_exc()))
        return
    beat = memoryview(beats).cast("B").cast("q")[slot * BEAT_CELLS : (slot + 1) * BEAT_CELLS]
    try:
        conn.send(("ready", time.process_time()))
        while True:
            reply = _run_job(conn.recv_bytes(), task, blocks, beat, setup.file_seconds)
            conn.send_bytes(reply)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _run_job(
    message: bytes,
    task: Callable[..., Any],
    blocks: NDArray[np.uint8] | None,
    beat: memoryview[int],
    file_seconds: float,
) -> bytes:
    row = None
    results: list[Any] = []
    warnings: dict[int, str] = {}
    try:
        serial, block, items = pickle.loads(message)  # noqa: S301
        _limit_orphan(60 + file_seconds * len(items))
        for position, (row, item) in enumerate(items):
            beat[0] = beat_of(serial, position)
            results.append(task(item) if blocks is None else task(item, blocks[block, row]))
            text = _take_output()
            if text:
                warnings[row] = text
        beat[0] = IDLE
        _limit_orphan(0)
        row = None
        return pickle.dumps(("done", results, warnings, time.process_time()), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        beat[1] = RAN_OUT_OF_MEMORY
        os._exit(1)
    except Exception:  # noqa: BLE001  a bug of the task: the parent raises it
        return pickle.dumps(("bug", row, traceback.format_exc()))


def _limit_orphan(seconds: float) -> None:
    """End this process after so much processor time; 0 lifts the limit.

    The parent kills a worker that hangs; this is for one that hangs in C code when the parent is gone. Windows has no
    such timer, and a clock would end workers of a machine under load.
    """
    if sys.platform != "win32":
        signal.setitimer(signal.ITIMER_PROF, seconds)
    elif seconds:
        faulthandler.dump_traceback_later(_LOAD * seconds, exit=True, file=2)
    else:
        faulthandler.cancel_dump_traceback_later()


def _view(memory: Any, shape: tuple[int, ...] | None) -> NDArray[np.uint8] | None:
    if shape is None:
        return None
    import numpy as np

    return np.frombuffer(memory, np.uint8).reshape(-1, *shape)


def _collect_output(file: Path) -> None:
    """Send what this process and its C libraries print to ``file`` instead of the terminal."""
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC, 0o600)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)


def _take_output() -> str:
    size = os.fstat(2).st_size
    if size == 0:
        return ""
    os.lseek(2, max(0, size - WARNING_BYTES), os.SEEK_SET)
    text = os.read(2, WARNING_BYTES).decode("utf-8", "replace")
    os.ftruncate(2, 0)
    return text


def _die_with_parent(log_folder: Path) -> None:
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        shutil.rmtree(log_folder, ignore_errors=True)
        os._exit(1)
