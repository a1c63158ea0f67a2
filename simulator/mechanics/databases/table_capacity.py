"""The capacity of a DynamoDB table: what the whole table may use, and what one partition may, for one kind of unit.

The table has a bucket that keeps up to five minutes of unused capacity. Each partition has a ceiling of its own that nothing
lifts. Capacity moves to where it is needed at once (adaptive capacity), so that a partition may use all that the table has,
up to its ceiling. A partition that stays hot is split; a single key cannot be.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Literal

from simulator.mechanics.token_bucket import TokenBucket

Reason = Literal["provisioned_throughput", "on_demand_ramp", "max_on_demand_throughput", "hot_partition", "index_throughput"]

GOLDEN = 0.6180339887498949


def place_of(key: int) -> float:
    """Where a key lies in the space of hashes, from 0 to below 1."""
    return (key * GOLDEN + 0.5 * GOLDEN) % 1.0


class Partitions:
    """The ranges of hashes that a table is cut into, each with a bucket for reads and one for writes."""

    __slots__ = ("_buckets", "_hot_since_s", "_rates", "_starts", "split_after_s")

    def __init__(self, number: int, read_per_s: float, write_per_s: float, split_after_s: float) -> None:
        self._rates = {"read": read_per_s, "write": write_per_s}
        self.split_after_s = split_after_s
        self._starts = [place / number for place in range(number)]
        self._buckets = [self._fresh() for _ in range(number)]
        self._hot_since_s: list[float | None] = [None] * number

    def __len__(self) -> int:
        return len(self._starts)

    def _fresh(self) -> dict[str, TokenBucket]:
        return {kind: TokenBucket(rate, rate) for kind, rate in self._rates.items()}

    def _of(self, key: int) -> int:
        return bisect_right(self._starts, place_of(key)) - 1

    def take(self, key: int, kind: str, units: float, now_s: float) -> bool:
        """Take units of the partition that holds this key, or note that it is too hot."""
        place = self._of(key)
        if self._buckets[place][kind].take_all(units, now_s):
            return True
        since_s = self._hot_since_s[place]
        if since_s is None or now_s - since_s > 2 * self.split_after_s:
            self._hot_since_s[place] = now_s
        elif now_s - since_s >= self.split_after_s:
            self._split(place, now_s)
        return False

    def give_back(self, key: int, kind: str, units: float, now_s: float) -> None:
        """Return units that were taken for a request which something else then refused."""
        self._buckets[self._of(key)][kind].take_all(-units, now_s)

    def _split(self, place: int, now_s: float) -> None:
        start = self._starts[place]
        end = self._starts[place + 1] if place + 1 < len(self._starts) else 1.0
        self._starts.insert(place + 1, (start + end) / 2)
        split = self._fresh()
        for bucket in split.values():
            bucket.take_all(bucket.available(now_s), now_s)
        self._buckets.insert(place + 1, split)
        self._hot_since_s[place] = now_s
        self._hot_since_s.insert(place + 1, None)

    def at_least(self, number: int) -> None:
        """Split every range in two until there are so many."""
        while len(self._starts) < number:
            for place in reversed(range(len(self._starts))):
                self._split(place, 0.0)


class ProvisionedCapacity:
    """Units a second that were bought, with up to ``burst_s`` seconds of unused ones kept."""

    __slots__ = ("_bucket",)

    def __init__(self, units_per_s: float, burst_s: float, now_s: float) -> None:
        self._bucket = TokenBucket(units_per_s, max(1.0, units_per_s * max(1.0, burst_s)), now_s)

    def refuses(self, units: float, now_s: float) -> Reason | None:
        """Take units; the reason if there are not enough."""
        return None if self._bucket.take_all(units, now_s) else "provisioned_throughput"

    def give_back(self, units: float, now_s: float) -> None:
        """Return units that were taken for a request which something else then refused."""
        self._bucket.take_all(-units, now_s)

    def change(self, units_per_s: float, burst_s: float, now_s: float) -> None:
        """Buy another number of units a second: what was kept stays, as far as there is room for it."""
        kept = self._bucket.available(now_s)
        self._bucket = TokenBucket(units_per_s, max(1.0, units_per_s * max(1.0, burst_s)), now_s)
        self._bucket.owe(max(0.0, self._bucket.burst - kept), now_s)


class OnDemandCapacity:
    """Twice the previous peak at once, and no more than doubling in each ``doubling_s``; up to a maximum, if one is set."""

    __slots__ = ("_bucket", "_checked_s", "_doubling_s", "_maximum", "_peak_per_s", "_table_limit", "_used", "_window_s", "ceiling_per_s")

    WINDOW_S = 60.0

    def __init__(self, ceiling_per_s: float, doubling_s: float, maximum_per_s: float | None, table_limit_per_s: float, now_s: float) -> None:
        self._table_limit = table_limit_per_s
        self.ceiling_per_s = min(ceiling_per_s, table_limit_per_s)
        self._doubling_s = doubling_s
        self._maximum = None if maximum_per_s is None else TokenBucket(maximum_per_s, maximum_per_s, now_s)
        self._bucket = TokenBucket(self.ceiling_per_s, self.ceiling_per_s, now_s)
        self._checked_s = self._window_s = now_s
        self._used = self._peak_per_s = 0.0

    def refuses(self, units: float, now_s: float) -> Reason | None:
        """Take units; the reason if there are not enough."""
        self._look(now_s)
        if self._maximum is not None and not self._maximum.take_all(units, now_s):
            return "max_on_demand_throughput"
        if not self._bucket.take_all(units, now_s):
            return "on_demand_ramp"
        self._used += units
        return None

    def give_back(self, units: float, now_s: float) -> None:
        """Return units that were taken for a request which something else then refused."""
        self._used -= units
        self._bucket.take_all(-units, now_s)
        if self._maximum is not None:
            self._maximum.take_all(-units, now_s)

    def _look(self, now_s: float) -> None:
        if now_s - self._window_s >= self.WINDOW_S:
            self._peak_per_s = max(self._peak_per_s, self._used / (now_s - self._window_s))
            self._used, self._window_s = 0.0, now_s
        if now_s - self._checked_s >= self._doubling_s:
            self._checked_s = now_s
            ceiling = min(max(self.ceiling_per_s, 2 * self._peak_per_s), self._table_limit)
            if ceiling > self.ceiling_per_s:
                self.ceiling_per_s = ceiling
                self._bucket = TokenBucket(ceiling, ceiling, now_s)
