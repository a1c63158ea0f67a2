"""The brokers of an MSK cluster: replication, failures, restarts, storage, capacity and quotas of the service."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simulator import findings
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.kafka.kafka_cluster import Want
from simulator.mechanics.kafka.msk_instances import STANDARD, ceiling_mib_per_s, safe_ingress_mib_per_s
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import Outcome, at_times, constant, drawing, rate
from tests.services.test_msk import kafka, messages, records, run

MIB = 1024**2


def operation(kind: str, at_s: float, number: int = 1) -> dict[str, Any]:
    return {"kind": kind, "at_s": at_s, "number": number}


def longest_gap_s(times: list[float], from_s: float = 0.0) -> float:
    """The longest time without a record."""
    found = [time_s for time_s in times if time_s >= from_s]
    return max(after - before for before, after in pairwise(found))


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


# -- failures --------------------------------------------------------------------------------------------------------


def test_a_failed_broker_stops_its_partitions_until_the_controller_knows() -> None:
    cluster, outcome = run(kafka(300, {}, {"topics": [{"partitions": 3}], "operations": [operation("failure", 20)], "restart": constant(60)}, duration_s=60))
    led = next(partition for partition in cluster.partitions if partition.replicas[0].broker == 1)
    gap_s = longest_gap_s([record.sent_s for record in records(cluster, led.number)])
    assert gap_s == pytest.approx(9 + 1, abs=1.5), "nine seconds until it is known, one for the election, and a retry"
    assert led.leader != 1
    assert outcome.lost("kafka") == {}
    assert outcome.last("kafka", "UnderReplicatedPartitions") == 3


def test_while_a_replica_in_sync_is_down_unnoticed_acks_all_waits_for_it() -> None:
    settings = {"topics": [{"partitions": 1}], "operations": [operation("failure", 20, 3)], "restart": constant(60)}
    cluster, _ = run(kafka(100, {}, settings, duration_s=60))
    assert cluster.partitions[0].replicas[0].broker == 1
    assert longest_gap_s([record.sent_s for record in records(cluster)]) == pytest.approx(9, abs=0.5)


def test_a_restart_in_good_order_moves_leaders_first_and_loses_nothing() -> None:
    settings = {"topics": [{"partitions": 3}], "operations": [operation("restart", 20)], "restart": constant(60)}
    cluster, outcome = run(kafka(300, {"acks": "1"}, settings, duration_s=60))
    led = next(partition for partition in cluster.partitions if partition.replicas[0].broker == 1)
    assert longest_gap_s([record.sent_s for record in records(cluster, led.number)]) < 2.5, "clients feel up to 2 s"
    assert outcome.lost("kafka") == {}
    numbers = [record.number for record in records(cluster)]
    assert len(numbers) == len(set(numbers))


def test_a_topic_with_one_copy_is_not_available_while_its_broker_restarts() -> None:
    settings = {"topics": [{"partitions": 1, "replication_factor": 1, "min_insync_replicas": 1}], "operations": [operation("restart", 20)], "restart": constant(30)}
    cluster, _ = run(kafka(100, {}, settings, duration_s=80))
    assert longest_gap_s([record.sent_s for record in records(cluster)]) == pytest.approx(31, abs=1.5)


def test_a_broker_that_comes_back_copies_what_it_lacks_and_leads_again() -> None:
    settings = {"topics": [{"partitions": 3}], "operations": [operation("restart", 20)], "restart": constant(60), "leader_rebalance_s": 100}
    cluster, outcome = run(kafka(200, {}, settings, duration_s=130))
    assert outcome.metric("kafka", "UnderReplicatedPartitions")["max"] == 3
    assert outcome.last("kafka", "UnderReplicatedPartitions") == 0
    for partition in cluster.partitions:
        assert partition.leader == partition.replicas[0].broker
        assert all(replica.stored_bytes == pytest.approx(partition.stored_bytes) for replica in partition.replicas)
    stored = sum(broker.stored_bytes for broker in cluster.brokers.values())
    assert stored == pytest.approx(3 * sum(partition.stored_bytes for partition in cluster.partitions))
    assert outcome.total("kafka", "ReplicationBytesInPerSec") == pytest.approx(2 * outcome.total("kafka", "BytesInPerSec"), rel=0.01), "what was missed was copied later"


def test_disks_hold_what_the_logs_hold_after_failures() -> None:
    settings = {
        "topics": [{"partitions": 6}, {"name": "two", "partitions": 3, "replication_factor": 2, "min_insync_replicas": 1}], "restart": constant(10), "replication_latency": constant(0.3),
        "operations": [operation("failure", 10, 1), operation("failure", 16, 2), operation("restart", 30, 3), operation("zone_failure", 45, 1)], "failure_detection_s": 2,
    }
    cluster, _ = run(kafka(200, {"acks": "1"}, settings, duration_s=90))
    assert all(broker.is_up for broker in cluster.brokers.values())
    for partition in cluster.partitions:
        tail = sum(entry.batch.size_bytes for entry in partition.tail)
        assert {round(replica.stored_bytes) for replica in partition.replicas} == {round(partition.stored_bytes + tail)}
    assert sum(broker.stored_bytes for broker in cluster.brokers.values()) == pytest.approx(sum(replica.stored_bytes for partition in cluster.partitions for replica in partition.replicas))


def test_patching_restarts_one_broker_after_the_other() -> None:
    settings = {"topics": [{"partitions": 3}], "operations": [operation("rolling_restart", 10)], "restart": constant(20)}
    simulation = Simulation(kafka(100, {}, settings, duration_s=120))
    cluster = simulation.network.nodes["kafka"]
    down = [{broker.number for broker in cluster.brokers.values() if not broker.is_up} for _ in simulation.frames()]
    assert max(len(numbers) for numbers in down) == 1
    assert set().union(*down) == {1, 2, 3}
    assert [broker.lives for broker in cluster.brokers.values()] == [1, 1, 1]
    assert Outcome(simulation.report().to_json()).lost("kafka") == {}


def test_with_fewer_replicas_than_min_isr_writes_fail_until_the_delivery_timeout() -> None:
    settings = {"topics": [{"partitions": 1}], "operations": [operation("restart", 10, 2), operation("restart", 12, 3)], "restart": constant(1000)}
    cluster, outcome = run(kafka(100, {"delivery_timeout_s": 31}, settings, duration_s=90))
    assert cluster.partitions[0].isr == [1]
    assert outcome.last("kafka", "UnderMinIsrPartitionCount") == 1
    assert outcome.last("kafka", "OfflinePartitionsCount") == 0
    assert outcome.lost("kafka") == {"delivery_timeout": pytest.approx(100 * (90 - 13 - 31), rel=0.1)}
    assert outcome.waits("kafka")["not_enough_replicas"] > 0
    cluster, outcome = run(kafka(100, {"acks": "1"}, settings, duration_s=90))
    assert len(records(cluster)) == pytest.approx(9000, rel=0.05), "acks=1 does not ask how many are in sync"


def test_an_unclean_leader_lacks_what_came_while_it_was_not_in_sync() -> None:
    settings = {
        "topics": [{"partitions": 1, "replication_factor": 2, "min_insync_replicas": 1}], "restart": constant(40), "leader_rebalance_s": 1000,
        "operations": [operation("restart", 10, 2), operation("failure", 30, 1)],
    }
    cluster, outcome = run(kafka(100, {}, settings, duration_s=65))
    assert outcome.lost("kafka") == {"unclean_leader": pytest.approx(100 * 19, rel=0.1)}, "from 11 s, when broker 2 stopped, to 30 s, when broker 1 failed; 2 is back at 51 s"
    assert cluster.partitions[0].leader == 2
    assert cluster.partitions[0].stored_bytes == pytest.approx(1015 * len(records(cluster)), rel=0.05), "what it lacked is on no disk"
    clean, outcome = run(kafka(100, {}, {**settings, "unclean_leader_election": False}, duration_s=65))
    assert outcome.lost("kafka") == {}
    assert clean.partitions[0].leader is None
    assert outcome.last("kafka", "OfflinePartitionsCount") == 1


def test_a_follower_that_is_late_is_not_in_sync_until_it_has_caught_up() -> None:
    settings = {"topics": [{"partitions": 1}], "replication_latency": constant(8), "replica_lag_time_max_s": 5}
    cluster, outcome = run(kafka(10, {"acks": "1"}, settings, duration_s=20))
    assert cluster.replication.shrinks >= 2
    assert outcome.metric("kafka", "UnderReplicatedPartitions")["max"] == 1
    first = records(cluster)[0]
    assert first.sent_s - first.born_s == pytest.approx(5, abs=0.2), "without the followers the high watermark moves on"


def test_a_zone_that_fails_leaves_two_thirds() -> None:
    scenario = kafka(300, {}, {"topics": [{"partitions": 6}], "number_of_broker_nodes": 6}, duration_s=60)
    cluster, outcome = run(scenario, {"action": "fault", "node": "kafka", "fault": "zone_fails", "value": {"zone": 2}, "time_s": 10})
    assert [number for number, broker in cluster.brokers.items() if not broker.is_up] == [2, 5]
    assert outcome.last("kafka", "OfflinePartitionsCount") == 0
    assert all(cluster.brokers[partition.leader].zone != 2 for partition in cluster.partitions)


def test_another_broker_type_comes_by_restarts() -> None:
    scenario = kafka(50, {}, {"restart": constant(5)}, duration_s=60)
    cluster, _ = run(scenario, {"action": "parameter", "node": "kafka", "parameter": "instance_type", "value": "kafka.m7g.2xlarge", "time_s": 10})
    assert [broker.capacity.cores for broker in cluster.brokers.values()] == [8, 8, 8]
    assert [broker.lives for broker in cluster.brokers.values()] == [1, 1, 1]


# -- what consumers see ----------------------------------------------------------------------------------------------


def reading(scenario: dict[str, Any], until_s: float) -> tuple[Any, Any, Any]:
    """A run that has come to this time, with a reader of the first partition."""
    simulation = Simulation(scenario)
    cluster = simulation.network.nodes["kafka"]
    partition = cluster.partitions[0]
    reader = partition.log.reader("test", Bottleneck(cluster.cause("test", "Test")))
    for frame in simulation.frames():
        if frame.time_s >= until_s:
            break
    return cluster, partition, reader


def test_consumers_read_only_what_every_replica_in_sync_has() -> None:
    cluster, partition, reader = reading(kafka(100, {"acks": "1"}, {"topics": [{"partitions": 1}], "replication_latency": constant(2)}), 10)
    fetched = cluster.fetch(1, [Want(partition, reader, 1e9)])
    assert fetched.tokens[-1].sent_s <= cluster.agenda.now
    assert max(token.born_s for token in fetched.tokens) == pytest.approx(8, abs=0.2)
    assert len(partition.tail) > 0


def test_records_that_memory_has_no_more_are_read_from_disk() -> None:
    small = {"topics": [{"partitions": 1}], "instance_type": "kafka.t3.small"}
    scenario = drawing(
        {"source": ("traffic", messages(40, size_bytes=500_000)), "kafka": ("msk", small)}, {"source.out -> kafka.in": {"compression_type": "zstd", "compression_ratio": 0.5}}, duration_s=150)
    cluster, partition, reader = reading(scenario, 140)
    broker = cluster.brokers[1]
    assert broker.cached_from_s() > 10, "10 MB/s for 140 s are more than two fifths of 2 GiB"
    fetched = cluster.fetch(1, [Want(partition, reader, 50e6)])
    assert broker.read_from_disk == pytest.approx(fetched.size_bytes)
    assert fetched.leaves_s - cluster.agenda.now > 50e6 / (20.7 * MIB)


def test_a_fetch_of_a_broker_that_is_down_or_leads_nothing_brings_nothing() -> None:
    cluster, partition, reader = reading(kafka(100, {}, {"topics": [{"partitions": 1}], "operations": [operation("failure", 5, 2)]}), 10)
    assert cluster.fetch(2, [Want(partition, reader, 1e9)]) is None
    assert cluster.fetch(3, [Want(partition, reader, 1e9)]).tokens == []


# -- storage ---------------------------------------------------------------------------------------------------------


def test_retention_by_time_deletes_whole_segments() -> None:
    topic = {"partitions": 1, "retention_s": 20, "segment_bytes": 100_000}
    cluster, outcome = run(kafka(100, {}, {"topics": [topic], "retention_check_interval_s": 5}, duration_s=60))
    kept = records(cluster)
    assert 60 - 20 - 5 - 2 <= kept[0].sent_s <= 60 - 20, "a segment goes when its last record is old, and the check comes every 5 s"
    assert outcome.last("kafka", "StorageUsed") == pytest.approx(100 * (60 - kept[0].sent_s) * 1013, rel=0.1)
    assert all(replica.stored_bytes == pytest.approx(cluster.partitions[0].stored_bytes) for replica in cluster.partitions[0].replicas)


def test_retention_by_size_keeps_at_least_so_much() -> None:
    topic = {"partitions": 1, "retention_bytes": 1_000_000, "segment_bytes": 100_000}
    cluster, _ = run(kafka(100, {}, {"topics": [topic], "retention_check_interval_s": 5}, duration_s=60))
    assert 1_000_000 <= cluster.partitions[0].stored_bytes < 1_000_000 + 100_000 + 5 * 110_000


def test_retention_takes_what_a_reader_had_not_read() -> None:
    topic = {"partitions": 1, "retention_s": 20, "segment_bytes": 100_000}
    simulation = Simulation(kafka(100, {}, {"topics": [topic], "retention_check_interval_s": 5}, duration_s=60))
    cluster = simulation.network.nodes["kafka"]
    reader = cluster.partitions[0].log.reader("test", Bottleneck(cluster.cause("test", "Test")))
    for _ in simulation.frames():
        pass
    outcome = Outcome(simulation.report().to_json())
    assert outcome.total("kafka", "RecordsExpired") == outcome.lost("kafka")["retention"] == reader.position
    assert reader.unread == len(records(cluster))


def test_a_broker_whose_disk_is_full_stops() -> None:
    full = {"topics": [{"partitions": 3}], "ebs_volume_size_gib": 10, "stored_at_start_gib": 9.99}
    cluster, outcome = run(kafka(1000, {"delivery_timeout_s": 1000}, full, duration_s=40))
    assert all(broker.is_full and not broker.is_up for broker in cluster.brokers.values())
    assert sum(len(records(cluster, number)) for number in range(3)) == pytest.approx(0.01 * 2**30 / 1013, rel=0.1)
    assert outcome.last("kafka", "OfflinePartitionsCount") == 3
    assert outcome.metric("kafka", "KafkaDataLogsDiskUsed")["last"] == pytest.approx(1, abs=1e-4)


def test_larger_volumes_bring_full_brokers_back() -> None:
    full = {"topics": [{"partitions": 3}], "ebs_volume_size_gib": 10, "stored_at_start_gib": 9.99}
    cluster, _ = run(kafka(1000, {}, full, duration_s=60), {"action": "parameter", "node": "kafka", "parameter": "ebs_volume_size_gib", "value": 20, "time_s": 40})
    assert all(broker.is_up for broker in cluster.brokers.values())
    assert records(cluster)[-1].sent_s > 59


def test_volumes_grow_by_a_tenth_and_ten_gib_at_least_once_in_six_hours() -> None:
    growing = {"topics": [{"partitions": 3}], "ebs_volume_size_gib": 100, "stored_at_start_gib": 79.999, "storage_autoscaling": True, "storage_target_share": 0.8}
    cluster, _ = run(kafka(1000, {}, growing, duration_s=30))
    assert {broker.disk_bytes / 2**30 for broker in cluster.brokers.values()} == {110}
    larger, _ = run(kafka(1000, {}, {**growing, "ebs_volume_size_gib": 200, "stored_at_start_gib": 159.999}, duration_s=30))
    assert {broker.disk_bytes / 2**30 for broker in larger.brokers.values()} == {220}
    again, _ = run(kafka(1000, {}, {**growing, "ebs_volume_size_gib": 1, "stored_at_start_gib": 0.799, "storage_most_gib": 1.01}, duration_s=60))
    assert {broker.disk_bytes / 2**30 for broker in again.brokers.values()} == {1.01}


# -- capacity --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "term"), [("kafka.m7g.large", 12.1), ("kafka.m7g.16xlarge", 153.8)])
def test_the_recommended_ingress_is_awss(kind: str, term: float) -> None:
    assert STANDARD[kind].ebs_mib_per_s / 6.5 == pytest.approx(term, abs=0.06)
    assert safe_ingress_mib_per_s(STANDARD[kind], 1, STANDARD[kind].ebs_mib_per_s) == pytest.approx(0.5 * term, abs=0.05)


@pytest.mark.parametrize(("kind", "copies", "ebs_mib_per_s"), [("kafka.t3.small", 2, 20.7), ("kafka.t3.small", 3, 20.7), ("kafka.m5.4xlarge", 3, 250)])
def test_a_cluster_takes_no_more_than_the_right_sizing_formula_says(kind: str, copies: int, ebs_mib_per_s: float) -> None:
    """In half a minute after the memory for writes is used up. The network limits the first, disks without provisioned throughput the last."""
    expected = ceiling_mib_per_s(STANDARD[kind], ebs_mib_per_s, 3, copies, 0)
    large = {"topics": [{"partitions": 6, "replication_factor": copies}], "instance_type": kind, "cpu_per_mib_s": 0}
    producer = {"batch_size_bytes": 1_000_000, "buffer_memory_bytes": 64 * MIB, "record_key": "none"}
    simulation = Simulation(drawing(
        {"source": ("traffic", messages(1.6 * expected, size_bytes=MIB - 1000)), "kafka": ("msk", large)}, {"source.out -> kafka.in": producer}, duration_s=90, frame_interval_s=10))
    cluster = simulation.network.nodes["kafka"]
    taken = {frame.time_s: sum(partition.written_bytes for partition in cluster.partitions) / MIB for frame in simulation.frames()}
    assert (taken[90] - taken[60]) / 30 == pytest.approx(expected, rel=0.06)
    assert Outcome(simulation.report().to_json()).last("kafka", "SendsBlocked") > 0


def test_a_hot_key_is_bound_to_one_partition_however_many_there_are() -> None:
    hot = {"load": rate(3000), "message_types": [{"size_bytes": 4000, "key": {"keys": "single", "value": 7}, "share": 9}, {"name": "b", "size_bytes": 4000, "key": {"keys": "uniform", "number": 1000}}]}
    for partitions in (4, 16):
        scenario = drawing({"source": ("traffic", hot), "kafka": ("msk", {"cluster_type": "SERVERLESS", "topics": [{"partitions": partitions}]})},
                           {"source.out -> kafka.in": {"batch_size_bytes": 65_536, "linger_s": 0.05}}, duration_s=60)
        cluster, outcome = run(scenario)
        written = sorted((partition.written_bytes / 60 for partition in cluster.partitions), reverse=True)
        assert written[0] == pytest.approx(5e6, rel=0.15), "5 MB/s for each partition"
        assert written[1] < 1e6
        assert outcome.total("kafka", "ProduceThrottleTime") > 0
        assert outcome.metric("kafka", "HottestPartitionShare")["mean"] > 0.5


def test_an_express_broker_throttles_at_its_maximum_and_slows_above_what_it_sustains() -> None:
    def express(per_s: float) -> tuple[Any, Outcome]:
        return run(drawing(
            {"source": ("traffic", messages(per_s, size_bytes=100_000)), "kafka": ("msk", {"instance_type": "express.m7g.large", "topics": [{"partitions": 6}]})},
            {"source.out -> kafka.in": {"batch_size_bytes": 500_000}}, duration_s=60))

    _, easy = express(300)
    assert easy.total("kafka", "ProduceThrottleTime") == 0
    assert easy.metric("kafka", "ProduceTotalTimeMsMean")["p99"] < 0.05
    _, above = express(570)
    assert above.metric("kafka", "ProduceTotalTimeMsMean")["p50"] > 0.05, "19 MB/s a broker: more than the 15.6 it sustains"
    assert above.lost("kafka") == {}
    cluster, most = express(1200)
    assert most.total("kafka", "ProduceThrottleTime") > 0
    for broker in cluster.brokers.values():
        assert broker.bytes_in / 60 == pytest.approx(23.4e6, rel=0.1)


def test_the_bill() -> None:
    hour = {"topics": [{"partitions": 6}]}
    _, standard = run(kafka(10, {}, hour, duration_s=3600))
    assert standard.quantity("kafka", "Broker kafka.m7g.large") == pytest.approx(3)
    assert standard.quantity("kafka", "Volumes of Standard brokers") == pytest.approx(3000 / 730, rel=0.01)
    in_gb = standard.total("kafka", "BytesInPerSec") / 1e9
    assert standard.quantity("kafka", "Client traffic between zones") == pytest.approx(in_gb * 2 / 3, rel=1e-6)
    _, express = run(kafka(10, {}, {**hour, "instance_type": "express.m7g.large"}, duration_s=600))
    assert express.quantity("kafka", "Broker express.m7g.large") == pytest.approx(0.5)
    assert express.quantity("kafka", "Express: data in") == pytest.approx(express.total("kafka", "BytesInPerSec") / 1e9)
    _, serverless = run(kafka(10, {}, {**hour, "cluster_type": "SERVERLESS"}, duration_s=600))
    assert serverless.quantity("kafka", "Serverless cluster") == pytest.approx(1 / 6)
    assert serverless.quantity("kafka", "Serverless partitions") == pytest.approx(1)


# -- what it says ----------------------------------------------------------------------------------------------------


def said(scenario: dict[str, Any], from_s: float) -> list[dict[str, Any]]:
    """What the cluster says of itself in the slices from this time on."""
    return [frame.to_json()["nodes"]["kafka"] for frame in Simulation(scenario).frames() if frame.time_s >= from_s]


def test_it_names_what_limits_it() -> None:
    throttled = said(kafka(400, {"producer_byte_rate": 20_000, "linger_s": 0.05}, {"topics": [{"partitions": 3}]}), 20)[-1]
    assert throttled["sentence"] == "Producers are throttled by a client quota."
    assert throttled["culprit"] == {"node": "kafka", "wire": "w0", "parameter": "producer_byte_rate"}
    busy = said(kafka(200, {"linger_s": 0, "producers": 200, "buffer_memory_bytes": 16_384}, {"topics": [{"partitions": 1}], "cpu_per_request_s": 0.02}), 20)[-1]
    assert busy["sentence"].startswith("The processors of the busiest broker are used up, while ")
    assert busy["culprit"]["parameter"] == "instance_type"
    full = said(kafka(1000, {}, {"ebs_volume_size_gib": 10, "stored_at_start_gib": 9.99}), 20)[-1]
    assert full["sentence"] == "The disk of brokers 1, 2, 3 is full, and they have stopped: 6 of 6 partitions have no leader."
    assert full["state"] == "failing"
    down = said(kafka(100, {}, {"operations": [operation("failure", 10)]}), 15)[0]
    assert down["sentence"] == "Broker 1 is down: 2 of 6 partitions have no leader."
    filling = said(kafka(1000, {}, {"ebs_volume_size_gib": 10, "stored_at_start_gib": 9.9}, duration_s=65), 60)[0]
    assert filling["sentence"].startswith("At this rate the first volume is full in 4")


# -- findings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "cluster", "producer"),
    [
        ("topic-twice", {"topics": [{}, {}]}, {}),
        ("replication-factor", {"topics": [{"replication_factor": 4}]}, {}),
        ("min-isr", {"topics": [{"min_insync_replicas": 3}]}, {}),
        ("one-copy", {"topics": [{"replication_factor": 1, "min_insync_replicas": 1}]}, {}),
        ("brokers-per-zone", {"number_of_broker_nodes": 4}, {}),
        ("fixed-replication", {"instance_type": "express.m7g.large", "topics": [{"replication_factor": 2}]}, {}),
        ("express-zones", {"instance_type": "express.m7g.large", "availability_zones": 2, "number_of_broker_nodes": 4}, {}),
        ("too-many-partitions", {"cluster_type": "SERVERLESS", "topics": [{"partitions": 2401}]}, {"buffer_memory_bytes": 10**9}),
        ("too-many-partitions", {"topics": [{"partitions": 1501}]}, {}),
        ("many-partitions", {"topics": [{"partitions": 1001}]}, {}),
        ("no-provisioned-throughput", {"provisioned_throughput_mib_per_s": 300}, {}),
        ("volume-full", {"stored_at_start_gib": 1000}, {}),
        ("no-such-broker", {"operations": [{"number": 4}]}, {}),
        ("no-such-topic", {}, {"topic": "other"}),
        ("idempotence", {}, {"enable_idempotence": "on", "acks": "1"}),
        ("delivery-timeout", {}, {"delivery_timeout_s": 30}),
        ("request-size", {}, {"max_request_size_bytes": 2_000_000}),
        ("buffer-memory", {"topics": [{"partitions": 100}]}, {"buffer_memory_bytes": 1_000_000}),
        ("too-many-connections", {}, {"producers": 3001}),
    ],
)
def test_mistakes_are_found_before_a_run(code: str, cluster: dict[str, Any], producer: dict[str, Any]) -> None:
    assert code not in codes(kafka(10, {}, {}))
    assert code in codes(kafka(10, producer, cluster))


def test_one_key_and_too_much_load_are_found() -> None:
    assert "one-key" in codes(drawing({"source": ("traffic", {"load": rate(1)}), "kafka": ("msk", {})}, {"source.out -> kafka.in": {}}))
    assert "above-sizing" in codes(kafka(20_000, {}, {}))
    assert "above-sizing" not in codes(drawing({"source": ("traffic", at_times(1, 2, 3)), "kafka": ("msk", {})}, {"source.out -> kafka.in": {}}))
    assert "above-sizing" not in codes(kafka(15_000, {}, {})), "3 x 6 MiB/s are recommended"
