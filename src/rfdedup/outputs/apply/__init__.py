"""Acting on verdicts: planned, journaled, reversible. ``run`` only reads; this package alone changes files."""

from rfdedup.outputs.apply.bundles import Pairs
from rfdedup.outputs.apply.plan import Action, OnConflict
from rfdedup.outputs.apply.service import Request, apply_run
from rfdedup.outputs.apply.summary import ApplySummary
from rfdedup.outputs.apply.undo import UndoSummary, undo_run

__all__ = ["Action", "ApplySummary", "OnConflict", "Pairs", "Request", "UndoSummary", "apply_run", "undo_run"]
