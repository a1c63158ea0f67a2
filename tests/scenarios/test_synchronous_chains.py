"""A whole synchronous chain, by pencil: a client, an API, a function, and the table and the endpoint that it asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, at_times, constant, drawing, outcome

OVERHEAD_S, OWN_WORK_S = 0.02, 0.1
"""What the API and the function take for themselves."""
FUNCTION = {"duration": constant(OWN_WORK_S), "timeout_s": 60, "memory_mb": 1024, "provisioned_concurrency": 100, "first_run_s": 0}
API = {"rest_overhead": constant(OVERHEAD_S)}
COMPUTE = "Compute in provisioned concurrency, x86_64"
"""Seconds, at 1,024 MB."""
IN = "client.requests -> api.in"
BEHIND = "api.integrations -> function.requests"


def chain(
    endpoint: dict[str, Any], *times_s: float, client: dict[str, Any] | None = None, integration: dict[str, Any] | None = None,
    function: dict[str, Any] | None = None, call: dict[str, Any] | None = None, **run: Any,
) -> Outcome:
    """A client asks an API, which asks a function, which asks an endpoint."""
    nodes = {"client": ("traffic", at_times(*times_s)), "api": ("api_gateway", API), "function": ("lambda", FUNCTION | (function or {})), "endpoint": ("http_endpoint", endpoint)}
    wires = {IN: client or {}, BEHIND: integration or {}, "function.calls -> endpoint.in": call or {}}
    return outcome(drawing(nodes, wires, **({"duration_s": 30} | run)))


def legs(seen: Outcome, *nodes: str) -> dict[tuple[str, str], float]:
    """Where the time of what ended on this way was spent, on average."""
    return {(leg["node"], leg["cause"]): pytest.approx(leg["mean_s"]) for leg in seen.path(*nodes)["split"]}


def test_the_time_of_a_request_is_split_by_hop_and_cause() -> None:
    """0.02 s at the API, 0.1 in the function, 0.01 at the table, 0.04 + 0.3 + 0.04 for the endpoint and the way to it: 0.51 s; and 0.05 s from the client, and back to it."""
    nodes = {"client": ("traffic", at_times(1, 2, 3)), "api": ("api_gateway", API), "function": ("lambda", FUNCTION),
             "table": ("dynamodb", {"latency": constant(0.01)}), "endpoint": ("http_endpoint", {"latency": constant(0.3)})}
    wires = {IN: {"network_latency": constant(0.05)}, BEHIND: {}, "function.calls -> table.requests": {"step": 1, "message_type": "GET item"},
             "function.calls -> endpoint.in": {"step": 2, "network_latency": constant(0.04)}}
    seen = outcome(drawing(nodes, wires, duration_s=10))
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.05 + 0.51 + 0.05)
    assert seen.metric("api", "Latency")["max"] == pytest.approx(0.51)
    assert seen.metric("api", "IntegrationLatency")["max"] == seen.metric("function", "Duration")["max"] == pytest.approx(0.49)
    assert seen.metric("function", "CallTime")["max"] == pytest.approx(0.38)
    assert legs(seen, "client", "api", "function") == {
        ("client", "network"): 0.05, ("api", "api_overhead"): 0.02, ("function", "processing"): 0.1, ("table", "processing"): 0.01, ("function", "network"): 0.08, ("endpoint", "processing"): 0.3}
    assert seen.path("client", "api", "function")["latency"]["mean"] == pytest.approx(0.05 + 0.51), "a path ends where the work was done"
    assert legs(seen, "client", "api", "function", "endpoint") == {
        ("client", "network"): 0.05, ("api", "api_overhead"): 0.02, ("function", "processing"): 0.1, ("table", "processing"): 0.01, ("function", "network"): 0.04, ("endpoint", "processing"): 0.3}


@pytest.mark.parametrize(("hops", "cause", "attempt_s", "calls", "billed_s", "abandoned_s"), [
    ({"client": {"timeout_s": 2.5}}, "timeout", 2.5, 1, 8.1, {"client": 8.12 - 2.5}),
    ({"integration": {"timeout_s": 4}}, "integration_timeout", 4.02, 1, 8.1, {"api": 8.12 - 4.02}),
    ({"function": {"timeout_s": 3}}, "function_timeout", 3.02, 1, 3, {}),
    ({"call": {"timeout_s": 2, "attempts": 2, "backoff": "exponential", "backoff_base_s": 0.5}}, "function_error", 0.12 + 2 + 1 + 2, 2, 5.1, {}),
], ids=["client", "integration", "function", "call"])
def test_the_shortest_patience_strikes_and_each_hop_multiplies_what_is_behind_it(
    hops: dict[str, dict[str, Any]], cause: str, attempt_s: float, calls: int, billed_s: float, abandoned_s: dict[str, float],
) -> None:
    """The endpoint takes 8 s. The client tries its one request three times, without pauses; in each of them the function tries its call once or twice."""
    seen = chain({"latency": constant(8)}, 1, **(hops | {"client": {"attempts": 3, "backoff": "none"} | hops.get("client", {})}), frame_interval_s=0.02)
    assert seen.lost("client") == {cause: 1}
    assert seen.path("client")["latency"]["max"] == pytest.approx(3 * attempt_s)
    assert seen.total("client", "RequestAttempts") == seen.total("api", "Count") == seen.total("function", "Invocations") == 3
    assert seen.total("function", "CallsMade") == seen.total("endpoint", "Requests") == 3 * calls
    assert seen.total("endpoint", "AnsweredTooLate") == 3 * calls, "all of its work is in vain"
    assert seen.waits("endpoint") == pytest.approx({"processing": 3 * calls * 8})
    assert seen.quantity("function", COMPUTE) == pytest.approx(3 * billed_s)
    assert seen.total("api", "5XXError") == (0 if cause == "timeout" else 3), "a good answer, for no one"
    for node in ("client", "api"):
        assert seen.total(node, "WorkedInVain") == (3 if node in abandoned_s else 0)
        assert seen.metric(node, "AbandonedInProgress")["mean"] * 30 == pytest.approx(3 * abandoned_s.get(node, 0), abs=0.07), "as frames of 0.02 s see it"


def test_an_attempt_that_was_given_up_is_in_the_time_of_the_one_that_succeeds() -> None:
    """The endpoint hangs until 5 s. Attempts come to it at 1.12 and 4.12 s; both end at 6 s, the first for no one."""
    hangs = {"latency": constant(1), "outages": [{"start_s": 0, "length_s": 5, "behaviour": "hangs"}]}
    seen = chain(hangs, 1, client={"timeout_s": 3, "attempts": 2, "backoff": "none"})
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(5)
    assert legs(seen, "client", "api", "function") == {
        ("client", "client_timeout"): 3, ("api", "api_overhead"): 0.02, ("function", "processing"): 0.1, ("endpoint", "outage"): 0.88, ("endpoint", "processing"): 1}
    assert (seen.total("endpoint", "Successes"), seen.total("endpoint", "AnsweredTooLate"), seen.total("client", "WorkedInVain")) == (2, 1, 1)
    assert seen.total("function", "MessagesProcessed") == 2
    assert seen.path("client", "api", "function")["messages"] == seen.total("client", "MessagesAccepted") == 1


def test_a_throttled_table_is_asked_by_the_function_and_again_for_the_client() -> None:
    """A write a second. Of two at 1.12 s one is throttled; so is its retry at 1.32 s. The client asks again a second later, and the table is ready at 2.44 s."""
    nodes = {"client": ("traffic", at_times(1, 1)), "api": ("api_gateway", API), "function": ("lambda", FUNCTION),
             "table": ("dynamodb", {"latency": constant(0.01), "write_units_per_s": 1, "burst_s": 0})}
    wires = {IN: {"attempts": 2, "backoff": "exponential", "backoff_base_s": 0.5}, BEHIND: {},
             "function.calls -> table.requests": {"message_type": "PUT item", "attempts": 2, "backoff": "exponential", "backoff_base_s": 0.1}}
    seen = outcome(drawing(nodes, wires, duration_s=10))
    assert (seen.total("client", "RequestAttempts"), seen.total("function", "CallsMade"), seen.total("table", "WriteThrottleEvents")) == (3, 4, 2)
    assert seen.total("api", "5XXError") == seen.total("function", "Errors") == 1
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(2.45 - 1)
    mean = {("client", "client_backoff"): 1, ("api", "api_overhead"): 3 * 0.02, ("function", "processing"): 3 * 0.1, ("function", "client_backoff"): 0.2, ("table", "processing"): 2 * 0.01}
    assert legs(seen, "client", "api", "function") == {leg: both_s / 2 for leg, both_s in mean.items()}


BREAKER = {"timeout_s": 2.5, "breaker_failures": 3, "breaker_open_s": 10}


def test_a_circuit_breaker_opens_at_the_third_timeout_and_tries_one_request_each_time() -> None:
    """Requests of 1 to 5 s are out when the third fails at 5.5 s; trials at 16 and 29 s, and what comes during a trial fails fast too."""
    seen = chain({"latency": constant(8)}, *range(1, 31), client=BREAKER, duration_s=60, frame_interval_s=0.5)
    assert seen.lost("client") == {"timeout": 5 + 1 + 1, "circuit_open": 10 + (2 + 10) + 1}
    assert seen.total("api", "Count") == seen.total("endpoint", "AnsweredTooLate") == seen.total("client", "WorkedInVain") == 7
    came = seen.series("api", "Count")
    assert [came[at_s] for at_s in (5.5, 16, 16.5, 29, 29.5, 60)] == [5, 5, 6, 6, 7, 7], "a frame tells what was before it"


def test_a_circuit_breaker_closes_at_the_first_trial_after_the_backend_is_back() -> None:
    """It hangs until 20 s: six requests are worked on then, for no one. The trial at 29 s succeeds within 0.62 s, and all after it."""
    hangs = {"latency": constant(0.5), "outages": [{"start_s": 0, "length_s": 20, "behaviour": "hangs"}]}
    seen = chain(hangs, *range(1, 41), client=BREAKER, duration_s=60)
    assert seen.lost("client") == {"timeout": 5 + 1, "circuit_open": 10 + (2 + 10)}
    assert seen.total("client", "MessagesAccepted") == 1 + 11
    assert seen.total("endpoint", "AnsweredTooLate") == seen.total("client", "WorkedInVain") == 6
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.62)


def test_a_slow_backend_fills_the_functions_concurrency_and_the_api_answers_500() -> None:
    """Three at once of 8.1 s: those of 1, 2 and 3 s run until 9.12, 10.12 and 11.12 s, six are throttled, and those of 10, 11 and 12 s find room again."""
    seen = chain({"latency": constant(8)}, *range(1, 31), function={"reserved_concurrency": 3, "provisioned_concurrency": 3}, duration_s=60)
    assert seen.lost("client") == {"integration_throttled": 3 * 6}
    assert seen.total("function", "Throttles") == seen.total("api", "5XXError") == 3 * 6
    assert seen.total("client", "MessagesAccepted") == seen.total("endpoint", "Requests") == 4 * 3
    assert seen.metric("function", "ConcurrentExecutions")["max"] == 3
    assert seen.metric("function", "ConcurrentExecutions")["mean"] * 60 == pytest.approx(12 * 8.1)


def test_what_waits_for_a_busy_endpoint_is_waited_for_at_every_hop() -> None:
    """One worker of 2 s for a request each second: request n begins its work at 2n - 0.88 s and waits n - 1 s. With a patience of 5.5 s in the function, the fifth is the first that fails."""
    seen = chain({"latency": constant(2), "workers": 1}, *range(1, 9), call={"timeout_s": 5.5}, duration_s=60)
    assert seen.total("client", "MessagesAccepted") == 4
    assert seen.lost("client") == {"function_error": 4}
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.12 + 3 + 2)
    assert seen.metric("function", "CallTime")["max"] == pytest.approx(5.5)
    assert seen.total("endpoint", "AnsweredTooLate") == 4
    assert seen.waits("endpoint") == pytest.approx({"workers_busy": sum(range(8)), "processing": 8 * 2})
    assert seen.quantity("function", COMPUTE) == pytest.approx((2.1 + 3.1 + 4.1 + 5.1) + 4 * 5.6)
