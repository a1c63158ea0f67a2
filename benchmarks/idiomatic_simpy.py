"""The pipeline as a SimPy user would write it: a process for each message, a `Resource` for the workers.

A topic copies each message to two queues with ten workers each. There are two families:

- `pipeline` notes waits and latencies and nothing else. It is *not* the model of the diagram: its queue is a waiting line, with no visibility
  timeout, receive count or retention. It comes in two forms, as lean as the idiom allows (the publisher starts one process for each copy), and hop by
  hop (the topic's delivery of a message is a process that waits for its copies to be done with).
- `same_model` does what the diagram does with a message: a topic that copies, queues with visibility timeout, receive count and dead letters, retention,
  workers that receive and delete, levels weighted by time and sampled as often as frames are made, the counters, and the latencies. A visibility timeout is
  either a timeout beside the work (``timeout | timeout``, the idiom of SimPy's manual), or one process for each queue rings all of them (faster, because hardly
  any ring).

All use Python's own `random`, which is faster for single numbers than NumPy.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

Steps = Generator[Any, Any, None]


@dataclass(frozen=True)
class Settings:
    """How the pipeline is set. ``delivery`` is the (mu, sigma) of the lognormal latency from topic to queue; None: it takes no time."""

    rate_per_s: float
    workers: int
    service_s: float
    delivery: tuple[float, float] | None = None
    request_s: float = 0.0
    visibility_timeout_s: float = 30.0
    retention_s: float = 345_600.0
    max_receive_count: int = 10


def pipeline(messages: int, settings: Settings, seed: int = 1, *, by_hop: bool = False) -> tuple[list[float], list[float]]:
    """Simulate; return the waits and the latencies of all copies in seconds."""
    environment = simpy.Environment()
    draw = random.Random(seed)
    queues = [simpy.Resource(environment, settings.workers) for _ in range(2)]
    waits: list[float] = []
    latencies: list[float] = []

    def copy(queue: simpy.Resource) -> Steps:
        published_s = environment.now
        if settings.delivery:
            yield environment.timeout(draw.lognormvariate(*settings.delivery))
        arrived_s = environment.now
        with queue.request() as turn:
            yield turn
            waits.append(environment.now - arrived_s)
            if settings.request_s:
                yield environment.timeout(settings.request_s)
            yield environment.timeout(draw.expovariate(1 / settings.service_s))
            latencies.append(environment.now - published_s)
            if settings.request_s:
                yield environment.timeout(settings.request_s)

    def deliver() -> Steps:
        yield environment.all_of([environment.process(copy(queue)) for queue in queues])

    def publish() -> Steps:
        for _ in range(messages):
            yield environment.timeout(draw.expovariate(settings.rate_per_s))
            if by_hop:
                environment.process(deliver())
                continue
            for queue in queues:
                environment.process(copy(queue))

    environment.process(publish())
    environment.run()
    return waits, latencies


# -- the same model ---------------------------------------------------------------------------------------------------

SAMPLES = 600


class Level:
    """A level weighted by time, and its maximum."""

    def __init__(self, environment: simpy.Environment) -> None:
        self.environment = environment
        self.value = self.maximum = 0
        self.area = self.changed_s = 0.0

    def change(self, by: int) -> None:
        now_s = self.environment.now
        self.area += self.value * (now_s - self.changed_s)
        self.changed_s = now_s
        self.value += by
        if self.value > self.maximum:
            self.maximum = self.value


class Copy:
    """A message in one queue."""

    __slots__ = ("gone", "process", "published_s", "receives", "sent_s", "visible_s", "waiting")

    def __init__(self, published_s: float) -> None:
        self.published_s = published_s
        self.receives = 0
        self.gone = self.waiting = False


@dataclass
class Queue:
    """A queue with its workers: each message in it is a process, from its arrival until it is deleted."""

    environment: simpy.Environment
    settings: Settings
    draw: random.Random
    timer_each: bool = False
    """A timeout beside the work of each receive; otherwise one process rings them all."""
    dead_letters: Callable[[Copy], None] | None = None
    sent: int = 0
    received: int = 0
    deleted: int = 0
    timed_out: int = 0
    stale_deletes: int = 0
    expired: int = 0
    waits: list[float] = field(default_factory=list)
    durations: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    samples: list[tuple[int, int, int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        environment = self.environment
        self.workers = simpy.Resource(environment, self.settings.workers)
        self.visible, self.in_flight, self.busy = Level(environment), Level(environment), Level(environment)
        self.by_age: deque[Copy] = deque()
        self.hidden: deque[tuple[float, Copy, int]] = deque()
        self._stored, self._hides = environment.event(), environment.event()
        environment.process(self._keep_retention())
        if not self.timer_each:
            environment.process(self._ring_timeouts())

    def send(self, copy: Copy) -> None:
        """Store a message."""
        copy.sent_s = self.environment.now
        self.sent += 1
        self.by_age.append(copy)
        if not self._stored.triggered:
            self._stored.succeed()
        self._show(copy)

    def _show(self, copy: Copy) -> None:
        """The message can be received: a worker will, as soon as one is free."""
        copy.visible_s = self.environment.now
        copy.waiting = True
        self.visible.change(1)
        copy.process = self.environment.process(self._attempt(copy))

    def _attempt(self, copy: Copy) -> Steps:
        with self.workers.request() as turn:
            try:
                yield turn
            except simpy.Interrupt:  # deleted late, or too old
                return
            if not self._receive(copy):
                return
            self.busy.change(1)
            yield from self._work_on(copy, copy.receives)
            self.busy.change(-1)

    def _work_on(self, copy: Copy, attempt: int) -> Steps:
        environment, request_s = self.environment, self.settings.request_s
        timer = environment.timeout(self.settings.visibility_timeout_s) if self.timer_each else None
        if timer is None:
            self.hidden.append((environment.now + self.settings.visibility_timeout_s, copy, attempt))
            if not self._hides.triggered:
                self._hides.succeed()
        if request_s:
            yield environment.timeout(request_s)
        started_s = environment.now
        work = environment.timeout(self.draw.expovariate(1 / self.settings.service_s))
        if timer is None:
            yield work
        else:
            yield work | timer
            if not work.processed:
                self._time_out(copy)
                yield work
        self.durations.append(environment.now - started_s)
        self._delete(copy, attempt)
        if request_s:
            yield environment.timeout(request_s)

    def _receive(self, copy: Copy) -> bool:
        self.visible.change(-1)
        copy.waiting = False
        copy.receives += 1
        if self.dead_letters is not None and copy.receives > self.settings.max_receive_count:
            copy.gone = True
            self.dead_letters(copy)
            return False
        self.waits.append(self.environment.now - copy.visible_s)
        self.received += 1
        self.in_flight.change(1)
        return True

    def _delete(self, copy: Copy, attempt: int) -> None:
        """Delete with the receipt of an attempt: it does nothing if the message was received again since."""
        if copy.gone or copy.receives != attempt:
            self.stale_deletes += 1
            return
        self._remove(copy)
        self.deleted += 1
        self.latencies.append(self.environment.now - copy.published_s)

    def _time_out(self, copy: Copy) -> None:
        """The message can be received again, while the worker that is late goes on."""
        self.timed_out += 1
        self.in_flight.change(-1)
        self._show(copy)

    def _ring_timeouts(self) -> Steps:
        """The visibility timeouts of the queue, which end in the order in which they began."""
        while True:
            while self.hidden:
                deadline_s, copy, attempt = self.hidden.popleft()
                if copy.gone or copy.receives != attempt:
                    continue
                if deadline_s > self.environment.now:
                    yield self.environment.timeout(deadline_s - self.environment.now)
                if not copy.gone and copy.receives == attempt:
                    self._time_out(copy)
            self._hides = self.environment.event()
            yield self._hides

    def _keep_retention(self) -> Steps:
        """Delete what has become too old."""
        while True:
            while self.by_age:
                oldest = self.by_age[0]
                if not oldest.gone:
                    due_s = oldest.sent_s + self.settings.retention_s
                    if due_s > self.environment.now:
                        yield self.environment.timeout(due_s - self.environment.now)
                        continue
                    self._remove(oldest)
                    self.expired += 1
                self.by_age.popleft()
            self._stored = self.environment.event()
            yield self._stored

    def _remove(self, copy: Copy) -> None:
        """The message is gone, wherever it was: its timeout may have run out, so that it waits again."""
        copy.gone = True
        if copy.waiting:
            self.visible.change(-1)
            copy.process.interrupt()
        else:
            self.in_flight.change(-1)

    def sample(self) -> None:
        """Note the levels, and the age of the oldest message."""
        while self.by_age and self.by_age[0].gone:
            self.by_age.popleft()
        age_s = self.environment.now - self.by_age[0].sent_s if self.by_age else 0.0
        self.samples.append((self.visible.value, self.in_flight.value, self.busy.value, age_s))


def same_model(messages: int, settings: Settings, seed: int = 1, *, timer_each: bool = False) -> list[Queue]:
    """Simulate for as long as so many messages take to be published; return the queues with what they measured."""
    environment = simpy.Environment()
    draw = random.Random(seed)
    queues = [Queue(environment, settings, draw, timer_each) for _ in range(2)]
    duration_s = messages / settings.rate_per_s

    def deliver(queue: Queue, copy: Copy) -> Steps:
        yield environment.timeout(draw.lognormvariate(*settings.delivery or (0.0, 0.0)))
        queue.send(copy)

    def publish() -> Steps:
        while True:
            yield environment.timeout(draw.expovariate(settings.rate_per_s))
            for queue in queues:
                copy = Copy(environment.now)
                if settings.delivery:
                    environment.process(deliver(queue, copy))
                else:
                    queue.send(copy)

    def sample() -> Steps:
        while True:
            yield environment.timeout(duration_s / SAMPLES)
            for queue in queues:
                queue.sample()

    environment.process(publish())
    environment.process(sample())
    environment.run(until=duration_s)
    return queues
