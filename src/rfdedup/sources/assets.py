"""Which files are one shot: a RAW master and the JPEG or HEIC that the camera wrote beside it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import DataError

RAW_SUFFIXES = frozenset(
    f".{suffix}".encode()
    for suffix in (
        *("3fr", "ari", "arw", "bay", "cap", "cr2", "cr3", "crw", "dcr", "dcs", "dng", "drf", "eip", "erf", "fff"),
        *("gpr", "iiq", "k25", "kdc", "mdc", "mef", "mos", "mrw", "nef", "nrw", "orf", "pef", "ptx", "pxn", "r3d"),
        *("raf", "raw", "rw2", "rwl", "rwz", "sr2", "srf", "srw", "x3f"),
    )
)
"""Suffixes of RAW files, in lower case."""
MATE_SUFFIXES = frozenset((b".jpg", b".jpeg", b".jpe", b".jfif", b".heic", b".heif", b".hif"))
"""Suffixes of the pictures that a camera or a RAW converter writes beside them, in lower case."""

_RAW_FORMATS = frozenset({"raw", *(suffix.decode()[1:] for suffix in RAW_SUFFIXES)})
_MATE_FORMATS = frozenset({"jpeg", "heif"})


def paired_assets(
    paths: Sequence[bytes] | pa.Array | pa.ChunkedArray, formats: Sequence[str | None] | pa.Array | pa.ChunkedArray
) -> npt.NDArray[np.int64]:
    """Number of the asset that each file belongs to.

    RAW files and JPEG or HEIC files of one folder whose names differ in nothing but the suffix and the case of letters
    are one asset. A RAW is told by its format or, where that is not known, as of a file that was not read, by its
    suffix. RAW files without such a picture, and pictures without RAW, are assets of their own.

    Args:
        paths: n whole, ``/``-separated paths in bytes; of several inputs with their roots.
        formats: n format names, null where the file was not read.

    Returns:
        (n,) int64: the smallest row of the asset, so a file that is alone has its own row.

    Raises:
        DataError: there are not as many formats as paths.
    """
    names = _flat(paths, pa.binary())
    kinds = _flat(formats, pa.string())
    n = len(names)
    if len(kinds) != n:
        raise DataError(f"{n} paths and {len(kinds)} formats")
    asset = np.arange(n, dtype=np.int64)
    raw = _mask(_ends_with(names, RAW_SUFFIXES)) | _mask(pc.is_in(kinds, pa.array(sorted(_RAW_FORMATS))))
    if not raw.any():
        return asset
    mate = (_mask(_ends_with(names, MATE_SUFFIXES)) | _mask(pc.is_in(kinds, pa.array(sorted(_MATE_FORMATS))))) & ~raw
    rows = np.flatnonzero(raw | mate)
    # no one asks whether these bytes are text: only A to Z change
    stems = pc.replace_substring_regex(names.take(pa.array(rows)), r"\.[^./]*\z", b"").view(pa.string())
    codes = pc.ascii_lower(stems).view(pa.binary()).dictionary_encode().indices.to_numpy()
    size = int(codes.max()) + 1
    with_raw, with_mate = np.zeros(size, np.bool_), np.zeros(size, np.bool_)
    with_raw[codes[raw[rows]]] = True
    with_mate[codes[mate[rows]]] = True
    paired = (with_raw & with_mate)[codes]
    first = np.full(size, n, np.int64)
    np.minimum.at(first, codes, rows)
    asset[rows[paired]] = first[codes[paired]]
    return asset


def _flat(values: Sequence[object] | pa.Array | pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _ends_with(names: pa.Array, suffixes: frozenset[bytes]) -> pa.Array:
    pattern = "|".join(sorted(suffix.decode()[1:] for suffix in suffixes))
    return pc.match_substring_regex(names, rf"(?i)[^/]\.({pattern})\z")


def _mask(values: pa.Array) -> npt.NDArray[np.bool_]:
    return np.asarray(values.fill_null(False).to_numpy(zero_copy_only=False), np.bool_)
