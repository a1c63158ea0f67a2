"""What stands between an application and a stream: the SDK or the Kinesis Producer Library, with their batches and retries.

It belongs to a wire into a stream, and holds the messages until the stream has them or they are given up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Constant, Distribution
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import ParameterSet, Source, Values, parameter

if TYPE_CHECKING:
    from simulator.engine.node import Node
    from simulator.engine.streams import Stream
    from simulator.mechanics.streams.shards import Shard

API = Source("Kinesis service model (botocore 1.43.11), PutRecords", "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutRecords.html", "2026-11")
KPL = Source("Kinesis Producer Library, default_config.properties (2026-03-31)", "https://github.com/awslabs/amazon-kinesis-producer", "2026-11")
MEMORY = Source("From memory: AWS publishes no figure", "https://docs.aws.amazon.com/streams/latest/dev/developing-producers-with-sdk.html", "2026-11", "M")

MIB = 1024**2
MOST_DOUBLINGS = 40
NOT_RETRIED = "not_retried"


class ProducerParameters(ParameterSet):
    """How records are put into the stream."""

    producer: Literal["service", "put_record", "put_records", "kpl"] | None = parameter(
        None, "service: one PutRecord for each message, and what is refused stays with the sender, which has rules of its own. put_record: an application that calls PutRecord and"
        " tries again. put_records: an application that gathers batches, and sends again what was refused of them. kpl: the Kinesis Producer Library, which also packs many"
        " messages into one record. Empty: put_record for sources of traffic, service for everything else.", title="Producer", section="Producer", source=API)
    partition_key: Literal["key", "random", "salted"] = parameter(
        "key", "key: the key of the message. random: a new one for each record, which spreads evenly and keeps no order. salted: the key and a random number, which spreads a hot key over"
        " several.", title="Partition key", section="Producer", aws="PartitionKey", source=API)
    salts: int = parameter(10, "For salted keys: how many partition keys each key is spread over.", title="Salts", unit="count", section="Producer", ge=1, le=10_000, advanced=True)
    explicit_hash_key: str | None = parameter(
        None, "A number from 0 to 2^128 - 1 that replaces the hash of the partition key: all records go to the shard that has it.", title="Explicit hash key", section="Producer",
        aws="ExplicitHashKey", source=API, pattern=r"^(0|[1-9]\d{0,38})$", advanced=True)
    put_latency: Distribution = parameter(
        lambda: Constant(value_s=0.02), "Time of a call. AWS publishes no figure; 10 to 30 ms are typical.", title="Put latency", unit="s", section="Producer", widget="distribution",
        source=MEMORY, advanced=True)
    strict_order: bool = parameter(
        False, "For put_record: the next record waits until the one before it is written, as with SequenceNumberForOrdering. Off: calls overlap, and a record that is tried again may be"
        " overtaken.", title="Strict order", section="Producer", aws="SequenceNumberForOrdering", source=API)
    max_attempts: int = parameter(
        3, "How often a record is tried, the first time included (not by the KPL, which tries until its record TTL).", title="Attempts", unit="times", section="Retries", ge=1, le=1000,
        source=MEMORY)
    retry_base_s: float = parameter(
        0.1, "First pause before a record is tried again; it doubles each time, with jitter.", title="First pause", unit="s", section="Retries", gt=0, le=3600, source=MEMORY, advanced=True)
    retry_max_s: float = parameter(20, "Longest pause before a record is tried again.", title="Longest pause", unit="s", section="Retries", gt=0, le=3600, source=MEMORY, advanced=True)
    records_a_call: int = parameter(
        500, "Records in one call of PutRecords, at most.", title="Records a call", unit="count", section="Batches", aws="PutRecords.Records / CollectionMaxCount", ge=1, le=500, source=API)
    collection_max_bytes: int = parameter(
        5 * MIB, "Bytes in one call of PutRecords, at most: 5 MiB for the KPL; the API takes 10 MiB.", title="Bytes a call", unit="bytes", section="Batches", aws="CollectionMaxSize",
        ge=1024, le=10 * MIB, source=KPL, advanced=True)
    record_max_buffered_time_s: float = parameter(
        0.1, "A record is sent at the latest after this time, full batch or not (put_records and the KPL).", title="Linger", unit="s", section="Batches", aws="RecordMaxBufferedTime",
        ge=0, le=3600, source=KPL)
    aggregation_enabled: bool = parameter(
        True, "The KPL packs messages for one shard into one record. Off: one record each.", title="Aggregation", section="KPL", aws="AggregationEnabled", source=KPL)
    aggregation_max_size_bytes: int = parameter(
        51_200, "A record into which the KPL packs messages is at most so large.", title="Aggregated record", unit="bytes", section="KPL", aws="AggregationMaxSize", ge=64, le=10_485_760,
        source=KPL)
    rate_limit_percent: float = parameter(
        150, "How much of a shard's write limits the KPL uses at most, in percent.", title="Rate limit", section="KPL", aws="RateLimit", ge=1, le=1_000_000, source=KPL)
    record_ttl_s: float = parameter(
        30, "What the KPL has not written by then has failed, and is lost.", title="Record TTL", unit="s", section="KPL", aws="RecordTtl", ge=0.1, le=86400, source=KPL)
    fail_if_throttled: bool = parameter(False, "The KPL does not try throttled records again.", title="Fail if throttled", section="KPL", aws="FailIfThrottled", source=KPL)


def producer_settings(wire: Wire) -> Any:
    """The producer's settings on this wire; the defaults where its other end has parameters of its own."""
    return wire.parameters if hasattr(wire.parameters, "producer") else Values(ProducerParameters())


class Writable(Protocol):
    """What a producer puts records into."""

    agenda: Agenda

    def shard_of(self, partition_key: str, explicit_hash_key: int | None) -> Shard:
        """The open shard that such a record goes to now."""

    def write(self, messages: Sequence[Message], shard: Shard) -> str | None:
        """Write one record; the name of the limit that refuses it."""

    def note_put(self, single: bool, records: int, throttled: int, size_bytes: int, latency_s: float) -> None:
        """A call was answered."""


class Parcel:
    """One record on its way into the stream: a message, or several that are packed together."""

    __slots__ = ("born_s", "count", "explicit", "key", "messages", "since_s", "size_bytes", "tries")

    def __init__(self, message: Message, key: str, explicit: int | None, shard: Shard, now_s: float) -> None:
        self.messages = [message]
        self.count = message.count
        """Messages in it."""
        self.key, self.explicit = key, explicit
        self.size_bytes = message.size_bytes * message.count
        self.born_s = self.since_s = now_s
        self.tries = 0

    def add(self, message: Message) -> None:
        """Pack one more message into the record."""
        self.messages.append(message)
        self.count += message.count
        self.size_bytes += message.size_bytes * message.count


class RateLimitedLine:
    """The KPL's rate limit for one shard, and the records that wait for it in order."""

    __slots__ = ("_bytes", "_records", "waiting")

    def __init__(self, records_per_s: float, bytes_per_s: float, now_s: float) -> None:
        self._records = TokenBucket(records_per_s, max(1.0, records_per_s), now_s)
        self._bytes = TokenBucket(bytes_per_s, bytes_per_s, now_s)
        self.waiting: deque[Parcel] = deque()

    def takes(self, parcel: Parcel, now_s: float) -> bool:
        """Let the record through, if the limit allows it now; one larger than the burst goes when that is full."""
        if self._records.available(now_s) < 1 or self._bytes.available(now_s) < min(parcel.size_bytes, self._bytes.burst):
            return False
        self._records.charge(1, now_s)
        self._bytes.charge(parcel.size_bytes, now_s)
        return True

    def wait_s(self, parcel: Parcel, now_s: float) -> float:
        """How long until it would be let through."""
        records, size_bytes = 1 - self._records.available(now_s), min(parcel.size_bytes, self._bytes.burst) - self._bytes.available(now_s)
        return max(records / self._records.rate_per_s, size_bytes / self._bytes.rate_per_s, 0.0) + 1e-6


def partition_key_of(message: Message, settings: Any, draw: Stream) -> str:
    """The partition key a producer gives to ``message``."""
    if settings.partition_key == "key":
        return str(message.key)
    if settings.partition_key == "salted":
        return f"{message.key}-{int(draw.uniform() * settings.salts)}"
    return f"{draw.uniform():.17f}"


class RecordProducer:
    """The client of one wire. Every message it holds waits in exactly one `Parcel`."""

    def __init__(self, stream: Node, target: Writable, wire: Wire, mode: str, limits: tuple[float, float]) -> None:
        self.node, self.target, self.wire = stream, target, wire
        self.agenda: Agenda = stream.agenda
        self.settings = producer_settings(wire)
        self.mode = mode
        self.given_up = self.retries = 0
        self._limits = limits
        self._keys, self._jitter = stream.stream(f"partition keys {wire.id}"), stream.stream(f"put retries {wire.id}")
        self._latency_s = self.settings.put_latency.sampler(stream.stream(f"put {wire.id}"))
        self._explicit = None if self.settings.explicit_hash_key is None else int(self.settings.explicit_hash_key)
        self._parcels: dict[Parcel, None] = {}
        self._refused = 0
        self._open: dict[int, Parcel] = {}
        self._queue: deque[Parcel] = deque()
        self._queued_bytes = 0
        self._serial: deque[Parcel] = deque()
        self._calling = False
        self._flush_booked_s = -1.0
        self._lines: dict[int, RateLimitedLine] = {}
        self._cleared: list[Parcel] = []
        self._cleared_bytes = 0
        self._clearing = False
        source = wire.source.name
        self._linger = stream.cause("producer_linger", f"Gathered by the producer of {source}", Culprit(stream.id, "record_max_buffered_time_s", wire.id), capacity=False)
        self._put = stream.cause("put_latency", "Put latency", Culprit(stream.id, "put_latency", wire.id), capacity=False)
        self._throttled = stream.cause("write_throughput", "The shard takes no more records or bytes a second", Culprit(stream.id, "shard_count"))
        self._limited = stream.cause("producer_rate_limit", "The KPL's rate limit for a shard", Culprit(stream.id, "rate_limit_percent", wire.id))
        self._in_line = stream.cause("strict_order", "Behind the record before it", Culprit(stream.id, "strict_order", wire.id))

    def holding(self) -> int:
        """Messages that the producer holds."""
        return sum(parcel.count for parcel in self._parcels)

    def waiting(self) -> int:
        """Messages whose record was refused, and waits for another try."""
        return self._refused

    # -- gathering --------------------------------------------------------------------------------------------------

    def offer(self, message: Message) -> None:
        """The application puts ``message``."""
        now_s = self.agenda._now
        key = partition_key_of(message, self.settings, self._keys)
        shard = self.target.shard_of(key, self._explicit)
        if self.mode == "put_record":
            parcel = self._made(message, key, shard, now_s)
            if self.settings.strict_order:
                self._serial.append(parcel)
                self._next_in_line()
            else:
                self._call([parcel])
            return
        if self.mode == "kpl" and self.settings.aggregation_enabled:
            self._pack(message, key, shard, now_s)
        else:
            self._enqueue(self._made(message, key, shard, now_s), now_s)
        self._book_flush(now_s)

    def _made(self, message: Message, key: str, shard: Shard, now_s: float) -> Parcel:
        parcel = Parcel(message, key, self._explicit, shard, now_s)
        self._parcels[parcel] = None
        return parcel

    def _pack(self, message: Message, key: str, shard: Shard, now_s: float) -> None:
        """Put the message into the open record of its shard; close that if it is full."""
        record = self._open.get(shard.number)
        if record is not None and record.size_bytes + message.size_bytes > self.settings.aggregation_max_size_bytes:
            self._enqueue(self._open.pop(shard.number), now_s)
            record = None
        if record is None:
            self._open[shard.number] = self._made(message, key, shard, now_s)
        else:
            record.add(message)

    def _enqueue(self, parcel: Parcel, now_s: float) -> None:
        self._queue.append(parcel)
        self._queued_bytes += parcel.size_bytes
        if len(self._queue) >= self.settings.records_a_call or self._queued_bytes >= self.settings.collection_max_bytes:
            self._send_queue(now_s)

    def _book_flush(self, now_s: float) -> None:
        if self._flush_booked_s < now_s and self._parcels:
            self._flush_booked_s = now_s + self.settings.record_max_buffered_time_s
            self.agenda.at(self._flush_booked_s, self._flush)

    def _flush(self, _: None) -> None:
        now_s = self.agenda._now
        due_s = now_s - self.settings.record_max_buffered_time_s + 1e-9
        for number in [number for number, parcel in self._open.items() if parcel.born_s <= due_s]:
            self._enqueue(self._open.pop(number), now_s)
        if self._queue:
            self._send_queue(now_s)
        if self._open:
            self._flush_booked_s = min(parcel.born_s for parcel in self._open.values()) + self.settings.record_max_buffered_time_s
            self.agenda.at(max(now_s, self._flush_booked_s), self._flush)
        else:
            self._flush_booked_s = -1.0

    def _send_queue(self, now_s: float) -> None:
        """Everything gathered goes out, in calls of at most so many records and bytes."""
        call: list[Parcel] = []
        size_bytes = 0
        while self._queue:
            parcel = self._queue[0]
            if call and (len(call) >= self.settings.records_a_call or size_bytes + parcel.size_bytes > self.settings.collection_max_bytes):
                self._call(call)
                call, size_bytes = [], 0
            self._queue.popleft()
            if self._held_back(parcel, now_s):
                continue
            call.append(parcel)
            size_bytes += parcel.size_bytes
        self._queued_bytes = 0
        if call:
            self._call(call)

    def _held_back(self, parcel: Parcel, now_s: float) -> bool:
        """The KPL sends no more to a shard than its rate limit: the record waits in line for it, until its TTL."""
        if self.mode != "kpl":
            return False
        shard = self.target.shard_of(parcel.key, parcel.explicit)
        line = self._lines.get(shard.number)
        if line is None:
            share = self.settings.rate_limit_percent / 100
            line = self._lines[shard.number] = RateLimitedLine(self._limits[0] * share, self._limits[1] * share, now_s)
        if not line.waiting and line.takes(parcel, now_s):
            return False
        self._spend(parcel, self._throttled if parcel.tries else self._linger, now_s)
        line.waiting.append(parcel)
        if len(line.waiting) == 1:
            self.agenda.at(self._turn_s(line, now_s), self._take_turns, line)
        return True

    def _turn_s(self, line: RateLimitedLine, now_s: float) -> float:
        first = line.waiting[0]
        return float(max(now_s, min(now_s + line.wait_s(first, now_s), first.born_s + self.settings.record_ttl_s)))

    def _take_turns(self, line: RateLimitedLine) -> None:
        """Records that waited for the rate limit go on, or have failed."""
        now_s = self.agenda._now
        while line.waiting:
            parcel = line.waiting[0]
            expired = now_s >= parcel.born_s + self.settings.record_ttl_s
            if not expired and not line.takes(parcel, now_s):
                self.agenda.at(self._turn_s(line, now_s), self._take_turns, line)
                break
            line.waiting.popleft()
            self._spend(parcel, self._limited, now_s)
            if expired:
                self._lose(parcel)
            else:
                self._cleared.append(parcel)
                self._cleared_bytes += parcel.size_bytes
                if len(self._cleared) >= self.settings.records_a_call or self._cleared_bytes >= self.settings.collection_max_bytes:
                    self._send_cleared(None)
        if self._cleared and not self._clearing:
            self._clearing = True
            self.agenda.at(now_s, self._send_cleared)

    def _send_cleared(self, _: None) -> None:
        """What the rate limit let go, of all shards, in one call."""
        parcels, self._cleared, self._cleared_bytes, self._clearing = self._cleared, [], 0, False
        if parcels:
            self._call(parcels)

    # -- calling ----------------------------------------------------------------------------------------------------

    def _spend(self, parcel: Parcel, cause: Any, now_s: float) -> None:
        for message in parcel.messages:
            from_s = max(parcel.since_s, message.legs[3]) if message.legs is not None else max(parcel.since_s, message.born_s)
            if now_s > from_s:
                spend(message, cause, from_s, now_s)
        parcel.since_s = now_s

    def _next_in_line(self) -> None:
        if self._serial and not self._calling:
            self._calling = True
            parcel = self._serial.popleft()
            self._spend(parcel, self._in_line, self.agenda._now)
            self._call([parcel])

    def _call(self, parcels: list[Parcel]) -> None:
        now_s = self.agenda._now
        for parcel in parcels:
            if parcel.tries == 0:
                self._spend(parcel, self._linger, now_s)
            parcel.since_s = now_s
        latency_s = self._latency_s()
        self.agenda.at(now_s + latency_s, self._answered, (parcels, latency_s))

    def _answered(self, call: tuple[list[Parcel], float]) -> None:
        parcels, latency_s = call
        now_s = self.agenda._now
        throttled = 0
        refused: list[Parcel] = []
        for parcel in parcels:
            self._spend(parcel, self._put, now_s)
            if self.target.write(parcel.messages, self.target.shard_of(parcel.key, parcel.explicit)) is None:
                self._leave(parcel)
            else:
                throttled += 1
                refused.append(parcel)
        self.target.note_put(self.mode == "put_record", len(parcels), throttled, sum(parcel.size_bytes for parcel in parcels), latency_s)
        again = [parcel for parcel in refused if not self._give_up(parcel, now_s)]
        if self.mode != "put_records":
            for parcel in again:
                self._later(parcel, now_s, self._pause_s(parcel), self._throttled)
        elif again:
            pause_s = self._pause_s(again[0])
            self.retries += len(again)
            self.agenda.at(now_s + pause_s, self._call_again, again)
        if self.settings.strict_order and not again:
            self._calling = False
            self._next_in_line()

    def _pause_s(self, parcel: Parcel) -> float:
        longest_s = min(self.settings.retry_base_s * 2 ** min(parcel.tries - 1, MOST_DOUBLINGS), self.settings.retry_max_s)
        return float(longest_s * (0.5 + 0.5 * self._jitter.uniform()))

    def _give_up(self, parcel: Parcel, now_s: float) -> bool:
        if parcel.tries == 0:
            self._refused += parcel.count
        parcel.tries += 1
        if self.mode == "kpl":
            over = bool(self.settings.fail_if_throttled or now_s >= parcel.born_s + self.settings.record_ttl_s)
        else:
            over = bool(parcel.tries >= self.settings.max_attempts)
        if over:
            self._lose(parcel)
        return over

    def _leave(self, parcel: Parcel) -> None:
        del self._parcels[parcel]
        if parcel.tries:
            self._refused -= parcel.count

    def _lose(self, parcel: Parcel) -> None:
        self._leave(parcel)
        self.given_up += parcel.count
        name, title = ("record_ttl", "KPL record TTL ran out") if self.mode == "kpl" and not self.settings.fail_if_throttled else (NOT_RETRIED, "Throttled, and the producer gave up")
        for message in parcel.messages:
            self.node.lose(message, name, title)

    def _later(self, parcel: Parcel, now_s: float, wait_s: float, cause: Any) -> None:
        if self.mode == "kpl":
            wait_s = min(wait_s, max(0.0, parcel.born_s + self.settings.record_ttl_s - now_s))
        else:
            self.retries += 1
        self.agenda.at(now_s + wait_s, self._try_again, (parcel, cause))

    def _try_again(self, waited: tuple[Parcel, Any]) -> None:
        parcel, cause = waited
        now_s = self.agenda._now
        self._spend(parcel, cause, now_s)
        if self.mode != "kpl":
            self._call([parcel])
        elif now_s >= parcel.born_s + self.settings.record_ttl_s:
            self._lose(parcel)
        elif not self._held_back(parcel, now_s):
            self._enqueue(parcel, now_s)
            self._book_flush(now_s)

    def _call_again(self, parcels: list[Parcel]) -> None:
        now_s = self.agenda._now
        for parcel in parcels:
            self._spend(parcel, self._throttled, now_s)
        self._call(parcels)
