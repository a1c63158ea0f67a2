"""What a queue shows of itself: ages, groups, quiet and noisy tenants, and its side of Little's law."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulator.engine.message import DELAYED, VISIBLE, Message
from simulator.engine.node import Node
from simulator.measures import Gauge, Spread
from simulator.mechanics.age_order import AgeOrder
from simulator.mechanics.cohort_storage import BACK_AFTER_RECEIVES
from simulator.mechanics.queues.fair_share import FairShare
from simulator.mechanics.queues.message_groups import MessageGroups


class QueueFigures(Node):
    """The part of a queue that computes figures when they are read; mixed into the queue, whose containers it reads."""

    if TYPE_CHECKING:
        visible: Gauge
        delayed: Gauge
        in_flight: Any
        waits: Spread
        _queue: Any
        _order: MessageGroups | FairShare | None
        _ages: AgeOrder
        _fifo: bool
        _gets_dead_letters: bool

    _unreceived = (0, 0.0)
    """Messages that left otherwise than by a receive since statistics began, and how long they had waited together."""
    _unreceived_since_s = 0.0

    def age_of_oldest_s(self) -> float:
        """Age in seconds of the oldest message received fewer than three times; 0 when there is none."""
        return self._age_s(self._ages.oldest() if self._fifo else self._ages.first(lambda message: message.attempt < BACK_AFTER_RECEIVES))

    def _age_s(self, oldest: Message | None) -> float:
        if oldest is None:
            return 0.0
        now_s: float = self.agenda._now
        return now_s - (oldest.since_s if oldest.attempt == 0 and self._gets_dead_letters else oldest.sent_s)

    def groups_in_flight(self) -> int:
        """Message groups that are locked."""
        return int(self._order.locked.value) if isinstance(self._order, MessageGroups) else 0

    def noisy_groups(self) -> int:
        """Tenants that are noisy now."""
        return self._order.noisy() if isinstance(self._order, FairShare) else 0

    def visible_quiet(self) -> float:
        """Messages of quiet tenants that can be received now."""
        return self.visible.value - self._order.noisy_waiting() if isinstance(self._order, FairShare) else 0

    def in_flight_quiet(self) -> float:
        """Messages of quiet tenants in flight."""
        return self.in_flight.value - self._order.noisy_in_flight() if isinstance(self._order, FairShare) else 0

    def delayed_quiet(self) -> int:
        """Messages of quiet tenants that are delayed."""
        order = self._order
        if not isinstance(order, FairShare) or self.delayed.value == 0:
            return 0
        return sum(message.count for message in self._ages if message.place == DELAYED and order.is_quiet(message))

    def age_of_oldest_quiet_s(self) -> float:
        """Age in seconds of the oldest message of a quiet tenant; 0 when there is none."""
        order = self._order
        return self._age_s(self._ages.first(lambda message: message.attempt < BACK_AFTER_RECEIVES and order.is_quiet(message))) if isinstance(order, FairShare) else 0.0

    def littles_law(self, elapsed_s: float) -> tuple[float, float, float] | None:
        now_s = self.agenda._now
        waits = self.waits.total
        unreceived, unreceived_s = self._unreceived if self._unreceived_since_s == self.network.measured_from_s else (0, 0.0)
        still_s = sum(message.count * (now_s - max(message.since_s, now_s - elapsed_s)) for message in self._queue if message.place == VISIBLE)
        ended = waits.count + unreceived
        if ended == 0 or elapsed_s <= 0:
            return None
        return self.visible.area(now_s) / elapsed_s, ended / elapsed_s, (waits.sum + unreceived_s + still_s) / ended

    def _left_unreceived(self, message: Message, now_s: float) -> None:
        """The wait of this message ends otherwise than by a receive: Little's law counts it too."""
        since_s = self.network.measured_from_s
        if self._unreceived_since_s != since_s:
            self._unreceived_since_s, self._unreceived = since_s, (0, 0.0)
        count, waited_s = self._unreceived
        self._unreceived = (count + message.count, waited_s + message.count * (now_s - max(message.since_s, since_s)))
