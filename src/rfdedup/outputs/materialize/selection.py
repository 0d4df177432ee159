"""Which images go into a copy, and what goes along with them: by the rules of ``apply --copy-kept``."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from rfdedup.outputs.apply.bundles import Pairs
from rfdedup.outputs.apply.catalog import Catalog, Row, read_rows
from rfdedup.outputs.apply.fsops import FsOps
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import local, split_suffix
from rfdedup.outputs.apply.plan import Action, Held, Options, PlannedFile, Planner, Unit
from rfdedup.outputs.apply.sidecars import DEFAULT_RULES, IMAGE_TREES, is_image_name, parse_rules
from rfdedup.outputs.apply.survey import DiskSurvey
from rfdedup.outputs.materialize.rows import RunRows

RULES: Final = parse_rules(DEFAULT_RULES)
_LABEL: Final = b".txt"
_NOT_READ: Final = "unreadable"


class Beside(NamedTuple):
    """A file that goes along with an image: where it is, and where it would lie in a copy of the folders."""

    base: str
    name: bytes
    target: str


@dataclass
class Selection:
    """What goes.

    Attributes:
        included: (n,) whether the image of a row goes.
        stays: why, of images that go although they were dropped.
        targets: where files of folders would lie in a copy of the folders, by row.
        beside: what goes along with files of folders, by row.
        failed: path and reason of what should go and cannot.
    """

    included: npt.NDArray[np.bool_]
    stays: dict[int, str] = field(default_factory=dict)
    targets: dict[int, str] = field(default_factory=dict)
    beside: dict[int, list[Beside]] = field(default_factory=dict)
    failed: list[tuple[str, str]] = field(default_factory=list)


class _Untouched(DiskSurvey):
    """The disk as it is without the copy, which an interrupted call may have begun."""

    def taken(self, base: str, name: bytes) -> bool:  # noqa: ARG002
        return False


def select(run: Path, rows: RunRows, dest: str, places: dict[str, str]) -> Selection:
    """Choose what goes into a copy.

    Args:
        run: the run folder. rows: its verdicts.
        dest: absolute folder of the copy.
        places: folder of each input below ``dest``, in a copy of the folders.

    Raises:
        RunFolderError: the verdicts are damaged.
    """
    chosen = Selection(rows.kept.copy())
    folders = [root for root in rows.folders() if "://" not in root]
    if folders:
        _folders(run, rows, dest, {root: places[root] for root in folders}, chosen)
    for root in rows.containers():
        _tied(rows, rows.of_root(root), chosen)
    return chosen


def _folders(run: Path, rows: RunRows, dest: str, places: dict[str, str], chosen: Selection) -> None:
    """Files of folders, as ``apply --copy-kept`` plans them."""
    number = {
        (rows.roots[rows.root[row]], name): row
        for row, name in enumerate(rows.table["path_bytes"].to_pylist())
        if not rows.in_container[row]
    }
    fs = FsOps()
    folds = fs.ignores_case(dest)
    with Catalog.build_of(_rows_of_files(run, places)) as catalog:
        for root, place in places.items():
            target = os.path.join(dest, *place.split("/")) if place else dest
            options = Options(Action.COPY, target, rules=RULES, folds_names=folds, pairs=Pairs.KEEP)
            survey = _Untouched(fs, folds_names=folds)
            planner = Planner(options, catalog, Labels(survey, RULES, companions=True))
            batches = ([row for row in batch if row.root == root] for batch in _rows_of_files(run, places))
            for planned in planner.plan(batches):
                if isinstance(planned, Held):
                    if planned.failed and planned.reason != _NOT_READ:
                        chosen.included[number[planned.base, planned.name]] = False
                        chosen.failed.append((local(planned.base, planned.name), planned.detail))
                    continue
                _take(planned, number, dest, chosen)


def _rows_of_files(run: Path, roots: Collection[str]) -> Iterator[list[Row]]:
    """The files of folders. Kings inside containers are left out: their labels are not compared."""
    for batch in read_rows(run, files_only=True):
        yield [
            row if row.king_root in roots else row._replace(king_root=None, king_name=None)
            for row in batch
            if row.root in roots
        ]


def _take(unit: Unit, number: dict[tuple[str, bytes], int], dest: str, chosen: Selection) -> None:
    for part in unit.parts:
        row = number[part.image.base, part.image.name]
        chosen.included[row] = True
        chosen.targets[row] = _below(part.image, dest)
        if part.stays is not None:
            chosen.stays[row] = part.stays.detail
        beside = [Beside(item.base, item.name, _below(item, dest)) for item in part.sidecars]
        if not any(item.name.endswith(_LABEL) for item in beside):
            beside += _label_above(part.image, chosen.targets[row])
        if beside:
            chosen.beside[row] = beside


def _label_above(image: PlannedFile, target: str) -> list[Beside]:
    """The YOLO label of an image whose input lies below a folder ``images``: ``images/train`` has ``labels/train``."""
    above, tail = _image_tree(image.base)
    if not tail or not target.startswith(f"{tail}/"):
        return []
    folder, _, leaf = (tail.partition("/")[2].encode() + b"/" + image.name).rpartition(b"/")
    name = b"labels/" + folder + b"/" + split_suffix(leaf)[0] + _LABEL
    if not os.path.isfile(local(above, name)):
        return []
    stem = os.path.splitext(target.partition("/")[2])[0]
    return [Beside(above, name, f"labels/{stem}{_LABEL.decode()}")]


def _image_tree(root: str) -> tuple[str, str]:
    """The folder above the last ``images`` in the path of an input, and the path from there on; empty without one."""
    parts = root.split(os.sep)
    for place in range(len(parts) - 1, 0, -1):
        above = os.sep.join(parts[:place])
        last = place == len(parts) - 1
        # folders of that name higher up are of YOLO only where labels lie beside them
        if os.fsencode(parts[place]) in IMAGE_TREES and (last or os.path.isdir(os.path.join(above, "labels"))):
            return above, "/".join(parts[place:])
    return root, ""


def _below(item: PlannedFile, dest: str) -> str:
    return os.path.relpath(str(item.target_path), dest).replace(os.sep, "/")


def _tied(rows: RunRows, some: npt.NDArray[np.int64], chosen: Selection) -> None:
    """Masks inside of containers stay with their images, and images with their masks."""
    names = [(int(row), name) for row, name in zip(some, _names(rows, some), strict=True)]
    stems: dict[bytes, list[int]] = defaultdict(list)
    for row, name in names:
        stems[_stem(name)].append(row)
    for row, name in names:
        owners = {other for stem in _owner_stems(name) for other in stems.get(stem, ()) if other != row}
        if not owners:
            continue
        group = [row, *sorted(owners)]
        here = chosen.included[group]
        if here.any() and not here.all():
            for other in group:
                if not chosen.included[other] and rows.table["sha256"][other].is_valid:
                    chosen.included[other] = True
                    chosen.stays[other] = "it belongs to an image that is kept"


def _names(rows: RunRows, some: npt.NDArray[np.int64]) -> Sequence[bytes]:
    names: list[bytes] = rows.table["path_bytes"].take(some).to_pylist()
    return names


def _stem(name: bytes) -> bytes:
    folder, slash, leaf = name.rpartition(b"/")
    stem, dot, _ = leaf.rpartition(b".")
    return folder + slash + (stem if dot and stem else leaf)


def _owner_stems(name: bytes) -> Iterator[bytes]:
    """Stems of the images that an image may be a mask of: ``0001.seg.png`` and ``masks/0001.png`` of ``0001``."""
    if not is_image_name(name):
        return
    folder, slash, leaf = name.rpartition(b"/")
    first, dot, rest = leaf.partition(b".")
    if dot and b"." in rest:
        yield folder + slash + first
    for rule in RULES:
        if rule.tree and not rule.whole_name:
            yield from rule.owners(name)


def place_of_inputs(folders: Sequence[str], containers: Sequence[str]) -> dict[str, str]:
    """Where each input lies in a copy that keeps their names: alone at the top, several as they lie to each other.

    A single folder that is called ``images``, or lies below one that has ``labels`` beside it, keeps its name from
    there on, because its labels lie beside that.
    """
    every = [*folders, *containers]
    if len(every) == 1 and folders:
        return {every[0]: "" if "://" in every[0] else _image_tree(every[0])[1]}
    here = [path for path in every if "://" not in path]
    above = os.path.commonpath([os.path.dirname(path) for path in here]) if here and _one_drive(here) else None
    found = {}
    for path in every:
        if "://" in path:
            found[path] = path.partition("://")[2].strip("/")
        elif above is None:
            found[path] = os.path.splitdrive(path)[1].replace(os.sep, "/").strip("/")
        else:
            found[path] = os.path.relpath(path, above).replace(os.sep, "/")
    return found


def _one_drive(paths: Sequence[str]) -> bool:
    return len({os.path.splitdrive(path)[0] for path in paths}) == 1
