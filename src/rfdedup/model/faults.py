"""Why one file could not be used, as it travels between processes."""

from __future__ import annotations

Fault = tuple[str, str]
"""Kind and detail of an ``ImageError``, as it travels between processes."""

Faults = dict[int, Fault]
"""Faults by row: of files that pass 1 could read and a later look could not."""
