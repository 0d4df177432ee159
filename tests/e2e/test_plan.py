"""``rfdedup plan`` as a user meets it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import Any

import psutil
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner, Result

import rfdedup
from in_process import small_set, without_workers
from rfdedup.cli.main import app
from rfdedup.cli.main import main as cli_main
from rfdedup.pipeline.planning import measuring, row_cost


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_set(tmp_path_factory.mktemp("plan") / "images")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    without_workers(monkeypatch)
    # a command counts the age of its process as start-up; here that would be all tests before
    monkeypatch.setattr(psutil.Process, "create_time", lambda _: time.time())
    monkeypatch.setattr(row_cost, "TABLE_ROWS", (200, 1000))
    monkeypatch.setattr(measuring, "JOIN_ROWS", (500, 1000))


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["plan", *map(str, arguments)], catch_exceptions=False)


def plan(*arguments: str | Path) -> dict[str, Any]:
    done = invoke(*arguments, "--json")
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_with_all_files_measured_the_counts_are_those_of_the_run(images: Path, tmp_path: Path) -> None:
    told = plan(images)
    run = rfdedup.refine(images, tmp_path / "run")
    counts = run.summary()
    alone = run.verdicts.filter(pc.not_equal(pc.fill_null(run.verdicts["tier"], "semantic"), "semantic")).num_rows
    assert told["files"] == told["measured"] == told["to_measure"] == counts["images"]
    assert told["to_embed"]["likely"] == pytest.approx(counts["images"] - alone, rel=0.15)
    assert told["passing"]["quality"]["likely"] == counts["images"] - sum(counts["dropped_by"]["quality"].values())
    assert told["passing"]["semantic"]["likely"] == pytest.approx(counts["kept"], rel=0.25)
    total = sum(stage["likely"] for stage in told["stages"].values())
    assert told["seconds"]["likely"] == pytest.approx(total, abs=0.1)
    assert told["images_per_second"]["likely"] > 0
    assert told["memory_bytes"]["main"]["low"] > 50e6
    size = sum(file.stat().st_size for file in run.path.rglob("*"))
    assert told["disk_bytes"]["likely"] == pytest.approx(size, rel=0.3)
    for value in (told["seconds"], *told["stages"].values(), told["disk_bytes"]):
        assert value["low"] <= value["likely"] <= value["high"]


def test_what_is_timed_after_the_run_over_the_sample_is_no_memory_of_a_run(
    images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    peak = [2**28]
    embedded = measuring._embedded

    def timed(*arguments: Any) -> Any:
        peak[0] = 2**40
        return embedded(*arguments)

    monkeypatch.setattr(measuring, "_embedded", timed)
    monkeypatch.setattr(measuring, "peak_memory", lambda: peak[0])
    assert 2**27 < plan(images)["memory_bytes"]["main"]["high"] < 2**31


def test_a_sample_stands_for_all_and_nothing_is_left_behind(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(images)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    told = plan(images, "--measure", "16", "--tiers", "quality,hash")
    assert told["measured"] == 16
    assert told["to_measure"] == told["files"] == len(before)
    assert set(told["passing"]) == {"read", "quality", "hash"}
    assert "quality and hashes" in told["stages"]
    assert not any("embedding" in stage for stage in told["stages"])
    assert told["to_embed"]["likely"] == 0
    assert names(images) == before
    assert names(scratch) == []


def test_what_a_run_folder_holds_is_not_counted(images: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "run"
    shutil.copytree(images, folder)
    run = rfdedup.refine(folder, out)
    before = {name: (out / name).stat().st_mtime_ns for name in names(out)}
    told = plan(folder, "--out", out)
    assert told["to_measure"] == told["measured"] == 0
    assert told["seconds"]["high"] < 60
    assert "nothing has to be measured" in told["notes"][0]
    for number in range(3):
        shutil.copy(folder / "00.png", folder / f"new {number}.png")
    told = plan(folder, "--out", out)
    assert told["files"] == run.verdicts.num_rows + 3
    assert told["to_measure"] == told["measured"] == 3
    assert told["to_embed"]["likely"] <= 3
    # embeddings that went missing are to be made again
    for file in (out / "features").glob("shard_*.json"):
        marker = json.loads(file.read_text())
        file.write_text(json.dumps({**marker, "embedding_key": "another encoder"}))
    (out / "features" / "left.123.tmp").touch()
    for new in folder.glob("new *"):
        new.unlink()
    told = plan(folder, "--out", out, "--threshold", "0.7")
    reached = sum(row["verdict"] == "keep" or row["tier"] == "semantic" for row in run.verdicts.to_pylist())
    assert told["to_measure"] == 0
    assert told["to_embed"]["likely"] == pytest.approx(reached, abs=2)
    assert told["stages"]["quality, hashes and embedding"]["likely"] == 0
    assert told["stages"]["embedding of the rest"]["likely"] > 0
    # a plan only reads, also what a crash left
    after = {name: (out / name).stat().st_mtime_ns for name in names(out) if "shard_" not in name}
    assert after.keys() - before.keys() == {str(Path("features") / "left.123.tmp")}
    assert all(before[name] == when for name, when in after.items() if name in before and name != "features")


def test_people_get_tables(images: Path) -> None:
    done = invoke(images, "--measure", "24")
    assert done.exit_code == 0
    for text in (
        "quality, hashes and embedding",
        "embedding of the rest",
        "in all",
        "Images left after each tier",
        "disk for RUN",
    ):
        assert text in done.output
    assert invoke(images, "--measure", "24", "--tiers", "hash", "--quiet").output == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "does not exist"),
        ([".", "--measure", "3"], "16"),
        ([".", "--tiers", "smell"], "tiers"),
        ([".", "--encoder", "nothing"], "unknown"),
        ([".", "--config", "absent.toml"], "absent.toml"),
        (["empty"], "no file to look at"),
        (["texts"], "is an image"),
        ([".", "--out", "texts/0.txt"], "is a file"),
        ([], "INPUT"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: list[str],
    says: str,
    images: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "texts").mkdir()
    for number in range(20):
        (tmp_path / "texts" / f"{number}.txt").write_text(f"no image {number}")
    shutil.copy(images / "00.png", tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stopped:
        cli_main(["plan", *arguments])
    assert stopped.value.code == 2
    told = capsys.readouterr().err
    assert says in told
    assert "Traceback" not in told
    assert len([line for line in told.splitlines() if line.lower().startswith("error")]) == 1
