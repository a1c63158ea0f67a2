"""Runs an execution of a state machine, step by step, for a host that has the clock and does the tasks.

An `Execution` never waits: it asks its `Host` to call back after a time, when a transition may happen, or when a task has
ended. So the same interpreter runs at once on the command line, and inside a simulation among thousands of others. Each
branch of a Parallel state and each iteration of a Map is a strand, a Python generator that yields what it waits for.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from simulator.languages.asl.choices import holds, moment
from simulator.languages.asl.errors import BRANCH_FAILED, DATA_LIMIT, HEARTBEAT_TIMEOUT, RUNTIME, TIMEOUT, StatesError
from simulator.languages.asl.paths import NoResult, parse_path, reference_path
from simulator.languages.asl.queries import Place, is_jsonata
from simulator.languages.asl.resources import Resource, parse_resource
from simulator.languages.asl.retrying import Retries, catcher_for

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
ACCOUNT = "arn:aws:states:us-east-1:123456789012"
PAYLOAD_BYTES = 262_144
HISTORY_EVENTS = 25_000
INLINE_CONCURRENCY, DISTRIBUTED_CONCURRENCY = 40, 10_000
ABSENT = object()

Strand = Generator[Callable[["_Thread"], None], Any, Any]
"""Yields what it waits for: a function that is told who waits."""


@dataclass
class Limits:
    """What ends an execution: quotas of Step Functions. None: no limit."""

    payload_bytes: int | None = PAYLOAD_BYTES
    history_events: int | None = HISTORY_EVENTS


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

    def after(self, seconds: float, call: Callable[[], None]) -> None:
        """Call back after a time."""

    def transition(self, execution: Execution, state: str, go_on: Callable[[], None]) -> None:
        """A state is entered, or tried again: call ``go_on`` when that may happen, at once or later."""

    def do(self, task: Task) -> None:
        """Begin a task; it ends with ``task.succeed`` or ``task.fail``, now or later."""

    def draw(self) -> float:
        """A uniform random number."""

    def undecided(self, state: str, error: StatesError) -> str | None:
        """The next state where a Choice cannot be evaluated; None: the execution fails with ``error``."""

    def ended(self, execution: Execution) -> None:
        """The execution has ended."""


class Task:
    """A task under way: what to call, with what, and how to answer. An answer that comes too late is ignored."""

    def __init__(self, execution: Execution, state: str, resource: Resource, arguments: Any, token: str, thread: _Thread, definition: Mapping[str, Any]) -> None:
        self.execution = execution
        self.state = state
        self.resource = resource
        self.arguments = arguments
        self.token = token
        self.definition = definition
        self.open = True
        self._thread = thread
        self.timeout_s: float | None = None
        self.heartbeat_s: float | None = None
        self._beats = 0
        self._started = False

    def started(self) -> None:
        """The work begins: timeouts count from here."""
        if self._started or not self.open:
            return
        self._started = True
        host = self.execution.host
        self.execution._task_event(self, "Started", {})
        if self.timeout_s is not None:
            host.after(self.timeout_s, lambda: self._expire(TIMEOUT))
        if self.heartbeat_s is not None:
            self.heartbeat()

    def heartbeat(self) -> None:
        """The worker says that it is alive."""
        if self.open and self.heartbeat_s is not None:
            self._beats += 1
            beat = self._beats
            self.execution.host.after(self.heartbeat_s, lambda: self._expire(HEARTBEAT_TIMEOUT) if beat == self._beats else None)

    def submitted(self, output: Any = None) -> None:
        """The service has taken the request; the task goes on until the job or the callback ends it."""
        if self.open:
            self.started()
            self.execution._task_event(self, "Submitted", {"output": output})

    def succeed(self, output: Any) -> bool:
        """The task ends well; false if it had ended before."""
        if not self.open:
            return False
        self.started()
        self.open = False
        self.execution._task_event(self, "Succeeded", {"output": output})
        self._thread.resume(output)
        return True

    def fail(self, error: str, cause: str = "") -> bool:
        """The task fails; false if it had ended before."""
        if not self.open:
            return False
        self.started()
        self.open = False
        self.execution._task_event(self, "Failed", {"error": error, "cause": cause})
        self._thread.throw(StatesError(error, cause))
        return True

    def _expire(self, name: str) -> None:
        if self.open:
            self.open = False
            self.execution._task_event(self, "TimedOut", {"error": name})
            self._thread.throw(StatesError(name, None))


class _Thread:
    """Drives one strand: one after the other, without recursion however long it goes on."""

    def __init__(self, execution: Execution, strand: Strand, done: Callable[[Any, StatesError | None], None], previous: int) -> None:
        self.execution = execution
        self.strand = strand
        self.done = done
        self.previous = previous
        self.alive = True
        self.children: list[_Thread] = []
        self.tasks: list[Task] = []
        self._running = False
        self._answer: tuple[Any, StatesError | None] | None = None

    def resume(self, value: Any = None) -> None:
        self._go(value, None)

    def throw(self, error: StatesError) -> None:
        self._go(None, error)

    def _go(self, value: Any, error: StatesError | None) -> None:
        if not self.alive:
            return
        self._answer = (value, error)
        if self._running:
            return
        self._running = True
        while self._answer is not None and self.alive:
            (value, error), self._answer = self._answer, None
            self.execution.current = self
            try:
                wait = self.strand.send(value) if error is None else self.strand.throw(error)
            except StopIteration as ended:
                self._end(ended.value, None)
            except StatesError as failed:
                self._end(None, failed)
            else:
                wait(self)
        self._running = False

    def _end(self, value: Any, error: StatesError | None) -> None:
        self.alive = False
        self.done(value, error)

    def stop(self) -> None:
        """End it from outside; work that it asked for goes on unseen."""
        self.alive = False
        for task in self.tasks:
            task.open = False
        for child in self.children:
            child.stop()
        if not self._running:
            self.strand.close()


class Execution:
    """One execution of ``definition`` (valid, see `check_definition`) with an input.

    ``status`` becomes SUCCEEDED, FAILED, TIMED_OUT or ABORTED. With ``record`` the history is kept; its length is counted anyhow.
    """

    def __init__(self, definition: Mapping[str, Any], data: Any, host: Host, *, name: str = "run", machine: str = "machine",
                 limits: Limits | None = None, record: bool = True, arn: str | None = None) -> None:
        self.definition = definition
        self.input = data
        self.host = host
        self.name = name
        self.limits = limits or Limits()
        self.record = record
        self.status = "RUNNING"
        self.output: Any = None
        self.error: str | None = None
        self.cause: str | None = None
        self.history: list[Event] = []
        self.events = self.transitions = 0
        self.started_s = host.now_s()
        self.ended_s: float | None = None
        self._tokens = 0
        self._context = {
            "Execution": {"Id": arn or f"{ACCOUNT}:execution:{machine}:{name}", "Input": data, "Name": name, "RoleArn": "arn:aws:iam::123456789012:role/role", "StartTime": self._time()},
            "StateMachine": {"Id": f"{ACCOUNT}:stateMachine:{machine}", "Name": machine},
        }
        self._root = _Thread(self, self._machine(definition, data, {}, {}, definition.get("QueryLanguage", "JSONPath")), self._done, 0)
        self.current = self._root

    def start(self) -> None:
        """Begin."""
        self._event("ExecutionStarted", input=self.input)
        self._root.previous = 0
        if "TimeoutSeconds" in self.definition:
            self.host.after(self.definition["TimeoutSeconds"], self.time_out)
        self._root.resume()

    def time_out(self) -> None:
        """End it: it took too long."""
        self._stop("TIMED_OUT", TIMEOUT, None)

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
        details = {"output": self.output} if status == "SUCCEEDED" else {key: value for key, value in (("error", error), ("cause", cause)) if value is not None}
        self.current = self._root
        kind = {"SUCCEEDED": "ExecutionSucceeded", "FAILED": "ExecutionFailed", "TIMED_OUT": "ExecutionTimedOut", "ABORTED": "ExecutionAborted"}[status]
        self._event(kind, closing=True, **details)
        self.host.ended(self)

    # -- history ----------------------------------------------------------------------------------------------------

    def _time(self) -> str:
        return (EPOCH + timedelta(seconds=self.host.now_s())).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _event(self, type: str, *, thread: _Thread | None = None, aside: bool = False, closing: bool = False, **details: Any) -> int:  # noqa: A002
        """Write an event after the last one of its strand; one ``aside`` is not what the strand goes on from."""
        limit = self.limits.history_events
        if limit is not None and self.events >= limit - 1 and not closing:
            raise StatesError(RUNTIME, f"The execution reached the maximum number of history events ({limit}).")
        thread = thread or self.current
        self.events += 1
        if self.record:
            self.history.append(Event(self.events, thread.previous, type, self.host.now_s(), details))
        if not aside:
            thread.previous = self.events
        return self.events

    def _task_event(self, task: Task, word: str, details: dict[str, Any]) -> None:
        service = task.resource.service
        if service == "lambda" and task.resource.action == "function":
            kind = f"LambdaFunction{word}"
        elif service == "activity":
            kind = f"Activity{word}"
        else:
            kind = f"Task{word}"
            details = {"resource": task.resource.action + task.resource.pattern, "resourceType": service, **details}
        self._event(kind, thread=task._thread, **details)

    def _sized(self, data: Any, what: str) -> Any:
        limit = self.limits.payload_bytes
        if limit is not None and len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) > limit:
            raise StatesError(DATA_LIMIT, f"The state/task returned a result with a size exceeding the maximum number of bytes service limit ({what}).")
        return data

    # -- states -----------------------------------------------------------------------------------------------------

    def _machine(self, machine: Mapping[str, Any], data: Any, outer: Mapping[str, Any], extra: Mapping[str, Any], language: str) -> Strand:
        variables = dict(outer)
        name = machine["StartAt"]
        while True:
            definition = machine["States"][name]
            visit = _Visit(self, name, definition, data, variables, extra, definition.get("QueryLanguage", language))
            yield lambda thread, name=name: self._transit(name, thread)  # type: ignore[misc]
            visit.entered = self._event(f"{definition['Type']}StateEntered", name=name, input=data)
            visit.context["State"]["EnteredTime"] = self._time()
            try:
                following, data = yield from visit.run()
            except StatesError as error:
                if error.name == RUNTIME and error.cause and not error.cause.startswith("An error occurred") and definition["Type"] != "Fail":
                    raise StatesError(RUNTIME, f"An error occurred while executing the state '{name}' (entered at the event id #{visit.entered}). {error.cause}") from None
                raise
            self._event(f"{definition['Type']}StateExited", name=name, output=data)
            if following is None:
                return data
            name = following

    def _transit(self, name: str, thread: _Thread) -> None:
        self.transitions += 1
        self.host.transition(self, name, thread.resume)

    def fork(self, strands: Sequence[Callable[[], Strand]], thread: _Thread, most: int, begun: Callable[[int, _Thread], None], finished: Callable[[int, StatesError | None], bool]) -> None:
        """Run strands, at most ``most`` at a time, then resume ``thread`` with their outputs in order.

        ``finished`` is told of each end; false: an error stops them all and is thrown.
        """
        outputs: list[Any] = [None] * len(strands)
        state = {"next": 0, "open": len(strands), "free": most}
        thread.children = []

        def launch() -> None:
            while state["free"] > 0 and state["next"] < len(strands) and thread.alive:
                place = state["next"]
                state["next"] += 1
                state["free"] -= 1
                child = _Thread(self, strands[place](), lambda output, error, place=place: ended(place, output, error), thread.previous)  # type: ignore[misc]
                thread.children.append(child)
                begun(place, child)
                child.resume()
                if state["open"] < 0:
                    return

        def ended(place: int, output: Any, error: StatesError | None) -> None:
            if state["open"] < 0:
                return
            child = self.current
            thread.previous = child.previous
            outputs[place] = output if error is None else error
            state["open"] -= 1
            state["free"] += 1
            goes_on = finished(place, error)
            if error is not None and not goes_on:
                state["open"] = -1
                for other in thread.children:
                    other.stop()
                thread.children = []
                thread.throw(error)
            elif state["open"] == 0:
                state["open"] = -1
                thread.resume(outputs)
            elif not launching[0]:
                run_launch()

        launching = [False]

        def run_launch() -> None:
            launching[0] = True
            launch_more()
            launching[0] = False

        def launch_more() -> None:
            before = -1
            while state["open"] > 0 and state["next"] < len(strands) and state["free"] > 0 and state["next"] != before:
                before = state["next"]
                launch()

        if not strands:
            thread.resume([])
        else:
            run_launch()


class _Visit:
    """One visit to one state."""

    def __init__(self, execution: Execution, name: str, definition: Mapping[str, Any], data: Any, variables: dict[str, Any], extra: Mapping[str, Any], language: str) -> None:
        self.execution = execution
        self.name = name
        self.definition = definition
        self.data = data
        self.variables = variables
        self.jsonata = language == "JSONata"
        self.language = language
        self.entered = 0
        self.context: dict[str, Any] = {**execution._context, **extra, "State": {"Name": name, "EnteredTime": execution._time()}}
        self.extra = extra
        self.place = Place(self.context, variables, execution.host.draw)

    def run(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        """The name of the next state (None: the machine ends) and the output."""
        definition = self.definition
        if definition["Type"] not in ("Task", "Parallel", "Map"):
            left: tuple[str | None, Any] = yield from getattr(self, f"_{definition['Type'].lower()}")()
            return left
        retries = Retries(definition.get("Retry", ()))
        if definition["Type"] == "Task" or "Retry" in definition:
            self.context["State"]["RetryCount"] = 0
        thread = self.execution.current
        while True:
            try:
                result = yield from getattr(self, f"_{definition['Type'].lower()}")()
                return self._after(), self._finish(result)
            except StatesError as error:
                if error.name == RUNTIME:
                    raise
                pause_s = retries.pause_s(error, self.execution.host.draw)
                if pause_s is None:
                    catcher = catcher_for(definition.get("Catch", ()), error)
                    if catcher is None:
                        raise
                    return catcher["Next"], self._caught(catcher, error)
            self.context["State"]["RetryCount"] = retries.count
            yield lambda thread, pause_s=pause_s: self.execution.host.after(pause_s, thread.resume)
            yield lambda thread: self.execution._transit(self.name, thread)
            self.execution.current = thread

    def _after(self) -> str | None:
        following: str | None = None if self.definition.get("End") else self.definition.get("Next")
        return following

    # -- input and output -------------------------------------------------------------------------------------------

    def _input(self) -> Any:
        if self.jsonata or "InputPath" not in self.definition:
            return self.data
        text = self.definition["InputPath"]
        return {} if text is None else self._at(text, self.data)

    def _at(self, text: str, data: Any) -> Any:
        try:
            return self.place.read(parse_path(text), data)
        except NoResult:
            raise StatesError(RUNTIME, f"Invalid path '{text}': No results for path: {text}") from None

    def _arguments(self, data: Any) -> Any:
        if self.jsonata:
            return self._eval(self.definition["Arguments"]) if "Arguments" in self.definition else data
        return self.place.fill(self.definition["Parameters"], data) if "Parameters" in self.definition else data

    def _eval(self, template: Any, **more: Any) -> Any:
        return self.place.evaluate(template, {"input": self.data, **more})

    def _assign(self, source: Mapping[str, Any], data: Any, **more: Any) -> None:
        if "Assign" in source:
            given = self._eval(source["Assign"], **more) if self.jsonata else self.place.fill(source["Assign"], data)
            self.variables.update(given)

    def _finish(self, result: Any, raw: Any = ABSENT) -> Any:
        """The output of a state with a result."""
        definition = self.definition
        if self.jsonata:
            output = self._eval(definition["Output"], result=result) if "Output" in definition else result
            self._assign(definition, result, result=result)
            return self.execution._sized(output, "output")
        selected = self.place.fill(definition["ResultSelector"], result) if "ResultSelector" in definition else result
        output = self._placed(definition, selected)
        output = self._out(output)
        self._assign(definition, result)
        return self.execution._sized(output, "output")

    def _placed(self, source: Mapping[str, Any], result: Any) -> Any:
        text = source.get("ResultPath", "$")
        return self.data if text is None else reference_path(text).write(self.data, result)

    def _out(self, data: Any) -> Any:
        if "OutputPath" not in self.definition:
            return data
        text = self.definition["OutputPath"]
        return {} if text is None else self._at(text, data)

    def _through(self, data: Any) -> Any:
        """The output of a state that only lets its input through."""
        if self.jsonata:
            output = self._eval(self.definition["Output"]) if "Output" in self.definition else self.data
        else:
            output = self._out(data)
        self._assign(self.definition, data)
        return self.execution._sized(output, "output")

    def _caught(self, catcher: Mapping[str, Any], error: StatesError) -> Any:
        told = error.output()
        if self.jsonata:
            output = self._eval(catcher["Output"], errorOutput=told) if "Output" in catcher else told
        else:
            output = self._placed(catcher, told)
        self._assign(catcher, told, errorOutput=told)
        return output

    def _number(self, field_name: str, data: Any) -> Any:
        """A number given as it is, as ``…Path``, or by JSONata; None if not given."""
        if f"{field_name}Path" in self.definition:
            text = self.definition[f"{field_name}Path"]
            value = self._at(text, data)
            if not isinstance(value, int) or isinstance(value, bool):
                if field_name == "Seconds":
                    raise StatesError(RUNTIME, f"The SecondsPath parameter cannot be parsed as a long value: {text} == {json.dumps(value)}")
                raise StatesError(RUNTIME, f"The {field_name}Path field refers to value \"{json.dumps(value)}\" which is not a valid integer: {text}")
            return value
        value = self.definition.get(field_name)
        if is_jsonata(value):
            value = self._eval(value)
            if not isinstance(value, (int, float)) or isinstance(value, bool):
                raise StatesError("States.QueryEvaluationError", f"The JSONata expression for {field_name} returned {json.dumps(value)}, which is not a number")
        return value

    # -- simple states ----------------------------------------------------------------------------------------------

    def _pass(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        yield from ()
        if self.jsonata:
            return self._after(), self._through(self.data)
        data = self._arguments(self._input())
        result = self.definition.get("Result", data)
        output = self._out(self._placed(self.definition, result))
        self._assign(self.definition, result)
        return self._after(), self.execution._sized(output, "output")

    def _succeed(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        yield from ()
        return None, self._through(self._input())

    def _fail(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        yield from ()
        told: list[Any] = []
        for word in ("Error", "Cause"):
            value = self.definition.get(word)
            if f"{word}Path" in self.definition:
                value = self.place.query(self.definition[f"{word}Path"], self._input())
            elif self.jsonata and value is not None:
                value = self._eval(value)
            told.append(value)
        raise StatesError(told[0], told[1])

    def _wait(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        data = self._input()
        seconds = self._number("Seconds", data)
        if seconds is None:
            text = self._at(self.definition["TimestampPath"], data) if "TimestampPath" in self.definition else self.definition["Timestamp"]
            text = self._eval(text) if is_jsonata(text) else text
            when = moment(text) if isinstance(text, str) else None
            if when is None:
                raise StatesError(RUNTIME, f"The Timestamp parameter cannot be parsed as a timestamp: {json.dumps(text)}")
            seconds = (when - EPOCH).total_seconds() - self.execution.host.now_s()
        yield lambda thread: self.execution.host.after(max(0.0, seconds), thread.resume)
        return self._after(), self._through(data)

    def _choice(self) -> Generator[Any, Any, tuple[str | None, Any]]:
        yield from ()
        data = self._input()
        try:
            for rule in self.definition["Choices"]:
                if self._holds(rule, data):
                    if not self.jsonata:
                        self._assign(rule, data)
                        return rule["Next"], self._out(data)
                    output = self._eval(rule["Output"]) if "Output" in rule else self.data
                    self._assign(rule, data)
                    return rule["Next"], output
            if "Default" in self.definition:
                return self.definition["Default"], self._through(data)
            raise StatesError("States.NoChoiceMatched", f"An error occurred while executing the state '{self.name}' (entered at the event id #{self.entered}). Failed to transition out of the state. The choice state has no matching rule and no Default.")
        except StatesError as error:
            following = self.execution.host.undecided(self.name, error)
            if following is None:
                raise
            return following, data

    def _holds(self, rule: Mapping[str, Any], data: Any) -> bool:
        if not self.jsonata:
            return holds(rule, self.place, data)
        value = self._eval(rule["Condition"])
        if not isinstance(value, bool):
            raise StatesError("States.QueryEvaluationError", f"The JSONata expression for Condition returned {json.dumps(value)}, which is not a boolean")
        return value

    # -- tasks ------------------------------------------------------------------------------------------------------

    def _task(self) -> Generator[Any, Any, Any]:
        execution = self.execution
        execution._tokens += 1
        token = f"{execution.name}-{execution._tokens}"
        resource = parse_resource(self.definition["Resource"])
        if resource.waits_for_token:
            self.context["Task"] = {"Token": token}
        data = self._input()
        arguments = execution._sized(self._arguments(data), "input")
        task = Task(execution, self.name, resource, arguments, token, execution.current, self.definition)
        task.timeout_s, task.heartbeat_s = self._number("TimeoutSeconds", data), self._number("HeartbeatSeconds", data)
        execution._task_event(task, "Scheduled", {"input" if "Lambda" in resource.text or resource.action == "function" else "parameters": arguments})

        def begin(thread: _Thread) -> None:
            thread.tasks = [task]
            execution.host.do(task)

        return execution._sized((yield begin), "result")

    # -- Parallel ---------------------------------------------------------------------------------------------------

    def _parallel(self) -> Generator[Any, Any, Any]:
        execution, thread = self.execution, self.execution.current
        data = self._arguments(self._input())
        execution._event("ParallelStateStarted")
        strands = [lambda branch=branch: execution._machine(branch, data, self.variables, self.extra, self.language) for branch in self.definition["Branches"]]
        started = thread.previous
        try:
            outputs = yield lambda thread: execution.fork(strands, thread, len(strands), lambda place, child: setattr(child, "previous", started), lambda place, error: False)
        except StatesError as error:
            execution.current = thread
            execution._event("ParallelStateFailed")
            raise StatesError(error.name, error.cause, (BRANCH_FAILED,)) from None
        before = thread.previous
        execution._event("ParallelStateSucceeded", aside=True)
        thread.previous = before
        return outputs

    # -- Map --------------------------------------------------------------------------------------------------------

    def _map(self) -> Generator[Any, Any, Any]:
        execution, thread = self.execution, self.execution.current
        definition = self.definition
        processor = definition.get("ItemProcessor") or definition["Iterator"]
        distributed = processor.get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED"
        data = self._input()
        found = yield from self._found(data)
        inputs = self._batched([self._item(entry, place, data) for place, entry in enumerate(found)])
        execution._event("MapStateStarted", length=len(found))
        tolerated, share = self._number("ToleratedFailureCount", data), self._number("ToleratedFailurePercentage", data)
        most = self._number("MaxConcurrency", data) or (DISTRIBUTED_CONCURRENCY if distributed else INLINE_CONCURRENCY)
        most = min(most, DISTRIBUTED_CONCURRENCY if distributed else INLINE_CONCURRENCY)
        failures = [0]

        def tolerates(place: int, error: StatesError | None) -> bool:
            if not distributed:
                execution._event("MapIterationFailed" if error else "MapIterationSucceeded", aside=True, name=self.name, index=place)
                return False
            failures[0] += error is not None
            return failures[0] <= max(tolerated or 0, 0) or ((share or 0) > 0 and 100.0 * failures[0] / max(1, len(inputs)) <= share)

        def begun(place: int, child: _Thread) -> None:
            if not distributed:
                execution._event("MapIterationStarted", thread=child, name=self.name, index=place)

        if distributed:
            execution._event("MapRunStarted")
        strands = [lambda place=place, entry=entry: self._iteration(processor, place, entry, found, distributed) for place, entry in enumerate(inputs)]
        try:
            outputs = yield lambda thread: execution.fork(strands, thread, int(most), begun, tolerates)
        except StatesError as failure:
            execution.current = thread
            raised = failure
            if distributed:
                execution._event("MapRunFailed")
                raised = StatesError("States.ExceedToleratedFailureThreshold", "The specified tolerated failure threshold was exceeded")
            execution._event("MapStateFailed")
            raise raised from None
        if distributed:
            execution._event("MapRunSucceeded")
        elif inputs:
            thread.previous = execution.events
        execution._event("MapStateSucceeded", aside=True)
        if "ResultWriter" in definition:
            return {"MapRunArn": f"{ACCOUNT}:mapRun:{self.name}", "ResultWriterDetails": definition["ResultWriter"].get("Parameters", {})}
        return [output for output in outputs if not isinstance(output, StatesError)]

    def _found(self, data: Any) -> Generator[Any, Any, list[Any]]:
        """The items, read by the host if the state has an ItemReader."""
        definition, execution = self.definition, self.execution
        if "ItemReader" in definition:
            reader = definition["ItemReader"]
            template = reader.get("Arguments", reader.get("Parameters", {}))
            arguments = self._eval(template) if self.jsonata else self.place.fill(template, data)
            task = Task(execution, self.name, parse_resource(reader["Resource"]), arguments, "", execution.current, reader)
            try:
                found = yield lambda thread: execution.host.do(task)
            except StatesError as error:
                raise StatesError("States.ItemReaderFailed", error.cause or error.name) from None
            if isinstance(found, dict) and "ItemsPath" in definition:
                found = self._at(definition["ItemsPath"], found)
            most = reader.get("ReaderConfig", {}).get("MaxItems")
            found = found[:most] if isinstance(found, list) and isinstance(most, int) else found
        elif self.jsonata:
            found = self._eval(definition["Items"]) if "Items" in definition else data
        else:
            found = self._at(definition["ItemsPath"], data) if "ItemsPath" in definition else data
        if isinstance(found, dict):
            found = [{"Key": key, "Value": value} for key, value in found.items()]
        if not isinstance(found, list):
            raise StatesError(RUNTIME, f"Reference path \"{definition.get('ItemsPath', '$')}\" must point to array.")
        return found

    def _item(self, entry: Any, place: int, data: Any) -> Any:
        template = self.definition.get("ItemSelector", self.definition.get("Parameters"))
        if template is None:
            return entry
        context = {**self.context, "Map": {"Item": {"Index": place, "Value": entry}}}
        there = Place(context, self.variables, self.execution.host.draw)
        return there.evaluate(template, {"input": self.data}) if self.jsonata else there.fill(template, data)

    def _batched(self, inputs: list[Any]) -> list[Any]:
        batcher = self.definition.get("ItemBatcher")
        if not batcher:
            return inputs
        most, most_bytes = batcher.get("MaxItemsPerBatch") or math.inf, batcher.get("MaxInputBytesPerBatch") or PAYLOAD_BYTES
        batches: list[list[Any]] = []
        size = 0
        for entry in inputs:
            entry_bytes = len(json.dumps(entry))
            if not batches or len(batches[-1]) >= most or size + entry_bytes > most_bytes:
                batches.append([])
                size = 0
            batches[-1].append(entry)
            size += entry_bytes
        shared = {"BatchInput": batcher["BatchInput"] if self.jsonata else self.place.fill(batcher["BatchInput"], self.data)} if "BatchInput" in batcher else {}
        return [{**shared, "Items": batch} for batch in batches]

    def _iteration(self, processor: Mapping[str, Any], place: int, entry: Any, found: list[Any], distributed: bool) -> Strand:
        value = found[place] if place < len(found) else entry
        extra = {**self.extra, "Map": {"Item": {"Index": place, "Value": value}}}
        return self.execution._machine(processor, entry, {} if distributed else self.variables, extra, self.language)
