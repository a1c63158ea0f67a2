"""A cache of answers: each entry lives for a while, and the least recently used ones make room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

MOST_ENTRIES = 1_000_000


class ResponseCache:
    """Keeps entries until they expire, at most ``capacity_bytes`` of them (and a million)."""

    __slots__ = ("_capacity_bytes", "_entries", "bytes")

    def __init__(self, capacity_bytes: float) -> None:
        self._capacity_bytes = capacity_bytes
        self._entries: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self.bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def holds(self, key: Hashable, now_s: float) -> bool:
        """Whether there is an entry that has not expired (a hit)."""
        entry = self._entries.get(key)
        if entry is None:
            return False
        if entry[0] <= now_s:
            self._drop(key)
            return False
        self._entries.move_to_end(key)
        return True

    def keep(self, key: Hashable, size_bytes: int, until_s: float) -> None:
        """Keep an entry until then; the least recently used ones go if there is no room."""
        if key in self._entries:
            self._drop(key)
        if size_bytes > self._capacity_bytes:
            return
        self._entries[key] = (until_s, size_bytes)
        self.bytes += size_bytes
        while self.bytes > self._capacity_bytes or len(self._entries) > MOST_ENTRIES:
            self._drop(next(iter(self._entries)))

    def drop(self, key: Hashable) -> None:
        """Forget one entry, if it is there."""
        if key in self._entries:
            self._drop(key)

    def flush(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self.bytes = 0

    def _drop(self, key: Hashable) -> None:
        _, size_bytes = self._entries.pop(key)
        self.bytes -= size_bytes
