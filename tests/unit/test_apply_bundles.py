"""Pictures that belong to each other go together or stay together, and none leaves by the verdict of another."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from apply_helpers import Tree, files, make_tree, move, snapshot
from rfdedup.cli.main import app
from rfdedup.cli.summary import error_lines
from rfdedup.model.schemas import Tier
from rfdedup.outputs.apply import Action, OnConflict, Pairs, Request, apply_run, undo_run
from rfdedup.pipeline.results import Run


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


def plan(tree: Tree, request: Request) -> dict[str, str]:
    """What a dry run says of each file: its action or why it stays."""
    shown: list[Any] = []
    apply_run(tree.run, request, dry_run=True, show=shown.append)
    said: dict[str, str] = {}
    for planned in shown:
        for part in getattr(planned, "parts", []):
            said |= {item.name.decode(): request.action for item in [part.image, *part.sidecars]}
            if part.stays is not None:
                said[part.image.name.decode()] = part.stays.reason
        if not hasattr(planned, "parts"):
            said[planned.name.decode()] = planned.reason
    return said


def a_king_as_mask(tree: Tree) -> None:
    tree.keep("a.jpg", b"a")
    tree.keep("a.mask.png", b"mask of a")
    tree.drop("b.jpg", "a.jpg", b"a")
    tree.keep("b.mask.png", b"mask of b")
    tree.drop("c.jpg", "b.mask.png", b"smaller mask of b", tier="perceptual")
    tree.save()


@pytest.mark.parametrize("action", [Action.MOVE, Action.DELETE])
def test_a_king_never_leaves_as_the_sidecar_of_a_dropped_image(tree: Tree, tmp_path: Path, action: Action) -> None:
    a_king_as_mask(tree)
    request = Request(action, tmp_path / "out" if action == Action.MOVE else None)
    assert plan(tree, request) == {"b.jpg": "sidecar-stays", "c.jpg": action}
    summary = apply_run(tree.run, request)
    assert summary.failures == 0
    assert summary.held["sidecar-stays"].files == 1
    assert "b.mask.png stays: it is kept" in summary.problems[0].detail
    assert files(tree.root).keys() == {"a.jpg", "a.mask.png", "b.jpg", "b.mask.png"}


@pytest.mark.parametrize("action", [Action.COPY, Action.LINK])
def test_a_clean_tree_has_the_king_of_all_that_it_leaves_out(tree: Tree, tmp_path: Path, action: Action) -> None:
    a_king_as_mask(tree)
    request = Request(action, tmp_path / "out")
    assert plan(tree, request)["b.jpg"] == "sidecar-stays"
    apply_run(tree.run, request)
    assert files(tmp_path / "out").keys() == {"a.jpg", "a.mask.png", "b.jpg", "b.mask.png"}
    again = apply_run(tree.run, request)
    assert (again.done_total.files, again.already, again.failures) == (0, 4, 0)
    assert undo_run(tree.run).complete


def test_a_protected_mask_never_leaves(tree: Tree, tmp_path: Path) -> None:
    tree.keep("a.jpg", b"a")
    tree.drop("b.jpg", "a.jpg", b"a")
    tree.keep("b.mask.png", b"mask")
    tree.rows[-1]["flags"] = ["protected"]
    tree.save()
    for on_conflict in (OnConflict.KEEP, OnConflict.DROP):
        summary = apply_run(tree.run, Request(Action.DELETE, on_conflict=on_conflict))
        assert summary.done_total.files == 0
    assert "b.mask.png stays: it is protected" in summary.problems[0].detail
    assert files(tree.root).keys() == {"a.jpg", "b.jpg", "b.mask.png"}


def test_masks_in_a_folder_of_their_own_agree_with_their_images(tree: Tree, tmp_path: Path) -> None:
    for name in ("king", "kept"):
        tree.keep(f"set/images/{name}.jpg", name.encode())
    tree.keep("set/masks/king.png", b"mask")
    tree.drop("set/masks/kept.png", None, b"dark mask", reason="dark")
    tree.drop("set/images/both.jpg", "set/images/king.jpg", b"king")
    tree.drop("set/masks/both.png", "set/masks/king.png", b"mask")
    tree.drop("set/images/image only.jpg", "set/images/king.jpg", b"king")
    tree.keep("set/masks/image only.png", b"another mask")
    tree.drop("set/masks/nobody.png", None, b"black", reason="dark")
    tree.save()
    before = snapshot(tree.root)
    assert plan(tree, move(tmp_path / "out")) == {
        "set/images/both.jpg": "move",
        "set/masks/both.png": "move",
        "set/images/image only.jpg": "sidecar-stays",
        "set/masks/kept.png": "image-stays",
        "set/masks/nobody.png": "move",
    }
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(tmp_path / "out").keys() == {
        "exact/set/images/both.jpg",
        "exact/set/masks/both.png",
        "dark/set/masks/nobody.png",
    }
    assert (summary.done["exact"].files, summary.sidecars.files, summary.failures) == (2, 0, 0)
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert len(files(tmp_path / "clean")) == 6
    assert "set/masks/kept.png" in files(tmp_path / "clean"), "an image that stays keeps its mask"


def test_masks_that_are_another_input_agree_with_their_images(tmp_path: Path) -> None:
    images, masks = tmp_path / "images", tmp_path / "masks"
    tree = Tree(images, tmp_path / "run")
    tree.keep("a.jpg", b"a")
    tree.drop("b.jpg", "a.jpg", b"a")
    tree.drop("c.jpg", "a.jpg", b"a")
    judge = Tree(masks, tmp_path / "run", tree.rows)
    judge.keep("a.png", b"mask")
    judge.keep("b.png", b"other mask")
    judge.drop("c.png", "a.png", b"mask")
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(images).keys() == {"a.jpg", "b.jpg"}
    assert files(masks).keys() == {"a.png", "b.png"}
    assert summary.held["sidecar-stays"].files == 1
    assert undo_run(tree.run).complete


@pytest.mark.parametrize("mask", ["b.mask.png", "b.txt", "b.jpg.xmp"])
def test_any_sidecar_that_is_a_row_counts_by_its_own_verdict(tree: Tree, tmp_path: Path, mask: str) -> None:
    tree.drop("b.jpg", None, b"b")
    tree.keep(mask, b"a picture by its content")
    tree.save()
    assert plan(tree, move(tmp_path / "out")) == {"b.jpg": "sidecar-stays"}


def test_a_mask_that_could_not_be_read_keeps_its_image(tree: Tree, tmp_path: Path) -> None:
    tree.drop("b.jpg", None, b"b")
    tree.error("b.mask.png", b"half a png")
    tree.rows[-1]["sha256"] = None
    tree.save()
    assert plan(tree, move(tmp_path / "out")) == {"b.jpg": "sidecar-stays"}
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert files(tmp_path / "clean").keys() == {"b.jpg", "b.mask.png"}


def test_a_mask_that_was_not_asked_for_keeps_its_image(tree: Tree, tmp_path: Path) -> None:
    tree.keep("a.mask.png", b"mask")
    tree.drop("b.jpg", None, b"b")
    tree.drop("b.mask.png", "a.mask.png", b"mask")
    tree.save()
    only = move(tmp_path / "out", only=frozenset({Tier.QUALITY}))
    assert plan(tree, only) == {"b.jpg": "sidecar-stays"}
    assert plan(tree, move(tmp_path / "out")) == {"b.jpg": "move", "b.mask.png": "move"}
    alone = move(tmp_path / "out", only=frozenset({Tier.QUALITY}), sidecars=())
    assert plan(tree, alone) == {"b.jpg": "move"}


def test_an_image_stays_where_its_mask_has_no_king_any_more(tree: Tree, tmp_path: Path) -> None:
    tree.keep("a.mask.png", b"mask")
    tree.drop("b.jpg", None, b"b")
    tree.drop("b.mask.png", "a.mask.png", b"mask")
    tree.save()
    tree.put("a.mask.png", b"edit")
    summary = apply_run(tree.run, Request(Action.DELETE))
    assert files(tree.root).keys() == {"a.mask.png", "b.jpg", "b.mask.png"}
    assert [problem.reason for problem in summary.problems] == ["king-changed"]


def test_masks_of_masks_and_rules_that_name_each_other_end(tree: Tree, tmp_path: Path) -> None:
    for name in ("x.jpg", "x.png", "x.mask.png", "x.mask.mask.png"):
        tree.drop(name, None)
    tree.save()
    rules = ("{stem}.jpg", "{stem}.png", "{stem}.mask.png")
    apply_run(tree.run, move(tmp_path / "out", sidecars=rules))
    assert len(files(tmp_path / "out")) == 4
    assert undo_run(tree.run).complete
    assert len(files(tree.root)) == 4


@pytest.mark.parametrize("name", ["a.txt", "a.thm", "a.xmp"])
def test_an_image_is_no_sidecar_of_its_own(tree: Tree, tmp_path: Path, name: str) -> None:
    tree.drop(name, None, b"a picture by its content")
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert (summary.sidecars.files, summary.failures) == (0, 0)
    assert files(tmp_path / "out").keys() == {f"blurry/{name}"}


def raw_tree(tree: Tree) -> None:
    tree.keep("king.jpg", b"k")
    tree.error("king.NEF", b"raw of the king")
    tree.keep("bare.jpg", b"bare")
    tree.drop("1.JPG", "king.jpg", b"k")
    tree.error("1.nef", b"raw 1")
    tree.drop("2.jpg", "bare.jpg", b"bare")
    tree.error("2.CR2", b"raw 2")
    tree.drop("3.jpg", None, b"blurred")
    tree.put("3.X3F", b"raw that the run does not list")
    tree.drop("4.jpg", "king.jpg", b"k")
    tree.save()


def test_raw_and_jpeg_of_one_shot_stay_together_by_default(tree: Tree, tmp_path: Path) -> None:
    raw_tree(tree)
    assert plan(tree, move(tmp_path / "out")) == {
        "1.JPG": "pair-stays",
        "2.jpg": "pair-stays",
        "3.jpg": "pair-stays",
        "4.jpg": "move",
    }
    copied = apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert files(tmp_path / "clean").keys() == files(tree.root).keys() - {"4.jpg"}
    assert copied.failures == 0


def test_a_raw_that_follows_leaves_no_king_without_a_raw(tree: Tree, tmp_path: Path) -> None:
    raw_tree(tree)
    follow = move(tmp_path / "out", pairs=Pairs.FOLLOW)
    assert plan(tree, follow) == {
        "1.JPG": "move",
        "1.nef": "move",
        "2.jpg": "pair-stays",
        "3.jpg": "move",
        "3.X3F": "move",
        "4.jpg": "move",
    }
    apply_run(tree.run, follow)
    assert {"exact/1.nef", "blurry/3.X3F"} <= files(tmp_path / "out").keys()
    assert undo_run(tree.run).complete
    assert len(files(tree.root)) == 10


def test_a_raw_left_alone_stays_where_it_is(tree: Tree, tmp_path: Path) -> None:
    raw_tree(tree)
    off = move(tmp_path / "out", pairs=Pairs.OFF)
    assert plan(tree, off) == dict.fromkeys(["1.JPG", "2.jpg", "3.jpg", "4.jpg"], "move")


def test_a_raw_with_a_verdict_goes_with_its_jpeg_where_both_are_dropped(tree: Tree, tmp_path: Path) -> None:
    tree.keep("a.jpg", b"a")
    tree.keep("a.dng", b"raw a")
    tree.drop("b.jpg", "a.jpg", b"a")
    tree.drop("b.dng", "a.dng", b"raw a")
    tree.drop("c.jpg", "a.jpg", b"a")
    tree.keep("c.dng", b"raw c")
    tree.keep("d.jpg", b"d")
    tree.drop("d.dng", None, b"raw d")
    tree.save()
    for pairs in (Pairs.KEEP, Pairs.FOLLOW):
        said = plan(tree, move(tmp_path / "out", pairs=pairs))
        assert said == {"b.jpg": "move", "b.dng": "move", "c.jpg": "pair-stays", "d.dng": "pair-stays"}


COMPANIONS = {
    "IMG_1.MOV": b"video",
    "img_1.aae": b"edits",
    "IMG_1.JPG.json": b"takeout",
    "IMG_1.JPG.supplemental-metadata(1).json": b"of another",
    "IMG_1.Xmp": b"metadata",
}


def test_companions_travel_with_their_image(tree: Tree, tmp_path: Path) -> None:
    tree.keep("a/king.jpg", b"k")
    tree.put("a/king.mov", b"video")
    tree.drop("b/IMG_1.JPG", "a/king.jpg", b"k")
    for name, data in COMPANIONS.items():
        tree.put(f"b/{name}", data)
    tree.drop("b/IMG_1(1).JPG", "a/king.jpg", b"k")
    tree.save()
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(tmp_path / "out").keys() == {f"exact/b/{name}" for name in ["IMG_1.JPG", "IMG_1(1).JPG", *COMPANIONS]}
    assert summary.sidecars.files == len(COMPANIONS)
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


def test_a_companion_of_two_images_stays_with_what_stays(tree: Tree, tmp_path: Path) -> None:
    tree.keep("IMG_1.heic", b"k")
    tree.drop("IMG_1.jpg", "IMG_1.heic", b"j", tier="perceptual")
    tree.put("IMG_1.MOV", b"video")
    tree.save()
    apply_run(tree.run, move(tmp_path / "out"))
    assert files(tree.root).keys() == {"IMG_1.heic", "IMG_1.MOV"}


def test_a_video_that_the_king_lacks_keeps_its_image(tree: Tree, tmp_path: Path) -> None:
    tree.keep("king.jpg", b"k")
    tree.drop("live.jpg", "king.jpg", b"k")
    tree.put("live.mp4", b"video")
    tree.drop("junk.jpg", None, b"junk")
    tree.put("junk.mov", b"other video")
    tree.save()
    assert plan(tree, Request(Action.DELETE)) == {"live.jpg": "companion", "junk.jpg": "companion"}
    assert plan(tree, move(tmp_path / "out")) == {"live.jpg": "companion", "junk.jpg": "move", "junk.mov": "move"}
    asked = plan(tree, move(tmp_path / "out", on_conflict=OnConflict.DROP))
    assert asked == dict.fromkeys(["live.jpg", "live.mp4", "junk.jpg", "junk.mov"], "move")


@pytest.mark.skipif(sys.platform != "linux", reason="names that are not UTF-8")
def test_reasons_that_hold_names_of_any_bytes_are_journaled(tree: Tree, tmp_path: Path) -> None:
    tree.drop("a\udcff.jpg", None, b"a")
    tree.error("a\udcff.NEF", b"raw")
    tree.drop("b.jpg", None, b"b")
    tree.put("b.txt", b"caption")
    os.mkdir(tree.root / "c")
    tree.drop("\udcfe/c.jpg", None, b"c")
    tree.save()
    os.rename(tree.root / "\udcfe", tree.root / "d")
    os.symlink(tree.root / "d", tree.root / "\udcfe")
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert {problem.reason for problem in summary.problems} == {"pair-stays", "changed"}
    assert any("a\\udcff.NEF" in problem.detail for problem in summary.problems)


def test_a_clean_tree_says_what_it_leaves_out_because_it_could_not_be_read(tree: Tree, tmp_path: Path) -> None:
    tree.keep("ok.jpg", b"ok")
    tree.error("new.heic", b"heic")
    tree.rows[-1] |= {"reason": "unsupported-format", "error_detail": "pip install 'x[heif]'", "sha256": None}
    tree.save()
    for option, code in (("--copy-kept", 1), ("--move", 0)):
        result = CliRunner().invoke(app, ["apply", str(tree.run), option, str(tmp_path / option)])
        assert result.exit_code == code, result.output
        assert ("left out: 1 files" in result.output and "pip install 'x[heif]'" in result.output) == bool(code)
    assert files(tmp_path / "--copy-kept").keys() == {"ok.jpg"}


def test_the_end_of_a_run_says_what_could_not_be_read_and_how_it_can(tree: Tree) -> None:
    tree.keep("ok.jpg", b"ok")
    assert error_lines(Run(tree.save())) == []
    for number in range(3):
        tree.error(f"{number}.heic", b"heic")
        tree.rows[-1] |= {"reason": "unsupported-format", "error_detail": "pip install 'x[heif]'"}
    tree.error("cut.jpg", b"half")
    lines = error_lines(Run(tree.save()))
    assert lines[0].startswith("4 files could not be read")
    assert lines[1:] == ["  3: pip install 'x[heif]'"]
