"""Amazon MSK: Apache Kafka, with topics in partitions that brokers lead, replicate, and keep for as long as retention says.

Producers gather batches for each partition; brokers append them, followers copy them, and consumers read what all in-sync
replicas have, each group from a position of its own. Kafka refuses nothing for lack of capacity: requests wait, producers'
memory fills, and clients above their quotas are told to wait. A broker that stops hands its partitions to others. Tiered
storage, transactions and compacted topics are not modelled.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Placed
from simulator.measures import Gauge
from simulator.mechanics.kafka.kafka_batches import KafkaProducerParameters
from simulator.mechanics.kafka.kafka_broker import MIB, Broker, BrokerCapacity
from simulator.mechanics.kafka.kafka_cluster import KafkaCluster
from simulator.mechanics.kafka.kafka_operations import BrokerChoice, BrokerOperations, ZoneChoice
from simulator.mechanics.kafka.kafka_quota import ClusterQuotas, ServiceLimits
from simulator.mechanics.kafka.kafka_replication import ReplicationSettings
from simulator.mechanics.kafka.kafka_storage import ClusterStorage, StorageSettings
from simulator.mechanics.kafka.kafka_topics import TopicParameters, TopicSettings, settle_topic
from simulator.mechanics.kafka.msk_figures import ClusterFigures
from simulator.mechanics.kafka.msk_findings import cluster_findings, producer_findings
from simulator.mechanics.kafka.msk_instances import (
    EXPRESS,
    EXPRESS_TABLE,
    FREE_EBS_MIB,
    GIB,
    GUIDE,
    MB,
    PRICES,
    SERVERLESS_PRICES,
    SERVERLESS_QUOTAS,
    SIZING,
    STANDARD,
    T3_PRICE,
    express_limits,
    is_express,
    managed_capacity,
    safe_ingress_mib_per_s,
    standard_capacity,
)
from simulator.mechanics.kafka.msk_parameters import ClusterParameters
from simulator.mechanics.token_bucket import TokenBucket
from simulator.units import format_count, format_duration, format_quantity, format_rate
from simulator.vocabulary import (
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    PartFigure,
    Picture,
    Port,
    Price,
    Quota,
    Source,
    Verb,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network

METRICS = Source("Amazon MSK Developer Guide, metrics (undated 2025-26 copy)", f"{GUIDE}/metrics-details.html", "2026-11")
HOUR_S = 3600.0
MONTH_S = 730 * HOUR_S
GROWTH_PAUSE_S = 6 * HOUR_S
USED_UP = 0.98
BUSIEST = {
    "cpu": "The processors of the busiest broker are", "disk": "The disk throughput of the busiest broker is", "network": "The network of the busiest broker is",
}
SERVERLESS_MESSAGE_BYTES = 8 * MIB
THROTTLED = {
    "client": "a client quota", "partition": "the limit of a partition", "broker": "the limit of a broker", "cluster": "the limit of the cluster", "requests": "the cluster's requests a second",
    "request_percentage": "its quota of request time",
}


class Msk(KafkaCluster):
    """A cluster."""

    kind = "msk"
    title = "MSK cluster"
    short_title = "MSK"
    neutral_title = "Kafka cluster"
    group = "Analytics"
    icon = "architecture-service/AmazonManagedStreamingforApacheKafka"
    summary = "Apache Kafka: keeps records in the partitions of topics, replicated over brokers, for any number of consumer groups."
    documentation_url = f"{GUIDE}/what-is-msk.html"
    Parameters = ClusterParameters
    ports = (
        Port("in", "Records in", Direction.IN, Verb.SEND, frozenset({"kafka-cluster:WriteData"}), "Applications produce records here, each wire to one topic.",
             wire_title="Producer", wire_parameters=KafkaProducerParameters),
        Port("out", "Records", Direction.OUT, Verb.POLL, frozenset({"kafka-cluster:ReadData"}), "Each consumer group reads all records of its topics, from a position of its own."),
    )
    quotas = (
        Quota("brokers", "Brokers", 90, "count", "account", True, SIZING),
        Quota("brokers_zookeeper", "Brokers of a cluster with ZooKeeper", 30, "count", "cluster", True, SIZING),
        Quota("brokers_kraft", "Brokers of a cluster with KRaft", 60, "count", "cluster", True, SIZING),
        Quota("volume", "Volume of a Standard broker", 16_384 * GIB, "bytes", "broker", False, SIZING, "1 GiB at least"),
        Quota("connections", "Connections with IAM", 3000, "count", "broker", False, SIZING),
        Quota("new_connections", "New connections with IAM", 100, "per_s", "broker", False, SIZING, "4 for kafka.t3.small"),
        Quota("express_partition", "Express: bytes a partition takes a second", 15 * MB, "bytes", "partition and second", False, EXPRESS_TABLE),
        Quota("serverless_in", "Serverless: bytes in a second", 200 * MB, "bytes", "cluster and second", False, SERVERLESS_QUOTAS),
        Quota("serverless_out", "Serverless: bytes out a second", 400 * MB, "bytes", "cluster and second", False, SERVERLESS_QUOTAS),
        Quota("serverless_partition_in", "Serverless: bytes a partition takes a second", 5 * MB, "bytes", "partition and second", False, SERVERLESS_QUOTAS),
        Quota("serverless_partition_out", "Serverless: bytes a partition gives a second", 10 * MB, "bytes", "partition and second", False, SERVERLESS_QUOTAS),
        Quota("serverless_partitions", "Serverless: leader partitions", 2400, "count", "cluster", False, SERVERLESS_QUOTAS, "120 of compacted topics; INVALID_REQUEST"),
        Quota("serverless_connections", "Serverless: connections", 3000, "count", "cluster", False, SERVERLESS_QUOTAS, "100 attempts a second; closed"),
        Quota("serverless_message", "Serverless: largest message", 8 * MIB, "bytes", "message", False, SERVERLESS_QUOTAS, "INVALID_REQUEST"),
        Quota("serverless_fetch", "Serverless: bytes of a fetch", 55 * MB, "bytes", "request", False, SERVERLESS_QUOTAS, "INVALID_REQUEST"),
        Quota("serverless_requests", "Serverless: requests a second", 15_000, "per_s", "cluster", False, SERVERLESS_QUOTAS, "slowdown"),
        Quota("serverless_groups", "Serverless: consumer groups", 500, "count", "cluster", False, SERVERLESS_QUOTAS, "JoinGroup fails"),
        Quota("serverless_changes", "Serverless: partitions created or deleted in 5 minutes", 250, "count", "cluster", False, SERVERLESS_QUOTAS, "THROUGHPUT_QUOTA_EXCEEDED"),
    )
    metrics = (
        Metric("MessagesInPerSec", "Messages in", "messages", "sum", "Records that leaders appended.", "messages_in", METRICS, True, "rates"),
        Metric("BytesInPerSec", "Bytes in", "bytes", "sum", "Bytes from clients.", "bytes_in", METRICS, True, "size"),
        Metric("BytesOutPerSec", "Bytes out", "bytes", "sum", "Bytes to clients.", "bytes_out", METRICS, True, "size"),
        Metric("ReplicationBytesInPerSec", "Replication in", "bytes", "sum", "Bytes that brokers copied from each other.", "replication_bytes", METRICS, False, "size"),
        Metric("ProduceTotalTimeMsMean", "Produce time", "s", "spread", "From a produce request to its answer, at the broker and on the way there. Shown in seconds.", "produce_times", METRICS, True, "latency"),
        Metric("FetchConsumerTotalTimeMsMean", "Fetch time", "s", "spread", "Time of consumers' fetches at the broker, without their wait for records. Shown in seconds.", "fetch_times", METRICS, False, "latency"),
        Metric("CpuUser", "CPU", "share", "gauge", "Share of the processors of the busiest broker that is used. All of it is shown here, and none as CpuSystem; AWS asks to keep both together below 60 %.", "cpu_user", METRICS, True, "use", limit="cpu"),
        Metric("RequestHandlerAvgIdlePercent", "Request handlers idle", "share", "gauge", "Share of the time that request handlers of the busiest broker are idle.", "handler_idle", METRICS, False, "use"),
        Metric("DiskThroughputShare", "Disk throughput", "share", "gauge", "Share of its disk's throughput that the busiest broker uses. CloudWatch has no such metric.", "disk_share", None, True, "use", limit="disk"),
        Metric("NetworkShare", "Network", "share", "gauge", "Share of its network that the busiest broker uses. CloudWatch has no such metric.", "network_share", None, True, "use", limit="network"),
        Metric("KafkaDataLogsDiskUsed", "Disk used", "share", "gauge", "How full the fullest volume is. Not on Express and Serverless.", "storage_share", METRICS, True, "space", limit="storage"),
        Metric("StorageUsed", "Stored", "bytes", "gauge", "Bytes stored, without replicas.", "stored", METRICS, False, "size"),
        Metric("UnderReplicatedPartitions", "Under-replicated", "count", "gauge", "Partitions of which a replica is not in sync, or down.", "under_replicated", METRICS, True, "trouble"),
        Metric("UnderMinIsrPartitionCount", "Under min ISR", "count", "gauge", "Partitions that take no writes with acks=all.", "under_min_isr", METRICS, False, "trouble"),
        Metric("OfflinePartitionsCount", "Offline partitions", "count", "gauge", "Partitions without a leader.", "offline", METRICS, True, "trouble"),
        Metric("ProduceThrottleTime", "Produce throttle time", "s", "sum", "Throttle times told to producers, added up. Shown in seconds.", "produce_throttled_s", METRICS, True, "throttles"),
        Metric("FetchThrottleTime", "Fetch throttle time", "s", "sum", "Throttle times told to consumers, added up. Shown in seconds.", "fetch_throttled_s", METRICS, False, "throttles"),
        Metric("ConnectionCount", "Connections", "count", "gauge", "Connections of clients to all brokers.", "connections", METRICS, False, "concurrency"),
        Metric("GlobalPartitionCount", "Partitions", "count", "gauge", "Partitions of all topics, without replicas.", "partition_count", METRICS, False, "concurrency"),
        Metric("LeaderElections", "Leader elections", "count", "sum", "Leaders elected. CloudWatch has no such metric.", "elections", None, False, "trouble"),
        Metric("ProduceRequests", "Produce requests", "requests", "sum", "Produce requests that came. CloudWatch has no such metric.", "produce_requests", None, False, "calls"),
        Metric("RecordsRetried", "Tried again", "count", "sum", "Batches that producers put back for another try. CloudWatch has no such metric; it is record-retry-total of the producer, in batches.", "retried", None, False, "trouble"),
        Metric("RecordsWaitingToBeSent", "In producers", "messages", "gauge", "Messages that producers hold, or whose send() is blocked. CloudWatch has no such metric.", "in_producers", None, True, "backlog"),
        Metric("SendsBlocked", "Blocked in send()", "messages", "gauge", "Messages that wait in the application because buffer.memory is used up. CloudWatch has no such metric.", "blocked_sends", None, True, "backlog"),
        Metric("RecordsFailed", "Failed at producers", "messages", "sum", "Messages that producers gave up: blocked or undelivered for too long, or too large. CloudWatch has no such metric.", "failed_records", None, True, "trouble"),
        Metric("RecordsDuplicated", "Duplicates", "messages", "sum", "Messages that producers without idempotence wrote twice. CloudWatch has no such metric.", "duplicates", None, False, "trouble"),
        Metric("RecordsExpired", "Expired unread", "messages", "sum", "Messages that retention took before a group had read them, counted for each group. CloudWatch has no such metric.", "expired", None, True, "trouble"),
        Metric("RecordsNotProcessed", "Not processed", "messages", "gauge", "Messages that the group furthest behind has not processed. CloudWatch has no such metric; SumOffsetLag is shown by the consumers.", "unread", None, True, "backlog"),
        Metric("HottestPartitionShare", "Hottest partition", "share", "gauge", "Share of the records that went to the partition with most of them. CloudWatch has no such metric.", "hottest_share", None, False, "partitions"),
    )
    wait_titles: ClassVar[Mapping[str, str]] = {
        "producer_linger": "Gathered by the producer", "producer_network": "On the way to the broker", "in_flight_requests": "Requests in flight at their limit", "buffer_memory": "send() blocked: buffer.memory",
        "send_threads": "Every thread blocked in send()", "produce_throttle": "Throttled by a quota", "no_leader": "No leader", "not_enough_replicas": "Not enough in-sync replicas",
        "out_of_order": "Behind a batch that is tried again", "request_timeout": "No answer in time", "connecting": "No connection", "broker_disk": "Brokers' disks", "replication": "Replication",
        "isr_waits": "In-sync replica down", "broker_cpu": "Brokers' processors", "broker_network": "Brokers' network", "produce": "Handled by the broker",
    }
    parts_title = "Partitions"
    part_figures = (
        PartFigure("of_busiest", "Records, of those of the busiest partition", "share", "gauge", "max"),
        PartFigure("records_per_s", "Records written", "per_s", "gauge"),
        PartFigure("not_in_sync", "Replicas not in sync", "count", "gauge"),
        PartFigure("unread", "Not read", "messages", "gauge"),
    )
    overlay = Overlay(
        "RecordsNotProcessed", (Figure("MessagesInPerSec"), Figure("RecordsNotProcessed", "behind"), Figure("OfflinePartitionsCount", "offline", quiet=True), Figure("SendsBlocked", "blocked", quiet=True)),
        picture=Picture("bars", (Fill("of_busiest"), Fill("not_in_sync", "bad"))),
    )
    faults = (
        Fault("broker_fails", "A broker fails", "It is gone without a word until cleared: its partitions have no leader until the controller knows.", BrokerChoice, sort="loss"),
        Fault("zone_fails", "A zone fails", "All brokers of the zone are gone until cleared.", ZoneChoice, sort="loss"),
        Fault("broker_restarts", "A broker restarts", "It hands over its partitions, stops, and comes back by itself.", BrokerChoice, instant=True),
        Fault("rolling_restart", "Patching", "All brokers are restarted, one after the other, as for patches and updates.", instant=True),
    )
    prices = (
        *(Price(name, f"Broker {name}", kind.usd_per_h, "broker-hour", T3_PRICE if "t3" in name else PRICES) for name, kind in STANDARD.items()),
        *(Price(name, f"Broker {name}", kind.usd_per_h, "broker-hour", PRICES) for name, kind in EXPRESS.items()),
        Price("storage", "Volumes of Standard brokers", 0.10, "GB-month", PRICES),
        Price("throughput", "Provisioned storage throughput", 0.08, "MiB/s-month", PRICES),
        Price("express_in", "Express: data in", 0.01, "GB", PRICES),
        Price("express_storage", "Express: data stored, replicas not counted", 0.10, "GB-month", PRICES),
        Price("cross_zone", "Client traffic between zones", 0.02, "GB", PRICES),
        Price("serverless_hours", "Serverless cluster", 0.75, "cluster-hour", SERVERLESS_PRICES),
        Price("serverless_partitions", "Serverless partitions", 0.0015, "partition-hour", SERVERLESS_PRICES),
        Price("serverless_in", "Serverless: data in", 0.10, "GB", SERVERLESS_PRICES),
        Price("serverless_out", "Serverless: data out", 0.05, "GB", SERVERLESS_PRICES),
        Price("serverless_storage", "Serverless: data stored", 0.10, "GB-month", SERVERLESS_PRICES),
    )
    fidelity = Fidelity(
        modelled=(
            "Topics with partitions; the key's murmur2 hash decides, without a key batches go to one partition after the other. Leaders and followers are spread over brokers and zones.",
            "Replication: followers in sync copy each batch, and consumers read up to the high watermark. acks 0, 1 and all, min.insync.replicas (NotEnoughReplicas), followers that fall behind, unclean leader election.",
            "Producers: linger, batch.size, buffer.memory and blocking up to max.block.ms, requests in flight, request and delivery timeouts, retries with back-off, idempotence, compression as a ratio.",
            "Brokers: network, disk and processors. Producers' bytes, replication, consumers and catch-up share them: a cluster's ceiling is that of AWS's right-sizing formula. Old records are read from disk.",
            "A broker that fails: no leader until the controller knows; what only it had is lost, or sent again. A restart in good order moves leaders first. Brokers catch up before they are in sync; patching goes from broker to broker.",
            "Retention by time and by size deletes whole segments; volumes grow by themselves (a tenth, 10 GiB at least, once in 6 hours); a Standard broker with a full disk stops.",
            "Quotas of clients and of the service (Express brokers, Serverless, partitions): nothing is refused, answers carry a throttle time, and the connection is mute for it.",
            "Connections with IAM: 3,000 a broker, 100 new ones a second (4 on kafka.t3.small), also when all come back after a restart.",
            "The bill: brokers, volumes, provisioned throughput, Express and Serverless data, client traffic between zones.",
        ),
        approximated=(
            "Single messages are simulated, at any rate: a cluster takes no cohorts, so high rates need time.",
            "Processor time of requests and bytes is a parameter: AWS publishes none. CpuUser shows all of it. Credits of kafka.t3.small, and how network and disk of a type burst (BurstBalance, TrafficShaping), are left out.",
            "Disks write in the background until a tenth of the memory is waiting to be written; reads find what was written last (four tenths of the memory). Both shares are from memory, as of a Linux page cache.",
            "Express: above what a broker sustains, requests take longer by a parameter; AWS says only that latency is degraded. Serverless and Express have no limits of disk and network but their quotas.",
            "A failed leader takes what no follower in sync had, even if some had it. An unclean leader lacks all that came since it was out of sync; offsets are not given out twice.",
            "Fetches return records, not whole batches, because readers share messages; sizes in the log are those of the batches, with 10 bytes for each record.",
            "Requests of controllers, metadata, heartbeats and commits cost nothing: they are few beside records. Network threads (num.network.threads) and replica fetchers (num.replica.fetchers) are not limits of their own: no figures say what one can do.",
        ),
        ignored=(
            "Transactions and read_committed: a hanging transaction would hold back its readers.",
            "Tiered storage (0.023 or 0.06 USD a GB-month: sources differ), which the disk does not fill with, and compacted topics.",
            "Brokers added in a run: they would get nothing until partitions are reassigned (10 a call; 20 on Express), or until Intelligent Rebalancing does it.",
            "Topics and partitions created in a run, and the 250 changes in 5 minutes of Serverless: topics are there from the start. 500 groups: a diagram does not reach them.",
            "The weights by which newer producers without keys prefer fast brokers, which are off with equal queues. DNS, TLS handshakes, and idle connections: connections are counted, not timed.",
            "Dead-letter queues and retries of single records: Kafka has none.",
        ),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Orders in a topic",
        "nodes": [
            {"id": "shop", "kind": "traffic", "name": "Shop", "parameters": {"load": {"shape": "constant", "rate_per_s": 100}, "message_types": [
                {"name": "order", "size_bytes": 800, "key": {"keys": "uniform", "number": 1000}}]}},
            {"id": "cluster", "kind": "msk", "name": "orders", "parameters": {}},
            {"id": "billing", "kind": "kafka_consumer", "name": "Billing", "parameters": {}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "shop", "port": "out"}, "to": {"node": "cluster", "port": "in"}},
            {"id": "w2", "from": {"node": "cluster", "port": "out"}, "to": {"node": "billing", "port": "topics"}},
        ],
        "run": {"duration_s": 60},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        values = self.parameters
        self.serverless = values.cluster_type == "SERVERLESS"
        self.managed = self.serverless or is_express(values.instance_type)
        """Whether AWS takes care of storage and replication (Express, Serverless)."""
        self.message_max_bytes = SERVERLESS_MESSAGE_BYTES if self.serverless else values.message_max_bytes
        self.degraded_s = values.express_degraded_s if self.managed and not self.serverless else 0.0
        self.make_brokers(3 if self.serverless else values.number_of_broker_nodes, 3 if self.serverless else values.availability_zones, self._capacity())
        self.make_topics([self._topic(topic) for topic in values.topics])
        self.throttles = self._quotas()
        self._limit_connections()
        if not self.managed:
            for broker in self.brokers.values():
                broker.stored_bytes = values.stored_at_start_gib * GIB
        self._billed_as = dict.fromkeys(self.brokers.values(), values.instance_type)
        self._brokers_of = {values.instance_type: Gauge(len(self.brokers))}
        self.operations = BrokerOperations(self, self.replication, values.restart.sampler(self.stream("restarts")))
        grows = values.storage_autoscaling and not self.managed
        self.storage = ClusterStorage(self, self.operations, StorageSettings(
            values.retention_check_interval_s, values.storage_target_share if grows else None, values.storage_most_gib * GIB, GROWTH_PAUSE_S))
        self.figures = ClusterFigures(self)
        self.cpu_user, self.disk_share, self.network_share, self.storage_share = self.figures.cpu, self.figures.disk, self.figures.network, self.figures.storage
        self.handler_idle, self.stored, self.connections = self.figures.handler_idle, self.figures.stored_bytes, self.figures.connections
        self.under_replicated, self.under_min_isr, self.offline = self.figures.under_replicated, self.figures.under_min_isr, self.figures.offline

    # -- what it is made of -----------------------------------------------------------------------------------------

    def _topic(self, topic: TopicParameters) -> TopicSettings:
        values = self.parameters
        if self.managed:
            return settle_topic(topic, 3, 2, False)
        zones = values.availability_zones
        return settle_topic(topic, values.default_replication_factor or zones, values.min_insync_replicas or zones - 1, values.unclean_leader_election)

    def _capacity(self) -> BrokerCapacity:
        values = self.parameters
        if self.serverless:
            return managed_capacity(1e6)
        if is_express(values.instance_type):
            return managed_capacity(min(EXPRESS[values.instance_type].vcpus, values.num_io_threads))
        kind = STANDARD[values.instance_type]
        capacity = standard_capacity(kind, min(kind.ebs_mib_per_s, values.provisioned_throughput_mib_per_s or FREE_EBS_MIB), values.ebs_volume_size_gib * GIB)
        return capacity._replace(cores=min(kind.vcpus, values.num_io_threads))

    def _quotas(self) -> ClusterQuotas:
        values = self.parameters
        if self.serverless:
            into = ServiceLimits(cluster_bytes_per_s=values.serverless_in_mb_per_s * MB, partition_bytes_per_s=values.serverless_partition_in_mb_per_s * MB)
            out = ServiceLimits(cluster_bytes_per_s=values.serverless_out_mb_per_s * MB, partition_bytes_per_s=values.serverless_partition_out_mb_per_s * MB)
            return ClusterQuotas(into, out, values.serverless_requests)
        if is_express(values.instance_type):
            return ClusterQuotas(*express_limits(EXPRESS[values.instance_type], values.express_partition_mb_per_s))
        return ClusterQuotas(ServiceLimits(), ServiceLimits())

    def _limit_connections(self) -> None:
        """With IAM each broker takes so many connections; those of a Serverless cluster are for all of it."""
        values = self.parameters
        if values.client_authentication == "IAM" or self.serverless:
            per_s = values.new_connections or (4.0 if values.instance_type == "kafka.t3.small" else 100.0)
            share = len(self.brokers) if self.serverless else 1
            for broker in self.brokers.values():
                broker.most_connections = values.most_connections / share
                broker.new_connections = TokenBucket(per_s / share, max(1.0, per_s / share))

    def size_parameter(self) -> str:
        return "cluster_type" if self.parameters.cluster_type == "SERVERLESS" else "instance_type"

    def disk_parameter(self) -> str:
        values = self.parameters
        return "instance_type" if values.provisioned_throughput_mib_per_s is None else "provisioned_throughput_mib_per_s"

    def replication_settings(self) -> ReplicationSettings:
        values = self.parameters
        return ReplicationSettings(
            values.replication_latency.sampler(self.stream("replication")), values.replica_lag_time_max_s, values.failure_detection_s, values.leader_election_s, values.leader_rebalance_s,
            values.cpu_per_mib_s / MIB)

    def parameter_changed(self, name: str) -> None:
        if self.managed:
            return
        if name == "ebs_volume_size_gib":
            size_bytes = self.parameters.ebs_volume_size_gib * GIB
            if size_bytes > next(iter(self.brokers.values())).disk_bytes:
                self.storage.resize(size_bytes)
        if name == "instance_type" and not is_express(self.parameters.instance_type):
            capacity, kind = self._capacity(), self.parameters.instance_type

            def replaced(broker: Broker) -> None:
                broker.change_capacity(capacity)
                self._bill_as(broker, kind)

            self.operations.roll(replaced)

    def _bill_as(self, broker: Broker, kind: str) -> None:
        """From now on the broker is paid as one of this type."""
        now_s = self.agenda._now
        self._brokers_of[self._billed_as[broker]].add(-1, now_s)
        self._brokers_of.setdefault(kind, Gauge()).add(1, now_s)
        self._billed_as[broker] = kind

    # -- what it shows ----------------------------------------------------------------------------------------------

    def before_slice(self) -> None:
        self.figures.look(self.agenda._now)

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        """Of each partition: what was written in the last slice, its replicas, and how far the group furthest behind is behind."""
        busiest_per_s = max(partition.records_per_s for partition in self.partitions) or 1.0
        return {
            partition.name: {
                "of_busiest": partition.records_per_s / busiest_per_s, "records_per_s": partition.records_per_s, "not_in_sync": sum(not replica.in_sync for replica in partition.replicas),
                "unread": max((reader.unread for reader in partition.log.readers), default=0),
            }
            for partition in self.partitions
        }

    def replication_bytes(self) -> int:
        """Bytes that brokers copied from each other."""
        return int(sum(broker.replicated_in for broker in self.brokers.values()))

    def partition_count(self) -> int:
        """Partitions, without replicas."""
        return len(self.partitions)

    def elections(self) -> int:
        """Leaders elected."""
        return self.replication.elections

    def produce_throttled_s(self) -> float:
        """Throttle times told to producers."""
        return self.throttles.into.throttled_s

    def fetch_throttled_s(self) -> float:
        """Throttle times told to consumers."""
        return self.throttles.out.throttled_s

    def retried(self) -> int:
        """Batches that were put back for another try."""
        return sum(producer.retries for producer in self.producers.values())

    def in_producers(self) -> int:
        """Messages that no leader has yet."""
        return sum(producer.holding() for producer in self.producers.values())

    def blocked_sends(self) -> int:
        """Messages that wait for a producer's memory."""
        return sum(producer.waiting() for producer in self.producers.values())

    def failed_records(self) -> int:
        """Messages that producers gave up."""
        return sum(producer.failed for producer in self.producers.values())

    def hottest_share(self) -> float:
        """Share of the records that the hottest partition got."""
        return self.figures.hottest_share

    def backlog(self) -> float:
        return self.blocked_sends() + sum(producer.overdue() for producer in self.producers.values()) + self.unread_waiting()

    def trouble(self) -> tuple[int, int]:
        return self.lost + self.errors + self.figures.offline_looks, self.throttles.into.throttled + self.throttles.out.throttled

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        prices = {price.name: price for price in self.prices}
        values, now_s = self.parameters, self.agenda._now
        stored_gb_months = self.figures.stored_bytes.mean(now_s) / 1e9 * elapsed_s / MONTH_S
        if self.serverless:
            yield prices["serverless_hours"], elapsed_s / HOUR_S
            yield prices["serverless_partitions"], len(self.partitions) * elapsed_s / HOUR_S
            yield prices["serverless_in"], self.bytes_in / 1e9
            yield prices["serverless_out"], self.bytes_out / 1e9
            yield prices["serverless_storage"], stored_gb_months
            return
        for kind, brokers in self._brokers_of.items():
            yield prices[kind], brokers.area(now_s) / HOUR_S
        if self.managed:
            yield prices["express_in"], self.bytes_in / 1e9
            yield prices["express_storage"], stored_gb_months
        else:
            yield prices["storage"], self.figures.provisioned_gib.mean(now_s) * elapsed_s / MONTH_S
            if values.provisioned_throughput_mib_per_s is not None:
                yield prices["throughput"], values.provisioned_throughput_mib_per_s * len(self.brokers) * elapsed_s / MONTH_S
        share = values.client_cross_zone_share
        share = 1 - 1 / values.availability_zones if share is None else share
        yield prices["cross_zone"], share * (self.bytes_in + self.bytes_out) / 1e9

    def limits_ahead(self, growth_per_s: float, rates: Mapping[str, float]) -> Iterable[tuple[str, float]]:
        if math.isfinite(self.figures.fills_in_s) and not self.managed:
            yield "the first volume is full, and its broker stops", self.figures.fills_in_s

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        return self._broken(rates) or self._throttled(rates) or self._busy(rates) or self._behind(rates)

    def _broken(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        """What is out of order."""
        full = [broker.number for broker in self.brokers.values() if broker.is_full]
        down = [broker.number for broker in self.brokers.values() if not broker.is_up]
        offline = int(self.offline.value)
        gone = f"{offline} of {_partitions(len(self.partitions))} {'has' if offline == 1 else 'have'} no leader"
        if full:
            return f"The disk of {_brokers(full)} is full, {'and it has' if len(full) == 1 else 'and they have'} stopped: {gone}.", Culprit(self.id, "ebs_volume_size_gib")
        if offline:
            return f"{_brokers(down).capitalize()} {'is' if len(down) == 1 else 'are'} down: {gone}." if down else f"Leaders move: {gone}.", None
        short = [partition for partition in self.partitions if partition.is_under_min_isr]
        if short:
            return f"{_partitions(len(short))} with fewer than {short[0].topic.min_insync_replicas} replicas in sync: writes with acks=all fail.", Culprit(self.id, "topics")
        return None

    def _throttled(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        for direction, who, parameter in ((self.throttles.into, "Producers", "producer_byte_rate"), (self.throttles.out, "Consumers", "consumer_byte_rate")):
            if direction.until_s + 1 < self.agenda._now or not direction.throttled:
                continue
            hot = f" {self.figures.hottest.name} gets {format_quantity(self.figures.hottest_share, 'share')} of the records." if direction.tightest == "partition" and self.figures.hottest else ""
            culprit = Culprit(self.id, "topics" if direction.tightest == "partition" else self.size_parameter())
            if direction.tightest in ("client", "request_percentage"):
                culprit = Culprit(self.network.wires[direction.client].target.id, parameter if direction.tightest == "client" else "request_percentage", direction.client)
            return f"{who} are throttled by {THROTTLED[direction.tightest]}.{hot}", culprit
        return None

    def _busy(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        limit = max((self.figures.cpu, self.figures.disk, self.figures.network), key=lambda one: float(one.value))
        blocked = self.blocked_sends()
        held = f" {format_count(blocked)} messages are blocked in send()." if blocked else ""
        if limit.value >= USED_UP:
            return f"{BUSIEST[limit.name]} used up, while {format_rate(rates['MessagesInPerSec'])} arrive.{held}", Culprit(self.id, limit.parameter)
        if blocked:
            return f"{format_count(blocked)} messages are blocked in send(): the producers' memory is used up, and its batches wait for answers.", None
        if self.under_replicated.value:
            late = int(self.under_replicated.value)
            return f"{_partitions(late)} {'has' if late == 1 else 'have'} replicas that are not in sync.", None
        if not self.managed and self.figures.fills_in_s < 24 * HOUR_S:
            return f"At this rate the first volume is full in {format_duration(self.figures.fills_in_s)}.", Culprit(self.id, "ebs_volume_size_gib")
        return None

    def _behind(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        late = max((reader for partition in self.partitions for reader in partition.log.readers), key=lambda reader: reader.unread, default=None)
        if late is None or late.unread < 10 or not late.bottleneck.cause.capacity:
            return None
        cause = late.bottleneck.cause
        return f"{format_count(self.unread())} records wait. {cause.title}.", cause.culprit

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from cluster_findings(placed)
        if not placed.out_of("out"):
            yield Finding("no-consumer", "note", f"Nothing reads '{placed.name}': records stay until retention takes them", "Wire it to a consumer", node=placed.id)
        for link in placed.into("in"):
            yield from producer_findings(placed, link)
        yield from _sizing(placed)


def _partitions(count: int) -> str:
    return f"{count:,} partition{'' if count == 1 else 's'}"


def _brokers(numbers: list[int]) -> str:
    return f"broker{'' if len(numbers) == 1 else 's'} {', '.join(map(str, numbers))}"


def _sizing(placed: Placed) -> Iterable[Finding]:
    """What comes in, against what AWS recommends for the brokers."""
    values = placed.parameters
    kind = STANDARD.get(values.instance_type)
    if kind is None or values.cluster_type == "SERVERLESS":
        return
    offered_mib_per_s = sum(_offered_bytes_per_s(link.other) * getattr(link.parameters, "ratio", 1.0) for link in placed.into("in")) / MIB
    fan_out = max(1, len(placed.out_of("out")))
    safe = safe_ingress_mib_per_s(kind, fan_out, min(kind.ebs_mib_per_s, values.provisioned_throughput_mib_per_s or FREE_EBS_MIB)) * values.number_of_broker_nodes
    if offered_mib_per_s > safe:
        yield Finding("above-sizing", "warning", f"About {offered_mib_per_s:,.0f} MiB/s come to '{placed.name}'; AWS's sizing recommends {safe:,.0f} MiB/s for {values.number_of_broker_nodes} {values.instance_type}"
                      f" with {fan_out} consumer groups", "More or larger brokers", node=placed.id, parameter="instance_type")


def _offered_bytes_per_s(sender: Placed) -> float:
    """What a source of traffic offers at most, as far as its parameters say."""
    load, kinds = getattr(sender.parameters, "load", None), getattr(sender.parameters, "message_types", ())
    if load is None or not kinds or not hasattr(load, "corners") or getattr(getattr(load, "trace", None), "kind", "") == "times":
        return 0.0
    shares = sum(entry.share for entry in kinds)
    return float(max(load.corners()[1]) * sum(entry.share * entry.size_bytes for entry in kinds) / shares)
