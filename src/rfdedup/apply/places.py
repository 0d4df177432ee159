"""Where files go: new names that nobody has, for images and for the sidecars and companions that go with them."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from rfdedup.apply.bonds import Key, place_beside
from rfdedup.apply.labels import Labels
from rfdedup.apply.names import alternative, fold, local, split_suffix
from rfdedup.apply.sidecars import Rule, is_image_name
from rfdedup.apply.units import Action, Item, Options
from rfdedup.apply.verdicts import Catalog, Row
from rfdedup.records import Tier
from rfdedup.sources.folder import IMAGE_SUFFIXES


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

    def free_name(self, item: Item, base: str, wanted: bytes) -> bytes | None:
        """``wanted``, or the one other name that the file may have, if neither a file nor the plan holds it."""
        if item.role == "image" and self.distinct and not self.labels.survey.taken(base, wanted):
            return wanted
        origin = item.path
        names = [wanted, alternative(wanted, origin)]
        if item.role == "image" and self.catalog.is_folder(item.name):
            # what lies in the folder of that name in another input has no other way
            names.remove(wanted)
        for name in names:
            owner = self._reserve(base, name, origin)
            if owner == origin:
                return None
            if owner is None and not self.labels.survey.taken(base, name):
                return name
        return None

    def _reserve(self, base: str, name: bytes, origin: str) -> str | None:
        # a label tree may lie beside the target folder, so names are reserved with their base
        key = os.fsencode(base) + b"\0" + (fold(name) if self.options.folds_names else name)
        return self.catalog.reserve(key, origin)

    def sidecars(
        self, image: Item, rows: frozenset[str] = frozenset(), together: Collection[Key] = frozenset()
    ) -> list[Item]:
        """The sidecars and companions that go with ``image``, with their new names next to its own.

        Args:
            rows: paths of those that are rows of the run, which go by their own verdict.
            together: images that go with ``image``.
        """
        found: dict[tuple[str, bytes], Item] = {}
        claimants: list[bytes] | None = None
        for rule, base, name in self.labels.sidecars(image.base, image.name):
            if (base, name) in found or (rows and local(base, name) in rows):
                continue
            if claimants is None and not rule.whole_name:
                claimants = self._claimants(image)
            self._add(found, Item("sidecar", base, name), image, rule, claimants or [], together)
        folder, slash, _ = image.name.rpartition(b"/")
        for _, name in self.labels.companions_of(image.base, image.name):
            if (image.base, name) in found or (rows and local(image.base, name) in rows):
                continue
            owners = self.labels.siblings(image.base, image.name).owners(name.rpartition(b"/")[2])
            others = [folder + slash + owner for owner in owners if folder + slash + owner != image.name]
            self._add(found, Item("sidecar", image.base, name), image, None, others, together)
        return list(found.values())

    def _add(
        self,
        found: dict[tuple[str, bytes], Item],
        item: Item,
        image: Item,
        rule: Rule | None,
        owners: list[bytes],
        together: Collection[Key],
    ) -> None:
        """Let a sidecar go with ``image``, unless another of its ``owners`` takes it along later."""
        others = tuple(name for name in owners if (image.base, name) not in together)
        if rule is not None and rule.whole_name:
            others = ()
        if others and self.options.action.takes_away and image.name < others[-1]:
            return
        item.claimants = others
        if self._place(item, image, rule):
            found[item.base, item.name] = item

    def _place(self, item: Item, image: Item, rule: Rule | None) -> bool:
        target = self.options.target
        if target is None or image.target is None:
            return True
        above = b"" if self.options.action.takes_away else os.fsencode(os.path.basename(target))
        climb, name = place_beside(rule, item.name, image.name, image.target, above)
        item.target_base = os.path.dirname(target) if climb else target
        item.target = self.free_name(item, item.target_base, name)
        return item.target is not None

    def _claimants(self, image: Item) -> list[bytes]:
        """Other images that differ from ``image`` in the suffix only, listed in the run or lying on the disk."""
        stem = split_stem(image.name)
        names = {name for name in self.catalog.with_stem(image.base, stem) if is_image_name(name)}
        names.update(stem + suffix for suffix in _SPELLED_SUFFIXES if self.labels.survey.has(image.base, stem + suffix))
        return sorted(names - {image.name})


_SPELLED_SUFFIXES = [spelled.encode() for suffix in sorted(IMAGE_SUFFIXES) for spelled in (suffix, suffix.upper())]


def split_stem(name: bytes) -> bytes:
    """A relative name, with its folder, without its suffix."""
    folder, slash, leaf = name.rpartition(b"/")
    return folder + slash + split_suffix(leaf)[0]
