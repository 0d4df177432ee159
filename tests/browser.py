"""Debian's Chromium or another installed Chrome, driven by Playwright; absent ones skip the test by name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser that may not reach the network."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: install the test extra")
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip(f"needs one of {', '.join(NAMES)} on the PATH")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
        )
        yield browser
        browser.close()


def complaints(page: Page) -> list[str]:
    """What axe-core finds wrong with the page for people who use keyboards, screen readers or see little contrast."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe: install the test extra")
    found = axe.Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]} {node['failureSummary']}" for rule in found for node in rule["nodes"]]
