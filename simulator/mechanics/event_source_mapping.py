"""The pollers with which AWS Lambda reads an SQS queue: batching, ramp, back-off, partial batch response.

One mapping belongs to one wire between a queue and a function. What AWS does not publish (how fast pollers scale in,
how far errors lower the concurrency, the back-off of throttled batches) are parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.limits import Limit
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.measures import Gauge
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.polling import PullSource
from simulator.vocabulary import Values

LONG_POLL_S = 20.0
RECEIVE_BATCH = 10
GIVE_UP_BEFORE_S = 1e-3
MOST_DOUBLINGS = 40
"""Of a back-off, which a maximum bounds long before."""

BatchDone = Callable[[Sequence[Message], Sequence[Message], bool], None]
"""Called with (succeeded, failed, whether the handler itself failed) when an invocation ends."""


class BatchFunction(Protocol):
    """What a mapping invokes."""

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        """Start an invocation; a refusal means it was throttled and nothing started. ``partial``: batch item failures are reported."""

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages were processed: delete them; return how many of the deletes were valid."""

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        """What to change so that such a refusal does not happen."""


class MappingCauses:
    """Why messages wait for a mapping, and what to change."""

    def __init__(self, wire: Wire, ceiling: float) -> None:
        queue, function = wire.source, wire.target
        self._function = function

        def culprit(name: str) -> Culprit:
            return Culprit(function.id, name, wire.id)

        self.ramp = queue.cause("poller_ramp", f"The pollers of {function.name} are still scaling up", culprit("poller_ramp_per_min"))
        self.at_maximum = queue.cause("maximum_concurrency", "", culprit("maximum_concurrency"))
        self.at_ceiling = queue.cause("poller_ceiling", "", culprit("poller_ceiling"))
        self.name_ceiling(ceiling)
        self.disabled = queue.cause("disabled", f"The mapping to {function.name} is disabled", culprit("enabled"))
        self.latency = queue.cause("delivery_latency", "Delivery latency of the mapping", culprit("delivery_latency"), capacity=False)
        self.window = queue.cause("batching_window", "Batching window", culprit("batching_window_s"), capacity=False)

    def name_ceiling(self, ceiling: float) -> None:
        """The ceiling is now another."""
        self.at_maximum.title = f"The mapping to {self._function.name} is at its maximum concurrency ({ceiling:g})"
        self.at_ceiling.title = f"The mapping to {self._function.name} is at its poller ceiling ({ceiling:g})"

    def binding(self, settings: Values, allowed: float, ceiling: float) -> Cause:
        """What keeps the mapping from taking more at once."""
        if not settings.enabled:
            return self.disabled
        if allowed >= ceiling:
            return self.at_maximum if settings.maximum_concurrency else self.at_ceiling
        return self.ramp


class Throttled:
    """A batch that a throttled function could not take, on its way to the next try."""

    __slots__ = ("batch", "give_up_s", "since_s", "tries")

    def __init__(self, batch: list[Message], now_s: float, give_up_s: float) -> None:
        self.batch = batch
        self.since_s = now_s
        self.give_up_s = give_up_s
        self.tries = 0


class EventSourceMapping:
    """Pulls batches from ``source`` and invokes ``function`` with them, as many at once as its pollers allow."""

    def __init__(self, wire: Wire, source: PullSource, function: BatchFunction, agenda: Agenda, stream: Stream, latency_s: Callable[[], float]) -> None:
        self.wire = wire
        self.settings = wire.parameters
        self.source = source
        self.function = function
        self.agenda = agenda
        self._stream = stream
        self._latency_s = latency_s
        settings = self.settings
        ceiling = settings.maximum_concurrency or settings.poller_ceiling
        self.ceiling = float(ceiling)
        self.allowed = float(min(settings.pollers_at_start, ceiling))
        self.floor = self.allowed
        self.active = Limit(f"pollers:{wire.id}", f"Concurrent batches from {wire.source.name}", self.allowed, None)
        self.polled = self.invoked = self.failed = self.deleted = self.throttled_batches = self.dropped_batches = 0
        self._idle = Gauge(self.allowed)
        self._idle_booked_s = 0.0
        self._gathering: list[Message] = []
        self._gathered = 0
        self._gather_number = 0
        self._timer_booked = False
        self._waiting_for_room = 0

        self._causes = MappingCauses(wire, self.ceiling)
        self.bottleneck = Bottleneck(self._binding())
        self._throttle_cause: Cause | None = None

    def start(self) -> None:
        """Begin to poll."""
        self.wake()

    def visibility_timeout_s(self) -> float | None:
        """The visibility timeout the mapping asks for; None for the queue's own.

        With a window, Lambda asks for window + function timeout + 30 s if the queue's own timeout is shorter than the two.
        """
        window_s = self.settings.batching_window_s
        if window_s <= 0:
            return None
        needed_s = window_s + self.function_timeout_s
        return needed_s + 30 if needed_s > self.source.visibility_timeout_s else None

    @property
    def function_timeout_s(self) -> float:
        """Timeout of the function this mapping invokes."""
        return float(self.wire.target.parameters.timeout_s)

    # -- pulling ----------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        if not self.settings.enabled:
            return
        now_s = self.agenda._now
        batch_size = self.settings.batch_size
        window_s = self.settings.batching_window_s
        while self.active.value < self.allowed:
            batch = self.source.receive(min(batch_size - self._gathered, RECEIVE_BATCH), self.bottleneck, self.wire.target.id, self.visibility_timeout_s())
            if not batch:
                if self.source.is_full():
                    self.bottleneck.change(self.source.full_cause, now_s)
                self.source.wait(self)
                return
            count = len(batch) if len(batch) == 1 and batch[0].count == 1 else sum(delivery.count for delivery in batch)
            self.polled += count
            self.wire.depart(count)
            if window_s > 0:
                self._gather(batch, count, now_s)
            else:
                self._occupy(1, now_s)
                self._prepare(batch, now_s)
        self._note_bottleneck(now_s)
        if self.allowed < self.ceiling and not self._timer_booked:
            if self.source.visible.value > 0:
                self._book_timer()
            else:
                self.source.wait(self)

    def _gather(self, batch: list[Message], count: int, now_s: float) -> None:
        if not self._gathering:
            self._gather_number += 1
            self.agenda.at(now_s + self.settings.batching_window_s, self._window_over, self._gather_number)
        self._gathering.extend(batch)
        self._gathered += count
        if self._gathered >= self.settings.batch_size or sum(d.count * d.size_bytes for d in self._gathering) >= 6_000_000:
            self._send_gathered(now_s)

    def _window_over(self, number: int) -> None:
        if number == self._gather_number and self._gathering:
            self._send_gathered(self.agenda._now)
            self.wake()

    def _send_gathered(self, now_s: float) -> None:
        batch, self._gathering, self._gathered = self._gathering, [], 0
        self._gather_number += 1
        for delivery in batch:
            spend(delivery, self._causes.window, delivery.received_s, now_s)
        self._occupy(1, now_s)
        self._prepare(batch, now_s)

    def _occupy(self, change: int, now_s: float) -> None:
        self.active.add(change, now_s)
        idle = self.floor - self.active.value
        if idle > 0 or self._idle.value > 0:
            self._idle.set(max(idle, 0.0), now_s)

    def _prepare(self, batch: list[Message], now_s: float) -> None:
        ready_s = batch[0].since_s + self._latency_s()
        if ready_s > now_s:
            for delivery in batch:
                spend(delivery, self._causes.latency, now_s, ready_s)
            self.agenda.at(ready_s, self._invoke, batch)
        else:
            self._invoke(batch)

    # -- invoking ---------------------------------------------------------------------------------------------------

    def _invoke(self, batch: list[Message]) -> None:
        refusal = self.function.run_batch(batch, self._done, self.settings.report_batch_item_failures)
        if refusal is None:
            self.invoked += sum(delivery.count for delivery in batch)
            return
        now_s = self.agenda._now
        give_up_s = min(delivery.deadline_s for delivery in batch) - GIVE_UP_BEFORE_S
        self._throttled(Throttled(batch, now_s, max(now_s, give_up_s)), refusal, now_s)

    def _throttled(self, throttled: Throttled, refusal: Refusal, now_s: float) -> None:
        self.throttled_batches += 1
        if throttled.tries == 0:
            self._waiting_for_room += 1
            self._lower(now_s)
        queue = self.wire.source
        self._throttle_cause = queue.cause(refusal.cause, refusal.title, self.function.throttle_culprit(refusal))
        self.bottleneck.change(self._throttle_cause, now_s)
        wait_s = min(self.settings.throttle_backoff_s * 2 ** min(throttled.tries, MOST_DOUBLINGS), self.settings.throttle_backoff_max_s)
        wait_s *= 0.5 + self._stream.uniform()
        throttled.tries += 1
        self.agenda.at(min(now_s + wait_s, throttled.give_up_s), self._try_again, throttled)

    def _try_again(self, throttled: Throttled) -> None:
        now_s = self.agenda._now
        cause = self._throttle_cause or self._causes.ramp
        if now_s >= throttled.give_up_s:
            self.dropped_batches += 1
            self._settle_throttled(throttled, cause, now_s)
            self.wire.settle(sum(delivery.count for delivery in throttled.batch), 0)
            self.source.give_back(throttled.batch)
            self._finished(now_s)
            return
        refusal = self.function.run_batch(throttled.batch, self._done, self.settings.report_batch_item_failures)
        if refusal is not None:
            self._throttled(throttled, refusal, now_s)
            return
        self.invoked += sum(delivery.count for delivery in throttled.batch)
        self._settle_throttled(throttled, cause, now_s)

    def _settle_throttled(self, throttled: Throttled, cause: Cause, now_s: float) -> None:
        self._waiting_for_room -= 1
        for delivery in throttled.batch:
            spend(delivery, cause, throttled.since_s, now_s)

    def _done(self, succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool) -> None:
        now_s = self.agenda._now
        if succeeded:
            self.deleted += self.function.take_over(self.wire, succeeded)
        if failed:
            count = sum(delivery.count for delivery in failed)
            self.failed += count
            self.wire.settle(count, 0)
            self.source.give_back(failed)
            if handler_failed and not self.settings.report_batch_item_failures:
                self._lower(now_s)
        self._finished(now_s)

    def _finished(self, now_s: float) -> None:
        self._occupy(-1, now_s)
        self.wake()
        if self.allowed > self.floor and not self._timer_booked:
            self._book_timer()

    # -- scaling ----------------------------------------------------------------------------------------------------

    def _lower(self, now_s: float) -> None:
        """Errors and throttles lower the number of concurrent batches."""
        lowered = int(self.allowed * (1 - self.settings.error_backoff_share))
        self._allow(min(self.allowed, float(max(self.settings.backoff_floor, lowered))), now_s)
        self._book_timer()

    def _allow(self, allowed: float, now_s: float) -> None:
        self.allowed = allowed
        self.active.change_limit(allowed, now_s)

    def _book_timer(self) -> None:
        if not self._timer_booked:
            self._timer_booked = True
            rate = self.settings.poller_ramp_per_min if self.source.visible.value > 0 else self.settings.poller_scale_in_per_min
            self.agenda.at(self.agenda._now + 60.0 / rate, self._scale)

    def _scale(self, _: None) -> None:
        self._timer_booked = False
        now_s = self.agenda._now
        if self.source.visible.value > 0:
            if self.allowed < self.ceiling:
                self._allow(min(self.ceiling, self.allowed + 1), now_s)
                self.wake()
            if self.allowed < self.ceiling:
                self._book_timer()
        elif self.allowed > self.floor and self.active.value < self.allowed:
            self._allow(max(self.floor, self.allowed - 1), now_s)
            if self.allowed > self.floor:
                self._book_timer()
        elif self.allowed < self.floor:
            self._allow(min(self.floor, self.allowed + 1), now_s)
            if self.allowed < self.floor:
                self._book_timer()

    def _binding(self) -> Cause:
        return self._causes.binding(self.settings, self.allowed, self.ceiling)

    def _note_bottleneck(self, now_s: float) -> None:
        if self._waiting_for_room > 0 and self._throttle_cause is not None:
            self.bottleneck.change(self._throttle_cause, now_s)
        else:
            self.bottleneck.change(self._binding(), now_s)

    # -- what is seen and changed -----------------------------------------------------------------------------------

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        now_s = self.agenda._now
        self.ceiling = float(self.settings.maximum_concurrency or self.settings.poller_ceiling)
        self.floor = float(min(self.settings.pollers_at_start, self.ceiling))
        self._causes.name_ceiling(self.ceiling)
        self._allow(min(self.allowed, self.ceiling), now_s)
        self._note_bottleneck(now_s)
        self.wake()

    def book_idle_polls(self) -> None:
        """Tell the queue of the long polls that returned nothing since the last call."""
        area = self._idle.area(self.agenda._now)
        if self.settings.enabled:
            self.source.count_empty_receives((area - self._idle_booked_s) / LONG_POLL_S)
        self._idle_booked_s = area
