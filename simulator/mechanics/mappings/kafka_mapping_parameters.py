"""What a user sets on the event source mapping between a Kafka topic and a function."""

from __future__ import annotations

from typing import Any, Literal

from simulator.mechanics.kafka.kafka_reading import FetchParameters
from simulator.vocabulary import Source, parameter

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
API = Source("Lambda service model (botocore 1.43.11), CreateEventSourceMapping", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html", "2026-11")
POLLERS = Source("Lambda Developer Guide, Kafka event poller scaling modes (2025-26 copy)", f"{GUIDE}/kafka-scaling-modes.html", "2026-11")
RETRIES = Source("Lambda Developer Guide, error handling controls for Kafka (2025-26 copy)", f"{GUIDE}/kafka-retry-configurations.html", "2026-11")
MEMORY = Source("Not published by AWS; an assumption to change", f"{GUIDE}/with-msk.html", "2026-11", "M")


class KafkaReadingParameters(FetchParameters):
    """How a topic is read for a function, or a pipe."""

    topic: str = parameter("", "Name of the topic. Empty: the cluster's first.", title="Topic", section="Reading", aws="Topics", max_length=249, source=API)
    starting_position: Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"] = parameter(
        "TRIM_HORIZON", "Where it begins: at the oldest record, at what comes from then on, or at the first record written at a given time.", title="Starting position", section="Reading",
        aws="StartingPosition", source=API)
    starting_timestamp_s: float = parameter(
        0.0, "For AT_TIMESTAMP: seconds from the start of the run.", title="Starting timestamp", unit="s", section="Reading", aws="StartingPositionTimestamp", ge=0, le=31_536_000, source=API, advanced=True)
    enabled: bool = parameter(True, "Off: nothing is read, and the position is kept.", title="Enabled", section="Reading", aws="Enabled", source=API, changeable=True)
    batch_size: int = parameter(
        100, "Records in one invocation, at most.", title="Batch size", unit="count", section="Batching", aws="BatchSize", ge=1, le=10_000, source=API, changeable=True)
    batching_window_s: float = parameter(
        0.5, "How long to gather records. A new window starts when the invocation before has ended.", title="Batching window", unit="s", section="Batching", aws="MaximumBatchingWindowInSeconds",
        ge=0, le=300, source=API, changeable=True)
    record_overhead_bytes: int = parameter(
        500, "What a record's metadata adds in the payload of an invocation, which is 6 MB at most; the data are a third larger there (base64). A single record that does not fit is not processed.",
        title="Metadata of a record", unit="bytes", section="Batching", ge=0, le=100_000, source=MEMORY, advanced=True)
    scaling_check_s: float = parameter(
        60, "How often the offset lag is looked at. AWS says each minute; provisioned mode is three times as fast.", title="Lag looked at each", unit="s", section="Pollers", ge=1, le=3600,
        source=POLLERS, advanced=True)
    scaling_delay_s: float = parameter(
        180, "Until the number of pollers has changed: within three minutes.", title="Change takes", unit="s", section="Pollers", ge=0, le=3600, source=POLLERS, advanced=True)
    scaling_lag: int = parameter(
        1000, "With a lag of more records, and not less than a check before, the number of pollers doubles. AWS does not say how it decides.", title="Lag that asks for more", unit="messages",
        section="Pollers", ge=0, le=1_000_000_000, source=MEMORY, advanced=True)
    rebalance_s: float = parameter(
        3, "When the number of pollers changes they share the partitions anew, and nothing is read for so long.", title="Rebalance takes", unit="s", section="Pollers", ge=0, le=600, source=MEMORY,
        advanced=True)
    retry_base_s: float = parameter(
        1, "First pause before a failed or throttled batch is tried again; it doubles each time, with jitter.", title="First pause", unit="s", section="Errors", ge=0.01, le=3600, source=MEMORY,
        advanced=True)
    retry_max_s: float = parameter(30, "Longest such pause.", title="Longest pause", unit="s", section="Errors", ge=0.01, le=3600, source=MEMORY, advanced=True)


class KafkaMappingParameters(KafkaReadingParameters):
    """The event source mapping between a Kafka topic and a function."""

    provisioned_mode: bool = parameter(
        False, "Pollers that are always there, and are billed. Only this mode has retries, bisecting, partial batches and a maximum record age.", title="Provisioned mode", section="Pollers",
        aws="ProvisionedPollerConfig", source=POLLERS)
    minimum_pollers: int = parameter(
        1, "In provisioned mode: pollers that are always there, each with 5 MB a second and 5 batches at once. No more than partitions.", title="Minimum pollers", unit="count", section="Pollers",
        aws="ProvisionedPollerConfig.MinimumPollers", ge=1, le=200, source=API, capacity=True)
    maximum_pollers: int = parameter(
        200, "In provisioned mode: pollers to which a lag lets them grow. No more than partitions.", title="Maximum pollers", unit="count", section="Pollers",
        aws="ProvisionedPollerConfig.MaximumPollers", ge=1, le=2000, source=API, capacity=True)
    bisect_batch_on_function_error: bool = parameter(
        False, "Provisioned mode: a batch that failed is tried again in two halves, which does not count as a retry.", title="Bisect on error", section="Errors", aws="BisectBatchOnFunctionError",
        source=RETRIES, changeable=True)
    maximum_retry_attempts: int = parameter(
        -1, "Provisioned mode: function errors after which a batch is given up are this many and one. -1: until its records expire; 10 with a destination for what fails.", title="Retry attempts",
        unit="times", section="Errors", aws="MaximumRetryAttempts", ge=-1, le=10_000, source=RETRIES, changeable=True)
    maximum_record_age_s: float = parameter(
        -1, "Provisioned mode: older records are given up; 60 s to 7 days. -1: as old as they may get.", title="Maximum record age", unit="s", section="Errors", aws="MaximumRecordAgeInSeconds",
        ge=-1, le=604_800, source=RETRIES, changeable=True)
    report_batch_item_failures: bool = parameter(
        False, "Provisioned mode: the function says which record failed first, and only what follows is tried again.", title="Report batch item failures", section="Errors", aws="FunctionResponseTypes",
        source=RETRIES, changeable=True)
    filter_criteria: list[dict[str, Any]] = parameter(
        list, 'Patterns of which a record has to match one, for example [{"value": {"kind": ["click"]}}]; the others count as processed. Five at most (a secondary source).', title="Filter criteria",
        section="Filter", aws="FilterCriteria", widget="value_patterns", source=API, max_length=5)
