"""``rfdedup explain``: every tier and bound of an image, what holds two for the same, and names that mean nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from compared_run import compared_run
from rfdedup.cli.main import main
from rfdedup.model.decisions import Choice, Decision, Image
from rfdedup.model.errors import InputError
from rfdedup.outputs.review.explaining import explain
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.run_folder import RunFolder
from synthetic_run import make_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return compared_run(tmp_path)


def test_a_drop_is_told_with_king_kind_sentence_and_numbers(run: RunFolder) -> None:
    found = explain(run.path, ["0_half.png"])
    text = "\n".join(found.lines)
    for words in (
        "0_half.png: dropped",
        "for 0_king.png, which is kept",
        "the run compared the pictures: a copy",
        "the same picture, at 50 % of the size, nothing changed",
        "proposed by dhash+phash: 1, the bound is 8",
        "tier 1, quality:",
        "tier 2, hashes: SHA-256",
        "tier 3, embeddings: not run",
    ):
        assert words in text
    assert found.facts["king"] == "0_king.png"
    assert found.facts["evidence"]["kind"] == "copy"


def test_every_check_of_tier_1_is_told_with_its_bound(tmp_path: Path) -> None:
    from rfdedup.model.config import make_config

    run = make_run(tmp_path / "run", features=True, same="moment")
    row = next(row for row in run.verdicts().to_pylist() if row["reason"] == "dark")
    found = explain(run.path, [row["path"]])
    assert f"  tier 1 calls it dark: {row['score']:.5g}, the bound is {row['threshold']:g}" in found.lines
    config = make_config(run.info()["config"]).quality
    assert set(config.drop) <= set(found.facts["quality"])
    assert all(check["bound"] is not None for check in found.facts["quality"].values())
    assert "tiers 2 and 3: not reached" in found.lines


def test_kept_images_errors_and_reviewers_are_told(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True, same="moment")
    rows = run.verdicts().to_pylist()
    king = next(row for row in rows if row["verdict"] == "keep" and row["group"] is not None)
    subjects = [row["path"] for row in rows if row["verdict"] == "drop" and row["group"] == king["group"]]
    lines = explain(run.path, [king["path"]]).lines
    assert f"  it stands for {len(subjects)} dropped images (its subjects):" in lines
    assert {line.strip() for line in lines} >= set(subjects)
    alone = next(row for row in rows if row["verdict"] == "keep" and row["group"] is None)
    DecisionLog(run.path).add([Decision(Choice.KEEP, Image(alone["sha256"], alone["path"]))])
    told = explain(run.path, [alone["path"]]).lines
    assert "  no kept image was found the same" in told
    assert "  a reviewer said: keep it" in told
    broken = next(row for row in rows if row["verdict"] == "error")
    assert "it could not be read" in explain(run.path, [broken["path"]]).lines[1]


def test_runs_in_which_nobody_compared_pictures_say_so(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True)
    row = next(row for row in run.verdicts().to_pylist() if row["tier"] == "semantic")
    text = "\n".join(explain(run.path, [row["path"]]).lines)
    assert "alike; nobody compared the pictures" in text
    assert f"decided by cosine: {row['score']:.5g}, the bound is {row['threshold']:g}" in text


def test_pairs_are_compared_now_where_the_run_did_not(run: RunFolder) -> None:
    known = explain(run.path, ["0_king.png", "0_half.png"])
    assert known.facts["dropped_for"] is True
    assert known.facts["evidence"]["from"] == "run"
    assert known.lines[0] == "0_half.png and 0_king.png"
    other = explain(run.path, ["0_half.png", "1_half.png"])
    assert other.facts["dropped_for"] is False
    assert (other.facts["evidence"]["kind"], other.facts["evidence"]["from"]) == ("different", "now")
    assert "  compared now: different" in other.lines
    (Path(run.info()["inputs"][0]) / "1_half.png").unlink()
    away = explain(run.path, ["0_half.png", "1_half.png"])
    assert any("cannot be compared now" in line for line in away.lines)


def test_images_are_named_as_in_the_run_as_they_lie_here_or_by_their_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = compared_run(tmp_path)
    monkeypatch.chdir(tmp_path)
    for name in ("0_half.png", str(Path("images", "0_half.png")), str(tmp_path / "images" / "0_half.png")):
        assert explain(run.path, [name]).facts["path"] == "0_half.png"
    made = make_run(tmp_path / "made", features=True)
    path = made.verdicts()["path"][0].as_py()
    assert explain(made.path, [path.split("/")[1]]).facts["path"] == path


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["nothing.png"], "is none of the 6 images"),
        (["\udcff\x1b.png"], "is none of the 6 images"),
        (["0_half.png", "0_half.png"], "the same image"),
        (["a", "b", "c"], "name one image, or two"),
    ],
)
def test_names_that_mean_nothing_are_one_clear_line(
    run: RunFolder, names: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match=words):
        explain(run.path, names)
    with pytest.raises(SystemExit) as ended:
        main(["explain", str(run.path), *names])
    assert ended.value.code == 2
    told = capsys.readouterr().err.strip()
    assert words in told
    assert "\n" not in told
    assert "\x1b" not in told


def test_the_command_prints_lines_or_json(run: RunFolder) -> None:
    from rfdedup.cli.commands.explain import command

    shown = CliRunner().invoke(command, [str(run.path), "0_half.png"])
    assert shown.exit_code == 0
    assert shown.output.startswith("0_half.png: dropped")
    as_json = json.loads(CliRunner().invoke(command, [str(run.path), "0_half.png", "--json"]).output)
    assert as_json["king"] == "0_king.png"
