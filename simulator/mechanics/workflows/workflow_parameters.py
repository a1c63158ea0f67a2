"""What a user sets on a state machine, and on the account whose machines share quotas."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal

from pydantic import field_validator

from simulator.languages.asl.definition import Definition, checked
from simulator.languages.asl.errors import InvalidDefinition, Problem
from simulator.mechanics.distributions import Distribution
from simulator.mechanics.workflows.task_settings import ChoiceSettings, TaskSettings
from simulator.vocabulary import ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/step-functions/latest/dg"
LANGUAGE = Source("Amazon States Language specification (2021)", "https://states-language.net/spec.html", "2026-11")
QUOTAS = Source("Step Functions Developer Guide, Service quotas", f"{GUIDE}/service-quotas.html", "2026-11")
TYPES = Source("Step Functions Developer Guide, Standard and Express workflows", f"{GUIDE}/choosing-workflow-type.html", "2026-11")
UNPUBLISHED = Source("From memory: AWS publishes no figure; a guess to change", f"{GUIDE}/service-quotas.html", "2026-11", "M")

OLD_DEFINITIONS = 256
EXAMPLE = """{
  "StartAt": "Check stock",
  "States": {
    "Check stock": {
      "Type": "Task",
      "Resource": "arn:aws:states:::lambda:invoke",
      "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "IntervalSeconds": 1, "MaxAttempts": 3, "BackoffRate": 2, "JitterStrategy": "FULL"}],
      "Next": "Ship"
    },
    "Ship": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}
  }
}
"""


@lru_cache(maxsize=OLD_DEFINITIONS)
def read(text: str) -> tuple[Definition | None, tuple[Problem, ...]]:
    """A definition and what is wrong with it, remembered: a diagram is looked at often."""
    definition, problems = checked(text)
    return definition, tuple(problems)


def machine_of(text: str) -> Any:
    """The definition in a valid text."""
    definition, _ = read(text)
    return definition.value if definition is not None else {}


class StateMachineParameters(ParameterSet):
    """A state machine."""

    definition: str = parameter(
        EXAMPLE, "The state machine in the Amazon States Language, as JSON or YAML. Each of its Task states becomes a port to wire.",
        title="Definition", section="Definition", aws="definition", source=LANGUAGE, widget="definition", language="states-language", max_length=1_048_576)
    type: Literal["STANDARD", "EXPRESS"] = parameter(
        "STANDARD", "Standard: each state is kept, runs up to a year, billed by transition. Express: up to 5 minutes, billed by requests, time and memory.",
        title="Type", section="Definition", aws="type", source=TYPES)
    input: Any = parameter(
        dict, "Input of an execution whose message has no JSON body.", title="Sample input", section="Data", widget="json")
    tasks: tuple[TaskSettings, ...] = parameter(
        (), "What the tasks return and how long they take, where nothing that is simulated knows it.", title="Tasks", section="Data", max_length=500)
    choices: tuple[ChoiceSettings, ...] = parameter(
        (), "How often a Choice goes where, if its data cannot decide.", title="Choices", section="Data", max_length=500)
    transition_latency: Distribution | None = parameter(
        None, "Time of a state transition. Empty: 25 to 50 ms for Standard, 2 to 10 ms for Express, which are guesses: AWS publishes no figure.",
        title="Transition latency", unit="s", section="Latency", widget="distribution", source=UNPUBLISHED, advanced=True)
    express_memory_mb: int = parameter(
        64, "Memory that an Express execution is billed for, in chunks of 64 MB. It follows from the size of definition and data and from Map and Parallel; how is not published.",
        title="Billed memory", unit="MB", section="Express", ge=1, le=10_240, source=UNPUBLISHED, advanced=True)
    payload_limit_bytes: int = parameter(
        262_144, "Input or output of a state, task or execution, at most: States.DataLimitExceeded.", title="Payload limit", unit="bytes", section="Limits", ge=1024, le=16_777_216, source=QUOTAS, advanced=True)
    history_limit: int = parameter(
        25_000, "Events in the history of a Standard execution, at most; it fails at the next one. Express has no such limit.", title="History limit", unit="count", section="Limits",
        ge=10, le=1_000_000, source=QUOTAS, advanced=True)
    instant_transitions: int = parameter(
        100_000, "State transitions of one execution without any time passing; it fails at the next one. On AWS every transition takes time, so this is no quota but a guard of ours: an Express"
        " execution whose transitions take no time would go round an endless loop for ever.", title="Transitions at one instant", unit="count", section="Limits",
        ge=100, le=1_000_000, advanced=True)
    express_limit_s: float = parameter(
        300, "Duration of an Express execution, at most: States.Timeout.", title="Express duration", unit="s", section="Limits", gt=0, le=31_536_000, source=QUOTAS, advanced=True)

    @field_validator("definition")
    @classmethod
    def _valid(cls, text: str) -> str:
        errors = [problem for problem in read(text)[1] if problem.severity == "error"]
        if errors:
            raise InvalidDefinition(errors)
        return text


class AccountQuotas(ParameterSet):
    """What all state machines of the account and Region share (us-east-1, us-west-2, eu-west-1; lower elsewhere and in new accounts)."""

    transitions_per_s: float = parameter(
        5000, "State transitions of all Standard executions together. 800 in other Regions.", title="State transitions", unit="per_s", section="Step Functions", aws="StateTransition refill rate",
        gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    transitions_bucket: float = parameter(
        5000, "State transitions at once. 800 in other Regions.", title="State transitions, bucket", unit="count", section="Step Functions", aws="StateTransition bucket size", ge=1, le=10_000_000, source=QUOTAS, capacity=True)
    start_execution_per_s: float = parameter(
        300, "StartExecution of Standard machines. 150 in other Regions.", title="Starts, Standard", unit="per_s", section="Step Functions", gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    start_execution_bucket: float = parameter(
        1300, "StartExecution of Standard machines at once. 800 in other Regions.", title="Starts, Standard, bucket", unit="count", section="Step Functions", ge=1, le=10_000_000, source=QUOTAS, capacity=True)
    start_express_per_s: float = parameter(
        6000, "StartExecution of Express machines.", title="Starts, Express", unit="per_s", section="Step Functions", gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    start_express_bucket: float = parameter(
        6000, "StartExecution of Express machines at once.", title="Starts, Express, bucket", unit="count", section="Step Functions", ge=1, le=10_000_000, source=QUOTAS, capacity=True)
    start_sync_per_s: float | None = parameter(
        None, "StartSyncExecution. AWS gives no number: it grows with sustained load, and surges are throttled. Empty: no limit.", title="Starts, synchronous", unit="per_s", section="Step Functions",
        gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    task_answers_per_s: float = parameter(
        500, "SendTaskSuccess (each of SendTaskFailure and SendTaskHeartbeat has as many). 300 in other Regions.", title="Task answers", unit="per_s", section="Step Functions", gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    task_answers_bucket: float = parameter(
        3000, "SendTaskSuccess at once. 1,500 in other Regions.", title="Task answers, bucket", unit="count", section="Step Functions", ge=1, le=10_000_000, source=QUOTAS, capacity=True)
    http_tasks_per_s: float = parameter(300, "HTTP Tasks, and as many at once.", title="HTTP Tasks", unit="per_s", section="Step Functions", gt=0, le=1_000_000, source=QUOTAS, capacity=True)
    open_executions: int = parameter(
        1_000_000, "Open Standard executions of all machines together: StartExecution fails beyond.", title="Open executions", unit="count", section="Step Functions", ge=1, le=100_000_000, source=QUOTAS, capacity=True)
    open_map_runs: int = parameter(1000, "Open Map Runs of all machines together: more wait.", title="Open Map Runs", unit="count", section="Step Functions", ge=1, le=100_000, source=QUOTAS, capacity=True)
