"""Rank: which of several copies of one picture deserves to stay. Lower is better; no two images tie."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.config import KeepConfig

Floats = npt.NDArray[np.float64]


def rank(features: pa.Table, keep: KeepConfig) -> npt.NDArray[np.int64]:
    """Place of each image when all are ordered from best to worst.

    Protected images come first, then preferred ones. Then, by ``keep.rule``, ``best`` puts the likely original before
    its copies: see ``_original_first``; the other rules put their own measure before that. The path decides last.

    Args:
        features: rows in canonical path order, columns of ``records.FEATURES``.
        keep: rule and globs.

    Returns:
        (n,) int64, a permutation of 0..n-1.
    """
    paths = features["path"].to_pylist()
    keys: list[npt.NDArray[np.generic]] = [~matches(paths, keep.protect), ~matches(paths, keep.prefer)]
    area = _column(features, "width") * _column(features, "height")
    age = features["mtime_ns"].to_numpy().astype(np.float64)
    rule_keys: dict[str, list[Floats]] = {
        "best": [],
        "largest": [-area],
        "sharpest": [-_column(features, "sharpness")],
        "oldest": [age],
        "newest": [-age],
    }
    if keep.rule != "first":
        keys += [*rule_keys[keep.rule], *_original_first(features, area)]
    # numpy's lexsort takes the most important key last; rows are in path order, so a stable sort ends with the path
    order = np.lexsort(keys[::-1]) if keys else np.arange(features.num_rows)
    place = np.empty(features.num_rows, np.int64)
    place[order] = np.arange(features.num_rows)
    return place


def matches(paths: Sequence[str], globs: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Which relative paths match one of the globs (``*`` crosses folders), (n,) bool."""
    if not globs:
        return np.zeros(len(paths), np.bool_)
    return np.array([any(fnmatchcase(path, glob) for glob in globs) for path in paths], np.bool_)


def _original_first(features: pa.Table, area: Floats) -> list[Floats]:
    """Keys of the ``best`` rule, most important first.

    ``detail`` tells how much true structure a picture holds: enlarging adds pixels but none of it. Colour precedes
    compression because a grey copy has lost more than a recompressed one.
    """
    quality = _column(features, "jpeg_quality", missing=100.0)
    return [
        -np.round(_column(features, "detail"), 2),
        -area,
        -quality,
        -_column(features, "bytes"),
        features["mtime_ns"].to_numpy().astype(np.float64),
    ]


def _column(features: pa.Table, name: str, missing: float = 0.0) -> Floats:
    return np.asarray(features[name].cast(pa.float64()).fill_null(missing).to_numpy(), np.float64)
