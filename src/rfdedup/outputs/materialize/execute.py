"""Writes the outputs of a copy: many are made durable together, and each is noted before it gets its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from rfdedup.model.errors import CheckFailedError
from rfdedup.outputs.materialize.log import CopyLog, Entry
from rfdedup.outputs.materialize.pieces import Piece, Refusal
from rfdedup.outputs.materialize.target import Sink, Staged, Target, WriteError
from rfdedup.storage.files import explain

GROUP_FILES: int = 256
_GROUP_BYTES: Final = 64 << 20
_BEFORE: Final = "changed", "it was not what the run looked at when the copy was begun"
_TAKEN: Final = "another output of the copy has its name"


@dataclass
class Execution:
    """One call.

    Attributes:
        target: gets the outputs. log: of the target.
        advance: told how many images were looked after.
        places: target and member of each image that went, by row.
        refused: images that should have gone, by row.
        lost: outputs beside images that could not be written, with the reason.
        written, there: outputs of this call, and of earlier ones. size: bytes of both.
    """

    target: Target
    log: CopyLog
    advance: Callable[[int], None] = lambda _: None
    places: dict[int, tuple[str, str | None]] = field(default_factory=dict)
    refused: dict[int, Refusal] = field(default_factory=dict)
    lost: list[tuple[str, str]] = field(default_factory=list)
    refused_rows: set[int] = field(default_factory=set)
    written: int = 0
    size: int = 0
    there: int = 0
    _group: list[tuple[Piece, Staged]] = field(default_factory=list)
    _weight: int = 0
    _seen: set[str] = field(default_factory=set)

    def run(self, pieces: Iterable[Piece]) -> None:
        """Write what is not there yet.

        Raises:
            CheckFailedError: the target cannot be written, or holds something else under a name.
        """
        for piece in pieces:
            if piece.name in self._seen:
                # never one over the other
                self._refuse(piece, [Refusal(row, "name-taken", _TAKEN) for row in piece.rows or (-1,)])
                continue
            self._seen.add(piece.name)
            if piece.of_all:
                self.flush()
            if piece.of is not None and piece.of in self.refused_rows:
                continue
            if self._is_there(piece):
                self.there += 1
                self.size += self.log.entries[piece.name].size
                self._note(piece, ())
            else:
                self._write(piece)
            self.advance(len(piece.rows))
        self.flush()

    def _is_there(self, piece: Piece) -> bool:
        entry = self.log.entries.get(piece.name)
        if entry is None or entry.refused or (piece.of_all and (self.written or not self.log.finished)):
            return False
        return self._holds(entry)

    def _write(self, piece: Piece) -> None:
        try:
            staged = self.target.stage(lambda sink: _tried(piece, sink), piece.mtime_ns)
        except OSError as error:
            raise CheckFailedError(f"cannot write {piece.name}: {explain(error)}") from None
        refused: list[Refusal] = staged.result
        before = self.log.entries.get(piece.name)
        if before is not None and before.refused and len(refused) >= len(before.refused) and self._holds(before):
            # what an earlier call wrote has no less
            self.target.discard(staged)
            reasons = {refusal.row: refusal for refusal in refused}
            self._refuse(piece, [reasons.get(row, Refusal(row, *_BEFORE)) for row in before.refused])
            self._note(piece, before.refused)
            self.there += 1
            self.size += before.size
            return
        self._refuse(piece, refused)
        if refused and len(refused) >= len(piece.rows):
            self.target.discard(staged)
            return
        self._note(piece, [refusal.row for refusal in refused])
        self._group.append((piece, staged))
        self._weight += staged.size
        if len(self._group) >= GROUP_FILES or self._weight >= _GROUP_BYTES:
            self.flush()

    def _holds(self, entry: Entry) -> bool:
        return self.target.size(entry.name) == entry.size

    def _refuse(self, piece: Piece, refused: Iterable[Refusal]) -> None:
        for refusal in refused:
            if refusal.row >= 0:
                self.refused[refusal.row] = refusal
                self.refused_rows.add(refusal.row)
            else:
                self.lost.append((piece.name, refusal.detail))

    def _note(self, piece: Piece, refused: Iterable[int]) -> None:
        without = set(refused)
        for place, row in enumerate(piece.rows):
            if row not in without:
                self.places[row] = piece.name, piece.members[place] if piece.members else None

    def flush(self) -> None:
        """Give the outputs that are whole their names."""
        if not self._group:
            return
        outputs = []
        entries = []
        for piece, staged in self._group:
            refused = tuple(refusal.row for refusal in staged.result)
            # what was ours already may be replaced, nothing else
            outputs.append((staged, piece.name, piece.name in self.log.entries))
            entries.append(Entry(piece.name, staged.size, staged.sha256, refused))
        self.log.add(entries)
        try:
            self.target.publish(outputs)
        except FileExistsError as error:
            name = error.filename2 or error.filename
            raise CheckFailedError(f"something that is not of this copy lies at {name}: move it away") from None
        except OSError as error:
            raise CheckFailedError(f"cannot write to the target: {explain(error)}") from None
        self.written += len(outputs)
        self.size += self._weight
        self._group, self._weight = [], 0


def _tried(piece: Piece, sink: Sink) -> list[Refusal]:
    """Write an output; what its source is to blame for costs itself alone."""
    try:
        return piece.write(sink)
    except WriteError:
        raise
    except OSError as error:
        detail = error.strerror or str(error)
        return [Refusal(row, "unreadable", detail) for row in piece.rows or (-1,)]
