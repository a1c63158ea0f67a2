"""The inspector: distributions drawn, patterns tried on messages, several nodes set at once, JSON with completion, sources."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.hands import Editor, asked
from tests.browser.test_pages import mistakes_in_both_schemes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    return editor


def inspector(page: Page) -> Locator:
    return page.get_by_label("Inspector", exact=True)


def figure_of(page: Page, name: str) -> Locator:
    return inspector(page).get_by_role("figure", name=f"{name}: how it is distributed")


def test_a_distribution_is_drawn_with_its_percentiles_and_goes_back_to_its_default(page: Page, editor: Editor) -> None:
    editor.select(editor.place("Lambda function", 300, 200))
    figure = figure_of(page, "Duration")
    expect(figure).to_contain_text(re.compile("p50.*100 ms.*p95.*p99.*500 ms"))
    picture = figure.locator("path.density")
    before = picture.get_attribute("d")
    editor.type_into("99th percentile", "2s")
    expect(figure).to_contain_text("2 s")
    expect(picture).not_to_have_attribute("d", before or "")
    inspector(page).get_by_role("button", name="Reset 99th percentile to its default").click()
    expect(figure).to_contain_text("500 ms")
    expect(inspector(page).get_by_role("button", name="Reset Duration to its default")).to_have_count(0)
    inspector(page).get_by_role("combobox", name="Duration").click()
    page.get_by_role("option", name="Constant").click()
    expect(figure).to_contain_text(re.compile("mean.*1 s.*p50.*1 s.*p99.*1 s"))
    value = inspector(page).get_by_role("region", name="Work").get_by_label("Value", exact=True)
    value.fill("40ms")
    value.press("Enter")
    expect(figure).to_contain_text(re.compile("mean.*40 ms.*p99.*40 ms"))
    page.get_by_label("Left panel").get_by_text("Outline").click()
    expect(page.get_by_role("region", name="Outline")).to_contain_text(re.compile("constant: .*40 ms"))


def filtered(page: Page, editor: Editor) -> None:
    """A source of orders and refunds, a topic, and a queue; the wire to the queue is selected."""
    source, topic, queue = editor.place("Traffic", 130, 120), editor.place("SNS topic", 400, 120), editor.place("SQS queue", 680, 120)
    editor.wire(source, "out", topic)
    editor.select(source)
    inspector(page).get_by_role("button", name="Add to Message types").click()
    types = inspector(page).get_by_role("region", name="Messages")
    for place, name in enumerate(("order", "refund")):
        field = types.get_by_label("Name", exact=True).nth(place)
        field.fill(name)
        field.press("Enter")
        attributes = types.get_by_role("textbox", name="Attributes").nth(place)
        attributes.fill(f'{{"kind": {{"Type": "String", "Value": "{name}"}}, "total": {{"Type": "Number", "Value": "{10 + 90 * place}"}}}}')
        attributes.press("Escape")
        attributes.blur()
        expect(inspector(page).get_by_role("alert")).to_have_count(0)
    editor.wire(topic, "out", queue)
    expect(inspector(page).get_by_role("button", name="Edit filter policy")).to_be_visible()


def test_a_filter_policy_is_made_of_rows_and_tried_on_the_messages_of_the_diagram(page: Page, editor: Editor) -> None:
    filtered(page, editor)
    inspector(page).get_by_role("button", name="Edit filter policy").click()
    dialog = page.get_by_role("dialog", name="Filter policy")
    verdicts = dialog.locator(".match-tester li")
    expect(verdicts).to_contain_text(["Matches", "Matches"])
    dialog.get_by_role("button", name="Add a condition").click()
    dialog.get_by_role("combobox", name="Condition 1: field").click()
    page.get_by_role("option", name="total", exact=True).click()
    dialog.get_by_role("combobox", name="Condition 1: operator").click()
    page.get_by_role("option", name="as a number is").click()
    value = dialog.get_by_role("combobox", name="Condition 1: value")
    value.fill("about 50")
    expect(dialog).to_contain_text("Write comparisons")
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    value.fill("> 50")
    code = dialog.get_by_role("textbox", name="Filter policy as JSON")
    expect(code).to_contain_text(re.compile('"total".*"numeric".*">", 50'))
    expect(verdicts.filter(has_text="order")).to_contain_text("Does not match")
    expect(verdicts.filter(has_text="refund")).to_contain_text("✓ Matches")
    code.fill('{"kind": ["order", {"prefix": "re"}]}')
    expect(dialog.get_by_role("group", name=re.compile("Condition"))).to_have_count(2)
    expect(dialog.get_by_role("combobox", name="Condition 2: value")).to_have_value("re")
    expect(verdicts).to_contain_text(["✓ Matches", "✓ Matches"])
    assert mistakes_in_both_schemes(page) == []
    code.fill('{"$or": [{"kind": ["order"]}, {"total": [1]}]}')
    expect(dialog.get_by_role("group", name=re.compile("^Alternative [12]$"))).to_have_count(2)
    expect(verdicts.filter(has_text="refund")).to_contain_text("Does not match")
    second = dialog.get_by_role("combobox", name="Alternative 2, condition 1: value")
    expect(second).to_have_value("1")
    second.fill("100")
    expect(code).to_contain_text(re.compile('"total".*100'))
    expect(verdicts).to_contain_text(["✓ Matches", "✓ Matches"])
    dialog.get_by_role("button", name="Remove alternative 2", exact=True).click()
    expect(dialog.get_by_role("combobox", name="Condition 1: value")).to_have_value("order")
    code.fill('{"$or": [{"kind": ["order"]}, {"$or": [{"total": [1]}, {"total": [2]}]}]}')
    expect(dialog).to_contain_text("rows cannot")
    code.fill('{"kind": ["order"], ')
    expect(dialog.get_by_role("alert")).to_contain_text("Not JSON")
    code.fill('{"kind": ["order"]}')
    dialog.get_by_role("button", name="Try a message like refund").click()
    own = dialog.get_by_label("Message to try")
    expect(dialog.locator(".own-message")).to_contain_text("Does not match")
    own.fill(own.input_value().replace('"refund"', '"order"'))
    expect(dialog.locator(".own-message")).to_contain_text("✓ Matches")
    dialog.get_by_role("button", name="Apply").click()
    expect(inspector(page)).to_contain_text("kind is order")
    page.locator(".react-flow__pane").click(position={"x": 5, "y": 300})
    page.keyboard.press("Control+z")
    page.locator(".react-flow__edge").nth(1).click()
    expect(inspector(page)).to_contain_text("every message matches")


def test_a_pattern_that_aws_would_refuse_is_marked(page: Page, editor: Editor) -> None:
    filtered(page, editor)
    inspector(page).get_by_role("button", name="Edit filter policy").click()
    dialog = page.get_by_role("dialog", name="Filter policy")
    dialog.get_by_role("textbox", name="Filter policy as JSON").fill('{"kind": [{"almost": "order"}]}')
    expect(dialog.locator(".match-tester li").first).to_contain_text("Not valid")
    expect(dialog.locator(".match-tester li").first).to_contain_text("no operator 'almost'")
    dialog.get_by_role("button", name="Discard changes").click()
    queue = next(node for node in editor.ids() if node.startswith("sqs"))
    editor.wire(queue, "out", editor.place("Lambda function", 680, 300))
    inspector(page).get_by_role("button", name="Edit filter criteria").click()
    dialog = page.get_by_role("dialog", name="Filter criteria")
    expect(dialog).to_contain_text("Without a pattern, every message matches")
    for number, word in enumerate(("order", "refund"), start=1):
        dialog.get_by_role("button", name="Add a pattern").click()
        dialog.get_by_role("combobox", name=f"Pattern {number}, condition 1: field").fill("messageAttributes.kind.stringValue")
        dialog.get_by_role("combobox", name=f"Pattern {number}, condition 1: value").fill(word)
    expect(dialog.locator(".match-tester li").filter(has_text="refund")).to_contain_text("✓ Matches Pattern 2")
    dialog.get_by_role("button", name="Apply").click()
    expect(inspector(page)).to_contain_text("or else messageAttributes.kind.stringValue is refund")
    page.get_by_label("Left panel").get_by_text("Outline").click()
    expect(page.get_by_role("region", name="Outline")).to_contain_text("filter criteria messageAttributes.kind.stringValue is order or else")


def test_json_is_completed_by_its_schema(page: Page, editor: Editor) -> None:
    editor.select(editor.place("Traffic", 130, 120))
    attributes = inspector(page).get_by_role("textbox", name="Attributes")
    attributes.click()
    page.keyboard.type('{"kind": {"Ty')
    offers = page.get_by_role("listbox", name="Completions")
    expect(offers.get_by_role("option")).to_have_text([re.compile("^Type")])
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Space")
    expect(offers).to_contain_text("String")
    page.keyboard.press("ArrowDown")
    expect(offers.get_by_role("option", selected=True)).to_contain_text("String.Array")
    page.keyboard.press("Escape")
    expect(offers).to_have_count(0)
    page.keyboard.type('"Num')
    page.keyboard.press("Tab")
    page.keyboard.type(', "Value": "5"}}')
    expect(attributes).to_contain_text('{"kind": {"Type": "Number", "Value": "5"}}')
    attributes.blur()
    expect(inspector(page).get_by_role("button", name="Reset Message types to its default")).to_be_visible()
    editor.saved()
    graph = page.evaluate("fetch(location.pathname.replace('/diagrams/', '/api/diagrams/')).then((answer) => answer.json())")["graph"]
    assert graph["nodes"][0]["parameters"]["message_types"][0]["attributes"] == {"kind": {"Type": "Number", "Value": "5"}}
    # What is set of traffic is undone like everything else, step by step.
    rate = inspector(page).get_by_label("Rate", exact=True)
    expect(rate).to_have_value("10/s")
    editor.type_into("Rate", "25/s")
    expect(rate).to_have_value("25/s")
    page.get_by_role("button", name="Undo").click()
    expect(rate).to_have_value("10/s")
    expect(attributes).to_contain_text('"Value": "5"')
    page.get_by_role("button", name="Undo").click()
    expect(attributes).not_to_contain_text('"Value"')


def test_nodes_of_a_kind_are_set_together_in_one_step(page: Page, editor: Editor) -> None:
    one, two, other = editor.place("SQS queue", 130, 120), editor.place("SQS queue", 400, 120), editor.place("Lambda function", 680, 120)
    editor.select(one)
    editor.type_into("Visibility timeout", "45s")
    for node in (two, other):
        editor.card(node).locator(".card-name").click(modifiers=["Shift"])
    form = inspector(page).get_by_role("group").filter(has_text="2 × SQS queue")
    timeout = form.get_by_label("Visibility timeout", exact=True)
    expect(timeout).to_have_value("")
    expect(timeout).to_have_attribute("placeholder", "mixed")
    timeout.fill("2m")
    timeout.press("Enter")
    expect(timeout).to_have_value("2 min")
    expect(form.get_by_text("mixed", exact=True)).to_have_count(0)
    assert mistakes_in_both_schemes(page) == []
    page.keyboard.press("Escape")
    page.locator(".react-flow__pane").click(position={"x": 5, "y": 300})
    for node in (one, two):
        editor.select(node)
        expect(inspector(page).get_by_label("Visibility timeout", exact=True)).to_have_value("2 min")
    page.locator(".react-flow__pane").click(position={"x": 5, "y": 300})
    page.keyboard.press("Control+z")
    for node, value in ((one, "45 s"), (two, "30 s")):
        editor.select(node)
        expect(inspector(page).get_by_label("Visibility timeout", exact=True)).to_have_value(value)


def test_what_differs_is_marked_and_goes_back_and_every_figure_has_its_source(page: Page, editor: Editor) -> None:
    source, topic, queue = editor.place("Traffic", 130, 120), editor.place("SNS topic", 400, 120), editor.place("SQS queue", 680, 120)
    editor.wire(source, "out", topic)
    editor.wire(topic, "out", queue)
    raw = inspector(page).get_by_role("switch", name="Raw delivery")
    raw.check(force=True)
    expect(inspector(page).get_by_role("img", name="Differs from the default")).to_have_count(1)
    inspector(page).get_by_role("button", name="Reset Raw delivery to its default").click()
    expect(raw).not_to_be_checked()
    inspector(page).get_by_role("button", name="About Raw delivery").click()
    about = page.get_by_role("dialog")
    expect(about).to_contain_text("RawMessageDelivery")
    expect(about).to_contain_text(re.compile(r"Source: .*\d{4}-\d{2}"))
    expect(about.get_by_role("link")).to_have_attribute("href", re.compile("https://docs.aws.amazon.com/"))
    page.keyboard.press("Escape")
    editor.select(queue)
    quotas = inspector(page).get_by_role("region", name="Quotas")
    links = quotas.get_by_role("link", name=re.compile(r"source, \d{4}-\d{2}"))
    expect(links.first).to_be_visible()
    assert links.count() == quotas.locator(".quota-row").count() > 0
    page.get_by_role("tab", name="Fidelity").click()
    for title in ("Modelled", "Approximated", "Ignored"):
        expect(inspector(page).get_by_role("heading", name=title)).to_be_visible()


def test_a_setting_that_is_not_offered_at_a_wire_says_where_it_belongs_and_is_removed(page: Page) -> None:
    graph = {
        "version": 1, "name": "old", "nodes": [{"id": "s", "kind": "kinesis", "name": "clicks", "parameters": {}}, {"id": "p", "kind": "pipe", "name": "on", "parameters": {}}, {"id": "q", "kind": "sqs", "name": "queue", "parameters": {}}],
        "wires": [{"id": "r", "from": {"node": "s", "port": "out"}, "to": {"node": "p", "port": "stream"}, "parameters": {"filter_criteria": [{"data": {"kind": ["click"]}}]}},
                  {"id": "t", "from": {"node": "p", "port": "out"}, "to": {"node": "q", "port": "in"}, "parameters": {}}],
    }
    made = asked(page, "/api/diagrams/", {"graph": graph})
    page.goto(f"/diagrams/{made['id']}/")
    page.get_by_label("Wire from clicks to on").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    left = inspector(page).get_by_role("region", name="Not offered here")
    expect(left).to_contain_text("a pipe filters by its own filter. Give the pattern as the filter of the pipe")
    assert mistakes_in_both_schemes(page) == []
    left.get_by_role("button", name="Remove filter_criteria").click()
    expect(left).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(left).to_have_count(1)
    page.get_by_role("button", name="Redo").click()
    Editor(page).saved()
    assert page.context.request.get(f"/api/diagrams/{made['id']}/").json()["graph"]["wires"][0]["parameters"] == {}
