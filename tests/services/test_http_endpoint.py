"""HTTP endpoint: workers, waiting requests, errors, limits and outages, counted at the endpoint and at its caller."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


def called(source: dict[str, Any], endpoint: dict[str, Any], *controls: Any, **run: Any) -> Outcome:
    """A source that sends requests to an endpoint and waits for each answer without limit."""
    nodes = {"source": ("traffic", source), "webhook": ("http_endpoint", {"latency": constant(1)} | endpoint)}
    return outcome(drawing(nodes, {"source.requests -> webhook.in": {}}, **run), *controls)


def answers(seen: Outcome) -> dict[str, int]:
    """How many requests were answered in each way; ways that did not happen are left out."""
    names = ("Successes", "ServerErrors", "ClientErrors", "RateLimited", "ConnectionsRefused")
    return {name: int(seen.total("webhook", name)) for name in names if seen.total("webhook", name)}


# -- capacity -------------------------------------------------------------------------------------------------------


def test_a_request_takes_the_latency_of_the_endpoint() -> None:
    seen = called(at_times(1), {"latency": constant(0.25)}, duration_s=5)
    assert seen.path("source", "webhook")["latency"]["mean"] == pytest.approx(0.25)
    assert seen.metric("webhook", "ResponseTime")["max"] == pytest.approx(0.25)
    assert seen.total("source", "MessagesAccepted") == 1
    assert seen.report["nodes"]["webhook"]["ledger"]["finished"] == 1


def test_more_requests_than_workers_wait_in_order() -> None:
    """Two workers and five requests at once: they end at 1, 1, 2, 2 and 3 s."""
    seen = called(at_times(1, 1, 1, 1, 1), {"workers": 2}, duration_s=10)
    assert answers(seen) == {"Successes": 5}
    assert seen.path("source", "webhook")["latency"]["mean"] == pytest.approx((1 + 1 + 2 + 2 + 3) / 5)
    assert seen.waits("webhook") == pytest.approx({"processing": 5, "workers_busy": 1 + 1 + 2})
    assert seen.metric("webhook", "RequestsWaiting")["max"] == 3
    assert seen.metric("webhook", "ConcurrentRequests")["max"] == 2


def test_without_a_number_of_workers_nothing_waits() -> None:
    seen = called(at_times(*[1.0] * 40), {"workers": None, "queue_limit": 0}, duration_s=10)
    assert answers(seen) == {"Successes": 40}
    assert seen.metric("webhook", "QueueTime")["max"] == 0


def test_a_request_that_finds_no_room_is_answered_503() -> None:
    seen = called(at_times(1, 1, 1, 1, 1), {"workers": 1, "queue_limit": 2}, duration_s=10)
    assert answers(seen) == {"Successes": 3, "ServerErrors": 2}
    assert seen.total("webhook", "Overflowed") == 2
    assert seen.lost("source") == {"http_503": 2}


def test_the_server_stops_what_takes_too_long() -> None:
    seen = called(at_times(1, 1), {"latency": constant(9), "server_timeout_s": 4, "workers": 1}, duration_s=20)
    assert answers(seen) == {"ServerErrors": 2}
    assert seen.lost("source") == {"http_504": 2}
    assert seen.metric("webhook", "ResponseTime")["max"] == pytest.approx(8), "the worker is free after 4 s"


def test_workers_added_during_the_run_take_what_waits() -> None:
    seen = called(at_times(1, 1, 1, 1), {"latency": constant(10), "workers": 1}, {"time_s": 3, "action": "parameter", "node": "webhook", "parameter": "workers", "value": 4}, duration_s=14, frame_interval_s=1)
    assert answers(seen) == {"Successes": 4}
    assert seen.metric("webhook", "ResponseTime")["max"] == pytest.approx(12, abs=0.2)


# -- errors ---------------------------------------------------------------------------------------------------------


def test_shares_of_server_and_client_errors() -> None:
    seen = called({"load": rate(200)}, {"latency": INSTANT, "failure_probability": 0.2, "client_error_share": 0.1, "client_error_status": 404}, duration_s=100)
    assert seen.total("webhook", "ClientErrors") / seen.total("webhook", "Requests") == pytest.approx(0.1, rel=0.07)
    assert seen.total("webhook", "ServerErrors") / seen.total("webhook", "Requests") == pytest.approx(0.9 * 0.2, rel=0.07)
    assert set(seen.lost("source")) == {"http_404", "http_500"}


def test_a_message_that_always_fails_is_answered_with_a_server_error() -> None:
    seen = called(at_times(1) | {"message_types": [{"failure_probability": 1}]}, {"server_error_status": 502}, duration_s=5)
    assert seen.lost("source") == {"http_502": 1}


def test_over_the_rate_limit_requests_are_answered_429_at_once() -> None:
    """A bucket of 3 refilled at 2 a second: of five requests at one moment three pass, half a second later one more."""
    seen = called(at_times(1, 1, 1, 1, 1, 1.5, 1.5), {"rate_limit_per_s": 2, "rate_limit_burst": 3}, duration_s=5)
    assert answers(seen) == {"Successes": 4, "RateLimited": 3}
    assert seen.lost("source") == {"http_429": 3}


# -- outages --------------------------------------------------------------------------------------------------------


def test_in_an_outage_that_refuses_connections_fail_at_once() -> None:
    outage = {"start_s": 10, "length_s": 5, "repeat_s": 20}
    seen = called({"load": rate(1), "arrivals": "even"}, {"latency": constant(0.1), "outages": [outage]}, duration_s=50)
    assert seen.total("webhook", "ConnectionsRefused") == 10, "from 10 to 15 s, and from 30 to 35 s"
    assert seen.total("webhook", "Successes") == seen.total("webhook", "Requests") - 10


def test_in_an_outage_that_hangs_requests_are_answered_when_it_is_over() -> None:
    """The one of 9.5 s is being worked on when the outage begins at 10 s, the one of 12 s is not begun before its end at 20 s."""
    seen = called(at_times(9.5, 12), {"latency": constant(1), "outages": [{"start_s": 10, "length_s": 10, "behaviour": "hangs"}]}, duration_s=30)
    assert answers(seen) == {"Successes": 2}
    assert seen.path("source", "webhook")["latency"]["mean"] == pytest.approx(((20 - 9.5) + (21 - 12)) / 2)
    assert seen.waits("webhook") == pytest.approx({"processing": 2, "outage": 9.5 + 8})


@pytest.mark.parametrize(("behaviour", "expected"), [("refuses", {"Successes": 14, "ConnectionsRefused": 5}), ("hangs", {"Successes": 19})])
def test_the_endpoint_can_be_taken_down_and_up_again(behaviour: str, expected: dict[str, int]) -> None:
    down = {"time_s": 5, "action": "fault", "node": "webhook", "fault": "down", "value": {"behaviour": behaviour}}
    up = {"time_s": 10, "action": "clear_fault", "node": "webhook", "fault": "down"}
    seen = called(at_times(*[second + 0.5 for second in range(19)]), {"latency": constant(0.1)}, down, up, duration_s=20, frame_interval_s=1)
    assert answers(seen) == expected


# -- what it sends on -----------------------------------------------------------------------------------------------


def test_it_sends_on_a_message_for_each_success_only() -> None:
    nodes = {"source": ("traffic", {"load": rate(50)}), "webhook": ("http_endpoint", {"latency": constant(0.01), "failure_probability": 0.3}), "queue": ("sqs", {})}
    seen = outcome(drawing(nodes, {"source.requests -> webhook.in": {}, "webhook.out -> queue.in": {}}, duration_s=60))
    assert seen.total("queue", "NumberOfMessagesSent") == seen.total("webhook", "Successes") > 0


def test_what_its_queue_refuses_is_answered_with_a_server_error() -> None:
    unavailable = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable", "value": {}}
    nodes = {"source": ("traffic", at_times(1, 2)), "webhook": ("http_endpoint", {"latency": constant(0.01)}), "queue": ("sqs", {})}
    seen = outcome(drawing(nodes, {"source.requests -> webhook.in": {}, "webhook.out -> queue.in": {}}, duration_s=5), unavailable)
    assert answers(seen) == {"ServerErrors": 2}
