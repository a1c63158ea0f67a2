"""Breaking things for a time, keeping what was done as a script, comparing runs, and letting others control."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor, asked, eventually
from tests.browser.test_pages import mistakes_in_both_schemes


def inject(page: Page, fault: str, place: str, for_text: str) -> None:
    """Inject a fault at a place, for a time."""
    page.locator(".dock").get_by_role("button", name="Inject fault").click()
    palette = page.get_by_role("dialog")
    expect(palette.get_by_role("region")).not_to_have_count(0)
    assert mistakes_in_both_schemes(page) == []
    palette.get_by_label("Find a fault").fill(f"{place}")
    palette.get_by_role("button", name=f"{fault} {place}", exact=True).click()
    form = page.get_by_role("dialog", name=f"{fault} · {place}")
    form.get_by_label("For", exact=True).fill(for_text)
    assert mistakes_in_both_schemes(page) == []
    form.get_by_role("button", name="Inject").click()
    expect(form).to_have_count(0)


def ended(page: Page) -> None:
    expect(page.locator(".topbar").get_by_role("button", name="Run again")).to_be_visible(timeout=PATIENCE_MS)


def test_what_a_run_did_becomes_the_script_of_the_next(page: Page) -> None:
    editor = Editor(page)
    editor.open_example("work-queue")
    inject(page, "The network is cut", "Uploads → resize-jobs", "20 s")
    log = editor.dock("Log")
    expect(log).to_contain_text("the network is cut, for 20 s", timeout=PATIENCE_MS)
    expect(log).to_contain_text("the network is cut: cleared", timeout=PATIENCE_MS)
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()
    ended(page)
    script = editor.dock("Script")
    script.get_by_role("button", name="Save what this run did").click()
    table = script.get_by_role("table", name="Fault script")
    expect(table.get_by_role("row", name="The network is cut")).to_contain_text("Uploads → resize-jobs")
    page.get_by_role("button", name="Undo").click()
    expect(table).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    expect(table.get_by_role("row")).to_have_count(2)
    editor.saved()
    page.evaluate("localStorage.setItem('backwater.speed', 'max')")
    editor.run()
    ended(page)
    expect(editor.dock("Log")).to_contain_text("the network is cut, for 20 s", timeout=PATIENCE_MS)


def test_a_script_is_written_and_changed_line_by_line(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    editor.place("Traffic", 200, 150)
    script = editor.dock("Script")
    expect(script).to_contain_text("No script yet")
    script.get_by_role("button", name="Add a line").click()
    form = page.get_by_role("dialog", name="Add a line to the script")
    form.get_by_label("At", exact=True).fill("soon")
    expect(form.get_by_role("button", name="Add", exact=True)).to_be_disabled()
    form.get_by_label("At", exact=True).fill("5 min")
    form.get_by_role("combobox", name="What").click()
    page.get_by_role("option", name="Multiply the load").click()
    form.get_by_label("Factor").fill("3")
    form.get_by_label("For", exact=True).fill("30 s")
    form.get_by_role("button", name="Add", exact=True).click()
    row = script.get_by_role("row", name="Load 3×")
    expect(row).to_contain_text("5:30")
    script.get_by_role("button", name="Edit line 1").click()
    page.get_by_label("Factor").fill("4")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(script.get_by_role("row", name="Load 4×")).to_be_visible()
    script.get_by_role("button", name="Remove line 1").click()
    expect(script).to_contain_text("No script yet")
    page.get_by_role("button", name="Undo").click()
    expect(script.get_by_role("row", name="Load 4×")).to_be_visible()
    editor.saved()


def test_two_runs_are_compared_from_the_list_of_runs(page: Page) -> None:
    editor = Editor(page)
    editor.open_example("work-queue")
    editor.speed("Max")
    ended(page)
    runs = editor.dock("Runs")
    expect(runs.get_by_role("row")).to_have_count(2, timeout=PATIENCE_MS)
    editor.select("jobs")
    page.get_by_role("tab", name="Properties").click()
    editor.type_into("Retention", "5 d")
    editor.run()
    ended(page)
    runs = editor.dock("Runs")
    expect(runs.get_by_role("row")).to_have_count(3, timeout=PATIENCE_MS)
    for box in runs.get_by_role("checkbox").all():
        box.check()
    runs.get_by_role("link", name="Compare 2 runs").click()
    page.wait_for_url("**/compare/?runs=*")
    expect(page.locator(".compare-verdict")).to_contain_text("nothing that matters differs", timeout=PATIENCE_MS)
    expect(page.get_by_role("table", name="What differs in the diagrams").get_by_role("row", name="resize-jobs: Retention")).to_contain_text("5 d")
    figures = page.get_by_role("table", name="Figures")
    expect(figures.get_by_role("row", name="Uploads: Created, a second")).to_contain_text("the same")
    page.get_by_role("combobox", name="Add a chart").click()
    page.get_by_role("option", name="resize-jobs · Visible").click()
    expect(page.get_by_role("figure", name="resize-jobs · Visible in each run")).to_be_visible()
    assert mistakes_in_both_schemes(page) == []
    run = page.url.split("runs=")[1].split(",")[0]
    page.goto(f"/compare/?runs={run},{run}")
    expect(page.get_by_role("main")).to_contain_text("they ran the same diagram")


def test_the_scripts_of_compared_runs_are_told_in_words(page: Page) -> None:
    graph = {
        "version": 1, "name": "Orders", "nodes": [{"id": "t", "kind": "traffic", "name": "Orders", "parameters": {}}, {"id": "q", "kind": "sqs", "name": "queue", "parameters": {}}],
        "wires": [{"id": "w", "from": {"node": "t", "port": "out"}, "to": {"node": "q", "port": "in"}, "parameters": {}}], "run": {"duration_s": 120},
    }
    cut = {"time_s": 60, "action": "fault", "wire": "w", "fault": "cut", "for_s": 30}
    runs = [asked(page, "/api/runs/", {"graph": graph | {"script": script}, "speed": None})["id"] for script in ([cut], [cut | {"for_s": 45}, {"time_s": 90, "action": "load", "value": 3}])]
    eventually(page, lambda: all(page.context.request.get(f"/api/runs/{run}/").json()["state"] == "finished" for run in runs))
    page.goto(f"/compare/?runs={','.join(runs)}")
    table = page.get_by_role("table", name="What differs in the diagrams")
    expect(table.get_by_role("row", name="Script: line 1").get_by_role("cell")).to_have_text(
        ["Script: line 1", "1:00 · The network is cut · Orders → queue · until 1:30", "1:00 · The network is cut · Orders → queue · until 1:45"], timeout=PATIENCE_MS)
    expect(table.get_by_role("row", name="Script: line 2").get_by_role("cell")).to_have_text(["Script: line 2", "absent", "1:30 · Load 3× · all sources · until changed again"])


def test_the_owner_lets_everyone_with_the_link_control(page: Page, visitor: Page) -> None:
    editor = Editor(page)
    editor.open_example("work-queue")
    page.get_by_role("button", name="Share").click()
    link = page.get_by_role("menuitem", name="Open what others will see").get_attribute("href")
    assert link
    assert mistakes_in_both_schemes(page) == []
    visitor.goto(link)
    pause = visitor.locator(".dock").get_by_role("button", name="Pause")
    expect(pause).to_have_attribute("aria-disabled", "true", timeout=PATIENCE_MS)
    everyone = page.get_by_role("menuitem", name="Everyone with the link")
    everyone.click()
    expect(everyone).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    expect(pause).not_to_have_attribute("aria-disabled", "true", timeout=PATIENCE_MS)
    pause.click()
    expect(page.locator(".dock").get_by_role("button", name="Resume")).to_be_visible(timeout=PATIENCE_MS)
    # What AWS takes a minute to spread is marked until it acts.
    editor.select("jobs")
    page.get_by_role("tab", name="Properties").click()
    editor.type_into("Visibility timeout", "2 min")
    expect(page.get_by_text("On its way in the run: it acts at ")).to_be_visible(timeout=PATIENCE_MS)
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_text("On its way in the run: it acts at ")).to_have_count(0, timeout=PATIENCE_MS)
