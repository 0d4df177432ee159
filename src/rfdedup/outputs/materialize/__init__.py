"""A clean copy of what a run keeps, somewhere else and in any of several forms."""

from __future__ import annotations

from rfdedup.outputs.materialize.pieces import Kind
from rfdedup.outputs.materialize.service import CopyRequest, CopySummary, materialize_run
from rfdedup.outputs.materialize.undo import RemovedCopy, copies_of, remove_copy

__all__ = ["CopyRequest", "CopySummary", "Kind", "RemovedCopy", "copies_of", "materialize_run", "remove_copy"]
