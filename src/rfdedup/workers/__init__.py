"""Supervised worker processes: a file that crashes, hangs or swells its worker costs itself and no other."""

from rfdedup.workers.contract import BlockSpec, Done, Failure, PoolStats, WorkerLimits
from rfdedup.workers.pool import Pool

__all__ = ["BlockSpec", "Done", "Failure", "Pool", "PoolStats", "WorkerLimits"]
