"""The commands apply, undo and export as a user or a script calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from apply_helpers import Tree, files, make_tree, snapshot
from rfdedup.cli.main import app, main
from rfdedup.model.decisions import Choice, Decision, Image
from rfdedup.storage.decision_log import DecisionLog


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = make_tree(tmp_path)
    tree.keep("k.jpg", b"dup")
    tree.drop("a/dup.jpg", "k.jpg", b"dup")
    tree.drop("dark.jpg", None, b"dark", reason="dark")
    tree.put("dark.txt", b"caption")
    tree.save()
    return tree


def run(*arguments: object, text: str | None = None) -> Result:
    return CliRunner().invoke(app, [os.fspath(a) if isinstance(a, Path) else str(a) for a in arguments], input=text)


def test_dry_run_prints_the_plan_and_changes_nothing(tree: Tree, tmp_path: Path) -> None:
    before = snapshot(tree.root)
    result = run("apply", tree.run, "--move", tmp_path / "out", "--dry-run")
    assert result.exit_code == 0
    assert f"move  sha256  {tree.root / 'a/dup.jpg'} -> {tmp_path / 'out/exact/a/dup.jpg'}\n" in result.output
    assert f"move  dark  {tree.root / 'dark.txt'} -> {tmp_path / 'out/dark/dark.txt'}\n" in result.output
    assert snapshot(tree.root) == before
    assert not (tmp_path / "out").exists()
    assert not (tree.run / "journal.sqlite").exists()


def test_dry_run_json_is_one_object(tree: Tree, tmp_path: Path) -> None:
    value = json.loads(run("apply", tree.run, "--move", tmp_path / "out", "--dry-run", "--json").stdout)
    assert [item["role"] for item in value["plan"]] == ["image", "image", "sidecar"]
    assert value["planned"] == {"exact": {"files": 1, "bytes": 3}, "dark": {"files": 1, "bytes": 4}}
    assert value["dry_run"] is True
    nothing = json.loads(
        run("apply", tree.run, "--move", tmp_path / "out", "--only", "semantic", "--dry-run", "--json").stdout
    )
    assert nothing["plan"] == []


def test_apply_and_undo(tree: Tree, tmp_path: Path) -> None:
    before = snapshot(tree.root)
    result = run("apply", tree.run, "--move", tmp_path / "out")
    assert result.exit_code == 0
    assert "rfdedup undo" in result.output
    assert files(tmp_path / "out").keys() == {"exact/a/dup.jpg", "dark/dark.jpg", "dark/dark.txt"}
    result = run("undo", tree.run)
    assert result.exit_code == 0
    assert "undone: 2 images" in result.output
    assert snapshot(tree.root) == before


def test_undo_passes_over_an_apply_that_did_nothing(tree: Tree, tmp_path: Path) -> None:
    before = snapshot(tree.root)
    for _ in range(3):
        assert run("apply", tree.run, "--move", tmp_path / "out").exit_code == 0
    assert snapshot(tree.root) != before
    assert "undone: 2 images" in run("undo", tree.run).output
    assert snapshot(tree.root) == before
    assert run("undo", tree.run).exit_code == 1


def test_json_and_quiet(tree: Tree, tmp_path: Path) -> None:
    result = run("apply", tree.run, "--copy-kept", tmp_path / "clean", "--json")
    value: dict[str, Any] = json.loads(result.stdout)
    assert value["done"] == {"kept": {"files": 1, "bytes": 3}}
    assert json.loads(run("undo", tree.run, "--all", "--json").stdout)["restored"] == 1
    result = run("apply", tree.run, "--hardlink-kept", tmp_path / "links", "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_delete_asks(tree: Tree) -> None:
    refused = run("apply", tree.run, "--delete", text="n\n")
    assert refused.exit_code != 0
    assert "for ever" in refused.output
    assert len(files(tree.root)) == 4
    result = run("apply", tree.run, "--delete", "--yes")
    assert result.exit_code == 0
    assert "cannot be brought back" in result.output
    assert files(tree.root) == {"k.jpg": b"dup"}
    assert run("undo", tree.run).exit_code == 1


def test_what_changed_is_listed_and_exit_is_1(tree: Tree, tmp_path: Path) -> None:
    tree.put("dark.jpg", b"brighter")
    result = run("apply", tree.run, "--move", tmp_path / "out")
    assert result.exit_code == 1
    assert "skipped  changed" in result.output
    assert "dark.jpg" in result.output
    assert "were not handled" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--delete", "--move", "x"],
        ["--move", "x", "--copy-kept", "y"],
        ["--move", "x", "--sidecar", "{stem}.a", "--no-sidecars"],
    ],
)
def test_wrong_usage_is_2(tree: Tree, arguments: list[str]) -> None:
    assert run("apply", tree.run, *arguments).exit_code == 2


def test_errors_are_one_line(tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["apply", os.fspath(tmp_path / "none"), "--move", "x"],
        ["undo", os.fspath(tmp_path / "none")],
        ["apply", os.fspath(tree.run), "--move", os.fspath(tree.root)],
        ["apply", os.fspath(tree.run), "--move", "x", "--sidecar", "nonsense"],
        ["undo", os.fspath(tree.run)],
        ["export", os.fspath(tree.run), "--format", "coco"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main(arguments)
        captured = capsys.readouterr()
        assert stopped.value.code == 2
        assert captured.err.startswith("error: ")
        assert captured.err.count("\n") == 1
    assert not (tmp_path / "none").exists()


def test_export(tree: Tree, tmp_path: Path) -> None:
    result = run("export", tree.run, "--format", "txt", "--dropped")
    assert result.stdout.splitlines() == [os.fspath(tree.root / "a/dup.jpg"), os.fspath(tree.root / "dark.jpg")]
    result = run("export", tree.run, "--format", "coco", "--output", tmp_path / "coco.json", "--json")
    assert json.loads(result.stdout)["images"] == 1
    assert run("export", tree.run, "--format", "csv", "--json").exit_code == 2
    for command in ("apply", "undo", "export"):
        assert run(command, "--help").exit_code == 0


def test_decisions_that_the_verdicts_do_not_show_are_told_of(tree: Tree, tmp_path: Path) -> None:
    asked = ("apply", tree.run, "--move", tmp_path / "out")
    assert "reviewers decided" not in run(*asked, "--dry-run").output
    assert json.loads(run(*asked, "--dry-run", "--json").stdout)["decisions_pending"] is False
    log = DecisionLog(tree.run)
    log.add([Decision(Choice.KEEP, Image("ab" * 32, "a/dup.jpg"))])
    assert "reviewers decided after the last run" in run(*asked, "--dry-run").output
    assert json.loads(run(*asked, "--dry-run", "--json").stdout)["decisions_pending"] is True
    told = run("apply", tree.run, "--delete", text="n\n")
    assert told.output.index("reviewers decided") < told.output.index("for ever?")
    done = run(*asked)
    assert done.exit_code == 0
    assert "reviewers decided after the last run" in done.output
    log.undo()
    assert "reviewers decided" not in run(*asked).output


STATE = ("verdicts.parquet", "Run.json", "journal.sqlite-wal", "features/metadata_0000.parquet")


def test_export_overwrites_neither_images_nor_the_run(tree: Tree, tmp_path: Path) -> None:
    before = snapshot(tree.root), snapshot(tree.run)
    for target in (*(tree.root / name for name in ("k.jpg", "a/dup.jpg")), *(tree.run / name for name in STATE)):
        result = run("export", tree.run, "--format", "csv", "--output", target)
        assert result.exit_code != 0
        assert "choose another name" in (result.output + str(result.exception))
    assert (snapshot(tree.root), snapshot(tree.run)) == before
    for _ in range(2):
        assert run("export", tree.run, "--format", "csv", "--output", tree.run / "kept.csv").exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["apply", "RUN", "--move", ""], "an empty name is no folder"),
        (["apply", "RUN", "--move", "RUN"], "is the run folder itself"),
        (["apply", "RUN", "--move", "out", "--min-score", "nan"], "nan is no number"),
        (["demo", "--seed", "-1"], "-1 is not in the range"),
        (["demo", "--out", "RUN/run.json/x"], "cannot write to"),
    ],
    ids=["empty", "run", "nan", "seed", "out"],
)
def test_values_that_cannot_be_meant_are_refused_in_one_line(
    tree: Tree, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    before = snapshot(tree.root)
    with pytest.raises(SystemExit) as ended:
        main([word.replace("RUN", str(tree.run)) for word in words])
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error
    assert snapshot(tree.root) == before
