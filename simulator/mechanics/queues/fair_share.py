"""Fair queues: messages of tenants that take more than their share wait until no one else does.

`FairShare` stands where a standard queue has a deque, and is spoken to like one. A tenant is a message group. It is noisy
when it has too large a share of what is in flight, or of the processing time lately; quiet again when it has nothing
waiting, or nothing in flight for a while. Quiet tenants are served first come, first served; then noisy ones, the one
with the fewest messages in flight first. No one is held back while no one else waits.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence

from simulator.engine.message import GONE, VISIBLE, Message
from simulator.mechanics.bottleneck import Bottleneck


class RecentSum:
    """A sum over about the last ``span_s`` seconds: what is older by twice that is forgotten altogether."""

    __slots__ = ("_before", "_now", "_span", "span_s")

    def __init__(self, span_s: float) -> None:
        self.span_s = span_s
        self._span = 0
        self._before = self._now = 0.0

    def add(self, amount: float, now_s: float) -> None:
        """Add so much now."""
        self._turn(now_s)
        self._now += amount

    def value(self, now_s: float) -> float:
        """The sum: all of this span, and of the one before the part that is not yet over."""
        self._turn(now_s)
        return self._now + self._before * (1.0 - (now_s / self.span_s - self._span))

    def _turn(self, now_s: float) -> None:
        span = int(now_s / self.span_s)
        if span > self._span:
            self._before = self._now if span == self._span + 1 else 0.0
            self._now = 0.0
            self._span = span


class Tenant:
    """The visible messages of one tenant, and what it has in flight."""

    __slots__ = ("in_flight", "key", "last_flight_s", "noisy", "offered", "processing", "waiting")

    def __init__(self, key: int, span_s: float) -> None:
        self.key = key
        self.waiting: deque[tuple[int, Message]] = deque()
        self.in_flight = 0
        self.last_flight_s = 0.0
        self.processing = RecentSum(span_s)
        self.noisy = self.offered = False

    def drop_gone(self) -> bool:
        """Forget messages at the head that are gone; whether any is left."""
        waiting = self.waiting
        while waiting and waiting[0][1].place == GONE:
            waiting.popleft()
        return bool(waiting)


class FairShare:
    """The visible messages of a fair queue, by tenant.

    ``share`` and ``least_in_flight`` say when a tenant is noisy, ``quiet_after_s`` when it is quiet again, ``recent_s`` over
    which time processing is compared.
    """

    def __init__(self, share: float, least_in_flight: int, quiet_after_s: float, recent_s: float) -> None:
        self.share = share
        self.least_in_flight = least_in_flight
        self.quiet_after_s = quiet_after_s
        self.recent_s = recent_s
        self.tenants: dict[int, Tenant] = {}
        self.in_flight = 0
        self._processing = RecentSum(recent_s)
        self._quiet: list[tuple[int, int, Tenant]] = []
        self._noisy: dict[int, Tenant] = {}
        self._first = self._last = 0
        self._flying: dict[Message, Tenant] = {}
        self._picked: list[Tenant] = []

    # -- as a deque -------------------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return any(tenant.drop_gone() for tenant in self._noisy.values()) or self._quiet_head() is not None

    def __iter__(self) -> Iterator[Message]:
        for tenant in self.tenants.values():
            yield from (message for _, message in tenant.waiting)

    def append(self, message: Message) -> None:
        """A message can be seen, behind all others."""
        self._last += 1
        tenant = self._arrives(message)
        tenant.waiting.append((self._last, message))
        self._offer(tenant)

    def appendleft(self, message: Message) -> None:
        """A message can be seen again, before all others of its tenant."""
        self._first -= 1
        tenant = self._arrives(message)
        tenant.waiting.appendleft((self._first, message))
        tenant.offered = False
        self._offer(tenant)

    def popleft(self) -> Message:
        """The next message to receive; there must be one."""
        tenant = self._quiet_head() or min((tenant for tenant in self._noisy.values() if tenant.drop_gone()), key=lambda one: (one.in_flight, one.waiting[0][0]))
        tenant.offered = False
        message = tenant.waiting.popleft()[1]
        tenant.in_flight += 1
        self._picked.append(tenant)
        self._offer(tenant)
        return message

    # -- beyond a deque ---------------------------------------------------------------------------------------------

    def begin(self, bottleneck: Bottleneck, now_s: float) -> Bottleneck:
        """A receive begins; tenants that have been noisy for long enough are quiet again."""
        for tenant in list(self._noisy.values()):
            if tenant.in_flight == 0 and now_s - tenant.last_flight_s >= self.quiet_after_s:
                self._calm(tenant)
        return bottleneck

    def end(self, taken: Sequence[Message], now_s: float) -> None:
        """A receive ended with these messages: their tenants may have become noisy."""
        for tenant in self._picked:
            tenant.in_flight -= 1
        for message in taken:
            tenant = self._flying[message] = self.tenants[message.key]
            tenant.in_flight += 1
            tenant.last_flight_s = now_s
        self.in_flight += len(taken)
        picked = {tenant.key: tenant for tenant in self._picked}
        self._picked.clear()
        for tenant in picked.values():
            self._judge(tenant, now_s)

    def follow(self, receipt: Message, successor: Message) -> None:
        """The message of this receipt goes on as ``successor``."""
        tenant = self._flying.pop(receipt, None)
        if tenant is not None:
            self._flying[successor] = tenant

    def gone(self, messages: Sequence[Message], now_s: float) -> int:
        """These messages left the queue. None is freed by that: tenants are never locked."""
        for message in messages:
            self._land(message, now_s)
        return 0

    def compact(self, now_s: float) -> None:
        """Forget tenants of whom nothing is left."""
        for tenant in [tenant for tenant in self.tenants.values() if not tenant.in_flight and tenant.key not in self._noisy]:
            if not tenant.drop_gone() and tenant.processing.value(now_s) == 0.0:
                del self.tenants[tenant.key]

    # -- what it shows ----------------------------------------------------------------------------------------------

    def noisy(self) -> int:
        """Tenants that are noisy now."""
        return len(self._noisy)

    def noisy_waiting(self) -> int:
        """Messages of noisy tenants that can be received."""
        return sum(sum(message.place == VISIBLE for _, message in tenant.waiting) for tenant in self._noisy.values())

    def noisy_in_flight(self) -> int:
        """Messages of noisy tenants in flight."""
        return sum(tenant.in_flight for tenant in self._noisy.values())

    def is_quiet(self, message: Message) -> bool:
        """Whether a message is of a quiet tenant."""
        return message.key not in self._noisy

    # -- inside -----------------------------------------------------------------------------------------------------

    def _arrives(self, message: Message) -> Tenant:
        now_s = message.since_s
        self._land(message, now_s)
        tenant = self.tenants.get(message.key)
        if tenant is None:
            tenant = self.tenants[message.key] = Tenant(message.key, self.recent_s)
        return tenant

    def _land(self, message: Message, now_s: float) -> None:
        tenant = self._flying.pop(message, None)
        if tenant is None:
            return
        tenant.in_flight -= 1
        self.in_flight -= 1
        tenant.last_flight_s = now_s
        worked_s = now_s - message.received_s
        tenant.processing.add(worked_s, now_s)
        self._processing.add(worked_s, now_s)

    def _judge(self, tenant: Tenant, now_s: float) -> None:
        """Whether the tenant takes too much, now that a receive has given it more; one with nothing waiting does not."""
        if not tenant.drop_gone():
            self._calm(tenant)
            return
        if tenant.noisy:
            return
        flies = tenant.in_flight >= self.least_in_flight and tenant.in_flight > self.share * self.in_flight
        processing = self._processing.value(now_s)
        if flies or (processing > 0 and tenant.processing.value(now_s) > self.share * processing):
            tenant.noisy, tenant.offered = True, False
            self._noisy[tenant.key] = tenant

    def _calm(self, tenant: Tenant) -> None:
        if tenant.noisy:
            tenant.noisy = False
            del self._noisy[tenant.key]
            self._offer(tenant)

    def _offer(self, tenant: Tenant) -> None:
        if not tenant.noisy and not tenant.offered and tenant.waiting:
            tenant.offered = True
            heapq.heappush(self._quiet, (tenant.waiting[0][0], tenant.key, tenant))

    def _quiet_head(self) -> Tenant | None:
        """The quiet tenant whose first message has waited longest; entries that no longer hold are dropped."""
        quiet = self._quiet
        while quiet:
            sequence, _, tenant = quiet[0]
            if tenant.offered and not tenant.noisy and tenant.waiting and tenant.waiting[0][0] == sequence:
                if tenant.waiting[0][1].place == VISIBLE:
                    return tenant
                tenant.drop_gone()
                tenant.offered = False
                heapq.heappop(quiet)
                self._offer(tenant)
            else:
                heapq.heappop(quiet)
        return None
