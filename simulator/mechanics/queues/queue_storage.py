"""What an SQS queue keeps: its messages in all their states, and what becomes of them as time passes."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simulator.engine.message import DELAYED, GONE, HIDDEN, IN_FLIGHT, MOVED, STALE, VISIBLE, Message, spend
from simulator.engine.outcomes import Culprit
from simulator.measures import Gauge, Spread, Tally
from simulator.mechanics.age_order import AgeOrder
from simulator.mechanics.cohort_storage import BACK_AFTER_RECEIVES, CohortStorage
from simulator.mechanics.deduplication import DeduplicationWindow
from simulator.mechanics.polling import Consumer
from simulator.mechanics.queues.fair_share import FairShare
from simulator.mechanics.queues.message_groups import MessageGroups
from simulator.mechanics.queues.partitioned_limit import PartitionedLimit
from simulator.mechanics.queues.queue_figures import QueueFigures
from simulator.mechanics.queues.redrive_task import RedriveSource
from simulator.mechanics.queues.visibility import VisibilityTimers
from simulator.vocabulary import ParameterSet

if TYPE_CHECKING:
    from simulator.engine.network import Network

MOST_PARTITIONS = 10_000
"""Of a high throughput queue; the quotas of us-east-1 ask for 234."""


class QueueStorage(CohortStorage, RedriveSource, QueueFigures):
    """The messages of a queue: delayed, visible, in flight, hidden; their timers, their order, their retention."""

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.visibility_timeout_s: float = self.parameters.visibility_timeout_s
        self.wait_time_s: float = self.parameters.receive_message_wait_time_s
        self.sent = self.received = self.deleted = 0
        self.requests = 0.0
        self.dead_lettered = self.expired_visibility = self.stale_deletes = self.retention_expired = self.rejected = 0
        self.empty_calls = 0.0
        self.visible, self.delayed = Gauge(), Gauge()
        self.in_flight = self.limit("in_flight", "Messages in flight", self.parameters.in_flight_quota, "in_flight_quota")
        self.sizes, self.waits = Tally(), Spread()
        self.deduplicated = self.throttled = 0
        self.quiet_waits = Spread()
        self.lost_in_receives = 0
        self._lossy: bool = self.parameters.lost_receive_share > 0
        self._lost_answers = self.stream("lost receives")
        self._order = self._special_order()
        self._queue: Any = deque() if self._order is None else self._order
        self._fifo: bool = self.parameters.fifo
        self.in_order = self._fifo
        self._deduplication = DeduplicationWindow(self.parameters.deduplication_window_s)
        self._sends, self._receives = self._call_limit(), self._call_limit()
        self._owed_wakes = 0
        self._wake_booked = False
        self._size_counts, self._note_wait = self.sizes.counts, self.waits.singles.append
        self._gets_dead_letters = False
        self._ages = AgeOrder()
        self._timers = VisibilityTimers(self.agenda, self._visibility_expired)
        self._waiting: deque[Consumer] = deque()
        self._retention_booked = self._unavailable = False
        self._delay_cause = self.cause("delay", "Delay of the queue", Culprit(id, "delay_s"), capacity=False)
        self._hidden_cause = self.cause("visibility", "Hidden after a failed attempt", Culprit(id, "visibility_timeout_s"), capacity=False)
        self.full_cause = self.cause("in_flight_quota", "In-flight quota reached", Culprit(id, "in_flight_quota"))
        self._bound = self.cause("no_consumer", "No consumer", Culprit(id))

    def _special_order(self) -> MessageGroups | FairShare | None:
        """How waiting messages are ordered, if not first in, first out."""
        values = self.parameters
        if values.fifo:
            locked = self.cause("message_group", "Behind a message of its group", Culprit(self.id, "fifo"))
            hidden = self.cause("look_ahead", "Beyond the messages a FIFO queue looks through", Culprit(self.id, "fifo_look_ahead"))
            return MessageGroups(values.fifo_look_ahead, locked, hidden)
        if values.fair:
            return FairShare(values.noisy_share, values.noisy_in_flight, values.quiet_after_s, values.processing_memory_s)
        return None

    def _call_limit(self) -> PartitionedLimit | None:
        """The limit of calls a second of one API action; None for a standard queue, which has none."""
        values = self.parameters
        if not values.fifo:
            return None
        if values.fifo_throughput_limit == "perQueue":
            return PartitionedLimit(values.fifo_calls_per_s)
        most = min(MOST_PARTITIONS, max(1, math.ceil(values.high_throughput_calls_per_s / values.fifo_calls_per_s)))
        return PartitionedLimit(values.fifo_calls_per_s, values.partitions_at_start, most, values.partition_split_s)

    def is_full(self) -> bool:
        return bool(self.in_flight.value >= self.parameters.in_flight_quota)

    def wait(self, consumer: Consumer) -> None:
        if consumer not in self._waiting:
            self._waiting.append(consumer)

    def _appear(self, message: Message, now_s: float, front: bool = False) -> None:
        message.place = VISIBLE
        message.since_s = now_s
        self.visible.add(message.count, now_s)
        if front:
            self._queue.appendleft(message)
        else:
            self._queue.append(message)
        if self._waiting:
            self._wake(1)

    def _wake(self, consumers: int) -> None:
        """Wake so many of those that wait, in their order, passing over those that cannot receive."""
        waiting = self._waiting
        asked = len(waiting)
        while waiting and asked and consumers:
            asked -= 1
            if waiting.popleft().wake():
                consumers -= 1
            elif self.visible.value <= 0:
                return

    def _note_order(self, taken: list[Message], now_s: float) -> None:
        """A receive has ended: message groups are locked, tenants may have become noisy."""
        order = self._order
        if isinstance(order, FairShare):
            for message in taken:
                if order.is_quiet(message):
                    self.quiet_waits.add(now_s - message.since_s, message.count)
        if order is not None:
            order.end(taken, now_s)
            wakes, self._owed_wakes = self._owed_wakes, 0
            self._wake(wakes)

    def _left(self, messages: Sequence[Message], now_s: float, *, wake: bool = True) -> None:
        """These messages are gone; wake consumers for the message groups that this frees."""
        if self._order is not None:
            freed = self._order.gone(messages, now_s)
            if wake:
                self._wake(freed)
            else:
                self._owed_wakes += freed

    def _dead_letter(self, message: Message, now_s: float) -> bool:
        """Move a message that was received too often; false if the dead-letter queue refuses it."""
        moved = message.copy()
        moved.place, moved.sent_s = MOVED, now_s if self._fifo else message.sent_s
        if now_s > message.since_s:
            moved.legs = (moved.legs, self._bound, message.since_s, now_s)
        wire = self.wires_out["dlq"][0]
        refused = wire.send(moved) is not None if moved.span is None or wire.target.takes_cohorts else not self._send_singly(moved, wire)
        if refused:
            return False
        self._bound.message_s += message.count * (now_s - message.since_s)
        message.place = GONE
        if message.span is None:
            self.visible.add(-message.count, now_s)
        else:
            self.visible.shift(-message.count, now_s, now_s)
        self._left((message,), now_s, wake=False)
        self._left_unreceived(message, now_s)
        self.dead_lettered += message.count
        return True

    def _visibility_expired(self, message: Message) -> None:
        """The message can be received again. If a consumer still works on it, its token goes on as a stale receipt."""
        now_s = self.agenda._now
        if message.place == IN_FLIGHT:
            successor = message.stored_copy(message.count)
            message.place, message.successor = STALE, successor
            if self._order is not None:
                self._order.follow(message, successor)
            message = successor
            message.place = HIDDEN
            self._ages.add(message)
        was_full = self.is_full()
        self.in_flight.add(-message.count, now_s)
        self.expired_visibility += message.count
        if message.path.nodes[-1] != self.id and message.path.before is not None:
            message.path = message.path.before
        booked_to_s = max(message.received_s, message.legs[3] if message.legs is not None else 0.0)
        if now_s > booked_to_s:
            spend(message, self._hidden_cause, booked_to_s, now_s)
        self._appear(message, now_s, front=message.attempt < BACK_AFTER_RECEIVES)
        if was_full:
            self._wake(1)

    # -- time passes ------------------------------------------------------------------------------------------------

    def _delay_over(self, message: Message) -> None:
        if message.place == DELAYED and not (self._fifo and self._still_delayed(message)):
            now_s = self.agenda._now
            self.delayed.add(-message.count, now_s)
            spend(message, self._delay_cause, message.since_s, now_s)
            self._appear(message, now_s)

    def _still_delayed(self, message: Message) -> bool:
        """On a FIFO queue a change of the delay acts on messages that are delayed already."""
        return bool(self.agenda._now < message.since_s + self.parameters.delay_s)

    def _delay_again(self) -> None:
        now_s = self.agenda._now
        for message in [message for message in self._ages if message.place == DELAYED]:
            self.agenda.at(max(now_s, message.since_s + self.parameters.delay_s), self._delay_over, message)

    def _book_retention(self) -> None:
        oldest = self._ages.oldest()
        if oldest is not None:
            self._retention_booked = True
            self.agenda.at(max(self.agenda._now, oldest.sent_s + self.parameters.message_retention_period_s), self._retention_over)

    def _retention_over(self, _: None) -> None:
        now_s = self.agenda._now
        self._retention_booked = False
        while (oldest := self._ages.oldest()) is not None and oldest.sent_s + self.parameters.message_retention_period_s <= now_s:
            self._expire(oldest, now_s)
        self._book_retention()

    def _expire(self, message: Message, now_s: float) -> None:
        gauge = {DELAYED: self.delayed, VISIBLE: self.visible}.get(message.place, self.in_flight)
        gauge.add(-message.count, now_s)
        if message.place == VISIBLE:
            self._left_unreceived(message, now_s)
        message.place = GONE
        self._left((message,), self.agenda._now)
        self.retention_expired += message.count
        self.lose(message, "retention", "Retention period ran out")

    # -- what is there ----------------------------------------------------------------------------------------------

    def housekeep(self) -> None:
        self._ages.compact()
        self._timers.compact()
        if self._order is not None:
            self._order.compact(self.agenda._now)

    def holding(self) -> int:
        return sum(message.count for message in self._ages) + self.cohorts_out

    def backlog(self) -> float:
        return self.visible.value
