"""Rank: which of several copies of one picture deserves to stay. Lower is better; no two images tie."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.config import KeepConfig
from rfdedup.linking import Links, thumb_rms

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

DETAIL_HELD = 0.7
"""An image with less than this share of the detail of its most detailed near-duplicate is a reduced copy."""
DETAIL_GAINED = 1.25
"""A larger image that has not this much more detail than a smaller near-duplicate was enlarged from it."""
DENSITY_HELD = 0.9
"""And it uses less than this share of the smaller one's frequency range."""
SIDE_HELD = 0.93
"""One that shows less than this share of the side of its largest near-duplicate is a crop or a reduction."""
SAME_DENSITY = 0.95
"""Share of the detail a pixel from which on two copies count as equally dense."""
TYPICAL_HELD = 0.93
"""One that resembles its near-duplicates less than this share of what the most typical does was marked or changed."""
COLOUR_HELD = 0.3
"""One with less than this share of the colour of its most colourful near-duplicate was turned grey."""
ALIKE_LEVELS = 32.0
"""Distance of thumbnails, in levels, at which two near-duplicates no longer speak for each other."""
GOOD_JPEG = 70.0
"""Quality from which on quantisation does not show; a copy saved better than its original is not the better one."""
WHOLE_CONTENT = 0.985
"""Share of the side that lies inside borders; below, somebody added a border."""


def rank(
    features: pa.Table,
    keep: KeepConfig,
    links: Links,
    thumbs: Callable[[Rows], npt.NDArray[np.uint8]],
    *,
    first: Rows,
) -> Rows:
    """Place of each image when all are ordered from best to worst.

    Protected images come first, then preferred ones. Then, by ``keep.rule``, ``best`` puts the likely original before
    its copies: see ``_original_first``; the other rules put their own measure before that. The path decides last.

    Args:
        features: rows in canonical path order, columns of ``records.FEATURES``.
        keep: rule and globs.
        links: what is held for near-duplicates so far; an image is judged beside those that it links to.
        thumbs: gives thumbnails of some rows, (n, bytes) uint8.
        first: rows that outrank all that are neither protected nor preferred: those that every tier compared. The
            others have fewer links to be judged by, and a king already.

    Returns:
        (n,) int64, a permutation of 0..n-1.
    """
    paths = features["path"].to_pylist()
    behind = np.ones(features.num_rows, np.bool_)
    behind[first] = False
    keys: list[npt.NDArray[np.generic]] = [~matches(paths, keep.protect), ~matches(paths, keep.prefer), behind]
    age = features["mtime_ns"].to_numpy().astype(np.float64)
    rule_keys: dict[str, list[Floats]] = {
        "best": [],
        "largest": [-_column(features, "width") * _column(features, "height")],
        "sharpest": [-_column(features, "sharpness")],
        "oldest": [age],
        "newest": [-age],
    }
    if keep.rule != "first":
        keys += [*rule_keys[keep.rule], *_original_first(features, age, links, thumbs)]
    # numpy's lexsort takes the most important key last; rows are in path order, so a stable sort ends with the path
    order = np.lexsort(keys[::-1]) if keys else np.arange(features.num_rows)
    place = np.empty(features.num_rows, np.int64)
    place[order] = np.arange(features.num_rows)
    return place


def matches(paths: Sequence[str], globs: Sequence[str]) -> Mask:
    """Which relative paths match one of the globs (``*`` crosses folders), (n,) bool."""
    if not globs:
        return np.zeros(len(paths), np.bool_)
    return np.array([any(fnmatchcase(path, glob) for glob in globs) for path in paths], np.bool_)


def _original_first(
    features: pa.Table, age: Floats, links: Links, thumbs: Callable[[Rows], npt.NDArray[np.uint8]]
) -> list[npt.NDArray[np.generic]]:
    """Keys of the ``best`` rule, most important first.

    Most are coarse, so that the noise of a measurement does not decide: an image either holds what its
    near-duplicates hold or it does not. Among copies that were brightened, marked or framed, the original is the one
    that all others resemble. Saved again at a higher quality, a copy has more bytes and no more picture; hence age
    comes before bytes.
    """
    detail, content = _column(features, "detail"), _column(features, "content", missing=1.0)
    side = np.sqrt(_column(features, "width") * _column(features, "height"))
    shown = side * content
    typical = _typicality(features.num_rows, links, thumbs)
    return [
        _enlarged(detail, shown, links),
        _lacking(typical, links, TYPICAL_HELD),
        _lacking(detail, links, DETAIL_HELD),
        -np.minimum(_column(features, "jpeg_quality", missing=100.0), GOOD_JPEG),
        -np.round(typical, 1),
        _lacking(_column(features, "colorfulness"), links, COLOUR_HELD),
        content < WHOLE_CONTENT,
        _cropped(detail, shown, links),
        age,
        -_column(features, "bytes"),
    ]


def _lacking(values: Floats, links: Links, held: float) -> Mask:
    """Which images have less than a share of what the best of their near-duplicates has, (n,) bool."""
    best = values.copy()
    np.maximum.at(best, links.a, values[links.b])
    np.maximum.at(best, links.b, values[links.a])
    return values < held * best


def _enlarged(detail: Floats, shown: Floats, links: Links) -> Mask:
    """Which images have more pixels than one of their near-duplicates, thinner spread and hardly more detail.

    A crop has as much detail a pixel as its original, and a reduction is beaten in detail by its original.
    """
    enlarged = np.zeros(len(detail), np.bool_)
    density = detail / np.maximum(shown, 1.0)
    for large, small in ((links.a, links.b), (links.b, links.a)):
        bigger = shown[small] < SIDE_HELD * shown[large]
        thinner = density[large] < DENSITY_HELD * density[small]
        enlarged[large[bigger & thinner & (detail[large] < DETAIL_GAINED * detail[small])]] = True
    return enlarged


def _cropped(detail: Floats, shown: Floats, links: Links) -> Mask:
    """Which images show less than one of their near-duplicates that has as much detail a pixel, (n,) bool."""
    cropped = np.zeros(len(detail), np.bool_)
    density = detail / np.maximum(shown, 1.0)
    for small, large in ((links.a, links.b), (links.b, links.a)):
        smaller = shown[small] < SIDE_HELD * shown[large]
        cropped[small[smaller & (density[large] > SAME_DENSITY * density[small])]] = True
    return cropped


def _typicality(n: int, links: Links, thumbs: Callable[[Rows], npt.NDArray[np.uint8]]) -> Floats:
    """How much the near-duplicates of each image resemble it, (n,) float64.

    Every link counts 1 less the distance of the thumbnails over ``ALIKE_LEVELS``, at least 0. Two images that only
    link to each other are equally typical.
    """
    if not len(links):
        return np.zeros(n)
    used = np.unique(np.concatenate([links.a, links.b]))
    apart = thumb_rms(thumbs(used), np.searchsorted(used, links.a), np.searchsorted(used, links.b))
    alike = np.maximum(1.0 - apart / ALIKE_LEVELS, 0.0)
    total = np.bincount(links.a, alike, n) + np.bincount(links.b, alike, n)
    return np.asarray(total, np.float64)


def _column(features: pa.Table, name: str, missing: float = 0.0) -> Floats:
    return np.asarray(features[name].cast(pa.float64()).fill_null(missing).to_numpy(), np.float64)
