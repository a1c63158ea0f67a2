"""Tasks of executions on simulated time: calls that leave by a port, jobs, tokens that come back, activities with their workers."""

from __future__ import annotations

import json
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.engine.message import Message, MessageType, spend
from simulator.engine.node import Node
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.wire import Wire
from simulator.languages.asl.interpreter import Execution
from simulator.languages.asl.task import Task
from simulator.measures import Spread
from simulator.mechanics.token_bucket import TokenBucket
from simulator.mechanics.workflows.task_ports import PREFIX, echoed, error_of
from simulator.mechanics.workflows.task_settings import ANY_STATE, TaskResult, TaskSettings
from simulator.vocabulary import Verb

if TYPE_CHECKING:
    from simulator.engine.network import Network
    from simulator.vocabulary import ParameterSet

TYPES_KEPT = 4096
HTTP_TIMEOUT_S = 60.0


class TaskCounts:
    """Tasks of one family (functions, activities, service integrations): how many, and how long."""

    __slots__ = ("failed", "run_time", "schedule_time", "scheduled", "started", "succeeded", "time", "timed_out")

    def __init__(self) -> None:
        self.scheduled = self.started = self.succeeded = self.failed = self.timed_out = 0
        self.schedule_time, self.run_time, self.time = Spread(), Spread(), Spread()


class OpenExecution:
    """An execution under way, and the message that started it."""

    __slots__ = ("booked_s", "execution", "message", "reply", "started_s", "wire")

    def __init__(self, message: Message, execution: Execution, now_s: float, wire: Wire | None, reply: Callable[[Message, Refusal | None], None] | None) -> None:
        self.message = message
        self.execution = execution
        self.started_s = self.booked_s = now_s
        self.wire = wire
        self.reply = reply


@dataclass(frozen=True, slots=True, eq=False)
class RequestType(MessageType):
    """The type of what a task sends: a message that still has it is that very request."""

    sender: str = ""


OpenToken = tuple[Task, TaskSettings, MessageType | None]
"""A task that waits for its token, what the user says of it, and the type of the message that carried the token."""


class Activity:
    """Workers that poll an activity: each takes one task at a time, the oldest first."""

    __slots__ = ("free", "line")

    def __init__(self, workers: int) -> None:
        self.free = workers
        self.line: deque[tuple[Task, TaskSettings]] = deque()


class TaskHost(Node):
    """A node whose executions have tasks: it calls, waits for tokens, and lets workers of activities come."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.settings_by_state: dict[str, TaskSettings] = {ANY_STATE: TaskSettings()}
        self.open: dict[Execution, OpenExecution] = {}
        self.families = {"lambda": TaskCounts(), "activity": TaskCounts(), "service": TaskCounts()}
        self.tokens: dict[tuple[int, float], deque[OpenToken]] = {}
        self.waiting_tokens = self.lost_tokens = self.late_tokens = self.waiting_workers = 0
        self.task_fails_share, self.failing_task = 0.0, ""
        self._activities: dict[str, Activity] = {}
        self._types: OrderedDict[tuple[str, str, str], MessageType] = OrderedDict()
        self._draws: dict[str, tuple[Callable[[], float], Callable[[], float] | None]] = {}
        self._causes: dict[tuple[str, str], Cause] = {}
        self._chance = self.stream("results").uniform

    # -- what the service provides --------------------------------------------------------------------------------------

    def http_bucket(self) -> TokenBucket:
        """HTTP Tasks of the account."""
        raise NotImplementedError

    def settings_of(self, state: str) -> TaskSettings:
        """What the user says of a Task state."""
        listed = self.settings_by_state
        return listed.get(state) or listed[ANY_STATE]

    # -- time and causes ------------------------------------------------------------------------------------------------

    def after(self, seconds: float, call: Callable[[], None]) -> Callable[[], None]:
        booking = [call]
        self.agenda.at(self.agenda._now + seconds, _carry_out, booking)
        return booking.clear

    def _book(self, one: OpenExecution, cause: Cause) -> None:
        """Book the time since the last booking. What branches do at once is booked to whatever ends first, the rest to what ends later."""
        now_s: float = self.agenda._now
        if now_s > one.booked_s:
            spend(one.message, cause, one.booked_s, now_s)
            one.booked_s = now_s

    def _waited(self, execution: Execution, cause: Cause) -> None:
        one = self.open.get(execution.top)
        if one is not None:
            self._book(one, cause)

    def _cause_at(self, kind: str, state: str, title: str, culprit: Culprit, capacity: bool) -> Cause:
        cause = self._causes.get((kind, state))
        if cause is None:
            cause = self._causes[kind, state] = self.cause(f"{kind}:{state}", title, culprit, capacity=capacity)
        return cause

    def _work_for(self, task: Task, seconds: float, done: Callable[[], None]) -> None:
        """Let a worker work on a task for a time, which is booked unless nobody waits for it any more."""

        def over(_: None) -> None:
            if task.open:
                self._waited(task.execution, self._task_cause(task.state))
            done()

        self.agenda.at(self.agenda._now + seconds, over)

    # -- tasks ----------------------------------------------------------------------------------------------------------

    def do(self, task: Task) -> None:
        settings = self.settings_of(task.state)
        if not task.reads:
            self._follow(task)
        if self.task_fails_share and self.failing_task in ("", task.state) and self._chance() < self.task_fails_share:
            self.after(0.0, lambda: _told(task.fail("States.TaskFailed", "The task fails, as asked for")))
            return
        wires = self.wires_out.get(PREFIX + task.state, ())
        if task.resource.service == "activity" and not task.reads:
            self._enqueue(task, settings)
        elif task.resource.service == "http" and not task.reads and not self.http_bucket().take_all(1, self.agenda._now):
            self.after(0.0, lambda: _told(task.fail("States.Http.ThrottlingException", "HTTP Tasks of the account used up")))
        elif not wires or task.reads:
            task.started()
            self._work(task, settings)
        elif wires[0].source_port.verb is Verb.INVOKE:
            self._invoke(task, wires[0], settings)
        else:
            self._send(task, wires[0], settings)

    def _follow(self, task: Task) -> None:
        """Count what becomes of a task, and how long it took."""
        resource = task.resource
        family = self.families["activity" if resource.service == "activity" else "lambda" if resource.action == "function" or resource.service == "unknown" else "service"]
        scheduled_s = self.agenda._now
        started: list[float] = []
        family.scheduled += 1

        def told(word: str) -> None:
            now_s = self.agenda._now
            if word == "Started":
                family.started += 1
                family.schedule_time.add(now_s - scheduled_s)
                started.append(now_s)
                return
            if word == "Submitted":
                return
            if word == "Succeeded":
                family.succeeded += 1
            elif word == "Failed":
                family.failed += 1
            else:
                family.timed_out += 1
                self._waited(task.execution, self._task_cause(task.state))
            family.run_time.add(now_s - (started[0] if started else scheduled_s))
            family.time.add(now_s - scheduled_s)

        task.on_told = told

    def _culprit_of(self, state: str) -> Culprit:
        wires = self.wires_out.get(PREFIX + state, ())
        return Culprit(wires[0].target.id) if wires else Culprit(self.id, "tasks")

    def _task_cause(self, state: str) -> Cause:
        wires = self.wires_out.get(PREFIX + state, ())
        return self._cause_at("task", state, f"Task {state}: {wires[0].target.name}" if wires else f"Task {state}", self._culprit_of(state), False)

    def _samplers(self, state: str, settings: TaskSettings) -> tuple[Callable[[], float], Callable[[], float] | None]:
        made = self._draws.get(state)
        if made is None:
            token_s = settings.token_after.sampler(self.stream(f"token {state}")) if settings.token_after is not None else None
            made = self._draws[state] = (settings.duration.sampler(self.stream(f"duration {state}")), token_s)
        return made

    def _work(self, task: Task, settings: TaskSettings) -> None:
        """Let the time of a task pass that no node takes."""
        if task.resource.runs_a_job:
            task.submitted()
        if task.resource.pattern == ".waitForTaskToken":
            self._await_token(task, settings, None)
            return
        self._beat(task, settings)
        self._work_for(task, self._samplers(task.state, settings)[0](), lambda: self._answer(task, settings))

    def _answer(self, task: Task, settings: TaskSettings, request: Message | None = None) -> None:
        """End a task with what it returns."""
        if not task.open:
            return
        chosen: TaskResult | None = drawn(self._chance(), [(result.share, result) for result in settings.results]) if settings.results else None
        if chosen is not None and chosen.error:
            task.fail(chosen.error, chosen.cause)
        elif chosen is not None and chosen.output is not None:
            task.succeed(chosen.output)
        elif request is not None and hasattr(request, "answer"):
            task.succeed(request.answer)
        else:
            task.succeed(echoed(task.resource, task.arguments))

    def _request(self, task: Task) -> Message | None:
        """The message that carries a task's arguments; None if the execution is over."""
        one = self.open.get(task.execution.top)
        if one is None:
            return None
        text = json.dumps(task.arguments, ensure_ascii=False, separators=(",", ":"))
        request = one.message.copy()
        request.count = 1
        request.type = self._type_of(task.state, text, task.arguments, one.message.type)
        request.size_bytes = max(1, len(text.encode("utf-8", "surrogatepass")))
        return request

    def _type_of(self, state: str, text: str, body: Any, like: MessageType) -> MessageType:
        """One message type for all requests of a state that say the same, so that filters are evaluated once."""
        known = self._types.get((state, text, like.name))
        if known is None:
            known = self._types[state, text, like.name] = RequestType(state, max(1, len(text)), like.attributes, body, like.failure_probability, like.draw_key, sender=self.id)
            if len(self._types) > TYPES_KEPT:
                self._types.popitem(last=False)
        return known

    def _invoke(self, task: Task, wire: Wire, settings: TaskSettings) -> None:
        request = self._request(task)
        if request is None:
            return
        task.started()
        calls_back = task.resource.pattern == ".waitForTaskToken"
        if calls_back:
            self._await_token(task, settings, request.type)  # before the request leaves: the token may come back before the answer
        elif task.resource.runs_a_job:
            task.submitted()

        def replied(answered: Message, refusal: Refusal | None) -> None:
            if refusal is None:
                self.copied += 1  # what the target worked on was a copy of the execution's message, and it has that now
            if task.open:
                self._waited(task.execution, self._task_cause(task.state))
            if refusal is not None:
                task.fail(error_of(task.resource, refusal), refusal.title)
            elif not calls_back:
                self._answer(task, settings, answered)

        wire.invoke(request, replied, HTTP_TIMEOUT_S if task.resource.service == "http" else None)

    def _send(self, task: Task, wire: Wire, settings: TaskSettings) -> None:
        request = self._request(task)
        if request is None:
            return
        task.started()
        if task.resource.pattern == ".waitForTaskToken":
            self._await_token(task, settings, request.type)  # before the request leaves: it may come back at once
        refusal = wire.send(request)
        if refusal is not None:
            self.after(0.0, lambda: _told(task.fail(error_of(task.resource, refusal), refusal.title)))
            return
        self.copied += 1
        if task.resource.pattern != ".waitForTaskToken":
            self.after(0.0, lambda: self._answer(task, settings))

    # -- tokens and heartbeats ------------------------------------------------------------------------------------------

    def _await_token(self, task: Task, settings: TaskSettings, carrier: MessageType | None) -> None:
        task.submitted()
        if not task.open:
            return
        self.waiting_tokens += 1
        one = self.open[task.execution.top]
        key = (one.message.number, one.message.born_s)
        entry = (task, settings, carrier)

        def over() -> None:
            self.waiting_tokens -= 1
            line = self.tokens.get(key)
            if line is not None and entry in line:
                line.remove(entry)
                if not line:
                    del self.tokens[key]

        def told(word: str) -> None:
            self._waited(task.execution, cause)
            if word in ("Succeeded", "Failed"):
                over()
            if count is not None:
                count(word)

        count, task.on_told, task.on_abandon = task.on_told, told, over
        cause = self._cause_at("token", task.state, f"Waiting for the task token of {task.state}", self._culprit_of(task.state), True)
        if settings.token_lost_share and self._chance() < settings.token_lost_share:
            self.lost_tokens += 1
            return
        self._beat(task, settings)
        token_s = self._samplers(task.state, settings)[1]
        if token_s is None:
            self.tokens.setdefault(key, deque()).append(entry)
        else:
            self.after(token_s(), lambda: self.token_returned(task, settings))

    def token_returned(self, task: Task, settings: TaskSettings) -> None:
        """SendTaskSuccess or SendTaskFailure with a task's token."""
        if task.open:
            self._answer(task, settings)
        else:
            self.late_tokens += 1

    def task_with(self, message: Message) -> OpenToken | None:
        """The task whose token comes back with ``message``; None if it has ended.

        A message that still is what was sent names the attempt by the token in its body. One that was made into something else returns the token
        of the task that has waited longest of those that its execution waits for.
        """
        line = self.tokens.get((message.number, message.born_s))
        if not line:
            return None
        exact = next((entry for entry in line if entry[2] is message.type), None)
        return exact or (None if isinstance(message.type, RequestType) and message.type.sender == self.id else line[0])

    def _beat(self, task: Task, settings: TaskSettings) -> None:
        every_s = settings.heartbeat_every_s
        if every_s is None or task.heartbeat_s is None:
            return

        def beat(_: None) -> None:
            if task.open:
                task.heartbeat()
                self.agenda.at(self.agenda._now + every_s, beat)

        self.agenda.at(self.agenda._now + every_s, beat)

    # -- activities -----------------------------------------------------------------------------------------------------

    def _enqueue(self, task: Task, settings: TaskSettings) -> None:
        activity = self._activities.get(task.resource.action)
        if activity is None:
            activity = self._activities[task.resource.action] = Activity(settings.workers)
        activity.line.append((task, settings))
        self.waiting_workers += 1
        task.on_abandon = partial(self._left_line, activity, task)
        self._serve(activity)

    def _left_line(self, activity: Activity, task: Task) -> None:
        before = len(activity.line)
        activity.line = deque(entry for entry in activity.line if entry[0] is not task)
        self.waiting_workers -= before - len(activity.line)

    def _serve(self, activity: Activity) -> None:
        while activity.free and activity.line:
            task, settings = activity.line.popleft()
            self.waiting_workers -= 1
            self._waited(task.execution, self._cause_at("activity", task.state, f"Waiting for a worker of {task.resource.action}", Culprit(self.id, "tasks"), True))
            task.on_abandon = None
            activity.free -= 1
            task.started()
            self._beat(task, settings)
            self._work_for(task, self._samplers(task.state, settings)[0](), partial(self._worker_done, activity, task, settings))

    def _worker_done(self, activity: Activity, task: Task, settings: TaskSettings) -> None:
        activity.free += 1
        self.token_returned(task, settings)
        self._serve(activity)


def _carry_out(booking: list[Callable[[], None]]) -> None:
    if booking:
        booking.pop()()


def _told(_: object) -> None:
    """An answer may come too late; then nobody waits for it."""


def drawn(chance: float, choices: list[tuple[float, Any]]) -> Any:
    """One of the choices, by their shares."""
    left = chance * sum(share for share, _ in choices)
    for share, chosen in choices:
        left -= share
        if left < 0:
            return chosen
    return choices[-1][1]
