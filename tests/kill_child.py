"""Runs the funnel in forked children that a test kills. Imports are done once, so that kills hit work, not imports.

Reads one JSON order a line: ``images``, ``out``, ``workers`` and ``die_at`` (kill yourself at that fsync, or null).
Answers with the process id of the child and, told to collect it, with its wait status. Until then the process id
stays taken, so that a test never kills somebody else.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from rfdedup.pipeline import measuring
from rfdedup.pipeline.run import refine
from rfdedup.sources import plan


def small_steps() -> None:
    """Many small shards, so that there is something between the start and the end."""
    plan.SHARD_ROWS = 8
    measuring.CHUNK = 4


def die_at(number: int) -> None:
    """Let the ``number``-th fsync of this process be its death."""
    sync, calls = os.fsync, 0

    def count(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        sync(handle)

    os.fsync = count


def run(order: dict[str, Any]) -> None:
    small_steps()
    if order["die_at"]:
        die_at(order["die_at"])
    refine(order["images"], order["out"], workers=order["workers"])


def forked(work: Callable[[], None]) -> int:
    """Do ``work`` in a child; its process id."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)
    return child


def serve() -> None:
    while line := sys.stdin.readline():
        child = forked(partial(run, json.loads(line)))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        assert sys.stdin.readline() == "collect\n"
        sys.stdout.write(f"{os.waitpid(child, 0)[1]}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
