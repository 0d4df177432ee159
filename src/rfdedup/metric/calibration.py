"""From similarities to a threshold: the tail of unrelated pairs, the rate it allows, the recall that is left.

Unrelated pairs are far more than anyone can look at, and only the highest of them matter, so their upper tail is
modelled as a generalised Pareto distribution (peaks over threshold: Pickands 1975; Coles, *An Introduction to
Statistical Modeling of Extreme Values*, 2001, ch. 4). Natural duplicates among the images would look like a heavy
tail. So what reaches ``ceiling``, where true copies lie, is left out, and the likelihood says so: that of a
distribution truncated there. Duplicates that lie below it are taken for unrelated pairs: they raise the threshold, or
make the data unfit for one, and never lower it.

The tail is that of z = artanh(similarity) (Fisher 1915), which has no end at 1: in similarities themselves a tail may
not be straight so near their bound.

Pairs share images and are not independent, so intervals come from resampling images, not pairs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]

MIN_IMAGES = 200
"""With fewer distinct images there are too few pairs to say anything of a tail."""
MIN_PEAKS = 100
MAX_PEAKS = 2000
PEAK_SHARE = 2e-3
"""The share of all pairs that the tail is fitted on, within the two bounds above."""
MAX_REACH = 1e5
"""A rate that is rarer than one pair in this many times the pairs that were seen is no measurement."""
CONFIDENCE = 0.95
_RESAMPLES = 100
_LEAST_REACH = 0.02
"""A tail that begins closer below the ceiling cannot be seen."""
_MOST = 0.999
"""Similarities above it say the same: identical but for rounding."""
SHAPES = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4)
"""Shapes that are tried. A tail that ends, or falls faster than an exponential one, is never assumed, since that would
promise more than was measured; beyond 0.4 similarities below 1 say nothing."""


class UnsupportedError(ValueError):
    """The data cannot support the claim; the message says why, in words for users."""


@dataclass(frozen=True)
class Tail:
    """Upper tail of the similarities of unrelated pairs.

    Attributes:
        start: similarity above which the model holds.
        share: of all pairs, those above ``start``.
        scale, shape: of the generalised Pareto distribution of the exceedances, in z.
    """

    start: float
    share: float
    scale: float
    shape: float

    def rate(self, threshold: float) -> float:
        """Probability that the similarity of two unrelated images exceeds ``threshold`` (at or above ``start``)."""
        return self.share * _survival(max(_z(threshold) - _z(self.start), 0.0), self.scale, self.shape)

    def threshold(self, rate: float) -> float:
        """Similarity that two unrelated images exceed with probability ``rate``; ``start`` if that is not rare."""
        left = self.share / rate
        if left <= 1.0:
            return self.start
        stretch = math.expm1(self.shape * math.log(left)) / self.shape if self.shape else math.log(left)
        # tanh may undo atanh to one bit less
        return max(math.tanh(_z(self.start) + self.scale * stretch), self.start)


@dataclass(frozen=True)
class Calibration:
    """A threshold and how sure it is.

    Attributes:
        threshold: upper end of the interval: at or above it the stated rate holds with ``CONFIDENCE``.
        low: lower end of the two-sided interval of the similarity with exactly that rate.
        tail: the fitted tail.
        rate: false pairs among unrelated pairs that was asked for.
        images, pairs, peaks: that the tail was measured on; pairs above the ceiling were left out.
        left_out: pairs that reached the ceiling.
        highest: highest similarity of an unrelated pair below the ceiling.
    """

    threshold: float
    low: float
    tail: Tail
    rate: float
    images: int
    pairs: int
    peaks: int
    left_out: int
    highest: float


def pair_rate(false_pairs: float, images: int) -> float:
    """Probability of a false pair that leaves ``false_pairs`` wrong pairs per million images in a set of ``images``.

    A set of N images has N(N-1)/2 pairs, so at probability p it has p(N-1)/2 wrong pairs an image: the number
    grows with the size of the set, and a threshold is calibrated for one size.
    """
    return 2.0 * false_pairs / (1e6 * max(images - 1, 1))


def unrelated_pairs(descriptors: npt.NDArray[np.float32], most: int = MAX_PEAKS) -> tuple[Rows, Rows, Floats]:
    """The pairs of rows (n, d) of unit length with the highest similarities, at least ``most`` where there are.

    Memory: a strip of 512 rows. Returns a, b (m,) int64 with a < b, and their similarities (m,) float64.
    """
    n = len(descriptors)
    a, b = np.zeros(0, np.int64), np.zeros(0, np.int64)
    score = np.zeros(0)
    floor = -2.0
    for top in range(0, n, 512):
        product = descriptors[top : top + 512] @ descriptors[top:].T
        i, j = np.nonzero(np.triu(product >= floor, 1))
        a, b = np.concatenate([a, i + top]), np.concatenate([b, j + top])
        score = np.concatenate([score, product[i, j].astype(np.float64)])
        if len(score) > 2 * most:
            # ties stay together, so that the choice does not depend on the order of the rows
            floor = float(np.partition(score, -most)[-most])
            keep = score >= floor
            a, b, score = a[keep], b[keep], score[keep]
    return a.astype(np.int64), b.astype(np.int64), score


def peaks_wanted(images: int) -> int:
    """How many of the highest pairs of so many images belong to the tail."""
    return peaks_of(images * (images - 1) // 2)


def peaks_of(pairs: int) -> int:
    """How many of the highest of so many pairs belong to the tail."""
    return int(np.clip(PEAK_SHARE * pairs, MIN_PEAKS, MAX_PEAKS))


def calibrate(descriptors: npt.NDArray[np.float32], *, rate: float, ceiling: float, seed: int = 0) -> Calibration:
    """The threshold that two unrelated images reach with probability ``rate`` at most.

    Args:
        descriptors: (n, d) float32 rows of unit length, one for each distinct image: known duplicates left out.
        rate: see ``pair_rate``.
        ceiling: pairs at or above it may be duplicates that nobody knows of, and are left out.
        seed: of the resampling.

    Raises:
        UnsupportedError: there are too few images, too many of them alike, or the rate is too small for them.
    """
    n = len(descriptors)
    if n < MIN_IMAGES:
        raise UnsupportedError(f"{n} distinct images; a tail of unrelated pairs needs {MIN_IMAGES}")
    pairs = n * (n - 1) // 2
    if rate * pairs * MAX_REACH < 1:
        raise UnsupportedError(
            f"one false pair in {1 / rate:.1e} cannot be judged from the {pairs:.1e} pairs of {n} images; "
            "use a larger --sample or allow more false pairs"
        )
    wanted = peaks_wanted(n)
    a, b, score = unrelated_pairs(descriptors, 4 * wanted)
    below = score < ceiling
    left_out = int((~below).sum())
    a, b, score = a[below], b[below], score[below]
    if len(score) <= wanted:
        raise UnsupportedError(
            f"more than {left_out} pairs of {n} images are as alike as copies are (at least {ceiling:.2f}): "
            "the set is nearly all duplicates, or shows one scene"
        )
    start = float(np.partition(score, -wanted - 1)[-wanted - 1])
    above = score > start
    a, b, excess = a[above], b[above], np.arctanh(np.minimum(score[above], _MOST)) - _z(start)
    order = np.argsort(excess)
    a, b, excess = a[order], b[order], excess[order]
    if len(excess) < MIN_PEAKS // 2 or ceiling - start < _LEAST_REACH:
        raise UnsupportedError("unrelated images of this set are as alike as copies are")
    limit = _z(ceiling) - _z(start)
    tail = _tail(excess, np.ones(len(excess)), start, limit, pairs, None)
    random = np.random.default_rng(seed)
    reached = []
    for _ in range(_RESAMPLES):
        times = np.bincount(random.integers(0, n, n), minlength=n)
        weights = (times[a] * times[b]).astype(np.float64)
        if weights.sum() > 0:
            reached.append(_tail(excess, weights, start, limit, pairs, tail.shape).threshold(rate))
    low, high = np.quantile(reached, [(1 - CONFIDENCE) / 2, CONFIDENCE])
    threshold = max(float(high), tail.threshold(rate))
    if not threshold < _MOST:
        raise UnsupportedError(
            f"the similarities of unrelated images reach too far: no threshold below {_MOST} keeps one false pair in "
            f"{1 / rate:.1e} with {CONFIDENCE:.0%} confidence"
        )
    return Calibration(
        threshold,
        min(float(low), threshold),
        tail,
        rate,
        n,
        pairs,
        len(excess),
        left_out,
        math.tanh(_z(start) + excess[-1]),
    )


def _z(similarity: float) -> float:
    return math.atanh(min(max(similarity, -_MOST), _MOST))


def _survival(excess: float, scale: float, shape: float) -> float:
    return (1.0 + shape * excess / scale) ** (-1.0 / shape) if shape else math.exp(-excess / scale)


def _tail(excess: Floats, weights: Floats, start: float, limit: float, pairs: int, shape: float | None) -> Tail:
    """Maximum likelihood of exceedances that were only seen below ``limit``, each counted ``weights`` times."""
    total = float(weights.sum())
    mean = float(weights @ excess) / total

    def cost(log_scale: float, shape: float) -> float:
        scale = math.exp(log_scale)
        stretch = (
            float(weights @ np.log1p(shape * excess / scale)) / shape if shape else float(weights @ excess) / scale
        )
        return (1.0 + shape) * stretch + total * (log_scale + math.log(1.0 - _survival(limit, scale, shape)))

    def fitted(shape: float) -> tuple[float, float]:
        middle = math.log(mean)
        if not shape:
            scale = _exponential_scale(mean, limit)
            return cost(math.log(scale), shape), scale
        from scipy.optimize import minimize_scalar

        best = minimize_scalar(cost, bounds=(middle - 2, middle + 2), args=(shape,), method="bounded")
        return float(best.fun), math.exp(float(best.x))

    if shape is None:
        shape = min(SHAPES, key=lambda one: fitted(one)[0])
    scale = fitted(shape)[1]
    # pairs that the ceiling hid belong to the tail as well
    share = total / (1.0 - _survival(limit, scale, shape)) / pairs
    return Tail(start, min(share, 1.0), scale, shape)


def _exponential_scale(mean: float, limit: float) -> float:
    """The scale of an exponential distribution that has this ``mean`` below ``limit``, up to e² times it.

    It solves ``mean = scale - limit / (exp(limit / scale) - 1)``, whose right side grows with the scale.
    """
    low, high = mean, mean * math.exp(2.0)
    while high - low > 1e-9 * mean:
        middle = (low + high) / 2
        if middle - limit / math.expm1(limit / middle) < mean:
            low = middle
        else:
            high = middle
    return high


@dataclass(frozen=True)
class Estimate:
    """A threshold told by the plainest tail; ``images`` and ``pairs`` that it rests on."""

    threshold: float
    images: int
    pairs: int


def estimate(parts: Sequence[tuple[int, Floats]], *, rate: float, ceiling: float) -> Estimate:
    """The threshold that two unrelated images reach with probability ``rate``, if their tail is exponential.

    For a transform that puts unrelated images around zero. Steadier than ``calibrate``, which must tell the shape of
    the tail from a hundred pairs as well; it promises less: no confidence, and nothing of a heavier tail.

    Args:
        parts: distinct images, and the highest similarities of pairs among them (``unrelated_pairs``), of samples
            that are not compared with each other.
        rate: see ``pair_rate``.
        ceiling: see ``calibrate``.

    Raises:
        UnsupportedError: there are too few images, too many of them alike, or the rate is too small for them.
    """
    images = sum(n for n, _ in parts)
    if images < MIN_IMAGES:
        raise UnsupportedError(f"{images} distinct images; a tail of unrelated pairs needs {MIN_IMAGES}")
    pairs = sum(n * (n - 1) // 2 for n, _ in parts)
    if rate * pairs * MAX_REACH < 1:
        raise UnsupportedError(
            f"one false pair in {1 / rate:.1e} cannot be judged from the {pairs:.1e} pairs of {images} images"
        )
    score = np.sort(np.concatenate([one for _, one in parts]))[::-1]
    score = score[score < ceiling]
    wanted = peaks_of(pairs)
    if len(score) <= wanted or ceiling - score[wanted] < _LEAST_REACH:
        raise UnsupportedError("unrelated images of this set are as alike as copies are")
    start = float(score[wanted])
    excess = np.arctanh(score[:wanted]) - _z(start)
    tail = _tail(excess, np.ones(wanted), start, _z(ceiling) - _z(start), pairs, 0.0)
    return Estimate(min(tail.threshold(rate), _MOST), images, pairs)


@dataclass(frozen=True)
class Recall:
    """Copies found at a threshold, with the Wilson interval of the share at ``CONFIDENCE``."""

    found: int
    total: int

    @property
    def value(self) -> float:
        return self.found / self.total

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.found, self.total)


def recall_at(threshold: float, scores: npt.ArrayLike) -> Recall:
    """Copies whose similarity to their original reaches the threshold. Bounds are inclusive, as in a run."""
    values = np.asarray(scores, np.float64)
    return Recall(int((values >= threshold).sum()), values.size)


def wilson(hits: int, total: int) -> tuple[float, float]:
    """Score interval of a share at ``CONFIDENCE`` (Wilson 1927); (0, 1) of nothing."""
    if total == 0:
        return 0.0, 1.0
    z = 1.959963984540054
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    low = 0.0 if hits == 0 else middle - half
    high = 1.0 if hits == total else middle + half
    return max(low, 0.0), min(high, 1.0)
