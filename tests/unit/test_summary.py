"""What the command line says of how duplicates were found."""

from __future__ import annotations

from pathlib import Path

import pytest

from rfdedup.cli.summary import comparison_lines
from rfdedup.pipeline.results import Run
from synthetic_run import make_run


@pytest.mark.parametrize("same", [None, "meaning"])
def test_a_run_in_which_nobody_compared_pictures_says_so(tmp_path: Path, same: str | None) -> None:
    facts = Run(make_run(tmp_path / "run", same=same).path).summary() | {"encoder": None}
    assert comparison_lines(facts) == [
        "nobody compared pictures (--same meaning): hashes and a cosine similarity decided alone"
    ]


def test_a_run_that_compared_pictures_tells_copies_from_moments(tmp_path: Path) -> None:
    run = Run(make_run(tmp_path / "run", same="moment").path)
    facts = run.summary() | {"encoder": None}
    kinds = [same for same in run.verdicts["same"].to_pylist() if same]
    assert facts["drops_by_kind"] == {kind: kinds.count(kind) for kind in ("copy", "moment")}
    assert comparison_lines(facts) == [
        "dropped for another image, by comparing the pictures: "
        f"{kinds.count('copy')} copies, {kinds.count('moment')} of the same moment"
    ]


def test_a_run_without_duplicates_says_nothing(tmp_path: Path) -> None:
    assert comparison_lines(Run(make_run(tmp_path / "run", groups=0).path).summary() | {"encoder": None}) == []
