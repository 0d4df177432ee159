"""The view of a run in a notebook."""

from __future__ import annotations

import re
from pathlib import Path

from rfdedup.outputs.report.notebook import SHOWN, run_html
from synthetic_run import make_run, previews


def test_a_notebook_shows_counts_and_thumbnails_without_scripts(tmp_path: Path) -> None:
    names = {row: b"<img src=x onerror=alert(1)>%d.jpg" % row for row in range(60)}
    run = make_run(tmp_path / "run", groups=12, names=names)
    html = run_html(run.path, previews)
    verdicts = run.verdicts()
    assert f"<b>{verdicts.num_rows}</b> images" in html
    assert "12 groups of duplicates; 5 least certain" in html
    pictures = re.findall(r'src="data:image/jpeg;base64,[A-Za-z0-9+/=]+"', html)
    assert SHOWN.groups * 2 <= len(pictures) <= SHOWN.groups * (1 + SHOWN.subjects_of_a_group)
    assert "&lt;img src=x onerror=" in html
    assert "<img src=x" not in html
    assert "<script" not in html


def test_a_run_without_duplicates_or_previews_is_shown_too(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", groups=0, poor=3)
    html = run_html(run.path, lambda rows: [None] * len(rows))
    assert "groups of duplicates" not in html
    assert "blurry 1" in html
