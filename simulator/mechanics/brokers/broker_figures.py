"""What a broker shows of itself, computed when it is read: space, processor, clients and messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator.engine.node import Node

if TYPE_CHECKING:
    from simulator.engine.limits import Limit
    from simulator.engine.wire import Wire
    from simulator.measures import Gauge
    from simulator.mechanics.brokers.broker_destination import BrokerQueue, Subscription
    from simulator.mechanics.brokers.broker_producers import Producers
    from simulator.mechanics.brokers.broker_storage import BrokerStorage
    from simulator.mechanics.brokers.broker_topic import Topic


class BrokerFigures(Node):
    """The part of a broker that computes figures; mixed into the broker, whose parts it reads."""

    if TYPE_CHECKING:
        storage: BrokerStorage
        connected: Limit
        queue_size: Gauge
        dead_letter_size: Gauge
        is_up: bool
        _heap_bytes: float
        _cpu_s: float
        _cpu_free_s: float
        _cpu_booked: list[tuple[float, float]]
        _subscribed: Mapping[Subscription, BrokerQueue]
        _producers: Mapping[Wire, Producers]
        _topics: Mapping[str, Topic]

        def _all_queues(self) -> list[BrokerQueue]: ...

    def memory_usage(self) -> float:
        """Share of its memory limit that the fullest queue uses."""
        memory = self.storage.memory
        own = [queue.memory_bytes / queue.memory_limit_bytes for queue in self._all_queues() if queue.memory_limit_bytes]
        return max([*own, memory.value / (memory.limit or 1)])

    def heap_usage(self) -> float:
        """Share of the JVM's heap that messages take."""
        return float(self.storage.memory.value / self._heap_bytes)

    def store_usage(self) -> float:
        """Share of the message store that is used."""
        used = self.storage.journal.used
        return used.value / (used.limit or 1)

    def temp_usage(self) -> float:
        """Share of the temporary store that is used."""
        return self.storage.temp.value / (self.storage.temp.limit or 1)

    def cpu_utilization(self) -> float:
        """Share of the vCPUs' time that was used in the last minute."""
        now_s = self.agenda._now
        done_s = self._cpu_s - max(0.0, self._cpu_free_s - now_s)
        booked = self._cpu_booked
        if not booked or now_s > booked[-1][0]:
            booked.append((now_s, done_s))
        while len(booked) > 1 and booked[1][0] <= now_s - 60:
            booked.pop(0)
        from_s, before_s = booked[0] if booked[0][0] < now_s else (0.0, 0.0)
        return max(0.0, done_s - before_s) / (now_s - from_s) if now_s > from_s else 0.0

    def connections(self) -> float:
        """Connections of producers and consumers."""
        return self.connected.value

    def total_messages(self) -> float:
        """Messages on the broker."""
        return self.queue_size.value + self.dead_letter_size.value

    def total_consumers(self) -> int:
        """Consumers that are subscribed."""
        return len(self._subscribed)

    def total_producers(self) -> int:
        """Producers that are connected."""
        return sum(producers.allowed for producers in self._producers.values()) if self.is_up else 0

    def journal_files(self) -> int:
        """Files of the journal."""
        return len(self.storage.journal)

    def inactive_subscribers(self) -> int:
        """Durable subscribers that are not connected."""
        return sum(not queue.subscriptions for topic in self._topics.values() for queue in topic.durable)

    def blocked_sends(self) -> int:
        """Sends that wait for space."""
        return sum(producers.blocked for producers in self._producers.values())

    def waiting_sends(self) -> int:
        """Messages that applications have not sent yet."""
        return sum(len(producers.waiting) for producers in self._producers.values())

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        """Of each queue, and of what is kept for each subscriber of a topic: what waits, and what consumers have."""
        counts: dict[str, dict[str, float]] = {}
        for queue in self._all_queues():
            waiting = len(queue.waiting)
            told = counts.setdefault(queue.name, {"waiting": 0, "dispatched": 0})
            told["waiting"] += waiting
            told["dispatched"] += queue.count() - waiting
        return counts

    def slow_consumers(self) -> int:
        """Consumers whose prefetch is full while messages wait."""
        return sum(not subscription.has_room() for queue in self._all_queues() if queue.waiting for subscription in queue.subscriptions)
