"""What can be set at an SNS topic, at its subscriptions and at a producer that publishes to it."""

from __future__ import annotations

from typing import Any, Literal

from simulator.mechanics.distributions import Constant, Distribution, Lognormal, measured
from simulator.mechanics.propagation import FILTER_POLICY
from simulator.mechanics.topics.topic_sources import API, BATCHES, DEAD_LETTERS, DEDUPLICATION, EMAIL, ENVELOPE, FIFO_LATENCY, FILTERS, FREQUENT, LATENCY, QUOTAS, STATUS_LOGS
from simulator.mechanics.topics.webhook_delivery import DeliveryPolicy
from simulator.vocabulary import ParameterSet, parameter

MEASURED = measured((0.1, 0.062), (0.5, 0.073), (0.9, 0.125), (0.99, 0.225))
"""Standard topic to function, eu-west-1, September 2022."""


class TopicParameters(ParameterSet):
    """What SetTopicAttributes sets."""

    maximum_message_size_bytes: int = parameter(
        262144, "A larger message is refused. Above 256 KiB only SQS, Lambda and Firehose can subscribe.", title="Maximum message size",
        unit="bytes", section="Publishing", aws="MaximumMessageSize", ge=1024, le=1048576, source=API, changeable=True)
    fifo: bool = parameter(
        False, "Keeps the order within each group, which is the message's key, and drops what is published again within 5 minutes. Only queues can subscribe.",
        title="FIFO topic", section="FIFO", aws="FifoTopic", source=API)
    content_based_deduplication: bool = parameter(
        False, "The deduplication id is made from the body. Off: producers give one, and a repeated publish that carries a new id is not recognised.",
        title="Content-based deduplication", section="FIFO", aws="ContentBasedDeduplication", source=DEDUPLICATION)
    fifo_throughput_scope: Literal["Topic", "MessageGroup"] = parameter(
        "Topic", "Topic: 3,000 messages or 20 MB a second for the whole topic. MessageGroup: 300 messages a second for each group, and only the account's quota for all. It is the scope of deduplication too.",
        title="Throughput scope", section="FIFO", aws="FifoThroughputScope", source=API)
    fifo_messages_per_s: float = parameter(
        3000, "Messages a second of a FIFO topic whose scope is the topic.", title="FIFO messages a second", unit="per_s", section="FIFO", gt=0, le=1_000_000, source=QUOTAS, advanced=True)
    fifo_megabytes_per_s: float = parameter(
        20, "Megabytes a second of a FIFO topic whose scope is the topic.", title="FIFO megabytes a second", unit="MB", section="FIFO", gt=0, le=100_000, source=QUOTAS, advanced=True)
    fifo_group_messages_per_s: float = parameter(
        300, "Messages a second of one group.", title="Messages a second of a group", unit="per_s", section="FIFO", gt=0, le=1_000_000, source=QUOTAS, advanced=True)

    delivery_log_bytes: int | None = parameter(
        None, "Size of an entry of the delivery status logs, which CloudWatch Logs takes in for a price; AWS publishes no figure. Every failed delivery is logged, and a share of the others."
        " Empty: no such logs.", title="Delivery log entry", unit="bytes", section="Delivery status", aws="…FailureFeedbackRoleArn", ge=1, le=262_144, source=STATUS_LOGS, changeable=True)
    success_sample_rate: float = parameter(
        1.0, "Share of the successful deliveries that are logged.", title="Sampled successes", unit="share", section="Delivery status", aws="…SuccessFeedbackSampleRate", ge=0, le=1,
        source=STATUS_LOGS)


class PublishQuota(ParameterSet):
    """What all topics of the account and Region share."""

    publish_per_s: float = parameter(
        30000, "Messages published to standard topics a second: 30,000 in us-east-1, 9,000 in us-west-2 and eu-west-1, 1,500 or 300 elsewhere.",
        title="Publish quota", unit="per_s", section="SNS", gt=0, le=10_000_000, source=QUOTAS, capacity=True)
    fifo_publish_per_s: float = parameter(
        30000, "Messages published to FIFO topics a second: 30,000 in us-east-1, 9,000 in us-west-2 and eu-west-1, 3,000 elsewhere.",
        title="Publish quota, FIFO", unit="per_s", section="SNS", gt=0, le=10_000_000, source=QUOTAS, capacity=True)


class PublishParameters(ParameterSet):
    """How a producer calls Publish."""

    messages_per_call: int = parameter(
        1, "Messages that the producer publishes in one call (PublishBatch). Quotas count messages; the bill counts each 64 KB of a call. A batch larger than the topic's"
        " maximum message size is refused.", title="Messages a call", unit="messages", section="Publishing", aws="PublishBatch", ge=1, le=10, source=BATCHES)


class SubscriptionParameters(ParameterSet):
    """A subscription of the topic."""

    filter_policy: dict[str, Any] | None = parameter(
        None, "Only messages that match are delivered. Empty: all of them.", title="Filter policy", section="Filter", aws="FilterPolicy",
        widget="filter_policy", source=FILTERS, changeable=FILTER_POLICY)
    filter_policy_scope: Literal["MessageAttributes", "MessageBody"] = parameter(
        "MessageAttributes", "What the policy looks at. Filtering on the body is billed by the GB.", title="Filter scope", section="Filter",
        aws="FilterPolicyScope", source=FILTERS, changeable=FILTER_POLICY)
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
        lambda: MEASURED, "Time from publishing to delivery, as measured to a Lambda function.",
        title="Delivery latency", unit="s", section="Delivery", widget="distribution", source=LATENCY, advanced=True)
    fifo_delivery_latency: Distribution = parameter(
        lambda: Constant(value_s=0.012), "The same for a FIFO topic: what remains of the measured way through a FIFO topic and a FIFO queue to a function without the part after the topic.",
        title="Delivery latency, FIFO", unit="s", section="Delivery", widget="distribution", source=FIFO_LATENCY, advanced=True)


LATENCIES = {"measured_2022": MEASURED, "faq": Lognormal(p50_s=0.018, p99_s=0.0455)}
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


class PermissionParameters(ParameterSet):
    """Where the permission is missing."""

    target: str = parameter("", "The subscriber that may no longer be reached. Empty: all of them.", title="Subscriber", section="Fault", widget="node")
