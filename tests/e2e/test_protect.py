"""--protect and --prefer from the command line: what they match, and what is told where they match nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import in_process
import rfdedup
from rfdedup.cli.main import app
from rfdedup.demo.planting import shipped_photos


@pytest.fixture
def splits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``train`` and ``val``, which hold the same pictures."""
    in_process.without_workers(monkeypatch)
    for name in ("train", "val"):
        for number, photo in enumerate(shipped_photos()[:3]):
            file = tmp_path / name / f"{number}.jpg"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(photo.read_bytes())
    return tmp_path


def dropped(run: Path) -> set[str]:
    return {Path(row["root"]).name for row in rfdedup.Run.open(run).dropped.to_pylist()}


@pytest.mark.parametrize("glob", ["val/*", "{here}/val/*"])
def test_a_glob_with_the_inputs_name_protects_that_input(glob: str, splits: Path) -> None:
    inputs = [str(splits / "train"), str(splits / "val")]
    options = ["--out", str(splits / "run"), "--tiers", "hash", "--quiet", "--protect", glob.format(here=splits)]
    done = CliRunner().invoke(app, ["run", *inputs, *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert done.stderr == ""
    assert dropped(splits / "run") == {"train"}


@pytest.mark.parametrize("option", ["--protect", "--prefer"])
@pytest.mark.parametrize("how", ["--quiet", "--json"])
def test_a_glob_that_matches_nothing_is_told_before_the_work_and_in_run_json(
    option: str, how: str, splits: Path
) -> None:
    words = ["run", str(splits / "train"), "--out", str(splits / "run"), "--tiers", "hash", how, option, "vall/*"]
    for _ in range(2):
        done = CliRunner().invoke(app, words, catch_exceptions=False)
        assert done.exit_code == 0
        assert done.stderr.startswith(f"warning: {option} 'vall/*' matches no file")
    (warning,) = json.loads((splits / "run" / "run.json").read_text())["warnings"]
    assert warning.startswith(f"{option} 'vall/*'")
    if how == "--json":
        assert json.loads(done.stdout)["warnings"] == [warning]


def test_workers_bound_all_that_a_run_does(splits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from rfdedup.pipeline import run as funnel
    from rfdedup.runtime import cpus

    monkeypatch.setattr(cpus, "usable_cpus", lambda: 8)
    seen = []
    judge = funnel.judge
    monkeypatch.setattr(funnel, "judge", lambda *words: seen.append(cpus.thread_count()) or judge(*words))
    for workers in (None, 1, 3):
        rfdedup.refine(splits / "train", splits / f"run {workers}", workers=workers, tiers=("hash",))
    assert seen == [8, 1, 3]
    assert cpus.thread_count() == 8
