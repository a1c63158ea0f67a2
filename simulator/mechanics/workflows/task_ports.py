"""The Task states of a state machine as ports, what a refused call means to them, and what they return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.engine.outcomes import Outcome, Refusal
from simulator.languages.asl.local import scopes
from simulator.languages.asl.resources import Resource, parse_resource
from simulator.vocabulary import ANY_ACTION, Direction, Port, Verb

PREFIX = "task:"
LONGEST_TITLE = 60
ONE_WAY: Mapping[tuple[str, str], str] = {
    ("sqs", "sendmessage"): "sqs:SendMessage", ("sns", "publish"): "sns:Publish", ("events", "putevents"): "events:PutEvents", ("eventbridge", "putevents"): "events:PutEvents",
    ("kinesis", "putrecord"): "kinesis:PutRecord", ("kinesis", "putrecords"): "kinesis:PutRecords", ("firehose", "putrecord"): "firehose:PutRecord", ("firehose", "putrecordbatch"): "firehose:PutRecordBatch",
    ("states", "startexecution"): "states:StartExecution", ("sfn", "startexecution"): "states:StartExecution",
    ("sqs", "sendmessagebatch"): "sqs:SendMessage", ("sns", "publishbatch"): "sns:Publish", ("s3", "putobject"): "s3:PutObject",
}
"""Calls that hand something over and do not wait for the work."""
ASKED: Mapping[tuple[str, str], str] = {
    ("apigateway", "invoke"): "execute-api:Invoke", ("sfn", "startsyncexecution"): "states:StartSyncExecution", ("states", "startsyncexecution"): "states:StartSyncExecution",
    ("rdsdata", "executestatement"): "rds-data:ExecuteStatement",
}
"""Calls that wait for an answer, and whose service goes by another name where it is called."""
NESTED = "states:StartExecution.sync"
SPELLED = {"sns": "SNS", "sqs": "SQS", "events": "EventBridge", "dynamodb": "DynamoDB", "ecs": "AmazonECS", "states": "StepFunctions", "apigateway": "ApiGateway", "http": "States.Http"}
"""How errors name a service."""


FUNCTION_ERRORS = {
    "function_error": "Exception", "function_crash": "Lambda.Unknown", "response_size": "Function.ResponseSizeTooLarge",
    "payload_size": "Lambda.RequestTooLargeException", "recursion": "Lambda.RecursiveInvocationException"}
"""Names of the errors of an invocation, by what went wrong; beside throttles and timeouts."""


@dataclass(frozen=True, slots=True)
class TaskState:
    """A Task state of a definition, wherever it stands."""

    name: str
    resource: Resource

    @property
    def port(self) -> str:
        """The name of its port."""
        return PREFIX + self.name


def task_states(machine: Mapping[str, Any]) -> Iterator[TaskState]:
    """All Task states of a valid definition, in its order."""
    for scope in scopes(machine):
        for name, state in scope["States"].items():
            if state["Type"] == "Task":
                yield TaskState(name, parse_resource(state["Resource"]))


def port_of(task: TaskState) -> Port | None:
    """The port at which the task's call leaves; None for an activity, whose workers come and poll."""
    resource = task.resource
    if resource.service == "activity":
        return None
    verb, actions = _call(resource)
    what = resource.text if len(resource.text) <= LONGEST_TITLE else resource.text[:LONGEST_TITLE] + "…"
    return Port(task.port, task.name, Direction.OUT, verb, actions, f"What the Task state '{task.name}' calls: {what}", max_wires=1)


def _call(resource: Resource) -> tuple[Verb, frozenset[str]]:
    service, action = resource.service, resource.action.lower()
    if service == "unknown":
        return Verb.INVOKE, frozenset({ANY_ACTION})
    if service in ("states", "sfn") and resource.runs_a_job:
        return Verb.INVOKE, frozenset({NESTED})
    if service == "lambda" and action in ("function", "invoke"):
        return Verb.INVOKE, frozenset({"lambda:Invoke"})
    if (service, action) in ONE_WAY:
        return Verb.SEND, frozenset({ONE_WAY[service, action]})
    if (service, action) in ASKED:
        return Verb.INVOKE, frozenset({ASKED[service, action]})
    if service == "ecs" and action == "runtask" and not resource.runs_a_job:
        return Verb.SEND, frozenset({"ecs:RunTask"})
    if service == "http":
        return Verb.INVOKE, frozenset({ANY_ACTION})
    return Verb.INVOKE, frozenset({f"{service}:{resource.action[:1].upper()}{resource.action[1:]}", f"{service}:{resource.action}"})


def error_of(resource: Resource, refusal: Refusal) -> str:
    """The name of the error that a refused or failed call has in the language."""
    service = resource.service
    if service in ("lambda", "unknown"):
        if refusal.outcome is Outcome.THROTTLED:
            return "Lambda.TooManyRequestsException"
        if refusal.cause in ("function_timeout", "timeout", "timed_out"):
            return "Sandbox.Timedout"
        return FUNCTION_ERRORS.get(refusal.cause, "Lambda.ServiceException")
    if service in ("states", "sfn") and resource.runs_a_job:
        return "States.TaskFailed"
    spelled = SPELLED.get(service, service[:1].upper() + service[1:])
    if service == "http":
        return f"States.Http.StatusCode.{refusal.status}" if refusal.status else "States.Http.Socket"
    if service in ("events", "eventbridge"):
        return "EventBridge.FailedEntry"
    if service == "ecs" and resource.runs_a_job and refusal.outcome is Outcome.FAILED:
        return "States.TaskFailed" if refusal.cause == "task_failed" else "AmazonECS.Unknown"
    if refusal.outcome is Outcome.THROTTLED:
        return f"{spelled}.ProvisionedThroughputExceededException" if service == "dynamodb" else f"{spelled}.ThrottlingException"
    return f"{spelled}.{spelled}Exception"


def echoed(resource: Resource, arguments: Any) -> Any:
    """What a task returns where nobody says: what it was given."""
    if resource.service == "lambda" and resource.action == "invoke":
        given = arguments.get("Payload", arguments) if isinstance(arguments, dict) else arguments
        return {"ExecutedVersion": "$LATEST", "Payload": given, "StatusCode": 200}
    return arguments
