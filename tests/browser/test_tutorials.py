"""The tutorials, followed step by step: what they tell a newcomer to press is there, and does what they say."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor
from tests.serving import ROOT

README = ROOT / "README.md"
FAN_OUT = ROOT / "docs" / "tutorial" / "draw-and-watch.md"


def said(document: Path, *words: str) -> None:
    """The tutorial names these things, in bold, so that a change of the page is a change of the tutorial."""
    text = document.read_text(encoding="utf-8")
    assert [word for word in words if f"**{word}**" not in text] == []


def click_wire(page: Page, editor: Editor, source: str, target: str) -> None:
    """Click the middle of a straight wire."""
    start, end = editor.card(source).bounding_box(), editor.card(target).bounding_box()
    assert start
    assert end
    page.mouse.click((start["x"] + start["width"] + end["x"]) / 2, start["y"] + start["height"] / 2)


def test_the_five_minutes_of_the_readme(page: Page) -> None:
    said(README, "New diagram", "Traffic", "SQS queue", "Lambda function", "60×", "Run", "Rate", "Maximum concurrency", "Run again", "Live", "Load 1×", "No load (0×)", "Why")
    editor = Editor(page)
    editor.begin_from_the_start_page()
    traffic, queue, function = editor.place("Traffic", 140, 160), editor.place("SQS queue", 420, 160), editor.place("Lambda function", 700, 160)
    editor.pull(traffic, "out", queue, drop=False)
    expect(editor.card(queue).locator(".card")).to_have_attribute("data-wiring", "legal")
    page.mouse.up()
    editor.wire(queue, "out", function)
    editor.speed("60×")
    editor.run()
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    expect(editor.dock("Why")).to_contain_text("Nothing backed up")
    editor.select(traffic)
    page.get_by_role("tab", name="Properties").click()
    editor.type_into("Rate", "100/s")
    click_wire(page, editor, queue, function)
    editor.type_into("Maximum concurrency", "2")
    editor.saved()
    page.get_by_role("button", name="Run again").first.click()
    editor.wait_for_time(60)
    editor.select(queue)
    page.get_by_role("tab", name="Live").click()
    limits = page.get_by_label("What limits this node")
    expect(limits).to_contain_text("Saturated")
    expect(limits).to_contain_text("maximum concurrency (2)")
    expect(limits).to_contain_text("The backlog grows")
    dock = page.locator(".dock")
    dock.get_by_role("button", name="Load 1×").click()
    page.get_by_role("button", name="No load (0×)").click()
    page.keyboard.press("Escape")
    editor.select(queue)
    expect(limits).to_contain_text("it is gone in", timeout=PATIENCE_MS)
    editor.speed("Max")
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    expect(editor.dock("Why")).to_contain_text("The mapping to function is at its maximum concurrency")


def test_the_fan_out_that_loses_orders(page: Page, tmp_path: Path) -> None:
    said(FAN_OUT, "New diagram", "SNS topic", "Findings", "Load", "Trace", "Trace file", "Max receive count", "Visibility timeout", "Reserved concurrency", "Inject fault", "Processing fails",
         "Pause", "Step one frame", "Resume", "Paths", "Slowest messages", "Report", "Download", "Print", "Share")
    shown = re.search(r"^```\n([\d\n]+)```$", FAN_OUT.read_text(encoding="utf-8"), re.M)
    assert shown
    (tmp_path / "requests.csv").write_text(shown.group(1))
    editor = Editor(page)
    editor.begin_from_the_start_page()
    traffic, topic, work, archive = (editor.place(title, x, y) for title, x, y in (("Traffic", 110, 120), ("SNS topic", 330, 120), ("SQS queue", 560, 60), ("SQS queue", 560, 200)))
    function, dead = editor.place("Lambda function", 800, 60), editor.place("SQS queue", 800, 300)
    for source, port, target in ((traffic, "out", topic), (topic, "out", work), (topic, "out", archive), (work, "out", function), (work, "dlq", dead)):
        editor.wire(source, port, target)
    editor.pull(archive, "out", traffic)
    expect(page.get_by_role("alert")).to_contain_text("Nothing can be sent to")
    expect(editor.dock("Findings")).to_contain_text("Nothing consumes from")
    editor.select(traffic)
    page.get_by_label("Inspector", exact=True).get_by_role("combobox", name="Load").click()
    page.get_by_role("option", name="Trace").click()
    page.get_by_label("Trace file").set_input_files(tmp_path / "requests.csv")
    expect(page.get_by_label("Inspector", exact=True)).to_contain_text("7.8k messages in 8 min")
    editor.select(work)
    editor.type_into("Max receive count", "3")
    editor.type_into("Visibility timeout", "20 s")
    editor.select(function)
    editor.type_into("Reserved concurrency", "2")
    editor.saved()
    editor.speed("60×")
    editor.run()
    editor.wait_for_time(130)
    dock = page.locator(".dock")
    dock.get_by_role("button", name="Inject fault").click()
    page.get_by_role("dialog").get_by_role("button", name="Processing fails").click()
    page.get_by_role("dialog").get_by_role("button", name="Inject").click()
    expect(editor.dock("Log")).to_contain_text("Processing fails")
    expect(editor.card(function).locator("[data-state=failing]").first).to_be_visible(timeout=PATIENCE_MS)
    dock.get_by_role("button", name="Inject fault").click()
    page.get_by_role("dialog").get_by_role("button", name="End “Processing fails”").click()
    expect(editor.dock("Log")).to_contain_text("Processing fails: cleared")
    dock.get_by_role("button", name="Pause").click()
    dock.get_by_role("button", name="Step one frame").click()
    dock.get_by_role("button", name="Resume").click()
    editor.speed("Max")
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    expect(editor.card(dead).locator(".live-figure").first).not_to_have_text("0")
    expect(editor.dock("Slowest messages").locator(".waterfall li").first).to_be_visible()
    expect(editor.dock("Report")).to_contain_text("every one accounted for")
    expect(page.get_by_role("button", name="Download", exact=True)).to_be_visible()
