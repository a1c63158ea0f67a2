"""Amazon SQS queue: messages wait here until an application or function pulls them.

A standard queue delivers at least once, in order as far as it can. A FIFO queue delivers each message group in order and
absorbs what is sent twice. A fair queue lets quiet tenants go before noisy ones. A received message is hidden for the
visibility timeout; if it is not deleted by then it can be received again, and after too many receives it moves to the
dead-letter queue.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import DELAYED, MOVED, VISIBLE, Message
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into
from simulator.engine.wire import Wire
from simulator.mechanics.deduplication import deduplication_id
from simulator.mechanics.queues.message_groups import MessageGroups
from simulator.mechanics.queues.queue_findings import check_queue
from simulator.mechanics.queues.queue_parameters import QueueParameters, SendParameters
from simulator.mechanics.queues.queue_receiving import QueueReceiving
from simulator.mechanics.queues.queue_sources import FIFO, FIFO_QUOTAS, GUIDE, KMS_PRICE, LOOK_AHEAD, METRICS, PRICING, QUOTAS, THIRD_TIER
from simulator.mechanics.queues.redrive_task import LONGEST_S, REDRIVE, TASK, TASKS_OF_AN_ACCOUNT, RedriveNow
from simulator.units import format_duration, format_rate, inside_sentence
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Free,
    Metric,
    NoParameters,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Price,
    Quota,
    Tier,
    Verb,
)

if TYPE_CHECKING:
    pass

FREE_REQUESTS = Free(1e6, PRICING, "requests")
CHUNK_BYTES = 65536
LARGEST_BATCH_BYTES = 1_048_576
SWEEP_MASK = 127
CHANCE = 2.0
"""A backlog is told to grow or shrink if it does so by this many standard deviations of what chance makes of arrivals and receives."""
"""What is gone is swept out each time so many messages came."""



class Queue(QueueReceiving):
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
        Port("redrive", "Redriven messages", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Where a redrive task moves the messages of this dead-letter queue: one queue, or all the queues they came from.", role="failure",
             wire_title="Redrive", wire_parameters=NoParameters),
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
        Quota("redrive_rate", "Messages a second, redrive task", 500, "per_s", "task", False, TASK),
        Quota("redrive_time", "Length of a redrive task", LONGEST_S, "s", "task", False, REDRIVE, "36 hours"),
        Quota("redrive_tasks", "Active redrive tasks", TASKS_OF_AN_ACCOUNT, "count", "account", False, REDRIVE, "1 of each queue"),
        Quota("standard_rate", "API calls a second, standard queue", None, "per_s", "queue and action", False, QUOTAS, "nearly unlimited"),
    )
    metrics = (
        Metric("NumberOfMessagesSent", "Sent", "messages", "sum", "Messages added to the queue. Messages moved here as dead letters by SQS itself are not counted.", "sent", METRICS, True, "rates"),
        Metric("NumberOfMessagesReceived", "Received", "messages", "sum", "Messages returned by receives; each receive of a message counts.", "received", METRICS, True, "rates"),
        Metric("NumberOfMessagesDeleted", "Deleted", "messages", "sum", "Messages deleted with a valid receipt handle.", "deleted", METRICS, True, "rates"),
        Metric("ApproximateNumberOfMessagesVisible", "Visible", "messages", "gauge", "Messages that can be received now: the backlog.", "visible", METRICS, True, "backlog"),
        Metric("ApproximateNumberOfMessagesNotVisible", "In flight", "messages", "gauge", "Messages received, and neither deleted nor expired.", "in_flight", METRICS, True, "backlog", limit="in_flight"),
        Metric("ApproximateNumberOfMessagesDelayed", "Delayed", "messages", "gauge", "Messages that are delayed and not yet visible.", "delayed", METRICS, False, "backlog"),
        Metric("ApproximateAgeOfOldestMessage", "Age of oldest", "s", "gauge", "Age of the oldest message not yet deleted; messages received three times or more are skipped. In a dead-letter queue it counts from the move.", "age_of_oldest_s", METRICS, True, "age"),
        Metric("NumberOfEmptyReceives", "Empty receives", "count", "sum", "Receives that returned no message.", "empty_receives", METRICS, False, "calls"),
        Metric("SentMessageSize", "Message size", "bytes", "spread", "Sizes of the messages added to the queue.", "sizes", METRICS, False, "size"),
        Metric("MessageWait", "Wait", "s", "spread", "Time from becoming visible to being received. CloudWatch has no such metric.", "waits", None, True, "latency"),
        Metric("MessagesMovedToDeadLetterQueue", "Dead-lettered", "messages", "sum", "Messages moved to the dead-letter queue. CloudWatch has no such metric.", "dead_lettered", None, True, "trouble"),
        Metric("VisibilityTimeoutsExpired", "Visibility expired", "messages", "sum", "Messages that became visible again because no one deleted them in time. CloudWatch has no such metric.", "expired_visibility", None, True, "trouble"),
        Metric("StaleDeletes", "Stale deletes", "messages", "sum", "Deletes that came after the message was received again: they succeed and delete nothing. CloudWatch has no such metric.", "stale_deletes", None, False, "trouble"),
        Metric("MessagesOfLostReceives", "Receive lost", "messages", "sum", "Messages that a receive took, and whose consumer never got the answer. CloudWatch has no such metric.", "lost_in_receives", None, False, "trouble"),
        Metric("MessagesExpired", "Retention expired", "messages", "sum", "Messages deleted because the retention period ran out. CloudWatch has no such metric.", "retention_expired", None, False, "trouble"),
        Metric("MessagesRejected", "Rejected", "messages", "sum", "Messages larger than the maximum size. CloudWatch has no such metric.", "rejected", None, False, "trouble"),
        Metric("MessagesRedriven", "Redriven", "messages", "sum", "Messages that redrive tasks moved away from this dead-letter queue. CloudWatch has no such metric.", "redriven", None, False, "rates"),
        Metric("ApproximateNumberOfMessagesToMove", "To redrive", "messages", "gauge", "Messages that the active redrive task has still to move, as ListMessageMoveTasks says. CloudWatch has no such metric.", "to_redrive", TASK, False, "backlog"),
        Metric("RedriveTasksRefused", "Redrive tasks refused", "count", "sum", "Redrive tasks that could not start: one was active, or there was no destination. CloudWatch has no such metric.", "redrives_refused", None, False, "trouble"),
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
    overlay = Overlay(
        "ApproximateNumberOfMessagesVisible", (Figure("ApproximateNumberOfMessagesVisible"), Figure("ApproximateAgeOfOldestMessage", "age"), Figure("ApproximateNumberOfMessagesNotVisible", "in flight", quiet=True)),
        picture=Picture("tank", (Fill("ApproximateNumberOfMessagesVisible"), Fill("ApproximateNumberOfMessagesNotVisible", "held"), Fill("ApproximateNumberOfMessagesDelayed", "later"))),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "delay": "Delay of the queue", "visibility": "Hidden after a failed attempt", "in_flight_quota": "In-flight quota reached", "message_group": "Behind its message group",
        "look_ahead": "Beyond the look-ahead", "fifo_throughput": "FIFO throughput limit", "no_consumer": "No consumer",
        "poller_ramp": "Pollers still scaling up", "maximum_concurrency": "Mapping at its maximum concurrency", "poller_ceiling": "Mapping at the poller ceiling",
        "disabled": "Mapping disabled", "delivery_latency": "Delivery latency of the mapping", "batching_window": "Batching window",
        "reserved_concurrency": "Function at its reserved concurrency", "account_concurrency": "Account concurrency used up", "scaling_rate": "New environments too slow",
        "request_rate": "Function at its request rate", "stopped": "Consumer stopped", "workers_busy": "All workers busy", "polling": "Waiting for the next short poll",
        "request_latency": "Request latency of the receive", "dead_letters": "Among dead letters until it was redriven",
    }
    faults = (
        Fault("unavailable", "Sends fail", "Senders get a server-side error, as in an outage of the service.", sort="stops"),
        Fault("redrive", "A redrive task starts", "An operator starts to move the messages of this dead-letter queue to the queue wired at its port 'Redriven messages'. Ending it cancels the task.", RedriveNow, sort="operation"),
    )
    prices = (
        Price("requests", "Requests, standard queue", 0.40e-6, "request of up to 64 KB", PRICING, FREE_REQUESTS,
              (Tier(100e9, 0.30e-6, PRICING), Tier(200e9, 0.24e-6, THIRD_TIER))),
        Price("requests_fifo", "Requests, FIFO queue", 0.50e-6, "request of up to 64 KB", PRICING, FREE_REQUESTS),
        Price("fair", "Fair queue, on top", 0.10e-6, "request of up to 64 KB", PRICING),
        Price("kms", "Requests to KMS", 0.03 / 10_000, "request", KMS_PRICE),
    )
    keeps_lineage = True
    fidelity = Fidelity(
        modelled=(
            "Delay, visibility timeout, receive count, and a receipt handle for each receive: a late delete does not delete.",
            "Dead-letter queue: a message over its receive count moves at the next receive, and keeps its enqueue time.",
            "Retention: the oldest messages vanish when it runs out.",
            "Receives whose answer is lost: the messages stay hidden for their timeout, and have used up a receive.",
            "Long and short polling, batches of at most 10, the in-flight quota.",
            "FIFO: message groups in order, a group locked while a message of it is in flight, deduplication in a window of 5 minutes, look-ahead,"
            " 300 calls a second for each action and queue, or for each partition in high throughput mode.",
            "Fair queues: noisy tenants by their share of what is in flight and of the processing time lately; quiet tenants first.",
            "Redrive tasks: planned or started by an operator, one a queue and 100 an account, at a rate of up to 500 messages a second or as the system chooses, for at most 36 hours;"
            " oldest message first, to one queue or to those they came from; each arrives as a new message. Cancelling leaves what has moved where it is.",
            "Every request is counted for the bill: sends (in batches, if the producer does), receives (empty ones too), deletes, in chunks of 64 KB; requests to KMS.",
        ),
        approximated=(
            "Order is first in, first out; SQS promises best effort only. Messages received three times or more go to the back.",
            "Messages return to the front after their visibility timeout: AWS promises no order.",
            "A short poll sees a queue of fewer than 1,000 messages with a chance you set; AWS publishes no figure.",
            "At the in-flight quota receives return nothing; that a short poll gets the error OverLimit makes no difference here.",
            "A changed attribute acts at one moment, 60 s later (the retention period 15 minutes) unless you say otherwise; AWS spreads it within that time.",
            "Metrics are exact at each instant; CloudWatch's are approximate and lag by up to a minute.",
            "FIFO: a message group's order of service among groups is that of its oldest message. Deletes never run into the limit of calls, because they never are more than receives.",
            "Partitions of a high throughput queue double while one is full; groups are spread anew. AWS publishes neither their number nor when one is added.",
            "Requests to FIFO queues have no volume tiers; sources disagree on whether they have.",
            "Two sends have the same content only if one repeats the other: messages have no content to compare.",
            "Where a cohort goes to a dead-letter queue that works with single messages, they all move at one moment, some tenths of a second late.",
            "A redrive task moves as many messages as the queue held when it started, one by one; AWS does not say whether later ones are moved too. It is billed a receive, a send and"
            " a delete for each message. The rate that the system chooses is the backlog by a time you set; AWS says only that it follows the backlog.",
            "Requests to KMS follow AWS's estimate: two for each producer and one for each consumer in a reuse period.",
        ),
        ignored=(
            "Rare duplicates that SQS itself makes, and deleted messages that reappear: AWS publishes no shares.",
            "Throttling by KMS (KmsThrottled): KMS is on the bill only.",
            "Metrics of a queue that was inactive for 6 hours, which lag by up to 15 minutes: metrics here have no lag.",
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

    def start(self) -> None:
        self._note_sending()
        self._note_redrive()
        self._gets_dead_letters = any(wire.source_port.role == "failure" and wire.source_port.name != "redrive" for wire in self.wires_in["in"])
        self.start_redrives()

    def _note_redrive(self) -> None:
        self._most_receives = self.parameters.max_receive_count if self.wires_out["dlq"] else sys.maxsize

    def needs_singles(self) -> str | None:
        if self.parameters.fifo:
            return "It delivers message groups in order."
        if self.parameters.fair:
            return "It tells tenants apart."
        if any(getattr(wire.parameters, "delay_s", None) is not None for wire in self.wires_in["in"]):
            return "A producer gives its messages a delay of their own."
        if self.parameters.lost_receive_share > 0:
            return "Some of its receives are lost one by one."
        if self.wires_out["redrive"]:
            return "Redrive tasks move its messages one by one."
        if len(self.wires_out["out"]) > 1:
            return "Several consumers share this queue."
        consumers = self.wires_out["out"]
        return consumers[0].target.pulls_singles(consumers[0]) if consumers else None

    def _note_sending(self) -> None:
        """Look up how the producers send, and what the queue takes: what every message is asked."""
        sending = {wire: wire.parameters for wire in self.wires_in["in"] if hasattr(wire.parameters, "messages_per_call")}
        self._per_call = {wire: values.messages_per_call for wire, values in sending.items() if values.messages_per_call > 1}
        self._delays = {wire: values.delay_s for wire, values in sending.items() if values.delay_s is not None}
        self._may_delay = not self.takes_cohorts and (bool(self._delays) or self.parameters.delay_s > 0)
        self._one_call_bytes = -1 if self._per_call else CHUNK_BYTES
        self._largest_bytes = -1 if self._unavailable else self.parameters.maximum_message_size_bytes

    # -- messages come in -------------------------------------------------------------------------------------------

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count = message.count
        size_bytes = message.size_bytes
        if size_bytes > self._largest_bytes or self._per_call:
            refusal = self._turn_away(count, size_bytes, wire)
            if refusal is not None:
                return refusal
        now_s: float = self.agenda._now
        moved = message.place == MOVED
        if self._fifo and not moved:
            refusal = self._throttle(message, wire, now_s)
            if refusal is not None:
                return refusal
            if wire.source_port.name != "redrive" and self._deduplication.absorbs(self._identity(message), now_s):
                self._absorb(message, wire)
                return None
        self.entered += count
        if moved:
            self._ages.add(message)
        else:
            message.sent_s = now_s
            self._ages.append(message)
            self.sent += count
            self.requests += count if size_bytes <= self._one_call_bytes else self._calls(count, size_bytes, wire)
            self._size_counts[size_bytes] += count
            if not self.sent & SWEEP_MASK:
                self._ages.sweep()
                self._timers.sweep()
        message.attempt = 0
        message.source = self
        message.successor = None
        message.worked = False
        if not self._retention_booked:
            self._book_retention()
        message.since_s = now_s
        if self._may_delay and (delay_s := self._delays.get(wire, self.parameters.delay_s)) > 0:
            message.place = DELAYED
            self.delayed.add(count, now_s)
            self.agenda.at(now_s + delay_s, self._delay_over, message)
        elif self.takes_cohorts:
            self._accept_cohort(message, now_s)
        else:
            message.place = VISIBLE
            self.visible.add(count, now_s)
            self._queue.append(message)
            if self._waiting:
                self._wake(1)
        return None

    def _turn_away(self, count: int, size_bytes: int, wire: Wire) -> Refusal | None:
        """Refuse messages that are too large, or whatever comes while the service is down."""
        if self._unavailable:
            return Refusal(Outcome.FAILED, "unavailable", f"{self.name} is unavailable")
        if size_bytes > self.parameters.maximum_message_size_bytes:
            self.rejected += count
            return Refusal(Outcome.REJECTED, "too_large", "Message larger than the queue's maximum", retryable=False)
        if self._per_call.get(wire, 1) * size_bytes > LARGEST_BATCH_BYTES:
            self.rejected += count
            return Refusal(Outcome.REJECTED, "batch_too_long", "Batch larger than 1 MiB", retryable=False)
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

    # -- what it shows ----------------------------------------------------------------------------------------------

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        """What becomes visible to a consumer: all that arrives, later by the same delay."""
        flow = into("in")
        broken = flow.broken if len(placed.out_of("out")) < 2 else (*flow.broken, f"several consumers share {placed.name}")
        return Flow(flow.per_s, broken, flow.origins)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        return check_queue(placed)

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.dead_lettered, self.throttled

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Sends fail until cleared (None)."""
        self._unavailable = value is not None
        self._note_sending()

    def parameter_changed(self, name: str) -> None:
        self._note_redrive()
        self._note_sending()
        self.redrive_changed(name)
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
        if not self.wires_out["out"]:
            return "Nothing consumes from this queue: what arrives stays.", None
        arrive, taken, back = rates["NumberOfMessagesSent"], rates["NumberOfMessagesReceived"], rates["VisibilityTimeoutsExpired"]
        returned = f"{format_rate(back)} come back undeleted, " if back > 0 else ""
        held = self._order.holding() if isinstance(self._order, MessageGroups) else None
        why = f"What waits is {inside_sentence(held.title)}." if held else f"{self._bound.title}."
        text = f"{format_rate(arrive)} arrive, {returned}{format_rate(taken)} are taken. {why}{self._trend(rates['ApproximateNumberOfMessagesVisible'], arrive, taken)}"
        return text, (held or self._bound).culprit

    def _trend(self, growth: float, arrive: float, taken: float) -> str:
        """Where the backlog is going; nothing where its change may be chance."""
        chance = CHANCE * math.sqrt((arrive + taken) / self.rates_over_s) if self.rates_over_s > 0 else math.inf
        if growth > chance and arrive > 0:
            return f" The backlog grows by {format_rate(growth)}; at this rate the oldest message reaches retention in {format_duration(self._to_retention_s(growth, arrive))}."
        if -growth > chance:
            return f" The backlog shrinks by {format_rate(-growth)}; at this rate it is gone in {format_duration(self.visible.value / -growth)}."
        return ""
