"""How many processor cores this process may keep busy: the one budget of workers, joins, networks and libraries.

It is the least of what affinity allows, what control groups (Linux containers, systemd) grant, and what the user asked
for by ``--workers``.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUP = Path("/proc/self/cgroup")


class _Asked:
    """What the run at work was told to use at most; None for no word of it."""

    most: int | None = None


def thread_count() -> int:
    """Cores that this process may keep busy; at least 1."""
    usable = usable_cpus()
    return usable if _Asked.most is None else max(1, min(_Asked.most, usable))


def usable_cpus() -> int:
    """Cores that the operating system lets this process use, whatever was asked for; at least 1."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = _quota() if sys.platform == "linux" else None
    return max(1, min(allowed or 1, quota or sys.maxsize))


@contextmanager
def at_most(cores: int | None) -> Iterator[None]:
    """Keep everything of this process within so many cores until the block ends; None leaves it as it is.

    The budget is the process's, not the thread's: of two runs at once, the later one's counts for both.
    """
    import pyarrow as pa

    before, arrow = _Asked.most, pa.cpu_count()
    _Asked.most = cores if cores is not None else before
    pa.set_cpu_count(min(arrow, thread_count()))
    try:
        yield
    finally:
        _Asked.most = before
        pa.set_cpu_count(arrow)


@functools.cache
def _quota() -> int | None:
    """Cores that the control groups of this process grant together, rounded up; None for no bound."""
    return cgroup_quota(_OWN_CGROUP, _CGROUPS)


def cgroup_quota(own: Path, groups: Path) -> int | None:
    """Least quota of the control groups above a process, in whole cores, rounded up; None where none is set.

    Args:
        own: the ``/proc/PID/cgroup`` of the process: lines of ``number:controllers:path``.
        groups: where the control groups are mounted; both versions are understood.
    """
    try:
        lines = own.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        # no /proc: what the container sees as its own group is at the top
        lines = ["0::/", "1:cpu:/"]
    bounds: list[int] = []
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            bounds += _bounds_above(groups, path, _second_version)
        elif "cpu" in controllers.split(","):
            for mounted in dict.fromkeys((controllers, "cpu", "cpu,cpuacct")):
                bounds += _bounds_above(groups / mounted, path, _first_version)
    return min(bounds, default=None)


def _bounds_above(top: Path, path: str, read: Callable[[Path], tuple[int, int] | None]) -> Iterator[int]:
    """Whole cores that each group from ``path`` up to ``top`` grants.

    Within a container the path may be that of the host; then only the top exists.
    """
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for depth in range(len(parts), -1, -1):
        found = read(top.joinpath(*parts[:depth]))
        if found is not None and found[0] > 0 and found[1] > 0:
            yield -(-found[0] // found[1])


def _second_version(group: Path) -> tuple[int, int] | None:
    """Microseconds of processor time a period, and the period."""
    try:
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return int(quota), int(period)
    except (OSError, ValueError):
        # missing at the root, and "max" where there is no bound
        return None


def _first_version(group: Path) -> tuple[int, int] | None:
    try:
        quota, period = ((group / f"cpu.cfs_{name}_us").read_text(encoding="ascii") for name in ("quota", "period"))
        return int(quota), int(period)
    except (OSError, ValueError):
        return None
