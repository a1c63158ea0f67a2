"""Replications, warm-up and theory on the page, as a person meets them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.laws.systems import exponential, station

pytestmark = pytest.mark.browser

MAKE = """async (graph) => {
  const token = document.cookie.match(/csrftoken=([^;]+)/)[1]
  const answer = await fetch('/api/diagrams/', {method: 'POST', headers: {'Content-Type': 'application/json', 'X-CSRFToken': token}, body: JSON.stringify({graph})})
  return (await answer.json()).id
}"""


def open_diagram(page: Page) -> None:
    page.goto("/")
    page.evaluate("localStorage.setItem('backwater.speed', 'max')")
    made = station(0.7, 1, exponential(1.0), messages=8000)
    graph = {**made, "name": "statistics", "run": {**made["run"], "frame_interval_s": 30}}
    page.goto(f"/diagrams/{page.evaluate(MAKE, graph)}/")


def set_to(page: Page, label: str, text: str) -> None:
    field = page.get_by_label(label, exact=True).last
    field.fill(text)
    field.press("Enter")


def test_replications_are_asked_for_watched_and_read(page: Page) -> None:
    open_diagram(page)
    set_to(page, "Replications", "6")
    set_to(page, "Warm-up", "auto")
    expect(page.get_by_label("Warm-up", exact=True).last).to_have_value("auto")
    page.get_by_role("button", name="Run", exact=True).first.click()
    expect(page.get_by_text(re.compile(r"\d of 6 replications"))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=60_000)
    page.get_by_role("tab", name="Report").click()
    table = page.get_by_role("region", name="Replications").get_by_role("table")
    expect(page.get_by_text("6 replications, mean ± 95 % interval")).to_be_visible()
    expect(table.get_by_role("row").filter(has_text="Wait, mean")).to_contain_text("±")
    expect(page.get_by_text(re.compile("MSER-5 found"))).to_be_visible()
    theory = page.get_by_role("region", name="Theory beside simulation").last
    expect(theory).to_contain_text("M/M/1")
    expect(theory.get_by_role("row").filter(has_text="Mean wait")).to_contain_text("2.33 s")
    expect(theory.get_by_role("row").filter(has_text="Mean wait")).to_contain_text("±")


def test_a_word_that_is_no_time_is_refused_where_it_is_typed(page: Page) -> None:
    open_diagram(page)
    set_to(page, "Warm-up", "soon")
    expect(page.get_by_text(re.compile("or auto"))).to_be_visible()
