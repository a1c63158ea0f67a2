"""A station that serves cohorts: a number of slots, batches, and service times far shorter than the patience of a user.

Work is a fluid: the queue drains at slots x batch / E[service], first come, first served, and every message starts at the
later of its arrival and the moment when room for it came up. Its service time is drawn for itself, stratified over the
messages of a tick. The queueing that chance alone causes below full load is added from theory (`busy_chance`,
`waiting_ratio`); with few slots, or long service, a station takes single messages instead (`why_not`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

from simulator import theory
from simulator.engine.agenda import Agenda
from simulator.engine.cohorts import LATE_RANK, Span, share_out, span_of
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.cohort_storage import CohortStorage, split_failed
from simulator.mechanics.quantiles import QuantileTable

PARTS_A_TICK = 8
"""Service times drawn for the messages that start in one tick."""

CALLS_MEMORY = 0.995
"""Batch sizes that are drawn have the mean they should have over about the last 1 / (1 - this) starts."""

SAMPLES = 4
SAMPLE_TURN = (2, 0, 3, 1)
"""Latencies are recorded at so many points of each of these parts; long delays do not meet long services more often than others."""

FLUID_ERROR = 0.03
"""The error of latencies, backlog and drain time that was measured against single messages (docs/explanation/cohorts.md)."""

CHANCE_SHARE = 1e-3
"""How seldom the chance of arrivals alone may look like a backlog."""

RATE_MEMORY = 90_000.0
LONGEST_MEMORY_S = 60.0
"""The rate of arrivals is the mean over about so many messages, or so long: its noise is then well below a spare of 3 %. Not the longer the less is spare: that estimate is too high."""

FEWEST_PARTS = 1
MOST_SPARE = 6.0
"""With so many times the root of the slots to spare, all of them are never busy by chance."""

MOST_COUNTED_SLOTS = 1000
_NORMAL = NormalDist()
FEWEST_SLOTS = 50
LONGEST_SERVICE_TICKS = 4.0
EPSILON = 1e-9


def why_not(name: str, slots: float, service_s: float, tick_s: float) -> str | None:
    """Why a station of this size cannot serve cohorts as a fluid; None if it can."""
    if slots < FEWEST_SLOTS:
        return f"{name} has fewer than {FEWEST_SLOTS} slots: chance decides there."
    if service_s <= 0:
        return f"{name} takes no time."
    if service_s > LONGEST_SERVICE_TICKS * tick_s:
        return f"{name} works on a batch for longer than {LONGEST_SERVICE_TICKS:g} ticks of {tick_s:g} s."
    return None


def busy_chance(slots: float, utilisation: float) -> float:
    """Chance that all slots are busy: Erlang C, for very many slots in the form of Halfin and Whitt (1981)."""
    if utilisation >= 1:
        return 1.0
    if slots <= MOST_COUNTED_SLOTS:
        return _erlang_c(round(slots), round(utilisation, 3))
    spare = (1 - utilisation) * math.sqrt(slots)
    return 1 / (1 + spare * _NORMAL.cdf(spare) / _NORMAL.pdf(spare)) if spare < MOST_SPARE else 0.0


@lru_cache(maxsize=4096)
def _erlang_c(slots: int, utilisation: float) -> float:
    return theory.erlang_c(utilisation * slots, slots) if utilisation < 1 else 1.0


def waiting_ratio(arrivals_per_s: float, ends_per_s: float, batch: int) -> float:
    """While all slots are busy, the number that waits is geometric with this ratio.

    The queue M/M[K]/1 with batches of at most ``batch`` (Gross and Harris, Fundamentals of Queueing Theory, bulk service): the
    root below 1 of ``e r^(K+1) - (a + e) r + a``. 1 if the slots cannot keep up.
    """
    if arrivals_per_s >= batch * ends_per_s:
        return 1.0
    low, high = 0.0, 1.0 - 1e-12
    for _ in range(50):
        middle = (low + high) / 2
        if ends_per_s * middle ** (batch + 1) - (arrivals_per_s + ends_per_s) * middle + arrivals_per_s > 0:
            low = middle
        else:
            high = middle
    return low


class Draw(NamedTuple):
    """One part of the messages that start together: how long they wait for their slot to be ready, and are worked on.

    They end together, at the mean of ``samples``: (delay, service) of equal shares of them, in seconds, which keep the
    distribution.
    """

    delay_s: float
    seconds: float
    calls: int
    samples: tuple[tuple[float, float], ...]
    cold_s: float = 0.0
    """The part of the delay in which slots had to be made ready first."""

    def delayed(self, delay_s: float) -> Draw:
        """The same with a longer delay for all, because slots have to be made ready first."""
        return Draw(self.delay_s + delay_s, self.seconds, self.calls, tuple((delay + delay_s, service) for delay, service in self.samples), self.cold_s + delay_s)


@dataclass(slots=True)
class Work:
    """Messages whose service ends in one tick: what the consumer is told then. All times are means; ``cold_s`` is the end of ``delay_s``."""

    attempt: Message | None
    calls: int
    started_s: float
    delay_s: float
    ends_s: float
    calls_end_s: float
    ramps: list[tuple[float, float, float]]
    cold_s: float = 0.0


class CohortStation:
    """Pulls cohorts from ``source`` over ``wire``. Subclasses say how many slots there are and what work does."""

    def __init__(self, wire: Wire, source: CohortStorage, agenda: Agenda, tick_s: float, stream: Stream, batch: int, bottleneck: Bottleneck) -> None:
        self.wire = wire
        self.source = source
        self.agenda = agenda
        self.tick_s = tick_s
        self.stream = stream
        self.batch = batch
        self.bottleneck = bottleneck
        self.backlogged = False
        """Whether messages were left waiting when it last looked."""
        self.busy = 0
        """Messages being worked on."""
        self._clock_s = 0.0
        self._looked_s = 0.0
        self._booked = False
        self._calls_due = self._calls_wanted = self._calls_drawn = 0.0
        self._tables: dict[int, QuantileTable] = {}
        self._served_before = 1
        self._busy_chance = self._waiting_ratio = self._ends_per_s = 0.0
        self._rate_per_s = self._grace_s = self._gathered_s = 0.0
        self._wait_factor = 1.0
        source.cohort_station = self
        self._busy_messages_s = self._busy_calls_s = 0.0
        self.elapsed_s = tick_s

    # -- what a subclass says -----------------------------------------------------------------------------------------

    def slots(self) -> float:
        """Batches that can be worked on at once, now."""
        raise NotImplementedError

    def make_table(self, batch: int) -> QuantileTable:
        """Time from the start of a batch of so many messages to its end."""
        raise NotImplementedError

    def after_s(self) -> float:
        """Time that a slot stays taken after the end."""
        return 0.0

    def mean_delay_s(self) -> float:
        """Mean of `delay_s` for messages that did not wait; the slot is taken meanwhile."""
        return 0.0

    def delay_s(self, share: float, waited_s: float) -> float:
        """Time between taking a message and the start of its service, for this share of the distribution."""
        return 0.0

    def slowed(self) -> float:
        """Factor on service times, now."""
        return 1.0

    def failure_chance(self, message: Message, batch: float) -> float:
        """Chance that an attempt at one message of this token fails, in a batch of this size."""
        raise NotImplementedError

    def bind(self, backlogged: bool) -> Cause:
        """What makes messages wait now."""
        raise NotImplementedError

    def look(self, now_s: float, elapsed_s: float) -> None:
        """Called before each look at the queue: let slots grow or shrink."""

    def on_observe(self, busy: float) -> None:
        """So many slots were taken on average since the last look."""

    def on_begin(self, draws: list[Draw], middle_s: float) -> list[Draw]:
        """Calls begin at ``middle_s`` on average, by parts; the parts as they will be (cold starts may delay some)."""
        return draws

    def on_end(self, work: Work) -> None:
        """Calls ended; their messages, if any are left, are the consumer's."""

    def on_fail(self, attempt: Message, calls: float) -> None:
        """The messages of this attempt fail."""

    def publishes(self) -> bool:
        """Whether each message leads to others, so that the time of each end matters downstream."""
        return False

    # -- looking at the queue -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to pull."""
        self.wake()

    def wake(self) -> bool:
        """Look at the queue at the next tick, after all who may still bring something then; it is the only one that pulls there."""
        if not self._booked:
            self._booked = True
            now_s: float = self.agenda._now
            self.agenda.at(max(now_s, math.ceil(now_s / self.tick_s - EPSILON) * self.tick_s), self._look, None, LATE_RANK)
        return True

    def _look(self, _: None) -> None:
        self._booked = False
        now_s: float = self.agenda._now
        self.elapsed_s = max(now_s - self._looked_s, self.tick_s)
        self.look(now_s, now_s - self._looked_s)
        self._looked_s = now_s
        self.bottleneck.change(self.bind(self.backlogged), now_s)
        served = 0
        slots = self.slots()
        if slots > 0:
            pace = self._capacity_per_s(slots)
            served = self._serve_carried(now_s, pace)
            if not self._head_carried():
                served += self._serve_fresh(now_s, slots, pace)
        else:
            self._clock_s = now_s
        self._served_before = max(1, served)
        self._observe()
        self.backlogged = self.source.first_cohort(self.bottleneck) is not None
        self.bottleneck.change(self.bind(self.backlogged), now_s)
        if self.backlogged:
            self._booked = True
            self.agenda.at(now_s + self.tick_s, self._look, None, LATE_RANK)
        else:
            self.source.wait(self)

    def _observe(self) -> None:
        """Tell the queue what is left waiting and what is in flight, as Little's law has it for what started since the last look."""
        self.source.visible.observe(self.source.visible.counted())
        self.source.in_flight.observe(self.source.cohorts_hidden + min(self._busy_messages_s / self.elapsed_s, self.slots() * self.batch))
        busy = min(self._busy_calls_s / self.elapsed_s, self.slots())
        self.on_observe(busy)
        self._busy_messages_s = self._busy_calls_s = 0.0

    def _head_carried(self) -> bool:
        head = self.source.first_cohort(self.bottleneck)
        return head is not None and head.carried

    def _capacity_per_s(self, slots: float) -> float:
        """Messages a second at full batches, as far as the in-flight quota lets so many be received."""
        table = self._table(self.batch)
        service_s = table.mean * self.slowed()
        pace = slots * self.batch / (service_s + self.after_s())
        room = float(self.source.parameters.in_flight_quota - self.source.cohorts_hidden)
        return max(EPSILON, min(pace, room / service_s))

    def _serve_carried(self, now_s: float, pace: float) -> int:
        """Serve what was left waiting before, in order.

        What returned to the head a moment ago starts when it came, but the room there was before serves the others.
        """
        served = 0
        while (head := self.source.first_cohort(self.bottleneck)) is not None and head.carried:
            came_s = span_of(head).from_s
            count = min(head.count, int((now_s - self._clock_s + self._grace_s) * pace + EPSILON))
            if count <= 0:
                break
            from_s = max(self._clock_s - self._grace_s, came_s)
            self._clock_s += count / pace
            self._start(head, count, from_s, max(from_s, self._clock_s - self._grace_s), float(self.batch))
            served += count
        return served

    def _serve_fresh(self, now_s: float, slots: float, pace: float) -> int:
        """Serve what came since the last look: all of it flows in together, over the time in which it came."""
        tokens = self.source.take_all_cohorts(self.bottleneck)
        if not tokens:
            return 0
        total = sum(token.count for token in tokens)
        spans = [span_of(token) for token in tokens]
        first_s, last_s = min(span.from_s for span in spans), max(span.to_s for span in spans)
        arrivals_per_s = total / max(last_s - first_s, EPSILON)
        self._gather_rate(total, now_s, pace)
        base_s, stretch = max(self._clock_s, first_s) - self._grace_s, arrivals_per_s / pace
        batch = self._batch_at(total / max(min(last_s - first_s, self.elapsed_s), EPSILON), slots)
        self._expect_waits(self._rate_per_s * max(1.0, self.elapsed_s / max(last_s - first_s, EPSILON)), slots, batch)
        left: list[Message] = []
        served = 0
        for token, span in zip(tokens, spans, strict=True):
            from_s = max(span.from_s, base_s + (span.from_s - first_s) * stretch)
            to_s = max(span.to_s, base_s + (span.to_s - first_s) * stretch)
            count = token.count
            if to_s > now_s + EPSILON:
                count = int(count * (now_s - from_s) / (to_s - from_s)) if from_s < now_s else 0
            if count:
                ends_s = from_s + (to_s - from_s) * count / token.count
                served += count
                if to_s <= span.to_s + EPSILON:
                    wait_s = self._chance_wait_s()
                    self._start(token, count, from_s + wait_s, ends_s + wait_s, batch)
                else:
                    self._start(token, count, from_s, ends_s, float(self.batch))
            if token.count:
                token.carried = True
                left.append(token)
        self._clock_s = max(self._clock_s, first_s) + served / pace
        self.source.put_back(left)
        return served

    def _gather_rate(self, total: int, now_s: float, pace: float) -> None:
        """The rate of arrivals without its noise, and for how long that noise alone may outrun the station.

        What chance makes wait is drawn from theory (`_chance_wait_s`), so that a backlog as arrivals make by chance at a station that serves evenly (the tail
        of M/D/1 in heavy traffic) must not wait a second time: the station may be so far ahead of its capacity.
        """
        elapsed_s = max(now_s - self._gathered_s, EPSILON)
        weight = max(total / RATE_MEMORY, elapsed_s / LONGEST_MEMORY_S) if self._rate_per_s else 1.0
        self._rate_per_s += min(weight, 1.0) * (total / elapsed_s - self._rate_per_s)
        self._gathered_s = now_s
        spare = 1.0 - self._rate_per_s / pace
        self._grace_s = min(-math.log(CHANCE_SHARE) / (2 * spare * pace), self.tick_s) if spare > 0 else 0.0

    def _batch_at(self, arrivals_per_s: float, slots: float) -> float:
        """Mean messages a batch: one while slots are idle, as many as it takes to keep up when they are not."""
        factor, after_s = self.slowed(), self.after_s() + self.mean_delay_s()
        before = math.inf
        for size in range(1, self.batch + 1):
            needed = arrivals_per_s * (self._table(size).mean * factor + after_s) / size
            if needed <= slots:
                return size if before is math.inf else size - (slots - needed) / max(before - needed, EPSILON)
            before = needed
        return float(self.batch)

    def _expect_waits(self, arrivals_per_s: float, slots: float, batch: float) -> None:
        """What chance makes of arrivals at this rate: they wait if all slots are busy, for enough of them to come free."""
        call_s = self._table(round(batch)).mean * self.slowed() + self.after_s() + self.mean_delay_s()
        self._ends_per_s = slots / call_s
        self._busy_chance = busy_chance(slots, arrivals_per_s * call_s / slots if batch <= 1 else 1.0)
        self._waiting_ratio = waiting_ratio(arrivals_per_s, self._ends_per_s, self.batch) if self._busy_chance else 0.0
        # Lee and Longton: waits grow with the variation of the work.
        self._wait_factor = (1.0 + self._table(1).squared_variation()) / 2 if self.batch == 1 else 1.0

    def _chance_wait_s(self) -> float:
        """Draw how long a message waits although the station keeps up."""
        if not 0.0 < self._waiting_ratio < 1.0 or self.stream.uniform() >= self._busy_chance:
            return 0.0
        before = int(math.log(1.0 - self.stream.uniform()) / math.log(self._waiting_ratio))
        wait_s = self.stream.generator.gamma(before // self.batch + 1) / self._ends_per_s
        return min(float(wait_s) * self._wait_factor, self.tick_s)

    def _table(self, batch: int) -> QuantileTable:
        table = self._tables.get(batch)
        if table is None:
            table = self._tables[batch] = self.make_table(batch)
        return table

    def forget_tables(self) -> None:
        """Service times are others from now on."""
        self._tables.clear()

    # -- working ------------------------------------------------------------------------------------------------------

    def _start(self, token: Message, count: int, from_s: float, to_s: float, batch: float) -> None:
        now_s: float = self.agenda._now
        came = span_of(token)
        came_s = came.from_s + (came.to_s - came.from_s) * count / token.count / 2
        attempt = self.source.start_cohort(token, count, from_s, to_s, self.bottleneck, self.wire.target.id)
        self.wire.depart(count)
        self.busy += count
        middle_s = (from_s + to_s) / 2
        waited_s = middle_s - came_s
        parts = max(FEWEST_PARTS, round(PARTS_A_TICK * count / self._served_before))
        draws = self.on_begin(self._draws(batch, count, min(parts, PARTS_A_TICK), waited_s), middle_s)
        calls = sum(draw.calls for draw in draws)
        mean_s = sum(draw.delay_s + draw.seconds for draw in draws) / len(draws)
        expected_s = self._table(round(batch)).mean * self.slowed() + max(0.0, self.mean_delay_s() - waited_s)
        self._busy_messages_s += count * expected_s
        self._busy_calls_s += count / batch * (expected_s + self.after_s())
        chance = self.failure_chance(attempt, batch)
        bad = self.stream.binomial(count, chance) if chance > 0 else 0
        if bad:
            self._fail(attempt if bad == count else split_failed(attempt, bad), calls * bad / count, middle_s + mean_s)
        for work in self._works(attempt if bad < count else None, draws, span_of(attempt), middle_s):
            self.agenda.at(max(now_s, work.ends_s), self._end, work)

    def _draws(self, batch: float, count: int, parts: int, waited_s: float) -> list[Draw]:
        """Service times, each from another part of their distribution, and the calls of each part."""
        factor, uniform = self.slowed(), self.stream.uniform
        messages = share_out(count, parts)
        parts = len(messages)
        turn, other_turn = int(uniform() * parts), int(uniform() * parts)
        draws = []
        sizes = [self._batch_of_one(batch) for _ in messages]
        self._calls_wanted = CALLS_MEMORY * self._calls_wanted + count / batch
        self._calls_drawn = CALLS_MEMORY * self._calls_drawn + sum(number / size for number, size in zip(messages, sizes, strict=True))
        scale = self._calls_wanted / self._calls_drawn
        for place, (number, size) in enumerate(zip(messages, sizes, strict=True)):
            self._calls_due += scale * number / size
            calls = int(self._calls_due)
            self._calls_due -= calls
            table, first, second = self._table(size), (place + turn) % parts, (place + other_turn) % parts
            samples = tuple(
                (self.delay_s((first + (SAMPLE_TURN[fine] + uniform()) / SAMPLES) / parts, waited_s), table.at((second + (fine + uniform()) / SAMPLES) / parts) * factor)
                for fine in range(SAMPLES)
            )
            draws.append(Draw(sum(sample[0] for sample in samples) / SAMPLES, sum(sample[1] for sample in samples) / SAMPLES, calls, samples))
        return draws

    def _batch_of_one(self, batch: float) -> int:
        """Size of the batch in which one message is, if batches have this mean: larger ones hold more of the messages.

        A slot that comes free takes all that came since the last one did, after times that are as good as exponential, so
        their number is geometric; if nothing came, the slot takes the next message when it comes.
        """
        if batch >= self.batch:
            return self.batch
        more = batch - 1.0
        if more <= 0:
            return 1
        came = (more + math.sqrt(more * more + 4 * more)) / 2
        none = 1 / (1 + came)
        if self.stream.uniform() * batch < none:
            return 1
        first, second = self.stream.generator.geometric(none, 2)
        return min(self.batch, int(first + second) - 1)

    def _works(self, attempt: Message | None, draws: list[Draw], span: Span, middle_s: float) -> list[Work]:
        """The ends of a start, gathered by the tick in which they fall (one by one where the exact time matters)."""
        counts = share_out(attempt.count, len(draws)) if attempt is not None else []
        counts += [0] * (len(draws) - len(counts))
        groups: dict[int, list[tuple[Draw, int]]] = {}
        apart = self.publishes()
        for place, (draw, count) in enumerate(zip(draws, counts, strict=True)):
            tick = place if apart else int((middle_s + draw.delay_s + draw.seconds) / self.tick_s)
            groups.setdefault(tick, []).append((draw, count))
        return [work for entries in groups.values() if (work := _work(attempt, entries, span, middle_s, apart)) is not None]

    def _fail(self, attempt: Message, calls: float, failed_s: float) -> None:
        self.busy -= attempt.count
        self.wire.settle(attempt.count, 0)
        self.on_fail(attempt, calls)
        self.source.fail_cohort(attempt, failed_s)

    def _end(self, work: Work) -> None:
        if work.attempt is not None:
            self.busy -= work.attempt.count
        self.on_end(work)


def _work(attempt: Message | None, entries: list[tuple[Draw, int]], span: Span, middle_s: float, apart: bool) -> Work | None:
    """What ends together: parts, and the messages of each that succeed."""
    count, calls = sum(entry[1] for entry in entries), sum(draw.calls for draw, _ in entries)
    weight = count or calls
    if not weight:
        return None
    weights = [(draw, number if count else draw.calls) for draw, number in entries]
    delay_s = sum(draw.delay_s * number for draw, number in weights) / weight
    cold_s = sum(draw.cold_s * number for draw, number in weights) / weight
    mean_s = delay_s + sum(draw.seconds * number for draw, number in weights) / weight
    calls_end_s = middle_s + (sum((draw.delay_s + draw.seconds) * draw.calls for draw, _ in entries) / calls if calls else mean_s)
    if attempt is None or not count:
        return Work(None, calls, middle_s, delay_s, middle_s + mean_s, calls_end_s, [], cold_s)
    part = _part(attempt, count)
    ramps: list[tuple[float, float, float]] = []
    for draw, number in entries:
        if number:
            first_s, last_s, share = span.from_s - part.born_s, span.to_s - span.born_to_s, number / SAMPLES
            ramps.extend((first_s + delay + service, last_s + delay + service, share) for delay, service in draw.samples)
    part.span = span.shifted(mean_s)
    return Work(part, calls, middle_s, delay_s, part.span.to_s if apart else middle_s + mean_s, calls_end_s, ramps, cold_s)


def _part(attempt: Message, count: int) -> Message:
    """``count`` of the messages of an attempt, at random; the last part is the attempt itself."""
    if count == attempt.count:
        return attempt
    part = split_failed(attempt, count)
    part.span = attempt.span
    return part

