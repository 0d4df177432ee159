"""Inventory: which scanned files are already measured, and the measurements of all of them in canonical order."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.config import RunConfig
from rfdedup.passes import Fault, row_of
from rfdedup.records import FEATURE_VERSION, path_text
from rfdedup.sources.folder import SourceFile
from rfdedup.store import FeatureStore

NOT_IMAGES = frozenset({"not-an-image", "empty"})
"""Faults of a file that does not even claim, by its name, to be an image: it is counted, and no row of the verdicts."""

NOWHERE = -1
"""Shard number of a file whose fault is not remembered."""


def feature_key(config: RunConfig) -> str:
    """Identity of what pass 1 measures: code, parameters and decoder versions. Other features are not reused."""
    decoders = ("opencv-python-headless", "pillow", "simplejpeg")
    versions = " ".join(f"{name} {version(name)}" for name in decoders)
    return f"v{FEATURE_VERSION} scale {config.quality.scale} {versions}"


@dataclass(frozen=True)
class Inventory:
    """The files that get a verdict, in canonical order, with their features.

    Attributes:
        files: one per row of the verdicts.
        features: columns of ``records.FEATURES`` but the heavy ones, with ``shard`` and ``row``; aligned with files.
        others: files that are no images and do not claim to be.
    """

    files: list[SourceFile]
    features: pa.Table
    others: int = 0

    def thumbs_from(self, store: FeatureStore) -> Callable[[npt.NDArray[np.int64]], npt.NDArray[np.uint8]]:
        """A function that reads the thumbnails of rows."""
        return lambda rows: store.thumbs(self.shard[rows], self.row[rows])

    @property
    def shard(self) -> npt.NDArray[np.int32]:
        return self.features["shard"].to_numpy()  # type: ignore[no-any-return]

    @property
    def row(self) -> npt.NDArray[np.int32]:
        return self.features["row"].to_numpy()  # type: ignore[no-any-return]


def take_stock(files: Sequence[SourceFile], store: FeatureStore) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Look every file up in the store.

    Returns:
        the store's metadata, and for each file its row there, or -1 where it is new or has changed since.
    """
    known = store.metadata()
    latest: dict[bytes, int] = {}
    roots, paths = known["root"].to_pylist(), known["path_bytes"].to_pylist()
    for i, (root, path) in enumerate(zip(roots, paths, strict=True)):
        latest[_key(root, path)] = i
    at = np.array([latest.get(_key(f.root, os.fsencode(f.path)), -1) for f in files], np.int64)
    if known.num_rows:
        same = np.ones(len(files), np.bool_)
        for name, attribute in (("bytes", "size"), ("mtime_ns", "mtime_ns"), ("inode", "inode")):
            column = known[name].to_numpy()
            mine = np.array([getattr(f, attribute) for f in files], column.dtype)
            same &= column[at] == mine
        at[~same] = -1
    return known, at


def assemble(
    files: Sequence[SourceFile],
    known: pa.Table,
    at: npt.NDArray[np.int64],
    transient: dict[SourceFile, Fault],
) -> Inventory:
    """Align what is known with the files.

    Args:
        files: scanned files in canonical order.
        known, at: from ``take_stock``; -1 where nothing is known.
        transient: faults that are in no shard.
    """
    lost = [files[i] for i in np.flatnonzero(at < 0).tolist()]
    extra = pa.Table.from_pylist(
        [{**row_of(file, transient[file]), "shard": NOWHERE, "row": NOWHERE} for file in lost], schema=known.schema
    )
    place = at.copy()
    place[at < 0] = known.num_rows + np.arange(len(lost))
    table = pa.concat_tables([known, extra]).combine_chunks().take(pa.array(place))
    named = np.array([file.named_as_image for file in files], np.bool_)
    faults = table["error"].to_pylist()
    rows = np.array([ok or fault not in NOT_IMAGES for ok, fault in zip(named, faults, strict=True)], np.bool_)
    kept = [file for file, row in zip(files, rows, strict=True) if row]
    # the root is the one of this run: the store may know the file through another
    table = table.filter(pa.array(rows))
    table = table.set_column(
        table.schema.get_field_index("root"), "root", pa.array([f.root for f in kept], pa.string())
    )
    table = table.set_column(
        table.schema.get_field_index("path"), "path", pa.array([path_text(f.path) for f in kept], pa.string())
    )
    raw = pa.array([os.fsencode(f.path) for f in kept], pa.binary())
    table = table.set_column(table.schema.get_field_index("path_bytes"), "path_bytes", raw)
    return Inventory(kept, table, others=len(files) - len(kept))


def _key(root: str, path: bytes) -> bytes:
    return os.fsencode(root) + b"/" + path
