"""The review page where pictures decided: kinds, sentences, pictures of a pair, what another --same would change."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from compared_run import compared_run, scene
from rfdedup.model.config import make_config
from rfdedup.model.errors import DataError, ImageError, RunFolderError
from rfdedup.model.evidence import Evidence, Kind, Side
from rfdedup.model.schemas import LINKS
from rfdedup.outputs.report.sentences import told
from rfdedup.outputs.review.alternatives import at_threshold, similarities, with_same
from rfdedup.outputs.review.listing import ListFilter
from rfdedup.outputs.review.session import ReviewSession
from rfdedup.stages.compare import comparison_key
from rfdedup.storage.comparisons import ComparisonStore
from synthetic_run import make_run


def no_recompute(run: Path, threshold: float | None, same: str | None) -> None:
    raise RunFolderError("this test recomputes nothing")


@pytest.fixture
def session(tmp_path: Path) -> ReviewSession:
    return ReviewSession(make_run(tmp_path / "run", groups=30, features=True, same="moment").path, no_recompute)


def groups_of(session: ReviewSession, **wanted: Any) -> list[dict[str, Any]]:
    return session.groups(ListFilter(**wanted), "margin", 0, 200)["items"]  # type: ignore[no-any-return]


def test_drops_carry_kind_and_sentence_and_the_least_certain_come_first(session: ReviewSession) -> None:
    found = groups_of(session)
    evidence = {row["row"]: row for row in session.state.snapshot.evidence.to_pylist()}
    for image in (image for group in found for image in group["subjects"]):
        if image["tier"] == "exact":
            assert (image["same"], image["says"]) == ("copy", None)
        else:
            assert image["same"] == evidence[image["row"]]["same"]
            assert told(image["says"]).startswith("the same moment" if image["same"] == "moment" else "the same pic")
    margin = session.state.snapshot.margin
    nearest = [min(margin[image["row"]] for image in group["subjects"]) for group in found]
    assert nearest == sorted(nearest)
    overlaid = [any(evidence.get(i["row"], {}).get("reason") == "overlay" for i in g["subjects"]) for g in found]
    assert overlaid == sorted(overlaid, reverse=True)
    of_kind = groups_of(session, same="moment")
    assert len(of_kind) < len(found)
    assert all(any(image["same"] == "moment" for image in group["subjects"]) for group in of_kind)


def test_there_is_no_threshold_to_move_where_pictures_decided(session: ReviewSession) -> None:
    summary = session.summary()
    assert (summary["same"], summary["threshold"], summary["floor"]) == ("moment", None, None)
    assert similarities(session.state.snapshot) == {"edges": [], "counts": []}
    with pytest.raises(DataError, match="no similarity threshold"):
        at_threshold(session.state, 0.7)
    old = ReviewSession(make_run(session.run.parent / "old", features=True).path, no_recompute)
    assert old.summary()["same"] == "meaning"
    with pytest.raises(DataError, match="compared no pictures"):
        with_same(old.state, "copy")
    with pytest.raises(DataError, match="known here"):
        with_same(session.state, "meaning")


@pytest.mark.parametrize("choice", ["distinct", "keep", "king"])
def test_decisions_work_on_confirmed_links_below_any_cosine(session: ReviewSession, choice: str) -> None:
    group = next(g for g in groups_of(session) if any(i["same"] == "moment" for i in g["subjects"]))
    king = group["king"]["row"]
    subject = next(i["row"] for i in group["subjects"] if i["same"] == "moment")
    before = session.summary()["counts"]
    session.decide(choice, [subject], [[king, subject]])
    assert session.image(subject)["verdict"] == "keep"
    assert (session.image(king)["king"] == subject) == (choice == "king")
    if choice == "king":
        # the link is the one that was confirmed; its sentence is of the other direction and is not shown
        assert session.image(king)["same"] == "moment"
        assert session.image(king)["says"] is None
    assert session.undo()
    assert session.summary()["counts"] == before


def test_what_copy_would_change_is_told_from_the_kinds_of_links(session: ReviewSession) -> None:
    verdicts = session.state.snapshot.table.to_pylist()
    moments = [row for row, image in enumerate(verdicts) if image["same"] == "moment"]
    found = with_same(session.state, "copy")
    assert found["rises"]["total"] == len(moments) == found["dropped_before"] - found["dropped"]
    assert {item["image"]["row"] for item in found["rises"]["items"]} <= set(moments)
    nothing = with_same(session.state, "moment")
    assert nothing["falls"]["total"] == nothing["rises"]["total"] == nothing["unsure"] == 0
    assert nothing["exact"]


def unlike(kind: Kind) -> Evidence:
    return Evidence(kind, kind, (1.0, 0, 0, 0, 1.0, 0), False, 0, 1.0, 0.9, 9, 0.1, Side.BOTH, False, 64, "changed")


def three_of_a_kind(folder: Path, kinds: tuple[str, str], same: str = "moment") -> ReviewSession:
    """A group of a king (0) and two subjects (1, 2) that are to it what ``kinds`` says."""
    run = make_run(folder, groups=0, alone=3, poor=0, broken=0, features=True, same=same)
    table = run.verdicts().to_pylist()
    links = []
    for row, kind in zip((1, 2), kinds, strict=True):
        table[row] |= {"verdict": "drop", "tier": "semantic", "reason": "cosine", "score": 0.5, "threshold": 0.3}
        table[row] |= {"king_row": 0, "same": kind, "king": table[0]["path"], "group": 0}
        links.append({"a": 0, "b": row, "tier": "semantic", "score": 0.5, "same": kind})
    table[0]["group"] = 0
    run.write_tables(
        pa.Table.from_pylist(table, schema=run.verdicts().schema), pa.Table.from_pylist(links, schema=LINKS)
    )
    return ReviewSession(folder, no_recompute)


def test_pairs_that_nobody_compared_make_the_preview_a_range(tmp_path: Path) -> None:
    session = three_of_a_kind(tmp_path / "run", ("moment", "moment"))
    found = with_same(session.state, "copy")
    # 1 and 2 were never compared with each other
    assert (found["kept"], found["dropped"], found["unsure"], found["exact"]) == (3, 0, 1, False)
    digests = session.state.snapshot.table["sha256"].to_pylist()
    key = comparison_key(make_config(session.state.snapshot.info["config"]))
    ComparisonStore(tmp_path / "run" / "features", key).add({(digests[1], digests[2]): unlike(Kind.DIFFERENT)})
    assert (with_same(session.state, "copy")["unsure"], with_same(session.state, "copy")["exact"]) == (0, True)


def test_a_family_that_another_rank_would_split_is_told_as_about(tmp_path: Path) -> None:
    session = three_of_a_kind(tmp_path / "run", ("copy", "moment"))
    digests = session.state.snapshot.table["sha256"].to_pylist()
    key = comparison_key(make_config(session.state.snapshot.info["config"]))
    store = ComparisonStore(tmp_path / "run" / "features", key)
    found = with_same(session.state, "copy")
    # 2 may turn out to be a copy of 1, which is one of 0
    assert (found["kept"], found["unsure"], found["exact"]) == (2, 1, False)
    store.add({(digests[1], digests[2]): unlike(Kind.COPY)})
    assert with_same(session.state, "copy")["exact"] is False
    store.add({(digests[1], digests[2]): unlike(Kind.DIFFERENT)})
    assert with_same(session.state, "copy")["exact"] is True


def test_what_moment_would_change_is_told_from_what_the_run_remembers(tmp_path: Path) -> None:
    session = three_of_a_kind(tmp_path / "run", ("copy", "copy"), same="copy")
    run = session.run
    table = session.state.snapshot.table.to_pylist()
    from rfdedup.storage.run_folder import RunFolder

    for name in ("king", "king_row", "same", "group", "tier", "reason"):
        table[2][name] = None
    table[2]["verdict"] = "keep"
    folder = RunFolder(run)
    links = folder.links().slice(0, 1)
    folder.write_tables(pa.Table.from_pylist(table, schema=folder.verdicts().schema), links)
    key = comparison_key(make_config(folder.info()["config"]))
    pair = (table[0]["sha256"], table[2]["sha256"])
    ComparisonStore(run / "features", key).add({pair: unlike(Kind.MOMENT)})
    found = with_same(session.state, "moment")
    assert (found["kept_before"], found["kept"], found["falls"]["total"], found["unsure"]) == (2, 1, 1, 0)
    # 1 and 2 were not compared: with another king, one of them might stay
    assert found["exact"] is False
    assert found["falls"]["items"][0]["image"]["row"] == 2


def test_another_same_is_handed_to_the_funnel(tmp_path: Path) -> None:
    asked: list[Any] = []
    run = make_run(tmp_path / "run", features=True, same="moment").path
    session = ReviewSession(run, lambda *given: asked.append(given))
    session.recomputing.start(None, "copy")
    session.recomputing.wait(20)
    assert asked == [(run, None, "copy")]
    with pytest.raises(DataError, match="known here"):
        session.recomputing.start(None, "meaning")


# ---- pairs of pictures


@pytest.fixture
def files(tmp_path: Path) -> ReviewSession:
    return ReviewSession(compared_run(tmp_path).path, no_recompute)


def test_evidence_of_the_run_of_other_pairs_and_of_the_same_bytes(files: ReviewSession) -> None:
    known = files.evidence(0, 1)
    assert (known["kind"], known["from"], known["measured"]["resolution"]) == ("copy", "run", 320)
    assert told(known["says"]) == "the same picture, at 50 % of the size, nothing changed"
    other = files.evidence(0, 2)
    assert (other["kind"], other["from"]) == ("different", "now")
    assert files.evidence(0, 0)["kind"] == "identical"
    assert json.dumps([known, other])


def test_overlay_and_change_map_are_drawn_from_the_files_as_the_run_read_them(
    files: ReviewSession, tmp_path: Path
) -> None:
    overlay, change = (cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR) for part in files.proof(0, 1))
    assert overlay.shape == change.shape == (240, 320, 3)
    assert files.proof(0, 1) is files.proof(0, 1)
    cv2.imwrite(str(tmp_path / "images" / "1_king.png"), scene(8))
    with pytest.raises(ImageError, match="not those"):
        files.proof(2, 3)
    (tmp_path / "images" / "2_king.png").unlink()
    with pytest.raises(ImageError):
        files.proof(4, 5)
    os.mkfifo(tmp_path / "images" / "2_king.png")
    with pytest.raises(ImageError):
        files.proof(4, 5)
    with pytest.raises(ImageError):
        files.evidence(4, 1)
    for pair in ((0, 99), (-1, 0)):
        with pytest.raises(LookupError):
            files.proof(*pair)


def test_pair_endpoints_need_the_token_and_serve_pictures_of_rows_only(tmp_path: Path) -> None:
    pytest.importorskip("starlette", reason="needs starlette: install the review extra")
    from starlette.testclient import TestClient

    from rfdedup.outputs.review.app import make_app

    origin = "http://127.0.0.1:8123"
    session = ReviewSession(compared_run(tmp_path).path, no_recompute)
    client = TestClient(make_app(session, port=8123, token="secret"), base_url=origin)
    paths = ("/api/evidence/0/1", "/api/proof/0/1/overlay", "/api/proof/0/1/change", "/api/same?value=copy")
    assert {client.get(path).status_code for path in paths} == {403}
    client.get("/", params={"token": "secret"})
    for path in paths:
        assert client.get(path).status_code == 200, path
    assert client.get(paths[1]).content.startswith(b"\xff\xd8\xff")
    for path in ("/api/proof/0/1/secret", "/api/proof/0/99/overlay", "/api/evidence/99/0", "/api/proof/0/-1/overlay"):
        assert client.get(path).status_code == 404, path
    for path in ("/api/same", "/api/same?value=meaning", "/api/groups?same=x"):
        assert client.get(path).status_code == 400, path
    headers = {"Origin": origin}
    assert client.post("/api/recompute", json={"same": 7}, headers=headers).status_code == 400
    assert set(client.get("/sentences.json").json()["nothing"]) == {"nothing changed", "không có gì thay đổi"}


def test_every_word_of_the_page_has_both_languages() -> None:
    static = Path(__file__).parents[2] / "src" / "rfdedup" / "outputs" / "review" / "static"
    texts = json.loads((static / "texts.json").read_text(encoding="utf-8"))
    assert all(len(pair) == 2 and all(pair) for pair in texts.values())
    for english, vietnamese in texts.values():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", vietnamese))
    scripts = "".join(path.read_text(encoding="utf-8") for path in static.glob("*.js"))
    used = set(re.findall(r'\bt\("(\w+)"[,)]', scripts)) | set(re.findall(r'\bbutton\("(\w+)"', scripts))
    numbers = re.search(r"const NUMBERS = \[(.*?)\]", scripts)
    assert numbers is not None
    used |= {f"e_{name}" for name in re.findall(r'"(\w+)"', numbers[1])}
    used |= {f"kind_{kind}" for kind in ("copy", "moment", "identical", "different")}
    used |= set(re.findall(r'data-t="(\w+)"', (static / "index.html").read_text(encoding="utf-8")))
    assert used <= set(texts)
