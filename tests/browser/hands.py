"""What a person does with the mouse and sees on the page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from playwright.sync_api import Locator, Page, expect

PATIENCE_MS = 30_000


def eventually(page: Page, holds: Callable[[], bool], within_s: float = PATIENCE_MS / 1000) -> None:
    """Wait until something read from the page holds, for what ``expect`` of Playwright has no words for."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"still not so after {within_s} s; the line that called says what"
        page.wait_for_timeout(50)


def asked(page: Page, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Post something to the server in the session of the page, without loading a page for it; return what was made."""
    request = page.context.request
    while not (token := next((cookie for cookie in page.context.cookies() if cookie.get("name") == "csrftoken"), None)):
        assert request.get("/").ok
    answer = request.post(path, data=body, headers={"X-CSRFToken": token.get("value", "")})
    assert answer.ok, answer.text()
    made: dict[str, Any] = answer.json()
    return made


class Editor:
    """The page of a diagram."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.canvas = page.locator(".canvas")

    def begin(self) -> None:
        """Open a new diagram."""
        made = asked(self.page, "/api/diagrams/", {"graph": {"version": 1, "name": "Untitled", "nodes": [], "wires": [], "run": {}}})
        self.page.goto(f"/diagrams/{made['id']}/")
        expect(self.page.get_by_role("button", name="Run", exact=True).first).to_be_visible()

    def open(self, graph: dict[str, Any]) -> None:
        """Open a diagram that somebody drew before."""
        made = asked(self.page, "/api/diagrams/", {"graph": graph})
        self.page.goto(f"/diagrams/{made['id']}/")
        expect(self.page.locator(".react-flow__node").first).to_be_visible()

    def graph(self) -> dict[str, Any]:
        """What the server has of the diagram once all is saved."""
        self.saved()
        answer = self.page.context.request.get(f"/api{self.page.evaluate('location.pathname')}")
        assert answer.ok, answer.text()
        found: dict[str, Any] = answer.json()["graph"]
        return found

    def undo_all(self) -> int:
        """Undo until nothing is left to; say how many steps it took."""
        button, count = self.page.get_by_role("button", name="Undo", exact=True), 0
        while button.is_enabled():
            self.page.keyboard.press("Control+z")
            count += 1
            self.page.wait_for_timeout(50)
        return count

    def begin_from_the_start_page(self) -> None:
        """Make a new diagram as a visitor does."""
        self.page.goto("/")
        self.page.get_by_role("button", name="New diagram").click()
        self.page.wait_for_url("**/diagrams/*/")
        expect(self.page.get_by_role("button", name="Run", exact=True).first).to_be_visible()

    def open_example(self, slug: str, speed: float | None = 10) -> None:
        """Open an example, running at a speed (simulated seconds a second; None as fast as possible), which the browser remembers."""
        diagram = asked(self.page, "/api/diagrams/", {"example": slug})
        run = asked(self.page, "/api/runs/", {"diagram": diagram["id"], "speed": speed})
        self.page.add_init_script(f"localStorage.getItem('backwater.speed') ?? localStorage.setItem('backwater.speed', '{speed or 'max'}')")
        self.page.goto(f"/diagrams/{diagram['id']}/?run={run['id']}")
        expect(self.page.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)

    def run_to_the_end(self, slug: str) -> None:
        """Open an example and run it as fast as possible."""
        self.open_example(slug, speed=None)
        expect(self.page.get_by_role("button", name="Run again").first).to_be_visible(timeout=2 * PATIENCE_MS)

    def place(self, title: str, x: int, y: int) -> str:
        """Drag a service from the palette so that its card's centre comes to (x, y) of the canvas; return the node's id."""
        before = self.ids()
        self.page.get_by_role("button", name=f"Add {title}", exact=True).drag_to(self.canvas, target_position={"x": x, "y": y})
        expect(self.page.locator(".react-flow__node")).to_have_count(len(before) + 1)
        return next(found for found in self.ids() if found not in before)

    def key_in(self, key: str, text: str) -> None:
        """Press the key that opens a field, and write into it."""
        self.page.keyboard.press(key)
        expect(self.page.locator(":is(input, textarea):focus")).to_have_count(1)
        self.page.keyboard.type(text)

    def ids(self) -> list[str]:
        """The nodes drawn."""
        return [found.get_attribute("data-id") or "" for found in self.page.locator(".react-flow__node").all()]

    def card(self, node: str) -> Locator:
        """The card of a node."""
        return self.page.locator(f'.react-flow__node[data-id="{node}"]')

    def place_of(self, node: str) -> tuple[float, float]:
        """Where a node is in the diagram, whatever is in view."""
        x, y = self.page.evaluate(
            """node => { const { m41, m42 } = new DOMMatrix(getComputedStyle(document.querySelector(`.react-flow__node[data-id="${node}"]`)).transform); return [m41, m42] }""", node)
        return float(x), float(y)

    def view(self) -> tuple[float, float, float]:
        """How the canvas is shifted (x, y) and zoomed."""
        x, y, zoom = self.page.evaluate("() => { const m = new DOMMatrix(getComputedStyle(document.querySelector('.react-flow__viewport')).transform); return [m.m41, m.m42, m.a] }")
        return float(x), float(y), float(zoom)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """A point of the canvas in the coordinates of the page."""
        box = self.canvas.bounding_box()
        assert box
        return box["x"] + x, box["y"] + y

    def sweep(self, start: tuple[float, float], end: tuple[float, float], button: Literal["left", "middle"] = "left") -> None:
        """Drag the mouse over the canvas, from one of its points to another."""
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down(button=button)
        mouse.move(*self.at((start[0] + end[0]) / 2, (start[1] + end[1]) / 2), steps=4)
        mouse.move(*self.at(*end), steps=4)
        mouse.up(button=button)

    def drag(self, node: str, dx: float, dy: float, *, drop: bool = True) -> None:
        """Drag a card by its name."""
        box = self.card(node).locator(".card-name").bounding_box()
        assert box
        x, y = box["x"] + 6, box["y"] + box["height"] / 2
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(x + 1, y + 1)
        mouse.move(x + dx / 2, y + dy / 2, steps=5)
        mouse.move(x + dx, y + dy, steps=5)
        if drop:
            mouse.up()

    def selected(self) -> list[str]:
        """The nodes that are selected."""
        return [found.get_attribute("data-id") or "" for found in self.page.locator(".react-flow__node.selected").all()]

    def pull(self, node: str, port: str, target: str, *, drop: bool = True) -> None:
        """Pull a wire from a port to another card, by mouse."""
        handle = self.card(node).locator(f'.react-flow__handle[data-handleid="{port}"]').bounding_box()
        goal = self.card(target).bounding_box()
        assert handle
        assert goal
        mouse = self.page.mouse
        mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
        mouse.down()
        mouse.move(goal["x"] + 20, goal["y"] + goal["height"] / 2 + 8, steps=6)
        mouse.move(goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] / 2, steps=4)
        if drop:
            mouse.up()

    def wire(self, node: str, port: str, target: str) -> None:
        """Lay a wire that is legal."""
        wires = self.page.locator(".react-flow__edge")
        count = wires.count()
        self.pull(node, port, target)
        expect(wires).to_have_count(count + 1)

    def select(self, node: str) -> None:
        """Select a node by a click on its name."""
        self.card(node).locator(".card-name").click()
        expect(self.page.get_by_role("tab", name="Properties")).to_be_visible()

    def type_into(self, label: str, text: str) -> None:
        """Set a value in the inspector."""
        field = self.page.get_by_label("Inspector", exact=True).get_by_label(label, exact=True)
        field.fill(text)
        field.press("Enter")

    def saved(self) -> None:
        """Save, and wait until the server has everything."""
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".save-state")).to_contain_text("Saved", timeout=PATIENCE_MS)

    def speed(self, text: str) -> None:
        """Choose how fast runs go."""
        self.page.get_by_role("combobox", name="Speed: simulated seconds a second").click()
        self.page.get_by_role("option", name=text, exact=True).click()

    def run(self) -> None:
        """Press Run and wait for the first numbers."""
        self.page.locator(".topbar").get_by_role("button", name="Run").click()
        expect(self.page.locator(".live-strip").first).to_be_visible(timeout=PATIENCE_MS)

    def time_s(self) -> float:
        """The simulated time shown."""
        minutes, seconds = self.page.locator(".live-clock b").inner_text().split(":")[-2:]
        return 60 * int(minutes) + int(seconds)

    def wait_for_time(self, time_s: float) -> None:
        """Wait until the run has come so far."""
        self.page.wait_for_function(
            "wanted => { const [m, s] = (document.querySelector('.live-clock b')?.textContent ?? '').split(':').map(Number); return 60 * m + s >= wanted }", arg=time_s, timeout=PATIENCE_MS)

    def dock(self, tab: str) -> Locator:
        """Open a tab of the dock."""
        dock = self.page.get_by_label("Run", exact=True).and_(self.page.locator("section"))
        dock.get_by_role("tab", name=tab).click()
        return dock.locator(".dock-body")


def tap_frames(page: Page) -> None:
    """Note the sequence numbers of all frames that come over websockets from now on, across reloads, in `window.name`."""
    page.add_init_script("""
      window.frameSeqs = []
      const Native = window.WebSocket
      window.WebSocket = class extends Native {
        constructor(...args) {
          super(...args)
          this.addEventListener('message', ({ data }) => {
            const message = JSON.parse(data)
            if (message.type === 'frames') window.frameSeqs.push(...message.frames.map((frame) => [frame.seq, JSON.stringify(frame)]))
          })
        }
      }
    """)


def frames_seen(page: Page) -> dict[int, str]:
    """The frames that this page was sent, by number."""
    return {int(seq): text for seq, text in page.evaluate("window.frameSeqs")}
