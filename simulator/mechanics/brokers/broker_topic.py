"""Topics of a message broker: a copy for each subscriber, stored only for those that are durable."""

from __future__ import annotations

from collections.abc import Callable

from simulator.mechanics.brokers.broker_destination import BrokerQueue
from simulator.mechanics.brokers.broker_storage import Stored


class Topic:
    """A topic, and the queues to which its messages are copied.

    ``durable`` are those of durable subscribers, ``volatile`` those of subscribers who get only what is sent while they are
    connected, ``virtual`` the queues of a virtual topic's consumers. ``pending_limit`` bounds what waits for a volatile
    subscriber whose prefetch is full; the oldest are discarded. None: no bound.
    """

    def __init__(self, name: str, pending_limit: int | None, discard: Callable[[Stored], None]) -> None:
        self.name = name
        self.pending_limit = pending_limit
        self._discard = discard
        self.durable: list[BrokerQueue] = []
        self.volatile: list[BrokerQueue] = []
        self.virtual: list[BrokerQueue] = []

    def all(self) -> list[BrokerQueue]:
        """Every queue that gets a copy."""
        return [*self.durable, *self.virtual, *(queue for queue in self.volatile if queue.subscriptions)]

    def stores(self, queue: BrokerQueue) -> bool:
        """Whether copies for this queue are written to the store, if messages are persistent."""
        return queue not in self.volatile

    def trim(self, queue: BrokerQueue, now_s: float) -> None:
        """Discard the oldest of what waits for a volatile subscriber, if it is too much."""
        if self.pending_limit is None or queue not in self.volatile:
            return
        while len(queue.waiting) > self.pending_limit:
            oldest = queue.waiting.popleft()
            queue.gone(oldest, now_s)
            self._discard(oldest)
