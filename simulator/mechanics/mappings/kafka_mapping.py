"""The event source mapping of a Kafka topic: pollers read its partitions and invoke a function with batches, in order for each partition.

A poller works on several partitions, with five batches at once and 5 MB a second at most; there are as many pollers as the lag asks for, never
more than partitions. Batches fail, are retried, cut and given up as those of streams are; most of that only in provisioned mode.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import value_record_of
from simulator.measures import Gauge, Spread
from simulator.mechanics.functions.batch_payload import SYNCHRONOUS_BYTES
from simulator.mechanics.kafka.consumer_group import GroupSettings
from simulator.mechanics.kafka.kafka_fetcher import Fetcher
from simulator.mechanics.kafka.kafka_reading import GroupReading, PartitionSlot
from simulator.mechanics.mappings.stream_mapping import Lane, ShardReader, StreamFunction, StreamMapping
from simulator.mechanics.token_bucket import TokenBucket

if TYPE_CHECKING:
    from simulator.mechanics.mappings.stream_mapping import Piece

POLLER_BYTES_PER_S = 5e6
POLLER_BATCHES = 5
UNIT_BYTES_PER_S = 20e6
POLLERS_OF_A_UNIT = 10
RETRIES_WITH_DESTINATION = 10
"""Infinite retries and a destination for what fails become so many."""
RESETS: dict[str, Literal["latest", "earliest"]] = {"LATEST": "latest", "TRIM_HORIZON": "earliest", "AT_TIMESTAMP": "earliest"}
SYNC_S = 0.02


class PartitionFeed:
    """One partition, as a lane sees it."""

    __slots__ = ("mapping", "reader", "slot")

    def __init__(self, mapping: KafkaMapping, slot: PartitionSlot) -> None:
        self.mapping = mapping
        self.slot = slot
        self.reader = slot.reader

    def bind(self, cause: Cause, *, held_up: bool = False) -> None:
        """From now on this is why records wait here."""
        self.slot.held_up = held_up
        self.slot.bind(cause)

    def released(self) -> None:
        """What held the partition up is over."""
        self.slot.held_up = False
        self.slot.bind(self.mapping.busy if self.reader.unread else self.mapping.reading.causes.fetching)

    def resume(self) -> None:
        """There is room for more."""
        self.mapping.drain_soon()


class MappedTopic:
    """The cluster as a mapping of streams sees its stream; the subscription too, of which there is nothing to say."""

    def __init__(self, mapping: KafkaMapping, reading: GroupReading) -> None:
        self.mapping = mapping
        self.reading = reading
        self.enabled = bool(mapping.settings.enabled)

    def cause(self, *arguments: Any, **keywords: Any) -> Cause:
        """A reason for waiting at the cluster."""
        made: Cause = self.reading.cluster.cause(*arguments, **keywords)
        return made

    def skip(self, _: Any, tokens: Sequence[Message], end: str) -> None:
        """The mapping is done with these without processing them."""
        self.reading.skip(tokens, end)

    def give_up(self, _: Any, tokens: Sequence[Message], name: str, title: str) -> None:
        """Nobody processes these: they are lost."""
        self.reading.give_up(tokens, name, title)

    def drop_expired(self, _: Any, tokens: list[Message]) -> list[Message]:
        """What is older than the retention is not tried again."""
        retention_s = self.reading.slots[next(iter(self.reading.slots))].partition.topic.retention_s
        oldest_s = self.reading.cluster.agenda.now - retention_s if retention_s is not None else -math.inf
        if not tokens or tokens[0].sent_s >= oldest_s:
            return tokens
        self.reading.give_up([token for token in tokens if token.sent_s < oldest_s], "retention", "Retention period ran out")
        return [token for token in tokens if token.sent_s >= oldest_s]

    def settled(self, _: Any) -> None:
        """Partitions have no children that wait for their parents."""

    def enable(self, enabled: bool) -> None:
        """Poll, or stop at the present position."""
        self.enabled = enabled
        self.mapping.fetcher.stopped = not enabled
        if enabled:
            self.mapping.begin()


class KafkaLane(Lane):
    """The batches of one partition, one after the other, while its poller has room for one more."""

    def pump(self) -> None:
        mapping: Any = self.mapping
        if not self.working and not self.paused and not mapping.may_invoke(self):
            return
        before = self.working
        super().pump()
        if self.working and not before:
            mapping.busy_lanes[mapping.poller_of(self)] = mapping.busy_lanes.get(mapping.poller_of(self), 0) + 1
            self.poller = mapping.poller_of(self)

    poller: int

    def _done(self, succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool | str) -> None:
        mapping: Any = self.mapping
        mapping.busy_lanes[self.poller] -= 1
        super()._done(succeeded, failed, handler_failed)
        mapping.lane_is_free()

    def _throttled(self, piece: Piece, refusal: Any) -> None:
        mapping: Any = self.mapping
        mapping.throttles_seen += 1
        super()._throttled(piece, refusal)

    def _other_window(self, first: Message, token: Message) -> bool:
        return False


class PartitionReader(ShardReader):
    """What was read of one partition."""

    mapping: Any
    feed: Any

    def make_lanes(self) -> None:
        """One: batches of a partition follow one another."""
        if not self.lanes:
            self.lanes.append(KafkaLane(self))

    def room(self) -> int:
        return int(2 * self.mapping.settings.batch_size) - len(self.lanes[0].waiting)

    def take(self, tokens: list[Message]) -> None:
        mapping = self.mapping
        mapping.polled += sum(token.count for token in tokens)
        if mapping.filter is not None:
            tokens, filtered = mapping.filter.split(tokens)
            mapping.filtered += sum(token.count for token in filtered)
            mapping.reading.skip(filtered, "filtered out")
        overhead_bytes = mapping.settings.record_overhead_bytes
        large = [token for token in tokens if token.size_bytes * 4 / 3 + overhead_bytes > SYNCHRONOUS_BYTES]
        if large:
            mapping.reading.give_up(large, "payload", "Larger than the payload of an invocation, 6 MB")
            tokens = [token for token in tokens if token not in large]
        self.lanes[0].waiting.extend(tokens)
        if not tokens:
            self.settled()
        self.lanes[0].pump()

    def settled(self) -> None:
        """Records were settled: commit."""
        before = self.feed.reader.committed
        self.feed.slot.commit()
        self.mapping.committed += max(0, self.feed.reader.committed - before)
        self.feed.resume()
        if not self.lanes[0].is_held_up:
            self.feed.released()


class KafkaPollers:
    """How many pollers there are, and what those of provisioned mode cost."""

    def __init__(self, settings: Any, partitions: int) -> None:
        self.settings = settings
        self.partitions = partitions
        self.is_provisioned = bool(settings.provisioned_mode)
        self.least = min(settings.minimum_pollers, partitions) if self.is_provisioned else 1
        self.most = min(settings.maximum_pollers, partitions) if self.is_provisioned else partitions
        self.number = self.least
        self._units = Gauge(self.units)

    @property
    def units(self) -> int:
        """Event poller units: of 10 pollers each."""
        return math.ceil(self.number / POLLERS_OF_A_UNIT) if self.is_provisioned else 0

    @property
    def bytes_per_s(self) -> float:
        """What they read in a second."""
        together = self.number * POLLER_BYTES_PER_S
        return min(together, self.units * UNIT_BYTES_PER_S) if self.is_provisioned else together

    def change(self, number: int, now_s: float) -> bool:
        """Let there be so many, within the bounds; whether that is another number."""
        number = max(self.least, min(self.most, number))
        changed = number != self.number
        self.number = number
        self._units.set(self.units, now_s)
        return changed

    def unit_hours(self, now_s: float) -> float:
        """Hours of event poller units so far."""
        return self._units.area(now_s) / 3600


class KafkaMapping(StreamMapping):
    """One mapping between a topic and a function."""

    record_of = staticmethod(value_record_of)
    lane_parameter = "batch_size"
    stream: Any
    subscription: Any
    readers: list[Any]

    def __init__(self, wire: Wire, function: StreamFunction, agenda: Agenda, jitter: Stream, *, has_destination: bool) -> None:
        self.committed = self.throttles_seen = 0
        self.rebalances = 0
        self.busy_lanes: dict[int, int] = {}
        self._waiting_lanes: deque[KafkaLane] = deque()
        self._drain_booked = self._rebalancing = False
        self._of: dict[PartitionSlot, PartitionReader] = {}
        self._order: dict[Lane, int] = {}
        self._last_lag = 0
        super().__init__(wire, function, agenda, Spread(), jitter)
        if has_destination and self.settings.maximum_retry_attempts < 0 and self.settings.provisioned_mode:
            self.most_retries = RETRIES_WITH_DESTINATION

    def subscribe(self) -> Any:
        """Read the topic as a consumer group of its own."""
        wire, settings = self.wire, self.settings
        self.reading = GroupReading(wire, (settings.topic,) if settings.topic else (), GroupSettings(), RESETS[settings.starting_position], False, "duration")
        self.stream = MappedTopic(self, self.reading)
        self.pollers = KafkaPollers(settings, len(self.reading.slots))
        self.poller_limit = self._cause("poller_limit", f"The pollers of {wire.target.name} have five batches in progress, or read 5 MB/s, each", "minimum_pollers" if settings.provisioned_mode else "batch_size")
        self.pause = self._cause("poller_rebalance", "The number of pollers changes, and they share the partitions anew", "rebalance_s")
        latency = settings.network_latency.sampler(wire.target.stream(f"latency {wire.id}"))
        self.fetcher = Fetcher(self.reading, latency, self._came, lambda: True)
        self.fetcher.stopped = not settings.enabled
        self._bucket = TokenBucket(self.pollers.bytes_per_s, self.pollers.bytes_per_s)
        return self.stream

    @property
    def allowed(self) -> float:
        """Batches it may have in progress."""
        return float(min(len(self.reading.slots), POLLER_BATCHES * self.pollers.number))

    def start(self) -> None:
        """Begin to read."""
        if self.settings.enabled:
            self.begin()
        self.agenda.at(self.agenda._now + self.settings.scaling_check_s, self._look_at_lag)

    def begin(self) -> None:
        """Take the partitions, the first time; and fetch."""
        for slot in self.reading.slots.values():
            if slot.owner is None:
                feed: Any = PartitionFeed(self, slot)
                reader = self._of[slot] = PartitionReader(self, feed)
                self._order[reader.lanes[0]] = len(self.readers)
                self.readers.append(reader)
        new = [slot for slot in self.reading.slots.values() if slot.owner is None]
        self.active.change_limit(self.allowed, self.agenda._now)
        self.fetcher.assign(new)
        self.drain_soon()

    # -- reading ----------------------------------------------------------------------------------------------------

    def _came(self) -> None:
        self._drain(None)

    def drain_soon(self) -> None:
        """Take what has come, as soon as whoever asks is done."""
        if not self._drain_booked:
            self._drain_booked = True
            self.agenda.at(self.agenda._now, self._drain_booked_now)

    def _drain_booked_now(self, _: None) -> None:
        self._drain_booked = False
        self._drain(None)

    def _drain(self, _: None) -> None:
        """Give the lanes what was fetched, as far as they have room and the pollers read so fast."""
        if self._rebalancing or not self.subscription.enabled:
            return
        now_s = self.agenda._now
        for slot in list(self.fetcher.ready):
            reader = self._of[slot]
            while slot.buffer and reader.room() > 0:
                if self._bucket.available(now_s) <= 0:
                    self._wait_for_bytes(slot, now_s)
                    return
                tokens = [slot.buffer.popleft() for _ in range(min(reader.room(), len(slot.buffer)))]
                self._bucket.charge(sum(token.size_bytes * token.count for token in tokens), now_s)
                self._take(reader, tokens)
            if not slot.buffer:
                self.fetcher.ready.remove(slot)
        self.fetcher.fetch()

    def _take(self, reader: PartitionReader, tokens: list[Message]) -> None:
        settings = self.settings
        if settings.starting_position == "AT_TIMESTAMP" and tokens[0].sent_s < settings.starting_timestamp_s:
            self.reading.skip([token for token in tokens if token.sent_s < settings.starting_timestamp_s], "before the starting position")
            tokens = [token for token in tokens if token.sent_s >= settings.starting_timestamp_s]
        reader.take(tokens)

    def _wait_for_bytes(self, slot: PartitionSlot, now_s: float) -> None:
        slot.bind(self.poller_limit)
        if not self._drain_booked:
            self._drain_booked = True
            wait_s = (1.0 - self._bucket.available(now_s)) / self._bucket.rate_per_s
            self.agenda.at(now_s + max(wait_s, SYNC_S), self._drain_booked_now)

    # -- pollers ----------------------------------------------------------------------------------------------------

    def poller_of(self, lane: Lane) -> int:
        """The number of the poller that has this partition."""
        return self._order[lane] % self.pollers.number

    def may_invoke(self, lane: KafkaLane) -> bool:
        """Whether the partition's poller has room for one more batch; else the lane is called when it has."""
        if not self._rebalancing and self.busy_lanes.get(self.poller_of(lane), 0) < POLLER_BATCHES:
            return True
        if lane not in self._waiting_lanes and (lane.waiting or lane.pieces):
            self._waiting_lanes.append(lane)
        return False

    def lane_is_free(self) -> None:
        """A batch is done: partitions that waited for their poller go on."""
        waiting, self._waiting_lanes = self._waiting_lanes, deque()
        for lane in waiting:
            lane.pump()

    def _look_at_lag(self, _: None) -> None:
        """Each minute: more pollers if the lag has not gone down, fewer if there is none, or if the function is throttled."""
        settings = self.settings
        self.agenda.at(self.agenda._now + settings.scaling_check_s, self._look_at_lag)
        lag = sum(slot.reader.holding() for slot in self.reading.slots.values())
        number = self.pollers.number
        if self.throttles_seen:
            wanted = number // 2
        elif lag > settings.scaling_lag and lag >= self._last_lag:
            wanted = 2 * number
        elif lag < settings.batch_size:
            wanted = number - 1
        else:
            wanted = number
        self._last_lag, self.throttles_seen = lag, 0
        wanted = max(self.pollers.least, min(self.pollers.most, wanted))
        if wanted != number and settings.enabled:
            self.agenda.at(self.agenda._now + settings.scaling_delay_s, self._change_pollers, wanted)

    def _change_pollers(self, number: int) -> None:
        now_s = self.agenda._now
        if not self.pollers.change(number, now_s):
            return
        self.rebalances += 1
        self._bucket = TokenBucket(self.pollers.bytes_per_s, self.pollers.bytes_per_s, now_s)
        self.active.change_limit(self.allowed, now_s)
        self._rebalancing = True
        for slot in self.reading.slots.values():
            if not slot.held_up:
                slot.bind(self.pause)
        self.agenda.at(now_s + self.settings.rebalance_s, self._rebalanced, self.rebalances)

    def _rebalanced(self, number: int) -> None:
        if number != self.rebalances:
            return
        self._rebalancing = False
        self.busy_lanes.clear()
        for lane in self._order:
            if lane.working:
                kafka_lane: Any = lane
                kafka_lane.poller = self.poller_of(lane)
                self.busy_lanes[kafka_lane.poller] = self.busy_lanes.get(kafka_lane.poller, 0) + 1
        for reader in self.readers:
            if not reader.lanes[0].is_held_up:
                reader.feed.released()
        self.lane_is_free()
        for lane in list(self._order):
            lane.pump()
        self._drain(None)

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        if self.settings.enabled != self.subscription.enabled:
            self.subscription.enable(self.settings.enabled)

    def wire_cut(self) -> None:
        """The cluster cannot be reached, or can be again: what was read meanwhile is committed then, and reading goes on."""
        self.reading.wire_cut()
        if not self.wire.cut:
            for reader in self.readers:
                reader.settled()
            self.drain_soon()
