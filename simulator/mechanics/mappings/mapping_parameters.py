"""What a user sets on the event source mapping between an SQS queue and a function."""

from __future__ import annotations

from typing import Any, Literal

from simulator.mechanics.distributions import Distribution, measured
from simulator.mechanics.functions.lambda_sources import (
    EARLIER_SCALING,
    LATENCY,
    MAPPING_API,
    MAPPING_BATCHING,
    MAPPING_ERRORS,
    MAPPING_FILTERS,
    MAPPING_SCALING,
    PROVISIONED_MODE,
    UNPUBLISHED,
)
from simulator.mechanics.propagation import MAPPING
from simulator.vocabulary import ParameterSet, parameter


class MappingParameters(ParameterSet):
    """The event source mapping between a queue and a function."""

    batch_size: int = parameter(
        10, "Messages in one invocation, at most. More than 10 needs a batching window of 1 s or more.",
        title="Batch size", unit="messages", section="Batching", aws="BatchSize", ge=1, le=10000, source=MAPPING_API, changeable=MAPPING)
    batching_window_s: float = parameter(
        0, "How long to wait for a batch to fill.", title="Batching window", unit="s", section="Batching", aws="MaximumBatchingWindowInSeconds",
        ge=0, le=300, source=MAPPING_API, changeable=MAPPING)
    low_traffic_wait_s: float = parameter(
        0, "A batch that is not full waits so long at least, even if the window is shorter: AWS says that a queue with little traffic may"
        " wait up to 20 s. Only with a window.", title="Wait with little traffic", unit="s", section="Batching", ge=0, le=20, source=MAPPING_BATCHING, advanced=True)
    record_overhead_bytes: int = parameter(
        500, "What a record's metadata adds to its size in the payload of an invocation, which is 6 MB at most. AWS publishes no figure.",
        title="Metadata of a record", unit="bytes", section="Batching", ge=0, le=100_000, source=UNPUBLISHED, advanced=True)
    filter_criteria: list[dict[str, Any]] = parameter(
        list, 'Patterns of which a message has to match one, for example [{"body": {"status": ["paid"]}}]; the others are deleted without an invocation.'
        " Five at most, ten on request. Empty: no filter.", title="Filter criteria", section="Filter", aws="FilterCriteria", widget="record_patterns", source=MAPPING_FILTERS, max_length=10)
    maximum_concurrency: int | None = parameter(
        None, "Concurrent invocations of this mapping, at most. Keep it at or below the reserved concurrency.",
        title="Maximum concurrency", unit="count", section="Scaling", aws="ScalingConfig.MaximumConcurrency", ge=2, le=1000, source=MAPPING_SCALING, changeable=MAPPING, capacity=True)
    report_batch_item_failures: bool = parameter(
        False, "Only the messages that failed return to the queue, instead of the whole batch.",
        title="Report batch item failures", section="Errors", aws="FunctionResponseTypes", source=MAPPING_ERRORS, changeable=True)
    malformed_response_share: float = parameter(
        0.0, "Share of the invocations whose report of failures cannot be read (no JSON, an empty or unknown identifier): the whole batch counts as failed,"
        " though the handler succeeded. Only with batch item failures reported.", title="Unreadable reports", unit="share", section="Errors", ge=0, le=1,
        source=MAPPING_ERRORS, advanced=True, changeable=True)
    enabled: bool = parameter(True, "Off: nothing is polled, and the queue fills.", title="Enabled", section="Scaling", aws="Enabled", source=MAPPING_API, changeable=MAPPING)
    scaling_profile: Literal["as_given", "until_2023", "until_2023_blog"] = parameter(
        "as_given", "Ramp and ceiling: as given below, which are the figures since November 2023; or as before, 60 more a minute up to 1,000 (the guide) or 1,250 (AWS's blog).",
        title="Scaling profile", section="Scaling", source=EARLIER_SCALING, advanced=True)
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
    quiet_pollers: int = parameter(
        2, "Pollers that are left when the queue has been quiet; not with a maximum concurrency.", title="Pollers of a quiet queue", unit="count", section="Scaling",
        ge=1, le=1250, source=MAPPING_SCALING, advanced=True)
    quiet_after_s: float = parameter(
        900, "A queue without messages for so long is quiet. AWS publishes no figure.", title="Quiet after", unit="s", section="Scaling", gt=0, le=86400,
        source=UNPUBLISHED, advanced=True)
    provisioned_mode: bool = parameter(
        False, "Pollers that are always there, each good for 10 concurrent invocations, 10 calls and 1 MB a second, and billed by the hour.",
        title="Provisioned mode", section="Provisioned pollers", aws="ProvisionedPollerConfig", source=PROVISIONED_MODE)
    minimum_pollers: int = parameter(
        2, "Pollers that are always there.", title="Minimum pollers", unit="count", section="Provisioned pollers", aws="ProvisionedPollerConfig.MinimumPollers",
        ge=2, le=200, source=MAPPING_API, changeable=True, capacity=True)
    maximum_pollers: int = parameter(
        200, "Pollers to which a backlog lets them grow. AWS allowed 2,000 in 2025 and 10,000 in 2026.", title="Maximum pollers", unit="count", section="Provisioned pollers",
        aws="ProvisionedPollerConfig.MaximumPollers", ge=2, le=10_000, source=MAPPING_API, changeable=True, capacity=True)
    provisioned_ramp_per_min: float = parameter(
        1000, "Concurrent invocations for which pollers are added each minute while a backlog remains.", title="Ramp of provisioned pollers", unit="per_min",
        section="Provisioned pollers", gt=0, le=1_000_000, source=PROVISIONED_MODE, advanced=True, capacity=True)
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
