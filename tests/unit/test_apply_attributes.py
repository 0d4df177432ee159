"""Owner, group, mode and extended attributes of copies, and of files that move to another volume and back."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from apply_helpers import FaultyFs, Tree, make_tree, move, other_device
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run
from rfdedup.outputs.apply.fsops import FsOps

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX attributes")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = make_tree(tmp_path)
    tree.keep("a.jpg", b"a")
    tree.drop("b.jpg", "a.jpg", b"a")
    for name in ("a.xmp", "b.xmp"):
        tree.put(name, b"a program")
    tree.save()
    return tree


def mode(path: Path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("bits", [0o4755, 0o2755, 0o1755, 0o7711])
def test_a_copy_carries_no_setuid_setgid_or_sticky_bit(tree: Tree, tmp_path: Path, bits: int) -> None:
    os.chmod(tree.root / "a.xmp", bits)
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert mode(tmp_path / "clean/a.xmp") == bits & 0o777


@pytest.mark.parametrize("bits", [0o4755, 0o2755, 0o1755])
def test_a_move_to_another_volume_and_back_sets_no_special_bit_and_says_so(
    tree: Tree, tmp_path: Path, bits: int
) -> None:
    os.chmod(tree.root / "b.xmp", bits)
    fs = other_device(FaultyFs(), tmp_path / "out")
    summary = apply_run(tree.run, move(tmp_path / "out"), fs=fs)
    assert mode(tmp_path / "out/exact/b.xmp") == bits & 0o777
    assert (dict(summary.lost), summary.failures, summary.problems) == ({"special bits": 1}, 0, [])
    undone = undo_run(tree.run, fs=fs)
    assert mode(tree.root / "b.xmp") == bits & 0o777
    assert undone.complete
    assert dict(undone.lost) == {"special bits": 1}


def test_a_rename_keeps_all_bits(tree: Tree, tmp_path: Path) -> None:
    os.chmod(tree.root / "b.xmp", 0o4755)
    apply_run(tree.run, move(tmp_path / "out"))
    assert not undo_run(tree.run).lost
    assert mode(tree.root / "b.xmp") == 0o4755


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_move_to_another_volume_and_back_restores_owner_and_group(tree: Tree, tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg"):
        os.chown(tree.root / name, 1234, 1235)
        os.chmod(tree.root / name, 0o640)
    fs = other_device(FaultyFs(), tmp_path / "out")
    for path in (tmp_path / "out/exact/b.jpg", tree.root / "b.jpg"):
        summary = (
            apply_run(tree.run, move(tmp_path / "out"), fs=fs) if "out" in str(path) else undo_run(tree.run, fs=fs)
        )
        seen = os.lstat(path)
        assert (seen.st_uid, seen.st_gid, mode(path)) == (1234, 1235, 0o640)
        assert not summary.lost
    apply_run(tree.run, Request(Action.COPY, tmp_path / "clean"))
    assert os.lstat(tmp_path / "clean/a.jpg").st_uid == os.geteuid(), "a copy belongs to who makes it"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_an_owner_that_cannot_be_kept_is_told_in_one_line(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    source = tree.root / "a.jpg"
    os.chown(source, 1234, 1235)
    assert FsOps().copy(str(source), str(tmp_path / "moved.jpg"), True) == ("owner", "group")
    assert FsOps().copy(str(source), str(tmp_path / "plain.jpg")) == ()


@pytest.mark.skipif(sys.platform != "linux", reason="extended attributes of Linux")
def test_extended_attributes_go_to_another_volume_and_back(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        os.setxattr(tree.root / "b.jpg", "user.rating", b"5")
    except OSError:
        pytest.skip("this volume has no extended attributes")
    fs = other_device(FaultyFs(), tmp_path / "out")
    assert not apply_run(tree.run, move(tmp_path / "out"), fs=fs).lost
    assert os.getxattr(tmp_path / "out/exact/b.jpg", "user.rating") == b"5"
    assert not undo_run(tree.run, fs=fs).lost
    assert os.getxattr(tree.root / "b.jpg", "user.rating") == b"5"

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "setxattr", refuse)
    assert dict(apply_run(tree.run, move(tmp_path / "out"), fs=fs).lost) == {"extended attributes": 1}
