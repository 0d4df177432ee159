"""What a data set says of its images, for layouts that need it: split, class and boxes."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from rfdedup.model.errors import ConfigError
from rfdedup.outputs.apply.datasets import coco_labels, read_yolo
from rfdedup.outputs.apply.sidecars import IMAGE_TREES, MAX_LABEL_BYTES, signature
from rfdedup.outputs.materialize.finder import RowFinder
from rfdedup.outputs.materialize.names import portable
from rfdedup.outputs.materialize.rows import RunRows, key_of
from rfdedup.outputs.materialize.sidecars import Sidecars, features_of
from rfdedup.storage.files import explain, read_regular

SPLITS: Final = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val"}
_NO_CLASS: Final = frozenset(("images", "jpegimages", "train", "val", "valid", "validation", "test", "data"))
"""Folders that say nothing of the class of what they hold."""
_BOXES: Final = re.compile(r"no boxes|.*( -?\d+\.\d{4}){4}", re.DOTALL)
"""How a run notes that an image shows objects, or none."""
_POLYGON_NUMBERS: Final = 6
_BOX_NUMBERS: Final = 4


@dataclass(frozen=True)
class Thing:
    """One object on an image.

    Attributes:
        category: place in ``Boxes.names``.
        box: left, top, width, height, in shares of width and height.
        polygon: x, y, x, y, ... in shares, where there is an outline.
        coco: the annotation as a COCO file has it, where it comes from one.
    """

    category: int
    box: tuple[float, float, float, float]
    polygon: tuple[float, ...] = ()
    coco: dict[str, Any] | None = None


def split_of(facts: dict[str, Any]) -> str | None:
    """Split of an image, with ``valid`` and ``validation`` as ``val``; None where none is known."""
    split = facts.get("split")
    return None if not split else portable(SPLITS.get(split.lower(), split)).replace("/", "_")


def class_of(facts: dict[str, Any], sidecars: Sidecars) -> str | None:
    """Class of an image: what the run noted, ``label`` of its table, a ``.cls`` beside it, or the folder it lies in."""
    if class_in(facts.get("label")):
        return str(facts["label"])
    columns = sidecars.columns(facts)
    if columns is not None:
        return _class_in_table(*columns)
    if ".cls" in sidecars.of(facts):
        return sidecars.read(facts, ".cls").decode("utf-8", "replace").strip() or None
    folder = key_of(facts).rpartition("/")[0].rpartition("/")[2]
    return folder if folder and folder.lower() not in _NO_CLASS else None


def class_in(label: str | None) -> str | None:
    """A label of the run where it is a class, and not the boxes of objects in one line."""
    return None if not label or _BOXES.fullmatch(label) else label


def _class_in_table(table: pa.Table, row: int) -> str | None:
    """The column ``label`` of a table, by its name where Hugging Face noted names."""
    value = table["label"][row].as_py() if "label" in table.schema.names and row < table.num_rows else None
    if not isinstance(value, int | str):
        return None
    names = features_of(table.schema).get("label", {}).get("names")
    if isinstance(names, list) and isinstance(value, int) and 0 <= value < len(names):
        return str(names[value])
    return str(value) or None


@dataclass
class Boxes:
    """Objects on images: of COCO files, else of YOLO text beside the images.

    Attributes:
        names: classes, by their numbers.
        info: what a COCO file says beside images and annotations.
    """

    rows: RunRows
    sidecars: Sidecars
    names: list[str] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    ids: list[int] = field(default_factory=list)
    """Numbers of the classes in the COCO file that they come from."""
    _of_coco: dict[int, list[Thing]] = field(default_factory=dict)
    _images: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def read(cls, rows: RunRows, sidecars: Sidecars, files: Sequence[str]) -> Boxes:
        """Take in COCO and YOLO files.

        Raises:
            ConfigError: one cannot be read, or is neither.
        """
        boxes = cls(rows, sidecars)
        for file in files:
            try:
                data = read_regular(file, follow=True)
            except OSError as error:
                raise ConfigError(f"cannot read {file}: {explain(error)}") from None
            if file.lower().endswith(".json"):
                boxes._take_coco(data, file)
            else:
                boxes._take_names(read_yolo(data, file).get("names"))
        return boxes

    def of(self, facts: dict[str, Any]) -> list[Thing] | None:
        """The objects on an image; None where nothing says whether there are any."""
        if self._images:
            return self._of_coco.get(facts["row"], []) if facts["row"] in self._images else None
        data = self.yolo_text(facts)
        return None if data is None else list(self._parsed(data))

    def yolo_text(self, facts: dict[str, Any]) -> bytes | None:
        """The text of a YOLO label file beside an image, as it is; None where there is none."""
        if ".txt" not in self.sidecars.of(facts):
            return None
        data = self.sidecars.read(facts, ".txt")
        kind = signature(b"x.txt", lambda: data[:MAX_LABEL_BYTES])
        return data if "yolo" in kind else None

    def yolo_lines(self, facts: dict[str, Any]) -> bytes | None:
        """The objects on an image as YOLO has them: one line each, class and box or outline; None where unknown."""
        if not self._images:
            return self.yolo_text(facts)
        things = self.of(facts)
        if things is None:
            return None
        lines = []
        for thing in things:
            x, y, w, h = thing.box
            numbers = thing.polygon or (x + w / 2, y + h / 2, w, h)
            lines.append(f"{thing.category} {' '.join(f'{value:.6g}' for value in numbers)}\n")
        return "".join(lines).encode("ascii")

    def coco_image(self, facts: dict[str, Any]) -> dict[str, Any]:
        """What the COCO file says of an image beside its name."""
        return self._images.get(facts["row"], {})

    def _parsed(self, data: bytes) -> list[Thing]:
        things = []
        for line in data.decode("utf-8", "replace").splitlines():
            words = line.split()
            if len(words) <= _BOX_NUMBERS:
                continue
            category, numbers = int(words[0]), tuple(float(word) for word in words[1:])
            if not all(math.isfinite(value) for value in numbers):
                continue
            polygon = len(numbers) >= _POLYGON_NUMBERS and len(numbers) % 2 == 0
            if polygon:
                xs, ys = numbers[::2], numbers[1::2]
                box = (min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
            else:
                x, y, w, h = numbers[:_BOX_NUMBERS]
                box = (x - w / 2, y - h / 2, w, h)
            while len(self.names) <= min(category, 1 << 16):
                self.names.append(str(len(self.names)))
            things.append(Thing(category, box, numbers if polygon else ()))
        return things

    def _take_names(self, names: Any) -> None:
        if isinstance(names, dict):
            numbers = [key for key in names if isinstance(key, int) and 0 <= key < 1 << 16]
            self.names = [str(names.get(i, i)) for i in range(max(numbers, default=-1) + 1)]
        elif isinstance(names, list):
            self.names = [str(name) for name in names]

    def _take_coco(self, data: bytes, file: str) -> None:
        coco_labels(data, file)
        value = json.loads(data)
        categories = sorted((c for c in value.get("categories", []) if "id" in c), key=lambda c: int(c["id"]))
        place = {category["id"]: len(self.ids) + i for i, category in enumerate(categories)}
        self.names += [str(category.get("name", category["id"])) for category in categories]
        self.ids += [int(category["id"]) for category in categories]
        self.info |= {name: value[name] for name in ("info", "licenses") if name in value}
        self.info.setdefault("categories", []).extend(categories)
        finder = RowFinder(self.rows, os.path.dirname(os.path.abspath(file)))
        by_id: dict[Any, tuple[int, dict[str, Any]]] = {}
        for image in value["images"]:
            row = finder.row(image["file_name"])
            if row is not None:
                by_id[image["id"]] = row, image
                self._images[row] = {k: v for k, v in image.items() if k not in ("id", "file_name")}
        for annotation in value.get("annotations", []):
            found = by_id.get(annotation.get("image_id"))
            if found is None:
                continue
            thing = _thing(annotation, found[1], place)
            if thing is not None:
                self._of_coco.setdefault(found[0], []).append(thing)


def _thing(annotation: dict[str, Any], image: dict[str, Any], place: dict[Any, int]) -> Thing | None:
    category = place.get(annotation.get("category_id"))
    try:
        width, height = float(image["width"]), float(image["height"])
        x, y, w, h = (float(value) for value in annotation["bbox"])
        box = x / width, y / height, w / width, h / height
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
    if category is None:
        return None
    outline = annotation.get("segmentation")
    polygon: tuple[float, ...] = ()
    if isinstance(outline, list) and len(outline) == 1 and len(outline[0]) >= _POLYGON_NUMBERS:
        polygon = tuple(float(v) / (height if i % 2 else width) for i, v in enumerate(outline[0]))
    return Thing(category, box, polygon, annotation)


def dataset_files(info: dict[str, Any], named: Sequence[Path], roots: Sequence[str]) -> tuple[str, ...]:
    """The data-set files of a run: those named, those that were INPUT, and a ``data.yaml`` of YOLO at an input.

    It may also lie beside an input that is called ``images``.

    Raises:
        MissingExtraError: PyYAML is not installed, and there is such a file.
    """
    found = [os.path.abspath(file) for file in named]
    given = info.get("given") or {}
    for name in given.get("named", []) if isinstance(given, dict) else []:
        if str(name).lower().endswith((".json", ".yaml", ".yml")) and os.path.isfile(name):
            found.append(os.path.abspath(name))
    for root in roots:
        beside = os.fsencode(os.path.basename(root)) in IMAGE_TREES
        for folder in (root, os.path.dirname(root)) if beside else (root,):
            file = os.path.join(folder, "data.yaml")
            if "://" not in root and os.path.isfile(file) and _is_yolo(file):
                found.append(file)
                break
    return tuple(dict.fromkeys(found))


def _is_yolo(file: str) -> bool:
    try:
        return bool(read_yolo(read_regular(file, follow=True), file))
    except (ConfigError, OSError):
        return False
