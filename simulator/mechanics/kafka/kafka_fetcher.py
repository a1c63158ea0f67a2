"""The fetching half of a Kafka consumer: one request at a time to each broker, for the partitions of which it has nothing left.

A fetch that finds nothing waits at the broker. What comes is kept until it is polled; meanwhile the next fetch is under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from simulator.engine.message import Message, spend
from simulator.mechanics.kafka.kafka_reading import GroupReading, PartitionSlot

RETRY_S = 0.1
"""Pause before a client looks again for a leader (retry.backoff.ms)."""


class Fetcher:
    """Fetches for one consumer; ``arrived`` is called when something came while it waited for records."""

    def __init__(self, reading: GroupReading, latency_s: Callable[[], float], arrived: Callable[[], None], waits: Callable[[], bool]) -> None:
        self.reading = reading
        self.settings = reading.wire.parameters
        self.cluster: Any = reading.cluster
        self.agenda = reading.cluster.agenda
        self.slots: list[PartitionSlot] = []
        self.ready: deque[PartitionSlot] = deque()
        """Partitions of which something was fetched, in the order in which it came."""
        self.stopped = False
        self._latency_s = latency_s
        self._arrived = arrived
        self._waits = waits
        self._busy: set[int] = set()
        """Brokers that a request is under way to."""
        self._held: dict[int, int] = {}
        """Brokers at which a request waits for more, with its number."""
        self._numbers = 0
        self._mute_s: dict[int, float] = {}
        self._retry_booked = False

    def assign(self, slots: list[PartitionSlot]) -> None:
        """These partitions are this consumer's."""
        for slot in slots:
            slot.assign(self)
        self.slots.extend(slots)
        self.fetch()

    def release(self, slots: list[PartitionSlot], cause: Any) -> None:
        """These are its own no more; those that others have already are left to them."""
        for slot in slots:
            if slot in self.slots:
                self.slots.remove(slot)
            if slot in self.ready:
                self.ready.remove(slot)
            if slot.owner is self:
                slot.release(cause)

    def take(self, limit: int) -> list[tuple[PartitionSlot, list[Message]]]:
        """Up to so many of the records that have come, partition by partition; and fetch on."""
        taken: list[tuple[PartitionSlot, list[Message]]] = []
        left = limit
        while self.ready and left:
            slot = self.ready[0]
            tokens = [slot.buffer.popleft() for _ in range(min(left, len(slot.buffer)))]
            left -= len(tokens)
            if not slot.buffer:
                self.ready.popleft()
            taken.append((slot, tokens))
        self.fetch()
        return taken

    def fetch_soon(self) -> None:
        """A leader was found, or a request had no answer: look again in a moment."""
        if not self._retry_booked:
            self._retry_booked = True
            self.agenda.at(self.agenda._now + RETRY_S, self._retry)

    def _retry(self, _: None) -> None:
        self._retry_booked = False
        self.fetch()

    # -- fetching ---------------------------------------------------------------------------------------------------

    def fetch(self) -> None:
        """Ask each broker for the partitions it leads of which nothing is left."""
        if self.stopped or self.reading.wire.cut:
            return
        by_leader: dict[int, list[PartitionSlot]] = {}
        for slot in self.slots:
            if slot.owner is self and not slot.fetching and not slot.buffer and not slot.is_dead:
                slot.find_gap()
                leader = slot.partition.leader
                if leader is None:
                    slot.bind(self.reading.causes.no_leader)
                elif leader not in self._busy and not slot.is_dead:
                    by_leader.setdefault(leader, []).append(slot)
        for broker, slots in by_leader.items():
            self._ask(broker, slots)

    def _ask(self, broker: int, slots: list[PartitionSlot]) -> None:
        mute_s = self._mute_s.get(broker, 0.0)
        if mute_s > self.agenda._now:
            for slot in slots:
                slot.bind(self.reading.causes.throttled)
            self._busy.add(broker)
            self.agenda.at(mute_s, self._unmuted, broker)
            return
        if self._enough(slots):
            self._send(broker, slots)
        else:
            self._wait(broker, slots)

    def _unmuted(self, broker: int) -> None:
        self._busy.discard(broker)
        self.fetch()

    def _enough(self, slots: list[PartitionSlot]) -> bool:
        """Whether there is as much as a fetch waits for, judged by the mean size of records."""
        least = self.settings.fetch_min_bytes
        if least <= 1:
            return any(slot.reader.unread for slot in slots)
        return bool(sum(slot.reader.unread * slot.partition.written_bytes / max(1, slot.partition.log.written) for slot in slots) >= least)

    def _wait(self, broker: int, slots: list[PartitionSlot]) -> None:
        """Nothing there: the request waits at the broker for the next record, or for enough of them."""
        wake = lambda: self._woken(broker)  # noqa: E731 - the same for all partitions
        for slot in slots:
            slot.reader.wait(wake)
        if broker not in self._held and any(slot.reader.unread for slot in slots):
            self._numbers += 1
            self._held[broker] = self._numbers
            self.agenda.at(self.agenda._now + self.settings.fetch_max_wait_s, self._waited, (broker, self._numbers))

    def _woken(self, broker: int) -> None:
        if self.stopped or self.reading.wire.cut or broker in self._busy:
            return
        slots = self._fetchable(broker)
        if not slots:
            return
        if self._enough(slots):
            self._send(broker, slots)
        else:
            self._wait(broker, slots)

    def _fetchable(self, broker: int) -> list[PartitionSlot]:
        return [slot for slot in self.slots if slot.owner is self and slot.partition.leader == broker and not slot.fetching and not slot.buffer and not slot.is_dead]

    def _waited(self, waited: tuple[int, int]) -> None:
        """fetch.max.wait is over: whatever is there comes."""
        broker, number = waited
        if self._held.get(broker) == number and not self.stopped:
            if self.reading.wire.cut:
                del self._held[broker]
                return
            self._send(broker, self._fetchable(broker))

    def _send(self, broker: int, slots: list[PartitionSlot]) -> None:
        settings = self.settings
        wants = [(slot.partition, slot.reader, settings.max_partition_fetch_bytes, 2**31) for slot in slots]
        self._held.pop(broker, None)
        if not wants:
            return
        answer = self.cluster.fetch(broker, wants, settings.fetch_max_bytes, self.reading.wire.id)
        if answer is None:
            self.fetch_soon()
            return
        for slot in slots:
            slot.expected = slot.reader.position
        now_s = self.agenda._now
        arrives_s = answer.leaves_s + self._latency_s() + self._latency_s()
        self._mute_s[broker] = arrives_s + answer.throttle_s
        self.reading.wire.depart(sum(token.count for token in answer.tokens))
        by_reader = {slot.reader: slot for slot in slots}
        brought: dict[PartitionSlot, list[Message]] = {}
        for token in answer.tokens:
            spend(token, self.reading.causes.fetch, now_s, arrives_s)
            token.received_s = arrives_s
            brought.setdefault(by_reader[token.source], []).append(token)
        for slot in brought:
            slot.fetching = True
        self._busy.add(broker)
        self.agenda.at(arrives_s, self._came, (broker, [(slot, slot.generation, tokens) for slot, tokens in brought.items()]))

    def _came(self, answer: tuple[int, list[tuple[PartitionSlot, int, list[Message]]]]) -> None:
        broker, brought = answer
        self._busy.discard(broker)
        for slot, generation, tokens in brought:
            if slot.generation == generation and slot.owner is self:
                slot.fetching = False
                slot.buffer.extend(tokens)
                self.ready.append(slot)
                if slot.reader.unread:
                    slot.bind(self.reading.causes.busy)
                elif not slot.held_up:
                    slot.bind(self.reading.causes.fetching)
        if self.ready and self._waits():
            self._arrived()
        else:
            self.fetch()
