"""SIGKILL at random points of apply and undo, in a real process: no byte is lost, and the next call goes on."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from apply_helpers import Fact, Tree, contents, files, make_tree, snapshot
from rfdedup.model.errors import RunFolderError
from rfdedup.outputs.apply import Action, Request, apply_run, undo_run

TESTS = Path(__file__).resolve().parents[1]
IMAGES = 160
KILLED = 1 if os.name == "nt" else -signal.SIGKILL


def build(folder: Path) -> Tree:
    tree = make_tree(folder)
    for number in range(IMAGES // 4):
        name = f"images/{number % 7}/{number:03d}"
        tree.keep(f"{name}.jpg", b"king %03d" % number)
        for copy in "abc":
            tree.drop(f"{name}{copy}.jpg", f"{name}.jpg", b"subject %03d" % number + copy.encode() * 2000)
            tree.put(f"labels/{number % 7}/{number:03d}{copy}.xml", b"")
            tree.put(f"images/{number % 7}/{number:03d}{copy}.xmp", b"meta %03d" % number + copy.encode())
    tree.save()
    return tree


class Killer:
    """Starts the child, lets it work for a random time and kills it."""

    def __init__(self, tree: Tree, action: str, target: Path, seed: int) -> None:
        self.tree = tree
        self.action = action
        self.target = target
        self.random = random.Random(seed)

    def run(self, what: str, longest: float) -> bool:
        """Whether the process died from the kill, and did not finish before it."""
        command = [sys.executable, os.fspath(TESTS / "apply_child.py"), what, os.fspath(self.tree.run)]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([os.fspath(TESTS), *sys.path])}
        with subprocess.Popen(
            [*command, self.action, os.fspath(self.target)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stdout.readline().strip() == b"ready"
            child.stdin.write(b"go\n")
            child.stdin.flush()
            time.sleep(self.random.random() * longest)
            child.kill()
            code = child.wait()
        assert code in (0, KILLED), "it ended by itself, with an error"
        return code == KILLED


class Ground:
    """A tree, what it held at first, and what it holds after an apply that nobody killed."""

    def __init__(self, folder: Path, action: str) -> None:
        self.folder = folder
        self.tree = build(folder)
        self.target = folder / "out"
        self.request = Request(Action(action), self.target)
        self.before: dict[str, Fact] = snapshot(self.tree.root)
        started = time.perf_counter()
        assert apply_run(self.tree.run, self.request).failures == 0
        self.seconds = time.perf_counter() - started
        self.after = files(self.target), files(self.tree.root)
        assert undo_run(self.tree.run).complete
        self.check_undone()

    def check_undone(self) -> None:
        assert snapshot(self.tree.root) == self.before
        assert not self.target.exists()

    def check_applied(self) -> None:
        assert (files(self.target), files(self.tree.root)) == self.after

    def check_nothing_lost(self) -> None:
        needed = Counter(fact.content for fact in self.before.values() if fact.kind == "file")
        assert not needed - Counter(contents(self.tree.root, self.target)), "bytes are missing"

    def undo_rest(self) -> None:
        try:
            assert undo_run(self.tree.run, everything=True).complete
        except RunFolderError as error:
            if "nothing" not in str(error):
                raise


def kill_rounds(ground: Ground, rounds: int, seed: int) -> dict[str, int]:
    """Kill apply and undo by turns; settle now and then by resuming either way. Returns how often what happened."""
    killer = Killer(ground.tree, str(ground.request.action), ground.target, seed)
    seen: Counter[str] = Counter()
    for number in range(rounds):
        what = "undo" if number % 3 == 2 else "apply"
        if what == "undo":
            assert apply_run(ground.tree.run, ground.request).failures == 0
        seen["killed" if killer.run(what, 1.3 * ground.seconds) else "finished"] += 1
        ground.check_nothing_lost()
        if number % 4 == 1:
            assert apply_run(ground.tree.run, ground.request).failures == 0
            ground.check_applied()
        if number % 4 >= 2:
            ground.undo_rest()
            ground.check_undone()
    return seen


@pytest.fixture
def place() -> Iterator[Path]:
    """In memory where possible: a kill is not a power cut, and synced disks are slow."""
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(dir=memory if os.access(memory, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("action", ["move", "copy"])
def test_fault_25_sigkill_at_random_points(action: str, place: Path) -> None:
    seen = kill_rounds(Ground(place / "tree", action), rounds=6, seed=len(action))
    assert sum(seen.values()) == 6


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("action", ["move", "copy", "link"])
def test_fault_25_sigkill_hundreds_of_times(action: str, place: Path, record_property: pytest.FixtureRequest) -> None:
    seen = kill_rounds(Ground(place / "tree", action), rounds=120, seed=1)
    sys.stderr.write(f"\n{action}: {dict(seen)}\n")
    assert seen["killed"] >= 30
