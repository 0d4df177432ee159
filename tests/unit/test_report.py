"""The report: what it counts, what it lists first, what it leaves out, and that it is one inert file."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from rfdedup.model.config import make_config
from rfdedup.outputs.report import write_report
from rfdedup.outputs.report.certainty import certainty, margins
from rfdedup.outputs.report.contents import PageLimits, contents, shown_rows
from rfdedup.outputs.report.render import PREVIEW_FOLDER, PageSize
from rfdedup.storage.run_folder import RunFolder
from synthetic_run import BLURRY, HASH_RADIUS, SEMANTIC_THRESHOLD, make_run, previews

HOSTILE = {
    0: b"<img src=x onerror=alert(1)>.jpg",
    1: b"</script><script>alert(2)</script>.jpg",
    2: b"caf\xe9 \xff.jpg",
    3: b"two\nlines {{ 7 * 7 }}.jpg",
}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return make_run(tmp_path / "run", groups=30, names=HOSTILE)


def page_of(run: RunFolder, limits: PageLimits | None = None) -> dict[str, Any]:
    return contents(run.verdicts(), run.links(), run.info(), limits or PageLimits())


def json_block(html: str, name: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_margin_is_zero_at_the_threshold_and_one_at_the_end_of_the_scale() -> None:
    drops = pa.table(
        {
            "tier": ["semantic", "semantic", "perceptual", "perceptual", "quality", "quality", "quality", "exact"],
            "reason": ["cosine", "cosine", "phash", "phash", "blurry", "bright", "bright", "sha256"],
            "score": [0.6, 0.8, 8.0, 0.0, 25.0, 220.0, 255.0, 1.0],
            "threshold": [0.6, 0.6, 8.0, 8.0, 50.0, 220.0, 220.0, 1.0],
        }
    )
    assert margins(drops).tolist() == pytest.approx([0, 0.5, 0, 1, 0.5, 0, 1, 1])


def test_the_least_matched_and_least_supported_comparisons_are_the_least_certain() -> None:
    columns = ("same", "inliers", "overlap", "matched", "reason")
    surer_and_surer = [
        ("copy", 40, 0.5, 0.9, "overlay"),
        ("copy", 0, 1.0, 0.95, "overlay"),
        ("moment", 8, 1.0, 1.0, "unchanged"),
        ("moment", 300, 1.0, 1.0, "unchanged"),
        ("copy", 8, 1.0, 1.0, "edited"),
        ("copy", 200, 0.5, 1.0, "edited"),
        ("copy", 200, 1.0, 1.0, "edited"),
        ("copy", 0, 1.0, 1.0, "unchanged"),
    ]
    found = certainty(pa.table(dict(zip(columns, map(list, zip(*surer_and_surer, strict=True)), strict=True)))).tolist()
    assert found == sorted(set(found))
    assert found[0] >= 0
    assert found[-1] == 1.0


def test_each_tier_hands_on_what_it_did_not_drop(run: RunFolder) -> None:
    page = page_of(run)
    verdicts = run.verdicts().to_pylist()
    entering = len(verdicts) - sum(row["verdict"] == "error" for row in verdicts)
    for tier in page["tiers"]:
        dropped = sum(row["tier"] == tier["tier"] for row in verdicts)
        assert (tier["in"], tier["dropped"], tier["out"]) == (entering, dropped, entering - dropped)
        assert sum(count for _, count in tier["reasons"]) == dropped
        entering -= dropped
    assert entering == page["counts"]["kept"] == sum(row["verdict"] == "keep" for row in verdicts)


def test_a_tier_that_was_switched_off_is_said_not_to_have_run(run: RunFolder) -> None:
    info = run.info()
    info["config"] |= {"tiers": ["quality", "hash"], "hash": {"exact": False, "perceptual": True}}
    ran = {tier["tier"]: tier["ran"] for tier in contents(run.verdicts(), run.links(), info, PageLimits())["tiers"]}
    assert ran == {"quality": True, "exact": False, "perceptual": True, "semantic": False}


def test_groups_closest_to_their_threshold_come_first_with_every_member(run: RunFolder) -> None:
    page = page_of(run)
    verdicts = run.verdicts().to_pylist()
    found = page["groups"]["items"]
    assert [group["margin"] for group in found] == sorted(group["margin"] for group in found)
    assert page["groups"]["total"] == len(found) == 30
    for group in found:
        members = {i for i, row in enumerate(verdicts) if row["group"] == group["number"]}
        assert {group["king"][0], *(image[0] for image in group["subjects"])} == members
        assert verdicts[group["king"][0]]["verdict"] == "keep"
        assert all(verdicts[image[0]]["verdict"] == "drop" for image in group["subjects"])


def test_limits_bound_the_rows_and_the_totals_stay_true(run: RunFolder) -> None:
    limits = PageLimits(groups=4, subjects_of_a_group=1, quality_drops=3, errors=1)
    page = page_of(run, limits)
    assert page["groups"]["total"] == 30
    assert [len(group["subjects"]) for group in page["groups"]["items"]] == [1, 1, 1, 1]
    assert (page["quality"]["total"], len(page["quality"]["items"])) == (9, 3)
    assert {image[6] for image in page["quality"]["items"]} == {"blurry", "dark", "bright"}
    assert (page["errors"]["total"], len(page["errors"]["items"])) == (3, 1)
    assert len(shown_rows(page)) == 4 * 2 + 3


def test_charts_are_of_what_decided(run: RunFolder) -> None:
    info = run.info()
    info["config"]["quality"] = make_config({}).model_dump(mode="json")["quality"]
    verdicts = run.verdicts()
    for name, kind, value in (("light", pa.int32(), 250), ("shade", pa.int32(), 3), ("crispness", pa.float64(), 0.3)):
        at = verdicts.column_names.index(name)
        verdicts = verdicts.set_column(at, verdicts.schema.field(at), pa.array([value] * verdicts.num_rows, kind))
    charts = {chart["name"]: chart for chart in contents(verdicts, run.links(), info, PageLimits())["histograms"]}
    assert not {"sharpness", "brightness"} & set(charts)
    assert charts["crispness"]["bounds"] == [{"name": "blurry", "value": 0.035, "drops": "below"}]
    assert charts["light"]["bounds"] == [{"name": "dark", "value": 32.0, "drops": "below"}]
    assert charts["shade"]["bounds"] == [{"name": "bright", "value": 170.0, "drops": "above"}]


def test_a_bound_that_took_much_is_told_at_the_top(run: RunFolder, tmp_path: Path) -> None:
    page = page_of(run)
    assert page["heavy"] == []
    info, verdicts = run.info(), run.verdicts()
    dark = pa.array(["dark"] * verdicts.num_rows)
    everything = {"verdict": pa.array(["drop"] * verdicts.num_rows), "tier": pa.array(["quality"] * verdicts.num_rows)}
    for name, values in {**everything, "reason": dark}.items():
        at = verdicts.column_names.index(name)
        verdicts = verdicts.set_column(at, verdicts.schema.field(at), values)
    (told,) = contents(verdicts, run.links(), info, PageLimits())["heavy"]
    assert (told["check"], told["count"], told["images"]) == ("dark", verdicts.num_rows, verdicts.num_rows)
    assert "--quality information" in told["options"]
    run.write_tables(verdicts, run.links())
    html = write_report(run, lambda rows: [None] * len(rows)).read_text()
    assert '<strong data-reason="dark">' in html
    assert "--quality information" in html


def test_histograms_count_every_value_and_carry_their_thresholds(run: RunFolder) -> None:
    charts = {chart["name"]: chart for chart in page_of(run)["histograms"]}
    verdicts, links = run.verdicts(), run.links().to_pylist()
    readable = verdicts.num_rows - 3
    expected = {
        "sharpness": (readable, BLURRY),
        "brightness": (readable, 10.0),
        "similarity": (sum(link["tier"] == "semantic" for link in links), SEMANTIC_THRESHOLD),
        "distance": (sum(link["tier"] == "perceptual" for link in links), HASH_RADIUS),
    }
    for name, (total, bound) in expected.items():
        assert sum(charts[name]["counts"]) == charts[name]["total"] == total
        assert charts[name]["bounds"][0]["value"] == bound


def test_an_empty_run_and_one_without_duplicates_have_a_report(tmp_path: Path) -> None:
    for name, groups, alone in (("none", 0, 0), ("alone", 0, 3)):
        run = make_run(tmp_path / name, groups=groups, alone=alone, poor=0, broken=0)
        html = write_report(run, previews).read_text(encoding="utf-8")
        assert json_block(html, "data")["groups"]["total"] == 0
        assert "No duplicates were found." in html


def test_hostile_names_are_inert_and_readable(run: RunFolder) -> None:
    html = write_report(run, previews).read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    images = [group["king"][1] for group in json_block(html, "data")["groups"]["items"]]
    images += [image[1] for group in json_block(html, "data")["groups"]["items"] for image in group["subjects"]]
    assert {"<img src=x onerror=alert(1)>.jpg", r"caf\xe9 \xff.jpg", r"two\nlines {{ 7 * 7 }}.jpg"} <= set(images)


def test_policy_admits_exactly_the_scripts_and_styles_of_the_page(run: RunFolder) -> None:
    html = write_report(run, previews).read_text(encoding="utf-8")
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', html)
    assert policy is not None
    allowed = set(re.findall(r"sha256-[^&']+", policy[1].replace("&#39;", "'")))
    inline = re.findall(r"<script>(.*?)</script>", html, re.DOTALL) + re.findall(
        r"<style>(.*?)</style>", html, re.DOTALL
    )
    digests = {"sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in inline}
    assert allowed == digests
    assert len(digests) == 3
    assert "default-src 'none'" in policy[1].replace("&#39;", "'")
    assert not re.search(r"unsafe-|https?:", policy[1])


def test_previews_beyond_the_budget_lie_beside_the_page_and_old_ones_go(run: RunFolder) -> None:
    one = len(previews(np.array([0]))[0] or b"")
    page = write_report(run, previews, size=PageSize(inside=5 * one, beside=10 * one))
    data, inside = (json_block(page.read_text(encoding="utf-8"), name) for name in ("data", "pictures"))
    files = {int(file.stem) for file in (run.path / PREVIEW_FOLDER).iterdir()}
    assert 3 <= len(inside) <= 6
    assert files == set(data["previews"]["beside"])
    assert len(files) > 5
    shown = {group["king"][0] for group in data["groups"]["items"]} | {
        image[0] for group in data["groups"]["items"] for image in group["subjects"] if image[5] != "exact"
    }
    shown |= {image[0] for image in data["quality"]["items"]}
    assert len(inside) + len(files) + data["previews"]["left_out"] == len(shown)

    write_report(run, previews)
    assert not (run.path / PREVIEW_FOLDER).exists()


def test_images_without_a_preview_are_listed_without_one(run: RunFolder) -> None:
    html = write_report(run, lambda rows: [None] * len(rows)).read_text(encoding="utf-8")
    assert json_block(html, "pictures") == {}
    assert json_block(html, "data")["groups"]["total"] == 30


def test_every_text_has_both_languages_and_every_key_of_the_page_exists() -> None:
    assets = Path(__file__).parents[2] / "src" / "rfdedup" / "outputs" / "report" / "assets"
    texts = json.loads((assets / "texts.json").read_text(encoding="utf-8"))
    texts |= json.loads((assets / "sentences.json").read_text(encoding="utf-8"))
    assert all(len(pair) == 2 and all(pair) for pair in texts.values())
    template = (assets / "report.html.j2").read_text(encoding="utf-8")
    script = (assets / "report.js").read_text(encoding="utf-8")
    used = set(re.findall(r"\bt\('(\w+)'\)", template)) | set(re.findall(r'data-(?:t|label)="(\w+)"', template))
    used |= set(re.findall(r'\bt\("(\w+)"[,)]', script))
    used |= {f"kind_{kind}" for kind in ("copy", "moment", "meaning")}
    assert used <= set(texts)
    for english, vietnamese in texts.values():
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", vietnamese))
