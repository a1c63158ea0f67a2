"""What can be set at an SQS queue, and at a producer that sends to one."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.propagation import QUEUE_ATTRIBUTE, QUEUE_RETENTION
from simulator.mechanics.queues.queue_sources import API, FAIR, FIFO, FIFO_QUOTAS, LOOK_AHEAD, LOST, MEMORY, QUOTAS, UNPUBLISHED
from simulator.mechanics.queues.redrive_task import RedriveTaskParameters
from simulator.vocabulary import ParameterSet, parameter

BATCH = 10
CALLS_PER_PARTITION_PER_S = 300


class QueueAttributes(ParameterSet):
    """What SetQueueAttributes sets."""

    visibility_timeout_s: float = parameter(
        30, "A received message is hidden from other consumers this long. If it is not deleted by then, it can be received again.",
        title="Visibility timeout", unit="s", section="Delivery", aws="VisibilityTimeout", ge=0, le=43200, source=API, changeable=QUEUE_ATTRIBUTE)
    delay_s: float = parameter(
        0, "Every new message is invisible for this long before it can be received.",
        title="Delay", unit="s", section="Delivery", aws="DelaySeconds", ge=0, le=900, source=API, changeable=QUEUE_ATTRIBUTE)
    message_retention_period_s: float = parameter(
        345600, "Messages older than this are deleted by SQS, silently.",
        title="Retention", unit="s", section="Delivery", aws="MessageRetentionPeriod", ge=60, le=1209600, source=API, changeable=QUEUE_RETENTION)
    receive_message_wait_time_s: int = parameter(
        0, "How long a receive waits for a message when its caller does not say: 0 is short polling, up to 20 s is long polling.",
        title="Receive wait time", unit="s", section="Delivery", aws="ReceiveMessageWaitTimeSeconds", ge=0, le=20, source=API, changeable=QUEUE_ATTRIBUTE)
    maximum_message_size_bytes: int = parameter(
        1048576, "A larger message is rejected.",
        title="Maximum message size", unit="bytes", section="Delivery", aws="MaximumMessageSize", ge=1024, le=1048576, source=API, changeable=QUEUE_ATTRIBUTE)
    max_receive_count: int = parameter(
        10, "A message received more often than this without being deleted moves to the dead-letter queue, if one is wired.",
        title="Max receive count", unit="times", section="Dead letters", aws="RedrivePolicy.maxReceiveCount", ge=1, le=1000, source=API, changeable=QUEUE_ATTRIBUTE)
    in_flight_quota: int = parameter(
        120000, "Messages received but not yet deleted, at most; then receives return nothing. A soft quota: AWS raises it on request.",
        title="In-flight quota", unit="messages", section="Quotas", ge=1, le=10_000_000, source=QUOTAS, advanced=True, capacity=True)
    short_poll_sees_share: float = parameter(
        0.9, "A short poll asks only some of the servers that hold the queue, and may miss a message while fewer than 1,000 are"
        " queued. This is the chance that it sees one that is there. AWS publishes no figure.",
        title="Short poll sees", unit="share", section="Quotas", gt=0, le=1, source=MEMORY, advanced=True)
    lost_receive_share: float = parameter(
        0.0, "Share of the receives whose answer is lost on the way: the messages stay hidden for the visibility timeout and have used up a receive; the consumer asks"
        " again after a second.", title="Receives lost", unit="share", section="Quotas", ge=0, le=1, source=LOST, advanced=True)
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


class QueueParameters(RedriveTaskParameters, QueueAttributes):
    """What SetQueueAttributes sets, and a redrive task."""


class SendParameters(ParameterSet):
    """How a producer calls SendMessage."""

    messages_per_call: int = parameter(
        1, "Messages that the producer sends in one call (SendMessageBatch). Fewer calls cost less, and use less of a FIFO queue's throughput.",
        title="Messages a call", unit="messages", section="Sending", aws="SendMessageBatch", ge=1, le=BATCH, source=API)
    delay_s: float | None = parameter(
        None, "Delay that the producer gives each message, instead of the queue's own. Standard queues only.",
        title="Message delay", unit="s", section="Sending", aws="DelaySeconds", ge=0, le=900, source=API)
