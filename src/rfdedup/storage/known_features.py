"""Inventory: which scanned files are already measured, and the measurements of all of them in canonical order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import Item
from rfdedup.model.text import path_text
from rfdedup.storage.feature_store import FeatureStore

NOT_IMAGES = frozenset({"not-an-image", "empty"})
"""Faults of a file that does not even claim, by its name, to be an image: it is counted, and no row of the verdicts."""

_WORDS = 1 << 64

TRANSIENT = frozenset({"unstable", "unreadable", "stalled"})
"""Faults that may be gone on the next run: such a file is looked at again."""


def look_up(
    files: Sequence[Item], store: FeatureStore, *, retry: bool = False
) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Look every file up in the store.

    Args:
        retry: files with a transient fault count as new.

    Returns:
        the store's metadata, and for each file its row there, or -1 where it is new or has changed since.
    """
    known = store.metadata()
    n = known.num_rows
    failed = pc.fill_null(pc.is_in(known["error"], pa.array(sorted(TRANSIENT))), False)
    again = failed.to_numpy(zero_copy_only=False)
    # the first of equal keys is found: the newest, and before all others those that need no further look
    order = np.lexsort((-np.arange(n), again))
    mine = _keys([file.root for file in files], _raw_paths(files), _states(files), _versions(files))
    theirs = _keys(known["root"], known["path_bytes"], _states_of(known), _versions_of(known)).take(pa.array(order))
    found = pc.index_in(mine, theirs).fill_null(n).to_numpy(zero_copy_only=False).astype(np.int64)
    at = np.append(order, -1)[found]
    if retry and n:
        at[again[at] & (at >= 0)] = -1
    return known, at


def assemble(files: Sequence[Item], known: pa.Table, at: npt.NDArray[np.int64]) -> ImageSet:
    """Align what is known with the files.

    Args:
        files: scanned files in canonical order.
        known, at: from ``look_up``; all files are known.
    """
    there = pc.is_in(known["error"], pa.array(sorted(NOT_IMAGES))).to_numpy(zero_copy_only=False)[at]
    for i in np.flatnonzero(there).tolist():
        there[i] = not files[i].named_as_image
    kept = list(files) if not there.any() else [file for file, other in zip(files, there, strict=True) if not other]
    at = at[~there]
    # the root is the one of this run: the store may know the file through another
    names = {
        "root": pa.array([file.root for file in kept], pa.string()),
        "path": pa.array([path_text(file.key) for file in kept], pa.string()),
        "path_bytes": _raw_paths(kept),
    }
    # shards that were filled in scan order need no copy
    ordered = len(at) == known.num_rows and bool((at == np.arange(len(at))).all())
    columns = [
        names[name] if name in names else known[name] if ordered else known[name].take(pa.array(at)).combine_chunks()
        for name in known.column_names
    ]
    return ImageSet(kept, pa.table(columns, schema=known.schema), others=len(files) - len(kept))


def _states(files: Sequence[Item]) -> pa.Array:
    """What tells that a file changed, 24 bytes each."""
    values = (value % _WORDS for file in files for value in (file.size, file.mtime_ns, file.inode))
    return _binary(np.fromiter(values, np.uint64, 3 * len(files)))


def _states_of(known: pa.Table) -> pa.Array:
    columns = [known[name].fill_null(0).to_numpy().astype(np.uint64) for name in ("bytes", "mtime_ns", "inode")]
    return _binary(np.stack(columns, axis=1))


def _binary(states: npt.NDArray[np.uint64]) -> pa.Array:
    values = np.ascontiguousarray(states)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(24), values.size // 3, [None, pa.py_buffer(values)]).cast(
        pa.binary()
    )


def _versions(files: Sequence[Item]) -> pa.Array:
    """Version of the container and place in it, empty for files."""
    return pa.array([_version(file).encode() for file in files], pa.binary())


def _version(file: Item) -> str:
    if file.place is None:
        return file.version or ""
    return f"{file.version or ''} {file.place.source} {file.place.offset} {file.place.length}"


def _versions_of(known: pa.Table) -> pa.ChunkedArray:
    places = [known[name].cast(pa.string()) for name in ("source", "offset", "length")]
    version = pc.fill_null(known["version"], "")
    whole = pc.binary_join_element_wise(version, *places, " ")
    return pc.coalesce(whole, version).cast(pa.binary())


def _raw_paths(files: Sequence[Item]) -> pa.Array:
    return pa.array([file.key_bytes for file in files], pa.binary())


def _keys(
    roots: pa.ChunkedArray | list[str],
    paths: pa.ChunkedArray | pa.Array,
    states: pa.Array,
    versions: pa.ChunkedArray | pa.Array,
) -> pa.ChunkedArray | pa.Array:
    """Whole paths with what tells that a file changed, as bytes, one for each row."""
    whole = roots if isinstance(roots, pa.ChunkedArray) else pa.array(roots, pa.string())
    return pc.binary_join_element_wise(whole.cast(pa.binary()), paths, states, versions, b"/")
