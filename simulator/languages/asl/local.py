"""Runs one execution at once, on a clock of its own, with stubs for its tasks.

Stubs are by state: ``{"Pay": {"Return": {"ok": true}}}``, ``{"Pay": {"Throw": {"Error": "Declined", "Cause": "…"}}}``, with ``AfterSeconds``
where the answer takes time; a list is used one by one, its last entry for all that follow. The name ``*`` serves all others.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from typing import Any

from simulator.languages.asl.errors import StatesError
from simulator.languages.asl.interpreter import Execution, Limits, Task

MOST_STEPS = 1_000_000


class MissingStub(LookupError):
    """A task that no stub answers; the message names its state."""


class LocalHost:
    """A host with a clock that jumps from one booking to the next."""

    def __init__(self, stubs: Mapping[str, Any], seed: int = 1) -> None:
        self._stubs = stubs
        self._used: dict[str, int] = {}
        self._now_s = 0.0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._booked = 0
        self.draw = random.Random(seed).random
        self.over = False

    def now_s(self) -> float:
        return self._now_s

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        self._booked += 1
        heapq.heappush(self._agenda, (self._now_s + seconds, self._booked, call))

    def transition(self, execution: Execution, state: str, go_on: Callable[[], None]) -> None:
        self.after(0.0, go_on)

    def do(self, task: Task) -> None:
        answer = self._answer(task.state)
        if task._thread.tasks == [task] or task.definition.get("Type") == "Task":
            task.started()
        if task.resource.waits_for_token or task.resource.runs_a_job:
            task.submitted()
        if "Throw" in answer:
            thrown = answer["Throw"]
            self.after(answer.get("AfterSeconds", 0), lambda: _ignore(task.fail(thrown.get("Error", ""), thrown.get("Cause", ""))))
        else:
            self.after(answer.get("AfterSeconds", 0), lambda: _ignore(task.succeed(answer.get("Return"))))

    def _answer(self, state: str) -> Mapping[str, Any]:
        stub = self._stubs.get(state, self._stubs.get("*"))
        if stub is None:
            raise MissingStub(f"There is no stub for the task '{state}'; add one under its name, or '*' for all others")
        calls = self._used[state] = self._used.get(state, 0) + 1
        answer = stub[min(calls, len(stub)) - 1] if isinstance(stub, list) and stub else stub
        if not isinstance(answer, dict) or not {"Return", "Throw"} & set(answer):
            raise MissingStub(f"The stub for '{state}' needs 'Return' or 'Throw', for example {{\"Return\": {{}}}}")
        return answer

    def undecided(self, state: str, error: StatesError) -> str | None:
        return None

    def ended(self, execution: Execution) -> None:
        self.over = True


def _ignore(_: object) -> None:
    """An answer may come too late; that is no news here."""


def run_locally(definition: Mapping[str, Any], data: Any, stubs: Mapping[str, Any], *, seed: int = 1, limits: Limits | None = None) -> Execution:
    """Run ``definition`` to its end. Raises `MissingStub`, and `RuntimeError` if it does not end in a million steps."""
    host = LocalHost(stubs, seed)
    execution = Execution(definition, data, host, limits=limits)
    execution.start()
    for _ in range(MOST_STEPS):
        if host.over:
            return execution
        if not host._agenda:
            raise RuntimeError("The execution waits for something that never comes")
        host._now_s, _, call = heapq.heappop(host._agenda)
        call()
    raise RuntimeError(f"The execution did not end within {MOST_STEPS:,} steps")
