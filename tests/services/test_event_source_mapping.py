"""Lambda's event source mapping for SQS: one test for each documented rule, counted at the queue, the function and the dead-letter queue."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import catalog
from simulator.findings import InvalidScenario
from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

POISON = {"message_types": [{"failure_probability": 1}]}
MIXED = {"message_types": [{"name": "good", "share": 19}, {"name": "bad", "failure_probability": 1}]}


def mapped(source: dict[str, Any], mapping: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, function: dict[str, Any] | None = None, *, dead: bool = False, **how: Any) -> dict[str, Any]:
    """A source, a queue and a function; deliveries take no time and cold starts next to none, unless asked for."""
    nodes: dict[str, Any] = {
        "source": ("traffic", source), "queue": ("sqs", queue or {}),
        "function": ("lambda", {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400, "duration": constant(1), "batch_work": "single", "timeout_s": 900} | (function or {})),
    }
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT} | (mapping or {})}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["queue.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **how)


def fault(name: str, time_s: float, **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": "function", "fault": name, "value": value}


def clear(name: str, time_s: float) -> dict[str, Any]:
    return {"time_s": time_s, "action": "clear_fault", "node": "function", "fault": name}


def setting(name: str, time_s: float, value: Any) -> dict[str, Any]:
    """A change of the mapping while the run goes on."""
    return {"time_s": time_s, "action": "parameter", "after_s": 0, "node": "function", "wire": "w1", "parameter": name, "value": value}


# -- pollers --------------------------------------------------------------------------------------------------------


def busy(mapping: dict[str, Any] | None = None, function: dict[str, Any] | None = None, **how: Any) -> Outcome:
    """More messages than any number of pollers can take, each worked on to the end of the run."""
    return outcome(mapped({"load": rate(20)}, {"batch_size": 1} | (mapping or {}), {"visibility_timeout_s": 5400}, {"duration": constant(800)} | (function or {}),
                          account={"lambda": {"concurrent_executions": 5000}}, frame_interval_s=1, **({"duration_s": 300} | how)))


def test_five_pollers_then_300_more_a_minute_up_to_1250() -> None:
    seen = busy()
    running = seen.series("function", "ConcurrentExecutions")
    assert running[1] >= 5
    assert [running[60 * minute] for minute in range(1, 5)] == pytest.approx([305, 605, 905, 1205], abs=3)
    assert min(time_s for time_s, batches in running.items() if batches == 1250) == pytest.approx(60 * 1245 / 300, abs=2)
    assert seen.metric("function", "ConcurrentExecutions")["max"] == max(running.values()) == 1250
    assert seen.metric("function", "ConcurrentBatches")["max"] == 1250


@pytest.mark.parametrize(("profile", "ceiling"), [("until_2023", 1000), ("until_2023_blog", 1250)])
def test_before_november_2023_pollers_grew_by_60_a_minute(profile: str, ceiling: int) -> None:
    running = busy({"scaling_profile": profile}, {"duration": constant(10)}, duration_s=121).series("function", "ConcurrentExecutions")
    assert (running[60], running[120]) == pytest.approx((65, 125), abs=2)
    at_the_top = busy({"scaling_profile": profile, "pollers_at_start": 1250}, {"duration": constant(1)}, duration_s=5)
    assert at_the_top.metric("function", "ConcurrentBatches")["max"] == ceiling


def test_the_wait_is_named_after_what_limits_the_pollers() -> None:
    assert set(busy(duration_s=60).waits("queue")) == {"poller_ramp"}
    assert busy({"maximum_concurrency": 5}, {"duration": constant(5)}, duration_s=60).waits("queue").keys() == {"maximum_concurrency"}
    ramp = busy({"poller_ceiling": 50}, {"duration": constant(5)}, duration_s=60).waits("queue")
    assert ramp["poller_ceiling"] > ramp["poller_ramp"]


@pytest.mark.parametrize("maximum", [2, 30])
def test_maximum_concurrency_caps_the_mapping(maximum: int) -> None:
    seen = busy({"maximum_concurrency": maximum}, duration_s=60)
    assert seen.metric("function", "ConcurrentExecutions")["max"] == maximum
    assert seen.total("function", "Throttles") == 0


def test_maximum_concurrency_can_be_changed_during_a_run() -> None:
    scenario = mapped({"load": rate(50)}, {"batch_size": 1, "maximum_concurrency": 4}, {"visibility_timeout_s": 5400}, {"duration": constant(1)}, duration_s=60, frame_interval_s=1)
    seen = outcome(scenario, setting("maximum_concurrency", 20, 12), setting("maximum_concurrency", 40, 2))
    running = seen.series("function", "ConcurrentExecutions")
    assert (running[15], running[35], running[55]) == (4, 12, 2)
    waited = next(entry for entry in seen.report["nodes"]["queue"]["waits"] if entry["cause"] == "maximum_concurrency")
    assert waited["title"].endswith("(2)")


def test_pollers_are_given_up_when_the_backlog_is_gone() -> None:
    """400 messages of 10 s make the pollers grow; afterwards one each 10 s needs one of them."""
    seen = outcome(mapped(at_times(*[1] * 400, *range(100, 300, 10)), {"batch_size": 1}, {"visibility_timeout_s": 5400}, {"duration": constant(10)}, duration_s=300))
    batches = seen.metric("function", "ConcurrentBatches")
    assert batches["max"] > 50
    assert batches["last"] == 5


def test_a_burst_of_100_000_is_gone_in_three_minutes_and_a_third() -> None:
    """Documented ramp, one second a message: the area under 5 + 300 t is 100,000 after 3.3 minutes."""
    steps = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 100_000}, {"at_s": 1, "rate_per_s": 0}]}, "arrivals": "even"}
    seen = outcome(mapped(steps, {"batch_size": 1}, {"visibility_timeout_s": 5400}, {"duration": constant(1)}, account={"lambda": {"concurrent_executions": 5000}}, duration_s=260, frame_interval_s=1))
    backlog = seen.series("queue", "ApproximateNumberOfMessagesVisible")
    assert min(time_s for time_s, waiting in backlog.items() if time_s > 2 and waiting == 0) == pytest.approx(3.3 * 60, rel=0.03)


def test_five_idle_pollers_poll_for_twenty_seconds_each() -> None:
    seen = outcome(mapped(at_times(5000), duration_s=600.1))
    assert seen.total("queue", "NumberOfEmptyReceives") == seen.quantity("queue", "Requests, standard queue") == 15 * 10


def test_a_disabled_mapping_polls_nothing() -> None:
    seen = outcome(mapped(at_times(1, 2), {"enabled": False}, duration_s=600))
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("queue", "NumberOfEmptyReceives") == 0
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") == 2


def test_a_mapping_can_be_disabled_and_enabled_again() -> None:
    """What comes while it is off waits for it, and no receive is billed for that time."""
    seen = outcome(mapped(at_times(1, 150, 350), duration_s=400.1), setting("enabled", 100, False), setting("enabled", 300, True))
    assert seen.total("function", "MessagesProcessed") == 3
    assert seen.waits("queue")["disabled"] == pytest.approx(150)
    assert seen.total("queue", "NumberOfEmptyReceives") == pytest.approx(5 * 200 / 20, abs=1)


def test_delivery_takes_its_latency_unless_the_message_waited_longer() -> None:
    """Ten at once for two pollers and a second each: the first two start after 0.3 s, the others when a poller is free."""
    seen = outcome(mapped(at_times(*[1] * 10), {"batch_size": 1, "maximum_concurrency": 2, "delivery_latency": constant(0.3)}, {"visibility_timeout_s": 5400}, duration_s=20))
    latency = seen.path("source", "queue", "function")["latency"]
    assert latency["max"] == pytest.approx(0.3 + 5, abs=0.15)
    assert seen.waits("queue")["delivery_latency"] == pytest.approx(2 * 0.3)


# -- batches --------------------------------------------------------------------------------------------------------


def backlog_of(messages: int, mapping: dict[str, Any], **how: Any) -> Outcome:
    """So many messages that wait when the mapping is enabled at 10 s."""
    enable = setting("enabled", 10, True)
    return outcome(mapped(at_times(*[1] * messages), mapping | {"enabled": False}, {"visibility_timeout_s": 5400}, **how), enable)


@pytest.mark.parametrize(("batch_size", "invocations"), [(1, 95), (7, 14), (10, 10)])
def test_an_invocation_carries_a_batch(batch_size: int, invocations: int) -> None:
    seen = backlog_of(95, {"batch_size": batch_size}, duration_s=60)
    assert seen.total("function", "Invocations") == invocations
    assert seen.total("function", "MessagesProcessed") == seen.total("queue", "NumberOfMessagesDeleted") == 95
    calls = seen.quantity("queue", "Requests, standard queue") - seen.total("queue", "NumberOfEmptyReceives")
    assert calls == 95 + 2 * invocations, "one receive and one delete for each batch"


def test_without_a_window_whatever_is_there_is_a_batch() -> None:
    seen = outcome(mapped(at_times(1, 2, 3), {"batch_size": 10}, duration_s=20))
    assert seen.total("function", "Invocations") == 3
    assert seen.path("source", "queue", "function")["latency"]["max"] == pytest.approx(1, abs=0.1)


def test_large_batches_are_gathered_from_several_receives() -> None:
    """250 messages that are there: two full batches start at once, and the last 50 when the window of 20 s ends."""
    seen = backlog_of(250, {"batch_size": 100, "batching_window_s": 20}, duration_s=60, frame_interval_s=0.5)
    invocations = seen.series("function", "Invocations")
    assert (invocations[10.5], invocations[29.5], invocations[30.5]) == (2, 2, 3)
    assert seen.waits("queue")["batching_window"] == pytest.approx(50 * 20)


def test_a_trickle_waits_for_the_window() -> None:
    """One message a minute, each for the whole window of 10 s: latency, not loss."""
    seen = outcome(mapped(at_times(*range(1, 600, 60)), {"batch_size": 10, "batching_window_s": 10}, {"visibility_timeout_s": 5400}, duration_s=620))
    latency = seen.path("source", "queue", "function")["latency"]
    assert (latency["count"], latency["p50"]) == pytest.approx((10, 11), rel=0.01)


def test_a_payload_of_six_megabytes_ends_the_window() -> None:
    """Seven messages of 1 MB under a window of 60 s do not wait for it."""
    source = at_times(*[1] * 7) | {"message_types": [{"size_bytes": 1_000_000}]}
    seen = outcome(mapped(source, {"batch_size": 1000, "batching_window_s": 60}, {"visibility_timeout_s": 5400}, duration_s=30))
    assert seen.total("function", "MessagesProcessed") >= 6


def test_a_batch_of_more_than_ten_needs_a_window() -> None:
    with pytest.raises(InvalidScenario, match="batching window"):
        outcome(mapped(at_times(1), {"batch_size": 11}, duration_s=10))


@pytest.mark.parametrize(("work", "duration_s"), [("sequential", 10), ("parallel", 1), ("single", 1)])
def test_a_batch_is_worked_on_as_the_function_says(work: str, duration_s: float) -> None:
    enable = setting("enabled", 10, True)
    seen = outcome(mapped(at_times(*[1] * 10), {"enabled": False}, {"visibility_timeout_s": 5400}, {"batch_work": work}, duration_s=60), enable)
    assert seen.metric("function", "Duration")["max"] == pytest.approx(duration_s)


# -- errors ---------------------------------------------------------------------------------------------------------


def poisoned(report: bool, **how: Any) -> dict[str, Any]:
    """One message in twenty fails always, in batches of ten."""
    return mapped({"load": rate(40)} | MIXED, {"batch_size": 10, "batching_window_s": 1, "report_batch_item_failures": report}, {"visibility_timeout_s": 60, "max_receive_count": 3},
                  {"duration": constant(0.1), "timeout_s": 5}, dead=True, **({"duration_s": 400} | how))


def test_a_failed_batch_returns_as_a_whole_and_takes_good_messages_to_the_dead_letter_queue() -> None:
    dead = by_type(deliveries(poisoned(False), "dead"))
    assert dead["bad"] > 300
    assert dead["good"] > 100
    seen = outcome(poisoned(False))
    assert seen.total("function", "Errors") > 0
    assert seen.total("function", "FailedInvokeEventCount") == pytest.approx(10 * seen.total("function", "Errors"), rel=0.2)


def test_with_batch_item_failures_reported_only_the_bad_ones_return() -> None:
    assert set(by_type(deliveries(poisoned(True), "dead"))) == {"bad"}
    seen = outcome(poisoned(True))
    assert seen.total("function", "Errors") == 0, "the invocation itself succeeded"
    assert seen.total("function", "DuplicatesProcessed") == 0
    assert seen.total("function", "FailedInvokeEventCount") == pytest.approx(seen.total("function", "InvokedEventCount") - seen.total("function", "DeletedEventCount"), abs=40)


def test_a_timeout_fails_the_batch_even_when_item_failures_are_reported() -> None:
    seen = outcome(mapped(at_times(*[1] * 10), {"report_batch_item_failures": True}, {"visibility_timeout_s": 60}, {"duration": constant(10), "timeout_s": 5}, duration_s=30))
    assert seen.total("function", "Errors") == seen.total("function", "Invocations") > 0
    assert seen.total("queue", "NumberOfMessagesDeleted") == 0


def test_a_failed_batch_stays_hidden_until_its_visibility_timeout() -> None:
    seen = outcome(mapped(at_times(1), {}, {"visibility_timeout_s": 50}, {"timeout_s": 5}, duration_s=100), fault("fails", 0, share=1), clear("fails", 10))
    assert seen.path("source", "queue", "function")["latency"]["mean"] == pytest.approx(51, abs=0.1)


@pytest.mark.parametrize(("report", "lowered"), [(False, True), (True, False)])
def test_errors_lower_polling_unless_item_failures_are_reported(report: bool, lowered: bool) -> None:
    """Forty pollers at 30 s, when everything begins to fail."""
    scenario = mapped({"load": rate(200)}, {"batch_size": 1, "report_batch_item_failures": report}, {"visibility_timeout_s": 600}, {"duration": constant(1)}, duration_s=60, frame_interval_s=1)
    healthy, failing = outcome(scenario), outcome(scenario, fault("fails", 30, share=1))
    reached = healthy.metric("function", "ConcurrentExecutions")["max"]
    assert reached > 250
    assert (failing.metric("function", "ConcurrentBatches")["last"] < 0.3 * reached) is lowered


def test_dead_letters_of_the_queue_do_not_go_to_the_function_s_queue() -> None:
    scenario = mapped(at_times(1) | POISON, {}, {"visibility_timeout_s": 10, "max_receive_count": 2}, {"timeout_s": 5}, dead=True, duration_s=60)
    scenario["nodes"].append({"id": "failed", "kind": "sqs", "parameters": {}})
    scenario["wires"].append({"id": "f", "from": {"node": "function", "port": "dlq"}, "to": {"node": "failed", "port": "in"}})
    seen = outcome(scenario)
    assert seen.total("queue", "MessagesMovedToDeadLetterQueue") == seen.report["nodes"]["dead"]["ledger"]["entered"] == 1
    assert seen.report["nodes"]["failed"]["ledger"]["entered"] == 0


def test_a_function_slower_than_the_visibility_timeout_works_twice() -> None:
    seen = outcome(mapped(at_times(1), {}, {"visibility_timeout_s": 10}, {"duration": constant(15), "timeout_s": 30}, duration_s=60))
    assert seen.total("queue", "NumberOfMessagesReceived") > 1
    assert seen.total("function", "DuplicatesProcessed") + seen.total("queue", "StaleDeletes") > 0


# -- throttled batches ----------------------------------------------------------------------------------------------


def test_throttled_batches_use_up_receives_and_reach_the_dead_letter_queue_without_ever_running() -> None:
    """Five pollers for two environments, each busy for ten minutes: what is throttled is hidden, received again, and dead after three receives.

    So are the two messages that run, whose visibility timeout ends long before their work."""
    seen = outcome(mapped(at_times(*[1] * 20), {"batch_size": 1}, {"visibility_timeout_s": 60, "max_receive_count": 3}, {"reserved_concurrency": 2, "duration": constant(600)}, dead=True, duration_s=500))
    assert seen.total("function", "Errors") == 0
    assert seen.total("function", "ThrottledBatches") == seen.total("function", "Throttles") > 0
    assert seen.total("function", "Invocations") == 2
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 20
    assert seen.total("queue", "NumberOfMessagesReceived") == 3 * 20
    cured = outcome(mapped(at_times(*[1] * 20), {"batch_size": 1, "maximum_concurrency": 2}, {"visibility_timeout_s": 6000, "max_receive_count": 3}, {"reserved_concurrency": 2, "duration": constant(60)}, dead=True, duration_s=700))
    assert cured.total("function", "Throttles") == cured.report["nodes"]["dead"]["ledger"]["entered"] == 0
    assert cured.total("function", "MessagesProcessed") == 20


def test_a_throttled_batch_is_held_until_its_visibility_timeout_and_then_received_again() -> None:
    """The function is stopped: received at 1 s and, since the batch is dropped just before 31 s, again at 31 s and 61 s."""
    seen = outcome(mapped(at_times(1), duration_s=75), fault("stops", 0))
    assert seen.total("queue", "NumberOfMessagesReceived") == 3
    assert seen.total("function", "Invocations") == 0
    assert seen.waits("queue")["stopped"] == pytest.approx(74, abs=15)


def test_a_throttled_batch_runs_when_there_is_room_without_another_receive() -> None:
    seen = outcome(mapped(at_times(1), {}, {"visibility_timeout_s": 300}, duration_s=100), fault("stops", 0), clear("stops", 40))
    assert seen.total("queue", "NumberOfMessagesReceived") == seen.total("function", "MessagesProcessed") == 1
    assert 40 <= seen.path("source", "queue", "function")["latency"]["max"] <= 57


def test_other_functions_of_the_account_throttle_a_mapping() -> None:
    """Ten of the account's ten are taken by another function until 61 s."""
    scenario = mapped(at_times(5), {}, {"visibility_timeout_s": 300}, duration_s=100, account={"lambda": {"concurrent_executions": 10}})
    scenario["nodes"] += [{"id": "callers", "kind": "traffic", "parameters": at_times(*[1] * 10)}, {"id": "greedy", "kind": "lambda", "parameters": {"duration": constant(60), "timeout_s": 100}}]
    scenario["wires"].append({"id": "g", "from": {"node": "callers", "port": "requests"}, "to": {"node": "greedy", "port": "requests"}})
    seen = outcome(scenario)
    assert seen.waits("queue")["account_concurrency"] >= 55
    assert seen.total("function", "MessagesProcessed") == 1


# -- visibility and counts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("window_s", "visibility_s", "hidden_s"), [(0, 30, 30), (5, 30, 30), (20, 30, 20 + 20 + 30), (20, 100, 100)])
def test_a_window_asks_for_the_visibility_it_needs(window_s: float, visibility_s: float, hidden_s: float) -> None:
    """Window + timeout (20 s) + 30 s, where window and timeout together are longer than the queue's own timeout."""
    scenario = mapped(at_times(1) | POISON, {"batching_window_s": window_s}, {"visibility_timeout_s": visibility_s}, {"timeout_s": 20, "duration": constant(0.1)}, duration_s=300, frame_interval_s=0.5)
    received = outcome(scenario).series("queue", "NumberOfMessagesReceived")
    firsts = [min(time_s for time_s, count in received.items() if count >= wanted) for wanted in (1, 2)]
    assert firsts[1] - firsts[0] == pytest.approx(hidden_s, abs=0.51)


def test_the_mapping_counts_what_it_polls_invokes_and_deletes() -> None:
    seen = outcome(mapped(at_times(1, 2, 3), {"batch_size": 1}, {"visibility_timeout_s": 20}, {"duration": constant(0.1), "timeout_s": 5}, duration_s=60), fault("fails", 0, share=1), clear("fails", 2.5))
    assert [seen.total("function", name) for name in ("PolledEventCount", "InvokedEventCount", "FailedInvokeEventCount", "DeletedEventCount")] == [5, 5, 2, 3]


def test_documented_limits_are_the_defaults_and_bounds() -> None:
    port = next(port for port in catalog.describe("lambda")["ports"] if port["name"] == "source")
    parameters = port["wire_parameters"]["properties"]
    assert [parameters[name]["default"] for name in ("batch_size", "batching_window_s", "pollers_at_start", "poller_ramp_per_min", "poller_ceiling")] == [10, 0, 5, 300, 1250]
    assert [(parameters[name]["minimum"], parameters[name]["maximum"]) for name in ("batch_size", "batching_window_s")] == [(1, 10_000), (0, 300)]
    for outside in ({"maximum_concurrency": 1}, {"maximum_concurrency": 1001}):
        with pytest.raises(InvalidScenario):
            outcome(mapped(at_times(1), outside, duration_s=1))
