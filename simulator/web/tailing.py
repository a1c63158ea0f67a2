"""Tails the log of a run for all its viewers in this process: one look at the database serves them all."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import OrderedDict
from typing import Any

from channels.db import database_sync_to_async

from simulator.web.execution import fail_abandoned
from simulator.web.models import ControlRow, FrameRow, Run

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.05
LOOK_AT_ENDED_S = 1.0
KEPT_FRAMES = 600
BATCH = 200


class Tail:
    """What is known of one run: its row, its latest frames, its controls; `changed` is set anew at every change."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.run: Run | None = None
        self.controls: list[dict[str, Any]] = []
        self.viewers = 0
        self.changed = asyncio.Event()
        self.nudged = asyncio.Event()
        self._frames: OrderedDict[int, str] = OrderedDict()
        self._task: asyncio.Task[None] | None = None

    @property
    def last_seq(self) -> int:
        """Number of the latest frame known."""
        return self.run.last_seq if self.run is not None else -1

    async def start(self) -> None:
        """Look once, then keep looking in the background."""
        await self._look()
        if self._task is None:
            self._task = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """No viewer is left."""
        if self._task is not None:
            self._task.cancel()

    async def _follow(self) -> None:
        while self.run is not None:
            pause_s = LOOK_EVERY_S if self.run.is_active else LOOK_AT_ENDED_S
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.nudged.wait(), pause_s)
            self.nudged.clear()
            try:
                await self._look()
            except Exception:
                # A database that is away for a moment must not end what viewers see.
                logger.exception("Run %s could not be read", self.run_id)

    async def _look(self) -> None:
        before = _known(self.run) if self.run is not None else None
        run, frames, controls = await database_sync_to_async(self._read)(before)
        for seq, payload in frames:
            self._frames[seq] = payload
        while len(self._frames) > KEPT_FRAMES:
            self._frames.popitem(last=False)
        if controls is not None:
            self.controls = controls
        self.run = run
        if run is None or before != _known(run):
            self.changed.set()
            self.changed = asyncio.Event()

    def _read(self, before: tuple[int, int, int | None] | None) -> tuple[Run | None, list[tuple[int, str]], list[dict[str, Any]] | None]:
        run = Run.objects.defer("scenario", "report", "samples").filter(pk=self.run_id).first()
        if run is None:
            return None, [], []
        fail_abandoned(run)
        run.note_place()
        frames: list[tuple[int, str]] = []
        known = before[1] if before else run.last_seq
        if run.last_seq > known:
            newest = FrameRow.objects.filter(run_id=self.run_id, seq__gt=max(known, run.last_seq - KEPT_FRAMES), seq__lte=run.last_seq)
            frames = list(newest.values_list("seq", "payload"))
        controls = None
        if before is None or before[0] != run.revision:
            done = ControlRow.objects.filter(run_id=self.run_id, time_s__isnull=False)
            controls = [{"id": row.pk, "time_s": row.time_s, "error": row.error, **row.control} for row in done]
        return run, frames, controls

    async def frames(self, first: int, most: int = BATCH) -> list[tuple[int, str]]:
        """Up to ``most`` frames from number ``first`` on, as JSON text, from memory or from the database."""
        last_seq = self.last_seq
        last = min(last_seq, first + most - 1)
        if last < first:
            return []
        if first in self._frames:
            return [(seq, self._frames[seq]) for seq in range(first, last + 1) if seq in self._frames]
        return await database_sync_to_async(self._stored)(first, last_seq, most)

    def _stored(self, first: int, last: int, most: int) -> list[tuple[int, str]]:
        """The next frames: of those merged, the one that holds number ``first`` is the next with a greater one."""
        return list(FrameRow.objects.filter(run_id=self.run_id, seq__gte=first, seq__lte=last).values_list("seq", "payload")[:most])


def _known(run: Run) -> tuple[int, int, int | None]:
    """What viewers are told of when it changes."""
    return run.revision, run.last_seq, run.ahead


_tails: dict[str, Tail] = {}


async def open_tail(run_id: str) -> Tail:
    """The tail of this run, shared by its viewers."""
    tail = _tails.get(run_id)
    if tail is None:
        tail = _tails[run_id] = Tail(run_id)
    tail.viewers += 1
    await tail.start()
    return tail


def close_tail(tail: Tail) -> None:
    """A viewer left."""
    tail.viewers -= 1
    if tail.viewers <= 0:
        tail.stop()
        _tails.pop(tail.run_id, None)
