"""A stream at any rate: what producers put arrives in cohorts, which are spread over all shards at once.

Everything that belongs to a shard is an array with a number for each shard, so that hot shards, their throttles and their
backlogs stay what they are. The stream looks at what came, writes it, and lets its consumers go on, each time a step is over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from simulator.engine.cohorts import LATE_RANK, Span, span_of, spend_all
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.wire import Wire
from simulator.mechanics.streams.cohort_rows import Refusals, Row, Rows
from simulator.mechanics.streams.key_shares import MOST_HASHES, shares_of_keys, shares_of_ranges
from simulator.mechanics.streams.record_producer import MOST_DOUBLINGS, NOT_RETRIED, producer_settings
from simulator.mechanics.streams.shards import MIB, ShardLimits
from simulator.mechanics.token_bucket import TokenBucket

if TYPE_CHECKING:
    from simulator.mechanics.streams.cohort_shard_reading import ShardGroupReader

SHARDS_A_SECOND = 1000
"""A stream with so many shards is looked at each second, one with half as many twice: that is what a run can afford."""
LONGEST_STEP_S = 1.0
MOST_TICKS_A_STEP = 20
"""What comes in the last step of a run is not written any more: it must be little."""
RATE_MEMORY_S = 1.5
"""Rates of the shards are averages over about so long."""
REFUSED_TITLE = "Throttled, and the producer gave up"


def unfit_producer(wire: Wire, mode: str, settings: Any) -> str | None:
    """Why the records of this wire must come one by one; None if cohorts may."""
    name = wire.source.name
    if mode == "service":
        return f"{name} is answered for each record that it puts."
    if mode == "kpl":
        return f"The producer library of {name} packs records, and holds them back by shard."
    if settings.strict_order and mode == "put_record":
        return f"{name} puts each record after the one before it."
    if settings.partition_key != "random":
        types = getattr(wire.source.parameters, "message_types", ())
        salts = settings.salts if settings.partition_key == "salted" else 1
        if any(getattr(entry.key, "number", 1) * salts > MOST_HASHES for entry in types):
            return f"{name} uses more than {MOST_HASHES:,} partition keys."
    return None


def limits_of(limits: ShardLimits) -> tuple[TokenBucket, TokenBucket]:
    """The write limits of one shard, as its buckets have them: records and bytes."""
    return (TokenBucket(limits.write_records_per_s, max(1.0, limits.write_records_per_s)), TokenBucket(limits.write_bytes_per_s, max(limits.write_bytes_per_s, MIB)))


def _pause_s(settings: Any, tried: int) -> float:
    """Mean pause after so many attempts before this one."""
    return float(0.75 * min(settings.retry_base_s * 2.0 ** min(tried, MOST_DOUBLINGS), settings.retry_max_s))


class WriteLimits:
    """The write limits of all shards: one token bucket for records and one for bytes, each with a level for each shard."""

    def __init__(self, limits: ShardLimits, shards: int) -> None:
        self._buckets = limits_of(limits)
        self._levels = [np.full(shards, bucket.burst) for bucket in self._buckets]

    def widen(self, shards: int) -> None:
        """There are more shards; new ones begin with full buckets."""
        self._levels = [np.concatenate([level, np.full(shards - level.size, bucket.burst)]) for level, bucket in zip(self._levels, self._buckets, strict=True)]

    def admit(self, records: np.ndarray, size_bytes: np.ndarray, seconds: float) -> np.ndarray:
        """The share of a steady demand over the next seconds that each shard takes."""
        found = [level + bucket.rate_per_s * seconds for level, bucket in zip(self._levels, self._buckets, strict=True)]
        shares = [np.divide(there, wanted, out=np.ones_like(there), where=wanted > there) for there, wanted in zip(found, (records, size_bytes), strict=True)]
        self._found = found
        return np.asarray(np.minimum(shares[0], shares[1]))

    def charge(self, records: np.ndarray, size_bytes: np.ndarray) -> None:
        """So much of it was written."""
        self._levels = [np.minimum(bucket.burst, there - taken) for bucket, there, taken in zip(self._buckets, self._found, (records, size_bytes), strict=True)]


class Put:
    """What one wire brought of one kind of message since the last step."""

    __slots__ = ("born_s", "born_to_s", "count", "from_s", "message", "to_s", "wire")

    def __init__(self, message: Message, wire: Wire, born: tuple[float, float], here: tuple[float, float]) -> None:
        self.message, self.wire = message, wire
        self.count = message.count
        self.born_s, self.born_to_s = born
        self.from_s, self.to_s = here

    def add(self, count: int, born: tuple[float, float], here: tuple[float, float]) -> None:
        """More of the same."""
        self.count += count
        self.born_s, self.born_to_s = min(self.born_s, born[0]), max(self.born_to_s, born[1])
        self.from_s, self.to_s = min(self.from_s, here[0]), max(self.to_s, here[1])


class StreamCohorts:
    """The shards of a stream that takes cohorts, and its consumers."""

    def __init__(self, stream: Any, tick_s: float) -> None:
        self.stream = stream
        self.agenda = stream.agenda
        wanted_s = min(LONGEST_STEP_S, max(0.1, len(stream.shards) / SHARDS_A_SECOND))
        self._tick_s, self._ticks = tick_s, 0
        self._ticks_a_step = min(MOST_TICKS_A_STEP, max(1, math.ceil(wanted_s / tick_s - 1e-9)))
        shards = len(stream.shards)
        self.limits = WriteLimits(stream.shard_limits(), shards)
        self.rows = Rows(shards)
        self.readers: list[ShardGroupReader] = []
        self.rate_per_s = np.zeros(shards)
        self.last_per_s = np.zeros(shards)
        """What was written in the last step, a second."""
        self.throttled, self.written_bytes = np.zeros(shards, dtype=np.int64), np.zeros(shards, dtype=np.int64)
        self.chance: np.random.Generator = stream.stream("cohorts").generator
        self._puts: dict[tuple[Any, ...], Put] = {}
        self._shares: dict[tuple[Any, ...], np.ndarray] = {}
        self.stepped_s = self.agenda.now
        """When the stream was looked at last."""
        self._expired_to = 0
        self._lost_unread = 0
        self._note_open()

    def start(self) -> None:
        """Book the first step."""
        self._book()

    def _book(self) -> None:
        """The next step: at the same instant, to the last digit, as sources bring what they gathered."""
        self._ticks += self._ticks_a_step
        self.agenda.at(self._ticks * self._tick_s, self._step, None, LATE_RANK + 1)

    def _note_open(self) -> None:
        self.open = np.array([shard.number for shard in self.stream.map.open])
        self.names = [shard.name for shard in self.stream.map.open]
        self._shares.clear()

    def shards_changed(self) -> None:
        """Some shards closed, and others take over their hash keys."""
        shards = len(self.stream.shards)
        more = shards - self.rate_per_s.size
        if more > 0:
            self.limits.widen(shards)
            self.rows.widen(shards)
            self.rate_per_s, self.last_per_s = (np.concatenate([array, np.zeros(more)]) for array in (self.rate_per_s, self.last_per_s))
            self.throttled, self.written_bytes = (np.concatenate([array, np.zeros(more, dtype=np.int64)]) for array in (self.throttled, self.written_bytes))
            for reader in self.readers:
                reader.widen(shards)
        self._note_open()

    # -- what comes -------------------------------------------------------------------------------------------------

    def offer(self, message: Message, wire: Wire) -> None:
        """A producer puts the messages of this cohort; they are the stream's from now on."""
        now_s: float = self.agenda._now
        span = message.span or Span(message.born_s, now_s, now_s)
        born, here = (message.born_s, span.born_to_s), (span.from_s, span.to_s)
        key = (wire.id, message.type, message.path, message.size_bytes, message.key if message.span is None else None)
        put = self._puts.get(key)
        if put is None:
            self._puts[key] = Put(message, wire, born, here)
        else:
            put.add(message.count, born, here)

    def _shares_of(self, put: Put) -> np.ndarray:
        """The share of these records that goes to each shard."""
        settings = producer_settings(put.wire)
        explicit = settings.explicit_hash_key
        keys = put.message.type.keys
        name = (put.wire.id, keys) if explicit is None and settings.partition_key != "random" else (put.wire.id,)
        shares = self._shares.get(name)
        if shares is None:
            shares = np.zeros(len(self.stream.shards))
            shards = self.stream.map.open
            if explicit is not None:
                shares[self.stream.map.of_hash(int(explicit)).number] = 1.0
            elif settings.partition_key == "random":
                shares[self.open] = shares_of_ranges(shards)
            else:
                shares[self.open] = shares_of_keys(keys, settings.salts if settings.partition_key == "salted" else 0, shards)
            self._shares[name] = shares
        return shares

    # -- a step -----------------------------------------------------------------------------------------------------

    def _step(self, _: None) -> None:
        now_s: float = self.agenda._now
        seconds = now_s - self.stepped_s
        puts, self._puts = list(self._puts.values()), {}
        before = self.rows.written().copy()
        if puts:
            self._write(puts, seconds)
        self._note_rates(self.rows.written() - before, seconds)
        self._expire(now_s)
        for reader in self.readers:
            reader.step(self.stepped_s, now_s)
        self.rows.forget(min((reader.oldest() for reader in self.readers), default=self._expired_to))
        self.stepped_s = now_s
        self._book()

    def _note_rates(self, written: np.ndarray, seconds: float) -> None:
        self.last_per_s = written / seconds
        weight = 1.0 if self.stepped_s == 0 else min(1.0, seconds / RATE_MEMORY_S)
        self.rate_per_s += weight * (written / seconds - self.rate_per_s)

    def _write(self, puts: list[Put], seconds: float) -> None:
        wanted = [self._split(put) for put in puts]
        sizes = [put.message.size_bytes for put in puts]
        takes = self.limits.admit(*self._together(wanted, sizes), seconds)
        down = self.stream.down_shard
        if self.stream.is_unavailable:
            takes = np.zeros_like(takes)
        elif down is not None:
            takes[down] = 0.0
        taken = [np.where(takes >= 1.0, counts, np.floor(counts * takes + 1e-9)).astype(np.int64) for counts in wanted]
        self.limits.charge(*self._together(taken, sizes))
        for put, counts, written in zip(puts, wanted, taken, strict=True):
            self._put(put, counts, written)

    @staticmethod
    def _together(counts: list[np.ndarray], sizes: list[int]) -> tuple[np.ndarray, np.ndarray]:
        """Records and bytes for each shard."""
        return np.sum(counts, axis=0).astype(np.float64), np.sum([each * float(size) for each, size in zip(counts, sizes, strict=True)], axis=0)

    def _split(self, put: Put) -> np.ndarray:
        """How many of these records go to each shard: a single one by its key, the others by chance."""
        settings = producer_settings(put.wire)
        if put.message.span is None and settings.partition_key == "key" and settings.explicit_hash_key is None:
            counts = np.zeros(len(self.stream.shards), dtype=np.int64)
            counts[self.stream.shard_of(str(put.message.key), None).number] = put.count
            return counts
        return np.asarray(self.chance.multinomial(put.count, self._shares_of(put)))

    def _put(self, put: Put, wanted: np.ndarray, written: np.ndarray) -> None:
        """Write what the shards take; what they refuse was tried again in the meantime, and is lost by now."""
        stream, message = self.stream, put.message
        settings = producer_settings(put.wire)
        single = stream.producer_modes[put.wire.id] == "put_record"
        tries, refusals, before = self._tries(wanted, written, settings)
        total = int(written.sum())
        latency_s = settings.put_latency.expected_s()
        linger_s = 0.0 if single else self._linger_s(put, settings)
        lost = put.count - total
        if lost:
            self._lose(put, lost, latency_s, settings)
        refused = round(float(refusals.sum()))
        if not stream.is_unavailable:
            by_shard = np.rint(refusals).astype(np.int64)
            if stream.down_shard is not None:
                stream.refused_by_down_shard = int(by_shard[stream.down_shard])
                by_shard[stream.down_shard] = 0
            self.throttled += by_shard
        calls = max(1, round(tries if single else tries * max(1.0 / settings.records_a_call, 1.0 / max(1.0, put.count))))
        stream.note_puts(single, calls, put.count + refused - lost, refused, message.size_bytes, latency_s)
        if not total:
            return
        message.count = total
        middle_s = (put.from_s + put.to_s) / 2
        message.span = Span(put.born_to_s, put.from_s, put.to_s)
        spend_all(message, stream.cause("producer_linger", f"Gathered by the producer of {put.wire.source.name}", Culprit(stream.id, "record_max_buffered_time_s", put.wire.id), capacity=False),
                  middle_s, middle_s + linger_s)
        spend_all(message, self._put_cause(put), middle_s + linger_s, middle_s + linger_s + latency_s)
        here = (put.from_s + linger_s + latency_s, put.to_s + linger_s + latency_s)
        self.written_bytes += written * message.size_bytes
        stream.note_written(message, total)
        stream.copied += max(0, len(self.readers) - 1) * total
        self.rows.append(Row(message, total, (put.born_s, put.born_to_s), here, before), written)

    def _put_cause(self, put: Put) -> Cause:
        cause: Cause = self.stream.cause("put_latency", "Put latency", Culprit(self.stream.id, "put_latency", put.wire.id), capacity=False)
        return cause

    @staticmethod
    def _linger_s(put: Put, settings: Any) -> float:
        """How long a record waits for its call on average: half of the time in which one fills, or of the longest it may take."""
        rate_per_s = put.count / max(put.to_s - put.from_s, 1e-9)
        return float(min(settings.records_a_call / rate_per_s, settings.record_max_buffered_time_s) / 2)

    @staticmethod
    def _tries(wanted: np.ndarray, written: np.ndarray, settings: Any) -> tuple[float, np.ndarray, Refusals | None]:
        """How often these records were tried in all, how often each shard refused one, and so those that were written at last.

        Each try at a shard is refused with the same chance ``p``: so many are lost as ``p`` to the power of the attempts.
        """
        total = float(wanted.sum())
        lost = wanted - written
        if not lost.any():
            return total, np.zeros(wanted.shape), None
        attempts: int = settings.max_attempts
        chance = np.divide(lost, wanted, out=np.zeros(wanted.shape), where=wanted > 0) ** (1.0 / attempts)
        refused = wanted * np.sum([chance**tried for tried in range(1, attempts + 1)], axis=0)
        latency_s = settings.put_latency.expected_s()
        pauses_s = np.cumsum([0.0, *(latency_s + _pause_s(settings, tried) for tried in range(attempts - 1))])
        return total + float(refused.sum() - lost.sum()), refused, Refusals(chance, pauses_s)

    def _lose(self, put: Put, count: int, latency_s: float, settings: Any) -> None:
        """What was refused at every attempt."""
        pauses_s = sum(_pause_s(settings, tried) for tried in range(settings.max_attempts - 1))
        calls_s = latency_s * settings.max_attempts
        token = put.message.copy()
        token.count = count
        token.span = Span(put.born_to_s, put.from_s + calls_s + pauses_s, put.to_s + calls_s + pauses_s)
        end_s = span_of(token).middle_s
        spend_all(token, self._put_cause(put), end_s - calls_s - pauses_s, end_s - pauses_s)
        spend_all(token, self.stream.refused_cause, end_s - pauses_s, end_s)
        self.stream.lose(token, NOT_RETRIED, REFUSED_TITLE)

    def _expire(self, now_s: float) -> None:
        """Retention takes the rows that are too old."""
        rows = self.rows
        number = max(self._expired_to, rows.base)
        before_s = now_s - self.stream.retention_s
        while number < rows.next and rows.row(number).to_s <= before_s:
            row = rows.row(number)
            for reader in self.readers:
                reader.expire(number)
            if not self.readers:
                token = row.message.copy()
                token.span = Span(row.born_to_s, now_s, now_s)
                self.stream.lose(token, "retention", "Retention period ran out")
                self.stream.expired += token.count
                self._lost_unread += token.count
            number += 1
            self._expired_to = number

    def record_bytes(self) -> float:
        """Mean size of the records written so far."""
        records = self.stream.records_in
        return float(self.stream.bytes_in / records) if records else 0.0

    # -- what is there ----------------------------------------------------------------------------------------------

    def holding(self) -> int:
        """Messages that are here: once for each reader that is not done with them, once if nobody reads; and what is not written yet."""
        waiting = sum(put.count for put in self._puts.values())
        if not self.readers:
            return waiting + int(self.rows.written().sum()) - self._lost_unread
        return waiting + sum(reader.unread() for reader in self.readers)
