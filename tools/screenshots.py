"""Take the pictures of the documentation: serve the application, open an example, run it, and photograph it in light and dark.

Writes ``docs/images/run-light.png`` and ``run-dark.png``. With ``--review FOLDER`` it goes through every page and panel instead,
in both colour schemes and on a large and a small screen, for someone who looks at the design.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.browser.hands import PATIENCE_MS, Editor  # noqa: E402 - found only now
from tests.serving import migrate, serving  # noqa: E402
from tools.find_browser import system_browser  # noqa: E402

Scheme = Literal["light", "dark"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
LARGE, SMALL = (1440, 900), (1280, 720)

SHOWN_EXAMPLE, SHOWN_NODE, SHOWN_UNTIL_S = "Work queue", "jobs", 150
"""The pictures of the README show this example, with this node selected, from this simulated second on."""


@contextmanager
def application() -> Iterator[str]:
    """The address of a server with an empty database."""
    if not (ROOT / "static" / "dist" / "manifest.json").exists():
        raise SystemExit("The front end is not built; run: make setup")
    with tempfile.TemporaryDirectory() as folder:
        environment = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": "", "LOG_LEVEL": "ERROR"}
        migrate(environment)
        with serving(Path(folder), **environment) as server:
            yield server.url


@contextmanager
def browser_page(browser: Browser, url: str, scheme: Scheme, size: tuple[int, int]) -> Iterator[Page]:
    """A visitor who has not been here before."""
    context = browser.new_context(base_url=url, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def open_and_run(page: Page, title: str, speed: str) -> Editor:
    """Open an example from the gallery and run it at a speed (simulated seconds a second, or ``max``)."""
    page.goto("/")
    page.evaluate("speed => localStorage.setItem('backwater.speed', speed)", speed)
    page.get_by_role("button", name=f"Open and run: {title}").click()
    expect(page.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)
    return Editor(page)


def for_documentation(browser: Browser, url: str, folder: Path) -> None:
    """The pictures that README.md shows: a backlog that grows, and what limits it."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        with browser_page(browser, url, scheme, LARGE) as page:
            editor = open_and_run(page, SHOWN_EXAMPLE, "60")
            editor.wait_for_time(SHOWN_UNTIL_S)
            page.locator(".dock").get_by_role("button", name="Pause").click()
            editor.select(SHOWN_NODE)
            page.get_by_role("tab", name="Live").click()
            page.mouse.move(0, 0)
            page.wait_for_timeout(500)
            page.screenshot(path=folder / f"run-{scheme}.png")


def for_review(browser: Browser, url: str, folder: Path) -> None:
    """Every page and panel, as a new visitor meets them."""
    folder.mkdir(parents=True, exist_ok=True)
    for scheme in SCHEMES:
        for size in (LARGE, SMALL):
            with browser_page(browser, url, scheme, size) as page:
                _review(page, f"{scheme}-{size[0]}", folder)


def _review(page: Page, suffix: str, folder: Path) -> None:
    shots = iter(range(100))

    def shoot(name: str) -> None:
        page.wait_for_timeout(350)
        page.screenshot(path=folder / f"{suffix}-{next(shots):02}-{name}.png")

    page.goto("/")
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()
    shoot("gallery-first-visit")
    editor = Editor(page)
    editor.begin()
    shoot("editor-empty")
    queue, function = editor.place("SQS queue", 200, 120), editor.place("Lambda function", 460, 120)
    editor.wire(queue, "out", function)
    editor.select(queue)
    shoot("editor-queue-selected")
    editor.dock("Findings")
    shoot("editor-findings")
    editor = open_and_run(page, "Fan-out with filters and a poison message", "10")
    editor.wait_for_time(60)
    shoot("run-nothing-selected")
    editor.select("billing")
    page.get_by_role("tab", name="Live").click()
    shoot("run-live-tab")
    editor.speed("Max")
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    for tab in ("Properties", "Fidelity", "About"):
        page.get_by_role("tab", name=tab).click()
        shoot(f"inspector-{tab.lower()}")
    for tab in ("Charts", "Why", "Paths", "Slowest messages", "Log", "Findings", "Cost", "Report"):
        editor.dock(tab)
        shoot(f"dock-{tab.lower().replace(' ', '-')}")
    page.goto("/")
    expect(page.get_by_role("heading", name="Your diagrams")).to_be_visible()
    shoot("gallery-with-diagrams")
    page.goto("/diagrams/00000000-0000-0000-0000-000000000000/")
    expect(page.get_by_text("This cannot be opened")).to_be_visible()
    shoot("not-there")


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--review", metavar="FOLDER", type=Path, help="photograph every page and panel into a folder of your own")
    options = parser.parse_args()
    with application() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=cast("str", system_browser()), args=["--no-sandbox"])
        if options.review:
            for_review(browser, url, options.review)
        else:
            for_documentation(browser, url, ROOT / "docs" / "images")
        browser.close()


if __name__ == "__main__":
    main()
