"""The same images as a folder, a tar, a zip, a Parquet file and a list get the same verdicts."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from containers import content_of, facts, write_parquet, write_tar, write_zip
from rfdedup.demo.planting import plant, shipped_photos
from rfdedup.features.hashes import sha256
from rfdedup.model.errors import ImageError
from rfdedup.outputs.report.drawn_proofs import PROOFS_FILE
from rfdedup.outputs.review.pair_evidence import PairEvidence
from rfdedup.outputs.review.snapshot import Snapshot
from rfdedup.outputs.verification.verify import verify_run
from rfdedup.pipeline.results import Run
from rfdedup.pipeline.run import refine

KINDS = ("exact", "half", "q30", "crop10", "grey", "watermark")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("planted")
    return plant(shipped_photos()[:7], base / "set", kinds=KINDS, junk_every=2).images


@pytest.fixture(scope="module")
def members(photos: Path) -> dict[str, bytes]:
    return content_of(photos)


@pytest.fixture(scope="module")
def of_folder(photos: Path, members: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Run:
    assert len(members) > 45
    return refine(photos, tmp_path_factory.mktemp("run") / "folder")


@pytest.fixture(params=["tar", "zip", "deflated", "parquet"])
def container(request: pytest.FixtureRequest, members: Mapping[str, bytes], tmp_path: Path) -> Path:
    # not in the order of names, as shards are often shuffled
    shuffled = dict(sorted(members.items(), key=lambda entry: entry[1][-99:]))
    if request.param == "tar":
        return write_tar(tmp_path / "images.tar", shuffled)
    if request.param == "parquet":
        return write_parquet(tmp_path / "images.parquet", shuffled)
    method = zipfile.ZIP_STORED if request.param == "zip" else zipfile.ZIP_DEFLATED
    return write_zip(tmp_path / "images.zip", shuffled, method)


def test_a_container_gives_the_verdicts_of_the_folder(of_folder: Run, container: Path, tmp_path: Path) -> None:
    run = refine(container, tmp_path / "run")
    assert facts(run) == facts(of_folder)
    assert set(run.verdicts["root"].to_pylist()) == {str(container)}
    assert run.verdicts["source"].null_count == run.verdicts["version"].null_count == 0
    found = verify_run(run.path)
    assert sum(found.checked.values()) == run.dropped.num_rows > 20
    assert found.failed == []
    snapshot = Snapshot(run.path)
    drop = run.evidence.to_pylist()[0]
    assert sha256(snapshot.file_bytes(drop["row"])) == run.verdicts["sha256"][drop["row"]].as_py()
    assert PairEvidence(snapshot).pictures(drop["king_row"], drop["row"]) is not None
    (folder_run, here) = (of_folder.path, run.path)
    assert (here / "features" / PROOFS_FILE).stat().st_size > (folder_run / "features" / PROOFS_FILE).stat().st_size / 2
    shutil.move(container, tmp_path / "away")
    with pytest.raises(ImageError, match="unreadable"):
        snapshot.file_bytes(drop["row"])
    assert verify_run(run.path).failed[0].reason == "unreadable"


def test_a_list_gives_the_verdicts_of_the_folder(of_folder: Run, photos: Path, tmp_path: Path) -> None:
    names = [str(path) for path in photos.iterdir()]
    lists = {"list.txt": "\n".join(names).encode(), "list.csv": b"id,path\n"}
    lists["list.csv"] += "".join(f"{i},{name}\n" for i, name in enumerate(names)).encode()
    for name, data in lists.items():
        (tmp_path / name).write_bytes(data)
        run = refine([], tmp_path / f"run-{name}", files_from=tmp_path / name)
        assert facts(run) == facts(of_folder)
        assert run.info["inputs"] == [str(photos)]
    # single images by name as well
    run = refine(names, tmp_path / "run")
    assert facts(run) == facts(of_folder)
    assert run.verdicts["source"].null_count == run.verdicts.num_rows


def test_a_run_over_a_container_resumes_and_sees_a_change(members: dict[str, bytes], tmp_path: Path) -> None:
    some = dict(list(members.items())[:12])
    shard, out = write_tar(tmp_path / "images.tar", some), tmp_path / "run"
    first = refine(shard, out)
    table = first.verdicts
    again = refine(shard, out, keep={"rule": "largest"})
    stages = {stage["name"]: stage["images"] for stage in again.info["stages"]}
    assert not any(name.startswith("quality") for name in stages)
    # the same names, sizes and time; other pictures
    names = list(some)
    write_tar(shard, {**some, names[0]: some[names[0]] + b"\0"})
    changed = refine(shard, out)
    assert changed.verdicts["sha256"][0] != table["sha256"][0]
    assert changed.verdicts.num_rows == len(some)


def command(*words: str | os.PathLike[str], stdin: bytes = b"", cwd: Path | None = None) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "rfdedup", *map(os.fspath, words)], input=stdin, capture_output=True, cwd=cwd
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


@pytest.fixture
def two(tmp_path: Path) -> dict[str, bytes]:
    """Two images and the label of one."""
    some = {}
    for number, photo in enumerate(shipped_photos()[:2]):
        Image.open(photo).resize((160, 120)).save(tmp_path / "x.jpg")
        some[f"{number:05d}.jpg"] = (tmp_path / "x.jpg").read_bytes()
        some[f"{number:05d}.json"] = b"{}"
    (tmp_path / "x.jpg").unlink()
    return some


def test_the_command_says_what_it_understood(two: dict[str, bytes], tmp_path: Path) -> None:
    for number in range(2):
        write_tar(tmp_path / f"{number:03d}.tar", two)
    code, out, told = command("run", tmp_path / "{000..001}.tar", "--out", tmp_path / "run", "--tiers", "quality,hash")
    assert code == 0, told
    assert "input: 2 tar shards, webdataset, 4 images" in told
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert info["scan"]["images"] == 4
    assert info["scan"]["others"] == 4
    code, _, told = command("apply", tmp_path / "run", "--delete", "--yes")
    assert code == 2
    assert "apply works on folders only" in told
    assert f"`rfdedup materialize {tmp_path / 'run'} --to DEST`" in told
    assert len(told.splitlines()) == 1
    assert command("verify", tmp_path / "run")[0] == 0
    code, out, _ = command("export", tmp_path / "run", "--format", "txt")
    assert code == 0
    assert all(line.startswith(str(tmp_path / "00")) for line in out.splitlines())
    export = ("export", tmp_path / "run", "--format", "hf", "--output", tmp_path / "kept.parquet")
    code, _, told = command(*export)
    assert (code, "use --embed" in told) == (2, True)
    assert command(*export, "--embed")[0] == 0
    images = pq.read_table(tmp_path / "kept.parquet")["image"].to_pylist()
    code, _, told = command("export", tmp_path / "run", "--format", "csv", "--output", tmp_path / "000.tar")
    assert (code, "one of the images" in told) == (2, True)
    assert {image["bytes"] for image in images} <= set(two.values())
    assert command("report", tmp_path / "run")[0] == 0


def test_names_come_from_the_standard_input_and_some_are_excluded(two: dict[str, bytes], tmp_path: Path) -> None:
    images = {name: data for name, data in two.items() if name.endswith("jpg")}
    for name, data in images.items():
        (tmp_path / name).write_bytes(data)
    options = ["--out", tmp_path / "run", "--tiers", "quality,hash", "--files-from", "-", "--null"]
    names = b"\0".join(map(os.fsencode, images)) + b"\0gone.jpg\0"
    code, _, told = command("run", *options, "--exclude", "*1.jpg", stdin=names, cwd=tmp_path)
    assert code == 0, told
    assert "1 file excluded" in told
    assert "1 names are no files" in told
    assert pq.read_table(tmp_path / "run" / "verdicts.parquet")["path"].to_pylist() == ["00000.jpg"]


def test_what_cannot_be_used_is_told_in_one_line(two: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "shards"
    folder.mkdir()
    write_tar(folder / "a.tar", two)
    shutil.copy(folder / "a.tar", tmp_path / "b.tar.gz")
    pq.write_table(pa.table({"a": [b"1"], "b": [b"2"], "c": ["x"]}), tmp_path / "two.parquet")
    pq.write_table(pa.table({"path": ["x"]}), tmp_path / "none.parquet")
    (tmp_path / "list.csv").write_text("path\n")
    (tmp_path / "no.zip").write_bytes(b"PK no")
    for words, said in {
        (folder,): "*.tar",
        (tmp_path / "b.tar.gz",): "decompress",
        (tmp_path / "two.parquet",): "--image-column",
        (tmp_path / "none.parquet",): "--path-column",
        (tmp_path / "list.csv",): "--files-from",
        (tmp_path / "{0..1}.tar",): "does not exist",
        (tmp_path / "no.zip",): "no zip file",
        ("s3://bucket/key",): "not on this machine",
        (): "INPUT",
    }.items():
        code, _, told = command("run", *words, "--out", tmp_path / "run")
        assert code == 2, told
        assert said in told
        assert "Traceback" not in told
