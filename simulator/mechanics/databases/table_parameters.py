"""What a user sets on a table: how its items are accessed, its capacity, its indexes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from simulator.mechanics.distributions import Distribution, Lognormal
from simulator.mechanics.propagation import TABLE_THROUGHPUT
from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide"
API = Source("API model dynamodb, botocore 1.43.11", "https://github.com/boto/botocore", "2026")
UNITS = Source("DynamoDB Developer Guide, read and write capacity (text of 2022 to 2023)", f"{GUIDE}/HowItWorks.ReadWriteCapacityMode.html", "2026-11")
PARTITIONS = Source("DynamoDB Developer Guide, partition keys, burst and adaptive capacity (text of 2022 to 2023)", f"{GUIDE}/bp-partition-key-design.html", "2026-11")
ON_DEMAND = Source("DynamoDB Developer Guide, on-demand capacity; AWS guide, Pre-warming a table", f"{GUIDE}/on-demand-capacity-mode.html", "2026")
QUOTAS = Source("DynamoDB Developer Guide, quotas (text of 2022 to 2023)", f"{GUIDE}/ServiceQuotas.html", "2026-11")
THROTTLING = Source("DynamoDB Developer Guide, Resolving throttling, on-demand", f"{GUIDE}/TroubleshootingThrottling.html", "2026-11")
METRICS = Source("DynamoDB Developer Guide, metrics and dimensions (text of 2022 to 2023)", f"{GUIDE}/metrics-dimensions.html", "2026-11")
MEMORY = Source("From memory: single-digit milliseconds", f"{GUIDE}/Introduction.html", "2026-11", "M")
UNPUBLISHED = Source("From memory: AWS publishes no figure", f"{GUIDE}/bp-partition-key-design.html", "2026-11", "M")
PRICES = Source("AWS price list, us-east-1, snapshot of August 2026", "https://aws.amazon.com/dynamodb/pricing/", "2026-08")
PRICES_TOLD = Source("Third parties: halved in November 2024; agrees with the price list", "https://aws.amazon.com/dynamodb/pricing/", "2026-11", "T")
OURS = "CloudWatch has no such metric."

MOST_PARTITIONS = 10_000
MOST_SHARDS = 200
"""Shards of the stream, at most: beyond it several partitions share one."""
STREAM_RETENTION_S = 86_400.0
UNLIMITED = 1e12
READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
TABLE_LIMIT_PER_S = 40_000.0
Operation = Literal["GetItem", "PutItem", "UpdateItem", "DeleteItem", "TransactGetItems", "TransactWriteItems", "OptimisticUpdate"]
READS = frozenset({"GetItem", "TransactGetItems"})
CALLED: Mapping[str, Operation] = {
    "dynamodb:GetItem": "GetItem", "dynamodb:Query": "GetItem", "dynamodb:PutItem": "PutItem", "dynamodb:UpdateItem": "UpdateItem", "dynamodb:DeleteItem": "DeleteItem",
}
"""What a port that calls one operation alone does, as a Task state of a state machine."""

REASONS = {
    "provisioned_throughput": "ProvisionedThroughputExceeded", "on_demand_ramp": "more than twice the previous peak", "max_on_demand_throughput": "MaxOnDemandThroughputExceeded",
    "hot_partition": "KeyRangeThroughputExceeded", "index_throughput": "an index's ProvisionedThroughputExceeded",
}


class Access(ParameterSet):
    """What messages of some types do to the table."""

    message_type: str = parameter("*", "Name of the message type; * stands for anything.", title="Message type", section="Access", min_length=1, max_length=100)
    operation: Operation = parameter(
        "PutItem", "The API action. OptimisticUpdate reads an item, and writes it on the condition that no one else has meanwhile; if someone has, the caller has to read again.",
        title="Operation", section="Access")
    consistent_read: bool = parameter(
        False, "Strongly consistent reads cost one unit for 4 KB, others half of it.", title="Consistent read", section="Access", aws="ConsistentRead", source=UNITS)
    item_bytes: int | None = parameter(None, "Size of the item. Empty: that of the message.", title="Item size", unit="bytes", section="Access", ge=1, le=409_600)
    read_to_write: Distribution = parameter(
        lambda: Lognormal(p50_s=0.02, p99_s=0.1), "OptimisticUpdate: time from reading the item to writing it, the ways to the caller and back included.", title="Between read and write",
        unit="s", section="Access", widget="distribution", advanced=True)


class SecondaryIndex(ParameterSet):
    """A global secondary index. When it cannot keep up, the table's own writes are throttled."""

    name: str = parameter("index", "Name of the index.", title="Name", section="Index", min_length=1, max_length=255)
    write_units_per_s: float = parameter(
        5, "Its own provisioned write capacity.", title="Write capacity", unit="per_s", section="Index", aws="WriteCapacityUnits", ge=1, le=40_000, source=API, capacity=True)
    touched_share: float = parameter(1, "Share of the table's writes that change it.", title="Share of writes", unit="share", section="Index", ge=0, le=1)


class TableParameters(ParameterSet):
    """A table."""

    billing_mode: Literal["PROVISIONED", "PAY_PER_REQUEST"] = parameter(
        "PROVISIONED", "Capacity bought by the hour, or each request paid.", title="Billing mode", section="Capacity", aws="BillingMode", source=API)
    read_units_per_s: float = parameter(
        5, "Provisioned read capacity: a unit is a strongly consistent read of up to 4 KB a second. AWS has no default.", title="Read capacity", unit="per_s", section="Capacity",
        aws="ReadCapacityUnits", ge=1, le=1_000_000, source=API, changeable=TABLE_THROUGHPUT, capacity=True)
    write_units_per_s: float = parameter(
        5, "Provisioned write capacity: a unit is a write of up to 1 KB a second. AWS has no default.", title="Write capacity", unit="per_s", section="Capacity",
        aws="WriteCapacityUnits", ge=1, le=1_000_000, source=API, changeable=TABLE_THROUGHPUT, capacity=True)
    max_read_units_per_s: float | None = parameter(
        None, "On demand: no more than this. Empty: no maximum.", title="Maximum reads on demand", unit="per_s", section="Capacity", aws="MaxReadRequestUnits", ge=1, le=1_000_000, source=API,
        capacity=True)
    max_write_units_per_s: float | None = parameter(
        None, "On demand: no more than this. Empty: no maximum.", title="Maximum writes on demand", unit="per_s", section="Capacity", aws="MaxWriteRequestUnits", ge=1, le=1_000_000, source=API,
        capacity=True)
    warm_read_units_per_s: float = parameter(
        12_000, "On demand: reads a second that the table takes at once: 12,000 if it is new, twice its previous peak, or what it was warmed to.", title="Warm reads", unit="per_s",
        section="Capacity", aws="WarmThroughput", ge=1, le=1_000_000, source=ON_DEMAND, advanced=True, capacity=True)
    warm_write_units_per_s: float = parameter(
        4_000, "On demand: writes a second that the table takes at once: 4,000 if it is new, twice its previous peak, or what it was warmed to.", title="Warm writes", unit="per_s",
        section="Capacity", aws="WarmThroughput", ge=1, le=1_000_000, source=ON_DEMAND, advanced=True, capacity=True)
    doubling_s: float = parameter(
        1800, "On demand: faster than doubling within this time may throttle.", title="Doubles in", unit="s", section="Capacity", gt=0, le=86400, source=ON_DEMAND, advanced=True)
    accesses: tuple[Access, ...] = parameter(
        (), "What message types do to the table; the first entry that fits counts. Otherwise a type whose name begins with GET reads (eventually consistent), and every other one writes.",
        title="Accesses", section="Accesses", max_length=100)
    indexes: tuple[SecondaryIndex, ...] = parameter((), "Global secondary indexes with provisioned capacity.", title="Global secondary indexes", section="Accesses", max_length=20)
    partitions: int | None = parameter(
        None, "Partitions at the start. Empty: as many as the capacity needs.", title="Partitions", unit="count", section="Partitions", ge=1, le=10_000, advanced=True, capacity=True)
    partition_read_units_per_s: float = parameter(
        3_000, "Reads a second of one partition, hot key included.", title="Reads of a partition", unit="per_s", section="Partitions", ge=1, le=1_000_000, source=PARTITIONS, advanced=True,
        capacity=True)
    partition_write_units_per_s: float = parameter(
        1_000, "Writes a second of one partition, hot key included. Reads and writes throttle by themselves; AWS re:Post speaks of a combination of both.", title="Writes of a partition",
        unit="per_s", section="Partitions", ge=1, le=1_000_000, source=PARTITIONS, advanced=True, capacity=True)
    burst_s: float = parameter(
        300, "So many seconds of unused capacity are kept, best effort.", title="Burst capacity", unit="s", section="Partitions", ge=0, le=300, source=PARTITIONS, advanced=True)
    split_after_s: float = parameter(
        300, "A partition that is hot for so long is split in two. A single key stays on one. AWS publishes no figure.", title="Split after", unit="s", section="Partitions", gt=0, le=86400,
        source=UNPUBLISHED, advanced=True)
    latency: Distribution = parameter(
        lambda: Lognormal(p50_s=0.004, p99_s=0.0099), "Time of one request in the service.", title="Latency", unit="s", section="Latency", widget="distribution", source=MEMORY, changeable=True)


class ErrorsParameters(ParameterSet):
    """How much fails."""

    share: float = parameter(0.5, "Share of the requests that are answered HTTP 500.", title="Share that fails", unit="share", ge=0, le=1)


class SlowsParameters(ParameterSet):
    """How much slower."""

    factor: float = parameter(10, "Requests take so many times longer.", title="Factor", unit="times", gt=0, le=1000)
