"""Which stored message is the oldest: the order of enqueue times, nearly sorted as they come."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Iterator

from simulator.engine.message import STALE, Message

COMPACT_FROM = 256


class AgeOrder:
    """Stored messages by enqueue time. They come nearly sorted, so a deque serves; the few late ones go to a heap.

    Messages that are gone stay until they are swept out, so removing costs nothing. ``append(message)`` inserts one that is no older than any other.
    """

    __slots__ = ("_compact_at", "_late", "_number", "_sorted", "append")

    def __init__(self) -> None:
        self._sorted: deque[Message] = deque()
        self.append = self._sorted.append
        self._late: list[tuple[float, int, Message]] = []
        self._number = 0
        self._compact_at = COMPACT_FROM

    def add(self, message: Message) -> None:
        """Insert ``message`` by its enqueue time."""
        order = self._sorted
        if order and message.sent_s < order[-1].sent_s:
            self._number += 1
            heapq.heappush(self._late, (message.sent_s, self._number, message))
        else:
            order.append(message)

    def sweep(self) -> None:
        """Let go of what left first: memory that is used again soon is still in the cache."""
        order = self._sorted
        while order and order[0].place >= STALE:
            order.popleft()

    def compact(self) -> None:
        """Sweep out all that is gone, if much may be; call it now and then."""
        self.sweep()
        if len(self._late) + len(self._sorted) < self._compact_at:
            return
        kept = [message for message in self._sorted if message.place < STALE]
        self._sorted.clear()
        self._sorted.extend(kept)
        self._late = [entry for entry in self._late if entry[2].place < STALE]
        heapq.heapify(self._late)
        self._compact_at = max(COMPACT_FROM, 2 * (len(self._sorted) + len(self._late)))

    def oldest(self) -> Message | None:
        """The oldest message that is still there."""
        order, late = self._sorted, self._late
        while order and order[0].place >= STALE:
            order.popleft()
        while late and late[0][2].place >= STALE:
            heapq.heappop(late)
        if late and (not order or late[0][0] < order[0].sent_s):
            return late[0][2]
        return order[0] if order else None

    def first(self, wanted: Callable[[Message], bool]) -> Message | None:
        """The oldest message that is still there and is ``wanted``."""
        if self.oldest() is None:
            return None
        early = next((message for message in self._sorted if message.place < STALE and wanted(message)), None)
        late = min((entry for entry in self._late if entry[2].place < STALE and wanted(entry[2])), default=None)
        if late is not None and (early is None or late[0] < early.sent_s):
            return late[2]
        return early

    def __iter__(self) -> Iterator[Message]:
        """All messages that are still there, in no particular order."""
        yield from (message for message in self._sorted if message.place < STALE)
        yield from (entry[2] for entry in self._late if entry[2].place < STALE)

