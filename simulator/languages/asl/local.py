"""Runs one execution at once, on a clock of its own, with stubs for its tasks.

Stubs are by state: ``{"Pay": {"Return": {"ok": true}}}``, ``{"Pay": {"Throw": {"Error": "Declined", "Cause": "…"}}}``, with ``AfterSeconds``
where the answer takes time (``"never"``: it does not come); a list is used one by one, its last entry for all that follow. The name
``*`` serves all other tasks. A Map with an ItemReader gets its items from the stub under its name. A Choice goes where its stub says:
``{"Large?": {"Next": "Review"}}``.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Mapping
from typing import Any

from simulator.languages.asl.checks import refuse_invalid
from simulator.languages.asl.errors import StatesError
from simulator.languages.asl.interpreter import Execution, Limits
from simulator.languages.asl.map_state import MapRun
from simulator.languages.asl.strands import Thread
from simulator.languages.asl.task import Task

MOST_STEPS = 1_000_000
NEVER = "never"


class StubError(LookupError):
    """A task that no stub answers, or a stub of no use; the message names the state."""


class NoEnd(RuntimeError):
    """An execution that does not end."""


class LocalHost:
    """A host with a clock that jumps from one booking to the next."""

    def __init__(self, stubs: Mapping[str, Any], seed: int = 1) -> None:
        self._stubs = stubs
        self._used: dict[str, int] = {}
        self._now_s = 0.0
        self._agenda: list[tuple[float, int, list[Callable[[], None]]]] = []
        self._booked = 0
        self.draw = random.Random(seed).random
        self.over = False

    def now_s(self) -> float:
        return self._now_s

    def after(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        self._booked += 1
        booking = [call]
        heapq.heappush(self._agenda, (self._now_s + seconds, self._booked, booking))
        return booking.clear

    def wait(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        self.after(seconds, thread.resume)

    def retry(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        self.after(seconds, thread.resume)

    def transition(self, execution: Execution, state: str, thread: Thread) -> None:
        self.after(0.0, thread.resume)

    def entered_state(self, execution: Execution, state: str) -> None:
        """Nothing is counted here."""

    def left(self, execution: Execution, state: str, error: StatesError | None) -> None:
        """Nothing is counted here."""

    def do(self, task: Task) -> None:
        answer = self._answer(task.state)
        task.started()
        if task.resource.waits_for_token or task.resource.runs_a_job:
            task.submitted()
        after_s = answer.get("AfterSeconds", 0)
        if after_s == NEVER:
            return
        if "Throw" in answer:
            thrown = answer["Throw"]
            self.after(after_s, lambda: _ignore(task.fail(thrown.get("Error", ""), thrown.get("Cause", ""))))
        else:
            self.after(after_s, lambda: _ignore(task.succeed(answer.get("Return"))))

    def _answer(self, state: str) -> Mapping[str, Any]:
        stub = self._stubs.get(state, self._stubs.get("*"))
        if stub is None:
            raise StubError(f"There is no stub for the task '{state}'; add one under its name, or '*' for all others")
        calls = self._used[state] = self._used.get(state, 0) + 1
        answer = stub[min(calls, len(stub)) - 1] if isinstance(stub, list) and stub else stub
        if not isinstance(answer, dict) or not {"Return", "Throw"} & set(answer) or not isinstance(answer.get("Throw", {}), dict):
            raise StubError(f"The stub for '{state}' needs 'Return' or 'Throw', for example {{\"Return\": {{}}}} or {{\"Throw\": {{\"Error\": \"Declined\"}}}}")
        after_s = answer.get("AfterSeconds", 0)
        if after_s != NEVER and (not isinstance(after_s, (int, float)) or isinstance(after_s, bool) or not 0 <= after_s < 1e10):
            raise StubError(f"AfterSeconds of the stub for '{state}' must be a number of seconds from 0 on, or \"{NEVER}\"")
        return answer

    def decide(self, execution: Execution, state: str) -> str | None:
        stub = self._stubs.get(state)
        following = stub.get("Next") if isinstance(stub, dict) else None
        return following if isinstance(following, str) and following in next_states(execution.definition, state) else None

    def undecided(self, execution: Execution, state: str, error: StatesError) -> str | None:
        return None

    def map_run(self, execution: Execution, run: MapRun, thread: Thread) -> None:
        self.after(0.0, thread.resume)

    def dispatch(self, execution: Execution, run: MapRun, go_on: Callable[[], None]) -> None:
        self.after(0.0, go_on)

    def child_ended(self, child: Execution) -> None:
        """Nothing is counted here."""

    def map_run_ended(self, execution: Execution, run: MapRun) -> None:
        """Nothing is counted here."""

    def ended(self, execution: Execution) -> None:
        self.over = True


def next_states(machine: Mapping[str, Any], choice: str) -> list[str]:
    """Where a Choice may go, wherever in the machine it stands."""
    for scope in scopes(machine):
        if choice in scope["States"]:
            state = scope["States"][choice]
            return [*(rule["Next"] for rule in state.get("Choices", ())), *([state["Default"]] if "Default" in state else [])]
    return []


def scopes(machine: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A machine with all its branches and processors."""
    found = [machine]
    for state in machine["States"].values():
        inner = [*state.get("Branches", ()), *(state[name] for name in ("ItemProcessor", "Iterator") if name in state)]
        for part in inner:
            found.extend(scopes(part))
    return found


LOOPS_AT_ONE_INSTANT = 10_000
"""An Express execution has no limit of history; here, where nothing but waits and tasks takes time, an endless loop must end by something."""


def _ignore(_: object) -> None:
    """An answer may come too late; that is no news here."""


def run_locally(definition: Any, data: Any, stubs: Mapping[str, Any], *, seed: int = 1, limits: Limits | None = None, express: bool = False) -> Execution:
    """Run ``definition`` to its end. Raises `InvalidDefinition`, `StubError`, and `NoEnd` if it does not end in a million steps."""
    refuse_invalid(definition, express=express)
    host = LocalHost(stubs, seed)
    limits = limits or (Limits(history_events=None, at_one_instant=LOOPS_AT_ONE_INSTANT) if express else Limits())
    execution = Execution(definition, data, host, limits=limits, express=express)
    execution.start()
    for _ in range(MOST_STEPS):
        if host.over:
            return execution
        if not host._agenda:
            raise NoEnd("The execution waits for something that never comes")
        when_s, _, booking = heapq.heappop(host._agenda)
        if booking:
            host._now_s = when_s
            booking.pop()()
    raise NoEnd(f"The execution did not end within {MOST_STEPS:,} steps")
