"""The disks of a cluster: retention deletes segments, volumes grow by themselves if they may, and a broker whose disk is full stops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from simulator.engine.agenda import Agenda
from simulator.mechanics.kafka.kafka_broker import Broker
from simulator.mechanics.kafka.kafka_operations import BrokerOperations
from simulator.mechanics.kafka.kafka_topics import GIB

if TYPE_CHECKING:
    from simulator.mechanics.kafka.kafka_partition import Partition

FULL = "disk"
GROWTH_SHARE, LEAST_GROWTH_BYTES = 0.1, 10 * GIB
"""Storage auto-scaling adds a tenth, 10 GiB at least."""


@dataclass(slots=True)
class StorageSettings:
    """How storage is kept. ``target_share`` None: volumes do not grow by themselves."""

    retention_check_s: float
    target_share: float | None
    most_bytes: float
    pause_s: float
    """Between two growths of a volume."""


class StoringCluster(Protocol):
    """The cluster, as its storage sees it."""

    agenda: Agenda
    brokers: dict[int, Broker]
    partitions: list[Partition]
    expired: int

    def log(self, level: str, text: str) -> None:
        """Write a line into the run's event log."""


class ClusterStorage:
    """Looks after the disks of all brokers."""

    def __init__(self, cluster: StoringCluster, operations: BrokerOperations, settings: StorageSettings) -> None:
        self.cluster = cluster
        self.operations = operations
        self.settings = settings
        self.growths = 0
        self._grown_s = -math.inf
        self._checking: set[int] = set()
        self._booked = False

    def start(self) -> None:
        """Begin to look at retention, at its interval."""
        for broker in self.cluster.brokers.values():
            self._watch(broker)
        self.cluster.agenda.at(self.cluster.agenda._now + self.settings.retention_check_s, self._retention)

    def _watch(self, broker: Broker) -> None:
        target = self.settings.target_share
        grows = target is not None and broker.disk_bytes < self.settings.most_bytes
        broker.watch_bytes = broker.disk_bytes * (target if grows and target is not None else 1.0)

    def _retention(self, _: None) -> None:
        now_s = self.cluster.agenda._now
        for partition in self.cluster.partitions:
            freed_bytes, lost = partition.delete_old(now_s)
            self.cluster.expired += lost
            for replica in partition.replicas if freed_bytes else ():
                deleted = min(freed_bytes, replica.stored_bytes)
                replica.stored_bytes -= deleted
                replica.behind_bytes = max(0.0, replica.behind_bytes - (freed_bytes - deleted))
                self.cluster.brokers[replica.broker].stored_bytes -= deleted
        self.cluster.agenda.at(now_s + self.settings.retention_check_s, self._retention)

    def reached(self, broker: Broker) -> None:
        """A broker stores as much as is looked at: its volume grows, or is full."""
        if broker.number not in self._checking:
            self._checking.add(broker.number)
            self.cluster.agenda.at(self.cluster.agenda._now, self._check, broker)

    def _wants_growth(self, broker: Broker) -> bool:
        target = self.settings.target_share
        return target is not None and broker.stored_bytes >= target * broker.disk_bytes and broker.disk_bytes < self.settings.most_bytes

    def _check(self, broker: Broker) -> None:
        self._checking.discard(broker.number)
        now_s = self.cluster.agenda._now
        if self._wants_growth(broker):
            if now_s >= self._grown_s + self.settings.pause_s:
                self._grow(now_s)
            else:
                self._grow_later()
                broker.watch_bytes = broker.disk_bytes
        if broker.stored_bytes >= broker.disk_bytes and not broker.is_full:
            broker.is_full = True
            broker.watch_bytes = math.inf
            self.cluster.log("error", f"The disk of broker {broker.number} is full: it stops")
            self.operations.hold(broker.number, FULL)

    def _grow_later(self) -> None:
        if not self._booked:
            self._booked = True
            self.cluster.agenda.at(self._grown_s + self.settings.pause_s, self._pause_over)

    def _pause_over(self, _: None) -> None:
        self._booked = False
        if any(self._wants_growth(broker) for broker in self.cluster.brokers.values()):
            self._grow(self.cluster.agenda._now)

    def _grow(self, now_s: float) -> None:
        """The volumes of all brokers grow together."""
        self._grown_s = now_s
        first = next(iter(self.cluster.brokers.values()))
        self.resize(min(first.disk_bytes + max(LEAST_GROWTH_BYTES, GROWTH_SHARE * first.disk_bytes), self.settings.most_bytes))

    def resize(self, disk_bytes: float) -> None:
        """All volumes have so many bytes now; brokers whose disk was full start again."""
        self.growths += 1
        self.cluster.log("info", f"Volumes grow to {disk_bytes / GIB:,.0f} GiB")
        for broker in self.cluster.brokers.values():
            broker.disk_bytes = disk_bytes
            self._watch(broker)
            if broker.is_full and broker.stored_bytes < disk_bytes:
                broker.is_full = False
                self.operations.release(broker.number, FULL)
