"""What apply plans with: the actions, the options, and one image with all that goes with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from rfdedup.model.items import Identity
from rfdedup.model.schemas import Tier
from rfdedup.outputs.apply.bundles import Pairs
from rfdedup.outputs.apply.catalog import Known
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.sidecars import Rule

REPLACED = "replaced"
"""Role of a copy in a clean tree that one of the edited picture takes the place of."""


class Action(StrEnum):
    """What apply does to a file. The first four are the user's choice, ``write`` makes a rewritten data-set file."""

    MOVE = "move"
    COPY = "copy"
    LINK = "link"
    DELETE = "delete"
    WRITE = "write"

    @property
    def takes_away(self) -> bool:
        return self in (Action.MOVE, Action.DELETE)


class OnConflict(StrEnum):
    """What becomes of a dropped image whose labels are not those of its king."""

    KEEP = "keep"
    DROP = "drop"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for. ``target`` is an absolute, resolved folder; None for ``delete``."""

    action: Action
    target: str | None = None
    only: frozenset[Tier] = frozenset()
    min_score: float | None = None
    rules: tuple[Rule, ...] = ()
    on_conflict: OnConflict = OnConflict.KEEP
    class_folders: bool = False
    folds_names: bool = False
    """The target volume ignores case and Unicode normalisation."""
    pairs: Pairs = Pairs.KEEP


@dataclass(slots=True)
class PlannedFile:
    """One file to act on, ``name`` below the folder ``base``. The facts of a sidecar are read when its turn comes."""

    role: str
    base: str
    name: bytes
    target_base: str | None = None
    target: bytes | None = None
    size: int | None = None
    mtime_ns: int | None = None
    sha256: str | None = None
    claimants: tuple[bytes, ...] = ()
    """Other images with the same sidecar. It goes with the last of them, once the others are gone."""

    @property
    def path(self) -> str:
        return local(self.base, self.name)

    @property
    def target_path(self) -> str | None:
        if self.target_base is None or self.target is None:
            return None
        return local(self.target_base, self.target)


@dataclass(slots=True)
class Unit:
    """An image, its sidecars and the pictures that belong to it: they go together or stay together."""

    image: PlannedFile
    sidecars: list[PlannedFile] = field(default_factory=list)
    tier: str | None = None
    reason: str | None = None
    king: Known | None = None
    hardlink: bool = False
    conflict: str | None = None
    """Why its labels are not those of its king, where it goes all the same."""
    stays: Stay | None = None
    """Why it is in the clean tree although its verdict is to drop it."""
    replaced: list[PlannedFile] = field(default_factory=list)
    """Copies that an earlier apply made of what the picture was then. They make way first."""
    same: set[Identity] = field(default_factory=set)
    """Sidecars of which an earlier apply made copies that still hold: they do not go again."""
    rows: list[Unit] = field(default_factory=list)
    """Other rows of the run that go with it, each by its own verdict: picture sidecars, RAW and JPEG of one shot."""

    @property
    def parts(self) -> list[Unit]:
        return [self, *self.rows]

    @property
    def items(self) -> list[PlannedFile]:
        """In the order in which they go: pictures first, so that what they share can follow the last."""
        return [*(part.image for part in self.parts), *(item for part in self.parts for item in part.sidecars)]


@dataclass
class Earlier:
    """Copies in the target of what a picture was before: those that make way, and sidecars whose copies still hold.

    ``place``: folder and name of the last copy of the picture itself.
    """

    aside: list[PlannedFile] = field(default_factory=list)
    same: set[Identity] = field(default_factory=set)
    place: tuple[str, bytes] | None = None


class Stay(NamedTuple):
    """Why a picture stays: ``reason`` for machines, ``detail`` for people."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Held:
    """An image that was dropped but stays.

    ``reason`` is protected, label-conflict, companion (a motion video would be lost), sidecar-stays (a sidecar of it is
    a row of the run that stays), image-stays (it is the sidecar of an image that stays), pair-stays (RAW or JPEG of the
    same shot stays) or shared.
    ``failed``: it should have gone, but its new names are taken, a folder around it cannot be read, or it is to be
    copied and was never read (unreadable).
    """

    base: str
    name: bytes
    reason: str
    detail: str
    size: int
    failed: bool = False
