"""The pollers with which AWS Lambda reads an SQS queue: batching, ramp, back-off, partial batch response.

One mapping belongs to one wire between a queue and a function. What AWS does not publish (how fast pollers scale in,
how far errors lower the concurrency, the back-off of throttled batches) are parameters.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.limits import Limit
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause, Culprit, Refusal
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.languages.event_patterns import queue_record_of
from simulator.measures import Gauge
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.functions.batch_payload import SYNCHRONOUS_BYTES, cut, payload_bytes
from simulator.mechanics.mappings.mapping_filter import MappingFilter
from simulator.mechanics.mappings.pollers import CONCURRENCY_OF_A_POLLER, PROFILES, ProvisionedPollers, Scaling
from simulator.mechanics.polling import PullSource
from simulator.vocabulary import Values

LONG_POLL_S = 20.0
RECEIVE_BATCH = 10
GIVE_UP_BEFORE_S = 1e-3
MOST_DOUBLINGS = 40
"""Of a back-off, which a maximum bounds long before."""

BatchDone = Callable[[Sequence[Message], Sequence[Message], bool | str], None]
"""Called with (succeeded, failed, whether the handler itself failed) when an invocation ends."""


class BatchFunction(Protocol):
    """What a mapping invokes."""

    def run_batch(self, batch: list[Message], done: BatchDone, partial: bool) -> Refusal | None:
        """Start an invocation; a refusal means it was throttled and nothing started. ``partial``: batch item failures are reported."""

    def take_over(self, wire: Wire, attempts: Sequence[Message]) -> int:
        """These messages were processed: delete them; return how many of the deletes were valid."""

    def discard(self, wire: Wire, attempts: Sequence[Message]) -> None:
        """These messages match no filter: delete them, they end here."""

    def throttle_culprit(self, refusal: Refusal) -> Culprit:
        """What to change so that such a refusal does not happen."""


class MappingCauses:
    """Why messages wait for a mapping, and what to change."""

    def __init__(self, wire: Wire, ceiling: float) -> None:
        queue, function = wire.source, wire.target
        self._function = function
        self._wire = wire

        def culprit(name: str) -> Culprit:
            return Culprit(function.id, name, wire.id)

        profile = "scaling_profile" if wire.parameters.scaling_profile in PROFILES else ""
        self.ramp = queue.cause("poller_ramp", f"The pollers of {function.name} are still scaling up", culprit(profile or "poller_ramp_per_min"))
        self.at_maximum = queue.cause("maximum_concurrency", "", culprit("maximum_concurrency"))
        self.at_ceiling = queue.cause("poller_ceiling", "", culprit("maximum_pollers" if wire.parameters.provisioned_mode else profile or "poller_ceiling"))
        self.pace = queue.cause("poller_pace", f"The provisioned pollers of {function.name} read 10 times and 1 MB a second each", culprit("minimum_pollers"))
        self.name_ceiling(ceiling)
        self.disabled = queue.cause("disabled", f"The mapping to {function.name} is disabled", culprit("enabled"))
        self.cut = cut_cause(wire)
        self.latency = queue.cause("delivery_latency", "Delivery latency of the mapping", culprit("delivery_latency"), capacity=False)
        self.window = queue.cause("batching_window", "Batching window", culprit("batching_window_s"), capacity=False)

    def name_ceiling(self, ceiling: float) -> None:
        """The ceiling is now another."""
        self.at_maximum.title = f"The mapping to {self._function.name} is at its maximum concurrency ({ceiling:g})"
        self.at_ceiling.title = f"The mapping to {self._function.name} is at its poller ceiling ({ceiling:g})"

    def binding(self, settings: Values, allowed: float, ceiling: float) -> Cause:
        """What keeps the mapping from taking more at once."""
        if self._wire.cut:
            return self.cut
        if not settings.enabled:
            return self.disabled
        if allowed >= ceiling:
            return self.at_maximum if settings.maximum_concurrency and not settings.provisioned_mode else self.at_ceiling
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
        self.scaling = Scaling(self.settings)
        self.ceiling = self.scaling.ceiling
        self.allowed = self.floor = self.scaling.start
        self.provisioned = ProvisionedPollers(self.allowed) if self.scaling.provisioned else None
        self.filter = MappingFilter(self.settings.filter_criteria, queue_record_of) if self.settings.filter_criteria else None
        self.active = Limit(f"pollers:{wire.id}", f"Concurrent batches from {wire.source.name}", self.allowed, None)
        self.polled = self.invoked = self.failed = self.deleted = self.throttled_batches = self.filtered = 0
        self._idle = Gauge(self.floor / CONCURRENCY_OF_A_POLLER if self.provisioned is not None else self.floor)
        self._idle_booked_s = 0.0
        self._cut: deque[list[Message]] = deque()
        self._pace_booked = self._quiet_booked = False
        self._last_message_s = 0.0
        self._attentive = self.provisioned is not None
        """Whether a receive changes more than what is counted."""
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

    def wake(self) -> bool:
        if not self.settings.enabled or self.wire.cut:
            return False
        now_s = self.agenda._now
        batch_size = self.settings.batch_size
        window_s = self.settings.batching_window_s
        while self.active.value < self.allowed:
            if self._cut:
                self._begin(self._cut.popleft(), now_s)
                continue
            if self.provisioned is not None and self._wait_for_pace(self.provisioned, now_s):
                break
            batch = self.source.receive(min(batch_size - self._gathered, RECEIVE_BATCH), self.bottleneck, self.wire.target.id, self.visibility_timeout_s())
            if not batch:
                if self.source.is_full():
                    self.bottleneck.change(self.source.full_cause, now_s)
                self._book_quiet(now_s)
                self.source.wait(self)
                return True
            count = len(batch) if len(batch) == 1 and batch[0].count == 1 else sum(delivery.count for delivery in batch)
            self.polled += count
            self.wire.depart(count)
            self._last_message_s = now_s
            if self._attentive:
                self._note_received(batch, count, now_s)
            if self.filter is not None:
                batch, count = self._drop_filtered(self.filter, batch, count)
                if not batch:
                    continue
            if window_s > 0:
                self._gather(batch, count, now_s)
            elif count == 1:
                self._occupy(1, now_s)
                self._prepare(batch, now_s)
            else:
                first, *rest = cut(batch, self.settings.record_overhead_bytes)
                self._cut.extend(rest)
                self._begin(first, now_s)
        self._note_bottleneck(now_s)
        if self.allowed < self.ceiling and not self._timer_booked:
            if self.source.visible.value > 0:
                self._book_timer()
            else:
                self.source.wait(self)
        return False

    def _begin(self, batch: list[Message], now_s: float) -> None:
        self._occupy(1, now_s)
        self._prepare(batch, now_s)

    def _note_received(self, batch: list[Message], count: int, now_s: float) -> None:
        """A message brings the pollers of a quiet queue back; provisioned ones keep their pace."""
        if self.floor < self.scaling.floor:
            self._set_floor(self.scaling.floor, now_s)
        if self.provisioned is not None:
            calls = 1.0 if self.settings.batch_size >= RECEIVE_BATCH else count / RECEIVE_BATCH
            self.provisioned.read(calls, payload_bytes(batch, 0), now_s)

    def _drop_filtered(self, criteria: MappingFilter, batch: list[Message], count: int) -> tuple[list[Message], int]:
        """Delete what no filter lets pass; what is left of the batch, and how many messages that is."""
        passing, others = criteria.split(batch)
        if others:
            dropped = sum(delivery.count for delivery in others)
            self.filtered += dropped
            count -= dropped
            self.function.discard(self.wire, others)
        return passing, count

    def _wait_for_pace(self, pollers: ProvisionedPollers, now_s: float) -> bool:
        """Whether the pollers have to wait before they read again."""
        ready_s = pollers.ready_s(now_s)
        if ready_s <= now_s:
            return False
        if not self._pace_booked:
            self._pace_booked = True
            self.agenda.at(ready_s, self._pace_over)
        return True

    def _pace_over(self, _: None) -> None:
        self._pace_booked = False
        self.wake()

    def _gather(self, batch: list[Message], count: int, now_s: float) -> None:
        if not self._gathering:
            self._open_window(now_s)
        self._gathering.extend(batch)
        self._gathered += count
        if self._gathered >= self.settings.batch_size or payload_bytes(self._gathering, self.settings.record_overhead_bytes) >= SYNCHRONOUS_BYTES:
            self._send_gathered(now_s)

    def _open_window(self, now_s: float) -> None:
        self._gather_number += 1
        self.agenda.at(now_s + max(self.settings.batching_window_s, self.settings.low_traffic_wait_s), self._window_over, self._gather_number)

    def _window_over(self, number: int) -> None:
        if number == self._gather_number and self._gathering:
            self._send_gathered(self.agenda._now)
            self.wake()

    def _send_gathered(self, now_s: float) -> None:
        """Begin an invocation with what was gathered; what does not fit into its payload is gathered on."""
        batch, *rest = cut(self._gathering, self.settings.record_overhead_bytes)
        self._gathering = [delivery for part in rest for delivery in part]
        self._gathered = sum(delivery.count for delivery in self._gathering)
        self._gather_number += 1
        for delivery in batch:
            spend(delivery, self._causes.window, delivery.received_s, now_s)
        if self._gathering:
            self._open_window(now_s)
        self._begin(batch, now_s)

    def _occupy(self, change: int, now_s: float) -> None:
        self.active.add(change, now_s)
        idle = self.floor - self.active.value
        if self.provisioned is not None:
            idle /= CONCURRENCY_OF_A_POLLER
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
        if not refusal.retryable:
            self._rejected(batch)
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
            self._settle_throttled(throttled, cause, now_s)
            self.wire.settle(sum(delivery.count for delivery in throttled.batch), 0)
            self.source.give_back(throttled.batch)
            self._finished(now_s)
            return
        refusal = self.function.run_batch(throttled.batch, self._done, self.settings.report_batch_item_failures)
        if refusal is not None and refusal.retryable:
            self._throttled(throttled, refusal, now_s)
            return
        if refusal is not None:
            self._settle_throttled(throttled, cause, now_s)
            self._rejected(throttled.batch)
            return
        self.invoked += sum(delivery.count for delivery in throttled.batch)
        self._settle_throttled(throttled, cause, now_s)

    def _rejected(self, batch: list[Message]) -> None:
        """The function will not be invoked with this batch, however often one asks: it stays hidden until its visibility timeout ends."""
        count = sum(delivery.count for delivery in batch)
        self.failed += count
        self.wire.settle(count, 0)
        self.source.give_back(batch)
        self._finished(self.agenda._now)

    def _settle_throttled(self, throttled: Throttled, cause: Cause, now_s: float) -> None:
        self._waiting_for_room -= 1
        for delivery in throttled.batch:
            spend(delivery, cause, throttled.since_s, now_s)

    def _done(self, succeeded: Sequence[Message], failed: Sequence[Message], handler_failed: bool | str) -> None:
        now_s = self.agenda._now
        if succeeded and self._report_is_malformed(handler_failed):
            succeeded, failed = (), [*succeeded, *failed]
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

    def _report_is_malformed(self, handler_failed: bool | str) -> bool:
        """Whether the report of failed messages cannot be read: then the whole batch has failed."""
        settings = self.settings
        if handler_failed or not settings.report_batch_item_failures or settings.malformed_response_share <= 0:
            return False
        return bool(self._stream.uniform() < settings.malformed_response_share)

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
        if self.provisioned is not None:
            self.provisioned.hold(max(allowed, self.floor), now_s)

    def _set_floor(self, floor: float, now_s: float) -> None:
        """So many pollers are left without a backlog, from now on."""
        self.floor = floor
        self._attentive = self.provisioned is not None or floor < self.scaling.floor
        self._occupy(0, now_s)
        if self.allowed < floor:
            self._book_timer()

    def _book_quiet(self, now_s: float) -> None:
        """Look again whether the queue is quiet, when it may be."""
        settings = self.settings
        if self._quiet_booked or self.provisioned is not None or settings.maximum_concurrency or self.floor <= settings.quiet_pollers:
            return
        self._quiet_booked = True
        self.agenda.at(max(now_s, self._last_message_s + settings.quiet_after_s), self._look_if_quiet)

    def _look_if_quiet(self, _: None) -> None:
        self._quiet_booked = False
        now_s = self.agenda._now
        if self.active.value > 0 or now_s < self._last_message_s + self.settings.quiet_after_s:
            self._book_quiet(now_s)
            return
        self._allow(float(min(self.allowed, self.settings.quiet_pollers)), now_s)
        self._set_floor(float(min(self.floor, self.settings.quiet_pollers)), now_s)

    def _book_timer(self) -> None:
        if not self._timer_booked:
            self._timer_booked = True
            rate = self.scaling.ramp_per_min if self.source.visible.value > 0 else self.settings.poller_scale_in_per_min
            self.agenda.at(self.agenda._now + 60.0 * self.scaling.step / rate, self._scale)

    def _scale(self, _: None) -> None:
        self._timer_booked = False
        now_s = self.agenda._now
        step = self.scaling.step
        if self.source.visible.value > 0:
            if self.allowed < self.ceiling:
                self._allow(min(self.ceiling, self.allowed + step), now_s)
                self.wake()
            if self.allowed < self.ceiling:
                self._book_timer()
        elif self.allowed > self.floor and self.active.value <= self.allowed - step:
            self._allow(max(self.floor, self.allowed - step), now_s)
            if self.allowed > self.floor:
                self._book_timer()
        elif self.allowed < self.floor:
            self._allow(min(self.floor, self.allowed + step), now_s)
            self.wake()
            if self.allowed < self.floor:
                self._book_timer()

    def _binding(self) -> Cause:
        return self._causes.binding(self.settings, self.allowed, self.ceiling)

    def _note_bottleneck(self, now_s: float) -> None:
        if self._waiting_for_room > 0 and self._throttle_cause is not None:
            self.bottleneck.change(self._throttle_cause, now_s)
        elif self._pace_booked and self.active.value < self.allowed:
            self.bottleneck.change(self._causes.pace, now_s)
        else:
            self.bottleneck.change(self._binding(), now_s)

    # -- what is seen and changed -----------------------------------------------------------------------------------

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        now_s = self.agenda._now
        self.scaling = Scaling(self.settings)
        self.ceiling = self.scaling.ceiling
        self._set_floor(self.scaling.floor, now_s)
        self._causes.name_ceiling(self.ceiling)
        self._allow(max(self.floor, min(self.allowed, self.ceiling)) if self.provisioned is not None else min(self.allowed, self.ceiling), now_s)
        self._note_bottleneck(now_s)
        self.wake()

    def book_idle_polls(self) -> None:
        """Tell the queue of the long polls that returned nothing since the last call."""
        area = self._idle.area(self.agenda._now)
        if self.settings.enabled:
            self.source.count_empty_receives((area - self._idle_booked_s) / LONG_POLL_S)
        self._idle_booked_s = area
