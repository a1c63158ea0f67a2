"""SNS to HTTP endpoints: the delivery policy, counted at the endpoint; and the retry schedules of all protocols."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from simulator.findings import check
from simulator.mechanics.retry import AWS_MANAGED, CUSTOMER_MANAGED, RetrySchedule, backoff_delay_s
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


@pytest.fixture
def no_jitter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses exactly as the schedule says."""
    monkeypatch.setattr("simulator.mechanics.redelivery.JITTER", 0.0)


def drawn(source: dict[str, Any], endpoint: dict[str, Any], policy: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> dict[str, Any]:
    nodes: dict[str, Any] = {"source": ("traffic", source), "topic": ("sns", {}), "webhook": ("http_endpoint", {"latency": constant(0.1)} | endpoint)}
    wires: dict[str, Any] = {"source.out -> topic.in": {}, "topic.http -> webhook.in": {"delivery_latency": INSTANT} | (policy or {})}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["topic.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def delivered(*arguments: Any, **how: Any) -> Outcome:
    return outcome(drawn(*arguments, **how))


def request_times(seen: Outcome) -> list[float]:
    """When requests came to the endpoint, from its counter in the frames (1 s apart)."""
    series = seen.series("webhook", "Requests")
    times, before = [], 0.0
    for at_s, count in series.items():
        times += [at_s] * int(count - before)
        before = count
    return times


# -- what is retried ------------------------------------------------------------------------------------------------


def test_a_message_that_is_answered_is_delivered_once() -> None:
    seen = delivered({"load": rate(20)}, {}, duration_s=30)
    assert seen.total("webhook", "Requests") == seen.total("topic", "NumberOfMessagesPublished")
    assert seen.total("topic", "DeliveryRetries") == seen.total("topic", "NumberOfNotificationsFailed") == 0
    assert seen.metric("topic", "DwellTime")["p50"] == pytest.approx(0.1, rel=0.02)


@pytest.mark.usefixtures("no_jitter")
def test_server_errors_are_retried_three_times_20_seconds_apart() -> None:
    seen = delivered(at_times(1), {"latency": INSTANT, "failure_probability": 1}, dead=True, duration_s=100, frame_interval_s=0.5)
    assert request_times(seen) == pytest.approx([1.5, 21.5, 41.5, 61.5], abs=0.51)
    assert seen.total("topic", "NumberOfNotificationsFailed") == 4, "every failed attempt counts"
    assert seen.total("topic", "NumberOfNotificationsRedrivenToDlq") == seen.total("dead", "NumberOfMessagesSent") == 1


@pytest.mark.usefixtures("no_jitter")
def test_a_timeout_takes_15_seconds_so_attempts_are_35_seconds_apart() -> None:
    """The endpoint works on every attempt; the topic has given up on each, and loses a message that was worked on four times."""
    seen = delivered(at_times(1), {"latency": constant(16)}, duration_s=150, frame_interval_s=0.5)
    assert request_times(seen) == pytest.approx([1.5, 36.5, 71.5, 106.5], abs=0.51)
    assert seen.total("webhook", "AnsweredTooLate") == seen.total("webhook", "Successes") == 4
    assert seen.lost("topic") == {"timeout": 1}
    assert seen.waits("topic") == pytest.approx({"request_timeout": 60, "delivery_retry": 60})


@pytest.mark.parametrize(("endpoint", "requests"), [
    ({"client_error_share": 1, "client_error_status": 403}, 1),
    ({"client_error_share": 1, "client_error_status": 409}, 1),
    ({"rate_limit_per_s": 0.001, "rate_limit_burst": 1}, 1 + 4),
    ({"failure_probability": 1, "server_error_status": 503}, 4),
    ({"outages": [{"start_s": 0, "length_s": 500}]}, 4),
])
def test_what_is_retried_and_what_is_not(endpoint: dict[str, Any], requests: int) -> None:
    times = (0.5, 1) if "rate_limit_per_s" in endpoint else (1,)
    seen = delivered(at_times(*times), endpoint, duration_s=200)
    assert seen.total("webhook", "Requests") == requests
    assert seen.total("topic", "NotificationsGivenUp") == 1


def test_the_page_of_2022_does_not_have_429_retried() -> None:
    """One message a second for 10 s at an endpoint that takes one request every 100 s."""
    put, limited = at_times(*range(1, 11)), {"rate_limit_per_s": 0.01, "rate_limit_burst": 1}
    current, before = (delivered(put, limited, {"retried_answers": answers}, duration_s=200) for answers in ("current", "until_2022"))
    assert before.total("webhook", "Requests") == 10
    assert before.lost("topic") == {"http_429": 9}
    assert current.total("webhook", "Requests") > 30


def test_an_endpoint_that_comes_back_gets_the_message() -> None:
    seen = delivered(at_times(1), {"outages": [{"start_s": 0, "length_s": 30}]}, duration_s=100)
    assert seen.total("webhook", "Successes") == 1
    assert seen.report["conservation"]["lost"] == 0
    assert 30 <= seen.metric("topic", "DwellTime")["max"] <= 62


def test_retries_multiply_the_load_on_a_failing_endpoint() -> None:
    seen = delivered({"load": rate(20), "arrivals": "even"}, {"failure_probability": 1, "latency": INSTANT}, duration_s=300)
    series = seen.series("webhook", "Requests")
    assert (series[300] - series[200]) / 100 == pytest.approx(4 * 20, rel=0.05), "one attempt and three retries for each message"


# -- the policy -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("no_jitter")
def test_a_policy_has_four_phases() -> None:
    policy = {"num_retries": 8, "num_no_delay_retries": 1, "num_min_delay_retries": 2, "num_max_delay_retries": 2, "min_delay_target_s": 5, "max_delay_target_s": 20, "backoff_function": "linear"}
    seen = delivered(at_times(1), {"latency": INSTANT, "failure_probability": 1}, policy, duration_s=150, frame_interval_s=0.5)
    pauses = [0, 5, 5, 5, 12.5, 20, 20, 20]
    assert request_times(seen) == pytest.approx([1.5 + sum(pauses[:place]) for place in range(9)], abs=0.51)


def test_back_off_functions_grow_from_the_shortest_to_the_longest_pause() -> None:
    curves = {name: [backoff_delay_s(name, step, 10, 5, 260) for step in range(10)] for name in ("linear", "arithmetic", "geometric", "exponential")}
    for curve in curves.values():
        assert (curve[0], curve[-1]) == (5, pytest.approx(260))
        assert curve == sorted(curve)
    steps = {name: [after - before for before, after in pairwise(curve)] for name, curve in curves.items()}
    assert len({round(step, 9) for step in steps["linear"]}) == 1
    assert len({round(after - before, 9) for before, after in pairwise(steps["arithmetic"])}) == 1
    assert {round(after / before, 9) for before, after in pairwise(steps["exponential"])} == {2}
    assert len({round(after / before, 9) for before, after in pairwise(curves["geometric"])}) == 1
    for place in range(1, 9):
        assert curves["linear"][place] > curves["arithmetic"][place] > curves["geometric"][place] > curves["exponential"][place]


@pytest.mark.parametrize(("policy", "parameter"), [
    ({"num_retries": 2, "num_no_delay_retries": 3}, "num_retries"),
    ({"min_delay_target_s": 30}, "max_delay_target_s"),
    ({"num_retries": 100, "max_delay_target_s": 60}, "num_retries"),
])
def test_a_policy_that_sns_would_not_take_is_refused(policy: dict[str, Any], parameter: str) -> None:
    found = [finding for finding in check(Scenario.from_json(drawn(at_times(1), {}, policy, duration_s=10))) if finding.severity == "error"]
    assert [(finding.code, finding.parameter) for finding in found] == [("delivery-policy", parameter)]


def test_receives_a_second_hold_back_the_rest_inside_the_topic() -> None:
    """100 messages in 10 s, 5 a second: the last is delivered after 20 s, and no metric of CloudWatch shows the wait."""
    seen = delivered(at_times(*[place / 10 for place in range(100)]), {}, {"max_receives_per_s": 5}, duration_s=30, frame_interval_s=1)
    series = seen.series("webhook", "Requests")
    assert series[10] == pytest.approx(50, abs=1)
    assert series[20] == 100
    assert seen.metric("topic", "NotificationsHeldBack")["max"] == pytest.approx(50, abs=2)
    assert seen.waits("topic")["receives_per_s"] == pytest.approx(sum(place / 5 - place / 10 for place in range(100)), rel=0.01)


# -- the bill and the rest ------------------------------------------------------------------------------------------


def test_deliveries_to_webhooks_are_billed() -> None:
    seen = delivered({"load": rate(50)}, {}, duration_s=30)
    assert seen.quantity("topic", "Deliveries to HTTP/S") == seen.total("webhook", "Successes") > 1000


def test_topics_for_large_messages_have_no_webhooks() -> None:
    graph = drawn(at_times(1), {}, duration_s=10)
    next(node for node in graph["nodes"] if node["id"] == "topic")["parameters"] = {"maximum_message_size_bytes": 1048576}
    assert "large-messages" in {finding.code for finding in check(Scenario.from_json(graph)) if finding.severity == "error"}


def test_a_receiver_that_needs_raw_messages_gets_them_without_the_envelope() -> None:
    nodes = {"source": ("traffic", at_times(1) | {"message_types": [{"size_bytes": 1000}]}), "topic": ("sns", {}), "webhook": ("http_endpoint", {"latency": INSTANT}), "queue": ("sqs", {})}
    for raw, size_bytes in ((False, 1900), (True, 1000)):
        wires = {"source.out -> topic.in": {}, "topic.http -> webhook.in": {"raw_message_delivery": raw}, "webhook.out -> queue.in": {}}
        assert outcome(drawing(nodes, wires, duration_s=5)).metric("queue", "SentMessageSize")["max"] == size_bytes


# -- schedules ------------------------------------------------------------------------------------------------------


def test_schedules_have_the_documented_attempts_and_times() -> None:
    assert AWS_MANAGED.attempts == 100_015
    assert AWS_MANAGED.total_s() / 86400 == pytest.approx(23.15, abs=0.05)
    assert CUSTOMER_MANAGED.attempts == 50
    assert 6 * 3600 <= CUSTOMER_MANAGED.total_s() < 7 * 3600
    assert [CUSTOMER_MANAGED.delay_s(retry) for retry in (0, 1, 2)] == [10, 10, 10]
    assert CUSTOMER_MANAGED.delay_s(11) == pytest.approx(600)
    assert CUSTOMER_MANAGED.delay_s(49) is None
    assert RetrySchedule(0, 0, 1, 0, 1, 1, 0, 1).delay_s(0) is None


@pytest.mark.parametrize(("profile", "share", "latency_s"), [("measured_2022", "p50", 0.073), ("measured_2022", "p99", 0.225), ("faq", "p90", 0.030)])
def test_latency_profiles_have_the_published_percentiles(profile: str, share: str, latency_s: float) -> None:
    nodes = {"source": ("traffic", {"load": rate(500)}), "topic": ("sns", {}), "queue": ("sqs", {})}
    seen = outcome(drawing(nodes, {"source.out -> topic.in": {}, "topic.out -> queue.in": {"latency_profile": profile}}, duration_s=60))
    assert seen.metric("topic", "DwellTime")[share] == pytest.approx(latency_s, rel=0.05)
