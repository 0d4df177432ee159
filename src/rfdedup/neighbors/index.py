"""The index of the vectors of a run: one file that ``faiss.read_index`` opens, and that is searched exactly.

It is an ``IndexIDMap`` over an ``IndexScalarQuantizer`` (float16, inner product): half the memory of float32, and the
very numbers that embeddings are compared by when pairs are proposed. A query reads every vector, 37 ms on one core for
a million of 512 numbers (``bench/index.py``). Cells (``IndexIVF``) answer in a hundredth of that, but take 70 s of one
core a million to build and may miss the nearest, so there are none.

``index.json`` is written after the file and says what it was made of: a reader trusts only what it covers.
"""

from __future__ import annotations

import hashlib
import os
import struct
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from io import BufferedReader
from itertools import chain
from pathlib import Path
from typing import Any, Final

import numpy as np

from rfdedup.model.errors import RunFolderError
from rfdedup.neighbors.vectors import Matrix, Rows
from rfdedup.storage.files import atomic_write, open_regular, parse_json, read_regular, write_json

INDEX_FILE: Final = "index.faiss"
INDEX_MARKER: Final = "index.json"
_RESERVED: Final = 1 << 20
"""What faiss writes where it once kept something."""
_INNER_PRODUCT: Final = 0
_FLOAT16: Final = 4


@dataclass(frozen=True)
class VectorIndex:
    """Vectors by row number.

    Attributes:
        path: the file.
        dim: numbers of a vector.
    """

    path: Path
    dim: int
    _index: Any = field(repr=False)
    _folder: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    @cached_property
    def rows(self) -> Rows:
        """Row numbers that have a vector, ascending, (n,) int64."""
        import faiss

        return np.asarray(faiss.vector_to_array(self._index.id_map), np.int64)

    def search(self, vectors: Matrix, most: int) -> tuple[Matrix, Rows]:
        """The rows with the largest inner products, best first, and equal ones by row.

        Args:
            vectors: (m, dim) float32.
            most: how many of each, at least 1.

        Returns:
            Inner products (m, k) float32 and rows (m, k) int64, ``k`` the smaller of ``most`` and all rows. What is not
            a number has no row: -1.
        """
        score, row = self._index.search(np.ascontiguousarray(vectors, np.float32), min(most, len(self.rows)))
        order = np.lexsort((row, -score), axis=1)
        return np.take_along_axis(score, order, axis=1), np.take_along_axis(row, order, axis=1)


def open_index(folder: Path, key: str, limit: int) -> VectorIndex | None:
    """The index in a folder, mapped into memory where faiss can; None where there is none of ``key`` or it is damaged.

    Args:
        folder: holds ``INDEX_FILE`` and ``INDEX_MARKER``.
        key: what it has to be made of.
        limit: row numbers are below it.
    """
    import faiss

    path = folder / INDEX_FILE
    try:
        record = parse_json(read_regular(folder / INDEX_MARKER))
        if record["key"] != key:
            return None
        rows, dim = int(record["rows"]), int(record["dim"])
        with open_regular(path) as stream:
            whole = hashlib.file_digest(stream, "sha256").hexdigest() == record["sha256"]
            if not whole or not _is_ours(stream, rows, dim):
                return None
            # faiss takes no name that is not UTF-8, and so opens what was checked
            name = str(path) if os.name == "nt" else f"/dev/fd/{stream.fileno()}"
            # faiss before 1.11 reads the vectors into memory instead
            index = VectorIndex(path, dim, faiss.read_index(name, getattr(faiss, "IO_FLAG_MMAP_IFC", 0)))
        numbers = index.rows
        inside = len(numbers) > 0 and numbers[0] >= 0 and numbers[-1] < limit and bool((np.diff(numbers) > 0).all())
        return index if inside else None
    # a file that faiss refuses is a RuntimeError
    except (OSError, ValueError, KeyError, TypeError, RuntimeError):
        return None


def write_index(folder: Path, key: str, rows: Rows, vectors: Iterable[Matrix]) -> None:
    """Write the index of some vectors, a block at a time.

    Args:
        folder: gets ``INDEX_FILE`` and ``INDEX_MARKER``.
        key: what it is made of.
        rows: (n,) row numbers, ascending, at least one.
        vectors: blocks (., dim) float32 of the vectors of ``rows`` in order.

    Raises:
        RunFolderError: the folder cannot be written.
    """
    blocks = iter(vectors)
    first = next(blocks)
    dim = first.shape[1]
    digest = hashlib.sha256()
    with atomic_write(folder / INDEX_FILE) as stream:
        pieces = chain(
            [_head(len(rows), dim)],
            (np.ascontiguousarray(block, "<f2").tobytes() for block in chain([first], blocks)),
            [struct.pack("<Q", len(rows)), np.ascontiguousarray(rows, "<i8").tobytes()],
        )
        for piece in pieces:
            digest.update(piece)
            stream.write(piece)
    record = {"key": key, "rows": len(rows), "dim": dim, "sha256": digest.hexdigest()}
    write_json(folder / INDEX_MARKER, record)


def index_of(
    folder: Path, key: str, limit: int, rows: Callable[[], Rows], vectors: Callable[[Rows], Iterable[Matrix]]
) -> VectorIndex:
    """The index of ``key`` in a folder; where there is none, or a stale or damaged one, it is made.

    Where the folder cannot be written, it lies in a temporary one as long as it is used.

    Args:
        folder, key, limit: as for ``open_index``.
        rows, vectors: as for ``write_index``, asked only where it has to be made.

    Raises:
        RunFolderError: it can be written nowhere, or cannot be read back.
    """
    if (known := open_index(folder, key, limit)) is not None:
        return known
    chosen = rows()
    try:
        write_index(folder, key, chosen, vectors(chosen))
        made = open_index(folder, key, limit)
    except RunFolderError:
        made = None
    if made is None:
        try:
            aside = tempfile.TemporaryDirectory(prefix="rfdedup-", ignore_cleanup_errors=True)
        except OSError as error:
            raise RunFolderError(f"no folder for an index: {error.strerror or error}") from None
        write_index(Path(aside.name), key, chosen, vectors(chosen))
        made = open_index(Path(aside.name), key, limit)
        if made is None:
            raise RunFolderError(f"the index that was written to {aside.name} cannot be read back")
        made = VectorIndex(made.path, made.dim, made._index, aside)
    return made


def _head(rows: int, dim: int) -> bytes:
    """What faiss writes before the codes: that of the map, that of the quantizer, no training, size of the codes."""
    about = struct.pack("<iqqqBi", dim, rows, _RESERVED, _RESERVED, True, _INNER_PRODUCT)
    quantizer = struct.pack("<iifQQQ", _FLOAT16, 0, 0.0, dim, 2 * dim, 0)
    return b"IxMp" + about + b"IxSQ" + about + quantizer + struct.pack("<Q", 2 * dim * rows)


def _is_ours(stream: BufferedReader, rows: int, dim: int) -> bool:
    """Whether a file says what one of so many rows says, and is as long. It is left at its beginning.

    All that faiss goes by when it reads a file is in these bytes, so one that a stranger made leads it nowhere.
    """
    head = _head(rows, dim)
    codes = 2 * dim * rows
    stream.seek(0)
    begin = stream.read(len(head))
    stream.seek(codes, os.SEEK_CUR)
    end = stream.read(8)
    # of the handle itself: where a name of it is opened again, the place in the file may be shared
    os.lseek(stream.fileno(), 0, os.SEEK_SET)
    long = os.fstat(stream.fileno()).st_size
    return begin == head and end == struct.pack("<Q", rows) and long == len(head) + codes + 8 + 8 * rows
