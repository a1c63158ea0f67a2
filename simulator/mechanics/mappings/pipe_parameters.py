"""What a user sets on an EventBridge pipe, and on the wire from its source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from simulator.mechanics.distributions import Constant, Distribution, measured
from simulator.mechanics.mappings.broker_mapping import BrokerReadingParameters
from simulator.mechanics.mappings.kafka_mapping_parameters import KafkaReadingParameters
from simulator.mechanics.mappings.stream_mapping_parameters import BatchedReadingParameters
from simulator.mechanics.streams.shard_reading import PollingParameters
from simulator.vocabulary import NotOffered, ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/eventbridge/latest/userguide"
API = Source("EventBridge Pipes API Reference, service model of November 2026", "https://docs.aws.amazon.com/eventbridge/latest/pipes-reference/API_CreatePipe.html", "2026-11")
CONCURRENCY = Source("EventBridge User Guide, Pipes concurrency", f"{GUIDE}/eb-pipes.html", "2023-06")
BATCHING = Source("EventBridge User Guide, Pipes batching and concurrency", f"{GUIDE}/eb-pipes-batching-concurrency.html", "2023-06")
QUOTAS = Source("EventBridge User Guide, Amazon EventBridge quotas", f"{GUIDE}/eb-quota.html", "2026-11")
ERRORS = Source("EventBridge User Guide, Pipes error handling and partial batch failure; from memory", f"{GUIDE}/eb-pipes-batching-concurrency.html", "2026-11", "M")
METRICS = Source("EventBridge User Guide, Monitoring Amazon EventBridge Pipes", f"{GUIDE}/eb-pipes-monitoring.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS publishes no figure", f"{GUIDE}/eb-pipes.html", "2026-11", "M")
LIKE_LAMBDA = Source("As measured for Lambda's event source mapping of SQS (bitesizedserverless); no figure for Pipes", "https://bitesizedserverless.com/", "2022-09", "D")
PRICING = Source("Amazon EventBridge pricing, us-east-1", "https://aws.amazon.com/eventbridge/pricing/", "2026-10", "T")

_OWN_FILTER = NotOffered([], "a pipe filters by its own filter", "Give the pattern as the filter of the pipe, and remove it here; several patterns are joined by $or")
_OWN_REPORTS = NotOffered(False, "a pipe says itself which of its stages reports failed messages", "Set 'Reports failed messages' of the pipe, and remove it here")


class PipeParameters(ParameterSet):
    """What a pipe does with what it reads."""

    filter_pattern: dict[str, Any] | None = parameter(
        None, "Only messages that match go on; the others are deleted from the source. The pattern sees the record: of a queue with 'body' and 'messageAttributes', of a stream or a broker with 'data', of a topic with 'value'.",
        title="Filter", section="Filter", aws="FilterCriteria", widget="record_pattern", widget_by_port={"stream": "data_pattern", "kafka": "value_pattern", "broker": "data_pattern"}, source=API)
    input_bytes: int | None = parameter(
        None, "Size of what the target gets of each message, if an enrichment or a transformer changes it. Empty: the whole message.", title="Input size", unit="bytes",
        section="Target", aws="TargetParameters.InputTemplate", ge=1, le=1_048_576, source=API, changeable=True)
    stage_latency: Distribution = parameter(
        lambda: Constant(value_s=0.01), "What Pipes itself needs for each stage. AWS publishes no figure.", title="Stage latency", unit="s", section="Execution",
        widget="distribution", source=UNPUBLISHED, advanced=True)
    reports_failures: Literal["nothing", "target", "enrichment"] = parameter(
        "nothing", "Which stage answers with the messages of its batch that failed (batchItemFailures): those alone come back. Only where the pipe waits for the answer, for batches of more than one"
        " message, and not for a message broker.", title="Reports failed messages", section="Errors", aws="batchItemFailures", source=ERRORS, changeable=True)
    reported_share: float = parameter(
        0.0, "Chance that a message is reported as failed, beside what its type adds.", title="Reported as failed", unit="share", section="Errors", ge=0, le=1, changeable=True)
    throttle_retries: int = parameter(
        3, "How often a throttled enrichment or target is tried again within an execution, with a pause that doubles from 1 s and has a jitter. Then the execution has failed."
        " AWS says that pipes retry by themselves what an AWS service refuses for a while, and publishes no figure.", title="Retries of a throttled stage", unit="times", section="Errors", ge=0, le=100,
        source=UNPUBLISHED, advanced=True, changeable=True)
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
    """How a pipe reads a queue: with the mechanism of Lambda's mappings, without what Pipes does not have."""

    fixed: ClassVar[Mapping[str, Any]] = {
        "maximum_concurrency": None, "report_batch_item_failures": False, "malformed_response_share": 0.0, "filter_criteria": (), "provisioned_mode": False,
        "low_traffic_wait_s": 0.0, "record_overhead_bytes": 0, "quiet_pollers": 1_000_000, "quiet_after_s": 1.0,
    }
    not_offered: ClassVar[Mapping[str, NotOffered]] = {"filter_criteria": _OWN_FILTER, "report_batch_item_failures": _OWN_REPORTS}

    batch_size: int = parameter(
        10, "Messages in one execution, at most. More than 10 needs a batching window.", title="Batch size", unit="messages", section="Batching",
        aws="SourceParameters.SqsQueueParameters.BatchSize", ge=1, le=10000, source=API, changeable=True)
    batching_window_s: float = parameter(
        0, "How long to wait for a batch to fill.", title="Batching window", unit="s", section="Batching",
        aws="MaximumBatchingWindowInSeconds", ge=0, le=300, source=API, changeable=True)
    enabled: bool = parameter(True, "Off: the pipe is stopped, and the queue fills.", title="Enabled", section="Reading", aws="DesiredState", source=API, changeable=True)
    scaling_profile: Literal["as_given", "sqs_page", "as_lambda"] = parameter(
        "as_given", "Ramp and ceiling: as given below, from the page on concurrency; with the ceiling of 1,000 that the page on SQS sources states; or as fast as Lambda's mappings are since November 2023,"
        " 300 more a minute, which AWS does not say of pipes.", title="Scaling profile", section="Reading", source=CONCURRENCY, advanced=True)
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


class StreamSourceParameters(BatchedReadingParameters):
    """How a pipe reads a stream: with the mechanism of Lambda's mappings, without what Pipes does not have."""

    fixed: ClassVar[Mapping[str, Any]] = {**PollingParameters.fixed, "tumbling_window_s": 0, "report_batch_item_failures": False, "filter_criteria": ()}
    not_offered: ClassVar[Mapping[str, NotOffered]] = {
        **PollingParameters.not_offered, "filter_criteria": _OWN_FILTER, "report_batch_item_failures": _OWN_REPORTS,
        "tumbling_window_s": NotOffered(0, "pipes have no tumbling windows", "Remove it, or let a function read the stream"),
    }

    bisect_batch_on_function_error: bool = parameter(
        False, "A batch that failed is tried again in two halves, which does not count as a retry.", title="Bisect on error", section="Errors",
        aws="SourceParameters.KinesisStreamParameters.OnPartialBatchItemFailure", source=API, changeable=True)


class KafkaSourceParameters(KafkaReadingParameters):
    """How a pipe reads a topic: with the mechanism of Lambda's mappings. AWS publishes no figures of its own for pipes."""

    fixed: ClassVar[Mapping[str, Any]] = {
        "provisioned_mode": False, "minimum_pollers": 1, "maximum_pollers": 1, "bisect_batch_on_function_error": False, "maximum_retry_attempts": -1, "maximum_record_age_s": -1,
        "report_batch_item_failures": False, "filter_criteria": (),
    }
    not_offered: ClassVar[Mapping[str, NotOffered]] = {"filter_criteria": _OWN_FILTER, "report_batch_item_failures": _OWN_REPORTS}


class BrokerSourceParameters(BrokerReadingParameters):
    """How a pipe consumes a queue of a broker: with the mechanism of Lambda's mappings. AWS publishes no figures of its own for pipes."""

    fixed: ClassVar[Mapping[str, Any]] = {"filter_criteria": ()}
    not_offered: ClassVar[Mapping[str, NotOffered]] = {"filter_criteria": _OWN_FILTER}
