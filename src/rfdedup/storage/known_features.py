"""Inventory: which scanned files are already measured, and the measurements of all of them in canonical order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.image_set import ImageSet
from rfdedup.model.item_table import ItemTable
from rfdedup.model.items import Item, Place
from rfdedup.model.text import path_text
from rfdedup.storage.feature_store import FeatureStore

NOT_IMAGES = frozenset({"not-an-image", "empty"})
"""Faults of a file that does not even claim, by its name, to be an image: it is counted, and no row of the verdicts."""

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
    items = ItemTable.of(files)
    mine = _keys(items.root_column(), items.keys, _states(items.size, items.mtime_ns, items.inode), _versions(items))
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
    items = ItemTable.of(files)
    kept = items.take(np.flatnonzero(~there)) if there.any() else items
    at = at[~there]
    # the root is the one of this run: the store may know the file through another
    names = {
        "root": kept.root_column(),
        "path": _texts(kept),
        "path_bytes": kept.keys,
    }
    # shards that were filled in scan order need no copy
    ordered = len(at) == known.num_rows and bool((at == np.arange(len(at))).all())
    columns = [
        names[name] if name in names else known[name] if ordered else known[name].take(pa.array(at)).combine_chunks()
        for name in known.column_names
    ]
    return ImageSet(kept, pa.table(columns, schema=known.schema), others=len(files) - len(kept))


def _texts(items: ItemTable) -> pa.Array:
    """Keys as text, as ``path_text`` gives it: the same bytes where all are UTF-8, as they nearly always are."""
    try:
        # a view: names lie in memory once
        return items.keys.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([path_text(item.key) for item in items], pa.string())


def _states_of(known: pa.Table) -> pa.Array:
    return _states(*(known[name].fill_null(0).to_numpy() for name in ("bytes", "mtime_ns", "inode")))


def _states(*columns: npt.NDArray[np.generic]) -> pa.Array:
    """What tells that a file changed, 24 bytes each: size, time of change and inode."""
    values = np.stack([column.astype(np.uint64) for column in columns], axis=1)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(24), values.size // 3, [None, pa.py_buffer(values)]).cast(
        pa.binary()
    )


def _versions(items: ItemTable) -> pa.Array:
    """Version of the container and place in it, empty for files."""
    nobody = np.full(len(items), None, object)
    said = (items.said.get(name, nobody) for name in ("version", "place"))
    return pa.array([_version(version, place).encode() for version, place in zip(*said, strict=True)], pa.binary())


def _version(version: str | None, place: Place | None) -> str:
    return version or "" if place is None else f"{version or ''} {place.source} {place.offset} {place.length}"


def _versions_of(known: pa.Table) -> pa.ChunkedArray:
    places = [known[name].cast(pa.string()) for name in ("source", "offset", "length")]
    version = pc.fill_null(known["version"], "")
    whole = pc.binary_join_element_wise(version, *places, " ")
    return pc.coalesce(whole, version).cast(pa.binary())


def _keys(
    roots: pa.ChunkedArray | pa.Array,
    paths: pa.ChunkedArray | pa.Array,
    states: pa.Array,
    versions: pa.ChunkedArray | pa.Array,
) -> pa.ChunkedArray | pa.Array:
    """Whole paths with what tells that a file changed, as bytes, one for each row."""
    return pc.binary_join_element_wise(roots.cast(pa.binary()), paths, states, versions, b"/")
