"""Runs, groups and single images as Jupyter shows them: small pictures and words, without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rfdedup.model.text import printable
from rfdedup.outputs.report.contents import PageLimits, contents, shown_rows
from rfdedup.outputs.report.render import Previews, encoded, template
from rfdedup.outputs.report.sentences import told
from rfdedup.storage.run_folder import RunFolder

SHOWN = PageLimits(groups=5, subjects_of_a_group=4, quality_drops=0, errors=0)
SIDE = 120
"""Pixels of the longer side of a picture."""


@dataclass(frozen=True)
class Cell:
    """A picture, where there is one, and the lines below it."""

    lines: Sequence[str]
    jpeg: bytes | None = None

    @property
    def picture(self) -> str | None:
        return None if self.jpeg is None else encoded(self.jpeg)


def run_html(path: Path, previews: Previews) -> str:
    """HTML without scripts for ``_repr_html_`` of a run.

    Args:
        path: the run folder.
        previews: gives the small JPEGs of verdict rows.

    Raises:
        RunFolderError: the run cannot be read.
    """
    folder = RunFolder.open(path)
    page = contents(folder.verdicts(), folder.links(), folder.info(), SHOWN, folder.evidence())
    rows = shown_rows(page)
    pictures = {row: encoded(jpeg) for row, jpeg in zip(rows.tolist(), previews(rows), strict=True) if jpeg is not None}
    return str(template("notebook.html.j2").render(page=page, pictures=pictures, say=told, path=printable(str(path))))


def cells_html(title: str, cells: Sequence[Cell], *, more: int = 0, text: str = "", side: int = SIDE) -> str:
    """HTML without scripts: a title, pictures side by side with their lines, and text below.

    Args:
        title: one line.
        cells: what is shown.
        more: how many are not.
        text: lines of a fixed width.
        side: pixels of the longer side of a picture.
    """
    shown = [Cell([printable(line) for line in cell.lines], cell.jpeg) for cell in cells]
    return str(template("cells.html.j2").render(title=printable(title), cells=shown, more=more, text=text, side=side))
