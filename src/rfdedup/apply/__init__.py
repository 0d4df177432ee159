"""Acting on verdicts: planned, journaled, reversible. ``run`` only reads; this package alone changes files."""

from rfdedup.apply.bonds import Pairs
from rfdedup.apply.plan import Action, OnConflict
from rfdedup.apply.service import ApplySummary, Request, apply_run
from rfdedup.apply.undo import UndoSummary, undo_run

__all__ = ["Action", "ApplySummary", "OnConflict", "Pairs", "Request", "UndoSummary", "apply_run", "undo_run"]
