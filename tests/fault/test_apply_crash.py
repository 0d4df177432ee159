"""A crash or an error at every call of the file system: nothing is lost, resuming finishes, undo is the identity."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apply_helpers import (
    CrashError,
    Fact,
    FaultyFs,
    Tree,
    contents,
    files,
    make_tree,
    other_device,
    snapshot,
)
from rfdedup.model.errors import ApplyStoppedError, ConfigError, RunFolderError
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run
from rfdedup.outputs.apply.fsops import FsOps

ACTIONS = ["move", "copy", "link", "move-across", "copy-across"]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: these tests crash processes, not machines."""
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK):
        folder = Path(tempfile.mkdtemp(dir=memory))
        yield folder
        shutil.rmtree(folder)
    else:
        yield tmp_path


def build(folder: Path, *, hard_links: bool) -> Tree:
    tree = make_tree(folder)
    other = folder / "more"
    other.mkdir()
    tree.keep("a/king.jpg", b"king")
    tree.put("labels/a/king.txt", b"0 .5 .5 1 1\n")
    tree.drop("a/copy.jpg", "a/king.jpg", b"king copy", mode=0o600)
    tree.put("a/copy.xmp", b"meta")
    tree.drop("images/deep/er/blurry.png", None, b"blurry", mode=0o444)
    tree.put("labels/deep/er/blurry.txt", b"1 .5 .5 1 1\n", mode=0o640)
    tree.drop("same.jpg", None, b"one")
    tree.drop("same.jpg", None, b"two", root=other)
    first = tree.put("h/first.jpg", b"hard")
    if hard_links:
        os.link(first, tree.root / "h/second.jpg")
    else:
        tree.put("h/second.jpg", b"hard")
    tree.keep("h/first.jpg")
    tree.drop("h/second.jpg", "h/first.jpg", flags=("hardlink",))
    tree.put("h/bystander.txt", b"not mine")
    tree.save()
    return tree


def request(action: str, folder: Path) -> Request:
    return Request(Action(action.removesuffix("-across")), folder / "new" / "out")


def file_system(action: str, folder: Path, **hooks: Any) -> FaultyFs:
    fs = FaultyFs(**hooks)
    return other_device(fs, folder / "new") if action.endswith("-across") else fs


def data(folder: Path) -> list[bytes]:
    return contents(*(folder / name for name in ("photos", "more", "new")))


def everything(folder: Path) -> dict[str, Fact]:
    facts = snapshot(folder / "photos", folder / "more", folder / "new")
    return {os.path.relpath(path, folder): fact for path, fact in facts.items()}


class Case:
    """One tree in its states: before, and after an apply that nothing disturbed."""

    def __init__(self, action: str, place: Path) -> None:
        self.action = action
        self.place = place
        tree, folder = self.fresh()
        counter = file_system(action, folder)
        summary = apply_run(tree.run, request(action, folder), fs=counter)
        assert summary.failures == 0
        assert summary.done_total.files == (5 if action.startswith("move") else 2)
        self.apply_calls = counter.calls
        self.after = files(folder / "new"), files(folder / "photos"), files(folder / "more")
        assert any("~" in name for name in self.after[0]) == action.startswith("move")
        counter = file_system(action, folder)
        assert undo_run(tree.run, fs=counter).complete
        self.undo_calls = counter.calls
        assert everything(folder) == self.before

    def fresh(self) -> tuple[Tree, Path]:
        # new names of collisions are made from absolute paths, so it is the same folder each time
        folder = self.place / "case"
        shutil.rmtree(folder, ignore_errors=True)
        tree = build(folder, hard_links=self.action != "move-across")
        self.before = everything(folder)
        return tree, folder

    def check_nothing_lost(self, folder: Path) -> None:
        now = Counter(data(folder))
        needed = Counter(fact.content for fact in self.before.values() if fact.kind == "file")
        assert not needed - now, "bytes are missing"

    def finish(self, tree: Tree, folder: Path, *, by_undo: bool, by_error: bool) -> None:
        fs = file_system(self.action, folder)
        if by_undo:
            # a process that died before its first entry left no journal or an empty one
            with contextlib.suppress(RunFolderError):
                assert undo_run(tree.run, fs=fs).complete
            assert everything(folder) == self.before
            return
        assert apply_run(tree.run, request(self.action, folder), fs=fs).failures == 0
        now = files(folder / "new"), files(folder / "photos"), files(folder / "more")
        assert now == self.after or (
            by_error and in_turn(now[0]) == in_turn(self.after[0]) and now[1:] == self.after[1:]
        )
        assert undo_run(tree.run, everything=True, fs=file_system(self.action, folder)).complete
        assert everything(folder) == self.before


def in_turn(found: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Files of one name in either order: the one that an error kept back comes second."""
    return sorted((re.sub("~[0-9a-f]+", "", name), data) for name, data in found.items())


def sweep(
    case: Case,
    calls: range,
    during: Callable[[Tree, Path, int], None],
    *,
    turns: tuple[bool, ...] = (False, True),
    by_error: bool = False,
) -> None:
    for number in calls:
        for by_undo in turns:
            tree, folder = case.fresh()
            during(tree, folder, number)
            case.check_nothing_lost(folder)
            case.finish(tree, folder, by_undo=by_undo, by_error=by_error)


def crash_at(number: int) -> Callable[[int, str, tuple[Any, ...]], None]:
    def hook(call: int, name: str, args: tuple[Any, ...]) -> None:
        if call == number:
            raise CrashError

    return hook


def crash_apply(case: Case, where: str) -> Callable[[Tree, Path, int], None]:
    def during(tree: Tree, folder: Path, number: int) -> None:
        fs = file_system(case.action, folder, **{where: crash_at(number)})
        with pytest.raises(CrashError):
            apply_run(tree.run, request(case.action, folder), fs=fs)

    return during


def crash_undo(case: Case, where: str) -> Callable[[Tree, Path, int], None]:
    def during(tree: Tree, folder: Path, number: int) -> None:
        apply_run(tree.run, request(case.action, folder), fs=file_system(case.action, folder))
        with pytest.raises(CrashError):
            undo_run(tree.run, fs=file_system(case.action, folder, **{where: crash_at(number)}))

    return during


def fail_apply(case: Case, code: int) -> Callable[[Tree, Path, int], None]:
    stops: list[str] = []

    def during(tree: Tree, folder: Path, number: int) -> None:
        def fault(call: int, name: str, args: tuple[Any, ...]) -> None:
            if call == number:
                raise OSError(code, os.strerror(code))

        try:
            apply_run(tree.run, request(case.action, folder), fs=file_system(case.action, folder, fault=fault))
        except ApplyStoppedError as error:
            stops.append(str(error))
        except ConfigError as error:
            # the folder that was named cannot be looked at: nothing was begun
            stops.append(f"{error}; again")

        assert all("again" in stop for stop in stops)

    return during


def fail_undo(case: Case, code: int) -> Callable[[Tree, Path, int], None]:
    stops: list[str] = []

    def during(tree: Tree, folder: Path, number: int) -> None:
        apply_run(tree.run, request(case.action, folder), fs=file_system(case.action, folder))

        def fault(call: int, name: str, args: tuple[Any, ...]) -> None:
            if call == number:
                raise OSError(code, os.strerror(code))

        with_fault = file_system(case.action, folder, fault=fault)
        try:
            undo_run(tree.run, fs=with_fault)
        except ApplyStoppedError as error:
            stops.append(str(error))

        assert all("again" in stop for stop in stops)

    return during


def steps(calls: int, stride: int, start: int) -> range:
    return range(1 + start % stride, calls + 1, stride)


@pytest.mark.parametrize("action", ACTIONS)
def test_fault_25_crash_at_some_calls(action: str, place: Path) -> None:
    case = Case(action, place)
    sweep(case, steps(case.apply_calls, 13, 4), crash_apply(case, "fault"))
    sweep(case, steps(case.apply_calls, 17, 9), crash_apply(case, "after"))
    sweep(case, steps(case.undo_calls, 11, 3), crash_undo(case, "after"))


@pytest.mark.parametrize("action", ["move", "move-across", "copy"])
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES])
def test_an_error_at_some_calls_costs_one_file_at_most(action: str, code: int, place: Path) -> None:
    case = Case(action, place)
    sweep(case, steps(case.apply_calls, 23, code), fail_apply(case, code), turns=(False,), by_error=True)


@pytest.mark.long
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("where", ["fault", "after"])
def test_crash_at_every_call_of_apply(action: str, where: str, place: Path) -> None:
    case = Case(action, place)
    sweep(case, steps(case.apply_calls, 1, 0), crash_apply(case, where))


@pytest.mark.long
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("where", ["fault", "after"])
def test_crash_at_every_call_of_undo(action: str, where: str, place: Path) -> None:
    case = Case(action, place)
    sweep(case, steps(case.undo_calls, 1, 0), crash_undo(case, where))


@pytest.mark.long
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC, errno.EACCES, errno.EROFS])
def test_an_error_at_every_call(action: str, code: int, place: Path) -> None:
    case = Case(action, place)
    sweep(case, steps(case.apply_calls, 1, 0), fail_apply(case, code), turns=(False,), by_error=True)
    sweep(case, steps(case.undo_calls, 1, 0), fail_undo(case, code), turns=(True,))


def test_an_undisturbed_file_system_passes_through(tmp_path: Path) -> None:
    fs = FaultyFs()
    (tmp_path / "x").write_bytes(b"x")
    assert fs.digest(os.fspath(tmp_path / "x")) == FsOps().digest(os.fspath(tmp_path / "x"))
    assert fs.log == ["digest"]
