"""The event source mapping of an SQS queue, for cohorts: its pollers are the slots of a station.

It serves functions that never throttle it (`simulator.services.lambda_` checks that before the run); where a throttle
may strike, messages come to the mapping one by one.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simulator.engine.agenda import Agenda
from simulator.engine.cohorts import span_of, spend_all
from simulator.engine.limits import Limit
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck
from simulator.mechanics.cohort_station import CohortStation, Draw, Work, why_not
from simulator.mechanics.cohort_storage import CohortStorage
from simulator.mechanics.distributions import DurationDistribution
from simulator.mechanics.functions.cold_starts import duration_factor
from simulator.mechanics.mappings.event_source_mapping import LONG_POLL_S, MappingCauses
from simulator.mechanics.mappings.pollers import ceiling_of, ramp_per_min
from simulator.mechanics.quantiles import ROWS, SAMPLES_A_ROW, QuantileTable, draws, table_of

if TYPE_CHECKING:
    from simulator.engine.node import Node


class CohortFunction(Protocol):
    """What the mapping needs of a function."""

    def batch_failure_chance(self, message: Message, batch: float, partial: bool) -> float:
        """Chance that an attempt at one message ends in failure."""

    def begin_cohort(self, parts: list[Draw], middle_s: float, elapsed_s: float) -> list[Draw]:
        """Invocations begin; the parts with the cold starts of some."""

    def end_cohort(self, wire: Wire, work: Work, now_s: float) -> None:
        """Invocations ended."""

    def count_cohort_errors(self, calls: int) -> None:
        """So many invocations end in a function error."""


class CohortMapping(CohortStation):
    """Pulls cohorts for a function, with as many batches at once as its pollers allow."""

    def __init__(self, wire: Wire, source: CohortStorage, function: CohortFunction, agenda: Agenda, tick_s: float, stream: Stream) -> None:
        settings = wire.parameters
        self.settings = settings
        self.function = function
        self.ceiling = ceiling_of(settings)
        self.allowed = self.floor = float(min(settings.pollers_at_start, self.ceiling))
        self.active = Limit(f"pollers:{wire.id}", f"Concurrent batches from {wire.source.name}", self.allowed, None)
        self.polled = self.invoked = self.deleted = self.failed = self.throttled_batches = self.filtered = 0
        self.provisioned = None
        self._causes = MappingCauses(wire, self.ceiling)
        self._latencies: QuantileTable | None = None
        self._errors_due = self._idle_s = 0.0
        super().__init__(wire, source, agenda, tick_s, stream, settings.batch_size, Bottleneck(self.bind(False)))

    # -- what the station asks ----------------------------------------------------------------------------------------

    @property
    def _target(self) -> Node:
        return self.wire.target

    def slots(self) -> float:
        limit = self._target.limits["concurrency"].limit
        return min(self.allowed, self.allowed if limit is None else limit) if self.settings.enabled and not self.wire.cut else 0.0

    def make_table(self, batch: int) -> QuantileTable:
        parameters = self._target.parameters
        duration: DurationDistribution = parameters.duration
        if batch == 1 or parameters.batch_work == "single":
            table = table_of(duration, self.stream)
        else:
            rows = ROWS * SAMPLES_A_ROW
            drawn = draws(duration, self.stream, rows * batch).reshape(rows, batch)
            table = QuantileTable(drawn.sum(axis=1) if parameters.batch_work == "sequential" else drawn.max(axis=1))
        return table.capped(parameters.timeout_s)

    def mean_delay_s(self) -> float:
        return self._latency_table().mean

    def delay_s(self, share: float, waited_s: float) -> float:
        return max(0.0, self._latency_table().at(share) - waited_s)

    def _latency_table(self) -> QuantileTable:
        if self._latencies is None:
            self._latencies = table_of(self.settings.delivery_latency, self.stream)
        return self._latencies

    def slowed(self) -> float:
        return float(self._target.slow_factor * duration_factor(self._target.parameters))  # type: ignore[attr-defined]

    def failure_chance(self, message: Message, batch: float) -> float:
        chance = self.function.batch_failure_chance(message, batch, self.settings.report_batch_item_failures)
        return 1 - (1 - chance) * (1 - self._table(max(1, round(batch))).cut_share)

    def publishes(self) -> bool:
        return bool(self._target.publishes)  # type: ignore[attr-defined]

    def bind(self, backlogged: bool) -> Cause:
        return self._causes.binding(self.settings, self.allowed, self.ceiling)

    def look(self, now_s: float, elapsed_s: float) -> None:
        """Pollers are added while a backlog remains, and given up once it is gone."""
        if self.backlogged:
            self.active.fill(elapsed_s)
            allowed = min(self.ceiling, self.allowed + ramp_per_min(self.settings) / 60 * elapsed_s)
        elif self.allowed > self.floor:
            allowed = max(self.floor, self.allowed - self.settings.poller_scale_in_per_min / 60 * elapsed_s)
        else:
            allowed = min(self.floor, self.allowed + self.settings.poller_scale_in_per_min / 60 * elapsed_s)
        self._idle_s += max(0.0, self.floor - self.active.value) * elapsed_s
        self._allow(allowed, now_s)

    def _allow(self, allowed: float, now_s: float) -> None:
        if allowed != self.allowed:
            self.allowed = allowed
            self.active.move_limit(allowed)

    def on_begin(self, draws: list[Draw], middle_s: float) -> list[Draw]:
        calls = sum(draw.calls for draw in draws)
        self.source.count_requests(calls)
        self.active.shift(calls, middle_s, self.agenda._now)
        return self.function.begin_cohort(draws, middle_s, self.elapsed_s)

    def on_observe(self, busy: float) -> None:
        self.active.observe(busy)
        self._target.limits["concurrency"].observe(busy)

    def on_end(self, work: Work) -> None:
        now_s: float = self.agenda._now
        self.active.shift(-work.calls, work.calls_end_s, now_s)
        attempt = work.attempt
        if attempt is not None:
            span = span_of(attempt)
            spend_all(attempt, self._causes.latency, work.started_s, work.started_s + work.delay_s - work.cold_s)
            self.polled += attempt.count
            self.invoked += attempt.count
            self.deleted += attempt.count
            self.source.count_requests(work.calls)
            self.source.delete_cohort(attempt, span.middle_s)
        self.function.end_cohort(self.wire, work, now_s)

    def on_fail(self, attempt: Message, calls: float) -> None:
        self.polled += attempt.count
        self.invoked += attempt.count
        self.failed += attempt.count
        if self.settings.report_batch_item_failures:
            return
        self._errors_due += calls
        errors = int(self._errors_due)
        self._errors_due -= errors
        self.function.count_cohort_errors(errors)
        lowered = max(self.settings.backoff_floor, self.allowed * (1 - self.settings.error_backoff_share) ** errors)
        self._allow(min(self.allowed, float(lowered)), self.agenda._now)

    # -- what the function asks ---------------------------------------------------------------------------------------

    def settings_changed(self) -> None:
        """A setting of the wire was changed while the run goes on."""
        self.ceiling = ceiling_of(self.settings)
        self.floor = float(min(self.settings.pollers_at_start, self.ceiling))
        self._causes.name_ceiling(self.ceiling)
        self.batch = self.settings.batch_size
        self.forget_tables()
        self._allow(min(self.allowed, self.ceiling), self.agenda._now)
        self.wake()

    def book_idle_polls(self) -> None:
        """Tell the queue of the long polls that returned nothing since the last call."""
        self.source.count_empty_receives(self._idle_s / LONG_POLL_S)
        self._idle_s = 0.0


def success_chance(chance: float, others: float, batch: float) -> float:
    """Chance that a message of a failure chance succeeds when its whole batch must, beside others of another chance."""
    return float((1 - chance) * np.power(1 - others, max(0.0, batch - 1)))


def batch_service_s(function: Node, wire: Wire) -> float:
    """Mean time a function needs for a full batch of this mapping, in seconds."""
    values = function.parameters
    messages = wire.parameters.batch_size if values.batch_work == "sequential" else 1
    return float(min(values.duration.expected_s() * duration_factor(values) * messages, values.timeout_s))


def unfit_for_cohorts(function: Node, wire: Wire, account_limit: int, environments_per_10_s: float) -> str | None:
    """Why messages must come to a function one by one over this mapping; None if cohorts may.

    Cohorts flow where nothing but the pollers limits them: where throttles, timeouts of the queue, or single invocations
    decide what happens, every message is simulated by itself.
    """
    settings, values, name = wire.parameters, function.parameters, function.name
    ceiling = ceiling_of(settings)
    if settings.batching_window_s > 0:
        return "The mapping waits for batches to fill."
    if settings.filter_criteria:
        return "The mapping filters messages."
    if settings.provisioned_mode:
        return "The mapping has provisioned pollers, each of which reads at its own pace."
    if function.wires_in["events"] or function.wires_in["requests"] or len(function.wires_in["source"]) > 1:
        return f"{name} is invoked in other ways too."
    if values.reserved_concurrency is not None:
        throttled = ceiling > values.reserved_concurrency
    else:
        throttled = unreserved_demand(function) > account_limit
    if throttled:
        return f"{name} may be throttled: it may be invoked more often at once than its concurrency allows."
    if ramp_per_min(settings) / 60 > environments_per_10_s / 10 or settings.pollers_at_start > environments_per_10_s:
        return f"{name} may be throttled: the mapping may scale faster than new environments come."
    if values.provisioned_concurrency > 0:
        return f"{name} has provisioned concurrency."
    if values.duration.expected_s() * duration_factor(values) < 0.1 and settings.batch_size == 1:
        return f"{name} may be throttled: it may reach 10 requests a second for each concurrency."
    longest_s = values.timeout_s
    if wire.source.parameters.visibility_timeout_s < longest_s:
        return f"The visibility timeout of {wire.source.name} may end before {name} does."
    return why_not(name, ceiling, batch_service_s(function, wire), function.network.tick_s) or function.publishes_singles()  # type: ignore[attr-defined]


def lanes_of(wire: Wire) -> int:
    """Batches that the mapping of a stream may have in progress; 0 where what it reads has no shards of its own number."""
    return int(getattr(wire.source.parameters, "shard_count", 0) * wire.parameters.parallelization_factor)


def unreserved_demand(function: Node) -> float:
    """How many invocations all functions without a reservation may want at once; reservations of others count in full."""
    demand = 0.0
    for node in function.network.nodes.values():
        if node.kind != function.kind:
            continue
        demand += node.parameters.provisioned_concurrency
        if node.parameters.reserved_concurrency is not None:
            demand += node.parameters.reserved_concurrency
        elif node.wires_in["events"] or node.wires_in["requests"]:
            return math.inf
        else:
            demand += sum(ceiling_of(wire.parameters) for wire in node.wires_in["source"])
            demand += sum(lanes_of(wire) for wire in node.wires_in["stream"])
    return demand
