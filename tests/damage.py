"""Damage done to bytes for the fuzz tests; the same for the same seed."""

from __future__ import annotations

import random

PIECES = (b"", b"\0", b"\xff" * 4, b"\x7f\xff\xff\xff", b"\n", b'"', b"../", b"[[", b"1e999", b"null", b"\xed\xb3\xbf")


def damaged(whole: bytes, rng: random.Random) -> bytes:
    """``whole`` with one to four bits flipped, tails cut off, pieces replaced or repeated."""
    data = bytearray(whole)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(4):
            case 0 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at : at + rng.randint(0, 8)] = rng.choice(PIECES)
            case _:
                data[at:at] = data[rng.randrange(len(data) + 1) :][:16]
    return bytes(data)
