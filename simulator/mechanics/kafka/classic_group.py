"""Kafka's classic rebalance: all members join anew, one of them assigns, all get their share (JoinGroup, SyncGroup).

With an eager assignor every member gives up all its partitions before it joins, so that nothing moves until the slowest has joined.
With the cooperative one members keep theirs; what has to move is given up after a first round and given out in a second.
"""

from __future__ import annotations

from simulator.mechanics.kafka.consumer_group import COMPLETING, EMPTY, PREPARING, STABLE, ConsumerGroup, Member
from simulator.mechanics.kafka.partition_assignors import without_moves


class ClassicGroup(ConsumerGroup):
    """A group whose rebalances go round by round."""

    _round = 0
    _first = False
    _newcomers = False

    def _member_joined(self, member: Member) -> None:
        member.joined = True
        self._newcomers = self.generation == 0
        self._membership_changed()

    def _member_left(self, member: Member) -> None:
        if not self.members:
            self._round += 1
            self.generation += 1
            self._enter(EMPTY)
        else:
            self._membership_changed()

    def _membership_changed(self) -> None:
        """A round begins, unless one is at its beginning anyway."""
        if self.state == PREPARING:
            self._complete_if_all_joined()
            return
        begins = self.state == EMPTY
        completing = self.state == COMPLETING
        self._round += 1
        self._first = begins
        self._enter(PREPARING)
        now_s, delay_s = self.agenda._now, self.settings.initial_rebalance_delay_s
        if begins:
            self._newcomers = False
            self.agenda.at(now_s + delay_s, self._delay_over, (self._round, max(0.0, self.settings.max_poll_interval_s - delay_s)))
            return
        for member in list(self.members.values()):
            if not member.alive or member.evicted:
                member.joined = False
            elif completing and member.joined:
                continue  # its SyncGroup is answered: join again, and it waits in poll()
            elif not member.joined:
                self.agenda.at(self.next_heartbeat_s(member), self._told, (member, self._round))
        self.agenda.at(now_s + self.settings.max_poll_interval_s, self._time_is_up, self._round)
        self._complete_if_all_joined()

    def _delay_over(self, waited: tuple[int, float]) -> None:
        """An empty group waits for more members; each that comes makes it wait again, up to the rebalance timeout."""
        number, remaining_s = waited
        if number != self._round:
            return
        if self._newcomers and remaining_s > 0:
            self._newcomers = False
            delay_s = min(self.settings.initial_rebalance_delay_s, remaining_s)
            self.agenda.at(self.agenda._now + delay_s, self._delay_over, (number, remaining_s - delay_s))
            return
        self._first = False
        self._complete()

    # -- joining ----------------------------------------------------------------------------------------------------

    def _told(self, heard: tuple[Member, int]) -> None:
        """The answer to a heartbeat says that the group rebalances."""
        member, number = heard
        if number == self._round and self.state == PREPARING and not self.cut_off and member.in_group and member.alive and not member.evicted and not member.joined:
            member.must_rejoin = True
            if member.polling:
                self._rejoin(member)

    def _reconnected(self, member: Member) -> None:
        if self.state == PREPARING and not member.joined:
            self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._told, (member, self._round))

    def _rejoin(self, member: Member) -> None:
        """poll() sends JoinGroup; an eager member has given up everything before."""
        member.must_rejoin = False
        if not self.settings.cooperative and member.owned:
            given_up, member.owned = member.owned, set()
            member.client.revoked(given_up, lost=False)
        member.joined = True
        self._complete_if_all_joined()

    def _polled(self, member: Member) -> None:
        if member.pending is not None and self._take_up(member):
            self._join_again(member)
        if member.must_rejoin and self.state == PREPARING:
            self._rejoin(member)
        if self.state == COMPLETING:
            self._sync_if_leader_polls()

    def _join_again(self, member: Member) -> None:
        """A cooperative member gave something up: whoever shall have it gets it in another round."""
        member.joined = True
        self._membership_changed()

    def _static_returned(self, member: Member) -> None:
        if self.state == STABLE:
            member.pending = set(member.had)
            self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._gets_back, member)
        else:
            member.joined = True
            if self.state == PREPARING:
                self._complete_if_all_joined()

    def _gets_back(self, member: Member) -> None:
        if member.alive and member.in_group and member.polling and member.pending is not None and not self.cut_off:
            self._take_up(member)

    # -- completing -------------------------------------------------------------------------------------------------

    def _complete_if_all_joined(self) -> None:
        if self.state == PREPARING and not self._first and self.members and all(member.joined for member in self.members.values()):
            self._complete()

    def _time_is_up(self, number: int) -> None:
        """The rebalance timeout (the members' max.poll.interval.ms): who has not joined is out."""
        if number != self._round or self.state != PREPARING:
            return
        late = [member for member in self.members.values() if not member.joined and member.instance_id is None]
        for member in late:
            member.in_group = False
            member.evicted = member.alive
            self.evictions["rebalance_timeout"] += 1
            del self.members[member.number]
        if any(member.joined for member in self.members.values()):
            self._complete()
        elif not self.members:
            self._member_left(late[0])
        else:
            self.agenda.at(self.agenda._now + self.settings.max_poll_interval_s, self._time_is_up, number)

    def _complete(self) -> None:
        """All have joined: the leader, who is the first of them, learns of all and assigns."""
        self._round += 1
        self.generation += 1
        self._enter(COMPLETING)
        for member in self.members.values():
            member.pending = None  # what a working member has not taken up is void: it has joined again, or is a ghost
        self._sync_if_leader_polls()

    def _sync_if_leader_polls(self) -> None:
        leader = next((member for member in self.members.values() if member.joined), None)
        if leader is not None and leader.polling:
            self.agenda.at(self.agenda._now + 2 * self.settings.round_trip_s, self._synced, self._round)

    def _synced(self, number: int) -> None:
        """SyncGroup is answered: everybody has a share."""
        if number != self._round or self.state != COMPLETING:
            return
        made = self._assign(self._subscribers(), self.partitions)
        if self.settings.cooperative:
            made = without_moves(made, {member.number: member.owned for member in self.members.values()})
        self.rebalances += 1
        self._enter(STABLE)
        again: list[Member] = []
        for member in list(self.members.values()):
            member.joined = False
            member.pending = set(made[member.number])
            if not member.alive or member.evicted:
                member.had, member.pending = set(made[member.number]), None  # a static member that is away: its share waits for it
            elif member.polling and not self.cut_off and self._take_up(member):
                again.append(member)
        for member in again:
            self._join_again(member)

    def _take_up(self, member: Member) -> bool:
        """The member has a new share; whether it had to give something up, and joins again to tell."""
        share, member.pending = member.pending or set(), None
        given_up, new = member.owned - share, share - member.owned
        member.owned, member.had = set(share), set(share)
        member.heartbeat_from_s = self.agenda._now
        if given_up:
            member.client.revoked(given_up, lost=False)
        if new:
            member.client.assigned(new)
        return bool(given_up)
