"""Label conflicts on the review page: the same ones that ``apply`` would hold images back for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rfdedup.model.errors import ConfigError
from rfdedup.outputs.apply import Action, Request, apply_run
from rfdedup.outputs.apply.plan import Held
from rfdedup.outputs.review.labels import LabelSource
from rfdedup.outputs.review.listing import ListFilter
from rfdedup.outputs.review.session import ReviewSession
from synthetic_run import make_run

GROUPS = 12


def unused(_run: Path, _threshold: float | None) -> None:
    raise AssertionError


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """A run whose images lie below ``images``; labels are put beside them by the tests."""
    images = tmp_path / "images"
    folder = make_run(tmp_path / "run", groups=GROUPS, features=True, root=str(images))
    for path in folder.verdicts()["path"].to_pylist():
        file = images / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"not looked at")
    return tmp_path


def groups(session: ReviewSession, **wanted: Any) -> list[dict[str, Any]]:
    return session.groups(ListFilter(**wanted), "path", 0, 200)["items"]  # type: ignore[no-any-return]


def label(world: Path, image: dict[str, Any], text: str, ending: str = ".txt") -> None:
    (world / "images" / image["path"]).with_suffix(ending).write_text(text)


def test_a_subject_whose_sidecar_says_something_else_is_found_and_says_why(world: Path) -> None:
    plain = groups(ReviewSession(world / "run", unused))
    same, other, lost, unlabelled = plain[:4]
    for group, mine in ((same, "0 .5 .5 .1 .1"), (other, "3 .5 .5 .1 .1"), (lost, "0 .5 .5 .1 .1"), (unlabelled, None)):
        if group is not lost:
            label(world, group["king"], "0 .5 .5 .1 .1")
        if mine is not None:
            label(world, group["subjects"][0], mine)
    session = ReviewSession(world / "run", unused)
    found = groups(session, conflict="labels")
    assert [group["king"]["row"] for group in found] == [other["king"]["row"], lost["king"]["row"]]
    why = {image["row"]: image["conflict"] for group in found for image in group["subjects"]}
    assert why[other["subjects"][0]["row"]] == "yolo classes 3, 0 on its king"
    assert why[lost["subjects"][0]["row"]] == "it has yolo labels and its king has none"
    assert session.pair(other["king"]["row"], other["subjects"][0]["row"])["labels"] == ["yolo: 0", "yolo: 3"]


def test_it_finds_exactly_what_apply_would_hold_back(world: Path) -> None:
    for number, group in enumerate(groups(ReviewSession(world / "run", unused))):
        label(world, group["king"], f"{number % 2} .5 .5 .1 .1")
        for image in group["subjects"]:
            label(world, image, "1 .5 .5 .1 .1\n" * (1 + image["row"] % 2))
    held: dict[str, str] = {}

    def show(planned: object) -> None:
        if isinstance(planned, Held) and planned.reason == "label-conflict":
            held[planned.name.decode()] = planned.detail

    request = Request(Action.MOVE, world / "out", roots=(world / "images",))
    apply_run(world / "run", request, dry_run=True, show=show)
    found = groups(ReviewSession(world / "run", unused))
    said = {i["path"]: i["conflict"] for group in found for i in group["subjects"] if i["conflict"]}
    assert held
    assert said == held


def test_labels_of_a_csv_file_and_of_other_sidecars(world: Path) -> None:
    group = groups(ReviewSession(world / "run", unused))[0]
    subject = group["subjects"][0]
    table = world / "labels.csv"
    table.write_text(f"path,kind\n{group['king']['path']},cat\n{subject['path']},dog\n")
    source = LabelSource(datasets=(table,), dataset_images=world / "images", label_column="kind")
    session = ReviewSession(world / "run", unused, source)
    assert [found["king"]["row"] for found in groups(session, conflict="labels")] == [group["king"]["row"]]
    assert session.pair(group["king"]["row"], subject["row"])["labels"] == ["csv: cat", "csv: dog"]

    label(world, subject, "<a><object><name>bus</name></object></a>", ".voc.xml")
    assert groups(ReviewSession(world / "run", unused), conflict="labels") == []
    session = ReviewSession(world / "run", unused, LabelSource(sidecars=("{stem}.voc.xml",)))
    assert [found["king"]["row"] for found in groups(session, conflict="labels")] == [group["king"]["row"]]
    with pytest.raises(ConfigError, match="nothing"):
        ReviewSession(world / "run", unused, LabelSource(datasets=(world / "nothing.csv",)))


def test_folders_are_classes_by_their_own_name(world: Path, tmp_path: Path) -> None:
    names = {0: b"train/cat/a.jpg", 1: b"val/cat/b.jpg"}
    same = ReviewSession(make_run(tmp_path / "same", groups=1, names=names, features=True).path, unused)
    size = same.summary()["counts"]["drop"]
    names |= {row: b"train/cat/%d.jpg" % row for row in range(2, size + 1)}
    agreed = ReviewSession(make_run(tmp_path / "agreed", groups=1, names=names, features=True).path, unused)
    assert groups(agreed, conflict="folders") == []
    names[1] = b"val/dog/b.jpg"
    differ = ReviewSession(make_run(tmp_path / "differ", groups=1, names=names, features=True).path, unused)
    assert len(groups(differ, conflict="folders")) == 1


def test_a_path_out_of_its_folder_has_no_labels(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "outside.txt").write_text("7 .5 .5 .1 .1")
    names = {1: b"../outside.jpg"}
    run = make_run(tmp_path / "run", groups=1, names=names, features=True, root=str(tmp_path / "images"))
    session = ReviewSession(run.path, unused)
    assert groups(session, conflict="labels") == []
    assert session.pair(0, 1)["labels"] == ["", ""]
