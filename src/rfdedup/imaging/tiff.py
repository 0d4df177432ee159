"""Directories of TIFF files, read without decoding: which pages a file has, and whether it is a RAW master."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

NEW_SUBFILE_TYPE: Final = 254
BITS: Final = 258
COMPRESSION: Final = 259
PHOTOMETRIC: Final = 262
MAKE: Final = 271
MIN_SAMPLE: Final = 280
MAX_SAMPLE: Final = 281
SUB_IFDS: Final = 330
S_MIN_SAMPLE: Final = 340
S_MAX_SAMPLE: Final = 341
CFA_PATTERN: Final = 33422
NO_DATA: Final = 42113
"""GDAL_NODATA, a number as text."""
DNG_VERSION: Final = 50706

_READ: Final = frozenset({NEW_SUBFILE_TYPE, COMPRESSION, PHOTOMETRIC, MAKE, SUB_IFDS, CFA_PATTERN, DNG_VERSION})
_FORMATS: Final = {1: "B", 2: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
"""Types of values that are read: BYTE, ASCII, SHORT, LONG, IFD, LONG8, IFD8."""
_MOST_VALUES: Final = 64
_MOST_DIRECTORIES: Final = 10_000
_MOST_ENTRIES: Final = 400_000
"""Of all directories together: they may overlap, and each costs time."""

_CFA, _LINEAR_RAW = 32803, 34892
_RAW_COMPRESSIONS: Final = frozenset({32767, 32770, 34713, 65000, 65535})
"""Of sensor data by Sony, Samsung, Nikon, Kodak and Pentax; no picture is stored by them."""
_REDUCED, _MASK = 1, 4


@dataclass(frozen=True)
class Directory:
    """Some numbers of a TIFF directory, by tag. ``page`` is its place in the chain of pages, None below SubIFDs."""

    numbers: dict[int, tuple[int, ...]]
    page: int | None

    def first(self, tag: int) -> int:
        """The first number of a tag, 0 where it is absent."""
        return (self.numbers.get(tag) or (0,))[0]


def directories(data: bytes) -> Iterator[Directory]:
    """Directories of the chain in order, each followed by its SubIFDs; ends quietly where the file makes no sense.

    Classic and BigTIFF. Each offset is visited once, and the number of entries is bounded.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 16:
        return
    big = data[2:4] in (b"+\0", b"\0+")
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)
    seen: set[int] = set()
    page, left = 0, _MOST_ENTRIES
    while at and at not in seen and page < _MOST_DIRECTORIES:
        waiting: list[tuple[int, int | None]] = [(at, page)]
        at = 0
        while waiting:
            here, number = waiting.pop(0)
            if here in seen or len(seen) >= _MOST_DIRECTORIES:
                continue
            seen.add(here)
            found = _directory(data, here, order, big, left)
            if found is None:
                continue
            numbers, following, entries = found
            left -= entries
            yield Directory(numbers, number)
            if number is not None:
                at = following
            waiting += [(below, None) for below in numbers.get(SUB_IFDS, ()) if below]
        page += 1


def _directory(
    data: bytes, at: int, order: str, big: bool, most: int
) -> tuple[dict[int, tuple[int, ...]], int, int] | None:
    """Numbers of the directory at ``at``, the offset of the next one, and how many entries it has."""
    count_format, offset, entry, inline = ("Q", "Q", 20, 8) if big else ("H", "I", 12, 4)
    numbers = {}
    try:
        (count,) = struct.unpack_from(order + count_format, data, at)
        if count > most:
            return None
        first = at + struct.calcsize(order + count_format)
        (following,) = struct.unpack_from(order + offset, data, first + entry * count)
        for place in range(first, first + entry * count, entry):
            tag, kind = struct.unpack_from(order + "HH", data, place)
            letter = _FORMATS.get(kind)
            if tag in _READ and letter is not None:
                (length,) = struct.unpack_from(order + offset, data, place + 4)
                length = min(length, _MOST_VALUES)
                where = place + entry - inline
                if length * struct.calcsize(order + letter) > inline:
                    (where,) = struct.unpack_from(order + offset, data, where)
                numbers[tag] = struct.unpack_from(f"{order}{length}{letter}", data, where)
    except struct.error:
        return None
    return numbers, following, count


def is_raw(found: list[Directory], data: bytes) -> bool:
    """Whether a TIFF is the RAW master of a camera, whose first page may be a small preview.

    Told by what no other TIFF has: a DNG version, sensor data (colour filter array, linear RAW, compressions of
    cameras), marks of CR2 and IIQ; or a first page that is a reduced image of what lies in SubIFDs, with a maker.
    """
    if data[8:10] == b"CR" or data[8:12] in (b"IIII", b"MMMM"):
        return True
    if not found:
        return False
    first = found[0]
    if DNG_VERSION in first.numbers:
        return True
    if first.first(NEW_SUBFILE_TYPE) & _REDUCED and SUB_IFDS in first.numbers and MAKE in first.numbers:
        return True
    return any(
        each.first(PHOTOMETRIC) in (_CFA, _LINEAR_RAW)
        or CFA_PATTERN in each.numbers
        or each.first(COMPRESSION) in _RAW_COMPRESSIONS
        for each in found
    )


def may_be_raw(data: bytes) -> bool:
    """Whether a TIFF that ``is_raw`` does not know could be one: it names a camera or keeps pictures in SubIFDs."""
    first = next(directories(data), None)
    return first is not None and bool(
        first.first(NEW_SUBFILE_TYPE) & _REDUCED or SUB_IFDS in first.numbers or MAKE in first.numbers
    )


def pages(found: list[Directory]) -> list[int]:
    """Places in the chain of those pages that are pictures of their own: the first, and no reductions or masks."""
    chain = [each for each in found if each.page is not None]
    return [
        each.page
        for each in chain
        if each.page is not None and (each.page == 0 or not each.first(NEW_SUBFILE_TYPE) & (_REDUCED | _MASK))
    ]
