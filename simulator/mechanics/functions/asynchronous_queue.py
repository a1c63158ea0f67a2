"""The internal queue of a function for events that are handed over and not waited for.

Retries after function errors and throttles, maximum age, destinations on success and on failure, and the dead-letter queue.
What AWS does not publish (what a long queue is, how often an event comes twice) are parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Culprit, Outcome, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.functions.function_concurrency import THROTTLES
from simulator.mechanics.functions.invocation import HandlerFailure, InvocationDone
from simulator.mechanics.functions.invocation_records import CONDITIONS, InvocationRecords
from simulator.mechanics.mappings.event_source_mapping import MOST_DOUBLINGS
from simulator.vocabulary import Values

RETRY_S = (60.0, 120.0)
BACKOFF_S, BACKOFF_MAX_S = 1.0, 300.0
EVENT_BYTES = 1_048_576
"""Payload of an asynchronous invocation: 1 MB (256 KB until 2025)."""


class EventFunction(Protocol):
    """The function whose queue it is."""

    id: str
    name: str
    agenda: Agenda
    parameters: Values
    wires_out: dict[str, list[Wire]]
    stopped: bool
    created: int
    copied: int

    def run(self, batch: Sequence[Message], done: InvocationDone, *, synchronous: bool, partial: bool = False) -> Refusal | None:
        """Start an invocation, or say why not."""

    def passed(self, message: Message, first: bool) -> None:
        """The message was processed."""

    def lose(self, message: Message, name: str, title: str) -> None:
        """The message is gone."""

    def cause(self, name: str, title: str, culprit: Culprit | None = None, *, capacity: bool = True) -> Cause:
        """A reason for waiting."""

    def stream(self, purpose: str) -> Stream:
        """A random stream of the function's own."""

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        """What to change so that such a refusal does not happen."""

    def lineage_of(self, message: Message, wire: Wire) -> Mapping[str, int] | None:
        """What goes along with what is sent here for the message."""


class AsyncEvent:
    """An event in the function's internal queue; ``again``: it came a second time."""

    __slots__ = ("again", "message", "queued_s", "retries", "since_s", "throttles", "waits_for")

    def __init__(self, message: Message, now_s: float, waits_for: Cause, again: bool = False) -> None:
        self.message = message
        self.queued_s = self.since_s = now_s
        self.retries = self.throttles = 0
        self.waits_for = waits_for
        self.again = again


class AsynchronousQueue:
    """Events that wait for their first try or for another; each is the function's from the moment it is taken."""

    def __init__(self, function: EventFunction) -> None:
        self.function = function
        self.agenda = function.agenda
        self.received = self.dropped = self.waiting = 0
        self.delivery_failures = self.dead_letter_errors = 0
        self.ages = Spread()
        self._records = InvocationRecords(function.name, function.parameters)
        self._repeats, self._jitter = function.stream("repeated events"), function.stream("throttled events")
        self._retrying = function.cause("async_retry", "Waiting for an asynchronous retry", Culprit(function.id, "maximum_retry_attempts"), capacity=False)
        self._delivering = function.cause("destination_latency", "Delivery to the destination on failure", Culprit(function.id, "destination_latency_s"), capacity=False)
        self._reading = function.cause("async_long_queue", "The long internal queue is read slowly", Culprit(function.id, "reserved_concurrency"))

    def too_large(self, message: Message) -> Refusal | None:
        """Why an event of this size is not taken."""
        if message.size_bytes <= EVENT_BYTES:
            return None
        return Refusal(Outcome.REJECTED, "payload_size", f"Events of {self.function.name} may have 1 MB", retryable=False, status=413)

    def take(self, message: Message) -> None:
        """An event came."""
        count = message.count
        self.received += count
        share = self.function.parameters.repeated_event_share
        if share > 0 and (repeats := self._repeats.binomial(count, share)):
            self.function.copied += repeats
            for _ in range(repeats):
                twin = message.copy()
                twin.count = 1
                self._take(twin, again=True)
        while message.count > 1:
            self._take(message.split(1))
        self._take(message)

    def _take(self, message: Message, again: bool = False) -> None:
        self.waiting += 1
        event = AsyncEvent(message, self.agenda._now, self._reading, again)
        wait_s = min((self._slowness() - 1) * BACKOFF_S, BACKOFF_MAX_S)
        if wait_s > 0:
            self._try_later(event, self.agenda._now + wait_s)
        else:
            self._try(event)

    def _slowness(self) -> float:
        """How much longer a long queue makes what Lambda waits before it reads an event."""
        return max(1.0, float(self.waiting / self.function.parameters.long_event_queue))

    def _try(self, event: AsyncEvent) -> None:
        now_s = self.agenda._now
        message = event.message
        if now_s > event.since_s:
            spend(message, event.waits_for, event.since_s, now_s)
        event.since_s = now_s
        if self.function.stopped or self.function.parameters.reserved_concurrency == 0:
            self._drop(event, "stopped", "Reserved concurrency is 0")
            return
        if now_s >= event.queued_s + self.function.parameters.maximum_event_age_s:
            self._drop(event, "event_age", "Maximum event age reached")
            return

        def done(succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: HandlerFailure) -> None:
            self._done(event, bool(succeeded))

        refusal = self.function.run((message,), done, synchronous=False)
        if refusal is None:
            self.ages.add(now_s - event.queued_s, message.count)
        elif not refusal.retryable:
            self._drop(event, refusal.cause, refusal.title)
        else:
            wait_s = self._jittered(min(BACKOFF_S * 2 ** min(event.throttles, MOST_DOUBLINGS) * self._slowness(), BACKOFF_MAX_S))
            event.throttles += 1
            event.waits_for = self.function.cause(refusal.cause, THROTTLES[refusal.cause], self.function.throttle_culprit(refusal))
            self._try_later(event, now_s + wait_s)

    def _jittered(self, pause_s: float) -> float:
        jitter = self.function.parameters.throttled_event_jitter
        return float(pause_s * (1 - jitter + 2 * jitter * self._jitter.uniform())) if jitter else pause_s

    def _try_later(self, event: AsyncEvent, time_s: float) -> None:
        """Try ``event`` again at ``time_s``, or find it too old when its age ends before that."""
        self.agenda.at(max(self.agenda._now, min(time_s, event.queued_s + self.function.parameters.maximum_event_age_s)), self._try, event)

    def _done(self, event: AsyncEvent, succeeded: bool) -> None:
        now_s = self.agenda._now
        event.since_s = now_s
        if succeeded:
            self.waiting -= event.message.count
            recorded = self._record_success(event.message)
            self.function.passed(event.message, first=not event.again and not recorded)
        elif event.retries >= self.function.parameters.maximum_retry_attempts:
            self._drop(event, "retries", "Asynchronous retries used up")
        else:
            event.waits_for = self._retrying
            event.throttles = 0
            self._try_later(event, now_s + RETRY_S[event.retries])
            event.retries += 1

    def _record_success(self, message: Message) -> bool:
        """Send a record to the destination on success; whether it has it."""
        for wire in self.function.wires_out["on_success"]:
            record = self._records.record_of(message, "Success", wire)
            record.lineage = self.function.lineage_of(message, wire)
            if wire.send(record) is None:
                self.function.created += record.count
                return True
            self.delivery_failures += message.count
        return False

    def _drop(self, event: AsyncEvent, name: str, title: str) -> None:
        """The event failed for good: the destination on failure gets a record of it, the dead-letter queue the event itself."""
        message = event.message
        self.dropped += message.count
        if not self.function.wires_out["on_failure"] and not self.function.wires_out["dlq"]:
            self.waiting -= message.count
            self.function.lose(message, name, title)
            return
        # functions that are each other's destinations must not hand an event to and fro in no time
        now_s = self.agenda._now
        delivered_s = now_s + self.function.parameters.destination_latency_s
        spend(message, self._delivering, now_s, delivered_s)
        self.agenda.at(delivered_s, self._deliver_failed, (message, name, title))

    def _deliver_failed(self, drop: tuple[Message, str, str]) -> None:
        message, name, title = drop
        self.waiting -= message.count
        taken = False
        for wire in self.function.wires_out["on_failure"]:
            record = self._records.record_of(message, CONDITIONS[name], wire)
            record.lineage = self.function.lineage_of(message, wire)
            taken = wire.send(record) is None
            if not taken:
                self.delivery_failures += message.count
        for wire in self.function.wires_out["dlq"]:
            if wire.send(message.copy()) is not None:
                self.dead_letter_errors += message.count
            elif taken:
                self.function.created += message.count
            else:
                taken = True
        if not taken:
            self.function.lose(message, name, title)
