"""API destinations: one test for each documented rule, counted at the endpoint."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, at_times, constant, drawing, outcome, rate


def called(
    source: dict[str, Any], destination: dict[str, Any] | None = None, endpoint: dict[str, Any] | None = None, rule: dict[str, Any] | None = None, *, dead: bool = False, **run: Any,
) -> dict[str, Any]:
    """A source, a bus without latency, an API destination and an endpoint; with ``dead``, a dead-letter queue of the bus."""
    nodes: dict[str, Any] = {
        "source": ("traffic", source), "bus": ("eventbridge", {"delivery_latency": INSTANT}), "api": ("api_destination", destination or {}),
        "web": ("http_endpoint", {"latency": constant(0.1)} | (endpoint or {})),
    }
    wires: dict[str, Any] = {"source.out -> bus.in": {}, "bus.requests -> api.in": rule or {}, "api.out -> web.in": {}}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["bus.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def test_each_event_becomes_a_call_and_ends_at_the_endpoint() -> None:
    seen = outcome(called(at_times(1, 2, 3), duration_s=10))
    assert seen.total("web", "Successes") == seen.total("api", "CallsSucceeded") == seen.total("bus", "SuccessfulInvocationAttempts") == 3
    assert seen.path("source", "bus", "api", "web")["latency"]["mean"] == pytest.approx(0.1)
    assert seen.metric("bus", "IngestionToInvocationSuccessLatency")["max"] == pytest.approx(0.1, rel=0.02)


def test_calls_over_the_rate_limit_wait_and_none_is_refused() -> None:
    """100 at once at 10 a second: the last leaves after 9.9 s."""
    seen = outcome(called(at_times(*[1] * 100), {"invocation_rate_limit_per_s": 10}, {"workers": None}, duration_s=30))
    assert seen.total("web", "Successes") == 100
    assert seen.total("api", "CallsDelayed") == 99
    assert seen.metric("api", "CallsWaiting")["max"] == 99
    assert seen.waits("api")["rate_limit"] == pytest.approx(sum(range(100)) / 10)
    assert seen.path("source", "bus", "api", "web")["latency"]["max"] == pytest.approx(9.9 + 0.1, rel=0.02)
    assert seen.total("bus", "RetryInvocationAttempts") == 0


def test_a_raised_rate_limit_lets_those_waiting_go() -> None:
    raised = {"time_s": 5, "action": "parameter", "node": "api", "parameter": "invocation_rate_limit_per_s", "value": 100}
    seen = outcome(called(at_times(*[1] * 200), {"invocation_rate_limit_per_s": 1}, {"workers": None}, duration_s=8), raised)
    assert seen.total("web", "Successes") == 200


def test_events_that_wait_longer_than_their_age_are_dead_lettered_without_a_call() -> None:
    """100 at once at one a second, 60 s to live: 61 are called (at 1, 2, ... 61 s), 39 are too old."""
    seen = outcome(called(at_times(*[1] * 100), {"invocation_rate_limit_per_s": 1}, rule={"maximum_event_age_s": 60}, dead=True, duration_s=120))
    assert seen.total("web", "Requests") == 61
    assert seen.total("api", "CallsExpired") == seen.report["nodes"]["dead"]["ledger"]["entered"] == 39
    assert seen.total("bus", "FailedInvocations") == 39


def test_an_endpoint_slower_than_five_seconds_works_each_time_and_fails_each_time() -> None:
    seen = outcome(called(at_times(1), endpoint={"latency": constant(6)}, rule={"maximum_retry_attempts": 3}, duration_s=60))
    assert seen.total("api", "CallsTimedOut") == 4
    assert seen.total("web", "AnsweredTooLate") == seen.total("web", "Successes") == 4
    assert seen.lost("bus") == {"retry_attempts": 1}
    assert seen.waits("api")["timeout"] == pytest.approx(20)


def test_an_endpoint_just_below_the_timeout_succeeds() -> None:
    seen = outcome(called(at_times(1), endpoint={"latency": constant(4.9)}, duration_s=20))
    assert seen.total("api", "CallsTimedOut") == 0
    assert seen.total("bus", "SuccessfulInvocationAttempts") == 1


@pytest.mark.parametrize(("status", "retried"), [(400, False), (401, True), (403, False), (404, False), (407, True), (409, True), (410, False), (413, False)])
def test_which_client_errors_are_retried(status: int, retried: bool) -> None:
    seen = outcome(called(at_times(1), endpoint={"client_error_share": 1, "client_error_status": status}, rule={"maximum_retry_attempts": 2}, dead=True, duration_s=60))
    assert seen.total("web", "Requests") == (3 if retried else 1)
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 1
    assert seen.total("api", "CallsFailed") == (3 if retried else 0)
    assert seen.total("api", "CallsRejected") == (0 if retried else 1)


@pytest.mark.parametrize("status", [401, 407, 409])
def test_the_guide_of_2023_retried_fewer_client_errors(status: int) -> None:
    scenario = called(at_times(1), endpoint={"client_error_share": 1, "client_error_status": status}, rule={"maximum_retry_attempts": 2}, dead=True, duration_s=60)
    next(node for node in scenario["nodes"] if node["id"] == "api")["parameters"]["retried_statuses"] = "until_2023"
    assert outcome(scenario).total("web", "Requests") == 1


@pytest.mark.parametrize("endpoint", [{"failure_probability": 1}, {"rate_limit_per_s": 1e-6, "rate_limit_burst": 1}, {"outages": [{"start_s": 0, "length_s": 500}]}], ids=["5xx", "429", "refused"])
def test_server_errors_throttles_and_refused_connections_are_retried(endpoint: dict[str, Any]) -> None:
    seen = outcome(called(at_times(1, 2), endpoint=endpoint, rule={"maximum_retry_attempts": 2}, duration_s=100))
    assert seen.total("web", "Requests") in (4, 6)
    assert seen.total("bus", "FailedInvocations") in (1, 2)


def test_retry_after_makes_the_pause_longer() -> None:
    """The second request is over the limit; it is asked to wait 30 s, which is longer than the first pause of a second."""
    endpoint = {"rate_limit_per_s": 0.1, "rate_limit_burst": 1, "retry_after_s": 30}
    seen = outcome(called(at_times(1, 1), endpoint=endpoint, duration_s=60))
    assert seen.total("web", "Requests") == 3
    assert seen.waits("bus")["retry"] == pytest.approx(30)


def test_an_expired_token_costs_a_call_and_is_renewed() -> None:
    destination = {"authorization": "oauth", "token_lifetime_s": 10, "token_latency": constant(0.3)}
    seen = outcome(called(at_times(1, 11, 12, 14), destination, duration_s=20))
    assert seen.total("api", "TokensFetched") == 1
    assert seen.total("api", "CallsFailed") == 1
    assert seen.total("web", "Successes") == 4
    assert seen.total("web", "Requests") == 4
    assert outcome(called(at_times(1, 11, 12, 14), duration_s=20)).total("api", "CallsFailed") == 0


def test_revoked_credentials_are_retried_until_they_are_back() -> None:
    revoked = [{"time_s": 0, "action": "fault", "node": "api", "fault": "revoked"}, {"time_s": 10, "action": "clear_fault", "node": "api", "fault": "revoked"}]
    seen = outcome(called(at_times(1), duration_s=60), *revoked)
    assert seen.total("web", "Requests") == 1
    assert seen.total("api", "CallsFailed") >= 3
    assert seen.total("bus", "SuccessfulInvocationAttempts") == 1


def test_every_attempt_is_billed_by_64_kb() -> None:
    source = at_times(1) | {"message_types": [{"size_bytes": 100_000}]}
    seen = outcome(called(source, endpoint={"failure_probability": 1}, rule={"maximum_retry_attempts": 2}, duration_s=60))
    assert seen.quantity("api", "API destination calls") == 3 * 2


def test_rules_of_one_destination_share_its_rate() -> None:
    nodes: dict[str, Any] = {
        "source": ("traffic", {"load": rate(20), "arrivals": "even"}), "b1": ("eventbridge", {}), "b2": ("eventbridge", {}),
        "api": ("api_destination", {"invocation_rate_limit_per_s": 10}), "web": ("http_endpoint", {}),
    }
    wires: dict[str, Any] = {"source.out -> b1.in": {}, "source.out -> b2.in": {}, "b1.requests -> api.in": {}, "b2.requests -> api.in": {}, "api.out -> web.in": {}}
    seen = outcome(drawing(nodes, wires, duration_s=30))
    assert seen.total("web", "Requests") == pytest.approx(10 * 30, abs=5)


def test_a_slow_endpoint_and_a_missing_one_are_found() -> None:
    def codes(scenario: dict[str, Any]) -> set[str]:
        return {finding.code for finding in findings.check(Scenario.from_json(scenario))}

    assert "slower-than-timeout" in codes(called(at_times(1), endpoint={"latency": constant(6)}, duration_s=10))
    assert "slower-than-timeout" not in codes(called(at_times(1), duration_s=10))
    alone = called(at_times(1), duration_s=10)
    alone["wires"].pop()
    assert "no-endpoint" in codes(alone)
    assert outcome(alone).total("api", "CallsFailed") >= 3
