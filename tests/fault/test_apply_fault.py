"""The fault tests that concern apply and undo, by their numbers."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from apply_helpers import FaultyFs, Tree, contents, files, make_tree, move, other_device, snapshot
from rfdedup.model.errors import ApplyStoppedError, ConfigError, RfdedupError, RunFolderError
from rfdedup.outputs.apply import Action, ApplySummary, Request, apply_run, undo_run
from rfdedup.outputs.apply.fsops import FsOps, explain, native

posix_only = pytest.mark.skipif(os.name == "nt", reason="the file system of Windows does not do this")


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path)


def reasons(summary: ApplySummary) -> dict[str, str]:
    return {os.path.basename(problem.path): problem.reason for problem in summary.problems}


def test_fault_10_overlapping_inputs_never_drop_a_file_for_itself(tree: Tree, tmp_path: Path) -> None:
    """The same file listed under two roots, as overlapping inputs or a bind mount give it."""
    tree.keep("sub/x.jpg", b"x")
    tree.drop("x.jpg", "sub/x.jpg", root=tree.root / "sub", king_root=tree.root)
    tree.save()
    for request in (move(tmp_path / "out"), Request(Action.DELETE)):
        summary = apply_run(tree.run, request)
        assert reasons(summary) == {"x.jpg": "same-file"}
        assert summary.failures == 1
    assert files(tree.root) == {"sub/x.jpg": b"x"}


@posix_only
def test_fault_11_hard_links_may_go_but_never_the_last_name(tree: Tree) -> None:
    first = tree.put("a.jpg", b"linked")
    for name in ("b.jpg", "c.jpg"):
        os.link(first, tree.root / name)
    tree.keep("king.jpg", b"other picture")
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        tree.drop(name, "king.jpg", flags=() if name == "a.jpg" else ("hardlink",))
    tree.save()
    summary = apply_run(tree.run, Request(Action.DELETE))
    assert summary.done_total.files == 2
    assert [problem.reason for problem in summary.problems] == ["last-name"]
    assert sorted(files(tree.root).values()) == [b"linked", b"other picture"]
    again = apply_run(tree.run, Request(Action.DELETE))
    assert [problem.reason for problem in again.problems] == ["last-name"]


@posix_only
def test_fault_11_a_flagged_link_whose_twin_vanished_stays(tree: Tree) -> None:
    os.link(tree.put("a.jpg", b"linked"), tree.root / "b.jpg")
    tree.keep("king.jpg", b"other")
    tree.drop("b.jpg", "king.jpg", flags=("hardlink",))
    tree.save()
    os.unlink(tree.root / "a.jpg")
    assert reasons(apply_run(tree.run, Request(Action.DELETE))) == {"b.jpg": "last-name"}
    assert b"linked" in files(tree.root).values()


@posix_only
def test_fault_11_hard_links_are_not_broken_by_a_move_across_devices(tree: Tree, tmp_path: Path) -> None:
    os.link(tree.put("a.jpg", b"linked"), tree.root / "b.jpg")
    tree.keep("a.jpg")
    tree.drop("b.jpg", "a.jpg", flags=("hardlink",))
    tree.save()
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out"), fs=other_device(FaultyFs(), tmp_path / "out"))
    assert reasons(summary) == {"b.jpg": "hard-link"}
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


@posix_only
@pytest.mark.parametrize("what", ["folder", "file"])
def test_fault_12_a_symlink_that_took_the_place_is_not_followed(tree: Tree, tmp_path: Path, what: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    tree.drop("sub/x.jpg", None, b"x")
    tree.save()
    os.rename(tree.root / "sub/x.jpg", outside / "x.jpg")
    if what == "folder":
        os.rmdir(tree.root / "sub")
        os.symlink(outside, tree.root / "sub")
    else:
        os.symlink(outside / "x.jpg", tree.root / "sub/x.jpg")
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert reasons(summary) == {"x.jpg": "changed"}
    assert (outside / "x.jpg").read_bytes() == b"x"


@posix_only
def test_fault_12_a_symlink_below_the_target_is_not_followed(tree: Tree, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (tmp_path / "out").mkdir()
    os.symlink(outside, tmp_path / "out" / "blurry")
    tree.drop("x.jpg", None, b"x")
    tree.save()
    assert reasons(apply_run(tree.run, move(tmp_path / "out"))) == {"x.jpg": "occupied"}
    assert not list(outside.iterdir())
    assert (tree.root / "x.jpg").exists()


NASTY = [
    "caf\u00e9/e.jpg",
    "cafe\u0301/e.jpg",
    "new\nline.jpg",
    "quo\"te's.jpg",
    "-rf.jpg",
    " lead and trail .jpg",
    "semi;colon $(x) `y`.jpg",
    "percent%20.jpg",
    "\u202eevil.jpg",
    "tab\there.jpg",
    "back\\slash.jpg",
]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a volume that takes any bytes as names")
def test_fault_13_names_that_are_not_utf8_go_and_come_back(tree: Tree, tmp_path: Path) -> None:
    names = [os.fsdecode(name) for name in (b"\xff\xfe.jpg", b"d\xe9j\xe0/vu.jpg", b"\xed\xb3\xbf.jpg")]
    for number, name in enumerate(names):
        tree.drop(name, None, b"%d" % number)
    tree.put(os.fsdecode(b"d\xe9j\xe0/vu.txt"), b"caption")
    tree.save()
    before = snapshot(tree.root)
    summary = apply_run(tree.run, move(tmp_path / "out"))
    assert (summary.done_total.files, summary.sidecars.files) == (3, 1)
    moved = files(tmp_path / "out")
    assert {name: moved["blurry/" + name] for name in names} == {
        name: b"%d" % number for number, name in enumerate(names)
    }
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


@pytest.mark.skipif(sys.platform != "linux", reason="needs a volume that takes any bytes as names")
def test_fault_13_an_input_folder_that_is_not_utf8(tmp_path: Path) -> None:
    root = tmp_path / os.fsdecode(b"r\xe9union")
    root.mkdir()
    tree = Tree(root, tmp_path / "run")
    tree.drop("x.jpg", None, b"x")
    tree.save()
    assert apply_run(tree.run, move(tmp_path / "out")).done_total.files == 1
    assert files(root) == {}


@pytest.mark.skipif(sys.platform != "linux", reason="needs a volume that tells NFC from NFD")
def test_fault_14_odd_names_are_exact(tree: Tree, tmp_path: Path) -> None:
    for number, name in enumerate(NASTY):
        tree.drop(name, None, b"%d" % number)
    tree.save()
    before = snapshot(tree.root)
    assert apply_run(tree.run, move(tmp_path / "out")).done_total.files == len(NASTY)
    assert files(tmp_path / "out") == {"blurry/" + name: b"%d" % n for n, name in enumerate(NASTY)}
    assert undo_run(tree.run).complete
    assert snapshot(tree.root) == before


class IgnoringCase(FsOps):
    """A volume that takes ``a`` and ``A`` for one: each path is resolved to the spelling that exists."""

    def _spelling(self, path: str) -> str:
        head, leaf = os.path.split(path)
        if not leaf:
            return path
        head = self._spelling(head)
        try:
            found = [name for name in os.listdir(head) if name.casefold() == leaf.casefold()]
        except OSError:
            found = []
        return os.path.join(head, found[0] if found else leaf)

    def lstat(self, path: str) -> os.stat_result:
        return super().lstat(self._spelling(path))

    def names(self, folder: str) -> list[str]:
        return super().names(self._spelling(folder))

    def digest(self, path: str) -> str:
        return super().digest(self._spelling(path))

    def rename(self, source: str, target: str) -> None:
        super().rename(self._spelling(source), self._spelling(target))

    def unlink(self, path: str) -> None:
        super().unlink(self._spelling(path))

    def mkdir(self, path: str) -> None:
        super().mkdir(self._spelling(path))

    def sync_folder(self, folder: str) -> None:
        super().sync_folder(self._spelling(folder))


@posix_only
def test_fault_15_folders_that_differ_in_case_only_are_not_deleted_twice(tree: Tree) -> None:
    """One folder of a volume that ignores case, listed under two spellings: king and subject are one file."""
    tree.keep("Photos/x.jpg", b"x")
    tree.drop("photos/X.jpg", "Photos/x.jpg", b"x")
    tree.save()
    os.unlink(tree.root / "photos/X.jpg")
    os.rmdir(tree.root / "photos")
    os.utime(tree.root / "Photos/x.jpg", ns=(tree.rows[1]["mtime_ns"],) * 2)
    summary = apply_run(tree.run, Request(Action.DELETE), fs=IgnoringCase())
    assert reasons(summary) == {"X.jpg": "same-file"}
    assert files(tree.root) == {"Photos/x.jpg": b"x"}


@posix_only
def test_fault_15_names_that_collide_on_the_target_volume_get_new_ones(tree: Tree, tmp_path: Path) -> None:
    tree.drop("A/x.jpg", None, b"upper")
    tree.drop("a/X.JPG", None, b"lower")
    tree.save()
    before = snapshot(tree.root)
    fs = IgnoringCase()
    inside = os.fspath(tree.root)
    plain = FsOps()
    fs._spelling = lambda path: path if path.startswith(inside) else IgnoringCase._spelling(fs, path)  # type: ignore[method-assign]
    assert fs.ignores_case(os.fspath(tmp_path / "out"))
    assert not plain.ignores_case(os.fspath(tmp_path / "out"))
    summary = apply_run(tree.run, move(tmp_path / "out"), fs=fs)
    assert summary.done_total.files == 2
    assert sorted(files(tmp_path / "out").values()) == [b"lower", b"upper"]
    assert undo_run(tree.run, fs=fs).complete
    assert snapshot(tree.root) == before


@pytest.mark.parametrize("action", [Action.MOVE, Action.DELETE])
def test_fault_16_a_replaced_file_of_the_same_size_and_time_stays(tree: Tree, tmp_path: Path, action: Action) -> None:
    tree.keep("king.jpg", b"k")
    tree.drop("sub.jpg", "king.jpg", b"old bytes")
    tree.drop("other.jpg", "king.jpg", b"goes")
    tree.save()
    tree.put("sub.jpg", b"new bytes")
    summary = apply_run(tree.run, Request(action, tmp_path / "out" if action == Action.MOVE else None))
    assert reasons(summary) == {"sub.jpg": "changed"}
    assert summary.done_total.files == 1
    assert files(tree.root) == {"king.jpg": b"k", "sub.jpg": b"new bytes"}


def test_fault_16_a_file_replaced_between_check_and_move_stays(tree: Tree, tmp_path: Path) -> None:
    """The rename itself may hit a newcomer: it is put back."""
    path = tree.put("sub.jpg", b"old bytes")
    tree.drop("sub.jpg", None)
    tree.save()

    def swap(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "rename" and args[0] == path and not os.path.exists(tree.root / "swapped"):
            os.rename(path, tree.root / "swapped")
            tree.put("sub.jpg", b"new bytes")

    summary = apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(swap))
    assert reasons(summary) == {"sub.jpg": "changed"}
    assert files(tree.root) == {"sub.jpg": b"new bytes", "swapped": b"old bytes"}


@pytest.mark.parametrize("harm", ["gone", "edited", "same-size-and-time"])
@pytest.mark.parametrize("action", [Action.MOVE, Action.DELETE])
def test_fault_17_without_its_king_a_whole_group_stays(tree: Tree, tmp_path: Path, harm: str, action: Action) -> None:
    for group in ("one", "two"):
        tree.keep(f"{group}/king.jpg", b"king of " + group.encode())
        for number in range(3):
            tree.drop(f"{group}/{number}.jpg", f"{group}/king.jpg")
    tree.save()
    king = tree.root / "one/king.jpg"
    if harm == "gone":
        king.unlink()
    elif harm == "edited":
        king.write_bytes(b"something else")
    else:
        tree.put("one/king.jpg", b"KING of one")
    summary = apply_run(tree.run, Request(action, tmp_path / "out" if action == Action.MOVE else None))
    assert sorted(reasons(summary).values()) == ["king-changed"] * 3
    assert summary.done_total.files == 3
    assert {f"one/{n}.jpg" for n in range(3)} <= files(tree.root).keys()


def test_fault_18_a_file_that_grew_since_the_run_stays(tree: Tree, tmp_path: Path) -> None:
    path = tree.put("growing.jpg", b"half")
    tree.drop("growing.jpg", None)
    tree.save()
    with open(path, "ab") as stream:
        stream.write(b" and half")
    assert reasons(apply_run(tree.run, move(tmp_path / "out"))) == {"growing.jpg": "changed"}
    assert files(tree.root) == {"growing.jpg": b"half and half"}


def test_fault_18_a_file_that_grows_while_it_is_copied_stays_whole(tree: Tree, tmp_path: Path) -> None:
    path = tree.put("growing.jpg", b"half")
    tree.drop("growing.jpg", None)
    tree.save()

    def grow(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "copy":
            with open(path, "ab") as stream:
                stream.write(b" and half")

    out = tmp_path / "out"
    assert reasons(apply_run(tree.run, move(out), fs=other_device(FaultyFs(grow), out))) == {"growing.jpg": "changed"}
    assert files(tree.root) == {"growing.jpg": b"half and half"}
    assert files(out) == {}


@pytest.mark.parametrize("mtime_ns", [0, 4_000_000_000_987_654_321, 1])
def test_fault_19_odd_mtimes_are_normal(tree: Tree, tmp_path: Path, mtime_ns: int) -> None:
    tree.put("x.jpg", b"x", mtime_ns=mtime_ns)
    tree.drop("x.jpg", None)
    tree.save()
    before = snapshot(tree.root)
    out = tmp_path / "out"
    for fs in (FaultyFs(), other_device(FaultyFs(), out)):
        assert apply_run(tree.run, move(out), fs=fs).failures == 0
        assert os.stat(out / "blurry/x.jpg").st_mtime_ns == mtime_ns
        assert undo_run(tree.run, fs=fs).complete
        assert snapshot(tree.root) == before


def test_fault_20_files_of_one_name_all_survive_a_move(tree: Tree, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    tree.drop("a/x.jpg", None, b"1")
    tree.drop("b/x.jpg", None, b"2")
    tree.drop("a/x.jpg", None, b"3", root=second)
    tree.save()
    before = snapshot(tree.root, second)
    out = tmp_path / "out"
    os.makedirs(out / "blurry/b")
    (out / "blurry/b/x.jpg").write_bytes(b"was here")
    summary = apply_run(tree.run, move(out))
    assert summary.done_total.files == 3
    moved = files(out)
    assert sorted(moved.values()) == [b"1", b"2", b"3", b"was here"]
    assert moved["blurry/b/x.jpg"] == b"was here"
    assert undo_run(tree.run).complete
    assert snapshot(tree.root, second) == before
    assert files(out) == {"blurry/b/x.jpg": b"was here"}
    assert apply_run(tree.run, move(out)).done_total.files == 3
    assert files(out) == moved, "new names do not depend on the attempt"


def test_fault_21_a_move_across_devices_verifies_before_it_unlinks(tree: Tree, tmp_path: Path) -> None:
    path = tree.put("x.jpg", b"x" * 5000, mode=0o640)
    tree.drop("x.jpg", None)
    tree.save()
    before = snapshot(tree.root)
    out = tmp_path / "out"
    fs = other_device(FaultyFs(), out)
    assert apply_run(tree.run, move(out), fs=fs).failures == 0
    steps = fs.log[fs.log.index("copy") :]
    assert steps.index("digest") < steps.index("rename") < steps.index("sync_folder") < steps.index("unlink")
    assert not os.path.exists(path)
    assert undo_run(tree.run, fs=fs).complete
    assert snapshot(tree.root) == before


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="needs a second volume")
def test_fault_21_on_two_real_volumes(tree: Tree) -> None:
    import shutil
    import tempfile

    tree.keep("king.jpg", b"k")
    tree.drop("a/x.jpg", "king.jpg", b"x" * 100_000, mode=0o600)
    tree.put("a/x.xmp", b"meta")
    tree.save()
    before = snapshot(tree.root)
    out = Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        if os.stat(out).st_dev == os.stat(tree.root).st_dev:
            pytest.skip("needs a second volume")
        assert apply_run(tree.run, move(out)).failures == 0
        assert files(out) == {"perceptual/a/x.jpg": b"x" * 100_000, "perceptual/a/x.xmp": b"meta"}
        assert undo_run(tree.run).complete
        assert snapshot(tree.root) == before
        linked = apply_run(tree.run, Request(Action.LINK, out))
        assert reasons(linked) == {"king.jpg": "other-device"}
        assert "--copy-kept" in linked.problems[0].detail
    finally:
        shutil.rmtree(out)


def test_fault_21_a_copy_that_came_out_wrong_is_not_trusted(tree: Tree, tmp_path: Path) -> None:
    tree.drop("x.jpg", None, b"right")
    tree.save()

    def spoil(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "copy":
            with open(args[1], "r+b") as stream:
                stream.write(b"wrong")

    out = tmp_path / "out"
    summary = apply_run(tree.run, move(out), fs=other_device(FaultyFs(after=spoil), out))
    assert summary.failures == 1
    assert (files(tree.root), files(out)) == ({"x.jpg": b"right"}, {})


@pytest.mark.parametrize("action", [Action.MOVE, Action.COPY])
def test_fault_22_disk_full_in_a_copy(tree: Tree, tmp_path: Path, action: Action) -> None:
    for name in ("1", "2", "3"):
        (tree.drop if action == Action.MOVE else tree.keep)(f"{name}.jpg", data=name.encode() * 1000)
    tree.save()
    before = snapshot(tree.root)
    out = tmp_path / "out"

    def full(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "copy" and args[0].endswith("2.jpg"):
            Path(args[1]).write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    summary = apply_run(tree.run, Request(action, out), fs=other_device(FaultyFs(full), out))
    assert reasons(summary) == {"2.jpg": "disk-full"}
    assert summary.failures == 1
    assert "free some space" in summary.problems[0].detail
    assert files(tree.root)["2.jpg"] == b"2" * 1000
    assert sorted(files(out).values()) == [b"1" * 1000, b"3" * 1000]
    assert apply_run(tree.run, Request(action, out), fs=other_device(FaultyFs(), out)).failures == 0
    assert undo_run(tree.run, everything=True, fs=other_device(FaultyFs(), out)).complete
    assert snapshot(tree.root) == before


@pytest.mark.parametrize("failing", range(5))
def test_fault_23_disk_full_in_the_run_folder(
    tree: Tree, tmp_path: Path, failing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite reports it at whichever write it meets; apply stops cleanly and the same command goes on."""
    from rfdedup.outputs.apply.journal import Journal

    for number in range(5):
        tree.drop(f"{number}.jpg", None)
    tree.save()
    before = snapshot(tree.root)
    out = tmp_path / "out"
    all_bytes = contents(tree.root)
    prepare = Journal._prepare
    begun = 0

    def limited(journal: Journal) -> None:
        prepare(journal)

        class Database:
            def __getattr__(self, name: str) -> Any:
                return getattr(journal_database, name)

            def execute(self, statement: str, *values: Any) -> Any:
                nonlocal begun
                if statement == "commit":
                    begun += 1
                    if begun > failing:
                        raise sqlite3.OperationalError("database or disk is full")
                return journal_database.execute(statement, *values)

        journal_database = journal._database
        journal._database = Database()  # type: ignore[assignment]

    monkeypatch.setattr(Journal, "_prepare", limited)
    with pytest.raises(ApplyStoppedError, match="make room") as stopped:
        apply_run(tree.run, move(out))
    assert stopped.value.exit_code == 1
    assert contents(tree.root, out) == all_bytes
    monkeypatch.undo()
    assert apply_run(tree.run, move(out)).failures == 0
    assert len(files(out)) == 5
    assert undo_run(tree.run, everything=True).complete
    assert snapshot(tree.root) == before


def test_fault_24_a_read_only_folder_costs_one_error_a_file(tree: Tree, tmp_path: Path) -> None:
    for name in ("open/1.jpg", "locked/2.jpg", "locked/3.jpg"):
        tree.drop(name, None)
        tree.put(name.replace("jpg", "xmp"), b"meta " + name.encode())
    tree.save()
    before = snapshot(tree.root / "locked")
    locked = os.fspath(tree.root / "locked")

    def refuse(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name in ("rename", "unlink", "link") and args[0].startswith(locked):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    summary = apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(refuse))
    assert reasons(summary) == {"2.jpg": "permission", "3.jpg": "permission"}
    assert summary.failures == 2
    assert "writable" in summary.problems[0].detail
    assert snapshot(tree.root / "locked") == before
    assert files(tmp_path / "out").keys() == {"blurry/open/1.jpg", "blurry/open/1.xmp"}


def test_fault_24_an_image_goes_back_when_its_sidecar_cannot_follow(tree: Tree, tmp_path: Path) -> None:
    tree.drop("images/1.jpg", None, b"image")
    label = tree.put("labels/1.txt", b"0 1 1 1 1")
    tree.put("images/1.xmp", b"meta")
    tree.save()
    before = snapshot(tree.root)

    def refuse(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "rename" and args[0] == label:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    for fs in (
        FaultyFs(refuse),
        other_device(FaultyFs(lambda n, name, a: refuse(n, {"copy": "rename"}.get(name, ""), a)), tmp_path / "out"),
    ):
        summary = apply_run(tree.run, move(tmp_path / "out"), fs=fs)
        assert reasons(summary) == {"1.txt": "permission"}
        assert files(tmp_path / "out") == {}
        assert files(tree.root) == {"images/1.jpg": b"image", "labels/1.txt": b"0 1 1 1 1", "images/1.xmp": b"meta"}
    assert undo_run(tree.run, everything=True).complete
    assert snapshot(tree.root) == before


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind the superuser")
def test_fault_24_with_real_permissions(tree: Tree, tmp_path: Path) -> None:
    tree.drop("locked/2.jpg", None)
    tree.save()
    os.chmod(tree.root / "locked", 0o555)
    assert reasons(apply_run(tree.run, move(tmp_path / "out"))) == {"2.jpg": "permission"}
    os.chmod(tree.root / "locked", 0o755)


def test_an_image_stays_when_its_folder_cannot_be_listed(tree: Tree, tmp_path: Path) -> None:
    """Its sidecars are not known then, and must not be left behind."""
    tree.drop("a/1.jpg", None)
    tree.drop("b/2.jpg", None)
    tree.save()
    folder = os.fspath(tree.root / "a")

    def broken(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "names" and args[0] == folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO), folder)

    summary = apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(broken))
    assert reasons(summary) == {"1.jpg": "io-error"}
    assert (summary.failures, summary.done_total.files) == (1, 1)


def test_fault_27_undo_refuses_an_occupied_place(tree: Tree, tmp_path: Path) -> None:
    tree.drop("1.jpg", None, b"one")
    tree.drop("2.jpg", None, b"two")
    tree.save()
    out = tmp_path / "out"
    apply_run(tree.run, move(out))
    (tree.root / "1.jpg").write_bytes(b"newcomer")
    summary = undo_run(tree.run)
    assert not summary.complete
    assert [(path, reason) for path, reason, _ in summary.refused] == [(os.fspath(out / "blurry/1.jpg"), "occupied")]
    assert files(tree.root) == {"1.jpg": b"newcomer", "2.jpg": b"two"}
    assert files(out) == {"blurry/1.jpg": b"one"}
    (tree.root / "1.jpg").unlink()
    assert undo_run(tree.run).complete
    assert files(tree.root) == {"1.jpg": b"one", "2.jpg": b"two"}
    with pytest.raises(RunFolderError, match="nothing to undo"):
        undo_run(tree.run)


@pytest.mark.parametrize("action", [Action.MOVE, Action.COPY])
def test_fault_27_undo_refuses_an_edited_file(tree: Tree, tmp_path: Path, action: Action) -> None:
    (tree.drop if action == Action.MOVE else tree.keep)("1.jpg", data=b"one")
    tree.put("1.xmp", b"meta")
    tree.save()
    out = tmp_path / "out"
    apply_run(tree.run, Request(action, out))
    moved = next(out.rglob("1.jpg"))
    status = moved.stat()
    moved.write_bytes(b"ONE")
    os.utime(moved, ns=(status.st_atime_ns, status.st_mtime_ns))
    before = files(tmp_path)
    summary = undo_run(tree.run)
    assert [reason for _, reason, _ in summary.refused] == ["edited"]
    now = files(tmp_path)
    assert {name: now[name] for name in now if "run/" not in name} == {
        name: before[name] for name in before if "run/" not in name
    }, "its sidecar stays with it"


def test_fault_27_undo_does_not_remove_the_last_copy(tree: Tree, tmp_path: Path) -> None:
    tree.keep("1.jpg", b"one")
    tree.keep("2.jpg", b"two")
    tree.save()
    apply_run(tree.run, Request(Action.COPY, tmp_path / "copy"))
    apply_run(tree.run, Request(Action.LINK, tmp_path / "link"))
    (tree.root / "1.jpg").unlink()
    summary = undo_run(tree.run, everything=True)
    assert sorted(reason for _, reason, _ in summary.refused) == ["last-copy", "last-copy"]
    assert files(tmp_path / "copy") == {"1.jpg": b"one"}
    assert files(tmp_path / "link") == {"1.jpg": b"one"}


def _edit(tree: Tree, **values: Any) -> None:
    file = tree.run / "verdicts.parquet"
    rows = pq.read_table(file).to_pylist()
    schema = pq.read_schema(file)
    target = next(row for row in rows if row["verdict"] == "drop")
    target.update(values)
    import pyarrow as pa

    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


@pytest.mark.parametrize(
    "values",
    [
        {"path_bytes": b"../victim.jpg"},
        {"path_bytes": b"a/../../victim.jpg"},
        {"path_bytes": b"/etc/passwd"},
        {"path_bytes": b"a//b.jpg"},
        {"path_bytes": b""},
        {"path_bytes": b"a\0b"},
        {"root": "relative/root"},
        {"root": "/tmp/../etc"},
        {"king_path_bytes": b"../king.jpg"},
        {"king_path_bytes": b"nobody.jpg"},
        {"king_path_bytes": b"drop2.jpg"},
        {"king_path_bytes": b"drop.jpg"},
        {"king_path_bytes": None},
        {"king_root": None},
        {"sha256": None},
        {"sha256": "abc"},
        {"sha256": "g" * 64},
        {"verdict": "burn"},
        {"tier": "fifth"},
        {"tier": None},
        {"reason": "../../outside"},
        {"reason": None},
        {"bytes": -1},
        {"bytes": None},
    ],
)
def test_fault_28_hostile_verdicts_are_rejected(tree: Tree, tmp_path: Path, values: dict[str, Any]) -> None:
    (tmp_path / "victim.jpg").write_bytes(b"mine")
    tree.keep("king.jpg", b"k")
    tree.drop("drop.jpg", "king.jpg", b"d")
    tree.drop("drop2.jpg", "king.jpg", b"d")
    tree.save()
    _edit(tree, **values)
    before = snapshot(tree.root)
    for request in (move(tmp_path / "out"), Request(Action.DELETE)):
        with pytest.raises(RunFolderError):
            apply_run(tree.run, request)
    assert snapshot(tree.root) == before
    assert (tmp_path / "victim.jpg").read_bytes() == b"mine"


def test_fault_28_every_flipped_bit_is_rejected_or_harmless(tree: Tree, tmp_path: Path) -> None:
    tree.keep("king.jpg", b"k")
    tree.drop("drop.jpg", "king.jpg", b"d")
    tree.save()
    file = tree.run / "verdicts.parquet"
    whole = file.read_bytes()
    all_bytes = contents(tree.root)
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ (1 << position % 8)]) + whole[position + 1 :])
        with contextlib.suppress(RfdedupError):
            apply_run(tree.run, move(tmp_path / "out"))
        assert contents(tree.root, tmp_path / "out") == all_bytes
    for cut in range(0, len(whole), max(1, len(whole) // 8)):
        file.write_bytes(whole[:cut])
        with pytest.raises(RunFolderError):
            apply_run(tree.run, move(tmp_path / "out"))


def test_fault_28_a_damaged_or_hostile_journal_is_rejected(tree: Tree, tmp_path: Path) -> None:
    tree.drop("x.jpg", None, b"x")
    tree.save()
    out = tmp_path / "out"
    apply_run(tree.run, move(out))
    journal = tree.run / "journal.sqlite"
    good = journal.read_bytes()
    before = snapshot(tree.root, out)
    for name in (b"../../victim", b"/etc/passwd"):
        with sqlite3.connect(journal) as database:
            database.execute("update action set name = ?", (name,))
        database.close()
        with pytest.raises(RunFolderError, match="leaves its folder"):
            undo_run(tree.run)
        journal.write_bytes(good)
    for damage in (b"not a database" * 100, good[: len(good) // 2], b"\0" * len(good)):
        journal.write_bytes(damage)
        with pytest.raises(RunFolderError):
            undo_run(tree.run)
        with pytest.raises(RunFolderError):
            apply_run(tree.run, move(out))
    assert snapshot(tree.root, out) == before


def test_a_verdict_file_that_is_not_ours(tree: Tree, tmp_path: Path) -> None:
    import pyarrow as pa

    tree.save()
    pq.write_table(pa.table({"path": ["x"]}), tree.run / "verdicts.parquet")
    with pytest.raises(RunFolderError, match="columns"):
        apply_run(tree.run, move(tmp_path / "out"))
    (tree.run / "verdicts.parquet").unlink()
    with pytest.raises(RunFolderError, match="missing"):
        apply_run(tree.run, move(tmp_path / "out"))
    (tree.run / "run.json").write_text(json.dumps({"schema": 1, "status": "running"}))
    with pytest.raises(RunFolderError, match="not finished"):
        apply_run(tree.run, move(tmp_path / "out"))


def test_a_file_listed_twice_is_refused(tree: Tree, tmp_path: Path) -> None:
    tree.drop("x.jpg", None)
    tree.drop("x.jpg", None)
    tree.save()
    with pytest.raises(RunFolderError, match="twice"):
        apply_run(tree.run, move(tmp_path / "out"))


def test_the_target_may_not_lie_in_an_input(tree: Tree) -> None:
    tree.drop("x.jpg", None)
    tree.save()
    for target in (tree.root, tree.root / "dropped"):
        with pytest.raises(ConfigError, match="inside the input"):
            apply_run(tree.run, move(target))


def test_windows_files_open_elsewhere_are_failures_by_name(tree: Tree, tmp_path: Path) -> None:
    tree.drop("busy.jpg", None)
    tree.drop("free.jpg", None)
    tree.save()

    def busy(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "rename" and args[0].endswith("busy.jpg"):
            error = OSError(errno.EACCES, "The process cannot access the file")
            error.winerror = 32  # type: ignore[attr-defined]
            raise error

    summary = apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(busy))
    assert reasons(summary) == {"busy.jpg": "in-use"}
    assert "another program has it open" in summary.problems[0].detail
    assert summary.done_total.files == 1


def test_windows_long_paths_get_their_prefix() -> None:
    long = "C:\\photos\\" + "x" * 300 + ".jpg"
    assert native(long, windows=True) == "\\\\?\\" + long
    assert native("C:/a/" + "x" * 300, windows=True) == "\\\\?\\C:\\a\\" + "x" * 300
    assert native("\\\\server\\share\\" + "x" * 300, windows=True).startswith("\\\\?\\UNC\\server\\share\\")
    assert native("C:\\short.jpg", windows=True) == "C:\\short.jpg"
    assert native("\\\\?\\" + long, windows=True) == "\\\\?\\" + long
    assert native(long, windows=False) == long


def test_a_volume_without_hard_links_says_what_to_do(tree: Tree, tmp_path: Path) -> None:
    tree.keep("x.jpg", b"x")
    tree.save()

    def none(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "link":
            raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    summary = apply_run(tree.run, Request(Action.LINK, tmp_path / "out"), fs=FaultyFs(none))
    assert reasons(summary) == {"x.jpg": "not-supported"}
    assert "--copy-kept" in summary.problems[0].detail
    assert explain(OSError(errno.ENAMETOOLONG, "File name too long"))[0] == "name-too-long"


@posix_only
def test_a_name_that_is_too_long_for_the_target_is_one_failure(tree: Tree, tmp_path: Path) -> None:
    # a folder that has a place, and no file of this name in it
    deep = "/".join(["d" * 200] * 19)
    deep += "/" + "d" * (4090 - len(os.fspath(tmp_path)) - len(deep) - 2)
    tree.drop("x.jpg", None)
    tree.save()
    summary = apply_run(tree.run, move(tmp_path / deep))
    assert reasons(summary) == {"x.jpg": "name-too-long"}
    assert files(tree.root) == {"x.jpg": b"x.jpg"}


def test_two_processes_cannot_apply_at_once(tree: Tree, tmp_path: Path) -> None:
    tree.drop("x.jpg", None)
    tree.save()

    def second(number: int, name: str, args: tuple[Any, ...]) -> None:
        if name == "rename":
            with pytest.raises(RunFolderError, match="another"):
                apply_run(tree.run, move(tmp_path / "elsewhere"))

    assert apply_run(tree.run, move(tmp_path / "out"), fs=FaultyFs(second)).done_total.files == 1
    assert not (tmp_path / "elsewhere").exists()
