"""DynamoDB: units, capacity, bursts, partitions and hot keys, optimistic locking, counted at the table and at its caller."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

ON_DEMAND = {"billing_mode": "PAY_PER_REQUEST"}


def used(source: dict[str, Any], table: dict[str, Any], *controls: Any, policy: dict[str, Any] | None = None, **run: Any) -> Outcome:
    graph = drawing({"app": ("traffic", source), "table": ("dynamodb", {"latency": constant(0.004)} | table)}, {"app.requests -> table.requests": policy or {}}, **run)
    return outcome(graph, *controls)


def each(name: str, size_bytes: int = 1024, keys: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "size_bytes": size_bytes, **({"key": keys} if keys else {})}


def steady(per_s: float, *types: dict[str, Any]) -> dict[str, Any]:
    return {"load": rate(per_s), "arrivals": "even", "message_types": list(types)}


SPREAD = {"keys": "uniform", "number": 100_000}


@pytest.mark.parametrize(("access", "size_bytes", "reads", "writes"), [
    ({"operation": "GetItem"}, 4096, 0.5, 0), ({"operation": "GetItem"}, 4097, 1, 0), ({"operation": "GetItem", "consistent_read": True}, 4097, 2, 0),
    ({"operation": "TransactGetItems"}, 4096, 2, 0), ({"operation": "PutItem"}, 1024, 0, 1), ({"operation": "UpdateItem"}, 1025, 0, 2), ({"operation": "TransactWriteItems"}, 1025, 0, 4),
    ({"operation": "PutItem", "item_bytes": 3000}, 10, 0, 3), ({"operation": "OptimisticUpdate"}, 1500, 0.5, 2),
])  # fmt: skip
def test_units_of_one_request(access: dict[str, Any], size_bytes: int, reads: float, writes: float) -> None:
    seen = used(at_times(1) | {"message_types": [each("x", size_bytes)]}, ON_DEMAND | {"accesses": [access]}, duration_s=5)
    assert seen.total("app", "MessagesAccepted") == 1
    assert seen.total("table", "ConsumedReadCapacityUnits") == reads
    assert seen.total("table", "ConsumedWriteCapacityUnits") == writes


def test_types_that_begin_with_get_read_unless_told_otherwise() -> None:
    seen = used(at_times(1, 2) | {"message_types": [each("GET a")]}, ON_DEMAND, duration_s=5)
    assert seen.total("table", "ConsumedReadCapacityUnits") == 1
    told = used(at_times(1) | {"message_types": [each("GET a")]}, ON_DEMAND | {"accesses": [{"message_type": "GET *", "operation": "DeleteItem"}]}, duration_s=5)
    assert told.total("table", "ConsumedWriteCapacityUnits") == 1


def test_five_minutes_of_unused_capacity_are_kept() -> None:
    """100 writes/s on 50 units: 300 x 50 units are there, 50 more come each second."""
    seen = used(steady(100, each("w", keys=SPREAD)), {"write_units_per_s": 50}, duration_s=600)
    assert seen.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(50 * 600 + 300 * 50, abs=60)
    assert seen.total("table", "WriteThrottleEvents") == pytest.approx(100 * 600 - 45_000, abs=60)
    assert set(seen.lost("app")) == {"provisioned_throughput"}
    none = used(steady(100, each("w", keys=SPREAD)), {"write_units_per_s": 50, "burst_s": 0}, duration_s=600)
    assert none.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(50 * 600, abs=60)


def test_a_hot_key_stops_at_its_partitions_ceiling_with_the_table_almost_idle() -> None:
    """The first failure mode at a tenth: 150 writes/s to one key of a table of 1,000, partitions of 100: 50/s are throttled, with 10 % used."""
    table = {"write_units_per_s": 1000, "partition_write_units_per_s": 100, "split_after_s": 20}
    seen = used(steady(150, each("w", keys={"keys": "single"})), table, duration_s=120)
    assert seen.total("table", "HotPartitionThrottles") == pytest.approx(50 * 120, abs=150)
    assert seen.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(100 * 120, abs=150)
    assert set(seen.lost("app")) == {"hot_partition"}
    assert seen.last("table", "Partitions") > 10, "splitting does not help a single key"


def test_capacity_goes_where_it_is_needed_and_hot_partitions_are_split() -> None:
    """Four keys on one partition of ten: 160 writes/s against a ceiling of 100; the table has 1,000. A split makes two of it."""
    table = {"write_units_per_s": 1000, "partition_write_units_per_s": 100, "partitions": 1, "split_after_s": 30}
    seen = used(steady(160, each("w", keys={"keys": "uniform", "number": 50})), table, duration_s=200, frame_interval_s=10)
    throttled = seen.series("table", "WriteThrottleEvents")
    assert throttled[20] > 500
    assert throttled[200] == throttled[100], "after splits nothing is throttled"
    assert seen.last("table", "Partitions") > 1


def test_reads_and_writes_throttle_by_themselves() -> None:
    table = ON_DEMAND | {"partition_write_units_per_s": 20, "partitions": 1, "split_after_s": 86400, "partition_read_units_per_s": 3000}
    seen = used(steady(100, each("w"), each("GET r")), table, duration_s=60)
    assert seen.total("table", "ReadThrottleEvents") == 0
    assert seen.total("table", "WriteThrottleEvents") > 1000


def test_on_demand_takes_so_much_at_once_and_doubles_later() -> None:
    """The second failure mode at a hundredth: 200/s on a table that takes 40 at once; it doubles every 100 s while it is full."""
    seen = used(steady(200, each("w", keys=SPREAD)), ON_DEMAND | {"warm_write_units_per_s": 40, "doubling_s": 100}, duration_s=300, frame_interval_s=10)
    units = seen.series("table", "ConsumedWriteCapacityUnits")
    assert units[90] - units[20] == pytest.approx(40 * 70, rel=0.03)
    assert units[190] - units[120] == pytest.approx(80 * 70, rel=0.03)
    assert units[290] - units[220] == pytest.approx(160 * 70, rel=0.03)
    assert set(seen.lost("app")) == {"on_demand_ramp"}


def test_a_maximum_on_demand() -> None:
    seen = used(steady(100, each("w", keys=SPREAD)), ON_DEMAND | {"max_write_units_per_s": 30}, duration_s=60)
    assert seen.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(30 * 60 + 30, abs=5)
    assert set(seen.lost("app")) == {"max_on_demand_throughput"}


def test_an_index_that_cannot_keep_up_throttles_the_table() -> None:
    table = {"write_units_per_s": 1000, "burst_s": 0, "indexes": [{"name": "by-day", "write_units_per_s": 10}]}
    seen = used(steady(50, each("w", keys=SPREAD)), table, duration_s=60)
    assert seen.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(600, abs=15)
    assert set(seen.lost("app")) == {"index_throughput"}


def test_a_write_that_an_index_refuses_uses_nothing_of_the_table_and_of_other_indexes() -> None:
    """Two indexes: the second takes one of three writes at once, and the refused ones leave the table and the first index what they had."""
    table = {"write_units_per_s": 2, "burst_s": 0, "indexes": [{"name": "a", "write_units_per_s": 2}, {"name": "b", "write_units_per_s": 1}]}
    seen = used(at_times(1, 1, 1) | {"message_types": [each("w", keys=SPREAD)]}, table, duration_s=5)
    assert seen.lost("app") == {"index_throughput": 2}
    assert seen.total("table", "ConsumedWriteCapacityUnits") == 1
    assert seen.total("table", "IndexWriteUnits") == 2


def test_indexes_of_a_table_on_demand_take_what_it_takes_and_are_billed() -> None:
    indexes = {"indexes": [{"write_units_per_s": 1}, {"name": "sparse", "write_units_per_s": 1, "touched_share": 0}]}
    seen = used(steady(50, each("w", 2000, SPREAD)), ON_DEMAND | indexes, duration_s=60)
    made = seen.total("app", "MessagesCreated")
    assert seen.total("app", "MessagesAccepted") == made > 2900
    assert seen.quantity("table", "Write requests") == 2 * made + 2 * made


def test_optimistic_writes_fail_when_others_were_faster() -> None:
    """Ten callers read at once and write after 1 s: one succeeds."""
    table = ON_DEMAND | {"accesses": [{"operation": "OptimisticUpdate", "read_to_write": constant(1)}]}
    seen = used(at_times(*[1.0] * 10), table, duration_s=10)
    assert seen.total("table", "ConditionalCheckFailedRequests") == 9
    assert seen.total("table", "ConsumedWriteCapacityUnits") == 10, "a failed condition uses units too"
    apart = used(at_times(1, 3, 5), table, duration_s=10)
    assert apart.total("table", "ConditionalCheckFailedRequests") == 0
    assert apart.metric("app", "ResponseTime")["max"] == pytest.approx(1.004)


def test_retries_raise_what_is_offered_to_a_hot_partition() -> None:
    table = ON_DEMAND | {"partition_write_units_per_s": 50, "partitions": 1, "split_after_s": 86400}
    bare = used(steady(100, each("w")), table, duration_s=60)
    tried = used(steady(100, each("w")), table, policy={"attempts": 4, "backoff_base_s": 0.05}, duration_s=60)
    assert tried.total("table", "ThrottledRequests") > 1.8 * bare.total("table", "ThrottledRequests")
    assert tried.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(bare.total("table", "ConsumedWriteCapacityUnits"), rel=0.03)


def test_more_capacity_needs_more_partitions_up_to_a_limit() -> None:
    more = {"time_s": 5, "action": "parameter", "after_s": 0, "node": "table", "parameter": "write_units_per_s", "value": 5000}
    seen = used(steady(5, each("w", keys=SPREAD)), {"write_units_per_s": 1000}, more, duration_s=10, frame_interval_s=1)
    assert (seen.metric("table", "Partitions")["max"], seen.last("table", "Partitions")) == (8, 8), "one, then split until there are five or more"
    assert used(at_times(1), {"write_units_per_s": 1e6, "partition_write_units_per_s": 1}, duration_s=3).last("table", "Partitions") == 10_000


def test_one_way_writes_and_capacity_that_is_changed() -> None:
    graph = drawing({"app": ("traffic", steady(100, each("w", keys=SPREAD))), "table": ("dynamodb", {"latency": INSTANT, "write_units_per_s": 10, "burst_s": 0})}, {"app.out -> table.in": {}}, duration_s=100)
    more = {"time_s": 50, "action": "parameter", "after_s": 0, "node": "table", "parameter": "write_units_per_s", "value": 60}
    seen = outcome(graph, more)
    assert seen.report["nodes"]["table"]["ledger"]["finished"] == pytest.approx(50 * 10 + 50 * 60, rel=0.05)


def test_the_bill() -> None:
    seen = used(steady(10, each("w", 2000, SPREAD)), ON_DEMAND, duration_s=100)
    assert seen.quantity("table", "Write requests") == 2 * seen.total("app", "MessagesCreated")
    bought = used(steady(10, each("w", keys=SPREAD)), {"write_units_per_s": 50, "read_units_per_s": 7}, duration_s=3600)
    assert bought.quantity("table", "Provisioned writes") == pytest.approx(50)
    assert bought.quantity("table", "Provisioned reads") == pytest.approx(7)
    indexed = used(at_times(1), {"write_units_per_s": 50, "indexes": [{"write_units_per_s": 30}, {"name": "b", "write_units_per_s": 20}]}, duration_s=3600)
    assert indexed.quantity("table", "Provisioned writes") == pytest.approx(50 + 30 + 20), "capacity of an index costs what the table's does"


def test_capacity_that_is_changed_is_billed_as_long_as_it_was_there_and_fills_no_burst() -> None:
    """10 units for 1,000 s, then 50: what was kept from before stays, 300 s x 10, and all that is more has to come first."""
    more = {"time_s": 1000, "action": "parameter", "after_s": 0, "node": "table", "parameter": "write_units_per_s", "value": 50}
    seen = used(at_times(*[1000.5] * 4000) | {"message_types": [each("w", keys=SPREAD)]}, {"write_units_per_s": 10, "partition_write_units_per_s": 10_000}, more, duration_s=3600)
    assert seen.total("table", "ConsumedWriteCapacityUnits") == pytest.approx(300 * 10 + 0.5 * 50, abs=1)
    assert seen.quantity("table", "Provisioned writes") == pytest.approx((1000 * 10 + 2600 * 50) / 3600)
    assert seen.metric("table", "ProvisionedWriteCapacityUnits")["mean"] * 3600 == pytest.approx(1000 * 10 + 2600 * 50)


def test_findings() -> None:
    def codes(table: dict[str, Any]) -> set[str]:
        return {finding.code for finding in findings.check(Scenario.from_json(drawing({"app": ("traffic", {}), "table": ("dynamodb", table)}, {"app.requests -> table.requests": {}})))}

    assert codes({}) == set()
    assert codes({"write_units_per_s": 50_000}) == {"over-table-quota"}
    assert codes({"write_units_per_s": 50, "indexes": [{"write_units_per_s": 10}]}) == {"index-below-table"}


# -- the stream -----------------------------------------------------------------------------------------------------------


def streamed(source: dict[str, Any], function: dict[str, Any], mapping: dict[str, Any] | None = None, **run: Any) -> Outcome:
    nodes = {"app": ("traffic", source), "table": ("dynamodb", ON_DEMAND | {"latency": constant(0.004), "partitions": 4}), "reader": ("lambda", {"duration": constant(0.01)} | function)}
    return outcome(drawing(nodes, {"app.requests -> table.requests": {}, "table.stream -> reader.stream": mapping or {}}, **run))


def test_every_write_and_no_read_comes_to_the_function_that_reads_the_stream() -> None:
    seen = streamed(steady(20, each("w", keys=SPREAD), each("GET r", keys=SPREAD)), {}, duration_s=60)
    written = seen.total("table", "ConsumedWriteCapacityUnits")
    assert seen.total("table", "StreamRecords") == pytest.approx(written, abs=1)
    assert written > 400
    assert seen.total("reader", "MessagesProcessed") == pytest.approx(written, abs=25)
    assert seen.path("app", "table", "reader")["messages"] == seen.total("reader", "MessagesProcessed")
    bare = used(steady(20, each("w")), ON_DEMAND, duration_s=20)
    assert bare.total("table", "StreamRecords") == 0, "no stream without a reader"


def test_a_batch_that_fails_blocks_its_shard_and_the_table_goes_on() -> None:
    seen = streamed(steady(10, each("w")), {"failure_probability": 1}, duration_s=120)
    assert seen.total("reader", "MessagesProcessed") == 0
    assert seen.last("table", "StreamBacklog") == pytest.approx(1200, abs=5)
    assert seen.last("table", "StreamIteratorAge") > 15, "of the last record read: the mapping reads a thousand ahead"
    assert seen.total("app", "MessagesRefused") == 0


def test_the_stream_of_a_table_has_no_enhanced_fan_out() -> None:
    graph = drawing({"table": ("dynamodb", {}), "reader": ("lambda", {})}, {"table.stream -> reader.stream": {"enhanced_fan_out": True}})
    assert "no-fan-out" in {finding.code for finding in findings.check(Scenario.from_json(graph))}


def test_a_slow_table_answers_so_many_times_later_until_it_is_mended() -> None:
    slow = {"time_s": 0, "action": "fault", "node": "table", "fault": "slows", "value": {"factor": 50}, "for_s": 10}
    seen = used(at_times(1, 12) | {"message_types": [each("w")]}, ON_DEMAND, slow, duration_s=20, frame_interval_s=1)
    assert seen.waits("table") == pytest.approx({"processing": 0.2 + 0.004})
