"""How consumers read shards: polls that share a shard's limits, or enhanced fan-out that pushes to each consumer by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.distributions import Constant, Distribution
from simulator.mechanics.stream_log import Reader
from simulator.mechanics.streams.shards import Shard
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import NotOffered, ParameterSet, Source, parameter

if TYPE_CHECKING:
    from simulator.engine.node import Node

GUIDE = "https://docs.aws.amazon.com/streams/latest/dev"
GET_RECORDS = Source("Kinesis service model (botocore 1.43.11), GetRecords", "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetRecords.html", "2026-11")
FAN_OUT = Source("Kinesis Data Streams Developer Guide, enhanced fan-out consumers (2022-08-31)", f"{GUIDE}/enhanced-consumers.html", "2026-11")
MEMORY = Source("From memory: AWS publishes no figure", f"{GUIDE}/shared-throughput-consumers.html", "2026-11", "M")

MOST_RECORDS = 10_000
MOST_BYTES = 10 * 1024**2
CATCH_UP_PAUSE_S = 0.2
"""A consumer that is behind calls again after this time: as often as a shard allows one consumer to."""


class PollingParameters(ParameterSet):
    """How a consumer polls a stream; its own settings are added to these. It has no enhanced fan-out."""

    fixed: ClassVar[Mapping[str, Any]] = {"enhanced_fan_out": False, "push_latency": Constant(value_s=0)}
    not_offered: ClassVar[Mapping[str, NotOffered]] = {
        "enhanced_fan_out": NotOffered(False, "this consumer only polls, and has no enhanced fan-out", "Remove it"),
        "push_latency": NotOffered(None, "this consumer only polls, so nothing is pushed to it", "Remove it"),
    }

    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"] = parameter(
        "TRIM_HORIZON", "Where it begins when it reads for the first time: at the oldest record, at what comes from then on, or at the first record written at a given time.",
        title="Starting position", section="Reading", aws="StartingPosition", source=GET_RECORDS)
    starting_timestamp_s: float = parameter(
        0.0, "For AT_TIMESTAMP: seconds from the start of the run.", title="Starting timestamp", unit="s", section="Reading", aws="StartingPositionTimestamp", ge=0, le=31_536_000,
        source=GET_RECORDS, advanced=True)
    get_records_latency: Distribution = parameter(
        lambda: Constant(value_s=0.02), "Time of one GetRecords call.", title="GetRecords latency", unit="s", section="Latency", widget="distribution", source=MEMORY, advanced=True)
    def polls_per_s(self) -> float:
        """How often it calls GetRecords for each shard while it keeps up."""
        return 1.0


class ReadingParameters(PollingParameters):
    """How a consumer reads a stream that may also have enhanced fan-out."""

    fixed: ClassVar[Mapping[str, Any]] = {}
    not_offered: ClassVar[Mapping[str, NotOffered]] = {}

    enhanced_fan_out: bool = parameter(
        False, "The stream pushes records to this consumer, at 2 MB/s for each shard of its own. Off: it polls, and shares 2 MB/s and 5 calls a second of each shard with all"
        " others that poll.", title="Enhanced fan-out", section="Reading", aws="RegisterStreamConsumer", source=FAN_OUT)
    push_latency: Distribution = parameter(
        lambda: Constant(value_s=0.07), "From the write of a record to its arrival at a consumer with enhanced fan-out. AWS names about 70 ms, with one consumer or with five.",
        title="Push latency", unit="s", section="Latency", widget="distribution", source=FAN_OUT, advanced=True)


class ShardConsumer(Protocol):
    """What takes the records of one shard."""

    def room(self) -> int:
        """Records it would take now; 0 makes the feed pause until `ShardFeed.resume`."""

    def take(self, tokens: list[Message]) -> None:
        """Records have come, in order."""


class StreamConsumer(Protocol):
    """An application, a mapping or a delivery stream: it is told of each shard it may read."""

    def open_shard(self, feed: ShardFeed) -> None:
        """From now on this shard can be read: its parents, if it has any, are done with."""


class ReadingCauses:
    """Why records wait in a shard before a consumer reads them."""

    def __init__(self, stream: Node, wire: Wire) -> None:
        name = wire.target.name

        def culprit(parameter_name: str) -> Culprit:
            return Culprit(wire.target.id, parameter_name, wire.id)

        self.polling = stream.cause("polling", f"Until {name} polls", culprit("enhanced_fan_out"), capacity=False)
        self.throttled = stream.cause("read_throughput", f"Consumers that poll share each shard's calls and throughput ({name})", culprit("enhanced_fan_out"))
        self.fan_out_limit = stream.cause("fan_out_throughput", f"{name} is at its fan-out throughput of a shard", Culprit(stream.id, "shard_count"))
        self.push = stream.cause("push_latency", "Pushed by enhanced fan-out", culprit("push_latency"), capacity=False)
        self.get = stream.cause("get_records", "GetRecords", culprit("get_records_latency"), capacity=False)
        self.cut = cut_cause(wire)
        self.disabled = stream.cause("disabled", f"{name} does not read", culprit("enabled"))
        self.parents = stream.cause("parent_shard", f"{name} reads the parent shard first", Culprit(stream.id, "reshards"))
        self.busy = stream.cause("consumer_busy", f"{name} is busy", Culprit(wire.target.id))


class Subscription:
    """One consumer of a stream, with a feed for each shard."""

    def __init__(self, stream: Any, wire: Wire, consumer: StreamConsumer, fan_out_bytes_per_s: float) -> None:
        self.stream = stream
        self.wire = wire
        self.consumer = consumer
        self.fan_out_bytes_per_s = fan_out_bytes_per_s
        self.settings = wire.parameters
        self.causes = ReadingCauses(stream, wire)
        self.get_latency_s = self.settings.get_records_latency.sampler(stream.stream(f"get {wire.id}"))
        self.push_latency_s = self.settings.push_latency.sampler(stream.stream(f"push {wire.id}"))
        self.feeds: dict[int, ShardFeed] = {}
        self.enabled = bool(getattr(self.settings, "enabled", True))
        self.from_s = self.settings.starting_timestamp_s if self.settings.starting_position == "AT_TIMESTAMP" else 0.0
        """What was written before is not for this consumer."""
        self._has_read = self.enabled

    def add(self, shard: Shard) -> ShardFeed:
        """A shard was made: a feed for it, closed until its parents are done with."""
        reader = shard.log.reader(self.wire.target.id, Bottleneck(self.causes.parents if shard.parents else self.causes.polling, self.stream.agenda.now))
        feed = self.feeds[shard.number] = ShardFeed(self, shard, reader)
        return feed

    def begin(self) -> None:
        """All shards of the start are there: the consumer may read them."""
        for feed in list(self.feeds.values()):
            self.try_open(feed)

    def try_open(self, feed: ShardFeed) -> None:
        """Open a shard whose parents have been read and settled."""
        if not feed.opened and all(self.feeds[parent.number].exhausted() for parent in feed.shard.parents):
            feed.opened = True
            feed.to_rest()
            self.consumer.open_shard(feed)

    def settled(self, feed: ShardFeed) -> None:
        """Records of this shard were settled: if it is closed and empty now, its children open."""
        if feed.exhausted():
            for child in feed.shard.children:
                self.try_open(self.feeds[child.number])

    def age_s(self, now_s: float) -> float:
        """The greatest iterator age of its shards."""
        return max((feed.reader.age_s(now_s) for feed in self.feeds.values()), default=0.0)

    def enable(self, enabled: bool) -> None:
        """Read, or stop reading at the present position; a consumer that cannot reach the stream does not read either."""
        enabled = self.enabled = enabled and not self.wire.cut
        if enabled and not self._has_read:
            self._has_read = True
            if self.settings.starting_position == "LATEST":
                self.from_s = self.stream.agenda.now
        for feed in self.feeds.values():
            feed.to_rest()
            if enabled and feed.opened:
                feed.resume()


class ShardFeed:
    """Brings the records of one shard to one consumer, by polls or by pushes."""

    def __init__(self, subscription: Subscription, shard: Shard, reader: Reader) -> None:
        self.subscription = subscription
        self.stream: Any = subscription.stream
        self.agenda: Agenda = self.stream.agenda
        self.shard = shard
        self.reader = reader
        self.opened = self.held_up = False
        self.sink: ShardConsumer | None = None
        self.interval_s = 1.0
        self.most_records = MOST_RECORDS
        self._bucket = TokenBucket(subscription.fan_out_bytes_per_s, subscription.fan_out_bytes_per_s)
        self._running = self._paused = False
        self._last_call_s = self._arrives_s = -1.0
        self._generation = self._on_the_way = 0

    def start(self, sink: ShardConsumer, interval_s: float, most_records: int = MOST_RECORDS, phase_s: float = 0.0) -> None:
        """Bring records to ``sink``: polled each ``interval_s``, the first time after ``phase_s``; or pushed."""
        self.sink = sink
        self.interval_s, self.most_records = interval_s, most_records
        self._generation += 1
        self._running, self._paused = True, False
        if self.subscription.enabled:
            self._book(self.agenda.now + (0.0 if self.subscription.settings.enhanced_fan_out else phase_s))
        else:
            self._paused = True

    def stop(self) -> None:
        """Bring nothing more to the present consumer."""
        self._generation += 1
        self._running = False
        self._on_the_way = 0

    def rewind(self) -> int:
        """Go back to the checkpoint, as whoever takes over from a lost consumer does; messages that come again although they were settled."""
        void = sum(token.count for token in self.reader.out)
        again = self.reader.rewind()
        self.subscription.wire.settle(void, 0)
        return again

    def resume(self) -> None:
        """The consumer has room again."""
        if self._running and self._paused and self.subscription.enabled:
            self._paused = False
            self._book(max(self.agenda._now, self._last_call_s + CATCH_UP_PAUSE_S))

    def exhausted(self) -> bool:
        """Whether the shard is closed, and everything in it has been read and settled."""
        return not self.shard.is_open and self.reader.unread == 0 and not self.reader.out

    def bind(self, cause: Cause, *, held_up: bool = False) -> None:
        """From now on this is why records wait here; ``held_up``: those in the consumer's hands too."""
        self.held_up = held_up
        self.reader.bottleneck.change(cause, self.agenda._now)

    def backlog(self) -> int:
        """Messages that wait for something scarce."""
        reader = self.reader
        if not reader.bottleneck.cause.capacity:
            return 0
        return reader.unread + (sum(token.count for token in reader.out) if self.held_up else 0)

    def _full(self) -> None:
        """The consumer has no room: from now on records wait for it."""
        self._paused = True
        if not self.reader.bottleneck.cause.capacity:
            self.bind(self.subscription.causes.busy)

    def to_rest(self) -> None:
        """What records wait for while the consumer keeps up."""
        self.held_up = False
        causes = self.subscription.causes
        if not self.opened:
            self.bind(causes.parents)
        elif not self.subscription.enabled:
            self.bind(causes.cut if self.subscription.wire.cut else causes.disabled)
        else:
            self.bind(causes.push if self.subscription.settings.enhanced_fan_out else causes.polling)

    def _keeps_up(self) -> None:
        """A read succeeded: whatever held records back goes on until all of them are read (a cause for each read would be noise)."""
        if not self.held_up and not self.reader.unread:
            self.to_rest()

    def released(self) -> None:
        """What held up the consumer is over; records still wait for it until it has caught up."""
        if self.held_up or not self.reader.bottleneck.cause.capacity or not self.reader.unread:
            self.to_rest()
            if self.reader.unread and self.opened:
                self.bind(self.subscription.causes.busy)

    def _book(self, time_s: float) -> None:
        self.agenda.at(time_s, self._push if self.subscription.settings.enhanced_fan_out else self._poll, self._generation)

    def _room(self) -> int:
        if self.sink is None or not self.subscription.enabled:
            return 0
        return self.sink.room() - self._on_the_way

    # -- shared throughput ------------------------------------------------------------------------------------------

    def _poll(self, generation: int) -> None:
        if generation != self._generation:
            return
        now_s = self.agenda._now
        room = self._room()
        if self.exhausted() or not self.subscription.enabled:
            self._paused = True
            return
        if room <= 0:
            self._full()
            return
        self._last_call_s = now_s
        latency_s = self.subscription.get_latency_s()
        if self.shard.reads.exceeded(now_s):
            self.stream.note_call(True, [], latency_s)
            if not self.held_up:
                self.bind(self.subscription.causes.throttled)
            self._book(now_s + self.interval_s)
            return
        tokens = self.reader.read(now_s, min(room, self.most_records), MOST_BYTES)
        self.shard.reads.returned(sum(token.size_bytes for token in tokens), tokens[-1].position - tokens[0].position + 1 if tokens else 0, now_s)
        self.stream.note_call(False, tokens, latency_s)
        self._keeps_up()
        tokens = self._from_start(tokens)
        if tokens:
            self._bring(tokens, latency_s, self.subscription.causes.get)
        behind = self.reader.unread > 0
        self._book(now_s + max(latency_s, min(self.interval_s, CATCH_UP_PAUSE_S) if behind else self.interval_s))

    def _from_start(self, tokens: list[Message]) -> list[Message]:
        """Of what was read, the records from the starting position on; the others are nothing to this consumer."""
        from_s = self.subscription.from_s
        if not tokens or tokens[0].sent_s >= from_s:
            return tokens
        early = [token for token in tokens if token.sent_s < from_s]
        for token in self.reader.discard(early):
            self.stream.finish(token, "before the starting position")
        self.subscription.settled(self)
        return tokens[len(early) :]

    def _bring(self, tokens: list[Message], latency_s: float, cause: Cause) -> None:
        now_s = self.agenda._now
        self.subscription.wire.depart(sum(token.count for token in tokens))
        arrives_s = self._arrives_s = max(now_s + latency_s, self._arrives_s)  # none overtakes another
        for token in tokens:
            spend(token, cause, now_s, arrives_s)
            token.received_s = arrives_s
        self._on_the_way += len(tokens)
        self.agenda.at(arrives_s, self._arrived, (tokens, self._generation))

    def _arrived(self, brought: tuple[list[Message], int]) -> None:
        tokens, generation = brought
        if generation == self._generation and self.sink is not None:  # else its consumer is gone, and who takes over rewinds
            self._on_the_way -= len(tokens)
            self.sink.take(tokens)

    # -- enhanced fan-out -------------------------------------------------------------------------------------------

    def _push(self, generation: int) -> None:
        if generation != self._generation:
            return
        now_s = self.agenda._now
        if not self.subscription.enabled:
            self._paused = True
            return
        if self._room() <= 0:
            self._full()
            return
        if not self.reader.unread:
            self.reader.wait(self._written)
            return
        size_bytes = self.reader.next_bytes()
        there = self._bucket.available(now_s)
        if there < min(size_bytes, self._bucket.burst):
            self.bind(self.subscription.causes.fan_out_limit)
            self._book(now_s + (min(size_bytes, self._bucket.burst) - there) / self._bucket.rate_per_s + 1e-9)
            return
        tokens = self.reader.read(now_s, min(self._room(), self.most_records), max(1.0, there))
        self._bucket.charge(sum(token.size_bytes for token in tokens), now_s)
        self.stream.note_push(tokens)
        self._keeps_up()
        tokens = self._from_start(tokens)
        if tokens:
            self._bring(tokens, self.subscription.push_latency_s(), self.subscription.causes.push)
        self._book(now_s)

    def _written(self) -> None:
        if self._running and not self._paused:
            self._book(self.agenda._now)
