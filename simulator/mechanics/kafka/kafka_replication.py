"""How a partition's records get from its leader to the other replicas: high watermark, in-sync replicas, leader election, catch-up.

A record can be read when every in-sync replica has it. A broker that stops leaves the in-sync replicas, after a while if nobody
was told; its partitions get leaders among those that are in sync. When it is back, it copies what it lacks, which takes its
share of networks and disks, and is in sync again.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.outcomes import Cause
from simulator.mechanics.kafka.kafka_batches import Batch, Request
from simulator.mechanics.kafka.kafka_broker import Broker
from simulator.mechanics.kafka.kafka_partition import Appended, Partition, Replica

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK_S = 1e-9
LEADER_LOST = ("leader_lost", "Its leader failed before a follower had copied it")
FETCH_BYTES = 10 * 1024**2
"""A follower that is behind fetches so much at once (replica.fetch.response.max.bytes)."""


@dataclass(slots=True)
class ReplicationSettings:
    """Times of replication and of leader elections, in seconds."""

    latency_s: Callable[[], float]
    """Until the leader knows that a follower has what it appended, beside the time that networks and disks need."""
    lag_time_max_s: float
    """A follower that is so late leaves the in-sync replicas."""
    detection_s: float
    """Until the controller knows that a broker failed."""
    election_s: float
    """Until a new leader takes requests, once the controller has decided."""
    rebalance_s: float
    """How often leaders are moved back to the preferred replicas."""
    cpu_byte_s: float
    """Processor time of a byte that a follower writes."""


class ReplicationOwner(Protocol):
    """The cluster, as replication sees it."""

    agenda: Agenda
    brokers: dict[int, Broker]
    partitions: list[Partition]

    def leader_moved(self, partition: Partition) -> None:
        """Another broker leads the partition now, or none."""

    def answer(self, request: Request) -> None:
        """All batches of the request are where its acks ask for."""

    def lost_from_log(self, messages: int) -> None:
        """Records that could be read were lost by an unclean leader election."""

    def give_up(self, batch: Batch, name: str, title: str) -> None:
        """These records are lost."""

    def storage_reached(self, broker: Broker) -> None:
        """A broker stores as much as is looked at."""


class Replication:
    """Replicates the partitions of one cluster."""

    def __init__(self, owner: ReplicationOwner, settings: ReplicationSettings, cause: Cause, isr_cause: Cause, disk_cause: Cause) -> None:
        self.owner = owner
        self.settings = settings
        self.cause, self.isr_cause, self.disk_cause = cause, isr_cause, disk_cause
        self.shrinks = self.elections = 0
        self._waiting: dict[Batch, Request] = {}
        """Requests with acks=all that wait for a batch to be replicated."""

    # -- new records ------------------------------------------------------------------------------------------------

    def append(self, partition: Partition, batch: Batch, request: Request, now_s: float) -> float:
        """The leader appends ``batch``; when the write returns. A request with acks=all is answered when it is replicated."""
        owner = self.owner
        leader = owner.brokers[partition.leader or 0]
        size_bytes = batch.size_bytes
        written_s = leader.write(size_bytes, now_s)
        if leader.stored_bytes >= leader.watch_bytes:
            self.owner.storage_reached(leader)
        copied_s = {leader.number: written_s}
        for replica in partition.replicas:
            if replica.broker == partition.leader:
                replica.stored_bytes += size_bytes
            elif replica.in_sync:
                copied_s[replica.broker] = self._follow(partition, replica, leader, size_bytes, written_s, now_s)
            else:
                replica.behind_bytes += size_bytes
                self.catch_up(partition, replica)
        entry = Appended(batch, request.acks, now_s, copied_s, partition.tail[-1].ready_s if partition.tail else now_s)
        partition.tail.append(entry)
        batch.is_written = True
        batch.owner.taken(batch)
        if request.acks == "all":
            request.left += 1
            self._waiting[batch] = request
        if entry.ready_s > now_s:
            owner.agenda.at(entry.ready_s, self.advance, partition)
        else:
            self.advance(partition)
        return written_s

    def _follow(self, partition: Partition, replica: Replica, leader: Broker, size_bytes: float, written_s: float, now_s: float) -> float:
        """An in-sync follower copies what was appended; when the leader knows."""
        follower = self.owner.brokers[replica.broker]
        if not follower.is_up:
            replica.behind_bytes += size_bytes
            return now_s
        sent_s = leader.outgoing.take(size_bytes, written_s)
        follower.replicated_in += size_bytes
        replica.stored_bytes += size_bytes
        received_s = follower.cpu.take(self.settings.cpu_byte_s * size_bytes, follower.incoming.take(size_bytes, sent_s))
        done_s = follower.write(size_bytes, received_s) + self.settings.latency_s()
        if follower.stored_bytes >= follower.watch_bytes:
            self.owner.storage_reached(follower)
        if done_s > now_s + self.settings.lag_time_max_s:
            self.owner.agenda.at(now_s + self.settings.lag_time_max_s, self._too_late, (partition, replica, done_s))
        return done_s

    def _too_late(self, late: tuple[Partition, Replica, float]) -> None:
        """A follower has been behind for replica.lag.time.max: it is not in sync any more, until it has caught up."""
        partition, replica, done_s = late
        if replica.in_sync and replica.broker != partition.leader and self.owner.brokers[replica.broker].is_up:
            self._leave(partition, replica)
            self.owner.agenda.at(max(self.owner.agenda._now, done_s), self._try_catch_up, (partition, replica))
            self.advance(partition)

    def advance(self, partition: Partition) -> None:
        """Move the high watermark to what every in-sync replica has."""
        now_s = self.owner.agenda._now
        brokers = self.owner.brokers
        if any(replica.in_sync and not brokers[replica.broker].is_up for replica in partition.replicas):
            return
        tail = partition.tail
        while tail and tail[0].ready_s <= now_s + CLOCK_S:
            entry = tail.popleft()
            batch = entry.batch
            cause = self.isr_cause if now_s > entry.ready_s + 1e-6 else self.disk_cause if entry.ready_s > entry.appended_s + 1.0 else self.cause
            batch.spend(cause, now_s)
            batch.is_logged = True
            partition.log.extend(batch.messages, now_s)
            partition.grow(batch, now_s)
            self._replicated(batch)

    def _replicated(self, batch: Batch) -> None:
        request = self._waiting.pop(batch, None)
        if request is not None:
            request.left -= 1
            if request.left == 0 and not request.is_over:
                self.owner.answer(request)

    def again(self, batch: Batch, request: Request) -> None:
        """A batch that the leader has already came once more: the request is answered when it is replicated."""
        if request.acks == "all" and not batch.is_logged:
            request.left += 1
            self._waiting[batch] = request

    # -- in-sync replicas -------------------------------------------------------------------------------------------

    def _leave(self, partition: Partition, replica: Replica) -> None:
        replica.in_sync = False
        replica.position = partition.log.end
        self.shrinks += 1
        before_s = now_s = self.owner.agenda._now
        for entry in partition.tail:
            entry.without(replica.broker, before_s)
            before_s = entry.ready_s
            if before_s > now_s:
                self.owner.agenda.at(before_s, self.advance, partition)

    def _join(self, partition: Partition, replica: Replica) -> None:
        """A follower has come to where the leader's log ended when it asked: it is in sync, and what came meanwhile follows."""
        leader, broker = self.owner.brokers[partition.leader or 0], self.owner.brokers[replica.broker]
        rest, now_s = replica.behind_bytes, self.owner.agenda._now
        if rest > 0:
            broker.write(rest, broker.incoming.take(rest, leader.outgoing.take(rest, now_s)))
            broker.replicated_in += rest
            replica.stored_bytes += rest
        replica.in_sync = True
        replica.behind_bytes = 0.0

    def _try_catch_up(self, place: tuple[Partition, Replica]) -> None:
        self.catch_up(*place)

    def catch_up(self, partition: Partition, replica: Replica) -> None:
        """A replica that is there and not in sync copies what it lacks, in portions."""
        broker = self.owner.brokers[replica.broker]
        if replica.in_sync or replica.catching_up or not broker.is_up or partition.leader is None:
            return
        now_s = self.owner.agenda._now
        if broker.incoming.free_s > now_s + self.settings.lag_time_max_s or broker.disk.free_s > now_s + self.settings.lag_time_max_s:
            self.owner.agenda.at(now_s + 1.0, self._try_catch_up, (partition, replica))
            return
        leader = self.owner.brokers[partition.leader]
        portion = min(replica.behind_bytes, FETCH_BYTES)
        replica.catching_up = True
        read_s = leader.read(portion, now_s) if replica.behind_bytes > partition.topic.segment_bytes or leader.cached_from_s() > 0 else now_s
        sent_s = leader.outgoing.take(portion, read_s)
        broker.replicated_in += portion
        done_s = broker.write(portion, broker.incoming.take(portion, sent_s)) + self.settings.latency_s()
        replica.behind_bytes -= portion
        replica.stored_bytes += portion
        if broker.stored_bytes >= broker.watch_bytes:
            self.owner.storage_reached(broker)
        self.owner.agenda.at(done_s, self._caught_up, (partition, replica, replica.behind_bytes <= 0, broker.lives))

    def _caught_up(self, done: tuple[Partition, Replica, bool, int]) -> None:
        partition, replica, reached_end, lives = done
        broker = self.owner.brokers[replica.broker]
        if broker.lives != lives:
            return
        replica.catching_up = False
        if replica.in_sync or not broker.is_up:
            return
        if reached_end and partition.leader is not None:
            self._join(partition, replica)
        else:
            self.catch_up(partition, replica)

    # -- brokers go and come ----------------------------------------------------------------------------------------

    def _on(self, broker: int) -> Iterable[tuple[Partition, Replica]]:
        for partition in self.owner.partitions:
            for replica in partition.replicas:
                if replica.broker == broker:
                    yield partition, replica

    def move_leaders_away(self, broker: int) -> None:
        """Before a planned restart: other in-sync replicas lead, and nothing is lost."""
        for partition, replica in self._on(broker):
            if partition.leader == broker and any(other.in_sync and other is not replica and self.owner.brokers[other.broker].is_up for other in partition.replicas):
                self._leave(partition, replica)
                self._elect(partition)

    def broker_failed(self, broker: int) -> None:
        """A broker is gone without a word: what only it had is lost, and its partitions have no leader until the controller knows."""
        for partition, _ in self._on(broker):
            if partition.leader == broker:
                self._lose_tail(partition)
                partition.leader = None
                self.owner.leader_moved(partition)
        self.owner.agenda.at(self.owner.agenda._now + self.settings.detection_s, self._detected, (broker, self.owner.brokers[broker].lives))

    def broker_stopped(self, broker: int) -> None:
        """A broker stopped in good order: the others know at once."""
        for partition, _ in self._on(broker):
            if partition.leader == broker:
                self._lose_tail(partition)
                partition.leader = None
                self.owner.leader_moved(partition)
        self._detected((broker, self.owner.brokers[broker].lives))

    def _detected(self, gone: tuple[int, int]) -> None:
        broker, lives = gone
        if self.owner.brokers[broker].lives != lives:
            return
        for partition, replica in self._on(broker):
            if replica.in_sync and len(partition.isr) > 1:
                self._leave(partition, replica)
            replica.catching_up = False
            if partition.leader is None:
                self._elect(partition)
            self.advance(partition)

    def broker_started(self, broker: int) -> None:
        """A broker is back: it leads what no one else can, and copies what it lacks."""
        for partition, replica in self._on(broker):
            replica.catching_up = False
            if replica.in_sync and replica.behind_bytes > 0 and partition.leader not in (None, broker):
                self._leave(partition, replica)
            if partition.leader is None:
                self._elect(partition)
            self.advance(partition)
            self.catch_up(partition, replica)

    # -- leaders ----------------------------------------------------------------------------------------------------

    def _elect(self, partition: Partition) -> None:
        """Find a leader: the first in-sync replica that is there; if there is none, perhaps another."""
        brokers = self.owner.brokers
        there = [replica for replica in partition.replicas if brokers[replica.broker].is_up]
        clean = next((replica for replica in there if replica.in_sync), None)
        chosen = clean
        if clean is None and partition.topic.unclean_leader_election and there:
            chosen = there[0]
        was = partition.leader
        partition.leader = None
        if was is not None:
            self.owner.leader_moved(partition)
        if chosen is not None:
            self.owner.agenda.at(self.owner.agenda._now + self.settings.election_s, self._lead, (partition, chosen, brokers[chosen.broker].lives))

    def _lead(self, elected: tuple[Partition, Replica, int]) -> None:
        partition, replica, lives = elected
        broker = self.owner.brokers[replica.broker]
        if partition.leader is not None:
            return
        if not broker.is_up or broker.lives != lives:
            self._elect(partition)
            return
        if not replica.in_sync:
            if any(other.in_sync and self.owner.brokers[other.broker].is_up for other in partition.replicas):
                self._elect(partition)
                return
            self._lead_uncleanly(partition, replica)
        partition.leader = replica.broker
        partition.led_since_s = self.owner.agenda._now
        partition.epoch += 1
        self.elections += 1
        self.owner.leader_moved(partition)
        self.advance(partition)
        for other in partition.replicas:
            self.catch_up(partition, other)

    def _lead_uncleanly(self, partition: Partition, replica: Replica) -> None:
        """A replica that lacks records leads: they are lost, to whoever has not read them."""
        for other in partition.replicas:
            if other is not replica and other.in_sync:
                self._leave(partition, other)
        self._lose_tail(partition)
        lost = partition.log.truncate(replica.position, "unclean_leader", "Lost by an unclean leader election")
        self.owner.lost_from_log(lost)
        replica.in_sync = True
        replica.behind_bytes = 0.0
        partition.shrink(replica.stored_bytes)
        self._fit(partition)

    def _fit(self, partition: Partition) -> None:
        """The end of the log is gone: replicas that have it delete it, others need not copy it any more."""
        for replica in partition.replicas:
            beyond = max(0.0, replica.stored_bytes + replica.behind_bytes - partition.stored_bytes)
            missed = min(beyond, replica.behind_bytes)
            replica.behind_bytes -= missed
            replica.stored_bytes -= beyond - missed
            self.owner.brokers[replica.broker].stored_bytes -= beyond - missed

    def _lose_tail(self, partition: Partition) -> None:
        """The leader failed: what was not replicated is lost, unless a producer still waits for its answer and sends it again."""
        entries = list(partition.tail)
        partition.tail.clear()
        if entries:
            self._fit(partition)
        for entry in entries:
            batch = entry.batch
            self._waiting.pop(batch, None)
            batch.is_written = False
            if entry.acks == "0":
                self.owner.give_up(batch, *LEADER_LOST)
            else:
                batch.owner.returned(batch)

    def rebalance(self, _: Any) -> None:
        """Move leaders back to the preferred replicas, where these are in sync."""
        for partition in self.owner.partitions:
            preferred = partition.replicas[0]
            if partition.leader is not None and partition.leader != preferred.broker and preferred.in_sync and self.owner.brokers[preferred.broker].is_up:
                partition.leader = preferred.broker
                partition.epoch += 1
                self.owner.leader_moved(partition)
        if math.isfinite(self.settings.rebalance_s):
            self.owner.agenda.at(self.owner.agenda._now + self.settings.rebalance_s, self.rebalance)
