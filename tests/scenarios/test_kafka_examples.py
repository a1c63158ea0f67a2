"""The examples of Kafka clusters show what they say they teach, and are cured by what they say cures them."""

from __future__ import annotations

from typing import Any

from tests.scenarios.reports import about, report_of, total


def metric(report: dict[str, Any], node: str, name: str) -> dict[str, Any]:
    return dict(report["nodes"][node]["metrics"][name])


def lost(report: dict[str, Any], node: str) -> int:
    return sum(entry["messages"] for entry in report["nodes"][node]["losses"])


def slowest_s(report: dict[str, Any]) -> float:
    return float(max(path["latency"]["max"] for path in report["paths"]))


@about("kafka-broker-failure")
def test_a_failed_broker_costs_ten_seconds_and_a_restart_in_good_order_two() -> None:
    report = report_of("kafka-broker-failure")
    assert metric(report, "orders", "OfflinePartitionsCount")["max"] == 2
    assert metric(report, "orders", "UnderReplicatedPartitions")["max"] == 6
    assert metric(report, "orders", "UnderReplicatedPartitions")["last"] == 0
    assert lost(report, "orders") == 0
    unfinished = sum(node["ledger"]["unfinished"] for node in report["nodes"].values())
    assert total(report, "billing", "RecordsProcessed") == total(report, "shop", "MessagesCreated") - unfinished, "each order is processed once"
    assert metric(report, "orders", "ProduceTotalTimeMsMean")["max"] > 8
    restart = report_of("kafka-broker-failure", 'orders.operations=[{"at_s": 60, "kind": "restart", "number": 1}]')
    assert metric(restart, "orders", "ProduceTotalTimeMsMean")["max"] < 2
    short = report_of("kafka-broker-failure", 'orders.topics=[{"name": "orders", "partitions": 6, "min_insync_replicas": 3}]')
    assert metric(short, "orders", "UnderMinIsrPartitionCount")["max"] == 6
    assert lost(short, "orders") > 1000


@about("kafka-small-batches")
def test_small_batches_use_up_the_processors_and_linger_cures_it() -> None:
    report, cured = report_of("kafka-small-batches"), report_of("kafka-small-batches", "w1.linger_s=0.2")
    assert metric(report, "readings", "CpuUser")["mean"] > 0.95
    assert metric(cured, "readings", "CpuUser")["mean"] < 0.3
    assert total(cured, "readings", "ProduceRequests") < total(report, "readings", "ProduceRequests") / 4
    assert report["paths"][0]["latency"]["p50"] > 1.5 * cured["paths"][0]["latency"]["p50"]


@about("kafka-hot-key")
def test_a_hot_key_blocks_every_send_and_only_salted_keys_cure_it() -> None:
    report = report_of("kafka-hot-key")
    assert total(report, "usage", "ProduceThrottleTime") > 60
    assert metric(report, "usage", "SendsBlocked")["max"] > 10_000
    assert report["nodes"]["usage"]["waits"][0]["cause"] in ("send_threads", "buffer_memory")
    assert not any(entry["cause"] == "no_leader" for entry in report["nodes"]["usage"]["waits"])
    more = report_of("kafka-hot-key", 'usage.topics=[{"name": "usage", "partitions": 48}]')
    assert metric(more, "usage", "SendsBlocked")["max"] > 10_000
    cured = report_of("kafka-hot-key", "w1.record_key=salted")
    assert total(cured, "usage", "ProduceThrottleTime") == 0
    assert metric(cured, "usage", "SendsBlocked")["max"] == 0


@about("kafka-full-disk")
def test_full_disks_stop_all_brokers_and_growth_or_retention_cures_it() -> None:
    report = report_of("kafka-full-disk")
    assert metric(report, "pictures", "OfflinePartitionsCount")["last"] == 6
    assert lost(report, "pictures") > 100
    grown = report_of("kafka-full-disk", "pictures.storage_autoscaling=true")
    assert metric(grown, "pictures", "OfflinePartitionsCount")["max"] == 0
    assert lost(grown, "pictures") == 0
    kept = report_of("kafka-full-disk", 'pictures.topics=[{"name": "pictures", "partitions": 6, "retention_s": 60, "segment_bytes": 10000000}]', "pictures.retention_check_interval_s=30")
    assert metric(kept, "pictures", "OfflinePartitionsCount")["max"] == 0
    assert lost(kept, "pictures") == 0
