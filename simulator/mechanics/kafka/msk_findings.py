"""Mistakes in an MSK cluster and at the wires to it that can be seen before a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.engine.placement import Link, Placed
from simulator.mechanics.kafka.msk_instances import EXPRESS, PROVISIONED, STANDARD, is_express
from simulator.vocabulary import Finding


def cluster_findings(placed: Placed) -> Iterable[Finding]:
    """Mistakes in the cluster's own parameters."""
    values, name, node = placed.parameters, placed.name, placed.id
    serverless = values.cluster_type == "SERVERLESS"
    names = [topic.name for topic in values.topics]
    if len(set(names)) < len(names):
        yield Finding("topic-twice", "error", f"'{name}' has two topics of one name", "Give each topic a name of its own", node=node, parameter="topics")
    if serverless:
        partitions = sum(topic.partitions for topic in values.topics)
        if partitions > values.serverless_partitions:
            yield Finding("too-many-partitions", "error", f"'{name}' has {partitions:,} partitions; a Serverless cluster takes {values.serverless_partitions:,} (INVALID_REQUEST)", "Fewer partitions",
                          node=node, parameter="topics")
        yield from _fixed(placed, "Serverless")
        return
    if values.number_of_broker_nodes % values.availability_zones:
        yield Finding("brokers-per-zone", "error", f"'{name}' has {values.number_of_broker_nodes} brokers in {values.availability_zones} zones", "Use a multiple of the number of zones", node=node,
                      parameter="number_of_broker_nodes")
    if is_express(values.instance_type):
        if values.availability_zones != 3:
            yield Finding("express-zones", "error", f"'{name}': Express brokers are in three zones", "Use three zones", node=node, parameter="availability_zones")
        yield from _fixed(placed, "Express")
    else:
        yield from _standard(placed)
    yield from _partitions(placed)
    for operation in values.operations:
        zone = operation.kind == "zone_failure"
        most = values.availability_zones if zone else values.number_of_broker_nodes
        if operation.kind != "rolling_restart" and operation.number > most:
            yield Finding("no-such-broker", "error", f"'{name}' has no {'zone' if zone else 'broker'} {operation.number}", f"They are numbered from 1 to {most}", node=node, parameter="operations")


def _fixed(placed: Placed, what: str) -> Iterable[Finding]:
    values, node = placed.parameters, placed.id
    for field in ("default_replication_factor", "min_insync_replicas"):
        if getattr(values, field) is not None:
            yield Finding("fixed-replication", "error", f"'{placed.name}': {what} keeps three copies, two of them in sync at least, and cannot be told otherwise", "Leave it empty", node=node, parameter=field)
    for topic in values.topics:
        if topic.replication_factor not in (None, 3) or topic.min_insync_replicas not in (None, 2) or topic.unclean_leader_election == "on":
            yield Finding("fixed-replication", "error", f"Topic '{topic.name}' of '{placed.name}': {what} keeps three copies, two of them in sync at least, and elects no unclean leader",
                          "Leave these settings of the topic as they are at first", node=node, parameter="topics")


def _standard(placed: Placed) -> Iterable[Finding]:
    values, name, node = placed.parameters, placed.name, placed.id
    if values.provisioned_throughput_mib_per_s is not None and values.instance_type not in PROVISIONED:
        yield Finding("no-provisioned-throughput", "error", f"'{name}': {values.instance_type} takes no provisioned throughput", "Use kafka.m5.4xlarge, kafka.m7g.2xlarge or a larger type", node=node,
                      parameter="provisioned_throughput_mib_per_s")
    if values.stored_at_start_gib >= values.ebs_volume_size_gib:
        yield Finding("volume-full", "error", f"The volumes of '{name}' are full before the run begins", "Use larger volumes", node=node, parameter="stored_at_start_gib")
    for topic in values.topics:
        copies = topic.replication_factor or values.default_replication_factor or values.availability_zones
        least = topic.min_insync_replicas or values.min_insync_replicas or values.availability_zones - 1
        if copies > values.number_of_broker_nodes:
            yield Finding("replication-factor", "error", f"Topic '{topic.name}' of '{name}' has {copies} copies on {values.number_of_broker_nodes} brokers", "Fewer copies, or more brokers", node=node,
                          parameter="topics" if topic.replication_factor else "default_replication_factor")
        if least > copies:
            yield Finding("min-isr", "warning", f"Topic '{topic.name}' of '{name}' asks for {least} replicas in sync and has {copies}: writes with acks=all always fail", "Lower min.insync.replicas", node=node,
                          parameter="topics")
        elif copies == 1:
            yield Finding("one-copy", "warning", f"Topic '{topic.name}' of '{name}' has one copy: it is not available while its broker restarts, and lost with it", "Keep three copies", node=node,
                          parameter="topics")
        elif least == copies:
            yield Finding("min-isr", "warning", f"Topic '{topic.name}' of '{name}' needs all its {copies} replicas: while one broker restarts, writes with acks=all fail", "Let one replica be missing",
                          node=node, parameter="topics")


def _partitions(placed: Placed) -> Iterable[Finding]:
    values = placed.parameters
    kind = STANDARD.get(values.instance_type) or EXPRESS[values.instance_type]
    fixed = is_express(values.instance_type)
    replicas = sum(topic.partitions * (3 if fixed else topic.replication_factor or values.default_replication_factor or values.availability_zones) for topic in values.topics)
    each = replicas / values.number_of_broker_nodes
    if each > kind.most_partitions:
        yield Finding("too-many-partitions", "warning", f"Brokers of '{placed.name}' have {each:,.0f} partitions with replicas; beyond {kind.most_partitions:,} a {values.instance_type} can be neither updated nor reconfigured",
                      "More or larger brokers, or fewer partitions", node=placed.id, parameter="instance_type")
    elif each > kind.partitions:
        yield Finding("many-partitions", "warning", f"Brokers of '{placed.name}' have {each:,.0f} partitions with replicas; AWS recommends {kind.partitions:,} for a {values.instance_type}",
                      "More or larger brokers, or fewer partitions", node=placed.id, parameter="instance_type")


def producer_findings(placed: Placed, link: Link) -> Iterable[Finding]:
    """Mistakes at a wire into the cluster."""
    cluster, settings = placed.parameters, link.parameters
    names = [topic.name for topic in cluster.topics]
    if not hasattr(settings, "linger_s"):
        return

    def found(code: str, severity: Any, message: str, hint: str, parameter: str) -> Finding:
        return Finding(code, severity, message, hint, node=placed.id, wire=link.id, parameter=parameter)

    who = f"The producer of '{link.other.name}'"
    if settings.topic and settings.topic not in names:
        yield found("no-such-topic", "error", f"'{placed.name}' has no topic '{settings.topic}'", f"One of {', '.join(names)}", "topic")
        return
    topic = next((topic for topic in cluster.topics if topic.name == settings.topic), cluster.topics[0])
    if settings.enable_idempotence == "on" and (settings.acks != "all" or settings.max_in_flight_requests > 5 or settings.retries == 0):
        yield found("idempotence", "error", f"{who} is idempotent, which needs acks=all, at most 5 requests in flight and retries (ConfigException)", "Change these, or set idempotence to auto",
                    "enable_idempotence")
    if settings.delivery_timeout_s < settings.linger_s + settings.request_timeout_s:
        yield found("delivery-timeout", "error", f"{who}: delivery.timeout.ms is below linger.ms and request.timeout.ms together (ConfigException)", "Raise it", "delivery_timeout_s")
    if settings.max_request_size_bytes > cluster.message_max_bytes and cluster.cluster_type != "SERVERLESS":
        yield found("request-size", "warning", f"{who} makes requests that may be larger than '{placed.name}' takes: such batches are lost", "Lower max.request.size, or raise message.max.bytes",
                    "max_request_size_bytes")
    if topic.partitions * settings.batch_size_bytes > settings.buffer_memory_bytes:
        yield found("buffer-memory", "warning", f"{who} has memory for {settings.buffer_memory_bytes // max(1, settings.batch_size_bytes):,} batches, and '{topic.name}' has {topic.partitions:,} partitions: send() blocks",
                    "More buffer.memory, or a smaller batch.size", "buffer_memory_bytes")
    if topic.partitions > 1 and settings.record_key == "key" and _one_key(link.other):
        yield found("one-key", "warning", f"All messages of '{link.other.name}' have one key: they go to one of the {topic.partitions:,} partitions of '{topic.name}'", "Give them keys, or write without a key",
                    "record_key")
    if cluster.client_authentication == "IAM" and settings.producers > cluster.most_connections:
        yield found("too-many-connections", "warning", f"'{link.other.name}' has {settings.producers:,} producers; a broker takes {cluster.most_connections:,} connections with IAM", "Fewer producers",
                    "producers")


def _one_key(sender: Placed) -> bool:
    kinds = getattr(sender.parameters, "message_types", None)
    keys = {(entry.key.keys, getattr(entry.key, "value", None)) for entry in kinds} if kinds else set()
    return len(keys) == 1 and next(iter(keys))[0] == "single"
