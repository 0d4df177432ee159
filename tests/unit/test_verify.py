"""``rfdedup verify``: what it proves, and everything that must make a proof fail, where nobody compares pictures."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner

import in_process
import rfdedup
from rfdedup.cli.main import app
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.apply.plan import Action
from rfdedup.outputs.apply.service import Request, apply_run
from rfdedup.outputs.verification import verify
from rfdedup.outputs.verification.verify import Verification, verify_run
from rfdedup.storage.run_folder import RunFolder

KINDS = ("exact", "half", "crop10", "watermark")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``images`` and the finished ``run`` over them; drops of all tiers."""
    base = tmp_path_factory.mktemp("verify")
    plant(shipped_photos()[3:6], base, seed=2, kinds=KINDS, junk_every=1)
    rfdedup.refine(base / "images", base / "run", workers=1, same="meaning")
    return base


@pytest.fixture
def run(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> rfdedup.Run:
    """A copy of the run and of its images, in its own place; looked at without worker processes."""
    in_process.without_workers(monkeypatch)
    shutil.copytree(whole / "images", tmp_path / "images", copy_function=shutil.copy2)
    shutil.copytree(whole / "run", tmp_path / "run")
    change(tmp_path / "run", lambda row: row | _moved(row, str(tmp_path / "images")))
    return rfdedup.Run(tmp_path / "run")


def _moved(row: dict[str, Any], root: str) -> dict[str, Any]:
    return {"root": root, "king_root": None if row["king"] is None else root}


def change(run: Path, edit: Callable[[dict[str, Any]], dict[str, Any]], **info: Any) -> None:
    """Rewrite the verdicts row by row, with a fitting checksum, as one who wants to be believed would."""
    folder = RunFolder(run)
    links = folder.links()
    rows = [edit(row) for row in folder.verdicts().to_pylist()]
    tables = folder.write_tables(pa.Table.from_pylist(rows, schema=VERDICTS), links)
    folder.write_info({**folder.info(), "tables": tables, **info})


def first(run: rfdedup.Run, tier: str) -> dict[str, Any]:
    return next(row for row in run.dropped.to_pylist() if row["tier"] == tier)


def told(found: Verification) -> set[tuple[str, str]]:
    return {(failed.path, failed.reason) for failed in found.failed}


def subjects(run: rfdedup.Run, king: str) -> set[str]:
    return {row["path"] for row in run.dropped.to_pylist() if row["king"] == king}


def test_an_honest_run_is_proved_in_every_tier(whole: Path) -> None:
    run = rfdedup.Run.open(whole / "run")
    found = verify_run(run.path)
    assert found.failed == []
    assert set(found.checked) == {"quality", "exact", "perceptual", "semantic"}
    assert found.checked.total() == run.dropped.num_rows


def test_a_file_that_is_gone_or_changed_fails_and_a_touched_one_does_not(run: rfdedup.Run) -> None:
    images = Path(run.dropped["root"][0].as_py())
    gone, changed, touched = (first(run, tier)["path"] for tier in ("quality", "semantic", "perceptual"))
    (images / gone).unlink()
    status = (images / changed).stat()
    data = bytearray((images / changed).read_bytes())
    data[-3] ^= 1
    (images / changed).write_bytes(data)
    os.utime(images / changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    os.utime(images / touched, ns=(5, 5))
    assert told(verify_run(run.path)) == {(gone, "missing"), (changed, "changed")}


def test_all_subjects_of_a_king_that_is_gone_or_changed_fail(run: rfdedup.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "_Prover", lambda *_: Nobody())
    images = Path(run.dropped["root"][0].as_py())
    one, other = sorted({row["king"] for row in run.dropped.to_pylist() if row["king"]})[:2]
    (images / one).unlink()
    (images / other).write_bytes(b"something else")
    expected = {(path, "king-missing") for path in subjects(run, one)}
    expected |= {(path, "king-changed") for path in subjects(run, other)}
    assert told(verify_run(run.path)) == expected


@pytest.mark.parametrize(
    ("tier", "edit", "reason"),
    [
        ("quality", {"reason": "animated"}, "not-proven"),
        ("quality", {"score": 1.5}, "score"),
        ("quality", {"score": None}, "score"),
        ("quality", {"threshold": 51.0}, "threshold"),
        ("exact", {"score": 0.5}, "score"),
        ("perceptual", {"threshold": 64.0}, "threshold"),
        ("perceptual", {"score": -1.0}, "score"),
        ("semantic", {"sha256": "0" * 64}, "changed"),
        ("semantic", {"tier": "astrology"}, "tier"),
        ("semantic", {"group": None}, "king-unknown"),
        ("semantic", {"king_path_bytes": None}, "king-unknown"),
        ("semantic", {"king_path_bytes": b"nobody.jpg"}, "king-not-kept"),
        ("semantic", {"tier": "exact", "score": 1.0, "threshold": 1.0}, "not-proven"),
        ("semantic", {"tier": "perceptual", "score": 1.0, "threshold": 8.0}, "not-proven"),
    ],
)
def test_a_false_word_in_the_verdicts_fails(
    run: rfdedup.Run, tier: str, edit: dict[str, Any], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = first(run, tier)["path"]
    change(run.path, lambda row: row | edit if row["path"] == path else row)
    monkeypatch.setattr(verify, "_Prover", lambda *_: Nobody())
    assert told(verify_run(run.path)) == {(path, reason)}


class Nobody:
    """Stands in for the embeddings, which these cases do not reach."""

    def check(self, *_: Any) -> None:
        pass


def test_a_false_word_about_a_similarity_fails(run: rfdedup.Run) -> None:
    edits = [({"threshold": 0.01}, "threshold"), ({"score": 2.0}, "score"), ({"score": None}, "score")]
    paths = [row["path"] for row in run.dropped.to_pylist() if row["tier"] == "semantic"][: len(edits)]
    lies = {path: edit for path, (edit, _) in zip(paths, edits, strict=True)}
    change(run.path, lambda row: row | lies.get(row["path"], {}))
    assert told(verify_run(run.path)) == {(path, why) for path, (_, why) in zip(paths, edits, strict=True)}


def test_a_pair_that_is_not_alike_is_not_proved_whatever_was_noted(run: rfdedup.Run) -> None:
    drop = first(run, "semantic")
    kings = [row for row in run.kept.to_pylist() if row["group"] is not None and row["group"] != drop["group"]]
    king = kings[0]

    def lie(row: dict[str, Any]) -> dict[str, Any]:
        if row["path"] != drop["path"]:
            return row
        named = {"king": king["path"], "king_path_bytes": king["path_bytes"], "king_root": king["root"]}
        return row | named | {"group": king["group"]}

    change(run.path, lie)
    assert told(verify_run(run.path)) == {(drop["path"], "not-proven")}


def test_close_calls_are_measured_in_float32(run: rfdedup.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = verify.load_encoder

    def watch(*names: Any, **options: Any) -> Any:
        loaded.append(options["precision"])
        return load(*names, **options)

    monkeypatch.setattr(verify, "load_encoder", watch)
    precision = run.info["encoder"]["precision"]
    # the run noted scores in its own precision, as none was a close call for it
    monkeypatch.setitem(verify.MARGIN, "fp32", verify.MARGIN[precision])
    monkeypatch.setitem(verify.MARGIN, precision, 2.0)
    assert verify_run(run.path).failed == []
    assert "fp32" in loaded


def test_a_verdict_outside_the_input_is_refused(run: rfdedup.Run) -> None:
    for name in (b"../secret.jpg", b"/etc/hostname", b"a/../../b.jpg", b""):
        change(run.path, lambda row, name=name: row | {"path_bytes": name if row["verdict"] == "drop" else b"k"})
        with pytest.raises(RunFolderError, match="outside its input"):
            verify_run(run.path)


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege")
def test_links_are_not_followed(run: rfdedup.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "_Prover", lambda *_: Nobody())
    drop = first(run, "exact")
    path = Path(drop["root"]) / drop["path"]
    path.rename(path.with_suffix(".elsewhere"))
    path.symlink_to(path.with_suffix(".elsewhere"))
    assert told(verify_run(run.path)) == {(drop["path"], "changed")}


def test_files_that_apply_moved_are_read_at_their_new_places(run: rfdedup.Run, tmp_path: Path) -> None:
    apply_run(run.path, Request(Action.MOVE, tmp_path / "dropped", roots=(tmp_path / "images",)))
    assert not (Path(first(run, "semantic")["root"]) / first(run, "semantic")["path"]).exists()
    found = verify_run(run.path)
    assert found.failed == []
    assert found.checked.total() == run.dropped.num_rows


def test_what_apply_deleted_cannot_be_proved(run: rfdedup.Run, tmp_path: Path) -> None:
    apply_run(run.path, Request(Action.DELETE, roots=(tmp_path / "images",)))
    found = verify_run(run.path)
    assert {failed.reason for failed in found.failed} == {"deleted"}
    assert found.failed_count == run.dropped.num_rows


def test_torchscript_of_a_run_folder_is_not_loaded_unasked(run: rfdedup.Run) -> None:
    config = json.loads(json.dumps(run.info["config"]))
    config["semantic"]["encoder"] = "torchscript:evil.pt"
    change(run.path, lambda row: row, config=config)
    with pytest.raises(ConfigError, match="can hold code"):
        verify_run(run.path)


def test_the_command_prints_what_fails_and_exits_1(run: rfdedup.Run) -> None:
    runner = CliRunner()
    change(run.path, lambda row: row if row["tier"] != "semantic" else row | {"verdict": "error"})
    good = runner.invoke(app, ["verify", str(run.path), "--json"])
    assert good.exit_code == 0
    assert json.loads(good.stdout)["failed_total"] == 0
    gone = first(run, "exact")["path"]
    (Path(first(run, "exact")["root"]) / gone).unlink()
    bad = runner.invoke(app, ["verify", str(run.path), "--json"])
    assert bad.exit_code == 1
    assert [(entry["path"], entry["reason"]) for entry in json.loads(bad.stdout)["failed"]] == [(gone, "missing")]
    shown = runner.invoke(app, ["verify", str(run.path)])
    assert (shown.exit_code, "missing" in shown.output, "1 failed" in shown.output) == (1, True, True)
    quiet = runner.invoke(app, ["verify", str(run.path), "--quiet"])
    assert (quiet.exit_code, quiet.output) == (1, "")
