"""Reviewers' decisions through the funnel: they survive re-runs, new images, moved files and other thresholds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from in_process import small_set, without_workers
from rfdedup.model.config import make_config
from rfdedup.outputs.review.listing import ListFilter
from rfdedup.outputs.review.session import ReviewSession
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run import refine
from rfdedup.storage.decision_log import DecisionLog

THRESHOLD = 0.6


def rows(run: Run) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in run.verdicts.to_pylist()}


def unused(_run: Path, _threshold: float | None) -> None:
    raise AssertionError


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    without_workers(monkeypatch)
    images = small_set(tmp_path / "images", photos=4)
    refine(images, tmp_path / "run", threshold=THRESHOLD)
    return images, tmp_path / "run"


def test_decisions_shape_the_verdicts_of_every_later_run(world: tuple[Path, Path]) -> None:
    images, out = world
    session = ReviewSession(out, unused)
    groups = [g for g in session.groups(ListFilter(), "path", 0, 200)["items"] if len(g["subjects"]) > 1]
    assert len(groups) >= 3

    def near(group: dict[str, Any]) -> dict[str, Any]:
        return next(image for image in group["subjects"] if image["tier"] != "exact")

    apart, crowned, kept = near(groups[0]), near(groups[1]), near(groups[2])
    rejected = groups[2]["king"]
    dark = session.images("quality", ListFilter(), "path", 0, 1)["items"][0]
    session.decide("distinct", [], [[groups[0]["king"]["row"], apart["row"]]])
    session.decide("king", [crowned["row"]], [])
    session.decide("keep", [kept["row"], dark["row"]], [])
    session.decide("drop", [rejected["row"]], [])

    def holds(run: Run) -> None:
        found = rows(run)
        assert found[apart["path"]]["king"] != groups[0]["king"]["path"]
        assert found[crowned["path"]]["verdict"] == "keep"
        assert found[groups[1]["king"]["path"]]["king"] == crowned["path"]
        assert found[kept["path"]]["verdict"] == "keep"
        assert found[dark["path"]]["verdict"] == "keep"
        assert (found[rejected["path"]]["verdict"], found[rejected["path"]]["reason"]) == ("drop", "rejected")

    holds(refine(images, out, threshold=THRESHOLD))
    assert not session.summary()["pending"]
    assert verify_run(out).failed_count == 0

    # a new image, another threshold, and a kept image that was moved
    shutil.copy(images / rejected["path"], images / "zz new.jpg")
    holds(refine(images, out, threshold=THRESHOLD + 0.1))
    moved = images / "moved" / Path(kept["path"]).name
    moved.parent.mkdir()
    (images / kept["path"]).rename(moved)
    found = rows(refine(images, out, threshold=THRESHOLD))
    assert found[moved.relative_to(images).as_posix()]["verdict"] == "keep"

    # taken back, all is as if nobody had reviewed
    (moved).rename(images / kept["path"])
    (images / "zz new.jpg").unlink()
    while session.undo():
        pass
    again = refine(images, out, threshold=THRESHOLD)
    fresh = refine(images, out.with_name("fresh"), threshold=THRESHOLD)
    columns = ["path", "verdict", "tier", "reason", "king"]
    assert again.verdicts.select(columns).equals(fresh.verdicts.select(columns))
    assert len(DecisionLog(out).decisions()) == 0
    assert make_config(again.info["config"]).semantic.threshold == THRESHOLD


def test_the_preview_of_decisions_agrees_with_the_funnel(world: tuple[Path, Path]) -> None:
    images, out = world
    session = ReviewSession(out, unused)
    group = next(g for g in session.groups(ListFilter(), "path", 0, 200)["items"] if len(g["subjects"]) > 1)
    subject = next(image for image in group["subjects"] if image["tier"] != "exact")
    session.decide("distinct", [], [[group["king"]["row"], subject["row"]]])
    session.decide("keep", [subject["row"]], [])
    seen = [image["verdict"] for image in session.images("all", ListFilter(), "path", 0, 200)["items"]]
    run = refine(images, out, threshold=THRESHOLD)
    assert seen == run.verdicts["verdict"].to_pylist()
