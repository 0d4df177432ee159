"""What makes a worker process fit for many pictures."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_M_TRIM_THRESHOLD: Final = -1

_M_MMAP_THRESHOLD: Final = -3
"""Numbers of these options in glibc's malloc.h."""

_LARGEST_KEPT: Final = 32 << 20

_MOST_KEPT: Final = 128 << 20


def set_up_worker() -> None:
    """Make a process fit for many pictures: workers are the parallelism, so libraries stay on one thread each."""
    import cv2

    cv2.setNumThreads(1)
    keep_freed_memory()


def keep_freed_memory() -> None:
    """Let glibc use freed memory again rather than return it: the page faults of fresh arrays cost a fifth of pass 1.

    Elsewhere the allocator is left as it is.
    """
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
            mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)
