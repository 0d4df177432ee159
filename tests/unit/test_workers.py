"""Worker pool on input that does no harm: alignment, laziness, blocks, back-pressure, start and end."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import worker_tasks
from rfdedup.executors.base import BlockSpec
from rfdedup.executors.local import Pool
from rfdedup.model.errors import WorkerError

SRC = Path(__file__).parents[2] / "src"


@pytest.fixture(scope="module")
def squares():
    with Pool(worker_tasks.square, 2) as pool:
        yield pool


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(st.integers(-(10**6), 10**6), max_size=40), max_size=40))
def test_each_chunk_comes_back_once_and_aligned(squares, chunks):
    done = {each.tag: each.results for each in squares.run(enumerate(chunks))}
    assert [done[tag] for tag in range(len(chunks))] == [[item**2 for item in chunk] for chunk in chunks]


def test_thousands_of_tiny_items_one_a_chunk(squares):
    done = {each.tag: each.results for each in squares.run((n, [n]) for n in range(5000))}
    assert done == {n: [n * n] for n in range(5000)}
    assert squares.stats.starts == 2
    assert squares.stats.restarts == 0


def test_empty_input_starts_no_process():
    with Pool(worker_tasks.square, 2) as pool:
        assert list(pool.run([])) == []
        assert [done.results for done in pool.run([("empty", [])])] == [[]]
        assert pool.stats.starts == 0


def test_more_workers_than_chunks_starts_only_what_is_needed():
    with Pool(worker_tasks.square, 8) as pool:
        assert [done.results for done in pool.run([("a", [1, 2, 3])])] == [[1, 4, 9]]
        assert pool.stats.starts == 1


def test_input_is_read_lazily():
    taken = []

    def endless():
        n = 0
        while True:
            taken.append(n)
            yield n, [n]
            n += 1

    with Pool(worker_tasks.square, 2, most_waiting=5) as pool:
        run = pool.run(endless())
        for yielded in range(1, 200):
            next(run)
            assert len(taken) <= yielded + 5


def test_an_error_of_the_input_reaches_the_caller(squares):
    def broken():
        yield 0, [1]
        raise OSError("source went away")

    with Pool(worker_tasks.square, 1) as pool, pytest.raises(OSError, match="went away"):
        list(pool.run(broken()))


def test_an_abandoned_run_closes_the_pool_for_others():
    with Pool(worker_tasks.square, 1) as pool:
        next(pool.run((n, [n]) for n in range(100)))
        with pytest.raises(RuntimeError, match="abandoned"):
            next(pool.run([(0, [1])]))
    with pytest.raises(RuntimeError, match="closed"):
        next(pool.run([(0, [1])]))


def test_task_is_unpickled_once_a_worker(tmp_path):
    log = tmp_path / "log"
    with Pool(worker_tasks.Adder(10, log), 1) as pool:
        results = [done.results for done in pool.run((n, [n, n + 1]) for n in range(20))]
    assert sorted(results) == [[n + 10, n + 11] for n in range(20)]
    assert log.read_bytes() == b"unpickled\n"


def test_initializer_runs_in_the_worker():
    with Pool(worker_tasks.read_mark, 1, initializer=worker_tasks.Start("here")) as pool:
        assert [done.results for done in pool.run([(0, [1])])] == [["here"]]
    assert "RFDEDUP_TEST_MARK" not in os.environ


def test_a_bug_names_the_item_and_shows_the_workers_traceback():
    with Pool(worker_tasks.obey, 1) as pool, pytest.raises(WorkerError) as caught:
        list(pool.run([(0, [("ok", 1), ("bug", "the culprit")])]))
    assert "('bug', 'the culprit')" in str(caught.value)
    assert "raise KeyError(argument)" in str(caught.value)


def test_a_result_that_cannot_be_sent_is_a_bug():
    with Pool(worker_tasks.obey, 1) as pool, pytest.raises(WorkerError, match=r"(?s)Can't pickle|Can't get local"):
        list(pool.run([(0, [("unpicklable", 1)])]))


def test_output_of_workers_is_collected_by_item(capfd):
    items = [("ok", 1), ("warn", b"Corrupt JPEG data\n"), ("print", "to stdout"), ("warn", b"x" * 9999 + b"\xffend")]
    with Pool(worker_tasks.obey, 1) as pool:
        (done,) = pool.run([(0, items)])
    assert set(done.warnings) == {1, 2, 3}
    assert done.warnings[1] == "Corrupt JPEG data\n"
    assert done.warnings[2].strip() == "to stdout"
    assert len(done.warnings[3]) == 2048
    assert done.warnings[3].endswith("x\ufffdend")
    assert capfd.readouterr() == ("", "")


def test_blocks_hold_what_the_task_wrote_without_a_copy():
    with Pool(worker_tasks.paint, 2, block=BlockSpec(4, 6, 5)) as pool:
        sizes = {}
        for done in pool.run((n, list(range(n, n + 1 + n % 4))) for n in range(100)):
            count = 1 + done.tag % 4
            assert done.block.shape == (count, 6, 5, 3)
            assert np.shares_memory(done.block, pool._blocks)
            assert (done.block == np.array(done.results, np.uint8)[:, None, None, None]).all()
            sizes[done.tag] = count
            done.release()
            done.release()
            assert done.block is None
        assert len(sizes) == 100


def test_blocks_bound_the_work_in_flight():
    with Pool(worker_tasks.paint, 2, block=BlockSpec(1, 2, 2, count=3)) as pool:
        run = pool.run((n, [n]) for n in range(50))
        held = [next(run) for _ in range(3)]
        contents = [int(done.block[0, 0, 0, 0]) for done in held]
        time.sleep(0.3)  # the workers have nowhere to write, and must leave what the consumer holds alone
        assert pool._supervisor.finished.empty()
        assert [int(done.block[0, 0, 0, 0]) for done in held] == contents == [done.results[0] for done in held]
        for done in held:
            done.release()
        rest = []
        for done in run:
            rest += done.results
            done.release()
        assert sorted(rest + contents) == list(range(50))
        assert not pool._supervisor._pending
        assert sorted(pool._supervisor._free_blocks) == [0, 1, 2]


def test_a_chunk_larger_than_a_block_is_refused():
    with (
        Pool(worker_tasks.paint, 1, block=BlockSpec(2, 2, 2)) as pool,
        pytest.raises(ValueError, match="3 items does not fit a block of 2"),
    ):
        next(pool.run([(0, [1, 2, 3])]))


def test_leaving_the_pool_ends_all_workers_and_removes_its_files():
    with Pool(worker_tasks.where, 2) as pool:
        pids = {pid for done in pool.run((n, list(range(50))) for n in range(50)) for _, pid in done.results}
        folder = Path(pool._log_folder.name)
        assert folder.is_dir()
        assert pool.stats.peak_rss_bytes > 1 << 20
    assert os.getpid() not in pids
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not folder.exists()
    assert pool.stats.cpu_seconds > 0


def test_an_exception_in_the_consumer_ends_busy_workers_at_once(tmp_path):
    mark = tmp_path / "pids"

    def consume(pool):
        for _ in pool.run([(0, [("mark", str(mark))]), (1, [("mark", str(mark)), ("hang", 0)])]):
            while len(mark.read_text().split()) < 2:
                time.sleep(0.02)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), Pool(worker_tasks.obey, 2) as pool:
        consume(pool)
    pids = [int(line) for line in mark.read_text().split()]
    assert len(pids) == 2
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


def test_a_worker_that_cannot_load_its_task_says_why():
    with Pool(worker_tasks.Unloadable(), 1) as pool, pytest.raises(WorkerError, match=r"no_such_module_anywhere"):
        list(pool.run([(0, [1])]))


def test_workers_load_nothing_that_only_the_main_process_needs():
    asked = (
        "import sys, rfdedup.executors.local.child, rfdedup.features.file_tasks\n"
        "print([name for name in ('pyarrow', 'psutil', 'pydantic', 'openvino', 'click') if name in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", asked], env=os.environ | {"PYTHONPATH": str(SRC)}, capture_output=True, text=True
    )
    assert (ran.stdout.strip(), ran.stderr) == ("[]", "")


def test_a_script_without_main_guard_works(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            import operator
            from rfdedup.executors.local import Pool
            print("script runs")
            with Pool(operator.neg, 1) as pool:
                print([done.results for done in pool.run([(0, [1, 2])])])
            """
        )
    )
    ran = subprocess.run(
        [sys.executable, script], env=os.environ | {"PYTHONPATH": str(SRC)}, capture_output=True, text=True, timeout=60
    )
    assert ran.stdout.split("\n") == ["script runs", "[[-1, -2]]", ""]
    assert ran.stderr == ""


@pytest.mark.parametrize("given_by_user", [None, "glibc.malloc.hugetlb=0"])
def test_libraries_of_workers_are_set_up_and_ours_left_alone(
    given_by_user: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if given_by_user is None:
        monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    else:
        monkeypatch.setenv("GLIBC_TUNABLES", given_by_user)
    with Pool(worker_tasks.variable, 1) as pool:
        (done,) = pool.run([(0, ["OMP_NUM_THREADS", "GLIBC_TUNABLES"])])
    threads, tunables = done.results
    assert threads == "1"
    assert os.environ.get("OMP_NUM_THREADS") is None
    assert os.environ.get("GLIBC_TUNABLES") == given_by_user
    if sys.platform == "linux":
        # glibc takes the last of two
        assert tunables is not None
        assert tunables.split(":")[-1] == (given_by_user or "glibc.malloc.hugetlb=1")
