"""Lambda's event source mapping of an ActiveMQ queue, counted at the function and at the broker."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, constant, drawing, outcome, rate
from tests.services.test_kinesis import codes

POISON = {"message_types": [{"share": 99}, {"name": "poison", "failure_probability": 1}]}


def mapped(put: dict[str, Any], function: dict[str, Any] | None = None, mapping: dict[str, Any] | None = None, broker: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return drawing(
        {"source": ("traffic", put), "broker": ("mq", {"host_instance_type": "mq.m5.large"} | (broker or {})), "worker": ("lambda", {"duration": constant(0.1), "batch_work": "parallel"} | (function or {}))},
        {"source.out -> broker.in": {}, "broker.out -> worker.broker": mapping or {}}, **run)


def run(*arguments: Any, **keywords: Any) -> Outcome:
    return outcome(mapped(*arguments, **keywords))


def test_a_batch_is_what_half_a_second_brings() -> None:
    seen = run({"load": rate(20), "arrivals": "even"}, duration_s=60)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(1200, abs=25)
    assert seen.total("worker", "Invocations") == pytest.approx(60 / 0.55, rel=0.1), "a window starts with a message"


def test_a_full_batch_does_not_wait_for_its_window() -> None:
    seen = run({"load": rate(200), "arrivals": "even"}, mapping={"batch_size": 20, "batching_window_s": 10}, duration_s=60)
    assert seen.total("worker", "Invocations") == pytest.approx(600, rel=0.03)


def test_five_batches_at_once_are_the_ceiling_whatever_the_function_reserves() -> None:
    """5 batches of 10 messages, 1 s each: 50 a second; the rest stays in the queue."""
    seen = run({"load": rate(100)}, {"duration": constant(1), "reserved_concurrency": 50}, {"batch_size": 10}, duration_s=120)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(120 * 50, rel=0.03)
    assert seen.metric("worker", "ConcurrentExecutions")["max"] == 5
    assert seen.last("broker", "QueueSize") == pytest.approx(120 * 50, rel=0.1)
    assert max(seen.waits("broker"), key=seen.waits("broker").__getitem__) in ("function_busy", "prefetch_full")


def test_a_batch_with_a_poison_message_is_delivered_seven_times_and_is_dead_then_with_all_its_good_messages() -> None:
    put = {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [10.0 + 0.001 * place for place in range(20)]}}, "message_types": [{"share": 9}, {"name": "poison", "failure_probability": 1}]}
    seen = run(put, mapping={"batch_size": 20}, duration_s=60)
    assert seen.total("worker", "Errors") == 7
    assert seen.total("worker", "MessagesProcessed") == 0
    assert seen.last("broker", "DeadLetterQueueSize") == 20
    assert seen.waits("broker")["redelivery_delay"] == pytest.approx(20 * 6, rel=0.01)


def test_throttles_use_up_no_redeliveries() -> None:
    seen = outcome(mapped({"load": rate(10)}, {"reserved_concurrency": 3}, duration_s=120), {"time_s": 20, "action": "fault", "node": "worker", "fault": "stops", "value": {}},
                   {"time_s": 80, "action": "clear_fault", "node": "worker", "fault": "stops"})
    assert seen.total("worker", "ThrottledBatches") > 5
    assert seen.last("broker", "DeadLetterQueueSize") == 0
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(1200, rel=0.1)
    assert seen.total("worker", "DuplicatesProcessed") == 0


def test_what_is_in_progress_when_the_broker_fails_is_processed_twice() -> None:
    put = {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [29.0 + 0.01 * place for place in range(50)]}}}
    broker = {"interruptions": [{"at_s": 30.5, "kind": "reboot"}]}
    seen = run(put, {"duration": constant(3), "timeout_s": 10}, None, broker, duration_s=60)
    duplicates = seen.total("worker", "DuplicatesProcessed")
    assert 0 < duplicates <= 50
    assert seen.total("worker", "MessagesProcessed") - duplicates == 50
    assert seen.path("source", "broker", "worker")["messages"] == 50


def test_filters_look_at_the_data_and_what_they_drop_counts_as_processed_by_the_broker() -> None:
    put = {"load": rate(20), "message_types": [{"name": "a", "body": {"kind": "order"}}, {"name": "b", "body": {"kind": "click"}}]}
    seen = run(put, mapping={"filter_criteria": [{"data": {"kind": ["order"]}}]}, duration_s=60)
    assert seen.total("worker", "FilteredOutEventCount") == pytest.approx(600, rel=0.15)
    assert seen.total("worker", "MessagesProcessed") + seen.total("worker", "FilteredOutEventCount") == pytest.approx(1200, rel=0.1)
    assert seen.last("broker", "QueueSize") < 30


def test_a_message_that_does_not_fit_into_a_payload_is_not_processed() -> None:
    put = {"load": {"shape": "trace", "trace": {"kind": "times", "times_s": [5, 6, 7]}}, "message_types": [{"size_bytes": 5_000_000}]}
    seen = run(put, duration_s=30)
    assert seen.lost("worker") == {"payload": 3}
    assert seen.total("worker", "Invocations") == 0


def test_a_disabled_mapping_leaves_the_queue_alone_until_it_is_enabled() -> None:
    scenario = mapped({"load": rate(20)}, mapping={"enabled": False}, duration_s=60)
    off = outcome(scenario)
    assert off.total("worker", "Invocations") == 0
    assert off.last("broker", "QueueSize") == pytest.approx(1200, rel=0.1)
    on = outcome(scenario, {"time_s": 30, "action": "parameter", "node": "worker", "wire": "w1", "parameter": "enabled", "value": True})
    assert on.total("worker", "MessagesProcessed") == pytest.approx(1200, rel=0.1)


def test_a_mapping_may_consume_the_queue_of_a_virtual_topic() -> None:
    scenario = mapped({"load": rate(20)}, mapping={"destination": "Consumer.billing.VirtualTopic.orders"}, duration_s=30)
    scenario["wires"][0]["parameters"] = {"destination": "VirtualTopic.orders", "destination_type": "topic"}
    assert outcome(scenario).total("worker", "MessagesProcessed") == pytest.approx(600, rel=0.1)


def test_findings() -> None:
    put = {"load": rate(1)}
    assert "timeout-for-broker" in codes(mapped(put, {"timeout_s": 900}))
    assert "reserved-below-batches" in codes(mapped(put, {"reserved_concurrency": 2}))
    assert "timeout-for-broker" not in codes(mapped(put, {"timeout_s": 840}))
    assert "filter-criteria" in codes(mapped(put, mapping={"filter_criteria": [{"data": {"kind": [{"nonsense": 1}]}}]}))
