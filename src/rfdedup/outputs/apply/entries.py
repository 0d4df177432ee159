"""What the journal holds: sessions, and the actions of each with the facts they were taken on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from rfdedup.outputs.apply.names import local
from rfdedup.outputs.apply.plan import Action


class EntryState(StrEnum):
    """Of an action. Only ``pending`` and ``undoing`` are open: the disk says what became of them."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


APPLIED = (
    *("label-conflict", "protected", "companion", "not-selected", "attributes", "without-sidecar"),
    *("sidecar-stays", "image-stays", "pair-stays"),
)
"""Reasons that apply gives to what was done; any other is one why undo did not take it back."""


class SessionState(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    UNDOING = "undoing"
    UNDONE = "undone"


@dataclass(slots=True)
class JournalEntry:
    """One action of the journal, with what was seen of the file just before."""

    id: int
    session: int
    unit: int
    role: str
    kind: Action
    state: EntryState
    base: str
    name: bytes
    target_base: str | None = None
    target: bytes | None = None
    size: int | None = None
    mtime_ns: int | None = None
    mode: int | None = None
    sha256: str | None = None
    device: int | None = None
    inode: int | None = None
    links: int | None = None
    tier: str | None = None
    reason: str | None = None
    detail: str | None = None

    @property
    def path(self) -> str:
        return local(self.base, self.name)

    @property
    def target_path(self) -> str:
        return local(*self.target_place)

    @property
    def target_place(self) -> tuple[str, bytes]:
        """Folder and name of the new place; only deleted and skipped files have none."""
        if self.target_base is None or self.target is None:
            raise ValueError(f"{self.path} has no new place")
        return self.target_base, self.target

    @property
    def temporary(self) -> str:
        """Where a copy is made, beside its final place; hidden, so that no scan takes it for an image."""
        return os.path.join(os.path.dirname(self.target_path), f".rfdedup-{self.session}-{self.id}.part")

    @property
    def undo_temporary(self) -> str:
        return os.path.join(os.path.dirname(self.path), f".rfdedup-{self.session}-{self.id}.undo.part")


@dataclass(frozen=True, slots=True)
class ApplySession:
    """One call of apply, resumed ones included."""

    id: int
    started: str
    command: dict[str, Any]
    state: SessionState
