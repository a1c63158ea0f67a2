"""Why it was slow: the split of latencies, the ledger of what was lost and refused, and one message after the other, hop by hop."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.hands import Editor, eventually


def test_latency_is_split_by_node_and_cause_and_the_ledger_accounts_for_all(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("throttled-consumer")
    why = editor.dock("Why")
    latency = why.locator(".latency")
    expect(latency.get_by_role("columnheader").nth(3)).to_contain_text("Above p99")
    busy = latency.get_by_role("row").filter(has_text="reserved concurrency").first
    expect(busy.locator("[data-leg='scarce']").first).to_be_visible()
    why.get_by_role("combobox", name="Path").click()
    page.get_by_role("option").last.click()
    expect(latency.get_by_role("row").nth(1)).to_be_visible()

    ledger = why.locator(".ledger")
    expect(ledger).to_contain_text("Throttles")
    expect(why).to_contain_text("still under way")
    # The ledger is of the moment shown: in the beginning nothing was refused yet.
    page.get_by_label("Moment shown").focus()
    page.keyboard.press("Home")
    eventually(page, lambda: editor.time_s() == 0)
    expect(why).to_contain_text("Nothing is lost, and nothing was refused or throttled.")


def test_a_slow_message_is_told_hop_by_hop_and_attempt_by_attempt(page: Page) -> None:
    editor = Editor(page)
    editor.run_to_the_end("throttled-consumer")
    slowest = editor.dock("Slowest messages")
    expect(slowest.locator(".waterfall li[data-hop]").nth(1)).to_be_visible()
    expect(slowest.locator(".waterfall")).to_contain_text("attempt 1")
    first = slowest.locator(".waterfall p").first.inner_text()
    slowest.locator(".trace-list button").nth(1).click()
    eventually(page, lambda: slowest.locator(".waterfall p").first.inner_text() != first)
