"""The review page in a real browser: every action on a real run, and what happens around it."""

from __future__ import annotations

import json
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from browser import chromium, complaints
from rfdedup.keepers.constraints import constraints
from rfdedup.storage.decision_log import DecisionLog
from rfdedup.storage.run_folder import RunFolder
from synthetic_run import SEMANTIC_THRESHOLD, make_run

pytest.importorskip("uvicorn", reason="needs uvicorn: install the review extra")

from rfdedup.outputs.review.server import ReviewServer
from rfdedup.pipeline.rerun import recompute

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

GROUPS = 45
ROOTS = ("root", "king_root")
COPIES = ("exact", "half", "crop10", "border")
LIGHT = """canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
    .reduce((sum, value, i) => sum + (i % 4 < 3 ? value : 0), 0)"""
"""Sum of all colour values of a canvas."""
DROP = """([bytes, name]) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/jpeg' }));
    document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
}"""
"""Drops a file onto the page."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run on shipped photos with planted copies; tests work on copies of it."""
    from rfdedup.demo.planting import plant, shipped_photos
    from rfdedup.pipeline.run import refine

    folder = tmp_path_factory.mktemp("real")
    planted = plant(shipped_photos()[:9], folder, kinds=COPIES, junk=("blurred", "empty"), junk_every=3)
    refine(planted.images, folder / "run", threshold=0.6, same="meaning")
    return folder


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real run in which pictures decided: copies of some photos, and one with noise of its own."""
    from rfdedup.demo.planting import plant, shipped_photos
    from rfdedup.pipeline.run import refine

    folder = tmp_path_factory.mktemp("seen")
    planted = plant(shipped_photos()[:3], folder, kinds=("half", "crop10", "noise"), junk=())
    refine(planted.images, folder / "run")
    return folder / "run"


@pytest.fixture
def real(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


@pytest.fixture
def invented(tmp_path: Path) -> Path:
    names = {0: b"<img src=x onerror=alert(1)>.jpg", 1: b"</script><script>alert(2)</script>.jpg", 2: b"caf\xe9\n.jpg"}
    return make_run(tmp_path / "invented", groups=GROUPS, poor=9, features=True, names=names).path


@contextmanager
def serving(run: Path, **more: Any) -> Iterator[ReviewServer]:
    server = ReviewServer(run, **{"recompute": recompute, **more})
    ready = threading.Event()
    thread = threading.Thread(target=server.serve, args=(ready.set,))
    thread.start()
    assert ready.wait(30)
    try:
        yield server
    finally:
        server.stop()
        thread.join(30)


@contextmanager
def opened(
    browser: Browser, link: str, *, view: str = "", trouble: list[str] | None = None, **more: Any
) -> Iterator[Page]:
    """The page in a context of its own; fails on any dialog, script error or blocked content."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "locale": "en-US", **more})
    page = context.new_page()
    page.set_default_timeout(60_000)
    noticed = [] if trouble is None else trouble
    page.on("pageerror", lambda error: noticed.append(str(error)))
    page.on("dialog", lambda dialog: (noticed.append(dialog.message), dialog.dismiss()))
    page.on("console", lambda message: noticed.append(message.text) if "Content Security" in message.text else None)
    host = link.split("?")[0]
    page.on("request", lambda r: None if r.url.startswith((host, "blob:", "data:")) else noticed.append(r.url))
    page.goto(link + view)
    page.wait_for_selector("#counts .chip")
    yield page
    context.close()
    if trouble is None:
        assert noticed == []


def visiting(browser: Browser, run: Path, view: str = "", **more: Any) -> AbstractContextManager[Page]:
    @contextmanager
    def both() -> Iterator[Page]:
        with serving(run) as server, opened(browser, server.link, view=view, **more) as page:
            yield page

    return both()


def count(page: Page, what: str) -> int:
    return int(page.locator(f"#counts [data-count={what}] b").inner_text().replace(",", ""))


def wait_for_count(page: Page, what: str, value: int) -> None:
    page.locator(f"#counts [data-count={what}] b", has_text=re.compile(f"^{value}$")).wait_for()


def subject(page: Page, name: str) -> Locator:
    return page.locator(".pic.drop", has=page.locator(".path", has_text=name)).first


def told(page: Page, text: str) -> None:
    page.locator("#toast", has_text=text).wait_for()


def rejected(run: Path) -> list[int]:
    """Rows that the log on disk drops."""
    found = constraints(DecisionLog(run).decisions(), RunFolder(run).verdicts())
    return np.flatnonzero(found.drop).tolist()


# ---- looking


def test_groups_are_paged_filtered_searched_and_sorted_and_the_address_remembers(
    browser: Browser, invented: Path
) -> None:
    with visiting(browser, invented) as page:
        page.locator("#list-status", has_text=f"Groups 1–20 of {GROUPS}").wait_for()
        assert "?" not in page.url
        page.keyboard.press("PageDown")
        page.locator("#list-status", has_text="Groups 21–40").wait_for()
        page.reload()
        page.locator("#list-status", has_text="Groups 21–40").wait_for()
        page.select_option("select[name=tier]", "perceptual")
        page.locator("#list-status", has_text="Groups 1–").wait_for()
        page.locator(".group:not(:has(.chip.perceptual))").first.wait_for(state="detached")
        page.select_option("select[name=tier]", "semantic")
        page.fill("input[name=low]", "0.9")
        page.locator("#list-status", has_text=re.compile(r"of ([1-9]|[12]\d)$")).wait_for()
        page.fill("input[name=low]", "")
        page.select_option("select[name=tier]", "")
        page.select_option("select[name=sort]", "size")
        page.locator(".group h2 .muted", has_text="4 dropped").first.wait_for()
        page.select_option("select[name=conflict]", "labels")
        page.locator("#list-status", has_text="No dropped image has labels").wait_for()
        page.locator("#list").wait_for(state="hidden")
        page.select_option("select[name=conflict]", "folders")
        page.locator("#list-status", has_text="Groups 1–").wait_for()
        page.select_option("select[name=conflict]", "")
        page.keyboard.press("Escape")
        page.fill("input[name=path]", "CAF")
        page.locator("#list-status", has_text="Groups 1–1 of 1").wait_for()
        page.fill("input[name=path]", "no such image")
        page.locator("#list-status", has_text="Nothing matches.").wait_for()


def test_hostile_names_are_shown_and_run_nothing(browser: Browser, invented: Path) -> None:
    with visiting(browser, invented, view="#groups?sort=path") as page:
        page.locator(".group").first.wait_for()
        assert page.locator(".path", has_text="<img src=x onerror=alert(1)>.jpg").count() == 1
        assert page.locator(".path", has_text=r"caf\xe9\n.jpg").count() == 1
        assert page.locator("img[src=x], main script").count() == 0


def test_quality_drops_are_browsed_by_reason(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#images") as page:
        page.locator("#list .pic").first.wait_for()
        assert set(page.locator("#list .chip").all_inner_texts()) == {"blurry"}
        page.select_option("select[name=show]", "errors")
        page.locator("#list .chip.error", has_text="empty file").first.wait_for()
        page.select_option("select[name=show]", "all")
        page.locator("#list-status", has_text=re.compile(r"Images 1–\d+ of \d+")).wait_for()


def test_images_are_compared_side_by_side_flickering_and_subtracted(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#groups?tier=semantic&sort=path") as page:
        subject(page, "border").click()
        page.keyboard.press("Space")
        dialog = page.locator("#compare")
        page.locator("#compare[data-ready$=side]").wait_for()
        assert dialog.locator("#stage img").count() == 2
        assert "original" in dialog.locator("td .path").first.inner_text()
        assert re.search(r"Semantic 0\.\d+", dialog.inner_text())
        page.keyboard.press("+")
        page.keyboard.press("+")
        page.keyboard.press("+")
        moves = dialog.locator("#stage img").evaluate_all("nodes => nodes.map(node => node.style.transform)")
        assert moves[0] == moves[1]
        assert float(re.findall(r"scale\(([\d.]+)\)", moves[0])[0]) == pytest.approx(1.5**3)
        box = dialog.locator("#stage").bounding_box()
        page.mouse.move(box["x"] + 50, box["y"] + 50)
        page.mouse.down()
        page.mouse.move(box["x"] + 90, box["y"] + 70)
        page.mouse.up()
        moves = dialog.locator("#stage img").evaluate_all("nodes => nodes.map(node => node.style.transform)")
        assert moves[0] == moves[1]
        assert "translate(40px, 20px)" in moves[0]

        page.keyboard.press("f")
        page.locator("#compare[data-ready$=flicker]").wait_for()
        seen = {page.locator("#stage .pane[data-side='1']").is_visible()}
        for _ in range(20):
            page.wait_for_timeout(150)
            seen.add(page.locator("#stage .pane[data-side='1']").is_visible())
        assert seen == {True, False}

        page.keyboard.press("x")
        page.locator("#compare[data-ready$=difference]").wait_for()
        assert page.locator("#stage canvas").evaluate(LIGHT) > 1000
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Escape")
        assert not dialog.is_visible()


def test_identical_copies_have_a_black_difference(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#groups?tier=exact&sort=path") as page:
        subject(page, "exact").click()
        page.keyboard.press("Enter")
        page.locator("#compare[data-ready$=side]").wait_for()
        page.keyboard.press("3")
        page.locator("#compare[data-ready$=difference]").wait_for()
        assert page.locator("#stage canvas").evaluate(LIGHT) == 0


def test_a_label_conflict_is_found_and_told(browser: Browser, real: Path, made: Path) -> None:
    run = RunFolder(real)
    row = next(row for row in run.verdicts().to_pylist() if row["tier"] == "semantic")
    root = Path(shutil.copytree(row["root"], real.parent / "labelled"))
    table = run.verdicts()
    moved = {name: pa.array([str(root) if value else None for value in table[name].to_pylist()]) for name in ROOTS}
    for name, column in moved.items():
        table = table.set_column(table.schema.get_field_index(name), table.schema.field(name), column)
    info = run.info()
    run.write_info({**info, "tables": run.write_tables(table, run.links())})
    (root / row["king"]).with_suffix(".txt").write_text("0 .5 .5 .1 .1")
    (root / row["path"]).with_suffix(".txt").write_text("4 .5 .5 .1 .1")
    with visiting(browser, real) as page:
        page.locator(".group").first.wait_for()
        page.select_option("select[name=conflict]", "labels")
        page.locator("#list-status", has_text="Groups 1–1 of 1").wait_for()
        told_why = page.locator(".pic .conflict")
        assert told_why.all_inner_texts() == ["label conflict: yolo classes 4, 0 on its king"]
        page.locator(".pic:has(.conflict)").click()
        page.keyboard.press("Space")
        labels = page.locator("#compare tr", has=page.locator("th", has_text="Labels"))
        labels.wait_for()
        assert labels.locator("td").all_inner_texts() == ["yolo: 0", "yolo: 4"]


# ---- deciding


def test_every_decision_by_keyboard_is_saved_at_once_and_undone(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#groups?sort=path") as page:
        page.locator(".group").first.wait_for()
        kept = count(page, "keep")
        log = DecisionLog(real)

        subject(page, "_border").click()
        page.keyboard.press("n")
        told(page, "Not duplicates any more")
        wait_for_count(page, "keep", kept + 1)
        assert len(log.decisions().distinct) == 1
        page.keyboard.press("u")
        told(page, "Taken back")
        wait_for_count(page, "keep", kept)
        assert len(log.decisions()) == 0
        page.keyboard.press("y")
        told(page, "Done again")
        wait_for_count(page, "keep", kept + 1)
        page.keyboard.press("u")
        wait_for_count(page, "keep", kept)

        subject(page, "_crop10").click()
        page.keyboard.press("k")
        wait_for_count(page, "keep", kept + 1)
        page.keyboard.press("6")
        page.locator("[data-view=decisions] #list .pic .decided", has_text="must keep").wait_for()
        page.locator("#list .pic").click()
        page.keyboard.press("r")
        wait_for_count(page, "keep", kept)
        page.keyboard.press("1")
        page.select_option("select[name=sort]", "path")

        heir = page.locator(".group:has(.chip.perceptual) .pic:not(.king):has(.chip.perceptual)").first
        row = heir.get_attribute("data-row")
        heir.click()
        page.keyboard.press("g")
        told(page, "Now the kept one")
        crowned = page.locator(f".pic.king[data-row='{row}'] .decided", has_text="chosen king")
        crowned.wait_for()
        page.keyboard.press("u")
        crowned.wait_for(state="detached")

        king = page.locator(".pic.king").first
        row = king.get_attribute("data-row")
        king.click()
        page.keyboard.press("d")
        told(page, "Dropped")
        page.locator(f".pic[data-row='{row}']").wait_for(state="detached")
        assert rejected(real) == [int(row)]
        page.click("#undo")
        told(page, "Taken back")
        page.locator(f".pic.king[data-row='{row}']").wait_for()
        # keep and reset stay done; the other steps were taken back
        assert log.steps() == (2, 1)


def test_whole_groups_are_decided_in_one_step(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#groups?sort=path") as page:
        page.locator(".group").first.wait_for()
        kept = count(page, "keep")
        size = page.locator(".group").first.locator(".pic:not(.king)").count()
        page.locator(".group").first.get_by_role("button", name="Keep all").click()
        wait_for_count(page, "keep", kept + size)
        page.keyboard.press("u")
        wait_for_count(page, "keep", kept)
        page.locator(".group").first.get_by_role("button", name="Drop all").click()
        wait_for_count(page, "keep", kept - 1)
        page.keyboard.press("u")
        wait_for_count(page, "keep", kept)


def test_arrow_keys_move_over_images_groups_and_pages(browser: Browser, invented: Path) -> None:
    with visiting(browser, invented, view="#groups?sort=path") as page:
        page.locator(".pic.king.current").wait_for()

        def row() -> int:
            return int(page.locator("#view .pic.current").get_attribute("data-row"))

        kings = page.locator(".group").evaluate_all("nodes => nodes.map(node => Number(node.dataset.king))")
        assert row() == kings[0]
        page.keyboard.press("ArrowRight")
        assert row() != kings[0]
        page.keyboard.press("ArrowDown")
        assert row() == kings[1]
        page.keyboard.press("ArrowUp")
        assert row() == kings[0]
        for _ in kings:
            page.keyboard.press("ArrowDown")
        page.locator("#list-status", has_text="Groups 21–40").wait_for()
        page.keyboard.press("ArrowLeft")
        page.locator("#list-status", has_text="Groups 1–20").wait_for()
        page.keyboard.press("?")
        page.locator("#keys[open]").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("3")
        page.locator("#slider").wait_for()


def test_decisions_are_exported_and_imported(browser: Browser, real: Path, tmp_path: Path) -> None:
    with visiting(browser, real, view="#groups?sort=path") as page:
        page.locator(".group").first.wait_for()
        kept = count(page, "keep")
        subject(page, "_border").click()
        page.keyboard.press("n")
        wait_for_count(page, "keep", kept + 1)
        page.click("[data-view=decisions]")
        # the view before has pictures too
        page.locator("[data-view=decisions] #list .pic").first.wait_for()
        assert page.locator("#list .pic").count() == 1
        assert "Your decisions are saved" in page.locator("#banner").inner_text()
        with page.expect_download() as download:
            page.click("#export")
        file = tmp_path / "reviews.json"
        download.value.save_as(file)
        assert len(json.loads(file.read_text())["distinct"]) == 1
        page.keyboard.press("u")
        wait_for_count(page, "keep", kept)
        page.set_input_files("#import-file", file)
        told(page, "1 decisions imported")
        wait_for_count(page, "keep", kept + 1)


# ---- around it


def test_reload_two_tabs_and_a_restarted_server(browser: Browser, real: Path) -> None:
    trouble: list[str] = []
    with serving(real) as server, opened(browser, server.link, view="#groups?sort=path", trouble=trouble) as page:
        page.locator(".group").first.wait_for()
        kept = count(page, "keep")
        other = page.context.new_page()
        other.goto(server.link.split("?")[0] + "#groups?sort=path")
        other.locator(".group").first.wait_for()
        page.bring_to_front()
        subject(page, "_border").click()
        page.keyboard.press("n")
        wait_for_count(page, "keep", kept + 1)
        page.reload()
        wait_for_count(page, "keep", kept + 1)
        other.bring_to_front()
        wait_for_count(other, "keep", kept + 1)
        other.close()

        port = server.port
        server.stop()
        told(page, "The server does not answer")
    with serving(real, port=port) as again, opened(browser, again.link, trouble=trouble) as fresh:
        wait_for_count(fresh, "keep", kept + 1)
        stale = browser.new_page()
        assert stale.goto(server.link).status == 403
        stale.close()
    assert trouble == []


def test_the_page_follows_a_run_folder_that_changes(browser: Browser, invented: Path, tmp_path: Path) -> None:
    with visiting(browser, invented) as page:
        page.locator("#list-status", has_text=f"of {GROUPS}").wait_for()
        smaller = make_run(tmp_path / "smaller", groups=3, features=True).path
        for name in (
            "features/rows.npy",
            "features/preview_0000.parquet",
            "links.parquet",
            "verdicts.parquet",
            "run.json",
        ):
            shutil.copy(smaller / name, invented / name)
        page.locator("#list-status", has_text="of 3").wait_for()
        info = json.loads((invented / "run.json").read_text())
        (invented / "run.json").write_text(json.dumps({**info, "status": "running"}))
        page.locator("#banner", has_text="not finished").wait_for()
        assert page.locator(".group").count() == 3


# ---- threshold, map, likeness


def test_the_threshold_slider_previews_at_once_and_in_pictures(browser: Browser, invented: Path) -> None:
    with visiting(browser, invented, view="#threshold") as page:
        page.locator("#threshold-answer table").wait_for()
        assert page.locator("#accept").is_disabled()
        before = int(page.locator("[data-after=kept_row]").inner_text())
        page.locator("#slider").focus()
        for _ in range(30):
            page.keyboard.press("ArrowRight")
        page.locator("#accept", has_text="0.75").wait_for()
        page.locator("[data-change=rises] .pair").first.wait_for()
        page.locator("th", has_text="With 0.75").wait_for()
        after = int(page.locator("[data-after=kept_row]").inner_text())
        assert after == before + int(page.locator("[data-change=rises] .count").inner_text())
        assert after > before
        page.click("#reset-slider")
        page.locator("th", has_text=f"With {SEMANTIC_THRESHOLD}").wait_for()
        assert page.locator("[data-change=rises] .pair").count() == 0


LOOKS = [(1280, "light", "en-US"), (1280, "dark", "vi-VN"), (390, "light", "vi-VN"), (390, "dark", "en-US")]


@pytest.mark.parametrize(("width", "scheme", "locale"), LOOKS)
def test_what_comparing_found_is_shown_in_lists_and_in_the_comparison(
    browser: Browser, seen: Path, width: int, scheme: str, locale: str
) -> None:
    english = locale == "en-US"
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme, "locale": locale}
    with visiting(browser, seen, **look) as page:
        crop = subject(page, "_crop10")
        says = crop.locator(".says").inner_text()
        assert says.startswith("the same picture, cut to 81" if english else "cùng một ảnh, cắt còn 81")
        assert crop.locator(".chip.copy").inner_text() == ("copy" if english else "bản sao")
        crop.click()
        page.keyboard.press("Space")
        page.locator("#compare[data-ready$=side]").wait_for()
        page.locator("#finding strong", has_text=says).wait_for()
        page.locator("#compare th", has_text="Share compared" if english else "Phần được so sánh").wait_for()
        for key, mode in (("o", "overlay"), ("c", "change_map")):
            page.keyboard.press(key)
            page.locator(f"#compare[data-ready$={mode}]").wait_for()
            picture = page.locator("#stage img")
            assert picture.count() == 1
            assert picture.evaluate("img => img.naturalWidth") > 100
        assert complaints(page) == []
        page.keyboard.press("s")
        page.locator("#compare[data-ready$=side]").wait_for()
        page.keyboard.press("Escape")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert complaints(page) == []


def test_the_kind_is_filtered_and_switched_with_a_preview(browser: Browser, seen: Path, tmp_path: Path) -> None:
    run = Path(shutil.copytree(seen, tmp_path / "run"))
    moments = RunFolder(run).verdicts()["same"].to_pylist().count("moment")
    assert moments
    trouble: list[str] = []
    with (
        serving(run, recompute=recompute) as server,
        opened(browser, server.link, trouble=trouble) as page,
    ):
        page.select_option("select[name=same]", "moment")
        page.locator(".group:not(:has(.chip.moment))").first.wait_for(state="detached")
        kept = count(page, "keep")
        page.keyboard.press("Escape")
        page.goto(page.url.split("#")[0] + "#threshold")
        page.locator("#no-change").wait_for()
        assert page.locator("#heading").inner_text() == "What counts as the same"
        assert page.locator("#slider").count() == 0
        assert page.locator("#accept").is_disabled()
        page.locator("#same-copy").check()
        page.locator("[data-change=rises] .pair").first.wait_for()
        assert complaints(page) == []
        told_kept = [int(n) for n in re.findall(r"\d+", page.locator("[data-after=kept_row]").inner_text())]
        page.click("#accept")
        page.locator("#banner", has_text="The funnel is running").wait_for()
        page.locator("#banner", has_text="The funnel is running").wait_for(state="hidden", timeout=200_000)
        assert json.loads((run / "run.json").read_text())["config"]["same"] == "copy"
        page.locator("#no-change").wait_for()
        now = count(page, "keep")
        assert kept < now
        assert told_kept[0] <= now <= told_kept[-1]
        # and back, from what the run remembers of pairs that are no copies
        page.locator("#same-moment").check()
        page.locator("[data-change=falls] .pair").first.wait_for()
        back = [int(n) for n in re.findall(r"\d+", page.locator("[data-after=kept_row]").inner_text())]
        assert back[0] <= kept <= back[-1]
    assert trouble == []


def test_an_accepted_threshold_is_recomputed_from_the_embeddings(browser: Browser, real: Path) -> None:
    trouble: list[str] = []
    with (
        serving(real, recompute=recompute) as server,
        opened(browser, server.link, view="#threshold", trouble=trouble) as page,
    ):
        page.locator("#threshold-answer table").wait_for()
        kept = count(page, "keep")
        page.fill(".slider input[type=number]", "0.9")
        page.keyboard.press("Tab")
        page.locator("th", has_text="With 0.9").wait_for()
        expected = int(page.locator("[data-after=kept_row]").inner_text())
        assert expected > kept
        page.click("#accept")
        page.locator("#banner", has_text="The funnel is running").wait_for()
        page.locator("#banner", has_text="The funnel is running").wait_for(state="hidden", timeout=200_000)
        assert json.loads((real / "run.json").read_text())["encoder"]["threshold"] == 0.9
        wait_for_count(page, "keep", expected)
    assert trouble == []


def test_the_map_draws_every_embedding_and_a_lasso_inspects(browser: Browser, real: Path) -> None:
    with visiting(browser, real, view="#map") as page:
        canvas = page.locator("canvas[data-points]")
        canvas.wait_for(timeout=120_000)
        points = int(canvas.get_attribute("data-points"))
        assert points > 10
        page.click("#inspect-view")
        page.locator("#map-found", has_text=f"{points} images selected").wait_for()
        page.locator(".tiles .pic").first.wait_for()
        page.click("[data-tool=lasso]")
        box = canvas.bounding_box()
        corners = [(0.01, 0.01), (0.5, 0.01), (0.5, 0.99), (0.01, 0.99)]
        at = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        page.mouse.move(*at[0])
        page.mouse.down()
        for corner in [*at[1:], at[0]]:
            page.mouse.move(*corner, steps=4)
        page.mouse.up()
        page.locator("#map-found", has_not_text=f"{points} images").wait_for()
        inside = int(re.findall(r"\d+", page.locator("#map-found").inner_text())[0])
        assert 0 < inside < points
        shown = "count => document.querySelectorAll('.tiles .pic').length === count"
        page.wait_for_function(shown, arg=min(inside, 60))
        page.get_by_role("button", name="Zoom in").click()


def test_images_like_one_of_the_run_and_like_a_dropped_picture(browser: Browser, real: Path, made: Path) -> None:
    with visiting(browser, real, view="#groups?tier=semantic&sort=path") as page:
        chosen = subject(page, "_border")
        name = chosen.locator(".path").inner_text().replace("_border.jpg", "")
        chosen.click()
        page.keyboard.press("l")
        page.locator("#list .pic").first.wait_for()
        assert name in page.locator("#list .path").first.inner_text()
        scores = [
            float(text)
            for text in page.locator("#list .pic .facts:first-of-type, #list .pic .chip + .facts").all_inner_texts()
        ]
        assert scores == sorted(scores, reverse=True)

        file = next((made / "images").glob(f"**/*{name}_crop10*"))
        page.set_input_files("#like-file", file)
        page.locator("#like-status", has_text=f"Like your picture {file.name}").wait_for()
        assert name in page.locator("#list .path").first.inner_text()

        other = next(path for path in sorted((made / "images").glob("**/*_original*")) if name not in path.name)
        page.evaluate(DROP, [list(other.read_bytes()), other.name])
        page.locator("#like-status", has_text=f"Like your picture {other.name}").wait_for()
        assert other.name.split("_original")[0] in page.locator("#list .path").first.inner_text()


# ---- for everyone


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_in_vietnamese_does_not_scroll_sideways(browser: Browser, invented: Path, scheme: str) -> None:
    look = {"viewport": {"width": 390, "height": 800}, "color_scheme": scheme, "locale": "vi-VN"}
    with visiting(browser, invented, **look) as page:
        page.locator("#list-status", has_text="Nhóm 1–20 trong 45").wait_for()
        for view in ("groups", "images", "threshold", "decisions"):
            page.goto(page.url.split("#")[0] + f"#{view}")
            page.wait_for_timeout(300)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.get_by_role("button", name="English").click()
        page.locator("#views", has_text="Groups").wait_for()
        assert page.locator("html").get_attribute("lang") == "en"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(browser: Browser, real: Path, scheme: str) -> None:
    views = {"groups": ".group", "images": "#list .pic", "threshold": "#similarities canvas", "decisions": "#recompute"}
    with visiting(browser, real, color_scheme=scheme) as page:
        for view, shows in {**views, "map": "canvas[data-points]", "like": "#like-file"}.items():
            page.goto(page.url.split("#")[0] + f"#{view}")
            page.locator(shows).first.wait_for(state="attached", timeout=120_000)
            assert complaints(page) == [], view
        page.goto(page.url.split("#")[0] + "#groups")
        subject(page, "border").click()
        page.keyboard.press("Space")
        page.locator("#compare[data-ready$=side]").wait_for()
        page.locator("#compare table").wait_for()
        assert complaints(page) == []


def test_a_screen_reader_finds_names_for_everything(browser: Browser, invented: Path) -> None:
    with visiting(browser, invented) as page:
        page.locator(".group").first.wait_for()
        assert page.get_by_role("main").count() == 1
        assert page.get_by_role("heading", level=1).inner_text() == "Groups"
        assert page.locator("img:not([alt])").count() == 0
        unnamed = "nodes => nodes.filter(node => !node.textContent.trim() && !node.ariaLabel).length"
        assert page.locator("button").evaluate_all(unnamed) == 0
        assert (
            page.locator("select, input:not([type=file])").evaluate_all(
                "nodes => nodes.filter(node => !node.labels.length && !node.ariaLabel).length"
            )
            == 0
        )
        assert page.locator("#view .pic[tabindex='0']").count() == 1
