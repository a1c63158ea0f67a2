"""Kafka producers at an MSK cluster: batches, memory, timeouts, order and duplicates, counted in the logs of the partitions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import constant
from tests.services.test_msk import kafka, records, run

ONE = {"topics": [{"partitions": 1}]}
FAILURE = {"operations": [{"kind": "failure", "at_s": 10, "number": 1}], "restart": constant(20)}
"""Broker 1 is gone after 10 s, and back 20 s later."""
SLOW_REPLICATION = {"replication_latency": constant(0.5)}


def written(cluster: Any) -> int:
    """Records in all logs."""
    return sum(partition.log.written for partition in cluster.partitions)


def test_a_batch_waits_for_linger_and_no_longer() -> None:
    cluster, outcome = run(kafka(100, {"linger_s": 0}, ONE))
    assert outcome.total("kafka", "ProduceRequests") == written(cluster), "without linger each record goes alone"
    cluster, outcome = run(kafka(100, {"linger_s": 0.1}, ONE))
    assert written(cluster) / outcome.total("kafka", "ProduceRequests") == pytest.approx(1 + 100 * 0.1, rel=0.1)
    assert max(record.sent_s - record.born_s for record in records(cluster)) < 0.1 + 0.01


def test_a_full_batch_does_not_wait() -> None:
    cluster, outcome = run(kafka(100, {"linger_s": 10, "batch_size_bytes": 5100}, ONE))
    assert written(cluster) / outcome.total("kafka", "ProduceRequests") == pytest.approx(4, rel=0.02), "61 bytes and 4 records of 1,010 fit; the fifth closes the batch"


def test_without_keys_batches_go_to_one_partition_after_the_other() -> None:
    few = {"topics": [{"partitions": 10}]}
    keyed, _ = run(kafka(400, {"linger_s": 0.05}, few))
    sticky, _ = run(kafka(400, {"linger_s": 0.05, "record_key": "none"}, few))
    in_batch = {name: written(cluster) / sum(producer.batches_sent for producer in cluster.producers.values()) for name, cluster in (("keyed", keyed), ("sticky", sticky))}
    assert in_batch["sticky"] > 2 * in_batch["keyed"]
    counts = [partition.log.written for partition in sticky.partitions]
    assert min(counts) > 0.6 * sum(counts) / 10


def test_compression_saves_bytes_on_the_way_and_on_disk() -> None:
    plain, outcome = run(kafka(200, {"linger_s": 0.05}, ONE))
    packed, compressed = run(kafka(200, {"linger_s": 0.05, "compression_type": "zstd", "compression_ratio": 0.25}, ONE))
    assert compressed.total("kafka", "BytesInPerSec") == pytest.approx(0.26 * outcome.total("kafka", "BytesInPerSec"), rel=0.1)
    assert packed.partitions[0].stored_bytes == pytest.approx(0.26 * plain.partitions[0].stored_bytes, rel=0.1)


def test_acks_all_waits_for_the_followers() -> None:
    took = {}
    for acks in ("0", "1", "all"):
        _, outcome = run(kafka(100, {"acks": acks}, {**ONE, "replication_latency": constant(0.05)}))
        took[acks] = outcome.metric("kafka", "ProduceTotalTimeMsMean")["mean"]
    assert took["all"] == pytest.approx(took["1"] + 0.05, abs=0.002)
    assert took["1"] < 0.005


@pytest.mark.parametrize(("acks", "loses"), [("all", False), ("1", True), ("0", True)])
def test_what_only_the_leader_had_is_lost_unless_the_producer_still_waits(acks: str, loses: bool) -> None:
    cluster, outcome = run(kafka(200, {"acks": acks}, {**ONE, **FAILURE, **SLOW_REPLICATION}, duration_s=60))
    lost = sum(outcome.lost("kafka").values())
    assert (lost > 50) is loses, f"half a second of 200 records a second was not copied yet: {outcome.lost('kafka')}"
    numbers = [record.number for record in records(cluster)]
    assert len(numbers) == len(set(numbers))
    assert len(numbers) + lost + outcome.last("kafka", "RecordsWaitingToBeSent") + len(cluster.partitions[0].tail) >= outcome.report["nodes"]["kafka"]["ledger"]["entered"] - 200


def test_an_idempotent_producer_keeps_the_order_and_makes_no_duplicates() -> None:
    cluster, outcome = run(kafka(300, {"linger_s": 0}, {**ONE, **FAILURE, **SLOW_REPLICATION}, duration_s=60))
    numbers = [record.number for record in records(cluster)]
    assert outcome.total("kafka", "RecordsRetried") > 0
    assert numbers == sorted(numbers)
    assert outcome.total("kafka", "RecordsDuplicated") == 0


def test_more_than_five_requests_in_flight_without_idempotence_can_change_the_order() -> None:
    settings = {"linger_s": 0, "enable_idempotence": "off", "acks": "all", "max_in_flight_requests": 50}
    restarts = {"topics": [{"partitions": 1}], "operations": [{"kind": "failure", "at_s": 10, "number": 1}], "restart": constant(20)}
    orders = {}
    for name, chosen in (("many", settings), ("one", {**settings, "max_in_flight_requests": 1})):
        cluster, _ = run(kafka(500, chosen, {**restarts, "replication_latency": constant(0.02)}, duration_s=25))
        numbers = [record.number for record in records(cluster)]
        orders[name] = numbers == sorted(numbers)
    assert orders == {"many": False, "one": True}


def test_without_idempotence_a_request_that_had_no_answer_is_written_twice() -> None:
    slow = {**ONE, "replication_latency": constant(2)}
    cluster, outcome = run(kafka(20, {"enable_idempotence": "off", "request_timeout_s": 1, "linger_s": 0, "delivery_timeout_s": 30}, slow))
    numbers = [record.number for record in records(cluster)]
    assert outcome.total("kafka", "RecordsDuplicated") > 0
    assert len(numbers) > len(set(numbers))
    cluster, outcome = run(kafka(20, {"request_timeout_s": 1, "linger_s": 0, "delivery_timeout_s": 30}, slow))
    numbers = [record.number for record in records(cluster)]
    assert outcome.total("kafka", "RecordsDuplicated") == 0
    assert len(numbers) == len(set(numbers))


def test_send_blocks_when_memory_is_used_up_and_fails_after_max_block() -> None:
    stuck = {**ONE, "operations": [{"kind": "zone_failure", "at_s": 5, "number": zone} for zone in (1, 2, 3)], "restart": constant(1000)}
    settings = {"buffer_memory_bytes": 10 * 16_384, "max_block_s": 8, "delivery_timeout_s": 1000, "send_threads": 4}
    _, outcome = run(kafka(100, settings, stuck, duration_s=60))
    held = outcome.last("kafka", "RecordsWaitingToBeSent") - outcome.last("kafka", "SendsBlocked")
    assert held == pytest.approx(10 * 16, abs=15), "ten batches of 16 records of 1,010 bytes"
    full_s = 5 + held / 100
    assert outcome.lost("kafka")["max_block"] == pytest.approx(4 * ((60 - full_s) // 8), abs=4), "four threads, each blocked for 8 s at a time"
    assert outcome.waits("kafka")["buffer_memory"] > 0


def test_what_is_not_delivered_in_time_fails_wherever_it_is() -> None:
    stuck = {**ONE, "operations": [{"kind": "zone_failure", "at_s": 10, "number": zone} for zone in (1, 2, 3)], "restart": constant(1000)}
    _, outcome = run(kafka(100, {"delivery_timeout_s": 35}, stuck, duration_s=60))
    assert outcome.lost("kafka") == {"delivery_timeout": pytest.approx(100 * (60 - 10 - 35), rel=0.15)}
    assert outcome.metric("kafka", "RecordsFailed")["total"] == outcome.lost("kafka")["delivery_timeout"]


def test_a_record_larger_than_a_request_is_rejected() -> None:
    scenario = kafka(10, {"max_request_size_bytes": 900}, ONE)
    _, outcome = run(scenario)
    assert outcome.report["nodes"]["kafka"]["ledger"]["entered"] == 0
    assert outcome.total("source", "MessagesRefused") > 250


def test_a_batch_larger_than_the_broker_takes_is_lost() -> None:
    _, outcome = run(kafka(200, {"linger_s": 1}, {**ONE, "message_max_bytes": 3000}))
    assert outcome.lost("kafka").keys() == {"message_too_large"}


def test_a_client_quota_holds_at_each_broker_and_loses_nothing() -> None:
    quota = 20_000
    cluster, outcome = run(kafka(400, {"producer_byte_rate": quota, "linger_s": 0.05}, {"topics": [{"partitions": 3}]}, duration_s=120))
    for broker in cluster.brokers.values():
        assert 0.9 * quota < broker.bytes_in / 120 < 1.25 * quota, "beyond it connections are mute; a quota over windows lets bursts through"
    assert outcome.total("kafka", "ProduceThrottleTime") > 60
    assert outcome.lost("kafka") == {}
    assert outcome.waits("kafka")["produce_throttle"] > 0


def test_a_request_quota_holds_request_time() -> None:
    slow = {"topics": [{"partitions": 3}], "cpu_per_request_s": 0.01}
    cluster, outcome = run(kafka(200, {"request_percentage": 10, "linger_s": 0}, slow, duration_s=60))
    for broker in cluster.brokers.values():
        assert broker.requests / 60 * 0.01 == pytest.approx(0.1, rel=0.2)
    assert outcome.total("kafka", "ProduceThrottleTime") > 10


def test_many_producers_with_small_batches_use_up_the_request_handlers() -> None:
    busy = {**ONE, "cpu_per_request_s": 0.02}
    cluster, outcome = run(kafka(200, {"linger_s": 0, "producers": 200, "buffer_memory_bytes": 16_384}, busy))
    assert outcome.metric("kafka", "CpuUser")["mean"] > 0.9, "two vCPUs do 100 requests a second"
    assert outcome.metric("kafka", "RequestHandlerAvgIdlePercent")["last"] < 0.1
    assert written(cluster) == pytest.approx(100 * 30, rel=0.1)
    cluster, outcome = run(kafka(200, {"linger_s": 0.2, "producers": 1}, busy))
    assert outcome.metric("kafka", "CpuUser")["mean"] < 0.2
    assert written(cluster) == pytest.approx(200 * 30, rel=0.05)


def test_connections_beyond_the_limit_are_refused() -> None:
    limited = {**ONE, "most_connections": 10}
    cluster, outcome = run(kafka(100, {"producers": 20, "delivery_timeout_s": 31, "request_timeout_s": 30}, limited, duration_s=60))
    assert cluster.brokers[1].connections == 10
    assert written(cluster) == pytest.approx(100 * 60 / 2, rel=0.05), "half of the producers write"
    assert outcome.lost("kafka")["delivery_timeout"] == pytest.approx(50 * 29, rel=0.1)


def test_new_connections_come_one_after_the_other() -> None:
    cluster, _ = run(kafka(1000, {"producers": 100, "linger_s": 0}, {**ONE, "new_connections": 5}, duration_s=10))
    assert cluster.brokers[1].connections == 100
    reached = {record.number % 100 for record in records(cluster)}
    assert len(reached) == pytest.approx(5 + 5 * 10, abs=3), "five at once, then five a second"
