"""One moment of a run under review: its tables, the decisions that hold, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rfdedup.keepers.constraints import Constraints
from rfdedup.model.decisions import Decisions, digest
from rfdedup.outputs.review.kings import Kings, KingsByThreshold
from rfdedup.outputs.review.listing import ListedGroups
from rfdedup.outputs.review.snapshot import Mask, ReviewedVerdicts, Snapshot, reviewed_verdicts


@dataclass(frozen=True)
class ReviewState:
    """A snapshot with the decisions of one moment. ``revision`` tells two moments apart."""

    snapshot: Snapshot
    decisions: Decisions
    demands: Constraints
    revision: str

    @cached_property
    def kings_by_threshold(self) -> KingsByThreshold:
        return self.snapshot.kings_by_threshold(self.demands)

    @property
    def pending(self) -> bool:
        """Whether decisions hold that the verdicts were not made under, or the other way round."""
        return digest(self.decisions) != self._made_under

    @property
    def _made_under(self) -> str:
        return str(self.snapshot.info.get("decisions", ""))

    @cached_property
    def now(self) -> ReviewedVerdicts:
        if not self.pending:
            return reviewed_verdicts(self.snapshot, self.demands, None, None)
        demands = self.demands
        family = self.snapshot.families
        if self._made_under:
            # some of the decisions behind the verdicts may have been taken back, and nothing tells which
            touched = np.ones(self.snapshot.n, np.bool_)
        else:
            ordinary = demands.preference.max(initial=0)
            decided = demands.keep | demands.drop | (demands.preference < ordinary)
            decided[demands.apart.ravel()] = True
            touched = np.isin(family, family[decided])
        return reviewed_verdicts(self.snapshot, demands, self.baseline[0], touched)

    @cached_property
    def baseline(self) -> tuple[Kings, Mask, Mask]:
        """Kings at the threshold of the verdicts, kept rows and subjects: what a preview is compared with."""
        kings = self.kings_by_threshold.at(self.bound)
        return kings, kings.kept, kings.subjects

    @cached_property
    def groups(self) -> ListedGroups:
        return ListedGroups(self.snapshot, self.now)

    @property
    def bound(self) -> float:
        """The cosine threshold of the verdicts; none where pictures decided, and without tier 3 no such link exists."""
        if self.snapshot.compares:
            return -np.inf
        threshold = self.snapshot.semantic_threshold
        return np.inf if threshold is None else threshold
