"""The arithmetic of a forecast: from what a sample showed to what all files will. Pure functions over numbers.

Time is a start-up cost plus a pace, so that a sample of seconds says something of a run of hours. Duplicates are the
hard part: a sample of one file in a hundred sees one pair of copies in ten thousand. Each sampled file has a number of
mates among all files and shows those of them that were sampled too; ``mates`` finds the distribution of the first that
explains the second best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

LEAST_SPREAD = 0.15
"""Half width, as a share, of the range of a time however steady the sample was: machines do other things too."""
_SMALL_SIZES = 9
_SIZES_A_DOUBLING = 3
_ROUNDS = 3000
_WARM = 0.15
"""Share of a stage that may pass before its pace is taken: workers start one after the other."""


@dataclass(frozen=True)
class Range:
    """A forecast: between ``low`` and ``high``, ``likely`` the best guess."""

    low: float
    likely: float
    high: float

    @classmethod
    def of(cls, *values: float) -> Range:
        """The range of three guesses, of which the middle one is likely."""
        low, likely, high = sorted(values)
        return cls(low, likely, high)

    @classmethod
    def exactly(cls, value: float) -> Range:
        return cls(value, value, value)

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.likely + other.likely, self.high + other.high)

    def scaled(self, factor: float) -> Range:
        """All three multiplied by a factor that is not negative."""
        return Range(self.low * factor, self.likely * factor, self.high * factor)

    def widened(self, share: float) -> Range:
        """Low and high moved apart by a share of themselves."""
        return Range(self.low * (1 - share), self.likely, self.high * (1 + share))

    def at_most(self, most: float) -> Range:
        return Range(min(self.low, most), min(self.likely, most), min(self.high, most))

    def as_dict(self, digits: int | None = None) -> dict[str, float | int]:
        """Plain values; whole numbers without ``digits``."""
        return {name: round(getattr(self, name), digits) for name in ("low", "likely", "high")}


@dataclass(frozen=True)
class Pace:
    """Seconds of a stage: ``startup``, and ``each`` for an image. ``unsteady`` is how far its halves disagree."""

    startup: float
    each: float
    unsteady: float = 0.0

    def seconds(self, images: Range) -> Range:
        """Time for so many images; a stage without images takes none."""
        times = [self.startup + self.each * n if n > 0 else 0.0 for n in (images.low, images.likely, images.high)]
        return Range.of(*times).widened(max(self.unsteady, LEAST_SPREAD))


def pace(began: float, ended: float, advances: Sequence[tuple[float, int]]) -> Pace:
    """Split the seconds of a stage into start-up and pace.

    Args:
        began, ended: seconds on one clock.
        advances: when so many more images were done, in order.

    Returns:
        The pace from the moment when ``_WARM`` of the images were done; what it does not explain is start-up. A stage
        without images has none, one with a single advance no start-up.
    """
    total = sum(count for _, count in advances)
    if total == 0:
        return Pace(ended - began, 0.0)
    done = np.cumsum([count for _, count in advances])
    first = int(np.searchsorted(done, _WARM * total))
    left = total - int(done[first])
    if left == 0:
        return Pace(0.0, (ended - began) / total)
    each = (advances[-1][0] - advances[first][0]) / left
    middle = int(np.searchsorted(done, (done[first] + total) / 2))
    unsteady = 0.0
    if first < middle < len(done) - 1 and each > 0:
        before = (advances[middle][0] - advances[first][0]) / int(done[middle] - done[first])
        unsteady = abs(before / each - 1)
    return Pace(max(ended - began - each * total, 0.0), each, min(unsteady, 0.5))


@dataclass(frozen=True)
class CopyCounts:
    """How many mates a file has among all files: ``weights`` (S,) over ``sizes`` (S,), sizes[0] == 0."""

    sizes: Counts
    weights: Floats
    share: float

    def given(self, seen: Counts) -> Floats:
        """Distribution over ``sizes`` for files that showed ``seen`` (n,) mates in the sample, (n, S)."""
        each = self.weights * _likelihood(seen, self.sizes, self.share)
        total = each.sum(axis=1, keepdims=True)
        # more mates than the widest size explains: they have that many
        each[total[:, 0] == 0, -1] = 1.0
        return np.asarray(each / np.where(total == 0, 1.0, total))


def copy_counts(seen: Counts, share: float, most: int) -> CopyCounts:
    """The distribution of mates that best explains how many of each file's were sampled, by maximum likelihood.

    Args:
        seen: (n,) mates of each sampled file in the sample.
        share: of all files that is in the sample, above 0, at most 1.
        most: mates that a file can have.
    """
    # so many more than the most that was seen are all but excluded
    reach = min(most, math.ceil((int(seen.max(initial=0)) + 4) / share))
    small = np.arange(min(_SMALL_SIZES, reach + 1))
    doublings = max(math.log2(max(reach, 1) / _SMALL_SIZES), 0.0)
    wide = _SMALL_SIZES * 2.0 ** np.linspace(0, doublings, 1 + math.ceil(doublings * _SIZES_A_DOUBLING))
    sizes = np.unique(np.concatenate([small, np.minimum(np.ceil(wide), reach).astype(np.int64)]))
    values, counts = np.unique(seen, return_counts=True)
    likelihood = _likelihood(values, sizes, share)
    weights = 1.0 / (1.0 + sizes)
    weights /= weights.sum()
    # expectation maximisation for the weights of a mixture with known parts; the likelihood has one maximum
    for _ in range(_ROUNDS):
        each = likelihood * weights
        total = each.sum(axis=1, keepdims=True)
        weights = (counts[:, None] * each / np.where(total > 0, total, 1.0)).sum(axis=0)
        weights /= max(weights.sum(), 1e-300)
    return CopyCounts(sizes, weights, share)


def _likelihood(seen: Counts, sizes: Counts, share: float) -> Floats:
    """Probability that of ``sizes`` (S,) mates ``seen`` (n,) are in a sample of that share, (n, S)."""
    # the binomial distribution; scipy.stats has it and takes a second to load
    from scipy.special import gammaln, xlog1py, xlogy

    k, n = seen[:, None].astype(np.float64), sizes[None, :].astype(np.float64)
    possible = k <= n
    rest = np.where(possible, n - k, 0.0)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(rest + 1)
    return np.where(possible, np.exp(ways + xlogy(k, share) + xlog1py(rest, -share)), 0.0)


def distinct_share(alike: Counts, seen: Counts, share: float, most: int) -> Range:
    """Which part of all files is left when of each group of mates one stays.

    Args:
        alike: (n,) files with the very bytes of each sampled one, itself among them: known for all files.
        seen: (n,) other mates of each in the sample. share, most: as for ``mates``.

    Returns:
        Low: every file has as many mates as the average. High: only those have that showed them.
    """
    if not alike.size:
        return Range.exactly(1.0)
    found = copy_counts(seen, share, most)
    likely = float((found.given(seen) / (alike[:, None] + found.sizes[None, :])).sum(axis=1).mean())
    if share >= 1:
        return Range.exactly(likely)
    even = float((1.0 / (alike + _most_mates(seen, share))).mean())
    clumped = float((1.0 / (alike + seen / share)).mean())
    return Range.of(min(even, likely), likely, max(clumped, likely))


def touched_share(seen: Counts, share: float, most: int) -> Range:
    """Which part of all files has at least one mate; arguments as for ``mates``."""
    if not seen.size:
        return Range.exactly(0.0)
    likely = 1.0 - float(copy_counts(seen, share, most).given(seen)[:, 0].mean())
    if share >= 1:
        return Range.exactly(likely)
    most_touched = 1.0 - math.exp(-_most_mates(seen, share))
    return Range.of(min(float((seen > 0).mean()), likely), likely, max(most_touched, likely))


def _most_mates(seen: Counts, share: float) -> float:
    """The mean number of mates among all files that ``seen`` pairs in the sample leave possible, 19 times in 20."""
    pairs = float(seen.sum()) / 2
    # of a Poisson number: two standard deviations above, and three where none was seen
    return 2 * max(pairs + 2 * math.sqrt(pairs), 3.0) / seen.size / share


@dataclass(frozen=True)
class JoinCost:
    """Seconds to compare n descriptors: ``each * n + pair * n * n``."""

    each: float
    pair: float

    @classmethod
    def fitted(cls, first: tuple[int, float], second: tuple[int, float]) -> JoinCost:
        """From two measurements (n, seconds) of different sizes."""
        (n, s), (m, t) = first, second
        pair = max((t / m - s / n) / (m - n), 0.0)
        return cls(max(t / m - pair * m, 0.0), pair)

    def seconds(self, n: float) -> float:
        return self.each * n + self.pair * n * n


def size_mismatch(sampled: Sequence[int], all_of_them: Sequence[int]) -> float:
    """How far the mean size of the sampled files is from that of all, as a share."""
    mean = sum(all_of_them) / max(len(all_of_them), 1)
    return abs(sum(sampled) / max(len(sampled), 1) / mean - 1) if mean > 0 else 0.0


def plain(ranges: dict[str, Range], digits: int | None = None) -> dict[str, Any]:
    """Ranges by name as plain values for JSON."""
    return {name: one.as_dict(digits) for name, one in ranges.items()}
