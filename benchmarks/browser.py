"""A browser shows live runs of 50 and of 100 nodes, frame by frame, and edits a diagram of 1,000 nodes and 1,500 wires.

Chromium without a window opens the diagram, and `requestAnimationFrame` notes when the page may draw: before the run, during the
run (20 frames a second arrive), and during the run while the canvas is dragged. Server, simulation and browser share the
machine, and a browser without a window draws with the processor alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from benchmarks import scenarios
from benchmarks.event_loop import SPEED
from benchmarks.server import ProcessorUse, probed_server
from benchmarks.tables import Table
from tests.serving import ROOT, Server
from tests.visitors import Visitor
from tools.find_browser import playwright_browser, system_browser

WATCHED_S = 10.0
LIVE_NODES = (50, 100)
NODES_IN_A_LANE = 5
NOTE_TIMES = """
  window.noted = []
  const note = (time) => { window.noted.push(time); requestAnimationFrame(note) }
  requestAnimationFrame(note)
"""
NOTE_SAVES = """
  window.saves = {}
  const shown = document.querySelector('.save-state')
  new MutationObserver(() => { window.saves[shown.dataset.state] = performance.now() }).observe(shown, { attributeFilter: ['data-state'] })
"""


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield one table, or none where there is no browser or no built front end."""
    path = system_browser()
    if (path is None and playwright_browser() is None) or not (ROOT / "static" / "dist" / "manifest.json").exists():
        print("Skipped: no Chromium, or the front end is not built (make setup)")
        return
    from playwright.sync_api import sync_playwright

    watched_s = 3.0 if quick else WATCHED_S
    with probed_server() as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        rows = []
        for nodes in LIVE_NODES:
            rows += _rows(server, browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900}), nodes, watched_s)
        large = _large_rows(server, browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900}), watched_s)
        browser.close()
    yield Table(
        "A browser at a diagram of 1,000 nodes and 1,500 wires", ("What", "Measured", "Interval p50", "Interval p99", "Wanted"), large,
        "Chromium without a window, 1440 x 900, drawing in software. Opened: from the request of the page to the first frame with nodes, catalog and icons included.")
    yield Table(
        "A browser at a live run", ("Nodes", "While", "Drawn/s", "Interval p50", "Interval p99", "Over 33 ms", "Run frames/s", "Processor, simulation"), rows,
        f"Chromium without a window, 1440 x 900, drawing in software; each for {watched_s:g} s, run at {SPEED}x. Wanted: 60 drawn a second.")


def _rows(server: Server, page: Any, nodes: int, watched_s: float) -> list[list[str]]:
    page.add_init_script(NOTE_TIMES)
    diagram, visitor = _draw(server, page, nodes)
    rows = [_watch(server, page, visitor, None, "Nothing runs", watched_s, lambda: time.sleep(watched_s))]
    run = visitor.post("/api/runs/", {"diagram": diagram, "speed": SPEED}).raise_for_status().json()["id"]
    page.goto(f"/diagrams/{diagram}/?run={run}")
    page.locator(".live-strip").nth(nodes - 1).wait_for()
    time.sleep(1)
    rows.append(_watch(server, page, visitor, run, "A run is watched", watched_s, lambda: time.sleep(watched_s)))
    rows.append(_watch(server, page, visitor, run, "A run is watched, the canvas is dragged", watched_s, lambda: _drag(page, watched_s)))
    visitor.control(run, action="stop")
    visitor.ended(run)
    page.close()
    return [[str(nodes), *row] for row in rows]


def _draw(server: Server, page: Any, nodes: int) -> tuple[str, Visitor]:
    """Open a diagram of so many nodes as the page's own visitor; return its id and the visitor."""
    visitor = Visitor(server.url)
    graph = scenarios.lanes(nodes // NODES_IN_A_LANE, 60, frame_interval_s=1, duration_s=15_000)
    diagram = visitor.post("/api/diagrams/", {"graph": graph}).raise_for_status().json()["id"]
    page.context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in visitor.http.cookies.items()])
    page.goto(f"/diagrams/{diagram}/")
    page.locator(".react-flow__node").nth(nodes - 1).wait_for()
    return diagram, visitor


def _watch(server: Server, page: Any, visitor: Visitor, run: str | None, title: str, watched_s: float, act: Callable[[], None]) -> list[str]:
    first = visitor.run(run)["last_seq"] if run else 0
    simulating = ProcessorUse(server.simulation_processes())
    page.evaluate("window.noted.length = 0")
    begun = time.perf_counter()
    act()
    times = np.array(page.evaluate("window.noted"))
    elapsed_s = time.perf_counter() - begun
    share = simulating.share()
    frames = (visitor.run(run)["last_seq"] - first) / elapsed_s if run else 0.0
    intervals = np.diff(times)
    p50, p99 = np.percentile(intervals, [50, 99])
    rate = 1000 * len(intervals) / (times[-1] - times[0])
    return [title, f"{rate:.1f}", f"{p50:.1f} ms", f"{p99:.1f} ms", f"{np.mean(intervals > 100 / 3):.1%}", f"{frames:.1f}" if run else "-", f"{share:.0%}" if run else "-"]


def _drag(page: Any, watched_s: float) -> None:
    """Move the canvas about with the middle button."""
    box = page.locator(".canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down(button="middle")
    end = time.perf_counter() + watched_s
    step = 0
    while time.perf_counter() < end:
        step += 1
        page.mouse.move(x + 60 * np.sin(step / 10), y + 60 * np.cos(step / 10))
        time.sleep(0.012)
    page.mouse.up(button="middle")


def _large_graph() -> dict[str, Any]:
    """250 groups of a source, a topic and two queues, each wired to the next group."""
    nodes, wires, positions = [], [], {}
    for group in range(250):
        source, topic, queue, dead = (f"{kind}_{group}" for kind in ("traffic", "topic", "queue", "dead"))
        for place, (node, kind) in enumerate(((source, "traffic"), (topic, "sns"), (queue, "sqs"), (dead, "sqs"))):
            nodes.append({"id": node, "kind": kind, "name": node, "parameters": {}})
            positions[node] = [group % 10 * 1000 + min(place, 2) * 280, group // 10 * 260 + (120 if place == 3 else 0)]
        ends = [(source, "out", topic), (topic, "out", queue), (topic, "out", dead), (source, "out", queue), (queue, "dlq", dead)]
        if group:
            ends.append((f"topic_{group - 1}", "out", queue))
        wires += [{"from": {"node": a, "port": port}, "to": {"node": b, "port": "in"}, "parameters": {}} for a, port, b in ends]
    numbered = [{"id": f"w{number}", **wire} for number, wire in enumerate(wires[:1500])]
    return {"version": 1, "name": "large", "nodes": nodes, "wires": numbered, "run": {}, "view": {"positions": positions}}


def _large_rows(server: Server, page: Any, watched_s: float) -> list[list[str]]:
    page.add_init_script(NOTE_TIMES)
    visitor = Visitor(server.url)
    diagram = visitor.post("/api/diagrams/", {"graph": _large_graph()}).raise_for_status().json()["id"]
    page.context.add_cookies([{"name": name, "value": value, "url": server.url} for name, value in visitor.http.cookies.items()])
    begun = time.perf_counter()
    page.goto(f"/diagrams/{diagram}/")
    page.locator(".react-flow__node").first.wait_for()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    rows = [["Opened", f"{time.perf_counter() - begun:.2f} s", "", "", "under 3 s"]]
    rows.append(_drawn(page, "All in view, dragged", lambda: _drag(page, watched_s)))
    rows.append(_drawn(page, "Zoomed in and out", lambda: _zoom(page, watched_s)))
    rows.append(_drawn(page, "Zoomed in until cards can be read, and out again", lambda: _zoom_far(page, watched_s)))
    page.keyboard.press("Control+0")
    time.sleep(0.5)
    rows.append(_drawn(page, "At actual size, dragged", lambda: _drag(page, watched_s)))
    _click_a_node(page)
    rows.append(["An edit of one node saved", _saved(page), "", "", "under 300 ms"])
    page.keyboard.press("Control+a")
    rows.append(["An edit of all nodes saved", _saved(page), "", "", "-"])
    return rows


def _click_a_node(page: Any) -> None:
    """Select a node that is in view."""
    canvas = page.locator(".canvas").bounding_box()
    for node in page.locator(".react-flow__node").all():
        box = node.bounding_box()
        if box and canvas["x"] + 80 < box["x"] < canvas["x"] + canvas["width"] - 300 and canvas["y"] + 80 < box["y"] < canvas["y"] + canvas["height"] - 200:
            page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 8)
            return
    raise LookupError("no node is in view")


def _saved(page: Any) -> str:
    """Move what is selected: the median time of five edits, from the end of the pause that autosave makes until the page says that they are saved."""
    times_ms = []
    for _ in range(5):
        page.evaluate(NOTE_SAVES)
        page.keyboard.press("ArrowRight")
        page.wait_for_function("window.saves.saved > window.saves.saving")
        times_ms.append(page.evaluate("window.saves.saved - window.saves.saving"))
    return f"{np.median(times_ms):.0f} ms"


def _drawn(page: Any, title: str, act: Callable[[], None]) -> list[str]:
    page.evaluate("window.noted.length = 0")
    act()
    times = np.array(page.evaluate("window.noted"))
    intervals = np.diff(times)
    p50, p99 = np.percentile(intervals, [50, 99])
    return [title, f"{1000 * len(intervals) / (times[-1] - times[0]):.1f} drawn/s", f"{p50:.1f} ms", f"{p99:.1f} ms", "50 drawn/s"]


def _zoom(page: Any, watched_s: float) -> None:
    """Turn the wheel to and fro."""
    end = time.perf_counter() + watched_s
    step = 0
    while time.perf_counter() < end:
        step += 1
        _turn(page, 1 if step // 40 % 2 else -1)


def _zoom_far(page: Any, watched_s: float) -> None:
    """Turn the wheel from where everything is in view to actual size and back, and rest at either end, where what is drawn changes."""
    end = time.perf_counter() + watched_s
    while time.perf_counter() < end:
        for direction in (-1, 1):
            for _ in range(70):
                _turn(page, direction)
            time.sleep(0.5)


def _turn(page: Any, direction: int) -> None:
    page.mouse.wheel(0, 30 * direction)
    time.sleep(0.012)
