"""Amazon SQS queue: messages wait here until an application or function pulls them.

A standard queue delivers at least once, in order as far as it can. A FIFO queue delivers each message group in order and
absorbs what is sent twice. A fair queue lets quiet tenants go before noisy ones. A received message is hidden for the
visibility timeout; if it is not deleted by then it can be received again, and after too many receives it moves to the
dead-letter queue.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.message import DELAYED, GONE, HIDDEN, IN_FLIGHT, MOVED, STALE, VISIBLE, Message, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread, Tally
from simulator.mechanics.age_order import AgeOrder
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.cohort_storage import BACK_AFTER_RECEIVES, CohortStorage
from simulator.mechanics.deduplication import DeduplicationWindow, deduplication_id
from simulator.mechanics.fair_share import FairShare
from simulator.mechanics.message_groups import MessageGroups
from simulator.mechanics.partitioned_limit import PartitionedLimit
from simulator.mechanics.polling import Consumer
from simulator.mechanics.visibility import VisibilityTimers
from simulator.units import format_duration, format_rate
from simulator.vocabulary import (
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

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
API = Source("Amazon SQS API Reference, SetQueueAttributes", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html", "2026-11")
QUOTAS = Source("SQS Developer Guide, Amazon SQS message quotas", f"{GUIDE}/quotas-messages.html", "2026-11")
METRICS = Source("SQS Developer Guide, Available CloudWatch metrics", f"{GUIDE}/sqs-available-cloudwatch-metrics.html", "2026-11")
POLLING = Source("SQS Developer Guide, short and long polling", f"{GUIDE}/sqs-short-and-long-polling.html", "2026-11")
PRICING = Source("Amazon SQS pricing, us-east-1", "https://aws.amazon.com/sqs/pricing/", "2026-11", "T")
FIFO = Source("SQS Developer Guide, FIFO delivery logic", f"{GUIDE}/FIFO-queues-understanding-logic.html", "2026-11")
FIFO_QUOTAS = Source("SQS Developer Guide, FIFO queue quotas", f"{GUIDE}/quotas-fifo.html", "2026-11")
PARTITIONS = Source("SQS Developer Guide, partitions and data distribution for high throughput", f"{GUIDE}/partitions-and-data-distribution.html", "2026-11")
LOOK_AHEAD = Source("SQS Developer Guide, avoid large message backlogs with the same message group ID", f"{GUIDE}/avoid-backlog-with-the-same-message-group-id.html", "2026-11")
FAIR = Source("SQS Developer Guide, how fair queues work", f"{GUIDE}/sqs-fair-queues.html", "2026-11")
KMS = Source("SQS Developer Guide, estimating AWS KMS costs", f"{GUIDE}/sqs-key-management.html", "2026-11", "M")
KMS_PRICE = Source("AWS KMS pricing", "https://aws.amazon.com/kms/pricing/", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/partitions-and-data-distribution.html", "2026-11", "M")
MEMORY = Source("From memory: AWS publishes no figure", f"{GUIDE}/sqs-short-and-long-polling.html", "2026-11", "M")

BATCH = 10
CHUNK_BYTES = 65536
LONGEST_VISIBILITY_S = 43200.0
CALLS_PER_PARTITION_PER_S = 300


class QueueParameters(ParameterSet):
    """What SetQueueAttributes sets."""

    visibility_timeout_s: float = parameter(
        30, "A received message is hidden from other consumers this long. If it is not deleted by then, it can be received again.",
        title="Visibility timeout", unit="s", section="Delivery", aws="VisibilityTimeout", ge=0, le=43200, source=API, changeable=True)
    delay_s: float = parameter(
        0, "Every new message is invisible for this long before it can be received.",
        title="Delay", unit="s", section="Delivery", aws="DelaySeconds", ge=0, le=900, source=API, changeable=True)
    message_retention_period_s: float = parameter(
        345600, "Messages older than this are deleted by SQS, silently.",
        title="Retention", unit="s", section="Delivery", aws="MessageRetentionPeriod", ge=60, le=1209600, source=API, changeable=True)
    receive_message_wait_time_s: int = parameter(
        0, "How long a receive waits for a message when its caller does not say: 0 is short polling, up to 20 s is long polling.",
        title="Receive wait time", unit="s", section="Delivery", aws="ReceiveMessageWaitTimeSeconds", ge=0, le=20, source=API, changeable=True)
    maximum_message_size_bytes: int = parameter(
        1048576, "A larger message is rejected.",
        title="Maximum message size", unit="bytes", section="Delivery", aws="MaximumMessageSize", ge=1024, le=1048576, source=API, changeable=True)
    max_receive_count: int = parameter(
        10, "A message received more often than this without being deleted moves to the dead-letter queue, if one is wired.",
        title="Max receive count", unit="times", section="Dead letters", aws="RedrivePolicy.maxReceiveCount", ge=1, le=1000, source=API, changeable=True)
    in_flight_quota: int = parameter(
        120000, "Messages received but not yet deleted, at most; then receives return nothing. A soft quota: AWS raises it on request.",
        title="In-flight quota", unit="messages", section="Quotas", ge=1, le=10_000_000, source=QUOTAS, advanced=True, capacity=True)
    short_poll_sees_share: float = parameter(
        0.9, "A short poll asks only some of the servers that hold the queue, and may miss a message while fewer than 1,000 are"
        " queued. This is the chance that it sees one that is there. AWS publishes no figure.",
        title="Short poll sees", unit="share", section="Quotas", gt=0, le=1, source=MEMORY, advanced=True)


    fifo: bool = parameter(
        False, "A FIFO queue: messages of one message group (their key) are delivered in order, one batch at a time, and what is sent twice is absorbed.",
        title="FIFO", section="FIFO", aws="FifoQueue", source=API)
    content_based_deduplication: bool = parameter(
        False, "The deduplication id is made from the body. Off: producers give one, and a repeated send that carries a new id is not recognised.",
        title="Content-based deduplication", section="FIFO", aws="ContentBasedDeduplication", source=API)
    deduplication_scope: Literal["queue", "messageGroup"] = parameter(
        "queue", "Where a deduplication id must be unique.", title="Deduplication scope", section="FIFO", aws="DeduplicationScope", source=API)
    fifo_throughput_limit: Literal["perQueue", "perMessageGroupId"] = parameter(
        "perQueue", "Per queue: 300 calls a second for each API action. Per message group id (with deduplication scope messageGroup): high throughput,"
        " 300 calls a second for each partition, to which groups are spread.", title="Throughput limit", section="FIFO", aws="FifoThroughputLimit", source=API)
    deduplication_window_s: float = parameter(
        300, "What comes again within this time after it came first is absorbed. AWS fixes it at 5 minutes.",
        title="Deduplication interval", unit="s", section="FIFO", ge=0, le=86400, source=FIFO, advanced=True)
    fifo_look_ahead: int = parameter(
        120000, "A receive looks for free message groups among the first so many messages of the queue. It was 20,000 until November 2024.",
        title="Look-ahead", unit="messages", section="FIFO", ge=1, le=10_000_000, source=LOOK_AHEAD, advanced=True)
    fifo_calls_per_s: float = parameter(
        CALLS_PER_PARTITION_PER_S, "Calls a second for each API action, of a FIFO queue or of one of its partitions. A batch of 10 is one call.",
        title="FIFO calls", unit="per_s", section="FIFO", gt=0, le=1e6, source=FIFO_QUOTAS, advanced=True)
    high_throughput_calls_per_s: float = parameter(
        70000, "Calls a second for each API action of a queue in high throughput mode: 70,000 in us-east-1, us-west-2 and eu-west-1, less elsewhere.",
        title="High throughput calls", unit="per_s", section="FIFO", gt=0, le=1e7, source=FIFO_QUOTAS, advanced=True)
    partitions_at_start: int = parameter(
        1, "Partitions of a high throughput queue at first. SQS adds partitions under load; AWS does not publish how many there are.",
        title="Partitions at start", unit="count", section="FIFO", ge=1, le=10_000, source=UNPUBLISHED, advanced=True)
    partition_split_s: float = parameter(
        60, "How long after the last time the number of partitions is doubled again, while one of them is full. AWS publishes no figure.",
        title="Time to add partitions", unit="s", section="FIFO", ge=0, le=86400, source=UNPUBLISHED, advanced=True)
    fair: bool = parameter(
        False, "A fair queue: producers give a message group id (the message's key) for each tenant of a standard queue, and quiet tenants go before noisy ones.",
        title="Fair queue", section="Fair queue", aws="MessageGroupId", source=FAIR)
    noisy_share: float = parameter(
        0.1, "A tenant is noisy when it has more than this share of the messages in flight (and at least the number below), or of the processing time lately.",
        title="Noisy share", unit="share", section="Fair queue", gt=0, le=1, source=FAIR, advanced=True)
    noisy_in_flight: int = parameter(
        30, "The share in flight counts only for a tenant with at least so many messages in flight.", title="Noisy from", unit="messages", section="Fair queue",
        ge=1, le=1_000_000, source=FAIR, advanced=True)
    quiet_after_s: float = parameter(
        300, "A noisy tenant with nothing in flight is quiet again after this time.", title="Quiet after", unit="s", section="Fair queue",
        ge=1, le=86400, source=FAIR, advanced=True)
    processing_memory_s: float = parameter(
        60, "Processing time is compared over about this time. AWS says only 'recent'.", title="Recent processing", unit="s", section="Fair queue",
        gt=0, le=86400, source=UNPUBLISHED, advanced=True)
    encryption: Literal["SSE-SQS", "SSE-KMS"] = parameter(
        "SSE-SQS", "SSE-SQS costs nothing. With SSE-KMS every producer and consumer asks KMS for a data key in each reuse period.",
        title="Encryption", section="Encryption", aws="KmsMasterKeyId", source=API)
    kms_data_key_reuse_period_s: float = parameter(
        300, "How long a data key is used before KMS is asked again. Shorter: more calls to KMS, which cost money.",
        title="Data key reuse period", unit="s", section="Encryption", aws="KmsDataKeyReusePeriodSeconds", ge=60, le=86400, source=API)


class SendParameters(ParameterSet):
    """How a producer calls SendMessage."""

    messages_per_call: int = parameter(
        1, "Messages that the producer sends in one call (SendMessageBatch). Fewer calls cost less, and use less of a FIFO queue's throughput.",
        title="Messages a call", unit="messages", section="Sending", aws="SendMessageBatch", ge=1, le=BATCH, source=API)
    delay_s: float | None = parameter(
        None, "Delay that the producer gives each message, instead of the queue's own. Standard queues only.",
        title="Message delay", unit="s", section="Sending", aws="DelaySeconds", ge=0, le=900, source=API)


def newest(attempt: Message) -> Message:
    """The token with which the message of this attempt goes on."""
    while attempt.successor is not None:
        attempt = attempt.successor
    return attempt


class Queue(CohortStorage, Node):
    """A standard, fair or FIFO queue."""

    kind = "sqs"
    title = "SQS queue"
    short_title = "SQS"
    neutral_title = "Queue"
    group = "Application integration"
    icon = "architecture-service/AmazonSimpleQueueService"
    summary = "Holds messages until an application or function pulls them; for background jobs and for decoupling."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = QueueParameters
    ports = (
        Port("in", "Messages in", Direction.IN, Verb.SEND, frozenset({"sqs:SendMessage"}), "Producers, topics and other queues send here.",
             wire_title="Sending", wire_parameters=SendParameters),
        Port("out", "Messages", Direction.OUT, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "Consumers pull from here, and delete what they have processed."),
        Port("dlq", "Dead letters", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Messages received too often move to the queue wired here.", role="failure", max_wires=1, wire_title="Redrive policy"),
    )
    quotas = (
        Quota("in_flight", "Messages in flight, standard queue", 120000, "messages", "queue", True, QUOTAS),
        Quota("batch", "Messages a receive or a batch", 10, "messages", "call", False, QUOTAS),
        Quota("backlog", "Messages waiting", None, "messages", "queue", False, QUOTAS, "unlimited"),
        Quota("fifo_in_flight", "Messages in flight, FIFO queue", 120000, "messages", "queue", True, QUOTAS, "20,000 until November 2024"),
        Quota("fifo_rate", "API calls a second, FIFO queue", 300, "per_s", "queue (or partition) and action", False, FIFO_QUOTAS, "3,000 messages in batches of 10"),
        Quota("fifo_high_rate", "API calls a second, high throughput FIFO queue", 70000, "per_s", "queue and action", True, FIFO_QUOTAS, "us-east-1; less in other Regions"),
        Quota("fifo_look_ahead", "Messages a FIFO queue looks through for free groups", 120000, "messages", "queue", False, LOOK_AHEAD),
        Quota("deduplication", "Deduplication interval", 300, "s", "queue or message group", False, FIFO),
        Quota("standard_rate", "API calls a second, standard queue", None, "per_s", "queue and action", False, QUOTAS, "nearly unlimited"),
    )
    metrics = (
        Metric("NumberOfMessagesSent", "Sent", "messages", "sum", "Messages added to the queue. Messages moved here as dead letters by SQS itself are not counted.", "sent", METRICS, True, "rates"),
        Metric("NumberOfMessagesReceived", "Received", "messages", "sum", "Messages returned by receives; each receive of a message counts.", "received", METRICS, True, "rates"),
        Metric("NumberOfMessagesDeleted", "Deleted", "messages", "sum", "Messages deleted with a valid receipt handle.", "deleted", METRICS, True, "rates"),
        Metric("ApproximateNumberOfMessagesVisible", "Visible", "messages", "gauge", "Messages that can be received now: the backlog.", "visible", METRICS, True, "backlog"),
        Metric("ApproximateNumberOfMessagesNotVisible", "In flight", "messages", "gauge", "Messages received, and neither deleted nor expired.", "in_flight", METRICS, True, "backlog"),
        Metric("ApproximateNumberOfMessagesDelayed", "Delayed", "messages", "gauge", "Messages that are delayed and not yet visible.", "delayed", METRICS, False, "backlog"),
        Metric("ApproximateAgeOfOldestMessage", "Age of oldest", "s", "gauge", "Age of the oldest message not yet deleted; messages received three times or more are skipped. In a dead-letter queue it counts from the move.", "age_of_oldest_s", METRICS, True, "age"),
        Metric("NumberOfEmptyReceives", "Empty receives", "count", "sum", "Receives that returned no message.", "empty_receives", METRICS, False, "calls"),
        Metric("SentMessageSize", "Message size", "bytes", "spread", "Sizes of the messages added to the queue.", "sizes", METRICS, False, "size"),
        Metric("MessageWait", "Wait", "s", "spread", "Time from becoming visible to being received. CloudWatch has no such metric.", "waits", None, True, "latency"),
        Metric("MessagesMovedToDeadLetterQueue", "Dead-lettered", "messages", "sum", "Messages moved to the dead-letter queue. CloudWatch has no such metric.", "dead_lettered", None, True, "trouble"),
        Metric("VisibilityTimeoutsExpired", "Visibility expired", "messages", "sum", "Messages that became visible again because no one deleted them in time. CloudWatch has no such metric.", "expired_visibility", None, True, "trouble"),
        Metric("StaleDeletes", "Stale deletes", "messages", "sum", "Deletes that came after the message was received again: they succeed and delete nothing. CloudWatch has no such metric.", "stale_deletes", None, False, "trouble"),
        Metric("MessagesExpired", "Retention expired", "messages", "sum", "Messages deleted because the retention period ran out. CloudWatch has no such metric.", "retention_expired", None, False, "trouble"),
        Metric("MessagesRejected", "Rejected", "messages", "sum", "Messages larger than the maximum size. CloudWatch has no such metric.", "rejected", None, False, "trouble"),
        Metric("NumberOfDeduplicatedSentMessages", "Deduplicated", "messages", "sum", "Messages that a FIFO queue accepted and did not store, because they came before.", "deduplicated", METRICS, False, "rates"),
        Metric("ApproximateNumberOfGroupsWithInflightMessages", "Groups in flight", "count", "gauge", "Message groups of a FIFO queue that are locked, because a message of theirs is in flight.", "groups_in_flight", METRICS, False, "concurrency"),
        Metric("SendsThrottled", "Sends throttled", "messages", "sum", "Messages refused because a FIFO queue takes no more calls a second. CloudWatch has no such metric.", "throttled", None, False, "trouble"),
        Metric("ApproximateNumberOfNoisyGroups", "Noisy groups", "count", "gauge", "Tenants of a fair queue that take more than their share.", "noisy_groups", METRICS, False, "fairness"),
        Metric("ApproximateNumberOfMessagesVisibleInQuietGroups", "Visible, quiet", "messages", "gauge", "Messages of quiet tenants that can be received now.", "visible_quiet", METRICS, False, "fairness"),
        Metric("ApproximateNumberOfMessagesNotVisibleInQuietGroups", "In flight, quiet", "messages", "gauge", "Messages of quiet tenants in flight.", "in_flight_quiet", METRICS, False, "fairness"),
        Metric("ApproximateNumberOfMessagesDelayedInQuietGroups", "Delayed, quiet", "messages", "gauge", "Messages of quiet tenants that are delayed.", "delayed_quiet", METRICS, False, "fairness"),
        Metric("ApproximateAgeOfOldestMessageInQuietGroups", "Age of oldest, quiet", "s", "gauge", "Age of the oldest message of a quiet tenant.", "age_of_oldest_quiet_s", METRICS, False, "fairness"),
        Metric("MessageWaitInQuietGroups", "Wait, quiet", "s", "spread", "Time from becoming visible to being received, of messages of quiet tenants. CloudWatch has no such metric.", "quiet_waits", None, False, "fairness"),
    )
    overlay = Overlay("ApproximateNumberOfMessagesVisible", (Figure("ApproximateNumberOfMessagesVisible"), Figure("ApproximateAgeOfOldestMessage", "age")))
    wait_titles: ClassVar[Mapping[str, str]] = {
        "delay": "Delay of the queue", "visibility": "Hidden after a failed attempt", "in_flight_quota": "In-flight quota reached", "message_group": "Behind its message group",
        "look_ahead": "Beyond the look-ahead", "fifo_throughput": "FIFO throughput limit", "no_consumer": "No consumer",
        "poller_ramp": "Pollers still scaling up", "maximum_concurrency": "Mapping at its maximum concurrency", "poller_ceiling": "Mapping at the poller ceiling",
        "disabled": "Mapping disabled", "delivery_latency": "Delivery latency of the mapping", "batching_window": "Batching window",
        "reserved_concurrency": "Function at its reserved concurrency", "account_concurrency": "Account concurrency used up", "scaling_rate": "New environments too slow",
        "request_rate": "Function at its request rate", "stopped": "Consumer stopped", "workers_busy": "All workers busy", "polling": "Waiting for the next short poll",
        "request_latency": "Request latency of the receive",
    }
    faults = (Fault("unavailable", "Sends fail", "Senders get a server-side error, as in an outage of the service."),)
    prices = (
        Price("requests", "Requests, standard queue", 0.40e-6, "request of up to 64 KB", PRICING),
        Price("requests_fifo", "Requests, FIFO queue", 0.50e-6, "request of up to 64 KB", PRICING),
        Price("fair", "Fair queue, on top", 0.10e-6, "request of up to 64 KB", PRICING),
        Price("kms", "Requests to KMS", 0.03 / 10_000, "request", KMS_PRICE),
    )
    fidelity = Fidelity(
        modelled=(
            "Delay, visibility timeout, receive count, and a receipt handle for each receive: a late delete does not delete.",
            "Dead-letter queue: a message over its receive count moves at the next receive, and keeps its enqueue time.",
            "Retention: the oldest messages vanish when it runs out.",
            "Long and short polling, batches of at most 10, the in-flight quota.",
            "FIFO: message groups in order, a group locked while a message of it is in flight, deduplication in a window of 5 minutes, look-ahead,"
            " 300 calls a second for each action and queue, or for each partition in high throughput mode.",
            "Fair queues: noisy tenants by their share of what is in flight and of the processing time lately; quiet tenants first.",
            "Every request is counted for the bill: sends (in batches, if the producer does), receives (empty ones too), deletes, in chunks of 64 KB; requests to KMS.",
        ),
        approximated=(
            "Order is first in, first out; SQS promises best effort only. Messages received three times or more go to the back.",
            "Messages return to the front after their visibility timeout.",
            "A short poll sees a queue of fewer than 1,000 messages with a chance you set; AWS publishes no figure.",
            "Metrics are exact at each instant; CloudWatch's are approximate and lag by up to a minute.",
            "FIFO: a message group's order of service among groups is that of its oldest message. Deletes never run into the limit of calls, because they never are more than receives.",
            "Partitions of a high throughput queue double while one is full; groups are spread anew. AWS publishes neither their number nor when one is added.",
            "Two sends have the same content only if one repeats the other.",
            "Requests to KMS follow AWS's estimate: two for each producer and one for each consumer in a reuse period.",
        ),
        ignored=(
            "Redrive tasks.",
            "Rare duplicates that SQS itself makes, and deleted messages that reappear.",
            "Attribute changes take up to 60 s to spread; here they act at once.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A queue and its workers",
        "nodes": [
            {"id": "jobs", "kind": "traffic", "name": "Jobs", "parameters": {"load": {"shape": "constant", "rate_per_s": 8}}},
            {"id": "queue", "kind": "sqs", "name": "jobs", "parameters": {}},
            {"id": "workers", "kind": "worker", "name": "Workers", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "jobs", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "workers", "port": "source"}},
        ],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.visibility_timeout_s: float = self.parameters.visibility_timeout_s
        self.wait_time_s: float = self.parameters.receive_message_wait_time_s
        self.sent = self.received = self.deleted = 0
        self.requests = 0.0
        self.dead_lettered = self.expired_visibility = self.stale_deletes = self.retention_expired = self.rejected = 0
        self.empty_calls = 0.0
        self.visible, self.delayed = Gauge(), Gauge()
        self.in_flight = self.limit("in_flight", "Messages in flight", self.parameters.in_flight_quota, "in_flight_quota")
        self.sizes, self.waits = Tally(), Spread()
        self.deduplicated = self.throttled = 0
        self.quiet_waits = Spread()
        self._order = self._special_order()
        self._queue: Any = deque() if self._order is None else self._order
        self._fifo: bool = self.parameters.fifo
        self.in_order = self._fifo
        self._deduplication = DeduplicationWindow(self.parameters.deduplication_window_s)
        self._sends, self._receives = self._call_limit(), self._call_limit()
        self._owed_wakes = 0
        self._wake_booked = False
        self._size_counts, self._single_waits = self.sizes.counts, self.waits.singles
        self._gets_dead_letters = False
        self._ages = AgeOrder()
        self._timers = VisibilityTimers(self.agenda, self._visibility_expired)
        self._waiting: deque[Consumer] = deque()
        self._retention_booked = self._unavailable = False
        self._delay_cause = self.cause("delay", "Delay of the queue", Culprit(id, "delay_s"), capacity=False)
        self._hidden_cause = self.cause("visibility", "Hidden after a failed attempt", Culprit(id, "visibility_timeout_s"), capacity=False)
        self.full_cause = self.cause("in_flight_quota", "In-flight quota reached", Culprit(id, "in_flight_quota"))
        self._bound = self.cause("no_consumer", "No consumer", Culprit(id))

    def _special_order(self) -> MessageGroups | FairShare | None:
        """How waiting messages are ordered, if not first in, first out."""
        values = self.parameters
        if values.fifo:
            locked = self.cause("message_group", "Behind a message of its group", Culprit(self.id, "fifo"))
            hidden = self.cause("look_ahead", "Beyond the messages a FIFO queue looks through", Culprit(self.id, "fifo_look_ahead"))
            return MessageGroups(values.fifo_look_ahead, locked, hidden)
        if values.fair:
            return FairShare(values.noisy_share, values.noisy_in_flight, values.quiet_after_s, values.processing_memory_s)
        return None

    def _call_limit(self) -> PartitionedLimit | None:
        """The limit of calls a second of one API action; None for a standard queue, which has none."""
        values = self.parameters
        if not values.fifo:
            return None
        if values.fifo_throughput_limit == "perQueue":
            return PartitionedLimit(values.fifo_calls_per_s)
        most = max(1, math.ceil(values.high_throughput_calls_per_s / values.fifo_calls_per_s))
        return PartitionedLimit(values.fifo_calls_per_s, values.partitions_at_start, most, values.partition_split_s)

    def start(self) -> None:
        self._note_sending()
        self._note_redrive()
        self._gets_dead_letters = any(wire.source_port.role == "failure" for wire in self.wires_in["in"])

    def _note_redrive(self) -> None:
        self._most_receives = self.parameters.max_receive_count if self.wires_out["dlq"] else math.inf

    def needs_singles(self) -> str | None:
        if self.parameters.fifo:
            return "It delivers message groups in order."
        if self.parameters.fair:
            return "It tells tenants apart."
        if any(getattr(wire.parameters, "delay_s", None) is not None for wire in self.wires_in["in"]):
            return "A producer gives its messages a delay of their own."
        if len(self.wires_out["out"]) > 1:
            return "Several consumers share this queue."
        for wire in self.wires_out["dlq"]:
            if self.network.why_singles(wire.target) is not None:
                return f"Its dead letters go to {wire.target.name}, where single messages matter."
        consumers = self.wires_out["out"]
        return consumers[0].target.pulls_singles(consumers[0]) if consumers else None

    def _note_sending(self) -> None:
        """Look up how the producers send, where they do not send message by message without a delay of their own."""
        sending = {wire: wire.parameters for wire in self.wires_in["in"] if hasattr(wire.parameters, "messages_per_call")}
        self._per_call = {wire: values.messages_per_call for wire, values in sending.items() if values.messages_per_call > 1}
        self._delays = {wire: values.delay_s for wire, values in sending.items() if values.delay_s is not None}

    # -- messages come in -------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count = message.count
        size_bytes = message.size_bytes
        if self._unavailable:
            return Refusal(Outcome.FAILED, "unavailable", f"{self.name} is unavailable")
        if size_bytes > self.parameters.maximum_message_size_bytes:
            self.rejected += count
            return Refusal(Outcome.REJECTED, "too_large", "Message larger than the queue's maximum", retryable=False)
        now_s = self.agenda._now
        if self._fifo and message.place != MOVED:
            refusal = self._throttle(message, wire, now_s)
            if refusal is not None:
                return refusal
            if self._deduplication.absorbs(self._identity(message), now_s):
                self._absorb(message, wire)
                return None
        self.entered += count
        if message.place != MOVED:
            message.sent_s = now_s
            self.sent += count
            self.requests += count if size_bytes <= CHUNK_BYTES and not self._per_call else self._calls(count, size_bytes, wire)
            sizes = self._size_counts
            sizes[size_bytes] = sizes.get(size_bytes, 0) + count
        message.attempt = 0
        message.source = self
        message.successor = None
        message.worked = False
        self._ages.add(message)
        if not self._retention_booked:
            self._book_retention()
        delay_s = self._delays.get(wire, self.parameters.delay_s) if self._delays else self.parameters.delay_s
        if self.takes_cohorts:
            self._accept_cohort(message, now_s)
        elif delay_s > 0:
            message.place = DELAYED
            message.since_s = now_s
            self.delayed.add(count, now_s)
            self.agenda.at(now_s + delay_s, self._delay_over, message)
        else:
            message.place = VISIBLE
            message.since_s = now_s
            self.visible.add(count, now_s)
            self._queue.append(message)
            if self._waiting:
                self._waiting.popleft().wake()
        return None

    def _calls(self, count: int, size_bytes: int, wire: Wire) -> float:
        """Requests that so many messages are billed as: a call, or 64 KB of it; the messages of a batch share one."""
        per_call = self._per_call.get(wire, 1)
        return float(count * math.ceil(per_call * size_bytes / CHUNK_BYTES) / per_call)

    def _throttle(self, message: Message, wire: Wire, now_s: float) -> Refusal | None:
        """Refuse what is more than a FIFO queue (or the partition of this message group) takes a second."""
        if self._sends is None or self._sends.take(message.key, message.count / self._per_call.get(wire, 1), now_s):
            return None
        self.throttled += message.count
        return Refusal(Outcome.THROTTLED, "fifo_throughput", f"FIFO throughput limit of {self.name}")

    def _identity(self, message: Message) -> Any:
        by_group = self.parameters.deduplication_scope == "messageGroup"
        return (message.key if by_group else None, deduplication_id(message, self.parameters.content_based_deduplication))

    def _absorb(self, message: Message, wire: Wire) -> None:
        """A duplicate: the sender is told that it was accepted, and nothing is stored."""
        count = message.count
        self.entered += count
        self.deduplicated += count
        self.requests += self._calls(count, message.size_bytes, wire)
        self.finish(message, "deduplicated")

    def _delay_over(self, message: Message) -> None:
        if message.place == DELAYED and not (self._fifo and self._still_delayed(message)):
            now_s = self.agenda._now
            self.delayed.add(-message.count, now_s)
            spend(message, self._delay_cause, message.since_s, now_s)
            self._appear(message, now_s)

    def _appear(self, message: Message, now_s: float, front: bool = False) -> None:
        message.place = VISIBLE
        message.since_s = now_s
        self.visible.add(message.count, now_s)
        if front:
            self._queue.appendleft(message)
        else:
            self._queue.append(message)
        if self._waiting:
            self._waiting.popleft().wake()

    # -- consumers pull ---------------------------------------------------------------------------------------------

    def is_full(self) -> bool:
        return bool(self.in_flight.value >= self.parameters.in_flight_quota)

    def wait(self, consumer: Consumer) -> None:
        if consumer not in self._waiting:
            self._waiting.append(consumer)

    def count_requests(self, calls: int) -> None:
        self.requests += calls

    def count_empty_receives(self, calls: float) -> None:
        self.empty_calls += calls

    def empty_receives(self) -> int:
        """Receives so far that returned nothing."""
        return int(self.empty_calls)

    def short_poll_misses(self, draw: float) -> bool:
        return bool(self.visible.value < 1000 and draw >= self.parameters.short_poll_sees_share)

    def receive(self, limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None = None) -> list[Message]:
        queue = self._queue
        taken: list[Message] = []
        order = self._order
        if order is not None:
            if not queue or not self._may_receive(bottleneck):
                return taken
            bottleneck = order.begin(bottleneck, self.agenda._now)
        room: float = self.parameters.in_flight_quota - self.in_flight.value
        if limit < room:
            room = limit
        self._bound = bottleneck.cause
        now_s: float = self.agenda._now
        deadline_s = now_s + (self.visibility_timeout_s if visibility_timeout_s is None else visibility_timeout_s)
        received = 0
        while queue and room > 0:
            message = queue.popleft()
            if message.place != VISIBLE or (message.attempt >= self._most_receives and self._dead_letter(message, now_s)):
                continue
            if message.count > room:
                message = self._part_of(message, int(room))
            room -= message.count
            received += message.count
            since_s = message.since_s
            if now_s > since_s:
                bottleneck.charge(message, since_s, now_s)
            if message.count == 1:
                self._single_waits.append(now_s - since_s)
            else:
                self.waits.add(now_s - since_s, message.count)
            message.attempt += 1
            message.received_s = now_s
            message.deadline_s = deadline_s
            message.place = IN_FLIGHT
            message.path = message.path.steps.get(path_to) or message.path.to(path_to)
            self._timers.set(message, deadline_s)
            taken.append(message)
        if order is not None:
            self._note_order(taken, now_s)
        if received:
            self.requests += 1
            self.received += received
            self.visible.add(-received, now_s)
            self.in_flight.add(received, now_s)
        return taken

    def _may_receive(self, bottleneck: Bottleneck) -> bool:
        """Whether a FIFO queue takes one more receive now; if not, consumers are woken when it does."""
        now_s = self.agenda._now
        if self._receives is None or self._receives.take_anywhere(now_s):
            return True
        bottleneck.change(self.cause("fifo_throughput", "FIFO throughput limit of receives", Culprit(self.id, "fifo_throughput_limit")), now_s)
        if not self._wake_booked:
            self._wake_booked = True
            self.agenda.at(now_s + 1.0 / (self._receives.calls_per_s * self._receives.partitions), self._receive_again)
        return False

    def _receive_again(self, _: None) -> None:
        self._wake_booked = False
        self._wake(len(self._waiting))

    def _wake(self, consumers: int) -> None:
        for _ in range(min(consumers, len(self._waiting))):
            self._waiting.popleft().wake()

    def _note_order(self, taken: list[Message], now_s: float) -> None:
        """A receive has ended: message groups are locked, tenants may have become noisy."""
        order = self._order
        if isinstance(order, FairShare):
            for message in taken:
                if order.is_quiet(message):
                    self.quiet_waits.add(now_s - message.since_s, message.count)
        if order is not None:
            order.end(taken, now_s)
            wakes, self._owed_wakes = self._owed_wakes, 0
            self._wake(wakes)

    def _left(self, messages: Sequence[Message], now_s: float, *, wake: bool = True) -> None:
        """These messages are gone; wake consumers for the message groups that this frees."""
        if self._order is not None:
            freed = self._order.gone(messages, now_s)
            if wake:
                self._wake(freed)
            else:
                self._owed_wakes += freed

    def _part_of(self, message: Message, count: int) -> Message:
        part = message.stored_copy(count)
        message.count -= count
        self._ages.add(part)
        self._queue.appendleft(message)
        return part

    def _dead_letter(self, message: Message, now_s: float) -> bool:
        """Move a message that was received too often; false if the dead-letter queue refuses it."""
        moved = message.copy()
        moved.place, moved.sent_s = MOVED, now_s if self._fifo else message.sent_s
        if now_s > message.since_s:
            moved.legs = (moved.legs, self._bound, message.since_s, now_s)
        if self.wires_out["dlq"][0].send(moved) is not None:
            return False
        self._bound.message_s += message.count * (now_s - message.since_s)
        message.place = GONE
        if message.span is None:
            self.visible.add(-message.count, now_s)
        else:
            self.visible.shift(-message.count, now_s, now_s)
        self._left((message,), now_s, wake=False)
        self.dead_lettered += message.count
        return True

    def split_attempt(self, attempt: Message, count: int) -> Message:
        part = attempt.stored_copy(count)
        attempt.count -= count
        self._ages.add(part)
        if part.place == IN_FLIGHT:
            self._timers.move(part, part.deadline_s)
        elif attempt.successor is not None:
            part.successor = attempt.successor.stored_copy(count)
            attempt.successor.count -= count
            self._ages.add(part.successor)
            self._restore(part.successor)
        return part

    def _restore(self, message: Message) -> None:
        if message.place == VISIBLE:
            self._queue.appendleft(message)
        elif message.place in (IN_FLIGHT, HIDDEN):
            self._timers.move(message, message.deadline_s)

    def delete(self, attempts: Sequence[Message]) -> Sequence[Message]:
        now_s = self.agenda._now
        self.requests += 1 if len(attempts) <= BATCH else math.ceil(len(attempts) / BATCH)
        was_full = self.in_flight.value >= self.parameters.in_flight_quota
        deleted = 0
        owned = attempts
        for attempt in attempts:
            if attempt.place != IN_FLIGHT:
                owned = self._delete_some(attempts, now_s)
                break
        else:
            for attempt in attempts:
                attempt.place = GONE
                deleted += attempt.count
            self.in_flight.add(-deleted, now_s)
            self.deleted += deleted
            self.forwarded += deleted
        if self._order is not None:
            self._left(owned, now_s)
        if was_full and self._waiting and self._queue:
            self._waiting.popleft().wake()
        return owned

    def _delete_some(self, attempts: Sequence[Message], now_s: float) -> list[Message]:
        """Delete where some attempts ended before: those whose receipts are still valid."""
        owned: list[Message] = []
        for attempt in attempts:
            if attempt.place == IN_FLIGHT:
                attempt.place = GONE
                self.in_flight.add(-attempt.count, now_s)
            elif not self._delete_late(attempt, now_s):
                continue
            self.deleted += attempt.count
            self.forwarded += attempt.count
            owned.append(attempt)
        return owned

    def _delete_late(self, attempt: Message, now_s: float) -> bool:
        """Delete with the receipt of an attempt that ended: valid only if the message was not received again, and never on a FIFO queue."""
        message = newest(attempt)
        if self._fifo or message.place != VISIBLE or message.attempt != attempt.attempt:
            self.stale_deletes += attempt.count
            return False
        message.place = GONE
        self.visible.add(-message.count, now_s)
        return True

    def worked(self, attempt: Message) -> bool:
        latest = newest(attempt)
        first = not latest.worked
        latest.worked = True
        return first

    def give_back(self, attempts: Sequence[Message]) -> None:
        for attempt in attempts:
            if attempt.place == IN_FLIGHT:
                attempt.place = HIDDEN

    def change_visibility(self, attempts: Sequence[Message], timeout_s: float) -> None:
        now_s = self.agenda._now
        self.requests += 1
        for attempt in attempts:
            if attempt.place in (IN_FLIGHT, HIDDEN):
                attempt.deadline_s = min(now_s + timeout_s, attempt.received_s + LONGEST_VISIBILITY_S)
                self._timers.move(attempt, attempt.deadline_s)

    # -- time passes ------------------------------------------------------------------------------------------------

    def _visibility_expired(self, message: Message) -> None:
        """The message can be received again. If a consumer still works on it, its token goes on as a stale receipt."""
        now_s = self.agenda._now
        if message.place == IN_FLIGHT:
            successor = message.stored_copy(message.count)
            message.place, message.successor = STALE, successor
            if self._order is not None:
                self._order.follow(message, successor)
            message = successor
            message.place = HIDDEN
            self._ages.add(message)
        was_full = self.is_full()
        self.in_flight.add(-message.count, now_s)
        self.expired_visibility += message.count
        if message.path.nodes[-1] != self.id and message.path.before is not None:
            message.path = message.path.before
        booked_to_s = max(message.received_s, message.legs[3] if message.legs is not None else 0.0)
        if now_s > booked_to_s:
            spend(message, self._hidden_cause, booked_to_s, now_s)
        self._appear(message, now_s, front=message.attempt < BACK_AFTER_RECEIVES)
        if was_full and self._waiting:
            self._waiting.popleft().wake()

    def _still_delayed(self, message: Message) -> bool:
        """On a FIFO queue a change of the delay acts on messages that are delayed already."""
        return bool(self.agenda._now < message.since_s + self.parameters.delay_s)

    def _delay_again(self) -> None:
        now_s = self.agenda._now
        for message in [message for message in self._ages if message.place == DELAYED]:
            self.agenda.at(max(now_s, message.since_s + self.parameters.delay_s), self._delay_over, message)

    def _book_retention(self) -> None:
        oldest = self._ages.oldest()
        if oldest is not None:
            self._retention_booked = True
            self.agenda.at(max(self.agenda._now, oldest.sent_s + self.parameters.message_retention_period_s), self._retention_over)

    def _retention_over(self, _: None) -> None:
        now_s = self.agenda._now
        self._retention_booked = False
        while (oldest := self._ages.oldest()) is not None and oldest.sent_s + self.parameters.message_retention_period_s <= now_s:
            self._expire(oldest, now_s)
        self._book_retention()

    def _expire(self, message: Message, now_s: float) -> None:
        gauge = {DELAYED: self.delayed, VISIBLE: self.visible}.get(message.place, self.in_flight)
        gauge.add(-message.count, now_s)
        message.place = GONE
        self._left((message,), self.agenda._now)
        self.retention_expired += message.count
        self.lose(message, "retention", "Retention period ran out")

    # -- what it shows ----------------------------------------------------------------------------------------------

    def age_of_oldest_s(self) -> float:
        """Age in seconds of the oldest message received fewer than three times; 0 when there is none."""
        return self._age_s(self._ages.oldest() if self._fifo else self._ages.first(lambda message: message.attempt < BACK_AFTER_RECEIVES))

    def _age_s(self, oldest: Message | None) -> float:
        if oldest is None:
            return 0.0
        now_s: float = self.agenda._now
        return now_s - (oldest.since_s if oldest.attempt == 0 and self._gets_dead_letters else oldest.sent_s)

    def groups_in_flight(self) -> int:
        """Message groups that are locked."""
        return int(self._order.locked.value) if isinstance(self._order, MessageGroups) else 0

    def noisy_groups(self) -> int:
        """Tenants that are noisy now."""
        return self._order.noisy() if isinstance(self._order, FairShare) else 0

    def visible_quiet(self) -> float:
        """Messages of quiet tenants that can be received now."""
        return self.visible.value - self._order.noisy_waiting() if isinstance(self._order, FairShare) else 0

    def in_flight_quiet(self) -> float:
        """Messages of quiet tenants in flight."""
        return self.in_flight.value - self._order.noisy_in_flight() if isinstance(self._order, FairShare) else 0

    def delayed_quiet(self) -> int:
        """Messages of quiet tenants that are delayed."""
        order = self._order
        if not isinstance(order, FairShare) or self.delayed.value == 0:
            return 0
        return sum(message.count for message in self._ages if message.place == DELAYED and order.is_quiet(message))

    def age_of_oldest_quiet_s(self) -> float:
        """Age in seconds of the oldest message of a quiet tenant; 0 when there is none."""
        order = self._order
        return self._age_s(self._ages.first(lambda message: message.attempt < BACK_AFTER_RECEIVES and order.is_quiet(message))) if isinstance(order, FairShare) else 0.0

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        """What becomes visible to a consumer: all that arrives, later by the same delay."""
        flow = into("in")
        broken = flow.broken if len(placed.out_of("out")) < 2 else (*flow.broken, f"several consumers share {placed.name}")
        return Flow(flow.per_s, broken, flow.origins)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        if not placed.out_of("out") and not any(link.other_port == "dlq" for link in placed.into("in")):
            yield Finding("no-consumer", "note", f"Nothing consumes from '{placed.name}': messages stay until retention deletes them", "Wire it to a consumer", node=placed.id)
        if placed.out_of("out") and not placed.out_of("dlq"):
            yield Finding("no-dead-letter-queue", "note", f"'{placed.name}' has no dead-letter queue: a message that always fails is tried until retention deletes it",
                          "Wire its dead-letter port to a queue", node=placed.id)
        yield from cls._check_type(placed)
        for link in placed.out_of("dlq"):
            if link.other is placed:
                yield Finding("own-dead-letter-queue", "error", f"'{placed.name}' is its own dead-letter queue", "Wire the port to another queue", node=placed.id, wire=link.id)
            elif not values.fifo and link.other.parameters.message_retention_period_s <= values.message_retention_period_s:
                yield Finding("dead-letter-retention", "warning",
                              f"'{link.other.name}' keeps messages no longer than '{placed.name}', and counts from the first enqueue: dead letters may vanish before anyone looks",
                              "Give the dead-letter queue a longer retention", node=link.other.id, parameter="message_retention_period_s", related=(placed.id,))

    @classmethod
    def _check_type(cls, placed: Placed) -> Iterable[Finding]:
        values = placed.parameters
        for link in placed.out_of("dlq"):
            if link.other.parameters.fifo != values.fifo:
                yield Finding("dead-letter-type", "error", f"The dead-letter queue '{link.other.name}' must be a {'FIFO' if values.fifo else 'standard'} queue, like '{placed.name}'",
                              "Make both queues of one type", node=link.other.id, wire=link.id, parameter="fifo", related=(placed.id,))
        if values.fifo and values.fair:
            yield Finding("fair-and-fifo", "error", f"'{placed.name}' is both FIFO and fair: fair queues are standard queues", "Turn one of the two off", node=placed.id, parameter="fair")
        if values.fifo_throughput_limit == "perMessageGroupId" and values.deduplication_scope != "messageGroup":
            yield Finding("throughput-needs-scope", "error", f"'{placed.name}': a throughput limit per message group id needs the deduplication scope messageGroup",
                          "Set the deduplication scope to messageGroup", node=placed.id, parameter="deduplication_scope")
        for link in placed.into("in"):
            if values.fifo and getattr(link.parameters, "delay_s", None) is not None:
                yield Finding("message-delay-on-fifo", "error", f"'{link.other.name}' gives its messages a delay, but FIFO queues know only a delay of the queue",
                              f"Remove it, and set the delay of '{placed.name}'", node=placed.id, wire=link.id, parameter="delay_s")

    def littles_law(self, elapsed_s: float) -> tuple[float, float, float] | None:
        now_s = self.agenda._now
        waits = self.waits.total
        still_s = sum(message.count * (now_s - max(message.since_s, now_s - elapsed_s)) for message in self._queue if message.place == VISIBLE)
        if waits.count == 0 or elapsed_s <= 0:
            return None
        return self.visible.area(now_s) / elapsed_s, waits.count / elapsed_s, (waits.sum + still_s) / waits.count

    def housekeep(self) -> None:
        self._ages.compact()
        self._timers.compact()
        if self._order is not None:
            self._order.compact(self.agenda._now)

    def holding(self) -> int:
        return sum(message.count for message in self._ages) + self.cohorts_out

    def backlog(self) -> float:
        return self.visible.value

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.dead_lettered, self.throttled

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Sends fail until cleared (None)."""
        self._unavailable = value is not None

    def parameter_changed(self, name: str) -> None:
        self._note_redrive()
        if name == "visibility_timeout_s":
            self.visibility_timeout_s = self.parameters.visibility_timeout_s
        if name == "receive_message_wait_time_s":
            self.wait_time_s = self.parameters.receive_message_wait_time_s
        if name == "delay_s" and self._fifo:
            self._delay_again()
        if name == "message_retention_period_s":
            self.agenda.at(self.agenda._now, self._retention_over)

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        requests = math.ceil(self.requests - 1e-6) + self.empty_receives()
        yield self.prices[1 if self._fifo else 0], requests
        if self.parameters.fair:
            yield self.prices[2], requests
        if self.parameters.encryption == "SSE-KMS":
            yield self.prices[3], self._kms_requests(elapsed_s)

    def _kms_requests(self, elapsed_s: float) -> int:
        """Requests to KMS: in each reuse period two for each producer and one for each consumer, as AWS estimates it."""
        producers, consumers = len(self.wires_in["in"]), len(self.wires_out["out"])
        return int(math.ceil(elapsed_s / self.parameters.kms_data_key_reuse_period_s) * (2 * producers + consumers))

    def _to_retention_s(self, growth_per_s: float, arrive_per_s: float) -> float:
        """Seconds until the oldest message is dropped: it ages by as much more each second as arrivals outrun what is taken."""
        left_s: float = self.parameters.message_retention_period_s - self.age_of_oldest_s()
        return max(left_s, 0.0) / min(1.0, growth_per_s / arrive_per_s)

    def limits_ahead(self, growth_per_s: float, rates: Mapping[str, float]) -> Iterable[tuple[str, float]]:
        if rates["NumberOfMessagesSent"] > 0:
            yield "the oldest message reaches the retention period", self._to_retention_s(growth_per_s, rates["NumberOfMessagesSent"])

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self.visible.value < 1:
            return None
        arrive, taken = rates["NumberOfMessagesSent"], rates["NumberOfMessagesReceived"]
        if not self.wires_out["out"]:
            return "Nothing consumes from this queue: what arrives stays.", None
        text = f"{format_rate(arrive)} arrive, {format_rate(taken)} are taken. {self._bound.title}."
        growth = arrive - taken
        if growth > 0.01 * arrive and growth > 0:
            text += f" The backlog grows by {format_rate(growth)}; at this rate the oldest message reaches retention in {format_duration(self._to_retention_s(growth, arrive))}."
        elif taken > arrive * 1.01:
            text += f" The backlog shrinks; it is gone in {format_duration(self.visible.value / (taken - arrive))}."
        return text, self._bound.culprit
