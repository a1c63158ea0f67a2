"""Cohorts: tokens that stand for many messages, spread over a stretch of time.

A cohort carries exact times in its `Span`; the agenda only orders. It is handed on when the last of its messages is
there, so whoever takes it may work on it in the past: work starts when a message came and there was room, however late
the node looks at it. Within a span everything runs linearly from the first message to the last.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from simulator.engine.errors import SimulationError
from simulator.engine.outcomes import Cause

if TYPE_CHECKING:
    from simulator.engine.agenda import Agenda
    from simulator.engine.message import Message
    from simulator.engine.streams import Stream

LATE_RANK = 5
"""At one instant, who takes cohorts looks at them after everyone who might still bring some."""


class Span(NamedTuple):
    """When the messages of a cohort were born (its first is `Message.born_s`), and when they are where they are now."""

    born_to_s: float
    from_s: float
    to_s: float

    @property
    def middle_s(self) -> float:
        """Mean of the times at which the messages are there."""
        return (self.from_s + self.to_s) / 2

    def shifted(self, delay_s: float) -> Span:
        """The same messages ``delay_s`` later."""
        return Span(self.born_to_s, self.from_s + delay_s, self.to_s + delay_s)


def span_of(message: Message) -> Span:
    """The span of a cohort; raise `SimulationError` for a token that has none."""
    if message.span is None:
        raise SimulationError("a cohort is asked for its span, but has none")
    return message.span


def take_first(message: Message, count: int) -> Message:
    """Take the first ``count`` messages out of a cohort, with their share of its spans; the others stay."""
    span = span_of(message)
    share = count / message.count
    born_s = message.born_s + share * (span.born_to_s - message.born_s)
    here_s = span.from_s + share * (span.to_s - span.from_s)
    part = message.copy()
    part.count = count
    part.span = Span(born_s, span.from_s, here_s)
    message.count -= count
    message.born_s = born_s
    message.span = Span(span.born_to_s, here_s, span.to_s)
    return part


def take_some(message: Message, count: int) -> Message:
    """Take ``count`` messages out of a cohort at random: both keep its spans."""
    part = message.copy()
    part.count = count
    message.count -= count
    return part


def share_out(count: int, parts: int) -> list[int]:
    """``count`` in ``parts`` whole shares that differ by at most one; empty shares are left out."""
    parts = max(1, min(parts, count))
    return [count * (place + 1) // parts - count * place // parts for place in range(parts)]


def spend_all(message: Message, cause: Cause, from_s: float, to_s: float) -> None:
    """Book a stretch of the messages' time, given by the means of its beginning and end."""
    if to_s > from_s:
        cause.message_s += message.count * (to_s - from_s)
        message.legs = (message.legs, cause, from_s, to_s)


def unroll(message: Message, agenda: Agenda, stream: Stream, call: Callable[[Message], object]) -> None:
    """Hand every message of a cohort to ``call`` by itself, one after the other, for whoever works on single messages.

    They come as far apart as they were, but late by as much as the first is in the past: their births are moved with
    them, so that every latency stays what it was.
    """
    span = span_of(message)
    late_s = max(0.0, agenda._now - span.from_s)
    count, born_s = message.count, message.born_s
    for place in range(count):
        share = (place + stream.uniform()) / count
        single = message.copy()
        single.count = 1
        single.span = None
        single.number = message.number + place
        single.key = message.type.draw_key()
        single.born_s = born_s + share * (span.born_to_s - born_s) + late_s
        agenda.at(span.from_s + share * (span.to_s - span.from_s) + late_s, call, single)
