"""Visibility timeouts of a queue: one timer for all messages in flight, not one for each."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

from simulator.engine.agenda import Agenda
from simulator.engine.message import HIDDEN, IN_FLIGHT, STALE, Message

COMPACT_FROM = 256


class VisibilityTimers:
    """Calls ``expire(message)`` when the attempt that received it has not deleted it in time.

    Deadlines mostly come in order, because a queue has one timeout: those wait in a deque, the others in a heap. What was
    deleted stays until it is at the head, so deleting costs nothing. An entry carries its deadline, because the same token
    may be received again, or its deadline moved, while the entry waits. The agenda holds one call, for the earliest.
    """

    __slots__ = ("_agenda", "_append", "_booked_s", "_compact_at", "_expire", "_in_order", "_last_s", "_number", "_others")

    def __init__(self, agenda: Agenda, expire: Callable[[Message], None]) -> None:
        self._agenda = agenda
        self._expire = expire
        self._in_order: deque[tuple[float, Message]] = deque()
        self._append = self._in_order.append
        self._others: list[tuple[float, int, Message]] = []
        self._last_s = 0.0
        self._number = 0
        self._booked_s = math.inf
        self._compact_at = COMPACT_FROM

    def set(self, message: Message, deadline_s: float) -> None:
        """This attempt ends at ``deadline_s`` unless the message is deleted before."""
        if deadline_s < self._last_s:
            self.move(message, deadline_s)
            return
        self._last_s = deadline_s
        self._append((deadline_s, message))
        if deadline_s < self._booked_s:
            self._book(deadline_s)

    def move(self, message: Message, deadline_s: float) -> None:
        """Change the deadline of an attempt whose timer is set."""
        self._number += 1
        heappush(self._others, (deadline_s, self._number, message))
        if deadline_s < self._booked_s:
            self._book(deadline_s)

    def _book(self, deadline_s: float) -> None:
        self._booked_s = deadline_s
        self._agenda.at(deadline_s, self._ring, deadline_s)

    def sweep(self) -> None:
        """Let go of what was deleted first: memory that is used again soon is still in the cache."""
        waiting = self._in_order
        while waiting and waiting[0][1].place >= STALE:
            waiting.popleft()

    def compact(self) -> None:
        """Drop what was deleted, if it may be much, so that a long timeout does not keep what left long ago; call it now and then."""
        self.sweep()
        if len(self._in_order) < self._compact_at:
            return
        kept = [entry for entry in self._in_order if _is_due(*entry)]
        self._in_order.clear()
        self._in_order.extend(kept)
        self._compact_at = max(COMPACT_FROM, 2 * len(self._in_order))

    def _ring(self, booked_s: float) -> None:
        if booked_s != self._booked_s:
            return
        while (message := self._earliest()) is not None and message.deadline_s <= booked_s:
            self._expire(message)
        following = self._earliest()
        self._booked_s = math.inf
        if following is not None:
            self._book(following.deadline_s)

    def _earliest(self) -> Message | None:
        """The message in flight whose deadline comes first."""
        waiting, others = self._in_order, self._others
        while waiting and not _is_due(*waiting[0]):
            waiting.popleft()
        while others and not _is_due(others[0][0], others[0][2]):
            heappop(others)
        if others and (not waiting or others[0][0] < waiting[0][0]):
            return others[0][2]
        return waiting[0][1] if waiting else None


def _is_due(deadline_s: float, message: Message) -> bool:
    """Whether the attempt of this timer still has this deadline, and has not ended before it."""
    return message.deadline_s == deadline_s and message.place in (IN_FLIGHT, HIDDEN)
