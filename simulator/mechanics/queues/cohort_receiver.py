"""The workers' side of a queue, for cohorts: each worker is a slot of a station, long polling all the while it is idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.engine.agenda import Agenda
from simulator.engine.cohorts import span_of, spend_all
from simulator.engine.message import Message
from simulator.engine.outcomes import Cause, Culprit
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.cohort_station import CohortStation, Draw, Work, why_not
from simulator.mechanics.cohort_storage import CohortStorage
from simulator.mechanics.processing import Processor
from simulator.mechanics.quantiles import ROWS, SAMPLES_A_ROW, QuantileTable, draws

if TYPE_CHECKING:
    from simulator.engine.limits import Limit
    from simulator.measures import Spread


class CohortWorkers(Processor):
    """What the receiver needs of the application whose workers it is."""

    errors: int
    stopped: bool
    busy: Limit
    durations: Spread
    working: Cause


class CohortReceiver(CohortStation):
    """Pulls cohorts for the workers of an application: a round trip to receive, the work on each message, one to delete."""

    def __init__(self, wire: Wire, source: CohortStorage, worker: CohortWorkers, agenda: Agenda, tick_s: float, stream: Stream) -> None:
        self.settings = wire.parameters
        self.worker = worker
        queue = wire.source
        self.busy_cause = queue.cause("workers_busy", f"All workers of {worker.name} are busy", Culprit(worker.id, "workers"))
        self.stopped_cause = queue.cause("stopped", f"{worker.name} is stopped", Culprit(worker.id))
        self.cut_cause = cut_cause(wire)
        self.call_cause = queue.cause("request_latency", "Request latency of the receive", Culprit(worker.id, "request_latency", wire.id), capacity=False)
        self._call_s: float = wire.parameters.request_latency.expected_s()
        self._idle_s = 0.0
        super().__init__(wire, source, agenda, tick_s, stream, self.settings.max_number_of_messages, Bottleneck(self.busy_cause))

    def slots(self) -> float:
        return 0.0 if self.worker.stopped or self.wire.cut else float(self.worker.parameters.workers)

    def make_table(self, batch: int) -> QuantileTable:
        rows = ROWS * SAMPLES_A_ROW
        drawn = draws(self.worker.parameters.duration, self.stream, rows * batch).reshape(rows, batch).sum(axis=1)
        return QuantileTable(drawn)

    def mean_delay_s(self) -> float:
        return self._call_s

    def delay_s(self, share: float, waited_s: float) -> float:
        return self._call_s

    def after_s(self) -> float:
        return self._call_s

    def slowed(self) -> float:
        return self.worker.slow_factor

    def failure_chance(self, message: Message, batch: float) -> float:
        return self.worker.failure_chance(message)

    def publishes(self) -> bool:
        return self.worker.publishes

    def bind(self, backlogged: bool) -> Cause:
        return self.cut_cause if self.wire.cut else self.stopped_cause if self.worker.stopped else self.busy_cause

    def look(self, now_s: float, elapsed_s: float) -> None:
        if self.backlogged:
            self.worker.busy.fill(elapsed_s)
        self._idle_s += max(0.0, self.slots() - self.worker.busy.value) * elapsed_s

    def on_observe(self, busy: float) -> None:
        self.worker.busy.observe(busy)

    def on_begin(self, draws: list[Draw], middle_s: float) -> list[Draw]:
        calls = sum(draw.calls for draw in draws)
        self.source.count_requests(calls)
        self.worker.busy.shift(calls, middle_s, self.agenda._now)
        for draw in draws:
            for _, seconds in draw.samples:
                self.worker.durations.add(seconds, draw.calls / len(draw.samples))
        return draws

    def on_end(self, work: Work) -> None:
        now_s: float = self.agenda._now
        self.worker.busy.shift(-work.calls, work.calls_end_s + self._call_s, now_s)
        attempt = work.attempt
        if attempt is not None:
            span = span_of(attempt)
            spend_all(attempt, self.call_cause, work.started_s, work.started_s + work.delay_s)
            spend_all(attempt, self.worker.working, work.started_s + work.delay_s, span.middle_s)
            self.source.count_requests(work.calls)
            self.source.delete_cohort(attempt, span.middle_s)
            self.worker.take_over_cohort(self.wire, work)

    def on_fail(self, attempt: Message, calls: float) -> None:
        self.worker.errors += attempt.count

    def book_idle(self) -> None:
        """Tell the queue of receives that returned nothing since the last call."""
        wait_s = self.source.wait_time_s if self.settings.wait_time_s is None else self.settings.wait_time_s
        self.source.count_empty_receives(self._idle_s / wait_s if wait_s > 0 else 0.0)
        self._idle_s = 0.0


def batch_service_s(worker: CohortWorkers, wire: Wire) -> float:
    """Mean time for which a full batch takes a worker, in seconds."""
    work_s = worker.parameters.duration.expected_s() * wire.parameters.max_number_of_messages
    return float(work_s + 2 * wire.parameters.request_latency.expected_s())


def unfit_workers(worker: CohortWorkers, wire: Wire) -> str | None:
    """Why messages must come to these workers one by one; None if cohorts may."""
    settings, values = wire.parameters, worker.parameters
    wait_s = wire.source.parameters.receive_message_wait_time_s if settings.wait_time_s is None else settings.wait_time_s
    if len(worker.wires_in["source"]) > 1:
        return f"{worker.name} pulls from several queues."
    if wait_s <= 0:
        return f"{worker.name} polls now and then instead of waiting for messages."
    rarely_s = values.duration.quantile_s(0.999) * settings.max_number_of_messages
    if not values.extends_visibility and wire.source.parameters.visibility_timeout_s < rarely_s:
        return f"The visibility timeout of {wire.source.name} may end before {worker.name} is done."
    return why_not(worker.name, values.workers, batch_service_s(worker, wire), worker.network.tick_s) or worker.publishes_singles()
