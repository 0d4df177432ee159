"""Collages that were dropped because several kept pictures show all of them: each is compared again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rfdedup.comparison import ChangeLimits
from rfdedup.executors.base import Failure
from rfdedup.executors.choice import open_executor
from rfdedup.features.hashes import sha256
from rfdedup.features.settings import limits_of
from rfdedup.imaging import DecodeLimits
from rfdedup.keepers.coverage import TOGETHER, shown_in
from rfdedup.model.config import RunConfig
from rfdedup.model.errors import ImageError
from rfdedup.model.evidence import Evidence, Kind
from rfdedup.model.items import Item
from rfdedup.outputs.verification.drops import FileFinder, King, RecordedDrop, RecordedDrops
from rfdedup.runtime.progress import Watch
from rfdedup.sources.reading import read_stable
from rfdedup.stages.compare import CompareTask, Unreadable, change_limits, view_of

if TYPE_CHECKING:
    from rfdedup.outputs.verification.verify import Verification


@dataclass(frozen=True, slots=True)
class Panel:
    """A kept picture beside a collage: what they show, both sizes, and the SHA-256 of the kept one."""

    found: Evidence
    size: tuple[int, int]
    within: tuple[int, int]
    sha256: str


@dataclass(frozen=True)
class PanelTask:
    """Compare a kept picture, the first of a pair, with a collage."""

    limits: DecodeLimits
    bounds: ChangeLimits

    def __call__(self, pair: tuple[Item, Item]) -> Panel | Unreadable:
        found = CompareTask(self.limits, self.bounds)(pair)
        if isinstance(found, Unreadable):
            return found
        one, other = (view_of(item, self.limits) for item in pair)
        try:
            digest = sha256(read_stable(pair[0], self.limits))
        except ImageError as error:
            return Unreadable(0, (error.kind, error.detail))
        return Panel(found, (one.width, one.height), (other.width, other.height), digest)


def check_collages(
    recorded: RecordedDrops, rows: list[int], places: FileFinder, config: RunConfig, watch: Watch, result: Verification
) -> None:
    """Fail collages that the kept pictures which the run names do not show together any more."""

    def shards() -> Iterator[tuple[tuple[RecordedDrop, list[King]], list[tuple[Item, Item]]]]:
        for drop in map(recorded.drop, rows):
            kings = recorded.kept_beside(drop)
            mine = places.find(*drop.key).file
            theirs = [] if kings is None else [places.find(*king.key).file for king in kings]
            there = [item for item in theirs if item is not None]
            if kings is None:
                result.fail(drop, "king-not-kept", "a picture that shows a part of it is not among those that are kept")
            elif mine is None or len(there) < len(theirs):
                result.fail(drop, "missing", "it, or a picture that shows a part of it, is not there")
            else:
                yield (drop, kings), [(item, mine) for item in there]

    task = PanelTask(limits_of(config), change_limits(config))
    with watch.stage("verify collages", len(rows)), open_executor(config) as executor:
        for done in executor.run(task, shards(), items=4 * len(rows)):
            drop, kings = done.tag
            problem = _disprove(kings, done.results)
            if problem is not None:
                result.fail(drop, *problem)
            watch.advance(1)


def _disprove(kings: list[King], panels: list[Panel | Unreadable | Failure]) -> tuple[str, str] | None:
    shown = None
    for king, panel in zip(kings, panels, strict=True):
        if isinstance(panel, Failure):
            return panel.kind, f"{king.path}: {panel.detail}"
        if isinstance(panel, Unreadable):
            return panel.fault[0], f"{king.path}: {panel.fault[1]}"
        if panel.sha256 != king.sha256:
            return "king-changed", f"the bytes of {king.path} are not those that the run read"
        if panel.found.kind == Kind.DIFFERENT:
            return "not-proven", f"compared again, {king.path} does not show a part of it ({panel.found.reason})"
        matrix = np.vstack([np.reshape(panel.found.transform, (2, 3)), [0.0, 0.0, 1.0]])
        part = shown_in(matrix, panel.size, panel.within)
        shown = part if shown is None else shown | part
    share = 0.0 if shown is None else float(shown.mean())
    return (
        None if share >= TOGETHER else ("not-proven", f"kept pictures show {share:.0%} of it, {TOGETHER:.0%} are asked")
    )
