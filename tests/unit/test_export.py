"""Lists for other tools: every kind is read back by the tool that it is for, or by its reader."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from apply_helpers import Tree, make_tree
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.export import Export, Format, export_run


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = make_tree(tmp_path)
    for number, name in enumerate(["a/king.png", "b/alone.png", "a/copy.png", "dark.png"]):
        file = tree.root / name
        file.parent.mkdir(exist_ok=True)
        Image.fromarray(np.full((4, 6, 3), number * 40, np.uint8)).save(file)
    tree.keep("a/king.png")
    tree.keep("b/alone.png")
    tree.drop("a/copy.png", "a/king.png", tier="semantic", score=0.97)
    tree.drop("dark.png", None, reason="dark")
    tree.error("broken.png", b"")
    for row in tree.rows:
        row.update(width=6, height=4)
    tree.save()
    return tree


def text(tree: Tree, export: Export) -> bytes:
    stream = io.BytesIO()
    export_run(tree.run, export, None, stream)
    return stream.getvalue()


def paths(tree: Tree, *names: str) -> list[str]:
    return [os.fspath(tree.root.joinpath(*name.split("/"))) for name in names]


KEPT = ("a/king.png", "b/alone.png")
DROPPED = ("a/copy.png", "dark.png")


@pytest.mark.parametrize(("dropped", "names"), [(False, KEPT), (True, DROPPED)])
def test_txt_csv_and_json_list_the_same_files(tree: Tree, dropped: bool, names: tuple[str, ...]) -> None:
    expected = paths(tree, *names)
    assert text(tree, Export(Format.TXT, dropped)).decode().splitlines() == expected
    assert text(tree, Export(Format.TXT, dropped, null=True)).decode().split("\0")[:-1] == expected
    table = list(csv.DictReader(io.StringIO(text(tree, Export(Format.CSV, dropped)).decode(), newline="")))
    assert [row["file"] for row in table] == expected
    records = json.loads(text(tree, Export(Format.JSON, dropped)))
    assert [record["file"] for record in records] == expected
    assert [record["reason"] or "" for record in records] == [row["reason"] for row in table]
    assert [record["sha256"] for record in records] == [row["sha256"] for row in table]


def test_an_empty_list_is_valid_in_every_format(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    tree.save()
    assert text(tree, Export(Format.TXT)) == b""
    assert json.loads(text(tree, Export(Format.JSON))) == []
    assert text(tree, Export(Format.CSV)).startswith(b"file,root,path")
    for kind in (Format.PARQUET, Format.HF):
        assert export_run(tree.run, Export(kind), tmp_path / kind) == 0
        assert pq.read_table(tmp_path / kind).num_rows == 0
    assert export_run(tree.run, Export(Format.COCO), tmp_path / "coco.json") == 0
    assert json.loads((tmp_path / "coco.json").read_text())["images"] == []
    assert export_run(tree.run, Export(Format.FIFTYONE), tmp_path / "fo") == 0
    assert json.loads((tmp_path / "fo/labels.json").read_text()) == {"labels": {}, "classes": []}


def test_parquet_keeps_the_columns_of_the_verdicts(tree: Tree, tmp_path: Path) -> None:
    assert export_run(tree.run, Export(Format.PARQUET, dropped=True), tmp_path / "x.parquet") == 2
    table = pq.read_table(tmp_path / "x.parquet")
    assert table.schema.equals(VERDICTS)
    assert table["path"].to_pylist() == list(DROPPED)
    assert table["score"].to_pylist() == [0.97, None]


def test_coco_has_sizes_and_unique_ids(tree: Tree, tmp_path: Path) -> None:
    assert export_run(tree.run, Export(Format.COCO), tmp_path / "coco.json") == 2
    value = json.loads((tmp_path / "coco.json").read_text())
    assert [image["file_name"] for image in value["images"]] == list(KEPT)
    assert [(image["id"], image["width"], image["height"]) for image in value["images"]] == [(1, 6, 4), (2, 6, 4)]
    assert value["annotations"] == value["categories"] == []


@pytest.mark.parametrize("embed", [False, True])
def test_hugging_face_reads_the_images(tree: Tree, tmp_path: Path, embed: bool) -> None:
    datasets = pytest.importorskip("datasets")
    file = tmp_path / "train.parquet"
    export_run(tree.run, Export(Format.HF, embed=embed), file)
    loaded = datasets.load_dataset(
        "parquet", data_files=os.fspath(file), split="train", cache_dir=os.fspath(tmp_path / "cache")
    )
    assert [image.size for image in loaded["image"]] == [(6, 4), (6, 4)]
    assert loaded["path"][:] == list(KEPT)
    assert np.asarray(loaded[1]["image"]).mean() == 40


def test_hugging_face_metadata_without_the_package(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    export_run(tree.run, Export(Format.HF), file)
    features = json.loads(pq.read_schema(file).metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert [row["path"] for row in pq.read_table(file)["image"].to_pylist()] == paths(tree, *KEPT)
    export_run(tree.run, Export(Format.HF, embed=True), file)
    embedded = pq.read_table(file)["image"].to_pylist()
    assert [row["bytes"] for row in embedded] == [Path(path).read_bytes() for path in paths(tree, *KEPT)]


def test_fiftyone_imports_the_folder(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FiftyOne's own importer reads it; the database that a FiftyOne data set lives in is not needed for that."""
    monkeypatch.setenv("FIFTYONE_DISABLE_SERVICES", "1")
    monkeypatch.setenv("FIFTYONE_DO_NOT_TRACK", "1")
    importers = pytest.importorskip("fiftyone.utils.data.importers")
    export_run(tree.run, Export(Format.FIFTYONE, dropped=True), tmp_path / "fo")
    importer = importers.FiftyOneImageClassificationDatasetImporter(
        dataset_dir=os.fspath(tmp_path / "fo"), data_path="data.json"
    )
    with importer:
        found = {path: label.label for path, _, label in importer}
    assert found == dict(zip(paths(tree, *DROPPED), ("cosine", "dark"), strict=True))


def test_fiftyone_files_without_the_package(tree: Tree, tmp_path: Path) -> None:
    assert export_run(tree.run, Export(Format.FIFTYONE, dropped=True), tmp_path / "fo") == 2
    data = json.loads((tmp_path / "fo/data.json").read_text())
    labels = json.loads((tmp_path / "fo/labels.json").read_text())
    assert list(data.values()) == paths(tree, *DROPPED)
    assert [labels["classes"][labels["labels"][key]] for key in data] == ["cosine", "dark"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a volume that takes any bytes as names")
def test_names_that_are_no_text(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    name = os.fsdecode(b"caf\xe9.jpg")
    tree.keep(name, b"1")
    tree.keep("line\nbreak.jpg", b"2")
    tree.save()
    with pytest.raises(ConfigError, match="--null"):
        text(tree, Export(Format.TXT))
    names = text(tree, Export(Format.TXT, null=True)).split(b"\0")
    assert sorted(names[:-1]) == sorted(os.fsencode(tree.root / other) for other in (name, "line\nbreak.jpg"))
    records = json.loads(text(tree, Export(Format.JSON)))
    assert {record["path_hex"] for record in records} == {"", b"caf\xe9.jpg".hex()}
    rows = list(csv.DictReader(io.StringIO(text(tree, Export(Format.CSV)).decode(), newline="")))
    assert {row["path_hex"] for row in rows} == {"", b"caf\xe9.jpg".hex()}
    with pytest.raises(ConfigError, match="--embed"):
        export_run(tree.run, Export(Format.HF), tmp_path / "x")
    assert not (tmp_path / "x").exists()
    assert export_run(tree.run, Export(Format.HF, embed=True), tmp_path / "x") == 2


def test_formats_for_files_ask_for_one(tree: Tree, tmp_path: Path) -> None:
    for kind in (Format.PARQUET, Format.HF, Format.COCO, Format.FIFTYONE):
        with pytest.raises(ConfigError, match="--output"):
            export_run(tree.run, Export(kind), None, io.BytesIO())
    with pytest.raises(RunFolderError):
        export_run(tmp_path / "nothing", Export(Format.CSV), None, io.BytesIO())


def test_no_cell_of_a_csv_is_a_formula_and_paths_stay_exact(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    names = ["=HYPERLINK(1).png", "@SUM(1).png", "-2+3.png", "+1.png", "plain.png"]
    for name in names:
        (tree.root / name).write_bytes(b"x")
        tree.keep(name)
    tree.save()
    rows = list(csv.DictReader(io.StringIO(text(tree, Export(Format.CSV)).decode(), newline="")))
    assert {row["file"] for row in rows} == set(paths(tree, *names))
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    for row in rows:
        exact = bytes.fromhex(row["path_hex"]).decode() if row["path_hex"] else row["path"]
        assert exact in names
        assert row["path"] in (exact, "'" + exact)
    # nothing but tables for spreadsheets is changed
    assert {row["path"] for row in json.loads(text(tree, Export(Format.JSON)))} == set(names)
