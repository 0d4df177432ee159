"""JPEGs that are not as they should be and show whole all the same: told apart from those that are cut.

What may lack is the end marker, the last bytes (no more than a fiftieth of the picture, at its lower right), and the
right number in restart markers.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from rfdedup.imaging.arrays import U8

EOI: Final = b"\xff\xd9"
_SOS: Final = 0xDA
_RESTARTS: Final = range(0xD0, 0xD8)
_MARKER: Final = re.compile(rb"\xff[\x01-\xfe]", re.DOTALL)
"""A marker in entropy-coded data, where 0xFF is followed by 0 otherwise."""
_LOST: Final = 0.02
"""Share of the blocks that may lack at the end of a picture that shows whole."""
_TAILS: Final = (1, 2, 4, 8, 16, 32, 64)
"""Bytes that are taken off to see where the data end."""

_BEFORE_END: Final = 66
"""Bytes from the end among which the end marker is looked for."""

Decode = Callable[[bytes, bool], U8]
"""Pixels of a JPEG, strictly (raising ``ValueError`` on any warning of libjpeg) or as far as they go."""


@dataclass(frozen=True)
class Repaired:
    """``flags`` name what was amended; with ``tail_lost``, libjpeg still warns of ``data``."""

    data: bytes
    flags: tuple[str, ...]


def mend(data: bytes, decode: Decode) -> Repaired | None:
    """The same JPEG so that it decodes; None where it is cut or damaged beyond that."""
    try:
        frame = _frame_of(data)
        if frame is None or not _has_all_scans(data, frame):
            return None
        flags: tuple[str, ...] = ()
        numbered = _renumbered(data)
        if numbered != data:
            data, flags = numbered, (*flags, "restart_marker")
        if EOI not in data[-_BEFORE_END:]:
            data, flags = data + EOI, (*flags, "no_end_marker")
        if flags and _is_whole(data, decode):
            return Repaired(data, flags)
        # blocks that lack before an end marker tell of damage further up, not of a cut
        cut = "no_end_marker" in flags and _only_tail_lost(data, frame, decode)
        return Repaired(data, (*flags, "tail_lost")) if cut else None
    except (IndexError, ValueError, struct.error):
        return None


def _is_whole(data: bytes, decode: Decode) -> bool:
    try:
        decode(data, True)
    except ValueError:
        return False
    return True


def _renumbered(data: bytes) -> bytes:
    """The same JPEG with restart markers that count 0, 1, ... 7, 0, ... in each scan."""
    out = None
    for start, end in _scans(data):
        number = 0
        for found in _MARKER.finditer(data, start, end):
            if data[found.start() + 1] in _RESTARTS:
                wanted = _RESTARTS[number % len(_RESTARTS)]
                if data[found.start() + 1] != wanted:
                    out = out or bytearray(data)
                    out[found.start() + 1] = wanted
                number += 1
    return bytes(out) if out is not None else data


@dataclass(frozen=True)
class _Frame:
    """Of the frame header: size, sampling factors by component, and whether it is progressive."""

    width: int
    height: int
    sampling: dict[int, tuple[int, int]]
    progressive: bool

    @property
    def block(self) -> tuple[int, int]:
        """Width and height of what is coded together, pixels."""
        return 8 * max(h for h, _ in self.sampling.values()), 8 * max(v for _, v in self.sampling.values())


def _segments(data: bytes) -> list[tuple[int, int, int]]:
    """Marker, start and end of the body of each segment, entropy-coded data passed over (ITU-T T.81, B.1)."""
    found = []
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0x01, 0xFF) or marker in _RESTARTS:
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xD9:
            break
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((marker, at + 4, end))
        at = max(end, at + 2)
        if marker == _SOS:
            at = _end_of_scan(data, at)
    return found


def _end_of_scan(data: bytes, at: int) -> int:
    for found in _MARKER.finditer(data, at):
        if data[found.start() + 1] not in _RESTARTS:
            return found.start()
    return len(data)


def _scans(data: bytes) -> list[tuple[int, int]]:
    """Start and end of the entropy-coded data of each scan."""
    return [(end, _end_of_scan(data, end)) for marker, _, end in _segments(data) if marker == _SOS]


def _only_tail_lost(data: bytes, frame: _Frame, decode: Decode) -> bool:
    """Whether the data end within the last blocks of the last scan.

    Where they end is seen by taking a little more off: what changes lies behind. Raises ``ValueError``.
    """
    end = _scans(data)[-1][1]
    pixels = decode(data, False)
    for tail in _TAILS:
        fewer = decode(data[: end - tail] + EOI, False)
        rows = np.flatnonzero((pixels != fewer).any(axis=(1, 2)))
        if len(rows):
            return _behind(pixels, fewer, int(rows[0]), frame) <= _LOST
    return False


def _behind(pixels: U8, fewer: U8, row: int, frame: _Frame) -> float:
    """Share of the picture's blocks from the first on in which two decodes differ."""
    width, height = frame.block
    # smoothing of colours reaches one row, and one column, beyond a block
    band = (row + 1) // height
    rows = slice(band * height, (band + 1) * height)
    differing = np.flatnonzero((pixels[rows] != fewer[rows]).any(axis=(0, 2)))
    column = (int(differing[0]) + 1) // width if len(differing) else 0
    across, down = -(-frame.width // width), -(-frame.height // height)
    return (across * down - (band * across + column)) / (across * down)


def _frame_of(data: bytes) -> _Frame | None:
    for marker, start, _ in _segments(data):
        if marker in (0xC0, 0xC1, 0xC2):
            _, height, width, components = struct.unpack_from(">BHHB", data, start)
            sampling = {
                data[start + 6 + 3 * i]: (data[start + 7 + 3 * i] >> 4, data[start + 7 + 3 * i] & 15)
                for i in range(components)
            }
            return _Frame(width, height, sampling, marker == 0xC2) if sampling else None
    return None


def _has_all_scans(data: bytes, frame: _Frame) -> bool:
    """Whether each coefficient of each component is there to its last bit, as far as headers of scans tell."""
    missing = {(component, k) for component in frame.sampling for k in (range(64) if frame.progressive else (0,))}
    for marker, start, _ in _segments(data):
        if marker != _SOS:
            continue
        count = data[start]
        first, last, bits = struct.unpack_from("BBB", data, start + 1 + 2 * count)
        if frame.progressive and bits & 15:
            continue
        components = [data[start + 1 + 2 * i] for i in range(count)]
        missing -= {(c, k) for c in components for k in (range(first, last + 1) if frame.progressive else (0,))}
    return not missing
