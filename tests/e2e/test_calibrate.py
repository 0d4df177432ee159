"""``rfdedup calibrate`` as a user meets it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rfdedup.cli.main import app
from rfdedup.demo.planting import PHOTOS
from rfdedup.encoders.efficientnet_lite0 import THRESHOLDS
from rfdedup.pipeline.edited_copies import KINDS
from rfdedup.storage.config_file import load_config


def calibrate(*arguments: str | Path) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["calibrate", *map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_too_few_photos_leave_the_default_and_say_so(tmp_path: Path) -> None:
    out, plot = tmp_path / "few.toml", tmp_path / "few.html"
    told = calibrate(PHOTOS, "--out", out, "--plot", plot, "--sample", "16")
    assert not told["supported"]
    assert "distinct images" in told["why_not"]
    assert told["threshold"] == THRESHOLDS["whitened"].value
    assert set(told["recall"]) == set(KINDS)
    assert told["recall"]["half"]["value"] > 0.8
    low, high = told["recall"]["half"]["interval"]
    assert low < told["recall"]["half"]["value"] <= high
    assert "not measured, the encoder's default" in out.read_text(encoding="utf-8")
    assert load_config(out, {}).semantic.threshold == THRESHOLDS["whitened"].value
    page = plot.read_text(encoding="utf-8")
    assert "http" not in page.split("</script>")[-2]
    assert '"threshold": ' in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["few.html", "few.toml"]


def test_photos_tell_a_threshold(shared_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "photos.toml"
    told = calibrate(shared_data / "photos", "--out", out, "--descriptor", "raw", "--max-false-pairs", "1000")
    assert told["supported"], told["why_not"]
    assert 0.6 < told["threshold"] < 0.9
    assert told["unrelated"]["highest"] < told["threshold"]
    assert told["unrelated"]["rate"] == pytest.approx(2 * 1000 / 1e6 / (told["images"] - 1))
    settings = load_config(out, {}).semantic
    assert settings.threshold == pytest.approx(told["threshold"])
    assert settings.descriptor == "raw"
    assert tomllib.loads(out.read_text(encoding="utf-8"))["semantic"]["encoder"] == "efficientnet-lite0"


def test_one_scene_is_no_ground_for_a_threshold(shared_data: Path) -> None:
    told = calibrate(shared_data / "fixed_camera", "--sample", "250")
    assert not told["supported"]
    assert "distinct" in told["why_not"]


def test_wrong_rates_and_empty_folders(tmp_path: Path) -> None:
    for arguments in ([PHOTOS, "--max-false-pairs", "0"], [tmp_path]):
        done = CliRunner().invoke(app, ["calibrate", *map(str, arguments)])
        assert done.exit_code != 0
        assert done.exception is not None
