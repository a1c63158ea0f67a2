"""What functions publish, and functions that call themselves."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import InvalidScenario, check
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

WARM = {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400, "duration": constant(0.01)}


def publishing(settings: dict[str, Any], source: dict[str, Any] | None = None, mapping: dict[str, Any] | None = None, function: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """A queue, a function, and a second queue for what it publishes."""
    return drawing(
        {"source": ("traffic", source or {"load": rate(20)}), "queue": ("sqs", {"visibility_timeout_s": 600}), "function": ("lambda", WARM | (function or {})), "next": ("sqs", {})},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT} | (mapping or {}), "function.out -> next.in": settings}, **({"duration_s": 60} | run))


def test_several_messages_of_a_named_type_and_size_are_sent_for_each_processed() -> None:
    scenario = publishing({"messages": 3, "message_type": "line", "size_bytes": 77, "body": {"kind": "line"}}, at_times(1, 2))
    sent = deliveries(scenario, "next")
    assert [(delivery.type, delivery.size_bytes, delivery.count) for delivery in sent] == [("line", 77, 1)] * 6
    assert outcome(scenario).report["conservation"]["residual"] == 0


def test_once_for_each_invocation_however_many_messages_it_carries() -> None:
    seen = outcome(publishing({"per": "invocation", "messages": 2}, {"load": rate(100)}, {"batch_size": 10, "batching_window_s": 1}))
    assert seen.total("function", "MessagesProcessed") > 4 * seen.total("function", "Invocations")
    assert seen.total("next", "NumberOfMessagesSent") == 2 * seen.total("function", "Invocations") - 2 * (seen.report["nodes"]["queue"]["ledger"]["unfinished"] > 10)


def test_a_size_alone_leaves_the_type_as_it_is() -> None:
    sent = deliveries(publishing({"size_bytes": 9}, at_times(1) | {"message_types": [{"name": "order"}]}), "next")
    assert [(delivery.type, delivery.size_bytes) for delivery in sent] == [("order", 9)]


def test_a_body_without_a_type_is_an_error() -> None:
    with pytest.raises(InvalidScenario, match="no message type"):
        outcome(publishing({"body": {"a": 1}}))


def test_messages_that_come_back_must_not_multiply() -> None:
    circle = drawing({"source": ("traffic", at_times(1)), "queue": ("sqs", {}), "worker": ("worker", {})},
                     {"source.out -> queue.in": {}, "queue.out -> worker.source": {}, "worker.out -> queue.in": {"messages": 2}}, duration_s=10)
    with pytest.raises(InvalidScenario, match="multiply"):
        outcome(circle)
    circle["wires"][2]["parameters"] = {"messages": 2, "share": 0.5}
    assert outcome(circle).total("worker", "MessagesProcessed") > 0
    assert not [finding for finding in check(Scenario.from_json(publishing({"messages": 5}))) if finding.severity == "error"]


def bus(settings: dict[str, Any]) -> dict[str, Any]:
    """A bus, a function that is a target of one of its rules, and publishes to it."""
    source = at_times(1) | {"message_types": [{"name": "OrderPlaced", "body": {"total": 5}}]}
    return drawing(
        {"source": ("traffic", source), "bus": ("eventbridge", {}), "function": ("lambda", WARM | {"duration": constant(1)}), "billed": ("sqs", {})},
        {"source.out -> bus.in": {}, "bus.out -> function.events": {"event_pattern": {"detail-type": ["OrderPlaced"]}}, "function.out -> bus.in": settings,
         "bus.out -> billed.in": {"event_pattern": {"detail-type": ["OrderBilled"]}}}, duration_s=60)


def test_a_function_that_publishes_another_type_to_its_own_bus_does_not_call_itself() -> None:
    named = bus({"message_type": "OrderBilled", "body": {"total": 5}})
    seen = outcome(named)
    assert seen.total("function", "Invocations") == 1
    assert set(by_type(deliveries(named, "billed"))) == {"OrderBilled"}
    assert "event-loop" not in {finding.code for finding in check(Scenario.from_json(named))}


def test_one_that_publishes_the_same_goes_round_and_a_bus_hides_it_from_the_detection() -> None:
    seen = outcome(bus({}))
    assert seen.total("function", "Invocations") > 30
    assert seen.total("function", "RecursiveInvocationsDropped") == 0
    assert "event-loop" in {finding.code for finding in check(Scenario.from_json(bus({})))}


# -- recursion ------------------------------------------------------------------------------------------------------


def through_queue(function: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> Outcome:
    """A function that sends what it has processed back to the queue it came from."""
    nodes: dict[str, Any] = {"source": ("traffic", at_times(1)), "queue": ("sqs", {"visibility_timeout_s": 30} | (queue or {})), "function": ("lambda", WARM | (function or {}))}
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT}, "function.out -> queue.in": {}}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["queue.dlq -> dead.in"] = {}
    return outcome(drawing(nodes, wires, **({"duration_s": 100} | run)))


def test_a_function_that_feeds_its_own_queue_runs_sixteen_times() -> None:
    """The seventeenth invocation is refused; the message comes back each 30 s, and is refused again."""
    seen = through_queue()
    assert seen.total("function", "Invocations") == 16
    assert seen.total("function", "RecursiveInvocationsDropped") == 4
    assert seen.total("function", "Errors") == seen.total("function", "Throttles") == 0


def test_what_is_refused_ends_in_the_dead_letter_queue_of_the_queue() -> None:
    seen = through_queue(queue={"max_receive_count": 2}, dead=True)
    assert seen.total("function", "RecursiveInvocationsDropped") == 2
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 1


def test_recursion_can_be_allowed_and_its_limit_set() -> None:
    assert through_queue({"recursive_loop": "Allow"}, duration_s=10).total("function", "Invocations") > 500
    assert through_queue({"recursion_limit": 5}).total("function", "Invocations") == 5


def test_functions_that_call_each_other_are_counted_each_by_itself() -> None:
    """First to second to first: each runs 16 times, and what stops the first goes to its destination on failure."""
    scenario = drawing(
        {"source": ("traffic", at_times(1)), "first": ("lambda", WARM), "second": ("lambda", WARM), "failed": ("sqs", {})},
        {"source.out -> first.events": {}, "first.out -> second.events": {}, "second.out -> first.events": {}, "first.on_failure -> failed.in": {}}, duration_s=60)
    seen = outcome(scenario)
    assert (seen.total("first", "Invocations"), seen.total("second", "Invocations")) == (16, 16)
    assert seen.total("first", "RecursiveInvocationsDropped") == seen.report["nodes"]["failed"]["ledger"]["entered"] == 1


def test_a_topic_in_the_circle_carries_the_count_on() -> None:
    scenario = drawing(
        {"source": ("traffic", at_times(1)), "topic": ("sns", {}), "function": ("lambda", WARM)},
        {"source.out -> topic.in": {}, "topic.out -> function.events": {}, "function.out -> topic.in": {}}, duration_s=60)
    seen = outcome(scenario)
    assert seen.total("function", "Invocations") == 16
    assert seen.lost("function") == {"recursion": 1}


def test_messages_that_do_not_come_back_are_not_counted() -> None:
    """A hundred messages through one function are a hundred chains."""
    seen = outcome(publishing({}, at_times(*[1] * 100)))
    assert seen.total("function", "MessagesProcessed") == 100
    assert seen.total("function", "RecursiveInvocationsDropped") == 0
