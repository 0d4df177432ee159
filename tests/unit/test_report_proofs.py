"""What the report shows of comparisons: sentences in two languages, small pictures, and what these may cost."""

from __future__ import annotations

import itertools
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pytest

from compared_run import compared_run, scene
from rfdedup.comparison import ChangeLimits, make_view, sentence
from rfdedup.model.config import make_config
from rfdedup.model.evidence import Evidence, Kind, Side
from rfdedup.model.schemas import VERDICTS
from rfdedup.outputs.report import drawn_proofs, report_run, write_report
from rfdedup.outputs.report.contents import PageLimits, contents
from rfdedup.outputs.report.drawn_proofs import PROOFS_FILE, ProofLimits, draw, proof_pictures
from rfdedup.outputs.report.sentences import parts, sentence_texts, told
from synthetic_run import make_run, previews

SHAPES = {
    "whole": (1.0, 0.0, 0.0, 0.0, 1.0, 0.0),
    "half": (2.0, 0.0, 0.0, 0.0, 2.0, 0.0),
    "turned": (0.98, -0.17, 3.0, 0.17, 0.98, -4.0),
}


def evidence_of_all_kinds() -> list[Evidence]:
    out = []
    for kind, shape, mirrored, overlap, side, reason, hue, share in itertools.product(
        Kind, SHAPES, (False, True), (1.0, 0.64), Side, ("overlay", "changed"), (False, True), (0.0027, 0.5, 1.0)
    ):
        matrix = SHAPES[shape]
        out.append(Evidence(kind, kind, matrix, mirrored, 30, overlap, 0.9, 40, share, side, hue, 640, reason))
    return [*out, Evidence(Kind.DIFFERENT, Kind.DIFFERENT, (0.0,) * 6, False, 0, 0, 0, 0, 0, Side.BOTH, False, 0, "x")]


@pytest.mark.parametrize("size", [(640, 480), (320, 240), (900, 900)])
def test_every_sentence_of_a_comparison_is_made_of_known_parts(size: tuple[int, int]) -> None:
    texts = sentence_texts()
    for evidence in evidence_of_all_kinds():
        english = sentence(evidence, size, (640, 480))
        said = parts(english)
        assert {key for key, *_ in said} <= set(texts), english
        # numbers may be written in another way, and nothing else
        assert told(said).replace("100 %", "1e+02 %") in (english, english.replace("100 %", "1e+02 %"))
        assert all(texts[key][1].split("{a}")[0] in told(said, 1) for key, *_ in said)


def test_words_without_a_translation_are_shown_as_they_are() -> None:
    said = parts("the same picture, folded twice, nothing changed")
    assert said == [["picture"], ["folded twice"], ["nothing"]]
    assert told(said, 1) == "cùng một ảnh, folded twice, không có gì thay đổi"


def test_a_run_that_compared_pictures_lists_the_least_certain_first_with_kind_and_sentence(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", groups=30, same="moment")
    page = contents(run.verdicts(), run.links(), run.info(), PageLimits(), run.evidence())
    assert page["same"] == "moment"
    assert page["kinds"].keys() == {"copy", "moment"}
    margin = [group["margin"] for group in page["groups"]["items"]]
    assert margin == sorted(margin)
    compared = dict(zip(*(run.evidence()[n].to_pylist() for n in ("row", "same")), strict=True))
    for image in (image for group in page["groups"]["items"] for image in group["subjects"]):
        assert (image[11] is not None) == (image[0] in compared)
        if image[0] in compared:
            assert image[10] == compared[image[0]]
            assert told(image[11]).startswith("the same moment" if image[10] == "moment" else "the same picture")


@pytest.mark.parametrize(("same", "warned"), [(None, True), ("meaning", True), ("moment", False), ("copy", False)])
def test_the_page_says_when_nobody_compared_pictures(tmp_path: Path, same: str | None, warned: bool) -> None:
    html = write_report(make_run(tmp_path / "run", same=same), previews).read_text(encoding="utf-8")
    assert ('id="not-compared"' in html) == warned


def test_what_changed_is_marked_and_nothing_else() -> None:
    base = scene()
    other = base.copy()
    other[100:180, 200:300] = 255 - other[100:180, 200:300]
    same, changed = (
        [cv2.imdecode(np.frombuffer(part, np.uint8), cv2.IMREAD_COLOR).astype(int) for part in proof]
        for proof in (
            draw(make_view(base, 640, 480), make_view(base.copy(), 640, 480), ChangeLimits()),
            draw(make_view(base, 640, 480), make_view(other, 640, 480), ChangeLimits()),
        )
    )
    assert {part.shape for part in (*same, *changed)} == {(192, 256, 3)}

    def marked(picture: Any) -> Any:
        return (picture[..., 2] - picture[..., 0]) > 60

    assert not marked(same[1]).any()
    inside = np.zeros((192, 256), bool)
    inside[36:76, 76:124] = True
    assert marked(changed[1])[44:68, 86:114].mean() > 0.9
    assert not marked(changed[1])[~inside].any()


def test_pictures_are_drawn_once_and_remembered_when_the_files_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = compared_run(tmp_path)
    config = make_config(run.info()["config"])
    first = proof_pictures(run, config, [1, 3, 5])
    assert set(first) == {1, 3, 5}
    (tmp_path / "images").rename(tmp_path / "away")
    monkeypatch.setattr(drawn_proofs, "open_executor", None)
    assert proof_pictures(run, config, [1, 3, 5]) == first
    report_run(run)
    html = run.report.read_text(encoding="utf-8")
    shown = json.loads(html.split('id="proofs">')[1].split("</script>")[0])
    assert set(shown) == {"1", "3", "5"}
    assert not (run.path / "report_previews").exists()


def test_pictures_are_bounded_in_number_bytes_and_time(tmp_path: Path) -> None:
    run = compared_run(tmp_path)
    config = make_config(run.info()["config"])
    assert set(proof_pictures(run, config, [5, 3, 1], ProofLimits(drops=2))) == {5, 3}
    one = sum(map(len, proof_pictures(run, config, [5])[5]))
    assert set(proof_pictures(run, config, [5, 3, 1], ProofLimits(bytes_=one))) == {5}
    (run.features / PROOFS_FILE).unlink()
    assert proof_pictures(run, config, [5, 3, 1], ProofLimits(seconds=-1)) == {}


def test_files_that_are_away_or_changed_and_damaged_memories_leave_pictures_out(tmp_path: Path) -> None:
    run = compared_run(tmp_path)
    config = make_config(run.info()["config"])
    (tmp_path / "images" / "0_half.png").unlink()
    os.mkfifo(tmp_path / "images" / "0_half.png")
    cv2.imwrite(str(tmp_path / "images" / "1_king.png"), scene(9))
    found = proof_pictures(run, config, [1, 3, 5])
    assert set(found) == {5}
    memory = run.features / PROOFS_FILE
    memory.write_bytes(memory.read_bytes()[:-20])
    assert proof_pictures(run, config, [1, 3, 5]) == found
    # names that lead out of their folder are not followed
    table = run.verdicts().to_pylist()
    for row in table:
        row["path_bytes"] = b"../images/" + row["path_bytes"]
    run.write_tables(pa.Table.from_pylist(table, schema=VERDICTS), run.links(), run.evidence())
    memory.unlink()
    assert proof_pictures(run, config, [1, 3, 5]) == {}
