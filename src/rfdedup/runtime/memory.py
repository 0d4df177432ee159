"""Memory of this process."""

from __future__ import annotations

import sys

import psutil


def resident_memory() -> int:
    """Resident memory of this process now, bytes."""
    return int(psutil.Process().memory_info().rss)


def peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
