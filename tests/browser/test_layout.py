"""What is written can be read: nothing is cut off or sticks out on a small screen."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from simulator import catalog
from tests.browser.conftest import watch
from tests.browser.hands import Editor, asked

SMALL = {"width": 1280, "height": 720}

CUT = """panel => {
  const cut = []
  for (const field of panel.querySelectorAll('input, textarea, .quota-row > *, .distribution dd, .section-title, h3')) {
    if (field.scrollWidth > field.clientWidth + 1 && getComputedStyle(field).display !== 'inline') cut.push(`${field.getAttribute('aria-label') ?? ''} ${field.value ?? field.textContent}`.trim())
  }
  for (const scrolled of panel.querySelectorAll('.panel-scroll')) if (scrolled.scrollWidth > scrolled.clientWidth) cut.push('scrolls sideways')
  for (const label of panel.querySelectorAll('.field-label')) {
    const input = label.nextElementSibling.getBoundingClientRect()
    for (const part of label.children) {
      const { right, top, bottom } = part.getBoundingClientRect()
      if (right > input.left + 1 && top < input.bottom && bottom > input.top) cut.push(`under its field: ${label.textContent}`)
    }
  }
  return cut
}"""


@pytest.fixture
def small(browser: Browser, base_url: str) -> Iterator[Page]:
    """A page on a small screen."""
    context = browser.new_context(base_url=base_url, viewport=SMALL, reduced_motion="reduce")
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert complaints == []


def test_every_setting_of_every_service_can_be_read(small: Page) -> None:
    kinds = catalog.kinds()
    nodes = [{"id": kind, "kind": kind, "name": kind, "parameters": {}} for kind in kinds]
    view = {"positions": {kind: [place % 6 * 240, place // 6 * 120] for place, kind in enumerate(kinds)}}
    made = asked(small, "/api/diagrams/", {"graph": {"version": 1, "name": "All kinds", "nodes": nodes, "wires": [], "run": {}, "view": view}})
    small.goto(f"/diagrams/{made['id']}/")
    editor = Editor(small)
    panel = small.get_by_label("Inspector", exact=True)
    cut: dict[str, list[str]] = {}
    for kind in kinds:
        editor.select(kind)
        expect(panel.locator(".distribution[aria-busy]")).to_have_count(0)
        for folded in panel.get_by_role("button", expanded=False).and_(panel.locator(".fold")).all()[::-1]:
            folded.click()
        if found := panel.evaluate(CUT):
            cut[kind] = found
    assert cut == {}


SIDEWAYS = """() => [...document.querySelectorAll('.dock-body, .panel-scroll, .dock-tab-row > *')].filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => `${one.className}: ${one.scrollWidth} > ${one.clientWidth}`)"""


def test_what_came_of_a_run_fits_a_small_screen(small: Page) -> None:
    editor = Editor(small)
    editor.run_to_the_end("sns-fan-out")
    for tab in ("Charts", "Why", "Paths", "Slowest messages", "Log", "Findings", "Cost", "Report", "Script", "Runs"):
        editor.dock(tab)
        assert small.evaluate(SIDEWAYS) == [], tab
    track = small.locator(".live-track").bounding_box()
    assert track
    assert track["width"] > 400, "there is room to choose a moment of the run"


def test_figures_that_stayed_at_zero_are_there_for_the_asking(small: Page) -> None:
    editor = Editor(small)
    editor.run_to_the_end("work-queue")
    editor.select("jobs")
    report = editor.dock("Report")
    expect(report.get_by_text("Stale deletes", exact=True)).to_have_count(0)
    report.get_by_role("button", name="more stayed at zero").click()
    expect(report.get_by_text("Stale deletes", exact=True)).to_be_visible()
    report.get_by_role("button", name="Leave out what stayed at zero").click()
    expect(report.get_by_text("Stale deletes", exact=True)).to_have_count(0)
    small.get_by_role("tab", name="Live", exact=True).click()
    live = small.get_by_label("Inspector", exact=True)
    expect(live.get_by_text("Stale deletes", exact=False)).to_have_count(0)
    live.get_by_role("button", name="all zero so far").click()
    expect(live.get_by_text("Stale deletes", exact=False).first).to_be_visible()
