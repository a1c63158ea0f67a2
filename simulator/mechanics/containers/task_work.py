"""Work on the tasks of a service: requests that are answered, and messages that are pulled from a queue, over the same slots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.node import Reply
from simulator.engine.outcomes import Culprit
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.polling import PullSource
from simulator.vocabulary import Values

WorkDone = Callable[[bool], None]
"""Called when a piece of work ends; true: its task was killed before."""


class Work:
    """A piece of work in progress: messages of one receive, or one request."""

    __slots__ = ("batch", "behalf", "done", "started_s")

    def __init__(self, batch: Sequence[Message], done: WorkDone, started_s: float, behalf: tuple[Wire, Message] | None = None) -> None:
        self.batch = batch
        self.behalf = behalf
        self.done = done
        self.started_s = started_s


class WaitingRequest:
    """A request that waits for a free slot."""

    __slots__ = ("came_s", "message", "reply", "wire")

    def __init__(self, message: Message, wire: Wire, reply: Reply, came_s: float) -> None:
        self.message = message
        self.wire = wire
        self.reply = reply
        self.came_s = came_s


class TaskService(Protocol):
    """The service whose tasks pull."""

    id: str
    name: str
    agenda: Agenda
    parameters: Values
    errors: int

    @property
    def free(self) -> int:
        """Slots of running tasks that have nothing to do."""

    @property
    def idle_tasks(self) -> float:
        """Running tasks that have a free slot."""

    def begin(self, batch: Sequence[Message], done: WorkDone, delay_s: float = 0.0) -> None:
        """Take a slot, and work on these messages after ``delay_s``."""

    def failing(self, message: Message) -> int:
        """Draw how many of the messages of this token fail."""

    def publish(self, message: Message, first: bool = True) -> bool:
        """Send what processing results in."""

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages were processed."""

    def tasks(self) -> tuple[float, float]:
        """How many tasks run, and how many are to."""


class TaskReceiver:
    """Pulls messages from a queue into free slots, with long polling."""

    def __init__(self, service: TaskService, wire: Wire, stream: Stream) -> None:
        self.service = service
        self.wire = wire
        self.settings = wire.parameters
        self.source: PullSource = wire.source  # type: ignore[assignment]
        self.agenda = service.agenda
        self._call_s = wire.parameters.request_latency.sampler(stream)
        queue = wire.source
        self._busy = queue.cause("tasks_busy", f"All tasks of {service.name} are busy", Culprit(service.id, "desired_count"))
        self._starting = queue.cause("task_start", f"Tasks of {service.name} are still starting", Culprit(service.id, "image_mb"))
        self._none = queue.cause("no_tasks", f"{service.name} has no running task", Culprit(service.id, "desired_count"))
        self._call = queue.cause("request_latency", "Request latency of the receive", Culprit(service.id, "request_latency", wire.id), capacity=False)
        self.bottleneck = Bottleneck(self._busy)
        self._counted_s = 0.0

    def note(self, now_s: float) -> None:
        """Name what messages wait for from now on."""
        running, pending = self.service.tasks()
        self.bottleneck.change(cut_cause(self.wire) if self.wire.cut else self._starting if pending else self._busy if running else self._none, now_s)

    def wake(self) -> bool:
        now_s: float = self.agenda._now
        self.note(now_s)
        while self.service.free > 0 and not self.wire.cut:
            batch = self.source.receive(self.settings.max_number_of_messages, self.bottleneck, self.service.id, None)
            if not batch:
                if self.source.is_full():
                    self.bottleneck.change(self.source.full_cause, now_s)
                self.source.wait(self)
                return True
            self._take(batch, now_s)
        return False

    def _take(self, batch: list[Message], now_s: float) -> None:
        self.wire.depart(sum(delivery.count for delivery in batch))
        delay_s = float(self._call_s())
        for delivery in batch:
            spend(delivery, self._call, now_s, now_s + delay_s)
        self.service.begin(batch, lambda killed: self._done(batch, killed), delay_s)

    def _done(self, batch: list[Message], killed: bool) -> None:
        succeeded, failed = ([], batch) if killed else self._sort(batch)
        if succeeded:
            self.service.take_over(self.wire, succeeded)
        if failed:
            count = sum(delivery.count for delivery in failed)
            self.service.errors += count
            self.wire.settle(count, 0)
            self.source.give_back(failed)

    def _sort(self, batch: list[Message]) -> tuple[list[Message], list[Message]]:
        """Which messages succeeded, and which failed; in an ordered queue those of a key fail that follow one that did."""
        succeeded: list[Message] = []
        failed: list[Message] = []
        stopped: set[int] = set()
        for delivery in batch:
            if delivery.key in stopped:
                failed.append(delivery)
                continue
            count = self.service.failing(delivery)
            if 0 < count < delivery.count:
                failed.append(delivery.source.split_attempt(delivery, count))
                count = 0
            done = not count and self.service.publish(delivery, not succeeded)
            (succeeded if done else failed).append(delivery)
            if not done and self.source.in_order:
                stopped.add(delivery.key)
        return succeeded, failed

    def book_idle(self) -> None:
        """Tell the queue of the long polls that returned nothing since the last call: one poller for each task."""
        now_s: float = self.agenda._now
        self.source.count_empty_receives(self.service.idle_tasks * (now_s - self._counted_s) / self.settings.wait_time_s)
        self._counted_s = now_s
