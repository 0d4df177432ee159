"""Which labels each image has, from sidecars, data-set files and folders; read when asked."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from rfdedup.apply.sidecars import Rule, Signature, disagreement, signature

_FOLDERS = 256


class Survey(Protocol):
    """What may be asked about the disk."""

    def has(self, base: str, name: bytes) -> bool: ...

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

    Raises:
        OSError: a folder or label file cannot be read, in any method.
    """

    survey: Survey
    rules: tuple[Rule, ...] = ()
    class_folders: bool = False
    extra: Mapping[tuple[str, bytes], Signature] = field(default_factory=dict)
    _rules_here: dict[tuple[str, bytes], list[tuple[Rule, str, bytes]]] = field(default_factory=dict, init=False)

    def conflict(self, image: tuple[str, bytes], king: tuple[str, bytes]) -> str | None:
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
        folder, _, leaf = name.rpartition(b"/")
        found = self._rules_here.get((base, folder))
        if found is None:
            if len(self._rules_here) > _FOLDERS:
                self._rules_here.clear()
            found = self._rules_here[base, folder] = list(self._rules_for(base, folder))
        named = [(rule, where, prefix + rule.leaf(leaf)) for rule, where, prefix in found]
        return [place for place in named if self.survey.has(place[1], place[2])]

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
