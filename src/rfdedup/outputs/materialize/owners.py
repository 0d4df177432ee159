"""Which members of a container belong to which of its images, by their names."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from rfdedup.outputs.apply.sidecars import DEFAULT_RULES, parse_rules

_TREES: Final = tuple(rule for rule in parse_rules(DEFAULT_RULES) if rule.tree and not rule.whole_name)


class Owners:
    """The images of a container by name.

    Args:
        images: row of each image by its name inside of the container.
    """

    def __init__(self, images: Mapping[str, int]) -> None:
        self._images = images
        self._stems: dict[str, list[int]] = defaultdict(list)
        self._keys: dict[str, list[int]] = defaultdict(list)
        for name, row in images.items():
            self._stems[os.path.splitext(name)[0]].append(row)
            self._keys[first_dot(name)].append(row)

    def of(self, name: str) -> tuple[list[int], str]:
        """The rows of the images that a member belongs to, and how it is called behind their name: ``.json``.

        The nearest counts: ``a.b.json`` belongs to ``a.b.jpg`` where there is one, else to all whose names begin with
        ``a.``, as webdataset has it; ``labels/x.txt`` to ``images/x.jpg``.
        """
        stem = name
        while True:
            shorter, ending = os.path.splitext(stem)
            if not ending:
                break
            stem = shorter
            behind = name[len(stem) :]
            if stem in self._images:
                return [self._images[stem]], behind
            if stem in self._stems:
                return self._stems[stem], behind
        key = first_dot(name)
        if key in self._keys:
            return self._keys[key], name[len(key) :]
        raw = os.fsencode(name)
        for rule in _TREES:
            rows = [row for place in rule.owners(raw) for row in self._stems.get(os.fsdecode(place), ())]
            if rows:
                return rows, os.fsdecode(rule.ending)
        return [], ""


def first_dot(name: str) -> str:
    """The key of a member as webdataset has it: all before the first dot of its last part."""
    folder, slash, leaf = name.rpartition("/")
    return folder + slash + leaf.partition(".")[0]
