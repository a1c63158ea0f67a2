"""A real server with a database of its own, and pages in the system's Chromium that may not complain on the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.hands import PATIENCE_MS
from tests.serving import Server
from tools.find_browser import playwright_browser, system_browser

EXPECTED_NOISE = ("400 (Bad Request)", "404 (Not Found)", "413 (", "WebSocket connection to", "net::ERR_", "409 (Conflict)", "403 (Forbidden)")
"""What a browser says of failures that a test brings about; a page's own mistakes say something else."""

expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    path = system_browser()
    if path is None and playwright_browser() is None:
        pytest.skip("there is no Chromium here; install one, or run: python tools/find_browser.py --install")
    return {**browser_type_launch_args, "executable_path": path, "args": ["--no-sandbox"]}


@pytest.fixture(scope="session")
def base_url(server: Server) -> str:
    return server.url


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_context_args, "viewport": {"width": 1440, "height": 900}, "reduced_motion": "reduce"}


@pytest.fixture(scope="session")
def window(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[BrowserContext]:
    """A browser window that stays open, with what it has of the front end; opening one for each test costs as much as many a test does."""
    window = browser.new_context(**{**browser_context_args, "base_url": base_url})
    window.new_page()
    yield window
    window.close()


@pytest.fixture
def context(window: BrowserContext, base_url: str) -> Iterator[BrowserContext]:
    """The window, of a visitor who was never here before: nothing is left of earlier tests but the cache."""
    yield window
    blank, *opened = window.pages
    for page in opened:
        page.close()
    window.set_offline(False)
    window.clear_permissions()
    window.clear_cookies()
    storage = window.new_cdp_session(blank)
    storage.send("Storage.clearDataForOrigin", {"origin": base_url, "storageTypes": "local_storage,indexeddb,service_workers"})
    storage.detach()


def watch(page: Page) -> list[str]:
    """Collect what goes wrong in a page."""
    complaints: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(noise in message.text for noise in EXPECTED_NOISE):
            complaints.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints


@pytest.fixture(autouse=True)
def quiet(page: Page) -> Iterator[None]:
    """No test may leave an error on the console."""
    complaints = watch(page)
    yield
    assert complaints == []


@pytest.fixture
def visitor(browser: Browser, browser_context_args: dict[str, Any], base_url: str) -> Iterator[Page]:
    """Somebody else: a page with a session of its own."""
    context = browser.new_context(**{**browser_context_args, "base_url": base_url})
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert complaints == []
