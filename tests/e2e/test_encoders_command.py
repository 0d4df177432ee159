"""``rfdedup encoders`` and ``rfdedup encoders add`` from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from rfdedup.cli.main import main


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RFDEDUP_CACHE", str(tmp_path / "cache"))


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    captured = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, captured.out, captured.err


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code, out, err = _run(capsys, *arguments, "--json")
    assert code == 0, err
    value: dict[str, Any] = json.loads(out)
    return value


def test_the_list_says_what_is_ready(capsys: pytest.CaptureFixture[str]) -> None:
    listed = {one["name"]: one for one in _json(capsys, "encoders")["encoders"]}
    assert listed["efficientnet-lite0"]["ready"]
    assert listed["efficientnet-lite0"]["dim"] == 1280
    assert set(listed["efficientnet-lite0"]["thresholds"]) >= {"raw"}
    assert not listed["r50-ibn"]["ready"]
    assert "--weights" in listed["r50-ibn"]["note"]


def test_the_table_names_them(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = _run(capsys, "encoders")
    assert code == 0
    assert "efficientnet-lite0" in out
    assert "r101-ibn" in out


def test_measure_gives_a_speed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rfdedup.cli.commands.encoders.MEASURE_SECONDS", 0.1)
    listed = _json(capsys, "encoders", "--measure")["encoders"]
    speeds = next(one["images_per_second"] for one in listed if one["name"] == "efficientnet-lite0")
    assert all(speed > 0 for speed in speeds.values())
    assert len(speeds) == 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["r50-ibn"], "needs --weights FILE"),
        (["r50-ibn", "--weights", "none.pth"], "cannot read weights none.pth"),
        (["resnet"], "give one of r50-ibn, r101-ibn"),
        (["efficientnet-lite0"], "with --calibrate FOLDER"),
    ],
)
def test_add_refuses_with_one_line(capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str) -> None:
    code, out, err = _run(capsys, "encoders", "add", *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert complaint in err


@pytest.mark.long
def test_an_int8_form_is_made_used_and_listed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs nncf to quantise")
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(40):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
        coarse.resize((300, 260), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    facts = _json(capsys, "encoders", "add", "efficientnet-lite0", "--calibrate", str(folder))["int8"]
    assert facts["calibrated_on"] == 40
    assert 0 < facts["p99"] <= facts["largest"] < 0.2
    listed = _json(capsys, "encoders")["encoders"]
    assert next(one for one in listed if one["name"] == "efficientnet-lite0")["int8"]
    from rfdedup.encoders import load_encoder

    small, whole = load_encoder("efficientnet-lite0", precision="int8"), load_encoder("efficientnet-lite0")
    assert small.precision == "int8"
    assert small.key != whole.key
    images = rng.integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    np.testing.assert_array_equal(small.embed(images)[1:], small.embed(images[1:]))


@pytest.mark.long
def test_calibration_needs_images(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("nncf", reason="needs nncf to quantise")
    Image.new("RGB", (50, 50)).save(tmp_path / "one.png")
    code, _, err = _run(capsys, "encoders", "add", "efficientnet-lite0", "--calibrate", str(tmp_path))
    assert code == 2
    assert "calibration needs at least 32 readable images; found 1" in err
