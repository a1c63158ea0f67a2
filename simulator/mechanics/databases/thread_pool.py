"""A pool of threads with a bounded queue in front of it, first come, first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message
from simulator.engine.node import Reply
from simulator.engine.wire import Wire
from simulator.measures import Gauge


class Job:
    """A request that waits or is worked on; ``reply`` is None where no one waits for an answer."""

    __slots__ = ("came_s", "message", "reply", "since_s", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply | None, now_s: float) -> None:
        self.message = message
        self.wire = wire
        self.reply = reply
        self.came_s = self.since_s = now_s


class ThreadPool:
    """``threads`` jobs run at once; ``begin`` starts one. ``queue_limit`` None: any number may wait.

    ``busy`` and ``waiting`` are gauges of the owner, which several pools may share.
    """

    __slots__ = ("_agenda", "_begin", "_busy", "_queue", "_queue_limit", "_waiting", "running", "threads")

    def __init__(self, agenda: Agenda, threads: int, queue_limit: int | None, begin: Callable[[Job], None], busy: Gauge, waiting: Gauge) -> None:
        self._agenda = agenda
        self._begin = begin
        self._queue: deque[Job] = deque()
        self._queue_limit = queue_limit
        self._busy = busy
        self._waiting = waiting
        self.threads = threads
        self.running = 0

    def offer(self, job: Job) -> bool:
        """Run the job now, or let it wait; False if there is no room."""
        if self.running < self.threads:
            self._start(job)
            return True
        if self._queue_limit is not None and len(self._queue) >= self._queue_limit:
            return False
        self._queue.append(job)
        self._waiting.add(1, self._agenda._now)
        return True

    def ended(self) -> None:
        """One job ended: the next may begin."""
        self.running -= 1
        self._busy.add(-1, self._agenda._now)
        if self._queue and self.running < self.threads:
            self._waiting.add(-1, self._agenda._now)
            self._start(self._queue.popleft())

    def resize(self, threads: int) -> None:
        """From now on so many run at once; those that run go on."""
        self.threads = threads
        while self._queue and self.running < threads:
            self._waiting.add(-1, self._agenda._now)
            self._start(self._queue.popleft())

    def _start(self, job: Job) -> None:
        self.running += 1
        self._busy.add(1, self._agenda._now)
        self._begin(job)
