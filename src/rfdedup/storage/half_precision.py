"""Descriptors of many rows, in memory or in a file."""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]


_IN_MEMORY = 64 << 20
"""Bytes of descriptors beyond which they lie in a file."""


class HalfPrecision:
    """Rows of descriptors, (n, k) float16, that may become more: in memory, or in a file where there are many."""

    def __init__(self, folder: Path) -> None:
        """Nothing yet; a file would lie in ``folder``, without a name."""
        self.rows: npt.NDArray[np.float16] = np.empty((0, 1), np.float16)
        self._folder = folder
        self._file: IO[bytes] | None = None

    def extend(self, blocks: Iterable[Matrix], count: int) -> None:
        """Add ``count`` rows, which come in blocks."""
        held, parts, rows, dim = len(self.rows), [], len(self.rows) + count, self.rows.shape[1]
        for block in blocks:
            dim = block.shape[1]
            if self._file is None and rows * dim * np.float16().nbytes > _IN_MEMORY:
                self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - as long as this object
                weakref.finalize(self, self._file.close)
                self._file.write(self.rows.tobytes())
            if self._file is None:
                parts.append(block.astype(np.float16))
            else:
                self._file.write(block.astype(np.float16).tobytes())
        if self._file is not None:
            self._file.flush()
            self.rows = np.memmap(self._file, np.float16, "r", shape=(rows, dim))
        elif parts:
            self.rows = np.concatenate([self.rows, *parts] if held else parts)
