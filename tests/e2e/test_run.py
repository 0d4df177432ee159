"""``rfdedup run`` as a user meets it, on the shipped photos."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from click.testing import CliRunner
from PIL import Image

import rfdedup
from in_process import without_workers
from rfdedup.cli.main import app
from rfdedup.cli.main import main as cli_main
from rfdedup.demo.planting import Planted, plant, shipped_photos
from rfdedup.encoders import run_encoder
from rfdedup.model.schemas import LINKS, VERDICTS
from rfdedup.pipeline import embedding
from rfdedup.pipeline import run as funnel

KINDS = ("exact", "half", "crop10", "grey")


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """Eight photos with four copies each, and junk."""
    folder = tmp_path_factory.mktemp("planted")
    return plant(shipped_photos()[3:11], folder, seed=5, kinds=KINDS, junk_every=1)


@pytest.fixture(scope="session")
def finished(planted: Planted, tmp_path_factory: pytest.TempPathFactory) -> rfdedup.Run:
    return rfdedup.refine(planted.images, tmp_path_factory.mktemp("finished") / "run")


def state(tree: Path) -> dict[str, tuple[str, int]]:
    return {
        str(path.relative_to(tree)): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(tree.rglob("*"))
        if path.is_file()
    }


def told(table: pa.Table) -> list[tuple[Any, ...]]:
    """What a run says of each file, whatever folder it was reached through."""
    names = ("verdict", "tier", "reason", "score", "threshold", "flags")
    return sorted(
        (Path(row["path"]).name, Path(row["king"]).name if row["king"] else None, *(str(row[name]) for name in names))
        for row in table.to_pylist()
    )


def test_tables_have_the_columns_that_are_promised(finished: rfdedup.Run) -> None:
    assert finished.verdicts.schema.equals(VERDICTS)
    assert finished.links.schema.equals(LINKS)
    info = json.loads((finished.path / "run.json").read_text())
    assert {"schema", "version", "command", "config", "encoder", "stages", "peak_rss_bytes", "scan"} <= set(info)
    assert len(info["encoder"]["weights_sha256"]) == 64
    assert (finished.path / "report.html").stat().st_size > 10_000


def test_every_drop_names_a_kept_king_and_a_score_within_the_bound(finished: rfdedup.Run) -> None:
    rows = finished.verdicts.to_pylist()
    kept = {(row["root"], row["path"]) for row in rows if row["verdict"] == "keep"}
    dropped = [row for row in rows if row["verdict"] == "drop" and row["tier"] != "quality"]
    assert len(dropped) > 20
    for row in dropped:
        assert (row["king_root"], row["king"]) in kept
        distance = row["tier"] == "perceptual"
        assert row["score"] <= row["threshold"] if distance else row["score"] >= row["threshold"]


def test_the_input_is_only_read(planted: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(planted.images, folder)
    before = state(folder)
    rfdedup.refine(folder, tmp_path / "run", tiers=("quality", "hash"))
    assert state(folder) == before


def test_a_second_run_decodes_and_embeds_nothing(
    planted: Planted, finished: rfdedup.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(finished.path, tmp_path / "run")

    def refuse(*_: object) -> None:
        raise AssertionError("work was done again")

    monkeypatch.setattr(funnel, "measure_files", refuse)
    monkeypatch.setattr(run_encoder, "load_encoder", _without_inference(run_encoder.load_encoder))
    again = rfdedup.refine(planted.images, tmp_path / "run")
    assert again.verdicts.equals(finished.verdicts)
    assert again.links.equals(finished.links)


def _without_inference(load: Callable[..., Any]) -> Callable[..., Any]:
    def loaded(*arguments: Any, **options: Any) -> Any:
        encoder = load(*arguments, **options)

        def refuse(_: object) -> None:
            raise AssertionError("something was embedded again")

        encoder.embed = refuse
        return encoder

    return loaded


def test_new_files_cost_only_themselves(
    planted: Planted, finished: rfdedup.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "in"
    shutil.copytree(planted.images, folder)
    rfdedup.refine(folder, tmp_path / "run")
    Image.open(shipped_photos()[0]).save(folder / "zz new.png")
    measured: list[str] = []
    measure = funnel.measure_files

    def watch(files: Any, *arguments: Any) -> Any:
        measured.extend(file.key for shard in files for file in shard)
        return measure(files, *arguments)

    monkeypatch.setattr(funnel, "measure_files", watch)
    run = rfdedup.refine(folder, tmp_path / "run")
    assert measured == ["zz new.png"]
    assert run.verdicts.num_rows == finished.verdicts.num_rows + 1


def test_verdicts_depend_on_neither_workers_nor_roots(planted: Planted, finished: rfdedup.Run, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    for number, path in enumerate(sorted(planted.images.iterdir())):
        part = folder / f"part{number % 3}"
        part.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, part / path.name)
    whole = rfdedup.refine(folder, tmp_path / "one", workers=1)
    parts = rfdedup.refine([folder / f"part{i}" for i in (2, 0, 1)], tmp_path / "three", workers=3)
    assert told(whole.verdicts) == told(parts.verdicts)
    assert told(whole.verdicts) == told(finished.verdicts)


def test_a_higher_threshold_adds_no_links(planted: Planted, finished: rfdedup.Run, tmp_path: Path) -> None:
    shutil.copytree(finished.path, tmp_path / "run")
    alike = rfdedup.refine(planted.images, tmp_path / "run", same="meaning")
    before = set(zip(alike.links["a"].to_pylist(), alike.links["b"].to_pylist(), strict=True))
    strict = rfdedup.refine(planted.images, tmp_path / "run", same="meaning", threshold=0.9)
    for row, entry in enumerate(strict.verdicts.to_pylist()):
        if entry["tier"] == "semantic":
            king = strict.verdicts["path"].to_pylist().index(entry["king"])
            assert (min(row, king), max(row, king)) in before
            assert entry["score"] >= 0.9


def test_tiers_stop_early(planted: Planted, tmp_path: Path) -> None:
    quality = rfdedup.refine(planted.images, tmp_path / "run", tiers=("quality",))
    assert set(quality.dropped["tier"].to_pylist()) == {"quality"}
    hashes = rfdedup.refine(planted.images, tmp_path / "run", tiers=("hash", "quality"))
    assert set(hashes.dropped["tier"].to_pylist()) == {"quality", "exact", "perceptual"}


def test_sample_is_a_part_of_the_whole(planted: Planted, tmp_path: Path) -> None:
    run = rfdedup.refine(planted.images, tmp_path / "run", tiers=("quality",), sample=10)
    assert run.verdicts.num_rows == 10
    again = rfdedup.refine(planted.images, tmp_path / "run", tiers=("quality",), sample=10)
    assert again.verdicts["path"].equals(run.verdicts["path"])


def test_protected_images_are_never_dropped(planted: Planted, finished: rfdedup.Run, tmp_path: Path) -> None:
    shutil.copytree(finished.path, tmp_path / "run")
    run = rfdedup.refine(planted.images, tmp_path / "run", keep={"protect": ["*_exact*", "*_half*"]})
    for row in run.verdicts.to_pylist():
        if "_exact" in row["path"] or "_half" in row["path"]:
            assert row["verdict"] == "keep"
            assert "protected" in row["flags"]


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        ("jpg", {}),
        ("png", {}),
        ("webp", {}),
        ("avif", {}),
        ("tif", {}),
        ("bmp", {}),
        ("gif", {}),
        ("heic", {}),
    ],
)
def test_formats(tmp_path: Path, suffix: str, options: dict[str, Any]) -> None:
    import pillow_heif

    pillow_heif.register_heif_opener()
    with Image.open(shipped_photos()[4]) as picture:
        picture.resize((200, 150)).save(tmp_path / f"picture.{suffix}", **options)
    run = rfdedup.refine(tmp_path, tmp_path / "run", tiers=("quality",), workers=1)
    (row,) = run.verdicts.to_pylist()
    assert (row["verdict"], row["width"], row["height"]) == ("keep", 200, 150)


def test_content_decides_and_other_files_are_counted(tmp_path: Path) -> None:
    photo = shipped_photos()[4].read_bytes()
    (tmp_path / "photo.png").write_bytes(photo)
    (tmp_path / "photo").write_bytes(photo)
    (tmp_path / "notes.txt").write_text("not an image")
    (tmp_path / "text.jpg").write_text("not an image either")
    (tmp_path / "half.jpg").write_bytes(photo[: len(photo) // 2])
    (tmp_path / ".hidden.jpg").write_bytes(photo)
    run = rfdedup.refine(tmp_path, tmp_path / "run", tiers=("quality", "hash"), workers=1)
    rows = {row["path"]: row for row in run.verdicts.to_pylist()}
    assert set(rows) == {"photo.png", "photo", "text.jpg", "half.jpg"}
    assert "suffix_mismatch" in rows["photo.png"]["flags"]
    assert {rows["photo"]["verdict"], rows["photo.png"]["verdict"]} == {"keep", "drop"}
    assert (rows["text.jpg"]["verdict"], rows["text.jpg"]["reason"]) == ("error", "not-an-image")
    assert (rows["half.jpg"]["verdict"], rows["half.jpg"]["reason"]) == ("error", "truncated")
    assert (run.info["scan"]["others"], run.info["scan"]["hidden"]) == (1, 1)


def test_a_black_frame_is_dark_a_white_one_bright_and_a_grey_one_blank(tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255), ("grey", 128)):
        Image.new("RGB", (320, 240), (level,) * 3).save(tmp_path / f"{name}.png")
    run = rfdedup.refine(tmp_path, tmp_path / "run", tiers=("quality", "hash"), workers=1)
    assert dict(zip(run.verdicts["path"].to_pylist(), run.verdicts["reason"].to_pylist(), strict=True)) == {
        "black.png": "dark",
        "white.png": "bright",
        "grey.png": "blank",
    }


def fails(*words: str, code: int = 2) -> str:
    """Run the command line as a process would and return its one line."""
    runner = CliRunner()
    result = runner.invoke(_Main(), list(words))
    assert result.exit_code == code, result.output
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert "Traceback" not in result.output
    return lines[-1]


class _Main(type(app)):  # type: ignore[misc]
    """The entry point behind click's interface, so that its handling of errors is tested as well."""

    def __init__(self) -> None:
        super().__init__(name="rfdedup")

    def main(self, args: Any = None, **_: Any) -> Any:
        return cli_main(list(args))


def test_bad_usage_is_one_line_and_exit_code_2(planted: Planted, tmp_path: Path) -> None:
    images, out = str(planted.images), str(tmp_path / "run")
    (tmp_path / "empty").mkdir()
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "a.txt").write_text("a")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious.doc").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "bad.toml").write_text("[quality]\nblury = 3\n")

    assert "missing" in fails("run", str(tmp_path / "missing"), "--out", out)
    assert "no file" in fails("run", str(tmp_path / "empty"), "--out", out)
    assert "no image" in fails("run", str(tmp_path / "words"), "--out", out)
    assert "precious" not in fails("run", images, "--out", str(tmp_path / "full"))
    assert (tmp_path / "full" / "precious.doc").read_text() == "mine"
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["precious.doc"]
    assert "is a file" in fails("run", images, "--out", str(tmp_path / "file"))
    assert "nonesuch" in fails("run", images, "--out", out, "--encoder", "nonesuch")
    assert "semantic.threshold" in fails("run", images, "--out", out, "--threshold", "1.5")
    assert "semantic.threshold" in fails("run", images, "--out", out, "--threshold", "high")
    assert "quality.blury" in fails("run", images, "--out", out, "--config", str(tmp_path / "bad.toml"))
    assert "tiers" in fails("run", images, "--out", out, "--tiers", "quality,hashes")
    assert "--out" in fails("run", images)
    assert "run.json" in fails("report", str(tmp_path / "empty"))


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions")
def test_unwritable_output_is_one_line(planted: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert "permission denied" in fails("run", str(planted.images), "--out", str(tmp_path / "run"))


def test_json_and_quiet(finished: rfdedup.Run, planted: Planted, tmp_path: Path) -> None:
    shutil.copytree(finished.path, tmp_path / "run")
    runner = CliRunner()
    result = runner.invoke(app, ["run", str(planted.images), "--out", str(tmp_path / "run"), "--json"])
    facts = json.loads(result.stdout)
    assert facts["kept"] + facts["dropped"] + facts["errors"] == facts["images"] == finished.verdicts.num_rows
    quiet = runner.invoke(app, ["run", str(planted.images), "--out", str(tmp_path / "run"), "--quiet"])
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_two_runs_on_one_folder_the_second_refuses(planted: Planted, finished: rfdedup.Run, tmp_path: Path) -> None:
    from rfdedup.storage.run_folder import RunFolder

    shutil.copytree(finished.path, tmp_path / "run")
    with RunFolder(tmp_path / "run").lock():
        assert "another rfdedup process" in fails("run", str(planted.images), "--out", str(tmp_path / "run"))


def test_protected_images_are_not_junk_either(planted: Planted, tmp_path: Path) -> None:
    run = rfdedup.refine(planted.images, tmp_path / "run", tiers=("quality",), keep={"protect": ["*dark*"]})
    rows = [row for row in run.verdicts.to_pylist() if "dark" in row["path"]]
    assert rows
    assert {row["verdict"] for row in rows} == {"keep"}
    assert run.dropped.num_rows > 0


def test_frames_of_one_camera_that_are_embedded_late_start_workers_once(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, Any, Any]] = []
    embed = embedding.embed_items

    def noted(executor: Any, stage: Any, files: Any, encoder: Any, block: Any, most: int) -> Any:
        # workers are shared by runs of one executor with an equal stage and an equal block
        asked.append((len(files), id(executor), stage, block))
        return embed(executor, stage, files, encoder, block, most)

    without_workers(monkeypatch)
    monkeypatch.setattr(embedding, "embed_items", noted)
    images = tmp_path / "in"
    images.mkdir()
    for file in (shared_data / "fixed_camera").iterdir():
        shutil.copy(file, images)
    rfdedup.refine(images, tmp_path / "run", same="meaning")
    assert len(asked) > 2
    assert len({tuple(each[1:]) for each in asked}) == 1
