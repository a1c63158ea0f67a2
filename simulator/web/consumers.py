"""The socket of a run: frames out, controls in (docs/reference/contracts.md, section 7)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from collections import deque
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from simulator.web.errors import ApiError, error_shape
from simulator.web.owners import owner_of_scope
from simulator.web.runs import find_run, give_control, run_json
from simulator.web.tailing import Tail, close_tail, open_tail

logger = logging.getLogger(__name__)

NOT_FOUND = 4404
SERVER_FAILED = 1011
LARGEST_MESSAGE_BYTES = 400_000
"""Frames sent at once; Daphne refuses messages of more than 1 MiB."""
LOOK_AGAIN_S = 1.0
MOST_UNSEEN = 4
"""So many messages with frames may be on their way to a viewer who says what was seen; more would wait in this process's memory."""


class RunConsumer(AsyncWebsocketConsumer):
    """One viewer of one run.

    A viewer who asks with ``seen=1`` says which frames were taken. Nothing more is sent to one who is slow, and one who was slow for long
    while the run goes on is sent on from the latest frame, with ``skipped``: counters are cumulative, and what was left out is stored.
    """

    tail: Tail | None = None
    _sender: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        self.run_id = str(self.scope["url_route"]["kwargs"]["run_id"])
        query = parse_qs(self.scope["query_string"].decode())
        self.owner = owner_of_scope(self.scope)
        self.skips = query.get("skip", ["0"])[0] == "1"
        self.says_seen = query.get("seen", ["0"])[0] == "1"
        self._unseen: deque[int] = deque()
        self._taken = asyncio.Event()
        self._slow_since: float | None = None
        self.group = f"run-{self.run_id}"
        try:
            self.key = query.get("key", [""])[0]
            self.next_seq = max(0, int(query.get("from", ["0"])[0]))
            await database_sync_to_async(find_run)(self.run_id, self.owner, self.key)
        except (ApiError, ValueError) as error:
            await self.accept()
            code, message = ("not-found", str(error)) if isinstance(error, ApiError) else ("invalid-request", "'from' must be a frame number")
            await self.send_json({"type": "error", **error_shape(code, message)})
            await self.close(NOT_FOUND)
            return
        await self.channel_layer.group_add(self.group, self.channel_name)
        self.tail = await open_tail(self.run_id)
        await self.accept()
        self._sender = asyncio.create_task(self._send_until_closed(self.tail))

    async def disconnect(self, code: int) -> None:
        if self._sender is not None:
            self._sender.cancel()
        if self.tail is not None:
            await self.channel_layer.group_discard(self.group, self.channel_name)
            close_tail(self.tail)
            self.tail = None

    async def send_json(self, content: Any) -> None:
        """Send a message."""
        await self.send(text_data=json.dumps(content, separators=(",", ":")))

    async def run_nudge(self, event: Any) -> None:
        """Another process has written something."""
        if self.tail is not None:
            self.tail.nudged.set()

    # -- out --------------------------------------------------------------------------------------------------------

    async def _send_until_closed(self, tail: Tail) -> None:
        try:
            await self._send_all(tail)
        except Exception:
            # A viewer whose socket stays open and silent would wait for ever; one whose socket closes comes back.
            logger.exception("Run %s could not be sent", self.run_id)
            await self.close(SERVER_FAILED)

    async def _send_all(self, tail: Tail) -> None:
        """Send the run, its frames from the client's number on, and its controls, as they come."""
        pause_s = 1.0 / settings.FRAME_MESSAGES_PER_S
        told: tuple[int, int | None] | None = None
        controls_sent = 0
        while tail.run is not None:
            changed = tail.changed
            run = tail.run
            if (run.revision, run.ahead) != told and not (run.is_active is False and self.next_seq <= run.last_seq):
                told = run.revision, run.ahead
                await self.send_json({"type": "run", "run": run_json(run, self.owner, self.key)})
                for control in tail.controls[controls_sent:]:
                    await self._send_control(control)
                controls_sent = len(tail.controls)
            if await self._send_frames(tail):
                await asyncio.sleep(pause_s)
                continue
            if tail.run is run and (run.revision, run.ahead) == told:
                try:
                    await asyncio.wait_for(changed.wait(), LOOK_AGAIN_S)
                except TimeoutError:
                    continue
        await self.send_json({"type": "error", **error_shape("run-deleted", "The run was deleted", "Run again")})
        await self.close(NOT_FOUND)

    async def _send_control(self, control: dict[str, Any]) -> None:
        if control.get("error"):
            await self.send_json({"type": "error", **error_shape("invalid-control", control["error"])})
        else:
            await self.send_json({"type": "control", "control": {key: value for key, value in control.items() if key not in ("id", "error")}})

    async def _wait_for_viewer(self) -> None:
        """Wait until what was sent is seen, but not for long."""
        self._slow_since = self._slow_since or time.monotonic()
        self._taken.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._taken.wait(), LOOK_AGAIN_S)

    def _leaves_out(self, tail: Tail) -> bool:
        """Whether the viewer was so slow that frames are left out."""
        slow_s, self._slow_since = time.monotonic() - self._slow_since if self._slow_since is not None else 0.0, None
        behind = tail.last_seq - self.next_seq
        return tail.run is not None and tail.run.is_active and slow_s >= settings.VIEWER_SLOW_AFTER_S and behind > settings.VIEWER_SKIPS_FRAMES_BEHIND

    async def _send_frames(self, tail: Tail) -> bool:
        if self.skips and tail.last_seq - self.next_seq > 1:
            self.next_seq = tail.last_seq
        if len(self._unseen) >= MOST_UNSEEN and tail.last_seq >= self.next_seq:
            await self._wait_for_viewer()
            return True
        skipped = self._leaves_out(tail)
        if skipped:
            self.next_seq = tail.last_seq
        frames = await tail.frames(self.next_seq)
        if not frames:
            return False
        sent, size = 0, 0
        while sent < len(frames) and (sent == 0 or size + len(frames[sent][1]) <= LARGEST_MESSAGE_BYTES):
            size += len(frames[sent][1])
            sent += 1
        mark = ',"skipped":true' if skipped else ""
        await self.send(text_data='{"type":"frames","frames":[' + ",".join(payload for _, payload in frames[:sent]) + f"]{mark}}}")
        self.next_seq = frames[sent - 1][0] + 1
        if self.says_seen:
            self._unseen.append(self.next_seq - 1)
        return True

    # -- in ---------------------------------------------------------------------------------------------------------

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = json.loads(text_data or "")
            if isinstance(message, dict) and message.get("type") == "seen" and isinstance(message.get("seq"), int):
                self._note_seen(message["seq"])
                return
            if not isinstance(message, dict) or message.get("type") != "control":
                raise ApiError(400, "invalid-message", "A message is {\"type\": \"control\", \"control\": {…}}, or {\"type\": \"seen\", \"seq\": 12}")
            await database_sync_to_async(self._control)(message.get("control"))
        except json.JSONDecodeError:
            await self.send_json({"type": "error", **error_shape("malformed-json", "The message is not JSON")})
        except ApiError as error:
            await self.send_json({"type": "error", **error_shape(error.code, error.message, error.hint)})

    def _note_seen(self, seq: int) -> None:
        while self._unseen and self._unseen[0] <= seq:
            self._unseen.popleft()
        self._taken.set()

    def _control(self, control: Any) -> None:
        give_control(find_run(self.run_id, self.owner, self.key), control, self.owner, self.key)
