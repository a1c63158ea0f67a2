"""Kafka's quotas: a rate over a few windows of time, and the throttle time that brings it down again. Nothing is refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulator.mechanics.kafka.kafka_partition import Partition

WINDOWS = 11
WINDOW_S = 1.0
NEVER = float("inf")


class RateQuota:
    """So much a second, measured over the last 10 to 11 s (quota.window.num, quota.window.size.seconds).

    What was over the quota is answered all the same, with the time that brings the rate back: the client and the
    broker leave the connection mute for it. ``longest_s`` bounds that time.
    """

    __slots__ = ("_samples", "_total", "longest_s", "rate_per_s")

    def __init__(self, rate_per_s: float, longest_s: float = NEVER) -> None:
        self.rate_per_s = rate_per_s
        self.longest_s = longest_s
        self._samples: deque[list[float]] = deque()
        self._total = 0.0

    def record(self, amount: float, now_s: float) -> float:
        """So much was used now; for how many seconds the client is throttled."""
        samples = self._samples
        if samples and now_s < samples[-1][0] + WINDOW_S:
            samples[-1][1] += amount
        else:
            samples.append([now_s, amount])
        self._total += amount
        while samples[0][0] <= now_s - WINDOWS * WINDOW_S:
            self._total -= samples.popleft()[1]
        measured_s = max(now_s - samples[0][0], (WINDOWS - 1) * WINDOW_S)
        over = self._total / measured_s - self.rate_per_s
        return min(over / self.rate_per_s * measured_s, self.longest_s) if over > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """What the service allows in one direction (bytes a second); infinite: no limit."""

    cluster_bytes_per_s: float = NEVER
    broker_bytes_per_s: float = NEVER
    partition_bytes_per_s: float = NEVER
    sustained_bytes_per_s: float = NEVER
    """Of a broker: above it latency is degraded, and nothing is throttled."""


class Direction:
    """The quotas of what comes in, or of what goes out: of the service, and of clients (bytes a second at each broker)."""

    def __init__(self, limits: ServiceLimits) -> None:
        self.limits = limits
        self.throttled_s = 0.0
        """Throttle times told to clients, added up."""
        self.throttled = 0
        self.tightest = self.client = ""
        """What throttled last (cluster, broker, partition, client...), and whom."""
        self.until_s = 0.0
        """Until when someone is throttled."""
        self._clients: dict[tuple[str, int], RateQuota] = {}
        self._cluster = RateQuota(limits.cluster_bytes_per_s)
        self._brokers: dict[int, RateQuota] = {}
        self._sustained: dict[int, RateQuota] = {}
        self._partitions: dict[Partition, RateQuota] = {}

    def set_client(self, client: str, brokers: Iterable[int], bytes_per_s: float) -> None:
        """A client quota, which holds at each broker by itself."""
        for number in brokers:
            self._clients[client, number] = RateQuota(bytes_per_s)

    def record(self, client: str, broker: int, by_partition: Iterable[tuple[Partition, float]], now_s: float) -> float:
        """So much went through; the throttle time."""
        limits = self.limits
        total = worst_s = 0.0
        tightest = ""
        for partition, size_bytes in by_partition:
            total += size_bytes
            if limits.partition_bytes_per_s < NEVER:
                quota = self._partitions.get(partition)
                if quota is None:
                    quota = self._partitions[partition] = RateQuota(limits.partition_bytes_per_s)
                worst_s, tightest = max((worst_s, tightest), (quota.record(size_bytes, now_s), "partition"))
        if limits.broker_bytes_per_s < NEVER:
            worst_s, tightest = max((worst_s, tightest), (_of(self._brokers, broker, limits.broker_bytes_per_s).record(total, now_s), "broker"))
        if limits.cluster_bytes_per_s < NEVER:
            worst_s, tightest = max((worst_s, tightest), (self._cluster.record(total, now_s), "cluster"))
        own = self._clients.get((client, broker))
        if own is not None:
            worst_s, tightest = max((worst_s, tightest), (own.record(total, now_s), "client"))
        if worst_s > 0:
            self.note(worst_s, tightest, client, now_s)
        return worst_s

    def note(self, throttle_s: float, tightest: str, client: str, now_s: float) -> None:
        """A client is told to wait so long."""
        self.client = client
        self.until_s = max(self.until_s, now_s + throttle_s)
        self.throttled_s += throttle_s
        self.throttled += 1
        self.tightest = tightest

    def is_degraded(self, broker: int, size_bytes: float, now_s: float) -> bool:
        """Whether this broker does more than it can sustain."""
        sustained = self.limits.sustained_bytes_per_s
        return sustained < NEVER and _of(self._sustained, broker, sustained).record(size_bytes, now_s) > 0


def _of(quotas: dict[int, RateQuota], broker: int, rate_per_s: float) -> RateQuota:
    quota = quotas.get(broker)
    if quota is None:
        quota = quotas[broker] = RateQuota(rate_per_s)
    return quota


class ClusterQuotas:
    """All quotas of a cluster: bytes in and out, and requests (share of a request thread of each client, calls a second of all)."""

    def __init__(self, into: ServiceLimits, out: ServiceLimits, requests_per_s: float = NEVER) -> None:
        self.into, self.out = Direction(into), Direction(out)
        self._requests = RateQuota(requests_per_s) if requests_per_s < NEVER else None
        self._percentages: dict[tuple[str, int], RateQuota] = {}

    def set_percentage(self, client: str, brokers: Iterable[int], percentage: float) -> None:
        """request_percentage of a client, which holds at each broker by itself; it throttles for 1 s at most at a time."""
        for number in brokers:
            self._percentages[client, number] = RateQuota(percentage / 100, WINDOW_S)

    def record(self, direction: Direction, client: str, broker: int, by_partition: Iterable[tuple[Partition, float]], cpu_s: float, now_s: float) -> float:
        """A request went through; for how long its client is to wait."""
        throttle_s = direction.record(client, broker, by_partition, now_s)
        own = self._percentages.get((client, broker))
        if own is not None and (percentage_s := own.record(cpu_s, now_s)) > throttle_s:
            throttle_s = percentage_s
            direction.note(percentage_s, "request_percentage", client, now_s)
        if self._requests is not None and (requests_s := self._requests.record(1, now_s)) > throttle_s:
            throttle_s = requests_s
            direction.note(requests_s, "requests", client, now_s)
        return throttle_s
