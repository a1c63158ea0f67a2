"""Amazon EventBridge Pipes: reads a source, keeps what a pattern matches, asks an enrichment, and hands the batch to one target.

All stages of one execution run one after the other, and the messages stay with the source until the target has taken them:
what fails comes back when its visibility timeout ends, or blocks its shard. Sources are SQS queues and Kinesis streams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import compile_pattern, pattern_problems, queue_record_of
from simulator.measures import Gauge, Spread
from simulator.mechanics.distributions import Constant, Distribution, measured
from simulator.mechanics.event_source_mapping import BatchDone, EventSourceMapping
from simulator.mechanics.stream_mapping import StreamMapping, record_of, report_discarded
from simulator.mechanics.stream_mapping_parameters import StreamMappingParameters
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
    Source,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
API = Source("EventBridge Pipes API Reference, service model of November 2026", "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html", "2026-11")
CONCURRENCY = Source("EventBridge User Guide, Pipes concurrency", f"{GUIDE}/eb-pipes.html", "2023-06")
BATCHING = Source("EventBridge User Guide, Pipes batching and concurrency", f"{GUIDE}/eb-pipes-batching-concurrency.html", "2023-06")
QUOTAS = Source("EventBridge User Guide, Amazon EventBridge quotas", f"{GUIDE}/eb-quota.html", "2026-11")
METRICS = Source("EventBridge User Guide, Monitoring Amazon EventBridge Pipes", f"{GUIDE}/eb-pipes-monitoring.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS publishes no figure", f"{GUIDE}/eb-pipes.html", "2026-11", "M")
LIKE_LAMBDA = Source("As measured for Lambda's event source mapping of SQS (bitesizedserverless); no figure for Pipes", "https://bitesizedserverless.com/", "2022-09", "D")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

CHUNK_BYTES = 65536
WITHOUT: Mapping[str, Any] = {
    "maximum_concurrency": None, "report_batch_item_failures": False, "malformed_response_share": 0.0, "filter_criteria": (), "provisioned_mode": False,
    "low_traffic_wait_s": 0.0, "record_overhead_bytes": 0, "quiet_pollers": 1_000_000, "quiet_after_s": 1.0,
}
"""What Lambda's mappings have, and Pipes does not offer; a pipe filters by itself."""


class PipeParameters(ParameterSet):
    """What a pipe does with what it reads."""

    filter_pattern: dict[str, Any] | None = parameter(
        None, "Only messages that match go on; the others are deleted from the source. The pattern sees the record, with 'body' and 'messageAttributes'.",
        title="Filter", section="Filter", aws="FilterCriteria", widget="record_pattern", source=API)
    input_bytes: int | None = parameter(
        None, "Size of what the target gets of each message, if an enrichment or a transformer changes it. Empty: the whole message.", title="Input size", unit="bytes",
        section="Target", aws="TargetParameters.InputTemplate", ge=1, le=1_048_576, source=API, changeable=True)
    stage_latency: Distribution = parameter(
        lambda: Constant(value_s=0.01), "What Pipes itself needs for each stage. AWS publishes no figure.", title="Stage latency", unit="s", section="Execution",
        widget="distribution", source=UNPUBLISHED, advanced=True)
    timeout_s: float = parameter(
        300, "An execution that takes longer has failed. AWS fixes it at 5 minutes.", title="Timeout", unit="s", section="Execution", gt=0, le=300, source=CONCURRENCY, advanced=True)
    stops_after_client_errors: int = parameter(
        100, "So many client errors (4xx) of enrichment or target in a row stop the pipe; 0 is never. AWS publishes no figure.", title="Stops after client errors", unit="count",
        section="Execution", ge=0, le=1_000_000, source=UNPUBLISHED, advanced=True)


class AccountExecutions(ParameterSet):
    """What all pipes of the account and Region share."""

    concurrent_executions: int = parameter(
        3000, "Executions at once: 3,000 in us-east-1, 1,000 in other Regions.", title="Pipe executions", unit="count", section="EventBridge Pipes",
        ge=1, le=1_000_000, source=QUOTAS)


class SourceParameters(ParameterSet):
    """How a pipe reads a queue."""

    batch_size: int = parameter(
        10, "Messages in one execution, at most. More than 10 needs a batching window.", title="Batch size", unit="messages", section="Batching",
        aws="SourceParameters.SqsQueueParameters.BatchSize", ge=1, le=10000, source=API, changeable=True)
    batching_window_s: float = parameter(
        0, "How long to wait for a batch to fill.", title="Batching window", unit="s", section="Batching",
        aws="MaximumBatchingWindowInSeconds", ge=0, le=300, source=API, changeable=True)
    enabled: bool = parameter(True, "Off: the pipe is stopped, and the queue fills.", title="Enabled", section="Reading", aws="DesiredState", source=API, changeable=True)
    pollers_at_start: int = parameter(
        5, "Concurrent batches at the start.", title="Batches at start", unit="count", section="Reading", ge=1, le=1250, source=CONCURRENCY, advanced=True)
    poller_ramp_per_min: float = parameter(
        60, "Concurrent batches added each minute while a backlog remains. Lambda's equivalent is 300 by now.", title="Ramp", unit="per_min", section="Reading",
        gt=0, le=100_000, source=CONCURRENCY, advanced=True)
    poller_ceiling: int = parameter(
        1250, "Concurrent batches of one pipe, at most. Another page of the same guide says 1,000.", title="Ceiling", unit="count", section="Reading",
        ge=1, le=100_000, source=BATCHING, advanced=True)
    poller_scale_in_per_min: float = parameter(
        60, "Concurrent batches given up each minute once the backlog is gone.", title="Scale-in", unit="per_min", section="Reading", gt=0, le=100_000, source=UNPUBLISHED, advanced=True)
    error_backoff_share: float = parameter(
        0.1, "By how much a failed execution lowers the concurrent batches.", title="Back-off on errors", unit="share", section="Errors", ge=0, le=1, source=UNPUBLISHED, advanced=True)
    backoff_floor: int = parameter(
        1, "Errors do not lower the concurrent batches below this.", title="Back-off floor", unit="count", section="Errors", ge=1, le=1250, source=UNPUBLISHED, advanced=True)
    throttle_backoff_s: float = parameter(
        1, "First pause before a throttled batch is tried again; it doubles each time, with jitter.", title="Throttle pause", unit="s", section="Errors",
        gt=0, le=60, source=UNPUBLISHED, advanced=True)
    throttle_backoff_max_s: float = parameter(
        10, "Longest pause before a throttled batch is tried again.", title="Longest throttle pause", unit="s", section="Errors", gt=0, le=900, source=UNPUBLISHED, advanced=True)
    delivery_latency: Distribution = parameter(
        lambda: measured((0.1, 0.0137), (0.5, 0.0162), (0.9, 0.0338), (0.99, 0.105)), "Time from a message being available to its execution, when a batch is free.", title="Reading latency", unit="s",
        section="Latency", widget="distribution", source=LIKE_LAMBDA, advanced=True)


class StreamSourceParameters(StreamMappingParameters):
    """How a pipe reads a stream: with the mechanism of Lambda's mappings. A batch that failed in part is bisected if that is switched on."""


class Executions:
    """Executions in progress of all pipes of the account."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.running = 0


class Execution:
    """One batch on its way through the stages."""

    __slots__ = ("batch", "done", "filtered", "stage_s", "started_s")

    def __init__(self, batch: list[Message], filtered: list[Message], done: BatchDone, now_s: float) -> None:
        self.batch = batch
        self.filtered = filtered
        self.done = done
        self.started_s = self.stage_s = now_s


def _is_single(execution: Execution) -> bool:
    """Whether the batch is one message, which then goes on by itself."""
    return len(execution.batch) == 1 and execution.batch[0].count == 1


class Pipe(Node):
    """A pipe from one source to one target."""

    kind = "pipe"
    title = "EventBridge Pipe"
    short_title = "EventBridge · Pipe"
    neutral_title = "Pipe"
    group = "Application integration"
    icon = "resource/AmazonEventBridgePipes"
    summary = "Connects a queue to one target, with a filter and an enrichment between them, and without code of your own."
    documentation_url = f"{GUIDE}/eb-pipes.html"
    Parameters = PipeParameters
    AccountParameters = AccountExecutions
    ports = (
        Port("source", "Source", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "The queue the pipe reads.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=SourceParameters, cuttable=True),
        Port("stream", "Source, a stream", Direction.IN, Verb.POLL, frozenset({"kinesis:GetRecords"}), "The stream the pipe reads, each shard in order.", max_wires=1,
             wire_title="Source of the pipe", wire_parameters=StreamSourceParameters),
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
        Metric("ExecutionPartiallyFailed", "Partially failed", "count", "sum", "Executions of which the target refused some messages: those come back.", "partially_failed", METRICS, False, "trouble"),
        Metric("ExecutionTimeout", "Timed out", "count", "sum", "Executions stopped after 5 minutes.", "timed_out", METRICS, False, "trouble"),
        Metric("IteratorAge", "Iterator age", "s", "spread", "Age of the last record of a batch of a stream when its execution starts. CloudWatch has no such metric.", "iterator_ages", None, False, "age"),
        Metric("Duration", "Duration", "s", "spread", "Time of an execution.", "durations", METRICS, True, "latency"),
        Metric("EnrichmentStageDuration", "Enrichment", "s", "spread", "Time of the enrichment.", "enrichment_durations", METRICS, False, "latency"),
        Metric("TargetStageDuration", "Target", "s", "spread", "Time of the target.", "target_durations", METRICS, False, "latency"),
        Metric("ConcurrentBatches", "Concurrent batches allowed", "count", "gauge", "Batches the pipe may have in progress. CloudWatch has no such metric.", "allowed_batches", None, False, "concurrency"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"stage": "Stages of the pipe", "enrichment": "Enrichment", "target": "Target", "pipe_executions": "Pipe executions of the account used up"}
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
            "A Kinesis stream is read as by Lambda's mappings: parallelization factor, retries, record age, bisecting; a failed batch blocks its shard.",
            "Concurrent batches start at 5 and grow by 60 a minute up to 1,250; errors lower them. Client errors in a row stop the pipe.",
            "Executions of all pipes of the account share a quota.",
        ),
        approximated=(
            "Ramp and ceiling are the figures of 2023; Lambda's equivalent is faster by now. How errors lower the batches is a parameter.",
            "A batch of more than one message is one request to an enrichment or to a target that answers; its messages end here.",
            "A request is billed by 64 KB of a batch.",
        ),
        ignored=(
            "Sources other than SQS and Kinesis (DynamoDB streams, Amazon MQ, MSK): put a function between them. FIFO order beyond what the queue keeps.",
            "Failed items reported by a function, and throttled targets that Pipes tries again by itself.",
            "Quiet queues, where a message may wait up to 20 s for its batch.",
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
        quota = network.account.get(self.kind) or AccountExecutions()
        self.account = network.shared("pipe executions", lambda: Executions(quota.concurrent_executions))  # type: ignore[attr-defined]
        self.concurrency = self.limit("executions", "Pipe executions of the account", self.account.limit)
        self.events = self.filtered = self.executions = self.delivered = self.duplicates = 0
        self.throttled = self.failed = self.partially_failed = self.timed_out = self.requests_billed = 0
        self.durations, self.enrichment_durations, self.target_durations = Spread(), Spread(), Spread()
        self.outstanding = Gauge()
        self.mapping: EventSourceMapping | StreamMapping | None = None
        self.iterator_ages = Spread()
        self._passes: dict[MessageType, bool] = {}
        self._ends: dict[Message, str] = {}
        self._client_errors = 0
        self._record_of: Callable[[Mapping[str, Any], Any], Any] = queue_record_of
        self._matches = compile_pattern(self.parameters.filter_pattern)
        self._stage_s = self.parameters.stage_latency.sampler(self.stream("stage"))
        self._stage_cause = self.cause("stage", "Stages of the pipe", Culprit(id, "stage_latency"), capacity=False)

    def start(self) -> None:
        for wire in self.wires_in["source"]:
            # the mechanism of Lambda's mappings, without what Pipes does not offer
            for name, value in WITHOUT.items():
                setattr(wire.parameters, name, value)
            latency_s = wire.parameters.delivery_latency.sampler(self.stream(f"latency {wire.id}"))
            self.mapping = EventSourceMapping(wire, wire.source, self, self.agenda, self.stream(f"mapping {wire.id}"), latency_s)  # type: ignore[arg-type]
            self.limits[self.mapping.active.name] = self.mapping.active
            self.mapping.start()
        for wire in self.wires_in["stream"]:
            self._record_of = record_of
            self.mapping = StreamMapping(wire, self, self.agenda, self.iterator_ages, self.stream(f"mapping {wire.id}"))
            self.limits[self.mapping.active.name] = self.mapping.active
            self.mapping.start()

    def report_discarded(self, wire: Wire, batch: Sequence[Message], condition: str) -> bool | None:
        return report_discarded(self, self.wires_out["discarded"], wire, batch, condition)

    # -- an execution -----------------------------------------------------------------------------------------------

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        now_s = self.agenda._now
        passing = [message for message in batch if self._passes_filter(message.type)]
        filtered = [message for message in batch if not self._passes_filter(message.type)] if len(passing) < len(batch) else []
        execution = Execution(passing, filtered, done, now_s)
        if not passing:
            self.agenda.at(now_s, self._all_filtered, execution)
            return None
        if self.account.running >= self.account.limit:
            self.throttled += 1
            return Refusal(Outcome.THROTTLED, "pipe_executions", "Pipe executions of the account used up")
        self.account.running += 1
        self.concurrency.add(1, now_s)
        self.executions += 1
        self.events += sum(message.count for message in passing)
        self.requests_billed += max(1, math.ceil(sum(message.size_bytes * message.count for message in passing) / CHUNK_BYTES))
        enriched = bool(self.wires_out["enrichment"])
        self.agenda.at(now_s + self._stage_s(), self._enrich if enriched else self._deliver, execution)
        return None

    def _passes_filter(self, message_type: MessageType) -> bool:
        passes = self._passes.get(message_type)
        if passes is None:
            passes = self._passes[message_type] = self._matches(self._record_of(message_type.attributes, message_type.body))
        return passes

    def _all_filtered(self, execution: Execution) -> None:
        self._settle(execution, (), ())

    def discard(self, wire: Wire, attempts: Sequence[Message]) -> None:
        self._ends.update(dict.fromkeys(attempts, "filtered out"))
        self.take_over(wire, attempts)

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        return Culprit(self.id)

    def _begin_stage(self, execution: Execution) -> float:
        now_s = self.agenda._now
        for message in execution.batch:
            spend(message, self._stage_cause, execution.stage_s, now_s)
        execution.stage_s = now_s
        return float(execution.started_s + self.parameters.timeout_s - now_s)

    def _enrich(self, execution: Execution) -> None:
        left_s = self._begin_stage(execution)

        def answered(request: Message, refusal: Refusal | None) -> None:
            self._answered(execution, request, refusal, self.enrichment_durations, "enrichment", self.wires_out["enrichment"][0])
            if refusal is None:
                self.agenda.at(self.agenda._now + self._stage_s(), self._deliver, execution)
            else:
                self._fail(execution, refusal)

        self._ask(self.wires_out["enrichment"][0], self._request(execution, batch_only=True), answered, left_s)

    def _deliver(self, execution: Execution) -> None:
        left_s = self._begin_stage(execution)
        if self.wires_out["out"]:
            self._send(execution, self.wires_out["out"][0])
        elif self.wires_out["requests"]:
            self._invoke(execution, self.wires_out["requests"][0], left_s)
        else:
            self._ends.update(dict.fromkeys(execution.batch, "no target"))
            self._settle(execution, execution.batch, ())

    def _send(self, execution: Execution, wire: Wire) -> None:
        taken: list[Message] = []
        refused: list[Message] = []
        for message in execution.batch:
            copy = self._copy(message)
            refusal = wire.send(copy)
            if refusal is None:
                self.created += copy.count
                taken.append(message)
            else:
                refused.append(message)
                self._note_error(refusal)
        self.target_durations.add(0.0)
        if refused and taken:
            self.partially_failed += 1
        elif refused:
            self.failed += 1
        self._settle(execution, taken, refused)

    def _invoke(self, execution: Execution, wire: Wire, left_s: float) -> None:
        def answered(request: Message, refusal: Refusal | None) -> None:
            self._answered(execution, request, refusal, self.target_durations, "target", wire)
            if refusal is not None:
                self._fail(execution, refusal)
                return
            if not _is_single(execution):
                self._ends.update(dict.fromkeys(execution.batch, f"handed to {wire.target.name}"))
            self._settle(execution, execution.batch, ())

        self._ask(wire, self._request(execution), answered, left_s)

    def _ask(self, wire: Wire, request: Message, answered: Any, left_s: float) -> None:
        self.created += 1
        self.outstanding.add(1, self.agenda._now)
        wire.invoke(request, answered, max(0.0, left_s))

    def _request(self, execution: Execution, batch_only: bool = False) -> Message:
        """What is sent for the batch: the message itself if it is one, else a request of the size of all."""
        first = execution.batch[0]
        if _is_single(execution) and not batch_only:
            return self._copy(first)
        size_bytes = sum(message.size_bytes * message.count for message in execution.batch)
        return Message(1, first.type, self.agenda._now, first.path, size_bytes, first.key, first.number)

    def _copy(self, message: Message) -> Message:
        copy = message.copy()
        if self.parameters.input_bytes is not None:
            copy.size_bytes = self.parameters.input_bytes
        return copy

    def _answered(self, execution: Execution, request: Message, refusal: Refusal | None, spread: Spread, name: str, wire: Wire) -> None:
        now_s = self.agenda._now
        self.outstanding.add(-1, now_s)
        spread.add(now_s - execution.stage_s)
        cause = self.cause(name, f"{name.capitalize()}: {wire.target.name}", Culprit(wire.target.id))
        carried = wire.source_port.name == "requests" and _is_single(execution)
        for message in execution.batch:
            if not carried or (refusal is not None and refusal.outcome is Outcome.TIMED_OUT):
                spend(message, cause, execution.stage_s, now_s)
            elif refusal is not None:
                message.legs = request.legs
        execution.stage_s = now_s
        if refusal is not None:
            self.finished += 1

    def _fail(self, execution: Execution, refusal: Refusal) -> None:
        if refusal.outcome is Outcome.TIMED_OUT:
            self.timed_out += 1
        self.failed += 1
        self._note_error(refusal)
        self._settle(execution, (), execution.batch)

    def _note_error(self, refusal: Refusal) -> None:
        self._client_errors = 0 if refusal.retryable else self._client_errors + 1
        limit = self.parameters.stops_after_client_errors
        if limit and self._client_errors >= limit:
            self.log("warning", f"The pipe stops: {self._client_errors} client errors in a row ({refusal.title}).")
            self._enable(False)

    def _settle(self, execution: Execution, succeeded: Sequence[Message], failed: Sequence[Message]) -> None:
        now_s = self.agenda._now
        if execution.batch:
            self.account.running -= 1
            self.concurrency.add(-1, now_s)
            self.durations.add(now_s - execution.started_s)
        if succeeded:
            self._client_errors = 0
        self.delivered += sum(message.count for message in succeeded)
        self.filtered += sum(message.count for message in execution.filtered)
        self._ends.update(dict.fromkeys(execution.filtered, "filtered out"))
        execution.done([*succeeded, *execution.filtered], failed, bool(failed))

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        owned = attempts[0].source.delete(attempts)
        ended = 0
        for attempt in attempts:
            ended += attempt.count
            end = self._ends.pop(attempt, None)
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

    def _enable(self, enabled: bool) -> None:
        if self.mapping is not None and self.mapping.settings.enabled != enabled:
            setattr(self.mapping.settings, "enabled", enabled)  # noqa: B010 - the wire's own value
            self.mapping.settings_changed()

    def fault_stops(self, value: ParameterSet | None) -> None:
        """Nothing is read until cleared (None)."""
        self._client_errors = 0
        self._enable(value is None)

    def wire_cut(self, wire: Wire) -> None:
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
        if placed.into("source") and placed.into("stream"):
            yield Finding("pipe-sources", "error", f"'{placed.name}' has two sources; a pipe has one", "Remove a wire", node=placed.id, wire=placed.into("stream")[0].id)
        for link in placed.into("stream"):
            if link.parameters.enhanced_fan_out:
                yield Finding("pipe-fan-out", "error", f"'{placed.name}' reads with enhanced fan-out, which pipes do not have", "Switch it off", node=placed.id, wire=link.id, parameter="enhanced_fan_out")
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
