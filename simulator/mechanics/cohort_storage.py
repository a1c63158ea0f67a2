"""What a queue does with cohorts: store them, hand parts of them to a consumer, take them back.

The queue and the consumer agree on times: a part is started over a stretch that the consumer computes, which may lie a
little in the past, and everything the queue measures is booked for then.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from simulator.engine.agenda import Agenda
from simulator.engine.cohorts import Span, span_of, spend_all, take_first, take_some
from simulator.engine.errors import SimulationError
from simulator.engine.limits import Limit
from simulator.engine.message import DELAYED, GONE, HIDDEN, IN_FLIGHT, VISIBLE, Message
from simulator.engine.outcomes import Cause
from simulator.engine.wire import Wire
from simulator.measures import Gauge, Spread
from simulator.mechanics.age_order import AgeOrder
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.polling import Consumer

BACK_AFTER_RECEIVES = 3
"""A message received so often goes to the back of the queue when it returns."""


class CohortStorage:
    """The part of a queue that deals with tokens that have a span; mixed into the queue, whose containers it shares."""

    if TYPE_CHECKING:
        agenda: Agenda
        parameters: Any
        visible: Gauge
        delayed: Gauge
        in_flight: Limit
        waits: Spread
        visibility_timeout_s: float
        wait_time_s: float
        received: int
        deleted: int
        forwarded: int
        expired_visibility: int
        wires_out: dict[str, list[Any]]
        _queue: deque[Message]
        _ages: AgeOrder
        _delay_cause: Cause
        _hidden_cause: Cause
        _bound: Cause
        _most_receives: int

        def _dead_letter(self, message: Message, now_s: float) -> bool: ...

        def wait(self, consumer: Consumer) -> None: ...

        def _wake(self, consumers: int) -> None: ...

        def count_requests(self, calls: int) -> None: ...

        def count_empty_receives(self, calls: float) -> None: ...

    cohort_station: Any = None
    """The station that pulls cohorts from here, if there is one."""
    cohorts_out = 0
    """Messages of cohorts that a consumer works on, or that wait for their visibility timeout."""
    cohorts_hidden = 0
    """Those of them that wait for their visibility timeout."""

    # -- in ---------------------------------------------------------------------------------------------------------

    def _accept_cohort(self, message: Message, now_s: float) -> None:
        span = message.span
        if span is None:
            span = message.span = Span(message.born_s, now_s, now_s)
        delay_s: float = self.parameters.delay_s
        if delay_s > 0:
            message.place = DELAYED
            message.since_s = span.middle_s
            message.span = span.shifted(delay_s)
            self.delayed.shift(message.count, span.middle_s, now_s)
            self.agenda.at(max(now_s, message.span.to_s), self._cohort_delay_over, message)
        else:
            self._show_cohort(message, now_s)

    def _cohort_delay_over(self, message: Message) -> None:
        if message.place == DELAYED:
            now_s: float = self.agenda._now
            middle_s = span_of(message).middle_s
            self.delayed.shift(-message.count, middle_s, now_s)
            spend_all(message, self._delay_cause, message.since_s, middle_s)
            self._show_cohort(message, now_s)

    def _show_cohort(self, message: Message, now_s: float, front: bool = False) -> None:
        message.place = VISIBLE
        message.carried = front
        message.since_s = span_of(message).middle_s
        self.visible.shift(message.count, message.since_s, now_s)
        if front:
            self._queue.appendleft(message)
        else:
            self._queue.append(message)
        self._wake(1)

    def _send_singly(self, cohort: Message, wire: Wire) -> bool:
        """Hand the messages of a cohort one by one to a queue that works with single messages, now; false if it refuses them."""
        born_s, count = cohort.born_s, cohort.count
        born_for_s = span_of(cohort).born_to_s - born_s
        for place in range(count):
            single = cohort.copy()
            single.count, single.span, single.number = 1, None, cohort.number + place
            single.key = cohort.type.draw_key()
            single.born_s = born_s + (place + 0.5) / count * born_for_s
            single.place, single.sent_s = cohort.place, cohort.sent_s
            if wire.send(single) is not None:
                if place:
                    raise SimulationError(f"{wire.target.name} refused a part of a cohort", node=wire.source.id, time_s=self.agenda._now)
                return False
        return True

    # -- out --------------------------------------------------------------------------------------------------------

    def first_cohort(self, bottleneck: Bottleneck) -> Message | None:
        """The token at the head that can be received; those received too often before are moved."""
        queue = self._queue
        self._bound = bottleneck.cause
        while queue:
            message = queue[0]
            if message.place == VISIBLE and not (message.attempt >= self._most_receives and self._dead_letter(message, self.agenda._now)):
                return message
            queue.popleft()
        return None

    def take_all_cohorts(self, bottleneck: Bottleneck) -> list[Message]:
        """Every token that can be received, out of the queue; the consumer puts back what it cannot take."""
        taken: list[Message] = []
        while self.first_cohort(bottleneck) is not None:
            taken.append(self._queue.popleft())
        return taken

    def put_back(self, messages: list[Message]) -> None:
        """These tokens wait on, before all others."""
        self._queue.extendleft(reversed(messages))

    def start_cohort(self, message: Message, count: int, from_s: float, to_s: float, bottleneck: Bottleneck, path_to: str) -> Message:
        """An attempt at the first ``count`` messages of a token, received one after the other from ``from_s`` to ``to_s``.

        The token keeps the others; whoever empties a token takes it out of the queue.
        """
        now_s: float = self.agenda._now
        attempt_number, sent_s, worked = message.attempt, message.sent_s, message.worked
        part = take_first(message, count)
        if message.count == 0:
            message.place = GONE
        span = span_of(part)
        middle_s = (from_s + to_s) / 2
        self.waits.add_ramp(max(0.0, from_s - span.from_s), max(0.0, to_s - span.to_s), count)
        if middle_s > span.middle_s:
            bottleneck.charge(part, span.middle_s, middle_s)
        part.attempt = attempt_number + 1
        part.sent_s, part.source, part.successor, part.worked = sent_s, self, None, worked
        part.span = Span(span.born_to_s, from_s, to_s)
        part.received_s = middle_s
        part.place = IN_FLIGHT
        part.path = part.path.steps.get(path_to) or part.path.to(path_to)
        message.since_s = span_of(message).middle_s
        self.received += count
        self.cohorts_out += count
        self.visible.shift(-count, middle_s, now_s)
        self.in_flight.shift(count, middle_s, now_s)
        return part

    def delete_cohort(self, attempt: Message, when_s: float) -> None:
        """The messages of this attempt were processed, at ``when_s`` on average, and pass to the consumer."""
        count = attempt.count
        attempt.place = GONE
        self.cohorts_out -= count
        self.in_flight.shift(-count, when_s, self.agenda._now)
        self.deleted += count
        self.forwarded += count

    def fail_cohort(self, attempt: Message, failed_s: float) -> None:
        """This attempt failed at ``failed_s`` on average: its messages return when their visibility timeout ends."""
        span = span_of(attempt)
        attempt.place = HIDDEN
        attempt.since_s = failed_s
        self.cohorts_hidden += attempt.count
        attempt.span = span.shifted(self.visibility_timeout_s)
        self.agenda.at(max(self.agenda._now, attempt.span.to_s), self._cohort_returns, attempt)

    def _cohort_returns(self, message: Message) -> None:
        now_s: float = self.agenda._now
        middle_s = span_of(message).middle_s
        self.in_flight.shift(-message.count, middle_s, now_s)
        self.expired_visibility += message.count
        self.cohorts_out -= message.count
        self.cohorts_hidden -= message.count
        if message.path.before is not None:
            message.path = message.path.before
        spend_all(message, self._hidden_cause, message.since_s, middle_s)
        self._ages.add(message)
        self._show_cohort(message, now_s, front=message.attempt < BACK_AFTER_RECEIVES)


def split_failed(attempt: Message, count: int) -> Message:
    """Take ``count`` messages at random out of an attempt: those that failed."""
    part = take_some(attempt, count)
    part.attempt, part.sent_s, part.source, part.successor = attempt.attempt, attempt.sent_s, attempt.source, None
    part.worked, part.received_s, part.place = attempt.worked, attempt.received_s, attempt.place
    return part
