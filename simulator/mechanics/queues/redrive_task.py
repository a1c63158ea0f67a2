"""Redrive tasks: a dead-letter queue's messages are moved to where they came from, or to another queue, at a rate.

One task of a queue is active at a time. It moves as many messages as the queue held when it started, oldest first; each
arrives as a new message, with a new id and a new enqueue time. What stays behind after a cancellation stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator.engine.limits import Limit
from simulator.engine.message import GONE, VISIBLE, Message
from simulator.engine.node import Node
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.placement import Placed
from simulator.engine.wire import Wire
from simulator.measures import Gauge
from simulator.mechanics.bottleneck import Bottleneck
from simulator.units import format_count, format_duration
from simulator.vocabulary import Finding, ParameterSet, Source, parameter

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html"
TASK = Source("Amazon SQS API Reference, StartMessageMoveTask", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html", "2026-11")
REDRIVE = Source("SQS Developer Guide, Configure a dead-letter queue redrive", GUIDE, "2026-11")
RATE = Source("Not published by AWS: how the rate follows the backlog; an assumption to change", GUIDE, "2026-11", "M")

FASTEST_PER_S = 500.0
SLOWEST_PER_S = 1.0
LONGEST_S = 129_600.0
TASKS_OF_AN_ACCOUNT = 100
NO_SOURCE = Refusal(Outcome.REJECTED, "no_source", "A message comes from no queue that is wired", retryable=False)


class RedriveTaskParameters(ParameterSet):
    """A redrive task, planned for a time of the run."""

    redrive_start_s: float | None = parameter(
        None, "When a redrive task starts that moves the messages of this dead-letter queue to the queue wired at its port 'redrive'; with several wires, each"
        " message to the queue it came from. Empty: none starts by itself; an operator can start one while a run goes on.",
        title="Starts at", unit="s", section="Redrive task", aws="StartMessageMoveTask", ge=0, le=1e8, source=TASK, changeable=True)
    redrive_messages_per_s: float | None = parameter(
        None, "Messages that the task moves a second, at most 500. Empty: the rate follows the backlog.",
        title="Rate", unit="per_s", section="Redrive task", aws="MaxNumberOfMessagesPerSecond", ge=SLOWEST_PER_S, le=FASTEST_PER_S, source=TASK)
    redrive_cancel_s: float | None = parameter(
        None, "When the task is cancelled. What it has moved stays moved. Empty: it is not.",
        title="Cancelled at", unit="s", section="Redrive task", aws="CancelMessageMoveTask", ge=0, le=1e8, source=TASK, changeable=True)
    redrive_drain_s: float = parameter(
        60, "Without a rate, SQS chooses one by the backlog, which may vary. AWS publishes no formula; here the backlog is divided by this time, from 1 to 500 messages a second.",
        title="Time to drain", unit="s", section="Redrive task", ge=1, le=LONGEST_S, source=RATE, advanced=True)
    redrive_limit_s: float = parameter(
        LONGEST_S, "A task that goes on for longer is stopped. AWS fixes it at 36 hours.",
        title="Longest task", unit="s", section="Redrive task", ge=1, le=1e8, source=REDRIVE, advanced=True)


class RedriveNow(ParameterSet):
    """A redrive task that an operator starts."""

    messages_per_s: float | None = parameter(
        None, "Messages moved a second. Empty: the rate follows the backlog.", title="Rate", unit="per_s", ge=SLOWEST_PER_S, le=FASTEST_PER_S, source=TASK)


class RedriveTask:
    """A task that is active: its rate (None: it follows the backlog), and how many messages it has still to move."""

    __slots__ = ("active", "left", "moved", "per_s", "since_s")

    def __init__(self, per_s: float | None, left: int, now_s: float) -> None:
        self.per_s = per_s
        self.left = left
        self.since_s = now_s
        self.moved = 0
        self.active = True


class RedriveSource(Node):
    """The part of a queue that moves its messages elsewhere; mixed into the queue, whose containers it shares."""

    if TYPE_CHECKING:
        visible: Gauge
        delayed: Gauge
        in_flight: Limit
        requests: float
        _queue: Any
        _order: Any
        _bound: Any

        def _note_order(self, taken: list[Message], now_s: float) -> None: ...

        def _left(self, messages: Any, now_s: float, *, wake: bool = True) -> None: ...

        def _left_unreceived(self, message: Message, now_s: float) -> None: ...

    redriven = 0
    """Messages moved by redrive tasks."""
    redrives_refused = 0
    """Tasks refused because one was active, or there was nowhere to move messages to."""
    _task: RedriveTask | None = None
    _planned = 0
    _rested: Cause

    def start_redrives(self) -> None:
        """Book the planned task."""
        self._rested = self.cause("dead_letters", "Among dead letters until it was redriven", Culprit(self.id, "redrive_start_s"), capacity=False)
        self._plan_redrive()
        self._plan_cancel()

    def redrive_changed(self, name: str) -> None:
        """A parameter of the planned task was changed while the run goes on."""
        if name == "redrive_start_s":
            self._plan_redrive()
        elif name == "redrive_cancel_s":
            self._plan_cancel()

    def to_redrive(self) -> int:
        """Messages that the active task has still to move."""
        return self._task.left if self._task is not None else 0

    def fault_redrive(self, value: ParameterSet | None) -> None:
        """An operator starts a task; None cancels it."""
        if value is None:
            self._end_task("cancelled")
        else:
            self._start_task(value.messages_per_s)  # type: ignore[attr-defined]

    # -- a task begins and ends -------------------------------------------------------------------------------------

    def _plan_redrive(self) -> None:
        self._planned += 1
        start_s = self.parameters.redrive_start_s
        if start_s is not None:
            self.agenda.at(max(self.agenda.now, start_s), self._start_planned, self._planned)

    def _plan_cancel(self) -> None:
        cancel_s = self.parameters.redrive_cancel_s
        if cancel_s is not None and cancel_s >= self.agenda.now:
            self.agenda.at(cancel_s, self._cancel_planned, cancel_s)

    def _start_planned(self, number: int) -> None:
        if number == self._planned:
            self._start_task(self.parameters.redrive_messages_per_s)

    def _cancel_planned(self, cancel_s: float) -> None:
        if self.parameters.redrive_cancel_s == cancel_s:
            self._end_task("cancelled")

    def _start_task(self, per_s: float | None) -> None:
        active = self._active_tasks()
        why = None
        if self._task is not None:
            why = "one is active already"
        elif len(active) >= TASKS_OF_AN_ACCOUNT:
            why = f"the account has {TASKS_OF_AN_ACCOUNT} active tasks"
        elif not self.wires_out["redrive"]:
            why = "no queue is wired to the port 'redrive'"
        if why is not None:
            self.redrives_refused += 1
            self.log("warning", f"A redrive task of {self.name} is refused: {why}.")
            return
        now_s: float = self.agenda.now
        held = self.visible.value + self.in_flight.value + self.delayed.value
        task = self._task = RedriveTask(per_s, int(held), now_s)
        active.append(task)
        self.requests += 1
        self.log("info", f"A redrive task starts to move {format_count(held)} messages.")
        self.agenda.at(now_s + self.parameters.redrive_limit_s, self._limit_reached, task)
        self._move_next(task)

    def _active_tasks(self) -> list[RedriveTask]:
        """Those of all queues of the account."""
        none: list[RedriveTask] = []
        return self.network.shared("redrive tasks", lambda: none)

    def _limit_reached(self, task: RedriveTask) -> None:
        if task is self._task:
            self._end_task(f"stopped after {format_duration(self.parameters.redrive_limit_s)}")

    def _end_task(self, how: str) -> None:
        task = self._task
        if task is None:
            return
        self._task = None
        task.active = False
        self._active_tasks().remove(task)
        left = f", {format_count(task.left)} not" if task.left else ""
        self.log("info" if how == "completed" else "warning", f"The redrive task is {how}: {format_count(task.moved)} messages moved{left}.")

    # -- messages move ----------------------------------------------------------------------------------------------

    def _move_next(self, task: RedriveTask) -> None:
        """Move a message, and book the next; the task is complete when nothing it could move is left."""
        if not task.active:
            return
        now_s: float = self.agenda.now
        message = self._oldest_visible(now_s) if task.left > 0 else None
        if message is None:
            self._end_task("completed")
            return
        refusal = self._move(message, task, now_s)
        if refusal is not None and not refusal.retryable:
            self._end_task(f"failed ({refusal.title.lower()})")
            return
        per_s = task.per_s
        if per_s is None:
            per_s = min(FASTEST_PER_S, max(SLOWEST_PER_S, self.visible.value / self.parameters.redrive_drain_s))
        self.agenda.at(now_s + message.count / per_s, self._move_next, task)

    def _oldest_visible(self, now_s: float) -> Message | None:
        """Take the message that a receive would return first out of the order of the queue."""
        queue = self._queue
        if self._order is not None:
            if not queue:
                return None
            self._order.begin(Bottleneck(self._rested, now_s), now_s)
        while queue:
            message: Message = queue.popleft()
            if message.place == VISIBLE:
                return message
        if self._order is not None:
            self._note_order([], now_s)
        return None

    def _move(self, message: Message, task: RedriveTask, now_s: float) -> Refusal | None:
        wire = self._way_of(message)
        refusal: Refusal | None = NO_SOURCE
        if wire is not None:
            moved = message.copy()
            if now_s > message.since_s:
                moved.legs = (moved.legs, self._rested, message.since_s, now_s)
            refusal = wire.send(moved)
        if refusal is not None:
            self._queue.appendleft(message)
        else:
            self._moved(message, task, now_s)
        if self._order is not None:
            self._note_order([], now_s)
        return refusal

    def _moved(self, message: Message, task: RedriveTask, now_s: float) -> None:
        count = message.count
        self._rested.message_s += count * (now_s - message.since_s)
        self._left_unreceived(message, now_s)
        message.place = GONE
        self.visible.add(-count, now_s)
        self.requests += 2 * count
        self._left((message,), now_s, wake=False)
        self.redriven += count
        task.moved += count
        task.left = max(0, task.left - count)

    def _way_of(self, message: Message) -> Wire | None:
        """The wire to the only destination; among several, the one to the queue that the message came from."""
        wires = self.wires_out["redrive"]
        if len(wires) == 1:
            return wires[0]
        nodes = message.path.nodes
        place = nodes.index(self.id) if self.id in nodes else 0
        origin = nodes[place - 1] if place else ""
        return next((wire for wire in wires if wire.target.id == origin), None)


def check_redrive(placed: Placed) -> Iterable[Finding]:
    """Findings about the redrive task of a queue and its destinations."""
    links = placed.out_of("redrive")
    sources = {link.other.id for link in placed.into("in") if link.other.kind == placed.kind and link.other_port == "dlq"}
    if placed.parameters.redrive_start_s is not None and not links:
        yield Finding("redrive-without-destination", "warning", f"A redrive task of '{placed.name}' has nowhere to move messages to",
                      "Wire the port 'Redriven messages' to a queue", node=placed.id, parameter="redrive_start_s")
    if links and not sources:
        yield Finding("redrive-of-no-dead-letter-queue", "error", f"'{placed.name}' is not the dead-letter queue of another queue: SQS redrives only from those",
                      "Wire the dead-letter port of a queue to it", node=placed.id, wire=links[0].id)
    for link in links:
        if link.other.parameters.fifo != placed.parameters.fifo:
            yield Finding("redrive-type", "error", f"'{placed.name}' redrives to '{link.other.name}', but one is a FIFO queue and the other is not",
                          "Make both queues of one type", node=link.other.id, wire=link.id, parameter="fifo", related=(placed.id,))
        if link.other is placed:
            yield Finding("redrive-to-itself", "error", f"'{placed.name}' redrives to itself", "Wire the port to another queue", node=placed.id, wire=link.id)
        elif len(links) > 1 and sources and link.other.id not in sources:
            yield Finding("redrive-destination", "error", f"'{placed.name}' redrives to several queues, and '{link.other.name}' is not where its messages come from",
                          "Wire one destination of your choice, or only queues whose dead letters come here", node=placed.id, wire=link.id)
