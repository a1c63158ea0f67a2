"""Worker application: a program of yours with a fixed number of workers that pull messages from a queue.

It stands for anything that calls ReceiveMessage: processes on servers, in containers, on premises. Each worker receives a
batch, works on it, deletes what it has done, and receives again. It does not scale by itself.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from simulator.engine.message import IN_FLIGHT, Message, spend
from simulator.engine.outcomes import Culprit
from simulator.engine.placement import Link, Placed
from simulator.engine.station import Flow, Into, Station, thinned
from simulator.engine.streams import Stream
from simulator.engine.wire import Wire
from simulator.measures import Spread
from simulator.mechanics.bottleneck import Bottleneck, cut_cause
from simulator.mechanics.distributions import Constant, Distribution, Exponential
from simulator.mechanics.polling import PullSource
from simulator.mechanics.processing import FailsParameters, Processor
from simulator.mechanics.publishing import PublishParameters, check_published
from simulator.mechanics.queues.cohort_receiver import CohortReceiver, CohortWorkers, batch_service_s, unfit_workers
from simulator.mechanics.work_calls import CALL_METRICS, CALL_WAITS, CALLS_PORT, check_calls
from simulator.units import all_busy, format_rate
from simulator.vocabulary import (
    ANY_ACTION,
    Direction,
    Fault,
    Fidelity,
    Figure,
    Fill,
    Finding,
    Metric,
    Overlay,
    ParameterSet,
    Picture,
    Port,
    Price,
    Source,
    Verb,
    parameter,
)

if TYPE_CHECKING:
    from simulator.engine.network import Network, Work

GUIDE = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
RECEIVE = Source("Amazon SQS API Reference, ReceiveMessage", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html", "2026-11")
THROUGHPUT = Source("SQS Developer Guide, increasing throughput: 20 ms a round trip", f"{GUIDE}/sqs-throughput-horizontal-scaling-and-batching.html", "2026-11")
EXTENDS = Source("Amazon SQS API Reference, ChangeMessageVisibility", "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibility.html", "2026-11")
LONGEST_VISIBILITY_S = 43200.0
EXTENDED_AT = 0.5
"""A worker that extends the visibility timeout does so when this share of it has passed."""


class WorkerParameters(ParameterSet):
    """The application, and what it does with a message."""

    workers: int = parameter(
        10, "Workers that each handle one batch at a time.", title="Workers", unit="count", section="Application", ge=1, le=100_000, changeable=True, capacity=True)
    duration: Distribution = parameter(
        lambda: Exponential(mean_s=1.0), "Time a worker needs for one message.", title="Duration", unit="s", section="Work", widget="distribution", changeable=True)
    failure_probability: float = parameter(
        0.0, "Chance that one attempt at one message fails, beside what the message's type adds.", title="Failure probability", unit="share",
        section="Work", ge=0, le=1, changeable=True)
    extends_visibility: bool = parameter(
        False, "While a worker works it keeps extending the visibility timeout, so that its messages are not received"
        " twice: one more call to the queue each time half of the timeout has passed, for at most 12 hours.",
        title="Extends visibility", section="Work", aws="ChangeMessageVisibility", source=EXTENDS)


class ReceiveParameters(ParameterSet):
    """How the application calls ReceiveMessage."""

    max_number_of_messages: int = parameter(
        1, "Messages a receive returns, at most. A worker handles them one after the other.", title="Messages a receive", unit="messages",
        section="Receiving", aws="MaxNumberOfMessages", ge=1, le=10, source=RECEIVE, changeable=True)
    wait_time_s: int | None = parameter(
        20, "How long a receive waits for a message (long polling), in whole seconds. 0 is short polling; empty uses the queue's own setting.", title="Wait time", unit="s",
        section="Receiving", aws="WaitTimeSeconds", ge=0, le=20, source=RECEIVE, changeable=True)
    poll_pause_s: float = parameter(
        1, "Pause of a worker after a receive that returned nothing.", title="Pause after an empty receive", unit="s", section="Receiving", ge=0, le=3600)
    request_latency: Distribution = parameter(
        lambda: Constant(value_s=0.02), "Round trip of one call to the queue: a worker makes one to receive and one to delete.", title="Request latency",
        unit="s", section="Receiving", widget="distribution", source=THROUGHPUT, advanced=True)


class Receiver:
    """The workers' side of one wire: long or short polling, batches, deletes."""

    def __init__(self, worker: Worker, wire: Wire, stream: Stream) -> None:
        self.worker = worker
        self.wire = wire
        self.settings = wire.parameters
        self.source: PullSource = wire.source  # type: ignore[assignment]
        self.agenda = worker.agenda
        self._at = worker.agenda.at
        self.stream = stream
        self.call_s = wire.parameters.request_latency.sampler(stream)
        self.instant = wire.parameters.request_latency.expected_s() == 0
        queue = wire.source
        self.busy_cause = queue.cause("workers_busy", f"All workers of {worker.name} are busy", Culprit(worker.id, "workers"))
        self.stopped_cause = queue.cause("stopped", f"{worker.name} is stopped", Culprit(worker.id))
        self.poll_cause = queue.cause("polling", "Waiting for the next short poll", Culprit(worker.id, "wait_time_s", wire.id), capacity=False)
        self.call_cause = queue.cause("request_latency", "Request latency of the receive", Culprit(worker.id, "request_latency", wire.id), capacity=False)
        self.bottleneck = Bottleneck(self.busy_cause)
        self._note_duration = worker.durations.singles.append
        self._visibility_s = LONGEST_VISIBILITY_S if worker.parameters.extends_visibility else None
        self._counted_s = 0.0
        self._poll_booked = False
        self._done: list[Work] = []
        """What was processed and deleted, and is not yet accounted for."""
        self._calling: deque[tuple[float, list[Message]]] = deque()
        """Calls to receive whose answers are on their way: when they come, and what they bring."""

    @property
    def wait_time_s(self) -> float:
        """How long a receive waits for a message."""
        wait_s = self.settings.wait_time_s
        return self.source.wait_time_s if wait_s is None else float(wait_s)

    def wake(self) -> bool:
        worker = self.worker
        if worker.free <= 0 or self.wire.cut:
            return False
        wait_s = self.settings.wait_time_s
        if (self.source.wait_time_s if wait_s is None else wait_s) > 0:
            visible = self.source.visible
            while visible.value > 0 and self._receive():
                if worker.free <= 0:
                    self.bottleneck.change(self.busy_cause, self.agenda._now)
                    return False
            if visible.value > 0 and self.source.is_full():
                self.bottleneck.change(self.source.full_cause, self.agenda._now)
        elif self.source.visible.value > 0:
            if not self._poll_booked:
                self._book_poll()
            return False
        self.source.wait(self)
        return True

    def _receive(self) -> bool:
        """Let a free worker receive; false if there is nothing for it."""
        batch = self.source.receive(self.settings.max_number_of_messages, self.bottleneck, self.worker.id, self._visibility_s)
        if not batch:
            return False
        worker = self.worker
        worker.free -= 1
        worker.busy.add(1, self.agenda._now)
        self._take(batch)
        return True

    def _take(self, batch: list[Message]) -> None:
        """A worker has received this: book when it will have worked on it, the answer to its call awaited."""
        worker = self.worker
        started_s: float = self.agenda._now
        if not self.instant:
            call_s = self.call_s()
            now_s, started_s = started_s, started_s + call_s
            cause = self.call_cause
            for message in batch:  # as `spend`
                cause.message_s += message.count * call_s
                message.legs = (message.legs, cause, now_s, started_s)
            calling = self._calling
            while calling and calling[0][0] <= now_s:
                calling.popleft()
            calling.append((started_s, batch))
        count = batch[0].count if len(batch) == 1 else sum(message.count for message in batch)
        self.wire.in_transit += count
        work_s = worker.draw_s() if count == 1 else sum(worker.draw_s() for _ in range(count))
        self._at(started_s + work_s * worker.slow_factor, self._worked if worker.calls is None else self._call_others, (batch, started_s, worker.epoch))

    # -- short polling: each idle worker polls on its own, at moments that are anything to the messages ----------------

    def _book_poll(self) -> None:
        """Book the next poll of any idle worker: the first of as many uniform phases as there are idle workers."""
        cycle_s = self.settings.poll_pause_s + self.call_s()
        first_s = cycle_s * (1.0 - self.stream.uniform() ** (1.0 / max(1, self.worker.free)))
        self._poll_booked = True
        self.bottleneck.change(self.poll_cause, self.agenda._now)
        self.agenda.at(self.agenda._now + first_s, self._poll)

    def _poll(self, _: None) -> None:
        self._poll_booked = False
        if self.wire.cut:
            return
        if self.worker.free > 0 and not self.source.short_poll_misses(self.stream.uniform()):
            self._receive()
        if self.worker.free > 0:
            if self.source.visible.value > 0:
                self._book_poll()
            else:
                self.source.wait(self)
        else:
            self.bottleneck.change(self.busy_cause, self.agenda._now)

    # -- working ----------------------------------------------------------------------------------------------------

    def _call_others(self, work: tuple[list[Message], float, int]) -> None:
        """The worker's own work is done; it waits for what it calls, unless it was stopped meanwhile."""
        batch, started_s, epoch = work
        worker = self.worker
        if epoch != worker.epoch and worker.stopped_s[epoch] < started_s:
            return  # see `lose_answers`
        for message in batch:
            spend(message, worker.working, started_s, self.agenda._now)
        if epoch != worker.epoch or worker.calls is None:
            self._worked(work)
        else:
            worker.calls.begin(batch, partial(self._called, work))

    def _called(self, work: tuple[list[Message], float, int], failed: Sequence[Message], _: bool) -> None:
        if work[2] == self.worker.epoch:
            self.worker.note_failed_calls(failed)
        self._worked(work)

    def _worked(self, work: tuple[list[Message], float, int]) -> None:
        batch, started_s, epoch = work
        worker = self.worker
        may_fail = worker.may_fail
        if epoch != worker.epoch:
            if worker.stopped_s[epoch] < started_s:
                return  # see `lose_answers`
            may_fail = True
        for message in batch:
            if message.place != IN_FLIGHT or message.worked or message.type.failure_probability:
                may_fail = True
        now_s: float = self.agenda._now
        if self._visibility_s is not None:
            self._count_extensions(now_s - started_s)
        if may_fail:
            self._book_singly(batch, started_s, now_s, epoch)
        else:
            for message in batch:
                message.worked = True
            self._done.append((batch, started_s, now_s))
            if self.instant and worker.goes_straight_on and worker.free >= 0 and self.settings.wait_time_s:
                _, batch = self.source.exchange(batch, self.settings.max_number_of_messages, self.bottleneck, worker.id, self._visibility_s)
                if batch:
                    self._take(batch)
                else:
                    self._rest()
                return
            self.source.delete(batch)
        if self.instant:
            self._next(None)
        else:
            self._at(now_s + self.call_s(), self._next)

    def _book_singly(self, batch: list[Message], started_s: float, now_s: float, epoch: int) -> None:
        """A batch of which some may have failed, may be a duplicate, or may not be the worker's to delete."""
        worker = self.worker
        if worker.calls is None:
            for message in batch:
                spend(message, worker.working, started_s, now_s)
        self._note_duration(now_s - started_s)
        succeeded, failed = worker.sort(batch) if epoch == worker.epoch else ([], batch)
        if succeeded:
            worker.take_over(self.wire, succeeded)
        if failed:
            self._fail(failed)

    def settle(self) -> None:
        """Account for the batches that were processed, each for the first time, and deleted."""
        done = self._done
        if done:
            worker = self.worker
            worker.durations.singles.extend([ended_s - started_s for _, started_s, ended_s in done])
            count = worker.network.ended_works(done, worker.working, "processed")
            worker.processed += count
            worker.entered += count
            worker.finished += count
            self.wire.settle(count, count)
            done.clear()

    def lose_answers(self) -> None:
        """The workers go down. What was received by calls whose answers are still on their way, nobody has: its receive is used up."""
        now_s = self.agenda._now
        for answered_s, batch in self._calling:
            if answered_s > now_s:
                self._at(answered_s, self._answered_nobody, batch)
        self._calling.clear()

    def _answered_nobody(self, batch: list[Message]) -> None:
        self._give_back(batch)
        self._next(None)

    def _count_extensions(self, worked_s: float) -> None:
        """Bill the calls that kept a batch hidden: one each time half of the queue's timeout has passed."""
        every_s = self.source.visibility_timeout_s * EXTENDED_AT
        if worked_s > every_s > 0:
            self.source.count_requests(math.ceil(worked_s / every_s) - 1)

    def _fail(self, failed: Sequence[Message]) -> None:
        self.worker.errors += sum(delivery.count for delivery in failed)
        self._give_back(failed)

    def _give_back(self, failed: Sequence[Message]) -> None:
        self.wire.settle(sum(delivery.count for delivery in failed), 0)
        self.source.give_back(failed)
        if self.worker.parameters.extends_visibility:
            self.source.change_visibility(failed, self.source.visibility_timeout_s)

    def _next(self, _: None) -> None:
        worker = self.worker
        if self.source.visible.value > 0 and worker.goes_straight_on and worker.free >= 0 and self.settings.wait_time_s:
            batch = self.source.receive(self.settings.max_number_of_messages, self.bottleneck, worker.id, self._visibility_s)
            if batch:
                self._take(batch)
                return
        self._rest()

    def _rest(self) -> None:
        """A worker is done, and free for whatever comes."""
        worker = self.worker
        worker.free += 1
        worker.busy.add(-1, self.agenda._now)
        if worker.goes_straight_on:
            self.wake()
        else:
            worker.look_elsewhere()

    def book_idle(self) -> None:
        """Tell the queue of receives that returned nothing since the last call."""
        now_s = self.agenda._now
        free = max(0.0, float(self.worker.free))
        wait_s = self.wait_time_s
        cycle_s = wait_s if wait_s > 0 else self.settings.poll_pause_s + self.settings.request_latency.expected_s()
        if cycle_s > 0 and not self.worker.stopped:
            self.source.count_empty_receives(free * (now_s - self._counted_s) / cycle_s)
        self._counted_s = now_s


class Worker(CohortWorkers):
    """A fixed number of workers that pull from queues."""

    kind = "worker"
    title = "Worker application"
    short_title = "Application · workers"
    neutral_title = "Workers"
    group = "Compute"
    icon = "resource/AmazonEC2Instances"
    summary = "A program of yours, wherever it runs, whose workers pull messages from a queue."
    documentation_url = f"{GUIDE}/sqs-short-and-long-polling.html"
    Parameters = WorkerParameters
    ports = (
        Port("source", "Messages", Direction.IN, Verb.POLL, frozenset({"sqs:ReceiveMessage"}), "Queues that the workers pull from.",
             wire_title="Receiving", wire_parameters=ReceiveParameters, cuttable=True),
        CALLS_PORT,
        Port("out", "Messages out", Direction.OUT, Verb.SEND, frozenset({ANY_ACTION}), "What the application publishes for each message it has processed.",
             wire_title="Published messages", wire_parameters=PublishParameters),
    )
    metrics = (
        Metric("MessagesProcessed", "Processed", "messages", "sum", "Messages whose processing succeeded.", "processed", None, True, "rates"),
        Metric("BusyWorkers", "Busy workers", "count", "gauge", "Workers that are receiving, working or deleting.", "busy", None, True, "concurrency", limit="workers"),
        Metric("Duration", "Duration", "s", "spread", "Time a worker spent on a batch, without the calls to the queue.", "durations", None, True, "latency"),
        Metric("Errors", "Errors", "messages", "sum", "Attempts at messages that failed.", "errors", None, True, "trouble"),
        Metric("DuplicatesProcessed", "Duplicates processed", "messages", "sum", "Messages processed although they had been processed before.", "duplicates", None, True, "trouble"),
        *CALL_METRICS,
    )
    wait_titles: ClassVar[Mapping[str, str]] = {"processing": "Processing", **CALL_WAITS}
    overlay = Overlay(
        "BusyWorkers", (Figure("BusyWorkers", of="workers"), Figure("Duration", "p99"), Figure("Errors", "errors", quiet=True)), limit="workers",
        picture=Picture("slots", (Fill("BusyWorkers"),), limit="workers"),
    )
    faults = (*Processor.processing_faults, Fault("stops", "The workers stop", "No worker receives, and work in progress is lost, until cleared.", sort="stops"))
    fidelity = Fidelity(
        modelled=(
            "A fixed number of workers, each with one batch at a time: receive, work on each message, delete, receive again.",
            "Calls of tables, databases, APIs and functions for each message, one after another or at once, with timeouts, retries, back-off and circuit breaker; the worker is busy meanwhile.",
            "Long and short polling, the round trip of every call, empty receives, and extension of the visibility timeout.",
        ),
        approximated=(
            "Calls are made when the duration, which is the worker's own work, has passed: a program that calls earlier ends at the same time.",
            "Short polls come at random phases, because nobody starts workers in step; a message is found at the first poll that sees it.",
            "Empty receives are counted from the idle time, not one by one, which would cost an event each.",
        ),
        ignored=("The cost of running the application: it depends on the machines it runs on.", "Scaling by itself, for which every application has rules of its own: change the number of workers instead."),
    )
    example: ClassVar[Mapping[str, Any]] = {
        "version": 1, "name": "Workers at 80 %",
        "nodes": [
            {"id": "jobs", "kind": "traffic", "name": "Jobs", "parameters": {"load": {"shape": "constant", "rate_per_s": 8}}},
            {"id": "queue", "kind": "sqs", "name": "jobs", "parameters": {}},
            {"id": "workers", "kind": "worker", "name": "Workers", "parameters": {"workers": 10}},
        ],
        "wires": [
            {"id": "w1", "from": {"node": "jobs", "port": "out"}, "to": {"node": "queue", "port": "in"}},
            {"id": "w2", "from": {"node": "queue", "port": "out"}, "to": {"node": "workers", "port": "source"}},
        ],
        "run": {"duration_s": 300},
    }

    def __init__(self, network: Network, id: str, name: str, parameters: ParameterSet) -> None:  # noqa: A002
        super().__init__(network, id, name, parameters)
        self.errors = 0
        self.may_fail = True
        """Whether an attempt at a message may not succeed, whatever its type."""
        self.epoch = 0
        self.stopped_s: list[float] = []
        """When each epoch ended: the workers stopped, or began again."""
        self.stopped = False
        self.free: int = self.parameters.workers
        """Workers that could receive now; 0 or less while all are busy or stopped."""
        self.busy = self.limit("workers", "Workers", self.parameters.workers, "workers")
        self.durations = Spread()
        self.working = self.cause("processing", "Processing", Culprit(id, "duration"), capacity=False)
        self.receivers: list[Receiver | CohortReceiver] = []
        self.goes_straight_on = False
        """Whether a worker that is done receives again from the same queue, without looking at others."""

    def start(self) -> None:
        super().start()
        self._go_straight_on()
        self._note_failures()
        self.draw_s = self.parameters.duration.sampler(self.stream("duration"))
        self.receivers = [self._receiver(wire) for wire in self.wires_in["source"]]
        for receiver in self.receivers:
            receiver.wake()

    def _receiver(self, wire: Wire) -> Receiver | CohortReceiver:
        stream = self.stream(f"receive {wire.id}")
        if wire.source.takes_cohorts:
            return CohortReceiver(wire, wire.source, self, self.agenda, self.network.tick_s, stream)  # type: ignore[arg-type]
        return Receiver(self, wire, stream)

    def batch_service_s(self) -> float:
        return max((batch_service_s(self, wire) for wire in self.wires_in["source"]), default=0.0)

    def pulls_singles(self, wire: Wire) -> str | None:
        return unfit_workers(self, wire)

    def look_elsewhere(self) -> None:
        """A worker is free: let the next of several queues have it that has messages, and the others wake it when they have."""
        self.receivers = [*self.receivers[1:], self.receivers[0]]
        for receiver in self.receivers:
            receiver.wake()

    def sort(self, batch: list[Message]) -> tuple[list[Message], list[Message]]:
        """Draw which of these messages succeeded and which failed."""
        succeeded: list[Message] = []
        failed: list[Message] = []
        stopped: set[int] = set()
        for delivery in batch:
            if stopped and delivery.key in stopped:
                failed.append(delivery)
                continue
            count = self.failing(delivery)
            if 0 < count < delivery.count:
                failed.append(delivery.source.split_attempt(delivery, count))
            (failed if count and count == delivery.count else succeeded if self.publish(delivery, not succeeded) else failed).append(delivery)
            if failed and failed[-1] is delivery and delivery.source.in_order:
                stopped.add(delivery.key)
        return succeeded, failed

    def _go_straight_on(self) -> None:
        wires = self.wires_in["source"]
        self.goes_straight_on = len(wires) == 1 and not wires[0].cut

    def wire_cut(self, wire: Wire) -> None:
        self._go_straight_on()
        for receiver in self.receivers:
            if receiver.wire is wire:
                usual = receiver.stopped_cause if self.stopped else receiver.busy_cause
                receiver.bottleneck.change(cut_cause(wire) if wire.cut else usual, self.agenda._now)
                receiver.wake()

    def fault_stops(self, value: ParameterSet | None) -> None:
        """No worker works until cleared (None)."""
        self.stopped = value is not None
        self.epoch += 1
        self._count_free()
        now_s = self.agenda._now
        self.stopped_s.append(now_s)
        for receiver in self.receivers:
            if isinstance(receiver, Receiver):
                receiver.lose_answers()
            receiver.bottleneck.change(receiver.stopped_cause if self.stopped else receiver.busy_cause, now_s)
            receiver.wake()

    def _count_free(self) -> None:
        self.free = (0 if self.stopped else self.parameters.workers) - int(self.busy.value)

    def fault_fails(self, value: FailsParameters | None) -> None:
        """A share of the attempts fails, until cleared (None)."""
        super().fault_fails(value)
        self._note_failures()

    def _note_failures(self) -> None:
        self.may_fail = self.publishes or self.calls is not None or self.fails_share > 0 or self.parameters.failure_probability > 0

    def parameter_changed(self, name: str) -> None:
        self._note_failures()
        if name == "duration":
            self.draw_s = self.parameters.duration.sampler(self.stream("duration"))
        if name == "workers":
            self.busy.change_limit(self.parameters.workers, self.agenda._now)
            self._count_free()
            for receiver in self.receivers:
                receiver.wake()

    @classmethod
    def check(cls, placed: Placed) -> Iterable[Finding]:
        yield from check_published(placed)
        yield from check_calls(placed)

    @classmethod
    def station(cls, placed: Placed, into: Into) -> Station | None:
        """A worker is busy from its receive to the answer of its delete: with the work and two calls to the queue."""
        links = placed.into("source")
        if len(links) != 1:
            return None
        queue, receiving, work = links[0].other, links[0].parameters, placed.parameters.duration
        call, wait_s = receiving.request_latency, receiving.wait_time_s
        broken = []
        if placed.out_of("calls"):
            broken.append("workers wait for what they call")
        if receiving.max_number_of_messages > 1:
            broken.append(f"a worker takes up to {receiving.max_number_of_messages} messages at a time")
        if (queue.parameters.receive_message_wait_time_s if wait_s is None else wait_s) == 0:
            broken.append("a free worker polls only now and then (short polling)")
        return Station(
            (queue.id, placed.id), into("source"), placed.parameters.workers, work.expected_s() + 2 * call.expected_s(), work.variance_s2() + 2 * call.variance_s2(),
            work.type == "exponential" and call.expected_s() == 0, "wait", servers_word="workers", broken=tuple(broken),
            arrivals=((queue.id, "NumberOfMessagesSent", "per_s"),), busy=(placed.id, "BusyWorkers", "mean"), wait=(queue.id, "MessageWait", "mean"),
            waiting=(queue.id, "ApproximateNumberOfMessagesVisible", "mean"),
            must_be_zero=(
                ((placed.id, "Errors", "total"), "attempts failed, and messages came back"),
                ((queue.id, "VisibilityTimeoutsExpired", "total"), "visibility timeouts ran out, and messages came back"),
                ((queue.id, "MessagesExpired", "total"), "messages were dropped by retention"),
            ),
        )

    @classmethod
    def flow(cls, placed: Placed, link: Link, into: Into) -> Flow:
        station = cls.station(placed, into)
        if station is None or not station.is_mmc or placed.parameters.failure_probability > 0:
            reasons = (f"what leaves {placed.name} is Poisson only if it is M/M/c",)
            return Flow(None, (*(station.flow.broken if station else ()), *reasons))
        return thinned(station.flow, link.parameters.share)

    def settle(self) -> None:
        for receiver in self.receivers:
            if isinstance(receiver, Receiver):
                receiver.settle()

    def before_slice(self) -> None:
        for receiver in self.receivers:
            receiver.book_idle()

    def trouble(self) -> tuple[int, int]:
        return self.errors, 0

    def cost(self, elapsed_s: float) -> Iterable[tuple[Price, float]]:
        return ()

    def sentence(self, rates: Mapping[str, float]) -> tuple[str, Culprit | None] | None:
        if self.stopped:
            return "The workers are stopped.", Culprit(self.id)
        if rates["Errors"] > 0:
            return f"{format_rate(rates['Errors'])} attempts fail.", Culprit(self.id, "failure_probability")
        if self.busy.value >= self.parameters.workers:
            return all_busy(self.parameters.workers, "workers"), Culprit(self.id, "workers")
        return None
