"""Data-set files beside folders, COCO JSON and YOLO ``data.yaml``, for a copy of these: without what does not go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from rfdedup.model.errors import ConfigError
from rfdedup.outputs.apply.datasets import (
    Ask,
    coco_labels,
    read_yolo,
    rename_lists,
    rewrite_coco,
    rewrite_list,
    write_yolo,
    yolo_lists,
)
from rfdedup.outputs.materialize.finder import RowFinder
from rfdedup.outputs.materialize.pieces import Piece, Refusal
from rfdedup.outputs.materialize.rows import RunRows
from rfdedup.outputs.materialize.selection import Selection
from rfdedup.outputs.materialize.target import Sink
from rfdedup.storage.files import explain, read_regular

_SPLITS = ("train", "val", "test", "minival")


@dataclass(frozen=True)
class DatasetFiles:
    """Rewrites data-set files of folders.

    Attributes:
        rows: of the run. selection: what goes. refused: rows that could not be written, as they become known.
        places: where each input lies below the target. files: absolute paths.
    """

    rows: RunRows
    selection: Selection
    refused: set[int]
    places: dict[str, str]
    files: tuple[str, ...]

    def pieces(self) -> Iterator[Piece]:
        """The files, and the lists that a ``data.yaml`` names.

        Raises:
            ConfigError: one cannot be read, or is not what its suffix says.
        """
        for file in self.files:
            data = _read(file)
            name = self.place(file)
            if file.lower().endswith(".json"):
                coco_labels(data, file)
                yield Piece(name, len(data), (), partial(self._coco, file, data), of_all=True)
                continue
            value = read_yolo(data, file)
            base = os.path.normpath(os.path.join(os.path.dirname(file), str(value.get("path") or "")))
            lists = {}
            for entry in yolo_lists(value):
                path = os.path.normpath(os.path.join(base, entry))
                text = _read(path)
                place = self.place(path)
                lists[entry] = os.path.relpath(place, os.path.dirname(name) or ".").replace(os.sep, "/")
                yield Piece(place, len(text), (), partial(self._list, path, text), of_all=True)
            changed = self._moved(rename_lists(value, lists), base, name)
            yield Piece(name, len(data), (), partial(_put, write_yolo(changed)))

    def place(self, path: str) -> str:
        """Where a file lies in the copy: as it does to its input, or at the top."""
        for root, place in self.places.items():
            if path.startswith(root.rstrip(os.sep) + os.sep):
                return "/".join(part for part in (place, os.path.relpath(path, root).replace(os.sep, "/")) if part)
        return os.path.basename(path)

    def _moved(self, value: dict[str, Any], base: str, name: str) -> dict[str, Any]:
        """A ``data.yaml`` whose folders are relative to itself."""
        above = os.path.dirname(name) or "."

        def moved(entry: Any) -> Any:
            if not isinstance(entry, str) or entry.endswith(".txt"):
                return entry
            path = os.path.normpath(os.path.join(base, entry))
            for root, place in self.places.items():
                if path == root or path.startswith(root.rstrip(os.sep) + os.sep):
                    inside = os.path.normpath(os.path.join(place or ".", os.path.relpath(path, root)))
                    return os.path.relpath(inside, above).replace(os.sep, "/")
            return entry

        changed = {
            key: ([moved(item) for item in entry] if isinstance(entry, list) else moved(entry))
            if key in _SPLITS
            else entry
            for key, entry in value.items()
        }
        changed.pop("path", None)
        return changed

    def _coco(self, file: str, data: bytes, sink: Sink) -> list[Refusal]:
        return _put(rewrite_coco(data, self._ask(os.path.dirname(file)), file), sink)

    def _list(self, path: str, data: bytes, sink: Sink) -> list[Refusal]:
        return _put(rewrite_list(data, self._ask(os.path.dirname(path))), sink)

    def _ask(self, folder: str) -> Ask:
        finder = RowFinder(self.rows, folder)

        def ask(entry: str) -> str | None:
            row = finder.row(entry)
            goes = row is not None and bool(self.selection.included[row]) and row not in self.refused
            if not goes or row is None or not os.path.isabs(entry):
                return entry if goes else None
            # a copy knows nothing of where it was copied from
            above = os.path.dirname(self.place(os.path.join(folder, "x"))) or "."
            return os.path.relpath(self.selection.targets.get(row, entry), above).replace(os.sep, "/")

        return ask


def _put(data: bytes, sink: Sink) -> list[Refusal]:
    sink.write(data)
    return []


def _read(file: str) -> bytes:
    try:
        return read_regular(file, follow=True)
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {explain(error)}") from None
