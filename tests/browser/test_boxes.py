"""Boxes and folded groups are handled as cards are: by drag, menu, keyboard, clipboard; and what is put into a box is in it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor, eventually
from tests.browser.test_pages import mistakes


def a_line(*, folded: bool = False, **view: Any) -> dict[str, Any]:
    """Traffic, a queue and a function in a row, the latter two in a box."""
    kinds = {"t": "traffic", "q": "sqs", "f": "lambda"}
    ends = {"w1": ("t", "out", "q", "in"), "w2": ("q", "out", "f", "source")}
    return {
        "version": 1, "name": "Line", "run": {},
        "nodes": [{"id": node, "kind": kind, "name": f"the {kind}", "parameters": {}} for node, kind in kinds.items()],
        "wires": [{"id": wire, "from": {"node": a, "port": b}, "to": {"node": c, "port": d}, "parameters": {}} for wire, (a, b, c, d) in ends.items()],
        "view": {"positions": {"t": [0, 0], "q": [300, 0], "f": [600, 0]}, "groups": [{"id": "group-1", "title": "Shop", "kind": "vpc", "members": ["q", "f"], "collapsed": folded}], **view},
    }


@pytest.fixture
def editor(page: Page) -> Editor:
    return Editor(page)


def head(page: Page) -> tuple[float, float]:
    """A place at which a box is taken."""
    box = page.locator(".box-head, .folded").first.bounding_box()
    assert box
    return box["x"] + box["width"] * 0.6, box["y"] + 10


def carry(page: Page, start: tuple[float, float], dx: float, dy: float) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + 2, start[1] + 2)
    page.mouse.move(start[0] + dx, start[1] + dy, steps=8)
    page.mouse.up()


@pytest.mark.parametrize("folded", [False, True])
def test_a_box_is_copied_by_dragging_it_with_alt_and_is_deleted_from_its_menu(page: Page, editor: Editor, folded: bool) -> None:
    editor.open(a_line(folded=folded))
    boxes = page.locator(".react-flow__node-box, .react-flow__node-folded")
    page.keyboard.down("Alt")
    carry(page, head(page), 0, 160)
    page.keyboard.up("Alt")
    expect(boxes).to_have_count(2)
    made = editor.graph()
    assert [len(group["members"]) for group in made["view"]["groups"]] == [2, 2]
    assert [group.get("collapsed", False) for group in made["view"]["groups"]] == [folded, folded]
    assert len(made["wires"]) == 3
    assert editor.undo_all() == 1
    expect(boxes).to_have_count(1)
    page.keyboard.press("Escape")
    page.mouse.click(*head(page), button="right")
    page.get_by_role("menuitem", name="Delete Delete").click()
    expect(boxes).to_have_count(0)
    assert editor.ids() == ["t"]
    page.keyboard.press("Control+z")
    page.mouse.click(*head(page), button="right")
    page.get_by_role("menuitem", name="Rename the box").click()
    page.keyboard.type("Orders")
    page.keyboard.press("Enter")
    expect(boxes).to_contain_text("Orders")
    page.mouse.click(*head(page), button="right")
    page.get_by_role("menuitem", name="Ungroup").click()
    expect(boxes).to_have_count(0)
    expect(page.locator(".react-flow__node")).to_have_count(3)


def test_what_is_put_down_in_a_box_is_in_it(page: Page, editor: Editor) -> None:
    graph = a_line()
    graph["view"]["positions"]["f"] = [600, 300]
    editor.open(graph)
    box, canvas = page.locator(".box").bounding_box(), editor.canvas.bounding_box()
    assert box
    assert canvas
    x, y = box["x"] + 110, box["y"] + box["height"] - 60
    editor.place("SNS topic", round(x - canvas["x"]), round(y - canvas["y"]))
    assert len(editor.graph()["view"]["groups"][0]["members"]) == 3
    assert editor.undo_all() == 1
    page.mouse.dblclick(x, y)
    page.keyboard.type("sns topic")
    page.keyboard.press("Enter")
    assert len(editor.graph()["view"]["groups"][0]["members"]) == 3
    assert editor.undo_all() == 1
    page.locator(".box-head .box-kind").focus()
    page.get_by_role("button", name="Fold Shop").click()
    editor.place("SNS topic", round(x - canvas["x"]), round(y - canvas["y"]))
    assert editor.graph()["view"]["groups"][0]["members"] == ["q", "f"], "nobody sees a box there"


def test_a_folded_group_is_walked_found_and_selected_as_the_card_it_is(page: Page, editor: Editor) -> None:
    editor.open(a_line(folded=True))
    editor.card("t").locator(".card-name").click()
    walked = []
    for _ in range(2):
        page.keyboard.press("Tab")
        walked.append(page.evaluate("document.activeElement.closest('[data-id]').dataset.id"))
    assert walked == ["w1", "group:group-1"]
    assert editor.selected() == ["group:group-1"]
    assert mistakes(page) == []
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[data-id]')") is None, "the walk goes on past the group"
    page.keyboard.press("Escape")
    editor.key_in("Control+f", "lambda")
    expect(page.locator(".find-bar")).to_contain_text("1 of 1")
    eventually(page, lambda: editor.selected() == ["group:group-1"])
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    x, y = head(page)
    editor.sweep((x - 244 - 150, y - 48 - 50), (x - 244 + 90, y - 48 + 80))
    eventually(page, lambda: editor.selected() == ["group:group-1"])
    page.keyboard.press("Control+k")
    page.get_by_label("Search commands").fill("fold or unfold")
    page.keyboard.press("Enter")
    expect(page.locator(".box")).to_have_count(1)
    page.keyboard.press("Delete")
    assert editor.ids() == ["t"]
    assert editor.undo_all() == 2


def test_the_way_of_a_wire_is_copied_with_it_and_forgotten_where_it_would_lead_astray(page: Page, editor: Editor) -> None:
    editor.open(a_line(waypoints={"w1": [[230, -60], [260, -60]]}))
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+d")
    made = editor.graph()
    assert list(made["view"]["waypoints"].values()) == [[[230, -60], [260, -60]], [[270, -20], [300, -20]]]
    assert editor.undo_all() == 1
    page.keyboard.press("Escape")
    page.keyboard.press("Control+l")
    eventually(page, lambda: "w1" not in editor.graph()["view"]["waypoints"])
    assert editor.undo_all() == 1
    eventually(page, lambda: "w1" in editor.graph()["view"]["waypoints"])
    page.keyboard.press("Control+Shift+z")
    eventually(page, lambda: "w1" not in editor.graph()["view"]["waypoints"])


def test_who_cannot_be_joined_is_said(page: Page, editor: Editor) -> None:
    graph = a_line()
    graph["nodes"][2]["kind"] = "worker"
    editor.open(graph)
    editor.select("q")
    page.keyboard.press("Control+Delete")
    expect(page.get_by_role("alert")).to_contain_text("“the traffic” and “the lambda” are not joined: ")
    expect(editor.card("q")).to_have_count(0)
    assert editor.undo_all() == 1
