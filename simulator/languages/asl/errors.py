"""Errors of the Amazon States Language: those of an execution, and what is wrong with a definition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"
HEARTBEAT_TIMEOUT = "States.HeartbeatTimeout"
DATA_LIMIT = "States.DataLimitExceeded"
BRANCH_FAILED = "States.BranchFailed"
QUERY_ERROR = "States.QueryEvaluationError"
EXCEEDS_TOLERANCE = "States.ExceedToleratedFailureThreshold"
NOT_BY_WILDCARD = (RUNTIME, DATA_LIMIT)


class StatesError(Exception):
    """An error of an execution, by its name in the language and its cause in words. ``also`` are other names it answers to."""

    def __init__(self, name: str | None, cause: str | None = None, also: Sequence[str] = ()) -> None:
        super().__init__(f"{name}: {cause}")
        self.name = name
        self.cause = cause
        self.also = tuple(also)

    def output(self) -> dict[str, str]:
        """What a catcher gets: Error and Cause."""
        return {"Error": self.name or "", "Cause": self.cause or ""}


def matches(names: Sequence[str], error: StatesError) -> bool:
    """Whether ``ErrorEquals`` names this error. ``States.Runtime`` is never retried or caught; ``States.DataLimitExceeded`` only by its name."""
    if error.name == RUNTIME:
        return False
    own = {error.name, *error.also}
    if error.name == HEARTBEAT_TIMEOUT:
        own.add(TIMEOUT)
    if own.intersection(names):
        return True
    if error.name in NOT_BY_WILDCARD:
        return False
    return "States.ALL" in names or ("States.TaskFailed" in names and error.name != TIMEOUT)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a definition: the path of the fault (``$.States.Pay.Next``), what, whether it only deserves a warning, and its place in the text."""

    path: str
    message: str
    severity: str = "error"
    line: int | None = None
    column: int | None = None

    def to_json(self) -> dict[str, str | int | None]:
        return {"path": self.path, "message": self.message, "severity": self.severity, "line": self.line, "column": self.column}

    def __str__(self) -> str:
        where = f" (line {self.line}, column {self.column})" if self.line is not None else ""
        return f"{self.path}{where}: {self.message}"


class InvalidDefinition(ValueError):
    """A definition that Step Functions would refuse; ``problems`` say where and why."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = list(problems)
