"""A run as Jupyter shows it: counts, and the groups that deserve a look with their thumbnails."""

from __future__ import annotations

from pathlib import Path

from rfdedup.model.text import printable
from rfdedup.outputs.report.contents import PageLimits, contents, shown_rows
from rfdedup.outputs.report.render import Previews, encoded, template
from rfdedup.outputs.report.sentences import told
from rfdedup.storage.run_folder import RunFolder

SHOWN = PageLimits(groups=5, subjects_of_a_group=4, quality_drops=0, errors=0)


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
