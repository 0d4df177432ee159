"""Tier 1, what a picture holds: how light its lightest and how dark its darkest parts are, and whether anything in it
is as sharp as its structure allows. Whole numbers as far as possible: values are the same on every processor."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from rfdedup.imaging import fit, kernels
from rfdedup.imaging.arrays import U8
from rfdedup.runtime import native

Grid = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

OUTLIERS: Final = 4096
"""One pixel of so many may be lighter than the lightest part, or darker than the darkest: fewer are dust or hot pixels,
more are stars."""
FINE_SIDE: Final = 320
"""Longer side, pixels, of the grid on which fine structure is looked for; coarse structure on grids of 80 and 40."""
SMALLEST_SIDE: Final = 96
"""Longer side below which a picture has no room for both."""
STRUCTURE: Final = 64.0
"""Mean squared second difference, levels^2, on a coarse grid from which on a block has structure to be sharp. Plain sky
and asphalt stay below it, and so do clouds, which are smooth at every size."""
TELLING_BLOCKS: Final = 8
"""Blocks with the most structure, by which a picture is judged as a whole; there are 64 in a square picture."""
STRUCTURED_SHARE: Final = 8.0
"""A block with this part of the structure of the strongest is looked at by itself as well: one sharp thing before a
soft background makes a picture sharp,"""
SPOT_SHARE: Final = 4.0
"""where it is this many times as crisp as the whole must be."""
EVEN: Final = 0.15
"""Evenness of directions below which the camera moved, if there is little crispness in one of them besides: nine in ten
photos have 0.2 and more, of those moved by 60 pixels of 640 one in twenty."""
_BLOCKS: Final = 8
_DARKEST_LABELS: Final = 96
_SPECKLED: Final = 0.025
"""Share of the edge pixels of a label map that differ from three of four neighbours; 0.011 at most in masks of things,
0.03 and more in photos that were darkened."""
_SPECKLED_PAIR: Final = 0.3
"""The same for two labels, which may be lines a pixel wide; noise has 0.7 and more."""


class _Grid(NamedTuple):
    step: int
    weight: float


_GRIDS: Final = (_Grid(4, 1.0), _Grid(8, 5.0))
"""Coarse grids: how many times coarser than the fine one, and the weight that brings sharp pictures on both to the same
crispness. A strong blur leaves structure on the second only."""


class Extent(NamedTuple):
    """The grey level that one pixel in 4,096 exceeds, and the one that as many stay below."""

    shade: int
    light: int


class Structure(NamedTuple):
    """How much structure there is, levels^2, and how crisp it is at best; None where there is none or no room."""

    texture: float | None
    crispness: float | None


def extent(grey: U8) -> Extent:
    """Darkest and lightest parts of (h, w) uint8, grey levels; of at least one pixel each."""
    if grey.strides[1] == 1 and native.available():
        counts = np.asarray(kernels.counts(grey), np.int64)
    else:
        counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(np.int64)
    least = max(1, grey.size // OUTLIERS)
    return Extent(
        int(np.searchsorted(np.cumsum(counts), least)), 255 - int(np.searchsorted(np.cumsum(counts[::-1]), least))
    )


def structure(grey: U8) -> Structure:
    """Texture and crispness of (h, w) uint8, which should have at most 640 pixels on its longer side.

    Crispness compares the energy of second differences on a fine grid with that on a coarse one, block by block and in
    four directions. Natural pictures hold about as much at either size (Field, 1987), whatever their contrast, so it is
    0.1 and more where something is in focus; a blur takes the fine grid's, in all directions, or in one where the
    camera moved, which leaves the others uneven with it. Where there is nothing on the coarse grids either, there is
    nothing to be sharp.
    """
    fine = fit(grey, FINE_SIDE).astype(np.float32)
    if max(fine.shape) < SMALLEST_SIDE or min(fine.shape) < 3 * _GRIDS[-1].step:
        return Structure(None, None)
    height, width = fine.shape
    edges = _edges(height, max(height, width)), _edges(width, max(height, width))
    finest = _energies(fine, edges, 1)
    texture, crispest = 0.0, []
    grid, step = fine, 1
    for coarse in _GRIDS:
        while step < coarse.step:
            grid, step = _halved(grid), 2 * step
        for small, large in zip(finest, _energies(grid.astype(np.float64), edges, step), strict=True):
            texture = max(texture, float(large.max()))
            if large.max() >= STRUCTURE:
                crispest.append(coarse.weight * _crispness(small.ravel(), large.ravel()))
    if not crispest:
        return Structure(round(texture, 3), None)
    return Structure(round(texture, 3), round(min(crispest) * min(1.0, _evenness(finest) / EVEN), 6))


def _evenness(fine: Floats) -> float:
    """Least over most energy of the four directions on the fine grid, (4, rows, columns), where each has most."""
    strongest = [math.fsum(np.sort(along.ravel())[-TELLING_BLOCKS:]) for along in fine]
    return min(strongest) / max(max(strongest), 1e-9)


def _crispness(fine: Floats, coarse: Floats) -> float:
    """Energy on the fine grid over that on the coarse one, where the latter has most; of (n,) blocks each."""
    telling = np.argsort(-coarse, kind="stable")[:TELLING_BLOCKS]
    whole = math.fsum(fine[telling]) / math.fsum(coarse[telling])
    structured = coarse >= max(STRUCTURE, float(coarse.max()) / STRUCTURED_SHARE)
    return max(whole, float((fine[structured] / coarse[structured]).max()) / SPOT_SHARE)


def _edges(side: int, longer: int) -> Ints:
    """Where the blocks of a side of the fine grid begin and end, in pixels of the coarsest grid, whose margin is left
    out: the same blocks on every grid."""
    inside = side // _GRIDS[-1].step - 2
    blocks = max(1, min(round(_BLOCKS * side / longer), inside))
    return 1 + np.arange(blocks + 1) * inside // blocks


def _energies(grid: npt.NDArray[np.float32 | np.float64], edges: tuple[Ints, Ints], step: int) -> Floats:
    """Mean squared second differences of (h, w) by block, along rows, columns and diagonals: (4, rows, columns)."""
    scale = _GRIDS[-1].step // step
    # differences have no margin, so their indices are one less
    rows, columns = (scale * along - 1 for along in edges)
    twice = 2 * grid[1:-1, 1:-1]
    lines = np.empty((4, len(rows) - 1, columns[-1]), grid.dtype)
    for direction, ahead, behind in zip(
        lines,
        (grid[1:-1, 2:], grid[2:, 1:-1], grid[2:, 2:], grid[2:, :-2]),
        (grid[1:-1, :-2], grid[:-2, 1:-1], grid[:-2, :-2], grid[:-2, 2:]),
        strict=True,
    ):
        change = cv2.subtract(cv2.add(ahead, behind), twice)[:, : columns[-1]]
        for line, begin, end in zip(direction, rows[:-1].tolist(), rows[1:].tolist(), strict=True):
            # exact in any order: whole numbers, below 2^24 over the rows of a block of the fine grid, 64 at most
            np.einsum("ij,ij->j", change[begin:end], change[begin:end], out=line)
    sums = np.add.reduceat(lines, columns[:-1], axis=2, dtype=np.float64)
    return np.asarray(sums / np.multiply.outer(np.diff(rows), np.diff(columns)), np.float64)


def _halved(grid: Grid) -> Grid:
    """Means over 2 x 2 values of (h, w) float32, which are exact; an odd row or column at the end is left out."""
    height, width = (side // 2 for side in grid.shape)
    even = grid[: 2 * height, : 2 * width]
    return cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)  # type: ignore[return-value]


def is_label_map(whole: U8, light: int, *, lossless: bool, single: bool) -> bool:
    """Whether dark (h, w) uint8 looks like the classes of things, 0..n, and not like a dark photo.

    Args:
        whole: grey levels, as large as the picture was decoded.
        light: its ``extent``.
        lossless: whether the format keeps levels as they are.
        single: whether the file has one channel. All in one level, it is an empty mask then, and else a black frame.
    """
    if not lossless or light >= _DARKEST_LABELS:
        return False
    levels = int(np.count_nonzero(np.bincount(whole.ravel(), minlength=256)))
    if levels == 1 or min(whole.shape) < 3:
        return single
    middle = whole[1:-1, 1:-1]
    sides = (whole[1:-1, 2:], whole[1:-1, :-2], whole[2:, 1:-1], whole[:-2, 1:-1])
    differing = np.zeros(middle.shape, np.uint8)
    for side in sides:
        differing += side != middle
    edges, speckles = np.count_nonzero(differing), np.count_nonzero(differing >= 3)
    return bool(speckles < (_SPECKLED_PAIR if levels == 2 else _SPECKLED) * edges) if edges else single
