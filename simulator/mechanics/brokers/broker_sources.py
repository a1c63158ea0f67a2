"""Where the facts about Amazon MQ for ActiveMQ are from, and what its instance types have."""

from __future__ import annotations

from typing import NamedTuple

from simulator.vocabulary import Source

GUIDE = "https://docs.aws.amazon.com/amazon-mq/latest/developer-guide"
API = Source("Amazon MQ API model (botocore 1.43.11)", "https://docs.aws.amazon.com/amazon-mq/latest/api-reference/brokers.html", "2026-11")
LIMITS = Source("Amazon MQ Developer Guide, quotas", f"{GUIDE}/amazon-mq-limits.html", "2026-11")
INSTANCES = Source("Amazon MQ Developer Guide, broker instance types", f"{GUIDE}/broker-instance-types.html", "2026-11")
STORAGE = Source("Amazon MQ Developer Guide, storage types", f"{GUIDE}/broker-storage.html", "2022-05")
IMPLIED = Source("Derived from the throughput of one producer that the Amazon MQ Developer Guide gives", f"{GUIDE}/broker-storage.html", "2022-05", "D")
CONFIGURATION = Source("Amazon MQ Developer Guide, elements and attributes permitted in configurations", f"{GUIDE}/permitted-attributes.html", "2022-05")
DEFAULT_XML = Source("A copy of Amazon MQ's default configuration", f"{GUIDE}/amazon-mq-broker-configuration-parameters.html", "2026-11", "T")
METRICS = Source("Amazon MQ Developer Guide, CloudWatch metrics for ActiveMQ brokers", f"{GUIDE}/activemq-logging-monitoring.html", "2022-05")
FAILOVER = Source("Amazon MQ Developer Guide, active/standby broker (no figure published)", f"{GUIDE}/active-standby-broker-deployment.html", "2022-05", "M")
MAINTENANCE = Source("Amazon MQ Developer Guide, maintenance window", f"{GUIDE}/maintaining-brokers.html", "2026-11")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/broker-instance-types.html", "2026-11", "M")
PRICING = Source("Amazon MQ pricing, us-east-1 (Infracost snapshot)", "https://aws.amazon.com/amazon-mq/pricing/", "2024-07", "T")


class Instance(NamedTuple):
    """What an instance type has, and how much AWS lets it use."""

    vcpus: int
    memory_gib: float
    connections: int
    storage_gb: int
    temp_gb: int
    usd_per_h: float


INSTANCE_TYPES = {
    "mq.t3.micro": Instance(2, 1, 300, 20, 5, 0.027),
    "mq.m5.large": Instance(2, 8, 2000, 200, 50, 0.288),
    "mq.m5.xlarge": Instance(4, 16, 2000, 200, 50, 0.576),
    "mq.m5.2xlarge": Instance(8, 32, 2000, 200, 50, 1.152),
    "mq.m5.4xlarge": Instance(16, 64, 2000, 200, 50, 2.304),
}
SYNC_S = {"EBS": 1 / 500, "EFS": 1 / 80}
THROUGHPUT_BYTES_PER_S = {"EBS": 500 * 100_000, "EFS": 80 * 100_000}
