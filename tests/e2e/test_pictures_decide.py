"""Pictures decide: what is merely alike stays, what shows the same goes with evidence, and verify looks again."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont, ImageOps

import rfdedup
from rfdedup.cli.main import app
from rfdedup.demo.planting import shipped_photos
from rfdedup.model.schemas import EVIDENCE
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.storage.run_folder import RunFolder


def rows_of(run: rfdedup.Run) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in run.verdicts.to_pylist()}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three photos with a smaller, a mirrored, a cut and a turned copy each, and one with a thing that came."""
    folder = tmp_path_factory.mktemp("decide")
    for number, path in enumerate(shipped_photos()[5:8]):
        with Image.open(path) as opened:
            photo = opened.convert("RGB")
        width, height = photo.size
        photo.save(folder / f"{number} whole.png")
        photo.resize((width // 2, height // 2)).save(folder / f"{number} half.jpg", quality=85)
        ImageOps.mirror(photo).save(folder / f"{number} mirrored.jpg", quality=92)
        photo.rotate(90, expand=True).save(folder / f"{number} turned.jpg", quality=92)
        photo.crop((width // 8, height // 8, width, height)).save(folder / f"{number} cut.jpg", quality=92)
        rng = np.random.default_rng(number)
        thing = rng.integers(0, 256, (height // 6, width // 8, 3), dtype=np.uint8)
        other = np.asarray(photo).astype(np.int16) + rng.normal(0, 4, (height, width, 3)).astype(np.int16)
        other[height // 2 : height // 2 + len(thing), width // 3 : width // 3 + thing.shape[1]] = thing
        Image.fromarray(np.clip(other, 0, 255).astype(np.uint8)).save(folder / f"{number} came.png")
    return folder


@pytest.fixture(scope="module")
def finished(images: Path, tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    return rfdedup.refine(images, tmp_path_factory.mktemp("runs") / "run", workers=2)


def test_copies_go_for_the_whole_picture_and_what_changed_stays(finished: rfdedup.Run) -> None:
    rows = rows_of(finished)
    for number in range(3):
        assert rows[f"{number} came.png"]["verdict"] == "keep"
        for copy in ("half", "mirrored", "turned", "cut"):
            row = rows[f"{number} {copy}.jpg"]
            assert (row["verdict"], row["same"], row["king"]) == ("drop", "copy", f"{number} whole.png"), copy
            assert finished.verdicts["path"][row["king_row"]].as_py() == row["king"]


def test_each_drop_has_evidence_that_verify_finds_again(finished: rfdedup.Run) -> None:
    evidence = finished.evidence.to_pylist()
    paths = finished.verdicts["path"].to_pylist()
    assert {paths[entry["row"]] for entry in evidence} == {
        row["path"] for row in finished.dropped.to_pylist() if row["tier"] != "exact"
    }
    mirrored = {paths[entry["row"]] for entry in evidence if entry["mirrored"]}
    assert mirrored == {f"{number} mirrored.jpg" for number in range(3)}
    found = verify_run(finished.path)
    assert found.failed == []
    assert found.checked.total() == finished.dropped.num_rows


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"same": "moment"}, "not-proven"),
        ({"matched": 0.5}, "evidence"),
        ({"mirrored": True}, "evidence"),
        ({"transform": [1.0, 0.0, 300.0, 0.0, 1.0, 0.0]}, "evidence"),
    ],
)
def test_a_false_word_in_the_evidence_fails(
    finished: rfdedup.Run, tmp_path: Path, edit: dict[str, Any], reason: str
) -> None:
    import shutil

    shutil.copytree(finished.path, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    rows = folder.evidence().to_pylist()
    paths = folder.verdicts()["path"].to_pylist()
    row = next(row for row in rows if paths[row["row"]] == "1 half.jpg")
    row.update(edit)
    tables = folder.write_tables(folder.verdicts(), folder.links(), pa.Table.from_pylist(rows, schema=EVIDENCE))
    folder.write_info({**folder.info(), "tables": tables})
    assert [(failed.path, failed.reason) for failed in verify_run(folder.path).failed] == [("1 half.jpg", reason)]


def test_the_verdicts_depend_on_no_order_and_no_number_of_workers(
    images: Path, finished: rfdedup.Run, tmp_path: Path
) -> None:
    alone = rfdedup.refine(images, tmp_path / "run", workers=1)
    assert alone.verdicts.equals(finished.verdicts)
    assert alone.evidence.equals(finished.evidence)
    assert alone.links.equals(finished.links)


def test_nothing_is_compared_twice(images: Path, finished: rfdedup.Run) -> None:
    (finished.path / "verdicts.parquet").unlink()
    again = rfdedup.refine(images, finished.path, workers=2)
    assert "compare" not in [stage["name"] for stage in again.info["stages"]]
    assert again.info["comparison"]["limits"]["max_change"] > 0


def test_forms_of_one_template_with_other_text_all_stay(tmp_path: Path) -> None:
    draw_from = random.Random(3)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(12):
        form = Image.new("RGB", (420, 300), (250, 250, 248))
        pen = ImageDraw.Draw(form)
        pen.rectangle((10, 10, 410, 50), fill=(30, 60, 120))
        pen.text((20, 16), "INVOICE", font=ImageFont.load_default(size=26), fill="white")
        for line in range(5):
            text = f"item {draw_from.randrange(1000)}  {draw_from.randrange(10_000) / 100:.2f}"
            pen.text((20, 70 + 40 * line), text, font=ImageFont.load_default(size=22), fill=(20, 20, 20))
        form.save(folder / f"{number:02d}.jpg", quality=88)
    run = rfdedup.refine(folder, tmp_path / "run", workers=2)
    assert run.kept.num_rows == 12


def test_the_old_rule_says_that_nobody_compared_pictures(images: Path, tmp_path: Path) -> None:
    typed = ["run", str(images), "--out", str(tmp_path / "run"), "--same", "meaning", "--json"]
    done = CliRunner().invoke(app, typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    run = rfdedup.Run.open(tmp_path / "run")
    assert set(run.dropped["same"].to_pylist()) <= {"meaning", "copy"}
    assert run.evidence.num_rows == 0
    assert json.loads(done.stdout)["encoder"]["threshold"] > 0.5


def test_like_animals_of_one_kind_are_not_dropped_for_each_other(shared_data: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for path in sorted((shared_data / "alike").iterdir())[:60]:
        (folder / path.name).write_bytes(path.read_bytes())
    assert rfdedup.refine(folder, tmp_path / "run", workers=2).dropped.num_rows == 0
