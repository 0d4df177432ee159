"""Progress on the terminal, as commands draw it."""

from __future__ import annotations

from rfdedup.runtime.drawn_progress import STAGE_TITLES, TerminalProgress, WarningsOnly

__all__ = ["STAGE_TITLES", "TerminalProgress", "WarningsOnly"]
