"""Runs an execution of a state machine, step by step, for a host that has the clock and does the tasks.

An `Execution` never waits: it asks its `Host` to call back after a time, when a transition may happen, or when a task has
ended. So the same interpreter runs at once on the command line, and inside a simulation among thousands of others.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from simulator.languages.asl.errors import DATA_LIMIT, RUNTIME, TIMEOUT, StatesError
from simulator.languages.asl.map_state import MapRun, MapState
from simulator.languages.asl.simple_states import ChoiceState, FailState, PassState, SucceedState, WaitState
from simulator.languages.asl.strands import Over, Strand, Thread
from simulator.languages.asl.task import Task
from simulator.languages.asl.visit import Visit
from simulator.languages.asl.working_states import ParallelState, TaskState

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "arn:aws:states:us-east-1:123456789012"
PAYLOAD_BYTES = 262_144
HISTORY_EVENTS = 25_000
EXPRESS_S = 300.0
CLOSING = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut", "ABORTED": "ExecutionAborted"}
STATES: Mapping[str, type[Visit]] = {
    "Task": TaskState, "Pass": PassState, "Choice": ChoiceState, "Wait": WaitState, "Succeed": SucceedState, "Fail": FailState, "Parallel": ParallelState, "Map": MapState,
}


@dataclass(frozen=True)
class Limits:
    """What ends an execution: quotas of Step Functions. None: no limit."""

    payload_bytes: int | None = PAYLOAD_BYTES
    history_events: int | None = HISTORY_EVENTS
    express_s: float = EXPRESS_S
    """How long an Express execution may take."""
    at_one_instant: int = 100_000
    """Transitions without any time passing: a guard of ours against loops that no other limit ends, because on AWS every transition takes time."""


@dataclass
class Event:
    """One event of the history. ``details`` are those of GetExecutionHistory, with payloads as JSON values."""

    id: int
    previous_id: int
    type: str
    time_s: float
    details: dict[str, Any] = field(default_factory=dict)


class Host(Protocol):
    """What an execution needs from where it runs."""

    def now_s(self) -> float:
        """The present, in seconds."""

    def after(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        """Call back after a time, unless the function that is returned is called before: a timeout."""

    def wait(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        """A Wait state waits: resume ``thread`` after so long. (A thread that is not alive any more was stopped meanwhile.)"""

    def retry(self, execution: Execution, state: str, seconds: float, thread: Thread) -> None:
        """A state waits before it is tried again."""

    def transition(self, execution: Execution, state: str, thread: Thread) -> None:
        """A state is entered, or tried again: resume ``thread`` when that may happen, at once or later."""

    def entered_state(self, execution: Execution, state: str) -> None:
        """A state was entered."""

    def left(self, execution: Execution, state: str, error: StatesError | None) -> None:
        """A state was left, or failed with ``error``."""

    def do(self, task: Task) -> None:
        """Begin a task; it ends with ``task.succeed`` or ``task.fail``, now or later."""

    def draw(self) -> float:
        """A uniform random number."""

    def decide(self, execution: Execution, state: str) -> str | None:
        """The next state of a Choice, where that is decided without looking at the data; None: its rules decide."""

    def undecided(self, execution: Execution, state: str, error: StatesError) -> str | None:
        """The next state where a Choice cannot be evaluated; None: the execution fails with ``error``."""

    def map_run(self, execution: Execution, run: MapRun, thread: Thread) -> None:
        """A Map Run begins: resume ``thread`` when it may."""

    def dispatch(self, execution: Execution, run: MapRun, go_on: Callable[[], None]) -> None:
        """A child of a Map Run is to start: call ``go_on`` when it may."""

    def child_ended(self, child: Execution) -> None:
        """A child of a Map Run has ended."""

    def map_run_ended(self, execution: Execution, run: MapRun) -> None:
        """A Map Run ended."""

    def ended(self, execution: Execution) -> None:
        """The execution has ended (told of those that are nobody's child)."""


class Execution:
    """One execution of ``definition`` (valid, see `checks.check_definition`) with an input.

    ``status`` becomes SUCCEEDED, FAILED, TIMED_OUT or ABORTED. With ``record`` the history is kept; its length is counted anyhow.
    ``express`` says that it is an Express one; a child of a Map Run has a ``parent`` and tells ``on_end`` when it ends.
    """

    account = ACCOUNT

    def __init__(self, definition: Mapping[str, Any], data: Any, host: Host, *, name: str = "run", machine: str = "machine", limits: Limits | None = None,
                 record: bool = True, express: bool = False, parent: Execution | None = None, language: str = "JSONPath", on_end: Callable[[], None] | None = None) -> None:
        self.definition = definition
        self.input = data
        self.host = host
        self.name = name
        self.machine_name = machine
        self.limits = limits or Limits()
        self.record = record
        self.express = express
        self.parent = parent
        self.status = "RUNNING"
        self.output: Any = None
        self.error: str | None = None
        self.cause: str | None = None
        self.history: list[Event] = []
        self.events = self.transitions = self.at_instant = 0
        self._instant_s = -1.0
        self.started_s = host.now_s()
        self.ended_s: float | None = None
        self._on_end = on_end
        self._tokens = 0
        self._timers: list[Callable[[], None]] = []
        self._sized: Any = None
        self.context: dict[str, Any] = {
            "Execution": {"Id": f"{ACCOUNT}:{'express' if express else 'execution'}:{machine}:{name}", "Input": data, "Name": name, "RoleArn": "arn:aws:iam::123456789012:role/role", "StartTime": self.time_text()},
            "StateMachine": {"Id": f"{ACCOUNT}:stateMachine:{machine}", "Name": machine},
        }
        self._root = Thread(self, self.machine(definition, data, {}, {}, definition.get("QueryLanguage", language)), self._done, 0)
        self.current = self._root

    @property
    def top(self) -> Execution:
        """The execution that is nobody's child."""
        return self if self.parent is None else self.parent.top

    def start(self) -> None:
        """Begin."""
        self.started_s = self.host.now_s()
        try:
            self.sized(self.input, "input")
        except StatesError as error:
            self._close("FAILED", error.name, error.cause)
            return
        try:
            self.event("ExecutionStarted", input=self.input)
        except Over:
            return
        self._root.previous = 0
        if "TimeoutSeconds" in self.definition:
            self._timers.append(self.host.after(self.definition["TimeoutSeconds"], self.time_out))
        if self.express:
            self._timers.append(self.host.after(self.limits.express_s, self.time_out))
        self._root.resume()

    def child(self, definition: Mapping[str, Any], data: Any, name: str, *, express: bool, language: str, ended: Callable[[], None]) -> Execution:
        """A child execution of a Map Run: with a history, counts and limits of its own; to be started."""
        limits = Limits(self.limits.payload_bytes, None if express else self.limits.history_events, self.limits.express_s)
        return Execution(definition, data, self.host, name=f"{self.name}/{name}", machine=self.machine_name, limits=limits, record=False, express=express, parent=self, language=language, on_end=ended)

    def time_out(self) -> None:
        """End it: it took too long."""
        self._stop("TIMED_OUT", TIMEOUT, None)

    def stop_loop(self) -> None:
        """End it: it goes round without any time passing."""
        self._stop("FAILED", RUNTIME, f"The execution made {self.at_instant:,} state transitions without any time passing: it goes round in a loop that nothing ends.")

    def abort(self, error: str | None = None, cause: str | None = None) -> None:
        """End it from outside (StopExecution)."""
        self._stop("ABORTED", error, cause)

    def _stop(self, status: str, error: str | None, cause: str | None) -> None:
        if self.status == "RUNNING":
            self._root.stop()
            self._close(status, error, cause)

    def _done(self, output: Any, error: StatesError | None) -> None:
        if error is None:
            self.output = output
            self._close("SUCCEEDED", None, None)
        else:
            self._close("FAILED", error.name, error.cause)

    def _close(self, status: str, error: str | None, cause: str | None) -> None:
        self.status, self.error, self.cause = status, error, cause
        self.ended_s = self.host.now_s()
        for cancel in self._timers:
            cancel()
        details = {"output": self.output} if status == "SUCCEEDED" else {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}
        self.current = self._root
        self.event(CLOSING[status], closing=True, **details)
        if self._on_end is not None:
            self._on_end()
        else:
            self.host.ended(self)

    def to_json(self) -> dict[str, Any]:
        """How it ended, and its history."""
        return {
            "status": self.status, "output": self.output, "error": self.error, "cause": self.cause, "started_s": self.started_s, "ended_s": self.ended_s, "transitions": self.transitions,
            "history": [{"id": event.id, "previousEventId": event.previous_id, "type": event.type, "time_s": event.time_s, **event.details} for event in self.history],
        }

    # -- history ----------------------------------------------------------------------------------------------------

    def time_text(self) -> str:
        """The present as a timestamp."""
        return (EPOCH + timedelta(seconds=self.host.now_s())).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def seconds_until(self, when: datetime) -> float:
        """Seconds from now to ``when``; negative if that has passed."""
        return (when - EPOCH).total_seconds() - self.host.now_s()

    def event(self, type: str, *, thread: Thread | None = None, aside: bool = False, closing: bool = False, **details: Any) -> int:  # noqa: A002
        """Write an event after the last one of its strand; one ``aside`` is not what the strand goes on from.

        Raises `Over` if the execution has ended, as it does when its history is full.
        """
        if not closing:
            if self.status != "RUNNING":
                raise Over
            limit = self.limits.history_events
            if limit is not None and self.events >= limit - 1:
                self._stop("FAILED", RUNTIME, f"The execution reached the maximum number of history events ({limit}).")
                raise Over
        thread = thread or self.current
        self.events += 1
        if self.record:
            self.history.append(Event(self.events, thread.previous, type, self.host.now_s(), details))
        if not aside:
            thread.previous = self.events
        return self.events

    def sized(self, data: Any, what: str) -> Any:
        """``data`` if its size is allowed; raises `StatesError`."""
        limit = self.limits.payload_bytes
        if limit is None or data is self._sized:
            return data
        if len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")) > limit:
            raise StatesError(DATA_LIMIT, f"The state/task returned a result with a size exceeding the maximum number of bytes service limit ({what}).")
        self._sized = data
        return data

    def new_token(self) -> str:
        """The token of the next attempt at a task."""
        self._tokens += 1
        return f"{self.name}-{self._tokens}"

    # -- states -----------------------------------------------------------------------------------------------------

    def machine(self, machine: Mapping[str, Any], data: Any, outer: Mapping[str, Any], extra: Mapping[str, Any], language: str) -> Strand:
        """The strand that goes from state to state of a machine, branch or processor."""
        variables = dict(outer)
        name = machine["StartAt"]
        while True:
            definition = machine["States"][name]
            yield lambda thread, name=name: self.transit(name, thread)  # type: ignore[misc]
            visit = STATES[definition["Type"]](self, name, definition, data, variables, extra, definition.get("QueryLanguage", language))
            visit.entered = self.event(f"{definition['Type']}StateEntered", name=name, input=data)
            self.host.entered_state(self, name)
            try:
                following, data = yield from visit.run()
            except StatesError as error:
                self.host.left(self, name, error)
                if error.name == RUNTIME and error.cause and not error.cause.startswith("An error occurred") and definition["Type"] != "Fail":
                    raise StatesError(RUNTIME, f"An error occurred while executing the state '{name}' (entered at the event id #{visit.entered}). {error.cause}") from None
                raise
            except (GeneratorExit, Over):
                self.host.left(self, name, None)
                raise
            self.host.left(self, name, None)
            self.event(f"{definition['Type']}StateExited", name=name, output=data)
            if following is None:
                return data
            name = following

    def transit(self, name: str, thread: Thread) -> None:
        """Ask for a transition, of a state that is entered or tried again."""
        self.transitions += 1
        now_s = self.host.now_s()
        if now_s != self._instant_s:
            self._instant_s, self.at_instant = now_s, 0
        self.at_instant += 1
        if self.at_instant > self.limits.at_one_instant:
            self.stop_loop()
        else:
            self.host.transition(self, name, thread)
