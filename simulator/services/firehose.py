"""Amazon Data Firehose stream: gathers records and delivers them in batches to a bucket or an HTTP endpoint.

A buffer is delivered when it is full or old enough, whichever comes first; with dynamic partitioning each key has a buffer
of its own. A delivery that fails is tried again for a while, then its records go to the backup bucket or are lost.
Transformation by a function, format conversion, and other destinations are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.streams.shard_reading import MOST_RECORDS, PollingParameters, ShardFeed, Subscription
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_rate
from simulator.vocabulary import Direction, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/firehose/latest/dev"
LIMITS = Source("Amazon Data Firehose Developer Guide, Quota (March 2023)", f"{GUIDE}/limits.html", "2026-11")
BUFFERING = Source("Amazon Data Firehose Developer Guide, buffering hints and dynamic partitioning", f"{GUIDE}/buffering.html", "2026-11")
RETRY = Source("Amazon Data Firehose API Reference, HttpEndpointRetryOptions", "https://docs.aws.amazon.com/firehose/latest/APIReference/API_HttpEndpointRetryOptions.html", "2026-11")
METRICS = Source("From memory: CloudWatch metrics of Amazon Data Firehose", f"{GUIDE}/cloudwatch-metrics.html", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/basic-deliver.html", "2026-11", "M")
PRICING = Source("From memory: Amazon Data Firehose pricing, us-east-1", "https://aws.amazon.com/firehose/pricing/", "2026-11", "M")

LARGEST_RECORD_BYTES = 1_024_000
BILLED_STEP_BYTES = 5 * 1024
KEPT_S = 86400.0
ERRORS = -1
"""The partition of records that found no partition free."""


class StreamParameters(ParameterSet):
    """A delivery stream."""

    buffer_size_mb: float = parameter(
        5, "A buffer of so many megabytes is delivered at once.", title="Buffer size", unit="MB", section="Buffer", aws="BufferingHints.SizeInMBs", ge=1, le=128, source=LIMITS,
        changeable=True)
    buffer_interval_s: float = parameter(
        300, "A buffer is delivered at the latest after this time; 0 delivers every record by itself.", title="Buffer interval", unit="s", section="Buffer",
        aws="BufferingHints.IntervalInSeconds", ge=0, le=900, source=LIMITS, changeable=True)
    dynamic_partitioning: bool = parameter(
        False, "Each key has a buffer and an object of its own. Only for buckets.", title="Dynamic partitioning", section="Buffer", aws="DynamicPartitioningConfiguration", source=BUFFERING)
    active_partitions: int = parameter(
        500, "Keys that may have a buffer at one time; records of further keys go to the error prefix. A soft quota, up to 5,000.", title="Active partitions", unit="count",
        section="Buffer", ge=1, le=5000, source=BUFFERING, advanced=True)
    retry_duration_s: float = parameter(
        300, "How long a failed delivery to an HTTP endpoint is tried again, without the time spent on waiting for answers. To a bucket it is tried for 24 hours.",
        title="Retry duration", unit="s", section="Delivery", aws="RetryOptions.DurationInSeconds", ge=0, le=7200, source=RETRY, changeable=True)
    retry_pause_s: float = parameter(
        1, "First pause before a delivery is tried again; it doubles each time, up to a minute.", title="First retry pause", unit="s", section="Delivery", ge=0.1, le=3600,
        source=UNPUBLISHED, advanced=True)
    response_timeout_s: float = parameter(
        180, "An HTTP endpoint that has not answered by then has failed.", title="Response timeout", unit="s", section="Delivery", gt=0, le=3600, source=UNPUBLISHED, advanced=True)
    records_a_request: int = parameter(
        1, "Records in a request of the producers: 1 for PutRecord, up to 500 for PutRecordBatch.", title="Records a request", unit="count", section="Direct PUT", ge=1, le=500, source=LIMITS)
    requests_per_s: float = parameter(
        2000, "Requests a second, in us-east-1. A soft quota; the three scale together.", title="Requests a second", unit="per_s", section="Direct PUT", gt=0, le=10_000_000,
        source=LIMITS, advanced=True)
    records_per_s: float = parameter(
        500_000, "Records a second, in us-east-1.", title="Records a second", unit="per_s", section="Direct PUT", gt=0, le=100_000_000, source=LIMITS, advanced=True)
    throughput_mb_per_s: float = parameter(
        5, "Mebibytes a second, in us-east-1.", title="Throughput", unit="", section="Direct PUT", gt=0, le=100_000, source=LIMITS, advanced=True)


class Batch:
    """Records that are gathered, then delivered together."""

    __slots__ = ("bytes", "opened_s", "partition", "pause_s", "records", "sent_s", "since_s", "tried_s")

    def __init__(self, partition: int, now_s: float) -> None:
        self.partition = partition
        self.records: list[Message] = []
        self.bytes = 0
        self.opened_s = self.since_s = self.sent_s = now_s
        self.tried_s = 0.0
        """How long it has been tried, without the time spent on waiting for answers."""
        self.pause_s = 0.0

    def messages(self) -> int:
        """How many records it holds."""
        return sum(record.count for record in self.records)


class StreamReadingParameters(PollingParameters):
    """How the delivery stream reads a Kinesis stream."""

    polling_interval_s: float = parameter(
        1, "How often each shard is polled.", title="Polling interval", unit="s", section="Reading", gt=0, le=3600, source=UNPUBLISHED, advanced=True)

    def polls_per_s(self) -> float:
        return 1.0 / self.polling_interval_s


class ShardIntake:
    """What a delivery stream reads of one shard: the records are its own at once."""

    def __init__(self, delivery: DeliveryStream, subscription: Subscription, feed: ShardFeed) -> None:
        self.delivery, self.subscription, self.feed = delivery, subscription, feed

    def room(self) -> int:
        return MOST_RECORDS

    def take(self, tokens: list[Message]) -> None:
        reader, count = self.feed.reader, sum(token.count for token in tokens)
        owned = reader.delete(tokens)
        self.subscription.wire.settle(count, count)
        for token in owned:
            self.delivery.keep(token)
        reader.commit(min((token.position for token in reader.out), default=reader.position))
        self.subscription.settled(self.feed)


class DeliveryStream(Node):
    """A delivery stream with one destination."""

    kind = "firehose"
    title = "Data Firehose stream"
    short_title = "Firehose"
    neutral_title = "Delivery stream"
    group = "Analytics"
    icon = "architecture-service/AmazonDataFirehose"
    summary = "Gathers records and delivers them in batches to a bucket or an HTTP endpoint."
    documentation_url = f"{GUIDE}/what-is-this-service.html"
    Parameters = StreamParameters
    ports = (
        Port("in", "Records", Direction.IN, Verb.SEND, frozenset({"firehose:PutRecord"}), "Producers and topics put records here."),
        Port("stream", "Stream", Direction.IN, Verb.POLL, frozenset({"kinesis:GetRecords"}), "A Kinesis stream whose records are delivered; the quotas of direct PUT do not count then.", max_wires=1,
             wire_title="Reading", wire_parameters=StreamReadingParameters),
        Port("bucket", "Bucket", Direction.OUT, Verb.SEND, frozenset({"s3:PutObject"}), "The bucket that batches are stored in, as objects.", max_wires=1),
        Port("endpoint", "HTTP endpoint", Direction.OUT, Verb.INVOKE, frozenset({"http:Request"}), "The endpoint that batches are sent to.", max_wires=1),
        Port("backup", "Failed batches", Direction.OUT, Verb.SEND, frozenset({"s3:PutObject"}), "The bucket for batches that could not be delivered.", role="failure", max_wires=1),
    )
    quotas = (
        Quota("records", "Records a second, direct PUT, us-east-1", 500_000, "per_s", "stream", True, LIMITS),
        Quota("requests", "Requests a second, direct PUT, us-east-1", 2000, "per_s", "stream", True, LIMITS),
        Quota("throughput", "Data a second, direct PUT, us-east-1", 5 * 1024**2, "bytes", "stream and second", True, LIMITS),
        Quota("record", "Size of a record", LARGEST_RECORD_BYTES, "bytes", "record", False, LIMITS),
        Quota("partitions", "Active partitions", 500, "count", "stream", True, BUFFERING),
        Quota("kept", "Data kept while the destination is down", KEPT_S, "s", "stream", False, LIMITS),
    )
    metrics = (
        Metric("IncomingRecords", "Records in", "messages", "sum", "Records taken.", "records_in", METRICS, True, "rates"),
        Metric("IncomingBytes", "Bytes in", "bytes", "sum", "Bytes taken.", "bytes_in", METRICS, False, "size"),
        Metric("ThrottledRecords", "Throttled", "messages", "sum", "Records refused over a quota of the stream.", "throttled", METRICS, True, "trouble"),
        Metric("DeliveryToDestination.Records", "Records delivered", "messages", "sum", "Records in batches that the destination took. CloudWatch has one such metric for each kind of destination.", "delivered", METRICS, True, "rates"),
        Metric("BatchesDelivered", "Batches", "count", "sum", "Objects stored, or requests answered with success. CloudWatch has no such metric.", "batches", None, True, "batches"),
        Metric("DeliveryFailures", "Failed deliveries", "count", "sum", "Attempts at delivering a batch that failed. CloudWatch has no such metric.", "failures", None, True, "trouble"),
        Metric("BackupToS3.Records", "Backed up", "messages", "sum", "Records that went to the backup bucket.", "backed_up", METRICS, True, "trouble"),
        Metric("DataFreshness", "Age of oldest", "s", "gauge", "Age of the oldest record that is not delivered.", "age_of_oldest_s", METRICS, True, "age"),
        Metric("BufferedRecords", "In buffers", "messages", "gauge", "Records that are gathered or being delivered. CloudWatch has no such metric.", "held", None, True, "backlog"),
        Metric("ActivePartitionsCount", "Active partitions", "count", "gauge", "Keys that have a buffer now.", "partitions_now", METRICS, False, "partitions"),
        Metric("PartitionCountExceeded", "No partition free", "messages", "sum", "Records that went to the error prefix, because too many keys had a buffer.", "partition_errors", METRICS, False, "trouble"),
        Metric("BatchSize", "Batch size", "bytes", "spread", "Sizes of the batches delivered. CloudWatch has no such metric.", "batch_sizes", None, False, "size"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"buffering": "Gathered in a buffer", "delivery": "Delivery of the batch", "delivery_retry": "Retrying a delivery"}
    overlay = Overlay(
        "BufferedRecords", (Figure("IncomingRecords"), Figure("DataFreshness", "age"), Figure("ThrottledRecords", "throttled", quiet=True)),
        picture=Picture("tank", (Fill("BufferedRecords"),)),
    )
    prices = (Price("ingestion", "Ingestion, each record rounded up to 5 KB", 0.029, "GB", PRICING),)
    fidelity = Fidelity(
        modelled=(
            "Buffers by size and time, and one for each key with dynamic partitioning, up to the quota of active partitions.",
            "Three quotas of direct PUT; the largest record. A Kinesis stream as the source, each shard polled each second, without those quotas.",
            "Retries for the retry duration to an HTTP endpoint, for 24 hours to a bucket; then the backup bucket, or loss.",
            "Records are rounded up to 5 KB for the bill.",
        ),
        approximated=(
            "A batch is one message of its own for the destination, born with its oldest record; the records end here when it is delivered, for a bucket gets one object.",
            "Pauses between retries and the response timeout are assumptions: AWS publishes no figures.",
            "Each batch is delivered by itself, in parallel; AWS may deliver later when a destination is slow, and makes larger batches.",
        ),
        ignored=("Transformation by a function, format conversion, compression: how they change sizes and times depends on your data.", "Destinations beside buckets and HTTP endpoints (OpenSearch, Redshift, Splunk, Snowflake, Iceberg tables): they fill from batches in the same way.", "The free tier, and the price of dynamic partitioning: no source was read."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Clicks into a bucket",
        "nodes": [
            {"id": "clicks", "kind": "traffic", "name": "Clicks", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}}},
            {"id": "stream", "kind": "firehose", "name": "clicks", "parameters": {"buffer_interval_s": 60}},
            {"id": "lake", "kind": "s3", "name": "lake", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "clicks", "port": "out"}, "to": {"node": "stream", "port": "in"}},
            {"id": "w2", "from": {"node": "stream", "port": "bucket"}, "to": {"node": "lake", "port": "in"}},
        ],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.records_in = self.bytes_in = self.billed_bytes = self.throttled = self.delivered = 0
        self.batches = self.failures = self.backed_up = self.partition_errors = self.held = 0
        self.batch_sizes = Spread()
        self._polls = self.stream("poll phases")
        self._open: dict[int, Batch] = {}
        self._closed: dict[int, Batch] = {}
        self._next_batch = 0
        self._buckets: list[tuple[TokenBucket, Callable[[Message], int]]] = [
            (TokenBucket(values.requests_per_s * values.records_a_request, max(1.0, values.requests_per_s * values.records_a_request)), lambda message: message.count),
            (TokenBucket(values.records_per_s, max(1.0, values.records_per_s)), lambda message: message.count),
            (TokenBucket(values.throughput_mb_per_s * 1024**2, max(LARGEST_RECORD_BYTES, values.throughput_mb_per_s * 1024**2)), lambda message: message.count * message.size_bytes),
        ]
        self._gathering = self.cause("buffering", "Gathered in a buffer", Culprit(id, "buffer_interval_s"), capacity=False)
        self._delivering = self.cause("delivery", "Delivery of the batch", Culprit(id), capacity=False)
        self._retrying = self.cause("delivery_retry", "Retrying a delivery", Culprit(id, "retry_duration_s"))

    def start(self) -> None:
        for wire in self.wires_in["stream"]:
            stream: Any = wire.source
            self._subscription: Subscription = stream.subscribe(wire, self)
            self._subscription.begin()

    # -- records come in --------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        if message.size_bytes > LARGEST_RECORD_BYTES:
            return Refusal(Outcome.REJECTED, "too_large", "Record larger than 1,000 KiB", retryable=False)
        now_s = self.agenda._now
        if any(bucket.available(now_s) < weigh(message) for bucket, weigh in self._buckets):
            self.throttled += message.count
            return Refusal(Outcome.THROTTLED, "stream_quota", f"{self.name} is over its throughput")
        for bucket, weigh in self._buckets:
            bucket.take_all(weigh(message), now_s)
        self.keep(message)
        return None

    def keep(self, message: Message) -> None:
        """Take a record that has been put, or read from a stream."""
        self.entered += message.count
        self.records_in += message.count
        self.bytes_in += message.count * message.size_bytes
        self.billed_bytes += message.count * math.ceil(message.size_bytes / BILLED_STEP_BYTES) * BILLED_STEP_BYTES
        self.held += message.count
        self._gather(message, self.agenda._now)

    def open_shard(self, feed: ShardFeed) -> None:
        """A shard of the stream can be read."""
        interval_s = self._subscription.settings.polling_interval_s
        feed.start(ShardIntake(self, self._subscription, feed), interval_s, phase_s=self._polls.uniform() * interval_s)

    def _gather(self, message: Message, now_s: float) -> None:
        values = self.parameters
        partition = message.key if values.dynamic_partitioning else 0
        if partition not in self._open and len(self._open) - (ERRORS in self._open) >= values.active_partitions:
            partition = ERRORS
            self.partition_errors += message.count
        batch = self._open.get(partition)
        if batch is None:
            batch = self._open[partition] = Batch(partition, now_s)
            self.agenda.at(now_s + values.buffer_interval_s, self._due, batch)
        message.since_s = now_s
        batch.records.append(message)
        batch.bytes += message.count * message.size_bytes
        if batch.bytes >= values.buffer_size_mb * 1_000_000:
            self._close(batch)

    def _due(self, batch: Batch) -> None:
        if self._open.get(batch.partition) is batch:
            self._close(batch)

    def _close(self, batch: Batch) -> None:
        now_s = self.agenda._now
        del self._open[batch.partition]
        self._closed[id(batch)] = batch
        for record in batch.records:
            if now_s > record.since_s:
                spend(record, self._gathering, record.since_s, now_s)
        batch.since_s = now_s
        self._deliver(batch)

    # -- batches go out ---------------------------------------------------------------------------------------------

    def _object(self, batch: Batch) -> Message:
        """The batch as one message, born with its oldest record."""
        oldest = min(batch.records, key=lambda record: record.born_s)
        self._next_batch += 1
        return Message(1, MessageType("batch", batch.bytes), oldest.born_s, oldest.path, None, max(0, batch.partition), self._next_batch, oldest.legs)

    def _deliver(self, batch: Batch) -> None:
        now_s = self.agenda._now
        batch.sent_s = now_s
        if self.wires_out["bucket"]:
            self._hand_over(batch, self.wires_out["bucket"][0])
        elif self.wires_out["endpoint"]:
            self.wires_out["endpoint"][0].invoke(self._object(batch), partial(self._answered, batch), self.parameters.response_timeout_s)
        else:
            self._settle(batch, "no destination")

    def _hand_over(self, batch: Batch, wire: Wire) -> None:
        refusal = wire.send(self._object(batch))
        if refusal is None:
            self.created += 1
            self._settle(batch, "delivered")
        else:
            self._failed(batch, refusal, KEPT_S)

    def _answered(self, batch: Batch, parcel: Message, refusal: Refusal | None) -> None:
        if refusal is None:
            self.created += 1
            self._settle(batch, "delivered")
            return
        self._book(batch, self._delivering)
        self._failed(batch, refusal, self.parameters.retry_duration_s)

    def _failed(self, batch: Batch, refusal: Refusal, longest_s: float) -> None:
        self.failures += 1
        batch.pause_s = min(60.0, 2 * batch.pause_s) if batch.pause_s else self.parameters.retry_pause_s
        if batch.tried_s + batch.pause_s > longest_s or (not refusal.retryable and self.wires_out["bucket"]):
            self._give_up(batch, refusal)
            return
        batch.tried_s += batch.pause_s
        self.agenda.at(self.agenda._now + batch.pause_s, self._again, batch)

    def _again(self, batch: Batch) -> None:
        self._book(batch, self._retrying)
        self._deliver(batch)

    def _book(self, batch: Batch, cause: Any) -> None:
        now_s = self.agenda._now
        if now_s > batch.since_s:
            for record in batch.records:
                spend(record, cause, batch.since_s, now_s)
        batch.since_s = now_s

    def _give_up(self, batch: Batch, refusal: Refusal) -> None:
        backup = self.wires_out["backup"]
        if backup and backup[0].send(self._object(batch)) is None:
            self.created += 1
            self.backed_up += batch.messages()
            self._end(batch, "backed up")
            return
        del self._closed[id(batch)]
        self.held -= batch.messages()
        for record in batch.records:
            self.lose(record, refusal.cause, f"Undeliverable: {refusal.title.lower()}")

    def _settle(self, batch: Batch, end: str) -> None:
        self._book(batch, self._delivering)
        self.batches += 1
        self.delivered += batch.messages()
        self.batch_sizes.add(batch.bytes)
        self._end(batch, end)

    def _end(self, batch: Batch, end: str) -> None:
        del self._closed[id(batch)]
        self.held -= batch.messages()
        for record in batch.records:
            self.finish(record, end)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        return self.held

    def age_of_oldest_s(self) -> float:
        """Age in seconds of the oldest record that is not delivered; 0 when there is none."""
        opened = [batch.opened_s for held in (self._open, self._closed) for batch in held.values()]
        return self.agenda._now - min(opened) if opened else 0.0

    def partitions_now(self) -> int:
        """Keys that have a buffer now."""
        return len(self._open)

    def backlog(self) -> float:
        return sum(batch.messages() for batch in self._closed.values() if batch.pause_s)

    def trouble(self) -> tuple[int, int]:
        return self.failures + self.lost, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.billed_bytes / 1e9

    @classmethod
    def passes_at_once(cls, parameters: ParameterSet) -> bool:
        return True

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        bucket, endpoint = placed.out_of("bucket"), placed.out_of("endpoint")
        if placed.into("in") and placed.into("stream"):
            yield Finding("two-sources", "error", f"'{placed.name}' has a stream and direct PUT as its sources; it has one of the two", "Remove a wire, or use a second delivery stream", node=placed.id, wire=placed.into("stream")[0].id)
        if bucket and endpoint:
            yield Finding("two-destinations", "error", f"'{placed.name}' has two destinations; a stream has one", "Remove a wire, or use a second stream", node=placed.id, wire=endpoint[0].id)
        if not bucket and not endpoint:
            yield Finding("no-destination", "warning", f"'{placed.name}' delivers to nothing", "Wire it to a bucket or an HTTP endpoint", node=placed.id)
        if endpoint and placed.parameters.dynamic_partitioning:
            yield Finding("partitions-need-a-bucket", "error", f"'{placed.name}' partitions its records, which only a bucket takes", "Switch dynamic partitioning off, or deliver to a bucket", node=placed.id, parameter="dynamic_partitioning")
        if placed.parameters.dynamic_partitioning and placed.parameters.buffer_interval_s < 60:
            yield Finding("partition-buffer", "error", f"'{placed.name}' partitions its records: its buffer interval must be 60 s or more", "Lengthen the buffer interval", node=placed.id, parameter="buffer_interval_s")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["ThrottledRecords"] > 0:
            return f"{format_rate(rates['ThrottledRecords'])} are refused: the stream is over its throughput.", Culprit(self.id, "throughput_mb_per_s")
        if rates["DeliveryFailures"] > 0:
            return f"{format_rate(rates['DeliveryFailures'])} deliveries fail.", Culprit(self.id)
        return None
