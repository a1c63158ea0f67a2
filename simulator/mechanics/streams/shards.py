"""Shards: slices of the hash space of partition keys, each an ordered log with limits of its own for writing and reading."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5
from typing import TYPE_CHECKING

from simulator.mechanics.stream_log import Log
from simulator.mechanics.token_bucket import TokenBucket

if TYPE_CHECKING:
    from simulator.engine.node import Node

HASH_SPACE = 1 << 128
MIB = 1024**2
KEYS_KEPT = 1_000_000
"""Partition keys whose hash is remembered."""


def hash_key_of(partition_key: str) -> int:
    """The MD5 hash of a partition key as a number below 2^128: what decides on its shard."""
    return int.from_bytes(md5(partition_key.encode(), usedforsecurity=False).digest(), "big")


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """What one shard takes and gives (bytes and records a second); ``read_records_per_s`` None is no limit."""

    write_bytes_per_s: float
    write_records_per_s: float
    large_record_tank_bytes: float
    large_record_refill_per_s: float
    read_bytes_per_s: float
    read_calls_per_s: float
    read_records_per_s: float | None = None


class ReadLimits:
    """What all consumers that poll a shard share: calls and bytes a second.

    A call is answered as long as there is throughput left, however much it returns; then calls fail until that is paid for:
    for 1 s at least, and for 5 s after a call that returned 10 MB at 2 MB/s.
    """

    __slots__ = ("_blocked_s", "_bytes", "_calls", "_per_s", "_records")

    def __init__(self, limits: ShardLimits) -> None:
        self._per_s = limits.read_bytes_per_s
        self._calls = TokenBucket(limits.read_calls_per_s, max(1.0, limits.read_calls_per_s))
        self._bytes = TokenBucket(self._per_s, self._per_s)
        self._records = TokenBucket(limits.read_records_per_s, limits.read_records_per_s) if limits.read_records_per_s else None
        self._blocked_s = 0.0

    def exceeded(self, now_s: float) -> bool:
        """Whether a call is refused now; if not, it is counted."""
        if now_s < self._blocked_s or (self._records is not None and self._records.available(now_s) < 1):
            return True
        return not self._calls.take_all(1, now_s)

    def returned(self, size_bytes: float, records: int, now_s: float) -> None:
        """A call returned so much."""
        if self._records is not None:
            self._records.charge(records, now_s)
        if self._bytes.charge(size_bytes, now_s) < 0:
            self._blocked_s = now_s + max(1.0, size_bytes / self._per_s)


class Shard:
    """One shard: the hash keys from ``low`` to ``high`` (both included), open until a reshard closes it."""

    __slots__ = (
        "_bytes",
        "_large",
        "_records",
        "bytes_in",
        "children",
        "closed_s",
        "high",
        "log",
        "low",
        "number",
        "opened_s",
        "parents",
        "reads",
        "records_in",
        "seen_bytes",
        "seen_records",
        "throttled",
        "write_share",
    )  # fmt: skip

    def __init__(self, owner: Node, number: int, low: int, high: int, limits: ShardLimits, now_s: float, parents: Sequence[Shard] = ()) -> None:
        self.number, self.low, self.high = number, low, high
        self.log = Log(owner)
        self.parents = tuple(parents)
        self.children: tuple[Shard, ...] = ()
        self.opened_s = now_s
        self.closed_s: float | None = None
        self.records_in = self.bytes_in = self.throttled = 0
        self.seen_records = self.seen_bytes = 0
        """What had been written when rates were last looked at."""
        self.write_share = 0.0
        """How much of its write limits was used until then."""
        self.reads = ReadLimits(limits)
        self._records = TokenBucket(limits.write_records_per_s, max(1.0, limits.write_records_per_s), now_s)
        self._bytes = TokenBucket(limits.write_bytes_per_s, max(limits.write_bytes_per_s, MIB), now_s)
        self._large = TokenBucket(limits.large_record_refill_per_s, limits.large_record_tank_bytes, now_s)

    @property
    def name(self) -> str:
        """The ShardId."""
        return f"shardId-{self.number:012d}"

    @property
    def is_open(self) -> bool:
        """Whether new records can come."""
        return self.closed_s is None

    def admit(self, size_bytes: int, now_s: float) -> str | None:
        """Take the write of a record of this size from the limits; the name of the limit that does not allow it, if one does not."""
        tank = self._large if size_bytes > MIB else self._bytes
        if self._records.available(now_s) < 1:
            return "records"
        if not tank.take_all(size_bytes, now_s):
            return "bytes"
        self._records.take_all(1, now_s)
        return None

    def change_rate(self, records_per_s: float, bytes_per_s: float) -> None:
        """The shard may be written at another rate from now on."""
        self._records.rate_per_s, self._bytes.rate_per_s = records_per_s, bytes_per_s


class ShardMap:
    """The open shards in the order of their hash keys: which one a key belongs to."""

    def __init__(self, shards: Sequence[Shard]) -> None:
        self._by_key: dict[str, Shard] = {}
        self.replace((), shards)

    def replace(self, closed: Sequence[Shard], opened: Sequence[Shard]) -> None:
        """Some shards close, and others take over their hash keys."""
        kept = [shard for shard in getattr(self, "open", []) if shard not in closed]
        self.open: list[Shard] = sorted([*kept, *opened], key=lambda shard: shard.low)
        self._lows = [shard.low for shard in self.open]
        self._by_key.clear()

    def of_hash(self, hash_key: int) -> Shard:
        """The shard of an explicit hash key."""
        return self.open[bisect_right(self._lows, hash_key) - 1]

    def of_key(self, partition_key: str) -> Shard:
        """The shard of a partition key."""
        shard = self._by_key.get(partition_key)
        if shard is None:
            if len(self._by_key) >= KEYS_KEPT:
                self._by_key.clear()
            shard = self._by_key[partition_key] = self.of_hash(hash_key_of(partition_key))
        return shard


def even_ranges(count: int, low: int = 0, high: int = HASH_SPACE - 1) -> list[tuple[int, int]]:
    """``count`` ranges that share the hash keys from ``low`` to ``high`` as evenly as whole numbers allow."""
    width = high - low + 1
    edges = [low + width * place // count for place in range(count + 1)]
    return [(edges[place], edges[place + 1] - 1) for place in range(count)]
