"""Tier 2 measurements: SHA-256, dHash, pHash and the thumbnail that corroborates a hash link."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from rfdedup.imaging import kernels
from rfdedup.imaging.arrays import U8, area_resize
from rfdedup.imaging.resampling import PRECISION_BITS, fixed_point, horizontal_first
from rfdedup.model.constants import THUMB_SIDE
from rfdedup.runtime import native

Floats = npt.NDArray[np.float64]

_DHASH_SIZE: Final = (9, 8)
_PHASH_SIZE: Final = (32, 32)
_HIGH_BIT: Final = np.uint8(128)
_HALF: Final = np.float32(0.5)
_EXACT_PIXELS: Final = 32_768
"""Up to this size float64 is the faster way too."""
_STRIP_PIXELS: Final = 102_400
"""So many are float32 at a time: they stay in the cache of a core."""


def sha256(data: bytes) -> str:
    """SHA-256 of a file as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def hashes(grey: U8) -> tuple[int, int]:
    """dHash and pHash of one grey picture (h, w) uint8, 64 bits each, equal to those of ``imagehash`` bit for bit.

    dHash: is each of 8 x 8 pixels of a 9 x 8 reduction darker than its right neighbour. pHash: which of the 8 x 8
    lowest DCT coefficients of a 32 x 32 reduction exceed their median.
    """
    difference, perceptual = lanczos(grey, (_DHASH_SIZE, _PHASH_SIZE))
    if native.available():
        return kernels.bits(np.ascontiguousarray(difference), np.ascontiguousarray(perceptual), _LOW_DCT)
    return _pack(difference[:, 1:] > difference[:, :-1]), _pack(_above_median(perceptual))


def _above_median(perceptual: U8) -> npt.NDArray[np.bool_]:
    """Which of the 8 x 8 lowest DCT coefficients of (32, 32) exceed their median, (8, 8).

    Summed term after term, as the compiled loop does: a matrix product sums in an order of its own on each processor.
    Integers go in, so coefficients that should be equal differ by rounding alone.
    """
    lines, low = np.zeros((8, _PHASH_SIZE[0])), np.zeros((8, 8))
    for y, row in enumerate(perceptual.astype(np.float64)):
        lines += _LOW_DCT[:, y : y + 1] * row
    for x in range(_PHASH_SIZE[0]):
        low += lines[:, x : x + 1] * _LOW_DCT[:, x]
    low = np.round(low, 6)
    ordered = np.sort(low, axis=None)
    return np.asarray(low > (ordered[31] + ordered[32]) / 2)


def dhash(grey: U8) -> int:
    """The first of ``hashes``."""
    return hashes(grey)[0]


def phash(grey: U8) -> int:
    """The second of ``hashes``."""
    return hashes(grey)[1]


def thumb(rgb: U8) -> bytes:
    """16 x 16 RGB by area averaging, row by row: 768 bytes."""
    return area_resize(rgb, THUMB_SIDE, THUMB_SIDE).tobytes()


def _pack(bits: npt.NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def lanczos(grey: U8, sizes: Sequence[tuple[int, int]]) -> list[U8]:
    """Reduce (h, w) uint8 to each (width, height) as ``Image.resize`` of Pillow 13 does with LANCZOS, to the last bit.

    See ``imaging.resampling``.
    """
    rows, columns = grey.shape
    small = {size: levels for size in sizes if (levels := _compiled(grey, *size)) is not None}
    left = [size for size in sizes if size not in small]
    upright = [size for size in left if horizontal_first(rows, columns, *size)]
    turned = [size for size in left if size not in upright]
    for (width, height), first in zip(upright, _narrow(grey, tuple(w for w, _ in upright)), strict=True):
        small[width, height] = _narrow(first.T, (height,))[0].T
    for (width, height), first in zip(turned, _narrow(grey.T, tuple(h for _, h in turned)), strict=True):
        small[width, height] = _narrow(first.T, (width,))[0]
    return [small[size] for size in sizes]


def _compiled(grey: U8, width: int, height: int) -> U8 | None:
    """Both passes by compiled loops; None where these cannot be had or do not pay."""
    rows, columns = grey.shape
    if grey.size <= _EXACT_PIXELS or grey.strides[1] != 1 or not native.available():
        return None
    across, down = _taps(columns, width, kernels.grey_taps()), _taps(rows, height, kernels.LINE_TAPS)
    if across is None or down is None:
        return None
    if horizontal_first(rows, columns, width, height):
        return kernels.lower(kernels.narrow_grey(grey, across), down)
    return kernels.narrow_grey(kernels.lower(grey, down), across)


def _narrow(grey: U8, widths: tuple[int, ...]) -> list[U8]:
    """One pass of ``lanczos``: (h, w) uint8 to (h, width) for each of ``widths``, rounded to 8 bits.

    The sums are taken in float32 for speed; those that lie closer to a rounding edge than float32 is certain of are
    taken again in whole numbers.
    """
    if not widths:
        return []
    weights = _weights(grey.shape[1], widths)
    if grey.size <= _EXACT_PIXELS:
        levels = _round8(grey.astype(np.float64) @ weights.exact.T)
    else:
        sums = np.empty((grey.shape[0], weights.coarse.shape[1]), np.float32)
        step = max(1, _STRIP_PIXELS // grey.shape[1])
        for top in range(0, grey.shape[0], step):
            # flipping the highest bit and reading signed subtracts 128
            strip = (grey[top : top + step] ^ _HIGH_BIT).view(np.int8).astype(np.float32)
            np.matmul(strip, weights.coarse, out=sums[top : top + step])
        sums += weights.shift
        levels = np.floor(sums)
        sums -= levels
        sums -= _HALF
        np.abs(sums, out=sums)
        row, output = np.divmod(np.flatnonzero(sums > weights.certain), levels.shape[1])
        exact = np.einsum("ij,ij->i", grey[row].astype(np.int32), weights.whole[output])
        levels[row, output] = (exact + (1 << (PRECISION_BITS - 1))) >> PRECISION_BITS
    return np.split(np.clip(levels, 0, 255).astype(np.uint8), np.cumsum(widths)[:-1], axis=1)


def _round8(sums: Floats) -> Floats:
    """Whole grey levels of fixed-point sums, halves upwards."""
    return np.floor((sums + (1 << (PRECISION_BITS - 1))) * 2.0**-PRECISION_BITS)


@dataclass(frozen=True)
class _Weights:
    """Weights of one pass.

    Attributes:
        exact: (outputs, w) float64 whole numbers, 2^22 times the weight.
        whole: the same as int32, which holds every sum over pixels, as it does in Pillow.
        coarse: (w, outputs) float32, the weight.
        shift: (outputs,) float32, added to sums over pixels minus 128 to give sums over pixels plus a half.
        certain: (outputs,) float32, distance from the middle between two rounding edges up to which a float32 sum
            cannot be on the wrong side: half a level less the bound n u sum|w x| of Higham, 2002, section 3.1.
    """

    exact: Floats
    whole: npt.NDArray[np.int32]
    coarse: npt.NDArray[np.float32]
    shift: npt.NDArray[np.float32]
    certain: npt.NDArray[np.float32]


@lru_cache(maxsize=256)
def _taps(source: int, target: int, multiple: int) -> kernels.Weights | None:
    """Weights of one compiled pass; None where a line is shorter than its taps."""
    return kernels.weights(*fixed_point(source, target, "lanczos"), source, multiple)


@lru_cache(maxsize=256)
def _weights(source: int, targets: tuple[int, ...]) -> _Weights:
    exact = np.concatenate([_matrix(source, target) for target in targets])
    shares = exact * 2.0**-PRECISION_BITS
    taps = np.count_nonzero(exact, axis=1)
    # one rounding a tap, one of the weight itself, and those of the shift
    error = (taps + 1) * 2.0**-24 * np.abs(shares).sum(axis=1) * 128.0 + 3 * 256.0 * 2.0**-24
    return _Weights(
        exact,
        exact.astype(np.int32),
        np.ascontiguousarray(shares.T, np.float32),
        (128.0 * shares.sum(axis=1) + 0.5).astype(np.float32),
        (0.5 - error).astype(np.float32),
    )


def _matrix(source: int, target: int) -> Floats:
    """(target, source) whole numbers, the weights of a pass in fixed point."""
    matrix = np.zeros((target, source))
    for line, begin, taps in zip(matrix, *fixed_point(source, target, "lanczos"), strict=True):
        inside = line[begin : begin + taps.size]
        inside[:] = taps[: inside.size]
    return matrix


def _low_dct() -> Floats:
    """(8, 32): the eight lowest rows of the unnormalised DCT-II, ``scipy.fft.dct``, of 32 samples."""
    position, frequency = np.arange(_PHASH_SIZE[0]), np.arange(8)[:, None]
    return np.asarray(2.0 * np.cos(np.pi * frequency * (2 * position + 1) / (2 * _PHASH_SIZE[0])), np.float64)


_LOW_DCT: Final = _low_dct()
