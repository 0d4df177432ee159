"""What a run claims of the files it drops, and where these files are now. Nothing read from RUN is believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import RunFolderError
from rfdedup.model.evidence import Kind
from rfdedup.model.faults import Fault
from rfdedup.model.items import Identity, Item, identity_of
from rfdedup.model.schemas import Tier, Verdict
from rfdedup.outputs.apply.database import JOURNAL_FILE
from rfdedup.outputs.apply.journal import Journal
from rfdedup.outputs.apply.names import check_absolute, forbidden, root_path
from rfdedup.outputs.apply.plan import Action
from rfdedup.sources.finding import PLACE_COLUMNS, FoundFile, look_at, member_at
from rfdedup.storage.run_folder import VERDICTS_FILE, RunFolder


@dataclass(frozen=True, slots=True)
class King:
    """The kept image that a drop names."""

    key: Identity
    path: str
    sha256: str | None


@dataclass(frozen=True, slots=True)
class RecordedDrop:
    """One drop. ``defect`` says why its row proves nothing whatever the files hold; ``score`` is NaN where null.

    ``same`` is the kind of sameness that the run notes, None in runs of older versions; ``evidence`` what its
    comparison measured, by the names of ``schemas.EVIDENCE``, where pictures were compared.
    """

    row: int
    key: Identity
    path: str
    tier: str
    reason: str
    score: float
    threshold: float
    sha256: str | None
    king: King | None
    defect: Fault | None
    same: str | None = None
    evidence: dict[str, Any] | None = None

    @property
    def by_pictures(self) -> bool:
        """Whether a comparison of both pictures is what proves it."""
        return self.evidence is not None

    @property
    def root(self) -> str:
        return self.key[0]

    @property
    def keys(self) -> list[Identity]:
        return [self.key] if self.king is None else [self.key, self.king.key]


class RecordedDrops:
    """The drops of a run.

    Attributes:
        drops: their rows, those of one group beside each other.
    """

    def __init__(self, folder: RunFolder) -> None:
        """Read and check the verdicts.

        Raises:
            RunFolderError: they are damaged, or name files outside the inputs.
        """
        table = folder.verdicts().select(_COLUMNS).combine_chunks()
        try:
            table.validate(full=True)
        except pa.ArrowException as error:
            raise RunFolderError(f"{folder.path / VERDICTS_FILE} is damaged ({error}): run the command again") from None
        where = str(folder.path / VERDICTS_FILE)
        for name in ("path_bytes", "king_path_bytes"):
            if pc.any(forbidden(table[name])).as_py():
                raise RunFolderError(f"{where} names a file outside its input: nothing was read")
        self._roots = {
            text: check_absolute(root_path(text.encode()), where)
            for name in ("root", "king_root")
            for text in pc.unique(table[name]).to_pylist()
            if text is not None
        }
        self._table = table
        self.members = self._members(table)
        dropped = np.flatnonzero(table["verdict"].to_numpy(zero_copy_only=False) == str(Verdict.DROP))
        group = table["group"].fill_null(-1).to_numpy()[dropped]
        self.drops: list[int] = dropped[np.argsort(group, kind="stable")].tolist()
        self._kings = self._kept_kings(table)
        self._evidence = folder.evidence().combine_chunks()
        self._evidence_at = {row: at for at, row in enumerate(self._evidence["row"].to_pylist())}

    def _members(self, table: pa.Table) -> dict[Identity, Item]:
        """Where images lie that a drop names and that are inside containers."""
        named = pc.or_(pc.equal(table["verdict"], str(Verdict.DROP)), pc.is_valid(table["group"]))
        inside = table.filter(pc.and_(named, pc.is_valid(table["source"])))
        members = {}
        for facts in inside.select(["root", "path_bytes", *PLACE_COLUMNS]).to_pylist():
            key = self._roots[facts["root"]], facts["path_bytes"]
            item = member_at(*key, facts)
            if item is not None:
                members[key] = item
        return members

    def _kept_kings(self, table: pa.Table) -> dict[Identity, int]:
        kept = pc.and_(pc.equal(table["verdict"], str(Verdict.KEEP)), pc.is_valid(table["group"]))
        rows = np.flatnonzero(kept.to_numpy(zero_copy_only=False))
        kings = table.select(["root", "path_bytes"]).take(pa.array(rows))
        return {self._key(king): int(row) for row, king in zip(rows, kings.to_pylist(), strict=True)}

    def _key(self, row: dict[str, Any], prefix: str = "") -> Identity:
        """The identity in a row of the verdicts, where the inputs lie now."""
        root, name = identity_of(row, prefix)
        return self._roots[root], name

    def drop(self, row: int) -> RecordedDrop:
        """The drop in a row of the verdicts."""
        facts = {name: self._table[name][row].as_py() for name in _COLUMNS}
        king, defect = self._king_of(facts)
        at = self._evidence_at.get(row)
        evidence = self._evidence.slice(at, 1).to_pylist()[0] if at is not None else None
        duplicate = facts["tier"] in (Tier.PERCEPTUAL, Tier.SEMANTIC)
        if defect is None and duplicate and facts["same"] in (Kind.COPY, Kind.MOMENT) and evidence is None:
            defect = "evidence-missing", "the run notes no comparison of its picture with that of its king"
        return RecordedDrop(
            row=row,
            key=self._key(facts),
            path=facts["path"],
            tier=str(facts["tier"]),
            reason=str(facts["reason"]),
            score=_number(facts["score"]),
            threshold=_number(facts["threshold"]),
            sha256=facts["sha256"],
            king=king,
            defect=defect,
            same=facts["same"],
            evidence=evidence if duplicate else None,
        )

    def kept_beside(self, drop: RecordedDrop) -> list[King] | None:
        """All kept pictures that show a part of a collage, its king first; None where one is not kept, or unknown."""
        if drop.king is None:
            return None
        out = [drop.king]
        for row in (drop.evidence or {}).get("others") or []:
            if not 0 <= row < self._table.num_rows or self._table["verdict"][row].as_py() != str(Verdict.KEEP):
                return None
            facts = {name: self._table[name][row].as_py() for name in ("path_bytes", "root", "path", "sha256")}
            out.append(King(self._key(facts), str(facts["path"]), facts["sha256"]))
        return out

    def _king_of(self, facts: dict[str, Any]) -> tuple[King | None, Fault | None]:
        if facts["tier"] == Tier.QUALITY:
            return None, None
        if facts["tier"] not in tuple(Tier):
            return None, ("tier", f"the run names the tier {facts['tier']!r}, which does not exist")
        if facts["king_path_bytes"] is None or facts["king_root"] is None:
            return None, ("king-unknown", "the run names no king")
        key = self._key(facts, "king_")
        row = self._kings.get(key)
        if row is None:
            return None, ("king-not-kept", f"its king {facts['king']} is not among the images that are kept")
        if self._table["group"][row].as_py() != facts["group"]:
            return None, ("king-unknown", f"its king {facts['king']} is of another group")
        return King(key, str(facts["king"]), self._table["sha256"][row].as_py()), None


class FileFinder:
    """Finds the files of a run, also those that were moved by ``apply``."""

    def __init__(self, journal: Journal | None, members: dict[Identity, Item] | None = None) -> None:
        self._journal = journal
        self._members = members or {}

    @classmethod
    @contextmanager
    def of(cls, folder: RunFolder, members: dict[Identity, Item] | None = None) -> Iterator[FileFinder]:
        """Look where files are. The folder is locked meanwhile if something was applied from it.

        Args:
            folder: the run folder. members: images that lie inside containers.
        """
        if not (folder.path / JOURNAL_FILE).exists():
            yield cls(None, members)
            return
        with folder.lock(), Journal.open(folder.path, create=False) as journal:
            yield cls(journal, members)

    def find(self, root: str, name: bytes) -> FoundFile:
        """The file ``name`` below ``root``, or its new place; links are not followed."""
        if (root, name) in self._members:
            # what reads it says if its container is away or has changed
            return FoundFile((root, name), self._members[root, name])
        place = look_at(root, name, (root, name))
        if place.file is not None or self._journal is None:
            return place
        entry = self._journal.taken_away(root, name)
        if entry is None:
            return place
        if entry.kind == Action.DELETE:
            return FoundFile((root, name), None, ("deleted", "apply deleted it, so nothing can be computed from it"))
        return look_at(*entry.target_place, (root, name))


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


_COLUMNS = [
    *("root", "path", "path_bytes", "verdict", "tier", "reason", "king", "king_root", "king_path_bytes"),
    *("score", "threshold", "group", "sha256", "same", *PLACE_COLUMNS),
]
