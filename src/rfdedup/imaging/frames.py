"""Animations and files of several pages: which frame stands for the file, and whether two of them are the same.

Every frame is looked at, once. A code of one byte a cell keeps their grey levels in order: 32 x 32 cells a frame for up
to 16 frames, 16 x 16 up to 64, 8 x 8 up to 256 and 4 x 4 up to 1,024, 16 KiB at most. Files of more frames or more
pixels have no code: they are the same as nothing but themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ImageFile

from rfdedup.imaging.arrays import U8, area_resize, fit, to_grey
from rfdedup.imaging.limits import DecodeLimits, check_size

_FINEST: Final = 32
_CODE_BYTES: Final = 1 << 14
_LOOKED_AT: Final = 160
"""Longer side, pixels, at which frames are looked at."""
_ENOUGH: Final = 0.7
"""The first frame with this share of the greatest contrast stands for the file."""
_LIKE: Final = {32: 24, 16: 18, 8: 12, 4: 9}
"""Levels by which a cell of two equal frames may differ, by cells a side: palettes and compression move them."""
_LIKE_MEAN: Final = 4.0
"""The same of all cells of a frame, on average."""

Show = Callable[[ImageFile.ImageFile], U8]


@dataclass(frozen=True)
class Frames:
    """``count`` frames; ``codes`` of all in order, empty where they were not all seen; ``best`` stands for the file."""

    count: int = 1
    codes: bytes = b""
    best: int = 0


STILL: Final = Frames()


def survey(
    image: ImageFile.ImageFile, places: Sequence[int], file_bytes: int, limits: DecodeLimits, show: Show
) -> Frames:
    """Look at the frames of a file.

    Args:
        image: opened; it is sought through, and of no use afterwards.
        places: of the frames, as ``image.seek`` counts.
        show: gives grey or RGB pixels of the frame that the image stands at, reduced or not.
    """
    cells: list[U8] = []
    contrast: list[float] = []
    size = image.size
    for place, pixels in _looked_at(image, places, file_bytes, limits, show):
        grey = fit(pixels if pixels.ndim == 2 else to_grey(pixels), _LOOKED_AT)
        cells.append(area_resize(grey, _FINEST, _FINEST))
        # a page of another shape cannot stand for a file that has the size of its first
        contrast.append(_contrast(grey) if place == places[0] or _alike(image.size, size) else 0.0)
    best = int(np.argmax(np.array(contrast) >= _ENOUGH * max(contrast)))
    return Frames(len(places), _codes(cells) if len(cells) == len(places) else b"", places[best])


def _looked_at(
    image: ImageFile.ImageFile, places: Sequence[int], file_bytes: int, limits: DecodeLimits, show: Show
) -> Iterator[tuple[int, U8]]:
    """Frames one after the other, until there are no more, one is broken, or they become too many."""
    left = limits.max_frame_pixels
    for place in places[: limits.max_frames]:
        try:
            image.seek(place)
            check_size(*image.size, file_bytes, limits)
            left -= image.size[0] * image.size[1]
            if left < 0 and place != places[0]:
                return
            pixels = show(image)
        except EOFError:
            # the file announces more frames than it has
            return
        except MemoryError:
            raise
        except Exception:
            # decoders raise anything; a file that is not looked at in full is the same as no other (see same_frames)
            if place == places[0]:
                raise
            return
        yield place, pixels


def _alike(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Sizes of pages that a scanner cut from one kind of sheet."""
    return all(abs(a - b) <= 0.1 * b for a, b in zip(one, other, strict=True))


def _contrast(grey: U8) -> float:
    """Root mean square step between neighbours, of a frame that fades in or is blank the smallest."""
    steps = [np.diff(grey.astype(np.int16), axis=axis) for axis in (0, 1)]
    total = sum(float(np.square(step, dtype=np.int32).sum(dtype=np.int64)) for step in steps)
    return math.sqrt(total / grey.size)


def _side(count: int) -> int:
    side = _FINEST
    while side > min(_LIKE) and count * side * side > _CODE_BYTES:
        side //= 2
    return side


def _codes(cells: list[U8]) -> bytes:
    side = _side(len(cells))
    if len(cells) * side * side > _CODE_BYTES:
        return b""
    step = _FINEST // side
    blocks = np.stack(cells).reshape(len(cells), side, step, side, step).astype(np.uint32).sum(axis=(2, 4))
    levels: U8 = ((blocks + step * step // 2) // (step * step)).astype(np.uint8)
    return levels.tobytes()


def same_frames(a_frames: int | None, a_codes: bytes | None, b_frames: int | None, b_codes: bytes | None) -> bool:
    """Whether two files agree in the number, the order and the content of their frames.

    True for two stills, of which there is nothing more to say; False for a still and an animation, and for animations
    that were not looked at in full. Arguments are ``frames`` and ``frame_hashes`` of ``schemas.FEATURES``.
    """
    count = a_frames or 1
    if count != (b_frames or 1):
        return False
    if count == 1:
        return True
    side = _side(count)
    if not a_codes or not b_codes or not len(a_codes) == len(b_codes) == count * side * side:
        return False
    a, b = (np.frombuffer(codes, np.uint8).reshape(count, -1).astype(np.int16) for codes in (a_codes, b_codes))
    apart: npt.NDArray[np.int16] = np.abs(a - b)
    return bool(apart.max() <= _LIKE[side] and apart.mean(axis=1).max() <= _LIKE_MEAN)
