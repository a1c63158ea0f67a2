"""The examples of streams show what they say they teach, and are cured by what they say cures them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.reports import about, report_of, total


def last(report: dict[str, Any], node: str, metric: str) -> float:
    return float(report["nodes"][node]["metrics"][metric]["last"])


def lost(report: dict[str, Any], node: str, cause: str) -> int:
    return next((entry["messages"] for entry in report["nodes"][node]["losses"] if entry["cause"] == cause), 0)


def waited(report: dict[str, Any], node: str, cause: str) -> float:
    return next((entry["message_s"] for entry in report["nodes"][node]["waits"] if entry["cause"] == cause), 0.0)


@about("hot-shard")
def test_a_hot_shard_refuses_records_of_a_quiet_stream_and_salted_keys_cure_it() -> None:
    report = report_of("hot-shard")
    assert report["nodes"]["pictures"]["metrics"]["HottestShardWriteShare"]["mean"] > 0.9
    assert report["nodes"]["pictures"]["metrics"]["StreamWriteShare"]["mean"] < 0.6
    given_up = lost(report, "pictures", "record_ttl")
    assert given_up > 1000
    assert lost(report_of("hot-shard", "pictures.shard_count=8"), "pictures", "record_ttl") > 0.8 * given_up
    cured = report_of("hot-shard", "w1.partition_key=salted", "w1.salts=100")
    assert lost(cured, "pictures", "record_ttl") == 0
    assert cured["nodes"]["pictures"]["metrics"]["HottestShardWriteShare"]["mean"] < 0.8


@about("poison-record")
def test_a_poison_record_blocks_one_shard_until_bisecting_isolates_it() -> None:
    report = report_of("poison-record")
    assert report["nodes"]["book"]["metrics"]["IteratorAge"]["max"] > 500
    processed = total(report, "book", "MessagesProcessed")
    assert 0.4 * 12_000 < processed < 0.7 * 12_000, "half of the payments are behind it"
    cured = report_of("poison-record", "w3.bisect_batch_on_function_error=true", "w3.maximum_retry_attempts=2")
    assert cured["nodes"]["book"]["metrics"]["IteratorAge"]["max"] < 150, "seven pauses that double, and two retries"
    assert total(cured, "failed", "NumberOfMessagesSent") == 1
    assert total(cured, "book", "OnFailureDestinationDeliveredEventCount") == 1
    assert total(cured, "book", "MessagesProcessed") > 0.99 * total(cured, "payments", "IncomingRecords")


@about("iterator-age-to-data-loss")
def test_an_iterator_age_that_reaches_the_retention_loses_data_and_a_second_shard_cures_it() -> None:
    report = report_of("iterator-age-to-data-loss")
    times, expired = report["series"]["time_s"], report["series"]["nodes"]["readings"]["RecordsExpired"]
    first_s = next(at_s for at_s, count in zip(times, expired, strict=True) if count > 0)
    assert first_s > 2 * 86_400, "nothing is lost for two days"
    assert lost(report, "readings", "retention") > 3000
    assert total(report, "forecast", "Exceptions") == 0
    assert lost(report_of("iterator-age-to-data-loss", "readings.retention_period_hours=168"), "readings", "retention") == 0
    cured = report_of("iterator-age-to-data-loss", "readings.shard_count=2")
    assert lost(cured, "readings", "retention") == 0
    assert last(cured, "forecast", "MillisBehindLatest") < 3600


@about("rebalance-stall")
def test_a_slow_poll_stalls_the_group_for_ever_and_smaller_polls_cure_it() -> None:
    report = report_of("rebalance-stall")
    assert total(report, "printers", "PollIntervalsExceeded") >= 9
    assert total(report, "printers", "DuplicatesProcessed") > total(report, "printers", "RecordsProcessed") / 2
    assert last(report, "printers", "BehindLatest") > 3000, "the first invoices are still not done"
    assert None in report["series"]["nodes"]["printers"]["SumOffsetLag"][50:], "no lag while the group rebalances"
    assert "poll-interval" in {finding["code"] for finding in report["findings"]}
    eager_or_not = report_of("rebalance-stall", "w2.partition_assignment_strategy=cooperative-sticky")
    assert total(eager_or_not, "printers", "PollIntervalsExceeded") >= 9, "another assignor is no cure"
    cured = report_of("rebalance-stall", "w2.max_poll_records=50")
    assert total(cured, "printers", "PollIntervalsExceeded") == total(cured, "printers", "DuplicatesProcessed") == 0
    assert last(cured, "printers", "BehindLatest") < 60


@about("hot-kafka-partition")
def test_a_hot_partition_keeps_one_consumer_busy_and_salted_keys_cure_it() -> None:
    report = report_of("hot-kafka-partition")
    assert last(report, "stock", "MaxOffsetLag") > 0.9 * last(report, "stock", "SumOffsetLag") > 3000
    assert "orders-" in report["nodes"]["stock"]["sentence"]
    more = report_of("hot-kafka-partition", 'cluster.topics=[{"name": "orders", "partitions": 16}]', "stock.members=16")
    assert last(more, "stock", "MaxOffsetLag") > 3000, "more partitions and consumers do not help"
    cured = report_of("hot-kafka-partition", "w1.record_key=salted")
    assert last(cured, "stock", "BehindLatest") < 1


@about("broker-loss-and-acks")
def test_what_only_a_leader_had_is_lost_with_it_under_acks_1_and_nothing_under_acks_all() -> None:
    report = report_of("broker-loss-and-acks")
    gone = lost(report, "cluster", "leader_lost")
    assert gone > 0
    created = total(report, "safe", "RecordsProcessed")
    assert total(report, "fast", "RecordsProcessed") == pytest.approx(created - gone, abs=3)
    slowest = {path["nodes"][-1]: path["latency"]["max"] for path in report["paths"] if path["end"] == "processed"}
    assert slowest["safe"] > 8, "until the controller knew, and chose another leader"
    assert lost(report_of("broker-loss-and-acks", "w1.acks=all"), "cluster", "leader_lost") == 0


@about("reshard-under-load")
def test_resharding_helps_when_it_is_done_and_readers_finish_the_parents_first() -> None:
    report = report_of("reshard-under-load")
    assert total(report, "frames", "WriteProvisionedThroughputExceeded") > 500
    assert waited(report, "frames", "parent_shard") > 100
    assert total(report, "detect", "DuplicatesProcessed") == 0
    assert last(report, "frames", "OpenShardCount") == 4
    cured = report_of("reshard-under-load", 'frames.reshards=[{"at_s": 0, "action": "update_shard_count", "target_shard_count": 4}]')
    assert total(cured, "frames", "WriteProvisionedThroughputExceeded") < 0.02 * total(report, "frames", "WriteProvisionedThroughputExceeded")
    assert cured["nodes"]["detect"]["metrics"]["MillisBehindLatest"]["max"] < report["nodes"]["detect"]["metrics"]["MillisBehindLatest"]["max"] / 2
