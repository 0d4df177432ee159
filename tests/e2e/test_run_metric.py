"""Descriptor and threshold of real runs: look-alikes that the prior never saw, an encoder without one, one scene."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner

import in_process
import rfdedup
from rfdedup.cli.main import app
from rfdedup.encoders import load_encoder
from rfdedup.encoders.efficientnet_lite0 import MODEL, THRESHOLDS
from rfdedup.metric import whitening
from rfdedup.metric.descriptor import fit_whitening
from rfdedup.metric.whitening import FILE, Prior
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.outputs.alike import AlikeSearch
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline import metric_choice, semantic
from rfdedup.storage.run_folder import FEATURES_FOLDER

CARS = 440
COPIES = 12


@pytest.fixture(scope="module")
def stranger(shared_data: Path) -> Prior:
    """A prior that has never seen a car from behind."""
    encoder = load_encoder("efficientnet-lite0", precision="fp32")
    files = sorted((shared_data / "photos").iterdir()) + sorted((shared_data / "prior").iterdir())[::2]
    pictures = [cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2RGB) for file in files]
    return Prior(fit_whitening(encoder.encode(pictures), dim=512, shrinkage=1e-3), len(files), 1e-3)


@pytest.fixture(scope="module")
def cars(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Different cars, and copies of some that hashes do not find."""
    folder = tmp_path_factory.mktemp("cars")
    files = sorted((shared_data / "cars").iterdir())[:CARS]
    for number, file in enumerate(files):
        picture = cv2.resize(cv2.imread(str(file)), (320, 320), interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(folder / file.name), picture, [cv2.IMWRITE_JPEG_QUALITY, 92])
        if number < COPIES:
            cv2.imwrite(str(folder / f"{file.stem} crop.jpg"), picture[12:, 12:], [cv2.IMWRITE_JPEG_QUALITY, 80])
    return folder


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    in_process.without_workers(monkeypatch)


@pytest.fixture
def unlike(monkeypatch: pytest.MonkeyPatch, stranger: Prior) -> None:
    for module in (metric_choice, whitening):
        monkeypatch.setattr(module, "full_prior_of", lambda _card: stranger)


def told(run: rfdedup.Run) -> tuple[Any, ...]:
    facts = run.info["encoder"]
    return facts["whitening"], facts["threshold"], facts["threshold_told_by"]


def drops(run: rfdedup.Run) -> dict[str, tuple[str, str]]:
    return {Path(row["path"]).name: (row["tier"], Path(row["king"] or "-").name) for row in run.dropped.to_pylist()}


def parts(folder: Path, into: Path) -> list[Path]:
    """The same files in two folders."""
    files = sorted(folder.iterdir())
    random.Random(0).shuffle(files)
    for number, file in enumerate(files):
        (into / f"part{number % 2}").mkdir(exist_ok=True)
        shutil.copy2(file, into / f"part{number % 2}")
    return [into / "part1", into / "part0"]


@pytest.mark.long
@pytest.mark.usefixtures("unlike")
def test_look_alikes_get_a_transform_and_a_threshold_of_their_own(
    cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = rfdedup.refine(cars, tmp_path / "run", same="meaning")
    whitened, _, origin = told(run)
    assert whitened["source"] == "pooled"
    assert "unlike the encoder's prior" in whitened["reason"]
    assert origin["origin"] == "measured", origin
    found = drops(run)
    # no car is taken for another one, and most copies are found
    assert all(name.split()[0].split(".")[0] == king.split()[0].split(".")[0] for name, (_, king) in found.items())
    assert len(found) >= COPIES - 2
    # the prior alone, with its own threshold, takes strangers for copies
    with monkeypatch.context() as patch:
        patch.setattr(whitening, "UNLIKE", 1.0)
        worst = rfdedup.refine(cars, tmp_path / "worst", same="meaning")
    assert worst.info["encoder"]["threshold_told_by"]["origin"] == "encoder"
    assert worst.dropped.num_rows > 3 * run.dropped.num_rows

    assert verify_run(run.path).failed == []
    snapshot = Snapshot(run.path)
    search = AlikeSearch(run.path, run.info, snapshot.features)
    subject = next(row for row in run.verdicts.to_pylist() if row["tier"] == "semantic")
    rows = [(row["root"], row["path"]) for row in run.verdicts.to_pylist()]
    row = rows.index((subject["root"], subject["path"]))
    like = dict(search.like_row(row, 5, lambda: snapshot.file_bytes(row)).found)
    assert like[rows.index((subject["king_root"], subject["king"]))] == pytest.approx(subject["score"], abs=0.02)

    # the report and the summary say so
    assert "pooled" in run.path.joinpath("report.html").read_text(encoding="utf-8")


@pytest.mark.long
@pytest.mark.usefixtures("unlike")
def test_neither_order_nor_folders_nor_precision_nor_a_crash_change_them(
    cars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = rfdedup.refine(cars, tmp_path / "run", tiers=("semantic",), same="meaning")
    folders = parts(cars, tmp_path)
    other = rfdedup.refine(folders, tmp_path / "other", tiers=("semantic",), same="meaning", precision="fp32")
    assert told(other) == told(expected)
    assert drops(other) == drops(expected)

    def crash(*_: Any) -> Any:
        raise KeyboardInterrupt

    # after the transform was frozen, and before
    for name in ("_compare", "_settle"):
        with monkeypatch.context() as patch:
            patch.setattr(semantic.SemanticTier, name, crash)
            with pytest.raises(KeyboardInterrupt):
                rfdedup.refine(cars, tmp_path / name, tiers=("semantic",), same="meaning")
        assert (tmp_path / name / FEATURES_FOLDER / FILE).exists() == (name == "_compare")
        resumed = rfdedup.refine(cars, tmp_path / name, tiers=("semantic",), same="meaning")
        assert told(resumed) == told(expected)
        assert drops(resumed) == drops(expected)

    # lost after the end: the run is not taken for whole, and makes the same again
    (tmp_path / "run" / FEATURES_FOLDER / FILE).unlink()
    with pytest.raises(RunFolderError, match="run it again"):
        verify_run(tmp_path / "run")
    again = rfdedup.refine(cars, tmp_path / "run", tiers=("semantic",), same="meaning")
    assert told(again) == told(expected)
    assert verify_run(again.path).failed == []


def test_an_encoder_that_nobody_calibrated(cars: Path, tmp_path: Path) -> None:
    model = tmp_path / "own.onnx"
    model.write_bytes(MODEL.read_bytes())
    options: dict[str, Any] = {"tiers": ("semantic",), "encoder": f"onnx:{model}"}
    run = rfdedup.refine(cars, tmp_path / "run", **options, same="meaning")
    whitened, threshold, origin = told(run)
    assert (whitened["source"], origin["origin"]) == ("none", "measured")
    assert 0.85 < threshold < 0.97
    assert all(name.split()[0].split(".")[0] == king.split()[0].split(".")[0] for name, (_, king) in drops(run).items())
    few = tmp_path / "few"
    few.mkdir()
    for file in sorted(cars.iterdir())[:5]:
        shutil.copy2(file, few)
    with pytest.raises(ConfigError, match="5 images are too few to tell one"):
        rfdedup.refine(few, tmp_path / "none", **options, same="meaning")


def test_one_scene_of_a_fixed_camera_is_not_one_picture(shared_data: Path, tmp_path: Path) -> None:
    run = rfdedup.refine(shared_data / "fixed_camera", tmp_path / "run", tiers=("semantic",), same="meaning")
    whitened, threshold, origin = told(run)
    assert (whitened["source"], origin["origin"]) == ("prior", "raised")
    assert threshold > 0.9
    assert 10 < run.kept.num_rows < 200
    assert "too few to adapt it" in origin["reason"]


def test_frames_of_a_film_do_not_bend_the_fit_of_photos(shared_data: Path, tmp_path: Path) -> None:
    frames = cv2.VideoCapture(str(next((shared_data / "video").glob("intel*.mp4"))))
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(200):
        _, frame = frames.read()
        cv2.imwrite(str(folder / f"frame{number}.jpg"), frame)
    for file in sorted((shared_data / "photos").iterdir()):
        shutil.copy2(file, folder)
    run = rfdedup.refine(folder, tmp_path / "run", tiers=("semantic",), same="meaning")
    whitened, threshold, _ = told(run)
    assert (whitened["source"], threshold) == ("prior", THRESHOLDS["whitened"].value)
    names = [Path(path).name for path in run.kept["path"].to_pylist()]
    assert sum(not name.startswith("frame") for name in names) == 250
    assert sum(name.startswith("frame") for name in names) < 40


def test_the_command_says_how_it_compared(tmp_path: Path) -> None:
    images = in_process.small_set(tmp_path / "in")
    typed = ["run", str(images), "--out", str(tmp_path / "run"), "--same", "meaning", "--max-false-pairs", "500"]
    done = CliRunner().invoke(app, typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    words = " ".join(done.output.split())
    assert "threshold 0.62" in words
    assert "these images tell none" in words
    assert "the encoder's prior fits these images" in words
    told_json = CliRunner().invoke(app, [*typed, "--json"], catch_exceptions=False)
    assert json.loads(told_json.stdout)["encoder"]["threshold_told_by"]["origin"] == "unmeasured"
