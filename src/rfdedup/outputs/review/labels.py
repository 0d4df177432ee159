"""Labels of the images under review: where dropping an image would lose what its king does not say."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.items import Identity
from rfdedup.model.text import printable
from rfdedup.outputs.apply.fsops import FsOps, explain
from rfdedup.outputs.apply.labels import Labels
from rfdedup.outputs.apply.names import forbidden, root_path
from rfdedup.outputs.apply.relist import labels_of_run
from rfdedup.outputs.apply.sidecars import DEFAULT_RULES, Signature, disagreement, parse_rules
from rfdedup.outputs.apply.survey import DiskSurvey
from rfdedup.outputs.review.snapshot import Mask, Rows, Snapshot

_REMEMBERED = 4096
"""Images whose labels are held at a time."""


@dataclass(frozen=True)
class LabelSource:
    """Where labels come from, as the options of ``apply`` say it. A conflict here is one there."""

    sidecars: tuple[str, ...] = DEFAULT_RULES
    datasets: tuple[Path, ...] = ()
    dataset_images: Path | None = None
    path_column: str | None = None
    label_column: str | None = None

    def check(self, run: Path) -> Mapping[Identity, Signature]:
        """The labels that data-set files give, by root and name.

        Raises:
            ConfigError: a rule or a file is not what it should be.
        """
        parse_rules(self.sidecars)
        if not self.datasets:
            return {}
        files = [os.path.realpath(file) for file in self.datasets]
        images = None if self.dataset_images is None else os.path.realpath(self.dataset_images)
        return labels_of_run(run, files, images, self.path_column, self.label_column)


class RunLabels:
    """Labels of one snapshot, read from disk when asked. Safe to call from several threads."""

    def __init__(self, snapshot: Snapshot, source: LabelSource, extra: Mapping[Identity, Signature]) -> None:
        self._table = snapshot.table
        self._labels = Labels(DiskSurvey(FsOps()), parse_rules(source.sidecars), extra=extra)
        self._lock = threading.Lock()
        self._of = lru_cache(_REMEMBERED)(self._read)
        self._known: dict[tuple[int, int], str | None] = {}

    def why(self, row: int, king: int) -> str | None:
        """Why the labels of a dropped row are not those of its king; None if nothing is lost with it."""
        with self._lock:
            return self._why(row, king)

    def conflicts(self, rows: Rows, kings: Rows) -> Mask:
        """Which of the dropped ``rows`` have labels that their ``kings`` (same length) do not have."""
        pairs = zip(rows.tolist(), kings.tolist(), strict=True)
        return np.fromiter((self.why(*pair) is not None for pair in pairs), np.bool_, len(rows))

    def shown(self, row: int) -> str:
        """The labels of a row in words."""
        try:
            with self._lock:
                found = self._of(row)
        except OSError as error:
            return explain(error)[1]
        return "; ".join(f"{kind}: {_counted(classes)}" for kind, classes in found.items() if classes)

    @cached_property
    def folders(self) -> npt.NDArray[np.int32]:
        """Number of the innermost folder of each row, which is its class where data sets keep a folder a class."""
        folder = pc.replace_substring_regex(self._table["path"], r"(?s)(?:^|.*/)([^/]*)/[^/]*$|^[^/]*$", r"\1")
        indices = pc.dictionary_encode(folder).combine_chunks().indices
        return np.asarray(indices.to_numpy(zero_copy_only=False), np.int32)

    def _why(self, row: int, king: int) -> str | None:
        if (row, king) not in self._known:
            try:
                mine = self._of(row)
                found = disagreement(mine, self._of(king)) if mine else None
            except OSError as error:
                found = f"its labels cannot be read: {explain(error)[1]}"
            self._known[row, king] = None if found is None else printable(found)
        return self._known[row, king]

    @cached_property
    def _outside(self) -> Mask:
        """Rows whose path leads out of its folder, which no run writes: their labels are not looked for."""
        return np.asarray(forbidden(self._table["path_bytes"].cast(pa.binary())).to_numpy(zero_copy_only=False), bool)

    def _read(self, row: int) -> Signature:
        # what lies beside an image inside a container is not read
        if self._outside[row] or self._table["source"][row].is_valid:
            return {}
        raw = self._table["root"].cast(pa.binary())[row].as_py()
        return self._labels.of(root_path(raw), self._table["path_bytes"][row].as_py())


def _counted(classes: Mapping[str, int]) -> str:
    names = [(printable(name), count) for name, count in classes.items()]
    return ", ".join(name if count == 1 else f"{name} ×{count}" for name, count in names)
