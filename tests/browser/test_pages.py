"""The gallery, and what every page owes to everyone: no accessibility mistakes, in light and dark, on a small screen too."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from simulator.examples import example, examples
from tests.browser.hands import PATIENCE_MS, Editor

SERIOUS = ("serious", "critical")


def mistakes(page: Page) -> list[str]:
    """Serious accessibility mistakes on a page."""
    found: dict[str, Any] = Axe().run(page).response
    return [f"{one['id']}: {node['html'][:160]}" for one in found["violations"] if one["impact"] in SERIOUS for node in one["nodes"]]


def mistakes_in_both_schemes(page: Page) -> list[str]:
    """Serious accessibility mistakes on a page as it stands now, in light and in dark."""
    found: list[str] = []
    # Colours on their way from one scheme to the other are those of neither.
    page.add_style_tag(content="*, *::before, *::after { transition: none !important }")
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(f'html[data-mantine-color-scheme="{scheme}"]')).to_have_count(1)
        found += [f"{scheme}: {mistake}" for mistake in mistakes(page)]
    return found


@pytest.mark.parametrize("slug", [entry.slug for entry in examples()])
def test_every_example_opens_and_runs(page: Page, slug: str) -> None:
    editor = Editor(page)
    editor.run_to_the_end(slug)
    expect(page.locator(".react-flow__node")).to_have_count(len(example(slug).graph["nodes"]))
    expect(editor.dock("Report")).to_contain_text("every one accounted for", timeout=PATIENCE_MS)


def test_examples_stand_by_topic_and_are_searched(page: Page) -> None:
    page.goto("/")
    topics = page.locator(".gallery-topic > h3")
    expect(topics.first).to_have_text("Start here")
    cards = page.locator(".gallery-card")
    expect(cards).to_have_count(len(examples()))
    for shown in examples():
        for press in ("Open", "Open and run"):
            expect(page.get_by_role("button", name=f"{press}: {shown.title}", exact=True)).to_be_enabled()
    Editor(page).key_in("/", "fifo head")
    expect(cards).to_have_count(0)
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Search the examples").fill("FIFO customer")
    expect(cards).to_have_count(1)
    expect(cards).to_contain_text("one bad order")
    expect(topics).to_have_text(["Queues and functions"])
    page.keyboard.press("Escape")
    expect(cards).to_have_count(len(examples()))


def test_a_diagram_is_duplicated_and_deleted_from_the_start_page(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Open: Work queue").click()
    page.wait_for_url("**/diagrams/*/")
    expect(page.locator(".react-flow__node").first).to_be_visible()
    page.get_by_label("Backwater, start page").click()
    page.get_by_role("button", name="Duplicate Work queue").click()
    rows = page.locator(".gallery-list li")
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="Delete Work queue (copy)").click()
    expect(page.get_by_role("region", name="Your diagrams").locator("li")).to_have_count(1)
    expect(page.get_by_text("Trash (1)")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1440, 900), (1280, 720)])
def test_pages_have_no_serious_accessibility_mistakes(browser: Browser, base_url: str, scheme: Any, size: tuple[int, int]) -> None:
    context = browser.new_context(base_url=base_url, color_scheme=scheme, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce")
    page = context.new_page()
    page.goto("/")
    expect(page.get_by_role("button", name="Open and run: Work queue")).to_be_visible()
    assert mistakes(page) == []
    page.evaluate("localStorage.setItem('backwater.speed', 'max')")
    page.get_by_role("button", name="Open and run: Work queue").click()
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    assert mistakes(page) == []
    editor = Editor(page)
    editor.select(editor.ids()[1])
    for tab in ("Live", "Fidelity", "About", "Properties"):
        page.get_by_role("tab", name=tab).click()
        assert mistakes(page) == []
    for tab in ("Why", "Paths", "Slowest messages", "Log", "Findings", "Cost", "Report"):
        editor.dock(tab)
        assert mistakes(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"
    context.close()


def test_an_unknown_page_says_so(page: Page) -> None:
    page.goto("/diagrams/00000000-0000-0000-0000-000000000000/")
    expect(page.get_by_text("This cannot be opened")).to_be_visible()
    page.get_by_role("link", name="Start page", exact=True).click()
    expect(page.get_by_role("heading", name="Examples")).to_be_visible()
