"""A clean copy: what is kept, with its labels, as what it was or as another kind; opened by the libraries for it."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner

from containers import TIME, write_parquet, write_tar, write_zip
from copied_runs import KEPT, copied, manifest, picture, pictures, put, run_of, tree, with_labels
from rfdedup.cli.main import app
from rfdedup.features.hashes import sha256
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.outputs.materialize import copies_of, remove_copy
from rfdedup.outputs.materialize.labels import class_in
from rfdedup.outputs.materialize.rows import RunRows
from rfdedup.outputs.materialize.shards import by_split
from rfdedup.pipeline.results import Run

KINDS = ("same", "files", "webdataset", "parquet", "hf", "yolo", "coco", "imagefolder", "manifest")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("copies")


@pytest.fixture(scope="module")
def of_folder(base: Path) -> Run:
    put(base / "set", with_labels(pictures(), ".json", ".xmp"))
    for path in (base / "set").rglob("*"):
        os.utime(path, (TIME, TIME))
    return run_of(base / "set", base / "run-folder")


@pytest.fixture(scope="module")
def of_tars(base: Path) -> Run:
    every = list(with_labels(pictures(), ".json", ".cls").items())
    write_tar(base / "shards-000.tar", every[:12])
    write_tar(base / "shards-001.tar", [*every[12:], ("README", b"of all")])
    return run_of(str(base / "shards-{000..001}.tar"), base / "run-tar")


@pytest.fixture(scope="module")
def of_zip(base: Path) -> Run:
    return run_of(write_zip(base / "set.zip", with_labels(pictures(), ".txt"), zipfile.ZIP_DEFLATED), base / "run-zip")


@pytest.fixture(scope="module")
def of_parquet(base: Path) -> Run:
    return run_of(write_parquet(base / "set.parquet", pictures(), rows=3), base / "run-parquet")


def members(path: Path) -> dict[str, tuple[bytes, bytes]]:
    """Header and bytes of each member of a tar file."""
    data = path.read_bytes()
    with tarfile.open(path) as archive:
        return {m.name: (data[m.offset : m.offset_data], data[m.offset_data : m.offset_data + m.size]) for m in archive}


def test_a_folder_keeps_names_bytes_times_and_what_lies_beside_its_images(
    of_folder: Run, base: Path, tmp_path: Path
) -> None:
    summary = copied(of_folder, tmp_path / "copy", "same")
    assert summary.complete
    assert summary.images == len(KEPT)
    wanted = {name for kept in KEPT for name in (kept, kept[:-4] + ".json", kept[:-4] + ".xmp")}
    found = tree(tmp_path / "copy")
    assert set(found) == wanted | {"manifest.parquet"}
    for name in wanted:
        assert found[name] == (base / "set" / name).read_bytes()
        assert (tmp_path / "copy" / name).stat().st_mtime_ns == TIME * 10**9


def test_a_tar_keeps_headers_order_and_labels_of_what_is_kept(of_tars: Run, base: Path, tmp_path: Path) -> None:
    assert copied(of_tars, tmp_path / "copy", "same").complete
    kept = {name for image in KEPT for name in (image, image[:-4] + ".json", image[:-4] + ".cls")} | {"README"}
    for shard in ("shards-000.tar", "shards-001.tar"):
        before, after = members(base / shard), members(tmp_path / "copy" / shard)
        assert list(after) == [name for name in before if name in kept]
        assert all(after[name] == before[name] for name in after)
        assert (tmp_path / "copy" / shard).stat().st_size % tarfile.RECORDSIZE == 0


def test_a_zip_keeps_packed_bytes_times_and_labels(of_zip: Run, base: Path, tmp_path: Path) -> None:
    assert copied(of_zip, tmp_path / "copy", "same").complete
    with zipfile.ZipFile(base / "set.zip") as before, zipfile.ZipFile(tmp_path / "copy/set.zip") as after:
        assert after.testzip() is None
        assert after.namelist() == [name for kept in KEPT for name in (kept, kept[:-4] + ".txt")]
        for info in after.infolist():
            old = before.getinfo(info.filename)
            assert after.read(info) == before.read(old)
            facts = ("date_time", "compress_type", "compress_size", "external_attr", "CRC")
            assert [getattr(info, fact) for fact in facts] == [getattr(old, fact) for fact in facts]


def test_a_table_keeps_schema_columns_and_order_of_row_groups(of_parquet: Run, base: Path, tmp_path: Path) -> None:
    assert copied(of_parquet, tmp_path / "copy", "same").complete
    before, after = pq.ParquetFile(base / "set.parquet"), pq.ParquetFile(tmp_path / "copy/set.parquet")
    assert after.schema_arrow.equals(before.schema_arrow, check_metadata=True)
    rows = [row for row in before.read().to_pylist() if row["image"]["path"] in KEPT]
    assert after.read().to_pylist() == rows
    # of the groups of three rows each has some that stay
    assert [after.metadata.row_group(i).num_rows for i in range(after.num_row_groups)] == [2, 1, 1]


def test_the_manifest_says_where_every_row_went(of_tars: Run, base: Path, tmp_path: Path) -> None:
    copied(of_tars, tmp_path / "copy", "same")
    rows = manifest(tmp_path / "copy")
    assert [row["key"] for row in rows] == of_tars.verdicts["path"].to_pylist()
    for row in rows:
        kept = row["key"] in KEPT
        assert row["verdict"] == ("keep" if kept else "drop")
        assert (row["target"] is not None) == kept
        assert row["source"] == (base / Path(row["source"]).name).as_uri()
        if kept:
            data = members(tmp_path / "copy" / row["target"])[row["member"]][1]
            assert sha256(data) == row["sha256"]
        else:
            assert row["king"] == row["key"].replace(" (1)", "")


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_holds_the_bytes_of_what_is_kept(
    kind: str, of_folder: Run, of_tars: Run, of_zip: Run, of_parquet: Run, tmp_path: Path
) -> None:
    for number, run in enumerate((of_folder, of_tars, of_zip, of_parquet)):
        dest = tmp_path / str(number)
        summary = copied(run, dest, kind)
        assert summary.complete
        rows = [row for row in manifest(dest) if row["verdict"] == "keep"]
        assert len(rows) == len(KEPT)
        for row in rows if kind != "manifest" else []:
            assert sha256(stored(dest, row)) == row["sha256"]
        assert not list(dest.rglob(".*"))
        # again: nothing is left to do, and nothing changes
        before = tree(dest)
        again = copied(run, dest, kind)
        assert (again.written, again.there) == (0, summary.written)
        assert tree(dest) == before


def stored(dest: Path, row: dict[str, Any]) -> bytes:
    path, member = dest / row["target"], row["member"]
    if path.suffix == ".tar":
        return members(path)[member][1]
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return archive.read(member)
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        if member.isdigit():
            data: bytes = table["image"][int(member)]["bytes"].as_py()
            return data
        found = [value["bytes"] for value in table["image"].to_pylist() if value["path"] == member]
        return found[0]
    return path.read_bytes()


def test_webdataset_opens_shards_with_their_labels(of_tars: Run, tmp_path: Path) -> None:
    wds = pytest.importorskip("webdataset")
    copied(of_tars, tmp_path / "same", "same")
    copied(of_tars, tmp_path / "new", "webdataset", shard_bytes=20_000)
    shards = sorted((tmp_path / "new").glob("*.tar"))
    assert len(shards) > 1
    for some in (sorted((tmp_path / "same").glob("*.tar")), shards):
        found = list(wds.WebDataset([str(path) for path in some], shardshuffle=False))
        assert [sample["__key__"] for sample in found] == [name[:-4] for name in KEPT]
        for sample, name in zip(found, KEPT, strict=True):
            assert sample["jpg"] == pictures()[name]
            assert json.loads(sample["json"]) == {"of": name}
            assert "cls" in sample


@pytest.fixture
def datasets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    # read when it is imported: nothing is fetched, and the cache is here
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = pytest.importorskip("datasets")
    monkeypatch.setattr(found.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    found.disable_progress_bars()
    return found


def test_load_dataset_opens_the_folder(datasets: Any, of_parquet: Run, of_tars: Run, tmp_path: Path) -> None:
    for name, run, columns in (("p", of_parquet, ["image", "label"]), ("t", of_tars, ["image", "path", "sha256"])):
        dest = tmp_path / name
        copied(run, dest, "hf", shard_bytes=20_000)
        loaded = datasets.load_dataset(str(dest), cache_dir=str(tmp_path / "cache"))
        assert list(loaded) == ["train"]
        train = loaded["train"]
        assert train.column_names[: len(columns)] == columns
        assert isinstance(train.features["image"], datasets.Image)
        assert train[0]["image"].size == (320, 240)
        plain = train.cast_column("image", datasets.Image(decode=False))
        assert [row["image"]["bytes"] for row in plain] == [pictures()[kept] for kept in KEPT]
    copied(of_tars, tmp_path / "classes", "imagefolder")
    loaded = datasets.load_dataset("imagefolder", data_dir=str(tmp_path / "classes"), cache_dir=str(tmp_path / "cache"))
    assert loaded["train"].num_rows == len(KEPT)


def test_classes_are_folders(of_folder: Run, tmp_path: Path) -> None:
    copied(of_folder, tmp_path / "copy", "imagefolder")
    assert set(tree(tmp_path / "copy")) == {*KEPT, "manifest.parquet"}


def yolo_root(folder: Path) -> Path:
    every = {f"images/train/{name.rpartition('/')[2]}": data for name, data in pictures().items()}
    for number, name in enumerate(list(every)):
        label = name.replace("images", "labels").replace(".jpg", ".txt")
        every[label] = f"{number // 2 % 2} 0.5 0.25 0.5 0.25\n".encode()
    names = b"path: .\ntrain: images/train\nval: images/train\nnames:\n  0: cat\n  1: dog\n"
    return put(folder, {**every, "data.yaml": names})


def read_yolo_root(root: Path) -> tuple[dict[int, str], dict[str, str]]:
    """Classes, and the labels of each image, found as Ultralytics finds them."""
    about = yaml.safe_load((root / "data.yaml").read_text())
    assert "val" in about
    base = Path(about["path"]) if Path(about.get("path", ".")).is_absolute() else root
    found = {}
    for image in sorted((base / about["train"]).rglob("*.jpg")):
        above, _, below = str(image).rpartition("/images/")
        found[image.name] = Path(f"{above}/labels/{below}").with_suffix(".txt").read_text()
    return about["names"], found


def test_a_yolo_root_comes_out_as_one(tmp_path: Path) -> None:
    run = run_of(yolo_root(tmp_path / "set"), tmp_path / "run")
    wanted = {f"{name}.jpg": f"{i % 2} 0.5 0.25 0.5 0.25\n" for i, name in enumerate("abcd")}
    for kind in ("same", "yolo"):
        assert copied(run, tmp_path / kind, kind).complete
        assert read_yolo_root(tmp_path / kind) == ({0: "cat", 1: "dog"}, wanted)
    copied(run, tmp_path / "coco", "coco")
    value = json.loads((tmp_path / "coco/annotations/instances.json").read_text())
    assert [category["name"] for category in value["categories"]] == ["cat", "dog"]
    assert [image["file_name"] for image in value["images"]] == list(wanted)
    assert all((tmp_path / "coco/images" / image["file_name"]).is_file() for image in value["images"])
    assert [annotation["bbox"] for annotation in value["annotations"]] == [[80.0, 30.0, 160.0, 60.0]] * 4
    assert [annotation["category_id"] for annotation in value["annotations"]] == [0, 1, 0, 1]


def test_labels_beside_a_folder_above_the_input_go_along(tmp_path: Path) -> None:
    root = yolo_root(tmp_path / "set")
    run = run_of(root / "images/train", tmp_path / "run")
    wanted = {f"{name}.jpg": f"{i % 2} 0.5 0.25 0.5 0.25\n" for i, name in enumerate("abcd")}
    copied(run, tmp_path / "same", "same")
    found = tree(tmp_path / "same")
    assert {name.rpartition("/")[2] for name in found if name.startswith("images/train/")} == set(wanted)
    labels = {
        name.rpartition("/")[2]: data.decode() for name, data in found.items() if name.startswith("labels/train/")
    }
    assert labels == {name.replace(".jpg", ".txt"): text for name, text in wanted.items()}
    copied(run, tmp_path / "yolo", "yolo")
    assert read_yolo_root(tmp_path / "yolo")[1] == wanted
    # without labels it is a folder as any other
    plain = run_of(put(tmp_path / "images/holiday", {"x.jpg": picture(1)}), tmp_path / "run-plain")
    copied(plain, tmp_path / "plain", "same")
    assert set(tree(tmp_path / "plain")) == {"x.jpg", "manifest.parquet"}


def test_boxes_that_a_run_noted_are_no_class() -> None:
    assert [class_in(label) for label in ("cat", "no boxes", "cat 0.5000 0.5000 0.1000 0.2500")] == ["cat", None, None]
    assert class_in("a b 0.5000 0.5000 0.1000 0.2500; c 0.1000 0.1000 0.1000 0.1000") is None
    assert class_in(None) is None


def coco_root(folder: Path) -> Path:
    names = list(pictures())
    images = [{"id": i + 7, "file_name": n, "width": 320, "height": 240, "camera": "x"} for i, n in enumerate(names)]
    things = [
        {"id": i, "image_id": i + 7, "category_id": 3, "bbox": [32, 24, 64, 48], "area": 3072, "iscrowd": 0, "own": i}
        for i in range(len(names))
    ]
    value = {"images": images, "annotations": things, "categories": [{"id": 3, "name": "cat", "supercategory": "pet"}]}
    return put(folder, {**pictures(), "coco.json": json.dumps(value).encode()})


def test_coco_annotations_follow_their_images(tmp_path: Path) -> None:
    # equal bytes have equal annotations: nothing that is dropped is kept for its labels
    root = coco_root(tmp_path / "set")
    run = run_of(root, tmp_path / "run")
    for kind, file in (("same", "coco.json"), ("coco", "annotations/instances.json")):
        assert copied(run, tmp_path / kind, kind, datasets=(root / "coco.json",)).complete
        value = json.loads((tmp_path / kind / file).read_text())
        assert len(value["images"]) == len(value["annotations"]) == len(KEPT)
        assert {image["camera"] for image in value["images"]} == {"x"}
        ids = {image["id"] for image in value["images"]}
        assert {annotation["image_id"] for annotation in value["annotations"]} == ids
        assert value["categories"] == [{"id": 3, "name": "cat", "supercategory": "pet"}]
        assert sorted(annotation["own"] for annotation in value["annotations"]) == [0, 2, 4, 6]
    copied(run, tmp_path / "yolo", "yolo", datasets=(root / "coco.json",))
    names, found = read_yolo_root(tmp_path / "yolo")
    assert names == {0: "cat"}
    assert set(found.values()) == {"0 0.2 0.2 0.2 0.2\n"}


def test_masks_in_a_tar_stay_with_their_images(tmp_path: Path) -> None:
    mask = picture(77)
    samples = {"1.jpg": picture(1), "1.seg.jpg": mask, "2.jpg": picture(2), "2.seg.jpg": mask}
    run = run_of(write_tar(tmp_path / "x.tar", samples), tmp_path / "run")
    assert run.dropped.num_rows == 1
    summary = copied(run, tmp_path / "copy", "same")
    assert summary.stays == 1
    assert {name: data for name, (_, data) in members(tmp_path / "copy/x.tar").items()} == samples


def test_a_hard_link_whose_file_is_dropped_becomes_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.tar"
    with tarfile.open(path, "w") as archive:
        for name, linked in (("a (1).jpg", ""), ("a.jpg", "a (1).jpg"), ("c.jpg", "")):
            info = tarfile.TarInfo(name)
            data = picture(1 if name[0] == "a" else 2)
            info.type, info.linkname = (tarfile.LNKTYPE, linked) if linked else (tarfile.REGTYPE, "")
            info.size = 0 if linked else len(data)
            archive.addfile(info, None if linked else io.BytesIO(data))
    run = run_of(path, tmp_path / "run")
    kept = set(run.kept["path"].to_pylist())
    assert len(kept) == 2
    copied(run, tmp_path / "copy", "same")
    with tarfile.open(tmp_path / "copy/x.tar") as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        assert set(found) == kept
        for name, stream in found.items():
            assert stream is not None
            assert stream.read() == picture(1 if name[0] == "a" else 2)


def test_names_out_of_containers_stay_below_the_copy(tmp_path: Path) -> None:
    odd = ["../up.jpg", "/top.jpg", "con.jpg", "A.jpg", "a.jpg", "dir/x.jpg", "dir", "b\\c.jpg", "na\udcffme.jpg"]
    path = write_tar(tmp_path / "odd.tar", [(name, picture(i)) for i, name in enumerate(odd)])
    run = run_of(path, tmp_path / "run")
    assert run.kept.num_rows == len(odd)
    for kind in ("files", "coco", "webdataset", "yolo"):
        dest = tmp_path / "in" / kind
        assert copied(run, dest, kind).complete
        assert {sha256(stored(dest, row)) for row in manifest(dest)} == {sha256(picture(i)) for i in range(len(odd))}
    assert {path.name for path in tmp_path.iterdir()} == {"odd.tar", "run", "in"}
    names = [name.lower() for name in tree(tmp_path / "in/files")]
    assert len(set(names)) == len(odd) + 1
    for name in names:
        assert not set('\\:*?"<>|') & set(name)


def test_inputs_of_several_kinds_lie_as_they_lay(base: Path, tmp_path: Path) -> None:
    put(tmp_path / "in/one", pictures(20))
    put(tmp_path / "in/two", {name: data for name, data in pictures(30).items() if name.startswith("cat")})
    (tmp_path / "in/shards").mkdir()
    # of each picture in the second folder there is a copy in the tar
    write_tar(tmp_path / "in/shards/x.tar", {**pictures(30), "other.jpg": picture(99)})
    inputs = [tmp_path / "in/one", tmp_path / "in/two", tmp_path / "in/shards/x.tar"]
    run = run_of(inputs, tmp_path / "run")
    for kind in ("same", "files", "webdataset"):
        assert copied(run, tmp_path / kind, kind).images == run.kept.num_rows == 9
        rows = [row for row in manifest(tmp_path / kind) if row["target"] is not None]
        assert all(sha256(stored(tmp_path / kind, row)) == row["sha256"] for row in rows)
    found = set(tree(tmp_path / "same"))
    # what comes first is king: that of the tar
    assert found == {f"one/{name}" for name in KEPT} | {"shards/x.tar", "manifest.parquet"}


def test_a_list_may_be_copied_beside_its_images(tmp_path: Path) -> None:
    put(tmp_path / "a", {"x.jpg": picture(1)})
    put(tmp_path / "b", {"y.jpg": picture(2), "not named.jpg": picture(3)})
    (tmp_path / "list.txt").write_text(f"{tmp_path}/a/x.jpg\n{tmp_path}/b/y.jpg\n")
    run = run_of([], tmp_path / "run", files_from=tmp_path / "list.txt")
    assert run.info["inputs"] == [str(tmp_path)]
    copied(run, tmp_path / "copy", "same")
    assert set(tree(tmp_path / "copy")) == {"a/x.jpg", "b/y.jpg", "manifest.parquet"}


def test_labels_of_containers_lie_beside_files(of_tars: Run, of_zip: Run, of_parquet: Run, tmp_path: Path) -> None:
    for name, run, ending in (("t", of_tars, ".json"), ("z", of_zip, ".txt")):
        copied(run, tmp_path / name, "files")
        found = tree(tmp_path / name)
        for kept in KEPT:
            leaf = kept.rpartition("/")[2]
            assert found[leaf] == pictures()[kept]
            assert json.loads(found[leaf[:-4] + ending]) == {"of": kept}
    copied(of_parquet, tmp_path / "p", "files")
    assert json.loads(tree(tmp_path / "p")["a.json"]) == {"label": 0}


def test_labels_that_only_a_dropped_image_has_keep_it_in_the_copy(tmp_path: Path) -> None:
    folder = put(tmp_path / "set", {"a.jpg": picture(1), "a (1).jpg": picture(1), "a (1).txt": b"0 .5 .5 1 1\n"})
    run = run_of(folder, tmp_path / "run")
    for kind in ("same", "files", "webdataset"):
        summary = copied(run, tmp_path / kind, kind)
        assert (summary.images, summary.stays) == (2, 1)
        notes = {row["key"]: row["note"] for row in manifest(tmp_path / kind)}
        assert "labels" in notes["a (1).jpg"]


def test_splits_are_shards_and_folders(tmp_path: Path) -> None:
    run = run_of(write_tar(tmp_path / "x.tar", pictures()), tmp_path / "run")
    table = run.verdicts
    splits = ["valid" if name.startswith("dog") else "train" for name in table["path"].to_pylist()]
    rows = RunRows(table.set_column(table.schema.get_field_index("split"), "split", pa.array(splits)))
    found = {split: [int(n) for some in shards for n in some] for split, shards in by_split(rows, kept(rows), 1 << 30)}
    assert {split: [table["path"][n].as_py() for n in some] for split, some in found.items()} == {
        "train": ["cat/a.jpg", "cat/b.jpg"],
        "val": ["dog/c.jpg", "dog/d.jpg"],
    }


def kept(rows: Any) -> Any:
    return rows.reading_order(rows.kept.nonzero()[0])


def test_a_target_that_is_not_for_it_is_refused(of_folder: Run, of_tars: Run, base: Path, tmp_path: Path) -> None:
    put(tmp_path / "full", {"mine.txt": b"mine"})
    for dest, why in (
        (tmp_path / "full", "is not empty"),
        (tmp_path / "full/mine.txt", "is a file"),
        (base / "set/copy", "inside the input"),
        (base / "set", "inside the input"),
        (of_folder.path / "copy", "inside each other"),
        (of_folder.path.parent, "inside each other"),
    ):
        with pytest.raises(ConfigError, match=why):
            copied(of_folder, dest, "same")
    copied(of_folder, tmp_path / "copy", "files")
    with pytest.raises(ConfigError, match="other options"):
        copied(of_folder, tmp_path / "copy", "same")
    with pytest.raises(ConfigError, match="is not empty"):
        copied(of_tars, tmp_path / "copy", "files")
    (tmp_path / "copy/new.txt").write_bytes(b"mine")
    with pytest.raises(ConfigError, match=r"new\.txt"):
        copied(of_folder, tmp_path / "copy", "files")


def test_undo_removes_what_is_as_it_was_written(of_folder: Run, tmp_path: Path) -> None:
    dest = tmp_path / "copy"
    copied(of_folder, dest, "same")
    (dest / KEPT[0]).write_bytes(b"edited")
    (dest / "cat/mine.txt").write_bytes(b"mine")
    (dest / KEPT[1]).unlink()
    result = remove_copy(of_folder.path, dest)
    assert [name for name, _ in result.refused] == [KEPT[0]]
    assert result.gone == 1
    assert tree(dest) == {KEPT[0]: b"edited", "cat/mine.txt": b"mine"}
    (dest / KEPT[0]).unlink()
    assert remove_copy(of_folder.path, dest).refused_count == 0
    assert tree(dest) == {"cat/mine.txt": b"mine"}
    assert not [copy for copy in copies_of(of_folder.path) if copy.dest == str(dest)]
    with pytest.raises(RunFolderError, match="nothing to undo"):
        remove_copy(of_folder.path, dest)


def test_the_command_copies_tells_and_undoes(base: Path, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "x.tar", pictures())
    run = str(run_of(path, tmp_path / "run").path)
    call = CliRunner().invoke
    planned = call(app, ["materialize", run, "--to", str(tmp_path / "copy"), "--dry-run"])
    assert planned.exit_code == 0
    assert "x.tar  4 images" in planned.output
    assert not (tmp_path / "copy").exists()
    done = call(app, ["materialize", run, "--to", str(tmp_path / "copy"), "--json"])
    assert done.exit_code == 0
    value = json.loads(done.stdout)
    assert (value["images"], value["files"], value["refused_total"]) == (4, 2, 0)
    for wrong in (["--shard-size", "1GB"], ["--as", "hf", "--shard-size", "none"], ["--as", "hf", "--dataset", "x"]):
        assert call(app, ["materialize", run, "--to", str(tmp_path / "other"), *wrong]).exit_code == 2
    undone = call(app, ["undo", run, "--json"])
    assert undone.exit_code == 0
    assert json.loads(undone.stdout)["copies"][0]["removed"] == 2
    assert not (tmp_path / "copy").exists()


def test_python_materializes_too(of_folder: Run, tmp_path: Path) -> None:
    summary = of_folder.materialize(tmp_path / "copy", as_="webdataset", shard_size=20_000)
    assert summary.images == len(KEPT)
    assert len(list((tmp_path / "copy").glob("*.tar"))) > 1
    with pytest.raises(ConfigError, match="is none of same, files"):
        of_folder.materialize(tmp_path / "other", as_="tar")
