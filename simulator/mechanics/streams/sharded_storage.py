"""A stream's shards and what happens to them: writes, retention, subscriptions of consumers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.engine.message import Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.streams.cohort_shards import StreamCohorts
from simulator.mechanics.streams.record_producer import RecordProducer, partition_key_of, producer_settings
from simulator.mechanics.streams.shard_reading import StreamConsumer, Subscription
from simulator.mechanics.streams.shards import Shard, ShardLimits, ShardMap, even_ranges
from simulator.vocabulary import Direction

if TYPE_CHECKING:
    from simulator.engine.network import Network
    from simulator.vocabulary import ParameterSet

CLOCK_S = 1e-6
"""What rounding may take from a time that was booked as a sum and is looked at as a difference."""
CHUNK_BYTES = 25_000
"""A PUT payload unit."""


class ShardedStorage(Node):
    """A node that stores records in shards. The service declares it and adds what it charges for."""

    retention_s: float

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.records_in = self.bytes_in = self.payload_units = self.throttled_records = 0
        self.calls = self.throttled_calls = self.records_out = self.bytes_out = self.expired = 0
        self.pushed_records = self.pushed_bytes = 0
        self.puts_succeeded = self.put_records_succeeded = 0
        self.put_records_total = self.put_records_done = self.put_records_throttled = 0
        self.put_latencies, self.get_latencies = Spread(), Spread()
        self.shards: list[Shard] = []
        self.subscriptions: list[Subscription] = []
        self.producers: dict[str, RecordProducer] = {}
        self._retention_booked = False
        self._fan_out_bytes_per_s = 2e6
        self._settings: dict[str, Any] = {}
        self._keys = self.stream("partition keys")
        self.cohorts: StreamCohorts | None = None
        self.cohort_station: StreamCohorts | None = None
        self.producer_modes: dict[str, str] = {}
        self.is_unavailable = False
        self.down_shard: int | None = None
        """The number of a shard that takes no records."""
        self.refused_by_down_shard = 0
        """Of the refusals that are told next (`note_puts`): those by it."""
        self.refused_cause = self.cause("write_throughput", "The shard takes no more records or bytes a second", Culprit(id, "shard_count"))

    # -- shards -----------------------------------------------------------------------------------------------------

    def shard_limits(self) -> ShardLimits:
        """What each shard takes and gives."""
        raise NotImplementedError

    def needs_singles(self) -> str | None:
        return "Each of its records goes to the shard of its own key."

    def make_shards(self, count: int) -> None:
        """The shards of the start, with even ranges of hash keys."""
        for low, high in even_ranges(count):
            self.add_shard(low, high)
        self.map = ShardMap(self.shards)

    def add_shard(self, low: int, high: int, parents: Sequence[Shard] = ()) -> Shard:
        """A new shard, with a reader for each consumer."""
        shard = Shard(self, len(self.shards), low, high, self.shard_limits(), self.agenda.now, parents)
        self.shards.append(shard)
        if self.cohorts is not None:
            return shard
        for subscription in self.subscriptions:
            subscription.add(shard)
        return shard

    def shard_of(self, partition_key: str, explicit_hash_key: int | None) -> Shard:
        """The open shard that a record goes to now."""
        return self.map.of_key(partition_key) if explicit_hash_key is None else self.map.of_hash(explicit_hash_key)

    def wire_cut(self, wire: Wire) -> None:
        for subscription in self.subscriptions:
            if subscription.wire is wire:
                subscription.enable(bool(getattr(subscription.settings, "enabled", True)))

    # -- writing ----------------------------------------------------------------------------------------------------

    def start_producers(self, limits: tuple[float, float]) -> None:
        """A client for each wire whose sender is an application."""
        for wire in self.wires_in["in"]:
            self._settings[wire.id] = producer_settings(wire)
            mode = self.producer_modes[wire.id] = self.producer_mode(wire)
            if mode != "service" and self.cohorts is None:
                self.producers[wire.id] = RecordProducer(self, self, wire, mode, limits)

    @staticmethod
    def producer_mode(wire: Wire) -> str:
        """How the sender at this wire puts records: what it says, or else as an application if all it does is to send."""
        mode = producer_settings(wire).producer
        if mode is None:
            sends_only = all(port.direction is Direction.OUT for port in wire.source.ports)
            mode = "put_record" if sends_only else "service"
        return str(mode)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        if message.size_bytes > self.parameters.max_record_size_kib * 1024:
            return Refusal(Outcome.REJECTED, "too_large", "Record larger than the stream's maximum", retryable=False)
        if self.cohorts is not None:
            self.entered += message.count
            self.cohorts.offer(message, wire)
            return None
        producer = self.producers.get(wire.id)
        if producer is None:
            return self._put(message, wire)
        self.entered += message.count
        while message.count > 1:
            producer.offer(message.split(1))
        producer.offer(message)
        return None

    def _put(self, message: Message, wire: Wire) -> Refusal | None:
        """PutRecord by a service: written at once, or refused."""
        settings = self._settings[wire.id]
        explicit = None if settings.explicit_hash_key is None else int(settings.explicit_hash_key)
        shard = self.shard_of(partition_key_of(message, settings, self._keys), explicit)
        limit = self.write([message], shard)
        self.note_put(True, 1, int(limit is not None), message.size_bytes * message.count, settings.put_latency.expected_s())
        if limit == "internal":
            return Refusal(Outcome.FAILED, "internal", "InternalFailure of the stream")
        if limit is not None:
            return Refusal(Outcome.THROTTLED, "write_throughput", "ProvisionedThroughputExceededException: the shard takes no more")
        self.entered += message.count
        return None

    def write(self, messages: Sequence[Message], shard: Shard) -> str | None:
        """Write one record into ``shard``; the name of the limit that refuses it."""
        now_s = self.agenda._now
        size_bytes = sum(message.size_bytes * message.count for message in messages)
        limit = shard.admit(size_bytes, now_s)
        if limit is not None:
            shard.throttled += 1
            self.throttled_records += 1
            return limit
        shard.records_in += 1
        shard.bytes_in += size_bytes
        self.records_in += 1
        self.bytes_in += size_bytes
        self.payload_units += max(1, math.ceil(size_bytes / CHUNK_BYTES))
        shard.log.append(messages, now_s)
        if not self._retention_booked:
            self._book_retention()
        return None

    def note_put(self, single: bool, records: int, throttled: int, size_bytes: int, latency_s: float) -> None:
        """A call of PutRecord (``single``) or PutRecords was answered."""
        self.put_latencies.add(latency_s)
        if single:
            self.puts_succeeded += not throttled
            return
        self.put_records_succeeded += throttled < records
        self.put_records_total += records
        self.put_records_done += records - throttled
        self.put_records_throttled += throttled

    # -- in cohorts -------------------------------------------------------------------------------------------------

    def start_cohorts(self) -> StreamCohorts:
        """Take cohorts from now on, instead of single records; a consumer that starts earlier asks for it."""
        if self.cohorts is None:
            self.cohorts = self.cohort_station = StreamCohorts(self, self.network.tick_s)
            self.cohorts.start()
        return self.cohorts

    def note_puts(self, single: bool, calls: int, records: int, throttled: int, size_bytes: int, latency_s: float) -> None:
        """So many calls of PutRecord (``single``) or PutRecords were answered, with so many records in all; ``size_bytes`` is that of one."""
        if not self.is_unavailable:
            self.throttled_records += throttled
        self.put_latencies.add(latency_s, calls)
        if single:
            self.puts_succeeded += records - throttled
            return
        self.put_records_succeeded += calls if throttled < records else 0
        self.put_records_total += records
        self.put_records_done += records - throttled
        self.put_records_throttled += throttled

    def note_written(self, message: Message, records: int) -> None:
        """So many records like this one were written."""
        self.records_in += records
        self.bytes_in += records * message.size_bytes
        self.payload_units += records * max(1, math.ceil(message.size_bytes / CHUNK_BYTES))

    def note_calls(self, calls: int, throttled: int, records: int, size_bytes: int, latency_s: float) -> None:
        """So many GetRecords calls were made, which brought so many records."""
        self.calls += calls
        self.throttled_calls += throttled
        self.records_out += records
        self.bytes_out += size_bytes
        if calls > throttled:
            self.get_latencies.add(latency_s, calls - throttled)

    def note_pushes(self, records: int, size_bytes: int) -> None:
        """So many records were pushed by enhanced fan-out."""
        self.pushed_records += records
        self.pushed_bytes += size_bytes

    def read_bytes_per_s(self) -> float:
        """Bytes a second that a shard gives to all consumers that poll, and to each with enhanced fan-out."""
        return self.shard_limits().read_bytes_per_s

    # -- retention --------------------------------------------------------------------------------------------------

    def _book_retention(self) -> None:
        oldest = [time_s for shard in self.shards if (time_s := shard.log.oldest_s()) is not None]
        if oldest:
            self._retention_booked = True
            self.agenda.at(max(self.agenda._now, min(oldest) + self.retention_s), self._retention_over)

    def _retention_over(self, _: Any) -> None:
        self._retention_booked = False
        before_s = self.agenda._now - self.retention_s + CLOCK_S
        for shard in self.shards:
            self.expired += shard.log.expire(before_s)
        for subscription in self.subscriptions:
            for feed in list(subscription.feeds.values()):
                subscription.settled(feed)
        self._book_retention()

    def is_expired(self, token: Message) -> bool:
        """Whether the record of this token can be read no more."""
        return bool(token.sent_s + self.retention_s <= self.agenda._now)

    # -- reading ----------------------------------------------------------------------------------------------------

    def subscribe(self, wire: Wire, consumer: StreamConsumer) -> Subscription:
        """Register a consumer, with a reader at each shard."""
        subscription = Subscription(self, wire, consumer, self._fan_out_bytes_per_s)
        self.subscriptions.append(subscription)
        for shard in self.shards:
            subscription.add(shard)
        return subscription

    def note_call(self, throttled: bool, tokens: list[Message], latency_s: float) -> None:
        """A GetRecords call was made."""
        self.calls += 1
        if throttled:
            self.throttled_calls += 1
            return
        self.get_latencies.add(latency_s)
        if tokens:
            self.records_out += tokens[-1].position - tokens[0].position + 1
            self.bytes_out += sum(token.size_bytes * token.count for token in tokens)

    def note_push(self, tokens: list[Message]) -> None:
        """Records were pushed to a consumer with enhanced fan-out."""
        if tokens:
            self.pushed_records += tokens[-1].position - tokens[0].position + 1
            self.pushed_bytes += sum(token.size_bytes * token.count for token in tokens)

    def drop_expired(self, subscription: Subscription, tokens: list[Message]) -> list[Message]:
        """Of what a consumer has read and cannot get rid of: what retention takes is lost; the rest."""
        if not tokens or not self.is_expired(tokens[0]):
            return tokens
        gone = [token for token in tokens if self.is_expired(token)]
        self.give_up(subscription, gone, "retention", "Retention period ran out")
        return [token for token in tokens if token not in gone]

    def give_up(self, subscription: Subscription, tokens: Sequence[Message], name: str, title: str) -> None:
        """A consumer does not process these: they are lost, for this reason."""
        for token in self._settle(subscription, tokens):
            if name == "retention":
                self.expired += token.count
            self.lose(token, name, title)

    def skip(self, subscription: Subscription, tokens: Sequence[Message], end: str) -> None:
        """A consumer is done with these without processing them: filtered out, or before its starting position."""
        for token in self._settle(subscription, tokens):
            self.finish(token, end)

    @staticmethod
    def _settle(subscription: Subscription, tokens: Sequence[Message]) -> list[Message]:
        if not tokens:
            return []
        settled: list[Message] = tokens[0].source.discard(tokens)
        subscription.wire.settle(sum(token.count for token in tokens), 0)
        return settled

    # -- what is there ----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        if self.cohorts is not None:
            return self.cohorts.holding()
        return sum(shard.log.holding() for shard in self.shards) + sum(producer.holding() for producer in self.producers.values())

    def backlog(self) -> float:
        """Records that wait for a consumer that is held up, and what producers could not write."""
        if self.cohorts is not None:
            return sum(reader.waiting() for reader in self.cohorts.readers)
        waiting = sum(feed.backlog() for subscription in self.subscriptions for feed in subscription.feeds.values())
        return waiting + sum(producer.waiting() for producer in self.producers.values())

    def iterator_age_s(self) -> float:
        """Greatest iterator age of the consumers that poll."""
        return self._age_s(False)

    def behind_latest_s(self) -> float:
        """How far behind the consumers with enhanced fan-out are, at most."""
        return self._age_s(True)

    def _age_s(self, fan_out: bool) -> float:
        now_s = self.agenda._now
        if self.cohorts is not None:
            return max((reader.age_s() for reader in self.cohorts.readers if reader.pushed is fan_out), default=0.0)
        return max((entry.age_s(now_s) for entry in self.subscriptions if bool(entry.settings.enhanced_fan_out) is fan_out), default=0.0)

    def consumer_behind(self, wire: Wire) -> tuple[float, float] | None:
        if self.cohorts is not None:
            reader = next((entry for entry in self.cohorts.readers if entry.wire is wire), None)
            return None if reader is None else (reader.unread(), reader.age_s())
        subscription = next((entry for entry in self.subscriptions if entry.wire is wire), None)
        if subscription is None:
            return None
        return sum(feed.reader.unread for feed in subscription.feeds.values()), subscription.age_s(self.agenda._now)

    def unread(self) -> int:
        """Messages that the consumer furthest behind has not processed."""
        if self.cohorts is not None:
            return max((reader.unread() for reader in self.cohorts.readers), default=self.cohorts.holding())
        return max((sum(feed.reader.holding() for feed in entry.feeds.values()) for entry in self.subscriptions), default=sum(shard.log.holding() for shard in self.shards))

    def waiting_to_write(self) -> int:
        """Messages that producers hold because their records were refused."""
        return sum(producer.waiting() for producer in self.producers.values())


def spend_until(tokens: Sequence[Message], cause: Any, now_s: float) -> None:
    """Book the time since each token's latest leg to ``cause``."""
    for token in tokens:
        from_s = token.legs[3] if token.legs is not None else token.received_s
        if now_s > from_s:
            spend(token, cause, from_s, now_s)
