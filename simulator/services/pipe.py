"""Amazon EventBridge Pipes: reads a source, keeps what a pattern matches, asks an enrichment, and hands the batch to one target.

All stages of one execution run one after the other, and the messages stay with the source until the target has taken them:
what fails comes back when its visibility timeout ends, or blocks its shard or partition, or is delivered again by its broker. Sources
are SQS queues, Kinesis and DynamoDB streams, Kafka topics and queues of ActiveMQ, each read with the mechanism of Lambda's mappings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import data_record_of, pattern_problems, value_record_of
from simulator.measures import Spread
from simulator.mechanics.mappings.broker_mapping import BrokerMapping
from simulator.mechanics.mappings.event_source_mapping import EventSourceMapping
from simulator.mechanics.mappings.kafka_mapping import KafkaMapping
from simulator.mechanics.mappings.pipe_parameters import (
    BATCHING,
    CONCURRENCY,
    GUIDE,
    METRICS,
    PRICING,
    QUOTAS,
    AccountExecutions,
    BrokerSourceParameters,
    KafkaSourceParameters,
    PipeParameters,
    SourceParameters,
    StreamSourceParameters,
)
from simulator.mechanics.mappings.pipe_stages import PipeStages
from simulator.mechanics.mappings.stream_mapping import StreamMapping, report_discarded
from simulator.units import format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Price,
    Quota,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

SOURCES = ("source", "stream", "kafka", "broker")


class Pipe(PipeStages):
    """A pipe from one source to one target."""

    kind = "pipe"
    title = "EventBridge Pipe"
    short_title = "EventBridge · Pipe"
    neutral_title = "Pipe"
    group = "Application integration"
    icon = "resource/AmazonEventBridgePipes"
    summary = "Connects a queue, stream or topic to one target, with a filter and an enrichment between them, and without code of your own."
    documentation_url = f"{GUIDE}/eb-pipes.html"
    Parameters = PipeParameters
    AccountParameters = AccountExecutions
    ports = (
        Port("source", "Source", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "The queue the pipe reads.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=SourceParameters, cuttable=True),
        Port("stream", "Source, a stream", Direction.IN, Verb.POLL, frozenset({"kinesis:GetRecords", "dynamodb:GetRecords"}), "The stream the pipe reads, each shard in order.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=StreamSourceParameters),
        Port("kafka", "Source, a Kafka topic", Direction.IN, Verb.POLL, frozenset({"kafka-cluster:ReadData"}), "The cluster of which the pipe reads a topic, each partition in order.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=KafkaSourceParameters, cuttable=True),
        Port("broker", "Source, a message broker", Direction.IN, Verb.POLL, frozenset({"mq:Consume"}), "The broker of which the pipe consumes a queue.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=BrokerSourceParameters),
        Port("discarded", "Discarded batches", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "sns:Publish"}), "Is told of batches of a stream that were given up.", role="failure", max_wires=1),
        Port("enrichment", "Enrichment", Direction.OUT, Verb.INVOKE, frozenset({"lambda:Invoke", "states:StartSyncExecution", "execute-api:Invoke", "events:InvokeApiDestination"}),
             "What is asked about each batch before it goes to the target.", max_wires=1),
        Port("out", "Target, one-way", Direction.OUT, Verb.SEND,
             frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents", "kinesis:PutRecord", "kinesis:PutRecords", "firehose:PutRecord",
                        "firehose:PutRecordBatch", "states:StartExecution", "ecs:RunTask", "logs:PutLogEvents"}),
             "A target that takes messages and does not answer.", max_wires=1),
        Port("requests", "Target that answers", Direction.OUT, Verb.INVOKE, frozenset({"lambda:Invoke", "states:StartSyncExecution", "execute-api:Invoke", "events:InvokeApiDestination"}),
             "A target that the pipe waits for: one request for each batch.", max_wires=1),
    )
    quotas = (
        Quota("executions", "Executions at once, us-east-1", 3000, "count", "account and Region", True, QUOTAS, "1,000 elsewhere"),
        Quota("batches", "Concurrent batches from one queue", 1250, "count", "pipe", True, BATCHING, "1,000 on another page"),
        Quota("duration", "Duration of an execution", 300, "s", "execution", False, CONCURRENCY),
    )
    metrics = (
        Metric("EventCount", "Events", "messages", "sum", "Messages that passed the filter and went into executions; a retry counts again.", "events", METRICS, True, "rates"),
        Metric("EventsFiltered", "Filtered out", "messages", "sum", "Messages that the filter did not match: deleted from the source. CloudWatch has no such metric.", "filtered", None, True, "filter"),
        Metric("Invocations", "Executions", "count", "sum", "Executions started.", "executions", METRICS, True, "rates"),
        Metric("MessagesDelivered", "Delivered", "messages", "sum", "Messages whose target took them. CloudWatch has no such metric.", "delivered", None, True, "rates"),
        Metric("DuplicatesDelivered", "Delivered again", "messages", "sum", "Messages delivered although they had been before. CloudWatch has no such metric.", "duplicates", None, False, "trouble"),
        Metric("ConcurrentExecutions", "Concurrency", "count", "gauge", "Executions in progress.", "concurrency", METRICS, True, "concurrency", limit="executions"),
        Metric("ExecutionThrottled", "Throttled", "count", "sum", "Executions refused over the account's quota.", "throttled", METRICS, True, "trouble"),
        Metric("ExecutionFailed", "Failed", "count", "sum", "Executions that failed: their messages come back.", "failed", METRICS, True, "trouble"),
        Metric("ExecutionPartiallyFailed", "Partially failed", "count", "sum", "Executions of which the target refused some messages, or a stage reported them as failed: those come back.", "partially_failed", METRICS, False, "trouble"),
        Metric("StageRetries", "Stages tried again", "count", "sum", "Times a throttled enrichment or target was tried again within an execution. CloudWatch has no such metric.", "stage_retries", None, False, "trouble"),
        Metric("ExecutionTimeout", "Timed out", "count", "sum", "Executions stopped after 5 minutes.", "timed_out", METRICS, False, "trouble"),
        Metric("IteratorAge", "Iterator age", "s", "spread", "Age of the last record of a batch of a stream when its execution starts. CloudWatch has no such metric.", "iterator_ages", None, False, "age"),
        Metric("Duration", "Duration", "s", "spread", "Time of an execution.", "durations", METRICS, True, "latency"),
        Metric("EnrichmentStageDuration", "Enrichment", "s", "spread", "Time of the enrichment.", "enrichment_durations", METRICS, False, "latency"),
        Metric("TargetStageDuration", "Target", "s", "spread", "Time of the target.", "target_durations", METRICS, False, "latency"),
        Metric("ConcurrentBatches", "Concurrent batches allowed", "count", "gauge", "Batches the pipe may have in progress. CloudWatch has no such metric.", "allowed_batches", None, False, "concurrency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"stage": "Stages of the pipe", "enrichment": "Enrichment", "target": "Target", "throttled": "A stage that is throttled", "pipe_executions": "Pipe executions of the account used up"}
    overlay = Overlay(
        "ConcurrentExecutions", (Figure("EventCount"), Figure("Duration", "p99"), Figure("ExecutionFailed", "failed", quiet=True)), limit="executions",
        picture=Picture("slots", (Fill("ConcurrentExecutions"),), limit="executions"),
    )
    faults = (Fault("stops", "The pipe is stopped", "Nothing is read until cleared.", sort="stops"),)
    prices = (Price("requests", "Pipe requests, after the filter", 0.40e-6, "request of up to 64 KB", PRICING),)
    fidelity = Fidelity(
        modelled=(
            "Filter, enrichment and target one after the other; the messages stay in the queue until the target has taken them.",
            "What the filter does not match is deleted from the queue, and costs nothing.",
            "A failed enrichment or target fails the batch; a one-way target that refuses some messages fails those alone. They come back after their visibility timeout, and go to the queue's own dead-letter queue in the end.",
            "Streams of Kinesis and DynamoDB are read as by Lambda's mappings: parallelization factor, retries, record age, bisecting; a failed batch blocks its shard.",
            "Kafka topics and queues of a message broker, read as by Lambda's mappings in their default mode: pollers that grow with the lag; five batches at once, whole batches delivered again, dead letters.",
            "An enrichment or a target that answers may report which messages of its batch failed: those alone come back, in an ordered source with all that follow them.",
            "A throttled enrichment or target is tried again within the execution, which goes on meanwhile.",
            "Concurrent batches start at 5 and grow by 60 a minute up to 1,250; errors lower them. Client errors in a row stop the pipe.",
            "Executions of all pipes of the account share a quota.",
        ),
        approximated=(
            "Ramp and ceiling are the figures of 2023; Lambda's equivalent is faster by now. How errors lower the batches is a parameter.",
            "A batch of more than one message is one request to an enrichment or to a target that answers; its messages end here, for the request is one message.",
            "A request is billed by 64 KB of a batch: AWS says of a request, and an execution is one.",
            "Which messages a stage reports as failed is drawn here, by the share and by their types: their types then no longer fail the function that gets the batch.",
            "How topics and brokers are read is what AWS says of Lambda's mappings; of pipes it publishes no figures. So are the retries of a throttled stage a parameter.",
        ),
        ignored=(
            "RabbitMQ and self-managed Kafka as sources: the catalog has neither. FIFO order beyond what the queue keeps: AWS does not say what a pipe does about a group of which a message failed.",
            "Quiet queues, where a message may wait up to 20 s for its batch: AWS does not say when a queue is quiet.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A queue, a pipe, an enrichment and a bus",
        "nodes": [
            {"id": "orders", "kind": "traffic", "name": "Orders", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}, "message_types": [
                {"name": "order", "share": 3, "body": {"status": "paid"}}, {"name": "draft", "share": 1, "body": {"status": "draft"}}]}},
            {"id": "queue", "kind": "sqs", "name": "orders", "parameters": {}},
            {"id": "pipe", "kind": "pipe", "name": "orders-to-bus", "parameters": {"filter_pattern": {"body": {"status": ["paid"]}}}},
            {"id": "customer", "kind": "lambda", "name": "find-customer", "parameters": {}},
            {"id": "bus", "kind": "eventbridge", "name": "shop", "parameters": {}},
            {"id": "billing", "kind": "sqs", "name": "billing", "parameters": {}},
            {"id": "bill", "kind": "worker", "name": "Billing", "parameters": {"workers": 30}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "orders", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "pipe", "port": "source"}},
            {"id": "w3", "from": {"node": "pipe", "port": "enrichment"}, "to": {"node": "customer", "port": "requests"}},
            {"id": "w4", "from": {"node": "pipe", "port": "out"}, "to": {"node": "bus", "port": "in"}},
            {"id": "w5", "from": {"node": "bus", "port": "out"}, "to": {"node": "billing", "port": "in"}},
            {"id": "w6", "from": {"node": "billing", "port": "out"}, "to": {"node": "bill", "port": "source"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.mapping: EventSourceMapping | StreamMapping | BrokerMapping | None = None
        self.duplicates = 0
        self.iterator_ages = Spread()

    def start(self) -> None:
        for name in SOURCES:
            for wire in self.wires_in[name]:
                self.mapping = getattr(self, f"_map_{name}")(wire)
                self.limits[self.mapping.active.name] = self.mapping.active
                self.mapping.start()

    def _map_source(self, wire: Wire) -> EventSourceMapping:
        latency_s = wire.parameters.delivery_latency.sampler(self.stream(f"latency {wire.id}"))
        return EventSourceMapping(wire, wire.source, self, self.agenda, self.stream(f"mapping {wire.id}"), latency_s)  # type: ignore[arg-type]

    def _map_stream(self, wire: Wire) -> StreamMapping:
        self.record_of = data_record_of
        return StreamMapping(wire, self, self.agenda, self.iterator_ages, self.stream(f"mapping {wire.id}"))

    def _map_kafka(self, wire: Wire) -> KafkaMapping:
        self.record_of = value_record_of
        return KafkaMapping(wire, self, self.agenda, self.stream(f"mapping {wire.id}"), has_destination=bool(self.wires_out["discarded"]))

    def _map_broker(self, wire: Wire) -> BrokerMapping:
        self.record_of = data_record_of
        return BrokerMapping(wire, self, self.agenda, self.stream(f"mapping {wire.id}"))

    def report_discarded(self, wire: Wire, batch: Sequence[Message], condition: str) -> bool | None:
        return report_discarded(self, self.wires_out["discarded"], wire, batch, condition)

    # -- messages are done with -------------------------------------------------------------------------------------

    def processed_one(self, message: Message, *, first: bool) -> None:
        """A message of a broker was processed, for the first time or again."""
        end = self.ends.pop(message, None)
        if not first:
            self.duplicates += message.count
        elif end is not None:
            self.network.ended(message, end)

    def passed_one(self, message: Message) -> None:
        """A message of a broker is this node's now, and done."""
        self.entered += message.count
        self.finished += message.count

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        owned = attempts[0].source.delete(attempts)
        ended = 0
        for attempt in attempts:
            ended += attempt.count
            end = self.ends.pop(attempt, None)
            if not attempt.source.worked(attempt):
                self.duplicates += attempt.count
            elif end is not None:
                self.network.ended(attempt, end)
        passed: int = sum(attempt.count for attempt in owned)
        self.entered += passed
        self.finished += passed
        wire.settle(ended, passed)
        return passed

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def enable(self, enabled: bool) -> None:
        """Read, or stop reading."""
        if self.mapping is not None and self.mapping.settings.enabled != enabled:
            setattr(self.mapping.settings, "enabled", enabled)  # noqa: B010 - the wire's own value
            self.mapping.settings_changed()

    def fault_stops(self, value: ParameterSet | None) -> None:
        """Nothing is read until cleared (None)."""
        self.client_errors = 0
        self.enable(value is None)

    def wire_cut(self, wire: Wire) -> None:
        if isinstance(self.mapping, KafkaMapping) and wire is self.mapping.wire:
            self.mapping.wire_cut()
        else:
            self.wire_changed(wire)

    def wire_changed(self, wire: Wire) -> None:
        if self.mapping is not None and wire is self.mapping.wire:
            self.mapping.settings_changed()

    def before_slice(self) -> None:
        if self.mapping is not None:
            self.mapping.book_idle_polls()

    # -- what it shows ----------------------------------------------------------------------------------------------

    def allowed_batches(self) -> float:
        """Batches the pipe may have in progress."""
        return float(self.mapping.allowed) if self.mapping is not None else 0.0

    def holding(self) -> int:
        return int(self.outstanding.value)

    def trouble(self) -> tuple[int, int]:
        return self.failed + self.partially_failed, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.requests_billed

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.stage_latency.expected_s() == 0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        for problem in pattern_problems(placed.parameters.filter_pattern):
            yield Finding("event-pattern", "error", f"Filter of '{placed.name}': {problem}", "Correct the pattern", node=placed.id, parameter="filter_pattern")
        sources = [link for name in SOURCES for link in placed.into(name)]
        if len(sources) > 1:
            yield Finding("pipe-sources", "error", f"'{placed.name}' has several sources; a pipe has one", "Remove a wire", node=placed.id, wire=sources[-1].id)
        targets = [*placed.out_of("out"), *placed.out_of("requests")]
        if len(targets) > 1:
            yield Finding("pipe-targets", "error", f"'{placed.name}' has two targets; a pipe has one", "Remove a wire, or use a bus", node=placed.id, wire=targets[-1].id)
        if not targets:
            yield Finding("no-target", "warning", f"'{placed.name}' has no target: what it reads is gone", "Wire it to a target", node=placed.id)
        for link in placed.into("source"):
            if link.parameters.batch_size > 10 and link.parameters.batching_window_s < 1:
                yield Finding("batch-needs-window", "warning", f"'{placed.name}' reads 10 messages at a time without a batching window, not {link.parameters.batch_size}", "Set the window to 1 s or more", node=placed.id, wire=link.id, parameter="batching_window_s")

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self.mapping is not None and not self.mapping.settings.enabled:
            return "The pipe is stopped.", Culprit(self.id, "enabled", self.mapping.wire.id)
        if rates["ExecutionThrottled"] > 0:
            return f"{format_rate(rates['ExecutionThrottled'])} executions are throttled: the account may have {self.account.limit:,} at once.", Culprit(self.id)
        if rates["ExecutionFailed"] + rates["ExecutionPartiallyFailed"] > 0:
            return f"{format_rate(rates['ExecutionFailed'] + rates['ExecutionPartiallyFailed'])} of {format_rate(rates['Invocations'])} executions fail; their messages come back.", None
        return None
