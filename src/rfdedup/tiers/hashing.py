"""Tier 2 measurements: SHA-256, dHash, pHash and the thumbnail that corroborates a hash link."""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.fft import dct

from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.records import THUMB_SIDE

Floats = npt.NDArray[np.float64]

_DHASH_SIZE: Final = (9, 8)
_PHASH_SIDE: Final = 32
_LANCZOS_RADIUS: Final = 3.0
_PRECISION_BITS: Final = 22
"""Pillow's fixed point for 8-bit pictures (``PRECISION_BITS`` in Resample.c)."""


def sha256(data: bytes) -> str:
    """SHA-256 of a file as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def hash_hex(code: int) -> str:
    """A 64-bit hash as 16 hex digits, the first pixel first: the text that ``imagehash`` prints."""
    return f"{code:016x}"


def dhash(grey: U8) -> int:
    """Difference hash, 64 bits: is each of 8 x 8 pixels of a 9 x 8 reduction darker than its right neighbour.

    Equal to ``imagehash.dhash`` of the same grey picture (h, w) uint8, bit for bit.
    """
    small = lanczos(grey, *_DHASH_SIZE)
    return _pack(small[:, 1:] > small[:, :-1])


def phash(grey: U8) -> int:
    """Perceptual hash, 64 bits: which of the 8 x 8 lowest DCT coefficients of a 32 x 32 reduction exceed their median.

    Equal to ``imagehash.phash`` of the same grey picture (h, w) uint8, bit for bit.
    """
    small = lanczos(grey, _PHASH_SIDE, _PHASH_SIDE).astype(np.float64)
    low = dct(dct(small, axis=0), axis=1)[:8, :8]
    return _pack(low > np.median(low))


def thumb(rgb: U8) -> bytes:
    """16 x 16 RGB by area averaging, row by row: 768 bytes."""
    return area_resize(rgb, THUMB_SIDE, THUMB_SIDE).tobytes()


def _pack(bits: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def lanczos(grey: U8, width: int, height: int) -> U8:
    """Reduce (h, w) uint8 to (height, width) as ``Image.resize`` of Pillow 13 does with LANCZOS, to the last bit.

    Pillow weighs pixels with 22-bit integers and rounds to 8 bits after each of its two passes (Resample.c). Sums of
    such products are exact in float64, so matrix products give its very numbers. Its horizontal pass comes first,
    unless the height shrinks by more than twice what the width does; before Pillow 13 it always came first.
    """
    if grey.shape[0] - height > 2 * max(grey.shape[1] - width, 0):
        return _horizontal(_horizontal(grey.T, height).T, width)
    return _horizontal(_horizontal(grey, width).T, height).T


def _horizontal(grey: U8, width: int) -> U8:
    return _round8(grey.astype(np.float64) @ _weights(grey.shape[1], width))


def _round8(sums: Floats) -> U8:
    scaled = np.floor((sums + (1 << (_PRECISION_BITS - 1))) * 2.0**-_PRECISION_BITS)
    return np.clip(scaled, 0, 255).astype(np.uint8)


@lru_cache(maxsize=256)
def _weights(source: int, target: int) -> Floats:
    """Fixed-point Lanczos weights (source, target): ``precompute_coeffs`` and ``normalize_coeffs_8bpc`` of Pillow."""
    weights = np.zeros((source, target))
    scale = source / target
    stretch = max(scale, 1.0)
    support = _LANCZOS_RADIUS * stretch
    for at in range(target):
        center = (at + 0.5) * scale
        first = max(int(center - support + 0.5), 0)
        last = min(int(center + support + 0.5), source)
        # plain floats, summed in order: the same rounding as the C code
        taps = [_lanczos3((x + first - center + 0.5) * (1.0 / stretch)) for x in range(last - first)]
        total = 0.0
        for tap in taps:
            total += tap
        for x, tap in enumerate(taps):
            share = tap / total if total != 0.0 else tap
            fixed = share * (1 << _PRECISION_BITS)
            weights[first + x, at] = int(fixed - 0.5) if share < 0 else int(fixed + 0.5)
    weights.setflags(write=False)
    return weights


def _lanczos3(x: float) -> float:
    return _sinc(x) * _sinc(x / 3) if -3.0 <= x < 3.0 else 0.0


def _sinc(x: float) -> float:
    if x == 0.0:
        return 1.0
    x *= math.pi
    return math.sin(x) / x
