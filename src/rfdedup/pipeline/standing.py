"""Which row stands for each content while a run goes on, and which takes its place when a file cannot be read again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rfdedup.model.faults import Faults

Rows = npt.NDArray[np.int64]


@dataclass
class Standing:
    """The rows that are compared, one of each content. What was measured of a content holds for whoever stands for it.

    Attributes:
        of: (n,) the row that stands for each row's content; rows that are not compared stand for themselves.
        rows: those that are compared or stood for, ascending.
        places: gives (n,) by which the best of equal rows is chosen.
        faults: of rows that could be read once and not again.
        now: (n,) who has the place that each row had at first; -1 where nobody has.
    """

    of: Rows
    rows: Rows
    places: Callable[[], Rows]
    faults: Faults = field(default_factory=dict)
    now: Rows = field(init=False)

    def __post_init__(self) -> None:
        self.now = np.arange(len(self.of))

    @property
    def distinct(self) -> Rows:
        """Rows that stand for a content, ascending."""
        gone = np.array(sorted(self.faults), np.int64)
        found: Rows = np.unique(self.of[self.rows[~np.isin(self.rows, gone)]])
        return found

    def lose(self, lost: Faults) -> Rows:
        """Take note of rows that cannot be read again: others with the same bytes, if there are any, stand for them.

        Returns:
            (n,) who has the place of each row from now on, -1 for nobody.
        """
        self.faults |= lost
        step = np.arange(len(self.of))
        gone, all_gone = (np.array(sorted(some), np.int64) for some in (lost, self.faults))
        left = self.rows[np.isin(self.of[self.rows], gone) & ~np.isin(self.rows, all_gone)]
        step[gone] = -1
        if len(left):
            order = left[np.lexsort((self.places()[left], self.of[left]))]
            content, first = np.unique(self.of[order], return_index=True)
            step[content] = order[first]
            self.of[left] = step[self.of[left]]
        self.of[gone] = gone
        self.now = np.where(self.now >= 0, step[self.now], -1)
        return step
