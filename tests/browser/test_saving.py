"""What is drawn is never lost: lost answers, several tabs, diagrams and sessions that go away, tabs that are closed at once."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.hands import Editor, eventually
from tests.browser.test_pages import mistakes_in_both_schemes

DIAGRAM = "**/api/diagrams/*/"


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    editor.place("SQS queue", 300, 100)
    editor.saved()
    return editor


def stored(page: Page) -> list[str]:
    """The names of the nodes that the server has."""
    names: list[str] = page.evaluate("fetch(location.pathname.replace('/diagrams/', '/api/diagrams/')).then((answer) => answer.json()).then(({ graph }) => graph.nodes.map((node) => node.name))")
    return names


def cut(page: Page, *, arrives: bool = False) -> None:
    """Let no answer to a save come back; the save itself may arrive."""
    def lose(route: Route) -> None:
        if route.request.method != "PUT":
            route.continue_()
            return
        if arrives:
            route.fetch()
        route.abort()

    page.route(DIAGRAM, lose)


def state(page: Page) -> Locator:
    return page.locator(".save-state")


def test_a_save_whose_answer_was_lost_is_no_conflict(page: Page, editor: Editor) -> None:
    cut(page, arrives=True)
    editor.place("SNS topic", 600, 100)
    expect(state(page)).to_contain_text("Offline")
    editor.place("Lambda function", 300, 300)
    page.unroute(DIAGRAM)
    editor.saved()
    assert stored(page) == ["queue", "topic", "function"]
    assert page.get_by_role("dialog").count() == 0


def test_each_tab_keeps_its_own_and_what_is_not_taken_can_be_undone(page: Page, editor: Editor) -> None:
    address = page.url
    other = page.context.new_page()
    other.goto(address)
    theirs = Editor(other)
    expect(theirs.card("sqs")).to_be_visible()
    cut(page)
    editor.place("SNS topic", 600, 100)
    expect(state(page)).to_contain_text("Offline")
    theirs.place("Lambda function", 300, 300)
    theirs.saved()
    other.close()
    page.unroute(DIAGRAM)
    page.goto(address)
    dialog = page.get_by_role("dialog", name="This diagram was changed elsewhere")
    expect(dialog.get_by_role("list", name="From theirs to yours")).to_contain_text("+ topic")
    dialog.get_by_role("button", name="Take theirs").click()
    expect(page.locator(".react-flow__node")).to_contain_text(["queue", "function"])
    expect(state(page)).to_contain_text("Saved")
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_contain_text(["queue", "topic"])
    editor.saved()
    assert stored(page) == ["queue", "topic"]


def token(page: Page) -> dict[str, str]:
    cookies: list[Any] = page.context.cookies()
    return {"X-CSRFToken": next(cookie["value"] for cookie in cookies if cookie["name"] == "csrftoken")}


def test_a_diagram_that_goes_away_while_it_is_edited_is_saved_as_another(page: Page, editor: Editor) -> None:
    address = page.url
    assert page.request.delete(address.replace("/diagrams/", "/api/diagrams/"), headers=token(page)).ok
    editor.place("SNS topic", 600, 100)
    dialog = page.get_by_role("dialog", name="This diagram is no longer there")
    assert mistakes_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Save as a new diagram").click()
    page.wait_for_url(lambda url: url != address)
    expect(page.locator(".react-flow__node")).to_contain_text(["queue", "topic"])
    expect(page.get_by_label("Name of the diagram")).to_have_value("Untitled (kept)")


def test_what_a_session_that_ended_could_not_save_is_found_on_the_start_page(page: Page, editor: Editor) -> None:
    address = page.url
    cut(page)
    editor.place("SNS topic", 600, 100)
    expect(state(page)).to_contain_text("Offline")
    page.goto("/")
    expect(page.get_by_text("changes made in this browser are sent when it is opened")).to_be_visible()
    page.context.clear_cookies()
    page.goto(address)
    expect(page.get_by_role("region", name="Kept in this browser")).to_contain_text("2 nodes")
    page.get_by_role("link", name="Start page", exact=True).click()
    assert mistakes_in_both_schemes(page) == []
    page.get_by_role("region", name="Kept in this browser").get_by_role("button", name="Save as a new diagram").click()
    page.wait_for_url("**/diagrams/*/")
    expect(page.locator(".react-flow__node")).to_contain_text(["queue", "topic"])
    page.goto("/")
    expect(page.get_by_role("link", name="Untitled (kept)")).to_be_visible()
    expect(page.get_by_role("region", name="Kept in this browser")).to_have_count(0)


def test_a_token_that_ran_out_is_renewed_by_itself(page: Page, editor: Editor) -> None:
    page.context.clear_cookies(name="csrftoken")
    editor.place("SNS topic", 600, 100)
    editor.saved()
    assert stored(page) == ["queue", "topic"]


def test_a_tab_that_is_closed_at_once_has_sent_its_last_change(page: Page, editor: Editor) -> None:
    address = page.url
    editor.place("SNS topic", 600, 100)
    page.close()
    again = editor.page.context.new_page()
    again.goto("/")
    again.evaluate("address => history.replaceState(null, '', address)", address)
    eventually(again, lambda: stored(again) == ["queue", "topic"])
    again.goto(address)
    expect(again.locator(".save-state")).to_contain_text("Saved")
    assert again.get_by_role("dialog").count() == 0


def test_without_room_in_the_browser_it_says_that_nothing_is_kept(page: Page, editor: Editor) -> None:
    page.evaluate("for (let size = 1e6; size >= 1; size = Math.floor(size / 10)) try { for (let i = 0; ; i++) localStorage.setItem(`fill ${size} ${i}`, 'x'.repeat(size)) } catch {}")
    cut(page)
    editor.place("SNS topic", 600, 100)
    expect(state(page)).to_have_text("Not saved, not kept")
    page.unroute(DIAGRAM)
    editor.saved()
