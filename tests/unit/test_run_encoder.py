"""No run folder makes anybody load code: the one rule, and all who load an encoder that a run names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfdedup.encoders import run_encoder
from rfdedup.encoders.run_encoder import config_of_run, trusted
from rfdedup.model.config import make_config
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.storage.run_folder import RunFolder
from synthetic_run import make_run

CODE = ("torchscript:/tmp/net.pt", "somebodys-plugin")


@pytest.mark.parametrize("tiers", [["quality"], ["semantic"]])
@pytest.mark.parametrize("name", CODE)
def test_what_may_be_code_has_to_be_named_again(name: str, tiers: list[str]) -> None:
    config = make_config({"tiers": tiers, "semantic": {"encoder": name}})
    with pytest.raises(ConfigError, match=f"add --encoder {name}"):
        trusted(config, None)
    assert trusted(config, name).semantic.encoder == name
    assert trusted(config, "r50-ibn").semantic.encoder == "r50-ibn"


@pytest.mark.parametrize("name", ["efficientnet-lite0", "r50-ibn", "onnx:/tmp/net.onnx"])
def test_data_is_taken(name: str) -> None:
    assert trusted(make_config({"semantic": {"encoder": name}}), None).semantic.encoder == name


def test_a_run_that_does_not_say_how_it_was_made_is_refused() -> None:
    with pytest.raises(RunFolderError, match="does not say"):
        config_of_run({})


def test_a_run_of_the_first_version_is_read_by_its_own_rules() -> None:
    noted = {"quality": {"blurry": 50.0, "dark": 10.0, "bright": 220.0}}
    old = config_of_run({"schema": 1, "config": noted})
    assert (old.quality.rule, old.quality.blurry, old.same) == ("classic", 50.0, "meaning")
    bounds = {"blurry": 0.035, "dark": 32.0, "bright": 170.0}
    assert config_of_run({"schema": 2, "config": {"quality": bounds}}).quality.rule == "information"


@pytest.fixture
def forged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    """A run whose run.json names TorchScript; loading any encoder is an error."""

    def nobody_loads(*_: Any, **__: Any) -> None:
        raise AssertionError("an encoder that a run folder names was loaded")

    monkeypatch.setattr(run_encoder, "load_encoder", nobody_loads)
    run = make_run(tmp_path / "run", features=True)
    info = run.info()
    info["config"] = {**info.get("config", {}), "tiers": ["quality"], "semantic": {"encoder": CODE[0]}}
    run.write_info(info)
    return run


def test_find_alike_loads_no_code(forged: RunFolder) -> None:
    from rfdedup.outputs.review.session import ReviewSession

    session = ReviewSession(forged.path, lambda _run, _threshold: None)
    embedded = session.state.snapshot.features.embedded()
    for ask in (lambda: session.like_row(int(embedded[0]), 5), lambda: session.like_picture(b"any", 5)):
        with pytest.raises(ConfigError, match="add --encoder"):
            ask()


def test_recompute_loads_no_code(forged: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("uvicorn", reason="needs uvicorn: install the review extra")
    from rfdedup.pipeline import rerun

    monkeypatch.setattr(rerun.multiprocessing, "get_context", lambda _: pytest.fail("a process was started"))
    with pytest.raises(ConfigError, match="add --encoder"):
        rerun.recompute(forged.path, None)


def test_nobody_else_makes_an_encoder_of_what_a_run_says() -> None:
    """``config_of_run`` is the only reader of the configuration in a ``run.json``."""
    source = Path(run_encoder.__file__).parents[1]
    readers = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if 'info["config"]' in file.read_text(encoding="utf-8")
    }
    assert readers == {"encoders/run_encoder.py"}
    loaders = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if "config_of_run(" in (text := file.read_text(encoding="utf-8")) and "trusted(" not in text
    }
    assert loaders == set()


RUBBISH: dict[str, Any] = {
    "config": [1, 2],
    "encoder": [1],
    "command": 7,
    "stages": "x",
    "tables": {"verdicts.parquet": 5},
    "inputs": "not a list",
    "scan": [],
    "peak_rss_bytes": {"main": "much"},
    "warnings": [1],
}


@pytest.mark.parametrize("name", RUBBISH)
def test_a_run_json_with_something_else_under_a_name_is_damaged(name: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    run.write_info({**run.info(), name: RUBBISH[name]})
    with pytest.raises(RunFolderError, match=f"{name}' is not what a run writes"):
        RunFolder.open(run.path)


@pytest.mark.parametrize(
    "config",
    [{"quality": [1, 2]}, {"quality": {"blurry": "x"}}, {"hash": {"radius": [8]}}, {"semantic": None}, {"keep": "all"}],
    ids=str,
)
def test_a_configuration_of_another_shape_is_damaged(config: dict[str, Any], tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    run.write_info({**run.info(), "config": config})
    with pytest.raises(RunFolderError, match="'config' is not what a run writes"):
        RunFolder.open(run.path)


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("group", 2**31 - 1, "group"),
        ("group", -2, "group"),
        ("bytes", 2**62, "size"),
        ("width", -1, "size"),
        ("score", float("nan"), "score"),
        ("threshold", float("inf"), "threshold"),
        ("root", "/pictures\0", "zero byte"),
        ("verdict", "perhaps", "verdict"),
    ],
)
def test_values_that_no_run_writes_are_damage(column: str, value: Any, why: str, tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    table, links = run.verdicts(), run.links()
    rows = table.to_pylist()
    rows[0][column] = value
    tables = run.write_tables(type(table).from_pylist(rows, schema=table.schema), links)
    run.write_info({**run.info(), "tables": tables})
    from rfdedup.outputs.export import Export, Format, export_run

    with pytest.raises(RunFolderError, match=why):
        run.verdicts()
    with pytest.raises(RunFolderError, match=why):
        export_run(run.path, Export(Format.JSON), tmp_path / "out.json")


def test_links_between_rows_that_do_not_exist_are_damage(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    verdicts, links = run.verdicts(), run.links()
    column = links["b"].to_pylist()
    column[0] = verdicts.num_rows
    forged = links.set_column(1, links.schema.field("b"), [np.array(column)])
    run.write_info({**run.info(), "tables": run.write_tables(verdicts, forged)})
    with pytest.raises(RunFolderError, match="row that does not exist"):
        run.links()
