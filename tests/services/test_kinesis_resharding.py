"""Shards that change while a stream runs, by plan and on demand: counted at the shards and at the consumers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import outcome, rate
from tests.services.test_kinesis import codes, for_a_while, shards, source, stream_and_readers, taken
from tests.services.test_kinesis_lambda import mapped

KEYS = {"keys": "uniform", "number": 300}


def reshard(at_s: float, **more: Any) -> dict[str, Any]:
    return {"at_s": at_s, **more}


def spread(per_s: float, size_bytes: int = 100) -> dict[str, Any]:
    return source(per_s, size_bytes, KEYS)


def planned(*reshards: dict[str, Any], shard_count: int = 2, duration_s: float = 60, takes_s: float = 5, reading: dict[str, Any] | None = None, **application: Any) -> dict[str, Any]:
    return stream_and_readers(
        for_a_while(100, 40, 100, KEYS), {"shard_count": shard_count, "reshard_duration_s": takes_s, "reshards": list(reshards)}, None, {"idle_time_between_reads_s": 0.2} | (reading or {}),
        application=application, duration_s=duration_s)


def test_a_split_closes_the_parent_and_its_halves_take_what_comes() -> None:
    stream, seen = shards(planned(reshard(10, action="split", shard=0)))
    parent, other, low, high = stream.shards
    assert [shard.is_open for shard in stream.shards] == [False, True, True, True]
    assert (low.low, high.high, low.high + 1) == (parent.low, parent.high, high.low)
    assert parent.closed_s == pytest.approx(15)
    assert low.records_in + high.records_in == pytest.approx(parent.records_in * 25 / 15, rel=0.15)
    assert other.records_in > 0
    assert seen.metric("stream", "OpenShardCount")["last"] == 3


def test_a_merge_makes_one_shard_of_two_neighbours() -> None:
    stream, seen = shards(planned(reshard(10, action="merge", shard=1), shard_count=3))
    assert (stream.shards[3].low, stream.shards[3].high) == (stream.shards[1].low, stream.shards[2].high)
    assert stream.shards[3].parents == (stream.shards[1], stream.shards[2])
    assert seen.total("reader0", "RecordsProcessed") == 4000


@pytest.mark.parametrize("reading", [{}, {"enhanced_fan_out": True}])
def test_parents_are_read_before_children_so_that_keys_stay_in_order(reading: dict[str, Any]) -> None:
    """A slow consumer is far behind when the shards double; it finishes the parents first, and loses and repeats nothing."""
    graph = planned(reshard(10, target_shard_count=4), reshard(25, target_shard_count=2), duration_s=120, reading=reading, duration={"type": "constant", "value_s": 0.015})
    order: dict[int, list[int]] = {}
    for _, number, key in taken(graph):
        order.setdefault(key, []).append(number)
    assert sum(len(numbers) for numbers in order.values()) == 4000
    assert all(numbers == sorted(numbers) for numbers in order.values())
    seen = outcome(graph)
    assert seen.total("reader0", "DuplicatesProcessed") == 0
    assert seen.waits("stream")["parent_shard"] > 0
    assert seen.total("stream", "Reshards") == 2


def test_a_function_reads_parents_first_too() -> None:
    graph = mapped(for_a_while(100, 40, 100, KEYS), {"batch_size": 20}, {"duration": {"type": "constant", "value_s": 0.015}}, shards=1, duration_s=120)
    graph["nodes"][1]["parameters"] |= {"reshards": [reshard(10, target_shard_count=2)], "reshard_duration_s": 5}
    seen = outcome(graph)
    assert seen.total("function", "MessagesProcessed") == 4000
    assert seen.metric("function", "ConcurrentExecutions")["max"] == 2
    assert seen.waits("stream")["parent_shard"] > 0


def test_an_update_goes_to_between_half_and_twice_and_ten_times_a_day() -> None:
    refused = outcome(planned(reshard(10, target_shard_count=5)))
    assert refused.total("stream", "ReshardsRefused") == 1
    assert refused.last("stream", "OpenShardCount") == 2
    back_and_forth = [reshard(1 + place * 3, target_shard_count=4 if place % 2 == 0 else 2) for place in range(11)]
    often = outcome(planned(*back_and_forth, takes_s=1))
    assert (often.total("stream", "Reshards"), often.total("stream", "ReshardsRefused")) == (10, 1)


def test_one_change_at_a_time() -> None:
    seen = outcome(planned(reshard(10, target_shard_count=4), reshard(12, target_shard_count=3)))
    assert (seen.total("stream", "Reshards"), seen.total("stream", "ReshardsRefused")) == (1, 1)


def test_changing_the_shard_count_in_a_run_is_an_update_and_ends_throttling() -> None:
    change = {"time_s": 20, "action": "parameter", "node": "stream", "parameter": "shard_count", "value": 4}
    graph = stream_and_readers(spread(3000), {"shard_count": 2, "reshard_duration_s": 10}, {"max_attempts": 1}, duration_s=60)
    throttled = outcome(graph, change).series("stream", "WriteProvisionedThroughputExceeded")
    assert throttled[30.0] - throttled[20.0] == pytest.approx(10 * 1000, rel=0.1)
    assert throttled[59.0] == throttled[40.0]


def test_a_split_does_not_help_a_single_key() -> None:
    graph = stream_and_readers(source(1500), {"shard_count": 1, "reshard_duration_s": 5, "reshards": [reshard(5, action="split")]}, {"max_attempts": 1}, duration_s=30)
    throttled = outcome(graph).series("stream", "WriteProvisionedThroughputExceeded")
    assert throttled[29.0] - throttled[15.0] == pytest.approx(14 * 500, rel=0.1)


# -- on demand ------------------------------------------------------------------------------------------------------


def on_demand(per_s: float, size_bytes: int, duration_s: float, **stream: Any) -> dict[str, Any]:
    return stream_and_readers(spread(per_s, size_bytes), {"stream_mode": "ON_DEMAND"} | stream, {"max_attempts": 1}, duration_s=duration_s, frame_interval_s=10)


def test_an_on_demand_stream_takes_4_mb_a_second_at_first() -> None:
    stream, seen = shards(on_demand(60, 100_000, 60))
    assert len(stream.shards) == 4
    assert seen.total("stream", "IncomingBytes") <= 4e6 * 60 + 4 * 1024**2
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") > 800


def test_on_demand_grows_to_twice_its_peak_within_15_minutes_and_splits_hot_shards() -> None:
    stream, seen = shards(on_demand(35, 100_000, 1500))
    capacity = seen.series("stream", "OnDemandCapacity")
    assert capacity[900.0] == 4e6
    assert capacity[1000.0] == pytest.approx(7e6, rel=0.05)
    assert len(stream.map.open) == 8, "each of four shards was above 500 KB/s"
    throttled = seen.series("stream", "WriteProvisionedThroughputExceeded")
    assert throttled[1490.0] == throttled[1000.0]


def test_warm_throughput_is_there_at_once() -> None:
    seen = outcome(on_demand(60, 100_000, 60, warm_throughput_mib_per_s=10, minimum_throughput_billing_commitment=True))
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") < 100
    assert "warm-throughput-needs-advantage" in codes(on_demand(1, 100, 1, warm_throughput_mib_per_s=10))


def test_automatic_distribution_spreads_one_key_and_keeps_no_order() -> None:
    one_key = stream_and_readers(source(2000), {"stream_mode": "ON_DEMAND", "record_distribution_strategy": "AUTO"}, {"max_attempts": 1}, {}, duration_s=20)
    stream, seen = shards(one_key)
    assert seen.total("stream", "WriteProvisionedThroughputExceeded") == 0
    assert all(shard.records_in == pytest.approx(10_000, rel=0.05) for shard in stream.shards)
    numbers = [number for _, number, _ in taken(one_key)]
    assert numbers != sorted(numbers)
    assert "on-demand-only" in codes(stream_and_readers({"load": rate(1)}, {"record_distribution_strategy": "AUTO"}, duration_s=1))


def test_an_on_demand_stream_pays_for_data_in_steps_of_1_kb() -> None:
    seen = outcome(stream_and_readers(source(10, 100), {"stream_mode": "ON_DEMAND"}, None, {}, duration_s=3600, frame_interval_s=60))
    records = seen.total("stream", "IncomingRecords")
    assert seen.quantity("stream", "On-demand stream") == pytest.approx(1)
    assert seen.quantity("stream", "On demand: data in, each record rounded up to 1 KB") == pytest.approx(records * 1024 / 1e9)
    assert seen.quantity("stream", "On demand: data out") == pytest.approx(records * 100 / 1e9, rel=0.01)
    committed = outcome(stream_and_readers(source(10, 100), {"stream_mode": "ON_DEMAND", "minimum_throughput_billing_commitment": True}, None, {}, duration_s=600, frame_interval_s=60))
    assert committed.quantity("stream", "On-demand Advantage: data in") == pytest.approx(25 * 1024**2 * 600 / 1e9)
