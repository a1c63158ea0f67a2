"""Amazon S3 bucket: objects are put and read at a rate for each prefix, and new objects can be told as events.

A prefix takes at least 3,500 writes and 5,500 reads a second; above that S3 answers 503 Slow Down until it has split the
prefix. Which prefix an object has is its key. Storage classes, life cycles, versions and replication are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, spend
from simulator.engine.node import Node, Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.distributions import Constant, Distribution, Lognormal
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_rate
from simulator.vocabulary import Direction, Fault, Fidelity, Figure, Fill, Metric, Overlay, ParameterSet, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/AmazonS3/latest/userguide"
PERFORMANCE = Source("Amazon S3 User Guide, Optimizing Amazon S3 performance, as quoted in 2026", f"{GUIDE}/optimizing-performance.html", "2026-10", "T")
EVENTS = Source("From memory: events arrive within seconds, and sometimes take a minute or longer", f"{GUIDE}/EventNotifications.html", "2026-11", "M")
METRICS = Source("From memory: S3 request metrics", f"{GUIDE}/metrics-dimensions.html", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/optimizing-performance.html", "2026-11", "M")
PRICING = Source("Amazon S3 pricing, us-east-1", "https://aws.amazon.com/s3/pricing/", "2026-10-04", "T")

MONTH_S = 30 * 86400.0
LONGEST_RETRY_PAUSE_S = 60.0


class BucketParameters(ParameterSet):
    """A bucket and the rates of its prefixes."""

    prefixes: int = parameter(
        1, "Prefixes that objects are spread over, by their key.", title="Prefixes", unit="count", section="Rates", ge=1, le=1_000_000)
    writes_per_s: float = parameter(
        3500, "PUT, COPY, POST and DELETE a second for each prefix; AWS says at least so many.", title="Writes a second", unit="per_s", section="Rates", gt=0, le=10_000_000,
        source=PERFORMANCE, changeable=True)
    reads_per_s: float = parameter(
        5500, "GET and HEAD a second for each prefix; AWS says at least so many.", title="Reads a second", unit="per_s", section="Rates", gt=0, le=10_000_000,
        source=PERFORMANCE, changeable=True)
    split_after_s: float | None = parameter(
        600, "A prefix that is over its rate for so long is split, which doubles its rates. AWS says only that it takes some time. Empty: never.", title="Split after", unit="s",
        section="Rates", ge=1, le=86400, source=UNPUBLISHED, advanced=True)
    first_byte_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.14, p99_s=0.35), "Time to answer a read: typically 100 to 200 ms.", title="First byte latency", unit="s", section="Latency",
        widget="distribution", source=PERFORMANCE, changeable=True)
    transfer: Distribution = parameter(
        lambda: Constant(value_s=0), "Time from the first byte of an answer to its last: the size of the objects over the bandwidth of the caller.", title="Transfer of an answer", unit="s",
        section="Latency", widget="distribution", source=UNPUBLISHED, changeable=True)
    event_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=1.0, p99_s=10.0), "Time from an object being stored to its event.", title="Event latency", unit="s", section="Events", widget="distribution",
        source=EVENTS, advanced=True)
    event_bytes: int = parameter(
        1000, "Size of an event: it names the object and does not contain it.", title="Event size", unit="bytes", section="Events", ge=1, le=262144, source=EVENTS, advanced=True)


class SlowsParameters(ParameterSet):
    """How much slower."""

    factor: float = parameter(10, "Reads and events take so many times longer.", title="Factor", unit="times", gt=0, le=1000)


class Prefix:
    """The rates of one prefix."""

    __slots__ = ("over_since_s", "reads", "writes")

    def __init__(self, values: Any, now_s: float) -> None:
        self.writes = TokenBucket(values.writes_per_s, max(1.0, values.writes_per_s), now_s)
        self.reads = TokenBucket(values.reads_per_s, max(1.0, values.reads_per_s), now_s)
        self.over_since_s: float | None = None


class EventOnTheWay:
    """An event that is being delivered."""

    __slots__ = ("message", "pause_s", "since_s", "wire")

    def __init__(self, message: Message, wire: Wire, now_s: float) -> None:
        self.message = message
        self.wire = wire
        self.since_s = now_s
        self.pause_s = 1.0


class Bucket(Node):
    """An S3 bucket."""

    kind = "s3"
    title = "S3 bucket"
    short_title = "S3 · bucket"
    neutral_title = "Object store"
    group = "Storage"
    icon = "architecture-service/AmazonSimpleStorageService"
    summary = "Stores objects, and tells queues, topics, functions and buses when there is a new one."
    documentation_url = f"{GUIDE}/Welcome.html"
    Parameters = BucketParameters
    ports = (
        Port("in", "Objects in", Direction.IN, Verb.SEND, frozenset({"s3:PutObject"}), "Applications and delivery streams store objects here."),
        Port("reads", "Reads", Direction.IN, Verb.INVOKE, frozenset({"s3:GetObject"}), "Requests that read an object."),
        Port("out", "Events", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents"}),
             "An event for each object stored, to each of these."),
    )
    quotas = (
        Quota("writes", "Writes a second", 3500, "per_s", "prefix", False, PERFORMANCE, "at least"),
        Quota("reads", "Reads a second", 5500, "per_s", "prefix", False, PERFORMANCE, "at least"),
    )
    metrics = (
        Metric("AllRequests", "Requests", "requests", "sum", "Requests of all kinds.", "requests", METRICS, True, "rates"),
        Metric("PutRequests", "Writes", "requests", "sum", "Objects stored.", "writes", METRICS, True, "rates"),
        Metric("GetRequests", "Reads", "requests", "sum", "Reads answered.", "reads", METRICS, False, "rates"),
        Metric("5xxErrors", "503 Slow Down", "requests", "sum", "Requests refused over the rate of a prefix, or while the bucket is unavailable.", "slow_downs", METRICS, True, "trouble"),
        Metric("FirstByteLatency", "First byte latency", "s", "spread", "Time to the first byte of the answer to a read.", "latencies", METRICS, True, "latency"),
        Metric("TotalRequestLatency", "Request latency", "s", "spread", "Time to the last byte of the answer to a read.", "total_latencies", METRICS, False, "latency"),
        Metric("NumberOfObjects", "Objects", "count", "gauge", "Objects stored in this run.", "writes", METRICS, False, "stored"),
        Metric("BucketSizeBytes", "Stored", "bytes", "gauge", "Bytes stored in this run.", "stored_bytes", METRICS, True, "stored"),
        Metric("EventsDelivered", "Events", "messages", "sum", "Events delivered. CloudWatch has no such metric.", "events_delivered", None, True, "rates"),
        Metric("EventsPending", "Events on the way", "messages", "gauge", "Events that are not delivered yet. CloudWatch has no such metric.", "events_pending", None, True, "backlog"),
        Metric("PrefixesSplit", "Splits", "count", "sum", "Times a prefix was split. CloudWatch has no such metric.", "splits", None, False, "trouble"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"event_latency": "Event latency", "event_retry": "Retrying an event", "first_byte": "First byte latency", "transfer": "The answer is sent"}
    overlay = Overlay(
        "BucketSizeBytes", (Figure("PutRequests", "put"), Figure("GetRequests", "get", quiet=True), Figure("5xxErrors", "503", quiet=True)),
        picture=Picture("rates", (Fill("AllRequests"), Fill("5xxErrors", "bad"))),
    )
    faults = (
        Fault("unavailable", "The bucket is unavailable", "Every request is answered 503 until cleared.", sort="stops"),
        Fault("slows", "Reads and events slow down", "Answers to reads and the events of new objects take longer.", SlowsParameters, sort="slow"),
    )
    prices = (
        Price("writes", "PUT requests", 0.005e-3, "request", PRICING),
        Price("reads", "GET requests", 0.0004e-3, "request", PRICING),
        Price("storage", "Storage, Standard", 0.023, "GB-month", PRICING),
    )
    keeps_lineage = True
    fidelity = Fidelity(
        modelled=("Rates for each prefix, 503 Slow Down above them, and the splitting of a prefix that stays over its rate.", "An event for each object, to each target.", "Requests and storage are billed."),
        approximated=(
            "A prefix has its full rate from the start, and a burst of one second.",
            "When a prefix is split, and how long events take, are assumptions: AWS publishes no figures.",
            "An event whose target refuses it is tried again after pauses that double up to a minute.",
            "A write is stored at once; its own latency belongs to the sender, and is not in TotalRequestLatency.",
            "How long an answer takes to be sent is a parameter: objects have no size of their own when they are read.",
            "Reads ask for no object in particular, so that strong read-after-write consistency shows nowhere.",
        ),
        ignored=("Storage classes, life cycles, versions, replication, multipart uploads, and data transfer: they act after, or beside, the messages.", "Filters of events by prefix and suffix: objects have no names here. Filter at the receiver.", "The free tier, which depends on the age of the account."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Uploads and their thumbnails",
        "nodes": [
            {"id": "users", "kind": "traffic", "name": "Uploads", "parameters": {"load": {"shape": "constant", "rate_per_s": 5}, "message_types": [{"name": "photo", "size_bytes": 200000}]}},
            {"id": "photos", "kind": "s3", "name": "photos", "parameters": {}},
            {"id": "thumbnails", "kind": "lambda", "name": "thumbnails", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "users", "port": "out"}, "to": {"node": "photos", "port": "in"}},
            {"id": "w2", "from": {"node": "photos", "port": "out"}, "to": {"node": "thumbnails", "port": "events"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.requests = self.writes = self.reads = self.slow_downs = self.splits = 0
        self.events_delivered = self.events_pending = 0
        self.stored_bytes = Gauge()
        self.latencies, self.total_latencies = Spread(), Spread()
        self._prefixes: dict[int, Prefix] = {}
        self._unavailable = False
        self._telling = self.cause("event_latency", "Event latency", Culprit(id, "event_latency"), capacity=False)
        self._retrying = self.cause("event_retry", "Retrying an event", Culprit(id))
        self._reading = self.cause("first_byte", "First byte latency", Culprit(id, "first_byte_latency"), capacity=False)
        self._sending = self.cause("transfer", "The answer is sent", Culprit(id, "transfer"), capacity=False)

    def start(self) -> None:
        self._slow = 1.0
        self._draw_event_s = self.parameters.event_latency.sampler(self.stream("events"))
        self._draw_read_s = self.parameters.first_byte_latency.sampler(self.stream("reads"))
        self._draw_transfer_s = self.parameters.transfer.sampler(self.stream("transfers"))

    # -- requests ---------------------------------------------------------------------------------------------------

    def _refusal(self, message: Message, *, write: bool) -> Refusal | None:
        """503 if the bucket is down, or the message's prefix over its rate."""
        now_s = self.agenda._now
        self.requests += message.count
        if self._unavailable:
            self.slow_downs += message.count
            return Refusal(Outcome.FAILED, "unavailable", f"{self.name} is unavailable", status=503)
        number = message.key % self.parameters.prefixes
        prefix = self._prefixes.get(number)
        if prefix is None:
            prefix = self._prefixes[number] = Prefix(self.parameters, now_s)
        if (prefix.writes if write else prefix.reads).take_all(message.count, now_s):
            return None
        self.slow_downs += message.count
        self._note_overload(prefix, now_s)
        return Refusal(Outcome.THROTTLED, "slow_down", f"{self.name} answers 503 Slow Down: a prefix is over its rate", status=503)

    def _note_overload(self, prefix: Prefix, now_s: float) -> None:
        if self.parameters.split_after_s is None:
            return
        if prefix.over_since_s is None:
            prefix.over_since_s = now_s
        elif now_s - prefix.over_since_s >= self.parameters.split_after_s:
            prefix.over_since_s = None
            self.splits += 1
            for bucket in (prefix.writes, prefix.reads):
                bucket.available(now_s)
                bucket.rate_per_s *= 2
                bucket.burst *= 2

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        refusal = self._refusal(message, write=True)
        if refusal is not None:
            return refusal
        now_s = self.agenda._now
        self.entered += message.count
        self.writes += message.count
        self.stored_bytes.add(message.count * message.size_bytes, now_s)
        events = self.wires_out["out"]
        if not events:
            self.finish(message, "stored")
            return None
        self.finished += message.count
        for wire_out in events:
            event = message.copy()
            event.size_bytes = self.parameters.event_bytes
            self.created += event.count
            self.events_pending += event.count
            self.agenda.at(now_s + self._draw_event_s() * self._slow, self._tell, EventOnTheWay(event, wire_out, now_s))
        return None

    def _tell(self, event: EventOnTheWay) -> None:
        now_s = self.agenda._now
        if now_s > event.since_s:
            spend(event.message, self._telling if event.pause_s == 1.0 else self._retrying, event.since_s, now_s)
            event.since_s = now_s
        refusal = event.wire.send(event.message)
        if refusal is None:
            self.events_delivered += event.message.count
            self.events_pending -= event.message.count
        elif refusal.retryable:
            self.agenda.at(now_s + event.pause_s, self._tell, event)
            event.pause_s = min(2 * event.pause_s, LONGEST_RETRY_PAUSE_S)
        else:
            self.events_pending -= event.message.count
            self.lose(event.message, refusal.cause, f"Event undeliverable: {refusal.title.lower()}")

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        refusal = self._refusal(message, write=False)
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)
            return
        now_s = self.agenda._now
        first_byte_s = now_s + self._draw_read_s() * self._slow
        self.agenda.at(first_byte_s + self._draw_transfer_s() * self._slow, self._read, (message, wire, reply, now_s, first_byte_s))

    def _read(self, request: tuple[Message, Wire, Reply, float, float]) -> None:
        message, wire, reply, came_s, first_byte_s = request
        now_s = self.agenda._now
        self.reads += message.count
        self.latencies.add(first_byte_s - came_s, message.count)
        self.total_latencies.add(now_s - came_s, message.count)
        spend(message, self._reading, came_s, first_byte_s)
        if now_s > first_byte_s:
            spend(message, self._sending, first_byte_s, now_s)
        if wire.answered(message, None):
            self.finish(message, "read")
        else:
            self.finished += message.count
        reply(message, None)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Every request is answered 503 until cleared (None)."""
        self._unavailable = value is not None

    def fault_slows(self, value: SlowsParameters | None) -> None:
        """What begins takes longer, until cleared (None)."""
        self._slow = value.factor if value is not None else 1.0

    def parameter_changed(self, name: str) -> None:
        if name == "first_byte_latency":
            self._draw_read_s = self.parameters.first_byte_latency.sampler(self.stream("reads"))
        elif name == "transfer":
            self._draw_transfer_s = self.parameters.transfer.sampler(self.stream("transfers"))
        elif name in ("writes_per_s", "reads_per_s"):
            self._prefixes.clear()

    def holding(self) -> int:
        return self.events_pending

    def trouble(self) -> tuple[int, int]:
        return self.lost + (self.slow_downs if self._unavailable else 0), self.slow_downs

    @classmethod
    def passes_at_once(cls, parameters: ParameterSet) -> bool:
        return bool(parameters.event_latency.expected_s() == 0)  # type: ignore[attr-defined]

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.writes
        yield self.prices[1], self.reads
        yield self.prices[2], self.stored_bytes.area(self.agenda._now) / 1e9 / MONTH_S

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["5xxErrors"] > 0:
            return f"{format_rate(rates['5xxErrors'])} are answered 503: a prefix takes {format_rate(self.parameters.writes_per_s)} writes.", Culprit(self.id, "prefixes")
        return None
