"""Copies in forked children that die at a call which changes something. Imports are done once.

Reads one JSON order a line: ``run``, ``to``, ``kind`` and ``die_at`` (the number of the call, counted from 1). Answers
with the wait status of the child.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from kill_child import forked
from rfdedup.outputs.apply.fsops import FsOps
from rfdedup.outputs.materialize import CopyRequest, Kind, execute, materialize_run, remove_copy
from rfdedup.outputs.materialize.target import Sink


def die_at(number: int) -> None:
    calls = 0

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*args: Any, **options: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return call(*args, **options)

        return wrapped

    for home, name in ((os, "fsync"), (os, "replace"), (os, "mkdir"), (os, "unlink"), (os, "rmdir")):
        setattr(home, name, counted(getattr(home, name)))
    FsOps.rename = counted(FsOps.rename)  # type: ignore[method-assign]
    Sink.write = counted(Sink.write)  # type: ignore[method-assign]


def do(order: dict[str, Any]) -> None:
    execute.GROUP_FILES = 3
    die_at(order["die_at"])
    if order["kind"] == "undo":
        remove_copy(Path(order["run"]), order["to"])
    else:
        materialize_run(Path(order["run"]), CopyRequest(Path(order["to"]), Kind(order["kind"]), 20_000))


def serve() -> None:
    while line := sys.stdin.readline():
        child = forked(partial(do, json.loads(line)))
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
