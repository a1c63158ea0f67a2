"""Out of the editor and into it: pictures, JSON, Mermaid, the clipboard, files that are dropped."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Page, expect

from tests.browser.hands import Editor
from tests.browser.test_pages import mistakes_in_both_schemes


@pytest.fixture
def editor(page: Page) -> Editor:
    editor = Editor(page)
    editor.begin()
    traffic, queue = editor.place("Traffic", 150, 100), editor.place("SQS queue", 450, 100)
    editor.wire(traffic, "out", queue)
    return editor


def taken(page: Page, form: str) -> bytes:
    """Download the diagram in a format."""
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_label("Format").get_by_text(form, exact=True).click()
    with page.expect_download() as waiting:
        dialog.get_by_role("button", name="Download").click()
    return Path(waiting.value.path()).read_bytes()


def test_pictures_hold_every_node_and_wire(page: Page, editor: Editor) -> None:
    page.keyboard.press("Control+Shift+e")
    svg = taken(page, "SVG").decode()
    root = ElementTree.fromstring(svg)  # noqa: S314 - made a moment ago
    space = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in root.iter(f"{space}text")]
    assert {"traffic", "queue"} <= set(texts)
    assert len(root.findall(f"{space}path")) == 1
    assert len([image for image in root.iter(f"{space}image") if image.get("href", "").startswith("data:image/svg+xml")]) == 2
    sizes = {}
    dialog = page.get_by_role("dialog", name="Export")
    for scale in ("1×", "4×"):
        dialog.get_by_label("Format").get_by_text("PNG", exact=True).click()
        dialog.get_by_label("Scale").get_by_text(scale, exact=True).click()
        png = taken(page, "PNG")
        assert png.startswith(b"\x89PNG")
        sizes[scale] = struct.unpack(">II", png[16:24])
    assert sizes["4×"] == (4 * sizes["1×"][0], 4 * sizes["1×"][1])
    dialog.get_by_role("switch", name="Transparent background").click()
    assert '<rect x="-32"' not in taken(page, "SVG").decode()


def test_json_and_mermaid_and_the_clipboard(page: Page, editor: Editor) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("Control+Shift+e")
    assert mistakes_in_both_schemes(page) == []
    graph = json.loads(taken(page, "JSON"))
    assert [node["name"] for node in graph["nodes"]] == ["traffic", "queue"]
    mermaid = taken(page, "Mermaid").decode()
    assert mermaid.startswith("flowchart LR\n")
    assert "n1 --> n2" in mermaid
    dialog = page.get_by_role("dialog", name="Export")
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == mermaid
    dialog.get_by_label("Format").get_by_text("PNG", exact=True).click()
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.get_by_text("Copied.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.read().then((items) => items[0].types)") == ["image/png"]


def drop(page: Page, name: str, text: str) -> None:
    """Drop a file on the canvas."""
    page.evaluate(
        """([name, text]) => {
          const transfer = new DataTransfer()
          transfer.items.add(new File([text], name, { type: 'application/json' }))
          document.querySelector('.canvas').dispatchEvent(new DragEvent('drop', { dataTransfer: transfer, bubbles: true, cancelable: true }))
        }""", [name, text])


def test_a_dropped_file_is_opened_and_a_bad_one_says_why(page: Page, editor: Editor) -> None:
    before = page.url
    drop(page, "notes.json", "not json")
    expect(page.get_by_role("alert")).to_contain_text("“notes.json” is not JSON")
    drop(page, "list.json", "[1, 2]")
    expect(page.get_by_role("alert")).to_contain_text("holds no diagram")
    assert page.url == before
    unknown = {"version": 1, "name": "Old", "nodes": [{"id": "a", "kind": "sqs", "name": "kept", "parameters": {}}], "wires": []}
    drop(page, "old.json", json.dumps(unknown))
    page.wait_for_url(lambda url: url != before)
    expect(page.locator(".react-flow__node")).to_contain_text(["kept"])


def test_a_node_of_an_unknown_kind_is_kept_as_a_placeholder(page: Page, editor: Editor) -> None:
    graph = {"version": 1, "name": "Later", "nodes": [{"id": "a", "kind": "from_the_future", "name": "kept", "parameters": {"x": 1}}, {"id": "b", "kind": "sqs", "name": "b", "parameters": {}}], "wires": []}
    before = page.url
    drop(page, "later.json", json.dumps(graph))
    page.wait_for_url(lambda url: url != before)
    expect(editor.card("a")).to_contain_text("Unknown kind: from_the_future")
    editor.select("b")
    page.keyboard.press("ArrowRight")
    editor.saved()
    stored = page.evaluate("fetch(location.pathname.replace('/diagrams/', '/api/diagrams/')).then((answer) => answer.json())")
    assert stored["graph"]["nodes"][0]["parameters"] == {"x": 1}
