"""Calls inside work: a slow callee lengthens the function, holds its concurrency, is billed, and runs into the timeout."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

READY = {"duration": constant(0.1), "timeout_s": 3, "memory_mb": 1024, "provisioned_concurrency": 200, "first_run_s": 0}
"""A function without cold starts, with 0.1 s of work of its own."""


def chain(function: dict[str, Any], call: dict[str, Any], endpoint: dict[str, Any], *, source: dict[str, Any] | None = None, policy: dict[str, Any] | None = None, **run: Any) -> Outcome:
    """A client asks a function, which asks an endpoint that takes a second."""
    nodes = {"client": ("traffic", source or at_times(1)), "function": ("lambda", READY | function), "api": ("http_endpoint", {"latency": constant(1)} | endpoint)}
    return outcome(drawing(nodes, {"client.requests -> function.requests": policy or {}, "function.calls -> api.in": call}, **({"duration_s": 20} | run)))


def legs(seen: Outcome, *nodes: str) -> dict[tuple[str, str], float]:
    """Where the time of what ended on this way was spent."""
    return {(leg["node"], leg["cause"]): pytest.approx(leg["mean_s"]) for leg in seen.path(*nodes)["split"]}


def found(scenario: dict[str, Any]) -> dict[str, str]:
    return {finding.code: finding.severity for finding in findings.check(Scenario.model_validate(scenario))}


# -- a call is part of the work ---------------------------------------------------------------------------------------


def test_the_callees_time_is_the_functions_time_its_concurrency_and_its_bill() -> None:
    seen = chain({}, {}, {}, source={"load": rate(10)}, duration_s=60)
    assert seen.metric("function", "Duration")["mean"] == pytest.approx(1.1)
    assert seen.metric("function", "ConcurrentExecutions")["mean"] == pytest.approx(11, rel=0.1)
    assert seen.total("api", "Requests") == seen.total("function", "CallsMade") == pytest.approx(600, rel=0.15)
    seconds = seen.quantity("function", "Compute in provisioned concurrency, x86_64")
    assert seconds == pytest.approx(1.1 * seen.total("function", "MessagesProcessed"), rel=1e-6), "GB-seconds at 1,024 MB"


def test_the_time_of_a_request_is_split_by_hop_and_cause() -> None:
    seen = chain({}, {"network_latency": constant(0.05)}, {})
    assert seen.path("client", "function")["latency"]["mean"] == pytest.approx(1.2)
    assert legs(seen, "client", "function") == {("function", "processing"): 0.1, ("function", "network"): 0.1, ("api", "processing"): 1}
    assert legs(seen, "client", "function", "api") == {("function", "processing"): 0.1, ("function", "network"): 0.05, ("api", "processing"): 1}


@pytest.mark.parametrize(("call", "lasts_s", "calls"), [
    ({"calls": 5}, 5.1, 5), ({"calls": 5, "at_once": True}, 1.1, 5), ({"calls": 5, "share": 0}, 0.1, 0),
])
def test_calls_come_one_after_another_or_at_once(call: dict[str, Any], lasts_s: float, calls: int) -> None:
    seen = chain({"timeout_s": 30}, call, {})
    assert seen.metric("function", "Duration")["max"] == pytest.approx(lasts_s)
    assert seen.total("api", "Requests") == calls


@pytest.mark.parametrize(("steps", "lasts_s"), [((None, None), 0.1 + 1 + 2), ((1, 1), 0.1 + 2), ((2, 1), 0.1 + 3), ((None, 1), 0.1 + 3)])
def test_wires_of_a_step_are_called_at_once(steps: tuple[int | None, int | None], lasts_s: float) -> None:
    nodes = {"client": ("traffic", at_times(1)), "function": ("lambda", READY | {"timeout_s": 30}), "quick": ("http_endpoint", {"latency": constant(1)}), "slow": ("http_endpoint", {"latency": constant(2)})}
    wires = {"client.requests -> function.requests": {}, "function.calls -> quick.in": {"step": steps[0]}, "function.calls -> slow.in": {"step": steps[1]}}
    seen = outcome(drawing(nodes, wires, duration_s=20))
    assert seen.metric("function", "Duration")["max"] == pytest.approx(lasts_s)
    assert seen.path("client", "function")["latency"]["mean"] == pytest.approx(lasts_s)
    split = {leg["node"]: leg["mean_s"] for leg in seen.path("client", "function")["split"]}
    assert sum(split.values()) == pytest.approx(lasts_s), "every second of the request has a cause, and none has two"


def test_a_request_of_its_own_reaches_the_table_by_its_name() -> None:
    nodes = {"client": ("traffic", at_times(1, 2, 3)), "function": ("lambda", READY), "table": ("dynamodb", {})}
    call = {"message_type": "GET item", "size_bytes": 5000, "calls": 2}
    seen = outcome(drawing(nodes, {"client.requests -> function.requests": {}, "function.calls -> table.requests": call}, duration_s=10))
    assert seen.total("table", "ConsumedReadCapacityUnits") == 6 * 2 * 0.5, "eventually consistent, two units of 4 KB each"
    assert seen.total("table", "ConsumedWriteCapacityUnits") == 0


# -- what goes wrong --------------------------------------------------------------------------------------------------


def test_a_slow_callee_runs_the_function_into_its_timeout_and_goes_on_alone() -> None:
    seen = chain({"timeout_s": 3}, {}, {"latency": constant(10)})
    assert seen.metric("function", "Duration")["max"] == pytest.approx(3)
    assert seen.lost("client") == {"function_timeout": 1}
    assert seen.total("function", "Errors") == 1
    assert seen.total("api", "AnsweredTooLate") == 1, "the endpoint cannot know, and does the work"
    assert seen.waits("function") == pytest.approx({"processing": 0.1, "calls": 2.9})


def test_a_timeout_of_the_call_leaves_time_for_a_retry() -> None:
    """Answers take 1 s at first; the function gives up after 0.4 s, pauses 0.2 s, and fails after two attempts."""
    call = {"timeout_s": 0.4, "attempts": 2, "backoff": "exponential", "backoff_base_s": 0.1}
    seen = chain({}, call, {})
    assert seen.metric("function", "Duration")["max"] == pytest.approx(0.1 + 0.4 + 0.2 + 0.4)
    assert (seen.total("function", "CallsMade"), seen.total("function", "CallRetries"), seen.total("function", "CallsTimedOut"), seen.total("function", "CallsFailed")) == (2, 1, 2, 1)
    assert seen.lost("client") == {"function_error": 1}
    goes_on = chain({}, call | {"on_failure": "goes_on"}, {})
    assert goes_on.total("client", "MessagesAccepted") == 1
    assert goes_on.total("api", "AnsweredTooLate") == 2


def test_a_function_that_is_killed_tries_no_more() -> None:
    seen = chain({"timeout_s": 1}, {"attempts": 1000, "backoff": "none", "timeout_s": 0.2}, {"latency": constant(5)})
    assert seen.total("api", "Requests") == seen.total("function", "CallsMade") == 5, "at 0.1, 0.3, 0.5, 0.7 and 0.9 s"


def test_the_first_failure_of_calls_made_at_once_ends_the_function() -> None:
    nodes = {"client": ("traffic", at_times(1)), "function": ("lambda", READY | {"timeout_s": 30}), "slow": ("http_endpoint", {"latency": constant(5)}),
             "bad": ("http_endpoint", {"latency": constant(1), "client_error_share": 1})}
    wires = {"client.requests -> function.requests": {}, "function.calls -> slow.in": {"step": 1}, "function.calls -> bad.in": {"step": 1}}
    seen = outcome(drawing(nodes, wires, duration_s=20))
    assert seen.metric("function", "Duration")["max"] == pytest.approx(1.1)
    assert seen.lost("client") == {"function_error": 1}
    assert seen.total("slow", "Requests") == 1


def test_a_slow_table_takes_the_concurrency_of_others_away() -> None:
    """10 a second at 0.1 s need 1; at 1.1 s they need 11, and find 5."""
    slow = chain({"reserved_concurrency": 5, "provisioned_concurrency": 5}, {}, {}, source={"load": rate(10)}, duration_s=60)
    quick = chain({"reserved_concurrency": 5, "provisioned_concurrency": 5}, {}, {"latency": INSTANT}, source={"load": rate(10)}, duration_s=60)
    assert quick.lost("client").get("reserved_concurrency", 0) < 5
    assert slow.lost("client")["reserved_concurrency"] > 200


def test_work_for_a_client_that_has_gone_is_late_all_the_way_down() -> None:
    """The client waits 0.5 s; the function cannot know and goes on, and so does the endpoint."""
    seen = chain({}, {}, {}, policy={"timeout_s": 0.5})
    assert seen.lost("client") == {"timeout": 1}
    assert seen.total("client", "WorkedInVain") == 1
    assert seen.total("api", "AnsweredTooLate") == 1
    assert seen.total("function", "MessagesProcessed") == 1


def test_a_circuit_breaker_keeps_the_function_short() -> None:
    down = {"outages": [{"start_s": 10, "length_s": 100}], "latency": constant(0.05)}
    call = {"timeout_s": 2, "attempts": 4, "backoff": "exponential", "backoff_base_s": 0.2, "on_failure": "goes_on"}
    bare = chain({}, call, down, source={"load": rate(5)}, duration_s=100)
    spared = chain({}, call | {"breaker_failures": 5, "breaker_open_s": 30}, down, source={"load": rate(5)}, duration_s=100)
    assert bare.metric("function", "Duration")["p50"] > 1
    assert spared.metric("function", "Duration")["p50"] < 0.3


@pytest.mark.parametrize(("per_s", "exhausted"), [(20, False), (200, True)])
def test_a_function_that_scales_out_uses_the_databases_connections_up(per_s: float, exhausted: bool) -> None:
    """A database with 2 GB has connections for some 200 callers at once; each request holds its environment, and so its connection, for a second and more."""
    nodes = {"client": ("traffic", {"load": rate(per_s)}), "function": ("lambda", READY | {"duration": constant(0.1), "provisioned_concurrency": 900, "timeout_s": 30}),
             "database": ("rds", {"memory_gib": 2, "duration": constant(0.5), "cores": 500})}
    scenario = drawing(nodes, {"client.requests -> function.requests": {}, "function.calls -> database.in": {"calls": 2}}, account={"lambda": {"concurrent_executions": 2000}}, duration_s=30)
    seen = outcome(scenario)
    assert (seen.total("database", "ConnectionsRefused") > 0) is exhausted
    assert (seen.total("function", "Errors") > 0) is exhausted


# -- batches ----------------------------------------------------------------------------------------------------------


def batch(mapping: dict[str, Any], call: dict[str, Any], function: dict[str, Any] | None = None, endpoint: dict[str, Any] | None = None) -> Outcome:
    nodes = {"source": ("traffic", at_times(*[1.0] * 4)), "queue": ("sqs", {"visibility_timeout_s": 60}), "function": ("lambda", READY | {"timeout_s": 30, "batch_work": "single"} | (function or {})),
             "api": ("http_endpoint", {"latency": constant(1)} | (endpoint or {}))}
    wires = {"source.out -> queue.in": {}, "queue.out -> function.source": {"batch_size": 4, "batching_window_s": 2} | mapping, "function.calls -> api.in": call}
    return outcome(drawing(nodes, wires, duration_s=30))


@pytest.mark.parametrize(("call", "lasts_s", "calls"), [({}, 4.1, 4), ({"at_once": True}, 1.1, 4), ({"per": "batch"}, 1.1, 1)])
def test_calls_of_a_batch(call: dict[str, Any], lasts_s: float, calls: int) -> None:
    seen = batch({}, call)
    assert seen.metric("function", "Duration")["max"] == pytest.approx(lasts_s)
    assert seen.total("api", "Requests") == calls
    assert seen.total("function", "MessagesProcessed") == 4
    assert seen.waits("function")["calls"] == pytest.approx(4 * (lasts_s - 0.1)), "each message of the batch waits"


def test_partial_responses_name_the_messages_whose_calls_failed() -> None:
    failing = {"failure_probability": 0.5, "latency": constant(0.1)}
    whole, partial = batch({}, {"at_once": True}, endpoint=failing), batch({"report_batch_item_failures": True}, {"at_once": True}, endpoint=failing)
    assert whole.total("function", "MessagesProcessed") in (0, 4)
    assert partial.total("function", "Errors") == 0
    assert 0 < partial.total("function", "FailedInvokeEventCount") < partial.total("function", "InvokedEventCount")


def test_in_a_fifo_queue_what_follows_a_failed_call_fails_too() -> None:
    """Four messages of one group; the second call is refused by a limit of one request in a long time after a burst of one."""
    nodes = {"source": ("traffic", at_times(1, 1, 1, 1)), "queue": ("sqs", {"fifo": True, "content_based_deduplication": False, "visibility_timeout_s": 600}), "function": ("lambda", READY | {"timeout_s": 30, "batch_work": "single"}),
             "api": ("http_endpoint", {"latency": constant(0.1), "rate_limit_per_s": 0.0001, "rate_limit_burst": 1})}
    wires = {"source.out -> queue.in": {}, "queue.out -> function.source": {"batch_size": 4, "report_batch_item_failures": True}, "function.calls -> api.in": {}}
    seen = outcome(drawing(nodes, wires, duration_s=60))
    assert seen.total("function", "MessagesProcessed") == 1
    assert seen.total("function", "FailedInvokeEventCount") == 3


# -- workers, tasks and streams ---------------------------------------------------------------------------------------


def test_a_worker_is_busy_while_it_calls() -> None:
    nodes = {"source": ("traffic", {"load": rate(4), "arrivals": "even"}), "queue": ("sqs", {}), "workers": ("worker", {"workers": 10, "duration": constant(0.5)}), "api": ("http_endpoint", {"latency": constant(1)})}
    wires = {"source.out -> queue.in": {}, "queue.out -> workers.source": {"request_latency": INSTANT}, "workers.calls -> api.in": {}}
    seen = outcome(drawing(nodes, wires, duration_s=120, fidelity="auto"))
    assert seen.metric("workers", "BusyWorkers")["mean"] == pytest.approx(6, rel=0.05)
    assert seen.metric("workers", "Duration")["mean"] == pytest.approx(1.5)
    path = seen.path("source", "queue", "workers")
    assert {leg["node"]: leg["mean_s"] for leg in path["split"] if leg["cause"] == "processing"} == pytest.approx({"workers": 0.5, "api": 1})


def test_a_message_of_a_worker_whose_call_failed_comes_back() -> None:
    nodes = {"source": ("traffic", at_times(1)), "queue": ("sqs", {"visibility_timeout_s": 10}), "workers": ("worker", {"workers": 1, "duration": constant(0.5)}),
             "api": ("http_endpoint", {"latency": constant(0.1), "outages": [{"start_s": 0, "length_s": 5}]})}
    wires = {"source.out -> queue.in": {}, "queue.out -> workers.source": {"request_latency": INSTANT}, "workers.calls -> api.in": {}}
    seen = outcome(drawing(nodes, wires, duration_s=60))
    assert seen.total("workers", "Errors") == 1
    assert seen.total("workers", "MessagesProcessed") == 1
    assert seen.total("queue", "NumberOfMessagesReceived") == 2


def test_a_task_holds_its_slot_while_it_calls() -> None:
    nodes = {"client": ("traffic", {"load": rate(4), "arrivals": "even"}), "tasks": ("fargate", {"desired_count": 5, "concurrency": 2, "duration": constant(0.5)}), "api": ("http_endpoint", {"latency": constant(1)})}
    seen = outcome(drawing(nodes, {"client.requests -> tasks.requests": {}, "tasks.calls -> api.in": {}}, duration_s=120))
    assert seen.metric("tasks", "BusySlots")["mean"] == pytest.approx(6, rel=0.05)
    assert legs(seen, "client", "tasks") == {("tasks", "processing"): 0.5, ("api", "processing"): 1}


def test_a_shard_waits_while_its_worker_calls() -> None:
    nodes = {"source": ("traffic", at_times(1, 1, 1)), "stream": ("kinesis", {"shard_count": 1}), "application": ("kcl_application", {"workers": 1, "duration": constant(0.5)}), "api": ("http_endpoint", {"latency": constant(1)})}
    seen = outcome(drawing(nodes, {"source.out -> stream.in": {}, "stream.out -> application.stream": {}, "application.calls -> api.in": {}}, duration_s=30))
    assert seen.metric("application", "ProcessingTime")["mean"] == pytest.approx(1.5)
    assert seen.total("api", "Requests") == 3
    assert seen.metric("api", "ConcurrentRequests")["max"] == 1, "one message after the other"


# -- circles ----------------------------------------------------------------------------------------------------------


def circle(first: dict[str, Any], second: dict[str, Any], call: dict[str, Any] | None = None) -> dict[str, Any]:
    nodes = {"client": ("traffic", at_times(1)), "a": ("lambda", READY | first), "b": ("lambda", READY | second)}
    return drawing(nodes, {"client.requests -> a.requests": {}, "a.calls -> b.requests": call or {}, "b.calls -> a.requests": {}}, duration_s=30)


def test_functions_that_call_each_other_are_stopped_after_sixteen_rounds() -> None:
    quick = {"duration": constant(0.01)}
    scenario = circle(quick, quick)
    assert found(scenario)["calls-in-circle"] == "warning"
    seen = outcome(scenario)
    assert seen.total("a", "Invocations") == 16
    assert seen.total("a", "RecursiveInvocationsDropped") == 1
    assert seen.lost("client") == {"function_error": 1}


def test_a_circle_that_multiplies_is_refused() -> None:
    assert found(circle({}, {}, {"calls": 2}))["multiplying-calls"] == "error"


def test_functions_that_may_call_each_other_for_ever_do_so_while_each_is_killed_in_turn() -> None:
    endless = {"duration": constant(0.01), "recursive_loop": "Allow", "timeout_s": 3}
    seen = outcome(circle(endless, endless))
    assert seen.lost("client") == {"function_timeout": 1}
    assert seen.total("a", "Invocations") > seen.total("a", "Errors") > 100
    assert seen.metric("a", "ConcurrentExecutions")["max"] < 250


def test_tasks_that_wait_for_each_other_are_stuck_and_the_run_goes_on() -> None:
    nodes = {"client": ("traffic", {"load": rate(5)}), "a": ("fargate", {"desired_count": 1, "waiting_requests": 5}), "b": ("fargate", {"desired_count": 1, "waiting_requests": 5})}
    seen = outcome(drawing(nodes, {"client.requests -> a.requests": {}, "a.calls -> b.requests": {}, "b.calls -> a.requests": {}}, duration_s=30))
    assert seen.total("a", "RequestsRefused") > 10


def test_a_call_without_a_timeout_below_the_functions_is_noted() -> None:
    nodes = {"client": ("traffic", at_times(1)), "function": ("lambda", READY), "api": ("http_endpoint", {})}
    for given, noted in ((None, True), (3, True), (1, False)):
        codes = found(drawing(nodes, {"client.requests -> function.requests": {}, "function.calls -> api.in": {"timeout_s": given}}, duration_s=30))
        assert ("call-outlasts-function" in codes) is noted
