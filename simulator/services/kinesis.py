"""Amazon Kinesis data stream: an ordered log in shards, which several consumers read, each at its own pace.

A record goes to the shard that its partition key hashes to. Each shard takes 1 MB and 1,000 records a second; consumers that
poll share 2 MB and 5 calls a second of it, those with enhanced fan-out have 2 MB/s each. Reading deletes nothing: records
leave when the retention period ends, read or not. The number of shards can change in a run, and an on-demand stream changes it itself.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.measures import Gauge
from simulator.mechanics.mappings.cohort_stream_consumers import interval_of
from simulator.mechanics.streams.cohort_shards import StreamCohorts, unfit_producer
from simulator.mechanics.streams.record_producer import ProducerParameters, producer_settings
from simulator.mechanics.streams.resharding import OnDemand, Reshard, Resharding
from simulator.mechanics.streams.sharded_storage import ShardedStorage
from simulator.mechanics.streams.shards import HASH_SPACE, Shard, ShardLimits
from simulator.units import format_count, format_duration, format_quantity, format_rate
from simulator.vocabulary import Direction, Fault, Fidelity, Figure, Fill, Finding, Metric, Overlay, ParameterSet, PartFigure, Picture, Port, Price, Quota, Source, Verb, parameter

if TYPE_CHECKING:
    from simulator.engine.message import Message
    from simulator.engine.network import Network

GUIDE = "https://docs.aws.amazon.com/streams/latest/dev"
API = Source("Kinesis service model (botocore 1.43.11)", "https://docs.aws.amazon.com/kinesis/latest/APIReference/Welcome.html", "2026-11")
LIMITS = Source("Kinesis Data Streams Developer Guide, quotas and limits (2026 copy)", f"{GUIDE}/service-sizes-and-limits.html", "2026-11")
DEVELOPER_GUIDE = Source("Kinesis Data Streams Developer Guide (2022-08-31)", f"{GUIDE}/introduction.html", "2026-11")
LARGE_RECORDS = Source("Kinesis Data Streams Developer Guide, handle large records (2025-26 copies)", f"{GUIDE}/large-records.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS publishes no refill rate", f"{GUIDE}/large-records.html", "2026-11", "M")
MODE = Source("Kinesis Data Streams Developer Guide, choose the right mode (copy after November 2025)", f"{GUIDE}/how-do-i-size-a-stream.html", "2026-11")
MODE_DEFAULT = Source("Kinesis service model (botocore 1.43.11); the default is from memory", "https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StreamModeDetails.html", "2026-11", "M")
DISTRIBUTION = Source("Kinesis Data Streams Developer Guide, service-managed record distribution (2026 copy)", f"{GUIDE}/introduction.html", "2026-11")
RESHARD_TIME = Source("From memory: AWS says 'a few minutes'", f"{GUIDE}/kinesis-using-sdk-java-resharding.html", "2026-11", "M")
ADVANTAGE = Source("Secondary source or memory: prices of On-demand Advantage, us-east-1", "https://aws.amazon.com/kinesis/data-streams/pricing/", "2026-11", "M")
METRICS = Source("Kinesis Data Streams Developer Guide, monitoring with CloudWatch (2022-08-31)", f"{GUIDE}/monitoring-with-cloudwatch.html", "2026-11")
PRICES = Source("Infracost price-list snapshot, us-east-1 (2024-07)", "https://aws.amazon.com/kinesis/data-streams/pricing/", "2024-07")
RETENTION_PRICE = Source("Secondary source for extended retention, us-east-1, which labels it GB", "https://aws.amazon.com/kinesis/data-streams/pricing/", "2026-11", "T")

MB = 1_000_000
HOUR_S = 3600.0
DAY_S = 86400.0
WEEK_S = 7 * DAY_S
MONTH_S = 730 * HOUR_S


class ShardParameters(ParameterSet):
    """Which shard is meant."""

    shard: int = parameter(
        0, "Which of the open shards, in the order of their hash keys, counted from 0; with fewer shards, the last. When it is split, its children take records.", title="Shard", unit="count", section="Fault",
        ge=0, le=100_000)


class DataStreamParameters(ParameterSet):
    """A data stream."""

    stream_mode: Literal["PROVISIONED", "ON_DEMAND"] = parameter(
        "PROVISIONED", "PROVISIONED: you say how many shards there are. ON_DEMAND: the stream starts with 4, and takes twice the most it has been given so far.", title="Mode", section="Capacity",
        aws="StreamMode", source=MODE_DEFAULT)
    shard_count: int = parameter(
        4, "Shards at the start: each takes 1 MB and 1,000 records a second. A change in a run is an UpdateShardCount. On-demand streams have as many as they need.", title="Shards", unit="count",
        section="Capacity", aws="ShardCount", ge=1, le=20_000, source=API, capacity=True, changeable=True)
    reshards: tuple[Reshard, ...] = parameter(
        tuple, "Changes of the shards at planned times.", title="Resharding", section="Capacity", widget="json", source=API, max_length=100)
    reshard_duration_s: float = parameter(
        120, "How long a change of the shards takes; reads and writes go on. AWS says a few minutes.", title="Resharding takes", unit="s", section="Capacity", ge=0, le=86400, source=RESHARD_TIME,
        advanced=True)
    warm_throughput_mib_per_s: float = parameter(
        0, "On demand: what the stream takes from the start (On-demand Advantage). Less than 4 MB/s is no change.", title="Warm throughput (MiB/s)", section="On demand", aws="WarmThroughputMiBps",
        ge=0, le=10_240, source=API)
    minimum_throughput_billing_commitment: bool = parameter(
        False, "On-demand Advantage: cheaper data, no price for the stream-hour and none on top for enhanced fan-out, but 25 MiB/s each way are paid at least. A switch of the account, for 24 h or more.",
        title="On-demand Advantage", section="On demand", aws="MinimumThroughputBillingCommitment", source=MODE_DEFAULT)
    record_distribution_strategy: Literal["USER_PARTITION_KEY", "AUTO"] = parameter(
        "USER_PARTITION_KEY", "AUTO: on demand only; the stream spreads records itself, whatever their keys, and keeps no order.", title="Record distribution", section="On demand",
        aws="RecordDistributionStrategy", source=DISTRIBUTION)
    on_demand_ceiling_mb_per_s: float = parameter(
        10_000, "What an on-demand stream takes at most: 10 GB/s in us-east-1, us-west-2 and eu-west-1, 200 MB/s elsewhere.", title="Ceiling, MB a second", section="On demand", gt=0, le=1e6,
        source=LIMITS, advanced=True)
    on_demand_reaction_s: float = parameter(
        900, "How long until an on-demand stream has grown, or split a shard above 500 KB/s: AWS says within 15 minutes.", title="Reaction", unit="s", section="On demand", ge=0, le=86400, source=MODE,
        advanced=True)
    retention_period_hours: float = parameter(
        24, "Older records can be read no more. A decrease acts almost at once.", title="Retention (hours)", section="Storage", aws="RetentionPeriodHours", ge=24, le=8760,
        source=DEVELOPER_GUIDE, changeable=True)
    max_record_size_kib: int = parameter(
        1024, "A larger record is rejected. Consumers must accept what the stream does: a Lambda payload is 6 MB at most.", title="Largest record (KiB)", section="Storage",
        aws="MaxRecordSizeInKiB", ge=1024, le=10_240, source=API)
    shard_records_per_s: float = parameter(
        1000, "Records that a shard takes in a second; what a producer packs into one record is one.", title="Records a shard takes", unit="per_s", section="Limits of a shard", gt=0, le=1e6,
        source=LIMITS, advanced=True)
    shard_write_mb_per_s: float = parameter(
        1, "Megabytes that a shard takes in a second. AWS's texts say 1 MB in some places and 1 MiB in others; one that says 10 MiB contradicts itself.", title="MB a shard takes a second",
        section="Limits of a shard", gt=0, le=1000, source=LIMITS, advanced=True)
    large_record_tank_bytes: float = parameter(
        10 * 1024**2, "Records larger than 1 MiB are taken from a tank of so many bytes for each shard.", title="Tank for large records", unit="bytes", section="Limits of a shard",
        ge=10 * 1024**2, le=1e9, source=LARGE_RECORDS, advanced=True)
    large_record_refill_mib_per_s: float = parameter(
        1, "How fast the tank for large records fills again. AWS publishes no rate; an older copy of its page speaks of an average of 1 MiB/s.", title="Refill of the tank, MiB a second",
        section="Limits of a shard", gt=0, le=1000, source=UNPUBLISHED, advanced=True)
    shard_read_mb_per_s: float = parameter(
        2, "Megabytes that all consumers which poll a shard get in a second, together; and that each consumer with enhanced fan-out gets.", title="MB a shard gives a second",
        section="Limits of a shard", gt=0, le=1000, source=LIMITS, advanced=True)
    shard_read_calls_per_s: float = parameter(
        5, "GetRecords calls that a shard answers in a second, of all consumers together.", title="Reads of a shard", unit="per_s", section="Limits of a shard", gt=0, le=1000, source=LIMITS,
        advanced=True)
    shard_read_records_per_s: float | None = parameter(
        None, "Records that a shard gives to polling consumers in a second. The quota page alone adds 2,000; a call may return 10,000. Empty: no such limit.", title="Records a shard gives", unit="per_s",
        section="Limits of a shard", ge=1, le=1e6, source=LIMITS, advanced=True)


class DataStream(ShardedStorage):
    """A data stream."""

    kind = "kinesis"
    title = "Kinesis data stream"
    short_title = "Kinesis"
    neutral_title = "Stream"
    group = "Analytics"
    icon = "architecture-service/AmazonKinesisDataStreams"
    summary = "Keeps records in order for each key, and lets several consumers read them at their own pace; for events at high rates."
    documentation_url = f"{GUIDE}/introduction.html"
    Parameters = DataStreamParameters
    ports = (
        Port("in", "Records in", Direction.IN, Verb.SEND, frozenset({"kinesis:PutRecord", "kinesis:PutRecords"}), "Applications and services put records here.",
             wire_title="Producer", wire_parameters=ProducerParameters),
        Port("out", "Records", Direction.OUT, Verb.POLL, frozenset({"kinesis:GetRecords", "kinesis:SubscribeToShard"}),
             "Each consumer reads all records, from a position of its own.", cuttable=True),
    )
    quotas = (
        Quota("write_bytes", "Bytes written a second", 1_000_000, "bytes", "shard and second", False, LIMITS, "1 MiB in some of AWS's texts"),
        Quota("write_records", "Records written a second", 1000, "per_s", "shard", False, LIMITS),
        Quota("read_bytes", "Bytes read a second by all consumers that poll", 2_000_000, "bytes", "shard and second", False, LIMITS),
        Quota("read_calls", "GetRecords calls a second", 5, "per_s", "shard", False, LIMITS),
        Quota("read_records", "Records read a second by polls", 2000, "per_s", "shard", False, LIMITS, "on the quota page only"),
        Quota("call_bytes", "Bytes one GetRecords call returns", 10 * 1024**2, "bytes", "call", False, API, "then calls fail for 5 s"),
        Quota("call_records", "Records one GetRecords call returns", 10_000, "count", "call", False, API),
        Quota("put_records", "Records of a PutRecords call", 500, "count", "call", False, API),
        Quota("put_bytes", "Bytes of a PutRecords call", 10 * 1024**2, "bytes", "call", False, API),
        Quota("record", "Largest record", 10 * 1024**2, "bytes", "record", False, API),
        Quota("fan_out", "Bytes pushed a second by enhanced fan-out", 2_000_000, "bytes", "shard, consumer and second", False, API),
        Quota("fan_out_consumers", "Consumers with enhanced fan-out", 20, "count", "stream", False, LIMITS, "50 with On-demand Advantage"),
        Quota("subscriptions", "SubscribeToShard calls a second", 1, "per_s", "consumer and shard", False, API, "each lasts 5 minutes at most"),
        Quota("iterator_life", "Life of an iterator", 300, "s", "iterator", False, API),
        Quota("iterators", "GetShardIterator calls a second", 5, "per_s", "shard", False, LIMITS),
        Quota("shards", "Shards, us-east-1, us-west-2 and eu-west-1", 20_000, "count", "account", True, LIMITS, "1,000 or 6,000 elsewhere"),
        Quota("updates", "UpdateShardCount in 24 hours", 10, "count", "stream", True, LIMITS, "to between half and twice, 10,000 at most"),
        Quota("on_demand_start", "On demand: bytes written a second at first", 4_000_000, "bytes", "stream and second", False, LIMITS, "8 MB/s read"),
        Quota("on_demand_ceiling", "On demand: bytes written a second", 10_000_000_000, "bytes", "stream and second", True, LIMITS, "us-east-1, us-west-2 and eu-west-1; 200 MB/s elsewhere"),
        Quota("retention", "Longest retention", 8760 * HOUR_S, "s", "stream", False, DEVELOPER_GUIDE),
    )
    metrics = (
        Metric("IncomingRecords", "Records in", "messages", "sum", "Records put with success. What a producer packs into one record is one.", "records_in", METRICS, True, "rates"),
        Metric("IncomingBytes", "Bytes in", "bytes", "sum", "Bytes put with success.", "bytes_in", METRICS, True, "size"),
        Metric("WriteProvisionedThroughputExceeded", "Writes throttled", "messages", "sum", "Records refused because their shard takes no more.", "throttled_records", METRICS, True, "trouble"),
        Metric("ReadProvisionedThroughputExceeded", "Reads throttled", "count", "sum", "GetRecords calls refused because the shard answers no more.", "throttled_calls", METRICS, True, "trouble"),
        Metric("GetRecords.IteratorAgeMilliseconds", "Iterator age", "s", "gauge", "Age of the last record read, of the polling consumer and shard furthest behind; 0 when all is read. Shown in seconds.", "iterator_age_s", METRICS, True, "age"),
        Metric("GetRecords.Records", "Records out", "messages", "sum", "Records returned by GetRecords.", "records_out", METRICS, True, "rates"),
        Metric("GetRecords.Bytes", "Bytes out", "bytes", "sum", "Bytes returned by GetRecords.", "bytes_out", METRICS, False, "size"),
        Metric("GetRecords.Latency", "GetRecords latency", "s", "spread", "Time of GetRecords calls.", "get_latencies", METRICS, False, "latency"),
        Metric("GetRecords.Success", "GetRecords answered", "count", "sum", "GetRecords calls that were not refused.", "calls_answered", METRICS, False, "calls"),
        Metric("PutRecord.Bytes", "PutRecord bytes", "bytes", "sum", "Bytes put by PutRecord.", "put_bytes", METRICS, False, "size"),
        Metric("PutRecord.Success", "PutRecord answered", "count", "sum", "Successful PutRecord calls.", "puts_succeeded", METRICS, False, "calls"),
        Metric("PutRecords.Bytes", "PutRecords bytes", "bytes", "sum", "Bytes put by PutRecords.", "put_records_bytes", METRICS, False, "size"),
        Metric("PutRecords.Success", "PutRecords answered", "count", "sum", "PutRecords calls in which one record at least was written.", "put_records_succeeded", METRICS, False, "calls"),
        Metric("PutRecords.TotalRecords", "PutRecords records", "messages", "sum", "Records in PutRecords calls.", "put_records_total", METRICS, False, "rates"),
        Metric("PutRecords.SuccessfulRecords", "PutRecords written", "messages", "sum", "Records of PutRecords calls that were written.", "put_records_done", METRICS, False, "rates"),
        Metric("PutRecords.ThrottledRecords", "PutRecords throttled", "messages", "sum", "Records of PutRecords calls that were throttled; the producer sends them again.", "put_records_throttled", METRICS, False, "trouble"),
        Metric("PutRecords.FailedRecords", "PutRecords failed", "messages", "sum", "Records of PutRecords calls that failed inside the service.", "put_records_failed", METRICS, False, "trouble"),
        Metric("PutLatency", "Put latency", "s", "spread", "PutRecord.Latency and PutRecords.Latency together: time of the calls.", "put_latencies", METRICS, False, "latency"),
        Metric("SubscribeToShardEvent.MillisBehindLatest", "Behind latest", "s", "gauge", "How far the consumer with enhanced fan-out that is furthest behind is behind. Shown in seconds.", "behind_latest_s", METRICS, False, "age"),
        Metric("SubscribeToShardEvent.Records", "Records pushed", "messages", "sum", "Records pushed by enhanced fan-out.", "pushed_records", METRICS, False, "rates"),
        Metric("SubscribeToShardEvent.Bytes", "Bytes pushed", "bytes", "sum", "Bytes pushed by enhanced fan-out.", "pushed_bytes", METRICS, False, "size"),
        Metric("HottestShardWriteShare", "Hottest shard", "share", "gauge", "How much of its write limits the busiest shard uses. CloudWatch has no such metric; its shard-level metrics show it.", "hottest", None, True, "shards", limit="shard_write"),
        Metric("StreamWriteShare", "Whole stream", "share", "gauge", "How much of the write limits of all shards is used. CloudWatch has no such metric.", "stream_use", None, False, "shards"),
        Metric("OpenShardCount", "Shards", "count", "gauge", "Shards that take records.", "open_gauge", METRICS, False, "shards"),
        Metric("Reshards", "Reshards", "count", "sum", "Times the shards changed. CloudWatch has no such metric.", "reshards", None, False, "shards"),
        Metric("ReshardsRefused", "Reshards refused", "count", "sum", "Changes of the shards that a limit did not allow. CloudWatch has no such metric.", "reshards_refused", None, False, "shards"),
        Metric("OnDemandCapacity", "On-demand capacity", "bytes", "gauge", "Bytes a second that an on-demand stream takes now; 0 for a provisioned one. CloudWatch has no such metric.", "on_demand_capacity", None, True, "capacity"),
        Metric("RecordsNotProcessed", "Not processed", "messages", "gauge", "Messages that the consumer furthest behind has not processed. CloudWatch has no such metric.", "unread", None, True, "backlog"),
        Metric("RecordsWaitingToBeWritten", "Waiting to be written", "messages", "gauge", "Messages that producers hold because their records were refused. CloudWatch has no such metric.", "waiting_to_write", None, True, "backlog"),
        Metric("RecordsExpired", "Expired unread", "messages", "sum", "Messages that retention took before a consumer had processed them, counted for each consumer. CloudWatch has no such metric.", "expired", None, True, "trouble"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "polling": "Until the consumer polls", "read_throughput": "Polling consumers share the shard", "fan_out_throughput": "Fan-out throughput of a shard", "push_latency": "Pushed by enhanced fan-out",
        "get_records": "GetRecords", "disabled": "Consumer does not read", "parent_shard": "Parent shard is read first", "consumer_busy": "Consumer busy", "producer_linger": "Gathered by the producer",
        "put_latency": "Put latency", "write_throughput": "Shard takes no more", "producer_rate_limit": "Rate limit of the KPL", "strict_order": "Behind the record before it",
        "batching_window": "Batching window", "function_busy": "Behind the batch in work", "retry_pause": "Before a failed batch is tried again", "reserved_concurrency": "Function at its reserved concurrency",
        "account_concurrency": "Account concurrency used up", "scaling_rate": "New environments too slow", "request_rate": "Function at its request rate", "stopped": "Function stopped",
        "batch_wait": "Waiting for its batch", "batch_retry": "Behind a failed batch", "no_consumer": "No consumer",
    }
    parts_title = "Shards"
    part_figures = (
        PartFigure("write_share", "Write limits used", "share", "gauge", "max"),
        PartFigure("throttled", "Writes throttled", "messages", "sum"),
        PartFigure("unread", "Not read", "messages", "gauge"),
        PartFigure("age_s", "Iterator age", "s", "gauge", "max"),
    )
    overlay = Overlay(
        "HottestShardWriteShare", (Figure("IncomingRecords"), Figure("GetRecords.IteratorAgeMilliseconds", "age"), Figure("WriteProvisionedThroughputExceeded", "throttled", quiet=True)), limit="shard_write",
        picture=Picture("bars", (Fill("write_share"), Fill("throttled", "bad"))),
    )
    faults = (
        Fault("unavailable", "Puts fail", "PutRecord and every record of PutRecords fail with an internal error, as in an outage of the service.", sort="stops"),
        Fault("shard_unavailable", "A shard takes no records", "Records whose keys belong to one shard fail with an internal error; the others are written, and what the shard holds is read.", ShardParameters, sort="loss"),
    )
    prices = (
        Price("shard_hours", "Shards", 0.015, "shard-hour", PRICES),
        Price("put_units", "PUT payload units of up to 25 KB", 0.014e-6, "unit", PRICES),
        Price("fan_out_hours", "Enhanced fan-out", 0.015, "consumer-shard-hour", PRICES),
        Price("fan_out_data", "Data of enhanced fan-out", 0.013, "GB", PRICES),
        Price("extended_retention", "Retention from 24 hours to 7 days", 0.02, "shard-hour", RETENTION_PRICE),
        Price("long_retention", "Retention beyond 7 days", 0.023, "GB-month", PRICES),
        Price("long_retrieval", "Reading data older than 7 days", 0.021, "GB", PRICES),
        Price("stream_hours", "On-demand stream", 0.04, "stream-hour", PRICES),
        Price("data_in", "On demand: data in, each record rounded up to 1 KB", 0.08, "GB", PRICES),
        Price("data_out", "On demand: data out", 0.04, "GB", PRICES),
        Price("data_pushed", "On demand: data of enhanced fan-out", 0.05, "GB", PRICES),
        Price("data_kept", "On demand: retention from 24 hours to 7 days", 0.10, "GB-month", PRICES),
        Price("advantage_in", "On-demand Advantage: data in", 0.032, "GB", ADVANTAGE),
        Price("advantage_out", "On-demand Advantage: data out", 0.016, "GB", ADVANTAGE),
    )
    fidelity = Fidelity(
        modelled=(
            "Shards with even ranges of MD5 hash keys; each record goes where its partition key, or its explicit hash key, hashes to.",
            "1 MB and 1,000 records a second for each shard; PutRecord is refused, PutRecords succeeds for the others, and the producer sends the rest again.",
            "Producers: services, PutRecord, PutRecords, and the KPL with aggregation, collection, linger, rate limit and record TTL.",
            "Polling consumers share 2 MB/s and 5 calls a second of each shard; after 10 MB in one call, calls fail for 5 s. Enhanced fan-out has 2 MB/s for each consumer.",
            "Each consumer has a position in each shard; records are in order for each shard. Retention takes what was not read.",
            "Split, merge and UpdateShardCount (to between half and twice, 10 times in 24 h): they act after a while, writes go to the children at once, and consumers read the parents first.",
            "On demand: twice the peak so far, 4 MB/s at least; growth and splits of shards above 500 KB/s within 15 minutes, so that a sudden surge is throttled. Distribution by the service itself.",
            "The bill: shard-hours, payload units of 25 KB, enhanced fan-out, longer retention; on-demand Standard and Advantage.",
        ),
        approximated=(
            "A message is the record's data and partition key together; what the KPL adds to packed records is left out: a few bytes of each.",
            "The write limits allow bursts of one second. Records over 1 MiB are taken from a tank of 10 MiB; AWS does not publish how fast it fills.",
            "Latencies of puts and of GetRecords are parameters (from memory); AWS publishes how late records are read: about 200 ms with one polling consumer, 1 s with five, 70 ms pushed.",
            "On demand: growth and splits come the whole reaction time after a minute that called for them; the peak is that of the run, not of 30 days, and capacity never shrinks (AWS publishes no rule)."
            " Read limits stay those of the shards. UpdateShardCount makes even ranges in one step.",
            "A polling consumer that is behind calls 5 times a second, the most that a shard allows.",
            "In cohorts: what a shard refuses is tried again within the step; records are done a while after they are written, or at the pace of their consumer, by shard;"
            " iterator ages between polls and calls of GetRecords are expected values. While a fault makes a function fail, its batches are tried until they succeed. On-demand streams, the KPL,"
            " services that put, and consumers other than functions and KCL applications work with single messages at any rate.",
            "2,000 records a second for polls stand on the quota page alone: a parameter, off at first.",
        ),
        ignored=(
            "Switches between the modes (2 in 24 h), which are rarer than runs are long; 50 on-demand streams in an account, which a diagram does not reach.",
            "Starting positions by sequence number. Expiry of iterators, renewals of subscriptions every 5 minutes, and the rates of control calls: consumers keep within them.",
            "Duplicates from producer timeouts: give the message type a share that is sent twice.",
            "What functions and applications put is one PutRecord each, with the message's key: their wires have settings of their own.",
            "Encryption, whose time no source here states, and consumer registration (at most 5 at once), which is done before a run.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Clicks in a stream, and an application that reads them",
        "nodes": [
            {"id": "clicks", "kind": "traffic", "name": "Clicks", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}, "message_types": [
                {"name": "click", "size_bytes": 400, "key": {"keys": "zipf", "number": 1000, "exponent": 0.8}}]}},
            {"id": "stream", "kind": "kinesis", "name": "clicks", "parameters": {"shard_count": 2}},
            {"id": "sessions", "kind": "kcl_application", "name": "Sessions", "parameters": {"duration": {"type": "constant", "value_s": 0.002}}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "clicks", "port": "out"}, "to": {"node": "stream", "port": "in"}},
            {"id": "w2", "from": {"node": "stream", "port": "out"}, "to": {"node": "sessions", "port": "stream"}},
        ],
        "run": {"duration_s": 120},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.retention_s = values.retention_period_hours * HOUR_S
        self.put_bytes = self.put_records_bytes = self.put_records_failed = 0
        self.old_bytes_out = 0
        self.stream_use = Gauge()
        self.hottest = self.limit("shard_write", "Write limits of the busiest shard", 1.0, "shard_count", "share")
        self.hot_shard: Shard | None = None
        self._looked_s = 0.0
        self._unavailable = False
        self._failed_writes = 0
        """Writes of the present call that failed, and were not throttled."""
        self._written_by_hour: dict[int, int] = {}
        self._fan_out_bytes_per_s = MB * values.shard_read_mb_per_s
        self._on_demand = values.stream_mode == "ON_DEMAND"
        self.billed_kb = 0
        self._auto = self.stream("record distribution")
        self.resharding = Resharding(self, values.reshard_duration_s)
        start_mb = max(4.0, values.warm_throughput_mib_per_s * 1024**2 / MB)
        self.scaling = OnDemand(self, self.resharding, start_mb * MB, values.on_demand_ceiling_mb_per_s * MB, values.on_demand_reaction_s) if self._on_demand else None
        self.make_shards(math.ceil(start_mb) if self._on_demand else values.shard_count)
        self.open_gauge = Gauge(len(self.shards))
        self._extended = Gauge(len(self.shards) if self.retention_s > DAY_S else 0)
        self._day_to_week_byte_s = self._beyond_week_byte_s = self._settled_s = 0.0

    def needs_singles(self) -> str | None:
        values = self.parameters
        if self._on_demand:
            return "An on-demand stream goes by what each second brings."
        if values.shard_read_records_per_s is not None:
            return "It gives polling consumers so many records a second at most."
        for wire in self.wires_in["in"]:
            settings = producer_settings(wire)
            for entry in getattr(wire.source.parameters, "message_types", ()):
                if entry.size_bytes > 1024**2:
                    return "Records over 1 MiB are taken from a tank."
                if entry.failure_probability > 0:
                    return f"Consumers fail at some records of {wire.source.name}, one by one."
            if (reason := unfit_producer(wire, self.producer_mode(wire), settings)) is not None:
                return reason
        readers = self.wires_out["out"]
        if sum(1.0 / interval_of(wire) for wire in readers if not wire.parameters.enhanced_fan_out) > values.shard_read_calls_per_s:
            return "Its consumers poll more often than a shard answers."
        return next((reason for wire in readers if (reason := wire.target.pulls_singles(wire)) is not None), None)

    def start(self) -> None:
        if self.takes_cohorts:
            self.start_cohorts()
        self.resharding.plan(self.parameters.reshards)
        if self.scaling is not None:
            self.scaling.start()
        self.start_producers((self.parameters.shard_records_per_s, MB * self.parameters.shard_write_mb_per_s))

    def shard_limits(self) -> ShardLimits:
        values = self.parameters
        return ShardLimits(
            MB * values.shard_write_mb_per_s, values.shard_records_per_s, values.large_record_tank_bytes, 1024**2 * values.large_record_refill_mib_per_s, MB * values.shard_read_mb_per_s,
            values.shard_read_calls_per_s, values.shard_read_records_per_s)

    # -- writing and reading ----------------------------------------------------------------------------------------

    def write(self, messages: Any, shard: Shard) -> str | None:
        if self._unavailable or shard.number == self.down_shard:
            self._failed_writes += 1
            return "internal"
        now_s, before = self.agenda._now, self.bytes_in
        if self.scaling is not None and not self.scaling.admits(sum(message.size_bytes * message.count for message in messages), now_s):
            self.throttled_records += 1
            return "capacity"
        limit = super().write(messages, shard)
        size_bytes = self.bytes_in - before
        if limit is None and self.scaling is not None:
            self.scaling.took(size_bytes, now_s)
            self.billed_kb += max(1, math.ceil(size_bytes / 1024))
        if limit is None:
            hour = int(now_s // HOUR_S)
            self._written_by_hour[hour] = self._written_by_hour.get(hour, 0) + size_bytes
        return limit

    def shard_of(self, partition_key: str, explicit_hash_key: int | None) -> Shard:
        if self._on_demand and self.parameters.record_distribution_strategy == "AUTO":
            return self.map.open[int(self._auto.uniform() * len(self.map.open))]
        return super().shard_of(partition_key, explicit_hash_key)

    def shards_changed(self) -> None:
        """There are more or fewer shards now."""
        self.open_gauge.set(len(self.map.open), self.agenda._now)
        self._note_extended()
        if self.cohorts is not None:
            self.cohorts.shards_changed()

    def reshards(self) -> int:
        """Times the shards changed."""
        return self.resharding.done

    def reshards_refused(self) -> int:
        """Changes that a limit did not allow."""
        return self.resharding.refused

    def on_demand_capacity(self) -> float:
        """Bytes a second that an on-demand stream takes now."""
        return self.scaling.capacity_bytes_per_s if self.scaling is not None else 0.0

    def note_put(self, single: bool, records: int, throttled: int, size_bytes: int, latency_s: float) -> None:
        failed, self._failed_writes = self._failed_writes, 0
        super().note_put(single, records, throttled, size_bytes, latency_s)
        if single:
            self.put_bytes += 0 if throttled else size_bytes
            return
        self.put_records_bytes += size_bytes
        self.put_records_failed += failed
        self.put_records_throttled -= failed

    def note_call(self, throttled: bool, tokens: list[Message], latency_s: float) -> None:
        super().note_call(throttled, tokens, latency_s)
        if self.retention_s > WEEK_S and tokens and self.agenda._now - tokens[0].sent_s > WEEK_S:
            self.old_bytes_out += sum(token.size_bytes for token in tokens if self.agenda._now - token.sent_s > WEEK_S)

    def note_puts(self, single: bool, calls: int, records: int, throttled: int, size_bytes: int, latency_s: float) -> None:
        super().note_puts(single, calls, records, throttled, size_bytes, latency_s)
        failed, self.refused_by_down_shard = throttled if self._unavailable else self.refused_by_down_shard, 0
        if not self._unavailable:
            self.throttled_records -= failed
        if single:
            self.put_bytes += (records - throttled) * size_bytes
            return
        self.put_records_bytes += records * size_bytes
        self.put_records_failed += failed
        self.put_records_throttled -= failed

    def note_written(self, message: Message, records: int) -> None:
        super().note_written(message, records)
        hour = int(self.agenda._now // HOUR_S)
        self._written_by_hour[hour] = self._written_by_hour.get(hour, 0) + records * message.size_bytes

    def calls_answered(self) -> int:
        """GetRecords calls that were not refused."""
        return self.calls - self.throttled_calls

    # -- what breaks and changes ------------------------------------------------------------------------------------

    def fault_unavailable(self, value: ParameterSet | None) -> None:
        """Puts fail until cleared (None)."""
        self._unavailable = self.is_unavailable = value is not None

    def fault_shard_unavailable(self, value: ShardParameters | None) -> None:
        """Puts to one shard fail until cleared (None)."""
        self.down_shard = None if value is None else self.map.open[min(value.shard, len(self.map.open) - 1)].number

    def parameter_changed(self, name: str) -> None:
        if name == "shard_count" and not self._on_demand:
            self.resharding.update_shard_count(self.parameters.shard_count)
        if name == "retention_period_hours":
            self._settle_kept()
            self.retention_s = self.parameters.retention_period_hours * HOUR_S
            self._note_extended()
            if self.cohorts is None:
                self.agenda.at(self.agenda._now, self._retention_over)

    # -- what it shows ----------------------------------------------------------------------------------------------

    def before_slice(self) -> None:
        """See how much of their limits the shards used since the last look."""
        now_s = self.agenda._now
        elapsed_s = now_s - self._looked_s
        if elapsed_s <= 0:
            return
        if self.cohorts is not None:
            self._look_at_cohorts(self.cohorts, now_s)
            return
        values = self.parameters
        most_records, most_bytes = values.shard_records_per_s * elapsed_s, MB * values.shard_write_mb_per_s * elapsed_s
        hottest = records = size_bytes = 0.0
        for shard in self.map.open:
            new_records, new_bytes = shard.records_in - shard.seen_records, shard.bytes_in - shard.seen_bytes
            shard.seen_records, shard.seen_bytes = shard.records_in, shard.bytes_in
            records += new_records
            size_bytes += new_bytes
            shard.write_share = use = max(new_records / most_records, new_bytes / most_bytes)
            if use > hottest:
                hottest, self.hot_shard = use, shard
        count = len(self.map.open)
        self.hottest.set(hottest, now_s)
        self.stream_use.set(max(records / most_records, size_bytes / most_bytes) / count, now_s)
        self._looked_s = now_s

    def _uses(self, cohorts: StreamCohorts) -> np.ndarray:
        """How much of its write limits each shard used in the last step."""
        values, per_s = self.parameters, cohorts.last_per_s
        return np.asarray(np.maximum(per_s / values.shard_records_per_s, per_s * cohorts.record_bytes() / (MB * values.shard_write_mb_per_s)))

    def _look_at_cohorts(self, cohorts: StreamCohorts, now_s: float) -> None:
        uses = self._uses(cohorts)
        hottest = int(cohorts.open[uses[cohorts.open].argmax()])
        self.hot_shard = self.shards[hottest]
        self.hottest.set(float(uses[hottest]), now_s)
        self.stream_use.set(float(uses[cohorts.open].mean()), now_s)
        self._looked_s = now_s

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        """Of each open shard: its use in the last slice, and how far the consumer furthest behind is behind."""
        now_s = self.agenda._now
        if self.cohorts is not None:
            return self._counts_of_cohorts(self.cohorts)
        return {shard.name: self._counts_of(shard, now_s) for shard in self.map.open}

    def _counts_of_cohorts(self, cohorts: StreamCohorts) -> dict[str, dict[str, float]]:
        nothing = np.zeros(len(self.shards))
        unread = np.maximum.reduce([nothing, *(reader.unread_of() for reader in cohorts.readers)]).tolist()
        ages = np.maximum.reduce([nothing, *(reader.ages_s() for reader in cohorts.readers)]).tolist()
        uses, throttled = self._uses(cohorts).tolist(), cohorts.throttled.tolist()
        return {
            name: {"write_share": uses[number], "throttled": throttled[number], "unread": unread[number], "age_s": ages[number]}
            for number, name in zip(cohorts.open.tolist(), cohorts.names, strict=True)
        }

    def note_shards(self) -> None:
        """Let each shard know what was written to it."""
        if self.cohorts is not None:
            counts = zip(self.shards, self.cohorts.rows.written().tolist(), self.cohorts.written_bytes.tolist(), self.cohorts.throttled.tolist(), strict=True)
            for shard, records, size_bytes, throttled in counts:
                shard.records_in, shard.bytes_in, shard.throttled = records, size_bytes, throttled

    def _counts_of(self, shard: Shard, now_s: float) -> dict[str, float]:
        readers = [subscription.feeds[shard.number].reader for subscription in self.subscriptions]
        return {
            "write_share": shard.write_share, "throttled": shard.throttled,
            "unread": max((reader.unread for reader in readers), default=0), "age_s": max((reader.age_s(now_s) for reader in readers), default=0.0),
        }

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.put_records_failed, self.throttled_records + self.throttled_calls

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        if self._on_demand:
            yield from self._on_demand_cost(elapsed_s)
            return
        shard_hours = self.open_gauge.mean(self.agenda._now) * elapsed_s / HOUR_S
        yield self.prices[0], shard_hours
        yield self.prices[1], self.payload_units
        fan_out = sum(bool(wire.parameters.enhanced_fan_out) for wire in self.wires_out["out"])
        if fan_out:
            yield self.prices[2], fan_out * shard_hours
            yield self.prices[3], self.pushed_bytes / 1e9
        if extended := self._extended.area(self.agenda._now):
            yield self.prices[4], extended / HOUR_S
        yield from self._long_term_cost()

    def _on_demand_cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        """Data in and out instead of shards; with Advantage at least 25 MiB/s each way, and nothing on top for the stream or for fan-out."""
        gb_in, gb_out, gb_pushed = self.billed_kb * 1024 / 1e9, self.bytes_out / 1e9, self.pushed_bytes / 1e9
        if self.parameters.minimum_throughput_billing_commitment:
            least_gb = 25 * 1024**2 * elapsed_s / 1e9
            yield self.prices[12], max(gb_in, least_gb)
            yield self.prices[13], max(gb_out + gb_pushed, least_gb)
        else:
            yield self.prices[7], elapsed_s / HOUR_S
            yield self.prices[8], gb_in
            yield self.prices[9], gb_out
            if gb_pushed:
                yield self.prices[10], gb_pushed
        self._settle_kept()
        if self.retention_s > DAY_S or self._day_to_week_byte_s:
            yield self.prices[11], self._day_to_week_byte_s / 1e9 / MONTH_S
        yield from self._long_term_cost()

    def _long_term_cost(self) -> Iterable[tuple[Price, float]]:
        """What is kept for more than a week, and read after that."""
        self._settle_kept()
        if self.retention_s > WEEK_S or self._beyond_week_byte_s:
            yield self.prices[5], self._beyond_week_byte_s / 1e9 / MONTH_S
            yield self.prices[6], self.old_bytes_out / 1e9

    def _note_extended(self) -> None:
        """So many shards keep data for more than a day from now on."""
        self._extended.set(len(self.map.open) if self.retention_s > DAY_S else 0, self.agenda._now)

    def _settle_kept(self) -> None:
        """Count what was kept up to now, at the retention that there was."""
        self._day_to_week_byte_s += self._kept_byte_s(DAY_S, min(WEEK_S, self.retention_s))
        self._beyond_week_byte_s += self._kept_byte_s(WEEK_S, self.retention_s)
        self._settled_s = self.agenda._now

    def _kept_byte_s(self, from_age_s: float, to_age_s: float) -> float:
        """Byte-seconds of data between these ages, since it was last settled."""
        now_s = self.agenda._now
        middles = ((size_bytes, (hour + 0.5) * HOUR_S) for hour, size_bytes in self._written_by_hour.items())
        return float(sum(size_bytes * max(0.0, min(now_s, written_s + to_age_s) - max(written_s + from_age_s, self._settled_s)) for size_bytes, written_s in middles))

    def limits_ahead(self, growth_per_s: float, rates: Mapping[str, float]) -> Iterable[tuple[str, float]]:
        if rates["IncomingRecords"] > 0 and self.iterator_age_s() > 0:
            yield "records expire before they are read", self._to_loss_s(growth_per_s, rates["IncomingRecords"])

    def _to_loss_s(self, growth_per_s: float, arrive_per_s: float) -> float:
        age_s = max(self.iterator_age_s(), self.behind_latest_s())
        return float(max(self.retention_s - age_s, 0.0) / min(1.0, growth_per_s / arrive_per_s))

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if rates["RecordsExpired"] > 0:
            return f"{format_rate(rates['RecordsExpired'])} expire before they are processed: the retention is {format_duration(self.retention_s)}.", Culprit(self.id, "retention_period_hours")
        if rates["WriteProvisionedThroughputExceeded"] > 0 and self.hot_shard is not None:
            text = f"{format_rate(rates['WriteProvisionedThroughputExceeded'])} records are refused. {self.hot_shard.name} is at {format_quantity(self.hottest.value, 'share')} of its write limits, the stream as a whole at {format_quantity(self.stream_use.value, 'share')}."
            return text, Culprit(self.id, "shard_count")
        if rates["ReadProvisionedThroughputExceeded"] > 0:
            return f"{format_rate(rates['ReadProvisionedThroughputExceeded'])} reads are refused: the consumers that poll share 5 calls and 2 MB a second of each shard.", Culprit(self.id)
        if self.cohorts is not None:
            late_reader = next((reader for reader in self.cohorts.readers if reader.waiting()), None)
            if late_reader is None:
                return None
            cause = late_reader.consumer.busy_cause
            return f"{format_count(self.unread())} records wait. {cause.title}.", cause.culprit
        late = next((feed for entry in self.subscriptions for feed in entry.feeds.values() if feed.backlog()), None)
        if late is None:
            return None
        cause = late.reader.bottleneck.cause
        return f"{format_count(self.unread())} records wait. {cause.title}.", cause.culprit

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        readers = placed.out_of("out")
        if not readers:
            yield Finding("no-consumer", "note", f"Nothing reads '{placed.name}': records stay until retention takes them", "Wire it to a consumer", node=placed.id)
        fan_out = [link for link in readers if getattr(link.parameters, "enhanced_fan_out", False)]
        most = 50 if placed.parameters.minimum_throughput_billing_commitment else 20
        if len(fan_out) > most:
            yield Finding("fan-out-consumers", "error", f"'{placed.name}' has {len(fan_out)} consumers with enhanced fan-out; a stream may have {most}", "Let some of them poll", node=placed.id)
        polls_per_s = sum(link.parameters.polls_per_s() for link in readers if link not in fan_out)
        if polls_per_s > placed.parameters.shard_read_calls_per_s:
            yield Finding("too-many-pollers", "warning",
                          f"The consumers of '{placed.name}' poll each shard {polls_per_s:.3g} times a second; it answers {placed.parameters.shard_read_calls_per_s:g} calls",
                          "Use enhanced fan-out for some of them, or let them poll less often", node=placed.id, parameter="shard_read_calls_per_s", related=tuple(link.other.id for link in readers))
        values = placed.parameters
        if values.stream_mode == "PROVISIONED":
            for name in ("record_distribution_strategy", "warm_throughput_mib_per_s", "minimum_throughput_billing_commitment"):
                if getattr(values, name) not in ("USER_PARTITION_KEY", 0, False):
                    yield Finding("on-demand-only", "error", f"'{placed.name}' is provisioned: this is for on-demand streams", "Set the mode to ON_DEMAND, or leave it out", node=placed.id, parameter=name)
        elif values.reshards:
            yield Finding("on-demand-reshards", "error", f"'{placed.name}' is on demand: it changes its shards itself", "Remove the planned changes", node=placed.id, parameter="reshards")
        if values.warm_throughput_mib_per_s and not values.minimum_throughput_billing_commitment and values.stream_mode == "ON_DEMAND":
            yield Finding("warm-throughput-needs-advantage", "error", f"'{placed.name}' has warm throughput, which belongs to On-demand Advantage", "Switch Advantage on", node=placed.id, parameter="minimum_throughput_billing_commitment")
        for link in placed.into("in"):
            settings = link.parameters
            if not hasattr(settings, "producer"):
                continue
            if settings.explicit_hash_key is not None and int(settings.explicit_hash_key) >= HASH_SPACE:
                yield Finding("hash-key-too-large", "error", f"The explicit hash key of '{link.other.name}' is 2^128 or more", "Use a smaller number", node=placed.id, wire=link.id, parameter="explicit_hash_key")
            if settings.strict_order and settings.producer not in (None, "put_record"):
                yield Finding("order-needs-put-record", "warning", f"'{link.other.name}' asks for strict order, but only PutRecord keeps it: a batch that fails in part is sent again out of order",
                              "Set the producer to put_record", node=placed.id, wire=link.id, parameter="producer")
