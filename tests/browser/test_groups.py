"""Boxes round nodes, notes, and wires that are bent by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor, eventually
from tests.browser.test_pages import mistakes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def boxed(page: Page, editor: Editor) -> tuple[str, str, str]:
    """A source outside of a VPC with a queue and a function."""
    traffic, queue, function = editor.place("Traffic", 130, 120), editor.place("SQS queue", 430, 120), editor.place("Lambda function", 720, 120)
    editor.wire(traffic, "out", queue)
    editor.wire(queue, "out", function)
    editor.select(queue)
    editor.card(function).locator(".card-name").click(modifiers=["Shift"])
    page.keyboard.press("Control+k")
    page.get_by_label("Search commands").fill("group as vpc")
    page.keyboard.press("Enter")
    expect(page.locator(".box")).to_have_count(1)
    return traffic, queue, function


def test_a_box_moves_with_all_in_it_and_folds_into_one_card(page: Page, editor: Editor) -> None:
    traffic, queue, function = boxed(page, editor)
    assert mistakes(page) == []
    before = {node: editor.place_of(node) for node in (traffic, queue, function)}
    head = page.locator(".box-head").bounding_box()
    assert head
    page.mouse.move(head["x"] + 200, head["y"] + 10)
    page.mouse.down()
    page.mouse.move(head["x"] + 201, head["y"] + 12)
    page.mouse.move(head["x"] + 200, head["y"] + 110, steps=6)
    page.mouse.up()
    eventually(page, lambda: all(editor.place_of(node) == pytest.approx((before[node][0], before[node][1] + 100), abs=6) for node in (queue, function)))
    eventually(page, lambda: editor.place_of(traffic) == before[traffic])
    page.keyboard.press("Control+z")
    eventually(page, lambda: editor.place_of(queue) == before[queue])
    page.get_by_role("button", name="Fold VPC").click()
    expect(editor.card(queue)).to_have_count(0)
    expect(page.locator(".folded")).to_contain_text("2 nodes")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    editor.saved()
    page.reload()
    expect(page.locator(".folded")).to_contain_text("VPC, 2 nodes")
    page.get_by_role("button", name="Unfold VPC").click()
    expect(editor.card(queue)).to_have_count(1)
    expect(page.locator(".react-flow__edge")).to_have_count(2)


def test_nodes_are_dragged_into_and_out_of_a_box_which_is_renamed_and_taken_away(page: Page, editor: Editor) -> None:
    _, queue, function = boxed(page, editor)
    topic = editor.place("SNS topic", 430, 380)
    wide = page.locator(".box").bounding_box()
    assert wide
    editor.drag(topic, 145, -250)
    page.keyboard.press("Escape")
    page.locator(".box-head").click(position={"x": 150, "y": 10})
    eventually(page, lambda: sorted(editor.selected()) == sorted([queue, function, topic]))
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    editor.drag(function, 0, 250)
    page.keyboard.press("Escape")
    eventually(page, lambda: (page.locator(".box").bounding_box() or wide)["width"] < wide["width"])
    page.locator(".box-head b").dblclick()
    page.keyboard.type("Orders")
    page.keyboard.press("Enter")
    expect(page.locator(".box-head")).to_contain_text("Orders")
    editor.select(queue)
    page.keyboard.press("Control+Shift+g")
    expect(page.locator(".box")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(page.locator(".box")).to_have_count(1)


def test_a_box_becomes_one_of_another_kind(page: Page, editor: Editor) -> None:
    _, queue, function = boxed(page, editor)
    page.get_by_role("button", name="Kind of VPC: VPC").click()
    page.get_by_role("menuitem", name="Region").click()
    expect(page.locator(".box[data-kind=region] .box-head")).to_contain_text("Region")
    page.keyboard.press("Control+z")
    expect(page.locator(".box[data-kind=vpc]")).to_have_count(1)
    editor.select(queue)
    editor.card(function).locator(".card-name").click(modifiers=["Shift"])
    page.keyboard.press("Control+k")
    page.get_by_label("Search commands").fill("group as bounded")
    page.keyboard.press("Enter")
    expect(page.locator(".box")).to_have_count(1)
    expect(page.locator(".box[data-kind=context] .box-head")).to_contain_text("Bounded context")
    editor.saved()
    page.reload()
    expect(page.locator(".box[data-kind=context]")).to_have_count(1)


def test_notes_are_reached_and_written_by_keyboard(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 430, 120)
    page.mouse.move(*editor.at(200, 300))
    editor.key_in("n", "Ask the shop")
    page.keyboard.press("Escape")
    editor.card(queue).focus()
    page.keyboard.press("Tab")
    note = page.get_by_role("group", name="Note: Ask the shop")
    expect(note).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text of the note")).to_have_value("Ask the shop")
    page.keyboard.press("Control+a")
    page.keyboard.type("Ask the stock")
    page.keyboard.press("Escape")
    expect(page.locator(".note")).to_have_text("Ask the stock")
    page.keyboard.press("Shift+Tab")
    expect(editor.card(queue)).to_be_focused()


def test_labels_are_written_on_the_canvas(page: Page, editor: Editor) -> None:
    page.mouse.move(*editor.at(300, 150))
    editor.key_in("t", "Checkout")
    page.keyboard.press("Escape")
    label = page.locator(".note[data-look=label]")
    expect(label).to_have_text("Checkout")
    label.dblclick()
    page.keyboard.press("Control+a")
    page.keyboard.type("Basket")
    page.keyboard.press("Escape")
    expect(label).to_have_text("Basket")
    page.keyboard.press("Control+z")
    expect(label).to_have_text("Checkout")


def test_boxes_notes_and_bends_are_in_the_visual_difference(page: Page, editor: Editor) -> None:
    boxed(page, editor)
    editor.saved()
    page.mouse.move(*editor.at(200, 320))
    editor.key_in("n", "Ask the shop")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Kind of VPC: VPC").click()
    page.get_by_role("menuitem", name="Region").click()
    x, y = page.locator(".wire-path").last.evaluate("path => { const { x, y } = path.getPointAtLength(path.getTotalLength() * 0.5).matrixTransform(path.getScreenCTM()); return [x, y] }")
    page.mouse.click(x, y)
    bend = page.locator(".wire-bend").first.bounding_box()
    assert bend
    page.mouse.move(bend["x"] + 5, bend["y"] + 5)
    page.mouse.down()
    page.mouse.move(bend["x"] + 5, bend["y"] + 105, steps=6)
    page.mouse.up()
    expect(page.locator(".wire-bend[data-laid]")).to_have_count(1)
    editor.saved()
    page.keyboard.press("Control+Shift+h")
    dialog = page.get_by_role("dialog", name="Version history")
    dialog.get_by_label("Versions").get_by_role("button").last.click()
    dialog.get_by_label("Versions").get_by_role("button").nth(1).click()
    listed = dialog.locator(".diff-list")
    expect(listed).to_contain_text("bent by hand")
    dialog.get_by_label("Versions").get_by_role("button").last.click()
    expect(listed).to_contain_text("+ box Region")
    expect(listed).to_contain_text("+ note Ask the shop")
    expect(dialog.locator(".diff-box[data-diff=added]")).to_have_count(1)
    expect(dialog.locator(".diff-note[data-diff=added]")).to_contain_text("Ask the shop")


def test_notes_are_written_moved_and_undone_in_one_step(page: Page, editor: Editor) -> None:
    page.mouse.move(*editor.at(300, 150))
    page.keyboard.press("n")
    page.get_by_label("Text of the note").fill("Black Friday\nis at ten")
    page.keyboard.press("Escape")
    note = page.locator(".note")
    expect(note).to_have_text("Black Friday\nis at ten")
    page.keyboard.press("Control+z")
    expect(note).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(note).to_have_count(1)
    before = note.bounding_box()
    assert before
    page.mouse.move(before["x"] + 20, before["y"] + 15)
    page.mouse.down()
    page.mouse.move(before["x"] + 22, before["y"] + 16)
    page.mouse.move(before["x"] + 122, before["y"] + 95, steps=5)
    page.mouse.up()
    eventually(page, lambda: (note.bounding_box() or before)["x"] - before["x"] == pytest.approx(100, abs=8))
    editor.saved()
    page.reload()
    expect(note).to_have_text("Black Friday\nis at ten")
    note.click()
    page.keyboard.press("Delete")
    expect(note).to_have_count(0)


def test_a_wire_is_bent_by_hand_and_finds_its_own_way_again(page: Page, editor: Editor) -> None:
    traffic, queue = editor.place("Traffic", 130, 120), editor.place("SQS queue", 700, 120)
    editor.wire(traffic, "out", queue)
    path = page.locator(".wire-path")
    straight = path.get_attribute("d")
    bend = page.locator(".wire-bend").first.bounding_box()
    assert bend
    page.mouse.move(bend["x"] + 5, bend["y"] + 5)
    page.mouse.down()
    page.mouse.move(bend["x"] + 5, bend["y"] + 125, steps=6)
    page.mouse.up()
    expect(page.locator(".wire-bend[data-laid]")).to_have_count(1)
    expect(path).not_to_have_attribute("d", straight or "")
    bent = path.get_attribute("d")
    editor.saved()
    page.reload()
    expect(path).to_have_attribute("d", bent or "")
    x, y = path.evaluate("path => { const { x, y } = path.getPointAtLength(path.getTotalLength() * 0.4).matrixTransform(path.getScreenCTM()); return [x, y] }")
    page.mouse.click(x, y, button="right")
    page.get_by_role("menuitem", name="Let the wire find its own way").click()
    expect(path).to_have_attribute("d", straight or "")
    page.keyboard.press("Control+z")
    expect(path).to_have_attribute("d", bent or "")
