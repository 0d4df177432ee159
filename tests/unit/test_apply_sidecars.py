"""Sidecars: where they are, where they go, and when two images disagree on them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from apply_helpers import Tree, contents, files, make_tree, move, snapshot
from rfdedup.model.errors import CheckFailedError, ConfigError
from rfdedup.outputs.apply import Action, OnConflict, Request, apply_run, undo_run
from rfdedup.outputs.apply.sidecars import Rule, disagreement, signature

YOLO = b"0 .5 .5 1 1\n3 .1 .1 .2 .2\n"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


@pytest.mark.parametrize(
    ("rule", "folder", "above", "expected"),
    [
        ("{stem}.txt", b"a", b"", (0, b"a")),
        ("labels/{stem}.txt", b"images", b"", (0, b"labels")),
        ("labels/{stem}.txt", b"set/images/train", b"", (0, b"set/labels/train")),
        ("labels/{stem}.txt", b"images/images/x", b"", (0, b"images/labels/x")),
        ("labels/{stem}.txt", b"train", b"images", (1, b"labels/train")),
        ("labels/{stem}.txt", b"", b"images", (1, b"labels")),
        ("labels/{stem}.txt", b"photos", b"other", None),
        ("Annotations/{stem}.xml", b"VOC/JPEGImages", b"", (0, b"VOC/Annotations")),
    ],
)
def test_rule_finds_the_parallel_folder(rule: str, folder: bytes, above: bytes, expected: Any) -> None:
    assert Rule.parse(rule).folder(folder, above) == expected


def test_rule_makes_the_name() -> None:
    assert Rule.parse("{stem}.txt").leaf(b"x.y.jpg") == b"x.y.txt"
    assert Rule.parse("{name}.xmp").leaf(b"x.jpg") == b"x.jpg.xmp"
    mask, tree = Rule.parse("{stem}.mask.png"), Rule.parse("masks/{stem}.png")
    assert mask.owners(b"/in/a/x.mask.png") == [b"/in/a/x"]
    assert mask.owners(b"/in/a/x.png") == mask.owners(b"/in/a/.mask.png") == []
    assert tree.owners(b"/in/masks/a/x.png") == [b"/in/images/a/x", b"/in/JPEGImages/a/x"]
    assert tree.owners(b"/in/masks/images/x.png") == []
    assert Rule.parse("{name}.png").owners(b"/in/x.jpg.png") == [b"/in/x.jpg"]


@pytest.mark.parametrize("text", ["x.txt", "{stem}", "../{stem}.txt", "a/b/{stem}.txt", "{stem}.txt/x", "{other}.txt"])
def test_rule_rejects_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ConfigError, match="--sidecar"):
        Rule.parse(text)


VOC = b"<annotation><object><name>cat</name></object><object><name>cat</name></object></annotation>"
LABELME = json.dumps({"shapes": [{"label": "car"}, {"label": "bus"}]}).encode()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (b"x.txt", YOLO, {"yolo": Counter({"0": 1, "3": 1})}),
        (b"x.txt", b"", {"yolo": Counter()}),
        (b"x.txt", b"a cat on a mat", {"caption": Counter({"caption": 1})}),
        (b"x.txt", b"1 2 3", {"caption": Counter({"caption": 1})}),
        (b"x.txt", b"0 nan 0 1 1", {"caption": Counter({"caption": 1})}),
        (b"x.xml", VOC, {"voc": Counter({"cat": 2})}),
        (b"x.xml", b"<broken", {"voc": Counter({"?": 1})}),
        (b"x.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', {"voc": Counter({"?": 1})}),
        (b"x.json", LABELME, {"labelme": Counter({"car": 1, "bus": 1})}),
        (b"x.json", b"{}", {"json": Counter({"?": 1})}),
        (b"x.json", b"[" * 100_000, {"json": Counter({"?": 1})}),
        (b"x.mask.png", b"", {"mask": Counter({"mask": 1})}),
        (b"x.xmp", b"meta", {}),
    ],
)
def test_signature(name: bytes, data: bytes, expected: Any) -> None:
    assert signature(name, lambda: data) == expected


def test_disagreement() -> None:
    two, one = {"yolo": Counter({"0": 2})}, {"yolo": Counter({"0": 1})}
    assert disagreement(two, two) is None
    assert disagreement({}, two) is None
    assert disagreement({"yolo": Counter()}, {}) is None
    assert "has none" in str(disagreement(two, {}))
    assert "2 yolo labels, 1" in str(disagreement(two, one))
    assert "classes" in str(disagreement(one, {"yolo": Counter({"1": 1})}))


def test_every_kind_of_sidecar_travels_and_comes_back(tree: Tree, tmp_path: Path) -> None:
    endings = [".txt", ".xml", ".json", ".xmp", ".jpg.xmp", ".mask.png"]
    tree.drop("set/images/x.jpg", None, b"image")
    for ending in endings:
        tree.put(f"set/images/x{ending}", ending.encode())
    tree.put("set/labels/x.txt", YOLO)
    tree.put("set/images/unrelated.txt", b"stays")
    tree.drop("VOC/JPEGImages/y.jpg", None, b"image 2")
    tree.put("VOC/Annotations/y.xml", VOC)
    tree.save()
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert summary.sidecars.files == len(endings) + 2
    moved = files(tmp_path / "out")
    assert moved.pop("blurry/set/images/x.jpg") == b"image"
    assert {moved.pop(f"blurry/set/images/x{ending}") for ending in endings} == {e.encode() for e in endings}
    assert moved == {
        "blurry/set/labels/x.txt": YOLO,
        "blurry/VOC/JPEGImages/y.jpg": b"image 2",
        "blurry/VOC/Annotations/y.xml": VOC,
    }
    assert files(tree.root) == {"set/images/unrelated.txt": b"stays"}
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


def test_labels_beside_an_input_that_is_the_images_folder(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    tree = Tree(images, tmp_path / "run")
    tree.keep("train/x.jpg", b"x")
    tree.drop("train/bad.jpg", None, b"bad")
    for name in ("x", "bad"):
        Tree(tmp_path, tmp_path).put(f"labels/train/{name}.txt", YOLO)
    tree.save()
    before = snapshot(images, tmp_path / "labels")
    assert apply_run(tree.run, Request(Action.COPY, tmp_path / "clean" / "images")).sidecars.files == 1
    assert files(tmp_path / "clean") == {"images/train/x.jpg": b"x", "labels/train/x.txt": YOLO}
    assert undo_run(tree.run).complete
    assert apply_run(tree.run, Request(Action.COPY, tmp_path / "flat")).sidecars.files == 1
    assert files(tmp_path / "flat") == {"train/x.jpg": b"x", "train/x.txt": YOLO}
    assert apply_run(tree.run, move(tmp_path / "out")).sidecars.files == 1
    assert files(tmp_path / "out") == {"blurry/train/bad.jpg": b"bad", "blurry/train/bad.txt": YOLO}
    assert undo_run(tree.run, everything=True).complete
    assert snapshot(images, tmp_path / "labels") == before


def test_a_sidecar_follows_its_image_to_a_new_name(tree: Tree, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    for root, data in ((tree.root, b"1"), (second, b"2")):
        tree.drop("x.jpg", None, data, root=root)
        Tree(root, tree.run).put("x.txt", b"caption " + data)
    tree.save()
    apply_run(tree.run, move(tmp_path / "out"))
    moved = files(tmp_path / "out")
    pairs = {data: name.removesuffix(".jpg") for name, data in moved.items() if name.endswith(".jpg")}
    assert len(pairs) == 2
    for data, stem in pairs.items():
        assert moved[stem + ".txt"] == b"caption " + data


def test_a_sidecar_of_two_images_goes_with_the_last(tree: Tree, tmp_path: Path) -> None:
    tree.drop("both/x.jpg", None, b"1")
    tree.drop("both/x.png", None, b"2")
    tree.put("both/x.txt", b"caption of both")
    tree.drop("one/x.png", None, b"3")
    tree.keep("one/x.jpg", b"4")
    tree.put("one/x.txt", b"caption of the kept one")
    tree.drop("raw/x.jpg", None, b"5")
    tree.put("raw/x.CR2", b"not in the run")
    tree.put("raw/x.xmp", b"belongs to the raw file")
    tree.save()
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert (summary.failures, summary.sidecars.files) == (0, 1)
    assert files(tmp_path / "out")["blurry/both/x.txt"] == b"caption of both"
    assert {"one/x.txt", "raw/x.xmp"} <= files(tree.root).keys()
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


def test_a_shared_sidecar_stays_with_an_image_that_changed(tree: Tree, tmp_path: Path) -> None:
    tree.drop("x.jpg", None, b"1")
    tree.drop("x.png", None, b"2")
    tree.put("x.txt", b"caption of both")
    tree.save()
    tree.put("x.jpg", b"edited")
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(tree.root) == {"x.jpg": b"edited", "x.txt": b"caption of both"}
    assert {problem.reason for problem in summary.problems} == {"changed", "shared"}


def test_masks_are_sidecars_although_they_are_images(tree: Tree, tmp_path: Path) -> None:
    """Masks are often alike: their own verdicts must not part them from their images."""
    tree.keep("a.jpg", b"a")
    tree.keep("a.mask.png", b"mask")
    tree.keep("b.jpg", b"b")
    tree.drop("b.mask.png", "a.mask.png", b"mask")
    tree.drop("c.jpg", None, b"c")
    tree.drop("c.mask.png", "a.mask.png", b"mask")
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(tmp_path / "out") == {"blurry/c.jpg": b"c", "blurry/c.mask.png": b"mask"}
    assert summary.held["image-stays"].files == 1, "the mask of b"
    assert summary.done.keys() == {"quality", "exact"}
    assert summary.failures == 0
    assert undo_run(tree.run).complete
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert files(tmp_path / "clean").keys() == {"a.jpg", "a.mask.png", "b.jpg", "b.mask.png"}


def test_delete_takes_sidecars_along_unless_told_not_to(tree: Tree) -> None:
    for name in ("1", "2"):
        tree.drop(f"{name}.jpg", None)
        tree.put(f"{name}.xmp", b"meta")
    tree.save()
    assert apply_run(tree.run, Request(Action.DELETE, sidecars=(), min_score=None)).sidecars.files == 0
    assert files(tree.root).keys() == {"1.xmp", "2.xmp"}
    tree.rows.clear()
    for name in ("1", "2"):
        tree.drop(f"{name}.jpg", None, b"new " + name.encode())
    (tree.run / "journal.sqlite").unlink()
    tree.save()
    assert apply_run(tree.run, Request(Action.DELETE)).sidecars.files == 2
    assert files(tree.root) == {}


def conflict_tree(tree: Tree) -> None:
    tree.keep("images/king.jpg", b"k")
    tree.put("labels/king.txt", YOLO)
    tree.drop("images/same.jpg", "images/king.jpg")
    tree.put("labels/same.txt", YOLO)
    tree.drop("images/fewer.jpg", "images/king.jpg")
    tree.put("labels/fewer.txt", YOLO.splitlines(keepends=True)[0])
    tree.drop("images/class.jpg", "images/king.jpg")
    tree.put("labels/class.txt", YOLO.replace(b"3", b"4"))
    tree.keep("images/bare.jpg", b"b")
    tree.drop("images/labelled.jpg", "images/bare.jpg")
    tree.put("labels/labelled.txt", YOLO)
    tree.save()


def test_label_conflict_keep_is_the_default(tree: Tree, tmp_path: Path) -> None:
    conflict_tree(tree)
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert summary.held["label-conflict"].files == 3
    assert summary.failures == 0, "kept by policy is no failure"
    assert {Path(p.path).name for p in summary.problems if p.reason == "label-conflict"} == {
        "fewer.jpg",
        "class.jpg",
        "labelled.jpg",
    }
    assert files(tmp_path / "out").keys() == {"perceptual/images/same.jpg", "perceptual/labels/same.txt"}
    copied = apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert copied.done_total.files == 5, "what stays for its labels is in the clean tree too"


def test_label_conflict_drop_goes_and_is_listed(tree: Tree, tmp_path: Path) -> None:
    conflict_tree(tree)
    summary = apply_run(tree.run, move(tmp_path / "out", on_conflict=OnConflict.DROP))
    assert summary.done_total.files == 4
    assert sum(problem.reason == "label-conflict" for problem in summary.problems) == 3
    assert summary.failures == 0


def test_label_conflict_report_stops_before_anything(tree: Tree, tmp_path: Path) -> None:
    conflict_tree(tree)
    before = contents(tmp_path / "photos")
    request = move(tmp_path / "out", on_conflict=OnConflict.REPORT)
    with pytest.raises(CheckFailedError, match="3 dropped images"):
        apply_run(tree.run, request)
    assert contents(tmp_path / "photos") == before
    listed: list[Any] = []
    apply_run(tree.run, request, dry_run=True, show=listed.append)
    assert sum(unit.conflict is not None for unit in listed) == 3


def test_class_folders_are_labels(tree: Tree, tmp_path: Path) -> None:
    tree.keep("cat/1.jpg", b"1")
    tree.drop("cat/2.jpg", "cat/1.jpg")
    tree.drop("dog/3.jpg", "cat/1.jpg")
    tree.drop("fox/4.jpg", None)
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out", class_folders=True))
    assert [Path(p.path).name for p in summary.problems] == ["3.jpg"]
    assert summary.emptied == [str(tree.root / "fox")]
    assert files(tmp_path / "out").keys() == {"perceptual/cat/2.jpg", "blurry/fox/4.jpg"}
