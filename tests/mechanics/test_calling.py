"""Clients that call: timeouts, retries with every back-off, circuit breakers, and the work that goes on without them."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.mechanics.calling import CallPolicy, CircuitBreaker, pause_s
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate


def called(source: dict[str, Any], policy: dict[str, Any], endpoint: dict[str, Any], *controls: Any, **run: Any) -> Outcome:
    """A client with this policy, and an endpoint that takes a second unless told otherwise."""
    nodes = {"client": ("traffic", source), "api": ("http_endpoint", {"latency": constant(1)} | endpoint)}
    return outcome(drawing(nodes, {"client.requests -> api.in": policy}, **run), *controls)


def test_a_client_that_gives_up_leaves_the_work_going_on() -> None:
    seen = called(at_times(1), {"timeout_s": 0.4}, {}, duration_s=10)
    assert seen.lost("client") == {"timeout": 1}
    assert seen.total("client", "RequestsTimedOut") == 1
    assert seen.total("client", "WorkedInVain") == 1
    assert seen.total("api", "AnsweredTooLate") == 1
    assert seen.metric("client", "AbandonedInProgress")["max"] == 1
    assert seen.last("client", "AbandonedInProgress") == 0
    assert seen.waits("client") == pytest.approx({"client_timeout": 0.4})


def test_a_timeout_and_a_retry_make_one_request_two_executions() -> None:
    """Answers take 1 s, the client waits 0.4 s and tries three times: three executions, no success."""
    seen = called(at_times(1), {"timeout_s": 0.4, "attempts": 3, "backoff": "none"}, {}, duration_s=10)
    assert seen.total("api", "Requests") == 3
    assert seen.total("client", "WorkedInVain") == 3
    assert seen.total("client", "RequestRetries") == 2
    assert seen.total("client", "MessagesAccepted") == 0


def test_pauses_stand_in_the_latency_of_what_succeeds_at_last() -> None:
    """The endpoint refuses until 3 s; pauses of 2, 4 s after failures at 1 and 3 s."""
    down = {"outages": [{"start_s": 0, "length_s": 4}], "latency": constant(0.5)}
    seen = called(at_times(1), {"attempts": 5, "backoff": "exponential", "backoff_base_s": 1, "backoff_cap_s": 60}, down, duration_s=30)
    assert seen.total("api", "ConnectionsRefused") == 2
    assert seen.total("client", "MessagesAccepted") == 1
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(2 + 4 + 0.5)
    way = seen.path("client", "api")
    assert way["latency"]["mean"] == pytest.approx(6.5)
    assert {(leg["node"], leg["cause"]): leg["mean_s"] for leg in way["split"]} == pytest.approx({("client", "client_backoff"): 6, ("api", "processing"): 0.5})


def test_what_a_retry_cannot_mend_is_not_tried_again() -> None:
    seen = called(at_times(1), {"attempts": 5}, {"client_error_share": 1}, duration_s=10)
    assert seen.total("client", "RequestAttempts") == 1
    assert seen.lost("client") == {"http_403": 1}


def test_retry_after_is_heeded_only_by_clients_that_do() -> None:
    limited = {"rate_limit_per_s": 0.001, "rate_limit_burst": 1, "retry_after_s": 7, "latency": INSTANT}
    for heeds, last_s in ((False, 1.0), (True, 8.0)):
        seen = called(at_times(0.5, 1), {"attempts": 2, "backoff": "none", "heeds_retry_after": heeds}, limited, duration_s=20, frame_interval_s=1)
        refused = seen.series("api", "RateLimited")
        assert refused[round(last_s) + 1] == 2
        assert refused[round(last_s)] < 2 or not heeds


def test_the_network_is_in_the_response_time_both_ways() -> None:
    seen = called(at_times(1), {"network_latency": constant(0.2)}, {}, duration_s=10)
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.2 + 1 + 0.2)
    late = called(at_times(1), {"network_latency": constant(0.2), "timeout_s": 1.39}, {}, duration_s=10)
    assert late.lost("client") == {"timeout": 1}
    in_time = called(at_times(1), {"network_latency": constant(0.2), "timeout_s": 1.41}, {}, duration_s=10)
    assert in_time.total("client", "MessagesAccepted") == 1


@pytest.mark.parametrize(("backoff", "low", "high"), [("none", 0, 0), ("exponential", 0.8, 0.8), ("full", 0, 0.8), ("equal", 0.4, 0.8), ("decorrelated", 0.1, 0.9)])
def test_the_bounds_of_each_back_off(backoff: str, low: float, high: float) -> None:
    """The third failure of a policy that begins at 0.1 s, after a pause of 0.3 s."""
    policy = CallPolicy.model_validate({"backoff": backoff, "backoff_base_s": 0.1, "backoff_cap_s": 20})
    assert pause_s(policy, 3, 0.3, 0.0) == pytest.approx(low)
    assert pause_s(policy, 3, 0.3, 1.0) == pytest.approx(high)
    assert pause_s(policy, 30, 50, 1.0) <= 20


def test_a_circuit_breaker_opens_tries_and_closes() -> None:
    breaker = CircuitBreaker(2, 10)
    breaker.failed(0)
    assert breaker.is_closed
    breaker.failed(1)
    assert not breaker.is_closed
    breaker.succeeded()
    assert not breaker.is_closed, "an answer to a call made before it opened"
    assert not breaker.lets_through(10.9)
    assert breaker.lets_through(11)
    assert not breaker.lets_through(11.1), "one trial at a time"
    breaker.failed(12)
    assert not breaker.lets_through(21.9)
    assert breaker.lets_through(22)
    breaker.succeeded()
    assert breaker.is_closed


def test_a_breaker_spares_a_server_that_is_down() -> None:
    down = {"outages": [{"start_s": 10, "length_s": 60}], "latency": constant(0.01)}
    bare = called({"load": rate(20)}, {}, down, duration_s=120)
    spared = called({"load": rate(20)}, {"breaker_failures": 5, "breaker_open_s": 10}, down, duration_s=120)
    assert bare.total("api", "ConnectionsRefused") > 1000
    assert spared.total("api", "ConnectionsRefused") < 15
    assert spared.lost("client")["circuit_open"] > 1000
    assert spared.total("client", "RequestsFailedFast") == spared.lost("client")["circuit_open"]
