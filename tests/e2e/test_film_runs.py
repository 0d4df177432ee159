"""Films through the whole funnel: few frames of a still scene stay, and the same ones however the work is done."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

import in_process
from films import frames_of, moving_square, photo, write_film
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.export import Export, Format, export_run
from rfdedup.outputs.review.explaining import explain
from rfdedup.outputs.review.pair_evidence import PairEvidence
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline import measuring
from rfdedup.pipeline.inputs import inputs_of
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run import refine

TESTS = Path(__file__).parents[1]
CHEAP = ("quality", "hash")


def scene() -> list[np.ndarray[Any, Any]]:
    """A still scene, another through which something goes, that one at rest, the first again; 25 frames a second."""
    first, second, what = photo(9, 240, 180), photo(20, 240, 180), photo(33, 60, 60)
    passing = [second.copy() for _ in range(15)]
    for number, picture in enumerate(passing):
        picture[90:150, 12 * number : 12 * number + 60] = what
    return [first] * 40 + passing + [second] * 35 + [first] * 10


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_film(tmp_path_factory.mktemp("film") / "gate cam.mp4", scene(), gop=50)


@pytest.fixture(scope="module")
def run(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        in_process.without_workers(patch)
        return refine(film, tmp_path_factory.mktemp("run") / "run", frames="fps=5")


def shown(run: Run) -> list[dict[str, Any]]:
    """Verdicts by the names of frames, without what tells files from frames."""
    rows = run.verdicts.select(["path", "verdict", "reason", "king", "same"]).to_pylist()
    return [{**row, **{name: (row[name] or "").removesuffix(".png") for name in ("path", "king")}} for row in rows]


def test_a_still_scene_keeps_few_frames_and_each_row_tells_where_it_is(run: Run, film: Path) -> None:
    rows = run.verdicts.to_pylist()
    assert len(rows) == 20
    assert {row["verdict"] for row in rows} == {"keep", "drop"}
    kept = [row for row in rows if row["verdict"] == "keep"]
    assert len(kept) == 5
    assert {row["camera"] for row in rows} == {"gate cam.mp4"}
    assert {row["root"] for row in rows} == {str(film)}
    assert [row["frame"] for row in rows] == list(range(0, 100, 5))
    assert [row["pts_seconds"] for row in rows] == pytest.approx([n / 25 for n in range(0, 100, 5)])
    assert not any("suffix_mismatch" in row["flags"] for row in rows)
    # what review reads when it runs the funnel again
    assert [item.key for item in inputs_of(run.info).scan().files] == run.verdicts["path"].to_pylist()
    assert run.info["scan"]["understood"] == "1 film, 20 of 100 frames (fps=5)"
    # the first scene and its return are one, and each place of what goes through the second is another
    assert sum(row["frame"] < 40 or row["frame"] >= 90 for row in kept) == 1
    assert sum(40 <= row["frame"] < 55 for row in kept) == 3


def test_what_is_read_back_is_what_was_compared(run: Run, film: Path, tmp_path: Path) -> None:
    found = verify_run(run.path)
    assert sum(found.checked.values()) == run.dropped.num_rows == 15
    assert found.failed == []
    snapshot = Snapshot(run.path)
    row = int(np.flatnonzero(np.array(run.verdicts["frame"].to_pylist()) == 45)[0])
    height, width, _ = frames_of(film)[45].shape
    assert snapshot.file_bytes(row).endswith(frames_of(film)[45].tobytes())
    drops = run.evidence.to_pylist()
    assert PairEvidence(snapshot).pictures(drops[0]["king_row"], drops[0]["row"]) is not None
    dropped = run.dropped["path"][0].as_py()
    for name in (dropped, f"gate cam.mp4/{dropped}", str(film / dropped)):
        told = explain(run.path, (name,)).lines
        assert dropped in told[0]
        assert not any("pts_seconds" in line for line in told)
    kept = tmp_path / "kept.parquet"
    count = export_run(run.path, Export(Format.HF, embed=True), kept)
    images = pq.read_table(kept)["image"].to_pylist()
    assert len(images) == count == run.kept.num_rows
    for image in images:
        (tmp_path / "x.jpg").write_bytes(image["bytes"])
        assert image["path"].endswith(".jpg")
        with Image.open(tmp_path / "x.jpg") as opened:
            assert (opened.format, opened.size) == ("JPEG", (width, height))


@pytest.mark.parametrize("form", ["same", "files"])
def test_a_copy_holds_the_kept_frames_as_jpeg(run: Run, film: Path, tmp_path: Path, form: str) -> None:
    before = film.read_bytes()
    run.materialize(tmp_path / "copy", as_=form)
    written = {path.stem: path for path in (tmp_path / "copy").rglob("*.jpg")}
    kept = [row for row in run.verdicts.to_pylist() if row["verdict"] == "keep"]
    assert set(written) == {row["path"] for row in kept}
    for row in kept:
        with Image.open(written[row["path"]]) as opened:
            assert opened.format == "JPEG"
            found = np.asarray(opened.convert("RGB")).astype(int)
        assert np.abs(found - frames_of(film)[row["frame"]]).mean() < 3
    manifest = pq.read_table(tmp_path / "copy" / "manifest.parquet").to_pylist()
    assert sum(line["target"] is not None for line in manifest) == len(kept)
    assert len(manifest) == run.verdicts.num_rows
    assert film.read_bytes() == before


def test_the_same_frames_as_files_get_the_same_verdicts(
    run: Run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_process.without_workers(monkeypatch)
    folder = tmp_path / "frames"
    folder.mkdir()
    whole = frames_of(film)
    for name, frame in zip(run.verdicts["path"].to_pylist(), run.verdicts["frame"].to_pylist(), strict=True):
        Image.fromarray(whole[frame]).save(folder / f"{name}.png")
        os.utime(folder / f"{name}.png", (1e9, 1e9))
    assert shown(refine(folder, tmp_path / "run")) == shown(run)


def test_the_number_of_workers_decides_nothing(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # so that frames that follow each other are measured by different workers
    monkeypatch.setattr(measuring, "CHUNK", 3)
    one, two = (refine(film, tmp_path / f"{n}", frames="fps=5", workers=n, tiers=CHEAP) for n in (1, 2))
    assert two.verdicts.equals(one.verdicts)
    assert two.evidence.equals(one.evidence)


KILLED = """
import sys
sys.path.insert(0, {tests!r})
import kill_child
from rfdedup.pipeline.run import refine
kill_child.small_steps()
if __name__ == "__main__":
    kill_child.die_at(int(sys.argv[3]))
    refine(sys.argv[1], sys.argv[2], frames="fps=5", tiers=("quality", "hash"), workers=2)
"""


@pytest.mark.skipif(os.name == "nt", reason="kills itself by a signal")
@pytest.mark.parametrize("at", [6, 25])
def test_a_killed_run_goes_on_to_the_same_tables(
    at: int, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED.format(tests=str(TESTS)))
    done = subprocess.run([sys.executable, script, film, tmp_path / "run", str(at)], capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    in_process.without_workers(monkeypatch)
    whole = refine(film, tmp_path / "whole", frames="fps=5", tiers=CHEAP)
    resumed = refine(film, tmp_path / "run", frames="fps=5", tiers=CHEAP)
    assert resumed.verdicts.equals(whole.verdicts)
    assert resumed.evidence.equals(whole.evidence)
    # and what is finished is not measured again
    again = refine(film, tmp_path / "run", frames="fps=5", tiers=CHEAP, keep={"rule": "first"})
    assert not any(stage["name"].startswith("quality") for stage in again.info["stages"])


def command(*words: str | os.PathLike[str]) -> tuple[int, str]:
    done = subprocess.run([sys.executable, "-m", "rfdedup", *map(os.fspath, words)], capture_output=True)
    return done.returncode, done.stderr.decode()


def test_the_command_takes_films_and_folders_of_films(film: Path, tmp_path: Path) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    for name in ("a.mkv", "b.MP4"):
        write_film(folder / name, moving_square(30, photo(3, 160, 120)))
    (folder / "notes.srt").write_text("no image")
    (folder / "broken.avi").write_bytes(b"no film")
    options = ("--tiers", "quality,hash", "--frames", "every=10", "--most", "2")
    code, told = command("run", folder, "--out", tmp_path / "run", *options)
    assert code == 0, told
    assert "2 films, 4 of 60 frames (every=10, at most 2 of a film)" in told
    assert "broken.avi" in told
    assert "Traceback" not in told
    table = pq.read_table(tmp_path / "run" / "verdicts.parquet")
    assert table["camera"].to_pylist() == ["a.mkv"] * 2 + ["b.MP4"] * 2
    assert json.loads((tmp_path / "run" / "run.json").read_text())["inputs"] == [
        str(folder / "a.mkv"),
        str(folder / "b.MP4"),
    ]
    (tmp_path / "list.txt").write_text(f"{folder / 'a.mkv'}\n{folder / 'b.MP4'}\n")
    code, told = command("run", "--files-from", tmp_path / "list.txt", "--out", tmp_path / "listed", *options)
    assert code == 0, told
    assert pq.read_table(tmp_path / "listed" / "verdicts.parquet")["camera"].equals(table["camera"])
    code, told = command("apply", tmp_path / "run", "--delete", "--yes")
    assert (code, len(told.splitlines())) == (2, 1)
    assert "apply works on folders only" in told


def test_a_folder_of_images_goes_on_with_a_hint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    in_process.without_workers(monkeypatch)
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(photo(1)).save(folder / "a.png")
    for name in ("clip.mp4", "a.mov"):
        (folder / name).write_bytes(b"anything")
    found = refine(folder, tmp_path / "run", tiers=CHEAP)
    assert found.verdicts["path"].to_pylist() == ["a.png"]
    # a.mov is the film of a live photo
    assert [line for line in found.info["warnings"] if "film" in line] == [
        f"{folder} also holds 1 film: name them as INPUT to look at their frames"
    ]


def test_what_cannot_be_used_is_told_in_one_line(film: Path, tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no film")
    Image.fromarray(photo(1)).save(tmp_path / "a.png")
    for words, said in {
        (tmp_path / "no.mp4",): "is no film that can be read",
        (film, "--frames", "each"): "fps=X, every=N or keyframes",
        (film, "--most", "0"): "at least one frame",
        (tmp_path / "a.png", "--frames", "fps=1"): "no INPUT is one",
    }.items():
        code, told = command("run", *words, "--out", tmp_path / "run")
        assert code == 2, told
        assert said in told
        assert len(told.splitlines()) == 1


def test_damaged_films_are_rows_or_one_line_and_never_the_end_of_a_run(tmp_path: Path) -> None:
    rng = random.Random(0)
    folder = tmp_path / "films"
    folder.mkdir()
    whole = write_film(tmp_path / "clip.mkv", moving_square(40, photo(5, 160, 120)))
    data = whole.read_bytes()
    for number in range(4):
        cut = bytearray(data)
        at = len(data) * (number + 1) // 6
        cut[at : at + 300] = rng.randbytes(300)
        (folder / f"{number}.mkv").write_bytes(cut if number < 3 else data[:at])
    found = refine(folder, tmp_path / "run", frames="every=4", tiers=CHEAP)
    assert set(found.verdicts["verdict"].to_pylist()) <= {"keep", "drop", "error"}
    assert set(found.verdicts["camera"].to_pylist()) == {f"{number}.mkv" for number in range(4)}
    assert VERDICTS.names == found.verdicts.column_names
    assert verify_run(found.path).failed == []
