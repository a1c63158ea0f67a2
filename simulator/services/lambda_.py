"""AWS Lambda function: runs once for each request, event or batch of messages, within its concurrency.

Invoked synchronously (the caller waits), asynchronously (an internal queue with two retries), or by the event source
mapping that polls an SQS queue. Concurrency is shared in the account; new environments start cold and are added at a
limited rate. Other mappings read streams, in order, or consume a queue of a message broker.
Managed Instances and durable functions are not modelled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.cohorts import span_of, spend_all
from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.station import Into, Station
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.cohort_station import Draw, Work
from simulator.mechanics.functions.asynchronous_queue import EVENT_BYTES, AsynchronousQueue
from simulator.mechanics.functions.batch_payload import STREAMED_BYTES, SYNCHRONOUS_BYTES
from simulator.mechanics.functions.cold_starts import WARM, ColdStarts
from simulator.mechanics.functions.environments import Environment, Environments, FleetOfEnvironments
from simulator.mechanics.functions.function_bill import BY_NAME, FUNCTION_PRICES, FunctionBill
from simulator.mechanics.functions.function_concurrency import THROTTLES, AccountConcurrency
from simulator.mechanics.functions.function_figures import FunctionFigures
from simulator.mechanics.functions.function_findings import check_account, check_function
from simulator.mechanics.functions.function_parameters import PRESETS, AccountLimits, FunctionParameters
from simulator.mechanics.functions.function_station import function_station
from simulator.mechanics.functions.invocation import Handler, HandlerFailure, Invocation, InvocationDone
from simulator.mechanics.functions.lambda_sources import ENVIRONMENT, GUIDE, LIMITS, METRICS, SCALING
from simulator.mechanics.functions.provisioned_concurrency import ProvisionedConcurrency, ProvisionedScaling
from simulator.mechanics.functions.recursion import in_circle, lineage_after, rounds
from simulator.mechanics.functions.synchronous_invocation import Requests
from simulator.mechanics.mappings.broker_mapping import BrokerMapping, BrokerMappingParameters
from simulator.mechanics.mappings.cohort_mapping import CohortMapping, batch_service_s, success_chance, unfit_for_cohorts
from simulator.mechanics.mappings.cohort_stream_consumers import CohortStreamMapping, unfit_mapping
from simulator.mechanics.mappings.event_source_mapping import BatchDone, EventSourceMapping
from simulator.mechanics.mappings.kafka_mapping import KafkaMapping
from simulator.mechanics.mappings.kafka_mapping_parameters import KafkaMappingParameters
from simulator.mechanics.mappings.mapping_filter import delete_unprocessed
from simulator.mechanics.mappings.mapping_parameters import MappingParameters
from simulator.mechanics.mappings.stream_mapping import StreamMapping, report_discarded
from simulator.mechanics.mappings.stream_mapping_parameters import StreamMappingParameters
from simulator.mechanics.processing import Processor
from simulator.mechanics.publishing import PublishParameters
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.work_calls import CALL_METRICS, CALL_WAITS, CALLS_PORT
from simulator.units import format_count, format_rate
from simulator.vocabulary import (
    ANY_ACTION,
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
    Values,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

DESTINATIONS = frozenset({"sqs:SendMessage", "sns:Publish", "lambda:InvokeAsync", "events:PutEvents"})


class Function(FunctionFigures):
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
    presets = PRESETS
    ports = (
        Port("source", "Event source", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "Queues that this function's event source mappings poll.",
             wire_title="Event source mapping", wire_parameters=MappingParameters, cuttable=True),
        Port("stream", "Stream", Direction.IN, Verb.POLL, frozenset({"kinesis:GetRecords", "kinesis:SubscribeToShard", "dynamodb:GetRecords"}), "Streams that this function's event source mappings read in order.",
             wire_title="Event source mapping", wire_parameters=StreamMappingParameters),
        Port("kafka", "Kafka topic", Direction.IN, Verb.POLL, frozenset({"kafka-cluster:ReadData"}), "Kafka clusters of which this function's event source mappings read a topic, in order for each partition.",
             wire_title="Event source mapping", wire_parameters=KafkaMappingParameters, cuttable=True),
        Port("broker", "Message broker", Direction.IN, Verb.POLL, frozenset({"mq:Consume"}), "Brokers of which this function's event source mappings consume a queue.",
             wire_title="Event source mapping", wire_parameters=BrokerMappingParameters),
        Port("events", "Asynchronous events", Direction.IN, Verb.SEND, frozenset({"lambda:InvokeAsync"}), "Services that hand over an event and do not wait."),
        Port("requests", "Requests", Direction.IN, Verb.INVOKE, frozenset({"lambda:Invoke"}), "Callers that wait for the answer."),
        CALLS_PORT,
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the function publishes for each message it has processed.",
             wire_title="Published messages", wire_parameters=PublishParameters),
        Port("on_success", "On success", Direction.OUT, Verb.SEND, DESTINATIONS, "Gets a record of each asynchronous event that was processed.", max_wires=1),
        Port("on_failure", "On failure", Direction.OUT, Verb.SEND, DESTINATIONS | {"s3:PutObject"}, "Gets a record of each asynchronous event that failed for good.", role="failure", max_wires=1),
        Port("discarded", "Discarded batches", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "sns:Publish", "s3:PutObject", "kafka-cluster:WriteData"}),
             "Is told of batches of a stream or topic that were given up: what they were; a bucket gets the records too, and a Kafka topic (of what a topic gave) the records alone.", role="failure", max_wires=1),
        Port("dlq", "Failed events", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "sns:Publish"}),
             "Gets each asynchronous event that failed for good, as it came. Messages of a queue go to the queue's own dead-letter queue instead.", role="failure", max_wires=1),
    )
    quotas = (
        Quota("concurrency", "Concurrent executions", 1000, "count", "account and Region", True, LIMITS, "new accounts have less"),
        Quota("scaling", "New environments in 10 s", 1000, "count", "function", False, SCALING),
        Quota("request_rate", "Synchronous requests a second for each concurrency", 10, "per_s", "function", False, LIMITS),
        Quota("init", "Initialisation of an on-demand environment", 10, "s", "environment", False, ENVIRONMENT, "the greater of 130 s and the timeout with provisioned concurrency or SnapStart"),
        Quota("provisioned_rate", "Requests a second for each provisioned environment", 10, "per_s", "version", False, LIMITS),
        Quota("network", "Network throughput of an environment", 625, "Mbps", "environment", True, LIMITS),
        Quota("timeout", "Longest timeout", 900, "s", "function", False, LIMITS),
        Quota("payload", "Payload of a synchronous invocation, each way", SYNCHRONOUS_BYTES, "bytes", "invocation", False, LIMITS),
        Quota("event_payload", "Payload of an asynchronous invocation", EVENT_BYTES, "bytes", "invocation", False, LIMITS),
        Quota("streamed", "Streamed response", STREAMED_BYTES, "bytes", "invocation", False, LIMITS, "2 MB/s after the first 6 MB"),
    )
    metrics = (
        Metric("Invocations", "Invocations", "count", "sum", "Times the code ran, with success or with a function error. Throttled requests are not counted.", "invocations", METRICS, True, "rates"),
        Metric("Errors", "Errors", "count", "sum", "Invocations that ended in a function error or a timeout.", "errors", METRICS, True, "trouble"),
        Metric("Throttles", "Throttles", "count", "sum", "Requests rejected for lack of concurrency or of new environments. In no other figure.", "throttles", METRICS, True, "trouble"),
        Metric("Duration", "Duration", "s", "spread", "Time the handler ran, without initialisation.", "durations", METRICS, True, "latency"),
        Metric("ConcurrentExecutions", "Concurrency", "count", "gauge", "Invocations in progress.", "concurrency", METRICS, True, "concurrency", limit="concurrency"),
        Metric("UnreservedConcurrentExecutions", "Unreserved concurrency", "count", "gauge", "Invocations in progress of all functions without a reservation.", "unreserved_executions", METRICS, False, "concurrency"),
        Metric("ClaimedAccountConcurrency", "Account concurrency claimed", "count", "gauge", "Unreserved invocations in progress of all functions, all reserved concurrency, and the provisioned concurrency of functions without a reservation.", "claimed", METRICS, False, "concurrency"),
        Metric("ProvisionedConcurrentExecutions", "Provisioned in use", "count", "gauge", "Invocations in progress in provisioned environments.", "provisioned_executions", METRICS, False, "provisioned"),
        Metric("ProvisionedConcurrencyInvocations", "Provisioned invocations", "count", "sum", "Invocations in provisioned environments.", "provisioned_invocations", METRICS, False, "provisioned"),
        Metric("ProvisionedConcurrencySpilloverInvocations", "Spillover", "count", "sum", "Invocations that ran on demand because provisioned concurrency could not take them.", "spillovers", METRICS, False, "provisioned"),
        Metric("ProvisionedConcurrencyUtilization", "Provisioned utilisation", "share", "gauge", "Share of the allocated provisioned concurrency in use.", "provisioned_share", METRICS, False, "provisioned"),
        Metric("ProvisionedConcurrencyAllocated", "Provisioned, allocated", "count", "gauge", "Provisioned concurrency that is held, ready or not. CloudWatch has no such metric.", "provisioned_allocated", None, False, "provisioned"),
        Metric("Environments", "Environments", "count", "gauge", "Environments alive, busy or idle: what holds connections to a database. CloudWatch has no such metric.", "environments_alive", None, False, "concurrency"),
        Metric("MessagesProcessed", "Messages processed", "messages", "sum", "Messages whose processing succeeded. CloudWatch has no such metric.", "processed", None, True, "rates"),
        Metric("DuplicatesProcessed", "Duplicates processed", "messages", "sum", "Messages processed although they had been processed before. CloudWatch has no such metric.", "duplicates", None, True, "trouble"),
        Metric("ColdStarts", "Cold starts", "count", "sum", "Invocations that had to wait for an environment to be made ready. CloudWatch has no such metric.", "cold_starts", None, True, "cold"),
        Metric("InitDuration", "Cold start time", "s", "spread", "Time from admission to the handler's start, for cold starts.", "init_durations", METRICS, False, "cold"),
        Metric("PolledEventCount", "Polled", "messages", "sum", "Messages read by the event source mappings.", "polled", METRICS, False, "mapping"),
        Metric("FilteredOutEventCount", "Filtered out", "messages", "sum", "Messages that no filter of a mapping let pass: deleted without an invocation.", "filtered_events", METRICS, False, "mapping"),
        Metric("InvokedEventCount", "Invoked", "messages", "sum", "Messages that invoked the function through a mapping; a retry counts again.", "invoked_events", METRICS, False, "mapping"),
        Metric("FailedInvokeEventCount", "Failed", "messages", "sum", "Messages of a mapping whose invocation failed, or that were reported as failed.", "failed_events", METRICS, False, "mapping"),
        Metric("DeletedEventCount", "Deleted", "messages", "sum", "Messages that a mapping deleted after success.", "deleted_events", METRICS, False, "mapping"),
        Metric("IteratorAge", "Iterator age", "s", "spread", "Age of the last record of a batch of a stream when it is sent to the function; each retry counts again. CloudWatch shows milliseconds.", "iterator_ages", METRICS, False, "age"),
        Metric("DroppedEventCount", "Dropped", "messages", "sum", "Messages of streams that were given up after too many tries or for their age, and that no destination was told of.", "dropped_events", METRICS, False, "trouble"),
        Metric("OnFailureDestinationDeliveredEventCount", "Told to a destination", "messages", "sum", "Messages of streams that were given up, of which the destination was told.", "reported_events", METRICS, False, "trouble"),
        Metric("ConcurrentBatches", "Concurrent batches allowed", "count", "gauge", "Batches the mappings may have in progress: their pollers. CloudWatch has no such metric.", "allowed_batches", None, False, "concurrency"),
        Metric("ProvisionedPollers", "Provisioned pollers", "count", "gauge", "Pollers of mappings in provisioned mode.", "provisioned_pollers", METRICS, False, "concurrency"),
        Metric("SumOffsetLag", "Offset lag", "messages", "gauge", "Kafka: offsets written and not committed, of all partitions. Nothing without a Kafka mapping, and before its first commit.", "sum_offset_lag", METRICS, False, "backlog"),
        Metric("MaxOffsetLag", "Offset lag, most", "messages", "gauge", "Kafka: the same of the partition furthest behind.", "max_offset_lag", METRICS, False, "backlog"),
        Metric("CommittedEventCount", "Committed", "messages", "sum", "Kafka: offsets that mappings committed.", "committed_events", METRICS, False, "mapping"),
        Metric("EventPollerUnit", "Event poller units", "count", "gauge", "Kafka: units of up to 10 pollers of mappings in provisioned mode, which are billed.", "event_poller_units", METRICS, False, "concurrency"),
        Metric("ThrottledBatches", "Throttled batches", "count", "sum", "Times a mapping's batch was throttled. CloudWatch has no such metric.", "throttled_batches", None, False, "mapping"),
        Metric("AsyncEventsReceived", "Async events", "messages", "sum", "Events that entered the internal queue.", "async_received", METRICS, False, "async"),
        Metric("AsyncEventAge", "Async event age", "s", "spread", "Time from queueing to invocation.", "async_ages", METRICS, False, "async"),
        Metric("AsyncEventsDropped", "Async events dropped", "messages", "sum", "Events dropped without success: too old or tried too often.", "async_dropped", METRICS, False, "async"),
        Metric("DestinationDeliveryFailures", "Destination failures", "messages", "sum", "Records that a destination refused.", "delivery_failures", METRICS, False, "async"),
        Metric("DeadLetterErrors", "Dead-letter errors", "messages", "sum", "Events that the dead-letter queue refused.", "dead_letter_errors", METRICS, False, "async"),
        Metric("RecursiveInvocationsDropped", "Recursion stopped", "count", "sum", "Invocations refused because the function was called in a loop of its own.", "recursions_dropped", METRICS, False, "trouble"),
        Metric("PayloadsRefused", "Payloads refused", "count", "sum", "Requests, events and answers that were too large. CloudWatch has no such metric.", "payloads_refused", None, False, "trouble"),
        *CALL_METRICS,
        Metric("AsyncBacklog", "Async backlog", "messages", "gauge", "Events in the internal queue or waiting for a retry. CloudWatch has no such metric.", "async_backlog", None, False, "async"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"cold_start": "Cold start", "processing": "Processing", "async_retry": "Waiting for an asynchronous retry", "async_long_queue": "The long internal queue is read slowly", "destination_latency": "Delivery to the destination on failure", **CALL_WAITS, **THROTTLES}
    overlay = Overlay(
        "ConcurrentExecutions", (Figure("ConcurrentExecutions", of="concurrency"), Figure("Duration", "p99"), Figure("Throttles", "throttled", quiet=True), Figure("ColdStarts", "cold", quiet=True)), limit="concurrency",
        picture=Picture("slots", (Fill("ConcurrentExecutions"),), limit="concurrency"),
    )
    faults = (
        *Processor.processing_faults,
        Fault("stops", "The function stops", "Every invocation is throttled, as with a reserved concurrency of 0.", sort="stops"),
    )
    prices = FUNCTION_PRICES
    keeps_lineage = True
    fidelity = Fidelity(
        modelled=(
            "Reserved and account concurrency, shared between all functions of the diagram.",
            "New environments at 1,000 in 10 s for each function; cold starts by runtime and package; idle environments go.",
            "Synchronous requests at most 10 a second for each concurrency.",
            "Event source mapping for SQS: 5 concurrent batches, +300 a minute up to 1,250, batch size and window, maximum concurrency, partial batch response.",
            "Mapping: up to five filters, whose other messages are deleted; batches cut at 6 MB; 2 pollers while a queue is quiet.",
            "Provisioned mode of a mapping: pollers that are always there, each with 10 concurrent invocations, 10 calls and 1 MB a second, +1,000 concurrency a minute.",
            "Mapping of a Kinesis stream: batch size and window, parallelization factor, bisecting, retries, record age, partial batch response, tumbling window, filters, destination of"
            " batches that were given up; a batch that fails blocks its shard.",
            "Mapping of a Kafka topic: batches of one partition, in order, one at a time; pollers by lag, looked at each minute and changed within three; 5 batches and 5 MB/s a poller; a batch that fails blocks its"
            " partition; commits after each batch. Provisioned mode: least and most pollers, retries, bisecting, partial batches, record age, and event poller units on the bill.",
            "Mapping of an ActiveMQ queue: batch size and window, 5 concurrent batches, 6 MB, filters; a batch that fails is delivered again as a whole, seven times in all, and goes to the broker's dead-letter queue.",
            "From a FIFO queue: no more batches at once than message groups; a partial response stops at the first failure.",
            "A throttled batch is held until its visibility timeout ends; its messages have used up a receive.",
            "Asynchronous queue: two retries after 1 and 2 minutes, back-off from 1 s to 5 min when throttled, maximum age, dead-letter queue,"
            " records for a destination on success and one on failure, which filters and patterns can look at.",
            "Payloads: 6 MB for a request and its answer, 1 MB for an event, 200 MB for a streamed answer, at 2 MB/s beyond 6 MB.",
            "A function that calls itself through SQS, SNS, S3 or Lambda is stopped after 16 rounds.",
            "Provisioned concurrency: allocation and its rate, 10 requests a second for each environment, spillover, scaling by target utilisation, metrics and price.",
            "SnapStart: environments are restored instead of initialised, and snapshots and restores are billed.",
            "Timeouts and crashes reset the environment, whose next invocation begins with the initialisation. One that initialises for over 10 s starts over inside its first invocation.",
            "Environments live for some hours. The first run of a handler takes longer, where that was measured.",
            "Memory sets the share of a processor, and the duration follows from it if you say at which memory it was measured.",
            "Calls of tables, databases, APIs and other functions inside an invocation, one after another or at once, with timeouts, retries, back-off and circuit breaker: the environment stays"
            " occupied and is billed, and at the function's timeout it is killed while what it called goes on.",
            "Requests, GB-seconds with their volume tiers, initialisation, ephemeral storage, streamed answers and provisioned pollers are billed.",
        ),
        approximated=(
            "Calls are made when the duration, which is the function's own work, has passed. The time of a batch is booked to waiting for whom it called, that of a single message to what the called one was busy with.",
            "The share of the duration that depends on memory is yours to say; the architecture changes the price alone: how much faster a program is there only its owner knows. Initialisation does not depend on memory, as was measured.",
            "Provisioned environments never take longer to initialise than AWS allows; their initialisation is not on the bill: it belongs to what is held. A restore from a snapshot costs its price, not its time.",
            "Alarms of Application Auto Scaling look at the mean utilisation of each minute.",
            "Streams: the pauses before retries are parameters (AWS publishes none). A message that fails among several packed into one record is tried again without those before it."
            " A record over 6 MB is sent like any other: what AWS does is not documented.",
            "Kafka: how far pollers grow with a lag, and the pause when they share partitions anew, are parameters; what is in progress then is not repeated. The 20 MB/s of a unit bind before 10 pollers of 5 MB/s.",
            "ActiveMQ: what a batch in its redelivery delay does not let go on is one of the concurrent batches; prefetch and pauses after throttles are parameters (AWS publishes none).",
            "In cohorts, pollers of a quiet queue do not go down to 2, and batches are not cut at 6 MB: cohorts run where queues are busy and messages alike.",
            "Scale-in of pollers, back-off after errors and throttles: AWS publishes no figures; they are parameters.",
            "Idle environments: half go every 380 s, as measured in 2020.",
            "A poller takes the next batch at once; its delivery latency counts only for messages that did not wait longer, because it was measured without a backlog.",
            "A long asynchronous queue is read more slowly in proportion to its length, and a share of events comes twice: parameters, for AWS publishes no figures.",
            "An event that both a destination on failure and a dead-letter queue take goes to both. Records have no time, identifier or number of tries: nothing here reads them.",
            "A loop through an event bus, or through a worker application, is not stopped, as on AWS.",
            "Events leave the internal queue in the order in which they came, but for retries; AWS promises no order. The jitter of the pauses before throttled ones are tried again is a parameter.",
            "The rate of requests may grow by 10,000 a second in 10 s: this follows from the environments, which may grow by 1,000.",
        ),
        ignored=(
            "Managed Instances, durable functions and MicroVMs, which follow other rules (timeouts of 90 minutes, 32 GB of memory or storage) and are services of their own.",
            "Network throughput of 625 Mbps, the rate of requests to the control plane, and the throttling of a single caller: the duration is what you say it is.",
            "The seconds to wait that come with a 429, whose figures are not published; the order to send metrics of a mapping (they are always there); and snapshots that are created too often, outside of a run.",
            "Prices of logs, tracing and data transfer: they depend on what your code writes.",
            "Errors that stop a mapping of a broker or cluster (a configuration, a login or a permission that is not valid), its polling and commit errors: a run begins with what works. Poller groups: AWS does not say how they share units.",
            "Mappings for RabbitMQ, which the catalog does not have. The state of a tumbling window (1 MB at most), whose size only the function knows, and its last invocation without records.",
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
        self.account = network.shared("lambda", lambda: AccountConcurrency(Values(limits)))
        self.account.functions.append(self)
        self.concurrency = self.limit("concurrency", "Concurrent executions", None)
        values = self.parameters
        self.environments = Environments(self.stream("idle lifetime"), values.idle_half_life_s, values.environment_life_s, self.account.per_10_s, self.account.at_once)
        self.provisioned = ProvisionedConcurrency(values, self.agenda, self.account.changed)
        self.provisioned_executions, self.provisioned_share = self.provisioned.executions, self.provisioned.share
        self.bill = FunctionBill(values)
        self._memory_gb = Gauge(values.memory_mb / 1024)
        self.requests_bucket = TokenBucket(1.0, 1.0)
        self.mappings: list[EventSourceMapping | CohortMapping | CohortStreamMapping | StreamMapping | BrokerMapping] = []
        self.iterator_ages = Spread()
        self.fleet = FleetOfEnvironments(self.environments)
        self.invocations = self.errors = self.throttles = self.cold_starts = 0
        self.recursions_dropped = self.payloads_refused = 0
        self._tracks_lineage = False
        self.throttle_counts = dict.fromkeys(THROTTLES, 0)
        self.durations, self.init_durations = Spread(), Spread()
        self.stopped = False
        self._init = self.cause("cold_start", "Cold start", Culprit(id, "runtime"), capacity=False)
        self.working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)
        self.requests = Requests(self)
        self.events = AsynchronousQueue(self)
        self.async_ages = self.events.ages

    def start(self) -> None:
        super().start()
        self._tracks_lineage = self.parameters.recursive_loop == "Terminate" and in_circle(self)
        self.cold = ColdStarts(self)
        self._handler = Handler(self)
        self.provisioned.start(self.parameters.provisioned_concurrency)
        if self.parameters.provisioned_maximum is not None:
            ProvisionedScaling(self.parameters, self.provisioned, self.agenda).start()
        self.account.changed()
        self.mappings.extend(self._map_stream(wire) for wire in self.wires_in["stream"])
        told = bool(self.wires_out["discarded"])
        self.mappings.extend(KafkaMapping(wire, self, self.agenda, self.stream(f"mapping {wire.id}"), has_destination=told) for wire in self.wires_in["kafka"])
        self.mappings.extend(BrokerMapping(wire, self, self.agenda, self.stream(f"mapping {wire.id}")) for wire in self.wires_in["broker"])
        self.mappings.extend(self._map(wire) for wire in self.wires_in["source"])
        for mapping in self.mappings:
            self.limits[mapping.active.name] = mapping.active
        for mapping in self.mappings:
            mapping.start()

    def _map_stream(self, wire: Wire) -> StreamMapping | CohortStreamMapping:
        stream = self.stream(f"mapping {wire.id}")
        if wire.source.takes_cohorts:
            return CohortStreamMapping(wire, self, self.iterator_ages, stream)
        return StreamMapping(wire, self, self.agenda, self.iterator_ages, stream)

    def _map(self, wire: Wire) -> EventSourceMapping | CohortMapping:
        stream = self.stream(f"mapping {wire.id}")
        if wire.source.takes_cohorts:
            return CohortMapping(wire, wire.source, self, self.agenda, self.network.tick_s, stream)  # type: ignore[arg-type]
        profile = wire.parameters.fifo_delivery_latency if getattr(wire.source, "in_order", False) else wire.parameters.delivery_latency
        latency_s = profile.sampler(self.stream(f"latency {wire.id}"))
        return EventSourceMapping(wire, wire.source, self, self.agenda, stream, latency_s)  # type: ignore[arg-type]

    def apply_concurrency(self) -> None:
        """What the function may use has changed."""
        now_s = self.agenda._now
        reserved = self.parameters.reserved_concurrency
        ceiling = reserved if reserved is not None else self.account.unreserved + self.provisioned.allocated
        self.concurrency.change_limit(0 if self.stopped else ceiling, now_s)
        self.requests_bucket = TokenBucket(10.0 * ceiling, 10.0 * ceiling, now_s)

    # -- admission --------------------------------------------------------------------------------------------------

    def _admit(self, now_s: float, synchronous: bool) -> Environment | str:
        """An environment to run in, or the name of what throttles."""
        if self.stopped:
            return "stopped"
        reserved = self.parameters.reserved_concurrency
        if reserved is not None and self.concurrency.value >= reserved:
            return "reserved_concurrency"
        if self.provisioned.ready and (environment := self.provisioned.take(now_s)) is not None:
            return environment
        if reserved is None:
            if self.account.in_flight >= self.account.unreserved:
                return "account_concurrency"
        elif self.concurrency.value - self.provisioned.running >= reserved - self.provisioned.allocated:
            return "reserved_concurrency"
        if synchronous and self.requests_bucket.available(now_s) < 1:
            return "request_rate"
        on_demand = self.environments.warm(now_s) or self.environments.start(now_s)
        if on_demand is None:
            return "scaling_rate"
        if synchronous:
            self.requests_bucket.take(1, now_s)
        if self.provisioned.ready:
            self.provisioned.spillovers += 1
        return on_demand

    def count_throttles(self, name: str, count: int) -> None:
        """So many invocations were throttled."""
        self.throttles += count
        self.throttle_counts[name] += count

    def _throttle(self, name: str) -> Refusal:
        self.count_throttles(name, 1)
        return Refusal(Outcome.THROTTLED, name, f"{self.name}: {THROTTLES[name].lower()}", status=429)

    def run(
        self, batch: Sequence[Message], done: InvocationDone, *, synchronous: bool, partial: bool = False, extra_s: float = 0.0, behalf: tuple[Wire, Message] | None = None,
    ) -> Refusal | None:
        """Start an invocation, or say why not; ``extra_s`` is what the handler needs beside its work, ``behalf`` the request that waits for it."""
        now_s = self.agenda._now
        if self._tracks_lineage and rounds(batch, self.id) >= self.parameters.recursion_limit:
            self.recursions_dropped += 1
            return Refusal(Outcome.REJECTED, "recursion", f"{self.name} calls itself over and over", retryable=False, status=400)
        environment = self._admit(now_s, synchronous)
        if isinstance(environment, str):
            return self._throttle(environment)
        start = WARM
        if environment.fresh or environment.needs_init:
            start = self.cold.of(environment)
            self.cold_starts += 1
            self.init_durations.add(start.before_s + start.inside_s)
        invocation = Invocation(batch, done, now_s, environment, start, partial, behalf)
        self._handler.work(invocation, extra_s + start.inside_s + start.first_run_s)
        self.invocations += 1
        self.concurrency.add(1, now_s)
        if self.parameters.reserved_concurrency is None and not environment.provisioned:
            self.account.in_flight += 1
        calls = self.calls is not None and not invocation.timed_out
        self.agenda.at(now_s + start.before_s + invocation.duration_s, self._call_others if calls else self._end, invocation)
        return None

    def _call_others(self, invocation: Invocation) -> None:
        """The handler's own work is done; it waits for what it calls, at most until its timeout."""
        assert self.calls is not None  # noqa: S101 - narrows the type
        self._book(invocation)
        deadline_s = invocation.started_s + invocation.start.before_s + self.parameters.timeout_s
        self.calls.begin(invocation.batch, partial(self._called, invocation), deadline_s, invocation.behalf, stops_at_failure=not invocation.partial)

    def _called(self, invocation: Invocation, failed: Sequence[Message], expired: bool) -> None:
        self._handler.called(invocation, failed, expired, self.agenda._now)
        self._end(invocation)

    def _book(self, invocation: Invocation) -> None:
        """Book the time of the initialisation and of the handler's own work."""
        now_s, started_s, start = self.agenda._now, invocation.started_s, invocation.start
        works_from_s = min(started_s + start.before_s + start.inside_s, now_s)
        for message in invocation.batch:
            if works_from_s > started_s:
                spend(message, self._init, started_s, works_from_s)
            spend(message, self.working, works_from_s, now_s)
        invocation.booked = True

    def _end(self, invocation: Invocation) -> None:
        now_s = self.agenda._now
        environment, start = invocation.environment, invocation.start
        self.concurrency.add(-1, now_s)
        reset = invocation.timed_out or invocation.crashed
        if environment.provisioned:
            self.provisioned.release(now_s, reset=reset)
        else:
            self.environments.release(environment, now_s, reset=reset)
            if self.parameters.reserved_concurrency is None:
                self.account.in_flight -= 1
        self.durations.add(invocation.duration_s)
        self.bill.run(invocation.duration_s + start.billed_s, provisioned=environment.provisioned)
        if not invocation.booked:
            self._book(invocation)
        self._settle(invocation)

    def _settle(self, invocation: Invocation) -> None:
        if not invocation.failed and not self.publishes:
            invocation.done(invocation.batch, (), HandlerFailure.NO)
            return
        succeeded, failed, handler_failed = self._handler.settle(invocation)
        if handler_failed:
            self.errors += 1
        invocation.done(succeeded, failed, handler_failed)

    # -- invoked by a mapping ---------------------------------------------------------------------------------------

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        return self.run(batch, done, synchronous=True, partial=partial)

    def discard(self, wire: Wire, attempts: Sequence[Message]) -> None:
        delete_unprocessed(self, wire, attempts, "filtered out")

    def report_discarded(self, wire: Wire, batch: Sequence[Message], condition: str) -> bool | None:
        return report_discarded(self, self.wires_out["discarded"], wire, batch, condition)

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        return Culprit(self.id, "reserved_concurrency" if refusal.cause in ("reserved_concurrency", "request_rate", "stopped") else None)

    # -- invoked by a mapping, in cohorts -----------------------------------------------------------------------------

    def pulls_singles(self, wire: Wire) -> str | None:
        if wire.target_port.name == "stream":
            return unfit_mapping(self, wire, self.account.limit)
        return unfit_for_cohorts(self, wire, self.account.limit, self.account.per_10_s)

    def batch_service_s(self) -> float:
        return max((batch_service_s(self, wire) for wire in self.wires_in["source"]), default=0.0)

    def batch_failure_chance(self, message: Message, batch: float, partial: bool) -> float:
        chance = self.failure_chance(message)
        return chance if partial or chance == 0.0 else 1.0 - success_chance(chance, chance, batch)

    def begin_cohort(self, parts: list[Draw], middle_s: float, elapsed_s: float) -> list[Draw]:
        calls = sum(part.calls for part in parts)
        self.concurrency.shift(calls, middle_s + sum(part.calls * part.delay_s for part in parts) / max(1, calls), self.agenda._now)
        return self.note_calls(parts, elapsed_s)

    def note_calls(self, parts: list[Draw], elapsed_s: float) -> list[Draw]:
        """So many invocations began in the last ``elapsed_s``: count, time and bill them; the parts with the cold starts of some."""
        now_s: float = self.agenda._now
        calls = sum(part.calls for part in parts)
        self.invocations += calls
        for part in parts:
            for _, seconds in part.samples:
                self.durations.add(seconds, part.calls / len(part.samples))
            self.bill.run(part.seconds, part.calls)
        cold = self.fleet.grow(sum(part.calls * part.seconds for part in parts) / elapsed_s, now_s)
        if cold:
            start = self.cold.fresh()
            self.cold.restored((cold - 1) * self.parameters.snap_start)
            self.cold_starts += cold
            self.init_durations.add(start.before_s + start.inside_s, cold)
            self.bill.run(start.billed_s + start.inside_s + start.first_run_s, cold)
            delay_s = (start.before_s + start.inside_s + start.first_run_s) * min(1.0, cold / max(1, calls))
            parts = [part.delayed(delay_s) for part in parts]
        return parts

    def end_cohort(self, wire: Wire, work: Work, now_s: float) -> None:
        self.concurrency.shift(-work.calls, work.calls_end_s, now_s)
        if work.attempt is not None:
            spend_all(work.attempt, self._init, work.started_s + work.delay_s - work.cold_s, work.started_s + work.delay_s)
            spend_all(work.attempt, self.working, work.started_s + work.delay_s, span_of(work.attempt).middle_s)
            self.take_over_cohort(wire, work)

    def count_cohort_errors(self, calls: int) -> None:
        self.errors += calls

    # -- invoked synchronously --------------------------------------------------------------------------------------

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        while message.count > 1:
            self.requests.invoke(message.split(1), wire, reply)
        self.requests.invoke(message, wire, reply)

    # -- invoked asynchronously -------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        refusal = self.events.too_large(message)
        if refusal is not None:
            self.payloads_refused += message.count
            return refusal
        self.entered += message.count
        self.events.take(message)
        return None

    def lineage_of(self, message: Message, wire: Wire) -> Mapping[str, int] | None:
        return lineage_after(message, self.id, wire) if self._tracks_lineage else None

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def fault_stops(self, value: ParameterSet | None) -> None:
        self.stopped = value is not None
        self.account.changed()

    def wire_changed(self, wire: Wire) -> None:
        for mapping in self.mappings:
            if mapping.wire is wire:
                mapping.settings_changed()

    def wire_cut(self, wire: Wire) -> None:
        for mapping in self.mappings:
            if mapping.wire is wire and isinstance(mapping, KafkaMapping):
                mapping.wire_cut()
                return
        self.wire_changed(wire)

    def parameter_changed(self, name: str) -> None:
        if name in ("duration", "memory_mb", "measured_at_memory_mb", "cpu_bound_share", "threads"):
            self._handler.duration_changed()
            for mapping in self.mappings:
                if isinstance(mapping, CohortStreamMapping):
                    mapping.settings_changed()
        if name == "memory_mb":
            self._memory_gb.set(self.parameters.memory_mb / 1024, self.agenda._now)
            self.provisioned.memory_changed()
        if name == "provisioned_concurrency":
            self.provisioned.allocate(self.parameters.provisioned_concurrency)
        if name == "reserved_concurrency":
            self.account.changed()

    # -- what it says -----------------------------------------------------------------------------------------------

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        return check_function(placed)

    @classmethod
    def check_together(cls, account: Any, placed: Sequence[Placed]) -> Iterable[Finding]:
        return check_account(account, placed)

    @classmethod
    def station(cls, placed: Placed, into: Into) -> Station | None:
        return function_station(placed, into)

    @classmethod
    def passes_at_once(cls, parameters: Any) -> bool:
        return bool(parameters.duration.expected_s() == 0)

    def before_slice(self) -> None:
        for mapping in self.mappings:
            mapping.book_idle_polls()

    def holding(self) -> int:
        return self.events.waiting

    def trouble(self) -> tuple[int, int]:
        return self.errors + self.lost, self.throttles

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        yield from self.bill.lines(self.invocations)
        values = self.parameters
        if held_gb_s := self.provisioned.held_gb_s(elapsed_s):
            yield BY_NAME[f"held_{values.architecture}"], held_gb_s
        if values.snap_start:
            yield BY_NAME["snapshots"], self._memory_gb.area(elapsed_s)
            yield BY_NAME["restores"], self.cold.restored_gb
        if hours := sum(mapping.pollers.unit_hours(self.agenda.now) for mapping in self.mappings if isinstance(mapping, KafkaMapping)):
            yield BY_NAME["event_poller_units"], hours
        for mapping in self.mappings:
            if mapping.provisioned is not None:
                yield BY_NAME["pollers"], mapping.provisioned.hours(elapsed_s)

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["Throttles"] <= 0 and rates["Errors"] <= 0:
            return None
        if rates["Throttles"] > 0:
            name = max(self.throttle_counts, key=lambda key: self.throttle_counts[key])
            limit = self.concurrency.limit or 0
            text = f"{format_rate(rates['Throttles'])} are throttled. {THROTTLES[name]} ({format_count(limit)})."
            return text, Culprit(self.id, "reserved_concurrency" if self.parameters.reserved_concurrency is not None else None)
        return f"{format_rate(rates['Errors'])} of {format_rate(rates['Invocations'])} invocations fail.", Culprit(self.id, "failure_probability")
