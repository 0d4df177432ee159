"""Why one file could not be used, as it travels between processes."""

from __future__ import annotations

Fault = tuple[str, str]
"""Kind and detail of an ``ImageError``, as it travels between processes."""


class FilesLost(Exception):  # noqa: N818 - no error of the user's: the round starts again without them
    """Files that pass 1 could read and a later look could not; ``faults`` by row."""

    def __init__(self, faults: dict[int, Fault]) -> None:
        super().__init__(f"{len(faults)} files cannot be read again")
        self.faults = faults
