"""Drawing: wires that are legal and those that are not, undo, copy and paste, findings, saving, conflicts."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import Editor


def test_legal_targets_light_up_and_an_illegal_wire_says_why(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    traffic, queue, function = editor.place("Traffic", 120, 100), editor.place("SQS queue", 420, 100), editor.place("Lambda function", 720, 100)
    editor.pull(traffic, "out", queue, drop=False)
    expect(editor.card(queue).locator(".card")).to_have_attribute("data-wiring", "legal")
    page.mouse.up()
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    editor.pull(queue, "out", traffic, drop=False)
    expect(editor.card(traffic).locator(".card")).to_have_attribute("data-wiring", "illegal")
    expect(editor.card(function).locator(".card")).to_have_attribute("data-wiring", "legal")
    page.mouse.up()
    expect(page.get_by_role("alert")).to_contain_text("Nothing can be sent to")
    expect(page.locator(".react-flow__edge")).to_have_count(1)


def test_undo_redo_copy_paste_and_delete(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    traffic, queue = editor.place("Traffic", 120, 100), editor.place("SQS queue", 420, 100)
    editor.wire(traffic, "out", queue)
    nodes, wires = page.locator(".react-flow__node"), page.locator(".react-flow__edge")
    page.keyboard.press("Control+z")
    expect(wires).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(wires).to_have_count(1)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    expect(nodes).to_have_count(4)
    expect(wires).to_have_count(2)
    page.keyboard.press("Delete")
    expect(nodes).to_have_count(2)
    expect(wires).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(nodes).to_have_count(4)
    editor.saved()
    page.reload()
    expect(nodes).to_have_count(4)
    expect(wires).to_have_count(2)


def test_several_are_selected_and_moved_together(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    first, second = editor.place("SQS queue", 300, 100), editor.place("SQS queue", 300, 250)
    editor.select(first)
    editor.card(second).locator(".card-name").click(modifiers=["Shift"])
    expect(page.get_by_text("2 selected")).to_be_visible()
    before = [editor.card(node).bounding_box() for node in (first, second)]
    page.keyboard.press("Shift+ArrowRight")
    for node, box in zip((first, second), before, strict=True):
        assert box
        page.wait_for_function("([id, x]) => document.querySelector(`.react-flow__node[data-id='${id}']`).getBoundingClientRect().x > x + 20", arg=[node, box["x"]])


def test_the_palette_is_searched_and_adds_by_keyboard(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    page.keyboard.press("Control+/")
    page.keyboard.type("lambda")
    expect(page.get_by_role("button", name="Add Lambda function")).to_be_visible()
    expect(page.get_by_role("button", name="Add SQS queue")).to_have_count(0)
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(1)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Hide Services").click()
    page.keyboard.press("Control+/")
    expect(page.get_by_label("Search services")).to_be_focused()


def test_a_preset_is_found_dragged_and_has_its_parameters(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    page.keyboard.press("Control+/")
    page.keyboard.type("support tickets")
    source = editor.place("SaaS partner", 300, 100)
    expect(editor.card(source)).to_contain_text("saas partner")
    editor.select(source)
    expect(page.get_by_label("Inspector", exact=True)).to_contain_text("urgent ticket created")


def test_values_are_checked_where_they_are_typed_and_findings_are_on_the_node(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    queue, function = editor.place("SQS queue", 300, 100), editor.place("Lambda function", 600, 100)
    editor.wire(queue, "out", function)
    editor.select(queue)
    editor.type_into("Visibility timeout", "nonsense")
    inspector = page.get_by_label("Inspector", exact=True)
    expect(inspector.locator("[aria-invalid=true]")).to_have_count(1)
    editor.type_into("Visibility timeout", "1 min")
    expect(inspector.locator("[aria-invalid=true]")).to_have_count(0)
    editor.type_into("Visibility timeout", "1")
    badge = editor.card(queue).locator(".card-badge")
    expect(badge).to_have_attribute("aria-label", re.compile("shorter than the timeout"))
    expect(editor.dock("Findings")).to_contain_text("shorter than the timeout")


def test_a_change_made_elsewhere_is_a_choice_and_nothing_is_lost(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    editor.place("SQS queue", 300, 100)
    editor.saved()
    address = page.url
    other = page.context.new_page()
    theirs = Editor(other)
    other.goto(address)
    expect(other.locator(".react-flow__node")).to_have_count(1)
    theirs.place("SNS topic", 500, 250)
    theirs.saved()
    editor.place("Lambda function", 700, 100)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("changed elsewhere")
    dialog.get_by_role("button", name="Save mine as a copy").click()
    expect(dialog).to_have_count(0)
    kinds = page.evaluate("fetch('/api/diagrams/').then((answer) => answer.json()).then((list) => list.map((one) => one.node_kinds.sort().join()))")
    assert {"lambda,sqs", "sns,sqs"} <= set(kinds), json.dumps(kinds)
    other.close()


def test_changes_made_while_the_server_is_away_are_kept(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    editor.place("SQS queue", 300, 100)
    editor.saved()
    page.context.set_offline(True)
    editor.place("SNS topic", 500, 250)
    expect(page.locator(".save-state")).to_contain_text("Offline", timeout=15_000)
    page.context.set_offline(False)
    expect(page.locator(".save-state")).to_contain_text("Saved", timeout=30_000)
    page.reload()
    expect(page.locator(".react-flow__node")).to_have_count(2)


def test_a_trace_that_cannot_be_read_says_why_and_leaves_what_was_there(page: Page, tmp_path: Path) -> None:
    editor = Editor(page)
    editor.begin()
    traffic = editor.place("Traffic", 200, 120)
    editor.select(traffic)
    inspector = page.get_by_label("Inspector", exact=True)
    inspector.get_by_role("combobox", name="Load").click()
    page.get_by_role("option", name="Trace").click()
    good, bad, large = tmp_path / "good.csv", tmp_path / "bad.csv", tmp_path / "large.csv"
    good.write_text("60\n120\n")
    bad.write_text("60\n-5\n")
    large.write_bytes(b"12345678\n" * 1_200_000)
    page.get_by_label("Trace file").set_input_files(good)
    expect(inspector).to_contain_text("180 messages in 2 min")
    for file, told in ((bad, "Line 2: -5 is negative"), (large, "larger than the 5 MB")):
        page.get_by_label("Trace file").set_input_files(file)
        expect(inspector).to_contain_text(told)
        expect(inspector).to_contain_text("180 messages in 2 min")
