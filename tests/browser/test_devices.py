"""Fingers, paper, people who want no motion, and diagrams too large to read at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import watch
from tests.browser.hands import PATIENCE_MS, Editor, asked, eventually


class Fingers:
    """Touches, as the browser gets them from a touch screen."""

    def __init__(self, page: Page) -> None:
        self.session = page.context.new_cdp_session(page)

    def _send(self, kind: str, points: list[tuple[float, float]]) -> None:
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]})

    def move(self, start: list[tuple[float, float]], end: list[tuple[float, float]], steps: int = 6) -> None:
        """Put fingers down, move them along straight lines, and lift them."""
        self._send("touchStart", start)
        for step in range(1, steps + 1):
            self._send("touchMove", [(x + (to_x - x) * step / steps, y + (to_y - y) * step / steps) for (x, y), (to_x, to_y) in zip(start, end, strict=True)])
        self._send("touchEnd", [])


@pytest.fixture
def tablet(browser: Browser, base_url: str) -> Iterator[Page]:
    """A page on a touch screen."""
    context = browser.new_context(base_url=base_url, viewport={"width": 1180, "height": 820}, has_touch=True, is_mobile=True, reduced_motion="reduce")
    page = context.new_page()
    complaints = watch(page)
    yield page
    context.close()
    assert complaints == []


def test_one_finger_pans_and_two_zoom(tablet: Page) -> None:
    editor = Editor(tablet)
    editor.begin()
    tablet.get_by_role("button", name="Add SQS queue", exact=True).tap()
    expect(tablet.locator(".react-flow__node")).to_have_count(1)
    fingers = Fingers(tablet)
    x, y, zoom = editor.view()
    fingers.move([editor.at(80, 60)], [editor.at(180, 100)])
    tablet.wait_for_function(f"new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).m41 > {x + 60}")
    moved = editor.view()
    assert moved[1] > y + 20
    assert moved[2] == pytest.approx(zoom)
    fingers.move([editor.at(200, 200), editor.at(260, 200)], [editor.at(130, 200), editor.at(330, 200)])
    tablet.wait_for_function(f"new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform).a > {zoom * 1.3}")


def test_cards_are_moved_and_wired_by_touch(tablet: Page) -> None:
    editor = Editor(tablet)
    editor.begin()
    for title in ("Traffic", "SQS queue"):
        tablet.get_by_role("button", name=f"Add {title}", exact=True).tap()
    expect(tablet.locator(".react-flow__node")).to_have_count(2)
    traffic, queue = editor.ids()
    fingers = Fingers(tablet)
    box = editor.card(queue).locator(".card-name").bounding_box()
    assert box
    before = editor.place_of(queue)
    at = (box["x"] + 20, box["y"] + 8)
    fingers.move([at], [(at[0] + 60, at[1] + 120)])
    tablet.wait_for_function(f"new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__node[data-id={queue}]')).transform).m42 > {before[1] + 60}")
    handle = editor.card(traffic).locator('.react-flow__handle[data-handleid="out"]').bounding_box()
    goal = editor.card(queue).bounding_box()
    assert handle
    assert goal
    fingers.move([(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)], [(goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] / 2)], steps=10)
    expect(tablet.locator(".react-flow__edge")).to_have_count(1)
    function = tablet.get_by_role("button", name="Add Lambda function", exact=True)
    function.scroll_into_view_if_needed()
    item = function.bounding_box()
    assert item
    fingers.move([(item["x"] + 30, item["y"] + 12)], [editor.at(130, 70)], steps=12)
    expect(tablet.locator(".react-flow__node")).to_have_count(3)
    dropped = next(node for node in editor.ids() if node not in (traffic, queue))
    card = editor.card(dropped).bounding_box()
    assert card
    assert (card["x"] + card["width"] / 2, card["y"] + card["height"] / 2) == pytest.approx(editor.at(130, 70), abs=12)
    expect(tablet.locator(".palette-carried")).to_have_count(0)
    scrolled = tablet.locator(".palette").evaluate("palette => palette.scrollTop")
    fingers.move([(item["x"] + 30, item["y"] + 12)], [(item["x"] + 30, item["y"] - 138)])
    tablet.wait_for_function(f"document.querySelector('.palette').scrollTop > {scrolled} + 40")
    expect(tablet.locator(".react-flow__node")).to_have_count(3)


def test_paper_holds_the_diagram_alone(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    editor.place("SQS queue", 300, 120)
    page.evaluate("window.print = () => { window.printed = true }")
    page.keyboard.press("Control+p")
    page.wait_for_function("window.printed === true")
    page.emulate_media(media="print")
    for part in (".topbar", ".panel-left", ".panel-right", ".dock", ".react-flow__minimap", ".react-flow__controls"):
        expect(page.locator(part).first).to_be_hidden()
    sheet = page.locator(".print-diagram")
    expect(sheet).to_be_visible()
    assert sheet.evaluate("sheet => sheet.naturalWidth > 184 && decodeURIComponent(sheet.src).includes('>SQS<')")
    page.evaluate("document.documentElement.dataset.mantineColorScheme = 'dark'")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)", "paper is white, however dark the page"
    assert len(page.pdf()) > 1000
    page.emulate_media(media="screen")
    expect(sheet).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(sheet).to_have_count(0)
    expect(page.locator(".topbar")).to_be_visible()


@pytest.mark.parametrize(("wish", "glides"), [("no-preference", True), ("reduce", False)])
def test_nodes_glide_unless_motion_is_unwelcome(page: Page, wish: Any, glides: bool) -> None:
    page.emulate_media(reduced_motion=wish)
    editor = Editor(page)
    editor.begin()
    traffic, queue = editor.place("Traffic", 150, 100), editor.place("SQS queue", 300, 380)
    editor.wire(traffic, "out", queue)
    before = editor.place_of(queue)
    page.evaluate("""node => {
      window.places = new Set()
      const note = () => { window.places.add(getComputedStyle(document.querySelector(`.react-flow__node[data-id="${node}"]`)).transform); requestAnimationFrame(note) }
      note()
    }""", queue)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+l")
    page.wait_for_function("([node, y]) => new DOMMatrix(getComputedStyle(document.querySelector(`.react-flow__node[data-id='${node}']`)).transform).m42 < y - 100", arg=[queue, before[1]], timeout=PATIENCE_MS)
    editor.saved()
    assert (page.evaluate("window.places.size") > 2) == glides


def test_a_large_diagram_from_afar_is_an_overview_that_can_be_worked_in(page: Page) -> None:
    nodes = [{"id": f"n{place}", "kind": "sqs", "name": f"queue number {place}", "parameters": {}} for place in range(200)]
    places = {f"n{place}": [place % 20 * 300, place // 20 * 200] for place in range(200)}
    wires = [{"id": f"w{place}", "from": {"node": f"n{place}", "port": "dlq"}, "to": {"node": f"n{place + 20}", "port": "in"}, "parameters": {}} for place in range(180)]
    made = asked(page, "/api/diagrams/", {"graph": {"version": 1, "name": "large", "nodes": nodes, "wires": wires, "view": {"positions": places}}})
    page.goto(f"/diagrams/{made['id']}/")
    editor = Editor(page)
    expect(page.locator(".canvas[data-overview]")).to_have_count(1)
    expect(page.locator(".react-flow__node-card")).to_have_count(200)
    drawing = page.locator(".far-view")
    expect(drawing).to_have_attribute("data-cards", "200")
    expect(drawing).to_have_attribute("data-wires", "180")
    box = editor.card("n45").bounding_box()
    below = editor.card("n65").bounding_box()
    assert box
    assert below
    # The icon of a card is drawn where the card is.
    eventually(page, lambda: _coloured(page, box["x"] + box["width"] * 0.18, box["y"] + box["height"] / 2))
    page.mouse.click(box["x"] + box["width"] / 3, (box["y"] + box["height"] + below["y"]) / 2)
    expect(page.locator('.react-flow__edge[data-id="w45"]')).to_have_count(1)
    page.keyboard.press("Escape")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2 + 4, box["y"] + box["height"] / 2 + 1)
    page.mouse.move(box["x"] + box["width"] / 2 + 24, box["y"] + box["height"] / 2 + 6, steps=6)
    page.mouse.up()
    page.wait_for_function(f"document.querySelector('.react-flow__node[data-id=n45]').getBoundingClientRect().x > {box['x'] + 12}")
    expect(page.locator(".save-state")).to_contain_text("v2")
    moved = page.evaluate("fetch(location.pathname.replace('/diagrams/', '/api/diagrams/')).then((answer) => answer.json())")["graph"]["view"]["positions"]["n45"]
    assert moved != places["n45"]
    page.keyboard.press("F2")
    expect(page.get_by_text("Zoom in to rename")).to_be_visible()
    expect(page.get_by_label("New name")).to_have_count(0)
    page.keyboard.press("Shift+2")
    expect(page.locator(".canvas[data-overview]")).to_have_count(0)
    page.wait_for_function("document.querySelectorAll('.react-flow__node').length < 100")
    expect(editor.card("n45").locator(".react-flow__handle").first).to_be_attached()
    expect(page.locator('.react-flow__edge[data-id="w45"]')).to_have_count(1)
    expect(drawing).to_have_count(0)


def test_a_run_of_a_large_diagram_can_be_followed_from_afar(page: Page) -> None:
    lanes = range(60)
    nodes = [node for lane in lanes for node in (
        {"id": f"t{lane}", "kind": "traffic", "name": f"traffic {lane}", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}}},
        {"id": f"q{lane}", "kind": "sqs", "name": f"queue {lane}", "parameters": {}},
        {"id": f"w{lane}", "kind": "worker", "name": f"worker {lane}", "parameters": {"workers": 1 if lane == 7 else 20, "duration": {"type": "constant", "value_s": 0.1}}},
    )]
    wires = [{"id": f"{a}-{b}", "from": {"node": a, "port": "out"}, "to": {"node": b, "port": port}, "parameters": {}} for lane in lanes for a, b, port in ((f"t{lane}", f"q{lane}", "in"), (f"q{lane}", f"w{lane}", "source"))]
    places = {f"{kind}{lane}": [lane % 6 * 1000 + column * 300, lane // 6 * 300] for lane in lanes for column, kind in enumerate("tqw")}
    made = asked(page, "/api/diagrams/", {"graph": {"version": 1, "name": "lanes", "nodes": nodes, "wires": wires, "run": {"duration_s": 600, "seed": 1}, "view": {"positions": places}}})
    run = asked(page, "/api/runs/", {"diagram": made["id"], "speed": 20})
    page.goto(f"/diagrams/{made['id']}/?run={run['id']}")
    editor = Editor(page)
    drawing = page.locator(".far-view")
    expect(drawing).to_have_attribute("data-cards", "180")
    # One lane cannot keep up, and a wire of another says how it fares.
    expect(drawing).to_have_attribute("data-troubled", re.compile("^[12]$"), timeout=PATIENCE_MS)
    ends = [editor.card(node).bounding_box() for node in ("t8", "q8")]
    assert ends[0]
    assert ends[1]
    page.mouse.move((ends[0]["x"] + ends[0]["width"] + ends[1]["x"]) / 2, ends[0]["y"] + ends[0]["height"] / 2)
    expect(page.locator(".hover-card")).to_contain_text("traffic 8")
    page.mouse.click((ends[0]["x"] + ends[0]["width"] + ends[1]["x"]) / 2, ends[0]["y"] + ends[0]["height"] / 2, button="right")
    expect(page.locator(".react-flow__edge.selected")).to_have_attribute("data-id", "t8-q8")
    expect(page.locator(".canvas-menu")).to_be_visible()


def _coloured(page: Page, x: float, y: float) -> bool:
    """Whether the overview has a colour at a place of the window: no white, grey or black."""
    red, green, blue = page.evaluate("""([x, y]) => {
      const drawing = document.querySelector('.far-view'), box = drawing.getBoundingClientRect(), dots = drawing.width / box.width
      return [...drawing.getContext('2d').getImageData((x - box.x) * dots, (y - box.y) * dots, 1, 1).data]
    }""", [x, y])[:3]
    return max(red, green, blue) - min(red, green, blue) > 60
