"""Menus, search, shortcuts, renaming, the clipboard, and the whole editor by keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor, asked, eventually
from tests.browser.test_pages import mistakes, mistakes_in_both_schemes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def focused(page: Page) -> str | None:
    """The id of the node or wire that has the keyboard."""
    found: str | None = page.evaluate("document.activeElement?.closest('.react-flow__node, .react-flow__edge')?.getAttribute('data-id') ?? null")
    return found


def test_the_right_button_opens_commands_for_what_it_points_at(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 400, 120)
    page.keyboard.press("Escape")
    editor.card(queue).click(button="right")
    page.get_by_role("menuitem", name="Duplicate").click()
    expect(page.locator(".react-flow__node")).to_have_count(2)
    editor.card(queue).click(button="right")
    page.get_by_role("menuitem", name="Delete Delete").click()
    expect(page.locator(".react-flow__node")).to_have_count(1)
    page.mouse.click(*editor.at(120, 320), button="right")
    page.get_by_role("menuitem", name="Add a node").click()
    expect(page.get_by_role("combobox", name="Add a node")).to_be_focused()
    page.keyboard.type("sns topic")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    topic = next(found for found in editor.ids() if found.startswith("sns"))
    editor.card(topic).focus()
    page.keyboard.press("Shift+F10")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_focused()
    assert mistakes_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)


def test_a_double_click_renames_on_the_card(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 400, 120)
    editor.card(queue).locator(".card-name").dblclick()
    page.keyboard.type("orders")
    page.keyboard.press("Enter")
    expect(editor.card(queue).locator(".card-name")).to_have_text("orders")
    page.keyboard.press("F2")
    page.keyboard.type("nothing")
    page.keyboard.press("Escape")
    expect(editor.card(queue).locator(".card-name")).to_have_text("orders")
    page.keyboard.press("Control+z")
    expect(editor.card(queue).locator(".card-name")).to_have_text("queue")


def test_nodes_are_found_on_the_canvas(page: Page, editor: Editor) -> None:
    first, second = editor.place("SQS queue", 200, 120), editor.place("SQS queue", 500, 120)
    editor.place("SNS topic", 350, 300)
    editor.key_in("Control+f", "queue")
    bar = page.get_by_role("search", name="Find on the canvas")
    expect(bar).to_contain_text("1 of 2")
    eventually(page, lambda: editor.selected() == [first])
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("2 of 2")
    eventually(page, lambda: editor.selected() == [second])
    page.keyboard.press("Escape")
    expect(bar).to_have_count(0)
    eventually(page, lambda: focused(page) == second)


def test_the_command_palette_has_every_command_and_help_lists_the_keys(page: Page, editor: Editor) -> None:
    editor.place("SQS queue", 400, 120)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Commands").get_by_role("option", name="Undo")).to_be_visible()
    assert mistakes_in_both_schemes(page) == []
    page.get_by_label("Search commands").fill("duplicate")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node")).to_have_count(2)
    page.keyboard.press("?")
    help_ = page.get_by_role("dialog")
    for title in ("Undo", "Find on the canvas", "Align left edges", "Delete and join the neighbours", "Fit the selection into view"):
        expect(help_).to_contain_text(title)
    expect(help_.get_by_text("Move the selection", exact=True)).to_have_count(1)
    assert mistakes_in_both_schemes(page) == []
    page.keyboard.press("Escape")


def chosen(page: Page, field: str, option: str) -> None:
    """The field names the one option that is selected, and it is this one."""
    found = page.get_by_role("option", selected=True)
    expect(found).to_contain_text(option)
    expect(page.get_by_role("combobox", name=field)).to_have_attribute("aria-activedescendant", found.get_attribute("id") or "")


def test_the_arrow_keys_in_the_command_palette_tell_the_field_what_they_choose(page: Page, editor: Editor) -> None:
    page.keyboard.press("Control+k")
    field = page.get_by_role("combobox", name="Search commands")
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-controls", page.get_by_role("listbox", name="Commands found").get_attribute("id") or "")
    page.keyboard.press("ArrowDown")
    chosen(page, "Search commands", "Undo")
    page.keyboard.press("ArrowDown")
    chosen(page, "Search commands", "Redo")
    expect(page.get_by_role("option", name="Redo")).to_be_in_viewport()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    chosen(page, "Search commands", "Print")
    page.keyboard.type("align")
    chosen(page, "Search commands", "Align left edges")
    page.keyboard.press("ArrowDown")
    chosen(page, "Search commands", "Align centres")
    page.keyboard.type(" nothing")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("dialog", name="Commands").get_by_role("status")).to_have_text("No such command")
    assert page.evaluate("document.querySelector('[aria-label=\"Search commands\"]').getAttribute('aria-activedescendant')") is None


def test_the_arrow_keys_in_the_list_of_nodes_tell_the_field_what_they_choose(page: Page, editor: Editor) -> None:
    editor.key_in("/", "sqs")
    chosen(page, "Add a node", "SQS queue")
    field = page.get_by_role("combobox", name="Add a node")
    field.fill("compute")
    second = page.get_by_role("option").nth(1)
    expect(second).to_have_attribute("aria-selected", "false")
    page.keyboard.press("ArrowDown")
    expect(second).to_have_attribute("aria-selected", "true")
    chosen(page, "Add a node", second.inner_text().split("\n")[0])
    page.keyboard.type(" of nothing")
    expect(field).to_have_attribute("aria-expanded", "false")
    expect(page.locator(".quick-add").get_by_role("status")).to_be_visible()


def test_a_clipping_is_pasted_at_the_pointer_and_in_another_tab_with_its_wires(page: Page, editor: Editor) -> None:
    traffic, queue = editor.place("Traffic", 150, 100), editor.place("SQS queue", 450, 100)
    editor.wire(traffic, "out", queue)
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    page.mouse.move(*editor.at(500, 400))
    page.keyboard.press("Control+v")
    expect(page.locator(".react-flow__node")).to_have_count(4)
    eventually(page, lambda: len(editor.selected()) == 2)

    def centre() -> tuple[float, float]:
        boxes = [box for node in editor.selected() if (box := editor.card(node).bounding_box())]
        return sum(box["x"] + box["width"] / 2 for box in boxes) / 2, sum(box["y"] + box["height"] / 2 for box in boxes) / 2

    eventually(page, lambda: centre() == pytest.approx(editor.at(500, 400), abs=8))
    other = page.context.new_page()
    elsewhere = Editor(other)
    elsewhere.begin()
    other.keyboard.press("Control+v")
    expect(other.locator(".react-flow__node")).to_have_count(2)
    expect(other.locator(".react-flow__edge")).to_have_count(1)
    other.close()


def test_a_run_to_watch_is_read_only(page: Page, editor: Editor) -> None:
    traffic, queue = editor.place("Traffic", 150, 100), editor.place("SQS queue", 450, 100)
    editor.wire(traffic, "out", queue)
    editor.speed("Max")
    editor.run()
    run = page.url.split("run=")[1]
    page.goto(f"/runs/{run}/")
    expect(page.locator(".save-state")).to_have_text("Read only")
    before = editor.place_of(queue)
    editor.drag(queue, 100, 60)
    eventually(page, lambda: editor.place_of(queue) == before)
    editor.card(queue).click(button="right")
    expect(page.get_by_role("menuitem", name="Copy")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Delete")).to_have_count(0)
    page.keyboard.press("Escape")
    page.keyboard.press("Delete")
    editor.card(queue).locator(".card-name").dblclick()
    expect(page.get_by_label("New name")).to_have_count(0)
    expect(page.locator(".react-flow__node")).to_have_count(2)


def test_tab_walks_in_the_order_of_the_flow_and_pans_into_view(page: Page, editor: Editor) -> None:
    function, queue, traffic = editor.place("Lambda function", 750, 80), editor.place("SQS queue", 450, 80), editor.place("Traffic", 150, 80)
    editor.wire(queue, "out", function)
    editor.wire(traffic, "out", queue)
    editor.sweep((300, 250), (-500, 250), button="middle")
    editor.card(traffic).focus()
    wires = {name: page.get_by_label(name).get_attribute("data-id") for name in ("Wire from traffic to queue", "Wire from queue to function")}
    expect(editor.card(traffic)).to_be_focused()
    for stop in (wires["Wire from traffic to queue"], queue, wires["Wire from queue to function"], function):
        page.keyboard.press("Tab")
        expect(page.locator(":is(.react-flow__node, .react-flow__edge):focus")).to_have_attribute("data-id", stop or "")
    eventually(page, lambda: editor.selected() == [function])
    canvas = editor.canvas.bounding_box()
    assert canvas
    eventually(page, lambda: canvas["x"] <= (editor.card(function).bounding_box() or canvas)["x"] <= canvas["x"] + canvas["width"] - 20)
    page.keyboard.press("Tab")
    eventually(page, lambda: focused(page) is None)
    page.keyboard.press("Shift+Tab")
    eventually(page, lambda: focused(page) == function)


def drawn_by_keyboard(page: Page) -> Editor:
    """Traffic, a queue and a worker, wired; the worker has the keyboard."""
    editor = Editor(page)
    editor.begin()
    editor.key_in("/", "traffic")
    page.keyboard.press("Enter")
    for count, service in enumerate(("sqs queue", "worker"), 1):
        expect(page.locator(".react-flow__node:focus")).to_have_count(1)
        editor.key_in("w", service)
        page.keyboard.press("Enter")
        expect(page.locator(".react-flow__edge")).to_have_count(count)
    eventually(page, lambda: focused(page) == "worker")
    return editor


def test_the_keyboard_goes_to_a_neighbour_when_what_has_it_is_gone(page: Page) -> None:
    editor = drawn_by_keyboard(page)
    page.keyboard.press("Control+z")
    expect(editor.card("worker")).to_have_count(0)
    eventually(page, lambda: focused(page) == "sqs")
    page.keyboard.press("Delete")
    expect(editor.card("sqs")).to_have_count(0)
    eventually(page, lambda: focused(page) == "traffic")
    page.keyboard.press("Delete")
    expect(editor.card("traffic")).to_have_count(0)
    expect(editor.canvas).to_be_focused()
    page.keyboard.press("Control+z")
    page.keyboard.press("Tab")
    eventually(page, lambda: focused(page) == "traffic")


def test_what_is_closed_gives_the_keyboard_back_to_the_canvas(page: Page) -> None:
    editor = drawn_by_keyboard(page)
    back = editor.card("worker")
    field = page.get_by_label("Inspector", exact=True).get_by_label("Workers", exact=True)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-right :focus")).to_have_count(1)
    field.focus()
    page.keyboard.type("7")
    page.keyboard.press("Control+s")
    expect(field).to_be_focused()
    page.keyboard.press("Escape")
    expect(back).to_be_focused()
    for opening in ("?", "Control+k", "Control+Shift+e", "/", "Shift+F10", "Control+/"):
        page.keyboard.press(opening)
        expect(back).not_to_be_focused()
        page.keyboard.press("Escape")
        expect(back).to_be_focused()
    editor.key_in("Control+f", "nothing of this name")
    page.keyboard.press("Escape")
    expect(back).to_be_focused()
    editor.key_in("Control+k", "keyboard shortcuts")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(back).to_be_focused()
    page.keyboard.press("Shift+F10")
    page.keyboard.type("n")
    page.keyboard.press("Escape")
    expect(page.locator(".react-flow__node")).to_have_count(3)


def test_commands_are_for_what_has_the_keyboard_where_nothing_is_selected(page: Page) -> None:
    editor = drawn_by_keyboard(page)
    page.keyboard.press("Escape")
    assert editor.selected() == []
    editor.key_in("F2", "printers")
    page.keyboard.press("Enter")
    expect(editor.card("worker").locator(".card-name")).to_have_text("printers")
    page.keyboard.press("Escape")
    editor.key_in("Control+k", "rename")
    page.keyboard.press("Enter")
    expect(page.get_by_label("New name")).to_be_focused()
    page.keyboard.type("plotters")
    page.keyboard.press("Enter")
    expect(editor.card("worker").locator(".card-name")).to_have_text("plotters")
    editor.key_in("Control+k", "add a node")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Add a node")).to_be_focused()


def test_parts_of_the_page_are_reached_without_all_the_stops_between_and_nodes_are_gathered(page: Page) -> None:
    editor = drawn_by_keyboard(page)
    for part in (".dock", ".panel-right", ".topbar", ".panel-left"):
        page.keyboard.press("F6")
        expect(page.locator(f"{part} :focus")).to_have_count(1)
    page.keyboard.press("Shift+F6")
    expect(page.locator(".topbar :focus")).to_have_count(1)
    page.get_by_role("link", name="Backwater, start page").focus()
    page.keyboard.press("Shift+Tab")
    skip = page.get_by_role("link", name="Skip to the diagram")
    expect(skip).to_be_focused()
    assert mistakes_in_both_schemes(page) == []
    page.keyboard.press("Enter")
    eventually(page, lambda: focused(page) == "worker")
    page.keyboard.press("Space")
    changes = page.get_by_role("log", name="Changes")
    expect(changes).to_have_text("Kept in the selection: workers. 1 node kept")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    eventually(page, lambda: editor.selected() == ["sqs", "worker"])
    page.keyboard.press("Control+g")
    expect(page.locator(".box")).to_have_count(1)
    expect(changes).to_have_text("Added box Group")
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+Tab")
    eventually(page, lambda: editor.selected() == [])


def test_what_happens_is_told_once_each_time_it_happens_and_saving_is_not(page: Page) -> None:
    editor = drawn_by_keyboard(page)
    changes = page.get_by_role("log", name="Changes")
    page.evaluate("""() => {
      window.told = []
      new MutationObserver((all) => all.forEach((one) => one.addedNodes.forEach((node) => window.told.push(node.textContent)))).observe(document.querySelector('[role=log]'), { childList: true })
    }""")
    page.keyboard.press("Control+z")
    expect(changes).to_have_text("Undone: Removed workers. Removed wire from queue to workers")
    page.keyboard.press("Control+y")
    expect(changes).to_have_text("Redone: Added workers. Laid wire from queue to workers")
    for _ in range(2):
        page.keyboard.press("Control+z")
        expect(changes).to_contain_text("Undone: Removed workers")
        page.keyboard.press("Control+y")
        expect(changes).to_contain_text("Redone: Added workers")
    page.keyboard.press("Escape")
    editor.type_into("Duration", "2 min")
    expect(changes).to_have_text("Set duration to 2 min")
    page.keyboard.press("Control+s")
    expect(changes).to_contain_text("Saved as version")
    told = page.evaluate("window.told")
    assert [sentence.split(" ")[0] for sentence in told] == ["Undone:", "Redone:"] * 3 + ["Set", "Saved"]
    expect(page.locator(".save-state[role=status]")).to_have_count(0)
    editor.speed("1×")
    page.keyboard.press("Control+Enter")
    expect(changes).to_have_text("The run goes on", timeout=PATIENCE_MS)
    editor.wait_for_time(1)
    page.locator(".dock").get_by_role("button", name="Pause").press("Enter")
    expect(changes).to_contain_text("Paused at")
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).press("Enter")
    expect(changes).to_contain_text("The run has ended", timeout=PATIENCE_MS)


def test_a_diagram_is_drawn_set_and_run_by_keyboard_alone(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    editor.key_in("/", "traffic")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__node:focus")).to_have_count(1)
    editor.key_in("w", "sqs queue")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__edge")).to_have_count(1)
    editor.key_in("w", "lambda function")
    page.keyboard.press("Enter")
    expect(page.locator(".react-flow__edge")).to_have_count(2)
    expect(page.get_by_role("log", name="Changes")).to_contain_text("Added function. Laid wire from queue to function")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    eventually(page, lambda: (focused(page) or "").startswith("sqs"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Inspector", exact=True).get_by_label("Visibility timeout", exact=True)).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("45 s")
    page.keyboard.press("Enter")
    expect(page.get_by_role("log", name="Changes")).to_contain_text("Set visibility timeout of queue")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)


def test_the_outline_says_in_text_what_the_canvas_shows(page: Page, editor: Editor) -> None:
    traffic, queue = editor.place("Traffic", 150, 100), editor.place("SQS queue", 450, 100)
    editor.wire(traffic, "out", queue)
    editor.select(queue)
    editor.type_into("Visibility timeout", "1 min")
    page.get_by_label("Left panel").get_by_text("Outline").click()
    outline = page.get_by_role("region", name="Outline")
    expect(outline).to_contain_text("2 nodes, 1 wire, in the order")
    expect(outline).to_contain_text("visibility timeout 1 min")
    expect(outline.get_by_role("button", name="→ queue")).to_have_count(1)
    # A switch that was pressed last takes no text: shortcuts go on working.
    page.keyboard.press("Control+z")
    expect(outline).not_to_contain_text("visibility timeout 1 min")
    outline.get_by_role("button", name="traffic").click()
    eventually(page, lambda: editor.selected() == [traffic])
    assert mistakes(page) == []


def test_a_setting_that_is_a_word_or_a_number_takes_both(page: Page, editor: Editor) -> None:
    page.keyboard.press("Escape")
    field = page.get_by_label("Inspector", exact=True).get_by_label("Fidelity", exact=True)
    expect(field).to_have_value("auto")
    field.click()
    page.get_by_role("option", name="exact").click()
    expect(field).to_have_value("exact")
    editor.type_into("Fidelity", "100")
    editor.saved()
    page.reload()
    expect(field).to_have_value("100")
    editor.type_into("Fidelity", "sometimes")
    expect(field).to_have_attribute("aria-invalid", "true")


def test_favourites_and_recent_services_come_first_in_the_palette(page: Page, editor: Editor) -> None:
    editor.place("SNS topic", 300, 120)
    page.get_by_role("button", name="Favourite: SQS queue").click()
    favourites = page.get_by_role("region", name="Favourites")
    expect(favourites.get_by_role("button")).to_have_count(1)
    editor.saved()
    page.reload()
    favourites.get_by_role("button", name="Add SQS queue again").click()
    expect(page.locator(".react-flow__node")).to_have_count(2)
    expect(page.get_by_role("region", name="Recent").get_by_role("button", name="Add SNS topic again")).to_be_visible()
    page.get_by_role("button", name="Favourite: SQS queue").click()
    expect(favourites).to_have_count(0)


def test_services_go_by_neutral_names_for_those_whose_subject_is_not_aws(page: Page, editor: Editor) -> None:
    queue = editor.place("SQS queue", 300, 120)
    expect(editor.card(queue).locator(".card-kind")).to_have_text("SQS")
    page.keyboard.press("Control+k")
    page.get_by_label("Search commands").fill("neutral names")
    page.keyboard.press("Enter")
    expect(editor.card(queue).locator(".card-kind")).to_have_text("Queue")
    expect(editor.card(queue).locator("img")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Add Queue", exact=True)).to_be_visible()


def test_a_large_diagram_draws_what_is_in_view_and_the_keyboard_reaches_the_rest(page: Page) -> None:
    nodes = [{"id": f"n{place}", "kind": "sqs", "name": f"queue {place}", "parameters": {}} for place in range(200)]
    places = {f"n{place}": [place % 10 * 300, place // 10 * 200] for place in range(200)}
    made = asked(page, "/api/diagrams/", {"graph": {"version": 1, "name": "large", "nodes": nodes, "wires": [], "view": {"positions": places}}})
    page.goto(f"/diagrams/{made['id']}/")
    expect(page.locator(".react-flow__node").first).to_be_visible()
    page.keyboard.press("Control+0")
    page.wait_for_function("document.querySelectorAll('.react-flow__node').length < 60")
    Editor(page).key_in("Control+f", "queue 199")
    page.keyboard.press("Escape")
    expect(page.locator('.react-flow__node[data-id="n199"]')).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator('.react-flow__node[data-id="n198"]')).to_be_focused()
    for _ in range(6):
        page.keyboard.press("Shift+Tab")
    expect(page.locator('.react-flow__node[data-id="n192"]')).to_be_focused()
