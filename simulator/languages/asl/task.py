"""A task under way: what a Task state asked for, and how the answer comes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from simulator.languages.asl.errors import HEARTBEAT_TIMEOUT, TIMEOUT, StatesError
from simulator.languages.asl.resources import Resource
from simulator.languages.asl.strands import Over, Thread

if TYPE_CHECKING:
    from simulator.languages.asl.interpreter import Execution


class Task:
    """What to call, with what, and how to answer. An answer that comes too late is ignored.

    ``reads`` says that it reads the items of a Map, of which the history tells nothing. ``on_abandon`` is called if nobody waits
    for the answer any more: the task timed out, or its branch or execution was stopped. ``on_told`` is told each step of the task: Started,
    Submitted, Succeeded, Failed, TimedOut.
    """

    def __init__(self, execution: Execution, state: str, resource: Resource, arguments: Any, token: str, thread: Thread, definition: Mapping[str, Any], reads: bool = False) -> None:
        self.execution = execution
        self.state = state
        self.resource = resource
        self.arguments = arguments
        self.token = token
        self.definition = definition
        self.reads = reads
        self.open = True
        self.thread = thread
        self.timeout_s: float | None = None
        self.heartbeat_s: float | None = None
        self.on_abandon: Callable[[], None] | None = None
        self.on_told: Callable[[str], None] | None = None
        self._beats = 0
        self._timers: list[Callable[[], None]] = []
        self._started = False

    def started(self) -> None:
        """The work begins: timeouts count from here."""
        if self._started or not self.open:
            return
        self._started = True
        if not self._tell("Started", {}):
            return
        if self.timeout_s is not None:
            self._timers.append(self.execution.host.after(self.timeout_s, lambda: self._expire(TIMEOUT)))
        if self.heartbeat_s is not None:
            self.heartbeat()

    def heartbeat(self) -> None:
        """The worker says that it is alive."""
        if self.open and self.heartbeat_s is not None:
            self._beats += 1
            beat = self._beats
            self._timers.append(self.execution.host.after(self.heartbeat_s, lambda: self._expire(HEARTBEAT_TIMEOUT) if beat == self._beats else None))

    def submitted(self, output: Any = None) -> None:
        """The service has taken the request; the task goes on until the job or the callback ends it."""
        self.started()
        if self.open:
            self._tell("Submitted", {"output": output})

    def succeed(self, output: Any) -> bool:
        """The task ends well; false if it had ended before."""
        self.started()
        if not self.open:
            return False
        self._close()
        if self._tell("Succeeded", {"output": output}):
            self.thread.resume(output)
        return True

    def fail(self, error: str, cause: str = "") -> bool:
        """The task fails; false if it had ended before."""
        self.started()
        if not self.open:
            return False
        self._close()
        if self._tell("Failed", {"error": error, "cause": cause}):
            self.thread.throw(StatesError(error, cause))
        return True

    def abandon(self) -> None:
        """Nobody waits for the answer any more."""
        if self.open:
            self._close()
            if self.on_abandon is not None:
                self.on_abandon()

    def _close(self) -> None:
        self.open = False
        for cancel in self._timers:
            cancel()
        self._timers.clear()

    def _expire(self, name: str) -> None:
        if self.open:
            self.abandon()
            if self._tell("TimedOut", {"error": name}):
                self.thread.throw(StatesError(name, None))

    def _tell(self, word: str, details: dict[str, Any]) -> bool:
        """Write what happened into the history; false if that ended the execution."""
        if self.on_told is not None:
            self.on_told(word)
        if self.reads:
            return True
        service = self.resource.service
        if service == "lambda" and self.resource.action == "function":
            kind = f"LambdaFunction{word}"
        elif service == "activity":
            kind = f"Activity{word}"
        else:
            kind = f"Task{word}"
            details = {"resource": self.resource.action + self.resource.pattern, "resourceType": service, **details}
        try:
            self.execution.event(kind, thread=self.thread, **details)
        except Over:
            return False
        return True

    def scheduled(self) -> None:
        """The task was asked for."""
        name = "input" if "Lambda" in self.resource.text or self.resource.action == "function" else "parameters"
        if not self._tell("Scheduled", {name: self.arguments}):
            raise Over
