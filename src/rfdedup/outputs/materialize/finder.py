"""Which image a data-set file names."""

from __future__ import annotations

import os

from rfdedup.outputs.materialize.rows import RunRows


class RowFinder:
    """Finds the row that a data-set file names: by its path, else by a name that only one image has."""

    def __init__(self, rows: RunRows, folder: str) -> None:
        self._folder = folder
        self._paths: dict[str, int] = {}
        self._keys: dict[str, int | None] = {}
        for row, name in enumerate(rows.table["path_bytes"].to_pylist()):
            key, root = os.fsdecode(name), rows.roots[rows.root[row]]
            if not rows.in_container[row]:
                self._paths[os.path.join(root, *key.split("/"))] = row
            for known in {key, key.rpartition("/")[2]}:
                self._keys[known] = None if known in self._keys else row
        self._bases = [folder, *rows.folders(), *(os.path.join(root, "images") for root in rows.folders())]

    def row(self, entry: str) -> int | None:
        """The row of an image as a file in the folder spells it; None where it is none of the run."""
        for base in self._bases:
            found = self._paths.get(os.path.normpath(os.path.join(base, entry)))
            if found is not None:
                return found
        plain = entry.replace("\\", "/").lstrip("./")
        return self._keys.get(plain, self._keys.get(plain.rpartition("/")[2]))
