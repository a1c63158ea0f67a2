"""Versions and what differs between them, conflicts, the trash, several diagrams at once."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor
from tests.browser.test_pages import mistakes_in_both_schemes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def test_versions_are_named_compared_and_restored_as_one_step(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 300, 120)
    editor.saved()
    editor.select(queue)
    editor.type_into("Visibility timeout", "45 s")
    editor.saved()
    topic = editor.place("SNS topic", 600, 120)
    editor.saved()
    page.keyboard.press("Control+Shift+h")
    dialog = page.get_by_role("dialog", name="Version history")
    versions = dialog.get_by_role("list", name="Versions").get_by_role("button")
    expect(versions.first).to_contain_text("Version")
    count = versions.count()
    versions.nth(count - 2).click()
    differences = dialog.get_by_role("list", name="From version 2 to now")
    expect(differences).to_contain_text("+ topic")
    expect(differences).to_contain_text("Visibility timeout: default → 45 s")
    assert mistakes_in_both_schemes(page) == []
    dialog.get_by_label("Name of this version").fill("Before the topic")
    dialog.get_by_label("Name of this version").press("Enter")
    expect(versions.nth(count - 2)).to_contain_text("Before the topic")
    dialog.get_by_role("combobox", name="Compare with").click()
    page.get_by_role("option", name="Version 1", exact=True).click()
    expect(dialog.get_by_role("list", name="From version 2 to version 1")).to_contain_text("− queue")
    dialog.get_by_role("button", name="Restore version 2").click()
    expect(dialog).to_have_count(0)
    expect(editor.card(topic)).to_have_count(0)
    expect(editor.card(queue)).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(editor.card(topic)).to_have_count(1)


def test_a_conflict_shows_what_differs(page: Page, editor: Editor) -> None:
    editor.place("SQS queue", 300, 100)
    editor.saved()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator(".react-flow__node")).to_have_count(1)
    theirs = Editor(other)
    theirs.place("SNS topic", 500, 250)
    theirs.saved()
    editor.place("Lambda function", 700, 100)
    dialog = page.get_by_role("dialog")
    differences = dialog.get_by_role("list", name="From theirs to yours")
    expect(differences).to_contain_text("+ function")
    expect(differences).to_contain_text("− topic")
    assert mistakes_in_both_schemes(page) == []
    dialog.get_by_role("button", name="Keep mine").click()
    editor.saved()
    other.close()


def test_a_deleted_diagram_comes_back_from_the_trash(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Open: Work queue").click()
    page.wait_for_url("**/diagrams/*/")
    expect(page.locator(".react-flow__node").first).to_be_visible()
    page.goto("/")
    page.get_by_role("button", name="Delete Work queue").click()
    page.get_by_text("Trash (1)").click()
    page.get_by_role("button", name="Restore Work queue").click()
    expect(page.get_by_role("button", name="Duplicate Work queue")).to_be_visible()
    page.get_by_role("button", name="Delete Work queue").click()
    page.get_by_text("Trash (1)").click()
    page.get_by_role("button", name="Delete Work queue for good").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Trash (1)")).to_have_count(0)


def test_several_diagrams_are_open_in_tabs(page: Page, editor: Editor) -> None:
    editor.place("SQS queue", 300, 100)
    page.get_by_label("Name of the diagram").fill("First")
    page.get_by_label("Name of the diagram").press("Enter")
    editor.saved()
    first = page.url
    editor.begin()
    tabs = page.get_by_role("navigation", name="Open diagrams")
    expect(tabs.get_by_role("link")).to_have_count(2)
    editor.place("SNS topic", 300, 100)
    tabs.get_by_role("link", name="First").click()
    page.wait_for_url(first)
    expect(page.locator(".react-flow__node")).to_have_count(1)
    tabs.get_by_role("link", name="Untitled").click()
    expect(page.locator(".react-flow__node")).to_contain_text(["topic"])
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(0)
    tabs.get_by_role("link", name="First").click()
    expect(page.locator(".react-flow__node")).to_contain_text(["queue"])
    editor.place("Lambda function", 600, 100)
    editor.saved()
    tabs.get_by_role("link", name="Untitled").click()
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    expect(page.locator(".react-flow__node")).to_have_count(0)
    tabs.get_by_role("link", name="First").click()
    expect(page.locator(".react-flow__node")).to_have_count(2)
    page.keyboard.press("Control+z")
    expect(page.locator(".react-flow__node")).to_have_count(1)
    editor.saved()
    page.go_back()
    # While a diagram is loaded there are no nodes either; what can be done again is there when it is shown.
    expect(tabs.get_by_role("link", name="Untitled")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("button", name="Redo")).to_be_enabled()
    expect(page.locator(".react-flow__node")).to_have_count(0)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(".react-flow__node")).to_contain_text(["topic"])
    editor.saved()
    tabs.get_by_role("button", name="Close First").click()
    expect(tabs).to_have_count(0)
