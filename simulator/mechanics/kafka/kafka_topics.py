"""Topics of a Kafka cluster: what can be set for each, and how their partitions are spread over brokers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulator.vocabulary import ParameterSet, Source, parameter

KAFKA = Source("Apache Kafka trunk (4.0-SNAPSHOT, 2024-10-25), configuration classes", "https://kafka.apache.org/documentation/#topicconfigs", "2026-11")
DEFAULTS = Source("Amazon MSK Developer Guide, default configuration (undated 2025-26 copy)", "https://docs.aws.amazon.com/msk/latest/developerguide/msk-default-configuration.html", "2026-11")
WEEK_S = 604_800.0
GIB = 1024**3


class TopicParameters(ParameterSet):
    """A topic."""

    name: str = parameter("events", "Name of the topic; wires name it.", title="Topic", section="Topic", min_length=1, max_length=249, pattern=r"^[a-zA-Z0-9._-]+$")
    partitions: int = parameter(
        1, "Each has a leader of its own and one consumer in a group: this is the parallelism. More partitions send keys elsewhere.", title="Partitions", unit="count", section="Topic",
        aws="num.partitions", ge=1, le=10_000, source=DEFAULTS, capacity=True)
    replication_factor: int | None = parameter(
        None, "Brokers that keep a copy. Empty: the cluster's default.", title="Replication factor", section="Durability", aws="replication.factor", ge=1, le=15, source=DEFAULTS)
    min_insync_replicas: int | None = parameter(
        None, "With acks=all, writes fail (NotEnoughReplicas) while fewer copies are in sync. Empty: the cluster's default.", title="Least in-sync replicas", section="Durability",
        aws="min.insync.replicas", ge=1, le=15, source=DEFAULTS)
    unclean_leader_election: Literal["cluster", "on", "off"] = parameter(
        "cluster", "A copy that is not in sync may become leader, and what it lacks is lost. cluster: as the cluster says.", title="Unclean leader election", section="Durability",
        aws="unclean.leader.election.enable", source=DEFAULTS)
    retention_s: float | None = parameter(
        WEEK_S, "Segments whose last record is older are deleted, read or not. Empty: kept for ever.", title="Retention", unit="s", section="Retention", aws="retention.ms", ge=1, le=1e10,
        source=KAFKA)
    retention_bytes: float | None = parameter(
        None, "Of each partition: the oldest segments are deleted as long as so much is left. Empty: no limit.", title="Retained bytes", unit="bytes", section="Retention", aws="retention.bytes",
        ge=1, le=1e15, source=KAFKA)
    segment_bytes: float = parameter(
        GIB, "Size of a file of the log; retention deletes whole files.", title="Segment", unit="bytes", section="Retention", aws="segment.bytes", ge=14, le=2**31 - 1, source=KAFKA, advanced=True)
    segment_s: float = parameter(
        WEEK_S, "A file is closed after this time, full or not.", title="Segment age", unit="s", section="Retention", aws="segment.ms", ge=1, le=1e10, source=KAFKA, advanced=True)


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """A topic with the cluster's defaults filled in."""

    name: str
    partitions: int
    replication_factor: int
    min_insync_replicas: int
    unclean_leader_election: bool
    retention_s: float | None
    retention_bytes: float | None
    segment_bytes: float
    segment_s: float


def settle_topic(topic: TopicParameters, replication_factor: int, min_insync_replicas: int, unclean: bool) -> TopicSettings:
    """``topic`` with these defaults of the cluster."""
    return TopicSettings(
        topic.name, topic.partitions, topic.replication_factor or replication_factor, topic.min_insync_replicas or min_insync_replicas,
        unclean if topic.unclean_leader_election == "cluster" else topic.unclean_leader_election == "on", topic.retention_s, topic.retention_bytes, topic.segment_bytes, topic.segment_s)


def replica_brokers(partition: int, first: int, brokers: int, replication_factor: int) -> list[int]:
    """The brokers (from 1) of a partition: leaders go round the brokers, and so do the followers, as Kafka spreads them.

    Broker n is in zone n mod zones, so that copies on neighbours are in different zones. ``first`` is where the topic begins.
    """
    lead = (partition + first) % brokers
    return [(lead + place) % brokers + 1 for place in range(replication_factor)]
