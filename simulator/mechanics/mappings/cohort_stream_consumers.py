"""Who processes all shards of a stream at once: the library of an application, and the mapping of a function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.engine.cohorts import share_out
from simulator.engine.limits import Limit
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.cohort_station import Draw, Work
from simulator.mechanics.functions.batch_payload import SYNCHRONOUS_BYTES
from simulator.mechanics.functions.cold_starts import duration_factor
from simulator.mechanics.mappings.cohort_mapping import lanes_of, unreserved_demand
from simulator.mechanics.mappings.stream_mapping import READ_AHEAD
from simulator.mechanics.quantiles import QuantileTable, draws, table_of
from simulator.mechanics.streams.cohort_shard_reading import Done, ShardGroupReader
from simulator.mechanics.streams.shard_reading import MOST_RECORDS

if TYPE_CHECKING:
    from simulator.engine.node import Node
    from simulator.measures import Spread

PARTS = 8
"""The calls of a step are timed in so many parts, each from another part of the distribution."""
NORMAL_Z = np.array([-1.863, -1.318, -1.010, -0.776, -0.579, -0.402, -0.237, -0.078, 0.078, 0.237, 0.402, 0.579, 0.776, 1.010, 1.318, 1.863])
"""The normal distribution in sixteen equal parts: the middle of each."""
SIZES_TABLED = (1, 2, 3, 5, 8, 12, 20, 35, 60, 100, 200, 500, 1000, 2000, 5000, 10_000)


def interval_of(wire: Wire) -> float:
    """How often each shard is polled over this wire, in seconds."""
    settings = wire.parameters
    interval_s: float = settings.polling_interval_s if hasattr(settings, "polling_interval_s") else settings.idle_time_between_reads_s
    return interval_s


def unfit_reading(wire: Wire) -> str | None:
    """Why records must be read one by one over this wire; None if cohorts may."""
    settings, name = wire.parameters, wire.target.name
    if settings.starting_position != "TRIM_HORIZON":
        return f"{name} does not begin at the oldest record."
    if not getattr(settings, "enabled", True):
        return f"{name} begins to read later."
    return None


def add_latencies(node: Node, attempt: Message, done: Done) -> Work:
    """The messages of ``attempt`` as finished work; their latencies are noted where they end."""
    if not node.publishes:  # type: ignore[attr-defined]
        attempt.path.end("processed").latency.add_many(np.maximum(done.latencies_s, 0.0), done.counts * (attempt.count / done.counts.sum()))
    return Work(attempt, 0, 0.0, 0.0, 0.0, 0.0, [])


class CohortLeases:
    """The shards of an application with the client library: each is worked on message by message, by the worker that has it."""

    def __init__(self, application: Any, wire: Wire) -> None:
        self.application, self.wire = application, wire
        stream = wire.source
        self.path_to, self.busy_until_idle = application.id, False
        self.busy_cause = stream.cause("consumer_busy", f"{application.name} is busy", Culprit(application.id))
        self.turn_cause = stream.cause("batch_wait", f"Read, until {application.name} comes to it", Culprit(application.id, "duration"))
        self.work_cause: Cause = application.working
        self.blocked_cause, self.blocked_s = self.busy_cause, (0.0, 0.0)
        self._exceptions_due = 0.0
        self._chance: np.random.Generator = application.stream("cohorts").generator
        self.duration_changed()
        self.reader = ShardGroupReader(stream.start_cohorts(), wire, self, interval_of(wire))  # type: ignore[attr-defined]
        self.free_s = np.zeros(len(self.reader.done))
        """Until when nobody has the lease of each shard."""

    def duration_changed(self) -> None:
        """The time for a message is another."""
        sample = draws(self.application.parameters.duration, self.application.stream("cohort durations"), 65_536)
        self._table = QuantileTable(sample)
        self._sample = sample
        self._mean_s, self._sd_s = float(sample.mean()), float(sample.std())

    def _seconds(self) -> tuple[float, float]:
        """Mean and standard deviation of the time for a message, tries after failures included."""
        application = self.application
        mean_s, sd_s = self._mean_s * application.slow_factor, self._sd_s * application.slow_factor
        chance = application.fails_share if application.parameters.on_exception == "retry" else 0.0
        if chance >= 1:
            return math.inf, 0.0
        return (mean_s + chance * application.parameters.retry_pause_s) / (1 - chance), sd_s / (1 - chance)

    def read_ahead(self, shards: int) -> np.ndarray:
        return np.where(self._free(shards), 0, int(self.wire.parameters.max_records))

    def _free(self, shards: int) -> np.ndarray:
        """The shards that no worker has."""
        if self.free_s.size < shards:
            self.free_s = np.concatenate([self.free_s, np.zeros(shards - self.free_s.size)])
        return np.asarray(self.free_s > self.application.agenda.now)

    def capacity_per_s(self, shards: int) -> np.ndarray:
        mean_s, _ = self._seconds()
        pace = np.full(shards, 1.0 / mean_s if mean_s > 0 else 1e9)
        pace[self._free(shards)] = 0.0
        return pace

    def pace_when_expiring(self) -> float:
        return 1.0

    def spread(self, seconds: float) -> float:
        mean_s, sd_s = self._seconds()
        return math.sqrt(seconds * sd_s**2 / mean_s**3) if 0 < mean_s < math.inf else 0.0

    def after_s(self, rate_per_s: np.ndarray, interval_s: float) -> np.ndarray:
        mean_s, sd_s = self._seconds()
        if not math.isfinite(mean_s):
            return np.zeros_like(rate_per_s)
        if interval_s > 0:
            return rate_per_s * mean_s * interval_s / 2 + mean_s
        return self._line_s(rate_per_s, mean_s, sd_s) + mean_s

    @staticmethod
    def _line_s(rate_per_s: np.ndarray, mean_s: float, sd_s: float) -> np.ndarray:
        """Mean wait of records that come one by one, at random (Pollaczek and Khinchine)."""
        load = np.minimum(rate_per_s * mean_s, 0.99)
        return np.asarray(rate_per_s * (mean_s**2 + sd_s**2) / (2 * (1 - load)))

    def draw(self, rate_per_s: np.ndarray, polled_after_s: np.ndarray, interval_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        mean_s, sd_s = self._seconds()
        shape = polled_after_s.shape
        nothing = np.zeros(shape)
        if not math.isfinite(mean_s):
            return nothing, nothing, nothing, nothing + 1
        work = self._chance.choice(self._sample, shape) * (mean_s / self._mean_s if self._mean_s > 0 else 1.0)
        rate = rate_per_s[:, None]
        if interval_s > 0:
            before = rate * (interval_s - polled_after_s)
            turn = before * mean_s + np.sqrt(before * (sd_s**2 + mean_s**2)) * self._chance.standard_normal(shape)
        else:
            load = np.minimum(rate * mean_s, 0.99)
            wait_s = self._line_s(rate, mean_s, sd_s) / np.maximum(load, 1e-9)
            turn = np.where(self._chance.random(shape) < load, self._chance.exponential(1.0, shape) * wait_s, 0.0)
        return np.maximum(turn, 0.0), work, nothing, nothing + 1

    def skips(self, attempt: Message, batch: float) -> int:
        application = self.application
        chance: float = application.fails_share
        if chance <= 0 or application.parameters.on_exception == "retry":
            return 0
        passed = (1 - chance) * (1 - (1 - chance) ** batch) / (batch * chance)
        skipped = application.failure_stream.binomial(attempt.count, 1 - min(1.0, passed))
        application.skipped += skipped
        self._exceptions_due += attempt.count / batch * (1 - (1 - chance) ** batch)
        application.exceptions += int(self._exceptions_due)
        self._exceptions_due -= int(self._exceptions_due)
        return int(skipped)

    def note_step(self, reader: ShardGroupReader, taken: np.ndarray, from_s: float, to_s: float) -> None:
        mean_s, _ = self._seconds()
        count = int(taken.sum())
        application = self.application
        if math.isfinite(mean_s):
            application.busy.set(float(np.minimum(1.0, taken * mean_s / (to_s - from_s)).sum()), to_s)
            if application.parameters.on_exception == "retry" and application.fails_share > 0:
                application.exceptions += round(count * application.fails_share / (1 - application.fails_share))
        shares = share_out(count, PARTS) if count else []
        for part, messages in enumerate(shares):
            application.durations.add(self._table.at((part + float(self._chance.random())) / len(shares)) * application.slow_factor, messages)

    def take(self, attempt: Message, done: Done) -> None:
        self.application.take_over_cohort(self.wire, add_latencies(self.application, attempt, done))

    # -- workers come and go ----------------------------------------------------------------------------------------

    def held(self) -> int:
        """Shards that a worker has."""
        reading = self.reader.reading()
        return int((reading & ~self._free(reading.size)).sum())

    def lose(self, shards: np.ndarray, until_s: float) -> None:
        """Nobody has these shards until then."""
        self.free_s[shards] = np.maximum(self.free_s[shards], until_s + self.reader.interval_s / 2)


class CohortStreamMapping:
    """The mapping of a function that is never throttled: batches of each shard, one after the other in each lane."""

    def __init__(self, wire: Wire, function: Any, ages: Spread, stream: Stream) -> None:
        self.wire, self.function = wire, function
        self.settings = wire.parameters
        source = wire.source
        self.path_to, self.busy_until_idle = function.id, True
        self.polled = self.invoked = self.failed = self.filtered = self.throttled_batches = self.dropped = self.reported = self.refused = self.deleted = 0
        self.provisioned = None
        self.ages = ages
        self.active = Limit(f"lanes:{wire.id}", f"Concurrent batches from {source.name}", None, None)
        self._stream = stream
        self._chance: np.random.Generator = stream.generator
        self._calls_due = self._errors_due = 0.0
        self.busy_cause = source.cause("function_busy", f"Behind the batch that {function.name} works on", Culprit(function.id, "parallelization_factor", wire.id))
        self.turn_cause = self.busy_cause
        self.work_cause: Cause = function.working
        self.blocked_cause, self.blocked_s = self.busy_cause, (0.0, 0.0)
        self._blocked = False
        self._tries_s, self._tries = np.zeros(0), np.zeros(0)
        self._tables()
        self.reader = ShardGroupReader(source.start_cohorts(), wire, self, interval_of(wire))  # type: ignore[attr-defined]

    @property
    def allowed(self) -> float:
        """Batches it may have in progress."""
        return float(self.lanes() * int(self.reader.reading().sum()))

    def lanes(self) -> int:
        """Batches of one shard at the same time."""
        return int(self.settings.parallelization_factor)

    def _tables(self) -> None:
        """Mean and standard deviation of the time for a batch, by its size."""
        values, batch = self.function.parameters, self.settings.batch_size
        self._table = table_of(values.duration, self._stream)
        sample = draws(values.duration, self._stream, 65_536)
        self._sample = sample
        self._by_length = self._chance.choice(sample, sample.size, p=sample / sample.sum()) if sample.sum() > 0 else sample
        sizes = np.array([size for size in SIZES_TABLED if size < batch] + [batch])
        if values.batch_work == "sequential":
            means, deviations = sample.mean() * sizes, sample.std() * np.sqrt(sizes)
        elif values.batch_work == "single":
            means, deviations = np.full(sizes.shape, sample.mean()), np.full(sizes.shape, sample.std())
        else:
            largest = [self._chance.choice(sample, (1000, int(min(size, 1000)))).max(axis=1) for size in sizes]
            means, deviations = np.array([each.mean() for each in largest]), np.array([each.std() for each in largest])
        self._sizes, self._means, self._deviations = sizes.astype(float), means, deviations

    def _factor(self) -> float:
        return float(self.function.slow_factor * duration_factor(self.function.parameters))

    def _batch_s(self, size: Any) -> np.ndarray:
        """Mean time for a batch of so many records."""
        return np.asarray(np.interp(size, self._sizes, self._means) * self._factor())

    def _deviation_s(self, size: Any) -> np.ndarray:
        return np.asarray(np.interp(size, self._sizes, self._deviations) * self._factor())

    def _failure_chance(self, size: float) -> float:
        share: float = self.function.fails_share
        return 0.0 if share <= 0 else 1 - (1 - share) ** max(1.0, size)

    def read_ahead(self, shards: int) -> np.ndarray:
        return np.full(shards, min(MOST_RECORDS, max(READ_AHEAD, 2 * self.settings.batch_size * self.lanes())))

    def capacity_per_s(self, shards: int) -> np.ndarray:
        batch = float(self.settings.batch_size)
        fails = self._failure_chance(batch)
        if self.function.stopped or fails >= 1 - 1e-9:
            self._try_in_vain(shards)
            return np.zeros(shards)
        if not self.settings.enabled:
            return np.zeros(shards)
        self._blocked = False
        seconds = (float(self._batch_s(batch)) + fails * self.settings.retry_base_s * 0.75) / (1 - fails)
        pace = np.full(shards, self.lanes() * batch / seconds if seconds > 0 else 1e9)
        pausing = self._tries_s > self.function.agenda.now
        if pausing.any():
            pace[: pausing.size][pausing] = 0.0
            self.blocked_s = (self.blocked_s[0], self.function.agenda.now)
        return pace

    def _try_in_vain(self, shards: int) -> None:
        """The function is stopped, or fails at everything: the batch of each shard is tried again after pauses that double."""
        function, settings, now_s = self.function, self.settings, self.function.agenda.now
        if not self._blocked:
            self._blocked = True
            self._tries_s, self._tries = np.full(shards, self.reader.cohorts.stepped_s), np.zeros(shards)
            self.blocked_cause = self.wire.source.cause("stopped", f"{function.name} is stopped", Culprit(function.id)) if function.stopped else self.wire.source.cause(
                "batch_retry", f"Behind a batch that {function.name} fails at", Culprit(function.id, "maximum_retry_attempts", self.wire.id))
            self.blocked_s = (self.reader.cohorts.stepped_s, now_s)
        self.blocked_s = (self.blocked_s[0], now_s)
        while (due := self._tries_s <= now_s).any():
            count = int(due.sum()) * self.lanes()
            if function.stopped:
                function.count_throttles("stopped", count)
                self.throttled_batches += count
            else:
                function.invocations += count
                function.count_cohort_errors(count)
            longest_s = np.minimum(settings.retry_base_s * 2.0 ** np.minimum(self._tries, 40), settings.retry_max_s)
            self._tries_s = np.where(due, self._tries_s + longest_s * (0.5 + 0.5 * self._chance.random(due.size)), self._tries_s)
            self._tries += due

    def pace_when_expiring(self) -> float:
        """What has expired is dropped when its batch is about to start: half of it, on average."""
        batch = float(self.settings.batch_size)
        return 0.5 * float(self._batch_s(batch)) / max(float(self._batch_s(max(1.0, batch / 2))), 1e-9) if batch > 1 else 1.0

    def spread(self, seconds: float) -> float:
        batch = float(self.settings.batch_size)
        mean_s, deviation_s = float(self._batch_s(batch)), float(self._deviation_s(batch))
        return batch * math.sqrt(self.lanes() * seconds * deviation_s**2 / mean_s**3) if mean_s > 0 else 0.0

    def _gathered(self, rate_per_s: np.ndarray) -> np.ndarray:
        """Records of a batch when they are pushed: what came while the batch before was worked on."""
        rate = rate_per_s / self.lanes()
        size = np.ones_like(rate)
        for _ in range(12):
            size = np.clip(rate * self._batch_s(size), 1.0, float(self.settings.batch_size))
        return size

    def after_s(self, rate_per_s: np.ndarray, interval_s: float) -> np.ndarray:
        batch = float(self.settings.batch_size)
        if interval_s > 0:
            read = np.maximum(1.0, rate_per_s * interval_s / self.lanes())
            return np.asarray(np.maximum(0.0, (read / batch - 1) / 2) * self._batch_s(batch) + self._batch_s(np.minimum(read, batch)))
        size = self._gathered(rate_per_s)
        seconds = self._batch_s(size)
        busy = np.minimum(1.0, rate_per_s / self.lanes() * seconds / size)
        return np.asarray(busy * (seconds + self._deviation_s(size) ** 2 / np.maximum(seconds, 1e-9)) / 2 + seconds)

    def draw(self, rate_per_s: np.ndarray, polled_after_s: np.ndarray, interval_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        shape, batch = polled_after_s.shape, float(self.settings.batch_size)
        normal = self._chance.standard_normal
        if interval_s > 0:
            read = rate_per_s[:, None] * interval_s / self.lanes()
            read = np.maximum(1.0, read + np.sqrt(read) * normal((shape[0], 1)))
            rank = read * (1 - polled_after_s / interval_s)
            before = np.floor(rank / batch)
            turn = before * self._batch_s(batch) + np.sqrt(before) * self._deviation_s(batch) * normal(shape)
            size = np.clip(read - before * batch, 1.0, batch)
            last = np.minimum((before + 1) * batch, read)
            older = np.maximum(polled_after_s - interval_s * (1 - last / read), 0.0)
        else:
            size = np.broadcast_to(self._gathered(rate_per_s)[:, None], shape)
            seconds = self._batch_s(size)
            busy = np.minimum(1.0, rate_per_s[:, None] / self.lanes() * seconds / size)
            turn = np.where(self._chance.random(shape) < busy, self._chance.random(shape) * self._met(size), 0.0)
            older = turn
        return np.maximum(turn, 0.0), self._work(size), older, size

    def _met(self, size: np.ndarray) -> np.ndarray:
        """Time for the batch that is in work when a record comes: longer ones are met more often."""
        if self.function.parameters.batch_work == "single":
            return np.asarray(self._chance.choice(self._by_length, size.shape) * self._factor())
        seconds, deviation_s = self._batch_s(size), self._deviation_s(size)
        return np.asarray(np.maximum(seconds + deviation_s**2 / np.maximum(seconds, 1e-9) + deviation_s * self._chance.standard_normal(size.shape), 0.0))

    def _work(self, size: np.ndarray) -> np.ndarray:
        if self.function.parameters.batch_work == "single" or self.settings.batch_size == 1:
            return np.asarray(self._chance.choice(self._sample, size.shape) * self._factor())
        return np.asarray(np.maximum(self._batch_s(size) + self._deviation_s(size) * self._chance.standard_normal(size.shape), 0.0))

    def skips(self, attempt: Message, batch: float) -> int:
        return 0

    def _sizes_of(self, reader: ShardGroupReader) -> np.ndarray:
        """Records in a batch of each shard, on average."""
        batch = float(self.settings.batch_size)
        rate = reader.cohorts.rate_per_s
        if reader.interval_s > 0:
            read = rate * reader.interval_s / self.lanes()
            drawn = np.maximum(read[:, None] + np.sqrt(read)[:, None] * NORMAL_Z, 0.0)
            calls = np.maximum(np.ceil(drawn / batch).mean(axis=1), 1e-9)
            size = np.clip(read / calls, 1.0, batch)
        else:
            size = self._gathered(rate)
        return np.where(reader.behind, batch, size)

    def note_step(self, reader: ShardGroupReader, taken: np.ndarray, from_s: float, to_s: float) -> None:
        count = int(taken.sum())
        self.polled += count
        self.invoked += count
        self.deleted += count
        size = self._sizes_of(reader)
        wanted = taken / size
        self._calls_due += float(wanted.sum())
        calls = int(self._calls_due)
        self._calls_due -= calls
        if not calls:
            return
        mean_size = max(1.0, count / max(float(wanted.sum()), 1e-9))
        shares = share_out(calls, PARTS)
        parts = [self._part((part + float(self._chance.random())) / len(shares), each, mean_size) for part, each in enumerate(shares)]
        busy_s = sum(part.calls * part.seconds for part in parts)
        fails = self._failure_chance(mean_size)
        if 0 < fails < 1:
            self._errors_due += calls * fails / (1 - fails)
            self.function.count_cohort_errors(int(self._errors_due))
            self._errors_due -= int(self._errors_due)
        self.function.note_calls(parts, to_s - from_s)
        busy = min(busy_s / (to_s - from_s), self.allowed)
        self.active.set(busy, from_s)
        self.function.concurrency.set(busy, from_s)

    def _part(self, share: float, calls: int, size: float) -> Draw:
        """So many calls, at this share of the distribution of their durations."""
        if self.function.parameters.batch_work == "single" or size <= 1.0:
            seconds = self._table.at(share) * self._factor()
        else:
            seconds = max(0.0, float(self._batch_s(size) + self._deviation_s(size) * NORMAL_Z[int(share * NORMAL_Z.size)]))
        return Draw(0.0, seconds, calls, ((0.0, seconds),))

    def take(self, attempt: Message, done: Done) -> None:
        self.ages.add_many(done.ages_s, done.batches)
        self.function.take_over_cohort(self.wire, add_latencies(self.function, attempt, done))

    # -- what the function asks ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """The stream itself goes on, step by step."""

    def settings_changed(self) -> None:
        """A setting of the wire, or the function's duration, was changed while the run goes on."""
        self._tables()

    def book_idle_polls(self) -> None:
        """Polls that return nothing cost nothing."""


def unfit_mapping(function: Any, wire: Wire, account_limit: int) -> str | None:
    """Why a function must get the records of this stream one by one; None if cohorts may."""
    settings, values, name = wire.parameters, function.parameters, function.name
    if settings.batching_window_s > 0 or settings.tumbling_window_s > 0:
        return f"The mapping of {name} gathers records over windows of time."
    if settings.filter_criteria:
        return "The mapping filters records."
    if values.failure_probability > 0:
        return f"{name} fails at some records, which block their shard."
    if sum(map(len, function.wires_in.values())) > 1:
        return f"{name} is invoked in other ways too."
    if values.provisioned_concurrency > 0:
        return f"{name} has provisioned concurrency."
    lanes = lanes_of(wire)
    limit = values.reserved_concurrency if values.reserved_concurrency is not None else account_limit
    if (lanes if values.reserved_concurrency is not None else unreserved_demand(function)) > limit:
        return f"{name} may be throttled: it may be invoked more often at once than its concurrency allows."
    records = settings.batch_size if values.batch_work == "sequential" else 1
    mean_s = values.duration.expected_s() * duration_factor(values)
    if mean_s <= 0 or lanes / mean_s > 10 * limit * records:
        return f"{name} may be throttled: it may reach 10 requests a second for each concurrency."
    if values.duration.quantile_s(0.999) * duration_factor(values) * records > values.timeout_s:
        return f"{name} may not be done before its timeout."
    for source in wire.source.wires_in["in"]:
        for entry in getattr(source.source.parameters, "message_types", ()):
            if settings.batch_size * (entry.size_bytes * 4 / 3 + settings.record_overhead_bytes) > SYNCHRONOUS_BYTES:
                return f"Batches of {name} may be cut at 6 MB."
    return unfit_reading(wire) or function.publishes_singles()


def unfit_leases(application: Any, wire: Wire) -> str | None:
    """Why an application must get the records of this stream one by one; None if cohorts may."""
    values, name = application.parameters, application.name
    if values.shards_at_once is not None:
        return f"The shards of {name} share the processors of its workers."
    if values.failure_probability > 0:
        return f"{name} fails at some records, one by one."
    if values.checkpoint_interval_s > 0:
        return f"{name} repeats what it had not checkpointed when a worker dies."
    return unfit_reading(wire) or application.publishes_singles()
