"""The charts of the dock: read at a cursor they share, zoomed together, by mouse and by keyboard; compared, put on a board, shown as a table, saved."""

from __future__ import annotations

import csv
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import PATIENCE_MS, Editor, eventually


def charts(page: Page) -> Locator:
    """The charts in the dock."""
    return page.locator(".dock figure")


def select(page: Page, name: str, *, more: bool = False) -> None:
    """Click a node on the canvas."""
    page.locator(".card-name").and_(page.get_by_text(name, exact=True)).click(modifiers=["Shift"] if more else [])


def sweep(page: Page, chart: Locator, start: float, end: float) -> None:
    """Drag over a chart, from one share of its width to another."""
    box = chart.locator(".u-over").bounding_box()
    assert box
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=6)
    page.mouse.up()


def test_a_click_on_a_node_pins_its_charts_and_all_share_cursor_and_zoom(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    select(page, "resize-jobs")
    expect(charts(page).first).to_contain_text("resize-jobs · in and out")
    # What was clicked stays when the canvas is clicked.
    page.locator(".react-flow__pane").click(position={"x": 20, "y": 20})
    expect(page.get_by_role("button", name="No longer show resize-jobs")).to_be_visible()
    expect(charts(page).first).to_contain_text("resize-jobs · in and out")

    box = charts(page).first.locator(".u-over").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    times = page.locator(".live-chart-head time")
    expect(times.nth(1)).to_be_visible()
    eventually(page, lambda: len(set(times.all_inner_texts())) == 1 and times.count() == charts(page).count())

    end_s = editor.time_s()
    sweep(page, charts(page).first, 0.25, 0.5)
    reset = page.get_by_role("button", name="show all")
    expect(reset).to_be_visible()
    assert editor.time_s() == end_s, "a drag is no click"
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + 20)
    expect(reset).to_have_count(0)
    assert editor.time_s() == end_s, "nor are two clicks"
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
    eventually(page, lambda: 0 < editor.time_s() < end_s)

    page.get_by_role("button", name="No longer show resize-jobs").click()
    expect(page.locator(".live-charts-hint")).to_be_visible()


def test_a_chart_is_read_zoomed_and_sought_by_keyboard(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    select(page, "resize-jobs")
    chart = page.get_by_role("slider", name="Cursor in resize-jobs · in and out")
    chart.focus()
    page.keyboard.press("Home")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("ArrowRight")
    eventually(page, lambda: "Sent" in (chart.get_attribute("aria-valuetext") or "") and float(chart.get_attribute("aria-valuenow") or 0) > 0)
    at_s = float(chart.get_attribute("aria-valuenow") or 0)
    other = page.get_by_role("slider", name="Cursor in resize-jobs · backlog")
    eventually(page, lambda: float(other.get_attribute("aria-valuenow") or 0) == at_s)
    page.keyboard.press("+")
    expect(page.get_by_role("button", name="show all")).to_be_visible()
    page.keyboard.press("0")
    expect(page.get_by_role("button", name="show all")).to_have_count(0)
    page.keyboard.press("Enter")
    eventually(page, lambda: editor.time_s() < 60)


def test_nodes_are_compared_in_one_chart(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("throttled-consumer")
    select(page, "orders")
    select(page, "orders-dead-letters", more=True)
    visible = page.get_by_role("figure", name="Visible: orders ")
    expect(visible).to_be_visible()
    expect(visible).to_contain_text("orders-dead-letters")


def test_a_board_is_put_together_kept_in_the_diagram_seen_by_viewers_and_taken_apart(page: Page, visitor: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    select(page, "resize-jobs")
    charts(page).first.hover()
    charts(page).first.get_by_role("button", name="Add to the board").click()
    dock = page.locator(".dock")
    dock.get_by_text("Board 1", exact=True).click()
    board = page.get_by_role("list", name="Board")
    expect(board.get_by_role("listitem")).to_have_count(1)

    dock.get_by_role("button", name="Add a metric").click()
    page.get_by_role("combobox", name="Node", exact=True).fill("resize-jobs")
    page.get_by_role("option", name="resize-jobs", exact=True).click()
    page.get_by_role("combobox", name="Metric", exact=True).click()
    page.get_by_role("option", name="Age of oldest", exact=True).click()
    page.get_by_role("button", name="Add to the board").click()
    expect(board.get_by_role("listitem")).to_have_count(2)
    board.get_by_role("button", name="Move earlier").nth(1).focus()
    page.keyboard.press("Enter")
    expect(board.get_by_role("listitem").first).to_contain_text("age of oldest")

    page.get_by_role("button", name="Undo").click()
    expect(board.get_by_role("listitem").first).to_contain_text("in and out")
    page.get_by_role("button", name="Redo").click()
    editor.saved()
    page.reload()
    page.locator(".dock").get_by_text("Board 2", exact=True).click(timeout=PATIENCE_MS)
    expect(board.get_by_role("listitem").first).to_contain_text("age of oldest")
    # Whoever sees a run of it sees the board, and cannot change it.
    before = page.url
    editor.run()
    eventually(page, lambda: page.url != before)
    link = page.evaluate("async (run) => (await (await fetch(`/api/runs/${run}/`)).json()).view_url", page.url.split("run=")[1].split("&")[0])
    visitor.goto(link)
    visitor.locator(".dock").get_by_text("Board 2", exact=True).click(timeout=PATIENCE_MS)
    theirs = visitor.get_by_role("list", name="Board")
    expect(theirs.get_by_role("listitem")).to_have_count(2)
    expect(theirs.get_by_role("button", name="Remove from the board")).to_have_count(0)
    expect(visitor.get_by_role("button", name="Add a metric")).to_have_count(0)
    board.get_by_role("button", name="Remove from the board").first.focus()
    page.keyboard.press("Enter")
    expect(board.get_by_role("listitem")).to_have_count(1)
    expect(board.get_by_role("listitem").first).to_contain_text("in and out")


def test_what_is_shown_is_a_table_and_a_file(page: Page, tmp_path: Path) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    select(page, "resize-jobs")
    page.get_by_role("button", name="Show as a table").click()
    table = page.locator(".chart-table")
    expect(table.get_by_role("columnheader", name="resize-jobs: Visible", exact=True)).to_be_visible()
    shown = table.locator("tbody tr").first.locator("th, td").all_inner_texts()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download what is shown as CSV").click()
    path = tmp_path / "charts.csv"
    download.value.save_as(path)
    rows = list(csv.reader(path.open(encoding="utf-8", newline="")))
    assert rows[0][0] == "Time (s)"
    assert len(rows[0]) == len(shown)
    assert float(rows[-1][0]) == editor.time_s()
    column = rows[0].index("resize-jobs: Visible (messages)")
    frames = page.evaluate(
        "async (run) => (await (await fetch(`/api/runs/${run}/frames/?from=0&limit=5000`)).json()).frames.map((frame) => [frame.time_s, frame.nodes.jobs.metrics.ApproximateNumberOfMessagesVisible])",
        page.url.split("run=")[1].split("&")[0])
    assert [[float(row[0]), float(row[column])] for row in rows[1:]][: len(frames)] == frames[: len(rows) - 1]
