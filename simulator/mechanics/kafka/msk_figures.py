"""What a cluster shows of itself: how busy its brokers are, what is stored, which partitions are not in order. Looked at once a slice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from simulator.measures import Gauge
from simulator.mechanics.kafka.kafka_partition import Partition

if TYPE_CHECKING:
    from simulator.mechanics.kafka.kafka_broker import Broker

GROWTH_S = 30.0
"""Over so long it is seen how fast volumes fill."""
LINES = ("cpu", "disk", "outgoing", "incoming")


class ClusterFigures:
    """The figures of the brokers, of the last slice."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.cpu = cluster.limit("cpu", "Processors of the busiest broker", 1.0, cluster.size_parameter(), "share")
        self.disk = cluster.limit("disk", "Disk throughput of the busiest broker", 1.0, cluster.disk_parameter(), "share")
        self.network = cluster.limit("network", "Network of the busiest broker", 1.0, cluster.size_parameter(), "share")
        self.storage = cluster.limit("storage", "Fullest volume", 1.0, "ebs_volume_size_gib", "share")
        self.handler_idle = Gauge(1.0)
        self.stored_bytes = Gauge()
        self.provisioned_gib = Gauge()
        self.under_replicated, self.under_min_isr, self.offline = Gauge(), Gauge(), Gauge()
        self.connections = Gauge()
        self.hottest: Partition | None = None
        self.offline_looks = 0
        """How often a partition was seen without a leader."""
        self.hottest_share = 0.0
        """Share of all that was written that went to the hottest partition."""
        self.fills_in_s = math.inf
        """When the first volume is full, if it goes on so."""
        self._seen: dict[tuple[int, str], float] = {}
        self._stored: dict[int, float] = {}
        self._stored_s = 0.0
        self._looked_s = 0.0

    def look(self, now_s: float) -> None:
        """Bring the figures up to date."""
        elapsed_s = now_s - self._looked_s
        self._count_partitions(now_s)
        if elapsed_s <= 0:
            return
        self._looked_s = now_s
        busiest = dict.fromkeys(LINES, 0.0)
        for broker in self.cluster.brokers.values():
            for name in LINES:
                busiest[name] = max(busiest[name], self._busy_share(broker, name, now_s, elapsed_s))
        if now_s >= self._stored_s + GROWTH_S:
            self._foresee(now_s)
        self.cpu.set(busiest["cpu"], now_s)
        self.disk.set(busiest["disk"], now_s)
        self.network.set(max(busiest["outgoing"], busiest["incoming"]), now_s)
        self.handler_idle.set(1 - max(busiest["cpu"], busiest["disk"] if busiest["disk"] >= 1 else 0.0), now_s)
        self.storage.set(max(broker.stored_bytes / broker.disk_bytes for broker in self.cluster.brokers.values()), now_s)
        self.connections.set(sum(broker.connections for broker in self.cluster.brokers.values()), now_s)
        self._rate_partitions(elapsed_s)

    def _foresee(self, now_s: float) -> None:
        """When the first volume is full at the pace of the last half minute; never if retention deletes before."""
        kept_s = max((math.inf if partition.topic.retention_s is None else partition.topic.retention_s for partition in self.cluster.partitions), default=0.0)
        fills_in_s = math.inf
        for broker in self.cluster.brokers.values():
            grown = broker.stored_bytes - self._stored.get(broker.number, broker.stored_bytes)
            self._stored[broker.number] = broker.stored_bytes
            if grown > 0 and broker.is_up:
                fills_in_s = min(fills_in_s, (broker.disk_bytes - broker.stored_bytes) / grown * (now_s - self._stored_s))
        self._stored_s = now_s
        self.fills_in_s = fills_in_s if fills_in_s < kept_s else math.inf

    def _busy_share(self, broker: Broker, name: str, now_s: float, elapsed_s: float) -> float:
        busy_s = getattr(broker, name).busy_s(now_s)
        key = (broker.number, name)
        share = (busy_s - self._seen.get(key, 0.0)) / elapsed_s
        self._seen[key] = busy_s
        return float(min(1.0, max(0.0, share)))

    def _count_partitions(self, now_s: float) -> None:
        partitions: list[Partition] = self.cluster.partitions
        brokers = self.cluster.brokers
        down = {number for number, broker in brokers.items() if not broker.is_up}
        self.under_replicated.set(sum(partition.is_under_replicated or any(broker in down for broker in partition.isr) for partition in partitions), now_s)
        self.under_min_isr.set(sum(partition.is_under_min_isr for partition in partitions), now_s)
        self.offline.set(sum(partition.leader is None for partition in partitions), now_s)
        self.offline_looks += self.offline.value > 0
        self.stored_bytes.set(sum(partition.stored_bytes for partition in partitions), now_s)
        self.provisioned_gib.set(sum(broker.disk_bytes for broker in brokers.values()) / 1024**3, now_s)

    def _rate_partitions(self, elapsed_s: float) -> None:
        hottest, total = None, 0.0
        for partition in self.cluster.partitions:
            written = partition.log.ever_written
            partition.records_per_s = rate = (written - partition.seen_records) / elapsed_s
            partition.seen_records = written
            total += rate
            if hottest is None or rate > hottest.records_per_s:
                hottest = partition
        if hottest is not None and total:
            self.hottest = hottest
            self.hottest_share = hottest.records_per_s / total
