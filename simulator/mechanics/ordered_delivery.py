"""Delivery in order by group: within a group a message is delivered only after those before it, whatever becomes of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Refusal


class Waiting:
    """A message in the line of its group."""

    __slots__ = ("attempted", "due_s", "message", "pushed_s", "ready_s", "retries", "since_s")

    def __init__(self, message: Message, pushed_s: float, ready_s: float, due_s: float) -> None:
        self.message = message
        self.pushed_s = self.since_s = pushed_s
        self.ready_s = ready_s
        """When its own latency is over; it is due when those before it are, too."""
        self.due_s = due_s
        self.retries = 0
        self.attempted = False


class OrderedDelivery:
    """One line for each group.

    ``attempt(message, first)`` delivers and gives the refusal, if any; ``retry_s(refusal, retries)`` the pause before the next
    attempt, None to give up; ``done(message, pushed_s)`` and ``failed(message, refusal)`` are told how a message ended.
    """

    def __init__(
        self, agenda: Agenda, attempt: Callable[[Message, bool], Refusal | None], retry_s: Callable[[Refusal, int], float | None],
        done: Callable[[Message, float], None], failed: Callable[[Message, Refusal], None], causes: tuple[Cause, Cause, Cause],
    ) -> None:
        self._agenda = agenda
        self._attempt, self._retry_s, self._done, self._failed = attempt, retry_s, done, failed
        self._latency, self._behind, self._retrying = causes
        self._lines: dict[int, deque[Waiting]] = {}

    def push(self, message: Message, latency_s: float) -> None:
        """Deliver ``message`` after the latency, and not before the others of its group."""
        now_s = self._agenda.now
        line = self._lines.setdefault(message.key, deque())
        ready_s = now_s + latency_s
        due_s = max(ready_s, line[-1].due_s) if line else ready_s
        line.append(Waiting(message, now_s, ready_s, due_s))
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
                self._done(head.message, head.pushed_s)
                continue
            pause_s = self._retry_s(refusal, head.retries)
            if pause_s is None:
                line.popleft()
                self._failed(head.message, refusal)
                continue
            head.retries += 1
            head.due_s = now_s + pause_s
            for other in line:
                other.due_s = max(other.due_s, head.due_s)
            self._agenda.at(head.due_s, self._go, key)
        if line is not None and not line:
            del self._lines[key]

    def _book(self, head: Waiting, now_s: float) -> None:
        if head.attempted:
            self._spend(head, self._retrying, now_s)
        else:
            self._spend(head, self._latency, min(head.ready_s, now_s))
            self._spend(head, self._behind, now_s)

    def _spend(self, head: Waiting, cause: Cause, to_s: float) -> None:
        if to_s > head.since_s:
            spend(head.message, cause, head.since_s, to_s)
            head.since_s = to_s
