"""What can be set of an MSK cluster."""

from __future__ import annotations

from typing import Literal

from simulator.mechanics.distributions import Constant, Distribution, Uniform
from simulator.mechanics.kafka.kafka_operations import Operation
from simulator.mechanics.kafka.kafka_topics import TopicParameters
from simulator.mechanics.kafka.msk_instances import EXPRESS_TABLE, GUIDE, SERVERLESS_QUOTAS, SIZING
from simulator.vocabulary import ParameterSet, Source, parameter

API = Source("Amazon MSK API reference", "https://docs.aws.amazon.com/msk/1.0/apireference/clusters.html", "2026-11")
CONFIGURATION = Source("Amazon MSK Developer Guide, default configuration (undated 2025-26 copy)", f"{GUIDE}/msk-default-configuration.html", "2026-11")
OPERATIONS = Source("AWS agent toolkit, managing Amazon MSK: operations (2026-08-20)", f"{GUIDE}/bestpractices.html", "2026-11")
KAFKA = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), configuration classes", "https://kafka.apache.org/documentation/#brokerconfigs", "2026-11")
FROM_MEMORY = Source("Apache Kafka's broker configuration, from memory", "https://kafka.apache.org/documentation/#brokerconfigs", "2026-11", "M")
UNPUBLISHED = Source("Not published by AWS; an assumption to change", f"{GUIDE}/bestpractices.html", "2026-11", "M")

InstanceType = Literal[
    "kafka.t3.small", "kafka.m5.large", "kafka.m5.xlarge", "kafka.m5.2xlarge", "kafka.m5.4xlarge", "kafka.m7g.large", "kafka.m7g.xlarge", "kafka.m7g.2xlarge", "kafka.m7g.4xlarge",
    "kafka.m7g.8xlarge", "kafka.m7g.16xlarge", "express.m7g.large", "express.m7g.xlarge", "express.m7g.2xlarge", "express.m7g.4xlarge", "express.m7g.8xlarge", "express.m7g.12xlarge",
    "express.m7g.16xlarge"]


class ClusterParameters(ParameterSet):
    """A cluster."""

    cluster_type: Literal["PROVISIONED", "SERVERLESS"] = parameter(
        "PROVISIONED", "PROVISIONED: brokers of a type that you choose, Standard (kafka.) or Express (express.). SERVERLESS: no brokers to choose; 200 MB/s in and 400 MB/s out.", title="Cluster type",
        section="Brokers", aws="ClusterType", source=API)
    instance_type: InstanceType = parameter(
        "kafka.m7g.large", "Decides vCPUs, network, disk throughput and how many partitions a broker should have. A change in a run restarts the brokers one after the other.", title="Broker type",
        section="Brokers", aws="InstanceType", source=SIZING, changeable=True)
    number_of_broker_nodes: int = parameter(
        3, "Brokers, spread evenly over the zones: a multiple of their number.", title="Brokers", unit="count", section="Brokers", aws="NumberOfBrokerNodes", ge=2, le=90, source=SIZING, capacity=True)
    availability_zones: Literal[2, 3] = parameter(
        3, "Zones of the brokers. It decides the defaults of the replication factor (3 or 2) and of min.insync.replicas (2 or 1).", title="Availability zones", section="Brokers", source=CONFIGURATION)
    topics: tuple[TopicParameters, ...] = parameter(
        lambda: (TopicParameters(partitions=6),), "Topics of the cluster.", title="Topics", section="Topics", min_length=1, max_length=100)
    message_max_bytes: int = parameter(
        1_048_588, "Largest batch, compressed, that a broker takes; 8 MiB on Serverless.", title="Largest batch", unit="bytes", section="Topics", aws="message.max.bytes", ge=100, le=2**30,
        source=KAFKA, advanced=True)
    default_replication_factor: int | None = parameter(
        None, "Copies of topics that say nothing else. Empty: as many as there are zones.", title="Default replication factor", section="Replication", aws="default.replication.factor", ge=1, le=15,
        source=CONFIGURATION)
    min_insync_replicas: int | None = parameter(
        None, "Of topics that say nothing else. Empty: 2 in three zones, 1 in two.", title="Least in-sync replicas", section="Replication", aws="min.insync.replicas", ge=1, le=15, source=CONFIGURATION)
    unclean_leader_election: bool = parameter(
        True, "When no replica in sync is left, another may lead, and what it lacks is lost. Never on Express and Serverless.", title="Unclean leader election", section="Replication",
        aws="unclean.leader.election.enable", source=CONFIGURATION)
    replica_lag_time_max_s: float = parameter(
        30, "A follower that is so late is not in sync any more.", title="Replica lag", unit="s", section="Replication", aws="replica.lag.time.max.ms", ge=0.1, le=3600, source=CONFIGURATION, advanced=True)
    replication_latency: Distribution = parameter(
        lambda: Constant(value_s=0.002), "From the leader's append until it knows that a follower in another zone has the record, beside the time of networks and disks.", title="Replication latency",
        unit="s", section="Replication", widget="distribution", source=UNPUBLISHED, advanced=True)
    failure_detection_s: float = parameter(
        9, "Until the controller knows that a broker failed without a word (broker.session.timeout.ms of KRaft).", title="Failure detection", unit="s", section="Replication", ge=0, le=3600,
        source=FROM_MEMORY, advanced=True)
    leader_election_s: float = parameter(
        1, "Until a new leader takes requests, once the controller has decided. AWS says that leaders move in seconds, with latencies up to 2 s.", title="Leader election", unit="s",
        section="Replication", ge=0, le=600, source=OPERATIONS, advanced=True)
    leader_rebalance_s: float = parameter(
        300, "How often leaders are moved back to the preferred brokers.", title="Leader rebalance", unit="s", section="Replication", aws="leader.imbalance.check.interval.seconds", ge=1, le=86400,
        source=FROM_MEMORY, advanced=True)
    ebs_volume_size_gib: float = parameter(
        1000, "Volume of each Standard broker. A larger one comes in a run too; a smaller one never does.", title="Volume (GiB)", section="Storage", aws="VolumeSize", ge=1, le=16_384, source=SIZING,
        changeable=True, capacity=True)
    stored_at_start_gib: float = parameter(
        0, "What each volume holds before the run begins, and retention does not delete.", title="Stored at the start (GiB)", section="Storage", ge=0, le=16_384)
    provisioned_throughput_mib_per_s: float | None = parameter(
        None, "Provisioned storage throughput of each broker, 250 MiB/s or more, from kafka.m5.4xlarge or kafka.m7g.2xlarge on. Empty: 250 MiB/s at most.", title="Provisioned throughput (MiB/s)",
        section="Storage", aws="ProvisionedThroughput.VolumeThroughput", ge=250, le=2375, source=SIZING)
    storage_autoscaling: bool = parameter(
        False, "Volumes grow by a tenth, 10 GiB at least, when one reaches the target; once in 6 hours.", title="Storage auto-scaling", section="Storage", source=OPERATIONS)
    storage_target_share: float = parameter(
        0.6, "How full a volume is when it grows.", title="Grows at", unit="share", section="Storage", ge=0.1, le=0.8, source=OPERATIONS, advanced=True)
    storage_most_gib: float = parameter(
        16_384, "Volumes grow to this size at most.", title="Grows to (GiB)", section="Storage", ge=1, le=16_384, source=SIZING, advanced=True)
    retention_check_interval_s: float = parameter(
        300, "How often retention looks for segments to delete.", title="Retention check", unit="s", section="Storage", aws="log.retention.check.interval.ms", ge=1, le=86400, source=KAFKA, advanced=True)
    restart: Distribution = parameter(
        lambda: Uniform(low_s=300, high_s=900), "Until a broker that restarts, or was replaced, is back: 5 to 15 minutes.", title="Broker restart", unit="s", section="Operation", widget="distribution",
        source=OPERATIONS)
    operations: tuple[Operation, ...] = parameter(
        (), "Failures, restarts and patching at set times.", title="Operations", section="Operation", widget="json", max_length=50)
    client_authentication: Literal["IAM", "OTHER"] = parameter(
        "IAM", "With IAM, a broker takes a limited number of connections.", title="Authentication", section="Connections", aws="ClientAuthentication", source=SIZING)
    most_connections: int = parameter(
        3000, "Connections that a broker takes with IAM, and that a Serverless cluster takes. A client has one to each broker that leads a partition of its topics.", title="Connections", unit="count",
        section="Connections", ge=1, le=1_000_000, source=SIZING, advanced=True)
    new_connections: float | None = parameter(
        None, "New connections a second that a broker takes with IAM. Empty: 100, and 4 for kafka.t3.small.", title="New connections a second", section="Connections", ge=0.1, le=1e6, source=SIZING,
        advanced=True)
    express_partition_mb_per_s: float = parameter(
        15, "Express: MB/s that one partition takes.", title="MB a partition takes a second", section="Express", gt=0, le=1000, source=EXPRESS_TABLE, advanced=True)
    express_degraded_s: float = parameter(
        0.05, "Express: what a request takes longer at a broker that does more than it sustains. AWS says that latency is degraded, and names no figure.", title="Degraded latency", unit="s",
        section="Express", ge=0, le=60, source=UNPUBLISHED, advanced=True)
    serverless_in_mb_per_s: float = parameter(
        200, "Serverless: MB/s that the cluster takes.", title="MB in a second", section="Serverless", gt=0, le=1e5, source=SERVERLESS_QUOTAS, advanced=True)
    serverless_out_mb_per_s: float = parameter(
        400, "Serverless: MB/s that the cluster gives.", title="MB out a second", section="Serverless", gt=0, le=1e5, source=SERVERLESS_QUOTAS, advanced=True)
    serverless_partition_in_mb_per_s: float = parameter(
        5, "Serverless: MB/s that a partition takes.", title="MB a partition takes a second", section="Serverless", gt=0, le=1000, source=SERVERLESS_QUOTAS, advanced=True)
    serverless_partition_out_mb_per_s: float = parameter(
        10, "Serverless: MB/s that a partition gives.", title="MB a partition gives a second", section="Serverless", gt=0, le=1000, source=SERVERLESS_QUOTAS, advanced=True)
    serverless_requests: float = parameter(
        15_000, "Serverless: requests a second.", title="Requests a second", section="Serverless", gt=0, le=1e7, source=SERVERLESS_QUOTAS, advanced=True)
    serverless_partitions: int = parameter(
        2400, "Serverless: leader partitions of topics that are not compacted.", title="Partitions", unit="count", section="Serverless", ge=1, le=1_000_000, source=SERVERLESS_QUOTAS, advanced=True)
    num_io_threads: int = parameter(
        8, "Request threads of a broker; more than there are vCPUs do not work faster.", title="Request threads", unit="count", section="Capacity", aws="num.io.threads", ge=1, le=1000,
        source=CONFIGURATION, advanced=True)
    cpu_per_request_s: float = parameter(
        0.0002, "Processor time of a request, whatever is in it. AWS publishes none.", title="CPU a request", unit="s", section="Capacity", ge=0, le=1, source=UNPUBLISHED, advanced=True)
    cpu_per_mib_s: float = parameter(
        0.01, "Processor time of a MiB that is written or read. AWS publishes none.", title="CPU a MiB", unit="s", section="Capacity", ge=0, le=10, source=UNPUBLISHED, advanced=True)
    client_cross_zone_share: float | None = parameter(
        None, "Share of client traffic that crosses zones, and is paid for. Empty: (zones - 1) / zones, as for clients that do not mind where leaders are.", title="Cross-zone traffic", unit="share",
        section="Price", ge=0, le=1, source=SIZING, advanced=True)
