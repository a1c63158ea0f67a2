"""Two hundred viewers of one run on one process see each frame within half a second.

One web process (Daphne) streams a paced run to many viewers on loopback. A frame's delay is the time from when it can be read in the database to
when a viewer has received the message that carries it. Viewers let the server skip ahead (`skip=1`), as slow ones do: they lose
frames, and no total, because counters are cumulative. All viewers live in one client process, which competes for the machine.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import numpy as np
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidMessage, InvalidStatus

from benchmarks import scenarios
from benchmarks.server import ProcessorUse
from benchmarks.tables import Table
from tests.serving import migrate, serving
from tests.visitors import Visitor

WATCHED_S = 20.0
CONNECTS_S = 60.0
RETRY_S = 1.0
SETTLES_S = 5.0
LOOK_EVERY_S = 0.005
NUMBER = re.compile(r'"seq":(\d+),')
WANTED_S = 0.5


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield one table: runs that make 5, 10 and 20 frames a second, watched by many."""
    watched_s, viewers = (4.0, 20) if quick else (WATCHED_S, 200)
    graph = scenarios.pipeline(3_000_000, frame_interval_s=1)
    rows = []
    with TemporaryDirectory() as folder:
        database = Path(folder) / "db.sqlite3"
        environment = {"DATABASE_URL": f"sqlite:///{database}", "REDIS_URL": "", "LOG_LEVEL": "ERROR"}
        migrate(environment)
        with serving(Path(folder), **environment) as server:
            for made_per_s in (5, 10, 20):
                use = ProcessorUse([server.process.pid])
                delays_s, seen, behind = _watch(server.url, database, graph, made_per_s, viewers, watched_s)
                p50, p95, p99 = np.percentile(delays_s, [50, 95, 99])
                rows.append([
                    f"{made_per_s}", f"{viewers}", f"{seen / viewers / watched_s:.1f}", *(f"{1000 * value:.0f} ms" for value in (p50, p95, p99, max(delays_s))), f"{behind:.2%}", f"{use.share():.0%}"])
    yield Table(
        "Delay of frames to many viewers of one run", ("Frames/s made", "Viewers", "Messages/s to each", "Delay p50", "Delay p95", "Delay p99", "Delay max", "Later than 500 ms", "Processor, web"), rows,
        f"Each for {watched_s:g} s, a run of 6 nodes. Wanted: p95 below {1000 * WANTED_S:g} ms. The web process's share of a core is from the first connection on. The load average of the machine was {os.getloadavg()[0]:.0f}.")


def _watch(url: str, database: Path, graph: dict[str, Any], made_per_s: int, viewers: int, watched_s: float) -> tuple[list[float], int, float]:
    visitor = Visitor(url)
    run = visitor.start(graph, speed=made_per_s)
    visitor.wait_for(run, "running", last_seq=1)
    key = visitor.run(run)["view_url"].split("key=")[1]
    made: dict[int, float] = {}
    done = threading.Event()
    clock = threading.Thread(target=_note_made, args=(database, run, made, done), daemon=True)
    clock.start()
    address = f"{url.replace('http', 'ws', 1)}/ws/runs/{run}/?from=0&skip=1&key={key}"
    received = asyncio.run(_view_all(address, url, viewers, watched_s))
    done.set()
    clock.join()
    visitor.control(run, action="stop")
    visitor.ended(run)
    delays_s = [max(0.0, at - made[seq]) for seq, at in received if seq in made]
    return delays_s, len(received), sum(delay > WANTED_S for delay in delays_s) / max(1, len(delays_s))


def _note_made(database: Path, run: str, made: dict[int, float], done: threading.Event) -> None:
    """Note when the number of each frame can first be read."""
    reading = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    latest = -1
    while not done.is_set():
        (seq,) = reading.execute("SELECT last_seq FROM runs_run WHERE id = ?", (UUID(run).hex,)).fetchone()
        now = time.perf_counter()
        for number in range(latest + 1, seq + 1):
            made[number] = now
        latest = seq
        time.sleep(LOOK_EVERY_S)
    reading.close()


async def _view_all(address: str, origin: str, viewers: int, watched_s: float) -> list[tuple[int, float]]:
    """(number of the newest frame, when) for every message with frames that any viewer received while all were there."""
    received: list[tuple[int, float]] = []
    counting = asyncio.Event()

    there = 0

    async def view() -> None:
        nonlocal there
        while True:
            try:
                socket = await connect(address, compression=None, max_size=None, open_timeout=60, ping_interval=None, additional_headers={"Origin": origin})
                break
            except (OSError, InvalidMessage, InvalidStatus, TimeoutError):
                await asyncio.sleep(RETRY_S)  # as the page does: whoever is not let in tries again
        there += 1
        async with socket:
            async for text in socket:
                if counting.is_set() and isinstance(text, str) and text.startswith('{"type":"frames"'):
                    received.append((int(NUMBER.findall(text)[-1]), time.perf_counter()))
        raise RuntimeError("a viewer was cut off")

    tasks = []
    for _ in range(viewers):
        tasks.append(asyncio.create_task(view()))
        await asyncio.sleep(0.02)
    deadline = time.monotonic() + CONNECTS_S
    while there < viewers and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    await asyncio.sleep(SETTLES_S)
    counting.set()
    await asyncio.sleep(watched_s)
    counting.clear()
    failed = [task.exception() for task in tasks if task.done()]
    if failed or there < viewers:
        raise RuntimeError(f"{there} of {viewers} viewers came, {len(failed)} were cut off") from (failed[0] if failed else None)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return received
