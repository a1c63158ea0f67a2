"""The Amazon States Language: recorded executions replay, and each rule by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulator.languages.asl.errors import StatesError, matches
from simulator.languages.asl.local import run_locally
from simulator.languages.asl.paths import parse_path
from simulator.languages.asl.retrying import pause_s

CASES = Path(__file__).resolve().parents[3] / "shared" / "samples" / "asl" / "recorded-cases.jsonl"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def plain(value: Any) -> Any:
    """A payload parsed, wherever the recording keeps it as text."""
    if isinstance(value, str):
        try:
            return plain(json.loads(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return [plain(entry) for entry in value] if isinstance(value, list) else value


def recorded() -> list[Any]:
    if not CASES.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason=f"no recorded executions at {CASES}"))]
    return [pytest.param(json.loads(line), id=json.loads(line)["id"]) for line in CASES.read_text().splitlines()]


@pytest.mark.parametrize("case", recorded())
def test_a_recorded_execution_replays(case: dict[str, Any]) -> None:
    definition, results = case["definition"], case["taskResults"]
    for state in definition["States"].values():
        # the recordings leave functions and the names of their errors to be filled in
        if state.get("Resource") in ("_tbd_", "__tbd__"):
            state["Resource"] = FUNCTION
        for catcher in state.get("Catch", ()):
            catcher["ErrorEquals"] = catcher["ErrorEquals"] or [results[0]["error"]]
    tasks = [event["stateEnteredEventDetails"]["name"] for event in case["history"] if event["type"] == "TaskStateEntered"]
    answers = [{"Return": one["output"]} if "output" in one else {"Throw": {"Error": one["error"], "Cause": json.dumps(one["cause"])}} for one in results]
    stubs = {tasks[0]: answers} if len(tasks) == 1 else dict(zip(tasks, answers, strict=True))
    execution = run_locally(definition, case["input"], stubs)
    assert {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed"}[execution.status] == case["status"]
    if execution.status == "SUCCEEDED":
        assert plain(execution.output) == plain(case["end"]["output"])
    else:
        assert (execution.error, execution.cause) == (case["end"].get("error"), case["end"].get("cause"))
    entered = [event["stateEnteredEventDetails"]["name"] for event in case["history"] if event["type"].endswith("StateEntered")]
    assert [event.details["name"] for event in execution.history if event.type.endswith("StateEntered")] == entered
    if not any(isinstance(event["id"], list) for event in case["history"]):  # branches at once have no order to compare
        assert [(event.id, event.previous_id, event.type) for event in execution.history] == [(event["id"], event["previousEventId"], event["type"]) for event in case["history"]]


def test_parallel_waits_for_its_slowest_branch_and_keeps_the_order() -> None:
    def branch(name: str) -> dict[str, Any]:
        return {"StartAt": name, "States": {name: {"Type": "Task", "Resource": FUNCTION, "End": True}}}

    definition = {"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [branch("Slow"), branch("Fast")], "End": True}}}
    execution = run_locally(definition, {}, {"Slow": {"Return": 1, "AfterSeconds": 9}, "Fast": {"Return": 2, "AfterSeconds": 1}})
    assert execution.output == [1, 2]
    assert execution.ended_s == 9


@pytest.mark.parametrize(("concurrency", "ends_s"), [(1, 6), (2, 3), (0, 1)])
def test_map_runs_so_many_iterations_at_a_time(concurrency: int, ends_s: float) -> None:
    work = {"StartAt": "Work", "States": {"Work": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
    definition = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "MaxConcurrency": concurrency, "Iterator": work, "End": True}}}
    execution = run_locally(definition, [1, 2, 3, 4, 5, 6], {"Work": {"Return": "x", "AfterSeconds": 1}})
    assert execution.output == ["x"] * 6
    assert execution.ended_s == ends_s


def test_a_retrier_backs_off_and_a_catcher_takes_over() -> None:
    task = {"Type": "Task", "Resource": FUNCTION, "End": True, "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 2}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Undo"}]}
    definition = {"StartAt": "Pay", "States": {"Pay": task, "Undo": {"Type": "Pass", "End": True}}}
    execution = run_locally(definition, {"order": 7}, {"Pay": {"Throw": {"Error": "Busy", "Cause": "too many"}}})
    assert execution.output == {"order": 7, "error": {"Error": "Busy", "Cause": "too many"}}
    assert execution.ended_s == 2 + 4 + 8
    assert execution.transitions == 5


def test_a_task_times_out_and_a_late_answer_is_ignored() -> None:
    definition = {"StartAt": "Pay", "States": {"Pay": {"Type": "Task", "Resource": FUNCTION, "TimeoutSeconds": 5, "End": True}}}
    execution = run_locally(definition, {}, {"Pay": {"Return": 1, "AfterSeconds": 60}})
    assert (execution.status, execution.error, execution.ended_s) == ("FAILED", "States.Timeout", 5)


@pytest.mark.parametrize(("names", "error", "answers"), [
    (["States.ALL"], "Any", True), (["States.ALL"], "States.Runtime", False), (["States.ALL"], "States.DataLimitExceeded", False),
    (["States.TaskFailed"], "Any", True), (["States.TaskFailed"], "States.Timeout", False), (["States.Timeout"], "States.HeartbeatTimeout", True)])
def test_wildcards(names: list[str], error: str, answers: bool) -> None:
    assert matches(names, StatesError(error)) is answers


def test_pauses_grow_to_their_limit_and_jitter_draws_below_them() -> None:
    retrier = {"IntervalSeconds": 1, "BackoffRate": 2, "MaxDelaySeconds": 5}
    assert [pause_s(retrier, used, lambda: 0.5) for used in range(4)] == [1, 2, 4, 5]
    assert pause_s({**retrier, "JitterStrategy": "FULL"}, 2, lambda: 0.5) == 2


@pytest.mark.parametrize(("path", "found"), [
    ("$.a[0].n", 1), ("$.a[-1].n", 3), ("$.a[*].n", [1, 2, 3]), ("$..n", [1, 2, 3]), ("$.a[?(@.n > 1 && @.n != 3)].n", [2]), ("$.a[1:].n", [2, 3]), ("$['a'][0,2]['n']", [1, 3])])
def test_paths(path: str, found: Any) -> None:
    assert parse_path(path).read({"a": [{"n": 1}, {"n": 2}, {"n": 3}]}) == found
