"""What the canvas shows during a run: the picture of each kind, numbers beside what is pointed at, beads on wires, and the run played again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.hands import PATIENCE_MS, Editor, eventually


def test_a_card_keeps_its_size_and_the_place_of_its_name(page: Page) -> None:
    editor = Editor(page)
    editor.begin()
    traffic, queue = editor.place("Traffic", 140, 120), editor.place("SQS queue", 460, 120)
    editor.wire(traffic, "out", queue)
    editor.saved()
    before = [editor.card(node).locator(".card").bounding_box() for node in (traffic, queue)]
    editor.run()
    expect(editor.card(queue).locator(".live-picture")).to_be_visible()
    expect(editor.card(queue).locator(".live-figure").first).to_be_visible()
    assert [editor.card(node).locator(".card").bounding_box() for node in (traffic, queue)] == before
    eventually(page, lambda: "in flight" not in (editor.card(queue).inner_text()) and editor.card(queue).locator(".live-picture .ink-main").count() == 1)
    label = editor.card(queue).locator(".live-picture").get_attribute("aria-label") or ""
    assert "Visible" in label
    assert "In flight" in label
    assert "drawn on a scale to" in label
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()


def test_a_stream_shows_its_shards_and_how_far_consumers_are_behind(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("hot-shard")
    stream = page.locator(".react-flow__node").filter(has_text="pictures")
    eventually(page, lambda: "Write limits used of 4 shards: " in (stream.locator(".live-picture").get_attribute("aria-label") or ""))
    stream.hover()
    card = page.get_by_role("tooltip").and_(page.locator(".hover-card"))
    expect(card.get_by_role("row")).to_have_count(5)
    expect(card).to_contain_text("Iterator age")
    expect(card).to_contain_text("Write limits of the busiest shard")
    page.mouse.move(5, 5)
    expect(card).to_have_count(0)
    page.locator(".react-flow__node").filter(has_text="Cameras").focus()
    page.keyboard.press("Tab")
    expect(card).to_contain_text("Cameras → pictures")
    page.keyboard.press("Tab")
    expect(card).to_contain_text("Iterator age")


def test_a_wire_tells_its_numbers(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    expect(page.get_by_label("What wires show")).to_contain_text("Drawn from rates")
    box = page.locator(".react-flow__edge .react-flow__edge-interaction").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 12, box["y"] + box["height"] / 2)
    card = page.locator(".hover-card")
    expect(card).to_contain_text("Delivered in all")
    expect(card).to_contain_text("→")


def test_beads_move_only_while_time_passes_and_only_for_who_likes_motion(page: Page) -> None:
    Editor(page).open_example("work-queue")
    beads = page.locator(".live-flow")
    expect(beads).to_have_attribute("data-beads", "still")
    page.emulate_media(reduced_motion="no-preference")
    expect(beads).to_have_attribute("data-beads", "moving")
    drawn = "document.querySelector('.live-flow').toDataURL()"
    first = page.evaluate(drawn)
    eventually(page, lambda: page.evaluate(drawn) != first)
    page.locator(".dock").get_by_role("button", name="Pause").click()
    expect(beads).to_have_attribute("data-beads", "still")
    page.locator(".dock").get_by_role("button", name="Stop", exact=True).click()


def test_a_run_that_is_over_is_played_again_at_any_speed(page: Page, visitor: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("work-queue")
    end_s = editor.time_s()
    dock = page.locator(".dock")
    dock.get_by_role("combobox", name="Speed of the replay").click()
    page.get_by_role("option", name="10×", exact=True).click()
    dock.get_by_role("button", name="Replay").click()
    expect(dock.get_by_role("button", name="Pause the replay")).to_be_visible()
    eventually(page, lambda: 0 < editor.time_s() < end_s)
    dock.get_by_role("button", name="Pause the replay").click()
    expect(dock.get_by_role("button", name="Replay")).to_be_visible()
    stood_at = editor.time_s()
    # A replay moves on with each picture that the browser draws.
    page.evaluate("() => new Promise((done) => { let left = 20; const drawn = () => { left -= 1; if (left) requestAnimationFrame(drawn); else done() }; drawn() })")
    assert editor.time_s() == stood_at
    dock.get_by_role("button", name="Replay").click()
    eventually(page, lambda: editor.time_s() > stood_at)
    dock.get_by_role("combobox", name="Speed of the replay").click()
    page.get_by_role("option", name="5000×").click()
    eventually(page, lambda: editor.time_s() == end_s)
    expect(dock.get_by_role("button", name="Replay")).to_be_visible()

    # Whoever has only the link to view may do so too.
    run = page.url.split("run=")[1].split("&")[0]
    link = page.evaluate("async (run) => (await (await fetch(`/api/runs/${run}/`)).json()).view_url", run)
    visitor.goto(link)
    watcher = Editor(visitor)
    expect(visitor.locator(".live-picture").first).to_be_visible(timeout=PATIENCE_MS)
    visitor.locator(".dock").get_by_role("button", name="Replay").click()
    eventually(visitor, lambda: 0 < watcher.time_s() < end_s)
