"""The budget of processor cores: affinity, control groups of both versions, and --workers."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from rfdedup.executors.choice import worker_count
from rfdedup.model.config import make_config
from rfdedup.runtime import cpus
from rfdedup.runtime.cpus import at_most, cgroup_quota, thread_count, usable_cpus


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("limits", "cores"),
    [
        ({"a/b": "150000 100000"}, 2),
        ({"a/b": "max 100000"}, None),
        ({"a/b": "400000 100000", "a": "100000 100000"}, 1),
        ({"": "250000 100000"}, 3),
        ({"a/b": "rubbish"}, None),
        ({"a/b": "10000 100000"}, 1),
    ],
)
def test_quotas_of_the_second_version(tmp_path: Path, limits: dict[str, str], cores: int | None) -> None:
    own = write(tmp_path / "own", "0::/a/b\n")
    for group, text in limits.items():
        write(tmp_path / "groups" / group / "cpu.max", text)
    assert cgroup_quota(own, tmp_path / "groups") == cores


@pytest.mark.parametrize(("quota", "cores"), [("300000", 3), ("-1", None), ("50000", 1)])
@pytest.mark.parametrize("place", ["cpu,cpuacct/docker/x", "cpu,cpuacct"])
def test_quotas_of_the_first_version(tmp_path: Path, quota: str, cores: int | None, place: str) -> None:
    # within a container the path is that of the host, and only the top is there
    own = write(tmp_path / "own", "4:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n")
    write(tmp_path / "groups" / place / "cpu.cfs_quota_us", quota)
    write(tmp_path / "groups" / place / "cpu.cfs_period_us", "100000")
    assert cgroup_quota(own, tmp_path / "groups") == cores


def test_without_proc_the_top_group_is_asked(tmp_path: Path) -> None:
    write(tmp_path / "cpu.max", "100000 100000")
    assert cgroup_quota(tmp_path / "missing", tmp_path) == 1


def test_the_budget_is_the_least_of_affinity_quota_and_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setattr(cpus.sys, "platform", "linux")
    monkeypatch.setattr(cpus, "_quota", lambda: 4)
    assert usable_cpus() == thread_count() == 4
    before = pa.cpu_count()
    with at_most(3):
        assert thread_count() == 3
        assert pa.cpu_count() <= 3
        with at_most(None):
            assert thread_count() == 3
        with at_most(1):
            assert thread_count() == 1
    with at_most(9):
        assert thread_count() == 4
    assert pa.cpu_count() == before
    monkeypatch.setattr(cpus, "_quota", lambda: None)
    assert thread_count() == 6
    assert worker_count(make_config({})) == 6
    assert worker_count(make_config({"workers": 9})) == 9


def test_nothing_else_counts_cores() -> None:
    """Whoever needs a number of threads asks ``cpus``: then --workers and quotas reach all of them."""
    source = Path(cpus.__file__).parents[1]
    asking = {
        file.relative_to(source).as_posix()
        for file in source.rglob("*.py")
        if any(
            name in file.read_text(encoding="utf-8") for name in ("os.cpu_count", "sched_getaffinity", "process_cpu")
        )
    }
    # doctor tells what the machine has, and the command line compares it with what may be used
    assert asking == {"runtime/cpus.py", "cli/commands/doctor.py", "cli/main.py"}
