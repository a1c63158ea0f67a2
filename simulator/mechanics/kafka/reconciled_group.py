"""Kafka's newer rebalance protocol (group.protocol=consumer, KIP-848): the broker assigns, and heartbeats bring members there one by one.

There is no round that everybody waits for. When members come or go, the coordinator computes a target; each member hears with its next heartbeat
what it has to give up, does so when it polls, and says so at once; whoever shall have a partition gets it with its next heartbeat after that.
"""

from __future__ import annotations

from simulator.mechanics.kafka.consumer_group import EMPTY, RECONCILING, STABLE, ConsumerGroup, Member
from simulator.mechanics.kafka.partition_assignors import Assignment, TopicPartition


class ReconciledGroup(ConsumerGroup):
    """A group whose members move to the broker's target one by one."""

    _epoch = 0
    _target: Assignment

    def _member_joined(self, member: Member) -> None:
        self._membership_changed()
        self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._heartbeat, (member, self._epoch))

    def _member_left(self, member: Member) -> None:
        if not self.members:
            self._epoch += 1
            self.generation += 1
            self._enter(EMPTY)
        else:
            self._membership_changed()

    def _membership_changed(self) -> None:
        """A new group epoch, with a new target."""
        self._epoch += 1
        self.generation += 1
        self.rebalances += 1
        self._target = made = self._assign(self._subscribers(), self.partitions)
        for member in self.members.values():
            member.pending = None  # who is away keeps what it had until its session ends
            if member.alive and not member.evicted:
                member.pending = set(made[member.number])
                self.agenda.at(self.next_heartbeat_s(member), self._heartbeat, (member, self._epoch))
        self._enter(RECONCILING)
        self._look_if_settled()

    def _static_returned(self, member: Member) -> None:
        member.pending = set(self._target[member.number])
        self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._heartbeat, (member, self._epoch))

    # -- reconciling ------------------------------------------------------------------------------------------------

    def _heartbeat(self, beat: tuple[Member, int]) -> None:
        """A heartbeat is answered: what the member has to give up, or what it may have now."""
        member, epoch = beat
        if epoch != self._epoch or self.cut_off or not member.in_group or not member.alive or member.evicted or member.pending is None:
            return
        if member.owned - member.pending:
            member.must_rejoin = True
            if member.polling:
                self._give_up(member)
            return
        self._give(member)

    def _reconnected(self, member: Member) -> None:
        if member.pending is not None:
            self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._heartbeat, (member, self._epoch))

    def _give_up(self, member: Member) -> None:
        """Inside poll(): the partitions are given up, and the next heartbeat, sent at once, says so."""
        member.must_rejoin = False
        if member.pending is None:
            return
        given_up = member.owned - member.pending
        member.owned -= given_up
        member.had = set(member.owned)
        if given_up:
            member.client.revoked(given_up, lost=False)
        self.agenda.at(self.agenda._now + self.settings.round_trip_s, self._heartbeat, (member, self._epoch))

    def _give(self, member: Member) -> None:
        if member.pending is None:
            return
        mine = member.pending
        free = {which for which in mine - member.owned if not self._held_by_another(which, member)}
        member.owned |= free
        member.had = set(member.owned)
        if member.owned == mine:
            member.pending = None
        else:
            self.agenda.at(self.next_heartbeat_s(member), self._heartbeat, (member, self._epoch))
        if free:
            member.client.assigned(free)
        self._look_if_settled()

    def _held_by_another(self, which: TopicPartition, taker: Member) -> bool:
        """Whether another member has the partition still: one that must give it up, or one that is missed but whose session goes on."""
        return any(which in (member.owned if member.alive else member.had) for member in self.members.values() if member is not taker)

    def _polled(self, member: Member) -> None:
        if member.must_rejoin:
            self._give_up(member)

    def _look_if_settled(self) -> None:
        if self.state == RECONCILING and all(member.pending is None for member in self.members.values()):
            self._enter(STABLE)
