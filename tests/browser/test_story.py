"""From an icon dragged to a backlog seen: the main job, by mouse, in a real browser against a real server."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor, eventually, frames_seen, tap_frames
from tests.serving import Server

JUMP = "".join(f"{count}\n" for count in [300, 300, 3000, 3000, 300, 300, 300, 300])
"""Requests a minute: five a second, then fifty for two minutes."""


@pytest.fixture
def trace_file(tmp_path: Path) -> Path:
    path = tmp_path / "jump.csv"
    path.write_text(JUMP)
    return path


def draw_pipeline(editor: Editor, trace_file: Path) -> dict[str, str]:
    """Traffic -> topic -> queue -> function, a second queue, and a dead-letter queue; with parameters and a trace."""
    editor.begin_from_the_start_page()
    nodes = {
        "traffic": editor.place("Traffic", 110, 120), "topic": editor.place("SNS topic", 330, 120), "queue": editor.place("SQS queue", 560, 60),
        "archive": editor.place("SQS queue", 560, 200), "function": editor.place("Lambda function", 800, 60), "dead": editor.place("SQS queue", 800, 300),
    }
    for source, port, target in [("traffic", "out", "topic"), ("topic", "out", "queue"), ("topic", "out", "archive"), ("queue", "out", "function"), ("queue", "dlq", "dead")]:
        editor.wire(nodes[source], port, nodes[target])
    page = editor.page
    editor.select(nodes["traffic"])
    inspector = page.get_by_label("Inspector", exact=True)
    inspector.get_by_role("combobox", name="Load").click()
    page.get_by_role("option", name="Trace").click()
    page.get_by_label("Trace file").set_input_files(trace_file)
    expect(inspector.get_by_text("7.8k messages in 8 min")).to_be_visible()
    editor.select(nodes["queue"])
    editor.type_into("Max receive count", "3")
    editor.select(nodes["function"])
    editor.type_into("Reserved concurrency", "2")
    editor.type_into("Failure probability", "10 %")
    editor.saved()
    return nodes


def test_draw_run_watch_leave_and_come_back(page: Page, trace_file: Path) -> None:
    editor = Editor(page)
    nodes = draw_pipeline(editor, trace_file)
    editor.speed("Max")
    editor.run()
    expect(page.locator(".live-clock")).to_contain_text("10:00 / 10:00", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Run again").first).to_be_visible()

    # What the cards say at the end, and what they said in the middle of the jump.
    dead_letters = editor.card(nodes["dead"]).locator(".live-figure").first
    expect(dead_letters).not_to_have_text("0")
    timeline = page.get_by_label("Moment shown")
    timeline.focus()
    for _ in range(40):
        shown_s = editor.time_s()
        timeline.press("PageDown")
        eventually(page, lambda: editor.time_s() < shown_s)  # noqa: B023 - called before the next turn
        if editor.time_s() <= 230:
            break
    expect(editor.card(nodes["queue"]).locator(".live-figure").first).to_have_text(re.compile(r"^(?!0$)[\d.]+k?$"))
    editor.select(nodes["queue"])
    page.get_by_role("tab", name="Live").click()
    expect(page.get_by_label("What limits this node")).to_contain_text("arrive")
    page.get_by_role("button", name="To the end").click()

    expect(editor.dock("Charts").locator("figure").nth(2)).to_be_visible()
    expect(editor.dock("Why")).to_contain_text("instead of")
    expect(editor.dock("Why")).to_contain_text("at its reserved concurrency")
    expect(editor.dock("Paths")).to_contain_text("processed")
    expect(editor.dock("Slowest messages").locator(".waterfall li").first).to_be_visible()
    expect(editor.dock("Cost")).to_contain_text("Requests, standard queue")
    expect(editor.dock("Report")).to_contain_text("every one accounted for")

    address = page.url
    page.get_by_label("Backwater, start page").click()
    expect(page.get_by_role("heading", name="Your diagrams")).to_be_visible()
    page.goto(address.split("?")[0])
    expect(page.locator(".react-flow__node")).to_have_count(6)
    expect(page.locator(".react-flow__edge")).to_have_count(5)
    expect(page.locator(".live-clock")).to_contain_text("10:00 / 10:00", timeout=PATIENCE_MS)
    editor.select(nodes["function"])
    page.get_by_role("tab", name="Properties").click()
    expect(page.get_by_label("Inspector", exact=True).get_by_label("Reserved concurrency", exact=True)).to_have_value("2")


def test_control_a_run_while_it_goes_on(page: Page) -> None:
    tap_frames(page)
    editor = Editor(page)
    editor.open_example("work-queue")
    dock = page.locator(".dock")
    dock.get_by_role("button", name="Pause").click()
    expect(dock.get_by_role("button", name="Resume")).to_be_visible()
    eventually(page, lambda: (run := page.evaluate("fetch(`/api/runs/${new URLSearchParams(location.search).get('run')}/`).then((answer) => answer.json())"))["paused"] and max(frames_seen(page)) == run["last_seq"])
    stood_at = editor.time_s()
    dock.get_by_role("button", name="Step one frame").click()
    page.wait_for_function("before => { const [m, s] = (document.querySelector('.live-clock b')?.textContent ?? '').split(':').map(Number); return 60 * m + s > before }", arg=stood_at)
    dock.get_by_role("button", name="Load 1×").click()
    page.get_by_role("button", name="No load (0×)").click()
    page.keyboard.press("Escape")
    dock.get_by_role("button", name="Inject fault").click()
    page.get_by_role("dialog").get_by_role("button", name="The function stops").click()
    page.get_by_role("dialog", name="The function stops").get_by_role("button", name="Inject").click()
    dock.get_by_role("button", name="Resume").click()
    expect(dock.get_by_role("button", name="Load 0×")).to_be_visible()
    # A parameter that may change during a run changes in the run that goes on, and in the diagram.
    editor.select("jobs")
    page.get_by_role("tab", name="Properties").click()
    editor.type_into("Visibility timeout", "5 min")
    editor.saved()
    log = editor.dock("Log")
    expect(log).to_contain_text("Visibility timeout is set to 5 min; it acts in 1 min")
    expect(log).to_contain_text("The load is now 0 times")
    expect(log).to_contain_text("The function stops")
    editor.speed("300×")
    dock.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    expect(editor.dock("Report")).to_contain_text("every one accounted for", timeout=PATIENCE_MS)


def test_a_reload_in_the_middle_of_a_run_resumes_without_a_gap(page: Page) -> None:
    tap_frames(page)
    editor = Editor(page)
    editor.open_example("work-queue")
    editor.wait_for_time(20)
    page.reload()
    expect(page.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)
    editor.wait_for_time(40)
    numbers = sorted(frames_seen(page))
    assert numbers == list(range(numbers[-1] + 1))
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()


def test_a_second_viewer_sees_the_same_frames(page: Page, visitor: Page) -> None:
    tap_frames(page)
    tap_frames(visitor)
    editor, other = Editor(page), Editor(visitor)
    editor.open_example("throttled-consumer")
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("menuitem", name="Open what others will see").get_attribute("href")
    page.keyboard.press("Escape")
    assert link
    visitor.goto(link)
    expect(visitor.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)
    other.wait_for_time(30)
    editor.wait_for_time(30)
    mine, theirs = frames_seen(page), frames_seen(visitor)
    common = sorted(mine.keys() & theirs.keys())
    assert len(common) > 10
    assert [mine[seq] for seq in common] == [theirs[seq] for seq in common]
    # A viewer looks, and controls nothing.
    expect(visitor.locator(".dock").get_by_role("button", name="Pause")).to_have_attribute("aria-disabled", "true")
    expect(visitor.get_by_role("button", name="Add SQS queue")).to_have_count(0)
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()
    expect(visitor.locator(".dock")).to_contain_text("Report", timeout=PATIENCE_MS)


def test_a_killed_simulation_ends_the_run_with_a_clear_state(page: Page, server: Server) -> None:
    editor = Editor(page)
    editor.open_example("work-queue")
    editor.wait_for_time(5)
    for process in server.simulation_processes():
        os.kill(process, signal.SIGKILL)
    notice = page.get_by_role("alert")
    expect(notice).to_contain_text("The run failed.", timeout=PATIENCE_MS)
    expect(notice).to_contain_text("The simulation process died")
    # The next run is executed by a fresh process.
    page.get_by_role("button", name="Run again").first.click()
    expect(notice).to_have_count(0, timeout=PATIENCE_MS)
    editor.wait_for_time(3)
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()


def test_a_report_leaves_as_a_file_and_on_paper_and_a_link_leads_to_a_moment(page: Page, visitor: Page) -> None:
    editor = Editor(page)
    editor.open_example("work-queue")
    editor.speed("Max")
    expect(page.get_by_role("button", name="Run again").first).to_be_visible(timeout=PATIENCE_MS)
    report = editor.dock("Report")
    for style, ending, words in (("Markdown", "md", "## What happened"), ("CSV", "csv", "figure,title,value,unit,definition"), ("JSON", "json", '"definitions"')):
        report.get_by_role("button", name="Download").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=style).click()
        assert download.value.suggested_filename == f"work-queue-report.{ending}"
        assert words in download.value.path().read_text(encoding="utf-8")

    # What paper would show while the browser's own dialog is open.
    page.evaluate("window.print = () => { window.printed = true }")
    report.get_by_role("button", name="Print").click()
    page.wait_for_function("window.printed")
    page.emulate_media(media="print")
    sheet = page.locator(".print-sheet")
    for words in ("every one accounted for", "Messages that can be received now: the backlog.", "Requests, standard queue", "?key=", "(SHA-256), seed 1, engine "):
        expect(sheet).to_contain_text(words)
    expect(sheet).to_be_visible()
    for hidden in (".topbar", ".dock", ".canvas"):
        expect(page.locator(hidden)).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    expect(sheet).to_have_count(0)
    expect(page.locator(".canvas")).to_be_visible()

    timeline = page.get_by_label("Moment shown")
    timeline.focus()
    for _ in range(3):
        timeline.press("PageDown")
    shown = timeline.get_attribute("aria-valuetext")
    assert shown
    assert "looking back" in shown
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy a link to this moment").click()
    expect(page.get_by_role("button", name="Link copied")).to_be_visible()
    link = page.evaluate("navigator.clipboard.readText()")
    visitor.goto(link)
    expect(visitor.get_by_label("Moment shown")).to_have_attribute("aria-valuetext", shown, timeout=PATIENCE_MS)
    expect(visitor.get_by_label("What came of the run")).to_be_visible()
    visitor.goto(re.sub(r"t=[\d.]+", "t=soon", link))
    expect(visitor.get_by_role("alert")).to_contain_text("“soon”, which is no number of seconds")
