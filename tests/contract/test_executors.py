"""All executors keep the contract, and what they do badly but rightly changes no result of a run."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import rfdedup
from contract.executors import Contrary, ExecutorContract
from in_process import small_set
from rfdedup.executors import choice
from rfdedup.executors.base import Executor
from rfdedup.executors.in_process import InProcessExecutor
from rfdedup.executors.local import LocalExecutor, WorkerLimits
from rfdedup.pipeline import comparing, measuring
from rfdedup.sources import plan


class TestLocal(ExecutorContract):
    def opened(self) -> AbstractContextManager[Executor]:
        return LocalExecutor(2, WorkerLimits())


class TestInProcess(ExecutorContract):
    isolates = False

    def opened(self) -> AbstractContextManager[Executor]:
        return InProcessExecutor()


class TestContrary(ExecutorContract):
    isolates = False

    def opened(self) -> AbstractContextManager[Executor]:
        return Contrary()


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "SHARD_ROWS", 8)
    monkeypatch.setattr(measuring, "CHUNK", 4)
    monkeypatch.setattr(comparing, "PAIRS_KEPT_TOGETHER", 16)


@pytest.mark.usefixtures("small_steps")
@pytest.mark.parametrize("same", ["moment", "meaning"])
def test_results_that_come_late_or_twice_or_in_any_order_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: str
) -> None:
    images = small_set(tmp_path / "in", 4)
    monkeypatch.setattr(choice, "LocalExecutor", lambda *_: InProcessExecutor())
    once = rfdedup.refine(images, tmp_path / "once", same=same)
    monkeypatch.setattr(choice, "LocalExecutor", lambda *_: Contrary())
    twice = rfdedup.refine(images, tmp_path / "twice", same=same)
    assert once.dropped.num_rows > 8
    assert twice.verdicts.equals(once.verdicts)
    assert twice.links.equals(once.links)
    assert twice.evidence.equals(once.evidence)
    shards(once.path, twice.path)


def shards(one: Path, other: Path) -> None:
    """Both runs have the same shards, with the same bytes of what was measured."""
    names = [{path.name for path in (run / "features").glob("[mps]*_0*")} for run in (one, other)]
    assert names[0] == names[1]
    assert len(names[0]) >= 9
    for name in names[0]:
        if name.startswith(("metadata", "preview")):
            assert (one / "features" / name).read_bytes() == (other / "features" / name).read_bytes()


@pytest.mark.usefixtures("small_steps")
def test_shards_hold_the_same_rows_for_any_number_of_workers(tmp_path: Path) -> None:
    images = small_set(tmp_path / "in", 4)
    runs = [
        rfdedup.refine(images, tmp_path / f"{workers}", tiers=("quality", "hash"), workers=workers)
        for workers in (1, 2)
    ]
    shards(runs[0].path, runs[1].path)
    names = pq.read_table(runs[0].path / "features" / "metadata_0001.parquet")["path"].to_pylist()
    assert names == sorted(path.name for path in images.iterdir())[8:16]
