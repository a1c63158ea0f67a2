"""Kinesis data stream: one test for each documented rule, counted at the shards and at the consumers behind them."""

from __future__ import annotations

from hashlib import md5
from itertools import pairwise
from typing import Any

import pytest

from simulator.findings import check
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

MIB = 1024**2
QUICK = {"duration": INSTANT}


def source(per_s: float, size_bytes: int = 100, key: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """Records at even distances, of one size, all with one key if no others are given."""
    return {"load": rate(per_s), "arrivals": "even", "message_types": [{"size_bytes": size_bytes, "key": key or {"keys": "single"}}]} | more


def for_a_while(per_s: float, seconds: float, size_bytes: int = 100, key: dict[str, Any] | None = None) -> dict[str, Any]:
    """Records at even distances that end after a time."""
    return at_times(*((place + 1) / per_s for place in range(int(per_s * seconds)))) | {"message_types": [{"size_bytes": size_bytes, "key": key or {"keys": "single"}}]}


def stream_and_readers(
    put: dict[str, Any], stream: dict[str, Any] | None = None, producing: dict[str, Any] | None = None, *readings: dict[str, Any], application: dict[str, Any] | None = None, **run: Any
) -> dict[str, Any]:
    """A source, a stream whose calls take no time, and an application for each of ``readings``."""
    nodes: dict[str, Any] = {"source": ("traffic", put), "stream": ("kinesis", {"shard_count": 1} | (stream or {}))}
    wires: dict[str, Any] = {"source.out -> stream.in": {"put_latency": INSTANT} | (producing or {})}
    for place, reading in enumerate(readings):
        nodes[f"reader{place}"] = ("kcl_application", QUICK | (application or {}))
        wires[f"stream.out -> reader{place}.stream"] = {"get_records_latency": INSTANT} | reading
    return drawing(nodes, wires, **run)


def shards(graph: dict[str, Any], *controls: Any) -> tuple[Any, Outcome]:
    """Run, and look at the stream itself."""
    simulation = Simulation(graph, controls)
    for _ in simulation.frames():
        pass
    return simulation.network.nodes["stream"], Outcome(simulation.report().to_json())


def taken(graph: dict[str, Any], reader: str = "reader0", *controls: Any) -> list[tuple[float, int, int]]:
    """When a consumer was handed which message of which key: (time, number, key), in order."""
    simulation = Simulation(graph, controls)
    node: Any = simulation.network.nodes[reader]
    seen: list[tuple[float, int, int]] = []
    take_over = node.take_over

    def noting(wire: Any, attempts: Any) -> int:
        seen.extend((node.agenda.now, attempt.number, attempt.key) for attempt in attempts)
        return int(take_over(wire, attempts))

    node.take_over = noting
    for _ in simulation.frames():
        pass
    return seen


# -- shards and keys ------------------------------------------------------------------------------------------------


def test_a_record_goes_to_the_shard_whose_range_holds_the_md5_of_its_key() -> None:
    graph = stream_and_readers(source(200, key={"keys": "uniform", "number": 50}), {"shard_count": 7}, duration_s=10)
    stream, _ = shards(graph)
    expected = [0] * 7
    seen = {key for _, _, key in taken(stream_and_readers(source(200, key={"keys": "uniform", "number": 50}), {"shard_count": 7}, {}, {}, duration_s=20))}
    for key in seen:
        expected[int(md5(str(key).encode(), usedforsecurity=False).hexdigest(), 16) * 7 >> 128] += 1
    assert len(seen) == 50
    reached = [len({message.key for message in shard.log._messages}) for shard in stream.shards]
    assert reached == expected, "each shard holds as many keys as hash into its seventh of the space"


def test_an_explicit_hash_key_overrides_the_partition_key() -> None:
    last = str((1 << 128) - 1)
    stream, _ = shards(stream_and_readers(source(50, key={"keys": "uniform", "number": 50}), {"shard_count": 4}, {"explicit_hash_key": last}, duration_s=4))
    assert [shard.records_in > 0 for shard in stream.shards] == [False, False, False, True]


@pytest.mark.parametrize(("partition_key", "most"), [("key", 4), ("random", 1.3), ("salted", 2.6)])
def test_random_and_salted_keys_spread_what_one_key_holds_together(partition_key: str, most: float) -> None:
    stream, _ = shards(stream_and_readers(source(400), {"shard_count": 4}, {"partition_key": partition_key, "salts": 20}, duration_s=10))
    counts = [shard.records_in for shard in stream.shards]
    assert max(counts) <= most * sum(counts) / 4
    assert (min(counts) == 0) is (partition_key == "key")


# -- write limits ---------------------------------------------------------------------------------------------------


def test_a_shard_takes_1000_records_a_second() -> None:
    seen = outcome(stream_and_readers(source(1500), None, {"max_attempts": 1}, {}, duration_s=20))
    assert seen.total("stream", "IncomingRecords") == pytest.approx(20 * 1000 + 1000, rel=0.01), "20 s, and the second's worth that had gathered before"
    assert seen.lost("stream") == {"not_retried": pytest.approx(20 * 500 - 1000, rel=0.05)}
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") == seen.lost("stream")["not_retried"]


def test_a_shard_takes_1_mb_a_second() -> None:
    seen = outcome(stream_and_readers(source(200, 10_000), None, {"max_attempts": 1}, duration_s=20))
    assert seen.total("stream", "IncomingBytes") == pytest.approx(20e6 + MIB, rel=0.01)
    assert seen.total("stream", "IncomingRecords") < 20 * 1000


def test_a_hot_shard_throttles_while_the_stream_as_a_whole_is_hardly_used() -> None:
    seen = outcome(stream_and_readers(source(1500), {"shard_count": 10}, {"max_attempts": 1}, duration_s=20))
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") > 8000
    assert seen.last("stream", "HottestShardWriteShare") == pytest.approx(1, abs=0.02)
    assert seen.last("stream", "StreamWriteShare") == pytest.approx(0.1, abs=0.01)


def test_records_over_1_mib_are_taken_from_a_tank_that_fills_slowly() -> None:
    """Four records of 5 MiB at once: the tank of 10 MiB holds two, and needs 5 s for each of the others."""
    graph = stream_and_readers(at_times(1, 1, 1, 1, 6.1, 11.2) | {"message_types": [{"size_bytes": 5 * MIB}]}, {"max_record_size_kib": 10_240}, {"max_attempts": 1}, duration_s=20)
    stream, seen = shards(graph)
    assert [round(message.sent_s, 1) for message in stream.shards[0].log._messages] == [1, 1, 6.1, 11.2]
    assert seen.lost("stream") == {"not_retried": 2}


def test_a_record_over_the_largest_size_is_rejected_at_its_sender() -> None:
    seen = outcome(stream_and_readers(at_times(1, 2) | {"message_types": [{"size_bytes": MIB + 1}]}, duration_s=5))
    assert seen.lost("source") == {"too_large": 2}
    assert seen.total("stream", "IncomingRecords") == 0


# -- what producers do next -----------------------------------------------------------------------------------------


def burst(count: int, key: dict[str, Any] | None = None) -> dict[str, Any]:
    """So many records within a tenth of a second."""
    return at_times(*(1 + place * 0.1 / count for place in range(count))) | {"message_types": [{"key": key or {"keys": "single"}}]}


def test_put_record_tries_again_and_what_it_gives_up_is_lost() -> None:
    kept = outcome(stream_and_readers(burst(1500), None, {"max_attempts": 8}, {}, duration_s=30))
    assert kept.total("reader0", "RecordsProcessed") == 1500
    assert kept.total("stream", "WriteProvisionedThroughputExceeded") > 300
    given_up = outcome(stream_and_readers(burst(1500), None, {"max_attempts": 2, "retry_base_s": 0.1}, {}, duration_s=30))
    assert given_up.lost("stream")["not_retried"] + given_up.total("reader0", "RecordsProcessed") == 1500
    assert given_up.lost("stream")["not_retried"] > 200


def test_put_records_succeeds_in_part_and_only_the_refused_records_are_sent_again() -> None:
    """500 records of a hot shard and 500 of a quiet one in each call: only the hot ones come again."""
    two = {"shard_count": 2, "shard_records_per_s": 100}
    keys = {"keys": "uniform", "number": 2}
    seen = outcome(stream_and_readers(burst(300, keys), two, {"producer": "put_records", "max_attempts": 50}, {}, duration_s=60))
    assert seen.total("reader0", "RecordsProcessed") == 300
    assert seen.total("stream", "PutRecords.SuccessfulRecords") == 300
    assert seen.total("stream", "PutRecords.TotalRecords") == 300 + seen.total("stream", "PutRecords.ThrottledRecords")
    assert 0 < seen.total("stream", "PutRecords.ThrottledRecords") == seen.total("stream", "WriteProvisionedThroughputExceeded")
    assert seen.total("stream", "PutRecords.Success") >= 1


def numbers_in_order(graph: dict[str, Any]) -> bool:
    numbers = [number for _, number, _ in taken(graph)]
    assert len(numbers) > 1400
    return numbers == sorted(numbers)


def test_only_serial_puts_keep_the_order_of_a_key_under_throttling() -> None:
    retrying = {"max_attempts": 50, "retry_max_s": 0.5}
    assert numbers_in_order(stream_and_readers(burst(1500), None, {"strict_order": True} | retrying, {}, duration_s=60))
    assert not numbers_in_order(stream_and_readers(burst(1500), None, retrying, {}, duration_s=60))
    assert not numbers_in_order(stream_and_readers(for_a_while(1500, 4), None, {"producer": "put_records"} | retrying, {}, duration_s=60))


def test_a_service_that_puts_keeps_what_is_refused() -> None:
    """A function behind a queue publishes into a full shard: its batches fail, and come back from the queue."""
    graph = drawing(
        {"source": ("traffic", at_times(*(1 + place * 0.01 for place in range(50)))), "queue": ("sqs", {"visibility_timeout_s": 30}),
         "function": ("lambda", {"duration": constant(0.01), "timeout_s": 5}), "stream": ("kinesis", {"shard_count": 1, "shard_records_per_s": 1})},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {"batch_size": 1}, "function.out -> stream.in": {}}, duration_s=1800)
    seen = outcome(graph)
    assert seen.total("stream", "IncomingRecords") == 50
    assert seen.total("function", "Errors") == seen.total("stream", "WriteProvisionedThroughputExceeded") > 20
    assert seen.lost("stream") == {}


def test_an_outage_fails_puts_and_is_told_apart_from_throttling() -> None:
    struck = {"action": "fault", "time_s": 5, "node": "stream", "fault": "unavailable", "value": {}}
    over = {"action": "clear_fault", "time_s": 6, "node": "stream", "fault": "unavailable"}
    seen = outcome(stream_and_readers(source(50), None, {"producer": "put_records", "max_attempts": 20}, {}, duration_s=40), struck, over)
    assert seen.total("stream", "PutRecords.FailedRecords") > 40
    assert seen.total("stream", "PutRecords.ThrottledRecords") == seen.total("stream", "WriteProvisionedThroughputExceeded") == 0
    assert seen.lost("stream") == {}


@pytest.mark.parametrize("fidelity", ["exact", 100])
def test_one_shard_that_takes_no_records_fails_those_of_its_keys_alone(fidelity: Any) -> None:
    """Half of the records go to the first of two shards, which is down from 10 to 20 s; each is tried three times."""
    struck = {"action": "fault", "time_s": 10, "node": "stream", "fault": "shard_unavailable", "value": {"shard": 0}}
    over = {"action": "clear_fault", "time_s": 20, "node": "stream", "fault": "shard_unavailable"}
    put = source(400, key={"keys": "uniform", "number": 5000})
    seen = outcome(stream_and_readers(put, {"shard_count": 2}, {"producer": "put_records", "max_attempts": 3}, {}, duration_s=60, fidelity=fidelity), struck, over)
    assert seen.lost("stream")["not_retried"] == pytest.approx(2000, rel=0.1)
    assert seen.total("stream", "PutRecords.FailedRecords") == pytest.approx(6000, rel=0.15)
    assert seen.total("stream", "PutRecords.ThrottledRecords") == seen.total("stream", "WriteProvisionedThroughputExceeded") == 0
    assert seen.total("reader0", "RecordsProcessed") == pytest.approx(22000, rel=0.02)


# -- the Kinesis Producer Library -----------------------------------------------------------------------------------


def test_the_kpl_packs_messages_of_a_shard_into_one_record() -> None:
    """2,000 messages a second of 100 bytes for 100 ms each: about 200 in a record, so that one shard takes them all."""
    packed = outcome(stream_and_readers(source(2000), None, {"producer": "kpl"}, {}, duration_s=20))
    assert packed.total("stream", "WriteProvisionedThroughputExceeded") == 0
    assert packed.total("stream", "IncomingRecords") == pytest.approx(20 * 10, rel=0.05)
    assert packed.total("reader0", "RecordsProcessed") > 19 * 2000 * 0.97
    loose = outcome(stream_and_readers(source(2000), None, {"producer": "kpl", "aggregation_enabled": False}, {}, duration_s=20))
    assert loose.total("stream", "WriteProvisionedThroughputExceeded") > 1000


def test_the_kpl_sends_a_record_when_it_is_full_or_has_lingered() -> None:
    stream, _ = shards(stream_and_readers(burst(1000), None, {"producer": "kpl", "aggregation_max_size_bytes": 102_400}, duration_s=5))
    sizes: dict[int, int] = {}
    for message in stream.shards[0].log._messages:
        sizes[message.position] = sizes.get(message.position, 0) + message.size_bytes
    assert max(sizes.values()) <= 102_400
    assert len(sizes) == pytest.approx(1000 * 1024 / 102_400, abs=2)
    latency = outcome(stream_and_readers(at_times(1, 2, 3), None, {"producer": "kpl", "record_max_buffered_time_s": 0.4}, duration_s=5)).waits("stream")
    assert latency["producer_linger"] == pytest.approx(3 * 0.4)


def test_the_kpl_gives_up_at_the_record_ttl() -> None:
    """One shard for twice what it takes: what cannot be written within 5 s has failed."""
    seen = outcome(stream_and_readers(for_a_while(200, 30, 10_000), None, {"producer": "kpl", "aggregation_enabled": False, "record_ttl_s": 5}, {}, duration_s=60))
    assert seen.lost("stream")["record_ttl"] > 1500
    assert seen.lost("stream")["record_ttl"] + seen.total("reader0", "RecordsProcessed") == 6000
    failing = outcome(stream_and_readers(for_a_while(200, 30, 10_000), None, {"producer": "kpl", "aggregation_enabled": False, "fail_if_throttled": True}, {}, duration_s=60))
    assert failing.lost("stream")["not_retried"] + failing.total("reader0", "RecordsProcessed") == 6000


def test_the_kpl_keeps_to_its_rate_limit() -> None:
    half = outcome(stream_and_readers(for_a_while(900, 20), None, {"producer": "kpl", "aggregation_enabled": False, "rate_limit_percent": 50, "record_ttl_s": 100}, {}, duration_s=60))
    assert half.total("stream", "WriteProvisionedThroughputExceeded") == 0
    assert half.series("stream", "IncomingRecords")[20.0] <= 20 * 500 + 500
    assert half.waits("stream")["producer_rate_limit"] > 0
    assert half.total("reader0", "RecordsProcessed") == 18_000


# -- reading --------------------------------------------------------------------------------------------------------


def test_every_consumer_gets_every_record_in_the_order_of_its_shard() -> None:
    graph = stream_and_readers(source(100, key={"keys": "uniform", "number": 20}), {"shard_count": 3}, None, {}, {"enhanced_fan_out": True}, duration_s=30)
    for reader in ("reader0", "reader1"):
        seen = taken(graph, reader)
        assert len(seen) > 2700
        assert len({number for _, number, _ in seen}) == len(seen)
        by_key: dict[int, list[int]] = {}
        for _, number, key in seen:
            by_key.setdefault(key, []).append(number)
        assert all(numbers == sorted(numbers) for numbers in by_key.values())


def test_a_slow_consumer_does_not_delay_another() -> None:
    graph = stream_and_readers(source(50), None, None, {}, {}, duration_s=60)
    graph["nodes"][2]["parameters"]["duration"] = constant(0.1)
    seen = outcome(graph)
    assert seen.total("reader0", "RecordsProcessed") == pytest.approx(600, rel=0.05)
    assert seen.total("reader1", "RecordsProcessed") > 0.95 * 3000
    assert seen.path("source", "stream", "reader1")["latency"]["max"] < 2
    assert seen.last("reader0", "MillisBehindLatest") > 30


def test_consumers_that_poll_share_five_calls_a_second() -> None:
    def throttled(readers: int) -> float:
        return outcome(stream_and_readers(source(10), None, None, *[{"idle_time_between_reads_s": 1.0}] * readers, duration_s=60)).total("stream", "ReadProvisionedThroughputExceeded")

    assert throttled(4) == 0
    assert throttled(8) == pytest.approx(3 * 60, rel=0.1)


def late(readers: int, **reading: Any) -> float:
    """How old the last record is that the last of so many consumers has read, of a shard that takes 0.9 MB/s."""
    seen = outcome(stream_and_readers(source(90, 10_000), None, None, *[reading] * readers, duration_s=120))
    return float(max(seen.metric(f"reader{place}", "MillisBehindLatest")["last"] for place in range(readers)))


def test_consumers_that_poll_share_2_mb_a_second_and_fan_out_does_not() -> None:
    assert late(2, idle_time_between_reads_s=1.0) < 5
    assert late(4, idle_time_between_reads_s=1.0) > 20
    assert late(4, enhanced_fan_out=True) < 1


def test_enhanced_fan_out_pushes_after_70_ms() -> None:
    pushed = outcome(stream_and_readers(source(5), None, None, {"enhanced_fan_out": True}, duration_s=20)).path("source", "stream", "reader0")["latency"]
    assert pushed["mean"] == pytest.approx(0.07)
    assert pushed["max"] == pytest.approx(0.07)


def test_polls_come_at_their_interval() -> None:
    polled = outcome(stream_and_readers(source(5), None, None, {"idle_time_between_reads_s": 1.0}, duration_s=60))
    assert polled.path("source", "stream", "reader0")["latency"]["mean"] == pytest.approx(0.5, abs=0.1)
    assert polled.total("stream", "GetRecords.Success") == pytest.approx(60, abs=2)


def test_after_10_mb_in_one_call_calls_fail_for_5_s() -> None:
    """15 MB wait while there is no worker; the one that comes gets 10 MiB, and the rest five seconds later."""
    dead = {"action": "fault", "time_s": 0.001, "node": "reader0", "fault": "workers_die", "value": {"workers": 2}}
    back = {"action": "clear_fault", "time_s": 30, "node": "reader0", "fault": "workers_die"}
    times = [time_s for time_s, _, _ in taken(stream_and_readers(for_a_while(75, 20, 10_000), None, None, {"idle_time_between_reads_s": 0.2}, duration_s=60), "reader0", dead, back)]
    gaps = [(after - before, before) for before, after in pairwise(times)]
    widest_s, at_s = max(gaps)
    assert len(times) == 1500
    assert widest_s == pytest.approx(10 * MIB / 2e6, abs=0.3)
    assert 30 <= at_s < 31
    assert times.index(at_s) <= 10 * MIB // 10_000 < len(times)


def test_retention_takes_what_was_not_read_and_the_reader_goes_on_without_an_error() -> None:
    day_s = 86400
    dead = {"action": "fault", "time_s": 0.001, "node": "reader0", "fault": "workers_die", "value": {"workers": 2}}
    back = {"action": "clear_fault", "time_s": day_s + 3600, "node": "reader0", "fault": "workers_die"}
    seen = outcome(stream_and_readers(source(0.1), None, None, {}, duration_s=day_s + 7200, frame_interval_s=600), dead, back)
    assert seen.lost("stream") == {"retention": pytest.approx(360, abs=2)}, "the workers die at once; an hour's records are too old when one comes back"
    assert seen.total("stream", "RecordsExpired") == seen.lost("stream")["retention"]
    assert seen.total("reader0", "RecordsProcessed") == pytest.approx((day_s + 7200) * 0.1 - 360, abs=3)
    assert max(seen.series("stream", "GetRecords.IteratorAgeMilliseconds").values()) == pytest.approx(day_s, rel=0.01)


def test_a_shorter_retention_acts_at_once() -> None:
    shorter = {"action": "parameter", "time_s": 90_000, "node": "stream", "parameter": "retention_period_hours", "value": 24}
    seen = outcome(stream_and_readers(source(0.1), {"retention_period_hours": 48}, duration_s=91_000, frame_interval_s=600), shorter)
    assert seen.lost("stream") == {"retention": pytest.approx((91_000 - 86_400) * 0.1, abs=2)}


# -- the bill, and findings -----------------------------------------------------------------------------------------


def test_the_bill_counts_shard_hours_payload_units_and_fan_out() -> None:
    graph = stream_and_readers(source(1, 60_000), {"shard_count": 3}, None, {}, {"enhanced_fan_out": True}, duration_s=3600)
    seen = outcome(graph)
    records = seen.total("stream", "IncomingRecords")
    assert seen.quantity("stream", "Shards") == pytest.approx(3)
    assert seen.quantity("stream", "PUT payload units of up to 25 KB") == 3 * records
    assert seen.quantity("stream", "Enhanced fan-out") == pytest.approx(3)
    assert seen.quantity("stream", "Data of enhanced fan-out") == pytest.approx(records * 60_000 / 1e9, rel=0.01)


def test_keeping_records_longer_is_billed() -> None:
    week_s = 7 * 86_400
    seen = outcome(stream_and_readers(for_a_while(0.1, 3600, 100_000), {"retention_period_hours": 240}, duration_s=week_s + 86_400, frame_interval_s=3600))
    assert seen.quantity("stream", "Retention from 24 hours to 7 days") == pytest.approx(8 * 24)
    assert seen.quantity("stream", "Retention beyond 7 days") == pytest.approx(0.036 * 24 / 730, rel=0.05)


def codes(graph: dict[str, Any]) -> set[str]:
    return {finding.code for finding in check(Scenario.from_json(graph))}


def test_findings_name_what_cannot_work() -> None:
    assert "no-consumer" in codes(stream_and_readers(source(1), duration_s=1))
    assert "too-many-pollers" in codes(stream_and_readers(source(1), None, None, *[{"idle_time_between_reads_s": 1.0}] * 6, duration_s=1))
    assert "too-many-pollers" not in codes(stream_and_readers(source(1), None, None, *[{"enhanced_fan_out": True}] * 6, duration_s=1))
    assert "fan-out-consumers" in codes(stream_and_readers(source(1), None, None, *[{"enhanced_fan_out": True}] * 21, duration_s=1))
    assert "hash-key-too-large" in codes(stream_and_readers(source(1), None, {"explicit_hash_key": str(1 << 128)}, duration_s=1))
    assert "order-needs-put-record" in codes(stream_and_readers(source(1), None, {"producer": "kpl", "strict_order": True}, duration_s=1))


def test_at_a_rate_for_cohorts_the_report_says_where_records_stay_single() -> None:
    plain, packed = (outcome(stream_and_readers(source(300), None, producer, {}, duration_s=5, fidelity=100)).report for producer in (None, {"producer": "kpl"}))
    assert (plain["fidelity"]["nodes"]["stream"]["used"], plain["fidelity"]["nodes"]["stream"]["why"]) == ("cohorts", None)
    assert packed["fidelity"]["nodes"]["stream"]["used"] == "exact"
    assert "packs records" in packed["fidelity"]["nodes"]["stream"]["why"]
    for report in (plain, packed):
        assert report["nodes"]["reader0"]["metrics"]["RecordsProcessed"]["total"] > 600
