"""Fault test 26: SIGKILL of the run or of a worker, at any moment. Resumed verdicts are the uninterrupted ones."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pyarrow as pa
import pytest

import in_process
import kill_child
import rfdedup
from rfdedup.pipeline import measuring
from rfdedup.sources import plan

TESTS = Path(__file__).parents[1]
SRC = TESTS.parent / "src"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks its victims")


class Victims:
    """Starts runs that can be killed."""

    def __init__(self, images: Path, log: Path) -> None:
        self.images = images
        self.log = log
        path = os.pathsep.join([str(SRC), str(TESTS)])
        self._server = subprocess.Popen(
            [sys.executable, str(TESTS / "kill_child.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log.open("wb"),
            env={**os.environ, "PYTHONPATH": path},
            text=True,
        )

    def start(self, out: Path, die_at: int | None = None, workers: int = 1) -> int:
        order = {"images": str(self.images), "out": str(out), "die_at": die_at, "workers": workers}
        assert self._server.stdin is not None
        self._server.stdin.write(json.dumps(order) + "\n")
        self._server.stdin.flush()
        return int(self._answer())

    def ended(self) -> int:
        """Signal that ended the last one, 0 if it finished; it must not have failed of itself."""
        assert self._server.stdin is not None
        self._server.stdin.write("collect\n")
        self._server.stdin.flush()
        status = int(self._answer())
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL), self.log.read_text()
        return -os.waitstatus_to_exitcode(status)

    def _answer(self) -> str:
        assert self._server.stdout is not None
        return self._server.stdout.readline()

    def stop(self) -> None:
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait(60)


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return in_process.small_set(tmp_path_factory.mktemp("kill") / "images")


@pytest.fixture(scope="module")
def victims(images: Path) -> Iterator[Victims]:
    victims = Victims(images, images.parent / "stderr.txt")
    yield victims
    victims.stop()


@pytest.fixture(scope="module")
def uninterrupted(images: Path, victims: Victims) -> tuple[rfdedup.Run, float]:
    """A run that nobody killed, and the seconds that it took."""
    began = time.monotonic()
    victims.start(images.parent / "uninterrupted")
    assert victims.ended() == 0
    took = time.monotonic() - began
    run = rfdedup.Run.open(images.parent / "uninterrupted")
    assert set(run.dropped["tier"].to_pylist()) == {"quality", "exact", "perceptual", "semantic"}
    return run, took


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs are resumed in this process, in the same small steps."""
    monkeypatch.setattr(plan, "SHARD_ROWS", plan.SHARD_ROWS)
    monkeypatch.setattr(measuring, "CHUNK", measuring.CHUNK)
    kill_child.small_steps()
    in_process.without_workers(monkeypatch)


def same(run: rfdedup.Run, expected: rfdedup.Run) -> None:
    """Every column of every row, floats included, is as in the uninterrupted run."""
    order = [("root", "ascending"), ("path_bytes", "ascending")]
    one, other = (pa.table(r.verdicts).sort_by(order) for r in (run, expected))
    assert one.equals(other)
    assert run.links.equals(expected.links)
    assert not list(run.path.rglob("*.tmp"))
    assert not list(run.path.rglob("*.object"))
    measured = [
        {path.name: path.read_bytes() for path in (r.path / "features").glob("[mp]*_0*")} for r in (run, expected)
    ]
    assert len(measured[0]) > 8
    assert measured[0] == measured[1]


def resume_and_compare(images: Path, out: Path, expected: rfdedup.Run) -> None:
    same(rfdedup.refine(images, out), expected)


@pytest.mark.parametrize("die_at", [1, 4, 9, 14, 40, 55, 66])
def test_killed_at_a_write_the_resumed_verdicts_are_the_same(
    images: Path, victims: Victims, uninterrupted: tuple[rfdedup.Run, float], tmp_path: Path, die_at: int
) -> None:
    victims.start(tmp_path / "run", die_at)
    assert victims.ended() == signal.SIGKILL
    resume_and_compare(images, tmp_path / "run", uninterrupted[0])


def killed_at_random(victims: Victims, out: Path, seconds: float) -> bool:
    child = victims.start(out)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    return victims.ended() == signal.SIGKILL


@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random_again_and_again(
    images: Path, victims: Victims, uninterrupted: tuple[rfdedup.Run, float], tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    for _ in range(2):
        killed_at_random(victims, tmp_path / "run", rng.uniform(0, uninterrupted[1]))
    resume_and_compare(images, tmp_path / "run", uninterrupted[0])


def workers_of(process: psutil.Process) -> list[psutil.Process]:
    """The worker processes; Python's resource tracker, which is a child as well, is none."""
    found = []
    for child in process.children(recursive=True):
        try:
            if any("spawn_main" in word for word in child.cmdline()):
                found.append(child)
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            continue
    return found


def kill_a_worker(victims: Victims, out: Path, rng: random.Random, within: float) -> int:
    """Kill one worker at a random moment of a run of two. Returns how many were killed; the run must end well."""
    process = psutil.Process(victims.start(out, workers=2))
    deadline = time.monotonic() + rng.uniform(0, within)
    killed = 0
    while not killed:
        try:
            workers = workers_of(process)
            if workers and time.monotonic() > deadline:
                rng.choice(workers).kill()
                killed = 1
        except (psutil.NoSuchProcess, psutil.ZombieProcess):
            break
        if process.status() == psutil.STATUS_ZOMBIE:
            break
        time.sleep(0.005)
    assert victims.ended() == 0
    return killed


@pytest.mark.parametrize("seed", range(2))
def test_a_killed_worker_changes_nothing(
    victims: Victims, uninterrupted: tuple[rfdedup.Run, float], tmp_path: Path, seed: int
) -> None:
    kill_a_worker(victims, tmp_path / "run", random.Random(seed), uninterrupted[1] / 2)
    same(rfdedup.Run.open(tmp_path / "run"), uninterrupted[0])


LAST_WRITE = 66
"""A run of the small set syncs at least so often."""


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("batch", range(10))
def test_twenty_of_two_hundred_kills(
    images: Path, victims: Victims, uninterrupted: tuple[rfdedup.Run, float], tmp_path: Path, batch: int
) -> None:
    rng = random.Random(f"batch {batch}")
    expected, seconds = uninterrupted
    for number, point in enumerate(rng.sample(range(1, LAST_WRITE + 1), 10)):
        out = tmp_path / f"write{number}"
        victims.start(out, point)
        assert victims.ended() == signal.SIGKILL
        resume_and_compare(images, out, expected)
    killed = 0
    while killed < 8:  # a run that was over before its moment came is no kill
        out = tmp_path / f"moment{killed}"
        killed += killed_at_random(victims, out, rng.uniform(0, seconds))
        resume_and_compare(images, out, expected)
        shutil.rmtree(out)
    killed = 0
    while killed < 2:
        out = tmp_path / f"worker{killed}"
        killed += kill_a_worker(victims, out, rng, seconds / 2)
        same(rfdedup.Run.open(out), expected)
        shutil.rmtree(out)
