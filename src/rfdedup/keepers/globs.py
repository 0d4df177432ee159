"""Globs over paths of images: which rows they match, in time that grows with the length of path and glob alone.

``*`` is any characters, also ``/``; ``?`` is one; ``[...]`` is one of a set. A glob is tried on three names of an
image: its path below the input, the same with the input's own name in front (``val/*`` with the inputs ``train val``),
and its absolute path.
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from rfdedup.model.items import Item
from rfdedup.model.text import path_text

Mask = npt.NDArray[np.bool_]
GLOB_RULES = 2
"""Raise when a glob matches other images than before: verdicts of older rules are then not taken as they are."""


class Glob:
    """One glob. Its pieces between stars are found from left to right, the first place of each, and never again."""

    def __init__(self, text: str) -> None:
        pieces = [(_expression(piece), width) for piece, width in _pieces(text)]
        self._first, self._last, self._inner = pieces[0], pieces[-1], [piece for piece in pieces[1:-1] if piece[1]]
        self._starred = len(pieces) > 1

    def matches(self, name: str) -> bool:
        """Whether the whole of ``name`` matches; upper and lower case differ."""
        (first, begin), (last, width) = self._first, self._last
        if not self._starred:
            return len(name) == begin and first.match(name) is not None
        end = len(name) - width
        if end < begin or first.match(name) is None or last.match(name, end) is None:
            return False
        for piece, _ in self._inner:
            found = piece.search(name, begin, end)
            if found is None:
                return False
            begin = found.end()
        return True


def names_of(root: str, path: str) -> tuple[str, ...]:
    """What a glob may call an image at ``path`` below the input ``root``, ``/`` between the parts."""
    root = root.replace(os.sep, "/").rstrip("/")
    whole = f"{root}/{path}"
    return (path, whole[root.rfind("/") + 1 :], whole) if path else (root[root.rfind("/") + 1 :], root)


def matches(features: pa.Table, globs: Sequence[str]) -> Mask:
    """Which rows of a table with ``root`` and ``path`` match one of the globs, (n,) bool."""
    rows = zip(features["root"].to_pylist(), features["path"].to_pylist(), strict=True) if globs else ()
    compiled = [Glob(text) for text in globs]
    found = np.zeros(features.num_rows, np.bool_)
    for row, (root, path) in enumerate(rows):
        names = names_of(root, path)
        found[row] = any(glob.matches(name) for glob in compiled for name in names)
    return found


def without_match(files: Sequence[Item], globs: Sequence[str]) -> list[str]:
    """Globs that match none of the files that a scan found, in the order given."""
    left = {text: Glob(text) for text in globs}
    for file in files:
        if not left:
            break
        names = names_of(path_text(file.root), path_text(file.key))
        for text in [text for text, glob in left.items() if any(map(glob.matches, names))]:
            del left[text]
    return list(left)


def _pieces(text: str) -> Iterator[tuple[str, int]]:
    """What lies between the stars, each with the number of characters that it matches."""
    begin = at = width = 0
    while at < len(text):
        if text[at] == "*":
            yield text[begin:at], width
            begin, width = at + 1, -1
        elif text[at] == "[":
            # as fnmatch reads a set: a ] that comes first belongs to it, and without an end it is no set
            start = at + 2 if text[at + 1 : at + 2] == "!" else at + 1
            end = text.find("]", start + 1)
            at = end if end > 0 else at
        at, width = at + 1, width + 1
    yield text[begin:], width


def _expression(piece: str) -> re.Pattern[str]:
    """A piece without stars as an expression that is not anchored at its end."""
    return re.compile(fnmatch.translate(piece).removeprefix("(?s:").rpartition(")")[0], re.DOTALL)
