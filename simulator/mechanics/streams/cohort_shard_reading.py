"""How a consumer reads and processes all shards of a stream at once, for cohorts.

A shard whose consumer keeps up is done with its records a while after they are written: until the next poll, and until their turn in
what that poll brought. One whose consumer does not keep up goes on at the consumer's pace. How far each shard is, is exact to
the record; when within a step each record was done is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from simulator.engine.cohorts import Span, spend_all
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause
from simulator.engine.wire import Wire
from simulator.mechanics.streams.cohort_rows import Pieces, Row
from simulator.mechanics.streams.shard_reading import CATCH_UP_PAUSE_S, ReadingCauses

if TYPE_CHECKING:
    from simulator.mechanics.streams.cohort_shards import StreamCohorts

SAMPLES_A_STEP = 6000
"""So many of the records that a step is done with are timed, as evenly as can be: of each row and shard from `FEWEST_SAMPLES` to `MOST_SAMPLES`."""
FEWEST_SAMPLES, MOST_SAMPLES = 2, 8
BEHIND_RECORDS = 1.0


class CohortConsumer(Protocol):
    """What processes the records: the library of an application, or the mapping of a function."""

    path_to: str
    busy_cause: Cause
    """Why records wait of which it is behind."""
    turn_cause: Cause
    """Why records wait that it has read, while it keeps up."""
    work_cause: Cause
    blocked_cause: Cause
    """Why records waited during ``blocked_s``, the last stretch of time in which it processed nothing."""
    blocked_s: tuple[float, float]
    busy_until_idle: bool
    """Whether records that are not read yet wait for the consumer, and not for the next poll, as long as it works on what it has."""

    def read_ahead(self, shards: int) -> np.ndarray:
        """Records of each shard that it takes before it has processed those it took earlier."""

    def capacity_per_s(self, shards: int) -> np.ndarray:
        """Records a second that it can process of each shard, now."""

    def pace_when_expiring(self) -> float:
        """By what factor it is slower while retention takes records out of its batches."""

    def spread(self, seconds: float) -> float:
        """Standard deviation of the records of a shard that it processes in this time when it has always something to do."""

    def after_s(self, rate_per_s: np.ndarray, interval_s: float) -> np.ndarray:
        """Mean time from the read that brings a record to its end, at these rates of shards with which it keeps up; polled at ``interval_s`` (0: pushed)."""

    def draw(self, rate_per_s: np.ndarray, polled_after_s: np.ndarray, interval_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The same drawn: how long each record waits for its turn, and how long it is worked on; how much older it is than the last record of its batch, and how many that has.
        ``polled_after_s``: so long before the poll it was written."""

    def note_step(self, reader: ShardGroupReader, taken: np.ndarray, from_s: float, to_s: float) -> None:
        """So many records of each shard were processed in this time."""

    def skips(self, attempt: Message, batch: float) -> int:
        """How many of these messages, read in batches of this size, are not processed because one of their batch failed."""

    def take(self, attempt: Message, done: Done) -> None:
        """These were processed, and are the consumer's."""


class Done(NamedTuple):
    """What is known of records that were processed in one step: samples, each of which stands for ``counts`` records."""

    latencies_s: np.ndarray
    counts: np.ndarray
    ages_s: np.ndarray
    """How long ago the last record of the batch was written when work on the batch began."""
    batches: np.ndarray
    """How many batches each sample stands for."""


class ShardGroupReader:
    """Where one consumer stands in all shards."""

    def __init__(self, cohorts: StreamCohorts, wire: Wire, consumer: CohortConsumer, interval_s: float) -> None:
        self.cohorts, self.wire, self.consumer = cohorts, wire, consumer
        self.stream = cohorts.stream
        self.settings = wire.parameters
        self.pushed = bool(self.settings.enhanced_fan_out)
        self.interval_s = 0.0 if self.pushed else interval_s
        self.causes = ReadingCauses(self.stream, wire)
        shards = len(self.stream.shards)
        self.done = np.zeros(shards, dtype=np.int64)
        self.behind = np.zeros(shards, dtype=bool)
        self.opens_s = np.zeros(shards)
        """When it begins to read each shard; infinity for children whose parents it still reads."""
        self._row_of = np.full(shards, cohorts.rows.next)
        self._credit = np.zeros(shards)
        self._calls_due = 0.0
        self._ages: np.ndarray | None = None
        self._expiring = np.zeros(shards, dtype=bool)
        """Shards of which retention took records in this step that were not processed."""
        cohorts.readers.append(self)

    def widen(self, shards: int) -> None:
        """There are more shards: children, which are read when their parents are done with."""
        more = shards - self.done.size
        self.done, self._credit = np.concatenate([self.done, np.zeros(more, dtype=np.int64)]), np.concatenate([self._credit, np.zeros(more)])
        self._ages = None
        self._expiring = np.zeros(shards, dtype=bool)
        self.behind, self.opens_s = np.concatenate([self.behind, np.zeros(more, dtype=bool)]), np.concatenate([self.opens_s, np.full(more, np.inf)])
        self._row_of = np.concatenate([self._row_of, np.full(more, self.cohorts.rows.next)])

    def oldest(self) -> int:
        """The number of the first row that it may still need."""
        return int(self._row_of.min())

    # -- a step -----------------------------------------------------------------------------------------------------

    def step(self, from_s: float, to_s: float) -> None:
        """Process what can be processed until ``to_s``."""
        rows, rates = self.cohorts.rows, self.cohorts.rate_per_s
        self._ages = None
        self._open(from_s, to_s)
        opened = self.opens_s <= to_s
        pace = self._pace(rates) if getattr(self.settings, "enabled", True) else np.zeros(self.done.size)
        latency_s = self._latency_s()
        written = rows.written()
        load = np.divide(rates, pace, out=np.ones_like(pace), where=pace > 0)
        # a consumer that begins to be behind is idle until a poll brings it enough: the less often, the more comes
        steady = np.where(load > 1, pace / np.maximum(load, 1.0), rates)
        wait_s = self.interval_s / 2 + latency_s + self.consumer.after_s(steady, self.interval_s)
        ready = rows.written_at(np.where(pace > 0, to_s - wait_s, -1.0))
        spread = np.where(pace > 0, self.consumer.spread(to_s - from_s), 0.0) * self.cohorts.chance.standard_normal(pace.shape)
        room = self.done + np.maximum(self._credit + pace * np.minimum(to_s - from_s, np.maximum(to_s - self.opens_s, 0.0)) + np.where(self.behind, spread, 0.0), 0.0)
        was_behind = self.behind
        self.behind = (ready - room > BEHIND_RECORDS) | ((pace <= 0) & (written > self.done))
        upto = np.minimum(np.floor(np.minimum(ready, room) + 1e-6).astype(np.int64), written)
        upto = np.where(opened, np.maximum(upto, self.done), self.done)
        self._credit = np.where(self.behind, np.clip(room - upto, 0.0, 1.0), 0.0)
        before, self.done = self.done, upto
        pieces = rows.take(self._row_of, before, upto)
        taken = upto - before
        if pieces.rows.size:
            self._process(pieces, before, np.minimum(load, 1.0), was_behind | self.behind, pace, from_s, to_s)
        self.consumer.note_step(self, taken, from_s, to_s)
        self._note_calls(taken, to_s - from_s)

    def _open(self, from_s: float, to_s: float) -> None:
        """Children whose parents it is done with: it begins to read them with its next poll."""
        written = self.cohorts.rows.written()
        for number in np.flatnonzero(np.isinf(self.opens_s)):
            parents = [parent.number for parent in self.stream.shards[number].parents]
            if all(self.opens_s[parent] <= from_s and self.done[parent] >= written[parent] for parent in parents):
                self.opens_s[number] = from_s + self.interval_s / 2

    def reading(self) -> np.ndarray:
        """Which shards it reads: those that are open to it and not closed and read to the end."""
        closed = np.ones(self.done.size, dtype=bool)
        closed[self.cohorts.open] = False
        return np.asarray((self.opens_s <= self.cohorts.stepped_s) & ~(closed & (self.done >= self.cohorts.rows.written())))

    def _latency_s(self) -> float:
        return float((self.settings.push_latency if self.pushed else self.settings.get_records_latency).expected_s())

    def _pace(self, rates: np.ndarray) -> np.ndarray:
        """Records a second that it can get and process of each shard."""
        pace = self.consumer.capacity_per_s(self.done.size) * np.where(self._expiring, self.consumer.pace_when_expiring(), 1.0)
        self._expiring[:] = False
        size_bytes = self.cohorts.record_bytes()
        if size_bytes <= 0:
            return pace
        limit = self.stream.read_bytes_per_s() / size_bytes
        if not self.pushed:
            pollers = [reader for reader in self.cohorts.readers if not reader.pushed]
            others = np.minimum(rates, limit / len(pollers)) * (len(pollers) - 1)
            limits = np.maximum(limit - others, limit / len(pollers))
        else:
            limits = np.full(pace.size, limit)
        return np.asarray(np.minimum(pace, limits))

    def _process(self, pieces: Pieces, before: np.ndarray, load: np.ndarray, late: np.ndarray, pace: np.ndarray, from_s: float, to_s: float) -> None:
        """Draw when each record was done, and hand over what is done, row by row."""
        rows, chance = self.cohorts.rows, self.cohorts.chance
        shards = pieces.shards
        numbers, place = np.unique(pieces.rows, return_inverse=True)
        touched = [rows.row(int(number)) for number in numbers]
        born_s, born_to_s, first_s, last_s = (np.array([getattr(row, name) for row in touched])[place] for name in ("born_s", "born_to_s", "from_s", "to_s"))
        samples = max(FEWEST_SAMPLES, min(MOST_SAMPLES, SAMPLES_A_STEP // shards.size))
        through = (np.arange(samples) + 0.5) / samples
        records = pieces.firsts[:, None] + pieces.counts[:, None] * through
        share = (records - pieces.starts[:, None]) / pieces.sizes[:, None]
        written = first_s[:, None] + share * (last_s - first_s)[:, None]
        born = born_s[:, None] + share * (born_to_s - born_s)[:, None]
        waited = np.zeros(records.shape)
        for index, row in enumerate(touched):
            if row.refusals is not None:
                mine = place == index
                waited[mine] = row.refusals.draw(shards[mine], samples, chance)
        polled = self.interval_s * chance.random(records.shape)
        turn, work, older, size = self.consumer.draw(np.minimum(self.cohorts.rate_per_s, pace)[shards], polled, self.interval_s)
        latency_s = self._latency_s()
        meanwhile = np.maximum(load[shards][:, None] * self.interval_s - (self.interval_s - polled), 0.0) if self.consumer.busy_until_idle else 0.0
        ends = written + waited + polled + latency_s + turn + work
        slow = late[shards]
        if slow.any():
            at_pace = from_s + (records[slow] - before[shards[slow]][:, None]) / np.maximum(pace[shards[slow]], 1e-9)[:, None]
            ends[slow] = np.maximum(ends[slow], np.minimum(at_pace, to_s))
            turn[slow] = np.maximum(ends[slow] - written[slow] - waited[slow] - polled[slow] - latency_s - work[slow], 0.0)
        polled, turn = polled - meanwhile, turn + meanwhile
        weights = np.repeat(pieces.counts / samples, samples).reshape(records.shape)
        in_hand_s = self.consumer.read_ahead(self.done.size)[shards] / np.maximum(pace[shards], 1e-9)
        parents = np.clip(self.opens_s[shards][:, None] - written, 0.0, turn)
        from_blocked_s, to_blocked_s = self.consumer.blocked_s
        blocked = np.clip(np.minimum(ends - work, to_blocked_s) - np.maximum(written, from_blocked_s), 0.0, turn - parents)
        unread = np.where(slow[:, None], np.maximum(turn - parents - blocked - in_hand_s[:, None], 0.0), 0.0)
        times = (born, written, waited, polled, parents, blocked, unread, turn - parents - blocked - unread, work)
        sums = [np.bincount(place, weights=pieces.counts * values.mean(axis=1)) for values in times]
        counts = np.bincount(place, weights=pieces.counts)
        latencies, ages, batches = ends - born, np.maximum(ends - work - written - older, 0.0), weights / size
        for index, row in enumerate(touched):
            mine = place == index
            means = [float(total[index] / counts[index]) for total in sums]
            done = Done(latencies[mine].ravel(), weights[mine].ravel(), ages[mine].ravel(), batches[mine].ravel())
            self._hand_over(row, int(counts[index]), means, done, from_s, to_s)

    def _hand_over(self, row: Row, count: int, means: list[float], done: Done, from_s: float, to_s: float) -> None:
        born_s, written_s, waited_s, polled_s, parents_s, blocked_s, unread_s, turn_s, work_s = means
        consumer, causes = self.consumer, self.causes
        attempt = row.message.copy()
        attempt.count = count
        attempt.worked = False
        attempt.path = attempt.path.to(consumer.path_to)
        half_s = (row.born_to_s - row.born_s) / 2 * min(1.0, count / row.count)
        attempt.born_s = born_s - half_s
        clock_s = written_s
        for cause, seconds in (
            (self.stream.refused_cause, waited_s), (causes.push if self.pushed else causes.polling, polled_s), (causes.push if self.pushed else causes.get, self._latency_s()),
            (causes.parents, parents_s), (consumer.blocked_cause, blocked_s), (consumer.busy_cause, unread_s), (consumer.turn_cause, turn_s), (consumer.work_cause, work_s),
        ):
            spend_all(attempt, cause, clock_s, clock_s + seconds)
            clock_s += seconds
        half_way_s = min((to_s - from_s) / 2, half_s)
        attempt.span = Span(born_s + half_s, clock_s - half_way_s, clock_s + half_way_s)
        skipped = consumer.skips(attempt, max(1.0, float(self.cohorts.rate_per_s.sum()) * self.interval_s / self.done.size))
        if skipped:
            lost = attempt.split(skipped)
            self.stream.lose(lost, "skipped_batch", f"Skipped by {self.wire.target.name} after an exception")
            if not attempt.count:
                return
        self.stream.forwarded += attempt.count
        self.wire.depart(attempt.count)
        consumer.take(attempt, done)

    def _note_calls(self, taken: np.ndarray, seconds: float) -> None:
        """Reads that brought these records."""
        records, size_bytes = int(taken.sum()), self.cohorts.record_bytes()
        stream = self.stream
        if self.pushed:
            stream.note_pushes(records, round(records * size_bytes))
            return
        waiting = int((self._unread_in_log() > 0).sum())
        reading = int(self.reading().sum()) - waiting
        self._calls_due += seconds * (reading / self.interval_s + waiting / max(CATCH_UP_PAUSE_S, 1e-9))
        calls = int(self._calls_due)
        self._calls_due -= calls
        pollers = sum(not reader.pushed for reader in self.cohorts.readers)
        asked_per_s = pollers * max(1.0 / self.interval_s, 1.0 / CATCH_UP_PAUSE_S) if waiting else 0.0
        refused = round(calls * max(0.0, 1 - stream.shard_limits().read_calls_per_s / asked_per_s)) if asked_per_s > 0 else 0
        stream.note_calls(calls, refused, records, round(records * size_bytes), self._latency_s())

    # -- retention --------------------------------------------------------------------------------------------------

    def expire(self, number: int) -> None:
        """Retention takes this row: what of it (and before) was not processed is lost to this consumer."""
        rows = self.cohorts.rows
        end = rows.end(number)
        upto = np.maximum(self.done, end)
        count = int((upto - self.done).sum())
        if not count:
            return
        self._expiring |= upto > self.done
        pieces = rows.take(self._row_of, self.done, upto)
        now_s = self.stream.agenda._now
        for each in np.unique(pieces.rows):
            row = rows.row(int(each))
            token = row.message.copy()
            token.count = int(pieces.counts[pieces.rows == each].sum())
            token.span = Span(row.born_to_s, now_s, now_s)
            spend_all(token, self.consumer.busy_cause, (row.from_s + row.to_s) / 2, now_s)
            self.stream.expired += token.count
            self.stream.lose(token, "retention", "Retention period ran out")
        self.done = upto

    # -- what is there ----------------------------------------------------------------------------------------------

    def unread(self) -> int:
        """Records that it has not processed."""
        return int((self.cohorts.rows.written() - self.done).sum())

    def unread_of(self) -> np.ndarray:
        """The same of each shard."""
        return np.asarray(self.cohorts.rows.written() - self.done)

    def waiting(self) -> int:
        """Records of shards that it is behind with."""
        return int(self.unread_of()[self.behind].sum())

    def ages_s(self) -> np.ndarray:
        """The iterator age of each shard: how long ago the last record read was written. While it keeps up, that grows from poll to poll."""
        if self._ages is None:
            self._ages = self._aged()
        return self._ages

    def _aged(self) -> np.ndarray:
        usual = np.where(self.cohorts.rate_per_s > 0, self.interval_s / 2, 0.0)
        for number in np.flatnonzero((self.opens_s > self.cohorts.stepped_s) & (self.cohorts.rows.written() > 0)):
            usual[number] = self.cohorts.stepped_s - self.stream.shards[number].opened_s
        late = self._unread_in_log() > 0
        if not late.any():
            return usual
        rows, read = self.cohorts.rows, np.minimum(self.done + self.consumer.read_ahead(self.done.size), self.cohorts.rows.written())
        last = self.cohorts.stepped_s - rows.time_of(rows.rows_of(self._row_of, read), read)
        return np.where(late, np.maximum(last, usual), usual)

    def _unread_in_log(self) -> np.ndarray:
        """Records of each shard that wait in the stream because the consumer has its hands full."""
        unread = self.cohorts.rows.written() - self.done - self.consumer.read_ahead(self.done.size)
        return np.where(self.behind & (self.opens_s <= self.cohorts.stepped_s), np.maximum(unread, 0), 0)

    def age_s(self) -> float:
        """The greatest of them."""
        return float(max(self.ages_s().max(), self._usual_age_s()))

    def _usual_age_s(self) -> float:
        """The greatest age among shards that it keeps up with, each of which was polled at another moment."""
        reading = int((self.cohorts.rate_per_s > 0).sum())
        return self.interval_s * reading / (reading + 1)

    def oldest_s(self) -> float:
        """How long ago the oldest record was written that is not processed."""
        times = self.cohorts.rows.time_of(self._row_of, self.done)[self.behind]
        stepped_s: float = self.cohorts.stepped_s
        return max(stepped_s - float(times.min(initial=stepped_s)), self._latency_s() if self.pushed else self._usual_age_s())
