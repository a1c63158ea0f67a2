"""An archive of events, kept as counts by minute, and the replay of a stretch of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulator.engine.message import Message, MessageType
from simulator.measures import Gauge

SLICE_S = 60.0
MOST_ENTRIES = 100_000
FEWER_KEYS = 64
SHUFFLED_AT_ONCE = 2_000_000

Entry = tuple[MessageType, int, int]
"""Events that are alike: (type, size in bytes, key)."""


class Archive:
    """Counts of events by minute and likeness, so that its memory does not grow with the rate.

    Beyond 100,000 different entries, keys share 64 values.
    """

    __slots__ = ("_entries", "_slices", "stored", "taken_bytes")

    def __init__(self) -> None:
        self._slices: dict[int, dict[Entry, int]] = {}
        self._entries = 0
        self.stored = Gauge()
        """Bytes in the archive."""
        self.taken_bytes = 0

    def add(self, message: Message, now_s: float) -> None:
        """Keep what came now."""
        entries = self._slices.setdefault(int(now_s // SLICE_S), {})
        entry = (message.type, message.size_bytes, message.key if self._entries < MOST_ENTRIES else message.key % FEWER_KEYS)
        if entry not in entries:
            self._entries += 1
        entries[entry] = entries.get(entry, 0) + message.count
        size_bytes = message.size_bytes * message.count
        self.taken_bytes += size_bytes
        self.stored.add(size_bytes, now_s)

    def expire(self, before_s: float, now_s: float) -> None:
        """Delete the minutes that ended before ``before_s``."""
        for number in [number for number in self._slices if (number + 1) * SLICE_S <= before_s]:
            entries = self._slices.pop(number)
            self._entries -= len(entries)
            self.stored.add(-sum(size_bytes * count for (_, size_bytes, _), count in entries.items()), now_s)

    def replay(self, from_s: float, to_s: float, generator: np.random.Generator) -> Iterator[Entry]:
        """The events of the minutes that overlap from ``from_s`` to ``to_s``: minute after minute, in random order within one."""
        for number in range(int(from_s // SLICE_S), int(-(-to_s // SLICE_S))):
            kept = list(self._slices.get(number, {}).items())
            counts = np.array([count for _, count in kept], dtype=np.int64)
            parts = 1 + int(counts.sum()) // SHUFFLED_AT_ONCE
            for part in range(parts):
                order = np.repeat(np.arange(len(kept)), counts // parts + (part < counts % parts))
                generator.shuffle(order)
                for place in order:
                    yield kept[place][0]
