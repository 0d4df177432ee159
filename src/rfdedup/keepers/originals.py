"""What tells an original from its copies beside the pixels: names that programs give to copies, and what files say."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.imaging.metadata import Metadata

Rows = npt.NDArray[np.int64]

_COPY_WORDS: Final = "copy|copie|kopie|kopia|copia|cópia|másolat|コピー|副本|拷贝|копия"
_EDIT_WORDS: Final = (
    "edited|edit|bearbeitet|modifié|editado|modificato|bewerkt|cropped|crop|resized|resize|scaled|small|thumb|thumbnail|"
    "compressed|rotated|rotate|rot90|rot180|rot270|flipped|flip|mirrored|mirror|watermarked|gray|grey|grayscale|bw"
)
_NUMBERED: Final = re.compile(r"\s?\((\d{1,4})\)$")
"""``a (1)``, ``a(1)``: browsers, Windows, Google Takeout."""
_COUNTED: Final = re.compile(r"(?<=[^\W_])\s(\d{1,3})$")
"""``a 2``: macOS and iCloud. Without a plain name beside it, it is a name of its own."""
_COPIED: Final = re.compile(rf"[\s_]*[-–_\s.][\s_]*(?:{_COPY_WORDS})(?:[\s_]*\(?\d{{1,4}}\)?)?$", re.IGNORECASE)
"""``a - Copy``, ``a - Copy (2)``, ``a copy``, ``a copy 3``, ``a_copy``."""
_COPY_OF: Final = re.compile(
    r"^(?:copy(?: \(\d{1,4}\))? of|kopie von|copie de|copia de|cópia de|kopia)\s+", re.IGNORECASE
)
_EDITED: Final = re.compile(rf"[-_~. ](?:{_EDIT_WORDS})(?:[-_ ]?\d{{1,4}})?$", re.IGNORECASE)
_SUSPECT: Final = (
    r"(?i)\(\d{1,4}\)[^/]*$|\s\d{1,3}(?:\.[^/.]*)?$|"
    rf"(?:{_COPY_WORDS})[^/]*$|[-_~. ](?:{_EDIT_WORDS})[^/]*$"
)
"""What a path with any of these marks matches, in the dialect of arrow."""
_MOST: Final = 6
"""Marks beyond which nobody counts."""


def copy_marks(name: str) -> tuple[int, str]:
    """How many marks of copies a file name bears, and the name without them and its suffix, in lower case.

    A number alone, as in ``IMG 2``, is a mark only beside the plain name; see ``name_marks``.
    """
    stem = name.rpartition(".")[0] or name
    marks = 0
    for _ in range(_MOST):
        for pattern in (_COPY_OF, _COPIED, _NUMBERED, _EDITED):
            shorter = pattern.sub("", stem)
            if shorter and shorter != stem:
                stem, marks = shorter, marks + 1
                break
        else:
            break
    return marks, stem.lower()


def name_marks(paths: pa.ChunkedArray) -> Rows:
    """Marks of copies in the file name of each relative path, (n,) int64; 0 for plain names.

    ``X 2`` bears one where an ``X`` lies in the same folder, with whatever suffix: otherwise it is the second of many.
    """
    marks = np.zeros(len(paths), np.int64)
    # most names are plain, and arrow tells them several times as fast
    rows = np.flatnonzero(pc.match_substring_regex(paths, _SUSPECT).to_numpy(zero_copy_only=False))
    if not len(rows):
        return marks
    counted: dict[int, str] = {}
    for row, text in zip(rows.tolist(), paths.take(rows).to_pylist(), strict=True):
        folder, slash, name = text.rpartition("/")
        marks[row], stem = copy_marks(name)
        plain = _COUNTED.sub("", stem)
        if plain != stem:
            counted[row] = (folder + slash).lower() + plain
    if counted:
        stems = pc.utf8_lower(pc.replace_substring_regex(paths, r"\.[^./]*$", ""))
        beside = pc.is_in(pa.array(counted.values(), pa.string()), value_set=stems.combine_chunks()).to_pylist()
        for row, known in zip(counted, beside, strict=True):
            marks[row] += known
    return marks


def facts_of(metadata: Rows) -> Rows:
    """How many facts that pixels do not hold each file states, (n,) int64, from the column ``metadata``."""
    told = metadata & ~int(Metadata.PROFILE)
    return np.asarray(np.bitwise_count(told.astype(np.uint64)), np.int64)
