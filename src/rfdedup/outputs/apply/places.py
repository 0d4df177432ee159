"""Where files go: new names that nobody has, for images and for the sidecars and companions that go with them."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

from rfdedup.model.items import IMAGE_SUFFIXES, Identity
from rfdedup.model.schemas import Tier
from rfdedup.outputs.apply.bundles import place_beside
from rfdedup.outputs.apply.catalog import Catalog, Row
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import alternative, fold, local, split_suffix
from rfdedup.outputs.apply.sidecars import Rule, is_image_name
from rfdedup.outputs.apply.units import Action, Options, PlannedFile, Unit

_MORE_NAMES = 1000
"""How many files of one name a target folder takes."""


@dataclass
class Places:
    """Finds new names, and what goes along. A name that was given once is given to nobody else."""

    options: Options
    catalog: Catalog
    labels: Labels

    @cached_property
    def distinct(self) -> bool:
        """Images of one root have different names, and so have they below the target."""
        return len(self.catalog.roots) < 2 and not self.options.folds_names

    def wanted(self, row: Row) -> bytes:
        if self.options.action != Action.MOVE:
            return row.name
        folder = row.reason if row.tier == Tier.QUALITY else row.tier
        return f"{folder}/".encode() + row.name

    def aside(self, items: list[PlannedFile], target: str) -> list[PlannedFile]:
        """Where copies go that make way; those for which there is no place stay."""
        base, leaf = os.path.split(folder_of_replaced(target))
        for item in items:
            item.target_base = base
            item.target = self.free_name(item, base, os.fsencode(leaf) + b"/" + item.name)
        return [item for item in items if item.target is not None]

    def free_name(
        self, item: PlannedFile, base: str, wanted: bytes, leaving: Collection[Identity] = ()
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

    def sidecars(
        self, unit: Unit, rows: frozenset[str] = frozenset(), together: Collection[Identity] = frozenset()
    ) -> list[PlannedFile]:
        """The sidecars and companions that go with an image, with their new names next to its own.

        Args:
            rows: paths of those that are rows of the run, which go by their own verdict.
            together: images that go with that of ``unit``.
        """
        image = unit.image
        leaving = {(item.base, item.name) for item in unit.replaced}
        found: dict[Identity, PlannedFile] = {}
        claimants: list[bytes] | None = None
        for rule, base, name in self.labels.sidecars(image.base, image.name):
            if (base, name) in found or (base, name) in unit.same or (rows and local(base, name) in rows):
                continue
            if claimants is None and not rule.whole_name:
                claimants = self._claimants(image)
            self._add(found, PlannedFile("sidecar", base, name), image, rule, claimants or [], together, leaving)
        folder, slash, _ = image.name.rpartition(b"/")
        for _, name in self.labels.companions_of(image.base, image.name):
            key = (image.base, name)
            if key in found or key in unit.same or (rows and local(*key) in rows):
                continue
            owners = self.labels.siblings(image.base, image.name).owners(name.rpartition(b"/")[2])
            others = [folder + slash + owner for owner in owners if folder + slash + owner != image.name]
            self._add(found, PlannedFile("sidecar", image.base, name), image, None, others, together, leaving)
        return list(found.values())

    def _add(
        self,
        found: dict[Identity, PlannedFile],
        item: PlannedFile,
        image: PlannedFile,
        rule: Rule | None,
        owners: list[bytes],
        together: Collection[Identity],
        leaving: Collection[Identity],
    ) -> None:
        """Let a sidecar go with ``image``, unless another of its ``owners`` takes it along later."""
        others = tuple(name for name in owners if (image.base, name) not in together)
        if rule is not None and rule.whole_name:
            others = ()
        if others and self.options.action.takes_away and image.name < others[-1]:
            return
        item.claimants = others
        if self._place(item, image, rule, leaving):
            found[item.base, item.name] = item

    def _place(self, item: PlannedFile, image: PlannedFile, rule: Rule | None, leaving: Collection[Identity]) -> bool:
        target = self.options.target
        if target is None or image.target is None:
            return True
        above = b"" if self.options.action.takes_away else os.fsencode(os.path.basename(target))
        climb, name = place_beside(rule, item.name, image.name, image.target, above)
        item.target_base = os.path.dirname(target) if climb else target
        item.target = self.free_name(item, item.target_base, name, leaving)
        return item.target is not None

    def _claimants(self, image: PlannedFile) -> list[bytes]:
        """Other images that differ from ``image`` in the suffix only, listed in the run or lying on the disk."""
        stem = split_stem(image.name)
        names = {name for name in self.catalog.with_stem(image.base, stem) if is_image_name(name)}
        names.update(stem + suffix for suffix in _SPELLED_SUFFIXES if self.labels.survey.has(image.base, stem + suffix))
        return sorted(names - {image.name})


def folder_of_replaced(target: str) -> str:
    """Where copies go that a newer one takes the place of: beside the target, so that nobody trains on them."""
    return f"{target.rstrip(os.sep)}.replaced"


_SPELLED_SUFFIXES = [spelled.encode() for suffix in sorted(IMAGE_SUFFIXES) for spelled in (suffix, suffix.upper())]


def split_stem(name: bytes) -> bytes:
    """A relative name, with its folder, without its suffix."""
    folder, slash, leaf = name.rpartition(b"/")
    return folder + slash + split_suffix(leaf)[0]
