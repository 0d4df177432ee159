"""Memory of this process."""

from __future__ import annotations

import ctypes
import sys

import psutil
import pyarrow as pa


def resident_memory() -> int:
    """Resident memory of this process now, bytes."""
    return int(psutil.Process().memory_info().rss)


def return_freed() -> None:
    """Give the system what allocators keep of freed memory: between stages, half a kilobyte for each image."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        # glibc alone has it
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)


def peak_memory() -> int:
    """Largest resident memory of this process so far, bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
