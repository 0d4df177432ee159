"""Supervised worker processes: a file that crashes, hangs or swells its worker costs itself and no other."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rfdedup.executors.local.contract import PoolStats, WorkerLimits
    from rfdedup.executors.local.executor import LocalExecutor
    from rfdedup.executors.local.pool import Pool

__all__ = ["LocalExecutor", "Pool", "PoolStats", "WorkerLimits"]


def __getattr__(name: str) -> Any:
    """Import what is asked for: a worker, which starts by importing this package, needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'rfdedup.executors.local' has no attribute {name!r}")
    home = {"Pool": "pool", "LocalExecutor": "executor"}.get(name, "contract")
    return getattr(importlib.import_module(f"rfdedup.executors.local.{home}"), name)
