"""Trying again what a receiver refused: the one mechanism behind subscriptions of a topic, targets of a bus, and webhooks.

What differs between them is the rule alone: how long to wait before which retry, and when to stop.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.cohorts import Span
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Outcome, Refusal
from simulator.engine.wire import Wire
from simulator.mechanics.retry import RetrySchedule

JITTER = 0.5
"""Pauses are up to this share of themselves shorter or longer. AWS says that there is a jitter, and publishes no figure."""
TOO_OLD = Refusal(Outcome.TIMED_OUT, "event_age", "Maximum event age reached", retryable=False)


class Delivery:
    """One message on its way to one receiver, from the moment it came to its success or its end.

    Its time is booked up to ``since_s``; what it waits for until the next attempt is ``waits_for``.
    """

    __slots__ = ("came_s", "message", "retries", "since_s", "waits_for", "wire")

    def __init__(self, message: Message, wire: Wire, came_s: float, waits_for: Cause, since_s: float | None = None) -> None:
        self.message = message
        self.wire = wire
        self.came_s = came_s
        self.since_s = came_s if since_s is None else since_s
        self.waits_for = waits_for
        self.retries = 0

    def book(self, now_s: float) -> None:
        """Book the time up to now as what the message waited for."""
        if now_s > self.since_s:
            spend(self.message, self.waits_for, self.since_s, now_s)
            self.since_s = now_s


class RetryRule(Protocol):
    """When what was refused is tried again."""

    def pause_s(self, delivery: Delivery, refusal: Refusal) -> float | Refusal:
        """The pause before the next attempt, or why there is none."""

    def deadline_s(self, delivery: Delivery) -> float:
        """No attempt is made later than this; what waits then is given up at that moment."""


class PhasedRetries:
    """SNS's rule: a schedule of pauses, none for client-side errors, and no age limit."""

    def __init__(self, schedule_for: Callable[[Refusal], RetrySchedule], jitter: Callable[[], float]) -> None:
        self._schedule_for = schedule_for
        self._jitter = jitter

    def pause_s(self, delivery: Delivery, refusal: Refusal) -> float | Refusal:
        delay_s = self._schedule_for(refusal).delay_s(delivery.retries) if refusal.retryable else None
        if delay_s is None:
            return refusal
        return jittered(delay_s, self._jitter) if delay_s else 0.0

    def deadline_s(self, delivery: Delivery) -> float:
        return math.inf


def jittered(pause_s: float, draw: Callable[[], float]) -> float:
    """A pause with its jitter."""
    return pause_s * (1 - JITTER + 2 * JITTER * draw())


class Redelivery:
    """Books the next attempt of deliveries that failed, by a rule, or gives them up.

    ``again(delivery)`` makes the next attempt; ``give_up(delivery, why)`` is told that there will be none.
    """

    def __init__(self, agenda: Agenda, rule: RetryRule, again: Callable[[Delivery], None], give_up: Callable[[Delivery, Refusal], None]) -> None:
        self.agenda = agenda
        self.rule = rule
        self.awaiting = 0
        """Messages that wait for their next attempt now."""
        self._again, self._give_up = again, give_up

    def failed(self, delivery: Delivery, refusal: Refusal) -> bool:
        """An attempt failed. Whether there will be another."""
        pause = self.rule.pause_s(delivery, refusal)
        if isinstance(pause, Refusal):
            self._give_up(delivery, pause)
            return False
        now_s = self.agenda._now
        delivery.retries += 1
        self.awaiting += delivery.message.count
        deadline_s = self.rule.deadline_s(delivery)
        if now_s + pause <= deadline_s:
            self.agenda.at(now_s + pause, self._due, delivery)
        else:
            self.agenda.at(max(now_s, deadline_s), self._too_old, delivery)
        return True

    def _due(self, delivery: Delivery) -> None:
        self._waited(delivery)
        self._again(delivery)

    def _too_old(self, delivery: Delivery) -> None:
        self._waited(delivery)
        self._give_up(delivery, TOO_OLD)

    def _waited(self, delivery: Delivery) -> None:
        now_s = self.agenda._now
        message = delivery.message
        self.awaiting -= message.count
        if message.span is not None:
            message.span = Span(message.span.born_to_s, now_s, now_s)
        delivery.book(now_s)


def dead_letter_wire(wires: Sequence[Wire], receiver: str, parameter: str) -> Wire | None:
    """The queue for what ``receiver`` could not get: its own, else the common one. ``parameter`` of a wire to a queue names whose it is."""
    own = (wire for wire in wires if getattr(wire.parameters, parameter) == receiver)
    return next(own, None) or next((wire for wire in wires if not getattr(wire.parameters, parameter)), None)
