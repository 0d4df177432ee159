"""Fault tests 4, 5 and 6: a file that crashes, hangs or swells its worker costs itself and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

import worker_tasks
from rfdedup.executors.base import BlockSpec, Failure
from rfdedup.executors.local import Pool, WorkerLimits
from rfdedup.model.errors import WorkerError

SRC = Path(__file__).parents[2] / "src"
TESTS = Path(__file__).parents[1]
DEFAULTS = WorkerLimits()
posix = pytest.mark.skipif(os.name != "posix", reason="signals as POSIX knows them")


def ok(count: int) -> list[tuple[str, int]]:
    return [("ok", n) for n in range(count)]


def run_one(items, limits=DEFAULTS, workers=1):
    with Pool(worker_tasks.obey, workers, limits) as pool:
        (done,) = pool.run([("tag", items)])
        return done, pool.stats


@pytest.mark.parametrize(
    ("item", "words"),
    [
        pytest.param(("segv", 0), "SIGSEGV", marks=posix),
        (("null", 0), ""),
        (("abort", 0), ""),
        (("exit", 3), "exit code 3"),
        (("exit", 0), "exit code 0"),
        (("sys.exit", 5), "exit code 5"),
    ],
)
def test_a_decoder_that_crashes_costs_its_file_alone(item, words):
    done, stats = run_one([*ok(3), item, *ok(2)])
    assert done.results[:3] + done.results[4:] == [0, 1, 2, 0, 1]
    assert done.results[3].kind == "decoder-crash"
    assert words in done.results[3].detail
    assert done.results[3].detail.endswith(", 2 times")
    assert stats.restarts == 2


def test_the_last_words_of_a_crash_are_kept():
    done, _ = run_one([("ok", 1), ("abort", 0)])
    assert done.warnings[1].startswith("free(): invalid pointer\n")


def test_first_last_and_two_culprits_in_one_chunk():
    done, stats = run_one([("exit", 1), *ok(4), ("exit", 2), ("exit", 3)])
    assert [type(result) for result in done.results] == [Failure, int, int, int, int, Failure, Failure]
    assert [done.results[n].detail.split(",")[0][-1] for n in (0, 5, 6)] == ["1", "2", "3"]
    assert done.results[1:5] == [0, 1, 2, 3]
    assert stats.restarts == 6


def test_every_item_crashes():
    done, _ = run_one([("exit", n) for n in range(3)], workers=2)
    assert [result.kind for result in done.results] == ["decoder-crash"] * 3


HASTY = WorkerLimits(file_seconds=0.6, stall_seconds=0.6)


def test_a_decoder_that_hangs_is_stopped_at_its_limit_and_others_are_not():
    started = time.monotonic()
    items = [("sleep", 0.3), ("hang", 0), ("sleep", 0.3), ("spin", 0), ("ok", 7)]
    done, _ = run_one(items, HASTY)
    assert [getattr(result, "kind", result) for result in done.results] == ["sleep", "stalled", "sleep", "timeout", 7]
    assert "longer than 0.6 s" in done.results[1].detail
    assert "0.6 s of processor time" in done.results[3].detail
    assert time.monotonic() - started >= 4 * 0.6


def test_the_limit_of_a_file_is_processor_time_and_not_the_clock():
    done, stats = run_one([("sleep", 1.5), ("ok", 7)], WorkerLimits(file_seconds=0.4))
    assert done.results == ["sleep", 7]
    assert stats.restarts == 0


def test_a_good_file_is_no_timeout_while_others_hold_the_processors():
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
    if not cores:
        pytest.skip("needs to hold all work to one core")
    script = "while True: pass"
    os.sched_setaffinity(0, cores[:1])
    others = [subprocess.Popen([sys.executable, "-c", script]) for _ in range(5)]
    try:
        started = time.monotonic()
        done, _ = run_one([("work", 0.5), ("ok", 1)], WorkerLimits(file_seconds=1.2))
        assert done.results == ["work", 1]
        assert time.monotonic() - started > 1.2
    finally:
        for other in others:
            other.kill()
            other.wait()
        os.sched_setaffinity(0, cores)


def test_a_worker_that_only_pretends_to_work_is_stalled_in_the_end():
    done, _ = run_one([("doze", 0), ("ok", 1)], WorkerLimits(file_seconds=30, stall_seconds=0.2))
    assert done.results[0].kind == "stalled"
    assert done.results[1] == 1


def test_a_decoder_that_eats_memory_is_stopped_and_others_are_not():
    done, stats = run_one([("ok", 1), ("hog", 0), ("MemoryError", 0), ("ok", 2)], WorkerLimits(memory_mb=300))
    assert [getattr(result, "kind", result) for result in done.results] == [1, "out-of-memory", "out-of-memory", 2]
    assert "300 MB" in done.results[1].detail
    assert "MemoryError" in done.results[2].detail
    assert 300 << 20 < stats.peak_rss_bytes < 900 << 20


@pytest.mark.parametrize("how", ["exit", "MemoryError", "hang"])
def test_a_file_that_fails_once_counts_as_read(tmp_path, how):
    items = [("ok", 1), ("flaky", (str(tmp_path / "marker"), how)), ("ok", 2)]
    done, stats = run_one(items, HASTY)
    assert done.results == [1, "recovered", 2]
    assert stats.restarts == 1


def test_the_retry_is_the_first_work_of_a_fresh_worker(tmp_path):
    log = tmp_path / "log"
    mark = ("mark", str(log))
    with Pool(worker_tasks.obey, 1) as pool:
        (done,) = pool.run([(0, [("flaky", (str(log), "exit")), mark, mark])])
        assert pool.stats.restarts == 1
    assert done.results == ["recovered", "mark", "mark"]
    lines = log.read_text().split()
    assert lines[0] == "retry"
    assert len(lines) == 3  # nothing was done twice


@posix
def test_a_worker_killed_from_outside_does_not_cost_its_file(tmp_path):
    log = tmp_path / "pids"
    killed = []
    with Pool(worker_tasks.obey, 2) as pool:
        run = pool.run((n, [("ok", n), ("mark", str(log)), ("ok", -n)]) for n in range(8))
        results = {}
        for done in run:
            results[done.tag] = done.results
            pid = int(log.read_text().split()[-1])
            if len(killed) < 4 and psutil.pid_exists(pid):
                os.kill(pid, signal.SIGKILL)
                killed.append(pid)
    assert killed
    assert results == {n: [n, "mark", -n] for n in range(8)}


@posix
def test_a_file_on_which_the_system_kills_every_worker_is_out_of_memory():
    done, stats = run_one([("ok", 1), ("kill", 0)])
    assert done.results[0] == 1
    assert done.results[1].kind == "out-of-memory"
    assert stats.restarts == 4


def test_chunks_behind_a_crash_lose_nothing():
    hostile = {(3, 1): ("exit", 3), (17, 0): ("MemoryError", 0), (17, 4): ("exit", 7), (39, 4): ("hang", 0)}
    chunks = [(n, [hostile.get((n, i), ("ok", (n, i))) for i in range(5)]) for n in range(40)]
    with Pool(worker_tasks.obey, 2, HASTY) as pool:
        done = {each.tag: each.results for each in pool.run(chunks)}
    lost = {(n, i) for n in range(40) for i in range(5) if done[n][i] != (n, i)}
    assert lost == set(hostile)
    assert [done[n][i].kind for n, i in sorted(lost)] == ["decoder-crash", "out-of-memory", "decoder-crash", "stalled"]


def test_blocks_survive_crashes_and_a_failed_row_is_zero():
    with Pool(worker_tasks.paint, 2, block=BlockSpec(4, 8, 8, count=3)) as pool:
        seen = 0
        for done in pool.run((n, [n, 100 + n, -1 if n % 8 == 0 else 50, 200]) for n in range(16)):
            assert done.block[[0, 1, 3], 0, 0, 0].tolist() == [done.tag, 100 + done.tag, 200]
            assert isinstance(done.results[2], Failure) == (done.tag % 8 == 0)
            assert (done.block[2] == (0 if done.tag % 8 == 0 else 50)).all()
            seen += 1
            done.release()
        assert seen == 16


def test_the_memory_limit_does_not_count_the_shared_blocks():
    block = BlockSpec(1, 4096, 4096, count=6)  # 288 MB
    with Pool(worker_tasks.paint, 1, WorkerLimits(memory_mb=200), block=block) as pool:
        for done in pool.run((n, [n]) for n in range(12)):
            assert done.results == [done.tag]
            done.release()
        assert pool.stats.restarts == 0


@pytest.mark.parametrize(
    ("limits", "start", "message"),
    [
        (DEFAULTS, "exit", r"5 times in a row .* exit code 4; its last words: cannot load libfoo"),
        (DEFAULTS, "raise", r"(?s)cannot start.*no licence"),
        (WorkerLimits(start_seconds=1.5), "hang", r"not ready 1.5 s after its start"),
        (WorkerLimits(memory_mb=1), "slow", r"5 times in a row .* more than 1 MB"),
    ],
)
def test_workers_that_cannot_start_stop_the_run(limits, start, message):
    with (
        Pool(worker_tasks.obey, 1, limits, initializer=worker_tasks.Start(start)) as pool,
        pytest.raises(WorkerError, match=message),
    ):
        list(pool.run([(0, [("sleep", 0.0)])]))


def test_what_was_finished_before_the_pool_broke_is_delivered():
    with Pool(worker_tasks.obey, 1, most_waiting=3) as pool:
        run = pool.run([(0, ok(2)), (1, ok(2)), (2, [("bug", 1)])])
        assert [next(run).tag, next(run).tag] == [0, 1]
        with pytest.raises(WorkerError):
            next(run)


VICTIM = """
import signal, sys, worker_tasks
from rfdedup.executors.local import Pool
signal.signal(signal.SIGINT, signal.default_int_handler)
chunks = [(n, [("mark", sys.argv[1]), ("hang", 0)]) for n in range(2)]
with Pool(worker_tasks.obey, 2) as pool:
    for done in pool.run(chunks):
        pass
"""


def start_victim(tmp_path: Path) -> tuple[subprocess.Popen[bytes], list[int], Path]:
    """A process whose two workers hang on an item; returns it, their process ids and its temporary folder."""
    temp = tmp_path / "temp"
    temp.mkdir()
    log = tmp_path / "pids"
    script = tmp_path / "victim.py"
    script.write_text(VICTIM)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(SRC), str(TESTS)]), "TMPDIR": str(temp), "TEMP": str(temp)}
    victim = subprocess.Popen(
        [sys.executable, script, log], env=env, stderr=subprocess.PIPE, start_new_session=os.name == "posix"
    )
    deadline = time.monotonic() + 60
    while not log.exists() or len(log.read_text().split()) < 2:
        assert time.monotonic() < deadline
        assert victim.poll() is None
        time.sleep(0.02)
    return victim, [int(line) for line in log.read_text().split()], temp


def gone(pids: list[int], seconds: float = 10) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not any(psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_workers_leave_when_the_parent_is_killed(tmp_path):
    victim, pids, temp = start_victim(tmp_path)
    victim.kill()
    stderr = victim.communicate(timeout=30)[1]
    assert gone(pids)
    assert stderr == b""
    assert list(temp.iterdir()) == []


@posix
def test_ctrl_c_ends_parent_and_workers_quietly(tmp_path):
    victim, pids, temp = start_victim(tmp_path)
    os.killpg(victim.pid, signal.SIGINT)  # as a terminal does: to the whole group
    stderr = victim.communicate(timeout=30)[1].decode()
    assert victim.returncode != 0
    assert gone(pids, 3)
    assert stderr.count("Traceback") == 1  # the parent's own
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert list(temp.iterdir()) == []


@posix
def test_ctrl_c_while_workers_start_is_quiet(tmp_path):
    script = tmp_path / "victim.py"
    script.write_text(
        "import operator, signal\nfrom rfdedup.executors.local import Pool\n"
        # whoever runs the tests in the background leaves SIGINT ignored to its children
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "with Pool(operator.neg, 2) as pool:\n"
        "    run = pool.run((n, [n]) for n in iter(int, 1))\n"
        "    print('go', flush=True)\n"
        "    for done in run: pass\n"
    )
    for delay in (0.0, 0.05, 0.1, 0.2):
        victim = subprocess.Popen(
            [sys.executable, script],
            env=os.environ | {"PYTHONPATH": str(SRC)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert victim.stdout.readline() == b"go\n"
        time.sleep(delay)
        os.killpg(victim.pid, signal.SIGINT)
        try:
            stderr = victim.communicate(timeout=30)[1].decode()
        finally:
            victim.kill()
        assert stderr.count("Traceback") == 1, stderr
        assert stderr.rstrip().endswith("KeyboardInterrupt")
