"""What would be done, as a stream: a function of the verdicts, the options and what the folders hold.

Nothing here changes anything. A dry run shows this stream; execution walks it. Memory does not grow with the number
of rows: references between rows go through a ``Catalog`` on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import chain

from rfdedup.apply.fsops import explain
from rfdedup.apply.labels import Labels
from rfdedup.apply.names import alternative, fold, local, split_suffix
from rfdedup.apply.sidecars import Rule, is_image_name
from rfdedup.apply.verdicts import Catalog, Known, Row
from rfdedup.errors import RunFolderError
from rfdedup.records import Tier, Verdict
from rfdedup.sources.folder import IMAGE_SUFFIXES

REPLACED = "replaced"
"""Role of a copy in a clean tree that one of the edited picture takes the place of."""

_MORE_NAMES = 1000
"""How many files of one name a target folder takes."""


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


@dataclass(slots=True)
class Item:
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
    """An image and its sidecars: they go together or stay together."""

    image: Item
    sidecars: list[Item] = field(default_factory=list)
    tier: str | None = None
    reason: str | None = None
    king: Known | None = None
    hardlink: bool = False
    conflict: str | None = None
    """Why its labels are not those of its king, where it goes all the same."""
    replaced: list[Item] = field(default_factory=list)
    """Copies that an earlier apply made of what the picture was then. They make way first."""

    @property
    def items(self) -> list[Item]:
        return [self.image, *self.sidecars]


@dataclass(frozen=True, slots=True)
class Held:
    """An image that was dropped but stays: ``reason`` is label-conflict, protected or sidecar.

    ``failed``: it should have gone, but its new names are taken or a folder around it cannot be read.
    """

    base: str
    name: bytes
    reason: str
    detail: str
    size: int
    failed: bool = False


@dataclass
class Earlier:
    """Copies in the target of what a picture was before: those that make way, and sidecars whose copies still hold."""

    aside: list[Item] = field(default_factory=list)
    same: set[tuple[str, bytes]] = field(default_factory=set)


@dataclass
class Planner:
    """The rules that turn rows into units.

    Args:
        handled: whether an earlier apply did this to the file of a row already.
        earlier: copies in the target of what the file of a row was before.
    """

    options: Options
    catalog: Catalog
    labels: Labels
    handled: Callable[[Row], bool] = lambda _: False
    earlier: Callable[[Row], Earlier] = lambda _: Earlier()

    @cached_property
    def distinct(self) -> bool:
        """Images of one root have different names, and so have they below the target."""
        return len(self.catalog.roots) < 2 and not self.options.folds_names

    @cached_property
    def image_rules(self) -> list[Rule]:
        return [rule for rule in self.options.rules if rule.makes_images]

    def plan(self, batches: Iterable[list[Row]]) -> Iterator[Unit | Held]:
        """Units to act on and dropped images that stay, in the order of the verdicts.

        Raises:
            RunFolderError: a king is not listed or is not kept.
        """
        for rows in batches:
            for row in rows:
                try:
                    planned = self._row(row)
                except OSError as error:
                    # what lies around the image is not known, so neither is what must go with it
                    reason, detail = explain(error)
                    detail = f"{error.filename}: {detail}"
                    planned = Held(row.root, row.name, reason, detail, row.size, failed=True)
                if planned is not None:
                    yield planned

    def conflicts(self, batches: Iterable[list[Row]]) -> Iterator[tuple[str, bytes, str]]:
        """Root, name and reason of the selected images whose labels are not those of their kings."""
        for rows in batches:
            for row in rows:
                king = self._king(row) if self.selected(row) else None
                why = self.labels.conflict((row.root, row.name), (king.root, king.name)) if king is not None else None
                if why is not None:
                    yield row.root, row.name, why

    def selected(self, row: Row) -> bool:
        """Whether the user asked for this drop."""
        options = self.options
        if row.verdict != Verdict.DROP or (options.only and row.tier not in options.only):
            return False
        if options.min_score is None or row.tier != Tier.SEMANTIC:
            return True
        return row.score is not None and row.score >= options.min_score

    def _row(self, row: Row) -> Unit | Held | None:
        if row.verdict == Verdict.ERROR:
            return None
        takes_away = self.options.action.takes_away
        selected = self.selected(row)
        if takes_away and not selected:
            return None
        if self._is_sidecar(row):
            return Held(row.root, row.name, "sidecar", "goes with its image", row.size) if selected else None
        king = self._king(row) if selected else None
        held, conflict = self._held(row, king) if selected else (None, None)
        if selected and not takes_away and held is None:
            return None
        if takes_away and held is not None:
            return held
        if self.handled(row):
            return None
        return self._unit(row, king, conflict)

    def _king(self, row: Row) -> Known | None:
        if row.king_root is None or row.king_name is None or row.tier == Tier.QUALITY:
            return None
        king = self.catalog.find(row.king_root, row.king_name)
        if king is None or king.verdict != Verdict.KEEP:
            raise not_believed(f"the verdicts name the king {row.king_name!r}, which they do not keep")
        return king

    def _held(self, row: Row, king: Known | None) -> tuple[Held | None, str | None]:
        """The drop that does not happen, or the label conflict that it happens with."""
        if row.protected:
            return Held(row.root, row.name, "protected", "protected images are never dropped", row.size), None
        why = self.labels.conflict((row.root, row.name), (king.root, king.name)) if king is not None else None
        if why is None or self.options.on_conflict != OnConflict.KEEP:
            return None, why
        return Held(row.root, row.name, "label-conflict", why, row.size), None

    def _is_sidecar(self, row: Row) -> bool:
        for rule in self.image_rules:
            stem = rule.owner_stem(row.name)
            if stem is not None and any(map(is_image_name, self.catalog.with_stem(row.root, stem))):
                return True
        return False

    def _unit(self, row: Row, king: Known | None, conflict: str | None) -> Unit | Held:
        image = Item("image", row.root, row.name, size=row.size, mtime_ns=row.mtime_ns, sha256=row.sha256)
        unit = Unit(image, [], row.tier, row.reason, king, row.hardlink, conflict)
        earlier = Earlier()
        if self.options.target is not None:
            if not self.options.action.takes_away:
                earlier = self.earlier(row)
                unit.replaced = self._aside(earlier.aside, self.options.target)
            image.target_base = self.options.target
            leaving = {(item.base, item.name) for item in unit.replaced}
            image.target = self._free_name(image, self.options.target, self._wanted(row), leaving)
            if image.target is None:
                return Held(row.root, row.name, "name-taken", "all its new names are taken", row.size, failed=True)
        unit.sidecars = self._sidecars(unit, earlier.same)
        return unit

    def _wanted(self, row: Row) -> bytes:
        if self.options.action != Action.MOVE:
            return row.name
        folder = row.reason if row.tier == Tier.QUALITY else row.tier
        return f"{folder}/".encode() + row.name

    def _aside(self, items: list[Item], target: str) -> list[Item]:
        """Where copies go that make way; those for which there is no place stay."""
        base, leaf = os.path.split(folder_of_replaced(target))
        for item in items:
            item.target_base = base
            item.target = self._free_name(item, base, os.fsencode(leaf) + b"/" + item.name)
        return [item for item in items if item.target is not None]

    def _free_name(
        self, item: Item, base: str, wanted: bytes, leaving: Collection[tuple[str, bytes]] = ()
    ) -> bytes | None:
        """``wanted``, or another name that the file may have, if neither a file nor the plan holds it.

        ``leaving``: files that make way before.
        """
        if item.role == "image" and self.distinct and not self.labels.survey.taken(base, wanted):
            return wanted
        origin = item.path
        # what lies in the folder of that name in another input has no other way
        first = [] if item.role == "image" and self.catalog.is_folder(item.name) else [wanted]
        # a name may be used again, any number of times
        again = (alternative(wanted, f"{origin}\0{number}") for number in range(2, _MORE_NAMES))
        for name in chain(first, [alternative(wanted, origin)], again):
            owner = self._reserve(base, name, origin)
            if owner == origin:
                return None
            if owner is None and ((base, name) in leaving or not self.labels.survey.taken(base, name)):
                return name
        return None

    def _reserve(self, base: str, name: bytes, origin: str) -> str | None:
        # a label tree may lie beside the target folder, so names are reserved with their base
        key = os.fsencode(base) + b"\0" + (fold(name) if self.options.folds_names else name)
        return self.catalog.reserve(key, origin)

    def _sidecars(self, unit: Unit, same: Collection[tuple[str, bytes]]) -> list[Item]:
        """The sidecars that go with an image, with their new names next to its own; not those in ``same``."""
        image = unit.image
        leaving = {(item.base, item.name) for item in unit.replaced}
        found: dict[tuple[str, bytes], Item] = {}
        claimants: tuple[bytes, ...] | None = None
        for rule, base, name in self.labels.sidecars(image.base, image.name):
            if (base, name) in found or (base, name) in same:
                continue
            if claimants is None:
                claimants = self._claimants(image)
            shared = () if rule.whole_name else claimants
            if shared and self.options.action.takes_away and image.name < shared[-1]:
                continue
            item = Item("sidecar", base, name, claimants=shared)
            if self._place(item, image, rule, leaving):
                found[base, name] = item
        return list(found.values())

    def _place(self, item: Item, image: Item, rule: Rule, leaving: Collection[tuple[str, bytes]]) -> bool:
        target = self.options.target
        if target is None or image.target is None:
            return True
        above = b"" if self.options.action.takes_away else os.fsencode(os.path.basename(target))
        folder, _, leaf = image.target.rpartition(b"/")
        climb, place = rule.folder(folder, above) or (0, folder)
        item.target_base = os.path.dirname(target) if climb else target
        name = (place + b"/" if place else b"") + rule.leaf(leaf)
        item.target = self._free_name(item, item.target_base, name, leaving)
        return item.target is not None

    def _claimants(self, image: Item) -> tuple[bytes, ...]:
        """Other images that differ from ``image`` in the suffix only, listed in the run or lying on the disk."""
        stem = split_stem(image.name)
        names = {name for name in self.catalog.with_stem(image.base, stem) if is_image_name(name)}
        names.update(stem + suffix for suffix in _SPELLED_SUFFIXES if self.labels.survey.has(image.base, stem + suffix))
        return tuple(sorted(names - {image.name}))


def folder_of_replaced(target: str) -> str:
    """Where copies go that a newer one takes the place of: beside the target, so that nobody trains on them."""
    return f"{target.rstrip(os.sep)}.replaced"


def not_believed(wrong: str) -> RunFolderError:
    """What to say of verdicts that contradict themselves."""
    return RunFolderError(f"{wrong}: they are damaged, nothing was touched; run the same `rfdedup run` command again")


_SPELLED_SUFFIXES = [spelled.encode() for suffix in sorted(IMAGE_SUFFIXES) for spelled in (suffix, suffix.upper())]


def split_stem(name: bytes) -> bytes:
    """A relative name, with its folder, without its suffix."""
    folder, slash, leaf = name.rpartition(b"/")
    return folder + slash + split_suffix(leaf)[0]
