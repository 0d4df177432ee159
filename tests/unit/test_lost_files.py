"""Files that go away between two looks are facts: they are errors, and the rest comes out as without them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rfdedup
from in_process import small_set, without_workers
from rfdedup.metric import margins, whitening
from rfdedup.pipeline import comparing, duplicates, embedding
from rfdedup.pipeline import run as funnel

LOST = "00.png"


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    without_workers(monkeypatch)
    return small_set(tmp_path / "in", 5)


def told(run: rfdedup.Run) -> list[dict[str, Any]]:
    columns = ["path", "verdict", "tier", "reason", "king", "same", "score"]
    rows = [row for row in run.verdicts.select(columns).to_pylist() if row["path"] != LOST]
    # the last bits of an embedding hang on what was in its batch
    return [{**row, "score": row["score"] and round(row["score"], 5)} for row in rows]


def taken_away(images: Path, patch: pytest.MonkeyPatch, at_call: int) -> list[int]:
    """Take ``LOST`` away before the ``at_call``-th time that files are embedded late; the numbers of all calls."""
    real, calls = embedding.embed_files, []

    def late(*arguments: Any) -> Iterator[Any]:
        calls.append(len(calls))
        if calls[-1] == at_call:
            (images / LOST).unlink()
        return real(*arguments)

    patch.setattr(embedding, "embed_files", late)
    return calls


@pytest.mark.parametrize("twin", [True, False])
@pytest.mark.parametrize("same", ["moment", "meaning"])
def test_a_file_that_is_lost_before_it_is_embedded(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: str, twin: bool
) -> None:
    if not twin:
        (images / "00 exact.png").unlink()
    measure = funnel.measure_files
    # nothing is embedded in pass 1
    monkeypatch.setattr(funnel, "measure_files", lambda *arguments: measure(*arguments[:4]))
    with monkeypatch.context() as patch:
        assert taken_away(images, patch, 0) == []
        run = rfdedup.refine(images, tmp_path / "run", same=same)
    row = next(row for row in run.verdicts.to_pylist() if row["path"] == LOST)
    assert (row["verdict"], row["reason"]) == ("error", "unreadable")
    without = rfdedup.refine(images, tmp_path / "without", same=same)
    assert told(run) == told(without)
    # what could not be read is looked at again by the next run
    assert run.info["fingerprint"] is None


def test_a_file_that_is_lost_while_pictures_are_compared_is_proposed_no_second_time(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed: list[int] = []
    real_propose, real_compare = duplicates.by_hashes, comparing.Comparer.compare

    def propose(rows: Any, *arguments: Any) -> Any:
        proposed.append(len(rows))
        return real_propose(rows, *arguments)

    def compare(comparer: Any, a: Any, b: Any) -> Any:
        (images / LOST).unlink(missing_ok=True)
        return real_compare(comparer, a, b)

    with monkeypatch.context() as patch:
        patch.setattr(duplicates, "by_hashes", propose)
        patch.setattr(comparing.Comparer, "compare", compare)
        run = rfdedup.refine(images, tmp_path / "run", same="moment")
    assert next(row["reason"] for row in run.verdicts.to_pylist() if row["path"] == LOST) == "unreadable"
    assert len(proposed) == 1
    assert told(run) == told(rfdedup.refine(images, tmp_path / "without", same="moment"))


def test_a_file_that_is_lost_while_the_metric_is_chosen_leaves_no_trace_in_it(
    images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whitening, "UNLIKE", -1.0)
    monkeypatch.setattr(whitening, "LEAST_POOLED", 3)
    for precision in margins.MARGIN:
        monkeypatch.setitem(margins.MARGIN, precision, 2.0)
    measure = funnel.measure_files
    monkeypatch.setattr(funnel, "measure_files", lambda *arguments: measure(*arguments[:5]))
    with monkeypatch.context() as patch:
        calls = taken_away(images, patch, 0)
        run = rfdedup.refine(images, tmp_path / "run", same="meaning")
    assert calls
    assert next(row["reason"] for row in run.verdicts.to_pylist() if row["path"] == LOST) == "unreadable"
    without = rfdedup.refine(images, tmp_path / "without", same="meaning")
    assert told(run) == told(without)
    assert run.info["encoder"]["whitening"] == without.info["encoder"]["whitening"]
