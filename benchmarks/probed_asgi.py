"""The application with a probe of its event loop: how late a task that wants to run every few milliseconds is let run.

``GET /probe/`` answers with the lags (s) since it was last asked, and the processor time that this process used since then.
"""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

from config.asgi import application as product

PROBE_EVERY_S = 0.005


class Probe:
    """Lags of the running event loop."""

    def __init__(self) -> None:
        self._lags_s: list[float] = []
        self._task: asyncio.Task[None] | None = None
        self._asked = (time.perf_counter(), time.process_time())

    def begin(self) -> None:
        """Probe from now on, if it does not yet."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        while True:
            due = time.perf_counter() + PROBE_EVERY_S
            await asyncio.sleep(PROBE_EVERY_S)
            self._lags_s.append(max(0.0, time.perf_counter() - due))

    def take(self) -> dict[str, Any]:
        """What was measured since the last call."""
        lags_s, self._lags_s = self._lags_s, []
        before, self._asked = self._asked, (time.perf_counter(), time.process_time())
        return {"lags_s": lags_s, "processor_share": (self._asked[1] - before[1]) / (self._asked[0] - before[0])}


probe = Probe()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """The product, but for the address of the probe."""
    probe.begin()
    if scope["type"] == "http" and scope["path"] == "/probe/":
        body = json.dumps(probe.take()).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})
        return
    await product(scope, receive, send)
