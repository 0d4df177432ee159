"""What would be done, as a stream: a function of the verdicts, the options and what the folders hold.

Nothing here changes anything. A dry run shows this stream; execution walks it. Memory does not grow with the number
of rows: references between rows go through a ``Catalog`` on disk.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from rfdedup.model.errors import RunFolderError
from rfdedup.model.items import Identity
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.model.text import path_text
from rfdedup.outputs.apply.bundles import Bundle, Bundles, Member, Pairs, place_beside
from rfdedup.outputs.apply.catalog import Catalog, Known, Row
from rfdedup.outputs.apply.fsops import explain
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.places import Places, folder_of_replaced
from rfdedup.outputs.apply.units import REPLACED, Action, Earlier, Held, OnConflict, Options, PlannedFile, Stay, Unit
from rfdedup.sources.companions import Companion

__all__ = [
    "REPLACED",
    "Action",
    "Earlier",
    "Held",
    "OnConflict",
    "Options",
    "PlannedFile",
    "Planner",
    "Stay",
    "Unit",
    "folder_of_replaced",
    "not_believed",
]


@dataclass
class Planner:
    """The rules that turn rows into units.

    Args:
        handled: whether an earlier apply did this to the file of a row already.
        copied: whether a file that the run does not list is in the target, as it is now.
        earlier: copies in the target of what the file of a row was before.

    Attributes:
        already: how many images were handled by an earlier apply, as far as the plan was read.
    """

    options: Options
    catalog: Catalog
    labels: Labels
    handled: Callable[[Row], bool] = lambda _: False
    copied: Callable[[str, bytes], bool] = lambda _base, _name: False
    earlier: Callable[[Row], Earlier] = lambda _: Earlier()
    already: int = 0
    _bound: bool = False
    """Whether any row was planned ahead of its turn, with another one."""

    @cached_property
    def places(self) -> Places:
        return Places(self.options, self.catalog, self.labels)

    @cached_property
    def bundles(self) -> Bundles:
        return Bundles(self.options.rules, self.catalog, self.labels, self.options.pairs)

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
                    planned = _held(row, Stay(reason, detail), failed=True)
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
        selected = self.selected(row)
        if self.options.action.takes_away and not selected:
            return None
        if self._bound and self.catalog.reserved(_bound_key(row.root, row.name)):
            return None
        if self.handled(row):
            self.already += 1
            return None
        bundle = self.bundles.of(row)
        if bundle is not None:
            return self._bundled(row, bundle)
        if row.verdict == Verdict.ERROR:
            return _unreadable(row)
        king = self._king(row) if selected else None
        stay, conflict = self._stays(row, king) if selected else (None, None)
        if self.options.action.takes_away:
            return self._unit(row, king, conflict) if stay is None else _held(row, stay)
        if selected and stay is None:
            return None
        return self._unit(row, None, None, stay)

    def _bundled(self, row: Row, bundle: Bundle) -> Unit | Held | None:
        """What becomes of a row that belongs to others: all go, or all stay. The first of them stands for all."""
        stays = {member.key: self._member_stays(member, bundle) for member in bundle.members}
        if self.options.action.takes_away:
            own = stays[row.root, row.name]
            if own is not None:
                return _held(row, own)
            for_others = _for_others(Member(row.root, row.name, row), bundle, stays)
            if for_others is not None:
                return _held(row, for_others)
            going = bundle.members
        else:
            going = [member for member in bundle.members if not member.unread or bundle.depends(member)]
            if all(stays[member.key] is None for member in going):
                going = []
            if all(member.key != (row.root, row.name) for member in going):
                return _unreadable(row) if stays[row.root, row.name] and row.verdict == Verdict.ERROR else None
            going = [member for member in going if not self._is_there(member)]
        if bundle.leader(going).key != (row.root, row.name):
            return None
        return self._together(bundle, going, stays)

    def _is_there(self, member: Member) -> bool:
        return self.copied(*member.key) if member.row is None else self.handled(member.row)

    def _member_stays(self, member: Member, bundle: Bundle) -> Stay | None:
        row = member.row
        if row is None or row.verdict == Verdict.ERROR:
            if member.key in bundle.raws and self.options.pairs == Pairs.FOLLOW and self._follows(bundle):
                return None
            return Stay("unreadable", "the run does not list it" if row is None else "it could not be read")
        if row.verdict == Verdict.KEEP:
            return Stay("kept", "it is protected" if row.protected else "it is kept")
        if not self.selected(row):
            return Stay("not-selected", "it is not among the drops that were asked for")
        return self._stays(row, self._king(row))[0]

    def _follows(self, bundle: Bundle) -> bool:
        """Whether RAW files that nobody looked into may go with their pictures: no king may be left without a RAW."""
        rows = [member.row for member in bundle.members if member.key not in bundle.raws and member.row is not None]
        kings = [self._king(row) for row in rows if row.verdict == Verdict.DROP]
        return all(king is None or self.bundles.raw_beside(king.root, king.name) for king in kings)

    def _together(self, bundle: Bundle, going: list[Member], stays: dict[Identity, Stay | None]) -> Unit | Held:
        leader = bundle.leader(going)
        done: dict[Identity, Unit] = {}
        waiting = [leader, *(member for member in going if member is not leader)]
        ours = frozenset(member.path for member in bundle.members)
        main: Unit | None = None
        while waiting:
            keys = {member.key for member in waiting}
            ready = [member for member in waiting if bundle.owner.get(member.key, (None,))[0] not in keys] or waiting[
                :1
            ]
            for member in [leader] if main is None else ready:
                waiting.remove(member)
                unit = self._part(member, bundle, main, done, stays)
                if isinstance(unit, Held):
                    return unit
                done[member.key] = unit
                if main is None:
                    main = unit
                elif member.row is None:
                    main.sidecars.append(unit.image)
                else:
                    main.rows.append(unit)
        if main is None:
            raise ValueError("nothing goes")
        others = {member.key for member in going}
        for member in going:
            if member.row is not None:
                done[member.key].sidecars += self.places.sidecars(done[member.key], ours, others)
            if member is not leader:
                self._bound = True
                self.catalog.reserve(_bound_key(*member.key), member.path)
        return main

    def _part(
        self,
        member: Member,
        bundle: Bundle,
        main: Unit | None,
        done: dict[Identity, Unit],
        stays: dict[Identity, Stay | None],
    ) -> Unit | Held:
        """One picture of a bundle with its new place, beside that of its owner or of the first one, ``main``."""
        row = member.row
        if row is None:
            unit = Unit(PlannedFile("sidecar", member.base, member.name))
        else:
            takes_away = self.options.action.takes_away
            unread = row.verdict == Verdict.ERROR
            king = None if unread or not takes_away else self._king(row)
            conflict = None if king is None else self._stays(row, king)[1]
            shown = None
            if row.verdict == Verdict.DROP and not takes_away:
                shown = stays[member.key] or _for_others(member, bundle, stays)
            unit = self._bare(row, king, conflict, shown)
            if unread and main is not None:
                unit.tier, unit.reason = main.tier, main.reason
        target = self.options.target
        if target is None:
            return unit
        before = self._make_way(unit, row)
        above = b"" if self.options.action.takes_away else os.fsencode(os.path.basename(target))
        owner, rule = bundle.owner.get(member.key, (None, None))
        beside = done.get(owner) if owner is not None else None
        if main is None and row is not None:
            # where what it belongs to does not go again, it stays beside it
            unit.image.target_base, wanted = before.place or (target, self.places.wanted(row))
        else:
            beside, rule = (main, None) if beside is None else (beside, rule)
            if beside is None or beside.image.target is None:
                raise ValueError(f"{member.path} has nothing to lie beside")
            climb, wanted = place_beside(rule, member.name, beside.image.name, beside.image.target, above)
            unit.image.target_base = os.path.dirname(target) if climb else target
        leaving = {(item.base, item.name) for part in (unit, *done.values()) for item in part.replaced}
        unit.image.target = self.places.free_name(unit.image, unit.image.target_base, wanted, leaving)
        if unit.image.target is None:
            size = unit.image.size or 0
            return Held(member.base, member.name, "name-taken", "all its new names are taken", size, failed=True)
        return unit

    def _make_way(self, unit: Unit, row: Row | None) -> Earlier:
        """Find out what is in the target of what a picture was before, and where that goes."""
        if row is None or self.options.target is None or self.options.action.takes_away:
            return Earlier()
        before = self.earlier(row)
        unit.replaced = self.places.aside(before.aside, self.options.target)
        unit.same = before.same
        return before

    def _king(self, row: Row) -> Known | None:
        if row.king_root is None or row.king_name is None or row.tier == Tier.QUALITY:
            return None
        king = self.catalog.find(row.king_root, row.king_name)
        if king is None or king.verdict != Verdict.KEEP:
            raise not_believed(f"the verdicts name the king {row.king_name!r}, which they do not keep")
        return king

    def _stays(self, row: Row, king: Known | None) -> tuple[Stay | None, str | None]:
        """Why a drop does not happen, or the label conflict that it happens with."""
        if row.protected:
            return Stay("protected", "protected images are never dropped"), None
        keeps = self.options.on_conflict == OnConflict.KEEP
        if king is None:
            # nobody looked into a video, and a move can be taken back
            if keeps and self.options.action == Action.DELETE and self._has_motion(row):
                return Stay("companion", "its motion video was not judged; --move takes both"), None
            return None, None
        why = self.labels.conflict((row.root, row.name), (king.root, king.name))
        if why is not None:
            return (Stay("label-conflict", why), None) if keeps else (None, why)
        video = self.labels.lost_motion((row.root, row.name), (king.root, king.name)) if keeps else None
        return None if video is None else Stay("companion", f"its king has no copy of its video {video}"), None

    def _has_motion(self, row: Row) -> bool:
        return any(kind == Companion.MOTION for kind, _ in self.labels.companions_of(row.root, row.name))

    def _bare(self, row: Row, king: Known | None, conflict: str | None, stays: Stay | None) -> Unit:
        image = PlannedFile("image", row.root, row.name, size=row.size, mtime_ns=row.mtime_ns, sha256=row.sha256)
        return Unit(image, [], row.tier, row.reason, king, row.hardlink, conflict, stays)

    def _unit(self, row: Row, king: Known | None, conflict: str | None, stays: Stay | None = None) -> Unit | Held:
        unit = self._bare(row, king, conflict, stays)
        image = unit.image
        if self.options.target is not None:
            image.target_base = self.options.target
            self._make_way(unit, row)
            leaving = {(item.base, item.name) for item in unit.replaced}
            image.target = self.places.free_name(image, self.options.target, self.places.wanted(row), leaving)
            if image.target is None:
                return _held(row, Stay("name-taken", "all its new names are taken"), failed=True)
        unit.sidecars = self.places.sidecars(unit)
        return unit


def _for_others(here: Member, bundle: Bundle, stays: dict[Identity, Stay | None]) -> Stay | None:
    """Why a picture that could go stays for the sake of another of its bundle; its own sidecars are named first."""
    for other in sorted(bundle.members, key=lambda other: bundle.owner.get(other.key, (None,))[0] != here.key):
        stay = stays[other.key]
        if stay is not None and other.key != here.key:
            reason, relation = bundle.relation(here, other)
            leaf = path_text(os.fsdecode(other.name.rpartition(b"/")[2]))
            return Stay(reason, f"{relation} {leaf} stays: {stay.detail}")
    return None


def _held(row: Row, stay: Stay, *, failed: bool = False) -> Held:
    return Held(row.root, row.name, stay.reason, stay.detail, row.size or 0, failed)


def _unreadable(row: Row) -> Held:
    why = ": ".join(filter(None, (row.reason, row.error)))
    return Held(row.root, row.name, "unreadable", why or "it could not be read", row.size or 0, failed=True)


def _bound_key(base: str, name: bytes) -> bytes:
    # no new name starts with NUL: names are kept with their absolute base
    return b"\0" + os.fsencode(local(base, name))


def not_believed(wrong: str) -> RunFolderError:
    """What to say of verdicts that contradict themselves."""
    return RunFolderError(f"{wrong}: they are damaged, nothing was touched; run the same `rfdedup run` command again")
