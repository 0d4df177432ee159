"""Octets of many rows, in memory or in a file."""

from __future__ import annotations

import mmap
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

_IN_MEMORY = 64 << 20
"""Octets beyond which they lie in a file."""


class PackedRows:
    """Rows of octets of any length, read by their places."""

    def __init__(self, folder: Path) -> None:
        """Nothing yet; a file would lie in ``folder``, without a name."""
        self._folder = folder
        self._ends = np.zeros(1, np.int64)
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._mapped: mmap.mmap | None = None

    def __len__(self) -> int:
        return len(self._ends) - 1

    def extend(self, blocks: Iterable[list[bytes | None]]) -> None:
        """Add rows, which come in blocks; None is a row of no octets."""
        ends = [self._ends]
        for block in blocks:
            lengths = np.array([len(row or b"") for row in block], np.int64)
            ends.append(ends[-1][-1] + np.cumsum(lengths))
            for row in block:
                self._held += row or b""
            if len(self._held) > _IN_MEMORY or self._file is not None:
                self._write()
        self._ends = np.concatenate(ends)
        if self._file is not None:
            self._file.flush()
            self._mapped = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - as long as this object
            weakref.finalize(self, self._file.close)
        self._file.write(self._held)
        self._held = bytearray()

    def __getitem__(self, place: int) -> bytes:
        whole = self._held if self._mapped is None else self._mapped
        return bytes(whole[self._ends[place] : self._ends[place + 1]])

    def take(self, places: npt.NDArray[np.int64]) -> list[bytes]:
        """The rows at some places."""
        return [self[place] for place in places.tolist()]
