"""Step Functions: each rule inside the engine, counted at the receiver."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from simulator import catalog, findings
from simulator.run import Simulation
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, by_type, constant, deliveries, drawing, outcome, rate

INVOKE = "arn:aws:states:::lambda:invoke"
TOKEN = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
QUICK = {"transition_latency": INSTANT}
FUNCTION = {"duration": constant(1), "sandbox_start_s": 0, "runtime": "rust", "timeout_s": 60}


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": INVOKE, **more}


def chain(**states: dict[str, Any]) -> dict[str, Any]:
    """A definition of states one after the other."""
    names = list(states)
    made = {name: state if {"Next", "End", "Choices"} & set(state) or state["Type"] in ("Fail", "Succeed") else {**state, **({"Next": names[place + 1]} if place + 1 < len(names) else {"End": True})}
            for place, (name, state) in enumerate(states.items())}
    return {"StartAt": names[0], "States": made}


def branch(name: str, state: dict[str, Any]) -> dict[str, Any]:
    return {"StartAt": name, "States": {name: {**state, "End": True}}}


def flow(definition: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]]:
    return "step_functions", {"definition": json.dumps(definition), **QUICK, **parameters}


def bodies(*given: Any) -> list[dict[str, Any]]:
    return [{"name": f"type{place}", "share": 1, "body": body} for place, body in enumerate(given)]


def alone(definition: dict[str, Any], *, at: Any = None, account: dict[str, Any] | None = None, types: list[dict[str, Any]] | None = None, run: dict[str, Any] | None = None, **parameters: Any) -> Outcome:
    """A source and a state machine with nothing wired to its tasks."""
    source = {**(at or at_times(0)), **({"message_types": types} if types else {})}
    return outcome(drawing({"source": ("traffic", source), "flow": flow(definition, **parameters)}, {"source.out -> flow.in": {}}, account={"step_functions": account or {}}, **(run or {"duration_s": 100})))


def answered(state: str, **more: Any) -> dict[str, Any]:
    return {"state": state, "duration": constant(1), **more}


# -- data -----------------------------------------------------------------------------------------------------------


def test_a_choice_is_decided_on_the_body_of_the_message() -> None:
    definition = chain(Which={"Type": "Choice", "Choices": [{"Variable": "$.total", "NumericGreaterThan": 100, "Next": "Review"}], "Default": "Ship"}, Review=task(End=True), Ship=task(End=True))
    scenario = drawing(
        {"source": ("traffic", {"load": rate(10), "message_types": bodies({"total": 50}, {"total": 150})}), "flow": flow(definition), "review": ("lambda", FUNCTION), "ship": ("lambda", FUNCTION)},
        {"source.out -> flow.in": {}, "flow.task:Review -> review.requests": {}, "flow.task:Ship -> ship.requests": {}}, duration_s=60)
    run = outcome(scenario)
    counts = [run.total(node, "Invocations") for node in ("review", "ship")]
    assert sum(counts) == pytest.approx(run.total("flow", "ExecutionsStarted"), abs=1)
    assert counts[0] == pytest.approx(counts[1], rel=0.2)


def test_the_result_of_one_task_is_the_input_of_the_next() -> None:
    definition = chain(Price=task(ResultSelector={"total.$": "$.Payload.total"}), Which={"Type": "Choice", "Choices": [{"Variable": "$.total", "NumericEquals": 7, "Next": "Yes"}], "Default": "No"}, Yes={"Type": "Succeed"}, No={"Type": "Fail", "Error": "No"})
    run = alone(definition, tasks=[answered("Price", results=[{"output": {"Payload": {"total": 7}}}])])
    assert (run.total("flow", "ExecutionsSucceeded"), run.total("flow", "ExecutionsFailed")) == (1, 0)


def test_a_task_without_a_sample_returns_what_it_was_given() -> None:
    run = alone(chain(Echo=task(Parameters={"Payload.$": "$"}, OutputPath="$.Payload"), Check={"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 5, "Next": "Good"}]}, Good={"Type": "Succeed"}), types=bodies({"x": 5}))
    assert run.total("flow", "ExecutionsSucceeded") == 1


def test_results_come_by_their_shares() -> None:
    definition = chain(Pay=task())
    run = alone(definition, at={"load": rate(50)}, tasks=[answered("Pay", duration=INSTANT, results=[{"share": 3, "output": {}}, {"share": 1, "error": "Declined"}])])
    failed, started = run.total("flow", "ExecutionsFailed"), run.total("flow", "ExecutionsStarted")
    assert failed / started == pytest.approx(0.25, abs=0.03)
    assert run.lost("flow") == {"Declined": failed}


def test_a_choice_that_the_data_cannot_decide_takes_shares() -> None:
    definition = chain(Which={"Type": "Choice", "Choices": [{"Variable": "$.unknown", "BooleanEquals": True, "Next": "Yes"}], "Default": "No"}, Yes={"Type": "Succeed"}, No={"Type": "Fail", "Error": "No"})
    shares = {"state": "Which", "shares": [{"next": "Yes", "share": 4}, {"next": "No", "share": 1}]}
    assert alone(definition).total("flow", "ExecutionsFailed") == 1
    run = alone(definition, at={"load": rate(50)}, choices=[shares])
    assert run.total("flow", "ExecutionsFailed") / run.total("flow", "ExecutionsStarted") == pytest.approx(0.2, abs=0.03)
    decided = alone(definition, at={"load": rate(50)}, types=bodies({"unknown": True}), choices=[shares])
    assert decided.total("flow", "ExecutionsFailed") == 0
    always = alone(definition, at={"load": rate(50)}, types=bodies({"unknown": True}), choices=[{**shares, "when": "always"}])
    assert always.total("flow", "ExecutionsFailed") > 0


def test_the_output_of_a_nested_execution_flows_back() -> None:
    parent = chain(Child={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "Parameters": {"Input.$": "$"}, "ResultSelector": {"made.$": "$.Output.made"}},
                   Check={"Type": "Choice", "Choices": [{"Variable": "$.made", "StringEquals": "by the child", "Next": "Good"}]}, Good={"Type": "Succeed"})
    child = chain(Work={"Type": "Wait", "Seconds": 3}, Make={"Type": "Pass", "Result": {"made": "by the child"}})
    run = outcome(drawing({"source": ("traffic", at_times(0)), "flow": flow(parent), "child": flow(child)}, {"source.out -> flow.in": {}, "flow.task:Child -> child.requests": {}}, duration_s=20))
    assert (run.total("flow", "ExecutionsSucceeded"), run.total("child", "ExecutionsSucceeded")) == (1, 1)
    assert run.metric("flow", "ExecutionTime")["mean"] == pytest.approx(3)


def test_a_nested_execution_that_fails_fails_its_task() -> None:
    parent = chain(Child={"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Undo"}]}, Undo={"Type": "Pass"})
    run = outcome(drawing({"source": ("traffic", at_times(0)), "flow": flow(parent), "child": flow(chain(Bad={"Type": "Fail", "Error": "Broken"}))}, {"source.out -> flow.in": {}, "flow.task:Child -> child.requests": {}}, duration_s=20))
    assert (run.total("flow", "ExecutionsSucceeded"), run.total("child", "ExecutionsFailed")) == (1, 1)


# -- branches and loops ---------------------------------------------------------------------------------------------


def test_branches_wait_for_each_other_and_their_time_is_booked_once() -> None:
    definition = chain(Both={"Type": "Parallel", "Branches": [branch("Slow", task()), branch("Fast", task())]})
    run = alone(definition, tasks=[answered("Slow", duration=constant(9)), answered("Fast", duration=constant(2))])
    assert run.metric("flow", "ExecutionTime")["mean"] == 9
    assert run.waits("flow") == {"task:Fast": 2, "task:Slow": 7}


def test_a_branch_that_fails_stops_the_others_but_their_functions_run_on() -> None:
    definition = chain(Both={"Type": "Parallel", "Branches": [branch("Long", task()), branch("Bad", task())]})
    run = outcome(drawing(
        {"source": ("traffic", at_times(0)), "flow": flow(definition, tasks=[answered("Bad", results=[{"error": "Broken"}])]), "long": ("lambda", {**FUNCTION, "duration": constant(30)})},
        {"source.out -> flow.in": {}, "flow.task:Long -> long.requests": {}}, duration_s=100))
    assert run.metric("flow", "ExecutionTime")["mean"] == 1
    assert run.lost("flow") == {"Broken": 1}
    assert run.metric("long", "Duration")["mean"] == pytest.approx(30, rel=0.02)
    assert run.quantity("long", "Compute, x86_64") == pytest.approx(30 * 128 / 1024, rel=0.02)


@pytest.mark.parametrize(("concurrency", "ends_s"), [(0, 3), (10, 10), (1, 100)])
def test_an_inline_map_runs_40_iterations_at_once_at_most(concurrency: int, ends_s: float) -> None:
    definition = chain(Each={"Type": "Map", "MaxConcurrency": concurrency, "ItemProcessor": branch("Work", task())})
    run = alone(definition, types=bodies(list(range(100))), tasks=[answered("Work")], run={"duration_s": 200})
    assert run.metric("flow", "ExecutionTime")["mean"] == pytest.approx(ends_s)


@pytest.mark.parametrize(("kind", "last_s"), [("STANDARD", 4.99), ("EXPRESS", 0.499)])
def test_a_map_run_dispatches_its_children_at_a_rate(kind: str, last_s: float) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, **branch("Work", task())}
    run = alone(chain(Each={"Type": "Map", "ItemProcessor": processor}), types=bodies(list(range(500))), tasks=[answered("Work")])
    assert run.metric("flow", "ExecutionTime")["mean"] == pytest.approx(last_s + 1)
    assert run.total("flow", "StateTransitions") == (501 if kind == "STANDARD" else 1)
    assert run.quantity("flow", "Requests, Express") == (0 if kind == "STANDARD" else 500)


def test_map_runs_beyond_the_quota_wait() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **branch("Work", task())}
    run = alone(chain(Each={"Type": "Map", "ItemProcessor": processor}), at=at_times(0, 0, 0), types=bodies([1]), tasks=[answered("Work", duration=constant(10))], account={"open_map_runs": 1})
    assert run.metric("flow", "ExecutionTime")["max"] == pytest.approx(30, rel=0.01)
    assert run.waits("flow")["map_runs"] == pytest.approx(10 + 20, rel=0.01)


def test_a_map_with_more_concurrency_than_its_function_fails_without_retries() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **branch("Work", task())}
    nodes = {"source": ("traffic", {**at_times(0), "message_types": bodies(list(range(300)))}), "flow": flow(chain(Each={"Type": "Map", "ItemProcessor": processor})), "work": ("lambda", {**FUNCTION, "duration": constant(5), "reserved_concurrency": 50})}
    run = outcome(drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Work -> work.requests": {}}, duration_s=100))
    assert run.lost("flow") == {"States.ExceedToleratedFailureThreshold": 1}
    assert run.total("work", "Throttles") >= 1


# -- errors ---------------------------------------------------------------------------------------------------------


def test_a_function_that_fails_is_retried_with_growing_pauses() -> None:
    definition = chain(Work=task(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}]))
    run = outcome(drawing({"source": ("traffic", at_times(0)), "flow": flow(definition), "work": ("lambda", {**FUNCTION, "failure_probability": 1})}, {"source.out -> flow.in": {}, "flow.task:Work -> work.requests": {}}, duration_s=100))
    assert run.total("work", "Invocations") == 4
    assert run.total("flow", "StateTransitions") == 4
    assert run.waits("flow")["retry:Work"] == pytest.approx(2 + 4 + 8)
    assert run.lost("flow") == {"Exception": 1}


def test_a_throttled_function_raises_what_its_retrier_names() -> None:
    definition = chain(Work=task(Catch=[{"ErrorEquals": ["Lambda.TooManyRequestsException"], "Next": "Later"}]), Later={"Type": "Pass"})
    run = outcome(drawing({"source": ("traffic", at_times(0)), "flow": flow(definition), "work": ("lambda", {**FUNCTION, "reserved_concurrency": 0})}, {"source.out -> flow.in": {}, "flow.task:Work -> work.requests": {}}, duration_s=100))
    assert (run.total("work", "Throttles"), run.total("flow", "ExecutionsSucceeded"), run.total("flow", "StateTransitions")) == (1, 1, 2)


def test_a_task_that_times_out_goes_on_while_its_function_works() -> None:
    definition = chain(Work=task(TimeoutSeconds=5, Catch=[{"ErrorEquals": ["States.Timeout"], "Next": "Later"}]), Later={"Type": "Pass"})
    run = outcome(drawing({"source": ("traffic", at_times(0)), "flow": flow(definition), "work": ("lambda", {**FUNCTION, "duration": constant(20)})}, {"source.out -> flow.in": {}, "flow.task:Work -> work.requests": {}}, duration_s=100))
    assert run.metric("flow", "ExecutionTime")["mean"] == 5
    assert run.waits("flow") == {"task:Work": 5}
    assert run.total("work", "MessagesProcessed") == 1
    assert run.total("flow", "ServiceIntegrationsTimedOut") == 1


def test_a_full_queue_policy_refusal_has_the_name_of_its_service() -> None:
    definition = chain(Send={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Catch": [{"ErrorEquals": ["SQS.SQSException"], "Next": "Later"}]}, Later={"Type": "Pass", "Result": "x" * 10})
    big = {"payload": "x" * 200_000}
    run = outcome(drawing({"source": ("traffic", {**at_times(0), "message_types": bodies(big)}), "flow": flow(definition), "queue": ("sqs", {"maximum_message_size_bytes": 1024})}, {"source.out -> flow.in": {}, "flow.task:Send -> queue.in": {}}, duration_s=10))
    assert (run.total("flow", "ServiceIntegrationsFailed"), run.total("flow", "ExecutionsSucceeded"), run.total("queue", "NumberOfMessagesSent")) == (1, 1, 0)


# -- quotas ---------------------------------------------------------------------------------------------------------


def test_transitions_beyond_the_bucket_wait_and_do_not_fail() -> None:
    run = alone(chain(One={"Type": "Pass"}, Two={"Type": "Pass"}), at={"load": rate(20)}, account={"transitions_per_s": 10, "transitions_bucket": 10}, run={"duration_s": 60})
    assert run.total("flow", "StateTransitions") == pytest.approx(10 + 10 * 60, rel=0.01)
    assert run.total("flow", "ExecutionThrottled") > 500
    assert run.total("flow", "ExecutionsFailed") == 0
    assert run.waits("flow")["transitions_throttled"] > 0


def test_machines_of_an_account_share_the_bucket_and_express_needs_none() -> None:
    definition = chain(One={"Type": "Pass"})
    nodes = {"source": ("traffic", {"load": rate(20)}), "left": flow(definition), "right": flow(definition), "express": flow(definition, type="EXPRESS")}
    run = outcome(drawing(nodes, {f"source.out -> {name}.in": {} for name in ("left", "right", "express")}, account={"step_functions": {"transitions_per_s": 10, "transitions_bucket": 1}}, duration_s=60))
    assert run.total("left", "StateTransitions") + run.total("right", "StateTransitions") == pytest.approx(600, rel=0.01)
    assert run.total("express", "ExecutionsSucceeded") == run.total("express", "ExecutionsStarted") == run.total("source", "MessagesCreated")


def test_starts_beyond_their_bucket_are_refused() -> None:
    run = alone(chain(One={"Type": "Pass"}), at={"load": rate(50)}, account={"start_execution_per_s": 10, "start_execution_bucket": 20}, run={"duration_s": 60})
    assert run.total("flow", "ExecutionsStarted") == pytest.approx(20 + 600, rel=0.01)
    assert run.total("flow", "StartsThrottled") > 0


def test_open_executions_beyond_the_quota_refuse_new_ones() -> None:
    run = alone(chain(Wait={"Type": "Wait", "Seconds": 1000}), at={"load": rate(10)}, account={"open_executions": 50})
    assert (run.last("flow", "OpenExecutionCount"), run.total("flow", "ExecutionsStarted")) == (50, 50)
    assert run.total("flow", "StartsRefused") > 0


def test_a_full_history_fails_an_execution() -> None:
    run = alone({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Wait", "Seconds": 0, "Next": "A"}}}, history_limit=100)
    assert run.lost("flow") == {"States.Runtime": 1}
    assert run.total("flow", "StateTransitions") == 50  # ExecutionStarted, two events for each of 49 states, and ExecutionFailed where the next would be entered


def test_a_result_beyond_the_payload_limit_fails_an_execution() -> None:
    run = alone(chain(Big=task()), payload_limit_bytes=1024, tasks=[answered("Big", results=[{"output": "x" * 1100}])])
    assert run.lost("flow") == {"States.DataLimitExceeded": 1}


# -- loops ------------------------------------------------------------------------------------------------------------

LOOP = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Choice", "Choices": [{"Variable": "$.done", "BooleanEquals": True, "Next": "C"}], "Default": "A"}, "C": {"Type": "Succeed"}}}
"""A loop that data without ``done: true`` never leaves."""
STAYS = bodies({"done": False})


def test_an_endless_standard_loop_ends_with_its_history() -> None:
    run = alone(LOOP, at=at_times(0, 1, 2), types=STAYS)
    assert run.lost("flow") == {"States.Runtime": 3}
    assert run.total("flow", "StateTransitions") == 3 * 12_500, "two events for each of 12,499 states, beside the first and the last of 25,000; the next was asked for"


def test_an_endless_express_loop_without_time_fails_the_execution_and_not_the_run() -> None:
    run = alone(LOOP, at=at_times(0, 1), types=STAYS, type="EXPRESS")
    assert run.lost("flow") == {"States.Runtime": 2}
    guarded = alone(LOOP, at=at_times(*[0.0] * 30), types=STAYS, type="EXPRESS", instant_transitions=1000)
    assert guarded.lost("flow") == {"States.Runtime": 30}


def test_an_endless_express_loop_that_takes_time_dies_after_five_minutes() -> None:
    run = alone(LOOP, types=STAYS, type="EXPRESS", transition_latency=constant(0.01), run={"duration_s": 400})
    assert run.lost("flow") == {"States.Timeout": 1}
    assert run.metric("flow", "ExecutionTime")["max"] == pytest.approx(300)


def test_many_endless_loops_at_one_instant_do_not_stop_the_clock() -> None:
    run = alone(LOOP, at=at_times(*[1.0] * 50), types=STAYS, type="EXPRESS", run={"duration_s": 5})
    assert run.lost("flow") == {"States.Runtime": 50}


def test_a_long_loop_that_ends_is_no_endless_one() -> None:
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Output": "{% {'n': $states.input.n + 1} %}", "Next": "B"},
        "B": {"Type": "Choice", "Choices": [{"Condition": "{% $states.input.n < 1000 %}", "Next": "A"}], "Default": "C"}, "C": {"Type": "Succeed"}}}
    assert alone(definition, types=bodies({"n": 0}), type="EXPRESS").total("flow", "ExecutionsSucceeded") == 1


@pytest.mark.parametrize(("parameters", "warned"), [(QUICK, True), ({"transition_latency": constant(0.01)}, False), ({}, False)])
def test_a_loop_in_which_no_time_passes_is_found_before_the_run(parameters: dict[str, Any], warned: bool) -> None:
    told = dict(found(LOOP, **parameters))
    assert ("loop-without-time" in told) is warned
    assert not warned or "A → B → A" in told["loop-without-time"]
    assert "loop-without-time" not in dict(found(chain(A={"Type": "Pass"}, B={"Type": "Pass"}), **QUICK))


# -- Express --------------------------------------------------------------------------------------------------------


def test_an_express_execution_dies_after_five_minutes() -> None:
    run = alone(chain(Wait={"Type": "Wait", "Seconds": 400}), type="EXPRESS", run={"duration_s": 500})
    assert run.total("flow", "ExecutionsTimedOut") == 1
    assert run.metric("flow", "ExecutionTime")["mean"] == 300
    assert run.lost("flow") == {"States.Timeout": 1}


def test_express_is_billed_by_requests_and_by_time_in_steps_of_100_ms() -> None:
    run = alone(chain(Work=task()), type="EXPRESS", at=at_times(1, 2, 3), tasks=[answered("Work", duration=constant(0.25))], express_memory_mb=65)
    assert run.quantity("flow", "Requests, Express") == 3
    assert run.quantity("flow", "Memory, Express") == pytest.approx(3 * 0.3 * 128 / 1024 / 3600)
    assert run.quantity("flow", "State transitions, Standard") == 0


def test_who_starts_synchronously_waits_and_gets_200_even_for_a_failure() -> None:
    nodes = {"caller": ("traffic", at_times(0, 1)), "flow": flow(chain(Work=task()), type="EXPRESS", tasks=[answered("Work", duration=constant(4), results=[{"error": "Broken"}])])}
    run = outcome(drawing(nodes, {"caller.requests -> flow.requests": {}}, duration_s=20))
    assert run.total("caller", "MessagesAccepted") == 2
    assert run.total("flow", "ExecutionsFailed") == 2
    assert run.lost("flow") == {"Broken": 2}


# -- tokens, activities, jobs ---------------------------------------------------------------------------------------


def callback(**parameters: Any) -> dict[str, Any]:
    nodes = {"source": ("traffic", at_times(0, 5)), "flow": flow(chain(Ask={"Type": "Task", "Resource": TOKEN, **parameters})), "queue": ("sqs", {}), "worker": ("worker", {"workers": 1, "duration": constant(3)})}
    return drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Ask -> queue.in": {}, "queue.out -> worker.source": {}, "worker.out -> flow.callbacks": {}}, duration_s=60)


def test_a_token_comes_back_with_the_message_that_was_sent() -> None:
    run = outcome(callback())
    assert run.total("queue", "NumberOfMessagesSent") == 2
    assert run.total("flow", "ExecutionsSucceeded") == 2
    assert run.metric("flow", "ExecutionTime")["mean"] == pytest.approx(3, abs=0.2)
    assert run.waits("flow")["token:Ask"] == pytest.approx(6, abs=0.4)


def test_a_token_that_comes_back_too_late_is_refused() -> None:
    run = outcome(callback(TimeoutSeconds=2))
    assert run.total("flow", "ExecutionsFailed") == 2
    assert run.total("flow", "AnswersTooLate") >= 2


def test_tokens_that_never_return_leave_executions_open() -> None:
    definition = chain(Ask={"Type": "Task", "Resource": TOKEN})
    lost = [answered("Ask", token_after=constant(2), token_lost_share=0.5)]
    run = alone(definition, at={"load": rate(10)}, tasks=lost)
    assert run.last("flow", "OpenExecutionCount") == pytest.approx(500, rel=0.15)
    assert run.last("flow", "TokensWaiting") == run.last("flow", "OpenExecutionCount")
    definition["States"]["Ask"]["HeartbeatSeconds"] = 5
    cured = alone(definition, at={"load": rate(10)}, tasks=lost)
    assert cured.last("flow", "OpenExecutionCount") < 60
    assert cured.total("flow", "ExecutionsFailed") > 300


def test_heartbeats_keep_a_long_task_alive() -> None:
    definition = chain(Ask={"Type": "Task", "Resource": TOKEN, "HeartbeatSeconds": 5})
    assert alone(definition, tasks=[answered("Ask", token_after=constant(20))]).total("flow", "ExecutionsFailed") == 1
    assert alone(definition, tasks=[answered("Ask", token_after=constant(20), heartbeat_every_s=4)]).total("flow", "ExecutionsSucceeded") == 1


def test_answers_beyond_their_bucket_are_throttled() -> None:
    scenario = callback()
    scenario["account"] = {"step_functions": {"task_answers_per_s": 0.1, "task_answers_bucket": 1}}
    seen = deliveries(scenario, "flow")
    assert [delivery.taken for delivery in seen if delivery.type == "Ask"][:2] == [True, False]


def test_an_activity_has_so_many_workers() -> None:
    definition = chain(Pack={"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:pack", "TimeoutSeconds": 12})
    run = alone(definition, at=at_times(0, 0, 0, 0), tasks=[answered("Pack", duration=constant(10), workers=2)])
    assert run.metric("flow", "ExecutionTime")["max"] == 20  # the timeout begins when a worker has taken it
    assert run.total("flow", "ExecutionsSucceeded") == 4
    assert run.waits("flow") == {"activity:Pack": 20, "task:Pack": 40}
    assert run.metric("flow", "ActivityScheduleTime")["max"] == pytest.approx(10, rel=0.01)


def test_a_job_ends_its_task_when_it_is_done() -> None:
    run = alone(chain(Job={"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync"}), tasks=[answered("Job", duration=constant(42))])
    assert run.metric("flow", "ExecutionTime")["mean"] == 42


def test_one_way_tasks_hand_over_their_arguments() -> None:
    definition = chain(Tell={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"MessageBody.$": "$"}})
    seen = deliveries(drawing({"source": ("traffic", {**at_times(0, 1), "message_types": bodies({"order": 7})}), "flow": flow(definition), "queue": ("sqs", {})}, {"source.out -> flow.in": {}, "flow.task:Tell -> queue.in": {}}, duration_s=5), "queue")
    assert by_type(seen) == {"Tell": 2}
    assert seen[0].size_bytes == len('{"MessageBody":{"order":7}}')


# -- what is seen ---------------------------------------------------------------------------------------------------


def test_frames_count_what_is_inside_each_state() -> None:
    simulation = Simulation(drawing({"source": ("traffic", {"load": rate(10)}), "flow": flow(chain(Wait={"Type": "Wait", "Seconds": 5}, Bad={"Type": "Fail", "Error": "E"}))}, {"source.out -> flow.in": {}}, duration_s=60))
    last = [frame.to_json() for frame in simulation.frames()][-1]
    parts = last["nodes"]["flow"]["parts"]
    assert parts["Wait"]["inside"] == pytest.approx(50, rel=0.2)
    assert parts["Bad"]["inside"] == 0
    assert parts["Bad"]["failed"] == parts["Bad"]["entered"] > 0
    assert "parts" not in last["nodes"]["source"]


def test_states_of_stopped_branches_are_left() -> None:
    definition = chain(Both={"Type": "Parallel", "Branches": [branch("Long", {"Type": "Wait", "Seconds": 90}), branch("Bad", {"Type": "Fail", "Error": "E"})]})
    simulation = Simulation(drawing({"source": ("traffic", {"load": rate(10)}), "flow": flow(definition)}, {"source.out -> flow.in": {}}, duration_s=30))
    parts = [frame.to_json() for frame in simulation.frames()][-1]["nodes"]["flow"]["parts"]
    assert {name: counts["inside"] for name, counts in parts.items()} == {"Both": 0, "Long": 0, "Bad": 0}


def test_faults() -> None:
    scenario = drawing({"source": ("traffic", {"load": rate(10)}), "flow": flow(chain(Work=task()), tasks=[answered("Work", duration=constant(5))])}, {"source.out -> flow.in": {}}, duration_s=100)
    aborted = outcome(scenario, {"time_s": 50, "action": "fault", "node": "flow", "fault": "abort", "value": {"share": 1}})
    assert aborted.total("flow", "ExecutionsAborted") == pytest.approx(50, rel=0.3)
    failed = outcome(scenario, {"time_s": 50, "action": "fault", "node": "flow", "fault": "task_fails", "value": {"state": "Work"}})
    assert failed.total("flow", "ExecutionsFailed") == pytest.approx(500, rel=0.1)


# -- before a run ---------------------------------------------------------------------------------------------------


def found(definition: Any, wires: dict[str, Any] | None = None, **parameters: Any) -> list[tuple[str, str]]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    scenario = drawing({"source": ("traffic", {}), "flow": ("step_functions", {"definition": text, **parameters})}, {"source.out -> flow.in": {}, **(wires or {})})
    return [(finding.code, finding.message) for finding in findings.check(Scenario.from_json(scenario)) if finding.node == "flow"]


def test_each_fault_of_a_definition_is_a_finding_with_its_path() -> None:
    messages = found({"StartAt": "A", "States": {"A": {"Type": "Task", "Next": "Z"}, "B": {"Type": "Wait", "End": True}}})
    assert [code for code, _ in messages] == ["invalid-parameter"] * 3
    assert [next(path for path in ("$.States.A.Next", "$.States.A.Resource", "$.States.B") if path in message) for _, message in messages] == ["$.States.A.Next", "$.States.A.Resource", "$.States.B"]


def test_what_a_machine_of_the_wrong_type_may_not_do() -> None:
    definition = chain(Ask={"Type": "Task", "Resource": TOKEN})
    assert ("definition" in dict(found(definition, type="EXPRESS"))) is True
    assert "sync-needs-express" in dict(found(chain(One=task()), {"source.requests -> flow.requests": {}}))


def test_tasks_that_are_not_wired_are_named() -> None:
    assert "Check stock, Ship" in dict(found(catalog.describe("step_functions")["parameters"]["properties"]["definition"]["default"]))["unwired-tasks"]


@pytest.mark.parametrize(("parameters", "code"), [
    ({"tasks": [{"state": "Nope"}]}, "unknown-state"), ({"tasks": [{"state": "Ask"}, {"state": "Ask"}]}, "settings-given-twice"), ({"choices": [{"state": "Ask", "shares": []}]}, "unknown-state"), ({}, "token-never-returns")])
def test_settings_are_held_against_the_definition(parameters: dict[str, Any], code: str) -> None:
    assert code in dict(found(chain(Ask={"Type": "Task", "Resource": TOKEN}), **parameters))


def test_ports_follow_from_the_definition_and_fit_what_the_tasks_call() -> None:
    definition = chain(Call=task(), Send={"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage"}, Emit={"Type": "Task", "Resource": "arn:aws:states:::events:putEvents"},
                       Pack={"Type": "Task", "Resource": "arn:aws:states:us-east-1:1:activity:x"}, Any={"Type": "Task", "Resource": "${Filled}"})
    ports = {port.name: port for port in catalog.ports_of("step_functions", {"definition": json.dumps(definition)})}
    assert set(ports) == {"in", "requests", "callbacks", "task:Call", "task:Send", "task:Emit", "task:Any"}
    fits = {name: [kind for kind in ("lambda", "sqs", "eventbridge", "sns") if any(port.fits(into) for into in catalog.service(kind).ports)] for name, port in ports.items() if name.startswith("task:")}
    assert fits == {"task:Call": ["lambda"], "task:Send": ["sqs"], "task:Emit": ["eventbridge"], "task:Any": ["lambda"]}


# -- failure modes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("jitter", "highest"), [("NONE", 100), ("FULL", 30)])
def test_retries_without_jitter_come_in_peaks_and_full_jitter_spreads_them(jitter: str, highest: int) -> None:
    """A shared dependency fails at once for all: gaps of 1, 2 and 4 s; jitter draws each pause from 0 to its gap."""
    definition = chain(Call=task(Retry=[{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2, "JitterStrategy": jitter}]))
    scenario = drawing(
        {"source": ("traffic", at_times(*[0.05] * 100)), "flow": flow(definition), "work": ("lambda", {**FUNCTION, "duration": INSTANT, "failure_probability": 1})},
        {"source.out -> flow.in": {}, "flow.task:Call -> work.requests": {}}, duration_s=8, frame_interval_s=0.1)
    calls = list(outcome(scenario).series("work", "Invocations").values())
    each = [after - before for before, after in itertools.pairwise(calls)]
    assert sum(each) == 400
    retries = [count for count in each[1:] if count]
    if jitter == "NONE":
        assert retries == [highest] * 3
    else:
        assert max(retries) < highest
        assert len(retries) > 30


def test_a_stopped_branch_books_no_time_after_its_end() -> None:
    definition = chain(Both={"Type": "Parallel", "Branches": [branch("Long", {"Type": "Wait", "Seconds": 20}), branch("Bad", {"Type": "Fail", "Error": "E"})], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Rest"}]}, Rest={"Type": "Wait", "Seconds": 50})
    assert alone(definition).waits("flow") == {"wait:Rest": 50}


def test_an_execution_has_a_timeout_of_its_own() -> None:
    run = alone({**chain(Work=task()), "TimeoutSeconds": 7}, tasks=[answered("Work", duration=constant(30))])
    assert run.total("flow", "ExecutionsTimedOut") == 1
    assert run.metric("flow", "ExecutionTime")["mean"] == 7
    assert run.waits("flow") == {"stopped": 7}


def test_a_map_run_whose_execution_timed_out_in_the_line_takes_no_slot() -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}, **branch("Work", task())}
    definition = {**chain(Each={"Type": "Map", "ItemProcessor": processor}), "TimeoutSeconds": 15}
    run = alone(definition, at=at_times(0, 0, 1, 30), types=bodies([1]), tasks=[answered("Work", duration=constant(10))], account={"open_map_runs": 1})
    assert (run.total("flow", "ExecutionsSucceeded"), run.total("flow", "ExecutionsTimedOut")) == (2, 2)
    assert run.last("flow", "ApproximateOpenMapRunCount") == 0


def test_http_tasks_are_limited_and_end_after_60_s() -> None:
    definition = chain(Ask={"Type": "Task", "Resource": "arn:aws:states:::http:invoke", "Parameters": {"Method": "GET"}})
    nodes = {"source": ("traffic", at_times(*[1] * 5)), "flow": flow(definition), "web": ("http_endpoint", {"latency": constant(90), "server_timeout_s": None})}
    run = outcome(drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Ask -> web.in": {}}, account={"step_functions": {"http_tasks_per_s": 3}}, duration_s=200))
    assert run.lost("flow") == {"States.Http.ThrottlingException": 2, "States.Http.Socket": 3}
    assert run.waits("flow")["task:Ask"] == 180


# -- who starts executions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("between", ["eventbridge", "pipe", "scheduler"])
def test_executions_are_started_by(between: str) -> None:
    steady = {"source": ("traffic", {"load": rate(2), "message_types": bodies({"order": 7})}), "flow": flow(chain(One={"Type": "Pass"}))}
    drawings = {
        "eventbridge": ({**steady, "bus": ("eventbridge", {})}, {"source.out -> bus.in": {}, "bus.out -> flow.in": {}}),
        "pipe": ({**steady, "queue": ("sqs", {}), "pipe": ("pipe", {})}, {"source.out -> queue.in": {}, "queue.out -> pipe.source": {}, "pipe.out -> flow.in": {}}),
        "scheduler": ({"timer": ("scheduler", {}), "flow": steady["flow"]}, {"timer.out -> flow.in": {}}),
    }
    run = outcome(drawing(*drawings[between], duration_s=300))
    assert run.total("flow", "ExecutionsSucceeded") >= (1 if between == "scheduler" else 500)
    if between != "scheduler":
        assert run.total("flow", "ExecutionsSucceeded") == pytest.approx(run.total("source", "MessagesAccepted"), rel=0.05)


def test_the_answer_to_an_attempt_that_timed_out_does_not_end_the_next() -> None:
    """The first request waits 10 s in the queue; by then the task has timed out, and its second attempt waits with a token of its own."""
    definition = chain(Ask={"Type": "Task", "Resource": TOKEN, "TimeoutSeconds": 8, "Parameters": {"token.$": "$$.Task.Token"}, "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1, "MaxAttempts": 1}]})
    nodes = {"source": ("traffic", at_times(0)), "flow": flow(definition), "queue": ("sqs", {"delay_s": 10, "visibility_timeout_s": 30}), "worker": ("worker", {"duration": INSTANT})}
    run = outcome(drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Ask -> queue.in": {}, "queue.out -> worker.source": {}, "worker.out -> flow.callbacks": {}}, duration_s=60))
    assert run.total("queue", "NumberOfMessagesSent") == 2
    assert run.total("flow", "ExecutionsFailed") == 1
    assert run.metric("flow", "ExecutionTime")["mean"] == 8 + 1 + 8
    assert run.total("flow", "AnswersTooLate") >= 2
