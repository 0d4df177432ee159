"""What the user names as INPUT, in one scan, and how a run remembers it."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from containers import write_parquet, write_tar, write_zip
from rfdedup.model.errors import InputError
from rfdedup.pipeline.inputs import InputOptions, Inputs, in_reading_order, inputs_of
from rfdedup.sources.lists import listed_files, read_list

IMAGES = {f"{n}.jpg": b"%d" % n for n in range(3)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "photos" / "sub").mkdir(parents=True)
    for name, data in IMAGES.items():
        (tmp_path / "photos" / name).write_bytes(data)
        (tmp_path / "photos" / "sub" / name).write_bytes(data)
    return tmp_path / "photos"


def test_inputs_of_all_kinds_are_one_scan(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "single.jpg").write_bytes(b"x")
    named = [folder, write_tar(tmp_path / "a.tar", IMAGES), write_zip(tmp_path / "b.zip", IMAGES)]
    named += [write_parquet(tmp_path / "c.parquet", IMAGES), tmp_path / "single.jpg", tmp_path / "a.tar"]
    scanned = Inputs(tuple(map(str, named))).scan()
    assert len(scanned.files) == 6 + 3 * 3 + 1
    assert [file.sort_key for file in scanned.files] == sorted(file.sort_key for file in scanned.files)
    assert scanned.roots == sorted(map(str, [*named[:4], tmp_path]))
    assert scanned.understood == (
        "6 files of folders; 1 file by name; 1 tar shard, 3 images; 1 zip shard, 3 images; 1 Parquet shard, 3 images"
    )


def test_folders_alone_are_scanned_as_before(folder: Path) -> None:
    source = Inputs((str(folder),))
    assert source.scan().understood == ""
    assert source.given() is None
    assert inputs_of({"inputs": [str(folder)]}) == source


def test_a_run_reads_the_same_again(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(f"{folder}/0.jpg\n{folder}/sub/1.jpg\n{folder}/0.jpg\n")
    options = InputOptions.taken_from({"files_from": tmp_path / "list.txt", "exclude": ["*sub*", "nothing"]})
    source = Inputs((), options)
    scanned = source.scan()
    assert [file.key for file in scanned.files] == ["0.jpg"]
    assert scanned.roots == [str(folder)]
    assert scanned.notes == ["--exclude 'nothing' matches no file"]
    again = inputs_of(json.loads(json.dumps({"inputs": scanned.roots, "given": source.given()})))
    assert again.scan() == scanned
    with pytest.raises(InputError, match="standard input"):
        inputs_of({"given": {"named": [], "files_from": "-"}})
    with pytest.raises(InputError, match="does not say"):
        inputs_of({"given": {"other": 1}})


def test_containers_are_read_in_their_order(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", dict.fromkeys(("c.jpg", "a.jpg", "b.jpg"), b""))
    files = Inputs((str(path),)).scan().files
    assert [file.key for file in files] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [file.key for file in in_reading_order(files)] == ["c.jpg", "a.jpg", "b.jpg"]


def test_a_folder_of_containers_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "my shards").mkdir()
    write_tar(tmp_path / "my shards" / "0.tar", IMAGES)
    with pytest.raises(InputError, match=r"rfdedup run '.*/my shards'/\*\.tar --out RUN"):
        Inputs((str(tmp_path),)).scan()


def test_lists_of_each_kind(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [str(folder / "0.jpg"), str(folder / "sub" / "odd\nname.jpg")]
    (folder / "sub" / "odd\nname.jpg").write_bytes(b"odd")
    (tmp_path / "a").write_bytes("\0".join(names).encode())
    assert list(read_list(str(tmp_path / "a"), null=True)) == names
    (tmp_path / "b.csv").write_text('\ufeffn,where\n1,"x,y.jpg"\n2,\n3,z.jpg\n', encoding="utf-8")
    assert list(read_list(str(tmp_path / "b.csv"), column="where")) == ["x,y.jpg", "z.jpg"]
    with pytest.raises(InputError, match="--path-column with one of n, where"):
        list(read_list(str(tmp_path / "b.csv")))
    pq.write_table(pa.table({"image": [{"bytes": None, "path": "p.jpg"}, None]}), tmp_path / "c.parquet")
    assert list(read_list(str(tmp_path / "c.parquet"))) == ["p.jpg"]
    with pytest.raises(InputError, match="neither by its suffix"):
        list(read_list(str(tmp_path / "a"), column="x"))
    # relative names are below the current folder, and links are followed
    monkeypatch.chdir(folder)
    (folder / "link.jpg").symlink_to("sub/1.jpg")
    found = listed_files(["link.jpg", "0.jpg", "gone.jpg", "sub", "bad\0name"], "LIST")
    assert [file.key for file in found.items] == ["0.jpg", "sub/1.jpg"]
    assert found.notes == ["LIST: 3 names are no files and are left out, the first is 'gone.jpg'"]
    with pytest.raises(InputError, match="only files of this machine"):
        listed_files(["s3://bucket/x.jpg"], "LIST")
