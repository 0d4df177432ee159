"""Journals and verdicts that somebody else wrote: nothing outside the roots of the user's own run is touched."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import rfdedup
from apply_helpers import Tree, files, make_tree, move, snapshot
from in_process import without_workers
from rfdedup.cli.main import main
from rfdedup.demo.planting import shipped_photos
from rfdedup.model.errors import ConfigError, RunFolderError
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run
from rfdedup.storage.run_folder import RunFolder
from rfdedup.storage.trust import is_own

KNOWN = b"known content"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """Two copies of a picture, and a folder that no run ever heard of."""
    tree = make_tree(tmp_path)
    tree.keep("king.jpg", b"same")
    tree.drop("copy.jpg", "king.jpg", b"same")
    tree.drop("dark.jpg", None, b"dark", reason="dark")
    tree.save()
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim/known.txt").write_bytes(KNOWN)
    return tree


@contextmanager
def journal(run: Path) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(run / "journal.sqlite")
    with database:
        yield database
    database.close()


def forge(run: Path, source: Path, target: Path | None, data: bytes, **values: Any) -> None:
    """Add an action to a journal, as one who knows what lies where would."""
    row: dict[str, Any] = {
        "id": 900,
        "session": 1,
        "unit": 900,
        "role": "image",
        "kind": "move",
        "state": "done",
        "size": len(data),
        "mtime_ns": 0,
        "mode": 0o644,
        "sha256": hashlib.sha256(data).hexdigest(),
        "device": 0,
        "inode": 0,
        "links": 1,
        **values,
    }
    with journal(run) as database:
        for key, path in (("base", source), ("target_base", target)):
            if path is None:
                continue
            folder = os.fsencode(path.parent)
            database.execute("insert or ignore into base (path) values (?)", (folder,))
            row[key] = database.execute("select id from base where path = ?", (folder,)).fetchone()[0]
            row["name" if key == "base" else "target"] = os.fsencode(path.name)
        marks = ", ".join("?" * len(row))
        database.execute(f"insert into action ({', '.join(row)}) values ({marks})", tuple(row.values()))


def elsewhere(tree: Tree) -> Path:
    """The run folder as another user gets it: without the note of the one who made it."""
    stranger = tree.run.with_name("stranger")
    shutil.copytree(tree.run, stranger)
    return stranger


def refused_in_one_line(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    return said


@pytest.mark.parametrize("state", ["done", "pending", "undoing", "cancelled"])
@pytest.mark.parametrize("kind", ["move", "copy", "link", "write", "delete"])
def test_a_forged_action_outside_the_roots_stops_everything(
    tree: Tree, tmp_path: Path, kind: str, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    (tree.run / "payload").write_bytes(KNOWN)
    victim = tmp_path / "victim/known.txt"
    role = {"write": "dataset", "delete": "sidecar"}.get(kind, "image")
    target = None if kind == "delete" else tree.run / "payload" if kind != "write" else victim
    forge(tree.run, victim, target, KNOWN, kind=kind, state=state, role=role)
    before = snapshot(tree.root, tmp_path / "out", tmp_path / "victim")
    for arguments in (("undo", tree.run), ("undo", tree.run, "--all"), ("apply", tree.run, "--move", tmp_path / "o2")):
        said = refused_in_one_line(capsys, *arguments)
        assert "nothing was touched" in said
        assert f"--root {tmp_path / 'victim'}" in said
    assert snapshot(tree.root, tmp_path / "out", tmp_path / "victim") == before


def test_a_file_is_not_brought_back_to_a_new_place_with_the_bits_of_a_program(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    payload = tree.run / "payload"
    payload.write_bytes(b"#!/bin/sh\n")
    forge(tree.run, tmp_path / "victim/evil.desktop", payload, b"#!/bin/sh\n", mode=0o6755)
    with pytest.raises(RunFolderError, match="nothing was touched"):
        undo_run(tree.run)
    assert files(tmp_path / "victim") == {"known.txt": KNOWN}


@pytest.mark.skipif(os.name == "nt", reason="there are no such bits")
def test_undo_sets_no_setuid_bit_that_only_the_journal_knows(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    with journal(tree.run) as database:
        database.execute("update action set mode = ?", (0o7755,))
    assert undo_run(tree.run).complete
    assert (tree.root / "copy.jpg").stat().st_mode & 0o7777 == 0o755


def test_a_forged_write_does_not_remove_a_picture(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    picture = tree.root / "king.jpg"
    forge(tree.run, picture, picture, b"same", kind="write", role="dataset")
    with pytest.raises(RunFolderError, match="nothing was touched"):
        undo_run(tree.run)
    assert picture.read_bytes() == b"same"


def test_a_forged_copy_does_not_remove_the_picture_beside_it(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, Request(Action.COPY, tmp_path / "out"))
    tree.put("other.jpg", b"same")
    forge(tree.run, tree.root / "king.jpg", tree.root / "other.jpg", b"same", kind="copy")
    with pytest.raises(RunFolderError, match="nothing was touched"):
        undo_run(tree.run)
    assert (tree.root / "other.jpg").exists()


def test_a_forged_sidecar_is_not_deleted_by_a_command_that_moves(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, Request(Action.DELETE))
    with journal(tree.run) as database:
        database.execute("update session set state = 'running'")
        unit = database.execute("select id from action where role = 'image' limit 1").fetchone()[0]
    king = tree.root / "king.jpg"
    forge(tree.run, king, None, b"same", kind="delete", role="sidecar", state="cancelled", unit=unit)
    for request in (move(tmp_path / "out"), Request(Action.DELETE)):
        apply_run(tree.run, request)
        assert king.read_bytes() == b"same"


@pytest.mark.skipif(os.name == "nt", reason="needs symbolic links")
def test_a_folder_that_became_a_link_leads_no_open_action_elsewhere(tree: Tree, tmp_path: Path) -> None:
    tree.put("sub/x", b"")
    apply_run(tree.run, move(tmp_path / "out"))
    (tmp_path / "out/known.txt").write_bytes(KNOWN)
    shutil.rmtree(tree.root / "sub")
    (tree.root / "sub").symlink_to(tmp_path / "victim")
    forge(tree.run, tree.root / "known.txt", tmp_path / "out/known.txt", KNOWN, state="pending")
    with journal(tree.run) as database:
        database.execute(
            "update action set name = 'sub/known.txt', name = cast('sub/known.txt' as blob) where id = 900"
        )
    undo_run(tree.run)
    apply_run(tree.run, move(tmp_path / "out"))
    assert (tmp_path / "victim/known.txt").read_bytes() == KNOWN


def test_folders_of_a_forged_journal_are_left_alone(tree: Tree, tmp_path: Path) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    empty = tmp_path / "victim/empty"
    empty.mkdir()
    with journal(tree.run) as database:
        database.execute("insert into folder values (1, ?, 1, null, null, 1)", (os.fsencode(empty),))
    with pytest.raises(RunFolderError, match="nothing was touched"):
        undo_run(tree.run)
    assert empty.is_dir()


@pytest.mark.parametrize("column", ["size", "mode", "mtime_ns", "sha256", "kind", "role", "name", "base"])
def test_values_of_another_type_are_one_line(tree: Tree, tmp_path: Path, column: str) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    before = snapshot(tree.root, tmp_path / "out")
    for value in ("many", b"\xff", 1.5):
        with journal(tree.run) as database:
            database.execute(f"update action set {column} = ?", (value,))
        if (column, value) == ("name", b"\xff") or (column == "sha256" and value != b"\xff"):
            continue
        with pytest.raises(RunFolderError):
            undo_run(tree.run)
        assert snapshot(tree.root, tmp_path / "out") == before


def test_a_run_folder_of_somebody_else_needs_its_roots_named(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = elsewhere(tree)
    out = tmp_path / "out"
    said = refused_in_one_line(capsys, "apply", run, "--move", out)
    assert f"--root {tree.root}" in said
    assert not out.exists()
    refused_in_one_line(capsys, "apply", run, "--move", out, "--root", tmp_path / "victim")
    assert not out.exists()
    assert apply_run(run, move(out, roots=(tree.root,))).done_total.files == 2
    # what was named once is known from then on
    assert undo_run(run).restored == 2


def test_a_journal_of_somebody_else_needs_its_roots_named(
    tree: Tree, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = snapshot(tree.root)
    out = tmp_path / "deep/er/out"
    apply_run(tree.run, move(out))
    run = elsewhere(tree)
    said = refused_in_one_line(capsys, "undo", run)
    assert f"--root {tree.root}" in said
    assert f"--root {out}" in said
    with pytest.raises(RunFolderError):
        undo_run(run, roots=(tree.root,))
    assert undo_run(run, roots=(tree.root, out)).restored == 2
    assert files(tree.root) == {"king.jpg": b"same", "copy.jpg": b"same", "dark.jpg": b"dark"}
    assert snapshot(tree.root) == before


@pytest.fixture
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An input of a real run, the run beside it."""
    without_workers(monkeypatch)
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(shipped_photos()[3], folder / name)
    rfdedup.refine(folder, tmp_path / "run", tiers=["quality", "hash"])
    return folder


def test_a_run_folder_may_be_moved_and_copied(pictures: Path, tmp_path: Path) -> None:
    assert apply_run(tmp_path / "run", move(tmp_path / "out")).done_total.files == 1
    (tmp_path / "run").rename(tmp_path / "renamed")
    shutil.copytree(tmp_path / "renamed", tmp_path / "copied")
    assert undo_run(tmp_path / "copied").restored == 1
    assert apply_run(tmp_path / "copied", move(tmp_path / "out2")).done_total.files == 1


def test_a_run_of_another_machine_is_not_ones_own(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rfdedup.storage.trust._machine", lambda: "another")
    with pytest.raises(RunFolderError, match="--root"):
        apply_run(tmp_path / "run", move(tmp_path / "out"))
    # making the run here makes it one's own, although its verdicts would not change
    rfdedup.refine(pictures, tmp_path / "run", tiers=["quality", "hash"])
    assert apply_run(tmp_path / "run", move(tmp_path / "out")).done_total.files == 1


def test_recompute_of_a_strangers_run_does_not_make_its_inputs_ones_own(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rfdedup.storage.trust._machine", lambda: "another")
    rfdedup.refine(pictures, tmp_path / "run", tiers=["quality", "hash"], named=False)
    assert not is_own(RunFolder(tmp_path / "run"))


def test_without_a_folder_for_notes_the_run_still_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_workers(monkeypatch)
    folder = tmp_path / "in"
    folder.mkdir()
    shutil.copy(shipped_photos()[3], folder / "a.jpg")
    monkeypatch.setattr("rfdedup.storage.trust._homes", lambda: [tmp_path / "in/a.jpg/runs"])
    run = rfdedup.refine(folder, tmp_path / "run", tiers=["quality"])
    assert run.info["status"] == "complete"


@pytest.mark.skipif(os.name == "nt", reason="permissions are told in another way there")
@pytest.mark.parametrize("mode", [0o777, 0o775])
def test_notes_that_others_can_write_are_not_believed(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int
) -> None:
    home = tmp_path / "home/runs"
    monkeypatch.setattr("rfdedup.storage.trust._homes", lambda: [home])
    run = tree.save()
    os.chmod(home, mode)
    with pytest.raises(RunFolderError, match="--root"):
        apply_run(run, move(tmp_path / "out"))


def rewrite(tree: Tree, name: str, **values: Any) -> None:
    """Change one row of the verdicts, as one who wants to be believed would."""
    file = tree.run / "verdicts.parquet"
    rows = pq.read_table(file).to_pylist()
    next(row for row in rows if row["path"] == name).update(values)
    pq.write_table(pa.Table.from_pylist(rows, schema=VERDICTS), file)


def as_row(path: Path) -> dict[str, Any]:
    status = path.stat()
    return {
        "root": str(path.parent),
        "path": path.name,
        "path_bytes": os.fsencode(path.name),
        "mtime_ns": status.st_mtime_ns,
        "bytes": status.st_size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


@pytest.mark.parametrize("dry_run", [False, True])
def test_rows_of_no_input_of_the_run_are_refused(tree: Tree, tmp_path: Path, dry_run: bool) -> None:
    rewrite(tree, "dark.jpg", **as_row(tmp_path / "victim/known.txt"))
    with pytest.raises(RunFolderError, match="victim"):
        apply_run(tree.run, move(tmp_path / "out"), dry_run=dry_run)
    assert files(tmp_path / "victim") == {"known.txt": KNOWN}


@pytest.mark.parametrize("dry_run", [False, True])
@pytest.mark.parametrize("action", [Action.MOVE, Action.DELETE])
def test_an_exact_drop_with_other_bytes_than_its_king_is_refused(
    tree: Tree, tmp_path: Path, action: Action, dry_run: bool
) -> None:
    rewrite(
        tree,
        "dark.jpg",
        tier="exact",
        reason="sha256",
        king="king.jpg",
        king_root=str(tree.root),
        king_path_bytes=b"king.jpg",
    )
    target = tmp_path / "out" if action == Action.MOVE else None
    with pytest.raises(RunFolderError, match="SHA-256"):
        apply_run(tree.run, Request(action, target), dry_run=dry_run)
    assert files(tree.root).keys() == {"king.jpg", "copy.jpg", "dark.jpg"}


def test_a_quality_drop_for_an_unknown_reason_is_refused(tree: Tree, tmp_path: Path) -> None:
    rewrite(tree, "dark.jpg", reason="because")
    with pytest.raises(RunFolderError, match="quality tier"):
        apply_run(tree.run, move(tmp_path / "out"))


@pytest.mark.skipif(os.name == "nt", reason="needs pipes and links")
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
@pytest.mark.timeout(20)
def test_a_journal_that_is_no_file_is_refused_in_one_line(
    tree: Tree, tmp_path: Path, kind: str, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    apply_run(tree.run, move(tmp_path / "out"))
    victim = tmp_path / "victim/places.sqlite"
    with sqlite3.connect(victim) as database:
        database.execute("create table bookmarks (x)")
    database.close()
    whole = victim.read_bytes()
    beside = tree.run / f"journal.sqlite{ending}"
    beside.unlink(missing_ok=True)
    if kind == "link":
        beside.symlink_to(victim)
    elif kind == "folder":
        beside.mkdir()
    else:
        os.mkfifo(beside)
    for arguments in (
        ("apply", tree.run, "--move", tmp_path / "out"),
        ("apply", tree.run, "--move", tmp_path / "out", "--dry-run"),
        ("undo", tree.run),
    ):
        assert str(beside) in refused_in_one_line(capsys, *arguments)
    assert victim.read_bytes() == whole
    assert len(list((tmp_path / "victim").iterdir())) == 2


def test_a_journal_that_is_the_database_of_another_program_is_not_written(tree: Tree, tmp_path: Path) -> None:
    with sqlite3.connect(tree.run / "journal.sqlite") as database:
        database.execute("create table bookmarks (x)")
    database.close()
    whole = (tree.run / "journal.sqlite").read_bytes()
    with pytest.raises(RunFolderError, match="another program"):
        apply_run(tree.run, move(tmp_path / "out"))
    assert (tree.run / "journal.sqlite").read_bytes() == whole


@pytest.mark.parametrize("name", ["x" * 300, "run/run.json/x"])
def test_a_target_that_cannot_be_made_is_one_line(tree: Tree, tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot use"):
        apply_run(tree.run, move(tmp_path / name))
    with pytest.raises(RunFolderError, match="nothing"):
        undo_run(tree.run)
