"""What is planned: selection, order, totals, names, and how the calls after the first go on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from apply_helpers import FaultyFs, Tree, files, make_tree, move, snapshot
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.model.schemas import Tier
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run
from rfdedup.outputs.apply.fsops import FsOps, rename_by_link
from rfdedup.outputs.apply.names import alternative, check_relative, fold, local, split_suffix


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = make_tree(tmp_path)
    tree.keep("k.jpg", b"3333")
    tree.drop("q/blurry.jpg", None, b"11")
    tree.drop("q/dark.jpg", None, b"222", reason="dark")
    tree.drop("e.jpg", "k.jpg", b"3333", tier="exact")
    tree.drop("p.jpg", "k.jpg", b"44444", tier="perceptual", score=5)
    tree.drop("s1.jpg", "k.jpg", b"555555", tier="semantic", score=0.91)
    tree.drop("s2.jpg", "k.jpg", b"6666666", tier="semantic", score=0.99)
    tree.error("broken.jpg", b"?")
    tree.save()
    return tree


def test_dropped_files_are_sorted_by_reason(tree: Tree, tmp_path: Path) -> None:
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert files(tmp_path / "out").keys() == {
        "blurry/q/blurry.jpg",
        "dark/q/dark.jpg",
        "exact/e.jpg",
        "perceptual/p.jpg",
        "semantic/s1.jpg",
        "semantic/s2.jpg",
    }
    assert files(tree.root).keys() == {"k.jpg", "broken.jpg"}
    assert {reason: (c.files, c.bytes) for reason, c in summary.planned.items()} == {
        "blurry": (1, 2),
        "dark": (1, 3),
        "exact": (1, 4),
        "perceptual": (1, 5),
        "semantic": (2, 13),
    }
    assert (summary.done_total.files, summary.done_total.bytes) == (6, 27)


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"only": frozenset({Tier.SEMANTIC})}, {"s1.jpg", "s2.jpg"}),
        ({"only": frozenset({Tier.QUALITY, Tier.EXACT})}, {"blurry.jpg", "dark.jpg", "e.jpg"}),
        ({"only": frozenset({Tier.SEMANTIC}), "min_score": 0.95}, {"s2.jpg"}),
        ({"min_score": 0.995}, {"blurry.jpg", "dark.jpg", "e.jpg", "p.jpg"}),
    ],
)
def test_selection(tree: Tree, tmp_path: Path, options: dict[str, Any], names: set[str]) -> None:
    apply_run(tree.run, move(tmp_path / "out", **options))
    assert {os.path.basename(name) for name in files(tmp_path / "out")} == names
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean", **options))
    everything = {"k.jpg", "blurry.jpg", "dark.jpg", "e.jpg", "p.jpg", "s1.jpg", "s2.jpg"}
    kept = {os.path.basename(name) for name in files(tmp_path / "clean")}
    assert kept <= everything - names


def test_a_clean_tree_has_what_is_not_selected_for_dropping(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean", only=frozenset({Tier.SEMANTIC})))
    assert files(tmp_path / "clean").keys() == {"k.jpg", "q/blurry.jpg", "q/dark.jpg", "e.jpg", "p.jpg"}


def test_protected_images_stay(tree: Tree, tmp_path: Path) -> None:
    next(row for row in tree.rows if row["path"] == "e.jpg")["flags"] = ["grayscale", "protected"]
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert "e.jpg" in files(tree.root)
    assert summary.held["protected"].files == 1
    assert summary.failures == 0
    assert "e.jpg" in files_of(tree, tmp_path / "clean")


def files_of(tree: Tree, target: Path) -> dict[str, bytes]:
    apply_run(tree.run, Request(Action.COPY, target))
    return files(target)


@pytest.mark.skipif(os.name == "nt", reason="hard links are counted in another way there")
def test_clean_trees_are_links_or_copies_with_times_and_modes(tree: Tree, tmp_path: Path) -> None:
    os.chmod(tree.root / "k.jpg", 0o640)
    apply_run(tree.run, Request(Action.COPY, tmp_path / "copy"))
    apply_run(tree.run, Request(Action.LINK, tmp_path / "link"))
    kept = os.stat(tree.root / "k.jpg")
    copy, link = os.stat(tmp_path / "copy/k.jpg"), os.stat(tmp_path / "link/k.jpg")
    assert (copy.st_mtime_ns, copy.st_mode, copy.st_ino != kept.st_ino) == (kept.st_mtime_ns, kept.st_mode, True)
    assert link.st_ino == kept.st_ino
    assert files(tmp_path / "copy") == files(tmp_path / "link") == {"k.jpg": b"3333"}


def test_delete_needs_no_target_and_cannot_be_undone(tree: Tree) -> None:
    summary = apply_run(tree.run, Request(Action.DELETE))
    assert summary.done_total.files == 6
    assert files(tree.root).keys() == {"k.jpg", "broken.jpg"}
    undone = undo_run(tree.run)
    assert (undone.deleted, undone.restored, undone.complete) == (6, 0, False)
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run)


def test_delete_verifies_king_and_file_by_content(tree: Tree) -> None:
    fs = FaultyFs()
    digested: list[str] = []
    inner = fs.digest
    fs.digest = lambda path: digested.append(os.path.basename(path)) or inner(path)  # type: ignore[method-assign,func-returns-value]
    apply_run(tree.run, Request(Action.DELETE), fs=fs)
    assert sorted(digested) == ["blurry.jpg", "dark.jpg", "e.jpg", "k.jpg", "p.jpg", "s1.jpg", "s2.jpg"]


def test_a_second_call_does_only_what_is_missing(tree: Tree, tmp_path: Path) -> None:
    first = apply_run(tree.run, move(tmp_path / "out", only=frozenset({Tier.EXACT})))
    second = apply_run(tree.run, move(tmp_path / "out"))
    third = apply_run(tree.run, move(tmp_path / "out"))
    assert [s.done_total.files for s in (first, second, third)] == [1, 5, 0]
    assert [s.already for s in (first, second, third)] == [0, 1, 6]


def test_undo_last_and_all(tree: Tree, tmp_path: Path) -> None:
    before = snapshot(tree.root)
    apply_run(tree.run, move(tmp_path / "out", only=frozenset({Tier.EXACT})))
    between = snapshot(tree.root)
    apply_run(tree.run, move(tmp_path / "out"))
    assert undo_run(tree.run).restored == 5
    assert snapshot(tree.root) == between
    apply_run(tree.run, move(tmp_path / "out"))
    assert undo_run(tree.run, everything=True).restored == 6
    assert snapshot(tree.root) == before
    assert not (tmp_path / "out").exists()


def test_undo_makes_removed_folders_again_and_restores_bits(tree: Tree, tmp_path: Path) -> None:
    os.chmod(tree.root / "q/dark.jpg", 0o600)
    before = {name: fact for name, fact in snapshot(tree.root).items() if fact.kind == "file"}
    apply_run(tree.run, move(tmp_path / "out"))
    os.rmdir(tree.root / "q")
    moved = tmp_path / "out/dark/q/dark.jpg"
    os.chmod(moved, 0o777)
    os.utime(moved, (1, 1))
    assert undo_run(tree.run).complete
    assert {name: fact for name, fact in snapshot(tree.root).items() if fact.kind == "file"} == before


def test_undo_leaves_folders_that_others_use(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    (tmp_path / "out/exact/mine.txt").write_bytes(b"mine")
    stamp = 1_500_000_000_000_000_000
    os.utime(tree.root / "q", ns=(stamp, stamp))
    assert undo_run(tree.run).complete
    assert files(tmp_path / "out") == {"exact/mine.txt": b"mine"}
    assert (tree.root / "q").stat().st_mtime_ns != stamp, "its mtime is that of the files that came back"


def test_undo_before_apply_says_so(tree: Tree) -> None:
    with pytest.raises(RunFolderError, match="nothing was applied"):
        undo_run(tree.run)


def test_nothing_to_do_is_no_failure(tmp_path: Path) -> None:
    tree = make_tree(tmp_path)
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert (summary.done_total.files, summary.failures) == (0, 0)
    assert not (tmp_path / "out").exists()


def test_a_target_is_needed_but_for_delete(tree: Tree, tmp_path: Path) -> None:
    for request in (Request(Action.MOVE), Request(Action.DELETE, tmp_path / "x")):
        with pytest.raises(ConfigError, match="name one of"):
            apply_run(tree.run, request)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigError, match="is a file"):
        apply_run(tree.run, move(tmp_path / "file"))


def test_an_input_that_is_gone_is_listed_not_a_crash(tree: Tree, tmp_path: Path) -> None:
    os.rename(tree.root, tmp_path / "elsewhere")
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert summary.failures == 6
    assert {problem.reason for problem in summary.problems} == {"missing"}


def test_names() -> None:
    assert split_suffix(b"x.tar.gz") == (b"x.tar", b".gz")
    assert split_suffix(b".hidden") == (b".hidden", b"")
    assert alternative(b"a/x.jpg", "/p/x.jpg") == alternative(b"a/x.jpg", "/p/x.jpg")
    assert alternative(b"a/x.jpg", "/p/x.jpg") != alternative(b"a/x.jpg", "/q/x.jpg")
    long = alternative(b"a/" + b"x" * 255 + b".jpg", "/p")
    assert len(long.rpartition(b"/")[2]) == 255
    assert fold("CAFÉ".encode()) == fold("cafe\u0301".encode())
    assert fold(b"\xff") == b"\xff"
    assert local(os.sep, b"x") == os.sep + "x"
    with pytest.raises(RunFolderError):
        check_relative(b"a/../b", "x")


@pytest.mark.skipif(os.name == "nt", reason="rename never overwrites there")
@pytest.mark.parametrize("rename", [FsOps().rename, rename_by_link])
def test_rename_never_overwrites(tmp_path: Path, rename: Any) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        rename(os.fspath(tmp_path / "a"), os.fspath(tmp_path / "b"))
    assert files(tmp_path) == {"a": b"a", "b": b"b"}
    rename(os.fspath(tmp_path / "a"), os.fspath(tmp_path / "c"))
    assert files(tmp_path) == {"b": b"b", "c": b"a"}
    with pytest.raises(FileNotFoundError):
        rename(os.fspath(tmp_path / "a"), os.fspath(tmp_path / "d"))


@pytest.mark.skipif(os.name == "nt", reason="there the system moves without overwriting by itself")
def test_rename_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*args: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    test_rename_never_overwrites(tmp_path, rename_by_link)
