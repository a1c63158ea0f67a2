"""One member of an application's consumer group: the loop of poll(), processing and commits.

It processes what a poll returned, several partitions at a time if it has the threads, each in order; then it commits, if that is its
turn, and polls again. While it works it does not poll: that is how slow processing makes it leave its group.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from typing import Any, Protocol

from simulator.engine.agenda import Agenda
from simulator.engine.message import Message, spend
from simulator.engine.outcomes import Cause
from simulator.mechanics.kafka.consumer_group import Member
from simulator.mechanics.kafka.kafka_fetcher import Fetcher
from simulator.mechanics.kafka.kafka_reading import GroupReading, PartitionSlot
from simulator.mechanics.kafka.partition_assignors import TopicPartition
from simulator.mechanics.streams.sharded_storage import spend_until


class MemberOwner(Protocol):
    """The application whose member it is."""

    agenda: Agenda
    parameters: Any
    working: Cause
    blocked: Cause

    def work_s(self, message: Message) -> float:
        """Draw how long a record takes."""

    def batch_s(self) -> float:
        """Draw what the records of one poll take beside."""

    def succeeds(self, message: Message) -> bool:
        """Draw whether processing succeeded, and publish what comes of it."""

    def settled(self, slot: PartitionSlot, token: Message) -> None:
        """A record was processed."""

    def failed(self, member: ConsumerMember, slot: PartitionSlot, token: Message, tries: int) -> str:
        """A record failed: ``retry``, ``done`` (someone else has it, or nobody) or ``crash``."""

    def commit_failed(self) -> None:
        """The coordinator did not take a commit: the group has gone on without this member."""

    def occupy(self, change: int) -> None:
        """So many members more work."""

    def stopped(self, member: ConsumerMember) -> None:
        """The member has left in good order."""


class Lane:
    """The records of one partition that one poll returned."""

    __slots__ = ("slot", "tokens", "tries")

    def __init__(self, slot: PartitionSlot, tokens: list[Message]) -> None:
        self.slot = slot
        self.tokens = deque(tokens)
        self.tries = 0


class ConsumerMember:
    """A consumer, and the process it runs in."""

    def __init__(self, application: MemberOwner, reading: GroupReading, number: int, latency_s: Callable[[], float]) -> None:
        self.application = application
        self.agenda = application.agenda
        self.reading = reading
        self.settings = reading.wire.parameters
        self.number = number
        self.alive = False
        self.stopping = False
        self.working = False
        self.member: Member | None = None
        self.fetcher = Fetcher(reading, latency_s, self._records_came, self._waits)
        self._latency_s = latency_s
        self._epoch = 0
        """Goes up when the process ends: what it had booked is void."""
        self._lanes: deque[Lane] = deque()
        self._running = 0
        self._commit_due_s = 0.0
        self._commit_booked = False

    @property
    def slots(self) -> list[PartitionSlot]:
        """The partitions that it takes for its own."""
        return self.fetcher.slots

    @property
    def instance_id(self) -> str | None:
        """Its group.instance.id."""
        return f"instance-{self.number:05d}" if self.settings.static_members else None

    # -- the process ------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """The process starts, and subscribes."""
        if self.alive:
            return
        self._epoch += 1
        self.alive, self.stopping = True, False
        self.fetcher = Fetcher(self.reading, self._latency_s, self._records_came, self._waits)
        self._commit_due_s = self.agenda._now + self.settings.auto_commit_interval_s
        self.member = self.reading.group.join(self, self.reading.topics, self.instance_id)

    def stop(self, grace_s: float) -> None:
        """The process is asked to end: it finishes what the last poll returned, if that does not take longer than the grace."""
        if not self.alive or self.stopping:
            return
        self.stopping = True
        if self.working:
            self.agenda.at(self.agenda._now + grace_s, self._grace_over, self._epoch)
        else:
            self._close()

    def _grace_over(self, epoch: int) -> None:
        if epoch == self._epoch and self.alive:
            self.kill()
            self.application.stopped(self)

    def _close(self) -> None:
        """close(): commit, leave the group, end."""
        member = self.member
        self.alive = False
        if member is not None:
            self.reading.group.leave(member)
        self._end_process(self.reading.causes.rebalance if self.instance_id is None else self.reading.causes.lost_member)
        self.application.stopped(self)

    def kill(self) -> None:
        """The process is gone without a word, with what it had in its hands."""
        if not self.alive:
            return
        self.alive = False
        if self.member is not None:
            self.reading.group.crash(self.member)
        self._end_process(self.reading.causes.lost_member)

    def _end_process(self, cause: Cause) -> None:
        self._epoch += 1
        self.stopping = False
        self.fetcher.stopped = True
        self.fetcher.release(list(self.slots), cause)
        self._lanes.clear()
        self._running = 0
        self._work_over()

    def _work_over(self) -> None:
        if self.working:
            self.working = False
            self.application.occupy(-1)

    # -- what the group asks ----------------------------------------------------------------------------------------

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These are its own from now on."""
        self.fetcher.assign(self.reading.slots_of(partitions))

    def revoked(self, partitions: Collection[TopicPartition], *, lost: bool) -> None:
        """These are its own no more; what poll() had returned of them is done."""
        slots = [slot for slot in self.reading.slots_of(partitions) if slot.owner is self.fetcher]
        if not lost and self.settings.enable_auto_commit:
            for slot in slots:
                slot.commit()
        self.fetcher.release(self.reading.slots_of(partitions), self.reading.causes.rebalance)

    # -- polling ----------------------------------------------------------------------------------------------------

    def _waits(self) -> bool:
        return self.alive and not self.working

    def _records_came(self) -> None:
        """Records came while it waited in poll()."""
        self._poll()

    def _poll(self) -> None:
        member = self.member
        if member is None or not self.alive:
            return
        self.reading.group.poll(member)
        if self.settings.enable_auto_commit:
            self._auto_commit()
        batch = self.fetcher.take(self.settings.max_poll_records)
        if batch:
            self._work_on(batch, member)
        elif self.settings.enable_auto_commit:
            self._book_commit()

    def _auto_commit(self) -> None:
        now_s = self.agenda._now
        if now_s >= self._commit_due_s - 1e-9:
            self._commit_due_s = now_s + self.settings.auto_commit_interval_s
            self.commit()

    def _book_commit(self) -> None:
        """While it waits in poll(), commits go on."""
        if not self._commit_booked and any(slot.uncommitted for slot in self.slots):
            self._commit_booked = True
            self.agenda.at(max(self.agenda._now, self._commit_due_s), self._commit_idle, self._epoch)

    def _commit_idle(self, epoch: int) -> None:
        self._commit_booked = False
        if epoch == self._epoch and not self.working:
            self._auto_commit()

    def commit(self) -> bool:
        """Commit what is settled of its partitions; false if the coordinator does not take it any more (CommitFailedException)."""
        if self.member is None or not self.reading.group.may_commit(self.member):
            return False
        for slot in self.slots:
            if slot.owner is self.fetcher:
                slot.commit()
        return True

    def reconnected(self) -> None:
        """The cluster can be reached again: whoever waits in poll() hears how the group went on, and fetches."""
        if self._waits():
            self._poll()
        elif self.alive:
            self.fetcher.fetch()

    # -- working ----------------------------------------------------------------------------------------------------

    def _work_on(self, batch: list[tuple[PartitionSlot, list[Message]]], member: Member) -> None:
        self.reading.group.works(member)
        self.working = True
        self.application.occupy(1)
        lanes: dict[PartitionSlot, Lane] = {}
        for slot, tokens in batch:
            if slot in lanes:
                lanes[slot].tokens.extend(tokens)
            else:
                lanes[slot] = Lane(slot, tokens)
        self._lanes = deque(lanes.values())
        batch_s = self.application.batch_s()
        if batch_s > 0:
            self.agenda.at(self.agenda._now + batch_s, self._begin, self._epoch)
        else:
            self._begin(self._epoch)

    def _begin(self, epoch: int) -> None:
        if epoch != self._epoch:
            return
        while self._lanes and self._running < self.application.parameters.threads:
            self._running += 1
            self._next(self._lanes.popleft())

    def _next(self, lane: Lane) -> None:
        """The next record of a partition."""
        now_s = self.agenda._now
        token = lane.tokens[0]
        spend_until((token,), self.reading.causes.batch, now_s)
        self.agenda.at(now_s + self.application.work_s(token), self._worked, (lane, now_s, self._epoch))

    def _worked(self, work: tuple[Lane, float, int]) -> None:
        lane, since_s, epoch = work
        if epoch != self._epoch:
            return
        token = lane.tokens[0]
        now_s = self.agenda._now
        if now_s > since_s:
            spend(token, self.application.working, since_s, now_s)
        if self.application.succeeds(token):
            self.application.settled(lane.slot, token)
        else:
            answer = self.application.failed(self, lane.slot, token, lane.tries)
            if answer == "crash":
                return
            if answer == "retry":
                lane.tries += 1
                self._hold_up(lane.slot)
                self.agenda.at(now_s + self.application.parameters.retry_pause_s, self._again, (lane, self._epoch))
                return
        lane.tries = 0
        if lane.slot.owner is self.fetcher:
            lane.slot.held_up = False
        lane.tokens.popleft()
        if self.settings.commit_each == "record" and not self.settings.enable_auto_commit:
            self.agenda.at(now_s + 2 * self._latency_s(), self._committed_one, (lane, self._epoch))
        else:
            self._go_on(lane)

    def _hold_up(self, slot: PartitionSlot) -> None:
        if slot.owner is self.fetcher and not slot.held_up:
            slot.held_up = True
            slot.bind(self.application.blocked)

    def _again(self, held: tuple[Lane, int]) -> None:
        lane, epoch = held
        if epoch == self._epoch:
            spend_until((lane.tokens[0],), self.application.blocked, self.agenda._now)
            self._next(lane)

    def _committed_one(self, done: tuple[Lane, int]) -> None:
        lane, epoch = done
        if epoch == self._epoch:
            self._commit_or_count()
            self._go_on(lane)

    def _commit_or_count(self) -> None:
        if not self.commit():
            self.application.commit_failed()

    def _go_on(self, lane: Lane) -> None:
        if lane.tokens:
            self._next(lane)
            return
        if lane.slot.reader.unread == 0 and lane.slot.owner is self.fetcher:
            lane.slot.bind(self.reading.causes.fetching)
        self._running -= 1
        self._begin(self._epoch)
        if not self._running and not self._lanes:
            self._batch_done()

    def _batch_done(self) -> None:
        """All that poll() returned is processed: commit, if the application does that itself, and poll again."""
        if not self.settings.enable_auto_commit and self.settings.commit_each == "poll":
            self.agenda.at(self.agenda._now + 2 * self._latency_s(), self._committed_all, self._epoch)
        else:
            self._poll_again()

    def _committed_all(self, epoch: int) -> None:
        if epoch == self._epoch:
            self._commit_or_count()
            self._poll_again()

    def _poll_again(self) -> None:
        self._work_over()
        if self.stopping:
            self._close()
        else:
            self._poll()
