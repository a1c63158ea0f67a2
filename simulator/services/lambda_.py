"""AWS Lambda function: runs once for each request, event or batch of messages, within its concurrency.

Invoked synchronously (the caller waits), asynchronously (an internal queue with two retries), or by the event source
mapping that polls an SQS queue. Concurrency is shared in the account; new environments start cold and are added at a
limited rate. Provisioned concurrency, SnapStart, filters of the mapping and provisioned pollers are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.cohorts import span_of, spend_all
from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Figure as MeasuredFigure
from simulator.engine.station import Into, Station
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.cohort_mapping import CohortMapping, batch_service_s, success_chance, unfit_for_cohorts
from simulator.mechanics.cohort_station import Draw, Work
from simulator.mechanics.distributions import Distribution, Lognormal, measured
from simulator.mechanics.environments import Environments, FleetOfEnvironments
from simulator.mechanics.event_source_mapping import MOST_DOUBLINGS, BatchDone, EventSourceMapping
from simulator.mechanics.processing import Processor, PublishParameters
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_count, format_duration, format_rate
from simulator.vocabulary import (
    ANY_ACTION,
    Direction,
    Fault,
    Fidelity,
    Figure,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Port,
    Price,
    Quota,
    Source,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
API = Source("AWS Lambda API Reference", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html", "2026-11")
LIMITS = Source("Lambda Developer Guide, Lambda quotas", f"{GUIDE}/gettingstarted-limits.html", "2026-11")
SCALING = Source("Lambda Developer Guide, Lambda function scaling", f"{GUIDE}/lambda-concurrency.html", "2026-11")
ASYNC = Source("Lambda Developer Guide, asynchronous error handling", f"{GUIDE}/invocation-async-error-handling.html", "2026-11")
MAPPING_API = Source("AWS Lambda API Reference, CreateEventSourceMapping", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html", "2026-11")
MAPPING_SCALING = Source("Lambda Developer Guide, scaling behavior for SQS event source mappings", f"{GUIDE}/services-sqs-scaling.html", "2026-11")
MAPPING_ERRORS = Source("Lambda Developer Guide, handling errors for an SQS event source", f"{GUIDE}/services-sqs-errorhandling.html", "2026-11")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/services-sqs-scaling.html", "2026-11", "M")
LATENCY = Source("bitesizedserverless, Latency compared (eu-west-1, September 2022)", "https://bitesizedserverless.com/", "2022-09", "T")
BENCHMARK = Source("lambda-perf benchmark, 512 MB, x86_64, hello world (July and August 2026)", "https://maxday.github.io/lambda-perf/", "2026-08", "T")
SEBS = Source("SeBS benchmark data (2020), recomputed", "https://github.com/spcl/serverless-benchmarks", "2020", "T")
METRICS = Source("Lambda Developer Guide, types of metrics for Lambda functions", f"{GUIDE}/monitoring-metrics-types.html", "2026-11")
PRICES = Source("AWS price list, us-east-1, snapshot of August 2026", "https://aws.amazon.com/lambda/pricing/", "2026-08")

INIT_MS = {
    "python3.13": {"zip": (84, 117), "image": (162, 397)},
    "nodejs24.x": {"zip": (134, 181), "image": (269, 729)},
    "java21": {"zip": (239, 618), "image": (354, 802)},
    "dotnet8": {"zip": (251, 629), "image": (402, 888)},
    "ruby3.4": {"zip": (229, 542), "image": (263, 537)},
    "go": {"zip": (50, 63), "image": (48, 128)},
    "rust": {"zip": (16, 49), "image": (35, 98)},
}
"""Init duration, p50 and p99 in ms, by runtime and package (source: BENCHMARK)."""

Runtime = Literal["python3.13", "nodejs24.x", "java21", "dotnet8", "ruby3.4", "go", "rust"]
ASYNC_RETRY_S = (60.0, 120.0)
ASYNC_BACKOFF_S, ASYNC_BACKOFF_MAX_S = 1.0, 300.0


class FunctionParameters(ParameterSet):
    """A function's configuration, and what its code does with a message."""

    duration: Distribution = parameter(
        lambda: Lognormal(p50_s=0.1, p99_s=0.5), "Time the handler needs for one message (without the cold start).",
        title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    batch_work: Literal["sequential", "parallel", "single"] = parameter(
        "sequential", "A batch is worked on one message after the other (durations add up), all at once (the longest counts), or as"
        " one piece of work (one duration for the batch).", title="Work on a batch", section="Work", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message fails, beside what the message's type adds.",
        title="Failure probability", unit="share", section="Work", ge=0, le=1, changeable=True)
    timeout_s: float = parameter(
        3, "The invocation is killed after this time, counts as an error, and its environment is reset.",
        title="Timeout", unit="s", section="Function", aws="Timeout", ge=1, le=900, source=LIMITS, changeable=True)
    memory_mb: int = parameter(
        128, "Memory; it sets the price of a second. The duration above is taken as measured at this size.",
        title="Memory", unit="MB", section="Function", aws="MemorySize", ge=128, le=10240, source=LIMITS, changeable=True)
    architecture: Literal["x86_64", "arm64"] = parameter(
        "x86_64", "Processor architecture; sets the price of a second.", title="Architecture", section="Function", aws="Architectures", source=API)
    runtime: Runtime = parameter(
        "python3.13", "Sets the time a cold start needs for initialisation, as measured by a public benchmark.",
        title="Runtime", section="Cold start", aws="Runtime", source=BENCHMARK)
    package: Literal["zip", "image"] = parameter("zip", "Deployment package.", title="Package", section="Cold start", aws="PackageType", source=BENCHMARK)
    sandbox_start_s: float = parameter(
        0.1, "Time before initialisation: fetching the code and making the sandbox. AWS publishes no figure.",
        title="Sandbox start", unit="s", section="Cold start", ge=0, le=60, source=UNPUBLISHED, advanced=True)
    idle_half_life_s: float = parameter(
        380, "Of many idle environments, half are taken away after each such time. AWS says only 'for some time'.",
        title="Idle half-life", unit="s", section="Cold start", gt=0, le=86400, source=SEBS, advanced=True)
    reserved_concurrency: int | None = parameter(
        None, "Guarantee and ceiling of concurrent invocations. Empty: the function shares what the account has unreserved. 0 stops it.",
        title="Reserved concurrency", unit="count", section="Concurrency", aws="ReservedConcurrentExecutions", ge=0, le=100_000, source=SCALING, changeable=True, capacity=True)
    maximum_retry_attempts: int = parameter(
        2, "How often an asynchronous event is tried again after a function error: after 1 minute, then 2 minutes.",
        title="Retry attempts", unit="times", section="Asynchronous invocation", aws="MaximumRetryAttempts", ge=0, le=2, source=ASYNC, changeable=True)
    maximum_event_age_s: float = parameter(
        21600, "Asynchronous events older than this are dropped, or go to the dead-letter queue.",
        title="Maximum event age", unit="s", section="Asynchronous invocation", aws="MaximumEventAgeInSeconds", ge=60, le=21600, source=ASYNC, changeable=True)


class AccountLimits(ParameterSet):
    """What all functions of the account and Region share."""

    concurrent_executions: int = parameter(
        1000, "Concurrent invocations of all functions together. New accounts have less; AWS raises it on request.",
        title="Concurrent executions", unit="count", section="Lambda", ge=10, le=1_000_000, source=LIMITS, changeable=True, capacity=True)
    environments_per_10_s: float = parameter(
        1000, "New environments a function may add in 10 s; unused ones do not accumulate.",
        title="Scaling rate", unit="count", section="Lambda", gt=0, le=1_000_000, source=SCALING, capacity=True)
    environments_at_once: int | None = parameter(
        None, "New environments a function may add at one moment. Empty: as many as in 10 s. The rule before November 2023 was 3,000 at once"
        " (less in some Regions), then 500 a minute.",
        title="Scaling burst", unit="count", section="Lambda", ge=1, le=1_000_000, source=SCALING, advanced=True, capacity=True)


class MappingParameters(ParameterSet):
    """The event source mapping between a queue and a function."""

    batch_size: int = parameter(
        10, "Messages in one invocation, at most. More than 10 needs a batching window of 1 s or more.",
        title="Batch size", unit="messages", section="Batching", aws="BatchSize", ge=1, le=10000, source=MAPPING_API, changeable=True)
    batching_window_s: float = parameter(
        0, "How long to wait for a batch to fill.", title="Batching window", unit="s", section="Batching", aws="MaximumBatchingWindowInSeconds",
        ge=0, le=300, source=MAPPING_API, changeable=True)
    maximum_concurrency: int | None = parameter(
        None, "Concurrent invocations of this mapping, at most. Keep it at or below the reserved concurrency.",
        title="Maximum concurrency", unit="count", section="Scaling", aws="ScalingConfig.MaximumConcurrency", ge=2, le=1000, source=MAPPING_SCALING, changeable=True, capacity=True)
    report_batch_item_failures: bool = parameter(
        False, "Only the messages that failed return to the queue, instead of the whole batch.",
        title="Report batch item failures", section="Errors", aws="FunctionResponseTypes", source=MAPPING_ERRORS, changeable=True)
    enabled: bool = parameter(True, "Off: nothing is polled, and the queue fills.", title="Enabled", section="Scaling", aws="Enabled", source=MAPPING_API, changeable=True)
    pollers_at_start: int = parameter(
        5, "Concurrent batches at the start, and the level to which polling falls back.", title="Pollers at start", unit="count",
        section="Scaling", ge=1, le=1250, source=MAPPING_SCALING, advanced=True, capacity=True)
    poller_ramp_per_min: float = parameter(
        300, "Concurrent batches added each minute while a backlog remains.", title="Poller ramp", unit="per_min", section="Scaling",
        gt=0, le=100_000, source=MAPPING_SCALING, advanced=True, capacity=True)
    poller_ceiling: int = parameter(
        1250, "Concurrent batches of one mapping, at most.", title="Poller ceiling", unit="count", section="Scaling", ge=1, le=100_000,
        source=MAPPING_SCALING, advanced=True, capacity=True)
    poller_scale_in_per_min: float = parameter(
        300, "Concurrent batches given up each minute once the backlog is gone.", title="Poller scale-in", unit="per_min", section="Scaling",
        gt=0, le=100_000, source=UNPUBLISHED, advanced=True, capacity=True)
    error_backoff_share: float = parameter(
        0.1, "By how much an error or a throttle lowers the concurrent batches (not for errors with batch item failures reported).",
        title="Back-off on errors", unit="share", section="Errors", ge=0, le=1, source=UNPUBLISHED, advanced=True)
    backoff_floor: int = parameter(
        5, "Errors and throttles do not lower the concurrent batches below this.", title="Back-off floor", unit="count", section="Errors",
        ge=1, le=1250, source=UNPUBLISHED, advanced=True, capacity=True)
    throttle_backoff_s: float = parameter(
        1, "First pause before a throttled batch is tried again; it doubles each time, with jitter.", title="Throttle pause", unit="s",
        section="Errors", gt=0, le=60, source=UNPUBLISHED, advanced=True)
    throttle_backoff_max_s: float = parameter(
        10, "Longest pause before a throttled batch is tried again.", title="Longest throttle pause", unit="s", section="Errors", gt=0, le=900,
        source=UNPUBLISHED, advanced=True)
    delivery_latency: Distribution = parameter(
        lambda: measured((0.1, 0.0137), (0.5, 0.0162), (0.9, 0.0338), (0.99, 0.105)),
        "Time from a message being available in a standard queue to the function starting, when a poller is free.",
        title="Delivery latency", unit="s", section="Latency", widget="distribution", source=LATENCY, advanced=True)
    fifo_delivery_latency: Distribution = parameter(
        lambda: measured((0.1, 0.0219), (0.5, 0.0281), (0.9, 0.0612), (0.99, 0.645)),
        "The same for a FIFO queue.", title="Delivery latency, FIFO", unit="s", section="Latency", widget="distribution", source=LATENCY, advanced=True)


THROTTLES = {
    "reserved_concurrency": "At its reserved concurrency",
    "account_concurrency": "At the account's concurrency",
    "scaling_rate": "New environments are added too slowly",
    "request_rate": "At 10 requests a second for each concurrency",
    "stopped": "The function is stopped",
}


class AccountConcurrency:
    """The concurrency that functions without a reservation share."""

    def __init__(self, limits: AccountLimits) -> None:
        self.limit = limits.concurrent_executions
        self.per_10_s = limits.environments_per_10_s
        self.at_once = limits.environments_at_once or max(1.0, limits.environments_per_10_s)
        self.functions: list[Function] = []
        self.reserved = self.unreserved = self.in_flight = 0

    def recount(self) -> None:
        """Add up reservations and invocations in progress (at the start, and when a reservation changed)."""
        self.reserved = sum(function.parameters.reserved_concurrency or 0 for function in self.functions)
        self.unreserved = max(0, self.limit - self.reserved)
        pooled = [function for function in self.functions if function.parameters.reserved_concurrency is None]
        self.in_flight = int(sum(function.concurrency.value for function in pooled))


class AsyncEvent:
    """An event in the function's internal queue."""

    __slots__ = ("message", "queued_s", "retries", "since_s", "throttles", "waits_for")

    def __init__(self, message: Message, now_s: float, waits_for: Cause) -> None:
        self.message = message
        self.queued_s = self.since_s = now_s
        self.retries = self.throttles = 0
        self.waits_for = waits_for


class Invocation:
    """One run of the handler, from admission to its end."""

    __slots__ = ("batch", "done", "duration_s", "failed", "init_s", "partial", "started_s", "timed_out")

    def __init__(self, batch: Sequence[Message], done: Callable[..., None], started_s: float, init_s: float, partial: bool) -> None:
        self.batch = batch
        self.done = done
        self.partial = partial
        self.started_s = started_s
        self.init_s = init_s
        self.duration_s = 0.0
        self.failed: list[Message] = []
        self.timed_out = False


class Function(Processor):
    """A Lambda function."""

    kind = "lambda"
    title = "Lambda function"
    short_title = "Lambda"
    neutral_title = "Function"
    group = "Compute"
    icon = "architecture-service/AWSLambda"
    summary = "Runs your code for each request, event or batch of messages, scaling by itself up to its concurrency."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = FunctionParameters
    AccountParameters = AccountLimits
    ports = (
        Port("source", "Event source", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "Queues that this function's event source mappings poll.",
             wire_title="Event source mapping", wire_parameters=MappingParameters),
        Port("events", "Asynchronous events", Direction.IN, Verb.SEND, frozenset({"lambda:InvokeAsync"}), "Services that hand over an event and do not wait."),
        Port("requests", "Requests", Direction.IN, Verb.INVOKE, frozenset({"lambda:Invoke"}), "Callers that wait for the answer."),
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the function publishes for each message it has processed.",
             wire_title="Published messages", wire_parameters=PublishParameters),
        Port("dlq", "Failed events", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "sns:Publish"}),
             "Asynchronous events that failed for good. Messages of a queue go to the queue's own dead-letter queue instead.", role="failure", max_wires=1),
    )
    quotas = (
        Quota("concurrency", "Concurrent executions", 1000, "count", "account and Region", True, LIMITS, "new accounts have less"),
        Quota("scaling", "New environments in 10 s", 1000, "count", "function", False, SCALING),
        Quota("request_rate", "Synchronous requests a second for each concurrency", 10, "per_s", "function", False, LIMITS),
        Quota("timeout", "Longest timeout", 900, "s", "function", False, LIMITS),
        Quota("payload", "Payload of a synchronous invocation", 6_291_456, "bytes", "invocation", False, LIMITS),
    )
    metrics = (
        Metric("Invocations", "Invocations", "count", "sum", "Times the code ran, with success or with a function error. Throttled requests are not counted.", "invocations", METRICS, True, "rates"),
        Metric("Errors", "Errors", "count", "sum", "Invocations that ended in a function error or a timeout.", "errors", METRICS, True, "trouble"),
        Metric("Throttles", "Throttles", "count", "sum", "Requests rejected for lack of concurrency or of new environments. In no other figure.", "throttles", METRICS, True, "trouble"),
        Metric("Duration", "Duration", "s", "spread", "Time the handler ran, without initialisation.", "durations", METRICS, True, "latency"),
        Metric("ConcurrentExecutions", "Concurrency", "count", "gauge", "Invocations in progress.", "concurrency", METRICS, True, "concurrency"),
        Metric("ClaimedAccountConcurrency", "Account concurrency claimed", "count", "gauge", "Unreserved invocations in progress of all functions, and all reserved concurrency.", "claimed", METRICS, False, "concurrency"),
        Metric("MessagesProcessed", "Messages processed", "messages", "sum", "Messages whose processing succeeded. CloudWatch has no such metric.", "processed", None, True, "rates"),
        Metric("DuplicatesProcessed", "Duplicates processed", "messages", "sum", "Messages processed although they had been processed before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
        Metric("ColdStarts", "Cold starts", "count", "sum", "Invocations that had to wait for a new environment. CloudWatch has no such metric.", "cold_starts", None, True, "cold"),
        Metric("InitDuration", "Cold start time", "s", "spread", "Time from admission to the handler's start, for cold starts.", "init_durations", METRICS, False, "cold"),
        Metric("PolledEventCount", "Polled", "messages", "sum", "Messages read by the event source mappings.", "polled", METRICS, False, "mapping"),
        Metric("InvokedEventCount", "Invoked", "messages", "sum", "Messages that invoked the function through a mapping; a retry counts again.", "invoked_events", METRICS, False, "mapping"),
        Metric("FailedInvokeEventCount", "Failed", "messages", "sum", "Messages of a mapping whose invocation failed, or that were reported as failed.", "failed_events", METRICS, False, "mapping"),
        Metric("DeletedEventCount", "Deleted", "messages", "sum", "Messages that a mapping deleted after success.", "deleted_events", METRICS, False, "mapping"),
        Metric("ConcurrentBatches", "Concurrent batches allowed", "count", "gauge", "Batches the mappings may have in progress: their pollers. CloudWatch has no such metric.", "allowed_batches", None, False, "concurrency"),
        Metric("ThrottledBatches", "Throttled batches", "count", "sum", "Times a mapping's batch was throttled. CloudWatch has no such metric.", "throttled_batches", None, False, "mapping"),
        Metric("AsyncEventsReceived", "Async events", "messages", "sum", "Events that entered the internal queue.", "async_received", METRICS, False, "async"),
        Metric("AsyncEventAge", "Async event age", "s", "spread", "Time from queueing to invocation.", "async_ages", METRICS, False, "async"),
        Metric("AsyncEventsDropped", "Async events dropped", "messages", "sum", "Events dropped without success: too old or tried too often.", "async_dropped", METRICS, False, "async"),
        Metric("AsyncBacklog", "Async backlog", "messages", "gauge", "Events in the internal queue or waiting for a retry. CloudWatch has no such metric.", "async_backlog", None, False, "async"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"cold_start": "Cold start", "processing": "Processing", "async_retry": "Waiting for an asynchronous retry", **THROTTLES}
    overlay = Overlay("ConcurrentExecutions", (Figure("Invocations"), Figure("Duration", "p99")), limit="concurrency")
    faults = (
        *Processor.processing_faults,
        Fault("stops", "The function stops", "Every invocation is throttled, as with a reserved concurrency of 0."),
    )
    prices = (
        Price("requests", "Requests", 0.20e-6, "request", PRICES),
        Price("compute_x86_64", "Compute, x86_64", 0.0000166667, "GB-second", PRICES),
        Price("compute_arm64", "Compute, arm64", 0.0000133334, "GB-second", PRICES),
    )
    fidelity = Fidelity(
        modelled=(
            "Reserved and account concurrency, shared between all functions of the diagram.",
            "New environments at 1,000 in 10 s for each function; cold starts by runtime and package; idle environments go.",
            "Synchronous requests at most 10 a second for each concurrency.",
            "Event source mapping for SQS: 5 concurrent batches, +300 a minute up to 1,250, batch size and window, maximum concurrency, partial batch response.",
            "From a FIFO queue: no more batches at once than message groups; a partial response stops at the first failure.",
            "A throttled batch is held until its visibility timeout ends; its messages have used up a receive.",
            "Asynchronous queue: two retries after 1 and 2 minutes, back-off from 1 s to 5 min when throttled, maximum age, dead-letter queue.",
            "Timeouts reset the environment. Requests and GB-seconds are billed, cold starts too.",
        ),
        approximated=(
            "Duration is what you say it is: it does not follow from memory.",
            "Pollers fall back to 5; Lambda goes down to 2 while a queue is quiet.",
            "Scale-in of pollers, back-off after errors and throttles: AWS publishes no figures; they are parameters.",
            "Idle environments: half go every 380 s, as measured in 2020.",
            "A poller takes the next batch at once; its delivery latency counts only for messages that did not wait longer.",
            "The price of a second has no volume tiers.",
        ),
        ignored=(
            "Provisioned concurrency, SnapStart, destinations on success, recursion detection, payload limits.",
            "Filter criteria and provisioned pollers of the mapping; mappings for streams and brokers.",
            "The internal asynchronous queue slows down its reads when it is long.",
            "The free tier.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A queue and a function",
        "nodes": [
            {"id": "orders", "kind": "traffic", "name": "Orders", "parameters": {"load": {"shape": "constant", "rate_per_s": 20}}},
            {"id": "queue", "kind": "sqs", "name": "orders", "parameters": {}},
            {"id": "worker", "kind": "lambda", "name": "worker", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "orders", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "worker", "port": "source"}},
        ],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        limits = network.account.get(self.kind) or AccountLimits()
        self.account = network.shared("lambda", lambda: AccountConcurrency(limits))  # type: ignore[arg-type]
        self.account.functions.append(self)
        self.concurrency = self.limit("concurrency", "Concurrent executions", None)
        self.environments = Environments(self.stream("idle lifetime"), self.parameters.idle_half_life_s, self.account.per_10_s, self.account.at_once)
        self.requests_bucket = TokenBucket(1.0, 1.0)
        self.mappings: list[EventSourceMapping | CohortMapping] = []
        self.fleet = FleetOfEnvironments(self.environments)
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.async_received = self.async_dropped = self.async_events = 0
        self.throttle_counts = dict.fromkeys(THROTTLES, 0)
        self.gb_s = 0.0
        self.durations, self.init_durations, self.async_ages = Spread(), Spread(), Spread()
        self._stopped = False
        self._init = self.cause("cold_start", "Cold start", Culprit(id, "runtime"), capacity=False)
        self._working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)
        self._retrying = self.cause("async_retry", "Waiting for an asynchronous retry", Culprit(id, "maximum_retry_attempts"), capacity=False)

    def start(self) -> None:
        super().start()
        p50_ms, p99_ms = INIT_MS[self.parameters.runtime][self.parameters.package]
        self._init_s = Lognormal(p50_s=p50_ms / 1000, p99_s=p99_ms / 1000).sampler(self.stream("init"))
        self._draw_duration_s = self.parameters.duration.sampler(self.stream("duration"))
        self._apply_concurrency()
        for wire in self.wires_in["source"]:
            mapping = self._map(wire)
            self.mappings.append(mapping)
            self.limits[mapping.active.name] = mapping.active
        for mapping in self.mappings:
            mapping.start()

    def _map(self, wire: Wire) -> EventSourceMapping | CohortMapping:
        stream = self.stream(f"mapping {wire.id}")
        if wire.source.takes_cohorts:
            return CohortMapping(wire, wire.source, self, self.agenda, self.network.tick_s, stream)  # type: ignore[arg-type]
        profile = wire.parameters.fifo_delivery_latency if getattr(wire.source, "in_order", False) else wire.parameters.delivery_latency
        latency_s = profile.sampler(self.stream(f"latency {wire.id}"))
        return EventSourceMapping(wire, wire.source, self, self.agenda, stream, latency_s)  # type: ignore[arg-type]

    def _apply_concurrency(self) -> None:
        self.account.recount()
        now_s = self.agenda._now
        reserved = self.parameters.reserved_concurrency
        ceiling = reserved if reserved is not None else self.account.unreserved
        self.concurrency.change_limit(0 if self._stopped else ceiling, now_s)
        self.requests_bucket = TokenBucket(10.0 * ceiling, 10.0 * ceiling, now_s)

    # -- admission --------------------------------------------------------------------------------------------------

    def _admit(self, now_s: float, synchronous: bool) -> str | None:
        """Start an environment or reuse one; the name of what throttles, if neither can be."""
        if self._stopped:
            return "stopped"
        if self.parameters.reserved_concurrency is not None:
            if self.concurrency.value >= self.parameters.reserved_concurrency:
                return "reserved_concurrency"
        elif self.account.in_flight >= self.account.unreserved:
            return "account_concurrency"
        if synchronous and self.requests_bucket.available(now_s) < 1:
            return "request_rate"
        return None

    def _throttle(self, name: str) -> Refusal:
        self.throttles += 1
        self.throttle_counts[name] += 1
        return Refusal(Outcome.THROTTLED, name, f"{self.name}: {THROTTLES[name].lower()}")

    def _run(self, batch: Sequence[Message], done: Callable[..., None], synchronous: bool, partial: bool = False) -> Refusal | None:
        now_s = self.agenda._now
        throttled = self._admit(now_s, synchronous)
        if throttled is not None:
            return self._throttle(throttled)
        init_s = 0.0
        if not self.environments.warm(now_s):
            if not self.environments.start(now_s):
                return self._throttle("scaling_rate")
            init_s = self.parameters.sandbox_start_s + self._init_s()
            self.cold_starts += 1
            self.init_durations.add(init_s)
        if synchronous:
            self.requests_bucket.take(1, now_s)
        invocation = Invocation(batch, done, now_s, init_s, partial)
        self._work(invocation)
        self.invocations += 1
        self.concurrency.add(1, now_s)
        if self.parameters.reserved_concurrency is None:
            self.account.in_flight += 1
        self.agenda.at(now_s + init_s + invocation.duration_s, self._end, invocation)
        return None

    # -- the handler ------------------------------------------------------------------------------------------------

    def _work(self, invocation: Invocation) -> None:
        """Draw how long the handler runs, and which messages fail. A handler without partial responses stops at a failure."""
        draw = self._draw_duration_s
        batch = invocation.batch
        longest_s = total_s = 0.0
        may_fail = bool(self.parameters.failure_probability or self.fails_share)
        for message in batch:
            for _ in range(message.count):
                drawn_s = draw()
                total_s += drawn_s
                if drawn_s > longest_s:
                    longest_s = drawn_s
            if (may_fail or message.type.failure_probability) and self._fails(invocation, message):
                break
        work = self.parameters.batch_work
        duration_s = total_s if work == "sequential" else longest_s if work == "parallel" else drawn_s
        duration_s *= self.slow_factor
        if duration_s > self.parameters.timeout_s:
            invocation.timed_out = True
            duration_s = self.parameters.timeout_s
            invocation.failed = list(batch)
        elif invocation.failed and not invocation.partial:
            invocation.failed = list(batch)
        invocation.duration_s = duration_s

    def _fails(self, invocation: Invocation, message: Message) -> bool:
        """Whether the handler stops at this message."""
        count = self.failing(message)
        if count == 0:
            return False
        if invocation.partial and count < message.count:
            message = message.source.split_attempt(message, count)
            invocation.batch = [*invocation.batch, message]
        invocation.failed.append(message)
        if invocation.partial and message.source.in_order:
            place = list(invocation.batch).index(message)
            invocation.failed.extend(invocation.batch[place + 1 :])
            return True
        return not invocation.partial

    def _end(self, invocation: Invocation) -> None:
        now_s = self.agenda._now
        self.concurrency.add(-1, now_s)
        if self.parameters.reserved_concurrency is None:
            self.account.in_flight -= 1
        duration_s, init_s = invocation.duration_s, invocation.init_s
        self.durations.add(duration_s)
        self.gb_s += math.ceil((duration_s + init_s) * 1000) / 1000 * self.parameters.memory_mb / 1024
        if not invocation.timed_out:
            self.environments.release(now_s)
        started_s = invocation.started_s
        for message in invocation.batch:
            if init_s:
                spend(message, self._init, started_s, started_s + init_s)
            spend(message, self._working, started_s + init_s, now_s)
        self._settle(invocation)

    def _settle(self, invocation: Invocation) -> None:
        batch, failed = invocation.batch, invocation.failed
        if not failed and not self.publishes:
            invocation.done(batch, (), False)
            return
        handler_failed = bool(failed) and (invocation.timed_out or not invocation.partial)
        succeeded: list[Message] = []
        for message in batch:
            if message not in failed:
                (succeeded if self.publish(message) else failed).append(message)
        if failed and not invocation.partial:
            handler_failed = True
            failed, succeeded = list(batch), []
        if handler_failed:
            self.errors += 1
        invocation.done(succeeded, failed, handler_failed)

    # -- invoked by a mapping ---------------------------------------------------------------------------------------

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        return self._run(batch, done, True, partial)

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        return Culprit(self.id, "reserved_concurrency" if refusal.cause in ("reserved_concurrency", "request_rate", "stopped") else None)

    # -- invoked by a mapping, in cohorts -----------------------------------------------------------------------------

    def pulls_singles(self, wire: Wire) -> str | None:
        return unfit_for_cohorts(self, wire, self.account.limit, self.account.per_10_s)

    def batch_service_s(self) -> float:
        return max((batch_service_s(self, wire) for wire in self.wires_in["source"]), default=0.0)

    def batch_failure_chance(self, message: Message, batch: float, partial: bool) -> float:
        chance = self.failure_chance(message)
        return chance if partial or chance == 0.0 else 1.0 - success_chance(chance, chance, batch)

    def begin_cohort(self, parts: list[Draw], middle_s: float, elapsed_s: float) -> list[Draw]:
        now_s: float = self.agenda._now
        calls = sum(part.calls for part in parts)
        self.invocations += calls
        self.concurrency.shift(calls, middle_s + sum(part.calls * part.delay_s for part in parts) / max(1, calls), now_s)
        for part in parts:
            for _, seconds in part.samples:
                self.durations.add(seconds, part.calls / len(part.samples))
            self._bill(part.seconds, part.calls)
        cold = self.fleet.grow(sum(part.calls * part.seconds for part in parts) / elapsed_s, now_s)
        for _ in range(min(cold, 1)):
            init_s = self.parameters.sandbox_start_s + self._init_s()
            self.cold_starts += cold
            self.init_durations.add(init_s, cold)
            self._bill(init_s, cold)
            delay_s = init_s * min(1.0, cold / max(1, calls))
            parts = [part.delayed(delay_s) for part in parts]
        return parts

    def end_cohort(self, wire: Wire, work: Work, now_s: float) -> None:
        self.concurrency.shift(-work.calls, work.calls_end_s, now_s)
        if work.attempt is not None:
            spend_all(work.attempt, self._working, work.started_s + work.delay_s, span_of(work.attempt).middle_s)
            self.take_over_cohort(wire, work)

    def count_cohort_errors(self, calls: int) -> None:
        self.errors += calls

    def _bill(self, seconds: float, calls: int) -> None:
        self.gb_s += calls * math.ceil(seconds * 1000) / 1000 * self.parameters.memory_mb / 1024

    # -- invoked synchronously --------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self._invoke_one(message.split(1), wire, reply)
        self._invoke_one(message, wire, reply)

    def _invoke_one(self, message: Message, wire: Wire, reply: Reply) -> None:
        def done(succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool) -> None:
            refusal = None if succeeded else Refusal(Outcome.FAILED, "function_error", f"{self.name} failed")
            in_time = wire.answered(message, refusal)
            if refusal is None:
                self.passed(message, first=in_time)
            reply(message, refusal)

        refusal = self._run((message,), done, synchronous=True)
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)

    # -- invoked asynchronously -------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count = message.count
        self.entered += count
        self.async_received += count
        self.async_events += count
        while message.count > 1:
            self._try_event(AsyncEvent(message.split(1), self.agenda._now, self._retrying))
        self._try_event(AsyncEvent(message, self.agenda._now, self._retrying))
        return None

    def _try_event(self, event: AsyncEvent) -> None:
        now_s = self.agenda._now
        message = event.message
        if now_s > event.since_s:
            spend(message, event.waits_for, event.since_s, now_s)
        event.since_s = now_s
        if self._stopped or self.parameters.reserved_concurrency == 0:
            self._drop_event(event, "stopped", "Reserved concurrency is 0")
            return
        if now_s >= event.queued_s + self.parameters.maximum_event_age_s:
            self._drop_event(event, "event_age", "Maximum event age reached")
            return

        def done(succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool) -> None:
            self._event_done(event, bool(succeeded))

        refusal = self._run((message,), done, synchronous=False)
        if refusal is None:
            self.async_ages.add(now_s - event.queued_s, message.count)
            return
        wait_s = min(ASYNC_BACKOFF_S * 2 ** min(event.throttles, MOST_DOUBLINGS), ASYNC_BACKOFF_MAX_S)
        event.throttles += 1
        event.waits_for = self.cause(refusal.cause, THROTTLES[refusal.cause], self.throttle_culprit(refusal))
        self._try_later(event, now_s + wait_s)

    def _try_later(self, event: AsyncEvent, time_s: float) -> None:
        """Try ``event`` again at ``time_s``, or find it too old when its age ends before that."""
        self.agenda.at(max(self.agenda._now, min(time_s, event.queued_s + self.parameters.maximum_event_age_s)), self._try_event, event)

    def _event_done(self, event: AsyncEvent, succeeded: bool) -> None:
        now_s = self.agenda._now
        if succeeded:
            self.async_events -= event.message.count
            self.passed(event.message, first=True)
        elif event.retries >= self.parameters.maximum_retry_attempts:
            event.since_s = now_s
            self._drop_event(event, "retries", "Asynchronous retries used up")
        else:
            event.since_s = now_s
            event.waits_for = self._retrying
            event.throttles = 0
            self._try_later(event, now_s + ASYNC_RETRY_S[event.retries])
            event.retries += 1

    def _drop_event(self, event: AsyncEvent, name: str, title: str) -> None:
        message = event.message
        self.async_dropped += message.count
        self.async_events -= message.count
        wires = self.wires_out["dlq"]
        if not wires or wires[0].send(message) is not None:
            self.lose(message, name, title)

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def fault_stops(self, value: ParameterSet | None) -> None:
        self._stopped = value is not None
        self._apply_concurrency()

    def wire_changed(self, wire: Wire) -> None:
        for mapping in self.mappings:
            if mapping.wire is wire:
                mapping.settings_changed()

    def parameter_changed(self, name: str) -> None:
        if name == "duration":
            self._draw_duration_s = self.parameters.duration.sampler(self.stream("duration"))
        if name == "reserved_concurrency":
            for function in self.account.functions:
                function._apply_concurrency()

    # -- what it shows ----------------------------------------------------------------------------------------------

    def claimed(self) -> float:
        """Unreserved invocations in progress of all functions, and all reserved concurrency."""
        return self.account.in_flight + self.account.reserved

    def async_backlog(self) -> int:
        """Events in the internal queue, waiting for a retry, or being processed."""
        return self.async_events

    def _of_mappings(self, name: str) -> int:
        return sum(int(getattr(mapping, name)) for mapping in self.mappings)

    def polled(self) -> int:
        """Messages read by the mappings."""
        return self._of_mappings("polled")

    def invoked_events(self) -> int:
        """Messages that invoked the function through a mapping."""
        return self._of_mappings("invoked")

    def failed_events(self) -> int:
        """Messages of mappings that failed."""
        return self._of_mappings("failed")

    def deleted_events(self) -> int:
        """Messages that mappings deleted."""
        return self._of_mappings("deleted")

    def throttled_batches(self) -> int:
        """Times a batch of a mapping was throttled."""
        return self._of_mappings("throttled_batches")

    def allowed_batches(self) -> int:
        """Batches the mappings may have in progress."""
        return self._of_mappings("allowed")

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        for link in placed.into("source"):
            yield from cls._check_mapping(placed, link)
        limit = placed.account.concurrent_executions
        if values.reserved_concurrency is not None and values.reserved_concurrency > limit - 100:
            yield Finding("reserved-over-account", "warning", f"'{placed.name}' reserves {values.reserved_concurrency}; the account must keep 100 of its {limit} unreserved",
                          "Reserve less, or raise the account's concurrency", node=placed.id, parameter="reserved_concurrency")
        if values.duration.expected_s() > values.timeout_s:
            yield Finding("timeout-below-duration", "warning", f"'{placed.name}' needs more time on average than its timeout allows", "Raise the timeout", node=placed.id, parameter="timeout_s")
        if placed.into("events") and not placed.out_of("dlq"):
            yield Finding("no-failure-destination", "note", f"Asynchronous events that '{placed.name}' cannot process are lost", "Wire its port for failed events to a queue or topic", node=placed.id)

    @classmethod
    def _check_mapping(cls, placed: Placed, link: Link) -> Iterable[Finding]:
        mapping, queue, values = link.parameters, link.other, placed.parameters
        if mapping.batch_size > 10 and mapping.batching_window_s < 1:
            yield Finding("batch-needs-window", "error", f"A batch size of {mapping.batch_size} needs a batching window of at least 1 s", "Set the window, or a batch size of 10 or less", wire=link.id, node=placed.id, parameter="batch_size")
        if getattr(queue.parameters, "fifo", False) and (mapping.batch_size > 10 or mapping.batching_window_s > 0):
            name = "batching_window_s" if mapping.batching_window_s > 0 else "batch_size"
            yield Finding("fifo-batching", "error", f"'{queue.name}' is a FIFO queue: its mapping takes batches of 10 at most, and no batching window",
                          "Use a batch size of 10 or less and no window", wire=link.id, node=placed.id, parameter=name)
        visibility_s = queue.parameters.visibility_timeout_s
        if visibility_s < values.timeout_s:
            yield Finding("visibility-below-timeout", "warning",
                          f"The visibility timeout of '{queue.name}' ({format_duration(visibility_s)}) is shorter than the timeout of '{placed.name}' ({format_duration(values.timeout_s)}): AWS refuses such a mapping, and messages are processed twice",
                          f"AWS recommends six times the function's timeout: {format_duration(6 * values.timeout_s + mapping.batching_window_s)}", node=queue.id, parameter="visibility_timeout_s", related=(placed.id,))
        elif visibility_s < 6 * values.timeout_s + mapping.batching_window_s:
            yield Finding("visibility-below-recommended", "note", f"The visibility timeout of '{queue.name}' is less than six times the timeout of '{placed.name}'",
                          f"AWS recommends {format_duration(6 * values.timeout_s + mapping.batching_window_s)}", node=queue.id, parameter="visibility_timeout_s", related=(placed.id,))
        reserved = values.reserved_concurrency
        if reserved is not None and reserved < (mapping.maximum_concurrency or mapping.pollers_at_start):
            yield Finding("reserved-below-pollers", "warning",
                          f"'{placed.name}' reserves {reserved}, but the mapping polls with {mapping.maximum_concurrency or mapping.pollers_at_start} batches or more: surplus batches are throttled and use up receives",
                          "Set the mapping's maximum concurrency to the reserved concurrency or less", node=placed.id, wire=link.id, parameter="maximum_concurrency", related=(queue.id,))
        if queue.out_of("dlq") and queue.parameters.max_receive_count < 5:
            yield Finding("receive-count-below-recommended", "note", f"'{queue.name}' gives a message {queue.parameters.max_receive_count} receives; throttled batches use them up too",
                          "AWS recommends a max receive count of at least 5", node=queue.id, parameter="max_receive_count")

    @classmethod
    def station(cls, placed: Placed, into: Into) -> Station | None:
        """Environments as servers. Concurrency is the rate times the duration, however messages come (Little's law)."""
        values = placed.parameters
        ways = [port for port in ("source", "events", "requests") if placed.into(port)]
        if len(ways) != 1 or (ways == ["source"] and (len(placed.into("source")) > 1 or values.batch_work != "sequential")):
            return None
        way, reserved, throttles = ways[0], values.reserved_concurrency, (placed.id, "Throttles", "per_s")
        work = values.duration
        broken = [] if work.quantile_s(0.9999) <= values.timeout_s else ["the timeout cuts long invocations off"]
        must_be_zero = [((placed.id, "Errors", "total"), "invocations failed")]
        arrivals: tuple[MeasuredFigure, ...] = ((placed.id, "Invocations", "per_s"), throttles)
        if way == "source":
            broken.append("the pollers of the mapping come and go, and take several messages at a time")
            arrivals = ((placed.id, "MessagesProcessed", "per_s"),)
        if way != "requests" or reserved is None:
            must_be_zero.append(((placed.id, "Throttles", "total"), "invocations were throttled" if reserved is not None else "invocations were throttled at a limit that functions share"))
        elif into(way).per_s is not None and (into(way).per_s or 0.0) > 9 * reserved:
            broken.append("requests come near 10 a second for each concurrency")
        return Station(
            (placed.id,), into(way), reserved if way == "requests" else None, work.expected_s(), work.variance_s2(), work.type == "exponential",
            "lose" if way == "requests" else "wait", servers_word="environments", broken=tuple(broken), arrivals=arrivals,
            busy=(placed.id, "ConcurrentExecutions", "mean"), lost=throttles if way == "requests" and reserved is not None else None,
            must_be_zero=tuple(must_be_zero), noted=(((placed.id, "ColdStarts", "total"), "cold starts last longer than the duration; a formula does not know them"),),
        )

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.duration.expected_s() == 0)

    def before_slice(self) -> None:
        for mapping in self.mappings:
            mapping.book_idle_polls()

    def holding(self) -> int:
        return self.async_events

    def trouble(self) -> tuple[int, int]:
        return self.errors + self.lost, self.throttles

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield self.prices[0], self.invocations
        yield self.prices[1 if self.parameters.architecture == "x86_64" else 2], self.gb_s

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["Throttles"] <= 0 and rates["Errors"] <= 0:
            return None
        if rates["Throttles"] > 0:
            name = max(self.throttle_counts, key=lambda key: self.throttle_counts[key])
            limit = self.concurrency.limit or 0
            text = f"{format_rate(rates['Throttles'])} are throttled. {THROTTLES[name]} ({format_count(limit)})."
            return text, Culprit(self.id, "reserved_concurrency" if self.parameters.reserved_concurrency is not None else None)
        return f"{format_rate(rates['Errors'])} of {format_rate(rates['Invocations'])} invocations fail.", Culprit(self.id, "failure_probability")
