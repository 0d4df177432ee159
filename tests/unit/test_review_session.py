"""The review page without HTTP: lists, decisions and their effect, the threshold, a run that changes below it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rfdedup.model.errors import DataError, RunFolderError
from rfdedup.outputs.review.alternatives import at_threshold
from rfdedup.outputs.review.listing import ListFilter
from rfdedup.outputs.review.session import ReviewSession
from synthetic_run import SEMANTIC_THRESHOLD, make_run

GROUPS = 30


def no_recompute(run: Path, threshold: float | None, same: str | None) -> None:
    raise RunFolderError("this test recomputes nothing")


@pytest.fixture
def session(tmp_path: Path) -> Iterator[ReviewSession]:
    run = make_run(tmp_path / "run", groups=GROUPS, features=True, names={0: b"class_a/one.jpg", 1: b"class_b/two.jpg"})
    opened = ReviewSession(run.path, no_recompute)
    yield opened
    opened.close()


def all_groups(session: ReviewSession, wanted: ListFilter | None = None, sort: str = "margin") -> list[dict[str, Any]]:
    return session.groups(wanted or ListFilter(), sort, 0, 200)["items"]  # type: ignore[no-any-return]


def group_of(session: ReviewSession, king: int) -> dict[str, Any] | None:
    return next((group for group in all_groups(session) if group["king"]["row"] == king), None)


def subject_of_tier(session: ReviewSession, tier: str) -> tuple[int, int]:
    """King and subject of some group, the subject having fallen to a tier."""
    for group in all_groups(session):
        for image in group["subjects"]:
            if image["tier"] == tier:
                return group["king"]["row"], image["row"]
    raise AssertionError(tier)


def test_groups_hold_the_rows_of_the_tables_closest_to_the_threshold_first(session: ReviewSession) -> None:
    verdicts = session.state.snapshot.table.to_pylist()
    found = all_groups(session)
    assert len(found) == GROUPS
    for group in found:
        number = verdicts[group["king"]["row"]]["group"]
        members = {i for i, row in enumerate(verdicts) if row["group"] == number}
        assert {group["king"]["row"], *(image["row"] for image in group["subjects"])} == members
    margin = session.state.snapshot.margin
    nearest = [min(margin[image["row"]] for image in group["subjects"]) for group in found]
    assert nearest == sorted(nearest)


def test_pages_are_slices_of_one_list(session: ReviewSession) -> None:
    kings = [group["king"]["row"] for group in all_groups(session, sort="path")]
    pages = [session.groups(ListFilter(), "path", offset, 7) for offset in range(0, GROUPS + 7, 7)]
    assert [group["king"]["row"] for page in pages for group in page["items"]] == kings == sorted(kings)
    assert {page["total"] for page in pages} == {GROUPS}


def test_every_filter_keeps_exactly_what_fits(session: ReviewSession) -> None:
    everything = all_groups(session)

    def fitting(test: Any) -> set[int]:
        return {group["king"]["row"] for group in everything if any(map(test, group["subjects"]))}

    def found(**wanted: Any) -> set[int]:
        return {group["king"]["row"] for group in all_groups(session, ListFilter(**wanted))}

    assert found(tier="semantic") == fitting(lambda image: image["tier"] == "semantic")
    assert found(reason="sha256") == fitting(lambda image: image["reason"] == "sha256")
    semantic = lambda image: image["tier"] == "semantic" and 0.7 <= image["score"] <= 0.8  # noqa: E731
    assert found(tier="semantic", low=0.7, high=0.8) == fitting(semantic)
    assert found(folder="class_a") == found(path="ONE.jpg") == {0}
    assert found(path="two") == {0}
    assert found(path="no such") == set()
    assert 0 in found(conflict="folders")
    assert found(conflict="labels") == set()
    assert found(changed=True) == set()


def test_single_images_are_listed_by_what_happened_to_them(session: ReviewSession) -> None:
    snapshot = session.state.snapshot
    for show, verdict in (("quality", "drop"), ("kept", "keep"), ("errors", "error"), ("dropped", "drop")):
        listed = session.images(show, ListFilter(), "path", 0, 200)["items"]
        assert listed
        assert {image["verdict"] for image in listed} == {verdict}
    assert session.images("all", ListFilter(), "path", 0, 1)["total"] == snapshot.n
    dark = session.images("quality", ListFilter(reason="dark"), "margin", 0, 200)["items"]
    assert len(dark) == 3
    assert [image["score"] for image in dark] == sorted((image["score"] for image in dark), reverse=True)
    with pytest.raises(DataError, match="secret"):
        session.images("secret", ListFilter(), "path", 0, 1)


def test_not_duplicates_frees_the_subject_and_undo_takes_it_back(session: ReviewSession) -> None:
    king, subject = subject_of_tier(session, "semantic")
    before = session.summary()["counts"]
    session.decide("distinct", [], [[king, subject]])
    assert session.image(subject)["verdict"] == "keep"
    assert session.image(subject)["changed"]
    assert session.summary()["counts"]["keep"] == before["keep"] + 1
    assert session.summary()["pending"]
    assert session.undo()
    assert session.image(subject)["verdict"] == "drop"
    assert session.summary()["counts"] == before
    assert session.redo()
    assert session.image(subject)["verdict"] == "keep"


def test_identical_files_cannot_be_called_different(session: ReviewSession) -> None:
    king, subject = subject_of_tier(session, "exact")
    with pytest.raises(DataError, match="identical"):
        session.decide("distinct", [], [[king, subject]])


def test_another_king_leads_those_that_link_to_it_and_frees_the_others(session: ReviewSession) -> None:
    king, subject = subject_of_tier(session, "semantic")
    members = (group_of(session, king) or {})["subjects"]
    others = [image["row"] for image in members if image["row"] != subject]
    copies = {image["row"] for image in members if image["tier"] == "exact"}
    session.decide("king", [subject], [])
    assert session.image(subject)["verdict"] == "keep"
    assert session.image(subject)["decision"] == "king"
    assert session.image(king)["king"] == subject
    assert session.image(king)["tier"] == "semantic"
    # copies of the old king's bytes go with it; nothing proves that the others duplicate the new one
    for row in others:
        image = session.image(row)
        assert (image["verdict"], image["king"]) == (("drop", subject) if row in copies else ("keep", None))


def test_keep_and_drop_change_one_image_and_a_dropped_king_has_an_heir(session: ReviewSession) -> None:
    king, subject = subject_of_tier(session, "semantic")
    session.decide("keep", [subject], [])
    assert session.image(subject)["verdict"] == "keep"
    assert session.image(king)["verdict"] == "keep"
    session.decide("reset", [subject], [])
    assert session.image(subject)["verdict"] == "drop"
    session.decide("drop", [king], [])
    assert session.image(king)["reason"] == "rejected"
    assert session.image(subject)["verdict"] == "keep"
    poor = session.images("quality", ListFilter(), "path", 0, 1)["items"][0]["row"]
    session.decide("keep", [poor], [])
    assert session.image(poor)["verdict"] == "keep"


def test_a_whole_group_is_one_step(session: ReviewSession) -> None:
    group = next(g for g in all_groups(session) if {"exact", "semantic"} <= {image["tier"] for image in g["subjects"]})
    king, rows = group["king"]["row"], [image["row"] for image in group["subjects"]]
    copies = {image["row"] for image in group["subjects"] if image["tier"] == "exact"}
    for choice, verdict in (("keep", "keep"), ("distinct", "keep"), ("drop", "drop")):
        session.decide(choice, [], [], group=king)
        for row in [king, *rows]:
            # identical files are duplicates whatever one calls them
            expected = "drop" if choice == "distinct" and row in copies else verdict
            assert session.image(row)["verdict"] == expected
        assert session.undo()
    with pytest.raises(LookupError):
        session.decide("keep", [], [], group=rows[0])


def test_decisions_survive_another_session_and_rows_that_moved(session: ReviewSession) -> None:
    king, subject = subject_of_tier(session, "semantic")
    session.decide("distinct", [], [[king, subject]])
    path = session.image(subject)["path"]
    again = ReviewSession(session.run, no_recompute)
    assert again.image(subject)["verdict"] == "keep"

    # another run into the same folder, with one image more at the front
    table = session.state.snapshot.table
    shifted = table.slice(table.num_rows - 1).to_pylist() + table.slice(0, table.num_rows - 1).to_pylist()
    links = [{**link, "a": link["a"] + 1, "b": link["b"] + 1} for link in links_of(session)]
    rewrite(session.run, shifted, links)
    assert again.image(subject + 1)["path"] == path
    assert again.image(subject + 1)["verdict"] == "keep"


def links_of(session: ReviewSession) -> list[dict[str, Any]]:
    from rfdedup.storage.run_folder import RunFolder

    last = session.state.snapshot.n - 1
    return [link for link in RunFolder(session.run).links().to_pylist() if last not in (link["a"], link["b"])]


def rewrite(run: Path, rows: list[dict[str, Any]], links: list[dict[str, Any]]) -> None:
    import pyarrow as pa

    from rfdedup.model.schemas import LINKS, VERDICTS
    from rfdedup.storage.run_folder import RunFolder

    places = np.load(run / "features" / "rows.npy")
    np.save(run / "features" / "rows.npy", np.roll(places, 1, axis=0))
    folder = RunFolder(run)
    folder.write_tables(pa.Table.from_pylist(rows, schema=VERDICTS), pa.Table.from_pylist(links, schema=LINKS))


def test_impossible_decisions_are_refused_and_leave_nothing(session: ReviewSession) -> None:
    broken = session.images("errors", ListFilter(), "path", 0, 1)["items"][0]["row"]
    for choice, rows in (("keep", [broken]), ("smash", [0]), ("keep", []), ("keep", list(range(20_000)))):
        with pytest.raises(DataError):
            session.decide(choice, rows, [])
    for row in (-1, 10**9):
        with pytest.raises(LookupError):
            session.decide("keep", [row], [])
    assert session.summary()["undo"] == 0


def test_export_into_another_run_of_the_same_images(session: ReviewSession, tmp_path: Path) -> None:
    king, subject = subject_of_tier(session, "semantic")
    session.decide("distinct", [], [[king, subject]])
    session.decide("keep", [subject], [])
    other = ReviewSession(make_run(tmp_path / "other", groups=GROUPS, features=True).path, no_recompute)
    assert other.take_in(session.exported()) == 2
    assert other.image(subject)["verdict"] == "keep"
    assert other.undo()
    assert other.image(subject)["verdict"] == "drop"


def test_the_preview_of_the_current_threshold_changes_nothing(session: ReviewSession) -> None:
    found = at_threshold(session.state, SEMANTIC_THRESHOLD)
    snapshot = session.state.snapshot
    assert found["falls"]["total"] == found["rises"]["total"] == 0
    assert found["kept"] == int((snapshot.verdict == 0).sum())
    assert found["groups"] == GROUPS


def test_a_higher_threshold_frees_exactly_the_subjects_below_it(session: ReviewSession) -> None:
    found = at_threshold(session.state, 0.8)
    snapshot = session.state.snapshot
    freed = [
        row
        for row, image in enumerate(snapshot.table.to_pylist())
        if image["tier"] == "semantic" and image["score"] < 0.8
    ]
    assert found["rises"]["total"] == len(freed) > 0
    assert {item["image"]["row"] for item in found["rises"]["items"]} <= set(freed)
    shown = [abs(item["score"] - 0.8) for item in found["rises"]["items"]]
    assert shown == sorted(shown)
    with pytest.raises(DataError, match="outside"):
        at_threshold(session.state, 0.1)


def test_a_run_that_changed_on_disk_is_read_again_and_one_in_the_making_is_not(
    session: ReviewSession, tmp_path: Path
) -> None:
    revision = session.pulse()["revision"]
    info = (session.run / "run.json").read_text()
    (session.run / "run.json").write_text(info.replace('"complete"', '"running"'))
    pulse = session.pulse()
    assert "not finished" in pulse["trouble"]
    assert session.summary()["groups"] == GROUPS

    other = make_run(tmp_path / "other", groups=3, features=True)
    for name in ("verdicts.parquet", "links.parquet", "run.json"):
        shutil.copy(other.path / name, session.run / name)
    shutil.copy(other.path / "features" / "rows.npy", session.run / "features" / "rows.npy")
    assert session.summary()["groups"] == 3
    assert session.pulse()["trouble"] == ""
    assert session.pulse()["revision"] != revision


def test_recomputing_runs_once_tells_how_it_went_and_takes_the_threshold(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", features=True).path
    gate, asked = threading.Event(), []

    def wait(folder: Path, threshold: float | None, same: str | None) -> None:
        asked.append((folder, threshold))
        gate.wait(20)
        raise RunFolderError("the disk is full")

    session = ReviewSession(run, wait)
    session.recomputing.start(0.7)
    assert session.pulse()["job"] == "running"
    with pytest.raises(DataError, match="already"):
        session.recomputing.start(0.8)
    gate.set()
    session.recomputing.wait(20)
    assert asked == [(run, 0.7)]
    assert session.pulse()["job"] == "failed"
    assert session.pulse()["job_failed"] == "the disk is full"
    with pytest.raises(DataError, match="between"):
        session.recomputing.start(1.5)


def test_hostile_names_are_escaped_for_display(tmp_path: Path) -> None:
    names = {0: b"\x1b[31m\xff.jpg", 1: "x\u202egpj.exe".encode()}
    session = ReviewSession(make_run(tmp_path / "run", names=names, features=True).path, no_recompute)
    assert session.image(0)["path"] == r"\x1b[31m\xff.jpg"
    assert session.image(1)["path"] == r"x\u202egpj.exe"


def test_previews_are_read_one_by_one_and_are_those_of_the_store(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from rfdedup.storage.feature_store import previews_of

    run = make_run(tmp_path / "run", groups=10, features=True).path
    features = run / "features"
    places = np.load(features / "rows.npy")
    n = len(places)
    # two shards, row groups of three, and rows without a preview
    places[:, 0], places[:, 1] = np.arange(n) % 2, np.arange(n) // 2
    places[5, 0] = -1
    np.save(features / "rows.npy", places)
    for number in (0, 1):
        values = [None if i == 4 else f"{number} {i}".encode() for i in range(n)]
        table = pa.table({"preview": pa.array(values, pa.binary())})
        pq.write_table(table, features / f"preview_{number:04d}.parquet", row_group_size=3)
    found = ReviewSession(run, no_recompute).state.snapshot.features
    assert [found.preview(row) for row in range(n)] == previews_of(run, np.arange(n))
    assert found.preview(7) == b"1 3"
    assert found.preview(5) is found.preview(8) is None
