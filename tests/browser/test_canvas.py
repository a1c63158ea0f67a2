"""Gestures on the canvas: panning, zooming, selecting, moving, arranging; each is one step of undo."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor, eventually


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def three(editor: Editor) -> tuple[str, str, str]:
    """A source, a queue and a second queue."""
    return editor.place("Traffic", 150, 80), editor.place("SQS queue", 450, 120), editor.place("SQS queue", 450, 260)


def test_space_and_the_middle_button_pan_and_the_left_button_does_not(page: Page, editor: Editor) -> None:
    editor.place("SQS queue", 450, 120)
    before = editor.view()
    editor.sweep((100, 250), (160, 290), button="middle")
    after = (before[0] + 60, before[1] + 40, before[2])
    eventually(page, lambda: editor.view() == after)
    page.keyboard.down("Space")
    editor.sweep((100, 250), (60, 250))
    page.keyboard.up("Space")
    eventually(page, lambda: editor.view() == (after[0] - 40, after[1], after[2]))
    editor.sweep((100, 250), (160, 290))
    eventually(page, lambda: editor.view() == (after[0] - 40, after[1], after[2]))


def test_the_wheel_and_a_pinch_zoom_at_the_pointer(page: Page, editor: Editor) -> None:
    node = editor.place("SQS queue", 450, 120)
    box = editor.card(node).bounding_box()
    assert box
    page.mouse.move(box["x"], box["y"])
    for control in (False, True):
        zoom = editor.view()[2]
        if control:
            page.keyboard.down("Control")
        page.mouse.wheel(0, -100)
        if control:
            page.keyboard.up("Control")
        page.wait_for_function("zoom => new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).a > zoom", arg=zoom)
        now = editor.card(node).bounding_box()
        assert now
        assert abs(now["x"] - box["x"]) < 2
        assert abs(now["y"] - box["y"]) < 2


def test_zoom_by_keys_and_fit_all_or_the_selection(page: Page, editor: Editor) -> None:
    _, near, _ = three(editor)
    page.keyboard.press("Control+-")
    eventually(page, lambda: editor.view()[2] < 1)
    page.keyboard.press("Control+=")
    page.keyboard.press("Control+=")
    eventually(page, lambda: editor.view()[2] > 1)
    page.keyboard.press("Control+0")
    eventually(page, lambda: editor.view()[2] == 1)
    editor.sweep((100, 350), (700, 600), button="middle")
    editor.select(near)
    page.keyboard.press("Shift+2")
    eventually(page, lambda: editor.view()[2] == 1.5)
    canvas, card = editor.canvas.bounding_box(), editor.card(near).bounding_box()
    assert canvas
    assert card
    assert abs(card["x"] + card["width"] / 2 - canvas["x"] - canvas["width"] / 2) < 3
    page.keyboard.press("Shift+1")

    def all_in_view() -> bool:
        boxes = [found.bounding_box() for found in page.locator(".react-flow__node").all()]
        return all(box and canvas["x"] <= box["x"] and box["x"] + box["width"] <= canvas["x"] + canvas["width"] for box in boxes)

    eventually(page, all_in_view)
    # What would lie under the overview after a fit is kept clear of it.
    last = editor.place("SQS queue", 560, 420)
    page.keyboard.press("Shift+1")
    overview = page.locator(".react-flow__minimap").bounding_box()
    assert overview

    def clear_of_the_overview() -> bool:
        box = editor.card(last).bounding_box()
        return all_in_view() and box is not None and (box["x"] + box["width"] <= overview["x"] or box["y"] + box["height"] <= overview["y"])

    eventually(page, clear_of_the_overview)
    editor.saved()
    page.reload()
    expect(editor.card(last)).to_be_visible()
    eventually(page, clear_of_the_overview)


def test_a_click_selects_a_marquee_too_and_escape_clears(page: Page, editor: Editor) -> None:
    traffic, upper, lower = three(editor)
    editor.wire(traffic, "out", upper)
    editor.select(upper)
    eventually(page, lambda: editor.selected() == [upper])
    editor.card(traffic).locator(".card-name").click(modifiers=["Control"])
    eventually(page, lambda: sorted(editor.selected()) == sorted([upper, traffic]))
    page.keyboard.press("Escape")
    eventually(page, lambda: editor.selected() == [])
    editor.sweep((340, 60), (600, 330))
    eventually(page, lambda: sorted(editor.selected()) == sorted([upper, lower]))
    page.keyboard.press("Control+a")
    eventually(page, lambda: len(editor.selected()) == 3)
    expect(page.locator(".react-flow__edge.selected")).to_have_count(1)


def test_deleting_with_control_joins_the_neighbours(page: Page, editor: Editor) -> None:
    traffic, topic, queue = editor.place("Traffic", 120, 80), editor.place("SNS topic", 400, 80), editor.place("SQS queue", 680, 80)
    editor.wire(traffic, "out", topic)
    editor.wire(topic, "out", queue)
    editor.select(topic)
    page.keyboard.press("Control+Delete")
    expect(editor.card(topic)).to_have_count(0)
    expect(page.get_by_label("Wire from traffic to queue")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(editor.card(topic)).to_have_count(1)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    editor.select(topic)
    page.keyboard.press("Backspace")
    expect(page.locator(".react-flow__edge")).to_have_count(0)
    # Two wires from one node to another can be told apart on their way.
    function = editor.place("Lambda function", 480, 330)
    editor.wire(traffic, "out", function)
    editor.wire(traffic, "requests", function)
    halfway = page.locator(".wire-path").evaluate_all("""paths => paths.map((path) => {
      const points = Array.from({ length: 400 }, (_, place) => path.getPointAtLength(path.getTotalLength() * place / 400))
      return points.reduce((best, point) => Math.abs(point.y - 200) < Math.abs(best.y - 200) ? point : best).x
    })""")
    assert abs(halfway[0] - halfway[1]) >= 6


def test_arrows_nudge_and_a_held_key_is_one_step(page: Page, editor: Editor) -> None:
    node = editor.place("SQS queue", 450, 120)
    editor.select(node)
    x, y = editor.place_of(node)
    for _ in range(4):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    eventually(page, lambda: editor.place_of(node) == (x + 40, y))
    page.keyboard.press("Control+z")
    eventually(page, lambda: editor.place_of(node) == (x, y))
    page.keyboard.press("Shift+ArrowDown")
    eventually(page, lambda: editor.place_of(node) == (x, y + 80))
    # Alone on the canvas, a dragged node rests on the grid, or where the pointer has it.
    editor.drag(node, 33, 27)
    eventually(page, lambda: editor.place_of(node) == (x + 30, y + 110))
    page.keyboard.press("Control+k")
    page.get_by_label("Search commands").fill("snap")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    editor.drag(node, 33, 27)
    eventually(page, lambda: editor.place_of(node) == pytest.approx((x + 63, y + 137), abs=2))


def test_a_drag_is_one_step_rests_beside_its_neighbour_and_shows_the_line(page: Page, editor: Editor) -> None:
    first, second = editor.place("SQS queue", 200, 100), editor.place("SQS queue", 500, 250)
    before = editor.place_of(second)
    editor.drag(second, 20, -157, drop=False)
    expect(page.locator(".guide[data-axis='1']")).to_have_count(1)
    page.mouse.up()
    expect(page.locator(".guide")).to_have_count(0)
    eventually(page, lambda: editor.place_of(second)[1] == editor.place_of(first)[1])
    page.keyboard.press("Control+z")
    eventually(page, lambda: editor.place_of(second) == before)
    page.keyboard.press("Control+y")
    eventually(page, lambda: editor.place_of(second)[1] == editor.place_of(first)[1])


def test_duplicates_by_keys_and_by_dragging_with_alt_keep_inner_wires(page: Page, editor: Editor) -> None:
    traffic, queue, _ = three(editor)
    editor.wire(traffic, "out", queue)
    editor.sweep((40, 30), (600, 170))
    eventually(page, lambda: len(editor.selected()) == 2)
    page.keyboard.press("Control+d")
    expect(page.locator(".react-flow__node")).to_have_count(5)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(3)
    editor.sweep((40, 30), (600, 170))
    before = editor.place_of(queue)
    page.keyboard.down("Alt")
    editor.drag(queue, 20, 260)
    page.keyboard.up("Alt")
    expect(page.locator(".react-flow__node")).to_have_count(5)
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    eventually(page, lambda: editor.place_of(queue) == before)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(3)


def test_the_selection_is_aligned_and_spread_out(page: Page, editor: Editor) -> None:
    nodes = editor.place("SQS queue", 200, 60), editor.place("SQS queue", 260, 180), editor.place("SQS queue", 700, 330)
    page.keyboard.press("Control+a")
    page.get_by_role("button", name="Align left edges").click()
    eventually(page, lambda: len({editor.place_of(node)[0] for node in nodes}) == 1)
    page.keyboard.press("Alt+Shift+v")

    def gaps() -> list[float]:
        ys = sorted(editor.place_of(node)[1] for node in nodes)
        return [ys[1] - ys[0], ys[2] - ys[1]]

    eventually(page, lambda: gaps()[0] == pytest.approx(gaps()[1], abs=1))
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    eventually(page, lambda: len({editor.place_of(node)[0] for node in nodes}) == 3)


def test_tidy_puts_nodes_in_the_order_of_the_flow_and_is_undone_in_one_step(page: Page, editor: Editor) -> None:
    queue, traffic = editor.place("SQS queue", 200, 80), editor.place("Traffic", 600, 250)
    editor.wire(traffic, "out", queue)
    before = editor.place_of(queue), editor.place_of(traffic)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+l")
    page.wait_for_function("([a, b]) => { const x = (id) => document.querySelector(`.react-flow__node[data-id='${id}']`).getBoundingClientRect().x; return x(a) < x(b) }", arg=[traffic, queue])
    page.keyboard.press("Control+z")
    eventually(page, lambda: (editor.place_of(queue), editor.place_of(traffic)) == before)
