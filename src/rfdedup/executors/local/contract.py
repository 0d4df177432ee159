"""What workers may take, and what they took."""

from __future__ import annotations

from dataclasses import dataclass

MOST_STALLS = 10
"""A worker that does next to nothing for so many times ``stall_seconds`` hangs as well."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What a worker may take before it is killed.

    ``file_seconds``: processor time of the worker on one item: a machine under load takes as long as it takes.
    ``stall_seconds``: wall time on one item without processor time, as when a disk or a network hangs; times
    ``MOST_STALLS``, wall time on one item whatever it does. ``memory_mb``: resident memory (MiB) besides the shared
    blocks. ``start_seconds``: time from the start of the process until it can take work.
    """

    file_seconds: float = 20.0
    stall_seconds: float = 120.0
    memory_mb: int = 2048
    start_seconds: float = 120.0


@dataclass(slots=True)
class PoolStats:
    """What the workers took so far. Peak memory is sampled every 50 ms; CPU as reported with each chunk."""

    starts: int = 0
    restarts: int = 0
    peak_rss_bytes: int = 0
    cpu_seconds: float = 0.0
