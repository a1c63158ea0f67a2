"""Adding and wiring: quick-add, wires dropped on blank, wires led elsewhere, nodes put into wires, what stands between."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor, eventually
from tests.browser.test_pages import mistakes_in_both_schemes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def test_a_double_click_and_a_slash_on_blank_add_a_node_there(page: Page, editor: Editor) -> None:
    page.mouse.dblclick(*editor.at(300, 200))
    box = page.get_by_role("combobox", name="Add a node")
    expect(box).to_be_focused()
    page.keyboard.type("lambda")
    page.keyboard.press("Enter")
    expect(box).to_have_count(0)
    expect(page.locator(".react-flow__node")).to_have_count(1)
    first = editor.ids()[0]
    eventually(page, lambda: editor.place_of(first) == pytest.approx((300 - 92, 200 - 32), abs=11))
    page.mouse.move(*editor.at(650, 300))
    page.keyboard.press("/")
    page.get_by_role("option", name="SQS queue", exact=False).first.click()
    expect(page.locator(".react-flow__node")).to_have_count(2)
    second = next(found for found in editor.ids() if found != first)
    eventually(page, lambda: editor.place_of(second) == pytest.approx((650 - 92, 300 - 32), abs=11))
    page.keyboard.press("/")
    assert mistakes_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("combobox", name="Add a node")).to_have_count(0)
    expect(page.locator(".react-flow__node")).to_have_count(2)


def test_a_wire_dropped_on_blank_offers_only_what_it_may_lead_to(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 250, 120)
    handle = editor.card(queue).locator('.react-flow__handle[data-handleid="out"]').bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(*editor.at(560, 300), steps=6)
    page.mouse.up()
    expect(page.get_by_role("combobox", name="Add and wire")).to_be_focused()
    expect(page.get_by_role("option", name="SNS topic")).to_have_count(0)
    page.get_by_role("option", name="Lambda function").click()
    expect(page.locator(".react-flow__node")).to_have_count(2)
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(1)
    expect(page.locator(".react-flow__edge")).to_have_count(0)


def test_a_wire_is_drawn_backwards_from_an_input(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 500, 120)
    handle = editor.card(queue).locator('.react-flow__handle[data-handleid="target"]').bounding_box()
    assert handle
    page.mouse.move(handle["x"] + 5, handle["y"] + 5)
    page.mouse.down()
    page.mouse.move(*editor.at(200, 300), steps=6)
    page.mouse.up()
    page.get_by_role("option", name="SNS topic").click()
    expect(page.get_by_label("Wire from topic to queue")).to_have_count(1)


def test_a_refused_wire_offers_what_to_insert_between(page: Page, editor: Editor) -> None:
    topic, worker = editor.place("SNS topic", 150, 120), editor.place("Worker application", 700, 120)
    editor.pull(topic, "out", worker, drop=False)
    expect(page.get_by_role("alert")).to_contain_text("pulls for itself")
    page.mouse.up()
    page.get_by_role("alert").get_by_role("button", name="Insert SQS queue").click()
    expect(page.locator(".react-flow__node")).to_have_count(3)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    expect(page.get_by_label("Wire from topic to queue")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    for close in (lambda: page.keyboard.press("Escape"), lambda: page.get_by_role("alert").get_by_role("button", name="Close").click()):
        editor.pull(topic, "out", worker)
        expect(page.get_by_role("alert")).to_contain_text("pulls for itself")
        close()
        expect(page.get_by_role("alert")).to_have_count(0)


def test_the_end_of_a_wire_is_led_to_another_node(page: Page, editor: Editor) -> None:
    traffic, first, second = editor.place("Traffic", 150, 100), editor.place("SQS queue", 500, 100), editor.place("SNS topic", 500, 300)
    editor.wire(traffic, "out", first)
    end, goal = editor.card(first).bounding_box(), editor.card(second).bounding_box()
    assert end
    assert goal
    page.mouse.move(end["x"] - 20, end["y"] + end["height"] / 2)
    page.mouse.down()
    page.mouse.move(goal["x"] + 30, goal["y"] + 20, steps=8)
    expect(editor.card(second).locator(".card")).to_have_attribute("data-wiring", "legal")
    page.mouse.up()
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    expect(page.get_by_label("Wire from traffic to topic")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Wire from traffic to queue")).to_have_count(1)


def test_a_node_dropped_on_a_wire_goes_into_it(page: Page, editor: Editor) -> None:
    traffic, queue = editor.place("Traffic", 130, 120), editor.place("SQS queue", 780, 120)
    editor.wire(traffic, "out", queue)
    editor.place("SNS topic", 455, 120)
    expect(page.get_by_label("Wire from traffic to topic")).to_have_count(1)
    expect(page.get_by_label("Wire from topic to queue")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.get_by_label("Wire from traffic to queue")).to_have_count(1)
    topic = editor.place("SNS topic", 455, 300)
    editor.drag(topic, 0, -182, drop=False)
    expect(page.locator(".wire[data-splicing]")).to_have_count(1)
    page.mouse.up()
    expect(page.get_by_label("Wire from traffic to topic")).to_have_count(1)
    expect(page.locator(".react-flow__edge")).to_have_count(2)


def test_a_node_is_wired_by_keyboard_alone(page: Page, editor: Editor) -> None:
    for count, text in enumerate(("traffic", "sqs queue"), 1):
        editor.key_in("/", text)
        page.keyboard.press("Enter")
        expect(page.locator(".react-flow__node")).to_have_count(count)
    traffic, queue = editor.ids()
    editor.select(traffic)
    editor.key_in("w", "queue")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Wire from traffic to queue")).to_have_count(1)
    editor.select(queue)
    editor.key_in("w", "lambda")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(3)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
