"""Layouts of plain files: ``files``, ``imagefolder``, ``yolo`` and ``coco``. Labels are called as their images are."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from rfdedup.model.errors import ConfigError
from rfdedup.outputs.materialize.labels import Boxes, Thing, class_of, split_of
from rfdedup.outputs.materialize.names import Names, portable
from rfdedup.outputs.materialize.pieces import MANIFEST, Piece, Refusal
from rfdedup.outputs.materialize.rows import Images, Rows, RunRows, suffixed
from rfdedup.outputs.materialize.same import write_image
from rfdedup.outputs.materialize.shards import write_bytes
from rfdedup.outputs.materialize.sidecars import Sidecars
from rfdedup.outputs.materialize.target import Sink

UNKNOWN: Final = "_unknown"
"""Folder of images without a class, beside those of classes."""


@dataclass(frozen=True)
class TreeLayout:
    """One file for each image, by a rule for its folder.

    Attributes:
        rows: of the run. going: rows that go. images, sidecars: read them and what belongs to them.
    """

    rows: RunRows
    going: Rows
    images: Images
    sidecars: Sidecars

    def folder(self, facts: dict[str, Any]) -> str:  # noqa: ARG002
        """Where an image goes, below the target; empty for its top."""
        return ""

    def pieces(self) -> Iterator[Piece]:
        names = Names(by_stem=True)
        names.take(MANIFEST, "")
        for facts in self.rows.facts(self.going):
            name = self._name(facts, names)
            yield self._image(facts, name)
            yield from self.beside(facts, name)

    def beside(self, facts: dict[str, Any], name: str) -> Iterator[Piece]:
        """What goes along with an image."""
        stem, suffix = os.path.splitext(name)
        for ending in self.sidecars.of(facts):
            if ending.lower() != suffix.lower():
                write = partial(self._beside, facts, ending)
                yield Piece(f"{stem}{portable(ending)}", 0, (), write, mtime_ns=facts["mtime_ns"], of=facts["row"])

    def _name(self, facts: dict[str, Any], names: Names) -> str:
        folder, leaf = self.folder(facts), portable(suffixed(facts)).rpartition("/")[2]
        return names.take(f"{folder}/{leaf}" if folder else leaf, f"{facts['root']}/{facts['path']}")

    def _image(self, facts: dict[str, Any], name: str) -> Piece:
        row = facts["row"]
        write = partial(write_image, self.images, facts)
        return Piece(name, int(self.rows.size[row]), (row,), write, mtime_ns=facts["mtime_ns"])

    def _beside(self, facts: dict[str, Any], ending: str, sink: Sink) -> list[Refusal]:
        return write_bytes(self.sidecars.read(facts, ending), sink)


class FilesLayout(TreeLayout):
    """``files``: all images in one folder."""


class ClassLayout(TreeLayout):
    """``imagefolder``: ``[split/]class/image``."""

    def folder(self, facts: dict[str, Any]) -> str:
        split, name = split_of(facts), class_of(facts, self.sidecars)
        return "/".join(part for part in (split, _one_part(name or UNKNOWN)) if part)

    def pieces(self) -> Iterator[Piece]:
        if not any(class_of(facts, self.sidecars) for facts in self.rows.facts(self.going)):
            raise ConfigError(
                "--as imagefolder needs classes, and no image has one: a folder of its own, a .cls member, or a label"
            )
        yield from super().pieces()

    def beside(self, facts: dict[str, Any], name: str) -> Iterator[Piece]:  # noqa: ARG002
        """Nothing: folders of classes hold images only."""
        return iter(())


@dataclass(frozen=True)
class YoloLayout(TreeLayout):
    """``yolo``: ``images/SPLIT/x.jpg``, ``labels/SPLIT/x.txt`` and ``data.yaml``, as Ultralytics reads it.

    An image without objects has an empty label file where the data set says so, and none where it does not.
    """

    boxes: Boxes

    def folder(self, facts: dict[str, Any]) -> str:
        return f"images/{split_of(facts) or 'train'}"

    def pieces(self) -> Iterator[Piece]:
        splits: set[str] = set()
        for facts in self.rows.facts(self.going):
            splits.add(split_of(facts) or "train")
            # names of classes that no file gives are their numbers, as far as labels have them
            self.boxes.of(facts)
        yield from super().pieces()
        data = self._yaml(splits)
        yield Piece("data.yaml", len(data), (), partial(write_bytes, data))

    def beside(self, facts: dict[str, Any], name: str) -> Iterator[Piece]:
        lines = self.boxes.yolo_lines(facts)
        if lines is not None:
            label = f"labels/{os.path.splitext(name)[0].partition('/')[2]}.txt"
            write = partial(write_bytes, lines)
            yield Piece(label, len(lines), (), write, mtime_ns=facts["mtime_ns"], of=facts["row"])

    def _yaml(self, splits: set[str]) -> bytes:
        """``data.yaml``, in JSON's subset of YAML, so that nothing needs a library. Paths are relative to it."""
        train = "images/train" if "train" in splits or not splits else f"images/{min(splits)}"
        lines = [f"train: {train}", f"val: {'images/val' if 'val' in splits else train}"]
        lines += [f"{split}: {json.dumps(f'images/{split}')}" for split in sorted(splits - {"train", "val"})]
        lines += [f"nc: {len(self.boxes.names)}", "names:" if self.boxes.names else "names: {}"]
        lines += [f"  {number}: {json.dumps(name)}" for number, name in enumerate(self.boxes.names)]
        return "\n".join([*lines, ""]).encode("ascii")


@dataclass(frozen=True)
class CocoLayout(TreeLayout):
    """``coco``: ``images/[SPLIT/]x.jpg`` and ``annotations/instances_SPLIT.json``.

    Attributes:
        boxes: objects on images. refused: rows that could not be written, as they become known.
    """

    boxes: Boxes
    refused: set[int]

    def folder(self, facts: dict[str, Any]) -> str:
        return "/".join(part for part in ("images", split_of(facts)) if part)

    def pieces(self) -> Iterator[Piece]:
        counted: Counter[str] = Counter()
        for facts in self.rows.facts(self.going):
            counted[split_of(facts) or ""] += int(self.rows.size[facts["row"]] >= 0)
        yield from super().pieces()
        for split in sorted(counted):
            name = f"annotations/instances{'_' if split else ''}{split}.json"
            yield Piece(name, 256 * counted[split], (), partial(self._annotations, split), of_all=True)

    def beside(self, facts: dict[str, Any], name: str) -> Iterator[Piece]:  # noqa: ARG002
        """Nothing: labels are in the annotations."""
        return iter(())

    def _annotations(self, split: str, sink: Sink) -> list[Refusal]:
        names = Names(by_stem=True)
        names.take(MANIFEST, "")
        images: list[dict[str, Any]] = []
        annotations: list[dict[str, Any]] = []
        for facts in self.rows.facts(self.going):
            name = self._name(facts, names)
            if (split_of(facts) or "") != split or facts["row"] in self.refused:
                continue
            file = name.removeprefix(self.folder(facts) + "/")
            size = {"width": facts["width"], "height": facts["height"]}
            images.append({"id": facts["row"] + 1, "file_name": file, **size, **self.boxes.coco_image(facts)})
            for thing in self.boxes.of(facts) or []:
                number = len(annotations) + 1
                annotations.append({**self._annotation(thing, facts), "id": number, "image_id": facts["row"] + 1})
        value = {**self.boxes.info, "images": images, "annotations": annotations}
        if "categories" not in value:
            value["categories"] = [{"id": number, "name": name} for number, name in enumerate(self.boxes.names)]
        return write_bytes(json.dumps(value).encode("ascii"), sink)

    def _annotation(self, thing: Thing, facts: dict[str, Any]) -> dict[str, Any]:
        if thing.coco is not None:
            return dict(thing.coco)
        width, height = facts["width"] or 0, facts["height"] or 0
        x, y, w, h = thing.box
        box = [round(x * width, 3), round(y * height, 3), round(w * width, 3), round(h * height, 3)]
        outline = [round(value * (height if i % 2 else width), 3) for i, value in enumerate(thing.polygon)]
        area = round(box[2] * box[3], 3)
        return {
            "category_id": thing.category,
            "bbox": box,
            "area": area,
            "iscrowd": 0,
            "segmentation": [outline] if outline else [],
        }


def _one_part(name: str) -> str:
    return portable(name.replace("/", "_"))
