"""Images of a finished run as Python sees them: some rows of the verdicts, and groups of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from rfdedup.model.errors import MissingExtraError, RunFolderError
from rfdedup.model.schemas import Verdict
from rfdedup.storage.run_folder import RunFolder

Rows = npt.NDArray[np.int64]

SHOWN: Final = 12
"""Images that a notebook shows of many."""


class RunImages:
    """Some rows of ``verdicts``: all that a ``pyarrow.Table`` of them has, and pictures in a notebook.

    Attributes:
        table: the rows; columns in ``schemas.VERDICTS``.
        rows: (n,) int64, their places in ``verdicts``.
    """

    def __init__(self, table: pa.Table, rows: Rows, run: Path, what: str) -> None:
        self.table, self.rows = table, rows
        self._run, self._what = run, what

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``.

        Raises:
            MissingExtraError: pandas is not installed.
        """
        return to_pandas(self.table)

    def __getattr__(self, name: str) -> Any:
        # what a copy lacks until it is made
        if name.startswith("_") or name in ("table", "rows"):
            raise AttributeError(name)
        return getattr(self.table, name)

    def __getitem__(self, key: Any) -> Any:
        return self.table[key]

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def __eq__(self, other: object) -> bool:
        return bool(self.table == (other.table if isinstance(other, RunImages) else other))

    __hash__ = None  # type: ignore[assignment]

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """For ``pyarrow.table``, polars, pandas and others that take Arrow."""
        return self.table.__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"{len(self):,} {self._what} images of {str(self._run)!r}"

    def _repr_html_(self) -> str:
        from rfdedup.outputs.report.notebook import Cell, cells_html

        rows = self.table.slice(0, SHOWN).to_pylist()
        pictures = previews(self._run, self.rows[:SHOWN])
        cells = [Cell(_lines(row), picture) for row, picture in zip(rows, pictures, strict=True)]
        return cells_html(f"{len(self):,} {self._what} images", cells, more=len(self) - len(cells))


@dataclass(frozen=True)
class Group:
    """One king and its subjects, as rows of ``verdicts``, each with its place there as ``row``."""

    number: int
    king: dict[str, Any]
    subjects: list[dict[str, Any]]
    run: Path | None = field(default=None, repr=False, compare=False)
    """The folder in which their pictures lie."""

    def __len__(self) -> int:
        """Images of the group."""
        return 1 + len(self.subjects)

    def __repr__(self) -> str:
        names = [subject["path"] for subject in self.subjects]
        shown = ", ".join(map(repr, names[:3])) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")
        return f"Group({self.number}: {self.king['path']!r} stands for {shown or 'no other'})"

    def _repr_html_(self) -> str:
        from rfdedup.outputs.report.notebook import Cell, cells_html

        images = [self.king, *self.subjects[: SHOWN - 1]]
        rows = np.array([image["row"] for image in images], np.int64)
        pictures = [None] * len(images) if self.run is None else previews(self.run, rows)
        said = {} if self.run is None else _sentences(self.run, self.king, self.subjects)
        cells = [
            Cell([*_lines(image), *said.get(image["row"], [])], picture)
            for image, picture in zip(images, pictures, strict=True)
        ]
        title = f"group {self.number}: 1 kept, {len(self.subjects):,} dropped"
        return cells_html(title, cells, more=len(self) - len(images))


def groups_of(members: pa.Table, run: Path) -> Iterator[Group]:
    """The groups of some verdicts with their places as ``row``, which come sorted by group."""
    make = partial(_group, run)
    rows: list[dict[str, Any]] = []
    for row in members.to_pylist():
        if rows and rows[0]["group"] != row["group"]:
            yield make(rows)
            rows = []
        rows.append(row)
    if rows:
        yield make(rows)


def _group(run: Path, rows: list[dict[str, Any]]) -> Group:
    king = next(row for row in rows if row["verdict"] == Verdict.KEEP)
    return Group(king["group"], king, [row for row in rows if row is not king], run)


def _sentences(run: Path, king: dict[str, Any], subjects: list[dict[str, Any]]) -> dict[int, list[str]]:
    """What comparing each subject with the king found, in words, by row; none where nobody compared them."""
    from rfdedup.comparison import sentence
    from rfdedup.outputs.report.sentences import evidence_in

    size = {image["row"]: (image["width"], image["height"]) for image in (king, *subjects)}
    try:
        evidence = RunFolder(run).evidence()
    except RunFolderError:
        return {}
    here = evidence.filter(pc.is_in(evidence["row"], pa.array(list(size), pa.int64()))).to_pylist()
    return {
        facts["row"]: [sentence(evidence_in(facts), size[facts["row"]], size[king["row"]])]
        for facts in here
        if facts["king_row"] == king["row"] and all((*size[facts["row"]], *size[king["row"]]))
    }


def previews(run: Path, rows: Rows) -> list[bytes | None]:
    """Small JPEGs of rows; None where there are none, or the features are gone: words are shown all the same."""
    from rfdedup.storage.feature_store import previews_of

    try:
        return previews_of(run, rows)
    except RunFolderError:
        return [None] * len(rows)


def to_pandas(table: pa.Table) -> Any:
    """A table as a ``pandas.DataFrame``.

    Raises:
        MissingExtraError: pandas is not installed.
    """
    try:
        return table.to_pandas()
    except ImportError:
        raise MissingExtraError("pandas", "pandas", "to_pandas()") from None


def _lines(row: dict[str, Any]) -> list[str]:
    """What a notebook says of an image: its name, what became of it, and what for."""
    words = {Verdict.KEEP: "kept", Verdict.DROP: "dropped"}.get(row["verdict"], str(row["verdict"]))
    said = [words, *(str(row[name]) for name in ("tier", "reason") if row[name] is not None)]
    lines = [row["path"], ": ".join((said[0], ", ".join(said[1:]))) if len(said) > 1 else said[0]]
    if row["king"] is not None:
        lines.append(f"for {row['king']}")
    return lines
