"""Definitions in the page: written in an editor that marks problems, drawn beside it, wired by the ports that follow, counted during a run."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor
from tests.browser.test_pages import mistakes

YAML = "StartAt: Think\nStates:\n  Think: {Type: Wait, Seconds: 5, Next: Pay}\n  Pay: {Type: Task, Resource: 'arn:aws:states:::lambda:invoke', Next: Both}\n" \
    "  Both:\n    Type: Parallel\n    Branches:\n      - {StartAt: Ship, States: {Ship: {Type: Pass, End: true}}}\n      - {StartAt: Tell, States: {Tell: {Type: Pass, End: true}}}\n    End: true\n"


def shot(page: Page, name: str) -> None:
    """Keep a picture where a review asks for one."""
    folder = os.environ.get("REVIEW_FOLDER")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png")


def write(page: Page, text: str) -> None:
    code = page.get_by_role("textbox", name="Definition")
    code.click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(text)


def test_a_definition_is_written_wired_and_watched(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    traffic, flow, pay = editor.place("Traffic", 120, 100), editor.place("Step Functions state machine", 420, 100), editor.place("Lambda function", 720, 100)
    editor.wire(traffic, "out", flow)
    editor.select(flow)
    page.get_by_role("button", name="Edit definition").click()
    dialog = page.get_by_role("dialog", name="Definition")
    expect(dialog.locator(".part")).to_have_count(2)
    write(page, YAML.replace("Next: Pay", "Next: Pya"))
    problem = dialog.get_by_role("list", name="Problems").get_by_role("button")
    expect(problem.first).to_contain_text("$.States.Think.Next")
    expect(dialog.locator(".cm-lint-marker-error")).to_have_count(1)
    shot(page, "definition-problems")
    assert mistakes(page) == []
    write(page, YAML)
    expect(dialog.get_by_role("status")).to_have_text("No problems")
    expect(dialog.locator(".part")).to_have_count(5)
    expect(dialog.locator(".part-group")).to_have_count(2)
    shot(page, "definition")
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    expect(editor.card(flow).locator('.react-flow__handle[data-handleid="task:Pay"]')).to_have_count(1)
    editor.wire(flow, "task:Pay", pay)
    editor.saved()
    page.reload()
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    editor.select(flow)
    page.get_by_role("button", name="Run", exact=True).first.click()
    page.get_by_role("tab", name="Live").click()
    inside = page.locator(".parts .part", has_text="Think").locator(".part-inside")
    expect(inside).not_to_have_text("0", timeout=PATIENCE_MS)
    expect(page.locator(".parts .part")).to_have_count(5)
    shot(page, "definition-live")
    assert mistakes(page) == []


def test_a_file_is_uploaded_and_a_change_discarded(page: Page, tmp_path: Path) -> None:
    editor = Editor(page)
    editor.begin()
    flow = editor.place("Step Functions state machine", 420, 100)
    file = tmp_path / "flow.asl.yaml"
    file.write_text(YAML)
    editor.select(flow)
    for end in ("Discard changes", "Apply"):
        page.get_by_role("button", name="Edit definition").click()
        dialog = page.get_by_role("dialog", name="Definition")
        with page.expect_file_chooser() as chosen:
            dialog.get_by_role("button", name="Upload a file").click()
        chosen.value.set_files(file)
        expect(dialog.locator(".part")).to_have_count(5)
        dialog.get_by_role("button", name=end).click()
        expect(dialog).to_have_count(0)
        expect(editor.card(flow).locator('.react-flow__handle[data-handleid="task:Pay"]')).to_have_count(1 if end == "Apply" else 0)
    page.keyboard.press("Control+z")
    expect(editor.card(flow).locator('.react-flow__handle[data-handleid="task:Pay"]')).to_have_count(0)
    expect(editor.card(flow).locator('.react-flow__handle[data-handleid="task:Ship"]')).to_have_count(1)


def test_a_machine_of_many_tasks_lists_its_ports(page: Page) -> None:
    """Twelve tasks: those that are wired stand on the card, the others in a list from which they are dragged."""
    states = "\n".join(f"  Task {number}: {{Type: Task, Resource: 'arn:aws:states:::lambda:invoke', {f'Next: Task {number + 1}' if number < 12 else 'End: true'}}}" for number in range(1, 13))
    editor = Editor(page)
    editor.begin()
    flow, seven = editor.place("Step Functions state machine", 200, 100), editor.place("Lambda function", 620, 100)
    editor.select(flow)
    page.get_by_role("button", name="Edit definition").click()
    dialog = page.get_by_role("dialog", name="Definition")
    write(page, f"StartAt: Task 1\nStates:\n{states}\n")
    expect(dialog.locator(".part")).to_have_count(12)
    dialog.get_by_role("button", name="Apply").click()
    expect(dialog).to_have_count(0)
    more = editor.card(flow).get_by_role("button", name="Ports of")
    expect(more).to_have_text("+12")
    expect(editor.card(flow).locator(".react-flow__handle-right")).to_have_count(0)
    more.click()
    listed = page.get_by_role("list", name="Ports of")
    expect(listed.get_by_role("listitem")).to_have_count(12)
    shot(page, "many-ports")
    page.keyboard.press("Escape")
    expect(listed).to_have_count(0)
    more.click()
    editor.wire(flow, "task:Task 7", seven)
    expect(listed).to_have_count(0)
    expect(more).to_have_text("+11")
    expect(editor.card(flow).locator(".react-flow__handle-right")).to_have_count(1)
    expect(editor.card(flow).locator('.react-flow__handle[data-handleid="task:Task 7"]')).to_have_count(1)
    more.click()
    expect(listed.get_by_role("listitem").last).to_have_text("Task 7")
    assert mistakes(page) == []


def test_a_distribution_may_be_none(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    flow = editor.place("Step Functions state machine", 420, 100)
    editor.select(flow)
    page.get_by_label("Latency", exact=True).get_by_role("button", name="Latency").click()
    kind = page.get_by_role("combobox", name="Transition latency")
    expect(kind).to_have_value("none")
    for choice in ("Constant", "none"):
        kind.click()
        page.get_by_role("option", name=choice, exact=True).click()
        expect(kind).to_have_value(choice)
        expect(page.get_by_label("Latency", exact=True).get_by_label("Value", exact=True)).to_have_count(1 if choice == "Constant" else 0)
