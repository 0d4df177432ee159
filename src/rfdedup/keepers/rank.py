"""Rank: which of several copies of one picture deserves to stay. Lower is better; no two images tie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.keepers.globs import matches
from rfdedup.keepers.originals import facts_of, name_marks
from rfdedup.keepers.precedence import classes, demoted, gathered, placed
from rfdedup.model.config import KeepConfig
from rfdedup.model.links import Links
from rfdedup.neighbors.thumbnails import thumb_rms

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Pairs = tuple[Rows, Rows]
"""Rows, and the row beside each of them."""

SAME_SIDE = 0.93
"""Sides whose ratio is nearer to 1 than this are the same size."""
ENLARGED_SIDE = 1.12
"""Ratio of sides from which on one of two copies may be an enlargement."""
FINER = 0.75
"""Fineness that a copy enlarged twofold loses: 0.97 and more in nine of ten, its reduction differs by 0.38 at most."""
CERTAINTY = 6.0
"""Log-odds that one unit of fineness beyond that is worth. Both were set on copies planted in three ways."""
GOOD_JPEG = 70.0
"""Quality from which on quantisation does not show; a copy saved better than its original is not the better one."""
COLOUR_HELD = 0.3
"""An image with less than this share of the colour of its near-duplicate was turned grey."""
WHOLE_CONTENT = 0.985
"""Share of the side that lies inside borders; below, somebody added a border."""
TYPICAL_LEVELS = 2.0
"""Difference in grey levels, of the distances to other near-duplicates, that makes one of two images atypical."""
OWN_INTERPOLATION = 3000
"""Longer side in pixels above which softness at full size says nothing: cameras interpolate colours themselves."""
LEAST_TELLING = 40.0
"""JPEG quality below which compression, not enlarging, may have taken the fineness."""
NEWER = 2.0
"""Log-odds that a later time of change adds: an enlarged copy is made after its original."""
_THUMBS = 1 << 18
"""Most thumbnails in memory at a time, 200 MB; links between more images are gone through in parts of half of it."""
VOTES = {"squeezed": 2.0, "grey": 3.0, "framed": 1.5, "atypical": 1.5, "older": 0.5, "named": 2.0}
"""Most that each kind of evidence can say for one of two images of a size, in log-odds."""
_OF_PIXELS = ("width", "height", "dhash", "phash", "brightness", "contrast", "sharpness", "entropy", "colorfulness")
_MIX = np.uint64(0x9E3779B97F4A7C15)
_NO_PAIRS: Pairs = (np.empty(0, np.int64), np.empty(0, np.int64))


def rank(
    features: pa.Table,
    keep: KeepConfig,
    links: Links,
    thumbs: Callable[[Rows], npt.NDArray[np.uint8]],
    *,
    first: Rows,
    companions: Rows | None = None,
    labelled: Mask | None = None,
    worse_than: Pairs | None = None,
    turned: Pairs | None = None,
) -> Rows:
    """Place of each image when all are ordered from best to worst.

    Protected images come first, then preferred ones. Then, by ``keep.rule``, ``best`` puts the likely original before
    its copies: see ``_original_first``; the other rules put their own measure before that. Images of the same pixels
    stand together, and among them the one whose file says most comes first, then the plainest name, whatever the time:
    pixels tell nothing of them. The path decides last.

    Args:
        features: rows in canonical path order, columns of ``schemas.FEATURES``.
        keep: rule and globs.
        links: what is held for near-duplicates so far; an image is judged beside those that it links to.
        thumbs: gives thumbnails of some rows, (n, bytes) uint8.
        first: rows that outrank all that are neither protected nor preferred: those that every tier compared. The
            others have fewer links to be judged by, and a king already.
        companions: (n,) how many files beside each image belong to it.
        labelled: (n,) whether there are labels for it: these come first, as far as the rule has no say.
        worse_than: rows that are better, and the worse one beside each, as comparing the pictures showed: the whole and
            its crop, a picture and the same with something laid over it. Contradictions are left out.
        turned: rows that show one picture, mirrored or turned against each other. Where files or names tell which is
            upright, that one is better.

    Returns:
        (n,) int64, a permutation of 0..n-1.
    """
    behind = np.ones(features.num_rows, np.bool_)
    behind[first] = False
    keys: list[npt.NDArray[np.generic]] = [~matches(features, keep.protect), ~matches(features, keep.prefer), behind]
    age = features["mtime_ns"].to_numpy().astype(np.float64)
    rule_keys: dict[str, list[Floats]] = {
        "best": [],
        "largest": [-_column(features, "width") * _column(features, "height")],
        "sharpest": [-_column(features, "sharpness")],
        "oldest": [age],
        "newest": [-age],
    }
    # numpy's lexsort takes the most important key last; rows are in path order, so a stable sort ends with the path
    if keep.rule == "first":
        return placed(np.lexsort(keys[::-1]))
    marks = name_marks(features["path"])
    keys += rule_keys[keep.rule]
    if labelled is not None:
        keys.append(~labelled)
    order = np.lexsort([*keys, *_original_first(features, age, marks, links, thumbs)][::-1])
    group = classes(order, keys)
    told = facts_of(_column(features, "metadata").astype(np.int64)) + (0 if companions is None else companions)
    place = gathered(placed(order), _same_pixels(features, group), [-told, marks])
    pairs = _upright_first(features, told, marks, turned)
    better, worse = (np.concatenate(ends) for ends in zip(pairs, worse_than or _NO_PAIRS, strict=True))
    alike = group[better] == group[worse]
    return demoted(place, better[alike], worse[alike])


def _same_pixels(features: pa.Table, group: Rows) -> Rows:
    """A number that images of one group share where all that is measured on their pixels agrees to the last bit."""
    key = group.astype(np.uint64)
    for name in _OF_PIXELS:
        column = features[name]
        bits = column.cast(pa.float64()) if not pa.types.is_uint64(column.type) else column
        key = (key ^ bits.fill_null(0).to_numpy().view(np.uint64)) * _MIX
        key ^= key >> np.uint64(29)
    # what was not measured is like nothing else
    unknown = features["dhash"].is_null().to_numpy()
    key[unknown] = np.flatnonzero(unknown)
    return key.view(np.int64)


def _upright_first(features: pa.Table, told: Rows, marks: Rows, turned: Pairs | None) -> Pairs:
    """Of images turned or mirrored against each other, those of which something tells that they are upright, and the
    other ones: an orientation tag, which cameras write and turning removes, more that the file says, a plainer name."""
    if turned is None:
        return _NO_PAIRS
    a, b = turned
    said = _column(features, "orientation") > 0
    leads = np.zeros(len(a), np.int64)
    for for_a, for_b in ((said[a], said[b]), (told[a], told[b]), (-marks[a], -marks[b])):
        leads = np.where(leads == 0, np.sign(for_a.astype(np.int64) - for_b), leads)
    known = leads != 0
    return np.where(leads > 0, a, b)[known], np.where(leads > 0, b, a)[known]


def _original_first(
    features: pa.Table, age: Floats, marks: Rows, links: Links, thumbs: Callable[[Rows], npt.NDArray[np.uint8]]
) -> list[npt.NDArray[np.generic]]:
    """Keys of the ``best`` rule, most important first: not enlarged, not reduced, the votes of all near-duplicates,
    age, marks in the name, bytes.

    Saved again at a higher quality, a copy has more bytes and no more picture; hence age comes before bytes.
    """
    enlarged, reduced = _resized(features, age, links)
    votes = np.round(_votes(features, age, marks, links, thumbs), 1)
    return [enlarged, reduced, -votes, age, marks, -_column(features, "bytes")]


def in_doubt(features: pa.Table, links: Links) -> Rows:
    """Rows that must be measured at full size before ``rank`` can tell which of two linked images was enlarged."""
    sizes = _Sizes.of(features)
    gain = sizes.gain(links.a, links.b)
    large, small = np.where(gain > 0, links.a, links.b), np.where(gain > 0, links.b, links.a)
    unsure = (np.abs(gain) > np.log(ENLARGED_SIDE)) & ~sizes.comparable(large, small)
    unsure &= sizes.longer[large] <= OWN_INTERPOLATION
    found: Rows = np.unique(np.concatenate([large[unsure], small[unsure]]))
    return np.asarray(found[sizes.reduced[found]], np.int64)


@dataclass(frozen=True)
class _Sizes:
    """Sizes of n images; sides in logarithms.

    Attributes:
        side: of the picture. shown: of what lies inside its borders.
        reduction: how much smaller the picture was when fineness was measured.
        longer: longer side in pixels.
    """

    side: Floats
    shown: Floats
    reduction: Floats
    longer: Floats

    @classmethod
    def of(cls, features: pa.Table) -> _Sizes:
        width, height = (np.maximum(_column(features, name), 1.0) for name in ("width", "height"))
        longer = np.maximum(width, height)
        seen = np.minimum(_column(features, "seen"), longer)
        side = np.log(width * height) / 2
        shown = side + np.log(np.maximum(_column(features, "content", missing=1.0), 1e-3))
        return cls(side, shown, np.log(longer / np.where(seen > 0, seen, longer)), longer)

    @property
    def reduced(self) -> Mask:
        return self.reduction > 0

    def gain(self, one: Rows, other: Rows) -> Floats:
        """How much larger ``one`` is; 0 where pictures and what they show disagree, as a border makes them."""
        side, shown = self.side[one] - self.side[other], self.shown[one] - self.shown[other]
        agreed = np.sign(side) == np.sign(shown)
        return np.where(agreed, np.sign(side) * np.minimum(np.abs(side), np.abs(shown)), 0.0)

    def seen_gain(self, large: Rows, small: Rows) -> Floats:
        """The same as far as it was seen, for a smaller picture that was seen whole."""
        return np.asarray(self.gain(large, small) - self.reduction[large], np.float64)

    def comparable(self, large: Rows, small: Rows) -> Mask:
        """Whether an enlargement would show: the larger is still larger as it was seen, the smaller seen whole."""
        return np.asarray(~self.reduced[small] & (self.seen_gain(large, small) > np.log(ENLARGED_SIDE)), np.bool_)


def _resized(features: pa.Table, age: Floats, links: Links) -> tuple[Mask, Mask]:
    """Which images seem enlarged from a near-duplicate, and which show less than one that is not; (n,) bool each."""
    sizes, fineness = _Sizes.of(features), _column(features, "fineness")
    quality = _column(features, "jpeg_quality", missing=100.0)
    n = features.num_rows
    enlarged, reduced = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    gain = sizes.gain(links.a, links.b)
    large, small = np.where(gain > 0, links.a, links.b), np.where(gain > 0, links.b, links.a)
    lost = fineness[small] - fineness[large] - FINER * sizes.seen_gain(large, small) / np.log(2)
    odds = CERTAINTY * lost + NEWER * np.sign(age[large] - age[small])
    telling = sizes.comparable(large, small) & (quality[large] >= LEAST_TELLING)
    enlarged[large[telling & (odds > 0)]] = True
    smaller = (np.abs(gain) > -np.log(SAME_SIDE)) & ~enlarged[large]
    reduced[small[smaller]] = True
    return enlarged, reduced


def _votes(
    features: pa.Table, age: Floats, marks: Rows, links: Links, thumbs: Callable[[Rows], npt.NDArray[np.uint8]]
) -> Floats:
    """Sum over the links of each image of the log-odds that it, not the other end, is the original; (n,) float64.

    No single measurement decides, because each is wrong now and then.
    """
    n = features.num_rows
    if not len(links):
        return np.zeros(n)
    a, b = links.a, links.b
    content = _column(features, "content", missing=1.0)
    quality = np.minimum(_column(features, "jpeg_quality", missing=100.0), GOOD_JPEG)
    colour = _column(features, "colorfulness")
    framed = content < WHOLE_CONTENT
    typical = _median_distance(n, links, thumbs)
    # each line is antisymmetric: what speaks for a speaks against b
    votes = (
        VOTES["squeezed"] * np.clip((quality[a] - quality[b]) / 20.0, -1, 1)
        + VOTES["grey"] * (1.0 * (colour[b] < COLOUR_HELD * colour[a]) - (colour[a] < COLOUR_HELD * colour[b]))
        + VOTES["framed"] * (1.0 * framed[b] - framed[a])
        + VOTES["atypical"] * np.clip((typical[b] - typical[a]) / TYPICAL_LEVELS, -1, 1)
        + VOTES["older"] * np.sign(age[b] - age[a])
        # who saves a copy under another name keeps the time now and then, and else the time tells
        + VOTES["named"] * np.where(age[a] == age[b], np.sign(marks[b] - marks[a]), 0)
    )
    return np.asarray(np.bincount(a, votes, n) - np.bincount(b, votes, n), np.float64)


def _median_distance(n: int, links: Links, thumbs: Callable[[Rows], npt.NDArray[np.uint8]]) -> Floats:
    """Median distance in levels of the thumbnail of each image to those of its near-duplicates, (n,) float64.

    Among copies that were brightened, marked or framed, the original is the one that all others resemble.
    """
    ends = np.concatenate([links.a, links.b])
    count = np.bincount(ends, minlength=n)
    used = np.flatnonzero(count)
    apart = np.empty(len(links), np.float32)
    step = max(len(links), 1) if len(used) <= _THUMBS else _THUMBS // 4
    place = np.empty(n, np.int64)
    for begin in range(0, len(links), step):
        a, b = links.a[begin : begin + step], links.b[begin : begin + step]
        seen = np.zeros(n, np.bool_)
        seen[a], seen[b] = True, True
        some = np.flatnonzero(seen)
        place[some] = np.arange(len(some))
        apart[begin : begin + step] = thumb_rms(thumbs(some), place[a], place[b])
    # a distance is not negative, so its bits are ordered as it is, and one sort of integers does for both keys
    key = ends.astype(np.uint64) << np.uint64(32) | np.tile(apart, 2).view(np.uint32)
    distance = np.sort(key).astype(np.uint32).view(np.float32).astype(np.float64)
    last = np.cumsum(count)[used] - 1
    middle = 2 * last - count[used] + 1
    median = np.zeros(n)
    median[used] = (distance[middle // 2] + distance[(middle + 1) // 2]) / 2
    return median


def _column(features: pa.Table, name: str, missing: float = 0.0) -> Floats:
    return np.asarray(features[name].cast(pa.float64()).fill_null(missing).to_numpy(), np.float64)
