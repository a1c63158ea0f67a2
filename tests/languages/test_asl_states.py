"""Rules of the Amazon States Language, one by one: tasks that wait, Map Runs, limits, variables, functions."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from simulator.languages.asl.interpreter import Execution, Limits
from simulator.languages.asl.local import NoEnd, StubError, run_locally
from simulator.languages.asl.map_state import MapRun, tolerates

FUNCTION = "arn:aws:states:::lambda:invoke"
JOB = "arn:aws:states:::ecs:runTask.sync"
CALLBACK = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:pack"


def one(**state: Any) -> dict[str, Any]:
    """A machine of one state."""
    return {"StartAt": "Only", "States": {"Only": {"End": True, **state}}}


def chain(*states: dict[str, Any], **machine: Any) -> dict[str, Any]:
    """A machine of states S0, S1, ... one after the other."""
    made = {f"S{place}": {**state, **({"Next": f"S{place + 1}"} if place < len(states) - 1 else {"End": True})} for place, state in enumerate(states)}
    return {"StartAt": "S0", "States": made, **machine}


def types(execution: Execution) -> list[str]:
    return [event.type for event in execution.history]


# -- tasks that wait ------------------------------------------------------------------------------------------------


def test_a_heartbeat_that_does_not_come_fails_the_task() -> None:
    execution = run_locally(one(Type="Task", Resource=CALLBACK, HeartbeatSeconds=10, TimeoutSeconds=60), {}, {"Only": {"Return": 1, "AfterSeconds": 30}})
    assert (execution.status, execution.error, execution.ended_s) == ("FAILED", "States.HeartbeatTimeout", 10)


def test_a_caught_heartbeat_timeout_answers_to_timeout() -> None:
    definition = chain({"Type": "Task", "Resource": CALLBACK, "HeartbeatSeconds": 10}, {"Type": "Pass"})
    definition["States"]["S0"]["Catch"] = [{"ErrorEquals": ["States.Timeout"], "Next": "S1"}]
    assert run_locally(definition, {}, {"S0": {"Return": 1, "AfterSeconds": "never"}}).status == "SUCCEEDED"


@pytest.mark.parametrize(("resource", "events"), [
    (FUNCTION, ["TaskScheduled", "TaskStarted", "TaskSucceeded"]), (JOB, ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]),
    (CALLBACK, ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]), ("arn:aws:lambda:us-east-1:123456789012:function:f", ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"])])
def test_each_pattern_writes_its_events(resource: str, events: list[str]) -> None:
    execution = run_locally(one(Type="Task", Resource=resource), {}, {"Only": {"Return": {"x": 1}, "AfterSeconds": 5}})
    assert types(execution)[2:-2] == events
    assert (execution.output, execution.ended_s) == ({"x": 1}, 5)


def test_a_token_differs_with_every_attempt_and_is_in_the_arguments() -> None:
    definition = one(Type="Task", Resource=CALLBACK, Parameters={"token.$": "$$.Task.Token"}, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])
    execution = run_locally(definition, {}, {"Only": [{"Throw": {"Error": "Busy"}}, {"Return": {}}]})
    tokens = [event.details["parameters"]["token"] for event in execution.history if event.type == "TaskScheduled"]
    assert len(set(tokens)) == 2


def test_an_execution_that_waits_for_ever_is_told() -> None:
    with pytest.raises(NoEnd):
        run_locally(one(Type="Task", Resource=ACTIVITY), {}, {"Only": {"Return": 1, "AfterSeconds": "never"}})


def test_a_task_without_a_stub_is_named() -> None:
    with pytest.raises(StubError, match="'Only'"):
        run_locally(one(Type="Task", Resource=FUNCTION), {}, {"Other": {"Return": 1}})


# -- ends -----------------------------------------------------------------------------------------------------------


def test_nothing_is_written_after_an_execution_timed_out() -> None:
    slow = {"StartAt": "Slow", "States": {"Slow": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "End": True}}}
    wait = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 5, "End": True}}}
    definition = {**one(Type="Parallel", Branches=[slow, wait]), "TimeoutSeconds": 5}
    execution = run_locally(definition, {}, {"Slow": {"Return": 1, "AfterSeconds": 5}})
    assert execution.status == "TIMED_OUT"
    assert types(execution)[-1] == "ExecutionTimedOut"
    assert types(execution).count("ExecutionTimedOut") == 1


def test_an_express_execution_ends_after_five_minutes() -> None:
    execution = run_locally(one(Type="Wait", Seconds=301), {}, {}, express=True)
    assert (execution.status, execution.ended_s) == ("TIMED_OUT", 300)


@pytest.mark.parametrize("limit", range(2, 14))
def test_a_full_history_fails_the_execution_wherever_it_fills_up(limit: int) -> None:
    """Also where the event that does not fit is a task's answer, a timeout, or one of a branch."""
    work = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 2, "End": True}}}
    definition = one(Type="Parallel", Branches=[work, {"StartAt": "Other", "States": {"Other": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 1, "End": True}}}])
    stubs = {"Work": {"Return": 1, "AfterSeconds": 1}, "Other": {"Return": 1, "AfterSeconds": "never"}}
    execution = run_locally(definition, {}, stubs, limits=Limits(history_events=limit))
    assert execution.status == "FAILED"
    assert (execution.error, len(execution.history)) == ("States.Runtime", limit)
    assert "maximum number of history events" in str(execution.cause)


def test_the_endless_loop_meets_the_history_limit() -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "A"}}}
    execution = run_locally(definition, {}, {})
    assert (execution.status, execution.error, execution.events) == ("FAILED", "States.Runtime", 25_000)


@pytest.mark.parametrize("result", ["x" * 262_143, {"x": "é" * 131_072}])
def test_a_payload_beyond_the_limit_fails_and_is_caught_by_name_alone(result: Any) -> None:
    stubs = {"S0": {"Return": result}}
    definition = chain({"Type": "Task", "Resource": FUNCTION}, {"Type": "Pass"})
    definition["States"]["S0"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "S1"}]
    assert run_locally(definition, {}, stubs).error == "States.DataLimitExceeded"
    definition["States"]["S0"]["Catch"][0]["ErrorEquals"] = ["States.DataLimitExceeded"]
    assert run_locally(definition, {}, stubs).status == "SUCCEEDED"


def test_the_first_branch_that_fails_stops_the_others() -> None:
    fails = {"StartAt": "Fails", "States": {"Fails": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
    goes_on = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 100, "Next": "Later"}, "Later": {"Type": "Pass", "End": True}}}
    definition = chain({"Type": "Parallel", "Branches": [fails, goes_on]}, {"Type": "Wait", "Seconds": 200})
    definition["States"]["S0"]["Catch"] = [{"ErrorEquals": ["States.BranchFailed"], "Next": "S1"}]
    execution = run_locally(definition, {}, {"Fails": {"Throw": {"Error": "Broken"}, "AfterSeconds": 1}})
    assert (execution.status, execution.ended_s) == ("SUCCEEDED", 201)
    assert "Later" not in [event.details.get("name") for event in execution.history]


# -- Map Runs -------------------------------------------------------------------------------------------------------


def distributed(children: dict[str, Any], kind: str = "STANDARD", **state: Any) -> dict[str, Any]:
    return one(Type="Map", ItemProcessor={"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": kind}, "StartAt": "Work", "States": {"Work": {"End": True, **children}}}, **state)


WORK = {"Type": "Task", "Resource": FUNCTION}


def test_children_of_a_map_run_count_for_themselves() -> None:
    execution = run_locally(distributed(WORK), list(range(500)), {"Work": {"Return": "x", "AfterSeconds": 1}}, limits=Limits(history_events=20))
    assert execution.status == "SUCCEEDED"
    assert execution.output == ["x"] * 500
    assert (execution.transitions, execution.ended_s) == (1, 1)
    assert types(execution) == ["ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited", "ExecutionSucceeded"]


def test_a_child_has_a_context_of_its_own() -> None:
    execution = run_locally(distributed({"Type": "Pass", "Parameters": {"name.$": "$$.Execution.Name", "in.$": "$$.Execution.Input"}}), [7, 8], {})
    assert execution.output == [{"name": "run/Only-0", "in": 7}, {"name": "run/Only-1", "in": 8}]


def test_an_express_child_ends_after_five_minutes_and_a_standard_one_does_not() -> None:
    stubs = {"Work": {"Return": 1, "AfterSeconds": 400}}
    assert run_locally(distributed(WORK, "EXPRESS"), [1], stubs).error == "States.ExceedToleratedFailureThreshold"
    assert run_locally(distributed(WORK, "STANDARD"), [1], stubs).output == [1]


@pytest.mark.parametrize(("tolerance", "status"), [({}, "FAILED"), ({"ToleratedFailureCount": 2}, "SUCCEEDED"), ({"ToleratedFailureCount": 1}, "FAILED"), ({"ToleratedFailurePercentage": 20}, "SUCCEEDED"),
                                                   ({"ToleratedFailurePercentage": 19}, "FAILED"), ({"ToleratedFailureCount": 5, "ToleratedFailurePercentage": 10}, "FAILED")])
def test_failures_are_tolerated_up_to_either_threshold(tolerance: dict[str, Any], status: str) -> None:
    stubs = {"Work": [{"Throw": {"Error": "Broken"}}, {"Throw": {"Error": "Broken"}}, {"Return": 1}]}
    execution = run_locally(distributed(WORK, **tolerance), list(range(10)), stubs)
    assert execution.status == status
    assert execution.output == ([1] * 8 if status == "SUCCEEDED" else None)


def test_tolerance_counts_items_not_batches() -> None:
    run = MapRun("Only", children=3, items=25, express=False, failed_items=10)
    assert tolerates(run, 10, None)
    assert not tolerates(run, 9, None)
    assert tolerates(run, None, 40)
    assert not tolerates(run, None, 39)


def test_items_are_read_selected_and_batched() -> None:
    state = {"ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "ReaderConfig": {"InputType": "JSON", "MaxItems": 5}, "Parameters": {"Bucket.$": "$.bucket"}},
             "ItemSelector": {"n.$": "$$.Map.Item.Value", "at.$": "$$.Map.Item.Index", "from.$": "$.bucket"}, "ItemBatcher": {"MaxItemsPerBatch": 2, "BatchInput": {"b.$": "$.bucket"}}}
    execution = run_locally(distributed({"Type": "Pass"}, **state), {"bucket": "z"}, {"Only": {"Return": [10, 11, 12, 13, 14, 15]}})
    assert [len(batch["Items"]) for batch in execution.output] == [2, 2, 1]
    assert execution.output[1] == {"BatchInput": {"b": "z"}, "Items": [{"n": 12, "at": 2, "from": "z"}, {"n": 13, "at": 3, "from": "z"}]}


def test_a_reader_that_fails_has_its_own_error() -> None:
    definition = distributed({"Type": "Pass"}, ItemReader={"Resource": "arn:aws:states:::s3:getObject"})
    assert run_locally(definition, {}, {"Only": {"Throw": {"Error": "S3.NoSuchKey"}}}).error == "States.ItemReaderFailed"


def test_a_retried_map_runs_every_item_again() -> None:
    definition = one(Type="Map", ItemProcessor={"StartAt": "Work", "States": {"Work": {**WORK, "End": True}}}, MaxConcurrency=1, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])
    execution = run_locally(definition, [1, 2, 3], {"Work": [{"Return": 1}, {"Throw": {"Error": "Broken"}}, {"Return": 2}]})
    assert execution.output == [2, 2, 2]
    assert types(execution).count("TaskScheduled") == 5


# -- data -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "result"), [
    ("States.Format('a {} \\'{}\\'', $.n, 'x')", "a 3 'x'"), ("States.StringToJson('{\"a\": [1]}')", {"a": [1]}), ("States.JsonToString($.list)", "[1,2,2,3]"), ("States.Array(1, 'b', $.n, null)", [1, "b", 3, None]),
    ("States.ArrayPartition($.list, 3)", [[1, 2, 2], [3]]), ("States.ArrayContains($.list, 2)", True), ("States.ArrayRange(1, 9, 2)", [1, 3, 5, 7, 9]), ("States.ArrayGetItem($.list, 3)", 3),
    ("States.ArrayLength($.list)", 4), ("States.ArrayUnique($.list)", [1, 2, 3]), ("States.Base64Encode('Data')", "RGF0YQ=="), ("States.Base64Decode('RGF0YQ==')", "Data"),
    ("States.Hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"), ("States.JsonMerge($.left, $.right, false)", {"a": 1, "b": 3, "c": 4}), ("States.MathAdd(111, -1)", 110),
    ("States.StringSplit('1,2;3', ',;')", ["1", "2", "3"]), ("States.ArrayLength(States.Array(States.UUID()))", 1), ("States.MathAdd(States.MathRandom(5, 6), 0)", 5)])
def test_intrinsic_functions(call: str, result: Any) -> None:
    execution = run_locally(one(Type="Pass", Parameters={"r.$": call}), {"n": 3, "list": [1, 2, 2, 3], "left": {"a": 1, "b": 2}, "right": {"b": 3, "c": 4}}, {})
    assert execution.output == {"r": result}, execution.cause


@pytest.mark.parametrize("call", ["States.ArrayGetItem($.list, 9)", "States.StringToJson('{')", "States.ArrayRange(1, 5000, 1)", "States.MathAdd('a', 1)", "States.Hash('a', 'CRC')", "States.Base64Decode('%')"])
def test_a_refused_argument_is_an_intrinsic_failure(call: str) -> None:
    assert run_locally(one(Type="Pass", Parameters={"r.$": call}), {"list": []}, {}).error == "States.IntrinsicFailure"


@pytest.mark.parametrize(("text", "result"), [
    ("$states.input.n + 1", 4), ("$sum($states.input.list)", 8), ("$states.context.Execution.Name", "run"), ("$partition([1,2,3], 2)", [[1, 2], [3]]), ("$range(1, 5, 2)", [1, 3, 5]),
    ("$hash('input data', 'SHA-1')", "aaff4a450a104cd177d28d18d74485e8cae074b7"), ("$parse('{\"a\":null}')", {"a": None}), ("$length($uuid())", 36), ("$random() < 1", True), ("$now() = $states.context.State.EnteredTime", True),
    ("$states.input.list[$ > 1]", [2, 2, 3]), ("{'a': $states.input.none}", {"a": None}), ("null", None)])
def test_jsonata(text: str, result: Any) -> None:
    execution = run_locally({**one(Type="Pass", Output={"r": f"{{% {text} %}}"}), "QueryLanguage": "JSONata"}, {"n": 3, "list": [1, 2, 2, 3], "none": None}, {})
    assert execution.output == {"r": result}, execution.cause


@pytest.mark.parametrize("text", ["$states.input.missing", "$undefined()", "1 + 'a'", "$states.result", "$parse('{')", "function($x){$x}"])
def test_jsonata_that_fails_can_be_caught(text: str) -> None:
    definition = {**chain({"Type": "Task", "Resource": FUNCTION, "Arguments": {"x": f"{{% {text} %}}"}}, {"Type": "Pass"}), "QueryLanguage": "JSONata"}
    stubs = {"S0": {"Return": 1}}
    assert run_locally(definition, {}, stubs).error == "States.QueryEvaluationError"
    definition["States"]["S0"]["Catch"] = [{"ErrorEquals": ["States.QueryEvaluationError"], "Output": "{% $states.errorOutput.Error %}", "Next": "S1"}]
    assert run_locally(definition, {}, stubs).output == "States.QueryEvaluationError"


def test_jsonata_leaves_the_recursion_limit_of_the_process_alone() -> None:
    assert sys.getrecursionlimit() < 10_000


def test_variables_go_into_branches_and_not_out_of_them() -> None:
    branch = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "Assign": {"seen.$": "$x", "x": 2}, "Next": "Tell"}, "Tell": {"Type": "Pass", "Parameters": {"x.$": "$x", "seen.$": "$seen"}, "End": True}}}
    definition = chain({"Type": "Pass", "Assign": {"x": 1}}, {"Type": "Parallel", "Branches": [branch]}, {"Type": "Pass", "Parameters": {"inner.$": "$", "x.$": "$x"}})
    assert run_locally(definition, {}, {}).output == {"inner": [{"x": 2, "seen": 1}], "x": 1}


def test_variables_are_set_from_results_rules_and_catchers() -> None:
    definition = {**chain({"Type": "Task", "Resource": FUNCTION, "Assign": {"id": "{% $states.result.id %}"}}, {"Type": "Task", "Resource": FUNCTION}, {"Type": "Pass", "Output": "{% [$id, $why] %}"}), "QueryLanguage": "JSONata"}
    definition["States"]["S1"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Assign": {"why": "{% $states.errorOutput.Cause %}"}, "Next": "S2"}]
    assert run_locally(definition, {}, {"S0": {"Return": {"id": 7}}, "S1": {"Throw": {"Error": "E", "Cause": "because"}}}).output == [7, "because"]


def test_results_are_selected_placed_and_cut_out() -> None:
    state = {"Type": "Task", "Resource": FUNCTION, "InputPath": "$.order", "Parameters": {"id.$": "$.id"}, "ResultSelector": {"ok.$": "$.Payload.ok"}, "ResultPath": "$.paid.by", "OutputPath": "$.paid"}
    execution = run_locally(one(**state), {"order": {"id": 7}, "more": 1}, {"Only": {"Return": {"Payload": {"ok": True}, "Rest": 1}}})
    assert execution.output == {"by": {"ok": True}}
    assert next(event for event in execution.history if event.type == "TaskScheduled").details["parameters"] == {"id": 7}


@pytest.mark.parametrize(("state", "given", "ends_s"), [
    ({"Seconds": 7}, {}, 7), ({"SecondsPath": "$.n"}, {"n": 4}, 4), ({"Timestamp": "2026-01-01T00:01:00Z"}, {}, 60), ({"TimestampPath": "$.t"}, {"t": "2026-01-01T01:00:30+01:00"}, 30), ({"Timestamp": "2025-01-01T00:00:00Z"}, {}, 0)])
def test_wait(state: dict[str, Any], given: Any, ends_s: float) -> None:
    assert run_locally(one(Type="Wait", **state), given, {}).ended_s == ends_s


@pytest.mark.parametrize("given", [{"n": "x"}, {"n": -1}, {"n": 1e12}, {"n": True}, {}])
def test_a_wait_for_nonsense_fails_and_cannot_be_caught(given: Any) -> None:
    assert run_locally(one(Type="Wait", SecondsPath="$.n"), given, {}).error == "States.Runtime"


@pytest.mark.parametrize(("rule", "given", "holds"), [
    ({"NumericGreaterThan": 3}, 4, True), ({"NumericGreaterThan": 3}, "4", False), ({"NumericLessThanEqualsPath": "$.y"}, 4, True), ({"StringEquals": "a"}, "a", True), ({"StringLessThan": "b"}, "a", True),
    ({"BooleanEquals": False}, False, True), ({"BooleanEquals": False}, 0, False), ({"TimestampLessThan": "2026-01-01T00:00:00Z"}, "2025-12-31T23:59:59Z", True), ({"IsNull": True}, None, True), ({"IsNumeric": True}, True, False),
    ({"IsTimestamp": True}, "2026-01-01", False), ({"StringMatches": "a*\\*c"}, "abb*c", True), ({"StringMatches": "a*"}, "ba", False), ({"IsPresent": True}, 1, True)])
def test_comparisons(rule: dict[str, Any], given: Any, holds: bool) -> None:
    definition = {"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.x", **rule, "Next": "Yes"}], "Default": "No"}, "Yes": {"Type": "Pass", "Result": True, "End": True}, "No": {"Type": "Pass", "Result": False, "End": True}}}
    assert run_locally(definition, {"x": given, "y": 5}, {}).output is holds


def test_a_choice_without_a_way_out() -> None:
    definition = {"StartAt": "C", "States": {"C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": True, "Next": "Yes"}]}, "Yes": {"Type": "Succeed"}}}
    assert run_locally(definition, {"x": 1}, {}).error == "States.NoChoiceMatched"
    assert run_locally(definition, {}, {}).error == "States.Runtime"
    assert run_locally(definition, {}, {"C": {"Next": "Yes"}}).status == "SUCCEEDED"


def test_a_retrier_that_is_used_up_goes_to_the_catcher_and_not_to_the_next_retrier() -> None:
    task = {"Type": "Task", "Resource": FUNCTION, "Retry": [{"ErrorEquals": ["A"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 5}]}
    definition = chain(task, {"Type": "Pass", "Parameters": {"why.$": "$.Error"}})
    definition["States"]["S0"]["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "S1"}]
    execution = run_locally(definition, {}, {"S0": [{"Throw": {"Error": "B"}}, {"Throw": {"Error": "A"}}]})
    assert execution.output == {"why": "A"}
    assert types(execution).count("TaskFailed") == 3
    assert execution.ended_s == 1 + 1
