"""Tasks on Fargate: how they are launched, come up, run and stop, and what they cost.

Launches take a token of the account's bucket, and a task pulls its image before it runs. A task that is to stop takes no more
work; what it still works on when its stop timeout ends is lost. AWS publishes no start time: it follows from parameters.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.streams import Stream
from simulator.measures import Gauge
from simulator.mechanics.token_bucket import TokenBucket
from simulator.vocabulary import Values

SHORTEST_BILL_S = 60.0
LONGEST_PAUSE_S = 900.0
QUOTA_PAUSE_S = 15.0


class TaskLaunches:
    """What all services of an account share: the launch rate, the rate of RunTask, and the quota of virtual CPUs."""

    def __init__(self, limits: Values) -> None:
        self.bucket = TokenBucket(limits.launches_per_s, limits.launch_burst)
        self.calls = TokenBucket(limits.run_task_per_s, limits.run_task_per_s)
        self.vcpu_quota: float = math.inf if limits.vcpu_quota is None else limits.vcpu_quota
        self.vcpu = 0.0

    def has_room(self, vcpu: float) -> bool:
        """Whether a task of this size may be launched beside those there are."""
        return self.vcpu + vcpu <= self.vcpu_quota + 1e-9


class Task:
    """One task, from its launch to its end."""

    __slots__ = ("ended", "pulls_s", "started")

    def __init__(self, started: Callable[[Task], None]) -> None:
        self.started = started
        self.pulls_s = math.inf
        self.ended = False


class TaskOwner(Protocol):
    """The service whose tasks they are."""

    parameters: Values
    agenda: Agenda

    def stream(self, purpose: str) -> Stream:
        """A random stream of the service's own."""

    def capacity_changed(self) -> None:
        """More or fewer tasks can work now."""

    def excess(self) -> int:
        """How much work is in progress beyond what running tasks can hold: it is on tasks that stop."""

    def abandon(self, count: int) -> None:
        """So much work in progress is lost: its task is killed."""


class TaskFleet:
    """The tasks of one service: those it wants, and those there are."""

    def __init__(self, owner: TaskOwner, account: TaskLaunches) -> None:
        self._owner, self._account, self._agenda = owner, account, owner.agenda
        self._values = owner.parameters
        self.vcpu = int(self._values.cpu_units) / 1024
        self._start_s = owner.stream("task start").draws(lambda generator: generator.uniform(-1.0, 1.0, 256))
        self._own = TokenBucket(self._values.service_launches_per_min / 60, account.bucket.burst)
        self._unlaunched: deque[Task] = deque()
        self._booked = False
        self._running: list[Task] = []
        self._pending: list[Task] = []
        self._stopping: deque[Task] = deque()
        self.desired = 0
        self.running, self.pending = Gauge(), Gauge()
        self.launched = self.failed_starts = self.quota_refusals = 0
        self.fails_to_start = False
        self._billed_s = 0.0

    # -- what the service wants ---------------------------------------------------------------------------------------

    def begin(self, number: int) -> None:
        """The run begins with so many tasks that run already."""
        self.desired = number
        for _ in range(number):
            task = Task(self._serve)
            task.pulls_s = 0.0
            self._account.vcpu += self.vcpu
            self.running.add(1, 0.0)
            self._running.append(task)
        self._owner.capacity_changed()

    def want(self, number: int) -> None:
        """From now on there are to be so many tasks of the service."""
        self.desired = number
        while len(self._running) + len(self._pending) > number and self._pending:
            self._cancel(self._pending[-1])
        if len(self._running) > number:
            self.stop(len(self._running) - number)
        self.replace()

    def replace(self) -> None:
        """Launch what is missing."""
        for _ in range(self.desired - len(self._running) - len(self._pending)):
            task = Task(self._serve)
            self._pending.append(task)
            self.launch(task)
        self._owner.capacity_changed()

    def stop(self, number: int) -> None:
        """Send SIGTERM to so many running tasks, the youngest first: they take no more work."""
        now_s: float = self._agenda._now
        for _ in range(min(number, len(self._running))):
            self._stopping.append(self._running.pop())
            self.running.add(-1, now_s)
            self._agenda.at(now_s + self._values.stop_timeout_s, self._kill, self._stopping[-1])
        self._owner.capacity_changed()
        self.drained()

    # -- launching ----------------------------------------------------------------------------------------------------

    def launch(self, task: Task) -> None:
        """Launch a task as soon as the rates allow it."""
        self._unlaunched.append(task)
        self.pending.add(1, self._agenda._now)
        if not self._booked:
            self._launch_some(None)

    def _launch_some(self, _: None) -> None:
        self._booked = False
        now_s: float = self._agenda._now
        while self._unlaunched:
            pause_s = self._refused_for(now_s)
            if pause_s > 0:
                self._booked = True
                self._agenda.at(now_s + pause_s, self._launch_some)
                return
            self._pull(self._unlaunched.popleft(), now_s)

    def _refused_for(self, now_s: float) -> float:
        """How long to wait before the next launch is tried; 0 if it may be made now, and its tokens are taken."""
        if not self._account.has_room(self.vcpu):
            self.quota_refusals += 1
            return QUOTA_PAUSE_S
        for bucket in (self._own, self._account.bucket):
            if bucket.available(now_s) < 1:
                return (1 - bucket.available(now_s)) / bucket.rate_per_s + 1e-6
        self._own.take(1, now_s)
        self._account.bucket.take(1, now_s)
        return 0.0

    def _pull(self, task: Task, now_s: float) -> None:
        values = self._values
        self.launched += 1
        self._account.vcpu += self.vcpu
        task.pulls_s = now_s + max(0.0, values.start_s + values.start_spread_s * self._start_s())
        image_s = values.image_mb * 1_000_000 / values.pull_bytes_per_s
        self._agenda.at(task.pulls_s + image_s, self._up, task)

    def _up(self, task: Task) -> None:
        if task.ended:
            return
        if self.fails_to_start:
            self.failed_starts += 1
            self._end(task)
            self.pending.add(-1, self._agenda._now)
            again = Task(task.started)
            if task in self._pending:
                self._pending[self._pending.index(task)] = again
            pause_s = min(2.0 ** min(self.failed_starts, 12), LONGEST_PAUSE_S)
            self.pending.add(1, self._agenda._now)
            self._agenda.at(self._agenda._now + pause_s, self._launch_again, again)
            return
        self.pending.add(-1, self._agenda._now)
        task.started(task)

    def _launch_again(self, task: Task) -> None:
        self.pending.add(-1, self._agenda._now)
        if not task.ended:
            self.launch(task)

    def _serve(self, task: Task) -> None:
        """A task of the service runs now."""
        self._pending.remove(task)
        self._running.append(task)
        self.running.add(1, self._agenda._now)
        self._owner.capacity_changed()

    def _cancel(self, task: Task) -> None:
        """A task that does not run yet is not wanted any more."""
        self._pending.remove(task)
        now_s: float = self._agenda._now
        if task in self._unlaunched:
            self._unlaunched.remove(task)
            task.ended = True
        else:
            self._end(task)
        self.pending.add(-1, now_s)

    # -- ending -------------------------------------------------------------------------------------------------------

    def drained(self) -> None:
        """Work ended: tasks that stop and have nothing left to do are gone."""
        while self._stopping and self._owner.excess() <= (len(self._stopping) - 1) * self._values.concurrency:
            self._end(self._stopping.popleft())

    def _kill(self, task: Task) -> None:
        """The stop timeout of a task has ended: what it still works on is lost."""
        if task.ended:
            return
        self._stopping.remove(task)
        left = self._owner.excess() - len(self._stopping) * self._values.concurrency
        self._owner.abandon(max(0, left))
        self._end(task)

    def end_alone(self, task: Task) -> None:
        """A task that was run for one piece of work is done."""
        self.running.add(-1, self._agenda._now)
        self._end(task)

    def _end(self, task: Task) -> None:
        task.ended = True
        if task.pulls_s < math.inf:
            self._account.vcpu -= self.vcpu
            self._billed_s += max(SHORTEST_BILL_S, self._agenda._now - task.pulls_s)

    def task_s(self, others: list[Task]) -> float:
        """Task-seconds on the bill: from the pull of the image to the end, a minute at least. ``others`` run for one piece of work."""
        now_s: float = self._agenda._now
        alive = [*self._running, *self._pending, *self._stopping, *others]
        return self._billed_s + sum(max(0.0, now_s - task.pulls_s) for task in alive if task.pulls_s < math.inf)
