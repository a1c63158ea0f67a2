"""A run that streams 20 frames a second leaves the web process's event loop free.

A real server (Daphne) streams a paced run to viewers over websockets. Inside the web process a probe wants to run every 5 ms and
notes how late it is; outside, a client asks for `/api/health/` over and over and notes the round trip. The simulation runs in a
process of its own, as always, and competes for the machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

import numpy as np

from benchmarks import scenarios
from benchmarks.server import ProcessorUse, probed_server
from benchmarks.tables import Table
from tests.serving import Server
from tests.visitors import Visitor, messages

WATCHED_S = 20.0
SETTLES_S = 2.0
ASK_EVERY_S = 0.02
SPEED = 20
"""Simulated seconds a second; with a frame each simulated second that makes 20 frames a second."""


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield one table: an idle server, and runs of two sizes with one and with five viewers."""
    watched_s = 4.0 if quick else WATCHED_S
    pipeline = scenarios.pipeline(3_000_000, frame_interval_s=1)
    lanes = scenarios.lanes(10, 60, frame_interval_s=1, duration_s=15_000)
    rows = []
    with probed_server() as server:
        for title, graph, viewers in (("No run", None, 0), ("6 nodes, 1 viewer", pipeline, 1), ("50 nodes, 1 viewer", lanes, 1), ("50 nodes, 5 viewers", lanes, 5)):
            rows.append([title, *_watch(server, graph, viewers, watched_s)])
    yield Table(
        "Lag of the web process's event loop", ("While", "Frames/s to each viewer", "Lag p50", "Lag p99", "Lag max", "Health check p50", "Health check p99", "Processor, web", "Processor, simulation"), rows,
        f"Each for {watched_s:g} s, runs at {SPEED}x. The probe asks to run every 5 ms; 100 % is one core. Wanted: lag p99 below 20 ms at 20 frames a second.")


def _watch(server: Server, graph: dict[str, Any] | None, viewers: int, watched_s: float) -> list[str]:
    visitor = Visitor(server.url)
    done = threading.Event()
    frames = [0] * viewers
    threads = []
    run = None
    if graph is not None:
        run = visitor.start(graph, speed=SPEED)
        visitor.wait_for(run, "running", last_seq=1)
        threads = [threading.Thread(target=_view, args=(visitor, run, done, frames, place), daemon=True) for place in range(viewers)]
        for thread in threads:
            thread.start()
    time.sleep(SETTLES_S)
    visitor.get("/probe/")
    begun, before = time.perf_counter(), sum(frames)
    simulating = ProcessorUse(server.simulation_processes())
    trips_s = _ask(visitor, watched_s)
    elapsed_s, seen = time.perf_counter() - begun, sum(frames) - before
    simulation_share = simulating.share()
    probed = visitor.get("/probe/").json()
    done.set()
    if run is not None:
        visitor.control(run, action="stop")
        visitor.ended(run)
    for thread in threads:
        thread.join(timeout=10)
    lags_s, trips = np.array(probed["lags_s"]), np.array(trips_s)
    milliseconds = [f"{1000 * value:.1f} ms" for value in (*np.percentile(lags_s, [50, 99]), lags_s.max(), *np.percentile(trips, [50, 99]))]
    return [f"{seen / elapsed_s / viewers:.1f}" if viewers else "-", *milliseconds, f"{probed['processor_share']:.0%}", f"{simulation_share:.0%}"]


def _view(visitor: Visitor, run: str, done: threading.Event, frames: list[int], place: int) -> None:
    with visitor.socket(run, "from=0&skip=1") as socket:
        for message in messages(socket):
            if message["type"] == "frames":
                frames[place] += len(message["frames"])
            if done.is_set():
                return


def _ask(visitor: Visitor, watched_s: float) -> list[float]:
    """Round trips (s) of health checks, asked for as long as this."""
    trips_s = []
    end = time.perf_counter() + watched_s
    while (asked := time.perf_counter()) < end:
        visitor.get("/api/health/").raise_for_status()
        trips_s.append(time.perf_counter() - asked)
        time.sleep(ASK_EVERY_S)
    return trips_s
