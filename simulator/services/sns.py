"""Amazon SNS topic: pushes a copy of each published message to every subscription whose filter matches.

Subscriptions are wires: to SQS queues, Lambda functions and Firehose streams, to HTTP endpoints, and to people by e-mail,
SMS and mobile push. A failed delivery is retried on the schedule of its protocol, then goes to the subscription's dead-letter
queue or is lost. A FIFO topic keeps the order within each group (the message's key) and drops duplicates for five minutes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.cohorts import span_of
from simulator.engine.message import Message, MessageType
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into, thinned
from simulator.engine.wire import Wire
from simulator.measures import Spread, Tally
from simulator.mechanics.redelivery import Delivery, dead_letter_wire
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.topics.fifo_topic import FifoRules
from simulator.mechanics.topics.topic_findings import check_topic
from simulator.mechanics.topics.topic_parameters import (
    DeadLetterParameters,
    PeopleParameters,
    PermissionParameters,
    PublishParameters,
    PublishQuota,
    SubscriptionParameters,
    TopicParameters,
    WebhookParameters,
)
from simulator.mechanics.topics.topic_sources import API, EMAIL, FREE_WORD, GUIDE, LOG_PRICE, METRICS, PRICING, QUOTAS, RETRIES
from simulator.mechanics.topics.topic_subscriptions import ForbiddenSubscription, OrderedSubscription, PeopleSubscription, Publisher, Subscription, WebhookSubscription
from simulator.units import format_count, format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Finding,
    Free,
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

CHUNK_BYTES = 65536
BILLED_ACTIONS = {"http": "http:Request", "email": "email:Send", "push": "push:Send", "firehose": "firehose:PutRecord"}
"""What deliveries are billed for, by the name of the price."""

SUBSCRIPTIONS: Mapping[str, type[Subscription]] = {"out": Subscription, "people": PeopleSubscription, "http": WebhookSubscription}


class Topic(Publisher):
    """A standard topic."""

    kind = "sns"
    title = "SNS topic"
    short_title = "SNS · topic"
    neutral_title = "Topic"
    group = "Application integration"
    icon = "architecture-service/AmazonSimpleNotificationService"
    summary = "Pushes a copy of every message to each subscriber whose filter matches; publish once, deliver to many."
    documentation_url = f"{GUIDE}/welcome.html"
    Parameters = TopicParameters
    AccountParameters = PublishQuota
    ports = (
        Port("in", "Publish", Direction.IN, Verb.SEND, frozenset({"sns:Publish"}), "Applications and services publish here.",
             wire_title="Publishing", wire_parameters=PublishParameters),
        Port("out", "Subscriptions", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage", "lambda:InvokeAsync", "firehose:PutRecord"}),
             "Queues, functions and Firehose streams. Each wire is a subscription with a filter policy of its own.", wire_title="Subscription", wire_parameters=SubscriptionParameters),
        Port("http", "HTTP/S subscriptions", Direction.OUT, Verb.INVOKE, frozenset({"http:Request"}), "Webhooks, each with a delivery policy of its own.",
             wire_title="HTTP/S subscription", wire_parameters=WebhookParameters),
        Port("people", "E-mail, SMS and push", Direction.OUT, Verb.SEND, frozenset({"email:Send", "sms:Send", "push:Send"}), "People, each tried for 6 hours.",
             wire_title="Subscription", wire_parameters=PeopleParameters),
        Port("dlq", "Undeliverable messages", Direction.OUT, Verb.SEND, frozenset({"sqs:SendMessage"}),
             "Messages that a subscription could not deliver.", role="failure", wire_title="Subscription redrive policy", wire_parameters=DeadLetterParameters),
    )
    quotas = (
        Quota("publish", "Messages published to standard topics, us-east-1", 30000, "per_s", "account and Region", True, QUOTAS),
        Quota("publish_fifo", "Messages published to FIFO topics, us-east-1", 30000, "per_s", "account and Region", True, QUOTAS, "9,000 or 3,000 elsewhere"),
        Quota("batch", "Messages of a PublishBatch", 10, "messages", "call", False, API, "together no larger than the maximum message size"),
        Quota("topics", "Topics; 1,000 of them FIFO topics", 100_000, "count", "account", True, QUOTAS),
        Quota("account_filter_policies", "Filter policies of all topics", 10_000, "count", "account", True, QUOTAS),
        Quota("subscriptions", "Subscriptions of a topic", 12_500_000, "count", "topic", True, QUOTAS),
        Quota("filter_policies", "Filter policies of a topic", 200, "count", "topic", True, QUOTAS),
        Quota("fifo_topic", "Messages a second, FIFO topic, scope Topic (or 20 MB)", 3000, "per_s", "topic", False, QUOTAS),
        Quota("fifo_group", "Messages a second of a message group", 300, "per_s", "message group", False, QUOTAS),
        Quota("fifo_subscriptions", "Subscriptions of a FIFO topic", 100, "count", "topic", False, QUOTAS),
        Quota("attempts", "Delivery attempts to SQS, Lambda and Firehose, over 23 days", 100_015, "count", "message", False, RETRIES),
        Quota("people_attempts", "Delivery attempts to e-mail, SMS and mobile push, over 6 hours", 50, "count", "message", False, RETRIES),
        Quota("http_retry_time", "Retry time of an HTTP/S delivery", 3600, "s", "message", False, RETRIES),
        Quota("email", "E-mail to a subscription", 10, "per_s", "subscription", False, EMAIL, "more deactivates the subscription"),
        Quota("firehose_subscriptions", "Firehose subscriptions of a topic", 5, "count", "topic", True, QUOTAS),
    )
    metrics = (
        Metric("NumberOfMessagesPublished", "Published", "messages", "sum", "Messages published to the topic.", "published", METRICS, True, "rates"),
        Metric("NumberOfNotificationsDelivered", "Delivered", "messages", "sum", "Copies delivered to subscribers.", "delivered", METRICS, True, "rates"),
        Metric("NumberOfNotificationsFilteredOut", "Filtered out", "messages", "sum", "Copies not made because a filter policy did not match.", "filtered_out", METRICS, True, "filter"),
        Metric("NumberOfNotificationsFilteredOut-MessageAttributes", "Filtered by attributes", "messages", "sum", "Of these: the attributes did not match.", "filtered_attributes", METRICS, False, "filter"),
        Metric("NumberOfNotificationsFilteredOut-MessageBody", "Filtered by body", "messages", "sum", "Of these: the body did not match.", "filtered_body", METRICS, False, "filter"),
        Metric("NumberOfNotificationsFilteredOut-NoMessageAttributes", "Filtered, no attributes", "messages", "sum", "Of these: the message had no attributes.", "filtered_bare", METRICS, False, "filter"),
        Metric("NumberOfNotificationsFilteredOut-InvalidMessageBody", "Filtered, body not JSON", "messages", "sum", "Of these: the policy looks at the body, and the body is not JSON.", "filtered_opaque", METRICS, False, "filter"),
        Metric("NumberOfNotificationsFailed", "Failed", "messages", "sum", "Copies that could not be delivered, counted when SNS gives up; to HTTP endpoints every failed attempt counts.", "failed", METRICS, True, "trouble"),
        Metric("NumberOfNotificationsRedrivenToDlq", "To dead-letter queue", "messages", "sum", "Copies moved to a dead-letter queue.", "redriven", METRICS, False, "trouble"),
        Metric("NumberOfNotificationsFailedToRedriveToDlq", "Lost on the way to it", "messages", "sum", "Copies that a dead-letter queue refused.", "redrive_failed", METRICS, False, "trouble"),
        Metric("PublishSize", "Message size", "bytes", "spread", "Sizes of the messages published.", "sizes", METRICS, False, "size"),
        Metric("PublishesThrottled", "Throttled", "messages", "sum", "Publishes refused over the account's quota. CloudWatch has no such metric.", "throttled", None, True, "trouble"),
        Metric("NotificationsGivenUp", "Given up", "messages", "sum", "Copies that SNS gave up to deliver, by any protocol. CloudWatch has no such metric.", "given_up", None, False, "trouble"),
        Metric("NotificationsToDeactivated", "To deactivated e-mail", "messages", "sum", "Copies for e-mail subscriptions that their rate has deactivated. CloudWatch has no such metric.", "deactivated", None, False, "trouble"),
        Metric("NotificationsHeldBack", "Held back", "messages", "gauge", "Copies that wait for an HTTP subscription's receives a second. CloudWatch has no such metric.", "held_back", None, False, "backlog"),
        Metric("MessagesDeduplicated", "Deduplicated", "messages", "sum", "Messages that a FIFO topic took and did not deliver, because it had them already. CloudWatch has no such metric.", "deduplicated", None, False, "filter"),
        Metric("DeliveryRetries", "Delivery retries", "count", "sum", "Attempts after the first. CloudWatch has no such metric.", "retries", None, False, "trouble"),
        Metric("DwellTime", "Dwell time", "s", "spread", "Time from publishing to delivery; SNS shows it in delivery logs only; CloudWatch has no such metric.", "dwell", None, True, "latency"),
        Metric("NotificationsPending", "Pending", "messages", "gauge", "Copies on their way, or waiting for a retry. CloudWatch has no such metric.", "pending", None, False, "backlog"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"delivery_latency": "Delivery latency", "delivery_retry": "Retrying a delivery", "request_timeout": "No answer in time", "receives_per_s": "Held to the receives a second", "group_order": "Behind others of its group"}
    overlay = Overlay(
        "NotificationsPending", (Figure("NumberOfMessagesPublished"), Figure("DwellTime", "p99"), Figure("NumberOfNotificationsFailed", "failed", quiet=True)),
        picture=Picture("targets"),
    )
    prices = (
        Price("publish", "Publishes, standard topic", 0.50e-6, "request of up to 64 KB", PRICING, Free(1e6, FREE_WORD)),
        Price("body_filter", "Filtering on the body", 0.09, "GB scanned", PRICING),
        Price("publish_fifo", "Publishes, FIFO topic", 0.30e-6, "request of up to 64 KB", PRICING),
        Price("publish_fifo_bytes", "Data published to a FIFO topic", 0.017, "GB", FREE_WORD),
        Price("deliver_fifo", "Deliveries of a FIFO topic", 0.01e-6, "notification", FREE_WORD),
        Price("deliver_fifo_bytes", "Data delivered by a FIFO topic", 0.001, "GB", FREE_WORD),
        Price("http", "Deliveries to HTTP/S", 0.60e-6, "notification", PRICING, Free(100_000, FREE_WORD)),
        Price("email", "Deliveries by e-mail", 2e-5, "notification", PRICING, Free(1000, FREE_WORD)),
        Price("push", "Deliveries by mobile push", 0.50e-6, "notification", PRICING, Free(1e6, FREE_WORD)),
        Price("firehose", "Deliveries to Firehose", 0.19e-6, "notification", FREE_WORD),
        Price("logs", "Delivery status logs, CloudWatch Logs", 0.50, "GB", LOG_PRICE),
    )
    keeps_lineage = True
    faults = (
        Fault("permission_removed", "A permission is removed", "A queue's policy or key no longer lets the topic in, or an endpoint is deleted: a client-side error, which is not retried."
              " Copies go to the subscription's dead-letter queue, or are lost at once.", PermissionParameters, sort="errors"),
    )
    fidelity = Fidelity(
        modelled=(
            "Every matching subscription gets a copy of its own, in parallel.",
            "Filter policies are evaluated on the attributes or the body of each message type.",
            "Failed deliveries are retried to the documented schedule for AWS endpoints: 100,015 attempts over 23 days; client-side errors are not.",
            "HTTP/S: request timeout of 15 s, retries in four phases with a back-off function, 429 (by choice, as before 2024, not) and 5xx retried and other 4xx not, receives a second.",
            "E-mail, SMS and mobile push: 50 attempts over 6 hours. E-mail above 10 a second deactivates the subscription.",
            "A dead-letter queue for each subscription; a subscriber that may no longer be reached is a client-side error, without retries.",
            "FIFO topics: order by group, duplicates dropped for five minutes in the topic or the group, throughput of the topic and of a group, subscribers that are queues.",
            "Delivery status logs: a share of the successful deliveries and every failed one, and what CloudWatch Logs takes for them.",
            "The publish quotas, shared by all standard topics and by all FIFO topics of the account; batches of up to 10 messages, which share a request on the bill.",
        ),
        approximated=(
            "Delivery latency is one public measurement, SNS to Lambda; change it at the subscription. That of FIFO topics is derived from two measurements of the same author.",
            "The size of the JSON envelope is a parameter: AWS publishes none.",
            "Retries have a jitter of half the pause up and down; AWS publishes no figure.",
            "A duplicate is the same message of one origin and type: contents are not compared.",
            "A message that a FIFO topic cannot deliver holds back its group until it is given up: AWS promises the order, and does not say what a failure does to it.",
            "The curves of the four back-off functions: AWS shows them in a picture, without formulas.",
            "Receives a second of an HTTP subscription are spaced evenly; AWS says it keeps an average.",
            "A failed attempt with a 4xx counts as failed; one report says that AWS does not count it.",
            "A changed filter policy acts at one moment, 15 minutes later unless you say otherwise; AWS spreads it within that time.",
        ),
        ignored=(
            "Archive and replay of FIFO topics: a replay is as if a source published again. Message data protection: messages have no text to protect.",
            "Copies that a standard topic itself delivers twice, or out of order: it promises at least once, and publishes no figure.",
            "Confirmation of subscriptions, calls to Subscribe (100 a second), and topic-wide delivery policies: set the policy at each subscription.",
            "Attributes that are no valid JSON list or number, and the metric for them: a message type's attributes are checked before a run.",
            "Data transfer: where receivers are is not drawn.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "A topic and two queues",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 50}}},
            {"id": "topic", "kind": "sns", "name": "orders", "parameters": {}},
            {"id": "billing", "kind": "sqs", "name": "billing", "parameters": {}},
            {"id": "stock", "kind": "sqs", "name": "stock", "parameters": {}},
            {"id": "invoices", "kind": "worker", "name": "Invoices", "parameters": {"workers": 70}},
            {"id": "picking", "kind": "worker", "name": "Picking", "parameters": {"workers": 70}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "out"}, "to": {"node": "topic", "port": "in"}},
            {"id": "w2", "from": {"node": "topic", "port": "out"}, "to": {"node": "billing", "port": "in"}},
            {"id": "w3", "from": {"node": "topic", "port": "out"}, "to": {"node": "stock", "port": "in"}},
            {"id": "w4", "from": {"node": "billing", "port": "out"}, "to": {"node": "invoices", "port": "source"}},
            {"id": "w5", "from": {"node": "stock", "port": "out"}, "to": {"node": "picking", "port": "source"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        quota = network.account.get(self.kind) or PublishQuota()
        per_s: float = quota.fifo_publish_per_s if self.parameters.fifo else quota.publish_per_s  # type: ignore[attr-defined]
        self.bucket = network.shared("sns publish fifo" if self.parameters.fifo else "sns publish", lambda: TokenBucket(per_s, per_s))
        self.published = self.delivered = self.failed = self.redriven = self.redrive_failed = self.throttled = self.retries = 0
        self.filtered_out = self.filtered_attributes = self.filtered_body = self.filtered_bare = self.filtered_opaque = 0
        self.publish_requests, self.scanned_bytes = 0.0, 0.0
        self._log_bytes, self._log_entries, self._logged_bytes = self.parameters.delivery_log_bytes, 0.0, 0.0
        self.copies = self.given_up = self.deactivated = self.deduplicated = 0
        self._fifo_bytes = self._fifo_delivered_bytes = 0
        self._per_call: dict[Wire, int] = {}
        self._forbidden: str | None = None
        self._fifo = FifoRules(self.parameters, 0.0) if self.parameters.fifo else None
        self.sizes, self.dwell = Tally(), Spread()
        self.add_dwell, self.note_dwell, self._size_counts = self.dwell.add, self.dwell.singles.append, self.sizes.counts
        self.jitter = self.stream("jitter")
        self._allowed: list[Subscription] = []
        self._subscriptions: list[Subscription] = []
        """Those that deliver, and `ForbiddenSubscription` in place of those that may not."""
        self._scanning = 0
        self._matching: dict[MessageType, list[Subscription]] = {}

    def start(self) -> None:
        self._allowed = [(OrderedSubscription if self._fifo else kind)(self, wire) for port, kind in SUBSCRIPTIONS.items() for wire in self.wires_out[port]]
        self._reconsider()
        calls = {wire: getattr(wire.parameters, "messages_per_call", 1) for wire in self.wires_in["in"]}
        self._per_call = {wire: messages for wire, messages in calls.items() if messages > 1}

    def before_slice(self) -> None:
        for subscription in self._subscriptions:
            if subscription.at_once:
                self.dwell.add(0.0, subscription.at_once)
                subscription.at_once = 0

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count = message.count
        now_s = self.agenda._now
        size_bytes = message.size_bytes
        if size_bytes > self.parameters.maximum_message_size_bytes:
            return Refusal(Outcome.REJECTED, "too_large", "Message larger than the topic's maximum", retryable=False)
        if self._per_call and self._per_call.get(wire, 1) * size_bytes > self.parameters.maximum_message_size_bytes:
            return Refusal(Outcome.REJECTED, "batch_too_long", "Batch larger than the topic's maximum message size", retryable=False)
        span = message.span
        if self._fifo is not None and (throttled := self._fifo.throttles(message, now_s)) is not None:
            self.throttled += count
            return throttled
        if not (self.bucket.take_all(count, now_s) if span is None else self.bucket.take_over(count, span.from_s, span.to_s)):
            self.throttled += count
            return Refusal(Outcome.THROTTLED, "publish_quota", "Publish quota of the account reached")
        self.entered += count
        if self._fifo is not None:
            self._fifo_bytes += size_bytes
            if self._fifo.is_duplicate(message, now_s):
                self.deduplicated += count
                self.finish(message, "deduplicated")
                return None
        self.published += count
        self.publish_requests += count if size_bytes <= CHUNK_BYTES and not self._per_call else self._requests(count, size_bytes, wire)
        self._size_counts[size_bytes] += count
        matching = self._matching.get(message.type)
        if matching is None:
            matching = self._matching[message.type] = self._match(message.type)
        if self._scanning:
            self.scanned_bytes += count * size_bytes * self._scanning
        if matching is not self._subscriptions:
            self._count_filtered(message, matching)
            if not matching:
                self.finish(message, "filtered out" if self._subscriptions else "no subscription")
                return None
        copies = len(matching)
        self.copies += count * copies
        self.copied += count * (copies - 1)
        if span is None:
            for subscription in matching[1:]:
                subscription.push(message.copy(), now_s)
            matching[0].push(message, now_s)
        else:
            for subscription in matching[1:]:
                subscription.push_cohort(message.copy(), now_s)
            matching[0].push_cohort(message, now_s)
        return None

    def _requests(self, count: int, size_bytes: int, wire: Wire) -> float:
        """Requests that so many messages are billed as: each 64 KB of a call; the messages of a batch share one."""
        per_call = self._per_call.get(wire, 1)
        return float(count * math.ceil(per_call * size_bytes / CHUNK_BYTES) / per_call)

    def needs_singles(self) -> str | None:
        return "A FIFO topic keeps the order of single messages." if self.parameters.fifo else None

    def room(self, message: Message) -> int:
        span = span_of(message)
        return int(self.bucket.over(span.from_s, span.to_s))

    def _match(self, message_type: MessageType) -> list[Subscription]:
        matching = [entry for entry in self._subscriptions if entry.matches(message_type.attributes, message_type.body)]
        return self._subscriptions if matching and len(matching) == len(self._subscriptions) else matching

    def _count_filtered(self, message: Message, matching: list[Subscription]) -> None:
        for subscription in self._subscriptions:
            if subscription in matching:
                continue
            self.filtered_out += message.count
            if not subscription.filters_body:
                if message.type.attributes:
                    self.filtered_attributes += message.count
                else:
                    self.filtered_bare += message.count
            elif message.type.body is None:
                self.filtered_opaque += message.count
            else:
                self.filtered_body += message.count

    # -- deliveries -------------------------------------------------------------------------------------------------

    def pending(self) -> int:
        """Copies on their way, or waiting for a retry."""
        return self.copies - self.delivered - self.given_up

    def held_back(self) -> int:
        """Copies that wait for an HTTP subscription's receives a second."""
        return sum(subscription.delivery.held_back() for subscription in self._allowed if isinstance(subscription, WebhookSubscription))

    def is_forbidden(self, wire: Wire) -> bool:
        """Whether the subscriber at ``wire`` may not be reached now."""
        return self._forbidden in ("", wire.target.id)

    def fault_permission_removed(self, value: PermissionParameters | None) -> None:
        """A subscriber may no longer be reached, until cleared (None)."""
        self._forbidden = value.target if value is not None else None
        self._reconsider()

    def _reconsider(self) -> None:
        """Subscriptions, their filters or their permissions have changed."""
        self.before_slice()
        self._matching.clear()
        self._subscriptions = [ForbiddenSubscription(self, subscription.wire) if self.is_forbidden(subscription.wire) else subscription for subscription in self._allowed]
        self._scanning = sum(subscription.filters_body for subscription in self._subscriptions)

    def delivered_to(self, message: Message, pushed_s: float) -> None:
        """An endpoint or the queue of a FIFO topic has ``message``."""
        if self._fifo is not None:
            self._fifo_delivered_bytes += message.size_bytes * message.count
        self.delivered += message.count
        self.add_dwell(self.agenda._now - pushed_s, message.count)

    def attempt_failed(self, message: Message) -> None:
        """An attempt at an HTTP endpoint failed."""
        self.failed += message.count

    def retried(self, message: Message) -> None:
        """An attempt at an HTTP endpoint, or at the queue of a FIFO topic, will be made again."""
        self.retries += message.count

    def give_up(self, delivery: Delivery, why: Refusal) -> None:
        """A subscription cannot deliver a message: it goes to the dead-letter queue, or is lost."""
        message = delivery.message
        self.given_up += message.count
        queue = dead_letter_wire(self.wires_out["dlq"], delivery.wire.target.id, "subscriber")
        if queue is not None:
            if queue.send(message) is None:
                self.redriven += message.count
                return
            self.redrive_failed += message.count
        self.lose(message, why.cause, f"Undeliverable: {why.title.lower()}")

    # -- what it shows ----------------------------------------------------------------------------------------------

    def wire_changed(self, wire: Wire) -> None:
        for place, subscription in enumerate(self._allowed):
            if subscription.wire is wire:
                self._allowed[place] = type(subscription)(self, wire)
        self._reconsider()

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        """Delivery times are independent, so Poisson arrivals stay Poisson; a filter lets each message through with the same chance."""
        return thinned(into("in"), None if link.parameters.filter_policy is not None else 1.0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        return check_topic(placed, [link for port in SUBSCRIPTIONS for link in placed.out_of(port)])

    def holding(self) -> int:
        return self.pending()

    def backlog(self) -> float:
        return self.held_back()

    def trouble(self) -> tuple[int, int]:
        return self.failed + self.given_up, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        prices = {price.name: price for price in self.prices}
        if self._fifo is None:
            yield prices["publish"], math.ceil(self.publish_requests - 1e-6)
        else:
            yield prices["publish_fifo"], math.ceil(self.publish_requests - 1e-6)
            yield prices["publish_fifo_bytes"], self._fifo_bytes / 1e9
            yield prices["deliver_fifo"], self.delivered
            yield prices["deliver_fifo_bytes"], self._fifo_delivered_bytes / 1e9
        if self._scanning:
            yield prices["body_filter"], self.scanned_bytes / 1e9
        for name, action in BILLED_ACTIONS.items():
            delivered = sum(wire.delivered for port in SUBSCRIPTIONS for wire in self.wires_out[port] if action in wire.target_port.actions)
            if delivered:
                yield prices[name], delivered

        self._note_logs()
        if self._log_bytes is not None or self._logged_bytes:
            yield prices["logs"], self._logged_bytes / 1e9

    def parameter_changed(self, name: str) -> None:
        if name == "delivery_log_bytes":
            self._note_logs()
            self._log_bytes = self.parameters.delivery_log_bytes

    def _note_logs(self) -> None:
        """What was logged since the last time had the size that entries have had since then."""
        entries = self._logged()
        self._logged_bytes += (entries - self._log_entries) * (self._log_bytes or 0)
        self._log_entries = entries

    def _logged(self) -> float:
        """Entries of the delivery status logs: of all protocols but e-mail, which has none."""
        delivered = sum(wire.delivered for port in SUBSCRIPTIONS for wire in self.wires_out[port] if BILLED_ACTIONS["email"] not in wire.target_port.actions)
        return float(delivered * self.parameters.success_sample_rate + self.failed)

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["PublishesThrottled"] > 0:
            return f"{format_rate(rates['PublishesThrottled'])} are refused: the account may publish {format_rate(self.bucket.rate_per_s)}.", Culprit(self.id)
        if self.held_back() >= 1:
            return f"{format_count(self.held_back())} copies wait inside the topic for a subscription's receives a second.", Culprit(self.id)
        if rates["DeliveryRetries"] > 0:
            return f"{format_rate(rates['DeliveryRetries'])} deliveries are retried: a subscriber did not take them.", Culprit(self.id)
        return None
