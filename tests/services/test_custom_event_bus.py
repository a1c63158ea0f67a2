"""EventBridge Custom Event Bus: one test for each documented rule, counted at the subscribers."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


def typed(**types: dict[str, Any]) -> dict[str, Any]:
    return {"message_types": [{"name": name, "body": {"source": "shop", "detail-type": name, "detail": {}}} | entry for name, entry in types.items()]}


def bus_and_queues(source: dict[str, Any], subscribers: list[dict[str, Any]], bus: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> dict[str, Any]:
    """A source, a bus without latency and one queue for each subscriber: q0, q1..."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "bus": ("custom_event_bus", {"delivery_latency": INSTANT} | (bus or {}))}
    wires: dict[str, Any] = {"source.out -> bus.in": {}}
    for place, subscriber in enumerate(subscribers):
        nodes[f"q{place}"] = ("sqs", {})
        wires[f"bus.out -> q{place}.in"] = subscriber
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["bus.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def asked(source: dict[str, Any], subscriber: dict[str, Any], function: dict[str, Any], **run: Any) -> dict[str, Any]:
    """A source, a bus without latency, and a function that the bus waits for."""
    nodes = {"source": ("traffic", source), "bus": ("custom_event_bus", {"delivery_latency": INSTANT}), "f": ("lambda", {"sandbox_start_s": 0, "runtime": "rust"} | function)}
    return drawing(nodes, {"source.out -> bus.in": {}, "bus.requests -> f.requests": subscriber}, **run)


def got(seen: Outcome, node: str) -> int:
    return int(seen.report["nodes"][node]["ledger"]["entered"])


def down(node: str = "q0") -> dict[str, Any]:
    return {"time_s": 0, "action": "fault", "node": node, "fault": "unavailable"}


def up(at_s: float, node: str = "q0") -> dict[str, Any]:
    return {"time_s": at_s, "action": "clear_fault", "node": node, "fault": "unavailable"}


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


def test_every_subscriber_gets_what_its_pattern_matches() -> None:
    source = at_times(*range(100)) | typed(order={"share": 1}, click={"share": 1})
    seen = outcome(bus_and_queues(source, [{}, {"event_pattern": {"detail-type": ["order"]}}, {"event_pattern": {"source": ["x"]}}], duration_s=200))
    assert got(seen, "q0") == 100
    assert 30 < got(seen, "q1") < 70
    assert got(seen, "q2") == 0
    assert seen.quantity("bus", "Pattern evaluations") == 200
    assert seen.quantity("bus", "Events out") == pytest.approx((100 + got(seen, "q1")) * 1024 / 1e9)


def test_an_outage_longer_than_five_minutes_dead_letters_by_default() -> None:
    """Five retries with pauses of 1 to 16 s are over long before the outage is."""
    seen = outcome(bus_and_queues(at_times(1), [{}], dead=True, duration_s=400), down())
    assert seen.total("bus", "EventDeliveryAttempts") == 6
    assert got(seen, "dead") == seen.total("bus", "OnFailureDestinationDelivered") == 1
    assert seen.total("bus", "EventsDropped") == 0
    assert outcome(bus_and_queues(at_times(1), [{}], duration_s=400), down()).total("bus", "EventsDropped") == 1
    longer = outcome(bus_and_queues(at_times(1), [{"maximum_retry_attempts": 185, "maximum_event_age_s": 3600}], duration_s=900), down(), up(400))
    assert got(longer, "q0") == 1


def test_even_what_a_retry_cannot_mend_is_retried_first() -> None:
    removed = {"time_s": 0, "action": "fault", "node": "bus", "fault": "permission_removed"}
    seen = outcome(bus_and_queues(at_times(1), [{}], dead=True, duration_s=120), removed)
    assert seen.total("bus", "EventDeliveryAttempts") == 6
    assert got(seen, "dead") == 1


def test_a_fifo_subscriber_works_on_a_group_one_after_the_other() -> None:
    """Ten events of one group, 1 s each: in order they need 10 s, unordered 1 s."""
    function = {"duration": constant(1)}
    source = at_times(*[1] * 10)
    ordered = outcome(asked(source, {"order": "FIFO"}, function, duration_s=8))
    assert ordered.metric("f", "ConcurrentExecutions")["max"] == 1
    assert ordered.total("f", "MessagesProcessed") == 6
    assert outcome(asked(source, {}, function, duration_s=8)).total("f", "MessagesProcessed") == 10


def test_groups_do_not_wait_for_each_other() -> None:
    source = at_times(*[1] * 40) | {"message_types": [{"key": {"keys": "uniform", "number": 1000}}]}
    seen = outcome(asked(source, {"order": "FIFO"}, {"duration": constant(1)}, duration_s=4))
    assert seen.metric("f", "ConcurrentExecutions")["max"] > 35


def test_a_failing_event_holds_its_group_until_it_is_given_up() -> None:
    source = at_times(1, 2, 3) | {"message_types": [{"name": "all"}]}
    seen = outcome(bus_and_queues(source, [{"order": "FIFO", "maximum_retry_attempts": 185}], duration_s=100), down(), up(40))
    assert got(seen, "q0") == 3
    assert seen.waits("bus")["event_group"] > 60
    assert seen.total("bus", "EventDeliveryAttempts") - seen.total("bus", "RetryInvocationAttempts") == 3
    unordered = outcome(bus_and_queues(source, [{"maximum_retry_attempts": 185}], duration_s=100), down(), up(40))
    assert "event_group" not in unordered.waits("bus")


def test_a_target_that_does_not_answer_in_time_is_tried_again() -> None:
    seen = outcome(asked(at_times(1), {"invocation_timeout_s": 2, "maximum_retry_attempts": 1}, {"duration": constant(3), "timeout_s": 10}, duration_s=30))
    assert seen.total("bus", "EventDeliveryAttempts") == 2
    assert seen.total("f", "MessagesProcessed") == 2
    assert seen.total("bus", "EventsDropped") == 1


def test_a_group_takes_so_many_events_and_kilobytes() -> None:
    bus = {"group_events_per_s": 10}
    source = {"load": rate(50), "arrivals": "even"}
    seen = outcome(bus_and_queues(source, [{}], bus, duration_s=20))
    assert got(seen, "q0") == pytest.approx(10 * 20 + 10, abs=3)
    assert seen.lost("source")["group_throughput"] == seen.total("bus", "PublishEventsApproximateThrottledCallCount")
    large = outcome(bus_and_queues(source | {"message_types": [{"size_bytes": 5120}]}, [{}], bus, duration_s=20))
    assert got(large, "q0") == pytest.approx((10 * 20 + 10) / 5, abs=3)
    many = source | {"message_types": [{"key": {"keys": "uniform", "number": 100}}]}
    assert outcome(bus_and_queues(many, [{}], bus, duration_s=20)).lost("source") == {}
    assert outcome(bus_and_queues(source, [{}], bus | {"event_groups": False}, duration_s=20)).lost("source") == {}


def test_the_bus_has_a_limit_of_its_own() -> None:
    seen = outcome(bus_and_queues({"load": rate(50), "arrivals": "even"}, [{}], {"events_per_s": 20}, duration_s=20))
    assert got(seen, "q0") == pytest.approx(20 * 20 + 20, abs=3)
    assert set(seen.lost("source")) == {"bus_throughput"}


@pytest.mark.parametrize(("on", "delivered"), [(True, 1), (False, 3)])
def test_what_is_put_again_within_five_minutes_is_taken_and_not_delivered(on: bool, delivered: int) -> None:
    """A function that fails to delete makes the same event again: its queue's message is processed three times."""
    nodes: dict[str, Any] = {
        "source": ("traffic", at_times(1)), "queue": ("sqs", {"visibility_timeout_s": 10}), "w": ("worker", {"workers": 5, "duration": constant(25)}),
        "bus": ("custom_event_bus", {"deduplication": on, "delivery_latency": INSTANT}), "q0": ("sqs", {}),
    }
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> w.source": {"request_latency": INSTANT}, "w.out -> bus.in": {}, "bus.out -> q0.in": {}}
    seen = outcome(drawing(nodes, wires, duration_s=50))
    assert seen.total("bus", "EventsPut") == 3
    assert got(seen, "q0") == delivered
    assert seen.total("bus", "EventsDeduplicated") == 3 - delivered


@pytest.mark.parametrize(("position", "delivered"), [({"starting_position": "LATEST"}, 1), ({"starting_position": "POINT_IN_TIME"}, 4), ({"starting_position": "POINT_IN_TIME", "point_in_time_s": 60}, 2)])
def test_a_subscriber_that_starts_later_begins_where_it_says(position: dict[str, Any], delivered: int) -> None:
    seen = outcome(bus_and_queues(at_times(1, 2, 61, 150), [{"starts_s": 100} | position], duration_s=200))
    assert got(seen, "q0") == delivered
    assert seen.total("bus", "CaughtUp") == delivered - 1


def test_a_late_subscriber_gets_only_what_its_pattern_matches() -> None:
    source = at_times(*range(50)) | typed(order={"share": 1}, click={"share": 1})
    late = {"starts_s": 100, "starting_position": "POINT_IN_TIME", "event_pattern": {"detail-type": ["order"]}}
    seen = outcome(bus_and_queues(source, [late, {"event_pattern": {"detail-type": ["order"]}}], duration_s=200))
    assert got(seen, "q0") == got(seen, "q1") > 10


def test_the_backlog_age_is_that_of_the_oldest_event() -> None:
    seen = outcome(bus_and_queues(at_times(1, 20), [{"maximum_retry_attempts": 185}], duration_s=31), down())
    assert seen.last("bus", "ApproximateBacklogAge") == pytest.approx(30)
    assert seen.last("bus", "EventsPending") == 2


def test_what_goes_in_and_out_is_billed_by_the_gigabyte() -> None:
    source = at_times(1, 2) | {"message_types": [{"size_bytes": 500_000}]}
    seen = outcome(bus_and_queues(source, [{}, {}], {"retention_period_s": 31 * 86400}, duration_s=5))
    assert seen.quantity("bus", "Events in") == pytest.approx(0.001)
    assert seen.quantity("bus", "Events out") == pytest.approx(0.002)
    assert seen.quantity("bus", "Retention beyond a day") == pytest.approx(0.001)


def test_findings() -> None:
    assert "fifo-without-groups" in codes(bus_and_queues(at_times(1), [{"order": "FIFO"}], {"event_groups": False}, duration_s=5))
    assert "no-subscription" in codes(bus_and_queues(at_times(1), [], duration_s=5))
    assert "rule-matches-nothing" in codes(bus_and_queues(at_times(1), [{"event_pattern": {"source": ["x"]}}], duration_s=5))
    nodes = {"source": ("traffic", {}), "bus": ("custom_event_bus", {}), "f": ("lambda", {})}
    assert "order-lost" in codes(drawing(nodes, {"source.out -> bus.in": {}, "bus.out -> f.events": {"order": "FIFO"}}, duration_s=5))
