"""Limits of API calls a second: for a queue as a whole, or for each partition that its message groups are spread over."""

from __future__ import annotations

from simulator.mechanics.token_bucket import TokenBucket

PRIME = 2_654_435_761
"""Knuth's multiplier: spreads neighbouring keys over partitions."""


class PartitionedLimit:
    """So many calls a second for each partition. A partition that keeps being full is split, up to ``most_partitions``."""

    __slots__ = ("_buckets", "_grown_s", "calls_per_s", "most_partitions", "split_after_s")

    def __init__(self, calls_per_s: float, partitions: int = 1, most_partitions: int = 1, split_after_s: float = 60.0) -> None:
        self.calls_per_s = calls_per_s
        self.most_partitions = most_partitions
        self.split_after_s = split_after_s
        self._grown_s = 0.0
        self._buckets = [TokenBucket(calls_per_s, calls_per_s) for _ in range(min(partitions, most_partitions))]

    @property
    def partitions(self) -> int:
        """Partitions there are now."""
        return len(self._buckets)

    def take(self, key: int, calls: float, now_s: float) -> bool:
        """Whether so many calls (a fraction for a message of a batch) fit for this message group; if so they are used."""
        if self._buckets[self._place(key)].take_all(calls, now_s):
            return True
        if len(self._buckets) < self.most_partitions and now_s >= self._grown_s + self.split_after_s:
            self._split(now_s)
            return self._buckets[self._place(key)].take_all(calls, now_s)
        return False

    def take_anywhere(self, now_s: float) -> bool:
        """Whether a call fits at the partition that has most room; if so it is used."""
        return max(self._buckets, key=lambda bucket: bucket.available(now_s)).take_all(1.0, now_s)

    def _place(self, key: int) -> int:
        return (key * PRIME >> 8) % len(self._buckets)

    def _split(self, now_s: float) -> None:
        number = min(self.most_partitions, 2 * len(self._buckets))
        self._grown_s = now_s
        self._buckets = [TokenBucket(self.calls_per_s, self.calls_per_s, now_s) for _ in range(number)]
