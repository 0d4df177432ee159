"""Samples of more than 8 bits to 8: by what the file says of them, else by the range that they use.

Sensors of 10, 12 and 14 bits are stored in files of 16, depth in millimetres, X-rays in Hounsfield units. The high byte
of such a picture is black. Equal samples give equal levels, whatever type and file they come from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from rfdedup.imaging.arrays import U8

Samples = np.ndarray[Any, np.dtype[Any]]

_LOOKED_AT: Final = 1_000_000
"""Samples, evenly spread, by which a range is found."""
_OUTLIERS: Final = 1e-4
"""Share of samples beyond a range on either side: defective and glinting pixels."""
_NARROW: Final = 16
"""A range is stretched that covers less than one in so many levels: of 256 it would leave fewer than these."""
_NOISE: Final = 64.0
"""Whole numbers that vary by less are noise, which is not stretched."""
_FAINTEST: Final = 1024
"""Floating samples that vary by less than one in so many of the range are noise as well."""


@dataclass(frozen=True)
class SampleRange:
    """What a file says of its samples: ``low`` is black, ``high`` is white; ``nothing`` is no sample at all."""

    low: float = 0.0
    high: float | None = None
    nothing: float | None = None
    inverted: bool = False


def to_8bit(samples: Samples, said: SampleRange = SampleRange()) -> U8:
    """Samples of integers or floats, any shape, as 8-bit levels of the same shape.

    NaN, minus infinity and missing samples become black, plus infinity white. Floats in 0..1 are shares of white.
    """
    if samples.dtype.kind == "u" and samples.dtype.itemsize == 2:
        low, high = span(samples, said)
        table = _levels(np.arange(65536, dtype=np.float64), low, high)
        out: U8 = np.asarray(table[samples], np.uint8)
    else:
        low, high = span(samples, said)
        out = _levels(samples.astype(np.float64 if samples.dtype.itemsize > 4 else np.float32), low, high)
    if said.nothing is not None:
        out[samples == said.nothing] = 0
    inverted: U8 = 255 - out
    return inverted if said.inverted else out


def _levels(samples: npt.NDArray[np.floating[Any]], low: float, high: float) -> U8:
    with np.errstate(over="ignore", invalid="ignore"):
        shares = (samples - samples.dtype.type(low)) * samples.dtype.type(255.0 / (high - low))
    shares = np.nan_to_num(shares, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    levels: U8 = (np.clip(shares, 0.0, 255.0) + samples.dtype.type(0.5)).astype(np.uint8)
    return levels


def span(samples: Samples, said: SampleRange = SampleRange()) -> tuple[float, float]:
    """The samples that become black and white; the second is the greater."""
    rows = samples.reshape(samples.shape[0], -1) if samples.ndim > 1 else samples.reshape(1, -1)
    step = max(1, math.isqrt(samples.size // _LOOKED_AT))
    seen = np.ascontiguousarray(rows[::step, ::step]).ravel()
    if said.nothing is not None:
        seen = seen[seen != said.nothing]
    if seen.dtype.kind == "f":
        seen = seen[np.isfinite(seen)]
    whole = seen.dtype.kind != "f"
    if not seen.size:
        return 0.0, 1.0
    ordered = np.sort(seen).astype(np.float64)
    low, high = _used(ordered)
    if said.high is not None and said.high > said.low and said.low <= low and high <= said.high:
        return said.low, said.high
    if low < 0.0:
        return low, max(high, low + 255.0) if whole else _above(low, high)
    white = _white(high, whole)
    narrow = high - low < white / _NARROW
    varied = high - low >= (_NOISE if whole else white / _FAINTEST)
    return (low, high) if narrow and varied else (0.0, white)


def _above(low: float, high: float) -> float:
    return high if high > low else low + 1.0


def _used(ordered: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Least and greatest of sorted samples, without outliers and without values that stand for none.

    A value at an end stands for none where it is farther from the others than they are from each other.
    """
    for _ in range(2):
        least = int(np.searchsorted(ordered, ordered[0], "right"))
        most = int(np.searchsorted(ordered, ordered[-1], "left"))
        if least < len(ordered) and ordered[least] - ordered[0] > ordered[-1] - ordered[least] > 0.0:
            ordered = ordered[least:]
        elif most > 0 and ordered[-1] - ordered[most - 1] > ordered[most - 1] - ordered[0] > 0.0:
            ordered = ordered[:most]
    beyond = int(_OUTLIERS * len(ordered))
    return float(ordered[beyond]), float(ordered[-1 - beyond])


def _white(high: float, whole: bool) -> float:
    """The sample that is white in a picture whose brightest is ``high``, not negative: the end of the bits in use.

    8 bits at least, so that whole numbers up to 255 stay as they are. Floats are shares of one, or as whole numbers
    where they use the bits; else their brightest is white.
    """
    if whole or 127.5 < high <= 65535.0:
        return float((1 << max(8, math.ceil(high).bit_length())) - 1)
    if 0.5 < high <= 1.0:
        return 1.0
    return high if high > 0.0 else 1.0
