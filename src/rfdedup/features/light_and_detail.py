"""Tier 1, the measurements: numbers that say whether a picture is worth keeping."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from rfdedup.imaging import kernels
from rfdedup.imaging.arrays import U8, to_grey
from rfdedup.runtime import native

Floats = npt.NDArray[np.float64]

_TILES: Final = 8
_SHARP_TILES: Final = 4

_BLOCK: Final = 8
_SAMPLED_BLOCKS: Final = 1600
_HOLDS: Final = 0.25
_BORDER_SPREAD: Final = 3
_BORDER_SIDE: Final = 160


def light_and_sharpness(grey: U8) -> tuple[float, float, float]:
    """``brightness_and_contrast`` and ``sharpness`` of (h, w) uint8, in one pass where loops are compiled."""
    if min(grey.shape) < 2 or grey.strides[1] != 1 or not native.available():
        return (*brightness_and_contrast(grey), sharpness(laplacian(grey)))
    light, light2, edge, edge2 = kernels.sums(grey)
    return (*_mean_and_deviation(light, light2, grey.size), _variance(float(edge), float(edge2), grey.size))


def laplacian(grey: U8) -> npt.NDArray[np.int16]:
    """Laplacian of (h, w) uint8 grey levels, in 16-bit integers, which hold every value (-1020..1020) exactly."""
    return cv2.Laplacian(grey, cv2.CV_16S)  # type: ignore[return-value]


def sharpness(edges: npt.NDArray[np.int16]) -> float:
    """Variance of a ``laplacian``: ``cv2.Laplacian(grey, cv2.CV_64F).var()``.

    Source: Pech-Pacheco et al., ICPR 2000.
    """
    # the norm is squared again by OpenCV, after a root: what it was before is a whole number
    squares = float(round(cv2.norm(edges, cv2.NORM_L2SQR)))
    return _variance(cv2.sumElems(edges)[0], squares, edges.size)


def _variance(total: float, squares: float, number: int) -> float:
    mean = total / number
    return max(squares / number - mean * mean, 0.0)


def local_sharpness(grey: U8) -> float:
    """Sharpness of the sharpest sixteenth of (h, w) uint8: the fourth highest among 8 x 8 tiles.

    A picture with a soft background is sharp somewhere, a blurred one is not.
    """
    below, right = (_ends(side) for side in grey.shape)
    if min(grey.shape) < 2 or grey.strides[1] != 1 or not native.available():
        edges = laplacian(grey)
        bands = np.split(edges, below[:-1])
        each = [sharpness(tile) for band in bands for tile in np.split(band, right[:-1], axis=1)]
    else:
        total, squares = np.moveaxis(kernels.tiles(grey, below, right), -1, 0).astype(np.float64)
        number = np.multiply.outer(np.diff(below, prepend=0), np.diff(right, prepend=0))
        mean = total / number
        each = np.maximum(squares / number - mean * mean, 0.0).ravel().tolist()
    return sorted(each)[-min(_SHARP_TILES, len(each))]


@lru_cache(maxsize=256)
def _ends(side: int) -> npt.NDArray[np.int32]:
    """Where up to eight parts of a side end, the longer ones first, as ``np.array_split`` parts it."""
    parts = np.array_split(np.arange(1, side + 1, dtype=np.int32), min(_TILES, side))
    return np.array([part[-1] for part in parts], np.int32)


def brightness_and_contrast(grey: U8) -> tuple[float, float]:
    """Mean and standard deviation of (h, w) uint8 grey levels."""
    level, counts = np.arange(256), np.bincount(np.ravel(grey), minlength=256)
    # whole numbers: OpenCV's deviation has another last bit on other processors
    return _mean_and_deviation(int(counts @ level), int(counts @ level**2), grey.size)


def _mean_and_deviation(total: int, squares: int, number: int) -> tuple[float, float]:
    share = 1.0 / number
    mean = total * share
    return mean, math.sqrt(max(squares * share - mean * mean, 0.0))


def entropy(grey: U8) -> float:
    """Shannon entropy of the grey levels of (h, w) uint8, bits: 0 for one level, 8 for all 256 alike."""
    compiled = grey.strides[1] == 1 and native.available()
    counts = kernels.counts(grey) if compiled else cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel()
    share = counts[counts > 0].astype(np.float64) / grey.size
    return float(max(-(share * np.log2(share)).sum(), 0.0))


def colorfulness(rgb: U8) -> float:
    """Mean spread of the channels, max(R, G, B) - min(R, G, B), of (h, w, 3) uint8, in levels; 0 for grey."""
    if rgb.flags.c_contiguous and native.available():
        # as OpenCV does it, to the last bit
        return kernels.spread(rgb) * (1.0 / (rgb.size // 3))
    red, green, blue = cv2.split(rgb)
    most = cv2.max(cv2.max(red, green), blue)
    least = cv2.min(cv2.min(red, green), blue)
    return float(cv2.mean(cv2.subtract(most, least))[0])


def detail(rings: Floats | None, width: int, height: int, content: float) -> float:
    """True resolution: the side in pixels of a square picture that would hold as much, rounded to 0.01.

    It is sqrt(width x height) x ``content`` x share of the frequency range that the picture uses. For the latter
    the 8 x 8 DCT energies of up to 1,600 blocks are averaged over rings max(u, v) = k, k = 1..7, and multiplied by
    k^2, which levels the 1/f^2 spectrum of natural images (Field, 1987); the range ends where this falls below a
    quarter of its mean over k = 1, 2. An enlarged copy has more pixels but a range that ends as much earlier; heavy
    JPEG compression cuts the upper rings, and its block edges lie between the blocks looked at. The value is
    comparable between copies of one picture only.

    Args:
        rings: from ``spectrum``, of the part inside uniform borders.
        width, height: of the whole picture, pixels.
        content: from ``inside_borders``.
    """
    return round(float(np.sqrt(width * height)) * content * _used_range(rings), 2)


def inside_borders(grey: U8) -> tuple[U8, float]:
    """The part of (h, w) uint8 that is left when uniform rows and columns at the edges are cut off.

    Returns:
        that part, a view, and the square root of its share of the area; of a picture in one colour, all and 0.
    """
    inside, share = borders(grey)
    return grey[inside], share


def borders(grey: U8) -> tuple[tuple[slice, slice], float]:
    """Rows and columns of (h, w) uint8 inside uniform borders, and the share as ``inside_borders`` gives it."""
    step = max(1, max(grey.shape) // _BORDER_SIDE)
    sample = grey[::step, ::step]
    cut = []
    share = 1.0
    for lines in (sample, sample.T):
        begin, end = 0, len(lines)
        # most pictures have no borders: the outermost lines tell
        if not _varied(lines[:: max(1, end - 1)]).all():
            varied = np.flatnonzero(_varied(lines))
            if not varied.size:
                return (slice(None), slice(None)), 0.0
            begin, end = int(varied[0]), int(varied[-1]) + 1
        share *= (end - begin) / len(lines)
        # the edge of a border rings in its last row; it is no detail of the picture
        cut.append(slice((begin + (begin > 0)) * step, max(end - (end < len(lines)), begin + 1) * step))
    return (cut[0], cut[1]), float(np.sqrt(share))


def _varied(lines: U8) -> npt.NDArray[np.bool_]:
    """Which rows of (n, m) uint8 deviate by more than 3 levels, (n,); in whole numbers, so exactly."""
    if native.available():
        return kernels.varied(lines, _BORDER_SPREAD)
    wide = lines.astype(np.int64)
    size = wide.shape[1]
    total = wide.sum(axis=1)
    spread = size * np.einsum("ij,ij->i", wide, wide) - total * total
    return np.asarray(spread > (_BORDER_SPREAD * size) ** 2)


def without_borders(rgb: U8, grey: U8 | None = None) -> U8:
    """(h, w, 3) uint8 without uniform borders, a view; all of it where these take more than half of a side.

    A frame or letterbox is no part of the picture; much empty ground around a thing is. ``grey`` are its grey levels,
    where they are known.
    """
    inside, share = borders(to_grey(rgb) if grey is None else grey)
    cut = rgb[inside]
    whole = share in (0.0, 1.0) or 2 * cut.shape[0] < rgb.shape[0] or 2 * cut.shape[1] < rgb.shape[1]
    return rgb if whole else cut


def spectrum(grey: U8) -> Floats | None:
    """Energy of (h, w) uint8 by frequency: mean 8 x 8 DCT energies over rings max(u, v) = k, times k^2; (7,) float64.

    Coefficients are taken in whole numbers, so that they are the same everywhere. None where the picture is smaller
    than a block.
    """
    rows, columns = grey.shape[0] // _BLOCK, grey.shape[1] // _BLOCK
    if not rows * columns:
        return None
    # up to about 1,600 blocks of the grid that JPEG uses, evenly spread
    step = max(1, int(np.sqrt(rows * columns / _SAMPLED_BLOCKS)))
    blocks = -(-rows // step) * -(-columns // step)
    if grey.strides[1] == 1 and native.available():
        squares = kernels.spectrum(grey, (rows, columns), step, _QUARTERS).ravel()
    else:
        # whole numbers below 2^24 at every step, so float32 is exact
        whole = np.floor(_blocks(grey, step) @ _DCT * np.float32(2.0**-6) + np.float32(0.5)).astype(np.float64)
        squares = np.einsum("ij,ij->j", whole, whole)
    return np.asarray((squares / (blocks * 2.0**16) @ _RINGS) * np.arange(1.0, _BLOCK) ** 2, np.float64)


def fineness(rings: Floats | None) -> float:
    """Share of the finest structure: log10 of the energy in rings 5-7 over that in rings 1-2, from ``spectrum``.

    Enlarging by a factor f lowers it by 0.8 log2 f and more (planted copies, three resamplers), while a picture and
    its reduction differ by less.
    """
    if rings is None:
        return 0.0
    return float(np.log10((rings[4:].sum() + 1e-6) / (rings[:2].sum() + 1e-6)))


def _used_range(rings: Floats | None) -> float:
    """End of the used frequencies as a share of the whole range, 1/8..1."""
    if rings is None:
        return 1.0
    bound = max(_HOLDS * float(rings[0] + rings[1]) / 2, 1e-9)
    lowest = math.inf
    for k, energy in enumerate(rings.tolist()):
        level = min(max(energy / bound, 1e-12), lowest)
        if level < 1.0:
            if k == 0:
                return 1.0 / _BLOCK
            above = math.log(lowest)
            return (k + above / (above - math.log(level))) / _BLOCK
        lowest = level
    return 1.0


def _blocks(grey: U8, step: int) -> npt.NDArray[np.float32]:
    """Every ``step``-th whole block of (h, w) uint8 in both directions: (n, 64) float32, levels less 128."""
    rows, columns = grey.shape[0] // _BLOCK, grey.shape[1] // _BLOCK
    # a row of a block is one word, and moves as one
    words = grey[: rows * _BLOCK, : columns * _BLOCK].view(np.uint64)
    chosen = np.ascontiguousarray(words.reshape(rows, _BLOCK, columns)[::step, :, ::step].swapaxes(1, 2))
    return chosen.view(np.uint8).reshape(-1, _BLOCK * _BLOCK).astype(np.float32) - np.float32(128)


def _quarters() -> npt.NDArray[np.float32]:
    """2^14 times the weights of the orthonormal 8 x 8 DCT-II, rounded, in quarters of frequencies.

    Returns:
        (4, 16, 16): the quarter by which of v and u are odd (both even, u, v, both); the pixel (y, x) of the upper left
        quarter of a block; the frequency (v, u), rows first.
    """
    position, frequency = np.arange(_BLOCK // 2), np.arange(_BLOCK)[:, None]
    basis = 0.5 * np.cos((2 * position + 1) * frequency * np.pi / (2 * _BLOCK))
    basis[0] = np.sqrt(1 / _BLOCK)
    parts = [np.kron(basis[v::2], basis[u::2]).T for v in (0, 1) for u in (0, 1)]
    return np.ascontiguousarray(np.rint(np.stack(parts) * 2.0**14), np.float32)


def _dct_matrix() -> npt.NDArray[np.float32]:
    """(64, 64): a row of pixels times it gives 2^14 times the coefficients, in the order of ``_quarters``."""
    whole = _quarters().reshape(2, 2, 4, 4, 4, 4)
    signs = np.array([1, -1], np.float32)
    # odd frequencies change their sign where a block is mirrored
    down = np.concatenate([whole, whole[:, :, ::-1] * signs[:, None, None, None, None, None]], axis=2)
    both = np.concatenate([down, down[:, :, :, ::-1] * signs[:, None, None, None, None]], axis=3)
    return np.ascontiguousarray(both.transpose(2, 3, 0, 1, 4, 5).reshape(_BLOCK**2, _BLOCK**2))


def _ring_matrix() -> Floats:
    """(64, 7): averages coefficients in the order of ``_quarters`` over the rings max(u, v) = 1..7."""
    ring = np.maximum(*np.indices((_BLOCK, _BLOCK)))
    ordered = np.stack([ring[v::2, u::2].ravel() for v in (0, 1) for u in (0, 1)]).ravel()
    members = ordered[:, None] == np.arange(1, _BLOCK)
    averaging: Floats = members / members.sum(axis=0)
    return averaging


_QUARTERS: Final = _quarters()
_DCT: Final = _dct_matrix()
_RINGS: Final = _ring_matrix()
