"""What MSK's broker types can do and what they cost in us-east-1, and what a Serverless cluster allows."""

from __future__ import annotations

from typing import NamedTuple

from simulator.mechanics.kafka.kafka_broker import MIB, BrokerCapacity
from simulator.mechanics.kafka.kafka_quota import ServiceLimits
from simulator.vocabulary import Source

GUIDE = "https://docs.aws.amazon.com/msk/latest/developerguide"
SIZING = Source("AWS agent toolkit, managing Amazon MSK: sizing (2026-08-20)", f"{GUIDE}/bestpractices.html", "2026-11")
EXPRESS_TABLE = Source("Amazon MSK Developer Guide, best practices for Express brokers (undated 2025-26 copies; maxima from copies alone)", f"{GUIDE}/bestpractices-express.html", "2026-11", "T")
SERVERLESS_QUOTAS = Source("A copy of the Amazon MSK Developer Guide's quotas for Serverless", f"{GUIDE}/limits.html#msk-serverless-quota", "2026-11", "T")
T3_PRICE = Source("Amazon MSK pricing, us-east-1 (Infracost snapshot)", "https://aws.amazon.com/msk/pricing/", "2024-07", "T")
PRICES = Source("AWS agent toolkit, managing Amazon MSK: prices, us-east-1 (2026-08-20)", "https://aws.amazon.com/msk/pricing/", "2026-11")
SERVERLESS_PRICES = Source("Secondary source for MSK Serverless prices, us-east-1 (July 2026)", "https://aws.amazon.com/msk/pricing/", "2026-07", "T")
MB = 1_000_000
GIB = 1024**3
FREE_EBS_MIB = 250
"""MiB/s of a volume without provisioned throughput."""
DIRTY_SHARE, CACHE_SHARE = 0.1, 0.4
"""Shares of a broker's memory: written, but not on disk yet; and last written, so that reads find it. Assumptions."""


class StandardType(NamedTuple):
    """A Standard broker: vCPUs and memory as EC2's type of this name has them; MiB/s of EBS and network; partitions with their replicas."""

    vcpus: int
    memory_gib: int
    ebs_mib_per_s: float
    network_mib_per_s: float
    partitions: int
    most_partitions: int
    usd_per_h: float


class ExpressType(NamedTuple):
    """An Express broker: MB/s in and out that it sustains, and at which it throttles."""

    vcpus: int
    in_mb_per_s: float
    out_mb_per_s: float
    most_in_mb_per_s: float
    most_out_mb_per_s: float
    partitions: int
    most_partitions: int
    usd_per_h: float


STANDARD = {
    "kafka.t3.small": StandardType(2, 2, 20.7, 15.3, 300, 300, 0.0456),
    "kafka.m5.large": StandardType(2, 8, 81, 96, 1000, 1500, 0.21),
    "kafka.m5.xlarge": StandardType(4, 16, 144, 160, 1000, 1500, 0.42),
    "kafka.m5.2xlarge": StandardType(8, 32, 250, 320, 2000, 3000, 0.84),
    "kafka.m5.4xlarge": StandardType(16, 64, 594, 640, 4000, 6000, 1.68),
    "kafka.m7g.large": StandardType(2, 8, 79, 117, 1000, 1500, 0.204),
    "kafka.m7g.xlarge": StandardType(4, 16, 156, 234, 1000, 1500, 0.408),
    "kafka.m7g.2xlarge": StandardType(8, 32, 312, 469, 2000, 3000, 0.816),
    "kafka.m7g.4xlarge": StandardType(16, 64, 625, 937, 4000, 6000, 1.632),
    "kafka.m7g.8xlarge": StandardType(32, 128, 1000, 1875, 4000, 6000, 3.264),
    "kafka.m7g.16xlarge": StandardType(64, 256, 1000, 3750, 4000, 6000, 6.528),
}
"""EBS and network of kafka.t3.small are EC2's baseline from memory: AWS's sizing names none."""
EXPRESS = {
    "express.m7g.large": ExpressType(2, 15.6, 31.2, 23.4, 58.5, 1000, 1500, 0.408),
    "express.m7g.xlarge": ExpressType(4, 31.2, 62.5, 46.8, 117, 1000, 2000, 0.816),
    "express.m7g.2xlarge": ExpressType(8, 62.5, 125, 93.7, 234.2, 2500, 4000, 1.632),
    "express.m7g.4xlarge": ExpressType(16, 124.9, 249.8, 187.5, 468.7, 6000, 8000, 3.264),
    "express.m7g.8xlarge": ExpressType(32, 250, 500, 375, 937.5, 12000, 16000, 6.528),
    "express.m7g.12xlarge": ExpressType(48, 375, 750, 562.5, 1406, 16000, 24000, 9.792),
    "express.m7g.16xlarge": ExpressType(64, 500, 1000, 750, 1875, 20000, 32000, 13.056),
}
PROVISIONED = frozenset(name for name, entry in STANDARD.items() if entry.ebs_mib_per_s >= 312)
"""Types that take provisioned storage throughput: from m5.4xlarge and m7g.2xlarge on."""
UNLIMITED = 1e15


def is_express(instance_type: str) -> bool:
    """Whether this is a type of Express brokers."""
    return instance_type in EXPRESS


def standard_capacity(kind: StandardType, disk_mib_per_s: float, disk_bytes: float) -> BrokerCapacity:
    """What a Standard broker can do."""
    memory_bytes = kind.memory_gib * GIB
    return BrokerCapacity(
        kind.vcpus, memory_bytes, kind.network_mib_per_s * MIB, disk_mib_per_s * MIB, disk_bytes, DIRTY_SHARE * memory_bytes, CACHE_SHARE * memory_bytes)


def managed_capacity(cores: float) -> BrokerCapacity:
    """A broker whose storage and network AWS takes care of: only its quotas and its processors limit it."""
    return BrokerCapacity(cores, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED, UNLIMITED)


def express_limits(kind: ExpressType, partition_mb_per_s: float) -> tuple[ServiceLimits, ServiceLimits]:
    """In and out of an Express cluster; each partition has a limit for what comes in."""
    return (
        ServiceLimits(broker_bytes_per_s=kind.most_in_mb_per_s * MB, partition_bytes_per_s=partition_mb_per_s * MB, sustained_bytes_per_s=kind.in_mb_per_s * MB),
        ServiceLimits(broker_bytes_per_s=kind.most_out_mb_per_s * MB, sustained_bytes_per_s=kind.out_mb_per_s * MB),
    )


def safe_ingress_mib_per_s(kind: StandardType, fan_out: float, ebs_mib_per_s: float) -> float:
    """AWS's recommendation for a broker: what it should take from producers, with replication to three and ``fan_out`` consumers, at half its capacity."""
    return 0.5 * min(ebs_mib_per_s / 6.5, kind.network_mib_per_s / (1.5 * fan_out + 5.7))


def ceiling_mib_per_s(kind: StandardType, ebs_mib_per_s: float, brokers: int, replication_factor: int, groups: int) -> float:
    """What a cluster takes from producers at most: its disks and its networks, as AWS's right-sizing formula has it.

    The formula counts what leaves brokers; without a consumer group what comes in is more.
    """
    return min(ebs_mib_per_s * brokers / replication_factor, kind.network_mib_per_s * brokers / max(replication_factor, groups + replication_factor - 1))
