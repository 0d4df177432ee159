"""Data-set files that list images: rewritten as a copy without the dropped ones, the original untouched."""

from __future__ import annotations

import csv
import io
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from apply_helpers import Tree, files, make_tree, move, snapshot
from rfdedup.model.errors import ConfigError
from rfdedup.outputs.apply import Action, ApplySummary, Request, apply_run, undo_run
from rfdedup.outputs.apply.datasets import rewrite_coco, rewrite_csv, rewrite_list


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Two kept images, a duplicate and a dark one."""
    tree = make_tree(tmp_path)
    tree.keep("train/a.jpg", b"a")
    tree.keep("val/b.jpg", b"b")
    tree.drop("train/a2.jpg", "train/a.jpg", b"a2")
    tree.drop("val/dark.jpg", None, b"dark", reason="dark")
    tree.save()
    return tree


COCO = {
    "info": {"year": 2026},
    "images": [
        {"id": 7, "file_name": "train/a.jpg", "width": 1, "height": 1},
        {"id": 9, "file_name": "train/a2.jpg", "width": 1, "height": 1, "license": 3},
        {"id": 11, "file_name": "val/dark.jpg"},
        {"id": 12, "file_name": "elsewhere/unknown.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 2, "bbox": [0, 0, 1, 1]},
        {"id": 2, "image_id": 9, "category_id": 2, "bbox": [0, 0, 1, 1]},
        {"id": 3, "image_id": 11, "category_id": 2},
        {"id": 4, "image_id": 12, "category_id": 2},
    ],
    "categories": [{"id": 2, "name": "cat"}],
}


def coco(tree: Tree) -> Path:
    file = tree.root / "annotations" / "instances.json"
    file.parent.mkdir()
    file.write_text(json.dumps(COCO))
    return file


def only(summary: ApplySummary) -> tuple[str, int, int, int]:
    (written,) = summary.datasets
    return written.target, written.kept, written.dropped, written.unknown


def test_coco_beside_the_original_after_a_move(tree: Tree, tmp_path: Path) -> None:
    file = coco(tree)
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    target, kept, dropped, unknown = only(summary)
    assert (target, kept, dropped, unknown) == (os.fspath(file.with_name("instances.clean.json")), 1, 2, 1)
    clean = json.loads(Path(target).read_text())
    assert [image["id"] for image in clean["images"]] == [7, 12]
    assert [item["id"] for item in clean["annotations"]] == [1, 4]
    assert (clean["categories"], clean["info"]) == (COCO["categories"], COCO["info"])
    assert json.loads(file.read_text()) == COCO
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


def test_a_second_copy_does_not_overwrite_the_first(tree: Tree, tmp_path: Path) -> None:
    file = coco(tree)
    first = only(apply_run(tree.run, move(tmp_path / "out", datasets=(file,))))[0]
    second = only(apply_run(tree.run, move(tmp_path / "out", datasets=(file,))))[0]
    assert first != second
    assert json.loads(Path(first).read_text()) == json.loads(Path(second).read_text())


def test_coco_in_a_clean_tree(tree: Tree, tmp_path: Path) -> None:
    file = coco(tree)
    summary = apply_run(tree.run, Request(Action.COPY, tmp_path / "clean", datasets=(file,)))
    assert only(summary)[0] == os.fspath(tmp_path / "clean/annotations/instances.json")
    clean = json.loads((tmp_path / "clean/annotations/instances.json").read_text())
    assert [image["file_name"] for image in clean["images"]] == ["train/a.jpg", "elsewhere/unknown.jpg"]
    assert undo_run(tree.run).complete
    assert not (tmp_path / "clean").exists()


def test_what_was_skipped_stays_in_the_list(tree: Tree, tmp_path: Path) -> None:
    file = coco(tree)
    tree.put("train/a2.jpg", b"edited after the run")
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    assert summary.failures == 1
    clean = json.loads(Path(only(summary)[0]).read_text())
    assert [image["id"] for image in clean["images"]] == [7, 9, 12]


def test_coco_labels_take_part_in_conflicts(tree: Tree, tmp_path: Path) -> None:
    changed: dict[str, Any] = json.loads(json.dumps(COCO))
    changed["annotations"] = [item for item in changed["annotations"] if item["image_id"] != 7]
    file = coco(tree)
    file.write_text(json.dumps(changed))
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    assert [(Path(p.path).name, p.reason) for p in summary.problems] == [("a2.jpg", "label-conflict")]
    assert "1 coco labels, 0" in summary.problems[0].detail


def test_csv_keeps_other_columns_and_spelling(tree: Tree, tmp_path: Path) -> None:
    file = tree.root / "labels.csv"
    rows = [
        ["id", "filepath", "label"],
        ["1", "./train/a.jpg", "cat, big"],
        ["2", "train/a2.jpg", "cat, big"],
        ["3", os.fspath(tree.root / "val/dark.jpg"), "dog"],
        ["4", os.fspath(tree.root / "val/b.jpg"), "dog"],
    ]
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    target, kept, dropped, _ = only(summary)
    assert (kept, dropped) == (2, 2)
    with Path(target).open(newline="") as stream:
        assert list(csv.reader(stream)) == [rows[0], rows[1], rows[4]]
    copied = only(apply_run(tree.run, Request(Action.COPY, tmp_path / "clean", datasets=(file,))))[0]
    with Path(copied).open(newline="") as stream:
        assert [row[1] for row in csv.reader(stream)][1:] == [
            "./train/a.jpg",
            os.fspath(tmp_path / "clean/val/b.jpg"),
        ]


def test_csv_label_column_takes_part_in_conflicts(tree: Tree, tmp_path: Path) -> None:
    file = tree.root / "labels.tsv"
    file.write_text("image\tclass\ntrain/a.jpg\tcat\ntrain/a2.jpg\tdog\n")
    plain = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)), dry_run=True)
    assert not plain.held
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,), label_column="class"), dry_run=True)
    assert summary.held["label-conflict"].files == 1
    with pytest.raises(ConfigError, match="no column 'species'"):
        apply_run(tree.run, move(tmp_path / "out", datasets=(file,), label_column="species"))


def test_parquet_keeps_schema_and_other_columns(tree: Tree, tmp_path: Path) -> None:
    file = tree.root / "index.parquet"
    table = pa.table({"n": [1, 2, 3], "path": ["train/a.jpg", "train/a2.jpg", None]}).replace_schema_metadata(
        {"made": "by hand"}
    )
    pq.write_table(table, file)
    target = only(apply_run(tree.run, move(tmp_path / "out", datasets=(file,))))[0]
    clean = pq.read_table(target)
    assert clean.to_pydict() == {"n": [1, 3], "path": ["train/a.jpg", None]}
    assert clean.schema.metadata[b"made"] == b"by hand"


def test_yolo_yaml_and_its_lists(tree: Tree, tmp_path: Path) -> None:
    yaml = pytest.importorskip("yaml")
    (tree.root / "train.txt").write_text("./train/a.jpg\n./train/a2.jpg\n\n")
    (tree.root / "val.txt").write_text(f"{tree.root / 'val/dark.jpg'}\n{tree.root / 'val/b.jpg'}\n")
    file = tree.root / "data.yaml"
    file.write_text("path: .\ntrain: train.txt\nval: [val.txt, more/]\nnames: {0: cat}\n")
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    assert [Path(written.target).name for written in summary.datasets] == [
        "train.clean.txt",
        "val.clean.txt",
        "data.clean.yaml",
    ]
    assert (tree.root / "train.clean.txt").read_text() == "./train/a.jpg\n\n"
    assert (tree.root / "val.clean.txt").read_text() == f"{tree.root / 'val/b.jpg'}\n"
    assert yaml.safe_load((tree.root / "data.clean.yaml").read_text()) == {
        "path": ".",
        "train": "train.clean.txt",
        "val": ["val.clean.txt", "more/"],
        "names": {0: "cat"},
    }
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean", datasets=(file,)))
    clean = files(tmp_path / "clean")
    assert clean["train.txt"] == b"./train/a.jpg\n\n"
    assert clean["val.txt"] == os.fsencode(tmp_path / "clean/val/b.jpg") + b"\n"
    assert yaml.safe_load(clean["data.yaml"])["val"] == ["val.txt", "more/"]


def test_paths_relative_to_another_folder(tree: Tree, tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text("a.jpg\na2.jpg\n")
    plain = apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    assert only(plain)[1:] == (0, 0, 2)
    named = apply_run(tree.run, move(tmp_path / "out", datasets=(file,), dataset_images=tree.root / "train"))
    assert only(named)[1:] == (1, 1, 0)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("x.json", b"[]", "no COCO file"),
        ("x.json", b'{"images": [{"id": 1}]}', "no COCO file"),
        ("x.csv", b"a,b\n1,2\n", "--path-column"),
        ("x.csv", b"", "empty"),
        ("x.yaml", b"names: [a]\n", "no YOLO data file"),
        ("x.yaml", b"{[", "no YAML file"),
        ("x.parquet", b"nothing", "no Parquet file"),
        ("x.docx", b"", "known are"),
    ],
)
def test_files_that_are_none(tree: Tree, tmp_path: Path, name: str, data: bytes, message: str) -> None:
    file = tree.root / name
    file.write_bytes(data)
    with pytest.raises(ConfigError, match=message):
        apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))


def test_a_bad_data_set_file_is_found_before_anything_moves(tree: Tree, tmp_path: Path) -> None:
    file = tree.root / "x.csv"
    file.write_bytes(b"a,b\n1,2\n")
    before = snapshot(tree.root)
    with pytest.raises(ConfigError):
        apply_run(tree.run, move(tmp_path / "out", datasets=(file,)))
    assert snapshot(tree.root) == before


def test_rewriting_without_drops_is_the_identity() -> None:
    text = b"a.jpg\r\n\n  \nb.jpg"
    assert rewrite_list(text, lambda entry: entry) == text
    table = b"path;n\na.jpg;1\n"
    assert rewrite_csv(table, lambda entry: entry, None, "x") == table
    assert json.loads(rewrite_coco(json.dumps(COCO).encode(), lambda entry: entry, "x")) == COCO
    assert rewrite_csv(b"Image,n\r\na,1\r\nb,2\r\n", lambda e: None if e == "a" else e, "image", "x") == (
        b"Image,n\r\nb,2\r\n"
    )
    assert list(csv.reader(io.StringIO("a"))) == [["a"]]
