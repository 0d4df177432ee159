"""Files that a camera, a phone or an export service puts beside an image: which belong to which, by name alone."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rfdedup.model.items import IMAGE_SUFFIXES
from rfdedup.sources.assets import MATE_SUFFIXES, RAW_SUFFIXES

_IMAGES = frozenset(suffix.encode() for suffix in IMAGE_SUFFIXES) | RAW_SUFFIXES
_TAKEOUT = b".supplemental-metadata"
_TAKEOUT_LENGTH = 46
"""Characters before ``.json`` at which Google Takeout cuts a name off."""
_NUMBERED = re.compile(rb"(.*)\((\d{1,9})\)", re.DOTALL)


class Companion(StrEnum):
    """What a file beside an image is."""

    MOTION = "motion"
    EDITS = "edits"
    METADATA = "metadata"
    THUMBNAIL = "thumbnail"
    SOUND = "sound"
    TAKEOUT = "takeout"


_KINDS = {
    b".mov": Companion.MOTION,
    b".mp4": Companion.MOTION,
    b".aae": Companion.EDITS,
    b".xmp": Companion.METADATA,
    b".thm": Companion.THUMBNAIL,
    b".wav": Companion.SOUND,
    b".json": Companion.TAKEOUT,
}


def split(leaf: bytes) -> tuple[bytes, bytes]:
    """Stem and suffix of a name without folder, both in lower case (A to Z); a leading dot starts no suffix."""
    stem, dot, suffix = leaf.lower().rpartition(b".")
    return (stem, dot + suffix) if dot and stem else (leaf.lower(), b"")


def renamed(companion: bytes, old: bytes, new: bytes) -> bytes:
    """The name of a companion where its image, called ``old``, gets the name ``new``; names without folders."""
    if old == new:
        return companion
    stem, new_stem = len(split(old)[0]), new[: len(split(new)[0])]
    if split(old)[0] + b"." == companion[: stem + 1].lower():
        return new_stem + companion[stem:]
    return new + companion[len(split(companion)[0]) :]


@dataclass
class Siblings:
    """The names of one folder, as far as they belong together. Build with ``of``; asking costs a few look-ups."""

    images: list[bytes] = field(default_factory=list)
    _files: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    _json: dict[tuple[bytes, bytes], bytes] = field(default_factory=dict)
    _lengths: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, names: Iterable[bytes]) -> Siblings:
        """Sort out the names of a folder, images and all else, without their folder."""
        found = cls()
        for name in names:
            stem, suffix = split(name)
            if suffix in _IMAGES:
                found.images.append(name)
            elif suffix == b".json":
                numbered = _NUMBERED.fullmatch(stem)
                core, number = numbered.groups() if numbered else (stem, b"")
                found._json[core, number] = name
                if number:
                    # the number may also be that of the image, as in IMG(1).jpg.json with a name that ends in one
                    found._json.setdefault((stem, b""), name)
            elif suffix in _KINDS:
                found._files[stem].append(name)
        found.images.sort()
        found._lengths = sorted({len(core) for core, _ in found._json})
        return found

    def companions(self, image: bytes) -> list[tuple[Companion, bytes]]:
        """The files that belong to an image, sorted by name: kind and name."""
        whole, (stem, _) = image.lower(), split(image)
        found = [
            (_KINDS[split(name)[1]], name)
            for key in {whole, stem}
            for name in self._files.get(key, ())
            if name != image
        ]
        found += [(Companion.TAKEOUT, name) for name in self._takeout(image)]
        return sorted(found, key=lambda entry: entry[1])

    def owners(self, companion: bytes) -> list[bytes]:
        """The images that a file belongs to, sorted by name."""
        return self._owners.get(companion, [])

    def with_stem(self, stem: bytes) -> list[bytes]:
        """Images that are called ``stem`` plus a suffix, letter by letter, sorted."""
        return [name for name in self._stems.get(stem.lower(), ()) if name.startswith(stem + b".")]

    def raws(self, image: bytes) -> list[bytes]:
        """RAW files of the same shot as a JPEG or HEIC, or the other way round with all of the shot, without itself."""
        return [name for name in self._shots.get(split(image)[0], ()) if name != image]

    @cached_property
    def _owners(self) -> dict[bytes, list[bytes]]:
        owners: dict[bytes, list[bytes]] = defaultdict(list)
        if self._files or self._json:
            for image in self.images:
                for _, name in self.companions(image):
                    owners[name].append(image)
        return owners

    @cached_property
    def _stems(self) -> dict[bytes, list[bytes]]:
        stems: dict[bytes, list[bytes]] = defaultdict(list)
        for name in self.images:
            stems[split(name)[0]].append(name)
        return stems

    @cached_property
    def _shots(self) -> dict[bytes, list[bytes]]:
        """Names of RAW files and of the pictures beside them by stem, where there are both."""
        shots: dict[bytes, list[bytes]] = {}
        raw = [name for name in self.images if split(name)[1] in RAW_SUFFIXES]
        for name in raw:
            shots.setdefault(split(name)[0], []).append(name)
        both: set[bytes] = set()
        for name in self.images if raw else ():
            stem, suffix = split(name)
            if suffix in MATE_SUFFIXES and stem in shots:
                shots[stem].append(name)
                both.add(stem)
        return {stem: sorted(names) for stem, names in shots.items() if stem in both}

    def _takeout(self, image: bytes) -> set[bytes]:
        """Files of Google Takeout that describe an image.

        ``IMG.jpg.json``, ``IMG.jpg.supplemental-metadata.json``, either of them cut off, and for ``IMG(1).jpg`` the
        number behind: ``IMG.jpg(1).json``.
        """
        if not self._json:
            return set()
        whole, (stem, suffix) = image.lower(), split(image)
        found = {self._json.get((whole, b""))}
        numbered = _NUMBERED.fullmatch(stem)
        bases = [(whole, b"")] + ([(numbered[1] + suffix, numbered[2])] if numbered else [])
        for base, number in bases:
            full = base + _TAKEOUT
            shortest = min(len(base), _cut(full))
            found |= {self._json.get((full[:k], number)) for k in self._lengths if shortest <= k <= len(full)}
        return {name for name in found if name is not None}


def _cut(name: bytes) -> int:
    """Bytes of a name that are left where it is cut off after ``_TAKEOUT_LENGTH`` characters."""
    text = name.decode("utf-8", "surrogateescape")
    return len(text[:_TAKEOUT_LENGTH].encode("utf-8", "surrogateescape"))


def companion_counts(paths: Sequence[bytes]) -> npt.NDArray[np.int32]:
    """How many companions each scanned file has.

    Args:
        paths: n whole, ``/``-separated paths, files that are no images among them, in any order.

    Returns:
        (n,) int32; 0 for files that are no images by their name.
    """
    counts = np.zeros(len(paths), np.int32)
    wanted: set[bytes] = set()
    for path in paths:
        folder, _, leaf = path.rpartition(b"/")
        if leaf[-5:].lower().rpartition(b".")[2] in _ENDINGS:
            wanted.add(folder)
    if not wanted:
        return counts
    rows: dict[bytes, list[int]] = defaultdict(list)
    for row, path in enumerate(paths):
        folder = path.rpartition(b"/")[0]
        if folder in wanted:
            rows[folder].append(row)
    for some in rows.values():
        names = [paths[row].rpartition(b"/")[2] for row in some]
        siblings = Siblings.of(names)
        for row, name in zip(some, names, strict=True):
            if split(name)[1] in _IMAGES:
                counts[row] = len(siblings.companions(name))
    return counts


_ENDINGS = frozenset(suffix[1:] for suffix in _KINDS)
