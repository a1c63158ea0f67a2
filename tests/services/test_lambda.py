"""AWS Lambda: one test for each documented rule of admission, cold starts and asynchronous events, counted at callers and queues."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest
from pydantic import TypeAdapter

from simulator import catalog
from simulator.engine.message import Message, MessageType
from simulator.engine.network import Network
from simulator.engine.outcomes import Refusal
from simulator.mechanics.calling import CallPolicy
from simulator.mechanics.distributions import Distribution
from simulator.mechanics.functions.cold_starts import INIT_MS
from tests.drawing import Outcome, at_times, constant, drawing, outcome, rate

WARM = {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400}
"""Cold starts that hardly matter, and environments that stay."""
AT_ONCE = {"delivery_latency": {"type": "constant", "value_s": 0}}


def called(source: dict[str, Any], function: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    """Callers that wait for the answer."""
    return drawing({"source": ("traffic", source), "function": ("lambda", WARM | (function or {}))}, {"source.requests -> function.requests": {}},
                   account={"lambda": account} if account else {}, **run)


def told(source: dict[str, Any], function: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> dict[str, Any]:
    """Callers that hand over an event; with ``dead``, a queue for what failed for good."""
    nodes: dict[str, Any] = {"source": ("traffic", source), "function": ("lambda", WARM | {"duration": constant(0.1)} | (function or {}))}
    wires: dict[str, Any] = {"source.out -> function.events": {}}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["function.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def fault(name: str, time_s: float, node: str = "function", **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": node, "fault": name, "value": value}


def clear(name: str, time_s: float, node: str = "function") -> dict[str, Any]:
    return {"time_s": time_s, "action": "clear_fault", "node": node, "fault": name}


def steps_of(seen: Outcome, metric: str) -> list[float]:
    """The times (to a frame) at which a counter of the function went up."""
    series = list(seen.series("function", metric).items())
    return [time_s for (_, before), (time_s, value) in pairwise(series) if value > before]


# -- the handler ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duration", [
    {"type": "constant", "value_s": 0.2},
    {"type": "exponential", "mean_s": 0.2},
    {"type": "lognormal", "p50_s": 0.1, "p99_s": 0.5},
    {"type": "gamma", "mean_s": 0.2, "coefficient_of_variation": 2},
    {"type": "uniform", "low_s": 0.1, "high_s": 0.4},
    {"type": "empirical", "samples_s": [0.1, 0.2, 0.2, 0.9]},
], ids=lambda duration: duration["type"])
def test_invocations_last_as_their_distribution_says(duration: dict[str, Any]) -> None:
    """Mean and concurrency within four standard errors, percentiles within as many of their ranks."""
    distribution: Any = TypeAdapter(Distribution).validate_python(duration)
    seen = outcome(called({"load": rate(100)}, {"duration": duration, "timeout_s": 900}, duration_s=60))
    durations = seen.metric("function", "Duration")
    assert durations["count"] > 5000
    error_s = math.sqrt(distribution.variance_s2() / durations["count"])
    assert durations["mean"] == pytest.approx(distribution.expected_s(), abs=4 * error_s + 1e-9)
    for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)):
        off = 4 * math.sqrt(share * (1 - share) / durations["count"])
        low, high = distribution.quantile_s(share - off), distribution.quantile_s(min(share + off, 0.9999))
        assert low * 0.98 <= durations[name] <= high * 1.02


def test_a_failed_invocation_is_an_error_to_its_caller_and_keeps_its_environment() -> None:
    seen = outcome(called({"load": rate(20), "arrivals": "even"}, {"duration": constant(0.01), "failure_probability": 0.25}, duration_s=100))
    calls, errors = seen.total("function", "Invocations"), seen.total("function", "Errors")
    assert errors / calls == pytest.approx(0.25, abs=0.04)
    assert seen.lost("source") == {"function_error": errors}
    assert seen.total("source", "MessagesAccepted") == seen.total("function", "MessagesProcessed") == calls - errors
    assert seen.total("function", "ColdStarts") == 1


def test_a_timeout_kills_the_invocation_and_resets_its_environment() -> None:
    """Every invocation wants 10 s and gets 3; each of the five has to start cold."""
    seen = outcome(called(at_times(1, 11, 21, 31, 41), {"duration": constant(10), "timeout_s": 3}, duration_s=60))
    assert seen.metric("function", "Duration")["max"] == 3
    assert seen.total("function", "Errors") == seen.total("function", "Invocations") == seen.total("function", "ColdStarts") == 5
    assert seen.lost("source") == {"function_timeout": 5}, "the caller is told that it timed out"
    assert outcome(called(at_times(1, 11, 21, 31, 41), {"duration": constant(2), "timeout_s": 3}, duration_s=60)).total("function", "ColdStarts") == 1


def test_concurrency_is_the_rate_times_the_duration() -> None:
    seen = outcome(called({"load": rate(100)}, {"duration": {"type": "exponential", "mean_s": 0.5}, "timeout_s": 900}, duration_s=400, warm_up_s=20))
    assert seen.metric("function", "ConcurrentExecutions")["mean"] == pytest.approx(100 * 0.5, rel=0.03)


# -- concurrency ----------------------------------------------------------------------------------------------------


def test_reserved_concurrency_is_a_ceiling() -> None:
    """Eight at once of which five run; throttled requests are in no other figure, and free."""
    seen = outcome(called(at_times(*[1] * 8), {"reserved_concurrency": 5, "duration": constant(1)}, duration_s=10))
    assert seen.metric("function", "ConcurrentExecutions")["max"] == seen.total("function", "Invocations") == seen.total("function", "MessagesProcessed") == 5
    assert seen.total("function", "Throttles") == 3
    assert seen.total("function", "Errors") == 0
    assert seen.lost("source") == {"reserved_concurrency": 3}
    assert seen.quantity("function", "Requests") == 5


def two_functions(first: dict[str, Any], second: dict[str, Any], account: dict[str, Any], first_source: dict[str, Any], second_source: dict[str, Any], *controls: Any) -> Outcome:
    return outcome(drawing(
        {"one": ("traffic", first_source), "two": ("traffic", second_source), "first": ("lambda", WARM | first), "second": ("lambda", WARM | second)},
        {"one.requests -> first.requests": {}, "two.requests -> second.requests": {}}, account={"lambda": account}, duration_s=30), *controls)


def test_functions_share_what_the_account_has_unreserved() -> None:
    """The first function takes all 20 for 10 s; the second, healthy, is throttled until then."""
    seen = two_functions({"duration": constant(10), "timeout_s": 60}, {"duration": constant(0.1)}, {"concurrent_executions": 20}, at_times(*[1] * 20), at_times(2, 5, 10, 12, 15))
    assert seen.lost("two") == {"account_concurrency": 3}
    assert seen.total("second", "MessagesProcessed") == 2
    assert seen.metric("second", "ClaimedAccountConcurrency")["max"] == 20


def test_reserved_concurrency_is_a_guarantee_that_others_lose() -> None:
    """Of 20, the first function reserves 15 and uses none of it: the second may use 5, and the first still has its 15."""
    seen = two_functions({"duration": constant(10), "timeout_s": 60, "reserved_concurrency": 15}, {"duration": constant(10), "timeout_s": 60}, {"concurrent_executions": 20}, at_times(*[5] * 18), at_times(*[1] * 9))
    assert seen.total("second", "Invocations") == 5
    assert seen.lost("two") == {"account_concurrency": 4}
    assert seen.total("first", "Invocations") == 15
    assert seen.lost("one") == {"reserved_concurrency": 3}
    assert seen.metric("first", "ClaimedAccountConcurrency")["max"] == 20


def test_a_reservation_can_be_changed_during_a_run() -> None:
    more = {"time_s": 10, "action": "parameter", "after_s": 0, "node": "first", "parameter": "reserved_concurrency", "value": 18}
    seen = two_functions({"duration": constant(0.1), "reserved_concurrency": 1}, {"duration": constant(0.1)}, {"concurrent_executions": 20}, at_times(*[1] * 10, *[20] * 20), at_times(*[1] * 25, *[20] * 10), more)
    assert seen.total("first", "Invocations") == 1 + 18
    assert seen.total("second", "Invocations") == 19 + 2


def test_a_reservation_of_nothing_stops_the_function() -> None:
    seen = outcome(called(at_times(1, 2, 3), {"reserved_concurrency": 0}, duration_s=10))
    assert seen.total("function", "Invocations") == 0
    assert seen.lost("source") == {"reserved_concurrency": 3}


def test_a_stopped_function_throttles_until_it_is_started_again() -> None:
    seen = outcome(called(at_times(1, 2, 3), {"duration": constant(0.1)}, duration_s=10), fault("stops", 0), clear("stops", 2.5))
    assert seen.lost("source") == {"stopped": 2}
    assert seen.total("function", "Invocations") == 1


# -- how fast it scales ---------------------------------------------------------------------------------------------

LARGE = {"concurrent_executions": 20_000}


def test_a_thousand_environments_at_once_and_then_a_hundred_a_second() -> None:
    """3,000 are needed at once: 1,000 run, and the rest is throttled for twenty seconds. A request every 2 ms from 1 s on finds 100 new ones a second."""
    later = [1 + place * 0.002 for place in range(5000)]
    seen = outcome(called(at_times(*[0.5] * 3000, *later), {"duration": constant(800), "timeout_s": 900}, LARGE, duration_s=11, frame_interval_s=0.5))
    running = seen.series("function", "ConcurrentExecutions")
    assert running[1] == 1000
    assert [running[second] for second in (2, 5, 8, 11)] == pytest.approx([1150, 1450, 1750, 2050], abs=2)
    assert set(seen.lost("source")) == {"scaling_rate"}


def test_scaling_that_was_not_used_does_not_accumulate() -> None:
    seen = outcome(called(at_times(*[300] * 3000), {"duration": constant(60), "timeout_s": 900}, LARGE, duration_s=310))
    assert seen.total("function", "Invocations") == 1000


def test_each_function_scales_by_itself() -> None:
    seen = two_functions({"duration": constant(20), "timeout_s": 60}, {"duration": constant(20), "timeout_s": 60}, LARGE, at_times(*[1] * 1500), at_times(*[1] * 1500))
    assert seen.total("first", "Invocations") == seen.total("second", "Invocations") == 1000


def test_warm_environments_need_no_scaling() -> None:
    seen = outcome(called(at_times(*[1] * 1000, *[4] * 1100), {"duration": constant(2)}, LARGE, duration_s=10))
    assert seen.total("function", "Invocations") == 1000 + 1100
    assert seen.total("function", "ColdStarts") == 1100


@pytest.mark.parametrize(("minutes", "throttled"), [(1, [7000]), (2, [2000, 1500]), (3, [333, 0, 0]), (4, [0, 0, 0, 0])])
def test_the_burst_table_of_the_older_rule(minutes: int, throttled: list[int]) -> None:
    """10,000 requests in equal parts at the start of 1 to 4 minutes, each nearly a minute long, with 3,000 environments at once and 500 more a minute."""
    part = round(10_000 / minutes)
    times_s = [60 * minute for minute in range(minutes) for _ in range(part)]
    account = LARGE | {"environments_at_once": 3000, "environments_per_10_s": 500 / 6 + 0.01}
    seen = outcome(called(at_times(*times_s), {"duration": constant(59), "timeout_s": 900}, account, duration_s=60 * minutes, frame_interval_s=30))
    series = seen.series("function", "Throttles")
    assert [series[60 * minute + 30] - series[60 * minute] for minute in range(minutes)] == throttled


def test_ten_requests_a_second_for_each_concurrency() -> None:
    """Two environments could serve 2,000 requests of 1 ms a second; a synchronous caller gets 20, and events are not limited."""
    source = {"load": rate(100), "arrivals": "even"}
    calls = outcome(called(source, {"reserved_concurrency": 2, "duration": constant(0.001)}, duration_s=100))
    assert calls.total("function", "Invocations") == pytest.approx(20 * 100 + 20, abs=3)
    assert set(calls.lost("source")) == {"request_rate"}
    events = outcome(told(source, {"reserved_concurrency": 2, "duration": constant(0.001)}, duration_s=100))
    assert events.total("function", "Throttles") == 0
    assert events.total("function", "Invocations") == events.total("source", "MessagesCreated")


# -- cold starts ----------------------------------------------------------------------------------------------------


def test_the_first_request_waits_for_an_environment_and_the_next_does_not() -> None:
    """Caller's time: sandbox, initialisation and handler, then the handler alone; Duration knows nothing of it, the bill knows the initialisation."""
    seen = outcome(called(at_times(1, 10, 20), {"sandbox_start_s": 2, "duration": constant(0.5), "memory_mb": 1024}, duration_s=30))
    init_s = seen.metric("function", "InitDuration")["max"]
    latency = seen.path("source", "function")["latency"]
    assert seen.total("function", "ColdStarts") == 1
    assert 2 < init_s < 2.2
    assert latency["max"] == pytest.approx(init_s + 0.5)
    assert latency["p50"] == pytest.approx(0.5, rel=0.01)
    assert seen.metric("function", "Duration")["max"] == 0.5
    assert seen.waits("function")["cold_start"] == pytest.approx(init_s)
    assert seen.quantity("function", "Compute, x86_64") == pytest.approx(1.5 + init_s - 2, abs=0.002)


@pytest.mark.parametrize(("runtime", "package"), [("python3.13", "zip"), ("python3.13", "image"), ("java21", "zip"), ("dotnet8", "image"), ("rust", "zip")])
def test_initialisation_takes_what_the_benchmark_measured(runtime: str, package: str) -> None:
    p50_ms, p99_ms = INIT_MS[runtime][package]
    seen = outcome(called(at_times(*[1] * 1000), {"runtime": runtime, "package": package, "duration": constant(5), "timeout_s": 60}, duration_s=20))
    init = seen.metric("function", "InitDuration")
    assert init["count"] == 1000
    assert init["p50"] == pytest.approx(p50_ms / 1000, rel=0.15)
    assert init["p99"] == pytest.approx(p99_ms / 1000, rel=0.35)


@pytest.mark.parametrize(("after_s", "gone"), [(370, 0), (390, 0.5), (770, 0.75), (1150, 0.875)])
def test_half_of_the_idle_environments_go_every_380_seconds(after_s: float, gone: float) -> None:
    """1,000 environments, idle from 2 s on; how many of the next 1,000 requests start cold?"""
    seen = outcome(called(at_times(*[1] * 1000, *[2 + after_s] * 1000), {"duration": constant(0.9), "idle_half_life_s": 380}, duration_s=after_s + 10))
    cold = seen.total("function", "ColdStarts") - 1000
    assert cold / 1000 == pytest.approx(gone, abs=4 * math.sqrt(gone * (1 - gone) / 1000))


# -- asynchronous events --------------------------------------------------------------------------------------------


def test_an_event_is_taken_at_once_and_run_later() -> None:
    seen = outcome(told(at_times(1, 2), {"duration": constant(5), "timeout_s": 9}, duration_s=20))
    assert seen.total("source", "MessagesAccepted") == seen.total("function", "AsyncEventsReceived") == 2
    assert seen.path("source", "function")["latency"]["max"] == pytest.approx(5, abs=0.1)
    assert seen.metric("function", "AsyncEventAge")["max"] == 0


@pytest.mark.parametrize(("attempts", "times_s"), [(0, [1]), (1, [1, 61]), (2, [1, 61, 181])])
def test_a_failed_event_is_tried_again_after_one_minute_and_then_two(attempts: int, times_s: list[float]) -> None:
    scenario = told(at_times(1), {"failure_probability": 1, "maximum_retry_attempts": attempts}, dead=True, duration_s=300, frame_interval_s=1)
    seen = outcome(scenario)
    assert steps_of(seen, "Invocations") == pytest.approx(times_s, abs=1.01)
    assert seen.total("function", "Errors") == attempts + 1
    assert seen.total("dead", "NumberOfMessagesSent") == seen.total("function", "AsyncEventsDropped") == 1
    assert seen.last("function", "AsyncBacklog") == 0
    assert outcome(told(at_times(1), {"failure_probability": 1, "maximum_retry_attempts": attempts}, duration_s=300)).lost("function") == {"retries": 1}


def test_an_event_that_succeeds_at_its_second_attempt_is_done() -> None:
    seen = outcome(told(at_times(1), dead=True, duration_s=300), fault("fails", 0, share=1), clear("fails", 30))
    assert seen.total("function", "MessagesProcessed") == 1
    assert seen.total("function", "AsyncEventsDropped") == 0
    assert seen.metric("function", "AsyncEventAge")["max"] == pytest.approx(60.1, abs=0.1)
    assert seen.waits("function")["async_retry"] == pytest.approx(60)


def test_a_throttled_event_is_tried_again_with_pauses_from_a_second_to_five_minutes() -> None:
    """The only environment is busy for 15 minutes; doubling pauses lead to tries at 1, 3, 7 ... 511 s, then one every 300 s."""
    scenario = told(at_times(1, 1.5), {"reserved_concurrency": 1, "duration": constant(890), "timeout_s": 900, "throttled_event_jitter": 0}, duration_s=1500, frame_interval_s=0.5)
    seen = outcome(scenario)
    assert steps_of(seen, "Throttles") == pytest.approx([1.5 + after for after in (0, 1, 3, 7, 15, 31, 63, 127, 255, 511, 811)], abs=0.51)
    assert steps_of(seen, "Invocations") == pytest.approx([1, 1.5 + 1111], abs=0.51)
    assert seen.waits("function")["reserved_concurrency"] == pytest.approx(1111)
    assert seen.total("function", "AsyncEventsDropped") == 0


def test_events_throttled_together_come_back_apart() -> None:
    """40 events at one moment, room for one: without jitter all tries of a round fall into one frame, with it they spread over half the pause up and down."""
    function = {"reserved_concurrency": 1, "duration": constant(890), "timeout_s": 900}
    apart, together = (steps_of(outcome(told(at_times(1, *[1.5] * 40), function | {"throttled_event_jitter": jitter}, duration_s=40, frame_interval_s=0.5)), "Throttles") for jitter in (0.5, 0))
    assert together == pytest.approx([1.5, 2.5, 4.5, 8.5, 16.5, 32.5], abs=0.51)
    assert len([time_s for time_s in apart if 8 < time_s < 40]) > 30


def test_a_throttled_caller_is_answered_429() -> None:
    network = Network(seed=1)
    traffic = catalog.service("traffic")
    network.add_node(traffic, "source", "Source", traffic.Parameters(load={"shape": "constant", "rate_per_s": 1}))
    network.add_node(catalog.service("lambda"), "function", "Function", catalog.service("lambda").Parameters(reserved_concurrency=0))
    wire = network.add_wire("w", "source", "requests", "function", "requests", CallPolicy())
    network.start()
    answers: list[Refusal | None] = []
    wire.invoke(Message(1, MessageType("request"), 0.0, network.root.to("source"), 100, 0, 1), lambda message, refusal: answers.append(refusal))
    [refusal] = answers
    assert refusal is not None
    assert (refusal.status, refusal.cause, refusal.retryable) == (429, "reserved_concurrency", True)


def test_an_event_is_dropped_when_it_reaches_its_maximum_age() -> None:
    """Throttled all the time: dropped at 101 s, between two tries that would be at 64 s and 128 s."""
    function = {"throttled_event_jitter": 0, "reserved_concurrency": 1, "duration": constant(890), "timeout_s": 900, "maximum_event_age_s": 100}
    early, late = (outcome(told(at_times(1, 1), function, dead=True, duration_s=end_s)) for end_s in (100.9, 101.2))
    assert (early.total("function", "AsyncEventsDropped"), late.total("function", "AsyncEventsDropped")) == (0, 1)
    assert late.total("dead", "NumberOfMessagesSent") == 1
    assert outcome(told(at_times(1, 1), function, duration_s=110)).lost("function") == {"event_age": 1}


def test_events_live_for_six_hours() -> None:
    function = {"reserved_concurrency": 1, "duration": constant(900), "timeout_s": 900}
    seen = outcome(told(at_times(*[1] * 60), function, duration_s=6 * 3600 + 2))
    assert seen.total("function", "Invocations") == pytest.approx(24, abs=6)
    assert seen.lost("function") == {"event_age": 60 - seen.total("function", "Invocations")}
    assert seen.metric("function", "AsyncEventAge")["max"] < 21_600


@pytest.mark.parametrize("controls", [[], [fault("stops", 0)]], ids=["reserved", "fault"])
def test_events_of_a_stopped_function_go_straight_to_the_dead_letter_queue(controls: list[Any]) -> None:
    seen = outcome(told(at_times(1, 2), {} if controls else {"reserved_concurrency": 0}, dead=True, duration_s=3), *controls)
    assert seen.total("dead", "NumberOfMessagesSent") == seen.total("function", "AsyncEventsDropped") == 2
    assert seen.total("function", "Invocations") == 0


def test_an_event_that_its_dead_letter_queue_refuses_is_lost() -> None:
    seen = outcome(told(at_times(1), {"failure_probability": 1, "maximum_retry_attempts": 0}, dead=True, duration_s=10), fault("unavailable", 0, "dead"))
    assert seen.lost("function") == {"retries": 1}


# -- what it breaks, publishes and costs ----------------------------------------------------------------------------


def test_a_slow_dependency_raises_concurrency() -> None:
    seen = outcome(called({"load": rate(50), "arrivals": "even"}, {"duration": constant(0.1)}, duration_s=100, frame_interval_s=1), fault("slows", 50, factor=5))
    running = seen.series("function", "ConcurrentExecutions")
    assert (running[40], running[90]) == pytest.approx((5, 25), abs=1)


def test_a_share_of_the_requests_is_published() -> None:
    scenario = drawing(
        {"source": ("traffic", {"load": rate(50)}), "function": ("lambda", WARM | {"duration": constant(0.01)}), "next": ("sqs", {})},
        {"source.requests -> function.requests": {}, "function.out -> next.in": {"share": 0.5}}, duration_s=60)
    seen = outcome(scenario)
    done = seen.total("function", "MessagesProcessed")
    assert seen.total("next", "NumberOfMessagesSent") / done == pytest.approx(0.5, abs=4 * math.sqrt(0.25 / done))


@pytest.mark.parametrize(("architecture", "usd"), [("x86_64", 0.0000166667), ("arm64", 0.0000133334)])
def test_requests_and_gigabyte_seconds_are_billed(architecture: str, usd: float) -> None:
    """1,000 invocations of 100.2 ms with half a gigabyte: 101 ms each are billed, and one short initialisation."""
    times_s = [1 + place for place in range(1000)]
    seen = outcome(called(at_times(*times_s), {"duration": constant(0.1002), "memory_mb": 512, "architecture": architecture}, duration_s=1010))
    init_s = seen.metric("function", "InitDuration")["max"]
    assert seen.quantity("function", "Requests") == 1000
    assert seen.quantity("function", f"Compute, {architecture}") == pytest.approx(0.5 * (1000 * 0.101 + init_s), abs=0.001)
    assert seen.report["nodes"]["function"]["cost_usd"] == pytest.approx(1000 * 0.2e-6 + 0.5 * (101 + init_s) * usd, rel=1e-4)


def test_documented_limits_are_the_defaults_and_bounds() -> None:
    described = catalog.describe("lambda")
    parameters = described["parameters"]["properties"]
    assert [(parameters[name]["default"], parameters[name].get("minimum"), parameters[name].get("maximum")) for name in ("timeout_s", "memory_mb", "maximum_retry_attempts", "maximum_event_age_s")] == [
        (3, 1, 900), (128, 128, 10240), (2, 0, 2), (21600, 60, 21600)]
    account = described["account_parameters"]["properties"]
    assert (account["concurrent_executions"]["default"], account["environments_per_10_s"]["default"]) == (1000, 1000)
