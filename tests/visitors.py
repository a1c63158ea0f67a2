"""Visitors of a running server: a browser's cookies and CSRF token, without the browser."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 120.0


class Visitor:
    """Someone with a session of their own at a server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.Client(base_url=url, timeout=PATIENCE_S)
        self.http.get("/").raise_for_status()
        self.http.headers["X-CSRFToken"] = self.http.cookies["csrftoken"]

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def post(self, path: str, body: Any = None) -> httpx.Response:
        return self.http.post(path, json=body)

    def start(self, graph: dict[str, Any], **order: Any) -> str:
        """Start a run of a graph; return its id."""
        answer = self.post("/api/runs/", {"graph": graph, **order})
        assert answer.status_code == 201, answer.text
        run: str = answer.json()["id"]
        return run

    def run(self, run: str) -> dict[str, Any]:
        """A run as it is now."""
        answer: dict[str, Any] = self.get(f"/api/runs/{run}/").raise_for_status().json()
        return answer

    def wait_for(self, run: str, *states: str, last_seq: int = 0, paused: bool | None = None) -> dict[str, Any]:
        """Wait until a run is in one of these states, has so many frames, and is paused or not, if that is asked for."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            found = self.run(run)
            if found["state"] in states and found["last_seq"] >= last_seq and paused in (None, found["paused"]):
                return found
            time.sleep(0.05)
        raise AssertionError(f"the run is {found['state']} at frame {found['last_seq']}: {found['error']}")

    def ended(self, run: str) -> dict[str, Any]:
        """Wait for the end of a run."""
        return self.wait_for(run, "finished", "stopped", "failed")

    def control(self, run: str, **control: Any) -> httpx.Response:
        """Give a control."""
        return self.post(f"/api/runs/{run}/controls/", control)

    @contextmanager
    def socket(self, run: str, query: str = "from=0") -> Iterator[ClientConnection]:
        """Watch a run."""
        cookies = "; ".join(f"{name}={value}" for name, value in self.http.cookies.items())
        with connect(f"{self.url.replace('http', 'ws')}/ws/runs/{run}/?{query}", additional_headers={"Cookie": cookies, "Origin": self.url}, open_timeout=PATIENCE_S, ping_timeout=PATIENCE_S) as socket:
            yield socket


def messages(socket: ClientConnection) -> Iterator[dict[str, Any]]:
    """What comes over a socket."""
    while True:
        yield json.loads(socket.recv(timeout=PATIENCE_S))


def frames_until(socket: ClientConnection, last_seq: int) -> list[dict[str, Any]]:
    """The frames that come, up to a number."""
    found: list[dict[str, Any]] = []
    for message in messages(socket):
        if message["type"] == "frames":
            found.extend(message["frames"])
        if found and found[-1]["seq"] >= last_seq:
            return found
    raise AssertionError("the socket ended")


def error_of(answer: httpx.Response) -> dict[str, Any]:
    """The error of an answer, which must be in the one shape."""
    body = answer.json()
    assert set(body["error"]) == {"code", "message", "hint", "findings"}, body
    found: dict[str, Any] = body["error"]
    return found
