"""Executions of a state machine on simulated time: the host that the interpreter asks, at a node of the network."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.wire import Wire
from simulator.languages.asl.errors import StatesError
from simulator.languages.asl.interpreter import Execution, Limits
from simulator.languages.asl.map_state import MapRun
from simulator.languages.asl.strands import Thread
from simulator.measures import Gauge
from simulator.mechanics.admission import Admission
from simulator.mechanics.workflows.task_settings import ChoiceSettings
from simulator.mechanics.workflows.workflow_tasks import OpenExecution, TaskHost, drawn

if TYPE_CHECKING:
    from simulator.engine.network import Network
    from simulator.vocabulary import ParameterSet

CHILDREN_PER_S = {True: 1000.0, False: 100.0}
"""Children that a Map Run dispatches in a second: Express, Standard."""
MOST_AT_ONE_INSTANT, FEW_AT_ONE_INSTANT = 400_000, 100
"""Transitions of all executions together without any time passing, after which those that made more than a few of them are stopped."""
END_TITLES = {"TIMED_OUT": "Execution timed out", "ABORTED": "Execution aborted", "FAILED": "Execution failed"}


class StateCounts:
    """What happened at one state: how many executions are inside, and how often it was entered, tried again, failed."""

    __slots__ = ("entered", "failed", "inside", "retried")

    def __init__(self) -> None:
        self.inside = self.entered = self.failed = self.retried = 0

    def to_json(self) -> dict[str, int]:
        return {"inside": self.inside, "entered": self.entered, "failed": self.failed, "retried": self.retried}


class StateMachineNode(TaskHost):
    """A node that runs executions. The service says what they cost and what limits them."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.definition: Mapping[str, Any] = {}
        self.express = False
        self.choices_by_state: dict[str, ChoiceSettings] = {}
        self.execution_limits = Limits()
        self.open_executions = Gauge()
        self.parts_of: dict[str, StateCounts] = {}
        self.transitions = self.throttled_transitions = self.express_children = 0
        self.express_s = 0.0
        self.map_runs: list[MapRun] = []
        self.wakes_at: dict[int, float] = {}
        self._started = self._at_instant = 0
        self._instant_s = -1.0
        self._entering = self.cause("transition", "State transition", Culprit(id, "transition_latency"), capacity=False)
        self._throttled = self.cause("transitions_throttled", "State transitions of the account used up", Culprit(id))
        self._slots = self.cause("map_runs", "Open Map Runs of the account used up", Culprit(id))
        self._idle = self.cause("stopped", "Stopped in the middle of a state", Culprit(id), capacity=False)
        self.draw = self.stream("execution").uniform

    # -- what the service provides --------------------------------------------------------------------------------------

    def transition_s(self, express: bool) -> float:
        """Draw the time of a transition."""
        raise NotImplementedError

    def gate(self) -> Admission:
        """What lets transitions of Standard executions through."""
        raise NotImplementedError

    def may_open_map_run(self, go_on: Callable[[], None]) -> bool:
        """Let a Map Run begin, now (True) or later."""
        raise NotImplementedError

    def map_run_closed(self) -> None:
        """A Map Run has ended."""
        raise NotImplementedError

    def closed(self, done: OpenExecution) -> None:
        """An execution has ended: count it, and settle its message."""
        raise NotImplementedError

    # -- executions -----------------------------------------------------------------------------------------------------

    def begin(self, message: Message, wire: Wire | None = None, reply: Callable[[Message, Refusal | None], None] | None = None) -> None:
        """Start an execution for a message."""
        self._started += 1
        now_s = self.agenda._now
        body = message.type.body
        given = self.parameters.input if body is None else body
        execution = Execution(self.definition, given, self, name=f"{self.id}-{self._started}", machine=self.name, limits=self.execution_limits, record=False, express=self.express)
        self.open[execution] = OpenExecution(message, execution, now_s, wire, reply)
        self.open_executions.add(1, now_s)
        execution.start()

    def ended(self, execution: Execution) -> None:
        done = self.open.pop(execution, None)
        if done is None:
            return
        now_s = self.agenda._now
        self._book(done, self._idle)
        self.open_executions.add(-1, now_s)
        self.closed(done)

    # -- what the interpreter asks --------------------------------------------------------------------------------------

    def now_s(self) -> float:
        now_s: float = self.agenda._now
        return now_s

    def wait(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        self._resume_after(execution, seconds, thread, self._cause_at("wait", state, f"Wait state {state}", Culprit(self.id, "definition"), False))

    def retry(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        self.counts(state).retried += 1
        self._resume_after(execution, seconds, thread, self._cause_at("retry", state, f"Waiting to retry {state}", self._culprit_of(state), True))

    def _resume_after(self, execution: Execution, seconds: float, thread: Thread, cause: Cause) -> None:
        """Resume a thread after a time that is booked to ``cause``; nothing happens if it was stopped meanwhile."""

        def over(_: None) -> None:
            if thread.alive:
                self._waited(execution, cause)
                thread.resume()

        self.agenda.at(self.agenda._now + seconds, over)

    def _is_loop(self, execution: Execution) -> bool:
        """Whether executions go round at this instant, this one among them."""
        now_s = self.agenda._now
        if now_s != self._instant_s:
            self._instant_s, self._at_instant = now_s, 0
        self._at_instant += 1
        return self._at_instant > MOST_AT_ONE_INSTANT and execution.at_instant > FEW_AT_ONE_INSTANT

    def transition(self, execution: Execution, state: str, thread: Thread) -> None:
        if self._is_loop(execution):
            execution.stop_loop()
            return
        express = execution.express
        if express:
            self._resume_after(execution, self.transition_s(True), thread, self._entering)
            return

        def admitted() -> None:
            if not thread.alive:
                return
            self._waited(execution, self._throttled)
            self.transitions += 1
            self._resume_after(execution, self.transition_s(False), thread, self._entering)

        if not self.gate().enter(admitted):
            self.throttled_transitions += 1

    def counts(self, state: str) -> StateCounts:
        """The counts of a state."""
        found = self.parts_of.get(state)
        if found is None:
            found = self.parts_of[state] = StateCounts()
        return found

    def entered_state(self, execution: Execution, state: str) -> None:
        counts = self.counts(state)
        counts.entered += 1
        counts.inside += 1

    def left(self, execution: Execution, state: str, error: StatesError | None) -> None:
        counts = self.counts(state)
        counts.inside -= 1
        if error is not None:
            counts.failed += 1

    def decide(self, execution: Execution, state: str) -> str | None:
        settings = self.choices_by_state.get(state)
        return self._by_share(settings) if settings is not None and settings.when == "always" and settings.shares else None

    def undecided(self, execution: Execution, state: str, error: StatesError) -> str | None:
        settings = self.choices_by_state.get(state)
        return self._by_share(settings) if settings is not None and settings.shares else None

    def _by_share(self, settings: ChoiceSettings) -> str:
        return drawn(self._chance(), [(way.share, way.next) for way in settings.shares])  # type: ignore[no-any-return]

    # -- Map Runs -------------------------------------------------------------------------------------------------------

    def map_run(self, execution: Execution, run: MapRun, thread: Thread) -> None:
        def begun() -> None:
            if not thread.alive:
                self.map_run_closed()
                return
            self._waited(execution, self._slots)
            self.map_runs.append(run)
            thread.resume()

        self.may_open_map_run(begun)

    def map_run_ended(self, execution: Execution, run: MapRun) -> None:
        if run in self.map_runs:
            self.map_runs = [one for one in self.map_runs if one is not run]
            self.wakes_at.pop(id(run), None)
            self.map_run_closed()

    def dispatch(self, execution: Execution, run: MapRun, go_on: Callable[[], None]) -> None:
        now_s = self.agenda._now
        due_s = max(now_s, self.wakes_at.get(id(run), 0.0))
        self.wakes_at[id(run)] = due_s + 1.0 / CHILDREN_PER_S[run.express]
        if run.express:
            self.express_children += 1
        self.agenda.at(due_s, _call, go_on)

    def child_ended(self, child: Execution) -> None:
        if child.express:
            self.bill_express(self.now_s() - child.started_s)

    def bill_express(self, seconds: float) -> None:
        """An Express execution took so long: the bill counts each 100 ms begun."""
        self.express_s += math.ceil(round(seconds * 10, 6)) / 10

    def waiting_items(self) -> int:
        """Children of Map Runs that have not started."""
        return sum(run.waiting for run in self.map_runs)

    def count_map_runs(self) -> int:
        """Open Map Runs."""
        return len(self.map_runs)

    # -- what it shows --------------------------------------------------------------------------------------------------

    def part_counts(self) -> Mapping[str, Mapping[str, float]]:
        return {state: counts.to_json() for state, counts in self.parts_of.items()}


def _call(call: Callable[[], None]) -> None:
    call()
