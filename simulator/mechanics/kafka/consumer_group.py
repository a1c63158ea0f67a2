"""A Kafka consumer group: who is a member, how death and slowness are found out, and who owns which partition.

The coordinator's side and the client library's side of it, as far as both show. What a member does with its partitions is its client's
business (`GroupClient`). Heartbeats are no events: when the next one is due follows from when a member came. Two protocols are built
on this: `classic_group` (JoinGroup and SyncGroup, with eager or cooperative assignors) and `reconciled_group` (KIP-848).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from simulator.engine.agenda import Agenda
from simulator.measures import Spread
from simulator.mechanics.kafka.partition_assignors import ASSIGNORS, Subscriber, TopicPartition

EMPTY, PREPARING, COMPLETING, STABLE, RECONCILING = "Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Reconciling"
"""States of a group, by Kafka's names."""
CLOCK_S = 1e-9


@dataclass(frozen=True, slots=True)
class GroupSettings:
    """What the clients and the brokers of a group are set to; times in seconds. Sources are at the parameters that fill it."""

    assignor: str = "range"
    session_timeout_s: float = 45.0
    heartbeat_interval_s: float = 3.0
    max_poll_interval_s: float = 300.0
    initial_rebalance_delay_s: float = 3.0
    round_trip_s: float = 0.005

    @property
    def cooperative(self) -> bool:
        """Whether members keep their partitions while the group rebalances."""
        return self.assignor in ("cooperative-sticky", "uniform")


class GroupClient(Protocol):
    """What a member does with its partitions."""

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These are its own from now on: begin at what is committed."""

    def revoked(self, partitions: Collection[TopicPartition], *, lost: bool) -> None:
        """These are its own no more. It may still commit, unless they are ``lost``: then another may have them already."""


class Member:
    """One consumer in a group, or the ghost of one that has not been missed yet."""

    __slots__ = (
        "alive", "client", "evicted", "had", "heartbeat_from_s", "in_group", "instance_id", "joined", "must_rejoin", "number", "owned", "pending", "polling", "timer_booked",
        "topics", "working_since_s",
    )  # fmt: skip

    def __init__(self, number: int, client: GroupClient, topics: Collection[str], instance_id: str | None, now_s: float) -> None:
        self.number = number
        self.client = client
        self.topics = topics
        self.instance_id = instance_id
        self.alive = True
        self.in_group = True
        """The coordinator counts on it, and takes its commits."""
        self.evicted = False
        """It left because it did not poll, and does not know that its partitions are gone."""
        self.polling = True
        """It is inside poll(): what the group asks of it, it does at once."""
        self.working_since_s = now_s
        self.timer_booked = False
        self.owned: set[TopicPartition] = set()
        self.had: set[TopicPartition] = set()
        """What it tells the assignor that it had."""
        self.heartbeat_from_s = now_s
        self.joined = self.must_rejoin = False
        self.pending: set[TopicPartition] | None = None
        """An assignment that it takes up when it polls."""


class ConsumerGroup:
    """A group with its coordinator. ``partitions`` are the topics it may read, with their numbers of partitions."""

    def __init__(self, agenda: Agenda, settings: GroupSettings, partitions: Mapping[str, int], changed: Callable[[], None] | None = None) -> None:
        self.agenda = agenda
        self.settings = settings
        self.partitions = dict(partitions)
        self.members: dict[int, Member] = {}
        self.state = EMPTY
        self.generation = 0
        self.rebalances = 0
        self.evictions: dict[str, int] = {"max_poll_interval": 0, "session_timeout": 0, "rebalance_timeout": 0}
        """Members that were put out of the group, by why."""
        self.durations = Spread()
        """How long rebalances took, from the first that is asked of anyone to the last."""
        self.cut_off = False
        """Whether no member reaches the coordinator."""
        self._knocking: list[Member] = []
        """Members that would join, and cannot reach it."""
        self._changed = changed or (lambda: None)
        self._numbers = 0
        self._since_s: float | None = None
        self._assign = ASSIGNORS[settings.assignor]

    # -- what clients do --------------------------------------------------------------------------------------------

    def join(self, client: GroupClient, topics: Collection[str], instance_id: str | None = None) -> Member:
        """A consumer subscribes and polls for the first time. With an ``instance_id`` it takes the place of who had that before."""
        if self.cut_off:
            member = Member(0, client, topics, instance_id, self.agenda.now)
            member.in_group = False
            self._knocking.append(member)
            return member
        ghost = next((member for member in self.members.values() if instance_id is not None and member.instance_id == instance_id), None)
        if ghost is not None:
            return self._come_back(ghost, client)
        self._numbers += 1
        member = Member(self._numbers, client, topics, instance_id, self.agenda.now)
        self.members[member.number] = member
        self._member_joined(member)
        return member

    def _come_back(self, member: Member, client: GroupClient) -> Member:
        """A static member is there again before its session ended: it gets what it had, and nobody else notices."""
        member.client, member.alive, member.in_group, member.evicted, member.polling = client, True, True, False, True
        member.owned = set()
        member.heartbeat_from_s = self.agenda.now
        self._static_returned(member)
        return member

    def poll(self, member: Member) -> None:
        """The member's thread enters poll(): it finds out what happened meanwhile, and does what the group waits for."""
        member.polling = True
        if self.cut_off:
            return
        if member.evicted:
            member.evicted = False
            lost, member.owned = member.owned, set()
            if not member.in_group:
                member.had = set()
            member.pending, member.must_rejoin = None, False
            if lost:
                member.client.revoked(lost, lost=True)
            self._rejoin_after_eviction(member)
        elif member.in_group:
            self._polled(member)

    def _rejoin_after_eviction(self, member: Member) -> None:
        if member.in_group:  # a static member whose session has not ended
            self._come_back(member, member.client)
            return
        self._numbers += 1
        member.number = self._numbers
        member.in_group, member.heartbeat_from_s = True, self.agenda.now
        self.members[member.number] = member
        self._member_joined(member)

    def works(self, member: Member) -> None:
        """The member's thread has left poll() with records: until it polls again, the poll interval runs."""
        member.polling = False
        member.working_since_s = now_s = self.agenda._now
        if not member.timer_booked:
            member.timer_booked = True
            self.agenda.at(now_s + self.settings.max_poll_interval_s, self._poll_interval_over, member)

    def leave(self, member: Member) -> None:
        """The consumer is closed: it hands its partitions back. A static member says nothing, and is missed when its session ends."""
        member.alive = False
        owned, member.owned = member.owned, set()
        member.evicted = False
        if owned:
            member.client.revoked(owned, lost=not member.in_group)
        if not member.in_group:
            return
        if member.instance_id is None and not self.cut_off:
            self._remove(member)
        else:
            self._miss(member)

    def crash(self, member: Member) -> None:
        """The consumer is gone without a word: the coordinator misses its heartbeats when the session timeout is over."""
        member.alive = member.polling = member.evicted = member.joined = False
        member.owned, member.pending = set(), None
        if member.in_group:
            self._miss(member)

    def may_commit(self, member: Member) -> bool:
        """Whether the coordinator takes this member's commits."""
        return member.in_group and not member.evicted and not self.cut_off

    def cut(self, cut_off: bool) -> None:
        """The members no longer reach the coordinator, which misses their heartbeats; or they do again, and those it has put out find that out at their next poll."""
        if cut_off == self.cut_off:
            return
        self.cut_off = cut_off
        present = [member for member in self.members.values() if member.alive and not member.evicted]
        for member in present:
            if cut_off:
                self._miss(member)
            else:
                member.heartbeat_from_s = self.agenda._now
                self._reconnected(member)
        if not cut_off:
            knocking, self._knocking = self._knocking, []
            for member in knocking:
                if member.alive:
                    self._let_in(member)

    def _let_in(self, member: Member) -> None:
        """A member that waited joins; it takes the place of who had its instance id."""
        for ghost in [other for other in self.members.values() if member.instance_id is not None and other.instance_id == member.instance_id]:
            del self.members[ghost.number]
        self._numbers += 1
        member.number, member.in_group, member.heartbeat_from_s = self._numbers, True, self.agenda._now
        self.members[member.number] = member
        self._member_joined(member)

    # -- what is seen -----------------------------------------------------------------------------------------------

    @property
    def settled(self) -> bool:
        """Whether nothing is being moved: MSK shows lag only then."""
        return self.state in (STABLE, EMPTY)

    # -- how it is found out that a member is gone, or slow -----------------------------------------------------------

    def last_heartbeat_s(self, member: Member) -> float:
        """When the latest heartbeat was sent."""
        beats = math.floor((self.agenda._now - member.heartbeat_from_s) / self.settings.heartbeat_interval_s + CLOCK_S)
        beat_s: float = member.heartbeat_from_s + beats * self.settings.heartbeat_interval_s
        return beat_s

    def next_heartbeat_s(self, member: Member) -> float:
        """When the next heartbeat is due: with its answer a member hears what is asked of it."""
        return self.last_heartbeat_s(member) + self.settings.heartbeat_interval_s

    def _miss(self, member: Member) -> None:
        """No heartbeat comes any more."""
        ends_s = max(self.agenda._now, self.last_heartbeat_s(member) + self.settings.session_timeout_s)
        member.heartbeat_from_s = ends_s - self.settings.session_timeout_s
        self.agenda.at(ends_s, self._session_over, (member, member.heartbeat_from_s))

    def _session_over(self, missed: tuple[Member, float]) -> None:
        member, heartbeat_s = missed
        if member.in_group and member.heartbeat_from_s == heartbeat_s and (not member.alive or member.evicted or self.cut_off):
            self.evictions["session_timeout"] += 1
            member.evicted = member.alive
            self._remove(member)

    def _poll_interval_over(self, member: Member) -> None:
        """The client library looks whether its application has polled in time; if not, it leaves the group."""
        due_s = member.working_since_s + self.settings.max_poll_interval_s
        if member.polling or not member.alive or not member.in_group or member.evicted:
            member.timer_booked = False
            return
        if due_s > self.agenda._now + CLOCK_S:
            self.agenda.at(due_s, self._poll_interval_over, member)
            return
        member.timer_booked = False
        member.evicted = True
        self.evictions["max_poll_interval"] += 1
        if member.instance_id is None and not self.cut_off:
            self._remove(member)
        else:
            self._miss(member)  # a static member does not leave: its heartbeats end

    def _remove(self, member: Member) -> None:
        member.in_group = member.joined = False
        del self.members[member.number]
        self._member_left(member)

    # -- rebalances -------------------------------------------------------------------------------------------------

    def _enter(self, state: str) -> None:
        """The group is in this state now; count and measure rebalances."""
        if state == self.state:
            return
        was_settled = self.settled
        self.state = state
        now_s = self.agenda._now
        if was_settled and not self.settled:
            self._since_s = now_s
        elif self.settled and self._since_s is not None:
            self.durations.add(now_s - self._since_s)
            self._since_s = None
        self._changed()

    def _subscribers(self) -> list[Subscriber]:
        """Members in Kafka's order: by their ids, which for static members are those of their instances."""
        order = sorted(self.members.values(), key=lambda member: (member.instance_id is None, member.instance_id or "", member.number))
        return [Subscriber(member.number, member.topics, member.had | member.owned) for member in order]

    # -- what a protocol adds ---------------------------------------------------------------------------------------

    def _member_joined(self, member: Member) -> None:
        raise NotImplementedError

    def _member_left(self, member: Member) -> None:
        raise NotImplementedError

    def _membership_changed(self) -> None:
        raise NotImplementedError

    def _static_returned(self, member: Member) -> None:
        raise NotImplementedError

    def _polled(self, member: Member) -> None:
        raise NotImplementedError

    def _reconnected(self, member: Member) -> None:
        """A member whose session had not ended is heard again: it hears what it missed."""
        raise NotImplementedError
