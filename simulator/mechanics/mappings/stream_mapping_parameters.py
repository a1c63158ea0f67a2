"""What a user sets on the event source mapping between a stream and a function, and of it on the wire from a stream to a pipe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from simulator.mechanics.propagation import MAPPING
from simulator.mechanics.streams.shard_reading import PollingParameters, ReadingParameters
from simulator.vocabulary import NotOffered, Source, parameter

GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg"
API = Source("Lambda service model (botocore 1.43.11), CreateEventSourceMapping", "https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html", "2026-11")
KINESIS = Source("Lambda Developer Guide, using Lambda with Kinesis (2025-26 copy)", f"{GUIDE}/with-kinesis.html", "2026-11")
ERRORS = Source("Lambda Developer Guide, retain discarded batch records for a Kinesis source (2025-26 copy)", f"{GUIDE}/kinesis-on-failure-destination.html", "2026-11")
MEMORY = Source("From memory: AWS publishes no figure", f"{GUIDE}/with-kinesis.html", "2026-11", "M")


class BatchedReadingParameters(PollingParameters):
    """How batches of a stream are read for a function, or a pipe."""

    batch_size: int = parameter(
        100, "Records in one invocation, at most.", title="Batch size", unit="count", section="Batching", aws="BatchSize", ge=1, le=10_000, source=API, changeable=MAPPING)
    batching_window_s: float = parameter(
        0, "How long to gather records. A new window starts when the invocation before has ended; one that ends empty starts again with the next record.", title="Batching window", unit="s",
        section="Batching", aws="MaximumBatchingWindowInSeconds", ge=0, le=300, source=API, changeable=MAPPING)
    record_overhead_bytes: int = parameter(
        500, "What a record's metadata adds in the payload of an invocation, which is 6 MB at most; the data are a third larger there (base64).", title="Metadata of a record", unit="bytes",
        section="Batching", ge=0, le=100_000, source=MEMORY, advanced=True)
    parallelization_factor: int = parameter(
        1, "Batches of one shard at the same time; records of one partition key stay in order.", title="Parallelization factor", unit="count", section="Scaling", aws="ParallelizationFactor",
        ge=1, le=10, source=API, changeable=MAPPING)
    bisect_batch_on_function_error: bool = parameter(
        False, "A batch that failed is tried again in two halves, which does not count as a retry.", title="Bisect on error", section="Errors", aws="BisectBatchOnFunctionError", source=API, changeable=True)
    maximum_retry_attempts: int = parameter(
        -1, "Function errors after which a batch is given up are this many and one. -1: until its records expire. Throttles do not count.", title="Retry attempts", unit="times", section="Errors",
        aws="MaximumRetryAttempts", ge=-1, le=10_000, source=API, changeable=True)
    maximum_record_age_s: float = parameter(
        -1, "Older records are given up; 60 s to 7 days. -1: as old as they may get.", title="Maximum record age", unit="s", section="Errors", aws="MaximumRecordAgeInSeconds", ge=-1, le=604_800,
        source=API, changeable=True)
    retry_base_s: float = parameter(
        1, "First pause before a failed or throttled batch is tried again; it doubles each time, with jitter.", title="First pause", unit="s", section="Errors", ge=0.01, le=3600, source=MEMORY, advanced=True)
    retry_max_s: float = parameter(30, "Longest such pause.", title="Longest pause", unit="s", section="Errors", ge=0.01, le=3600, source=MEMORY, advanced=True)
    polling_interval_s: float = parameter(
        1, "How often each shard is polled while it is read to the end; with more waiting, reading goes on.", title="Polling interval", unit="s", section="Reading", ge=0.01, le=3600, source=KINESIS,
        advanced=True)
    enabled: bool = parameter(True, "Off: nothing is read, and the position is kept.", title="Enabled", section="Reading", aws="Enabled", source=API, changeable=MAPPING)

    def polls_per_s(self) -> float:
        return 1.0 / self.polling_interval_s


class StreamMappingParameters(BatchedReadingParameters, ReadingParameters):
    """The event source mapping between a stream and a function."""

    fixed: ClassVar[Mapping[str, Any]] = {}
    not_offered: ClassVar[Mapping[str, NotOffered]] = {}

    tumbling_window_s: int = parameter(
        0, "Batches end at multiples of this time, by when their records were written; the function hands a state from one batch of a window to the next. 0: none.", title="Tumbling window", unit="s",
        section="Batching", aws="TumblingWindowInSeconds", ge=0, le=900, source=API)
    report_batch_item_failures: bool = parameter(
        False, "The function says which record failed first, and only what follows is tried again.", title="Report batch item failures", section="Errors", aws="FunctionResponseTypes", source=API, changeable=True)
    filter_criteria: list[dict[str, Any]] = parameter(
        list, 'Patterns of which a record has to match one, for example [{"data": {"kind": ["click"]}}]; the others count as processed. Five at most (a secondary source).', title="Filter criteria",
        section="Filter", aws="FilterCriteria", widget="data_patterns", source=API, max_length=5)
