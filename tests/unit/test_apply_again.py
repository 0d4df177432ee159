"""A name used again: what was done before is told by content, and undo does not stay behind what it cannot do."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from apply_helpers import CrashError, FaultyFs, Tree, contents, files, make_tree, move, reasons_of, snapshot
from rfdedup.model.errors import RunFolderError
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = make_tree(tmp_path)
    tree.keep("k.jpg", b"king")
    tree.drop("b.jpg", "k.jpg", b"king")
    tree.save()
    return tree


def judge_again(tree: Tree, data: bytes, name: str = "b.jpg", *, kept: bool = False) -> None:
    """Another run over a folder where ``name`` is a new file, a copy of ``k.jpg`` or kept; its king has its bytes."""
    tree.rows.clear()
    if kept:
        tree.keep("k.jpg", b"king")
        tree.keep(name, data)
    else:
        tree.keep("k.jpg", data)
        tree.drop(name, "k.jpg", data)
    tree.save()


def test_a_new_duplicate_under_an_old_name_is_moved_each_time(tree: Tree, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pictures = [b"king", b"second", b"third", b"third", b"king"]
    for number, data in enumerate(pictures):
        if number:
            judge_again(tree, data)
        done = apply_run(tree.run, move(out))
        assert (done.done_total.files, done.failures, done.already) == (1, 0, 0)
        assert apply_run(tree.run, move(out)).already == 1
    assert sorted(files(out).values()) == sorted(pictures)
    assert files(tree.root).keys() == {"k.jpg"}


def test_a_file_that_went_before_does_not_stand_for_another_that_is_missing(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    judge_again(tree, b"second")
    (tree.root / "b.jpg").unlink()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert (summary.already, summary.failures, summary.problems[-1].reason) == (0, 1, "missing")


def test_moves_of_one_name_come_back_one_after_the_other(tree: Tree, tmp_path: Path) -> None:
    out = tmp_path / "out"
    apply_run(tree.run, move(out))
    judge_again(tree, b"second")
    apply_run(tree.run, move(out))
    assert undo_run(tree.run).complete
    assert (tree.root / "b.jpg").read_bytes() == b"second"
    assert reasons_of(undo_run(tree.run)) == ["occupied"]
    (tree.root / "b.jpg").rename(tree.root / "c.jpg")
    assert undo_run(tree.run).complete
    assert (tree.root / "b.jpg").read_bytes() == b"king"
    assert not out.exists()
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run)


def test_a_move_that_cannot_come_back_does_not_hold_up_earlier_ones(tree: Tree, tmp_path: Path) -> None:
    tree.drop("dark.jpg", None, b"dark", reason="dark")
    tree.save()
    apply_run(tree.run, move(tmp_path / "first", only=frozenset({"quality"})))
    apply_run(tree.run, move(tmp_path / "second"))
    tree.put("b.jpg", b"newcomer")
    assert reasons_of(undo_run(tree.run)) == ["occupied"]
    assert not (tree.root / "dark.jpg").exists(), "told once, so that room can be made"
    again = undo_run(tree.run)
    assert (reasons_of(again), again.restored) == (["occupied"], 1)
    assert files(tree.root) == {"k.jpg": b"king", "b.jpg": b"newcomer", "dark.jpg": b"dark"}
    assert files(tmp_path / "second") == {"exact/b.jpg": b"king"}


def test_a_file_that_the_user_brought_back_is_undone(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    (tmp_path / "out/exact/b.jpg").rename(tree.root / "b.jpg")
    assert undo_run(tree.run).complete
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run)


@pytest.mark.parametrize("action", [Action.COPY, Action.LINK])
def test_an_edited_picture_is_copied_anew_and_undo_brings_the_old_copy_back(
    tree: Tree, tmp_path: Path, action: Action
) -> None:
    clean = tmp_path / "clean"
    tree.put("k.txt", b"0 .5 .5 .1 .1")
    apply_run(tree.run, Request(action, clean))
    first = files(clean)
    (tree.root / "k.jpg").unlink()
    judge_again(tree, b"edited", "other.jpg", kept=True)
    (tree.root / "k.jpg").unlink()
    tree.rows.clear()
    tree.keep("k.jpg", b"EDITED")
    tree.keep("other.jpg", b"edited")
    tree.save()
    for _ in range(2):
        summary = apply_run(tree.run, Request(action, clean))
        assert summary.failures == 0
    assert files(clean) == {"k.jpg": b"EDITED", "k.txt": b"0 .5 .5 .1 .1", "other.jpg": b"edited"}
    assert files(tmp_path / "clean.replaced") == {"k.jpg": b"king"}, "its label is as it was"
    assert undo_run(tree.run).complete
    assert files(clean) == first
    assert not (tmp_path / "clean.replaced").exists()


def test_a_picture_that_becomes_what_it_was_is_copied_anew(tree: Tree, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    for data in (b"one", b"two", b"one"):
        tree.rows.clear()
        tree.keep("k.jpg", data)
        tree.save()
        apply_run(tree.run, Request(Action.COPY, clean))
        assert files(clean) == {"k.jpg": data}
        assert apply_run(tree.run, Request(Action.COPY, clean)).already == 1


def test_a_label_stays_in_a_clean_tree_however_often_its_picture_is_edited(tree: Tree, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    for data, label in ((b"one", b"0 "), (b"two", b"0 "), (b"three", b"0 "), (b"four", b"1 ")):
        tree.rows.clear()
        tree.keep("k.jpg", data)
        tree.put("k.txt", label)
        tree.save()
        assert apply_run(tree.run, Request(Action.COPY, clean)).failures == 0
        assert files(clean) == {"k.jpg": data, "k.txt": label}


def test_a_copy_that_the_user_edited_stays_where_it_is(tree: Tree, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    apply_run(tree.run, Request(Action.COPY, clean))
    (clean / "k.jpg").write_bytes(b"retouched")
    tree.rows.clear()
    tree.keep("k.jpg", b"edited")
    tree.save()
    assert apply_run(tree.run, Request(Action.COPY, clean)).failures == 0
    assert sorted(files(clean).values()) == [b"edited", b"retouched"]
    assert (clean / "k.jpg").read_bytes() == b"retouched"


def test_a_hard_link_of_a_picture_that_was_edited_in_place_shows_it_already(tree: Tree, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    apply_run(tree.run, Request(Action.LINK, clean))
    (tree.root / "k.jpg").write_bytes(b"edited")
    tree.rows.clear()
    tree.keep("k.jpg")
    tree.save()
    summary = apply_run(tree.run, Request(Action.LINK, clean))
    assert (summary.already, summary.failures) == (1, 0)
    assert files(clean) == {"k.jpg": b"edited"}


def cut_at(chosen: int) -> FaultyFs:
    def cut(number: int, name: str, args: tuple[Any, ...]) -> None:
        if number == chosen:
            raise CrashError

    return FaultyFs(cut)


def edited(place: Path) -> tuple[Tree, Path]:
    """A clean tree whose picture was edited since, with a label that stays as it is and one that changed too."""
    tree = make_tree(place)
    tree.keep("k.jpg", b"king")
    tree.put("k.txt", b"label")
    tree.put("k.xmp", b"meta")
    tree.save()
    apply_run(tree.run, Request(Action.COPY, place / "clean"))
    tree.rows.clear()
    tree.keep("k.jpg", b"edited")
    tree.put("k.xmp", b"other meta")
    tree.save()
    return tree, place / "clean"


STEPS = pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.long)])
OLD = {"k.jpg": b"king", "k.txt": b"label", "k.xmp": b"meta"}
NEW = {"k.jpg": b"edited", "k.txt": b"label", "k.xmp": b"other meta"}


@STEPS
def test_nothing_is_lost_wherever_copying_anew_is_cut_off(tmp_path: Path, step: int) -> None:
    number, died = 1, True
    while died:
        tree, clean = edited(tmp_path / str(number))
        died = False
        try:
            apply_run(tree.run, Request(Action.COPY, clean), fs=cut_at(number))
        except CrashError:
            died = True
        assert set(OLD.values()) <= set(contents(clean, clean.with_name("clean.replaced")))
        if number % 2:
            assert apply_run(tree.run, Request(Action.COPY, clean)).failures == 0
            assert files(clean) == NEW
        undone = undo_run(tree.run)
        # where nothing was done yet, the first copies are the last that was applied, and the pictures are others now
        assert undone.complete or reasons_of(undone) == ["last-copy"]
        assert files(clean) == OLD, number
        number += step
    assert number > 20


@STEPS
def test_nothing_is_lost_wherever_taking_back_new_copies_is_cut_off(tmp_path: Path, step: int) -> None:
    number, died = 1, True
    while died:
        tree, clean = edited(tmp_path / str(number))
        apply_run(tree.run, Request(Action.COPY, clean))
        died = False
        try:
            undo_run(tree.run, fs=cut_at(number))
        except CrashError:
            died = True
        assert set(OLD.values()) <= set(contents(clean, clean.with_name("clean.replaced")))
        if number % 2:
            assert apply_run(tree.run, Request(Action.COPY, clean)).failures == 0
            assert files(clean) == NEW
        elif died:
            undo_run(tree.run)
        if number % 2:
            assert undo_run(tree.run).complete
        assert files(clean) == OLD, number
        number += step
    assert number > 10


def test_a_kept_row_stays_in_a_rewritten_list_although_its_name_was_moved_before(tree: Tree, tmp_path: Path) -> None:
    out = tmp_path / "out"
    apply_run(tree.run, move(out))
    tree.rows.clear()
    tree.keep("k.jpg")
    tree.keep("b.jpg", b"a new picture")
    tree.drop("n.jpg", None, b"dark", reason="dark")
    tree.save()
    names = tmp_path / "list.csv"
    names.write_text("path,y\nk.jpg,1\nb.jpg,2\nn.jpg,3\n")
    apply_run(tree.run, move(out, datasets=(names,), dataset_images=tree.root))
    assert (tmp_path / "list.clean.csv").read_text() == "path,y\nk.jpg,1\nb.jpg,2\n"


def test_what_an_earlier_apply_took_away_leaves_a_rewritten_list_of_a_later_run(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    tree.rows.clear()
    tree.keep("k.jpg")
    tree.save()
    names = tmp_path / "list.csv"
    names.write_text("path\nk.jpg\nb.jpg\nelsewhere.jpg\n")
    apply_run(tree.run, move(tmp_path / "out", datasets=(names,), dataset_images=tree.root))
    assert (tmp_path / "list.clean.csv").read_text() == "path\nk.jpg\nelsewhere.jpg\n"


def not_the_owner(folder: Path) -> Any:
    """Setting the times of ``folder`` and renaming in it, as in a sticky folder of somebody else."""

    def refuse(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "set_mtime" and args[0] == os.fspath(folder):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    return refuse


@pytest.mark.parametrize("code", [errno.EPERM, errno.EACCES, errno.EROFS, errno.EIO, errno.ENOSPC])
def test_where_nothing_was_done_undo_has_nothing_to_refuse(tree: Tree, tmp_path: Path, code: int) -> None:
    times = not_the_owner(tree.root)

    def refuse(number: int, name: str, args: tuple[Any, ...]) -> None:
        times(number, name, args)
        if name in ("rename", "unlink", "copy", "link") and args[0].startswith(os.fspath(tree.root)):
            raise OSError(code, os.strerror(code))

    before = snapshot(tree.root)
    assert apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(refuse)).failures == 1
    assert undo_run(tree.run, fs=FaultyFs(refuse)).complete
    assert snapshot(tree.root) == before
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run)


def test_the_time_of_a_folder_of_somebody_else_is_told_once(tree: Tree, tmp_path: Path) -> None:
    fs = FaultyFs(not_the_owner(tree.root))
    apply_run(tree.run, move(tmp_path / "out"), fs=fs)
    undone = undo_run(tree.run, fs=fs)
    assert (undone.restored, reasons_of(undone)) == (1, ["permission"])
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run, fs=fs)
