"""Which executor a configuration asks for. The one place that names an implementation."""

from __future__ import annotations

from rfdedup.executors.base import Executor
from rfdedup.executors.local import LocalExecutor, WorkerLimits
from rfdedup.model.config import RunConfig
from rfdedup.runtime.cpus import thread_count


def worker_count(config: RunConfig) -> int:
    """Worker processes: what was asked for, else the CPUs that this process may use."""
    return config.workers if config.workers is not None else thread_count()


def open_executor(config: RunConfig) -> Executor:
    """An executor for the stages of a run, within the limits of its configuration; enter it, and leave it."""
    limits = WorkerLimits(file_seconds=config.limits.file_seconds, memory_mb=config.limits.worker_memory_mb)
    return LocalExecutor(worker_count(config), limits)
