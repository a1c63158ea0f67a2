"""Queues of a message broker that pushes: messages are dispatched to consumers as far as their prefetch allows."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Protocol

from simulator.engine.message import spend
from simulator.engine.outcomes import Cause
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.brokers.broker_storage import MEMORY, STORE, TEMP, BrokerStorage, Stored, is_full


class Listener(Protocol):
    """The client's side of a subscription."""

    def deliver(self, stored: Stored) -> None:
        """The broker has dispatched this message."""

    def connection_lost(self) -> None:
        """The broker is gone: what was delivered and not acknowledged belongs to it again."""

    def connected(self) -> None:
        """The broker is there again, and the subscription with it."""


class Owner(Protocol):
    """What a destination tells the broker that holds it."""

    def dispatched(self, stored: Stored, subscription: Subscription) -> None:
        """A message goes to a consumer."""

    def expired(self, stored: Stored, queue: BrokerQueue) -> None:
        """A message outlived its time to live."""


class Subscription:
    """One consumer of a queue, as the broker sees it: it may be sent ``prefetch`` messages that it has not acknowledged.

    ``extension`` is how many messages the client has reported as processed before it acknowledges them; they do not
    count against the prefetch. With a prefetch of 0 the client asks for each message (``pulled``).
    """

    __slots__ = ("dispatched", "extension", "held", "listener", "number", "prefetch", "priority", "pulled", "wire")

    def __init__(self, wire: Wire, listener: Listener, prefetch: int, number: int, priority: int = 0) -> None:
        self.wire = wire
        self.listener = listener
        self.prefetch = prefetch
        self.number = number
        self.priority = priority
        self.extension = 0
        self.pulled = False
        self.dispatched: dict[Stored, None] = {}
        self.held: deque[Stored] = deque()
        """Messages of groups that are this consumer's, while its prefetch is full."""

    def has_room(self) -> bool:
        """Whether one more message may be dispatched now."""
        if self.prefetch == 0:
            return self.pulled
        return len(self.dispatched) - self.extension < self.prefetch


class BrokerQueue:
    """A queue, or what is stored for one durable subscriber of a topic.

    ``memory_limit_bytes``: None shares the broker's memory. ``keeps_all_in_memory`` is the vmQueueCursor; otherwise waiting
    messages beyond the high-water mark are only in the journal (persistent) or in a temporary file, and are paged in when
    it is their turn.
    """

    def __init__(self, name: str, owner: Owner, storage: BrokerStorage, bottleneck: Bottleneck, full_cause: Cause, nobody_cause: Cause) -> None:
        self.name = name
        self.owner = owner
        self.storage = storage
        self.bottleneck = bottleneck
        self.full_cause = full_cause
        self.nobody_cause = nobody_cause
        self.waiting: deque[Stored] = deque()
        self.subscriptions: list[Subscription] = []
        self.memory_limit_bytes: int | None = None
        self.keeps_all_in_memory = False
        self.strict_order = False
        self.exclusive = False
        self.uses_priority = True
        self.groups: OrderedDict[int, Subscription] | None = None
        self.most_groups = 1024
        self.page = 200
        self.memory_bytes = 0
        self.resident = 0
        """Messages of this queue that are in memory, waiting or dispatched."""
        self.paged_out = 0
        """Waiting messages that are only on disk."""
        self._dispatching = False

    # -- room -------------------------------------------------------------------------------------------------------

    def memory_used(self, share: float = 1.0) -> bool:
        """Whether the memory of this queue, or of the broker, is used up to this share."""
        limit = self.memory_limit_bytes
        return (limit is not None and self.memory_bytes >= limit * share) or is_full(self.storage.memory, share)

    def lacks(self, persistent: bool, store_share: float) -> str | None:
        """Which space a message that comes now would have to wait for; None if there is room."""
        if self.memory_used():
            return MEMORY
        if persistent:
            return STORE if is_full(self.storage.journal.used, store_share) else None
        spools = not self.keeps_all_in_memory and (self.paged_out > 0 or self.memory_used(self.storage.high_water_share))
        return TEMP if spools and is_full(self.storage.temp) else None

    def _hold_in_memory(self, stored: Stored, now_s: float) -> None:
        stored.in_memory = True
        self.memory_bytes += stored.memory_bytes
        self.resident += 1
        self.storage.memory.add(stored.memory_bytes, now_s)

    def _drop_from_memory(self, stored: Stored, now_s: float) -> None:
        if stored.in_memory:
            stored.in_memory = False
            self.memory_bytes -= stored.memory_bytes
            self.resident -= 1
            self.storage.memory.add(-stored.memory_bytes, now_s)
            self.storage.memory_freed()

    # -- messages come and go ---------------------------------------------------------------------------------------

    def add(self, stored: Stored, now_s: float) -> None:
        """Take a message for which there is room."""
        if stored.persistent:
            self.storage.store(stored, now_s)
        self.put(stored, now_s)

    def put(self, stored: Stored, now_s: float) -> None:
        """Let a message that is on disk already, if it must be, wait for a consumer."""
        if self.keeps_all_in_memory or (self.paged_out == 0 and not self.memory_used(self.storage.high_water_share)):
            self._hold_in_memory(stored, now_s)
        else:
            self.paged_out += 1
            if not stored.persistent:
                self.storage.spool(stored, now_s)
        stored.since_s = now_s
        self.waiting.append(stored)
        if not self._dispatching:
            self.dispatch(now_s)

    def dispatch(self, now_s: float) -> None:
        """Send waiting messages to consumers, round robin, until every prefetch is full, or a page of them is sent.

        The next acknowledgement or send brings the next page, as it does in ActiveMQ.
        """
        self._dispatching = True
        if self.groups is not None:
            self._dispatch_held(now_s)
        waiting = self.waiting
        skipped = sent = 0
        while waiting and sent < self.page:
            stored = waiting[0]
            if stored.expires_s <= now_s:
                waiting.popleft()
                self.gone(stored, now_s)
                self.owner.expired(stored, self)
                continue
            subscription = self._next(stored) if self.groups is None else self._of_group(stored)
            if subscription is None:
                break
            if not stored.in_memory and not self._page_in(stored, now_s):
                break
            waiting.popleft()
            if not subscription.has_room():
                subscription.held.append(stored)
                skipped += 1
                if skipped >= self.page:
                    break
                continue
            self._send(stored, subscription, now_s)
            sent += 1
        self._note_bottleneck(now_s)
        self._dispatching = False

    def _next(self, stored: Stored) -> Subscription | None:
        """The consumer whose turn it is; consumers of a higher priority first."""
        best: Subscription | None = None
        for subscription in self.subscriptions:
            if subscription.has_room() and (best is None or (self.uses_priority and subscription.priority > best.priority)):
                best = subscription
            if self.exclusive:
                return best
            if best is not None and not self.uses_priority:
                break
        return best

    def _of_group(self, stored: Stored) -> Subscription | None:
        """The consumer that owns the group of this message; the one whose turn it is becomes the owner of a new group."""
        assert self.groups is not None  # noqa: S101
        owner = self.groups.get(stored.message.key)
        if owner is not None:
            self.groups.move_to_end(stored.message.key)
            return owner if owner.has_room() or sum(len(each.held) for each in self.subscriptions) < self.page else None
        owner = self._next(stored)
        if owner is not None:
            self.groups[stored.message.key] = owner
            if len(self.groups) > self.most_groups:
                self.groups.popitem(last=False)
        return owner

    def _dispatch_held(self, now_s: float) -> None:
        for subscription in self.subscriptions:
            while subscription.held and subscription.has_room():
                self._send(subscription.held.popleft(), subscription, now_s)

    def _page_in(self, stored: Stored, now_s: float) -> bool:
        """Read a message from disk; false if there is no memory for it. A queue with nothing in memory gets a page in any case."""
        if self.memory_used(self.storage.high_water_share) and self.resident >= self.page:
            return False
        self._hold_in_memory(stored, now_s)
        self.paged_out -= 1
        self.storage.unspool(stored, now_s)
        return True

    def _send(self, stored: Stored, subscription: Subscription, now_s: float) -> None:
        message = stored.message
        if now_s > stored.since_s:
            self.bottleneck.charge(message, stored.since_s, now_s)
        subscription.dispatched[stored] = None
        subscription.pulled = False
        subscription.wire.depart(message.count)
        if not self.strict_order and not self.exclusive and len(self.subscriptions) > 1:
            self.subscriptions.remove(subscription)
            self.subscriptions.append(subscription)
        self.owner.dispatched(stored, subscription)
        subscription.listener.deliver(stored)

    def _note_bottleneck(self, now_s: float) -> None:
        self.bottleneck.change(self.full_cause if self.subscriptions else self.nobody_cause, now_s)

    def acknowledge(self, subscription: Subscription, stored: Stored, now_s: float) -> bool:
        """A consumer is done with a message: it is gone from the broker. False if it was not this consumer's any more."""
        if stored not in subscription.dispatched:
            return False
        del subscription.dispatched[stored]
        self.gone(stored, now_s)
        return True

    def gone(self, stored: Stored, now_s: float) -> None:
        """Free all space of a message that has left the queue."""
        if not stored.in_memory and self.paged_out:
            self.paged_out -= 1
        self._drop_from_memory(stored, now_s)
        self.storage.release(stored, now_s)

    def use_groups(self) -> None:
        """From now on messages of one key go to one consumer."""
        self.groups = OrderedDict()

    # -- consumers come and go --------------------------------------------------------------------------------------

    def subscribe(self, subscription: Subscription, now_s: float) -> None:
        """A consumer connects."""
        self.subscriptions.append(subscription)
        self.dispatch(now_s)

    def unsubscribe(self, subscription: Subscription, lost_cause: Cause, now_s: float) -> int:
        """A consumer is gone: what it had not acknowledged waits again, in front. Returns how many messages that are.

        Each goes on with a token of its own, because the consumer may still work on the one it was given.
        """
        self.subscriptions.remove(subscription)
        back = [*subscription.dispatched, *subscription.held]
        for stored in subscription.dispatched:
            stored.message = stored.message.copy()
            if now_s > stored.since_s:
                spend(stored.message, lost_cause, stored.since_s, now_s)
            stored.since_s = max(now_s, stored.since_s)
        returned = len(subscription.dispatched)
        subscription.dispatched.clear()
        subscription.held.clear()
        subscription.extension = 0
        if self.groups is not None:
            for key in [key for key, owner in self.groups.items() if owner is subscription]:
                del self.groups[key]
        self.waiting.extendleft(reversed(back))
        self._note_bottleneck(now_s)
        return returned

    def restart(self, survives: Callable[[Stored], bool], now_s: float) -> list[Stored]:
        """The broker restarts, with no consumer connected: what survives is on disk, the rest is returned and gone."""
        kept, lost = deque[Stored](), []
        for stored in self.waiting:
            if survives(stored):
                if stored.in_memory:
                    self._drop_from_memory(stored, now_s)
                    self.paged_out += 1
                kept.append(stored)
            else:
                self.gone(stored, now_s)
                lost.append(stored)
        self.waiting = kept
        return lost

    def expire(self, now_s: float) -> None:
        """Look through the waiting messages for those that outlived their time to live."""
        over = [stored for stored in self.waiting if stored.expires_s <= now_s]
        if not over:
            return
        dead = set(over)
        self.waiting = deque(stored for stored in self.waiting if stored not in dead)
        for stored in over:
            self.gone(stored, now_s)
            self.owner.expired(stored, self)

    def everything(self) -> Iterable[Stored]:
        """All messages of this queue, waiting and dispatched."""
        yield from self.waiting
        for subscription in self.subscriptions:
            yield from subscription.dispatched
            yield from subscription.held

    def count(self) -> int:
        """How many messages are in the queue, dispatched ones too."""
        dispatched = sum(len(subscription.dispatched) + len(subscription.held) for subscription in self.subscriptions)
        return len(self.waiting) + dispatched
