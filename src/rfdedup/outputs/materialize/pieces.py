"""What a copy consists of: outputs that are planned from the verdicts alone, and written one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from rfdedup.outputs.materialize.target import Sink

MANIFEST: Final = "manifest.parquet"
"""The table of all rows, which is written last."""


class Kind(StrEnum):
    """What a copy is written as."""

    SAME = "same"
    FILES = "files"
    WEBDATASET = "webdataset"
    PARQUET = "parquet"
    HF = "hf"
    YOLO = "yolo"
    COCO = "coco"
    IMAGEFOLDER = "imagefolder"
    MANIFEST = "manifest"


class Refusal(NamedTuple):
    """An image that is not in the copy although it should be: its row, and why, for machines and in words."""

    row: int
    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One output.

    Attributes:
        name: below the target, ``/``-separated.
        size: bytes that it takes at most, as far as that is known before.
        rows: images in it, by their rows.
        members: what they are called inside of it; empty where the output is the image itself.
        write: writes it and returns what of ``rows`` could not be written. Where that is all of them, there is no
            output.
        mtime_ns: time that it gets.
        of: the image without which it is of no use.
        of_all: it tells of all images that were written, so it is written after them, and again after any other.
    """

    name: str
    size: int
    rows: tuple[int, ...]
    write: Callable[[Sink], list[Refusal]]
    members: tuple[str, ...] = ()
    mtime_ns: int | None = None
    of: int | None = None
    of_all: bool = False


class Layout(Protocol):
    """A way to write a copy. Planning it twice gives the same."""

    def pieces(self) -> Iterator[Piece]: ...
