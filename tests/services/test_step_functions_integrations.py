"""Step Functions and what it calls or is called by: APIs that start executions, every service a task can reach, and how functions fail."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome
from tests.languages.test_asl_samples import CASES, SAMPLES

RESOURCE = "arn:aws:states:::"
QUICK = {"transition_latency": INSTANT}
WARM = {"sandbox_start_s": 0, "runtime": "rust", "provisioned_concurrency": 100, "first_run_s": 0}
FAST = {"rest_overhead": INSTANT, "http_overhead": INSTANT}


def one_task(resource: str = "lambda:invoke", **more: Any) -> dict[str, Any]:
    return {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": RESOURCE + resource, "End": True, **more}}}


def machine(definition: dict[str, Any], **parameters: Any) -> tuple[str, dict[str, Any]]:
    return "step_functions", {"definition": json.dumps(definition), **QUICK, **parameters}


# -- APIs that start executions ---------------------------------------------------------------------------------------


def behind_an_api(definition: dict[str, Any], *, sync: bool, api: dict[str, Any] | None = None, source: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **parameters: Any) -> Outcome:
    """A client, an API, and a state machine that it starts."""
    nodes = {"client": ("traffic", source or at_times(1)), "api": ("api_gateway", FAST | (api or {})), "flow": machine(definition, type="EXPRESS" if sync else "STANDARD", **parameters)}
    way = {"api.integrations -> flow.requests": {}} if sync else {"api.services -> flow.in": {"service_latency": constant(0.02)}}
    return outcome(drawing(nodes, {"client.requests -> api.in": {}, **way}, account={"step_functions": account or {}}, duration_s=100))


WAIT = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 10, "End": True}}}
FAIL = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "No"}}}


@pytest.mark.parametrize("api_type", ["REST", "HTTP"])
def test_start_sync_execution_keeps_the_client_waiting_for_the_end(api_type: str) -> None:
    seen = behind_an_api(WAIT, sync=True, api={"api_type": api_type})
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(10)
    assert seen.metric("api", "IntegrationLatency")["max"] == pytest.approx(10)
    assert seen.total("flow", "ExecutionsSucceeded") == 1
    assert {(leg["node"], leg["cause"]): leg["mean_s"] for leg in seen.path("client", "api", "flow")["split"]} == pytest.approx({("flow", "wait:Wait"): 10})


def test_start_execution_answers_at_once_and_the_execution_goes_on() -> None:
    seen = behind_an_api(WAIT, sync=False)
    assert seen.metric("client", "ResponseTime")["max"] == pytest.approx(0.02)
    assert seen.metric("flow", "ExecutionTime")["max"] == pytest.approx(10)
    assert seen.total("client", "MessagesAccepted") == seen.total("flow", "ExecutionsSucceeded") == 1


def test_a_failed_synchronous_execution_is_answered_200() -> None:
    seen = behind_an_api(FAIL, sync=True)
    assert seen.total("client", "MessagesAccepted") == 1
    assert (seen.total("api", "5XXError"), seen.total("flow", "ExecutionsFailed")) == (0, 1)


@pytest.mark.parametrize(("api_type", "status"), [("REST", 504), ("HTTP", 503)])
def test_an_execution_longer_than_the_api_waits_goes_on_for_nobody(api_type: str, status: int) -> None:
    slow = {"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 40, "End": True}}}
    seen = behind_an_api(slow, sync=True, api={"api_type": api_type})
    assert f"answers {status}" in seen.report["nodes"]["client"]["losses"][0]["title"]
    assert seen.total("flow", "ExecutionsSucceeded") == 1
    assert seen.total("api", "WorkedInVain") == 1


def test_starts_beyond_the_quota_reach_the_client_as_errors() -> None:
    at_once = at_times(*[1.0] * 20)
    started = behind_an_api(WAIT, sync=False, source=at_once, account={"start_execution_bucket": 5, "start_execution_per_s": 0.001})
    assert started.total("client", "MessagesAccepted") == started.total("flow", "ExecutionsStarted") == 5
    assert started.total("flow", "StartsThrottled") == 15
    waited = behind_an_api(WAIT, sync=True, source=at_once, account={"start_sync_per_s": 5})
    assert waited.total("client", "MessagesAccepted") == 5
    assert waited.total("api", "5XXError") == 15


# -- every service a task can call --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("resource", "kind", "parameters", "port", "metric", "count"), [
    ("lambda:invoke", "lambda", WARM, "requests", "Invocations", 3),
    ("dynamodb:getItem", "dynamodb", {}, "requests", "ConsumedReadCapacityUnits", 1.5),
    ("dynamodb:putItem", "dynamodb", {}, "requests", "ConsumedWriteCapacityUnits", 3),
    ("dynamodb:updateItem", "dynamodb", {}, "requests", "ConsumedWriteCapacityUnits", 3),
    ("dynamodb:deleteItem", "dynamodb", {}, "requests", "ConsumedWriteCapacityUnits", 3),
    ("aws-sdk:dynamodb:query", "dynamodb", {}, "requests", "ConsumedReadCapacityUnits", 1.5),
    ("sqs:sendMessage", "sqs", {}, "in", "NumberOfMessagesSent", 3),
    ("sns:publish", "sns", {}, "in", "NumberOfMessagesPublished", 3),
    ("events:putEvents", "custom_event_bus", {}, "in", None, 3),
    ("events:putEvents", "eventbridge", {}, "in", None, 3),
    ("aws-sdk:kinesis:putRecord", "kinesis", {}, "in", "IncomingRecords", 3),
    ("aws-sdk:firehose:putRecord", "firehose", {}, "in", "IncomingRecords", 3),
    ("aws-sdk:s3:putObject", "s3", {}, "in", "PutRequests", 3),
    ("aws-sdk:s3:getObject", "s3", {}, "reads", "GetRequests", 3),
    ("aws-sdk:rdsdata:executeStatement", "rds", {}, "in", None, 3),
    ("ecs:runTask", "fargate", {"desired_count": 0}, "run", "TasksLaunched", 3),
    ("ecs:runTask.sync", "fargate", {"desired_count": 0}, "jobs", "TasksLaunched", 3),
    ("states:startExecution", "step_functions", {"definition": json.dumps(WAIT), **QUICK}, "in", "ExecutionsSucceeded", 3),
    ("states:startExecution.sync:2", "step_functions", {"definition": json.dumps(WAIT), **QUICK}, "requests", "ExecutionsSucceeded", 3),
    ("aws-sdk:sfn:startSyncExecution", "step_functions", {"definition": json.dumps(WAIT), "type": "EXPRESS", **QUICK}, "requests", "ExecutionsSucceeded", 3),
    ("apigateway:invoke", "api_gateway", FAST, "in", "Count", 3),
    ("http:invoke", "http_endpoint", {}, "in", "Requests", 3),
])
def test_a_task_reaches(resource: str, kind: str, parameters: dict[str, Any], port: str, metric: str | None, count: float) -> None:
    nodes = {"source": ("traffic", at_times(1, 2, 3)), "flow": machine(one_task(resource)), "target": (kind, parameters)}
    if kind == "api_gateway":
        nodes["target"] = (kind, {**parameters, "routes": [{"route": "$default"}], "api_type": "HTTP"})
    seen = outcome(drawing(nodes, {"source.out -> flow.in": {}, f"flow.task:Do -> target.{port}": {}}, duration_s=200))
    assert seen.total("flow", "ExecutionsSucceeded") == 3
    assert seen.report["nodes"]["target"]["ledger"]["entered"] == 3, "counted at the receiver"
    if metric is not None:
        assert seen.total("target", metric) == count


def test_a_job_takes_as_long_as_its_task_with_its_start() -> None:
    nodes = {"source": ("traffic", at_times(1)), "flow": machine(one_task("ecs:runTask.sync")), "tasks": ("fargate", {"desired_count": 0, "duration": constant(30), "image_mb": 110, "start_s": 20, "start_spread_s": 0})}
    seen = outcome(drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Do -> tasks.jobs": {}}, duration_s=200))
    assert seen.metric("flow", "ExecutionTime")["max"] == pytest.approx(20 + 10 + 30)
    assert {(leg["node"], leg["cause"]): leg["mean_s"] for leg in seen.path("source", "flow", "tasks")["split"]} == pytest.approx({("tasks", "task_start"): 30, ("tasks", "processing"): 30})


@pytest.mark.parametrize(("tasks", "account", "error"), [
    ({"failure_probability": 1}, {}, "States.TaskFailed"), ({}, {"vcpu_quota": 0.25}, "AmazonECS.Unknown"), ({}, {"run_task_per_s": 1}, "AmazonECS.ThrottlingException")])
def test_how_a_job_fails(tasks: dict[str, Any], account: dict[str, Any], error: str) -> None:
    nodes = {"source": ("traffic", at_times(1, 1)), "flow": machine(one_task("ecs:runTask.sync")), "tasks": ("fargate", {"desired_count": 0, "duration": constant(1)} | tasks)}
    seen = outcome(drawing(nodes, {"source.out -> flow.in": {}, "flow.task:Do -> tasks.jobs": {}}, account={"fargate": account}, duration_s=200))
    assert set(seen.lost("flow")) == {error}


# -- how a function's failures are called -------------------------------------------------------------------------------


@pytest.mark.parametrize(("function", "error"), [
    ({"failure_probability": 1}, "Exception"), ({"failure_probability": 1, "crash_share": 1}, "Lambda.Unknown"), ({"duration": constant(5), "timeout_s": 3}, "Sandbox.Timedout"),
    ({"reserved_concurrency": 0, "provisioned_concurrency": 0}, "Lambda.TooManyRequestsException")])
def test_a_task_learns_how_its_function_failed(function: dict[str, Any], error: str) -> None:
    nodes = {"source": ("traffic", at_times(1)), "flow": machine(one_task()), "function": ("lambda", WARM | function)}
    wires = {"source.out -> flow.in": {}, "flow.task:Do -> function.requests": {}}
    assert set(outcome(drawing(nodes, wires, duration_s=60)).lost("flow")) == {error}
    caught = one_task(Catch=[{"ErrorEquals": [error], "Next": "Mend"}])
    caught["States"]["Mend"] = {"Type": "Pass", "End": True}
    nodes["flow"] = machine(caught)
    assert outcome(drawing(nodes, wires, duration_s=60)).total("flow", "ExecutionsSucceeded") == 1
    nodes["flow"] = machine(one_task(Retry=[{"ErrorEquals": [error], "IntervalSeconds": 1, "MaxAttempts": 2}]))
    retried = outcome(drawing(nodes, wires, duration_s=60))
    assert retried.report["nodes"]["flow"]["metrics"]["LambdaFunctionsScheduled"]["total"] + retried.total("flow", "ServiceIntegrationsScheduled") == 3


@pytest.mark.parametrize(("api_type", "function", "status"), [
    ("REST", {"duration": constant(5), "timeout_s": 3}, 502), ("HTTP", {"duration": constant(5), "timeout_s": 3}, 500), ("REST", {"failure_probability": 1, "crash_share": 1}, 502),
    ("REST", {"reserved_concurrency": 0, "provisioned_concurrency": 0}, 500), ("HTTP", {"reserved_concurrency": 0, "provisioned_concurrency": 0}, 500)])
def test_a_client_learns_it_through_the_api(api_type: str, function: dict[str, Any], status: int) -> None:
    nodes = {"client": ("traffic", at_times(1)), "api": ("api_gateway", FAST | {"api_type": api_type}), "function": ("lambda", WARM | function)}
    seen = outcome(drawing(nodes, {"client.requests -> api.in": {"attempts": 3, "backoff": "none"}, "api.integrations -> function.requests": {}}, duration_s=60))
    assert f"answers {status}" in seen.report["nodes"]["client"]["losses"][0]["title"]
    assert seen.total("client", "RequestAttempts") == 3, "all of these can be tried again"


def test_a_throttled_client_of_a_function_tries_again_and_succeeds() -> None:
    nodes = {"client": ("traffic", at_times(1, 1)), "function": ("lambda", WARM | {"duration": constant(1), "reserved_concurrency": 1, "provisioned_concurrency": 1})}
    seen = outcome(drawing(nodes, {"client.requests -> function.requests": {"attempts": 10, "backoff": "equal", "backoff_base_s": 0.5}}, duration_s=60))
    assert seen.total("client", "MessagesAccepted") == 2
    assert seen.total("function", "Throttles") > 0




# -- published definitions, as nodes of a diagram -----------------------------------------------------------------------


def settings_for(stubs: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Settings for tasks that say what these stubs do; None where a stub answers differently from time to time."""
    made = []
    for state, stub in stubs.items():
        if isinstance(stub, list) or "Return" not in stub:
            return None
        after = {"type": "constant", "value_s": stub.get("AfterSeconds", 0)}
        made.append({"state": state, "results": [{"output": stub["Return"]}], "duration": after, "token_after": after})
    return made


@pytest.mark.parametrize("name", CASES)
def test_a_published_definition_runs_as_a_node(name: str) -> None:
    file = SAMPLES / name
    if not file.exists():
        pytest.skip(f"no sample definition at {file}")
    given, stubs, status, _ = CASES[name]
    tasks = settings_for(stubs)
    nodes = {"source": ("traffic", at_times(1) | {"message_types": [{"name": "start", "body": given}]}), "flow": ("step_functions", {"definition": file.read_text(encoding="utf-8"), "tasks": tasks or [], **QUICK, "history_limit": 1000})}
    seen = outcome(drawing(nodes, {"source.out -> flow.in": {}}, duration_s=100_000))
    assert seen.total("flow", "ExecutionsStarted") == 1
    assert seen.last("flow", "OpenExecutionCount") == 0
    assert sum(seen.lost("flow").values()) + seen.total("flow", "ExecutionsSucceeded") == 1
    if tasks is not None:
        assert seen.total("flow", "ExecutionsSucceeded") == (status == "SUCCEEDED"), seen.lost("flow")
