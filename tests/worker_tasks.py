"""What the tests let worker processes do. Light imports: every worker imports this module."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path


def square(item: int) -> int:
    return item * item


def where(item: int) -> tuple[int, int]:
    return item, os.getpid()


def obey(item):
    """Items are (command, argument). What a hostile file may do to a decoder."""
    command, argument = item
    match command:
        case "ok":
            return argument
        case "segv":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "null":
            ctypes.string_at(0)
        case "abort":
            os.write(2, b"free(): invalid pointer\n")
            os.abort()
        case "exit":
            os._exit(argument)
        case "sys.exit":
            sys.exit(argument)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3600)
        case "spin":
            while True:
                pass
        case "work":  # so many seconds of processor time
            end = time.process_time() + argument
            while time.process_time() < end:
                pass
        case "doze":
            while True:
                end = time.process_time() + 0.04
                while time.process_time() < end:
                    pass
                time.sleep(0.05)
        case "hog":
            hoard = []
            while True:
                hoard.append(bytearray(os.urandom(1)) * (8 << 20))
                time.sleep(0.002)
        case "MemoryError":
            raise MemoryError("cannot allocate")
        case "bug":
            raise KeyError(argument)
        case "unpicklable":
            return lambda: argument
        case "flaky":  # breaks its worker the first time only
            marker, how = argument
            if not Path(marker).exists():
                Path(marker).touch()
                return obey((how, 3))
            with Path(marker).open("ab") as file:
                file.write(b"retry\n")
            return "recovered"
        case "warn":
            os.write(2, argument)
        case "print":
            print(argument, flush=True)  # noqa: T201
        case "sleep":
            time.sleep(argument)
        case "mark":
            with Path(argument).open("ab") as file:
                file.write(b"%d\n" % os.getpid())
            time.sleep(0.3)
    return command


def paint(item: int, out) -> int:
    """Fill the row with the item; a negative item fills half of it and crashes."""
    if item < 0:
        out[: len(out) // 2] = 77
        os._exit(9)
    assert out.dtype.name == "uint8"
    out[...] = item % 256
    return item


def spin_for(seconds: float) -> float:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


@dataclass(frozen=True)
class Adder:
    """A task with a set-up: it counts how often it was unpickled."""

    plus: int
    log: Path

    def __setstate__(self, state) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)
        with self.log.open("ab") as file:
            file.write(b"unpickled\n")

    def __call__(self, item: int) -> int:
        return item + self.plus


class Unloadable:
    def __reduce__(self):
        return __import__, ("no_such_module_anywhere",)

    def __call__(self, item):
        return item


@dataclass(frozen=True)
class Start:
    """An initializer that spoils the start of a worker."""

    how: str

    def __call__(self) -> None:
        if self.how == "exit":
            os.write(2, b"cannot load libfoo\n")
            os._exit(4)
        if self.how == "hang":
            time.sleep(3600)
        if self.how == "slow":
            # memory is looked at every 50 ms; a quick worker would be done before
            time.sleep(0.5)
        if self.how == "raise":
            raise RuntimeError("no licence")
        os.environ["RFDEDUP_TEST_MARK"] = self.how


def read_mark(item: int) -> str | None:
    return os.environ.get("RFDEDUP_TEST_MARK")


def variable(name: str) -> str | None:
    """An environment variable of the worker."""
    return os.environ.get(name)
