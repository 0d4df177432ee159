"""Inventory: which scanned files are already measured, and the measurements of all of them in canonical order."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.config import RunConfig
from rfdedup.model.faults import Fault
from rfdedup.model.image_set import ImageSet
from rfdedup.model.items import SourceFile
from rfdedup.model.schemas import FEATURE_VERSION, row_of
from rfdedup.model.text import path_text
from rfdedup.storage.feature_store import FeatureStore

NOT_IMAGES = frozenset({"not-an-image", "empty"})
"""Faults of a file that does not even claim, by its name, to be an image: it is counted, and no row of the verdicts."""

NOWHERE = -1
"""Shard number of a file whose fault is not remembered."""


_OPTIONAL_DECODERS = ("pillow-heif", "rawpy")


def _installed(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def feature_key(config: RunConfig) -> str:
    """Identity of what pass 1 measures: code, parameters and decoder versions. Other features are not reused.

    With an extra that reads more formats, what was an error without it is measured again, and so is the rest.
    """
    decoders = ["opencv-python-headless", "pillow", "simplejpeg", *_OPTIONAL_DECODERS]
    versions = " ".join(f"{name} {found}" for name in decoders if (found := _installed(name)) is not None)
    parts = " parts" if config.looks_for_parts else ""
    return f"v{FEATURE_VERSION} scale {config.quality.scale}{parts} {versions}"


def look_up(files: Sequence[SourceFile], store: FeatureStore) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Look every file up in the store.

    Returns:
        the store's metadata, and for each file its row there, or -1 where it is new or has changed since.
    """
    known = store.metadata()
    n = known.num_rows
    mine = _keys([file.root for file in files], _raw_paths(files))
    theirs = _keys(known["root"], known["path_bytes"])
    # the first of equal keys is found: backwards that is the newest
    back = pc.index_in(mine, theirs.take(pa.array(np.arange(n)[::-1]))).fill_null(n).to_numpy(zero_copy_only=False)
    at = n - 1 - back.astype(np.int64)
    if n:
        same = np.ones(len(files), np.bool_)
        for name, attribute in (("bytes", "size"), ("mtime_ns", "mtime_ns"), ("inode", "inode")):
            column = known[name].to_numpy()
            values = np.fromiter((getattr(file, attribute) for file in files), column.dtype, len(files))
            same &= column[at] == values
        at[~same] = -1
    return known, at


def assemble(
    files: Sequence[SourceFile],
    known: pa.Table,
    at: npt.NDArray[np.int64],
    transient: dict[SourceFile, Fault],
) -> ImageSet:
    """Align what is known with the files.

    Args:
        files: scanned files in canonical order.
        known, at: from ``look_up``; -1 where nothing is known.
        transient: faults that are in no shard.
    """
    lost = np.flatnonzero(at < 0)
    if len(lost):
        extra = pa.Table.from_pylist(
            [
                {**row_of(file, transient[file]), "shard": NOWHERE, "row": NOWHERE}
                for file in (files[i] for i in lost.tolist())
            ],
            schema=known.schema,
        )
        at = at.copy()
        at[lost] = known.num_rows + np.arange(len(lost))
        known = pa.concat_tables([known, extra])
    there = pc.is_in(known["error"], pa.array(sorted(NOT_IMAGES))).to_numpy(zero_copy_only=False)[at]
    for i in np.flatnonzero(there).tolist():
        there[i] = not files[i].named_as_image
    kept = list(files) if not there.any() else [file for file, other in zip(files, there, strict=True) if not other]
    at = at[~there]
    # the root is the one of this run: the store may know the file through another
    names = {
        "root": pa.array([file.root for file in kept], pa.string()),
        "path": pa.array([path_text(file.path) for file in kept], pa.string()),
        "path_bytes": _raw_paths(kept),
    }
    # shards that were filled in scan order need no copy
    ordered = len(at) == known.num_rows and bool((at == np.arange(len(at))).all())
    columns = [
        names[name] if name in names else known[name] if ordered else known[name].take(pa.array(at)).combine_chunks()
        for name in known.column_names
    ]
    return ImageSet(kept, pa.table(columns, schema=known.schema), others=len(files) - len(kept))


def _raw_paths(files: Sequence[SourceFile]) -> pa.Array:
    return pa.array([os.fsencode(file.path) for file in files], pa.binary())


def _keys(roots: pa.ChunkedArray | list[str], paths: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Whole paths as bytes, one for each row."""
    whole = roots if isinstance(roots, pa.ChunkedArray) else pa.array(roots, pa.string())
    return pc.binary_join_element_wise(whole.cast(pa.binary()), paths, b"/")
