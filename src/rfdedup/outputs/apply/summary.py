"""What apply planned and did, in numbers, and the files that were not handled as their verdicts say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from rfdedup.outputs.apply.plan import Action
from rfdedup.outputs.apply.relist import Rewritten


@dataclass(slots=True)
class Count:
    """Files and bytes of one reason, or in one state."""

    files: int = 0
    bytes: int = 0

    def add(self, size: int, files: int = 1) -> None:
        self.files += files
        self.bytes += size


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that was not handled as its verdict says."""

    path: str
    state: str
    reason: str
    detail: str


@dataclass
class ApplySummary:
    """What was planned and, unless it was a dry run, what came of it."""

    action: Action
    dry_run: bool
    session: int | None = None
    planned: dict[str, Count] = field(default_factory=dict)
    """By tier, for quality by reason; ``kept`` for the clean trees."""
    done: dict[str, Count] = field(default_factory=dict)
    sidecars: Count = field(default_factory=Count)
    replaced: Count = field(default_factory=Count)
    """Earlier copies that made way for those of pictures that were edited since."""
    held: dict[str, Count] = field(default_factory=dict)
    already: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    """Why files could not be read that a clean tree leaves out, each with the number of files."""
    lost: Counter[str] = field(default_factory=Counter)
    """Attributes that moves to another volume could not take along, each with the number of files."""
    failures: int = 0
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list)
    datasets: list[Rewritten] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    decisions_pending: bool = False
    """Reviewers decided something that the verdicts do not show, because the run was not made again."""

    @property
    def planned_total(self) -> Count:
        return _sum(self.planned.values())

    @property
    def done_total(self) -> Count:
        return _sum(self.done.values())


def _sum(counts: Iterable[Count]) -> Count:
    counts = list(counts)
    return Count(sum(count.files for count in counts), sum(count.bytes for count in counts))
