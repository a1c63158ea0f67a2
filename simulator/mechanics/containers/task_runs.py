"""Tasks that are run for one piece of work each (RunTask): launched for a message or a request, and gone when it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.containers.fargate_tasks import Task, TaskFleet, TaskLaunches
from simulator.mechanics.work_calls import WorkCalls


class RunningService(Protocol):
    """The service in whose name tasks are run."""

    id: str
    name: str
    agenda: Agenda
    account: TaskLaunches
    fleet: TaskFleet
    calls: WorkCalls | None
    durations: Spread
    errors: int
    entered: int
    working: Cause

    def cause(self, name: str, title: str, culprit: Culprit | None = None, *, capacity: bool = True) -> Cause:
        """A reason for waiting."""

    def work_s(self, batch: Sequence[Message]) -> float:
        """Draw how long the work on these messages takes."""

    def failing(self, message: Message) -> int:
        """Draw how many of the messages of this token fail."""

    def note_failed_calls(self, messages: Sequence[Message]) -> None:
        """Calls failed that these messages need."""

    def publish(self, message: Message, first: bool = True) -> bool:
        """Send what processing results in."""

    def passed(self, message: Message, first: bool) -> None:
        """The message was processed."""

    def lose(self, message: Message, name: str, title: str) -> None:
        """The message is gone."""


class TaskRun:
    """One piece of work, and the task that is run for it. Who waits for its end has a ``wire`` and a ``reply``."""

    __slots__ = ("asked_s", "message", "reply", "started_s", "task", "wire")

    def __init__(self, message: Message, asked_s: float, wire: Wire | None, reply: Reply | None) -> None:
        self.message = message
        self.asked_s = asked_s
        self.started_s: float | None = None
        self.wire = wire
        self.reply = reply
        self.task: Task | None = None


class TaskRuns:
    """All tasks that are run for one piece of work now."""

    def __init__(self, service: RunningService) -> None:
        self.service = service
        self.agenda = service.agenda
        self.throttled = 0
        self.runs: dict[Task, TaskRun] = {}
        self._coming_up = service.cause("task_start", "The task is starting", Culprit(service.id, "image_mb"), capacity=False)

    @property
    def running(self) -> int:
        """Tasks that have begun with their work."""
        return sum(run.started_s is not None for run in self.runs.values())

    def held(self) -> int:
        """Messages that are the service's."""
        return sum(run.message.count for run in self.runs.values() if run.reply is None)

    def accept(self, message: Message) -> Refusal | None:
        """Run a task for each of these messages; nobody waits for their ends."""
        refusal = self._refusal(message.count)
        if refusal is not None:
            return refusal
        service = self.service
        service.entered += message.count
        while message.count > 1:
            self._accepted(message.split(1))
        self._accepted(message)
        return None

    def _accepted(self, message: Message) -> None:
        refusal = self._run(TaskRun(message, self.agenda._now, None, None))
        if refusal is not None:
            self.service.lose(message, refusal.cause, refusal.title)

    def invoke(self, message: Message, wire: Wire, reply: Reply) -> None:
        """Run a task for a request, which is answered when it ends."""
        refusal = self._refusal(message.count)
        while refusal is None and message.count > 1:
            self._asked(message.split(1), wire, reply)
        if refusal is None:
            self._asked(message, wire, reply)
        else:
            wire.answered(message, refusal)
            reply(message, refusal)

    def _asked(self, message: Message, wire: Wire, reply: Reply) -> None:
        refusal = self._run(TaskRun(message, self.agenda._now, wire, reply))
        if refusal is not None:
            wire.answered(message, refusal)
            reply(message, refusal)

    def _refusal(self, count: int) -> Refusal | None:
        if self.service.account.calls.take_all(count, self.agenda._now):
            return None
        self.throttled += count
        return Refusal(Outcome.THROTTLED, "run_task_rate", "RunTask is called too often", status=400)

    def _run(self, run: TaskRun) -> Refusal | None:
        fleet = self.service.fleet
        if not self.service.account.has_room(fleet.vcpu):
            return Refusal(Outcome.FAILED, "vcpu_quota", "The account's virtual CPUs are used up")
        task = run.task = Task(self._begins)
        self.runs[task] = run
        fleet.launch(task)
        return None

    def _begins(self, task: Task) -> None:
        now_s, service = self.agenda._now, self.service
        run = self.runs[task]
        run.started_s = now_s
        spend(run.message, self._coming_up, run.asked_s, now_s)
        service.fleet.running.add(1, now_s)
        then: Callable[[TaskRun], None] = self._ends if service.calls is None else self._call_others
        self.agenda.at(now_s + service.work_s((run.message,)), self._worked, (run, then))

    def _worked(self, worked: tuple[TaskRun, Callable[[TaskRun], None]]) -> None:
        run, then = worked
        if run.started_s is not None:
            spend(run.message, self.service.working, run.started_s, self.agenda._now)
        then(run)

    def _call_others(self, run: TaskRun) -> None:
        if self.service.calls is not None:
            behalf = None if run.wire is None else (run.wire, run.message)
            self.service.calls.begin((run.message,), partial(self._called, run), behalf=behalf)

    def _called(self, run: TaskRun, failed: Sequence[Message], _: bool) -> None:
        self.service.note_failed_calls(failed)
        self._ends(run)

    def _ends(self, run: TaskRun) -> None:
        now_s, service, message = self.agenda._now, self.service, run.message
        assert run.task is not None and run.started_s is not None  # noqa: S101, PT018 - narrows the types
        del self.runs[run.task]
        service.fleet.end_alone(run.task)
        service.durations.add(now_s - run.started_s)
        refusal = None
        if service.failing(message) or not service.publish(message):
            service.errors += message.count
            refusal = Refusal(Outcome.FAILED, "task_failed", f"The task of {service.name} failed")
        if run.wire is None or run.reply is None:
            if refusal is not None:
                service.lose(message, refusal.cause, "The task failed")
            else:
                service.passed(message, first=True)
            return
        in_time = run.wire.answered(message, refusal)
        if refusal is None:
            service.passed(message, first=in_time)
        run.reply(message, refusal)
