"""What a refused call means to a Task state, and what tasks return where nobody says."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.engine.outcomes import Outcome, Refusal
from simulator.languages.asl.resources import parse_resource
from simulator.mechanics.workflows.task_ports import TaskState, echoed, error_of, port_of

STATES = "arn:aws:states:::"


@pytest.mark.parametrize(("resource", "outcome", "cause", "status", "error"), [
    ("lambda:invoke", Outcome.THROTTLED, "reserved_concurrency", None, "Lambda.TooManyRequestsException"), ("lambda:invoke", Outcome.FAILED, "function_error", None, "Exception"),
    ("lambda:invoke", Outcome.FAILED, "timeout", None, "Sandbox.Timedout"), ("lambda:invoke", Outcome.REJECTED, "payload", None, "Lambda.ServiceException"),
    ("dynamodb:putItem", Outcome.THROTTLED, "capacity", None, "DynamoDB.ProvisionedThroughputExceededException"), ("events:putEvents", Outcome.THROTTLED, "rate", None, "EventBridge.FailedEntry"),
    ("ecs:runTask.sync", Outcome.FAILED, "stopped", None, "AmazonECS.Unknown"), ("ecs:runTask.sync", Outcome.THROTTLED, "launch_rate", None, "AmazonECS.ThrottlingException"),
    ("states:startExecution.sync:2", Outcome.FAILED, "E", None, "States.TaskFailed"), ("http:invoke", Outcome.FAILED, "server_error", 503, "States.Http.StatusCode.503"),
    ("http:invoke", Outcome.TIMED_OUT, "timeout", None, "States.Http.Socket"), ("sqs:sendMessage", Outcome.THROTTLED, "rate", None, "SQS.ThrottlingException"), ("sns:publish", Outcome.REJECTED, "size", None, "SNS.SNSException"),
    ("aws-sdk:rekognition:detectLabels", Outcome.THROTTLED, "rate", None, "Rekognition.ThrottlingException")])
def test_a_refusal_has_the_name_that_retriers_know(resource: str, outcome: Outcome, cause: str, status: int | None, error: str) -> None:
    assert error_of(parse_resource(STATES + resource), Refusal(outcome, cause, "", status=status)) == error


@pytest.mark.parametrize(("resource", "given", "returned"), [
    ("lambda:invoke", {"FunctionName": "f", "Payload": {"x": 1}}, {"x": 1}), ("lambda:invoke", [1], [1]), ("sqs:sendMessage", {"MessageBody": "m"}, None)])
def test_a_task_returns_what_it_was_given(resource: str, given: Any, returned: Any) -> None:
    result = echoed(parse_resource(STATES + resource), given)
    assert result == (given if returned is None else {"ExecutedVersion": "$LATEST", "Payload": returned, "StatusCode": 200})


@pytest.mark.parametrize(("resource", "verb", "action"), [
    ("lambda:invoke", "invoke", "lambda:Invoke"), ("lambda:invoke.waitForTaskToken", "invoke", "lambda:Invoke"), ("sqs:sendMessage.waitForTaskToken", "send", "sqs:SendMessage"), ("aws-sdk:sqs:sendMessage", "send", "sqs:SendMessage"),
    ("ecs:runTask", "send", "ecs:RunTask"), ("ecs:runTask.sync", "invoke", "ecs:RunTask"), ("states:startExecution", "send", "states:StartExecution"), ("dynamodb:getItem", "invoke", "dynamodb:GetItem"), ("http:invoke", "invoke", "*")])
def test_a_task_leaves_by_a_port_for_what_it_calls(resource: str, verb: str, action: str) -> None:
    port = port_of(TaskState("Do it", parse_resource(STATES + resource)))
    assert port is not None
    assert (port.name, port.verb, action in port.actions) == ("task:Do it", verb, True)


def test_an_activity_has_no_port_because_its_workers_come_by_themselves() -> None:
    assert port_of(TaskState("Pack", parse_resource("arn:aws:states:us-east-1:123456789012:activity:pack"))) is None
