"""Amazon SNS standard topic: pushes a copy of each published message to every subscription whose filter matches.

Subscriptions are wires: to SQS queues, Lambda functions and Firehose streams, to HTTP endpoints, and to people by e-mail,
SMS and mobile push. A failed delivery is retried on the schedule of its protocol, then goes to the subscription's dead-letter
queue or is lost. A FIFO topic keeps the order within each group (the message's key) and drops duplicates for five minutes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from simulator.engine.cohorts import Span, share_out, span_of, spend_all, take_some, unroll
from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Culprit, Outcome, Refusal
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into, thinned
from simulator.engine.wire import Wire
from simulator.languages.filter_policies import compile_policy, policy_problems
from simulator.measures import Spread, Tally
from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.ordered_delivery import OrderedDelivery
from simulator.mechanics.quantiles import QuantileTable, table_of
from simulator.mechanics.retry import AWS_MANAGED, CUSTOMER_MANAGED, RetrySchedule
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.webhook_delivery import DeliveryPolicy, WebhookDelivery
from simulator.mechanics.webhook_delivery import policy_problems as delivery_policy_problems
from simulator.units import format_count, format_rate
from simulator.vocabulary import (
    Direction,
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

GUIDE = "https://docs.aws.amazon.com/sns/latest/dg"
API = Source("Amazon SNS API Reference", "https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html", "2026-11")
FILTERS = Source("SNS Developer Guide, Amazon SNS message filtering", f"{GUIDE}/sns-message-filtering.html", "2026-11")
RETRIES = Source("SNS Developer Guide, Message delivery retries", f"{GUIDE}/sns-message-delivery-retries.html", "2026-11")
DEAD_LETTERS = Source("SNS Developer Guide, Amazon SNS dead-letter queues", f"{GUIDE}/sns-dead-letter-queues.html", "2026-11")
QUOTAS = Source("AWS General Reference, Amazon SNS endpoints and quotas", "https://docs.aws.amazon.com/general/latest/gr/sns.html", "2026-11")
METRICS = Source("SNS Developer Guide, Monitoring with CloudWatch", f"{GUIDE}/sns-monitoring-using-cloudwatch.html", "2026-11")
LATENCY = Source("bitesizedserverless, Latency compared: SNS to a Lambda function (eu-west-1, September 2022)", "https://bitesizedserverless.com/", "2022-09", "T")
ENVELOPE = Source("From memory: the size of the JSON envelope without raw delivery", f"{GUIDE}/sns-large-payload-raw-message-delivery.html", "2026-11", "M")
FREQUENT = Source("SNS FAQ as quoted by a guide of October 2026: typically under 30 ms", "https://aws.amazon.com/sns/faqs/", "2026-10", "T")
EMAIL = Source("AWS re:Post, e-mail subscription deactivated above 10 messages a second", "https://repost.aws/knowledge-center/sns-email-subscription-deactivated", "2026-11")
FREE_WORD = Source("From memory: Amazon SNS pricing, us-east-1", "https://aws.amazon.com/sns/pricing/", "2026-11", "M")
PRICING = Source("Amazon SNS pricing, us-east-1", "https://aws.amazon.com/sns/pricing/", "2026-11", "T")

CHUNK_BYTES = 65536
LATENCY_PARTS = 4
"""A cohort is delivered in so many parts, each with a latency of its own from another part of the distribution."""
LARGEST_TO_ALL_BYTES = 262144
DEDUPLICATION_S = 300.0


class TopicParameters(ParameterSet):
    """What SetTopicAttributes sets."""

    maximum_message_size_bytes: int = parameter(
        262144, "A larger message is refused. Above 256 KiB only SQS, Lambda and Firehose can subscribe.", title="Maximum message size",
        unit="bytes", section="Publishing", aws="MaximumMessageSize", ge=1024, le=1048576, source=API, changeable=True)
    fifo: bool = parameter(
        False, "Keeps the order within each group, which is the message's key, and drops what is published again within 5 minutes. Only queues can subscribe.",
        title="FIFO topic", section="FIFO", aws="FifoTopic", source=API)
    fifo_throughput_scope: Literal["Topic", "MessageGroup"] = parameter(
        "Topic", "Topic: 3,000 messages or 20 MB a second for the whole topic. MessageGroup: 300 messages a second for each group, and only the account's quota for all.",
        title="Throughput scope", section="FIFO", aws="FifoThroughputScope", source=API)
    fifo_messages_per_s: float = parameter(
        3000, "Messages a second of a FIFO topic whose scope is the topic.", title="FIFO messages a second", unit="per_s", section="FIFO", gt=0, le=1_000_000, source=QUOTAS, advanced=True)
    fifo_megabytes_per_s: float = parameter(
        20, "Megabytes a second of a FIFO topic whose scope is the topic.", title="FIFO megabytes a second", unit="MB", section="FIFO", gt=0, le=100_000, source=QUOTAS, advanced=True)
    fifo_group_messages_per_s: float = parameter(
        300, "Messages a second of one group.", title="Messages a second of a group", unit="per_s", section="FIFO", gt=0, le=1_000_000, source=QUOTAS, advanced=True)


class PublishQuota(ParameterSet):
    """What all topics of the account and Region share."""

    publish_per_s: float = parameter(
        30000, "Messages published to standard topics a second: 30,000 in us-east-1, 9,000 in us-west-2 and eu-west-1, 1,500 or 300 elsewhere.",
        title="Publish quota", unit="per_s", section="SNS", gt=0, le=10_000_000, source=QUOTAS, capacity=True)


class SubscriptionParameters(ParameterSet):
    """A subscription of the topic."""

    filter_policy: dict[str, Any] | None = parameter(
        None, "Only messages that match are delivered. Empty: all of them.", title="Filter policy", section="Filter", aws="FilterPolicy",
        widget="filter_policy", source=FILTERS, changeable=True)
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = parameter(
        "MessageAttributes", "What the policy looks at. Filtering on the body is billed by the GB.", title="Filter scope", section="Filter",
        aws="FilterPolicyScope", source=FILTERS, changeable=True)
    raw_message_delivery: bool = parameter(
        False, "Deliver the message as published, without the JSON envelope.", title="Raw delivery", section="Delivery",
        aws="RawMessageDelivery", source=API, changeable=True)
    envelope_bytes: int = parameter(
        900, "What the JSON envelope adds to a message without raw delivery.", title="Envelope", unit="bytes", section="Delivery", ge=0, le=10000,
        source=ENVELOPE, advanced=True)
    latency_profile: Literal["as_given", "measured_2022", "faq"] = parameter(
        "as_given", "As given below; as measured to a Lambda function in September 2022 (73 ms, p99 225 ms); or as the SNS FAQ says (typically under 30 ms,"
        " taken as the 90th percentile).", title="Latency profile", section="Delivery", source=FREQUENT, advanced=True)
    delivery_latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.073, p99_s=0.225), "Time from publishing to delivery, as measured to a Lambda function.",
        title="Delivery latency", unit="s", section="Delivery", widget="distribution", source=LATENCY, advanced=True)


LATENCIES = {"measured_2022": Lognormal(p50_s=0.073, p99_s=0.225), "faq": Lognormal(p50_s=0.018, p99_s=0.0455)}
"""The published latencies; the second has its 90th percentile at 30 ms."""


class WebhookParameters(SubscriptionParameters, DeliveryPolicy):
    """An HTTP/S subscription of the topic."""


class PeopleParameters(SubscriptionParameters):
    """A subscription by e-mail, SMS or mobile push."""

    raw_message_delivery: bool = parameter(
        True, "Off: the JSON envelope is sent too, as the protocol email-json does.", title="Without the envelope", section="Delivery", changeable=True)
    email_limit_per_s: float = parameter(
        10, "More e-mail a second deactivates the subscription: what follows is lost until someone confirms it again. Not for SMS and push.", title="E-mail limit",
        unit="per_s", section="E-mail", gt=0, le=100_000, source=EMAIL, advanced=True)
    confirmed_again_after_s: float | None = parameter(
        None, "How long it takes until someone confirms a deactivated subscription again. Empty: no one does.", title="Confirmed again after", unit="s", section="E-mail",
        ge=0, le=31_536_000, advanced=True)


class DeadLetterParameters(ParameterSet):
    """Whose dead letters go here."""

    subscriber: str = parameter(
        "", "The subscriber whose undeliverable messages go to this queue. Empty: every subscriber without a queue of its own.",
        title="Subscriber", section="Redrive policy", aws="RedrivePolicy.deadLetterTargetArn", widget="node", source=DEAD_LETTERS)


class Undelivered:
    """A message whose delivery failed, on its way to the next attempt."""

    __slots__ = ("message", "pushed_s", "retries", "since_s")

    def __init__(self, message: Message, pushed_s: float, since_s: float) -> None:
        self.message = message
        self.pushed_s = pushed_s
        self.since_s = since_s
        self.retries = 0


class Subscription:
    """Delivers to one subscriber: filter, latency, retries, dead-letter queue."""

    def __init__(self, topic: Topic, wire: Wire) -> None:
        self.topic = topic
        self.wire = wire
        self.agenda = topic.agenda
        self._at = topic.agenda.at
        self.envelope_bytes = 0 if wire.parameters.raw_message_delivery else wire.parameters.envelope_bytes
        latency = LATENCIES.get(wire.parameters.latency_profile, wire.parameters.delivery_latency)
        self._latency = latency
        self.latency_s = latency.sampler(topic.stream(f"latency {wire.id}"))
        self.spreading = topic.stream(f"cohorts {wire.id}")
        self._latencies: QuantileTable | None = None
        self._single_dwells = topic.dwell.singles
        self.instant = latency.expected_s() == 0
        self.matches = compile_policy(wire.parameters.filter_policy, wire.parameters.filter_policy_scope)
        self.filters_body = wire.parameters.filter_policy is not None and wire.parameters.filter_policy_scope == "MessageBody"
        self.delivering = topic.cause("delivery_latency", "Delivery latency", Culprit(wire.target.id, "delivery_latency", wire.id), capacity=False)
        self.retrying = topic.cause("delivery_retry", f"Retrying delivery to {wire.target.name}", Culprit(wire.target.id))

    def push(self, message: Message, now_s: float) -> None:
        """Deliver ``message`` after the latency."""
        message.size_bytes += self.envelope_bytes
        if self.instant:
            refusal = self.wire.send(message)
            if refusal is None and message.count == 1:
                self.topic.delivered += 1
                self._single_dwells.append(0.0)
            else:
                self._arrive(message, now_s, now_s, refusal)
        else:
            self.wire.depart(message.count)
            self._at(now_s + self.latency_s(), self._deliver, (message, now_s))

    def push_cohort(self, message: Message, now_s: float) -> None:
        """Deliver a cohort: in a few parts of different latency, or message by message where single ones are needed."""
        if not self.wire.target.takes_cohorts:
            unroll(message, self.agenda, self.spreading, lambda single: self.push(single, self.agenda._now))
            return
        message.size_bytes += self.envelope_bytes
        self.wire.depart(message.count)
        if self._latencies is None:
            self._latencies = table_of(self._latency, self.spreading)
        shares = share_out(message.count, LATENCY_PARTS)
        for place, count in enumerate(shares):
            part = take_some(message, count) if count < message.count else message
            latency_s = self._latencies.at((place + self.spreading.uniform()) / len(shares))
            part.span = span_of(part).shifted(latency_s)
            self._at(max(now_s, part.span.to_s), self._deliver_cohort, (part, latency_s))

    def _deliver_cohort(self, pushed: tuple[Message, float]) -> None:
        part, latency_s = pushed
        middle_s = span_of(part).middle_s
        spend_all(part, self.delivering, middle_s - latency_s, middle_s)
        now_s = self.agenda._now
        self._arrive(part, now_s - latency_s, now_s, self.wire.arrive(part))

    def _deliver(self, pushed: tuple[Message, float]) -> None:
        message, pushed_s = pushed
        now_s = self.agenda._now
        spend(message, self.delivering, pushed_s, now_s)
        self._arrive(message, pushed_s, now_s, self.wire.arrive(message))

    def _arrive(self, message: Message, pushed_s: float, now_s: float, refusal: Refusal | None) -> None:
        if refusal is None:
            topic = self.topic
            topic.delivered += message.count
            topic.add_dwell(now_s - pushed_s, message.count)
        else:
            self._failed(Undelivered(message, pushed_s, now_s), refusal)

    def _failed(self, undelivered: Undelivered, refusal: Refusal) -> None:
        topic = self.topic
        delay_s = self.schedule_for(refusal).delay_s(undelivered.retries) if refusal.retryable else None
        if delay_s is None:
            topic.failed += undelivered.message.count
            topic.give_up(undelivered.message, self.wire, refusal)
            return
        undelivered.retries += 1
        topic.retries += undelivered.message.count
        jitter = 0.5 + topic.jitter.uniform() if delay_s else 0.0
        self.agenda.at(self.agenda._now + delay_s * jitter, self._retry, undelivered)

    def schedule_for(self, refusal: Refusal) -> RetrySchedule:
        """Retries after this refusal. Firehose that throttles is tried as rarely as a customer's endpoint."""
        return CUSTOMER_MANAGED if refusal.outcome is Outcome.THROTTLED and "firehose:PutRecord" in self.wire.target_port.actions else AWS_MANAGED

    def _retry(self, undelivered: Undelivered) -> None:
        message = undelivered.message
        now_s = self.agenda._now
        if message.span is not None:
            message.span = Span(message.span.born_to_s, now_s, now_s)
        if now_s > undelivered.since_s:
            spend(message, self.retrying, undelivered.since_s, now_s)
            undelivered.since_s = now_s
        refusal = self.wire.send(message)
        if refusal is None:
            self.topic.delivered += message.count
            self.topic.add_dwell(now_s - undelivered.pushed_s, message.count)
        else:
            self._failed(undelivered, refusal)


class PeopleSubscription(Subscription):
    """Delivers to people: tried 50 times in 6 hours; e-mail above its limit deactivates the subscription."""

    def __init__(self, topic: Topic, wire: Wire) -> None:
        super().__init__(topic, wire)
        limit_per_s = wire.parameters.email_limit_per_s
        self._bucket = TokenBucket(limit_per_s, max(1.0, limit_per_s), topic.agenda.now) if "email:Send" in wire.target_port.actions else None
        self._inactive_until_s = -1.0

    def schedule_for(self, refusal: Refusal) -> RetrySchedule:
        return CUSTOMER_MANAGED

    def push(self, message: Message, now_s: float) -> None:
        if self._bucket is None or (now_s >= self._inactive_until_s and self._bucket.take_all(message.count, now_s)):
            super().push(message, now_s)
            return
        topic = self.topic
        if now_s >= self._inactive_until_s:
            again_s = self.wire.parameters.confirmed_again_after_s
            self._inactive_until_s = math.inf if again_s is None else now_s + again_s
            topic.log("warning", f"The subscription of {self.wire.target.name} is deactivated: more than {self.wire.parameters.email_limit_per_s:g} mails a second")
        topic.deactivated += message.count
        topic.given_up += message.count
        topic.lose(message, "deactivated", "E-mail subscription deactivated")


class WebhookSubscription(Subscription):
    """Delivers to an HTTP endpoint by the subscription's delivery policy."""

    def __init__(self, topic: Topic, wire: Wire) -> None:
        super().__init__(topic, wire)
        self.delivery = WebhookDelivery(wire, topic, topic.jitter.uniform)

    def push(self, message: Message, now_s: float) -> None:
        message.size_bytes += self.envelope_bytes
        self._at(now_s + self.latency_s(), self._start, (message, now_s))

    def _start(self, pushed: tuple[Message, float]) -> None:
        message, pushed_s = pushed
        now_s = self.agenda._now
        if now_s > pushed_s:
            spend(message, self.delivering, pushed_s, now_s)
        self.delivery.deliver(message, pushed_s)


class OrderedSubscription(Subscription):
    """Delivers in order by group, as a FIFO topic does: a message that fails holds back its group."""

    def __init__(self, topic: Topic, wire: Wire) -> None:
        super().__init__(topic, wire)
        behind = topic.cause("group_order", "Behind others of its group", Culprit(wire.target.id))
        self._ordered = OrderedDelivery(topic.agenda, self._attempt, self._pause_s, topic.delivered_to, self._undeliverable, (self.delivering, behind, self.retrying))

    def push(self, message: Message, now_s: float) -> None:
        message.size_bytes += self.envelope_bytes
        self.wire.depart(message.count)
        self._ordered.push(message, self.latency_s())

    def _attempt(self, message: Message, first: bool) -> Refusal | None:
        return self.wire.arrive(message) if first else self.wire.send(message)

    def _pause_s(self, refusal: Refusal, retries: int) -> float | None:
        pause_s = AWS_MANAGED.delay_s(retries) if refusal.retryable else None
        if pause_s is None:
            return None
        self.topic.retries += 1
        return pause_s * (0.5 + self.topic.jitter.uniform())

    def _undeliverable(self, message: Message, refusal: Refusal) -> None:
        self.topic.failed += message.count
        self.topic.give_up(message, self.wire, refusal)


class FifoRules:
    """What a FIFO topic does to a message that is published: throughput, and duplicates."""

    def __init__(self, values: Any, now_s: float) -> None:
        self._values = values
        self._topic = TokenBucket(values.fifo_messages_per_s, values.fifo_messages_per_s, now_s)
        self._bytes = TokenBucket(values.fifo_megabytes_per_s * 1e6, max(1_048_576.0, values.fifo_megabytes_per_s * 1e6), now_s)
        self._groups: dict[int, TokenBucket] = {}
        self._seen: set[tuple[str, str, int]] = set()
        self._order: deque[tuple[float, tuple[str, str, int]]] = deque()

    def throttles(self, message: Message, now_s: float) -> Refusal | None:
        """The refusal if a group or the topic is over its throughput."""
        rate_per_s = self._values.fifo_group_messages_per_s
        group = self._groups.get(message.key)
        if group is None:
            group = self._groups[message.key] = TokenBucket(rate_per_s, max(1.0, rate_per_s), now_s)
        whole = self._values.fifo_throughput_scope == "Topic"
        if group.available(now_s) < 1:
            return Refusal(Outcome.THROTTLED, "group_throughput", "A message group is over its throughput")
        if whole and (self._topic.available(now_s) < 1 or self._bytes.available(now_s) < message.size_bytes):
            return Refusal(Outcome.THROTTLED, "topic_throughput", "The FIFO topic is over its throughput")
        group.take_all(1, now_s)
        if whole:
            self._topic.take_all(1, now_s)
            self._bytes.take_all(message.size_bytes, now_s)
        return None

    def is_duplicate(self, message: Message, wire: Wire, now_s: float) -> bool:
        """Whether this producer published the same message in the last five minutes."""
        order = self._order
        while order and order[0][0] <= now_s - DEDUPLICATION_S:
            self._seen.discard(order.popleft()[1])
        identity = (wire.id, message.path.nodes[0], message.number)
        if identity in self._seen:
            return True
        self._seen.add(identity)
        order.append((now_s, identity))
        return False


BILLED_ACTIONS = {"http": "http:Request", "email": "email:Send", "push": "push:Send", "firehose": "firehose:PutRecord"}
"""What deliveries are billed for, by the name of the price."""

SUBSCRIPTIONS: Mapping[str, type[Subscription]] = {"out": Subscription, "people": PeopleSubscription, "http": WebhookSubscription}


class Topic(Node):
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
        Port("in", "Publish", Direction.IN, Verb.SEND, frozenset({"sns:Publish"}), "Applications and services publish here."),
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
    overlay = Overlay("NotificationsPending", (Figure("NumberOfMessagesPublished"), Figure("DwellTime", "p99")))
    prices = (
        Price("publish", "Publishes, standard topic", 0.50e-6, "request of up to 64 KB", PRICING),
        Price("body_filter", "Filtering on the body", 0.09, "GB scanned", PRICING),
        Price("publish_fifo", "Publishes, FIFO topic", 0.30e-6, "request of up to 64 KB", PRICING),
        Price("publish_fifo_bytes", "Data published to a FIFO topic", 0.017, "GB", FREE_WORD),
        Price("deliver_fifo", "Deliveries of a FIFO topic", 0.01e-6, "notification", FREE_WORD),
        Price("http", "Deliveries to HTTP/S", 0.60e-6, "notification", PRICING),
        Price("email", "Deliveries by e-mail", 2e-5, "notification", PRICING),
        Price("push", "Deliveries by mobile push", 0.50e-6, "notification", PRICING),
        Price("firehose", "Deliveries to Firehose", 0.19e-6, "notification", FREE_WORD),
    )
    fidelity = Fidelity(
        modelled=(
            "Every matching subscription gets a copy of its own, in parallel.",
            "Filter policies are evaluated on the attributes or the body of each message type.",
            "Failed deliveries are retried to the documented schedule for AWS endpoints: 100,015 attempts over 23 days; client-side errors are not.",
            "HTTP/S: request timeout of 15 s, retries in four phases with a back-off function, 429 and 5xx retried and other 4xx not, receives a second.",
            "E-mail, SMS and mobile push: 50 attempts over 6 hours. E-mail above 10 a second deactivates the subscription.",
            "A dead-letter queue for each subscription.",
            "FIFO topics: order by group, duplicates dropped for five minutes, throughput of the topic and of a group, subscribers that are queues.",
            "The publish quota, shared by all topics of the account.",
        ),
        approximated=(
            "Delivery latency is one public measurement, SNS to Lambda; change it at the subscription.",
            "The size of the JSON envelope is a parameter.",
            "Retries have a jitter of half the pause up and down; AWS publishes no figure.",
            "A duplicate is the same message from the same producer: contents are not compared.",
            "A message that a FIFO topic cannot deliver holds back its group until it is given up.",
            "The curves of the four back-off functions: AWS shows them in a picture, without formulas.",
            "Receives a second of an HTTP subscription are spaced evenly; AWS says it keeps an average.",
            "A failed attempt with a 4xx counts as failed; one report says that AWS does not count it.",
            "A filter policy acts at once; AWS takes up to 15 minutes to apply a change.",
        ),
        ignored=(
            "Archive and replay of FIFO topics, message data protection.",
            "Confirmation of subscriptions, PublishBatch as one request, and topic-wide delivery policies: set the policy at each subscription.",
            "The free tier, and data transfer.",
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
        self.bucket = network.shared("sns publish", lambda: TokenBucket(quota.publish_per_s, quota.publish_per_s))  # type: ignore[attr-defined]
        self.published = self.delivered = self.failed = self.redriven = self.redrive_failed = self.throttled = self.retries = 0
        self.filtered_out = self.filtered_attributes = self.filtered_body = self.filtered_bare = self.filtered_opaque = 0
        self.publish_requests, self.scanned_bytes = 0, 0.0
        self.copies = self.given_up = self.deactivated = self.deduplicated = 0
        self._fifo_bytes = 0
        self._fifo = FifoRules(self.parameters, 0.0) if self.parameters.fifo else None
        self.sizes, self.dwell = Tally(), Spread()
        self.add_dwell, self._size_counts = self.dwell.add, self.sizes.counts
        self.jitter = self.stream("jitter")
        self._subscriptions: list[Subscription] = []
        self._scanning = 0
        self._matching: dict[MessageType, list[Subscription]] = {}

    def start(self) -> None:
        self._subscriptions = [(OrderedSubscription if self._fifo else kind)(self, wire) for port, kind in SUBSCRIPTIONS.items() for wire in self.wires_out[port]]
        self._scanning = sum(subscription.filters_body for subscription in self._subscriptions)

    def accept(self, message: Message, wire: Wire) -> Refusal | None:
        count = message.count
        now_s = self.agenda._now
        size_bytes = message.size_bytes
        if size_bytes > self.parameters.maximum_message_size_bytes:
            return Refusal(Outcome.REJECTED, "too_large", "Message larger than the topic's maximum", retryable=False)
        span = message.span
        throttled = self._fifo.throttles(message, now_s) if self._fifo is not None else None
        if throttled is not None:
            self.throttled += count
            return throttled
        if not (self.bucket.take_all(count, now_s) if span is None else self.bucket.take_over(count, span.from_s, span.to_s)):
            self.throttled += count
            return Refusal(Outcome.THROTTLED, "publish_quota", "Publish quota of the account reached")
        self.entered += count
        if self._fifo is not None:
            self._fifo_bytes += size_bytes
            if self._fifo.is_duplicate(message, wire, now_s):
                self.deduplicated += count
                self.finish(message, "deduplicated")
                return None
        self.published += count
        self.publish_requests += count if size_bytes <= CHUNK_BYTES else count * math.ceil(size_bytes / CHUNK_BYTES)
        sizes = self._size_counts
        sizes[size_bytes] = sizes.get(size_bytes, 0) + count
        matching = self._matching.get(message.type)
        if matching is None:
            matching = self._matching[message.type] = self._match(message.type)
        if self._scanning:
            self.scanned_bytes += count * size_bytes * self._scanning
        if len(matching) < len(self._subscriptions) or not matching:
            self._count_filtered(message, matching)
            if not matching:
                self.finish(message, "filtered out" if self._subscriptions else "no subscription")
                return None
        self.copies += count * len(matching)
        self.copied += count * (len(matching) - 1)
        if span is None:
            for subscription in matching[1:]:
                subscription.push(message.copy(), now_s)
            matching[0].push(message, now_s)
        else:
            for subscription in matching[1:]:
                subscription.push_cohort(message.copy(), now_s)
            matching[0].push_cohort(message, now_s)
        return None

    def needs_singles(self) -> str | None:
        return "A FIFO topic keeps the order of single messages." if self.parameters.fifo else None

    def room(self, message: Message) -> int:
        span = span_of(message)
        return int(self.bucket.over(span.from_s, span.to_s))

    def _match(self, message_type: MessageType) -> list[Subscription]:
        return [entry for entry in self._subscriptions if entry.matches(message_type.attributes, message_type.body)]

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
        return sum(subscription.delivery.held_back() for subscription in self._subscriptions if isinstance(subscription, WebhookSubscription))

    def delivered_to(self, message: Message, pushed_s: float) -> None:
        """An HTTP endpoint has ``message``."""
        self.delivered += message.count
        self.add_dwell(self.agenda._now - pushed_s, message.count)

    def attempt_failed(self, message: Message) -> None:
        """An attempt at an HTTP endpoint failed."""
        self.failed += message.count

    def retried(self, message: Message) -> None:
        """An attempt at an HTTP endpoint will be made again."""
        self.retries += message.count

    def give_up(self, message: Message, wire: Wire, refusal: Refusal) -> None:
        """A subscription cannot deliver ``message``: it goes to the dead-letter queue, or is lost."""
        self.given_up += message.count
        queue = self._dead_letter_wire(wire.target.id)
        if queue is not None:
            if queue.send(message) is None:
                self.redriven += message.count
                return
            self.redrive_failed += message.count
        self.lose(message, refusal.cause, f"Undeliverable: {refusal.title.lower()}")

    def _dead_letter_wire(self, subscriber: str) -> Wire | None:
        wires = self.wires_out["dlq"]
        own = [wire for wire in wires if wire.parameters.subscriber == subscriber]
        common = [wire for wire in wires if not wire.parameters.subscriber]
        return next(iter(own or common), None)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def wire_changed(self, wire: Wire) -> None:
        self._matching.clear()
        for place, subscription in enumerate(self._subscriptions):
            if subscription.wire is wire:
                self._subscriptions[place] = type(subscription)(self, wire)
        self._scanning = sum(subscription.filters_body for subscription in self._subscriptions)

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        """Delivery times are independent, so Poisson arrivals stay Poisson; a filter lets each message through with the same chance."""
        return thinned(into("in"), None if link.parameters.filter_policy is not None else 1.0)

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        subscriptions = [link for port in SUBSCRIPTIONS for link in placed.out_of(port)]
        if not subscriptions:
            yield Finding("no-subscription", "warning", f"'{placed.name}' has no subscriptions: what is published is gone", "Wire it to a queue or a function", node=placed.id)
        for link in subscriptions:
            for problem in policy_problems(link.parameters.filter_policy, link.parameters.filter_policy_scope):
                yield Finding("filter-policy", "error", f"Filter policy of the subscription to '{link.other.name}': {problem}", "Correct the policy", wire=link.id, node=placed.id, parameter="filter_policy")
        subscribers = {link.other.id for link in subscriptions}
        if placed.parameters.fifo:
            for link in subscriptions:
                if link.other.kind != "sqs":
                    yield Finding("fifo-subscriber", "error", f"'{placed.name}' is a FIFO topic, and '{link.other.name}' is no queue: only queues can subscribe", "Put a queue between them", wire=link.id, node=placed.id, parameter="fifo")
            if len(subscriptions) > 100:
                yield Finding("fifo-subscriptions", "error", f"'{placed.name}' has {len(subscriptions)} subscriptions; a FIFO topic has at most 100", "Use several topics", node=placed.id, parameter="fifo")
        dead_letters = placed.out_of("dlq")
        for link in dead_letters:
            if link.parameters.subscriber and link.parameters.subscriber not in subscribers:
                yield Finding("unknown-subscriber", "error", f"'{link.parameters.subscriber}' does not subscribe to '{placed.name}'", f"Subscribers: {', '.join(sorted(subscribers)) or 'none'}", wire=link.id, node=placed.id, parameter="subscriber")
        policies = sum(link.parameters.filter_policy is not None for link in subscriptions)
        if policies > 200:
            yield Finding("filter-policy-quota", "warning", f"'{placed.name}' has {policies} filter policies; the quota is 200 a topic", "Ask AWS for more, or use several topics", node=placed.id)
        for link in placed.out_of("http"):
            for name, problem in delivery_policy_problems(link.parameters):
                yield Finding("delivery-policy", "error", f"Delivery policy of the subscription to '{link.other.name}': {problem}", "Correct the policy", wire=link.id, node=placed.id, parameter=name)
            if not any(queue.parameters.subscriber in ("", link.other.id) for queue in dead_letters):
                yield Finding("webhook-without-dead-letters", "note", f"'{link.other.name}' is tried for a minute or so, then its messages are lost", "Wire a dead-letter queue", wire=link.id, node=placed.id)
        too_large = [link for port in ("http", "people") for link in placed.out_of(port)] if placed.parameters.maximum_message_size_bytes > LARGEST_TO_ALL_BYTES else []
        for link in too_large:
            yield Finding("large-messages", "error", f"'{placed.name}' takes messages above 256 KiB, so '{link.other.name}' cannot subscribe: only queues, functions and Firehose can", "Lower the maximum message size", wire=link.id, node=placed.id, parameter="maximum_message_size_bytes")

    def holding(self) -> int:
        return self.pending()

    def backlog(self) -> float:
        return self.held_back()

    def trouble(self) -> tuple[int, int]:
        return self.failed + self.given_up, self.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        prices = {price.name: price for price in self.prices}
        if self._fifo is None:
            yield prices["publish"], self.publish_requests
        else:
            yield prices["publish_fifo"], self.publish_requests
            yield prices["publish_fifo_bytes"], self._fifo_bytes / 1e9
            yield prices["deliver_fifo"], self.delivered
        if self._scanning:
            yield prices["body_filter"], self.scanned_bytes / 1e9
        for name, action in BILLED_ACTIONS.items():
            delivered = sum(wire.delivered for port in SUBSCRIPTIONS for wire in self.wires_out[port] if action in wire.target_port.actions)
            if delivered:
                yield prices[name], delivered

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["PublishesThrottled"] > 0:
            return f"{format_rate(rates['PublishesThrottled'])} are refused: the account may publish {format_rate(self.bucket.rate_per_s)}.", Culprit(self.id)
        if self.held_back() >= 1:
            return f"{format_count(self.held_back())} copies wait inside the topic for a subscription's receives a second.", Culprit(self.id)
        if rates["DeliveryRetries"] > 0:
            return f"{format_rate(rates['DeliveryRetries'])} deliveries are retried: a subscriber cannot be reached.", Culprit(self.id)
        return None
