"""Pictures that belong to each other, copied anew: each by its own content, beside what it belongs to."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from apply_helpers import Tree, files, make_tree, move, reasons_of
from rfdedup.outputs.apply import Action, ApplySummary, Pairs, Request, apply_run, undo_run


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


def copy(tree: Tree, clean: Path) -> ApplySummary:
    return apply_run(tree.run, Request(Action.COPY, clean))


def judge(tree: Tree, image: bytes, mask: bytes) -> None:
    tree.rows.clear()
    tree.keep("a.jpg", image)
    tree.keep("a.mask.png", mask)
    tree.save()


@pytest.mark.parametrize(("image", "mask"), [(b"A", b"mask"), (b"a", b"MASK"), (b"A", b"MASK")])
def test_of_an_image_and_its_mask_the_one_that_was_edited_is_copied_anew(
    tree: Tree, tmp_path: Path, image: bytes, mask: bytes
) -> None:
    clean = tmp_path / "clean"
    old, new = {"a.jpg": b"a", "a.mask.png": b"mask"}, {"a.jpg": image, "a.mask.png": mask}
    judge(tree, b"a", b"mask")
    tree.put("a.txt", b"0 .5 .5 1 1")
    copy(tree, clean)
    judge(tree, image, mask)
    changed = {name: data for name, data in old.items() if new[name] != data}
    done = copy(tree, clean)
    assert (done.failures, done.done_total.files, done.already) == (0, len(changed), 2 - len(changed))
    assert files(clean) == {**new, "a.txt": b"0 .5 .5 1 1"}
    assert files(tmp_path / "clean.replaced") == changed
    assert copy(tree, clean).already == 2
    assert undo_run(tree.run).complete
    assert files(clean) == {**old, "a.txt": b"0 .5 .5 1 1"}


def test_masks_beside_the_target_are_known_again_and_edited_ones_take_their_place(tmp_path: Path) -> None:
    clean = tmp_path / "clean" / "images"
    tree = Tree(tmp_path / "images", tmp_path / "run")
    judge = Tree(tmp_path / "masks", tmp_path / "run", tree.rows)
    for mask in (b"mask", b"MASK"):
        tree.rows.clear()
        tree.keep("a.jpg", b"a")
        judge.keep("a.png", mask)
        tree.save()
        assert copy(tree, clean).failures == 0
        assert files(tmp_path / "clean") == {
            "images/a.jpg": b"a",
            "masks/a.png": mask,
            **({"images.replaced/masks/a.png": b"mask"} if mask == b"MASK" else {}),
        }
        again = copy(tree, clean)
        assert (again.already, again.done_total.files) == (2, 0)


@pytest.mark.parametrize("listed", [True, False])
def test_a_raw_that_nobody_read_is_copied_once(tree: Tree, tmp_path: Path, listed: bool) -> None:
    def judge(image: bytes, raw: bytes) -> None:
        tree.rows.clear()
        tree.keep("a.jpg", image)
        if listed:
            tree.error("a.nef", raw)
            tree.rows[-1]["sha256"] = None
        else:
            tree.put("a.nef", raw)
        tree.save()

    clean = tmp_path / "clean"
    for image, raw in ((b"a", b"raw"), (b"a", b"raw"), (b"A", b"raw"), (b"B", b"RAW")):
        judge(image, raw)
        assert copy(tree, clean).failures == 0
        assert files(clean) == {"a.jpg": image, "a.nef": raw}


def test_a_raw_that_nobody_read_and_that_went_is_not_missed(tree: Tree, tmp_path: Path) -> None:
    tree.keep("k.jpg", b"k")
    tree.keep("k.nef", b"raw k")
    tree.drop("a.jpg", "k.jpg", b"k")
    tree.error("a.nef", b"raw")
    tree.rows[-1]["sha256"] = None
    tree.save()
    follow = move(tmp_path / "out", pairs=Pairs.FOLLOW)
    assert apply_run(tree.run, follow).done_total.files == 2
    again = apply_run(tree.run, follow)
    assert (again.failures, again.done_total.files) == (0, 0)


def test_pictures_that_cannot_come_back_do_not_hold_up_earlier_ones(tree: Tree, tmp_path: Path) -> None:
    tree.keep("k.jpg", b"k")
    tree.keep("k.mask.png", b"mask")
    tree.drop("b.jpg", "k.jpg", b"k")
    tree.drop("b.mask.png", "k.mask.png", b"mask")
    tree.drop("dark.jpg", None, b"dark", reason="dark")
    tree.save()
    apply_run(tree.run, move(tmp_path / "first", only=frozenset({"quality"})))
    apply_run(tree.run, move(tmp_path / "second"))
    tree.put("b.jpg", b"newcomer")
    assert reasons_of(undo_run(tree.run)) == ["occupied"]
    assert undo_run(tree.run).restored == 1
    assert (tree.root / "dark.jpg").exists()


def test_what_apply_says_of_a_move_is_not_taken_for_what_undo_refused(tree: Tree, tmp_path: Path) -> None:
    tree.keep("k.jpg", b"k")
    tree.drop("b.jpg", "k.jpg", b"k")
    tree.drop("dark.jpg", None, b"dark", reason="dark")
    tree.save()
    apply_run(tree.run, move(tmp_path / "first", only=frozenset({"quality"})))
    apply_run(tree.run, move(tmp_path / "second"))
    with closing(sqlite3.connect(tree.run / "journal.sqlite")) as journal, journal:
        # as after a move to a volume that does not keep owners
        journal.execute("update action set reason = 'attributes', detail = 'owner' where session = 2")
    tree.put("b.jpg", b"newcomer")
    assert reasons_of(undo_run(tree.run)) == ["occupied"]
    assert not (tree.root / "dark.jpg").exists(), "told once, so that room can be made"


def test_a_label_of_an_image_stays_where_only_its_mask_was_edited(tree: Tree, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    tree.put("a.txt", b"0 .5 .5 1 1")
    judge(tree, b"a", b"mask")
    copy(tree, clean)
    tree.put("a.txt", b"1 .5 .5 1 1")
    judge(tree, b"a", b"MASK")
    assert copy(tree, clean).failures == 0
    assert files(clean).keys() == {"a.jpg", "a.mask.png", "a.txt"}
