"""Lambda's event source mapping for SQS: filter criteria, payload of an invocation, provisioned pollers, and quiet queues."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import InvalidScenario, check
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

ORDERS = {"message_types": [{"name": "paid", "share": 3, "body": {"status": "paid"}}, {"name": "draft", "share": 1, "body": {"status": "draft"}}]}
PAID = [{"body": {"status": ["paid"]}}]


def mapped(source: dict[str, Any], mapping: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, function: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """A source, a queue and a function; deliveries take no time and cold starts next to none, unless asked for."""
    return drawing(
        {"source": ("traffic", source), "queue": ("sqs", {"visibility_timeout_s": 5400} | (queue or {})),
         "function": ("lambda", {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400, "duration": constant(1), "batch_work": "single", "timeout_s": 900} | (function or {}))},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT} | (mapping or {})}, **how)


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in check(Scenario.from_json(scenario))}


# -- filters --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window_s", [0, 5])
def test_messages_that_match_no_filter_are_deleted_without_an_invocation(window_s: float) -> None:
    seen = outcome(mapped({"load": rate(20)} | ORDERS, {"filter_criteria": PAID, "batching_window_s": window_s}, duration_s=100))
    filtered, polled = seen.total("function", "FilteredOutEventCount"), seen.total("function", "PolledEventCount")
    assert filtered / polled == pytest.approx(0.25, abs=0.05)
    assert seen.total("function", "InvokedEventCount") == pytest.approx(polled - filtered, abs=60)
    assert seen.total("queue", "NumberOfMessagesDeleted") == filtered + seen.total("function", "DeletedEventCount")
    ends = {path["end"]: path["messages"] for path in seen.report["paths"]}
    assert ends["filtered out"] == filtered


def test_one_of_several_filters_is_enough() -> None:
    criteria = [*PAID, {"body": {"status": [{"prefix": "dr"}]}}]
    seen = outcome(mapped({"load": rate(20)} | ORDERS, {"filter_criteria": criteria}, duration_s=50))
    assert seen.total("function", "FilteredOutEventCount") == 0
    assert seen.total("function", "MessagesProcessed") > 0


def test_filtered_messages_never_reach_the_dead_letter_queue() -> None:
    scenario = mapped(at_times(1, 2, 3) | {"message_types": [{"body": {"status": "draft"}}]}, {"filter_criteria": PAID}, {"max_receive_count": 1}, duration_s=100)
    scenario["nodes"].append({"id": "dead", "kind": "sqs", "parameters": {}})
    scenario["wires"].append({"id": "d", "from": {"node": "queue", "port": "dlq"}, "to": {"node": "dead", "port": "in"}})
    seen = outcome(scenario)
    assert seen.total("function", "FilteredOutEventCount") == 3
    assert seen.total("function", "Invocations") == seen.report["nodes"]["dead"]["ledger"]["entered"] == 0
    assert "filtered-not-dead-lettered" in codes(scenario)


def test_filters_that_aws_would_reject_are_errors_and_more_than_five_need_a_request() -> None:
    with pytest.raises(InvalidScenario, match="Filter 1"):
        outcome(mapped(at_times(1), {"filter_criteria": [{"body": {"status": "paid"}}]}, duration_s=1))
    assert "filter-quota" in codes(mapped(at_times(1), {"filter_criteria": PAID * 6}, duration_s=1))


# -- payload --------------------------------------------------------------------------------------------------------


def large(count: int, mapping: dict[str, Any]) -> Outcome:
    """So many messages of 1 MB that wait when the mapping is enabled at 10 s."""
    scenario = mapped(at_times(*[1] * count) | {"message_types": [{"size_bytes": 1_000_000}]}, mapping | {"enabled": False}, duration_s=90)
    return outcome(scenario, {"time_s": 10, "action": "parameter", "after_s": 0, "node": "function", "wire": "w1", "parameter": "enabled", "value": True})


def test_a_receive_of_more_than_six_megabytes_becomes_two_invocations() -> None:
    seen = large(10, {"batch_size": 10})
    assert seen.total("function", "Invocations") == 2
    assert seen.total("function", "MessagesProcessed") == 10


def test_metadata_of_the_records_counts_too() -> None:
    """Six messages of 1 MB fit into 6,291,456 bytes, unless the metadata of each takes 50 kB."""
    assert large(6, {"batch_size": 10}).total("function", "Invocations") == 1
    assert large(6, {"batch_size": 10, "record_overhead_bytes": 50_000}).total("function", "Invocations") == 2


def test_what_does_not_fit_into_a_gathered_batch_waits_for_the_next() -> None:
    """Ten messages of 1 MB under a window of 20 s: six go at once, the other four when a window ends."""
    seen = large(10, {"batch_size": 100, "batching_window_s": 20})
    assert seen.total("function", "Invocations") == 2
    assert seen.waits("queue")["batching_window"] == pytest.approx(4 * 20, abs=0.5)


def test_with_little_traffic_a_batch_may_wait_twenty_seconds() -> None:
    quick, slow = (outcome(mapped(at_times(1), {"batching_window_s": 2, "low_traffic_wait_s": wait_s}, duration_s=40)) for wait_s in (0, 20))
    assert quick.path("source", "queue", "function")["latency"]["max"] == pytest.approx(3, abs=0.1)
    assert slow.path("source", "queue", "function")["latency"]["max"] == pytest.approx(21, abs=0.1)


# -- reports --------------------------------------------------------------------------------------------------------


def test_an_unreadable_report_fails_the_whole_batch_of_a_handler_that_succeeded() -> None:
    seen = outcome(mapped(at_times(*[1] * 10), {"report_batch_item_failures": True, "malformed_response_share": 1}, {"visibility_timeout_s": 1000}, duration_s=30))
    assert seen.total("function", "Errors") == 0
    assert seen.total("function", "FailedInvokeEventCount") == 10
    assert seen.total("queue", "NumberOfMessagesDeleted") == 0


# -- provisioned pollers --------------------------------------------------------------------------------------------

WIDE = {"lambda": {"concurrent_executions": 50_000, "environments_per_10_s": 100_000}}


def provisioned(mapping: dict[str, Any], source: dict[str, Any] | None = None, **how: Any) -> Outcome:
    """More messages than the pollers can take, each worked on to the end of the run."""
    return outcome(mapped(source or {"load": rate(300)}, {"provisioned_mode": True, "batch_size": 1} | mapping, {"visibility_timeout_s": 5400}, how.pop("function", {"duration": constant(800)}),
                          account=WIDE, frame_interval_s=1, **({"duration_s": 60} | how)))


def test_provisioned_pollers_start_at_the_minimum_and_grow_by_a_thousand_a_minute() -> None:
    """Two pollers are 20 concurrent invocations; after a minute there are 1,020 more or less."""
    seen = provisioned({})
    running = seen.series("function", "ConcurrentExecutions")
    assert running[1] == pytest.approx(20 + 1000 / 60, abs=12)
    assert running[60] == pytest.approx(1020, abs=15)
    assert seen.metric("function", "ProvisionedPollers")["last"] == pytest.approx(102, abs=2)


def test_the_maximum_is_ten_invocations_for_each_poller() -> None:
    seen = provisioned({"minimum_pollers": 3, "maximum_pollers": 5}, function={"duration": constant(5)})
    assert seen.metric("function", "ConcurrentExecutions")["max"] == 50
    assert seen.waits("queue")["poller_ceiling"] > 0


def test_a_poller_makes_ten_calls_a_second() -> None:
    """Two pollers and work that takes no time: 20 calls a second of ten messages each, and the others wait for the pace."""
    fixed = {"minimum_pollers": 2, "maximum_pollers": 2, "batch_size": 10}
    seen = provisioned(fixed, {"load": rate(400), "arrivals": "even"}, function={"duration": constant(0.001)})
    assert seen.total("function", "MessagesProcessed") / 60 == pytest.approx(200, rel=0.03)
    assert seen.waits("queue")["poller_pace"] > 0.9 * sum(seen.waits("queue").values())


def test_a_poller_reads_one_megabyte_a_second() -> None:
    source = {"load": rate(40), "arrivals": "even", "message_types": [{"size_bytes": 262_144}]}
    seen = provisioned({"minimum_pollers": 2, "maximum_pollers": 2, "batch_size": 10}, source, function={"duration": constant(0.001)})
    assert seen.total("function", "MessagesProcessed") / 60 == pytest.approx(2 * 4, rel=0.05)


def test_pollers_are_billed_by_the_hour_and_poll_in_vain_like_others() -> None:
    seen = outcome(mapped(at_times(5000), {"provisioned_mode": True, "minimum_pollers": 4}, duration_s=1800))
    assert seen.quantity("function", "Provisioned pollers") == pytest.approx(4 * 0.5)
    assert seen.total("queue", "NumberOfEmptyReceives") == pytest.approx(4 * 1800 / 20, abs=1)


def test_provisioned_pollers_go_back_to_the_minimum() -> None:
    seen = provisioned({}, at_times(*[1] * 500), function={"duration": constant(10)}, duration_s=300)
    assert seen.metric("function", "ProvisionedPollers")["max"] > 10
    assert seen.metric("function", "ProvisionedPollers")["last"] == 2


def test_a_burst_of_100_000_is_gone_in_a_minute_and_two_thirds_with_a_hundred_pollers() -> None:
    """1,000 concurrent invocations from the start, one second a message: about 1.7 minutes."""
    steps = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 100_000}, {"at_s": 1, "rate_per_s": 0}]}, "arrivals": "even"}
    seen = provisioned({"minimum_pollers": 100, "maximum_pollers": 100}, steps, function={"duration": constant(1)}, duration_s=130)
    backlog = seen.series("queue", "ApproximateNumberOfMessagesVisible")
    assert min(time_s for time_s, waiting in backlog.items() if time_s > 2 and waiting == 0) == pytest.approx(1.7 * 60, rel=0.05)


def test_provisioned_mode_and_a_maximum_concurrency_exclude_each_other() -> None:
    with pytest.raises(InvalidScenario, match="maximum concurrency"):
        outcome(mapped(at_times(1), {"provisioned_mode": True, "maximum_concurrency": 10}, duration_s=1))
    with pytest.raises(InvalidScenario, match="more pollers at least"):
        outcome(mapped(at_times(1), {"provisioned_mode": True, "minimum_pollers": 10, "maximum_pollers": 5}, duration_s=1))


# -- quiet queues ---------------------------------------------------------------------------------------------------


def test_a_quiet_queue_keeps_two_of_its_five_pollers() -> None:
    """Five pollers for 900 s, then two; a message at 2,000 s brings the five back."""
    seen = outcome(mapped(at_times(2000), duration_s=1800))
    assert seen.total("queue", "NumberOfEmptyReceives") == pytest.approx(5 * 900 / 20 + 2 * 900 / 20, abs=2)
    woken = outcome(mapped(at_times(2000), duration_s=2100))
    assert woken.metric("function", "ConcurrentBatches")["last"] == 5
    capped = outcome(mapped(at_times(5000), {"maximum_concurrency": 5}, duration_s=1800))
    assert capped.total("queue", "NumberOfEmptyReceives") == pytest.approx(5 * 1800 / 20, abs=1)
