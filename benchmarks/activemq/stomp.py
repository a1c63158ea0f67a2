"""As much of STOMP 1.2 as the benchmarks need, over a plain socket: connect, send, subscribe, acknowledge, receipts."""

from __future__ import annotations

import itertools
import select
import socket
import time
from dataclasses import dataclass, field


@dataclass
class Frame:
    """A frame that came from the broker."""

    command: str
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


class Stomp:
    """One connection. What comes is kept in the order in which it came."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), 10)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._bytes = b""
        self._numbers = itertools.count(1)
        self.frames: list[Frame] = []
        self.send_frame("CONNECT", {"accept-version": "1.2", "host": "localhost", "heart-beat": "0,0"})
        if self.next(10).command != "CONNECTED":
            raise RuntimeError("the broker refused the connection")

    def send_frame(self, command: str, headers: dict[str, str], body: str = "") -> None:
        """Write a frame."""
        head = "".join(f"{name}:{value}\n" for name, value in headers.items())
        self._socket.sendall(f"{command}\n{head}\n{body}\0".encode())

    def _parse(self) -> None:
        while True:
            self._bytes = self._bytes.lstrip(b"\r\n")
            end = self._bytes.find(b"\0")
            if end < 0:
                return
            raw, self._bytes = self._bytes[:end].decode(), self._bytes[end + 1 :]
            head, _, body = raw.partition("\n\n")
            command, *lines = head.split("\n")
            headers = dict(line.partition(":")[::2] for line in reversed(lines))
            self.frames.append(Frame(command.strip(), headers, body))

    def read(self, wait_s: float) -> None:
        """Take in what comes within ``wait_s``; return at the first bytes."""
        if select.select([self._socket], [], [], max(0.0, wait_s))[0]:
            came = self._socket.recv(1 << 16)
            if not came:
                raise RuntimeError("the broker closed the connection")
            self._bytes += came
            self._parse()

    def next(self, wait_s: float) -> Frame:
        """The next frame; raise `TimeoutError` if none comes in time."""
        deadline_s = time.monotonic() + wait_s
        while not self.frames:
            if time.monotonic() >= deadline_s:
                raise TimeoutError("no frame came")
            self.read(deadline_s - time.monotonic())
        return self.frames.pop(0)

    def all_within(self, quiet_s: float) -> list[Frame]:
        """All frames until nothing has come for ``quiet_s``."""
        last_s, seen = time.monotonic(), 0
        while time.monotonic() - last_s < quiet_s:
            self.read(0.05)
            if len(self.frames) > seen:
                seen, last_s = len(self.frames), time.monotonic()
        frames, self.frames = self.frames, []
        return frames

    def send(self, queue: str, body: str = "", *, persistent: bool = True, receipt: bool = True, wait_s: float = 10.0, **headers: str) -> bool:
        """Send a message; with a receipt, False if the broker has not answered within ``wait_s`` (then it blocks)."""
        own = {"destination": f"/queue/{queue}", "persistent": str(persistent).lower(), "content-type": "text/plain", **headers}
        if receipt:
            own["receipt"] = f"r{next(self._numbers)}"
        self.send_frame("SEND", own, body)
        if not receipt:
            return True
        try:
            return self.next(wait_s).command == "RECEIPT"
        except TimeoutError:
            return False

    def subscribe(self, destination: str, prefetch: int, mode: str = "client-individual") -> None:
        """Subscribe to a destination with this prefetch."""
        number = f"r{next(self._numbers)}"
        self.send_frame("SUBSCRIBE", {"id": "1", "destination": destination, "ack": mode, "activemq.prefetchSize": str(prefetch), "receipt": number})

    def acknowledge(self, message: Frame) -> None:
        """Acknowledge a message."""
        self.send_frame("ACK", {"id": message.headers["ack"]})

    def close(self) -> None:
        """Cut the connection."""
        self._socket.close()
