"""What a Kafka producer gathers: batches, one open for each partition, and the settings that decide about them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal, Protocol

from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause
from simulator.engine.wire import Wire
from simulator.mechanics.distributions import Constant, Distribution
from simulator.vocabulary import ParameterSet, Source, Values, parameter

if TYPE_CHECKING:
    from simulator.mechanics.kafka.kafka_partition import Partition

KAFKA = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), ProducerConfig", "https://kafka.apache.org/documentation/#producerconfigs", "2026-11")
LINGER = Source("Apache Kafka, KIP-1030: linger.ms is 5 from 4.0 on", "https://cwiki.apache.org/confluence/display/KAFKA/KIP-1030", "2026-11")
DESIGN = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), design document: quotas", "https://kafka.apache.org/documentation/#design_quotas", "2026-11")
UNPUBLISHED = Source("Not published; an assumption to change", "https://kafka.apache.org/documentation/#producerconfigs", "2026-11", "M")

MIB = 1024**2
BATCH_HEADER_BYTES = 61
"""Of a record batch in the message format 2, by its specification."""
RECORD_OVERHEAD_BYTES = 10
"""Lengths, attributes and differences of time and offset of one record in that format; 7 to about 20, as they are of variable length."""


class KafkaProducerParameters(ParameterSet):
    """The Kafka producers of an application that writes here."""

    topic: str = parameter("", "Name of the topic. Empty: the cluster's first.", title="Topic", section="Topic", max_length=249)
    record_key: Literal["key", "none", "salted"] = parameter(
        "key", "key: records of one key go to one partition, in order. none: no key, so that batches go to one partition after the other (sticky). salted: key and a random number, which"
        " spreads a hot key over several partitions.", title="Record key", section="Topic", source=KAFKA)
    salts: int = parameter(10, "For salted keys: how many keys each key is spread over.", title="Salts", unit="count", section="Topic", ge=1, le=10_000, advanced=True)
    producers: int = parameter(
        1, "Producer clients, each with batches, memory and connections of its own; messages go to them in turn. Many producers fill batches slowly.", title="Producers", unit="count",
        section="Topic", ge=1, le=100_000, source=UNPUBLISHED)
    acks: Literal["0", "1", "all"] = parameter(
        "all", "0: nobody waits. 1: the leader has it; lost if that fails before others have copied it. all: every in-sync replica has it.", title="Acks", section="Durability", aws="acks", source=KAFKA)
    enable_idempotence: Literal["auto", "on", "off"] = parameter(
        "auto", "Retries make no duplicates and keep the order. auto: on if acks is all and at most 5 requests are in flight.", title="Idempotence", section="Durability",
        aws="enable.idempotence", source=KAFKA)
    linger_s: float = parameter(
        0.005, "A batch waits so long for more records. 0 until Kafka 3.9.", title="Linger", unit="s", section="Batches", aws="linger.ms", ge=0, le=60, source=LINGER)
    batch_size_bytes: int = parameter(
        16_384, "A batch of one partition is sent when it is so large (compressed).", title="Batch size", unit="bytes", section="Batches", aws="batch.size", ge=0, le=100 * MIB, source=KAFKA)
    compression_type: Literal["none", "gzip", "snappy", "lz4", "zstd"] = parameter(
        "none", "Batches are compressed by the producer; brokers keep them so.", title="Compression", section="Batches", aws="compression.type", source=KAFKA)
    compression_ratio: float = parameter(
        0.4, "Compressed size as a share of the size, if there is compression. It depends on what is sent.", title="Compressed to", unit="share", section="Batches", gt=0, le=1,
        source=UNPUBLISHED)
    max_request_size_bytes: int = parameter(
        MIB, "Largest request; a larger record is rejected (RecordTooLargeException).", title="Largest request", unit="bytes", section="Batches", aws="max.request.size", ge=100, le=1024 * MIB,
        source=KAFKA)
    buffer_memory_bytes: int = parameter(
        32 * MIB, "Memory of a producer for batches, each of which takes the full batch size. When it is used up, send() blocks.", title="Buffer memory", unit="bytes", section="Blocking",
        aws="buffer.memory", ge=100, le=1024**4, source=KAFKA)
    max_block_s: float = parameter(
        60, "send() blocks so long; then the record fails (TimeoutException) and is lost.", title="Longest block", unit="s", section="Blocking", aws="max.block.ms", ge=0, le=86400, source=KAFKA)
    send_threads: int = parameter(
        8, "Threads of the application at one producer that call send(): each can be blocked. When all are, what comes waits in the application.", title="Threads", unit="count",
        section="Blocking", ge=1, le=100_000, source=UNPUBLISHED, advanced=True)
    max_in_flight_requests: int = parameter(
        5, "Requests to one broker that wait for their answers. More than 5, or no idempotence: retries can change the order.", title="Requests in flight", unit="count", section="Sending",
        aws="max.in.flight.requests.per.connection", ge=1, le=1000, source=KAFKA)
    retries: int = parameter(
        2**31 - 1, "How often a batch is tried again, within the delivery timeout.", title="Retries", unit="times", section="Sending", aws="retries", ge=0, le=2**31 - 1, source=KAFKA, advanced=True)
    retry_backoff_s: float = parameter(
        0.1, "Pause before a batch is tried again; it doubles, with jitter.", title="Retry back-off", unit="s", section="Sending", aws="retry.backoff.ms", ge=0.001, le=3600, source=KAFKA, advanced=True)
    retry_backoff_max_s: float = parameter(
        1.0, "Longest pause before a batch is tried again.", title="Longest back-off", unit="s", section="Sending", aws="retry.backoff.max.ms", ge=0.001, le=3600, source=KAFKA, advanced=True)
    request_timeout_s: float = parameter(
        30, "A request without an answer is given up, and its batches are tried again.", title="Request timeout", unit="s", section="Sending", aws="request.timeout.ms", ge=0.01, le=86400, source=KAFKA)
    delivery_timeout_s: float = parameter(
        120, "A record that is not acknowledged by then has failed, wherever it is. Not below linger and request timeout together.", title="Delivery timeout", unit="s", section="Sending",
        aws="delivery.timeout.ms", ge=0.01, le=86400 * 25, source=KAFKA)
    network_latency: Distribution = parameter(
        lambda: Constant(value_s=0.001), "One way between producer and broker.", title="Network latency", unit="s", section="Sending", widget="distribution", source=UNPUBLISHED, advanced=True)
    producer_byte_rate: float | None = parameter(
        None, "Client quota: bytes a second that these producers together may send to each broker. Above it, answers come with a throttle time and the connection is mute as long.",
        title="Bytes a second and broker", section="Client quota", aws="producer_byte_rate", ge=1, le=1e12, source=DESIGN)
    request_percentage: float | None = parameter(
        None, "Client quota: share of one request thread of each broker that these producers together may use, in per cent.", title="Request percentage", section="Client quota",
        aws="request_percentage", gt=0, le=10_000, source=DESIGN)

    @property
    def ratio(self) -> float:
        """Size on the wire for each byte of a message."""
        return 1.0 if self.compression_type == "none" else self.compression_ratio

    @property
    def is_idempotent(self) -> bool:
        """Whether brokers recognise batches that come again."""
        return self.acks == "all" and self.max_in_flight_requests <= 5 and self.retries > 0 if self.enable_idempotence == "auto" else self.enable_idempotence == "on"


def kafka_producer_settings(wire: Wire) -> KafkaProducerParameters:
    """The producer's settings on this wire; the defaults where its other end has parameters of its own."""
    if not hasattr(wire.parameters, "linger_s"):
        return KafkaProducerParameters()
    return KafkaProducerParameters(**{name: getattr(wire.parameters, name) for name in KafkaProducerParameters.model_fields})


class BatchOwner(Protocol):
    """The producer, as the cluster sees it."""

    def taken(self, batch: Batch) -> None:
        """A leader has the batch now: its messages are the partition's."""

    def returned(self, batch: Batch) -> None:
        """A leader lost the batch before it was acknowledged: its messages are the producer's again."""

    def answered(self, request: Request) -> None:
        """The answer to the request leaves the broker now."""

    def disconnected(self, request: Request) -> None:
        """The broker went away; there will be no answer."""


class Lane:
    """What one producer has for one partition: batches that wait in order, and the numbers by which a broker knows their order."""

    __slots__ = ("assigned", "expected", "partition", "queue", "sender", "skipped", "wait")

    def __init__(self, sender: Any, partition: Partition) -> None:
        self.sender = sender
        self.partition = partition
        self.queue: deque[Batch] = deque()
        self.assigned = 0
        self.expected = 0
        """Number of the batch that the leader takes next, of an idempotent producer."""
        self.skipped: set[int] = set()
        self.wait: Cause | None = None
        """Why its latest try failed; None after a success."""

    def passed(self, number: int) -> None:
        """The batch of this number is in the log, or given up: the next may come."""
        if number < self.expected:
            return
        self.skipped.add(number)
        while self.expected in self.skipped:
            self.skipped.remove(self.expected)
            self.expected += 1


class Batch:
    """Records of one producer for one partition.

    ``is_written``: a leader has it, and its messages are the partition's. ``is_logged``: it is below the high watermark.
    """

    __slots__ = ("count", "created_s", "is_expired", "is_full", "is_logged", "is_written", "lane", "memory_bytes", "messages", "number", "owner", "raw_bytes", "ready_s", "since_s", "size_bytes", "tries", "try_s", "wait")

    def __init__(self, owner: BatchOwner, lane: Lane, memory_bytes: int, now_s: float) -> None:
        self.owner = owner
        self.lane = lane
        self.memory_bytes = memory_bytes
        self.messages: list[Message] = []
        self.count = 0
        self.size_bytes = BATCH_HEADER_BYTES
        self.raw_bytes = 0
        self.created_s = self.since_s = now_s
        self.ready_s = self.try_s = now_s
        self.number = -1
        self.tries = 0
        self.is_full = self.is_expired = self.is_written = self.is_logged = False
        self.wait: Cause | None = None
        """What it waits for before it is tried again."""

    @property
    def partition(self) -> Partition:
        """Where it goes."""
        return self.lane.partition

    def add(self, message: Message, size_bytes: int) -> None:
        """Append a record that takes ``size_bytes``."""
        self.messages.append(message)
        self.count += message.count
        self.size_bytes += size_bytes
        self.raw_bytes += message.size_bytes * message.count

    def spend(self, cause: Cause, now_s: float) -> None:
        """Book the time since the last such call, or since a record came, to ``cause``."""
        since_s = self.since_s
        if now_s > since_s:
            for message in self.messages:
                from_s = message.legs[3] if message.legs is not None else message.born_s
                if from_s < since_s:
                    from_s = since_s
                if now_s > from_s:
                    spend(message, cause, from_s, now_s)
            self.since_s = now_s


class Request:
    """A produce request: at most one batch for each of some partitions that one broker leads."""

    __slots__ = ("acks", "batches", "broker", "cpu_s", "errors", "is_over", "left", "sender", "sent_s", "size_bytes", "throttle_s")

    def __init__(self, sender: Any, broker: int, batches: list[Batch], acks: str, now_s: float) -> None:
        self.sender = sender
        self.broker = broker
        self.batches = batches
        self.acks = acks
        self.sent_s = now_s
        self.size_bytes = sum(batch.size_bytes for batch in batches)
        self.errors: dict[Batch, str] = {}
        self.left = 0
        """Batches that are not replicated yet."""
        self.throttle_s = 0.0
        self.cpu_s = 0.0
        self.is_over = False
        """Answered, or given up."""


def settings_of(parameters: Any) -> Any:
    """``parameters`` as a plain object whose attributes are read fast, derived ones too."""
    values = Values(parameters)
    values.ratio, values.is_idempotent = parameters.ratio, parameters.is_idempotent  # type: ignore[attr-defined]
    return values
