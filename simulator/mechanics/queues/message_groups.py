"""FIFO order by message groups: a group is locked while a message of it is in flight, the others go on.

`MessageGroups` stands where a standard queue has a deque, and is spoken to like one; what a deque has no word for (a receive
begins and ends, a message is gone, a receipt is succeeded by another) are methods of their own.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Sequence

from simulator.engine.message import GONE, Message, spend
from simulator.engine.outcomes import Cause
from simulator.measures import Gauge
from simulator.mechanics.bottleneck import Bottleneck


class Group:
    """The messages of one group that can be seen, in order of sequence, and how long the group has been locked so far."""

    __slots__ = ("in_flight", "key", "locked_since_s", "ready", "taking", "unlocked_after_s", "waiting")

    def __init__(self, key: int) -> None:
        self.key = key
        self.waiting: deque[tuple[int, Message]] = deque()
        self.in_flight = 0
        self.ready = self.taking = False
        """Whether receives may take from it, and whether the present receive does."""
        self.unlocked_after_s = 0.0
        self.locked_since_s = 0.0

    def locked_s(self, now_s: float) -> float:
        """Seconds the group has been locked in all."""
        return self.unlocked_after_s + (now_s - self.locked_since_s if self.in_flight else 0.0)

    def put(self, sequence: int, message: Message) -> None:
        """Put a message in its place: new ones come last, returned ones first, whatever order they return in."""
        waiting = self.waiting
        later: list[tuple[int, Message]] = []
        if waiting and waiting[-1][0] < sequence:
            waiting.append((sequence, message))
            return
        while waiting and waiting[0][0] < sequence:
            later.append(waiting.popleft())
        waiting.appendleft((sequence, message))
        waiting.extendleft(reversed(later))


class Stored:
    """What the queue knows of one stored message."""

    __slots__ = ("flies", "group", "locked_before_s", "seen_s", "sequence")

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.group: Group | None = None
        """Its group; None while it is beyond what a receive looks at."""
        self.flies = False
        self.seen_s = 0.0
        self.locked_before_s = 0.0


class GroupBottleneck(Bottleneck):
    """The consumer's bottleneck for the length of one receive, with the waits that message groups cause taken out."""

    __slots__ = ("_groups", "_inner")

    def __init__(self, groups: MessageGroups, inner: Bottleneck) -> None:
        super().__init__(inner.cause if groups else groups.locked_cause)
        self._groups = groups
        self._inner = inner

    def charge(self, message: Message, from_s: float, to_s: float) -> None:
        """Book what the message waited beyond the look-ahead, then behind its group, then for the consumer."""
        stored = self._groups.stored[message]
        if stored.seen_s > from_s:
            spend(message, self._groups.hidden_cause, from_s, stored.seen_s)
            from_s = stored.seen_s
        if stored.group is not None:
            locked_s = min(to_s - from_s, stored.group.locked_s(to_s) - stored.locked_before_s)
            if locked_s > 0:
                spend(message, self._groups.locked_cause, from_s, from_s + locked_s)
                from_s += locked_s
        if to_s > from_s:
            self._inner.charge(message, from_s, to_s)


class MessageGroups:
    """The visible messages of a FIFO queue. A receive takes as many as it can from the group whose head is oldest, then from others.

    Only groups of the first ``look_ahead`` stored messages are seen; later ones wait until those are gone.
    """

    def __init__(self, look_ahead: int, locked_cause: Cause, hidden_cause: Cause) -> None:
        self.look_ahead = look_ahead
        self.locked_cause = locked_cause
        self.hidden_cause = hidden_cause
        self.stored: dict[Message, Stored] = {}
        self.locked = Gauge()
        """Groups with messages in flight."""
        self._groups: dict[int, Group] = {}
        self._ready: list[tuple[int, Group]] = []
        self._seen = 0
        self._beyond: deque[Message] = deque()
        self._sequence = 0
        self._current: Group | None = None
        self._touched: list[Group] = []

    # -- as a deque -------------------------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return bool(self._ready) or bool(self._current is not None and self._current.waiting)

    def __iter__(self) -> Iterator[Message]:
        for group in self._groups.values():
            yield from (message for _, message in group.waiting)
        yield from self._beyond

    def append(self, message: Message) -> None:
        """A message can be seen: it is new, or its attempt ended. It takes its place in its group."""
        stored = self.stored.get(message)
        now_s = message.since_s
        if stored is None:
            self._sequence += 1
            stored = self.stored[message] = Stored(self._sequence)
            if self._seen >= self.look_ahead:
                self._beyond.append(message)
                return
            self._see(message, stored, now_s)
            return
        group = stored.group
        if group is None:
            return
        if stored.flies:
            self._land(stored, group, now_s)
        stored.locked_before_s = group.locked_s(now_s)
        group.put(stored.sequence, message)
        self._offer(group)

    appendleft = append

    def popleft(self) -> Message:
        """The next message of this receive."""
        while self._current is None or not self._current.waiting:
            group = self._current = heapq.heappop(self._ready)[1]
            group.ready, group.taking = False, True
            self._touched.append(group)
        return self._current.waiting.popleft()[1]

    # -- beyond a deque ---------------------------------------------------------------------------------------------

    def begin(self, bottleneck: Bottleneck, now_s: float) -> Bottleneck:
        """A receive begins; charge its waits to what this returns."""
        return GroupBottleneck(self, bottleneck)

    def end(self, taken: Sequence[Message], now_s: float) -> None:
        """A receive ended with these messages: their groups are locked."""
        for message in taken:
            stored = self.stored[message]
            group = stored.group
            if group is None:
                continue
            stored.flies = True
            group.in_flight += 1
            if group.in_flight == 1:
                group.locked_since_s = now_s
                self.locked.add(1, now_s)
        touched, self._touched, self._current = self._touched, [], None
        for group in touched:
            group.taking = False
            self._offer(group)
            self._drop_if_empty(group)

    def follow(self, receipt: Message, successor: Message) -> None:
        """The message of this receipt goes on as ``successor``."""
        self.stored[successor] = self.stored.pop(receipt)

    def gone(self, messages: Sequence[Message], now_s: float) -> int:
        """These messages left the queue; return how many groups that frees."""
        freed = 0
        for message in messages:
            stored = self.stored.pop(message, None)
            if stored is None or stored.group is None:
                continue
            self._seen -= 1
            group = stored.group
            if stored.flies:
                self._land(stored, group, now_s)
            freed += self._offer(group)
            self._drop_if_empty(group)
        while self._beyond and self._seen < self.look_ahead:
            message = self._beyond.popleft()
            if message.place != GONE:
                freed += self._see(message, self.stored[message], now_s)
        return freed

    def compact(self, now_s: float) -> None:
        """Nothing to do: what is gone is forgotten at once."""

    def holding(self) -> Cause | None:
        """Why receives find nothing although messages are visible; None where they find something."""
        if self or not self.stored:
            return None
        return self.hidden_cause if self._beyond else self.locked_cause

    # -- inside -----------------------------------------------------------------------------------------------------

    def _see(self, message: Message, stored: Stored, now_s: float) -> int:
        group = self._groups.get(message.key)
        if group is None:
            group = self._groups[message.key] = Group(message.key)
        self._seen += 1
        stored.group = group
        stored.seen_s = now_s
        stored.locked_before_s = group.locked_s(now_s)
        group.put(stored.sequence, message)
        return self._offer(group)

    def _land(self, stored: Stored, group: Group, now_s: float) -> None:
        """An attempt ended; its group is free if it was the last."""
        stored.flies = False
        if group.in_flight == 1:
            group.unlocked_after_s = group.locked_s(now_s)
            self.locked.add(-1, now_s)
        group.in_flight -= 1

    def _offer(self, group: Group) -> int:
        """Let receives take from the group if it is free and has something; 1 if they could not before."""
        waiting = group.waiting
        while waiting and waiting[0][1].place == GONE:
            waiting.popleft()
        if group.in_flight or group.ready or group.taking or not waiting:
            return 0
        group.ready = True
        heapq.heappush(self._ready, (waiting[0][0], group))
        return 1

    def _drop_if_empty(self, group: Group) -> None:
        if group.in_flight == 0 and not (group.waiting or group.ready or group.taking):
            self._groups.pop(group.key, None)
