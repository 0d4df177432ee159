"""The whole funnel on planted sets: what must hold for anyone's photos, whichever way the copies were made."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import rfdedup
from rfdedup.cli.main import app
from rfdedup.demo.edits import STYLES
from rfdedup.demo.planting import Planted, plant, shipped_photos
from rfdedup.outputs.evaluation import Evaluation, evaluate

EASY = ("exact", "half", "q30", "crop10", "brighter")


def scores_of(planted: Planted, out: Path) -> Evaluation:
    run = rfdedup.refine(planted.images, out=out)
    return evaluate(planted.rows, run.verdicts, run.links)


def check(scores: Evaluation) -> None:
    assert scores.absent == scores.unknown == 0
    assert scores.wrong == ()
    assert scores.sources_lost == 0
    easy = [scores.recall_by_kind[kind] for kind in EASY]
    assert sum(ratio.hits for ratio in easy) >= 0.95 * sum(ratio.total for ratio in easy), scores.missed
    assert scores.recall.value is not None
    assert scores.recall.value >= 0.95, scores.missed
    assert scores.kings.value is not None
    assert scores.kings.value >= 0.95, scores.wrong_kings
    assert scores.junk.value is not None
    assert scores.junk.value >= 0.9
    assert scores.broken.value == 1.0


@pytest.mark.parametrize("style", sorted(STYLES))
def test_shipped_photos(tmp_path: Path, style: str) -> None:
    planted = plant(shipped_photos()[::2], tmp_path, seed=11, style=style, per_source=6)
    check(scores_of(planted, tmp_path / "run"))


@pytest.mark.long
@pytest.mark.parametrize("style", sorted(STYLES))
def test_shared_photos_and_cars(shared_data: Path, tmp_path: Path, style: str) -> None:
    sources = [*sorted((shared_data / "photos").iterdir()), *sorted((shared_data / "cars").iterdir())[::4]]
    planted = plant(sources, tmp_path, seed=12, style=style, per_source=5)
    scores = scores_of(planted, tmp_path / "run")
    assert scores.precision.value is not None
    assert scores.precision.value >= 0.999, scores.wrong
    assert scores.recall.value is not None
    assert scores.recall.value >= 0.985, scores.missed
    # a source that is itself blurred, dark or blown out may lose all its copies to tier 1
    assert scores.sources_lost == scores.sources_called_junk
    assert scores.kings.value is not None
    assert scores.kings.value >= 0.97, scores.wrong_kings


def test_demo_then_evaluate_tell_the_same(tmp_path: Path) -> None:
    out = tmp_path / "demo"
    shown = CliRunner().invoke(app, ["demo", "--out", str(out), "--json"], catch_exceptions=False)
    assert shown.exit_code == 0
    told = json.loads(shown.stdout)
    assert told["precision"]["value"] == 1.0
    assert (out / "run" / "report.html").is_file()
    again = CliRunner().invoke(
        app, ["evaluate", str(out / "run"), "--truth", str(out / "truth.csv"), "--json"], catch_exceptions=False
    )
    assert again.exit_code == 0
    evaluated = json.loads(again.stdout)
    for key, value in evaluated.items():
        assert told[key] == value, key

    # the contract asks for two columns only
    plain = tmp_path / "plain.csv"
    with (out / "truth.csv").open(encoding="utf-8") as lines, plain.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerows(
            [row["path"], row["group"]] for row in [{"path": "path", "group": "group"}, *csv.DictReader(lines)]
        )
    people = CliRunner().invoke(app, ["evaluate", str(out / "run"), "--truth", str(plain)], catch_exceptions=False)
    assert people.exit_code == 0
    assert "precision of duplicate drops" in people.stdout
