"""A task of a Kafka Connect sink: it polls, converts, gathers what goes into one request or object, and delivers that.

Tasks are members of one consumer group. A task runs one thread on its worker, whose processors it shares with the worker's other tasks. Offsets
are committed at an interval, and only of what was delivered.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

from simulator.engine.message import IN_FLIGHT, Message, MessageType, spend
from simulator.engine.outcomes import Refusal
from simulator.mechanics.kafka.consumer_group import Member
from simulator.mechanics.kafka.kafka_fetcher import Fetcher
from simulator.mechanics.kafka.kafka_reading import GroupReading, PartitionSlot
from simulator.mechanics.kafka.partition_assignors import TopicPartition
from simulator.mechanics.streams.sharded_storage import spend_until

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_DOUBLINGS = 30


class Parcel:
    """Records of one partition that are delivered together."""

    __slots__ = ("slot", "tokens", "tried_s", "tries")

    def __init__(self, slot: PartitionSlot, tokens: list[Message]) -> None:
        self.slot = slot
        self.tokens = tokens
        self.tries = 0
        self.tried_s = 0.0


class Worker:
    """A worker: so many MCUs, shared by the tasks on it."""

    def __init__(self, number: int, mcus: int) -> None:
        self.number = number
        self.mcus = mcus
        self.alive = True
        self.tasks: list[SinkTask] = []

    def speed(self) -> float:
        """Processors that one of its tasks has: one at most, for it is one thread."""
        return min(1.0, self.mcus / max(1, len(self.tasks)))


class SinkTask:
    """One task: a consumer of the connector's group, and what it has gathered."""

    def __init__(self, connector: Any, reading: GroupReading, number: int, latency_s: Callable[[], float]) -> None:
        self.connector = connector
        self.agenda = connector.agenda
        self.reading = reading
        self.number = number
        self.worker: Worker | None = None
        self.failed = False
        self.member: Member | None = None
        self.fetcher = Fetcher(reading, latency_s, self._poll, self._waits)
        self.gathered: dict[PartitionSlot, list[Message]] = {}
        self._latency_s = latency_s
        self._parcels: list[Parcel] = []
        self._busy = False
        self._epoch = 0
        self._first_s: dict[PartitionSlot, float] = {}
        self._flush_booked_s = -1.0

    @property
    def running(self) -> bool:
        """Whether it runs on a worker."""
        return self.member is not None and self.worker is not None and not self.failed

    # -- its life ---------------------------------------------------------------------------------------------------

    def start(self, worker: Worker) -> None:
        """Run on this worker."""
        self.worker = worker
        worker.tasks.append(self)
        self.failed = False
        self._epoch += 1
        self.fetcher = Fetcher(self.reading, self._latency_s, self._poll, self._waits)
        self.member = self.reading.group.join(self, self.reading.topics)
        self.agenda.at(self.agenda._now + self.connector.parameters.offset_flush_interval_s, self._commit_interval, self._epoch)

    def stop(self) -> None:
        """Stop in good order: commit what was delivered, and leave the group."""
        if self.member is not None:
            self.reading.group.leave(self.member)
        self._end(self.reading.causes.rebalance)

    def kill(self) -> None:
        """Its worker is gone."""
        if self.member is not None:
            self.reading.group.crash(self.member)
        self._end(self.reading.causes.lost_member)

    def fail(self) -> None:
        """An error that it does not tolerate: the task is FAILED, and its partitions are others'."""
        self.stop()
        self.failed = True

    def _end(self, cause: Any) -> None:
        self._epoch += 1
        self.member = None
        self.fetcher.stopped = True
        self.fetcher.release(list(self.fetcher.slots), cause)
        self.gathered.clear()
        self._first_s.clear()
        self._parcels.clear()
        self._busy = False
        if self.worker is not None and self in self.worker.tasks:
            self.worker.tasks.remove(self)
        self.worker = None

    # -- the group --------------------------------------------------------------------------------------------------

    def assigned(self, partitions: Collection[TopicPartition]) -> None:
        """These are its own from now on."""
        self.fetcher.assign(self.reading.slots_of(partitions))

    def revoked(self, partitions: Collection[TopicPartition], *, lost: bool) -> None:
        """These are others' now; what was gathered of them and not delivered, they read again."""
        for slot in self.reading.slots_of(partitions):
            if slot.owner is self.fetcher and not lost:
                slot.commit()
            self.gathered.pop(slot, None)
            self._first_s.pop(slot, None)
        self.fetcher.release(self.reading.slots_of(partitions), self.reading.causes.rebalance)

    def _commit_interval(self, epoch: int) -> None:
        if epoch == self._epoch and self.member is not None:
            if self.reading.group.may_commit(self.member):
                for slot in self.fetcher.slots:
                    if slot.owner is self.fetcher:
                        slot.commit()
            self.agenda.at(self.agenda._now + self.connector.parameters.offset_flush_interval_s, self._commit_interval, epoch)

    # -- polling and putting ----------------------------------------------------------------------------------------

    def _waits(self) -> bool:
        return self.member is not None and not self._busy

    def reconnected(self) -> None:
        """The cluster can be reached again."""
        if self._waits():
            self._poll()
        elif self.member is not None:
            self.fetcher.fetch()

    def _poll(self) -> None:
        member = self.member
        if member is None or self._busy:
            return
        self.reading.group.poll(member)
        batch = self.fetcher.take(self.reading.wire.parameters.max_poll_records)
        if not batch:
            self._flush_old()
            return
        self._busy = True
        self.reading.group.works(member)
        speed = self.worker.speed() if self.worker is not None else 1.0
        now_s = self.agenda._now
        cpu_s = 0.0
        for _, tokens in batch:
            spend_until(tokens, self.reading.causes.batch, now_s)
            cpu_s += sum(self.connector.convert_s(token) for token in tokens)
        self.connector.cpu_s += cpu_s
        self.agenda.at(now_s + cpu_s / speed, self._converted, (batch, now_s, self._epoch))

    def _converted(self, put: tuple[list[tuple[PartitionSlot, list[Message]]], float, int]) -> None:
        batch, since_s, epoch = put
        if epoch != self._epoch:
            return
        now_s = self.agenda._now
        most = self.connector.parameters.records_per_request
        for slot, tokens in batch:
            for token in tokens:
                if now_s > since_s:
                    spend(token, self.connector.converting, since_s, now_s)
            self.connector.read += len(tokens)
            gathered = self.gathered.setdefault(slot, [])
            if not gathered:
                self._first_s[slot] = now_s
            gathered.extend(tokens)
            while len(gathered) >= most:
                self._parcels.append(Parcel(slot, gathered[:most]))
                del gathered[:most]
                self._first_s[slot] = now_s
        self._deliver_next()

    def _flush_old(self) -> None:
        """What has been gathered for long enough is delivered though it is not full."""
        interval_s = self.connector.parameters.flush_interval_s
        now_s = self.agenda._now
        for slot, gathered in self.gathered.items():
            if gathered and now_s >= self._first_s[slot] + interval_s - 1e-9:
                self._parcels.append(Parcel(slot, list(gathered)))
                gathered.clear()
        if self._parcels and self.member is not None:
            self._busy = True
            self.reading.group.works(self.member)
            self._deliver_next()
        else:
            self._book_flush()

    def _book_flush(self) -> None:
        due = [self._first_s[slot] for slot, gathered in self.gathered.items() if gathered]
        if due:
            due_s = max(self.agenda._now, min(due) + self.connector.parameters.flush_interval_s)
            if due_s != self._flush_booked_s:
                self._flush_booked_s = due_s
                self.agenda.at(due_s, self._flush_due, self._epoch)

    def _flush_due(self, epoch: int) -> None:
        self._flush_booked_s = -1.0
        if epoch == self._epoch and not self._busy:
            self._poll()

    # -- delivering -------------------------------------------------------------------------------------------------

    def _deliver_next(self) -> None:
        if self._parcels:
            self._deliver(self._parcels[0])
            return
        self._busy = False
        self._poll()

    def _deliver(self, parcel: Parcel) -> None:
        now_s = self.agenda._now
        for token in parcel.tokens:
            spend_until((token,), self.connector.gathering if not parcel.tries else self.connector.pausing, now_s)
        latency_s = self.connector.request_s()
        self.agenda.at(now_s + latency_s, self._sent, (parcel, now_s, self._epoch))

    def _sent(self, sent: tuple[Parcel, float, int]) -> None:
        parcel, since_s, epoch = sent
        if epoch != self._epoch:
            return
        now_s = self.agenda._now
        if now_s > since_s:
            for token in parcel.tokens:
                spend(token, self.connector.delivering, since_s, now_s)
        self.connector.send(self._as_one(parcel), partial(self._answered, parcel, epoch))

    def _as_one(self, parcel: Parcel) -> Message:
        """The request or object: one message as large as its records."""
        first = parcel.tokens[0]
        if len(parcel.tokens) == 1:
            return first.copy()
        size_bytes = sum(token.size_bytes * token.count for token in parcel.tokens)
        return Message(1, MessageType("batch", size_bytes), first.born_s, first.path, None, first.key, first.number, first.legs)

    def _answered(self, parcel: Parcel, epoch: int, refusal: Refusal | None) -> None:
        if epoch != self._epoch:
            if refusal is None:
                self.connector.repeated(parcel)
            return
        for token in parcel.tokens:
            spend_until((token,), self.connector.delivering, self.agenda._now)
        if refusal is None:
            self._parcels.pop(0)
            self.connector.delivered(parcel)
            self._deliver_next()
            return
        self.connector.requests_failed += 1
        settings = self.connector.parameters
        pause_s = min(settings.retry_backoff_s * 2 ** min(parcel.tries, MOST_DOUBLINGS), settings.retry_backoff_max_s)
        parcel.tries += 1
        if refusal.retryable and parcel.tried_s + pause_s <= settings.retry_timeout_s:
            parcel.tried_s += pause_s
            self._poll_while_paused()
            self.agenda.at(self.agenda._now + pause_s, self._again, (parcel, self._epoch))
        elif settings.errors_tolerance == "all":
            self._parcels.pop(0)
            self.connector.give_up(parcel)
            self._deliver_next()
        else:
            self.connector.task_failed(self)

    def _poll_while_paused(self) -> None:
        """After a retriable error the framework pauses the partitions and goes on polling: the task stays in the group."""
        if self.member is not None:
            self.reading.group.poll(self.member)
            self.reading.group.works(self.member)

    def _again(self, waited: tuple[Parcel, int]) -> None:
        parcel, epoch = waited
        if epoch == self._epoch and self._parcels and self._parcels[0] is parcel:
            if parcel.slot.owner is self.fetcher or parcel.tokens[0].place == IN_FLIGHT:
                self._deliver(parcel)
            else:
                self._parcels.pop(0)
                self._deliver_next()
