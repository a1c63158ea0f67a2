"""How consumers pull from an SQS queue: receives, deletes, and visibility timeouts that they change."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulator.engine.message import GONE, HIDDEN, IN_FLIGHT, VISIBLE, Message
from simulator.engine.outcomes import Culprit
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.queues.queue_parameters import BATCH
from simulator.mechanics.queues.queue_storage import QueueStorage

LONGEST_VISIBILITY_S = 43200.0
ASKED_AGAIN_S = 1.0
"""A consumer whose receive was answered, and did not get the answer, asks again after so long; the messages stay hidden at least until then."""


def newest(attempt: Message) -> Message:
    """The token with which the message of this attempt goes on."""
    while attempt.successor is not None:
        attempt = attempt.successor
    return attempt


class QueueReceiving(QueueStorage):
    """The part of a queue that its consumers call."""

    def count_requests(self, calls: int) -> None:
        self.requests += calls

    def count_empty_receives(self, calls: float) -> None:
        self.empty_calls += calls

    def empty_receives(self) -> int:
        """Receives so far that returned nothing."""
        return int(self.empty_calls)

    def short_poll_misses(self, draw: float) -> bool:
        return bool(self.visible.value < 1000 and draw >= self.parameters.short_poll_sees_share)

    def receive(self, limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None = None) -> list[Message]:
        order = self._order
        if order is None and not self._lossy:
            return self._receive(limit, bottleneck, path_to, visibility_timeout_s)
        if not self._queue or not self._may_receive(bottleneck):
            return []
        now_s = self.agenda._now
        taken = self._receive(limit, bottleneck if order is None else order.begin(bottleneck, now_s), path_to, visibility_timeout_s)
        self._note_order(taken, now_s)
        return [] if self._lossy and taken and self._is_lost(taken) else taken

    def _is_lost(self, taken: list[Message]) -> bool:
        """Whether the answer with these messages does not reach the consumer, which asks again later."""
        if self._lost_answers.uniform() >= self.parameters.lost_receive_share:
            return False
        self.lost_in_receives += sum(message.count for message in taken)
        self.give_back(taken)
        again_s = self.agenda._now + ASKED_AGAIN_S
        for message in taken:
            if message.deadline_s < again_s:  # a timeout of 0 would give them to the same consumer in the same instant
                message.deadline_s = again_s
                self._timers.move(message, again_s)
        self._wake_at(again_s)
        return True

    def _receive(self, limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None, left: int = 0) -> list[Message]:
        """Take messages out of the queue; ``left`` were deleted just now and still count as in flight."""
        queue = self._queue
        taken: list[Message] = []
        room: float = self.parameters.in_flight_quota - self.in_flight.value + left
        if limit < room:
            room = limit
        self._bound = bottleneck.cause
        now_s: float = self.agenda._now
        deadline_s = now_s + (self.visibility_timeout_s if visibility_timeout_s is None else visibility_timeout_s)
        received = 0
        while queue and room > 0:
            message = queue.popleft()
            if message.place != VISIBLE or (message.attempt >= self._most_receives and self._dead_letter(message, now_s)):
                continue
            count = message.count
            if count > room:
                count = int(room)
                message = self._part_of(message, count)
            room -= count
            received += count
            since_s = message.since_s
            if now_s > since_s:
                bottleneck.charge(message, since_s, now_s)
            if count == 1:
                self._note_wait(now_s - since_s)
            else:
                self.waits.add(now_s - since_s, count)
            message.attempt += 1
            message.received_s = now_s
            message.deadline_s = deadline_s
            message.place = IN_FLIGHT
            path = message.path
            message.path = path.steps.get(path_to) or path.to(path_to)
            self._timers.set(message, deadline_s)
            taken.append(message)
        if received:
            self.requests += 1
            self.received += received
            self.visible.add(-received, now_s)
        if received != left:
            self.in_flight.add(received - left, now_s)
        return taken

    def _may_receive(self, bottleneck: Bottleneck) -> bool:
        """Whether a FIFO queue takes one more receive now; if not, consumers are woken when it does."""
        now_s = self.agenda._now
        if self._receives is None or self._receives.take_anywhere(now_s):
            return True
        bottleneck.change(self.cause("fifo_throughput", "FIFO throughput limit of receives", Culprit(self.id, "fifo_throughput_limit")), now_s)
        self._wake_at(now_s + 1.0 / (self._receives.calls_per_s * self._receives.partitions))
        return False

    def _wake_at(self, time_s: float) -> None:
        if not self._wake_booked:
            self._wake_booked = True
            self.agenda.at(time_s, self._receive_again)

    def _receive_again(self, _: None) -> None:
        self._wake_booked = False
        self._wake(len(self._waiting))

    def _part_of(self, message: Message, count: int) -> Message:
        part = message.stored_copy(count)
        message.count -= count
        self._ages.add(part)
        self._queue.appendleft(message)
        return part

    def split_attempt(self, attempt: Message, count: int) -> Message:
        part = attempt.stored_copy(count)
        attempt.count -= count
        self._ages.add(part)
        if part.place == IN_FLIGHT:
            self._timers.move(part, part.deadline_s)
        elif attempt.successor is not None:
            part.successor = attempt.successor.stored_copy(count)
            attempt.successor.count -= count
            self._ages.add(part.successor)
            self._restore(part.successor)
        return part

    def _restore(self, message: Message) -> None:
        if message.place == VISIBLE:
            self._queue.appendleft(message)
        elif message.place in (IN_FLIGHT, HIDDEN):
            self._timers.move(message, message.deadline_s)

    def delete(self, attempts: Sequence[Message]) -> Sequence[Message]:
        now_s = self.agenda._now
        was_full = self.in_flight.value >= self.parameters.in_flight_quota
        owned, left = self._delete(attempts, now_s)
        self.in_flight.add(-left, now_s)
        self._left(owned, now_s)
        if was_full and self._queue:
            self._wake(1)
        return owned

    def exchange(
        self, attempts: Sequence[Message], limit: int, bottleneck: Bottleneck, path_to: str, visibility_timeout_s: float | None = None,
    ) -> tuple[Sequence[Message], list[Message]]:
        """`delete`, and at the same instant `receive`: what both answer. What is in flight changes by the difference alone."""
        if self._order is not None or self._lossy or self.in_flight.value >= self.parameters.in_flight_quota:
            return self.delete(attempts), self.receive(limit, bottleneck, path_to, visibility_timeout_s)
        now_s = self.agenda._now
        owned, left = self._delete(attempts, now_s)
        if self._queue:
            return owned, self._receive(limit, bottleneck, path_to, visibility_timeout_s, left)
        self.in_flight.add(-left, now_s)
        return owned, []

    def _delete(self, attempts: Sequence[Message], now_s: float) -> tuple[Sequence[Message], int]:
        """Delete those whose receipts are valid; return them, and how many of them were in flight (and still count as that)."""
        self.requests += 1 if len(attempts) <= BATCH else math.ceil(len(attempts) / BATCH)
        left = late = 0
        stale: list[Message] = []
        for attempt in attempts:
            if attempt.place == IN_FLIGHT:
                attempt.place = GONE
                left += attempt.count
            elif self._delete_late(attempt, now_s):
                late += attempt.count
            else:
                stale = [*stale, attempt]
        self.deleted += left + late
        self.forwarded += left + late
        return [attempt for attempt in attempts if attempt not in stale] if stale else attempts, left

    def _delete_late(self, attempt: Message, now_s: float) -> bool:
        """Delete with the receipt of an attempt that ended: valid only if the message was not received again, and never on a FIFO queue."""
        message = newest(attempt)
        if self._fifo or message.place != VISIBLE or message.attempt != attempt.attempt:
            self.stale_deletes += attempt.count
            return False
        message.place = GONE
        self.visible.add(-message.count, now_s)
        self._left_unreceived(message, now_s)
        return True

    def worked(self, attempt: Message) -> bool:
        latest = newest(attempt)
        first = not latest.worked
        latest.worked = True
        return first

    def give_back(self, attempts: Sequence[Message]) -> None:
        for attempt in attempts:
            if attempt.place == IN_FLIGHT:
                attempt.place = HIDDEN

    def change_visibility(self, attempts: Sequence[Message], timeout_s: float) -> None:
        now_s = self.agenda._now
        self.requests += 1
        for attempt in attempts:
            if attempt.place in (IN_FLIGHT, HIDDEN):
                attempt.deadline_s = min(now_s + timeout_s, attempt.received_s + LONGEST_VISIBILITY_S)
                self._timers.move(attempt, attempt.deadline_s)
