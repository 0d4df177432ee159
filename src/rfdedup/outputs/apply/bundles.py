"""Pictures that go together or stay together: an image and the masks that are rows of the run, RAW and JPEG of a shot.

Each of them has a verdict of its own, and none leaves by that of another. Where the verdicts disagree, all stay.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rfdedup.model.items import Identity
from rfdedup.model.schemas import Verdict
from rfdedup.outputs.apply.catalog import Catalog, Row
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.sidecars import Rule
from rfdedup.sources.assets import RAW_SUFFIXES
from rfdedup.sources.companions import Siblings, renamed, split


class Pairs(StrEnum):
    """What becomes of a RAW file and the JPEG or HEIC of the same shot beside it."""

    KEEP = "keep"
    FOLLOW = "follow"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Member:
    """One picture of a bundle. ``row`` is None for a file that the run does not list."""

    base: str
    name: bytes
    row: Row | None

    @property
    def key(self) -> Identity:
        return self.base, self.name

    @property
    def path(self) -> str:
        return local(self.base, self.name)

    @property
    def unread(self) -> bool:
        """Whether the run knows nothing of what it shows."""
        return self.row is None or self.row.verdict == Verdict.ERROR


@dataclass(slots=True)
class Bundle:
    """Pictures that belong together, sorted by input and name.

    Attributes:
        owner: for each picture that is a sidecar of another, that one and the rule; None for a companion.
        raws: those that are RAW files beside a picture of their shot.
    """

    members: list[Member]
    owner: dict[Identity, tuple[Identity, Rule | None]] = field(default_factory=dict)
    raws: set[Identity] = field(default_factory=set)

    def depends(self, member: Member) -> bool:
        """Whether it is there for the sake of another member, and is of use only beside it."""
        return member.key in self.owner or member.key in self.raws

    def leader(self, members: list[Member]) -> Member:
        """The one that the others get their new places from."""
        return min(members, key=lambda member: (self.depends(member), member.key))

    def relation(self, member: Member, other: Member) -> tuple[str, str]:
        """Why ``member`` stays where ``other`` does: for machines, and what ``other`` is to it."""
        if self.owner.get(other.key, (None, None))[0] == member.key:
            return "sidecar-stays", "its sidecar"
        if member.key in self.owner:
            return "image-stays", "its image" if self.owner[member.key][
                0
            ] == other.key else "what belongs to its image,"
        if member.key in self.raws or other.key in self.raws:
            return "pair-stays", "of the same shot,"
        return "sidecar-stays", "what shares its sidecar,"


@dataclass(frozen=True)
class Bundles:
    """Finds what belongs to a row.

    Raises:
        OSError: a folder cannot be read, in any method.
    """

    rules: tuple[Rule, ...]
    catalog: Catalog
    labels: Labels
    pairs: Pairs = Pairs.KEEP

    def of(self, row: Row) -> Bundle | None:
        """All pictures that are tied to ``row``, over any number of steps; None where it has no tie."""
        start = Member(row.root, row.name, row)
        bundle = Bundle([start])
        seen = {start.key}
        for member in bundle.members:
            for other in self._ties(member, bundle):
                if other.key not in seen:
                    seen.add(other.key)
                    bundle.members.append(other)
        if len(bundle.members) == 1:
            return None
        bundle.members.sort(key=lambda member: member.key)
        return bundle

    def raw_beside(self, base: str, name: bytes) -> bool:
        """Whether a RAW file of the same shot lies beside a picture."""
        leaves = self.labels.siblings(base, name).raws(name.rpartition(b"/")[2])
        return any(split(leaf)[1] in RAW_SUFFIXES for leaf in leaves)

    def _ties(self, member: Member, bundle: Bundle) -> Iterator[Member]:
        for rule, other in [*self._sidecars(member), *self._companions(member)]:
            if other.key != member.key:
                bundle.owner.setdefault(other.key, (member.key, rule))
                yield other
        for rule, other in [*self._owners(member), *self._accompanied(member)]:
            if other.key != member.key:
                bundle.owner.setdefault(member.key, (other.key, rule))
                yield other
        if self.pairs != Pairs.OFF:
            folder, slash, leaf = member.name.rpartition(b"/")
            mates = self.labels.siblings(*member.key).raws(leaf)
            for name in [leaf, *mates] if mates else []:
                if split(name)[1] in RAW_SUFFIXES:
                    bundle.raws.add((member.base, folder + slash + name))
            yield from (self._member(member.base, folder + slash + name) for name in mates)

    def _sidecars(self, member: Member) -> Iterator[tuple[Rule | None, Member]]:
        for rule, base, name in self.labels.sidecars(*member.key):
            row = self.catalog.row_at(local(base, name))
            if row is not None:
                yield rule, Member(row.root, row.name, row)

    def _companions(self, member: Member) -> Iterator[tuple[Rule | None, Member]]:
        for _, name in self.labels.companions_of(*member.key):
            row = self.catalog.row(member.base, name)
            if row is not None:
                yield None, Member(row.root, row.name, row)

    def _owners(self, member: Member) -> Iterator[tuple[Rule | None, Member]]:
        """The images that ``member`` is a sidecar of by one of the rules."""
        whole = _slashed(member.base) + member.name
        for rule in self.rules:
            for place in rule.owners(whole):
                for root in self.catalog.roots:
                    top = _slashed(root)
                    if not place.startswith(top) or len(place) == len(top):
                        continue
                    for owner in self._called(root, place[len(top) :], rule):
                        # only one of the ways back is the way that the rule goes
                        found = ((r, local(base, name)) for r, base, name in self.labels.sidecars(*owner.key))
                        if (rule, member.path) in found:
                            yield rule, owner

    def _called(self, root: str, name: bytes, rule: Rule) -> list[Member]:
        folder, slash, leaf = name.rpartition(b"/")
        if rule.whole_name:
            return [self._member(root, name)] if self.labels.survey.has(root, name) else []
        return [self._member(root, folder + slash + other) for other in self._siblings(root, name).with_stem(leaf)]

    def _accompanied(self, member: Member) -> Iterator[tuple[Rule | None, Member]]:
        if not self.labels.companions:
            return
        folder, slash, leaf = member.name.rpartition(b"/")
        for owner in self._siblings(*member.key).owners(leaf):
            yield None, self._member(member.base, folder + slash + owner)

    def _siblings(self, base: str, name: bytes) -> Siblings:
        return self.labels.siblings(base, name)

    def _member(self, base: str, name: bytes) -> Member:
        row = self.catalog.row_at(local(base, name))
        return Member(base, name, None) if row is None else Member(row.root, row.name, row)


def place_beside(rule: Rule | None, name: bytes, owner: bytes, target: bytes, above: bytes) -> tuple[int, bytes]:
    """Where a picture goes whose owner ``owner`` gets the new name ``target``: steps to climb, and the new name.

    Args:
        rule: the one by which it belongs to its owner; None where it lies beside it and shares its stem.
        name: its own relative name.
        above: last component of the target folder, for those that are an ``images`` folder.
    """
    folder, _, leaf = target.rpartition(b"/")
    climb, place = (rule.folder(folder, above) if rule is not None else None) or (0, folder)
    old = owner.rpartition(b"/")[2]
    new = rule.leaf(leaf) if rule is not None else renamed(name.rpartition(b"/")[2], old, leaf)
    return climb, (place + b"/" if place else b"") + new


def _slashed(root: str) -> bytes:
    return os.fsencode(root.replace(os.sep, "/").rstrip("/") + "/")
