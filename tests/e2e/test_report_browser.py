"""The report in a real browser: opened from disk, without network, with hostile file names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from browser import chromium, complaints
from rfdedup.outputs.report import write_report
from rfdedup.outputs.report.render import PageSize
from synthetic_run import make_run, previews

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = {0: b"<img src=x onerror=alert(1)>.jpg", 1: b"</script><script>alert(2)</script>.jpg", 2: b"caf\xe9.jpg"}
GROUPS = 45


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = make_run(tmp_path_factory.mktemp("report") / "run", groups=GROUPS, poor=70, names=NAMES)
    inside = 20 * len(previews(np.array([0]))[0] or b"")
    return write_report(run, previews, size=PageSize(inside=inside))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser, report: Path) -> Iterator[Page]:
    """The report, open; the test fails on any console message, dialog or request that leaves the disk."""
    opened = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text))
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    opened.on("dialog", lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    opened.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else trouble.append(request.url)
    )
    opened.goto(report.as_uri())
    yield opened
    opened.close()
    assert trouble == []


def test_charts_pictures_and_counts_are_drawn(page: Page) -> None:
    assert page.locator("canvas").count() == 5
    assert page.locator("#groups h2 .count").inner_text() == str(GROUPS)
    assert page.locator("#group-status").inner_text().startswith(f"Groups 1–20 of {GROUPS}")
    picture = page.locator(".group .pic.king img").first
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") == 160
    assert "cosine" in page.locator("#funnel-table").inner_text()


def test_previews_beside_the_page_are_shown(page: Page) -> None:
    inside = page.evaluate("Object.keys(JSON.parse(document.getElementById('pictures').textContent)).length")
    assert inside < 40
    page.locator("#group-pager [rel=next]").click()
    picture = page.locator(".group .pic.king img").first
    assert picture.get_attribute("src").startswith("report_previews/")
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") == 160


def test_an_exact_copy_shows_the_picture_of_its_king(page: Page) -> None:
    page.select_option("select[name=tier]", "exact")
    group = page.locator(".group:has(.pic:not(.king) .chip.exact):has(img)").first
    sources = group.locator(".pic.king img, .pic:has(.chip.exact) img").evaluate_all("nodes => nodes.map(n => n.src)")
    assert len(sources) > 1
    assert len(set(sources)) == 1


def test_groups_are_paged_filtered_and_sorted(page: Page) -> None:
    first = page.locator(".group").first.get_attribute("aria-label")
    page.locator("#group-pager [rel=next]").focus()
    page.keyboard.press("Enter")
    assert page.locator("#group-status").inner_text().startswith("Groups 21–40")
    assert page.locator(".group").first.get_attribute("aria-label") != first
    page.keyboard.press("Enter")
    assert page.locator(".group").count() == GROUPS - 40
    page.select_option("select[name=tier]", "perceptual")
    assert page.locator("#group-status").inner_text().startswith("Groups 1–")
    assert page.locator(".group:not(:has(h3 .chip.perceptual))").count() == 0
    page.select_option("select[name=tier]", "")
    page.select_option("select[name=sort]", "size")
    sizes = [int(text.split()[0]) for text in page.locator(".group h3 .muted").all_inner_texts()]
    assert sizes == sorted(sizes, reverse=True)
    page.fill("input[name=path]", "no such file")
    assert page.locator("#group-status").inner_text() == "Nothing matches."


def test_hostile_names_are_shown_and_run_nothing(page: Page) -> None:
    page.fill("input[name=path]", "onerror")
    assert page.locator(".group .path").first.inner_text() == NAMES[0].decode()
    page.fill("input[name=path]", "caf\\xe9")
    assert page.locator(".group").count() == 1
    assert page.locator("script").count() == 6


def test_a_picture_enlarges_with_its_path_and_closes_by_key(page: Page) -> None:
    first = page.locator(".group .pic:not(.king):has(button)").first
    path = first.locator(".path").inner_text()
    first.locator("button.frame").first.click()
    large = page.locator("#large")
    assert large.locator("img").count() >= 1
    assert large.locator("input").input_value() == path
    page.keyboard.press("Escape")
    assert not large.is_visible()
    page.locator("#quality-list button.frame").first.focus()
    page.keyboard.press("Enter")
    assert large.is_visible()
    large.get_by_role("button", name="Close").click()


def test_a_run_without_comparisons_says_so_at_the_top(page: Page) -> None:
    assert "Nobody compared the pictures" in page.locator(".hero .note").inner_text()
    assert page.locator("select[name=same]").count() == 0


def test_the_switch_changes_every_word_to_vietnamese_and_back(page: Page) -> None:
    page.get_by_role("button", name="Tiếng Việt").click()
    assert page.locator("html").get_attribute("lang") == "vi"
    assert page.locator("#h-funnel").inner_text() == "Phễu lọc"
    assert page.locator("#group-status").inner_text().startswith("Nhóm 1–20 trong 45")
    assert "Sơ đồ phễu" in page.locator("#chart-funnel").get_attribute("aria-label")
    page.reload()
    assert page.locator("#h-funnel").inner_text() == "Phễu lọc"
    page.get_by_role("button", name="English").click()
    assert page.locator("#h-funnel").inner_text() == "Funnel"


def test_quality_drops_switch_by_reason(page: Page) -> None:
    tabs = page.locator("#quality-tabs button")
    assert tabs.count() == 3
    tabs.nth(2).click()
    assert tabs.nth(2).get_attribute("aria-pressed") == "true"
    shown = tabs.nth(2).inner_text().split()[0]
    assert set(page.locator("#quality-list .chip").all_inner_texts()) == {shown}


def test_a_screen_reader_finds_landmarks_headings_and_names(page: Page) -> None:
    assert page.get_by_role("main").count() == 1
    assert page.get_by_role("banner").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    for nameless in (
        "img:not([alt])",
        "[role=img]:not([aria-label])",
        "[role=region]:not([aria-label], [aria-labelledby])",
        "th:not([scope])",
    ):
        assert page.locator(nameless).count() == 0, nameless
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of a run that compared pictures, with invented proof pictures of every other drop."""
    run = make_run(tmp_path_factory.mktemp("compared") / "run", groups=12, same="moment")

    def proofs(rows: Sequence[int]) -> dict[int, tuple[bytes, bytes]]:
        return {row: (jpeg, jpeg) for row in rows[::2] if (jpeg := previews(np.array([row]))[0])}

    return write_report(run, previews, proofs=proofs)


@pytest.mark.parametrize("locale", ["en-US", "vi-VN"])
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_drops_show_kind_sentence_overlay_and_changes(
    browser: Browser, compared: Path, locale: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme)
    page.goto(compared.as_uri())
    english = locale == "en-US"
    said = page.locator(".group .says").all_inner_texts()
    start = ("the same picture", "the same moment") if english else ("cùng một ảnh", "cùng một khoảnh khắc")
    assert said
    assert all(text.startswith(start) for text in said)
    laid = "something laid on it: 2\u00a0%" if english else "có thứ phủ lên nó: 2\u00a0%"
    assert any(laid in text for text in said)
    kinds = set(page.locator(".group .pic .chip.moment, .group .pic .chip.copy").all_inner_texts())
    assert kinds == ({"copy", "same moment"} if english else {"bản sao", "cùng khoảnh khắc"})
    drop = page.locator(".group .pic:has(.proof)").first
    assert drop.locator(".proof img").count() == 2
    drop.locator(".proof").scroll_into_view_if_needed()
    assert drop.locator(".proof img").first.evaluate("img => img.decode().then(() => img.naturalWidth)") == 160
    drop.locator(".proof button").first.click()
    assert page.locator("#large img").count() == 4
    assert page.locator("#large .says").inner_text().startswith(start)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints(page) == []
    page.keyboard.press("Escape")
    assert page.locator("#not-compared").count() == 0
    page.select_option("select[name=same]", "moment")
    assert page.locator(".group:not(:has(.pic .chip.moment))").count() == 0
    assert complaints(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_to_complain_of(browser: Browser, report: Path, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme=scheme)
    page.goto(report.as_uri())
    page.locator(".group").first.wait_for()
    assert complaints(page) == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_does_not_scroll_sideways(browser: Browser, report: Path, scheme: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shade = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    assert (shade < 60) == (scheme == "dark")
    page.close()
