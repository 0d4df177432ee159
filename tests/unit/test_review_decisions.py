"""Decisions: what holds after a log of them, which rows they bind, and how they survive on disk."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pytest

from rfdedup.keepers.constraints import constraints
from rfdedup.model.decisions import Choice, Decision, Image, digest, export, parse, settle
from rfdedup.model.errors import DataError, RunFolderError
from rfdedup.storage.decision_log import DecisionLog


def sha(letter: str) -> str:
    return letter * 64


A, B, C = (Image(sha(letter), f"{letter}.jpg") for letter in "abc")
COPY = Image(A.sha256, "copy of a.jpg")
TABLE = pa.table(
    {
        "sha256": [sha("a"), sha("a"), sha("b"), sha("c"), None],
        "path": ["a.jpg", "copy of a.jpg", "b.jpg", "c.jpg", "x"],
    }
)


def decide(choice: Choice, image: Image, other: Image | None = None) -> Decision:
    return Decision(choice, image, other)


def bind(*log: Decision, table: pa.Table = TABLE):
    return constraints(settle(log), table)


def test_the_last_choice_about_an_image_holds_and_reset_forgets_it() -> None:
    log = [decide(Choice.KEEP, A), decide(Choice.DROP, A), decide(Choice.KEEP, B), decide(Choice.RESET, B)]
    assert settle(log).images == {A: Choice.DROP}


def test_a_pair_is_the_same_in_either_order_and_can_be_taken_back() -> None:
    apart = [decide(Choice.DISTINCT, A, B), decide(Choice.DISTINCT, B, A)]
    assert settle(apart).distinct == {(A, B)}
    assert settle([*apart, decide(Choice.SAME, B, COPY)]).distinct == frozenset()


def test_keep_and_drop_bind_the_row_that_lies_where_it_lay() -> None:
    found = bind(decide(Choice.KEEP, COPY), decide(Choice.DROP, A))
    assert found.keep.tolist() == [False, True, False, False, False]
    assert found.drop.tolist() == [True, False, False, False, False]


def test_a_moved_image_is_found_by_content_dropped_everywhere_and_kept_once() -> None:
    moved = Image(A.sha256, "elsewhere.jpg")
    assert bind(decide(Choice.DROP, moved)).drop.tolist() == [True, True, False, False, False]
    assert bind(decide(Choice.KEEP, moved)).keep.tolist() == [True, False, False, False, False]


def test_an_image_that_is_gone_binds_nothing() -> None:
    gone = Image(sha("d"), "d.jpg")
    assert bind(decide(Choice.DROP, gone), decide(Choice.KING, gone), decide(Choice.DISTINCT, gone, A)).empty


def test_pairs_bind_every_copy_of_both() -> None:
    assert bind(decide(Choice.DISTINCT, B, A)).apart.tolist() == [[0, 2], [1, 2]]


def test_of_several_chosen_kings_the_latest_comes_first() -> None:
    log = [decide(Choice.KING, B), decide(Choice.KING, C), decide(Choice.KING, COPY)]
    assert bind(*log).preference.tolist() == [3, 0, 2, 1, 3]
    # choosing again moves to the front
    assert bind(*log, decide(Choice.KING, B)).preference.tolist() == [3, 1, 0, 2, 3]


def test_export_and_parse_are_inverse() -> None:
    held = settle([decide(Choice.KEEP, A), decide(Choice.KING, B), decide(Choice.DISTINCT, B, C)])
    again = settle(parse(json.loads(json.dumps(export(held)))))
    assert again == held
    assert digest(again) == digest(held) != ""
    assert digest(settle([])) == ""


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ([], "format"),
        ({"format": "rfdedup-reviews", "version": 9}, "version 9"),
        ({"format": "rfdedup-reviews", "version": 1, "images": 3, "distinct": []}, "lists"),
        ({"format": "rfdedup-reviews", "version": 1, "images": [{"decision": "reset"}], "distinct": []}, "'reset'"),
        (
            {
                "format": "rfdedup-reviews",
                "version": 1,
                "images": [{"decision": "keep", "sha256": "../x", "path": ""}],
                "distinct": [],
            },
            "images[0]",
        ),
        ({"format": "rfdedup-reviews", "version": 1, "images": [], "distinct": [[1]]}, "distinct[0]"),
        (
            {
                "format": "rfdedup-reviews",
                "version": 1,
                "images": [],
                "distinct": [[{"sha256": "a" * 64, "path": "x"}, {"sha256": "a" * 64, "path": "y"}]],
            },
            "identical",
        ),
    ],
)
def test_what_is_no_export_is_refused_by_name(value: object, named: str) -> None:
    with pytest.raises(DataError) as refused:
        parse(value)
    assert named in str(refused.value)


def test_the_log_survives_reopening_and_undoes_whole_steps(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    assert len(log.decisions()) == 0
    assert not log.path.exists()
    log.add([decide(Choice.KEEP, A), decide(Choice.DROP, B)])
    log.add([decide(Choice.DISTINCT, A, C)])

    again = DecisionLog(tmp_path)
    assert again.decisions() == settle([decide(Choice.KEEP, A), decide(Choice.DROP, B), decide(Choice.DISTINCT, A, C)])
    assert again.undo()
    assert again.undo()
    assert not again.undo()
    assert len(log.decisions()) == 0
    assert log.steps() == (0, 2)
    assert log.redo()
    assert log.decisions().images == {A: Choice.KEEP, B: Choice.DROP}
    assert log.redo()
    assert not log.redo()


def test_a_new_step_forgets_the_undone_ones(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    log.add([decide(Choice.KEEP, A)])
    log.undo()
    log.add([decide(Choice.KEEP, B)])
    assert log.steps() == (1, 0)
    assert not log.redo()
    assert log.decisions().images == {B: Choice.KEEP}


def test_a_damaged_or_newer_log_is_one_clear_line(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    log.path.write_bytes(b"not a database, " * 100)
    with pytest.raises(RunFolderError, match=r"reviews\.sqlite"):
        log.decisions()
    log.path.unlink()
    log.add([decide(Choice.KEEP, A)])
    with sqlite3.connect(log.path) as connection:
        connection.execute("PRAGMA user_version = 7")
    connection.close()
    with pytest.raises(RunFolderError, match="version 7"):
        log.decisions()


def test_looking_at_reviews_never_writes_to_them(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    log.add([decide(Choice.KEEP, A)])
    before = log.path.stat().st_mtime_ns, log.path.read_bytes()
    log.path.chmod(0o444)
    assert len(log.decisions()) == 1
    assert log.steps() == (1, 0)
    assert (log.path.stat().st_mtime_ns, log.path.read_bytes()) == before


def test_a_log_that_was_never_written_holds_nothing(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path)
    log.path.touch()
    assert len(log.decisions()) == 0
    assert log.steps() == (0, 0)
    assert not log.undo()
    log.add([decide(Choice.KEEP, A)])
    assert log.steps() == (1, 0)
