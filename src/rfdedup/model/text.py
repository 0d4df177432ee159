"""Paths as text: for tables and pages, and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass


def path_text(path: str) -> str:
    """A surrogate-escaped path as text that Parquet, JSON and HTML can hold: lone surrogates become ``\\udcNN``."""
    return path.encode("utf-8", "backslashreplace").decode("utf-8")


def printable(path: str) -> str:
    """A path for the terminal: bytes that are not UTF-8 and control characters are shown escaped."""
    text = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
