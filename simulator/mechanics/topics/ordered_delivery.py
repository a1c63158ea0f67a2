"""Delivery in order by group: within a group a message is delivered only after those before it, whatever becomes of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Refusal
from simulator.engine.wire import Wire
from simulator.mechanics.redelivery import Delivery, RetryRule


class Waiting(Delivery):
    """A message in the line of its group."""

    __slots__ = ("attempted", "due_s", "ready_s")

    def __init__(self, message: Message, wire: Wire, came_s: float, latency: Cause, ready_s: float, due_s: float) -> None:
        super().__init__(message, wire, came_s, latency)
        self.ready_s = ready_s
        """When its own latency is over; it is due when those before it are, too."""
        self.due_s = due_s
        self.attempted = False


class OrderedDelivery:
    """One line for each group.

    ``attempt(message, first)`` delivers and gives the refusal, if any; ``rule`` says when it is tried again; ``done(message, came_s)``
    and ``give_up(delivery, why)`` are told how a message ended, ``retried(message)`` that there will be another attempt.
    """

    def __init__(
        self, wire: Wire, attempt: Callable[[Message, bool], Refusal | None], rule: RetryRule, done: Callable[[Message, float], None],
        retried: Callable[[Message], None], give_up: Callable[[Delivery, Refusal], None], causes: tuple[Cause, Cause, Cause],
    ) -> None:
        self._wire = wire
        self._agenda = wire.source.agenda
        self._attempt, self._rule, self._done, self._retried, self._give_up = attempt, rule, done, retried, give_up
        self._latency, self._behind, self._retrying = causes
        self._lines: dict[int, deque[Waiting]] = {}

    def push(self, message: Message, latency_s: float) -> None:
        """Deliver ``message`` after the latency, and not before the others of its group."""
        now_s = self._agenda.now
        line = self._lines.setdefault(message.key, deque())
        ready_s = now_s + latency_s
        due_s = max(ready_s, line[-1].due_s) if line else ready_s
        line.append(Waiting(message, self._wire, now_s, self._latency, ready_s, due_s))
        self._agenda.at(due_s, self._go, message.key)

    def _go(self, key: int) -> None:
        """Deliver what is due in this group, up to the first that fails."""
        now_s = self._agenda.now
        line = self._lines.get(key)
        while line and line[0].due_s <= now_s:
            head = line[0]
            self._book(head, now_s)
            refusal = self._attempt(head.message, not head.attempted)
            head.attempted = True
            if refusal is None:
                line.popleft()
                self._done(head.message, head.came_s)
                continue
            pause = self._rule.pause_s(head, refusal)
            if isinstance(pause, Refusal):
                line.popleft()
                self._give_up(head, pause)
                continue
            head.retries += 1
            self._retried(head.message)
            head.waits_for = self._retrying
            head.due_s = now_s + pause
            for other in line:
                other.due_s = max(other.due_s, head.due_s)
            self._agenda.at(head.due_s, self._go, key)
        if line is not None and not line:
            del self._lines[key]

    def _book(self, head: Waiting, now_s: float) -> None:
        if not head.attempted:
            head.book(min(head.ready_s, now_s))
            head.waits_for = self._behind
        head.book(now_s)
