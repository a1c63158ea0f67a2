"""One Kafka broker: what its processors, its network and its disk have to do, and until when they are busy with it."""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

from simulator.mechanics.token_bucket import TokenBucket

MIB = 1024**2
CACHE_LOOK_S = 1.0


class BrokerCapacity(NamedTuple):
    """What one broker can do."""

    cores: float
    memory_bytes: float
    network_bytes_per_s: float
    disk_bytes_per_s: float
    disk_bytes: float
    dirty_bytes: float
    """Bytes that are written to memory before writers wait for the disk."""
    cache_bytes: float
    """Bytes written last, which are read from memory."""


class Line:
    """Something that does one thing after the other: it is busy until ``free_s``. ``rate_per_s`` is what it does a second."""

    __slots__ = ("done", "free_s", "rate_per_s")

    def __init__(self, rate_per_s: float) -> None:
        self.rate_per_s = rate_per_s
        self.free_s = 0.0
        self.done = 0.0
        """Seconds of work booked so far."""

    def take(self, amount: float, now_s: float) -> float:
        """Do so much, after what was booked before; when it is done."""
        took_s = amount / self.rate_per_s
        self.done += took_s
        self.free_s = (self.free_s if self.free_s > now_s else now_s) + took_s
        return self.free_s

    def busy_s(self, now_s: float) -> float:
        """Seconds that it has worked up to now."""
        return self.done - max(0.0, self.free_s - now_s)

    def restart(self, now_s: float) -> None:
        """Forget what was booked for later."""
        self.done -= max(0.0, self.free_s - now_s)
        self.free_s = min(self.free_s, now_s)


class Broker:
    """A broker, numbered from 1 as MSK does, in the availability zone ``zone``.

    Writes return from memory until more than ``dirty_bytes`` wait for the disk. Reads of what was written lately cost no disk;
    older ones go before writes, and take their share of the disk's throughput.
    """

    def __init__(self, number: int, zone: int, capacity: BrokerCapacity) -> None:
        self.number = number
        self.zone = zone
        self.capacity = capacity
        self.is_up = True
        self.lives = 0
        """How often it stopped."""
        self.is_full = False
        """Whether it stopped because its disk is full."""
        self.cpu = Line(capacity.cores)
        self.incoming, self.outgoing = Line(capacity.network_bytes_per_s), Line(capacity.network_bytes_per_s)
        self.disk = Line(capacity.disk_bytes_per_s)
        self.disk_bytes = self.watch_bytes = capacity.disk_bytes
        """Size of the volume, and how much stored makes someone look at it."""
        self.stored_bytes = 0.0
        self.written_bytes = 0.0
        self.bytes_in = self.bytes_out = self.messages_in = self.requests = 0
        """Of clients, not of other brokers."""
        self.replicated_in = self.read_from_disk = 0.0
        self.connections = 0
        self.refused_connections = 0
        self.most_connections = math.inf
        self.new_connections: TokenBucket | None = None
        self._reads = Line(capacity.disk_bytes_per_s)
        self._cached: deque[tuple[float, float]] = deque([(-math.inf, 0.0)])

    def change_capacity(self, capacity: BrokerCapacity) -> None:
        """It comes back as a broker of another type; its volume stays."""
        self.capacity = capacity
        self.cpu.rate_per_s = capacity.cores
        self.incoming.rate_per_s = self.outgoing.rate_per_s = capacity.network_bytes_per_s
        self.disk.rate_per_s = self._reads.rate_per_s = capacity.disk_bytes_per_s

    def connect(self, now_s: float) -> float | None:
        """A client connects: when the connection can be used; None if the broker takes no more."""
        if not self.is_up or self.connections >= self.most_connections:
            self.refused_connections += 1
            return None
        self.connections += 1
        if self.new_connections is None:
            return now_s
        left = self.new_connections.charge(1, now_s)
        return now_s if left >= 0 else now_s - left / self.new_connections.rate_per_s

    def write(self, size_bytes: float, now_s: float) -> float:
        """Append so much to a log; when the write returns."""
        self.written_bytes += size_bytes
        self.stored_bytes += size_bytes
        cached = self._cached
        if now_s >= cached[-1][0] + CACHE_LOOK_S:
            cached.append((now_s, self.written_bytes))
        while len(cached) > 1 and self.written_bytes - cached[0][1] > self.capacity.cache_bytes:
            cached.popleft()
        done_s = self.disk.take(size_bytes, now_s)
        return max(now_s, done_s - self.capacity.dirty_bytes / self.disk.rate_per_s)

    def cached_from_s(self) -> float:
        """Records written since then are read from memory."""
        return self._cached[0][0]

    def read(self, size_bytes: float, now_s: float) -> float:
        """Read so much that is no longer in memory; when it is there."""
        self.read_from_disk += size_bytes
        self.disk.take(size_bytes, now_s)
        return self._reads.take(size_bytes, now_s)

    def stop(self, now_s: float) -> None:
        """The broker is down: nothing that it had to do is done."""
        self.is_up = False
        self.lives += 1
        self.connections = 0
        for line in (self.cpu, self.incoming, self.outgoing, self.disk, self._reads):
            line.restart(now_s)
        self._cached = deque([(now_s, self.written_bytes)])
