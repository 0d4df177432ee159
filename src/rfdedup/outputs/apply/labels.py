"""Which labels each image has, from sidecars, data-set files and folders; read when asked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from rfdedup.model.items import Identity
from rfdedup.model.text import path_text
from rfdedup.outputs.apply.sidecars import Rule, Signature, disagreement, signature
from rfdedup.sources.companions import Companion, Siblings

_FOLDERS = 256
_SIBLINGS = 4


class Survey(Protocol):
    """What may be asked about the disk."""

    def has(self, base: str, name: bytes) -> bool: ...

    def names(self, base: str, folder: bytes) -> frozenset[bytes]: ...

    def size(self, base: str, name: bytes) -> int: ...

    def any_ends_with(self, base: str, folder: bytes, ending: bytes) -> bool: ...

    def taken(self, base: str, name: bytes) -> bool: ...

    def read(self, base: str, name: bytes) -> bytes: ...


@dataclass
class Labels:
    """Finds and compares labels of images, which are given by the folder of their root and their name below it.

    Args:
        rules: which files belong to an image.
        class_folders: the folder of an image is its class.
        extra: classes of images from data-set files, by root and name.
        companions: files that cameras, phones and export services put beside an image belong to it as well.

    Raises:
        OSError: a folder or label file cannot be read, in any method.
    """

    survey: Survey
    rules: tuple[Rule, ...] = ()
    class_folders: bool = False
    extra: Mapping[Identity, Signature] = field(default_factory=dict)
    companions: bool = False
    _siblings: dict[tuple[str, bytes], Siblings] = field(default_factory=dict, init=False)
    _last: tuple[tuple[str, bytes], list[tuple[Rule, str, bytes]]] | None = field(default=None, init=False)
    _rules_here: dict[tuple[str, bytes], list[tuple[Rule, str, bytes]]] = field(default_factory=dict, init=False)

    def conflict(self, image: Identity, king: Identity) -> str | None:
        """Why the labels of a dropped image are not those of its king; None if nothing is lost with it."""
        mine = self.of(*image) if self._labelled(*image) else None
        return disagreement(mine, self.of(*king)) if mine else None

    def of(self, base: str, name: bytes) -> Signature:
        """Label formats with their classes."""
        found: dict[str, Counter[str]] = {}
        for _, where, sidecar in self.sidecars(base, name):
            found.update(signature(sidecar, partial(self.survey.read, where, sidecar)))
        found.update(self.extra.get((base, name), {}))
        if self.class_folders:
            found["folder"] = Counter([class_folder(name)])
        return found

    def sidecars(self, base: str, name: bytes) -> list[tuple[Rule, str, bytes]]:
        """The sidecars of an image that are there: rule, folder and relative name."""
        # one image is asked about several times in a row
        if self._last is None or self._last[0] != (base, name):
            self._last = (base, name), self._find_sidecars(base, name)
        return self._last[1]

    def _find_sidecars(self, base: str, name: bytes) -> list[tuple[Rule, str, bytes]]:
        folder, _, leaf = name.rpartition(b"/")
        found = self._rules_here.get((base, folder))
        if found is None:
            if len(self._rules_here) > _FOLDERS:
                self._rules_here.clear()
            found = self._rules_here[base, folder] = list(self._rules_for(base, folder))
        named = [(rule, where, prefix + rule.leaf(leaf)) for rule, where, prefix in found]
        # an image may be called x.txt: it is no sidecar of its own
        return [place for place in named if place[1:] != (base, name) and self.survey.has(place[1], place[2])]

    def siblings(self, base: str, name: bytes) -> Siblings:
        """What lies beside an image."""
        folder = name.rpartition(b"/")[0]
        found = self._siblings.get((base, folder))
        if found is None:
            # names come sorted, and kings mostly lie in a few other folders
            if len(self._siblings) >= _SIBLINGS:
                self._siblings.clear()
            found = self._siblings[base, folder] = Siblings.of(self.survey.names(base, folder))
        return found

    def companions_of(self, base: str, name: bytes) -> list[tuple[Companion, bytes]]:
        """Kind and relative name of the companions of an image that are there."""
        if not self.companions:
            return []
        folder, slash, leaf = name.rpartition(b"/")
        return [(kind, folder + slash + other) for kind, other in self.siblings(base, name).companions(leaf)]

    def lost_motion(self, image: Identity, king: Identity) -> str | None:
        """The motion video of a dropped image that its king does not have, by its size; None if there is none."""
        mine = [name for kind, name in self.companions_of(*image) if kind == Companion.MOTION]
        if not mine:
            return None
        folder, base = king[1].rpartition(b"/")[0], king[0]
        kings = [name for kind, name in self.companions_of(*king) if kind == Companion.MOTION]
        if (base, folder) == (image[0], image[1].rpartition(b"/")[0]):
            # one video that belongs to both stays with the king
            mine = [name for name in mine if name not in kings]
        there = {self.survey.size(base, name) for name in kings}
        lost = [name for name in mine if self.survey.size(image[0], name) not in there]
        return path_text(os.fsdecode(lost[0].rpartition(b"/")[2])) if lost else None

    def _labelled(self, base: str, name: bytes) -> bool:
        return bool(self.class_folders or self.extra or self.sidecars(base, name))

    def _rules_for(self, base: str, folder: bytes) -> Iterator[tuple[Rule, str, bytes]]:
        """The rules that any file may match for the images of a folder, with the place where it would lie."""
        for rule in self.rules:
            place = rule.folder(folder, os.fsencode(os.path.basename(base)))
            if place is not None:
                where = os.path.dirname(base) if place[0] else base
                if self.survey.any_ends_with(where, place[1], rule.ending):
                    yield rule, where, place[1] + b"/" if place[1] else b""


def class_folder(name: bytes) -> str:
    """Last component of the folder of an image, which is its class in ImageFolder data sets."""
    return os.fsdecode(name.rpartition(b"/")[0].rpartition(b"/")[2])
